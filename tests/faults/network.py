"""A file system whose type says that it is another host's, and that has nothing but an empty directory: enough to look at it."""

import os
import struct
from contextlib import suppress
from pathlib import Path
from stat import S_IFDIR
from threading import Thread

from tests.faults.mounts import mount

KIND = "fuse.sshfs"
_REQUEST, _HEAD = struct.Struct("IIQQIIII"), struct.Struct("IiQ")  # fuse_in_header, fuse_out_header of linux/fuse.h
_GETATTR, _INIT, _STATX = 3, 26, 52
_NO_SUCH_FILE, _NO_SUCH_CALL = -2, -38
_VERSION = struct.pack("6I", 7, 31, 0, 0, 0, 0)
_DIRECTORY = struct.pack("QII 6Q 10I", 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, S_IFDIR | 0o777, 2, 0, 0, 0, 4096, 0)
_ANSWERS = {_INIT: (0, _VERSION), _GETATTR: (0, _DIRECTORY), _STATX: (_NO_SUCH_CALL, b"")}


def mount_network(directory: Path) -> None:
    """Mount it, for this process and its children; it is served until this process ends."""
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},allow_other"
    mount("-i", "-t", KIND, "-o", options, "elsewhere:/jobs", str(directory), pass_fds=[device])
    Thread(target=_serve, args=[device], daemon=True).start()


def _serve(device: int) -> None:
    with suppress(OSError):  # it was unmounted
        while True:
            _, kind, number, *_ = _REQUEST.unpack_from(os.read(device, 256 * 1024))
            status, answer = _ANSWERS.get(kind, (_NO_SUCH_FILE, b""))
            os.write(device, _HEAD.pack(_HEAD.size + len(answer), status, number) + answer)

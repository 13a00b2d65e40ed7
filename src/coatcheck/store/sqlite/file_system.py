"""On which file systems a store may lie."""

import os
from contextlib import suppress
from pathlib import Path

_NETWORK = {
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "fuse.ceph",
    "fuse.glusterfs",
    "fuse.sshfs",
    "gfs2",
    "glusterfs",
    "gpfs",
    "lustre",
    "nfs",
    "nfs4",
    "ocfs2",
    "smb3",
    "smbfs",
}
"""Types, as Linux names them, of those that several hosts may have at once."""
_MOUNTS = Path("/proc/self/mountinfo")


def network_file_system(file: Path) -> str | None:
    """The type of the file system that `file` is, or will be, on if it is a network's; None where it is not, or nobody says (Linux does).

    On such a one, SQLite's log and its index are shared by the processes of one host alone. Two hosts would write over each
    other's jobs, and each take the other's leases for those of an earlier boot.
    """
    with suppress(OSError):
        device = Path(os.path.realpath(file)).parent.stat().st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        for mount in _MOUNTS.read_text("utf-8", "replace").splitlines():
            place, _, kind = mount.partition(" - ")  # proc_pid_mountinfo(5)
            if place.split(" ")[2] == number:
                return found if (found := kind.split(" ")[0]) in _NETWORK else None
    return None

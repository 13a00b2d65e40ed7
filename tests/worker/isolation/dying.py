"""Functions that die, and functions that do not want to end."""

import asyncio
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from io import StringIO
from pathlib import Path
from types import FrameType

from coatcheck import Fail, Job
from coatcheck.worker.prctl import PR_SET_PDEATHSIG, prctl
from tests.worker.hostile import ODD
from tests.worker.isolation.declared import hold, jobs, process


@process(retries=1)
def dies_once(job: Job) -> int:
    if job.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return job.attempt


@process(retries=5)
def kills_its_fork_server(times: int, job: Job) -> int:
    if job.attempt <= times:
        os.kill(os.getppid(), signal.SIGKILL)
        hold()
    return job.attempt


@process()
def dies_of(how: str) -> None:
    """Die without raising anything."""
    match how:
        case "exit":
            os._exit(0)
        case "segfault":
            ctypes.string_at(0)
        case "crowd":
            for _ in range(100):
                threading.Thread(target=_deep, args=[100], daemon=True).start()
            ctypes.string_at(0)
        case "abort":
            os.abort()
        case "group":
            os.killpg(0, signal.SIGKILL)
        case _:
            os.kill(os.getpid(), signal.Signals[how])
            hold()


def _deep(calls: int) -> None:
    if calls:
        _deep(calls - 1)
    hold()


@process(retries=1)
def outlives_its_fork_server(how: str, directory: str, job: Job) -> int:
    """Go on without ever letting go of the interpreter, or with what the kernel was asked for taken back; the first time."""
    if job.attempt == 1:
        if how == "unarranged":
            prctl(PR_SET_PDEATHSIG, 0)
        (Path(directory) / "pid").write_text(str(os.getpid()))
        spin("power" if how == "busy" else "blocked")
    return job.attempt


@process()
def raises(name: str) -> None:
    raise ODD[name]()  # noqa: RSE102  it makes one


@process()
async def async_raises(name: str) -> None:
    raise ODD[name]()  # noqa: RSE102  it makes one


@process()
def fails(size: int) -> None:
    raise Fail(status=422, title="Refused", account="A-17", rows="x" * size)


@process(timeout=0.5)
def overstays(how: str) -> None:
    spin(how)


@process()
def endless(how: str) -> None:
    spin(how)


def spin(how: str) -> None:
    """Spin, deaf to whoever asks for an end."""
    print("spinning")  # noqa: T201  to be seen
    match how:
        case "blocked":
            signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
        case "ignored":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        case "stopped":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "pattern":
            re.match(r"(a+)+$", "a" * 64 + "b")
        case "power":
            os.write(1, str(7 ** (7**12)).encode())
        case "descendants":
            subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; while :; do :; done"])
    while True:
        with suppress(BaseException if how == "swallowing" else ZeroDivisionError):
            while True:
                sum(range(1000))


@process()
async def blocks_its_loop(directory: str) -> None:
    await blocks(directory)


@jobs.operation("/blocks_the_loop")
async def blocks_the_loop(directory: str) -> None:
    await blocks(directory)


@jobs.operation("/holds_the_interpreter")
def holds_the_interpreter(directory: str) -> None:
    """Note each start, and wait for the test to let go, in native code that never lets go of the interpreter."""
    starts, go = (os.fsencode(Path(directory) / name) for name in ("starts", "go"))
    os.mkfifo(go)
    library, interval = ctypes.PyDLL(None), sys.getswitchinterval()
    sys.setswitchinterval(600)  # from here on no other thread of the worker runs
    library.write(library.open(starts, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), b"started\n", 8)
    library.open(go, os.O_RDONLY)
    sys.setswitchinterval(interval)


async def blocks(directory: str) -> None:
    """Block the event loop until the test lets go, and note each start."""
    with (Path(directory) / "starts").open("a") as starts:
        starts.write("started\n")
    pause = threading.Event()
    while not (Path(directory) / "go").exists():
        pause.wait(0.01)


@process()
async def cleans_up(directory: str) -> None:
    """Take longer to clean up than its run is asked politely for."""
    place = Path(directory)
    _note_signals(place)
    try:
        (place / "pid").touch()
        await asyncio.Event().wait()
    finally:
        (place / "cleaning").touch()
        while not (place / "go").exists():
            await asyncio.to_thread(threading.Event().wait, 0.01)
        (place / "finally").touch()


@process()
def cleans_up_plainly(directory: str, job: Job) -> None:
    """Likewise, in a plain function that was stopped between two rows."""
    place, pause = Path(directory), threading.Event()
    _note_signals(place)
    try:
        (place / "pid").touch()
        for _ in job.track(iter(int, 1)):
            pause.wait(0.01)
    finally:
        (place / "cleaning").touch()
        while not (place / "go").exists():
            pause.wait(0.01)
        (place / "finally").touch()


def _note_signals(place: Path) -> None:
    """Leave a note each time that SIGTERM comes, and do what is done about it."""
    handler = signal.getsignal(signal.SIGTERM)
    assert callable(handler)

    def note(number: int, frame: FrameType | None) -> None:
        with (place / "signalled").open("a") as notes:
            notes.write("signalled\n")
        handler(number, frame)

    signal.signal(signal.SIGTERM, note)


@process()
def returns_nevertheless(directory: str, job: Job) -> str:
    """Ignore its cancel, and return once the test says so."""
    place = Path(directory)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (place / "pid").touch()
    while not (place / "go").exists():
        threading.Event().wait(0.01)
    return "done"


@process()
def has_returned(directory: str) -> str:
    """Return, and hold up what is done about it until the test says so; a child leaves a note when SIGTERM comes."""
    script = "trap 'touch signalled; exit' TERM; touch pid; while :; do sleep 0.01; done"
    subprocess.Popen(["/bin/sh", "-c", script], cwd=directory)
    sys.stdout = _Lasting(Path(directory))
    return "done"


class _Lasting(StringIO):
    """Is flushed once the test says so."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory

    def flush(self) -> None:
        while not (self._directory / "go").exists():
            threading.Event().wait(0.01)

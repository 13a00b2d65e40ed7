"""What Linux arranges for a process when its parent ends, or those of its descendants. Elsewhere nothing is arranged."""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def die_with(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send this process a signal once the process `parent` ends, or the thread of it that started us."""
    prctl(PR_SET_PDEATHSIG, number)
    if sys.platform == "linux" and os.getppid() != parent:  # it ended before we asked
        os.kill(os.getpid(), number)


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process or of the calling thread, by the system call of this name."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)

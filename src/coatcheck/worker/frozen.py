"""Whether a process is stopped."""

from coatcheck.worker.stat import stat


def frozen(pid: int) -> bool:
    """Whether a process is stopped, as by SIGSTOP or a debugger. Known on Linux only."""
    seen = stat(pid)
    return seen is not None and seen.state in ("T", "t")

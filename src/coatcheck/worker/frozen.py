"""Whether a process is stopped."""

from pathlib import Path


def frozen(pid: int) -> bool:
    """Whether a process is stopped, as by SIGSTOP or a debugger. Known on Linux only."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in ("T", "t")

"""What a run in a process of its own may take."""

from dataclasses import dataclass, fields

from coatcheck.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds that the kernel sets to a run in a process of its own (`isolation="process"`). None: no bound.

        @jobs.operation("/thumbnails", isolation="process", limits=Limits(memory=512 * 1024**2, cpu=60))

    Raises ConfigurationError for a number that is not above zero.
    """

    memory: int | None = None
    """Bytes of address space beyond what its process begins with. Past it: `MemoryError`, `memory-exhausted`."""
    cpu: int | None = None
    """Seconds of processor time. Past it the process is killed: `cpu-exhausted`."""
    file_size: int | None = None
    """Bytes of any file it writes, its result too. Past it: `OSError` (EFBIG)."""
    processes: int | None = None
    """Processes and threads that its user may have in all. Past it: `BlockingIOError`. The kernel exempts root."""

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if value is not None and not (isinstance(value, int) and value > 0):
                raise ConfigurationError(f"Limits({limit.name}={value!r}): write a whole number above zero, or None for no bound.")

"""What a program writes: understood, logged, or left out, in bounded memory however much it is."""

from collections import deque
from collections.abc import Callable

from coatcheck.clock import Clock
from coatcheck.programs.lines import Lines, text

TAIL = 64 * 1024
"""Bytes of the output that are kept, from its end."""
LEVEL = "output"
"""Level of the log entries."""
BURST = 500
"""Lines that are logged however fast they come."""
RATE = 100
"""Lines a second that are logged beyond these; the newest, where there are more."""
LOG_INTERVAL = 0.1
"""Seconds between two looks at what is to be logged."""


class Output:
    """Takes what a program writes.

    `understood` is asked about each line and says whether it has made something of it; None where nobody wants to know.
    The others that are not blank go to `log`, which is None where nobody wants to read them.
    """

    def __init__(self, *, understood: Callable[[str], bool] | None, log: Callable[[str], None] | None, clock: Clock) -> None:
        self._understood, self._log, self._clock = understood, log, clock
        self._lines = Lines()
        self._tail = b""
        self._waiting: deque[bytes] = deque(maxlen=BURST)
        self._came = 0
        self._allowance = float(BURST)
        self._logged_at = clock.monotonic()

    @property
    def tail(self) -> str:
        """The end of all that was written."""
        return self._tail.decode("utf-8", "replace")

    @property
    def last_line(self) -> str:
        """The last line that is not blank; empty if there is none."""
        lines = [line for line in self._tail.splitlines() if line.strip()]
        return text(lines[-1]).strip() if lines else ""

    @property
    def waiting(self) -> bool:
        """Whether there are lines to be logged at one of the next looks."""
        return self._log is not None and self._came > 0

    def stop_understanding(self) -> None:
        """Ask `understood` no more: from here on every line is logged."""
        self._understood = None

    def take(self, chunk: bytes) -> None:
        """Here is more of it. Raises what `understood` raises."""
        if chunk:
            self._tail = (self._tail + chunk)[-TAIL:]
            self._sort(self._lines.cut(chunk if self._understood else self._worth_a_look(chunk)))
        if self._clock.monotonic() >= self._logged_at + LOG_INTERVAL:
            self._write_log(self._earned())

    def end(self) -> None:
        """That was all. Raises what `understood` raises."""
        try:
            self._sort(self._lines.last())
        finally:
            self._write_log(BURST)

    def _worth_a_look(self, chunk: bytes) -> bytes:
        """The end of a chunk that has more lines than will be kept: counting the others costs less than cutting them."""
        if chunk.count(b"\n") <= BURST + 1:
            return chunk
        passed_over, *end = chunk.rsplit(b"\n", BURST + 1)
        self._came += passed_over.count(b"\n") + 1
        self._lines = Lines()  # whatever had begun is passed over, too
        return b"\n".join(end)

    def _sort(self, lines: list[bytes]) -> None:
        if self._understood is not None:
            lines = [line for line in lines if not self._understood(text(line))]
        if self._log is not None:
            lines = [line for line in lines if line.strip()]
            self._came += len(lines)
            self._waiting.extend(lines[-BURST:])

    def _earned(self) -> int:
        """How many lines may be logged by now."""
        now = self._clock.monotonic()
        self._allowance = min(BURST, self._allowance + RATE * (now - self._logged_at))
        self._logged_at = now
        return int(self._allowance)

    def _write_log(self, most: int) -> None:
        if self._log is None or not self._came or not most:
            return
        lines = list(self._waiting)[-most:]
        if left_out := self._came - len(lines):
            self._log(f"… {left_out:,} lines left out …")
        for line in lines:
            self._log(text(line))
        self._waiting.clear()
        self._came = 0
        self._allowance = max(0.0, self._allowance - len(lines))

"""How soon a child that ended is started again."""

from collections import deque

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds; the pause doubles with each start that failed."""
STORM, STORM_PERIOD = 20, 10.0
"""That many deaths within that many seconds are a storm."""
STORM_PAUSE = 1.0


class Restarts:
    """The pauses of one child.

    At once, as a rule: jobs wait for it. After a growing pause where it ended by itself before it was ready, which another
    start does not mend: its code cannot be imported, a setting is wrong. And a second later in a storm of deaths, so that
    a machine out of memory, or a job that kills whatever runs it, does not keep a processor busy with starting it.
    """

    def __init__(self) -> None:
        self._failed_pause = 0.0
        self._deaths: deque[float] = deque(maxlen=STORM)

    def pause(self, now: float, *, status: int, ready: bool) -> float:
        """Seconds to wait after an end at `now` with this exit status, negative for a signal."""
        self._deaths.append(now)
        if status >= 0 and not ready:
            self._failed_pause = min(LONGEST_PAUSE, self._failed_pause * 2 or FIRST_PAUSE)
            return self._failed_pause
        if ready:
            self._failed_pause = 0.0
        return STORM_PAUSE if len(self._deaths) == STORM and now - self._deaths[0] < STORM_PERIOD else 0.0

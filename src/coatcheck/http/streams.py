"""How many event streams and WebSockets this process keeps open."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from coatcheck.domain.owner import OPERATOR
from coatcheck.errors import TooManyStreams
from coatcheck.settings import Settings

_COME_BACK = (5.0, 15.0)
"""Seconds after which those who were turned away come back, not all at once."""


class Streams:
    """Counts them, of each owner and of all. Where owners are not told apart, only all together are bounded."""

    def __init__(self, settings: Settings, *, told_apart: bool) -> None:
        self._most, self._most_of_owner = settings.max_streams, settings.max_owner_streams if told_apart else 0
        self._changing = threading.Lock()
        self._open: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """How many there are now."""
        return self._open.total()

    def admit(self, owner: str) -> None:
        """Return if there is room for another of the owner's. Raises TooManyStreams."""
        if self._most and self.count >= self._most:
            raise _refusal("As many streams are open here as may be.")
        if self._most_of_owner and owner != OPERATOR and self._open[owner] >= self._most_of_owner:
            raise _refusal(
                f"You have {self._open[owner]} streams open already, and may have no more. Close some, or look at the status URLs."
            )

    @contextmanager
    def open(self, owner: str) -> Iterator[None]:
        """One more within the block."""
        with self._changing:
            self._open[owner] += 1
        try:
            yield
        finally:
            with self._changing:
                self._open[owner] -= 1
                if not self._open[owner]:
                    del self._open[owner]


def _refusal(said: str) -> TooManyStreams:
    return TooManyStreams(said, retry_after=random.uniform(*_COME_BACK))  # noqa: S311  no secret

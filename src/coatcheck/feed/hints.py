"""One listener on the store, shared by everything in this process that waits for a change."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from coatcheck.bell import Bell
from coatcheck.store.contract import Store


class Hints:
    """Rings bells, on any event loop, whenever the store hints that something may have changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changing = threading.Lock()
        self._bells: frozenset[Bell] = frozenset()
        self._stop_listening: Callable[[], None] | None = None

    @contextmanager
    def bell(self) -> Iterator[Bell]:
        """A bell for the calling task, rung by whatever changes from here on."""
        bell = Bell()
        self.add(bell)
        try:
            yield bell
        finally:
            self.remove(bell)

    def add(self, bell: Bell) -> None:
        """Ring `bell` from now on."""
        with self._changing:
            self._bells |= {bell}
            if self._stop_listening is None:
                self._stop_listening = self._store.listen(self._ring)

    def remove(self, bell: Bell) -> None:
        """Ring `bell` no more."""
        with self._changing:
            self._bells -= {bell}

    def close(self) -> None:
        """Stop listening. Idempotent."""
        with self._changing:
            stop, self._stop_listening = self._stop_listening, None
        if stop is not None:
            stop()

    def _ring(self) -> None:
        for bell in self._bells:
            bell.ring()

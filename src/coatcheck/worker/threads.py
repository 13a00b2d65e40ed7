"""Threads for plain functions."""

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Threads:
    """As many threads as calls run at once, kept for the calls to come.

    They are daemons: unlike an executor's, a call that never returns does not hold up the end of the process.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._started = 0

    def run(self, call: Callable[[], None]) -> None:
        """Run `call`, which must not raise, in a thread of its own."""
        with self._lock:
            if self._idle:
                self._idle -= 1
            else:
                self._started += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()
        self._calls.put(call)

    def stop(self) -> None:
        """Let idle threads end, and busy ones once their call returns."""
        for _ in range(self._started):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            with self._lock:
                self._idle += 1

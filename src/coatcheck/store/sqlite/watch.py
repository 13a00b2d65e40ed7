"""Noticing that something may have changed."""

import threading
from collections.abc import Callable

import apsw

from coatcheck.telemetry import Telemetry

POLL_INTERVAL = 0.005
"""Seconds between looks for other processes' commits, while somebody listens and nothing is written here."""


class Watch:
    """Passes hints on to listeners: of this process's commits at once, of others' by `PRAGMA data_version`.

    That number stays as it is under a connection's own commits, so the writer's connection asks for it, and learns of
    other processes' commits only.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._changing = threading.Lock()
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._version: int | None = None

    @property
    def interval(self) -> float | None:
        """Seconds after which an idle writer should look; None while nobody listens."""
        return POLL_INTERVAL if self._listeners else None

    def add(self, hint: Callable[[], None]) -> Callable[[], None]:
        """Call `hint` from now on; returns how to stop it."""
        with self._changing:
            self._listeners = (*self._listeners, hint)

        def stop() -> None:
            with self._changing:
                self._listeners = tuple(listener for listener in self._listeners if listener is not hint)

        return stop

    def look(self, db: apsw.Connection) -> None:
        """Ring if another process has committed since the last look."""
        if not self._listeners:
            self._version = None
            return
        version = db.pragma("data_version")
        if version != self._version:
            self._version = version
            self.ring()

    def ring(self) -> None:
        """Tell every listener."""
        for hint in self._listeners:
            try:
                hint()
            except Exception as error:  # noqa: BLE001  a listener must not end the writer
                self._telemetry.emit("service.failed", service=type(self).__name__, error=error)

"""Writing a job's history."""

import apsw

from coatcheck.domain.event import Event
from coatcheck.store.sqlite.statement import statement
from coatcheck.store.text import storable

_WRITE_EVENT = statement("write_event")


def write_event(db: apsw.Connection, job: int, event: Event) -> None:
    """Add `event` to the history of the job in row `job`."""
    db.execute(
        _WRITE_EVENT,
        (
            job,
            event.seq,
            event.type,
            event.at,
            event.status,
            event.attempt,
            storable(event.actor),
            event.worker,
            storable(event.reason),
            event.data,
        ),
    )

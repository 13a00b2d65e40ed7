"""All that is written of a job."""

from coatcheck.domain.event import Event
from coatcheck.domain.owner import SYSTEM
from coatcheck.store.contract import Store

_PAGE = 1000
"""Events that are read at once: nearly always all."""


async def history(store: Store, job_id: str, *, after: int = 0, until: int | None = None) -> list[Event]:
    """Its events numbered above `after`, to the last, or to the one numbered `until`."""
    events: list[Event] = []
    while True:
        page = await store.events(job_id, SYSTEM, after=after, limit=_PAGE)
        events += page
        if len(page) < _PAGE:
            return events if until is None else [event for event in events if event.seq <= until]
        after = page[-1].seq

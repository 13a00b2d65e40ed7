"""Which workers are known to be gone, with whoever answered for them."""

import os
from collections.abc import Iterable

from coatcheck.worker.incarnation import Process, keeper, place
from coatcheck.worker.stat import Stat, stat


def gone(worker_ids: Iterable[str]) -> list[str]:
    """Those of the workers whose keepers have ended. Not those that nothing can be said of from here: they have their leases.

    A worker whose supervisor lives is its supervisor's to clear up after: it first ends what the worker left running. A supervisor that
    ends takes its workers with it. Nothing but speed rests on this: what a worker writes that was taken for gone lands nowhere.
    """
    here = place()
    kept = ((worker_id, keeper(worker_id)) for worker_id in worker_ids)
    return [worker_id for worker_id, known in kept if known is not None and known.place == here and _look(known)]


def ended(known: Process, *, there: bool, now: Stat | None) -> bool:
    """Whether a process has ended, by what is there under its number: nothing, its remains, or one that started at another time.

    `now` is None where it may not be looked at: that says nothing.
    """
    if not there:
        return True
    return now is not None and (now.started != known.started or (now.state in ("Z", "X") and now.threads <= 1))


def _look(known: Process) -> bool:
    return ended(known, there=_exists(known.pid), now=stat(known.pid))


def _exists(pid: int) -> bool:
    """Whether there is such a process, which is told truly even where `/proc` hides those of other users."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True

"""What happened, told once: one table of events, any number of subscribers.

Nothing in the framework writes log lines or counts metrics itself; it emits one of these events, and subscribers
(`coatcheck.observe`) make lines, metrics and spans of them. A subscriber is called in the thread that emitted, must
be quick, and cannot break what it observes: what it raises is reported on the `coatcheck` logger and goes no further.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

EVENTS: Mapping[str, str] = {
    "job.accepted": "a job was stored",
    "job.replayed": "an Idempotency-Key led to a job stored before",
    "job.started": "an attempt began",
    "job.completed": "a run ended with a result",
    "job.failed": "a run ended with a problem, and the job with it",
    "job.retrying": "a run ended with a problem; another attempt is due",
    "job.released": "a run was given back without burning an attempt",
    "job.cancelled": "a job ended as cancelled",
    "job.cancel_requested": "a running job was asked to stop",
    "job.rescued": "a job whose worker was lost went back to the queue, or failed after too many losses",
    "job.crashed": "the process of a run died under it",
    "job.late_write": "a write under a claim that is no longer ours landed nowhere",
    "job.overrun": "a run ignored its deadline or cancel past the grace; its worker drains",
    "losable.accepted": "a fire-and-forget request was accepted",
    "losable.progress": "a fire-and-forget request told how far it is",
    "losable.log": "a fire-and-forget request wrote a line about itself",
    "losable.completed": "a fire-and-forget request is done",
    "losable.failed": "a fire-and-forget request came to nothing, for good",
    "losable.lost": "fire-and-forget requests were given up when their process shut down",
    "worker.started": "a worker began to claim",
    "worker.draining": "a worker stopped claiming and waits for its runs",
    "worker.stopped": "a worker ended",
    "worker.lost": "a worker process died or hung, or is gone together with who would have seen that",
    "delivery.delivered": "a webhook reached its receiver",
    "delivery.failed": "a webhook did not reach its receiver; another attempt is due",
    "delivery.dead": "a webhook did not reach its receiver, for good, unless it is sent again by hand",
    "delivery.late_write": "what came of a webhook was not recorded: its claim is no longer ours, and it may be sent once more",
    "deliveries.given_up": "webhooks that were owed to an endpoint are dead with it",
    "endpoint.disabled": "an endpoint is sent nothing more",
    "service.failed": "one turn of a background service raised; it goes on",
    "service.recovered": "a background service whose turns raised is through one again",
    "stream.cut": "a client left what was sent to it unread, and was cut off",
    "store.pruned": "expired jobs were removed",
    "store.log_kept": "the write-ahead log grows: a reader that began long ago keeps it from being copied back",
    "store.clock_differs": "the database server's clock is ahead of this host's by these seconds, or behind",
    "request.failed": "answering a request raised something unforeseen",
}
"""Every event there is, and what it says."""

Subscriber = Callable[[str, Mapping[str, Any]], None]


class Telemetry:
    """Passes events on to subscribers."""

    def __init__(self) -> None:
        self._subscribers: tuple[Subscriber, ...] = ()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber(event, facts)` for each event from now on."""
        self._subscribers = (*self._subscribers, subscriber)

    def emit(self, event: str, /, **facts: Any) -> None:
        """Tell all subscribers that `event` (a key of `EVENTS`) happened."""
        assert event in EVENTS, event
        for subscriber in self._subscribers:
            try:
                subscriber(event, facts)
            except Exception:
                logging.getLogger("coatcheck").exception("A telemetry subscriber raised on %s.", event)

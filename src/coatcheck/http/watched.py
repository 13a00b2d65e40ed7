"""Watching a job on behalf of a client."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from coatcheck.feed.watch import Watch
from coatcheck.http.subscription import Subscription


@contextmanager
def watched(subscription: Subscription, stop: Callable[[], None]) -> Iterator[Watch]:
    """The watch of a subscription, counted and bounded; `stop` is called once it is stopped because the server is."""
    call, job = subscription.call, subscription.job
    wiring = call.wiring
    with (
        wiring.streams.open(subscription.owner),
        wiring.feed.watching(job, subscription.render, after=subscription.after, variant=call.urls) as watch,
        wiring.held.released(partial(_stop, watch, stop)),
    ):
        seconds = subscription.seconds * random.uniform(0.9, 1.0)  # noqa: S311  so that not all come back at once
        life = asyncio.get_running_loop().call_later(seconds, watch.stop)
        try:
            yield watch
        finally:
            life.cancel()


def _stop(watch: Watch, then: Callable[[], None]) -> None:
    watch.stop()
    then()

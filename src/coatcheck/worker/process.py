"""A worker as a process of its own."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from coatcheck.worker.worker import Worker

REPLACE_ME = 75
"""Exit status of a worker that drained because a run would not end (EX_TEMPFAIL of sysexits.h)."""


async def run_until_told(make_worker: Callable[[], Worker]) -> int:
    """Run a worker until SIGTERM or SIGINT, or until it has to be replaced; the process's exit status.

    A second signal cuts the grace short.
    """
    gc.freeze()  # what was imported stays for good: a tenth of a busy worker's time went into looking through it for garbage
    told = asyncio.Event()
    worker = make_worker()

    def tell() -> None:
        if told.is_set():
            worker.hurry()
        told.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell)
    await worker.start()
    await _first(told.wait(), worker.overrun.wait())
    if not told.is_set():
        await _first(told.wait(), worker.drain(None))
    await worker.stop()
    return REPLACE_ME if worker.overrun.is_set() else 0


def signs_of_life(descriptor: int | None) -> Callable[[], None]:
    """What a worker calls at each heartbeat to tell its supervisor, through a pipe, that it lives."""
    if descriptor is None:
        return lambda: None
    os.set_blocking(descriptor, False)

    def sign() -> None:
        with suppress(BlockingIOError, BrokenPipeError):  # full: it has been told often enough
            os.write(descriptor, b".")

    return sign


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()

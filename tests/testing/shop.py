"""An application as a user writes it, with operations for each promise of the test kit."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from coatcheck import Coatcheck, Content, Fail, Handle, Job, Limits


class Order(msgspec.Struct):
    item: str
    amounts: tuple[int, ...] = (1,)


class OutOfStock(Exception):
    """What a function of the shop raises."""


class Shop:
    """Operations, and what the functions noted."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.jobs = Coatcheck(store=f"sqlite:///{folder / 'real.db'}", **options)
        self.noted: list[Any] = []
        self.till: list[str] = []
        self.failures = 0
        """Times that `deliver` is still to fail."""
        self.started, self.go_on = threading.Event(), threading.Event()
        self._register(self.jobs)

    def _register(self, jobs: Coatcheck) -> None:  # noqa: C901  one function after the other
        @jobs.resource()
        async def till() -> AsyncIterator[list[str]]:
            self.till.append("opened")
            yield ["till"]
            self.till.append("closed")

        @jobs.operation("/orders")
        async def order(order: Order) -> dict[str, Any]:
            self.noted.append(order)
            return {"item": order.item, "amounts": order.amounts}

        @jobs.operation("/prices")
        def price(item: str) -> tuple[int, int]:
            self.noted.append(item)
            return len(item), 99

        @jobs.operation("/labels", isolation="process", limits=Limits(memory=2**30))
        def label() -> int:
            return os.getpid()

        @jobs.operation("/deliveries", retries=3)
        def deliver(item: str) -> str:
            if self.failures:
                self.failures -= 1
                raise OutOfStock(item)
            return item

        @jobs.operation("/refusals")
        async def refuse() -> None:
            raise Fail(status=422, title="Closed") from OutOfStock("all")

        @jobs.operation("/baskets")
        async def basket(items: list[str]) -> list[Any]:
            handles = [await price.submit(item) for item in items]
            return [await handle.result() for handle in reversed(handles)][::-1]

        @jobs.operation("/announcements")
        async def announce(items: list[str]) -> None:
            for item in items:
                await price.submit(item)

        @jobs.operation("/receipts")
        def receipt(job: Job) -> Content:
            return Content(f"paid {job.attempt}".encode(), media_type="text/plain", filename="receipt.txt")

        @jobs.operation("/counts")
        async def count(job: Job) -> list[str]:
            return job.resource(till)

        @jobs.operation("/bookings")
        async def book(amount: int, job: Job) -> int:
            booked = await job.transaction(lambda db: next(db.execute("SELECT ? * 2", (amount,)))[0])
            return int(booked.value)

        @jobs.operation("/unspeakable")
        def unspeakable() -> Any:
            return object()

        @jobs.operation("/waits", timeout=60)
        def wait_for_it(job: Job) -> str:
            self.started.set()
            while not self.go_on.wait(0.01):
                job.progress(1)
            return "gone on"

        @jobs.operation("/hints", durable=False, losable="the next one tells the same")
        async def hint(item: str) -> None:
            if item == "slow":
                self.started.set()
                await asyncio.to_thread(self.go_on.wait)
            self.noted.append(item)

        @jobs.operation("/gossip", durable=False, losable="nobody minds")
        async def gossip(item: str) -> None:
            await hint.send(item)
            await price.submit(f"price of {item}")

        @jobs.operation("/leaflets")
        async def leaflet(item: str) -> None:
            await hint.send(item)

        @jobs.operation("/hangs")
        async def hang() -> None:
            self.started.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.noted.append("stopped")

        self.order, self.price, self.label, self.deliver, self.refuse = order, price, label, deliver, refuse
        self.basket, self.announce, self.receipt, self.count = basket, announce, receipt, count
        self.hint, self.gossip, self.leaflet = hint, gossip, leaflet
        self.book, self.unspeakable, self.wait_for_it, self.hang = book, unspeakable, wait_for_it, hang


async def outcome(handle: Handle[Any]) -> Any:
    """What a job returned, at once."""
    return await handle.result(timeout=0)

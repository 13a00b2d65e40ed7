"""Coatcheck, with an operation that does nothing."""

import os

from benchmarks.applications.control import Order
from coatcheck import Coatcheck

jobs = Coatcheck(store=os.environ.get("BENCHMARK_STORE", "sqlite:///benchmark.db"), embedded_worker=False, concurrency=100)


@jobs.operation("/orders", queue_bound=1_000_000)
async def order(request: Order) -> int:
    return len(request.items)


app = jobs

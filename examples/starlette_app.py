"""Slow functions beside a Starlette application's own routes, with a resource that workers open for themselves.

    uvicorn starlette_app:app
    curl -i localhost:8000/records --json '{"first": 2012, "last": 2015}'

To see a job fail, ask for 2016: there are no figures of it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from coatcheck import Coatcheck, Fail, Job
from coatcheck.demo import weather
from coatcheck.demo.weather import Month

jobs = Coatcheck(title="Weather records")


@dataclass
class Years:
    first: int
    last: int


@jobs.resource()
async def archive() -> AsyncIterator[dict[int, list[Month]]]:
    """Opened once a worker, and closed with it: the place for a database pool, or a model."""
    yield {year: weather.months(year) for year in range(2012, 2016)}


@jobs.operation("/records", retries=2)
async def wettest_months(years: Years, job: Job) -> dict[int, str]:
    """The wettest month of each year."""
    months, found = job.resource(archive), {}
    async for year in job.track(range(years.first, years.last + 1), unit="year"):
        if year not in months:
            raise Fail(status=422, title="No figures", detail=f"There are no figures of {year}.", known=sorted(months))
        found[year] = max(months[year], key=lambda month: month.precipitation).name
    return found


async def home(_: Request) -> PlainTextResponse:
    return PlainTextResponse("POST two years to /records.\n")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
    async with jobs.lifespan(app) as state:  # beside what the application opens for itself
        yield state


app = Starlette(routes=[Route("/", home), *jobs.routes], lifespan=lifespan)

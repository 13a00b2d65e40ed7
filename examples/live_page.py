"""A page that shows a job live: a progress bar, what the run says, a button to cancel. Plain HTML and an EventSource.

    uvicorn live_page:app

Then open http://localhost:8000/. The page is live_page.html, beside this file.
"""

import asyncio
import secrets
from pathlib import Path
from typing import Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from coatcheck import Coatcheck, Job
from coatcheck.demo import weather

TOKENS = {"adas-token": "ada"}
PAGE = Path(__file__).with_suffix(".html")


def authenticate(request: Request) -> str | None:
    return TOKENS.get(request.headers.get("authorization", "").removeprefix("Bearer "))


# An EventSource sends no Authorization: the page asks for a ticket, which is signed with this. In production it is COATCHECK_SECRET.
jobs = Coatcheck(title="Rainfall, live", authenticate=authenticate, secret=secrets.token_urlsafe(32))


@jobs.operation("/reports", estimate="3 seconds")
async def report(year: Literal[2012, 2013, 2014, 2015], job: Job) -> dict[str, float]:
    """A year's rain in Seattle, in millimetres a month."""
    rain = {}
    async for month in job.track(weather.months(year), unit="month"):
        await asyncio.sleep(0.2)  # as if it were work
        rain[month.name] = round(month.precipitation, 1)
        job.log(f"{month.name}: {rain[month.name]} mm on {month.wet_days} days")
    return rain


async def page(_: Request) -> FileResponse:
    return FileResponse(PAGE)


app = Starlette(routes=[Route("/", page), *jobs.routes], lifespan=jobs.lifespan)

"""The page of the example, and the JavaScript client, over an operation whose steps are let through by files."""

import os
import threading
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from coatcheck import Coatcheck, Job

ROOT = Path(__file__).parents[2]


def authenticate(request: Request) -> str | None:
    return "ada" if request.headers.get("authorization") == "Bearer adas-token" else None


jobs = Coatcheck(authenticate=authenticate)


@jobs.operation("/reports")
def report(year: int, job: Job) -> int:
    pause, folder = threading.Event(), Path(os.environ["STEPS"], str(year))
    for step in range(1, 7):
        while not (folder / str(step)).exists():
            job.progress()
            pause.wait(0.01)
        job.log(f"step {step}")
        job.progress(message=f"step {step}", current=step, total=6)
    return year


async def page(_: Request) -> FileResponse:
    return FileResponse(ROOT / "examples" / "live_page.html")


client = StaticFiles(directory=ROOT / "clients" / "js" / "dist")
app = Starlette(routes=[Route("/", page), Mount("/client", client), *jobs.routes], lifespan=jobs.lifespan)

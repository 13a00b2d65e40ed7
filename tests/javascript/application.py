"""What the JavaScript client is tried on."""

import asyncio
import threading
from pathlib import Path
from typing import Any

from starlette.requests import Request

from coatcheck import Coatcheck, Content, Fail, Job, Upload


def authenticate(request: Request) -> str | None:
    return "ada" if request.headers.get("authorization") == "Bearer adas-token" else None


jobs = Coatcheck(authenticate=authenticate)


@jobs.operation("/count")
def count(steps: int, job: Job) -> dict[str, int]:
    for step in job.track(range(steps)):
        job.log(f"step {step + 1}")
    return {"counted": steps}


@jobs.operation("/tick")
def tick(folder: str, steps: int, job: Job) -> int:
    """Each step is let through by a file of its own."""
    pause = threading.Event()
    for step in range(1, steps + 1):
        while not Path(folder, str(step)).exists():
            pause.wait(0.01)
        job.log(f"step {step}")
        job.progress(message=f"step {step}", current=step, total=steps)
    return steps


@jobs.operation("/echo")
def echo(value: Any) -> Any:
    return value


@jobs.operation("/fail")
def fail() -> None:
    raise Fail(status=422, title="Account closed", detail="It was closed in May.")


@jobs.operation("/endless")
async def endless(job: Job) -> None:
    await asyncio.Event().wait()


@jobs.operation("/copy")
def copy(file: Upload) -> Content:
    return Content(file.path.read_bytes(), media_type=file.media_type or "application/octet-stream", filename=file.filename)


@jobs.operation("/forget", durable=False, losable="Nobody reads it.")
def forget(text: str) -> None:
    return None

"""The bound's application: the control's, with each order kept before it is answered."""

import os

import msgspec
import uuid_utils
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.applications.control import Order
from benchmarks.databases import bare


def make_app(url: str) -> Starlette:
    """The application over the database `url`."""
    writer = bare(url).Writer(url)

    async def submit(request: Request) -> Response:
        order = msgspec.json.decode(await request.body(), type=Order)
        job_id = str(uuid_utils.uuid7())
        await writer.insert(job_id, msgspec.json.encode(order).decode())
        body = msgspec.json.encode({"jobId": job_id, "status": "queued", "statusUrl": f"/jobs/{job_id}"})
        return Response(body, 202, {"Location": f"/jobs/{job_id}", "Retry-After": "5"}, "application/json")

    return Starlette(routes=[Route("/orders", submit, methods=["POST"])])


app = make_app(os.environ["BENCHMARK_STORE"])

"""The control: the same Starlette application, parsing the same JSON and answering 202, with no store."""

import msgspec
import uuid_utils
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Order(msgspec.Struct):
    customer: str
    items: list[int]
    note: str = ""


async def submit(request: Request) -> Response:
    msgspec.json.decode(await request.body(), type=Order)
    job_id = str(uuid_utils.uuid7())
    body = msgspec.json.encode({"jobId": job_id, "status": "queued", "statusUrl": f"/jobs/{job_id}"})
    return Response(body, 202, {"Location": f"/jobs/{job_id}", "Retry-After": "5"}, "application/json")


app = Starlette(routes=[Route("/orders", submit, methods=["POST"])])

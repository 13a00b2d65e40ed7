"""Tells events to all who watch: a job that is claimed here, and reports whenever it is told to."""

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coatcheck import Coatcheck
from coatcheck.domain.claim import Claim
from coatcheck.domain.progress import Progress

jobs = Coatcheck(store=os.environ["BENCHMARK_STORE"], embedded_worker=False)
_claims: list[Claim] = []


@jobs.operation("/stories")
def story() -> None:
    """Told below."""


async def begin(_: Request) -> Response:
    handle = await story.submit()
    _claims.extend(await jobs.wiring.store.claim("benchmark", ["story"], 1))
    return JSONResponse({"events": f"/jobs/{handle.id}/events"})


async def tell(request: Request) -> Response:
    number = request.query_params["number"]
    await jobs.wiring.store.report(_claims[0], Progress(message=f"said {number}"))
    return Response(status_code=204)


app = Starlette(
    routes=[*jobs.routes, Route("/begin", begin, methods=["POST"]), Route("/tell", tell, methods=["POST"])], lifespan=jobs.lifespan
)

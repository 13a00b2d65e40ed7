"""`/healthz`: the process is alive. `/readyz`: it can do its work."""

from starlette.responses import Response

from coatcheck.http.call import Call
from coatcheck.http.represent import encode

_NOT_KEPT = {"Cache-Control": "no-store"}


async def alive(_: Call) -> Response:
    """200 as long as requests are answered at all."""
    return Response(encode({"status": "alive"}), 200, _NOT_KEPT, "application/json")


async def ready(call: Call) -> Response:
    """200 while the store can be reached and written, 503 otherwise."""
    await call.wiring.store.ping()
    return Response(encode({"status": "ready"}), 200, _NOT_KEPT, "application/json")

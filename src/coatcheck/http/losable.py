"""`POST {path}` for an operation with `durable=False`: taken in, and never to be heard of again."""

import random
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from coatcheck.errors import InvalidParameter, QueueFull
from coatcheck.http.represent import encode
from coatcheck.http.wiring import Wiring
from coatcheck.operations.operation import Operation


class Forgotten(msgspec.Struct, frozen=True):
    """What a client is told of a request that nobody keeps."""

    losable: str
    """Why it does no harm if the request is lost."""
    accepted: bool = True
    durable: bool = False
    """It is lost if the process that accepted it ends."""


async def forget(wiring: Wiring, operation: Operation[..., Any], arguments: Mapping[str, Any], owner: str, key: str | None) -> Response:
    """202 without a Location: there is no job. Raises QueueFull; InvalidParameter for an Idempotency-Key, which nobody would keep."""
    if key is not None:
        raise InvalidParameter(
            "This operation is fire and forget: nothing is kept that could tell a repeated request from a new one. Send no Idempotency-Key."
        )
    try:
        await wiring.losable.accept(operation, operation.parameters.encode(arguments), owner)
    except QueueFull as full:
        full.retry_after = random.uniform(1.0, 5.0)  # noqa: S311  no secret
        raise
    return Response(encode(Forgotten(operation.losable)), 202, {"Cache-Control": "no-store"}, "application/json")

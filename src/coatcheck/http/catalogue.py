"""`GET /operations`: what can be asked for, and how busy it is."""

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any

import msgspec
from starlette.responses import Response

from coatcheck.domain.rate import Rate
from coatcheck.http.call import Call
from coatcheck.http.page import page_response
from coatcheck.http.schemas import body_schema, result_schema_of
from coatcheck.operations.operation import Operation
from coatcheck.store.insight import Depth


class Policy(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an operation was registered with. Durations are seconds."""

    timeout: float | None
    retries: int
    queue_bound: int
    ttl: float
    idempotency_key_required: bool
    sync_window: float
    max_in_flight: int | None
    rate: Rate | None
    webhooks: bool
    """Whether a request may bring a `webhookUrl`."""
    durable: bool
    losable: str | None
    """Why a request may be lost, where it is not durable."""


class Durations(msgspec.Struct, frozen=True):
    """Seconds that past runs took; null before the first."""

    median: float | None = None
    p95: float | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One operation in the catalogue."""

    name: str
    path: str
    summary: str
    description: str
    request_schema: dict[str, Any]
    result_schema: dict[str, Any]
    policy: Policy
    depth: Depth
    durations: Durations


async def catalogue(call: Call) -> Response:
    """All operations on one page, in order of registration."""
    await call.viewer()
    depths = await call.wiring.insight.depths()
    entries = [
        _entry(call, operation, depths.get(operation.name, Depth()), await call.wiring.jobs.durations(operation.name))
        for operation in call.wiring.registry
    ]
    return page_response(entries, None)


def _entry(call: Call, operation: Operation[..., Any], depth: Depth, past: Sequence[float]) -> Entry:
    return Entry(
        name=operation.name,
        path=f"{call.urls.base}{operation.path}",
        summary=operation.summary,
        description=operation.description,
        request_schema=body_schema(operation),
        result_schema=result_schema_of(operation),
        policy=Policy(
            timeout=operation.timeout,
            retries=operation.retries,
            queue_bound=operation.queue_bound,
            ttl=operation.ttl,
            idempotency_key_required=operation.idempotency_key_required,
            sync_window=operation.sync_window,
            max_in_flight=operation.max_in_flight,
            rate=operation.rate,
            webhooks=operation.webhooks,
            durable=operation.durable,
            losable=operation.losable or None,
        ),
        depth=depth,
        durations=_durations(past),
    )


def _durations(past: Sequence[float]) -> Durations:
    if not past:
        return Durations()
    p95 = quantiles(past, n=20, method="inclusive")[-1] if len(past) > 1 else past[0]
    return Durations(median(past), p95)

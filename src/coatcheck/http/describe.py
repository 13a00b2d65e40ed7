"""`GET /openapi.json`: our routes as one OpenAPI 3.1 document, whatever the host."""

import re
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from coatcheck.http.call import Call
from coatcheck.http.components import Components
from coatcheck.http.endpoint import Documentation, Endpoint
from coatcheck.http.represent import encode
from coatcheck.http.schemas import Schema

_CALLED = {
    "list": "list_jobs",
    "status": "get_job",
    "cancel": "cancel_job",
    "result": "get_result",
    "events": "list_events",
    "ticket": "make_ticket",
    "retry": "retry_job",
    "deliveries": "list_deliveries_of_job",
    "redeliver": "redeliver",
    "all_deliveries": "list_deliveries",
    "webhook_secret": "get_webhook_secret",
    "renew_webhook_secret": "renew_webhook_secret",
    "webhooks": "list_webhooks",
    "register_webhook": "register_webhook",
    "webhook": "get_webhook",
    "change_webhook": "change_webhook",
    "remove_webhook": "remove_webhook",
    "rotate_webhook": "rotate_webhook",
    "test_webhook": "test_webhook",
    "operations": "list_operations",
    "healthz": "check_alive",
    "readyz": "check_ready",
    "problem": "explain_problem",
    "openapi": "describe",
}
"""What generated clients call the functions for our own routes."""
_NEXT = ("get_job", "cancel_job", "get_result", "list_events")
"""Where to go with the id of a job."""
_JOB_ID = "jobId"


async def describe(call: Call, endpoints: Iterable[Endpoint]) -> Response:
    """The document, for whom the application knows: it says no more than `GET /operations` does."""
    await call.viewer()
    wiring = call.wiring
    prefix = call.urls.base.removesuffix(wiring.settings.mount)
    information = {"title": wiring.title, "version": wiring.version or "0"}
    described = document(endpoints, {"openapi": "3.1.0", "info": information, "servers": [{"url": prefix or "/"}]})
    return Response(encode(described), 200, {"Cache-Control": "private, no-cache"}, "application/json")


def document(endpoints: Iterable[Endpoint], about: Schema) -> Schema:
    """All that `endpoints` say of themselves, beside what the document says of itself."""
    components, paths = Components(), dict[str, dict[str, Any]]()
    for endpoint in endpoints:
        name = _name(endpoint)
        context = "".join(word.capitalize() for word in name.split("_"))
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = components.collect(_operation(endpoint, name), context)
    return {**about, "paths": paths, "components": {"schemas": components.schemas}}


def _operation(endpoint: Endpoint, name: str) -> Schema:
    said: Documentation = endpoint.documentation
    return {
        "operationId": name,
        "summary": said.summary,
        **({"description": said.description} if said.description else {}),
        "tags": [said.tag],
        **({"parameters": list(said.parameters)} if said.parameters else {}),
        **({"requestBody": said.request_body} if said.request_body is not None else {}),
        **({"callbacks": said.callbacks} if said.callbacks is not None else {}),
        "responses": {str(status): _linked(response) for status, response in said.responses.items()},
    }


def _linked(response: Any) -> Schema:
    """The answer, with links to what can be done with the job that it shows."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    if schema.get("properties", {}).get(_JOB_ID, {}).get("type") != "string":
        return {**response}
    links = {name: {"operationId": name, "parameters": {"job_id": f"$response.body#/{_JOB_ID}"}} for name in _NEXT}
    return {**response, "links": links}


def _name(endpoint: Endpoint) -> str:
    """An operation goes by its own name, unless that is one of ours."""
    if endpoint.operation is None:
        return _CALLED[endpoint.name.removeprefix("coatcheck:")]
    name = re.sub(r"\W", "_", endpoint.name)
    return f"submit_{name}" if name in _CALLED.values() else name

"""`webhookUrl`: whom a request wants to have told how its job ended."""

from typing import Any

import msgspec
from starlette.requests import Request

from coatcheck.errors import InvalidArguments, InvalidParameter
from coatcheck.operations.operation import Operation
from coatcheck.operations.parameters import WEBHOOK_URL

_NOT_HERE = f"This operation tells nobody how single jobs end; leave {WEBHOOK_URL} out. Endpoints under /webhooks are told of all of yours."
_NO_JOB = f"This operation is fire and forget: there is no job whose end could be told. Send no {WEBHOOK_URL}."


def in_query(request: Request, operation: Operation[..., Any]) -> str | None:
    """What the query says. Raises InvalidParameter where it says two things, or the operation takes none."""
    said = request.query_params.getlist(WEBHOOK_URL) if request.scope["query_string"] else []
    if not said:
        return None
    if not operation.webhooks:
        raise InvalidParameter(_NOT_HERE if operation.durable else _NO_JOB)
    if len(said) > 1:
        raise InvalidParameter(f"The query has more than one {WEBHOOK_URL}; send one.")
    return said[0]


def taken_out(body: bytes, operation: Operation[..., Any]) -> tuple[bytes, str | None]:
    """A body without the member that is not the operation's own, and what that said.

    What is no JSON object stays as it is. Raises InvalidArguments for a member that is no text, InvalidParameter where there
    will be no job.
    """
    members = _members(body) if operation.webhooks or not operation.durable else {}
    if WEBHOOK_URL not in members or WEBHOOK_URL in operation.parameters.members:
        return body, None
    if not operation.durable:
        raise InvalidParameter(_NO_JOB)
    said = members.pop(WEBHOOK_URL)
    try:
        return msgspec.json.encode(members), msgspec.json.decode(said, type=str | None)
    except ValueError:
        detail = "It must be a URL."
        raise InvalidArguments(f"{detail} (at /{WEBHOOK_URL})", faults=[(f"/{WEBHOOK_URL}", detail)]) from None


def one_of(asked: str | None, said: str | None) -> str | None:
    """The URL in the query or in the body. Raises InvalidParameter where both have one."""
    if asked is not None and said is not None:
        raise InvalidParameter(f"The request has a {WEBHOOK_URL} in its query and one in its body; send one.")
    return asked if said is None else said


def _members(body: bytes) -> dict[str, msgspec.Raw]:
    if WEBHOOK_URL.encode() not in body and rb"\u" not in body:
        return {}
    try:
        return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):  # whoever reads it says what is wrong
        return {}

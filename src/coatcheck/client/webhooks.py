"""The receiving end of webhooks: whether a message is genuine, and what it says.

    @app.post("/hooks")
    async def hook(request: Request) -> None:
        message = verify(await request.body(), request.headers, SECRET)
        if message.type == "job.completed":
            print(message.job.result_url)

Whoever sends by Standard Webhooks 1.0 is understood, be it a Coatcheck application or another.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from coatcheck.clock import SystemClock
from coatcheck.domain.state import Status
from coatcheck.errors import CoatcheckError, ConfigurationError
from coatcheck.wire.representation import Representation
from coatcheck.wire.signatures import ID, SIGNATURE, TIMESTAMP, TOLERANCE, is_signed, parse_secret, parse_timestamp
from coatcheck.wire.style import NATIVE, HttpStyle
from coatcheck.wire.styling import unstyled


class Unverified(CoatcheckError):
    """The message is not proven to come from whom the secret is shared with. Answer 400 or 401, and do nothing."""

    status, kind, title = 400, "webhook-unverified", "Webhook not verified"


class Headers(Protocol):
    """Header fields as frameworks have them: Starlette's, Flask's and Django's `request.headers`, or a dictionary."""

    def items(self) -> Iterable[tuple[str, str]]: ...


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message whose signature was found good."""

    id: str
    """The same each time this message comes; `coatcheck.client.inbox` handles it once."""
    type: str
    """What happened: `job.completed`, `job.failed`, `job.cancelled`, `job.started`, `job.progress`; or `webhook.test`."""
    timestamp: datetime
    """When it happened."""
    data: Any
    """What is said about it, as JSON gives it: of a job, its representation as of that moment."""
    style: HttpStyle = NATIVE

    @property
    def job(self) -> Representation:
        """The job that the message tells of. Raises ValueError for one that tells of none."""
        return unstyled(msgspec.json.encode(self.data), self.style, {})


class _Body(msgspec.Struct):
    type: str
    timestamp: datetime
    data: Any


def verify(
    body: bytes,
    headers: Headers,
    secret: str | Iterable[str],
    *,
    tolerance: float = TOLERANCE,
    style: HttpStyle = NATIVE,
    now: float | None = None,
) -> Message:
    """The message in a request, if it was signed with the secret, or one of several, and is no older than `tolerance` seconds.

    `body` is what came, byte for byte: not parsed and written anew. `style` is the sender's `Coatcheck(style=…)`, where it has
    one of its own; `now` is the present moment in seconds since the epoch, for tests.

    Raises Unverified, and ConfigurationError for a secret that is none.
    """
    secrets = [parse_secret(text) for text in ([secret] if isinstance(secret, str) else secret)]
    if not secrets:
        raise ConfigurationError("verify() takes a secret, as the application showed it when the endpoint was registered.")
    fields = {name.lower(): value for name, value in headers.items()}
    if missing := [name for name in (ID, TIMESTAMP, SIGNATURE) if not fields.get(name)]:
        raise Unverified(f"The request has no {', '.join(missing)}: it is no signed webhook, or something on its way took them off.")
    _check_age(fields[TIMESTAMP], tolerance, SystemClock().now() if now is None else now)
    if not is_signed(secrets, fields[ID], fields[TIMESTAMP], body, fields[SIGNATURE]):
        raise Unverified(
            "No signature fits: the message was changed on its way, its body was parsed and written anew before it got here, or it was "
            "signed with another secret."
        )
    try:
        return _read(fields[ID], int(fields[TIMESTAMP]), body, style)
    except (ValueError, RecursionError) as error:
        raise Unverified(f"The signature is good, and the body is no message: {error}.") from error


def _check_age(field: str, tolerance: float, now: float) -> None:
    sent = parse_timestamp(field)
    if sent is None:
        raise Unverified(f"{TIMESTAMP} is {field[:30]!r}; it should be a whole number of seconds since the epoch.")
    if abs(now - sent) > tolerance:
        raise Unverified(
            f"The message says that it was sent {abs(now - sent):.0f} s {'ago' if sent < now else 'from now'}, and {tolerance:g} s are "
            "tolerated: somebody sends an old one again, or a clock is wrong."
        )


def _read(message_id: str, sent: int, body: bytes, style: HttpStyle) -> Message:
    if style.webhook_body == "event":
        said = msgspec.json.decode(body, type=_Body)
        return Message(id=message_id, type=said.type, timestamp=said.timestamp, data=said.data, style=style)
    data = msgspec.json.decode(body)
    if isinstance(data, dict) and data.keys() >= {"type", "timestamp", "data"}:  # a test message tells of no job
        return _read(message_id, sent, body, HttpStyle())
    status = unstyled(body, style, {"jobId": "", "statusUrl": ""}).status
    return Message(id=message_id, type=_type(status), timestamp=datetime.fromtimestamp(sent, UTC), data=data, style=style)


def _type(status: Status) -> str:
    """What happened to a job of which only the representation is told."""
    return f"job.{status}" if status.terminal else "job.progress"

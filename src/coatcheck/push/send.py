"""One message to one receiver, and what came of it."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import httpcore2
import msgspec

from coatcheck.clock import Clock
from coatcheck.errors import ConfigurationError, DestinationNotAllowed
from coatcheck.push.network import GuardedNetwork
from coatcheck.push.target import Guard
from coatcheck.wire.headers import parse_retry_after

DEADLINE = 15.0
"""Seconds for the whole exchange: looking the name up, TLS, request, header fields and body."""
MAX_BODY = 64 * 1024
"""Bytes of the answer's body that are read; what is longer is cut off."""
MAX_ANSWER = 1024
"""Bytes of the answer's body that are kept."""
MAX_CONNECTIONS = 128
"""Connections open at most."""
KEPT = 2.0
"""Seconds for which a connection is kept for the next message: less than receivers keep theirs."""
_REASON = 300


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """What came of sending a message once."""

    duration: float
    """Seconds."""
    status: int | None = None
    """The HTTP status; None where no whole answer came."""
    error: str | None = None
    """What went wrong; None for a 2xx, which is what a delivery is."""
    answer: bytes = b""
    """The first bytes of the answer's body."""
    retry_after: float | None = None
    """Seconds for which the receiver asked to be left alone."""

    @property
    def delivered(self) -> bool:
        return self.error is None


class Sender:
    """Posts messages to where the guard lets them go.

    No redirect is followed, no proxy of the environment is used, certificates are verified against the host's trust store, and
    against the authorities in the file `ca` beside them. Raises ConfigurationError for a `ca` that cannot be read.
    """

    def __init__(
        self, guard: Guard, clock: Clock, *, deadline: float = DEADLINE, ca: str | None = None, network: GuardedNetwork | None = None
    ) -> None:
        self._guard, self._clock, self._deadline = guard, clock, deadline
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(ca),
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEPT,
            network_backend=network or GuardedNetwork(guard.networks),
        )

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Exchange:
        """Post `body`, JSON, with these header fields besides our own. Never raises for what the receiver does."""
        begun = self._clock.monotonic()
        status, answer, retry_after = None, b"", None
        try:
            async with asyncio.timeout(self._deadline):
                status, fields, answer = await self._exchange(url, headers, body)
            retry_after = parse_retry_after(fields.get(b"retry-after", b"").decode("latin-1"), self._clock.now())
            error = None if 200 <= status < 300 else f"answered {status}"
        except Exception as raised:  # noqa: BLE001  whatever it is, it is what came of it
            error = _reason(raised, self._deadline)
        duration = round(self._clock.monotonic() - begun, 6)
        return Exchange(duration=duration, status=status, error=error, answer=answer[:MAX_ANSWER], retry_after=retry_after)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def _exchange(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        target = self._guard.check(url)
        request = httpcore2.Request(
            "POST",
            httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path),
            headers=[("Host", target.authority), *_OWN.items(), *headers.items(), ("Content-Length", str(len(body)))],
            content=body,
        )
        response = await self._pool.handle_async_request(request)
        try:
            return response.status, {name.lower(): value for name, value in response.headers}, await _body(response)
        finally:
            await response.aclose()


_OWN: Mapping[str, str] = {
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"Coatcheck/{version('coatcheck')}",
}


async def _body(response: httpcore2.Response) -> bytes:
    """The answer's body, as far as it is read."""
    body = b""
    async with contextlib.aclosing(response.aiter_stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > MAX_BODY:
                break
    return body[:MAX_BODY]


def _tls(ca: str | None) -> ssl.SSLContext:
    context = httpcore2.default_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is not None:
        try:
            context.load_verify_locations(cafile=Path(ca))
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"webhook_ca is {ca!r}: {error}. It is a file with certificates in PEM.") from None
    return context


def _reason(error: Exception, deadline: float) -> str:
    """What went wrong, for whoever looks at their deliveries."""
    match error:
        case DestinationNotAllowed():
            return "destination not allowed"
        case TimeoutError() | httpcore2.TimeoutException():
            return f"timed out: no whole answer within {deadline:g} s"
        case _:
            cause = next((found for found in reversed(_causes(error)) if isinstance(found, ssl.SSLError | OSError)), error)
            said = re.sub(r"\s+", " ", str(cause)).strip()
            return f"{type(cause).__name__}: {said}"[:_REASON] if said else type(cause).__name__


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and len(causes) < 10:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes

"""Sending a message: to whom it may go, and whatever a receiver does."""

import asyncio
import inspect
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpcore2
import pytest

from coatcheck.clock import SystemClock
from coatcheck.errors import ConfigurationError
from coatcheck.push.network import MAX_ANSWER, GuardedNetwork
from coatcheck.push.networks import Networks
from coatcheck.push.resolve import MAX_ADDRESSES, resolve
from coatcheck.push.send import DEADLINE, MAX_BODY, Exchange, Sender
from coatcheck.push.target import Guard
from tests.push.authority import Authority
from tests.push.corpus import addresses, urls
from tests.push.receiver import Receiver, Request, answering, hang, receiving, reset

LOOPBACK = ["127.0.0.0/8", "::1/128"]
SOON = 0.4
"""A deadline for what never ends."""


class RecordingNetwork(httpcore2.AsyncNetworkBackend):
    """Opens no connection; says what it was asked to open."""

    def __init__(self) -> None:
        self.dialled: list[tuple[str, int]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.dialled.append((host, port))
        raise httpcore2.ConnectError("recorded")


@asynccontextmanager
async def sender(*, guard: Guard | None = None, **options: Any) -> AsyncIterator[Sender]:
    sending = Sender(guard or Guard(LOOPBACK, http=True), SystemClock(), **options)
    try:
        yield sending
    finally:
        await sending.close()


async def post(url: str, body: bytes = b"{}", **options: Any) -> Exchange:
    async with sender(**options) as sending:
        return await sending.send(url, {"webhook-id": "msg_1"}, body)


# To whom ----------------------------------------------------------------------------------------------------------------


def recorded(*found: str, guard: Guard) -> tuple[RecordingNetwork, dict[str, Any]]:
    """A network on which every name has these addresses, and nothing is dialled."""
    recording = RecordingNetwork()

    async def resolved(host: str) -> tuple[str, ...]:
        return found

    return recording, {"guard": guard, "network": GuardedNetwork(guard.networks, resolve=resolved, network=recording)}


async def test_nothing_of_the_corpus_is_dialled() -> None:
    """F60-F62: a hole in the guard would show as a recorded dial, never as a real connection."""
    recording, options = recorded("93.184.216.34", guard=Guard(http=False))
    async with sender(**options) as sending:
        said = {(await sending.send(url, {}, b"")).error for url in urls()}
    assert (said, recording.dialled) == ({"destination not allowed"}, [])


async def test_a_name_is_refused_for_one_bad_address_among_good_ones() -> None:
    """F63: whichever place the bad one has, and whichever address it is."""
    for bad in addresses():
        for found in [(bad,), ("93.184.216.34", bad), (bad, "2606:4700::1111"), ("1.1.1.1", "8.8.8.8", bad, "9.9.9.9")]:
            recording, options = recorded(*found, guard=Guard())
            assert (await post("https://example.com/", **options)).error == "destination not allowed", found
            assert recording.dialled == []


async def test_a_public_name_is_dialled_by_the_address_that_was_checked() -> None:
    recording, options = recorded("93.184.216.34", "2606:4700::1111", guard=Guard())
    exchange = await post("https://example.com:8443/", **options)
    assert recording.dialled == [("93.184.216.34", 8443), ("2606:4700::1111", 8443)]
    assert exchange.error == "ConnectError: recorded"


async def test_a_name_without_addresses_is_refused() -> None:
    recording, options = recorded(guard=Guard())
    assert (await post("https://example.com/", **options)).error == "destination not allowed"
    assert recording.dialled == []


async def test_a_name_with_thousands_of_addresses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """F63. The resolver is the network's edge."""
    found = [(None, None, None, "", (f"8.8.{n // 256}.{n % 256}", 0)) for n in range(10_000)]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    with pytest.raises(OSError, match="10000 addresses"):
        await resolve("example.com")
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found[:MAX_ADDRESSES])
    assert len(await resolve("example.com")) == MAX_ADDRESSES


async def test_a_connection_that_leads_elsewhere_is_closed_unused() -> None:
    """The peer's address is asked for once more after the connect: something in between may have bent it."""
    async with receiving() as receiver:

        class Bending(httpcore2.AnyIOBackend):
            async def connect_tcp(self, host: str, *args: Any, **options: Any) -> httpcore2.AsyncNetworkStream:
                return await super().connect_tcp("127.0.0.1", *args, **options)

        network = GuardedNetwork(Networks(["127.0.0.0/8"]), network=Bending())
        exchange = await post(f"http://127.0.0.2:{receiver.port}/", network=network)
        assert (exchange.error, receiver.requests) == ("destination not allowed", [])


async def test_one_address_that_refuses_is_no_hindrance_to_the_next() -> None:
    async with receiving() as receiver:

        async def resolved(host: str) -> tuple[str, ...]:
            return ("127.0.0.2", "127.0.0.1")

        network = GuardedNetwork(Networks(LOOPBACK), resolve=resolved)
        exchange = await post(f"http://example.com:{receiver.port}/hook", network=network)
        assert exchange.delivered
        assert [request.headers["host"] for request in receiver.requests] == [f"example.com:{receiver.port}"]


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """F63: a proxy would dial for us, unguarded."""
    async with receiving() as proxy, receiving() as receiver:
        for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert (await post(receiver.url)).delivered
        assert (proxy.connections, receiver.connections) == (0, 1)


async def test_plain_http_is_refused_unless_it_was_opened() -> None:
    async with receiving() as receiver:
        exchange = await post(receiver.url, guard=Guard(LOOPBACK))
        assert (exchange.error, receiver.connections) == ("destination not allowed", 0)


# What is sent -----------------------------------------------------------------------------------------------------------


async def test_a_message_is_posted_as_it_is() -> None:
    async with receiving(answering(200, b"thanks")) as receiver:
        exchange = await post(receiver.url + "?a=1", '{"ü":1}'.encode())
        (request,) = receiver.requests
    assert (exchange.status, exchange.error, exchange.answer) == (200, None, b"thanks")
    assert (request.method, request.target, request.body) == ("POST", "/hook?a=1", '{"ü":1}'.encode())
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("Coatcheck/")
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.id == "msg_1"


async def test_a_connection_serves_several_messages() -> None:
    async with receiving() as receiver, sender() as sending:
        for _ in range(3):
            assert (await sending.send(receiver.url, {}, b"{}")).delivered
        assert (len(receiver.requests), receiver.connections) == (3, 1)


# Whatever a receiver does -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_never_followed(status: int) -> None:
    """F64: to elsewhere, to itself, with the body kept."""
    async with receiving() as elsewhere, receiving() as receiver:
        for location in (elsewhere.url, receiver.url):
            receiver.answer = answering(status, location=location)
            exchange = await post(receiver.url)
            assert (exchange.status, exchange.error) == (status, f"answered {status}")
        assert (len(receiver.requests), elsewhere.connections) == (2, 0)


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("-7", None), ("soon", None), ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0), ("9" * 20, 2.0**31)]
)
async def test_the_receivers_wish_to_be_left_alone_is_read(value: str, seconds: float | None) -> None:
    """F67: seconds, a date, and garbage, which is none."""
    async with receiving(answering(429, retry_after=value)) as receiver:
        exchange = await post(receiver.url)
    assert (exchange.status, exchange.retry_after) == (429, seconds)


async def no_head(_: Request, writer: asyncio.StreamWriter) -> None:
    """Header fields without end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X: " + b"a" * 1000 + b"\r\n")
        await writer.drain()


async def no_final_answer(_: Request, writer: asyncio.StreamWriter) -> None:
    """Interim answers without end."""
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 103 Early Hints\r\nX: " + b"a" * 1000 + b"\r\n\r\n")
        await writer.drain()


async def half(_: Request, writer: asyncio.StreamWriter) -> None:
    """Closes half-way."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()


async def nonsense(_: Request, writer: asyncio.StreamWriter) -> None:
    """Speaks no HTTP."""
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


async def drip(_: Request, writer: asyncio.StreamWriter) -> None:
    """Begins an answer, and never gets anywhere with it."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n.")
    await writer.drain()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (hang, "timed out"),
        (drip, "timed out"),
        (reset, "ConnectionResetError"),
        (no_head, "RemoteProtocolError"),
        (no_final_answer, "ReadError: the answer is too long"),
        (half, "RemoteProtocolError"),
        (nonsense, "RemoteProtocolError"),
    ],
)
async def test_a_receiver_that_behaves_badly_costs_one_attempt(answer: Any, error: str) -> None:
    """F65, F66: whatever it is, it ends by the deadline, is told in a word, and the next message goes out."""
    async with receiving(answer) as receiver, sender(deadline=SOON if error == "timed out" else DEADLINE) as sending:
        exchange = await sending.send(receiver.url, {}, b"{}")
        assert (exchange.status, exchange.delivered) == (None, False)
        assert exchange.error is not None
        assert error in exchange.error
        receiver.answer, sending._deadline = answering(204), DEADLINE
        assert (await sending.send(receiver.url, {}, b"{}")).delivered


async def test_the_deadline_is_one_for_all() -> None:
    assert DEADLINE == 15.0
    assert Sender(Guard(), SystemClock())._deadline == DEADLINE


async def test_an_endless_body_is_read_no_further_than_64_kib() -> None:
    """F65: what was said before is the answer; the connection is not used again."""
    sent = 0

    async def endless(_: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"a" * 65536)
            await writer.drain()
            sent += 65536

    async with receiving(endless) as receiver, sender() as sending:
        exchange = await sending.send(receiver.url, {}, b"{}")
        assert (exchange.status, exchange.delivered, exchange.answer) == (200, True, b"a" * 1024)
        receiver.answer = answering(204)
        assert (await sending.send(receiver.url, {}, b"{}")).delivered
        assert receiver.connections == 2
    assert MAX_BODY == 64 * 1024
    assert sent < 64 * MAX_ANSWER  # what the sockets between us hold


async def test_nobody_listening_is_told() -> None:
    async with receiving() as receiver:
        url = receiver.url
    exchange = await post(url)
    assert exchange.error is not None
    assert exchange.error.startswith("ConnectionRefusedError: [Errno 111]")


async def test_a_name_that_does_not_exist_is_told() -> None:
    exchange = await post("https://nowhere.invalid/")
    assert exchange.error is not None
    assert exchange.error.startswith("gaierror")


# TLS --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that is trusted where it is named: what the suite trusts, it trusts in common."""
    uncached = inspect.unwrap(httpcore2.default_ssl_context)
    monkeypatch.setattr(httpcore2, "default_ssl_context", uncached)
    return Authority(tmp_path)


async def over_tls(context: ssl.SSLContext, ca: Path | None) -> tuple[Exchange, Receiver]:
    """What comes of a message to `hooks.example`, which is on this machine."""

    async def resolved(host: str) -> tuple[str, ...]:
        return ("127.0.0.1",)

    async with receiving(tls=context) as receiver:
        network = GuardedNetwork(Networks(LOOPBACK), resolve=resolved)
        exchange = await post(f"https://hooks.example:{receiver.port}/", network=network, ca=None if ca is None else str(ca))
        return exchange, receiver


async def test_tls_is_verified_for_the_name_though_an_address_is_dialled(authority: Authority) -> None:
    names: list[str | None] = []
    context = authority.server("hooks.example")
    context.sni_callback = lambda _, name, __: names.append(name)
    exchange, _ = await over_tls(context, authority.file)
    assert (exchange.error, names) == (None, ["hooks.example"])


async def test_certificates_that_prove_nothing_are_refused(authority: Authority, tmp_path: Path) -> None:
    """F66: another name's, expired, of an authority nobody knows, its own, and a TLS long out of use."""
    old = authority.server("hooks.example")
    old.maximum_version = old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    cases = {
        "wrong name": (authority.server("other.example"), authority.file, "CERTIFICATE_VERIFY_FAILED"),
        "address only": (authority.server("127.0.0.1"), authority.file, "CERTIFICATE_VERIFY_FAILED"),
        "expired": (authority.server("hooks.example", expired=True), authority.file, "CERTIFICATE_VERIFY_FAILED"),
        "unknown": (Authority(tmp_path).server("hooks.example"), authority.file, "CERTIFICATE_VERIFY_FAILED"),
        "not ours": (authority.server("hooks.example"), None, "CERTIFICATE_VERIFY_FAILED"),
        "TLS 1.0": (old, authority.file, "SSL"),
    }
    for case, (context, ca, said) in cases.items():
        exchange, receiver = await over_tls(context, ca)
        assert exchange.error is not None, case
        assert said in exchange.error, case
        assert receiver.requests == [], case


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_authorities_that_cannot_be_read_is_told_at_the_start(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match=r"webhook_ca is .*ca\.pem"):
        Sender(Guard(), SystemClock(), ca=str(file))

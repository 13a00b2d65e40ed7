"""A closed-loop HTTP load: some processes, each with some connections, each sending its next request on the answer.

The client is a bare asyncio protocol that reads no more of an answer than its status, its length, and its body, so that
it costs less than the server it measures.
"""

import asyncio
import multiprocessing
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import cast

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_JOB_ID = re.compile(rb'"jobId":"([0-9a-f-]{36})"')

BODY = b'{"customer":"A-1042","items":[17,4,93,1024,5,77,8],"note":"' + b"leave it at the door, ring twice; " * 3 + b'"}'


@dataclass(frozen=True)
class Load:
    """What a load measured."""

    seconds: float
    latencies: list[float]
    job_ids: list[str]

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Caller(asyncio.Protocol):
    def __init__(self, requests: Callable[[], bytes | None], answered: Callable[[float, bytes], None], done: asyncio.Future[None]) -> None:
        self._requests, self._answered, self._done = requests, answered, done
        self._buffer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._send()

    def _send(self) -> None:
        request = self._requests()
        if request is None:
            self._transport.close()
            if not self._done.done():
                self._done.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head) if separator else None
        if length is None or len(body) < int(length[1]):
            return
        self._buffer = b""
        if not head.startswith(b"HTTP/1.1 2"):
            self._done.set_exception(RuntimeError(f"unexpected answer: {head[:200]!r} {body[:200]!r}"))
            self._transport.abort()
            return
        self._answered(time.perf_counter() - self._sent_at, body)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(error or ConnectionError("the server closed the connection"))


def post(path: str) -> bytes:
    """One request as bytes."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    return head.encode() + BODY


async def _call(port: int, connections: int, requests: int) -> Load:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    job_ids: list[str] = []
    request, left = post("/orders"), requests

    def next_request() -> bytes | None:
        nonlocal left
        left -= 1
        return request if left >= 0 else None

    def answered(latency: float, body: bytes) -> None:
        latencies.append(latency)
        if found := _JOB_ID.search(body):
            job_ids.append(found[1].decode())

    begun = time.perf_counter()
    ends = [loop.create_future() for _ in range(connections)]
    for end in ends:
        await loop.create_connection(partial(_Caller, next_request, answered, end), "127.0.0.1", port)
    await asyncio.gather(*ends)
    return Load(time.perf_counter() - begun, latencies, job_ids)


def _process(pipe: Connection, port: int, connections: int, requests: int) -> None:
    import uvloop

    pipe.send(uvloop.run(_call(port, connections, requests)))


def load(port: int, *, connections: int = 64, requests: int = 20_000, processes: int = 2) -> Load:
    """Send `requests` POSTs over `connections` and wait for all answers."""
    context = multiprocessing.get_context("spawn")
    pipes = []
    for _ in range(processes):
        ours, theirs = context.Pipe()
        context.Process(target=_process, args=(theirs, port, connections // processes, requests // processes), daemon=True).start()
        pipes.append(ours)
    parts = [pipe.recv() for pipe in pipes]
    return Load(
        max(part.seconds for part in parts),
        [latency for part in parts for latency in part.latencies],
        [job_id for part in parts for job_id in part.job_ids],
    )

"""F56–F59: what anybody may send. Each is refused, as what it is; nothing is stored, nothing breaks, and others are served meanwhile.

Sent over raw sockets, since no client library would, to a real `coatcheck serve`.
"""

import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from coatcheck.testing.harness import Process, coatcheck_process, eventually, free_port
from tests.faults.corpus import CHUNKED, FILE, FORM, KINDS, RANGES, corpus, http, post
from tests.postgresql import database

ROOT = Path(__file__).parents[2]
SERVED_MEANWHILE = 30
PATIENCE = 20.0


class Served(NamedTuple):
    process: Process
    port: int
    api: httpx2.Client

    def send(self, request: bytes, *, unfinished: bool = False) -> tuple[int | None, bytes]:
        """The answer's status and all that came; None where the line was cut without a word."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as line:
            came = b""
            try:
                line.sendall(request)
                if unfinished:
                    line.shutdown(socket.SHUT_WR)
                while piece := line.recv(65536):
                    came += piece
            except (ConnectionError, BrokenPipeError):  # it was answered before all was sent
                pass
            found = re.match(rb"HTTP/1\.1 (\d{3}) ", came)
            return int(found[1]) if found else None, came

    def jobs(self) -> list[str]:
        return [job["jobId"] for job in self.api.get("/jobs", params={"limit": 200}).json()["items"]]


@pytest.fixture(scope="module")
def served(kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    if kind == "sqlite":
        yield from _served(f"sqlite:///{folder}/jobs.db")
    else:
        with database(request.getfixturevalue("postgresql_server"), f"hostile_{free_port()}") as url:
            yield from _served(url)


def _served(store: str) -> Iterator[Served]:
    port = free_port()
    environment = {"COATCHECK_STORE": store, "COATCHECK_BODY_TIMEOUT": "1"}
    arguments = ["serve", "tests.faults.open_to_all:jobs", "--port", str(port), "--workers", "1", "--grace", "1", "--log-format", "json"]
    with (
        coatcheck_process(*arguments, directory=ROOT, environment=environment) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as api,
    ):
        served = Served(process, port, api)
        eventually(lambda: _ready(served))
        yield served
        log = process.log
        assert "Traceback" not in log, log[log.index("Traceback") - 2000 :]
        assert "request.failed" not in log


def _ready(served: Served) -> bool:
    assert served.process.status is None, served.process.log
    try:
        return served.api.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def _is_told(came: bytes) -> bool:
    """Whether an answer is one of ours, a problem document of a known type, or uvicorn's own 400 for what is no HTTP."""
    head, _, body = came.partition(b"\r\n\r\n")
    if b"application/problem+json" not in head:
        return b"Invalid HTTP request received." in body or b" 405 " in head or b" 404 " in head
    document: dict[str, Any] = json.loads(body)
    return document["type"].startswith(("/problems/", "about:blank")) and "Traceback" not in body.decode()


def test_whatever_is_sent_is_refused_and_nothing_is_stored(served: Served) -> None:
    """Hundreds of bodies, header fields and framings at once; each answer says what was wrong, and nobody else waits for it."""
    before = served.jobs()
    entries = list(corpus())
    assert len(entries) > 500
    wrong = []
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(served.send, entry.request, unfinished=entry.unfinished) for entry in entries]
        for _ in range(SERVED_MEANWHILE):
            assert served.api.get("/healthz").status_code == 200
        for entry, answer in zip(entries, answers, strict=True):
            status, came = answer.result()
            if status not in entry.statuses or (status is not None and not _is_told(came)):
                wrong.append(f"{entry.name}: {status}, not {entry.statuses}: {came[:300]!r}")
    assert not wrong, "\n".join(wrong)
    assert served.jobs() == before


def test_a_body_that_trickles_in_is_given_up(served: Served) -> None:
    """F56: 408 and the end of the connection, while whoever sends at an ordinary speed is served."""
    before = served.jobs()
    unfinished = {"Content-Length": "1000", "Connection": "keep-alive"}
    requests = [post(path, FILE if headers is FORM else b"{", {**headers, **unfinished}) for path, headers in KINDS] * 5
    with ThreadPoolExecutor(len(requests)) as threads:
        answers = [threads.submit(served.send, request) for request in requests]
        assert served.api.get("/readyz").status_code == 200
        for answer in answers:
            status, came = answer.result()
            assert (status, b"/problems/body-too-slow" in came, b"\r\nconnection: close\r\n" in came.lower()) == (408, True, True)
    assert served.jobs() == before


def test_a_line_on_which_too_much_comes_is_ended(served: Served) -> None:
    """F56: an endless body. The answer comes at once, and the server does not read on for ever."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as line:
        line.sendall(http("POST", "/typed", CHUNKED | {"Connection": "keep-alive"}))
        with pytest.raises(ConnectionError):
            send_without_end(line)


def send_without_end(line: socket.socket) -> None:
    chunks = (b"10000\r\n" + b" " * 65536 + b"\r\n") * 100
    while True:
        line.sendall(chunks)


def test_ranges_of_a_result_are_one_or_none(served: Served) -> None:
    """F59: a flood of ranges is answered with the whole, what lies outside with 416; the file's odd name breaks no header."""
    location = served.api.post("/reports").headers["location"]
    eventually(lambda: served.api.get(location).json()["status"] == "completed")
    for wanted in RANGES:
        status, came = served.send(http("GET", f"{location}/result", {"Range": wanted}))
        head, _, body = came.partition(b"\r\n\r\n")
        assert status in (200, 206, 416), wanted[:50]
        assert len(body) == 10_000 or status != 200, wanted[:50]
        assert len(body) <= 10_000
        if status != 416:
            assert b"filename*=UTF-8''re%22port%20%C3%BC.bin" in head

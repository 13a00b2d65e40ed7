"""Requests that are held back, and clients that go away, in every host."""

import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
from uuid import uuid4

from coatcheck.testing.harness import eventually
from tests.hosts.application import FILE
from tests.hosts.conftest import Counter
from tests.hosts.serving import WSGI


def asked(counter: Counter, path: str, *fields: str) -> socket.socket:
    """A connection on which a GET was sent, and nothing read yet."""
    server = urlsplit(counter.served.origin)
    assert server.hostname
    assert server.port
    line = socket.create_connection((server.hostname, server.port))
    line.sendall("\r\n".join([f"GET {path} HTTP/1.1", "Host: test", "Authorization: Bearer ann", *fields, "", ""]).encode())
    return line


def test_a_long_poll_is_answered_when_the_job_has_ended(counter: Counter) -> None:
    gate = str(uuid4())
    accepted = counter.submit("/wait", {"gate": gate})
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(counter.api.get, accepted.headers["location"], headers={"Prefer": "wait=25"})
        eventually(lambda: counter.served.jobs.wiring.held.count)
        counter.gates.open(gate)
        answer = poll.result()
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert answer.headers["preference-applied"] == "wait=25"


def test_a_submission_that_waits_is_answered_with_the_result(counter: Counter) -> None:
    answer = counter.api.post(counter.url("/echo"), json={"text": "x"}, headers={"Prefer": "wait=25"})
    assert (answer.status_code, answer.json()) == (200, {"text": "x"})
    assert 'rel="status"' in answer.headers["link"]


def test_nobody_is_waited_for_who_has_hung_up(counter: Counter) -> None:
    """Where the host can tell: Flask and WSGI servers notice nothing before they write. The job goes on in any case."""
    gate = str(uuid4())
    accepted = counter.submit("/wait", {"gate": gate})
    with asked(counter, accepted.headers["location"], "Prefer: wait=25"):
        eventually(lambda: counter.served.jobs.wiring.held.count)
    if counter.served.host not in (*WSGI, "flask-asgi"):
        eventually(lambda: not counter.served.jobs.wiring.held.count)
    counter.gates.open(gate)
    assert counter.ended(accepted)["status"] == "completed"
    eventually(lambda: not counter.served.jobs.wiring.held.count)


def test_a_download_that_is_cut_can_be_continued(counter: Counter) -> None:
    url = counter.ended(counter.submit("/export"))["resultUrl"]
    with asked(counter, url) as line:
        assert line.recv(1024).startswith(b"HTTP/1.1 200")
    rest = counter.api.get(url, headers={"Range": "bytes=1000-"})
    assert (rest.status_code, rest.content) == (206, FILE[1000:])

"""Streams in every host; under WSGI they hold a thread, and last for less time."""

from uuid import uuid4

import pytest
from websockets.sync.client import connect

from coatcheck.testing.harness import eventually
from tests.hosts.conftest import Counter
from tests.hosts.serving import WSGI
from tests.sse import ACCEPT, listening


def test_a_job_is_followed_to_its_end_and_nobody_comes_back_after_it(counter: Counter) -> None:
    gate = str(uuid4())
    accepted = counter.submit("/wait", {"gate": gate})
    url = accepted.json()["_links"]["events"]["href"]
    with listening(counter.api, url) as events:
        first = next(events)
        assert first.json["status"] in ("queued", "running")
        counter.gates.open(gate)
        came = [first, *events]
    assert [event.id for event in came] == [str(number) for number in range(int(first.id), int(first.id) + len(came))]
    assert came[-1].json["status"] == "completed"
    assert counter.api.get(url, headers={**ACCEPT, "Last-Event-ID": came[-1].id}).status_code == 204
    eventually(lambda: not counter.served.jobs.wiring.streams.count)


def test_a_page_is_told_what_it_asked_for(counter: Counter) -> None:
    accepted = counter.submit("/echo", {"text": "x"})
    counter.ended(accepted)
    url = accepted.json()["_links"]["events"]["href"]
    answer = counter.api.get(url, headers={**ACCEPT, "Origin": "https://pages.example"})
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["access-control-allow-origin"] == "https://pages.example"
    head = counter.api.head(url, headers=ACCEPT)
    assert (head.status_code, head.headers["content-type"], head.content) == (200, "text/event-stream", b"")


def test_whoever_leaves_makes_room_at_once(counter: Counter) -> None:
    """Where the host can tell: Flask and WSGI servers notice nothing before they write."""
    gate = str(uuid4())
    url = counter.submit("/wait", {"gate": gate}).json()["_links"]["events"]["href"]
    with listening(counter.api, url) as events:
        next(events)
        assert counter.served.jobs.wiring.streams.count == 1
    if counter.served.host not in (*WSGI, "flask-asgi"):
        eventually(lambda: not counter.served.jobs.wiring.streams.count)
    counter.gates.open(gate)
    eventually(lambda: not counter.served.jobs.wiring.streams.count)


@pytest.mark.parametrize("host", [*WSGI, "flask-asgi"], scope="module", indirect=True)
def test_where_a_stream_holds_a_thread_it_does_not_last(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coatcheck.integrations.wsgi._STREAM_LIFE", 0.2)
    gate = str(uuid4())
    url = counter.submit("/wait", {"gate": gate}).json()["_links"]["events"]["href"]
    with listening(counter.api, url) as events:
        assert [event.json["completedAt"] for event in events].count(None) >= 1
    counter.gates.open(gate)


@pytest.mark.parametrize("host", ["starlette", "fastapi"], scope="module", indirect=True)
@pytest.mark.parametrize("placement", ["bare", "mounted"], scope="module", indirect=True)
def test_a_websocket_is_opened_where_the_host_speaks_that(counter: Counter) -> None:
    accepted = counter.submit("/echo", {"text": "x"})
    counter.ended(accepted)
    url = counter.served.origin.replace("http", "ws", 1) + accepted.json()["_links"]["events"]["href"]
    with connect(url, additional_headers={"Authorization": "Bearer ann"}) as line:
        assert '"status":"completed"' in list(line)[-1]

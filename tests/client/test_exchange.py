"""How a client behaves, without a wire and without a clock: what it sends, and how long it waits."""

import random
from typing import Any

import httpx2
import pytest

from coatcheck.client.body import body_of
from coatcheck.client.errors import ApiError, Unreachable
from coatcheck.client.exchange import Manners, Send, Tell, Wait, exchange
from coatcheck.client.flow import result, submit
from coatcheck.client.following import Following
from coatcheck.client.looking import Seen, look, wait
from coatcheck.client.reading import unseen
from coatcheck.domain.retry import Backoff

BASE = httpx2.URL("https://api.example.com/v1")
JOB = b'{"jobId": "j", "operation": "o", "status": "%s", "createdAt": "2024-01-01T00:00:00Z", "statusUrl": "/v1/jobs/j", "message": "%d"}'


def manners(**options: Any) -> Manners:
    return Manners(base_url=BASE, random=random.Random(7), **options)


def answer(send: Any, status: int = 200, body: bytes = b"{}", **headers: Any) -> httpx2.Response:
    request = httpx2.Request(send.method, send.url)
    return httpx2.Response(
        status, headers={name.replace("_", "-"): value for name, value in headers.items()}, content=body, request=request
    )


def request(method: str = "GET") -> Send:
    return Send(method=method, url=BASE.join("/v1/jobs/j"), trusted=True)


def ending(steps: Any, given: Any) -> Any:
    """What the flow returns when it is given its last answer."""
    with pytest.raises(StopIteration) as caught:
        steps.send(given)
    return caught.value.value


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for_in_full(status: int) -> None:
    steps = exchange(manners(), request())
    send = next(steps)
    assert steps.send(answer(send, status, Retry_After="17")) == Wait(17)
    assert steps.send(None) == send
    assert ending(steps, answer(send)).status_code == 200


def test_a_date_is_taken_by_the_applications_own_clock() -> None:
    steps = exchange(manners(), request())
    dates: Any = {"Date": "Sun, 06 Nov 1994 08:49:37 GMT", "Retry_After": "Sun, 06 Nov 1994 08:50:07 GMT"}
    assert steps.send(answer(next(steps), 503, **dates)) == Wait(30)


def test_retry_after_is_followed_no_longer_than_the_cap() -> None:
    steps = exchange(manners(max_poll_interval=10), request())
    assert steps.send(answer(next(steps), 503, Retry_After="3600")) == Wait(10)


def test_waits_grow_from_one_failure_to_the_next_and_end() -> None:
    backoff = Backoff(base=1, cap=4)
    steps = exchange(manners(attempts=6, backoff=backoff), request())
    send: Any = next(steps)
    for failures in range(1, 6):
        pause = steps.throw(httpx2.ReadError("broken")) if failures % 2 else steps.send(answer(send, 502))
        assert isinstance(pause, Wait)
        assert 0 <= pause.seconds <= backoff.ceiling(failures)
        send = steps.send(None)
    with pytest.raises(Unreachable, match="sent 6 times"):
        steps.throw(httpx2.ReadTimeout("late"))


@pytest.mark.parametrize("error", [httpx2.ConnectError("no"), httpx2.ConnectTimeout("no"), httpx2.PoolTimeout("no")])
def test_what_was_never_sent_may_always_be_sent_again(error: Exception) -> None:
    steps = exchange(manners(), request("POST"), repeatable=False)
    send = next(steps)
    assert isinstance(steps.throw(error), Wait)
    assert steps.send(None) == send


@pytest.mark.parametrize(
    "error", [httpx2.ReadError("no"), httpx2.ReadTimeout("no"), httpx2.RemoteProtocolError("no"), httpx2.WriteError("no")]
)
def test_what_may_have_arrived_is_sent_again_only_where_that_is_harmless(error: Exception) -> None:
    steps = exchange(manners(), request("POST"), repeatable=False)
    next(steps)
    with pytest.raises(Unreachable, match="sent once"):
        steps.throw(error)


@pytest.mark.parametrize("status", [502, 504])
def test_an_answer_from_in_between_is_not_taken_for_nothing_done(status: int) -> None:
    steps = exchange(manners(), request("POST"), repeatable=False)
    with pytest.raises(ApiError):
        steps.send(answer(next(steps), status))


@pytest.mark.parametrize("error", [httpx2.UnsupportedProtocol("no"), httpx2.LocalProtocolError("no")])
def test_what_can_never_be_sent_is_not_tried_again(error: Exception) -> None:
    steps = exchange(manners(), request())
    next(steps)
    with pytest.raises(Unreachable):
        steps.throw(error)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 410, 413, 422, 500])
def test_a_refusal_is_final(status: int) -> None:
    steps = exchange(manners(), request())
    with pytest.raises(ApiError) as caught:
        steps.send(answer(next(steps), status))
    assert caught.value.problem.status == status


@pytest.mark.parametrize(
    ("headers", "options", "pause"),
    [
        ({"Retry_After": "12"}, {}, 12),
        ({}, {}, 5),
        ({"Retry_After": "soon"}, {}, 5),
        ({"Retry_After": "0"}, {}, 0),
        ({"Retry_After": "60"}, {"max_poll_interval": 8}, 8),
        ({"Retry_After": "60"}, {"poll_interval": 0.5}, 0.5),
        ({}, {"poll_interval": 90, "max_poll_interval": 8}, 90),
    ],
)
def test_polls_keep_the_pace_that_the_application_asks_for(headers: dict[str, Any], options: dict[str, Any], pause: float) -> None:
    """A client that finds no Retry-After waits 5 seconds."""
    behaviour = manners(**options)
    steps = submit(behaviour, "/reports", body_of({"year": 2024}))
    send: Any = next(steps)
    assert str(send.url) == "https://api.example.com/v1/reports"
    seen = ending(steps, answer(send, 202, JOB % (b"queued", 0), Location="/v1/jobs/j", ETag='W/"1"', **headers))
    assert str(seen.url) == "https://api.example.com/v1/jobs/j"
    following = Following(behaviour, seen).steps()
    assert next(following) == Tell(seen.representation)
    assert following.send(None) == Wait(pause)
    look: Any = following.send(None)
    assert look.headers["If-None-Match"] == 'W/"1"'
    assert following.send(answer(look, 304, **headers)) == Wait(pause)
    told: Any = following.send(answer(following.send(None), 200, JOB % (b"running", 1)))
    assert told.news.message == "1"


REFUSED = b'{"type": "/problems/forbidden", "title": "Forbidden", "status": 403}'
BROKEN = b'{"type": "/problems/operation-failed", "title": "Broken", "status": 403}'


@pytest.mark.parametrize(("problem", "failed"), [(REFUSED, False), (BROKEN, True)])
def test_a_look_that_is_refused_is_not_taken_for_a_failed_job(problem: bytes, failed: bool) -> None:  # noqa: FBT001
    """Where an ended job leads elsewhere, an error there is the job's, unless it is about who asks, or about the store."""
    seen = Seen(BASE.join("/v1/jobs/j"), unseen(BASE.join("/v1/jobs/j")))
    steps = look(manners(), seen)
    head: Any = steps.send(answer(next(steps), 303, Location="/v1/jobs/j/result"))
    assert head.method == "HEAD"
    get: Any = steps.send(answer(head, 403))
    if failed:
        assert ending(steps, answer(get, 403, problem)).status == "failed"
    else:
        with pytest.raises(ApiError, match="403 Forbidden"):
            steps.send(answer(get, 403, problem))


def test_a_look_that_leads_elsewhere_for_a_while_asks_nothing_there() -> None:
    """A file that is signed for GET alone: it is asked for when it is wanted, by a link that is new then."""
    seen = Seen(BASE.join("/v1/jobs/j"), unseen(BASE.join("/v1/jobs/j")))
    steps = look(manners(), seen)
    found = ending(steps, answer(next(steps), 303, Location="https://bucket.example.net/f?signature=a%2Fb", Cache_Control="No-Store"))
    assert (found.status, found.result_url) == ("completed", "https://api.example.com/v1/jobs/j")
    getting = result(manners(), seen, None)
    again: Any = next(getting)
    assert (str(again.url), again.trusted) == ("https://api.example.com/v1/jobs/j", True)
    there: Any = getting.send(answer(again, 303, Location="https://bucket.example.net/f?signature=a%2Fc", Cache_Control="no-store"))
    assert (str(there.url), there.trusted) == ("https://bucket.example.net/f?signature=a%2Fc", False)
    assert ending(getting, answer(there, 200, b"file", Content_Type="text/csv")) == b"file"


def test_a_look_that_must_not_be_stored_may_lead_to_a_failure() -> None:
    """Many an application forbids to store any answer of its own."""
    seen = Seen(BASE.join("/v1/jobs/j"), unseen(BASE.join("/v1/jobs/j")))
    steps = look(manners(), seen)
    head: Any = steps.send(answer(next(steps), 303, Location="/v1/jobs/j/result", Cache_Control="no-store"))
    assert (head.method, head.trusted) == ("HEAD", True)
    assert ending(steps, answer(steps.send(answer(head, 403)), 403, BROKEN)).status == "failed"


def test_a_submission_that_leads_elsewhere_for_a_while_has_its_result_at_its_own_url() -> None:
    steps = submit(manners(), "/files", body_of({}))
    there: Any = {"Location": "https://bucket.example.net/f", "Link": '</v1/jobs/j>; rel="status"', "Cache_Control": "no-store"}
    seen = ending(steps, answer(next(steps), 303, **there))
    assert (seen.representation.status, seen.representation.result_url) == ("completed", "https://api.example.com/v1/jobs/j/result")


def test_a_wait_looks_once_more_when_its_time_is_over() -> None:
    seen = Seen(BASE.join("/v1/jobs/j"), None, delay=3)  # type: ignore[arg-type]
    seen.update(answer(request(), 200, JOB % (b"running", 1), Retry_After="3"))
    steps = wait(manners(), seen, timeout=4)
    first = next(steps)
    running = answer(request(), 200, JOB % (b"running", 1), Retry_After="3")
    steps.send(None)
    second = steps.send(running)
    steps.send(None)
    assert ending(steps, running) == seen.representation
    assert (first, second) == (Wait(3), Wait(1))


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://api.example.com/else", True),
        ("https://api.example.com:443/", True),
        ("http://api.example.com/", False),
        ("https://api.example.com:8443/", False),
        ("https://example.com/", False),
        ("https://api.example.com.evil.org/", False),
        ("https://api.example.com@evil.org/", False),
    ],
)
def test_credentials_are_for_one_origin(url: str, trusted: bool) -> None:  # noqa: FBT001
    assert manners().trusts(httpx2.URL(url)) is trusted


def test_a_location_on_another_origin_is_followed_without_credentials() -> None:
    steps = submit(manners(), "/reports", body_of({}), "key")
    send: Any = next(steps)
    assert send.trusted
    seen = ending(steps, answer(send, 202, JOB % (b"queued", 0), Location="https://status.example.net/jobs/j"))
    following = Following(manners(poll_interval=0), seen).steps()
    next(following)
    following.send(None)
    look: Any = following.send(None)
    assert (str(look.url), look.trusted) == ("https://status.example.net/jobs/j", False)


def test_who_is_told_of_the_end_stands_in_the_query() -> None:
    """Whatever the body is, it stays as it is."""
    send: Any = next(submit(manners(), "/reports?lang=en", body_of({}), webhook_url="https://shop.example.com/hooks?id=7&x=ü"))
    assert send.url.path == "/v1/reports"
    assert dict(send.url.params) == {"lang": "en", "webhookUrl": "https://shop.example.com/hooks?id=7&x=ü"}

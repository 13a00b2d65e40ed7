"""How a job is followed, without a wire and without a clock: by streams, by looks, and by both in turn."""

import json
import random
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace

from coatcheck.client.errors import Unreachable
from coatcheck.client.exchange import Manners, Send, Tell, Wait
from coatcheck.client.flow import cancel
from coatcheck.client.following import Following
from coatcheck.client.history import LogLine
from coatcheck.client.looking import Seen
from coatcheck.client.reading import unseen
from coatcheck.domain.retry import Backoff
from coatcheck.domain.state import Status
from coatcheck.wire.representation import Link
from coatcheck.wire.style import NATIVE, HttpStyle

URL = httpx2.URL("https://api.example.com/jobs/j")
EVENTS = "https://api.example.com/jobs/j/events"
CUT = httpx2.RemoteProtocolError("peer closed connection without sending complete message body")


class Reader:
    """Somebody who follows a job, and is given whatever a test likes."""

    def __init__(self, *, log: bool = False, style: HttpStyle | None = None, **options: Any) -> None:
        chosen = Manners(base_url=httpx2.URL("https://api.example.com"), random=random.Random(7), backoff=Backoff(base=0, cap=0), **options)
        seen = Seen(URL, unseen(URL), style=style or NATIVE)
        if style is None:
            seen.representation.links["events"] = Link("/jobs/j/events")
        self.seen = seen
        self.told: list[Any] = []
        self._steps = Following(chosen, seen, log=log).steps()
        self.step: Any = None
        self._advance(lambda: next(self._steps))

    def give(self, *answers: Any) -> "Reader":
        """Answer what was asked for last; an exception is thrown."""
        for given in answers:
            if isinstance(given, Exception):
                self._advance(lambda given=given: self._steps.throw(given))
            else:
                self._advance(lambda given=given: self._steps.send(given))
        return self

    def stream(self, *events: Any) -> "Reader":
        """Open the stream that is asked for, and give its events."""
        assert isinstance(self.step, Send)
        assert self.step.headers["Accept"] == "text/event-stream"
        return self.give(answer(self.step, 200, b"", "text/event-stream; charset=utf-8"), *events)

    def waited(self) -> float:
        """Let the wait that is asked for pass; its seconds."""
        assert isinstance(self.step, Wait)
        seconds = self.step.seconds
        self.give(None)
        return seconds

    @property
    def asks_for_stream(self) -> bool:
        return isinstance(self.step, Send) and self.step.headers["Accept"] == "text/event-stream"

    @property
    def messages(self) -> list[str | None]:
        return [news.message for news in self.told]

    def _advance(self, step: Any) -> None:
        try:
            self.step = step()
            while isinstance(self.step, Tell):
                self.told.append(self.step.news)
                self.step = self._steps.send(None)
        except StopIteration:
            self.step = None


def answer(send: Send, status: int = 200, body: bytes = b"{}", media_type: str = "application/json", **headers: Any) -> httpx2.Response:
    fields = {"Content-Type": media_type} | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, headers=fields, content=body, request=httpx2.Request(send.method, send.url))


def state(number: int, status: str = "running") -> str:
    links = {"events": {"href": "/jobs/j/events"}}
    return json.dumps({"jobId": "j", "status": status, "statusUrl": "/jobs/j", "message": str(number), "_links": links})


def event(number: int, status: str = "running", retry: int | None = None) -> httpx2.ServerSentEvent:
    return httpx2.ServerSentEvent(data=state(number, status), id=str(number), retry=retry)


def line(number: int) -> httpx2.ServerSentEvent:
    data = json.dumps({"level": "info", "message": f"line {number}", "at": "2026-01-01T00:00:00Z"})
    return httpx2.ServerSentEvent(event="log", data=data, id=str(number))


def rows(send: Send, *numbers: int, **headers: Any) -> httpx2.Response:
    items = [
        {"seq": number, "type": "log" if number % 2 else "progress", "at": "2026-01-01T00:00:00Z", "reason": f"line {number}"}
        for number in numbers
    ]
    return answer(send, body=json.dumps({"items": items}).encode(), **headers)


def test_a_stream_tells_each_change_up_to_the_end() -> None:
    reader = Reader()
    assert str(reader.step.url) == EVENTS
    assert "Last-Event-ID" not in reader.step.headers
    reader.stream(event(2), event(3), event(4, "completed"))
    assert reader.step is None
    assert reader.messages == [None, "2", "3", "4"]
    assert reader.seen.representation.message == "4"


@pytest.mark.parametrize("ends", [CUT, httpx2.ReadError("reset"), httpx2.ReadTimeout("silent"), None])
def test_a_stream_that_ends_early_is_taken_up_after_the_last_event(ends: Exception | None) -> None:
    """F71: when the application said is when they come back."""
    reader = Reader().stream(event(2, retry=1700), event(3), ends)
    assert reader.waited() == 1.7
    assert reader.asks_for_stream
    assert reader.step.headers["Last-Event-ID"] == "3"
    reader.stream(event(4, "failed"))
    assert reader.messages == [None, "2", "3", "4"]


def test_a_bare_retry_is_obeyed_and_no_news() -> None:
    """Some readers take it for an event without data."""
    reader = Reader().stream(event(2), httpx2.ServerSentEvent(id="2", retry=200), None)
    assert reader.messages == [None, "2"]
    assert reader.waited() == 0.2


def test_no_stream_keeps_a_client_away_for_long() -> None:
    assert Reader().stream(event(2, retry=10**9), None).waited() == 60


def test_events_of_a_kind_that_is_not_known_are_passed_over() -> None:
    reader = Reader().stream(httpx2.ServerSentEvent(event="weather", data="rain", id="2"), event(3, "cancelled"))
    assert reader.messages == [None, "3"]


def test_the_same_state_is_told_once() -> None:
    assert Reader().stream(event(2), event(2), event(3, "completed")).messages == [None, "2", "3"]


@pytest.mark.parametrize(
    ("status", "media_type"), [(404, "application/problem+json"), (406, "text/plain"), (200, "application/json"), (200, "text/html")]
)
def test_an_application_without_streams_is_asked_for_one_once(status: int, media_type: str) -> None:
    reader = Reader()
    reader.give(answer(reader.step, status, b"[]", media_type))
    for number in (2, 3):
        assert reader.waited() == 5
        assert not reader.asks_for_stream
        reader.give(answer(reader.step, body=state(number).encode()))
    assert reader.messages == [None, "2", "3"]


def test_streams_that_bring_nothing_are_given_up_and_a_look_follows_each() -> None:
    """Something in between cuts them; no state is lost for that, and none is older than the one before."""
    reader = Reader()
    for number in (2, 3, 4):
        assert reader.asks_for_stream
        assert "Last-Event-ID" not in reader.step.headers
        reader.stream(CUT).waited()
        reader.give(answer(reader.step, body=state(number).encode()))
    assert not reader.asks_for_stream
    assert reader.messages == [None, "2", "3", "4"]


def test_after_a_look_a_stream_begins_with_how_the_job_stands() -> None:
    """What it had told after the last event would be older than what was seen meanwhile."""
    reader = Reader().stream(event(2), None)
    reader.waited()
    assert reader.step.headers["Last-Event-ID"] == "2"
    reader.stream(None).waited()
    reader.give(answer(reader.step, body=state(5).encode()))
    assert "Last-Event-ID" not in reader.step.headers
    assert reader.stream(event(6, "completed")).messages == [None, "2", "5", "6"]


def test_a_stream_that_is_held_back_is_not_waited_for_twice() -> None:
    """A proxy that gathers what it sends on lets nothing through until the end."""
    reader = Reader().stream(httpx2.ReadTimeout("silent"))
    reader.waited()
    reader.give(answer(reader.step, body=state(2).encode()))
    assert isinstance(reader.step, Wait)


@pytest.mark.parametrize("away", [httpx2.ConnectError("refused"), 502])
def test_a_server_that_is_started_again_is_waited_for(away: Any) -> None:
    reader = Reader(attempts=3).stream(event(2, retry=0), CUT)
    reader.waited()
    for _ in range(2):
        reader.give(answer(reader.step, away, b"", "text/html") if isinstance(away, int) else away)
        reader.waited()
    assert reader.step.headers["Last-Event-ID"] == "2"
    assert reader.stream(event(3, "completed")).messages == [None, "2", "3"]


def test_a_server_that_stays_away_is_unreachable() -> None:
    reader = Reader(attempts=2).give(httpx2.ConnectError("refused"))
    reader.waited()
    with pytest.raises(Unreachable, match="sent 2 times"):
        reader.give(httpx2.ConnectError("refused"))


def test_a_server_with_too_many_streams_is_looked_at_meanwhile() -> None:
    reader = Reader()
    problem = b'{"type": "/problems/too-many-streams", "title": "Too many streams", "status": 503}'
    reader.give(answer(reader.step, 503, problem, "application/problem+json", Retry_After="7"))
    assert reader.waited() == 7
    reader.give(answer(reader.step, body=state(2).encode()))
    assert reader.asks_for_stream


def test_what_is_over_is_looked_at_at_once() -> None:
    """204: nothing comes after the last event, which somebody else may have read."""
    reader = Reader()
    reader.give(answer(reader.step, 204, b""))
    assert reader.waited() == 0
    reader.give(answer(reader.step, body=state(9, "completed").encode()))
    assert reader.step is None
    assert reader.messages == [None, "9"]


@pytest.mark.parametrize("data", ["{", "[1]", '{"status": "asleep"}'])
def test_a_stream_of_something_else_is_left_alone(data: str) -> None:
    reader = Reader().stream(httpx2.ServerSentEvent(data=data, id="1"))
    reader.waited()
    reader.give(answer(reader.step, body=state(2).encode()))
    assert isinstance(reader.step, Wait)


def test_without_a_link_there_is_no_stream_unless_the_style_shows_no_links() -> None:
    assert isinstance(Reader(style=HttpStyle(pending_status=202)).step, Wait)
    shown = Reader(style=HttpStyle(only=["status", "message"], segments={"events": "progress"}))
    assert str(shown.step.url) == "https://api.example.com/jobs/j/progress"


def test_who_wants_no_streams_gets_none() -> None:
    assert isinstance(Reader(stream=False).step, Wait)


def test_a_cancel_that_was_answered_is_not_undone_by_an_older_event() -> None:
    reader = Reader().stream(event(2))
    reader.seen.representation = replace(unseen(URL), status=Status.CANCELLED)
    reader.give(event(3))
    assert reader.seen.ended
    assert reader.messages == [None, "2", "3"]


# Log lines -----------------------------------------------------------------------------------------------------------


def test_log_lines_of_the_past_come_first_and_each_once() -> None:
    reader = Reader(log=True).stream(event(4))
    assert str(reader.step.url) == f"{EVENTS}?after=0&limit=1000"
    reader.give(rows(reader.step, 1, 2, 3, 5))  # which has happened since, and comes by the stream
    reader.give(line(5), line(5), event(6, "completed"))
    assert reader.messages == [None, "line 1", "line 3", "4", "line 5", "6"]
    assert [news.level for news in reader.told if isinstance(news, LogLine)] == [None, None, "info"]


def test_without_streams_log_lines_are_read_from_the_history_page_by_page() -> None:
    reader = Reader(log=True, stream=False)
    reader.waited()
    reader.give(answer(reader.step, body=state(4).encode()))
    reader.give(rows(reader.step, 1, 2, Link='</jobs/j/events?after=2>; rel="next"'))
    assert str(reader.step.url) == f"{EVENTS}?after=2"
    reader.give(rows(reader.step, 3, 4)).waited()
    reader.give(answer(reader.step, body=state(6, "completed").encode()))
    assert "after=4" in str(reader.step.url)
    reader.give(rows(reader.step, 5, 6))
    assert reader.messages == [None, "line 1", "line 3", "4", "line 5", "6"]


def test_lines_written_while_a_stream_was_missing_are_not_lost() -> None:
    reader = Reader(log=True).stream(event(2))
    reader.give(rows(reader.step, 1, 2), line(3), None).waited()
    reader.stream(None).waited()
    reader.give(answer(reader.step, body=state(6).encode()))
    assert "after=3" in str(reader.step.url)
    reader.give(rows(reader.step, 4, 5, 6))
    reader.stream(event(8))
    assert "after=6" in str(reader.step.url)
    reader.give(rows(reader.step, 7, 8), event(9, "completed"))
    assert reader.messages == [None, "line 1", "2", "line 3", "line 5", "6", "line 7", "8", "9"]


def test_an_application_without_a_history_has_no_lines() -> None:
    reader = Reader(log=True).stream(event(2))
    reader.give(answer(reader.step, 404), event(3, "completed"))
    assert reader.messages == [None, "2", "3"]


def test_lines_are_for_those_who_ask() -> None:
    assert Reader().stream(line(1), event(2, "completed")).messages == [None, "2"]


def test_an_end_that_a_stream_told_is_not_undone_by_the_answer_to_a_cancel() -> None:
    """The job stopped while the answer, which says that it is about to, was on its way."""
    reader = Reader()
    cancelling = cancel(Manners(base_url=URL), reader.seen)
    asked: Any = next(cancelling)
    reader.stream(event(3, "cancelled"))
    with pytest.raises(StopIteration) as answered:
        cancelling.send(answer(asked, 202, state(2, "cancelling").encode()))
    assert answered.value.value.status is Status.CANCELLED

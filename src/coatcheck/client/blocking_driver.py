"""Does what flows ask for, blocking."""

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from coatcheck.client.exchange import Receive, Send, Steps, Tell, Wait
from coatcheck.client.job import prepare
from coatcheck.client.reading import MAX_EVENT, is_stream

T = TypeVar("T")


class Driver:
    """Drives flows over connections of `http`."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def run(self, steps: Steps[T]) -> T:
        """What a flow returns that tells nothing meanwhile."""
        try:
            next(self.news(steps))
        except StopIteration as stop:
            value: T = stop.value
            return value
        raise TypeError("This flow has news to tell.")

    def news(self, steps: Steps[T]) -> Generator[Any, None, T]:
        """What a flow tells, as it does."""
        with closing(_Stream()) as stream:
            try:
                step = next(steps)
                while True:
                    if isinstance(step, Tell):
                        yield step.news
                    try:
                        answer = self._perform(step, stream)
                    except httpx2.TransportError as error:
                        step = steps.throw(error)
                    else:
                        step = steps.send(answer)
            except StopIteration as stop:
                returned: T = stop.value
                return returned

    def _perform(self, step: Send | Wait | Receive | Tell, stream: "_Stream") -> httpx2.Response | httpx2.ServerSentEvent | None:
        match step:
            case Wait(seconds):
                stream.close()
                threading.Event().wait(seconds)
            case Receive():
                return stream.receive()
            case Send():
                return self._send(step, stream)
        return None

    def _send(self, step: Send, stream: "_Stream") -> httpx2.Response:
        request, auth = prepare(self._http, step, step.body)
        response = self._http.send(request, auth=auth, follow_redirects=False, stream=True)
        if step.silence is not None and is_stream(response):
            stream.open(response)
            return response
        with closing(response):
            if step.into is not None and response.is_success:
                _write(response, step.into)
            else:
                response.read()
        return response


class _Stream:
    """The stream of events that is listened to, if any."""

    def __init__(self) -> None:
        self._response: httpx2.Response | None = None
        self._events: Iterator[httpx2.ServerSentEvent] = iter(())

    def open(self, response: httpx2.Response) -> None:
        self.close()
        self._response, self._events = response, iter(httpx2.EventSource(response, max_event_size=MAX_EVENT))

    def receive(self) -> httpx2.ServerSentEvent | None:
        return next(self._events, None)

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
        self._response, self._events = None, iter(())


def _write(response: httpx2.Response, into: Path) -> None:
    """The whole body, or nothing of it."""
    part = into.with_name(f"{into.name}.part")
    try:
        with part.open("wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
        part.replace(into)
    finally:
        part.unlink(missing_ok=True)

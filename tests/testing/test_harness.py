"""What is shipped for tests with real servers and real processes."""

import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from coatcheck.testing.harness import coatcheck_process, eventually, free_port, serving, started


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


def test_an_application_answers_on_a_loopback_port_and_has_its_lifespan() -> None:
    lived: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        lived.append("begun")
        yield
        lived.append("ended")

    with serving(Starlette(routes=[Route("/", hello)], lifespan=lifespan)) as url:
        assert url.startswith("http://127.0.0.1:")
        assert httpx2.get(url).text == "hello"
        assert lived == ["begun"]
    assert lived == ["begun", "ended"]


def test_an_application_that_cannot_start_is_not_waited_for() -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        raise OSError("no database")
        yield

    with pytest.raises(RuntimeError, match="did not start"), serving(Starlette(lifespan=lifespan)):
        raise AssertionError("it started")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_that_cannot_even_try_is_not_waited_for() -> None:
    with pytest.raises(RuntimeError, match="did not start"), serving(Starlette(), http="no_such_module:Protocol"):
        raise AssertionError("it started")


def test_a_process_of_ours_gives_its_status_and_its_log() -> None:
    with coatcheck_process("--version") as process:
        assert process.ended() == 0
        assert "0.1.0" in process.log


def test_a_process_that_does_not_end_is_reported_with_its_log_and_killed_at_the_end() -> None:
    program = "import threading; print('here', flush=True); threading.Event().wait()"
    with started([sys.executable, "-c", program], environment={"PYTHONUNBUFFERED": "1"}) as process:
        eventually(lambda: "here" in process.log)
        with pytest.raises(TimeoutError, match="here"):
            process.ended(patience=0.01)
        assert process.status is None
        assert process.children() == []
    assert process.status == -signal.SIGKILL


def test_what_never_comes_true_is_reported_as_it_is() -> None:
    with pytest.raises(TimeoutError, match=r"Still \[\]"):
        eventually(list, patience=0.01)


def test_a_port_is_kept_for_the_servers_that_it_was_asked_for() -> None:
    """Else another test's server, or a client's end of a connection, may have it by the time it is needed."""
    port = free_port()
    with socket.socket() as another, pytest.raises(OSError, match="in use"):
        another.bind(("127.0.0.1", port))
    for _ in range(2):
        with socket.create_server(("127.0.0.1", port)):
            pass

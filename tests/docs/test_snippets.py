"""The code in README.md runs, and does what the text beside it says."""

import ast
import asyncio
import json
import re
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Annotated, Any, NamedTuple

import httpx2
import pytest
from fastapi import Depends

from coatcheck import Accepted
from coatcheck.clock import SystemClock
from coatcheck.context import REPORT_INTERVAL
from coatcheck.testing.harness import eventually, serving

README = Path(__file__).parents[2] / "README.md"
APPLICATION, ROUTE, CLIENT = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
(TRANSCRIPT,) = re.findall(r"^```\n(\$ .*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
SHOWN_MONTH = 7
"""Where the job of the transcript is when it is asked for."""

VARYING = {
    r"[0-9a-f]{8}-(…|[0-9a-f-]{27})": "{id}",
    r"\d{4}-\d\d-\d\dT[\d:.]+Z": "{time}",
    r'(?<="queuePosition":)(\d+|null)': "{position}",  # null where the worker was faster than the answer
    r"(?<=^etag: W/\")\d+": "{revision}",
}


class User(NamedTuple):
    id: str


class Reader:
    """What a reader brings to the snippets: users, and a slow function that waits at a month till it may go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.names: dict[str, Any] = {
            "write_page": self.write_page,
            "User": User,
            "current_user": lambda: User("ada"),
            "Accepted": Accepted,
            "Annotated": Annotated,
            "Depends": Depends,
        }

    async def write_page(self, month: int) -> int:
        if month == SHOWN_MONTH - 1:
            await SystemClock().sleep(2 * REPORT_INTERVAL)  # no page is so quick, and no row is told of before that
        if month == SHOWN_MONTH:
            await asyncio.to_thread(self.go_on.wait)
        return 1

    def run(self, snippet: str) -> None:
        """Run a snippet as at a prompt, where `await` needs no function around it."""
        code = compile(snippet, README, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if (awaited := FunctionType(code, self.names)()) is not None:
            asyncio.run(awaited)

    @contextmanager
    def serving(self) -> Iterator[httpx2.Client]:
        """Serve the application that the snippets made."""
        with serving(self.names["app"]) as url, httpx2.Client(base_url=url, timeout=30) as http:
            try:
                yield http
            finally:
                self.go_on.set()


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A reader in a folder where the application may make its file."""
    monkeypatch.chdir(tmp_path)
    return Reader()


def steady(text: str) -> str:
    """A line without what differs from run to run."""
    for pattern, word in VARYING.items():
        text = re.sub(pattern, word, text)
    return text


def members(body: str) -> list[tuple[str, str]]:
    """Names and values of a JSON text, which may be cut short, in the order they stand in."""
    return re.findall(r'"(\w+)":("[^"]*"|[\w.]+|\{)', steady(body))


def asked(http: httpx2.Client, command: str) -> httpx2.Response:
    """What a `curl -i URL [--json BODY]` gives, once the job is as far as shown."""
    match shlex.split(command.replace("localhost:8000", "")):
        case ["curl", "-i", path, "--json", body]:
            return http.post(path, json=json.loads(body))
        case ["curl", "-i", path]:
            return eventually(lambda: found if f'"current":{SHOWN_MONTH}' in (found := http.get(path)).text else None)
    raise AssertionError(f"not understood: {command}")


def test_the_application_of_the_first_screen_answers_as_written_below_it(reader: Reader) -> None:
    """Status lines, headers and members are those shown; the example leaves some out, and adds none."""
    reader.run(APPLICATION)
    with reader.serving() as http:
        location = ""
        for exchange in re.split(r"^\$ ", TRANSCRIPT, flags=re.MULTILINE)[1:]:
            head, _, body = exchange.strip().partition("\n\n")
            command, status, *headers = head.splitlines()
            answer = asked(http, re.sub(r"/jobs/\S+", location, command))
            location = answer.headers.get("location", "")
            assert f"{answer.http_version} {answer.status_code} {answer.reason_phrase}" == status
            sent = [steady(f"{name}: {value}") for name, value in answer.headers.items()]
            assert set(map(steady, headers)) <= set(sent), sent
            shown = members(body)
            assert shown
            assert [member for member in members(answer.text) if member in shown] == shown, answer.text


def test_a_route_of_ones_own_accepts_for_its_user(reader: Reader) -> None:
    reader.run(APPLICATION)
    reader.run(ROUTE)
    with reader.serving() as http:
        answer = http.post("/me/reports", json={"months": 3})
        assert answer.status_code == 202
        assert answer.headers["location"] == f"/jobs/{answer.json()['jobId']}"
        assert http.get(answer.headers["location"]).status_code == 404, "Ada's, and nobody says here that they are Ada"


def test_the_client_follows_a_report_to_its_result(reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """It asks again when the estimate lets it expect something, so that here it must be short."""
    reader.run(APPLICATION.replace("2-3 minutes", "1 second"))
    reader.go_on.set()
    with reader.serving() as http:
        reader.run(CLIENT.replace("http://localhost:8000", str(http.base_url)))
    assert capsys.readouterr().out.endswith("100\n")
    assert reader.names["report"] == {"pages": 12}

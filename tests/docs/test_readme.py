"""The code in README.md runs, and does what the text beside it says."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
from fastapi import Depends

from coatcheck import Accepted
from coatcheck.clock import SystemClock
from coatcheck.context import REPORT_INTERVAL
from tests.docs.pages import snippets
from tests.docs.reader import Reader
from tests.docs.transcript import exchanges, replay

APPLICATION, ROUTE, CLIENT = [snippet.text for snippet in snippets("README.md") if snippet.language == "python"]
(TRANSCRIPT,) = [snippet.text for snippet in snippets("README.md") if snippet.is_transcript]
SHOWN_MONTH = 7
"""Where the job of the transcript is when it is asked for."""


class User(NamedTuple):
    id: str


class Author:
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


@pytest.fixture
def author() -> Author:
    return Author()


@pytest.fixture
def reader(author: Author, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """A reader in a folder where the application may make its file."""
    monkeypatch.chdir(tmp_path)
    with Reader.of("README.md", tmp_path, author.names) as reader:
        try:
            yield reader
        finally:
            author.go_on.set()


def test_the_application_of_the_first_screen_answers_as_written_below_it(reader: Reader) -> None:
    """Status lines, headers and members are those shown; the example leaves some out, and adds none."""
    reader.run(APPLICATION)
    assert len(list(exchanges(TRANSCRIPT))) == 2
    replay(reader.http, TRANSCRIPT)


def test_a_route_of_ones_own_accepts_for_its_user(reader: Reader) -> None:
    reader.run(APPLICATION)
    reader.run(ROUTE)
    answer = reader.http.post("/me/reports", json={"months": 3})
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/jobs/{answer.json()['jobId']}"
    assert reader.http.get(answer.headers["location"]).status_code == 404, "Ada's, and nobody says here that they are Ada"


def test_the_client_follows_a_report_to_its_result(reader: Reader, author: Author, capsys: pytest.CaptureFixture[str]) -> None:
    """It asks again when the estimate lets it expect something, so that here it must be short."""
    reader.run(APPLICATION.replace("2-3 minutes", "1 second"))
    author.go_on.set()
    reader.run(CLIENT)
    assert capsys.readouterr().out.endswith("100\n")
    assert reader.names["report"] == {"pages": 12}

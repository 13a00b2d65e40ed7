"""The tutorial happens as it is told."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from coatcheck.context import REPORT_INTERVAL
from coatcheck.testing.harness import coatcheck_process, eventually, free_port
from tests.docs.pages import snippets
from tests.docs.reader import Reader

PAGE = "docs/tutorial.md"
SHOWN_MONTH = 5
"""How far a job has come wherever the page shows one that runs."""
HOURS_OF_WORK = re.compile(r"\S+(?=  # stands for whatever takes long)")

GATE = f"""
import os
import threading

def pace(month):
    if month == {SHOWN_MONTH}:
        threading.Event().wait({2 * REPORT_INTERVAL})
    if month == {SHOWN_MONTH + 1} and os.path.exists("gate"):
        open("gate").read()
"""
"""A stand-in for hours of work in another process: the sixth month waits for somebody to open the gate, a FIFO."""


class Pace:
    """A stand-in for hours of work: the sixth month waits until the page has shown what it shows."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(self, month: int) -> None:
        if month == SHOWN_MONTH:
            threading.Event().wait(2 * REPORT_INTERVAL)  # no month is so quick, and it would not be told of before that
        if month > SHOWN_MONTH:
            self.go_on.wait()


@pytest.fixture
def pace() -> Iterator[Pace]:
    pace = Pace()
    yield pace
    pace.go_on.set()


def test_every_command_gives_what_the_page_shows(pace: Pace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job runs on as soon as the page shows nothing more of it half-way."""
    monkeypatch.chdir(tmp_path)
    with ExitStack() as terminal:
        for snippet in snippets(PAGE):
            if snippet.language == "python":
                terminal.close()
                reader = terminal.enter_context(Reader.of(PAGE, tmp_path, {"pace": pace}))
                reader.run(HOURS_OF_WORK.sub("pace(month)", snippet.text))
            elif snippet.is_transcript and snippet.not_run is None:
                half_way = "--json" in snippet.text or '"running"' in snippet.text
                (pace.go_on.clear if half_way else pace.go_on.set)()
                reader.read(snippet)


def test_a_report_survives_the_death_of_its_worker(tmp_path: Path) -> None:
    """It goes on with the month that was under way, as the page shows."""
    *_, application = [snippet.text for snippet in snippets(PAGE) if snippet.language == "python"]
    (tmp_path / "report.py").write_text(HOURS_OF_WORK.sub("pace(month)", application).replace("\njobs =", GATE + "\njobs =", 1), "utf-8")
    (tmp_path / "price.txt").write_text("9.90", "utf-8")
    os.mkfifo(tmp_path / "gate")
    port = free_port()
    at = {"COATCHECK_URL": f"http://127.0.0.1:{port}"}
    with (
        coatcheck_process("serve", "report:app", "--port", str(port), directory=tmp_path) as service,
        httpx2.Client(base_url=at["COATCHECK_URL"], timeout=30) as http,
    ):
        eventually(lambda: _answers(http))
        with coatcheck_process("submit", "/reports", '{"months": 12}', "--wait", environment=at) as watcher:
            eventually(lambda: f"{SHOWN_MONTH}/12" in watcher.log)
            (worker,) = [pid for pid in service.children() if b"_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
            os.kill(worker, signal.SIGKILL)
            (tmp_path / "gate").unlink()
            assert watcher.ended() == 0
            printed = watcher.log
        shown = {line for snippet in snippets(PAGE) for line in snippet.text.splitlines() if line.endswith("/12 month")}
        assert len(shown) == 4
        assert shown - set(printed.splitlines()) <= {"running 0% 0/12 month", "queued 41% 5/12 month"}  # these go by quickly
        job = http.get("/jobs").json()["items"][0]
        assert job["attempt"] == 2
        assert [line.split(",")[0] for line in http.get(job["resultUrl"]).text.splitlines()] == ["month", *map(str, range(1, 13))]


def _answers(http: httpx2.Client) -> bool:
    try:
        return http.get("/readyz").is_success
    except httpx2.TransportError:
        return False

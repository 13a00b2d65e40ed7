import json
import os
from pathlib import Path
from subprocess import Popen

import pytest

from coatcheck.cli.exit import Exit
from tests.cli.conftest import Coatcheck
from tests.cli.running import TOKEN, Running, command
from tests.cli.test_jobs import read, started


@pytest.mark.parametrize("way", [[], ["--interval", "0.05"]], ids=["told by the server", "looking"])
def test_a_job_is_shown_with_what_its_runs_log(customer: Coatcheck, way: list[str]) -> None:
    """Each line once, whether it was written before or after somebody watched; a second attempt says that it is one."""
    job = customer("submit", "/notes").out.strip()
    shown = customer("watch", job, *way).out.splitlines()
    assert next(line for line in shown if line.startswith("  ")) == "  attempt 1"
    assert sum("nearly" in line for line in shown) == 1
    assert shown[-1] == "completed 100%"
    assert "running" not in shown[shown.index("  attempt 1") + 1 :]


def test_each_line_of_json_is_a_state_or_a_log_line(customer: Coatcheck) -> None:
    job = customer("submit", "/notes", "--wait", "--json")
    said = [json.loads(line) for line in job.out.splitlines()]
    assert [line["message"] for line in said if "jobId" not in line] == ["attempt 1", "attempt 2", "[b]nearly[/b] done"]
    assert said[-1]["status"] == "completed"


def test_watch_is_told_by_the_server(customer: Coatcheck, server: Running, folder: Path, tmp_path: Path) -> None:
    """It asks for the job once, and learns the rest from the stream."""
    job, gate = started(customer, tmp_path)
    with Popen(command("watch", job, "--token", TOKEN, "--url", server.url), cwd=folder, stdout=-1, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("running")
        gate.touch()
        assert watching.stdout.readlines()[-1] == "completed 100% at the gate\n"
    assert watching.returncode == Exit.OK


def test_a_terminal_shows_log_lines_above_the_bar(customer: Coatcheck, server: Running, folder: Path) -> None:
    job = customer("submit", "/notes").out.strip()
    ours, theirs = os.openpty()
    arguments = command("watch", job, "--token", TOKEN, "--url", server.url)
    with Popen(arguments, cwd=folder, stdout=theirs, env=os.environ | {"TERM": "xterm", "COLUMNS": "120"}) as watching:
        os.close(theirs)
        shown = b"".join(iter(lambda: read(ours), b"")).decode()
    os.close(ours)
    assert watching.returncode == Exit.OK
    assert "[b]nearly[/b] done" in shown

"""The JavaScript client: what is built of its sources, its own tests, and a server that is killed under it."""

import filecmp
import json
import os
import shutil
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.javascript.conftest import HERE, PACKAGE
from tests.openapi import node
from tests.restarted import Restarted


def run(program: Path, *arguments: str | Path, **environment: str) -> str:
    ran = subprocess.run([program, *arguments], env=os.environ | environment, capture_output=True, text=True, check=False, timeout=100)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_streams_are_read_however_they_come(program: Path) -> None:
    run(program, "--test", PACKAGE / "test" / "streams.test.mjs")


def test_it_speaks_with_an_application(program: Path, service: Restarted) -> None:
    run(program, "--test", PACKAGE / "test" / "application.test.mjs", COATCHECK_URL=service.url)


def test_nothing_is_lost_or_told_twice_when_the_server_is_killed(program: Path, service: Restarted, tmp_path: Path) -> None:
    """The worker goes on meanwhile: what happened then is told, too, once the server is back."""
    accepted = httpx2.post(
        f"{service.url}/tick", json={"folder": str(tmp_path), "steps": 6}, headers={"Authorization": "Bearer adas-token"}
    )
    url = service.url + accepted.headers["location"]
    with subprocess.Popen([program, HERE / "follow.mjs", url], stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        told = []

        def until(message: str) -> None:
            while message not in (news := following.stdout.readline()):  # type: ignore[union-attr]
                assert news
                told.append(json.loads(news))
            told.append(json.loads(news))

        for step in (1, 2):
            (tmp_path / str(step)).touch()
            until(f'"step {step}"')
        service.kill()
        for step in (3, 4):
            (tmp_path / str(step)).touch()
        service.start()
        until('"step 4"')
        for step in (5, 6):
            (tmp_path / str(step)).touch()
        told += map(json.loads, following.stdout)
    lines = [news["message"] for news in told if "jobId" not in news]
    assert lines == [f"step {step}" for step in range(1, 7)]
    steps = [news["progressDetail"]["current"] for news in told if news.get("progressDetail")]
    assert steps == sorted(steps)
    assert (told[-1]["status"], told[-1]["result"]) == ("completed", 6)


@pytest.mark.timeout(600)  # the first time, the compiler has to be fetched
def test_what_is_shipped_is_what_the_sources_say(program: Path, tmp_path: Path) -> None:
    project = tmp_path / "js"
    shutil.copytree(PACKAGE, tmp_path / "sources" / "coatcheck-js", ignore=shutil.ignore_patterns("node_modules", "dist", "test"))
    node.installed(tmp_path / "sources" / "coatcheck-js", project)
    run(program, project / "node_modules" / "typescript" / "bin" / "tsc", "--project", project)
    built, shipped = (sorted(path.name for path in (folder / "dist").iterdir()) for folder in (project, PACKAGE))
    assert built == shipped
    assert filecmp.cmpfiles(project / "dist", PACKAGE / "dist", built, shallow=False)[1:] == ([], [])
    assert filecmp.cmp(PACKAGE / "LICENSE", PACKAGE.parents[1] / "LICENSE", shallow=False)

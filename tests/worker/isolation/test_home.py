"""Finding an application again: in a module, a script, a package; and what is said where it cannot be found."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coatcheck import Coatcheck
from coatcheck.errors import ConfigurationError
from coatcheck.testing.harness import Process, eventually, started
from coatcheck.worker.isolation.home import home_of
from tests.faults.site import gone

APPLICATION = """
import asyncio, os, sys
from coatcheck import Coatcheck, Job

jobs = Coatcheck()

@jobs.operation("/where", isolation="process")
def where(job: Job) -> list:
    return [where.__module__, job.attempt, os.getppid()]
"""
MAIN = """
async def main():
    async with jobs.lifespan():
        print("ran in", await (await where.submit()).result(), "of", os.getpid())

if __name__ == "__main__":
    asyncio.run(main())
"""
INSIDE = APPLICATION.replace("jobs = Coatcheck()", "def make(jobs):").replace("@jobs", " @jobs").replace("def where", " def where")


def run(directory: Path, *arguments: str) -> tuple[int, str]:
    """Run Python in a directory: its exit status, and what it wrote."""
    with started([sys.executable, *arguments], directory=directory, environment={"COATCHECK_STORE": "sqlite:///jobs.db"}) as process:
        return process.ended(), process.log


def test_an_application_in_a_script_is_found(tmp_path: Path) -> None:
    """As `python app.py`; its own main part is not run again."""
    (tmp_path / "app.py").write_text(APPLICATION + MAIN)
    status, log = run(tmp_path, "app.py")
    assert (status, log.count("ran in")) == (0, 1), log
    assert "'__mp_main__', 1" in log


def test_an_application_in_a_script_elsewhere_is_found(tmp_path: Path) -> None:
    """With the modules beside it, from whatever directory it is started."""
    (tmp_path / "beside.py").write_text("BESIDE = 1")
    (tmp_path / "app.py").write_text(APPLICATION + "from beside import BESIDE\n" + MAIN)
    (tmp_path / "elsewhere").mkdir()
    status, log = run(tmp_path / "elsewhere", "../app.py")
    assert (status, "__mp_main__" in log) == (0, True), log


@pytest.mark.parametrize(("file", "module"), [("part.py", "package.part"), ("__main__.py", "package")])
def test_an_application_in_a_module_that_is_run_is_found(tmp_path: Path, file: str, module: str) -> None:
    """As `python -m package.part`, with relative imports."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "beside.py").write_text("BESIDE = 1")
    (tmp_path / "package" / file).write_text(APPLICATION + "from .beside import BESIDE\n" + MAIN)
    status, log = run(tmp_path, "-m", module)
    assert (status, log.count("ran in")) == (0, 1), log
    assert "__mp_main__" in log


def test_a_script_that_only_uses_an_application_is_not_run_again(tmp_path: Path) -> None:
    """It may have no `if __name__ == "__main__":`."""
    (tmp_path / "app.py").write_text(APPLICATION)
    (tmp_path / "use.py").write_text("from app import jobs, where, asyncio, os\n" + MAIN.replace('if __name__ == "__main__"', "if True"))
    status, log = run(tmp_path, "use.py")
    assert (status, log.count("ran in")) == (0, 1), log
    assert "'app', 1" in log


def test_a_module_of_the_same_name_as_one_of_pythons_is_not_in_the_way(tmp_path: Path) -> None:
    """The current directory comes first for what the application imports, and not for what we do."""
    (tmp_path / "app.py").write_text(APPLICATION + MAIN)
    (tmp_path / "selectors.py").write_text("raise RuntimeError('not this one')")
    command = "import coatcheck.app, sys\nsys.path.insert(0, '')\nfrom app import *\nasyncio.run(main())"  # as the command line does it
    status, log = run(tmp_path, "-P", "-c", command)
    assert (status, log.count("ran in")) == (0, 1), log


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            INSIDE + "    return where\njobs = [Coatcheck()]\nwhere = make(*jobs)\njobs, = jobs\nvars()['keep'], jobs = [jobs], None\n"
            "jobs = None\nasyncio.run(run(keep[0]))",
            "isolation='process' needs the Coatcheck object at the top of a module",
        ),
        (
            APPLICATION + "if os.path.exists('again'): raise LookupError('imported twice')\nopen('again', 'w')\n" + MAIN,
            "The application cannot be imported again for isolation='process': LookupError: imported twice",
        ),
        (
            APPLICATION + "if os.path.exists('again'): sys.exit(7)\nopen('again', 'w')\n" + MAIN,
            "ended with status 7; its output above says why",
        ),
        (
            APPLICATION.replace("@jobs.operation", "if __name__ == '__main__':\n @jobs.operation")
            .replace("def where", " def where")
            .replace("    return [where", "     return [where")
            + MAIN,
            "ConfigurationError: There is no operation where; there are none.",
        ),
    ],
    ids=["not at the top", "raises the second time", "exits the second time", "registered by running alone"],
)
def test_an_application_that_cannot_be_found_is_told_at_the_start(tmp_path: Path, source: str, said: str) -> None:
    helper = "\nasync def run(jobs):\n    async with jobs.lifespan(): pass\n"
    (tmp_path / "app.py").write_text(
        source.replace("from coatcheck import Coatcheck, Job\n", "from coatcheck import Coatcheck, Job\n" + helper)
    )
    status, log = run(tmp_path, "app.py")
    assert (status, "ConfigurationError" in log, said in log) == (1, True, True), log


def test_an_application_in_a_console_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Console:
        __spec__ = None

        def __init__(self, jobs: object) -> None:
            self.jobs = jobs

    jobs = Coatcheck()
    monkeypatch.setitem(sys.modules, "__main__", Console(jobs))
    with pytest.raises(ConfigurationError, match="not in a console"):
        home_of(jobs, [])


# When the program ends ----------------------------------------------------------------------------------------------

HOLDING = (
    APPLICATION
    + """
import subprocess, threading

@jobs.operation("/hold", isolation="process")
def hold(job: Job) -> bool:
    daemons = [subprocess.Popen(["sleep", "600"], start_new_session=True) for _ in range(30)]
    with open("new", "w") as pids:
        pids.write(" ".join(map(str, [os.getpid(), os.getppid(), *(daemon.pid for daemon in daemons)])))
    os.rename("new", "pids")
    while not job.stopping:
        threading.Event().wait(0.01)
    return job.cancelled

async def main():
    jobs.telemetry.subscribe(lambda event, _: print(event))
    async with jobs.lifespan():
        await (await hold.submit()).result()

if __name__ == "__main__":
    asyncio.run(main())
"""
)


@contextmanager
def holding(directory: Path) -> Iterator[tuple[Process, list[int]]]:
    """A program in a session of its own, as from a terminal, whose job holds on; and what is not to outlive it."""
    (directory / "app.py").write_text(HOLDING)
    command = ["setsid", sys.executable, "app.py"]
    with started(command, directory=directory, environment={"COATCHECK_STORE": "sqlite:///jobs.db"}) as process:
        eventually((directory / "pids").exists)
        yield process, [int(pid) for pid in (directory / "pids").read_text().split()]


def test_a_killed_program_takes_all_along_that_its_jobs_have_started(tmp_path: Path) -> None:
    """The job's process, its daemons and their fork server, though there is no supervisor above it.

    The fork server sees its line end, and while it ends what is left, it is told by signal as well.
    """
    with holding(tmp_path) as (process, pids):
        process.kill()
        eventually(lambda: all(gone(pid) for pid in pids))


def test_ctrl_c_is_for_the_program_to_hear(tmp_path: Path) -> None:
    """It lets its jobs come to their end."""
    with holding(tmp_path) as (process, pids):
        os.killpg(process.pid, signal.SIGINT)
        process.ended()
        assert "job.completed" in process.log
        assert all(gone(pid) for pid in pids)


def test_a_fork_server_that_is_still_importing_ends_with_its_program(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        APPLICATION
        + "import threading\nif __name__ == '__mp_main__':\n    open('pid', 'w').write(str(os.getpid()))\n"
        + "    threading.Event().wait()\n"
        + MAIN
    )
    with started([sys.executable, "app.py"], directory=tmp_path, environment={"COATCHECK_STORE": "sqlite:///jobs.db"}) as process:
        pid = int(eventually(lambda: (tmp_path / "pid").read_text() if (tmp_path / "pid").exists() else None))
        process.kill()
        eventually(lambda: gone(pid))

import subprocess
import sys

import pytest

from coatcheck.cli.command import COMMANDS
from coatcheck.cli.exit import Exit
from tests.cli.conftest import Coatcheck


def test_help_lists_the_commands_and_what_each_exit_status_means(coatcheck: Coatcheck) -> None:
    shown = coatcheck("--help")
    assert shown.status == Exit.OK
    listed = [line.split()[0] for line in shown.out.split("Commands:")[1].split("Exit status:")[0].splitlines() if line.strip()]
    assert listed == list(COMMANDS)
    for status in Exit:
        assert f"{status.value}  {status.meaning}" in shown.out


def test_every_command_explains_itself(coatcheck: Coatcheck) -> None:
    for name in COMMANDS:
        shown = coatcheck(name, "--help")
        assert shown.status == Exit.OK
        assert shown.out.startswith(f"Usage: coatcheck {name}")
        assert "\\b" not in shown.out, "the mark that keeps lines apart is shown instead of obeyed"


def test_help_imports_nothing_slow() -> None:
    """Server, client, store and rich are imported by the commands that need them, once they run."""
    script = """
import sys
from coatcheck.cli.command import run
run(["--help"])
slow = {"apsw", "asyncio", "fastapi", "httpx2", "pydantic", "rich", "starlette", "uvicorn"} & set(sys.modules)
sys.exit(f"imported {slow}" if slow else 0)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_error_of_our_own_is_told_apart_from_a_failed_job(coatcheck: Coatcheck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coatcheck.cli.examination.examine_machine", lambda: 1 / 0)
    broken = coatcheck("doctor")
    assert broken.status == Exit.BUG
    assert "ZeroDivisionError" in broken.err

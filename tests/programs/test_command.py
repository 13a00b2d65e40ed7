"""What `job.run` refuses before anything is started."""

from pathlib import Path
from typing import Any

import pytest

from coatcheck.programs.command import Command


def command(arguments: Any, **options: Any) -> Command:
    return Command.of(arguments, **{"cwd": None, "env": None, "input": None, "timeout": None} | options)


@pytest.mark.parametrize("arguments", ["ffmpeg -i a.mov", b"ffmpeg", Path("ffmpeg")])
def test_one_string_is_no_command(arguments: Any) -> None:
    with pytest.raises(TypeError, match=r"\['ffmpeg', '-i', source\].*\['sh', '-c', script\]"):
        command(arguments)


def test_nothing_is_no_command() -> None:
    with pytest.raises(ValueError, match="name the program"):
        command([])


def test_a_number_is_no_argument() -> None:
    with pytest.raises(TypeError, match="int"):
        command(["sleep", 1])


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_timeout_is_a_number_of_seconds(timeout: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        command(["true"], timeout=timeout)


def test_a_program_is_called_by_its_last_name() -> None:
    assert command([Path("/usr/bin/ffmpeg"), "--key", "secret"]).name == "ffmpeg"

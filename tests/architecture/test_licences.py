"""The check of licences lets through what asks for a notice, and nothing else."""

import pytest

from scripts.licences import allowed, main, used


@pytest.mark.parametrize(
    "expression", ["MIT", "Apache-2.0 AND MIT", "GPL-3.0-only OR MIT", "(MIT OR GPL-2.0-only) AND BSD-3-Clause", "any-OSI"]
)
def test_a_permissive_licence_passes(expression: str) -> None:
    assert allowed(expression)


@pytest.mark.parametrize(
    "expression", ["GPL-3.0-only", "LGPL-3.0-only", "MIT AND GPL-3.0-only", "AGPL-3.0-only OR GPL-2.0-only", "unknown", ""]
)
def test_any_other_does_not(expression: str) -> None:
    assert not allowed(expression)


def test_direct_and_indirect_requirements_of_all_extras_are_looked_at() -> None:
    names = {name for name, _ in used("coatcheck")}
    assert {"apsw", "starlette", "anyio", "fastapi", "pydantic", "uvicorn", "h11"} <= names


def test_every_licence_in_use_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().out

"""The pages of the reference say what the code says."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from msgspec.structs import fields as members

from coatcheck.cli.command import COMMANDS
from coatcheck.domain.state import Status
from coatcheck.operations.policy import Policy
from coatcheck.settings import Settings
from coatcheck.wire.problems import KINDS
from coatcheck.wire.representation import Representation
from coatcheck.wire.style import HttpStyle
from scripts.reference.pages import DOCS, PAGES, renewed
from scripts.reference.routes import openapi

CONTRACT = (DOCS / "contract.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_made_from_the_code_is_up_to_date(page: Path) -> None:
    """`python -m scripts.reference --write` brings the page up to date."""
    assert page.read_text("utf-8") == renewed(page)


def test_nothing_is_left_out_of_what_is_made() -> None:
    """Each setting, member and kind has its sentence in the code, each command its section, each part of a style its row."""
    assert named("settings.md", r"^### `(\w+)`$") == {field.name for field in fields(Settings)}
    assert named("policy.md", r"^### `(\w+)`$") == set(Policy.__annotations__)
    assert named("styles.md", r"^\| `(\w+)` \|") == {field.name for field in fields(HttpStyle)}
    assert named("problems.md", r"^## `([\w-]+)`$") == set(KINDS)
    assert named("cli.md", r"^## `coatcheck (\w+)`$") == set(COMMANDS)


def test_the_contract_names_the_members_of_the_representation_and_no_others() -> None:
    (section,) = re.findall(r"^## The representation\n(.*?)^## ", CONTRACT, re.DOTALL | re.MULTILINE)
    named = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert named == [member.encode_name for member in members(Representation)]
    (statuses,) = re.findall(r"^\| `status` \| (.*?) \(", section, re.MULTILINE)
    assert re.findall(r"`(\w+)`", statuses) == list(Status)


def test_the_kinds_of_problems_that_the_contract_names_have_their_status() -> None:
    """Wherever it says `**409** `kind``."""
    said = re.findall(r"\*\*(\d{3})\*\*\s`([a-z-]+)`", prose())
    assert len(said) > 5
    assert {(int(status), kind) for status, kind in said} <= {(kind.status, name) for name, kind in KINDS.items()}
    assert set(re.findall(r"`([a-z]+-[a-z-]+)`", prose())) <= set(KINDS)


def test_the_statuses_that_the_contract_names_are_answered() -> None:
    """Those that its words name are in the OpenAPI document; 405 is every route's, and in none."""
    answered = {
        int(status)
        for methods in openapi()["paths"].values()
        for told in methods.values()
        for status in told["responses"]
        if status.isdigit()
    }
    assert {int(status) for status in re.findall(r"\*\*(\d{3})\*\*", prose())} <= answered | {405}


def named(page: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (DOCS / page).read_text("utf-8"), re.MULTILINE))


def prose() -> str:
    """The part of the contract that people wrote."""
    return CONTRACT.partition("<!-- begin")[0]

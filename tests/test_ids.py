"""Ids of jobs."""

import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.ids import (
    is_endpoint_id,
    is_job_id,
    is_message_id,
    new_endpoint_id,
    new_job_id,
    new_message_id,
)

GOOD = "0190d5c8-7e2a-7cc1-9d4e-0a1b2c3d4e5f"


def test_a_job_id_is_a_uuid_of_version_7_in_its_canonical_form() -> None:
    job_id = new_job_id()
    assert is_job_id(job_id)
    assert str(uuid.UUID(job_id)) == job_id
    assert (uuid.UUID(job_id).version, uuid.UUID(job_id).variant) == (7, uuid.RFC_4122)


@pytest.mark.parametrize(
    ("new", "known", "prefix"),
    [(new_endpoint_id, is_endpoint_id, "ep_"), (new_message_id, is_message_id, "msg_")],
    ids=["endpoint", "message"],
)
def test_ids_of_webhooks_are_random_and_know_each_other_by_their_form(
    new: Callable[[], str], known: Callable[[str], bool], prefix: str
) -> None:
    """A message's id has no full stop, which ends it in what is signed."""
    made = {new() for _ in range(1000)}
    assert len(made) == 1000
    assert all(known(each) and each.startswith(prefix) for each in made)
    good = made.pop()
    for bad in ("", good[:-1], good + "0", good.upper(), good + "\n", GOOD, good.replace("_", "-"), f"{good[:-1]}."):
        assert not known(bad)


def test_job_ids_are_new_and_in_order() -> None:
    ids = [new_job_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD + "\n",
        " " + GOOD,
        GOOD.upper(),
        GOOD.replace("-", ""),
        "{" + GOOD + "}",
        GOOD.replace("-7cc1-", "-4cc1-"),
        GOOD.replace("-9d4e-", "-cd4e-"),
        GOOD.replace("0", "٠"),
        GOOD[:-1] + "\0",
        "../../etc/passwd",
        "%2e%2e%2f",
        "' OR 1=1 --",
        "%",
        "0" * 1_000_000,
    ],
)
def test_what_is_not_exactly_an_id_is_none(text: str) -> None:
    """F58: ids that are too long, encoded, look alike or aim at paths and SQL never reach a look-up."""
    assert is_job_id(GOOD)
    assert not is_job_id(text)


@given(st.text())
def test_no_other_text_passes_for_an_id(text: str) -> None:
    assert not is_job_id(text)

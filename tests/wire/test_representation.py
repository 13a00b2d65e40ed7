from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.domain.state import Status
from coatcheck.wire.representation import Link, Representation, moment

_MINIMAL = {"jobId": "j", "operation": "o", "status": "queued", "createdAt": "2024-01-01T00:00:00Z", "statusUrl": "/jobs/j"}


def test_a_representation_is_camel_case_with_null_for_what_is_absent() -> None:
    written = msgspec.json.decode(msgspec.json.encode(msgspec.convert(_MINIMAL, Representation)))
    assert written.items() >= _MINIMAL.items()
    assert written["percentComplete"] is None
    assert written["result"] is None
    assert written["_links"] == {}


def test_a_representation_comes_back_with_its_result_as_it_was() -> None:
    representation = Representation(
        job_id="j",
        operation="o",
        status=Status.COMPLETED,
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
        result=msgspec.Raw(b'{"a": [1,  2]}'),
        status_url="/jobs/j",
        links={"self": Link("/jobs/j")},
    )
    text = msgspec.json.encode(representation)
    assert b'"result":{"a": [1,  2]}' in text
    assert msgspec.json.decode(text, type=Representation) == representation


def test_a_member_of_a_later_release_is_passed_over() -> None:
    """F28: old clients and new servers understand each other."""
    assert msgspec.convert(_MINIMAL | {"later": 1}, Representation).job_id == "j"


def test_whole_numbers_stay_whole_on_the_way_through_a_client() -> None:
    detail = {"current": 3, "total": 4.5, "unit": "row"}
    text = msgspec.json.encode(msgspec.convert(_MINIMAL | {"progressDetail": detail}, Representation))
    assert b'"progressDetail":{"current":3,"total":4.5,"unit":"row"}' in text


@given(st.floats(0, 4e9))
def test_a_moment_is_utc(seconds: float) -> None:
    found = moment(seconds)
    assert found is not None
    assert found.tzinfo is UTC
    assert abs(found.timestamp() - seconds) < 1e-5


def test_no_moment_is_none() -> None:
    assert moment(None) is None

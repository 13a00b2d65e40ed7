"""A style that cannot work, or would not tell the truth, is refused when it is made; any other can be read back."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.domain.state import Status
from coatcheck.errors import ConfigurationError
from coatcheck.wire.representation import Link, Representation
from coatcheck.wire.style import MEMBERS, NATIVE, HttpStyle
from coatcheck.wire.styling import styled, unstyled

PROCESSING = {"queued": "processing", "running": "processing", "cancelling": "processing"}
NULLABLE = [member for member in MEMBERS if member not in ("jobId", "status", "statusUrl")]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"pending_status": 204}, "pending_status=204 can be 200 or 202"),
        ({"completed": "inline"}, "completed='inline' can be 'status' or 'redirect' or 'body'"),
        ({"error": "text"}, "error='text' can be"),
        ({"links": "list"}, "links='list' can be"),
        ({"inline_limit": -1}, "inline_limit=-1 can be 0 to"),
        ({"inline_limit": 2**30}, "can be 0 to 10485760 bytes"),
        ({"members": {"id": "jobId"}}, "members: there is no 'id'; there are jobId, operation"),
        ({"members": {"jobId": "status"}}, "two values the name 'status'"),
        ({"members": {"jobId": ("id", "id")}}, "two values the name 'id'"),
        ({"members": {"jobId": "x", "operation": "x"}}, "two values the name 'x'"),
        ({"members": {"jobId": ()}}, "use only="),
        ({"members": {"jobId": ""}}, "not empty"),
        ({"only": ["status", "nonsense"]}, "only: there is no 'nonsense'"),
        ({"only": ["jobId"]}, "would hide how a job stands"),
        ({"statuses": {"done": "completed"}}, "statuses: there is no 'done'"),
        ({"statuses": {"running": ""}}, "not empty"),
        ({"statuses": {"running": "completed"}}, "'completed' would not tell how a job ended, or whether"),
        ({"statuses": {"completed": "done", "failed": "done"}}, "'done' would not tell"),
        ({"statuses": {"cancelled": "x", "cancelling": "x"}}, "'x' would not tell"),
        ({"statuses": {"completed": "running", "running": "busy"}}, "'running' would not tell"),
        ({"segments": {"self": "me"}}, "segments: there is no 'self'; there are result, events, retry"),
        ({"segments": {"events": "result"}}, "two URLs to one place"),
        ({"segments": {"events": "a/b"}}, "segments are letters, digits"),
        ({"json_types": ()}, "would take no request"),
        ({"json_types": ["json"]}, "type/subtype"),
        ({"json_types": ["Application/JSON"]}, "lower case"),
        ({"webhook_body": "data"}, "webhook_body='data' can be 'event' or 'representation'"),
        ({"retry_after": (0, 5)}, "retry_after=(0, 5)"),
        ({"retry_after": (6, 5)}, "retry_after=(6, 5)"),
        ({"retry_after": (1, 10**6)}, "retry_after="),
    ],
)
def test_a_style_that_cannot_work_is_refused(members: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        HttpStyle(**members)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"statuses": PROCESSING},
        {"statuses": {"cancelled": "failed"}},
        {"statuses": {"running": "queued"}},
        {"members": {"jobId": ("jobId", "id")}},
        {"members": {"operation": "status", "status": "state"}},
        {"members": {"operation": "jobId"}, "only": ["status", "operation"]},
        {"json_types": ["", "*/*"]},
    ],
)
def test_a_style_that_tells_the_truth_is_taken(members: dict[str, Any]) -> None:
    assert HttpStyle(**members) == HttpStyle(**members)


def test_a_style_cannot_be_changed_afterwards() -> None:
    names = {"jobId": "id"}
    style = HttpStyle(members=names)
    names["operation"] = "id"
    assert style.names("operation") == ("operation",)
    with pytest.raises(TypeError):
        style.members["operation"] = "id"  # type: ignore[index]


def test_our_own_style_leaves_a_representation_as_it_is() -> None:
    representation = Representation(job_id="1", status=Status.QUEUED, status_url="/jobs/1")
    assert styled(representation, NATIVE) is representation


STYLES = st.builds(
    HttpStyle,
    members=st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from([("x",), ("x", "y")]), max_size=1),
    only=st.none() | st.sets(st.sampled_from(NULLABLE)).map(lambda names: {*names, "jobId", "status", "statusUrl"}),
    omit_null=st.booleans(),
    statuses=st.sampled_from([{}, PROCESSING, {"completed": "done"}, {"failed": "error", "cancelled": "stopped"}]),
    links=st.sampled_from(["map", "array"]),
    segments=st.sampled_from([{}, {"events": "progress", "result": "results"}]),
)


@given(STYLES, st.sampled_from(Status))
def test_what_is_sent_in_a_style_is_read_in_it(style: HttpStyle, status: Status) -> None:
    """All that is shown, and the status as far as its name tells."""
    links = {"self": Link("/jobs/1"), "events": Link("/jobs/1/events"), "result": Link("/jobs/1/result", "GET")}
    sent = Representation(
        job_id="1",
        operation="echo",
        status=status,
        percent_complete=40,
        message="half",
        error={"title": "x"},
        status_url="/jobs/1",
        links=links,
    )
    read = unstyled(msgspec.json.encode(styled(sent, style)), style, {})
    assert style.status(read.status) == style.status(status)
    for attribute, member in zip(Representation.__struct_fields__, MEMBERS, strict=True):
        if style.names(member) and attribute not in ("status", "result"):
            assert getattr(read, attribute) == getattr(sent, attribute), attribute


def test_a_sentence_is_read_as_an_error() -> None:
    style = HttpStyle(error="message", only=["status", "error"])
    sent = Representation(job_id="1", status=Status.FAILED, status_url="/jobs/1", error={"title": "Broken", "detail": "no such month"})
    text = msgspec.json.encode(styled(sent, style))
    assert text == b'{"status":"failed","error":"no such month"}'
    read = unstyled(text, style, {"jobId": "1", "statusUrl": "/jobs/1"})
    assert (read.job_id, read.status, read.error) == ("1", Status.FAILED, {"title": "no such month", "detail": "no such month"})


@pytest.mark.parametrize("text", [b"", b"[]", b'{"id": 1}', b'{"status": "asleep"}', b'{"status": 1}', b'{"status":"failed","_links":[1]}'])
def test_what_is_no_representation_in_a_style_is_a_value_error(text: bytes) -> None:
    style = HttpStyle(only=["status", "_links"], links="array")
    with pytest.raises(ValueError):
        unstyled(text, style, {"jobId": "1", "statusUrl": "/jobs/1"})

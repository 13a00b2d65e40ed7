"""Whether a webhook is genuine; the signatures are made by the official package."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Request as FlaskRequest
from standardwebhooks import Webhook
from starlette.datastructures import Headers as StarletteHeaders
from werkzeug.test import EnvironBuilder

from coatcheck.client.webhooks import Message, Unverified, verify
from coatcheck.domain.state import Status
from coatcheck.errors import ConfigurationError
from coatcheck.wire.signatures import new_secret
from coatcheck.wire.style import HttpStyle

SECRET, OTHER = new_secret(), new_secret()
SENT = 1_800_000_000
JOB = {"jobId": "01890a5d-ac96-774b-bcce-b302099a8057", "status": "completed", "result": {"pages": 12}, "statusUrl": "https://a.example/1"}
EVENT = {"type": "job.completed", "timestamp": "2027-01-15T07:59:58Z", "data": JOB}


def signed(body: Any, *secrets: str, message_id: str = "msg_1", sent: int = SENT) -> tuple[bytes, dict[str, str]]:
    """A body and its header fields, signed by the official package."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    moment = datetime.fromtimestamp(sent, UTC)
    signatures = [Webhook(secret).sign(message_id, moment, content.decode("latin-1")) for secret in secrets or (SECRET,)]
    return content, {"webhook-id": message_id, "webhook-timestamp": str(sent), "webhook-signature": " ".join(signatures)}


def test_a_genuine_message_is_read() -> None:
    message = verify(*signed(EVENT), SECRET, now=SENT)
    assert (message.id, message.type) == ("msg_1", "job.completed")
    assert message.timestamp == datetime(2027, 1, 15, 7, 59, 58, tzinfo=UTC)
    assert message.data == JOB
    assert (message.job.job_id, message.job.status, bytes(message.job.result)) == (JOB["jobId"], Status.COMPLETED, b'{"pages":12}')


def test_the_present_moment_is_the_clocks_unless_said() -> None:
    with pytest.raises(Unverified, match=r"s (ago|from now)"):
        verify(*signed(EVENT, sent=1_000_000_000), SECRET)


@pytest.mark.parametrize(
    ("sent_by", "kept"), [((SECRET, OTHER), OTHER), ((SECRET, OTHER), SECRET), ((SECRET,), [OTHER, SECRET])], ids=["new", "old", "both"]
)
def test_while_a_secret_is_replaced_either_will_do(sent_by: tuple[str, ...], kept: Any) -> None:
    """The sender signs with both; or the receiver has the new one already and keeps the old one."""
    assert verify(*signed(EVENT, *sent_by), kept, now=SENT).id == "msg_1"


def _starlette(headers: dict[str, str]) -> Any:
    return StarletteHeaders(headers)


def _flask(headers: dict[str, str]) -> Any:
    return FlaskRequest(EnvironBuilder(headers=[*headers.items()]).get_environ()).headers


def _shouted(headers: dict[str, str]) -> Any:
    return {name.upper(): value for name, value in headers.items()}


@pytest.mark.parametrize("made", [_starlette, _flask, _shouted])
def test_header_fields_are_taken_as_frameworks_have_them(made: Callable[[dict[str, str]], Any]) -> None:
    body, headers = signed(EVENT)
    assert verify(body, made(headers), SECRET, now=SENT).type == "job.completed"


BODY, HEADERS = signed(EVENT)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"body": BODY.replace(b"12", b"13")}, "No signature fits"),
        ({"body": BODY + b" "}, "No signature fits"),
        ({"webhook-id": "msg_2"}, "No signature fits"),
        ({"webhook-timestamp": str(SENT + 1)}, "No signature fits"),
        ({"webhook-signature": "v1,AAAA"}, "No signature fits"),
        ({"webhook-signature": HEADERS["webhook-signature"].replace("v1,", "v2,")}, "No signature fits"),
        ({"webhook-signature": ""}, "no webhook-signature"),
        ({"webhook-id": ""}, "no webhook-id"),
        ({"webhook-timestamp": "yesterday"}, "'yesterday'"),
        ({"webhook-timestamp": "-5"}, "'-5'"),
        ({"now": SENT + 301}, "301 s ago"),
        ({"now": SENT - 301}, "301 s from now"),
        ({"secret": OTHER}, "No signature fits"),
    ],
)
def test_whatever_was_changed_or_is_old_or_of_another_is_refused(changes: dict[str, Any], said: str) -> None:
    """F69: replayed and tampered messages, and one signed with a secret that is no longer in force."""
    headers = HEADERS | {name: value for name, value in changes.items() if name.startswith("webhook-")}
    with pytest.raises(Unverified) as refused:
        verify(changes.get("body", BODY), headers, changes.get("secret", SECRET), now=changes.get("now", SENT))
    assert said in str(refused.value)
    assert refused.value.status == 400


@pytest.mark.parametrize("body", [b"", b"[]", b'"text"', b'{"type": "x"}', b"[" * 100_000, b'{"type": 1, "timestamp": "now", "data": 0}'])
def test_a_good_signature_over_what_is_no_message_is_refused_too(body: bytes) -> None:
    with pytest.raises(Unverified, match="the body is no message"):
        verify(*signed(body), SECRET, now=SENT)


@pytest.mark.parametrize("secret", ["", "whsec_", "hunter2", "whsec_!!!!", []])
def test_a_secret_that_is_none_is_a_mistake_of_the_receivers_own(secret: Any) -> None:
    with pytest.raises(ConfigurationError) as refused:
        verify(BODY, HEADERS, secret, now=SENT)
    assert "hunter2" not in str(refused.value)


def test_a_message_that_tells_of_no_job_says_so() -> None:
    """A test message has only the endpoint's id."""
    message = verify(
        *signed({"type": "webhook.test", "timestamp": "2027-01-15T07:59:58Z", "data": {"webhookId": "ep_1"}}), SECRET, now=SENT
    )
    assert message.type == "webhook.test"
    with pytest.raises(ValueError, match="jobId"):
        _ = message.job


STYLE = HttpStyle(members={"percentComplete": "progress"}, statuses={"completed": "done"}, webhook_body="representation")


def alone(**members: Any) -> Message:
    return verify(*signed({**JOB, **members}), SECRET, style=STYLE, now=SENT)


def test_a_representation_alone_is_read_by_the_senders_style() -> None:
    message = alone(status="done", progress=100)
    assert (message.type, message.job.status, message.job.percent_complete) == ("job.completed", Status.COMPLETED, 100)
    assert message.timestamp == datetime.fromtimestamp(SENT, UTC)
    assert alone(status="running", progress=7).type == "job.progress"
    test = {"type": "webhook.test", "timestamp": "2027-01-15T07:59:58Z", "data": {"webhookId": "ep_1"}}
    assert verify(*signed(test), SECRET, style=STYLE, now=SENT).type == "webhook.test"
    with pytest.raises(Unverified, match="the body is no message"):
        verify(*signed([1]), SECRET, style=STYLE, now=SENT)

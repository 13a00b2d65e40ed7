"""Signatures of webhooks: the same bytes as those of the official package, and nothing else passes."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from coatcheck.errors import ConfigurationError
from coatcheck.wire.signatures import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    format_secret,
    is_signed,
    new_secret,
    parse_secret,
    parse_timestamp,
    sign,
    signed_headers,
)

secrets = st.binary(min_size=24, max_size=64)
ids = st.from_regex(r"msg_[A-Za-z0-9]{1,40}", fullmatch=True)
bodies = st.text(st.characters(exclude_categories=["Cs"]))
NOW = 1_800_000_000


@given(secrets, ids, st.integers(0, 4_000_000_000), bodies)
def test_it_signs_like_the_official_package(secret: bytes, message_id: str, timestamp: int, body: str) -> None:
    official = Webhook(format_secret(secret)).sign(message_id, datetime.fromtimestamp(timestamp, UTC), body)
    assert sign(secret, message_id, timestamp, body.encode()) == official


@given(st.lists(secrets, min_size=1, max_size=3, unique=True), ids, bodies)
def test_a_message_passes_by_each_secret_it_was_signed_with(held: list[bytes], message_id: str, body: str) -> None:
    headers = signed_headers(held, message_id, NOW, body.encode())
    assert headers[SIGNATURE].count("v1,") == len(held)
    for secret in held:
        assert is_signed([secret], headers[ID], headers[TIMESTAMP], body.encode(), headers[SIGNATURE])
    assert not is_signed([b"another" * 5], headers[ID], headers[TIMESTAMP], body.encode(), headers[SIGNATURE])
    assert not is_signed([], headers[ID], headers[TIMESTAMP], body.encode(), headers[SIGNATURE])


SECRET = b"k" * 24
BODY = json.dumps({"a": 1}).encode()
GOOD = sign(SECRET, "msg_1", NOW, BODY)


@pytest.mark.parametrize(
    ("message_id", "timestamp", "body", "signature"),
    [
        ("msg_2", str(NOW), BODY, GOOD),
        ("msg_1", str(NOW + 1), BODY, GOOD),
        ("msg_1", str(NOW), BODY + b" ", GOOD),
        ("msg_1", f"0{NOW}", BODY, GOOD),
        ("msg_1", f"{NOW}.0", BODY, GOOD),
        ("msg_1", f"+{NOW}", BODY, GOOD),
        ("", str(NOW), BODY, GOOD),
        ("msg_1", "", BODY, GOOD),
        ("msg_1", str(NOW), BODY, ""),
        ("msg_1", str(NOW), BODY, "v1,"),
        ("msg_1", str(NOW), BODY, GOOD.removeprefix("v1,")),
        ("msg_1", str(NOW), BODY, GOOD.replace("v1,", "v2,")),
        ("msg_1", str(NOW), BODY, GOOD.replace("v1,", "v1a,")),
        ("msg_1", str(NOW), BODY, GOOD[:-2]),
        ("msg_1", str(NOW), BODY, "v1,ü"),
        ("msg_1", str(NOW), BODY, "v1,!!!!"),
    ],
)
def test_whatever_is_changed_is_refused(message_id: str, timestamp: str, body: bytes, signature: str) -> None:
    assert is_signed([SECRET], "msg_1", str(NOW), BODY, GOOD)
    assert not is_signed([SECRET], message_id, timestamp, body, signature)


def test_one_signature_among_others_is_enough() -> None:
    assert is_signed([b"x" * 24, SECRET], "msg_1", str(NOW), BODY, f"v1a,xyz v1,!!! nonsense {GOOD} v2,abc")


def test_an_id_cannot_reach_over_into_the_timestamp() -> None:
    """`msg_1.1` sent at 2 is signed like `msg_1` sent at 1 with a body that begins with `2.`: ids with a full stop are none."""
    shifted = sign(SECRET, "msg_1.1", 2, BODY)
    assert shifted == sign(SECRET, "msg_1", 1, b"2." + BODY)
    assert not is_signed([SECRET], "msg_1.1", "2", BODY, shifted)


def test_a_secret_is_shown_as_the_standard_has_it() -> None:
    secret = new_secret()
    assert secret.startswith("whsec_")
    assert len(parse_secret(secret)) == 32
    assert format_secret(parse_secret(secret)) == secret
    assert parse_secret(secret.rstrip("=")) == parse_secret(secret.removeprefix("whsec_")) == parse_secret(f" {secret}\n")
    assert new_secret() != secret


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_c2hvcnQ=", format_secret(b"x" * 23), format_secret(b"x" * 65), "whsec_!!!", "whsec_ü"]
)
def test_what_is_no_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError, match="no webhook secret") as refused:
        parse_secret(text)
    assert not text.removeprefix("whsec_") or text not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "moment"), [("0", 0), (str(NOW), NOW), ("-1", None), ("1.5", None), ("soon", None), ("٣", None), ("9" * 13, None)]
)
def test_a_timestamp_is_whole_seconds(text: str, moment: int | None) -> None:
    assert parse_timestamp(text) == moment

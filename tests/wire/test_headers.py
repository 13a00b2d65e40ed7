"""Header fields are read as their RFCs say, and nonsense is as good as absent."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.wire.headers import (
    find_link,
    format_etag,
    format_http_date,
    format_idempotency_key,
    format_link,
    format_retry_after,
    format_weak_etag,
    none_match,
    parse_etags,
    parse_idempotency_key,
    parse_links,
    parse_retry_after,
)

_NOW = 1_700_000_000.0


@given(st.floats(0, 1e9))
def test_retry_after_never_asks_for_less_than_was_meant(seconds: float) -> None:
    read = parse_retry_after(format_retry_after(seconds), _NOW)
    assert read is not None
    assert 0 <= read - seconds <= 1


@given(st.integers(0, 10**9))
def test_retry_after_may_be_a_date(seconds: int) -> None:
    assert parse_retry_after(format_http_date(_NOW + seconds), _NOW) == seconds


def test_a_date_gone_by_means_now() -> None:
    assert parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", _NOW) == 0
    assert parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", _NOW) == 0
    assert parse_retry_after("Sun Nov  6 08:49:37 1994", _NOW) == 0


@pytest.mark.parametrize(
    "value", ["", "soon", "-1", "1.5", "5 s", "1e3", "٥", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 99999 08:49:37 GMT"]
)
def test_a_retry_after_that_makes_no_sense_is_none(value: str) -> None:
    assert parse_retry_after(value, _NOW) is None


@pytest.mark.parametrize("digits", [11, 400, 10_000])
def test_whoever_asks_for_centuries_is_left_alone_for_long(digits: int) -> None:
    assert parse_retry_after("9" * digits, _NOW) == 2**31


@given(st.text())
def test_no_header_makes_reading_fail(value: str) -> None:
    assert (parse_retry_after(value, _NOW) or 0) >= 0
    list(parse_links(value))
    parse_etags(value)
    none_match(value, '"1"')
    parse_idempotency_key(value)


@given(st.text("/abc?&=%20.;,:", min_size=1), st.sampled_from(["next", "status"]))
def test_a_link_comes_back(target: str, relation: str) -> None:
    assert find_link(format_link(target, relation), relation) == target


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ('</a>; rel="prev", </b>; rel="next"', "/b"),
        ('</a,b;c>; title="x, <y>; rel=\\"next\\""; rel=next', "/a,b;c"),
        ('</a>; REL="start NEXT"', "/a"),
        ("</a>;rel=next", "/a"),
        ('</a>; rel="prev"; rel="next"', None),
        ('</a>; rel="next', None),
        ("/a; rel=next", None),
        ("</a>", None),
        ("", None),
    ],
)
def test_links_are_read_as_rfc_8288_says(value: str, target: str | None) -> None:
    assert find_link(value, "next") == target


@pytest.mark.parametrize("target", ["/a b", "/a>", "/a\r\nX: 1", '/a"', "/é"])
def test_a_link_target_must_be_a_uri(target: str) -> None:
    with pytest.raises(ValueError, match="percent-encode"):
        format_link(target, "next")


@given(st.lists(st.tuples(st.booleans(), st.text("abc,1!'")), min_size=1))
def test_etag_lists_come_back(tags: list[tuple[bool, str]]) -> None:
    written = [format_weak_etag(opaque) if weak else format_etag(opaque) for weak, opaque in tags]
    assert parse_etags(", ".join(written)) == written
    assert not none_match(" ,".join(written), written[-1])


@pytest.mark.parametrize(
    ("value", "etag", "passes"),
    [
        ('W/"7"', 'W/"7"', False),
        ('"7"', 'W/"7"', False),
        ('W/"7"', '"7"', False),
        ('W/"6"', 'W/"7"', True),
        ("*", 'W/"7"', False),
        (' "a" ,, "7" ', '"7"', False),
        ("7", '"7"', True),
        ('"7', '"7"', True),
        ('"7" "8"', '"8"', True),
        ("", '"7"', True),
    ],
)
def test_if_none_match_compares_weakly(value: str, etag: str, passes: bool) -> None:  # noqa: FBT001
    assert none_match(value, etag) is passes


@pytest.mark.parametrize("opaque", ['a"b', "a b", "a\n"])
def test_an_etag_takes_no_quotes_and_spaces(opaque: str) -> None:
    with pytest.raises(ValueError, match="entity tag"):
        format_etag(opaque)


@given(st.from_regex(re.compile(r"[\x20-\x7e]{1,255}", re.ASCII), fullmatch=True))
def test_an_idempotency_key_comes_back(key: str) -> None:
    assert parse_idempotency_key(format_idempotency_key(key)) == key


def test_an_idempotency_key_may_be_bare() -> None:
    assert parse_idempotency_key("8e03978e-40d5") == "8e03978e-40d5"
    assert parse_idempotency_key('"8e03978e-40d5"') == "8e03978e-40d5"
    assert parse_idempotency_key(r'"a\"b\\c"') == r'a"b\c'
    assert parse_idempotency_key('"half') == '"half'


@pytest.mark.parametrize("key", ["", "schlüssel", "a\nb"])
def test_an_idempotency_key_that_is_empty_or_outside_ascii_is_not_sent(key: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        format_idempotency_key(key)

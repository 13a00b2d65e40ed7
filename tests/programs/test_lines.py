"""Lines out of chunks, wherever those were cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.programs.lines import LINE_LIMIT, Lines, text


def cut(*chunks: bytes) -> list[bytes]:
    lines = Lines()
    return [line for chunk in chunks for line in lines.cut(chunk)] + lines.last()


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([b"one\ntwo\n"], [b"one", b"two"]),
        ([b"o", b"", b"ne\ntw", b"o"], [b"one", b"two"]),
        ([b" 1%\r 2%\r 3%\n"], [b" 1%", b" 2%", b" 3%"]),
        ([b"one\r\ntwo\r\n"], [b"one", b"two"]),
        ([b"one\r", b"\ntwo"], [b"one", b"two"]),
        ([b"one\r", b"\n", b"\ntwo"], [b"one", b"", b"two"]),
        ([b"a\x0bb\x0cc\x1cd\x85e\xe2\x80\xa8f\n"], [b"a\x0bb\x0cc\x1cd\x85e\xe2\x80\xa8f"]),
        ([], []),
    ],
)
def test_a_line_ends_with_newline_return_or_both(chunks: list[bytes], lines: list[bytes]) -> None:
    assert cut(*chunks) == lines


def test_a_return_ends_its_line_at_once() -> None:
    """A progress bar writes a return and then nothing for a while."""
    assert Lines().cut(b" 1%\r") == [b" 1%"]


@given(st.lists(st.text("a\r\n").map(str.encode)))
def test_it_does_not_matter_where_the_chunks_were_cut(chunks: list[bytes]) -> None:
    stream = b"".join(chunks)
    lines = re.split(rb"\r\n|\r|\n", stream)
    assert cut(*chunks) == (lines if lines[-1] else lines[:-1])


def test_a_line_without_an_end_keeps_its_beginning_only() -> None:
    lines = Lines()
    for _ in range(100):
        assert lines.cut(b"a" * 65536) == []
        assert len(lines._begun) <= LINE_LIMIT + 1
    (line,) = lines.cut(b"\n")
    assert text(line) == "a" * LINE_LIMIT + "…"


def test_what_cannot_be_decoded_is_replaced() -> None:
    assert text(b"caf\xe9 \xff \xe2\x82\xac") == "caf\ufffd \ufffd €"

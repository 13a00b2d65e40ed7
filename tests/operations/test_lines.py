"""Bodies of many rows: checked as they arrive, read again in the job."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.errors import InvalidArguments, MalformedBody, PayloadTooLarge
from coatcheck.operations.lines import LONGEST_LINE, LineCheck, Lines


class Row(msgspec.Struct):
    price: int


def checked(*pieces: bytes, row: Any = Row) -> int:
    check = LineCheck(row)
    for piece in pieces:
        check.feed(piece)
    return check.finish()


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"", 0),
        (b"\n\r\n \n", 0),
        (b'{"price":1}', 1),
        (b'{"price":1}\n', 1),
        (b'{"price":1}\r\n\r\n{"price":2}\r\n', 2),
        (b' {"price":1} \n{"price":2}', 2),
    ],
)
def test_rows_are_counted_and_empty_lines_are_none(body: bytes, rows: int, tmp_path: Path) -> None:
    """The check says as many as the job will read."""
    assert checked(body) == rows
    file = tmp_path / "rows"
    file.write_bytes(body)
    lines = Lines[Row](Lines.of(file).upload, Row)
    assert len(lines) == len(list(lines)) == rows


@given(st.lists(st.integers(), max_size=20), st.integers(1, 7))
def test_however_it_is_cut_it_is_the_same_body(prices: list[int], size: int) -> None:
    body = b"\n".join(b'{"price":%d}' % (price % 1000) for price in prices)
    assert checked(*(body[start : start + size] for start in range(0, len(body), size))) == len(prices)


def test_the_first_row_that_does_not_fit_is_told_by_line_and_pointer() -> None:
    """The line counts from 1 and is what an editor shows; the pointer is that of a row in an array, empty lines left out."""
    with pytest.raises(InvalidArguments, match=r"^Line 3: Expected `int`, got `str`") as raised:
        checked(b'{"price":1}\n\n{"price":"2"}\n{"price":"3"}\n')
    assert raised.value.faults == (("/1/price", "Expected `int`, got `str`"),)


@pytest.mark.parametrize("line", [b'{"price":', b"\xef\xbb\xbf{}", b'{"price":NaN}', b"\xff", b"[" * 200 + b"]" * 200, b"{}{}"])
def test_a_line_that_is_no_json_is_malformed(line: bytes) -> None:
    with pytest.raises(MalformedBody, match=r"^Line 2: "):
        checked(b'{"price":1}\n' + line + b"\n", row=Any)


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_a_line_without_end_is_cut_off(ending: bytes) -> None:
    """Constant memory: what is kept of an unfinished line is bounded."""
    piece = b" " * (LONGEST_LINE // 4)
    assert checked(*[piece] * 3, b"1", ending, row=int) == 1
    with pytest.raises(PayloadTooLarge, match="Line 1 is longer"):
        checked(*[piece] * 4, b"1", ending, row=int)


async def test_rows_are_read_as_often_as_wanted_and_also_asynchronously() -> None:
    lines = Lines[int](Lines.of(b"\n".join(b"%d" % number for number in range(1234))).upload, int)
    assert list(lines) == list(lines) == [row async for row in lines] == list(range(1234))

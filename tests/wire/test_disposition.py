"""Content-Disposition: what a file is called, however strangely it is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.wire.disposition import MAX_NAME, bare_name, format_disposition, parse_disposition


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("attachment", ("attachment", {})),
        ('Attachment; FileName="a.csv"', ("attachment", {"filename": "a.csv"})),
        ("attachment; filename=a.csv", ("attachment", {"filename": "a.csv"})),
        (r'attachment; filename="a \"b\" \\ c.csv"', ("attachment", {"filename": r'a "b" \ c.csv'})),
        (r'form-data; name="f"; filename="C:\new\a.csv"', ("form-data", {"name": "f", "filename": r"C:\new\a.csv"})),
        ("attachment; filename*=utf-8'en'%e2%82%ac.txt", ("attachment", {"filename*": "€.txt"})),
        ("attachment; filename*=UTF-8''%ff", ("attachment", {})),
        ("attachment; filename*=iso-8859-1''%e4", ("attachment", {})),
        ('attachment; filename="a"; filename="b"', ("attachment", {"filename": "a"})),
        ('attachment; filename="unclosed', ("attachment", {})),
        ("; filename=a", ("", {})),
        ("", ("", {})),
    ],
)
def test_what_is_said_is_read_and_nonsense_is_left_out(value: str, expected: tuple[str, dict[str, str]]) -> None:
    assert parse_disposition(value) == expected


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=MAX_NAME))
def test_a_name_is_read_as_it_was_written(name: str) -> None:
    sent = format_disposition("text/csv", name)
    assert sent is not None
    assert sent.isascii()
    kind, parameters = parse_disposition(sent)
    assert (kind, list(parameters.values())) == ("attachment", [name])


def test_a_name_that_is_too_long_is_left_out() -> None:
    assert format_disposition("application/json", "a" * (MAX_NAME + 1)) == "attachment"


@given(st.text())
def test_nothing_breaks_the_parser(value: str) -> None:
    parse_disposition(value)
    parse_disposition(f"form-data; {value}")


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [("a.csv", "a.csv"), ("../../etc/passwd", "passwd"), (r"C:\fakepath\naïve.txt", "naïve.txt"), ("a" * 255,) * 2],
)
def test_a_name_loses_its_folders(given_name: str, expected: str) -> None:
    assert bare_name(given_name) == expected


@pytest.mark.parametrize("name", ["", "..", ".", "a/", "a\r\nSet-Cookie: b", "a\0b", "a\u202etxt.exe", "\ud800", "a" * (MAX_NAME + 1)])
def test_what_no_header_or_folder_could_hold_is_no_name(name: str) -> None:
    """F59: line breaks, controls, marks that turn the reading direction, lone surrogates."""
    with pytest.raises(ValueError, match="file name"):
        bare_name(name)

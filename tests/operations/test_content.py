from pathlib import Path
from typing import Any

import pytest

from coatcheck.operations.content import Content


@pytest.mark.parametrize(
    ("content", "body", "media_type", "filename"),
    [
        (Content(b"x"), b"x", "application/octet-stream", None),
        (Content("é"), "é".encode(), "text/plain; charset=utf-8", None),
        (Content(b"x", filename="a.csv"), b"x", "text/csv", "a.csv"),
        (Content("x", filename="a.html"), b"x", "text/html", "a.html"),
        (Content(b"x", filename="a.tar.gz"), b"x", "application/gzip", "a.tar.gz"),
        (Content(b"x", filename="a.svg.br"), b"x", "application/octet-stream", "a.svg.br"),
        (Content(b"x", media_type="text/csv; charset=utf-8"), b"x", "text/csv; charset=utf-8", None),
        (Content(Path("/tmp/Größe.pdf")), Path("/tmp/Größe.pdf"), "application/pdf", "Größe.pdf"),
        (Content(Path("/tmp/x"), filename="y.txt"), Path("/tmp/x"), "text/plain", "y.txt"),
        (Content(bytearray(b"x")), b"x", "application/octet-stream", None),
    ],
)
def test_a_content_knows_its_media_type_and_name(content: Content, body: Any, media_type: str, filename: str | None) -> None:
    assert (content.body, content.media_type, content.filename) == (body, media_type, filename)


@pytest.mark.parametrize("value", [b"x", bytearray(b"x"), memoryview(b"x"), Path("x")])
def test_bytes_and_paths_are_content(value: Any) -> None:
    assert Content.of(value) is not None


def test_a_content_is_itself_and_json_is_none() -> None:
    content = Content(b"x")
    assert Content.of(content) is content
    assert list(map(Content.of, ["x", {}, None, 1])) == [None] * 4


@pytest.mark.parametrize("media_type", ["", "csv", "text/csv\r\nX: 1", "text/", "text/csv; charset", 'text/x; a="\n"'])
def test_a_media_type_that_no_header_can_carry_is_refused(media_type: str) -> None:
    """F59: nothing a function returns can begin a new header line."""
    with pytest.raises(ValueError, match="media_type"):
        Content(b"x", media_type=media_type or " ")


@pytest.mark.parametrize("filename", ["", "a\r\nb", "../a", "a\\b", "\0"])
def test_a_file_name_with_a_path_or_line_break_is_refused(filename: str) -> None:
    with pytest.raises(ValueError, match="filename"):
        Content(b"x", filename=filename)

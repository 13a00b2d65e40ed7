"""A result that is a resource of the application's own: any URL that a header can carry and that means one thing only."""

import msgspec
import pytest

from coatcheck import Created
from coatcheck.domain.created import CREATED
from coatcheck.domain.result import Result


def stored(created: Created) -> Result:
    body = msgspec.json.encode(created.members)
    return Result(media_type=CREATED, size=len(body), digest="c" * 64, body=body)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("/", "/"),
        ("/reports/7", "/reports/7"),
        ("/reports/7?format=pdf#page=2", "/reports/7?format=pdf#page=2"),
        ("/a//b;c=1/@x/%20", "/a//b;c=1/@x/%20"),
        ("/Berichte/März", "/Berichte/M%C3%A4rz"),
        ("/\u202egpj.exe\u0085", "/%E2%80%AEgpj.exe%C2%85"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8000/x"),
        ("https://example.com", "https://example.com"),
        ("HTTPS://example.com/?a=b", "HTTPS://example.com/?a=b"),
        ("https://[::1]:443/x", "https://[::1]:443/x"),
    ],
)
def test_a_url_is_taken_and_made_ascii(given: str, url: str) -> None:
    assert Created(given).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "reports/7",
        "?a",
        "#a",
        "//evil.example/x",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\r\nSet-Cookie: x=1",
        "/a\0",
        "/a b",
        "/a<b>",
        '/a"b',
        "/100%",
        "/%zz",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.com/x",
        "https:/example.com",
        "https://",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://exa mple.com/",
        "https://examplé.com/",
        "https://example.com:99999999/",
        " /a",
        "/a\n",
        "/\ud800",
        "/" + "a" * 2000,
    ],
)
def test_what_could_lead_elsewhere_or_break_a_header_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        Created(url)


@pytest.mark.parametrize("body", [None, {"id": 7}, [1], "x", 0, False])
def test_what_is_stored_is_read_back(body: object) -> None:
    created = Created("/reports/7", body)
    assert Created.of(stored(created)) == created
    assert hash(created) == hash(Created("/reports/7"))


def test_results_of_other_kinds_are_none() -> None:
    """A file that calls itself one is a file."""
    assert Created.of(Result(media_type="application/json", size=2, digest="d", body=b"{}")) is None
    assert Created.of(Result(media_type=CREATED, size=2, digest="d", blob="aa")) is None


def test_it_says_what_it_is() -> None:
    assert (repr(Created("/a")), repr(Created("/a", 1))) == ("Created('/a')", "Created('/a', 1)")
    assert Created("/a") != "/a"
    assert Created("/a") != Created("/a", 1)

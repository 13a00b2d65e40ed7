"""F56–F59: requests that no client library would send. What each must be answered with is beside it."""

# ruff: noqa: E501  each entry on the line where it fits

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
KINDS: list[tuple[str, dict[str, str]]] = [("/typed", JSON), ("/videos", {}), ("/rows", LINES), ("/edits", FORM)]
"""Of bodies: where they are taken, and what they say of themselves."""
UNKNOWN = "/jobs/01890a5d-ac96-774b-bcce-b302099a8057"


class Entry(NamedTuple):
    """A request as it goes over the line, and what is answered: any of these statuses; none: the line is cut without a word."""

    name: str
    request: bytes
    statuses: tuple[int | None, ...]
    unfinished: bool = False
    """Whether nothing more comes where the server must still expect something."""


def http(method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> bytes:
    fields = {"Host": "x", "Connection": "close", **(headers or {})}
    if body is not None and "Content-Length" not in fields and "Transfer-Encoding" not in fields:
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("utf-8", "surrogateescape") + (body or b"")


def post(path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    return http("POST", path, JSON if headers is None else headers, body)


NO_JSON = [
    b"", b" ", b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b"{", b"[", b'{"price":', b'{"price" 1}', b"{'price':1}", b'{"price":1,}',
    b"{price:1}", b'{"price":1}}', b'{"price":1}{"price":2}', b'{"price":01}', b'{"price":.5}', b'{"price":1.}', b'{"price":+1}',
    b'{"price":0x10}', b'{"price":NaN}', b'{"price":Infinity}', b'{"price":-Infinity}', b'{"price":nan}', b'{"price":undefined}',
    b'{"name":"\xff"}', b'{"name":"\xc0\xaf"}', b'{"name":"\xed\xa0\x80"}', b'{"name":"\x00"}', b'{"name":"a\nb"}', b'{"name":"\\x41"}',
    b'{"name":"\\u12"}', b'{"name":"\\', b'{"name":"', b"\x00", b"\x00" * 1000, b"nul", b"True", b"<xml/>", b"price=1", b"// {}",
    b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 20_000 + b"1" + b"}" * 20_000, b"\x80\x04K\x01.",
]  # fmt: skip
NO_ARGUMENTS = [
    b"1", b"null", b"true", b'"text"', b"[]", b"[[1]]", b"1e400", b"9" * 5000, b"-" + b"9" * 5000, b"1" * 400 + b".5",
    b'{"price":' + b"9" * 5000 + b"}", b'{"price":1e400}', b'{"name":"\\ud800","price":1}', b'{"name":"\\udc00\\ud800","price":1}',
    b'{"name":"\\u0000","price":1}', b'{"\\u0000":1,"price":1}', b'{"\\ud800":1,"price":1}',
]  # fmt: skip
NO_ROW = [
    b"{}", b'{"price":null}', b'{"price":"1"}', b'{"price":1.5}', b'{"price":[1]}', b'{"price":{}}', b'{"price":true}',
    b'{"__proto__":{},"name":"x"}', b'{"price":1e99,"name":1}', b'{"Price":1}',
]  # fmt: skip
MEDIA_TYPES = [
    "text/plain", "text/html", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application",
    "application/jsonp", "application/json5", "application/x-ndjson", "text/json", "json", "*/*", "application/*", "a" * 10_000, ";", "é/ü",
    "application/octet-stream", "image/svg+xml", "application/+json/x", "application/json, text/plain",
]  # fmt: skip
ENCODINGS = ["gzip", "br", "deflate", "zstd", "compress", "identity, gzip", "gzip, gzip", "x" * 5000, "*", "aws-chunked"]
KEYS = ["", '""', " ", "a" * 256, '"' + "a" * 256 + '"', "\u00e9" * 300, "a\tb", '"a\tb"', "\x80", "é\u2028", '"\x01"']
IDS = [
    "x", "%00", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..%5cx", "%25", "_", "'%20OR%201=1--", "%27;DROP%20TABLE%20jobs;--", "*",
    "a" * 60_000, "%ff", "%ed%a0%80", "%f0%9f%92%a9", "%EF%BC%90" + UNKNOWN[7:], UNKNOWN[6:].upper(), UNKNOWN[6:] + "%0a", "{id}",
    UNKNOWN[6:] + "%00", "%0d%0aSet-Cookie:%20a=b", "%3Cscript%3E", "0" * 36, "-" * 36, "null", "undefined", "NaN", "[]",
]  # fmt: skip
QUERIES = [
    "limit=0", "limit=-1", "limit=201", "limit=1e3", "limit=" + "9" * 5000, "limit=%F0%9D%9F%99", "limit=", "limit=NaN", "cursor=x",
    "cursor=" + "A" * 20_000, "cursor=%00", "cursor=eyJ9", "status=nope", "status=%00", "createdAfter=x", "createdAfter=9999999999999",
    "createdBefore=0000-00-00T00:00:00Z", "createdBefore=2026-02-30T00:00:00Z", "createdAfter=2026-01-01", "createdAfter=%00",
]  # fmt: skip
RANGES = [
    "bytes=", "bytes=-", "bytes=a-b", "bytes=5-1", "items=0-1", "bytes=0-0,-1", "bytes=" + "0-,"*5000, "bytes=" + ",".join(f"{n}-{n}" for n in
    range(2000)), "bytes=9" * 2000, "bytes=" + "9" * 5000 + "-", "bytes=0-" + "9" * 5000, "bytes=-0", "bytes=10000-", "bytes=-" + "9" * 30,
    "bytes=0-\u0661", "bytes 0-1", "=", "bytes=1-2-3", " ", "bytes=0x1-0x2",
]  # fmt: skip
CHUNKED = {**JSON, "Transfer-Encoding": "chunked"}
FRAMING = [
    Entry("length less", post("/typed", b'{"price":1}', {**JSON, "Content-Length": "5"}), (400,)),
    Entry("length none", http("POST", "/typed", JSON), (400,)),
    Entry("length more", post("/typed", b'{"price":1}', {**JSON, "Content-Length": "99"}), (None, 408), unfinished=True),
    Entry("length huge", post("/typed", b'{"price":1}', {**JSON, "Content-Length": "9" * 19}), (413, 400)),
    Entry("length vast", post("/typed", b'{"price":1}', {**JSON, "Content-Length": "9" * 5000}), (400,)),
    Entry("length 10 GB", post("/typed", b'{"price":1}', {**JSON, "Content-Length": str(10 * 1024**3)}), (413,)),
    Entry("length 10 TB of film", post("/videos", b"x", {"Content-Length": str(10 * 1024**4)}), (413,)),
    *(Entry(f"length {text!r}", post("/typed", b'{"price":1}', {**JSON, "Content-Length": text}), (400,)) for text in
      ("-1", "+11", "0x0b", "11, 11", "11 11", "1e1", "a", "", "\u0661")),
    Entry("two lengths", post("/typed", b'{"price":1}', {**JSON, "Content-Length": "11\r\nContent-Length: 12"}), (400,)),
    Entry("length and chunks", post("/typed", b"0\r\n\r\n", {**CHUNKED, "Content-Length": "5"}), (400,)),
    Entry("chunk size of nonsense", post("/typed", b"zz\r\n{}\r\n0\r\n\r\n", CHUNKED), (400, None)),
    Entry("chunk size vast", post("/typed", b"f" * 40 + b"\r\n{}\r\n", CHUNKED), (400, None)),
    Entry("chunk negative", post("/typed", b"-2\r\n{}\r\n0\r\n\r\n", CHUNKED), (400, None)),
    Entry("chunk longer than said", post("/typed", b"2\r\n{}{}\r\n0\r\n\r\n", CHUNKED), (400, None)),
    Entry("chunks without end", post("/typed", b"2\r\n{}\r\n", CHUNKED), (None, 408), unfinished=True),
    Entry("chunks of one byte, too many", post("/typed", b"1\r\n \r\n" * (1024 * 1024 + 9) + b"0\r\n\r\n", CHUNKED), (413,)),
    *(Entry(f"transfer {text!r}", post("/typed", b"0\r\n\r\n", {**JSON, "Transfer-Encoding": text}), (400, 501, None)) for text in
      ("gzip", "chunked, gzip", "identity", "xchunked", " chunked\x0b", "chunked, chunked")),
    Entry("trailers", post("/typed", b"2\r\n{}\r\n0\r\nX: y\r\nContent-Length: 9\r\n\r\n", CHUNKED), (400, 422, None)),
    Entry("a line break in a header", b"GET /jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: a\n b\rc\r\n\r\n", (400,)),
    Entry("a null in a header", b"GET /jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: a\0b\r\n\r\n", (400,)),
    Entry("a space before the colon", b"GET /jobs HTTP/1.1\r\nHost: x\r\nX : b\r\n\r\n", (400,)),
    Entry("version 9", b"GET /jobs HTTP/9.9\r\nHost: x\r\n\r\n", (400,)),
    Entry("no http", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), (400, None)),
    Entry("http/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 404, 405, None)),
    Entry("a smuggled request", post("/typed", b"GET /jobs HTTP/1.1\r\nHost: x\r\n\r\n", {**JSON, "Content-Length": "0"}), (400,)),
]  # fmt: skip
HEADERS = [
    *(http("GET", UNKNOWN, {name: value}) for name, value in (
        ("X", "a" * 1_000_000), ("Cookie", "a=b; " * 20_000), ("If-None-Match", '"a", ' * 20_000), ("If-None-Match", '"' * 60_000),
        ("If-None-Match", "W/" * 30_000), ("Accept", "a/b;q=0.1," * 8000), ("Prefer", "wait=" + "9" * 5000), ("Prefer", "wait=-1"),
        ("Prefer", "wait=\x80"), ("Prefer", "," * 50_000), ("Prefer", "wait" * 10_000), ("Prefer", 'wait="1'), ("Host", "a" * 5000),
        ("Host", "evil\u2028.example"), ("Forwarded", "for=" * 9000), ("X-Forwarded-Prefix", "//evil"), ("Authorization", "Bearer " + "a" * 60_000),
        ("Authorization", "\xff"), ("Origin", "null" * 9000), ("Range", "bytes=0-" * 9000), ("Upgrade", "websocket"), ("Expect", "200-ok"),
        ("Accept-Encoding", "gzip;q=" * 9000), ("Content-Length", "0"), ("Last-Event-ID", "9" * 5000), ("traceparent", "00-" + "f" * 5000),
    )),
    *(http("GET", f"/{path}") for path in ("", "jobs/", "/jobs", "jobs//", "jobs/../..", "%2e%2e/", "jobs/%2F", "problems/..%2f", "problems/%00")),
    *(http(method, "/jobs") for method in ("PUT", "PATCH", "TRACE", "PROPFIND", "DELETE")),
    *(http(method, UNKNOWN) for method in ("PUT", "PATCH", "POST", "TRACE")),
]  # fmt: skip
PART = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
FILE = PART % (b"video", b'; filename="v"', b"x")
FORMS = [
    b"", b"--b", b"--b--", b"--b\r\n", FILE, FILE + b"--b-", FILE[:-20], b"\r\n" * 1000, b"-" * 100_000, FILE * 101 + b"--b--\r\n",
    PART % (b"row", b"", b'{"price":1}') + b"--b--\r\n", FILE + PART % (b"row", b"", b"[" * 100_000) + b"--b--\r\n",
    FILE + PART % (b"row", b"", b'{"price":NaN}') + PART % (b"times", b"", b"1") + b"--b--\r\n",
    FILE + PART % (b"row", b"", b'{"price":1}') + PART % (b"times", b"", b"9" * 5000) + b"--b--\r\n",
    FILE + PART % (b"row", b"", b'{"price":1}') + PART % (b"times", b"", b"\xff") + b"--b--\r\n",
    FILE + PART % (b"row", b"", b'{"price":1}') * 2 + PART % (b"times", b"", b"1") + b"--b--\r\n",
    FILE + PART % (b"a" * 9000, b"", b"x") + b"--b--\r\n", FILE + PART % (b"\xff", b"", b"x") + b"--b--\r\n",
    FILE + PART % (b"__proto__", b"", b"x") + b"--b--\r\n", b"--b\r\nX: " + b"y" * 100_000 + b"\r\n\r\nx\r\n--b--\r\n",
    b"--b\r\n" + b"X: y\r\n" * 1000 + b"\r\nx\r\n--b--\r\n", PART % (b"video", b'; filename="a\x0bb"', b"x") + b"--b--\r\n",
    PART % (b"video", b'; filename="' + b"a" * 300 + b'"', b"x") + b"--b--\r\n", PART % (b"video", b'; filename="\xff"', b"x") + b"--b--\r\n",
]  # fmt: skip
NAMES = ['attachment; filename="a\tb"', "attachment; filename*=UTF-8''a%0d%0aSet-Cookie%3A%20b", "attachment; filename*=UTF-8''%00",
         "attachment; filename*=UTF-8''" + "a" * 300, "attachment; filename*=UTF-8''%E2%80%AEgpj.exe", "attachment; filename=.."]  # fmt: skip


TAKEN = {("/modelled", b'{"price":"1"}'), ("/modelled", b'{"price":true}')}
"""What pydantic takes, where its model does not ask it to be strict."""


def corpus() -> Iterator[Entry]:
    """Every request."""
    yield from _json()
    yield from _lines()
    yield from _forms()
    yield from _header_fields()
    yield from _targets()
    yield from FRAMING


def _json() -> Iterator[Entry]:
    for path in ("/anything", "/typed", "/modelled"):
        for body in NO_JSON:
            yield Entry(f"{path} {body[:30]!r}", post(path, body), (400,))
        for body in NO_ARGUMENTS:
            yield Entry(f"{path} {body[:30]!r}", post(path, body), (422, 400))
    for path, body in product(("/typed", "/modelled"), NO_ROW):
        if (path, body) not in TAKEN:
            yield Entry(f"{path} {body[:30]!r}", post(path, body), (422,))


def _lines() -> Iterator[Entry]:
    for body in [*NO_JSON[2:], *NO_ARGUMENTS, *NO_ROW]:
        yield Entry(f"/rows {body[:30]!r}", post("/rows", b'{"price":1}\n' + body, LINES), (400, 422))


def _forms() -> Iterator[Entry]:
    for body in FORMS:
        yield Entry(f"form {body[:60]!r}", post("/edits", body, FORM), (400, 413, 422))
    for name in NAMES:
        yield Entry(f"name {name[:50]}", post("/videos", b"x", {"Content-Disposition": name}), (400,))


def _header_fields() -> Iterator[Entry]:
    for kind in MEDIA_TYPES:
        yield Entry(f"type {kind[:30]!r}", post("/typed", b'{"price":1}', {"Content-Type": kind}), (415,))
    for encoding, (path, headers) in product(ENCODINGS, KINDS):
        yield Entry(f"{path} {encoding[:30]!r}", post(path, b'{"price":1}', {**headers, "Content-Encoding": encoding}), (415,))
    for key in KEYS:
        yield Entry(f"key {key[:30]!r}", post("/payments", b'{"amount":1}', {**JSON, "Idempotency-Key": key}), (400,))
    yield Entry("two keys", post("/payments", b'{"amount":1}', {**JSON, "Idempotency-Key": "a\r\nIdempotency-Key: b"}), (400,))
    yield Entry("no key", post("/payments", b'{"amount":1}'), (400,))
    for number, request in enumerate(HEADERS):
        yield Entry(f"header {number} {request[:60]!r}", request, (400, 404, 405, 431, 414))


def _targets() -> Iterator[Entry]:
    routes = (("GET", ""), ("DELETE", ""), ("GET", "/result"), ("GET", "/events"), ("POST", "/retry"))
    for job_id, (method, below) in product(IDS, routes):
        yield Entry(f"{method} {job_id[:30]}{below}", http(method, f"/jobs/{job_id}{below}"), (404, 400))
    for query in QUERIES:
        yield Entry(f"?{query[:30]}", http("GET", f"/jobs?{query}"), (400,))

"""Server-sent events, as the HTML standard has them (§9.2), as far as one end writes them."""

MEDIA_TYPE = "text/event-stream"

COMMENT = b":\n\n"
"""Says nothing, and keeps what lies between from taking the line for dead."""


def format_event(data: bytes, *, id: int | None = None, name: str = "", retry: int | None = None) -> bytes:
    r"""One event. `data` has no line breaks, as JSON on one line has none; `retry` is in milliseconds.

    >>> format_event(b'{"status":"queued"}', id=1)
    b'id: 1\ndata: {"status":"queued"}\n\n'
    """
    lines = [b"retry: %d" % retry] if retry is not None else []
    if id is not None:
        lines.append(b"id: %d" % id)
    if name:
        lines.append(b"event: " + name.encode())
    return b"\n".join([*lines, b"data: " + data, b"", b""])

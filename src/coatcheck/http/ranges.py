"""One byte range of a file (RFC 9110 §14)."""

import re

from coatcheck.errors import RangeNotSatisfiable

_ONE_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.ASCII | re.IGNORECASE)


def requested_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of the bytes asked for; None where the whole is to be sent.

    Several ranges at once, other units and what cannot be read are answered with the whole, as the RFC allows. Raises
    RangeNotSatisfiable where the file has no such bytes.

    >>> requested_range("bytes=2-3", 10)
    (2, 4)
    >>> requested_range("bytes=-4", 10)
    (6, 10)
    """
    found = _ONE_RANGE.fullmatch(header) if header else None
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), int(found[2]) + 1 if found[2] else size
        if end <= start and found[2]:
            return None
    end = min(end, size)
    if start >= end:
        raise RangeNotSatisfiable(f"The file has {size} bytes; the range asked for lies outside.")
    return start, end

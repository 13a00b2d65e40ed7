"""How often something may be done."""

import re

import msgspec

_UNITS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}
_RATE = re.compile(r"\s*(\d{1,9})\s*/\s*(\d{1,6})?\s*([a-z]+?)s?\s*", re.IGNORECASE | re.ASCII)


class Rate(msgspec.Struct, frozen=True):
    """So many times in so many seconds, all of them at once if need be."""

    times: int
    seconds: float


def parse_rate(text: str) -> Rate:
    """Read a rate, as in `"10/s"`, `"100/minute"` or `"500/10 s"`. Raises ValueError for anything else.

    >>> parse_rate("100/minute")
    Rate(times=100, seconds=60.0)
    >>> parse_rate("500 / 10s")
    Rate(times=500, seconds=10.0)
    """
    found = _RATE.fullmatch(text)
    unit = _UNITS.get(found[3].lower()) if found else None
    if found is None or unit is None or not (times := int(found[1])) or not (units := int(found[2] or 1)):
        raise ValueError(f"{text!r} is no rate; write it like '10/s', '100/minute' or '500/10s'.")
    return Rate(times, float(units * unit))

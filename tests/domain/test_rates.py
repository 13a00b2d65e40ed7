"""How often something may be done."""

import pytest

from coatcheck.domain.rate import Rate, parse_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10/s", Rate(10, 1.0)),
        ("100/minute", Rate(100, 60.0)),
        (" 500 / 10 seconds ", Rate(500, 10.0)),
        ("2/HOUR", Rate(2, 3600.0)),
        ("1/d", Rate(1, 86400.0)),
    ],
)
def test_a_rate_is_read(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "10", "s", "10/", "10/x", "0/s", "5/0s", "-1/s", "1.5/s", "10/s/s", "١/s", "9999999999/s", "10/s\n/s"]
)
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write it like '10/s', '100/minute' or '500/10s'"):
        parse_rate(text)

"""Seattle's weather: daily figures in, monthly figures out."""

import csv
from collections.abc import Iterator, Sequence
from importlib.resources import files
from statistics import fmean
from typing import NamedTuple

_DAYS = files("coatcheck.demo") / "data" / "seattle-weather.csv"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Month(NamedTuple):
    """A month's figures: means of the daily extremes in °C, precipitation in mm, days with precipitation."""

    name: str
    high: float
    low: float
    precipitation: float
    wet_days: int


def months(year: int) -> list[Month]:
    """The twelve months of `year`."""
    return [_month(number, list(_days(f"{year}/{number:02}/"))) for number in range(1, 13)]


def _days(prefix: str) -> Iterator[dict[str, str]]:
    with _DAYS.open(encoding="utf-8") as file:
        yield from (day for day in csv.DictReader(file) if day["date"].startswith(prefix))


def _month(number: int, days: Sequence[dict[str, str]]) -> Month:
    rain = [float(day["precipitation"]) for day in days]
    return Month(
        name=_MONTHS[number - 1],
        high=fmean(float(day["temp_max"]) for day in days),
        low=fmean(float(day["temp_min"]) for day in days),
        precipitation=sum(rain),
        wet_days=sum(amount > 0 for amount in rain),
    )

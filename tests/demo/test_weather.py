import pytest

from coatcheck.demo import weather
from coatcheck.demo.report import Report


def test_a_month_is_what_its_days_were() -> None:
    """March 2014 was Seattle's wettest on record: 9.4 inches."""
    march = weather.months(2014)[2]
    assert (march.name, march.wet_days) == ("Mar", 20)
    assert march.precipitation == pytest.approx(240.0)
    assert march.high > march.low


def test_the_report_has_a_page_for_each_year() -> None:
    assert _report(2012, 2014).count(b"/Type /Page\n") == 3


def test_the_same_figures_make_the_same_bytes() -> None:
    assert _report(2015, 2015) == _report(2015, 2015) != _report(2014, 2014)


def _report(first: int, last: int) -> bytes:
    report = Report("Weather")
    for year in range(first, last + 1):
        report.add(year, weather.months(year))
    return report.pdf()

"""Two slow functions as durable operations, on real data.

    coatcheck serve coatcheck.demo.application:jobs

The import writes to `airports.db` in the directory where it is served.
"""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from coatcheck import Coatcheck, Content, Job
from coatcheck.demo import airports, weather
from coatcheck.demo.airports import AirportTable

jobs = Coatcheck(title="Airports and weather")


class AirportImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to import, and how fast at most."""

    source: Literal["airports.ndjson.gz"]
    rows_per_second: Annotated[float, Meta(ge=10)] | None = None


class Counts(msgspec.Struct, frozen=True):
    """How many rows were taken and refused so far."""

    taken: int = 0
    refused: int = 0

    @property
    def rows(self) -> int:
        return self.taken + self.refused

    def __str__(self) -> str:
        return f"{self.taken} rows taken, {self.refused} refused"


class WeatherYears(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The years to report on."""

    first: Annotated[int, Meta(ge=2012, le=2015)] = 2012
    last: Annotated[int, Meta(ge=2012, le=2015)] = 2015

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError("the first year comes after the last")


@jobs.resource(scope="job")
async def airport_table() -> AsyncIterator[AirportTable]:
    """The table that airports go to, on a connection for each job."""
    with AirportTable.opened("airports.db") as table:
        yield table


@jobs.operation("/airports/bulk-import", timeout=600, retries=3, estimate="5-20 seconds")
def import_airports(request: AirportImport, job: Job) -> Content:
    """Import a file of airports, one JSON object a line. The result lists the rows that were refused, as CSV."""
    table, total = job.resource(airport_table), airports.count(request.source)
    counts = msgspec.convert(job.last_checkpoint or {}, Counts)
    if job.attempt > 1:
        job.log(f"Going on after row {counts.rows}.")
    for batch in job.resume(airports.batches(request.source)):
        taken, refused = airports.validate(batch)
        table.save(job.id, taken, refused)
        counts = Counts(counts.taken + len(taken), counts.refused + len(refused))
        job.checkpoint(counts)
        job.progress(current=counts.rows, total=total, unit="row", message=str(counts))
        if request.rows_per_second:
            time.sleep(len(batch) / request.rows_per_second)
    return Content(table.refused_as_csv(job.id), media_type="text/csv; charset=utf-8", filename="refused-rows.csv")


@jobs.operation("/reports/weather", timeout=60, retries=1, estimate="2 seconds")
def weather_report(request: WeatherYears, job: Job) -> Content:
    """Report on Seattle's weather: a PDF with a page and a chart for each year."""
    from coatcheck.demo.report import Report  # who makes no report need not have reportlab

    report = Report("Weather in Seattle")
    for year in job.track(range(request.first, request.last + 1), unit="page"):
        report.add(year, weather.months(year))
    return Content(report.pdf(), media_type="application/pdf", filename="seattle-weather.pdf")

"""The smallest application: one function, and no framework but this one.

Run it, with a worker inside, and ask it for a year's rain in Seattle:

    uvicorn plain:jobs
    curl -i localhost:8000/rainfall --json '{"year": 2014}'
"""

from typing import Literal

from coatcheck import Coatcheck, Job
from coatcheck.demo import weather

jobs = Coatcheck(title="Rainfall")


@jobs.operation("/rainfall", estimate="1 second")
def rainfall(year: Literal[2012, 2013, 2014, 2015], job: Job) -> dict[str, float]:
    """A year's rain in Seattle, in millimetres a month."""
    return {month.name: round(month.precipitation, 1) for month in job.track(weather.months(year), unit="month")}

"""Submit from code, without HTTP: the handle knows the type of the result.

    python from_code.py

It prints a line for each summer, in Seattle, that there are figures of.
"""

import asyncio

import msgspec

from coatcheck import Coatcheck, Job
from coatcheck.demo import weather

jobs = Coatcheck()


class Summer(msgspec.Struct):
    year: int
    mean_high: float
    wet_days: int


@jobs.operation("/summers")
async def summer(year: int, job: Job) -> Summer:
    """June to August in Seattle."""
    months = weather.months(year)[5:8]
    job.log(f"{len(months)} months of {year}")
    return Summer(year, round(sum(month.high for month in months) / 3, 1), sum(month.wet_days for month in months))


async def main() -> None:
    async with jobs.lifespan():  # opens the store, and runs a worker in this process
        handles = [await summer.submit(year) for year in range(2012, 2016)]
        for handle in handles:
            found = await handle.result()
            print(f"{found.year}: {found.mean_high} °C by day, {found.wet_days} wet days")


if __name__ == "__main__":
    asyncio.run(main())

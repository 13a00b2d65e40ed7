"""A FastAPI application with a slow report: a route of ours, and one of its own with its own dependencies.

    uvicorn fastapi_reports:app
    curl -i localhost:8000/reports --json '{"year": 2014}' -H 'Authorization: Bearer adas-token'
    curl -i localhost:8000/me/reports/2015 -X POST -H 'Authorization: Bearer adas-token'

Both stand in http://localhost:8000/docs.
"""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

from coatcheck import Accepted, Coatcheck, Job
from coatcheck.demo import weather

TOKENS = {"adas-token": "ada", "bens-token": "ben"}  # each sees their own jobs only
Year = Annotated[int, Field(ge=2012, le=2015)]


class ReportRequest(BaseModel):
    year: Year


class Report(BaseModel):
    year: int
    wet_days: int
    millimetres: dict[str, float]


def authenticate(request: Request) -> str | None:
    return TOKENS.get(request.headers.get("authorization", "").removeprefix("Bearer "))


def current_user(user: Annotated[str | None, Depends(authenticate)]) -> str:
    if user is None:
        raise HTTPException(401)
    return user


jobs = Coatcheck(authenticate=authenticate)


@jobs.operation("/reports", timeout=600, retries=3, estimate="1-2 seconds")
async def weather_report(request: ReportRequest, job: Job) -> Report:
    """A year's rain in Seattle."""
    report = Report(year=request.year, wet_days=0, millimetres={})
    async for month in job.track(weather.months(request.year), unit="month"):
        report.wet_days += month.wet_days
        report.millimetres[month.name] = round(month.precipitation, 1)
    return report


app = FastAPI(lifespan=jobs.lifespan)
app.include_router(jobs.router)


@app.post("/me/reports/{year}", status_code=202)
async def order_report(year: Year, user: Annotated[str, Depends(current_user)], request: Request) -> Accepted[Report]:
    return await weather_report.accept(ReportRequest(year=year), owner=user, request=request)

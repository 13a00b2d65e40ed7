"""An application with some of everything, for a stranger's tools to read about and to call."""

import enum
from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI

from coatcheck import Coatcheck, Content, Fail, Job

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class Format(enum.StrEnum):
    """How a report is written."""

    CSV = "csv"
    JSON = "json"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a bill."""

    name: Name
    amount: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Bill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be added up."""

    day: date
    lines: Annotated[tuple[Line, ...], msgspec.Meta(max_length=20)]
    format: Format = Format.JSON
    note: str | None = None


class Total(msgspec.Struct, frozen=True):
    """What a bill comes to."""

    total: int
    day: date


def shop(store: str, **settings: Any) -> tuple[Coatcheck, FastAPI]:
    """The application, and its host; `settings` beside those that tests have."""
    jobs = Coatcheck(store=store, durability="process", poll_interval=0.1, title="Shop", version="1", **settings)

    @jobs.operation("/bills", retries=1, estimate="1 second", webhooks=True)
    async def bill(bill: Bill, job: Job) -> Total:
        """Add up a bill.

        Lines are counted in cents.
        """
        job.progress(message="adding")
        return Total(sum(line.amount for line in bill.lines), bill.day)

    @jobs.operation("/labels")
    def label(name: Name, times: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1) -> Content:
        """Print labels."""
        return Content("\n".join([name] * times), filename="labels.txt")

    @jobs.operation("/refunds", idempotency_key_required=True)
    async def refund(amount: Annotated[int, msgspec.Meta(ge=1)]) -> None:
        """Refund money, which fails."""
        raise Fail(status=409, title="The till is empty", detail=f"{amount} cannot be paid.")

    app = FastAPI(lifespan=jobs.lifespan)
    app.include_router(jobs.router)
    return jobs, app

"""An application with an operation for every kind of body, for whoever sends what he likes."""

from typing import Any

import msgspec
import pydantic

from coatcheck import Coatcheck, Content, Upload
from coatcheck.operations.lines import Lines

jobs = Coatcheck()


class Row(msgspec.Struct, forbid_unknown_fields=True):
    price: int
    name: str = ""


class Order(pydantic.BaseModel):
    price: int
    note: str = ""
    weight: float = 0.0


@jobs.operation("/anything")
def anything(data: dict[str, Any]) -> None: ...


@jobs.operation("/typed")
def typed(row: Row) -> None: ...


@jobs.operation("/modelled")
def modelled(order: Order) -> None: ...


@jobs.operation("/videos")
def convert(video: Upload) -> None: ...


@jobs.operation("/rows")
def import_rows(rows: Lines[Row]) -> None: ...


@jobs.operation("/edits")
def edit(video: Upload, row: Row, times: int) -> None: ...


@jobs.operation("/payments", idempotency_key_required=True)
def pay(amount: int) -> None: ...


@jobs.operation("/reports")
def report() -> Content:
    return Content(b"0123456789" * 1000, filename='re"port ü.bin')

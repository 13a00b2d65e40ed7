"""Types and functions as users write them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypedDict

import msgspec
import pydantic


class Line(msgspec.Struct):
    name: str
    price: int


class Order(msgspec.Struct):
    lines: list[Line]
    prices: dict[str, int] = {}
    due: date | None = None


@dataclass
class Period:
    start: date
    days: int = 7


class Filters(TypedDict):
    country: str


class Point(NamedTuple):
    x: int
    y: int


class Item(pydantic.BaseModel):
    name: str
    amount: Decimal = Decimal(0)


class Invoice(pydantic.BaseModel):
    number: int = pydantic.Field(validation_alias="no", serialization_alias="invoiceNumber")
    items: list[Item] = []


class Note(pydantic.BaseModel):
    text: str


class Measure(pydantic.BaseModel):
    value: float

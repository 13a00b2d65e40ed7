"""Airports: where rows come from, what a row must look like, and the table they go to."""

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from itertools import islice
from typing import Annotated, Literal, NamedTuple, Self

import apsw
import msgspec
from msgspec import Meta

BATCH = 50
"""Rows of one transaction, and between two checkpoints."""

_DATA = files("coatcheck.demo") / "data"
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS airports (
        iata TEXT PRIMARY KEY, name TEXT, city TEXT, state TEXT, country TEXT, latitude REAL, longitude REAL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS refused (job TEXT, line INTEGER, reason TEXT, row TEXT, PRIMARY KEY (job, line)) STRICT;
"""


class Airport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row as it must be: an airport of the United States with its IATA code (three characters) and a known city."""

    iata: Annotated[str, Meta(pattern="^[A-Z0-9]{3}$")]
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    city: Annotated[str, Meta(pattern="^(?!NA$).")]
    state: Annotated[str, Meta(pattern="^(?!NA$)[A-Z]{2}$")]
    country: Literal["USA"]
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]


class Line(NamedTuple):
    """A line of the file, numbered from 1."""

    number: int
    text: bytes


class Refusal(NamedTuple):
    """A line that is no good row, and its first fault."""

    line: Line
    reason: str


def count(source: str) -> int:
    """How many lines the file has."""
    return sum(1 for _ in _lines(source))


def batches(source: str) -> Iterator[list[Line]]:
    """The file's lines, always cut at the same places."""
    lines = _lines(source)
    while batch := list(islice(lines, BATCH)):
        yield batch


def validate(batch: Sequence[Line]) -> tuple[list[Airport], list[Refusal]]:
    """The airports of a batch, and the lines that are none."""
    taken, refused = [], []
    for line in batch:
        try:
            taken.append(msgspec.json.decode(line.text, type=Airport))
        except msgspec.DecodeError as error:
            refused.append(Refusal(line, str(error)))
    return taken, refused


def _lines(source: str) -> Iterator[Line]:
    with (_DATA / source).open("rb") as compressed, gzip.open(compressed) as file:
        for number, text in enumerate(file, 1):
            yield Line(number, text.rstrip(b"\n"))


class AirportTable:
    """The airports taken, and the lines refused by each import, in a SQLite file. Writing the same again changes nothing."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def opened(cls, path: str) -> Iterator[Self]:
        """The table in the file `path`, which is made if need be, as long as the context lasts."""
        connection = apsw.Connection(path)
        try:
            connection.set_busy_timeout(5000)
            connection.transaction_mode = "IMMEDIATE"
            connection.pragma("journal_mode", "wal")
            connection.execute(_SCHEMA)
            yield cls(connection)
        finally:
            connection.close()

    def save(self, job: str, taken: Sequence[Airport], refused: Sequence[Refusal]) -> None:
        """Write a batch: all of it or nothing."""
        with self._connection:
            self._connection.executemany("REPLACE INTO airports VALUES (?, ?, ?, ?, ?, ?, ?)", map(msgspec.structs.astuple, taken))
            self._connection.executemany(
                "REPLACE INTO refused VALUES (?, ?, ?, ?)",
                ((job, line.number, reason, line.text.decode(errors="replace")) for line, reason in refused),
            )

    def refused_as_csv(self, job: str) -> bytes:
        """The lines that the import `job` refused: number, first fault, and the line itself."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(("line", "reason", "row"))
        writer.writerows(self._connection.execute("SELECT line, reason, row FROM refused WHERE job = ? ORDER BY line", (job,)))
        return text.getvalue().encode()

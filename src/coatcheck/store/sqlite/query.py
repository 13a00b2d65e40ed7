"""Running a statement to its end, so that it holds no snapshot."""

from collections.abc import Collection, Mapping
from typing import Any

import apsw
import msgspec

from coatcheck.store.rows import Row


def query(db: apsw.Connection, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
    """All rows."""
    return db.execute(sql, parameters).fetchall()


def first(db: apsw.Connection, sql: str, parameters: Mapping[str, Any]) -> Row | None:
    """The first row, if there is any."""
    rows = db.execute(sql, parameters).fetchall()
    return rows[0] if rows else None


def as_json(values: Collection[Any] | Mapping[str, Any]) -> str:
    """Many values as one parameter, for `json_each`."""
    return msgspec.json.encode(values).decode()

"""What commands ask of a store of any kind."""

from typing import Any, Protocol

from coatcheck.settings import Settings


class Database(Protocol):
    """The store itself, apart from what its jobs do."""

    @property
    def place(self) -> dict[str, Any]: ...
    @property
    def known(self) -> int: ...
    def schema(self) -> int | None: ...
    def script(self) -> str: ...
    def examine(self) -> dict[str, Any]: ...


def database_of(settings: Settings) -> Database:
    """The one that the settings name."""
    if settings.store.startswith("sqlite:"):
        from coatcheck.cli.database import SQLiteDatabase

        return SQLiteDatabase(settings)
    from coatcheck.cli.postgresql import PostgresDatabase

    return PostgresDatabase(settings)

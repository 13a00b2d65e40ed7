"""From the settings to the tables of a store."""

from contextlib import AbstractContextManager

from coatcheck.cli.copying.tables import Tables
from coatcheck.errors import ConfigurationError
from coatcheck.settings import Settings


def tables_of(settings: Settings) -> AbstractContextManager[Tables]:
    """The tables of the store that the settings name, for a block: committed at its end, undone where it raises.

    Raises StoreUnavailable.
    """
    if settings.store.startswith("sqlite:"):
        from coatcheck.cli.copying.sqlite import sqlite_tables

        return sqlite_tables(settings)
    try:
        from coatcheck.cli.copying.postgresql import postgres_tables
    except ImportError as error:
        raise ConfigurationError(f"A store on PostgreSQL needs its driver: pip install 'coatcheck[postgres]' ({error}).") from error

    return postgres_tables(settings)

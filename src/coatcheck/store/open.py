"""From the settings to the store of jobs, and to that of their files."""

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from coatcheck.blobs.contract import Blobs
from coatcheck.blobs.directory import BlobDirectory
from coatcheck.clock import Clock
from coatcheck.errors import ConfigurationError
from coatcheck.settings import Settings
from coatcheck.store.contract import Store
from coatcheck.store.deliveries import Deliveries
from coatcheck.store.insight import Insight
from coatcheck.store.sqlite.location import sqlite_file
from coatcheck.telemetry import Telemetry


class AnyStore(Store, Insight, Deliveries, Protocol):
    """What every backend gives: all contracts."""


def open_store(settings: Settings, clock: Clock, telemetry: Telemetry) -> AnyStore:
    """The store that `settings.store` names, not yet opened. Raises ConfigurationError for a URL we cannot serve."""
    scheme = urlsplit(settings.store).scheme
    match scheme:
        case "sqlite":
            from coatcheck.store.sqlite.store import SQLiteStore

            return SQLiteStore(settings, clock, telemetry)
        case "postgresql" | "postgres":
            try:
                from coatcheck.store.postgres.store import PostgresStore
            except ImportError as error:
                raise ConfigurationError(f"A store on PostgreSQL needs its driver: pip install 'coatcheck[postgres]' ({error}).") from error

            return PostgresStore(settings, clock, telemetry)
        case _:
            raise ConfigurationError(
                f"store begins with {scheme or 'no scheme'!r}: use sqlite:///relative.db, sqlite:////absolute.db, or postgresql://user:password@host/database."
            )


def open_blobs(settings: Settings, clock: Clock) -> Blobs:
    """Where files are kept: where `settings.blobs` says, else beside the SQLite file or in the database.

    Raises ConfigurationError where a bucket is named, and its client is not installed; and where links are to be given without a bucket.
    """
    bucket = settings.blobs is not None and settings.blobs.startswith("s3://")
    if settings.signed_urls and not bucket:
        raise ConfigurationError(
            f"signed_urls={settings.signed_urls}: only files in a bucket have URLs. Set blobs to s3://bucket/prefix, or leave it 0."
        )
    if settings.blobs is not None and bucket:
        try:
            from coatcheck.blobs.objects import ObjectBlobs
        except ImportError as error:
            raise ConfigurationError(f"Files in a bucket need its client: pip install 'coatcheck[s3]' ({error}).") from error

        return ObjectBlobs(settings.blobs, clock)
    if settings.blobs is not None:
        return BlobDirectory(Path(settings.blobs), clock)
    if urlsplit(settings.store).scheme == "sqlite":
        file = sqlite_file(settings.store)
        return BlobDirectory(file.with_name(f"{file.name}.blobs"), clock)
    from coatcheck.store.postgres.blobs import PostgresBlobs

    return PostgresBlobs(settings, clock)

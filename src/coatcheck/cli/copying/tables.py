"""The rows of a store as they are, the same in each kind."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from coatcheck.store.rows import Row

COLUMNS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "jobs": (
            "seq", "id", "owner", "operation", "status", "version", "last_event",
            "created_at", "not_before", "delayed", "started_at", "completed_at", "expires_at", "cancel_requested_at",
            "attempt", "max_attempts", "failures", "crashes", "fence", "timeout", "ttl", "idempotency_key", "traceparent",
            "worker", "percent", "message", "current", "total", "unit", "notes", "error",
        ),
        "arguments": ("job", "body"),
        "inputs": ("job", "blob"),
        "checkpoints": ("job", "body"),
        "results": ("job", "media_type", "size", "digest", "blob", "filename", "body"),
        "events": ("job", "seq", "type", "at", "status", "attempt", "actor", "worker", "reason", "data"),
        "idempotency_keys": ("owner", "operation", "key", "fingerprint", "job", "expires_at"),
        "tombstones": ("id", "seq", "owner", "expired_at", "forget_at"),
        "endpoints": ("id", "owner", "url", "occasions", "created_at", "disabled_at", "disabled_reason"),
        "secrets": ("seq", "holder", "sealed", "created_at", "ends_at"),
        "callbacks": ("job", "url", "target"),
        "deliveries": (
            "seq", "id", "owner", "occasion", "job", "event", "endpoint", "url", "target",
            "status", "created_at", "next_at", "attempts", "fence", "body",
        ),
        "delivery_attempts": ("delivery", "number", "at", "duration", "status", "error", "answer"),
        "circuits": ("target", "failures", "open_until"),
    }
)  # fmt: skip
"""All tables, and what is copied of them: everything but leases, which run by a store's own clock. Events come before endpoints and
callbacks, or adding them would owe once more what they were told to long ago."""


class Tables(Protocol):
    """A store's tables inside one transaction, while nobody else writes to them."""

    def held(self) -> int:
        """Jobs whose lease is not over: a worker runs them."""

    def count(self, table: str) -> int:
        """Rows of a table."""

    def statuses(self) -> dict[str, int]:
        """Jobs by stored status."""

    def rows(self, table: str) -> Iterator[Row]:
        """All rows, in `COLUMNS`."""

    def add(self, table: str, rows: Iterable[Row]) -> None:
        """Insert rows of `COLUMNS`."""

    def finish(self) -> None:
        """After all were added: running jobs have a lease that is over, and the next job a number of its own."""

"""The application whose webhooks are stormed, in a process of its own that has no half hour for what circuits make of the storm."""

from chaos.hooked import jobs
from coatcheck.store.postgres import dispatch as on_postgresql
from coatcheck.store.sqlite import dispatch as on_sqlite

__all__ = ["jobs"]

on_sqlite.CIRCUIT_PAUSE = on_postgresql.CIRCUIT_PAUSE = (0.5, 2.0)  # type: ignore[attr-defined]

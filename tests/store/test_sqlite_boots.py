"""The SQLite store is on one host with its workers."""

from coatcheck.testing.conformance import OneHostConformance


class TestSQLiteStore(OneHostConformance):
    """Its leases are in boot time."""

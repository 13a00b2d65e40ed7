"""The SQLite store does what every store must do."""

from coatcheck.testing.conformance import StoreConformance


class TestSQLiteStore(StoreConformance):
    """With two handles on one file: two writer threads, as in two processes."""

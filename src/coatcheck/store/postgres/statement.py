"""SQL texts: one statement a file, named as the verb."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from coatcheck.store.delivery_rows import DELIVERY_COLUMNS, ENDPOINT_COLUMNS
from coatcheck.store.rows import JOB_COLUMNS

_NOW = "(SELECT coalesce(%(now)s::double precision, extract(epoch FROM clock_timestamp())::double precision))"
_WAITING = """waiting (target) AS (
    (SELECT target FROM {schema}.deliveries WHERE status = 'pending' ORDER BY target LIMIT 1)
    UNION ALL
    SELECT (
        SELECT target FROM {schema}.deliveries WHERE status = 'pending' AND deliveries.target > waiting.target ORDER BY target LIMIT 1
    )
    FROM waiting WHERE target IS NOT NULL
)"""
_WORDS = {
    "job": " ".join(JOB_COLUMNS.split()),
    "endpoint": ENDPOINT_COLUMNS,
    "delivery": " ".join(DELIVERY_COLUMNS.split()),
    "now": _NOW,
    "seconds": _NOW.replace("%(now)s", "%(seconds)s"),
    "waiting": _WAITING,
}
"""What stands for the columns of a record, the time of day, the moment on the clock that leases run by, and the targets that are owed
something, each found by one look into an index however much it is owed."""


@cache
def statement(name: str, schema: str) -> str:
    """The text of `statements/{name}.sql` for the tables in `schema`, short enough for the driver to remember what it parsed."""
    text = files("coatcheck.store.postgres").joinpath("statements", f"{name}.sql").read_text("utf-8")
    text = " ".join(line.partition("--")[0].strip() for line in text.splitlines())
    for word, meaning in {**_WORDS, "schema": quoted(schema)}.items():
        text = text.replace(f"{{{word}}}", meaning)
    return " ".join(text.split())


@cache
def migrations(schema: str) -> Sequence[str]:
    """The scripts in order, for the tables in `schema`; the n-th leads to schema n."""
    folder = files("coatcheck.store.postgres").joinpath("migrations")
    scripts = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [script.read_text("utf-8").replace("{schema}", quoted(schema)) for script in scripts]


def quoted(identifier: str) -> str:
    """A name as SQL writes it. The settings let no quotation mark into one."""
    return f'"{identifier}"'

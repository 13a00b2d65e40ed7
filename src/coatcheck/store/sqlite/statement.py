"""SQL texts: one statement a file, named as the verb."""

from importlib.resources import files

from coatcheck.store.delivery_rows import DELIVERY_COLUMNS, ENDPOINT_COLUMNS
from coatcheck.store.rows import JOB_COLUMNS

_WORDS = {"job": JOB_COLUMNS, "endpoint": ENDPOINT_COLUMNS, "delivery": DELIVERY_COLUMNS.replace("{schema}.", "")}
"""What stands for the columns of a record."""


def statement(name: str) -> str:
    """The text of `statements/{name}.sql`; `{job}` in it stands for the columns of a job's record, and so on."""
    text = files("coatcheck.store.sqlite").joinpath("statements", f"{name}.sql").read_text("utf-8")
    for word, columns in _WORDS.items():
        text = text.replace(f"{{{word}}}", columns)
    return text

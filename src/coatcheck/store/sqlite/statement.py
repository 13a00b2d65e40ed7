"""SQL texts: one statement a file, named as the verb."""

from importlib.resources import files

from coatcheck.store.rows import JOB_COLUMNS


def statement(name: str) -> str:
    """The text of `statements/{name}.sql`; `{job}` in it stands for the columns of a job's record."""
    text = files("coatcheck.store.sqlite").joinpath("statements", f"{name}.sql").read_text("utf-8")
    return text.replace("{job}", JOB_COLUMNS)

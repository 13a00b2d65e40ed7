"""The package that the storm's processes run: a copy, so that it stays one version while people go on editing.

On demand, something is missing in it that must be there: the proof that the storm can fail.
"""

import re
import shutil
from pathlib import Path

import coatcheck

FENCED = {
    "store/sqlite": {"settle": 1, "report": 1, "checkpoint": 1, "heartbeat": 2},
    "store/postgres": {"settle": 1, "report": 1, "checkpoint": 1, "heartbeat": 2},
}
"""Store → statements that a worker writes under its claim, and how many conditions say there that the claim is still its own."""
OURS = re.compile(r"\s+AND (?:\w+\.)?(fence|worker) = (?::\1\b|%\(\1\)s|\w+\.\1\b)|(?<=USING \(id), fence(?=\))")
"""Such a condition, in either dialect."""


def copied(directory: Path, sabotage: str | None = None) -> Path:
    """A folder for PYTHONPATH with a copy of `coatcheck`; with `sabotage="fence"`, one whose writes do not ask whose the claim is."""
    copy = directory / "coatcheck"
    half_written = shutil.ignore_patterns("*.pyc.*")
    shutil.copytree(Path(coatcheck.__file__).parent, copy, ignore=half_written)  # with what is compiled, which all its processes need
    if sabotage == "fence":
        for store, statements in FENCED.items():
            for name, conditions in statements.items():
                _take_out(conditions, copy / store / "statements" / f"{name}.sql")
    return directory


def _take_out(conditions: int, file: Path) -> None:
    text, found = OURS.subn("", file.read_text())
    if found != conditions:
        raise ValueError(f"{file.name} asks {found} times whose the claim is, and {conditions} were expected: look what has changed.")
    file.write_text(text)

"""The package that the storm's processes run: a copy, so that it stays one version while people go on editing.

On demand, something is missing in it that must be there: the proof that the storm can fail.
"""

import re
import shutil
from pathlib import Path

import coatcheck

FENCED = {"settle": 1, "report": 1, "checkpoint": 1, "heartbeat": 2}
"""Statements that a worker writes under its claim, and how many conditions say there that the claim is still its own."""
_OURS = re.compile(r"\s+AND (fence|worker) = :\1\b")


def copied(directory: Path, sabotage: str | None = None) -> Path:
    """A folder for PYTHONPATH with a copy of `coatcheck`; with `sabotage="fence"`, one whose writes do not ask whose the claim is."""
    copy = directory / "coatcheck"
    shutil.copytree(Path(coatcheck.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    if sabotage == "fence":
        for name, conditions in FENCED.items():
            _take_out(conditions, copy / "store" / "sqlite" / "statements" / f"{name}.sql")
    return directory


def _take_out(conditions: int, file: Path) -> None:
    text, found = _OURS.subn("", file.read_text())
    if found != conditions:
        raise ValueError(f"{file.name} asks {found} times whose the claim is, and {conditions} were expected: look what has changed.")
    file.write_text(text)

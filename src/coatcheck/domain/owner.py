"""Who a job belongs to, and who may look past that."""

from enum import Enum, unique
from typing import Final, Literal


@unique
class System(Enum):
    """The type of `SYSTEM`."""

    SYSTEM = "system"

    def __repr__(self) -> str:
        return "SYSTEM"


SYSTEM: Final = System.SYSTEM
"""The operator: sees and may act on every owner's jobs. Never the default; it must be written out."""

Viewer = str | Literal[System.SYSTEM]
"""Whose eyes a job is looked at with: an owner's name, or `SYSTEM`."""

OPERATOR: Final = "system"
"""Owner of what `SYSTEM` submits, and its name in histories."""

EVERYONE: Final = "everyone"
"""The one owner of all jobs where no `authenticate` hook tells clients apart."""


def sees(viewer: Viewer, owner: str) -> bool:
    """Whether `viewer` may see a job of `owner`."""
    return viewer is SYSTEM or viewer == owner

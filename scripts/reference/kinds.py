"""Every kind of problem, as the application's own pages explain it."""

from coatcheck.wire.problems import KINDS


def kinds() -> str:
    """A section for each, by status."""
    ordered = sorted(KINDS.items(), key=lambda item: (item[1].status, item[0]))
    return "\n\n".join(f"## `{name}`\n\n**{kind.title}**, status {kind.status}. {kind.explanation}" for name, kind in ordered)

"""Pieces of Markdown."""


def table(*rows: tuple[str, ...]) -> str:
    """A table, its first row the heading."""
    heading, *others = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return "\n".join([heading, f"|{'---|' * len(rows[0])}", *others])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

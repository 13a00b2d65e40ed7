"""The drawing of a job's life in docs/states.md, made from the table of transitions.

python -m scripts.states            print it
python -m scripts.states --write    put it into the page
"""

import re
import sys
from itertools import product
from pathlib import Path

from coatcheck.domain.state import Status, Verb, transition

PAGE = Path(__file__).parent.parent / "docs" / "states.md"
_BEGIN, _END = "<!-- begin: python -m scripts.states --write -->", "<!-- end -->"


def drawing() -> str:
    """The diagram (Mermaid) and the table, as Markdown."""
    return f"```mermaid\n{_diagram()}\n```\n\n{_table()}"


def page(text: str) -> str:
    """`text` with the drawing in its place."""
    return re.sub(f"{re.escape(_BEGIN)}.*{re.escape(_END)}", f"{_BEGIN}\n{drawing()}\n{_END}", text, flags=re.DOTALL)


def _diagram() -> str:
    edges: dict[tuple[Status, Status], list[Verb]] = {}
    for status, verb in product(Status, Verb):
        if (target := transition(status, verb)) is not None:
            edges.setdefault((status, target), []).append(verb)
    lines = ["stateDiagram-v2", f"    [*] --> {Status.QUEUED}: submit"]
    lines += [f"    {status} --> {target}: {', '.join(verbs)}" for (status, target), verbs in edges.items()]
    lines += [f"    {status} --> [*]: expiry" for status in Status if status.terminal]
    return "\n".join(lines)


def _table() -> str:
    rows = [["", *Verb], ["---"] * (len(Verb) + 1)]
    rows += [[f"**{status}**", *(transition(status, verb) or "·" for verb in Verb)] for status in Status]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(PAGE.read_text()))
    else:
        print(drawing())

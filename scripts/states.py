"""The picture and the table of a job's life in docs/states.md, made from the table of transitions.

python -m scripts.states            print the table
python -m scripts.states --write    put it into the page, and the picture beside it
"""

import re
import sys
from itertools import product
from pathlib import Path

from coatcheck.domain.state import Status, Verb, transition

PAGE = Path(__file__).parent.parent / "docs" / "states.md"
PICTURE = PAGE.with_suffix(".svg")
_BEGIN, _END = "<!-- begin: python -m scripts.states --write -->", "<!-- end -->"

_BOXES = {
    Status.QUEUED: (110, 150),
    Status.RUNNING: (410, 150),
    Status.CANCELLING: (410, 290),
    Status.FAILED: (720, 50),
    Status.COMPLETED: (720, 150),
    Status.CANCELLED: (720, 290),
}
"""The middle of each status."""
_ARROWS = {
    (Status.QUEUED, Status.RUNNING): ("M170,142 H346", 258, 134),
    (Status.RUNNING, Status.QUEUED): ("M350,160 H174", 262, 178),
    (Status.RUNNING, Status.COMPLETED): ("M470,150 H656", 590, 142),
    (Status.RUNNING, Status.FAILED): ("M470,140 L656,62", 545, 92),
    (Status.RUNNING, Status.CANCELLING): ("M410,168 V268", 434, 224),
    (Status.CANCELLING, Status.COMPLETED): ("M470,282 C560,270 590,190 656,164", 596, 232),
    (Status.CANCELLING, Status.CANCELLED): ("M470,294 H656", 566, 314),
    (Status.QUEUED, Status.CANCELLED): ("M130,168 C200,350 520,370 672,312", 320, 332),
    (Status.FAILED, Status.QUEUED): ("M660,42 C420,-20 160,30 112,128", 390, 26),
    (Status.CANCELLED, Status.QUEUED): ("M730,308 C640,430 120,440 96,172", 400, 384),
}
"""Where the arrow from one status to another runs, and where its verbs stand."""
_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 410" font-family="sans-serif" font-size="13" text-anchor="middle">
<title>The life of a job</title>
<defs><marker id="tip" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
<path d="M0,0 L8,4 L0,8 z" fill="#5c6bc0"/></marker></defs>
<rect width="860" height="410" rx="8" fill="#fff"/>
{drawn}
</svg>
"""


def table() -> str:
    """The table, as Markdown."""
    rows = [["", *Verb], ["---"] * (len(Verb) + 1)]
    rows += [[f"**{status}**", *(transition(status, verb) or "·" for verb in Verb)] for status in Status]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def page(text: str) -> str:
    """`text` with the table in its place."""
    return re.sub(f"{re.escape(_BEGIN)}.*{re.escape(_END)}", f"{_BEGIN}\n{table()}\n{_END}", text, flags=re.DOTALL)


def picture() -> str:
    """The picture, as SVG. A verb that changes nothing is left out. Raises KeyError for a transition that has no place in it."""
    edges: dict[tuple[Status, Status], list[Verb]] = {}
    for status, verb in product(Status, Verb):
        if (target := transition(status, verb)) not in (None, status):
            edges.setdefault((status, target), []).append(verb)
    drawn = [_arrow(*_ARROWS[edge], ", ".join(verbs)) for edge, verbs in edges.items()]
    drawn += [_arrow("M4,150 H46", 25, 142, "submit")]
    drawn += [_arrow(f"M780,{_BOXES[status][1]} H830", 808, _BOXES[status][1] - 8, "expiry") for status in Status if status.terminal]
    return _SVG.format(drawn="\n".join([*drawn, *(_box(status, *place) for status, place in _BOXES.items())]))


def _arrow(path: str, x: int, y: int, label: str) -> str:
    line = f'<path d="{path}" fill="none" stroke="#5c6bc0" stroke-width="1.5" marker-end="url(#tip)"/>'
    return f'{line}\n<text x="{x}" y="{y}" fill="#37474f" stroke="#fff" stroke-width="4" paint-order="stroke">{label}</text>'


def _box(status: Status, x: int, y: int) -> str:
    fill = "#c5cae9" if status.terminal else "#e8eaf6"
    return (
        f'<rect x="{x - 60}" y="{y - 18}" width="120" height="36" rx="6" fill="{fill}" stroke="#3f51b5"/>\n'
        f'<text x="{x}" y="{y + 5}" fill="#1a237e" font-weight="bold">{status}</text>'
    )


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(PAGE.read_text()))
        PICTURE.write_text(picture())
    else:
        print(table())

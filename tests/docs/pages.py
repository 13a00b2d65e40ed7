"""The pages, and the snippets on them."""

import re
from typing import NamedTuple

from tests.architecture.sources import ROOT, tree

PAGES = {str(file.relative_to(ROOT)): file.read_text("utf-8") for file in tree() if file.suffix == ".md"}
READ = {name: text for name, text in PAGES.items() if name == "README.md" or name.startswith("docs/")}
"""What people read who use it."""

_FENCE = re.compile(r"^(?:<!-- not run: (?P<why>[^\n]+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


class Snippet(NamedTuple):
    """What stands between two fences."""

    language: str
    text: str
    not_run: str | None
    """Why it cannot be run, where a comment on the line before says so: `<!-- not run: … -->`."""

    @property
    def is_transcript(self) -> bool:
        """Whether it shows commands, each after a `$`, and what came of them."""
        return self.text.startswith("$ ")


def snippets(page: str) -> list[Snippet]:
    """The snippets of a page, in order."""
    return [Snippet(found["language"], found["text"], found["why"]) for found in _FENCE.finditer(PAGES[page])]

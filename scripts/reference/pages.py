"""Which page takes what. A page keeps its own words; what is made stands between two marks."""

from collections.abc import Callable
from pathlib import Path

from scripts.reference.commands import commands
from scripts.reference.job import job
from scripts.reference.kinds import kinds
from scripts.reference.libraries import libraries
from scripts.reference.members import policy, settings
from scripts.reference.routes import routes

DOCS = Path(__file__).parents[2] / "docs"
PAGES: dict[Path, Callable[[], str]] = {
    DOCS / "cli.md": commands,
    DOCS / "contract.md": routes,
    DOCS / "functions.md": job,
    DOCS / "licences.md": libraries,
    DOCS / "policy.md": policy,
    DOCS / "problems.md": kinds,
    DOCS / "settings.md": settings,
}
_BEGIN, _END = "<!-- begin: python -m scripts.reference --write -->", "<!-- end -->"


def renewed(page: Path) -> str:
    """The page's text as it should be."""
    before, _, rest = page.read_text("utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n\n{PAGES[page]()}\n\n{_END}{after}"

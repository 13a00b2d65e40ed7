"""The libraries that Coatcheck asks for, and their licences."""

import re
from importlib.metadata import distribution

from packaging.requirements import Requirement

from scripts.licences import OPTIONAL_ONLY, licence
from scripts.reference.markdown import table


def libraries() -> str:
    """A table of those that it names itself, with what asks for them."""
    wanted: dict[str, list[str]] = {}
    for requirement in map(Requirement, distribution("coatcheck").requires or []):
        extra = re.search(r'extra == "(\w+)"', str(requirement.marker or "").replace("'", '"'))
        wanted.setdefault(requirement.name, []).append(f"`{extra[1]}`" if extra else "always")
    rows = ((name, _licence(name), ", ".join(sorted({*by} - {"`all`"}))) for name, by in sorted(wanted.items()))
    return table(("Library", "Licence", "Installed by"), *rows)


def _licence(name: str) -> str:
    return licence(distribution(name)) + (": yours to replace, and used unchanged" if name in OPTIONAL_ONLY else "")

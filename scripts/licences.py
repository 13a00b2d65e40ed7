"""Whether every library that an installation brings along may be used: `python -m scripts.licences`.

Follows the requirements of `coatcheck` with all its extras through what is installed here, prints each library with its
licence, and ends with 1 where one is not on the list. What only developers install is not looked at.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "HPND",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "Zlib",
    "any-OSI",  # any licence that the OSI approved, as the user chooses
}
"""SPDX identifiers that ask of a user no more than to keep a notice."""

SPELT_OTHERWISE = {
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
"""How older packages write the same."""

OPTIONAL_ONLY: dict[str, str] = {
    "psycopg": "LGPL: a library that the extra `postgres` installs, and that its users can replace",
    "psycopg-binary": "the same, compiled",
}
"""Libraries under another licence that only an extra installs, unmodified: name → why that is fine."""


def main() -> int:
    """Print what is used and under which licence; 0 when all may be."""
    refused = []
    for name, licence in sorted(used("coatcheck")):
        fine = name in OPTIONAL_ONLY or allowed(licence)
        print(f"{'ok     ' if fine else 'REFUSED'}  {name:24} {licence}")
        if not fine:
            refused.append(name)
    if refused:
        print(f"\nNot on the list of licences: {', '.join(refused)}. Find another library, or say in scripts/licences.py why it is fine.")
    return 1 if refused else 0


def used(root: str) -> Iterator[tuple[str, str]]:
    """Each distribution that `root` with all its extras requires, directly or not, and its licence."""
    waiting, seen = [Requirement(f"{root}[{','.join(distribution(root).metadata.get_all('Provides-Extra') or [])}]")], set()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found = distribution(name)
        waiting += needed(found, extras)
        if name != root:
            yield name, licence(found)


def needed(found: Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    """What `found` requires on this machine. Raises PackageNotFoundError for what is not installed."""
    for requirement in map(Requirement, found.requires or []):
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield requirement


def licence(found: Distribution) -> str:
    """The SPDX expression where there is one, else what the older fields say."""
    stated: dict[str, Any] = found.metadata.json
    classified = [line.rpartition(" :: ")[2] for line in stated.get("classifier", []) if line.startswith("License ::")]
    older = classified or [stated.get("license", "unknown")]
    return stated.get("license_expression") or " AND ".join(SPELT_OTHERWISE.get(words.lower(), words) for words in older)


def allowed(expression: str) -> bool:
    """Whether every part that must be complied with is on the list: all of `AND`, one of `OR`."""
    flat = expression.replace("(", " ").replace(")", " ")
    return all(any(part.strip() in ALLOWED for part in re.split(r"\bOR\b", every)) for every in re.split(r"\bAND\b", flat))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PackageNotFoundError as missing:
        sys.exit(f"{missing.name} is required and not installed here: run `make clean check`.")

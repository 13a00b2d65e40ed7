"""Names are the field's own words, and the public ones are few."""

import ast
import re
from pathlib import PurePath

import coatcheck
from tests.architecture.sources import nodes, production

EMPTY_WORDS = {"manager", "managers", "base", "util", "utils", "helper", "helpers", "common", "misc", "types", "abstract"}
"""Words that say where something was put, not what it is."""

PUBLIC = [
    "SYSTEM",
    "Accepted",
    "Cancelled",
    "Coatcheck",
    "Content",
    "Created",
    "Fail",
    "Handle",
    "HttpStyle",
    "Job",
    "Limits",
    "Retry",
    "Upload",
    "current_job",
]


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_no_module_is_named_after_a_drawer() -> None:
    assert {path for path in production() for part in PurePath(path).with_suffix("").parts if words(part) & EMPTY_WORDS} == set()


def test_no_class_is_named_after_a_drawer() -> None:
    assert {node.name for _, node in nodes() if isinstance(node, ast.ClassDef) and words(node.name) & EMPTY_WORDS} == set()


def test_the_public_names_are_these() -> None:
    """Whoever adds one thinks twice: it stays for years."""
    assert sorted(coatcheck.__all__) == sorted(PUBLIC)
    assert len(PUBLIC) <= 14


def test_every_public_name_can_be_had() -> None:
    assert all(getattr(coatcheck, name) is not None for name in coatcheck.__all__)

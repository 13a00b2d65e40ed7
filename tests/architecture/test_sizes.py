"""A file is one noun or one verb and fits in the head."""

import ast
from statistics import quantiles

from tests.architecture.sources import PACKAGE, nodes, production

LONG_FOR_A_REASON: dict[str, str] = {"errors.py": "all that is raised stands in one tree, which its first lines draw"}
"""Files of 301 to 400 lines: path → why they are not two."""


def lengths() -> dict[str, int]:
    return {path: len((PACKAGE / path).read_text().splitlines()) for path in production()}


def test_no_file_is_over_400_lines() -> None:
    assert {path: length for path, length in lengths().items() if length > 400} == {}


def test_a_file_over_300_lines_says_why() -> None:
    assert {path for path, length in lengths().items() if length > 300} == set(LONG_FOR_A_REASON)


def test_99_of_100_functions_are_at_most_60_lines() -> None:
    functions = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for _, node in nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert quantiles(functions, n=100)[98] <= 60

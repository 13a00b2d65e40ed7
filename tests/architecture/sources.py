"""The sources, parsed once, for the tests that read them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "coatcheck"


@cache
def production() -> dict[str, ast.Module]:
    """Every module of the package: path below it → syntax tree."""
    return {str(file.relative_to(PACKAGE)): ast.parse(file.read_text()) for file in sorted(PACKAGE.rglob("*.py"))}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Every node of every module, with the module's path."""
    for path, tree in production().items():
        for node in ast.walk(tree):
            yield path, node


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a function or method of that name."""
    for path, node in nodes():
        if isinstance(node, ast.Call) and name == getattr(node.func, "attr", getattr(node.func, "id", None)):
            yield path, node


def strings(node: ast.AST) -> set[str]:
    """The string constants in `node`."""
    return {child.value for child in ast.walk(node) if isinstance(child, ast.Constant) and isinstance(child.value, str)}


@cache
def tree() -> tuple[Path, ...]:
    """Every file that belongs to the project, tracked or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607  the git on the path
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return tuple(file for name in listed.split("\0") if name and (file := ROOT / name).is_file())

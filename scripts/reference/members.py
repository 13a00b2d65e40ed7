"""Settings and the policy of operations: names, types, defaults, and the sentences that stand below them in the code."""

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

from coatcheck.domain.retry import Backoff
from coatcheck.operations.limits import Limits
from coatcheck.operations.operation import Operation
from coatcheck.operations.policy import Policy
from coatcheck.settings import Settings
from scripts.reference.markdown import table


class Member(NamedTuple):
    """A member of a class, as its source tells of it."""

    name: str
    type: str
    meaning: str


def settings() -> str:
    """Every setting but those for tests and repairs, and then those."""
    advanced = {field.name for field in fields(Settings) if field.metadata.get("advanced")}
    usual = _settings(lambda name: name not in advanced)
    return f"{usual}\n\n## For tests and special cases\n\n{_settings(advanced.__contains__)}"


def policy() -> str:
    """Every member of an operation's policy, and of the values that some of them are."""
    defaults = {field.name: field.default for field in fields(Operation)}
    sections = [_section(member, f"`{member.type}`", _default(defaults.get(member.name))) for member in members(Policy)]
    limits = [(f"`{name}`", meaning) for name, _, meaning in members(Limits)]
    backoff = [(f"`{name}`", f"`{getattr(Backoff(), name):g}`", meaning) for name, _, meaning in members(Backoff)]
    return "\n\n".join(
        [
            *sections,
            f"## `Limits(…)`\n\n`from coatcheck import Limits`. {_prose(Limits)}",
            table(("Argument", "Meaning"), *limits),
            f"## `Backoff(…)`\n\n`from coatcheck.domain.retry import Backoff`. {_prose(Backoff)}",
            table(("Argument", "Default", "Meaning"), *backoff),
        ]
    )


def members(owner: type) -> Iterator[Member]:
    """What is declared in a class with a sentence below it."""
    (body,) = ast.parse(inspect.getsource(owner)).body
    assert isinstance(body, ast.ClassDef)
    for declared, below in zip(body.body, body.body[1:], strict=False):
        match declared, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as meaning)):
                yield Member(name, ast.unparse(declared.annotation), meaning)


def _settings(shown: Callable[[str], bool]) -> str:
    defaults = {field.name: field.default for field in fields(Settings)}
    return "\n\n".join(
        _section(member, f"`COATCHECK_{member.name.upper()}`", f"`{member.type}`", _default(defaults[member.name]))
        for member in members(Settings)
        if shown(member.name)
    )


def _section(member: Member, *facts: str) -> str:
    return f"### `{member.name}`\n\n{' · '.join(filter(None, facts))}\n\n{member.meaning}"


def _default(value: Any) -> str:
    if value is None or value is MISSING:
        return ""
    frozen = hasattr(value, "__dataclass_fields__") or isinstance(value, Backoff)
    return f"default `{type(value).__name__}()`" if frozen else f"default `{value!r}`"


def _prose(owner: type) -> str:
    """The sentences of a docstring, without its example."""
    return " ".join(line for line in (inspect.getdoc(owner) or "").splitlines() if line and not line.startswith("    "))

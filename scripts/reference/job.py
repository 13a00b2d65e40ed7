"""What a function can ask of its job, and say."""

import inspect

from coatcheck.context import Job
from scripts.reference.markdown import table

_PAGES = {"run": "programs.md", "transaction": "transactions.md"}


def job() -> str:
    """Each member of `Job`, in the order of the code, with what its docstring says first."""
    rows = [(f"`{_call(name, member)}`", _sentences(name, member)) for name, member in vars(Job).items() if not name.startswith("_")]
    return table(("Member", "Meaning"), *rows)


def _call(name: str, member: object) -> str:
    if isinstance(member, property):
        return f"job.{name}"
    assert callable(member)
    parameters = [parameter for parameter in inspect.signature(member).parameters.values() if parameter.name != "self"]
    positional = [parameter.name for parameter in parameters if parameter.kind is not inspect.Parameter.KEYWORD_ONLY]
    named = [f"{parameter.name}=…" for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
    return f"job.{name}({', '.join([*positional, *named])})"


def _sentences(name: str, member: object) -> str:
    """The docstring's first sentences; what takes more has a page."""
    first, *others = [paragraph for paragraph in (inspect.getdoc(member) or "").split("\n\n") if not paragraph.startswith("    ")]
    return f"{first} [More]({_PAGES[name]})" if name in _PAGES else " ".join([first, *others])

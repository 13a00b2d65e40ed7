"""What must not be found in the sources."""

import ast
import re

import pytest

from tests.architecture.sources import ROOT, calls, nodes, production, strings, tree

OBJECTS_FROM_BYTES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "joblib", "yaml"}
CODE_FROM_TEXT = ["eval", "exec", "compile", "__import__"]
IMPORTS_BY_NAME = {
    "__init__.py": "public names, from a table of ours",
    "cli/command.py": "commands, from a table of ours",
    "cli/target.py": "the application that the operator names on the command line",
    "worker/isolation/home.py": "the application that the worker itself was started with, and the modules of its functions",
}
ENVIRONMENT = {
    "settings.py": "the one reader",
    "cli/target.py": "writes what the command line said, for its own processes to read as settings",
    "integrations/flask.py": "a WSGI request is called `environ`, too; no environment of the process",
    "programs/process.py": "hands it on to the programs that jobs run",
    "testing/harness.py": "hands it on to the processes it starts",
}


def imported(node: ast.AST) -> set[str]:
    match node:
        case ast.Import(names=names):
            return {name.name.partition(".")[0] for name in names}
        case ast.ImportFrom(module=str(module)):
            return {module.partition(".")[0]}
        case _:
            return set()


def test_nothing_makes_objects_of_bytes_but_json() -> None:
    """F81: pickle and its like run whatever the bytes say."""
    assert {(path, name) for path, node in nodes() for name in imported(node) & OBJECTS_FROM_BYTES} == set()


@pytest.mark.parametrize("name", CODE_FROM_TEXT)
def test_nothing_makes_code_of_text(name: str) -> None:
    assert [path for path, call in calls(name) if isinstance(call.func, ast.Name)] == []


def test_no_module_is_imported_by_a_name_that_came_over_the_wire() -> None:
    """F81: only these files import by name at all."""
    assert {path for path, _ in calls("import_module")} == set(IMPORTS_BY_NAME)


def test_the_environment_is_read_in_one_place() -> None:
    def touches(node: ast.AST) -> bool:
        return (isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")) or (
            isinstance(node, ast.ImportFrom) and node.module == "os" and any("env" in name.name for name in node.names)
        )

    assert {path for path, node in nodes() if touches(node)} == set(ENVIRONMENT)


def test_statuses_are_spelt_in_one_place() -> None:
    """Nobody but the table of transitions writes `"running"` into an instruction."""
    compared = {
        (path, name)
        for path, node in nodes()
        if isinstance(node, ast.Compare | ast.MatchValue)
        for name in strings(node) & {"queued", "running", "cancelling", "completed", "failed", "cancelled"}
        if not path.startswith(("client/", "testing/"))
    }
    assert compared == set()


def test_tests_wait_for_events_and_not_for_seconds() -> None:
    """`sleep(0)` gives up a turn of the loop and takes no time."""
    takes_time = re.compile(r"\bsleep\((?!0\))")
    sleeps = [file.name for file in (ROOT / "tests").rglob("*.py") for _ in takes_time.findall(file.read_text())]
    assert len(sleeps) < 10, sleeps


def test_nothing_knows_the_machine_it_was_written_on() -> None:
    machine = re.compile(r"(?<![\w.~-])/(?:home|Users|root|work|private)/\w")
    found = {str(file.relative_to(ROOT)) for file in tree() if machine.search(file.read_text(errors="ignore"))}
    assert found == set()


def test_the_constraints_name_versions_and_no_registry() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert lines
    assert all(re.fullmatch(r"[a-z0-9.-]+==[\w.]+( ; .+)?", line) for line in lines)


def test_there_are_sources_to_look_at() -> None:
    assert len(production()) > 50

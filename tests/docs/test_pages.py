"""What the pages name is there: files, targets, modules, commands; and the examples in docstrings give what they say."""

import doctest
import re
from importlib import import_module
from inspect import getmembers
from pathlib import Path

import pytest
from click import Context, Group

from coatcheck.cli.command import COMMANDS, coatcheck
from coatcheck.context import Job
from tests.architecture.sources import PACKAGE, ROOT, production
from tests.docs.pages import PAGES

WITH_EXAMPLES = [path for path in production() if ">>> " in (PACKAGE / path).read_text("utf-8")]


def named(pattern: str, *pages: str) -> set[tuple[str, str]]:
    """Page and name of all that the pattern finds, in these pages or in all."""
    return {(page, name) for page in pages or PAGES for name in re.findall(pattern, PAGES[page], re.MULTILINE)}


def exists(page: str, name: str) -> bool:
    """Whether there is such a file or folder, or `make` makes it, seen from the page, the root or the package."""
    tops = ((ROOT / page).parent, ROOT, PACKAGE)
    return name.startswith("build/") or any((top / path).exists() for top in tops for path in (name, f"{name}.py"))


def is_ours(page: str, name: str) -> bool:
    """Whether a file is said to be the project's: pages for users name those of their readers, too, and media types."""
    return not page.startswith("docs/") or (ROOT / name.split("/", maxsplit=1)[0]).is_dir()


def test_every_link_within_the_project_leads_somewhere() -> None:
    links = named(r"\]\((?![a-z]+:)([^)#]+)")
    assert len(links) > 10
    assert {(page, link) for page, link in links if not (ROOT / page).parent.joinpath(link).exists()} == set()


def test_every_file_and_folder_that_is_named_exists() -> None:
    files = named(r"(?<![\w./:-])((?:\.?[\w-]+/)*[\w-]+\.(?:py|toml|txt|md|sql))\b") | named(r"`(?!\d)(\.?[\w-]+/[\w/-]*)`")
    assert len(files) > 20
    assert {(page, file) for page, file in files if is_ours(page, file) and not exists(page, file)} == set()


def test_every_module_that_is_run_exists() -> None:
    modules = named(r"python -m ((?:benchmarks|coatcheck|scripts|tests)[\w.]*)")
    assert modules
    assert {(page, module) for page, module in modules if not exists(page, module.replace(".", "/"))} == set()


def test_every_target_that_is_named_exists() -> None:
    targets = named(r"(?:^|`| {4})make ([a-z]+)(?=`| {2}|$)")
    assert {target for _, target in targets} >= {"bench", "check", "demo", "test"}
    there = re.findall(r"^([a-z]+):.* ## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {(page, target) for page, target in targets if target not in there} == set()


def test_every_command_that_is_typed_exists_with_its_options() -> None:
    typed = [(page, line.split()) for page, line in named(r"(?:^|`|\$ |^ExecStart=\S*)coatcheck ([a-z][^`\n]*)")]
    assert len(typed) > 20
    for page, words in typed:
        assert set(re.findall(r"--[a-z-]+", " ".join(words))) <= options(words), (page, words)


def options(words: list[str]) -> set[str]:
    """The options of a command, which may be a group's."""
    found, context = coatcheck.get_command(Context(coatcheck), words[0]), Context(coatcheck)
    if isinstance(found, Group) and words[1:2] not in ([], ["[OPTIONS]"]):
        found = found.get_command(context, words[1])
    assert found is not None, words
    return {name for parameter in found.params for name in parameter.opts} | {"--help"}


def test_the_readme_names_all_commands_and_no_others() -> None:
    (paragraph,) = re.findall(r"\*\*From the shell\*\*: (.*?)\(`", PAGES["README.md"], re.DOTALL)
    assert set(re.findall(r"`(?:coatcheck )?([a-z]+)", paragraph)) == set(COMMANDS)


def test_the_readme_names_what_a_job_can_do() -> None:
    (paragraph,) = re.findall(r"\*\*In a function\*\*: (.*?)\n\n", PAGES["README.md"], re.DOTALL)
    assert set(re.findall(r"job\.([a-z_]+)", paragraph)) == {name for name, _ in getmembers(Job) if not name.startswith("_")}


def test_the_floors_are_drawn_as_they_are() -> None:
    (drawing,) = re.findall(r"^```\nsrc/coatcheck/\n(.*?)^```$", PAGES["ARCHITECTURE.md"], re.DOTALL | re.MULTILINE)
    drawn = {Path(name).stem for line in drawing.splitlines() for name in re.split(r" {2,}", line.strip())[0].split()}
    assert drawn == {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()} - {"__main__"}


@pytest.mark.parametrize("path", WITH_EXAMPLES)
def test_the_examples_in_docstrings_give_what_they_say(path: str) -> None:
    module = import_module(f"coatcheck.{path.removesuffix('.py').replace('/', '.')}")
    ran = doctest.testmod(module)
    assert ran.attempted
    assert not ran.failed

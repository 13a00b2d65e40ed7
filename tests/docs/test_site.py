"""The documentation's site builds, has every page, and loads nothing from anywhere else."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.sources import ROOT

CONFIGURATION = ROOT / "zensical.toml"
DOCS = ROOT / "docs"
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data", "link": "href"}
"""What a browser fetches by itself; a `link` only in some relations."""
FOLLOWED = frozenset({"canonical", "next", "prev"})


def pages(nav: Any) -> Iterator[str]:
    """The files that a part of the navigation leads to."""
    match nav:
        case str():
            yield nav
        case list():
            for entry in nav:
                yield from pages(entry)
        case dict():
            for entry in nav.values():
                yield from pages(entry)


def build(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(command, cwd=folder, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the site is built from."""
    shutil.copy(CONFIGURATION, tmp_path)
    shutil.copytree(DOCS, tmp_path / "docs")
    return tmp_path


class Loads(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in LOADED and not (tag == "link" and given.get("rel") in FOLLOWED) and (target := given.get(LOADED[tag])):
            self.found.add(target)


def test_every_page_is_in_the_navigation_once() -> None:
    listed = list(pages(tomllib.loads(CONFIGURATION.read_text("utf-8"))["project"]["nav"]))
    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


def test_the_site_builds_and_loads_nothing_from_elsewhere(project: Path) -> None:
    """No font, script or picture comes from another host, nor a script for diagrams, which the theme would fetch from one."""
    built = build(project)
    assert built.returncode == 0, built.stdout + built.stderr
    site = project / "build" / "site"
    for page in DOCS.rglob("*.md"):
        html = (site / page.relative_to(DOCS).with_suffix(".html")).read_text("utf-8")
        loads = Loads()
        loads.feed(html)
        assert loads.found
        assert {target for target in loads.found if re.match(r"([a-z]+:)?//", target)} == set(), page
        assert 'class="mermaid"' not in html
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", sheet.read_text("utf-8")), sheet


def test_a_link_that_leads_nowhere_fails_the_build(project: Path) -> None:
    with (project / "docs" / "index.md").open("a", encoding="utf-8") as index:
        index.write("\n\n[nowhere](nowhere.md)\n")
    assert build(project).returncode != 0

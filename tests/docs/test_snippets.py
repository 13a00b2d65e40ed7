"""Whatever a page shows as code runs, or says why it cannot."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, READ, Snippet, snippets
from tests.docs.reader import Reader

TOLD = {"json": json.loads, "toml": tomllib.loads}
"""Languages of data, and what reads them."""
SHOWN = frozenset({"", "text"})
"""What is to be looked at: output, addresses, drawings."""
PACED = frozenset({"README.md", "docs/tutorial.md"})
"""Pages that show a job half-way: tests of their own run them, and stop the job there."""
WITH_CODE = [page for page in READ if page not in PACED and any(snippet.language == "python" for snippet in snippets(page))]


def runs(snippet: Snippet) -> bool:
    return snippet.not_run is None and (snippet.language == "python" or snippet.is_transcript)


@pytest.mark.parametrize("page", WITH_CODE)
def test_the_code_of_a_page_runs_from_top_to_bottom(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python goes into one module, what awaits is typed at a prompt, and commands are answered as shown."""
    monkeypatch.chdir(tmp_path)
    with Reader.of(page, tmp_path) as reader:
        for snippet in filter(runs, snippets(page)):
            reader.read(snippet)


@pytest.mark.parametrize("page", READ)
def test_what_is_not_run_says_why(page: str) -> None:
    """Code in other languages, and code that needs what a test has not, carries `<!-- not run: … -->` on the line before."""
    for snippet in snippets(page):
        if snippet.language in TOLD:
            TOLD[snippet.language](snippet.text)
        elif not runs(snippet) and snippet.language not in SHOWN:
            assert snippet.not_run, snippet
            if snippet.language == "python":
                compile(snippet.text, page, "exec")


@pytest.mark.parametrize("page", READ)
def test_every_fence_is_seen(page: str) -> None:
    """An indented fence, or one that does not end, would go by unnoticed."""
    assert PAGES[page].count("```") == 2 * len(snippets(page))

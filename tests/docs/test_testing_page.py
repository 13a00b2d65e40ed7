"""The tests on the page about testing pass."""

import pytest

from tests.docs.pages import snippets

pytest_plugins = ["pytester"]


def test_the_tests_on_the_page_pass(pytester: pytest.Pytester) -> None:
    code = "\n\n".join(snippet.text for snippet in snippets("docs/testing.md") if snippet.language == "python")
    pytester.makepyfile(test_page=code)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-o", "asyncio_mode=auto")
    result.assert_outcomes(passed=code.count("def test_"))

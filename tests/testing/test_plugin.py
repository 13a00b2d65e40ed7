"""The fixtures that pytest finds by itself, in a project that has us installed."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TESTS = """
    import pytest
    from coatcheck import Coatcheck

    jobs = Coatcheck(store="sqlite:///real.db")

    @jobs.operation("/doubles")
    async def double(number: int) -> int:
        return 2 * number

    @pytest.fixture
    def coatcheck_app():
        return jobs

    async def test_inline(coatcheck_inline):
        assert await (await double.submit(21)).result() == 42

    async def test_manual(coatcheck_manual):
        handle = await double.submit(21)
        assert await handle.status() == "queued"
        assert (await coatcheck_manual.run()).status == "completed"

    def test_plain(coatcheck_manual, coatcheck_app):
        coatcheck_app.portal.call(double.submit, 21)
        assert [attempt.status for attempt in coatcheck_manual.drain()] == ["completed"]
"""


def test_a_test_asks_for_a_kit_by_name_and_says_which_application_is_meant(pytester: pytest.Pytester) -> None:
    """Who does not say it is told how."""
    pytester.makepyfile(test_shop=TESTS, test_other="def test_it(coatcheck_inline): ...")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-o", "asyncio_mode=auto")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*fixture `coatcheck_app` that returns your Coatcheck object*"])
    assert list(pytester.path.glob("real*")) == []


def test_a_project_that_asks_for_nothing_loads_nothing_of_us(tmp_path: Path) -> None:
    program = "import sys, coatcheck.testing.plugin; print(*sorted(name for name in sys.modules if name.startswith('coatcheck')))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert loaded.stdout.split() == ["coatcheck", "coatcheck.testing", "coatcheck.testing.plugin"]

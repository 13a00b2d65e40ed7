"""A real Chromium, and the application that its pages come from."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.restarted import Restarted, restarted
from tests.services import require

HERE = Path(__file__).parent
SCRIPT = HERE.parents[1] / "scripts" / "chromium.sh"
_ALONE = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
"""It asks nobody for anything but what a page asks for."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = subprocess.run([SCRIPT], capture_output=True, text=True, check=False)
    require(found.returncode == 0, f"Chromium: {found.stderr.strip()}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip(), args=_ALONE)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page. What goes wrong in its scripts fails the test."""
    with browser.new_context() as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        assert errors == []


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files are that let steps through: a folder for each year that a test asks for."""
    return tmp_path_factory.mktemp("steps")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, steps: Path) -> Iterator[Restarted]:
    folder = tmp_path_factory.mktemp("browser")
    environment = {"STEPS": str(steps), "COATCHECK_SECRET": "s" * 32, "COATCHECK_CORS_ORIGINS": "*", "COATCHECK_POLL_RATE": "none"}
    with restarted("application:jobs", folder, app="application:app", app_directory=HERE, **environment) as service:
        yield service

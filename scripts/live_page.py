"""Takes the picture of the example page that stands in the documentation: `python -m scripts.live_page`.

It runs examples/live_page.py, orders a report in a Chromium, and shoots once the run is half-way.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import ViewportSize, sync_playwright

from coatcheck.testing.harness import eventually, free_port, started

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "live-page.png"
SIZE: ViewportSize = {"width": 640, "height": 530}
HALF_WAY = 8
"""Lines that the run has written by then."""


def main() -> None:
    """Write the picture."""
    chromium = subprocess.run([ROOT / "scripts" / "chromium.sh"], capture_output=True, text=True, check=True).stdout.strip()
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "live_page:app", "--app-dir", str(ROOT / "examples"), "--port", str(port)]
    with TemporaryDirectory() as folder, started(command, directory=Path(folder)) as server, sync_playwright() as playwright:
        eventually(lambda: "running on" in server.log)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"])
        page = browser.new_page(viewport=SIZE)
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_role("button", name="Make the report").click()
        page.locator("#log li").nth(HALF_WAY - 1).wait_for()
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

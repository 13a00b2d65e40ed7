import os
import re
import subprocess
import sys
from pathlib import Path

from tests.cli.running import command


def test_the_demonstration_shows_it_all_and_ends_with_0(tmp_path: Path) -> None:
    """Not on a terminal. It checks itself that the rows are all there, once, and that a second worker went on."""
    ran = subprocess.run(
        command("demo"), env=os.environ | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=100, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not ran.stderr
    shown = ran.stdout
    for line in (
        r"  < HTTP/1.1 202 Accepted",
        r"  < location: /jobs/\S+",
        r"  < retry-after: \d+",
        r"  < etag: W/\"\d+\"",
        r"  < HTTP/1.1 304 Not Modified",
        r"  kill -9 \d+ .*",
        r"  \S+Z  rescued  attempt 1 .*",
        r"  \S+Z  log  attempt 2 .*  Going on after row \d+\.",
        r"  3,322 airports in the table, none lost, none twice; 54 odd rows .*",
        r"  import +\d+ %  cancelled, attempt 1.*",
        r"  < HTTP/1.1 204 No Content",
        r"  curl -i http://\S+/reports/weather .*",
    ):
        assert re.search(f"^{line}$", shown, re.MULTILINE), (line, shown)
    for file in re.findall(r"^  (/\S+\.(?:pdf|csv|db|log))$", shown, re.MULTILINE):
        assert Path(file).stat().st_size


def test_without_reportlab_it_says_what_to_install() -> None:
    """Before anything is started."""
    program = "import sys; sys.modules['reportlab'] = None; from coatcheck.demo.show import main; sys.exit(main())"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "pip install 'coatcheck[demo]'" in ran.stdout
    assert "coatcheck serve" not in ran.stdout

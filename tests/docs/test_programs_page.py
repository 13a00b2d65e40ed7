"""The function on the page about programs does what the page says."""

import hashlib
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coatcheck.testing.harness import eventually, serving

PAGE = Path(__file__).parents[2] / "docs" / "programs.md"


def test_the_function_on_the_page_gives_a_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (snippet,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(compile(snippet, PAGE, "exec"), names)  # noqa: S102  the page is ours
    (tmp_path / "data").write_bytes(b"hello")
    with serving(names["jobs"]) as url, httpx2.Client(base_url=url, timeout=30) as http:
        accepted = http.post("/checksums", json={"path": str(tmp_path / "data")})
        location = accepted.headers["location"]
        assert eventually(lambda: http.get(location).json()["status"] not in ("queued", "running"))
        assert http.get(f"{location}/result").json() == hashlib.sha256(b"hello").hexdigest()

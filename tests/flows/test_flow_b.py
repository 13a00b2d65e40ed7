"""Flow B, the decision guide: which answer fits which work. The row "fire and forget".

Work whose loss does no harm is taken in at once, and says of itself that it can be lost; work that matters is stored. One
application has both, each declared, so that nobody loses work without having said so.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from coatcheck.testing.harness import eventually
from tests.cli.running import Running, running

APPLICATION = """
import os
from pathlib import Path
from threading import Event

from coatcheck import Coatcheck

jobs = Coatcheck()
directory = Path(os.environ["NOTED"])

@jobs.operation("/views", durable=False, losable="A page view that is not counted changes no decision.")
def view(page: str, slow: bool = False) -> None:
    while slow and not (directory / "go on").exists():
        Event().wait(0.01)
    (directory / f"view of {page}").touch()

@jobs.operation("/orders")
def order(number: int) -> int:
    return number
"""


@pytest.fixture
def server(tmp_path: Path, empty_store: str) -> Iterator[Running]:
    (tmp_path / "shop.py").write_text(APPLICATION)
    arguments = ("serve", "shop:jobs", "--port", "0", "--store", empty_store, "--grace", "5")
    with running(*arguments, folder=tmp_path, env={"NOTED": str(tmp_path)}) as server:
        yield server


def test_declared_fire_and_forget_beside_work_that_is_never_lost(server: Running, tmp_path: Path) -> None:
    with httpx2.Client(base_url=server.url, timeout=30) as http:
        sent = http.post("/views", json={"page": "start"})
        assert (sent.status_code, "location" in sent.headers, "jobId" in sent.json()) == (202, False, False)
        assert sent.json()["losable"] == "A page view that is not counted changes no decision."
        stored = http.post("/orders", json={"number": 7})
        assert (stored.status_code, stored.json()["statusUrl"]) == (202, stored.headers["location"])
        eventually((tmp_path / "view of start").exists)
        declared = {entry["name"]: entry["policy"]["durable"] for entry in http.get("/operations").json()["items"]}
        assert declared == {"view": False, "order": True}
        assert [job["operation"] for job in http.get("/jobs").json()["items"]] == ["order"]
        assert http.post("/views", json={"page": "last", "slow": True}).status_code == 202
    server.process.send_signal(signal.SIGTERM)
    (tmp_path / "go on").touch()
    assert server.process.wait(30) == 0
    assert (tmp_path / "view of last").exists()  # accepted before the end, so run before the end

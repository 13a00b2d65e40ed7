"""The API process is killed when a file is there and its job is not: no job, and the sweep finds what is left."""

from pathlib import Path

import httpx2
import pytest

from coatcheck.app import Coatcheck
from coatcheck.clock import Clock, SystemClock
from coatcheck.domain.owner import SYSTEM
from coatcheck.store.contract import Listing
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.harness import coatcheck_process, eventually, free_port
from coatcheck.worker.sweep import ORPHAN_AGE, Sweep

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("moment", ["blob.before_commit", "submit.before_commit"])
async def test_a_file_without_a_job_is_swept_away(empty_store: str, moment: str) -> None:
    port = free_port()
    environment = {"COATCHECK_STORE": empty_store, "COATCHECK_FAILPOINTS": f"{moment}=kill"}
    arguments = ["serve", "tests.faults.open_to_all:jobs", "--port", str(port), "--workers", "0"]
    with coatcheck_process(*arguments, directory=ROOT, environment=environment) as process, httpx2.Client(timeout=30) as api:
        eventually(lambda: _answers(api, port))
        with pytest.raises(httpx2.TransportError):
            api.post(f"http://127.0.0.1:{port}/videos", content=b"x" * 300_000)
        assert process.status is None, "its supervisor lives"
    left = await _swept(empty_store, SystemClock())
    assert len(left) == 1 or moment == "blob.before_commit", "it might be of a request under way"
    assert await _swept(empty_store, FakeClock(SystemClock().now() + ORPHAN_AGE + 60)) == []


async def _swept(store: str, clock: Clock) -> list[str]:
    """The files that are left after a sweep at that time; there is no job."""
    async with Coatcheck(store=store, embedded_worker=False, clock=clock).opened() as wiring:
        assert await wiring.store.list(SYSTEM, Listing()) == []
        await Sweep(store=wiring.store, blobs=wiring.blobs, telemetry=wiring.telemetry).turn()
        return wiring.blobs.keys(older_than=-1)


def _answers(api: httpx2.Client, port: int) -> bool:
    try:
        return api.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx2.TransportError:
        return False

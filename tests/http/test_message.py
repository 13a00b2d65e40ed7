"""What a webhook says of a job: the representation as of what happened, in the shape that the application shows jobs in."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from coatcheck.app import Coatcheck
from coatcheck.domain.endpoint import Occasion
from coatcheck.domain.job import JobRecord
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.replay import replay
from coatcheck.http.message import message
from coatcheck.wire.style import HttpStyle
from tests.http.site import Site, running
from tests.http.test_webhooks import SET_UP

pytestmark = pytest.mark.asyncio(loop_scope="module")
BASE = "https://api.example.com/api/jobs"
ALONE = HttpStyle(
    webhook_body="representation", members={"percentComplete": "progress"}, statuses={"completed": "done"}, inline_limit=10**6
)


def alone(jobs: Coatcheck) -> None:
    @jobs.operation("/alone", style=ALONE)
    def alone() -> None: ...


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running(tmp_path_factory.mktemp("message"), also=alone, mount="/api", **SET_UP) as site:
        yield site


async def said(site: Site, occasion: Occasion, job_id: str) -> Any:
    """The message about the newest such event of a job."""
    job = await site.store.get(job_id, SYSTEM)
    assert isinstance(job, JobRecord)
    events = await site.store.events(job_id, SYSTEM)
    event, was = [(event, was) for event, was in replay(job, events) if event.type is occasion.event][-1]
    return json.loads(await message(site.jobs.wiring, occasion, was, event.at))


async def test_a_message_has_type_moment_and_the_representation_with_absolute_urls(site: Site) -> None:
    job = await site.bring_to("completed", path="/api/echo")
    told = await said(site, Occasion.COMPLETED, job)
    assert (told["type"], told["timestamp"]) == ("job.completed", told["data"]["completedAt"])
    shown = (await site.api.get(f"/api/jobs/{job}")).json()
    assert told["data"] == shown
    assert (shown["statusUrl"], shown["resultUrl"]) == (f"{BASE}/{job}", f"{BASE}/{job}/result")
    assert shown["_links"]["deliveries"]["href"] == f"{BASE}/{job}/deliveries"


async def test_what_is_told_of_a_start_is_not_what_came_of_it(site: Site) -> None:
    """The message may be written when the job has long ended."""
    job = await site.bring_to("failed", path="/api/echo")
    started = await said(site, Occasion.STARTED, job)
    assert (started["type"], started["data"]["status"], started["data"]["completedAt"], started["data"]["error"]) == (
        "job.started",
        "running",
        None,
        None,
    )
    assert started["timestamp"] == started["data"]["startedAt"]
    failed = await said(site, Occasion.FAILED, job)
    assert (failed["data"]["status"], failed["data"]["error"]["status"]) == ("failed", 502)
    assert failed["data"]["error"]["type"] == "https://api.example.com/api/problems/operation-failed"


async def test_a_style_can_have_the_representation_alone_and_larger_results(site: Site) -> None:
    job = await site.submit({}, path="/api/alone")
    whole = ["row"] * 20_000
    await site.complete(job, whole)
    told = await said(site, Occasion.COMPLETED, job)
    assert (told["status"], told["progress"], told["result"]) == ("done", 100, whole)
    assert "data" not in told

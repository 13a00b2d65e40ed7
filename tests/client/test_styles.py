"""The clients follow an application of any style: by the style, or, where they are not told it, by HTTP alone."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coatcheck import Coatcheck, Content, Created, Fail, HttpStyle, Job
from coatcheck.client import Client, JobCancelled, JobFailed
from coatcheck.testing.harness import serving
from tests.client.conftest import Connect

SHAPE = HttpStyle(
    only=["jobId", "status", "percentComplete", "result", "error", "_links"],
    members={"jobId": "id", "percentComplete": "progressPct", "_links": "links"},
    omit_null=True,
    statuses={"queued": "processing", "running": "processing", "cancelling": "processing"},
    error="message",
    links="array",
    segments={"result": "output", "retry": "again"},
    retry_after=(1, 5),
)
STYLES = {
    "shape": SHAPE,
    "accepted": HttpStyle(pending_status=202),
    "body": HttpStyle(pending_status=202, completed="body", inline_limit=0),
    "redirect": HttpStyle(completed="redirect", inline_limit=0),
}
BY_HTTP_ALONE = {
    "body": HttpStyle(pending_status=202, completed="body", members={"jobId": "token"}),
    "redirect": HttpStyle(pending_status=202, completed="redirect", only=["status"]),
}


def application(folder: Path, style: HttpStyle) -> Coatcheck:
    jobs = Coatcheck(store=f"sqlite:///{folder / 'jobs.db'}", style=style, poll_rate="none")

    @jobs.operation("/echo", sync_window=25)
    def echo(value: Any) -> Any:
        return value

    @jobs.operation("/files")
    def make_file() -> Content:
        return Content(b"0123456789" * 10_000, media_type="image/x-test", filename="x.bin")

    @jobs.operation("/broken")
    def broken() -> None:
        raise Fail(status=422, title="Account closed", detail="It was closed in May.")

    @jobs.operation("/made")
    def made() -> Created:
        return Created("/operations", {"id": 7})

    @jobs.operation("/endless")
    async def endless(job: Job) -> None:
        await asyncio.Event().wait()

    return jobs


Serve = Callable[[HttpStyle], str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    servers: list[Any] = []

    def serve(style: HttpStyle) -> str:
        server = serving(application(tmp_path, style))
        servers.append(server)
        return server.__enter__()

    yield serve
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture(params=STYLES)
async def api(request: pytest.FixtureRequest, serve: Serve, connect: Connect) -> Any:
    style = STYLES[request.param]
    return await connect(serve(style), style=style)


@pytest.fixture(params=BY_HTTP_ALONE)
async def stranger(request: pytest.FixtureRequest, serve: Serve, connect: Connect) -> Any:
    """A client that is not told the style."""
    return await connect(serve(BY_HTTP_ALONE[request.param]))


@pytest.mark.parametrize("value", [{"year": 2026}, None, "x" * 100_000, [1]])
async def test_a_job_is_followed_to_its_result(api: Any, value: Any) -> None:
    job = await api.submit("/echo", {"value": value})
    assert await job.result() == value
    assert (job.status, job.percent_complete) == ("completed", 100)


async def test_a_file_comes_whole(api: Any, tmp_path: Path) -> None:
    job = await api.submit("/files")
    assert await job.result() == b"0123456789" * 10_000
    assert (await job.download(tmp_path / "x.bin")).read_bytes() == b"0123456789" * 10_000


async def test_a_failure_is_raised_with_what_is_told_of_it(api: Any) -> None:
    job = await api.submit("/broken")
    with pytest.raises(JobFailed, match="It was closed in May"):
        await job.result()
    assert job.error is not None
    retried = await job.retry()
    assert retried.status in ("queued", "running", "failed")


async def test_a_cancel_is_seen(api: Any) -> None:
    job = await api.submit("/endless")
    await job.cancel()
    with pytest.raises(JobCancelled):
        await job.result()


async def test_a_job_is_found_again_by_its_url(api: Any) -> None:
    job = await api.submit("/echo", {"value": 1})
    found = await api.job(job.url)
    assert (found.id, await found.result()) == (job.id, 1)


async def test_jobs_are_listed(serve: Serve, connect: Connect) -> None:
    style = HttpStyle(members={"jobId": "id", "statusUrl": "self"}, statuses={"completed": "done"})
    api = await connect(serve(style), style=style)
    job = await api.submit("/echo", {"value": 1})
    await job.wait()
    assert [(each.id, each.status) async for each in api.jobs(status="done")] == [(job.id, "completed")]


async def test_a_resource_is_given_back_with_its_absolute_url(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    url = serve(HttpStyle())
    api = await connect(url)
    job = await api.submit("/made")
    assert await job.result() == Created(f"{url}/operations", {"id": 7})
    assert b'"items"' in (await job.download(tmp_path / "operations.json")).read_bytes()


@pytest.mark.parametrize("path", ["/echo", "/files"])
async def test_a_stranger_gets_the_result_by_http_alone(stranger: Any, path: str) -> None:
    """By Location, 202 and Retry-After; then by the body, or by where the redirect leads."""
    job = await stranger.submit(path, {"value": {"year": 2026}} if path == "/echo" else {})
    assert await job.result() in ({"year": 2026}, b"0123456789" * 10_000)


async def test_a_stranger_is_told_of_a_failure_one_hop_away(serve: Serve, connect: Connect) -> None:
    api = await connect(serve(BY_HTTP_ALONE["redirect"]))
    job = await api.submit("/broken")
    with pytest.raises(JobFailed, match="It was closed in May"):
        await job.result()


async def test_a_result_is_waited_for_by_long_polls(serve: Serve) -> None:
    """An application next door is asked twice, not once in five seconds: it answers when there is something to tell."""
    with Client(serve(HttpStyle())) as api:
        job = await asyncio.to_thread(api.submit, "/echo", {"value": 1})
        assert await asyncio.to_thread(job.result) == 1

"""Both clients, by one suite, against a real application over real HTTP."""

import asyncio
import itertools
import socket
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pydantic
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from coatcheck.client import ApiError, AsyncClient, Client, JobCancelled, JobFailed, Unreachable
from coatcheck.domain.state import Status
from coatcheck.errors import ConfigurationError
from coatcheck.testing.harness import serving
from tests.client.conftest import Connect
from tests.client.counter import Gate, Line, answer_with, busy, lose_answer


class Report(msgspec.Struct):
    year: int
    rows: list[int] = []


class Model(pydantic.BaseModel):
    year: int = pydantic.Field(alias="theYear")


async def half_way(job: Any) -> None:
    """Return once the run is waiting at its gate."""
    async for update in job:
        if update.percent_complete == 50:
            return


async def test_a_request_is_submitted_and_its_result_awaited(api: Any) -> None:
    job = await api.submit("/echo", {"value": {"year": 2024}})
    assert await job.result() == {"year": 2024}
    assert job.status is Status.COMPLETED
    assert job.percent_complete == 100
    assert job.representation.operation == "echo"
    assert job.error is None


@pytest.mark.parametrize(
    ("sent", "type_", "received"),
    [
        (Report(2024, [1]), Report, Report(2024, [1])),
        (Model(theYear=2024), Model, Model(theYear=2024)),
        (Model(theYear=2024), None, {"theYear": 2024}),
        (None, None, None),
        (None, type(None), None),
        (list(range(10_000)), list[int], list(range(10_000))),
        ("ü\u2028", str, "ü\u2028"),
    ],
    ids=["struct", "model", "plain", "null", "typed null", "too long to stand inline", "text"],
)
async def test_results_come_back_in_the_type_asked_for(api: Any, sent: Any, type_: Any, received: Any) -> None:
    job = await api.submit("/echo", {"value": sent})
    assert await job.result(type_) == received


async def test_an_operation_without_parameters_is_asked_for_without_a_body(api: Any, line: Line) -> None:
    assert await (await api.submit("/greetings")).result() == "hello"
    assert "content-type" not in line.requests("POST")[0]


async def test_what_is_no_json_is_not_sent(api: Any, line: Line) -> None:
    with pytest.raises(ValueError, match="nan"):
        await api.submit("/echo", {"value": float("nan")})
    with pytest.raises(TypeError, match="no JSON form"):
        await api.submit("/echo", {"value": object()})
    assert line.sent == []


# Following a job -----------------------------------------------------------------------------------------------------


async def test_iterating_gives_each_change_up_to_the_end(api: Any, gate: Gate) -> None:
    updates = []
    async for update in await api.submit("/gated"):
        updates.append(update)
        if update.percent_complete == 50:
            assert update.message == "half-way"
            gate.opened.set()
    assert updates[0].status is Status.QUEUED
    assert [update.percent_complete for update in updates if update.percent_complete] == [50, 100]
    assert updates[-1].status is Status.COMPLETED
    assert all(before != after for before, after in itertools.pairwise(updates))


async def test_a_job_that_has_ended_is_given_once(api: Any) -> None:
    job = await api.submit("/greetings")
    await job.wait()
    assert [update.status async for update in job] == [Status.COMPLETED]


async def test_an_unchanged_job_is_asked_for_by_its_etag(api: Any, line: Line) -> None:
    job = await api.submit("/gated")
    await half_way(job)
    await job.refresh()
    line.sent.clear()
    line.statuses.clear()
    before = job.representation
    assert await job.wait(timeout=0.03) == before
    assert line.statuses == [304] * 3
    assert all("if-none-match" in headers for headers in line.requests("GET"))


async def test_a_job_is_found_by_id_and_by_url(api: Any) -> None:
    job = await api.submit("/echo", {"value": 7})
    await job.wait()
    for known in (job.id, job.url, job.representation.status_url):
        again = await api.job(known)
        assert again.id == job.id
        assert await again.result() == 7


@pytest.mark.parametrize("unknown", ["01890a5d-ac96-774b-bcce-b302099a8057", "nonsense", "..", "a b?c#d"])
async def test_an_unknown_job_is_refused(api: Any, unknown: str) -> None:
    with pytest.raises(ApiError) as caught:
        await api.job(unknown)
    assert caught.value.problem.status == 404


async def test_all_pages_of_jobs_are_gone_through(api: Any, line: Line) -> None:
    submitted = [(await api.submit("/echo", {"value": number})).id for number in range(55)]
    await (await api.submit("/greetings")).wait()
    line.sent.clear()
    assert [job.id async for job in api.jobs(operation="echo")] == submitted[::-1]
    assert len(line.sent) == 2
    assert [job.status async for job in api.jobs(operation="greet", status="completed")] == [Status.COMPLETED]
    assert [job async for job in api.jobs(status="failed")] == []


async def test_the_catalogue_is_read(api: Any) -> None:
    assert [operation["path"] for operation in await api.operations()] == ["/echo", "/greetings", "/files", "/notes", "/gated", "/broken"]


# Ends that are no result ---------------------------------------------------------------------------------------------


async def test_a_failed_job_raises_its_problem_and_can_be_retried(api: Any, gate: Gate) -> None:
    job = await api.submit("/broken", {"account": "A-17"})
    with pytest.raises(JobFailed, match="closed in May") as caught:
        await job.result()
    problem = caught.value.problem
    assert (problem.status, problem.title, problem.members) == (422, "Account closed", {"account": "A-17"})
    assert job.error == problem
    gate.broken = False
    assert (await job.retry()).status is Status.QUEUED
    assert await job.result() == "mended"


async def test_a_running_job_is_cancelled(api: Any) -> None:
    job = await api.submit("/gated")
    await half_way(job)
    assert (await job.cancel()).status in (Status.CANCELLING, Status.CANCELLED)
    with pytest.raises(JobCancelled, match=job.id):
        await job.result()
    assert (await job.cancel()).status is Status.CANCELLED


async def test_a_completed_job_cannot_be_cancelled_or_retried(api: Any) -> None:
    job = await api.submit("/greetings")
    await job.wait()
    for act, kind in ((job.cancel, "job-already-finished"), (job.retry, "job-not-retryable")):
        with pytest.raises(ApiError) as caught:
            await act()
        assert (caught.value.problem.status, caught.value.problem.kind) == (409, kind)


async def test_a_refused_request_says_what_is_wrong_and_is_not_repeated(api: Any, line: Line) -> None:
    with pytest.raises(ApiError, match=r"POST http://127\.0\.0\.1:\d+/files: 422 Invalid arguments: .*Expected `int`") as caught:
        await api.submit("/files", {"size": "large"})
    assert caught.value.problem.members["errors"] == [{"pointer": "/size", "detail": "Expected `int`, got `str`"}]
    assert len(line.sent) == 1


async def test_an_answer_that_is_none_of_ours_is_an_api_error(api: Any, line: Line) -> None:
    line.faults.append(answer_with(JSONResponse({"hello": "world"})))
    with pytest.raises(ApiError, match="not what a Coatcheck application sends"):
        await api.submit("/greetings")
    line.faults.append(answer_with(RedirectResponse("/elsewhere")))
    with pytest.raises(ApiError, match="307"):
        await api.submit("/greetings")
    line.faults.append(answer_with(JSONResponse(["no", "problem"], 418)))
    with pytest.raises(ApiError, match="418 I'm a Teapot"):
        await api.submit("/greetings")


# Files ---------------------------------------------------------------------------------------------------------------


async def test_a_file_result_is_bytes_and_can_be_written_to_disk(api: Any, tmp_path: Path) -> None:
    job = await api.submit("/files", {"size": 1024 * 1024})
    content = bytes(range(256)) * 4096
    assert await job.result() == content
    assert await job.download(tmp_path / "x.bin") == tmp_path / "x.bin"
    assert (tmp_path / "x.bin").read_bytes() == content


async def test_a_download_that_breaks_off_is_begun_again(api: Any, line: Line, tmp_path: Path) -> None:
    job = await api.submit("/files", {"size": 4096})
    await job.wait()
    line.faults.append(lose_answer)
    directory = tmp_path / "downloads"
    directory.mkdir()
    await job.download(directory / "x.bin")
    assert (directory / "x.bin").read_bytes() == bytes(range(256)) * 16
    assert list(directory.iterdir()) == [directory / "x.bin"]


async def test_a_download_that_is_refused_leaves_what_was_there(api: Any, line: Line, tmp_path: Path) -> None:
    job = await api.submit("/files", {"size": 4096})
    await job.wait()
    (tmp_path / "x.bin").write_text("before")
    line.faults.append(busy(410))
    with pytest.raises(ApiError, match="410 Queue full"):
        await job.download(tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_text() == "before"


# Lost answers --------------------------------------------------------------------------------------------------------


async def test_a_lost_answer_is_asked_for_again_and_makes_no_second_job(api: Any, line: Line) -> None:
    """F05: the application stored the job and died before it could say so."""
    line.faults += [lose_answer, lose_answer]
    job = await api.submit("/echo", {"value": 7})
    keys = [headers["idempotency-key"] for headers in line.requests("POST")]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert [each.id async for each in api.jobs()] == [job.id]
    assert await job.result() == 7


async def test_each_submission_has_a_key_of_its_own_unless_one_is_given(api: Any, line: Line) -> None:
    await api.submit("/greetings")
    await api.submit("/greetings")
    assert len({headers["idempotency-key"] for headers in line.requests("POST")}) == 2
    first = await api.submit("/greetings", idempotency_key="mine")
    assert (await api.submit("/greetings", idempotency_key="mine")).id == first.id


async def test_what_is_sent_and_forgotten_has_no_key_and_no_job(api: Any, line: Line, gate: Gate, tmp_path: Path) -> None:
    assert await api.send("/notes", {"text": "hello"}) is None
    assert "idempotency-key" not in line.requests("POST")[0]
    assert await asyncio.to_thread(gate.opened.wait, 30)
    assert (tmp_path / "notes").read_text() == "hello"
    assert [each async for each in api.jobs()] == []


async def test_what_was_sent_is_not_sent_again_when_the_answer_is_lost(api: Any, line: Line) -> None:
    line.faults += [lose_answer]
    with pytest.raises(Unreachable):
        await api.send("/notes", {"text": "hello"})
    assert len(line.requests("POST")) == 1


async def test_an_empty_key_is_not_taken_for_none(api: Any, line: Line) -> None:
    """It comes from a variable that was never set; with a random key instead, the request would not be safe to repeat."""
    with pytest.raises(ValueError, match="Idempotency key ''"):
        await api.submit("/greetings", idempotency_key="")
    assert line.sent == []


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_busy_application_is_asked_again(api: Any, line: Line, status: int) -> None:
    line.faults += [busy(status, **{"Retry-After": "3600"}), busy(status)]
    assert await (await api.submit("/greetings")).result() == "hello"
    assert len(line.requests("POST")) == 3


async def test_polls_go_on_through_a_disturbance(api: Any, line: Line) -> None:
    job = await api.submit("/echo", {"value": list(range(10_000))})
    line.faults += [lose_answer, busy(), lose_answer]
    assert await job.result() == list(range(10_000))


async def test_a_busy_application_is_not_asked_for_ever(api: Any, line: Line) -> None:
    line.faults += [busy()] * 5
    with pytest.raises(ApiError) as caught:
        await api.submit("/greetings")
    assert caught.value.problem.kind == "queue-full"
    assert len(line.sent) == 5


async def test_a_submission_that_got_no_answer_can_be_sent_again_by_its_key(api: Any, line: Line) -> None:
    line.faults += [lose_answer] * 5
    with pytest.raises(Unreachable, match="sent 5 times without an answer") as caught:
        await api.submit("/greetings")
    job = await api.submit("/greetings", idempotency_key=caught.value.idempotency_key)
    assert [each.id async for each in api.jobs()] == [job.id]


async def test_nobody_at_home_is_unreachable(connect: Connect) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        api = await connect(f"http://127.0.0.1:{listening.getsockname()[1]}", attempts=2)
        with pytest.raises(Unreachable, match="ConnectError"):
            await api.operations()


async def test_a_retry_whose_answer_is_lost_is_not_sent_twice(api: Any, line: Line) -> None:
    """The first one may have opened a new life that has ended since; a second one would open another."""
    job = await api.submit("/broken", {"account": "A-17"})
    await job.wait()
    line.sent.clear()
    line.faults.append(lose_answer)
    with pytest.raises(Unreachable, match="sent once"):
        await job.retry()
    assert len(line.sent) == 1


# Whom the credentials are for ----------------------------------------------------------------------------------------

_SECRET = {"Authorization": "Bearer secret", "X-Api-Key": "secret"}


@pytest.mark.parametrize("lasts", [{}, {"Cache-Control": "no-store"}])
async def test_credentials_go_to_the_applications_origin_and_no_other(
    connect: Connect, url: str, line: Line, lasts: dict[str, str]
) -> None:
    elsewhere = Line(Starlette(routes=[Route("/signed", lambda _: JSONResponse({"stored": "elsewhere"}))]))
    with serving(elsewhere) as other:
        api = await connect(url, headers=_SECRET, auth=("user", "secret"))
        job = await api.submit("/files", {"size": 256})
        await job.wait()
        assert all(headers["x-api-key"] == "secret" for _, _, headers in line.sent)
        line.faults.append(answer_with(RedirectResponse(f"{other}/signed?token=1", 303, lasts)))
        assert await job.result() == {"stored": "elsewhere"}
    ((_, path, headers),) = elsewhere.sent
    assert path == "/signed"
    assert "authorization" not in headers
    assert "x-api-key" not in headers
    assert "cookie" not in headers


async def test_a_redirect_that_stays_keeps_the_credentials(connect: Connect, url: str, line: Line) -> None:
    api = await connect(url, headers=_SECRET)
    job = await api.submit("/files", {"size": 256})
    await job.wait()
    line.faults.append(answer_with(RedirectResponse(f"{job.representation.result_url}?again", 307)))
    assert len(await job.result()) == 256
    assert line.sent[-1][2]["x-api-key"] == "secret"


async def test_redirects_come_to_an_end(api: Any, line: Line) -> None:
    job = await api.submit("/files", {"size": 256})
    await job.wait()
    line.faults += [answer_with(RedirectResponse(job.url, 303))] * 6
    with pytest.raises(ApiError, match="more than 5 times"):
        await job.result()


# How clients are made ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("base_url", ["", "api.example.com", "ftp://example.com", "/api"])
def test_a_base_url_must_be_one(client: Any, base_url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        client(base_url)


def test_a_client_of_ones_own_gives_the_base_url_and_stays_open(url: str) -> None:
    with httpx2.Client(base_url=url) as http:
        with Client(http=http, poll_interval=0.01) as api:
            assert api.submit("/greetings").result() == "hello"
        assert not http.is_closed


async def test_an_asynchronous_client_of_ones_own_gives_the_base_url_and_stays_open(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url) as http:
        async with AsyncClient(http=http, poll_interval=0.01) as api:
            assert await (await api.submit("/greetings")).result() == "hello"
        assert not http.is_closed


def test_a_job_shows_where_it_stands(url: str) -> None:
    with Client(url) as api:
        job = api.submit("/greetings")
        assert repr(job) == f"Job('{job.id}', queued)"

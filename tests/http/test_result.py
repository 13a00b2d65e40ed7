"""`GET /jobs/{id}/result`."""

import hashlib
from collections.abc import AsyncIterator

import pytest

from coatcheck.domain.outcome import Failed
from coatcheck.domain.problem import Problem
from tests.http.site import Site, assert_problem, json_result

FILE = b"month,total\n" + b"2026-01,17\n" * 20_000


async def file_job(site: Site, **options: str) -> str:
    job_id = await site.submit()
    await site.complete(job_id, result=site.file_result(FILE, **options))
    return f"/jobs/{job_id}/result"


async def test_json_is_answered_as_it_was_stored(site: Site) -> None:
    stored = json_result({"b": 1, "a": [1.5, None, "é"]})
    job_id = await site.submit()
    await site.complete(job_id, result=stored)
    answer = await site.api.get(f"/jobs/{job_id}/result")
    assert (answer.status_code, answer.content) == (200, stored.body)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-disposition" not in answer.headers


async def test_an_unchanged_result_is_304(site: Site) -> None:
    url = f"/jobs/{await site.bring_to('completed')}/result"
    etag = (await site.api.get(url)).headers["etag"]
    answer = await site.api.get(url, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)


@pytest.mark.parametrize("status", ["queued", "running", "cancelling"])
async def test_a_job_that_has_not_ended_has_no_result_yet(site: Site, status: str) -> None:
    answer = await site.api.get(f"/jobs/{await site.bring_to(status)}/result")
    assert_problem(answer, 409, "result-not-ready")
    assert int(answer.headers["retry-after"]) >= 5


async def test_a_failed_job_answers_with_its_problem_and_that_problems_status(site: Site) -> None:
    answer = await site.api.get(f"/jobs/{await site.bring_to('failed')}/result")
    assert assert_problem(answer, 502, "operation-failed")["month"] == 13
    assert answer.headers["cache-control"] == "no-store"


async def test_a_problem_type_of_the_users_own_is_left_alone(site: Site) -> None:
    job_id = await site.submit()
    problem = Problem(kind="https://example.com/closed", title="Closed", status=422, members={"status": 200, "title": "fine"})
    await site.store.settle(await site.claim(job_id), Failed(problem))
    answer = await site.api.get(f"/jobs/{job_id}/result")
    assert answer.json() == {"type": "https://example.com/closed", "title": "Closed", "status": 422}


async def test_a_cancelled_job_has_none(site: Site) -> None:
    assert_problem(await site.api.get(f"/jobs/{await site.bring_to('cancelled')}/result"), 409, "job-cancelled")


class TestFiles:
    async def test_a_file_is_a_download_with_its_name_and_type(self, site: Site) -> None:
        answer = await site.api.get(await file_job(site))
        assert (answer.status_code, answer.content) == (200, FILE)
        assert answer.headers["content-type"] == "text/csv"
        assert answer.headers["content-length"] == str(len(FILE))
        assert answer.headers["content-disposition"] == 'attachment; filename="report.csv"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["etag"] == f'"{hashlib.sha256(FILE).hexdigest()}"'

    async def test_bytes_without_a_name_are_a_download_too(self, site: Site) -> None:
        """F79: what a job returned is never shown as a page of ours."""
        url = await file_job(site, filename=None, media_type="text/html")  # type: ignore[arg-type]
        assert (await site.api.get(url)).headers["content-disposition"] == "attachment"

    @pytest.mark.parametrize(
        ("filename", "sent"),
        [
            ("übersicht €.csv", "attachment; filename*=UTF-8''%C3%BCbersicht%20%E2%82%AC.csv"),
            ('a"; filename="evil.exe', "attachment; filename*=UTF-8''a%22%3B%20filename%3D%22evil.exe"),
            ("a\r\nSet-Cookie: x=1", "attachment; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D1"),
            ("back\\slash", "attachment; filename*=UTF-8''back%5Cslash"),
            ("100%41.csv", "attachment; filename*=UTF-8''100%2541.csv"),
        ],
    )
    async def test_a_name_that_no_header_can_carry_is_encoded(self, site: Site, filename: str, sent: str) -> None:
        """F59; RFC 6266 with the encoding of RFC 8187."""
        answer = await site.api.get(await file_job(site, filename=filename))
        assert answer.headers["content-disposition"] == sent
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize(
        ("asked", "start", "end"),
        [("bytes=0-9", 0, 10), ("bytes=100-", 100, len(FILE)), ("bytes=-7", len(FILE) - 7, len(FILE)), ("bytes=0-999999999", 0, len(FILE))],
    )
    async def test_a_range_is_answered_with_206(self, site: Site, asked: str, start: int, end: int) -> None:
        answer = await site.api.get(await file_job(site), headers={"Range": asked})
        assert (answer.status_code, answer.content) == (206, FILE[start:end])
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(FILE)}"
        assert answer.headers["content-length"] == str(end - start)

    async def test_a_range_outside_is_416_and_says_how_long_the_file_is(self, site: Site) -> None:
        answer = await site.api.get(await file_job(site), headers={"Range": f"bytes={len(FILE)}-"})
        assert_problem(answer, 416, "range-not-satisfiable")
        assert answer.headers["content-range"] == f"bytes */{len(FILE)}"

    @pytest.mark.parametrize("asked", ["rows=1-2", "bytes=x", "bytes=9-1", "bytes=0-1,3-4", "bytes=" + "0-0," * 5000 + "0-0"])
    async def test_other_ranges_are_answered_with_the_whole(self, site: Site, asked: str) -> None:
        """F59, a flood of ranges: the RFC lets a server ignore them."""
        answer = await site.api.get(await file_job(site), headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, FILE)

    async def test_a_range_on_condition_of_an_older_file_is_answered_with_the_whole(self, site: Site) -> None:
        url = await file_job(site)
        etag = (await site.api.head(url)).headers["etag"]
        matching = await site.api.get(url, headers={"Range": "bytes=0-9", "If-Range": etag})
        other = await site.api.get(url, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
        assert (matching.status_code, other.status_code) == (206, 200)

    async def test_the_head_is_that_of_the_get(self, site: Site) -> None:
        head = await site.api.head(await file_job(site))
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(FILE)))

    async def test_an_empty_file_is_a_file(self, site: Site) -> None:
        job_id = await site.submit()
        await site.complete(job_id, result=site.file_result(b""))
        answer = await site.api.get(f"/jobs/{job_id}/result")
        assert (answer.status_code, answer.content) == (200, b"")

    async def test_a_file_that_went_missing_is_a_problem_and_not_half_an_answer(self, site: Site) -> None:
        failures: list[str] = []
        url = await file_job(site)
        site.jobs.telemetry.subscribe(lambda event, facts: failures.append(event))
        site.jobs.wiring.blobs.delete(site.jobs.wiring.blobs.keys(older_than=-1))
        answer = await site.api.get(url)
        assert_problem(answer, 500, "internal-error")
        assert failures == ["request.failed"]

    async def test_a_file_pruned_between_the_two_looks_is_410(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        url = await file_job(site)
        blobs = site.jobs.wiring.blobs
        read = blobs.read

        async def late(key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
            await site.expire_everything()
            blobs.delete([key])
            async for chunk in read(key, start, end):
                yield chunk

        monkeypatch.setattr(blobs, "read", late)
        assert_problem(await site.api.get(url), 410, "job-expired")


async def test_only_a_get_has_ranges(site: Site) -> None:
    """RFC 9110 §14.2: a HEAD tells of the whole."""
    job_id = await site.submit()
    await site.complete(job_id, result=site.file_result(b"0123456789"))
    answer = await site.api.head(f"/jobs/{job_id}/result", headers={"Range": "bytes=2-3"})
    assert (answer.status_code, answer.headers["content-length"], answer.headers["accept-ranges"]) == (200, "10", "bytes")

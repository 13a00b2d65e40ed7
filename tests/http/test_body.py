"""Reading the body: how much of it, and of what kind."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from tests.http.site import Site, assert_problem, stored

LIMIT = 1024 * 1024


async def test_a_body_announced_too_large_is_refused_before_it_is_read(site: Site) -> None:
    """F56: announced 10 GB are answered at once."""
    host = urlsplit(str(site.api.base_url))
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    writer.write(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10737418240\r\n\r\n")
    answer = await reader.readuntil(b"}")
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"/problems/payload-too-large" in answer


async def test_a_body_that_grows_too_large_is_refused_by_counting(site: Site) -> None:
    """F56: chunks without an announced length."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"text": "'
        for _ in range(LIMIT // 65536 + 1):
            yield b"x" * 65536
        yield b'"}'

    answer = await site.api.post("/echo", content=chunks(), headers={"Content-Type": "application/json"})
    assert_problem(answer, 413, "payload-too-large")
    assert await stored(site) == 0


async def test_a_body_of_exactly_the_limit_is_taken(site: Site) -> None:
    around = len(b'{"text":""}')
    await site.submit({"text": "x" * (LIMIT - around)})
    answer = await site.api.post("/echo", json={"text": "x" * (LIMIT - around + 1)})
    assert_problem(answer, 413, "payload-too-large")


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-ndjson", "json"])
async def test_a_media_type_that_is_not_json_is_refused(site: Site, media_type: str) -> None:
    answer = await site.api.post("/echo", content=b'{"text": "x"}', headers={"Content-Type": media_type})
    assert_problem(answer, 415, "unsupported-media-type")
    assert await stored(site) == 0


@pytest.mark.parametrize("media_type", [None, "application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"])
async def test_json_by_any_name_or_none_is_taken(site: Site, media_type: str | None) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await site.api.post("/echo", content=b'{"text": "x"}', headers=headers)
    assert answer.status_code == 202


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
async def test_a_content_encoding_is_refused(site: Site, encoding: str) -> None:
    """F56: what is never unpacked is no bomb."""
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    answer = await site.api.post("/echo", content=b'{"text": "x"}', headers=headers)
    assert_problem(answer, 415, "unsupported-media-type")
    assert await stored(site) == 0


async def test_a_client_that_goes_away_in_the_middle_of_its_body_stores_nothing_and_is_no_failure(site: Site) -> None:
    failures: list[str] = []
    site.jobs.telemetry.subscribe(lambda event, facts: failures.append(event))
    host = urlsplit(str(site.api.base_url))
    _, writer = await asyncio.open_connection(host.hostname, host.port)
    writer.write(b'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"te')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await site.api.get("/healthz")
    assert await stored(site) == 0
    assert failures == []

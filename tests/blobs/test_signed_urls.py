"""Results in a bucket, downloaded from it by links that last for a while."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coatcheck import Coatcheck, Content, Created, HttpStyle
from coatcheck.blobs.contract import CHUNK
from coatcheck.client import AsyncClient
from coatcheck.errors import ConfigurationError
from coatcheck.testing import inline
from coatcheck.testing.harness import serving
from tests.http.site import LOOPBACK

FILE = os.urandom(256) * (8 * CHUNK // 256) * 4 + b"odd"
"""More than one part of an upload to a bucket."""
HOUR = 3600


class Site:
    """A served application, and whoever asks it by HTTP alone."""

    def __init__(self, url: str, api: httpx2.AsyncClient) -> None:
        self.url, self.api = url, api

    async def submitted(self, path: str, json: Any = None) -> httpx2.Response:
        """The answer to a request that is waited for."""
        return await self.api.post(path, json=json or {}, headers={"Prefer": "wait=60"})

    async def result_url(self, path: str, json: Any = None) -> str:
        """Where the result of a new job is, which has ended."""
        answer = await self.submitted(path, json)
        assert answer.status_code in (200, 303), answer.text
        return f"{httpx2.URL(answer.links['status']['url']).path}/result"


@asynccontextmanager
async def running(folder: Path, bucket: str, **settings: Any) -> AsyncIterator[Site]:
    jobs = Coatcheck(store=f"sqlite:///{folder / 'jobs.db'}", blobs=bucket, durability="process", **settings)

    @jobs.operation("/files")
    def make_file(filename: str | None = "übersicht.bin", media_type: str = "image/x-test") -> Content:
        return Content(FILE, media_type=media_type, filename=filename)

    @jobs.operation("/copies")
    def copy_file() -> Path:
        (folder / "copy.csv").write_bytes(FILE)
        return folder / "copy.csv"

    @jobs.operation("/rows")
    def rows() -> Iterator[int]:
        yield from range(3)

    @jobs.operation("/numbers")
    def number() -> int:
        return 7

    @jobs.operation("/made")
    def made() -> Created:
        return Created("/operations")

    with serving(jobs) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
            yield Site(url, api)


@pytest.fixture
async def site(tmp_path: Path, bucket: str) -> AsyncIterator[Site]:
    async with running(tmp_path, bucket, signed_urls=HOUR) as site:
        yield site


def assert_leads_to(bucket_server: str, answer: httpx2.Response) -> str:
    """A 303 to the bucket, good for an hour; where to."""
    assert (answer.status_code, answer.content) == (303, b"")
    assert answer.headers["cache-control"] == "no-store"
    place = httpx2.URL(answer.headers["location"])
    assert str(place).startswith(f"{bucket_server}/files-")
    assert place.params["X-Amz-Expires"] == str(HOUR)
    assert place.params["X-Amz-Signature"]
    return str(place)


async def test_a_file_comes_from_the_bucket_with_its_type_and_name(site: Site, bucket_server: str) -> None:
    place = assert_leads_to(bucket_server, await site.api.get(await site.result_url("/files")))
    answer = await site.api.get(place)
    assert answer.content == FILE
    assert answer.headers["content-type"] == "image/x-test"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%BCbersicht.bin"


async def test_a_range_is_asked_of_the_bucket(site: Site) -> None:
    answer = await site.api.get(await site.result_url("/files"), headers={"Range": "bytes=1-4"}, follow_redirects=True)
    assert (answer.status_code, answer.content) == (206, FILE[1:5])
    assert answer.headers["content-range"] == f"bytes 1-4/{len(FILE)}"


async def test_head_is_led_to_a_place_that_takes_head(site: Site, bucket_server: str) -> None:
    """A signature is for one method."""
    url = await site.result_url("/files")
    place = assert_leads_to(bucket_server, await site.api.head(url))
    answer = await site.api.head(place)
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(FILE)))
    signatures = {
        httpx2.URL((await site.api.request(method, url)).headers["location"]).params["X-Amz-Signature"] for method in ("HEAD", "GET")
    }
    assert len(signatures) == 2


@pytest.mark.parametrize(
    ("path", "content", "media_type", "disposition"),
    [
        ("/copies", FILE, "text/csv", 'attachment; filename="copy.csv"'),
        ("/rows", b"0\n1\n2\n", "application/x-ndjson", "attachment"),
    ],
)
async def test_files_and_rows_are_named_too(site: Site, path: str, content: bytes, media_type: str, disposition: str) -> None:
    answer = await site.api.get(await site.result_url(path), follow_redirects=True)
    assert answer.content == content
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.headers["content-disposition"] == disposition


@pytest.mark.parametrize(
    ("filename", "media_type", "sent"),
    [
        (None, "text/html", ("text/html", "attachment")),
        ("ü" * 300, "text/csv", ("text/csv", "attachment")),
        (None, "application/json", ("application/json", None)),
    ],
)
async def test_whatever_a_file_is_called_it_is_kept(
    site: Site, filename: str | None, media_type: str, sent: tuple[str, str | None]
) -> None:
    """A bucket refuses objects whose header fields are too long."""
    url = await site.result_url("/files", {"filename": filename, "media_type": media_type})
    answer = await site.api.get(url, follow_redirects=True)
    assert answer.content == FILE
    assert (answer.headers["content-type"], answer.headers.get("content-disposition")) == sent


async def test_who_has_it_already_is_not_led_anywhere(site: Site, tmp_path: Path, bucket: str) -> None:
    url = await site.result_url("/files")
    async with running(tmp_path, bucket) as streaming:
        etag = (await streaming.api.head(url)).headers["etag"]
    assert (await site.api.get(url, headers={"If-None-Match": etag})).status_code == 304


async def test_json_and_resources_are_answered_as_ever(site: Site) -> None:
    answer = await site.api.get(await site.result_url("/numbers"))
    assert (answer.status_code, answer.json()) == (200, 7)
    answer = await site.api.get(await site.result_url("/made"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/operations")


async def test_a_request_that_waited_is_led_there_too(site: Site, bucket_server: str) -> None:
    answer = await site.submitted("/files")
    assert (await site.api.get(assert_leads_to(bucket_server, answer))).content == FILE
    assert (await site.api.get(answer.links["status"]["url"])).json()["status"] == "completed"


async def test_a_look_that_gives_the_result_leads_there_too(tmp_path: Path, bucket: str, bucket_server: str) -> None:
    async with running(tmp_path, bucket, signed_urls=HOUR, style=HttpStyle(completed="body")) as site:
        answer = await site.api.get((await site.result_url("/files")).removesuffix("/result"))
        assert (await site.api.get(assert_leads_to(bucket_server, answer))).content == FILE
        assert answer.links["status"]


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("completed", ["status", "redirect", "body"])
async def test_clients_follow_whatever_the_style(tmp_path: Path, bucket: str, completed: Any, told: bool) -> None:  # noqa: FBT001
    """The link is never taken for a resource that the function made, nor for the place where the result stays."""
    style = HttpStyle(completed=completed)
    options: Any = {"style": style} if told else {}
    async with (
        running(tmp_path, bucket, signed_urls=HOUR, style=style) as site,
        AsyncClient(site.url, poll_interval=0.01, **options) as client,
    ):
        job = await client.submit("/files", {})
        assert await job.result() == FILE
        assert (await job.download(tmp_path / "downloaded")).read_bytes() == FILE
        assert "X-Amz" not in str(job.representation)
        if completed != "body":
            assert await (await client.submit("/made", {})).result() == Created(f"{site.url}/operations")


async def test_by_default_files_are_sent_through_the_application(tmp_path: Path, bucket: str) -> None:
    async with running(tmp_path, bucket) as site:
        answer = await site.api.get(await site.result_url("/files"))
        assert (answer.status_code, answer.content) == (200, FILE)


def test_links_need_a_bucket(tmp_path: Path) -> None:
    for blobs in (None, str(tmp_path)):
        with pytest.raises(ConfigurationError, match="signed_urls=60: only files in a bucket have URLs"):
            Coatcheck(blobs=blobs, signed_urls=60)


async def test_an_application_under_test_has_its_files_without_links(bucket: str) -> None:
    jobs = Coatcheck(blobs=bucket, signed_urls=60)

    @jobs.operation("/files")
    def make_file() -> Content:
        return Content(FILE)

    async with inline(jobs):
        content = await (await make_file.submit()).result()
        assert isinstance(content.body, Path)
        assert content.body.read_bytes() == FILE
        content.body.unlink()

"""Files in the hands of functions, and results that are yielded, on both stores."""

import asyncio
import hashlib
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coatcheck import Content, Job, Retry, Upload
from coatcheck.domain.event import EventType
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.state import Status
from coatcheck.errors import Cancelled, Fail, InvalidArguments, QueueFull
from coatcheck.operations.lines import Lines
from tests.worker.site import Site, opened

LARGE = os.urandom(1024) * 1500


class Row(msgspec.Struct):
    price: int


@pytest.fixture
async def site(tmp_path: Path, empty_store: str) -> AsyncIterator[Site]:
    async with opened(tmp_path, store=empty_store, poll_interval=0.1) as site:
        yield site


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files of this process go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def blobs(site: Site) -> list[str]:
    return site.jobs.wiring.blobs.keys(older_than=-1000)


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def seen_of(upload: Upload) -> dict[str, Any]:
    with upload.open() as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    assert digest == upload.digest
    assert upload.path.is_absolute()
    return {"size": upload.path.stat().st_size, "said": upload.size, "type": upload.media_type, "name": upload.filename}


@pytest.mark.parametrize("way", ["def", "async def"])
async def test_a_function_has_its_file_on_its_own_host_while_it_runs(site: Site, temporary: Path, way: str) -> None:
    if way == "async def":

        @site.jobs.operation("/x", name="x")
        async def convert(video: Upload) -> dict[str, Any]:
            return seen_of(video)
    else:

        @site.jobs.operation("/x", name="x")
        def convert(video: Upload) -> dict[str, Any]:
            return seen_of(video)

    source = temporary / "clip.mp4"
    await asyncio.to_thread(source.write_bytes, LARGE)
    handle = await convert.submit(Upload.of(source))
    await asyncio.to_thread(source.unlink)
    await site.work()
    assert await handle.result() == {"size": len(LARGE), "said": len(LARGE), "type": "video/mp4", "name": "clip.mp4"}
    assert left_in(temporary) == [], "no copy stays"


async def test_several_files_and_none(site: Site) -> None:
    @site.jobs.operation("/album")
    def album(pictures: list[Upload], cover: Upload | None = None, title: str = "") -> list[Any]:
        return [[picture.path.read_bytes().decode() for picture in pictures], cover, title]

    handle = await album.submit([Upload.of(b"one"), Upload.of(b"two")], title="holidays")
    await site.work()
    assert await handle.result() == [["one", "two"], None, "holidays"]


async def test_another_attempt_has_its_file_again(site: Site, temporary: Path) -> None:
    @site.jobs.operation("/x", retries=1)
    def convert(video: Upload, job: Job) -> int:
        size = len(video.path.read_bytes())
        if job.attempt == 1:
            raise Retry(after=0)
        return size

    handle = await convert.submit(Upload.of(b"12345"))
    await site.work()
    assert await handle.result() == 5
    assert left_in(temporary) == []


@pytest.mark.parametrize("way", ["def", "async def"])
async def test_a_file_can_be_returned(site: Site, way: str) -> None:
    """Though the run's copy of it is removed."""
    if way == "async def":

        @site.jobs.operation("/x", name="x")
        async def same(video: Upload) -> Content:
            return Content(video.path, media_type=video.media_type, filename=video.filename)
    else:

        @site.jobs.operation("/x", name="x")
        def same(video: Upload) -> Content:
            return Content(video.path, media_type=video.media_type, filename=video.filename)

    handle = await same.submit(Upload.of(LARGE, filename="a.mp4"))
    await site.work()
    assert await read(site, handle) == ("video/mp4", LARGE)


async def test_a_file_handed_on_to_another_job_is_a_copy_of_its_own(site: Site) -> None:
    """The first may be gone before the second."""

    @site.jobs.operation("/second")
    async def second(video: Upload) -> str:
        return video.path.read_bytes().decode()

    @site.jobs.operation("/first")
    async def first(video: Upload) -> str:
        return (await second.submit(video)).id

    handle = await first.submit(Upload.of(b"bytes", media_type="text/plain", filename="a.txt"))
    await site.work()
    await handle.result()
    assert len(blobs(site)) == 2


async def test_calls_that_come_to_nothing_leave_no_file(site: Site) -> None:
    @site.jobs.operation("/x", queue_bound=1)
    def convert(video: Upload, times: int) -> None: ...

    @site.jobs.operation("/rows")
    def import_rows(rows: Lines[Row]) -> None: ...

    with pytest.raises(InvalidArguments):
        await convert.submit(Upload.of(b"x"), "often")  # type: ignore[arg-type]
    with pytest.raises(InvalidArguments):
        await convert.submit("a path", 1)  # type: ignore[arg-type]
    with pytest.raises(InvalidArguments, match="Line 2"):
        await import_rows.submit(Lines.of(b'{"price":1}\n{}'))
    with pytest.raises(FileNotFoundError):
        await convert.submit(Upload.of("/nowhere/at/all"), 1)
    assert blobs(site) == []
    keyed = convert.options(idempotency_key="k")
    first = await keyed.submit(Upload.of(b"x"), 1)
    again = await keyed.submit(Upload.of(b"x"), 1)
    assert first.id == again.id
    with pytest.raises(QueueFull):
        await convert.submit(Upload.of(b"y"), 1)
    assert len(blobs(site)) == 1


async def test_the_plain_function_takes_the_same_file(site: Site) -> None:
    @site.jobs.operation("/x")
    def convert(video: Upload) -> dict[str, Any]:
        return seen_of(video)

    assert convert(Upload.of(b"abc", filename="a.txt")) == {"size": 3, "said": 3, "type": "text/plain", "name": "a.txt"}


async def test_a_file_is_out_of_reach_where_no_job_of_it_runs() -> None:
    stored = msgspec.convert({"key": "a" * 32, "size": 1, "digest": "", "mediaType": "a/b"}, type=type(Upload.of(b"").reference))
    with pytest.raises(LookupError, match="only where its job runs"):
        _ = Upload(stored).path


@pytest.mark.parametrize("way", ["def", "async def"])
async def test_rows_are_gone_through_tracked_and_resumed(site: Site, way: str) -> None:
    if way == "async def":

        @site.jobs.operation("/rows", name="rows", retries=1)
        async def add(rows: Lines[Row], job: Job) -> list[int]:
            seen = []
            async for row in job.track(job.resume(rows), unit="row"):
                if row.price == 3 and job.attempt == 1:
                    raise Retry(after=0)
                seen.append(row.price)
            return [*seen, len(rows)]
    else:

        @site.jobs.operation("/rows", name="rows", retries=1)
        def add(rows: Lines[Row], job: Job) -> list[int]:
            seen = []
            for row in job.track(job.resume(rows), unit="row"):
                if row.price == 3 and job.attempt == 1:
                    raise Retry(after=0)
                seen.append(row.price)
            return [*seen, len(rows)]

    handle = await add.submit(Lines.of(b"\n".join(b'{"price":%d}' % number for number in range(6))))
    await site.work()
    assert await handle.result() == [3, 4, 5, 6]
    job = await site.job(handle)
    assert (job.progress.current, job.progress.total, job.progress.unit) == (6, 6, "row")


ROWS: list[Any] = [Row(1), {"a": None}, 3, "text, as it is", b"bytes, as they are\n", "ends\n"]
WRITTEN = b'{"price":1}\n{"a":null}\n3\ntext, as it is\nbytes, as they are\nends\n'


async def read(site: Site, handle: Any) -> tuple[str, bytes]:
    content = await handle.result()
    assert isinstance(content, Content)
    assert isinstance(content.body, Path)
    return content.media_type, await asyncio.to_thread(content.body.read_bytes)


def yields() -> Iterator[Any]:
    yield from ROWS


async def yields_asynchronously() -> AsyncIterator[Any]:
    for row in ROWS:
        yield row


def returns_a_generator() -> Iterable[Any]:
    return (row for row in ROWS)


async def returns_one_later() -> Iterator[Any]:
    return iter(ROWS)


async def returns_an_asynchronous_one() -> AsyncIterator[Any]:
    return yields_asynchronously()


YIELDING = [yields, yields_asynchronously, returns_a_generator, returns_one_later, returns_an_asynchronous_one]


@pytest.mark.parametrize("function", YIELDING, ids=lambda function: function.__name__)
async def test_what_is_yielded_becomes_a_file_of_lines(site: Site, function: Any) -> None:
    operation = site.jobs.operation("/export")(function)
    handle: Any = await operation.submit()
    await site.work()
    assert await read(site, handle) == ("application/x-ndjson", WRITTEN)
    stored = await site.store.result(handle.id, SYSTEM)
    assert stored is not None
    assert (stored.size, stored.digest) == (len(WRITTEN), hashlib.sha256(WRITTEN).hexdigest())


@pytest.mark.parametrize("way", ["def", "async def"])
@pytest.mark.parametrize("rows", [0, 200_000])
async def test_any_number_of_rows_can_be_yielded(site: Site, way: str, rows: int) -> None:
    if way == "async def":

        @site.jobs.operation("/export", name="export")
        async def export() -> AsyncIterator[int]:
            for number in range(rows):
                yield number
    else:

        @site.jobs.operation("/export", name="export")
        def export() -> Iterator[int]:
            yield from range(rows)

    handle: Any = await export.submit()
    await site.work()
    _, body = await read(site, handle)
    assert body == b"".join(b"%d\n" % number for number in range(rows))


@pytest.mark.parametrize("way", ["def", "async def"])
async def test_a_function_that_raises_between_rows_leaves_no_file(site: Site, way: str) -> None:
    if way == "async def":

        @site.jobs.operation("/export", name="export")
        async def export() -> AsyncIterator[bytes]:
            yield LARGE
            raise Fail(status=422, title="Enough")
    else:

        @site.jobs.operation("/export", name="export")
        def export() -> Iterator[bytes]:
            yield LARGE
            raise Fail(status=422, title="Enough")

    handle: Any = await export.submit()
    await site.work()
    assert (await site.failure(handle)).title == "Enough"
    assert blobs(site) == []


@pytest.mark.parametrize("row", [float("nan"), object(), "\ud800"], ids=["nan", "object", "surrogate"])
async def test_a_row_that_has_no_json_form_fails_the_job_for_good(site: Site, row: Any) -> None:
    @site.jobs.operation("/export", retries=3)
    def export() -> Iterator[Any]:
        yield 1
        yield row

    handle: Any = await export.submit()
    await site.work()
    failure = await site.failure(handle)
    assert failure.kind == "result-not-serialisable"
    assert failure.detail is not None
    assert failure.detail.startswith("Row 2: ")
    assert (await site.job(handle)).attempt == 1


@pytest.mark.parametrize("way", ["def", "async def"])
async def test_a_cancel_reaches_a_function_between_two_rows(site: Site, way: str) -> None:
    """It can clean up, and what it had yielded is no result."""
    under_way, cleaned = asyncio.Event(), []
    loop = asyncio.get_running_loop()
    if way == "async def":

        @site.jobs.operation("/export", name="export")
        async def export() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield LARGE[:1000]
                    loop.call_soon_threadsafe(under_way.set)
                    await asyncio.to_thread(str)
            except asyncio.CancelledError:
                cleaned.append("up")
                raise
    else:

        @site.jobs.operation("/export", name="export")
        def export() -> Iterator[bytes]:
            try:
                while True:
                    yield LARGE[:1000]
                    loop.call_soon_threadsafe(under_way.set)
            except Cancelled:
                cleaned.append("up")
                raise

    handle: Any = await export.submit()
    await site.work()
    await under_way.wait()
    await handle.cancel()
    assert (await site.ended(handle)).status is Status.CANCELLED
    assert cleaned == ["up"]
    assert blobs(site) == []


async def test_rows_have_resources_and_context_until_the_last(site: Site) -> None:
    closed = []

    @site.jobs.resource(scope="job")
    async def source() -> AsyncIterator[list[int]]:
        yield [1, 2]
        closed.append(True)

    @site.jobs.operation("/export")
    def export(job: Job) -> Iterator[int]:
        for row in job.track(job.resource(source)):
            assert not closed
            yield row

    handle: Any = await export.submit()
    await site.work()
    assert (await read(site, handle))[1] == b"1\n2\n"
    assert closed == [True]
    assert [event.type for event in await site.events(handle, EventType.COMPLETED)] == [EventType.COMPLETED]


async def test_arguments_in_the_store_say_where_a_file_is_and_hold_none_of_it(site: Site) -> None:
    @site.jobs.operation("/x")
    def convert(video: Upload) -> None: ...

    await convert.submit(Upload.of(LARGE))
    (claim,) = await site.store.claim("w", ["convert"], 1)
    assert len(claim.arguments) < 500
    assert [json.loads(claim.arguments)["video"]["key"]] == blobs(site)

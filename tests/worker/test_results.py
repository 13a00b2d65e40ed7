"""Results that are files, and results of all the kinds that are JSON."""

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pydantic
import pytest

from coatcheck import Content
from coatcheck.domain.owner import SYSTEM
from tests.worker.site import Site


class Struct(msgspec.Struct):
    day: date


@dataclasses.dataclass
class Dataclass:
    day: date


class Model(pydantic.BaseModel):
    day: date


DAY = date(2026, 5, 1)


@pytest.mark.parametrize("type_", [Struct, Dataclass, Model], ids=lambda type_: type_.__name__)
async def test_a_typed_result_comes_back_as_its_type(site: Site, type_: Any) -> None:
    async def make() -> Any:
        return type_(day=DAY)

    make.__annotations__["return"] = type_
    operation = site.jobs.operation("/make")(make)
    handle: Any = await operation.submit()
    await site.work()
    assert await handle.result() == type_(day=DAY)


async def test_nothing_is_a_result_too(site: Site) -> None:
    @site.jobs.operation("/nothing")
    async def nothing() -> None:
        pass

    handle = await nothing.submit()
    await site.work()
    assert await handle.result() is None  # type: ignore[func-returns-value]
    stored = await site.store.result(handle.id, SYSTEM)
    assert stored is not None
    assert stored.body == b"null"


FILES: dict[str, tuple[Any, bytes, str, str | None]] = {
    "bytes": (b"\x00\xff", b"\x00\xff", "application/octet-stream", None),
    "bytearray": (bytearray(b"abc"), b"abc", "application/octet-stream", None),
    "memoryview": (memoryview(b"abc"), b"abc", "application/octet-stream", None),
    "empty": (b"", b"", "application/octet-stream", None),
    "large": (b"0123456789" * 500_000, b"0123456789" * 500_000, "application/octet-stream", None),
    "content": (Content(b"%PDF", media_type="application/pdf", filename="sales.pdf"), b"%PDF", "application/pdf", "sales.pdf"),
    "text": (Content("Grüße"), "Grüße".encode(), "text/plain; charset=utf-8", None),
    "named": (Content(b"a,b", filename="rows.csv"), b"a,b", "text/csv", "rows.csv"),
}


@pytest.mark.parametrize("kind", ["async", "thread"])
@pytest.mark.parametrize("name", FILES)
async def test_bytes_and_content_are_kept_beside_the_store(site: Site, kind: str, name: str) -> None:
    value, body, media_type, filename = FILES[name]
    if kind == "async":

        @site.jobs.operation("/file", name="file")
        async def file() -> Any:
            return value
    else:

        @site.jobs.operation("/file", name="file")
        def file() -> Any:
            return value

    handle = await file.submit()
    await site.work()
    result = await handle.result()
    assert isinstance(result, Content)
    assert (result.media_type, result.filename if filename else None) == (media_type, filename)
    assert isinstance(result.body, Path)
    assert result.body.read_bytes() == body


async def test_a_path_is_copied_and_stays_where_it_is(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "figures.csv"
    source.write_bytes(b"a,b\n1,2\n")

    @site.jobs.operation("/figures")
    def figures() -> Path:
        return source

    handle = await figures.submit()
    await site.work()
    await handle.result()
    stored = await site.store.result(handle.id, SYSTEM)
    assert stored is not None
    assert (stored.media_type, stored.filename, stored.size) == ("text/csv", "figures.csv", 8)
    source.write_bytes(b"something else by now")
    assert stored.blob is not None
    kept = site.jobs.wiring.blobs.path(stored.blob)
    assert kept is not None
    assert kept.read_bytes() == b"a,b\n1,2\n"


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_a_file_that_is_not_there_fails_the_job_and_says_so(site: Site, tmp_path: Path, kind: str) -> None:
    missing = tmp_path / "nowhere.pdf"
    if kind == "async":

        @site.jobs.operation("/file", name="file")
        async def file() -> Path:
            return missing
    else:

        @site.jobs.operation("/file", name="file")
        def file() -> Path:
            return missing

    handle = await file.submit()
    await site.work()
    problem = await site.failure(handle)
    assert problem.title == "The operation raised FileNotFoundError"
    assert "The result could not be read" in (problem.detail or "")

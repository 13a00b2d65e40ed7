"""Files and rows go to a real application as they are read, by both clients."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from coatcheck import Coatcheck, Job, Upload
from coatcheck.bodies import Lines
from coatcheck.client import ApiError
from coatcheck.client.body import body_of
from coatcheck.testing.harness import serving
from tests.client.conftest import Connect
from tests.client.counter import Line, lose_answer


@pytest.fixture
def line(tmp_path: Path) -> Line:
    jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}", durability="process")

    @jobs.operation("/one")
    def one(file: Upload) -> list[Any]:
        return told(file)

    @jobs.operation("/many")
    def many(files: list[Upload], title: str, copies: int = 1, tags: list[str] | None = None) -> list[Any]:
        return [title, copies, tags, *map(told, files)]

    @jobs.operation("/rows")
    def rows(rows: Lines[dict[str, int]], job: Job) -> int:
        return sum(row["n"] for row in rows)

    def told(file: Upload) -> list[Any]:
        return [file.filename, file.media_type, hashlib.sha256(file.path.read_bytes()).hexdigest()]

    return Line(jobs)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "film.bin").write_bytes(bytes(range(256)) * 4096)
    (folder / 'na"ïve.txt').write_text("hello")
    (folder / "rows.ndjson").write_text('{"n": 3}\n{"n": 4}\n')
    return folder


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_a_file_is_the_body(line: Line, connect: Connect, files: Path) -> None:
    film, text = files / "film.bin", files / 'na"ïve.txt'
    with serving(line) as url:
        api = await connect(url)
        assert await (await api.submit("/one", content=film)).result() == ["film.bin", "application/octet-stream", digest(film)]
        assert await (await api.submit("/one", content=text)).result() == ['na"ïve.txt', "text/plain", digest(text)]
        sent = await api.submit("/one", content=b"hello", content_type="text/x-greeting")
        assert await sent.result() == [None, "text/x-greeting", digest(text)]
        assert await (await api.submit("/one", content=text, filename="")).result() == [None, "application/octet-stream", digest(text)]
        assert await (await api.submit("/one", content=b"hello", filename="a.txt")).result() == ["a.txt", "text/plain", digest(text)]


async def test_files_go_in_a_form_beside_their_fields(line: Line, connect: Connect, files: Path) -> None:
    film, text = files / "film.bin", files / 'na"ïve.txt'
    with serving(line) as url:
        api = await connect(url)
        job = await api.submit("/many", {"title": "3", "copies": 2, "tags": ["a", "b"]}, files={"files": [film, str(text)]})
        told = [["film.bin", "application/octet-stream", digest(film)], ['na"ïve.txt', "text/plain", digest(text)]]
        assert await job.result() == ["3", 2, ["a", "b"], *told]
        with pytest.raises(ApiError, match="422") as refused:
            await api.submit("/many", files={"files": film})
        assert refused.value.problem.members["errors"][0]["pointer"] == "/title"


async def test_rows_are_read_from_a_file(line: Line, connect: Connect, files: Path) -> None:
    with serving(line) as url:
        api = await connect(url)
        assert await (await api.submit("/rows", content=files / "rows.ndjson")).result() == 7
    assert line.requests("POST")[0]["content-type"] == "application/x-ndjson"


async def test_a_file_is_read_again_when_the_answer_was_lost(line: Line, connect: Connect, files: Path) -> None:
    """F05, with a body that cannot be kept in memory: the second request is the same, and there is one job."""
    with serving(line) as url:
        api = await connect(url)
        for carried in ({"content": files / "film.bin"}, {"files": {"file": files / "film.bin"}}):
            line.faults.append(lose_answer)
            assert (await (await api.submit("/one", **carried)).result())[2] == digest(files / "film.bin")
        assert len([each async for each in api.jobs()]) == 2
    assert len(line.requests("POST")) == 4


def test_a_file_is_read_in_small_pieces(files: Path) -> None:
    body = body_of(files={"file": files / "film.bin"})
    assert body is not None
    assert max(map(len, body)) <= 64 * 1024
    assert sum(map(len, body)) == int(body.headers["Content-Length"])


@pytest.mark.parametrize(
    ("carried", "error", "said"),
    [
        ({"content": Path("nowhere")}, FileNotFoundError, "nowhere"),
        ({"files": {"file": "nowhere"}}, FileNotFoundError, "nowhere"),
        ({"content": Path("/dev/null")}, TypeError, "no regular file"),
        ({"content": b"", "json": {}}, TypeError, "not both"),
        ({"content": b"", "files": {}}, TypeError, "not both"),
        ({"json": {}, "content_type": "text/csv"}, TypeError, "those of content"),
        ({"json": [1], "files": {}}, TypeError, "each member is a field"),
        ({"json": {"a\nb": 1}, "files": {}}, ValueError, "name of a field"),
    ],
)
def test_what_cannot_be_sent_is_refused_before(carried: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        body_of(**carried)

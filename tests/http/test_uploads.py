"""Bodies that are files: raw, in forms, and of many lines. Kept before the 202, and not a byte of them where there is none."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest

from coatcheck import Upload
from coatcheck.app import Coatcheck
from coatcheck.domain.outcome import Failed
from coatcheck.operations.lines import Lines
from coatcheck.testing.harness import eventually, serving
from tests.http.site import BROKEN, LOOPBACK, ShiftedClock, Site, assert_problem, stored

LIMIT = 1024 * 1024
VIDEO = b"\x00\x01video" * 50_000


class Options(msgspec.Struct):
    width: int
    codec: str = "vp9"


class Account(msgspec.Struct):
    name: str
    balance: int


def register(jobs: Coatcheck) -> None:
    @jobs.operation("/videos", queue_bound=2)
    def convert(video: Upload) -> None: ...

    @jobs.operation("/optional")
    def convert_some(video: Upload | None = None) -> None: ...

    @jobs.operation("/edits", max_upload=0)
    def edit(
        video: Upload, options: Options, times: int, title: str, rest: list[Upload], *, flag: bool = False, tags: list[str] | None = None
    ) -> None: ...

    @jobs.operation("/tagged")
    def tag(picture: Upload, tags: list[str]) -> None: ...

    @jobs.operation("/albums")
    def album(pictures: list[Upload]) -> None: ...

    @jobs.operation("/accounts")
    def import_accounts(rows: Lines[Account]) -> None: ...

    @jobs.operation("/ledgers")
    def import_ledger(rows: Lines[Account], year: int) -> None: ...


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    clock = ShiftedClock()
    jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}", embedded_worker=False, clock=clock, max_upload=LIMIT)
    register(jobs)
    with serving(jobs) as url:
        async with httpx2.AsyncClient(base_url=url, verify=LOOPBACK) as api:
            yield Site(jobs, api, clock)


def kept(site: Site) -> int:
    """How many blobs there are, half-written ones among them."""
    directory = Path(site.jobs.settings.store.removeprefix("sqlite:///") + ".blobs")
    return len([file for file in directory.rglob("*") if file.is_file()])


async def arguments(site: Site) -> dict[str, Any]:
    """Of the newest job, as they are stored."""
    claims = await site.store.claim("w", site.jobs.registry.names(), 10)
    decoded: dict[str, Any] = json.loads(claims[-1].arguments)
    return decoded


async def assert_nothing_is_left(site: Site) -> None:
    assert await stored(site) == 0
    assert kept(site) == 0


async def test_a_raw_body_of_any_media_type_is_kept_as_it_is(site: Site) -> None:
    headers = {"Content-Type": "Video/mp4; codecs=avc1", "Content-Disposition": "attachment; filename*=UTF-8''na%C3%AFve%20clip.mp4"}
    assert (await site.api.post("/videos", content=VIDEO, headers=headers)).status_code == 202
    reference = (await arguments(site))["video"]
    key = reference.pop("key")
    digest = hashlib.sha256(VIDEO).hexdigest()
    expected = {"size": len(VIDEO), "digest": digest, "mediaType": "Video/mp4; codecs=avc1", "filename": "naïve clip.mp4", "lines": None}
    assert reference == expected
    blob = site.jobs.wiring.blobs.path(key)
    assert blob is not None
    assert blob.read_bytes() == VIDEO


async def test_a_body_that_says_nothing_of_itself_is_octets(site: Site) -> None:
    await site.api.post("/videos", content=b"x")
    reference = (await arguments(site))["video"]
    assert (reference["mediaType"], reference["filename"]) == ("application/octet-stream", None)


@pytest.mark.parametrize("field", ["video", "anything"])
async def test_the_one_file_of_a_form_is_the_file(site: Site, field: str) -> None:
    answer = await site.api.post("/videos", files={field: ("../clip.mp4", VIDEO, "video/mp4")})
    assert answer.status_code == 202, answer.text
    reference = (await arguments(site))["video"]
    assert (reference["size"], reference["mediaType"], reference["filename"]) == (len(VIDEO), "video/mp4", "clip.mp4")
    assert kept(site) == 1


@pytest.mark.parametrize("content", [b"", None])
async def test_a_file_that_is_needed_must_not_be_empty_or_missing(site: Site, content: bytes | None) -> None:
    assert_problem(await site.api.post("/videos", content=content), 400, "malformed-body")
    assert_problem(await site.api.post("/accounts", content=content), 400, "malformed-body")
    await assert_nothing_is_left(site)


async def test_a_key_that_cannot_be_is_refused_before_the_body_is_read(site: Site) -> None:
    refused = await site.api.post("/videos", content=b"", headers={"Idempotency-Key": "x" * 256})
    assert_problem(refused, 400, "invalid-parameter")


async def test_a_file_that_is_not_needed_may_be_missing(site: Site) -> None:
    """In a form, too: browsers send an empty part without a name where nobody chose a file."""
    assert (await site.api.post("/optional")).status_code == 202
    chosen = (
        b'--b\r\nContent-Disposition: form-data; name="video"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n'
    )
    answer = await site.api.post("/optional", content=chosen, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 202
    assert (await arguments(site))["video"] is None
    assert kept(site) == 0


async def test_a_forms_fields_become_arguments_by_their_types(site: Site) -> None:
    """Objects and arrays are JSON, arrays may also be several fields; everything else is read from its text."""
    answer = await site.api.post(
        "/edits",
        data={"options": '{"width": 640}', "times": "3", "title": "3", "flag": "true", "tags": ["a", "b"]},
        files=[("video", ("v.mp4", VIDEO)), ("rest", ("1.srt", b"one")), ("rest", ("2.srt", b"two"))],
    )
    assert answer.status_code == 202, answer.text
    found = await arguments(site)
    assert [found[name] for name in ("options", "times", "title", "flag", "tags")] == [
        {"width": 640, "codec": "vp9"},
        3,
        "3",
        True,
        ["a", "b"],
    ]
    assert [found["video"]["filename"], *(file["filename"] for file in found["rest"])] == ["v.mp4", "1.srt", "2.srt"]
    assert kept(site) == 3


@pytest.mark.parametrize(
    ("tags", "expected"), [("a", ["a"]), ('["a","b"]', ["a", "b"]), ("[]", []), (["a", "b", "c"], ["a", "b", "c"]), ([], [])]
)
async def test_an_array_may_be_one_field_or_several_or_none(site: Site, tags: Any, expected: list[str]) -> None:
    answer = await site.api.post("/tagged", data={"tags": tags}, files={"picture": b"p"})
    assert answer.status_code == 202, answer.text
    assert (await arguments(site))["tags"] == expected


async def test_a_field_that_is_sent_as_a_json_file_is_read_as_json(site: Site) -> None:
    """As `curl -F 'options=@options.json;type=application/json'` does."""
    files: list[tuple[str, Any]] = [
        ("video", ("v", b"v")),
        ("rest", ("1", b"one")),
        ("options", ("options.json", b'{"width": 1}', "application/json")),
        ("title", ("t.json", b'"x"', "application/json")),
        ("times", ("n.json", b"2", "application/json")),
    ]
    answer = await site.api.post("/edits", files=files)
    assert answer.status_code == 202, answer.text
    found = await arguments(site)
    assert (found["options"]["width"], found["title"], found["times"]) == (1, "x", 2)
    assert kept(site) == 2


async def test_all_that_is_missing_or_too_much_in_a_form_is_told(site: Site) -> None:
    document = assert_problem(await site.api.post("/edits", files={"video": b"v"}, data={"title": "x"}), 422, "invalid-arguments")
    missing = "A required field is missing."
    assert document["errors"] == [{"pointer": f"/{name}", "detail": missing} for name in ("options", "times", "rest")]
    await assert_nothing_is_left(site)


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"options": '{"width": "wide"}'}, "/options/width"),
        ({"times": "often"}, "/times"),
        ({"flag": "perhaps"}, "/flag"),
        ({"unknown": "x"}, "/unknown"),
        ({"title": "a\0b"}, ""),
    ],
)
async def test_a_field_that_does_not_fit_is_told_by_pointer_and_no_file_stays(site: Site, data: dict[str, str], pointer: str) -> None:
    fields = {"options": '{"width": 1}', "times": "3", "title": "x"} | data
    answer = await site.api.post("/edits", data=fields, files=[("video", ("v", VIDEO)), ("rest", ("1", b"one"))])
    document: Any = assert_problem(answer, 422, "invalid-arguments")
    assert [error["pointer"] for error in document.get("errors", [{"pointer": ""}])] == [pointer]
    await assert_nothing_is_left(site)


async def test_two_files_where_there_is_one_are_one_too_many(site: Site) -> None:
    answer = await site.api.post("/videos", files=[("video", ("1", b"one")), ("video", ("2", b"two"))])
    assert_problem(answer, 422, "invalid-arguments")
    await assert_nothing_is_left(site)


@pytest.mark.parametrize("path", ["/edits", "/albums", "/ledgers"])
async def test_files_beside_fields_take_a_form(site: Site, path: str) -> None:
    answer = await site.api.post(path, content=VIDEO, headers={"Content-Type": "video/mp4"})
    assert_problem(answer, 415, "unsupported-media-type")
    assert answer.headers["accept"] == "multipart/form-data"


FORM = {"Content-Type": "multipart/form-data; boundary=b"}
HEAD = b'--b\r\nContent-Disposition: form-data; name="video"; filename="v.mp4"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (HEAD + VIDEO, FORM),
        (HEAD + VIDEO + b"\r\n--b", FORM),
        (b"", FORM),
        (b"nonsense", FORM),
        (b"--b\r\n\r\nx\r\n--b--\r\n", FORM),
        (b'--b\r\nContent-Disposition: attachment; filename="x"\r\n\r\nx\r\n--b--\r\n', FORM),
        (b"--b\r\n" + b"X: y\r\n" * 100 + HEAD[5:] + b"x\r\n--b--\r\n", FORM),
        (b"--b\r\nX: " + b"y" * 100_000 + b"\r\n" + HEAD[5:] + b"x\r\n--b--\r\n", FORM),
        (b'--b\r\nContent-Disposition: form-data; name="video"; filename="\xff"\r\n\r\nx\r\n--b--\r\n', FORM),
        (HEAD + b"x\r\n--b--\r\n", {"Content-Type": "multipart/form-data"}),
        (HEAD + b"x\r\n--b--\r\n", {"Content-Type": "multipart/form-data; boundary="}),
        (HEAD + b"x\r\n--b--\r\n", {"Content-Type": "multipart/form-data; boundary=" + "b" * 71}),
    ],
)
async def test_a_form_that_is_none_is_malformed(site: Site, body: bytes, headers: dict[str, str]) -> None:
    assert_problem(await site.api.post("/videos", content=body, headers=headers), 400, "malformed-body")
    await assert_nothing_is_left(site)


async def test_a_form_of_too_many_parts_or_too_large_fields_is_refused(site: Site) -> None:
    many = await site.api.post("/albums", files=[("pictures", ("p", b"x"))] * 101)
    assert_problem(many, 413, "payload-too-large")
    large = await site.api.post("/edits", files={"video": b"x"}, data={"title": "x" * LIMIT, "options": "{}"})
    assert_problem(large, 413, "payload-too-large")
    await assert_nothing_is_left(site)


@pytest.mark.parametrize("name", ["a\r\nX: y", "a\tb", "a" * 256, "\u202egpj.exe"])
async def test_a_file_name_that_no_header_or_folder_could_hold_is_refused(site: Site, name: str) -> None:
    """F59."""
    form = HEAD.replace(b"v.mp4", name.encode().replace(b"\r\n", b"\x0b")) + b"x\r\n--b--\r\n"
    assert_problem(await site.api.post("/videos", content=form, headers=FORM), 400, "invalid-parameter")
    extended = "attachment; filename*=UTF-8''" + "".join(f"%{byte:02X}" for byte in name.encode())
    raw = await site.api.post("/videos", content=VIDEO, headers={"Content-Disposition": extended})
    assert_problem(raw, 400, "invalid-parameter")
    await assert_nothing_is_left(site)


@pytest.mark.parametrize("kind", ["x", "text/", 'text/html; charset="', "a" * 10 + "/b c"])
async def test_a_media_type_that_is_none_is_refused(site: Site, kind: str) -> None:
    answer = await site.api.post("/videos", content=VIDEO, headers={"Content-Type": kind})
    assert_problem(answer, 400, "invalid-parameter")
    await assert_nothing_is_left(site)


async def test_an_upload_has_a_limit_of_its_own_which_an_operation_can_lift(site: Site) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(LIMIT // 65536 + 1):
            yield b"x" * 65536

    assert_problem(await site.api.post("/videos", content=chunks()), 413, "payload-too-large")
    assert_problem(await site.api.post("/videos", content=b"x" * (LIMIT + 1)), 413, "payload-too-large")
    await assert_nothing_is_left(site)
    assert (await site.api.post("/videos", content=b"x" * LIMIT)).status_code == 202
    fields = {"options": '{"width": 1}', "times": "3", "title": "x"}
    answer = await site.api.post("/edits", data=fields, files=[("video", ("v", b"x" * 3 * LIMIT)), ("rest", ("1", b"one"))])
    assert answer.status_code == 202


async def test_a_full_queue_and_a_reused_key_leave_no_file(site: Site) -> None:
    for _ in range(2):
        assert (await site.api.post("/videos", content=VIDEO, headers={"Idempotency-Key": "k"})).status_code == 202
    assert kept(site) == 1, "the replay's own copy is removed"
    other = await site.api.post("/videos", content=VIDEO + b"x", headers={"Idempotency-Key": "k"})
    assert_problem(other, 422, "idempotency-key-reused")
    assert (await site.api.post("/videos", content=VIDEO)).status_code == 202
    assert_problem(await site.api.post("/videos", content=VIDEO), 503, "queue-full")
    assert (await stored(site), kept(site)) == (2, 2)


async def test_a_replay_is_known_by_content_name_and_kind_and_not_by_place(site: Site) -> None:
    usual = {"Idempotency-Key": "k", "Content-Type": "video/mp4", "Content-Disposition": "attachment; filename=a.mp4"}
    first = await site.api.post("/videos", content=VIDEO, headers=usual)
    again = await site.api.post("/videos", content=VIDEO, headers=usual)
    assert (again.headers["idempotency-replayed"], again.json()["jobId"]) == ("true", first.json()["jobId"])
    for differing in ({"Content-Type": "video/webm"}, {"Content-Disposition": "attachment; filename=b.mp4"}):
        assert_problem(await site.api.post("/videos", content=VIDEO, headers=usual | differing), 422, "idempotency-key-reused")
    assert (await stored(site), kept(site)) == (1, 1)


async def test_lines_are_checked_as_they_arrive(site: Site) -> None:
    """Of a body without end the first fault is answered, long before it is over."""
    seen = 0

    async def rows() -> AsyncIterator[bytes]:
        nonlocal seen
        yield b'{"name": "a", "balance": 1}\n' * 1000
        yield b'{"name": "b", "balance": "much"}\n'
        for _ in range(LIMIT // 65536 - 2):
            seen += 1
            yield b'{"name": "c", "balance": 3}\n' * (65536 // 30)

    answer = await site.api.post("/accounts", content=rows(), headers={"Content-Type": "application/x-ndjson"})
    document: Any = assert_problem(answer, 422, "invalid-arguments")
    assert document["errors"] == [{"pointer": "/1000/balance", "detail": "Expected `int`, got `str`"}]
    assert document["detail"].startswith("Line 1001: ")
    await assert_nothing_is_left(site)


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/jsonl", "application/ndjson; charset=utf-8", None])
async def test_lines_are_taken_by_any_of_their_names_and_counted(site: Site, media_type: str | None) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await site.api.post("/accounts", content=b'{"name":"a","balance":1}\n\n{"name":"b","balance":2}', headers=headers)
    assert answer.status_code == 202
    assert (await arguments(site))["rows"]["lines"] == 2


async def test_lines_may_stand_in_a_form_beside_fields(site: Site) -> None:
    good = await site.api.post("/ledgers", files={"rows": ("r.jsonl", b'{"name":"a","balance":1}')}, data={"year": "2026"})
    assert good.status_code == 202
    bad = await site.api.post("/ledgers", files={"rows": ("r.jsonl", b'{"name":"a","balance":1}\n{"name":"a"}')}, data={"year": "2026"})
    document: Any = assert_problem(bad, 422, "invalid-arguments")
    assert document["errors"][0]["pointer"] == "/1/balance"
    assert kept(site) == 1


async def test_what_is_no_lines_is_refused(site: Site) -> None:
    answer = await site.api.post("/accounts", json=[{"name": "a", "balance": 1}])
    assert_problem(answer, 415, "unsupported-media-type")
    assert "application/x-ndjson" in answer.headers["accept"]


async def test_a_client_that_goes_away_leaves_nothing(site: Site) -> None:
    host = urlsplit(str(site.api.base_url))
    _, writer = await asyncio.open_connection(host.hostname, host.port)
    writer.write(b"POST /videos HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" + b"x" * 600_000)
    await writer.drain()
    await asyncio.to_thread(eventually, lambda: kept(site) == 1)
    writer.close()
    await writer.wait_closed()
    await asyncio.to_thread(eventually, lambda: kept(site) == 0)
    assert await stored(site) == 0


async def test_the_description_says_in_which_media_types_a_body_is_taken(site: Site) -> None:
    entries = {entry["path"]: entry for entry in (await site.api.get("/operations")).json()["items"]}
    assert entries["/edits"]["requestSchema"]["required"] == ["video", "options", "times", "title", "rest"]
    assert entries["/edits"]["requestSchema"]["properties"]["video"] == {"type": "string", "format": "binary"}
    row = entries["/accounts"]["requestSchema"]["properties"]["rows"]
    assert (row["contentMediaType"], row["contentSchema"]["required"]) == ("application/x-ndjson", ["name", "balance"])


async def test_a_file_belongs_to_its_job_until_both_go(site: Site) -> None:
    job_id = (await site.api.post("/videos", content=VIDEO)).json()["jobId"]
    (claim,) = await site.store.claim("w", site.jobs.registry.names(), 1)
    key = json.loads(claim.arguments)["video"]["key"]
    assert await site.store.unreferenced([key]) == frozenset()
    await site.store.settle(claim, Failed(BROKEN))
    site.clock.ahead += 25 * 3600
    assert (await site.store.prune()).blobs == (key,)
    assert (await site.api.get(f"/jobs/{job_id}")).status_code == 410

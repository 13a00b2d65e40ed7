"""F22: the disk under the store is full, and has room again later."""

import os
from contextlib import suppress
from pathlib import Path

import httpx2

from coatcheck.testing.harness import eventually
from tests.faults.mounts import in_private_mounts, mount
from tests.faults.site import Site, site_in

TEXT = "x" * 20_000
ROOM = 64 * 1024
"""Bytes: a few jobs find room in them."""


def test_a_full_disk_turns_requests_away_and_loses_nothing(tmp_path: Path) -> None:
    """Until there is room again, requests get 503 and polls their answers; then all goes on, and nobody restarts anything."""
    in_private_mounts(full_store, tmp_path)


def test_a_result_that_finds_no_room_fails_its_attempt_and_leaves_nothing(tmp_path: Path) -> None:
    """The file has no room in the blobs' directory; another attempt has."""
    in_private_mounts(full_blobs, tmp_path)


def full_store(directory: Path) -> None:
    """The store lies on a disk of 2 MiB."""
    disk = directory / "disk"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "size=2M", "tmpfs", str(disk))
    with site_in(disk, durability="full", lease=30) as site:
        site.serve()
        held = site.hold()
        site.runs(held, 1)
        acknowledged = submit_until_full(site)
        assert acknowledged
        fill(disk)
        eventually(lambda: site.api.get("/readyz").status_code == 503)  # what a refused commit had reserved is filled, too
        site.let_go()
        assert_turned_away(site.api.get("/readyz"))
        assert_turned_away(site.api.post("/echo", json={"text": "small"}))
        assert site.state(held)["status"] == "running"
        for job_id in acknowledged:
            assert site.state(job_id)["status"] in ("queued", "running", "completed")
        (disk / "filler").unlink()
        acknowledged += [held, eventually(lambda: accepted(site))]
        for job_id in acknowledged:
            assert site.ended(job_id)["status"] == "completed"
        assert site.api.get("/readyz").status_code == 200
        assert site.job(held).attempt == 1
        assert {job.id for job in site.check(*acknowledged)} == set(acknowledged)


def submit_until_full(site: Site) -> list[str]:
    """Submit until a request is turned away; the jobs acknowledged before."""
    fill(site.directory, leave=ROOM * 4)
    jobs = []
    while (answer := site.api.post("/echo", json={"text": TEXT})).status_code == 202:
        jobs.append(answer.json()["jobId"])
    assert_turned_away(answer)
    return jobs


def accepted(site: Site) -> str | None:
    answer = site.api.post("/echo", json={"text": TEXT})
    return answer.json()["jobId"] if answer.status_code == 202 else None


def assert_turned_away(answer: httpx2.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/store-unavailable"
    assert "Traceback" not in answer.text


def fill(disk: Path, *, leave: int = 0) -> None:
    """Put a file on the disk that leaves that many bytes."""
    with suppress(OSError), (disk / "filler").open("ab", buffering=0) as filler:
        while (free := _free(disk)) > leave:
            filler.write(bytes(min(free - leave, 4096)))


def _free(disk: Path) -> int:
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize


def full_blobs(directory: Path) -> None:
    """Only the blobs lie on the small disk."""
    disk = directory / "jobs.db.blobs"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "size=1M", "tmpfs", str(disk))
    with site_in(directory, durability="full") as site:
        site.serve()
        fill(disk, leave=ROOM)
        job_id = site.submit("document", {"directory": str(directory), "size": 4 * ROOM})
        site.runs(job_id, 2)
        assert [file for file in disk.rglob("*") if file.is_file() and file.name != "filler"] == []
        (disk / "filler").unlink()
        site.let_go()
        assert site.ended(job_id)["status"] == "completed"
        result = site.api.get(f"/jobs/{job_id}/result")
        assert (result.status_code, len(result.content)) == (200, 4 * ROOM)
        site.check(job_id)

"""Files in a bucket, from the request to the result; and a bucket that cannot be reached."""

import sys
from pathlib import Path

import pytest

from coatcheck import Content, Upload
from coatcheck.app import Coatcheck
from coatcheck.blobs.contract import CHUNK
from coatcheck.clock import SystemClock
from coatcheck.errors import ConfigurationError, StoreUnavailable
from coatcheck.settings import Settings
from coatcheck.store.open import open_blobs
from coatcheck.testing.harness import free_port
from tests.worker.site import opened

LARGE = bytes(range(256)) * (3 * CHUNK // 256 + 1)


async def test_a_job_has_its_file_from_the_bucket_and_leaves_its_result_there(tmp_path: Path, bucket: str) -> None:
    async with opened(tmp_path, blobs=bucket) as site:

        @site.jobs.operation("/same")
        def same(file: Upload) -> Content:
            return Content(file.path, media_type=file.media_type, filename=file.filename)

        handle = await same.submit(Upload.of(LARGE, filename="a.mp4"))
        await site.work()
        content = await handle.result()
        assert isinstance(content.body, Path)
        assert (content.media_type, content.filename, content.body.read_bytes()) == ("video/mp4", "a.mp4", LARGE)
        content.body.unlink()
        assert len(site.jobs.wiring.blobs.keys(older_than=-1000)) == 2


def test_a_bucket_that_is_not_there_or_not_reached_is_unavailable(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreUnavailable, match="bucket s3://none/x cannot be used"):
        open_blobs(Settings(blobs="s3://none/x"), SystemClock()).write([b"x"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr("coatcheck.blobs.objects.PATIENCE", 0.1)
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        open_blobs(Settings(blobs=bucket), SystemClock()).write([b"x"])


def test_without_its_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "coatcheck.blobs.objects", raising=False)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ConfigurationError, match=r"coatcheck\[s3\]"):
        Coatcheck(blobs="s3://bucket")

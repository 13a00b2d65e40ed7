import json
from pathlib import Path

import pytest

from coatcheck.cli.exit import Exit
from coatcheck.cli.mask import mask
from tests.cli.conftest import Coatcheck


def test_config_shows_each_setting_and_where_it_comes_from(coatcheck: Coatcheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kiosk.py").write_text("from coatcheck import Coatcheck\njobs = Coatcheck(concurrency=3, grace=7)\n")
    monkeypatch.setenv("COATCHECK_CONCURRENCY", "5")
    monkeypatch.setenv("COATCHECK_LEASE", "20")
    shown = json.loads(coatcheck("config", "kiosk:jobs", "--json").out)
    assert shown["concurrency"] == {"value": 3, "origin": "code"}
    assert shown["lease"] == {"value": 20.0, "origin": "COATCHECK_LEASE"}
    assert shown["mount"] == {"value": "", "origin": "default"}
    lines = [line.split() for line in coatcheck("config", "kiosk:jobs").out.splitlines()]
    assert ["concurrency", "3", "code"] in lines
    assert ["mount", "not", "set", "default"] in lines


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_config_masks_secrets(coatcheck: Coatcheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str]) -> None:
    (tmp_path / "kiosk.py").write_text("from coatcheck import Coatcheck\njobs = Coatcheck()\n")
    monkeypatch.setenv("COATCHECK_BLOBS", "s3://key:hunter2@bucket/results")
    monkeypatch.setenv("COATCHECK_SECRET", "hunter2" * 5)
    shown = coatcheck("config", "kiosk:jobs", *flags)
    assert "s3://key:***@bucket/results" in shown.out
    assert "hunter2" not in shown.out + shown.err


def test_an_error_message_has_no_secrets(coatcheck: Coatcheck, tmp_path: Path) -> None:
    (tmp_path / "kiosk.py").write_text("from coatcheck import Coatcheck\njobs = Coatcheck(store='oracle://ann:hunter2@db/jobs')\n")
    refused = coatcheck("config", "kiosk:jobs")
    assert refused.status == Exit.USAGE
    assert "begins with 'oracle'" in refused.err
    assert "hunter2" not in refused.err


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://ann:hunter2@db/jobs", "postgresql://ann:***@db/jobs"),
        ("store=postgres://ann:hunt@er/2@db/jobs, not", "store=postgres://ann:***@db/jobs, not"),
        ("redis://:hunter2@db/0", "redis://:***@db/0"),
        ("postgresql:///jobs?user=ann&password=hunter2&ssl=1", "postgresql:///jobs?user=ann&password=***&ssl=1"),
        ("sqlite:////srv/jobs.db", "sqlite:////srv/jobs.db"),
        ("https://api.example.com:8443/a@b:c", "https://api.example.com:8443/a@b:c"),
    ],
)
def test_only_secrets_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked

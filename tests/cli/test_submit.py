import json
from pathlib import Path

import pytest

from coatcheck.cli.exit import Exit
from coatcheck.testing.harness import eventually
from tests.cli.conftest import Coatcheck


def result(customer: Coatcheck, *arguments: object, stdin: str = "") -> object:
    """What the operation returned that was asked for so."""
    job = json.loads(customer("submit", *arguments, "--wait", "--json", stdin=stdin).out.splitlines()[-1])
    return job["result"]


def test_files_are_sent_in_a_form_beside_fields(customer: Coatcheck, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "b.txt").write_text("second")
    assert result(customer, "/bind", '{"title": "Letters"}', "--file", "pages=a.txt", "--file", "pages=b.txt") == [
        "Letters",
        "first",
        "second",
    ]


def test_rows_come_from_a_file_or_standard_input(customer: Coatcheck, tmp_path: Path) -> None:
    (tmp_path / "rows.ndjson").write_text("1\n2\n")
    assert result(customer, "/sum", "--body", "rows.ndjson") == 3
    assert result(customer, "/sum", "--body", "-", "--type", "application/x-ndjson", stdin="3\n4\n") == 7


def test_standard_input_that_is_submitted_again_is_the_same_request(customer: Coatcheck) -> None:
    """Though it is kept in another file each time."""
    again = [
        customer("submit", "/sum", "--body", "-", "--type", "application/x-ndjson", "--idempotency-key", "sum-1", stdin="5\n")
        for _ in range(2)
    ]
    assert [each.status for each in again] == [Exit.OK, Exit.OK]
    assert again[0].out == again[1].out


def test_fire_and_forget_leaves_no_job(customer: Coatcheck, tmp_path: Path) -> None:
    sent = customer("submit", "/ping", json.dumps({"path": str(tmp_path / "pinged")}), "--no-job")
    assert (sent.status, sent.out) == (Exit.OK, "")
    assert eventually((tmp_path / "pinged").exists)
    assert json.loads(customer("submit", "/ping", json.dumps({"path": str(tmp_path / "again")}), "--no-job", "--json").out)["accepted"]
    refused = customer("submit", "/ping", json.dumps({"path": str(tmp_path / "never")}))
    assert refused.status == Exit.REFUSED
    assert "fire and forget" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--file", "pages"], "NAME=PATH"),
        (["--file", "pages=nowhere.txt"], "of a file that is there"),
        (["--body", "nowhere.txt"], "does not exist"),
        (["{}", "--body", "-"], "not both"),
        (["--file", "pages=/dev/null"], "NAME=PATH"),
        (["{}", "--type", "text/csv"], "media type of --body"),
        (["{}", "--no-job", "--wait"], "nothing to wait for"),
        (["{}", "--no-job", "--idempotency-key", "k"], "nothing to wait for"),
    ],
)
def test_what_does_not_go_together_is_not_sent(coatcheck: Coatcheck, arguments: list[str], said: str) -> None:
    ended = coatcheck("submit", "/bind", *arguments)
    assert (ended.status, ended.out) == (Exit.USAGE, "")
    assert said in ended.err

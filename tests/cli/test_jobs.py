import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from coatcheck.cli.exit import Exit
from coatcheck.testing.harness import eventually
from tests.cli.conftest import Coatcheck
from tests.cli.running import TOKEN, Running, command, run


def status_of(customer: Coatcheck, job: str) -> str:
    shown = next(line for line in json.loads(customer("jobs", "--json").out) if line["jobId"] == job)
    return str(shown["status"])


def started(customer: Coatcheck, tmp_path: Path) -> tuple[str, Path]:
    """A job that runs until the file is there."""
    gate = tmp_path / "gate"
    job = customer("submit", "/wait", json.dumps({"gate": str(gate)})).out.strip()
    eventually(lambda: status_of(customer, job) == "running")
    return job, gate


def test_submit_prints_the_id_and_nothing_else_on_standard_output(customer: Coatcheck) -> None:
    submitted = customer("submit", "/count", '{"steps": 1}')
    assert submitted.status == Exit.OK
    job = submitted.out.removesuffix("\n")
    assert "Accepted as " in submitted.err
    assert customer("watch", job).out.splitlines()[-1] == "completed 100% 1/1"
    assert customer("result", job).out == '{"counted":1}\n'


@pytest.mark.parametrize("way", ["argument", "file", "stdin", "stdin as it is"])
def test_a_body_comes_from_the_command_line_a_file_or_standard_input(customer: Coatcheck, tmp_path: Path, way: str) -> None:
    body = '{"steps": 3}'
    (tmp_path / "body.json").write_text(body)
    arguments = {"argument": [body], "file": ["--body", "body.json"], "stdin": ["-"], "stdin as it is": ["--body", "-"]}[way]
    waited = customer("submit", "/count", *arguments, "--wait", stdin=body)
    assert waited.status == Exit.OK
    assert waited.out.splitlines()[-1] == "completed 100% 3/3"


def test_the_same_key_leads_to_the_same_job(customer: Coatcheck) -> None:
    first, second = (customer("submit", "/count", '{"steps": 1}', "--idempotency-key", "order-17") for _ in range(2))
    assert first.out == second.out


def test_watch_follows_a_job_to_its_end_one_json_document_for_each_change(customer: Coatcheck) -> None:
    job = customer("submit", "/count", '{"steps": 60}').out.strip()
    watched = customer("watch", job, "--json", "--interval", "0.05")
    seen = [json.loads(line) for line in watched.out.splitlines()]
    assert {line["jobId"] for line in seen} == {job}
    assert (seen[-1]["status"], seen[-1]["result"]) == ("completed", {"counted": 60})
    percents = [line["percentComplete"] for line in seen if line["percentComplete"] is not None]
    assert percents == sorted(percents)
    assert len(set(percents)) > 2


def test_a_status_url_is_as_good_as_an_id(customer: Coatcheck, server: Running) -> None:
    job = customer("submit", "/count", '{"steps": 0}', "--wait", "--json").out.splitlines()[-1]
    assert customer("watch", server.url + json.loads(job)["statusUrl"]).status == Exit.OK


def test_a_failed_job_is_not_0(customer: Coatcheck) -> None:
    waited = customer("submit", "/boom", "--wait")
    assert waited.status == Exit.FAILED
    assert "422 Account closed: Account A-17 was closed in May." in waited.err
    job = waited.err.split("/jobs/")[1].split()[0]
    assert customer("watch", job).status == Exit.FAILED
    unfinished = customer("result", job)
    assert (unfinished.status, unfinished.out) == (Exit.FAILED, "")
    assert "Account A-17" in unfinished.err


def test_a_resource_is_told_by_its_url(customer: Coatcheck, server: Running) -> None:
    job = customer("submit", "/made").out.strip()
    assert customer("watch", job).status == Exit.OK
    assert json.loads(customer("result", job).out) == {"url": f"{server.url}/letters/7", "body": {"pages": 1}}


def test_cancel_stops_a_run_and_watch_says_so(customer: Coatcheck, tmp_path: Path) -> None:
    job, _ = started(customer, tmp_path)
    cancelled = customer("cancel", job, "--json")
    assert cancelled.status == Exit.OK
    assert json.loads(cancelled.out)["status"] in ("cancelling", "cancelled")
    assert customer("watch", job).status == Exit.CANCELLED
    assert customer("result", job).status == Exit.CANCELLED
    assert customer("cancel", job).out == "cancelled\n"


def test_retry_begins_a_cancelled_job_anew(customer: Coatcheck, tmp_path: Path) -> None:
    job, gate = started(customer, tmp_path)
    customer("cancel", job)
    customer("watch", job)
    gate.touch()
    assert customer("retry", job).out == "queued\n"
    assert customer("watch", job).status == Exit.OK
    assert customer("result", job).out == '"through"\n'
    refused = customer("retry", job)
    assert refused.status == Exit.REFUSED
    assert "409 Job not retryable" in refused.err


def test_a_result_that_is_not_there_yet_is_refused_with_what_to_do(customer: Coatcheck, server: Running, tmp_path: Path) -> None:
    job, gate = started(customer, tmp_path)
    early = customer("result", job)
    assert early.status == Exit.REFUSED
    assert f"coatcheck watch {job} --url {server.url}" in early.err
    gate.touch()
    assert customer("watch", job).status == Exit.OK


def test_a_file_is_written_where_it_is_wanted(customer: Coatcheck, tmp_path: Path) -> None:
    job = json.loads(customer("submit", "/document", "--wait", "--json").out.splitlines()[-1])["jobId"]
    written = customer("result", job, "-o", "letter.pdf", "--json")
    assert (tmp_path / "letter.pdf").read_bytes() == b"%PDF\x00\xff"
    assert json.loads(written.out) == {"file": str(tmp_path / "letter.pdf"), "bytes": 6}
    assert customer("result", job).out == "%PDF\x00\xff"
    assert customer("result", job, "--json").status == Exit.USAGE
    assert customer("result", job, "-o", "nowhere/letter.pdf").status == Exit.USAGE


def test_jobs_lists_the_newest_first_and_filters(customer: Coatcheck) -> None:
    older = customer("submit", "/boom", "--wait", "--json").out.splitlines()
    newer = customer("submit", "/count", '{"steps": 2}', "--wait", "--json").out.splitlines()
    ids = [json.loads(lines[-1])["jobId"] for lines in (newer, older)]
    assert [job["jobId"] for job in json.loads(customer("jobs", "--json", "--limit", "2").out)] == ids
    failed = json.loads(customer("jobs", "--status", "failed", "--status", "cancelled", "--json").out)
    assert {job["status"] for job in failed} <= {"failed", "cancelled"}
    assert failed[0]["jobId"] == ids[1]
    assert {job["operation"] for job in json.loads(customer("jobs", "--operation", "count", "--json").out)} == {"count"}
    table = customer("jobs", "--limit", "1").out.splitlines()
    assert table[0].split() == ["JOB", "OPERATION", "STATUS", "DONE", "CREATED", "MESSAGE"]
    assert table[1].split()[:4] == [ids[0], "count", "completed", "100%"]
    nothing = customer("jobs", "--operation", "fly")
    assert (nothing.status, nothing.out) == (Exit.OK, "")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["watch", "00000000-0000-7000-8000-000000000000"], Exit.NOT_FOUND, "404 Job not found"),
        (["submit", "/fly"], Exit.NOT_FOUND, "404"),
        (["submit", "/count", '{"steps": "many"}'], Exit.REFUSED, "/steps"),
        (["submit", "/count", "{"], Exit.USAGE, "The body is not JSON"),
        (["submit", "/boom", "--idempotency-key", ""], Exit.USAGE, "--idempotency-key"),
        (["submit", "/boom", "--idempotency-key", "schlüssel"], Exit.USAGE, "--idempotency-key"),
        (["jobs", "--token", "schlüssel"], Exit.USAGE, "printable ASCII"),
        (["jobs", "--token", "guess"], Exit.REFUSED, "401 Unauthenticated"),
        (["jobs", "--url", "http://127.0.0.1:1"], Exit.UNREACHABLE, "Is the server running"),
        (["jobs", "--url", "shop.example"], Exit.USAGE, "base_url"),
        (["jobs", "--status", "asleep"], Exit.USAGE, "asleep"),
        (["fly"], Exit.USAGE, "No such command"),
    ],
)
def test_what_went_wrong_is_said_and_has_an_exit_status(customer: Coatcheck, arguments: list[str], status: Exit, said: str) -> None:
    ended = customer(*arguments)
    assert (ended.status, ended.out) == (status, "")
    assert said in ended.err


def test_a_token_that_cannot_be_sent_is_not_shown(customer: Coatcheck) -> None:
    ended = customer("jobs", "--token", "hunter2\n")
    assert (ended.status, ended.out) == (Exit.USAGE, "")
    assert "hunter2" not in ended.err


def test_ctrl_c_leaves_the_job_alone_and_says_how_to_come_back(customer: Coatcheck, server: Running, folder: Path, tmp_path: Path) -> None:
    job, gate = started(customer, tmp_path)
    with Popen(command("watch", job, "--token", TOKEN, "--url", server.url), cwd=folder, stdout=PIPE, stderr=PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("running")
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate(timeout=30)
    assert watching.returncode == Exit.INTERRUPTED
    assert f"coatcheck watch {job} --url {server.url}" in said
    assert "Traceback" not in said
    gate.touch()
    assert customer("watch", job).status == Exit.OK


def test_a_terminal_is_shown_a_bar(customer: Coatcheck, server: Running, folder: Path) -> None:
    job = customer("submit", "/count", '{"steps": 20}').out.strip()
    ours, theirs = os.openpty()
    arguments = command("watch", job, "--token", TOKEN, "--url", server.url)
    with Popen(arguments, cwd=folder, stdout=theirs, env=os.environ | {"TERM": "xterm", "COLUMNS": "120"}) as watching:
        os.close(theirs)
        shown = b"".join(iter(lambda: read(ours), b"")).decode()
    os.close(ours)
    assert watching.returncode == Exit.OK
    assert "━━━━" in shown
    assert "20/20" in shown.split("completed")[-1]


def read(terminal: int) -> bytes:
    """What was written to a terminal; nothing once nobody has it open any more, which Linux tells as an error."""
    with suppress(OSError):
        return os.read(terminal, 65536)
    return b""


def test_the_process_ends_with_the_exit_status(server: Running, folder: Path) -> None:
    ended = run("submit", "/boom", "--wait", folder=folder, env={"COATCHECK_URL": server.url, "COATCHECK_TOKEN": TOKEN})
    assert ended.returncode == Exit.FAILED

"""What functions in processes raise and return (F45, F46, F54): the same as anywhere else."""

import pytest

from coatcheck.domain.problem import MAX_DETAIL
from coatcheck.domain.result import STORED_LIMIT
from coatcheck.worker.conclude import MEMBERS_LIMIT
from tests.worker.hostile import NO_JSON, ODD, title
from tests.worker.isolation.service import Service


@pytest.mark.parametrize("operation", ["raises", "async_raises"])
@pytest.mark.parametrize("name", [name for name in ODD if name != "StopAsyncIteration"])
def test_whatever_a_function_raises_fails_its_job_alone(service: Service, name: str, operation: str) -> None:
    """F45, F46: errors that cannot be read, pickled, or are huge, and those that would end the process."""
    job = service.submit(operation, name=name)
    error = service.ended(job)["error"]
    assert error["type"].endswith("operation-failed")
    assert error["title"] == title(name)
    assert len(error.get("detail") or "") <= MAX_DETAIL
    assert service.types(job) == ["accepted", "started", "failed"]


def test_text_that_is_no_plain_text_is_read_all_the_same(service: Service) -> None:
    assert service.run("raises", name="Evasive")["error"]["detail"] == "evasive"


@pytest.mark.parametrize("name", NO_JSON)
def test_a_result_without_a_json_form_fails_the_job_for_good(service: Service, name: str) -> None:
    """F54: the same kinds as in a thread."""
    job = service.submit("returns_odd", name=name)
    error = service.ended(job)["error"]
    assert error["type"].endswith("result-not-serialisable")
    assert service.types(job) == ["accepted", "started", "failed"]


def test_a_result_that_is_too_large_fails_the_job_for_good(service: Service) -> None:
    job = service.submit("returns_large", size=STORED_LIMIT)
    error = service.ended(job)["error"]
    assert error["type"].endswith("result-too-large")
    assert "Return a file instead" in error["detail"]
    assert service.types(job) == ["accepted", "started", "failed"]


def test_the_largest_result_there_may_be_is_passed_on(service: Service) -> None:
    job = service.submit("returns_large", size=STORED_LIMIT - 2)
    assert service.ended(job)["status"] == "completed"
    assert len(service.http.get(f"/jobs/{job}/result").content) == STORED_LIMIT


@pytest.mark.parametrize(
    ("kind", "media_type", "content"),
    [
        ("bytes", "application/octet-stream", b"\x00" * 1024**2),
        ("path", "text/csv", b"a,b\n"),
        ("content", "text/markdown", b"report"),
    ],
)
def test_a_file_comes_from_a_process_as_from_a_thread(
    service: Service, tmp_path_factory: pytest.TempPathFactory, kind: str, media_type: str, content: bytes
) -> None:
    job = service.submit("returns_a_file", kind=kind, directory=str(tmp_path_factory.mktemp("files")))
    assert service.ended(job)["status"] == "completed"
    answer = service.http.get(f"/jobs/{job}/result")
    assert (answer.headers["content-type"].partition(";")[0], answer.content) == (media_type, content)


def test_a_file_that_is_not_there_fails_the_job(service: Service) -> None:
    error = service.run("returns_a_file", kind="missing", directory="/nowhere")["error"]
    assert error["title"] == "The operation raised FileNotFoundError"


def test_what_a_function_says_of_its_failure_is_passed_on(service: Service) -> None:
    error = service.run("fails", size=10)["error"]
    assert (error["status"], error["title"], error["account"], error["rows"]) == (422, "Refused", "A-17", "x" * 10)


def test_and_is_bounded(service: Service) -> None:
    error = service.run("fails", size=MEMBERS_LIMIT)["error"]
    assert "account" not in error
    assert f"the limit is {MEMBERS_LIMIT}" in error["membersDropped"]

import functools
from pathlib import Path
from typing import Any

import pytest

from coatcheck.domain.estimate import Estimate
from coatcheck.domain.retry import Backoff
from coatcheck.errors import ConfigurationError
from coatcheck.operations.define import define
from coatcheck.operations.registry import Registry


async def sales_report(year: int) -> dict[str, int]:
    """Sum up the sales of a year.

    Takes a while.
    """
    return {"year": year}


def export(year: int) -> Path: ...  # type: ignore[empty-body]


def test_an_operation_is_described_by_its_function() -> None:
    operation = define(sales_report, "/reports", retries=2, estimate="2-3 minutes")
    assert operation.name == "sales_report"
    assert operation.is_async
    assert operation.summary == "Sum up the sales of a year."
    assert operation.description == "Takes a while."
    assert operation.returns == dict[str, int]
    assert operation.estimate == Estimate(120, 180)
    assert operation.max_attempts == 3
    assert operation.function is sales_report


def test_defaults_are_those_of_the_contract() -> None:
    operation = define(export, "/exports/big")
    assert (operation.timeout, operation.retries, operation.queue_bound, operation.ttl) == (3600, 0, 1000, 86400)
    assert (operation.summary, operation.is_async, operation.backoff, operation.estimate) == ("Export", False, Backoff(), None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "reports"}, "path='reports'"),
        ({"path": "/reports/"}, "path='/reports/'"),
        ({"path": "/reports/{id}"}, "no parameters"),
        ({"path": ""}, "path=''"),
        ({"path": "/a?b"}, "path="),
        ({"name": ""}, "name=''"),
        ({"name": "a b"}, "name='a b'"),
        ({"name": "a\n"}, "name="),
        ({"name": "é"}, "name='é'"),
        ({"name": "a" * 101}, "name="),
        ({"timeout": 0}, "timeout=0"),
        ({"timeout": -1.0}, "timeout=-1"),
        ({"retries": -1}, "retries=-1"),
        ({"queue_bound": 0}, "queue_bound=0"),
        ({"ttl": 0}, "ttl=0"),
        ({"estimate": "soon"}, "estimate='soon' cannot be read"),
    ],
)
def test_a_policy_that_cannot_work_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        define(sales_report, **({"path": "/reports"} | change))


class Connection: ...


class Callable:
    def __call__(self, a: int) -> None: ...


def returns_connection() -> Connection: ...  # type: ignore[empty-body]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (returns_connection, "results have no JSON form .*Connection"),
        (Callable(), "not a Callable"),
        (functools.partial(export, 1), "not a partial"),
    ],
)
def test_what_cannot_be_run_as_a_job_is_refused(function: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        define(function, "/x", name="x")


def test_a_registry_refuses_a_name_or_path_twice_and_finds_by_name() -> None:
    registry = Registry()
    report = define(sales_report, "/reports")
    registry.add(report)
    with pytest.raises(ConfigurationError, match="an operation named 'sales_report' already"):
        registry.add(define(sales_report, "/others"))
    with pytest.raises(ConfigurationError, match="has the path '/reports' already"):
        registry.add(define(export, "/reports"))
    registry.add(define(export, "/exports"))
    assert registry.find("sales_report") is report
    assert registry.find("os.system") is None
    assert registry.names() == ("sales_report", "export")
    assert [operation.path for operation in registry] == ["/reports", "/exports"]

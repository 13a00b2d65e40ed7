"""A public client of long-running operations that knows nothing of us completes, by Location, 202 and Retry-After alone."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core import PipelineClient
from azure.core.pipeline.policies import CustomHookPolicy, RequestIdPolicy
from azure.core.polling import LROPoller
from azure.core.polling.base_polling import LROBasePolling
from azure.core.rest import HttpRequest

from coatcheck import Coatcheck, HttpStyle
from coatcheck.testing.harness import serving


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    style = HttpStyle(pending_status=202, completed="body", retry_after=(1, 1))
    jobs = Coatcheck(store=f"sqlite:///{tmp_path / 'jobs.db'}", style=style)
    looked = threading.Event()

    @jobs.operation("/reports")
    def report(year: int) -> dict[str, int]:
        looked.wait()
        return {"year": year, "pages": 12}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        """The report is done once somebody has been told that it is not."""
        await jobs(scope, receive, send)
        if scope["type"] == "http" and scope["method"] == "GET":
            looked.set()

    with serving(application) as url:
        yield url
        looked.set()


def test_a_generic_poller_completes(url: str) -> None:
    """Azure's, with its algorithms for any service, and a pause of its own that nobody would wait for."""
    statuses: list[int] = []
    endpoint = {"endpoint": url}
    client: PipelineClient[Any, Any] = PipelineClient("{endpoint}", policies=[RequestIdPolicy(), CustomHookPolicy()])
    with client:
        request = HttpRequest("POST", "/reports", json={"year": 2026})
        request.url = client.format_url(request.url, **endpoint)
        accepted = client.send_request(request, _return_pipeline_response=True)
        polling: LROBasePolling[Any, Any, Any] = LROBasePolling(
            timeout=3600,
            path_format_arguments=endpoint,
            raw_response_hook=lambda response: statuses.append(response.http_response.status_code),
        )
        poller = LROPoller(client, accepted, lambda response: response.http_response.json(), polling)
        assert poller.result() == {"year": 2026, "pages": 12}
    assert poller.status() == "Succeeded"
    assert statuses[-1] == 200
    assert statuses[:-1]
    assert set(statuses[:-1]) == {202}

"""One server for each host and placement, shared by their tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from coatcheck.testing.harness import eventually
from tests.hosts.application import Asked, Gates, application
from tests.hosts.serving import HOSTS, PLACEMENTS, Served, hosted

ORIGIN = "https://pages.example"
"""Whose pages may call the shared servers."""


@dataclass
class Counter:
    """A client of a served application, and what a test does with it."""

    served: Served
    api: httpx2.Client
    gates: Gates
    asked: Asked

    def url(self, path: str) -> str:
        """One of our paths, as the client sees it."""
        return self.served.prefix + path

    def submit(self, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Submit a request, which must be accepted."""
        answer = self.api.post(self.url(path), json={} if body is None else body, headers=headers)
        assert answer.status_code == 202, answer.text
        return answer

    def ended(self, accepted: httpx2.Response) -> dict[str, Any]:
        """Poll to the end; the job as it is then."""

        def look() -> dict[str, Any] | None:
            job: dict[str, Any] = self.api.get(accepted.headers["location"]).json()
            return job if job["completedAt"] else None

        return eventually(look)


@pytest.fixture(scope="module", params=HOSTS)
def host(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module", params=["mounted"])
def placement(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


everywhere = pytest.mark.parametrize("placement", PLACEMENTS, scope="module", indirect=True)
"""A test of all placements; others run below a prefix, where most goes wrong."""


@pytest.fixture(scope="module")
def counter(host: str, placement: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    gates, asked = Gates(), Asked()
    jobs = application(tmp_path_factory.mktemp("host"), gates, authenticate=asked.plain, cors_origins=ORIGIN, poll_rate="none")
    with hosted(jobs, host, placement) as served, served.client(headers={"Authorization": "Bearer ann"}) as api:
        yield Counter(served, api, gates, asked)

"""The proxy of the how-to page, for real: an nginx that takes a prefix off."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from coatcheck.testing.harness import eventually, free_port, started
from tests.architecture.sources import ROOT
from tests.hosts.application import FILE, application
from tests.hosts.serving import hosted
from tests.processes.nginx import program

PREFIX = "/shop"
(LOCATION,) = re.findall(r"^```nginx\n(.*?)^```$", (ROOT / "docs" / "hosts.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
CONFIGURATION = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port};
        {location}
    }}
}}
"""


@contextmanager
def in_front_of(origin: str, folder: Path) -> Iterator[str]:
    port = free_port()
    location = LOCATION.replace("http://127.0.0.1:8000", origin)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(CONFIGURATION.format(port=port, location=location, user=user))
    with started([program(), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"], directory=folder) as nginx:
        eventually(lambda: _answers(f"http://127.0.0.1:{port}") or nginx.status is not None)
        assert nginx.status is None, nginx.log
        yield f"http://127.0.0.1:{port}"


def _answers(url: str) -> bool:
    try:
        return bool(httpx2.get(url, trust_env=False).status_code)
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize("host", ["fastapi", "django", "flask"])
def test_every_url_leads_back_through_the_proxy(tmp_path: Path, host: str) -> None:
    """The one on the page; each host is told of the prefix as the page says."""
    with (
        hosted(application(tmp_path), host, "mounted", behind=PREFIX) as served,
        in_front_of(served.origin, tmp_path) as url,
        httpx2.Client(base_url=url, timeout=60, trust_env=False) as api,
    ):
        accepted = api.post(f"{served.prefix}/digest", content=FILE * 8, headers={"Content-Type": "video/mp4"})
        assert accepted.headers["location"].startswith(f"{PREFIX}/")
        job = api.get(accepted.headers["location"], headers={"Prefer": "wait=25"}).json()
        assert job["result"]["size"] == 8 * len(FILE)
        for link in ("self", "result", "events"):
            assert api.get(job["_links"][link]["href"]).status_code == 200
        assert api.get(api.get(f"{served.prefix}/jobs/x").json()["type"]).status_code == 200

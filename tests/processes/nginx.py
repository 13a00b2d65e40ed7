"""A real nginx of a test's own in front of several API servers."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

from coatcheck.testing.harness import eventually, free_port, started
from tests.services import require

SCRIPT = Path(__file__).parents[2] / "scripts" / "nginx.sh"
FOUND_IN = Path(sys.prefix) / "nginx"
UPSTREAM = "X-Upstream"
"""The header with which it says which server has answered."""
CONFIGURATION = """
{user}
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream api {{
        {servers}
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://api;
            proxy_set_header Host $http_host;
            add_header {header} $upstream_addr always;
            {directives}
        }}
    }}
}}
"""


def program() -> str:
    """The path of nginx; the test is skipped where there is none to be had."""
    ran = subprocess.run(["/bin/sh", str(SCRIPT), str(FOUND_IN)], capture_output=True, text=True, check=False)
    require(ran.returncode == 0, f"nginx: {ran.stderr.strip()}")
    return ran.stdout.strip()


@contextmanager
def in_front_of(addresses: Sequence[str], folder: Path, directives: str = "") -> Iterator[str]:
    """The URL of an nginx that hands requests to the servers `host:port` in turn, with no regard to who asks.

    `directives` are added to how it does that.
    """
    port = free_port()
    servers = "\n".join(f"server {address};" for address in addresses)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(CONFIGURATION.format(user=user, servers=servers, port=port, header=UPSTREAM, directives=directives))
    with started([program(), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"], directory=folder) as nginx:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: _answers(url) or nginx.status is not None)
        assert nginx.status is None, nginx.log
        yield url


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False

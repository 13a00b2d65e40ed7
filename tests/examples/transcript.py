"""An example served by the command it documents, and what was said with it, as text that is the same each time."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from coatcheck.testing.harness import eventually
from tests.cli.running import Running

EXAMPLES = Path(__file__).parents[2] / "examples"
_VARYING = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@contextmanager
def served(target: str, folder: Path) -> Iterator["Transcript"]:
    """`uvicorn TARGET`, as the examples say, on a free port."""
    command = [sys.executable, "-m", "uvicorn", target, "--app-dir", str(EXAMPLES), "--port", "0"]
    log = folder / "uvicorn.log"
    with (
        log.open("wb") as stream,
        subprocess.Popen(command, cwd=folder, env=os.environ, stdout=stream, stderr=stream) as process,
    ):
        try:
            with httpx2.Client(base_url=Running(process, log).logged(r"running on (http://\S+)"), timeout=30) as http:
                yield Transcript(http)
        finally:
            process.terminate()
            process.wait(30)


class Transcript:
    """Requests, and what came back."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http
        self._said: list[str] = []

    @property
    def text(self) -> str:
        return _VARYING.sub("{id}", "\n".join(self._said)) + "\n"

    def ask(self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        """Send a request; write down its line and body, and status, whereabouts and body of the answer."""
        answer = self._http.request(method, url, headers=headers, content=None if body is None else json.dumps(body))
        self._said.append(f"> {method} {url}" + ("" if body is None else f" {json.dumps(body)}"))
        self._said.append(f"< {answer.status_code} {answer.headers.get('content-type', '')}".rstrip())
        if location := answer.headers.get("location"):
            self._said.append(f"  Location: {location}")
        elif answer.content:
            self._said.append(_indented(answer))
        return answer

    def follow(self, accepted: httpx2.Response, headers: Mapping[str, str] | None = None) -> None:
        """Poll to the end; write down what the job became, and its result."""

        def ended() -> dict[str, Any] | None:
            job: dict[str, Any] = self._http.get(accepted.headers["location"], headers=headers).json()
            return job if job["status"] in ("completed", "failed", "cancelled") else None

        job = eventually(ended)
        self._said.append(f"… {job['status']}")
        self.ask("GET", f"{job['statusUrl']}/result", headers=headers)


def _indented(answer: httpx2.Response) -> str:
    text = json.dumps(answer.json(), indent=2, ensure_ascii=False) if "json" in answer.headers["content-type"] else answer.text
    return "\n".join(f"  {line}" for line in text.splitlines())

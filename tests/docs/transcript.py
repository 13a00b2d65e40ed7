"""What a page shows of requests and answers, said again and compared."""

import os
import re
import shlex
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import httpx2

from coatcheck.testing.harness import eventually

_VARYING = {
    r"[0-9a-f]{8}-(…|[0-9a-f-]{27})": "{id}",
    r"\b(ep|msg)_(…|[0-9a-f]{32})": "{id}",
    r"whsec_(…|[A-Za-z0-9+/]{20,}=*)": "{secret}",
    r"\d{4}-\d\d-\d\dT[\d:.]+Z": "{time}",
    r'(?<="queuePosition":)(\d+|null)': "{position}",  # null where the worker was faster than the answer
    r'(?<=")[0-9a-f]{32,}(?=")': "{digest}",
    r"(?<=W/\")\d+": "{revision}",
}
_SERVER = "localhost:8000"
_JOB_ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Exchange(NamedTuple):
    """A command, and the answer that the page shows below it."""

    command: str
    answer: str


def exchanges(text: str) -> Iterator[Exchange]:
    """The commands of a transcript; a line that ends with a backslash goes on."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, answer = part.replace("\\\n", "").partition("\n")
        yield Exchange(command, answer.strip("\n"))


def replay(http: httpx2.Client, text: str, location: str = "") -> str:
    """Say again what a transcript says, and compare; the URL of the job that it came to last.

    The job that a page speaks of is replaced by the one that was met. What is only asked for is asked for until the answer
    is the one shown, since a page shows jobs at moments of its choice. Headers, members and lines that the page leaves out
    are not compared.
    """
    for command, shown in exchanges(text):
        known = re.sub(_JOB_ID, location.rpartition("/")[2], command)
        match shlex.split(known):
            case ["echo", words, ">", file]:
                Path(file).write_text(f"{words}\n", "utf-8")
            case ["coatcheck", *arguments]:
                printed = run(http, arguments)
                assert _lines(shown) <= _lines(printed), f"{command}\n{printed}"
            case ["curl", *arguments]:
                answer = _settled(http, arguments, shown)
                assert _fits(answer, arguments, shown), f"{command}\n{answer.status_code} {dict(answer.headers)}\n{answer.text}"
                location = answer.headers.get("location", location)
            case _:
                raise AssertionError(f"not understood: {command}")
    return location


def run(http: httpx2.Client, arguments: list[str]) -> str:
    """What a `coatcheck` command prints that asks the served application."""
    command = [sys.executable, "-m", "coatcheck", *arguments]
    environment = {**os.environ, "COATCHECK_URL": str(http.base_url)}
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def _settled(http: httpx2.Client, arguments: list[str], shown: str) -> httpx2.Response:
    """The answer, where it is only asked for: the first that is the one shown, or the last. What is cancelled at once waits to be run."""
    if "DELETE" in arguments and shown.startswith("HTTP/1.1 202"):
        eventually(lambda: ask(http, arguments[-1:]).json()["status"] != "queued")
    answer = ask(http, arguments)

    def look() -> bool:
        nonlocal answer
        answer = answer if _fits(answer, arguments, shown) else ask(http, arguments)
        return _fits(answer, arguments, shown)

    if answer.request.method == "GET":
        with suppress(TimeoutError):
            eventually(look, patience=10)
    return answer


def ask(http: httpx2.Client, arguments: list[str]) -> httpx2.Response:
    """What `curl` gives with these arguments: the few options that pages need."""
    curl = ArgumentParser("curl")
    curl.add_argument("url")
    curl.add_argument("-i", action="store_true")
    curl.add_argument("-X", dest="method")
    curl.add_argument("-H", dest="headers", action="append", default=[])
    curl.add_argument("--json")
    curl.add_argument("--data-binary", dest="data")
    curl.add_argument("-F", dest="form", action="append", default=[])
    curl.add_argument("-o", dest="output", type=Path)
    given = curl.parse_args(arguments)
    body = given.json or given.data
    headers = dict(header.split(": ", 1) for header in given.headers)
    if given.json:
        headers["content-type"] = "application/json"
    content = Path(body[1:]).read_bytes() if body and body.startswith("@") else body
    method = given.method or ("GET" if body is None and not given.form else "POST")
    parts = [_part(*field.split("=", 1)) for field in given.form]
    answer = http.request(method, given.url.removeprefix(_SERVER), headers=headers, content=content, files=parts or None)
    if given.output:
        given.output.write_bytes(answer.content)
    return answer


def _part(name: str, value: str) -> tuple[str, tuple[str | None, bytes]]:
    """A form's field, or its file where the value begins with an @."""
    return (name, (Path(value[1:]).name, Path(value[1:]).read_bytes())) if value.startswith("@") else (name, (None, value.encode()))


def _fits(answer: httpx2.Response, arguments: list[str], shown: str) -> bool:
    """Whether an answer is the one that the page shows."""
    head, _, body = shown.partition("\n\n") if "-i" in arguments else ("", "", shown)
    if head:
        status, *headers = head.splitlines()
        version, code, _ = status.split(" ", 2)  # the phrase is that of Python's version
        sent = {_steady(f"{name}: {value}") for name, value in answer.headers.items()}
        if (answer.http_version, str(answer.status_code)) != (version, code) or not set(map(_steady, headers)) <= sent:
            return False
    if "json" in answer.headers.get("content-type", ""):
        members = iter(_members(answer.text))
        return all(member in members for member in _members(body))  # in the same order
    return _lines(body) <= _lines(answer.text)


def _lines(text: str) -> set[str]:
    return {_steady(line) for line in text.splitlines()} - {"…", ""}


def _steady(text: str) -> str:
    """A line without what differs from run to run."""
    for pattern, word in _VARYING.items():
        text = re.sub(pattern, word, text)
    return text


def _members(body: str) -> list[tuple[str, str]]:
    """Names and values of a JSON text, which may be cut short, in the order they stand in."""
    return re.findall(r'"(\w+)":\s?("[^"]*"|[\w.]+|\{|\[)', _steady(body))

"""Bodies and results of any size, through a real service in little memory, and resumed where the line was cut."""

import hashlib
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from coatcheck.testing.harness import Process, coatcheck_process, eventually, free_port

MIB = 1024**2
ALLOWED = 64 * MIB
"""Bytes of memory that a process may take beyond what it takes at rest."""
PATIENCE = 600.0
_PIECE = MIB
_UNITS = {"": 1, "KIB": 1024, "MIB": MIB, "GIB": 1024 * MIB}
_ROOT = Path(__file__).parents[1]


def size(text: str) -> int:
    """Bytes, as in `64MiB`. Raises ValueError."""
    found = re.fullmatch(r"(\d+) ?([KMG]iB)?", text, re.IGNORECASE)
    if found is None:
        raise ValueError(f"{text!r} is no size; write it like 64MiB.")
    return int(found[1]) * _UNITS[(found[2] or "").upper()]


@dataclass
class Bodies:
    """One service, one file and one body of rows of that size each, and the results of both."""

    size: int
    store: str
    directory: Path
    figures: dict[str, object] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Send, work, fetch, and measure; what is wrong is in `wrong`."""
        port = free_port()
        arguments = ["serve", "chaos.large:jobs", "--port", str(port), "--workers", "1", "--grace", "2", "--log-format", "json"]
        with (
            coatcheck_process(*arguments, directory=_ROOT, environment={"COATCHECK_STORE": self.store}) as process,
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as api,
        ):
            eventually(lambda: _ready(process, api))
            self._follow(api, _film(MIB), _rows(MIB))
            memory = Memory({name: child(process, command) for name, command in (("API", "_api"), ("worker", "_worker"))})
            self._follow(api, _film(self.size), _rows(self.size))
            for name, grown in memory.grown().items():
                self.figures[f"memory of the {name}, MiB"] = grown // MIB
                if grown > ALLOWED:
                    self.wrong.append(f"The {name} took {grown // MIB} MiB more than at rest; {ALLOWED // MIB} are allowed.")

    def _follow(self, api: httpx2.Client, film: Iterable[bytes], rows: Iterable[bytes]) -> None:
        sent = hashlib.sha256()
        location = _post(api, "/copies", _hashed(film, sent), "video/mp4")
        self._compare("the film", _fetch(api, location), sent.hexdigest())
        turned = hashlib.sha256()
        location = _post(api, "/rows", _turned(rows, turned), "application/x-ndjson")
        self._compare("the rows", _fetch(api, location), turned.hexdigest())

    def _compare(self, what: str, came: tuple[int, str], expected: str) -> None:
        length, digest = came
        self.figures[f"bytes of {what}"] = length
        if digest != expected:
            self.wrong.append(f"What came back of {what} is not what should have.")


class Memory:
    """The most that these processes have held resident since this was made."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        for pid in pids.values():
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # forget the peak so far
        self._rest = {name: resident(pid) for name, pid in pids.items()}

    def grown(self) -> dict[str, int]:
        """Bytes beyond what each held at the beginning, by name."""
        return {name: resident(pid, "VmHWM") - self._rest[name] for name, pid in self._pids.items()}


def _film(length: int) -> Iterator[bytes]:
    """Bytes that cannot be made smaller, the same piece again and again."""
    piece = random.Random(length).randbytes(_PIECE)
    for start in range(0, length, _PIECE):
        yield piece[: length - start]


def _rows(length: int) -> Iterator[bytes]:
    """Lines of that many bytes in all, or a few more."""
    lines = b"".join(b'"%d"\n' % number for number in range(10**999, 10**999 + 1000))
    for _ in range(0, length, len(lines)):
        yield lines


def _hashed(pieces: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def _turned(pieces: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    """The pieces; the digest is that of the result that their rows make."""
    last, turned = b"", b""
    for piece in pieces:
        if piece != last:
            last, turned = piece, b"".join(b"[%b]\n" % line[::-1] for line in piece.splitlines())
        digest.update(turned)
        yield piece


def _post(api: httpx2.Client, path: str, body: Iterable[bytes], media_type: str) -> str:
    answer = api.post(path, content=body, headers={"Content-Type": media_type})
    answer.raise_for_status()
    return answer.headers["location"]


def _fetch(api: httpx2.Client, location: str) -> tuple[int, str]:
    """The result's length and digest: fetched to the middle, and from there in another request."""
    job = eventually(lambda: found if (found := api.get(location).raise_for_status().json())["completedAt"] else None, patience=PATIENCE)
    digest, length = hashlib.sha256(), 0
    with api.stream("GET", job["resultUrl"]) as answer:
        etag, whole = answer.raise_for_status().headers["etag"], int(answer.headers["content-length"])
        for piece in answer.iter_raw():
            digest.update(piece)
            length += len(piece)
            if length >= whole // 2:
                break
    with api.stream("GET", job["resultUrl"], headers={"Range": f"bytes={length}-", "If-Range": etag}) as answer:
        if answer.status_code != 206 or answer.headers["content-range"] != f"bytes {length}-{whole - 1}/{whole}":
            raise ValueError(f"The rest was asked for, and {answer.status_code} came: {answer.headers}.")
        for piece in answer.iter_raw():
            digest.update(piece)
            length += len(piece)
    return length, digest.hexdigest()


def _ready(process: Process, api: httpx2.Client) -> bool:
    if process.status is not None:
        raise RuntimeError(f"The service did not start:\n{process.log}")
    try:
        return api.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def child(process: Process, command: str) -> int:
    """The pid of the supervisor's child that runs that hidden command."""
    return next(pid for pid in process.children() if command in Path(f"/proc/{pid}/cmdline").read_text().split("\0"))


def resident(pid: int, name: str = "VmRSS") -> int:
    """Bytes that a process holds resident; `VmHWM`: that it has held at the most."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024

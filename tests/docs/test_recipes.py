"""Each recipe does what its page says."""

import asyncio
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from coatcheck.testing.harness import eventually, serving
from tests.docs.pages import snippets
from tests.docs.reader import Reader


@contextmanager
def recipe(name: str, folder: Path, *changes: tuple[str, str]) -> Iterator[Reader]:
    """The recipe's application, with what a page cannot know put in."""
    with Reader.of(f"docs/recipes/{name}.md", folder) as reader:
        for snippet in snippets(f"docs/recipes/{name}.md"):
            if snippet.language == "python":
                text = snippet.text
                for old, new in changes:
                    assert old in text
                    text = text.replace(old, new)
                reader.run(text)
        yield reader


def ended(http: httpx2.Client, answer: httpx2.Response) -> dict[str, Any]:
    """The job once it has ended."""
    assert answer.status_code == 202, answer.text
    location = answer.headers["location"]
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found.append(http.get(location).json())
        return found[-1]["status"] in ("completed", "failed", "cancelled")

    eventually(look)
    return found[-1]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COATCHECK_POLL_INTERVAL", "0.05")  # so often a job is looked for that waits to be tried again


def test_what_the_program_makes_is_the_result_and_what_it_refuses_is_the_clients_fault(tmp_path: Path) -> None:
    with recipe("convert", tmp_path) as reader:
        job = ended(reader.http, reader.http.post("/conversions", content="grüezi", headers={"Content-Type": "text/plain"}))
        assert reader.http.get(job["resultUrl"]).content == "grüezi".encode("latin-1")
        job = ended(reader.http, reader.http.post("/conversions", content="こんにちは", headers={"Content-Type": "text/plain"}))
        assert (job["status"], job["error"]["status"], job["error"]["title"]) == ("failed", 422, "Not convertible")
        assert "iconv" in job["error"]["detail"]


def test_every_mail_is_sent_once_though_the_server_hangs_up(tmp_path: Path) -> None:
    """It refuses one address and hangs up after each fortieth mail."""
    recipients = [f"reader{number}@example.org" for number in range(150)]
    with mail_server(hangs_up_after=40) as server:
        changes = (('("localhost", 25)', f'("127.0.0.1", {server.port})'), ("Backoff(base=5, cap=300)", "Backoff(base=0.01)"))
        with recipe("mails", tmp_path, *changes) as reader:
            mailing = {"sender": "a@example.org", "subject": "News", "text": "Hello", "recipients": [*recipients, "nobody@example.org"]}
            assert reader.http.post("/mailings", json=mailing).status_code == 400, "no key"
            answers = [reader.http.post("/mailings", json=mailing, headers={"Idempotency-Key": "monday"}) for _ in range(2)]
            assert answers[0].json()["jobId"] == answers[1].json()["jobId"]
            job = ended(reader.http, answers[0])
            assert job["result"] == {"sent": 150, "refused": 1}
            assert job["attempt"] == 4
            history = [row["reason"] for row in reader.http.get(job["_links"]["events"]["href"]).json()["items"]]
            assert any("nobody@example.org" in (reason or "") for reason in history)
    assert Counter(server.delivered) == Counter(recipients)


def test_a_busy_bank_is_asked_again_under_the_same_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[str] = []

    async def transfers(request: Request) -> Response:
        if (await request.json())["account"] == "closed":
            return PlainTextResponse("The account is closed.", 422)
        keys.append(request.headers["idempotency-key"])
        return JSONResponse({"id": "t-1"}) if len(keys) == 3 else Response(status_code=503, headers={"Retry-After": "0"})

    with serving(Starlette(routes=[Route("/transfers", transfers, methods=["POST"])]), lifespan="off") as url:
        monkeypatch.setenv("BANK_URL", url)
        with recipe("third-party", tmp_path) as reader:
            job = ended(reader.http, reader.http.post("/payments", json={"account": "A-1", "amount": 5}, headers={"Idempotency-Key": "p1"}))
            assert job["result"] == {"transfer": "t-1"}
            assert keys == [job["jobId"]] * 3
            job = ended(
                reader.http, reader.http.post("/payments", json={"account": "closed", "amount": 5}, headers={"Idempotency-Key": "p2"})
            )
            assert (job["error"]["status"], job["error"]["detail"], job["attempt"]) == (422, "The account is closed.", 1)


def test_a_table_becomes_a_file_that_can_be_loaded_in_pieces(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop, shop:
        shop.execute("CREATE TABLE orders (id integer, customer text, amount integer, year integer)")
        shop.executemany("INSERT INTO orders VALUES (?, ?, 5, 2025)", [(number, f'"{number}", Ltd') for number in range(1000)])
    with recipe("export", tmp_path) as reader:
        job = ended(reader.http, reader.http.post("/exports", json={"year": 2025}))
        assert job["progressDetail"] == {"current": 1000, "total": 1000, "unit": "order"}
        whole = reader.http.get(job["resultUrl"])
        assert whole.headers["content-disposition"] == 'attachment; filename="orders-2025.csv"'
        assert whole.text.splitlines()[:2] == ["id,customer,amount", '0,"""0"", Ltd",5']
        assert len(whole.text.splitlines()) == 1001
        rest = reader.http.get(job["resultUrl"], headers={"Range": "bytes=1000-", "If-Range": whole.headers["etag"]})
        assert (rest.status_code, rest.content) == (206, whole.content[1000:])


def test_the_model_is_loaded_once(tmp_path: Path) -> None:
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages" / "english.txt").write_text("the quick brown fox jumps over the lazy dog and then the other thing", "utf-8")
    (tmp_path / "languages" / "german.txt").write_text("der schnelle braune fuchs springt über den faulen hund und noch weiter", "utf-8")
    with recipe(
        "model", tmp_path, ('yield Languages(Path("languages"))', 'loaded.append(1); yield Languages(Path("languages"))')
    ) as reader:
        reader.names["loaded"] = []
        for _ in range(3):
            job = ended(reader.http, reader.http.post("/languages", json=["the brother", "und der hund"]))
            assert job["result"] == ["english", "german"]
        assert reader.names["loaded"] == [1]


class MailServer:
    """A small SMTP server: takes mails, refuses `nobody@`, and hangs up after so many."""

    def __init__(self, hangs_up_after: int) -> None:
        self.delivered: list[str] = []
        self.port = 0
        self._hangs_up_after = hangs_up_after

    async def serve(self, up: threading.Event, down: asyncio.Event) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        up.set()
        async with server:
            await down.wait()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient, taken = "", 0
        writer.write(b"220 ready\r\n")
        while line := (await reader.readline()).decode().strip():
            match line.upper().partition(":")[0].split():
                case ["DATA"] if taken == self._hangs_up_after:
                    break
                case ["DATA"]:
                    writer.write(b"354 go on\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    self.delivered.append(recipient)
                    taken += 1
                    writer.write(b"250 taken\r\n")
                case ["RCPT", "TO"]:
                    recipient = line.partition("<")[2].partition(">")[0]
                    writer.write(b"550 nobody here\r\n" if recipient.startswith("nobody") else b"250 fine\r\n")
                case ["QUIT"]:
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    writer.write(b"250 fine\r\n")
        writer.close()


@contextmanager
def mail_server(hangs_up_after: int) -> Iterator[MailServer]:
    server, up = MailServer(hangs_up_after), threading.Event()
    loop, down = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(up, down),))
    thread.start()
    up.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(down.set)
        thread.join()
        loop.close()

"""What the demonstration prints: on a terminal with colours and live bars, elsewhere as plain lines."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from coatcheck.wire.representation import Representation

STEP = 20
"""Percent between two plain lines."""


class Screen:
    """Standard output."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self.live = self._console.is_terminal
        """Whether somebody watches: a terminal."""

    def title(self, text: str) -> None:
        self._console.print(f"\n[bold cyan]{escape(text)}[/]")

    def say(self, text: str) -> None:
        self._console.print(escape(text))

    def failed(self, text: str) -> None:
        self._console.print(f"[bold red]The demonstration failed:[/] {escape(text)}")

    def exchange(self, response: httpx2.Response, *, body: bool = True) -> None:
        """A request and its answer, as they went over the wire."""
        request = response.request
        self._lines("[green]>[/]", f"{request.method} {request.url.raw_path.decode()} HTTP/1.1", _asked(request), request.content)
        status = f"{response.http_version} {response.status_code} {response.reason_phrase}"
        self._lines("[yellow]<[/]", status, response.headers.raw, response.content if body else b"")

    @contextmanager
    def follow(self, name: str) -> Iterator["Bar"]:
        """A progress bar for one job."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[said]}"),
        )
        with Progress(*columns, console=self._console, disable=not self.live) as progress:
            yield Bar(self, name, progress)

    def _lines(self, mark: str, first: str, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        lines = [first, *(f"{name.decode()}: {value.decode()}" for name, value in headers)]
        for line in [*lines, *([body.decode()] if body else [])]:
            self._console.print(f"  {mark} [dim]{escape(line)}[/]")


class Bar:
    """The progress of one job, drawn or told."""

    def __init__(self, screen: Screen, name: str, progress: Progress) -> None:
        self._screen, self._name, self._progress = screen, name, progress
        self._task = progress.add_task(name, total=100, said="")
        self._told: tuple[object, ...] = ()

    def show(self, job: Representation) -> None:
        """Show how far the job is."""
        percent, said = job.percent_complete or 0, f"{job.status}, attempt {job.attempt}  {job.message or ''}".rstrip()
        self._progress.update(self._task, completed=percent, said=escape(said))
        news = (job.status, job.attempt, percent // STEP)
        if not self._screen.live and news != self._told:
            self._screen.say(f"  {self._name} {percent:3} %  {said}")
        self._told = news


def _asked(request: httpx2.Request) -> list[tuple[bytes, bytes]]:
    """The headers that matter to the server's answer."""
    wanted = (b"content-type", b"idempotency-key", b"if-none-match")
    return [(name, value) for name, value in request.headers.raw if name.lower() in wanted]

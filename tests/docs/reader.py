"""Somebody who does what a page says: writes its code into a file, serves the application, types the commands."""

import ast
import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from inspect import CO_COROUTINE
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import httpx2
from django.core.signals import request_started

from coatcheck.testing.harness import serving
from tests.docs.pages import Snippet
from tests.docs.transcript import replay

_SERVER = "http://localhost:8000"


@contextmanager
def _django_left_alone() -> Iterator[None]:
    """What a page has told Django to call with each request is forgotten again: it would start the page's application."""
    before = list(request_started.receivers)
    try:
        yield
    finally:
        with request_started.lock:
            request_started.receivers = before
            request_started.sender_receivers_cache.clear()


class Reader:
    """Reads snippets in order. Python that awaits at the top, or asks the server, is typed at a prompt, the rest added to a module.

    An application that is served already is started anew with what was added.
    """

    def __init__(self, page: str, folder: Path, names: dict[str, Any] | None = None) -> None:
        self._module = ModuleType(f"page_{Path(page).stem.replace('-', '_')}")
        self._file = folder / f"{self._module.__name__}.py"
        self._module.__file__ = str(self._file)
        self.names = vars(self._module)
        self.names.update(names or {})
        self._at_first = dict(self.names)
        self._text = ""
        self._served = ExitStack()
        self._http: httpx2.Client | None = None
        self._location = ""

    @classmethod
    @contextmanager
    def of(cls, page: str, folder: Path, names: dict[str, Any] | None = None) -> Iterator["Reader"]:
        """A reader, whose module can be imported until the end."""
        reader = cls(page, folder, names)
        sys.modules[reader._module.__name__] = reader._module
        sys.path.insert(0, str(folder))
        try:
            with _django_left_alone():
                yield reader
        finally:
            reader._served.close()
            sys.path.remove(str(folder))
            del sys.modules[reader._module.__name__]

    @property
    def http(self) -> httpx2.Client:
        """The served application: `app`, or `jobs` where there is no other."""
        if self._http is None:
            app = self.names.get("app") or self.names["jobs"]
            url = self._served.enter_context(serving(app))
            self._http = self._served.enter_context(httpx2.Client(base_url=url, timeout=30))
        return self._http

    def read(self, snippet: Snippet) -> None:
        """Do what the snippet says."""
        if snippet.is_transcript:
            self._location = replay(self.http, snippet.text, self._location)
        else:
            self.run(snippet.text)

    def run(self, text: str) -> None:
        """Run Python."""
        asks = _SERVER in text
        code = self._compile(text.replace(_SERVER, str(self.http.base_url).rstrip("/")) if asks else text)
        if code.co_flags & CO_COROUTINE:
            asyncio.run(self._type(code))
        elif asks:
            exec(code, self.names)  # noqa: S102  the page is ours
        else:
            self._add(text)

    def _add(self, text: str) -> None:
        self._text += text + "\n\n"
        self._file.write_text(self._text, "utf-8")
        if self._http is not None:
            self._served.close()
            self._http = None
            self.names.clear()
            self.names.update(self._at_first)
            text = self._text
        exec(self._compile(text), self.names)  # noqa: S102  the page is ours

    def _compile(self, text: str) -> CodeType:
        code: CodeType = compile(text, self._file, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        return code

    async def _type(self, code: CodeType) -> None:
        async with AsyncExitStack() as stack:
            if self._http is None and "jobs" in self.names:  # what speaks to no server needs the store open, and a worker
                await stack.enter_async_context(self.names["jobs"].lifespan())
            await FunctionType(code, self.names)()

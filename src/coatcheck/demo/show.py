"""`coatcheck demo`: the demonstration from beginning to end. Each step checks that what it tells has happened."""

import asyncio
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

import httpx2

from coatcheck.demo.crash import ask_for_the_import, follow_and_kill_the_worker
from coatcheck.demo.screen import Screen
from coatcheck.demo.server import ServerFailed
from coatcheck.demo.stage import TARGET, Stage, StageFailed
from coatcheck.demo.story import cancel_an_import, list_what_is_there, make_the_report
from coatcheck.errors import CoatcheckError


def main() -> int:
    """Run the demonstration; the exit status: 0 only when everything happened as told.

    On a terminal it goes on serving until Ctrl-C.
    """
    screen = Screen()
    try:
        import reportlab  # noqa: F401  better missed now than in the middle
    except ImportError:
        screen.failed("It makes a PDF, and reportlab is not installed: pip install 'coatcheck[demo]'.")
        return 1
    try:
        return asyncio.run(_show(screen))
    except (StageFailed, ServerFailed, CoatcheckError, httpx2.HTTPError) as error:
        screen.failed(str(error) or type(error).__name__)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


async def _show(screen: Screen) -> int:
    _let_signals_end(asyncio.current_task())
    directory = Path(tempfile.mkdtemp(prefix="coatcheck-demo-"))
    screen.say(f"coatcheck serve {TARGET}, on a new SQLite file in {directory}")
    async with Stage.opened(screen, directory) as stage:
        status_url = await ask_for_the_import(stage)
        await follow_and_kill_the_worker(stage, status_url)
        await make_the_report(stage)
        await cancel_an_import(stage)
        await list_what_is_there(stage)
        if screen.live:
            await _serve_on(stage)
    return 0


async def _serve_on(stage: Stage) -> None:
    stage.screen.say(f"\nStill serving on {stage.url}. Ctrl-C ends.")
    with suppress(asyncio.CancelledError):  # which is how this is meant to end
        await stage.server.ended()


def _let_signals_end(task: asyncio.Task[int] | None) -> None:
    """Leave no server behind when the terminal is closed. Ctrl-C does the same by itself."""
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)

import asyncio
import sys
from pathlib import Path

import pytest

from coatcheck.demo.server import Server, ServerFailed

WAITING = (sys.executable, "-c", "input()")


async def test_only_a_worker_of_the_server_is_killed(tmp_path: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*WAITING, stdin=pipe, stderr=pipe)
    stranger = await asyncio.create_subprocess_exec(*WAITING, stdin=pipe)
    server = Server(process, tmp_path / "serve.log")
    with pytest.raises(ServerFailed, match="no child of the server"):
        server.kill_worker(f"host:{stranger.pid}:0123456789abcdef")
    assert process.stdin
    process.stdin.write(b"\n")
    await stranger.communicate(b"\n")
    assert stranger.returncode == 0
    with pytest.raises(ServerFailed, match="before it listened"):
        await server.url()
    await server.ended()


async def test_a_server_that_does_not_start_says_where_to_look(tmp_path: Path) -> None:
    async with Server.serving("no_such_module:jobs", tmp_path) as server:
        with pytest.raises(ServerFailed, match=r"serve\.log"):
            await server.url()
    assert "no_such_module" in server.log.read_text("utf-8")

"""Servers and workers as processes of their own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from coatcheck.testing.harness import eventually, free_port


@contextmanager
def running(*arguments: str, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m …` while the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], env=environment(url), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def serving(module: str, url: str) -> Iterator[int]:
    """One uvicorn process of `benchmarks.applications.<module>`; its port."""
    port = free_port()
    target = f"benchmarks.applications.{module}:app"
    with running("uvicorn", target, "--port", str(port), "--log-level", "warning", "--no-access-log", url=url):
        eventually(lambda: _listens(port))
        yield port


def environment(url: str) -> dict[str, str]:
    """Of a process that keeps its jobs in the database `url`."""
    return {**os.environ, "BENCHMARK_STORE": url}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

"""Servers and workers as processes of their own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(*arguments: str, file: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m …` while the block runs."""
    environment = {**os.environ, "BENCHMARK_FILE": file}
    process = subprocess.Popen([sys.executable, "-m", *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def serving(module: str, file: str) -> Iterator[int]:
    """One uvicorn process of `benchmarks.applications.<module>`; its port."""
    port = free_port()
    target = f"benchmarks.applications.{module}:app"
    with running("uvicorn", target, "--port", str(port), "--log-level", "warning", "--no-access-log", file=file):
        for _ in range(1000):
            try:
                socket.create_connection(("127.0.0.1", port), 0.1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield port

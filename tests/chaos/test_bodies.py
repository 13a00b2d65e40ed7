"""Large bodies and results through a real service: its memory does not grow with them."""

import subprocess
import sys
from pathlib import Path

import pytest

from chaos.bodies import ALLOWED, MIB, Bodies, Memory, size

TAKES = "print(flush=True); input(); taken = bytearray(100 * 1024**2); del taken; print(flush=True); input()"


def test_a_large_body_and_a_large_result_take_little_memory(tmp_path: Path, empty_store: str) -> None:
    """64 MiB each, in a film and in rows; the results are resumed by Range after a cut. `make chaos` does it with more."""
    bodies = Bodies(64 * MIB, empty_store, tmp_path)
    bodies.run()
    assert bodies.wrong == []
    assert bodies.figures["bytes of the film"] == 64 * MIB


def test_memory_that_was_let_go_of_again_is_seen_all_the_same() -> None:
    """A measure that could not rise would prove nothing."""
    with subprocess.Popen([sys.executable, "-c", TAKES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        memory = Memory({"it": process.pid})
        assert memory.grown()["it"] < ALLOWED
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        assert memory.grown()["it"] > ALLOWED
        process.stdin.write("\n")


@pytest.mark.parametrize(("text", "expected"), [("10", 10), ("64MiB", 64 * MIB), ("1 gib", 1024 * MIB)])
def test_sizes_are_read(text: str, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize("text", ["", "MiB", "1.5MiB", "-1", "1MB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no size"):
        size(text)

"""A program that runs."""

import os
import selectors
import signal
import subprocess
from contextlib import suppress

from coatcheck.errors import ProgramFailed
from coatcheck.programs.command import Command

_CHUNK = 64 * 1024
_LARGEST_PIPE = 1024 * 1024


class Process:
    """A process in a group and session of its own, so that what it starts can be ended with it.

    One pipe takes all it writes, in order.
    """

    def __init__(self, command: Command) -> None:
        """Start it. Raises ProgramFailed where that cannot be done."""
        self._input = memoryview(command.input)
        self._killed = False
        self._selector = selectors.DefaultSelector()
        try:
            self._popen = _start(command)
        except BaseException:
            self._selector.close()
            raise
        assert self._popen.stdout is not None
        self._output = self._popen.stdout
        self._selector.register(self._output, selectors.EVENT_READ)
        if self._popen.stdin is not None:
            os.set_blocking(self._popen.stdin.fileno(), False)
            self._selector.register(self._popen.stdin, selectors.EVENT_WRITE)

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._popen.poll()

    def exchange(self, patience: float) -> bytes:
        """Give it of its input and return what it has written; wait at most `patience` seconds for either to be possible."""
        written = b""
        for key, _ in self._selector.select(patience):
            if key.fileobj is self._output:
                written = self._read()
            else:
                self._feed()
        return written

    def rest(self) -> bytes:
        """What it wrote before it ended and nobody has read yet. Those that hold its pipe open are not waited for."""
        os.set_blocking(self._output.fileno(), False)
        with suppress(BlockingIOError):
            return os.read(self._output.fileno(), _LARGEST_PIPE)
        return b""

    def terminate(self) -> None:
        """Ask it, and all it started that is still in its group, to end."""
        if not self._killed:
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it, and all it started that is still in its group, and collect it. A second call does nothing."""
        if not self._killed:
            self._killed = True
            self._signal(signal.SIGKILL)
            self._popen.wait()

    def close(self) -> None:
        """Let go of the pipes."""
        self._selector.close()
        for pipe in (self._popen.stdin, self._output):
            if pipe is not None:
                pipe.close()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # none is left, or none that is ours
            os.killpg(self._popen.pid, number)

    def _read(self) -> bytes:
        chunk = os.read(self._output.fileno(), _CHUNK)
        if not chunk:
            self._selector.unregister(self._output)
        return chunk

    def _feed(self) -> None:
        pipe = self._popen.stdin
        assert pipe is not None
        try:
            self._input = self._input[os.write(pipe.fileno(), self._input[:_CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # it wants no more of it
            self._input = self._input[:0]
        if not self._input:
            self._selector.unregister(pipe)
            pipe.close()


def _start(command: Command) -> subprocess.Popen[bytes]:
    environment = None if command.environment is None else {**os.environ, **command.environment}
    try:
        return subprocess.Popen(
            command.arguments,
            bufsize=0,
            cwd=command.cwd,
            env=environment,
            stdin=subprocess.PIPE if command.input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramFailed(f"{command.name} could not be started: {_reason(error, command)}", program=command.name) from error


def _reason(error: OSError, command: Command) -> str:
    program = command.arguments[0]
    if isinstance(error, FileNotFoundError) and error.filename == program and "/" not in program:
        return "there is no such program in PATH. Install it where the workers run, or give its whole path."
    return f"{error.strerror}: {error.filename}." if error.filename else f"{error.strerror}."

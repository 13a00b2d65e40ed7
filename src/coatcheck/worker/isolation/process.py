"""The process of one run, as its worker sees it."""

import asyncio
import os
import signal
import socket
from contextlib import suppress

from coatcheck.domain import problem
from coatcheck.domain.outcome import Crashed, Ending, Raised
from coatcheck.operations.limits import Limits
from coatcheck.worker import conclude
from coatcheck.worker.ended import Ended
from coatcheck.worker.inputs import remove_copies
from coatcheck.worker.isolation import frame
from coatcheck.worker.isolation.connection import ForkServerConnection
from coatcheck.worker.isolation.messages import Begin, Exited, Returned, Spoke, Stopped, Told, encode, ending_of, words
from coatcheck.worker.isolation.output import Printed
from coatcheck.worker.run import ActiveRun, Interruption

FIRM = 0.1
"""Part of the grace after which a run that was told to end is sent SIGTERM, which raises Cancelled wherever it is."""
LAST_READ = 1.0
"""Seconds between the end of a process and the end of what it wrote, either way round; more only if something is wrong."""
_TRACES = 64 * 1024


class RaisedInProcess(Exception):
    """What a function raised in a process of its own: the traceback as text."""


class JobProcess:
    """Sends the run its claim, hears what it says, passes on what it is told, and knows how it ended."""

    def __init__(self, run: ActiveRun) -> None:
        self._run = run
        self._last_word: Returned | Stopped | None = None
        self._wrong: str | None = None
        self._terminated = False

    async def start(self, server: ForkServerConnection) -> None:
        """Have the process forked and say what to run. Raises OSError where none can be, and ValueError for too large a claim."""
        claim = frame.frame(encode(Begin(self._run.claim, self._run.grace)))
        ours, theirs = socket.socketpair()
        output, its_output = os.pipe()
        faults, its_faults = os.pipe()
        os.set_blocking(its_faults, False)  # where it is full, what comes next is lost and holds nothing up
        given = [theirs.detach(), its_output, its_faults]
        try:
            self._number, self._exited = server.fork(given)
        except OSError:
            given += [ours.detach(), output, faults]
            raise
        finally:
            for descriptor in given:
                os.close(descriptor)
        self._server, self._faults = server, faults
        self._output = Printed(self._run, output)
        self._reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        self._writer.write(claim)
        self._run.process, self._run.deliver = self, self._deliver
        self._deliver()

    async def ended(self, limits: Limits) -> Ended:
        """Listen until the process has ended: how the run did."""
        listening = asyncio.create_task(self._listen())
        exited = await self._exited
        self._run.process = self._run.deliver = None
        await asyncio.wait([listening], timeout=LAST_READ)
        listening.cancel()
        self._writer.close()
        self._output.close()
        await asyncio.to_thread(remove_copies, self._run)
        return Ended(self._run, *self._ending(exited, limits))

    # Ending it against its will --------------------------------------------------------------------------------------

    def press(self, waited: float, grace: float) -> None:
        if waited >= grace:
            self.kill()
        elif waited >= grace * FIRM:
            self._terminate()

    def kill(self) -> None:
        self._server.signal(self._number, signal.SIGKILL)

    def _terminate(self) -> None:
        if not self._terminated:
            self._terminated = True
            self._server.signal(self._number, signal.SIGTERM)

    def _deliver(self) -> None:
        run = self._run
        if run.interrupted or run.stopping:
            self._writer.write(frame.frame(encode(Told(run.interruption, run.stopping))))
        match run.interruption:
            case Interruption.LOST:
                self.kill()
            case Interruption.STOPPED:
                self._terminate()

    # Hearing it ------------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        try:
            while (message := await frame.read(self._reader)) is not None:
                match words.decode(message):
                    case Spoke(said):
                        self._run.unsaid.add(said)
                    case word:
                        self._last_word = word
        except Exception as error:  # noqa: BLE001  it may have written anything
            self._wrong = f"It broke its line to the worker: {error}."
        else:
            await asyncio.wait([self._exited], timeout=LAST_READ)
            if self._exited.done():
                return
            if self._last_word is None:
                self._wrong = "It closed its line to the worker."
        self.kill()  # it cannot be heard any more

    def _ending(self, exited: Exited | None, limits: Limits) -> tuple[Ending, BaseException | None]:
        traces = self._read_traces()
        word = self._last_word
        if isinstance(word, Returned):
            return ending_of(word), None
        if ending := conclude.interrupted(self._run):
            return ending, None
        if word is not None:
            return ending_of(word), RaisedInProcess(word.traceback) if word.traceback else None
        return self._crash(exited, limits), RaisedInProcess(traces) if traces else None

    def _crash(self, exited: Exited | None, limits: Limits) -> Ending:
        if exited is None:
            return Crashed("The process that its process was forked from died.")
        if exited.status is None:
            return Crashed("No process could be made for it: there are too many, or too little memory.")
        if limits.cpu is not None and (exited.status == -signal.SIGXCPU or (exited.status == -signal.SIGKILL and exited.cpu >= limits.cpu)):
            return Raised(problem.cpu_exhausted(limits.cpu))
        return Crashed(self._wrong or _death(exited.status))

    def _read_traces(self) -> str:
        os.set_blocking(self._faults, False)
        traces = b""
        with suppress(BlockingIOError):
            traces = os.read(self._faults, _TRACES)
        os.close(self._faults)
        return traces.decode("utf-8", "replace")


def _death(status: int) -> str:
    match status:
        case _ if status >= 0:
            return f"Its process ended with exit status {status} before the function had returned."
        case _ if status == -signal.SIGKILL:
            return "Its process was killed by SIGKILL, as the kernel does when memory is short."
        case _:
            return f"Its process was killed by {_name(-status)}."


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"

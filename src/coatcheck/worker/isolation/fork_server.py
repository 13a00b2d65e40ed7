"""The process that forks a process for each job.

It has imported the application and does nothing else, so a fork takes milliseconds and copies no thread. It sees each
death at once, and ends whatever a job's process has left behind. It dies with its worker, and the jobs' processes with it.

    python -m coatcheck.worker.isolation.fork_server DESCRIPTOR PARENT TRUST HOME

`DESCRIPTOR` is a stream socket to the worker, `PARENT` its pid, `TRUST` how many seconds it may be frozen, and `HOME` says
as JSON what to import. Orders come on the socket, each with the descriptors that a job's process gets; reports go back.
"""

import gc
import os
import select
import selectors
import signal
import socket
import struct
import sys
import traceback
from contextlib import suppress
from typing import NoReturn, Protocol, cast

import msgspec

from coatcheck.clock import SystemClock
from coatcheck.worker import orphans
from coatcheck.worker.event_loop import new_event_loop
from coatcheck.worker.frozen import frozen
from coatcheck.worker.isolation import frame
from coatcheck.worker.isolation.home import Home, enter
from coatcheck.worker.isolation.job import run_job
from coatcheck.worker.isolation.messages import Exited, Ready, Report, Unable, encode
from coatcheck.worker.prctl import die_with
from coatcheck.worker.workshop import Workshop

ORDER = struct.Struct("!Qi")
"""A job's number, and the signal for its process group; 0 to fork it."""
DESCRIPTORS = 3
"""What comes with the order to fork: the line, the end to write output into, and the one for traces of crashes."""
LOOK = 1.0
"""Seconds between looks at the worker, at most."""
_FORK_TRIES, _FORK_PAUSE = 50, 0.1


class Application(Protocol):
    """A Coatcheck object, as far as it is needed here."""

    @property
    def workshop(self) -> Workshop: ...


class ForkServer:
    """Obeys the orders of one worker."""

    def __init__(self, worker: socket.socket, workshop: Workshop, *, parent: int, trust: float) -> None:
        self._worker, self._workshop, self._parent, self._trust = worker, workshop, parent, trust
        self._pids: dict[int, int] = {}
        """Pids of the jobs' processes by the jobs' numbers."""
        self._own: list[socket.socket | selectors.BaseSelector] = []
        """What a job's process must not touch."""
        self._look = min(LOOK, trust / 10)
        self._clock = SystemClock()
        self._over = False
        self._thawed_at = self._clock.monotonic()

    def serve(self) -> None:
        """Obey until the worker hangs up, or ends."""
        new_event_loop().close()  # or each job that needs one would import what it takes
        gc.freeze()  # what was imported is never collected: its pages stay shared with the forks
        woken, waking = socket.socketpair()
        os.set_blocking(waking.fileno(), False)
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._end)  # raises nothing: it may come while what the jobs have left is being ended
        with selectors.DefaultSelector() as selector:
            selector.register(self._worker, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            self._own = [self._worker, woken, waking, selector]
            self._report(Ready())
            while not self._over:
                for key, _ in selector.select(self._look):
                    if key.fileobj is self._worker:
                        if not self._obey():
                            return
                    else:
                        woken.recv(4096)
                        self._collect()
                self._watch_the_worker()

    def _end(self, *_: object) -> None:
        self._over = True

    def _obey(self) -> bool:
        order, descriptors, _, _ = socket.recv_fds(self._worker, ORDER.size, DESCRIPTORS)
        if not order:
            return False
        number, sent = ORDER.unpack(order)
        if sent:
            self._signal(number, sent)
        else:
            self._fork(number, descriptors)
        return True

    def _fork(self, number: int, descriptors: list[int]) -> None:
        try:
            self._pids[number] = self._forked(*descriptors)
        except OSError:
            self._report(Exited(number, None))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _forked(self, line: int, output: int, faults: int) -> int:
        parent = os.getpid()
        for _ in range(_FORK_TRIES):
            with suppress(BlockingIOError):  # there are too many processes: some may end
                pid = os.fork()
                if pid == 0:
                    self._become_a_job(parent, line, output, faults)
                return pid
            select.select([], [], [], _FORK_PAUSE)
            self._collect()
        raise BlockingIOError("no process could be made")

    def _become_a_job(self, parent: int, line: int, output: int, faults: int) -> NoReturn:
        for own in self._own:
            own.close()
        run_job(self._workshop, socket.socket(fileno=line), parent=parent, output=output, faults=faults)

    def _signal(self, number: int, sent: int) -> None:
        if pid := self._pids.get(number):  # not collected yet, so the group is its own
            with suppress(PermissionError):  # it became another user's
                try:
                    os.killpg(pid, sent)
                except ProcessLookupError:  # it leads no group yet
                    os.kill(pid, sent)

    def _collect(self) -> None:
        """See which jobs' processes have ended, and leave nothing of them."""
        for number, pid in list(self._pids.items()):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                self._signal(number, signal.SIGKILL)
                _, status, usage = os.wait4(pid, 0)
                del self._pids[number]
                orphans.end(set(self._pids.values()))
                self._report(Exited(number, os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime))

    def _watch_the_worker(self) -> None:
        """A frozen worker cannot end runs whose leases it lost; without this they would go on beside their successors."""
        now = self._clock.monotonic()
        if not frozen(self._parent):
            self._thawed_at = now
        elif now - self._thawed_at > self._trust - 2 * self._look:  # it froze, and will be looked at, in between two looks
            for number in self._pids:
                self._signal(number, signal.SIGKILL)

    def _report(self, report: Report) -> None:
        self._worker.sendall(frame.frame(encode(report)))


def main(descriptor: str, parent: str, trust: str, home: str) -> int:
    """Import the application and serve; the exit status."""
    die_with(int(parent), signal.SIGTERM)
    orphans.adopt()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.socket(fileno=int(descriptor)) as worker:
        try:
            workshop = _workshop(msgspec.json.decode(home, type=Home))
        except Exception as error:  # noqa: BLE001  whatever the import raised, the worker is told
            traceback.print_exc()
            worker.sendall(frame.frame(encode(Unable(f"{type(error).__name__}: {error}"))))
            return 1
        try:
            ForkServer(worker, workshop, parent=int(parent), trust=float(trust)).serve()
        except (BrokenPipeError, ConnectionError):
            pass  # the worker has ended
        finally:
            orphans.end(())
    return 0


def _workshop(home: Home) -> Workshop:
    workshop = cast("Application", enter(home)).workshop
    workshop.registry.require(home.operations)
    return workshop


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

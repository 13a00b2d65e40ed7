"""A job's process in touch with its worker: what the run says goes up, what it is told comes down."""

import os
import select
import signal
import socket
import threading
from contextlib import suppress

from coatcheck.clock import Clock
from coatcheck.context import REPORT_INTERVAL
from coatcheck.domain.outcome import Ending
from coatcheck.worker.isolation import frame
from coatcheck.worker.isolation.messages import Spoke, begins, encode, last_word, tells
from coatcheck.worker.run import ActiveRun


class Line:
    """The job's end of the line. A thread serves it, so that the function need not do anything to be heard, or told."""

    def __init__(self, connection: socket.socket, clock: Clock) -> None:
        self._connection = connection
        message = frame.receive(connection)
        if message is None:
            raise ConnectionError("the worker hung up before it said what to run")
        begin = begins.decode(message)
        self.run = ActiveRun(begin.claim, clock, grace=begin.grace)
        self._speaking = threading.Lock()
        threading.Thread(target=self._serve, name="coatcheck-line", daemon=True).start()

    def close(self, ending: Ending, traceback: str | None) -> None:
        """Say the last word."""
        with self._speaking:
            self._pass_on()
            self._send(encode(last_word(ending, traceback)))

    def _serve(self) -> None:
        while True:
            with suppress(MemoryError):  # the function takes all there is; it may give some back
                if select.select([self._connection], [], [], REPORT_INTERVAL)[0]:
                    self._listen()
                with self._speaking:
                    self._pass_on()

    def _listen(self) -> None:
        message = frame.receive(self._connection)
        if message is None:
            os.killpg(0, signal.SIGKILL)  # the worker is gone, and with it the right to run
            return
        told = tells.decode(message)
        if told.stopping:
            self.run.stop_soon()
        if told.interruption is not None:
            self.run.interrupt(told.interruption)

    def _pass_on(self) -> None:
        if not self.run.unsaid:
            return
        said = self.run.unsaid.take()
        try:
            self._send(encode(Spoke(said)))
        except MemoryError:
            self.run.unsaid.give_back(said)
            raise

    def _send(self, message: bytes) -> None:
        self._connection.sendall(frame.frame(message))

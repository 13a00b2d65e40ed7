"""From a program's start to its end, and to that of all it started."""

from collections.abc import Callable

from coatcheck.errors import Cancelled
from coatcheck.programs.command import Command
from coatcheck.programs.output import Output
from coatcheck.programs.process import Process
from coatcheck.run import Run

LOOK_INTERVAL = 0.1
"""Seconds between two looks at whether the run must end."""
GRACE = 5.0
"""Seconds a program has to end after SIGTERM, a third of its run's grace at the most; then it gets SIGKILL."""
HURRIED_GRACE = 0.2
"""The same while the worker is shutting down: a run that is told to end then has half a second left."""


def execute(command: Command, output: Output, run: Run, *, given_up: Callable[[], bool]) -> int:
    """Run the program to its end and give its exit status; blocking. Whatever is raised, the program has ended by then.

    Raises Cancelled when the run must end or its caller has `given_up`, TimeoutError after the command's timeout,
    ProgramFailed where it cannot be started, and what the reader of its output raises.
    """
    process = Process(command)
    try:
        status = _watch(process, command, output, run, given_up)
        _finish(process, output)
    except BaseException:
        output.stop_understanding()
        _stop(process, output, run)
        _finish(process, output)
        raise
    finally:
        process.close()
    return status


def _watch(process: Process, command: Command, output: Output, run: Run, given_up: Callable[[], bool]) -> int:
    ends_at = run.clock.monotonic() + command.timeout
    while (status := process.status) is None:
        if run.interrupted or given_up():
            raise Cancelled
        if run.clock.monotonic() >= ends_at:
            raise TimeoutError(f"{command.name} did not end within {command.timeout:g} s.")
        output.take(process.exchange(LOOK_INTERVAL))
    return status


def _stop(process: Process, output: Output, run: Run) -> None:
    """Ask it to end, and wait as long as it may take over that."""
    grace = min(HURRIED_GRACE if run.stopping else GRACE, run.grace / 3)
    ends_at = run.clock.monotonic() + grace
    process.terminate()
    while process.status is None and run.clock.monotonic() < ends_at:
        output.take(process.exchange(LOOK_INTERVAL))


def _finish(process: Process, output: Output) -> None:
    """End it if it still runs, and what it has left running; take the rest of what it wrote."""
    process.kill()
    output.take(process.rest())
    output.end()

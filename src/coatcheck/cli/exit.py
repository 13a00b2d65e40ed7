"""What the exit status of a command says."""

from enum import IntEnum, unique
from typing import Self


@unique
class Exit(IntEnum):
    """The exit statuses, each with a sentence for `--help`."""

    meaning: str

    def __new__(cls, status: int, meaning: str) -> Self:
        """A status and what it says."""
        member = int.__new__(cls, status)
        member._value_ = status
        member.meaning = meaning
        return member

    OK = 0, "done; of a job: it completed"
    FAILED = 1, "the job failed"
    USAGE = 2, "the command, a setting or the application is wrong"
    CANCELLED = 3, "the job was cancelled"
    NOT_FOUND = 4, "there is no such job or page, or it has expired"
    REFUSED = 5, "the server refused: conflict, invalid, not allowed, queue full"
    UNREACHABLE = 6, "the server or the store cannot be reached, or is damaged"
    BUG = 70, "an error in Coatcheck itself"
    INTERRUPTED = 130, "ended by Ctrl-C"


class Ended(Exception):
    """A command that came to nothing: what to say, and the exit status."""

    def __init__(self, message: str, status: Exit) -> None:
        super().__init__(message)
        self.message, self.status = message, status


def of_answer(status: int, kind: str | None) -> Exit:
    """The exit status for an HTTP answer that is an error; `kind` is the last part of its problem type."""
    if status in (404, 410):
        return Exit.NOT_FOUND
    return Exit.UNREACHABLE if status >= 500 and kind != "queue-full" else Exit.REFUSED


def of_job(status: str) -> Exit:
    """The exit status for a job that ended, or goes on."""
    return {"failed": Exit.FAILED, "cancelled": Exit.CANCELLED}.get(status, Exit.OK)


def table() -> str:
    """All of them, for the end of `--help`."""
    return "\b\nExit status:\n" + "\n".join(f"  {status.value:>3}  {status.meaning}" for status in Exit)

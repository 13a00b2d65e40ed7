"""What the commands that talk to a server share: where it is, who asks, and what its refusals mean."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from coatcheck.cli.exit import Ended, Exit, of_answer

if TYPE_CHECKING:
    from coatcheck.client import Client
    from coatcheck.domain.problem import Problem

DEFAULT_URL = "http://127.0.0.1:8000"
_TOKEN = re.compile(r"[\x21-\x7e]+")
_LOOPBACK_INTERVAL = 0.25
"""Seconds between two looks at a job on this machine, where nobody else pays for them."""
_PATIENT, _BRIEF = 5, 3
"""How often a request is sent before giving up."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Where the server is, and who asks."""

    url: str
    token: str | None
    jobs_path: str

    @contextmanager
    def open(self, *, patient: bool = False, interval: float | None = None) -> Iterator["Client"]:
        """A client for the length of the block; what it raises ends the command with the exit status that fits.

        `patient`: better wait for a server that is being restarted than give up. `interval`: look at jobs that often, instead
        of being told.
        """
        from coatcheck.client import ApiError, Client, JobCancelled, JobFailed, Unreachable

        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        pace: Any = {"poll_interval": _LOOPBACK_INTERVAL} if self._on_this_machine else {}
        if interval is not None:
            pace = {"poll_interval": interval, "stream": False}
        try:
            with Client(self.url, headers=headers, jobs_path=self.jobs_path, attempts=_PATIENT if patient else _BRIEF, **pace) as api:
                yield api
        except ApiError as error:
            raise Ended(_refusal(error), of_answer(error.problem.status, error.problem.kind)) from error
        except Unreachable as error:
            raise Ended(f"{error} Is the server running, and is --url right?", Exit.UNREACHABLE) from error
        except JobFailed as error:
            raise Ended(failure(error.problem), Exit.FAILED) from error
        except JobCancelled as error:
            raise Ended(str(error), Exit.CANCELLED) from error

    def again(self, command: str, job_id: str) -> str:
        """The command line for a command about the same job, on the same server."""
        return f"coatcheck {command} {job_id}" + ("" if self.url == DEFAULT_URL else f" --url {self.url}")

    @property
    def _on_this_machine(self) -> bool:
        host = urlsplit(self.url).hostname or ""
        try:
            return host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of which a `Connection` is made, handed to the command as `connection`."""

    @wraps(command)
    def connected(*, url: str, token: str | None, jobs_path: str, **others: Any) -> Any:
        return command(connection=Connection(url=url, token=token, jobs_path=jobs_path), **others)

    return _url(_token(_jobs_path(connected)))


def _checked(_context: click.Context, _option: click.Parameter, token: str | None) -> str | None:
    if token and _TOKEN.fullmatch(token) is None:
        raise click.BadParameter("a token is printable ASCII without spaces.")  # and is not shown
    return token


_url = click.option(
    "--url", envvar="COATCHECK_URL", default=DEFAULT_URL, show_default=True, show_envvar=True, help="The application's URL."
)
_token = click.option(
    "--token", envvar="COATCHECK_TOKEN", show_envvar=True, callback=_checked, help="Sent as Authorization: Bearer, to that URL only."
)
_jobs_path = click.option(
    "--jobs-path", envvar="COATCHECK_JOBS_PATH", default="/jobs", show_default=True, help="Where the application has its job routes."
)


def failure(problem: "Problem") -> str:
    """Why a job failed, for people."""
    return f"The job failed: {problem.status} {problem.title}" + (f": {problem.detail}" if problem.detail else "")


def _refusal(error: Any) -> str:
    faults = error.problem.members.get("errors", [])
    return "\n".join(
        [str(error), *(f"  {fault.get('pointer') or '/'}  {fault.get('detail')}" for fault in faults if isinstance(fault, dict))]
    )

"""What a client raises, beside JobFailed and JobCancelled of `coatcheck.errors`."""

import httpx2
import msgspec

from coatcheck.domain.problem import Problem
from coatcheck.errors import CoatcheckError
from coatcheck.wire.problems import parse


class ApiError(CoatcheckError):
    """The application refused the request."""

    idempotency_key: str | None = None
    """Of a submission, as in `Unreachable`."""

    def __init__(self, problem: Problem, *, where: str) -> None:
        super().__init__(f"{where}: {problem.status} {problem.title}" + (f": {problem.detail}" if problem.detail else "."))
        self.problem = problem
        """The problem document (RFC 9457). `problem.kind` is the stable word, such as `queue-full`."""

    @classmethod
    def of(cls, response: httpx2.Response) -> "ApiError":
        """What a response says, be it a problem document or not."""
        return cls(_problem(response), where=_where(response))

    @classmethod
    def unexpected(cls, response: httpx2.Response, reason: str) -> "ApiError":
        """An answer that the contract does not know."""
        problem = Problem(kind="about:blank", title="Unexpected answer", status=response.status_code, detail=reason)
        return cls(problem, where=_where(response))


class Unreachable(CoatcheckError):
    """No answer came, however often it was tried."""

    idempotency_key: str | None = None
    """Of a submission that may have been accepted: submit it again with this key to get its job, and no second one."""


def _problem(response: httpx2.Response) -> Problem:
    try:
        members = msgspec.json.decode(response.content)
    except (ValueError, RecursionError):
        members = None
    answered = {"title": response.reason_phrase or "No reason given"} | (members if isinstance(members, dict) else {})
    return parse(answered | {"status": response.status_code})


def _where(response: httpx2.Response) -> str:
    return f"{response.request.method} {response.request.url.copy_with(username=None, password=None)}"

"""The job that the running code belongs to."""

from contextvars import ContextVar

from coatcheck.context import Job

_current: ContextVar[Job | None] = ContextVar("coatcheck_job", default=None)


def current_job() -> Job:
    """The job that the calling code runs in, however deep; carried into threads by `asyncio.to_thread`.

    Raises LookupError outside a run.
    """
    job = _current.get()
    if job is None:
        raise LookupError("There is no current job: this code is not being run by a Coatcheck worker.")
    return job


def told_to_end() -> bool:
    """Whether the run that the calling code belongs to was told to end, for whatever reason; False outside a run."""
    job = _current.get()
    return job is not None and job._run.interrupted


def enter(job: Job) -> None:
    """Make `job` the current one of this context. For the worker's runners."""
    _current.set(job)

"""Where code under test is running."""

from coatcheck.current import current_job


def inside_function() -> bool:
    """Whether the calling code is, or was called by, an operation's function that a worker runs."""
    try:
        current_job()
    except LookupError:
        return False
    return True

"""Where the file is."""

from pathlib import Path

from coatcheck.errors import ConfigurationError

_PREFIX = "sqlite:///"


def sqlite_file(url: str) -> Path:
    """The file that `sqlite:///relative.db` or `sqlite:////absolute.db` names. Raises ConfigurationError for any other URL."""
    name = url.removeprefix(_PREFIX)
    if not url.startswith(_PREFIX) or not name or name == ":memory:":
        raise ConfigurationError(
            f"store={url!r}: use sqlite:///relative.db or sqlite:////absolute.db. Jobs need a file to outlive the process."
        )
    return Path(name)

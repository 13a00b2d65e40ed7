"""Hiding what nobody should read over a shoulder or in a log."""

import re

_IN_AUTHORITY = re.compile(r"(?<=://)([^\s/:@?#]*):([^\s/@?#]+)@")
_OF_DATABASE = re.compile(r"(\bpostgres(?:ql)?(?:\+\w+)?://[^\s/:@?#]+):\S+@")
_IN_QUERY = re.compile(r"([?&][^\s=&#]*(?:password|passwd|secret|token|key)[^\s=&#]*=)[^\s&#'\"]+", re.IGNORECASE)


def mask(text: str) -> str:
    """`text`, with the passwords of URLs in it replaced by `***`; those of databases whatever stands in them, escaped or not.

    >>> mask("postgresql://ann:hunter2@db/jobs?sslkey=abc&x=1")
    'postgresql://ann:***@db/jobs?sslkey=***&x=1'
    """
    return _IN_QUERY.sub(r"\1***", _IN_AUTHORITY.sub(r"\1:***@", _OF_DATABASE.sub(r"\1:***@", text)))

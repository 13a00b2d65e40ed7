"""Hiding what nobody should read over a shoulder or in a log."""

import re

_IN_AUTHORITY = re.compile(r"(?<=://)([^\s/:@?#]*):([^\s/@?#]+)@")
_IN_QUERY = re.compile(r"([?&][^\s=&#]*(?:password|passwd|secret|token|key)[^\s=&#]*=)[^\s&#'\"]+", re.IGNORECASE)


def mask(text: str) -> str:
    """`text`, with the passwords of URLs in it replaced by `***`.

    >>> mask("postgresql://ann:hunter2@db/jobs?sslkey=abc&x=1")
    'postgresql://ann:***@db/jobs?sslkey=***&x=1'
    """
    return _IN_QUERY.sub(r"\1***", _IN_AUTHORITY.sub(r"\1:***@", text))

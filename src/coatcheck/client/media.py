"""Media types by file name."""

import mimetypes

_ROWS = (".ndjson", ".jsonl")


def media_type_of(filename: str) -> str:
    """The media type of a file of that name, `application/octet-stream` where it says nothing.

    >>> media_type_of("accounts.ndjson")
    'application/x-ndjson'
    """
    if filename.lower().endswith(_ROWS):
        return "application/x-ndjson"
    guessed, encoding = mimetypes.guess_type(filename)
    return guessed if guessed and encoding is None else "application/octet-stream"

"""Content-Disposition (RFC 6266): what a file is called."""

import re
from urllib.parse import quote, unquote

MAX_NAME = 255
"""Characters that a file name may have."""
_TYPE = re.compile(r"\s*([\w!#$%&'*+.^`|~-]+)\s*", re.ASCII)
_PARAMETER = re.compile(
    r"""\s*;\s*(?P<name>[\w!#$%&'+.^`|~-]+\*?)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s;"]+))\s*""", re.ASCII | re.DOTALL
)
_EXTENDED = re.compile(r"(?i:utf-8)'[\w-]*'((?:[\w!#$&+.^`|~-]|%[0-9A-Fa-f]{2})*)", re.ASCII)
_FOLDERS = re.compile(r".*[/\\]", re.DOTALL)


def parse_disposition(value: str) -> tuple[str, dict[str, str]]:
    r"""The disposition type and its parameters, both in lower case; what cannot be read is left out.

    >>> parse_disposition('form-data; name="video"; filename="a.mp4"')
    ('form-data', {'name': 'video', 'filename': 'a.mp4'})
    >>> parse_disposition("attachment; filename*=UTF-8''na%C3%AFve.txt")[1]
    {'filename*': 'naïve.txt'}
    """
    found = _TYPE.match(value)
    if found is None:
        return "", {}
    parameters: dict[str, str] = {}
    position = found.end()
    while part := _PARAMETER.match(value, position):
        text = part["bare"] if part["quoted"] is None else re.sub(r'\\(["\\])', r"\1", part["quoted"])
        name = part["name"].lower()
        if (decoded := _decoded(text) if name.endswith("*") else text) is not None:
            parameters.setdefault(name, decoded)
        position = part.end()
    return found[1].lower(), parameters


def format_disposition(media_type: str, filename: str | None) -> str | None:
    """How a result is to be saved: never shown as a page of ours, whatever it contains; None for JSON that is no file.

    The name is in the encoding of RFC 8187 where it needs one, and left out where it is longer than `MAX_NAME`.

    >>> format_disposition("text/csv", "naïve.csv")
    "attachment; filename*=UTF-8''na%C3%AFve.csv"
    """
    if filename is None:
        return None if media_type == "application/json" else "attachment"
    if len(filename) > MAX_NAME:
        return "attachment"
    if filename.isascii() and filename.isprintable() and not set(filename) & set('"\\%'):
        return f'attachment; filename="{filename}"'
    return f"attachment; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"


def bare_name(filename: str) -> str:
    r"""The name without the folders that some browsers send along. Raises ValueError for what is no name.

    >>> bare_name(r"C:\fakepath\a.mp4")
    'a.mp4'
    """
    name = _FOLDERS.sub("", filename)
    if not (0 < len(name) <= MAX_NAME) or not name.isprintable() or name in (".", ".."):
        raise ValueError(f"A file name has 1 to {MAX_NAME} printable characters.")
    return name


def _decoded(text: str) -> str | None:
    extended = _EXTENDED.fullmatch(text)
    if extended is None:
        return None
    try:
        return unquote(extended[1], errors="strict")
    except UnicodeDecodeError:
        return None

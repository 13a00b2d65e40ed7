"""The lines of a stream of bytes."""

LINE_LIMIT = 8 * 1024
"""Bytes of a line that are kept, from its beginning."""
_ENDS = (b"\n", b"\r")


class Lines:
    r"""Cuts a stream into lines, which end with `\n`, `\r` or both; it holds on to no more than a line's beginning."""

    def __init__(self) -> None:
        self._begun = b""
        self._after_return = False

    def cut(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes, without their ends."""
        if self._after_return and chunk.startswith(b"\n"):  # the other half of an end that was counted
            chunk = chunk[1:]
            self._after_return = False
        if not chunk:
            return []
        stream = self._begun + chunk
        self._after_return = stream.endswith(b"\r")
        lines = stream.splitlines()
        self._begun = b"" if stream.endswith(_ENDS) else lines.pop()[: LINE_LIMIT + 1]
        return lines

    def last(self) -> list[bytes]:
        """The line that the stream ended in the middle of, if any."""
        line, self._begun = self._begun, b""
        return [line] if line else []


def text(line: bytes) -> str:
    """A line as text: what cannot be decoded is replaced, what is too long is cut."""
    return line[:LINE_LIMIT].decode("utf-8", "replace") + ("…" if len(line) > LINE_LIMIT else "")

"""A blob in a temporary file of this host, until it is whole: only then is a connection held."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from tempfile import TemporaryFile

from coatcheck.blobs.contract import CHUNK, Blob


class TemporarySpool:
    """`coatcheck.blobs.contract.Spool` for stores that are far away.

    `store` writes what the function it is given reads, as often as it is called. `explained` is around whatever touches the file.
    """

    def __init__(
        self, store: Callable[[Callable[[], Iterator[bytes]]], Blob], explained: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._store, self._explained = store, explained
        with explained():
            self._file = TemporaryFile()  # noqa: SIM115  closed by `finish` and `discard`

    def write(self, piece: bytes) -> None:
        with self._explained():
            self._file.write(piece)

    def finish(self) -> Blob:
        with self._explained():
            self._file.flush()
        blob = self._store(self._read)
        self.discard()
        return blob

    def discard(self) -> None:
        with suppress(OSError):
            self._file.close()

    def _read(self) -> Iterator[bytes]:
        self._file.seek(0)
        return iter(lambda: self._file.read(CHUNK), b"")

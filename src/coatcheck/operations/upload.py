"""Files that come with a request."""

import hashlib
from io import BufferedReader
from os import PathLike
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Self
from weakref import finalize

import msgspec

from coatcheck.operations.content import Content


class Reference(msgspec.Struct, frozen=True, rename="camel"):
    """What is stored of an upload among a job's arguments: where its bytes are, and what they are."""

    key: str
    """In the blob store; empty while it is not there."""
    size: int
    digest: str
    media_type: str
    filename: str | None = None
    lines: int | None = None
    """Rows in it, where they were counted."""


class Upload:
    """A file that came with the request, as an operation's parameter. Of any size: it was never whole in memory.

        @jobs.operation("/videos")
        def convert(video: Upload, job: Job) -> Content:
            job.run(["ffmpeg", "-i", video.path, "-f", "webm", "out.webm"])

    As the only parameter it takes the request's body, of whatever media type, or the one file of a form; beside others it is
    the file of that name in a `multipart/form-data` form. `list[Upload]` takes all files of that name.

    Calls in code make theirs: `await convert.submit(Upload.of("clip.mp4"))`.
    """

    def __init__(self, reference: Reference, *, content: Content | None = None, path: Path | None = None) -> None:
        self.reference = reference
        """What is stored of it."""
        self.content = content
        """The bytes, where they are not yet stored."""
        self._path = path

    @classmethod
    def of(cls, body: bytes | str | PathLike[str], *, media_type: str | None = None, filename: str | None = None) -> Self:
        """An upload made in code, of bytes or of the file at a path. It is stored when a job is submitted with it.

        `media_type` and `filename` are as `Content` has them. Raises ValueError for those that cannot be.
        """
        content = Content(Path(body) if isinstance(body, str) else body, media_type=media_type, filename=filename)
        return cls(Reference("", 0, "", content.media_type, content.filename), content=content)

    @property
    def filename(self) -> str | None:
        """The name that the client gave it, without folders; None where it gave none. Not fit to name a file of yours."""
        return self.reference.filename

    @property
    def media_type(self) -> str:
        """What the client said it is: `application/octet-stream` where it said nothing."""
        return self.reference.media_type

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size if self.content is not None else self.reference.size

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, hexadecimal."""
        if self.content is None:
            return self.reference.digest
        with self.open() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def local(self) -> bool:
        """Whether the bytes are on this host."""
        return self.content is not None or self._path is not None

    @property
    def path(self) -> Path:
        """The bytes as a file of this host while the job runs: to be read only, and gone afterwards.

        Raises LookupError where they are not on this host, which is so everywhere but in the job's function.
        """
        if self._path is None:
            self._path = self._made()
        return self._path

    def place(self, path: Path) -> None:
        """Say where the bytes are on this host."""
        self._path = path

    def open(self) -> BufferedReader:
        """The bytes as an open file, to be read."""
        return self.path.open("rb")

    def __repr__(self) -> str:
        return f"Upload({self.filename!r}, media_type={self.media_type!r})"

    def _made(self) -> Path:
        if self.content is None:
            raise LookupError("An upload's bytes are at hand only where its job runs.")
        if isinstance(self.content.body, Path):
            return self.content.body
        temporary = NamedTemporaryFile(prefix="coatcheck-")  # noqa: SIM115  removed together with this object
        finalize(self, temporary.close)
        temporary.write(self.content.body)
        temporary.flush()
        return Path(temporary.name)

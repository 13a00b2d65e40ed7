"""An application whose bodies and results are as large as they are."""

import hashlib
from collections.abc import Iterator

from coatcheck import Coatcheck, Content, Job, Upload
from coatcheck.bodies import Lines

jobs = Coatcheck(max_upload=0)


@jobs.operation("/copies", timeout=None)
def copy(file: Upload) -> Content:
    """Give back what came, once it has been found unharmed."""
    with file.open() as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != file.digest:
            raise ValueError("The file is not the one that came.")
    return Content(file.path, media_type=file.media_type, filename=file.filename)


@jobs.operation("/rows", timeout=None)
def turn(rows: Lines[str], job: Job) -> Iterator[list[str]]:
    """Each row, the last character first."""
    for row in job.track(rows, unit="row"):
        yield [row[::-1]]

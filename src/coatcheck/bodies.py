"""What a request's body can be, beside JSON.

    from coatcheck import Upload
    from coatcheck.bodies import Lines

`Upload` is a file, `Lines[Row]` are the rows of an NDJSON body. Both are annotations of an operation's parameters.
"""

from coatcheck.operations.lines import Lines
from coatcheck.operations.upload import Upload

__all__ = ["Lines", "Upload"]

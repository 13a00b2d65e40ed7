"""What the tool cannot know: a random Idempotency-Key stands for one request only."""

import re
import uuid
from typing import Any

import schemathesis

KEY = "Idempotency-Key"
VALID = re.compile(r"(?=.{1,255}$)[!#-~]([ -~]*[!-~])?")
"""As the document has it."""


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Give each valid request a key of its own."""
    if case.headers and VALID.fullmatch(case.headers.get(KEY, "")):
        case.headers[KEY] = uuid.uuid4().hex

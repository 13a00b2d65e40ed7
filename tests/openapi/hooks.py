"""What the tool cannot know: a random Idempotency-Key stands for one request only."""

import uuid
from typing import Any

import schemathesis

KEY = "Idempotency-Key"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Give each valid request a key of its own."""
    if case.headers and 1 <= len(case.headers.get(KEY, "")) <= 200 and case.headers[KEY].isalnum():
        case.headers[KEY] = uuid.uuid4().hex

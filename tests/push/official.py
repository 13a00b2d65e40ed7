"""What the official packages of Standard Webhooks say about a message, and what we do."""

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from standardwebhooks import Webhook, WebhookVerificationError

from coatcheck.client.webhooks import Unverified, verify
from tests.openapi.node import installed, node


class Signed(NamedTuple):
    """A message, as somebody who holds a secret gets it."""

    secret: str
    headers: Mapping[str, str]
    body: bytes


def verdicts(messages: Sequence[Signed]) -> list[bool]:
    """Whether each is genuine. All verifiers, the official ones in Python and JavaScript and our own, have to agree."""
    python = [_genuine_in_python(message) for message in messages]
    assert [_genuine_for_us(message) for message in messages] == python
    assert _genuine_in_javascript(messages) == python
    return python


def _genuine_in_python(message: Signed) -> bool:
    try:
        Webhook(message.secret).verify(message.body, dict(message.headers))
    except WebhookVerificationError:
        return False
    return True


def _genuine_for_us(message: Signed) -> bool:
    try:
        verify(message.body, message.headers, message.secret)
    except Unverified:
        return False
    return True


def _genuine_in_javascript(messages: Sequence[Signed]) -> list[bool]:
    told = [message._asdict() | {"body": base64.b64encode(message.body).decode()} for message in messages]
    run = subprocess.run([node(), "verify.mjs"], cwd=_package(), input=json.dumps(told), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found: list[bool] = json.loads(run.stdout)
    return found


@cache
def _package() -> Path:
    return installed(Path(__file__).with_name("verifier"), Path(mkdtemp(prefix="coatcheck-verifier-")) / "verifier")

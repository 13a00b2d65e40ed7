"""Signatures of webhooks: Standard Webhooks 1.0, symmetric.

What is signed is `{webhook-id}.{webhook-timestamp}.{body}`, with HMAC-SHA256; the field `webhook-signature` has one or more
`v1,<base64>` with blanks between them, several while a secret is being replaced.
"""

import base64
import binascii
import hmac
import os
import re
from collections.abc import Iterable
from typing import Final

from coatcheck.errors import ConfigurationError

ID: Final = "webhook-id"
"""The header field with the message's id, the same in every attempt to deliver it."""
TIMESTAMP: Final = "webhook-timestamp"
"""The header field with the moment of the attempt: whole seconds since the epoch."""
SIGNATURE: Final = "webhook-signature"
"""The header field with the signatures."""
TOLERANCE: Final = 300.0
"""Seconds that a message's timestamp may be off the receiver's clock, either way."""

_PREFIX = "whsec_"
_VERSION = "v1"
_SECRET_SIZE = (24, 64)
_NEW_SECRET = 32
_ID = re.compile(r"[!-\-/-~]{1,255}", re.ASCII)  # visible, and no full stop, which ends the id in what is signed
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


def new_secret() -> str:
    """A new secret as it is shown: `whsec_` and the base64 of 32 random bytes."""
    return format_secret(os.urandom(_NEW_SECRET))


def format_secret(secret: bytes) -> str:
    """A secret as it is shown."""
    return _PREFIX + base64.b64encode(secret).decode()


def parse_secret(text: str) -> bytes:
    """The bytes of a secret as it is shown, with or without `whsec_` and padding.

    Raises ConfigurationError, which does not repeat it, for anything else than 24 to 64 bytes in base64.
    """
    encoded = text.strip().removeprefix(_PREFIX).rstrip("=")
    try:
        secret = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    least, most = _SECRET_SIZE
    if not least <= len(secret) <= most:
        raise ConfigurationError(f"This is no webhook secret: it is {_PREFIX} and {least} to {most} bytes in base64, as it was shown once.")
    return secret


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature of a message: `v1,<base64>`.

    >>> sign(b"k" * 24, "msg_1", 1700000000, b"{}")
    'v1,E3sCg9uS8x43RKlJqcda1EcaYZxNkN+l2u7RBZBSZQQ='
    """
    return f"{_VERSION},{base64.b64encode(_digest(secret, message_id, str(timestamp), body)).decode()}"


def signed_headers(secrets: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The header fields of one attempt to deliver a message, signed with each of the secrets."""
    signatures = " ".join(sign(secret, message_id, timestamp, body) for secret in secrets)
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: signatures}


def parse_timestamp(value: str) -> int | None:
    """The moment that a message says it was sent at, in seconds since the epoch; None where it cannot be read."""
    return int(value) if _TIMESTAMP.fullmatch(value) else None


def is_signed(secrets: Iterable[bytes], message_id: str, timestamp: str, body: bytes, signature: str) -> bool:
    """Whether one of the signatures in a `webhook-signature` is that of this message by one of the secrets.

    The arguments are the fields' own text. How old the message is, is another question (`parse_timestamp`, `TOLERANCE`). Takes
    as long wherever a signature differs.
    """
    if not (_ID.fullmatch(message_id) and _TIMESTAMP.fullmatch(timestamp)):
        return False
    given = [found for word in signature.split() if (found := _given(word)) is not None]
    expected = [_digest(secret, message_id, timestamp, body) for secret in secrets]
    return any([hmac.compare_digest(right, found) for right in expected for found in given])  # noqa: C419  each is compared


def _digest(secret: bytes, message_id: str, timestamp: str, body: bytes) -> bytes:
    return hmac.digest(secret, f"{message_id}.{timestamp}.".encode() + body, "sha256")


def _given(word: str) -> bytes | None:
    """The bytes of one signature; None for what is none, or one of another kind."""
    version, _, encoded = word.partition(",")
    if version != _VERSION:
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None

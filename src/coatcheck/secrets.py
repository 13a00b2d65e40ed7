"""What the application's own secret is good for: keys of one purpose each, and sealing the secrets that webhooks are signed with.

`COATCHECK_SECRET` can be several secrets with commas between them, while one replaces another: the first is used for all that is
new, the others still open what was sealed with them and verify what was signed with them.
"""

import hmac
import os
from collections.abc import Iterable, Sequence
from typing import Final

from coatcheck.errors import ConfigurationError, NotConfigured

_NONCE: Final = 12
_PURPOSE: Final = "webhook secrets"


def derive(secret: str | None, purpose: str) -> tuple[bytes, ...]:
    """A key of 32 bytes for one purpose, of each of the secrets in force, newest first.

    Raises NotConfigured where there is no secret.
    """
    secrets = [part for word in (secret or "").split(",") if (part := word.strip())]
    if not secrets:
        raise NotConfigured(
            "This takes a secret of the application's own: set COATCHECK_SECRET to what `openssl rand -base64 32` prints, the same for "
            "all its processes."
        )
    return tuple(hmac.digest(part.encode(), f"coatcheck: {purpose}".encode(), "sha256") for part in secrets)


class Seal:
    """Encrypts small secrets, each for one holder: sealed for one, it does not open for another.

    AES-256-GCM, by the `cryptography` package. Raises NotConfigured where there is no secret, or no such package.
    """

    def __init__(self, secret: str | None) -> None:
        keys = derive(secret, _PURPOSE)
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            raise NotConfigured("This takes packages that are not installed: pip install 'coatcheck[webhooks]'.") from None
        self._ciphers = [AESGCM(key) for key in keys]

    def seal(self, secret: bytes, holder: str) -> bytes:
        """Encrypt it with the newest key."""
        nonce = os.urandom(_NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, secret, holder.encode())

    def unseal(self, sealed: bytes, holder: str) -> bytes:
        """What was sealed for the holder, by whichever key did. Raises ConfigurationError where none of them did."""
        return self.unseal_any([sealed], holder)[0]

    def unseal_any(self, sealed: Iterable[bytes], holder: str) -> Sequence[bytes]:
        """Those of the holder's secrets that one of the keys opens. Raises ConfigurationError where there is none."""
        opened = [secret for one in sealed if (secret := self._opened(one, holder)) is not None]
        if not opened:
            raise ConfigurationError(
                f"The webhook secret of {holder!r} was sealed with another COATCHECK_SECRET. Add that one behind the new one, with a "
                "comma, or give its holder a new secret."
            )
        return opened

    def _opened(self, sealed: bytes, holder: str) -> bytes | None:
        from cryptography.exceptions import InvalidTag

        nonce, encrypted = sealed[:_NONCE], sealed[_NONCE:]
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, encrypted, holder.encode())
            except (InvalidTag, ValueError):
                continue
        return None

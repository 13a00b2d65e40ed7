"""Where a webhook goes: a URL, taken apart once.

What is checked and what is dialled are the same parts, so no two readers of URLs can differ about them. The rules are stricter
than RFC 3986: only what has one meaning for everybody is a target.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address

import msgspec

from coatcheck.errors import DestinationNotAllowed
from coatcheck.push.networks import Networks

MAX_URL = 2048
"""Characters of a URL at most."""
_URL = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<ipv6>[0-9a-f:.]{2,45})\]|(?P<host>[a-z0-9.-]{1,253}))"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?(?P<path>[/?][!$-;=?-\[\]_a-z~]*)?",  # printable ASCII, but for " # < > \ ^ ` { | }
    re.ASCII,
)
_ORIGIN = re.compile(r"[A-Za-z]+://[^/?#\\]*", re.ASCII)
_OCTET = r"(?:0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_DEFAULT_PORTS = {"https": 443, "http": 80}
_FIRST_FREE_PORT = 1024


class Target(msgspec.Struct, frozen=True):
    """One receiver: what is dialled, and what is asked for there."""

    scheme: str
    host: str
    """A name in ASCII, lower case, or an address in its canonical form, IPv6 without brackets."""
    port: int
    path: str
    """Path and query, as they are sent."""
    is_address: bool
    """Whether `host` is an address."""

    @property
    def authority(self) -> str:
        """The Host field: the port stands there unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


class Guard:
    """Says where messages may be sent.

    `allow` are networks (CIDR) beside the public Internet, `http` admits URLs without TLS. Raises ConfigurationError for what is
    no network.
    """

    def __init__(self, allow: Iterable[str] = (), *, http: bool = False) -> None:
        self.networks = Networks(allow)
        self._schemes = {"https", "http"} if http else {"https"}

    def check(self, url: str) -> Target:
        """The target that a URL names. Looks no name up: whoever connects does, and checks the addresses.

        Raises DestinationNotAllowed, which does not say why: it could tell what there is in our network.
        """
        target = parse_target(url)
        if target is None or target.scheme not in self._schemes:
            raise DestinationNotAllowed
        if target.is_address and not self.networks.admit(target.host):
            raise DestinationNotAllowed
        return target


def parse_target(url: str) -> Target | None:
    """The parts of a URL; None unless it is `http(s)://host[:port][/path][?query]`, written in the only way there is.

    A host is a canonical IPv4 address, a canonical IPv6 address in brackets, or a name in ASCII (`xn--` for others) whose last
    label is no number. Ports are 80, 443, and from 1024 up.

    >>> parse_target("https://example.com/hook?a=1")
    Target(scheme='https', host='example.com', port=443, path='/hook?a=1', is_address=False)
    >>> parse_target("https://user@example.com/") is parse_target("https://0x7f.1/") is None
    True
    """
    if len(url) > MAX_URL or not url.isascii():
        return None
    origin = _ORIGIN.match(url)
    found = _URL.fullmatch(url[: origin.end()].lower() + url[origin.end() :]) if origin else None
    if found is None:
        return None
    scheme, port = found["scheme"], int(found["port"] or 0)
    port = port or _DEFAULT_PORTS[scheme]
    if port not in _DEFAULT_PORTS.values() and not _FIRST_FREE_PORT <= port <= 65535:
        return None
    host, is_address = (_ipv6(found["ipv6"]), True) if found["ipv6"] else _host(found["host"])
    path = found["path"] or "/"
    return None if host is None else Target(scheme, host, port, path if path.startswith("/") else f"/{path}", is_address)


def _ipv6(text: str) -> str | None:
    try:
        return text if str(IPv6Address(text)) == text else None
    except ValueError:
        return None


def _host(text: str) -> tuple[str | None, bool]:
    """The host, if it is written in its one form, and whether it is an address."""
    if _IPV4.fullmatch(text):
        return text, True
    labels = text.split(".")
    named = all(map(_LABEL.fullmatch, labels)) and not _NUMBER.fullmatch(labels[-1])
    return (text if named else None), False

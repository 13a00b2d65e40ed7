"""The socket of `coatcheck serve`, bound before anything is started, so that a busy port shows at once."""

import errno
import socket
from ipaddress import ip_address

from coatcheck.errors import ConfigurationError

_BACKLOG = 2048
"""Connections that wait while the API process starts, or is replaced."""


def listen(host: str, port: int, *, anywhere: bool) -> socket.socket:
    """A listening socket on the first address of `host`; `port` 0 chooses a free one.

    Raises ConfigurationError for an address that is not this host's own loopback unless `anywhere`, and for one that
    cannot be bound.
    """
    family, address = _resolve(host, port)
    if not anywhere and not ip_address(address[0].partition("%")[0]).is_loopback:
        raise ConfigurationError(
            f"{host} can be reached from other machines, and the application has no authenticate hook: everybody there could "
            "submit, read and cancel every job. Give the application one, Coatcheck(authenticate=…), or, where something in front "
            "keeps strangers out, add --allow-anonymous."
        )
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(_why(error, host, port)) from None
    return listener


def url(listener: socket.socket) -> str:
    """Where the socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if listener.family == socket.AF_INET6 else f"http://{host}:{port}"


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"The host {host!r} has no address: {error}.") from None
    family, _, _, _, address = found[0]
    return family, address  # type: ignore[return-value]  # an IPv6 address has two members more


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use: another server runs there. Stop that one, or choose another with --port."
    return f"Cannot listen on port {port} of {host}: {error.strerror}. Choose another with --host and --port."

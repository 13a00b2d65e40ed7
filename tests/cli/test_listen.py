import socket

import pytest

from coatcheck.cli.listen import listen, url
from coatcheck.errors import ConfigurationError


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_loopback_is_listened_on(host: str) -> None:
    with listen(host, 0, anywhere=False) as listener, socket.create_connection(listener.getsockname()[:2]):
        assert url(listener).startswith("http://")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0"])  # noqa: S104  refused, which is the test
def test_every_other_address_is_refused_unless_asked_for(host: str) -> None:
    """What is checked is the address that would be bound, however it is written."""
    with pytest.raises(ConfigurationError, match="can be reached from other machines"):
        listen(host, 0, anywhere=False)


def test_a_busy_port_is_explained() -> None:
    with listen("127.0.0.1", 0, anywhere=False) as other, pytest.raises(ConfigurationError, match="is in use"):
        listen("127.0.0.1", other.getsockname()[1], anywhere=False)


def test_an_unknown_host_is_explained() -> None:
    with pytest.raises(ConfigurationError, match="has no address"):
        listen("no host", 0, anywhere=False)

"""Which addresses messages may be sent to: the public Internet, and what the operator adds.

The tables are the IANA registries of special-purpose addresses for IPv4 and IPv6, as of 2025, whole: blocks within them that are
reachable serve protocols, never receivers. They are our own since the standard library's differ between versions of Python, and
take translated and tunnelled addresses for public ones.
"""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from coatcheck.errors import ConfigurationError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SPECIAL_IPV4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by a provider's customers, and some clouds' metadata
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's host, public by its looks
            "169.254.0.0/16",  # link-local, and most clouds' metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments, and a cloud's metadata
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
GLOBAL_IPV6: Final = IPv6Network("2000::/3")
"""All that is allocated to the public; whatever lies outside is special or nobody's."""
SPECIAL_IPV6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, benchmarks, AMT, AS112, ORCHID, DRIP
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3ffe::/16",  # the 6bone of old, given back
            "3fff::/20",  # documentation
        ),
    )
)


def _low(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)


TRANSLATED: Final[tuple[tuple[IPv6Network, Callable[[IPv6Address], IPv4Address]], ...]] = (
    (IPv6Network("::ffff:0:0/96"), _low),  # mapped
    (IPv6Network("::/96"), _low),  # compatible
    (IPv6Network("64:ff9b::/96"), _low),  # NAT64
    (IPv6Network("2002::/16"), lambda address: IPv4Address(int(address) >> 80 & 0xFFFFFFFF)),  # 6to4
    (IPv6Network("2001::/32"), lambda address: IPv4Address(~int(address) & 0xFFFFFFFF)),  # Teredo: the client, written inverted
)
"""IPv6 networks behind whose addresses are IPv4 addresses, and which."""


class Networks:
    """The addresses that may be sent to: public ones, and those of the networks in `allow` (CIDR).

    An IPv6 address that stands for an IPv4 address is refused, unless its network is in `allow` and that address may be sent to, too.
    Raises ConfigurationError for what is no network.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allowed = tuple(map(_network, allow))

    def admit(self, address: str) -> bool:
        """Whether messages may be sent to an address."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return self._admits(found) and all(map(self._admits, _translated(found)))

    def _admits(self, address: Address) -> bool:
        return any(address in network for network in self._allowed) or is_public(address)


def is_public(address: Address) -> bool:
    """Whether an address is of the public Internet, and reached without being translated on the way."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in SPECIAL_IPV4)
    return address.scope_id is None and address in GLOBAL_IPV6 and not any(address in network for network in SPECIAL_IPV6)


def _translated(address: Address) -> list[IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    return [] if isinstance(address, IPv4Address) else [unwrap(address) for network, unwrap in TRANSLATED if address in network]


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ConfigurationError(f"webhook_allow has {text!r}: {error}. A network is written as in 10.1.0.0/16 or fd00:1::/64.") from None

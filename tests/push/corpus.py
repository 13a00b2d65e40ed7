"""Addresses and URLs that nothing may be sent to, and some that are fine."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

INNER = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "224.0.0.1", "8.8.8.8")  # noqa: S104
"""IPv4 addresses that IPv6 addresses are made of: the last is public, and is refused in such a wrapping all the same."""

IPV4_BLOCKS = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
"""The IANA registry of special-purpose IPv4 addresses, and multicast."""

IPV6_BLOCKS = (
    "::/128", "::1/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001::/32",
    "2001:2::/48", "2001:3::/32", "2001:4:112::/48", "2001:10::/28", "2001:20::/28", "2001:30::/28", "2001:db8::/32", "2002::/16",
    "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fd00:ec2::/32", "fe80::/10", "fec0::/10", "ff00::/8", "::/96",
    "4000::/3", "3ffe::/16", "e000::/4", "200::/7", "400::/6",
)  # fmt: skip
"""The registry for IPv6, multicast, what is given up (site-local, 6bone), and what is nobody's."""

LITERALS = (
    "168.63.129.16", "169.254.169.254", "100.100.100.200", "192.0.0.192", "192.0.0.8", "192.88.99.1", "255.255.255.255", "0.0.0.0",  # noqa: S104
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::", "5f00::1", "3fff::1", "100:0:0:1::1",
    "fec0::1", "ff02::1", "::7f00:1", "fd00:ec2::254", "fe80::1", "::1", "::", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
)  # fmt: skip
"""Addresses that somebody, somewhere, got through a guard with."""


def addresses() -> list[str]:
    """Addresses that are refused: the edges and the middle of each block, those that others got through, and wrapped ones."""
    return list(dict.fromkeys([*LITERALS, *_edges(), *_wrapped()]))


def _edges() -> Iterator[str]:
    for block in map(IPv4Network, IPV4_BLOCKS):
        yield from map(str, {block[0], block[1], block[block.num_addresses // 2], block[-1]})
    for block6 in map(IPv6Network, IPV6_BLOCKS):
        yield from map(str, {block6[0], block6[block6.num_addresses // 2], block6[-1]})


def _wrapped() -> Iterator[str]:
    for inner in map(IPv4Address, INNER):
        number = int(inner)
        yield str(IPv6Address((0xFFFF << 32) | number))  # mapped
        yield str(IPv6Address(number))  # compatible
        yield str(IPv6Address((0x64FF9B << 96) | number))  # NAT64
        yield str(IPv6Address((0x64FF9B0001 << 80) | number))  # a network's own NAT64
        yield str(IPv6Address((0x2002 << 112) | (number << 80) | 1))  # 6to4
        yield str(IPv6Address((0x20010000 << 96) | (~number & 0xFFFFFFFF)))  # Teredo


def urls() -> list[str]:
    """URLs that are refused: those addresses, other ways to write them, and what two readers of URLs may take for two things."""
    literal = [f"https://[{address}]/" if ":" in address else f"https://{address}/" for address in addresses()]
    return list(dict.fromkeys([*literal, *NUMBERS, *CONFUSED, *PORTS, *SCHEMES, *HOSTS]))


NUMBERS = tuple(
    f"https://{host}/"
    for host in (
        "2130706433", "0x7f000001", "0x7f.1", "0x7F.0.0.1", "0177.0.0.1", "0177.1", "127.1", "127.0.1", "0", "0x0", "00", "017700000001",
        "127.0.0.1.", "127.0.0.01", "127.000.000.001", "1.2.3", "1.2.3.4.5", "256.1.1.1", "8.8.8.08", "8.8.8.0x8", "example.0x7f",
        "example.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "１２７.0.0.1", "٠.٠.٠.٠", "[::1]", "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "[::1%lo]", "[fe80::1%25eth0]", "[2606:4700:0:0:0:0:0:1111]", "[2606:4700::1111%25eth0]",
        "[2606:4700:::1]", "[]", "[", "[1.2.3.4]", "[v1.fe]", "::1", "0x", "1.0x", "example.0", "%31%32%37.0.0.1", "127%2e0%2e0%2e1",
    )
)  # fmt: skip
"""F61: numbers that some readers take for addresses, and some for names."""

CONFUSED = (
    "http://127.0.0.1\\@example.com/", "https://example.com\\@127.0.0.1/", "https://example.com\\.127.0.0.1/", "https:\\\\example.com/",
    "https://a@127.0.0.1@b/", "https://a@example.com/", "https://a:b@example.com/", "https://:@example.com/", "https://@example.com/",
    "https://example.com@127.0.0.1/", "https://example.com%40127.0.0.1/", "https://example.com#@127.0.0.1/",
    "https://example.com/#fragment", "https://example.com?@127.0.0.1/#x", "https://127.0.0.1#.example.com/",
    "https://127.0.0.1?.example.com/", "https:///example.com/", "https:/example.com/", "https:example.com/", "https://", "https://?",
    "https:///", "https:////example.com/", "//example.com/", "/hook", "https://example.com\t/", "https://exa\tmple.com/",
    "https://example.com/\n", "\nhttps://example.com/", " https://example.com/", "https://example.com /", "https://example.com/ hook",
    "https://example.com/\r\nHost: evil", "https://example.com/%\x00", "ht\ntps://example.com", "https://exam\x00ple.com/",
    "https://example.com\x00.evil.com/", "https://example.com\x00@127.0.0.1/", "https://example.com/\x7f", "https://example.com/ü",
    "https://example.com/ ", "https://example.com/\u200b", "https://exa\u00admple.com/", "https://example.com／", "https://example。com/",
    "https://ｅｘａｍｐｌｅ.com/", "https://\u212aexample.com/", "https://ex\u017fample.com/", "https://bücher.example/",
    "https://exa%6dple.com/", 'https://example.com/"', "https://example.com/<", "https://example.com/{x}", "https://example.com/|",
    "https://example.com/^", "https://example.com/`", "https://example.com;@127.0.0.1/", "https://example.com,127.0.0.1/",
    "https://example.com&127.0.0.1/", "https://exam_ple.com/", "https://example.com/" + "a" * 2048, "", "https", "example.com",
    "127.0.0.1",
)  # fmt: skip
"""F62: what parsers differ about."""

PORTS = tuple(
    f"https://example.com:{port}/"
    for port in (
        "", "0", "1", "22", "25", "53", "79", "81", "442", "444", "993", "1023", "65536", "99999", "100000", "0443", "00443", "+443",
        "-1", "443 ", "4 43", "443:443", "443@127.0.0.1", "0x1bb", "４４３", "http",
    )
)  # fmt: skip

SCHEMES = (
    *(
        f"{scheme}://example.com/"
        for scheme in (
            "http", "HTTP", "ftp", "ftps", "file", "gopher", "dict", "ldap", "ldaps", "tftp", "ws", "wss", "data", "jar", "netdoc", "sftp",
            "unix", "httpss", "https+http", "",
        )
    ),
    "javascript:alert(1)", "data:text/plain,x", "file:///etc/passwd", "mailto:a@example.com", "gopher://127.0.0.1:6379/_FLUSHALL", "urn:x",
    "http:", "https:", "unix:/var/run/docker.sock",
)  # fmt: skip

HOSTS = tuple(
    f"https://{host}/"
    for host in (
        ".", "..", ".com", "example..com", "example.com.", "example.com..", "-example.com", "example-.com", "exa-.mple.com",
        "a" * 64 + ".com", ".".join(["a" * 60] * 5), "exa mple.com", "*.example.com", "example.com*", "ex*ample.com",
        "$(id).example.com", "`id`.example.com", "~", "!", "'",
    )
)  # fmt: skip

PUBLIC = (
    "https://example.com", "https://example.com/", "https://EXAMPLE.com/Hook", "HTTPS://example.com/", "https://example.com:443/",
    "https://example.com:80/", "https://example.com:1024/", "https://example.com:8443/a/b?c=d&e=f", "https://example.com:65535/",
    "https://example.com?x=1", "https://a.b.c.example.com/", "https://xn--bcher-kva.example/", "https://example.xn--p1ai/",
    "https://1.example.com/", "https://127.0.0.1.example.com/", "https://0x7f.example.com/", "https://3com.example/",
    "https://example.co.uk/hooks/%C3%BC", "https://example.com/~user/;v=1", "https://example.com/a@b", "https://example.com/a:b",
    "https://example.com/hook?url=http://127.0.0.1/", "https://example.com/[x]", "https://example.com/(x)!$'*+,=",
    "https://example.com//double", "https://8.8.8.8/", "https://1.1.1.1/", "https://9.9.9.9:8443/hook", "https://93.184.216.34/",
    "https://192.0.1.1/", "https://100.63.255.255/", "https://100.128.0.1/", "https://172.15.255.255/", "https://172.32.0.1/",
    "https://198.17.255.255/", "https://198.20.0.1/", "https://223.255.255.254/", "https://11.0.0.1/", "https://168.63.129.17/",
    "https://169.253.0.1/", "https://192.88.98.1/", "https://203.0.114.1/", "https://126.255.255.255/", "https://128.0.0.1/",
    "https://[2606:4700::1111]/", "https://[2001:4860:4860::8888]/", "https://[2a00:1450:4001:81b::200e]:8443/", "https://[2400::1]/",
    "https://[2001:200::1]/", "https://[2003::1]/", "https://[2620:4f:8001::1]/", "https://[2600:1f18::1]/hook",
)  # fmt: skip
"""URLs that are fine, many of them just beside what is not. Nothing dials them."""

"""Where webhooks may go: said by us, for each way to write an address."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.errors import ConfigurationError, DestinationNotAllowed
from coatcheck.push.networks import Networks
from coatcheck.push.target import Guard, parse_target
from tests.push.corpus import PUBLIC, addresses, urls


def test_every_address_of_the_corpus_is_refused() -> None:
    """F60: literals that libraries take for public, the edges of all special blocks, and addresses within addresses."""
    networks = Networks()
    assert len(addresses()) > 200
    assert [address for address in addresses() if networks.admit(address)] == []


def answer(url: str) -> str:
    try:
        return f"lets {Guard().check(url)} through"
    except DestinationNotAllowed as refused:
        return str(refused)


def test_every_url_of_the_corpus_is_refused_and_nothing_is_said_about_why() -> None:
    """F61, F62: number forms, parser confusion, odd ports, other schemes; 100 % of hundreds."""
    assert len(urls()) > 400
    assert {answer(url) for url in urls()} == {"Destination not allowed."}


@pytest.mark.parametrize("url", PUBLIC)
def test_public_urls_are_let_through(url: str) -> None:
    target = Guard().check(url)
    assert target.host in url.lower()
    assert target.path.startswith("/")


def test_there_are_enough_public_urls_to_say_so() -> None:
    assert len(PUBLIC) >= 50


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://example.com/", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("https://[2606:4700::1111]:8443/", "[2606:4700::1111]:8443"),
    ],
)
def test_the_host_field_names_the_port_unless_it_is_the_schemes_own(url: str, authority: str) -> None:
    assert Guard().check(url).authority == authority


def test_an_operator_opens_networks_by_their_addresses() -> None:
    guard = Guard(["10.1.0.0/16", "fd00:1::/64"], http=True)
    assert guard.check("http://10.1.2.3:8080/").host == "10.1.2.3"
    assert guard.check("https://[fd00:1::5]/").host == "fd00:1::5"
    for url in ("https://10.2.0.1/", "https://[fd00:2::5]/", "https://[::ffff:a01:203]/", "https://[2002:a01:203::]/"):
        with pytest.raises(DestinationNotAllowed):
            guard.check(url)


def test_behind_an_opened_translator_the_inner_address_counts() -> None:
    """With NAT64 allowed, what it leads to is still no way in."""
    networks = Networks(["64:ff9b::/96"])
    assert networks.admit("64:ff9b::808:808")
    assert not networks.admit("64:ff9b::7f00:1")
    assert Networks(["64:ff9b::/96", "127.0.0.0/8"]).admit("64:ff9b::7f00:1")


@pytest.mark.parametrize("network", ["10.0.0.1/8", "example.com", "10.0.0.0/33", ""])
def test_what_is_no_network_is_refused_at_the_start(network: str) -> None:
    with pytest.raises(ConfigurationError, match="webhook_allow has"):
        Networks([network])


@pytest.mark.parametrize("text", ["", "localhost", "127.0.0.1/8", "1.2.3.4%eth0", "fe80::1%eth0", "2606:4700::1111%eth0", "8.8.8"])
def test_what_is_no_plain_address_is_not_admitted(text: str) -> None:
    assert not Networks().admit(text)


@given(st.ip_addresses())
def test_what_is_admitted_is_public_for_the_standard_library_too(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if Networks().admit(str(address)):
        assert address.is_global
        assert not address.is_multicast


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    for url in (text, f"https://{text}", f"https://example.com{text}"):
        target = parse_target(url)
        assert target is None or url.lower().startswith(f"https://{target.host if ':' not in target.host else '['}")

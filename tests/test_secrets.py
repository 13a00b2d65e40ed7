"""Sealing: what is in the store is of no use without the application's own secret."""

import pytest

from coatcheck.errors import ConfigurationError, NotConfigured
from coatcheck.secrets import Seal, derive

OLD, NEW = "o" * 32, "n" * 32


def test_what_was_sealed_opens_for_its_holder_alone() -> None:
    sealed = Seal(OLD).seal(b"secret", "ep_1")
    assert b"secret" not in sealed
    assert Seal(OLD).unseal(sealed, "ep_1") == b"secret"
    with pytest.raises(ConfigurationError, match="'ep_2' was sealed with another COATCHECK_SECRET"):
        Seal(OLD).unseal(sealed, "ep_2")


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    seal = Seal(OLD)
    assert seal.seal(b"secret", "ep_1") != seal.seal(b"secret", "ep_1")


def test_while_one_replaces_another_the_first_seals_and_both_open() -> None:
    """`COATCHECK_SECRET=new,old`."""
    both = Seal(f"{NEW}, {OLD}")
    assert both.unseal(Seal(OLD).seal(b"secret", "ep_1"), "ep_1") == b"secret"
    assert Seal(NEW).unseal(both.seal(b"secret", "ep_1"), "ep_1") == b"secret"
    with pytest.raises(ConfigurationError):
        Seal(NEW).unseal(Seal(OLD).seal(b"secret", "ep_1"), "ep_1")


@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 100])
def test_what_was_damaged_does_not_open(damage: bytes) -> None:
    with pytest.raises(ConfigurationError):
        Seal(OLD).unseal(damage, "ep_1")


@pytest.mark.parametrize("secret", [None, "", " , "])
def test_without_a_secret_it_says_how_to_make_one(secret: str | None) -> None:
    with pytest.raises(NotConfigured, match="COATCHECK_SECRET to what `openssl rand"):
        Seal(secret)


def test_keys_of_different_purposes_have_nothing_in_common() -> None:
    keys = {*derive(f"{NEW},{OLD}", "one"), *derive(f"{NEW},{OLD}", "another")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}

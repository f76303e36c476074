"""Sealing and keyed hashes, with keys that are rotated."""

from __future__ import annotations

import pytest

from bot.errors import BotError
from bot.store.vault import Vault

OLD, NEW = "the old key, long enough to be one", "the new key, long enough to be one"


def test_what_an_old_key_sealed_the_new_one_beside_it_opens() -> None:
    sealed = Vault([OLD]).seal({"access": "a"})
    assert Vault([NEW, OLD]).open(sealed) == {"access": "a"}


def test_the_newest_key_seals() -> None:
    sealed = Vault([NEW, OLD]).seal({"access": "a"})
    assert Vault([NEW]).open(sealed) == {"access": "a"}
    with pytest.raises(BotError, match=r"vault\.wrong_key"):
        Vault([OLD]).open(sealed)


def test_nothing_sealed_opens_as_nothing() -> None:
    assert Vault([OLD]).open(None) == {}


@pytest.mark.parametrize("at", [0, 10, -1])
def test_a_changed_byte_is_noticed(at: int) -> None:
    sealed = bytearray(Vault([OLD]).seal({"access": "a"}))
    sealed[at] ^= 1
    with pytest.raises(BotError, match=r"vault\.wrong_key"):
        Vault([OLD]).open(bytes(sealed))


def test_hashes_come_newest_first_and_keep_their_parts_apart() -> None:
    both = Vault([NEW, OLD]).hashes("person", "1", "23")
    assert both == [*Vault([NEW]).hashes("person", "1", "23"), *Vault([OLD]).hashes("person", "1", "23")]
    assert Vault([OLD]).hashes("person", "12", "3") != Vault([OLD]).hashes("person", "1", "23")

"""Passwords: argon2id, and the few rules that keep the guessable ones out."""

from __future__ import annotations

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

SHORTEST = 10

#: OWASP's figures for argon2id (19 MiB, two passes, one lane): the whole service lives in 200 MB.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_TWO_AT_A_TIME = threading.Semaphore(2)  # a burst of sign-ins must not take the memory of the message queue
_NOBODY = _HASHER.hash("nobody has this password")


def hashed(password: str) -> str:
    with _TWO_AT_A_TIME:
        return _HASHER.hash(_plain(password))


def fits(stored: str, password: str) -> bool:
    """Whether this is the password; takes as long for an unknown person (`stored` empty)."""
    with _TWO_AT_A_TIME:
        try:
            _HASHER.verify(stored or _NOBODY, _plain(password))
        except (Argon2Error, InvalidHashError):
            return False
    return bool(stored)


def outdated(stored: str) -> bool:
    return _HASHER.check_needs_rehash(stored)


def fault(password: str, *known: str) -> str:
    """The code of what is wrong with a new password; "" when nothing is. `known`: the login, the name."""
    plain = _plain(password)
    lowered = plain.lower()
    if len(plain) < SHORTEST:
        return "password.short"
    if plain.isdigit():
        return "password.digits"
    if len(set(lowered)) < 5:
        return "password.plain"
    if any(len(word) > 3 and word.lower() in lowered for word in known):
        return "password.named"
    return ""


def _plain(password: str) -> str:
    # one keyboard writes "ệ" as one character, another as three
    return unicodedata.normalize("NFC", password)

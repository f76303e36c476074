"""Seals tokens and keys before they are stored, and makes the keyed hashes that outlive a person."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.errors import BotError


class Vault:
    """`keys` come newest first: the first seals, all open. Any text long enough is a key."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(urlsafe_b64encode(_derived(key, b"seal"))) for key in keys])
        self._hash_keys = [_derived(key, b"hash") for key in keys]

    def seal(self, value: Mapping[str, Any]) -> bytes:
        return self._fernet.encrypt(json.dumps(value).encode())

    def open(self, sealed: bytes | None) -> dict[str, Any]:
        """Raise BotError("vault.wrong_key") when SECRET_KEY is not the one it was sealed with."""
        if not sealed:
            return {}
        try:
            opened: dict[str, Any] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise BotError("vault.wrong_key") from None
        return opened

    def hashes(self, *parts: str) -> list[str]:
        """Hash an id so that only the holder of the key could find it again; one for each key, newest first."""
        text = "\x1f".join(parts).encode()
        return [hmac.digest(key, text, "sha256").hex() for key in self._hash_keys]


def _derived(key: str, purpose: bytes) -> bytes:
    # the keys are long and random by rule, so one keyed hash separates the purposes; no stretching is needed
    return hmac.new(key.encode(), b"union-bot " + purpose, hashlib.sha256).digest()

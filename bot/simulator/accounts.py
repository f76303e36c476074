"""The made-up Official Account and Page: their ids, keys and tokens, all derived from one secret."""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

GRAPH_VERSION = "v25.0"
ACCESS_LIFE_S = 25 * 3600
REFRESH_LIFE_S = 90 * 86400


@dataclass(frozen=True, slots=True)
class SimulatedAccount:
    """What a bot needs to serve the account. Fields that a platform does not have stay empty."""

    platform: str  # "zalo" | "messenger"
    external_id: str
    name: str
    app_id: str
    app_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    api_url: str = ""  # without trailing slash
    refresh_token: str = field(default="", repr=False)
    oauth_url: str = ""
    oa_secret_key: str = field(default="", repr=False)  # Zalo: signs the webhooks
    verify_token: str = field(default="", repr=False)  # Messenger: the GET handshake
    api_version: str = ""

    def environment(self) -> dict[str, str]:
        """Give the environment variables that make a bot serve this account."""
        return _ENVIRONMENT[self.platform](self)


class Keyring:
    """Derives every id, key and token from one secret: a restart gives the same, and nobody can guess them."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def digits(self, label: str, length: int) -> str:
        """Give an id as the platforms write them: digits, the first not 0."""
        number = int.from_bytes(self._digest(label), "big")
        return str(10 ** (length - 1) + number % (9 * 10 ** (length - 1)))

    def key(self, label: str, length: int = 32) -> str:
        return self._digest(label).hex()[:length]

    def _digest(self, label: str) -> bytes:
        return hmac.new(self._secret, label.encode(), hashlib.sha256).digest()


@dataclass(frozen=True, slots=True)
class Pair:
    access: str
    refresh: str


class RotatingTokens:
    """Zalo's token chain: a refresh is single use and kills the old pair at once.

    A token carries its generation, its time of issue and a signature, so a double that was started anew still knows
    the pair that a bot has kept: a well-signed token of a later generation moves the chain on.
    """

    _FORM = re.compile(r"([AR])\.(\d{1,9})\.(\d{1,12})\.([0-9a-f]{32})")

    def __init__(self, keyring: Keyring, now: Callable[[], float]) -> None:
        self._keyring, self._now = keyring, now
        self._generation = 0
        self._revoked = False  # the access token was killed, the refresh token lives
        self._spent = False  # the refresh token is lost too: a person must consent again
        self._lock = threading.Lock()
        # the first pair is the same at each start, as a bot seeds it only when it changes
        self._pair = self._issue(0)

    @property
    def pair(self) -> Pair:
        with self._lock:
            return self._pair

    def alive(self, access: str) -> str:
        """Say what is wrong with an access token: "" (nothing), "invalid" or "expired"."""
        with self._lock:
            found = self._read("A", access)
            if found is None:
                return "invalid"
            generation, issued = found
            self._catch_up(generation)
            if generation < self._generation or self._revoked:
                return "invalid"
            return "expired" if issued and self._now() - issued > ACCESS_LIFE_S else ""

    def refresh(self, refresh: str) -> Pair | None:
        """Give a fresh pair for a refresh token that was not used yet; None otherwise."""
        with self._lock:
            found = self._read("R", refresh)
            if found is None or self._spent:
                return None
            generation, issued = found
            self._catch_up(generation)
            if generation < self._generation or (issued and self._now() - issued > REFRESH_LIFE_S):
                return None
            self._generation += 1
            self._revoked = False
            self._pair = self._issue(int(self._now()))
            return self._pair

    def revoke(self, *, refresh_too: bool = False) -> None:
        with self._lock:
            self._revoked, self._spent = True, refresh_too

    def consent_again(self) -> Pair:
        """Do what the administrator does after a lost pair: a new one comes from the developer's site."""
        with self._lock:
            self._generation += 1
            self._revoked = self._spent = False
            self._pair = self._issue(int(self._now()))
            return self._pair

    def _catch_up(self, generation: int) -> None:
        self._generation = max(self._generation, generation)

    def _issue(self, at: int) -> Pair:
        return Pair(*(self._write(kind, self._generation, at) for kind in "AR"))

    def _write(self, kind: str, generation: int, at: int) -> str:
        told = f"{kind}.{generation}.{at}"
        return f"{told}.{self._keyring.key(f'token {told}')}"

    def _read(self, kind: str, token: str) -> tuple[int, int] | None:
        form = self._FORM.fullmatch(token)
        if form is None or form[1] != kind:
            return None
        generation, issued = int(form[2]), int(form[3])
        same = hmac.compare_digest(token, self._write(kind, generation, issued))
        return (generation, issued) if same else None


def zalo_account(keyring: Keyring, own_url: str, pair: Pair) -> SimulatedAccount:
    return SimulatedAccount(
        platform="zalo",
        external_id=keyring.digits("zalo oa", 19),
        name="Công đoàn (bản thử)",
        app_id=keyring.digits("zalo app", 19),
        app_secret=keyring.key("zalo app secret", 20),
        access_token=pair.access,
        refresh_token=pair.refresh,
        api_url=f"{own_url}/zalo",
        oauth_url=f"{own_url}/zalo-oauth",
        oa_secret_key=keyring.key("zalo oa secret", 20),
    )


def messenger_account(keyring: Keyring, own_url: str) -> SimulatedAccount:
    return SimulatedAccount(
        platform="messenger",
        external_id=keyring.digits("messenger page", 15),
        name="Công đoàn (bản thử)",
        app_id=keyring.digits("messenger app", 16),
        app_secret=keyring.key("messenger app secret"),
        access_token="EAAG" + keyring.key("messenger token", 60),
        api_url=f"{own_url}/graph",
        verify_token=keyring.key("messenger verify"),
        api_version=GRAPH_VERSION,
    )


def _zalo_environment(account: SimulatedAccount) -> dict[str, str]:
    return {
        "ZALO_APP_ID": account.app_id,
        "ZALO_APP_SECRET": account.app_secret,
        "ZALO_OA_ID": account.external_id,
        "ZALO_OA_SECRET_KEY": account.oa_secret_key,
        "ZALO_ACCESS_TOKEN": account.access_token,
        "ZALO_REFRESH_TOKEN": account.refresh_token,
        "ZALO_API_URL": account.api_url,
        "ZALO_OAUTH_URL": account.oauth_url,
    }


def _messenger_environment(account: SimulatedAccount) -> dict[str, str]:
    return {
        "MESSENGER_APP_ID": account.app_id,
        "MESSENGER_APP_SECRET": account.app_secret,
        "MESSENGER_VERIFY_TOKEN": account.verify_token,
        "MESSENGER_PAGE_ID": account.external_id,
        "MESSENGER_PAGE_ACCESS_TOKEN": account.access_token,
        "MESSENGER_API_URL": account.api_url,
        "MESSENGER_API_VERSION": account.api_version,
    }


_ENVIRONMENT = {"zalo": _zalo_environment, "messenger": _messenger_environment}

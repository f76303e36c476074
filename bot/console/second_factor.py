"""The second factor: codes of an authenticator app (RFC 6238), each once, and printed recovery codes."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime

import pyotp
import segno

from bot.store.vault import Vault

PERIOD_S = 30
CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike on paper


def new_secret() -> str:
    return pyotp.random_base32()


def step(secret: str, code: str, now: datetime) -> int | None:
    """The half minute this code belongs to: the present one or a neighbour, for clocks that differ. None: wrong."""
    present = int(now.timestamp()) // PERIOD_S
    maker = pyotp.TOTP(secret)
    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    return next(
        (at for at in (present, present - 1, present + 1) if hmac.compare_digest(maker.generate_otp(at), digits)), None
    )


def address(secret: str, login: str, issuer: str) -> str:
    """What the QR code holds for the app."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def qr(text: str) -> str:
    """A QR code as an SVG element without styles of its own."""
    made: str = segno.make(text, error="m", micro=False).svg_inline(
        omitsize=True, border=2, svgclass="qr", lineclass=None
    )
    return made


def new_codes() -> list[str]:
    return ["-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(2)) for _ in range(CODES)]


def code_hashes(vault: Vault, staff_id: int, code: str) -> list[str]:
    """Under each key, newest first; however it was typed."""
    return vault.hashes("recovery", str(staff_id), re.sub(r"[\s-]", "", code.lower()))

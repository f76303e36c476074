"""The code an author follows their initiative by: digits to read out over the phone, the last one a check.

"SK-48273-6". The check digit is Damm's: it finds every single wrong digit and every two neighbours that changed places.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

DIGITS = 5
_TABLE = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip
#: "SK-48273-6", "sk 482736", "mã số sk48273 6"; the digits may be grouped in any way.
_WRITTEN = re.compile(r"(?<![^\W\d_])sk[\s\-–.:#]{0,3}(\d(?:[\s\-–.]?\d){3,9})(?!\d)", re.IGNORECASE)
_BARE = re.compile(r"\s*(\d(?:[\s\-–.]?\d){5,8})\s*")


def check_digit(digits: str) -> str:
    state = 0
    for digit in digits:
        state = int(_TABLE[state][int(digit)])
    return str(state)


def good(digits: str) -> bool:
    """Whether digits with their check at the end belong together."""
    return len(digits) > DIGITS and check_digit(digits) == "0"


def written(digits: str) -> str:
    """Digits with their check as people see them."""
    return f"SK-{digits[:-1]}-{digits[-1]}"


def fresh(length: int = DIGITS) -> str:
    """A new code, not in order: it tells nobody how many there are. Whether it is free, the database says."""
    digits = str(secrets.randbelow(10**length)).zfill(length)
    return written(digits + check_digit(digits))


def read(text: str, *, bare: bool = False) -> tuple[list[str], bool]:
    """The codes in a text, and whether one of them has a slip of the finger. `bare`: also one without its letters."""
    found = [re.sub(r"\D", "", digits) for digits in _found(text, bare=bare)]
    right = list(dict.fromkeys(written(digits) for digits in found if good(digits)))
    return right, any(not good(digits) for digits in found)


def _found(text: str, *, bare: bool) -> Iterator[str]:
    yield from _WRITTEN.findall(text)
    if bare and (alone := _BARE.fullmatch(text)):
        yield alone.group(1)

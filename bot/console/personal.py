"""Signs of personal data in words that are about to become everybody's."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"\d(?:[\s.\-]?\d){7,}")  # a phone's or an identity card's number
_ADDRESS = re.compile(r"\S+@\S+\.\S+")


def found(text: str) -> bool:
    """A number or an address of somebody stands in it. Names no program can tell: the officer reads every line."""
    return bool(_DIGITS.search(text) or _ADDRESS.search(text))

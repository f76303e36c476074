"""Cuts a message into the questions it may hold. Whether they are answered one by one is decided by what they mean."""

from __future__ import annotations

import re

from bot.library.vietnamese import fold, nfc

MOST = 3
FEWEST_WORDS = 2

#: Words with which people begin another question, and those that only do when a question word follows "và".
_OPENING = (
    "con|roi|voi lai|vs lai|voi ca|san|tien the|luon tien|ngoai ra|them nua|hoi them|cho hoi them|ma cho hoi|"
    "va cho hoi|voi cho hoi|dong thoi"
)
_ASKING = "ai|khi nao|bao gio|o dau|bao nhieu|co"
#: Borders: sentence ends, line breaks, commas, and those words.
_BORDER = re.compile(rf"[?!;\n]+|\.(?=\s|$)|[,.]?\s+(?=(?:{_OPENING})\b)|\s+va\s+(?=(?:{_ASKING})\b)|,\s*")
#: A piece asks something when it holds one of these.
_ASKS = re.compile(
    r"\b(ai|gi|j|sao|dau|khong|ko|k|hk|hok|hong|hon|khum|may|bao nhieu|bn|nhieu|nhiu|khi nao|bao gio|chung nao|nao|ha|"
    r"hay|chua|ntn|mo|chi|rang|the nao|bao lau|dc)\b"
)


def split(text: str) -> tuple[str, ...]:
    """The pieces that each ask something, in their order, at most MOST; none when the message is one question."""
    composed = nfc(text)
    plain = fold(composed)
    if len(plain) != len(composed):  # folding changed the length (rare letters): the borders would not fit
        return ()
    pieces: list[str] = []
    start = 0
    for border in [*_BORDER.finditer(plain), None]:
        piece = composed[start : border.start() if border else len(composed)].strip(" ,.")
        start = border.end() if border else len(composed)
        if piece:
            pieces.append(piece)
    asking = [piece for piece in pieces if len(piece.split()) >= FEWEST_WORDS and _ASKS.search(fold(piece))]
    return tuple(asking) if 1 < len(asking) <= MOST else ()

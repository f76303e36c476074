"""What the record makes of an author's words: money, dates, the places they may mean. The words stay as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from bot.library.vietnamese import fold, normalise
from bot.store import units
from bot.store.units import Unit

_UNITS = {"ty": 10**9, "ti": 10**9, "trieu": 10**6, "tr": 10**6, "cu": 10**6, "nghin": 1000, "ngan": 1000,
          "k": 1000, "dong": 1, "d": 1, "vnd": 1}  # fmt: skip
_AMOUNT = re.compile(
    r"(\d+(?:[.,]\d+)*)\s*(ty|ti|trieu|tr|cu|nghin|ngan|k|dong|vnd|d)(?![a-z])\s*(?:(\d{1,3})(?![\d.,]))?(\s*ruoi)?"
)
_SHORTER = re.compile(r"(?:/|moi|mot|tung|1) ?(?:ngay|thang|ca|gio|tuan|sp|san pham|cai|chuyen)\b")
MOST = 10**15  # more is a slip of the finger
_COMPANY = re.compile(
    r"^(?:cong doan )?(?:co so )?(?:cong ty|cty|xi nghiep|nha may)?\s*(?:tnhh|co phan|cp)?\s*(?:mtv|mot thanh vien)?\s*"
)


def money(said: str) -> int | None:
    """An amount in đồng a year: "80 triệu", "1 tỷ 2", "120.000.000 đồng". None when none is named with its unit.

    Also None for an amount a day, a month or a piece: nobody but the author can say what that is in a year.
    """
    best: int | None = None
    if _SHORTER.search(fold(said)):
        return None
    for number, unit, tail, half in _AMOUNT.findall(fold(said)):
        scale = _UNITS[unit]
        value = _number(number, scale) * scale
        if tail and scale >= 10**6:  # "1 tỷ 2": two tenths; "1 tỷ 200": two hundred million
            value += Decimal(f"0.{tail}") * scale
        if half:
            value += Decimal(scale) / 2
        best = max(best or 0, int(value))
    return best if best is not None and 0 < best <= MOST else None


def _number(written: str, scale: int) -> Decimal:
    """Dots and commas group thousands, or mark tenths before a word such as "tỷ"."""
    groups = re.split(r"[.,]", written)
    if len(groups) == 2 and scale >= 10**6 and len(groups[1]) < 3:
        return Decimal(f"{groups[0]}.{groups[1]}")
    return Decimal("".join(groups))


def year_later(since: date) -> date:
    """The last day to apply at the workplace (Decree 13/2012, Article 5.2)."""
    try:
        return since.replace(year=since.year + 1)
    except ValueError:  # the 29th of February
        return date(since.year + 1, 2, 28)


def last_day(since: date | None, precision: str) -> date | None:
    """None where the first use is not known to the month at least."""
    return year_later(since) if since and precision in {"day", "month"} else None


def places(known: Mapping[int, Unit], said: str, on: date) -> Sequence[tuple[int, str]]:
    """The units a member may mean: as written, with short forms spelled out, then by the name alone."""
    plain = normalise(said)
    for words in (said, plain, _COMPANY.sub("", plain)):
        if len(words) > 2 and (found := units.meant(known, words, on)):
            return [(unit.id, unit.name) for unit in found]
    return ()

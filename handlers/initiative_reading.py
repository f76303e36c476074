"""What a member's words say, for the form: when, who, born when, tried or not. Nothing here changes what they wrote."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

USED, TRIED, UNTRIED = "used", "tried", "untried"
GROWN_UP = 16  # under that age a person helps, not a form
LONGEST = 4000
LONGEST_LINE = 160


def fold(text: str) -> str:
    """Lower case without tone marks, one space between words."""
    spread = unicodedata.normalize("NFD", text.lower()).replace("đ", "d")
    return " ".join("".join(letter for letter in spread if not unicodedata.combining(letter)).split())


# ---- a question, or what belongs into the form ----

_ENDS = re.compile(
    r"\b(khong|ko|k|hong|hok|khum|kg|chua|gi|j|nao|sao|dau|may gio|ai|bao nhieu|bnh|nhieu|bao lau|the nao|ntn)"
    r"(?: (?:vay|v|z|zay|a|ha|hen|ad|ta|the|day|do|nhi|em|anh|chi|ban|ạ|da|di))*[ ?.!]*$"
)
_HOLDS = re.compile(
    r"\?|\b(la gi|la j|cho hoi|cho e hoi|cho em hoi|hoi la|nhu the nao|bao nhieu|bao lau|khi nao|o dau|co phai"
    r"|phai khong|duoc khong|dc ko|dc k|co duoc|sao (?:ma )?(?:chua|khong|ko|hong)|vi sao|tai sao|chung nao|bao gio)\b"
    r"|^sao \w+|\bsao (?:\w+ ){0,4}(?:vay|z|v|the|ta)\b"
)


def asks(text: str) -> bool:
    """It is put as a question."""
    plain = fold(text)
    return bool(_ENDS.search(plain) or _HOLDS.search(plain))


#: What the wish to hand in is said with.
_WISH = (
    "sang kien sk nop gui goi dang ky dk viet khai bao ghi danh cai tien y tuong de xuat don ho so mau "
    "muon mun can cho xin em e toi tui minh m a anh chi c ad admin oi da vang thi la lam sao o dau nhu "
    "the nao bat tu voi vs nha nhe ah giup dum gium mot 1 nay moi co duoc dc khong ko hong duoi qua day "
    "ki thuat phap giai ban than cua thu tuc bieu hinh loi hay lon tham gia ben cong doan union gi j hoi "
    "di len tren tiep huong dan"
)
_EMPTY_WORDS = frozenset(_WISH.split())


def substance(text: str) -> bool:
    """More than the wish to hand in: at least three words of its own."""
    words = [word for word in re.findall(r"[^\W_]+", fold(text)) if word not in _EMPTY_WORDS]
    return len(words) >= 3


_FOR_ANOTHER = re.compile(
    r"\b(?:nop|gui|goi|dang ky|khai) (?:\w+ ){0,2}?(?:giup|gium|dum|ho|thay|gium cho)\b"
    r"|\bthay mat\b|\bnop (?:giup|ho|thay|dum|gium)"
)
_THE_BOT = re.compile(r"(?:ad|em|bot|admin) (?:nop|gui)|nhan (?:giup|dum|gium)")


def for_another(text: str) -> bool:
    """Handed in for somebody else: "nộp giùm anh Tư"."""
    plain = fold(text)
    return bool(_FOR_ANOTHER.search(plain)) and not _THE_BOT.search(plain)


# ---- used or tried, since when ----

_UNTRIED = re.compile(
    r"\b(?:chua (?:lam|thu|dung|xai|ap dung|dem|trien khai|co thu|kip|tung)|moi nghi|trong dau|y tuong)"
)
_TRIED = re.compile(r"\b(?:(?:lam|dung|chay|xai|ap dung|dang) thu|thu nghiem|thu roi|da thu|moi thu|thi diem)\b")
_USED = re.compile(r"\b(?:dung|xai|ap dung|su dung|dang chay|dua vao|trien khai|hoat dong|roi|tu|hon|co)\b")


def use_of(text: str) -> str:
    """USED, TRIED, UNTRIED, or "" when the words do not say."""
    plain = fold(text)
    if _UNTRIED.search(plain):
        return UNTRIED
    if _TRIED.search(plain):
        return TRIED
    return USED if _USED.search(plain) else ""


@dataclass(frozen=True, slots=True)
class Since:
    """A day, with how exactly it is known: day, month or year (then the first day of it)."""

    day: date
    precision: str


_DAY = re.compile(r"(?<!\d)(\d{1,2}) ?[/.\-] ?(\d{1,2}) ?[/.\-] ?(\d{4}|\d{2})(?!\d)")
_DAY_WORDS = re.compile(r"ngay (\d{1,2}) thang (\d{1,2})(?: nam (\d{4}))?")
_MONTH = re.compile(r"(?<![\d/])(\d{1,2}) ?[/.\-] ?(20\d\d)(?!\d)")
_MONTH_WORDS = re.compile(r"(?:thang|t)\.? ?(\d{1,2})(?:[ ,]*(?:/|nam) ?(20\d\d))?(?: (nam ngoai))?")
_YEAR = re.compile(r"(?<![\d/.])(20\d\d|19\d\d)(?!\d)")
_AGO = re.compile(r"(\d{1,3}|mot|hai|ba|bon|nam|sau|bay|tam|chin|muoi) (ngay|tuan|thang|nam) (?:truoc|nay|roi|qua)")
_COUNT = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9, "muoi": 10}
_NEAR = (
    ("hom nay", 0, "day"),
    ("hom qua", 1, "day"),
    ("hom kia", 2, "day"),
    ("tuan nay", 0, "month"),
    ("tuan truoc", 7, "month"),
    ("tuan roi", 7, "month"),
)


def since_of(text: str, today: date) -> Since | None:
    """The date in somebody's words; one without its year is the newest that has passed. None when there is none."""
    plain = fold(text)
    found = _dated(plain, today) or _relative(plain, today)
    return found if found is not None and found.day.year > 1950 else None


def _dated(plain: str, today: date) -> Since | None:
    if match := _DAY.search(plain):
        day, month, year = (int(part) for part in match.groups())
        return _at(year + 2000 if year < 100 else year, month, day, "day")
    if match := _DAY_WORDS.search(plain):
        return _passed(today, int(match[2]), int(match[1]), match[3])
    if match := _MONTH.search(plain):
        return _at(int(match[2]), int(match[1]), 1, "month")
    if (match := _MONTH_WORDS.search(plain)) and not _AGO.search(plain):
        if match[3]:
            return _at(today.year - 1, int(match[1]), 1, "month")
        return _passed(today, int(match[1]), None, match[2])
    if match := _YEAR.search(plain):
        return _at(int(match[1]), 1, 1, "year")
    return None


def _relative(plain: str, today: date) -> Since | None:
    for words, days, precision in _NEAR:
        if words in plain:
            day = today - timedelta(days=days)
            return Since(day if precision == "day" else day.replace(day=1), precision)
    if match := _AGO.search(plain):
        return _ago(today, match[1], match[2])
    if "thang truoc" in plain or "thang roi" in plain:
        return _ago(today, "1", "thang")
    if "thang nay" in plain:
        return Since(today.replace(day=1), "month")
    if "nam ngoai" in plain or "nam roi" in plain or "nam truoc" in plain:
        return Since(date(today.year - 1, 1, 1), "year")
    return Since(date(today.year, 1, 1), "year") if "nam nay" in plain or "dau nam" in plain else None


def _ago(today: date, how_many: str, what: str) -> Since | None:
    n = int(how_many) if how_many.isdecimal() else _COUNT.get(how_many)
    if n is None or n > 400:
        return None
    if what == "nam":
        return Since(date(max(today.year - n, 1), 1, 1), "year")
    if what == "thang":
        months = today.year * 12 + today.month - 1 - n
        return Since(date(max(months // 12, 1), months % 12 + 1, 1), "month")
    day = today - timedelta(days=n * (7 if what == "tuan" else 1))
    return Since(day, "day") if what == "ngay" else Since(day.replace(day=1), "month")


def year_later(iso: str) -> date:
    """The last day of the year that begins with this day."""
    day = date.fromisoformat(iso)
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # the 29th of February
        return date(day.year + 1, 2, 28)


def _passed(today: date, month: int, day: int | None, year: str | None) -> Since | None:
    precision = "month" if day is None else "day"
    made = _at(int(year) if year else today.year, month, day or 1, precision)
    if made is not None and not year and made.day > today:
        return _at(today.year - 1, month, day or 1, precision)
    return made


def _at(year: int, month: int, day: int, precision: str) -> Since | None:
    try:
        return Since(date(year, month, day), precision)
    except ValueError:
        return None


# ---- who, born when, by which number ----

_BORN = re.compile(
    # "sinh" alone only in small letters: "Sinh" may be the name itself
    r"(?:,|\(|;)?\s*(?:sinh\s*(?:ngày|ngay|năm|nam)|(?-i:\bsinh)|năm\s*sinh|nam\s*sinh|\bsn|\bns|\bs)?\s*[:.]?\s*"
    r"(?:\d{1,2}\s*[/.\-]\s*\d{1,2}\s*[/.\-]\s*)?((?:19|20)\d\d)\s*\)?",
    re.IGNORECASE,
)
_BORN_SHORT = re.compile(
    r"(?:,|\(|;)?\s*(?:sinh\s*(?:năm|nam)?|năm\s*sinh|nam\s*sinh|sn|ns)\s*[:.]?\s*(\d\d)(?!\d)\)?", re.IGNORECASE
)
_LED_IN = re.compile(
    r"^(?:(?:dạ|da|em|e|tôi|toi|tui|mình|minh|anh|chị|chi|tác giả|tac gia|họ và tên|ho va ten|họ tên|ho ten|tên|ten|là)"
    r"\s*[:,.]?\s+)+(?=\S)",
    re.IGNORECASE,
)


def author_of(text: str, today: date) -> tuple[str, int | None]:
    """Name and year of birth, as far as they are there."""
    line = " ".join(text.split())
    born = None
    if match := _BORN.search(line) or _BORN_SHORT.search(line):
        year = int(match[1])
        born = year if year > 99 else year + (1900 if year > (today.year - 5) % 100 else 2000)
        line = f"{line[: match.start()]} {line[match.end() :]}"
    name = _LED_IN.sub("", line.strip(" ,.;:-–()")).strip(" ,.;:-–()")
    good = 2 <= len(name) <= 80 and not re.search(r"\d|http|[@<>{}]", name) and any(map(str.isalpha, name))
    return (name if good else "", born if born and today.year - 100 < born <= today.year else None)


def phone_of(text: str) -> str:
    """A Vietnamese number as ten digits; "" when there is none."""
    digits = re.sub(r"[\s.\-()]", "", text)
    found = re.search(r"(?<!\d)(?:\+?84|0)(\d{9})(?!\d)", digits)
    return f"0{found.group(1)}" if found else ""


_CODE = re.compile(
    r"(?<![^\W\d_])sk[\s\-–.:#]{0,3}\d(?:[\s\-–.]?\d){3,9}|^\s*\d(?:[\s\-–.]?\d){5,8}\s*$", re.IGNORECASE
)
_CLAIM = re.compile(r"xac nhan\D{0,12}?sk\D{0,3}(\d{5,8})\D{0,2}(\d)\D{1,5}(\d{4})(?!\d)")


def code(text: str) -> bool:
    """A tracking code stands in it, right or wrong."""
    return bool(_CODE.search(text))


def claim(text: str) -> tuple[str, str] | None:
    """Code and number of "xác nhận SK-48273-6 1234"."""
    found = _CLAIM.search(fold(text))
    return (f"SK-{found[1]}-{found[2]}", found[3]) if found else None


# ---- a long message that answers several questions ----

_LABELS = {
    "what": "cach lam|giai phap|noi dung|da lam gi|viec da lam|sang kien|mo ta",
    "before": "truoc day|truoc kia|truoc do|hoi truoc|luc truoc|hien trang|tinh trang|thuc trang|truoc do ra sao|truoc",
    "result": "ket qua|hieu qua|loi ich|loi duoc|ket qua dat duoc",
    "use": "ap dung|bat dau dung|dung tu|da dung chua|thoi gian ap dung|ngay ap dung|ap dung tu|lam thu",
    "place": "noi lam viec|don vi|cong ty|cho lam|co quan",
    "author": "tac gia|ho ten|ho va ten|ten tac gia|nguoi viet",
    "title": "ten sang kien|ten giai phap",
    "phone": "dien thoai|so dien thoai|sdt|dt",
}
_KEYS = {label: key for key, labels in _LABELS.items() for label in labels.split("|")}


def pieces(text: str, labels: Mapping[str, str]) -> dict[str, str]:
    """The parts of a message by field, where they carry labels; "" is what stands before the first.

    `labels`: those of the loaded form, beside the ones people use. The words of each part stay as they were written.
    """
    known = {**_KEYS, **{fold(label): key for key, label in labels.items()}}
    pattern = "|".join(re.escape(label) for label in sorted(known, key=len, reverse=True))
    cut = re.compile(rf"(?:^|(?<=[.;\n]))[ \t]*(?:[-*•]\s*)?({pattern})\s*[:=–-]\s*")
    flat = _same_length(text)
    found: dict[str, str] = {}
    for key, part in _between(text, list(cut.finditer(flat)), known):
        if part := part.strip(" \n\t;"):
            found[key] = f"{found[key]}\n{part}" if key in found else part
    return found


def _between(text: str, cuts: list[re.Match[str]], known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "", text[: cuts[0].start()] if cuts else text
    for at, cut in enumerate(cuts):
        end = cuts[at + 1].start() if at + 1 < len(cuts) else len(text)
        yield known[" ".join(cut.group(1).split())], text[cut.end() : end]


def _same_length(text: str) -> str:
    """Folded letter by letter, so that places in it are places in the text."""
    return "".join(_bare(letter) for letter in text)


def _bare(letter: str) -> str:
    low = unicodedata.normalize("NFD", letter.lower())[:1]
    return "d" if low == "đ" else low or letter

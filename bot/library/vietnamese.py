"""Vietnamese for matching only: what people type, brought to one form. What they wrote is never changed."""

from __future__ import annotations

import re
import unicodedata

#: Only forms with one reading in this domain; sk, kh, cd, dk, cn and the like stay as they are and context decides.
SHORT_FORMS = {
    "ko": "khong", "k": "khong", "hok": "khong", "hong": "khong", "hông": "khong", "hổng": "khong", "hk": "khong",
    "khum": "khong", "kg": "khong", "kh0ng": "khong", "dc": "duoc", "đc": "duoc", "đuoc": "duoc", "j": "gi",
    "zì": "gi", "rì": "gi", "z": "vay", "v": "vay", "dị": "vay", "zị": "vay", "zậy": "vay", "dậy": "vay", "dzậy": "vay",
    "dzay": "vay", "zay": "vay", "r": "roi", "gòi": "roi", "ròi": "roi", "vs": "voi", "ng": "nguoi", "mn": "moi nguoi",
    "mng": "moi nguoi", "trc": "truoc", "ms": "moi", "lm": "lam", "bt": "biet", "bít": "biet", "bik": "biet",
    "cx": "cung", "cty": "cong ty", "ntn": "nhu the nao", "nhiu": "nhieu", "tui": "toi", "mk": "minh", "ad": "admin",
    "cđ": "cong doan", "cdcs": "cong doan co so", "cđcs": "cong doan co so", "nld": "nguoi lao dong",
    "nlđ": "nguoi lao dong", "ldld": "lien doan lao dong", "lđlđ": "lien doan lao dong", "tld": "tong lien doan",
    "tlđ": "tong lien doan", "khcn": "khoa hoc cong nghe", "nckh": "nghien cuu khoa hoc", "dmst": "doi moi sang tao",
    "đmst": "doi moi sang tao", "bhxh": "bao hiem xa hoi", "bhyt": "bao hiem y te", "bhtn": "bao hiem that nghiep",
    "nq": "nghi quyet", "ngvien": "nhan vien", "tks": "cam on", "thks": "cam on",
}  # fmt: skip

_WORD = re.compile(r"[^\W_]+|[^\w\s]", re.UNICODE)
_STRETCHED = re.compile(r"(\w)\1{2,}")
_TELEX_TONE = re.compile(r"^([a-z]*?(?:aa|aw|ee|oo|ow|uw|dd|[aeiouy])[a-z]*)([sfrxj])$")
_TELEX_INNER_TONE = re.compile(r"(?<=[aeiouyw])[fj](?=[a-z])")  # no Vietnamese syllable holds f or j
_TELEX_PAIRS = (("dd", "d"), ("aa", "a"), ("aw", "a"), ("ee", "e"), ("oo", "o"), ("ow", "o"), ("uw", "u"))


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Lower case without tone marks, with đ as d: "Đoàn" and "doan" become one."""
    spread = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """The words and signs of a message, folded, with short forms spelled out and raw Telex keys undone."""
    found: list[str] = []
    for token in _WORD.findall(nfc(text).lower()):
        plain = _STRETCHED.sub(r"\1", token)
        spelled = SHORT_FORMS.get(plain)
        found.extend(spelled.split() if spelled else [_untelex(fold(plain))])
    return found


def normalise(text: str) -> str:
    return " ".join(words(text))


def _untelex(word: str) -> str:
    """Undo Telex typed with the input method off: "nghij" to "nghi", "nafo" to "nao", "dduwowcj" to "duoc"."""
    word = _TELEX_INNER_TONE.sub("", word)
    marked = any(pair in word for pair, _ in _TELEX_PAIRS)
    tone = _TELEX_TONE.match(word)
    if not marked and not (tone and len(word) > 2):
        return word
    if tone:
        word = tone.group(1)
    for pair, letter in _TELEX_PAIRS:
        word = word.replace(pair, letter)
    return word

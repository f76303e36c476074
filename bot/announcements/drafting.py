"""What an announcement says to one person: merge fields filled in, cut as each platform takes it, in one message."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from bot.announcements.announcing import Announcing, Words
from bot.library.vietnamese import fold, nfc
from bot.messages import PAYLOAD_PREFIX, Button, Outbound, Part
from bot.platforms.contract import Platform
from bot.store import announcements
from bot.store.announcements import Announcement
from bot.talk import Texts

#: Merge fields as officers write them, folded: "{tên}" and "{ten}" are the same.
NAME, UNIT, INITIATIVE = "ten", "don vi", "sang kien"
FIELDS = {NAME: "{tên}", UNIT: "{đơn vị}", INITIATIVE: "{sáng kiến}"}
_FIELD = re.compile(r"\{([^{}\n]{1,30})\}")
#: The longest value that the preview tries; a longer one is cut.
LONGEST = {
    NAME: "Nguyễn Hoàng Phương Khánh Quỳnh",
    UNIT: "Công đoàn cơ sở Công ty Trách nhiệm hữu hạn May mặc Phước Đông",
    INITIATIVE: "đã nộp, đang chờ cơ sở xem xét",
}
MOST_VALUE = 80
SAMPLE = f"https://{'x' * 80}"
#: Platforms that put a picture and its text into one message.
PICTURE_INSIDE = frozenset({"zalo"})
MOST_BUTTONS = 5
MOST_CHOICES = 6


@dataclass(frozen=True, slots=True)
class Message:
    """The text of one announcement before anybody's values are put in."""

    number: int
    title: str
    body: str
    buttons: tuple[tuple[str, str], ...]  # title, and an address or "@action"
    choices: tuple[str, ...]
    free: bool  # the question also takes free words
    pictured: bool = False
    picture: str = ""  # its address; while it is only looked at, one as long as the real one stands there

    @classmethod
    def of(cls, one: Announcement) -> Message:
        asked = one.question
        return cls(
            one.id,
            one.title,
            one.body,
            tuple((title, to) for title, to in one.buttons),
            tuple(asked.get("choices", ())),
            bool(asked.get("free")),
            one.picture_id is not None,
        )

    @property
    def merges(self) -> bool:
        """Whether people get different texts."""
        return bool(fields_of(self.body) & FIELDS.keys())


def fields_of(text: str) -> frozenset[str]:
    return frozenset(_folded(name) for name in _FIELD.findall(nfc(text)))


def unknown_fields(text: str) -> list[str]:
    return sorted({f"{{{name}}}" for name in _FIELD.findall(nfc(text)) if _folded(name) not in FIELDS})


def _folded(name: str) -> str:
    return " ".join(fold(nfc(name)).replace("_", " ").split())


def text(message: Message, words: Words, values: Mapping[str, str]) -> str:
    """What one person reads. A line about an initiative that is not there is left out whole."""
    organisation, found = words.organisation, own(words, values)
    lines = [
        _FIELD.sub(lambda match: found.get(_folded(match.group(1)), match.group(0)), line)
        for line in nfc(message.body).split("\n")
        if INITIATIVE not in fields_of(line) or found[INITIATIVE]
    ]
    parts = [message.title.strip(), re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), organisation.signature]
    closing = words.texts("announcement.stop")
    return nfc("\n".join(part for part in [*parts, closing] if part))


def own(words: Words, values: Mapping[str, str]) -> dict[str, str]:
    """Merge field to what stands there for one person: common words where nothing is known."""
    member = words.organisation.member_word
    missing = {NAME: member, UNIT: f"nơi {member} làm việc", INITIATIVE: ""}
    return {name: _value(values.get(name, "")) or missing[name] for name in FIELDS}


def _value(given: str) -> str:
    line = " ".join(nfc(given).split())
    return line if len(line) <= MOST_VALUE else line[: MOST_VALUE - 1].rstrip() + "…"


def buttons(message: Message, texts: Texts) -> tuple[Button, ...]:
    """The officers' buttons, then the question's answers."""
    made = [_button(title, to) for title, to in message.buttons]
    made += [
        Button(choice, payload=f"{PAYLOAD_PREFIX}survey:{message.number}:{at}")
        for at, choice in enumerate(message.choices)
    ]
    if message.free:
        made.append(Button(texts("announcement.free"), payload=f"{PAYLOAD_PREFIX}survey:{message.number}:w"))
    return tuple(made)


def _button(title: str, to: str) -> Button:
    return Button(title, payload=PAYLOAD_PREFIX + to[1:]) if to.startswith("@") else Button(title, url=to)


def parts(
    message: Message,
    words: Words,
    platform: Platform,
    values: Mapping[str, str],
    *,
    real_buttons: bool,
) -> list[Part]:
    """The message as the platform takes it: buttons that stay where they fit, else those that go after a while.

    Where a picture would be a second message it is a button that opens it.
    """
    said, offered = text(message, words, values), buttons(message, words.texts)
    picture = message.picture or (SAMPLE if message.pictured else "")
    if picture and platform.name not in PICTURE_INSIDE:
        offered, picture = (Button(words.texts("announcement.picture"), url=picture), *offered), ""
    staying = platform.parts(Outbound(said, offered, sticky=True, picture=picture), buttons=real_buttons)
    if len(staying) == 1:
        return staying
    return platform.parts(Outbound(said, offered, picture=picture), buttons=real_buttons)


def pictured(announcing: Announcing, connection: Connection, one: Announcement) -> Message:
    """The message with its picture's real address, for sending."""
    token = announcements.picture_token(connection, one.picture_id)
    return replace(Message.of(one), picture=picture_url(announcing, token) if token else "")


def picture_url(announcing: Announcing, token: str) -> str:
    return f"{announcing.public_url}/pictures/{token}"


def templated(part: Part, way: str, plain: Part) -> dict[str, object]:
    """The same for an approved template; `plain` is what goes when it must wait until the person writes."""
    return {**part.body, "way": way, "plain": body(plain)}


def body(part: Part, *, billed: bool = False) -> dict[str, object]:
    """What the outbox keeps of it."""
    kept: dict[str, object] = dict(part.body)
    if part.menu:
        kept["menu"] = [[button.title, button.payload] for button in part.menu]
    if billed:
        kept["billed"] = True
    return kept


def faults(announcing: Announcing, message: Message, question: Mapping[str, object]) -> list[tuple[str, str]]:
    """(code, what) of everything that keeps it from being sent; codes stand in content/console.toml."""
    found: list[tuple[str, str]] = []
    if not message.title.strip() or not message.body.strip():
        found.append(("announcement.empty", ""))
    found += [("announcement.unknown_field", name) for name in unknown_fields(message.body)]
    if fields_of(message.title):
        found.append(("announcement.field_in_title", ""))
    if len(message.buttons) > MOST_BUTTONS or len(message.choices) > MOST_CHOICES:
        found.append(("announcement.too_many_buttons", ""))
    found += [("announcement.bad_button", title) for title, to in message.buttons if not _good(to)]
    if question and not message.choices and not message.free:
        found.append(("announcement.question_without_answers", ""))
    if any(
        len(parts(message, announcing.words(), platform, LONGEST, real_buttons=real)) != 1
        for platform in announcing.platforms.values()
        for real in (False, True)
    ):
        found.append(("announcement.too_long", ""))
    return found


def _good(to: str) -> bool:
    return bool(re.fullmatch(r"@[a-z0-9_.:-]{1,60}|https?://\S{3,500}", to))


def digest(one: Announcement, picture: str = "") -> str:
    """A fingerprint of everything that an approval is about: the text, for whom, when and how."""
    whole = {
        "title": one.title,
        "body": one.body,
        "buttons": one.buttons,
        "question": one.question,
        "picture": picture,
        "audience": one.audience,
        "routes": one.routes,
        "important": one.important,
        "allow_cost": one.allow_cost,
        "rate": one.rate,
        "trial": one.trial,
        "send_at": one.send_at.isoformat() if one.send_at else None,
        "useful_until": one.useful_until.isoformat() if one.useful_until else None,
        "on_feed": one.on_feed,
    }
    return hashlib.sha256(json.dumps(whole, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def lines_of_buttons(written: str) -> list[list[str]]:
    """The officers' box of buttons, "Tên nút | địa chỉ" a line, as pairs. A line without a bar is its own address."""
    pairs: Sequence[tuple[str, str, str]] = [line.partition("|") for line in written.splitlines() if line.strip()]
    return [[" ".join(title.split()), to.strip()] for title, _, to in pairs]

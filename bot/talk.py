"""All that a topic may use: the Turn it is given, the Reply it gives back, and the closed list of effects.

A topic is pure: no clock, database or network. What it wants remembered or done, it says in its Reply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, runtime_checkable

from bot.messages import PAYLOAD_PREFIX, Attachment, Button

Memory: TypeAlias = Mapping[str, object]
NOTHING: Memory = MappingProxyType({})
#: Attachments that hold something to look at; each has a word in content/texts/attachments.toml.
FILES = ("image", "video", "audio", "file", "location", "link", "contact")
#: Of a number that somebody typed or that came in an address; no count or id of ours is longer.
MOST_DIGITS = 9

__all__ = [
    "PAYLOAD_PREFIX",
    "AddToInitiative",
    "Answer",
    "AnswerSurvey",
    "Ask",
    "Attachment",
    "Button",
    "Campaign",
    "CancelRegistration",
    "ChangeInitiative",
    "Citation",
    "ClaimInitiative",
    "Clause",
    "Consent",
    "DropDraft",
    "DropFiles",
    "Effect",
    "Event",
    "Expects",
    "Follow",
    "FormField",
    "HandIn",
    "Initiatives",
    "KeepDraft",
    "Kind",
    "MakeLinkCode",
    "Match",
    "Memory",
    "Mine",
    "Person",
    "Rated",
    "Reading",
    "Register",
    "Reply",
    "Resumes",
    "Say",
    "SendForm",
    "Story",
    "Texts",
    "Topic",
    "Turn",
    "Unlink",
    "UseLinkCode",
    "WithdrawInitiative",
    "number",
]


def number(text: str | None) -> int | None:
    """A number from 0 up in plain digits; None for anything else, "²" and thirty digits included."""
    plain = (text or "").strip()
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) <= MOST_DIGITS else None


class Kind(StrEnum):
    """What a message is, by its one best reading."""

    QUESTION = "question"
    SUBMIT_INITIATIVE = "submit_initiative"
    INITIATIVE_STATUS = "initiative_status"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    SMALLTALK = "smalltalk"
    OUT_OF_SCOPE = "out_of_scope"
    PRIVACY = "privacy"
    MENU = "menu"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Citation:
    document: str  # "487/KH-LĐLĐ"
    section: str  # "II.3.4"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of content/knowledge, written and reviewed by people."""

    id: str
    citations: tuple[Citation, ...]
    title: str  # at most 20 characters: fits a button
    question: str  # the plain question it answers
    short: str
    longer: str = ""
    source: str = ""  # the line a member sees: "(Kế hoạch 487/KH-LĐLĐ, mục II.3.4)"
    old_bodies: bool = False
    unsaid: bool = False
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a loaded document, word for word, with the line that names it."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Match:
    answer: Answer
    confidence: float  # 0 to 1, calibrated


@dataclass(frozen=True, slots=True)
class Reading:
    """What the library makes of a message: kinds and answers, likeliest first, and the signals that outrank them.

    `signals`: words of content/lexicon that decide by themselves: "danger", "injection", "insult", "stop", "yes", "no",
    "menu", "bot?" …. `subject`: for an off-topic message, which contact it belongs to ("pay", "insurance", …).
    """

    kind: Kind
    confidence: float
    kinds: tuple[tuple[Kind, float], ...] = ()
    matches: tuple[Match, ...] = ()
    signals: frozenset[str] = frozenset()
    subject: str = ""
    unsure: bool = False  # between the thresholds: offer the first matches to choose from instead of guessing
    parts: tuple[Reading, ...] = ()  # a message with several questions: each read by itself, in their order
    guessed: frozenset[str] = frozenset()  # signals by likeness only, without a phrase that decides by itself

    @property
    def best(self) -> Match | None:
        return self.matches[0] if self.matches else None


class Expects(StrEnum):
    """What the open question waits for. A bare number answers NUMBER; it never chooses from a menu then."""

    CHOICE = "choice"
    YES_NO = "yes_no"
    TEXT = "text"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question left open. The next message goes to `topic` first, which may decline it."""

    topic: str
    name: str
    expects: Expects
    facts: Memory = field(default_factory=lambda: NOTHING)  # JSON values only: they are stored
    stays: bool = False  # a form: still open when another topic answered something in between


@dataclass(frozen=True, slots=True)
class Person:
    """What a topic may know about who writes. No name, no number, no platform id."""

    id: int = 0
    first_contact: bool = True
    subscribed: bool = False
    unit: str = ""  # its name, "" when unknown
    unit_asked: bool = False
    misses: int = 0  # in a row, before this turn
    with_staff: bool = False  # handed over and not yet handed back
    stored: Memory = field(default_factory=lambda: NOTHING)  # figures for "what is kept": messages, since, consents


class Texts(Protocol):
    """The words of content/texts, chosen by key and filled in."""

    def __call__(self, key: str, /, **facts: object) -> str:
        """The text, pronouns filled in. KeyError for an unknown key: a test walks every key a topic uses."""
        ...

    def choices(self, key: str) -> tuple[Button, ...]:
        """A menu of content/menus.toml by its key. KeyError for an unknown one."""
        ...

    def fill(self, text: str, /, **facts: object) -> str:
        """Words that do not come from content/texts (an answer), filled in by the same rules."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """One or several messages of one person, taken together, and all that may be known when answering."""

    text: str  # NFC, as written; several messages joined by line breaks
    reading: Reading
    texts: Texts
    person: Person
    now: datetime  # aware, in the union's zone
    plain: str = ""  # the text for matching: lower case, no tone marks, short forms spelled out
    choice: str = ""  # the payload pressed or chosen by number, without the prefix
    started: bool = False  # opened the chat, followed, or came by a link
    attachments: tuple[Attachment, ...] = ()
    asked: Ask | None = None  # the question left open, when it is this topic's
    memory: Memory = field(default_factory=lambda: NOTHING)  # what this topic remembered
    answers: Mapping[str, Answer] = field(default_factory=dict)  # all of them, by id, for buttons pressed later
    clauses: Mapping[Citation, Clause] = field(default_factory=dict)  # of the documents that are loaded
    hours: str = ""  # when staff answer, in words; "" when not set
    open_now: bool = False  # staff are there now
    opens: str = ""  # when staff are next there, in words: "07:30 thứ Hai 24/11"; "" when not set
    channel: str = ""  # what the member calls it: "Zalo", "Messenger"
    #: What other parts know, under names of their own ("initiatives", "events"); a part that is absent says nothing.
    facts: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    @property
    def kind(self) -> Kind | None:
        """What the words are; None when a button was pressed or nothing was written."""
        return self.reading.kind if self.text and not self.choice else None

    @property
    def attached(self) -> str:
        """What came along, in words: "hình, tệp"; "" for nothing or stickers."""
        kinds = {item.kind for item in self.attachments}
        return ", ".join(self.texts(f"attachments.{kind}") for kind in FILES if kind in kinds)

    def has(self, *signals: str) -> bool:
        """The words carry one of these signals."""
        return not self.choice and not self.reading.signals.isdisjoint(signals)

    def says(self, *signals: str) -> bool:
        """As `has`, by a phrase that decides: a likeness alone must not turn somebody's name into an insult."""
        return not self.choice and not (self.reading.signals - self.reading.guessed).isdisjoint(signals)

    def button(self, title: str, action: str) -> Button:
        """A button whose press comes back as `choice == action`."""
        return Button(title=title, payload=PAYLOAD_PREFIX + action)


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    buttons: tuple[Button, ...] = ()
    sticky: bool = False


# ---- effects: everything a topic can cause. Each is applied by one function that runtime registers. ----


@dataclass(frozen=True, slots=True)
class Consent:
    """Somebody said yes or no to one purpose, having been shown these words."""

    purpose: str  # "announcements"
    given: bool
    words: str
    version: str = ""  # of the words, as the union numbers them


@dataclass(frozen=True, slots=True)
class SetUnit:
    said: str  # as the person wrote it; "" = asked and skipped


@dataclass(frozen=True, slots=True)
class HandOver:
    reason: str  # "asked", "danger", "missed", "initiative", …
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class TakeBack:
    """The bot answers again."""


@dataclass(frozen=True, slots=True)
class Missed:
    """We could not answer: counted in a row, and kept for the officers who will write the answer."""

    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    answer: str  # its id, for the figures


@dataclass(frozen=True, slots=True)
class Rated:
    """Thumbs up or down. The figure knows nobody; a question answered amiss goes to the officers."""

    answer: str
    good: bool
    asked_at: str = ""  # the moment (ISO) of the turn that asked; "" when it came by a button
    question: str = ""  # what was asked, where the words are no longer kept


@dataclass(frozen=True, slots=True)
class ForgetMe:
    pass


@dataclass(frozen=True, slots=True)
class ExportMe:
    """Send the person what is kept of them, as a file by an expiring link."""


@dataclass(frozen=True, slots=True)
class CallOff:
    """Cancel what waits to go out: announcements and reminders, never replies or news of one's own matter."""


# ---- initiatives: what their topic is told (Turn.facts["initiatives"]), and what it may cause ----


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the form in content/forms. `kind`: text, use, place, author, phone, money or people."""

    key: str
    label: str
    ask: str  # the question, with {names} to fill in
    kind: str = "text"
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Mine:
    """One initiative of the person who writes, after it was handed in."""

    code: str
    title: str  # the author's own words, shortened
    state: str  # of bot.initiatives.states
    idea: bool = False
    question: str = ""  # a reviewer's, still open
    missing: tuple[str, ...] = ()  # keys of fields the loaded form lacks
    reason: str = ""  # why it is unfit, in plain words
    readers: str = "province"  # or "unit"
    last_day: date | None = None  # to apply at the workplace, where the first use is known to the day or month
    fields: Memory = field(default_factory=lambda: NOTHING)
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A published one, for reading in the chat."""

    id: int
    trade: str
    title: str
    text: str
    byline: str = ""


@dataclass(frozen=True, slots=True)
class Initiatives:
    """All that the topic of initiatives may know."""

    form: tuple[FormField, ...] = ()
    consent: str = ""  # the one sentence, with {names} to fill in
    consent_version: str = ""
    closed: str = ""  # what to say when no round is open; "" = open
    personal: bool = True  # False: personal data is not asked on this platform
    elsewhere: str = ""  # then: where the member may hand in
    mine: tuple[Mine, ...] = ()  # newest first
    fresh: str = ""  # a code that nobody has, for the one handed in now
    pin: str = ""  # likewise
    wrong_code: bool = False  # a code in the message has a slip of the finger
    states: Memory = field(default_factory=lambda: NOTHING)  # code written by somebody else -> state, nothing more
    places: Callable[[str], Sequence[tuple[int, str]]] = lambda _said: ()  # numbers and names of units
    stories: tuple[Story, ...] = ()


@dataclass(frozen=True, slots=True)
class KeepDraft:
    """The form being written, as far as it is; one a person. Attachments are fetched at once."""

    fields: Memory
    files: tuple[Attachment, ...] = ()
    helper: bool = False  # handed in for somebody else


@dataclass(frozen=True, slots=True)
class DropDraft:
    pass


@dataclass(frozen=True, slots=True)
class HandIn:
    """The author confirmed: the draft is handed in under this code."""

    code: str
    fields: Memory
    readers: str = "province"
    helper: bool = False
    pin: str = ""  # by which the author will claim what a helper handed in


@dataclass(frozen=True, slots=True)
class AddToInitiative:
    """More for one that was handed in: fields that were empty, files, or an answer to the reviewer."""

    code: str
    fields: Memory = field(default_factory=lambda: NOTHING)
    files: tuple[Attachment, ...] = ()
    answer: str = ""


@dataclass(frozen=True, slots=True)
class DropFiles:
    """Take back the files that came with the author's last message about this one."""

    code: str


@dataclass(frozen=True, slots=True)
class ChangeInitiative:
    """The author's own choices: `news` here | phone, `readers`, `tried`, and what they permit."""

    code: str
    news: str = ""
    phone: str = ""
    readers: str = ""
    use: Memory = field(default_factory=lambda: NOTHING)  # an idea that has been tried: its fields
    permit: str = ""  # employer | name | story
    given: bool = False


@dataclass(frozen=True, slots=True)
class WithdrawInitiative:
    code: str


@dataclass(frozen=True, slots=True)
class SendForm:
    """Answers with an expiring link to the filled form."""

    code: str


@dataclass(frozen=True, slots=True)
class ClaimInitiative:
    """The worker named as author by a helper says that it is theirs."""

    code: str
    pin: str


# ---- announcements and events: what their topics are told, and what they may cause ----


@dataclass(frozen=True, slots=True)
class Campaign:
    """One of the union's yearly campaigns. `says`: what is on this year; "" while nobody loaded it."""

    key: str
    name: str
    asked: tuple[str, ...]  # words by which members mean it, without tone marks
    says: str = ""
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A course or ceremony that one may register for. Times in words."""

    id: int
    title: str
    says: str
    place: str
    when: str
    closes: str
    left: int | None  # places; None: as many as come
    registered: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class AnswerSurvey:
    """An answer to an announcement's question: the number of a choice, or words."""

    announcement: int
    choice: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Follow:
    """Tell me about this campaign, or no longer."""

    topic: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class Register:
    event: int
    name: str  # for the list, as the person gave it


@dataclass(frozen=True, slots=True)
class CancelRegistration:
    event: int


@dataclass(frozen=True, slots=True)
class MakeLinkCode:
    """Answers with a code to type on the other platform."""


@dataclass(frozen=True, slots=True)
class UseLinkCode:
    code: str


@dataclass(frozen=True, slots=True)
class Unlink:
    pass


@dataclass(frozen=True, slots=True)
class LinkStaff:
    """A colleague typed the console's code: this chat is theirs."""

    code: str


Effect: TypeAlias = (
    Consent
    | LinkStaff
    | SetUnit
    | HandOver
    | TakeBack
    | Missed
    | Answered
    | Rated
    | ForgetMe
    | ExportMe
    | CallOff
    | KeepDraft
    | DropDraft
    | HandIn
    | AddToInitiative
    | DropFiles
    | ChangeInitiative
    | WithdrawInitiative
    | SendForm
    | ClaimInitiative
    | AnswerSurvey
    | Follow
    | Register
    | CancelRegistration
    | MakeLinkCode
    | UseLinkCode
    | Unlink
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a topic gives back. `memory` replaces what the topic remembered; None leaves it."""

    says: tuple[Say, ...] = ()
    effects: tuple[Effect, ...] = ()
    ask: Ask | None = None
    memory: Memory | None = None
    held_may_follow: bool = True  # False after a danger sign, hand-over, stop, deletion or inside a form
    answer: str = ""  # id of the answer shown, for `ask --jsonl` and the next turn's follow-up
    kind: Kind | None = None  # what the topic took it for, when it knows better than the reading
    took_attachments: bool = False  # the topic did something with them; otherwise the engine says that nobody looked

    def and_say(self, *more: Say) -> Reply:
        return replace(self, says=(*self.says, *more))


class Topic(Protocol):
    """One conversation. TOPICS are asked in order; the first that gives a Reply has the turn."""

    name: str
    outranks: bool  # asked even before the topic whose question is open

    def answer(self, turn: Turn) -> Reply | None:
        """The reply, or None when this turn is not for this topic."""
        ...


@runtime_checkable
class Resumes(Protocol):
    """A topic with a form that waits while another topic answers."""

    def again(self, turn: Turn) -> Say | None:
        """The open question once more; None when nothing needs to be said."""
        ...

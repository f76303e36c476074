"""The made-up people of one platform: when they last wrote, whom they follow, and what stands on their phone."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_PEOPLE = 400_000
MAX_BUBBLES = 80

NAMES = (
    "Nguyễn Thị Hạnh",
    "Trần Văn Lâm",
    "Lê Thị Kim Ngân",
    "Phạm Quốc Bảo",
    "Võ Thị Mỹ Duyên",
    "Huỳnh Tấn Phát",
    "Đặng Thị Thu Trang",
    "Bùi Minh Khôi",
    "Ngô Thị Hồng Nhung",
    "Đỗ Thành Danh",
)


@dataclass(frozen=True, slots=True)
class Tap:
    """Something on a bubble that can be tapped: `act` is what tapping it does."""

    title: str
    act: str  # quick_reply | postback | tap | link
    payload: str = ""


@dataclass(slots=True)
class Bubble:
    """One message on a phone."""

    mid: str
    side: str  # "me" or "them"
    kind: str  # text, image, sticker, audio, file, video, location, note
    text: str
    at: float  # epoch seconds
    taps: tuple[Tap, ...] = ()
    url: str = ""
    by: str = ""  # "staff" when a person wrote in the platform's own inbox
    state: str = ""  # of "me": sending, sent, failed; of "them": delivered, seen

    def told(self) -> dict[str, object]:
        taps = [{"title": tap.title, "act": tap.act, "payload": tap.payload} for tap in self.taps]
        named = {name: getattr(self, name) for name in ("mid", "side", "kind", "text", "at", "url", "by", "state")}
        return {**named, "taps": taps}


@dataclass(slots=True)
class Person:
    """One person as one account sees them. Only a person whose phone is on the page keeps bubbles."""

    id: str
    name: str = ""
    last_at: float | None = None  # the last act that lets the account write, epoch seconds
    wrote: bool = False  # more than a follow
    follows: bool = False
    left: bool = False  # unfollowed, and has not come back since
    blocked: bool = False
    welcomes: int = 0  # messages sent to a follower who never wrote
    anonymous: bool = False  # Zalo: a visitor without an account
    elsewhere: bool = False  # Messenger: another app owns the thread
    bubbles: deque[Bubble] | None = None
    unseen: list[str] = field(default_factory=list)
    typing_until: float = 0.0

    @property
    def watched(self) -> bool:
        return self.bubbles is not None

    def touch(self, at: float, *, wrote: bool = True) -> None:
        """Note an act that opens the window."""
        self.last_at = at
        self.wrote = self.wrote or wrote
        self.left = False

    def idle_s(self, now: float) -> float | None:
        return None if self.last_at is None else now - self.last_at

    def show(self, bubble: Bubble) -> None:
        if self.bubbles is not None:
            self.bubbles.append(bubble)

    def bubble(self, mid: str) -> Bubble | None:
        return next((bubble for bubble in reversed(self.bubbles or ()) if bubble.mid == mid), None)


class People:
    """All people of one account, by id."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self.lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._people)

    def all(self) -> list[Person]:
        with self.lock:
            return list(self._people.values())

    def find(self, person_id: str) -> Person | None:
        return self._people.get(person_id)

    def meet(self, person_id: str) -> Person:
        """Find a person, or make one up under this id. Raises ValueError when there are too many."""
        with self.lock:
            person = self._people.get(person_id)
            if person is None:
                if len(self._people) >= MAX_PEOPLE:
                    raise ValueError(f"more than {MAX_PEOPLE} people")
                person = self._people[person_id] = Person(person_id)
            return person

    def fill(self, ids: Iterable[str], last_at: float | None, *, follows: bool, blocked: bool) -> int:
        """Make up many people, or set what is known of them. Gives their number."""
        number = 0
        for person_id in ids:
            number += 1
            person = self.meet(person_id)
            person.last_at, person.wrote = last_at, last_at is not None
            person.follows, person.blocked = follows, blocked
        return number

    def watch(self, person_id: str) -> Person:
        """Put a person's phone on the page."""
        person = self.meet(person_id)
        with self.lock:
            if person.bubbles is None:
                person.bubbles = deque(maxlen=MAX_BUBBLES)
            if not person.name:
                person.name = NAMES[int(person_id[-6:] or 0) % len(NAMES)]
        return person

    def clear(self) -> None:
        with self.lock:
            self._people.clear()

"""Courses and ceremonies: what is open, registering with a name, cancelling."""

import re

from bot.talk import Ask, Button, CancelRegistration, Event, Expects, Kind, Register, Reply, Say, Turn, number

NAME = "name"
ELSEWHERE = ("stop", "menu", "danger", "injection", "insult")
LONGEST_NAME = 80
_LIST = re.compile(
    r"^(xem )?(cac )?(su kien|lop hoc|khoa hoc|buoi le)( (nao|gi|sap toi|dang mo))*$"
    r"|\bco (su kien|lop|lop hoc|buoi le|khoa hoc) nao\b|^dang ky (su kien|lop|lop hoc)$"
)


class Events:
    name = "events"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        known: tuple[Event, ...] = turn.facts.get("events", ())
        if turn.asked is not None and (reply := _named(turn)):
            return reply
        action, _, rest = turn.choice.partition(":")
        if action == "event":
            return _pressed(turn, known, rest)
        plain = turn.plain if turn.text and not turn.choice else ""
        return _listed(turn, known) if turn.choice == "events" or _LIST.search(plain) else None


def _listed(turn: Turn, known: tuple[Event, ...]) -> Reply:
    if not known:
        return Reply(says=(Say(turn.texts("events.none")),), kind=Kind.QUESTION)
    if len(known) == 1:
        return _shown(turn, known[0])
    buttons = tuple(turn.button(event.title[:20], f"event:show:{event.id}") for event in known)
    lines = "\n".join(f"- {event.title}, {event.when}" for event in known)
    which = turn.texts("events.choose")
    return Reply(says=(Say(f"{lines}\n{which}", buttons),), kind=Kind.QUESTION)


def _shown(turn: Turn, event: Event) -> Reply:
    text = turn.texts(
        "events.one",
        title=f"{event.title}\n{event.says}".strip(),
        when=event.when,
        place=event.place,
        closes="" if event.closed else event.closes,
        left="" if event.left is None or event.closed else event.left,
    )
    return Reply(says=(Say(text, _wishes(turn, event)),), kind=Kind.QUESTION)


def _wishes(turn: Turn, event: Event) -> tuple[Button, ...]:
    if event.closed:
        return ()
    if event.registered:
        return (turn.button("Hủy đăng ký", f"event:cancel:{event.id}"),)
    return () if event.left == 0 else (turn.button("Đăng ký", f"event:register:{event.id}"),)


def _pressed(turn: Turn, known: tuple[Event, ...], rest: str) -> Reply:
    wish, _, of = rest.partition(":")
    wanted = number(of)
    event = next((event for event in known if event.id == wanted), None)
    if wish == "cancel" and wanted is not None:
        return Reply(effects=(CancelRegistration(wanted),), kind=Kind.MENU)
    if event is None:
        return Reply(says=(Say(turn.texts("events.gone")),), kind=Kind.MENU)
    if wish == "register" and _wishes(turn, event) and not event.registered:
        words = turn.texts("events.name", event=event.title)
        ask = Ask("events", NAME, Expects.TEXT, {"event": event.id})
        return Reply(says=(Say(words, (turn.button("Bỏ qua", "event:skip:0"),)),), ask=ask, kind=Kind.MENU)
    return _shown(turn, event)


def _named(turn: Turn) -> Reply | None:
    """The name for the list; anything that is clearly something else goes its own way."""
    if turn.choice == "event:skip:0" or turn.has("skip", "no"):
        return Reply(says=(Say(turn.texts("events.kept")),), kind=Kind.MENU)
    event = turn.asked.facts.get("event") if turn.asked else None
    name = " ".join(turn.text.split())
    if turn.choice or not name or len(name) > LONGEST_NAME or turn.says(*ELSEWHERE):
        return None
    if not isinstance(event, int) or not any(letter.isalpha() for letter in name):
        return None
    return Reply(effects=(Register(event, name),), kind=Kind.MENU)

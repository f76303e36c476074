"""The form of an initiative, in a member's own order and time: what is asked next, what an answer fills.

Everything written so far stands in the topic's memory and, by KeepDraft, in the database. A step is the name of the
open question: "form:before", "edit:before", "more:SK-48273-6:title", "confirm", ….
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from bot.talk import (
    Ask,
    Button,
    DropDraft,
    Effect,
    Expects,
    FormField,
    HandOver,
    Initiatives,
    KeepDraft,
    Kind,
    Reply,
    Say,
    Turn,
)
from handlers import initiative_reading as reading

TOPIC = "initiative"
SHORT = 150  # of one answer on the summary card
MOST_PLACES = 5
UNTRIED_BUTTON = ("Chưa làm thử", "initiative:use:untried")
SENDS = frozenset({"gui", "gui di", "ok gui", "gui luon", "gui lien", "nop", "nop di"})
#: What else a needed field's answer leaves behind, by the field's kind.
PARTS = {"use": ("use_state", "since", "since_precision"), "place": ("place_id",), "author": ("born", "grown")}


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been written. Fields hold strings and numbers only: they are stored as JSON."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    files: int = 0
    helper: bool = False
    readers: str = "province"

    @classmethod
    def recall(cls, memory: Mapping[str, object]) -> Draft | None:
        kept = memory.get("draft")
        if not isinstance(kept, dict):
            return None
        fields, files = kept.get("fields"), kept.get("files")
        return cls(
            fields if isinstance(fields, dict) else {},
            files if isinstance(files, int) else 0,
            helper=kept.get("helper") is True,
            readers="unit" if kept.get("readers") == "unit" else "province",
        )

    def memory(self) -> dict[str, object]:
        kept = {"fields": dict(self.fields), "files": self.files, "helper": self.helper, "readers": self.readers}
        return {"draft": kept}

    def with_(self, **fields: Any) -> Draft:
        return replace(self, fields={**self.fields, **fields})

    def without(self, *keys: str) -> Draft:
        return replace(self, fields={key: value for key, value in self.fields.items() if key not in keys})


# ---- what comes next ----


def missing(known: Initiatives, draft: Draft, today: date) -> str:
    """The step of the first needed answer that is not there; "" when all are."""
    for one in known.form:
        if one.needed and (step := _open_step(one, draft.fields, today)):
            return step
    return ""


def _open_step(one: FormField, fields: Mapping[str, Any], today: date) -> str:
    if one.kind == "use":
        if not fields.get("use_state"):
            return one.key
        return "" if fields["use_state"] == reading.UNTRIED or "since" in fields else "since"
    if one.kind == "author":
        if not fields.get("author"):
            return one.key
        if not fields.get("born"):
            return "born"
        return "" if today.year - int(fields["born"]) > reading.GROWN_UP or fields.get("grown") else "grown"
    return "" if fields.get(one.key) else one.key


def go_on(turn: Turn, known: Initiatives, draft: Draft, *, lead: str = "", effects: tuple[Effect, ...] = ()) -> Reply:
    """Ask for the next answer, or show the card to confirm; what is written so far is kept."""
    step = missing(known, draft, turn.now.date())
    reply = summary(turn, known, draft) if not step else question(turn, known, f"form:{step}", draft)
    return kept(led(reply, lead), draft, *effects)


def kept(reply: Reply, draft: Draft, *effects: Effect) -> Reply:
    keep = KeepDraft(draft.fields, helper=draft.helper)
    mine = effects if any(isinstance(one, KeepDraft) for one in effects) else (keep, *effects)
    return replace(reply, memory=draft.memory(), effects=(*mine, *reply.effects), kind=Kind.SUBMIT_INITIATIVE)


def led(reply: Reply, lead: str) -> Reply:
    if not lead or not reply.says:
        return reply
    first, *rest = reply.says
    return replace(reply, says=(replace(first, text=f"{lead}\n{first.text}"), *rest))


def question(turn: Turn, known: Initiatives, name: str, draft: Draft | None = None, lead: str = "") -> Reply:
    """One step's question. With buttons a number chooses one; without, whatever is written is the answer."""
    step = name.rpartition(":")[2]
    text, buttons = _words(turn, known, name, step, draft or Draft())
    if name.startswith("edit:"):
        buttons = (*buttons, turn.button("Giữ như cũ", "initiative:review"))
    expects = Expects.CHOICE if buttons else Expects.TEXT
    ask = Ask(TOPIC, name, expects, stays=True)
    said = Say("\n".join(part for part in (lead, text) if part), buttons)
    return Reply(says=(said,), ask=ask, held_may_follow=False, kind=Kind.SUBMIT_INITIATIVE)


def _words(turn: Turn, known: Initiatives, name: str, step: str, draft: Draft) -> tuple[str, tuple[Button, ...]]:
    fixed = {
        "since": ("initiative.ask_since", (("Không nhớ", "initiative:since:skip"),)),
        "born": ("initiative.ask_born", ()),
        "grown": ("initiative.ask_grown", (("Đủ 16 tuổi", "initiative:grown:yes"), ("Chưa đủ", "initiative:grown:no"))),
    }
    if step in fixed:
        key, buttons = fixed[step]
        return turn.texts(key), tuple(turn.button(*one) for one in buttons)
    one = next(one for one in known.form if one.key == step)
    text = turn.texts.fill(one.ask)
    if name.startswith("more:"):
        return text, (turn.button("Bỏ qua", "initiative:skip"), turn.button("Thôi, để sau", "initiative:enough"))
    if one.kind == "use":
        return text, (turn.button("Đang dùng", "initiative:use:used"), turn.button(*UNTRIED_BUTTON))
    if one.kind == "place" and turn.person.unit and turn.person.unit != draft.fields.get("place"):
        known_place = turn.texts("initiative.place_known", unit=turn.person.unit)
        return f"{text}\n{known_place}", (turn.button("Đúng chỗ đó", "initiative:place:known"),)
    return text, ()


# ---- the card ----


def summary(turn: Turn, known: Initiatives, draft: Draft, lead: str = "") -> Reply:
    head = turn.texts("initiative.card_helper" if draft.helper else "initiative.card")
    who = turn.texts("initiative.readers_unit" if draft.readers == "unit" else "initiative.readers_province")
    lines = [head, *card(known, draft.fields), *([f"- Tệp gửi kèm: {draft.files}"] if draft.files else []), who]
    if draft.fields.get("use_state") == reading.UNTRIED:
        lines.append(turn.texts("initiative.card_idea"))
    buttons = (
        turn.button("Gửi", "initiative:send"),
        turn.button("Sửa", "initiative:edit"),
        turn.button("Đổi người được đọc", "initiative:readers"),
        turn.button("Để sau", "initiative:pause"),
    )
    said = Say("\n".join(part for part in (lead, *lines) if part), buttons, sticky=True)
    ask = Ask(TOPIC, "confirm", Expects.CHOICE, stays=True)
    return Reply(says=(said,), ask=ask, held_may_follow=False, kind=Kind.SUBMIT_INITIATIVE)


def card(known: Initiatives, fields: Mapping[str, Any]) -> list[str]:
    """Label and answer of every field that has one, long ones shortened."""
    return [f"- {one.label}: {shown}" for one in known.form if (shown := _shown(one, fields))]


def _shown(one: FormField, fields: Mapping[str, Any]) -> str:
    if one.kind == "use" and fields.get("use_state"):
        since = when(fields)
        state = {reading.USED: "đang dùng", reading.TRIED: "đã làm thử"}.get(str(fields["use_state"]), "chưa làm thử")
        return f"{state}, từ {since}" if since else state
    if one.kind == "author" and fields.get("author"):
        return f"{fields['author']}, sinh năm {fields.get('born', '')}".removesuffix(", sinh năm ")
    return short(str(fields.get(one.key) or ""))


def short(text: str, most: int = SHORT) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def when(fields: Mapping[str, Any]) -> str:
    """The first use as people say it, as exactly as it is known."""
    if not fields.get("since"):
        return ""
    day = date.fromisoformat(str(fields["since"]))
    return {"year": f"năm {day:%Y}", "month": f"tháng {day:%m/%Y}"}.get(
        str(fields.get("since_precision")), f"{day:%d/%m/%Y}"
    )


# ---- answers ----


def answered(turn: Turn, known: Initiatives, draft: Draft, name: str) -> Reply | None:
    """What a message does at a step; None when it is not an answer: another topic's matter, and the form waits."""
    step = name.rpartition(":")[2]
    if name == "confirm":
        return _at_the_card(turn, known, draft)
    if step in {"since", "born", "grown"}:
        return _small(turn, known, draft, step)
    spread = {} if name.startswith("edit:") else _spread(turn, known)
    if len(spread) > 1 or (spread and "" not in spread):
        return _fill_many(turn, known, draft, step, spread)
    one = next((one for one in known.form if one.key == step), None)
    return None if one is None else _fill(turn, known, draft, one, turn.text)


def _spread(turn: Turn, known: Initiatives) -> dict[str, str]:
    return reading.pieces(turn.text, {one.label: one.key for one in known.form})


def _fill_many(turn: Turn, known: Initiatives, draft: Draft, step: str, spread: Mapping[str, str]) -> Reply:
    """A long message with labels: each part into its field; what is unclear is asked again."""
    by_key = {one.key: one for one in known.form}
    for key, part in spread.items():
        one = by_key.get(key or step)
        if one is None or (not key and not reading.substance(part)):
            continue
        filled = read(one, part, known, turn.now.date())
        draft = draft.with_(**filled)
        if one.kind == "author" and _too_young(draft, turn.now.date()):
            return too_young(turn)
    return go_on(turn, known, draft, lead=turn.texts("initiative.noted"))


def _fill(turn: Turn, known: Initiatives, draft: Draft, one: FormField, said: str) -> Reply:
    today = turn.now.date()
    if len(said) > reading.LONGEST:
        return again(turn, known, draft, "initiative.too_long")
    if one.kind == "place":
        return _place(turn, known, draft, said)
    filled = read(one, said, known, today)
    if one.kind == "author" and not filled:
        return again(turn, known, draft, "initiative.author_unclear")
    if one.kind == "use":
        if not filled:
            return again(turn, known, draft, "initiative.use_unclear")
        if str(filled.get("since", "")) > today.isoformat():
            return again(turn, known, draft, "initiative.in_future")
    draft = draft.with_(**filled)
    return too_young(turn) if one.kind == "author" and _too_young(draft, today) else go_on(turn, known, draft)


def read(one: FormField, said: str, known: Initiatives, today: date) -> dict[str, Any]:
    """What an answer says, field by field; {} when it cannot be read."""
    said = said.strip()
    if one.kind == "use":
        return _read_use(said, today)
    if one.kind == "author":
        name, born = reading.author_of(said, today)
        return {key: value for key, value in {"author": name, "born": born}.items() if value}
    if one.kind == "place":
        found = known.places(said)
        return {"place": found[0][1] if len(found) == 1 else said[: reading.LONGEST_LINE],
                "place_id": found[0][0] if len(found) == 1 else 0}  # fmt: skip
    if one.kind == "phone":
        number = reading.phone_of(said)
        return {one.key: number} if number else {}
    return {one.key: said}


def _read_use(said: str, today: date) -> dict[str, Any]:
    state, since = reading.use_of(said), reading.since_of(said, today)
    if state == reading.UNTRIED:
        return {"use": said, "use_state": state, "since": "", "since_precision": ""}
    if since is None:
        return {"use": said, "use_state": state} if state else {}
    dated = {"since": since.day.isoformat(), "since_precision": since.precision}
    return {"use": said, "use_state": state or reading.USED, **dated}


def _place(turn: Turn, known: Initiatives, draft: Draft, said: str) -> Reply:
    """One unit is meant: taken. Several: a choice. None: the written words are kept."""
    found = list(known.places(said))
    if len(found) < 2:
        return go_on(turn, known, draft.with_(**read(_of_kind(known, "place"), said, known, turn.now.date())))
    if len(found) > MOST_PLACES:
        return again(turn, known, draft, "initiative.place_many", most=len(found))
    lines = "\n".join(f"- {name}" for _, name in found)
    titles = distinct([name for _, name in found])
    buttons = tuple(
        turn.button(title, f"initiative:place:{number}") for title, (number, _) in zip(titles, found, strict=True)
    )
    buttons = (*buttons, turn.button("Nơi khác", "initiative:place:other"))
    facts = {"said": said[: reading.LONGEST_LINE], "names": {str(number): name for number, name in found}}
    which = turn.texts("initiative.place_which")
    ask = Ask(TOPIC, "form:place", Expects.CHOICE, facts, stays=True)
    return kept(Reply(says=(Say(f"{which}\n{lines}", buttons),), ask=ask, held_may_follow=False), draft)


def _of_kind(known: Initiatives, kind: str) -> FormField:
    return next(one for one in known.form if one.kind == kind)


_COMMON = ("công đoàn cơ sở ", "công đoàn ", "công ty tnhh mtv ", "công ty tnhh ", "công ty cổ phần ", "công ty cp ",
           "công ty ")  # fmt: skip


def distinct(names: list[str]) -> list[str]:
    """Titles of at most 20 characters that can be told apart."""
    titles = []
    for name in names:
        start = next((len(word) for word in _COMMON if name.lower().startswith(word)), 0)
        titles.append(short(name[start:] or name, 20))
    return [title if titles.count(title) == 1 else f"{at}. {short(title, 16)}" for at, title in enumerate(titles, 1)]


def again(turn: Turn, known: Initiatives, draft: Draft, key: str, **facts: object) -> Reply:
    """The same question once more, with a hint; nothing that was written is lost."""
    step = turn.asked.name if turn.asked else f"form:{missing(known, draft, turn.now.date())}"
    hint = turn.texts(key, **facts)
    reply = question(turn, known, step, draft)
    return kept(replace(reply, says=(replace(reply.says[0], text=hint),)), draft)


def _small(turn: Turn, known: Initiatives, draft: Draft, step: str) -> Reply | None:
    today = turn.now.date()
    if step == "since":
        since = reading.since_of(turn.text, today)
        if since is None:
            return again(turn, known, draft, "initiative.since_unclear")
        if since.day > today:
            return again(turn, known, draft, "initiative.in_future")
        return go_on(turn, known, draft.with_(since=since.day.isoformat(), since_precision=since.precision))
    if step == "born":
        name, born = reading.author_of(turn.text, today)
        if born is None:
            return again(turn, known, draft, "initiative.born_unclear")
        draft = draft.with_(born=born, **({"author": name} if name and not draft.fields.get("author") else {}))
        return too_young(turn) if _too_young(draft, today) else go_on(turn, known, draft)
    return grown(turn, known, draft, yes=True) if turn.has("yes") else None


def grown(turn: Turn, known: Initiatives, draft: Draft, *, yes: bool) -> Reply:
    return go_on(turn, known, draft.with_(grown="yes")) if yes else too_young(turn)


def _too_young(draft: Draft, today: date) -> bool:
    born = draft.fields.get("born")
    return bool(born) and today.year - int(str(born)) < reading.GROWN_UP


def too_young(turn: Turn) -> Reply:
    """A child's data is not taken by a form: a person helps, and nothing is kept."""
    when_open = turn.texts("initiative.too_young_when", opens=turn.opens) if not turn.open_now else ""
    text = "\n".join(part for part in (turn.texts("initiative.too_young"), when_open) if part)
    return Reply(
        says=(Say(text),), effects=(DropDraft(), HandOver("initiative")), memory={}, kind=Kind.SUBMIT_INITIATIVE
    )


def _at_the_card(turn: Turn, known: Initiatives, draft: Draft) -> Reply | None:
    if turn.has("no", "correct") or reading.fold(turn.text).startswith("sua"):
        return edit_menu(turn, known, draft)
    spread = _spread(turn, known)
    if any(spread):
        return _fill_many(turn, known, draft, "", spread)
    if not reading.substance(turn.text):
        return None
    return edit_menu(turn, known, draft, said=turn.text)


def edit_menu(turn: Turn, known: Initiatives, draft: Draft, said: str = "") -> Reply:
    """Which field to change, or into which one the words just written belong."""
    wanted = [one for one in known.form if one.needed]
    if said:
        wanted = [one for one in wanted if one.kind == "text"]
    buttons = tuple(turn.button(short(one.label, 20), f"initiative:edit:{one.key}") for one in wanted)
    text = turn.texts("initiative.edit_where" if said else "initiative.edit_which")
    facts = {"said": said[: reading.LONGEST]} if said else {}
    ask = Ask(TOPIC, "edit", Expects.CHOICE, facts, stays=True)
    whole = (*buttons, turn.button("Giữ như cũ", "initiative:review"))
    return kept(Reply(says=(Say(text, whole),), ask=ask, held_may_follow=False), draft)


def edit(turn: Turn, known: Initiatives, draft: Draft, key: str) -> Reply:
    one = next((one for one in known.form if one.key == key), None)
    if one is None:
        return kept(summary(turn, known, draft), draft)
    said = str(turn.asked.facts.get("said", "")) if turn.asked else ""
    if said:
        before = str(draft.fields.get(key) or "")
        return go_on(turn, known, draft.with_(**{key: f"{before}\n{said}".strip()}))
    present = _shown(one, draft.fields)
    lead = turn.texts("initiative.edit_now", noun=present) if present else ""
    return kept(question(turn, known, f"edit:{key}", draft, lead), draft)


def sends(turn: Turn) -> bool:
    """At the card: yes, send it."""
    return turn.has("yes") or reading.fold(turn.text).strip(" .!") in SENDS

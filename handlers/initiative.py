"""Initiatives in the chat: hand in step by step, and always learn what became of it.

The form is in initiative_form.py, what comes after it in initiative_after.py, what words say in initiative_reading.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.talk import (
    Ask,
    Attachment,
    Button,
    Consent,
    DropDraft,
    Expects,
    Initiatives,
    KeepDraft,
    Kind,
    Mine,
    Reply,
    Say,
    Turn,
)
from handlers import initiative_after as after
from handlers import initiative_form as form
from handlers import initiative_reading as reading
from handlers.initiative_form import TOPIC, Draft

CONSENT = "consent"
SURE = 0.5  # a question so surely read is one, also while the form waits for an answer
VERY_SURE = 0.8
ELSEWHERE = (
    "menu", "bot?", "insult", "thanks", "bye", "ack", "erase", "erase_now", "export", "who_sees",
)  # fmt: skip
STOPS = frozenset(
    {"dung", "stop", "thoi", "huy", "ngung", "ngung lai", "dung lai", "thoi dung", "thoi khoi", "de sau", "thoi de sau",
     "khong viet nua", "khong lam nua", "huy bo", "nghi", "nghi viet", "dung viet", "khong gui nua",
     "thoi khong gui nua"}
)  # fmt: skip
RESUMES = frozenset({"viet tiep", "tiep tuc", "viet tiep don", "lam tiep", "gui tiep", "tiep"})
STORIES = ("sang kien da dang", "sang kien cua nguoi khac", "sang kien tieu bieu", "coi sang kien", "xem sang kien hay")
FILES = frozenset({"image", "video", "audio", "file"})


class Initiative:
    name = TOPIC
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        known = turn.facts.get("initiatives")
        if not isinstance(known, Initiatives):
            return _by_chat_only(turn)
        draft = Draft.recall(turn.memory)
        if turn.choice:
            return _pressed(turn, known, draft) if turn.choice.partition(":")[0] == TOPIC else None
        if turn.asked is not None and (reply := _asked(turn, known, draft, turn.asked)):
            return reply
        return _unasked(turn, known, draft)

    def again(self, turn: Turn) -> Say | None:
        """The open step once more, behind what another topic answered in between."""
        known, asked = turn.facts.get("initiatives"), turn.asked
        if asked is None or not isinstance(known, Initiatives):
            return None
        lead = turn.texts("initiative.where_we_were")
        if asked.name.startswith(("form:", "edit:", "more:")):
            said = form.question(turn, known, asked.name, Draft.recall(turn.memory)).says[0]
            return replace(said, text=f"{lead}\n{said.text}")
        if asked.name == "confirm":
            buttons = (turn.button("Gửi", "initiative:send"), turn.button("Xem lại", "initiative:review"))
            return Say(turn.texts("initiative.card_waits"), buttons)
        if asked.name == CONSENT:
            return Say(f"{lead}\n{turn.texts.fill(known.consent)}", _consent_buttons(turn))
        return None


# ---- nothing was asked ----


def _unasked(turn: Turn, known: Initiatives, draft: Draft | None) -> Reply | None:
    sent = tuple(item for item in turn.attachments if item.kind in FILES)
    if sent and not turn.text:
        return _files_alone(turn, known, draft, sent)
    if (claim := reading.claim(turn.text)) is not None:
        return after.claim(turn, *claim)
    if draft is not None and reading.fold(turn.text).strip(" .!") in RESUMES:
        return form.go_on(turn, known, draft)
    if known.states or turn.kind is Kind.INITIATIVE_STATUS or (known.wrong_code and turn.kind is not Kind.QUESTION):
        return after.status(turn, known)
    if any(words in turn.plain for words in STORIES):
        return after.trades(turn, known)
    return _start(turn, known, draft, turn.text) if turn.kind is Kind.SUBMIT_INITIATIVE else None


def _files_alone(turn: Turn, known: Initiatives, draft: Draft | None, sent: tuple[Attachment, ...]) -> Reply | None:
    """Pictures without a word belong to what is being written, or to what was handed in last."""
    if draft is not None:
        return _keep_files(turn, known, draft, sent)
    latest = next((one for one in known.mine if one.state not in after.OVER), None)
    return after.files(turn, latest, sent) if latest else None


def _start(turn: Turn, known: Initiatives, draft: Draft | None, said: str) -> Reply:
    """Consent first; what was already written waits in the open question until then."""
    buttons: tuple[Button, ...]
    if not known.personal:
        buttons = (turn.button("Gặp cán bộ", "person:initiative"),)
        text = turn.texts("initiative.elsewhere", url=known.elsewhere)
        return Reply(says=(Say(text, buttons),), kind=Kind.SUBMIT_INITIATIVE)
    if draft is not None:
        return _which(turn, draft, said)
    if known.closed:
        buttons = (turn.button("Gặp cán bộ", "person:initiative"), turn.button("Đơn gồm những gì", "answer:sk.fields"))
        return Reply(says=(Say(turn.texts.fill(known.closed), buttons),), kind=Kind.SUBMIT_INITIATIVE)
    return _ask_consent(turn, known, said)


def _ask_consent(turn: Turn, known: Initiatives, said: str) -> Reply:
    helper = reading.for_another(said)
    told = said if reading.substance(said) else ""
    words = turn.texts.fill(known.consent)
    sent = [[item.kind, item.url, item.name] for item in turn.attachments if item.kind in FILES]
    facts = {"said": told[: reading.LONGEST], "helper": helper, "files": sent}
    lead = turn.texts("initiative.start_helper" if helper else "initiative.start_told" if told else "initiative.start")
    ask = Ask(TOPIC, CONSENT, Expects.YES_NO, facts, stays=True)
    return Reply(
        says=(Say(f"{lead}\n{words}", _consent_buttons(turn)),),
        ask=ask,
        kind=Kind.SUBMIT_INITIATIVE,
        held_may_follow=False,
        took_attachments=bool(sent),
    )


def _consent_buttons(turn: Turn) -> tuple[Button, ...]:
    return turn.button("Đồng ý", "initiative:yes"), turn.button("Không", "initiative:no")


def _which(turn: Turn, draft: Draft, said: str) -> Reply:
    """One is being written already: go on with it, or put it away for a new one; never without asking."""
    title = form.short(str(draft.fields.get("what") or ""), 60) or turn.texts("initiative.untitled")
    ask = Ask(TOPIC, "which", Expects.CHOICE, {"said": said[: reading.LONGEST]})
    buttons = (
        turn.button("Viết tiếp", "initiative:resume"),
        turn.button("Bỏ, viết cái mới", "initiative:new"),
    )
    text = turn.texts("initiative.which", noun=title)
    return Reply(says=(Say(text, buttons),), ask=ask, memory=draft.memory(), kind=Kind.SUBMIT_INITIATIVE)


# ---- a question of ours is open ----


def _asked(turn: Turn, known: Initiatives, draft: Draft | None, asked: Ask) -> Reply | None:
    act, _, rest = asked.name.partition(":")
    if act in {"form", "edit", "confirm"}:
        return _in_the_form(turn, known, draft or Draft(), asked)
    if act in {CONSENT, "claim"}:
        word = "yes" if turn.has("yes") else "no" if turn.has("no") else ""
        choice = f"initiative:claim:{word}" if act == "claim" else f"initiative:{word}"
        return _pressed(replace(turn, choice=choice), known, draft) if word else None
    if act == "code":
        found = reading.code(turn.text)
        return after.status(turn, known) if found or known.states or known.wrong_code else None
    if act == "phone":
        return None if _is_elsewhere(turn) else after.phone(turn, known, rest)
    code, _, key = rest.partition(":")
    mine = after.find(known, code)
    return None if mine is None else _later(turn, known, mine, act, key)


def _later(turn: Turn, known: Initiatives, mine: Mine, act: str, key: str) -> Reply | None:
    """An answer to a later question about one that was handed in."""
    sent = tuple(item for item in turn.attachments if item.kind in FILES)
    if sent and act == "answer":
        return after.answer(turn, mine)
    if sent:
        return after.files(turn, mine, sent)
    if not turn.text or _is_elsewhere(turn):
        return None
    if _stops(turn) or (act in {"more", "added"} and turn.has("no", "skip")):
        return after.show(turn, mine)
    if act == "more":
        return after.added(turn, known, mine, key)
    if act == "tried":
        return after.tried(turn, mine, ask_again="initiative.since_unclear")
    return after.answer(turn, mine)


def _in_the_form(turn: Turn, known: Initiatives, draft: Draft, asked: Ask) -> Reply | None:
    sent = tuple(item for item in turn.attachments if item.kind in FILES)
    if sent:
        return _keep_files(turn, known, draft, sent)
    if not turn.text:
        return None
    if _stops(turn):
        return _stop(turn, draft, asked)
    if asked.name == "confirm" and form.sends(turn):
        return after.receipt(turn, known, draft)
    if _is_elsewhere(turn):
        return None
    return form.answered(turn, known, draft, asked.name)


def _keep_files(turn: Turn, known: Initiatives, draft: Draft, sent: tuple[Attachment, ...]) -> Reply:
    """Kept at once. A voice note answers an open question of words; pictures only go along."""
    draft = replace(draft, files=draft.files + len(sent))
    keep = KeepDraft(draft.fields, sent, helper=draft.helper)
    lead = turn.texts("initiative.files_kept", noun=turn.attached)
    step = turn.asked.name.partition(":")[2] if turn.asked else ""
    words = any(one.key == step and one.kind == "text" for one in known.form)
    if turn.text and words and turn.asked is not None:
        reply = form.answered(turn, known, draft, turn.asked.name)
        if reply is not None:
            effects = tuple(one for one in reply.effects if not isinstance(one, KeepDraft))
            filled = next((one.fields for one in reply.effects if isinstance(one, KeepDraft)), draft.fields)
            reply = replace(form.led(reply, lead), effects=(replace(keep, fields=filled), *effects))
            return replace(reply, took_attachments=True)
    if words and any(item.kind == "audio" for item in sent):
        draft = draft.with_(**{step: turn.texts("initiative.in_the_voice_note")})
        keep = replace(keep, fields=draft.fields)
    return replace(form.go_on(turn, known, draft, lead=lead, effects=(keep,)), took_attachments=True)


def _stops(turn: Turn) -> bool:
    """DỪNG, thôi, hủy: of the form or of the messages? Words that name the messages are for another topic."""
    return reading.fold(turn.text).strip(" .!") in STOPS


def _stop(turn: Turn, draft: Draft, asked: Ask) -> Reply:
    buttons = (turn.button("Dừng viết", "initiative:pause"), turn.button("Dừng nhận thông báo", "unsubscribe"))
    reply = Reply(says=(Say(turn.texts("initiative.stop_which"), buttons),), ask=asked, held_may_follow=False)
    return form.kept(reply, draft)


def _is_elsewhere(turn: Turn) -> bool:
    """A question, a greeting, a wish for a person: another topic answers, and the form goes on behind it."""
    read = turn.reading
    if turn.has(*ELSEWHERE) or (turn.has("stop") and not turn.has("yes", "no")):
        return True
    words = len(turn.text.split())
    if read.kind in {Kind.HUMAN, Kind.PRIVACY, Kind.SUBSCRIBE} and read.confidence >= VERY_SURE:
        return words <= 12
    if read.kind is Kind.SMALLTALK:  # figures are no greeting, and a name has two words
        most = 1 if turn.asked and turn.asked.name.endswith(":author") else 3
        figures = any(letter.isdecimal() for letter in turn.text)
        return words <= most and not figures and not turn.has("yes", "no") and read.confidence >= VERY_SURE
    asking = {Kind.QUESTION, Kind.OUT_OF_SCOPE, Kind.INITIATIVE_STATUS}
    return read.kind in asking and read.confidence >= SURE and reading.asks(turn.text)


# ---- a button ----


def _pressed(turn: Turn, known: Initiatives, draft: Draft | None) -> Reply | None:
    _, act, *rest = [*turn.choice.split(":"), ""]
    if act in _WRITING:
        return _WRITING[act](turn, known, draft, [*rest, "", ""])
    if act in _HANDED_IN:
        mine = after.find(known, next((part for part in rest if part.startswith("SK-")), ""))
        return _HANDED_IN[act](turn, known, mine, [*rest, "", ""]) if mine else after.status(turn, known)
    return None


def _begin(turn: Turn, known: Initiatives, draft: Draft | None, _rest: list[str]) -> Reply:
    return _start(turn, known, draft, "")


def _agreed(turn: Turn, known: Initiatives, draft: Draft | None, _rest: list[str]) -> Reply:
    facts = turn.asked.facts if turn.asked and turn.asked.name == CONSENT else {}
    if turn.asked is None or turn.asked.name != CONSENT:  # a button of long ago: the words may have changed
        return _start(turn, known, draft, "")
    words = turn.texts.fill(known.consent)
    given = Consent(TOPIC, given=True, words=words, version=known.consent_version)
    said, sent = str(facts.get("said") or ""), _stored_files(facts.get("files"))
    made = Draft({"what": said} if said else {}, len(sent), helper=facts.get("helper") is True)
    spread = reading.pieces(said, {one.label: one.key for one in known.form}) if said else {}
    if len(spread) > 1:
        made = replace(made, fields=_spread_out(known, spread, turn))
    keep = KeepDraft(made.fields, sent, helper=made.helper)
    lead = turn.texts("initiative.never_ask")
    return form.go_on(turn, known, made, lead=lead, effects=(given, keep))


def _spread_out(known: Initiatives, spread: dict[str, str], turn: Turn) -> dict[str, object]:
    by_key = {one.key: one for one in known.form}
    filled: dict[str, object] = {}
    for key, part in spread.items():
        if one := by_key.get(key or "what"):
            filled |= form.read(one, part, known, turn.now.date())
    return filled


def _stored_files(value: object) -> tuple[Attachment, ...]:
    rows = value if isinstance(value, list) else []
    return tuple(Attachment(str(row[0]), row[1], row[2]) for row in rows if isinstance(row, list) and len(row) == 3)


def _refused(turn: Turn, _known: Initiatives, _draft: Draft | None, _rest: list[str]) -> Reply:
    text = turn.texts("initiative.refused")
    return Reply(says=(Say(text, (turn.button("Gặp cán bộ", "person:initiative"),)),), kind=Kind.SUBMIT_INITIATIVE)


def _resumed(turn: Turn, known: Initiatives, draft: Draft | None, rest: list[str]) -> Reply:
    return form.go_on(turn, known, draft) if draft else _begin(turn, known, draft, rest)


def _anew(turn: Turn, known: Initiatives, _draft: Draft | None, _rest: list[str]) -> Reply:
    said = str(turn.asked.facts.get("said") or "") if turn.asked and turn.asked.name == "which" else ""
    reply = _start(turn, known, None, said)
    return replace(reply, memory={}, effects=(DropDraft(), *reply.effects))


def _paused(turn: Turn, _known: Initiatives, draft: Draft | None, _rest: list[str]) -> Reply:
    if draft is None:
        return Reply(says=(Say(turn.texts("initiative.nothing_open")),), kind=Kind.SUBMIT_INITIATIVE)
    buttons = (turn.button("Viết tiếp", "initiative:resume"), turn.button("Bỏ bản này", "initiative:drop"))
    reply = Reply(says=(Say(turn.texts("initiative.paused"), buttons, sticky=True),))
    return form.kept(reply, draft)


def _drop(turn: Turn, _known: Initiatives, draft: Draft | None, rest: list[str]) -> Reply:
    if draft is None:
        return Reply(says=(Say(turn.texts("initiative.nothing_open")),), kind=Kind.SUBMIT_INITIATIVE)
    if rest[0] == "yes":
        return Reply(
            says=(Say(turn.texts("initiative.dropped")),),
            effects=(DropDraft(),),
            memory={},
            kind=Kind.SUBMIT_INITIATIVE,
        )
    buttons = (turn.button("Bỏ luôn", "initiative:drop:yes"), turn.button("Giữ lại", "initiative:pause"))
    return form.kept(Reply(says=(Say(turn.texts("initiative.drop"), buttons),)), draft)


def _use(turn: Turn, known: Initiatives, draft: Draft | None, rest: list[str]) -> Reply:
    if draft is None or rest[0] not in {reading.USED, reading.TRIED, reading.UNTRIED}:
        return _begin(turn, known, draft, rest)
    said = {reading.USED: "đang dùng", reading.TRIED: "đã làm thử", reading.UNTRIED: "chưa làm thử"}[rest[0]]
    draft = draft.without("since", "since_precision").with_(use=said, use_state=rest[0])
    return form.go_on(turn, known, draft)


def _since(turn: Turn, known: Initiatives, draft: Draft | None, rest: list[str]) -> Reply:
    if draft is None:
        return _begin(turn, known, draft, rest)
    return form.go_on(turn, known, draft.with_(since="", since_precision=""))


def _place(turn: Turn, known: Initiatives, draft: Draft | None, rest: list[str]) -> Reply:
    if draft is None:
        return _begin(turn, known, draft, rest)
    facts = turn.asked.facts if turn.asked else {}
    names = facts.get("names")
    if rest[0] == "known" and turn.person.unit:
        found = list(known.places(turn.person.unit))
        number, name = found[0] if len(found) == 1 else (0, turn.person.unit)
        return form.go_on(turn, known, draft.with_(place=name, place_id=number))
    if isinstance(names, dict) and rest[0] in names:
        return form.go_on(turn, known, draft.with_(place=str(names[rest[0]]), place_id=int(rest[0])))
    if rest[0] == "other" and facts.get("said"):
        return form.go_on(turn, known, draft.with_(place=str(facts["said"]), place_id=0))
    return form.go_on(turn, known, draft)


def _grown(turn: Turn, known: Initiatives, draft: Draft | None, rest: list[str]) -> Reply:
    return form.grown(turn, known, draft, yes=rest[0] == "yes") if draft else _begin(turn, known, draft, rest)


def _edit(turn: Turn, known: Initiatives, draft: Draft | None, rest: list[str]) -> Reply:
    if draft is None:
        return _begin(turn, known, draft, rest)
    return form.edit(turn, known, draft, rest[0]) if rest[0] else form.edit_menu(turn, known, draft)


def _readers(turn: Turn, known: Initiatives, draft: Draft | None, rest: list[str]) -> Reply:
    if draft is None:
        return _begin(turn, known, draft, rest)
    draft = replace(draft, readers="province" if draft.readers == "unit" else "unit")
    return form.kept(form.summary(turn, known, draft, turn.texts("initiative.readers_changed")), draft)


def _send(turn: Turn, known: Initiatives, draft: Draft | None, rest: list[str]) -> Reply:
    if draft is None:  # pressed twice: it is handed in already
        return after.status(turn, known) if known.mine else _begin(turn, known, draft, rest)
    return after.receipt(turn, known, draft)


def _claim(turn: Turn, known: Initiatives, _draft: Draft | None, rest: list[str]) -> Reply | None:
    if turn.asked is None or turn.asked.name != "claim":
        return after.status(turn, known)
    facts = turn.asked.facts
    return after.claimed(turn, known, str(facts.get("code")), str(facts.get("pin")), yes=rest[0] == "yes")


def _skip(turn: Turn, known: Initiatives, _draft: Draft | None, _rest: list[str]) -> Reply:
    name = turn.asked.name if turn.asked else ""
    _, code, key, *_ = [*name.split(":"), "", ""]
    mine = after.find(known, code)
    return after.skipped(turn, known, mine, key) if mine else after.status(turn, known)


def _enough(turn: Turn, known: Initiatives, _draft: Draft | None, _rest: list[str]) -> Reply:
    code = (turn.asked.name if turn.asked else "").split(":")[1:2]
    mine = after.find(known, code[0]) if code else None
    return after.show(turn, mine) if mine else after.status(turn, known)


_Writing = Callable[[Turn, Initiatives, Draft | None, list[str]], Reply | None]
_WRITING: dict[str, _Writing] = {
    "": _begin,
    "yes": _agreed,
    "no": _refused,
    "resume": _resumed,
    "review": _resumed,
    "new": _anew,
    "pause": _paused,
    "drop": _drop,
    "use": _use,
    "since": _since,
    "place": _place,
    "grown": _grown,
    "edit": _edit,
    "readers": _readers,
    "send": _send,
    "claim": _claim,
    "skip": _skip,
    "enough": _enough,
    "status": lambda turn, known, _draft, _rest: after.status(turn, known),
    "stories": lambda turn, known, _draft, _rest: after.trades(turn, known),
    "trade": lambda turn, known, _draft, rest: after.trade(turn, known, rest[0]),
    "story": lambda turn, known, _draft, rest: after.story(turn, known, rest[0]),
}
_HandedIn = Callable[[Turn, Initiatives, Mine, list[str]], Reply | None]
_HANDED_IN: dict[str, _HandedIn] = {
    "news": lambda turn, known, mine, rest: after.news(turn, known, rest[0], mine.code),
    "show": lambda turn, _known, mine, _rest: after.show(turn, mine),
    "more": lambda turn, known, mine, _rest: after.more(turn, known, mine),
    "paper": lambda turn, _known, mine, _rest: after.paper(turn, mine),
    "who": lambda turn, _known, mine, rest: after.readers(turn, mine, rest[1] if rest[1] in after.READS else ""),
    "tried": lambda turn, _known, mine, _rest: after.tried(turn, mine),
    "answer": lambda turn, _known, mine, _rest: after.ask_answer(turn, mine),
    "files!": lambda turn, _known, mine, _rest: after.files_dropped(turn, mine),
    "withdraw": lambda turn, _known, mine, _rest: after.withdraw(turn, mine, sure=False),
    "withdraw!": lambda turn, _known, mine, _rest: after.withdraw(turn, mine, sure=True),
    "permit": lambda turn, _known, mine, rest: (
        after.permit(turn, mine, rest[0], rest[2]) if rest[0] in after.PERMITS else None
    ),
}


def _by_chat_only(turn: Turn) -> Reply | None:
    """Where nothing can be kept (the terminal): say what to prepare."""
    if turn.choice.partition(":")[0] != TOPIC and turn.kind not in {Kind.SUBMIT_INITIATIVE, Kind.INITIATIVE_STATUS}:
        return None
    status = turn.choice == "initiative:status" or turn.kind is Kind.INITIATIVE_STATUS
    further = ("Bao lâu có kết quả", "answer:sk.decision_time") if status else ("Đơn gồm những gì", "answer:sk.fields")
    buttons = (turn.button("Gặp cán bộ", "person:initiative"), turn.button(*further))
    kind = Kind.INITIATIVE_STATUS if status else Kind.SUBMIT_INITIATIVE
    return Reply(says=(Say(turn.texts("initiative.status" if status else "initiative.submit"), buttons),), kind=kind)

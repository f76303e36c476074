"""After an initiative was handed in: the receipt, what became of it, more for it, news, withdrawal, stories."""

from __future__ import annotations

from dataclasses import replace

from bot.talk import (
    AddToInitiative,
    Ask,
    Attachment,
    Button,
    ChangeInitiative,
    ClaimInitiative,
    Consent,
    DropFiles,
    Effect,
    Expects,
    FormField,
    HandIn,
    Initiatives,
    Kind,
    Mine,
    Reply,
    Say,
    SendForm,
    Turn,
    WithdrawInitiative,
    number,
)
from handlers import initiative_reading as reading
from handlers.initiative_form import TOPIC, Draft, card, go_on, missing, question, short

MOST_SHOWN = 6
#: state -> text; what a member hears of it, and for an idea
LABELS = {
    "received": "initiative.state_received",
    "in_review": "initiative.state_in_review",
    "needs_more": "initiative.state_needs_more",
    "advised": "initiative.state_advised",
    "filed": "initiative.state_filed",
    "recognised": "initiative.state_recognised",
    "unfit": "initiative.state_unfit",
    "withdrawn": "initiative.state_withdrawn",
}
NEXT = {
    "received": "initiative.next_received",
    "in_review": "initiative.next_in_review",
    "needs_more": "initiative.next_needs_more",
    "advised": "initiative.next_advised",
    "filed": "initiative.next_filed",
    "recognised": "initiative.next_recognised",
    "unfit": "initiative.next_unfit",
    "withdrawn": "initiative.next_withdrawn",
}
PERMITS = {
    "employer": "initiative.permit_employer",
    "name": "initiative.permit_name",
    "story": "initiative.permit_story",
}
OVER = frozenset({"withdrawn", "recognised", "unfit"})
READS = {"unit": "initiative.readers_unit", "province": "initiative.readers_province"}


def _say(text: str, *buttons: Button, ask: Ask | None = None, effects: tuple[Effect, ...] = ()) -> Reply:
    return Reply(says=(Say(text, buttons),), ask=ask, effects=effects, kind=Kind.INITIATIVE_STATUS)


def find(known: Initiatives, code: str) -> Mine | None:
    return next((one for one in known.mine if one.code == code), None)


def label(turn: Turn, state: str) -> str:
    return turn.texts(LABELS[state]) if state in LABELS else state


# ---- the receipt ----


def receipt(turn: Turn, known: Initiatives, draft: Draft) -> Reply:
    """Handed in: the code, the summary, that this is no application, by when to file one; then how news is told."""
    if missing(known, draft, turn.now.date()) or not known.fresh:
        return go_on(turn, known, draft)
    code = known.fresh
    idea = draft.fields.get("use_state") == reading.UNTRIED
    lines = [
        turn.texts("initiative.receipt_idea" if idea else "initiative.receipt", noun=code),
        *card(known, draft.fields),
        turn.texts("initiative.not_an_application"),
        "" if idea else _last_day(turn, draft),
        turn.texts("initiative.helper_pin", noun=f"xác nhận {code} {known.pin}") if draft.helper else "",
    ]
    said = Say("\n".join(line for line in lines if line))
    return Reply(
        says=(said,) if draft.helper else (said, _news(turn, known, code, draft)),
        effects=(HandIn(code, draft.fields, draft.readers, helper=draft.helper, pin=known.pin),),
        memory={},
        held_may_follow=False,
        kind=Kind.SUBMIT_INITIATIVE,
    )


def _last_day(turn: Turn, draft: Draft) -> str:
    """By when to apply at the workplace; only where the first use is known to the day or month."""
    since, precision = draft.fields.get("since"), draft.fields.get("since_precision")
    if not since or precision not in {"day", "month"}:
        return turn.texts("initiative.last_day_unknown")
    last = reading.year_later(str(since))
    key = "initiative.last_day" if last >= turn.now.date() else "initiative.last_day_over"
    return turn.texts(key, when=f"{last:%d/%m/%Y}")


def _news(turn: Turn, known: Initiatives, code: str, draft: Draft) -> Say:
    lacking = [one.label for one in known.form if not one.needed and not draft.fields.get(one.key)]
    lines = [
        turn.texts("initiative.lacking", noun=", ".join(lacking)) if lacking else "",
        turn.texts("initiative.news_how", channel=turn.channel),
    ]
    buttons = (
        turn.button("Nhắn tại đây", f"initiative:news:here:{code}"),
        turn.button("Gọi điện cho tôi", f"initiative:news:phone:{code}"),
    )
    return Say("\n".join(line for line in lines if line), buttons, sticky=True)


def news(turn: Turn, known: Initiatives, how: str, code: str) -> Reply | None:
    mine = find(known, code)
    if mine is None:
        return None
    if how == "phone" and not mine.phone:
        ask = Ask(TOPIC, f"phone:{code}", Expects.TEXT, stays=True)
        return _say(turn.texts("initiative.ask_phone"), ask=ask)
    effect = ChangeInitiative(code, news="phone" if how == "phone" else "here")
    text = turn.texts("initiative.news_phone" if how == "phone" else "initiative.news_here")
    return _say(text, *_offer_more(turn, mine), effects=(effect,))


def phone(turn: Turn, known: Initiatives, code: str) -> Reply | None:
    number = reading.phone_of(turn.text)
    mine = find(known, code)
    if mine is None or (not number and (turn.has("skip", "no") or reading.asks(turn.text))):
        return None
    if not number:
        return _say(turn.texts("initiative.phone_unclear"), ask=turn.asked)
    text = turn.texts("initiative.news_phone")
    return _say(text, *_offer_more(turn, mine), effects=(ChangeInitiative(code, news="phone", phone=number),))


def _offer_more(turn: Turn, mine: Mine) -> tuple[Button, ...]:
    more = (turn.button("Bổ sung bây giờ", f"initiative:more:{mine.code}"),) if mine.missing else ()
    return (*more, turn.button("Nhận mẫu đơn đã điền", f"initiative:paper:{mine.code}"))


# ---- what became of it ----


def status(turn: Turn, known: Initiatives) -> Reply:
    """One's own by a list; any other by its code, the state and nothing more."""
    others = [f"{code}: {label(turn, str(state))}" for code, state in known.states.items()]
    asked_for = [one for one in known.mine if one.code in turn.text]
    buttons: tuple[Button, ...]
    if others and not asked_for:
        return _say("\n".join([turn.texts("initiative.state_only"), *others]))
    if known.wrong_code:
        return _say(turn.texts("initiative.wrong_code"), ask=Ask(TOPIC, "code", Expects.TEXT))
    if len(asked_for) == 1 or len(known.mine) == 1:
        return show(turn, (asked_for or list(known.mine))[0])
    if not known.mine:
        buttons = (turn.button("Gửi sáng kiến", "initiative"), turn.button("Gặp cán bộ", "person:initiative"))
        return _say(turn.texts("initiative.none"), *buttons, ask=Ask(TOPIC, "code", Expects.TEXT))
    lines = [f"- {one.code} ({short(one.title, 40)}): {label(turn, one.state)}" for one in known.mine[:MOST_SHOWN]]
    buttons = tuple(turn.button(one.code, f"initiative:show:{one.code}") for one in known.mine[:MOST_SHOWN])
    return _say("\n".join([turn.texts("initiative.several"), *lines]), *buttons)


def show(turn: Turn, mine: Mine) -> Reply:
    kind = "initiative.one_idea" if mine.idea else "initiative.one"
    lines = [
        turn.texts(kind, noun=f"{mine.code} ({short(mine.title, 60)})", unit=label(turn, mine.state)),
        turn.texts("initiative.reason", noun=mine.reason) if mine.state == "unfit" else "",
        turn.texts("initiative.question", noun=mine.question) if mine.question else turn.texts(NEXT[mine.state]),
    ]
    if mine.missing and mine.state not in OVER:
        lines.append(turn.texts("initiative.lacking_short", most=len(mine.missing)))
    return _say("\n".join(line for line in lines if line), *_acts(turn, mine))


def _acts(turn: Turn, mine: Mine) -> tuple[Button, ...]:
    if mine.state == "withdrawn":
        return (turn.button("Gửi sáng kiến khác", "initiative"),)
    code = mine.code
    answer = (turn.button("Trả lời cán bộ", f"initiative:answer:{code}"),) if mine.question else ()
    tried = (turn.button("Đã làm thử rồi", f"initiative:tried:{code}"),) if mine.idea and mine.state not in OVER else ()
    more = (turn.button("Bổ sung, thêm hình", f"initiative:more:{code}"),) if mine.state not in OVER else ()
    paper = (turn.button("Nhận mẫu đơn", f"initiative:paper:{code}"),)
    readers = () if mine.state in OVER else (turn.button("Ai được đọc", f"initiative:who:{code}"),)
    person = (turn.button("Gặp cán bộ", "person:initiative"),) if mine.state == "unfit" else ()
    back = () if mine.state == "recognised" else (turn.button("Rút lại", f"initiative:withdraw:{code}"),)
    return (*answer, *tried, *more, *paper, *readers, *person, *back)


def paper(turn: Turn, mine: Mine) -> Reply:
    where = turn.texts("initiative.paper_idea" if mine.idea else "initiative.paper")
    text = where
    if mine.last_day and not mine.idea:
        last_day = turn.texts("initiative.last_day", when=f"{mine.last_day:%d/%m/%Y}")
        text = f"{text}\n{last_day}"
    return _say(text, turn.button("Xem hồ sơ", f"initiative:show:{mine.code}"), effects=(SendForm(mine.code),))


def withdraw(turn: Turn, mine: Mine, *, sure: bool) -> Reply:
    if sure:
        text = turn.texts("initiative.withdrawn", noun=mine.code)
        return _say(text, turn.button("Xóa thông tin", "privacy:erase"), effects=(WithdrawInitiative(mine.code),))
    buttons = (
        turn.button("Rút lại", f"initiative:withdraw!:{mine.code}"),
        turn.button("Giữ nguyên", f"initiative:show:{mine.code}"),
    )
    return _say(turn.texts("initiative.withdraw", noun=f"{mine.code} ({short(mine.title, 60)})"), *buttons)


def readers(turn: Turn, mine: Mine, wanted: str) -> Reply:
    """Who may read it: shown, or changed."""
    effects = (ChangeInitiative(mine.code, readers=wanted),) if wanted else ()
    present = wanted or mine.readers
    other = ("Chỉ cấp tỉnh", "province") if present == "unit" else ("Thêm CĐ nơi làm", "unit")
    button = turn.button(other[0], f"initiative:who:{mine.code}:{other[1]}")
    done = turn.button("Xong", f"initiative:show:{mine.code}")
    return _say(turn.texts(READS[present]), button, done, effects=effects)


def tried(turn: Turn, mine: Mine, *, ask_again: str = "") -> Reply:
    since = reading.since_of(turn.text, turn.now.date()) if turn.text else None
    if since is None or since.day > turn.now.date():
        ask = Ask(TOPIC, f"tried:{mine.code}", Expects.TEXT, stays=True)
        return _say(turn.texts(ask_again or "initiative.ask_tried"), ask=ask)
    use = {"use": turn.text, "use_state": reading.TRIED, "since": since.day.isoformat()}
    effect = ChangeInitiative(mine.code, use={**use, "since_precision": since.precision})
    return _say(turn.texts("initiative.tried", noun=mine.code), effects=(effect,))


# ---- more for it ----


def more(turn: Turn, known: Initiatives, mine: Mine) -> Reply:
    """The next of what the loaded form lacks; then photos."""
    for one in known.form:
        if one.key in mine.missing:
            return question(turn, known, f"more:{mine.code}:{one.key}")
    return _more_files(turn, mine)


def _more_files(turn: Turn, mine: Mine) -> Reply:
    ask = Ask(TOPIC, f"added:{mine.code}", Expects.TEXT, stays=True)
    text = turn.texts("initiative.ask_files", noun=mine.code)
    return Reply(says=(Say(text),), ask=ask, held_may_follow=False, kind=Kind.INITIATIVE_STATUS)


def added(turn: Turn, known: Initiatives, mine: Mine, key: str) -> Reply:
    """An answer to one of the later questions; the next one follows."""
    one = next((one for one in known.form if one.key == key), None)
    value = _value(one, turn.text)
    if one is None or not value:
        return question(turn, known, f"more:{mine.code}:{key}", lead=turn.texts("initiative.phone_unclear"))
    rest = replace(mine, missing=_behind(known, mine, key))
    reply = more(turn, known, rest)
    return replace(reply, effects=(AddToInitiative(mine.code, {key: value}), *reply.effects))


def skipped(turn: Turn, known: Initiatives, mine: Mine, key: str) -> Reply:
    return more(turn, known, replace(mine, missing=_behind(known, mine, key)))


def _behind(known: Initiatives, mine: Mine, key: str) -> tuple[str, ...]:
    """What is still missing and comes later in the form than this field."""
    order = [one.key for one in known.form]
    return tuple(one for one in mine.missing if key in order and one in order[order.index(key) + 1 :])


def _value(one: FormField | None, said: str) -> str:
    if one is None:
        return ""
    return reading.phone_of(said) if one.kind == "phone" else said.strip()[: reading.LONGEST]


def files(turn: Turn, mine: Mine, sent: tuple[Attachment, ...]) -> Reply:
    """Photos and papers for one that was handed in; a slip can be taken back."""
    buttons = (
        turn.button("Không phải, gỡ ra", f"initiative:files!:{mine.code}"),
        turn.button("Xem hồ sơ", f"initiative:show:{mine.code}"),
    )
    text = turn.texts("initiative.files_added", noun=turn.attached, unit=f"{mine.code} ({short(mine.title, 40)})")
    effect = AddToInitiative(mine.code, files=sent, answer=turn.text)
    return replace(_say(text, *buttons, effects=(effect,)), took_attachments=True, ask=turn.asked)


def files_dropped(turn: Turn, mine: Mine) -> Reply:
    return _say(turn.texts("initiative.files_dropped", noun=mine.code), effects=(DropFiles(mine.code),))


def ask_answer(turn: Turn, mine: Mine) -> Reply:
    ask = Ask(TOPIC, f"answer:{mine.code}", Expects.TEXT, stays=True)
    asked = mine.question or turn.texts("initiative.answer_free")
    return _say(turn.texts("initiative.ask_answer", noun=asked), ask=ask)


def answer(turn: Turn, mine: Mine) -> Reply:
    text = turn.texts("initiative.answered", noun=mine.code)
    effect = AddToInitiative(mine.code, files=turn.attachments, answer=turn.text[: reading.LONGEST])
    return replace(_say(text, effects=(effect,)), took_attachments=True)


# ---- what the author permits ----


def permit(turn: Turn, mine: Mine, purpose: str, given: str) -> Reply:
    """A separate yes or no, asked only when it is needed; shown again where the button is old."""
    words = turn.texts(PERMITS[purpose], noun=f"{mine.code} ({short(mine.title, 60)})")
    if given not in {"yes", "no"}:
        buttons = (
            turn.button("Đồng ý", f"initiative:permit:{purpose}:{mine.code}:yes"),
            turn.button("Không", f"initiative:permit:{purpose}:{mine.code}:no"),
        )
        return _say(words, *buttons)
    yes = given == "yes"
    version = turn.texts.fill("{consent_version}")
    effects = (
        Consent(f"initiative.{purpose}", given=yes, words=words, version=version),
        ChangeInitiative(mine.code, permit=purpose, given=yes),
    )
    return _say(turn.texts("initiative.permitted" if yes else "initiative.not_permitted"), effects=effects)


def claim(turn: Turn, code: str, pin: str) -> Reply:
    """What the worker says yes to: it is theirs, and may be handled."""
    ask = Ask(TOPIC, "claim", Expects.YES_NO, {"code": code, "pin": pin})
    buttons = (turn.button("Đúng, của tôi", "initiative:claim:yes"), turn.button("Không phải", "initiative:claim:no"))
    return _say(turn.texts("initiative.claim", noun=code), *buttons, ask=ask)


def claimed(turn: Turn, known: Initiatives, code: str, pin: str, *, yes: bool) -> Reply:
    if not yes:
        return _say(turn.texts("initiative.not_claimed"))
    consent = Consent("initiative", given=True, words=turn.texts.fill(known.consent), version=known.consent_version)
    return Reply(effects=(consent, ClaimInitiative(code, pin)), kind=Kind.INITIATIVE_STATUS)


# ---- published stories ----


def trades(turn: Turn, known: Initiatives) -> Reply:
    names = list(dict.fromkeys(story.trade for story in known.stories))
    if not names:
        return _say(turn.texts("initiative.no_stories"), turn.button("Gửi sáng kiến", "initiative"))
    buttons = tuple(turn.button(short(name, 20), f"initiative:trade:{at}") for at, name in enumerate(names[:9]))
    return _say(turn.texts("initiative.stories"), *buttons)


def trade(turn: Turn, known: Initiatives, place: str) -> Reply:
    names = list(dict.fromkeys(story.trade for story in known.stories))
    at = number(place)
    if at is None or at >= len(names):
        return trades(turn, known)
    found = [story for story in known.stories if story.trade == names[at]][:8]
    buttons = tuple(turn.button(short(story.title, 20), f"initiative:story:{story.id}") for story in found)
    lines = [f"- {story.title}" for story in found]
    return _say("\n".join([names[at], *lines]), *buttons)


def story(turn: Turn, known: Initiatives, number: str) -> Reply:
    found = next((one for one in known.stories if str(one.id) == number), None)
    if found is None:
        return trades(turn, known)
    text = "\n".join(part for part in (found.title, found.text, found.byline) if part)
    return _say(text, turn.button("Xem chuyện khác", "initiative:stories"), turn.button("Gửi sáng kiến", "initiative"))

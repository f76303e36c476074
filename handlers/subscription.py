"""Announcements: a recorded yes to the words shown, then the workplace, asked once and skippable."""

from bot.talk import Ask, Button, Consent, Expects, Kind, Reply, Say, SetUnit, Turn

CONSENT, UNIT, EDIT = "consent", "unit", "edit"
LONGEST_UNIT = 120
SURE = 0.8  # a message read so surely as something else is no workplace
LIKE_A_WORKPLACE = frozenset({Kind.OUT_OF_SCOPE, Kind.SUBMIT_INITIATIVE, Kind.INITIATIVE_STATUS})  # as names read

ABOUT_IT = frozenset({Kind.SUBSCRIBE, Kind.MENU, Kind.SMALLTALK})  # what "em đang nhận những gì" may be read as


class Subscription:
    name = "subscription"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if turn.asked is not None and (reply := self._answered(turn, turn.asked)):
            return reply
        if turn.choice == "unit" or turn.has("unit"):
            return _ask_unit(turn, turn.texts("subscription.unit_edit"), EDIT)
        if turn.kind in ABOUT_IT and turn.has("subscriptions"):
            return _status(turn)
        # an old "subscribe:yes" too: the words may have changed since
        wanted = turn.choice == "subscription" or turn.choice.startswith("subscribe") or turn.kind is Kind.SUBSCRIBE
        return _offer(turn) if wanted else None

    def _answered(self, turn: Turn, asked: Ask) -> Reply | None:
        if asked.name == CONSENT:
            if turn.choice == "subscribe:yes" or turn.has("yes") or turn.kind is Kind.SUBSCRIBE:
                return _accepted(turn, asked)
            if turn.choice == "subscribe:no" or turn.has("no", "skip"):
                words = str(asked.facts.get("words", ""))
                refused = Consent(
                    "announcements", given=False, words=words, version=str(asked.facts.get("version", ""))
                )
                return Reply(says=(Say(turn.texts("subscription.refused")),), effects=(refused,), kind=Kind.SUBSCRIBE)
            return None
        return _unit(turn, asked)


def _offer(turn: Turn) -> Reply:
    if turn.person.subscribed:
        return _status(turn)
    words = turn.texts("subscription.consent", channel=turn.channel)
    buttons = (turn.button("Đồng ý nhận", "subscribe:yes"), turn.button("Không nhận", "subscribe:no"))
    ask = Ask(
        "subscription", CONSENT, Expects.YES_NO, {"words": words, "version": turn.texts.fill("{consent_version}")}
    )
    return Reply(says=(Say(words, buttons),), ask=ask, kind=Kind.SUBSCRIBE)


def _accepted(turn: Turn, asked: Ask) -> Reply:
    facts = asked.facts
    given = Consent(
        "announcements", given=True, words=str(facts.get("words", "")), version=str(facts.get("version", ""))
    )
    thanks = turn.texts("subscription.accepted")
    question = turn.texts("subscription.unit")
    if turn.person.unit_asked or turn.person.unit:
        return Reply(says=(Say(thanks),), effects=(given,), kind=Kind.SUBSCRIBE)
    reply = _ask_unit(turn, f"{thanks}\n{question}", UNIT)
    return Reply(says=reply.says, effects=(given,), ask=reply.ask, kind=Kind.SUBSCRIBE)


def _ask_unit(turn: Turn, text: str, name: str) -> Reply:
    skip = (turn.button("Bỏ qua", "unit:skip"),)
    return Reply(says=(Say(text, skip),), ask=Ask("subscription", name, Expects.TEXT), kind=Kind.SUBSCRIBE)


def _unit(turn: Turn, asked: Ask) -> Reply | None:
    skipped = turn.choice == "unit:skip" or turn.has("skip", "no")
    if skipped and asked.name == EDIT:
        return Reply(says=(Say(turn.texts("subscription.unit_kept")),), kind=Kind.SUBSCRIBE)
    if skipped:
        return Reply(says=(Say(turn.texts("subscription.unit_skipped")),), effects=(SetUnit(""),), kind=Kind.SUBSCRIBE)
    if turn.choice or not turn.text or len(turn.text) > LONGEST_UNIT or _is_something_else(turn):
        return None
    unit = " ".join(turn.text.split())
    return Reply(
        says=(Say(turn.texts("subscription.unit_noted", unit=unit)),), effects=(SetUnit(unit),), kind=Kind.SUBSCRIBE
    )


def _is_something_else(turn: Turn) -> bool:
    reading = turn.reading
    if turn.says("stop", "menu", "danger", "bot?", "injection", "insult"):
        return True
    return reading.confidence >= SURE and reading.kind not in LIKE_A_WORKPLACE


def _status(turn: Turn) -> Reply:
    if turn.person.subscribed:
        text = turn.texts("subscription.on", unit=turn.person.unit)
        buttons: tuple[Button, ...] = (
            turn.button("Dừng nhận tin", "unsubscribe"),
            turn.button("Sửa nơi làm việc", "unit"),
        )
    else:
        text, buttons = turn.texts("subscription.off"), (turn.button("Nhận thông báo", "subscribe"),)
    return Reply(says=(Say(text, buttons),), kind=Kind.SUBSCRIBE)

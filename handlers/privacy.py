"""What is kept of a person, who sees it, a copy of it, correcting it, and deleting all of it after one question."""

from datetime import datetime, tzinfo

from bot.talk import Ask, Button, CallOff, Expects, ExportMe, ForgetMe, HandOver, Kind, Reply, Say, Turn

ERASE = "erase"


class Privacy:
    name = "privacy"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if turn.asked is not None and (reply := _confirmed(turn)):
            return reply
        if turn.choice.startswith("privacy:erase"):  # an old button asks again: a slip must not delete anything
            return _ask_erase(turn, "privacy.erase")
        if turn.choice == "privacy:export":
            return _export(turn)
        if turn.choice == "privacy":
            return _kept(turn)
        return _asked_for(turn) if turn.kind is Kind.PRIVACY else None


def _asked_for(turn: Turn) -> Reply:
    if turn.has("withdraw"):
        buttons = (turn.button("Dừng thông báo", "unsubscribe"), turn.button("Xóa hết", "privacy:erase"))
        return _say(turn.texts("privacy.withdraw"), *buttons)
    if turn.has("erase_one"):
        buttons = (turn.button("Gặp cán bộ", "person:privacy"), turn.button("Xóa hết", "privacy:erase"))
        return _say(turn.texts("privacy.erase_one"), *buttons)
    if turn.has("erase", "erase_now"):
        return _ask_erase(turn, "privacy.erase")
    if turn.has("correct"):
        return Reply(says=(Say(turn.texts("privacy.correct")),), effects=(HandOver("privacy"),), kind=Kind.PRIVACY)
    if turn.has("export"):
        return _export(turn)
    if turn.has("who_sees"):
        return _say(turn.texts("privacy.who_sees", channel=turn.channel), *_next(turn))
    return _kept(turn)


def _confirmed(turn: Turn) -> Reply | None:
    if turn.choice == "privacy:erase:yes" or turn.has("yes", "erase_now"):
        text = turn.texts("privacy.erased")
        return Reply(says=(Say(text),), effects=(CallOff(), ForgetMe()), kind=Kind.PRIVACY)
    if turn.choice == "privacy:erase:no" or turn.has("no"):
        return _say(turn.texts("privacy.not_erased"))
    return None


def _ask_erase(turn: Turn, key: str) -> Reply:
    buttons = (turn.button("Xóa hết", "privacy:erase:yes"), turn.button("Giữ lại", "privacy:erase:no"))
    return Reply(
        says=(Say(turn.texts(key, channel=turn.channel), buttons),),
        ask=Ask("privacy", ERASE, Expects.YES_NO),
        kind=Kind.PRIVACY,
    )


def _export(turn: Turn) -> Reply:
    return Reply(says=(Say(turn.texts("privacy.export")),), effects=(ExportMe(),), kind=Kind.PRIVACY)


def _kept(turn: Turn) -> Reply:
    person = turn.person
    facts = {"messages": person.stored.get("messages", ""), "since": _day(person.stored.get("since"), turn.now.tzinfo)}
    lines = [
        turn.texts("privacy.kept", **facts, unit=person.unit, channel=turn.channel),
        turn.texts("privacy.consent_on" if person.subscribed else "privacy.consent_off"),
        turn.texts("privacy.contact"),
    ]
    return _say("\n".join(line for line in lines if line), *_next(turn))


def _day(since: object, zone: tzinfo | None) -> str:
    return f"{since.astimezone(zone):%d/%m/%Y}" if isinstance(since, datetime) else ""


def _next(turn: Turn) -> tuple[Button, ...]:
    return turn.button("Xem bản của tôi", "privacy:export"), turn.button("Xóa thông tin", "privacy:erase")


def _say(text: str, *buttons: Button) -> Reply:
    return Reply(says=(Say(text, buttons),), kind=Kind.PRIVACY)

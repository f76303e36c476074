"""A person instead of the bot: hand over, and say honestly when somebody will answer."""

from bot.talk import HandOver, Kind, Reply, Say, Turn

NAME = "person"
OFFER = "offer"  # the open question "shall a person answer?"
SURE = 0.8


class ToPerson:
    name = NAME
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        action, _, reason = turn.choice.partition(":")
        if action == NAME:
            return hand_over(turn, reason or "asked")
        if turn.asked is not None and turn.has("yes"):
            return hand_over(turn, str(turn.asked.facts.get("reason", "asked")))
        if turn.asked is not None and turn.has("no"):
            return Reply(says=(Say(turn.texts("person.declined")),), kind=Kind.SMALLTALK)
        wondering = turn.has("bot?") and turn.reading.confidence < SURE  # "người thật hay máy vậy": nobody is asked for
        # "cho em gặp cán bộ, công ty nợ lương": what it is about is for the officer
        besides = turn.kind is Kind.OUT_OF_SCOPE and turn.has("person")
        return hand_over(turn, "asked") if besides or (turn.kind is Kind.HUMAN and not wondering) else None


def hand_over(turn: Turn, reason: str) -> Reply:
    lines = [turn.texts("person.taken"), _when(turn), _phone(turn), turn.texts("person.meanwhile")]
    text = "\n".join(line for line in lines if line)
    return Reply(says=(Say(text),), effects=(HandOver(reason),), kind=Kind.HUMAN)


def _when(turn: Turn) -> str:
    if turn.open_now:
        return turn.texts("person.open")
    return turn.texts("person.closed", opens=turn.opens) or turn.texts("person.no_hours")


def _phone(turn: Turn) -> str:
    """Whoever asks for a number hears it, or hears that there is none; others hear it only where it is set."""
    line = turn.texts("person.phone")
    return line or (turn.texts("person.no_phone") if turn.has("phone") else "")

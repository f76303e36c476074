"""Answering the question that came with an announcement: a choice, or words that nobody's name goes with."""

from bot.talk import AnswerSurvey, Ask, Expects, Kind, Reply, Say, Turn

WORDS = "words"


class Survey:
    name = "survey"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if turn.asked is not None and (reply := _written(turn)):
            return reply
        action, _, rest = turn.choice.partition(":")
        number, _, choice = rest.partition(":")
        if action != "survey" or not number.isdigit():
            return None
        if choice == "w":
            ask = Ask("survey", WORDS, Expects.TEXT, {"announcement": int(number)})
            skip = (turn.button("Bỏ qua", "survey:skip"),)
            return Reply(says=(Say(turn.texts("announcement.write"), skip),), ask=ask, kind=Kind.MENU)
        chosen = int(choice) if choice.isdigit() else -1
        return Reply(effects=(AnswerSurvey(int(number), choice=chosen),), kind=Kind.MENU)


def _written(turn: Turn) -> Reply | None:
    number = turn.asked.facts.get("announcement") if turn.asked else None
    if turn.choice == "survey:skip" or turn.has("skip"):
        return Reply(says=(Say(turn.texts("announcement.not_written")),), kind=Kind.MENU)
    if turn.choice or not turn.text or not isinstance(number, int) or turn.has("stop", "menu", "danger"):
        return None
    return Reply(effects=(AnswerSurvey(number, words=turn.text),), kind=Kind.MENU)

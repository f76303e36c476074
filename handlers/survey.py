"""Answering the question that came with an announcement: a choice, or words that nobody's name goes with."""

from bot.talk import AnswerSurvey, Ask, Expects, Kind, Reply, Say, Turn, number

WORDS = "words"


class Survey:
    name = "survey"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if turn.asked is not None and (reply := _written(turn)):
            return reply
        action, _, rest = turn.choice.partition(":")
        of, _, choice = rest.partition(":")
        announcement = number(of)
        if action != "survey" or announcement is None:
            return None
        if choice == "w":
            ask = Ask("survey", WORDS, Expects.TEXT, {"announcement": announcement})
            skip = (turn.button("Bỏ qua", "survey:skip"),)
            return Reply(says=(Say(turn.texts("announcement.write"), skip),), ask=ask, kind=Kind.MENU)
        chosen = number(choice)
        effect = AnswerSurvey(announcement, choice=-1 if chosen is None else chosen)
        return Reply(effects=(effect,), kind=Kind.MENU)


def _written(turn: Turn) -> Reply | None:
    announcement = turn.asked.facts.get("announcement") if turn.asked else None
    if turn.choice == "survey:skip" or turn.has("skip"):
        return Reply(says=(Say(turn.texts("announcement.not_written")),), kind=Kind.MENU)
    if turn.choice or not turn.text or not isinstance(announcement, int) or turn.has("stop", "menu", "danger"):
        return None
    return Reply(effects=(AnswerSurvey(announcement, words=turn.text),), kind=Kind.MENU)

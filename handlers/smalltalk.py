"""Greetings, thanks, laughter, "are you a machine?": short, friendly, and never an apology essay."""

from bot.talk import Kind, Reply, Say, Turn

#: sign of the lexicon -> text; the first that fits.
SHORT = (
    ("thanks", "smalltalk.thanks"),
    ("bye", "smalltalk.bye"),
    ("yes", "smalltalk.noted"),
    ("no", "smalltalk.noted"),
    ("ack", "smalltalk.noted"),
)


class Smalltalk:
    name = "smalltalk"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if turn.has("bot?"):
            text = turn.texts("smalltalk.automatic")
            return Reply(says=(Say(text, (turn.button("Gặp cán bộ", "person"),)),), kind=Kind.SMALLTALK)
        if turn.kind is not Kind.SMALLTALK:
            return None
        for sign, key in SHORT:
            if turn.has(sign):
                return Reply(says=(Say(turn.texts(key)),))
        return Reply(says=(Say(turn.texts("smalltalk.hello"), turn.texts.choices("main")),))

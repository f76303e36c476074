"""An accident, harassment, a threat, somebody in despair: a person at once, and what to do until then."""

from bot.talk import HandOver, Reply, Say, Turn


class Danger:
    name = "danger"
    outranks = True

    def answer(self, turn: Turn) -> Reply | None:
        if not turn.has("danger"):
            return None
        text = turn.texts("danger.told")
        when = turn.texts("danger.open" if turn.open_now else "danger.closed", opens=turn.opens)
        return Reply(says=(Say(f"{text}\n{when}".strip()),), effects=(HandOver("danger", urgent=True),))

"""STOP in any spelling: announcements and reminders end; replies and news of one's own initiative go on."""

from bot.talk import CallOff, Consent, Kind, Reply, Say, Turn

SURE = 0.7  # below it a mere likeness to STOP is asked back: announcements that stop by mistake are missed silently


class Stop:
    name = "stop"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if not (turn.choice == "unsubscribe" or turn.has("stop") or turn.kind is Kind.UNSUBSCRIBE):
            return None
        if _doubtful(turn):
            buttons = (turn.button("Dừng nhận tin", "unsubscribe"), turn.button("Không phải", "other"))
            return Reply(says=(Say(turn.texts("stop.maybe"), buttons=buttons),), kind=Kind.UNSUBSCRIBE)
        text = turn.texts("stop.done" if turn.person.subscribed else "stop.already")
        return Reply(
            says=(Say(text, buttons=(turn.button("Nhận lại", "subscribe"),)),),
            effects=(Consent("announcements", given=False, words=""), CallOff()),
            kind=Kind.UNSUBSCRIBE,
        )


def _doubtful(turn: Turn) -> bool:
    """Merely like a STOP, from somebody who would miss what they asked for."""
    said = turn.choice == "unsubscribe" or turn.has("stop")
    return turn.person.subscribed and not said and turn.reading.confidence < SURE

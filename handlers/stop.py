"""STOP in any spelling: announcements and reminders end; replies and news of one's own initiative go on."""

from bot.talk import CallOff, Consent, Kind, Reply, Say, Turn


class Stop:
    name = "stop"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if not (turn.choice == "unsubscribe" or turn.has("stop") or turn.kind is Kind.UNSUBSCRIBE):
            return None
        text = turn.texts("stop.done" if turn.person.subscribed else "stop.already")
        return Reply(
            says=(Say(text, buttons=(turn.button("Nhận lại", "subscribe"),)),),
            effects=(Consent("announcements", given=False, words=""), CallOff()),
            kind=Kind.UNSUBSCRIBE,
        )

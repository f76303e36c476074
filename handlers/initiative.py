"""Initiatives, until their form is open here: say so, say what to prepare, offer a person. Nothing is kept."""

from bot.talk import Kind, Reply, Say, Turn

KINDS = frozenset({Kind.SUBMIT_INITIATIVE, Kind.INITIATIVE_STATUS})


class Initiative:
    name = "initiative"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if turn.choice == "initiative:status" or turn.kind is Kind.INITIATIVE_STATUS:
            return _reply(
                turn, "initiative.status", Kind.INITIATIVE_STATUS, ("Bao lâu có kết quả", "answer:sk.decision_time")
            )
        if turn.choice == "initiative" or turn.kind is Kind.SUBMIT_INITIATIVE:
            return _reply(turn, "initiative.submit", Kind.SUBMIT_INITIATIVE, ("Đơn gồm những gì", "answer:sk.fields"))
        return None


def _reply(turn: Turn, key: str, kind: Kind, further: tuple[str, str]) -> Reply:
    buttons = (turn.button("Gặp cán bộ", "person:initiative"), turn.button(*further))
    return Reply(says=(Say(turn.texts(key), buttons),), kind=kind)

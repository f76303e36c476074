"""Two readings of one message: offer both instead of guessing."""

from bot.talk import Button, Kind, Reply, Say, Turn

NEARLY = 0.5  # a second reading at least so likely as this share of the first is offered too
MOST = 3

#: A button for each kind that is not a question.
KINDS = {
    Kind.SUBSCRIBE: ("Nhận thông báo", "subscribe"),
    Kind.UNSUBSCRIBE: ("Dừng nhận tin", "unsubscribe"),
    Kind.SUBMIT_INITIATIVE: ("Gửi sáng kiến", "initiative"),
    Kind.INITIATIVE_STATUS: ("Hỏi kết quả", "initiative:status"),
    Kind.PRIVACY: ("Thông tin của tôi", "privacy"),
    Kind.HUMAN: ("Gặp cán bộ", "person"),
    Kind.MENU: ("Xem các mục", "menu"),
}


class Unsure:
    name = "unsure"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if turn.kind is None or not turn.reading.unsure or turn.kind in {Kind.OUT_OF_SCOPE, Kind.SMALLTALK}:
            return None
        buttons = _readings(turn)[:MOST]
        if len(buttons) < 2:
            return None
        return Reply(says=(Say(turn.texts("unsure.which"), (*buttons, turn.button("Ý khác", "other"))),))


def _readings(turn: Turn) -> list[Button]:
    """A button for each likely reading, likeliest first; a question stands for its likeliest answers."""
    kinds = turn.reading.kinds or ((turn.reading.kind, 1.0),)
    found: list[Button] = []
    for kind, share in kinds:
        if share < NEARLY * kinds[0][1]:
            break
        if kind is Kind.QUESTION:
            found += [turn.button(match.answer.title, f"answer:{match.answer.id}") for match in turn.reading.matches]
        elif kind in KINDS:
            found.append(turn.button(*KINDS[kind]))
    return found

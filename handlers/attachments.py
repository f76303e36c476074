"""Pictures, files, voice: what nobody can look at yet is said kindly; a sticker is small talk."""

from bot.talk import Kind, Reply, Say, Turn


class Attachments:
    name = "attachments"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if turn.text or turn.choice or not turn.attachments:
            return None
        if {item.kind for item in turn.attachments} == {"sticker"}:
            return Reply(says=(Say(turn.texts("smalltalk.hello"), turn.texts.choices("main")),), kind=Kind.SMALLTALK)
        noun = turn.attached
        text = turn.texts("attachments.unread", noun=noun) if noun else turn.texts("attachments.unknown")
        return Reply(says=(Say(text, (turn.button("Gặp cán bộ", "person"),)),), took_attachments=True)

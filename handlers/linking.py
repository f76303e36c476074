"""One member on Zalo and on Messenger: a code from one chat typed in the other, and undoing it."""

import re

from bot.talk import Kind, MakeLinkCode, Reply, Turn, Unlink, UseLinkCode

_USE = re.compile(r"\blien ket:? ?(\d{8})\b")
_MAKE = re.compile(r"^(cho (em|toi|minh) )?(lay )?ma lien ket\b|^lien ket( tai khoan| zalo| messenger| facebook)?$")
_UNDO = re.compile(r"^(bo|huy|tach) lien ket\b")


class Linking:
    name = "linking"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        plain = turn.plain if turn.text and not turn.choice else ""
        if code := _USE.search(plain):
            return Reply(effects=(UseLinkCode(code.group(1)),), kind=Kind.SUBSCRIBE)
        if _UNDO.search(plain):
            return Reply(effects=(Unlink(),), kind=Kind.SUBSCRIBE)
        if turn.choice == "link" or _MAKE.search(plain):
            return Reply(effects=(MakeLinkCode(),), kind=Kind.SUBSCRIBE)
        return None

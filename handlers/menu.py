"""The welcome and the menu; also where a button of long ago leads."""

from bot.talk import Kind, Reply, Say, Turn


class Menu:
    name = "menu"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        if turn.started or turn.choice == "start":
            return _menu(turn, "menu.welcome" if turn.person.first_contact else "menu.again")
        if turn.choice == "menu" or turn.kind is Kind.MENU or turn.has("menu"):
            return _menu(turn, "menu.menu")
        if turn.choice == "other":
            return Reply(says=(Say(turn.texts("menu.other"), (turn.button("Gặp cán bộ", "person:missed"),)),))
        return _menu(turn, "menu.stale") if turn.choice else None


def _menu(turn: Turn, key: str) -> Reply:
    return Reply(says=(Say(turn.texts(key), turn.texts.choices("main")),), kind=Kind.MENU)

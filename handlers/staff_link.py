"""A colleague types the code of the console: from then on what needs them comes to this chat too."""

import re

from bot.talk import Kind, LinkStaff, Reply, Turn

_CODE = re.compile(r"nv[\s.:-]*((?:\d[\s.-]*){8})", re.IGNORECASE)


class StaffLink:
    name = "staff_link"
    outranks = True

    def answer(self, turn: Turn) -> Reply | None:
        """Says nothing itself: only the store knows whether the code is good, and answers."""
        found = _CODE.fullmatch(turn.text.strip())
        if found is None or turn.choice:
            return None
        return Reply(effects=(LinkStaff(re.sub(r"\D", "", found.group(1))),), kind=Kind.SMALLTALK)

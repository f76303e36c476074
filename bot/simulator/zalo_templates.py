"""What Zalo sends outside the ordinary window: templates by user id (ZBS), and articles to all followers."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.clock import VIETNAM
from bot.simulator.answers import Answer
from bot.simulator.limits import Allowance
from bot.simulator.people import Bubble, Person
from bot.simulator.shapes import units
from bot.simulator.zalo_shapes import Broadcast, TemplateMessage

if TYPE_CHECKING:
    from bot.simulator.zalo import Zalo

TRANSACTION, CARE, PROMOTION = 1, 2, 3
YEAR_S, DAY_S, MONTH_S = 365 * 86_400, 86_400, 30 * 86_400
#: When a promotion or an article may go.
FIRST_HOUR, LAST_HOUR = 6, 22
_PLACE = re.compile(r"<([A-Za-z][A-Za-z0-9_]*)>")


@dataclass(frozen=True, slots=True)
class ZbsTemplate:
    """A template as the ZBS console keeps it. `limits`: parameter to its most characters."""

    text: str
    limits: dict[str, int]
    tag: int = TRANSACTION
    status: str = "ENABLE"
    by_user: bool = True  # older ones, OTP and those with a response component go by phone number only


#: Templates and articles that the made-up OA has, to try with.
SAMPLES = {
    "487001": ZbsTemplate("Xin chào <ten>. <viec>. Công đoàn tỉnh xin cảm ơn.", {"ten": 30, "viec": 80}),
    "487002": ZbsTemplate("Mẫu cũ: <ten>.", {"ten": 30}, by_user=False),
    "487003": ZbsTemplate("Chương trình ưu đãi: <viec>.", {"viec": 80}, tag=PROMOTION),
    "487004": ZbsTemplate("Mẫu đang chờ duyệt: <viec>.", {"viec": 80}, status="PENDING_REVIEW"),
}
ARTICLES = {"4870000001": "Ngày hội Sáng kiến công nhân", "4870000002": ""}  # "": still being processed


class ZaloTemplates:
    def __init__(self, double: Zalo) -> None:
        self._double = double
        self.reset()

    def reset(self) -> None:
        self.templates, self.articles = dict(SAMPLES), dict(ARTICLES)
        self._articles = Allowance(MONTH_S)
        self._promoted: dict[str, int] = {}

    # ---- templates ----

    def send(self, body: TemplateMessage) -> Answer:
        found = self.templates.get(body.template_id)
        if found is None or found.status != "ENABLE":
            self._double.refuse(-201, "template_id is invalid")
        if not found.by_user:
            self._double.refuse(-249)
        self._check(found, body.template_data)
        person = self._reached(body.user_id, found)
        at, mid = self._double.tools.now(), secrets.token_hex(10)
        text = _PLACE.sub(lambda place: body.template_data[place.group(1)], found.text)
        self._double.accept(person, Bubble(mid, "them", "text", text, at), {})
        data = {"message_id": mid, "user_id": person.id, "sent_time": str(int(at * 1000))}
        quota = {"dailyQuota": "1000", "remainingQuota": "999"}
        return Answer({"error": 0, "message": "Success", "data": {**data, "quota": quota}})

    def _check(self, template: ZbsTemplate, given: dict[str, str]) -> None:
        if set(given) != set(template.limits):
            self._double.refuse(-201, "template_data has other parameters than the template")
        for name, value in given.items():
            if not value.strip() or "\n" in value:
                self._double.refuse(-201, f"template_data.{name} is invalid")
            if units(value) > template.limits[name]:
                self._double.refuse(-210, f"template_data.{name} is over the limit")

    def _reached(self, user_id: str, template: ZbsTemplate) -> Person:
        person, now = self._double.people.find(user_id), self._double.tools.now()
        if person is None or person.anonymous:
            self._double.refuse(-201, "user_id is invalid")
        if person.blocked:
            self._double.refuse(-244)
        if template.tag == PROMOTION:
            self._promotes(person, now)
        idle = person.idle_s(now)
        if idle is None or idle > YEAR_S:
            self._double.refuse(-232)
        if not self._double.knobs.billing:
            self._double.refuse(-321)
        return person

    def _promotes(self, person: Person, now: float) -> None:
        """A promotion goes to followers, by day, once a day for each."""
        if not person.follows:
            self._double.refuse(-213)
        if self._night(now):
            self._double.refuse(-234)
        if self._promoted.get(person.id) == int(now // DAY_S):
            self._double.refuse(-218)
        self._promoted[person.id] = int(now // DAY_S)

    # ---- articles ----

    def broadcast(self, body: Broadcast) -> Answer:
        now = self._double.tools.now()
        titles = [self.articles.get(one.attachment_id) for one in body.message.attachment.payload.elements]
        if None in titles:
            self._double.refuse(-201, "attachment_id is invalid")
        if "" in titles:
            self._double.refuse(-214)
        if self._night(now):
            self._double.refuse(-234)
        if not self._articles.take(self._double.knobs.articles_a_month, now)[0]:
            self._double.refuse(-211)
        mid = secrets.token_hex(10)
        shown = "\n".join(title or "" for title in titles)
        for person in self._double.people.all():
            if person.follows and not person.blocked:  # on the phones; nothing comes back to the bot
                person.show(Bubble(mid, "them", "text", shown, now))
        self._double.tools.journal.count("zalo.broadcast")
        self._double.tools.journal.changed()
        return Answer({"error": 0, "message": "Success", "data": {"message_id": mid}})

    def _night(self, now: float) -> bool:
        hour = datetime.fromtimestamp(now, VIETNAM).hour
        return self._double.knobs.night and not FIRST_HOUR <= hour < LAST_HOUR

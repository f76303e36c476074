"""One reminder to each who registered for an event, as a notice of their own matter."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.announcements.announcing import Announcing
from bot.announcements.effects import when_in_words
from bot.clock import zone
from bot.messages import PAYLOAD_PREFIX, Button, Outbound
from bot.states import Origin
from bot.store import accounts, events, outbox
from bot.store.outbox import Draft


def work(announcing: Announcing) -> None:
    """Queue the reminders that are due, each once, only while announcements may leave; forget what is long over."""
    now = announcing.clock()
    announcing.database.write(lambda connection: events.forget_past(connection, now))
    if not announcing.rules.ours(now.astimezone(zone()).date()).open_at(now):
        return
    texts = announcing.words().texts

    def op(connection: Connection) -> None:
        due = events.to_remind(connection, now)
        known = {account.id: account for account in accounts.all_accounts(connection)}
        for event, person_id, account_id in due:
            account = known.get(account_id)
            if account is None:
                continue
            said = texts("events.reminder", event=event.title, when=when_in_words(event.starts_at), place=event.place)
            button = Button(texts("events.cancel_button"), payload=f"{PAYLOAD_PREFIX}event:cancel:{event.id}")
            platform = announcing.platforms[account.platform]
            drafts = [
                Draft(
                    account_id, person_id, Origin.NOTICE, part.body,
                    subject=f"event:{event.id}", useful_until=event.starts_at, menu=part.menu,
                )
                for part in platform.parts(Outbound(said, (button,), sticky=True), buttons=account.buttons)
            ]  # fmt: skip
            outbox.add(connection, drafts, now)

    announcing.database.write(op)

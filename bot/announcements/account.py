"""The closing account: every member of the frozen audience in exactly one bucket, and the sums checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.announcements.announcing import Announcing
from bot.announcements.approval import need
from bot.store import closing as store

FORGOTTEN = "forgotten"  # asked to be deleted since: only their number is left
ORDER = (
    "read", "delivered", "sent", "going", "not_begun", "held", "unsure", "failed", "expired", "opted_out",
    "not_reachable", "stopped", FORGOTTEN,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    people: int  # the audience, as frozen
    buckets: Mapping[str, int]  # in ORDER, those that hold somebody
    reasons: Mapping[tuple[str, str], int]  # (bucket, code) to people, where there is a code

    @property
    def accounted(self) -> int:
        return sum(self.buckets.values())

    @property
    def right(self) -> bool:
        return self.accounted == self.people


def closing(announcing: Announcing, number: int) -> Account:
    """Count anew from the rows."""
    with announcing.database.read() as connection:
        one = need(connection, number)
        rows = store.rows(connection, number)
        forgotten = one.people - store.counted(connection, number)
    found: dict[str, int] = {FORGOTTEN: forgotten} if forgotten else {}
    for bucket, _, people in rows:
        found[bucket] = found.get(bucket, 0) + people
    reasons = {(bucket, reason): people for bucket, reason, people in rows if reason}
    return Account(one.people, {name: found[name] for name in ORDER if found.get(name)}, reasons)


def everyone(announcing: Announcing, number: int) -> list[tuple[int, str, str, datetime | None]]:
    """(person, bucket, reason, when) for the export."""
    with announcing.database.read() as connection:
        return list(store.everyone(connection, number))

"""The alarm clock: APScheduler calls, our tables say what is due, and a lease says which process may do it.

APScheduler keeps nothing: after a restart or with two clocks each job finds in the database whether it is due.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot import logs
from bot.clock import Clock, zone
from bot.store import marks
from bot.store.database import Database, DatabaseAway

LEADS_FOR = timedelta(seconds=15)
BEAT_S = 5


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    work: Callable[[], object]
    every: timedelta | None = None
    at: str = ""  # "02:30", each day by the union's clock


class Clockwork:
    """One process's clock. Of several only the leader works; another takes over within seconds."""

    def __init__(self, database: Database, clock: Clock, owner: str, jobs: Sequence[Job]) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._leads = False
        self._scheduler = BackgroundScheduler(
            timezone=zone(),
            job_defaults={"misfire_grace_time": 3600, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_job(self._beat, IntervalTrigger(seconds=BEAT_S), name="beat")
        for job in jobs:
            self._scheduler.add_job(self._guarded(job), _trigger(job), name=job.name)

    def start(self) -> None:
        self._beat()
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=True)
        try:
            self._database.write(lambda connection: marks.drop_lease(connection, "clock", self._owner))
        except DatabaseAway:
            logs.warn("database.away")

    def _beat(self) -> None:
        now = self._clock()
        try:
            self._leads = self._database.write(
                lambda connection: marks.take_lease(connection, "clock", self._owner, now, LEADS_FOR)
            )
            self._database.write(
                lambda connection: marks.put(connection, f"heartbeat:clock:{self._owner}", str(os.getpid()), now)
            )
        except DatabaseAway:
            self._leads = False
            logs.warn("database.away")

    def _guarded(self, job: Job) -> Callable[[], None]:
        def run() -> None:
            if not self._leads:
                return
            try:
                job.work()
            except DatabaseAway:
                logs.warn("database.away", job=job.name)
            except Exception:  # noqa: BLE001 - the next time may go better, and the others must not stop
                logs.failure("clock.job_failed", job=job.name)

        return run


def _trigger(job: Job) -> BaseTrigger:
    if job.every is not None:
        return IntervalTrigger(seconds=job.every.total_seconds(), jitter=2)
    hour, _, minute = job.at.partition(":")
    return CronTrigger(hour=int(hour), minute=int(minute), timezone=zone())

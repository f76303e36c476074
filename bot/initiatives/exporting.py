"""Makes papers in the background: lists, forms, reports and rolls, with their progress; a killed process loses nothing.

What may be seen was settled when the paper was asked for, and stands in the job: no export shows more than the list.
"""

from __future__ import annotations

import base64
import io
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql import ColumnElement

from bot import logs
from bot.clock import Clock, zone
from bot.errors import BotError
from bot.files.storing import FileStore, fresh_key
from bot.initiatives import excel, word
from bot.initiatives.form import Form
from bot.initiatives.reading import last_day
from bot.initiatives.states import LABELS, State
from bot.initiatives.word import Count, Report
from bot.library.organisation import Organisation
from bot.library.texts import Texts
from bot.store import files as file_store
from bot.store import initiative_lists as lists
from bot.store import initiatives as store
from bot.store import options, paper_jobs, staff, units
from bot.store.database import Database, DatabaseAway
from bot.store.initiative_lists import Wanted
from bot.store.initiatives import Initiative
from bot.store.paper_jobs import Job
from bot.workbook import Cell, book

POLL_S = 1.0
STEP = 25  # rows between two notes of progress
KEPT = timedelta(days=7)
CHANNELS = {"chat": "Nhắn tin", "helper": "Gửi giúp", "paper": "Bản giấy", "phone": "Điện thoại"}
READERS = {"province": "Cấp tỉnh", "unit": "Cấp tỉnh và nơi làm việc"}
ENDINGS = {"list": "xlsx", "forms": "zip", "report": "docx", "roll": "docx"}
TEMPLATE = ("initiatives", "template")  # area and key of the options: base64 of the officers' own


def pack(wanted: Wanted, scope: frozenset[int] | None) -> dict[str, Any]:
    """What was looked for and what the asker may see, as JSON."""
    kept = asdict(wanted)
    kept["unit_ids"] = sorted(wanted.unit_ids) if wanted.unit_ids is not None else None
    kept["since"] = wanted.since.isoformat() if wanted.since else None
    kept["until"] = wanted.until.isoformat() if wanted.until else None
    return {"wanted": kept, "scope": sorted(scope) if scope is not None else None}


def unpack(params: Mapping[str, Any]) -> tuple[Wanted, ColumnElement[bool] | None]:
    kept = dict(params["wanted"])
    kept["states"] = tuple(kept["states"])
    kept["unit_ids"] = frozenset(kept["unit_ids"]) if kept["unit_ids"] is not None else None
    for name in ("since", "until"):
        kept[name] = datetime.fromisoformat(kept[name]) if kept[name] else None
    scope = params["scope"]
    return Wanted(**kept), lists.within(frozenset(scope) if scope is not None else None)


def template(connection: Connection) -> bytes:
    """The officers' own template, else the shipped one."""
    own, _ = options.current(connection, *TEMPLATE)
    return base64.b64decode(own) if isinstance(own, str) else word.shipped()


class _Stopped(Exception):
    """Another process has taken the job over."""


class Exporter:
    """Any number may run: each job is leased to one maker."""

    def __init__(
        self,
        database: Database,
        store_of_files: FileStore,
        clock: Clock,
        form: Callable[[], Form],
        texts: Callable[[], Texts],
        organisation: Callable[[], Organisation],
    ) -> None:
        self._database = database
        self._files = store_of_files
        self._clock = clock
        self._form = form
        self._texts = texts
        self._organisation = organisation
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # ---- life ----

    def start(self) -> None:
        if self._database.on_sqlite:  # we are the only process: whoever was making a paper is dead
            self._database.write(paper_jobs.return_all)
        self._thread = threading.Thread(target=self._loop, name="papers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=15)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.work():
                    continue
            except DatabaseAway:
                logs.warn("database.away")
            except Exception:  # noqa: BLE001 - the next look may go better
                logs.failure("papers.failed")
            self._stopping.wait(POLL_S)

    # ---- work ----

    def work(self) -> bool:
        """Make one paper that waits; False when none does."""
        with self._database.read() as connection:
            if not paper_jobs.any_open(connection):
                return False
        job = self._database.write(lambda connection: paper_jobs.claim(connection, self._clock()))
        if job is None:
            return False
        if job.attempts > paper_jobs.MOST_ATTEMPTS:
            self._fail(job, "papers.gave_up")
            return True
        try:
            with self._held(job):
                content = self._make(job)
                key = fresh_key()
                self._files.put(key, content)
        except _Stopped:
            self._database.write(lambda connection: paper_jobs.give_back(connection, job))
            return True
        except BotError as error:
            self._fail(job, error.code)
            return True
        name = f"{job.kind}-{self._clock().astimezone(zone()):%Y%m%d-%H%M}.{ENDINGS[job.kind]}"
        done = self._database.write(
            lambda connection: paper_jobs.finish(connection, job, self._clock(), state="done", key=key, name=name)
        )
        if not done:
            self._files.delete(key)
        logs.event("papers.made", job=job.id, size=len(content))
        return True

    @contextmanager
    def _held(self, job: Job) -> Iterator[None]:
        """Keep the lease for as long as we live, however long one step takes."""
        over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(job, over), name="papers lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _keep(self, job: Job, over: threading.Event) -> None:
        while not over.wait(paper_jobs.LEASE.total_seconds() / 3):
            try:
                self._database.write(lambda connection: paper_jobs.keep(connection, job, self._clock()))
            except DatabaseAway:
                logs.warn("database.away", job=job.id)

    def _fail(self, job: Job, code: str) -> None:
        self._database.write(
            lambda connection: paper_jobs.finish(connection, job, self._clock(), state="failed", code=code)
        )
        logs.warn("papers.not_made", job=job.id, code=code)

    def drop_old(self) -> int:
        return self._database.write(lambda connection: paper_jobs.drop_old(connection, self._clock() - KEPT))

    def _make(self, job: Job) -> bytes:
        makers = {"list": self._list, "forms": self._forms, "report": self._report, "roll": self._roll}
        return makers[job.kind](job)

    def _forward(self, job: Job, done: int, total: int) -> None:
        """Note the progress. Raises _Stopped when the job is no longer ours, or the process ends."""
        now = self._clock()
        ours = self._database.write(lambda connection: paper_jobs.forward(connection, job, done, total, now))
        if not ours or self._stopping.is_set():
            raise _Stopped

    def _each(self, job: Job) -> Iterator[Initiative]:
        wanted, theirs = unpack(job.params)
        with self._database.read() as connection:
            numbers = lists.numbers(connection, wanted, theirs)
        for at, number in enumerate(numbers):
            if at % STEP == 0:
                self._forward(job, at, len(numbers))
            with self._database.read() as connection:
                one = store.get(connection, number)
            if one is not None:
                yield one

    def _names(self) -> excel.Names:
        with self._database.read() as connection:
            known = units.everything(connection)
            people = {one.id: one.name for one in staff.everyone(connection)}
        labels: dict[Any, str] = {state.value: self._texts()(key) for state, key in LABELS.items()}
        return {
            "states": labels,
            "units": {number: unit.name for number, unit in known.items()},
            "staff": dict(people),
            "channels": dict(CHANNELS),
            "readers": dict(READERS),
        }

    def _list(self, job: Job) -> bytes:
        form, names = self._form(), self._names()
        columns = form.columns or excel.SHIPPED
        rows = [self._row(one, columns, names) for one in self._each(job)]
        return book("Sáng kiến", excel.headings(columns, form.label), rows, amounts=True)

    def _row(self, one: Initiative, columns: Sequence[str], names: excel.Names) -> list[Cell]:
        with self._database.read() as connection:
            files = file_store.counts(connection, [one.id]).get(one.id, 0) if "files" in columns else 0
        made = excel.values(one, names, files, last_day(one.since, one.since_precision))
        return [made.get(name) for name in columns]

    def _forms(self, job: Job) -> bytes:
        form, names, today = self._form(), self._names(), self._today
        with self._database.read() as connection:
            paper = template(connection)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for one in self._each(job):
                unit = names["units"].get(one.unit_id, "")
                made = word.form_of(
                    paper, one, form, unit=unit, organisation=self._organisation().name, today=today
                )  # fmt: skip
                packed.writestr(f"{one.code}.docx", made)
        return out.getvalue()

    @property
    def _today(self) -> Any:
        return self._clock().astimezone(zone()).date()

    def _report(self, job: Job) -> bytes:
        wanted, theirs = unpack(job.params)
        self._forward(job, 0, 1)
        with self._database.read() as connection:
            return word.report(self.report(connection, wanted, theirs))

    def report(self, connection: Connection, wanted: Wanted, theirs: ColumnElement[bool] | None) -> Report:
        """The figures of a period, by state, unit, field and month; the same for Word and for units' reports."""
        names = self._names()
        kinds = lists.figures(connection, wanted, theirs, "idea")
        total = sum(line[1] for line in kinds)
        claimed = sum(line[3] for line in kinds)
        gains = [line[2] for line in kinds if line[2] is not None]
        months = lists.by_month(connection, wanted, theirs, zone())
        return Report(
            title="Báo cáo sáng kiến",
            organisation=self._organisation().name,
            period=period(wanted),
            total=total,
            ideas=sum(line[1] for line in kinds if line[0]),
            gain=sum(gains) if gains else None,
            claimed=claimed,
            tables={
                "Theo trạng thái": self._counts(connection, wanted, theirs, "state", names["states"], gain=False),
                "Theo đơn vị": self._counts(connection, wanted, theirs, "unit_id", names["units"]),
                "Theo lĩnh vực": self._counts(connection, wanted, theirs, "subject", {}),
                "Theo tháng nhận": [Count(f"{month[5:]}/{month[:4]}", number) for month, number in months.items()],
            },
            made_on=f"{self._today:%d/%m/%Y}",
        )

    @staticmethod
    def _counts(
        connection: Connection,
        wanted: Wanted,
        theirs: ColumnElement[bool] | None,
        column: str,
        names: Mapping[Any, str],
        *,
        gain: bool = True,
    ) -> list[Count]:
        return [
            Count(names.get(value, str(value or "")) or "Chưa rõ", number, total if gain else None, claimed)
            for value, number, total, claimed in lists.figures(connection, wanted, theirs, column)
        ]

    def _roll(self, job: Job) -> bytes:
        """Those honoured: recognised at their workplace, and only who said yes to showing the name."""
        names = self._names()
        rows: list[list[str]] = []
        for one in self._each(job):
            if one.state == State.RECOGNISED and one.name_ok:
                unit = names["units"].get(one.unit_id, one.unit_said)
                number = f"{one.recognition_number}, {one.recognition_date:%d/%m/%Y}" if one.recognition_date else ""
                rows.append([str(len(rows) + 1), one.author, unit, one.title, number])
        day = self._organisation().words["science_day"]
        return word.table_document(
            self._organisation().name,
            f"Danh sách tôn vinh nhân {day}",
            f"Kỳ: {period(unpack(job.params)[0])}. Chỉ ghi người đã đồng ý nêu tên.",
            ["STT", "Tác giả", "Nơi làm việc", "Sáng kiến", "Quyết định công nhận"],
            rows,
        )


def period(wanted: Wanted) -> str:
    """Write it out as far as it is limited: "từ 01/01/2026 đến 31/12/2026"."""
    since = f"từ {wanted.since.astimezone(zone()):%d/%m/%Y}" if wanted.since else ""
    last = wanted.until.astimezone(zone()) - timedelta(days=1) if wanted.until else None
    until = f"đến {last:%d/%m/%Y}" if last else ""
    return " ".join(part for part in (since, until) if part) or "từ trước đến nay"

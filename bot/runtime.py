"""Builds all parts and hands each what it needs. The only place that knows every topic and every platform."""

from __future__ import annotations

import ctypes
import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from bot import clock as clocks
from bot import logs
from bot.announcements import effects as announced
from bot.announcements import opting, reminding, running, schedule
from bot.announcements.announcing import Announcing, Words
from bot.announcements.campaigns import Campaigns
from bot.clock import Clock
from bot.clockwork import Clockwork, Job
from bot.conversation.engine import Engine
from bot.delivery import effects, seeding
from bot.delivery.alarms import Alarms, Mailer
from bot.delivery.broadcasting import Broadcasting
from bot.delivery.connecting import Connecting, Hosts
from bot.delivery.directory import Directory
from bot.delivery.doctor import Doctor
from bot.delivery.inbox import Facts, Inbox
from bot.delivery.intake import Intake
from bot.delivery.notifier import Notifier
from bot.delivery.outbox import Outbox
from bot.delivery.rating import rated
from bot.delivery.receipts import Receipts
from bot.delivery.repair import Repair
from bot.delivery.tally import Tally
from bot.delivery.tokens import Tokens
from bot.delivery.typing import Typing
from bot.delivery.worker import Worker
from bot.errors import Misconfigured
from bot.files import local_origins, open_store
from bot.files.downloading import Downloader
from bot.files.downloading import Rules as FileRules
from bot.initiatives.exporting import Exporter
from bot.initiatives.fetching import Fetcher
from bot.initiatives.form import Form
from bot.initiatives.office import Office
from bot.library import load, shelf
from bot.library.load import Edits
from bot.library.organisation import Organisation
from bot.library.search import Library
from bot.library.shelf import Documents
from bot.library.texts import Texts
from bot.messages import Inbound
from bot.platforms.contract import Platform
from bot.platforms.http import Http
from bot.platforms.messenger import MessengerPlatform, Profile
from bot.platforms.rules import Rules
from bot.platforms.zalo import ZaloPlatform
from bot.reranking import Model, Reranked
from bot.settings import Settings, private_folder
from bot.store import backup, marks, options, paper_jobs, retention, workplaces
from bot.store.accounts import Account
from bot.store.database import Database, DatabaseAway
from bot.store.persons import Person
from bot.store.upgrade import upgrade
from bot.store.vault import Vault
from bot.talk import Consent, ExportMe, ForgetMe, LinkStaff, Rated, Say
from bot.web.signatures import Signatures
from handlers import TOPICS

BEAT_S = 5.0
#: A change made in the console is spoken so many seconds later.
RELOAD_S = 2.0
BACKUPS_KEPT = 7


class Voice:
    """The engine with the officers' newest words; made anew in the background when they change something."""

    def __init__(
        self,
        database: Database | None = None,
        model: Model | None = None,
        documents: Path | None = None,
        kept: Path | None = None,
    ) -> None:
        """`documents`: where those lie that were loaded in the console; `kept`: where the training is kept."""
        self._database = database
        self._model = model
        self._folders = (shelf.SHIPPED,) if documents is None else (shelf.SHIPPED, documents)
        self._kept = kept
        self._version: tuple[int, object] | None = None
        self._learnt: Edits | None = None
        self._library: Library
        self._engine: Engine | None = None
        self._make: Callable[[], Engine]
        self._making = threading.Lock()
        self.organisation: Organisation
        self.campaigns: Campaigns
        self.form: Form
        self.texts: Texts
        self.reload()

    def reload(self) -> bool:
        """Load again when somebody changed an option or a document; True when it did."""
        edits, on_the_shelf = _Edits(), shelf.stamp(*self._folders)
        version: tuple[int, object] = (0, on_the_shelf)
        if self._database is not None:
            with self._database.read() as connection:
                version = (options.version(connection), on_the_shelf)
                if version != self._version:
                    edits = _Edits.read(connection)
        if version == self._version:
            return False
        organisation = Organisation.open(edits=edits.organisation)
        texts = Texts.open(organisation, texts=edits.texts, menus=edits.menus)
        documents = Documents.open(*self._folders)
        self._make = partial(self._speak, edits, documents, texts, organisation)
        if self._engine is not None:
            self._engine = self._make()
        self.campaigns = Campaigns.open(edits.campaigns)
        self.form = Form.open(edits.initiatives)
        self.texts = texts
        self.organisation, self._version = organisation, version
        return True

    @property
    def engine(self) -> Engine:
        """Made when first asked for: a process that only serves the web needs none, and it takes a second or two."""
        if self._engine is None:
            with self._making:
                if self._engine is None:
                    self._engine = self._make()
        return self._engine

    def _speak(self, edits: _Edits, documents: Documents, texts: Texts, organisation: Organisation) -> Engine:
        library = self._learn(edits, documents)
        found = Reranked(library, self._model) if self._model is not None else library
        return Engine(TOPICS, found, texts, organisation, documents.clauses(load.labels_of(edits.documents)))

    def _learn(self, edits: _Edits, documents: Documents) -> Library:
        """The library; trained again, which takes a second or two, only when what it learns from is other."""
        learnt = Edits(edits.entries, edits.documents, edits.answers, edits.examples, documents.labels)
        if learnt != self._learnt:
            self._library, self._learnt = Library.open(edits=learnt, kept=self._kept), learnt
            _give_back_memory()
        return self._library


class _Edits:
    """What officers changed, by area of the options."""

    def __init__(self) -> None:
        self.organisation: dict[str, object] = {}
        self.texts: dict[str, str] = {}
        self.menus: dict[str, object] = {}
        self.campaigns: dict[str, object] = {}
        self.initiatives: dict[str, object] = {}
        self.entries: dict[str, dict[str, object]] = {}
        self.documents: dict[str, dict[str, object]] = {}
        self.answers: dict[str, dict[str, object]] = {}
        self.examples: dict[str, list[str]] = {}

    @classmethod
    def read(cls, connection: Connection) -> _Edits:
        found = cls()
        found.organisation = options.overlay(connection, "organisation")
        found.texts = options.overlay(connection, "texts")
        found.menus = options.overlay(connection, "menus")
        found.campaigns = options.overlay(connection, "campaigns")
        found.initiatives = options.overlay(connection, "initiatives")
        found.initiatives.pop("template", None)  # a file, not a value of the form
        found.entries = options.overlay(connection, "knowledge")
        found.documents = options.overlay(connection, "documents")
        found.answers = options.overlay(connection, "answers")
        found.examples = options.overlay(connection, "examples")
        return found


class Store:
    """The settings, the database and the keys: all that a short command needs."""

    def __init__(self, settings: Settings, *, clock: Clock = clocks.now) -> None:
        clocks.use_zone(settings.zone)
        private_folder(settings.data_dir)
        self.settings = settings
        self.clock = clock
        self.vault = Vault(settings.keys())
        self.database = Database(settings.url)
        upgrade(self.database)
        self.http = Http()
        self.zalo = ZaloPlatform(
            self.http, clock, oa_ids=lambda: self.directory.account_ids("zalo"), menu_hint=_menu_hint()
        )
        self.platforms: dict[str, Platform] = {
            "zalo": self.zalo,
            "messenger": MessengerPlatform(
                self.http, clock, app_ids=lambda: self.directory.app_ids("messenger"), profile=_profile()
            ),
        }
        self.directory = Directory(self.database, self.vault, self.platforms)
        self.plant(seeding.from_environment(settings))

    def plant(self, seeds: Sequence[seeding.Seed]) -> None:
        if seeds:
            self.database.write(lambda connection: seeding.plant(connection, self.vault, seeds, self.clock()))
            self.directory.changed()

    def close(self) -> None:
        self.database.close()


class Runtime(Store):
    """Everything of one process. Which parts run is the command's choice."""

    def __init__(self, settings: Settings, *, clock: Clock = clocks.now) -> None:
        super().__init__(settings, clock=clock)
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.tally = Tally()
        self.signatures = Signatures()
        self.voice = Voice(self.database, _model(settings), settings.documents_dir, settings.data_dir)
        self.doctor = Doctor(self.database, self.directory, clock)
        self.connecting = Connecting(
            self.database, self.vault, self.directory, self.doctor, clock, {"zalo": self.zalo}, _hosts(settings)
        )
        self.tokens = Tokens(self.database, self.vault, self.directory, clock, self.owner)
        self.announcing = self._announcing()
        self.initiatives = self._initiatives()
        self.files = open_store(settings)
        self.fetcher = self._fetcher()
        self.exporter = Exporter(
            self.database,
            self.files,
            clock,
            lambda: self.voice.form,
            lambda: self.voice.texts,
            lambda: self.voice.organisation,
        )
        self.worker = self._worker()
        self.intake = Intake(self.database, self.vault, clock, self.owner, self.worker)
        self.clockwork = Clockwork(self.database, clock, self.owner, self._jobs())
        self._stopping = threading.Event()
        self._beats: threading.Thread | None = None

    @property
    def url(self) -> str:
        return self.settings.bot_public_url or f"http://{self.settings.host}:{self.settings.port}"

    # ---- life ----

    def start_beats(self) -> None:
        """Write down figures and signature checks, and notice changed words, every few seconds."""
        self._beats = threading.Thread(target=self._beat, name="beats", daemon=True)
        self._beats.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._beats is not None:
            self._beats.join(timeout=10)
        try:
            self._write_down()
        except DatabaseAway:
            logs.warn("database.away")
        self.close()

    def _beat(self) -> None:
        waited = 0.0
        while not self._stopping.wait(RELOAD_S):
            waited += RELOAD_S
            try:
                if self.voice.reload():
                    logs.event("words.reloaded")
                if waited >= BEAT_S:
                    waited = 0.0
                    self._write_down()
            except DatabaseAway:
                logs.warn("database.away")
            except Exception:  # noqa: BLE001 - faulty words must not stop the bot: the old ones go on
                logs.failure("beat.failed")

    def _write_down(self) -> None:
        self.tally.flush(self.database, self.clock())
        self.signatures.flush(self.database)

    # ---- parts ----

    def _worker(self) -> Worker:
        database, clock, tally = self.database, self.clock, self.tally
        applied = {**effects.EFFECTS, **self._own_effects()}
        facts: list[Facts] = [self._announced_facts, self.initiatives.facts]
        inbox = Inbox(database, self.directory, lambda: self.voice.engine, applied, clock, tally, self.owner, facts)
        receipts = Receipts(database, self.directory, clock, tally, staff_pause=self._staff_pause)
        outbox = Outbox(database, self.directory, self.tokens, Rules.load(), clock, tally)
        repair = Repair(database, clock, tally, self.owner)
        return Worker(
            database,
            (inbox, receipts, outbox, repair, Typing(database, self.directory, clock)),
            clock,
            tally,
            owner=self.owner,
            turn_threads=self.settings.bot_turn_workers,
            senders=self.settings.bot_senders,
            running=lambda connection: running.claimable(self.announcing, connection),
            a_day=self.announcing.rules.ours(self.clock().date()).a_day,
        )

    def _broadcasting(self) -> Broadcasting:
        rules = self.announcing.rules

        def open_at(moment: datetime) -> bool:
            on = moment.astimezone(clocks.zone()).date()
            way = rules.way("zalo", "broadcast", on)
            return way is not None and way.takes(moment) and rules.ours(on).open_at(moment)

        return Broadcasting(self.database, self.directory, self.tokens, self.clock, {"zalo": self.zalo}, open_at)

    def _announcing(self) -> Announcing:
        return Announcing(
            self.database,
            self.platforms,
            self.clock,
            self.vault,
            Rules.load(),
            lambda: Words(self.voice.organisation, self.voice.texts),
            self.url,
        )

    def _initiatives(self) -> Office:
        return Office(
            self.database,
            self.vault,
            self.platforms,
            self.clock,
            lambda: self.voice.form,
            lambda: self.voice.texts,
            self.url,
        )

    def _fetcher(self) -> Fetcher:
        local = local_origins(self.settings, simulator=self.settings.bot_simulator != "0")
        downloader = Downloader(FileRules.load(), local)
        tell = self.initiatives.tell_of_file
        return Fetcher(self.database, self.files, downloader, self.clock, tell, paper_jobs.known_keys)

    def _announced_facts(
        self, connection: Connection, _account: Account, person: Person | None, _heard: Sequence[Inbound]
    ) -> dict[str, object]:
        return announced.facts(connection, person, self.voice.campaigns, self.voice.texts.fill, self.clock())

    def _staff_pause(self) -> timedelta:
        return timedelta(minutes=self.voice.organisation.staff_pause_minutes)

    def _own_effects(self) -> dict[type, effects.Apply]:
        return {
            ForgetMe: effects.forget(self.vault),
            ExportMe: effects.export(self._data_link),
            LinkStaff: effects.link_staff(self.vault, self._staff_linked),
            Rated: rated(self.platforms),
            Consent: opting.after_consent(
                effects.EFFECTS[Consent], self.announcing.advertisers, lambda: self.voice.texts
            ),
            **announced.ChatEffects(self.vault, lambda: self.voice.texts).table(),
            **self.initiatives.record.effects(),
        }

    def _data_link(self, token: str) -> Say:
        return Say(self.voice.engine.texts("delivery.data_link", url=f"{self.url}/my-data/{token}"))

    def _staff_linked(self, good: bool) -> Say:
        texts = self.voice.engine.texts
        return Say(texts("staff_link.done") if good else texts("staff_link.unknown"))

    def _notifier(self) -> Notifier:
        return Notifier(
            self.database,
            self.directory,
            Mailer(self.settings),
            self.clock,
            lambda: self.voice.organisation,
            console_url=f"{self.url}/console",
        )

    def _settle_workplaces(self) -> None:
        self.database.write(lambda connection: workplaces.settle(connection, self.clock()))

    def _jobs(self) -> list[Job]:
        alarms = Alarms(self.database, Mailer(self.settings), self.clock, console_url=f"{self.url}/console")
        return [
            Job("announcements", lambda: running.work(self.announcing), every=timedelta(seconds=1)),
            Job(
                "schedule",
                lambda: schedule.work(self.announcing, lambda: self.voice.campaigns),
                every=timedelta(seconds=15),
            ),
            Job("articles", self._broadcasting().work, every=timedelta(seconds=5)),
            Job("initiative reminders", self.initiatives.reminding.work, every=timedelta(minutes=10)),
            Job("old papers", self.exporter.drop_old, at="03:30"),
            Job("files", self.fetcher.sweep, at="03:40"),
            Job("event reminders", lambda: reminding.work(self.announcing), every=timedelta(minutes=5)),
            Job("staff", self._notifier().work, every=timedelta(seconds=30)),
            Job("workplaces", self._settle_workplaces, every=timedelta(minutes=30)),
            Job("tokens", self.tokens.renew_due, every=timedelta(minutes=10)),
            Job("held accounts", self.doctor.revive, every=timedelta(minutes=15)),
            Job("doctor", self.doctor.rounds, at="06:30"),
            Job("backup", self._backup, at="02:30"),
            Job("alarms", alarms.tell, every=timedelta(minutes=1)),
            Job("purge", self._purge, at="03:15"),
        ]

    def _backup(self) -> None:
        """Each night into the data folder; the last ones are kept. A copy elsewhere is the operator's care.

        A bucket's files are left out: seven copies of them would fill the disk. Today and the README say so.
        """
        folder, now = self.settings.data_dir / "backups", self.clock()
        private_folder(folder)
        try:
            written = backup.backup(
                self.database, folder / f"{now.astimezone(clocks.zone()):%Y-%m-%d}.zip", self.settings.files_dir, now
            )
        except Exception:
            self.database.write(lambda connection: marks.raise_alarm(connection, "backup", "backup.failed", now))
            raise
        self.database.write(partial(_note_backup, now=now, rows=written.rows))
        for old in sorted(folder.glob("*.zip"))[:-BACKUPS_KEPT]:
            old.unlink()

    def _purge(self) -> None:
        kept = self.voice.organisation.retention
        gone = retention.purge(
            self.database, retention.rules(messages=kept.messages, consents=kept.consents), self.clock()
        )
        self.database.write(partial(_note_purge, now=self.clock(), gone=gone))


def _give_back_memory() -> None:
    """Training takes 50 MB that nobody needs again, and glibc would keep them for this process."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def _model(settings: Settings) -> Model | None:
    if not settings.bot_model_url:
        return None
    return Model(settings.bot_model_url, settings.bot_model_name, settings.bot_model_key)


def _hosts(settings: Settings) -> Hosts:
    return Hosts(
        {
            "zalo": {"api_url": settings.zalo_api_url, "oauth_url": settings.zalo_oauth_url},
            "messenger": {"api_url": settings.messenger_api_url, "api_version": settings.messenger_api_version},
        }
    )


def _menu_hint() -> str:
    """The line under a numbered list of choices."""
    return Texts.open(Organisation.open())("delivery.number_hint")


def _profile() -> Profile:
    """What a person sees on Messenger before writing."""
    texts = Texts.open(Organisation.open())
    return Profile(texts("delivery.greeting"), texts.choices("main"))


def _note_backup(connection: Connection, *, now: datetime, rows: int) -> None:
    marks.put(connection, "backup", str(rows), now)
    marks.end_alarm(connection, "backup", now)


def _note_purge(connection: Connection, *, now: datetime, gone: int) -> None:
    marks.put(connection, "purge", str(gone), now)


def only_process(settings: Settings) -> FileLock | None:
    """Hold the SQLite file until this process ends; None on PostgreSQL. Raises Misconfigured when it is taken."""
    path = make_url(settings.url).database
    if not settings.on_sqlite or not path:
        return None
    private_folder(Path(path).parent)
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Misconfigured("database.in_use", file=path) from None
    return lock

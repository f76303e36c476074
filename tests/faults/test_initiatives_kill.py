"""kill -9 while members fill in the form, and while papers are made: nothing said is lost, nothing half is offered."""

from __future__ import annotations

import io
import json
import random
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from docx import Document

from bot import clock
from bot.files.storing import Folder
from bot.initiatives import demo, exporting
from bot.store import paper_jobs
from bot.store.database import Database
from bot.store.initiative_lists import Wanted
from bot.store.paper_jobs import Job
from bot.store.upgrade import upgrade
from tests.conftest import new_postgres
from tests.faults.test_kill import ask
from tests.running import PLATFORMS, Bot, Doubles, bot_and_doubles, start_all, until

pytestmark = pytest.mark.slow
SENDERS = 8  # so many calls can be in flight at a kill
RECEIPT = "Mã theo dõi"
MANY = 100


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else new_postgres(request.getfixturevalue("postgres_server"))


def kill_all(bot: Bot) -> None:
    for program in bot.programs.values():
        program.kill()
    bot.programs.clear()


# ---- members in the middle of the form ----


@dataclass
class Member:
    """Somebody who hands in one initiative after the other, and never writes before the bot has answered."""

    doubles: Doubles
    platform: str
    user: str
    told: list[dict[str, str]] = field(default_factory=list)  # what stood in each that was acknowledged

    def hand_in(self) -> None:
        number = f"{self.user[-2:]}-{len(self.told)}"
        before, result = f"trước phải giữ tay, hàn hay lệch {number}", f"trước 5 phút 1 cái, nay 3 phút {number}"
        place, author = f"cty Hoa Mai {number}", f"Nguyễn Thị Hoa {1970 + len(self.told)}"
        what = f"em làm cái gá kẹp {number} tiết kiệm 2p mỗi sp, nộp ở đâu"
        self.say(what, "đồng ý không?")
        self.say("đồng ý", "Lúc trước làm thế nào")
        self.say(before, "Nay được lợi gì")
        self.say(result, "từ khi nào")
        self.say("dùng từ 3/2026", "làm ở đâu")
        self.say(place, "năm sinh")
        self.say(author, "bấm Gửi")
        self.say("gửi", RECEIPT)
        self.told.append({"what": what, "before": before, "result": result, "place": place, "author": author[:-5]})

    def say(self, text: str, answer: str) -> None:
        """Write once, and wait for the answer however often the bot dies meanwhile."""
        heard = len(self.doubles.calls(self.user))
        self.doubles.say(self.platform, self.user, text)
        end = time.monotonic() + 60
        since: list[str] = []
        while not any(answer in one for one in since):
            assert time.monotonic() < end, f"after {text!r} only {since}"
            time.sleep(0.05)
            since = [call["text"] for call in self.doubles.calls(self.user)[heard:]]


def wait_for_one_more(doubles: Doubles) -> None:
    answered = len(doubles.calls())
    until(lambda: len(doubles.calls()) > answered)


def killed_again_and_again(bot: Bot, doubles: Doubles, over: threading.Event, *, kills: int, seed: int) -> None:
    """At any moment of a turn, or of the start, but never three times in one turn: such a one would go to staff."""
    chance = random.Random(seed)
    try:
        for number in range(kills):
            if number % 2 == 0:
                wait_for_one_more(doubles)
            time.sleep(chance.uniform(0, 1))
            kill_all(bot)
            start_all(bot)
    finally:
        over.set()


def test_a_form_survives_kills_at_any_moment(url: str, tmp_path: Path) -> None:
    kills = 2 if url else 5  # elsewhere a turn of the dead waits for its lease
    with bot_and_doubles(url, tmp_path, BOT_SENDERS=str(SENDERS)) as (bot, doubles):
        for platform in PLATFORMS:
            doubles.knobs(platform, repeats=[0.2, 0.5, 1, 1, 2, 2, 5, 5, 10, 10], latency_ms=30)
        members = [Member(doubles, PLATFORMS[n % 2], str(7300000000000001 + n)) for n in range(4)]
        start_all(bot)
        over = threading.Event()

        def go_on(member: Member) -> None:
            while not member.told or not over.is_set():
                member.hand_in()

        with ThreadPoolExecutor(len(members) + 1) as pool:
            killer = pool.submit(killed_again_and_again, bot, doubles, over, kills=kills, seed=487)
            for done in [pool.submit(go_on, member) for member in members]:
                done.result()
            killer.result()
        until(doubles.quiet)
        check(bot, members)


def check(bot: Bot, members: list[Member]) -> None:
    """Each answer stands in the record as it was written; each initiative was acknowledged once."""
    rows = ask(
        bot,
        "SELECT persons.user_id, initiatives.code, initiatives.state, initiatives.fields FROM initiatives "
        "JOIN persons ON persons.id = initiatives.person_id ORDER BY initiatives.id",
    )
    assert [row for row in rows if row[2] != "received"] == []  # no second draft, none that was left open
    sent = [str(json.loads(str(row[0]))) for row in ask(bot, "SELECT body FROM outbox")]
    for member in members:
        mine = [row for row in rows if row[0] == member.user]
        kept = [json.loads(str(row[3])) for row in mine]
        assert [{key: fields[key] for key in told} for fields, told in zip(kept, member.told, strict=True)] == (
            member.told
        )
        arrived = "\n".join(call["text"] for call in member.doubles.calls(member.user))
        for code in (str(row[1]) for row in mine):
            assert code in arrived
            assert sum(f"{RECEIPT}: {code}" in body for body in sent) == 1  # a message more than once on its way is one
    handed_in = ask(bot, "SELECT initiative_id, count(*) FROM initiative_events WHERE state = 'received' GROUP BY 1")
    assert Counter(number for _, number in handed_in) == {1: sum(len(member.told) for member in members)}
    print(f"{len(rows)} initiatives handed in by {len(members)} members")


# ---- an officer's long export ----


@dataclass
class Papers:
    """A bot with many initiatives, and what its console would show of one export."""

    bot: Bot
    database: Database
    store: Folder
    number: int = 0

    def ask(self, kind: str) -> None:
        params = exporting.pack(Wanted(), None)
        self.number = self.database.write(lambda connection: paper_jobs.ask(connection, 1, kind, params, clock.now()))

    def job(self) -> Job:
        with self.database.read() as connection:
            found = paper_jobs.get(connection, self.number)
        assert found is not None
        return found

    def kill_in_the_middle(self, attempt: int) -> None:
        until(lambda: self.job().attempts == attempt and self.job().done > 0, within_s=40, every_s=0.02)
        kill_all(self.bot)
        left = self.job()
        assert (left.state, left.key, left.name) == ("working", "", "")  # nothing is offered yet


@pytest.fixture
def papers(url: str, tmp_path: Path) -> Iterator[Papers]:
    with bot_and_doubles(url, tmp_path) as (bot, _):
        (tmp_path / "data").mkdir()
        database = Database(url or f"sqlite:///{tmp_path / 'data' / 'bot.db'}")
        upgrade(database)
        store = Folder(tmp_path / "data" / "files")
        demo.plant(database, store, clock.now(), [], count=MANY, attached=0)
        start_all(bot)
        yield Papers(bot, database, store)
        database.close()


def test_an_export_killed_on_the_way_is_whole_in_the_end(papers: Papers) -> None:
    papers.ask("forms")
    for attempt in range(1, 2 if papers.bot.environment["DATABASE_URL"] else 3):
        papers.kill_in_the_middle(attempt)
        start_all(papers.bot)
    until(lambda: papers.job().state == "done", within_s=60)
    with zipfile.ZipFile(io.BytesIO(papers.store.get(papers.job().key))) as packed:
        assert packed.testzip() is None
        assert len(set(packed.namelist())) == MANY
        last = Document(io.BytesIO(packed.read(packed.namelist()[-1])))
    assert "SÁNG KIẾN" in "\n".join(paragraph.text for paragraph in last.paragraphs).upper()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # elsewhere each death costs a lease of 15 s
def test_an_export_that_kills_its_maker_is_given_up_plainly_and_can_be_asked_again(papers: Papers) -> None:
    papers.ask("forms")
    for attempt in range(1, paper_jobs.MOST_ATTEMPTS + 1):
        papers.kill_in_the_middle(attempt)
        start_all(papers.bot)
    until(lambda: papers.job().state == "failed")
    assert (papers.job().code, papers.job().key) == ("papers.gave_up", "")
    again = papers.job()
    later = clock.now() + timedelta(seconds=1)
    assert papers.database.write(lambda connection: paper_jobs.again(connection, again, again.params, later))
    until(lambda: papers.job().state == "done", within_s=60)
    assert zipfile.is_zipfile(io.BytesIO(papers.store.get(papers.job().key)))

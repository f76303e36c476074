"""`seed-demo`: a made-up province to try the console on, as large as a real one. Nobody in it exists."""

from __future__ import annotations

import argparse
import json
import random
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Table, func, insert, select, text

from bot import settings
from bot.clock import zone
from bot.delivery import seeding
from bot.errors import BotError
from bot.files import open_store
from bot.initiatives import demo as initiatives
from bot.library.vietnamese import fold, nfc
from bot.runtime import Store
from bot.store import accounts, said, units
from bot.store.data_requests import FINISH_WITHIN, data_requests, working_days_after
from bot.store.database import Database
from bot.store.schema import consents, counts, handovers, inbox, misses, outbox, persons
from bot.store.schema import units as unit_table
from bot.store.units import UnitKind

CHUNK = 20_000
SPAN = timedelta(days=180)
REPLY_AFTER = timedelta(seconds=2)
#: Of a hundred members' messages so many are answered by the bot; the rest came while officers spoke.
ANSWERED = 0.8

_PLACES = (
    "Hòa Thành", "Tân Biên", "Châu Thành", "Gò Dầu", "Bến Cầu", "Trảng Bàng", "Dương Minh Châu", "Tân Châu",
    "Cần Giuộc", "Đức Hòa", "Bến Lức", "Thủ Thừa", "Kiến Tường", "Tân Hưng", "Mộc Hóa", "Vĩnh Hưng", "Cần Đước",
    "Tân Trụ",
)  # fmt: skip
_TRADES = ("May", "Giày da", "Dệt", "Cao su", "Bao bì", "Gỗ", "Điện tử", "Thực phẩm", "Cơ khí", "Nhựa", "Mía đường")
_NAMES = (
    "An Phát", "Bình Minh", "Đại Thành", "Hoa Mai", "Hưng Thịnh", "Kim Long", "Minh Quang", "Nam Việt", "Phú Lợi",
    "Quang Vinh", "Sao Mai", "Tân Tiến", "Thành Công", "Thiên Ân", "Toàn Thắng", "Việt Hưng", "Vĩnh Phát", "Xuân Mai",
)  # fmt: skip
_ASKED = (
    "cho em hỏi sáng kiến là gì vậy ạ", "nộp sáng kiến ở đâu ad ơi", "Nghị quyết 16 nói về cái gì",
    "kế hoạch 487 do ai ký vậy", "tháng này công ty không trả tiền tăng ca", "em bị cắt phụ cấp chuyên cần",
    "đoàn phí đóng bao nhiêu một tháng", "công ty chưa đóng bảo hiểm xã hội cho em", "chuyển đổi số là làm gì",
    "em có cải tiến ca kẹp tiết kiệm hai phút mỗi sản phẩm", "cho em gặp cán bộ công đoàn", "18/5 năm nay có gì không",
    "sáng kiến được thưởng bao nhiêu tiền", "em gửi rồi mà chưa thấy ai trả lời", "dừng nhắn tin nữa",
    "xóa thông tin của em đi", "hợp đồng hết hạn mà công ty chưa ký lại", "máy ép ở xưởng {shift} hay kẹt quá",
    "em làm ở {where} muốn hỏi lịch nghỉ tết", "tổ trưởng ca {shift} ép tăng ca thêm {hours} tiếng",
    "cảm ơn ad nhiều", "alo", "menu", "làm chung với bạn thì ghi tên sao ạ", "có bị lộ tên cho công ty biết không",
    "quạt trong xưởng hư {hours} cái rồi chưa ai sửa", "nhà trọ gần {where} tăng giá, công đoàn có hỗ trợ không",
)  # fmt: skip
_REPLIED = (
    "Dạ, sáng kiến là giải pháp mới, áp dụng được và có lợi tại nơi làm việc.\n(Kế hoạch 487/KH-LĐLĐ, mục II.3.1)",
    "Dạ, văn bản em có không nói số tiền. Anh/chị hỏi công đoàn nơi anh/chị làm việc giúp em nhé.",
    "Dạ, em chuyển anh/chị cho cán bộ công đoàn.",
    "Em chưa hiểu rõ câu này. Anh/chị chọn một mục, hoặc gõ lại giúp em nhé.",
    "Dạ không có chi. Cần gì anh/chị cứ nhắn em nha.",
)
_OFFICER = (
    "Chào anh/chị, tôi là cán bộ công đoàn. Anh/chị cho xin tên công ty để tôi hỏi giúp.",
    "Tôi đã hỏi công ty, chiều nay có câu trả lời sẽ nhắn anh/chị.",
)
_CONSENT = "Công đoàn được gửi anh/chị thông báo về Kế hoạch 487, ngày 18/5 và đợt sáng kiến qua kênh này?"


@dataclass(frozen=True, slots=True)
class _World:
    """Who and when: drawn once, so that the rows of all tables fit together."""

    people: int
    account_of: list[int]
    platform_of: Mapping[int, str]
    unit_of: list[int | None]
    names: Mapping[int, str]
    picks: list[int]  # the person of each member's message, in order of time
    start: datetime
    step: timedelta

    def at(self, number: int) -> datetime:
        return self.start + self.step * number


def seed(options: argparse.Namespace) -> int:
    store = Store(settings.load())
    began = time.monotonic()
    try:
        with store.database.read() as connection:
            if connection.scalar(select(persons.c.id).limit(1)) is not None:
                raise BotError("demo.not_empty")
        chance = random.Random(options.seed)
        world = store.database.write(lambda connection: _world(connection, store, chance, options), wait_s=600)
        _plant_initiatives(store, options)
        _fill(store.database, world, chance, options.messages)
    finally:
        store.close()
    print(
        f"{options.people} people, {options.messages} messages, {options.units} units, "
        f"{options.initiatives} initiatives with {options.attachments} attachments in "
        f"{time.monotonic() - began:.0f} s; all of it is made up"
    )
    return 0


def _plant_initiatives(store: Store, options: argparse.Namespace) -> None:
    """Handed in at the companies, and known to nobody's chat: their authors are names only."""
    with store.database.read() as connection:
        known = units.everything(connection)
    companies = [number for number, unit in known.items() if unit.kind == UnitKind.GRASSROOTS] or list(known)
    initiatives.plant(
        store.database, open_store(store.settings), store.clock(), companies,
        count=options.initiatives, attached=options.attachments,
    )  # fmt: skip


# ---- who and where ----


def _world(connection: Connection, store: Store, chance: random.Random, options: argparse.Namespace) -> _World:
    now = store.clock()
    chosen = _units(connection, now, chance, options.units)
    known = {unit_id: unit.name for unit_id, unit in units.everything(connection).items()}
    numbers = _accounts(connection, store, now)
    account_of = [numbers["zalo" if chance.random() < 0.75 else "messenger"] for _ in range(options.people)]
    unit_of = [chance.choice(chosen) if chance.random() < 0.85 else None for _ in range(options.people)]
    heard = max(options.people, int(options.messages / (1 + ANSWERED)))
    picks = list(range(options.people)) + [
        int(options.people * chance.random() ** 1.5) for _ in range(heard - options.people)
    ]
    chance.shuffle(picks)
    platform_of = {number: platform for platform, number in numbers.items()}
    return _World(options.people, account_of, platform_of, unit_of, known, picks, now - SPAN, SPAN / (len(picks) + 1))


def _accounts(connection: Connection, store: Store, now: datetime) -> dict[str, int]:
    """One of each platform; made up, so the doors of the real ones stay shut to them."""
    found = {}
    for platform, external in (("zalo", "1000000000000000001"), ("messenger", "100000000000001")):
        app = accounts.save_app(
            connection, store.vault, platform=platform, app_id=f"demo-{platform}", simulated=True, now=now,
            keys=seeding.keys([secrets.token_urlsafe()], [secrets.token_urlsafe()], secrets.token_urlsafe()),
        )  # fmt: skip
        found[platform] = accounts.save_account(
            connection, platform=platform, external_id=external, app_pk=app, now=now, simulated=True,
            name="LĐLĐ tỉnh (thử)", state=accounts.HELD, state_code=accounts.PAUSED,
            api_url="http://127.0.0.1:9", oauth_url="http://127.0.0.1:9", api_version="v25.0",
        )  # fmt: skip
    return found


def _units(connection: Connection, now: datetime, chance: random.Random, number: int) -> list[int]:
    """A province, its communes and parks, and companies under them; the companies' ids."""
    top = _unit(connection, now, "Liên đoàn Lao động tỉnh (thử)", None, UnitKind.PROVINCE)
    middle = [
        _unit(connection, now, f"{kind} {place}", top, sort)
        for place in _PLACES
        for kind, sort in (("Công đoàn xã", UnitKind.COMMUNE), ("Công đoàn các khu công nghiệp", UnitKind.PARK))
    ][: max(1, number // 4)]
    made: list[int] = []
    for at in range(number - len(middle) - 1):
        trade, name = _TRADES[at % len(_TRADES)], _NAMES[(at // len(_TRADES)) % len(_NAMES)]
        suffix = f" {at // (len(_TRADES) * len(_NAMES)) + 1}" if at >= len(_TRADES) * len(_NAMES) else ""
        whole = f"Công ty {trade} {name}{suffix}"
        made.append(_unit(connection, now, whole, chance.choice(middle), UnitKind.GRASSROOTS))
    return made or middle


def _unit(connection: Connection, now: datetime, name: str, parent: int | None, kind: UnitKind) -> int:
    row = {
        "parent_id": parent, "name": nfc(name), "folded": fold(nfc(name)), "kind": kind.value, "created_at": now,
    }  # fmt: skip
    number: int = connection.execute(insert(unit_table).values(row).returning(unit_table.c.id)).scalar_one()
    return number


# ---- rows, in bulk ----


def _fill(database: Database, world: _World, chance: random.Random, messages: int) -> None:
    _load(database, persons, _people(world, chance))
    _load(database, consents, _consents(world))
    if database.on_sqlite:  # one rebuild at the end is many times faster than a trigger a row
        database.write(lambda connection: _triggers(connection, on=False))
    with database.read() as connection:
        first = connection.scalar(select(inbox.c.id).order_by(inbox.c.id.desc()).limit(1)) or 0
        answer = connection.scalar(select(outbox.c.id).order_by(outbox.c.id.desc()).limit(1)) or 0
    _load(database, inbox, _heard(world, first))
    _load(database, outbox, _answered(world, chance, answer, messages - len(world.picks)))
    _load(database, said.said, _words(world, first))
    if database.on_sqlite:
        database.write(lambda connection: _triggers(connection, on=True), wait_s=600)
    _load(database, handovers, _handovers(world, chance))
    _load(database, misses, _misses(world, chance))
    _load(database, counts, _counts(world, chance))
    _load(database, data_requests, _requests(world, chance))
    if not database.on_sqlite:
        database.write(_numbers, wait_s=600)
    database.write(lambda connection: connection.execute(text("ANALYZE")), wait_s=600)


def _triggers(connection: Connection, *, on: bool) -> None:
    connection.execute(text("DROP TRIGGER IF EXISTS said_words_new"))
    if on:
        connection.execute(text("INSERT INTO said_words(said_words) VALUES ('rebuild')"))
        said.prepare(connection)


def _numbers(connection: Connection) -> None:
    """PostgreSQL numbers on from a counter that rows with a number of their own do not move."""
    for table in (persons, inbox, outbox):
        connection.execute(
            select(
                func.setval(
                    func.pg_get_serial_sequence(table.name, "id"), select(func.max(table.c.id)).scalar_subquery()
                )
            )
        )


def _load(database: Database, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Rows that all have the same columns; by COPY where the database has it."""
    waiting = iter(rows)
    while batch := list(islice(waiting, CHUNK)):
        if database.on_sqlite:
            database.write(lambda connection, batch=batch: connection.execute(insert(table), batch), wait_s=600)  # type: ignore[misc]
        else:
            _copy(database, table, batch)


def _copy(database: Database, table: Table, batch: list[dict[str, Any]]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, batch[0]))
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
    with database.engine.begin() as connection:
        cursor: Any = connection.connection.cursor()
        with cursor.copy(into) as copy:
            for row in batch:
                copy.write_row(tuple(row.values()))


def _user(person: int) -> str:
    return str(7_000_000_000_000_000 + person)


def _people(world: _World, chance: random.Random) -> Iterator[dict[str, Any]]:
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    number: dict[int, int] = {}
    for at, person in enumerate(world.picks):
        first.setdefault(person, at)
        last[person] = at
        number[person] = number.get(person, 0) + 1
    for person in range(world.people):
        unit = world.unit_of[person]
        yield {
            "id": person + 1, "account_id": world.account_of[person], "user_id": _user(person),
            "created_at": world.at(first[person]), "wrote_at": world.at(last[person]), "turns": number[person],
            "unit_id": unit, "unit_said": world.names[unit] if unit else "", "unit_asked": unit is not None,
            "subscribed": _subscribed(person), "follows": True,
            "reachable": chance.random() > 0.02,
        }  # fmt: skip


def _subscribed(person: int) -> bool:
    return person % 5 < 3


def _consents(world: _World) -> Iterator[dict[str, Any]]:
    for person in range(world.people):
        if _subscribed(person):
            yield {
                "person_id": person + 1, "purpose": "announcements", "given": True, "at": world.at(person),
                "words": _CONSENT, "version": "1", "channel": world.platform_of[world.account_of[person]],
            }  # fmt: skip


def _heard(world: _World, first: int) -> Iterator[dict[str, Any]]:
    for at, person in enumerate(world.picks):
        account, moment = world.account_of[person], world.at(at)
        parked = at % 40_000 == 39_999
        yield {
            "id": first + at + 1, "account_id": account, "event_key": f"demo-{at}", "user_id": _user(person),
            "lane": "talk", "body": _event(world.platform_of[account], _user(person), _said(at), moment, at),
            "at": moment, "received_at": moment, "due_at": moment, "state": "parked" if parked else "done",
            "code": "turn.failed" if parked else "", "finished_at": moment,
        }  # fmt: skip


def _said(at: int) -> str:
    """What the message of this number says; a third is typed without tone marks."""
    drawn = at * 2_654_435_761 % 2**32 >> 7  # scattered, and the same for the same number
    words = _ASKED[drawn % len(_ASKED)]
    if "{" in words:
        where = f"{_TRADES[drawn % len(_TRADES)]} {_NAMES[drawn % len(_NAMES)]}"
        words = words.format(shift="ABC"[drawn % 3], hours=drawn % 5 + 1, where=where)
    return fold(words) if at % 3 == 0 else words


def _event(platform: str, user: str, words: str, moment: datetime, at: int) -> str:
    stamp = int(moment.timestamp() * 1000)
    message: dict[str, Any]
    if platform == "zalo":
        message = {
            "event_name": "user_send_text", "app_id": "demo-zalo", "sender": {"id": user},
            "recipient": {"id": "1000000000000000001"}, "timestamp": str(stamp),
            "message": {"msg_id": f"demo{at}", "text": words},
        }  # fmt: skip
        return json.dumps({"event": message, "user": user}, ensure_ascii=False)
    item = {
        "sender": {"id": user}, "recipient": {"id": "100000000000001"}, "timestamp": stamp,
        "message": {"mid": f"m_demo{at}", "text": words},
    }  # fmt: skip
    return json.dumps({"item": item, "standby": False, "time": stamp}, ensure_ascii=False)


def _answered(world: _World, chance: random.Random, first: int, number: int) -> Iterator[dict[str, Any]]:
    """Answers to the first of so many messages that have one, in their order; a few by officers, some in doubt."""
    bodies = [json.dumps({"text": words}, ensure_ascii=False) for words in _REPLIED]
    typed = [json.dumps({"text": words, "human": True}, ensure_ascii=False) for words in _OFFICER]
    chosen = sorted(chance.sample(range(len(world.picks)), min(number, len(world.picks))))
    for row, at in enumerate(chosen):
        person, moment = world.picks[at], world.at(at) + REPLY_AFTER
        human, doubt = row % 50 == 0, row % 30_000 == 29_999
        yield {
            "id": first + row + 1, "account_id": world.account_of[person], "person_id": person + 1,
            "origin": "staff" if human else "reply", "priority": 1 if human else 0,
            "body": typed[row % len(typed)] if human else bodies[row % len(bodies)],
            "state": "unsure" if doubt else "read" if row % 2 else "delivered", "blocks": False,
            "code": "network.no_answer" if doubt else "", "queued_at": moment, "due_at": moment,
            "created_at": moment, "sent_at": None if doubt else moment, "message_id": f"demo-out-{row}",
            "finished_at": None if doubt else moment,
        }  # fmt: skip


def _words(world: _World, first: int) -> Iterator[dict[str, Any]]:
    for at, person in enumerate(world.picks):
        folded = " ".join(said.wanted(_said(at)))
        yield {"person_id": person + 1, "at": world.at(at), "inbox_id": first + at + 1, "folded": folded}


def _handovers(world: _World, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Three thousand that are over, and in proportion some that are open, a few of them urgent."""
    whom = chance.sample(range(world.people), min(world.people, 3400))
    for at, person in enumerate(whom):
        opened = world.start + SPAN * (at / len(whom))
        over = at < len(whom) * 0.88
        yield {
            "person_id": person + 1, "reason": chance.choice(("asked", "missed", "privacy")),
            "urgent": not over and at % 60 == 0, "opened_at": opened,
            "answered_at": opened + timedelta(hours=2) if over or at % 3 == 0 else None,
            "closed_at": opened + timedelta(hours=5) if over else None,
        }  # fmt: skip


def _misses(world: _World, chance: random.Random) -> Iterator[dict[str, Any]]:
    for at in range(min(world.people, 5000)):
        moment = world.start + SPAN * (at / 5000)
        yield {"person_id": chance.randrange(world.people) + 1, "text": _said(at), "nearest": "[]", "at": moment}


def _counts(world: _World, chance: random.Random) -> Iterator[dict[str, Any]]:
    a_day = max(1, len(world.picks) // SPAN.days)
    for back in range(SPAN.days):
        day = (world.start + SPAN - timedelta(days=back)).astimezone(zone()).date().isoformat()
        busy = 0.6 + 0.8 * chance.random()
        for what, share in (
            ("turn", 1.0),
            ("send.accepted", ANSWERED),
            ("answer.sk.what", 0.2),
            ("answer.II.3.4", 0.1),
        ):
            yield {"day": day, "what": what, "n": int(a_day * busy * share)}


def _requests(world: _World, chance: random.Random) -> Iterator[dict[str, Any]]:
    for at in range(40):
        received = world.start + SPAN - timedelta(days=at)
        closed = at > 3
        yield {
            "person_id": chance.randrange(world.people) + 1, "kind": chance.choice(("see", "correct", "delete")),
            "channel": "chat", "received_at": received, "answer_by": working_days_after(received, 2),
            "finish_by": received + FINISH_WITHIN, "answered_at": received + timedelta(hours=3) if closed else None,
            "closed_at": received + timedelta(days=1) if closed else None, "outcome": "done" if closed else "",
        }  # fmt: skip

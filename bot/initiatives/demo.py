"""Made-up initiatives with attachments, for trying the console at its full size. Nobody in them exists."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from PIL import Image
from sqlalchemy import Connection, insert

from bot.files.storing import FileStore, fresh_key
from bot.initiatives import codes
from bot.initiatives.record import columns
from bot.initiatives.states import LABELS, State
from bot.store.database import Database
from bot.store.files import FileState, files
from bot.store.initiatives import as_stored, initiative_events, initiatives

BATCH = 200
_THINGS = ("gá kẹp hàn", "máng hứng mủ", "xe đẩy hai tầng", "bảng màu báo lỗi", "phễu rót keo", "kệ xếp phụ liệu",
           "mẫu sổ giao ca", "dụng cụ tháo khuôn", "quạt hút chỉ thừa", "khay chia thuốc")  # fmt: skip
_BEFORE = ("làm bằng tay, hay lệch", "mất nhiều thời gian đi lại", "hay đổ, hao vật tư", "khó kiểm soát số lượng")
_RESULT = ("từ 40 phút còn 12 phút", "giảm nửa hàng lỗi", "mỗi ca dư 100 cái", "đỡ mỏi, an toàn hơn")
_NAMES = ("Nguyễn Thị Hoa", "Lê Văn Tám", "Trần Thị Bé", "Phạm Văn Út", "Huỳnh Thị Lan", "Võ Văn Sáu")
_SUBJECTS = ("May mặc", "Cơ khí", "Cao su", "Y tế", "Giáo dục")


def plant(
    database: Database,
    store: FileStore,
    now: datetime,
    units: Sequence[int],
    *,
    count: int = 2000,
    attached: int = 5000,
) -> None:
    """Add so many initiatives of the last two years, with so many pictures among them; the same each time."""
    dice = random.Random(487)
    key = _picture(store)
    drawn = iter(dice.sample(range(10 ** (codes.DIGITS + 2)), count))  # distinct, and longer than those of real ones
    for first in range(0, count, BATCH):
        share = min(BATCH, count - first)
        pictures = attached * share // count

        chosen = list(islice(drawn, share))

        def op(connection: Connection, chosen: list[int] = chosen, pictures: int = pictures) -> None:
            numbers = [_one(connection, dice, _code(number), now, units) for number in chosen]
            rows = [_file(dice.choice(numbers), key, now) for _ in range(pictures)]
            if rows:
                connection.execute(insert(files), rows)

        database.write(op, wait_s=120)


def _code(number: int) -> str:
    digits = str(number).zfill(codes.DIGITS + 2)
    return codes.written(digits + codes.check_digit(digits))


def _one(connection: Connection, dice: random.Random, code: str, now: datetime, units: Sequence[int]) -> int:
    at = now - timedelta(minutes=dice.randrange(60 * 24 * 730))
    untried = dice.random() < 0.15
    fields: dict[str, Any] = {
        "what": f"Làm {dice.choice(_THINGS)} kiểu {dice.randrange(1000)}",
        "before": dice.choice(_BEFORE),
        "result": dice.choice(_RESULT),
        "use": "chưa làm thử" if untried else "đang dùng",
        "use_state": "untried" if untried else "used",
        "since": "" if untried else (at - timedelta(days=60)).date().isoformat(),
        "since_precision": "" if untried else "day",
        "author": dice.choice(_NAMES),
        "born": dice.randrange(1965, 2006),
        "subject": dice.choice(_SUBJECTS),
        "place_id": dice.choice(units) if units else 0,
        "gain": f"{dice.randrange(5, 300)} triệu" if dice.random() < 0.4 else "",
    }
    state = dice.choice([one for one in LABELS if not (untried and one in {State.FILED, State.RECOGNISED})])
    row = {
        "code": code, "state": state, "channel": "chat", "received_at": at, "created_at": at,
        "touched_at": at, "changed_at": at, "readers": dice.choice(("province", "unit")), **as_stored(columns(fields)),
    }  # fmt: skip
    number = int(connection.execute(insert(initiatives).values(**row).returning(initiatives.c.id)).scalar_one())
    event = {"initiative_id": number, "at": at, "kind": "state", "by": "author", "state": State.RECEIVED}
    connection.execute(insert(initiative_events).values(**event))
    return number


def _picture(store: FileStore) -> tuple[str, int, str]:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (71, 107, 138)).save(out, "JPEG")
    key = fresh_key()
    store.put(key, out.getvalue())
    return key, len(out.getvalue()), hashlib.sha256(out.getvalue()).hexdigest()


def _file(number: int, picture: tuple[str, int, str], now: datetime) -> dict[str, Any]:
    key, size, digest = picture
    return {
        "initiative_id": number, "kind": "image", "state": FileState.STORED.value, "type": "image/jpeg", "key": key,
        "size": size, "sha256": digest, "due_at": now, "created_at": now, "stored_at": now,
    }  # fmt: skip

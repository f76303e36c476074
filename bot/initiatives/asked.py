"""Reports that were asked of units: the figures filled in for each, and all of them merged into one paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.sql import ColumnElement

from bot.initiatives import excel, word
from bot.initiatives.word import NO_DATA, grouped
from bot.store import initiative_lists as lists
from bot.store.initiative_lists import Wanted
from bot.store.unit_reports import Reply, Request
from bot.workbook import Cell, book

WORDS = {
    "received": "Số hồ sơ",
    "ideas": "Ý tưởng",
    "filed": "Đã nộp ở nơi làm việc",
    "recognised": "Được công nhận",
    "gain": "Giá trị làm lợi (tác giả kê khai, đồng/năm)",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """`gain` is None where nobody claimed one."""

    received: int
    ideas: int
    filed: int
    recognised: int
    gain: int | None


def figures(connection: Connection, wanted: Wanted, theirs: ColumnElement[bool] | None) -> Figures:
    states = {line[0]: line[1] for line in lists.figures(connection, wanted, theirs, "state")}
    kinds = lists.figures(connection, wanted, theirs, "idea")
    gains = [line[2] for line in kinds if line[2] is not None]
    return Figures(
        received=sum(states.values()),
        ideas=sum(line[1] for line in kinds if line[0]),
        filed=states.get("filed", 0) + states.get("recognised", 0),
        recognised=states.get("recognised", 0),
        gain=sum(gains) if gains else None,
    )


def _headings(request: Request) -> list[str]:
    return ["Đơn vị", *WORDS.values(), *request.questions, "Gửi lúc"]


def merged_excel(request: Request, replies: Sequence[Reply], names: Mapping[int, str], _organisation: str) -> bytes:
    rows: list[list[Cell]] = []
    for reply in replies:
        sent = reply.sent_at is not None
        numbers: list[Cell] = [reply.figures.get(key) if sent else None for key in WORDS]
        answers: list[Cell] = [reply.answers.get(str(at), "") for at in range(len(request.questions))]
        day = excel.local_day(reply.sent_at)
        rows.append([names.get(reply.unit_id, ""), *numbers, *answers, day or "Chưa gửi"])
    return book("Báo cáo", _headings(request), rows, amounts=True)


def merged_word(request: Request, replies: Sequence[Reply], names: Mapping[int, str], organisation: str) -> bytes:
    rows = [_row(request, reply, names) for reply in replies]
    missing = [names.get(reply.unit_id, "") for reply in replies if reply.sent_at is None]
    late = f" Chưa gửi: {', '.join(missing)}." if missing else ""
    intro = f"Theo {request.document}. Kỳ: {request.since:%d/%m/%Y} đến {request.until:%d/%m/%Y}.{late}"
    return word.table_document(organisation, request.title, intro, _headings(request), rows)


def _row(request: Request, reply: Reply, names: Mapping[int, str]) -> list[str]:
    sent = reply.sent_at is not None
    numbers = [_number(reply.figures.get(key)) if sent else "" for key in WORDS]
    answers = [reply.answers.get(str(at), "") for at in range(len(request.questions))]
    day = excel.local_day(reply.sent_at)
    return [names.get(reply.unit_id, ""), *numbers, *answers, f"{day:%d/%m/%Y}" if day else "chưa gửi"]


def _number(value: object) -> str:
    return grouped(value) if isinstance(value, int) else NO_DATA

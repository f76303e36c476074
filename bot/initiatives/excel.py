"""Excel lists of initiatives, in the officers' own columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from bot.clock import zone
from bot.store.initiatives import Initiative
from bot.workbook import Cell

Names: TypeAlias = Mapping[str, Mapping[Any, str]]

#: Beside these, every field of the form is a column by its key.
COLUMNS: dict[str, str] = {
    "code": "Mã", "title": "Tên", "kind": "Loại", "state": "Trạng thái", "author": "Tác giả", "born": "Năm sinh",
    "phone": "Điện thoại", "unit": "Đơn vị", "unit_said": "Nơi làm việc (tác giả ghi)", "subject": "Lĩnh vực",
    "gain": "Giá trị làm lợi (tác giả kê khai, đồng/năm)", "since": "Dùng từ ngày", "last_day": "Hạn nộp đơn",
    "received": "Ngày nhận", "changed": "Thay đổi gần nhất", "assigned": "Người phụ trách", "round": "Đợt",
    "recognition_number": "Số quyết định", "recognition_date": "Ngày quyết định", "reason": "Lý do",
    "files": "Số tệp", "channel": "Cách nhận", "readers": "Người được đọc",
}  # fmt: skip
SHIPPED = ("code", "title", "kind", "state", "author", "born", "phone", "unit", "subject", "gain", "since", "last_day",
           "received", "assigned")  # fmt: skip


def local_day(at: datetime | None) -> date | None:
    return at.astimezone(zone()).date() if at is not None else None


def values(one: Initiative, names: Names, files: int, last_day: date | None) -> dict[str, Cell]:
    """Every column of one initiative. `names`: words for states, units, staff, channels and readers."""
    said: dict[str, Cell] = {
        key: str(value) for key, value in one.fields.items() if isinstance(value, str) and key not in COLUMNS
    }
    return said | {
        "code": one.code or "", "title": one.title, "kind": "Ý tưởng" if one.idea else "Sáng kiến",
        "state": names["states"].get(one.state, one.state), "author": one.author, "born": one.born,
        "phone": one.phone, "unit": names["units"].get(one.unit_id, ""), "unit_said": one.unit_said,
        "subject": one.subject, "gain": one.gain, "since": one.since, "last_day": last_day,
        "received": local_day(one.received_at), "changed": local_day(one.changed_at),
        "assigned": names["staff"].get(one.assigned_id, ""), "round": one.round,
        "recognition_number": one.recognition_number, "recognition_date": one.recognition_date, "reason": one.reason,
        "files": files, "channel": names["channels"].get(one.channel, one.channel),
        "readers": names["readers"].get(one.readers, one.readers),
    }  # fmt: skip


Label = Callable[[str], str]


def headings(columns: Sequence[str], label: Label) -> list[str]:
    """A column's heading: ours, or the field's label of the loaded form."""
    return [COLUMNS.get(name) or label(name) for name in columns]

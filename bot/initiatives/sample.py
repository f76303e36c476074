"""An initiative made up for trying templates."""

from __future__ import annotations

from datetime import UTC, date, datetime

from bot.initiatives import codes
from bot.store.initiatives import Initiative

_AT = datetime(2026, 5, 18, 2, 0, tzinfo=UTC)
_CODE = codes.written("12345" + codes.check_digit("12345"))
SAMPLE = Initiative(
    id=0, code=_CODE, person_id=None, channel="chat", state="received", idea=False, title="Gá kẹp hàn thử",
    author="Nguyễn Thị Thử", born=1990, unit_id=None, unit_said="Công ty Thử", subject="Cơ khí", gain=80_000_000,
    since=date(2026, 3, 1), since_precision="month",
    fields={
        "what": "Làm gá kẹp <thép> & lò xo.\nHai tầng.", "before": "Giữ tay.", "result": "Nhanh hơn 2 phút.",
        "use": "dùng từ 3/2026", "place": "Công ty Thử", "author": "Nguyễn Thị Thử", "born": 1990,
    },
    readers="province", employer_ok=None, name_ok=None, story_ok=None, news="here", phone="0912345678", confirmed=True,
    pin="", pin_tries=0, consent_note="", assigned_id=None, round="", reason="", recognition_number="",
    recognition_date=None, reminders=0, reminded_at=None, created_at=_AT, touched_at=_AT, received_at=_AT,
    changed_at=_AT,
)  # fmt: skip

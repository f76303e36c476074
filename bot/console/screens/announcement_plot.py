"""The plot of a closing account: how many had been sent by when, as an SVG without a library."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.console.desk import desk

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 220, 56, 28


def plot(line: Sequence[tuple[datetime, int]]) -> str:
    """The SVG element; nothing for fewer than two moments."""
    if len(line) < 2 or not line[-1][1]:
        return ""
    first, last, most = line[0][0], line[-1][0], line[-1][1]
    span = (last - first).total_seconds() or 1.0
    across, up = WIDTH - LEFT - 8, HEIGHT - BOTTOM - 12

    def place(at: datetime, sent: int) -> str:
        return f"{LEFT + (at - first).total_seconds() / span * across:.1f},{HEIGHT - BOTTOM - sent / most * up:.1f}"

    points = " ".join(place(at, sent) for at, sent in line)
    floor = HEIGHT - BOTTOM
    start, end = (f"{desk().local(at):%H:%M:%S}" for at in (first, last))
    return (
        f'<svg class="sending-plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="Số tin đã gửi theo thời gian">'
        f'<line x1="{LEFT}" y1="{floor}" x2="{WIDTH - 8}" y2="{floor}"/>'
        f'<line x1="{LEFT}" y1="12" x2="{LEFT}" y2="{floor}"/>'
        f'<polyline points="{points}"/>'
        f'<text x="{LEFT - 6}" y="20" text-anchor="end">{most}</text>'
        f'<text x="{LEFT - 6}" y="{floor}" text-anchor="end">0</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 8}">{start}</text>'
        f'<text x="{WIDTH - 8}" y="{HEIGHT - 8}" text-anchor="end">{end}</text></svg>'
    )

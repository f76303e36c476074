"""Small plots as SVG made on the server: no script, no other host, readable aloud."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

WIDTH, HEIGHT, GROUND = 320, 120, 96


def bars(title: str, values: Sequence[tuple[str, int]]) -> Markup:
    """One bar a label, its figure above it; nothing while all are 0. Colours and letters come from daily.css."""
    most = max((value for _, value in values), default=0)
    if most <= 0:
        return Markup("")
    step = WIDTH / max(len(values), 1)
    parts = [_bar(at * step, step, label, value, most) for at, (label, value) in enumerate(values)]
    told = ", ".join(f"{label}: {value}" for label, value in values)
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, f"{title}. {told}", Markup("").join(parts)
    )


def _bar(left: float, step: float, label: str, value: int, most: int) -> Markup:
    height = (GROUND - 18) * value / most
    middle = left + step / 2
    return Markup(
        '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"/>'
        '<text class="figure" x="{:.1f}" y="{:.1f}">{}</text><text class="label" x="{:.1f}" y="{}">{}</text>'
    ).format(
        left + step * 0.2, GROUND - height, step * 0.6, height, middle, GROUND - height - 4, _short(value), middle,
        HEIGHT - 8, escape(label),
    )  # fmt: skip


def _short(value: int) -> str:
    """As people write large numbers here: a point between thousands."""
    return f"{value:,}".replace(",", ".")

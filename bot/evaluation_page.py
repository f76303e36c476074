"""The report of an evaluation as one self-contained HTML page: bars, a reliability plot, confusions, misses."""

from __future__ import annotations

from html import escape
from string import Template

from bot.evaluation import WORST, Report, Share, cited
from bot.talk import Kind

_PAGE = Template(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --line: #8888; --bar: #2b6cb0; --miss: #c05621; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 66rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; display: block; overflow-x: auto; }
th, td { padding: .2rem .7rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
td.off { background: color-mix(in srgb, var(--miss) 25%, transparent); }
svg { max-width: 100%; height: auto; } .bar { fill: var(--bar); } text { fill: currentColor; font-size: 12px; }
.grid { stroke: var(--line); } .curve { stroke: var(--bar); fill: none; stroke-width: 2; } .dot { fill: var(--bar); }
</style></head><body>
<h1>$title</h1>
<h2>Summary</h2>$summary
<h2>Reliability</h2>
<p>Confidence against the share of right ones; on the diagonal it is honest. Mean distance $error.</p>$curve
<h2>By kind</h2>$kinds<h2>By clause</h2>$clauses<h2>By style</h2>$styles
<h2>Confused kinds</h2><p>Rows: what a message is. Columns: how it was read.</p>$confusion
<h2>Worst misses</h2><p>The surest first, at most $most.</p>$misses
</body></html>
"""
)


def page(report: Report, title: str = "Evaluation of the answers") -> str:
    """The page's HTML. It loads nothing; the messages of the misses stand in it, so keep it where they may stand."""
    return _PAGE.substitute(
        title=escape(title),
        summary=_bars(report.summary()),
        curve=_curve(report),
        error=f"{report.calibration_error():.3f}",
        kinds=_bars(report.by_kind()),
        clauses=_bars(report.by_clause()),
        styles=_bars(report.by_style()),
        confusion=_confusion(report),
        misses=_misses(report),
        most=WORST,
    )


def _bars(shares: dict[str, Share]) -> str:
    """A row each: the name, a bar as long as the share, the figures."""
    rows = []
    for at, (name, share) in enumerate(shares.items()):
        y = 22 * at
        rows.append(
            f'<text x="0" y="{y + 15}">{escape(name.strip())}</text>'
            f'<rect class="bar" x="190" y="{y + 3}" width="{300 * (share.value or 0):.1f}" height="16" rx="2"/>'
            f'<text x="500" y="{y + 15}">{escape(str(share).strip())}</text>'
        )
    return f'<svg viewBox="0 0 660 {22 * len(rows) + 4}" width="660" role="img">{"".join(rows)}</svg>'


def _curve(report: Report) -> str:
    size, edge = 300, 30
    points = [
        (edge + size * mean, edge + size * (1 - (share.value or 0)), share.of) for mean, share in report.reliability()
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    dots = "".join(
        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{2 + min(8, of**0.5 / 3):.1f}"/>' for x, y, of in points
    )
    far = edge + size
    return (
        f'<svg viewBox="0 0 {far + 20} {far + 30}" width="{far + 20}" role="img">'
        f'<line class="grid" x1="{edge}" y1="{far}" x2="{far}" y2="{edge}"/>'
        f'<rect class="grid" x="{edge}" y="{edge}" width="{size}" height="{size}" fill="none"/>'
        f'<text x="{edge}" y="{far + 18}">confidence 0</text><text x="{far - 10}" y="{far + 18}">1</text>'
        f'<text x="{edge}" y="{edge - 8}">share of right ones 1</text>'
        f'<polyline class="curve" points="{line}"/>{dots}</svg>'
    )


def _confusion(report: Report) -> str:
    counts = report.confusion()
    kinds = [kind.value for kind in Kind if any(kind.value in pair for pair in counts)]
    head = "".join(f"<th>{kind}</th>" for kind in kinds)
    rows = "".join(
        f"<tr><th>{is_}</th>"
        + "".join(
            f'<td class="n{" off" if is_ != read and (is_, read) in counts else ""}">{counts.get((is_, read), "")}</td>'
            for read in kinds
        )
        + "</tr>"
        for is_ in kinds
    )
    return f"<table><tr><th></th>{head}</tr>{rows}</table>"


def _misses(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.case.id)}</td><td>{escape(one.case.text)}</td>"
        f"<td>{one.case.kind} {escape(' '.join(sorted(one.case.sections)))}</td>"
        f'<td>{one.reading.kind} {escape(cited(one.reading) or "")}</td><td class="n">{one.confidence:.2f}</td></tr>'
        for one in report.worst[:WORST]
    )
    return f"<table><tr><th>id</th><th>message</th><th>is</th><th>read as</th><th>confidence</th></tr>{rows}</table>"

"""Word files: the form of one initiative from a template that officers replace, the report of a period, the roll."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from docx import Document
from docx.document import Document as Docx
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Cm, Pt, RGBColor
from docxtpl import DocxTemplate, Listing
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.errors import BotError
from bot.files.sniffing import DOCX, Refused, check
from bot.initiatives.form import Form
from bot.initiatives.reading import last_day
from bot.initiatives.sample import SAMPLE
from bot.library.load import CONTENT
from bot.store.initiatives import Initiative

MOST_BYTES = 2 * 1024 * 1024
BLANK = "…" * 20  # to be filled in by hand
SHORT_BLANK = "…"
NO_DATA = "không có số liệu"
BAR_CM = 7.0
ACCENT = (11, 92, 107)


def shipped(folder: Path = CONTENT) -> bytes:
    return (folder / "templates" / "initiative.docx").read_bytes()


def form_of(template: bytes, one: Initiative, form: Form, *, unit: str, organisation: str, today: date) -> bytes:
    """The filled form of one initiative. Raises BotError papers.template_faulty."""
    context = context_of(one, form, unit=unit, organisation=organisation, today=today)
    try:
        document = DocxTemplate(io.BytesIO(template))
        # officers bring templates from anywhere: what they may say is limited to filling in
        document.render(context, jinja_env=ImmutableSandboxedEnvironment(autoescape=True))
        out = io.BytesIO()
        document.save(out)
    except (TemplateError, KeyError, ValueError, TypeError, AttributeError, OSError) as error:
        raise BotError("papers.template_faulty", reason=_plain(error)) from None
    return out.getvalue()


def check_template(template: bytes, form: Form) -> None:
    """Try an officer's template before it is kept. Raises BotError papers.not_word or papers.template_faulty."""
    try:
        kind = check(template)
    except Refused:
        kind = ""
    if kind != DOCX or len(template) > MOST_BYTES:
        raise BotError("papers.not_word")
    form_of(template, SAMPLE, form, unit="Công ty Thử", organisation="", today=date(2026, 5, 18))


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def context_of(one: Initiative, form: Form, *, unit: str, organisation: str, today: date) -> dict[str, Any]:
    """What a template may name. Every answer also stands under `f` by its field's key."""
    said = {item.key: _text(one.fields.get(item.key)) for item in form.field}
    until = last_day(one.since, one.since_precision)
    return {
        "ma": one.code or "",
        "la_y_tuong": one.idea,
        "ten": _text(one.fields.get("title")) if one.fields.get("title") else _text(one.title),
        "noi_nhan": unit or one.unit_said or BLANK,
        "tac_gia": [
            {
                "ho_ten": one.author or BLANK,
                "nam_sinh": str(one.born or BLANK),
                "noi_lam_viec": unit or one.unit_said or BLANK,
                "chuc_danh": one.fields.get("position") or SHORT_BLANK,
                "trinh_do": one.fields.get("qualification") or SHORT_BLANK,
                "ty_le": SHORT_BLANK if one.fields.get("co_authors") else "100%",
            }
        ],
        "dong_tac_gia": _text(one.fields.get("co_authors")) if one.fields.get("co_authors") else "",
        "ngay_ap_dung": _since(one) or BLANK,
        "han_nop": f"{until:%d/%m/%Y}" if until else "",
        "gia_tri": f"{grouped(one.gain)} đồng/năm" if one.gain else said.get("gain", BLANK),
        "to_chuc": organisation,
        "ngay": f"{today:%d/%m/%Y}",
        "f": said,
    }


def _text(value: object) -> Any:
    words = str(value or "").strip()
    return Listing(words) if words else BLANK


def _since(one: Initiative) -> str:
    if one.since is None:
        return ""
    shapes = {"year": f"năm {one.since:%Y}", "month": f"tháng {one.since:%m/%Y}"}
    return shapes.get(one.since_precision, f"{one.since:%d/%m/%Y}")


# ---- the report of a period ----


@dataclass(frozen=True, slots=True)
class Count:
    """A line of a table: how many, and the claimed gain where anybody claimed one."""

    label: str
    number: int
    gain: int | None = None
    claimed: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the report of a period says, in words and figures."""

    title: str
    organisation: str
    period: str
    total: int
    ideas: int
    gain: int | None
    claimed: int
    tables: Mapping[str, Sequence[Count]]  # heading -> lines
    made_on: str


def report(content: Report) -> bytes:
    document = _document(content.organisation, content.title)
    _line(document, f"Kỳ báo cáo: {content.period}")
    if not content.total:
        _line(document, f"Số hồ sơ nhận được: {NO_DATA}.")
    else:
        _line(document, f"Số hồ sơ nhận được: {content.total}, trong đó ý tưởng chưa làm thử: {content.ideas}.")
    _line(document, f"Giá trị làm lợi (tác giả kê khai): {_gain(content.gain, content.claimed)}.")
    for heading, lines in content.tables.items():
        document.add_heading(heading, level=2)
        if lines:
            _bars(document, lines)
        else:
            _line(document, f"{NO_DATA.capitalize()}.")
    _line(document, f"Lập ngày {content.made_on}.")
    return _saved(document)


def _gain(gain: int | None, claimed: int) -> str:
    if gain is None or not claimed:
        return NO_DATA
    return f"{grouped(gain)} đồng/năm, của {claimed} hồ sơ có kê khai"


def grouped(amount: int) -> str:
    """120000000 as "120.000.000"."""
    return f"{amount:,}".replace(",", ".")


def _bars(document: Docx, lines: Sequence[Count]) -> None:
    """A plot as a table: the words stay words, so that they can be read aloud, searched and corrected in Word."""
    with_gain = any(line.gain is not None for line in lines)
    table = document.add_table(rows=0, cols=4 if with_gain else 3)
    table.autofit = False
    most = max(line.number for line in lines) or 1
    for line in lines:
        cells = table.add_row().cells
        cells[0].width, cells[1].width, cells[2].width = Cm(5.2), Cm(BAR_CM + 0.4), Cm(1.6)
        cells[0].text = line.label
        width = max(0.05, BAR_CM * line.number / most)
        cells[1].paragraphs[0].add_run().add_picture(io.BytesIO(_BAR), width=Cm(width), height=Cm(0.42))
        cells[2].text = str(line.number)
        cells[2].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
        if with_gain:
            cells[3].width = Cm(3.6)
            cells[3].text = f"{grouped(line.gain)} đ" if line.gain is not None else NO_DATA
            cells[3].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_paragraph()


def _pixel() -> bytes:
    """A PNG of one pixel in the accent colour, stretched to a bar by Word."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" + bytes(ACCENT))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


_BAR = _pixel()


# ---- the roll of those honoured ----


def table_document(
    organisation: str, title: str, intro: str, headings: Sequence[str], rows: Sequence[Sequence[str]]
) -> bytes:
    """A title, a line and a table; "không có số liệu" where there are no rows."""
    document = _document(organisation, title, wide=len(headings) > 5)
    if intro:
        _line(document, intro)
    if not rows:
        _line(document, f"{NO_DATA.capitalize()}.")
        return _saved(document)
    table = document.add_table(rows=1, cols=len(headings))
    table.style = "Table Grid"
    for cell, heading in zip(table.rows[0].cells, headings, strict=True):
        cell.paragraphs[0].add_run(heading).bold = True
    for row in rows:
        for cell, value in zip(table.add_row().cells, row, strict=True):
            cell.text = value
    return _saved(document)


def _document(organisation: str, title: str, *, wide: bool = False) -> Docx:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    if wide:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Cm(29.7), Cm(21)
    section.left_margin, section.right_margin = Cm(3), Cm(2)
    section.top_margin = section.bottom_margin = Cm(2)
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Times New Roman", Pt(13)
    for level in (1, 2):
        heading = document.styles[f"Heading {level}"]
        heading.font.name, heading.font.color.rgb = "Times New Roman", RGBColor(0, 0, 0)
    if organisation:
        document.add_paragraph().add_run(organisation.upper()).bold = True
    top = document.add_heading(title, level=1)
    top.alignment = WD_ALIGN_PARAGRAPH.CENTER
    return document


def _line(document: Docx, text: str) -> None:
    document.add_paragraph(text)


def _saved(document: Docx) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()

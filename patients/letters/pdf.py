"""Pages: an A4 letter after DIN 5008 (form B), so that the address stands in the window of the envelope."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from threading import Lock
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    Image,
    KeepInFrame,
    KeepTogether,
    NextPageTemplate,
    PageTemplate,
    Spacer,
    Table,
    TableStyle,
)
from reportlab.platypus import Paragraph as Flowing

from patients.letters.blocks import Block, Box, Bullets, Document, Facts, Figure, Figures, Heading, Paragraph, Signature

WIDTH, HEIGHT = A4
LEFT, RIGHT, FOOT = 25 * mm, 20 * mm, 24 * mm
TEXT_WIDTH = WIDTH - LEFT - RIGHT
WINDOW_TOP, WINDOW_HEIGHT, WINDOW_WIDTH = 62.7 * mm, 27.3 * mm, 80 * mm
"""From the top edge: form B's address zone, six lines."""
BODY_TOP = 98 * mm
LATER_TOP = 28 * mm
FOLDS = (105 * mm, 210 * mm)
PICTURE_WIDTH, PICTURE_HEIGHT = (TEXT_WIDTH - 6 * mm) / 2, 60 * mm

INK, QUIET, ACCENT, LINE = HexColor("#16303a"), HexColor("#4d636d"), HexColor("#0b5563"), HexColor("#cfdbdf")
WARNING, WARNING_GROUND = HexColor("#8a5300"), HexColor("#fff6e6")
PLAIN, BOLD = "letter", "letter-bold"
LINES_AT_ONCE = 20
MISSING = "\ufffd"
_ONE_AT_A_TIME = Lock()
"""ReportLab reads a font with one position for all threads: two letters at once would mix it up."""


@dataclass(frozen=True)
class Fonts:
    """Where the files of the plain and the bold face lie."""

    plain: Path
    bold: Path


def render(document: Document, fonts: Fonts, *, is_compressed: bool = True) -> bytes:
    buffer = io.BytesIO()
    with _ONE_AT_A_TIME:
        _register(fonts)
        template = _template(document, buffer, is_compressed)
        template.build(_story(document), canvasmaker=_numbered(document))
    return buffer.getvalue()


@cache
def _register(fonts: Fonts) -> None:
    """Reading a font takes longer than writing a letter: once for each process."""
    for name, path in ((PLAIN, fonts.plain), (BOLD, fonts.bold)):
        pdfmetrics.registerFont(TTFont(name, str(path)))


def _style(name: str, **more: Any) -> ParagraphStyle:
    basic = {"fontName": PLAIN, "fontSize": 9.5, "leading": 13.5, "textColor": INK, "spaceAfter": 2 * mm, "bulletFontName": PLAIN}
    return ParagraphStyle(name, **(basic | more))


TEXT = _style("text")
QUIET_TEXT = _style("quiet", fontSize=8.5, leading=12, textColor=QUIET)
HEADING = _style(
    "heading", fontName=BOLD, fontSize=10.5, leading=14, textColor=ACCENT, spaceBefore=4 * mm, spaceAfter=1.5 * mm, keepWithNext=1
)
SUBJECT = _style("subject", fontName=BOLD, fontSize=12.5, leading=16, spaceAfter=5 * mm)
LABEL = _style("label", fontSize=8.5, textColor=QUIET, spaceAfter=0)
VALUE = _style("value", spaceAfter=0)
CAPTION = _style("caption", fontSize=8, leading=10.5, textColor=QUIET, spaceAfter=0, alignment=0)
BULLET = _style("bullet", leftIndent=5 * mm, bulletIndent=1 * mm, spaceAfter=0.8 * mm)
BOX_TITLE = _style("box-title", fontName=BOLD, fontSize=9, leading=12, textColor=WARNING, spaceAfter=0)
BOX_TEXT = _style("box-text", fontSize=8.5, leading=12, spaceAfter=0)
HEAD = _style("head", fontName=BOLD, fontSize=15, leading=19, textColor=ACCENT, spaceAfter=0.5 * mm)
HEAD_LINE = _style("head-line", fontSize=8.5, leading=11.5, textColor=QUIET, spaceAfter=0)
WINDOW = _style("window", fontSize=10, leading=12.8, spaceAfter=0)


def _text(text: str, style: ParagraphStyle, **more: Any) -> Flowing:
    """What people typed is text, never markup."""
    return Flowing(escape(_printable(text, style.fontName), quote=False).replace("\n", "<br/>"), style, **more)


def _printable(text: str, font: str) -> str:
    """Without what no printer prints; a sign that the font does not have is seen to be missing."""
    glyphs = pdfmetrics.getFont(font).face.charToGlyph
    signs = (sign for sign in text.replace("\r\n", "\n").replace("\t", " ") if sign == "\n" or sign.isprintable())
    return "".join(sign if sign == "\n" or ord(sign) in glyphs else MISSING for sign in signs)


# --- The text ------------------------------------------------------------------------------------------------------------


def _story(document: Document) -> list[Flowable]:
    parts = [part for block in document.blocks for part in _parts(block)]
    return [NextPageTemplate("later"), _text(document.subject, SUBJECT), *parts]


def _parts(block: Block) -> list[Flowable]:
    match block:
        case Heading(text):
            return [_text(text, HEADING)]
        case Paragraph(text, is_quiet):
            return _pieces(text, QUIET_TEXT if is_quiet else TEXT)
        case Bullets(items):
            return [_text(item, BULLET, bulletText="•") for item in items] + [Spacer(0, 1.5 * mm)]
        case Facts(rows):
            return [_facts(rows), Spacer(0, 2 * mm)]
        case Figures(figures):
            return [_figures(figures), Spacer(0, 2 * mm)]
        case Box(title, lines):
            return [Spacer(0, 4 * mm), KeepTogether([_box(title, lines)])]
        case Signature(lines):
            return [KeepTogether([Spacer(0, 7 * mm), *(_text(line, TEXT) for line in lines)])]


def _pieces(text: str, style: ParagraphStyle) -> list[Flowable]:
    """A long text in several, without a gap between them: ReportLab reads what is left of one anew for every page it goes over, which
    takes minutes for thousands of lines, and letters are written one at a time."""
    lines = text.split("\n")
    pieces = ["\n".join(lines[at : at + LINES_AT_ONCE]) for at in range(0, len(lines), LINES_AT_ONCE)]
    close = style.clone(f"{style.name}-goes-on", spaceAfter=0)
    return [_text(piece, style if last else close) for last, piece in ((at == len(pieces), piece) for at, piece in enumerate(pieces, 1))]


def _facts(rows: Sequence[tuple[str, str]]) -> Table:
    cells = [[_text(label, LABEL), _text(value, VALUE)] for label, value in rows]
    table = Table(cells, colWidths=[38 * mm, TEXT_WIDTH - 38 * mm], splitInRow=1)
    table.setStyle(TableStyle([*_padding(0.6), ("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _box(title: str, lines: Sequence[str]) -> Table:
    cells = [[_text(title, BOX_TITLE)], *([_text(line, BOX_TEXT)] for line in lines)]
    table = Table(cells, colWidths=[TEXT_WIDTH], repeatRows=1, splitInRow=1)
    frame = [("BOX", (0, 0), (-1, -1), 1.2, WARNING), ("BACKGROUND", (0, 0), (-1, -1), WARNING_GROUND)]
    table.setStyle(
        TableStyle([*frame, *_padding(1.2), ("LEFTPADDING", (0, 0), (-1, -1), 3 * mm), ("RIGHTPADDING", (0, 0), (-1, -1), 3 * mm)])
    )
    return table


def _figures(figures: Sequence[Figure]) -> Table:
    """Rows of two; a row stays on one page."""
    cells = [[_figure(figure)] for figure in figures]
    rows = [[*cells[at], *(cells[at + 1] if at + 1 < len(cells) else [""])] for at in range(0, len(cells), 2)]
    table = Table(rows, colWidths=[TEXT_WIDTH / 2] * 2, splitByRow=1)
    table.setStyle(TableStyle([*_padding(1), ("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _figure(figure: Figure) -> list[Flowable]:
    if figure.jpeg is None:
        return [_text(f"{figure.caption}. {figure.missing}", CAPTION)]
    picture = Image(io.BytesIO(figure.jpeg))
    picture._restrictSize(PICTURE_WIDTH, PICTURE_HEIGHT)
    picture.hAlign = "LEFT"
    return [picture, Spacer(0, 1 * mm), _text(figure.caption, CAPTION)]


def _padding(points_mm: float) -> list[tuple[Any, ...]]:
    return [(f"{side}PADDING", (0, 0), (-1, -1), points_mm * mm) for side in ("TOP", "BOTTOM")]


# --- The pages -----------------------------------------------------------------------------------------------------------


def _template(document: Document, buffer: io.BytesIO, is_compressed: bool) -> BaseDocTemplate:
    def frame(top: float) -> Frame:
        return Frame(LEFT, FOOT, TEXT_WIDTH, HEIGHT - top - FOOT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)

    def first(canvas: Canvas, _template: BaseDocTemplate) -> None:
        _draw_head(canvas, document)

    template = BaseDocTemplate(
        buffer,
        pagesize=A4,
        title=document.title,
        author=document.author,
        subject=document.subject,
        creator="skinclinic",
        lang=document.language,
        pageCompression=int(is_compressed),
    )
    template.addPageTemplates(
        [PageTemplate("first", [frame(BODY_TOP)], onPage=first), PageTemplate("later", [frame(LATER_TOP)])],
    )
    return template


def _draw_head(canvas: Canvas, document: Document) -> None:
    name, *lines = document.head
    _draw(canvas, [_text(name, HEAD), *(_text(line, HEAD_LINE) for line in lines)], LEFT, 14 * mm, TEXT_WIDTH, 30 * mm)
    _draw(canvas, [_text(line, WINDOW) for line in document.window], LEFT, WINDOW_TOP, WINDOW_WIDTH, WINDOW_HEIGHT)
    details = [part for label, value in document.details for part in (_text(label, LABEL), _text(value, VALUE), Spacer(0, 1.5 * mm))]
    _draw(canvas, details, 125 * mm, WINDOW_TOP, WIDTH - RIGHT - 125 * mm, WINDOW_HEIGHT)
    canvas.setStrokeColor(LINE)
    canvas.line(LEFT, HEIGHT - 47 * mm, WIDTH - RIGHT, HEIGHT - 47 * mm)
    for fold in FOLDS:
        canvas.line(4 * mm, HEIGHT - fold, 8 * mm, HEIGHT - fold)


def _draw(canvas: Canvas, parts: list[Flowable], left: float, top: float, width: float, height: float) -> None:
    """Written smaller where it would not fit: nothing runs out of the window."""
    block = KeepInFrame(width, height, parts, mode="shrink")
    _, used = block.wrapOn(canvas, width, height)
    block.drawOn(canvas, left, HEIGHT - top - used)


def _numbered(document: Document) -> type[Canvas]:
    """A canvas that waits with the page numbers until it knows how many there are."""

    class Numbered(Canvas):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs | {"initialFontName": PLAIN})
            self.waiting: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - ReportLab's name
            self.waiting.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, state in enumerate(pages := self.waiting, start=1):
                self.__dict__.update(state)
                _draw_foot(self, document, number, len(pages))
                super().showPage()
            super().save()

    return Numbered


def _draw_foot(canvas: Canvas, document: Document, number: int, count: int) -> None:
    canvas.setFont(PLAIN, 8)
    canvas.setFillColor(QUIET)
    (_, reference), *_others = document.details
    canvas.drawString(LEFT, 14 * mm, f"{document.subject} · {reference}")
    canvas.drawRightString(WIDTH - RIGHT, 14 * mm, document.page.format(number, count))
    if document.stamp:
        _draw_stamp(canvas, document.stamp)


def _draw_stamp(canvas: Canvas, stamp: str) -> None:
    """Across the page, over text and pictures, and legible through it."""
    canvas.saveState()
    canvas.setFillColor(WARNING, alpha=0.28)
    canvas.translate(WIDTH / 2, HEIGHT / 2)
    canvas.rotate(52)
    canvas.setFont(BOLD, min(46, 46 * 230 * mm / pdfmetrics.stringWidth(stamp, BOLD, 46)))
    canvas.drawCentredString(0, 0, stamp)
    canvas.restoreState()

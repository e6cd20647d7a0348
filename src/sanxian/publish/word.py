"""The access list as a Word document, laid out as lists are published.

python-docx makes the document; the rows of its tables are put together as XML, since a province has 20,000 of them
and asking a table for a cell walks all of it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

from sanxian.errors import NotInstalled
from sanxian.i18n import t
from sanxian.model import SYNTHETIC, Dimension, Zone
from sanxian.publish.lists import AccessList, class_name, dimension_name, level_name, numbered
from sanxian.report.packing import fit, settled
from sanxian.report.tables import FONT, FONT_HEAD

_LANG: Final = "zh-CN"
_LATIN: Final = "Times New Roman"
_MM: Final = 56.7  # twentieths of a point


def access_list_document(listed: AccessList, day: date) -> bytes:
    """Return the access list as ``.docx``; the same list and day give the same bytes.

    Raises
    ------
    NotInstalled
        python-docx is missing.
    """
    try:
        import docx
    except ImportError:
        raise NotInstalled(what="Word", package="python-docx", extra="word") from None
    from docx.enum.section import WD_ORIENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, RGBColor

    info = listed.edition.info
    document: Any = docx.Document()
    for name, font, size in (
        ("Normal", FONT, 10.5),
        ("Title", FONT_HEAD, 20),
        ("Heading 1", FONT_HEAD, 15),
        ("Heading 2", FONT_HEAD, 12),
    ):
        _set_style(document.styles[name], font, size)
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin = section.bottom_margin = Mm(18)

    title = document.add_paragraph(fit(t("publish.list.title", _LANG, title=info.title)), style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if info.synthetic:
        for paragraph in (document.add_paragraph(SYNTHETIC), section.header.paragraphs[0]):
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            run = paragraph.runs[0] if paragraph.runs else paragraph.add_run(SYNTHETIC)
            run.bold = True
            run.font.color.rgb = RGBColor(0xC0, 0, 0)
    _page_number(section.footer.paragraphs[0])
    until = "" if info.valid_to is None else t("publish.list.until", _LANG, last=info.valid_to)
    for key, value in (
        ("publisher", info.publisher),
        ("term", t("publish.list.from", _LANG, first=info.valid_from) + until),
        ("digest", info.digest),
    ):
        if value:
            document.add_paragraph(fit(t(f"publish.list.{key}", _LANG, value=value)))

    document.add_heading(t("publish.list.general", _LANG), level=1)
    for level, clauses in groupby(listed.general, key=lambda clause: clause.level):
        document.add_heading(level_name(level), level=2)
        rows = [
            (clause.dimension_label or dimension_name(clause.dimension), listed.scope(clause), numbered(clause),
             listed.document(clause))
            for clause in clauses
        ]  # fmt: skip
        heads = [t(f"publish.list.{key}", _LANG) for key in ("dimension", "scope", "text", "document")]
        _add_table(document, heads, rows, (32, 52, 118, 55))

    document.add_heading(t("publish.list.units", _LANG), level=1)
    for regions, units in groupby(listed.units, key=lambda unit: unit.regions[:1]):
        document.add_heading(fit(listed.places(regions)) or t("publish.list.no_region", _LANG), level=2)
        _add_table(
            document,
            [t(f"publish.list.{key}", _LANG) for key in ("unit", "dimension", "text")],
            [row for unit in units for row in _unit_rows(listed, unit)],
            (62, 32, 163),
            merged=True,
        )
    properties = document.core_properties
    properties.author = info.publisher or "sanxian"
    properties.title = fit(t("publish.list.title", _LANG, title=info.title))
    properties.comments = SYNTHETIC if info.synthetic else ""
    properties.last_modified_by = ""
    properties.created = properties.modified = datetime(day.year, day.month, day.day)  # noqa: DTZ001, no zone
    raw = io.BytesIO()
    document.save(raw)
    return settled(raw.getvalue(), day)


def _unit_rows(listed: AccessList, unit: Zone) -> list[tuple[str, ...]]:
    """One row a dimension; the cell of the unit goes on below where it is empty."""
    who = listed.office(unit.office)
    name = "\n".join(filter(None, (unit.code, unit.name, class_name(unit.zone_class), who)))
    rows: list[tuple[str, ...]] = []
    for dimension in Dimension:
        texts = listed.unit_texts(unit, dimension)
        if texts:
            rows.append(("" if rows else name, dimension_name(dimension), "\n".join(texts)))
    return rows or [(name, "", t("publish.list.nothing", _LANG))]


# --- what python-docx leaves to its callers ----------------------------------------------------


def _set_style(style: Any, font: str, size: float) -> None:
    """Set Latin and East Asian fonts: without the latter Word takes a Japanese or a random one."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    style.font.name = _LATIN
    style.font.size = Pt(size)
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), font)


def _page_number(paragraph: Any) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)  # noqa: SLF001, python-docx has no fields


def _add_table(
    document: Any,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths_mm: Sequence[float],
    *,
    merged: bool = False,
) -> None:
    """Add a table whose header repeats on every page; with ``merged`` an empty first cell continues the one above."""
    from docx.oxml.ns import qn

    table = document.add_table(rows=0, cols=len(heads))
    table.style = "Table Grid"
    table.autofit = False
    element = table._tbl  # noqa: SLF001, rows are made as XML
    for column, width in zip(element.tblGrid.findall(qn("w:gridCol")), widths_mm, strict=True):
        column.set(qn("w:w"), str(round(width * _MM)))
    element.append(_row(heads, widths_mm, head=True))
    for row in rows:
        element.append(_row(row, widths_mm, merged=merged))
    document.add_paragraph()


def _row(
    cells: Sequence[str], widths_mm: Sequence[float], *, head: bool = False, merged: bool = False
) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    def child(parent: Any, name: str, **attributes: str) -> Any:
        made = OxmlElement(f"w:{name}")
        for key, value in attributes.items():
            made.set(qn(f"w:{key}"), value)
        parent.append(made)
        return made

    row = OxmlElement("w:tr")
    properties = child(row, "trPr")
    child(properties, "cantSplit")
    if head:
        child(properties, "tblHeader")
    for number, (text, width) in enumerate(zip(cells, widths_mm, strict=True)):
        cell = child(row, "tc")
        shape = child(cell, "tcPr")
        child(shape, "tcW", w=str(round(width * _MM)), type="dxa")
        if merged and number == 0:
            if text:
                child(shape, "vMerge", val="restart")
            else:
                child(shape, "vMerge")
        if head:
            child(shape, "shd", val="clear", color="auto", fill="E8EEF4")
        for line in text.split("\n"):
            paragraph = child(cell, "p")
            run = child(paragraph, "r")
            if head:
                child(child(run, "rPr"), "b")
            words = child(run, "t")
            words.text = fit(line)
            words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return row

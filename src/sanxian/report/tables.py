"""Tables for people: plain rows that become a worksheet, a CSV, or both."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeAlias

from sanxian.errors import NotInstalled
from sanxian.report.packing import fit, moment_of, settled

Cell: TypeAlias = str | int | float | None

_CELL_LIMIT: Final = 32_767  # characters of a cell of Excel
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ESCAPE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_WIDE: Final = 170  # characters; more is unreadable when fitted to the width of A4
_LINE_PT: Final = 13.5
_TALLEST_PT: Final = 409.0  # that Excel knows
FONT: Final = "宋体"
FONT_HEAD: Final = "黑体"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows below a header; what must be said above them."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()  # above the header of a worksheet
    widths: tuple[int, ...] = ()  # in characters; 16 where none is given
    formats: Mapping[int, str] | None = None  # number format by column
    caption: str = ""  # above the header of a worksheet, where several tables share one
    below: tuple[str, ...] = ()  # under the last row of a worksheet
    grounds: Mapping[tuple[int, int], tuple[str, str]] | None = (
        None  # colours of text and ground by row, column
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Tables below each other on one worksheet; their own titles and notes are not shown."""

    title: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()  # above all tables
    running: str = ""  # at the head of every printed page


def as_csv(table: Table, remark: tuple[str, str] | None = None) -> bytes:
    """Return a table as CSV for Excel (UTF-8 with BOM, CRLF).

    ``remark``, a header and a value, is one more column: a line above the header would break whoever reads it.
    """
    text = io.StringIO()
    write = csv.writer(text)
    extra = (remark[1],) if remark else ()
    write.writerow((*table.header, *((remark[0],) if remark else ())))
    write.writerows([_guarded(cell) for cell in (*row, *extra)] for row in table.rows)
    if remark and not table.rows:
        write.writerow(("",) * len(table.header) + extra)
    return text.getvalue().encode("utf-8-sig")


def _guarded(cell: Cell) -> Cell:
    """Return text that a spreadsheet would run as a formula with an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def as_workbook(tables: Iterable[Table | Sheet], moment: date, *, title: str = "") -> bytes:
    """Return tables as the worksheets of one workbook; the same tables and day give the same bytes.

    Parameters
    ----------
    tables : iterable of Table or Sheet
        One worksheet each.
    moment : date
        That the file is dated by.
    title : str, default ""
        Of the workbook, in its properties.

    Raises
    ------
    NotInstalled
        openpyxl is missing.
    """
    try:
        import openpyxl
    except ImportError:
        raise NotInstalled(what="Excel", package="openpyxl", extra="excel") from None
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    looks = _Looks()
    for given in tables:
        page = (
            Sheet(title=given.title, tables=(given,), notes=given.notes)
            if isinstance(given, Table)
            else given
        )
        sheet = book.create_sheet(_sheet_name(page.title, book.sheetnames))
        for number, note in enumerate(page.notes, start=1):
            looks.put(sheet.cell(number, 1), note, "loud")
        top = len(page.notes) + 1
        for table in page.tables:
            head = top + bool(table.caption)
            end = _lay(sheet, table, top, looks)
            if len(page.tables) == 1:
                sheet.freeze_panes = sheet.cell(head + 1, 1)
                if table.rows:
                    sheet.auto_filter.ref = (
                        f"A{head}:{get_column_letter(len(table.header))}{head + len(table.rows)}"
                    )
                sheet.print_title_rows = f"{head}:{head}"
            top = end + 1  # one row between tables
        _set_page(sheet, page)
    raw = io.BytesIO()
    book.properties.creator = "sanxian"
    book.properties.title = fit(title) or None
    book.properties.created = moment_of(moment)
    book.save(raw)
    book.close()
    return settled(raw.getvalue(), moment)


class _Looks:
    """The looks of cells. Each is worked out once and copied, which is ten times faster than setting its parts."""

    def __init__(self) -> None:
        from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

        thin = Side(style="thin", color="FFBFBFBF")
        border = Border(left=thin, right=thin, top=thin, bottom=thin)
        wrapped = Alignment(wrap_text=True, vertical="top")
        centred = Alignment(wrap_text=True, vertical="center", horizontal="center")
        self._parts: dict[str, dict[str, Any]] = {
            "body": {"font": Font(name=FONT, size=10), "alignment": wrapped, "border": border},
            "head": {
                "font": Font(name=FONT_HEAD, size=10, bold=True),
                "fill": PatternFill("solid", fgColor="FFE8EEF4"),
                "alignment": centred,
                "border": border,
            },
            "loud": {"font": Font(name=FONT_HEAD, size=11, bold=True, color="FFC00000")},
            "caption": {"font": Font(name=FONT_HEAD, size=11, bold=True)},
            "below": {"font": Font(name=FONT, size=9, color="FF5F6A70")},
        }
        self._known: dict[tuple[str, tuple[str, str] | None, str, bool], Any] = {}

    def put(
        self,
        cell: Any,
        value: Cell,
        look: str,
        ground: tuple[str, str] | None = None,
        number_format: str = "",
    ) -> None:
        """Write a value; ``ground`` gives the colours of text and ground."""
        from openpyxl.styles import Font, PatternFill

        _put(cell, value)
        formula = isinstance(value, str) and value.startswith(_FORMULA)
        key = (look, ground, number_format, formula)
        if key in self._known:
            cell._style = self._known[key]  # noqa: SLF001, openpyxl has no other way to copy a look
            return
        for name, part in self._parts[look].items():
            setattr(cell, name, part)
        if ground is not None:
            cell.font = Font(name=FONT, size=10, bold=True, color=f"FF{ground[0]}")
            cell.fill = PatternFill("solid", fgColor=f"FF{ground[1]}")
        if number_format:
            cell.number_format = number_format
        if formula:
            cell.quotePrefix = True  # stays text when someone edits the cell
        self._known[key] = cell._style  # noqa: SLF001


def _lay(sheet: Any, table: Table, top: int, looks: _Looks) -> int:
    """Write a table from row ``top`` on; return the first free row."""
    from openpyxl.utils import get_column_letter

    if table.caption:
        looks.put(sheet.cell(top, 1), table.caption, "caption")
        top += 1
    sheet.row_dimensions[top].height = row_height(table.header, table.widths)
    for column, name in enumerate(table.header, start=1):
        looks.put(sheet.cell(top, column), name, "head")
        width = table.widths[column - 1] if column <= len(table.widths) else 16
        dimension = sheet.column_dimensions[get_column_letter(column)]
        dimension.width = max(width, dimension.width) if dimension.customWidth else width
    formats, grounds = table.formats or {}, table.grounds or {}
    for at, row in enumerate(table.rows, start=top + 1):
        sheet.row_dimensions[at].height = row_height(row, table.widths)
        for column, value in enumerate(row, start=1):
            number_format = "" if isinstance(value, str) else formats.get(column - 1, "")
            ground = grounds.get((at - top - 1, column - 1))
            looks.put(sheet.cell(at, column), value, "body", ground, number_format)
    end = top + len(table.rows) + 1
    for line in table.below:
        looks.put(sheet.cell(end, 1), line, "below")
        end += 1
    return end


def _set_page(sheet: Any, page: Sheet) -> None:
    """Set how a worksheet is printed: across, as wide as the paper."""
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.page_setup.orientation = "landscape"
    widest = max((sum(table.widths) for table in page.tables), default=0)
    sheet.page_setup.paperSize = 8 if widest > _WIDE else 9  # A3, A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    if page.running:
        sheet.oddHeader.center.text = fit(page.running).replace("&", "&&")
        sheet.oddFooter.center.text = "&P / &N"


def row_height(row: Sequence[Cell], widths: Sequence[int]) -> float:
    """Return the height of a row in points: no program but Excel measures wrapped text by itself."""
    lines = 1
    for column, cell in enumerate(row):
        if isinstance(cell, str):
            room = (widths[column] if column < len(widths) else 16) - 1
            lines = max(lines, sum(max(1, math.ceil(_units(line) / room)) for line in cell.split("\n")))
    return min(lines * _LINE_PT + 2.0, _TALLEST_PT)


def _units(text: str) -> int:
    """Return about how wide a text is, in characters; Chinese ones count twice."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _sheet_name(title: str, taken: Sequence[str]) -> str:
    """Return a name that Excel allows; it does not tell capitals apart, and keeps “History” to itself."""
    name = re.sub(r"[\[\]:*?/\\'\s]+", " ", fit(title))[:28].strip() or "表"
    used = {*map(str.casefold, taken), "history"}
    return name if name.casefold() not in used else f"{name}{len(taken)}"


def _put(cell: Any, value: Cell) -> None:
    if isinstance(value, str):
        text = fit(value.replace("\r\n", "\n").replace("\r", "\n"))
        if len(text) > _CELL_LIMIT:
            text = text[: _CELL_LIMIT - 1] + "…"
        if text:
            cell.value = _ESCAPE.sub("_x005F_", text)  # else Excel reads _x0041_ as A
            cell.data_type = "s"  # a text that begins with = is no formula
    else:
        cell.value = value

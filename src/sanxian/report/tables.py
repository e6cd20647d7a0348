"""Tables for people: plain rows that become a worksheet, a CSV, or both."""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from sanxian.errors import NotInstalled

Cell: TypeAlias = str | int | float | None

# what XML cannot hold, and what Excel would show as an escape
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CELL_LIMIT: Final = 32_767  # characters of a cell of Excel
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
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


def as_workbook(tables: Iterable[Table], moment: date) -> bytes:
    """Return tables as the worksheets of one workbook; the same tables and day give the same bytes.

    Raises
    ------
    NotInstalled
        openpyxl is missing.
    """
    try:
        import openpyxl
    except ImportError:
        raise NotInstalled(what="Excel", package="openpyxl", extra="excel") from None
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    thin = Side(style="thin", color="FFBFBFBF")
    border = Border(left=thin, right=thin, top=thin, bottom=thin)
    body, head, loud = (
        Font(name=FONT, size=10),
        Font(name=FONT_HEAD, size=10, bold=True),
        Font(name=FONT_HEAD, size=11, bold=True, color="FFC00000"),
    )
    fill = PatternFill("solid", fgColor="FFE8EEF4")
    wrapped, centred = (
        Alignment(wrap_text=True, vertical="top"),
        Alignment(wrap_text=True, vertical="center", horizontal="center"),
    )
    for table in tables:
        sheet = book.create_sheet(_sheet_name(table.title, book.sheetnames))
        for number, note in enumerate(table.notes, start=1):
            cell = sheet.cell(number, 1)
            _put(cell, note)
            cell.font = loud
        top = len(table.notes) + 1
        sheet.row_dimensions[top].height = _height(table.header, table.widths)
        for column, name in enumerate(table.header, start=1):
            cell = sheet.cell(top, column)
            _put(cell, name)
            cell.font, cell.fill, cell.alignment, cell.border = head, fill, centred, border
            width = table.widths[column - 1] if column <= len(table.widths) else 16
            sheet.column_dimensions[get_column_letter(column)].width = width
        for at, row in enumerate(table.rows, start=top + 1):
            sheet.row_dimensions[at].height = _height(row, table.widths)
            for column, value in enumerate(row, start=1):
                cell = sheet.cell(at, column)
                _put(cell, value)
                cell.font, cell.alignment, cell.border = body, wrapped, border
                if table.formats and column - 1 in table.formats and not isinstance(value, str):
                    cell.number_format = table.formats[column - 1]
        sheet.freeze_panes = sheet.cell(top + 1, 1)
        if table.rows:
            last = get_column_letter(len(table.header))
            sheet.auto_filter.ref = f"A{top}:{last}{top + len(table.rows)}"
        sheet.print_title_rows = f"{top}:{top}"
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.paperSize = 8 if sum(table.widths) > _WIDE else 9  # A3, A4
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    raw = io.BytesIO()
    book.properties.creator = "sanxian"
    book.properties.created = _moment(moment)
    book.save(raw)
    book.close()
    return settled(raw.getvalue(), moment)


def _height(row: Sequence[Cell], widths: Sequence[int]) -> float:
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
    name = re.sub(r"[\[\]:*?/\\']", " ", title)[:28].strip() or "表"
    return name if name not in taken else f"{name}{len(taken)}"


def _put(cell: Any, value: Cell) -> None:
    if isinstance(value, str):
        cell.value = fit(value)[:_CELL_LIMIT]
        cell.data_type = "s"  # a text that begins with = is no formula
    else:
        cell.value = value


def fit(text: str) -> str:
    """Return a text as XML can hold it."""
    return _UNFIT.sub("\ufffd", text)


def _moment(day: date) -> datetime:
    return datetime(max(day.year, 1980), day.month, day.day)  # noqa: DTZ001, office files state no zone


def settled(office: bytes, day: date) -> bytes:
    """Return an office file (a zip) without the moment and the machine it was made on, as if made on ``day``."""
    moment = _moment(day)
    clean = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(office)) as source, zipfile.ZipFile(clean, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                stamp = f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()
                content = re.sub(rb"(<dcterms:(?:modified|created)[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            target.writestr(member(name, day), content)
    return clean.getvalue()


def member(name: str, day: date) -> zipfile.ZipInfo:
    """Return the entry of a zip for a file made on ``day``, the same on every system."""
    info = zipfile.ZipInfo(name, _moment(day).timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.create_system = 3  # whatever system this is
    return info

r"""Plain tables out of the files in which provinces hand out access lists: .xlsx, .docx, .csv and plain text.

A merged cell stands at every position it covers and keeps its origin, so that a reader of rows never meets a
hole and a clause can be traced to its cell. Nothing is corrected here: line ends become ``\n``, control
characters go, and whatever a reader of the printed list could not see (hidden sheets, formulas without a
value, automatic numbering) is said in ``Table.notes``.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import posixpath
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from sanxian.errors import (
    FootprintBroken,
    FootprintEncoding,
    FootprintTooLarge,
    FootprintUnsafe,
    ListBroken,
    ListEmpty,
    ListFormat,
    ListNotFound,
    ListProtected,
    ListTooLarge,
    ListUnsafe,
    NotInstalled,
)
from sanxian.geometry import archives, readers
from sanxian.i18n import t

Kind: TypeAlias = Literal["sheet", "table", "paragraphs", "text"]

MAX_ROWS: Final = 100_000  # of one table
MAX_COLUMNS: Final = 200  # of one table; cells to the right are named in the log and not read
MAX_CELLS: Final = 2_000_000  # positions of one table
MAX_TEXT_BYTES: Final = 64 * 2**20  # a text file, or the main part of a document; held in memory
MAX_FIELD_CHARS: Final = 16 * 2**20  # one field of a CSV file
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")  # .xls, .doc, and whatever Office protects by a password
_NAMED: Final = {".xlsx", ".xlsm", ".docx", ".docm"}
_TEXT: Final = {".csv", ".tsv", ".txt"}
_DELIMITERS: Final = ("\t", ",", ";", "|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something was read."""

    file: str
    sheet: str = ""  # sheet, or 表n (table n) or 正文 (paragraphs) of a document; "" in a text file
    row: int = 0  # as the file counts rows, records or paragraphs, from 1; 0 = all of it
    column: int = 0  # from 1; 0 = all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log: what a reviewer must know about how the file was read."""

    code: str
    zh: str
    en: str
    place: Place


def entry(code: str, place: Place, /, **fields: object) -> Entry:
    """Return the entry of a code; its words are in ``locale/lists``."""
    zh, en = (t(f"lists.{code}", lang, **fields) for lang in ("zh-CN", "en"))
    return Entry(code=f"LIST_{code.upper()}", zh=zh, en=en, place=place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell, or the paragraph of a document; one object stands at every position a merged cell covers."""

    text: str
    row: int  # where it begins, as the file counts
    column: int
    numbered: tuple[tuple[int, int], ...] = ()  # (offset, depth) of paragraphs that Word numbers by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of cells: every row has the same width."""

    file: str
    sheet: str
    kind: Kind
    rows: tuple[tuple[Cell, ...], ...]
    start: int = 1  # number of the first row in the file
    heading: str = ""  # paragraph of the document that stands before the table
    notes: tuple[Entry, ...] = ()

    def place(self, row: int = 0, column: int = 0) -> Place:
        """Return a place in this table."""
        return Place(file=self.file, sheet=self.sheet, row=row, column=column)

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0]) if self.rows else 0


def is_blank(text: str) -> bool:
    """Whether a text shows nothing: white space and invisible characters only."""
    return _INVISIBLE.fullmatch(text) is not None


_INVISIBLE: Final = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad]*")
_LINE_ENDS: Final = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def _clean(text: str) -> str:
    r"""Return a text with line ends ``\n`` and without control characters."""
    return _CONTROL.sub("", _LINE_ENDS.sub("\n", text))


def _is_dirty(text: str) -> bool:
    return _CONTROL.search(_LINE_ENDS.sub("\n", text)) is not None


# --- opening ---------------------------------------------------------------------------------


def read_tables(path: str | Path) -> tuple[Table, ...]:
    """Return the tables of a list file in its order; the content decides the format, not the name.

    Parameters
    ----------
    path : str or Path
        ``.xlsx`` or ``.xlsm`` (every sheet, hidden ones too), ``.docx`` (every table, and the paragraphs
        between them as tables of one column), ``.csv``, ``.tsv`` or ``.txt`` (UTF-8, UTF-16 or GB18030).

    Raises
    ------
    InputError
        Not found, no such format, password, damaged, unsafe, too large, or no text at all.
    NotInstalled
        A workbook, and openpyxl is not installed.
    """
    path = Path(path)
    try:
        tables = tuple(_read(path))
    except RecursionError as error:
        raise _broken(path.name, "嵌套层数过多", "it is nested too deeply") from error
    if all(is_blank(cell.text) for table in tables for row in table.rows for cell in row):
        raise ListEmpty(source=path.name)
    return tables


def _read(path: Path) -> Iterable[Table]:
    source = path.name
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4096)
    except (OSError, ValueError):  # a name with a zero byte is a ValueError
        raise ListNotFound(source=source) from None
    if not head:
        raise ListEmpty(source=source)
    if size > archives.MAX_FILE_BYTES:
        raise _too_large(source, archives.MAX_FILE_BYTES)
    if head.startswith(b"PK\x03\x04"):
        return _packed(path)
    if head.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise ListProtected(source=source)
        raise _format(source, "旧版 .xls、.doc 或 WPS 格式", "an older .xls, .doc or WPS file")
    if head.startswith(b"%PDF"):
        raise _format(source, "PDF，没有单元格", "a PDF, which has no cells")
    if head.startswith(b"{\\rtf"):
        raise _format(source, "RTF 文档", "an RTF document")
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|table|\?xml|[a-z]+[ >])", head, re.IGNORECASE):
        raise _format(source, "网页或 XML，不是工作簿", "a web page or XML, not a workbook")
    if path.suffix.lower() in _NAMED:
        raise _format(
            source,
            "内容与扩展名不符，不是工作簿或文档",
            "its content is no workbook or document, as its name says",
        )
    if size > MAX_TEXT_BYTES:
        raise _too_large(source, MAX_TEXT_BYTES)
    return (_text_table(path),)


def _packed(path: Path) -> Iterator[Table]:
    with _archive(path) as archive:
        names = set(archive.names)
        if "xl/workbook.xml" in names:
            expected, tables = (".xlsx", ".xlsm"), _workbook(path, archive)
        elif "word/document.xml" in names:
            expected, tables = (".docx", ".docm"), _document(path.name, archive)
        else:
            raise _format(
                path.name, "压缩文件，不是 .xlsx 或 .docx", "an archive that is neither .xlsx nor .docx"
            )
        read = iter(tables)
        if path.suffix.lower() not in expected and (first := next(read, None)) is not None:
            place = Place(file=path.name)
            note = entry("extension", place, suffix=path.suffix or "-", found=expected[0])
            yield replace(first, notes=(note, *first.notes))
        yield from read


@contextmanager
def _archive(path: Path) -> Iterator[archives.Archive]:
    """Open a zip file under the limits that hold for every archive; its errors speak of lists."""
    try:
        with archives.open_archive(path, path.name) as archive:
            yield archive
    except FootprintUnsafe as error:
        raise ListUnsafe(**error.fields) from error
    except FootprintTooLarge as error:
        raise ListTooLarge(**error.fields) from error
    except FootprintBroken as error:
        raise ListBroken(**error.fields) from error


def _format(source: str, zh: str, en: str) -> ListFormat:
    return ListFormat(source=source, reason={"zh": zh, "en": en})


def _broken(source: str, zh: str, en: str) -> ListBroken:
    return ListBroken(source=source, reason={"zh": zh, "en": en})


def _too_large(source: str, limit: int) -> ListTooLarge:
    reason = {"zh": f"超过 {limit >> 20} MB", "en": f"more than {limit >> 20} MB"}
    return ListTooLarge(source=source, reason=reason)


def _check_size(source: str, sheet: str, rows: int, columns: int) -> None:
    if rows > MAX_ROWS or rows * columns > MAX_CELLS:
        raise ListTooLarge(
            source=source,
            reason={
                "zh": f"“{sheet or source}”有 {rows} 行、{columns} 列",
                "en": f"“{sheet or source}” has {rows} rows and {columns} columns",
            },
        )


# --- XML -------------------------------------------------------------------------------------


def _events(data: bytes, source: str) -> Iterator[tuple[str, Any]]:
    """Yield the start and the end of every element; a DOCTYPE or a broken file is our error."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException, ElementTree

    if len(data) > MAX_TEXT_BYTES * 2:
        raise _too_large(source, MAX_TEXT_BYTES * 2)
    try:
        yield from ElementTree.iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True)
    except DefusedXmlException as error:
        reason = {"zh": "XML 含 DOCTYPE 或实体", "en": "the XML holds a DOCTYPE or entities"}
        raise ListUnsafe(source=source, reason=reason) from error
    except (ParseError, ValueError) as error:
        raise ListBroken(source=source, reason=" ".join(str(error).split())[:200]) from error


def _root(data: bytes, source: str) -> Any:
    element = None
    for _, element in _events(data, source):  # noqa: B007, the last end is the root's
        pass
    return element


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _attribute(element: Any, name: str) -> str | None:
    """Return an attribute whatever its namespace: files come in two dialects of the standard."""
    return next((v for k, v in element.attrib.items() if k.rpartition("}")[2] == name), None)


def _child(element: Any, *path: str) -> Any:
    """Return the first descendant on a path of local names, ``None`` without one."""
    for name in path:
        if element is None:
            return None
        element = next((c for c in element if _local(c) == name), None)
    return element


# --- workbooks -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Scan:
    """What a sheet says besides its values, read from its XML."""

    rows: int = 0  # extent of cells that hold anything
    columns: int = 0
    merges: list[tuple[int, int, int, int]] = field(
        default_factory=list
    )  # first row, column; last row, column
    formulas: list[tuple[int, int]] = field(default_factory=list)  # without a cached value
    errors: set[tuple[int, int]] = field(default_factory=set)  # #REF! and the like
    beyond: list[tuple[int, int]] = field(default_factory=list)  # right of MAX_COLUMNS
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)


def _workbook(path: Path, archive: archives.Archive) -> Iterator[Table]:
    try:
        import openpyxl
    except ImportError:
        raise NotInstalled(what="Excel", package="openpyxl", extra="excel") from None
    source = path.name
    sheets = _sheets(archive, source)
    scans = {title: _scan(archive.read(part), source) for title, (part, _) in sheets.items()}
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # a damaged workbook makes the reader raise almost anything
            raise ListBroken(**archives.broken(source, error).fields) from error
        try:
            for sheet in book.worksheets:
                if (scan := scans.get(sheet.title)) is None:
                    continue
                _check_size(source, sheet.title, scan.rows, scan.columns)
                sheet.reset_dimensions()  # files state wrong ones
                try:
                    values = list(
                        sheet.iter_rows(
                            min_row=1, max_row=scan.rows or 1, max_col=scan.columns or 1, values_only=True
                        )
                    )
                except Exception as error:
                    raise ListBroken(**archives.broken(source, error).fields) from error
                yield _sheet(source, sheet.title, sheets[sheet.title][1], values, scan)
        finally:
            book.close()


def _sheets(archive: archives.Archive, source: str) -> dict[str, tuple[str, str]]:
    """Return part and state (``visible``, ``hidden``, ``veryHidden``) of every sheet, by its title."""
    links = "xl/_rels/workbook.xml.rels"
    if links not in archive.names:
        raise _broken(source, "缺少工作表目录", "it lacks the list of its sheets")
    targets = {
        _attribute(link, "Id"): posixpath.normpath(posixpath.join("/xl", _attribute(link, "Target") or ""))[
            1:
        ]
        for link in _root(archive.read(links), source)
    }
    found: dict[str, tuple[str, str]] = {}
    for sheet in _child(_root(archive.read("xl/workbook.xml"), source), "sheets") or ():
        link = next((v for k, v in sheet.attrib.items() if k.endswith("}id")), None)
        part = targets.get(link, "")
        if part in archive.names and "/worksheets/" in part:
            found[sheet.get("name", "")] = part, sheet.get("state", "visible")
    if not found:
        raise _broken(source, "没有工作表", "it has no sheet")
    return found


_REFERENCE: Final = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")


def _position(reference: str) -> tuple[int, int]:
    """Return row and column of ``AB12``, from 1."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(reference)
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column


def _scan(data: bytes, source: str) -> _Scan:
    scan = _Scan()
    row = column = 0
    holder = None
    try:
        for event, element in _events(data, source):
            name = _local(element)
            if event == "start":
                if name == "sheetData":
                    holder = element
                elif name == "row":
                    last, row, column = row, int(element.get("r") or row + 1), 0
                    if row <= last:
                        raise ValueError(f"row {row} after row {last}")
                elif name == "c":
                    reference = element.get("r")
                    column = _position(reference)[1] if reference else column + 1
            elif name == "c":
                _scan_cell(element, row, column, scan)
            elif name == "row":
                if element.get("hidden") in ("1", "true") and any(_local(c) == "c" for c in element):
                    scan.hidden_rows.append(row)
                if holder is not None:
                    holder.clear()
            elif name == "col" and element.get("hidden") in ("1", "true"):
                first, final = int(element.get("min", 0)), int(element.get("max", 0))
                scan.hidden_columns += range(first, min(final, MAX_COLUMNS) + 1)
            elif name == "mergeCell":
                first_at, _, last_at = (element.get("ref") or "").partition(":")
                scan.merges.append((*_position(first_at), *_position(last_at or first_at)))
    except ValueError as error:
        raise ListBroken(source=source, reason=str(error)[:100]) from error
    scan.hidden_rows = [r for r in scan.hidden_rows if r <= scan.rows]
    scan.hidden_columns = [c for c in scan.hidden_columns if c <= scan.columns]
    return scan


def _scan_cell(element: Any, row: int, column: int, scan: _Scan) -> None:
    kinds = {_local(child) for child in element}
    value = _child(element, "v")
    inline = _child(element, "is")
    text = (
        "".join(inline.itertext()) if inline is not None else (value.text or "") if value is not None else ""
    )
    if not text and "f" not in kinds:
        return
    if column > MAX_COLUMNS:
        scan.beyond.append((row, column))
        return
    scan.rows, scan.columns = max(scan.rows, row), max(scan.columns, column)
    if not text:
        scan.formulas.append((row, column))
    elif element.get("t") == "e":
        scan.errors.add((row, column))


def _sheet(source: str, title: str, state: str, values: list[tuple[Any, ...]], scan: _Scan) -> Table:
    def at(row: int = 0, column: int = 0) -> Place:
        return Place(file=source, sheet=title, row=row, column=column)

    notes: list[Entry] = []
    if state != "visible":
        notes.append(entry("hidden_sheet", at()))
    if scan.hidden_rows:
        notes.append(entry("hidden_rows", at(), rows=_ranges(scan.hidden_rows)))
    if scan.hidden_columns:
        notes.append(entry("hidden_columns", at(), columns=_ranges(scan.hidden_columns)))
    notes += [entry("formula", at(*place)) for place in scan.formulas]
    notes += [entry("beyond", at(*place), limit=MAX_COLUMNS) for place in scan.beyond]
    grid: list[list[Cell]] = []
    for r, line in enumerate(values[: scan.rows], 1):
        cells = []
        for c, value in enumerate(line, 1):
            text = _value(value)
            if (r, c) in scan.errors:
                notes.append(entry("cell_error", at(r, c), value=text))
                text = ""
            if _is_dirty(text):
                notes.append(entry("control", at(r, c)))
            cells.append(Cell(text=_clean(text), row=r, column=c))
        grid.append(cells)
    _fill_merges(grid, scan, source, title, notes)
    return Table(
        file=source, sheet=title, kind="sheet", rows=tuple(map(tuple, grid)), notes=tuple(notes)
    )  # fmt: skip


def _fill_merges(grid: list[list[Cell]], scan: _Scan, source: str, title: str, notes: list[Entry]) -> None:
    filled = 0
    for top, left, bottom, right in scan.merges:
        if top > len(grid) or left > scan.columns:
            continue
        cell = grid[top - 1][left - 1]
        rows, columns = range(top, min(bottom, len(grid)) + 1), range(left, min(right, scan.columns) + 1)
        filled += len(rows) * len(columns)
        if filled > MAX_CELLS:
            raise _broken(
                source, f"工作表“{title}”的合并单元格相互重叠", f"merged cells of “{title}” overlap"
            )
        for r in rows:
            for c in columns:
                under = grid[r - 1][c - 1]
                if under is not cell and (under.row, under.column) == (r, c) and not is_blank(under.text):
                    place = Place(file=source, sheet=title, row=r, column=c)
                    notes.append(entry("under_merge", place, text=excerpt(under.text)))
                grid[r - 1][c - 1] = cell


def _ranges(numbers: list[int]) -> str:
    """Return ``3-5、9`` for 3, 4, 5, 9."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return "、".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans)


_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _value(value: object) -> str:
    """Return a value of a workbook as the text a reader sees."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):  # the format writes control characters as _x000D_
        return _ESCAPED.sub(lambda m: chr(int(m[1], 16)), value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time.min else value.isoformat(" ")
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)


def excerpt(text: str, length: int = 40) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[:length]}…"


# --- documents -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Flow:
    """Text of blocks as it grows, and what was met on the way."""

    parts: list[str] = field(default_factory=list)
    numbered: list[tuple[int, int]] = field(default_factory=list)
    nested: bool = False
    deleted: bool = False
    dirty: bool = False


def _document(source: str, archive: archives.Archive) -> Iterator[Table]:
    """Yield the tables of a document, and the paragraphs between them as tables of one column."""
    styles = _numbered_styles(archive, source)
    paragraphs: list[Cell] = []
    notes: list[Entry] = []
    heading = ""
    number = tables = 0
    for block in _body_blocks(archive.read("word/document.xml"), source):
        if _local(block) == "p":
            number += 1
            cell, met = _cell([block], number, 1, styles)
            paragraphs.append(cell)
            notes += _met(met, Place(file=source, sheet="正文", row=number, column=1))
            if not is_blank(cell.text):
                heading = cell.text.strip()
            if len(paragraphs) > MAX_ROWS:
                _check_size(source, "正文", len(paragraphs), 1)
            continue
        if paragraphs:
            yield _paragraphs(source, paragraphs, notes)
            paragraphs, notes = [], []
        tables += 1
        yield _word_table(block, source, f"表{tables}", heading, styles)
        heading = ""
    if paragraphs:
        yield _paragraphs(source, paragraphs, notes)


def _paragraphs(source: str, cells: list[Cell], notes: list[Entry]) -> Table:
    return Table(
        file=source, sheet="正文", kind="paragraphs", rows=tuple((cell,) for cell in cells),
        start=cells[0].row, notes=tuple(notes),
    )  # fmt: skip


def _body_blocks(data: bytes, source: str) -> Iterator[Any]:
    """Yield paragraphs and tables of the body one by one; what was yielded is given back."""
    depth = 0
    body = None
    for event, element in _events(data, source):
        if event == "start":
            depth += 1
            if depth == 2 and _local(element) == "body":
                body = element
            continue
        depth -= 1
        if depth == 2 and body is not None:
            yield from _blocks((element,))
            body.clear()


_SKIPPED: Final = {
    "Fallback", "pPr", "rPr", "rt", "instrText", "delInstrText", "sectPr", "tblPr", "tblGrid", "trPr", "tcPr",
    "sdtPr", "sdtEndPr",
}  # fmt: skip


def _blocks(elements: Iterable[Any]) -> Iterator[Any]:
    """Yield paragraphs and tables, also those in content controls and tracked insertions."""
    for element in elements:
        name = _local(element)
        if name in ("p", "tbl"):
            yield element
        elif name not in _SKIPPED:
            yield from _blocks(element)


def _within(element: Any, wanted: str) -> Iterator[Any]:
    """Yield the rows of a table or the cells of a row, also those in content controls."""
    for child in element:
        name = _local(child)
        if name == wanted:
            yield child
        elif name not in _SKIPPED and name not in ("tc", "tr", "p", "tbl"):
            yield from _within(child, wanted)


def _numbered_styles(archive: archives.Archive, source: str) -> frozenset[str]:
    """Return the paragraph styles that number by themselves."""
    if "word/styles.xml" not in archive.names:
        return frozenset()
    own: dict[str, bool] = {}
    parents: dict[str, str] = {}
    for style in _root(archive.read("word/styles.xml"), source):
        name = _attribute(style, "styleId")
        if name is None:
            continue
        number = _child(style, "pPr", "numPr", "numId")
        if number is not None:
            own[name] = _attribute(number, "val") != "0"
        elif (parent := _child(style, "basedOn")) is not None:
            parents[name] = _attribute(parent, "val") or ""
    found = set()
    for name in {*own, *parents}:
        seen, at = {name}, name
        while at not in own and (up := parents.get(at)) is not None and up not in seen:
            seen.add(up)
            at = up
        if own.get(at):
            found.add(name)
    return frozenset(found)


def _depth(paragraph: Any, styles: frozenset[str]) -> int | None:
    """Return the level of a paragraph's automatic number, ``None`` without one."""
    number = _child(paragraph, "pPr", "numPr", "numId")
    if number is None:
        style = _child(paragraph, "pPr", "pStyle")
        return 0 if style is not None and _attribute(style, "val") in styles else None
    if _attribute(number, "val") == "0":
        return None
    level = _child(paragraph, "pPr", "numPr", "ilvl")
    return int(_attribute(level, "val") or 0) if level is not None else 0


def _cell(blocks: Iterable[Any], row: int, column: int, styles: frozenset[str]) -> tuple[Cell, _Flow]:
    """Return the cell of some blocks: paragraphs become lines, a table in the cell lines and tabs."""
    met = _Flow()
    lines: list[str] = []
    length = 0
    for block in blocks:
        if _local(block) == "tbl":
            met.nested = True
            text = "\n".join(
                "\t".join(_cell(_blocks(tc), 0, 0, styles)[0].text for tc in _within(tr, "tc"))
                for tr in _within(block, "tr")
            )
        else:
            met.parts.clear()
            _write(block, met)
            raw = "".join(met.parts)
            met.dirty |= _is_dirty(raw)
            text = _clean(raw)
            if (depth := _depth(block, styles)) is not None and not is_blank(text):
                met.numbered.append((length, depth))
        lines.append(text)
        length += len(text) + 1
    return Cell(text="\n".join(lines), row=row, column=column, numbered=tuple(met.numbered)), met


def _met(met: _Flow, place: Place) -> Iterator[Entry]:
    if met.numbered:
        yield entry("auto_number", place, count=len(met.numbered))
    if met.nested:
        yield entry("nested", place)
    if met.deleted:
        yield entry("tracked", place)
    if met.dirty:
        yield entry("control", place)


def _write(element: Any, into: _Flow) -> None:
    """Append the visible text of a paragraph."""
    for child in element:
        name = _local(child)
        if name == "t":
            if "wordprocessingml" in child.tag or "/math" in child.tag:
                into.parts.append(child.text or "")
        elif name in ("br", "cr"):
            into.parts.append("\n")
        elif name in ("tab", "ptab"):
            into.parts.append("\t")
        elif name == "noBreakHyphen":
            into.parts.append("-")
        elif name == "sym":
            into.parts.append(chr(int(_attribute(child, "char") or "25A1", 16)))
        elif name in ("del", "moveFrom"):
            into.deleted |= any(_local(part) in ("delText", "t") for part in child.iter())
        elif name == "p":  # of a text box
            if into.parts and not into.parts[-1].endswith("\n"):
                into.parts.append("\n")
            _write(child, into)
        elif name not in _SKIPPED:
            _write(child, into)


def _word_table(tbl: Any, source: str, sheet: str, heading: str, styles: frozenset[str]) -> Table:
    notes: list[Entry] = []
    lines: list[dict[int, Cell]] = []
    width = 0
    try:
        for r, tr in enumerate(_within(tbl, "tr"), 1):
            before = _child(tr, "trPr", "gridBefore")
            at = int(_attribute(before, "val") or 0) if before is not None else 0
            line: dict[int, Cell] = {}
            for tc in _within(tr, "tc"):
                span = _child(tc, "tcPr", "gridSpan")
                columns = int(_attribute(span, "val") or 1) if span is not None else 1
                if at < 0 or columns < 1 or at + columns > MAX_COLUMNS:
                    _check_size(source, sheet, MAX_ROWS + 1, abs(at) + abs(columns))
                cell, met = _cell(_blocks(tc), r, at + 1, styles)
                place = Place(file=source, sheet=sheet, row=r, column=at + 1)
                merge = _child(tc, "tcPr", "vMerge")
                above = lines[-1].get(at) if lines else None
                if merge is not None and _attribute(merge, "val") in (None, "continue") and above is not None:
                    if not is_blank(cell.text):
                        notes.append(entry("under_merge", place, text=excerpt(cell.text)))
                    cell = above
                else:
                    notes += _met(met, place)
                for c in range(at, at + columns):
                    line[c] = cell
                at += columns
            lines.append(line)
            width = max(width, at)
            _check_size(source, sheet, r, width)
    except ValueError as error:
        raise ListBroken(source=source, reason=str(error)[:100]) from error
    rows = tuple(
        tuple(line.get(c) or Cell(text="", row=r, column=c + 1) for c in range(width))
        for r, line in enumerate(lines, 1)
    )
    return Table(file=source, sheet=sheet, kind="table", rows=rows, heading=heading, notes=tuple(notes))


# --- text ------------------------------------------------------------------------------------


def _text_table(path: Path) -> Table:
    source = path.name
    try:
        text = readers.decode(path.read_bytes(), None, source)
    except FootprintEncoding as error:
        tried = error.fields["tried"]
        raise _broken(source, f"文字编码不是 {tried}", f"its text is not {tried}") from error
    text = text.lstrip("\ufeff")
    if len(_CONTROL.findall(text)) * 20 > len(text):
        raise _format(source, "二进制文件，不是文字", "a binary file, no text")
    notes = []
    if path.suffix.lower() not in _TEXT:
        notes.append(entry("extension", Place(file=source), suffix=path.suffix or "-", found=".txt"))
    if _is_dirty(text):
        notes.append(entry("control", Place(file=source)))
    text = text.replace("\0", "")
    quoted = text.count('"') % 2 == 0  # a quote that never closes would swallow the rest of the file
    if not quoted:
        notes.append(entry("quotes", Place(file=source)))
    records = _records(text, quoted)
    while records and all(map(is_blank, records[-1])):
        records.pop()
    width = max(map(len, records), default=0)
    if width > MAX_COLUMNS:
        notes.append(entry("beyond", Place(file=source, column=MAX_COLUMNS + 1), limit=MAX_COLUMNS))
        width = MAX_COLUMNS
    _check_size(source, "", len(records), width)
    rows = tuple(
        tuple(
            Cell(text=_clean(record[c]) if c < len(record) else "", row=r, column=c + 1) for c in range(width)
        )
        for r, record in enumerate(records, 1)
    )
    return Table(file=source, sheet="", kind="text", rows=rows, notes=tuple(notes))


def _records(text: str, quoted: bool) -> list[list[str]]:
    """Return the records of a text parted by the mark that most of them agree on; lines when none do."""
    csv.field_size_limit(MAX_FIELD_CHARS)
    best: list[list[str]] = []
    score = (0.5, 0)  # at least half of the records must have one width
    for mark in _DELIMITERS:
        if mark not in text:
            continue
        style: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        try:
            records = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, quoting=style))
        except csv.Error:  # a field longer than any list's
            continue
        widths = [len(record) for record in records if record]
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=0)
        found = (widths.count(usual) / len(widths) if widths else 0.0, usual)
        if usual > 1 and found > score:
            best, score = records, found
    return best or [[line] for line in _clean(text).split("\n")]

"""Ledgers as they come: workbooks of several sheets, and text tables, read line by line.

A line keeps the place it has in the file. Merged cells are filled downwards and to the right, as a reader sees them;
hidden rows and sheets are read like the others and marked. Nothing is corrected here. Memory does not grow with
the number of lines, but for the words of a workbook, which its format keeps apart from its cells.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import posixpath
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from sanxian.errors import BadLedger, FootprintBroken, FootprintTooLarge, FootprintUnsafe, NotInstalled
from sanxian.geometry import archives
from sanxian.i18n import t

MAX_COLUMNS: Final = 200  # cells further right are told of, and not read
MAX_CELL_CHARS: Final = 2**20
MAX_MERGES: Final = 200_000
EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook has no zone
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_MARKS: Final = (",", "\t", ";", "，", "|")
_BLOCK: Final = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a ledger."""

    number: int  # among all lines of the file, from 1: sheets one after another
    sheet: str  # "" in a text file
    row: int  # as the sheet counts, from 1
    cells: tuple[Any, ...]  # str, int, float, bool, datetime, date, time or None
    hidden: bool = False  # the row, or its sheet
    broken: str = ""  # why it could not be read

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it."""
        return not self.broken and all(cell is None or not str(cell).strip() for cell in self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of a ledger, before its lines are read."""

    name: str
    hidden: bool = False
    rows: int | None = None  # as far as the file says


@dataclass(slots=True)
class _Marks:
    """What stands in a sheet besides its cells."""

    rows: int = 0
    hidden: set[int] = field(default_factory=set)
    merges: list[tuple[int, int, int, int]] = field(
        default_factory=list
    )  # first row, column, last row, column


class Ledger:
    """A ledger opened; its lines can be read as often as wanted."""

    def __init__(self, path: Path, sheets: tuple[Sheet, ...], encoding: str = "") -> None:
        self.path = path
        self.name = path.name
        self.sheets = sheets
        self.encoding = encoding  # of a text file, "" for a workbook
        self.epoch = EXCEL_EPOCH  # the day that a number of days counts from

    def lines(self, sheets: Sequence[str] | None = None) -> Iterator[Line]:
        """Yield every line, sheet after sheet; ``sheets`` leaves out the others, numbers stay the same."""
        raise NotImplementedError


def open_ledger(path: Path, *, encoding: str | None = None) -> Ledger:
    """Open a ledger; its content decides what it is, not its name.

    Raises
    ------
    BadLedger
        There is no such file, or it is no workbook and no text table, damaged, unsafe or too large.
    NotInstalled
        A workbook, and openpyxl is not there.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_BLOCK)
        size = path.stat().st_size
    except (OSError, ValueError):
        raise bad(path, "not_found") from None
    if not head.strip(b"\0 \r\n\t"):
        raise bad(path, "empty")
    if size > archives.MAX_FILE_BYTES:
        raise bad(path, "too_large", limit=archives.MAX_FILE_BYTES >> 20)
    if head.startswith(b"PK\x03\x04"):
        return _Workbook(path)
    if head.startswith(_OLE):
        protected = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()
        raise bad(path, "protected" if protected else "old_excel")
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|table|\?xml)", head, re.IGNORECASE):
        raise bad(path, "web_page")
    if head.startswith((b"%PDF", b"{\\rtf")):
        raise bad(path, "no_cells")
    return _Text(path, encoding)


def sha256(path: Path) -> str:
    """Return the digest of a file as the registry writes it.

    Raises
    ------
    BadLedger
        It cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    except OSError:
        raise bad(path, "not_found") from None
    return f"sha256:{digest.hexdigest()}"


def bad(path: Path, key: str, /, **fields: object) -> BadLedger:
    """Return the error of a ledger that cannot be read."""
    zh, en = (t(f"ledger.file.{key}", lang, **fields) for lang in ("zh-CN", "en"))
    return BadLedger(source=path.name, reason={"zh": zh, "en": en})


# --- text --------------------------------------------------------------------------------------------


class _Text(Ledger):
    def __init__(self, path: Path, encoding: str | None) -> None:
        known = _encoding(path, encoding)
        super().__init__(path, (Sheet(name=""),), known)
        with path.open(encoding=known, newline="") as file:
            sample = file.read(_BLOCK)
        if sample.count("\0") * 50 > len(sample):
            raise bad(path, "binary")
        self._mark = _delimiter(sample)

    def lines(self, sheets: Sequence[str] | None = None) -> Iterator[Line]:
        del sheets  # there is one
        csv.field_size_limit(MAX_CELL_CHARS)
        with self.path.open(encoding=self.encoding, newline="") as file:
            records = csv.reader((text.replace("\0", "") for text in file), delimiter=self._mark)
            number = 0
            while True:
                number += 1
                try:
                    cells = next(records)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Line(number=number, sheet="", row=number, cells=(), broken=str(error))
                    continue
                yield Line(number=number, sheet="", row=number, cells=tuple(cells[:MAX_COLUMNS]))


def _encoding(path: Path, given: str | None) -> str:
    """Return the encoding that decodes the whole file."""
    with path.open("rb") as file:
        head = file.read(4)
    if given is None and head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        given = "utf-16"
    for name in (given,) if given else _ENCODINGS:
        try:
            decoder = codecs.getincrementaldecoder(name)()
            with path.open("rb") as file:
                while block := file.read(2**20):
                    decoder.decode(block)
            decoder.decode(b"", final=True)
        except (UnicodeDecodeError, LookupError):
            continue
        return name
    raise bad(path, "encoding", tried=given or "、".join(_ENCODINGS))


def _delimiter(sample: str) -> str:
    """Return the mark by which most lines fall into the same number of cells, the larger number first."""
    best, score = ",", (0.0, 0)
    whole = sample.rpartition("\n")[0] or sample
    for mark in _MARKS:
        if mark not in whole:
            continue
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(whole, newline=""), delimiter=mark) if row]
        except csv.Error:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        found = (widths.count(usual) / len(widths), usual)
        if usual > 1 and found > score:
            best, score = mark, found
    return best


# --- workbooks ----------------------------------------------------------------------------------------


class _Workbook(Ledger):
    def __init__(self, path: Path) -> None:
        try:
            import openpyxl
        except ImportError:
            raise NotInstalled(what="Excel", package="openpyxl", extra="excel") from None
        self._load = openpyxl.load_workbook
        try:
            with archives.open_archive(path, path.name) as archive:
                names = archive.names
        except (FootprintUnsafe, FootprintTooLarge, FootprintBroken) as error:
            raise BadLedger(
                source=path.name, reason={"zh": error.text("zh-CN"), "en": error.text("en")}
            ) from error
        if "xl/workbook.xml" not in names:
            raise bad(path, "not_excel")
        with self._book(path) as book:
            self._parts = {sheet.title: _part_of(sheet) for sheet in book.worksheets}
            hidden = {sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"}
            epoch = book.epoch  # of workbooks from old Macs: 1904
        self._marks: dict[str, _Marks] = {}
        with zipfile.ZipFile(path) as packed:
            for title, part in self._parts.items():
                try:
                    with packed.open(part) as stream:
                        self._marks[title] = _read_marks(stream)
                except (KeyError, expat.ExpatError, ValueError, zipfile.BadZipFile) as error:
                    raise bad(path, "broken", error=_short(error)) from error
        super().__init__(
            path,
            tuple(Sheet(name=n, hidden=n in hidden, rows=self._marks[n].rows) for n in self._parts),
        )
        self.epoch = epoch
        self._hidden = hidden

    @contextmanager
    def _book(self, path: Path) -> Iterator[Any]:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                book = self._load(file, read_only=True, data_only=True, keep_links=False)
            except Exception as error:  # a damaged workbook makes the reader raise almost anything
                raise bad(path, "broken", error=_short(error)) from error
            try:
                yield book
            finally:
                book.close()

    def lines(self, sheets: Sequence[str] | None = None) -> Iterator[Line]:
        start = 0
        with self._book(self.path) as book:
            for sheet in book.worksheets:
                if (marks := self._marks.get(sheet.title)) is None:
                    continue
                if sheets is None or sheet.title in sheets:
                    yield from self._sheet(sheet, marks, start)
                start += marks.rows

    def _sheet(self, sheet: Any, marks: _Marks, start: int) -> Iterator[Line]:
        sheet.reset_dimensions()  # files state wrong ones
        hidden = sheet.title in self._hidden
        covers = _Covers(marks.merges)
        rows = sheet.iter_rows(min_row=1, max_row=marks.rows or 1, max_col=MAX_COLUMNS, values_only=True)
        row = 0
        while row < marks.rows:
            row += 1
            try:
                values = next(rows)
            except StopIteration:
                return
            except Exception as error:  # noqa: BLE001 - what follows a damaged row cannot be read either
                yield Line(
                    number=start + row,
                    sheet=sheet.title,
                    row=row,
                    cells=(),
                    hidden=hidden,
                    broken=_short(error),
                )
                return
            yield Line(
                number=start + row,
                sheet=sheet.title,
                row=row,
                cells=covers.filled(row, list(values)),
                hidden=hidden or row in marks.hidden,
            )


class _Covers:
    """Fills merged cells as rows pass by."""

    def __init__(self, merges: Sequence[tuple[int, int, int, int]]) -> None:
        self._waiting = sorted(merges, reverse=True)  # the next one last
        self._open: list[tuple[int, int, int, Any]] = []  # last row, first and last column, value

    def filled(self, row: int, values: list[Any]) -> tuple[Any, ...]:
        """Return the cells of a row; a covered cell holds what its merged cell holds."""
        self._open = [cover for cover in self._open if cover[0] >= row]
        while self._waiting and self._waiting[-1][0] <= row:
            top, left, bottom, right = self._waiting.pop()
            if bottom >= row == top and left <= MAX_COLUMNS:
                value = values[left - 1] if left <= len(values) else None
                self._open.append((bottom, left, min(right, MAX_COLUMNS), value))
        for _, left, right, value in self._open:
            if value is None:
                continue
            values.extend([None] * (right - len(values)))
            for column in range(left - 1, right):
                if values[column] is None:
                    values[column] = value
        while values and values[-1] is None:
            values.pop()
        return tuple(values)


def _part_of(sheet: Any) -> str:
    """Return the name inside the archive of a sheet that openpyxl reads."""
    return posixpath.normpath(str(sheet._worksheet_path)).lstrip("/")  # noqa: SLF001


_CELLS: Final = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?")


def _read_marks(stream: Any) -> _Marks:
    """Read how far a sheet goes, which rows are hidden and which cells merged, without keeping its cells."""
    found = _Marks()
    row = 0
    filled = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, filled
        local = name.rpartition(":")[2]
        if local == "row":
            row = int(attributes.get("r", row + 1))
            if attributes.get("hidden") in ("1", "true"):
                found.hidden.add(row)
        elif local in ("v", "t"):
            found.rows = max(found.rows, row)
        elif local == "mergeCell" and (match := _CELLS.fullmatch(attributes.get("ref", ""))):
            if match[3] is None:
                return
            if len(found.merges) >= MAX_MERGES:
                raise ValueError("merged cells")
            found.merges.append((int(match[2]), _column(match[1]), int(match[4]), _column(match[3])))

    def refuse(*_: Any) -> None:
        raise ValueError("DOCTYPE")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    while block := stream.read(_BLOCK):
        parser.Parse(block, False)
    parser.Parse(b"", True)
    for _, _, bottom, _ in found.merges:  # a merged cell may go on below the last filled one
        if bottom <= found.rows + 1000:
            found.rows = max(found.rows, min(bottom, 1_048_576))
    return found


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def letters(column: int) -> str:
    """Return the letters of a column as a sheet shows them.

    Examples
    --------
    >>> letters(1), letters(28)
    ('A', 'AB')
    """
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _short(error: BaseException) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:160]

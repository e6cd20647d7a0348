"""The workbook beside exported data: the access list and every other table of an edition, one sheet each.

People read and edit it; reading it back gives what was written, to the character. What a cell cannot hold, a text
of more than 32,767 characters or one with control characters, stands in a sheet of its own, in pieces.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sanxian import output
from sanxian.clauses.tables import Table, read_tables
from sanxian.edition import Edition
from sanxian.edition.rows import FORMS, Column, RuleRow, decode, encode
from sanxian.errors import NotInstalled
from sanxian.i18n import LANGS, t
from sanxian.ingest.log import At, Log
from sanxian.ingest.names import plain_name
from sanxian.model import Catalogue, Change, Clause, Coverage, Document, Level, Office, PlaceState, Zone

_FORM: Final = FORMS[2]
_MOMENT: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook has no zone; the same content, the same bytes
_CELL_CHARS: Final = 30_000  # Excel takes 32,767
_SHEET_ROWS: Final = 50_000  # the reader of tables takes 100,000
_SHOWN: Final = 200  # characters a cell shows of a text it cannot hold
_VALUES: Final = ("layer", "key", "field", "value")
_LONG: Final = ("sheet", "line", "field", "part", "text")
_CLAUSE: Final = (  # the order people know from published lists; the rest follows
    "number", "level", "dimension_label", "category", "text", "document", "scope",
)  # fmt: skip
_NOT_PLAIN: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_|^[=+@-]"
)

_OWN_LABELS: Final = {("document", "number"): "document_number"}  # one word of ours, two of theirs

ExactRow = tuple[str, str, str, Any]
"""Layer id, key of the feature, field, value: what a feature of the exported format cannot hold."""


@dataclass(slots=True)
class Tables:
    """What the tables of an edition hold, without its zones."""

    clauses: list[Clause] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    states: list[PlaceState] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    catalogues: list[Catalogue] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    offices: list[Office] = field(default_factory=list)
    exact: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)


# --- writing ---------------------------------------------------------------------------------


def workbook(edition: Edition, exact: Sequence[ExactRow]) -> bytes:
    """Return the workbook of an edition; the same edition gives the same bytes.

    Raises
    ------
    NotInstalled
        openpyxl is not there.
    """
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise NotInstalled(what=".xlsx", package="openpyxl", extra="excel") from error
    book = Workbook(write_only=True)
    long: list[tuple[str, int, str, int, str]] = []
    rules = [RuleRow(c.id, seq, rule) for c in edition.clauses for seq, rule in enumerate(c.rules)]
    items: dict[str, Iterable[Any]] = {
        "edition": [edition.info],
        "clause": edition.clauses,
        "rule": rules,
        "document": edition.documents.values(),
        "place_state": edition.states,
        "coverage": edition.coverage,
        "catalogue": edition.catalogues.values(),
        "change": edition.changes,
        "office": edition.offices.values(),
        "layer": edition.layers,
    }
    units = {z.code: z for zones in edition.zones.values() for z in zones}
    for name, every in items.items():
        columns = _ordered(name)
        rows = (_cells(columns, item) for item in every)
        front = ("unit_code", "unit_name", "unit_class") if name == "clause" else ()
        if name == "clause":
            rows = (
                (*_of_units(clause, units), *row) for clause, row in zip(edition.clauses, rows, strict=True)
            )
        _write(book, name, [*front, *(c.name for c in columns)], rows, long)
    values = [(layer, key, name, json.dumps(value, ensure_ascii=False)) for layer, key, name, value in exact]
    if values:
        _write(book, "values", _VALUES, values, long)
    if long:
        _write(book, "long", _LONG, [(s, str(n), f, str(p), x) for s, n, f, p, x in long], [])
    return _saved(book)


def _label(name: str, column: str, lang: str = "zh-CN") -> str:
    """Return the header of a column."""
    return t(f"ingest.column.{_OWN_LABELS.get((name, column), column)}", lang)


def _ordered(name: str) -> list[Column]:
    columns = list(_FORM.tables[name])
    if name != "clause":
        return columns
    return sorted(columns, key=lambda c: _CLAUSE.index(c.name) if c.name in _CLAUSE else len(_CLAUSE))


def _cells(columns: Sequence[Column], item: object) -> tuple[str, ...]:
    return tuple(
        t(f"labels.level.{cell}") if column.name == "level" else _cell(cell)
        for column, cell in zip(columns, encode(columns, item), strict=True)
    )


def _cell(value: str | float | None) -> str:
    return "" if value is None else value if isinstance(value, str) else repr(value)


def _of_units(clause: Clause, units: Mapping[str, Zone]) -> tuple[str, str, str]:
    """Return code, name and class of the units of a clause, for people; the scope is what counts."""
    found = [units[code] for code in clause.scope.units if code in units]
    classes = dict.fromkeys(
        t(f"labels.unit_class.{z.zone_class}")
        if z.zone_class in ("PRIORITY", "KEY", "GENERAL")
        else z.zone_class
        for z in found
    )
    return "、".join(z.code for z in found), "、".join(z.name for z in found), "、".join(classes)


def _write(
    book: Any,
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    long: list[tuple[str, int, str, int, str]],
) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    sheet: Any = None
    title = t(f"ingest.sheet.{name}")
    for line, row in enumerate(rows, 1):
        if (line - 1) % _SHEET_ROWS == 0:
            part = (line - 1) // _SHEET_ROWS
            sheet = _sheet(
                book, name, title if part == 0 else f"{title} {part + 1}", columns, Font(bold=True)
            )
        cells = []
        for column, text in zip(columns, row, strict=True):
            shown = text
            if name != "long" and not _is_plain(text):
                shown = t("ingest.see_long", text=" ".join(re.sub(_NOT_PLAIN, " ", text).split())[:_SHOWN])
                long += [(name, line, column, n, piece) for n, piece in enumerate(_pieces(text))]
            cell = WriteOnlyCell(sheet, value=shown)
            cell.data_type = "s"  # whatever it looks like: a formula, an error, a number
            cells.append(cell if shown else None)
        sheet.append(cells)
    if sheet is None:
        _sheet(book, name, title, columns, Font(bold=True))


def _sheet(book: Any, name: str, title: str, columns: Sequence[str], font: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    header = []
    for n, column in enumerate(columns, 1):
        width = 60 if column in ("text", "rule", "value") else 18
        sheet.column_dimensions[get_column_letter(n)].width = width
        cell = WriteOnlyCell(sheet, value=_label(name, column))
        cell.font = font
        header.append(cell)
    sheet.append(header)
    return sheet


def _is_plain(text: str) -> bool:
    """Whether a cell gives the text back as it is."""
    return len(text) <= _CELL_CHARS and text == text.strip() and _NOT_PLAIN.search(text) is None


def _pieces(text: str) -> Iterator[str]:
    """Yield a text as JSON, in pieces between bars, so that no program trims or interprets them."""
    code = json.dumps(text).replace("_", "\\u005f")
    for start in range(0, len(code), _CELL_CHARS):
        yield f"|{code[start : start + _CELL_CHARS]}|"


def _saved(book: Any) -> bytes:
    """Return the workbook without the moment it was saved."""
    raw = io.BytesIO()
    book.properties.creator = "sanxian"
    book.save(raw)
    book.close()
    return output.settled(raw.getvalue(), _MOMENT)


# --- reading ---------------------------------------------------------------------------------


def read_workbook(path: Path, log: Log) -> Tables:
    """Return what a workbook of ours holds; rows that cannot be used are logged and left out.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    titles = {plain_name(t(f"ingest.sheet.{name}", lang)): name for name in _SHEETS for lang in LANGS}
    sheets: dict[str, list[Table]] = {}
    for table in read_tables(path):
        name = titles.get(plain_name(re.sub(r"\s+\d+$", "", table.sheet.strip())))
        if name is None:
            log.say("SOURCE_SKIPPED", At(f"{path.name}/{table.sheet}"), name=table.sheet)
        else:
            sheets.setdefault(name, []).append(table)
    long: dict[tuple[str, int, str], dict[int, str]] = {}
    for _, row in _rows(sheets.get("long", ()), _LONG, {}, "long", log):
        place = (row["sheet"], int(row["line"] or 0), row["field"])
        long.setdefault(place, {})[int(row["part"] or 0)] = row["text"][1:-1]
    texts = {
        place: str(json.loads("".join(parts[n] for n in sorted(parts)))) for place, parts in long.items()
    }
    made = Tables()
    rules: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for rule in _items("rule", RuleRow, sheets, texts, log):
        rules.setdefault(rule.clause_id, []).append((rule.seq, rule.rule))
    for name, kind, into in (
        ("document", Document, made.documents),
        ("place_state", PlaceState, made.states),
        ("coverage", Coverage, made.coverage),
        ("catalogue", Catalogue, made.catalogues),
        ("change", Change, made.changes),
        ("office", Office, made.offices),
    ):
        into.extend(_items(name, kind, sheets, texts, log))
    for fields in _fields("clause", sheets, texts, log):
        own = sorted(rules.get(fields["id"], ()), key=lambda pair: pair[0])
        made.clauses.append(Clause(**fields, rules=tuple(rule for _, rule in own)))
    for where, row in _rows(sheets.get("values", ()), _VALUES, texts, "values", log):
        try:
            made.exact.setdefault((row["layer"], row["key"]), {})[row["field"]] = json.loads(row["value"])
        except ValueError as error:
            log.say("TABLE_ROW", At(where[0]), item=where[1], reason=str(error))
    return made


_SHEETS: Final = (*_FORM.tables, "values", "long")


def _items(
    name: str,
    kind: Any,
    sheets: Mapping[str, Sequence[Table]],
    texts: Mapping[tuple[str, int, str], str],
    log: Log,
) -> Iterator[Any]:
    return (kind(**fields) for fields in _fields(name, sheets, texts, log))


def _fields(
    name: str, sheets: Mapping[str, Sequence[Table]], texts: Mapping[tuple[str, int, str], str], log: Log
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table of an edition, decoded; one that makes no sense is logged."""
    columns = _FORM.tables[name]
    levels = {plain_name(t(f"labels.level.{level}", lang)): level.value for level in Level for lang in LANGS}
    for (source, row_name), row in _rows(sheets.get(name, ()), [c.name for c in columns], texts, name, log):
        cells: list[Any] = []
        try:
            for column in columns:
                text = row[column.name]
                if column.name == "level":
                    text = levels.get(plain_name(text), text)
                cells.append(_typed(text or _BLANK.get(column.name, ""), column.sql))
            yield decode(columns, cells)
        except (ValueError, TypeError) as error:
            log.say("TABLE_ROW", At(source), item=row_name, reason=" ".join(str(error).split())[:200])


_BLANK: Final = {"successors": "[]", "industries": "[]", "scope": "{}"}  # what a blank cell means


def _typed(text: str, sql: str) -> str | float | None:
    """Return a cell as a database would hold it."""
    if not text:
        return None
    if sql == "REAL":
        return float(text)
    return int(text) if sql in ("INTEGER", "BOOLEAN") else text


def _rows(
    tables: Sequence[Table],
    columns: Sequence[str],
    texts: Mapping[tuple[str, int, str], str],
    name: str,
    log: Log,
) -> Iterator[tuple[tuple[str, str], dict[str, str]]]:
    """Yield where a row stands, and its cells by column; a column the sheet has not is blank."""
    line = 0
    for table in tables:
        source = f"{table.file}/{table.sheet}"
        header = {plain_name(cell.text): n for n, cell in reversed(list(enumerate(table.rows[0])))}
        at = {}
        for column in columns:
            words = [column, *(_label(name, column, lang) for lang in LANGS)]
            at[column] = next((header[plain_name(w)] for w in words if plain_name(w) in header), None)
        if all(n is None for n in at.values()):
            log.say("TABLE_NO_HEADER", At(source), seen=" | ".join(c.text for c in table.rows[0][:6])[:80])
            continue
        count = 0
        for number, cells in enumerate(table.rows[1:], table.start + 1):
            if not any(cell.text.strip() for cell in cells):
                continue
            line += 1
            count += 1
            row = {
                column: texts.get((name, line, column), "" if n is None else cells[n].text)
                for column, n in at.items()
            }
            yield (source, f"R{number}"), row
        log.say("TABLE_READ", At(source), count=count, what=name)

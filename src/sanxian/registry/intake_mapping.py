"""Which column of a ledger holds what: proposed with a reason, written as TOML for a person, read back and used.

A proposal looks at the words of the header first and at what stands below it where the words say nothing. It decides
nothing that a reader could not see: each guess gives its reason, columns nobody knows are listed as such, and their cells
go to the log like all others.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sanxian import data
from sanxian.errors import BadLedgerMapping, InputError, SanxianError
from sanxian.geometry import parse_crs
from sanxian.i18n import t
from sanxian.registry import intake_cells as cells
from sanxian.registry import intake_spots as spots
from sanxian.registry.intake_files import EXCEL_EPOCH, Ledger, Line, letters

FIELDS: Final = (
    "code", "name", "proponent", "nature", "industry", "industry_code", "eia_class", "authority", "authority_level",
    "prefecture", "region", "region_code", "address", "accepted_on", "decided_on", "status",
    "lon", "lat", "east", "north", "coordinates", "wkt",
)  # fmt: skip
SHAPES: Final = ("", "points", "polygon")
VERSION: Final = 1
_SAMPLE: Final = 300  # lines looked at
_HEADER_WITHIN: Final = 30  # titles and notes may stand above the header
_ENOUGH: Final = 0.8  # of the cells below a header must be of a kind to say what the column is


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a ledger and what it holds."""

    header: str
    field: str  # of FIELDS, "fact:KEY", or "" for what is not read
    reason: Mapping[str, str]  # zh, en
    unit: str = ""  # of a fact


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetMapping:
    """How one sheet is read."""

    name: str
    header_row: int  # 0: the sheet is not read
    columns: tuple[Column, ...]  # from the first column on
    reason: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerMapping:
    """How a ledger is read: its sheets, and what holds for all of them."""

    sheets: tuple[SheetMapping, ...]
    encoding: str = ""
    crs: str = ""  # of all coordinates; "" = degrees, CGCS2000
    shape: str = ""  # what several points of one cell are
    region: str = ""  # of rows that name none
    authority: str = ""  # ditto
    authority_level: str = ""
    eia_class: str = ""
    regions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # spelling: code

    def as_json(self) -> dict[str, Any]:
        """Return all that decides how rows are read; what a person is told is left out."""
        return {
            "sheets": [
                {
                    "name": sheet.name,
                    "header_row": sheet.header_row,
                    "columns": [[c.header, c.field, c.unit] for c in sheet.columns],
                }
                for sheet in self.sheets
            ],
            **{
                key: getattr(self, key)
                for key in ("encoding", "crs", "shape", "region", "authority", "authority_level", "eia_class")
            },
            "regions": dict(self.regions),
        }


# --- proposing ---------------------------------------------------------------------------------------


class _Guess(NamedTuple):
    field: str
    reason: Mapping[str, str]
    rank: int  # of two columns for one thing the lower counts
    unit: str = ""


@lru_cache(maxsize=1)
def _words() -> tuple[Mapping[str, tuple[str, int]], frozenset[str]]:
    """Return headers as (field, rank), and the words of totals."""
    table: dict[str, Any] = tomllib.loads(
        resources.files("sanxian").joinpath("data", "ledger_headers.toml").read_text("utf-8")
    )
    found: dict[str, tuple[str, int]] = {}
    for name, listed in table["columns"].items():
        for rank, word in enumerate(listed):
            found.setdefault(cells.squeezed(word), (name, rank))
    return MappingProxyType(found), frozenset(map(cells.squeezed, table["totals"]["words"]))


def is_total(line: Line) -> bool:
    """Whether a line sums up others: its first words say so."""
    shown = [cells.squeezed(cells.plain(cell)) for cell in line.cells]
    shown = [word for word in shown if word]
    if not shown:
        return False
    first = shown[0]
    return any(
        first == word or (first.startswith(word) and len(first) <= len(word) + 4) for word in _words()[1]
    )


def propose(ledger: Ledger) -> LedgerMapping:
    """Propose what the columns of a ledger hold, sheet by sheet.

    A sheet without anything that looks like a header is proposed not to be read.
    """
    return LedgerMapping(
        sheets=tuple(_sheet(ledger, sheet.name) for sheet in ledger.sheets), encoding=ledger.encoding
    )


def _sheet(ledger: Ledger, name: str) -> SheetMapping:
    sample = list(islice(ledger.lines([name]), _SAMPLE))
    best: tuple[int, int] = (0, 0)
    at = -1
    for index, line in enumerate(sample[:_HEADER_WITHIN]):
        known = {found.field for cell in line.cells if (found := _by_words(cells.plain(cell)))} - {""}
        score = (len(known), sum(1 for c in line.cells if cells.plain(c)))
        # of two rows that say the same the upper one: the lower may be a row that names itself
        if len(known) >= 2 and score[0] > best[0]:
            best, at = score, index
    if at >= 0 and at + 1 < len(sample) and _goes_on(sample[at], sample[at + 1]):
        at += 1
    if at < 0:
        return SheetMapping(name=name, header_row=0, columns=(), reason=_both("no_header"))
    headers = headers_of(sample[at], sample[at - 1] if at else None)
    header = [re.sub(r"^#[A-Z]+$| #[A-Z]+$", "", shown) for shown in headers]
    below = [line for line in sample[at + 1 :] if not line.is_blank and not is_total(line)]
    guesses = [
        _by_words(shown) or _by_content(shown, [line.cells[c] for line in below if c < len(line.cells)])
        for c, shown in enumerate(header)
    ]
    chosen: dict[str, int] = {}
    for c, guess in enumerate(guesses):
        if guess and guess.field:
            other = chosen.get(guess.field)
            if other is None or guess.rank < (guesses[other] or guess).rank:
                chosen[guess.field] = c
    columns = []
    for c, (shown, guess) in enumerate(zip(headers, guesses, strict=True)):
        if guess is None:
            columns.append(Column(header=shown, field="", reason=_both("unknown")))
        elif guess.field and chosen[guess.field] != c:
            better = headers[chosen[guess.field]]
            columns.append(Column(header=shown, field="", reason=_both("twice", other=better)))
        else:
            columns.append(Column(header=shown, field=guess.field, reason=guess.reason, unit=guess.unit))
    return SheetMapping(
        name=name, header_row=sample[at].row, columns=tuple(columns), reason=_both("header", count=best[0])
    )


def headers_of(line: Line, above: Line | None) -> list[str]:
    """Return the headers of a sheet, by column; of a header of two rows the lower word, where there is one."""
    shown = [cells.plain(cell) for cell in line.cells]
    if above is not None and above.row == line.row - 1 and _goes_on(above, line):
        upper = [cells.plain(cell) for cell in above.cells]
        shown += [""] * (len(upper) - len(shown))
        shown = [word or (upper[c] if c < len(upper) else "") for c, word in enumerate(shown)]
    return _distinct(shown)


def _goes_on(upper: Line, lower: Line) -> bool:
    """Whether a row is the second one of a header: it repeats the first where cells are merged, else names columns."""
    above = [cells.plain(cell) for cell in upper.cells]
    if len({word for word in above if word}) < 3:
        return False
    own = [
        (word, above[c] if c < len(above) else "")
        for c, cell in enumerate(lower.cells)
        if (word := cells.plain(cell))
    ]
    return len(own) >= 2 and all(
        word == over or ((guess := _by_words(word)) is not None and guess.rank < 100) for word, over in own
    )


def _distinct(header: Sequence[str]) -> list[str]:
    """Return headers that differ: a blank one is called by its column, a second one counted."""
    seen: dict[str, int] = {}
    made = []
    for c, shown in enumerate(header, 1):
        word = " ".join(shown.split()) or f"#{letters(c)}"
        seen[word] = seen.get(word, 0) + 1
        made.append(word if seen[word] == 1 else f"{word} #{letters(c)}")
    return made


_UNIT: Final = re.compile(r"(.+?)\s*[(（\[]([^()（）\[\]]+)[)）\]]")


def _by_words(shown: str) -> _Guess | None:
    """Return what the words of a header say."""
    word = cells.squeezed(shown)
    if not word or len(word) > 40:
        return None
    known = _words()[0]
    for spelled in (word, cells.squeezed(re.sub(r"[(（].*?[)）]", "", shown))):
        if spelled in known:
            name, rank = known[spelled]
            if name == "other":
                return _Guess("", _both("not_asked"), 0)
            return _Guess(name, _both("word", field=_label(name)), rank)
    if (fact := _fact(shown)) is not None:
        key, unit = fact
        return _Guess(f"fact:{key}", _both("fact", label=data.facts()[key].zh), 0, unit)
    inside = [
        (len(other), name, rank)
        for other, (name, rank) in known.items()
        if len(other) >= 4 and other in word and name != "other"
    ]
    if inside:
        _, name, rank = max(inside)
        return _Guess(name, _both("inside", field=_label(name)), 100 + rank)
    return None


def _fact(shown: str) -> tuple[str, str] | None:
    labels = {cells.squeezed(w): f for f in data.facts().values() for w in (f.key, f.zh, f.en)}
    fact, unit = labels.get(cells.squeezed(shown)), ""
    if fact is None and (split := _UNIT.fullmatch(shown.strip())):
        fact, unit = labels.get(cells.squeezed(split[1])), split[2].strip()
    if fact is None or fact.key in ("nature", "industry"):
        return None
    if unit:
        try:
            data.convert(1.0, unit, fact.unit)
        except SanxianError:
            unit = ""
    return fact.key, unit if fact.type == "number" else ""


_KINDS: Final[tuple[tuple[str, Callable[[Any], bool]], ...]] = (
    ("eia_class", lambda cell: bool(cells.eia_class(cell).value)),
    ("code", lambda cell: re.fullmatch(r"\d{4}-\d{6}-\d{2}-\d{2}-\d{6}", cells.text(cell)) is not None),
    ("coordinates", lambda cell: not isinstance(cell, (int, float)) and spots.spot(cell).value is not None),
    ("authority", lambda cell: re.search(r"(?:生态环境|环境保护|环保|审批)(?:局|厅|部|分局)", cells.text(cell)) is not None),
    ("accepted_on", lambda cell: cells.day(cell, epoch=EXCEL_EPOCH).value is not None),
)  # fmt: skip


def _by_content(shown: str, below: Sequence[Any]) -> _Guess | None:
    """Return what the cells of a column look like; a column of days is a guess that a person has to make."""
    filled = [cell for cell in below if cells.text(cell)]
    if len(filled) < 5:
        return None
    for name, test in _KINDS:
        share = sum(map(test, filled)) / len(filled)
        if share >= _ENOUGH:
            if name == "accepted_on":
                return _Guess("", _both("days", share=f"{share:.0%}", header=shown), 0)
            return _Guess(name, _both("content", share=f"{share:.0%}", field=_label(name)), 200)
    return None


def _label(name: str) -> dict[str, str]:
    return {lang[:2]: t(f"ledger.field.{name}", lang) for lang in ("zh-CN", "en")}


def _both(key: str, /, **fields: object) -> Mapping[str, str]:
    return MappingProxyType(
        {
            lang[:2]: t(
                f"ledger.reason.{key}",
                lang,
                **{k: v[lang[:2]] if isinstance(v, dict) else v for k, v in fields.items()},
            )
            for lang in ("zh-CN", "en")
        }
    )


# --- TOML --------------------------------------------------------------------------------------------

_DEFAULTS: Final = ("crs", "shape", "region", "authority", "authority_level", "eia_class")


def to_toml(mapping: LedgerMapping, *, source: str) -> str:
    """Return a mapping as a file that a person reads and changes."""
    lines = [
        f"# {line}" for line in t("ledger.toml.head", source=source, fields=" ".join(FIELDS)).splitlines()
    ]
    lines += [f"version = {VERSION}", f"encoding = {_quoted(mapping.encoding)}", "", "[defaults]"]
    for key in _DEFAULTS:
        lines.append(f"{key} = {_quoted(getattr(mapping, key))}  # {t(f'ledger.toml.{key}')}")
    lines += ["", "[regions]", f"# {t('ledger.toml.regions')}"]
    lines += [f"{_quoted(word)} = {_quoted(code)}" for word, code in mapping.regions.items()]
    for sheet in mapping.sheets:
        lines += ["", "[[sheet]]", f"name = {_quoted(sheet.name)}"]
        lines.append(f"header_row = {sheet.header_row}  # {sheet.reason['zh']} / {sheet.reason['en']}")
        for column in sheet.columns:
            lines += [
                "",
                "[[sheet.column]]",
                f"# {_line(column.reason['zh'])} / {_line(column.reason['en'])}",
            ]
            lines += [f"header = {_quoted(column.header)}", f"field = {_quoted(column.field)}"]
            if column.unit:
                lines.append(f"unit = {_quoted(column.unit)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # a JSON string is a TOML basic string, but for DEL
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _line(text: str) -> str:
    return " ".join(text.split())


def load(path: Path) -> LedgerMapping:
    """Return the mapping of a file.

    Raises
    ------
    BadLedgerMapping
        It is not there, no TOML, or says something nobody understands; the message names the place in it.
    """
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError:
        raise _wrong(path.name, "not_found") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path.name, "toml", error=str(error)) from error
    return _parsed(table, path.name)


def _parsed(table: Mapping[str, Any], source: str) -> LedgerMapping:
    _only(table, {"version", "encoding", "defaults", "regions", "sheet"}, "", source)
    if table.get("version") != VERSION:
        raise _wrong(source, "version", found=table.get("version", "-"), known=VERSION)
    stated = _table(table.get("defaults", {}), "defaults", source)
    _only(stated, set(_DEFAULTS), "defaults", source)
    defaults = {key: _text(stated.get(key, ""), f"defaults.{key}", source) for key in _DEFAULTS}
    regions = _table(table.get("regions", {}), "regions", source)
    if defaults["shape"] not in SHAPES:
        raise _wrong(source, "value", path="defaults.shape", value=defaults["shape"], known="points polygon")
    if defaults["crs"]:
        try:
            parse_crs(defaults["crs"], source=source)
        except InputError as error:
            raise BadLedgerMapping(
                source=source, reason={"zh": error.text("zh-CN"), "en": error.text("en")}
            ) from error
    levels = ("", "national", "province", "city", "county")
    classes = ("", "report", "form", "registration", "exempt")
    for key, known in (("authority_level", levels), ("eia_class", classes)):
        if defaults[key] not in known:
            raise _wrong(source, "value", path=f"defaults.{key}", value=defaults[key], known=" ".join(known))
    sheets = table.get("sheet", [])
    if not isinstance(sheets, list) or not sheets:
        raise _wrong(source, "type", path="sheet", wanted="[[sheet]]")
    return LedgerMapping(
        sheets=tuple(
            _parsed_sheet(_table(s, f"sheet[{n}]", source), n, source) for n, s in enumerate(sheets)
        ),
        encoding=_text(table.get("encoding", ""), "encoding", source),
        regions=MappingProxyType({k: _text(v, f"regions.{k}", source) for k, v in regions.items()}),
        **defaults,
    )


def _parsed_sheet(sheet: Mapping[str, Any], number: int, source: str) -> SheetMapping:
    path = f"sheet[{number}]"
    _only(sheet, {"name", "header_row", "column"}, path, source)
    row = sheet.get("header_row")
    if not isinstance(row, int) or isinstance(row, bool) or row < 0:
        raise _wrong(source, "type", path=f"{path}.header_row", wanted="0, 1, 2 …")
    columns = []
    taken: dict[str, str] = {}
    for n, stated in enumerate(_rows(sheet.get("column", []), f"{path}.column", source)):
        here = f"{path}.column[{n}]"
        _only(stated, {"header", "field", "unit"}, here, source)
        column = Column(
            header=_text(stated.get("header", ""), f"{here}.header", source),
            field=_text(stated.get("field", ""), f"{here}.field", source),
            unit=_text(stated.get("unit", ""), f"{here}.unit", source),
            reason={"zh": "", "en": ""},
        )
        fact = column.field.removeprefix("fact:") if column.field.startswith("fact:") else None
        if (fact is not None and fact not in data.facts()) or (
            fact is None and column.field not in ("", *FIELDS)
        ):
            raise _wrong(
                source, "value", path=f"{here}.field", value=column.field, known=" ".join(FIELDS) + " fact:…"
            )
        if column.field and taken.setdefault(column.field, column.header) != column.header:
            raise _wrong(source, "twice", path=here, field=column.field, other=taken[column.field])
        columns.append(column)
    made = SheetMapping(
        name=_text(sheet.get("name", ""), f"{path}.name", source),
        header_row=row,
        columns=tuple(columns),
        reason={"zh": "", "en": ""},
    )
    if made.header_row and "name" not in taken:
        raise _wrong(source, "no_name", path=path, sheet=made.name)
    return made


def check(mapping: LedgerMapping, *, source: str) -> None:
    """Refuse a mapping by which no project could be read.

    Raises
    ------
    BadLedgerMapping
        No sheet is read, or one without a column of names.
    """
    read = [sheet for sheet in mapping.sheets if sheet.header_row]
    if not read:
        raise _wrong(source, "no_sheet")
    for sheet in read:
        if not any(column.field == "name" for column in sheet.columns):
            raise _wrong(source, "no_name", path="sheet", sheet=sheet.name or source)


def _rows(value: Any, path: str, source: str) -> Iterator[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise _wrong(source, "type", path=path, wanted=f"[[{path}]]")
    for n, row in enumerate(value):
        yield _table(row, f"{path}[{n}]", source)


def _table(value: Any, path: str, source: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(source, "type", path=path, wanted=f"[{path}]")
    return value


def _text(value: Any, path: str, source: str) -> str:
    if not isinstance(value, str):
        raise _wrong(source, "type", path=path, wanted='"…"')
    return value


def _only(table: Mapping[str, Any], known: set[str], path: str, source: str) -> None:
    if strange := sorted(set(table) - known):
        raise _wrong(
            source, "value", path=path or "-", value=", ".join(strange), known=" ".join(sorted(known))
        )


def _wrong(source: str, key: str, /, **fields: object) -> BadLedgerMapping:
    zh, en = (t(f"ledger.mapping.{key}", lang, **fields) for lang in ("zh-CN", "en"))
    return BadLedgerMapping(source=source, reason={"zh": zh, "en": en})

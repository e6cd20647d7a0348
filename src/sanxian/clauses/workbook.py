"""The review workbook: machine readings on one sheet that people fill in, and the way back into the rows.

Nothing but the columns to fill is ever read back: clause text and rules stay in the clause file, and a hidden
sheet says which rule each line of the workbook was written for. A line counts wholly or not at all.
"""

from __future__ import annotations

import copy
import hashlib
import io
import itertools
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from sanxian import output
from sanxian.clauses import sentences
from sanxian.clauses.files import decode, encode
from sanxian.clauses.text import plain
from sanxian.clauses.words import tokens
from sanxian.errors import ClauseError, NotInstalled, ReviewWorkbook, SanxianError
from sanxian.geometry import archives
from sanxian.i18n import LANGS, t
from sanxian.rules import check

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MAX_CELL: Final = 32_767  # UTF-16 code units Excel keeps in one cell
MAX_LINES: Final = 1_048_575  # rows of a sheet below its header
_CHUNK: Final = 30_000  # of hidden JSON in one cell
_HIDDEN: Final = "_sanxian"
_NOTHING: Final = "□"  # stands for a character a workbook cannot hold
_LINE: Final = 17.0  # points
_HEADER_ROWS: Final = 50  # a person may have put so many rows above the header
_MOMENT: Final = datetime(2026, 1, 1)  # noqa: DTZ001 - Excel knows no zones; the same for every file

# key, width in characters, whether people fill it in
_COLUMNS: Final = (
    ("clause", 16, False),
    ("rule", 6, False),
    ("number", 10, False),
    ("level", 8, False),
    ("dimension", 14, False),
    ("text", 60, False),
    ("quote", 36, False),
    ("reading", 44, False),
    ("confidence", 8, False),
    ("doubts", 24, False),
    ("state", 14, False),
    ("opinion", 9, True),
    ("edited", 48, True),
    ("by", 12, True),
    ("on", 13, True),
    ("note", 24, True),
    ("key", 20, False),
)
_FILLED: Final = ("opinion", "edited", "by", "on", "note")
_NEEDED: Final = ("key", "opinion", "edited", "by", "on")
_OPINIONS: Final = ("accept", "change", "reject")

_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_ESCAPE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # Excel reads _x0041_ as A
_ESCAPED: Final = re.compile(
    r"_x(005[Ff]|00[01][0-9A-Fa-f])_"
)  # what Excel writes so: control characters and _
_ACTIVE: Final = ("=", "+", "-", "@", "\t", "'")
_DAY: Final = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日)"
)

_PLAIN, _RESIDUE, _QUOTE, _UNREAD = range(4)  # how a character of the clause text is shown
_FUNCTION: Final = frozenset(("stops", "generic", "building", "here"))
_EXCEPTS: Final = re.compile("除外|除|外|不受此限|不在此限")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why one line of a workbook did not count; the rule is as it was."""

    cell: str  # e.g. "条款审核!L12"; "" for a line that is gone
    clause: str  # clause id, "" when it is not known
    rule: int | None  # from 1; None for a clause without rule
    code: str
    zh: str
    en: str

    def text(self, lang: str = "zh-CN") -> str:
        """Return the problem in ``lang``, its cell in front."""
        return f"{self.cell or self.clause}: {self.en if lang.startswith('en') else self.zh}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The rows after review, and what became of each line of the workbook."""

    rows: tuple[Mapping[str, Any], ...]  # in the order given; an untouched row is the object given
    accepted: int = 0
    changed: int = 0
    rejected: int = 0
    left: int = 0  # clauses without rule that a person left to persons
    untouched: int = 0  # lines without opinion
    problems: tuple[Problem, ...] = ()


class _Entry(NamedTuple):
    """One line of the workbook: a rule, or a clause that has none."""

    id: str
    place: int | None  # of the rule among those of the clause, from 0
    text: str  # digest of the clause text
    said: str  # digest of the sentence written to be edited; wording may change with the version
    rule: Mapping[str, Any] | None

    @property
    def json(self) -> str:
        return encode(
            {"id": self.id, "place": self.place, "text": self.text, "said": self.said, "rule": self.rule}
        )

    @property
    def key(self) -> str:
        return _digest(self.json)


class _Line(NamedTuple):
    """What people left in one line: values of the columns found, and where each stands."""

    values: Mapping[str, Any]
    cells: Mapping[str, str]


class _Found(NamedTuple):
    """A problem before it has its line."""

    code: str
    column: str = "opinion"
    fields: Mapping[str, object] = MappingProxyType({})


class _Decided(NamedTuple):
    kind: Literal["accepted", "changed", "rejected", "left", "untouched"]
    rule: Mapping[str, Any] | None = None


# --- writing -------------------------------------------------------------------------------------


def write_workbook(rows: Iterable[Mapping[str, Any]], path: str | Path, *, lang: str = "zh-CN") -> None:
    """Write the workbook in which people review the rules of ``rows``, one line a rule.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of a clause file; a clause without rules gets a line too.
    path : path
        An ``.xlsx`` file, replaced whole. The same rows give the same bytes (with the same openpyxl and lxml).
    lang : str, default "zh-CN"
        Language of headers and notes; with ``en`` the notes are in both languages. Readings are always Chinese.

    Raises
    ------
    NotInstalled
        openpyxl is missing.
    ClauseError
        An id twice, or more rules than a sheet has rows.
    OutputFailed
        The file cannot be written.
    """
    try:
        import openpyxl
    except ImportError:
        raise NotInstalled(what="Excel", package="openpyxl", extra="excel") from None
    made = list(rows)
    _by_id(made)
    entries = [(row, entry) for row in made for entry in _entries(row)]
    if len(entries) > MAX_LINES:
        raise _clause_error("too_many", count=len(entries), limit=MAX_LINES)
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = t("review.sheet.review", lang)
    _fill_review(sheet, entries, lang)
    _fill_legend(book.create_sheet(t("review.sheet.legend", lang)), lang)
    hidden = book.create_sheet(_HIDDEN)
    hidden.sheet_state = "hidden"
    for place, (_, entry) in enumerate(entries, 1):
        # JSON may spell any character as \uXXXX: nothing here needs an escape of Excel's own
        text = _ILLEGAL.sub(lambda found: f"\\u{ord(found[0]):04x}", _ESCAPE.sub(r"\\u005f", entry.json))
        for column, piece in enumerate([entry.key, *_pieces(text)], 1):
            _put(hidden.cell(place, column), piece)
    output.write(path, _saved(book))


def _entries(row: Mapping[str, Any]) -> Iterator[_Entry]:
    text = _digest(row["text"])
    rules = row.get("rules") or ()
    for index, rule in enumerate(rules):
        yield _Entry(row["id"], index, text, _digest(_settled(_shown(_sentence(rule)[0]))), rule)
    if not rules:
        yield _Entry(row["id"], None, text, _digest(""), None)


def _digest(text: str) -> str:
    return hashlib.sha256(encode(text).encode()).hexdigest()[:16]


def _by_id(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, row in enumerate(rows):
        if places.setdefault(row["id"], place) != place:
            raise _clause_error("twice", id=row["id"])
    return places


def _fill_review(sheet: Worksheet, entries: Sequence[tuple[Mapping[str, Any], _Entry]], lang: str) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.properties import PageSetupProperties

    wrapped = Alignment(wrap_text=True, vertical="top")
    to_fill = PatternFill("solid", fgColor="FFF8E1")
    for column, (key, width, filled) in enumerate(_COLUMNS, 1):
        head = sheet.cell(1, column)
        _put(head, t(f"review.column.{key}", lang))
        head.font = Font(bold=True)
        head.fill = PatternFill("solid", fgColor="FFE082" if filled else "D9E2EC")
        head.alignment = Alignment(wrap_text=True, vertical="center")
        sheet.column_dimensions[get_column_letter(column)].width = width
    for place, (row, entry) in enumerate(entries, 2):
        for column, (key, _, filled) in enumerate(_COLUMNS, 1):
            cell = sheet.cell(place, column)
            if key == "text":
                _put_text(cell, row, entry.rule)
            else:
                _put(cell, _value(key, row, entry, lang))
            cell.alignment = wrapped
            if filled:
                cell.fill = to_fill
            # Excel must not take 1-3 for a date when somebody opens the cell
            cell.number_format = {
                "on": "yyyy-mm-dd",
                "clause": "@",
                "number": "@",
                "by": "@",
                "key": "@",
            }.get(key, "General")
        sheet.row_dimensions[place].height = _height(sheet[place])
    sheet.row_dimensions[1].height = 2 * _LINE
    last = max(len(entries) + 1, 2)
    letters = {key: get_column_letter(column) for column, (key, _, _) in enumerate(_COLUMNS, 1)}
    sheet.freeze_panes = f"{letters['rule']}2"
    sheet.auto_filter.ref = f"A1:{letters['key']}{last}"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0  # on paper: one page wide
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"
    choice = DataValidation(
        type="list",
        formula1=f'"{",".join(t(f"review.opinion.{o}", lang) for o in _OPINIONS)}"',
        allow_blank=True,
    )
    choice.errorTitle, choice.error = t("review.column.opinion", lang), t("review.validation", lang)
    choice.showErrorMessage = True
    choice.add(f"{letters['opinion']}2:{letters['opinion']}{last}")
    sheet.add_data_validation(choice)


def _height(cells: Iterable[Any]) -> float:
    """Return a height in points for the longest cell of a line: not every program fits heights by itself."""
    lines = 1
    for cell, (_, width, _) in zip(cells, _COLUMNS, strict=True):
        wide = (
            sum(1 + (character > "\u2e7f") for character in line)
            for line in str(cell.value or "").split("\n")
        )
        lines = max(lines, sum(1 + count // width for count in wide))
    return min(_LINE * lines, 409.0)  # Excel's limit


def _value(key: str, row: Mapping[str, Any], entry: _Entry, lang: str) -> str | int | float | None:
    """Return what stands in one cell of a line."""
    rule, reading = entry.rule, row.get("reading") or {}
    if key in ("opinion", "by", "on", "note"):
        return None
    if key == "rule":
        return None if entry.place is None else entry.place + 1
    if key == "key":
        return entry.key
    if key in ("reading", "edited"):
        if rule is None:
            return t("review.no_rule", lang) if key == "reading" else None
        sentence, error = _sentence(rule)
        return (
            sentence
            if error is None
            else t("review.broken_rule", lang, error=error)
            if key == "reading"
            else None
        )
    if key == "quote":
        start, end = (rule and _span(rule.get("quote"), row["text"])) or (0, 0)
        return str(row["text"][start:end])
    if key == "confidence":
        value = reading.get("confidence")
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if key == "doubts":
        return "\n".join(_doubt(str(code), lang) for code in reading.get("doubts") or ())
    if key == "state":
        review = (rule or {}).get("review") or {}
        parts = [
            _label(f"review.state.{review.get('state', 'draft')}", lang),
            review.get("by"),
            review.get("on"),
        ]
        return "" if rule is None else " ".join(str(part) for part in parts if part)
    if key == "dimension":
        return row.get("dimension_label") or _label(f"labels.dimension.{row.get('dimension', '')}", lang)
    if key == "level":
        return _label(f"labels.level.{row.get('level', '')}", lang)
    return str(row.get({"clause": "id"}.get(key, key), ""))


def _label(key: str, lang: str) -> str:
    """Return the words of a key, or its last part when there are none."""
    try:
        return t(key, lang)
    except (KeyError, TypeError):
        return key.rpartition(".")[2]


def _doubt(code: str, lang: str) -> str:
    try:
        return t(f"clauses.doubt.{code}", lang)
    except (KeyError, TypeError, OSError):
        return code


def _sentence(rule: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the reading of a rule, and why there is none."""
    try:
        check(rule)
        return sentences.sentence(rule, "zh-CN"), None
    except SanxianError as error:
        return "", error.text("zh-CN")
    except (TypeError, KeyError, ValueError) as error:
        return "", f"{type(error).__name__}: {error}"


def _put(cell: Any, value: str | float | None) -> None:
    """Put a value into a cell; text stays text, whatever it looks like."""
    if not isinstance(value, str):
        cell.value = value
        return
    cell.value = _shown(value)
    cell.data_type = "s"  # not a formula, not an error value
    if value.startswith(_ACTIVE):
        cell.quotePrefix = True


def _shown(text: str) -> str:
    """Return ``text`` as a cell can hold it: one kind of line break, □ for what is not allowed, cut when too long."""
    shown = _clean(text)
    if _units(shown) <= MAX_CELL:
        return shown
    tail = t("review.cut", "zh-CN", count=len(text))
    return _first(shown, MAX_CELL - _units(tail)) + tail


def _clean(text: str) -> str:
    return _ESCAPE.sub("_x005F_", _ILLEGAL.sub(_NOTHING, text.replace("\r\n", "\n").replace("\r", "\n")))


def _first(text: str, units: int) -> str:
    """Return the beginning of ``text`` that fits in so many UTF-16 code units."""
    return text.encode("utf-16-le")[: 2 * max(units, 0)].decode("utf-16-le", "ignore")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _put_text(cell: Any, row: Mapping[str, Any], rule: Mapping[str, Any] | None) -> None:
    """Put the clause text into a cell: what no rule rests on, what this rule quotes, what of it was not read."""
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont
    from openpyxl.styles.colors import Color

    text: str = row["text"]
    styles = _styles(row, rule)
    if not any(styles):
        _put(cell, text)
        return
    fonts = {
        _RESIDUE: InlineFont(color=Color("FFC00000"), u="single"),
        _QUOTE: InlineFont(b=True),
        _UNREAD: InlineFont(b=True, color=Color("FFB26A00")),
        _PLAIN: InlineFont(),
    }
    blocks: list[TextBlock] = []
    room = MAX_CELL
    whole = sum(_units(_clean(text[a:b])) for _, a, b in _runs(styles)) <= MAX_CELL
    tail = "" if whole else t("review.cut", "zh-CN", count=len(text))
    for style, start, end in _runs(styles):
        piece = _first(_clean(text[start:end]), room - _units(tail))
        room -= _units(piece)
        if piece:
            blocks.append(TextBlock(fonts[style], piece))
    if tail:
        blocks.append(TextBlock(fonts[_PLAIN], tail))
    cell.value = CellRichText(blocks)
    cell.data_type = "s"
    if text.startswith(_ACTIVE):
        cell.quotePrefix = True


def _runs(styles: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield style, start and end of every stretch of one style."""
    place = 0
    for style, members in itertools.groupby(styles):
        end = place + len(list(members))
        yield style, place, end
        place = end


def _styles(row: Mapping[str, Any], rule: Mapping[str, Any] | None) -> list[int]:
    text = row["text"]
    styles = [_PLAIN] * len(text)
    for span in (row.get("reading") or {}).get("residue") or ():
        if left := _span(span, text):
            styles[slice(*left)] = [_RESIDUE] * (left[1] - left[0])
    quote = _span((rule or {}).get("quote"), text)
    if rule is None or quote is None:
        return styles
    parts = rule.get("parts")
    spans = (
        [_span(p.get("at"), text) for p in parts or () if isinstance(p, Mapping)]
        if isinstance(parts, list)
        else []
    )
    read = {place for span in spans if span for place in range(*span)} | _function_words(text)
    for place in range(*quote):
        if styles[place] == _PLAIN:
            styles[place] = _UNREAD if read and place not in read and text[place].isalnum() else _QUOTE
    return styles


@lru_cache(maxsize=64)
def _function_words(text: str) -> frozenset[int]:
    """Return where words stand that ask no reading of their own (的, 项目, 除外)."""
    flat = plain(text)
    spans = (flat.published(t.start, t.end) for t in tokens(flat.text) if t.kinds.keys() & _FUNCTION)
    marks = (flat.published(m.start(), m.end()) for m in _EXCEPTS.finditer(flat.text))
    return frozenset(place for span in (*spans, *marks) for place in range(*span))


def _span(value: object, text: str) -> tuple[int, int] | None:
    """Return a span of ``text``, or ``None`` when ``value`` is none."""
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:
        start, end = value
        if type(start) is int and type(end) is int and 0 <= start < end <= len(text):
            return start, end
    return None


def _pieces(text: str) -> list[str]:
    return [text[place : place + _CHUNK] for place in range(0, len(text), _CHUNK)]


def _fill_legend(sheet: Worksheet, lang: str) -> None:
    from openpyxl.styles import Alignment, Font

    sheet.column_dimensions["A"].width = 110
    place = 0
    for language in LANGS if lang.startswith("en") else LANGS[:1]:
        for line in t("review.legend.text", language).strip().split("\n"):
            place += 1
            cell = sheet.cell(place, 1)
            _put(cell, line)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        for key, font in (
            ("residue", Font(color="FFC00000", underline="single")),
            ("quote", Font(bold=True)),
            ("unread", Font(bold=True, color="FFB26A00")),
        ):
            place += 1
            cell = sheet.cell(place, 1)
            _put(cell, t(f"review.legend.{key}", language))
            cell.font = font
        place += 1


def _saved(book: Workbook) -> bytes:
    """Return the workbook without the moment it was saved, which openpyxl writes twice."""
    raw = io.BytesIO()
    book.properties.creator = "sanxian"
    book.save(raw)
    book.close()
    return output.settled(raw.getvalue(), _MOMENT)


# --- reading -------------------------------------------------------------------------------------


def apply_workbook(rows: Iterable[Mapping[str, Any]], path: str | Path) -> Applied:
    """Return ``rows`` with what people decided in a workbook, and every line that does not count.

    A line is matched by its check code, so lines may be sorted, filtered or moved and columns added or moved;
    headers are found by name, in either language. A line that has a problem changes nothing.

    Raises
    ------
    NotInstalled
        openpyxl is missing.
    ReviewWorkbook
        The file cannot be read, is no review workbook, or lacks a column.
    ClauseError
        ``rows`` hold an id twice.
    """
    made = list(rows)
    places = _by_id(made)
    name = Path(path).name
    written, lines = _read(Path(path))
    counts = dict.fromkeys(("accepted", "changed", "rejected", "left", "untouched"), 0)
    problems: list[Problem] = []
    news: dict[str, dict[int | None, Mapping[str, Any]]] = {}
    met: dict[str, list[_Line]] = {}
    for line in lines:
        met.setdefault(str(line.values.get("key") or ""), []).append(line)
    for key, same in met.items():
        entry = written.get(key)
        if entry is None or len(same) > 1:
            code = "unknown_line" if entry is None else "duplicate"
            others = ", ".join(line.cells["key"] for line in same)
            problems += (_problem(_Found(code, "key", {"cells": others}), entry, line) for line in same)
            continue
        row = made[places[entry.id]] if entry.id in places else None
        decided = _decide(entry, row, same[0])
        if isinstance(decided, _Found):
            problems.append(_problem(decided, entry, same[0]))
            continue
        counts[decided.kind] += 1
        if decided.rule is not None:
            news.setdefault(entry.id, {})[entry.place] = decided.rule
    gone = (entry for key, entry in written.items() if key not in met)
    problems += (_problem(_Found("gone", "", {"source": name}), entry, None) for entry in gone)
    return Applied(
        rows=tuple(_with_rules(row, news[row["id"]]) if row["id"] in news else row for row in made),
        problems=tuple(problems),
        **counts,
    )


def _with_rules(row: Mapping[str, Any], news: Mapping[int | None, Mapping[str, Any]]) -> Mapping[str, Any]:
    rules = list(row.get("rules") or ())
    for index, rule in news.items():
        if index is None:
            rules.append(rule)
        else:
            rules[index] = rule
    return {**row, "rules": rules}


def _decide(entry: _Entry, row: Mapping[str, Any] | None, line: _Line) -> _Decided | _Found:
    """Return what one line decides, or why it does not count."""
    values = line.values
    opinion = _opinion(values.get("opinion"))
    edited = _edited(values.get("edited"))
    altered = _digest(_settled(edited)) != entry.said
    if opinion is None:
        if altered:
            return _Found("edited_only", "edited")
        if _text(values.get("note")):
            return _Found("note_only", "note")
        return _Decided("untouched")
    if opinion == "":
        return _Found("opinion", "opinion", {"value": _text(values["opinion"])[:40]})
    if row is None:
        return _Found("unknown_clause", "clause")
    if _moved(entry, line):
        return _Found("mixed", "key")
    if _digest(row["text"]) != entry.text:
        return _Found("text_changed", "clause")
    by, on = _text(values.get("by")), _day(values.get("on"))
    if not by:
        return _Found("no_reviewer", "by")
    if on is None:
        code = "bad_date" if _text(values.get("on")) else "no_date"
        return _Found(code, "on", {"value": _text(values.get("on"))[:40]})
    review = {"by": by, "on": on.isoformat()} | (
        {"note": note} if (note := _text(values.get("note"))) else {}
    )
    decided = _outcome(entry, row, opinion, edited, altered, review)
    if isinstance(decided, _Found):
        return decided
    return _against(entry, row, decided)


def _outcome(
    entry: _Entry,
    row: Mapping[str, Any],
    opinion: str,
    edited: str,
    altered: bool,
    review: Mapping[str, str],
) -> _Decided | _Found:
    """Return the rule an opinion leads to."""
    if opinion == "change":
        return _changed(entry, row, edited, altered, review)
    if opinion == "accept" and altered:
        return _Found("accept_edited", "edited")
    if entry.rule is None:
        return _Decided("left") if opinion == "accept" else _Found("nothing_to_reject")
    if opinion == "reject":
        return _Decided("rejected", {**entry.rule, "review": {"state": "rejected", **review}})
    if error := _fault(entry.rule, row["text"]):
        return _Found("broken", "reading", {"error": error})
    return _Decided("accepted", {**entry.rule, "review": {"state": "reviewed", **review}})


def _changed(
    entry: _Entry, row: Mapping[str, Any], edited: str, altered: bool, review: Mapping[str, str]
) -> _Decided | _Found:
    if not edited:
        return _Found("no_sentence", "edited")
    if not altered:
        return _Found("not_edited", "edited")
    old = entry.rule or {}
    try:
        new = dict(sentences.read_sentence(edited))
    except ClauseError as error:
        return _Found("sentence", "edited", {"error": {"zh": error.text("zh-CN"), "en": error.text("en")}})
    text: str = row["text"]
    for key in ("id", "note"):
        if key in old:
            new.setdefault(key, copy.deepcopy(old[key]))
    quote = _span(old.get("quote"), text) or ((0, len(text)) if text else None)
    if quote is not None:
        new["quote"] = list(quote)
    kept = [
        copy.deepcopy(part)
        for part in old.get("parts") or ()
        if isinstance(part, Mapping) and _still(part, old, new, text)
    ]
    if kept:
        new["parts"] = kept
    new["review"] = {"state": "reviewed", **review}
    if fault := _fault(new, text):
        return _Found("broken", "edited", {"error": fault})
    return _Decided("changed", new)


def _still(part: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any], text: str) -> bool:
    """Whether a part of the old rule is the same in the new one, and its words in the text."""
    path, absent = str(part.get("path")), object()
    before, after = _at(old, path, absent), _at(new, path, absent)
    return before is not absent and before == after and _span(part.get("at"), text) is not None


def _at(rule: Any, path: str, absent: object) -> object:
    node = rule
    for step in path.split("."):
        if isinstance(node, Mapping) and step in node:
            node = node[step]
        elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            return absent
    return node


def _fault(rule: Mapping[str, Any], text: str) -> dict[str, str] | None:
    try:
        check(rule, text=text)
    except SanxianError as error:
        return {"zh": error.text("zh-CN"), "en": error.text("en")}
    except (TypeError, KeyError, ValueError) as error:
        return dict.fromkeys(("zh", "en"), f"{type(error).__name__}: {error}")
    return None


def _against(entry: _Entry, row: Mapping[str, Any], decided: _Decided) -> _Decided | _Found:
    """Return the decision when the rule is still the one people saw, or is already what they decided."""
    rules = row.get("rules") or []
    if entry.place is None:
        now = rules[0] if len(rules) == 1 else None
        same = not rules
    else:
        now = rules[entry.place] if entry.place < len(rules) else None
        same = now is not None and encode(now) == encode(entry.rule)
    if same:
        return decided
    if now is not None and decided.rule is not None and encode(now) == encode(decided.rule):
        return _Decided(decided.kind)
    return _Found("rule_changed", "reading")


def _moved(entry: _Entry, line: _Line) -> bool:
    """Whether id or number of the line are those of another rule: cells were pasted over."""
    clause, rule = line.values.get("clause"), line.values.get("rule")
    rule = int(rule) if isinstance(rule, float) and rule.is_integer() else rule
    if clause is not None and _settled(str(clause)) != _settled(_shown(entry.id)):
        return True
    number = None if entry.place is None else entry.place + 1
    return "rule" in line.values and str("" if rule is None else rule) != str(
        "" if number is None else number
    )


def _opinion(value: object) -> str | None:
    """Return accept, change or reject; ``None`` for an empty cell, ``""`` for anything else."""
    word = _text(value)
    if not word:
        return None
    known = {t(f"review.opinion.{o}", lang): o for lang in LANGS for o in _OPINIONS}
    return known.get(word.lower(), "")


def _day(value: object) -> date | None:
    """Return a day as Excel or a person wrote it, ``None`` when it is none."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    match = _DAY.fullmatch(_text(value).replace(" ", ""))
    if match is None:
        return None
    year, *rest = (int(group) for group in match.groups() if group is not None)
    try:
        return date(year, *rest)
    except ValueError:
        return None


def _text(value: object) -> str:
    return "" if value is None else _unescaped(str(value)).strip()


def _edited(value: object) -> str:
    return _text(value).replace("\r\n", "\n").replace("\r", "\n")


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _settled(text: str) -> str:
    """Return text as it compares: a cell may come back unescaped once, twice or not at all."""
    while (again := _unescaped(text)) != text:
        text = again
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _problem(found: _Found, entry: _Entry | None, line: _Line | None) -> Problem:
    cell = "" if line is None else line.cells.get(found.column) or line.cells["key"]
    words = {
        lang: t(
            f"review.problem.{found.code}",
            lang,
            **{
                k: v.get("en" if lang == "en" else "zh") if isinstance(v, dict) else v
                for k, v in found.fields.items()
            },
        )
        for lang in LANGS
    }
    return Problem(
        cell=cell,
        clause="" if entry is None else entry.id,
        rule=None if entry is None or entry.place is None else entry.place + 1,
        code=found.code,
        zh=words["zh-CN"],
        en=words["en"],
    )


def _read(path: Path) -> tuple[dict[str, _Entry], list[_Line]]:
    """Return what the workbook was written for, by check code, and its lines."""
    try:
        import openpyxl
    except ImportError:
        raise NotInstalled(what="Excel", package="openpyxl", extra="excel") from None
    if not path.is_file():
        raise _workbook_error(path, "no_file")
    try:
        with archives.open_archive(path, path.name) as archive:
            for member in archive.names:
                if b"<!DOCTYPE" in (content := archive.read(member)) or b"<!ENTITY" in content:
                    raise _workbook_error(path, "unsafe")
    except OSError as error:
        raise _workbook_error(path, "unreadable", error=error.strerror or "") from error
    except ReviewWorkbook:
        raise
    except SanxianError as error:
        raise _workbook_error(path, "damaged", error=error.code) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # extensions of other programs are not ours to judge
        try:
            book = openpyxl.load_workbook(path, data_only=True, keep_links=False)
        except Exception as error:  # a damaged workbook makes the reader raise almost anything
            raise _workbook_error(path, "damaged", error=type(error).__name__) from error
    try:
        if _HIDDEN not in book.sheetnames:
            raise _workbook_error(path, "no_hidden")
        written = _written(path, book[_HIDDEN])
        for sheet in book.worksheets:
            if sheet.title != _HIDDEN and (lines := _lines(path, sheet)) is not None:
                return written, lines
        raise _workbook_error(path, "no_header", columns="、".join(t(f"review.column.{k}") for k in _NEEDED))
    finally:
        book.close()


def _written(path: Path, sheet: Worksheet) -> dict[str, _Entry]:
    written: dict[str, _Entry] = {}
    for key, *pieces in sheet.iter_rows(values_only=True):
        if key is None:
            continue
        try:
            entry = _Entry(**decode("".join(str(piece) for piece in pieces if piece is not None)))
            if entry.key != key:
                raise ValueError(key)
        except (TypeError, ValueError) as error:
            raise _workbook_error(path, "altered") from error
        written[str(key)] = entry
    return written


def _lines(path: Path, sheet: Worksheet) -> list[_Line] | None:
    """Return the lines of a sheet below its header, ``None`` when it has none."""
    names = {t(f"review.column.{key}", lang): key for lang in LANGS for key, _, _ in _COLUMNS}
    for row, cells in enumerate(sheet.iter_rows(max_row=_HEADER_ROWS), 1):
        found = [(names[word], cell.column) for cell in cells if (word := _text(cell.value)) in names]
        columns = dict(found)
        if set(_NEEDED) <= set(columns):
            if twice := sorted({key for key, _ in found if [k for k, _ in found].count(key) > 1}):
                raise _workbook_error(
                    path, "column_twice", columns="、".join(t(f"review.column.{k}") for k in twice)
                )
            return _below(sheet, row + 1, columns)
    return None


def _below(sheet: Worksheet, first: int, columns: Mapping[str, int | None]) -> list[_Line]:
    lines: list[_Line] = []
    for cells in sheet.iter_rows(min_row=first):
        by_column = {cell.column: cell for cell in cells}
        values = {key: by_column[column].value for key, column in columns.items()}
        if any(_text(value) for value in values.values()):
            where = {key: f"{sheet.title}!{by_column[column].coordinate}" for key, column in columns.items()}
            lines.append(_Line(values, where))
    return lines


def _workbook_error(path: Path, code: str, **fields: object) -> ReviewWorkbook:
    reason = {
        "zh": t(f"review.workbook.{code}", "zh-CN", **fields),
        "en": t(f"review.workbook.{code}", "en", **fields),
    }
    return ReviewWorkbook(source=path.name, reason=reason)


def _clause_error(code: str, **fields: object) -> ClauseError:
    reason = {
        "zh": t(f"review.workbook.{code}", "zh-CN", **fields),
        "en": t(f"review.workbook.{code}", "en", **fields),
    }
    return ClauseError(reason=reason)

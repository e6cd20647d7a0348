"""Access lists as provinces hand them out: tables become rows of a clause file, and a log of all the rest.

A cell often holds several requirements; it is split where its own numbering says so. The words stay as they
were published: only the number moves into ``number``, and the sentence that leads into a list of items stands
before each of them. Whatever the layout does not say (where a clause holds, its level, its dimension) is left
empty and logged, never guessed.
"""

from __future__ import annotations

import bisect
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from sanxian.clauses.tables import Cell, Entry, Place, Table, entry, excerpt, is_blank, read_tables
from sanxian.clauses.text import plain
from sanxian.errors import ClauseError, ListLayout
from sanxian.i18n import t
from sanxian.model import Level, Scope

Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReading:
    """What a list file holds."""

    rows: tuple[Mapping[str, Any], ...]  # of a clause file, without rules, in the order of the file
    log: tuple[Entry, ...]


# --- words -----------------------------------------------------------------------------------


class _Label(NamedTuple):
    """What a header, or a word in a column of dimensions, means."""

    role: str  # key of [columns], or "dimension_column" for one of the four dimensions
    dimension: str = ""
    rank: int = 0  # of two columns for one thing the better word wins


class _Words(NamedTuple):
    labels: Mapping[str, _Label]
    dimensions: Mapping[str, str]
    before: tuple[str, ...]
    after: tuple[str, ...]
    levels: Mapping[str, str]
    heading_levels: tuple[tuple[str, str], ...]
    classes: Mapping[str, str]
    nothing: frozenset[str]
    same: frozenset[str]
    whole: frozenset[str]
    link: re.Pattern[str]


def _squeezed(text: str) -> str:
    """Return a text for comparison: simplified, half-width, without white space and end marks."""
    return re.sub(r"\s+", "", plain(text).text).lower().rstrip("。.;,:、")


@lru_cache(maxsize=1)
def _words() -> _Words:
    text = resources.files("sanxian").joinpath("data", "list_headers.toml").read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)

    def by_word(words: Mapping[str, Sequence[str]]) -> dict[str, str]:
        return {_squeezed(word): key for key, listed in words.items() for word in listed}

    labels = {
        _squeezed(word): _Label(role, rank=rank)
        for role, listed in table["columns"].items()
        for rank, word in enumerate(listed)
    }
    cells = table["cells"]
    verbs, targets = ("|".join(map(re.escape, cells[key])) for key in ("link_verbs", "link_targets"))
    return _Words(
        labels=labels,
        dimensions=by_word(table["categories"]) | by_word(table["dimensions"]),
        before=tuple(table["around"]["before"]),
        after=tuple(table["around"]["after"]),
        levels=by_word(table["levels"]),
        heading_levels=tuple((w, level) for level, listed in table["heading_levels"].items() for w in listed),
        classes=by_word(table["classes"]),
        nothing=frozenset(map(_squeezed, cells["nothing"])) | {""},
        same=frozenset(map(_squeezed, cells["same"])),
        whole=frozenset(map(_squeezed, cells["whole"])),
        link=re.compile(
            rf"(?!.*(?:禁止|不得|严禁|限制|退出))(?:严格|继续|应当|应|须)*(?:{verbs}).*(?:{targets})"
            r"(?:中?的?(?:相关|有关)?(?:要求|规定|内容))?(?:执行|落实)?"
        ),
    )


_NUMBER_BEFORE: Final = re.compile(
    r"(?:\([一二三四五六七八九十\d]{1,3}\)|[一二三四五六七八九十\d]{1,3}[、.)])"
)


def _label(text: str) -> _Label | None:
    """Return what a short text means as a header or a dimension, ``None`` when nobody knows."""
    return _meaning(text) if len(text) <= _WORD_CHARS else None


@lru_cache(maxsize=65_536)
def _meaning(text: str) -> _Label | None:
    words = _words()
    whole = re.sub(r"[\[\]【】《》“”\"*]", "", _squeezed(text))
    numberless = _NUMBER_BEFORE.sub("", whole, count=1) if _NUMBER_BEFORE.match(whole) else whole
    for key in (whole, numberless, re.sub(r"\([^()]*\)", "", numberless), re.sub(r"[()]", "", numberless)):
        if (label := words.labels.get(key)) is not None:
            return label
        for before in ("", *words.before):
            for after in ("", *words.after):
                core = key.removeprefix(before).removesuffix(after)
                if (dimension := words.dimensions.get(core)) is not None:
                    return _Label("dimension_column", dimension)
    return None


def _dimension(text: str) -> str:
    """Return the dimension a word names, "" when it names none."""
    label = _label(text.strip())
    return label.dimension if label is not None else ""


# --- numbers in a cell -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One requirement of a cell."""

    number: str  # as printed, from the outermost: "1-1", "（1）①"; "" without one
    path: tuple[str, ...]  # the same as plain ordinals
    own: str  # its words as published
    before: tuple[str, ...]  # sentences that lead into it, outermost first
    at: Span  # where its own words stand in the cell
    marks: tuple[Span, ...]  # where its numbers stand, and punctuation that belongs to nothing
    leads: tuple[Span, ...]  # where ``before`` stands

    @property
    def text(self) -> str:
        """The leads, then its own words."""
        return "".join((*self.before, self.own))


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A cell parted into requirements."""

    pieces: tuple[Piece, ...]
    last: tuple[str, tuple[int, ...]] | None  # kind and ordinal of the last outermost number
    refused: tuple[str, ...]  # what stands like a number at the start of a line but does not go up by one


_DIGITS: Final = "一二三四五六七八九"
_TENS: Final = {"十": 10, "百": 100}
_CN: Final = f"[{_DIGITS}十百]"
_WORD: Final = r"(?=[^\W\d_]|[【（(《“\[])"  # a word begins here
_WHOLE: Final = r"(?:(?!\d)|(?=(?:19|20)\d\d年))"  # no decimal goes on here; a year may
_GAP: Final = r"[ \t\u3000]*"
_MARK: Final = re.compile(
    rf"""(?<![\d.．\-–—a-zA-Z])(?:
        (?P<hyphen>\d{{1,2}}(?:[-‐‑–—－]\d{{1,3}}){{1,2}})(?:{_GAP}[.．、:：]{_WHOLE}{_GAP}|{_GAP}{_WORD})
      | (?P<dotted>\d{{1,2}}(?:[.．]\d{{1,2}}){{1,3}})(?:{_GAP}[、]{_GAP}|[.．](?!\d){_GAP}|{_GAP}{_WORD})
      | [（(]{_GAP}(?:(?P<pair>\d{{1,3}})|(?P<pair_cn>{_CN}{{1,4}})|(?P<pair_letter>[A-Za-z])
          |(?P<pair_path>\d{{1,2}}[-.．]\d{{1,2}})){_GAP}[）)][、.．]?
      | (?P<closed>\d{{1,3}})[）)]
      | (?P<closed_letter>[A-Za-z])[）)]
      | 第(?P<article>{_CN}{{1,4}}|\d{{1,3}})条[ \t\u3000、:：]*
      | 第(?P<ordinal>{_CN}{{1,4}}|\d{{1,3}})[，,、：:]
      | (?P<first>{_CN}{{1,3}})是[，,：:]?
      | (?P<cn>{_CN}{{1,4}})[、.．]
      | (?P<digit>\d{{1,3}}){_GAP}(?:、|[.．]{_WHOLE})
      | (?P<lower>[a-z])[.．、](?=\D)
      | (?P<upper>[A-Z])[.．、](?=\D)
      | (?P<spaced>\d{{1,2}})[ \t\u3000]+{_WORD}
    )
    | (?<![第见按照和及与、至到或～~\-—])(?:
        (?P<circled>[①-⑳㉑-㉟㊱-㊿])|(?P<ringed>[⑴-⒇])|(?P<stopped>[⒈-⒛])|(?P<dark>[❶-❿])|(?P<pair_sign>[㈠-㈩])
    )[、.．]?""",
    re.VERBOSE,
)
_LINE_ONLY: Final = {"dotted", "spaced"}
_AFTER_COMMA: Final = {"first", "ordinal", "pair", "closed"}
_SIGNS: Final = {"circled", "ringed", "stopped", "dark", "pair_sign"}
_NEVER_ALONE: Final = {
    "dotted",
    "spaced",
    "first",
    "ordinal",
    "lower",
    "upper",
    "closed_letter",
    "pair_letter",
}
_SENTENCE_END: Final = "。；;！!？?"
_OPEN: Final = {"（": "）", "(": "）", "【": "】", "[": "】", "〔": "】", "《": "》", "“": "”", "「": "」"}
_CLOSE: Final = {"）": "）", ")": "）", "】": "】", "]": "】", "〕": "】", "》": "》", "”": "”", "」": "」"}
_MAX_LEAD: Final = 200  # a longer sentence is a requirement of its own
_MAX_PASSES: Final = 50


class _Mark(NamedTuple):
    start: int
    end: int
    kind: str
    key: tuple[int, ...]
    line: bool  # nothing stands before it on its line
    label: str


@dataclass(slots=True, eq=False)
class _Item:
    """A numbered item while the cell is read; the root has no number."""

    mark: _Mark
    parent: _Item | None
    series: int = -1
    children: int = 0
    body: Span = (0, 0)
    lead: Span | None = None


def split(
    text: str,
    *,
    numbered: Iterable[tuple[int, int]] = (),
    after: tuple[str, tuple[int, ...]] | None = None,
) -> Split:
    r"""Return the requirements in the text of one cell.

    Every character that is no white space lies in exactly one ``at``, or in a mark or a lead.

    Parameters
    ----------
    text : str
        The cell, line ends as ``\n``.
    numbered : iterable of (offset, depth)
        Paragraphs that the word processor numbers by itself.
    after : (kind, ordinal), optional
        ``last`` of the cell before, where the numbers of a list run on from cell to cell.

    Examples
    --------
    >>> [(p.number, p.text) for p in split("禁止：（1）采砂；（2）采石，2025.1.1起。").pieces]
    [('（1）', '禁止：采砂；'), ('（2）', '禁止：采石，2025.1.1起。')]
    """
    inside = _bracketed(text)
    marks = list(_marks(text, inside))
    starts = {mark.start for mark in marks if mark.line}
    for offset, depth in numbered:
        if text[offset:].lstrip() and offset + _leading(text, offset) not in starts:
            bisect.insort(marks, _Mark(offset, offset, f"auto{depth}", (), True, ""))
    banned: set[int] = set()
    for _ in range(_MAX_PASSES):
        items, refused = _tree(text, marks, banned, after)
        wrong = _wrong(text, items, after)
        if not wrong:
            break
        banned |= wrong
    else:
        items, refused = _tree(text, [m for m in marks if m.kind.startswith("auto")], set(), after)
    outermost = [i for i in items if i.parent is items[0] and i.mark.key]
    last = (outermost[-1].mark.kind, outermost[-1].mark.key) if outermost else None
    return Split(pieces=tuple(_pieces(text, items, inside)), last=last, refused=tuple(refused))


def _leading(text: str, offset: int) -> int:
    rest = text[offset : offset + 200]
    return len(rest) - len(rest.lstrip(" \t\u3000"))


def _bracketed(text: str) -> bytearray:
    """Return 1 for each place between a bracket and its partner; lone brackets enclose nothing."""
    inside = bytearray(len(text) + 1)
    opened: list[tuple[int, str]] = []
    for place, character in enumerate(text):
        if character in _OPEN:
            opened.append((place, _OPEN[character]))
        elif character in _CLOSE:
            at = next((n for n in range(len(opened) - 1, -1, -1) if opened[n][1] == _CLOSE[character]), None)
            if at is not None:
                start = opened[at][0]
                inside[start + 1 : place + 1] = b"\1" * (place - start)
                del opened[at:]
    return inside


def _marks(text: str, inside: bytearray) -> Iterator[_Mark]:
    """Yield what could be a number, where one could stand."""
    for match in _MARK.finditer(text):
        kind, start = match.lastgroup or "", match.start()
        if inside[start]:
            continue
        gap = start > 0 and text[start - 1] in " \t\u3000"
        previous = text[max(0, start - 200) : start].rstrip(" \t\u3000")[-1:]
        line = previous in ("", "\n")
        if not line and kind not in _SIGNS:
            allowed = previous in _SENTENCE_END + "：:" or (
                kind != "hyphen"
                and (gap or previous in "）)】”" or (previous in "，," and kind in _AFTER_COMMA))
            )
            if not allowed or kind in _LINE_ONLY:
                continue
        key = _ordinal(match[kind])
        if kind in ("hyphen", "dotted", "pair_path"):
            kind += str(len(key))
        label = match[0].strip().rstrip("、.．:：，, \t\u3000")
        yield _Mark(start, match.end(), kind, key, line, label)


def _ordinal(text: str) -> tuple[int, ...]:
    """Return a printed number as integers: ``3-7`` as (3, 7), ``二十一`` as (21,), ``b`` as (2,)."""
    if len(text) == 1 and (text.isascii() and text.isalpha()):
        return (ord(text.lower()) - 96,)
    plain_text = unicodedata.normalize("NFKC", text).strip("().")
    if plain_text[:1].isdigit():
        return tuple(int(part) for part in re.split(r"\D+", plain_text) if part)
    value = last = 0
    for character in plain_text:
        if character in _TENS:
            value += (last or 1) * _TENS[character]
            last = 0
        else:
            last = _DIGITS.find(character) + 1
    return (value + last,)


def _is_first(key: tuple[int, ...]) -> bool:
    return key[-1] == 1


def _follows(key: tuple[int, ...], last: tuple[int, ...]) -> bool:
    """Whether an ordinal is the next one: 1-2 after 1-1, 2-1 after any 1-x."""
    if key[:-1] == last[:-1]:
        return key[-1] == last[-1] + 1
    return len(key) == len(last) > 1 and key[-1] == 1 and _follows(key[:-1], last[:-1])


def _tree(
    text: str, marks: Sequence[_Mark], banned: set[int], after: tuple[str, tuple[int, ...]] | None
) -> tuple[list[_Item], list[str]]:
    """Return the items in order, the root first, and the numbers that no series accepts."""
    root = _Item(_Mark(0, 0, "", (), True, ""), None)
    items, refused = [root], []
    stack: list[_Item] = []  # the last item of every series that is open, outermost first
    series = 0
    for mark in marks:
        auto = mark.kind.startswith("auto")
        if mark.start in banned and not auto:
            continue
        if auto:  # a shallower number ends the deeper ones
            while stack and stack[-1].mark.kind.startswith("auto") and stack[-1].mark.kind > mark.kind:
                stack.pop()
        at = next((n for n in range(len(stack) - 1, -1, -1) if stack[n].mark.kind == mark.kind), None)
        if at is not None and (auto or _follows(mark.key, stack[at].mark.key)):
            item = _Item(mark, stack[at].parent, stack[at].series)
            del stack[at:]
        elif at is not None:
            heading = _heading_before(text, mark, items[-1]) if _is_first(mark.key) else None
            if heading is None:
                refused += [mark.label] if mark.line else []
                continue
            group = _Item(_Mark(heading, heading, "group", (), True, ""), stack[at].parent)
            items.append(group)
            del stack[at:]
            series += 1
            item = _Item(mark, group, series)
        elif auto or _is_first(mark.key) or _continues(text, mark, after):
            series += 1
            item = _Item(mark, stack[-1] if stack else root, series)
        else:
            refused += [mark.label] if mark.line else []
            continue
        stack.append(item)
        items.append(item)
    for item, following in pairwise(items):
        item.body = item.mark.end, following.mark.start
    items[-1].body = items[-1].mark.end, len(text)
    for item in items[1:]:
        if item.parent is not None:
            item.parent.children += 1
    return items, refused


def _continues(text: str, mark: _Mark, after: tuple[str, tuple[int, ...]] | None) -> bool:
    """Whether a cell begins with the number that comes after the last one of the cell before."""
    return (
        after is not None
        and mark.kind == after[0]
        and is_blank(text[: mark.start])
        and _follows(mark.key, after[1])
    )


def _heading_before(text: str, mark: _Mark, last: _Item) -> int | None:
    """Return where the unnumbered heading line right before a number begins, after which numbers start anew."""
    if not mark.line:
        return None
    begin = max(last.mark.end, mark.start - 2 * _MAX_LEAD)
    above = text[begin : mark.start].rstrip()
    start = above.rfind("\n")
    line = above[start + 1 :].strip()
    if start < 0 or not line:
        return None
    is_heading = line[-1] in "：:" or re.fullmatch(r"[^。；;，,]{1,20}", line)
    return begin + start + 1 if is_heading else None


def _wrong(text: str, items: Sequence[_Item], after: tuple[str, tuple[int, ...]] | None) -> set[int]:
    """Return the starts of marks that number nothing: an item without words, a series of one in mid-sentence."""
    wrong = set()
    sizes = Counter(item.series for item in items)
    for item in items[1:]:
        mark = item.mark
        if not mark.key:
            continue
        if not item.children and not _has_words(text[item.body[0] : item.body[1]]):
            wrong.add(mark.start)
        elif sizes[item.series] == 1 and not _continues(text, mark, after):
            kind = mark.kind.rstrip("0123456789")
            begin = item.parent.mark.end if item.parent is not None else 0
            before = text[max(begin, mark.start - _MAX_LEAD) : mark.start].rstrip()
            runs_on = kind in ("cn", "digit") and re.match(rf"\d|{_CN}", text[mark.end : mark.end + 1])
            if kind in _NEVER_ALONE or runs_on or not (mark.line or not before or before[-1] in "：:"):
                wrong.add(mark.start)  # 一、二类工业 is no item
    return wrong


def _has_words(text: str) -> bool:
    return re.search(r"\w", text) is not None


def _trim(text: str, span: Span) -> Span:
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _pieces(text: str, items: Sequence[_Item], inside: bytearray) -> list[Piece]:
    pieces: list[Piece] = []
    bare: list[Span] = []  # punctuation that belongs to nothing; it goes with the marks of its neighbour
    for item in items:
        own = item.body
        if item.children:
            own, item.lead = _lead(text, own, inside)
        if item.lead is not None and not _has_words(text[slice(*item.lead)]):
            bare.append(item.lead)
            item.lead = None
        path = _path(item)
        # a heading amid the items takes the place of the words that led into those before it
        leads = tuple(
            i.lead for i, below in pairwise(path) if i.lead is not None and below.mark.kind != "group"
        )
        spans = _lines(text, own, inside) if not item.mark.key else [(_trim(text, own), ())]
        for at, line_leads in spans:
            if at[0] == at[1]:
                continue
            if not _has_words(text[slice(*at)]):
                bare.append(at)
                continue
            every = leads + line_leads
            pieces.append(
                Piece(
                    number=_printed(text, path),
                    path=tuple("-".join(map(str, i.mark.key)) for i in path if i.mark.key),
                    own=text[slice(*at)],
                    before=tuple(text[slice(*span)] for span in every),
                    at=at,
                    marks=(*bare, *((i.mark.start, i.mark.end) for i in path if i.mark.key)),
                    leads=every,
                )
            )
            bare = []
    if bare and pieces:
        pieces[-1] = replace(pieces[-1], marks=(*pieces[-1].marks, *bare))
    return pieces


def _path(item: _Item) -> list[_Item]:
    """Return the items from the outermost down to ``item``, the root first."""
    path = [item]
    while path[-1].parent is not None:
        path.append(path[-1].parent)
    return path[::-1]


def _printed(text: str, path: Sequence[_Item]) -> str:
    """Return the numbers of a path as printed; two that would run together keep what was printed between."""
    number = between = ""
    for item in path:
        label = item.mark.label
        if not label:
            continue
        number += (between if _runs_together(number, label) else "") + label
        printed = text[item.mark.start : item.mark.end].strip()
        between = printed[len(label) :].strip() or "."
    return number


def _runs_together(before: str, after: str) -> bool:
    """Whether two numbers side by side would read as one: 1 and 2, but not 1 and ①."""
    return all(character.isalpha() or character.isdecimal() for character in (before[-1:], after[:1]))


def _joined(number: str, below: str) -> str:
    """Return the number of a row and that of a piece in its cell as one."""
    return number + ("." if _runs_together(number, below) else "") + below


def _lead(text: str, span: Span, inside: bytearray) -> tuple[Span, Span | None]:
    """Return a body's own words, and the sentence that leads into the items below it (it ends in a colon)."""
    start, end = _trim(text, span)
    if start == end or text[end - 1] not in "：:":
        return (start, end), None
    at = end - 1
    while at > start and (inside[at - 1] or text[at - 1] not in _SENTENCE_END + "\n"):
        at -= 1
    lead = _trim(text, (at, end))
    return ((start, end), None) if lead[1] - lead[0] > _MAX_LEAD else (_trim(text, (start, at)), lead)


def _lines(text: str, span: Span, inside: bytearray) -> list[tuple[Span, tuple[Span, ...]]]:
    """Return the lines of a text without numbers, each with the line that leads into it.

    A line goes on in the next one inside brackets, after a comma, and where other lines end in a full stop
    or semicolon but it does not: a hard line break of the typesetter.
    """
    breaks = [i for i in range(*span) if text[i] == "\n" and not inside[i]]
    edges = [span[0], *breaks, span[1]]
    lines = [line for pair in pairwise(edges) if (line := _trim(text, pair))[0] < line[1]]
    ended = any(text[end - 1] in _SENTENCE_END for _, end in lines[:-1])
    joined: list[Span] = []
    for start, end in lines:
        goes_on = joined and (
            (tail := text[joined[-1][1] - 1]) in "，、,"
            or (ended and tail not in _SENTENCE_END + "：:）)】”")
            or not _has_words(text[start:end])
        )
        if goes_on:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    found: list[tuple[Span, tuple[Span, ...]]] = []
    lead: tuple[Span, ...] = ()
    for n, line in enumerate(joined):
        tail = text[line[1] - 1]
        if tail in "：:" and n + 1 < len(joined) and line[1] - line[0] <= _MAX_LEAD:
            if lead and found[-1:] != [(joined[n - 1], lead)]:  # nothing came of the one before
                found.append((lead[0], ()))
            lead = (line,)
            continue
        found.append((line, lead))
        if tail not in "；;":  # the list that was led into ends here
            lead = ()
    return found


# --- headers ---------------------------------------------------------------------------------

_REQUIRING: Final = ("requirement", "dimension_column")
_IDENTITY: Final = ("code", "name", "class", "region", "region_code", "province", "prefecture", "county", "park", "park_code")  # fmt: skip


_VALUE: Final = re.compile(r"[\w\s.,-]*\d[\w\s.,-]*", re.ASCII)  # a code or a number; no header says that


class _Column(NamedTuple):
    role: str
    dimension: str  # of a column of one dimension
    label: str  # as published
    category: str
    rank: int


def _distinct(line: Sequence[Cell]) -> list[Cell]:
    """Return the cells of a row, each merged cell once."""
    return list({(cell.row, cell.column): cell for cell in line}.values())


def _filled(line: Sequence[Cell]) -> list[Cell]:
    return [cell for cell in _distinct(line) if not is_blank(cell.text)]


def _is_header(line: Sequence[Cell]) -> bool:
    """Whether a row names columns of a list; one that names a single dimension is data."""
    cells = _filled(line)
    labels = [label for cell in cells if (label := _label(cell.text)) is not None]
    dimensions = {label.dimension for label in labels if label.dimension}
    roles = {label.role for label in labels if not label.dimension}
    if len(dimensions) < 2 and not roles & {"requirement", "code"}:
        return False
    if any(_VALUE.fullmatch(cell.text) for cell in cells):
        return False
    known = len(roles) + len(dimensions)
    return (known == len(cells) == len(line) == 1) or (known >= 2 and 3 * known >= len(cells))


def _is_subheader(line: Sequence[Cell], above: Sequence[Cell], can_merge: bool) -> bool:
    """Whether the row below a header goes on with it: it shares a merged cell, or holds nothing but labels."""
    cells = _filled(line)
    if any(len(cell.text.strip()) > 40 for cell in cells):
        return False
    if any(cell is over and not is_blank(cell.text) for cell, over in zip(line, above, strict=True)):
        return True
    return _is_header(line) or (
        not can_merge and bool(cells) and all(_label(cell.text) is not None for cell in cells)
    )


def _columns(header: Sequence[Sequence[Cell]], can_merge: bool) -> dict[int, _Column]:
    """Return what each column holds by the rows of its header, the lowest known word first."""
    found: dict[int, _Column] = {}
    rows = [list(row) for row in header]
    if not can_merge:  # a table without merged cells writes the word of a group over its first column
        for upper, lower in pairwise(rows):
            for c in range(1, len(upper)):
                if is_blank(upper[c].text) and not is_blank(lower[c].text):
                    upper[c] = upper[c - 1]
    for c in range(len(rows[0])):
        texts = list(dict.fromkeys(row[c].text.strip() for row in rows if not is_blank(row[c].text)))
        labels = [(text, _label(text)) for text in texts]
        known = [(n, text, label) for n, (text, label) in enumerate(labels) if label is not None]
        if not known:
            continue
        requiring = [k for k in known if k[2].role in _REQUIRING]
        n, text, label = next((k for k in requiring if k[2].dimension), (requiring or known)[-1])
        if requiring and known[-1][2].role not in _REQUIRING:
            n, text, label = known[-1]
        below = texts[n + 1 :] if label.role in _REQUIRING else []
        found[c] = _Column(label.role, label.dimension, text, "".join(below[-1:]), label.rank)
    return found


def _card(line: Sequence[Cell], going: bool) -> dict[str, str] | None:
    """Return what a row of label and value pairs says about a unit, ``None`` for any other row."""
    said: dict[str, str] = {}
    cells = _distinct(line)
    at = 0
    while at < len(cells):
        label = _label(cells[at].text)
        if label is not None and label.role in _IDENTITY:
            value = cells[at + 1].text.strip() if at + 1 < len(cells) else ""
            if value and _label(value) is not None:
                return None
            said.setdefault(label.role, value)
            at += 2
        elif is_blank(cells[at].text):
            at += 1
        else:
            return None
    strong = said.keys() & {"code", "name", "park", "park_code"}
    return said if any(said.values()) and (strong or (going and said)) else None


# --- reading a file --------------------------------------------------------------------------

_CODE: Final = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{9,}(?![A-Za-z0-9])")  # as headings write a unit's code
_REGION: Final = re.compile(r"(?<!\d)\d{6}(?!\d)")
_DAY: Final = re.compile(
    r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?(?:起.*)?|(\d{4})(\d\d)(\d\d)"
)
_PLAIN_SHEET: Final = re.compile(r"(?:sheet|工作表|表)\s*\d*", re.IGNORECASE)
_LETTERS: Final = {"SPATIAL": "S", "EMISSION": "E", "RISK": "R", "RESOURCE": "U", "": "X"}
_HEADING_CHARS: Final = 60  # a longer line across the table is a note
_WORD_CHARS: Final = 40  # longer cells are no words such as 无 or 同上


def read_list(
    path: str | Path,
    *,
    level: Level | str | None = None,
    scope: Mapping[str, Any] | None = None,
    document: str = "",
    unit: str = "",
) -> ListReading:
    """Return the requirements of an access list as rows of a clause file, and what was met on the way.

    Parameters
    ----------
    path : str or Path
        See :func:`sanxian.clauses.tables.read_tables`; the layouts are in ``docs/how-to/clause-lists.md``.
    level : Level or str, optional
        Level of rows that do not state one.
    scope : mapping, optional
        Scope of rows that do not state one (``{"everywhere": True}``, ``{"regions": ["6328"]}`` …). Without
        it such rows have an empty scope and an entry in the log; a clause never holds everywhere by silence.
        A row that names its place in words only is not covered: this scope could be wider than the place.
    document : str, optional
        Document every clause belongs to; without it the text of the list's own column (依据、来源文件).
    unit : str, optional
        Code of the control unit, where the whole list is of one unit.

    Returns
    -------
    ListReading
        Each row has ``id``, ``number``, ``level``, ``dimension``, ``dimension_label``, ``category``, ``text``,
        ``document``, ``scope`` and ``source``; ``valid_from``, ``valid_to`` (ISO dates), ``basis`` and ``link``
        where the list states them. ``level`` and ``dimension`` are "" when nothing says them.

    Raises
    ------
    InputError
        The file cannot be read, or holds no list.
    ClauseError
        ``scope`` or ``level`` is no scope or level.
    """
    return _Reader(Path(path), _known_level(level), _known_scope(scope), document, unit).read()


def _known_level(level: Level | str | None) -> str:
    if not level:
        return ""
    try:
        return Level(level).value
    except ValueError:
        raise _misuse("level_unusable", level=level, known=", ".join(Level)) from None


def _known_scope(scope: Mapping[str, Any] | None) -> dict[str, Any]:
    known = [f.name for f in fields(Scope)]
    if unknown := [key for key in scope or {} if key not in known]:
        raise _misuse("scope_unusable", keys="、".join(map(str, unknown)), known=", ".join(known))
    return dict(scope or {})


def _misuse(key: str, **given: object) -> ClauseError:
    zh, en = (t(f"lists.{key}", lang, **given) for lang in ("zh-CN", "en"))
    return ClauseError(reason={"zh": zh, "en": en})


class _Facet(NamedTuple):
    """Dimension of a clause, as understood and as published."""

    dimension: str
    label: str
    category: str = ""


@dataclass(slots=True)
class _Group:
    """A requirement cell with every row and column it covers."""

    cell: Cell
    text: str
    numbered: tuple[tuple[int, int], ...]
    column: int
    rows: list[dict[str, str]]  # what each row says besides, by role
    facets: list[_Facet]
    numbers_clauses: bool  # the number column counts clauses, not units
    heading: str
    repeats: Cell | None = None  # the cell that 同上 stands for


@dataclass(slots=True)
class _State:
    """What holds while the rows of one table are read."""

    columns: dict[int, _Column] = field(default_factory=dict)
    header: list[Sequence[Cell]] = field(default_factory=list)
    header_row: int = -1  # index of its last row
    card_row: int = -1
    context: dict[str, str] = field(default_factory=dict)  # of the unit that stands above
    headings: list[str] = field(default_factory=list)
    heading_facet: _Facet | None = None
    row_facet: _Facet | None = None
    above: dict[int, tuple[str, Cell]] = field(default_factory=dict)  # by column, for 同上
    groups: dict[tuple[int, int], _Group] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)  # row of each unit code
    code: str = ""  # of the row before

    def label_of(self, role: str) -> str:
        """Return the header of the column with a role."""
        return next((column.label for column in self.columns.values() if column.role == role), role)

    def has(self, *roles: str) -> bool:
        """Whether a column has one of the roles."""
        return any(column.role in roles for column in self.columns.values())


class _Reader:
    """Reads one file; what was found and what must be said grow while its tables go by."""

    def __init__(self, path: Path, level: str, scope: dict[str, Any], document: str, unit: str) -> None:
        self._path = path
        self._level = level
        self._scope = scope
        self._document = document
        self._unit = unit
        self._rows: list[Mapping[str, Any]] = []
        self._log: list[Entry] = []
        self._used: set[str] = set()
        self._counts: Counter[str] = Counter()  # ids that begin alike, and clauses without a number

    def read(self) -> ListReading:
        tables = read_tables(self._path)
        lists = [_begins_list(table) for table in tables]
        found = False
        before: tuple[int, _State] | None = None  # width and state of the table before, which may go on
        for table, begins in zip(tables, lists, strict=True):
            self._log += table.notes
            if table.width == 1 and not begins:
                found |= self._read_paragraphs(table, any(lists))
                continue
            state = _State()
            if not begins:
                if table.kind != "table" or before is None or before[0] != table.width:
                    if any(_filled(line) for line in table.rows):
                        self._say("no_list", table.place(), seen=_seen(table))
                    continue
                last = before[1]
                state = _State(
                    columns=last.columns, header=last.header, context=last.context, row_facet=last.row_facet,
                    heading_facet=last.heading_facet, headings=last.headings, code=last.code,
                )  # fmt: skip
                self._say("continued", table.place())
            found = True
            self._read_table(table, state)
            before = table.width, state
        if not found:
            raise ListLayout(source=self._path.name, seen=_seen(*tables))
        return ListReading(rows=tuple(self._rows), log=tuple(self._log))

    def _say(self, code: str, place: Place, /, **given: object) -> None:
        self._log.append(entry(code, place, **given))

    # --- rows of a table -----------------------------------------------------------------------

    def _read_table(self, table: Table, state: _State) -> None:
        can_merge = table.kind in ("sheet", "table")
        for title in (table.heading, "" if _PLAIN_SHEET.fullmatch(table.sheet) else table.sheet):
            if dimension := _dimension(title):
                state.heading_facet = state.heading_facet or _Facet(dimension, title.strip())
            elif title:
                state.headings.append(title)
        for n, line in enumerate(table.rows):
            number = table.start + n
            cells = _filled(line)
            if not cells:
                continue
            if any(_texts(line) == _texts(row) for row in state.header):
                self._say("header_repeated", table.place(number))
            elif state.header_row == n - 1 >= 0 and _is_subheader(line, table.rows[n - 1], can_merge):
                self._set_header(table, state, [*state.header, line], n)
            elif (said := _card(line, state.card_row == n - 1)) is not None:
                if said.get("code") or said.get("name"):
                    state.context = {}
                state.context |= {role: text for role, text in said.items() if text}
                self._check_code(table, state, number, line, state.context)
                state.card_row = n
            elif _is_header(line):
                self._set_header(table, state, [line], n)
            elif (implied := _implied(line)) and not state.has(*_REQUIRING):
                state.columns = implied
                self._read_row(table, state, number, line)
            elif state.columns:
                self._read_row(table, state, number, line)
            else:
                self._read_section(table, state, number, cells)
        self._unread(table, state)
        self._make(table, state)

    def _set_header(self, table: Table, state: _State, header: list[Sequence[Cell]], n: int) -> None:
        state.header, state.header_row = header, n
        state.columns = _columns(state.header, table.kind in ("sheet", "table"))
        place = table.place(table.start + n)
        if self._log and self._log[-1].code == "LIST_COLUMNS" and self._log[-1].place.row == place.row - 1:
            self._log.pop()  # the same header, one row higher
        read = "、".join(
            f"{' '.join(c.label.split())}→{c.dimension or c.role}" for c in state.columns.values()
        )
        self._say("columns", place, columns=read)

    def _unread(self, table: Table, state: _State) -> None:
        """Name the columns that hold something and that nobody reads."""
        if state.header_row < 0:
            return
        below = table.rows[state.header_row + 1 :]
        for c in range(table.width):
            column = state.columns.get(c)
            if column is not None and column.role != "other":
                continue
            cells = (line[c] for line in below)
            if any(cell.column == c + 1 and not is_blank(cell.text) for cell in cells):
                label = column.label if column is not None else state.header[-1][c].text
                words = " ".join(label.split()) or f"#{c + 1}"
                self._say("unread_columns", table.place(0, c + 1), columns=words)

    def _read_section(self, table: Table, state: _State, number: int, cells: Sequence[Cell]) -> None:
        """Take a row across the table as a heading or a note."""
        text = " ".join(cell.text.strip() for cell in cells)
        place = table.place(number, cells[0].column)
        if len(text) > _HEADING_CHARS:
            self._say("note", place, text=excerpt(text, 200))
            return
        if dimension := _dimension(text):
            state.heading_facet, state.row_facet = _Facet(dimension, text.strip()), None
        else:
            state.headings.append(text)
        self._say("section", place, text=text)

    def _read_row(self, table: Table, state: _State, number: int, line: Sequence[Cell]) -> None:
        cells = _filled(line)
        requiring = [c for c, column in state.columns.items() if column.role in _REQUIRING]
        if len(cells) == 1 and requiring and self._is_section(state, number, line, cells[0], requiring):
            self._read_section(table, state, number, cells)
            return
        values = self._values(table, state, number, line)
        anonymous = state.code and state.has("code") and not any(role in values for role in _IDENTITY)
        if anonymous and table.kind == "text" and any(not is_blank(line[c].text) for c in requiring):
            values["code"] = state.code  # without merged cells a unit is named in the first of its rows only
            self._say("carried", table.place(number), label=state.label_of("code"), value=state.code)
        self._check_code(table, state, number, line, values)
        if not requiring:
            state.context = values or state.context
            return
        values = {**state.context, **values}
        facet = self._row_facet(table, state, number, line, values, requiring)
        met: set[tuple[int, int]] = set()
        for c in requiring:
            column, cell = state.columns[c], line[c]
            key = cell.row, cell.column
            category = column.category or facet.category
            own = _Facet(column.dimension, column.label, category) if column.dimension else facet
            own = own._replace(category=category)
            if (group := state.groups.get(key)) is None:
                self._take(table, state, number, c, cell, values, own)
            else:
                if own not in group.facets:
                    group.facets.append(own)
                if key not in met:
                    group.rows.append(values)
            met.add(key)

    def _is_section(
        self, state: _State, number: int, line: Sequence[Cell], cell: Cell, requiring: Sequence[int]
    ) -> bool:
        """Whether the only words of a row are a heading across the table."""
        covered = [c for c, other in enumerate(line) if other is cell]
        if cell.row != number or set(covered) <= set(requiring):
            return False
        role = state.columns[covered[0]].role if covered[0] in state.columns else ""
        if len(covered) > 1 or role not in ("code", "number", "park_code", "region_code", "dimension"):
            return True
        return not (_dimension(cell.text) if role == "dimension" else cell.text.isascii())

    def _values(self, table: Table, state: _State, number: int, line: Sequence[Cell]) -> dict[str, str]:
        """Return what a row says besides its requirements, by role."""
        values: dict[str, str] = {}
        for c, column in sorted(state.columns.items(), key=lambda item: (item[1].rank, item[0])):
            if column.role in (*_REQUIRING, "other"):
                continue
            text = line[c].text.strip()
            if _is_word(text, _words().same) and c in state.above:
                given, (text, above) = text, state.above[c]
                place = table.place(number, c + 1)
                self._say("same", place, text=given, row=above.row, column=above.column)
            if not _is_word(text, _words().nothing):
                state.above[c] = text, line[c]
                values.setdefault(column.role, text)
        return values

    def _check_code(
        self, table: Table, state: _State, number: int, line: Sequence[Cell], values: dict[str, str]
    ) -> None:
        """Normalise the code of the row's unit, and say when it stood higher up already."""
        given = values.get("code", "")
        if not given:
            return
        codes = _codes(given)
        code = values["code"] = "、".join(codes)
        cell = next((cell for cell in line if cell.text.strip() == given), None)
        if cell is not None and cell.row == number:
            place = table.place(number, cell.column)
            if "".join(codes) != re.sub(r"[、，,;；\n]", "", given).strip():
                self._say("code_changed", place, old=given, new=code)
            if code != state.code and code in state.seen:
                self._say("code_twice", place, code=code, row=state.seen[code])
            state.seen.setdefault(code, number)
        if code != state.code:
            state.row_facet = None
        state.code = code

    def _row_facet(
        self,
        table: Table,
        state: _State,
        number: int,
        line: Sequence[Cell],
        values: Mapping[str, str],
        requiring: Sequence[int],
    ) -> _Facet:
        """Return the dimension a row states, or that of the row or heading above."""
        label = values.get("dimension", "")
        category = values.get("category", "")
        if label:
            state.row_facet = _Facet(_dimension(label), label)
            return state.row_facet._replace(category=category)
        if state.row_facet is not None and state.has("dimension"):
            if any(not is_blank(line[c].text) for c in requiring):
                value, place = state.row_facet.label, table.place(number)
                self._say("carried", place, label=state.label_of("dimension"), value=value)
            return state.row_facet._replace(category=category)
        return (state.heading_facet or _Facet("", ""))._replace(category=category)

    def _take(
        self,
        table: Table,
        state: _State,
        number: int,
        c: int,
        cell: Cell,
        values: dict[str, str],
        facet: _Facet,
    ) -> None:
        """Take a requirement cell that was not met before: it becomes a group, or an entry of the log."""
        place = table.place(number, c + 1)
        source, repeats = cell, None
        if _is_word(cell.text, _words().same):
            if c not in state.above:
                if cell.row == number:
                    self._say("same_nothing", place, text=cell.text.strip())
                return
            source = repeats = state.above[c][1]
            self._say("same", place, text=cell.text.strip(), row=source.row, column=source.column)
        elif _is_word(cell.text, _words().nothing) or not _has_words(cell.text):
            if cell.row == number:  # a merged cell is named once
                self._say("empty" if is_blank(cell.text) else "nothing", place, text=cell.text.strip())
            return
        else:
            state.above[c] = cell.text, cell
        state.groups[cell.row, cell.column] = _Group(
            cell=cell, text=source.text, numbered=source.numbered, column=c, rows=[values], facets=[facet],
            numbers_clauses=state.columns[c].role == "requirement", heading=" ".join(state.headings[-2:]),
            repeats=repeats,
        )  # fmt: skip

    # --- clauses -------------------------------------------------------------------------------

    def _make(self, table: Table, state: _State) -> None:
        """Turn the requirement cells of a table into rows, in order."""
        last: dict[tuple[object, ...], tuple[str, tuple[int, ...]] | None] = {}
        for group in state.groups.values():
            key = group.column, group.rows[0].get("code", ""), group.heading, group.facets[0].dimension
            parted = split(group.text, numbered=group.numbered, after=last.get(key))
            if parted.last is not None:
                last[key] = parted.last
            place = table.place(group.cell.row, group.cell.column)
            for label in parted.refused:
                self._say("numbering", place, text=label)
            self._make_group(group, parted.pieces, place)

    def _make_group(self, group: _Group, pieces: Sequence[Piece], place: Place) -> None:
        values, facet = group.rows[0], group.facets[0]
        if len(group.facets) > 1:
            labels = "、".join(dict.fromkeys(f.label for f in group.facets if f.label))
            self._say("merged_dimensions", place, labels=labels)
            facet = facet._replace(label=labels)
        codes = list(dict.fromkeys(code for row in group.rows for code in _codes(row.get("code", ""))))
        if len(group.rows) > 1 and len(codes) > 1:
            self._say("merged_rows", place, codes="、".join(codes))
        scope = self._scope_of(group, codes, place)
        base = values.get("number", "") if group.numbers_clauses else ""
        if re.fullmatch(r"\d{4}-\d\d-\d\d", base):
            self._say("number_date", place, text=base)
        common: dict[str, Any] = {
            "level": self._level_of(group, scope, place),
            "document": self._document or values.get("basis", ""),
            "scope": scope,
        }
        for key in ("valid_from", "valid_to"):
            if day := self._day(values.get(key, ""), place):
                common[key] = day
        if "basis" in values:
            common["basis"] = values["basis"]
        stem = next(
            (str(v[0]) for k in ("units", "parks", "regions") if (v := scope.get(k))), self._path.stem
        )
        unknown = False
        for piece in pieces:
            own, text = _own_facet(facet, piece)
            unknown |= not own.dimension
            number = base if piece.number in ("", base) else _joined(base, piece.number)
            path = [_plain_number(base)] if base else []
            if piece.number != base:
                path += piece.path
            made: dict[str, Any] = {
                "id": self._id(f"{stem}-{_LETTERS[own.dimension]}", path),
                "number": number,
                "dimension": own.dimension,
                "dimension_label": own.label,
                "category": own.category,
                "text": text,
                **common,
                "source": _source(place, group, piece),
            }
            if len(text) <= _HEADING_CHARS and _words().link.fullmatch(_squeezed(text)):
                made["link"] = True
            self._rows.append(made)
        if unknown:
            self._say("dimension_unknown", place, label=facet.label)

    def _id(self, front: str, path: Sequence[str]) -> str:
        """Return an id nobody has yet: the same file gives the same ids."""
        if not path:
            self._counts[front] += 1
            path = [f"u{self._counts[front]}"]
        wanted = name = f"{front}-{'.'.join(path)}"
        while name in self._used:
            self._counts[wanted] += 1
            name = f"{wanted}~{self._counts[wanted] + 1}"
        self._used.add(name)
        return name

    def _scope_of(self, group: _Group, codes: Sequence[str], place: Place) -> dict[str, Any]:
        """Return where the clauses of a cell hold, as the list says it; ``{}`` when it does not."""
        values = group.rows[0]
        if codes:
            return {"units": list(codes)}
        if self._unit:
            return {"units": [self._unit]}
        if park := values.get("park_code"):
            return {"parks": _codes(park)}
        if region := values.get("region_code"):
            return {"regions": _codes(region)}
        text = values.get("scope", "")
        whole = _is_word(text, _words().whole)
        named = "" if whole else text
        if named:
            folded = unicodedata.normalize("NFKC", named)
            if units := _CODE.findall(folded):
                return {"units": list(dict.fromkeys(units))}
            if regions := _REGION.findall(folded):
                return {"regions": list(dict.fromkeys(regions))}
            level = _words().levels.get(_squeezed(values.get("level", "")), self._level)
            if (kind := _words().classes.get(_squeezed(named))) and level in ("NATIONAL", "PROVINCE"):
                return {"classes": [kind]}
        elif units := _CODE.findall(unicodedata.normalize("NFKC", group.heading)):
            return {"units": list(dict.fromkeys(units))}
        named = named or next((v for k in ("name", "park", "county", "region") if (v := values.get(k))), "")
        if self._scope and not named:
            return self._scope
        self._say("scope_unknown", place, text=excerpt(named or text or group.heading, _HEADING_CHARS))
        return {}

    def _level_of(self, group: _Group, scope: Mapping[str, Any], place: Place) -> str:
        words = _words()
        label = group.rows[0].get("level", "")
        if label and (level := words.levels.get(_squeezed(label))) is not None:
            return level
        if label or self._level:
            if label:
                self._say("level_unknown", place, label=label)
            return "" if label else self._level
        if "units" in scope or "parks" in scope:
            return Level.UNIT.value if "units" in scope else Level.PARK.value
        for word, level in words.heading_levels:
            if word in group.heading:
                heading = excerpt(group.heading, _HEADING_CHARS)
                self._say("level_heading", place, heading=heading, word=word)
                return level
        self._say("level_unknown", place, label=label)
        return ""

    def _day(self, text: str, place: Place) -> str:
        """Return a day as ISO text, "" when there is none."""
        if not text:
            return ""
        match = _DAY.fullmatch(unicodedata.normalize("NFKC", text).strip())
        try:
            if match is not None:
                year, month, day = (int(part) for part in match.groups() if part is not None)
                return date(year, month, day).isoformat()
        except ValueError:
            pass  # 31 April: said below, as any other text that is no day
        self._say("date", place, text=excerpt(text))
        return ""

    # --- paragraphs ----------------------------------------------------------------------------

    def _read_paragraphs(self, table: Table, has_list: bool) -> bool:
        """Read numbered paragraphs as clauses; beside tables only those under the name of a dimension."""
        cells = [line[0] for line in table.rows]
        offsets: list[int] = []
        numbered: list[tuple[int, int]] = []
        at = 0
        for cell in cells:
            offsets.append(at)
            numbered += [(at + offset, depth) for offset, depth in cell.numbered]
            at += len(cell.text) + 1
        text = "\n".join(cell.text for cell in cells)
        parted = split(text, numbered=numbered)
        automatic = {_trim(text, (offset, len(text)))[0] for offset, _ in numbered}
        for label in parted.refused:
            self._say("numbering", table.place(), text=label)
        facet = _Facet("", "")
        under: tuple[str, ...] = ()  # number of the heading that names it
        headings: list[str] = []
        found = False
        for piece in parted.pieces:
            n = bisect.bisect_right(offsets, piece.at[0]) - 1
            place = table.place(cells[n].row, cells[n].column)
            if piece.path[: len(under)] != under:
                facet, under = _Facet("", ""), ()
            if dimension := _dimension(piece.own):
                facet, under = _Facet(dimension, piece.own), piece.path
                self._say("section", place, text=piece.own)
            elif (_own_facet(facet, piece)[0].dimension or not has_list) and (
                piece.number or piece.leads or piece.at[0] in automatic
            ):
                found = True
                group = _Group(
                    cell=cells[n], text=text, numbered=(), column=0, rows=[{}], facets=[facet],
                    numbers_clauses=True, heading=" ".join(headings[-2:]),
                )  # fmt: skip
                self._make_group(group, [_shifted(piece, offsets[n])], place)
            else:
                short = len(piece.own) <= _HEADING_CHARS
                headings += [" ".join(piece.own.split())] if short else []
                self._say(
                    "section" if short and not has_list else "prose", place, text=excerpt(piece.own, 60)
                )
        return found


def _is_word(text: str, words: frozenset[str]) -> bool:
    """Whether a cell says nothing but one of some words."""
    return len(text) < _WORD_CHARS and _squeezed(text) in words


def _texts(line: Sequence[Cell]) -> list[str]:
    return [cell.text.strip() for cell in line]


def _begins_list(table: Table) -> bool:
    """Whether a row of the table is a header of a list, a card of a unit, or a dimension with its words."""
    return any(_is_header(line) or _card(line, going=False) or _implied(line) for line in table.rows)


def _implied(line: Sequence[Cell]) -> dict[int, _Column] | None:
    """Return the columns of a row “空间布局约束 | 要求” that no header stands above."""
    cells = _filled(line)
    if len(cells) < 2 or not _dimension(cells[0].text) or _label(cells[-1].text) is not None:
        return None
    if any(line[cell.column - 1] is not cell for cell in cells if cell.column <= len(line)):
        return None
    between = {cell.column - 1: "category" for cell in cells[1:-1] if len(cell.text) <= _WORD_CHARS}
    roles = {cells[0].column - 1: "dimension", **between, cells[-1].column - 1: "requirement"}
    return {
        c: _Column(role, "", line[c].text.strip() if role != "requirement" else "", "", 0)
        for c, role in roles.items()
    }


def _seen(*tables: Table) -> str:
    """Return how tables begin, for a message."""
    words = (cell.text for table in tables for line in table.rows for cell in _filled(line))
    return excerpt(" | ".join(" ".join(text.split()) for text, _ in zip(words, range(5), strict=False)), 80)


def _codes(text: str) -> list[str]:
    """Return the codes in a cell: any string is one; several stand apart by punctuation or line."""
    folded = re.sub(r"[\u200b-\u200f\u2060\ufeff]", "", unicodedata.normalize("NFKC", text)).strip()
    parts = [part for part in re.split(r"[、,;]", folded) if part.strip()]
    spaced = folded.split()
    if len(spaced) > 1 and all(_CODE.fullmatch(part.strip("、,;")) for part in spaced):
        parts = [part.strip("、,;") for part in spaced]
    elif not all(re.fullmatch(r"[A-Za-z0-9_\-]{4,}", re.sub(r"\s", "", part)) for part in parts):
        parts = [folded]
    return [code for part in parts if (code := re.sub(r"\s+", "", part))]


def _own_facet(facet: _Facet, piece: Piece) -> tuple[_Facet, str]:
    """Return dimension and text of a piece; a lead that only names a dimension belongs to the label."""
    before = []
    for words in piece.before:
        if dimension := _dimension(words):
            facet = _Facet(dimension, words.rstrip("：: "), facet.category)
        else:
            before.append(words)
    return facet, "".join((*before, piece.own))


def _source(place: Place, group: _Group, piece: Piece) -> dict[str, Any]:
    """Return where a clause was read: its cell, and the offsets of its own words, numbers and leads in it."""
    values = group.rows[0]
    source: dict[str, Any] = {
        "file": place.file,
        "sheet": place.sheet,
        "row": place.row,
        "column": place.column,
        "at": list(piece.at),
        "marks": [list(span) for span in piece.marks],
        "leads": [list(span) for span in piece.leads],
    }
    if group.repeats is not None:  # the offsets are those of the cell that 同上 stands for
        source["repeats"] = {"row": group.repeats.row, "column": group.repeats.column}
    if group.heading:
        source["heading"] = group.heading
    said = {
        key: values[key] for key in ("name", "class", "park", "region", "county", "scope") if key in values
    }
    return {**source, **({"said": said} if said else {})}


def _plain_number(text: str) -> str:
    """Return a printed number for use in an id: ``（1）`` as ``1``."""
    return re.sub(r"[^\w.\-]+", ".", unicodedata.normalize("NFKC", text)).strip(".") or "0"


def _shifted(piece: Piece, offset: int) -> Piece:
    """Return a piece with offsets into its own paragraph; marks and leads of other paragraphs are left out."""

    def own(spans: Iterable[Span]) -> tuple[Span, ...]:
        return tuple((a - offset, b - offset) for a, b in spans if a >= offset)

    at = piece.at[0] - offset, piece.at[1] - offset
    return replace(piece, at=at, marks=own(piece.marks), leads=own(piece.leads))

"""The report as PDF/A-2b: ``report.typ`` sets the manuscript with the fonts of the package, and with no other.

The manuscript goes to Typst as data, so words are characters whatever they look like. The same manuscript gives
the same bytes on every machine: no clock, no system font, no network, no file but those of the package. The record of
the screening travels in the file as a private part (page-piece dictionary), which PDF/A-2 allows where it forbids
attachments.
"""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias

from sanxian.errors import NotInstalled
from sanxian.i18n import t
from sanxian.report.glyphs import FONTS, pieces, shown
from sanxian.report.manuscript import (
    Block,
    Bullets,
    Cell,
    Fields,
    Figure,
    Heading,
    Manuscript,
    Paragraph,
    Run,
    Style,
    Table,
    Text,
    Verdict,
    plain,
    words_of,
)
from sanxian.report.outcomes import COLOURS, SHAPES

WIDTH_MM: Final = 170.0
HEIGHT_MM: Final = 250.0  # of what an upright page holds
ACROSS_MM: Final = (257.0, 163.0)  # of a page across
CAPTION_MM: Final = 13.0
_MM_PT: Final = 72 / 25.4
_BODY_PT, _CELL_PT = 10.0, 8.5
_LATIN_EM: Final = 0.58  # width of a letter, rather too much than too little
_INSET_PT: Final = 9.0  # of a cell, left and right
_TIGHT_LINES: Final = 14  # a row of no more lines stays on one page
_HEAD_LINES: Final = 8
_CODE_WHOLE: Final = 30  # letters of a code that is never broken
_HEAD_MAX: Final = 34.0  # em at the head of a page, beside the mark
_WATERMARK_PT: Final = 54.0  # size of the mark across the page, unless it is too long
_WATERMARK_ROOM: Final = 500.0  # points from edge to edge, aslant
_CONTENTS_MIN: Final = 3  # headings; fewer need no contents
_TWO_COLUMNS: Final = 12  # headings from which the contents have two columns
_ENTRY_MAX: Final = 28.0  # em of a heading that has room in a column
_VERDICT_WITHIN: Final = 4  # blocks from the first heading among which the conclusion is looked for
_WORD: Final = r"[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
_EMPTY: Final = 4  # documents without content after each report
_KEY: Final = "Sanxian"
_HEADER_WITHIN: Final = 1024  # bytes in which a PDF says that it is one
_RECORD_MAX: Final = 1 << 26  # bytes; a longer record is none of ours

Data: TypeAlias = "dict[str, Any]"
Words: TypeAlias = "list[str | list[str] | bool | None]"

_COMPILING: Final = threading.Lock()  # a compiler works for one thread at a time


def render(made: Manuscript) -> bytes:
    """Return the report as PDF/A-2b, carrying its record.

    Raises
    ------
    NotInstalled
        typst is missing.
    """
    compiler = _compiler()
    manuscript = json.dumps(_data(made), ensure_ascii=False, separators=(",", ":"))
    with _COMPILING:
        pages: bytes = compiler.compile(
            _template(),
            format="pdf",
            sys_inputs={"manuscript": manuscript},
            pdf_standards="a-2b",
            timestamp=_moment(made.day),
        )
        _forget(compiler)
    return _with_record(pages, made.record, made.day) if made.record else pages


def svg_to_png(svg: str, width_mm: float, height_mm: float, ppi: float) -> bytes:
    """Return a drawing as PNG on white, with the fonts of the package.

    Raises
    ------
    NotInstalled
        typst is missing.
    """
    compiler = _compiler()
    with _COMPILING:
        png: bytes = compiler.compile(
            _DRAWING,
            format="png",
            ppi=ppi,
            sys_inputs={
                "svg": _drawable(svg),
                "width": repr(float(width_mm)),
                "height": repr(float(height_mm)),
            },
        )
    return png


_DRAWING: Final = b"""\
#let (width, height) = (float(sys.inputs.width) * 1mm, float(sys.inputs.height) * 1mm)
#set page(width: width, height: height, margin: 0pt, fill: white)
#set text(font: "Sanxian Sans SC")
#image(bytes(sys.inputs.svg), format: "svg", width: width, height: height, fit: "contain")
"""


def record_of(data: bytes) -> bytes | None:
    """Return the record that a report carries; nothing when it is no PDF, or carries none.

    Raises
    ------
    ValueError
        The file is damaged, or the record in it.
    NotInstalled
        pypdf is missing.
    """
    try:
        import pypdf
    except ImportError:
        raise NotInstalled(what="PDF", package="pypdf", extra="pdf") from None
    import io

    if b"%PDF-" not in data[:_HEADER_WITHIN]:
        return None
    try:
        node: Any = pypdf.PdfReader(io.BytesIO(data)).trailer["/Root"].get_object()
        for key in ("/PieceInfo", f"/{_KEY}"):
            if key not in node:
                return None
            node = node[key].get_object()
        node = node["/Private"].get_object()
        packed: bytes = node._data  # noqa: SLF001, as it is in the file: unpacked here, to a limit
        kind = node["/Filter"]
    except Exception as error:  # noqa: BLE001, a damaged file breaks a reader in any way there is
        raise ValueError(f"{type(error).__name__}: {error}") from None
    if kind not in ("/FlateDecode", ["/FlateDecode"]):
        raise ValueError(kind)
    return _unpacked(packed)


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        record = unpacker.decompress(packed, _RECORD_MAX)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not unpacker.eof:
        raise ValueError("the record is cut off, or longer than any")
    return record


# --- Typst -----------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _compiler() -> Any:
    """Return the compiler, which keeps the fonts open."""
    try:
        import typst
    except ImportError:
        raise NotInstalled(what="PDF", package="typst", extra="pdf") from None
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
    return typst.Compiler(root=str(FONTS), font_paths=fonts, ignore_system_fonts=True)


def _forget(compiler: Any) -> None:
    """Let Typst forget earlier reports sooner.

    It keeps what it worked out for the last ten documents, 60 MB for each of our reports; some that are empty, at a few
    milliseconds, take their places.
    """
    for _ in range(_EMPTY):
        compiler.compile(b"", format="svg", sys_inputs=None)


@lru_cache(maxsize=1)
def _template() -> bytes:
    return FONTS.with_name("report.typ").read_bytes()


def _moment(day: str) -> datetime:
    given = date.fromisoformat(day)
    return datetime(given.year, given.month, given.day, tzinfo=UTC)


# --- the manuscript as data ------------------------------------------------------------------


def _data(made: Manuscript) -> Data:
    day = date.fromisoformat(made.day)
    lang, _, region = made.lang.partition("-")
    front, rest = _parted(made.blocks)
    entries = [block for block in rest if isinstance(block, Heading) and block.level < 3]
    turn = _turn(entries)
    head = f"{made.title} · {made.subject}" if made.subject else made.title
    if _length(head) > _HEAD_MAX:  # the name of the project tells one report from another
        head = _shortened(made.subject or made.title, _HEAD_MAX)
    numbers = {"page": "\0", "pages": "\1"}
    return {
        "lang": lang,
        "region": region or None,
        "title": shown(f"{made.title} · {made.subject}" if made.subject else made.title),
        "author": shown(made.generator),
        "keywords": [shown(word) for word in made.keywords],
        "description": shown(made.subject),
        "day": [day.year, day.month, day.day],
        "heading": _words(plain(made.title), WIDTH_MM, 20),
        "subject": _words(plain(made.subject), WIDTH_MM, 13),
        "subject_size": 13 if len(made.subject) <= 80 else 9.5,
        "head": _words(plain(head), 110),
        "mark": _words(plain(made.mark)),
        "mark_size": round(min(_WATERMARK_PT, _WATERMARK_ROOM / max(1.0, _length(made.mark))), 1),
        "footer": _words(plain(made.footer), 120),
        "page": [
            {"\0": ["page"], "\1": ["pages"]}.get(piece, piece)
            for piece in re.split("([\0\1])", t("layout.page", made.lang, **numbers))
        ],
        "table": t("layout.table", made.lang) + " ",
        "figure": t("layout.figure", made.lang) + " ",
        "contents": t("layout.contents", made.lang) if len(entries) >= _CONTENTS_MIN else None,
        "identity": _fields(Fields(made.identity, 2)),
        "turn": turn is not None,
        "signs": _signs(),
        "colours": {outcome.name: pair for outcome, pair in COLOURS.items()},
        "front": list(_blocks(front, None)),
        "blocks": list(_blocks(rest, turn)),
    }


@lru_cache(maxsize=1)
def _signs() -> Mapping[str, str]:
    """Return the signs of the outcomes as drawings, by name."""
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" height="16">'
    line = 'fill="none" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"'
    return {
        outcome.name: f'{head}<path d="{shape}" stroke="{COLOURS[outcome][0]}" {line}/></svg>'
        for outcome, shape in SHAPES.items()
    }


def _parted(blocks: Sequence[Block]) -> tuple[list[Block], list[Block]]:
    """Return what stands above the contents and what follows them.

    Above are the blocks before the first heading, and the conclusion: on page one, though its section comes later.
    """
    first = next((i for i, block in enumerate(blocks) if isinstance(block, Heading)), len(blocks))
    front, rest = list(blocks[:first]), list(blocks[first:])
    if not any(isinstance(block, Verdict) for block in front):
        for i, block in enumerate(rest[:_VERDICT_WITHIN]):
            if isinstance(block, Verdict):
                front.append(rest.pop(i))
                break
    return front, rest


def _turn(entries: Sequence[Heading]) -> Heading | None:
    """Return the heading with which a second column of contents begins; nothing for one column.

    It begins with a section, where the columns are nearest to equal.
    """
    if len(entries) < _TWO_COLUMNS or any(_length(heading.text) > _ENTRY_MAX for heading in entries):
        return None
    sections = [i for i, heading in enumerate(entries) if i and heading.level == 1]
    nearest = min(sections, key=lambda i: abs(len(entries) - 2 * i), default=None)
    return None if nearest is None else entries[nearest]


def _blocks(blocks: Sequence[Block], turn: Heading | None) -> Iterator[Data]:
    """Yield blocks as data; a figure across takes the headings right above it along to its page."""
    waiting: list[Data] = []
    for block in blocks:
        made = _block(block)
        if isinstance(block, Heading):
            waiting.append({**made, "turn": block is turn})
        elif isinstance(block, Figure) and block.landscape:
            yield {
                "kind": "across",
                "blocks": [*({**heading, "new_page": False} for heading in waiting), made],
            }
            waiting = []
        else:
            yield from (*waiting, made)
            waiting = []
    yield from waiting


def _block(block: Block) -> Data:
    match block:
        case Heading():
            return {
                "kind": "heading",
                "text": _words(plain(block.text), WIDTH_MM, 14.5),
                "level": block.level,
                "new_page": block.new_page,
            }
        case Paragraph():
            return {"kind": "paragraph", "text": _words(block.text, WIDTH_MM - 10), "style": block.kind}
        case Bullets():
            items = [_words(item, WIDTH_MM - 10) for item in block.items]
            return {"kind": "bullets", "items": items, "numbered": block.numbered}
        case Fields():
            return {"kind": "fields", **_fields(block)}
        case Verdict():
            return {
                "kind": "verdict",
                "outcome": block.outcome.name,
                "label": _words(plain(block.label), WIDTH_MM - 20, 19),
                "sentence": _words(plain(block.sentence), WIDTH_MM - 12, 11),
                "counts": [
                    [outcome.name, _words(plain(label), WIDTH_MM / len(block.counts)), count]
                    for outcome, label, count in block.counts
                ],
            }
        case Table():
            return _table(block)
        case Figure():
            return _figure(block)


def _fields(block: Fields) -> Data:
    longest = max((_length(label) for label, _ in block.rows), default=0)
    label_mm = min(longest * _BODY_PT / _MM_PT + 1, 40 if block.columns == 2 else 60)
    value_mm = WIDTH_MM / block.columns - label_mm - 6
    return {
        "columns": block.columns,
        "label": round(label_mm, 1),
        "rows": [[_words(plain(label), label_mm), _words(value, value_mm)] for label, value in block.rows],
    }


def _table(block: Table) -> Data:
    widths = [WIDTH_MM * column.share - _INSET_PT / _MM_PT for column in block.columns]
    rows: list[list[list[Any]]] = []
    tight: list[bool] = []
    for row in block.rows:
        rows.append([_cell(cell, width) for cell, width in zip(row, widths, strict=True)])
        tight.append(max(map(_lines, row, widths), default=0) <= _TIGHT_LINES)
    return {
        "kind": "table",
        "caption": _words(plain(block.caption), WIDTH_MM),
        "titles": [
            _words(plain(c.title), width, _CELL_PT) for c, width in zip(block.columns, widths, strict=True)
        ],
        # a head that fills a page must not be on every page
        "repeat": max(
            (_line_count(c.title, width) for c, width in zip(block.columns, widths, strict=True)), default=0
        )
        <= _HEAD_LINES,
        "shares": [column.share for column in block.columns],
        "aligns": [column.align for column in block.columns],
        "rows": rows,
        "tight": tight,
        "outcomes": [None if o is None else o.name for o in block.outcomes] or [None] * len(rows),
        "note": _words(block.note, WIDTH_MM, 8),
    }


def _cell(cell: Cell, width_mm: float) -> list[Any]:
    paragraphs = [_words(paragraph, width_mm, _CELL_PT) for paragraph in cell.paragraphs] or [[]]
    return [paragraphs] if cell.outcome is None else [paragraphs, cell.outcome.name]


def _lines(cell: Cell, width_mm: float) -> int:
    """Return about how many lines a cell takes, rather too many."""
    return sum(_line_count(words_of(text), width_mm) for text in cell.paragraphs)


def _line_count(text: str, width_mm: float) -> int:
    room = max(1.0, width_mm * _MM_PT / _CELL_PT)
    return sum(1 + int(_length(line) / room * 1.1) for line in text.split("\n"))


def _length(text: str) -> float:
    """Return about how many em a text is long."""
    return sum(1.0 if ord(c) > 0x2E7F else _LATIN_EM for c in text)


def _shortened(text: str, room: float) -> str:
    """Return a text of at most ``room`` em, with a mark where it was cut."""
    if _length(text) <= room:
        return text
    kept = 0
    while _length(text[: kept + 1]) < room:
        kept += 1
    return text[:kept] + "…"


def _figure(block: Figure) -> Data:
    width, height = ACROSS_MM if block.landscape else (WIDTH_MM, HEIGHT_MM)
    scale = min(1.0, width / block.width_mm, (height - CAPTION_MM) / block.height_mm)
    return {
        "kind": "figure",
        "caption": _words(plain(block.caption), width),
        "alt": shown(block.alt),
        "svg": _drawable(block.svg),
        "width": round(block.width_mm * scale, 3),
        "height": round(block.height_mm * scale, 3),
    }


def _drawable(svg: str) -> str:
    """Return a drawing without characters that the fonts lack; markup has none of them."""
    return shown(svg.replace("\r", "\n"))


# --- texts -----------------------------------------------------------------------------------

_STYLES: Final[Mapping[Style, str]] = {
    Style.STRONG: "strong",
    Style.FAINT: "faint",
    Style.MARKED: "marked",
    Style.CODE: "code",
}


def _words(text: Text, width_mm: float = WIDTH_MM, size_pt: float = _BODY_PT) -> Words:
    """Return a text as ``report.typ`` reads it; what is wider than ``width_mm`` may be broken anywhere."""
    room = max(1, int(width_mm * _MM_PT / (size_pt * _LATIN_EM)))
    found: Words = []
    for run in text:
        for number, line in enumerate(run.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
            if number:
                found.append(None)
            found.extend(_line(Run(line.replace("\t", " "), run.style), room))
    return found


def _line(run: Run, room: int) -> Iterable[str | list[str] | bool]:
    style = _STYLES.get(run.style, "")
    if run.style is Style.CODE and len(run.text) <= min(room, _CODE_WHOLE):
        style = "whole"
    for known, piece in pieces(run.text):
        if not known:
            yield ["missing", piece]
        else:
            for i, part in enumerate(_parts(piece, room)):
                if i:
                    yield True
                yield [style, part] if style else part


def _parts(text: str, room: int) -> list[str]:
    """Return a text cut inside the words that have no room on a line."""
    if len(text) <= room:
        return [text] if text else []
    step = max(1, room // 4)

    def cut(match: re.Match[str]) -> str:
        word = match[0]
        return "\0".join(word[i : i + step] for i in range(0, len(word), step))

    # NUL has no glyph, so that it is in no text that comes here
    return re.sub(f"{_WORD}{{{room + 1},}}", cut, text).split("\0")


# --- the record ------------------------------------------------------------------------------


def _with_record(pages: bytes, record: bytes, day: str) -> bytes:
    """Return the file with the record as an incremental update: a new catalog and a stream behind the old file.

    Typst writes a classic cross-reference table and a catalog outside any object stream.
    """
    tail = re.search(rb"trailer\s*<<(.*?)>>\s*startxref\s+(\d+)\s+%%EOF\s*$", pages[-2048:], re.DOTALL)
    if tail is None:
        raise ValueError("Typst wrote another kind of cross-reference than expected")
    trailer, previous = tail[1], tail[2]
    size = int(_one(rb"/Size (\d+)", trailer))
    root = int(_one(rb"/Root (\d+) 0 R", trailer))
    catalog = _one(rb"\n%d 0 obj\s*<<(.*?)>>\s*endobj" % root, pages)
    packed = zlib.compress(record, 9)
    stamp = f"D:{day.replace('-', '')}000000Z"
    piece = f"/PieceInfo<</{_KEY}<</LastModified({stamp})/Private {size} 0 R>>>>".encode()
    objects = {
        root: b"<<" + catalog + piece + b">>",
        size: b"<</Filter/FlateDecode/Length %d>>\nstream\n" % len(packed) + packed + b"\nendstream",
    }
    made = bytearray(pages if pages.endswith(b"\n") else pages + b"\n")
    places: dict[int, int] = {}
    for number, content in objects.items():
        places[number] = len(made)
        made += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(made)
    made += b"xref\n"
    for number, place in sorted(places.items()):
        made += b"%d 1\n%010d 00000 n \n" % (number, place)
    changed = re.sub(rb"/Size \d+", b"/Size %d" % (size + 1), trailer)
    made += b"trailer\n<<" + changed + b"/Prev " + previous + b">>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(made)


def _one(pattern: bytes, text: bytes) -> bytes:
    """Return what a pattern finds; it must find something."""
    found = re.search(pattern, text, re.DOTALL)
    if found is None:
        raise ValueError(pattern)
    return found[1]

"""Many screenings in one table and on one map: 汇总.xlsx and 汇总.html beside the reports of a batch.

    with summarise(folder, "zh-CN") as add:
        for number, result in enumerate(results, 1):
            add(row_of(number, file, result, "zh-CN", edition))

Rows go to a scratch file as they come and are read again when the two files are written, so that nothing grows with
their number but that file; what the page and the map show of very many projects is bounded too.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import shapely
import shapely.geometry
from shapely.geometry.base import BaseGeometry

from sanxian import output
from sanxian.edition import Edition
from sanxian.errors import NotInstalled, SanxianError
from sanxian.i18n import language, t
from sanxian.model import SYNTHETIC, LayerKind, Outcome, Project, Relation
from sanxian.report import summary_map, words
from sanxian.report.content import Content
from sanxian.report.markup import Child, Markup, escape, tag
from sanxian.report.outcomes import mark, symbols
from sanxian.report.packing import fit, moment_of, settled
from sanxian.report.page import document, fields, numbered, style, table
from sanxian.report.tables import row_height
from sanxian.screening import Screening

FILES: Final = {"zh-CN": "汇总", "en": "summary"}  # names of the two files, without suffix
LISTED_MAX: Final = 2_000  # rows of the page; the workbook has all
SHEET_MAX: Final = 1_000_000  # rows of a worksheet; more go to the next
_NAMED: Final = 4  # clauses, asks named in a cell; the rest are counted
_NAME_MAX: Final = 48  # characters of a project's name in the name of a file
_UNSAFE: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff<>:"/\\|?*\s]+'
)
_FONT, _FONT_HEAD = "宋体", "黑体"
_COLUMNS: Final = (  # key, width in characters
    ("number", 5), ("id", 10), ("name", 26), ("proponent", 18), ("industry", 8), ("as_of", 11), ("verdict", 12),
    *((outcome.name, 7) for outcome in sorted(Outcome, reverse=True)),
    ("deciding", 34), ("units", 28), ("counties", 12), ("size", 11), ("asks", 30), ("edition", 22), ("file", 24),
    ("note", 18),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One project of the summary, or one record that could not be used."""

    number: int
    file: str  # of its report; of the record when it could not be used
    id: str = ""
    name: str = ""
    proponent: str = ""
    industry: str = ""
    as_of: str = ""
    verdict: str = ""  # name of the outcome, "" = no answer
    counts: dict[str, int] = field(default_factory=dict)  # of findings by outcome
    deciding: tuple[str, ...] = ()  # clauses cited, or what the map itself has to say
    units: tuple[str, ...] = ()
    counties: tuple[str, ...] = ()
    size: str = ""
    asks: tuple[str, ...] = ()
    edition: str = ""
    synthetic: bool = False
    place: tuple[float, float] | None = None  # longitude, latitude, EPSG:4490
    note: str = ""  # why there is no answer


def row_of(number: int, file: str, result: Screening, lang: str, edition: Edition | None = None) -> Row:
    """Return what the summary says of a screening; ``edition`` is used when it is the one screened against."""
    content = Content(result, lang, edition)
    project = result.project
    joint = content.joint
    return Row(
        number=number,
        file=file,
        id=project.id,
        name=project.name,
        proponent=project.proponent,
        industry=joint(project.industries),
        as_of=result.as_of.isoformat(),
        verdict=result.verdict.name,
        counts={outcome.name: n for outcome, n in result.counts.items()},
        deciding=tuple(dict.fromkeys(row.cited or row.what for row in content.deciding)),
        units=_zones(content, LayerKind.CONTROL_UNIT, "control_unit"),
        counties=_zones(content, LayerKind.ADMIN, "county"),
        size=content.total_size or joint(dict.fromkeys(part.role for part in result.parts)),
        asks=tuple(ask.label for ask in content.asks),
        edition=result.edition.title,
        synthetic=result.edition.synthetic,
        place=_place(project),
    )


def row_failed(number: int, source: str, error: SanxianError, lang: str) -> Row:
    """Return what the summary says of a record that could not be used."""
    return Row(number=number, file=source, note=f"[{error.code}] {error.text(lang)}")


def _zones(content: Content, kind: LayerKind, usual: str) -> tuple[str, ...]:
    """Return code and name of the zones of a kind that the project lies in, counties by name alone.

    Without the edition a record does not say of what kind a layer is: there, the layer of the usual name counts.
    """
    found = []
    for hit in content.result.hits:
        if hit.role or hit.relation is not Relation.OVERLAP:
            continue
        layer = content.layers.get(hit.layer)
        zone = content.zones.get((hit.layer, hit.zone))
        if layer is None or zone is None:
            belongs = not content.layers and hit.layer == usual
        else:
            belongs = layer.kind is kind and (kind is not LayerKind.ADMIN or zone.zone_class == usual)
        if belongs:
            name = content.zone_name(hit.layer, hit.zone)
            found.append(name if kind is LayerKind.ADMIN or name == hit.zone else f"{hit.zone} {name}")
    return tuple(dict.fromkeys(found))


def _place(project: Project) -> tuple[float, float] | None:
    """Return a place on the largest part."""
    shapes: list[BaseGeometry] = [part.geometry for part in project.parts]
    if not shapes:
        return None
    largest = max(shapes, key=lambda shape: (shapely.get_dimensions(shape), shape.area, shape.length))
    point = shapely.get_coordinates(shapely.point_on_surface(largest))
    return (float(point[0, 0]), float(point[0, 1])) if len(point) else None


def file_name(number: int, project: Project, suffix: str) -> str:
    r"""Return a name for the report of a project that every system takes, and no other report of the batch has.

    Examples
    --------
    >>> file_name(7, Project(parts=(), name='../a:b\n"c"'), ".pdf")
    '0007-_a_b_c_.pdf'
    """
    said = _UNSAFE.sub("_", project.name or project.id).strip(". ")
    while len(said) > _NAME_MAX or len(said.encode()) > 3 * _NAME_MAX:
        said = said[:-1]
    return f"{number:04d}-{said}{suffix}" if said.strip("_") else f"{number:04d}{suffix}"


# --- collecting ------------------------------------------------------------------------------


class Spool:
    """Rows on a scratch file, in the order they came, and what is counted of them all."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.verdicts: Counter[str] = Counter()
        self.editions: Counter[str] = Counter()
        self.synthetic = False
        self.total = 0
        self.first = self.last = ""  # as-of dates
        self.bounds: tuple[float, float, float, float] | None = None  # of the places

    def add(self, row: Row) -> None:
        """Take one row."""
        self._file.write(json.dumps(asdict(row)) + "\n")  # ASCII: half characters come through, too
        self.total += 1
        self.verdicts[row.verdict] += 1
        if row.verdict:
            self.editions[row.edition] += 1
            self.synthetic |= row.synthetic
            self.first = min(self.first or row.as_of, row.as_of)
            self.last = max(self.last, row.as_of)
        if row.place is not None:
            west, south, east, north = self.bounds or (*row.place, *row.place)
            lon, lat = row.place
            self.bounds = min(west, lon), min(south, lat), max(east, lon), max(north, lat)

    def rows(self) -> Iterator[Row]:
        """Yield the rows again."""
        self._file.seek(0)
        for line in self._file:
            made = json.loads(line)
            for key in ("deciding", "units", "counties", "asks"):
                made[key] = tuple(made[key])
            made["place"] = None if made["place"] is None else (made["place"][0], made["place"][1])
            yield Row(**made)


class Ground(NamedTuple):
    """What the map is drawn on: places of an edition."""

    outline: BaseGeometry
    borders: tuple[BaseGeometry, ...]


def ground_of(edition: Edition) -> Ground:
    """Return the region of an edition and the borders of the places in it."""
    layers = [layer.id for layer in edition.layers if layer.kind is LayerKind.ADMIN]
    wanted = ("prefecture", "county")
    borders = [z.geometry for layer in layers for z in edition.zones[layer] if z.zone_class in wanted]
    return Ground(edition.outline, tuple(borders))


class Summary:
    """What :func:`summarise` gives: takes rows, and the edition that lends the map its ground."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.ground: Ground | None = None

    def add(self, row: Row, edition: Edition | None = None) -> None:
        """Take one row; the first edition seen gives the map its borders."""
        self._spool.add(row)
        if self.ground is None and edition is not None:
            self.ground = ground_of(edition)


@contextmanager
def summarise(folder: Path, lang: str) -> Iterator[Summary]:
    """Yield what takes rows; when all went well, the summary is written into ``folder`` as workbook and page.

    Raises
    ------
    NotInstalled
        openpyxl is missing; said before the first row is taken.
    OutputFailed
        A file could not be written; none is left half.
    """
    lang = language(lang)
    _openpyxl()
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as scratch:
        spool = Spool(scratch)
        summary = Summary(spool)
        yield summary
        output.write(folder / f"{FILES[lang]}.xlsx", workbook(spool, lang))
        output.write(folder / f"{FILES[lang]}.html", page(spool, lang, summary.ground))


# --- workbook --------------------------------------------------------------------------------


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError:
        raise NotInstalled(what="Excel", package="openpyxl", extra="excel") from None
    return openpyxl


def workbook(spool: Spool, lang: str) -> bytes:
    """Return the summary as a workbook: all projects, then how many have which verdict."""
    openpyxl = _openpyxl()
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    thin = Side(style="thin", color="FFBFBFBF")
    border = Border(left=thin, right=thin, top=thin, bottom=thin)
    body, head = Font(name=_FONT, size=10), Font(name=_FONT_HEAD, size=10, bold=True)
    loud = Font(name=_FONT_HEAD, size=11, bold=True, color="FFC00000")
    fill = PatternFill("solid", fgColor="FFE8EEF4")
    wrapped = Alignment(wrap_text=True, vertical="top")
    centred = Alignment(wrap_text=True, vertical="center", horizontal="center")

    def cell(sheet: Any, value: str | int, font: Any = body, *, of: str = "body") -> Any:
        made = WriteOnlyCell(sheet, fit(value)[:32_767] if isinstance(value, str) else value)
        if isinstance(value, str):
            made.data_type = "s"  # a text that begins with = is no formula
        made.font = font
        if of != "note":
            made.border = border
            made.alignment = centred if of == "head" else wrapped
        if of == "head":
            made.fill = fill
        return made

    book = openpyxl.Workbook(write_only=True)
    notes = [SYNTHETIC] if spool.synthetic else []
    titles = [
        _say(f"column.{key}", lang) if key.islower() else t(f"outcome.{key}", lang) for key, _ in _COLUMNS
    ]

    def begun(title: str, names: Sequence[str], widths: Sequence[int]) -> Any:
        sheet = book.create_sheet(title)
        top = len(notes) + 1
        sheet.freeze_panes = f"A{top + 1}"
        sheet.print_title_rows = f"{top}:{top}"
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 8
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        for column, width in enumerate(widths, start=1):
            sheet.column_dimensions[get_column_letter(column)].width = width
        for note in notes:
            sheet.append([cell(sheet, note, loud, of="note")])
        sheet.row_dimensions[top].height = row_height(names, widths)
        sheet.append([cell(sheet, name, head, of="head") for name in names])
        return sheet

    sheet: Any = None
    widths = [width for _, width in _COLUMNS]
    for at, row in enumerate(spool.rows()):
        if at % SHEET_MAX == 0:
            number = at // SHEET_MAX
            name = _say("sheet.projects", lang) + (f" {number + 1}" if number else "")
            sheet = begun(name, titles, widths)
        values = _values(row, lang)
        line = len(notes) + 2 + at % SHEET_MAX
        sheet.row_dimensions[line].height = row_height(values, widths)
        sheet.append([cell(sheet, value) for value in values])
        del sheet.row_dimensions[line]  # it is written; kept, heights would grow with the rows
        sheet.auto_filter.ref = f"A{len(notes) + 1}:{get_column_letter(len(titles))}{line}"
    if sheet is None:
        begun(_say("sheet.projects", lang), titles, widths)
    counts = begun(
        _say("sheet.counts", lang), [_say("column.verdict", lang), _say("column.count", lang)], [30, 12]
    )
    for label, count in _counted(spool, lang):
        counts.append([cell(counts, label), cell(counts, count)])
    return _bytes(book, _day(spool))


def _bytes(book: Any, day: date) -> bytes:
    import io

    raw = io.BytesIO()
    book.properties.creator = "sanxian"
    book.properties.created = moment_of(day)
    book.save(raw)
    return settled(raw.getvalue(), day)


def _values(row: Row, lang: str) -> list[str | int]:
    joint = t("rules.joint", lang)
    return [
        row.number,
        row.id,
        row.name or (_say("unnamed", lang) if row.verdict else ""),
        row.proponent,
        row.industry,
        row.as_of,
        t(f"outcome.{row.verdict}", lang) if row.verdict else _say("no_answer", lang),
        *(
            row.counts.get(outcome.name, 0) if row.verdict else ""
            for outcome in sorted(Outcome, reverse=True)
        ),
        "\n".join(row.deciding),
        "\n".join(row.units),
        joint.join(row.counties),
        row.size.replace(words.SPACE, " "),
        joint.join(row.asks),
        row.edition,
        row.file,
        row.note,
    ]


def _counted(spool: Spool, lang: str) -> Iterator[tuple[str, int]]:
    for outcome in sorted(Outcome, reverse=True):
        yield t(f"outcome.{outcome.name}", lang), spool.verdicts[outcome.name]
    yield _say("no_answer", lang), spool.verdicts[""]
    yield _say("total", lang), spool.total


def _day(spool: Spool) -> date:
    return date.fromisoformat(spool.last) if spool.last else date(1980, 1, 1)


def _say(key: str, lang: str, /, **fields_: object) -> str:
    return t(f"summary.{key}", lang, **fields_)


# --- page ------------------------------------------------------------------------------------

_CSS: Final = """
.projects-table table { table-layout: fixed; }
.projects-table th.number, .projects-table td.number { width: 3.2em; text-align: left; }
.projects-table th.outcome { width: 10em; }
.projects-table th.size { width: 7.5em; }
.projects-table th.units { width: 17%; }
.projects-table th.deciding { width: 24%; }
.projects-table th.name { width: 20%; }
.projects-table .under { display: block; font-size: 12.5px; font-weight: 400; color: var(--faint); }
.masthead h1 { margin-bottom: 14px; }
.projects-table a { color: var(--accent); }
.totals { list-style: none; padding: 0; margin: 14px 0 0; display: grid; grid-template-columns: repeat(7, 1fr); border: 1px solid var(--rule); }
.totals li { padding: 8px 12px 10px; border-left: 1px solid var(--rule); font-size: 13px; line-height: 1.4; }
.totals li:first-child { border-left: 0; }
.totals .n { display: block; font-size: 22px; line-height: 1.3; font-weight: 600; }
.totals .zero .n, .totals .zero .mark { color: var(--faint); font-weight: 400; }
@media (max-width: 760px) { .totals { grid-template-columns: repeat(2, 1fr); } }
"""


def page(spool: Spool, lang: str, ground: Ground | None = None) -> bytes:
    """Return the summary as one HTML file: counts, the map with all projects by verdict, the table."""

    def say(key: str, **said: object) -> str:
        return _say(key, lang, **said)

    sections = [("map", _map(spool, lang, ground))] if spool.bounds is not None else []
    sections += [("projects", _table(spool, lang))]
    if spool.verdicts[""]:
        sections.append(("failed", _failed(spool, lang)))

    def report(key: str, **said: object) -> str:
        return t(f"report.{key}", lang, **said)

    footer = f"{say('title')} · {report('disclaimer')}"
    banner = (
        tag("div", tag("p", report("synthetic")), class_="banner", role="note") if spool.synthetic else None
    )
    return document(
        symbols(),
        banner,
        tag(
            "div",
            _masthead(spool, lang),
            [numbered(i, key, say(f"heading.{key}"), made, lang) for i, (key, made) in enumerate(sections)],
            class_="page",
        ),
        tag("footer", tag("p", report("disclaimer")), class_="page faint"),
        lang=lang,
        title=say("title"),
        style=style(
            footer,
            report("page", page="\0", pages="\1"),
            report("synthetic_short") if spool.synthetic else "",
            more=_CSS,
        ),
        generator="sanxian",
        synthetic=spool.synthetic,
    )


def _masthead(spool: Spool, lang: str) -> Markup:
    day = spool.first if spool.first == spool.last else f"{spool.first} – {spool.last}"
    editions = t("rules.joint", lang).join(list(spool.editions)[:3])
    if len(spool.editions) > 3:
        editions = _say("editions_more", lang, editions=editions, count=len(spool.editions))
    about = [
        (_say("meta.count", lang), f"{spool.total - spool.verdicts['']:,}"),
        (_say("meta.as_of", lang), day or "—"),
        (_say("meta.edition", lang), editions or "—"),
    ]
    counts = [
        tag(
            "li",
            tag("span", f"{spool.verdicts[outcome.name]:,}", class_="n"),
            mark(lang, outcome),
            class_=None if spool.verdicts[outcome.name] else "zero",
        )
        for outcome in sorted(Outcome, reverse=True)
    ]
    failed = tag(
        "li",
        tag("span", f"{spool.verdicts['']:,}", class_="n"),
        _say("no_answer", lang),
        class_=None if spool.verdicts[""] else "zero",
    )
    return tag(
        "header",
        tag("p", t("report.system", lang), class_="system"),
        tag("h1", _say("title", lang)),
        fields(about),
        tag("ul", counts, failed, class_="totals", aria_label=_say("totals", lang)),
        class_="masthead",
    )


def _map(spool: Spool, lang: str, ground: Ground | None) -> Markup:
    places = (
        summary_map.Place(row.number, Outcome[row.verdict], *row.place)
        for row in spool.rows()
        if row.place is not None and row.verdict
    )
    bounds = spool.bounds or (0.0, 0.0, 0.0, 0.0)
    return summary_map.figure(
        places, bounds, lang, ground=ground, synthetic=spool.synthetic, counts=spool.verdicts
    )


def _table(spool: Spool, lang: str) -> Markup:
    columns = [
        (_say("column.number", lang), "number"),
        (_say("column.name", lang), "name"),
        (_say("column.verdict", lang), "outcome"),
        (_say("column.deciding", lang), "deciding"),
        (_say("column.units", lang), "units"),
        (_say("column.size", lang), "size"),
        (_say("column.asks", lang), "asks"),
    ]
    rows = [_cells(row, lang) for row in _listed(row for row in spool.rows() if row.verdict)]
    answered = spool.total - spool.verdicts[""]
    if not rows:
        return tag("p", _say("nothing", lang))
    more = (
        tag(
            "p",
            _say("more", lang, shown=len(rows), total=answered, file=f"{FILES[lang]}.xlsx"),
            class_="faint",
        )
        if answered > len(rows)
        else None
    )
    caption = _say("caption", lang, count=f"{answered:,}")
    return Markup(table(caption, columns, rows, css="projects-table") + (more or Markup("")))


def _listed(rows: Iterable[Row]) -> Iterator[Row]:
    for at, row in enumerate(rows):
        if at >= LISTED_MAX:
            return
        yield row


def _cells(row: Row, lang: str) -> list[Child]:
    joint = t("rules.joint", lang)
    name = row.name or _say("unnamed", lang)
    about = " · ".join(filter(None, (row.id, row.proponent, joint.join(row.counties))))
    counts = joint.join(
        f"{t(f'outcome.{name}', lang)} {n}"
        for name, n in row.counts.items()
        if n and name not in (row.verdict, Outcome.NOT_APPLICABLE.name)
    )
    own = row.counts.get(row.verdict, 0)
    return [
        str(row.number),
        [tag("a", name, href=_link(row.file)), tag("span", about, class_="under") if about else None],
        [
            mark(lang, Outcome[row.verdict]),
            tag("span", joint.join(filter(None, (_say("items", lang, count=own), counts))), class_="under"),
        ],
        _several(row.deciding, lang),
        _several(row.units, lang),
        row.size,
        _several(row.asks, lang),
    ]


def _link(file: str) -> str:
    """Return a relative address: a name of a file, every character that means something in one written out."""
    return "./" + "".join(
        c if c.isalnum() or c in "-._" else "".join(f"%{b:02X}" for b in c.encode()) for c in file
    )


def _several(items: Sequence[str], lang: str) -> Child:
    if not items:
        return ""
    shown = [tag("div", item) for item in items[:_NAMED]]
    rest = len(items) - _NAMED
    return [*shown, tag("span", _say("rest", lang, count=rest), class_="under")] if rest > 0 else shown


def _failed(spool: Spool, lang: str) -> Markup:
    columns = [
        (_say("column.number", lang), "number"), (_say("column.file", lang), "name"), (_say("column.note", lang), ""),
    ]  # fmt: skip
    rows = [
        (str(row.number), row.file, escape(row.note))
        for row in _listed(row for row in spool.rows() if not row.verdict)
    ]
    return table(_say("failed_caption", lang, count=f"{spool.verdicts['']:,}"), columns, rows)

"""The conformity-analysis report (生态环境分区管控符合性分析): what is said, in which order.

:func:`manuscript` writes the whole report as blocks; PDF, Word, Excel lay them out. The conclusion stands on page
one; then the project, the maps and zones, the three lines, the clause table level by level, what is missing and what
would change the verdict, boundaries, red line and two-high pages, and what stands behind it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sanxian.edition import Edition
from sanxian.model import LayerKind
from sanxian.report import cells, words
from sanxian.report.atlas import sheets
from sanxian.report.conformity_appendix import appendix, boundaries
from sanxian.report.conformity_clauses import ClauseList, chapter, open_points
from sanxian.report.conformity_themes import (
    RED_LINE,
    kind_of,
    protected_page,
    red_line_missing,
    reports_of,
    statement,
    three_lines,
    two_high_page,
    two_high_rows,
    zone_table,
)
from sanxian.report.content import DECIDING_MAX, Content
from sanxian.report.manuscript import (
    Block,
    Bullets,
    Fields,
    Figure,
    Heading,
    Manuscript,
    Paragraph,
    Text,
    Verdict,
    plain,
)
from sanxian.screening import Screening

NUMERALS: Final = "一二三四五六七八九十"


def manuscript(result: Screening, lang: str, edition: Edition | None = None) -> Manuscript:
    """Return the conformity-analysis report of a screening; the same screening gives an equal manuscript.

    Parameters
    ----------
    result : Screening
    lang : str
        ``zh-CN`` (default for anything unknown) or ``en``.
    edition : Edition, optional
        The edition screened against; one with another digest is not used. Without it the report holds what the
        record holds: no zones on the maps, no classes, thresholds, catalogues or dates of documents.
    """
    content = Content(result, lang, edition)
    listed = ClauseList(content)
    say = listed.say
    name = result.project.name or content.say("unnamed")
    return Manuscript(
        lang=content.lang,
        title=say("title"),
        subject=name,
        identity=_identity(listed),
        mark=content.say("synthetic_short") if result.edition.synthetic else "",
        footer=content.say(
            "footer",
            title=say("title"),
            code=words.short_digest(content.digest),
            disclaimer=content.say("disclaimer"),
        ),
        blocks=tuple(_numbered(_blocks(listed), content.lang)),
        day=result.as_of.isoformat(),
        generator=f"sanxian {result.engine_version}",
        keywords=(say("keyword.zoning"), say("keyword.conformity"), name, result.edition.title),
        record=content.record,
    )


def report_number(content: Content) -> str:
    """Return the number of the report: its date and the first eight digits of the record's digest."""
    return f"SX-{content.result.as_of:%Y%m%d}-{content.digest.rpartition(':')[2][:8].upper()}"


def _identity(listed: ClauseList) -> tuple[tuple[str, Text], ...]:
    say, content = listed.say, listed.content
    info = content.result.edition
    since = info.valid_from.isoformat()
    period = (
        content.say("document.since", since=since)
        if info.valid_to is None
        else content.say("document.between", since=since, until=info.valid_to.isoformat())
    )
    return (
        (say("identity.number"), cells.code(report_number(content))),
        (say("identity.date"), plain(content.result.as_of.isoformat())),
        (say("identity.edition"), plain(info.title)),
        (say("identity.period"), plain(period)),
        (say("identity.publisher"), plain(info.publisher or content.say("meta.not_stated"))),
        (say("identity.edition_digest"), cells.code(words.short_digest(info.digest)) or plain(cells.EMPTY)),
        (say("identity.verify"), cells.code(words.short_digest(content.digest))),
        (say("identity.generator"), plain(f"sanxian {content.result.engine_version}")),
    )


def _blocks(listed: ClauseList) -> Iterator[Block]:
    yield from _conclusion(listed)
    yield from _project(listed)
    yield from _place(listed)
    yield from three_lines(listed)
    yield from chapter(listed)
    yield from open_points(listed)
    yield from boundaries(listed)
    yield from protected_page(listed)
    yield from two_high_page(listed)
    yield from appendix(listed)


def _numbered(blocks: Iterable[Block], lang: str) -> Iterator[Block]:
    """Yield blocks with their headings numbered: 一、（一） in Chinese, 1 and 1.1 in English."""
    chapter_no = section = 0
    for block in blocks:
        if isinstance(block, Heading) and block.level < 3:
            if block.level == 1:
                chapter_no, section = chapter_no + 1, 0
                number = f"{chapter_no} " if lang == "en" else f"{_numeral(chapter_no)}、"
            else:
                section += 1
                number = f"{chapter_no}.{section} " if lang == "en" else f"（{_numeral(section)}）"
            yield Heading(number + block.text, block.level, block.new_page)
        else:
            yield block


def _numeral(number: int) -> str:
    """Return a number from 1 to 19 in Chinese.

    Examples
    --------
    >>> _numeral(3), _numeral(10), _numeral(12)
    ('三', '十', '十二')
    """
    return NUMERALS[number - 1] if number <= 10 else "十" + NUMERALS[number - 11]


# --- conclusion ------------------------------------------------------------------------------


def _conclusion(listed: ClauseList) -> Iterator[Block]:
    say, content = listed.say, listed.content
    result = content.result
    yield Heading(say("heading.conclusion"), 1)
    yield Verdict(
        outcome=result.verdict,
        label=content.outcome(result.verdict),
        sentence=content.conclusion,
        counts=tuple((outcome, content.outcome(outcome), count) for outcome, count in result.counts.items()),
    )
    if result.edition.synthetic:
        yield Paragraph(plain(content.say("synthetic")), "warning")
    if result.count_drafts:
        yield Paragraph(plain(content.say("drafts_counted")), "warning")
    if content.deciding:
        yield Heading(content.say("heading.deciding"), 3)
        yield Bullets(
            tuple(
                (
                    *cells.strong(row.what),
                    *cells.faint(say("conclusion.cited", cited=row.cited) if row.cited else ""),
                    *plain(content.say("colon") + row.why),
                )
                for row in content.deciding[:DECIDING_MAX]
            ),
            numbered=True,
        )
        rest = len(content.deciding) - DECIDING_MAX
        if rest > 0:
            more = content.say("conclusion.more", count=rest, section=say("heading.clauses"))
            yield Paragraph(cells.faint(more), "note")
    yield Heading(say("heading.points"), 3)
    yield Fields(tuple(_points(listed)))
    yield Paragraph(cells.faint(say("conclusion.note")), "note")


def _points(listed: ClauseList) -> Iterator[tuple[str, Text]]:
    """Yield what an officer asks first: units, red line, protected areas, two-high, what is open."""
    say, content = listed.say, listed.content
    units = reports_of(content, (LayerKind.CONTROL_UNIT,))
    for report in units:
        yield content.layer_title(report.layer), plain(statement(listed, report))
    if not units:
        yield say("points.units"), plain(say("lines.no_unit_layer"))
    missing = red_line_missing(listed)
    if missing:
        yield say("points.red_line"), plain(missing)
    shown = (LayerKind.ECOLOGY, LayerKind.PROTECTED_AREA) if missing else (LayerKind.PROTECTED_AREA,)
    for report in content.result.layers:
        if report.layer == RED_LINE or kind_of(content, report.layer) in shown:
            yield content.layer_title(report.layer), plain(statement(listed, report))
    yield say("points.two_high"), plain(_two_high_point(listed))
    if content.asks:
        yield say("points.asks"), plain(say("points.asks_open", count=len(content.asks)))


def _two_high_point(listed: ClauseList) -> str:
    stated = listed.content.result.project.facts.get("two_high")
    rows = two_high_rows(listed)
    key = "not_stated" if stated is None else "yes" if stated else "no"
    return listed.say(f"points.two_high_{key}") + (
        listed.say("points.two_high_clauses", tally=listed.tally(rows)) if rows else ""
    )


# --- project ---------------------------------------------------------------------------------


def _project(listed: ClauseList) -> Iterator[Block]:
    say, content = listed.say, listed.content
    project = content.result.project
    unknown = cells.faint(content.say("meta.not_stated"))
    stated = {field.label: field.value for field in content.facts}
    industry = stated.get(words.fact_label("industry", listed.lang))
    yield Heading(say("heading.project"), 1)
    yield Fields(
        (
            (content.say("meta.project"), plain(project.name) or unknown),
            (content.say("meta.id"), plain(project.id) or unknown),
            (content.say("meta.proponent"), plain(project.proponent) or unknown),
            (content.say("meta.nature"), plain(project.nature or "") or unknown),
            (content.say("meta.industry"), plain(industry or "") or unknown),
            (content.say("meta.place"), plain(content.place) or unknown),
            (
                content.say("meta.size"),
                plain(content.total_size) or plain(content.joint(p.role for p in content.parts)),
            ),
        ),
        columns=2,
    )
    head = cells.columns(
        (content.say("column.role"), 16),
        (content.say("column.geometry"), 10),
        (content.say("column.size"), 14, "right"),
        (content.say("project.bounds"), 20),
        (content.say("column.crs"), 12),
        (content.say("column.file"), 12),
        (content.say("column.repairs"), 16),
    )
    parts = [
        cells.row(
            " ".join(filter(None, (part.role, part.name))),
            content.say(f"geometry.{part.geometry_type}"),
            content.part_size(part),
            cells.cell(*map(cells.code, content.bounds(part))),
            part.crs_in,
            part.source,
            cells.cell(*(content.notice(n) for n in part.repairs)) if part.repairs else content.say("none"),
        )
        for part in content.parts
    ]
    yield cells.table(
        content.say("project.parts"), head, parts, note=content.area_method, sheet=say("sheet.project")
    )
    if content.facts:
        head = cells.columns((content.say("column.fact"), 34), (content.say("column.value"), 66))
        body = [cells.row(label, value) for label, value in content.facts]
        yield cells.table(content.say("project.facts"), head, body, sheet=say("sheet.facts"))
    else:
        yield Paragraph(plain(content.say("project.none_stated")))
    if content.papers:
        head = cells.columns(
            (content.say("column.paper"), 30),
            (content.say("column.paper_number"), 24),
            (content.say("column.issuer"), 22),
            (content.say("column.date"), 12),
            (content.say("column.held"), 12, "center"),
        )
        body = [
            cells.row(
                p.type,
                p.number,
                p.issuer,
                p.date.isoformat() if p.date is not None else "",
                content.say("yes" if p.held else "no"),
            )
            for p in content.papers
        ]
        yield cells.table(content.say("project.papers"), head, body, sheet=say("sheet.papers"))
    else:
        yield Paragraph(plain(content.say("project.no_papers")))


# --- place -----------------------------------------------------------------------------------


def _place(listed: ClauseList) -> Iterator[Block]:
    say, content = listed.say, listed.content
    yield Heading(say("heading.place"), 1)
    yield Heading(say("heading.maps"), 2)
    if content.edition is None:
        yield Paragraph(cells.faint(content.say("map.bare")), "note")
    for sheet in sheets(content):
        yield Figure(
            caption=sheet.title,
            alt=sheet.alt,
            svg=sheet.svg,
            width_mm=sheet.width_mm,
            height_mm=sheet.height_mm,
            landscape=sheet.landscape,
        )
    yield Heading(say("heading.zones"), 2)
    if content.met:
        yield zone_table(listed, content.met, say("zones.caption"), say("sheet.zones"))
    else:
        yield Paragraph(plain(content.say("zones.empty")), "warning")

"""The chapters by theme: the three lines and the list, red line and protected areas, two-high.

Each says what the record says and never more. A layer without complete data is never said to be clear of the
project, and no theme gets a judgement of its own: it counts the judgements of its clauses.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sanxian import data
from sanxian.i18n import t
from sanxian.model import Catalogue, Concern, Dimension, LayerKind, LayerReport, Outcome, in_force
from sanxian.report import cells, words
from sanxian.report.conformity_clauses import ClauseList, judgement, requirement
from sanxian.report.content import ClauseRow, Content, ZoneRow
from sanxian.report.evidence import facts_read, label, leaves, one_value, value
from sanxian.report.manuscript import Block, Bullets, Fields, Heading, Paragraph, Table, Text, plain

RED_LINE: Final = "red_line"
USUAL: Final[Mapping[str, LayerKind]] = {
    **{str(kind): kind for kind in LayerKind},
    "red_line": LayerKind.ECOLOGY,
    "ecological_space": LayerKind.ECOLOGY,
    "water_zone": LayerKind.WATER,
    "air_zone": LayerKind.AIR,
    "soil_zone": LayerKind.SOIL,
    "resource_zone": LayerKind.RESOURCE,
    "county": LayerKind.ADMIN,
    "prefecture": LayerKind.ADMIN,
    "province": LayerKind.ADMIN,
}  # kinds of the usual layers, for a record whose edition is not at hand
PROTECTED: Final = (LayerKind.ECOLOGY, LayerKind.PROTECTED_AREA, LayerKind.WATER_SOURCE)
QUALITY: Final = (LayerKind.WATER, LayerKind.AIR, LayerKind.SOIL, LayerKind.SEA)
RESOURCE: Final = (LayerKind.RESOURCE, LayerKind.SHORELINE)
QUALITY_STATES: Final = ("air_quality", "water_quality", "soil_risk", "emission_cap", "sewage_plant_load")
RESOURCE_STATES: Final = ("energy_cap", "water_cap", "groundwater", "ecological_flow", "grazing_balance")
PROTECTED_WORDS: Final = (
    "红线",
    "自然保护地",
    "自然保护区",
    "国家公园",
    "自然公园",
    "风景名胜区",
    "饮用水水源",
    "饮用水源",
    "水源地",
)
TWO_HIGH: Final = "two_high"
TWO_HIGH_WORDS: Final = ("两高", "高耗能、高排放", "高耗能高排放", "高耗能", "高排放")
ZONES_NAMED: Final = 5  # zones named in a sentence; the rest are counted and stand in the table


def kind_of(content: Content, layer: str) -> LayerKind:
    """Return the kind of a layer; of the usual layers also without the edition."""
    found = content.layers.get(layer)
    return USUAL.get(layer, LayerKind.OTHER) if found is None else found.kind


def reports_of(content: Content, kinds: Collection[LayerKind]) -> tuple[LayerReport, ...]:
    """Return what the layers of some kinds say."""
    return tuple(r for r in content.result.layers if kind_of(content, r.layer) in kinds)


def _rows_of(rows: Iterable[ZoneRow], layer: str) -> list[ZoneRow]:
    return [row for row in rows if row.hit.layer == layer]


# --- what a layer says -----------------------------------------------------------------------


def statement(listed: ClauseList, report: LayerReport) -> str:
    """Return what one layer says of the project: concerned and how, not concerned, or no data."""
    say, content = listed.say, listed.content
    title = content.layer_title(report.layer)
    met = _rows_of(content.met, report.layer)
    if report.concern is Concern.NO_DATA:
        return say("layer.no_data", layer=title)
    if report.concern is Concern.CONCERNED:
        named = [_zone_words(listed, row) for row in met[:ZONES_NAMED]]
        told = say("layer.zone_joint").join(named)
        if len(met) > ZONES_NAMED:
            told += say("layer.zones_more", count=len(met))
        said = say("layer.concerned", layer=title, count=len(met), zones=told)
        said += "" if report.complete else say("layer.partly")
    else:
        said = say("layer.not_concerned" if report.complete else "layer.not_concerned_partly", layer=title)
        if near := _rows_of(content.near, report.layer):
            said += say("layer.nearest", name=near[0].name, distance=near[0].distance)
            said += say("layer.sensitive") if near[0].hit.sensitive else ""
        if touching := _rows_of(content.adjacent, report.layer):
            said += say("layer.adjacent", names=content.joint(row.name for row in touching[:ZONES_NAMED]))
    if dropped := _rows_of(content.dropped, report.layer):
        said += say("layer.dropped", count=len(dropped))
    return said


def _zone_words(listed: ClauseList, row: ZoneRow) -> str:
    name = (
        row.name
        if row.name == row.code or not row.code
        else listed.say("layer.named", name=row.name, code=row.code)
    )
    detail = [row.zone_class, row.measure]
    if row.measure and row.share:
        detail.append(listed.say("layer.share", share=row.share))
    if row.hit.sensitive:
        detail.append(listed.content.say("zones.sensitive"))
    told = listed.content.joint(filter(None, detail))
    return listed.say("layer.zone", name=name, detail=told) if told else name


def _statements(listed: ClauseList, kinds: Collection[LayerKind], none: str) -> Bullets:
    reports = reports_of(listed.content, kinds)
    said = [statement(listed, report) for report in reports]
    return Bullets(tuple(map(plain, said or [none])))


def red_line_missing(listed: ClauseList) -> str:
    """Return that the edition has no red-line layer; "" when it has one."""
    content = listed.content
    if any(report.layer == RED_LINE for report in content.result.layers):
        return ""
    others = reports_of(content, (LayerKind.ECOLOGY,))
    if others:
        titles = content.joint(content.layer_title(report.layer) for report in others)
        return listed.say("red.no_own_layer", layers=titles)
    return listed.say("red.no_layer")


# --- clauses by theme ------------------------------------------------------------------------


def _mentions(node: Any, wanted: Callable[[str, Any], bool]) -> bool:
    stack = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, Mapping):
            if any(wanted(str(key), item) for key, item in here.items()):
                return True
            stack.extend(here.values())
        elif isinstance(here, (list, tuple)):
            stack.extend(here)
    return False


def of_layers(listed: ClauseList, layers: Collection[str], spoken: Sequence[str]) -> list[ClauseRow]:
    """Return the rows whose clause holds in, asks for or names one of some layers."""

    def targets(key: str, item: Any) -> bool:
        return key in ("in", "crosses", "share", "area", "length", "distance") and _layer(str(item)) in layers

    return [
        row
        for row in listed.rows
        if any(word in row.clause.text for word in spoken)
        or any(_layer(zone) in layers for zone in row.clause.scope.zones)
        or _mentions(row.clause.rules, targets)
    ]


def _layer(target: str) -> str:
    return target.partition(":")[0]


# --- three lines -----------------------------------------------------------------------------


def three_lines(listed: ClauseList) -> Iterator[Block]:
    """Yield one part a line: red line, quality bottom line, resource upper line, access list."""
    say = listed.say
    yield Heading(say("heading.lines"), 1)
    yield Paragraph(plain(say("lines.intro")))

    yield Heading(say("heading.line_red"), 2)
    if missing := red_line_missing(listed):
        yield Paragraph(plain(missing), "warning")
    yield _statements(listed, PROTECTED, say("lines.no_layer"))
    layers = {report.layer for report in reports_of(listed.content, PROTECTED)}
    rows = of_layers(listed, layers, PROTECTED_WORDS)
    yield from _counted(listed, rows, say("lines.subject_red"), PROTECTED)

    yield Heading(say("heading.line_quality"), 2)
    yield _statements(listed, QUALITY, say("lines.no_layer"))
    yield from _states(listed, QUALITY_STATES)
    rows = [row for row in listed.rows if row.clause.dimension in (Dimension.EMISSION, Dimension.RISK)]
    yield from _counted(listed, rows, say("lines.subject_quality"), QUALITY)

    yield Heading(say("heading.line_resource"), 2)
    yield _statements(listed, RESOURCE, say("lines.no_layer"))
    yield from _states(listed, RESOURCE_STATES)
    rows = [row for row in listed.rows if row.clause.dimension is Dimension.RESOURCE]
    yield from _counted(listed, rows, say("lines.subject_resource"), RESOURCE)

    yield Heading(say("heading.line_list"), 2)
    yield _statements(listed, (LayerKind.CONTROL_UNIT,), say("lines.no_unit_layer"))
    yield _by_dimension(listed)


def _counted(
    listed: ClauseList, rows: Sequence[ClauseRow], subject: str, kinds: Collection[LayerKind]
) -> Iterator[Paragraph]:
    """Yield how the clauses of a theme were judged, and that this is no clearance where data are missing."""
    if rows:
        said = listed.say("lines.counted", subject=subject, count=len(rows), tally=listed.tally(rows))
    else:
        said = listed.say("lines.no_clauses", subject=subject)
    yield Paragraph(plain(said))
    reports = reports_of(listed.content, kinds)
    gaps = [report.layer for report in reports if not report.complete or report.concern is Concern.NO_DATA]
    if gaps:
        titles = listed.content.joint(map(listed.content.layer_title, gaps))
        yield Paragraph(plain(listed.say("lines.gaps", layers=titles)), "warning")


def _states(listed: ClauseList, wanted: Sequence[str]) -> Iterator[Block]:
    """Yield the dated statements about the place that clauses read, as the record holds them."""
    content = listed.content
    found: dict[str, dict[str, dict[str, None]]] = {}
    for finding in content.result.findings:
        for rule in finding.rules:
            for leaf in leaves(rule):
                if leaf["atom"].get("state") in wanted:
                    told = found.setdefault(label(content, leaf["atom"]), {})
                    told.setdefault(value(content, leaf)[0], {})[finding.place_name or finding.place] = None
    if found:
        yield Paragraph(plain(listed.say("lines.states")))
        yield Bullets(
            tuple(
                plain(
                    name
                    + content.say("colon")
                    + one_value(content, {seen: list(p) for seen, p in told.items()})
                )
                for name, told in sorted(found.items())
            )
        )


def _by_dimension(listed: ClauseList) -> Table:
    say, content = listed.say, listed.content
    outcomes = sorted(Outcome, reverse=True)
    head = cells.columns(
        (say("column.dimension"), 18),
        *((content.outcome(o), 12, "right") for o in outcomes),
        (say("column.total"), 8, "right"),
    )
    body = []
    for dimension in Dimension:
        found = [row.outcome for row in listed.rows if row.clause.dimension is dimension]
        numbers = [str(found.count(o)) for o in outcomes]
        body.append(cells.row(t(f"labels.dimension.{dimension}", listed.lang), *numbers, str(len(found))))
    return cells.table(
        say("lines.by_dimension"), head, body, note=say("clauses.rows_note"), sheet=say("sheet.dimensions")
    )


# --- red line and protected areas ------------------------------------------------------------


def protected_page(listed: ClauseList) -> Iterator[Block]:
    """Yield the page on red lines, protected areas and water sources."""
    say, content = listed.say, listed.content
    yield Heading(say("heading.protected"), 1)
    missing = red_line_missing(listed)
    if missing:
        yield Paragraph(plain(missing), "warning")
    reports = reports_of(content, PROTECTED)
    if not reports and not missing:
        yield Paragraph(plain(say("lines.no_layer")), "warning")
    if reports:
        head = cells.columns(
            (say("column.layer"), 16),
            (say("column.concern"), 12, "center"),
            (say("column.how"), 44),
            (say("column.data"), 28),
        )
        sources = {row.title: row.sources for row in content.layer_rows}
        body = [
            cells.row(
                content.layer_title(report.layer),
                cells.strong(t(f"labels.concern.{report.concern}", listed.lang)),
                statement(listed, report),
                cells.cell(
                    content.say("layers.complete" if report.complete else "layers.incomplete"),
                    *(cells.faint(source) for source in sources.get(content.layer_title(report.layer), ())),
                ),
            )
            for report in reports
        ]
        yield cells.table(say("red.caption"), head, body, sheet=say("sheet.protected"))
    layers = {report.layer for report in reports}
    zones = [row for row in content.met if row.hit.layer in layers]
    if zones:
        yield zone_table(listed, zones, say("red.zones"), "")
    findings = [row for row, f in zip(content.map_rows, _map_findings(content), strict=True) if f in layers]
    if findings:
        yield Bullets(
            tuple(
                (
                    *cells.strong(f"{content.outcome(row.outcome)}{content.say('colon')}"),
                    *plain(f"{row.place} {row.reason}"),
                )
                for row in findings
            )
        )
    rows = of_layers(listed, layers, PROTECTED_WORDS)
    yield from _theme_clauses(listed, rows, say("red.clauses"), say("red.no_clauses"))


def _map_findings(content: Content) -> list[str]:
    return [f.layer for f in content.result.findings if not f.clause]


def _theme_clauses(listed: ClauseList, rows: Sequence[ClauseRow], caption: str, none: str) -> Iterator[Block]:
    """Yield the clauses of a theme that apply, in short, and how many do not."""
    say, content = listed.say, listed.content
    applying = [row for row in rows if row.outcome is not Outcome.NOT_APPLICABLE]
    idle = [row for row in rows if row.outcome is Outcome.NOT_APPLICABLE]
    if applying:
        head = cells.columns(
            (say("column.number"), 7, "center"),
            (say("column.clause"), 18),
            (say("column.requirement"), 45),
            (say("column.judgement"), 10, "center"),
            (say("column.reason"), 20),
        )
        body = [
            cells.row(
                str(listed.number(row)),
                cells.cell(cells.strong(row.clause.number), say(f"level.{row.clause.level}")),
                requirement(row),
                judgement(content, row),
                row.reason,
            )
            for row in applying
        ]
        yield cells.table(caption, head, body, outcomes=[row.outcome for row in applying])
    elif not idle:
        yield Paragraph(plain(none))
    if idle:
        yield Paragraph(plain(say("theme.idle", count=len(idle), numbers=listed.references(idle))), "note")


# --- zones -----------------------------------------------------------------------------------


def zone_table(listed: ClauseList, rows: Sequence[ZoneRow], caption: str, sheet: str) -> Table:
    """Return a table of zones met: code, name, class, size, shares, margin."""
    say, content = listed.say, listed.content
    head = cells.columns(
        (content.say("column.layer"), 12),
        (content.say("column.code"), 18),
        (content.say("column.name"), 18),
        (content.say("column.class"), 13),
        (content.say("column.measure"), 11, "right"),
        (content.say("column.share"), 9, "right"),
        (content.say("column.zone_share"), 9, "right"),
        (content.say("column.margin"), 10, "right"),
    )
    note = " ".join((content.area_method, content.say("zones.margin_note"))) if rows else ""
    body = []
    for row in rows:
        published = say("zones.published", measure=row.published) if row.published else None
        roles = [cells.faint(f"{role} {measure}") for role, measure in row.roles]
        office = (
            cells.faint(content.say("office.label") + content.say("colon") + row.office)
            if row.office
            else None
        )
        sensitive = cells.strong(content.say("zones.sensitive")) if row.hit.sensitive else None
        body.append(
            cells.row(
                row.layer,
                cells.code(row.code),
                cells.cell(row.name, office),
                row.zone_class,
                cells.cell(row.measure, published, *roles),
                row.share,
                row.zone_share,
                cells.cell(row.margin, sensitive),
            )
        )
    return cells.table(caption, head, body, note=note, sheet=sheet)


# --- two-high --------------------------------------------------------------------------------


def two_high_page(listed: ClauseList) -> Iterator[Block]:
    """Yield the page on high energy use and high emission: what is stated, what is listed, what clauses say."""
    say, content = listed.say, listed.content
    project = content.result.project
    yield Heading(say("heading.two_high"), 1)
    stated = project.facts.get(TWO_HIGH)
    catalogues = _two_high_catalogues(content)
    said: list[tuple[str, Text]] = [
        (
            say("two_high.stated"),
            plain(words.fact_value(TWO_HIGH, stated, listed.lang))
            if stated is not None
            else cells.strong(say("two_high.not_stated")),
        ),
        (
            words.fact_label("industry", listed.lang),
            plain(content.joint(_industry(code) for code in project.industries))
            if project.industries
            else cells.strong(content.say("meta.not_stated")),
        ),
    ]
    listed_in = []
    for catalogue in catalogues:
        found = membership(content, catalogue)
        listed_in.append(found)
        said.append((catalogue.title, plain(_membership_words(listed, catalogue, found))))
    if not catalogues:
        key = "two_high.no_catalogue" if content.edition is not None else "two_high.no_edition"
        said.append((say("two_high.catalogue"), plain(say(key))))
    yield Fields(tuple(said))
    if stated is not None and any(found is not None and found != bool(stated) for found in listed_in):
        yield Paragraph(plain(say("two_high.disagree")), "warning")
    for catalogue in catalogues:
        yield Paragraph(cells.faint(_source_words(listed, catalogue)), "note")
    rows = two_high_rows(listed)
    yield from _theme_clauses(listed, rows, say("two_high.clauses"), say("two_high.no_clauses"))
    if not catalogues and content.edition is None:
        yield from _read_by_clauses(listed, rows)


def _two_high_catalogues(content: Content) -> tuple[Catalogue, ...]:
    if content.edition is None:
        return ()
    return tuple(
        c for _, c in sorted(content.edition.catalogues.items()) if c.id == TWO_HIGH or "两高" in c.title
    )


def membership(content: Content, catalogue: Catalogue) -> bool | None:
    """Return whether the project's industry is listed; ``None`` when that is not known or the list not in force."""
    codes = content.result.project.industries
    if not codes or not in_force(catalogue.valid_from, catalogue.valid_to, content.result.as_of):
        return None
    return any(data.industry_matches(code, prefix) for code in codes for prefix in catalogue.industries)


def _membership_words(listed: ClauseList, catalogue: Catalogue, found: bool | None) -> str:
    content = listed.content
    if found is None:
        in_time = in_force(catalogue.valid_from, catalogue.valid_to, content.result.as_of)
        return listed.say("two_high.no_industry" if in_time else "two_high.not_in_force")
    if not found:
        return listed.say("two_high.not_listed")
    matched = [
        code for code in content.result.project.industries
        if any(data.industry_matches(code, prefix) for prefix in catalogue.industries)
    ]  # fmt: skip
    return listed.say("two_high.listed", codes=content.joint(map(_industry, matched)))


def _source_words(listed: ClauseList, catalogue: Catalogue) -> str:
    since = catalogue.valid_from.isoformat() if catalogue.valid_from is not None else ""
    dated = listed.content.say("document.since", since=since) if since else ""
    source = listed.content.joint(filter(None, (catalogue.source, dated)))
    return listed.say("two_high.source", title=catalogue.title, source=source or cells.EMPTY)


@lru_cache(maxsize=512)
def _industry(code: str) -> str:
    name = data.industry_name(code)
    return f"{code} {name}" if name else code


def two_high_rows(listed: ClauseList) -> list[ClauseRow]:
    """Return the rows whose clause speaks of two-high projects."""
    ids = {c.id for c in _two_high_catalogues(listed.content)} | {TWO_HIGH}

    def asks(key: str, item: Any) -> bool:
        return (key == "catalogue" and item in ids) or (key == "fact" and item == TWO_HIGH)

    return [
        row
        for row in listed.rows
        if any(word in row.clause.text for word in TWO_HIGH_WORDS) or _mentions(row.clause.rules, asks)
    ]


def _read_by_clauses(listed: ClauseList, rows: Sequence[ClauseRow]) -> Iterator[Block]:
    """Yield what the record's clauses saw of two-high, for a record without its edition."""
    content = listed.content
    seen = dict.fromkeys(
        (fact.label, fact.value) for row in rows for fact in facts_read(content, row) if "两高" in fact.label
    )
    if seen:
        yield Fields(tuple((name, plain(told)) for name, told in seen))

"""The report as one HTML file: readable without script or network, and made to be printed on A4.

The only script is that of the map (:mod:`~sanxian.report.map_figure`), which stands still without it.

The page is built from :mod:`~sanxian.report.content`, so it adds layout and nothing else. Its style sheet
is ``page.css`` beside this module; every element is made by :func:`~sanxian.report.markup.tag`, which
escapes what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from sanxian.edition import Edition
from sanxian.i18n import t
from sanxian.model import Concern, Outcome, RuleResult
from sanxian.report import map as maps
from sanxian.report import map_figure, signs, words
from sanxian.report.carrying import in_html
from sanxian.report.content import DECIDING_MAX, ClauseRow, Content, FlipRow, ZoneRow
from sanxian.report.markup import Child, Markup, escape, join, tag
from sanxian.report.outcomes import mark, symbols
from sanxian.report.page import document, fields, numbered, style, table
from sanxian.screening import Screening

PLACES_MAX: Final = 6  # places named in a row; the rest are counted
CLAUSES_MAX: Final = 700_000  # bytes of the clause tables; what does not fit is left to the JSON record
_TRACED: Final = (  # outcomes whose clauses show their steps, from the most generous choice down
    frozenset(Outcome),
    frozenset(Outcome) - {Outcome.NOT_APPLICABLE},
    frozenset((Outcome.NON_COMPLIANT, Outcome.NEEDS_REVIEW, Outcome.CONDITIONAL)),
    frozenset[Outcome](),
)
_TRUTHS: Final = {"TRUE": "✓", "FALSE": "✗", "UNKNOWN": "？"}


def render(result: Screening, lang: str, edition: Edition | None = None) -> bytes:
    """Return the report as UTF-8 HTML; the same screening gives the same bytes."""
    content = Content(result, lang, edition)
    sections = _sections(content)
    name = result.project.name or content.say("unnamed")
    body = (
        symbols(),
        signs.patterns(),
        _banner(content),
        tag(
            "div",
            _masthead(content),
            [_section(content, i, *s) for i, s in enumerate(sections)],
            class_="page",
        ),
        _footer(content),
        in_html(content.record),
    )
    return document(
        *body,
        lang=content.lang,
        title=f"{name} · {content.say('document_title')}",
        style=_style(content),
        generator=f"sanxian {result.engine_version}",
        synthetic=result.edition.synthetic,
        script=map_figure.script(),
    )


def _sections(content: Content) -> list[tuple[str, Child]]:
    """Return (key, body) of the sections in order; the conclusion stands above them."""
    drawing = maps.draw(content, _rows(content))
    makers: list[tuple[str, Callable[[Content], Child]]] = [
        ("map", partial(_map, drawing)),
        ("asks", _asks),
        ("zones", partial(_zones, drawing)),
        ("clauses", _clauses),
        ("around", partial(_around, drawing)),
        ("layers", _layers),
        ("project", _project),
        ("appendix", _appendix),
    ]
    return [(key, make(content)) for key, make in makers if key != "asks" or content.asks]


def _section(content: Content, index: int, key: str, body: Child) -> Markup:
    return numbered(index, key, content.say(f"heading.{key}"), body, content.lang)


# --- style -----------------------------------------------------------------------------------


def _style(content: Content) -> Markup:
    """Return the style sheet and the page footer, whose words depend on the report."""
    footer = content.say(
        "footer",
        title=content.say("document_title"),
        code=words.short_digest(content.digest),
        disclaimer=content.say("disclaimer"),
    )
    mark = content.say("synthetic_short") if content.result.edition.synthetic else ""
    return style(footer, content.say("page", page="\0", pages="\1"), mark)


# --- top of the page -------------------------------------------------------------------------


def _banner(content: Content) -> Markup | None:
    if not content.result.edition.synthetic:
        return None
    return tag("div", tag("p", content.say("synthetic")), class_="banner", role="note")


def _masthead(content: Content) -> Markup:
    result, say = content.result, content.say
    project = result.project
    unknown = tag("span", say("meta.not_stated"), class_="faint")
    facts = {field.label: field.value for field in content.facts}
    industry = facts.get(words.fact_label("industry", content.lang))
    about = [
        (say("meta.proponent"), project.proponent or unknown),
        (say("meta.nature"), project.nature or unknown),
        (say("meta.industry"), industry or unknown),
        (say("meta.place"), content.place or unknown),
        (say("meta.size"), content.total_size or content.joint(p.role for p in content.parts)),
    ]
    if project.id:
        about.append((say("meta.id"), project.id))
    record = [
        (say("meta.as_of"), tag("time", result.as_of.isoformat(), datetime=result.as_of.isoformat())),
        (say("meta.edition"), result.edition.title),
        (say("meta.edition_digest"), tag("code", words.short_digest(result.edition.digest))),
        (say("meta.record"), tag("code", words.short_digest(content.digest))),
        (say("meta.engine"), result.engine_version),
    ]
    return tag(
        "header",
        tag("p", say("system"), class_="system"),
        tag("h1", say("document_title")),
        tag("p", project.name or say("unnamed"), class_="project-name"),
        tag("div", fields(about), fields(record), class_="meta"),
        _conclusion(content),
        class_="masthead",
    )


def _conclusion(content: Content) -> Markup:
    result, say = content.result, content.say
    counts = [
        tag(
            "li",
            tag("span", str(n), class_="n"),
            mark(content.lang, outcome),
            class_="zero" if n == 0 else None,
        )
        for outcome, n in result.counts.items()
    ]
    deciding: Child = None
    if content.deciding:
        rows = [
            tag(
                "li",
                tag("strong", row.what),
                tag("span", row.cited, class_="cited"),
                tag("span", row.why, class_="why"),
            )
            for row in content.deciding[:DECIDING_MAX]
        ]
        rest = len(content.deciding) - DECIDING_MAX
        more = (
            tag("p", say("conclusion.more", count=rest, section=say("heading.clauses")), class_="faint")
            if rest > 0
            else None
        )
        deciding = tag("div", tag("h3", say("heading.deciding")), tag("ol", rows), more, class_="deciding")
    drafts = tag("p", say("drafts_counted"), class_="faint") if result.count_drafts else None
    return tag(
        "section",
        tag("h2", say("heading.conclusion"), class_="unseen"),
        tag(
            "div",
            mark(content.lang, result.verdict, css="verdict"),
            tag("p", content.conclusion, class_="sentence"),
            class_=f"answer {result.verdict.name}",
        ),
        tag("ul", counts, class_="counts", aria_label=say("conclusion.counts")),
        drafts,
        deciding,
        id="conclusion",
        class_="conclusion",
    )


# --- map -------------------------------------------------------------------------------------


def _map(drawing: maps.Drawing, content: Content) -> Markup:
    return map_figure.figure(content, drawing, _rows(content))


def _rows(content: Content) -> dict[tuple[str, str], str]:
    """Return the names of the rows of zones met, nearly met and touched, by (layer, code)."""
    return {
        (row.hit.layer, row.code): f"{kind}-{i}"
        for kind, group in (("beside", content.adjacent), ("near", content.near), ("zone", content.met))
        for i, row in enumerate(group, start=1)
    }


def _code(drawing: maps.Drawing, row: ZoneRow, name: str) -> Markup:
    """Return the code of a zone, where the map leads to; it leads back to the map where that shows the zone."""
    shown = name in drawing.rows
    return tag("a" if shown else "span", row.code, id=name, href=f"#on-{name}" if shown else None)


# --- asks ------------------------------------------------------------------------------------


def _asks(content: Content) -> Markup:
    say = content.say
    columns = [
        (say("column.number"), "number"),
        (say("column.question"), ""),
        (say("column.fact"), ""),
        (say("column.decides"), "number"),
        (say("column.mentioned"), "number"),
        (say("column.worst"), "outcome"),
    ]
    rows = [
        (str(i), ask.question, ask.label, str(ask.decides), str(ask.mentioned), mark(content.lang, ask.worst))
        for i, ask in enumerate(content.asks, start=1)
    ]
    # what settles nothing by itself is needed too, but only together with something else
    deciding = sum(ask.decides > 0 for ask in content.asks) or len(rows)
    first = table(say("asks.caption"), columns, rows[:deciding])
    if deciding == len(rows):
        return first
    rest = table(say("asks.rest_caption"), columns, rows[deciding:])
    return join(
        first,
        tag("details", tag("summary", say("asks.rest", count=len(rows) - deciding)), rest, class_="rest"),
    )


# --- zones -----------------------------------------------------------------------------------


def _zones(drawing: maps.Drawing, content: Content) -> Child:
    say = content.say
    if not content.met:
        return tag("p", say("zones.empty"))
    caption = say("zones.caption", method=content.area_method)
    classed = any(row.zone_class for row in content.met)
    published = any(row.published for row in content.met)
    columns = [(say("column.layer"), ""), (say("column.code"), "code"), (say("column.name"), "name")]
    columns += [(say("column.class"), "")] if classed else []
    columns += [(say("column.measure"), "number")]
    columns += [(say("column.published"), "number")] if published else []
    columns += [(say(f"column.{key}"), "number") for key in ("share", "zone_share", "margin")]
    return join(
        table(
            caption,
            columns,
            [
                _zone_cells(content, row, _code(drawing, row, f"zone-{i}"), classed, published)
                for i, row in enumerate(content.met, start=1)
            ],
            css="zones",
        ),
        tag("p", say("zones.margin_note"), class_="faint"),
    )


def _zone_cells(content: Content, row: ZoneRow, code: Child, classed: bool, published: bool) -> list[Child]:
    roles = [tag("span", f"{role} {measure}", class_="role") for role, measure in row.roles]
    margin: Child = row.margin
    if row.hit.sensitive:
        margin = join(row.margin, " ", _sensitive(content, row))
    office = tag("span", content.say("office.label"), content.say("colon"), row.office, class_="role")
    cells: list[Child] = [row.layer, code, join(row.name, office) if row.office else row.name]
    cells += [row.zone_class] if classed else []
    cells += [join(row.measure, roles) if roles else row.measure]
    cells += [row.published] if published else []
    return [*cells, row.share, row.zone_share, margin]


def _sensitive(content: Content, row: ZoneRow) -> Markup:
    note = content.say("zones.sensitive_note", accuracy=row.accuracy) if row.accuracy else None
    return tag("span", "⚠ ", content.say("zones.sensitive"), class_="sensitive", title=note)


# --- clauses ---------------------------------------------------------------------------------


def _clauses(content: Content) -> Markup:
    """Return the clause tables, with as many steps as fit: first those of idle clauses go, then of open ones."""
    made = Markup()
    for traced in _TRACED:
        made = join(
            tag("p", content.say("clauses.shown_as_published"), class_="faint"),
            [
                _clause_group(content, outcome, rows, outcome in traced)
                for outcome, rows in content.clause_groups
            ],
        )
        if len(made.encode("utf-8")) <= CLAUSES_MAX:
            break
    return made


def _clause_group(content: Content, outcome: Outcome, rows: Sequence[ClauseRow], traced: bool) -> Markup:
    say = content.say
    count = tag("span", say("clauses.caption", count=len(rows)), class_="count")
    opened = traced and outcome in (Outcome.NON_COMPLIANT, Outcome.NEEDS_REVIEW)
    table = _clause_table(
        content, join(mark(content.lang, outcome), count), rows, traced=traced, opened=opened
    )
    note = None if traced else tag("p", say("clauses.compact"), class_="faint")
    if outcome is not Outcome.NOT_APPLICABLE:
        return join(table, note)
    summary = tag("summary", say("clauses.not_applicable", count=len(rows)))
    return tag("details", summary, table, note, class_="idle")


def _clause_table(
    content: Content, caption: Child, rows: Sequence[ClauseRow], *, traced: bool, opened: bool
) -> Markup:
    say = content.say
    columns = [
        (say(f"column.{key}"), key)
        for key in ("number", "clause", "requirement", "place", "judgement", "reason")
    ]
    head = tag("tr", [tag("th", heading, scope="col", class_=css) for heading, css in columns])
    bodies = [_clause_body(content, row, [heading for heading, _ in columns], traced=traced) for row in rows]
    return tag(
        "div",
        tag("table", tag("caption", caption), tag("thead", head), bodies),
        class_="table clauses-table" + (" opened-on-paper" if opened else ""),
    )


def _clause_body(content: Content, row: ClauseRow, headings: Sequence[str], *, traced: bool) -> Markup:
    clause = row.clause
    about = join(
        tag("span", clause.number, class_="clause-number"),
        tag("span", row.level, class_="tag"),
        tag("span", clause.dimension_label, class_="dimension"),
        tag("span", clause.category, class_="faint") if clause.category else None,
    )
    text = tag(
        "p",
        [tag("mark", piece) if quoted else piece for piece, quoted in row.passages],
        class_="as-published",
        lang="zh-CN" if content.lang == "en" else None,
    )
    source = tag(
        "p",
        row.document,
        tag("span", row.document_dates, class_="faint") if row.document_dates else None,
        class_="source",
    )
    offices = [content.say("office.label"), content.say("colon"), content.joint(row.offices)]
    judgement = join(
        mark(content.lang, row.outcome),
        tag("span", content.say("clauses.draft"), class_="draft") if row.unreviewed else None,
    )
    cells: list[Child] = [
        str(row.number),
        about,
        join(text, source, tag("p", offices, class_="source office") if row.offices else None),
        _places(content, row),
        judgement,
        row.reason,
    ]
    css = ("number", "clause", "requirement", "place", "judgement", "reason")
    main = tag(
        "tr",
        [
            tag("td", cell, class_=name, data_label=heading)
            for cell, name, heading in zip(cells, css, headings, strict=True)
        ],
    )
    how = _how(content, row) if traced else None
    detail = tag("tr", tag("td", how, colspan=len(cells)), class_="detail") if how is not None else None
    return tag("tbody", main, detail, id=f"c{row.number}")


def _places(content: Content, row: ClauseRow) -> Child:
    if len(row.places) <= PLACES_MAX + 2:
        return content.joint(row.places)
    named = content.joint(row.places[:PLACES_MAX])
    return join(named, tag("span", content.say("clauses.places_more", count=len(row.places)), class_="faint"))


def _how(content: Content, row: ClauseRow) -> Markup | None:
    """Return the details of a clause: steps, duties, flips, notices."""
    say = content.say
    parts: list[Child] = [_rule(content, rule, alone=len(row.rules) == 1) for rule in row.rules]
    if not row.rules:
        if row.outcome is Outcome.NOT_APPLICABLE:
            return None
        parts.append(tag("p", say("clauses.no_rules"), class_="faint"))
    if row.flips:
        parts += [
            tag("h4", say("clauses.flips")),
            tag("ul", [_flip(content, flip) for flip in row.flips], class_="flips"),
        ]
    if row.notices:
        parts += [tag("h4", say("clauses.notices")), tag("ul", [tag("li", notice) for notice in row.notices])]
    return tag("details", tag("summary", say("clauses.how")), tag("div", parts, class_="how"))


def _rule(content: Content, rule: RuleResult, *, alone: bool) -> Child:
    say = content.say
    labels = [t(f"labels.effect.{rule.effect}", content.lang)]
    if rule.strength != "strict":
        labels.append(say(f"strength.{rule.strength}"))
    head: list[Child] = [tag("span", label, class_="tag") for label in labels]
    if not alone:
        head.insert(0, tag("strong", say("clauses.rule", number=rule.index + 1), " "))
        head.append(mark(content.lang, rule.outcome))
    if not rule.reviewed:
        head += [
            tag("span", say("clauses.draft"), class_="draft"),
            tag(
                "span",
                say("clauses.suggestion", outcome=content.outcome(rule.machine_outcome)),
                class_="faint",
            ),
        ]
    until = rule.trace.get("until")
    if until:
        head.append(tag("span", say("trace.until", date=until), class_="tag"))
    steps = [
        tag("li", tag("span", title, class_="step"), _tree(content, tree))
        for title, tree in content.trace_steps(rule)
    ]
    reason = None if alone else tag("p", content.either(rule.reason_zh, rule.reason_en))
    duties: Child = None
    if rule.duties:
        rows = [
            tag(
                "li",
                duty["text"],
                tag("span", f"（{duty['phase']}）", class_="faint") if duty.get("phase") else None,
            )
            for duty in rule.duties
        ]
        duties = join(tag("h4", say("clauses.duties")), tag("ul", rows, class_="duties"))
    return tag(
        "div",
        tag("p", head, class_="rule-head"),
        reason,
        tag("ul", steps, class_="steps"),
        duties,
        class_="rule",
    )


def _tree(content: Content, node: Mapping[str, Any]) -> Markup:
    """Return a node of a trace and what is below it."""
    say = content.say
    if "op" in node:
        children = node["children"]
        if len(children) == 1 and node["op"] != "not":
            return _tree(content, children[0])
        if not children:
            return tag("ul", tag("li", _truth(content, node), say("trace.everything")), class_="tree")
        below = [
            tag("li", _tree(content, child)) if "op" in child else _leaf(content, child) for child in children
        ]
        return tag(
            "div",
            _truth(content, node),
            tag("span", say(f"trace.{node['op']}"), class_="op"),
            tag("ul", below, class_="tree"),
            class_="node",
        )
    return tag("ul", _leaf(content, node), class_="tree")


def _leaf(content: Content, leaf: Mapping[str, Any]) -> Markup:
    say = content.say
    if "duty" in leaf["atom"]:
        note: Child = tag("span", say("trace.promise"), class_="seen")
    elif leaf["truth"] == "UNKNOWN" and leaf["seen"] is None:
        note = tag("span", say("trace.unknown"), class_="seen")
    else:
        shown = words.seen(leaf["atom"], leaf["seen"], content.lang)
        note = tag("span", say("trace.seen", value=shown), class_="seen") if shown else None
    return tag("li", _truth(content, leaf), content.leaf_words(leaf), note)


def _truth(content: Content, node: Mapping[str, Any]) -> Markup:
    truth = node["truth"]
    return tag(
        "span", _TRUTHS[truth], class_=f"truth {truth}", role="img", aria_label=content.say(f"trace.{truth}")
    )


def _flip(content: Content, flip: FlipRow) -> Markup:
    say = content.say
    now = say("clauses.flip_seen", seen=flip.seen) if flip.seen else say("clauses.flip_unknown")
    return tag(
        "li",
        tag("span", flip.said),
        tag("span", now, class_="faint"),
        " → ",
        mark(content.lang, flip.outcome),
    )


# --- surroundings ----------------------------------------------------------------------------


def _around(drawing: maps.Drawing, content: Content) -> Child:
    say = content.say
    body: list[Child] = []
    if content.map_rows:
        columns = [
            (say("column.matter"), "name"),
            (say("column.place"), ""),
            (say("column.judgement"), "judgement"),
            (say("column.reason"), ""),
        ]
        rows = [
            (row.kind, row.place, mark(content.lang, row.outcome), row.reason) for row in content.map_rows
        ]
        body.append(table(say("around.findings"), columns, rows))
    zone = [(say("column.layer"), ""), (say("column.code"), "code"), (say("column.name"), "name")]
    if content.near:
        columns = [*zone, (say("column.distance"), "number"), (say("column.margin"), "number")]
        body.append(
            table(
                say("around.near"),
                columns,
                [
                    (
                        row.layer,
                        _code(drawing, row, f"near-{i}"),
                        row.name,
                        row.distance,
                        _margin(content, row),
                    )
                    for i, row in enumerate(content.near, start=1)
                ],
            )
        )
    if content.adjacent:
        body.append(
            table(
                say("around.adjacent"),
                zone,
                [
                    (row.layer, _code(drawing, row, f"beside-{i}"), row.name)
                    for i, row in enumerate(content.adjacent, start=1)
                ],
            )
        )
    if content.dropped:
        columns = [
            *zone,
            (say("column.measure"), "number"),
            (say("column.threshold"), "number"),
            (say("column.margin"), "number"),
        ]
        body.append(
            table(
                say("around.dropped"),
                columns,
                [
                    (row.layer, row.code, row.name, row.measure, row.threshold, _margin(content, row))
                    for row in content.dropped
                ],
            )
        )
    sensitive = [row for row in content.met if row.hit.sensitive]
    if sensitive:
        columns = [
            *zone,
            (say("column.measure"), "number"),
            (say("column.margin"), "number"),
            (say("column.accuracy"), "number"),
        ]
        body.append(
            table(
                say("around.sensitive"),
                columns,
                [(row.layer, row.code, row.name, row.measure, row.margin, row.accuracy) for row in sensitive],
            )
        )
    return body or tag("p", say("around.none"))


def _margin(content: Content, row: ZoneRow) -> Child:
    return join(row.margin, " ", _sensitive(content, row)) if row.hit.sensitive else row.margin


# --- layers, project, appendix ---------------------------------------------------------------

_CONCERNS: Final = {Concern.CONCERNED: "●", Concern.NOT_CONCERNED: "○", Concern.NO_DATA: "？"}


def _layers(content: Content) -> Markup:
    say = content.say
    columns = [
        (say("column.layer"), "name"),
        (say("column.concern"), "concern"),
        (say("column.complete"), ""),
        (say("column.source"), ""),
    ]
    rows = [
        (
            row.title,
            tag(
                "span",
                _CONCERNS[row.concern],
                " ",
                t(f"labels.concern.{row.concern}", content.lang),
                class_=f"concern {row.concern}",
            ),
            say("layers.complete" if row.complete else "layers.incomplete"),
            tag("ul", [tag("li", source) for source in row.sources], class_="sources") if row.sources else "",
        )
        for row in content.layer_rows
    ]
    return table(say("layers.caption"), columns, rows)


def _project(content: Content) -> Child:
    say = content.say
    columns = [
        (say("column.role"), "name"),
        (say("column.geometry"), ""),
        (say("column.size"), "number"),
        (say("project.bounds"), "code"),
        (say("column.crs"), ""),
        (say("column.file"), ""),
        (say("column.repairs"), ""),
    ]
    parts = [
        (
            " ".join(filter(None, (part.role, part.name))),
            say(f"geometry.{part.geometry_type}"),
            content.part_size(part),
            _box(part.bbox),
            part.crs_in,
            part.source,
            tag("ul", [tag("li", content.notice(n)) for n in part.repairs], class_="sources")
            if part.repairs
            else say("none"),
        )
        for part in content.parts
    ]
    body: list[Child] = [table(say("project.parts"), columns, parts)]
    if content.facts:
        body.append(
            table(
                say("project.facts"),
                [(say("column.fact"), "name"), (say("column.value"), "")],
                content.facts,
                css="pairs",
            )
        )
    else:
        body.append(tag("p", say("project.none_stated"), class_="faint"))
    if content.papers:
        columns = [
            (say("column.paper"), "name"),
            (say("column.paper_number"), ""),
            (say("column.issuer"), ""),
            (say("column.date"), "number"),
            (say("column.held"), ""),
        ]
        body.append(
            table(
                say("project.papers"),
                columns,
                [
                    (
                        p.type,
                        p.number,
                        p.issuer,
                        p.date.isoformat() if p.date else "",
                        say("yes" if p.held else "no"),
                    )
                    for p in content.papers
                ],
            )
        )
    else:
        body.append(tag("p", say("project.no_papers"), class_="faint"))
    return body


def _box(bbox: tuple[float, float, float, float]) -> Markup:
    west, south, east, north = bbox
    if (west, south) == (east, north):
        return escape(f"{west:.6f}, {south:.6f}")
    return join(f"{west:.6f}, {south:.6f}", tag("br"), f"{east:.6f}, {north:.6f}")


def _appendix(content: Content) -> Child:
    say, info = content.say, content.result.edition
    period = f"{info.valid_from.isoformat()} – {info.valid_to.isoformat() if info.valid_to else ''}".rstrip(
        " –"
    )
    digests = [
        (say("digest.record"), tag("code", content.digest)),
        (say("digest.edition"), tag("code", info.digest)),
        (say("digest.edition_id"), info.id),
        (say("digest.period"), say("document.since", since=period) if info.valid_to is None else period),
        (say("digest.publisher"), info.publisher or say("meta.not_stated")),
        (say("digest.engine"), f"sanxian {content.result.engine_version}"),
    ]
    method = [
        content.area_method,
        *(say(f"method.{key}") for key in ("length", "logic", "drafts", "threshold")),
    ]
    body: list[Child] = [
        tag("p", say("disclaimer"), class_="disclaimer"),
        tag("h3", say("appendix.method")),
        tag("ul", [tag("li", line) for line in method]),
        tag("h3", say("appendix.limits")),
        tag("ul", [tag("li", say(f"limits.{key}")) for key in ("data", "boundary", "text")]),
    ]
    if content.notices:
        body += [
            tag("h3", say("appendix.notices")),
            tag("ul", [tag("li", notice) for notice in content.notices]),
        ]
    if content.documents:
        columns = [(say("column.document"), "name"), (say("column.issuer"), ""), (say("column.in_force"), "")]
        body.append(table(say("appendix.documents"), columns, content.documents))
    body += [
        tag("h3", say("appendix.digests")),
        fields(digests, "fields wide"),
        tag("p", say("digest.repeat"), class_="faint"),
    ]
    return body


def _footer(content: Content) -> Markup:
    return tag(
        "footer",
        tag("p", content.say("disclaimer")),
        tag("p", content.say("system"), " ", content.result.engine_version),
    )

"""The chapters behind the answer: boundaries and surroundings, steps, thresholds, sources, documents, offices, method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sanxian.i18n import t
from sanxian.model import Office
from sanxian.report import cells
from sanxian.report.conformity_clauses import ClauseList
from sanxian.report.content import ZoneRow
from sanxian.report.evidence import steps
from sanxian.report.manuscript import Block, Bullets, Cell, Fields, Heading, Paragraph, Table, plain

TRACED_MAX: Final = 60  # clauses whose steps are printed; the record holds those of all
INDENT: Final = "\u3000"  # one a level


def boundaries(listed: ClauseList) -> Iterator[Block]:
    """Yield findings about the map, boundary-sensitive hits, near misses and what only touches."""
    say, content = listed.say, listed.content
    yield Heading(say("heading.boundaries"), 1)
    if content.map_rows:
        head = cells.columns(
            (content.say("column.matter"), 16),
            (content.say("column.place"), 26),
            (say("column.judgement"), 14, "center"),
            (say("column.reason"), 44),
        )
        body = [
            cells.row(
                row.kind, row.place, cells.cell(content.outcome(row.outcome), outcome=row.outcome), row.reason
            )
            for row in content.map_rows
        ]
        yield cells.table(
            content.say("around.findings"),
            head,
            body,
            sheet=say("sheet.map"),
            outcomes=[row.outcome for row in content.map_rows],
        )
    sensitive = [row for row in (*content.met, *content.near, *content.dropped) if row.hit.sensitive]
    shown = False
    if sensitive:
        shown = True
        yield _zones(
            listed,
            say("boundaries.sensitive"),
            sensitive,
            [(say("column.measure_or_distance"), [row.measure or row.distance for row in sensitive]),
             (content.say("column.margin"), [row.margin for row in sensitive]),
             (content.say("column.accuracy"), [row.accuracy for row in sensitive])],
            say("boundaries.sensitive_note"),
        )  # fmt: skip
    if content.near:
        shown = True
        rows = content.near
        yield _zones(
            listed,
            content.say("around.near"),
            rows,
            [
                (content.say("column.distance"), [row.distance for row in rows]),
                (content.say("column.margin"), [row.margin for row in rows]),
            ],
            "",
        )
    if content.adjacent:
        shown = True
        yield _zones(listed, content.say("around.adjacent"), content.adjacent, [], "")
    if not shown and not content.map_rows:
        yield Paragraph(plain(say("boundaries.none")))


def _zones(
    listed: ClauseList,
    caption: str,
    rows: Sequence[ZoneRow],
    more: Sequence[tuple[str, Sequence[str]]],
    note: str,
) -> Table:
    content = listed.content
    head = cells.columns(
        (content.say("column.layer"), 20),
        (content.say("column.code"), 24),
        (content.say("column.name"), 28),
        *((title, 14, "right") for title, _ in more),
    )
    body = [
        cells.row(row.layer, cells.code(row.code), row.name, *(values[i] for _, values in more))
        for i, row in enumerate(rows)
    ]
    return cells.table(caption, head, body, note=note, sheet=listed.say("sheet.around"))


def appendix(listed: ClauseList) -> Iterator[Block]:
    """Yield what stands behind the answer."""
    say = listed.say
    yield Heading(say("heading.appendix"), 1, new_page=True)
    yield Heading(say("heading.steps"), 2)
    yield from _steps(listed)
    yield Heading(say("heading.thresholds"), 2)
    yield from _thresholds(listed)
    yield Heading(say("heading.sources"), 2)
    yield _sources(listed)
    yield Heading(say("heading.documents"), 2)
    yield from _documents(listed)
    yield Heading(say("heading.offices"), 2)
    yield from _offices(listed)
    yield Heading(say("heading.method"), 2)
    yield from _method(listed)
    yield Heading(say("heading.digests"), 2)
    yield from _digests(listed)
    yield Paragraph(cells.strong(say("disclaimer")))


# --- steps -----------------------------------------------------------------------------------


def _steps(listed: ClauseList) -> Iterator[Block]:
    say, content = listed.say, listed.content
    verdict = content.result.verdict
    deciding = [row for row in listed.applicable if row.outcome is verdict]
    traced = [row for row in deciding if row.rules][:TRACED_MAX]
    if not traced:
        yield Paragraph(plain(say("steps.none")))
        return
    yield Paragraph(plain(say("steps.intro", outcome=content.outcome(verdict))))
    head = cells.columns(
        (say("column.clause"), 15), (say("column.step"), 13), (say("column.condition"), 40), (say("column.seen"), 20), (say("column.truth"), 12, "center")
    )  # fmt: skip
    body: list[tuple[Cell, ...]] = []
    for row in traced:
        for rule in row.rules:
            if rule.outcome is not row.outcome and len(row.rules) > 1:
                continue
            effect = t(f"labels.effect.{rule.effect}", listed.lang)
            strength = "" if rule.strength == "strict" else content.say(f"strength.{rule.strength}")
            cited = cells.cell(
                cells.strong(say("clauses.ref", number=listed.number(row))),
                row.clause.number,
                cells.faint(" · ".join(filter(None, (effect, strength)))),
            )
            for step in steps(content, rule):
                body.append(
                    (
                        cited,
                        cells.cell(cells.faint(step.part)) if step.part else cells.BLANK,
                        cells.cell(INDENT * step.depth + step.condition if step.condition else None),
                        cells.cell(step.seen),
                        cells.cell(step.truth),
                    )
                )
                cited = cells.BLANK
    left = len(deciding) - len(traced)
    note = say("steps.left", count=left) if left else ""
    yield cells.table(say("steps.caption"), head, body, note=note, sheet=say("sheet.steps"))


# --- thresholds, sources ---------------------------------------------------------------------


def _thresholds(listed: ClauseList) -> Iterator[Block]:
    say, content = listed.say, listed.content
    if content.layers:
        head = cells.columns(
            (content.say("column.layer"), 28), (say("column.min_area"), 18, "right"), (say("column.min_length"), 18, "right"),
            (content.say("column.accuracy"), 18, "right"), (say("column.near"), 18, "right"),
        )  # fmt: skip
        body = [
            cells.row(content.layer_title(layer.id), *content.layer_limits(layer))
            for layer in content.layers.values()
        ]
        yield cells.table(
            say("thresholds.caption"), head, body, note=say("thresholds.note"), sheet=say("sheet.thresholds")
        )
    else:
        yield Paragraph(plain(say("thresholds.no_edition")))
    if content.dropped:
        rows = content.dropped
        yield _zones(
            listed,
            content.say("around.dropped"),
            rows,
            [(content.say("column.measure"), [row.measure for row in rows]),
             (content.say("column.threshold"), [row.threshold for row in rows]),
             (content.say("column.margin"), [row.margin for row in rows])],
            content.say("method.threshold"),
        )  # fmt: skip
    else:
        yield Paragraph(plain(say("thresholds.none_dropped")))


def _sources(listed: ClauseList) -> Table:
    say, content = listed.say, listed.content
    head = cells.columns(
        (content.say("column.layer"), 24), (content.say("column.concern"), 12, "center"), (content.say("column.complete"), 12, "center"), (say("column.coverage"), 52)
    )  # fmt: skip
    body = [
        cells.row(
            row.title,
            t(f"labels.concern.{row.concern}", listed.lang),
            content.say("layers.complete" if row.complete else "layers.incomplete"),
            cells.cell(*row.sources),
        )
        for row in content.layer_rows
    ]
    return cells.table(
        say("sources.caption"), head, body, note=content.say("layers.caption"), sheet=say("sheet.layers")
    )


def _documents(listed: ClauseList) -> Iterator[Block]:
    say, content = listed.say, listed.content
    if not content.documents:
        yield Paragraph(plain(say("documents.none")))
        return
    head = cells.columns(
        (content.say("column.document"), 50),
        (content.say("column.issuer"), 24),
        (content.say("column.in_force"), 26),
    )
    body = [cells.row(*document) for document in content.documents]
    note = "" if content.edition is not None else say("documents.no_edition")
    yield cells.table(say("documents.caption"), head, body, note=note, sheet=say("sheet.documents"))


# --- offices ---------------------------------------------------------------------------------


def _offices(listed: ClauseList) -> Iterator[Block]:
    """Yield who answers for the zones met and for the clauses that apply."""
    say, content = listed.say, listed.content
    zones: dict[Office, list[str]] = {}
    clauses: dict[Office, dict[int, None]] = {}
    for zone in content.met:
        if zone.hit.office is not None:
            zones.setdefault(zone.hit.office, []).append(zone.name)
    applying = {row.number: row for row in listed.applicable}
    for row in listed.applicable:
        for finding in row.findings:
            if finding.office is not None:
                clauses.setdefault(finding.office, {})[row.number] = None
    offices = sorted({*zones, *clauses}, key=lambda office: (office.region, office.id, office.name))
    if not offices:
        yield Paragraph(plain(say("offices.none")))
        return
    head = cells.columns(
        (say("column.office"), 28),
        (say("column.contact"), 24),
        (say("column.zones"), 26),
        (say("column.clauses"), 22),
    )
    body = [
        cells.row(
            office.name,
            office.contact,
            content.joint(zones.get(office, ())),
            listed.references(applying[n] for n in clauses.get(office, ())),
        )
        for office in offices
    ]
    yield cells.table(say("offices.caption"), head, body, sheet=say("sheet.offices"))


# --- method, digests -------------------------------------------------------------------------


def _method(listed: ClauseList) -> Iterator[Block]:
    say, content = listed.say, listed.content
    method = [
        content.area_method,
        *(content.say(f"method.{key}") for key in ("length", "logic", "drafts", "threshold")),
    ]
    if content.result.count_drafts:
        method.append(content.say("drafts_counted"))
    yield Bullets(tuple(map(plain, method)))
    yield Heading(say("heading.limits"), 3)
    limits = [content.say(f"limits.{key}") for key in ("data", "boundary", "text")]
    yield Bullets(tuple(map(plain, (*limits, say("limits.record"), say("limits.map")))))
    if content.notices:
        yield Heading(say("heading.notices"), 3)
        yield Bullets(tuple(map(plain, content.notices)))


def _digests(listed: ClauseList) -> Iterator[Block]:
    say, content = listed.say, listed.content
    info = content.result.edition
    until = info.valid_to.isoformat() if info.valid_to is not None else ""
    since = info.valid_from.isoformat()
    period = (
        content.say("document.between", since=since, until=until)
        if until
        else content.say("document.since", since=since)
    )
    rows = [
        (content.say("digest.record"), cells.code(content.digest)),
        (content.say("digest.edition"), cells.code(info.digest) or plain(cells.EMPTY)),
        (content.say("digest.edition_id"), plain(info.id)),
        (content.say("digest.period"), plain(period)),
        (content.say("digest.publisher"), plain(info.publisher or content.say("meta.not_stated"))),
        (content.say("digest.engine"), plain(f"sanxian {content.result.engine_version}")),
    ]
    if content.edition is None:
        yield Paragraph(plain(say("digests.no_edition")), "note")
    yield Fields(tuple(rows))
    yield Paragraph(cells.faint(content.say("digest.repeat")), "note")

"""The report as plain text: the same content as the HTML page, for mail, logs and screen readers.

No tables to keep aligned, no colour: one fact a line, indented by rank, so it reads the same in any font.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sanxian.edition import Edition
from sanxian.i18n import t
from sanxian.model import Outcome
from sanxian.report import words
from sanxian.report.content import ClauseRow, Content, FlipRow, ZoneRow
from sanxian.screening import Screening

_SYMBOLS = {
    Outcome.NON_COMPLIANT: "✗",
    Outcome.NEEDS_FACTS: "?",
    Outcome.NEEDS_REVIEW: "!",
    Outcome.CONDITIONAL: "△",
    Outcome.COMPLIANT: "✓",
    Outcome.NOT_APPLICABLE: "–",
}


def render(result: Screening, lang: str, edition: Edition | None = None) -> bytes:
    """Return the report as UTF-8 plain text with a newline at its end."""
    content = Content(result, lang, edition)
    lines = [line for block in _blocks(content) for line in (*block, "")]
    return ("\n".join(map(_one_line, lines)).rstrip("\n") + "\n").encode("utf-8")


def _one_line(text: str) -> str:
    """Return ``text`` without line breaks and control characters: data cannot draw lines of its own."""
    return "".join(c if c.isprintable() or c == words.SPACE else " " for c in text).rstrip()


def _blocks(content: Content) -> Iterator[list[str]]:
    result, say = content.result, content.say
    if result.edition.synthetic:
        yield [say("synthetic")]
    yield [say("document_title"), *_head(content)]
    yield [_marked(content, result.verdict), content.conclusion, *_counts(content)]
    if content.deciding:
        yield [
            _heading(content, "deciding"),
            *(f"  {row.what} ({row.cited}){say('colon')}{row.why}" for row in content.deciding),
        ]
    if content.asks:
        yield [
            _heading(content, "asks"),
            *(
                f"  {i}. {ask.question} [{say('column.decides')}{say('colon')}{ask.decides}; "
                f"{say('column.worst')}{say('colon')}{content.outcome(ask.worst)}]"
                for i, ask in enumerate(content.asks, start=1)
            ),
        ]
    yield (
        [_heading(content, "zones"), *(_zone(content, row) for row in content.met)]
        if content.met
        else [_heading(content, "zones"), "  " + say("zones.empty")]
    )
    yield [_heading(content, "clauses")]
    for outcome, rows in content.clause_groups:
        yield [_marked(content, outcome), *(line for row in rows for line in _clause(content, row))]
    yield [_heading(content, "around"), *_around(content)]
    yield [_heading(content, "layers"), *_layers(content)]
    yield [_heading(content, "project"), *_project(content)]
    yield [
        _heading(content, "appendix"),
        *(f"  {line}" for line in (content.area_method, *content.notices)),
        f"  {say('digest.record')}{say('colon')}{content.digest}",
        f"  {say('digest.edition')}{say('colon')}{result.edition.digest}",
        f"  {say('digest.engine')}{say('colon')}sanxian {result.engine_version}",
        say("disclaimer"),
    ]


def _heading(content: Content, key: str) -> str:
    return f"== {content.say(f'heading.{key}')} =="


def _marked(content: Content, outcome: Outcome) -> str:
    return f"[{_SYMBOLS[outcome]} {content.outcome(outcome)}]"


def _head(content: Content) -> Iterator[str]:
    result, say = content.result, content.say
    for label, value in (
        ("project", result.project.name or say("unnamed")),
        ("proponent", result.project.proponent),
        ("size", content.total_size),
        ("as_of", result.as_of.isoformat()),
        ("edition", result.edition.title),
        ("record", words.short_digest(content.digest)),
    ):
        if value:
            yield f"{say(f'meta.{label}')}{say('colon')}{value}"


def _counts(content: Content) -> Iterator[str]:
    for outcome, count in content.result.counts.items():
        if count:
            yield f"  {_marked(content, outcome)} {count}"


def _zone(content: Content, row: ZoneRow) -> str:
    say = content.say
    parts = [
        row.zone_class,
        row.measure,
        f"{say('column.share')} {row.share}",
        f"{say('column.margin')} {row.margin}",
    ]
    if row.hit.sensitive:
        parts.append(say("zones.sensitive"))
    if row.office:
        parts.append(f"{say('office.label')}{say('colon')}{row.office}")
    return f"  {row.layer} {row.code} {row.name}{say('colon')}{'; '.join(filter(None, parts))}"


def _clause(content: Content, row: ClauseRow) -> Iterator[str]:
    say = content.say
    about = f"{row.level} · {row.clause.dimension_label} · {row.clause.number}"
    draft = f" [{say('clauses.draft')}]" if row.unreviewed else ""
    yield f"  {row.number}. {about}{draft}"
    yield f"     {row.clause.text} ({row.document})"
    yield f"     {say('column.place')}{say('colon')}{content.joint(row.places)}"
    yield f"     {say('column.reason')}{say('colon')}{row.reason}"
    if row.offices:
        yield f"     {say('office.label')}{say('colon')}{content.joint(row.offices)}"
    if row.outcome is not Outcome.NOT_APPLICABLE:
        for flip in row.flips:
            yield f"     {say('clauses.flips')}{say('colon')}{_flip(content, flip)}"


def _flip(content: Content, flip: FlipRow) -> str:
    return f"{flip.said} → {content.outcome(flip.outcome)}"


def _around(content: Content) -> list[str]:
    say = content.say
    lines = [
        f"  {_marked(content, row.outcome)} {row.kind} {row.place}{say('colon')}{row.reason}"
        for row in content.map_rows
    ]
    for key, rows in (("near", content.near), ("adjacent", content.adjacent), ("dropped", content.dropped)):
        for row in rows:
            told = {"near": row.distance, "adjacent": "", "dropped": f"{row.measure} < {row.threshold}"}[key]
            lines.append(
                f"  {say(f'around.{key}')}{say('colon')}{row.layer} {row.code} {row.name} {told}".rstrip(" <")
            )
    return lines or ["  " + say("around.none")]


def _layers(content: Content) -> Iterable[str]:
    say = content.say
    for row in content.layer_rows:
        data = say("layers.complete" if row.complete else "layers.incomplete")
        yield f"  {row.title}{say('colon')}{t(f'labels.concern.{row.concern}', content.lang)} ({data}) {'; '.join(row.sources)}"


def _project(content: Content) -> Iterable[str]:
    say = content.say
    for part in content.parts:
        kind = say(f"geometry.{part.geometry_type}")
        yield f"  {' '.join(filter(None, (part.role, part.name, kind, content.part_size(part), part.crs_in, part.source)))}"
        for repair in part.repairs:
            yield f"     {content.notice(repair)}"
    for label, value in content.facts:
        yield f"  {label}{say('colon')}{value}"
    for paper in content.papers:
        held = say("yes" if paper.held else "no")
        yield f"  {' '.join(filter(None, (paper.type, paper.number, paper.issuer)))} [{say('column.held')}{say('colon')}{held}]"

"""The clause table of a conformity report: every clause that place and industry reach, level by level.

The order is that of the access list, from the nation down to the unit, and within a level by dimension. What does
not apply follows in a shorter table, so that nothing the place reaches is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import Final, TypeAlias

from sanxian.i18n import t
from sanxian.model import Dimension, Level, Outcome
from sanxian.report import cells
from sanxian.report.content import ClauseRow, Content, FlipRow
from sanxian.report.evidence import facts_read
from sanxian.report.manuscript import Block, Cell, Heading, Paragraph, Run, Style, Table, Text, plain

LEVELS: Final = (
    Level.NATIONAL, Level.PROVINCE, Level.BASIN, Level.BLOCK, Level.PREFECTURE, Level.COUNTY, Level.PARK, Level.ZONE,
    Level.UNIT,
)  # fmt: skip
PLACES_MAX: Final = 6  # places named beside a clause; the rest are counted
NUMBERS_MAX: Final = 12  # runs of clause numbers in a reference; the rest are counted
IDENTITY: Final = ("nature", "industry")  # facts that make another project of it


class ClauseList:
    """The clauses of a screening in the order of the report, numbered."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.lang = content.lang

    def say(self, key: str, **fields: object) -> str:
        """Return a text of the report."""
        return t(f"conformity.{key}", self.lang, **fields)

    @cached_property
    def rows(self) -> tuple[ClauseRow, ...]:
        """Every clause row: what applies first, each part by level, dimension, document and number."""
        return tuple(sorted(self.content.clause_rows, key=_order))

    @cached_property
    def applicable(self) -> tuple[ClauseRow, ...]:
        """Rows that say something of the project."""
        return tuple(row for row in self.rows if row.outcome is not Outcome.NOT_APPLICABLE)

    @cached_property
    def idle(self) -> tuple[ClauseRow, ...]:
        """Rows that do not apply."""
        return self.rows[len(self.applicable) :]

    @cached_property
    def _numbers(self) -> Mapping[int, int]:
        return {row.number: i for i, row in enumerate(self.rows, start=1)}

    def number(self, row: ClauseRow) -> int:
        """Return the running number of a row in the report."""
        return self._numbers[row.number]

    def references(self, rows: Iterable[ClauseRow]) -> str:
        """Return the numbers of rows, runs joined: ``3–5、8``; "" for none."""
        numbers = sorted(self.number(row) for row in rows)
        runs: list[list[int]] = []
        for n in numbers:
            if runs and n == runs[-1][1] + 1:
                runs[-1][1] = n
            else:
                runs.append([n, n])
        said = [f"{a}" if a == b else f"{a}–{b}" for a, b in runs[:NUMBERS_MAX]]
        joined = self.content.joint(said)
        return (
            joined
            if len(runs) <= NUMBERS_MAX
            else self.say("clauses.more", numbers=joined, count=len(numbers))
        )

    def tally(self, rows: Sequence[ClauseRow]) -> str:
        """Return how many rows there are of each outcome, worst first, with their numbers."""
        found: dict[Outcome, list[ClauseRow]] = {}
        for row in rows:
            found.setdefault(row.outcome, []).append(row)
        parts = []
        for outcome in sorted(found, reverse=True):
            key = "clauses.tally_idle" if outcome is Outcome.NOT_APPLICABLE else "clauses.tally"
            parts.append(
                self.say(
                    key,
                    outcome=self.content.outcome(outcome),
                    count=len(found[outcome]),
                    numbers=self.references(found[outcome]),
                )
            )
        return self.say("clauses.tally_joint").join(parts)


def _order(row: ClauseRow) -> tuple[object, ...]:
    clause = row.clause
    return (
        row.outcome is Outcome.NOT_APPLICABLE,
        LEVELS.index(clause.level),
        list(Dimension).index(clause.dimension),
        clause.document,
        [
            (part.isdigit(), int(part) if part.isdigit() else 0, part)
            for part in _PARTS.findall(clause.number)
        ],
        clause.id,
        row.number,
    )


_PARTS: Final = re.compile(r"[0-9]{1,18}|[^0-9]+|[0-9]+")


def chapter(listed: ClauseList) -> Iterator[Block]:
    """Yield the clause tables."""
    say, content = listed.say, listed.content
    yield Heading(say("heading.clauses"), 1, new_page=True)
    yield Paragraph(plain(say("clauses.intro", applicable=len(listed.applicable), idle=len(listed.idle))))
    yield Paragraph(cells.faint(content.say("clauses.shown_as_published")), "note")
    yield _overview(listed)
    if not listed.applicable:
        yield Paragraph(plain(say("clauses.none_apply")))
    for level, rows in groupby(listed.applicable, key=lambda row: row.clause.level):
        yield Heading(say(f"level.{level}"), 2)
        yield _of_level(listed, level, tuple(rows))
    if listed.idle:
        yield Heading(say("heading.idle"), 2)
        yield _idle(listed)


def _overview(listed: ClauseList) -> Table:
    """Return the number of clauses by level and outcome, so that a missing level is seen."""
    say, content = listed.say, listed.content
    outcomes = sorted(Outcome, reverse=True)
    head = cells.columns(
        (say("column.level"), 18),
        *((content.outcome(o), 12, "right") for o in outcomes),
        (say("column.total"), 8, "right"),
    )
    body = []
    for level in LEVELS:
        of_level = [row.outcome for row in listed.rows if row.clause.level is level]
        if of_level:
            numbers = [str(of_level.count(o)) for o in outcomes]
            body.append(cells.row(say(f"level.{level}"), *numbers, str(len(of_level))))
    all_of = [row.outcome for row in listed.rows]
    body.append(
        cells.row(
            cells.strong(say("column.total")),
            *(cells.strong(str(all_of.count(o))) for o in outcomes),
            cells.strong(str(len(all_of))),
        )
    )
    return cells.table(
        say("clauses.by_level"), head, body, note=say("clauses.rows_note"), sheet=say("sheet.levels")
    )


def _of_level(listed: ClauseList, level: Level, rows: Sequence[ClauseRow]) -> Table:
    """Return the clause table of one level: what engineers paste into a report."""
    say = listed.say
    head = cells.columns(
        (say("column.number"), 5, "center"),
        (say("column.clause"), 13),
        (say("column.document"), 12),
        (say("column.requirement"), 24),
        (say("column.facts"), 20),
        (say("column.judgement"), 10, "center"),
        (say("column.reason"), 16),
    )
    body = [
        cells.row(
            str(listed.number(row)),
            _cited(listed, row),
            cells.cell(row.document, cells.faint(row.document_dates)),
            requirement(row),
            _facts(listed, row),
            judgement(listed.content, row),
            cells.cell(row.reason, *_responsible(listed.content, row)),
        )
        for row in rows
    ]
    caption = say("clauses.caption", level=say(f"level.{level}"), count=len(rows))
    return cells.table(
        caption, head, body, sheet=say("sheet.clauses"), outcomes=[row.outcome for row in rows]
    )


def _cited(listed: ClauseList, row: ClauseRow) -> Cell:
    clause = row.clause
    about = " · ".join(filter(None, (listed.say(f"level.{clause.level}"), clause.dimension_label)))
    return cells.cell(
        cells.strong(clause.number or clause.id),
        about,
        cells.faint(clause.category),
        cells.faint(listed.say("clauses.places", places=_places(listed.content, row)))
        if row.places
        else None,
    )


def _cited_short(listed: ClauseList, row: ClauseRow) -> Cell:
    clause = row.clause
    said = (listed.say(f"level.{clause.level}"), clause.dimension_label, _places(listed.content, row))
    about = " · ".join(filter(None, said))
    return cells.cell(cells.strong(clause.number or clause.id), row.document, cells.faint(about))


def _places(content: Content, row: ClauseRow) -> str:
    places = [place for place in row.places if place]
    if len(places) <= PLACES_MAX + 2:
        return content.joint(places)
    return content.joint(places[:PLACES_MAX]) + " " + content.say("clauses.places_more", count=len(places))


def requirement(row: ClauseRow) -> Cell:
    """Return the text of a clause as published, with what a rule stands for marked."""
    return cells.cell(
        tuple(Run(piece, Style.MARKED if quoted else Style.PLAIN) for piece, quoted in row.passages)
    )


def _facts(listed: ClauseList, row: ClauseRow) -> Cell:
    read = facts_read(listed.content, row)
    if not read:
        return cells.cell(cells.faint(listed.say("facts.none")))
    return cells.cell(*(_fact(listed.content, *fact) for fact in read))


def _fact(content: Content, label: str, value: str, known: bool) -> Text:
    return (*cells.faint(label + content.say("colon")), Run(value, Style.PLAIN if known else Style.STRONG))


def judgement(content: Content, row: ClauseRow) -> Cell:
    """Return the outcome of a row, with what must be known about it."""
    return cells.cell(
        content.outcome(row.outcome),
        cells.faint(content.say("clauses.draft")) if row.unreviewed else None,
        outcome=row.outcome,
    )


def _responsible(content: Content, row: ClauseRow) -> Iterator[Text]:
    if row.offices:
        yield cells.faint(content.say("office.label") + content.say("colon") + content.joint(row.offices))


def _idle(listed: ClauseList) -> Table:
    say = listed.say
    head = cells.columns(
        (say("column.number"), 5, "center"),
        (say("column.clause_and_document"), 23),
        (say("column.requirement"), 37),
        (say("column.why_not"), 35),
    )
    body = [
        cells.row(str(listed.number(row)), _cited_short(listed, row), requirement(row), row.reason)
        for row in listed.idle
    ]
    return cells.table(
        say("clauses.idle_caption", count=len(listed.idle)),
        head,
        body,
        sheet=say("sheet.idle"),
        outcomes=[row.outcome for row in listed.idle],
    )


# --- what is missing, what would change ------------------------------------------------------


def open_points(listed: ClauseList) -> Iterator[Block]:
    """Yield what is missing and what to ask, and what would change the verdict."""
    say, content = listed.say, listed.content
    yield Heading(say("heading.open"), 1)
    yield Heading(say("heading.asks"), 2)
    if content.asks:
        head = cells.columns(
            (say("column.number"), 6, "center"),
            (say("column.question"), 40),
            (say("column.fact"), 20),
            (say("column.decides"), 10, "right"),
            (say("column.mentioned"), 10, "right"),
            (say("column.worst"), 14, "center"),
        )
        body = [
            cells.row(
                str(i),
                ask.question,
                ask.label,
                str(ask.decides),
                str(ask.mentioned),
                cells.cell(content.outcome(ask.worst), outcome=ask.worst),
            )
            for i, ask in enumerate(content.asks, start=1)
        ]
        yield cells.table(say("asks.caption"), head, body, note=say("asks.note"), sheet=say("sheet.asks"))
    else:
        yield Paragraph(plain(say("asks.none")))
    waiting = [row for row in listed.applicable if row.outcome is Outcome.NEEDS_REVIEW]
    if waiting:
        yield Paragraph(plain(say("asks.review", count=len(waiting), numbers=listed.references(waiting))))
    yield Heading(say("heading.flips"), 2)
    yield from _flips(listed)


def _flips(listed: ClauseList) -> Iterator[Block]:
    say, verdict = listed.say, listed.content.result.verdict
    deciding = [row for row in listed.applicable if row.outcome is verdict]
    better = _turns((row, flip) for row in deciding for flip in row.flips if flip.outcome < verdict)
    worse = _turns(
        (row, flip)
        for row in listed.rows
        for flip in row.flips
        if flip.outcome > verdict and not (row.outcome is Outcome.NOT_APPLICABLE and flip.fact in IDENTITY)
    )
    if better:
        note = say("flips.better_note", count=len(deciding)) if len(deciding) > 1 else ""
        yield _turn_table(listed, say("flips.better"), better, note)
    if worse:
        yield _turn_table(listed, say("flips.worse"), worse, say("flips.worse_note"))
    if not better and not worse:
        yield Paragraph(plain(say("flips.none")))


Turn: TypeAlias = tuple[str, str, Outcome]  # what would have to be, what is now, the outcome then


def _turns(flips: Iterable[tuple[ClauseRow, FlipRow]]) -> Mapping[Turn, Sequence[ClauseRow]]:
    """Return each turn with the rows it holds for; what would make another project comes last."""
    found: dict[Turn, list[ClauseRow]] = {}
    another: dict[Turn, bool] = {}
    for row, flip in flips:
        turn = (flip.said, flip.seen, flip.outcome)
        found.setdefault(turn, []).append(row)
        another[turn] = flip.fact in IDENTITY
    order = sorted(found, key=lambda turn: (another[turn], -len(found[turn]), -turn[2], turn[0], turn[1]))
    return {turn: found[turn] for turn in order}


def _turn_table(
    listed: ClauseList, caption: str, turns: Mapping[Turn, Sequence[ClauseRow]], note: str
) -> Table:
    say, content = listed.say, listed.content
    head = cells.columns(
        (say("column.change"), 44),
        (say("column.now"), 20),
        (say("column.clauses"), 22),
        (say("column.becomes"), 14, "center"),
    )
    body = [
        cells.row(
            said,
            seen or say("facts.not_given"),
            listed.references(rows),
            cells.cell(content.outcome(outcome), outcome=outcome),
        )
        for (said, seen, outcome), rows in turns.items()
    ]
    return cells.table(caption, head, body, note=note, sheet=say("sheet.flips"))

"""Results as a person reads them on a terminal: the verdict first, then what decides it.

:class:`~sanxian.report.content.Content` words a screening; here its rows are placed on a terminal. Everything
goes through a rich console, which folds Chinese at the width of its cells and writes plain text, without
colour, when nobody is looking.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sanxian.edition import Edition
from sanxian.geometry import Footprint
from sanxian.i18n import t
from sanxian.model import Clause, Concern, Notice, Outcome
from sanxian.report import words
from sanxian.report.content import ClauseRow, Content, MapRow, ZoneRow, shortened
from sanxian.screening import Screening

FILE_WIDTH: Final = 120
SYMBOLS: Final = {
    Outcome.NON_COMPLIANT: ("✗", "red"),
    Outcome.NEEDS_FACTS: ("?", "yellow"),
    Outcome.NEEDS_REVIEW: ("!", "magenta"),
    Outcome.CONDITIONAL: ("△", "cyan"),
    Outcome.COMPLIANT: ("✓", "green"),
    Outcome.NOT_APPLICABLE: ("–", "dim"),
}
_IN_FULL: Final = 12  # deciding findings shown with their text; the report and the record hold all
_IN_LINES: Final = 15
_FLIPS: Final = 3
_CODE_WIDTH: Final = 15  # of the longest official code, which is not folded
_INDENT: Final = (0, 0, 0, 2)


def as_file(renderable: RenderableType) -> bytes:
    """Return ``renderable`` as plain UTF-8 text."""
    page = io.StringIO()
    console = Console(
        file=page, width=FILE_WIDTH, color_system=None, highlight=False, markup=False, emoji=False
    )
    console.print(renderable)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).encode("utf-8") + b"\n"


def outcome_text(outcome: Outcome, lang: str) -> Text:
    """Return an outcome with its symbol and colour."""
    symbol, style = SYMBOLS[outcome]
    return Text(f"{symbol} {t(f'outcome.{outcome.name}', lang)}", style=style)


def table(*headers: str, right: Sequence[int] = (), whole: Sequence[int] = ()) -> Table:
    """Return an empty table in the house form; columns ``right`` hold numbers, ``whole`` codes that are never folded."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for i, header in enumerate(headers):
        justify: Literal["left", "right"] = "right" if i in right else "left"
        made.add_column(header, overflow="fold", justify=justify, no_wrap=i in whole)
    return made


def pairs(rows: Mapping[str, Any]) -> Table:
    """Return label and value, one pair a line."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in rows.items():
        grid.add_row(label, Text(str(value)))
    return grid


# --- a screening -----------------------------------------------------------------------------


class ScreeningText:
    """A screening on a terminal.

    Parameters
    ----------
    screening, edition
        What was screened, and against what.
    lang : str
        ``zh-CN`` or ``en``.
    everything : bool, default False
        Show every finding, not only what has to be dealt with.
    """

    def __init__(
        self, screening: Screening, edition: Edition, lang: str, *, everything: bool = False
    ) -> None:
        self.screening = screening
        self.content = Content(screening, lang, edition)
        self.everything = everything

    def page(self) -> Group:
        """Return the whole page."""
        return Group(*self._sections())

    def _sections(self) -> Iterator[RenderableType]:
        yield from self._head()
        yield from self._deciding()
        yield from self._others()
        yield from self._asks()
        yield from self._places()
        yield from self._layers()
        yield from self._remarks()

    def _say(self, key: str, /, **fields: object) -> str:
        return t(f"cli.screen.{key}", self.content.lang, **fields)

    def _heading(self, key: str, count: int) -> Text:
        return Text(f"\n{self.content.say(f'heading.{key}')} ({count})", style="bold")

    def _head(self) -> Iterator[RenderableType]:
        content, result = self.content, self.screening
        if result.edition.synthetic:
            yield Text(content.say("synthetic_short"), style="bold yellow")
        yield Text(result.project.name or content.say("unnamed"), style="bold")
        symbol, style = SYMBOLS[result.verdict]
        yield Text(f"{symbol} {content.outcome(result.verdict)}", style=f"bold {style}")
        yield Text(content.conclusion)
        counts = Text()
        for outcome, number in result.counts.items():
            counts.append(
                f"{content.outcome(outcome)} {number}   ", style=SYMBOLS[outcome][1] if number else "dim"
            )
        yield counts.append("\n")
        said = {
            "place": content.place,
            "size": content.total_size or content.say("points", count=len(result.parts)),
            "edition": f"{result.edition.title} ({result.edition.id})",
            "as_of": result.as_of.isoformat(),
            "record": words.short_digest(content.digest),
        }
        yield pairs({content.say(f"meta.{k}"): v for k, v in said.items() if v})

    # --- findings -------------------------------------------------------------------------------

    def _deciding(self) -> Iterator[RenderableType]:
        worst = self.screening.verdict
        if worst <= Outcome.COMPLIANT:
            return
        rows: list[MapRow | ClauseRow] = [row for row in self.content.map_rows if row.outcome is worst]
        rows += [row for row in self.content.clause_rows if row.outcome is worst]
        yield self._heading("deciding", len(rows))
        shown = rows if self.everything else rows[:_IN_FULL]
        for row in shown:
            yield self._in_full(row)
        yield from self._more(len(rows) - len(shown))

    def _in_full(self, row: MapRow | ClauseRow) -> Group:
        content = self.content
        symbol, style = SYMBOLS[row.outcome]
        head = Text(f"{symbol} ", style=style).append(self._title(row), style="bold default")
        if isinstance(row, MapRow):
            return Group(head, Padding(Text(row.reason), _INDENT))
        head.append(f"  {content.joint(row.places)}", style="dim default")
        body = Text(row.clause.text)
        body.append(f"\n{row.document}{row.document_dates and f' ({row.document_dates})'}", style="dim")
        body.append(f"\n{content.say('column.reason')}{content.say('colon')}{row.reason}", style=style)
        for flip in row.flips[:_FLIPS]:
            needed = content.say("clauses.flip", subject=flip.subject, needed=flip.needed)
            body.append(f"\n↳ {needed} → {content.outcome(flip.outcome)}", style="dim")
        return Group(head, Padding(body, _INDENT))

    def _title(self, row: MapRow | ClauseRow) -> str:
        if isinstance(row, MapRow):
            return " · ".join(filter(None, (row.kind, row.place)))
        draft = f" [{self.content.say('clauses.draft')}]" if row.unreviewed else ""
        return f"{row.clause.number} · {row.level} · {row.clause.dimension_label}{draft}"

    def _others(self) -> Iterator[RenderableType]:
        least = Outcome.NOT_APPLICABLE if self.everything else Outcome.CONDITIONAL
        worst = self.screening.verdict
        told = worst if worst > Outcome.COMPLIANT else None  # by `_deciding`
        every: tuple[MapRow | ClauseRow, ...] = (*self.content.map_rows, *self.content.clause_rows)
        rows = [row for row in every if row.outcome >= least and row.outcome is not told]
        if not rows:
            return
        rows.sort(key=lambda row: row.outcome, reverse=True)
        shown = rows if self.everything else rows[:_IN_LINES]
        yield Text(f"\n{self._say('others')} ({len(rows)})", style="bold")
        lines = table(*(self.content.say(f"column.{c}") for c in ("judgement", "clause", "reason")))
        for row in shown:
            title = Text(self._title(row))
            if isinstance(row, ClauseRow):
                title.append(f"\n{shortened(row.clause.text, 40)}", style="dim")
            lines.add_row(outcome_text(row.outcome, self.content.lang), title, row.reason)
        yield lines
        yield from self._more(len(rows) - len(shown))

    def _more(self, hidden: int) -> Iterator[RenderableType]:
        if hidden > 0:
            yield Text(self._say("more", count=hidden), style="dim")

    def _asks(self) -> Iterator[RenderableType]:
        if self.content.asks:
            yield self._heading("asks", len(self.content.asks))
            shown = None if self.everything else _IN_LINES
            yield asks(self.content, shown)
            yield from self._more(len(self.content.asks) - (shown or len(self.content.asks)))

    # --- places ---------------------------------------------------------------------------------

    def _places(self) -> Iterator[RenderableType]:
        say = self.content.say
        if self.content.met:
            yield self._heading("zones", len(self.content.met))
            heads = ("layer", "name", "class", "measure", "share", "margin")
            rows = table(*(say(f"column.{c}") for c in heads), right=(3, 4, 5), whole=(3,))
            rows.columns[1].min_width = _CODE_WIDTH
            for row in self.content.met:
                margin = Text(row.margin)
                if row.hit.sensitive:
                    margin.append(f" {say('zones.sensitive')}").stylize("yellow")
                rows.add_row(row.layer, _named(row), row.zone_class, row.measure, row.share, margin)
            yield rows
        around = [
            (relation, row)
            for relation, found in (
                ("near", self.content.near), ("adjacent", self.content.adjacent), ("dropped", self.content.dropped)
            )
            for row in found
        ]  # fmt: skip
        if around:
            shown = around if self.everything else around[:_IN_LINES]
            yield Text(f"\n{self._say('around')} ({len(around)})", style="bold")
            yield self._around(shown)
            yield from self._more(len(around) - len(shown))

    def _around(self, found: Iterable[tuple[str, ZoneRow]]) -> Table:
        say = self.content.say
        heads = (say(f"column.{c}") for c in ("layer", "name", "distance"))
        rows = table(self._say("relation"), *heads, right=(3,), whole=(3,))
        rows.columns[2].min_width = _CODE_WIDTH
        for relation, row in found:
            threshold = f"{row.measure} < {row.threshold}"
            told = {"near": row.distance, "adjacent": "", "dropped": threshold}[relation]
            rows.add_row(say(f"around.{relation}"), row.layer, _named(row), told)
        return rows

    def _layers(self) -> Iterator[RenderableType]:
        """State what each layer says, so that "not concerned" is read and not guessed."""
        yield Text(f"\n{self.content.say('heading.layers')}", style="bold")
        rows = Table.grid(padding=(0, 2, 0, 0))
        rows.add_column(no_wrap=True)
        rows.add_column(overflow="fold")
        for concern in Concern:
            titles = [row.title for row in self.content.layer_rows if row.concern is concern]
            style = "yellow" if concern is Concern.NO_DATA and titles else ""
            label = t(f"labels.concern.{concern}", self.content.lang)
            rows.add_row(Text(label, style=style), Text(self.content.joint(titles) or "–", style=style))
        yield Padding(rows, _INDENT)

    def _remarks(self) -> Iterator[RenderableType]:
        repairs = [n for part in self.screening.parts for n in part.repairs]
        yield from remarks((*self.screening.notices, *repairs), self.content.lang)
        yield Text("\n" + self.content.say("disclaimer"), style="dim")


def _named(row: ZoneRow) -> Text:
    return Text(row.name).append(f"\n{row.code}", style="dim")


def remarks(notices: Iterable[Notice], lang: str) -> Iterator[RenderableType]:
    """Yield the notices, each once."""
    for notice in dict.fromkeys(notices):
        text = notice.en if lang == "en" else notice.zh
        yield Text(f"\n{t('cli.notice', lang, text=text)}", style="yellow")


def asks(content: Content, limit: int | None = None) -> Table:
    """Return the facts still to give, most decisive first; only ``limit`` of them when it is given."""
    heads = ("question", "fact", "decides", "mentioned", "worst")
    rows = table(*(content.say(f"column.{c}") for c in heads), right=(2, 3))
    for row, ask in zip(content.asks[:limit], content.result.asks[:limit], strict=True):
        name = Text(row.label)
        name.append(f"\n{ask.fact}", style="dim")
        rows.add_row(
            row.question, name, str(row.decides), str(row.mentioned), outcome_text(row.worst, content.lang)
        )
    return rows


def deciding_reason(screening: Screening, edition: Edition, lang: str) -> Text:
    """Return what decides the verdict, short: the first clause or map finding, and below it why."""
    rows = Content(screening, lang, edition).deciding
    if not rows:
        return Text()
    return Text(shortened(rows[0].what, 36)).append(f"\n{shortened(rows[0].why, 48)}", style="dim")


# --- footprints and clauses ------------------------------------------------------------------


def footprint(read: Footprint, record: Mapping[str, Any], lang: str) -> Group:
    """Return a footprint as it was read: parts, sizes, repairs, notices."""
    heads = ("role", "name", "type", "area", "length", "box", "crs")
    rows = table(*(t(f"cli.footprint.{c}", lang) for c in heads), right=(3, 4))
    for part in record["parts"]:
        corners = " ".join(f"{degree:.6f}" for degree in part["bbox"])
        sizes = [f"{part[k]:,.2f}" if part[k] else "" for k in ("area_m2", "length_m")]
        shape = t(f"report.geometry.{part['geometry_type']}", lang)
        rows.add_row(part["role"], part["name"], shape, *sizes, corners, part["crs_in"])
    total = Text("\n" + t("cli.footprint.total", lang), style="bold")
    said = [words.area(record["area_m2"])] if record["area_m2"] else []
    said += [words.length(record["length_m"])] if record["length_m"] else []
    total.append(f"  {' + '.join(said) or t('report.points', lang, count=len(read.parts))}", style="not bold")
    repairs = [notice for part in read.parts for notice in part.repairs]
    return Group(Text(read.source, style="bold"), rows, total, *remarks((*read.notices, *repairs), lang))


def clauses(found: Sequence[Clause], edition: Edition, lang: str) -> Table:
    """Return clauses as a table, the text as published."""
    heads = ("number", "level", "dimension", "text", "document", "rules")
    rows = table(*(t(f"cli.edition.{c}", lang) for c in heads), right=(5,))
    for clause in found:
        document = edition.documents.get(clause.document)
        number = Text(clause.number)
        number.append(f"\n{clause.id}", style="dim")
        source = Text(clause.document if document is None else document.title)
        if (office := edition.offices.get(clause.office)) is not None:
            source.append(
                f"\n{t('report.office.label', lang)} {office.name} {office.contact}".rstrip(), style="dim"
            )
        rows.add_row(
            number,
            t(f"labels.level.{clause.level}", lang),
            clause.dimension_label,
            clause.text,
            source,
            str(len(clause.rules)),
        )
    return rows

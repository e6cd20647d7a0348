"""Several sites side by side: a column a site, and only the clauses on which they differ.

What a comparison is worth depends on what else differs: another edition, another day, other facts. That is said before
anything is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sanxian.edition import Edition
from sanxian.i18n import language, t
from sanxian.model import SYNTHETIC, LayerKind, Outcome
from sanxian.report import cells, words
from sanxian.report.content import ClauseRow, Content, ZoneRow, shortened
from sanxian.report.manuscript import Block, Cell, Column, Heading, Manuscript, Paragraph, Table, plain
from sanxian.screening import Screening

SITES_MAX: Final = 8  # columns that fit on a page across
_NAMED: Final = 5  # findings, zones named in a cell; the rest are counted
_STATED: Final = 8  # facts named in a warning
_LABEL: Final = 0.16  # of the width, for what a row is about
_LAYERS_LAST: Final = (LayerKind.BLOCK, LayerKind.ADMIN)


def manuscript(results: Sequence[tuple[Screening, Edition | None]], lang: str) -> Manuscript:
    """Return the comparison of two to :data:`SITES_MAX` screenings, each with its edition where that is at hand.

    Raises
    ------
    ValueError
        There are fewer, or more.
    """
    if not 2 <= len(results) <= SITES_MAX:
        raise ValueError(len(results))
    return _Comparison([Content(result, lang, edition) for result, edition in results], language(lang)).made()


class _Comparison:
    def __init__(self, sites: Sequence[Content], lang: str) -> None:
        self.sites = sites
        self.lang = lang

    def say(self, key: str, **fields: object) -> str:
        return t(f"summary.sites.{key}", self.lang, **fields)

    def made(self) -> Manuscript:
        first = self.sites[0].result
        synthetic = any(site.result.edition.synthetic for site in self.sites)
        blocks: list[Block] = []
        if synthetic:
            blocks.append(Paragraph(plain(self.say("synthetic")), "warning"))
        blocks += [Paragraph(plain(text), "warning") for text in self._warnings()]
        blocks += [Heading(self.say("overview")), self._overview()]
        blocks += [Heading(self.say("clauses")), *self._clauses()]
        blocks += [Heading(self.say("zones")), *self._zones()]
        if any(site.asks for site in self.sites):
            blocks += [Heading(self.say("asks")), self._asks()]
        days = sorted({site.result.as_of.isoformat() for site in self.sites})
        return Manuscript(
            lang=self.lang,
            title=self.say("title"),
            subject=self.say("subject", count=len(self.sites)),
            identity=(
                (self.say("row.as_of"), plain(" · ".join(days))),
                (self.say("row.edition"), plain(" · ".join(self._editions()))),
            ),
            mark=SYNTHETIC if synthetic else "",
            footer=self.say("disclaimer"),
            blocks=tuple(blocks),
            day=days[-1],
            generator=f"sanxian {first.engine_version}",
        )

    def _editions(self) -> list[str]:
        return list(dict.fromkeys(site.result.edition.title for site in self.sites))

    def _warnings(self) -> Iterator[str]:
        results = [site.result for site in self.sites]
        joint = t("rules.joint", self.lang)
        if len({result.edition.digest for result in results}) > 1:
            yield self.say("other_edition", editions=joint.join(self._editions()))
        if len(days := sorted({result.as_of.isoformat() for result in results})) > 1:
            yield self.say("other_day", days=joint.join(days))
        projects = [result.project for result in results]
        different = []
        if len({project.nature for project in projects}) > 1:
            different.append(words.fact_label("nature", self.lang))
        if len({project.industries for project in projects}) > 1:
            different.append(words.fact_label("industry", self.lang))
        keys = sorted({key for project in projects for key in project.facts})
        different += [
            words.fact_label(key, self.lang)
            for key in keys
            if any(project.facts.get(key) != projects[0].facts.get(key) for project in projects)
        ]
        if different:
            names = list(dict.fromkeys(different))
            said = joint.join(names[:_STATED])
            if len(names) > _STATED:
                said = t("summary.names_more", self.lang, names=said, count=len(names))
            yield self.say("other_project", names=said)

    # --- tables ------------------------------------------------------------------------------

    def _columns(self, *labels: tuple[str, float]) -> tuple[Column, ...]:
        """Return the columns of a table: what a row is about, then the sites."""
        rest = 1.0 - sum(share for _, share in labels)
        sites = [
            Column(self._heading(number, site), rest / len(self.sites))
            for number, site in enumerate(self.sites, start=1)
        ]
        return (*(Column(label, share) for label, share in labels), *sites)

    def _heading(self, number: int, site: Content) -> str:
        name = shortened(site.result.project.name, 16)
        return " ".join(filter(None, (self.say("site", number=number), name)))

    def _row(self, key: str, of: Callable[[Content], Cell]) -> tuple[Cell, ...]:
        return (cells.cell(cells.strong(self.say(f"row.{key}"))), *map(of, self.sites))

    def _overview(self) -> Table:
        def verdict(site: Content) -> Cell:
            outcome = site.result.verdict
            return Cell((plain(site.outcome(outcome)),), outcome)

        def counts(site: Content) -> Cell:
            return cells.cell(
                *(f"{site.outcome(outcome)} {n}" for outcome, n in site.result.counts.items() if n)
            )

        def deciding(site: Content) -> Cell:
            said = list(dict.fromkeys(row.cited or row.what for row in site.deciding))
            more = [t("summary.rest", self.lang, count=len(said) - _NAMED)] if len(said) > _NAMED else []
            return cells.cell(*said[:_NAMED], *more)

        def units(site: Content) -> Cell:
            kinds = {layer: made.kind for layer, made in site.layers.items()}
            found = [
                row
                for row in site.met
                if kinds.get(row.hit.layer, row.hit.layer) == LayerKind.CONTROL_UNIT.value
            ]
            return cells.cell(*(f"{row.code} {row.name}" for row in found))

        def sensitive(site: Content) -> Cell:
            return cells.cell(
                *(f"{row.layer} {row.name} {row.margin}" for row in site.met if row.hit.sensitive)
            )

        def near(site: Content) -> Cell:
            return cells.cell(*(f"{row.layer} {row.name} {row.distance}" for row in site.near[:_NAMED]))

        rows = (
            self._row("name", lambda site: cells.cell(site.result.project.name or site.say("unnamed"))),
            self._row("verdict", verdict),
            self._row("counts", counts),
            self._row("deciding", deciding),
            self._row("units", units),
            self._row("place", lambda site: cells.cell(site.place)),
            self._row("size", lambda site: cells.cell(site.total_size)),
            self._row("sensitive", sensitive),
            self._row("near", near),
            self._row("record", lambda site: cells.cell(cells.code(words.short_digest(site.digest)))),
        )
        return cells.table(
            self.say("overview_caption"), self._columns(("", _LABEL)), rows, sheet=self.say("sheet_overview")
        )

    def _clauses(self) -> Iterator[Block]:
        found: dict[str, list[ClauseRow | None]] = {}
        for at, site in enumerate(self.sites):
            for row in site.clause_rows:  # worst first: of several rows of one clause the worst stands
                held = found.setdefault(row.clause.id, [None] * len(self.sites))
                if held[at] is None or row.outcome > held[at].outcome:  # type: ignore[union-attr]
                    held[at] = row
        differing = {
            name: rows
            for name, rows in found.items()
            if len({Outcome.NOT_APPLICABLE if row is None else row.outcome for row in rows}) > 1
        }

        def order(item: tuple[str, list[ClauseRow | None]]) -> tuple[int, str]:
            return -max(row.outcome for row in item[1] if row is not None), item[0]

        if not differing:
            yield Paragraph(plain(self.say("clauses_same")))
            return
        rows = []
        for _, held in sorted(differing.items(), key=order):
            told = next(row for row in held if row is not None)
            about = cells.cell(
                cells.strong(" ".join(filter(None, (told.document, told.clause.number)))),
                told.level,
                cells.faint(shortened(told.clause.text, 120)),
            )
            rows.append((about, *map(self._judged, held)))
        yield cells.table(
            self.say("clauses_caption"),
            self._columns((self.say("row.clause"), 0.28)),
            rows,
            note=self.say("clauses_note", count=len(found) - len(differing)),
            sheet=self.say("sheet_clauses"),
            outcomes=[
                max(row.outcome for row in held if row is not None)
                for _, held in sorted(differing.items(), key=order)
            ],
        )

    def _judged(self, row: ClauseRow | None) -> Cell:
        if row is None:
            return cells.cell(self.say("none"))
        reason = plain(row.reason) if row.outcome > Outcome.COMPLIANT else ()
        label = t(f"outcome.{row.outcome.name}", self.lang)
        return Cell(tuple(filter(None, (plain(label), reason))), row.outcome)

    def _zones(self) -> Iterator[Block]:
        found: dict[tuple[str, str], list[ZoneRow | None]] = {}
        for at, site in enumerate(self.sites):
            for row in site.met:
                layer = site.layers.get(row.hit.layer)
                if layer is None or layer.kind not in _LAYERS_LAST:
                    found.setdefault((row.layer, row.code), [None] * len(self.sites))[at] = row
        rows = []
        for (layer_title, code), held in found.items():
            told = next(row for row in held if row is not None)
            about = cells.cell(
                cells.strong(told.name), f"{layer_title} {told.zone_class}".strip(), cells.code(code)
            )
            measures = [
                cells.cell(
                    None if row is None else (row.measure or self.say("met")),
                    None if row is None else row.share,
                )
                for row in held
            ]
            rows.append((about, *measures))
        if rows:
            yield cells.table(
                self.say("zones_caption"),
                self._columns((self.say("row.zone"), 0.28)),
                rows,
                sheet=self.say("sheet_zones"),
            )

    def _asks(self) -> Table:
        found: dict[str, tuple[str, list[int | None]]] = {}
        for at, site in enumerate(self.sites):
            for ask in site.asks:
                held = found.setdefault(ask.label, (ask.question, [None] * len(self.sites)))[1]
                held[at] = ask.decides
        rows = [
            (
                cells.cell(cells.strong(label), cells.faint(question)),
                *(cells.cell(None if n is None else str(n)) for n in held),
            )
            for label, (question, held) in found.items()
        ]
        return cells.table(
            self.say("asks_caption"),
            self._columns((self.say("row.fact"), 0.28)),
            rows,
            sheet=self.say("sheet_asks"),
        )

"""Lists: one unit, one list; documents and dates; rules nobody has reviewed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from sanxian.edition import Edition, LapseKind, clause_in_force
from sanxian.model import Document, LayerKind, Level, ReviewState
from sanxian.quality.findings import Finding, Severity, finding


def check_lists(edition: Edition, day: date) -> Iterator[Finding]:
    """Yield units without list, lists without unit, and how many rules wait for review."""
    scoped = {code for clause in edition.clauses for code in clause.scope.units}
    of_unit = [clause.scope for clause in edition.clauses if clause.level is Level.UNIT]
    everywhere = any(scope.everywhere for scope in of_unit)
    classes = {name for scope in of_unit for name in scope.classes}  # one list for all units of a class
    bare = [
        f"{layer.id}/{zone.code}"
        for layer in edition.layers
        if layer.kind is LayerKind.CONTROL_UNIT
        for zone in edition.zones.get(layer.id, ())
        if not (everywhere or zone.code in scoped or zone.zone_class in classes)
    ]
    if bare:
        yield finding("Q-UNIT-NO-LIST", Severity.WARNING, items=bare)
    homeless = [
        c.id
        for c in edition.clauses
        if c.level is Level.UNIT and not (c.scope.units or c.scope.classes or c.scope.everywhere)
    ]
    if homeless:
        yield finding("Q-LIST-NO-UNIT", Severity.WARNING, items=homeless)
    waiting = [
        f"{clause.id}#{number}"
        for clause in edition.clauses
        for number, rule in enumerate(clause.rules)
        if _state(rule.get("review")) not in (ReviewState.REVIEWED, ReviewState.REJECTED)
    ]
    if waiting:
        rules = sum(len(clause.rules) for clause in edition.clauses)
        yield finding("Q-RULES-UNREVIEWED", Severity.INFO, items=waiting, rules=rules)
    silent = [clause.id for clause in edition.clauses if not clause.rules]
    if silent:
        yield finding("Q-CLAUSE-NO-RULE", Severity.INFO, items=silent, clauses=len(edition.clauses))
    yield from _documents(edition, day)
    yield from _dates(edition)


def _state(review: object) -> object:
    return review.get("state") if isinstance(review, dict) else None


def _documents(edition: Edition, day: date) -> Iterator[Finding]:
    """Yield clauses whose own dates or whose document lapsed by the day, and chains of succession that loop."""
    lapsed: dict[str, list[str]] = defaultdict(list)
    words: dict[str, tuple[str, str]] = {}
    for clause in edition.clauses:
        lapse = clause_in_force(clause, edition, day)
        if lapse is None or lapse.kind in (LapseKind.NOT_YET, LapseKind.DOCUMENT_NOT_YET):
            continue  # what is still to come is meant to be there
        lapsed[lapse.zh].append(clause.id)
        words[lapse.zh] = (lapse.zh, lapse.en)
    for key, clauses in lapsed.items():
        yield finding("Q-CLAUSE-LAPSED", Severity.WARNING, items=clauses, day=day.isoformat(), why=words[key])
    looped = [document.id for document in edition.documents.values() if _loops(document, edition)]
    if looped:
        yield finding("Q-SUCCESSION-LOOP", Severity.WARNING, items=looped)


def _loops(document: Document, edition: Edition) -> bool:
    seen: set[str] = set()
    here: Document | None = document
    while here is not None and here.superseded_by:
        if here.id in seen:
            return True
        seen.add(here.id)
        here = edition.documents.get(here.superseded_by)
    return False


def _dates(edition: Edition) -> Iterator[Finding]:
    """Yield zones and clauses that are in force on no day of the edition's life."""
    first, last = edition.info.valid_from, edition.info.valid_to

    def never(start: date | None, end: date | None) -> bool:
        if start is not None and end is not None and start > end:
            return False  # said by Q-DATES
        return (end is not None and end < first) or (start is not None and last is not None and start > last)

    items = [
        f"{layer}/{zone.code}"
        for layer, zones in edition.zones.items()
        for zone in zones
        if never(zone.valid_from, zone.valid_to)
    ]
    items += [clause.id for clause in edition.clauses if never(clause.valid_from, clause.valid_to)]
    if items:
        life = f"{first} – {last or '…'}"
        yield finding("Q-DATES-OUTSIDE", Severity.WARNING, items=items, life=life)

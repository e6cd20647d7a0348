"""An edition prepared for screening: clauses compiled, grouped and indexed by place.

Depends on nothing but the edition. Everything a screening asks of the edition again and again is worked out
here once: which clauses hold in a zone, which values a group of clauses reads, what the coverage says about
a set of counties. What also depends on the project is kept in memos with a bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cached_property, lru_cache
from itertools import count
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sanxian import data, rules
from sanxian import edition as editions
from sanxian.edition import Edition
from sanxian.edition.index import overlay_of
from sanxian.errors import BadRule
from sanxian.i18n import t
from sanxian.model import (
    Clause,
    Concern,
    Coverage,
    CoverageStatus,
    Finding,
    FindingKind,
    Hit,
    Layer,
    LayerKind,
    LayerReport,
    Level,
    Outcome,
    PlaceState,
    Relation,
    UnitClass,
    Zone,
)
from sanxian.rules import INDUSTRY, ClauseRules, Leaf, Share, Value, Variable
from sanxian.screening import recording
from sanxian.screening.forms import (
    BLANK_PLACE,
    BLANKS,
    MARKS,
    PLACE_BLANKS,
    Filled,
    Form,
    Line,
    Said,
    say_text,
)
from sanxian.screening.memo import Memo
from sanxian.screening.places import Place, both, finding

EVERYWHERE: Final = "*"
SAID: Final = frozenset(("fact", "industry", "document"))
MEASURED: Final = frozenset(("distance", "area", "length", "share"))
_MOVING: Final = MEASURED | {"clause"}
_BLANK_TYPES: Final = frozenset(("number", "set", "date"))
_LEVEL: Final = {level: i for i, level in enumerate(Level)}
_KIND: Final = {kind: i for i, kind in enumerate(FindingKind)}
_FORMS: Final = 16_384  # findings kept as forms, about 8 kB each
_LINES: Final = 8_192  # findings kept filled in, about 6 kB each
_LOOKS: Final = 100_000  # values of which a group of clauses remembers what they come to
_PLACES: Final = 4_096  # plans and surroundings


class _Scoped(NamedTuple):
    """A clause reached by zones of a layer that carry one of several sets of names."""

    clause: str
    alternatives: tuple[frozenset[str], ...]


class Reads(Enum):
    """How a group takes a variable."""

    NAMED = 0  # said by the project and left blank
    SAID = 1  # said by the project and kept as it is
    MEASURED = 2  # measured and left blank
    SEEN = 3  # anything else, as it is


class Reader(NamedTuple):
    """What one variable comes to in one group of clauses on one date."""

    variable: Variable
    kind: Reads
    leaves: tuple[Leaf, ...]  # that read it
    mentioned: frozenset[str] | None
    numbers: dict[Hashable, int]  # of what a value comes to: truths and shape
    known: dict[Hashable, int]  # the same by the value itself


class Group:
    """Clauses judged together (one positive list, or one clause alone), and all that they read.

    A finding of the group is a function of the date, ``count_drafts``, the place and the values of
    ``variables``. Of a variable in ``blanks`` only the truths of its ``leaves`` matter, and the value itself
    goes into the words. The measures come last among the blanks: they differ from project to project.
    """

    __slots__ = (
        "blanks", "clauses", "crossings", "leaves", "measured", "measures", "members", "mentioned", "plain",
        "readers", "variables",
    )  # fmt: skip

    def __init__(self, members: tuple[ClauseRules, ...], *, plain: bool) -> None:
        """Take ``members``; ``plain`` tells whether their findings can be written with blanks."""
        self.plain = plain
        leaves = [leaf for member in members for rule in member.rules for leaf in rule.leaves()]
        self.members = members
        self.variables = tuple(dict.fromkeys(leaf.variable for leaf in leaves if leaf.variable is not None))
        self.measures = tuple(v for v in self.variables if v[0] in MEASURED)
        self.blanks = (*(v for v in self.variables if _may_be_blank(v)), *self.measures)
        self.readers: dict[date, tuple[Reader, ...]] = {}
        self.leaves = tuple(leaf for leaf in leaves if leaf.variable in self.blanks)
        self.measured = tuple(leaf for leaf in leaves if leaf.variable in self.measures)
        self.clauses = tuple(v for v in self.variables if v[0] == "clause")
        self.crossings = tuple(v for v in self.variables if v[0] in ("in", "crosses"))
        self.mentioned = {
            v: frozenset(name for leaf in leaves if leaf.variable == v for name in rules.listed(leaf))
            for v in self.blanks
            if v[0] == "fact" and data.fact(v[1]).type == "set"
        }


def _member(group: Group, reads: Sequence[Variable], blanks: Sequence[Variable]) -> Member:
    values = [reads.index(v) for v in group.variables if v in reads]
    own = [blanks.index(v) for v in group.blanks if v in blanks]
    filling = [
        *range(PLACE_BLANKS),
        *(PLACE_BLANKS + len(BLANKS) * i + k for i in own for k in range(len(BLANKS))),
    ]
    return Member(group, itemgetter(*values) if values else len, itemgetter(*filling))


def _how(variable: Variable, group: Group) -> Reads:
    if variable in group.measures:
        return Reads.MEASURED
    if variable in group.blanks:
        return Reads.NAMED
    return Reads.SAID if variable[0] in ("fact", "industry") else Reads.SEEN


def _may_be_blank(variable: Variable) -> bool:
    kind = variable[0]
    if kind == "fact":
        return data.fact(variable[1]).type in _BLANK_TYPES
    return variable == INDUSTRY


class Member(NamedTuple):
    """A group of a plan, and where its values are among all that the plan reads."""

    group: Group
    pick: Callable[[Sequence[Hashable]], Hashable]  # among what the values come to
    fill: Callable[[Sequence[Any]], tuple[Any, ...]]  # among the values as they fill blanks, the place first


class Table:
    """Forms found for the groups of a plan, by what the values read come to."""

    __slots__ = ("forms", "known", "numbers")

    def __init__(self, plan: Plan) -> None:
        self.forms: list[dict[Hashable, Form]] = [{} for _ in range(len(plan.steady) + len(plan.others))]
        self.known: list[dict[Hashable, int]] = [{} for _ in plan.reads]  # numbers by value
        self.numbers: list[dict[Hashable, int]] = [{} for _ in plan.reads]  # by what the value comes to


class Plan(NamedTuple):
    """What holds in one place on one date, and what has to be known to say it."""

    lapsed: tuple[Finding, ...]  # clauses no longer or not yet in force, the place left blank …
    form: Form | None  # … and as a form, unless the edition holds marks itself
    place: Said  # code, name and layer of the place, as they fill blanks
    steady: tuple[Member, ...]  # groups whose values repeat from project to project
    others: tuple[Member, ...]  # groups that read a measure or another clause's outcome besides
    reads: tuple[Variable, ...]  # what they read, measures and outcomes apart …
    leaves: tuple[tuple[Leaf, ...], ...]  # … the leaves that read each of those left blank …
    mentioned: tuple[tuple[frozenset[str] | None, ...], ...]  # … and what they mention
    blanks: tuple[Variable, ...]  # those left blank
    said: tuple[Variable, ...]  # what the groups ask of the project …
    states: tuple[Variable, ...]  # … of the statements about the place
    crossings: tuple[Variable, ...]  # … of the map
    distances: tuple[Variable, ...]  # … how near is what
    roles: bool  # … and whether they ask which parts lie here


class Moving:
    """A group in a bundle whose measures still have to be seen: its forms by what they come to."""

    __slots__ = ("forms", "group", "key", "said")

    def __init__(
        self, group: Group, said: Said, key: Hashable = None, forms: dict[Hashable, Form] | None = None
    ) -> None:
        self.group = group
        self.said = said  # all blanks before the measures
        self.key = key  # what the values come to besides
        self.forms: dict[Hashable, Form] = {} if forms is None else forms


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """What the clauses of one place say to one set of values; compared by identity."""

    filled: tuple[Filled, ...]  # lapsed clauses and steady groups …
    others: tuple[Line, ...]  # … those that cannot be written with blanks …
    own: tuple[Share, ...]  # … what these add to the questions …
    lines: tuple[Line, ...]  # … and what all of them say
    shares: tuple[Share, ...]  # … and add to the questions
    moving: tuple[Moving, ...]  # the other groups
    joined: dict[Hashable, Any] = field(default_factory=dict)  # what ``assembly`` made of it with others


def bundle(
    filled: Sequence[Filled], others: Sequence[Line], own: Sequence[Share], moving: Sequence[Moving] = ()
) -> Bundle:
    """Return a bundle, its lines made; ``own`` are the shares of ``others``."""
    lines, every = list(others), list(own)
    for form, values, written in filled:
        lines += form.filled(values, written)
        every += form.shares
    return Bundle(tuple(filled), tuple(others), tuple(own), tuple(lines), rules.pooled(every), tuple(moving))


class Prepared:
    """An edition with its clauses compiled and indexed by place. Depends on nothing but the edition."""

    def __init__(self, edition: Edition, *, memory: float = 1.0) -> None:
        """Prepare ``edition``; ``memory`` scales the room of the memos (0 keeps nothing)."""
        self.edition = edition
        self.overlay = overlay_of(edition)
        self.layer = {layer.id: layer for layer in edition.layers}
        self.zone = {(layer, zone.code): zone for layer, zones in edition.zones.items() for zone in zones}
        self.clause = {clause.id: clause for clause in edition.clauses}
        offices = edition.offices
        self.office_of_clause = {c.id: offices[c.office] for c in edition.clauses if c.office in offices}
        self.office_of_zone = {key: offices[z.office] for key, z in self.zone.items() if z.office in offices}
        self.rules = {c.id: rules.compile_clause(c.id, c.text, c.rules) for c in edition.clauses}
        self._isolate_cycles()
        self._by_code: dict[tuple[str, str], list[str]] = {}
        self._by_layer: dict[str, list[_Scoped]] = {}
        self.by_region: dict[str, tuple[str, ...]] = {}
        self.everywhere: tuple[str, ...] = ()
        for clause in edition.clauses:
            self._index(clause)
        self._names: dict[tuple[str, str], tuple[str, ...]] = {}
        self._groups: dict[tuple[str, ...], Group] = {}
        self._wanted: dict[str, frozenset[tuple[str, str]]] = {}
        self._hits: dict[
            tuple[str, str, Relation], bytes
        ] = {}  # what a hit on a zone says besides its numbers
        self.rows = {layer: tuple(range(len(zones))) for layer, zones in edition.zones.items()}
        self.forms: Memo[Form] = Memo(round(_FORMS * memory), len)
        self.bundles: Memo[Bundle] = Memo(
            round(_LINES * memory), lambda bundle: 1 + len(bundle.lines), once_is_chance=True
        )
        self._tables: dict[Hashable, Table] = {}
        self._numbers = count()
        self._looks = 0
        self._room_for_looks = round(_LOOKS * memory)
        self.statements: Memo[tuple[Value, ...]] = Memo(round(_PLACES * memory))
        self.plans: Memo[Plan] = Memo(round(_PLACES * memory))
        self._asked: Memo[tuple[tuple[str, tuple[int, ...], str], ...]] = Memo(round(_PLACES * memory))
        self._surroundings: Memo[Surroundings] = Memo(round(_PLACES * memory))

    # --- clauses by place ---------------------------------------------------------------------

    def _index(self, clause: Clause) -> None:
        scope = clause.scope
        kinds = (
            (LayerKind.CONTROL_UNIT, scope.units),
            (LayerKind.PARK, scope.parks),
            (LayerKind.BLOCK, scope.blocks),
        )
        for kind, codes in kinds:
            for code in codes:
                self._by_code.setdefault((kind, code), []).append(clause.id)
        for unit_class in scope.classes:
            scoped = _Scoped(clause.id, (frozenset((unit_class,)),))
            self._by_layer.setdefault(LayerKind.CONTROL_UNIT, []).append(scoped)
        for value in scope.zones:
            layer, alternatives = rules.parse_target(value)
            self._by_layer.setdefault(layer, []).append(_Scoped(clause.id, alternatives))
        for region in scope.regions:
            self.by_region[region] = (*self.by_region.get(region, ()), clause.id)
        if scope.everywhere:
            self.everywhere = (*self.everywhere, clause.id)
        elif not self._resolves(clause):
            # nobody can say where it holds: silence here would read as "does not hold"
            reason = {
                "zh": "适用范围为空或在成果中不存在",
                "en": "its scope is empty or names nothing in the edition",
            }
            self.rules[clause.id] = ClauseRules(
                clause.id, clause.text, (), (BadRule(where="scope", reason=reason),)
            )
            self.everywhere = (*self.everywhere, clause.id)

    def _resolves(self, clause: Clause) -> bool:
        """Return whether the edition can tell where a scope lies.

        A target whose layer exists but holds no such zone is answered by the layer's coverage: a national
        clause on germplasm reserves simply concerns nobody where there is none.
        """
        scope = clause.scope
        named = (
            *((LayerKind.CONTROL_UNIT, code) for code in scope.units),
            *((LayerKind.PARK, code) for code in scope.parks),
            *((LayerKind.BLOCK, code) for code in scope.blocks),
        )
        here = (self.edition.info.region, *(code for _, _, code in self.counties))
        return (
            any(rows for kind, code in named for _, rows in self.select(f"{kind}:{code}"))
            or any(code.startswith(region) for region in scope.regions for code in here)
            or any(self.layers_of(rules.parse_target(target)[0]) for target in scope.zones)
            or bool(set(scope.classes) & set(UnitClass) and self.layers_of(LayerKind.CONTROL_UNIT))
        )

    def _isolate_cycles(self) -> None:
        """Break clauses whose rules ask for each other's outcome in a circle."""
        asks = {name: {v[1] for v in _clause_variables(compiled)} for name, compiled in self.rules.items()}
        for name, asked in asks.items():
            reached: set[str] = set()
            frontier = set(asked)
            while frontier:
                reached |= frontier
                frontier = {n for r in frontier for n in asks.get(r, ())} - reached
            if name in reached:
                reason = {"zh": "条款之间循环引用", "en": "clauses refer to each other in a circle"}
                broken = BadRule(where="clause", reason=reason)
                self.rules[name] = ClauseRules(name, self.rules[name].text, (), (broken,))

    def names(self, layer_id: str, code: str) -> tuple[str, ...]:
        """Return the clauses that hold in a zone, by code and by what the zone is called."""
        key = layer_id, code
        if key not in self._names:
            zone, layer = self.zone[key], self.layer[layer_id]
            found = list(self._by_code.get((layer.kind, code), ()))
            for name in dict.fromkeys((layer_id, str(layer.kind))):
                found += [s.clause for s in self._by_layer.get(name, ()) if _named(zone, s.alternatives)]
            self._names[key] = tuple(dict.fromkeys(found))
        return self._names[key]

    def plan(self, place: Place, names: tuple[str, ...], as_of: date) -> Plan:
        """Return what holds on ``as_of`` in a place where ``names`` hold at all."""
        key = place.layer, place.code, as_of
        return self.plans.get(key) or self.plans.keep(key, self._plan(place, names, as_of))

    def _plan(self, place: Place, names: tuple[str, ...], as_of: date) -> Plan:
        lapsed: list[Finding] = []
        lists: dict[str, list[str]] = {}
        for name in names:
            clause = self.clause[name]
            lapse = editions.clause_in_force(clause, self.edition, as_of)
            if lapse is not None:
                blank = BLANK_PLACE._replace(office=place.office)
                office = self.office_of_clause.get(name)
                lapsed.append(finding(blank, name, Outcome.NOT_APPLICABLE, lapse.zh, lapse.en, office=office))
            else:
                key = f"list {clause.list_id}" if clause.list_id else f"clause {name}"
                lists.setdefault(key, []).append(name)
        groups = [self.group(tuple(members)) for members in lists.values()]
        read = list(dict.fromkeys(v for group in groups for v in group.variables))
        reads = tuple(v for v in read if v[0] not in _MOVING)
        blanks = tuple(v for v in reads if _may_be_blank(v))
        members = [_member(group, reads, blanks) for group in groups]
        steady = [m for m in members if not any(v[0] in _MOVING for v in m.group.variables)]
        return Plan(
            lapsed=tuple(lapsed),
            form=None if self.marked else self.form(lapsed),
            place=say_text(place.code, place.name, place.layer),
            steady=tuple(steady),
            others=tuple(m for m in members if m not in steady),
            reads=reads,
            leaves=tuple(
                tuple(x for g in groups for x in g.leaves if x.variable == v) if v in blanks else ()
                for v in reads
            ),
            mentioned=tuple(tuple(dict.fromkeys(g.mentioned.get(v) for g in groups)) for v in reads),
            blanks=blanks,
            said=tuple(v for v in read if v[0] in SAID),
            states=tuple(v for v in read if v[0] == "state"),
            crossings=tuple(v for v in read if v[0] in ("in", "crosses")),
            distances=tuple(v for v in read if v[0] == "distance"),
            roles=rules.ROLES_HERE in read,
        )

    def table(self, plan: Plan, place: Place, as_of: date, count_drafts: bool) -> Table:
        """Return the forms found for the groups of a plan."""
        key = place.layer, place.code, place.doubtful, as_of, count_drafts
        found = self._tables.get(key)
        if found is None:
            found = self._tables[key] = Table(plan)
        return found

    def readers(self, group: Group, as_of: date) -> tuple[Reader, ...]:
        """Return what each variable of a group comes to on a date."""
        found = group.readers.get(as_of)
        if found is None:
            found = group.readers[as_of] = tuple(
                Reader(
                    variable,
                    _how(variable, group),
                    tuple(leaf for leaf in group.leaves if leaf.variable == variable),
                    group.mentioned.get(variable),
                    {},
                    {},
                )
                for variable in group.variables
            )
        return found

    def number(self, numbers: dict[Hashable, int], kept: Hashable) -> int:
        """Return the number of what a value comes to, a new one when it is new; no number is given twice."""
        found = numbers.get(kept)
        if found is None:
            self.looked()
            found = numbers.setdefault(kept, next(self._numbers))
        return found

    def looked(self) -> None:
        """Count something remembered of a value; when there is too much of it all is forgotten."""
        self._looks += 1
        if self._looks > self._room_for_looks:
            self._looks = 0
            self._tables.clear()
            for group in list(self._groups.values()):
                group.readers.clear()

    def group(self, names: tuple[str, ...]) -> Group:
        """Return clauses that are judged together."""
        if names not in self._groups:
            members = tuple(self.rules[name] for name in names)
            self._groups[names] = Group(members, plain=self._speaks_plainly(members))
        return self._groups[names]

    def _speaks_plainly(self, members: tuple[ClauseRules, ...]) -> bool:
        """Return whether the findings of these clauses can be written with blanks.

        Equal words of one list are said once, so words that two variables share must be compared with their
        values in them.
        """
        variables: dict[tuple[str, str], set[Variable | None]] = {}
        for member in members:
            for rule in member.rules:
                for leaf in rule.leaves():
                    for lang in ("zh-CN", "en"):
                        words = lang, rules.leaf_words(leaf, lang, self)
                        variables.setdefault(words, set()).add(leaf.variable)
        return not self.marked and all(len(reading) == 1 for reading in variables.values())

    @cached_property
    def marked(self) -> bool:
        """Whether some text of the edition holds a mark, which could be taken for a blank."""
        edition = self.edition
        texts = (
            edition.clauses,
            edition.documents,
            edition.catalogues,
            edition.layers,
            edition.states,
            edition.offices,
        )
        return bool(MARKS.intersection(repr(texts)) or re.search(r"\\ufdd[0-3]", repr(texts)))

    def rank(self, finding: Finding) -> int:
        """Return the place of a finding among others: the worst first, general clauses before special ones.

        Findings of one rank come by layer and place.
        """
        kind = len(_KIND) * (Outcome.NON_COMPLIANT - finding.outcome) + _KIND[finding.kind]
        return kind * (len(self._rank_of_clause) + 1) + self._rank_of_clause.get(finding.clause, 0)

    def line(self, finding: Finding) -> Line:
        """Return a finding without blanks as a line."""
        written = recording.piece(recording.plain(finding))
        return Line(self.rank(finding), finding.layer, finding.place, written, finding)

    def form(self, findings: Sequence[Finding], shares: tuple[Share, ...] = ()) -> Form:
        """Return findings with blanks as a form."""
        return Form(findings, shares, list(map(self.rank, findings)))

    @cached_property
    def _rank_of_clause(self) -> dict[str, int]:
        clauses = sorted(self.clause.values(), key=lambda clause: (_LEVEL[clause.level], clause.id))
        return {clause.id: number for number, clause in enumerate(clauses, 1)}

    # --- zones --------------------------------------------------------------------------------

    def select(self, target: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Return the zones a target names: (layer id, row numbers) for each of its layers."""
        if target not in self._selected:
            name, alternatives = rules.parse_target(target)
            self._selected[target] = tuple(
                (
                    layer.id,
                    tuple(i for i, z in enumerate(self.edition.zones[layer.id]) if _named(z, alternatives)),
                )
                for layer in self.layers_of(name)
            )
        return self._selected[target]

    @cached_property
    def _selected(self) -> dict[str, tuple[tuple[str, tuple[int, ...]], ...]]:
        return {}

    def asked(
        self, drawn: tuple[tuple[str, str], ...], *, one_role: bool
    ) -> tuple[tuple[str, tuple[int, ...], str], ...]:
        """Return the selections of zones whose distance tells how near (target, role) are, as far as one can see.

        With ``one_role`` all parts have the same, and its distances are those of the whole.
        """
        key = drawn, one_role
        found = self._asked.get(key)
        if found is None:
            every: dict[tuple[str, int, str], tuple[str, tuple[int, ...], str]] = {}
            for target, role in drawn:
                for layer, rows in self.select(target):
                    for name, some in ((layer, rows), *self.blind_counties(layer)):
                        at = "" if one_role else role
                        every.setdefault((name, id(some), at), (name, some, at))
            found = self._asked.keep(key, tuple(every.values()))
        return found

    def wanted(self, target: str) -> frozenset[tuple[str, str]]:
        """Return the zones a target names, as (layer id, code)."""
        if target not in self._wanted:
            zones = self.edition.zones
            self._wanted[target] = frozenset(
                (layer, zones[layer][i].code) for layer, rows in self.select(target) for i in rows
            )
        return self._wanted[target]

    def layers_of(self, name: str) -> tuple[Layer, ...]:
        """Return the layer with id ``name``, else the layers of that kind."""
        if name in self.layer:
            return (self.layer[name],)
        return tuple(layer for layer in self.edition.layers if layer.kind == name)

    @cached_property
    def unit_layers(self) -> tuple[Layer, ...]:
        """The layers of control units."""
        return self.layers_of(LayerKind.CONTROL_UNIT)

    @cached_property
    def counties(self) -> tuple[tuple[str, int, str], ...]:
        """(layer id, row, code) of every county-level place."""
        return tuple(
            (layer.id, i, zone.code)
            for layer in self.edition.layers
            if layer.kind is LayerKind.ADMIN
            for i, zone in enumerate(self.edition.zones[layer.id])
            if zone.zone_class == "county"
        )

    def region_name(self, code: str) -> str:
        """Return the name of an administrative place; its code when the edition does not draw it."""
        for layer in self.edition.layers:
            if layer.kind is LayerKind.ADMIN and (layer.id, code) in self.zone:
                return self.zone[layer.id, code].name
        return code

    # --- statements and coverage ---------------------------------------------------------------

    @cached_property
    def states(self) -> dict[tuple[str, str], list[PlaceState]]:
        """Statements by place and key."""
        found: dict[tuple[str, str], list[PlaceState]] = {}
        for state in self.edition.states:
            found.setdefault((state.place, state.key), []).append(state)
        return found

    @cached_property
    def _coverage(self) -> dict[str, list[Coverage]]:
        rows: dict[str, list[Coverage]] = {}
        for row in self.edition.coverage:
            rows.setdefault(row.layer, []).append(row)
        return rows

    def coverage(self, layer: str, region: str) -> Coverage | None:
        """Return the coverage row of ``layer`` that speaks most closely of ``region``."""
        rows = [row for row in self._coverage.get(layer, ()) if region.startswith(row.region)]
        return max(rows, key=lambda row: len(row.region), default=None)

    def complete(self, layer: str, region: str) -> bool:
        """Return whether ``layer`` is complete in ``region``."""
        row = self.coverage(layer, region)
        return row is not None and row.status is CoverageStatus.COMPLETE

    def blind_counties(self, layer: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Return the counties in which ``layer`` is not complete: (layer id, row numbers)."""
        if layer not in self._blind:
            rows: dict[str, list[int]] = {}
            for admin, i, code in self.counties:
                if not self.complete(layer, code):
                    rows.setdefault(admin, []).append(i)
            self._blind[layer] = tuple((admin, tuple(numbers)) for admin, numbers in rows.items())
        return self._blind[layer]

    @cached_property
    def _blind(self) -> dict[str, tuple[tuple[str, tuple[int, ...]], ...]]:
        return {}

    def sees_nothing(self, layer: str) -> bool:
        """Return whether there are no counties to say where ``layer`` is complete, and the region is not."""
        return not self.counties and not self.complete(layer, self.edition.info.region)

    def surroundings(self, counties: tuple[str, ...]) -> Surroundings:
        """Return what the edition says about all of ``counties`` together."""
        return self._surroundings.get(counties) or self._surroundings.keep(
            counties, Surroundings(self, counties)
        )

    # --- words and pieces of the record --------------------------------------------------------

    def title(self, kind: str, name: str, lang: str) -> str:
        """Return the title of a layer, layer kind or catalogue."""
        if kind == "catalogue":
            found = self.edition.catalogues.get(name)
            return name if found is None else found.title
        if name in self.layer and lang != "en":
            return self.layer[name].title
        try:
            return t(f"layers.{name}", lang)
        except KeyError:
            return self.layer[name].title if name in self.layer else name

    @cached_property
    def layer_titles(self) -> dict[str, str]:
        """Titles of the layers as a record names them."""
        return {f"layer:{layer.id}": layer.title for layer in self.edition.layers}

    @cached_property
    def document_titles(self) -> dict[str, tuple[str, str]]:
        """Name in a record and title of the document of each clause that has one."""
        found = {}
        for clause in self.edition.clauses:
            document = self.edition.documents.get(clause.document)
            if document is not None:
                title = " ".join(filter(None, (document.title, document.number)))
                found[clause.id] = (f"document:{document.id}", title)
        return found

    @cached_property
    def written_clauses(self) -> dict[str, bytes]:
        """Each clause as the record has it, with its key."""
        return {
            name: recording.canonical({name: recording.plain(clause)})[1:-1]
            for name, clause in self.clause.items()
        }

    def written_hit(self, hit: Hit) -> bytes:
        """Return a hit as the record has it."""
        if hit.role or hit.office is not None:
            return recording.canonical(recording.plain(hit))
        key = hit.layer, hit.zone, hit.relation
        words = self._hits.get(key)
        if words is None:
            words = self._hits[key] = recording.hit_words(hit)
        return recording.hit_written(words, hit)

    @cached_property
    def written_always(self) -> dict[str, tuple[bytes, ...]]:
        """Pieces of the record that are the same in every screening with this edition."""
        info = self.edition.info
        return {
            "edition": (recording.canonical(recording.plain(info)),),
            "method": (recording.canonical(recording.method(info.area_method)),),
            "schema": (recording.canonical(recording.SCHEMA),),
        }


class Surroundings:
    """What the edition says about the counties a project touches, whatever the project is."""

    def __init__(self, prepared: Prepared, counties: tuple[str, ...]) -> None:
        self._prepared = prepared
        self._counties = counties
        self._sees: dict[str, bool] = {}
        self._reports: dict[tuple[bool, ...], tuple[tuple[LayerReport, ...], bytes]] = {}
        self.regions = tuple(
            (region, prepared.region_name(region), touched)
            for region in sorted(prepared.by_region)
            if (touched := tuple(county for county in counties if county.startswith(region)))
        )
        """(code, name, counties touched) of every region with clauses of its own."""

    def sees(self, target: str) -> bool:
        """Return whether every layer of a target is complete in all the counties."""
        if target not in self._sees:
            self._sees[target] = all(
                self._prepared.complete(layer, county)
                for layer, _ in self._prepared.select(target)
                for county in self._counties
            )
        return self._sees[target]

    @cached_property
    def _rows(self) -> tuple[tuple[Layer, bool, tuple[str, ...]], ...]:
        """(layer, complete, sources) of every layer."""
        made = []
        for layer in self._prepared.edition.layers:
            rows = [self._prepared.coverage(layer.id, county) for county in self._counties]
            complete = all(row is not None and row.status is CoverageStatus.COMPLETE for row in rows)
            sources = dict.fromkeys(
                f"{row.region} {row.status} {row.source} {row.date or ''}".strip()
                for row in rows
                if row is not None
            )
            made.append((layer, complete, tuple(sources)))
        return tuple(made)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """A finding for each layer that is not complete: silence would read as "not concerned"."""
        made = []
        for layer, complete, _ in self._rows:
            if complete:
                continue
            blind = tuple(c for c in self._counties if not self._prepared.complete(layer.id, c))
            names = "、".join(map(self._prepared.region_name, blind))
            zh, en = both("no_data", layer=layer.title, region=names)
            place = Place(blind[0], names, "")
            found = finding(place, "", Outcome.NEEDS_FACTS, zh, en, kind=FindingKind.LAYER, layer=layer.id)
            made.append(self._prepared.line(found))
        return tuple(made)

    def reports(self, met: frozenset[str]) -> tuple[tuple[LayerReport, ...], bytes]:
        """Return what each layer says when the project meets the layers ``met``, and its piece of the record."""
        concerned = tuple(layer.id in met for layer, _, _ in self._rows)
        if concerned not in self._reports:
            reports = tuple(
                LayerReport(
                    layer=layer.id, concern=_concern(hit, complete), complete=complete, sources=sources
                )
                for hit, (layer, complete, sources) in zip(concerned, self._rows, strict=True)
            )
            self._reports[concerned] = reports, recording.canonical(recording.plain(reports))
        return self._reports[concerned]


def _concern(met: bool, complete: bool) -> Concern:
    return Concern.CONCERNED if met else Concern.NOT_CONCERNED if complete else Concern.NO_DATA


@lru_cache(maxsize=8)
def prepare(edition: Edition) -> Prepared:
    """Return ``edition`` prepared; the last few are kept."""
    # an edition is immutable and compared by identity, so a memo cannot change an answer
    return Prepared(edition)


def _clause_variables(compiled: ClauseRules) -> Iterator[Variable]:
    for rule in compiled.rules:
        for leaf in rule.leaves():
            if leaf.variable is not None and leaf.variable[0] == "clause":
                yield leaf.variable


def _named(zone: Zone, alternatives: tuple[frozenset[str], ...]) -> bool:
    names = {zone.code, zone.name, zone.zone_class, zone.subtype}
    return not alternatives or any(terms <= names for terms in alternatives)

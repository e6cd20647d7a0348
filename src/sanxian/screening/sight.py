"""What the rules see of a project: values read from its facts, from statements about places and from the map."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Final, NamedTuple

from sanxian import rules
from sanxian.engine import Distance, Placement
from sanxian.model import LayerKind, Outcome, Project, Relation, in_force
from sanxian.rules import Several, Span, Value, Variable
from sanxian.screening.forms import BLANKS, MARKS, PLACE_BLANKS, UNKNOWN, Said, mark, say_value
from sanxian.screening.places import Place
from sanxian.screening.prepared import SAID, Group, Plan, Prepared, Reads, Surroundings, Table

GAP: Final = 1e-6  # share of a footprint without control unit that is more than rounding


class Facts:
    """What the project itself says: nature, industries, facts and papers."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.values: dict[Variable, Value] = {
            ("fact", key): fact_value(fact) for key, fact in project.facts.items()
        }
        self.values["fact", "nature"] = project.nature
        self.values[rules.INDUSTRY] = frozenset(project.industries) or None
        self.tokens: dict[Variable, Hashable] = {key: token(value) for key, value in self.values.items()}

    def read(self, variable: Variable) -> Value:
        """Return the value of a fact, the industry or a document."""
        if variable[0] == "document" and variable not in self.values:
            self.values[variable] = _holds(self._project, variable[1], variable[2])
        return self.values.get(variable)

    def token(self, variable: Variable) -> Hashable:
        """Return what tells the value from any other that would read differently."""
        return self.read(variable) if variable[0] == "document" else self.tokens.get(variable)

    def all_of(self, variables: Sequence[Variable]) -> tuple[Hashable, ...]:
        """Return the tokens of several variables."""
        if self._project.papers:
            return tuple(map(self.token, variables))
        return tuple(map(self.tokens.get, variables))  # without papers no document is known

    @cached_property
    def marked(self) -> bool:
        """Whether a text of the project holds a mark, which could be taken for a blank."""
        texts = [text for value in self.values.values() for text in _texts(value)]
        texts += [part.role for part in self._project.parts]
        return not MARKS.isdisjoint("".join(texts))


def _texts(value: Value) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    return [str(item) for item in value] if isinstance(value, frozenset) else ()


def fact_value(fact: object) -> Value:
    """Return a fact as a rule value."""
    if isinstance(fact, bool) or fact is None:
        return fact
    if isinstance(fact, (int, float)):
        return Span.exact(float(fact))
    if isinstance(fact, tuple):
        return frozenset(fact)
    return fact  # type: ignore[return-value]  # str or date: FactValue leaves nothing else


def token(value: Value) -> Hashable:
    """Return a key that is equal for two values only when they read the same.

    ``True == 1`` and ``0.0 == -0.0``, but they do not look the same on paper.
    """
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if isinstance(value, Span):
        return value if value.lo and value.hi else repr(value)
    if isinstance(value, frozenset) and all(type(item) is str for item in value):
        return value
    return kind, value, repr(value)


def _holds(project: Project, name: str, issuer: str) -> bool | None:
    """Return whether the project holds a paper: named by number and date, from the right issuer."""
    same = [paper for paper in project.papers if paper.type == name]
    for paper in same:
        # 省级人民政府 is the rule's word for 青海省人民政府
        fits = not issuer or issuer == paper.issuer or issuer.replace("级", "") in paper.issuer
        if paper.held and paper.number and paper.date is not None and fits:
            return True
    return False if same and not any(paper.held for paper in same) else None


class Map:
    """What the map says: zones met and measures, each as far as the edition can see."""

    def __init__(self, prepared: Prepared, placement: Placement) -> None:
        self._prepared = prepared
        self.placement = placement
        self.hits = placement.hits
        self.met = tuple(h for h in self.hits if h.relation is Relation.OVERLAP and h.role == "")
        zones = (prepared.zone[h.layer, h.zone] for h in self.met)
        codes = sorted({zone.code for zone in zones if zone.zone_class == "county"})
        self.counties = tuple(codes) or (prepared.edition.info.region,)
        """Codes of the counties the project touches, else the edition's region."""
        self.surroundings: Surroundings = prepared.surroundings(self.counties)
        self._zones: dict[str, set[tuple[str, str]]] = {}
        for hit in self.hits:
            if hit.relation is Relation.OVERLAP:
                self._zones.setdefault(hit.role, set()).add((hit.layer, hit.zone))

    def roles_in(self, layer: str, code: str) -> frozenset[str]:
        """Return the roles of the parts that lie in a zone."""
        roles = self.placement.roles
        if len(roles) == 1:
            return frozenset(roles)
        return frozenset(role for role, zones in self._zones.items() if role and (layer, code) in zones)

    def _role(self, role: str) -> str:
        return "" if len(self.placement.roles) == 1 and role in self.placement.roles else role

    def read(self, variable: Variable) -> Value:
        """Return what the map says to a spatial variable; ``None`` when it cannot say."""
        kind, target, role = variable[:3]
        if role and role not in self.placement.roles:
            return None  # a part nobody has drawn
        selection = self._prepared.select(target)
        if not selection:
            return None  # no such layer: silence is not a no
        if kind == "distance":
            return self._distance(selection, self._role(role))
        sees_all = self.placement.outside_share <= GAP and self.surroundings.sees(target)
        if kind in ("in", "crosses"):
            met = self._zones.get(self._role(role), set())
            return True if not met.isdisjoint(self._prepared.wanted(target)) else False if sees_all else None
        extent = self.placement.extent(selection, self._role(role))
        if kind == "share" and variable[3] == "zone":
            value, most = 100.0 * extent.zone_share, 100.0
        elif kind == "share":
            value, most = 100.0 * extent.share, 100.0
        elif kind == "area":
            value, most = extent.area_m2, max(extent.area_m2, self.placement.area_m2)
        else:
            # a river may wind through an area at any length
            bound = math.inf if self.placement.area_m2 else self.placement.length_m
            value, most = extent.length_m, max(extent.length_m, bound)
        return Span.exact(value) if sees_all else Span(value, most)

    def look_around(self, variables: Iterable[Variable]) -> None:
        """Measure the distances that will be read, all in one call of the engine."""
        roles = self.placement.roles
        drawn = tuple(dict.fromkeys([(v[1], v[2]) for v in variables if not v[2] or v[2] in roles]))
        asked = self._prepared.asked(drawn, one_role=len(roles) == 1)
        if asked:
            self.placement.find_nearest(asked, border=self.placement.outside_share <= 0)

    def _distance(self, selection: Sequence[tuple[str, tuple[int, ...]]], role: str) -> Span:
        """Return the distance to the nearest zone: exact as far as the edition can see, open beyond."""
        found = [self.placement.distance(layer, rows, role) for layer, rows in selection]
        nearest = min((d.distance_m for d in found if d is not None), default=math.inf)
        sight = 0.0 if self.placement.outside_share > 0 else self.placement.border_m
        for layer, _ in selection:
            for admin, rows in self._prepared.blind_counties(layer):
                blind: Distance | None = self.placement.distance(admin, rows, role)
                sight = min(sight, math.inf if blind is None else blind.distance_m)
            if self._prepared.sees_nothing(layer):
                sight = 0.0
        return Span(min(nearest, sight), nearest)

    @cached_property
    def _strict(self) -> tuple[tuple[str, tuple[str, str], bool], ...]:
        """(role, zone, certain) of every hit that tells on which side of a strict line the project lies."""
        return tuple(
            (h.role, (h.layer, h.zone), h.relation is Relation.OVERLAP and not h.sensitive)
            for h in self.hits
            if self._prepared.layer[h.layer].strict_boundary
            and (h.sensitive or h.relation is Relation.OVERLAP)
        )

    def doubtful(self, variable: Variable) -> bool:
        """Return whether the answer to in/crosses lies within the accuracy of a strict layer's line."""
        if not self._strict:
            return False
        wanted, role = self._prepared.wanted(variable[1]), self._role(variable[2])
        certain = [sure for at, zone, sure in self._strict if at == role and zone in wanted]
        return bool(certain) and not any(certain)


class Known:
    """Values at hand as the leaves read them (a ``rules.Environment``), without asking where they come from."""

    __slots__ = ("as_of", "catalogue", "read")

    def __init__(self, values: Mapping[Variable, Value], seen: Seen) -> None:
        self.as_of = seen.as_of
        self.read = values.get
        self.catalogue = seen.catalogue


class Shape(NamedTuple):
    """All that the words and flips of a finding take from a value besides its digits."""

    kind: str
    known: frozenset[str] = frozenset()  # of the names the rules mention, those a set holds


_EXACT: Final = Shape("exact")
_OPEN: Final = Shape("at least")
_UNBOUND: Final = Shape("at least, without words")
_DAY: Final = Shape("day")


def shape(value: Value, mentioned: frozenset[str] | None) -> Shape | Hashable:
    """Return the shape of a value left blank, its token when it is of a kind that no blank is made for."""
    if type(value) is Span:
        return _EXACT if value.lo == value.hi else _OPEN if math.isfinite(value.lo) else _UNBOUND
    if isinstance(value, frozenset) and all(type(item) is str for item in value):
        named = value & mentioned if mentioned is not None else frozenset[str]()
        return Shape("names" if any(value) or len(value) > 1 else "no words", named)
    return _DAY if type(value) is date else token(value)


class Sight:
    """What the rules see of a project from one place (a ``rules.Environment``)."""

    __slots__ = ("_here", "_project", "as_of", "place")

    def __init__(self, project: Seen, place: Place) -> None:
        self.as_of = project.as_of
        self._project = project
        self.place = place
        self._here: dict[Variable, Value] = {}

    def catalogue(self, name: str) -> tuple[str, ...] | None:
        """Return the industry prefixes of a catalogue in force."""
        return self._project.catalogue(name)

    def title(self, kind: str, name: str, lang: str) -> str:
        """Return the title of a layer, layer kind or catalogue."""
        return self._project.prepared.title(kind, name, lang)

    def read(self, variable: Variable) -> Value:
        """Return the value of a variable, ``None`` when it is not known."""
        if variable[0] not in ("state", "roles here"):
            return self._project.read(variable)
        if variable not in self._here:
            here = variable == rules.ROLES_HERE
            self._here[variable] = self.place.roles if here else self._states(variable[1], variable[2])
        return self._here[variable]

    def states(self, variables: tuple[Variable, ...]) -> tuple[Value, ...]:
        """Return several statements about this place, from memory when they were read before."""
        if not variables:
            return ()
        touched = self._project.touched if self.place.layer == "" else None
        key = self.place.layer, self.place.code, self.place.counties, touched, self.as_of, variables
        memo = self._project.prepared.statements
        return memo.get(key) or memo.keep(key, tuple(map(self.read, variables)))

    def _states(self, key: str, at: str) -> Several:
        """Return the statements about this place, else about its counties and what lies above them."""
        if at == "":
            codes = self._project.touched if self.place.layer == "" else (self.place.code,)
            own = [value for code in codes for value in self._stated(code, key)]
            if own:
                return Several(frozenset(own), True)
        if at == "place":
            own = self._stated(self.place.code, key)
            return Several(frozenset(own), bool(own))
        depth = {"": (6, 4, 2), "county": (6,), "prefecture": (4,), "province": (2,)}[at]
        values: list[str] = []
        complete = True
        for county in self.place.counties:
            stated = next((v for n in depth if (v := self._stated(county[:n], key))), [])
            values += stated
            complete &= bool(stated)
        return Several(frozenset(values), complete)

    def _stated(self, place: str, key: str) -> list[str]:
        stated = self._project.prepared.states.get((place, key), ())
        return [s.value for s in stated if in_force(s.valid_from, s.valid_to, self.as_of)]


class Measured(NamedTuple):
    """A measured value: its shape, and as it fills blanks."""

    shape: Hashable
    said: Said


class Seen(ABC):
    """Everything the rules may read of one project on one date, each value read once."""

    def __init__(self, prepared: Prepared, facts: Facts, chart: Map, as_of: date) -> None:
        self.prepared = prepared
        self.facts = facts
        self.chart = chart
        self.as_of = as_of
        self._values: dict[Variable, Value] = {}
        self._said: dict[Variable, Said] = {}
        self._measured: dict[Variable, Measured] = {}
        self.given = Known(facts.values, self)
        self.measured = Known(self._values, self)

    @abstractmethod
    def outcome_of(self, name: str) -> Outcome:
        """Return the outcome of another clause for the same project."""

    @cached_property
    def touched(self) -> tuple[str, ...]:
        """Codes of every zone met, administrative places apart."""
        layer = self.prepared.layer
        return tuple(h.zone for h in self.chart.met if layer[h.layer].kind is not LayerKind.ADMIN)

    def read(self, variable: Variable) -> Value:
        """Return the value of a variable that does not depend on the place."""
        if variable[0] in SAID:
            return self.facts.read(variable)
        if variable not in self._values:
            self._values[variable] = self._look(variable)
        return self._values[variable]

    def catalogue(self, name: str) -> tuple[str, ...] | None:
        """Return the industry prefixes of a catalogue in force."""
        found = self.prepared.edition.catalogues.get(name)
        if found is None or not in_force(found.valid_from, found.valid_to, self.as_of):
            return None
        return found.industries

    def _look(self, variable: Variable) -> Value:
        if variable[0] == "clause":
            return self.outcome_of(variable[1]) if variable[1] in self.prepared.clause else None
        return self.chart.read(variable)

    def measure(self, variable: Variable) -> Measured:
        """Return a measured value, which ``measured`` knows from now on, with its shape and as it fills blanks."""
        found = self._measured.get(variable)
        if found is None:
            found = self._measured[variable] = Measured(shape(self.read(variable), None), self.said(variable))
        return found

    def said(self, variable: Variable) -> Said:
        """Return the value of a variable as it fills blanks."""
        if variable not in self._said:
            value = self.read(variable)
            if value is None:
                return UNKNOWN
            zh = rules.show(value, variable, "zh-CN")
            en = zh if type(value) is Span else rules.show(value, variable, "en")  # a number is a number
            self._said[variable] = say_value(zh, en, rules.plain(value))
        return self._said[variable]


def look(group: Group, sight: Sight, seen: Seen) -> tuple[Hashable, ...]:
    """Return what ``group`` takes from ``sight``: a key that is equal only where its findings differ in blanks alone.

    Of a value left blank it is a number that stands for the truths of the leaves reading it and its shape; equal
    values have been looked up before, so mostly none of the leaves is tried.
    """
    found: list[Hashable] = []
    facts, prepared = seen.facts, seen.prepared
    tokens = facts.tokens
    for reader in prepared.readers(group, seen.as_of):
        variable, kind, leaves, mentioned, numbers, known = reader
        if kind is Reads.NAMED:
            token_ = tokens.get(variable)
            number = known.get(token_)
            if number is None:
                kept = (*[leaf.test(seen.given) for leaf in leaves], shape(facts.read(variable), mentioned))
                number = known[token_] = prepared.number(numbers, kept)
            found.append(number)
        elif kind is Reads.SAID:
            found.append(tokens.get(variable))
        elif kind is Reads.MEASURED:
            kept = (seen.measure(variable).shape, *[leaf.test(seen.measured) for leaf in leaves])
            found.append(prepared.number(numbers, kept))
        else:
            found.append(token(sight.read(variable)))
    if group.crossings:
        found += doubts(group, seen.chart)
    return tuple(found)


def values_in(plan: Plan, table: Table, sight: Sight, seen: Seen) -> list[Hashable]:
    """Return what each value that ``plan`` reads comes to, as :func:`look` does for one group."""
    facts, chart, prepared = seen.facts, seen.chart, seen.prepared
    tokens = facts.tokens
    found: list[Hashable] = []
    for i, variable in enumerate(plan.reads):
        kind = variable[0]
        if plan.leaves[i]:
            token_ = tokens.get(variable)
            number = table.known[i].get(token_)
            if number is None:
                value = facts.read(variable)
                kept = tuple([leaf.test(seen.given) for leaf in plan.leaves[i]])
                shapes_ = tuple([shape(value, mentioned) for mentioned in plan.mentioned[i]])
                number = table.known[i][token_] = prepared.number(table.numbers[i], (kept, shapes_))
                prepared.looked()
            found.append(number)
        elif kind in ("fact", "industry"):
            found.append(tokens.get(variable))
        elif kind in ("in", "crosses"):
            found.append((seen.read(variable), chart.doubtful(variable)))
        else:
            found.append(token(sight.read(variable)))
    return found


def shapes(group: Group, sight: Sight) -> tuple[Hashable, ...]:
    """Return the shapes of the values that are left blank."""
    return tuple([shape(sight.read(variable), group.mentioned.get(variable)) for variable in group.blanks])


def doubts(group: Group, chart: Map) -> tuple[bool, ...]:
    """Return which answers to in/crosses hang on the accuracy of a strict line."""
    return tuple(map(chart.doubtful, group.crossings))


class WithBlanks:
    """A sight that leaves the values of some variables blank (a ``rules.Environment``)."""

    __slots__ = ("_blanks", "_sight", "as_of", "catalogue", "read", "title")

    def __init__(self, sight: Sight, group: Group, shapes_: Sequence[Hashable]) -> None:
        self.as_of, self.read, self.catalogue, self.title = (
            sight.as_of,
            sight.read,
            sight.catalogue,
            sight.title,
        )
        self._blanks = {
            variable: PLACE_BLANKS + i * len(BLANKS)
            for i, (variable, kind) in enumerate(zip(group.blanks, shapes_, strict=True))
            if isinstance(kind, Shape)
        }

    def blank(self, variable: Variable, form: str) -> str:
        """Return the mark that stands for a value, empty when the value itself is said."""
        first = self._blanks.get(variable)
        return "" if first is None else mark(first + BLANKS[form], value=form == "json")

"""Conditions as sets of values: whether one implies another, and how one rule stands to another.

:func:`implies` compares interval against interval and list against list. What it cannot settle is ``None``,
never a guess. The decision procedure is the usual one for propositional logic over theories: a ⇒ b holds when
a ∧ ¬b has no branch whose literals agree, variable by variable.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from sanxian import data
from sanxian.errors import BadRule
from sanxian.model import (
    Clause,
    Effect,
    Outcome,
    Strength,
)
from sanxian.model import ReviewState as Review
from sanxian.rules import INDUSTRY, ROLES_HERE, Leaf, Rule, compile_rule, parse_target
from sanxian.rules.language import BASE_UNIT, Tree, limits_of

# --- literals: one atom as a set of values -----------------------------------------------------------

Key: TypeAlias = tuple[str, ...]
Spans: TypeAlias = tuple[tuple[tuple[float, int], tuple[float, int]], ...]
"""Sorted, disjoint [start, end); an end ``(x, 0)`` lies just before the number x, ``(x, 1)`` just behind it."""

_BOTTOM: Final = (float("-inf"), 0)
_TOP: Final = (float("inf"), 1)
_DECIDED: Final = frozenset(o.name for o in Outcome if o not in (Outcome.NEEDS_FACTS, Outcome.NEEDS_REVIEW))
_MAPPED: Final = frozenset(("in", "crosses", "distance", "area", "length", "share"))
_BRANCHES: Final = 400  # alternatives tried before the answer is "cannot tell"
_MEMORY: Final = 1_000_000  # answers remembered, about 100 MB


class Literal(NamedTuple):
    """An atom, or its opposite, as the set of values of one variable that make it true."""

    key: Key
    kind: str  # number, choice, set, zones
    value: Any
    """Spans; (values, inverted); (any | all, values, holds, domain or None); (alternatives, holds)"""


class Branch(NamedTuple):
    """``all`` or ``any`` of literals and branches; negation has been pushed down to the literals."""

    op: str
    members: tuple[Form, ...]


Form: TypeAlias = Literal | Branch


class _Wanted(NamedTuple):
    """What is asked of a set of values."""

    some: tuple[frozenset[str], ...] = ()  # at least one of each
    every: frozenset[str] = frozenset()
    none: frozenset[str] = frozenset()
    missing: tuple[frozenset[str], ...] = ()  # not all of each
    domain: frozenset[str] | None = None  # the values there are, when the set is never empty

    def forced(self) -> frozenset[str]:
        """Return the values the set must hold."""
        left = [wanted - self.none for wanted in self.some]
        return self.every.union(*(one for one in left if len(one) == 1))

    def possible(self) -> bool:
        """Return whether some set meets this; ``exact`` tells whether a yes can be relied on."""
        if self.every & self.none or any(wanted <= self.none for wanted in self.some):
            return False
        if self.domain is not None and self.domain <= self.none:
            return False
        forced = self.forced()
        return not any(wanted <= forced for wanted in self.missing)

    def exact(self) -> bool:
        """Return whether a possible wish is certainly granted by some set."""
        return not self.missing or all(len(wanted - self.none) == 1 for wanted in self.some)


class _Zones(NamedTuple):
    """Targets of one layer that are met, and targets that are not."""

    met: tuple[tuple[frozenset[str], ...], ...] = ()
    missed: tuple[tuple[frozenset[str], ...], ...] = ()

    def possible(self) -> bool:
        """Return whether each target met has a zone that belongs to no target missed."""
        barred = [terms for target in self.missed for terms in target]
        return all(any(not any(bar <= terms for bar in barred) for terms in target) for target in self.met)


def _spans(op: str, limits: tuple[float, ...], *, whole: bool) -> Spans:
    """Return the numbers a comparison admits; ``whole`` numbers have nothing between two neighbours."""
    low = limits[0]
    behind = (low + 1.0, 0) if whole else (low, 1)
    match op:
        case "<":
            return ((_BOTTOM, (low, 0)),)
        case "<=":
            return ((_BOTTOM, behind),)
        case ">":
            return ((behind, _TOP),)
        case ">=":
            return (((low, 0), _TOP),)
        case "==":
            return (((low, 0), behind),)
        case "!=":
            return ((_BOTTOM, (low, 0)), (behind, _TOP))
        case _:  # between
            high = (limits[1] + 1.0, 0) if whole else (limits[1], 1)
            return (((low, 0), high),)


def _without(spans: Spans) -> Spans:
    found, start = [], _BOTTOM
    for first, last in spans:
        if start < first:
            found.append((start, first))
        start = last
    if start < _TOP:
        found.append((start, _TOP))
    return tuple(found)


def _common(one: Spans, other: Spans) -> Spans:
    found = []
    for a, b in one:
        for c, d in other:
            start, end = max(a, c), min(b, d)
            if start < end:
                found.append((start, end))
    return tuple(found)


@lru_cache(maxsize=4096)
def _range(key: Key) -> Spans:
    """Return the numbers a variable may have: the range of the fact, nothing negative on the map."""
    if key[0] == "fact":
        low, high = data.fact(key[1]).range
        return ((_BOTTOM if low is None else (low, 0), _TOP if high is None else (high, 1)),)
    return (((0.0, 0), (100.0, 1)),) if key[0] == "share" else (((0.0, 0), _TOP),)


@lru_cache(maxsize=1)
def _classes() -> Mapping[str, frozenset[str]]:
    """Industries below which there is none, by every prefix: section, digits, or both."""
    rows = [row for row in data.industries().values() if row.level != "section"]
    parents = {row.code[:-1] for row in rows}
    found: dict[str, set[str]] = {}
    for row in rows:
        if row.code not in parents:
            for end in range(len(row.code) + 1):
                for prefix in (row.code[:end], row.section + row.code[:end]):
                    found.setdefault(prefix, set()).add(row.code)
    return {prefix: frozenset(codes) for prefix, codes in found.items()}


@lru_cache(maxsize=16384)
def classes_of(prefixes: tuple[str, ...]) -> frozenset[str]:
    """Return the industry classes below prefixes such as ``26``, ``C`` or ``C2614``; none below an unknown one."""
    return frozenset().union(*(_classes().get(prefix, ()) for prefix in prefixes))


def _within(inner: tuple[frozenset[str], ...], outer: tuple[frozenset[str], ...]) -> bool:
    """Return whether every zone of one target is certainly a zone of another of the same layer."""
    if not outer:
        return True
    return bool(inner) and all(any(wide <= narrow for wide in outer) for narrow in inner)


def target_within(inner: str, outer: str) -> bool:
    """Return whether every zone that target ``inner`` names is named by ``outer``, by the words alone.

    Examples
    --------
    >>> target_within("protected_area:国家公园&核心保护区", "protected_area:国家公园|自然保护区")
    True
    >>> target_within("protected_area", "protected_area:国家公园")
    False
    """
    layer, narrow = parse_target(inner)
    other, wide = parse_target(outer)
    return layer == other and _within(narrow, wide)


class Logic:
    """Reasoning about conditions; remembers what it has worked out. Not for several threads."""

    def __init__(self, catalogues: Mapping[str, Sequence[str]] | None = None) -> None:
        """Take the industries of the catalogues that are known, by catalogue id."""
        self._catalogues = {name: tuple(codes) for name, codes in (catalogues or {}).items()}
        # the tree is kept so that its id stays its own
        self._forms: dict[tuple[int, bool], tuple[Tree, Form]] = {}
        self._equal: dict[Form, Form] = {}  # of equal forms one stands for all
        self._implied: dict[tuple[int, int], bool | None] = {}
        self._left = 0

    def implies(self, a: Tree | None, b: Tree | None) -> bool | None:
        """Return whether ``b`` holds wherever ``a`` does; ``None`` when that cannot be told.

        ``None`` as a condition always holds. ``True`` is proven: no project, known in full or in part, makes
        ``a`` true and ``b`` false. ``False`` is proven too: there are values that do, facts taken as independent
        of each other and a promise (duty) as something that may be kept or not.
        """
        if b is None:
            return True
        key = 0 if a is None else id(self.form(a, True)), id(self.form(b, True))
        if key not in self._implied:
            if len(self._implied) >= _MEMORY:
                self._implied.clear()
            found = self.satisfiable((a,), (b,))
            self._implied[key] = None if found is None else not found
        return self._implied[key]

    def satisfiable(self, hold: Iterable[Tree | None], fail: Iterable[Tree | None] = ()) -> bool | None:
        """Return whether the conditions ``hold`` can be true and those of ``fail`` false at once.

        ``False`` is proven, ``True`` as for :meth:`implies`; ``None`` when neither is.
        """
        forms: list[Form] = [self.form(tree, True) for tree in hold if tree is not None]
        for tree in fail:
            if tree is None:
                return False
            forms.append(self.form(tree, False))
        self._left = _BRANCHES
        return self._search(forms, {}, [])

    def industries(self, tree: Tree, settled: Collection[str]) -> frozenset[str] | None:
        """Return industry prefixes without any of which ``tree`` is false; ``None`` = it may hold for any.

        Of catalogues only those ``settled`` count: one out of force leaves the condition open.
        """
        if isinstance(tree, Leaf):
            if "industry" in tree.atom:
                return frozenset(map(data.industry_code, tree.atom["industry"]))
            name = tree.atom.get("catalogue", "")
            return frozenset(self._catalogues[name]) if name in settled and name in self._catalogues else None
        found = [self.industries(child, settled) for child in tree.children] if tree.op != "not" else []
        limits = [limit for limit in found if limit is not None]
        if tree.op == "all":
            return min(limits, key=len, default=None)
        return frozenset().union(*limits) if limits and len(limits) == len(found) else None

    def form(self, tree: Tree, holds: bool) -> Form:
        """Return a condition, or its opposite, as literals under ``all`` and ``any``."""
        key = id(tree), holds
        if key not in self._forms:
            form = self._form(tree, holds)
            self._forms[key] = tree, self._equal.setdefault(form, form)
        return self._forms[key][1]

    def _form(self, tree: Tree, holds: bool) -> Form:
        if isinstance(tree, Leaf):
            return self._literal(tree, holds)
        if tree.op == "not":
            return self.form(tree.children[0], not holds)
        op = tree.op if holds else "any" if tree.op == "all" else "all"
        members: list[Form] = []
        for child in tree.children:
            form = self.form(child, holds)
            members += form.members if isinstance(form, Branch) and form.op == op else (form,)
        return members[0] if len(members) == 1 else Branch(op, tuple(members))

    def _literal(self, leaf: Leaf, holds: bool) -> Literal:
        atom, variable = leaf.atom, leaf.variable
        if leaf.duty is not None:
            return _flag(("duty", *leaf.duty), holds)
        if "date" in atom:
            spans = _spans(atom["op"], (float(_ordinal(atom["value"])),), whole=True)
            return Literal(("as_of",), "number", spans if holds else _without(spans))
        if "catalogue" in atom:
            name = atom["catalogue"]
            if name not in self._catalogues:
                return _flag(("catalogue", name), holds)
            return Literal(INDUSTRY, "set", ("any", classes_of(self._catalogues[name]), holds, None))
        if "industry" in atom:
            codes = tuple(map(data.industry_code, atom["industry"]))
            return Literal(INDUSTRY, "set", ("any", classes_of(codes), holds, None))
        if variable == ROLES_HERE:
            return Literal(ROLES_HERE, "set", ("any", frozenset(atom["role"]), holds, None))
        if (
            variable is None
        ):  # the language has no other atom that reads nothing; were there one, it is opaque
            return _flag(
                ("atom", json.dumps(atom, ensure_ascii=False, sort_keys=True, default=_jsonable)), holds
            )
        kind = variable[0]
        if kind == "fact":
            return _fact(variable, atom, holds)
        if kind == "state":
            domain = frozenset(data.states()[variable[1]].values)
            wanted = frozenset(atom["value"] if atom["op"] == "in" else [atom["value"]])
            wanted = domain - wanted if atom["op"] == "is_not" else wanted
            return Literal(variable, "set", ("any", wanted, holds, domain))
        if kind == "clause":
            names = frozenset(atom["value"] if atom["op"] == "in" else [atom["value"]])
            return Literal(variable, "choice", (names & _DECIDED if holds else _DECIDED - names, False))
        if kind in ("in", "crosses"):
            layer, alternatives = parse_target(variable[1])
            return Literal((kind, layer, variable[2]), "zones", (alternatives or (frozenset[str](),), holds))
        if kind in _MAPPED:
            return _number(variable, atom, BASE_UNIT.get(kind, "%"), holds)
        return _flag(variable, holds)

    def _search(self, todo: list[Form], seen: dict[Key, Any], choices: list[Branch]) -> bool | None:
        while todo:
            form = todo.pop()
            if isinstance(form, Literal):
                merged = _merge(seen.get(form.key), form)
                if merged is None:
                    return False
                seen[form.key] = merged
            elif form.op == "all":
                todo.extend(form.members)
            else:
                choices.append(form)
        if not choices:
            return _agrees(seen)
        choices = sorted(choices, key=lambda branch: len(branch.members))
        answer: bool | None = False
        for member in choices[0].members:
            self._left -= 1
            if self._left < 0:
                return None
            found = self._search([member], dict(seen), choices[1:])
            if found:
                return True
            answer = None if found is None else answer
        return answer


def implies(
    a: Tree | None, b: Tree | None, *, catalogues: Mapping[str, Sequence[str]] | None = None
) -> bool | None:
    """Return whether ``b`` holds wherever ``a`` does: proven, refuted, or ``None`` when neither.

    As :meth:`Logic.implies`, for a single question; ``catalogues`` gives the industries of catalogues by id.

    Examples
    --------
    >>> small = compile_rule({"effect": "FORBID", "when": {"fact": "boiler_tph", "op": "<", "value": 10}})
    >>> large = compile_rule({"effect": "FORBID", "when": {"fact": "boiler_tph", "op": "<=", "value": 35}})
    >>> implies(small.applies, large.applies), implies(large.applies, small.applies)
    (True, False)
    """
    return Logic(catalogues).implies(a, b)


def _ordinal(value: Any) -> int:
    return (value if isinstance(value, date) else date.fromisoformat(str(value))).toordinal()


def _flag(key: Key, holds: bool) -> Literal:
    return Literal(key, "choice", (frozenset((str(holds),)), False))


def _number(key: Key, atom: Mapping[str, Any], unit: str, holds: bool) -> Literal:
    spans = _spans(atom["op"], limits_of("value", atom, unit), whole=False)
    return Literal(key, "number", _common(spans if holds else _without(spans), _range(key)))


def _fact(key: Key, atom: Mapping[str, Any], holds: bool) -> Literal:
    if "op" not in atom:  # a matter that is a yes or no
        return _flag(key, holds)
    fact, op, value = data.fact(key[1]), atom["op"], atom["value"]
    if fact.type == "number":
        return _number(key, atom, fact.unit, holds)
    if fact.type == "bool":
        return _flag(key, value is holds)
    if fact.type == "date":
        if value == "as_of":  # two dates of which neither is known here
            return _flag(("since", *key, op), holds)
        spans = _spans(op, (float(_ordinal(value)),), whole=True)
        return Literal(key, "number", spans if holds else _without(spans))
    wanted = frozenset(value if isinstance(value, (list, tuple)) else [value])
    if fact.type == "set":
        how = "all" if op == "has_all" else "any"
        return Literal(key, "set", (how, wanted, holds is (op != "has_none"), None))
    positive = holds is (op in ("is", "in"))
    if fact.values:
        return Literal(key, "choice", (wanted if positive else frozenset(fact.values) - wanted, False))
    return Literal(key, "choice", (wanted, not positive))


def _merge(seen: Any, literal: Literal) -> Any:
    """Return what is known of a variable with one more literal; ``None`` when no value is left."""
    value = literal.value
    match literal.kind:
        case "number":
            return (value if seen is None else _common(seen, value)) or None
        case "choice":
            values, inverted = value if seen is None else _chosen(seen, value)
            return (values, inverted) if inverted or values else None
        case "set":
            how, wanted, holds, domain = value
            before: _Wanted = seen or _Wanted()
            if how == "any":
                change = {"some": (*before.some, wanted)} if holds else {"none": before.none | wanted}
            else:
                change = {"every": before.every | wanted} if holds else {"missing": (*before.missing, wanted)}
            after = before._replace(domain=domain, **change)
            return after if after.possible() else None
        case _:  # zones
            met: _Zones = seen or _Zones()
            target, holds = value
            met = (
                met._replace(met=(*met.met, target)) if holds else met._replace(missed=(*met.missed, target))
            )
            return met if met.possible() else None


def _chosen(
    one: tuple[frozenset[str], bool], other: tuple[frozenset[str], bool]
) -> tuple[frozenset[str], bool]:
    (a, not_a), (b, not_b) = one, other
    if not_a and not_b:
        return a | b, True
    if not_a:
        return b - a, False
    return (a - b if not_b else a & b), False


def _agrees(seen: Mapping[Key, Any]) -> bool | None:
    """Return whether variables that each have a value have them together; ``None`` when that is not known."""
    distances = [(key, spans) for key, spans in seen.items() if key[0] == "distance"]
    for key, spans in distances:
        layer, alternatives = parse_target(key[1])
        for kind in ("in", "crosses"):
            zones = seen.get((kind, layer, key[2]))
            # what meets a zone is at no distance from it
            meets = zones is not None and any(_within(target, alternatives) for target in zones.met)
            if meets and not _common(spans, (((0.0, 0), (0.0, 1)),)):
                return False
        for other, limits in distances:
            # the nearest river is no farther than the nearest reach of one river
            if key[2] == other[2] and target_within(other[1], key[1]) and spans[0][0] >= limits[-1][1]:
                return False
    places = [key for key in seen if key[0] in _MAPPED]
    vague = any(key[0] in ("catalogue", "since", "clause") for key in seen) and len(seen) > 1
    states = [key[1] for key in seen if key[0] == "state"]
    # two questions to one map, or to one place at two levels, may have fewer joint answers than single ones
    if len(places) > 1 or vague or len(states) > len(set(states)):
        return None
    mixed = any(isinstance(value, _Zones) and value.met and value.missed for value in seen.values())
    return None if mixed or not all(v.exact() for v in seen.values() if isinstance(v, _Wanted)) else True


# --- rules and how one stands to another ---------------------------------------------------------------

_MEANING: Final = ("effect", "strength", "subject", "when", "unless", "require", "until")
_STRENGTH: Final = {Strength.SOFT: 0, Strength.PRINCIPLE: 1, Strength.STRICT: 2}
DEMANDS: Final = (Effect.RESTRICT, Effect.REQUIRE)
GRANTS: Final = (Effect.ALLOW, Effect.ENCOURAGE)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What a rule says, apart from its quote and its review; equal rules share one shape."""

    rule: Rule
    reads: frozenset[Key]  # what subject and when read …
    needs: frozenset[Key]  # … and what of it they cannot do without
    classes: frozenset[str] | None  # industry classes the rule is limited to; None = any
    limits: Mapping[Key, Literal]  # numbers and choices it cannot do without
    conjunct: bool  # subject and when have no alternatives


class Ruled(NamedTuple):
    """One rule of a clause."""

    seq: int  # its place among the rules of the clause
    shape: Shape
    review: Review


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A clause with its rules compiled; rejected rules are left out, broken ones kept apart."""

    clause: Clause
    rules: tuple[Ruled, ...]
    broken: tuple[BadRule, ...] = ()
    rejected: int = 0


class Reader:
    """Compiles the rules of clauses, each distinct rule once."""

    def __init__(self, logic: Logic) -> None:
        """Compile for ``logic``."""
        self.logic = logic
        self._shapes: dict[str, Shape | BadRule] = {}

    def read(self, clause: Clause) -> Read:
        """Return ``clause`` with its rules compiled; never raises for what is wrong with a rule."""
        rules: list[Ruled] = []
        broken: list[BadRule] = []
        rejected = 0
        for index, raw in enumerate(clause.rules):
            try:
                shape, review = self._shape(raw)
            except BadRule as error:
                where = f"rule[{index}].{error.fields['where']}"
                broken.append(BadRule(where=where, reason=error.fields["reason"]))
            else:
                rejected += review is Review.REJECTED
                if review is not Review.REJECTED:
                    rules.append(Ruled(index, shape, review))
        return Read(clause, tuple(rules), tuple(broken), rejected)

    def _shape(self, raw: Mapping[str, Any]) -> tuple[Shape, Review]:
        if not isinstance(raw, Mapping):
            raise BadRule(where="rule", reason={"zh": "不是对象", "en": "not an object"})
        meaning = {key: raw[key] for key in _MEANING if raw.get(key) is not None}
        rest = {key: value for key, value in raw.items() if key not in _MEANING}
        key = json.dumps(meaning, ensure_ascii=False, sort_keys=True, default=_jsonable)
        if key not in self._shapes:
            try:
                self._shapes[key] = self._made(compile_rule(meaning))
            except BadRule as error:
                self._shapes[key] = error
        shape = self._shapes[key]
        if isinstance(shape, BadRule):
            raise shape
        return shape, compile_rule({"effect": "INFORM", **rest}).review

    def _made(self, rule: Rule) -> Shape:
        form = self.logic.form(rule.applies, True)
        classes: frozenset[str] | None = None
        needed = needed_literals(form)
        for literal in needed:
            if literal.key == INDUSTRY and literal.value[2] and classes is None:
                classes = literal.value[1]
        found = tuple(literals(form))
        reads = {_compared(literal.key) for literal in found}
        # to lie in a river is to be at no distance from it
        reads |= {("distance", *key[1:]) for key in reads if key[0] in ("in", "crosses")}
        if rule.effect in GRANTS:
            reads.add(("fact", "nature"))  # what is granted without a word on 建设性质 bears on every one
        return Shape(
            rule=rule,
            reads=frozenset(reads),
            needs=frozenset(_compared(literal.key) for literal in needed),
            classes=classes,
            limits=_merged(one for one in needed if one.kind in ("number", "choice")),
            conjunct=len(found) == len(needed),
        )


def needed_literals(form: Form) -> tuple[Literal, ...]:
    """Return the literals without which a condition does not hold."""
    members = form.members if isinstance(form, Branch) and form.op == "all" else (form,)
    return tuple(member for member in members if isinstance(member, Literal))


def literals(form: Form) -> Iterator[Literal]:
    """Yield the literals of a condition."""
    if isinstance(form, Literal):
        yield form
    else:
        for member in form.members:
            yield from literals(member)


def _compared(key: Key) -> Key:
    """Return a key without the names of zones, which may differ between comparable conditions."""
    return (key[0], parse_target(key[1])[0], key[2]) if key[0] == "distance" else key


def _jsonable(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _merged(found: Iterable[Literal]) -> dict[Key, Literal]:
    """Return literals by variable, several of one variable as one; without those that no value meets."""
    limits: dict[Key, Literal] = {}
    for literal in found:
        before = limits.get(literal.key)
        value = _merge(None if before is None else before.value, literal)
        if value is not None:
            limits[literal.key] = literal._replace(value=value)
    return limits


def may_cover(outer: Shape, inner: Shape) -> bool:
    """Return ``False`` when ``outer`` certainly cannot be shown to hold wherever ``inner`` does; cheap."""
    if not outer.needs <= inner.reads:
        return False
    if outer.classes is not None and inner.classes is not None and not inner.classes <= outer.classes:
        return False
    # without alternatives what inner says of a variable is all it says
    return not inner.conjunct or all(
        _takes_in(limit, inner.limits[key]) for key, limit in outer.limits.items() if key in inner.limits
    )


def _takes_in(wide: Literal, narrow: Literal) -> bool:
    """Return ``False`` when a number or choice certainly lets through more than another."""
    if wide.kind == "number":
        return bool(_common(wide.value, narrow.value) == narrow.value)
    (values, inverted), (others, opposite) = wide.value, narrow.value
    return bool(inverted or opposite or others <= values)


class Standing(enum.StrEnum):
    """How a rule stands to another whose cases it covers wholly."""

    EQUAL = "equal"  # the same cases, the same demand
    WIDER = "wider"  # both ban: it bans more
    STRICTER = "stricter"  # both demand, or set a date: it demands more, or earlier
    BANS = "bans"  # it bans what the other demands something of
    FORBIDS_GRANTED = "forbids_granted"  # it bans what the other allows or encourages


_BEARS_ON: Final[Mapping[Effect, tuple[Effect, ...]]] = {
    Effect.FORBID: (Effect.FORBID, *DEMANDS, *GRANTS),
    Effect.EXIT: (Effect.EXIT,),
    Effect.RESTRICT: DEMANDS,
    Effect.REQUIRE: DEMANDS,
}


def standing(outer: Shape, inner: Shape, logic: Logic) -> Standing | None:
    """Return how ``outer`` leaves ``inner`` without effect where both hold, or ``None``.

    Only what is proven: wherever ``inner`` applies ``outer`` does, its exception gives no way out that the
    other does not give, and its wording binds at least as much.
    """
    a, b = outer.rule, inner.rule
    if b.effect not in _BEARS_ON.get(a.effect, ()) or not binds_as_much(a, b):
        return None
    if a.effect in DEMANDS and (None in (a.require, b.require) or not logic.implies(a.require, b.require)):
        return None
    if not logic.implies(b.applies, a.applies):
        return None
    if a.effect is Effect.FORBID and b.effect in (*DEMANDS, *GRANTS):
        barred = a.unless is None or logic.satisfiable((b.applies, a.unless)) is False
        if not barred:
            return None
        return Standing.BANS if b.effect in DEMANDS else Standing.FORBIDS_GRANTED
    if not exempts(inner, outer, logic):
        return None
    back = logic.implies(a.applies, b.applies) is True and exempts(outer, inner, logic)
    same_strength = a.strength is b.strength
    if a.effect is Effect.FORBID and b.effect is Effect.FORBID:
        return Standing.EQUAL if back and same_strength else Standing.WIDER
    if a.effect is Effect.EXIT and b.effect is Effect.EXIT:
        if a.until == b.until:
            return Standing.EQUAL if back and same_strength else Standing.STRICTER
        # a date unlike none at all: without one a person decides
        return (
            Standing.STRICTER if a.until is not None and b.until is not None and a.until < b.until else None
        )
    equal = back and same_strength and logic.implies(b.require, a.require) is True
    return Standing.EQUAL if equal else Standing.STRICTER


def binds_as_much(rule: Rule, other: Rule) -> bool:
    """Return whether the wording of a rule binds at least as much as that of another."""
    return _STRENGTH[rule.strength] >= _STRENGTH[other.strength]


def exempts(wide: Shape, narrow: Shape, logic: Logic) -> bool:
    """Return whether the exception of ``wide`` certainly takes in every case that ``narrow`` excepts."""
    if narrow.rule.unless is None:
        return True
    return wide.rule.unless is not None and logic.implies(narrow.rule.unless, wide.rule.unless) is True


# --- rules found by what they need -----------------------------------------------------------------------


class Pool:
    """Rules of clauses, found by what they need to know and by the industries they speak to."""

    def __init__(self, reads: Iterable[Read] = ()) -> None:
        """Take the rules of ``reads``."""
        self._by_needs: dict[frozenset[Key], _Rack] = {}
        self._racks: dict[frozenset[Key], list[_Rack]] = {}
        for read in reads:
            self.add(read)

    def add(self, read: Read) -> None:
        """Take the rules of one more clause."""
        for ruled in read.rules:
            if ruled.shape.rule.effect in _BEARS_ON:
                self._by_needs.setdefault(ruled.shape.needs, _Rack()).add(read, ruled)
        self._racks.clear()

    def covering(self, inner: Shape) -> Iterator[tuple[Read, Ruled]]:
        """Yield the rules that may bear on ``inner`` and hold wherever it does, in order."""
        if inner.reads not in self._racks:
            self._racks[inner.reads] = [
                rack for needs, rack in self._by_needs.items() if needs <= inner.reads
            ]
        effect = inner.rule.effect
        for rack in self._racks[inner.reads]:
            for read, ruled in rack.speaking_to(inner.classes):
                shape = ruled.shape
                if effect in _BEARS_ON[shape.rule.effect] and (shape is inner or may_cover(shape, inner)):
                    yield read, ruled


class _Rack:
    """Rules that need to know the same things."""

    __slots__ = ("_all", "_divisions")

    def __init__(self) -> None:
        self._all: list[tuple[Read, Ruled]] = []
        self._divisions: dict[str, list[tuple[Read, Ruled]]] | None = None

    def add(self, read: Read, ruled: Ruled) -> None:
        """Take one rule."""
        self._all.append((read, ruled))
        self._divisions = None

    def speaking_to(self, classes: frozenset[str] | None) -> list[tuple[Read, Ruled]]:
        """Return the rules that may speak to all of some industry classes."""
        if not classes or len(self._all) < _FEW:
            return self._all
        if self._divisions is None:
            self._divisions = {}
            every = sorted({code[:2] for code in _classes()[""]})
            for entry in self._all:
                own = entry[1].shape.classes
                for division in every if own is None else {code[:2] for code in own}:
                    self._divisions.setdefault(division, []).append(entry)
        return self._divisions.get(min(classes)[:2], [])


_FEW: Final = 32  # rules that are looked through one by one

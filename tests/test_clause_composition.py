"""Containment of conditions against worlds and against brute force; the list of a place against screenings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from demo_edition import demo_edition
from sample_edition import sample_edition
from sanxian.clauses.composition import compose, links, place_in_list
from sanxian.clauses.logic import Logic, Reader, Standing, implies, may_cover, standing
from sanxian.clauses.reach import Reach, Site, by_reach, site, site_of_zone
from sanxian.errors import OutsideRegion
from sanxian.model import (
    Clause,
    Dimension,
    FindingKind,
    Level,
    Outcome,
    Part,
    Project,
    Relation,
    Scope,
    Truth,
)
from sanxian.rules import INDUSTRY, ROLES_HERE, Several, Span, Value, Variable, compile_rule, parse_target
from sanxian.rules.language import Tree
from sanxian.screening import screen

AS_OF = date(2026, 9, 1)
REVIEWED = {"state": "reviewed"}


def tree(condition: Mapping[str, Any] | None) -> Tree:
    """The condition compiled; as ``require``, so that it may hold duties."""
    made = compile_rule({"effect": "REQUIRE", "require": condition}).require
    assert made is not None
    return made


def proves(a: Mapping[str, Any], b: Mapping[str, Any], **options: Any) -> bool | None:
    return implies(tree(a), tree(b), **options)


# --- worlds: whatever implies proves must hold in all of them -----------------------------------------

TARGETS = (
    "river",
    "river:黄河干流",
    "river:湟水河",
    "river:黄河干流&一级",
    "river:黄河干流|湟水河",
    "red_line",
)
ZONES = (
    ("river", frozenset(("R1", "黄河干流", "一级"))),
    ("river", frozenset(("R2", "黄河干流", "二级"))),
    ("river", frozenset(("R3", "湟水河"))),
    ("red_line", frozenset(("H1",))),
)


@dataclass(frozen=True)
class Ground:
    """A world (``rules.Environment``) whose map is drawn, so that its answers agree with each other."""

    values: dict[Variable, Value]
    distances: tuple[float, ...]  # to each of ZONES
    met: frozenset[int]  # of those at no distance, those overlapped …
    crossed: frozenset[int]  # … and crossed
    as_of: date
    seen: frozenset[str]  # spatial questions it can answer
    catalogues: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def catalogue(self, name: str) -> tuple[str, ...] | None:
        return self.catalogues.get(name)

    def read(self, variable: Variable) -> Value:
        if variable[0] not in ("in", "crosses", "distance"):
            return self.values.get(variable)
        if "".join(variable) not in self.seen:
            return None
        layer, alternatives = parse_target(variable[1])
        rows = [
            i
            for i, (name, names) in enumerate(ZONES)
            if name == layer and (not alternatives or any(terms <= names for terms in alternatives))
        ]
        if variable[0] == "distance":
            return Span.exact(min(self.distances[i] for i in rows))
        return not (self.met if variable[0] == "in" else self.crossed).isdisjoint(rows)


def spans(values: st.SearchStrategy[float]) -> st.SearchStrategy[Span]:
    """Numbers known exactly or only within bounds."""
    return st.tuples(values, values, st.booleans()).map(
        lambda t: Span.exact(t[0]) if t[2] else Span(min(t[:2]), max(t[:2]))
    )


grid = st.sampled_from((0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0))
OUTCOMES = st.sampled_from(Outcome)
ENTRIES: dict[Variable, st.SearchStrategy[Any]] = {
    ("fact", "boiler_tph"): spans(grid),
    ("fact", "water_reuse_pct"): spans(grid),
    ("fact", "matter:海拔[m]"): spans(grid),
    ("fact", "matter:危害防洪"): st.booleans(),
    ("fact", "new_outfall"): st.booleans(),
    ("fact", "nature"): st.sampled_from(("新建", "扩建", "改建", "现有")),
    ("fact", "product"): st.sampled_from(("煤炭", "重油", "水泥")),
    ("fact", "fuel"): st.frozensets(st.sampled_from(("煤", "重油", "天然气"))),
    ("fact", "started_on"): st.sampled_from((date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2))),
    INDUSTRY: st.frozensets(
        st.sampled_from(("26", "261", "2614", "2511", "0610", "none")), min_size=1, max_size=2
    ),
    ROLES_HERE: st.frozensets(st.sampled_from(("厂区", "管线"))),
    ("state", "air_quality", ""): st.builds(
        Several, st.frozensets(st.sampled_from(("达标", "未达标")), min_size=1), st.booleans()
    ),
    ("state", "soil_risk", "county"): st.builds(
        Several, st.frozensets(st.sampled_from(("低", "中", "高")), min_size=1), st.booleans()
    ),
    ("clause", "X-1"): OUTCOMES,
    ("document", "论证意见", ""): st.booleans(),
    ("document", "论证意见", "省级"): st.booleans(),
}


@st.composite
def grounds(draw: st.DrawFn) -> Ground:
    """Worlds known in part."""
    distances = tuple(draw(st.sampled_from((0.0, 500.0, 1000.0, 1500.0))) for _ in ZONES)
    touched = [i for i, distance in enumerate(distances) if distance == 0]
    some = st.frozensets(st.sampled_from(touched)) if touched else st.just(frozenset[int]())
    asked = [f"{kind}{target}" for kind in ("in", "crosses", "distance") for target in TARGETS]
    return Ground(
        values={key: draw(value) for key, value in ENTRIES.items() if draw(st.booleans())},
        distances=distances,
        met=draw(some),
        crossed=draw(some),
        as_of=draw(st.sampled_from((date(2025, 12, 31), date(2026, 1, 1)))),
        seen=draw(st.frozensets(st.sampled_from(asked))),
        catalogues=draw(st.sampled_from(({}, {"chemical": ("251", "26")}))),
    )


comparisons = st.sampled_from(("<", "<=", ">", ">=", "==", "!="))
limits = st.sampled_from((0, 10, 20, 30))


def listed(key: str, ops: tuple[str, ...], values: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda op, v: {"fact": key, "op": op, "value": sorted(v)},
        st.sampled_from(ops),
        st.frozensets(st.sampled_from(values), min_size=1),
    )


ATOMS = st.one_of(
    st.builds(
        lambda key, op, v: {"fact": key, "op": op, "value": v},
        st.sampled_from(("boiler_tph", "water_reuse_pct")),
        comparisons,
        limits,
    ),
    st.builds(lambda a, b: {"fact": "boiler_tph", "op": "between", "value": sorted((a, b))}, limits, limits),
    st.builds(lambda op, v: {"matter": "海拔", "op": op, "value": v, "unit": "m"}, comparisons, limits),
    st.just({"matter": "危害防洪"}),
    st.booleans().map(lambda v: {"fact": "new_outfall", "op": "is", "value": v}),
    listed("nature", ("in", "not_in"), ("新建", "扩建", "改建", "现有")),
    listed("product", ("in", "not_in"), ("煤炭", "重油")),
    listed("fuel", ("has_any", "has_all", "has_none"), ("煤", "重油", "天然气")),
    st.builds(
        lambda op, v: {"fact": "started_on", "op": op, "value": v},
        st.sampled_from(("<", "<=", ">", ">=", "==")),
        st.sampled_from(("2026-01-01", "2026-01-02", "as_of")),
    ),
    st.frozensets(st.sampled_from(("C26", "2614", "251", "B")), min_size=1).map(
        lambda codes: {"industry": sorted(codes)}
    ),
    st.just({"catalogue": "chemical"}),
    st.builds(
        lambda op, v: {"state": "air_quality", "op": op, "value": v},
        st.sampled_from(("is", "is_not")),
        st.sampled_from(("达标", "未达标")),
    ),
    st.frozensets(st.sampled_from(("低", "中", "高")), min_size=1).map(
        lambda v: {"state": "soil_risk", "op": "in", "value": sorted(v), "at": "county"}
    ),
    st.frozensets(st.sampled_from([o.name for o in Outcome]), min_size=1).map(
        lambda v: {"clause": "X-1", "op": "in", "value": sorted(v)}
    ),
    st.sampled_from(({"document": "论证意见"}, {"document": "论证意见", "issuer": "省级"})),
    st.builds(
        lambda kind, target: {kind: target}, st.sampled_from(("in", "crosses")), st.sampled_from(TARGETS)
    ),
    st.builds(
        lambda target, op, v: {"distance": target, "op": op, "value": v, "unit": "m"},
        st.sampled_from(TARGETS),
        comparisons,
        st.sampled_from((0, 500, 1000)),
    ),
    st.sampled_from(("<", "<=", ">", ">=", "==")).map(
        lambda op: {"date": "as_of", "op": op, "value": "2026-01-01"}
    ),
    st.sampled_from(("安装在线监测", "编制预案")).map(lambda text: {"duty": text}),
)


def nested(atoms: st.SearchStrategy[dict[str, Any]], size: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    def deeper(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        return st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda cs: {"all": cs}),
            st.lists(inner, min_size=1, max_size=3).map(lambda cs: {"any": cs}),
            inner.filter(lambda c: "duty" not in str(c)).map(lambda c: {"not": c}),
        )

    return st.recursive(atoms, deeper, max_leaves=size)


CONDITIONS = nested(ATOMS)


@settings(max_examples=400)
@given(CONDITIONS, CONDITIONS, st.lists(grounds(), min_size=1, max_size=12))
def test_what_is_proven_holds_in_every_world(
    a: dict[str, Any], b: dict[str, Any], worlds: list[Ground]
) -> None:
    known = {"chemical": ("251", "26")}
    # from a condition to a looser one made of it, so that proofs are common
    for wide in (b, {"any": [a, b]}, {"all": [{"any": [a, b]}, {"any": [b, a]}]}):
        first, second = tree(a), tree(wide)
        if implies(first, second, catalogues=known) is True:
            for world in worlds:
                truths = first.reading(world).truth, second.reading(world).truth
                assert truths != (Truth.TRUE, Truth.FALSE)


@given(CONDITIONS, CONDITIONS)
def test_a_condition_implies_itself_and_every_alternative_to_it(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert proves(a, a) is True
    assert proves(a, {"any": [b, a]}) is True
    assert proves({"all": [b, a]}, a) is True


# --- brute force: on a small vocabulary the answer is exact --------------------------------------------

SMALL: dict[Variable, tuple[Value, ...]] = {
    ("fact", "boiler_tph"): tuple(Span.exact(5.0 * n) for n in range(8)),
    ("fact", "nature"): ("新建", "扩建", "改建", "技改", "迁建", "现有"),
    ("fact", "new_outfall"): (True, False),
    ("fact", "fuel"): tuple(
        frozenset(c) for n in range(4) for c in itertools.combinations(("煤", "重油", "电"), n)
    ),
    INDUSTRY: tuple(
        frozenset(c)
        for n in (1, 2, 3)
        for c in itertools.combinations(("2614", "2611", "2511", "0610", "7810"), n)
    ),
}
SMALL_ATOMS = st.one_of(
    st.builds(
        lambda op, v: {"fact": "boiler_tph", "op": op, "value": v},
        comparisons,
        st.sampled_from((0, 10, 20, 30)),
    ),
    listed("nature", ("in", "not_in"), ("新建", "扩建", "现有")),
    st.booleans().map(lambda v: {"fact": "new_outfall", "op": "is", "value": v}),
    listed("fuel", ("has_any", "has_none"), ("煤", "重油")),
    st.frozensets(st.sampled_from(("C26", "2614", "251", "06")), min_size=1).map(
        lambda codes: {"industry": sorted(codes)}
    ),
)


@dataclass(frozen=True)
class Total:
    """A world in which everything asked for is known."""

    values: Mapping[Variable, Value]
    as_of: date = AS_OF
    catalogues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def read(self, variable: Variable) -> Value:
        return self.values[variable]

    def catalogue(self, name: str) -> tuple[str, ...] | None:
        return self.catalogues.get(name)


def every_world(*trees: Tree) -> Iterator[Total]:
    variables = sorted({leaf.variable for one in trees for leaf in one.leaves() if leaf.variable is not None})
    for values in itertools.product(*(SMALL[variable] for variable in variables)):
        yield Total(dict(zip(variables, values, strict=True)))


@settings(max_examples=250)
@given(nested(SMALL_ATOMS, 3), nested(SMALL_ATOMS, 3))
def test_proof_and_refutation_agree_with_trying_every_world(a: dict[str, Any], b: dict[str, Any]) -> None:
    first, second = tree(a), tree(b)
    counter = any(
        first.reading(world).truth is Truth.TRUE and second.reading(world).truth is Truth.FALSE
        for world in every_world(first, second)
    )
    assert implies(first, second) is not counter


# --- single steps ------------------------------------------------------------------------------------------


def boiler(op: str, value: float | list[float]) -> dict[str, Any]:
    return {"fact": "boiler_tph", "op": op, "value": value}


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (boiler("<", 10), boiler("<=", 10), True),
        (boiler("<=", 10), boiler("<", 10), False),
        (boiler("between", [10, 20]), boiler(">=", 10), True),
        (boiler(">", 20), {"not": boiler("<=", 20)}, True),
        (boiler(">=", 0), {"fact": "new_outfall", "op": "is", "value": True}, False),
        ({"fact": "new_outfall", "op": "is", "value": True}, boiler(">=", 0), True),  # the range of the fact
        ({"distance": "river", "op": "<", "value": 1, "unit": "km"}, {"not": {"in": "lake"}}, None),
        ({"in": "river:黄河干流"}, {"in": "river"}, True),
        ({"in": "river"}, {"in": "river:黄河干流"}, None),
        ({"in": "river:黄河干流"}, {"distance": "river", "op": "<", "value": 1, "unit": "m"}, True),
        (
            {"distance": "river:黄河干流", "op": "<", "value": 500, "unit": "m"},
            {"distance": "river", "op": "<", "value": 0.5, "unit": "km"},
            True,
        ),
        (
            {"distance": "river", "op": "<", "value": 500, "unit": "m"},
            {"distance": "river:黄河干流", "op": "<", "value": 0.5, "unit": "km"},
            None,
        ),
        ({"industry": ["2614"]}, {"industry": ["C"]}, True),
        ({"industry": ["C"]}, {"industry": ["26"]}, False),
        (
            {"industry": ["2611", "2612", "2613", "2614", "2619"]},
            {"industry": ["261"]},
            True,
        ),
        ({"catalogue": "x"}, {"industry": ["26"]}, None),
        ({"fact": "fuel", "op": "has_all", "value": ["煤", "电"]}, {"fact": "fuel", "op": "has", "value": "煤"}, True),
        ({"state": "air_quality", "op": "is", "value": "达标"}, {"state": "air_quality", "op": "is_not", "value": "未达标"}, True),
        ({"not": {"state": "air_quality", "op": "is", "value": "达标"}}, {"state": "air_quality", "op": "is", "value": "未达标"}, True),
        (
            {"all": [{"fact": "fuel", "op": "has", "value": "煤"}, {"fact": "fuel", "op": "has", "value": "电"}]},
            {"fact": "fuel", "op": "has_all", "value": ["煤", "电"]},
            True,
        ),
        ({"clause": "A", "op": "is", "value": "NEEDS_FACTS"}, {"matter": "甲"}, True),  # such an outcome is open
        ({"all": [{"in": "river"}, {"distance": "river", "op": "<", "value": 5, "unit": "m"}]}, {"matter": "甲"}, None),
        (
            {"any": [{"all": [boiler("<", 5), boiler(">", 9)]}, {"all": [{"in": "a"}, {"in": "b"}]}]},
            {"matter": "甲"},
            None,
        ),
        (
            {"fact": "product", "op": "not_in", "value": ["煤炭"]},
            {"fact": "product", "op": "in", "value": ["煤炭"]},
            False,
        ),
        (
            {"fact": "product", "op": "not_in", "value": ["煤炭", "重油"]},
            {"fact": "product", "op": "is_not", "value": "煤炭"},
            True,
        ),
        # a project on both sides of a border sees both
        ({"state": "air_quality", "op": "is", "value": "达标"}, {"not": {"state": "air_quality", "op": "is", "value": "未达标"}}, False),
        ({"fact": "started_on", "op": ">", "value": "2026-01-01"}, {"fact": "started_on", "op": ">=", "value": "2026-01-02"}, True),
        ({"duty": "监测"}, {"duty": "监测"}, True),
        ({"fact": "new_outfall", "op": "is", "value": False}, {"duty": "监测"}, False),
        ({"matter": "危害防洪"}, {"matter": "危害防洪"}, True),
        ({"clause": "A", "op": "is", "value": "COMPLIANT"}, {"clause": "A", "op": "in", "value": ["COMPLIANT", "NOT_APPLICABLE"]}, True),
    ],
)  # fmt: skip
def test_containment_of_single_conditions(
    a: dict[str, Any], b: dict[str, Any], expected: bool | None
) -> None:
    assert proves(a, b) is expected


def test_a_catalogue_is_its_industries_once_they_are_known() -> None:
    assert proves({"industry": ["2614"]}, {"catalogue": "chemical"}) is None
    known = {"chemical": ("251", "26")}
    assert proves({"industry": ["2614"]}, {"catalogue": "chemical"}, catalogues=known) is True
    assert proves({"catalogue": "chemical"}, {"industry": ["26"]}, catalogues=known) is False


def test_what_takes_too_many_alternatives_is_left_open() -> None:
    def at(pigeon: int, hole: int) -> dict[str, Any]:
        return {"matter": f"{pigeon}-{hole}"}

    # six pigeons in five holes: impossible, and long to find out
    somewhere = [{"any": [at(p, h) for h in range(5)]} for p in range(6)]
    alone = [
        {"any": [{"not": at(p, h)}, {"not": at(q, h)}]} for h in range(5) for p in range(6) for q in range(p)
    ]
    crowded = {"all": somewhere + alone}
    assert proves(crowded, {"matter": "丁"}) is None
    assert proves({"any": [crowded, {"matter": "丙"}]}, {"matter": "丁"}) is not True


# --- standing of rules ------------------------------------------------------------------------------------


def stands(outer: dict[str, Any], inner: dict[str, Any]) -> Standing | None:
    logic = Logic()
    reader = Reader(logic)
    a, b = (reader.read(clause("X", rules=(rule,))).rules[0].shape for rule in (outer, inner))
    found = standing(a, b, logic)
    if found is not None:
        assert may_cover(a, b), "the cheap test must not hide what can be proven"
    return found


def rule(effect: str, **rest: Any) -> dict[str, Any]:
    return {"effect": effect, "review": REVIEWED, **rest}


def clause(
    name: str,
    *,
    level: Level = Level.PROVINCE,
    text: str = "禁止新建。",
    scope: Scope | None = None,
    rules: tuple[Mapping[str, Any], ...] = (),
    dimension: Dimension = Dimension.SPATIAL,
    **rest: Any,
) -> Clause:
    return Clause(
        id=name,
        number=rest.pop("number", name),
        level=level,
        dimension=dimension,
        dimension_label="",
        category="",
        text=text,
        document=rest.pop("document", "list-2026"),
        scope=Scope(everywhere=True) if scope is None else scope,
        rules=rules,
        **rest,
    )


NEW = {"nature": ["新建", "扩建"]}
CHEMICAL = {**NEW, "industry": ["C26"]}
ORGANIC = {"nature": ["新建"], "industry": ["C2614"]}
REUSE_95 = {"fact": "water_reuse_pct", "op": ">=", "value": 95}
REUSE_90 = {"fact": "water_reuse_pct", "op": ">=", "value": 90}
PAPER = {"document": "论证意见"}


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        (rule("FORBID", subject=CHEMICAL), rule("FORBID", subject=ORGANIC), Standing.WIDER),
        (rule("FORBID", subject=ORGANIC), rule("FORBID", subject=CHEMICAL), None),
        (rule("FORBID", subject=CHEMICAL), rule("FORBID", subject=dict(CHEMICAL)), Standing.EQUAL),
        (rule("FORBID", subject=CHEMICAL, strength="principle"), rule("FORBID", subject=ORGANIC), None),
        (rule("FORBID", subject=CHEMICAL), rule("FORBID", subject=ORGANIC, strength="principle"), Standing.WIDER),
        (rule("FORBID", subject=CHEMICAL, unless=PAPER), rule("FORBID", subject=ORGANIC), None),
        (rule("FORBID", subject=CHEMICAL), rule("FORBID", subject=ORGANIC, unless=PAPER), Standing.WIDER),
        (rule("REQUIRE", subject=CHEMICAL, require=REUSE_95), rule("REQUIRE", subject=ORGANIC, require=REUSE_90), Standing.STRICTER),
        (rule("REQUIRE", subject=CHEMICAL, require=REUSE_90), rule("REQUIRE", subject=ORGANIC, require=REUSE_95), None),
        (rule("REQUIRE", subject=CHEMICAL, require=REUSE_90), rule("RESTRICT", subject=CHEMICAL, require=REUSE_90), Standing.EQUAL),
        (rule("FORBID", subject=CHEMICAL), rule("REQUIRE", subject=ORGANIC, require=REUSE_90), Standing.BANS),
        (rule("FORBID", subject=CHEMICAL, unless=PAPER), rule("REQUIRE", subject=ORGANIC, require=REUSE_90), None),
        (rule("FORBID", subject=CHEMICAL), rule("ENCOURAGE", subject=ORGANIC), Standing.FORBIDS_GRANTED),
        (rule("FORBID", subject=CHEMICAL, unless=PAPER), rule("ALLOW", subject=ORGANIC, when={"not": PAPER}), Standing.FORBIDS_GRANTED),
        (rule("EXIT", until="2026-06-30"), rule("EXIT", until="2027-06-30"), Standing.STRICTER),
        (rule("EXIT", until="2027-06-30"), rule("EXIT", until="2026-06-30"), None),
        (rule("EXIT", until="2027-06-30"), rule("EXIT"), None),
        (rule("EXIT"), rule("EXIT"), Standing.EQUAL),
        (rule("FORBID"), rule("EXIT"), None),
        (rule("INFORM"), rule("FORBID"), None),
        (
            rule("FORBID", when={"all": [boiler(">", 5), boiler("<", 20)]}),
            rule("FORBID", when={"all": [boiler("<", 15), boiler(">", 10), boiler("<", 40)]}),
            Standing.WIDER,
        ),
        (
            rule("FORBID", when=boiler("<", 20)),
            rule("FORBID", when={"all": [boiler("<", 40), {"any": [boiler("<", 10), boiler("<", 5)]}]}),
            Standing.WIDER,
        ),
    ],
)  # fmt: skip
def test_how_a_rule_stands_to_one_it_takes_in(
    outer: dict[str, Any], inner: dict[str, Any], expected: Standing | None
) -> None:
    assert stands(outer, inner) is expected


def test_a_broken_rule_is_kept_apart_and_a_rejected_one_left_out() -> None:
    rules = ({"effect": "BAN"}, rule("FORBID"), {"effect": "FORBID", "review": {"state": "rejected"}})
    read = Reader(Logic()).read(clause("X", rules=rules))
    assert [ruled.seq for ruled in read.rules] == [1]
    assert read.rejected == 1
    assert str(read.broken[0].fields["where"]).startswith("rule[0].")


# --- reach: the same clauses as a screening ------------------------------------------------------------------


@lru_cache(maxsize=1)
def demo_reach() -> Reach:
    edition = demo_edition()
    return by_reach(edition.clauses, edition=edition, as_of=AS_OF)


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """Projects in and around the zones of the demo edition."""
    edition = demo_edition()
    layer = draw(st.sampled_from([layer.id for layer in edition.layers if edition.zones[layer.id]]))
    zone = draw(st.sampled_from(edition.zones[layer]))
    point = zone.geometry.representative_point()
    shift = draw(st.tuples(*[st.floats(-0.05, 0.05)] * 2))
    moved = shapely.Point(point.x + shift[0], point.y + shift[1])
    size = draw(st.sampled_from((0.0, 0.01, 0.2)))
    shape = moved.buffer(size, quad_segs=2) if size else moved
    return Project(
        parts=(Part(role="厂区", geometry=shape),),
        nature=draw(st.sampled_from(("新建", "现有", None))),
        industries=draw(st.sampled_from((("2614",), ("26",), ("0610",), ("4416", "2511"), ("7810",)))),
    )


@settings(max_examples=25)
@given(projects())
def test_a_composition_holds_every_clause_a_screening_reaches_and_each_once(project: Project) -> None:
    edition = demo_edition()
    try:
        result = screen(project, edition, AS_OF)
    except OutsideRegion:
        return
    reached = [f for f in result.findings if f.kind is FindingKind.CLAUSE]
    met = {(h.layer, h.zone) for h in result.hits if h.relation is Relation.OVERLAP and h.role == ""}
    here = site(edition, met)
    composed = compose(demo_reach(), at=here, as_of=AS_OF)
    ids = [entry.clause.id for entry in composed.entries]
    assert sorted(ids) == sorted(set(ids))
    assert set(ids) == {finding.clause for finding in reached}
    # by industry nothing is passed by but what does not concern the project
    kept = {c.id for c in demo_reach().look_up(here, project.industries).clauses}
    passed = [finding for finding in reached if finding.clause not in kept]
    assert passed
    assert {finding.outcome for finding in passed} == {Outcome.NOT_APPLICABLE}
    assert not any(finding.notices for finding in passed)


def test_a_look_up_touches_only_what_place_and_industry_reach() -> None:
    industries = ("C26", "C2614", "C30", "C31", "B06", "B09", "D4416", "A03", "H61", "C")
    rules = [
        rule("FORBID", subject={**NEW, "industry": [a, b]}) for a in industries for b in industries if a < b
    ]
    every = rule("REQUIRE", subject=NEW, require=REUSE_90)
    units = [f"ZH63{n:04d}{kind}000{i}" for n in range(2000) for kind in (1, 2, 3) for i in (1, 2)]
    made = [
        clause(
            f"U{i}",
            level=Level.UNIT,
            scope=Scope(units=(units[i % len(units)],)),
            rules=(every if i % 10 == 0 else rules[i // len(units) * 5 % len(rules)],),
        )
        for i in range(97_000)
    ]
    made += [
        clause(f"C{n}-{i}", level=Level.COUNTY, scope=Scope(regions=(f"63{n:04d}",)), rules=(rules[i],))
        for n in range(300)
        for i in range(9)
    ]
    made += [
        clause(f"P{i}", scope=Scope(classes=("KEY",)), rules=(rules[i % len(rules)],)) for i in range(60)
    ]
    made += [clause(f"Z{i}", scope=Scope(zones=(f"red_line:Z{i}",)), rules=(every,)) for i in range(240)]
    assert len(made) == 100_000
    reach = by_reach(made)
    here = Site.of(units={"ZH63012320001": "KEY"}, counties=["630123"])
    of_place = reach.look_up(here)
    of_project = reach.look_up(here, ["2614"])
    assert len(of_place.clauses) == 78
    assert of_place.touched == 78
    assert {c.id for c in of_project.clauses} <= {c.id for c in of_place.clauses}
    speaks = {"C26", "C2614", "C"}
    expected = [
        c for c in of_place.clauses if any(speaks & set(r["subject"].get("industry", ["C"])) for r in c.rules)
    ]
    assert of_project.clauses == tuple(expected)
    assert 0 < of_project.touched < of_place.touched


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ((rule("FORBID", subject={"industry": ["B"]}),), False),
        ((rule("FORBID", subject={"industry": ["26"]}),), True),
        ((rule("FORBID", subject={"industry": ["2614", "B"]}),), True),
        ((rule("FORBID", subject={"industry": ["C"]}),), True),
        ((rule("FORBID", when={"any": [{"industry": ["B"]}, boiler(">", 1)]}),), True),
        ((rule("FORBID", when={"all": [{"industry": ["B"]}, boiler(">", 1)]}),), False),
        ((rule("FORBID", when={"not": {"industry": ["B"]}}),), True),
        (
            (rule("ALLOW", subject={"industry": ["B"]}),),
            True,
        ),  # what a positive list does not name it refuses
        (
            ({"effect": "FORBID", "subject": {"industry": ["B"]}},),
            True,
        ),  # a draft goes to a person in any case
        ((rule("FORBID", subject={"industry": ["B"]}), {"effect": "BAN"}), True),
        ((), True),
        ((rule("FORBID", when={"catalogue": "two_high"}),), True),  # in force, and 2614 is on it
        ((rule("FORBID", when={"catalogue": "nobody knows"}),), True),
    ],
)
def test_a_clause_is_passed_by_only_when_it_certainly_speaks_to_others(
    rules: tuple[Mapping[str, Any], ...], kept: bool
) -> None:
    edition = sample_edition()
    reach = by_reach([clause("X", rules=rules)], edition=edition, as_of=AS_OF)
    assert bool(reach.look_up(Site(), ["2614"]).clauses) is kept
    assert len(reach.look_up(Site()).clauses) == 1
    assert len(reach.look_up(Site(), ["26"]).clauses) == kept


def test_a_coarse_code_keeps_the_rules_below_it_and_a_catalogue_out_of_force_limits_nothing() -> None:
    edition = sample_edition()
    fine = clause("X", rules=(rule("FORBID", subject={"industry": ["2614"]}),))
    assert by_reach([fine]).look_up(Site(), ["26"]).clauses == (fine,)
    assert by_reach([fine]).look_up(Site(), ["2611"]).clauses == ()
    listed_only = clause("Y", rules=(rule("FORBID", when={"catalogue": "two_high"}),))
    for as_of, kept in ((AS_OF, 0), (date(2023, 1, 1), 1), (None, 1)):
        reach = by_reach([listed_only], edition=edition, as_of=as_of)
        assert len(reach.look_up(Site(), ["0610"]).clauses) == kept


# --- the list of one place ------------------------------------------------------------------------------------


def test_the_list_runs_from_the_nation_to_the_unit_and_through_the_dimensions_as_people_count() -> None:
    made = [
        clause("a", level=Level.UNIT, number="1-2"),
        clause("b", level=Level.NATIONAL, number="1-10"),
        clause("c", level=Level.NATIONAL, number="1-9"),
        clause("d", level=Level.NATIONAL, number="1-1", dimension=Dimension.RESOURCE),
        clause("e", level=Level.BLOCK),
        clause("f", level=Level.ZONE),
        clause("g", level=Level.BASIN),
    ]
    composed = compose(made, at=Site())
    assert [entry.clause.id for entry in composed.entries] == list("cbdgefa")
    assert sorted(made, key=place_in_list) == [entry.clause for entry in composed.entries]


def test_what_a_stricter_clause_leaves_without_effect_is_shown_with_the_reason() -> None:
    wide = clause("wide", rules=(rule("FORBID", subject=CHEMICAL),))
    narrow = clause("narrow", level=Level.UNIT, text="另文。", rules=(rule("FORBID", subject=ORGANIC),))
    composed = compose([wide, narrow], at=Site())
    assert [entry.clause.id for entry in composed.entries] == ["wide", "narrow"]
    (tie,) = composed.entry("narrow").overridden_by
    assert (tie.clause, tie.rule, tie.other, tie.standing) == ("wide", 0, 0, Standing.WIDER)
    assert "wide" in tie.zh
    assert "wide" in tie.en
    (back,) = composed.entry("wide").overrides
    assert (back.clause, back.standing) == ("narrow", Standing.WIDER)
    assert composed.entry("wide").overridden_by == ()


def test_many_rules_alike_hide_none() -> None:
    sizes = range(1, 41)
    made = [clause(f"A{n}", text=f"{n}。", rules=(rule("FORBID", when=boiler("<", n)),)) for n in sizes]
    made += [
        clause(
            f"B{n}",
            text=f"乙{n}。",
            rules=(rule("FORBID", subject={"industry": [code]}, when=boiler("<", n)),),
        )
        for n, code in zip(sizes, ("C", "26", "C2614", "B", "2611") * 8, strict=True)
    ]
    inner = rule("FORBID", subject={"industry": ["2614"]}, when=boiler("<", 20))
    made.append(clause("U", level=Level.UNIT, text="单元。", rules=(inner,)))
    over = {tie.clause for tie in compose(made, at=Site()).entry("U").overridden_by}
    same = {tie.clause for tie in compose(made, at=Site()).entry("U").same_as}
    assert over == {f"A{n}" for n in range(20, 41)} | {f"B{n}" for n in range(20, 41) if n % 5 in (1, 2, 3)}
    assert same == set()


def test_a_target_names_a_layer_by_its_id_or_its_kind() -> None:
    edition = sample_edition()
    made = [
        clause(f"{n}", scope=Scope(zones=(target,)))
        for n, target in enumerate(
            ("ecology", "red_line", "ecology:生态保护红线", "ecology:其他", "water_zone")
        )
    ]
    here = site(edition, [("red_line", "HX639901001")])
    assert [entry.clause.id for entry in compose(made, at=here, edition=edition).entries] == ["0", "1", "2"]


def test_equal_texts_and_equal_rules_are_the_same() -> None:
    one = clause("one", text="禁止新建化工。", rules=(rule("FORBID", subject=CHEMICAL),))
    two = clause("two", level=Level.UNIT, text="禁止 新建化工", rules=(rule("FORBID", subject=ORGANIC),))
    three = clause("three", level=Level.UNIT, text="不得建。", rules=(rule("FORBID", subject=CHEMICAL),))
    composed = compose([one, two, three], at=Site())
    assert [(t.clause, t.rule) for t in composed.entry("one").same_as] == [("two", None), ("three", 0)]
    assert [(t.clause, t.rule) for t in composed.entry("three").same_as] == [("one", 0)]


def test_a_clause_of_part_of_a_place_overrides_only_there() -> None:
    edition = sample_edition()
    red = clause("red", level=Level.NATIONAL, scope=Scope(zones=("red_line",)), rules=(rule("FORBID"),))
    unit = clause(
        "unit", level=Level.UNIT, scope=Scope(units=("ZH63990110001",)), rules=(rule("FORBID", subject=NEW),)
    )
    here = site_of_zone(edition, "control_unit", "ZH63990110001", as_of=AS_OF)
    composed = compose([red, unit], at=here, edition=edition, as_of=AS_OF)
    (tie,) = composed.entry("unit").overridden_by
    assert tie.only_in == ("red_line:HX639901001",)
    assert "red_line:HX639901001" in tie.zh
    core = clause(
        "core",
        level=Level.ZONE,
        scope=Scope(zones=("red_line:HX639901001",)),
        rules=(rule("FORBID", subject=NEW),),
    )
    (tie,) = compose([red, core], at=here, edition=edition, as_of=AS_OF).entry("core").overridden_by
    assert tie.only_in == ()  # it holds nowhere else itself
    inside = site(edition, [("control_unit", "ZH63990110001"), ("red_line", "HX639901001")])
    (tie,) = compose([red, unit], at=inside, edition=edition).entry("unit").overridden_by
    assert tie.only_in == ()


def test_a_unit_lies_in_what_it_overlaps_and_not_in_what_it_touches() -> None:
    here = site_of_zone(sample_edition(), "control_unit", "ZH63990110001", as_of=AS_OF)
    assert [met.key for met in here.zones] == [
        "control_unit:ZH63990110001",
        "red_line:HX639901001",
        "water_zone:YS6399013230001",
        "protected_area:BH001-1",
        "protected_area:BH001-2",
        "province:63",
        "county:639901",
        "river:HL001",
    ]
    assert here.counties == ("639901",)
    with pytest.raises(KeyError):
        site_of_zone(sample_edition(), "control_unit", "ZH000", as_of=AS_OF)


def test_clauses_out_of_force_are_shown_and_override_nothing() -> None:
    edition = sample_edition()
    old = clause("old", rules=(rule("FORBID", subject=CHEMICAL),), document="list-2021")
    new = clause("new", level=Level.UNIT, rules=(rule("FORBID", subject=ORGANIC),))
    composed = compose([old, new], at=Site(), edition=edition, as_of=AS_OF)
    assert composed.entry("old").lapse is not None
    assert [notice.code for notice in composed.entry("old").notices] == ["LAPSED"]
    assert composed.entry("new").overridden_by == ()
    without_date = compose([old, new], at=Site(), edition=edition)
    assert without_date.entry("new").overridden_by != ()


def test_a_scope_that_names_nothing_is_listed_everywhere_with_a_notice() -> None:
    edition = sample_edition()
    lost = clause("lost", scope=Scope(units=("ZH99",)))
    empty = clause("empty", scope=Scope())
    composed = compose([lost, empty], at=site(edition, []), edition=edition)
    assert [[n.code for n in entry.notices] for entry in composed.entries] == [["UNPLACED"]] * 2
    # without an edition a code is taken at its word
    assert [entry.clause.id for entry in compose([lost, empty], at=Site()).entries] == ["empty"]


LISTED = (
    clause("N", level=Level.NATIONAL),
    clause("B", level=Level.BASIN),
    clause("P", level=Level.PROVINCE),
    clause("P2", level=Level.PROVINCE, dimension=Dimension.RESOURCE),
    clause("PK", level=Level.PROVINCE, scope=Scope(classes=("PRIORITY",))),
    clause("F", level=Level.PREFECTURE),
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("执行全省总体准入要求。", ["P", "PK"]),
        ("按照省级总体要求执行。", ["P", "PK"]),
        ("执行总体要求。", ["N", "B", "P", "PK", "F"]),
        ("执行上一层级的总体要求。", ["F"]),
        ("其他事项按照国家、流域和全省总体准入要求执行。", ["N", "B", "P", "PK"]),
        ("执行国家公园条例和省级优先保护单元总体要求。", ["PK"]),
        ("执行全市普适性准入清单要求。", ["F"]),
    ],
)
def test_a_reference_is_resolved_into_the_clauses_of_the_level_named(text: str, meant: list[str]) -> None:
    (link,) = links(clause("U", level=Level.UNIT, text=text), LISTED)
    assert list(link.clauses) == meant


@pytest.mark.parametrize(
    ("level", "text"),
    [
        (Level.UNIT, "应当符合国土空间总体规划要求。"),
        (Level.UNIT, "禁止新建化工项目。"),
        (Level.NATIONAL, "单元清单没有列明的事项，执行上一层级的总体要求。"),
        (Level.PROVINCE, "各园区按照园区总体准入要求执行。"),
    ],
)
def test_what_refers_to_nothing_above_is_no_reference(level: Level, text: str) -> None:
    assert links(clause("U", level=level, text=text), LISTED) == ()


def test_a_reference_to_a_level_without_clauses_here_is_said_so() -> None:
    unit = clause("U", level=Level.UNIT, text="执行全县总体准入要求。")
    composed = compose([unit, *LISTED], at=Site.of(units={"X": "KEY"}))
    (link,) = composed.entry("U").links
    assert link.clauses == ()
    assert link.levels == (Level.COUNTY,)
    assert [notice.code for notice in composed.entry("U").notices] == ["LINK_UNRESOLVED"]
    assert unit.text[slice(*link.span)] == "执行全县总体准入要求"

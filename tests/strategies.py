"""Hypothesis strategies shared by the tests: facts, environments, conditions, rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hypothesis import strategies as st

from sanxian.rules import Span, Value, Variable

AS_OF = date(2026, 9, 1)

# a small world: every kind of atom, few enough values that flips and collisions are common
NUMBERS = ("boiler_tph", "so2_tpa", "water_reuse_pct")
BOOLS = ("inside_compliant_park", "linear_work", "new_outfall")
FUELS = ("煤", "生物质", "天然气")
NATURES = ("新建", "扩建", "现有")
INDUSTRIES = ("2614", "2511", "0610", "1391")
TARGETS = ("red_line", "river:黄河干流")
PAPERS = ("不可避让论证意见",)


@dataclass(frozen=True)
class World:
    """An environment of plain values (a ``rules.Environment``)."""

    values: dict[Variable, Value] = field(default_factory=dict)
    as_of: date = AS_OF
    catalogues: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"chemical": ("25", "26")})

    def read(self, variable: Variable) -> Value:
        return self.values.get(variable)

    def catalogue(self, name: str) -> tuple[str, ...] | None:
        return self.catalogues.get(name)

    def without(self, variable: Variable) -> World:
        return World({k: v for k, v in self.values.items() if k != variable}, self.as_of, self.catalogues)


def _optional(keys: Any, value: st.SearchStrategy[Any]) -> dict[Variable, st.SearchStrategy[Any]]:
    return dict.fromkeys(keys, value)


_entries: dict[Variable, st.SearchStrategy[Any]] = {
    **_optional([("fact", n) for n in NUMBERS], st.integers(0, 6).map(lambda n: Span.exact(10.0 * n))),
    **_optional([("fact", b) for b in BOOLS], st.booleans()),
    ("fact", "fuel"): st.frozensets(st.sampled_from(FUELS)),
    ("fact", "nature"): st.sampled_from(NATURES),
    ("industry",): st.frozensets(st.sampled_from(INDUSTRIES), min_size=1),
    **_optional([("in", target, "") for target in TARGETS], st.booleans()),
    ("distance", TARGETS[1], ""): st.sampled_from((0.0, 500.0, 1000.0, 1500.0)).map(Span.exact),
    ("document", PAPERS[0], ""): st.booleans(),
}


@st.composite
def worlds(draw: st.DrawFn, known: bool = False) -> World:
    """Environments in which each variable is known or not (``known``: all of them)."""
    values = {k: draw(v) for k, v in _entries.items() if known or draw(st.booleans())}
    return World(values)


numbers = st.builds(
    lambda key, op, value: {"fact": key, "op": op, "value": 10.0 * value},
    st.sampled_from(NUMBERS),
    st.sampled_from(("<", "<=", ">", ">=", "==", "!=")),
    st.integers(0, 6),
)
between = st.builds(
    lambda key, a, b: {"fact": key, "op": "between", "value": sorted((10.0 * a, 10.0 * b))},
    st.sampled_from(NUMBERS),
    st.integers(0, 6),
    st.integers(0, 6),
)
bools = st.builds(lambda k, v: {"fact": k, "op": "is", "value": v}, st.sampled_from(BOOLS), st.booleans())
fuels = st.builds(
    lambda op, v: {"fact": "fuel", "op": op, "value": sorted(v)},
    st.sampled_from(("has_any", "has_all", "has_none")),
    st.frozensets(st.sampled_from(FUELS), min_size=1),
)
natures = st.builds(
    lambda op, v: {"fact": "nature", "op": op, "value": sorted(v)},
    st.sampled_from(("in", "not_in")),
    st.frozensets(st.sampled_from(NATURES), min_size=1),
)
industries = st.frozensets(st.sampled_from(("C26", "251", "B", "0610")), min_size=1).map(
    lambda codes: {"industry": sorted(codes)}
)
places = st.sampled_from(TARGETS).map(lambda target: {"in": target})
distances = st.builds(
    lambda op, v: {"distance": TARGETS[1], "op": op, "value": v, "unit": "km"},
    st.sampled_from(("<", "<=", ">", ">=")),
    st.sampled_from((0.5, 1.0, 1.5)),
)
others = st.sampled_from(
    (
        {"catalogue": "chemical"},
        {"document": PAPERS[0]},
        {"date": "as_of", "op": ">=", "value": "2026-08-15"},
        {"date": "as_of", "op": "<", "value": "2026-01-01"},
    )
)
atoms = st.one_of(numbers, between, bools, fuels, natures, industries, places, distances, others)
duties = st.sampled_from(("安装在线监测", "编制应急预案")).map(lambda text: {"duty": text, "phase": "运营期"})


def conditions(leaves: st.SearchStrategy[Any] = atoms) -> st.SearchStrategy[Any]:
    """Nested all/any/not over ``leaves``."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda cs: {"all": cs}),
            st.lists(inner, min_size=1, max_size=3).map(lambda cs: {"any": cs}),
        ),
        max_leaves=5,
    ) | atoms.map(lambda c: {"not": c})


promising = conditions(st.one_of(atoms, duties))


@st.composite
def rules(draw: st.DrawFn, effects: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Rules of every effect, strength and review state."""
    every = ("FORBID", "RESTRICT", "REQUIRE", "EXIT", "ALLOW", "ENCOURAGE", "INFORM")
    effect = draw(st.sampled_from(effects or every))
    rule: dict[str, Any] = {
        "effect": effect,
        "strength": draw(st.sampled_from(("strict", "principle", "soft"))),
        "subject": {
            "nature": sorted(draw(st.frozensets(st.sampled_from(NATURES)))),
            "industry": sorted(draw(st.frozensets(st.sampled_from(("C26", "B", "1391"))))),
        },
        "review": {"state": draw(st.sampled_from(("reviewed", "reviewed", "reviewed", "draft", "rejected")))},
    }
    if draw(st.booleans()):
        rule["when"] = draw(conditions())
    if draw(st.booleans()):
        rule["unless"] = draw(promising)
    if effect in ("RESTRICT", "REQUIRE") and draw(st.booleans()):
        rule["require"] = draw(promising)
    if effect == "EXIT":
        rule["until"] = draw(st.sampled_from((None, "2026-08-31", "2026-09-01", "2027-12-31")))
    return rule

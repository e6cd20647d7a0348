"""The language: variables and values, compiled trees, and the checks a rule must pass."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from sanxian import data
from sanxian.errors import BadRule, SanxianError
from sanxian.model import Effect, Outcome, ReviewState, Strength, Truth

# --- variables and values --------------------------------------------------------------------

Variable: TypeAlias = tuple[str, ...]
"""What a leaf reads, e.g. ``("fact", "boiler_tph")`` or ``("distance", "river:黄河干流", "")``."""


class Span(NamedTuple):
    """A number known to lie in ``[lo, hi]``; exact when both are equal.

    Distances and areas over incompletely covered layers are spans: "at least 3 km, perhaps more".
    """

    lo: float
    hi: float

    @classmethod
    def exact(cls, value: float) -> Span:
        """Return the span of one exactly known number."""
        return cls(value, value)


class Several(NamedTuple):
    """Values of one state over several places; ``complete`` when every place has one."""

    values: frozenset[str]
    complete: bool


Value: TypeAlias = bool | Span | str | date | frozenset[str] | Several | Outcome | None
"""What a variable may hold; ``None`` is unknown."""


class Environment(Protocol):
    """What the rules may look at."""

    @property
    def as_of(self) -> date:
        """Return the date of the screening."""
        ...

    def read(self, variable: Variable) -> Value:
        """Return the value of ``variable``; ``None`` when it is not known."""
        ...

    def catalogue(self, name: str) -> tuple[str, ...] | None:
        """Return the industry prefixes of a catalogue in force, or ``None``."""
        ...


@dataclass(frozen=True, slots=True)
class Supposed:
    """An environment in which one variable is supposed to have another value."""

    base: Environment
    variable: Variable
    value: Value

    @property
    def as_of(self) -> date:
        """Return the date of the screening."""
        return self.base.as_of

    def read(self, variable: Variable) -> Value:
        """Return the supposed value of the one variable, what the base knows of the others."""
        return self.value if variable == self.variable else self.base.read(variable)

    def catalogue(self, name: str) -> tuple[str, ...] | None:
        """Return a catalogue of the base."""
        return self.base.catalogue(name)


INDUSTRY: Final[Variable] = ("industry",)
ROLES_HERE: Final[Variable] = ("roles here",)
NO_LISTED_INDUSTRY: Final = "none"  # witness: an industry that no prefix matches


# --- compiled tree ---------------------------------------------------------------------------


class Reading(NamedTuple):
    """Truth of a node, and the duties it rests on when it is true."""

    truth: Truth
    duties: tuple[Duty, ...] = ()


class Duty(NamedTuple):
    """承诺事项: something that cannot be true yet and so makes the outcome conditional."""

    text: str
    phase: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """One atom: reads ``variable`` and tests it."""

    atom: Mapping[str, Any]
    variable: Variable | None
    test: Callable[[Environment], Truth]
    duty: Duty | None = None
    words: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Memo of the atom in words by language; a leaf is compiled for one edition, whose titles it uses."""

    def reading(self, env: Environment) -> Reading:
        """Return the truth of the atom."""
        if self.duty is not None:
            return Reading(Truth.TRUE, (self.duty,))
        return Reading(self.test(env))

    def leaves(self) -> Iterator[Leaf]:
        """Yield itself."""
        yield self


@dataclass(frozen=True, slots=True)
class Node:
    """``all``, ``any`` or ``not`` over other nodes."""

    op: str
    children: tuple[Node | Leaf, ...]

    def reading(self, env: Environment) -> Reading:
        """Return the truth of the node, every child evaluated."""
        readings = [child.reading(env) for child in self.children]
        truths = [r.truth for r in readings]
        if self.op == "not":
            return Reading(~truths[0])
        if self.op == "all":
            truth = min(truths, default=Truth.TRUE)
            return Reading(truth, tuple(d for r in readings for d in r.duties))
        truth = max(truths, default=Truth.FALSE)
        # an alternative that holds without promises beats one that needs them
        best = min((r.duties for r in readings if r.truth is truth), key=len, default=())
        return Reading(truth, best)

    def leaves(self) -> Iterator[Leaf]:
        """Yield the leaves below, in order."""
        for child in self.children:
            yield from child.leaves()


Tree: TypeAlias = Node | Leaf


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule."""

    effect: Effect
    strength: Strength
    applies: Tree  # subject ∧ when
    unless: Tree | None
    require: Tree | None
    until: date | None
    quote: tuple[int, int] | None
    review: ReviewState
    index: int = 0  # its place among the rules of the clause, broken ones counted

    def leaves(self) -> Iterator[Leaf]:
        """Yield every leaf of the rule, in order."""
        for tree in (self.applies, self.unless, self.require):
            if tree is not None:
                yield from tree.leaves()


# --- check and compile -----------------------------------------------------------------------

_ORDER: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
RULE_KEYS: Final = frozenset(
    (
        "effect",
        "strength",
        "subject",
        "when",
        "unless",
        "require",
        "until",
        "quote",
        "review",
        "id",
        "note",
        "parts",
    )
)
SUBJECT_KEYS: Final = frozenset(("nature", "industry", "activity", "role"))
OPS_BY_TYPE: Final = {
    "bool": frozenset(("is",)),
    "enum": frozenset(("is", "is_not", "in", "not_in")),
    "text": frozenset(("is", "is_not", "in", "not_in")),
    "set": frozenset(("has", "has_any", "has_all", "has_none")),
    "number": frozenset((*_ORDER, "between")),
    "date": frozenset(("<", "<=", ">", ">=", "==")),
}
ATOMS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    # atom: (needed keys, allowed keys) besides the atom's own
    "fact": (frozenset(("op", "value")), frozenset(("op", "value", "unit"))),
    "matter": (frozenset(), frozenset(("op", "value", "unit"))),
    "industry": (frozenset(), frozenset()),
    "catalogue": (frozenset(), frozenset()),
    "in": (frozenset(), frozenset(("role",))),
    "crosses": (frozenset(), frozenset(("role",))),
    "share": (frozenset(("op", "value")), frozenset(("op", "value", "of", "role", "unit"))),
    "area": (frozenset(("op", "value", "unit")), frozenset(("op", "value", "unit", "role"))),
    "length": (frozenset(("op", "value", "unit")), frozenset(("op", "value", "unit", "role"))),
    "distance": (frozenset(("op", "value", "unit")), frozenset(("op", "value", "unit", "role"))),
    "state": (frozenset(("op", "value")), frozenset(("op", "value", "at"))),
    "date": (frozenset(("op", "value")), frozenset(("op", "value"))),
    "clause": (frozenset(("op", "value")), frozenset(("op", "value"))),
    "document": (frozenset(), frozenset(("issuer",))),
    "duty": (frozenset(), frozenset(("phase",))),
}
_LISTED: Final = frozenset(("value", "industry"))  # what of an atom is not text
STATE_LEVELS: Final = ("place", "county", "prefecture", "province")
BASE_UNIT: Final = {"area": "m2", "length": "m", "distance": "m"}


def check(rule: Mapping[str, Any], *, text: str | None = None) -> None:
    """Raise unless ``rule`` follows the rule format.

    Parameters
    ----------
    rule : mapping
        One rule as JSON.
    text : str, optional
        The clause text; when given, the quote must lie inside it.

    Raises
    ------
    BadRule
        Naming the place in the rule and the reason.
    """
    compiled = compile_rule(rule)
    if text is not None and compiled.quote is not None and compiled.quote[1] > len(text):
        raise bad("quote", "引文超出条款原文", "the quote runs past the clause text")


def compile_rule(rule: Mapping[str, Any]) -> Rule:
    """Return ``rule`` compiled.

    Raises
    ------
    BadRule
        The rule does not follow the format.
    """
    if not isinstance(rule, Mapping):
        raise bad("rule", "不是对象", "not an object")
    _known_keys("rule", rule, RULE_KEYS)
    effect = _enum("effect", rule.get("effect"), Effect)
    subject = _subject(rule.get("subject") or {}, effect)
    when = _condition("when", rule.get("when"))
    unless = _condition("unless", rule.get("unless"), duties=True)
    require = _condition("require", rule.get("require"), duties=True)
    if require is not None and effect not in (Effect.RESTRICT, Effect.REQUIRE):
        raise bad("require", f"{effect} 不能带 require", f"{effect} takes no require")
    until = None if rule.get("until") is None else _date("until", rule["until"])
    if until is not None and effect is not Effect.EXIT:
        raise bad("until", "只有 EXIT 可带 until", "only EXIT takes until")
    applies: Tree = Node("all", (*subject, when) if when is not None else subject)
    _parts(rule.get("parts"))
    review = rule.get("review") or {}
    if not isinstance(review, Mapping):
        raise bad("review", "不是对象", "not an object")
    return Rule(
        effect=effect,
        strength=_enum("strength", rule.get("strength") or "strict", Strength),
        applies=applies,
        unless=unless,
        require=require,
        until=until,
        quote=_quote(rule.get("quote")),
        review=_enum("review.state", review.get("state", "draft"), ReviewState),
    )


def bad(where: str, zh: str, en: str) -> BadRule:
    """Return the error for one place in a rule."""
    return BadRule(where=where, reason={"zh": zh, "en": en})


def _known_keys(where: str, mapping: Mapping[str, Any], allowed: Collection[str]) -> None:
    unknown = sorted(str(k) for k in mapping if k not in allowed)
    if unknown:
        raise bad(where, f"不认识的键 {'、'.join(unknown)}", f"unknown key {', '.join(unknown)}")


def _enum(where: str, value: object, kind: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        allowed = " ".join(kind)
        raise bad(where, f"“{value}”不在 {allowed} 之内", f"“{value}” is not one of {allowed}") from None


def _date(where: str, value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise bad(where, f"“{value}”不是 ISO 日期", f"“{value}” is not an ISO date") from None


def _quote(value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:
        start, end = value
        if type(start) is int and type(end) is int and 0 <= start < end:
            return (start, end)
    raise bad("quote", "应为 [起, 止) 两个整数", "must be two integers [start, end)")


def _parts(value: object) -> None:
    """Check where the words of each part of a rule stand: ``[{"path": …, "at": [start, end)}, …]``."""
    if value is None:
        return
    members = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    for part in members:
        if not isinstance(part, Mapping) or set(part) != {"path", "at"} or not isinstance(part["path"], str):
            raise bad("parts", "每项应有 path 和 at", "each must have path and at")
        if _quote(part["at"]) is None:
            raise bad("parts", "at 应为 [起, 止)", "at must be [start, end)")


def _strings(where: str, value: object, *, filled: bool = True) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise bad(where, "应为文字列表", "must be a list of strings")
    if (filled and not value) or not all(isinstance(v, str) and v for v in value):
        raise bad(where, "应为非空文字列表", "must be a list of non-empty strings")
    return tuple(value)


def _subject(subject: object, effect: Effect) -> tuple[Tree, ...]:
    if not isinstance(subject, Mapping):
        raise bad("subject", "不是对象", "not an object")
    _known_keys("subject", subject, SUBJECT_KEYS)
    lists = {k: _strings(f"subject.{k}", subject[k], filled=False) for k in SUBJECT_KEYS if subject.get(k)}
    # an exit clause speaks to what already stands, also when it does not say 现有
    natures = lists.get("nature") or (("现有",) if effect is Effect.EXIT else ())
    trees: list[Tree] = []
    if natures:
        trees.append(_atom("subject.nature", {"fact": "nature", "op": "in", "value": list(natures)}))
    if "industry" in lists:
        trees.append(_atom("subject.industry", {"industry": list(lists["industry"])}))
    if "activity" in lists:
        atom = {"fact": "activity", "op": "has_any", "value": list(lists["activity"])}
        trees.append(_atom("subject.activity", atom))
    if "role" in lists:
        wanted = frozenset(lists["role"])
        trees.append(Leaf({"role": sorted(wanted)}, ROLES_HERE, _set_test(ROLES_HERE, "has_any", wanted)))
    return tuple(trees)


def _condition(where: str, value: object, *, duties: bool = False) -> Tree | None:
    """Return the tree of a condition, or ``None`` when it is absent."""
    return None if value is None else _tree(where, value, duties)


def _tree(where: str, value: object, duties: bool) -> Tree:
    if not isinstance(value, Mapping) or not value:
        raise bad(where, "条件应为非空对象", "a condition must be a non-empty object")
    for op in ("all", "any"):
        if op in value:
            _known_keys(where, value, (op,))
            members = value[op]
            if isinstance(members, (str, Mapping)) or not isinstance(members, Sequence) or not members:
                raise bad(f"{where}.{op}", "应为非空列表", "must be a non-empty list")
            return Node(op, tuple(_tree(f"{where}.{op}[{i}]", m, duties) for i, m in enumerate(members)))
    if "not" in value:
        _known_keys(where, value, ("not",))
        return Node("not", (_tree(f"{where}.not", value["not"], False),))
    if "duty" in value and not duties:
        raise bad(
            where,
            "duty 只能用于 require 和 unless，且不能在 not 之内",
            "a duty belongs in require or unless, outside not",
        )
    return _atom(where, value)


def _atom(where: str, atom: Mapping[str, Any]) -> Leaf:
    kinds = [k for k in ATOMS if k in atom]
    if len(kinds) != 1:
        zh = f"应恰有一个原子 {' '.join(ATOMS)}"
        raise bad(where, zh, f"must have exactly one atom of {' '.join(ATOMS)}")
    kind = kinds[0]
    needed, allowed = ATOMS[kind]
    _known_keys(where, atom, (kind, *allowed))
    for key, value in atom.items():
        if key not in _LISTED and not isinstance(value, str) and value is not None:
            raise bad(f"{where}.{key}", "应为文字", "must be text")
    missing = sorted(needed - set(atom))
    if missing:
        raise bad(where, f"缺少 {'、'.join(missing)}", f"lacks {', '.join(missing)}")
    return _BUILD[kind](f"{where}.{kind}", atom)


def _fact_leaf(where: str, atom: Mapping[str, Any]) -> Leaf:
    key = atom["fact"]
    known = data.facts()
    if key not in known or key == "industry":
        raise bad(where, f"事实项“{key}”不在词表中", f"fact “{key}” is not in the vocabulary")
    fact, op, value = known[key], atom["op"], atom["value"]
    if op not in OPS_BY_TYPE[fact.type]:
        ops = " ".join(sorted(OPS_BY_TYPE[fact.type]))
        raise bad(where, f"{fact.type} 型只能用 {ops}", f"a {fact.type} takes {ops}")
    if "unit" in atom and fact.type != "number":
        raise bad(where, "只有数值可带单位", "only numbers take a unit")
    variable: Variable = ("fact", key)
    if fact.type == "number":
        return Leaf(atom, variable, _number_test(where, variable, atom, fact.unit))
    if fact.type == "bool":
        if not isinstance(value, bool):
            raise bad(where, "应为 true 或 false", "must be true or false")
        return Leaf(atom, variable, lambda env: _same(env.read(variable), value))
    if fact.type == "date":
        return Leaf(atom, variable, _date_test(where, variable, op, value))
    many = op in ("in", "not_in", "has_any", "has_all", "has_none")
    wanted = frozenset(_strings(where, value if many else [value]))
    if fact.values and not wanted <= set(fact.values):
        odd = "、".join(sorted(wanted - set(fact.values)))
        raise bad(where, f"“{odd}”不是 {key} 的取值", f"“{odd}” is not a value of {key}")
    if fact.type == "set":
        return Leaf(atom, variable, _set_test(variable, "has_any" if op == "has" else op, wanted))
    positive = op in ("is", "in")
    return Leaf(atom, variable, lambda env: _member(env.read(variable), wanted, positive))


def _matter_leaf(where: str, atom: Mapping[str, Any]) -> Leaf:
    """事项: a condition in the clause's own words; a yes or no, or with ``op`` a number."""
    text = atom["matter"]
    plain = unicodedata.normalize("NFKC", text)
    if not plain.strip() or set(plain) & set("[]"):
        raise bad(where, "应写明事项，且不含方括号", "must say the matter, without square brackets")
    if ("op" in atom) != ("value" in atom) or ("unit" in atom and "op" not in atom):
        raise bad(where, "op 与 value 须同用，unit 须与 op 同用", "op goes with value, unit with op")
    if "op" not in atom:
        truth: Variable = ("fact", data.matter_key(text, None))
        return Leaf(atom, truth, lambda env: _same(env.read(truth), True))
    unit = atom.get("unit") or ""
    if set(unicodedata.normalize("NFKC", unit)) & set("[]"):
        raise bad(where, "单位不含方括号", "a unit has no square brackets")
    variable: Variable = ("fact", data.matter_key(text, unit))
    return Leaf(atom, variable, _number_test(where, variable, atom, data.fact(variable[1]).unit))


def _same(seen: Value, wanted: bool) -> Truth:
    return Truth.of(None if seen is None else seen == wanted)


def _member(seen: Value, wanted: frozenset[str], positive: bool) -> Truth:
    return Truth.of(None if seen is None else (seen in wanted) == positive)


def _set_test(variable: Variable, op: str, wanted: frozenset[str]) -> Callable[[Environment], Truth]:
    def test(env: Environment) -> Truth:
        seen = env.read(variable)
        if not isinstance(seen, frozenset):
            return Truth.UNKNOWN
        if op == "has_all":
            return Truth.of(wanted <= seen)
        return Truth.of(bool(wanted & seen) == (op == "has_any"))

    return test


def _number_test(
    where: str, variable: Variable, atom: Mapping[str, Any], base_unit: str
) -> Callable[[Environment], Truth]:
    limits = limits_of(where, atom, base_unit)
    op = atom["op"]

    def test(env: Environment) -> Truth:
        seen = env.read(variable)
        return _compare(seen, op, limits) if isinstance(seen, Span) else Truth.UNKNOWN

    return test


def limits_of(where: str, atom: Mapping[str, Any], base_unit: str) -> tuple[float, ...]:
    """Return the limit, or the two limits of ``between``, in the base unit."""
    op, value = atom["op"], atom["value"]
    if op == "between":
        values = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
        if len(values) != 2:
            raise bad(where, "between 应给 [下限, 上限]", "between takes [low, high]")
    elif op in _ORDER:
        values = [value]
    else:
        raise bad(where, f"不认识的比较符 {op}", f"unknown comparison {op}")
    if not all(map(_is_number, values)):
        raise bad(where, "应为数值", "must be a number")
    unit = str(atom.get("unit", base_unit))
    try:
        limits = tuple(
            v if base_unit in (unit, data.unit_name(unit)) else data.convert(v, unit, base_unit)
            for v in map(float, values)
        )
    except (SanxianError, OverflowError):
        raise bad(
            where, f"单位 {unit} 不能换算为 {base_unit}", f"unit {unit} cannot become {base_unit}"
        ) from None
    if op == "between" and limits[0] > limits[1]:
        raise bad(where, "下限大于上限", "low exceeds high")
    return limits


def _is_number(value: object) -> bool:
    """Whether a value is a finite number; whole numbers too long for a float are none."""
    try:
        return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
    except OverflowError:
        return False


def _compare(seen: Span, op: str, limits: tuple[float, ...]) -> Truth:
    """Compare a span: true or false only when every number in it agrees."""
    if op == "between":
        return min(_compare(seen, ">=", limits[:1]), _compare(seen, "<=", limits[1:]))
    limit = limits[0]
    if seen.lo == seen.hi:
        return Truth.of(_ORDER[op](seen.lo, limit))
    if op in ("==", "!="):
        inside = seen.lo <= limit <= seen.hi
        return Truth.UNKNOWN if inside else Truth.of(op == "!=")
    ends = {_ORDER[op](seen.lo, limit), _ORDER[op](seen.hi, limit)}
    return Truth.of(ends.pop()) if len(ends) == 1 else Truth.UNKNOWN


def _date_test(where: str, variable: Variable, op: str, value: object) -> Callable[[Environment], Truth]:
    limit = None if value == "as_of" else _date(where, value)

    def test(env: Environment) -> Truth:
        seen = env.read(variable)
        if not isinstance(seen, date):
            return Truth.UNKNOWN
        other = env.as_of if limit is None else limit
        return Truth.of(_ORDER[op](seen.toordinal(), other.toordinal()))

    return test


def _industry_leaf(where: str, atom: Mapping[str, Any]) -> Leaf:
    prefixes = _strings(where, atom["industry"])
    try:
        codes = tuple(data.industry_code(p) for p in prefixes)
    except SanxianError as error:
        raise bad(where, error.text("zh-CN"), error.text("en")) from None
    return Leaf(atom, INDUSTRY, lambda env: _industry_in(env.read(INDUSTRY), codes))


def _industry_in(seen: Value, prefixes: tuple[str, ...]) -> Truth:
    return _industry_truth(seen, prefixes) if isinstance(seen, frozenset) else Truth.UNKNOWN


@lru_cache(maxsize=16384)
def _industry_truth(codes: frozenset[str], prefixes: tuple[str, ...]) -> Truth:
    digits, sections, longest = _prefixes(prefixes)
    for code in codes:
        if code.startswith(digits) or any(data.industry_matches(code, section) for section in sections):
            return Truth.TRUE
    # 26 may or may not be 2614: a code coarser than the rule's leaves it open
    for code in codes:
        if len(code) < longest and any(prefix != code and prefix.startswith(code) for prefix in prefixes):
            return Truth.UNKNOWN
    return Truth.FALSE


@lru_cache(maxsize=4096)
def _prefixes(prefixes: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Return the prefixes of digits, those with a section letter, and the length of the longest."""
    sections = tuple(prefix for prefix in prefixes if prefix[:1].isalpha())
    digits = tuple(prefix for prefix in prefixes if not prefix[:1].isalpha())
    return digits, sections, max(map(len, prefixes), default=0)


def _catalogue_leaf(where: str, atom: Mapping[str, Any]) -> Leaf:
    name = atom["catalogue"]
    if not isinstance(name, str) or not name:
        raise bad(where, "应为名录编号", "must be a catalogue id")

    def test(env: Environment) -> Truth:
        prefixes = env.catalogue(name)
        return Truth.UNKNOWN if prefixes is None else _industry_in(env.read(INDUSTRY), prefixes)

    return Leaf(atom, INDUSTRY, test)


def _place_leaf(where: str, atom: Mapping[str, Any]) -> Leaf:
    kind = where.rsplit(".", 1)[-1]
    variable = (kind, target(where, atom[kind]), str(atom.get("role") or ""))
    return Leaf(atom, variable, lambda env: _same(env.read(variable), True))


def _measure_leaf(where: str, atom: Mapping[str, Any]) -> Leaf:
    kind = where.rsplit(".", 1)[-1]
    variable: Variable
    if kind == "share":
        of = atom.get("of", "project")
        if of not in ("project", "zone"):
            raise bad(where, "of 应为 project 或 zone", "of must be project or zone")
        if atom.get("unit", "%") != "%":
            raise bad(where, "share 的单位是 %", "the unit of share is %")
        variable = ("share", target(where, atom[kind]), str(atom.get("role") or ""), of)
        return Leaf(atom, variable, _number_test(where, variable, atom, "%"))
    variable = (kind, target(where, atom[kind]), str(atom.get("role") or ""))
    return Leaf(atom, variable, _number_test(where, variable, atom, BASE_UNIT[kind]))


def _state_leaf(where: str, atom: Mapping[str, Any]) -> Leaf:
    key, op, at = atom["state"], atom["op"], atom.get("at", "")
    if key not in data.states():
        raise bad(where, f"区域状态“{key}”不在词表中", f"state “{key}” is not in the vocabulary")
    if op not in ("is", "is_not", "in"):
        raise bad(where, "state 只能用 is is_not in", "a state takes is, is_not or in")
    if at and at not in STATE_LEVELS:
        raise bad(where, f"at 应为 {' '.join(STATE_LEVELS)}", f"at must be one of {' '.join(STATE_LEVELS)}")
    wanted = frozenset(_strings(where, atom["value"] if op == "in" else [atom["value"]]))
    odd = wanted - set(data.states()[key].values)
    if odd:
        raise bad(
            where, f"“{'、'.join(sorted(odd))}”不是 {key} 的取值", f"not a value of {key}: {sorted(odd)}"
        )
    variable: Variable = ("state", key, at)

    def test(env: Environment) -> Truth:
        seen = env.read(variable)
        if not isinstance(seen, Several):
            return Truth.UNKNOWN
        if any((v in wanted) == (op != "is_not") for v in seen.values):
            return Truth.TRUE
        return Truth.FALSE if seen.complete else Truth.UNKNOWN

    return Leaf(atom, variable, test)


def _date_leaf(where: str, atom: Mapping[str, Any]) -> Leaf:
    if atom["date"] != "as_of":
        raise bad(where, "date 只认 as_of；其他日期用 fact", "date knows as_of only; use fact for others")
    if atom["op"] not in OPS_BY_TYPE["date"]:
        raise bad(where, "不认识的比较符", "unknown comparison")
    limit, op = _date(where, atom["value"]), atom["op"]
    return Leaf(atom, None, lambda env: Truth.of(_ORDER[op](env.as_of.toordinal(), limit.toordinal())))


def _clause_leaf(where: str, atom: Mapping[str, Any]) -> Leaf:
    name, op = atom["clause"], atom["op"]
    if op not in ("is", "in") or not isinstance(name, str):
        raise bad(where, "clause 只能用 is in", "a clause takes is or in")
    names = _strings(where, atom["value"] if op == "in" else [atom["value"]])
    if not set(names) <= set(Outcome.__members__):
        raise bad(where, "不是判定结果名", "not the name of an outcome")
    wanted = frozenset(Outcome[n] for n in names)
    variable: Variable = ("clause", name)

    def test(env: Environment) -> Truth:
        seen = env.read(variable)
        if not isinstance(seen, Outcome) or seen in (Outcome.NEEDS_FACTS, Outcome.NEEDS_REVIEW):
            return Truth.UNKNOWN
        return Truth.of(seen in wanted)

    return Leaf(atom, variable, test)


def _document_leaf(where: str, atom: Mapping[str, Any]) -> Leaf:
    name = atom["document"]
    if not isinstance(name, str) or not name:
        raise bad(where, "应为文件类型", "must be a type of document")
    variable: Variable = ("document", name, str(atom.get("issuer") or ""))
    return Leaf(atom, variable, lambda env: _same(env.read(variable), True))


def _duty_leaf(where: str, atom: Mapping[str, Any]) -> Leaf:
    if not isinstance(atom["duty"], str) or not atom["duty"]:
        raise bad(where, "应写明承诺事项", "must say what is promised")
    duty = Duty(atom["duty"], str(atom.get("phase") or ""))
    return Leaf(atom, None, lambda _: Truth.TRUE, duty)


_BUILD: Final[dict[str, Callable[[str, Mapping[str, Any]], Leaf]]] = {
    "fact": _fact_leaf,
    "matter": _matter_leaf,
    "industry": _industry_leaf,
    "catalogue": _catalogue_leaf,
    "in": _place_leaf,
    "crosses": _place_leaf,
    "share": _measure_leaf,
    "area": _measure_leaf,
    "length": _measure_leaf,
    "distance": _measure_leaf,
    "state": _state_leaf,
    "date": _date_leaf,
    "clause": _clause_leaf,
    "document": _document_leaf,
    "duty": _duty_leaf,
}


# --- targets ---------------------------------------------------------------------------------


def target(where: str, value: object) -> str:
    """Return ``value`` when it is a well-formed target, else raise.

    A target is ``layer`` or ``layer:alt|alt…`` with ``alt`` = ``term&term…``.
    """
    if isinstance(value, str):
        layer, colon, rest = value.partition(":")
        terms = [term for alt in rest.split("|") for term in alt.split("&")]
        if layer and (not colon or all(terms)):
            return value
    raise bad(where, f"“{value}”不是目标（图层[:名称]）", f"“{value}” is not a target (layer[:name])")


@lru_cache(maxsize=4096)
def parse_target(value: str) -> tuple[str, tuple[frozenset[str], ...]]:
    """Return the layer (id or kind) of a target and its alternatives, each a set of terms.

    Examples
    --------
    >>> parse_target("red_line")
    ('red_line', ())
    """
    layer, _, rest = value.partition(":")
    return layer, tuple(frozenset(alt.split("&")) for alt in rest.split("|")) if rest else ()

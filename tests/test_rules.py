"""The rule language against an independent reading of DESIGN §4.2."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanxian import rules
from sanxian.errors import BadRule
from sanxian.model import Outcome, Truth
from sanxian.rules import Several, Span, flips
from strategies import AS_OF, World, atoms, conditions, worlds
from strategies import rules as any_rule

REVIEWED = {"state": "reviewed"}
COMPARE: dict[str, Any] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def outcome(rule: Mapping[str, Any], world: World, **options: bool) -> Outcome:
    return rules.outcomes([rules.compile_clause("X", "文" * 50, [rule])], world, **options)[0]


def judged(rule: Mapping[str, Any], world: World) -> rules.Judgement:
    return rules.judge([rules.compile_clause("X", "文" * 50, [rule])], world)[0]


# --- an oracle: the same semantics, written a second time and differently ---------------------


def lookup(atom: Mapping[str, Any], world: World) -> Any:
    """Two-valued test of one atom on plain values, None when the value is missing."""
    if "date" in atom:
        other = date.fromisoformat(atom["value"])
        return {"<": other > AS_OF, ">=": other <= AS_OF}[atom["op"]]
    if "document" in atom:
        held = world.read(("document", atom["document"], ""))
        return None if held is None else held is True
    if "in" in atom:
        inside = world.read(("in", atom["in"], ""))
        return None if inside is None else inside is True
    if "industry" in atom or "catalogue" in atom:
        codes = world.read(("industry",))
        prefixes = atom.get("industry") or world.catalogues[atom["catalogue"]]
        if codes is None:
            return None
        sections = {"B": ["06", "07", "08", "09", "10", "11", "12"], "C": [str(n) for n in range(13, 44)]}
        assert isinstance(codes, frozenset)
        return any(
            code.startswith(p.lstrip("ABC")) if p.lstrip("ABC") else code[:2] in sections[p]
            for code in codes
            for p in prefixes
        )
    key = ("distance", atom["distance"], "") if "distance" in atom else ("fact", atom["fact"])
    seen, op, value = world.read(key), atom["op"], atom["value"]
    if seen is None:
        return None
    if isinstance(seen, Span):
        x = seen.lo / (1000.0 if atom.get("unit") == "km" else 1.0)
        if op == "between":
            return bool(value[0] <= x <= value[1])
        return bool(COMPARE[op](x, value))
    if op == "is":
        return seen == value
    if op in ("in", "not_in"):
        return (seen in value) is (op == "in")
    assert isinstance(seen, frozenset)
    if op == "has_all":
        return set(value) <= seen
    return bool(seen & set(value)) is (op == "has_any")


def kleene(condition: Mapping[str, Any] | None, world: World) -> tuple[bool | None, bool]:
    """(truth, rests on a duty) of a condition; absent conditions are the caller's affair."""
    assert condition is not None
    if "duty" in condition:
        return True, True
    if "not" in condition:
        truth, _ = kleene(condition["not"], world)
        return (None if truth is None else not truth), False
    for op, zero in (("all", False), ("any", True)):
        if op in condition:
            seen = [kleene(c, world) for c in condition[op]]
            truths = [truth for truth, _ in seen]
            whole = zero if zero in truths else None if None in truths else not zero
            if op == "all":
                return whole, any(duty for _, duty in seen)
            return whole, all(duty for got, duty in seen if got is whole)
    return lookup(condition, world), False


def expected(rule: Mapping[str, Any], world: World) -> Outcome:
    """DESIGN §4.2, read line by line for one rule that stands alone in its clause."""
    if rule["review"]["state"] == "rejected":
        return Outcome.NEEDS_REVIEW
    if rule["review"]["state"] == "draft":
        return Outcome.NEEDS_REVIEW
    subject = rule["subject"]
    nature = subject["nature"] or (["现有"] if rule["effect"] == "EXIT" else [])
    whole: list[Any] = []
    if nature:
        whole.append({"fact": "nature", "op": "in", "value": nature})
    if subject["industry"]:
        whole.append({"industry": subject["industry"]})
    if rule.get("when"):
        whole.append(rule["when"])
    a = kleene({"all": whole}, world)[0] if whole else True
    e, e_duty = kleene(rule["unless"], world) if rule.get("unless") else (False, False)
    effect = rule["effect"]
    if effect in ("ENCOURAGE", "INFORM"):
        result = Outcome.NOT_APPLICABLE
    elif effect == "ALLOW":
        allowed = True if True in (a, e) else None if None in (a, e) else False
        result = {True: Outcome.COMPLIANT, None: Outcome.NEEDS_FACTS, False: Outcome.NON_COMPLIANT}[allowed]
    elif a is False:
        result = Outcome.NOT_APPLICABLE
    elif a is None:
        result = Outcome.NEEDS_FACTS
    else:
        granted = Outcome.CONDITIONAL if e_duty else Outcome.COMPLIANT
        if effect == "FORBID":
            plain = Outcome.NON_COMPLIANT
        elif effect == "EXIT":
            until = rule.get("until")
            if until is None:
                plain = Outcome.NEEDS_REVIEW
            else:
                plain = Outcome.NON_COMPLIANT if AS_OF.isoformat() > until else Outcome.CONDITIONAL
        elif not rule.get("require"):
            plain = Outcome.NEEDS_REVIEW
        else:
            r, r_duty = kleene(rule["require"], world)
            met = Outcome.CONDITIONAL if r_duty else Outcome.COMPLIANT
            plain = {True: met, None: Outcome.NEEDS_FACTS, False: Outcome.NON_COMPLIANT}[r]
        if e is True:
            result = granted
        elif e is None and plain is not granted:
            result = Outcome.NEEDS_FACTS
        else:
            result = plain
    if rule["strength"] == "soft":
        return min(result, Outcome.NEEDS_REVIEW)
    if rule["strength"] == "principle" and result is Outcome.NON_COMPLIANT:
        return Outcome.NEEDS_REVIEW
    return result


@given(any_rule(), worlds())
def test_outcome_equals_an_independent_reading_of_the_table(rule: dict[str, Any], world: World) -> None:
    assert outcome(rule, world) is expected(rule, world)


@given(conditions(), worlds())
def test_condition_is_strong_kleene(condition: dict[str, Any], world: World) -> None:
    rule = rules.compile_rule({"effect": "FORBID", "when": condition})
    assert rule.applies.reading(world).truth is Truth.of(kleene(condition, world)[0])


@given(any_rule(), worlds(), st.data())
def test_taking_a_fact_away_leaves_the_outcome_or_makes_it_unknown(
    rule: dict[str, Any], world: World, pick: st.DataObject
) -> None:
    if not world.values:
        return
    variable = pick.draw(st.sampled_from(sorted(world.values)))
    before, after = outcome(rule, world), outcome(rule, world.without(variable))
    assert after is before or after in (Outcome.NEEDS_FACTS, Outcome.NEEDS_REVIEW)


@given(any_rule(effects=("FORBID", "RESTRICT", "REQUIRE", "EXIT", "ALLOW")), worlds())
def test_every_flip_is_true(rule: dict[str, Any], world: World) -> None:
    """Putting a value the flip names in place of the seen one gives the outcome the flip promises."""
    now = outcome(rule, world)
    for flip in judged(rule, world).flips:
        assert flip.outcome is not now
        if flip.fact in ("inside_compliant_park", "linear_work", "new_outfall"):
            supposed = rules.Supposed(world, ("fact", flip.fact), flip.needed_en == "yes")
            assert outcome(rule, supposed) is flip.outcome  # type: ignore[arg-type]  # Supposed is a World here
        elif flip.fact in ("boiler_tph", "so2_tpa", "water_reuse_pct"):
            for value in range(0, 70, 5):
                if _satisfies(flip.needed_en, float(value)):
                    supposed = rules.Supposed(world, ("fact", flip.fact), Span.exact(float(value)))
                    assert outcome(rule, supposed) is flip.outcome  # type: ignore[arg-type]  # as above


@given(
    any_rule(effects=("FORBID", "REQUIRE")), worlds(known=True), st.sampled_from(("boiler_tph", "so2_tpa"))
)
def test_no_flip_is_missing(rule: dict[str, Any], world: World, key: str) -> None:
    """Every number that changes the outcome lies in some flip's region."""
    now = outcome(rule, world)
    regions = [f for f in judged(rule, world).flips if f.fact == key]
    for value in range(0, 70, 5):
        then = outcome(rule, rules.Supposed(world, ("fact", key), Span.exact(float(value))))  # type: ignore[arg-type]  # Supposed is a World here
        told = [f.outcome for f in regions if _satisfies(f.needed_en, float(value))]
        assert told == ([] if then is now else [then])


def _satisfies(words: str, value: float) -> bool:
    """Read ``> 10 and ≤ 35 t/h`` back."""
    if words == "any value":
        return True
    for part in words.split(" and "):
        sign, number = part.split()[:2]
        if not COMPARE[{"=": "==", "≥": ">=", "≤": "<="}.get(sign, sign)](value, float(number)):
            return False
    return True


@given(st.lists(any_rule(), min_size=1, max_size=4), worlds(), st.randoms())
def test_order_of_rules_and_clauses_changes_nothing(
    drawn: list[dict[str, Any]], world: World, random: Any
) -> None:
    clauses = [rules.compile_clause(str(i), "文" * 50, [r]) for i, r in enumerate(drawn)]
    before = dict(zip((c.clause for c in clauses), rules.outcomes(clauses, world), strict=True))
    random.shuffle(clauses)
    assert dict(zip((c.clause for c in clauses), rules.outcomes(clauses, world), strict=True)) == before
    one = rules.compile_clause("X", "文" * 50, drawn)
    other = rules.compile_clause("X", "文" * 50, drawn[::-1])
    assert rules.outcomes([one], world) == rules.outcomes([other], world)


@given(any_rule(), worlds())
def test_trace_shows_every_leaf_with_its_truth(rule: dict[str, Any], world: World) -> None:
    trace = judged(rule, world).rules[0].trace
    for part in ("applies", "unless", "require"):
        tree = getattr(rules.compile_rule(rule), part)
        assert (part in trace) is (tree is not None)
        if tree is not None:
            shown = list(_shown(trace[part]))
            leaves = list(tree.leaves())
            assert [s["truth"] for s in shown] == [leaf.reading(world).truth.name for leaf in leaves]
            assert all(s["zh"] and s["en"] for s in shown)


def _shown(node: Mapping[str, Any]) -> Any:
    if "atom" in node:
        yield node
    for child in node.get("children", ()):
        yield from _shown(child)


# --- the table, cell by cell -----------------------------------------------------------------

PARK = {"fact": "inside_compliant_park", "op": "is", "value": True}
OUTFALL = {"fact": "new_outfall", "op": "is", "value": True}
DUTY = {"duty": "安装在线监测", "phase": "运营期"}
YES, NO, UNKNOWN = (
    World({("fact", "new_outfall"): v}) if v is not None else World() for v in (True, False, None)
)


@pytest.mark.parametrize(
    ("rule", "world", "result"),
    [
        ({"effect": "FORBID", "when": OUTFALL}, YES, "NON_COMPLIANT"),
        ({"effect": "FORBID", "when": OUTFALL}, NO, "NOT_APPLICABLE"),
        ({"effect": "FORBID", "when": OUTFALL}, UNKNOWN, "NEEDS_FACTS"),
        ({"effect": "FORBID", "unless": OUTFALL}, YES, "COMPLIANT"),
        ({"effect": "FORBID", "unless": OUTFALL}, UNKNOWN, "NEEDS_FACTS"),
        ({"effect": "FORBID", "unless": {"all": [OUTFALL, DUTY]}}, YES, "CONDITIONAL"),
        ({"effect": "FORBID", "unless": {"any": [OUTFALL, DUTY]}}, YES, "COMPLIANT"),
        ({"effect": "FORBID", "strength": "principle", "when": OUTFALL}, YES, "NEEDS_REVIEW"),
        ({"effect": "FORBID", "strength": "principle", "when": OUTFALL}, UNKNOWN, "NEEDS_FACTS"),
        ({"effect": "FORBID", "strength": "soft", "when": OUTFALL}, UNKNOWN, "NEEDS_REVIEW"),
        ({"effect": "REQUIRE", "require": OUTFALL}, YES, "COMPLIANT"),
        ({"effect": "REQUIRE", "require": {"all": [OUTFALL, DUTY]}}, YES, "CONDITIONAL"),
        ({"effect": "REQUIRE", "require": OUTFALL}, UNKNOWN, "NEEDS_FACTS"),
        ({"effect": "REQUIRE", "require": OUTFALL}, NO, "NON_COMPLIANT"),
        ({"effect": "REQUIRE", "require": OUTFALL, "unless": PARK}, YES, "COMPLIANT"),
        ({"effect": "REQUIRE", "require": OUTFALL, "unless": PARK}, NO, "NEEDS_FACTS"),
        ({"effect": "REQUIRE", "require": DUTY, "unless": PARK}, YES, "NEEDS_FACTS"),
        ({"effect": "RESTRICT"}, NO, "NEEDS_REVIEW"),
        ({"effect": "ALLOW", "when": OUTFALL}, YES, "COMPLIANT"),
        ({"effect": "ALLOW", "when": OUTFALL}, UNKNOWN, "NEEDS_FACTS"),
        ({"effect": "ALLOW", "when": OUTFALL}, NO, "NON_COMPLIANT"),
        ({"effect": "ENCOURAGE", "when": OUTFALL}, YES, "NOT_APPLICABLE"),
        ({"effect": "INFORM", "when": OUTFALL}, UNKNOWN, "NOT_APPLICABLE"),
    ],
)
def test_each_cell_of_the_table(rule: dict[str, Any], world: World, result: str) -> None:
    assert outcome(rule | {"review": REVIEWED}, world).name == result


@pytest.mark.parametrize(
    ("nature", "until", "result"),
    [
        ("现有", "2026-08-31", "NON_COMPLIANT"),
        ("现有", "2026-09-01", "CONDITIONAL"),
        ("现有", None, "NEEDS_REVIEW"),
        ("新建", "2026-08-31", "NOT_APPLICABLE"),
        (None, "2026-08-31", "NEEDS_FACTS"),
    ],
)
def test_exit_speaks_to_existing_projects_and_dates(
    nature: str | None, until: str | None, result: str
) -> None:
    world = World({} if nature is None else {("fact", "nature"): nature})
    assert outcome({"effect": "EXIT", "until": until, "review": REVIEWED}, world).name == result


def test_a_draft_never_decides_but_shows_what_it_would_say() -> None:
    rule = {"effect": "FORBID", "when": OUTFALL}
    result = judged(rule, YES).rules[0]
    assert (result.outcome, result.machine_outcome) == (Outcome.NEEDS_REVIEW, Outcome.NON_COMPLIANT)
    assert outcome(rule, NO) is Outcome.NEEDS_REVIEW
    assert outcome(rule, YES, count_drafts=True) is Outcome.NON_COMPLIANT


def test_notices_are_shown_when_they_may_apply() -> None:
    rule = {"effect": "ENCOURAGE", "when": OUTFALL, "quote": [0, 4], "review": REVIEWED}
    assert [n.zh for n in judged(rule, YES).notices] == ["文文文文"]
    assert judged(rule, UNKNOWN).notices
    assert not judged(rule, NO).notices


def test_a_clause_without_rules_goes_to_a_person() -> None:
    clause = rules.compile_clause("X", "逐步优化产业布局。", [])
    (result,) = rules.judge([clause], YES)
    assert result.outcome is Outcome.NEEDS_REVIEW
    assert result.reason_zh and result.reason_en


# --- positive lists ---------------------------------------------------------------------------


def allow(code: str, state: str = "reviewed") -> rules.ClauseRules:
    rule = {"effect": "ALLOW", "subject": {"industry": [code]}, "review": {"state": state}}
    return rules.compile_clause(code, "文" * 10, [rule])


def test_one_entry_of_a_positive_list_admits() -> None:
    salt, food = allow("C26"), allow("C13")
    chemical = World({("industry",): frozenset(("2614",))})
    assert rules.outcomes([salt, food], chemical) == (Outcome.COMPLIANT, Outcome.NOT_APPLICABLE)
    miner = World({("industry",): frozenset(("0610",))})
    assert set(rules.outcomes([salt, food], miner)) == {Outcome.NON_COMPLIANT}
    assert set(rules.outcomes([salt, food], World())) == {Outcome.NEEDS_FACTS}


def test_an_exception_that_would_admit_is_told_as_a_flip() -> None:
    rule = {"effect": "ALLOW", "subject": {"industry": ["C13"]}, "unless": OUTFALL, "review": REVIEWED}
    world = World({("industry",): frozenset(("2614",)), ("fact", "new_outfall"): False})
    found = {(f.fact, f.needed_en, f.outcome) for f in judged(rule, world).flips}
    assert ("new_outfall", "yes", Outcome.COMPLIANT) in found


def test_an_unreviewed_entry_neither_admits_nor_lets_the_list_refuse() -> None:
    miner = World({("industry",): frozenset(("0610",))})
    assert set(rules.outcomes([allow("C26"), allow("B06", "draft")], miner)) == {Outcome.NEEDS_REVIEW}


# --- spans and states --------------------------------------------------------------------------

DISTANCE = {"distance": "river:黄河干流", "op": "<", "value": 1, "unit": "km"}


@pytest.mark.parametrize(
    ("span", "truth"),
    [
        (Span(400, 400), Truth.TRUE),
        (Span(0, 400), Truth.TRUE),
        (Span(400, float("inf")), Truth.UNKNOWN),
        (Span(1000, float("inf")), Truth.FALSE),
        (Span(1000, 1000), Truth.FALSE),
    ],
)
def test_a_distance_that_is_only_bounded_decides_when_every_value_agrees(span: Span, truth: Truth) -> None:
    leaf = rules.compile_rule({"effect": "FORBID", "when": DISTANCE}).applies
    assert leaf.reading(World({("distance", "river:黄河干流", ""): span})).truth is truth


@pytest.mark.parametrize(
    ("seen", "op", "value", "truth"),
    [
        (Several(frozenset(("达标", "未达标")), True), "is", "未达标", Truth.TRUE),
        (Several(frozenset(("达标",)), True), "is", "未达标", Truth.FALSE),
        (Several(frozenset(("达标",)), False), "is", "未达标", Truth.UNKNOWN),
        (Several(frozenset(), False), "is_not", "达标", Truth.UNKNOWN),
        (Several(frozenset(("未达标",)), True), "is_not", "达标", Truth.TRUE),
    ],
)
def test_a_state_holds_when_it_holds_in_any_of_the_places(
    seen: Several, op: str, value: str, truth: Truth
) -> None:
    condition = {"state": "air_quality", "op": op, "value": value}
    leaf = rules.compile_rule({"effect": "FORBID", "when": condition}).applies
    assert leaf.reading(World({("state", "air_quality", ""): seen})).truth is truth


@pytest.mark.parametrize(
    ("stated", "result"),
    [
        ("2614", "NON_COMPLIANT"),
        ("26", "NEEDS_FACTS"),
        ("261", "NEEDS_FACTS"),
        ("25", "NOT_APPLICABLE"),
        ("2611", "NOT_APPLICABLE"),
    ],
)
def test_an_industry_coarser_than_the_rule_s_leaves_it_open(stated: str, result: str) -> None:
    rule = {"effect": "FORBID", "subject": {"industry": ["C2614"]}, "review": REVIEWED}
    assert outcome(rule, World({("industry",): frozenset((stated,))})).name == result


# --- broken rules ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"effect": "PROHIBIT"},
        {"strength": "strong"},
        {"unknown_key": 1},
        {"when": {}},
        {"when": {"all": []}},
        {"when": {"fact": "no_such_fact", "op": "is", "value": True}},
        {"when": {"fact": "new_outfall", "op": "<", "value": 1}},
        {"when": {"fact": "new_outfall", "op": "is", "value": "yes"}},
        {"when": {"fact": "fuel", "op": "has", "value": "铀"}},
        {"when": {"fact": "boiler_tph", "op": "<", "value": "35"}},
        {"when": {"fact": "boiler_tph", "op": "<", "value": float("nan")}},
        {"when": {"fact": "boiler_tph", "op": "<", "value": 35, "unit": "km"}},
        {"when": {"fact": "boiler_tph", "op": "between", "value": [35, 10]}},
        {"when": {"fact": "boiler_tph", "op": "<", "value": True}},
        {"when": {"industry": ["C9999"]}},
        {"when": {"industry": ["A2614"]}},
        {"when": {"in": "red_line:"}},
        {"when": {"distance": "river", "op": "<", "value": 1}},
        {"when": {"state": "air_quality", "op": "is", "value": "好"}},
        {"when": {"duty": "安装在线监测"}},
        {"unless": {"not": {"duty": "安装在线监测"}}},
        {"require": OUTFALL},
        {"until": "2027-01-01"},
        {"quote": [5, 5]},
        {"quote": [0, 51]},
        {"when": {"clause": "A", "op": "is", "value": "GOOD"}},
        {"when": {"date": "today", "op": "<", "value": "2027-01-01"}},
        {"when": {"all": [OUTFALL], "any": [OUTFALL]}},
        {"subject": {"industry": "C26"}},
        {"review": {"state": "approved"}},
    ],
)
def test_a_broken_rule_is_named_and_isolates_its_clause(change: dict[str, Any]) -> None:
    rule = {"effect": "FORBID", "review": REVIEWED} | change
    with pytest.raises(BadRule) as caught:
        rules.check(rule, text="文" * 50)
    assert caught.value.text("zh-CN") != caught.value.text("en")
    clause = rules.compile_clause("X", "文" * 50, [rule])
    (result,) = rules.judge([clause], YES)
    assert result.outcome is Outcome.NEEDS_REVIEW
    assert "rule[0]" in result.reason_zh


def test_a_broken_rule_does_not_hide_a_breach_its_neighbour_found() -> None:
    good = {"effect": "FORBID", "when": OUTFALL, "review": REVIEWED}
    clause = rules.compile_clause("X", "文" * 50, [{"effect": "BAD"}, good])
    assert rules.outcomes([clause], YES) == (Outcome.NON_COMPLIANT,)
    assert rules.outcomes([clause], NO) == (Outcome.NEEDS_REVIEW,)
    (result,) = rules.judge([clause], YES)
    assert [r.index for r in result.rules] == [1]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda c: (
            st.lists(c, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    (
                        "all",
                        "any",
                        "not",
                        "fact",
                        "op",
                        "value",
                        "in",
                        "distance",
                        "unit",
                        "industry",
                        "duty",
                        "state",
                    )
                ),
                c,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_is_a_rule_or_a_named_error(value: Any) -> None:
    try:
        rules.check({"effect": "FORBID", "when": value})
    except BadRule as error:
        assert error.text("en")


@given(atoms, st.sampled_from(("zh-CN", "en")))
def test_every_atom_has_words(atom: dict[str, Any], lang: str) -> None:
    assert rules.describe(atom, lang)


# --- questions -----------------------------------------------------------------------------------


def test_the_fact_that_decides_most_is_asked_first() -> None:
    forbid = {"effect": "FORBID", "when": OUTFALL, "review": REVIEWED}
    both = {"effect": "FORBID", "when": {"all": [OUTFALL, PARK]}, "review": REVIEWED}
    groups = [([rules.compile_clause(str(i), "文", [r])], UNKNOWN) for i, r in enumerate((forbid, both))]
    first, second = rules.asks(groups)
    assert (first.fact, first.decides, first.mentioned) == ("new_outfall", 2, 2)
    assert (second.fact, second.decides, second.mentioned) == ("inside_compliant_park", 1, 1)
    assert first.worst is Outcome.NON_COMPLIANT


def test_nothing_is_asked_when_nothing_is_missing() -> None:
    clause = rules.compile_clause("X", "文", [{"effect": "FORBID", "when": OUTFALL, "review": REVIEWED}])
    assert rules.asks([([clause], YES)]) == ()


@given(st.lists(any_rule(), min_size=1, max_size=3), worlds(), st.booleans())
def test_leaving_out_what_cannot_decide_loses_no_flip(
    drawn: list[dict[str, Any]], world: World, drafts: bool
) -> None:
    """Flips found the short way equal those found by trying every variable."""
    members = [rules.compile_clause(str(i), "文" * 50, [r]) for i, r in enumerate(drawn)]
    now = rules.outcomes(members, world, count_drafts=drafts)
    short = flips.flips_of(members, world, now, drafts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            flips, "_decisive", lambda rule, *_: flips._variables(rule.applies, rule.unless, rule.require)
        )
        assert flips.flips_of(members, world, now, drafts) == short

"""Flips and questions: what one other value of one variable would change, and what to ask first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache, partial
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from sanxian import data
from sanxian.i18n import t
from sanxian.model import Ask, Effect, Flip, Outcome, ReviewState, Truth
from sanxian.rules.language import (
    BASE_UNIT,
    INDUSTRY,
    NO_LISTED_INDUSTRY,
    ROLES_HERE,
    Environment,
    Leaf,
    Node,
    Rule,
    Several,
    Span,
    Supposed,
    Tree,
    Value,
    Variable,
    limits_of,
)
from sanxian.rules.outcomes import ClauseRules, counts, outcomes
from sanxian.rules.words import (
    industry_words,
    leaf_words,
    number_words,
    seen_words,
    target_words,
    variable_words,
)

_YES_NO: Final = {True: "yes", False: "no"}

# --- flips and questions ---------------------------------------------------------------------


class Region(NamedTuple):
    """An open interval between neighbouring thresholds, or one threshold (``low == high``).

    An end that is only the end of the scale, not a threshold, is infinite.
    """

    low: float
    high: float
    unit: str


class Candidate(NamedTuple):
    """Another value of a variable: its words by language, or the region of numbers it stands for."""

    value: Value
    words: Callable[[str], str] = str
    region: Region | None = None


def flips_of(
    members: Sequence[ClauseRules], env: Environment, now: tuple[Outcome, ...], count_drafts: bool
) -> list[tuple[Flip, ...]]:
    """Return, for each member, what one other value of one variable would make of it.

    Every variable of the group is given every value its own leaves can tell apart (the regions
    between thresholds, the members of a vocabulary); the others keep what was seen. Neighbouring
    regions with one outcome are reported as one.
    """
    found: list[list[Flip]] = [[] for _ in members]
    decisive = frozenset[Variable]().union(
        *(_decisive(r, env, count_drafts) for m in members for r in m.rules)
    )
    for variable, leaves in by_variable(members).items():
        if variable not in decisive:
            continue
        seen = env.read(variable)
        if isinstance(seen, bool):
            shown = t(f"rules.flip.{_YES_NO[seen]}")
        else:
            shown = seen_words(variable, env, "zh-CN")
        tried = _try(members, env, variable, leaves, now, count_drafts)
        for i in range(len(members)):
            changed = [(c, result[i]) for c, result in tried]
            found[i].extend(_merge(variable, shown, now[i], changed))
    return [tuple(flips) for flips in found]


def _decisive(rule: Rule, env: Environment, count_drafts: bool) -> frozenset[Variable]:
    """Return the variables that can change what a rule says when they alone change.

    A conjunction with false members stays false unless every one of them turns, so only variables that all
    of its false members read matter. This leaves out nothing; it spares most of the work for the many
    clauses that speak of other industries.
    """
    if rule.effect in (Effect.ENCOURAGE, Effect.INFORM) or not counts(rule, count_drafts):
        return frozenset()
    everything = _variables(rule.applies, rule.unless, rule.require)
    if not isinstance(rule.applies, Node) or rule.applies.op != "all":
        return everything
    false = [c for c in rule.applies.children if c.reading(env).truth is Truth.FALSE]
    if not false:
        return everything
    turning = frozenset.intersection(*(_variables(child) for child in false))
    # an exception admits to a positive list even where the entry itself does not
    return turning | _variables(rule.unless) if rule.effect is Effect.ALLOW else turning


def _variables(*trees: Tree | None) -> frozenset[Variable]:
    return frozenset(
        leaf.variable
        for tree in trees
        if tree is not None
        for leaf in tree.leaves()
        if leaf.variable is not None
    )


def _try(
    members: Sequence[ClauseRules],
    env: Environment,
    variable: Variable,
    leaves: Sequence[Leaf],
    now: tuple[Outcome, ...],
    count_drafts: bool,
) -> list[tuple[Candidate, tuple[Outcome, ...]]]:
    """Return each candidate value of ``variable`` with the outcomes it gives.

    Outcomes depend on a variable through the truths of its own leaves only, so values that its leaves
    cannot tell apart are evaluated once.
    """
    known = {tuple(leaf.test(env) for leaf in leaves): now}
    tried = []
    for candidate in _candidates(variable, leaves, env.read(variable), env):
        supposed = Supposed(env, variable, candidate.value)
        truths = tuple(leaf.test(supposed) for leaf in leaves)
        if truths not in known:
            known[truths] = outcomes(members, supposed, count_drafts=count_drafts)
        tried.append((candidate, known[truths]))
    return tried


def by_variable(members: Sequence[ClauseRules]) -> dict[Variable, list[Leaf]]:
    """Return the leaves of a group by the variable they read, in order of appearance."""
    grouped: dict[Variable, list[Leaf]] = {}
    for member in members:
        for rule in member.rules:
            if rule.review is ReviewState.REJECTED:
                continue
            for leaf in rule.leaves():
                if leaf.variable is not None and leaf.variable != ROLES_HERE and leaf.variable[0] != "clause":
                    grouped.setdefault(leaf.variable, []).append(leaf)
    return grouped


def _merge(
    variable: Variable, shown: str, now: Outcome, tried: Sequence[tuple[Candidate, Outcome]]
) -> Iterator[Flip]:
    """Yield flips, joining neighbouring number regions and equal outcomes of names."""
    key = variable[1] if variable[0] == "fact" else ":".join(part for part in variable if part)
    runs = groupby(tried, key=lambda pair: pair[1]) if tried and tried[0][0].region else _by_outcome(tried)
    for outcome, run in runs:
        group = [candidate for candidate, _ in run]
        if outcome is not now:
            words = {lang: _group_words(group, lang) for lang in ("zh-CN", "en")}
            yield Flip(fact=key, seen=shown, needed_zh=words["zh-CN"], needed_en=words["en"], outcome=outcome)


def _by_outcome(
    tried: Sequence[tuple[Candidate, Outcome]],
) -> Iterator[tuple[Outcome, Iterable[tuple[Candidate, Outcome]]]]:
    return groupby(sorted(tried, key=lambda pair: pair[1]), key=lambda pair: pair[1])


def _group_words(group: Sequence[Candidate], lang: str) -> str:
    first, last = group[0].region, group[-1].region
    if first is not None and last is not None:
        return _region_words(first, last, lang)
    return t("rules.or", lang).join(dict.fromkeys(c.words(lang) for c in group))


def _candidates(variable: Variable, leaves: Sequence[Leaf], seen: Value, env: Environment) -> list[Candidate]:
    kind = variable[0]
    if kind in ("distance", "area", "length", "share"):
        return _regions(leaves, BASE_UNIT.get(kind, "%"), 0.0, 100.0 if kind == "share" else math.inf)
    if kind in ("in", "crosses"):
        place = partial(target_words, variable[1], env=env)
        return [_worded(value, f"{kind}_{value}".lower(), place=place) for value in (True, False)]
    if kind == "document":
        name = partial(variable_words, variable, env=env)
        return [_worded(value, f"document_{value}".lower(), name=name) for value in (True, False)]
    if kind == "state":
        values = data.states()[variable[1]].values
        return [_called(Several(frozenset((value,)), True), value) for value in values]
    if variable == INDUSTRY:
        return _industries(leaves, env)
    return _fact_values(variable, leaves, seen, env)


def _fact_values(
    variable: Variable, leaves: Sequence[Leaf], seen: Value, env: Environment
) -> list[Candidate]:
    fact = data.fact(variable[1])
    if fact.type == "number":
        low, high = fact.range
        return _regions(
            leaves, fact.unit, -math.inf if low is None else low, math.inf if high is None else high
        )
    if fact.type == "bool":
        return [_worded(value, _YES_NO[value]) for value in (True, False)]
    if fact.type == "date":
        return _days(leaves, env)
    mentioned = list(dict.fromkeys(v for leaf in leaves for v in listed(leaf)))
    if fact.type == "set":
        base = seen if isinstance(seen, frozenset) else frozenset[str]()
        groups = [[name] for name in mentioned] + ([mentioned] if len(mentioned) > 1 else [])
        sets = [_worded(base | set(names), "with", names="、".join(names)) for names in groups]
        return [*sets, _worded(base - set(mentioned), "without", names="、".join(mentioned))]
    values = fact.values or (*mentioned, t("rules.flip.other", "zh-CN"))
    return [_called(value, value) for value in values]


def _worded(value: Value, key: str, **fields: str | Callable[[str], str]) -> Candidate:
    """Return a candidate named by a text, whose fields may themselves depend on the language."""

    def words(lang: str) -> str:
        return t(f"rules.flip.{key}", lang, **{k: v(lang) if callable(v) else v for k, v in fields.items()})

    return Candidate(value, words)


def _called(value: Value, name: str) -> Candidate:
    """Return a candidate with one name in every language, as published."""
    return Candidate(value, lambda _: name)


def listed(leaf: Leaf) -> list[str]:
    """Return the values an atom names."""
    value = leaf.atom["value"]
    return [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]


def _days(leaves: Sequence[Leaf], env: Environment) -> list[Candidate]:
    """Return the day before, the day and the day after each date the leaves name."""
    limits = {
        env.as_of if v == "as_of" else date.fromisoformat(str(v)) for v in (x.atom["value"] for x in leaves)
    }
    steps = ((-1, "before"), (0, "on"), (1, "after"))
    return [
        _worded(limit + timedelta(days=step), key, day=limit.isoformat())
        for limit in sorted(limits)
        for step, key in steps
    ]


def _industries(leaves: Sequence[Leaf], env: Environment) -> list[Candidate]:
    """Return one witness for each industry the leaves name, and one that none of them names."""
    candidates: list[Candidate] = []
    for leaf in leaves:
        if "catalogue" in leaf.atom:
            prefixes = env.catalogue(leaf.atom["catalogue"])
            if prefixes:
                candidates.append(Candidate(_witness(prefixes[0]), partial(leaf_words, leaf, env=env)))
        else:
            codes = dict.fromkeys(data.industry_code(code) for code in leaf.atom["industry"])
            candidates += [_called(_witness(code), industry_words(code)) for code in codes]
    return [*candidates, _worded(frozenset((NO_LISTED_INDUSTRY,)), "no_industry")]


@lru_cache(maxsize=4096)
def _witness(prefix: str) -> frozenset[str]:
    """Return a class below ``prefix``; a coarser code would leave rules on its classes open."""
    table = data.industries().values()
    return frozenset(
        (next(row.code for row in table if row.level == "class" and data.industry_matches(row.code, prefix)),)
    )


def _regions(leaves: Sequence[Leaf], unit: str, low: float, high: float) -> list[Candidate]:
    """Return a witness for each threshold and for each gap between thresholds, in order."""
    limits = sorted({x for leaf in leaves for x in limits_of("", leaf.atom, unit) if low <= x <= high})
    candidates: list[Candidate] = []
    for left, right in pairwise((-math.inf, *limits, math.inf)):
        if math.isfinite(left):
            candidates.append(Candidate(Span.exact(left), region=Region(left, left, unit)))
        inner = _between(max(left, low), min(right, high))
        if inner is not None:
            candidates.append(Candidate(Span.exact(inner), region=Region(left, right, unit)))
    return candidates


def _between(left: float, right: float) -> float | None:
    """Return a number strictly between two ends, or ``None`` when there is none."""
    if left >= right:
        return None
    if math.isfinite(left) and math.isfinite(right):
        return (left + right) / 2
    if math.isfinite(left):
        return left + max(1.0, abs(left))
    return right - max(1.0, abs(right)) if math.isfinite(right) else 0.0


def _region_words(first: Region, last: Region, lang: str) -> str:
    """Return the words of the numbers from ``first`` to ``last``, e.g. ``≥ 35 t/h``."""
    tail = f" {first.unit}" if first.unit else ""
    if first.low == last.high:
        return f"= {number_words(first.low)}{tail}"
    ends = []
    if math.isfinite(first.low):
        ends.append(f"{'≥' if first.low == first.high else '>'} {number_words(first.low)}")
    if math.isfinite(last.high):
        ends.append(f"{'≤' if last.low == last.high else '<'} {number_words(last.high)}")
    return t("rules.and", lang).join(ends) + tail if ends else t("rules.flip.any_number", lang)


class Share(NamedTuple):
    """What the clauses of one group add to the question for one variable."""

    variable: Variable
    decides: int
    mentioned: int
    worst: Outcome


def shares(
    members: Sequence[ClauseRules], env: Environment, *, count_drafts: bool = False
) -> tuple[Share, ...]:
    """Return what a group of clauses adds to the questions.

    A fact is asked when a clause is NEEDS_FACTS and the fact is one of its unknowns. It *decides* a clause
    when at least one of its values alone settles it. Only what a project can state is asked: facts,
    industry and documents; missing layers and place states are the zoning manager's to supply.
    """
    now = outcomes(members, env, count_drafts=count_drafts)
    waiting = [i for i, outcome in enumerate(now) if outcome is Outcome.NEEDS_FACTS]
    found: list[Share] = []
    for variable, leaves in by_variable(members).items() if waiting else ():
        if variable[0] not in ("fact", "industry", "document") or env.read(variable) is not None:
            continue
        tried = [result for _, result in _try(members, env, variable, leaves, now, count_drafts)]
        for i in waiting:
            if any(leaf.variable == variable for rule in members[i].rules for leaf in rule.leaves()):
                results = {result[i] for result in tried}
                settled = bool(results - {Outcome.NEEDS_FACTS})
                worst = max(results, default=Outcome.NOT_APPLICABLE)
                found.append(Share(variable, int(settled), 1, worst))
    return pooled(found)


def pooled(found: Iterable[Share]) -> tuple[Share, ...]:
    """Return one share a variable: what all of them add together."""
    total: dict[Variable, Share] = {}
    for share in found:
        variable, decides, mentioned, worst = share
        other = total.get(variable)
        total[variable] = (
            share
            if other is None
            else Share(
                variable, decides + other.decides, mentioned + other.mentioned, max(worst, other.worst)
            )
        )
    return tuple(total.values())


def asks(
    groups: Iterable[tuple[Sequence[ClauseRules], Environment]], *, count_drafts: bool = False
) -> tuple[Ask, ...]:
    """Return the facts still to give over all groups, most decisive first."""
    found = [share for members, env in groups for share in shares(members, env, count_drafts=count_drafts)]
    return tuple(map(ask, ranked(found)))


def ranked(found: Iterable[Share]) -> list[Share]:
    """Return one share a variable, the most decisive first."""
    return sorted(pooled(found), key=lambda s: (-s.decides, -s.mentioned, -s.worst, s.variable))


@lru_cache(maxsize=4096)
def ask(share: Share) -> Ask:
    """Return the question for one variable."""
    variable, decides, mentioned, worst = share
    return Ask(
        fact=ask_key(variable),
        question_zh=_question(variable, "zh-CN"),
        question_en=_question(variable, "en"),
        decides=decides,
        mentioned=mentioned,
        worst=worst,
    )


def ask_key(variable: Variable) -> str:
    """Return the public key of an askable variable: a fact key, ``industry`` or ``document:…``."""
    if variable[0] == "document":
        return ":".join(part for part in variable if part)
    return variable[-1]


def _question(variable: Variable, lang: str) -> str:
    if variable[0] == "document":
        return t("rules.ask.document", lang, name=variable_words(variable, lang))
    fact = data.fact(variable[1] if variable[0] == "fact" else "industry")
    return fact.question_en if lang == "en" else fact.question_zh

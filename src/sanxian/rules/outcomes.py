"""Outcomes: what a rule, a clause and a positive list say (DESIGN §4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from sanxian.errors import BadRule
from sanxian.model import Effect, Outcome, ReviewState, Strength, Truth
from sanxian.rules.language import Duty, Environment, Reading, Rule, bad, compile_rule

# --- outcome of one rule (DESIGN §4.2) -------------------------------------------------------


class Decision(NamedTuple):
    """What one rule says by itself, and why."""

    outcome: Outcome
    reason: str  # key in locale/rules, table [reason]
    duties: tuple[Duty, ...] = ()


_NOT_CONCERNED: Final = Decision(Outcome.NOT_APPLICABLE, "not_concerned")
_UNCLEAR: Final = Decision(Outcome.NEEDS_FACTS, "applies_unknown")


def decide(rule: Rule, env: Environment) -> Decision:
    """Return what ``rule`` says, before strength and review state; not for ALLOW (see ``judge``)."""
    applies = rule.applies.reading(env).truth
    if rule.effect in (Effect.ENCOURAGE, Effect.INFORM):
        return _NOT_CONCERNED if applies is Truth.FALSE else Decision(Outcome.NOT_APPLICABLE, "notice")
    if applies is Truth.FALSE:
        return _NOT_CONCERNED
    if applies is Truth.UNKNOWN:
        return _UNCLEAR
    exempt = Reading(Truth.FALSE) if rule.unless is None else rule.unless.reading(env)
    granted = Decision(
        Outcome.CONDITIONAL if exempt.duties else Outcome.COMPLIANT, "exception", exempt.duties
    )
    if exempt.truth is Truth.TRUE:
        return granted
    otherwise = _without_exception(rule, env)
    if exempt.truth is Truth.UNKNOWN and otherwise.outcome is not granted.outcome:
        return Decision(Outcome.NEEDS_FACTS, "exception_unknown")
    return otherwise


def _without_exception(rule: Rule, env: Environment) -> Decision:
    if rule.effect is Effect.FORBID:
        return Decision(Outcome.NON_COMPLIANT, "forbidden")
    if rule.effect is Effect.EXIT:
        if rule.until is None:
            return Decision(Outcome.NEEDS_REVIEW, "exit_undated")
        if env.as_of > rule.until:
            return Decision(Outcome.NON_COMPLIANT, "exit_overdue")
        return Decision(Outcome.CONDITIONAL, "exit_due")
    if rule.require is None:
        return Decision(Outcome.NEEDS_REVIEW, "no_requirement")
    met = rule.require.reading(env)
    if met.truth is Truth.UNKNOWN:
        return Decision(Outcome.NEEDS_FACTS, "requirement_unknown")
    if met.truth is Truth.FALSE:
        return Decision(Outcome.NON_COMPLIANT, "requirement_unmet")
    if met.duties:
        return Decision(Outcome.CONDITIONAL, "requirement_duties", met.duties)
    return Decision(Outcome.COMPLIANT, "requirement_met")


def weaken(strength: Strength, outcome: Outcome) -> Outcome:
    """Return an outcome as the strength of the wording lets it stand."""
    if strength is Strength.SOFT:
        return min(outcome, Outcome.NEEDS_REVIEW)
    if strength is Strength.PRINCIPLE and outcome is Outcome.NON_COMPLIANT:
        return Outcome.NEEDS_REVIEW
    return outcome


# --- outcome of a clause, alone or inside a positive list ------------------------------------


@dataclass(frozen=True, slots=True)
class ClauseRules:
    """The compiled rules of one clause."""

    clause: str
    text: str
    rules: tuple[Rule, ...]
    broken: tuple[BadRule, ...] = ()


def compile_clause(clause: str, text: str, rules: Sequence[Mapping[str, Any]]) -> ClauseRules:
    """Return the rules of a clause compiled; what is broken is kept apart, never raised."""
    good: list[Rule] = []
    broken: list[BadRule] = []
    for number, raw in enumerate(rules):
        try:
            rule = compile_rule(raw)
            if rule.quote is not None and rule.quote[1] > len(text):
                raise bad("quote", "引文超出条款原文", "the quote runs past the clause text")
        except BadRule as error:
            broken.append(
                BadRule(where=f"rule[{number}].{error.fields['where']}", reason=error.fields["reason"])
            )
        else:
            good.append(replace(rule, index=number))
    return ClauseRules(clause, text, tuple(good), tuple(broken))


def counts(rule: Rule, count_drafts: bool) -> bool:
    """Return whether a rule may decide: reviewed, or a draft when drafts are asked to count."""
    return rule.review is ReviewState.REVIEWED or (count_drafts and rule.review is ReviewState.DRAFT)


def _listdecisions_of(rules: Sequence[Rule], env: Environment, count_drafts: bool) -> list[Decision]:
    """Decide the ALLOW rules of one positive list together: what is not allowed is not admitted."""
    truths: list[Truth] = []
    for rule in rules:
        exempt = Truth.FALSE if rule.unless is None else rule.unless.reading(env).truth
        truths.append(max(rule.applies.reading(env).truth, exempt))
    counting = [truth for rule, truth in zip(rules, truths, strict=True) if counts(rule, count_drafts)]
    best = max(counting, default=Truth.FALSE)
    drafts_may = max(truths, default=Truth.FALSE) > best
    decisions = []
    for truth in truths:
        if truth is Truth.TRUE:
            decisions.append(Decision(Outcome.COMPLIANT, "allowed"))
        elif best is Truth.TRUE:
            decisions.append(Decision(Outcome.NOT_APPLICABLE, "allowed_elsewhere"))
        elif truth is Truth.UNKNOWN:
            decisions.append(Decision(Outcome.NEEDS_FACTS, "allowed_unknown"))
        elif best is Truth.UNKNOWN:
            decisions.append(Decision(Outcome.NOT_APPLICABLE, "allowed_maybe_elsewhere"))
        elif drafts_may:
            # an unreviewed entry may admit the project; it can neither admit nor refuse by itself
            decisions.append(Decision(Outcome.NEEDS_REVIEW, "allowed_by_draft"))
        else:
            decisions.append(Decision(Outcome.NON_COMPLIANT, "not_listed"))
    return decisions


def decisions_of(
    members: Sequence[ClauseRules], env: Environment, count_drafts: bool
) -> list[list[Decision]]:
    """Return what each rule of each member says, positive lists decided together."""
    allow = [
        r
        for m in members
        for r in m.rules
        if r.effect is Effect.ALLOW and r.review is not ReviewState.REJECTED
    ]
    listed = iter(_listdecisions_of(allow, env, count_drafts))
    return [
        [
            next(listed)
            if rule.effect is Effect.ALLOW and rule.review is not ReviewState.REJECTED
            else decide(rule, env)
            for rule in member.rules
        ]
        for member in members
    ]


def count(rule: Rule, decision: Decision, count_drafts: bool) -> Outcome | None:
    """Return what counts of a rule; ``None`` for a rejected one."""
    if rule.review is ReviewState.REJECTED:
        return None
    if not counts(rule, count_drafts):
        return Outcome.NEEDS_REVIEW
    return weaken(rule.strength, decision.outcome)


def clause_outcome(member: ClauseRules, decisions: Sequence[Decision], count_drafts: bool) -> Outcome:
    """Return the worst of what counts; a broken or missing rule goes to a person."""
    counted = [count(r, d, count_drafts) for r, d in zip(member.rules, decisions, strict=True)]
    known = [outcome for outcome in counted if outcome is not None]
    if member.broken or not known:
        known.append(Outcome.NEEDS_REVIEW)
    return max(known)


def outcomes(
    members: Sequence[ClauseRules], env: Environment, *, count_drafts: bool = False
) -> tuple[Outcome, ...]:
    """Return the outcome of each member; the fast path behind flips and questions."""
    decided = decisions_of(members, env, count_drafts)
    return tuple(clause_outcome(m, d, count_drafts) for m, d in zip(members, decided, strict=True))

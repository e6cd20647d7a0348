"""Judgement: a clause judged in one place, with reasons, trace, flips and notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sanxian.i18n import t
from sanxian.model import Flip, Notice, Outcome, ReviewState, RuleResult, Truth
from sanxian.rules.flips import flips_of
from sanxian.rules.language import Environment, Node, Rule, Tree
from sanxian.rules.outcomes import ClauseRules, Decision, clause_outcome, count, decisions_of, weaken
from sanxian.rules.words import label, leaf_words, seen_json, seen_words


@dataclass(frozen=True, slots=True)
class Judgement:
    """One clause judged in one place."""

    outcome: Outcome
    reason_zh: str
    reason_en: str
    rules: tuple[RuleResult, ...]
    flips: tuple[Flip, ...]
    notices: tuple[Notice, ...]


def judge(
    members: Sequence[ClauseRules], env: Environment, *, count_drafts: bool = False
) -> tuple[Judgement, ...]:
    """Judge clauses that share a positive list (or one clause alone) in one place.

    Parameters
    ----------
    members : sequence of ClauseRules
        All clauses of one list reached in this place; one clause when it belongs to no list.
    env : Environment
        What is known about the project here.
    count_drafts : bool, default False
        Let unreviewed rules decide.

    Returns
    -------
    tuple of Judgement
        In the order of ``members``, with trace, reasons and flips.
    """
    decided = decisions_of(members, env, count_drafts)
    now = tuple(clause_outcome(m, d, count_drafts) for m, d in zip(members, decided, strict=True))
    flips = flips_of(members, env, now, count_drafts)
    return tuple(
        _explain(member, decisions, env, outcome, turns, count_drafts)
        for member, decisions, outcome, turns in zip(members, decided, now, flips, strict=True)
    )


def _explain(
    member: ClauseRules,
    decisions: Sequence[Decision],
    env: Environment,
    outcome: Outcome,
    flips: tuple[Flip, ...],
    count_drafts: bool,
) -> Judgement:
    results: list[RuleResult] = []
    notices: list[Notice] = []
    for rule, decision in zip(member.rules, decisions, strict=True):
        counted = count(rule, decision, count_drafts)
        quote = member.text[slice(*rule.quote)] if rule.quote else member.text
        results.append(
            RuleResult(
                index=rule.index,
                effect=rule.effect.value,
                strength=rule.strength.value,
                outcome=Outcome.NOT_APPLICABLE if counted is None else counted,
                machine_outcome=weaken(rule.strength, decision.outcome),
                reviewed=rule.review is ReviewState.REVIEWED,
                quote=quote,
                reason_zh=_reason(rule, decision, env, counted, "zh-CN"),
                reason_en=_reason(rule, decision, env, counted, "en"),
                duties=tuple({"text": d.text, "phase": d.phase} for d in decision.duties),
                trace=_trace(rule, env),
            )
        )
        if decision.reason == "notice" and counted is not None:
            notices.append(Notice(code=rule.effect.value, zh=quote, en=quote))
    zh, en = _clause_reason(member, results, outcome)
    return Judgement(outcome, zh, en, tuple(results), flips, tuple(notices))


def _clause_reason(member: ClauseRules, results: Sequence[RuleResult], outcome: Outcome) -> tuple[str, str]:
    """Return the reason of the rule that decides; a broken or missing rule speaks for itself."""
    if member.broken and outcome is Outcome.NEEDS_REVIEW:
        return member.broken[0].text("zh-CN"), member.broken[0].text("en")
    for result in results:
        if result.outcome is outcome and (result.reviewed or outcome is not Outcome.NOT_APPLICABLE):
            return result.reason_zh, result.reason_en
    key = "reason.no_rule" if not member.rules else "reason.rejected"
    return t(f"rules.{key}", "zh-CN"), t(f"rules.{key}", "en")


def trace(tree: Tree, env: Environment) -> dict[str, Any]:
    """Return a tree step by step: the truth of each node and the value each leaf saw."""
    if isinstance(tree, Node):
        children = [trace(child, env) for child in tree.children]
        return {"op": tree.op, "truth": tree.reading(env).truth.name, "children": children}
    seen = None if tree.variable is None else seen_json(tree.variable, env)
    return {
        "atom": dict(tree.atom),
        "truth": tree.reading(env).truth.name,
        "seen": seen,
        "zh": leaf_words(tree, "zh-CN", env),
        "en": leaf_words(tree, "en", env),
    }


def _trace(rule: Rule, env: Environment) -> dict[str, Any]:
    trees = {"applies": rule.applies, "unless": rule.unless, "require": rule.require}
    steps: dict[str, Any] = {name: trace(tree, env) for name, tree in trees.items() if tree is not None}
    if rule.until is not None:
        steps["until"] = rule.until.isoformat()
    return steps


def _reason(rule: Rule, decision: Decision, env: Environment, counted: Outcome | None, lang: str) -> str:
    if counted is None:
        return t("rules.reason.rejected", lang)
    text = t(f"rules.reason.{decision.reason}", lang).format_map(_Because(rule, decision, env, lang))
    if rule.review is ReviewState.DRAFT and counted is Outcome.NEEDS_REVIEW:
        suggested = t(f"outcome.{weaken(rule.strength, decision.outcome).name}", lang)
        return t("rules.reason.draft", lang, suggested=suggested, reason=text)
    if counted is not decision.outcome:
        return t(f"rules.reason.{rule.strength.value}", lang, reason=text)
    return text


class _Because(dict[str, str]):
    """The parts of a reason, each made only when its text asks for it."""

    def __init__(self, rule: Rule, decision: Decision, env: Environment, lang: str) -> None:
        super().__init__(until=rule.until.isoformat() if rule.until else "")
        self._rule, self._decision, self._env, self._lang = rule, decision, env, lang

    def __missing__(self, name: str) -> str:
        rule, env, lang = self._rule, self._env, self._lang
        if name == "duties":
            words = [f"{d.text}（{d.phase}）" if d.phase else d.text for d in self._decision.duties]
            return t("rules.joint", lang).join(words)
        if name == "unknown":
            leaves = (leaf for leaf in rule.leaves() if leaf.reading(env).truth is Truth.UNKNOWN)
            return t("rules.joint", lang).join(dict.fromkeys(label(leaf, env, lang) for leaf in leaves))
        tree, truth = {
            "because": (rule.applies, Truth.TRUE),
            "not_because": (rule.applies, Truth.FALSE),
            "exception": (rule.unless, Truth.TRUE),
            "met": (rule.require, Truth.TRUE),
            "unmet": (rule.require, Truth.FALSE),
        }[name]
        return "" if tree is None else _because(tree, env, truth, lang)


def _because(tree: Tree, env: Environment, truth: Truth, lang: str) -> str:
    """Return the leaves that carry ``truth``, each with the value seen."""
    parts = []
    for leaf in tree.leaves():
        if leaf.duty is None and leaf.test(env) is truth:
            text = leaf_words(leaf, lang, env)
            seen = None if leaf.variable is None else env.read(leaf.variable)
            if not isinstance(seen, bool):
                shown = "" if leaf.variable is None else seen_words(leaf.variable, env, lang)
            else:  # a yes that holds needs no repeating; one that fails does
                shown = t(f"rules.flip.{'yes' if seen else 'no'}", lang) if truth is Truth.FALSE else ""
            parts.append(t("rules.with_seen", lang, text=text, seen=shown) if shown else text)
    return t("rules.joint", lang).join(dict.fromkeys(parts)) or t("rules.all_projects", lang)

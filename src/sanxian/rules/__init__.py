"""The rule language: check, compile, evaluate in three-valued logic, trace, flip.

A rule is JSON over a closed set of operators (``docs/reference/clause-format.md``). It is compiled once
into a small tree. Every leaf reads one *variable* — a fact, a distance, a place state … — from an
:class:`Environment`; leaves never see geometry, files or the clock. The same tree gives the truth, the
trace with the value seen at each node, the variables that are unknown, and, by trying other values of
one variable at a time, the flips. Nothing is short-circuited: an unknown hidden behind a false is
still shown.

``language`` compiles, ``outcomes`` decides, ``flips`` tries other values, ``judgement`` explains, ``words``
reads atoms and values aloud.

Source of the logic: strong Kleene logic (S. C. Kleene, 1952); outcome table: DESIGN §4.2.
"""

from sanxian.rules.flips import Share, ask, asks, by_variable, listed, pooled, ranked, shares
from sanxian.rules.judgement import Judgement, judge
from sanxian.rules.language import (
    INDUSTRY,
    ROLES_HERE,
    Environment,
    Leaf,
    Rule,
    Several,
    Span,
    Supposed,
    Value,
    Variable,
    check,
    compile_rule,
    parse_target,
)
from sanxian.rules.outcomes import ClauseRules, compile_clause, outcomes
from sanxian.rules.words import describe, leaf_words, plain, show, target_words

__all__ = [
    "INDUSTRY",
    "ROLES_HERE",
    "ClauseRules",
    "Environment",
    "Judgement",
    "Leaf",
    "Rule",
    "Several",
    "Share",
    "Span",
    "Supposed",
    "Value",
    "Variable",
    "ask",
    "asks",
    "by_variable",
    "check",
    "compile_clause",
    "compile_rule",
    "describe",
    "judge",
    "leaf_words",
    "listed",
    "outcomes",
    "parse_target",
    "plain",
    "pooled",
    "ranked",
    "shares",
    "show",
    "target_words",
]

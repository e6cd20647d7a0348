"""Clause text to rules: deterministic, offline, every part of a rule resting on words it can quote.

A text is cut into statements (。；) without their marks (①, 1-2, 2、), statements into segments (，).
``statements`` finds who, where, when and what in them, ``drafts`` writes it as rules. What is said about an
object but is in no vocabulary becomes a *matter* in the clause's own words, so that no condition is
dropped; words that reach no rule are the residue. A text in which no effect is found is left to a person.

The method is our own; the patterns are those of published lists (reference/domain.md §3.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sanxian.clauses.drafts import Work, rules_of
from sanxian.clauses.lexing import lexed
from sanxian.clauses.reading import Reading
from sanxian.clauses.said import Span
from sanxian.clauses.sentences import read_sentence
from sanxian.clauses.statements import MARK, Statement, items
from sanxian.errors import BadSentence

_REFERENCES: Final = (
    ("anaphora", re.compile("同上|前款|前条|前项|上款|前述|上述|本条第|比照前")),
    (
        "reference",
        re.compile(
            r"《[^》]{2,40}》|见附[件表图录]|参照[^,;。]{0,20}执行|另行(?:制定|公布)|第[〇一二三四五六七八九十百\d]+条"
        ),
    ),
)
MAX_SENTENCE: Final = 4_000  # characters of a sentence of the controlled language
MAX_TEXT: Final = 20_000  # characters that are read; a longer cell is a table or a whole document


def parse(text: str) -> Reading:
    """Return the machine form of a clause text.

    Any string is taken; a text in which nothing can be read has no rules and is left to a person.

    Examples
    --------
    >>> [r["effect"] for r in parse("禁止新建、扩建化工项目；现有的限期退出。").rules]
    ['FORBID', 'EXIT']
    """
    return _parse(text)


@lru_cache(maxsize=1024)  # units of a list say the same thing again and again
def _parse(text: str) -> Reading:
    if (stated := _controlled(text)) is not None:
        return stated
    work = Work(lexed(text[:MAX_TEXT]))
    if len(text) > MAX_TEXT:
        work.doubt("too_long")
    lead: Sequence[Span] = ()
    for item in items(work.lexed.text):
        lead = Statement(work, item, lead).read()
    for code, words in _REFERENCES:
        if words.search(work.lexed.text):
            work.doubt(code)
    made = _rules(work)
    residue = _residue(work)
    unread = [(MAX_TEXT, len(text))] if len(text) > MAX_TEXT else []
    return Reading(
        text=text,
        rules=tuple(made),
        residue=(*(work.lexed.plain.published(*span) for span in residue), *unread),
        confidence=_confidence(work, made, residue),
        doubts=tuple(work.doubts),
    )


_CONTROLLED: Final = re.compile(
    r"[A-Za-z]|[^。\n]{2,}项目(?:，|；|。|,|;|$)"
)  # what a controlled sentence looks like


def _controlled(text: str) -> Reading | None:
    """Return the reading of a sentence of the controlled language (``sentences``): the rule it states, no more, no less."""
    words = text.strip()
    if len(words) > MAX_SENTENCE or not _CONTROLLED.match(words):
        return None
    try:
        rule = read_sentence(words)
    except BadSentence:
        return None
    start = text.index(words)
    rule["quote"] = [start, start + len(words)]
    rule["parts"] = []
    return Reading(text=text, rules=(rule,), confidence=1.0)


def _rules(work: Work) -> list[dict[str, Any]]:
    """Return the rules of all drafts, each once; that they follow the format is proven by the tests, not per text."""
    alone = not any(draft.effect in ("FORBID", "RESTRICT") and not draft.heads for draft in work.drafts)
    made: list[dict[str, Any]] = []
    for draft in work.drafts:
        for rule in rules_of(work, draft, alone=alone):
            if not any(_same(rule, other) for other in made):
                made.append(rule)
    return made


def _same(rule: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(rule.get(key) == other.get(key) for key in (rule.keys() | other.keys()) - {"quote", "parts"})


def _residue(work: Work) -> list[Span]:
    """Return the stretches no rule rests on, without marks, punctuation and function words."""
    text = work.lexed.text
    cover = bytearray(len(text) + 1)
    cover[-1] = 1
    for start, end in work.used:
        cover[start:end] = b"\1" * (end - start)
    spans: list[Span] = []
    place = cover.find(0)
    while place >= 0:
        end = cover.find(1, place)
        words = text[place:end].strip(",;:。、()\n的和及与并且")
        if len(words) >= 2 and MARK.fullmatch(text, place, end) is None:
            spans.append((place, end))
        place = cover.find(0, end)
    return spans


def _confidence(work: Work, made: Sequence[Mapping[str, Any]], residue: Sequence[Span]) -> float:
    """Return how much of the text was understood: a share of words, less what was taken in its own words."""
    if not made:
        return 0.0
    left = sum(end - start for start, end in residue) / max(1, len(work.lexed.text))
    own = sum(_own_words(rule.get(key)) for rule in made for key in ("when", "unless", "require"))
    value = 1.0 - left - 0.05 * min(own, 8) - 0.08 * len(work.doubts)
    return round(min(1.0, max(0.05, value)), 2)


def _own_words(node: Any) -> int:
    """Return how many conditions of a tree stand in the clause's own words."""
    if node is None:
        return 0
    for joint in ("all", "any"):
        if joint in node:
            return sum(map(_own_words, node[joint]))
    return _own_words(node["not"]) if "not" in node else int("matter" in node or "duty" in node)

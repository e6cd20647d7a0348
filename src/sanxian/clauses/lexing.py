"""A clause text with its words, numbers, ratios and dates found, ready to be read stretch by stretch."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from sanxian.clauses import quantities as q
from sanxian.clauses.text import Plain, plain
from sanxian.clauses.words import Token, tokens

_TIMES: Final = re.compile(r"\d倍")
_PART: Final = re.compile("[,;。\n]")
_RATIO_IS: Final = re.compile("^[^,;。]*,[^,;。]{0,6}(?:比例|倍数)[^,;。]*$")
_NEAR: Final = 24  # characters between a word for a ratio and its number


@dataclass(frozen=True)  # no slots: what is derived is kept
class Lexed:
    """The words and numbers of one text; all offsets are into ``text``, the plain form."""

    plain: Plain

    @property
    def text(self) -> str:
        """Return the plain text."""
        return self.plain.text

    @cached_property
    def deadlines(self) -> tuple[q.Deadline, ...]:
        """Return the dates."""
        return tuple(q.deadlines(self.text)) if "20" in self.text else ()

    @cached_property
    def ratios(self) -> tuple[q.Ratio, ...]:
        """Return the replacement ratios."""
        found = tuple(q.ratios(self.text))
        if len(found) < 2 and not (found and "倍" in self.text):
            return found
        return tuple(ratio for one in found if (ratio := self._stated(one, found)) is not None)

    def _stated(self, ratio: q.Ratio, others: tuple[q.Ratio, ...]) -> q.Ratio | None:
        """Return a ratio said by a word as the number beside it says it; ``None`` when that number is all there is."""
        if ratio.stated:
            return ratio
        for number in (r.start for r in others if r.stated):
            if self._apart(ratio.start, number) is None:
                return None
        for number in (m.start() for m in _TIMES.finditer(self.text)):
            if self._apart(ratio.start, number) is None:
                return None
        for other in others:
            between = self._apart(ratio.start, other.start)
            if other.stated and ratio.start < other.start and between and _RATIO_IS.search(between):
                return replace(ratio, op=other.op, value=other.value)  # 减量替代，比例不低于1.2:1
        return ratio

    def _apart(self, one: int, other: int) -> str | None:
        """Return the words between two places of different segments; ``None`` within one, ``""`` when far away."""
        start, stop = sorted((one, other))
        between = self.text[start:stop]
        if _PART.search(between) is None and stop - start < _NEAR:
            return None
        return between if stop - start < _NEAR else ""

    @cached_property
    def quantities(self) -> tuple[q.Quantity, ...]:
        """Return the numbers that are no dates, ratios or item marks."""
        taken = [*((x.start, x.end) for x in self.deadlines), *((x.start, x.end) for x in self.ratios)]
        return tuple(q.quantities(self.text, taken))

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Return the words of the lexicon; one that reaches into a number yields to it."""
        numbers = [
            *((x.start, x.end) for x in self.quantities),
            *((x.start, x.end) for x in self.ratios),
            *((x.start, x.end) for x in self.deadlines),
        ]
        if not numbers:
            return tuple(tokens(self.text))
        free = bytearray(len(self.text))
        for start, end in numbers:
            free[start:end] = b"\1" * (end - start)
        return tuple(t for t in tokens(self.text) if b"\1" not in free[t.start : t.end])

    @cached_property
    def brackets(self) -> tuple[tuple[int, int], ...]:
        """Return the stretches inside round brackets."""
        if "(" not in self.text:
            return ()
        return tuple(m.span() for m in re.finditer(r"\([^()]*\)", self.text))

    def bracketed(self, place: int) -> bool:
        """Whether a place lies inside round brackets."""
        return any(start <= place < end for start, end in self.brackets)

    @cached_property
    def _starts(self) -> list[int]:
        return [token.start for token in self.tokens]

    def within(self, start: int, end: int) -> Iterator[Token]:
        """Yield the words that lie in ``[start, end)``."""
        starts = self._starts
        for token in self.tokens[bisect_left(starts, start) : bisect_left(starts, end)]:
            if token.end <= end:
                yield token

    def of(self, kind: str, start: int, end: int) -> list[tuple[Any, Token]]:
        """Return the values of one kind in ``[start, end)`` with the words that say so."""
        return [(t.kinds[kind], t) for t in self.within(start, end) if kind in t.kinds]


def lexed(text: str) -> Lexed:
    """Return the words and numbers of a published text."""
    return Lexed(plain(text))

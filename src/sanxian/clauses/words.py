"""The lexicon of the clause grammar, and the longest match over it.

Words come from three tables of the package: ``clause_words.toml`` (effects, places, pollutants …),
``industry_words.csv`` (legal and everyday names of industries) and the official names of GB/T 4754-2017.
The longest word at a place wins over every kind, so a longer word also shields a shorter one
(排放限值 is no 限值, 禁燃区 forbids nothing).
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sanxian import data
from sanxian.clauses.text import plain

Kinds = Mapping[str, Any]
"""What a word may be: kind to value, e.g. ``{"industry": ("26",)}``; several kinds may hold at once."""

_PLAIN_KINDS: Final = ("pollutants", "fuels", "activities")
_OFFICIAL: Final = frozenset(f"{n:02d}" for n in range(1, 49)) | {
    "77",
    "78",
    "80",
}  # divisions whose names are no everyday words
_TAILS: Final = ("制造业", "加工业", "开采业", "制造", "加工", "生产", "业")
_SPLIT: Final = re.compile("[、和及与（）()]|其他|未列明|相关")


class Token(NamedTuple):
    """A word of the lexicon in a text: ``[start, end)`` and what it may be."""

    start: int
    end: int
    kinds: Kinds


def tokens(text: str) -> Iterator[Token]:
    """Yield the longest words of the lexicon from left to right; they do not overlap."""
    lexicon, lengths = _lexicon()
    place, end = 0, len(text)
    while place < end:
        for length in lengths.get(text[place : place + 2]) or lengths.get(text[place], ()):
            kinds = lexicon.get(text[place : place + length])
            if kinds is not None and place + length <= end:
                yield Token(place, place + length, kinds)
                place += length
                break
        else:
            place += 1


@lru_cache(maxsize=1)
def table() -> Mapping[str, Any]:
    """Return ``clause_words.toml``."""
    text = resources.files("sanxian").joinpath("data", "clause_words.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


@lru_cache(maxsize=1)
def _lexicon() -> tuple[dict[str, Kinds], dict[str, tuple[int, ...]]]:
    """Return every word with its kinds, and the lengths of words by their first two characters, longest first."""
    found: dict[str, dict[str, Any]] = {}
    for word, kind, value in _entries():
        found.setdefault(word, {}).setdefault(kind, value)
    for kinds in found.values():
        if "shields" in kinds:
            kinds.pop("industry", None)  # 生态保护 is a name of the standard and of everything else
    lengths: dict[str, set[int]] = {}
    for word in found:
        lengths.setdefault(word[:2], set()).add(len(word))
        if len(word) > 1 and word[0] in found:
            lengths[word[:2]].add(1)
    frozen: dict[str, Kinds] = {word: MappingProxyType(kinds) for word, kinds in found.items()}
    return frozen, {first: tuple(sorted(sizes, reverse=True)) for first, sizes in lengths.items()}


def _entries() -> Iterator[tuple[str, str, Any]]:
    """Yield (word, kind, value); the first value of a kind stays."""
    words = table()
    for effect, strengths in words["effects"].items():
        for strength, members in strengths.items():
            for word in members:
                yield word, "effect", (effect, strength)
    for effect, parts in words["composed"].items():
        for head in parts["heads"]:
            for verb in parts["verbs"]:
                yield head + verb, "effect", (effect, "strict")
    for natures, members in words["natures"].items():
        for word in members:
            yield word, "nature", tuple(natures.split(","))
    for target, members in words["places"].items():
        for word in members:
            yield word, "place", target
    for value, members in words["places_by_fact"].items():
        for word in members:
            yield word, "land", value
    for state, members in words["states"].items():
        key, _, value = state.partition("=")
        for word in members:
            yield word, "state", (key, value)
    for kind in _PLAIN_KINDS:
        for value, members in words[kind].items():
            for word in members:
                yield word, kind, value
    for kind in ("here", "shields", "generic", "stops", "building"):
        for word in words[kind]["words"]:
            yield word, kind, True
    yield from _industry_words()
    yield from _official_names()


def _industry_words() -> Iterator[tuple[str, str, Any]]:
    source = resources.files("sanxian").joinpath("data", "industry_words.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(source.splitlines()):
        if row["kind"] == "blocker":
            yield row["word"], "shields", True
        elif row["kind"] == "all":
            yield row["word"], "generic", True
        elif not row["codes"]:
            continue  # a class of projects no code tells (高耗水项目): it stays in the clause's own words
        else:
            yield row["word"], "industry", tuple(_divisions(row["codes"].split("|")))
            if row["kind"] == "behaviour":
                yield row["word"], "behaviour", True


def _divisions(codes: list[str]) -> Iterator[str]:
    """Yield codes, a whole section as its divisions: 制造业 is 13 to 43."""
    for code in codes:
        if code.isalpha():
            yield from (
                r.code for r in data.industries().values() if r.level == "division" and r.section == code
            )
        else:
            yield code


def _official_names() -> Iterator[tuple[str, str, Any]]:
    """Yield the names of the standard, and their stems: 水泥制造 is also called 水泥."""
    stems: dict[str, list[str]] = {}
    for row in data.industries().values():
        if row.level == "section" or row.code[:2] not in _OFFICIAL or len(row.name) < 2:
            continue
        yield plain(row.name).text, "industry", (row.code,)
        if _SPLIT.search(row.name):
            continue
        for tail in _TAILS:
            stem = row.name.removesuffix(tail)
            if stem != row.name and len(stem) >= 2:
                stems.setdefault(stem, []).append(row.code)
                break
    for stem, codes in stems.items():
        shortest = min(codes, key=len)
        if all(code.startswith(shortest) for code in codes):
            yield stem, "industry", (shortest,)

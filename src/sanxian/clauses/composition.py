"""Composition: the list that holds at one place, all levels in order, and how its clauses stand to each other.

Nothing is dropped: a clause that a stricter one leaves without effect is shown with what overrides it and why,
and "执行全省总体要求" is a link to the clauses meant instead of a copy of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final, TypeAlias

from sanxian import edition as editions
from sanxian.clauses.logic import Logic, Pool, Read, Standing, standing
from sanxian.clauses.reach import Reach, Site, by_reach
from sanxian.clauses.text import plain
from sanxian.edition import Edition, Lapse
from sanxian.i18n import t
from sanxian.model import (
    Clause,
    Dimension,
    Level,
    Notice,
    UnitClass,
)

RANK: Final = {level: i for i, level in enumerate(Level)}
_DIMENSION: Final = {dimension: i for i, dimension in enumerate(Dimension)}

# --- the list of one place -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """How a rule of one clause stands to a rule of another at the same place."""

    clause: str  # the other clause
    rule: int | None  # own rule; None when the whole texts are meant …
    other: int | None  # … and the other clause's
    standing: Standing
    only_in: tuple[str, ...]  # the parts of the place where this is so; () = all of it
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A clause that refers to the requirements of another level instead of repeating them."""

    span: tuple[int, int]  # the words in the text that refer
    levels: tuple[Level, ...]  # levels named; () = 总体要求 without a level, all above are meant
    clauses: tuple[str, ...]  # the clauses meant; () = unresolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One clause of the list of a place."""

    clause: Clause
    through: tuple[str, ...]  # what it was reached through: "layer:code", region code, "*"
    lapse: Lapse | None = None  # why it is not in force, when it is not
    overrides: tuple[Tie, ...] = ()  # it leaves these without effect …
    overridden_by: tuple[Tie, ...] = ()  # … and these leave it without effect
    same_as: tuple[Tie, ...] = ()
    links: tuple[Link, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """组合清单: every clause that holds at a place, once, in the order of the levels."""

    site: Site
    entries: tuple[Entry, ...]

    def entry(self, clause: str) -> Entry:
        """Return the entry of a clause; KeyError when it does not hold here."""
        for entry in self.entries:
            if entry.clause.id == clause:
                return entry
        raise KeyError(clause)


def compose(
    clauses: Sequence[Clause] | Reach,
    *,
    at: Site,
    edition: Edition | None = None,
    as_of: date | None = None,
    industries: Sequence[str] = (),
) -> Composition:
    """Return the list that holds at one place: nation to unit, the four dimensions in order.

    Parameters
    ----------
    clauses : sequence of Clause, or Reach
        With distinct ids; an index when lists of many places are wanted.
    at : Site
        See :func:`site`, :func:`site_of_zone` and :meth:`Site.of`.
    edition : Edition, optional
        Gives documents and catalogues; taken from the index when there is one.
    as_of : date, optional
        With an edition, clauses out of force then are marked and neither override nor link.
    industries : sequence of str
        Only what may concern these; every clause of the place when empty.
    """
    reach = clauses if isinstance(clauses, Reach) else by_reach(clauses, edition=edition, as_of=as_of)
    edition = reach.edition if edition is None else edition
    reached = reach.look_up(at, industries)
    wanted = set(reached.through)
    reads = {read.clause.id: read for read in reach.reads if read.clause.id in wanted}
    lapses = {}
    if edition is not None and as_of is not None:
        lapses = {c.id: editions.clause_in_force(c, edition, as_of) for c in reached.clauses}
    live = [reads[c.id] for c in reached.clauses if lapses.get(c.id) is None]
    over, under, same = _ties(live, reach.logic, _Ways(at, reached.through))
    listed = tuple(read.clause for read in live)
    entries = []
    for clause in sorted(reached.clauses, key=place_in_list):
        lapse = lapses.get(clause.id)
        linked = links(clause, listed) if lapse is None else ()
        entries.append(
            Entry(
                clause=clause,
                through=reached.through[clause.id],
                lapse=lapse,
                overrides=tuple(over.get(clause.id, ())),
                overridden_by=tuple(under.get(clause.id, ())),
                same_as=tuple(same.get(clause.id, ())),
                links=linked,
                notices=tuple(_notices(clause, lapse, linked, clause.id in reach.unplaced)),
            )
        )
    return Composition(site=at, entries=tuple(entries))


def place_in_list(clause: Clause) -> tuple[Any, ...]:
    """Return the sort key of a clause in a list: level, dimension, number as people count, id."""
    number = tuple(
        (0, int(w), "") if w.isdigit() else (1, 0, w) for w in re.findall(r"\d+|\D+", clause.number)
    )
    return RANK[clause.level], _DIMENSION[clause.dimension], number, clause.id


@lru_cache(maxsize=65536)
def wording(text: str) -> str:
    """Return a text without what may differ between copies of it: width, script, spaces, punctuation."""
    return "".join(c for c in plain(text).text if c.isalnum() or c in "%<>=≤≥")


def _notices(clause: Clause, lapse: Lapse | None, linked: Sequence[Link], unplaced: bool) -> Iterator[Notice]:
    if lapse is not None:
        yield Notice(code="LAPSED", zh=lapse.zh, en=lapse.en)
    if unplaced:
        yield _notice("UNPLACED")
    for link in linked:
        if not link.clauses:
            words = clause.text[slice(*link.span)]
            yield _notice("LINK_UNRESOLVED", words=words)


def _notice(code: str, **fields: object) -> Notice:
    zh, en = (t(f"lint.notice.{code}", lang, **fields) for lang in ("zh-CN", "en"))
    return Notice(code=code, zh=zh, en=en)


_Ties: TypeAlias = dict[str, list[Tie]]


class _Ways:
    """Where in a place each of its clauses holds."""

    def __init__(self, at: Site, through: Mapping[str, tuple[str, ...]]) -> None:
        self._through = through
        self._partial = {met.key for met in at.zones if not met.whole}
        # a region holds all of a place only when every county of the place lies in it
        self._partial |= {
            county[:end]
            for county in at.counties
            for end in range(len(county) + 1)
            if not all(other.startswith(county[:end]) for other in at.counties)
        }

    def shared(self, clause: str, other: str) -> tuple[str, ...]:
        """Return the parts to which ``other`` is limited where ``clause`` is not; () when it is not limited."""
        ways = self._through[other]
        if not self._partial.issuperset(ways) or set(self._through[clause]) <= set(ways):
            return ()
        return ways


def _ties(reads: Sequence[Read], logic: Logic, ways: _Ways) -> tuple[_Ties, _Ties, _Ties]:
    """Return for each clause what it overrides, what overrides it, and what says the same."""
    over: _Ties = {}
    under: _Ties = {}
    same: _Ties = {}
    texts: dict[str, list[Clause]] = {}
    for read in reads:
        texts.setdefault(wording(read.clause.text), []).append(read.clause)
    for copies in texts.values():
        for one in copies:
            same.setdefault(one.id, []).extend(
                _tie(None, other, None, Standing.EQUAL, ways.shared(one.id, other.id))
                for other in copies
                if other is not one
            )
    pool = Pool(reads)
    for inner in reads:
        for ruled in inner.rules:
            for outer, cover in pool.covering(ruled.shape):
                if outer.clause.id == inner.clause.id:
                    continue
                found = standing(cover.shape, ruled.shape, logic)
                where = ways.shared(inner.clause.id, outer.clause.id)
                if found is Standing.EQUAL:
                    same.setdefault(inner.clause.id, []).append(
                        _tie(ruled.seq, outer.clause, cover.seq, found, where)
                    )
                elif found is not None:
                    under.setdefault(inner.clause.id, []).append(
                        _tie(ruled.seq, outer.clause, cover.seq, found, where)
                    )
                    over.setdefault(outer.clause.id, []).append(
                        _tie(cover.seq, inner.clause, ruled.seq, found, where, by=True)
                    )
    return over, under, same


def _tie(
    rule: int | None,
    other: Clause,
    seq: int | None,
    how: Standing,
    where: tuple[str, ...],
    *,
    by: bool = False,
) -> Tie:
    key = "text" if rule is None else f"{how}_over" if by else how

    def say(lang: str) -> str:
        level = t(f"labels.level.{other.level}", lang)
        said = t(f"lint.tie.{key}", lang, level=level, number=other.number, clause=other.id)
        return said + t("lint.tie.only_in", lang, places=t("lint.joint", lang).join(where)) if where else said

    zh, en = say("zh-CN"), say("en")
    return Tie(clause=other.id, rule=rule, other=seq, standing=how, only_in=where, zh=zh, en=en)


# --- "执行总体要求" ----------------------------------------------------------------------------------------

_REFERS: Final = re.compile(
    r"(?:执行|按照?|参照|遵照|遵守|落实|符合|满足)(?P<who>[^，。；：,;:]{0,30}?)"
    r"(?:总体|普适性|普适|共性|通用)(?:的)?(?:生态环境)?(?:准入|管控)?(?:清单)?要求"
)
_NAMED: Final = {
    Level.NATIONAL: re.compile(r"全国|国家(?!公园|级|重点|重大|湿地|森林|地质)"),
    Level.BASIN: re.compile(r"流域|长江经济带"),
    Level.PROVINCE: re.compile(r"全省|省级|本省|我省|自治区|省(?=、|和|及|$|的|总体)"),
    Level.BLOCK: re.compile(r"板块|片区"),
    Level.PREFECTURE: re.compile(r"全市|市级|本市|全州|州级|本州|市州|州市|市[（(]州[）)]|设区市"),
    Level.COUNTY: re.compile(r"全县|县级|本县|县域|全区|区级|本区|区县|县[（(]市、?区[）)]"),
    Level.PARK: re.compile(r"园区|开发区"),
}
_UP: Final = re.compile(r"上一?层?级|上位")
_CLASS_WORDS: Final = {
    "优先保护": UnitClass.PRIORITY,
    "重点管控": UnitClass.KEY,
    "一般管控": UnitClass.GENERAL,
}


def references(clause: Clause) -> Iterator[tuple[tuple[int, int], tuple[Level, ...], bool, UnitClass | None]]:
    """Yield each reference of a clause to general requirements.

    Returns
    -------
    (span, levels, up, unit_class)
        Words that refer; levels named, above the clause's own; whether just the level above is meant; class of
        control units the requirements are those of.
    """
    rank = RANK[clause.level]
    if clause.level is Level.NATIONAL:
        return  # there is nothing above to refer to
    for found in _REFERS.finditer(clause.text):
        who = found["who"]
        levels = tuple(
            level for level, words in _NAMED.items() if RANK[level] < rank and words.search(who) is not None
        )
        if not levels and any(words.search(who) for words in _NAMED.values()):
            continue  # the requirements of a level below: no reference upwards
        unit_class = next((named for word, named in _CLASS_WORDS.items() if word in who), None)
        yield found.span(), levels, _UP.search(who) is not None, unit_class


def links(clause: Clause, listed: Sequence[Clause]) -> tuple[Link, ...]:
    """Return the links of a clause to those of ``listed`` that it refers to, all of which hold where it does."""
    found = []
    for span, levels, up, unit_class in references(clause):
        above = [
            other
            for other in listed
            if RANK[other.level] < RANK[clause.level] and other.dimension is clause.dimension
        ]
        if levels:
            above = [other for other in above if other.level in levels]
        elif up and above:
            nearest = max(RANK[other.level] for other in above)
            above = [other for other in above if RANK[other.level] == nearest]
        if unit_class is not None:
            of_class = [other for other in above if unit_class in other.scope.classes]
            above = of_class or above
        meant = tuple(other.id for other in sorted(above, key=place_in_list))
        found.append(Link(span=span, levels=levels, clauses=meant))
    return tuple(found)

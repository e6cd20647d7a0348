"""Re-check: the projects that some difference reaches are screened on both sides and their answers compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import islice
from typing import Final

from sanxian.batch import Result, Row, screen_rows
from sanxian.edition import Edition
from sanxian.errors import SanxianError, Unforeseen
from sanxian.model import EditionInfo, FindingKind, Outcome
from sanxian.recheck.answers import (
    Answer,
    FindingChange,
    FindingKey,
    Grade,
    HitChange,
    HitKey,
    answer_of,
    compare,
)
from sanxian.recheck.differences import Cause, Difference, differences
from sanxian.recheck.filtering import Filter
from sanxian.recheck.sides import Side

_CHUNK: Final = 2048  # projects filtered together


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectChange:
    """A project whose answer changes."""

    row: int
    id: str
    name: str
    grade: Grade
    old: Outcome | None  # None: no answer, see the error
    new: Outcome | None
    old_error: str = ""
    new_error: str = ""
    findings: tuple[FindingChange, ...]
    hits: tuple[HitChange, ...]
    causes: tuple[int, ...]  # numbers of differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a re-check found."""

    old: EditionInfo
    new: EditionInfo
    as_of_old: date
    as_of: date
    differences: tuple[Difference, ...]
    projects: int
    unread: tuple[tuple[Row, SanxianError], ...]  # rows that are no project
    reached: int  # projects some difference can reach
    screened: int  # on both sides
    changed: tuple[ProjectChange, ...]
    missed: (
        int  # changed though nothing reaches them: none, or the filter is wrong; known when all were screened
    )
    every: bool  # all were screened, whatever reaches them

    @property
    def grades(self) -> dict[Grade, int]:
        """Projects by how much of the answer changed."""
        found = Counter(one.grade for one in self.changed)
        return {grade: found[grade] for grade in Grade}

    @property
    def moves(self) -> list[tuple[str, str, int]]:
        """(old, new, projects) of every change of verdict, most projects first; an error by its code."""
        found = Counter(
            (
                one.old_error if one.old is None else one.old.name,
                one.new_error if one.new is None else one.new.name,
            )
            for one in self.changed
            if one.grade is Grade.VERDICT
        )
        return sorted(((a, b, n) for (a, b), n in found.items()), key=lambda move: (-move[2], *move[:2]))

    @property
    def causes(self) -> dict[Cause, tuple[int, int]]:
        """By cause: differences of that kind, and projects whose answer one of them changes."""
        kinds = Counter(one.cause for one in self.differences)
        hit = Counter(
            cause for one in self.changed for cause in {self.differences[n].cause for n in one.causes}
        )
        return {cause: (kinds[cause], hit[cause]) for cause in Cause if kinds[cause] or hit[cause]}


def recheck(
    rows: Iterable[Row],
    old: Edition,
    new: Edition,
    *,
    as_of_old: date,
    as_of: date,
    count_drafts: bool = False,
    every: bool = False,
) -> Checked:
    """Return whose answers change from ``old`` on ``as_of_old`` to ``new`` on ``as_of``, and why.

    Parameters
    ----------
    rows : iterable of Row
        Projects as :func:`sanxian.batch.open_projects` reads them; taken as they come.
    old, new : Edition
    as_of_old, as_of : date
        The day each edition is asked about.
    count_drafts : bool, default False
        As for :func:`sanxian.screening.screen`.
    every : bool, default False
        Screen every project, also those nothing can reach: the slow way, to check the quick one.

    Raises
    ------
    EditionError
        An edition is not in force on its day.
    """
    old.in_force(as_of_old)
    new.in_force(as_of)
    sides = Side(old, as_of_old), Side(new, as_of)
    found = differences(*sides)
    chosen = Filter(*sides, found)
    projects = reached = screened = missed = 0
    unread: list[tuple[Row, SanxianError]] = []
    changed: list[ProjectChange] = []
    source = iter(rows)
    while chunk := list(islice(source, _CHUNK)):
        read = [row for row in chunk if row.project is not None]
        unread += [(row, row.error or Unforeseen(reason="")) for row in chunk if row.project is None]
        near = chosen.reaching([row.project for row in read if row.project is not None])
        concerned = [(row, by) for row, by in zip(read, near, strict=True) if by or every]
        projects += len(read)
        reached += sum(1 for by in near if by)
        screened += len(concerned)
        for one, by, _ in _compared(concerned, sides, found, count_drafts):
            changed.append(one)
            missed += not by
    return Checked(
        old=old.info,
        new=new.info,
        as_of_old=as_of_old,
        as_of=as_of,
        differences=found,
        projects=projects,
        unread=tuple(unread),
        reached=reached,
        screened=screened,
        changed=tuple(changed),
        missed=missed,
        every=every,
    )


def _compared(
    concerned: Sequence[tuple[Row, frozenset[int]]],
    sides: tuple[Side, Side],
    found: Sequence[Difference],
    count_drafts: bool,
) -> Iterator[tuple[ProjectChange, frozenset[int], Result]]:
    """Yield every project whose answer changes, the differences that reach it, and its result on the new side."""
    rows = [row for row, _ in concerned]
    results = [screen_rows(rows, side.edition, side.as_of, count_drafts=count_drafts) for side in sides]
    for (row, by), was, now in zip(concerned, *results, strict=True):
        before, after = _answer(was), _answer(now)
        compared = compare(before, after)
        if compared is None:
            continue
        reaching = {number: found[number] for number in sorted(by)}
        findings = tuple(
            replace(one, causes=_causes(reaching, partial(_explains, key=one.key)))
            for one in compared.findings
        )
        hits = tuple(
            replace(hit, causes=_causes(reaching, partial(_explains_hit, key=hit.key)))
            for hit in compared.hits
        )
        causes = [*(one.causes for one in findings), *(hit.causes for hit in hits)]
        named = {number for numbers in causes for number in numbers}
        yield (
            ProjectChange(
                row=row.number,
                id=row.id,
                name=row.name,
                grade=compared.grade,
                old=before.verdict,
                new=after.verdict,
                old_error=before.error,
                new_error=after.error,
                findings=findings,
                hits=hits,
                causes=tuple(sorted(named or reaching)),
            ),
            by,
            now,
        )


def _answer(result: Result) -> Answer:
    if result.screening is not None:
        return answer_of(result.screening)
    return answer_of(result.error or Unforeseen(reason=""))


def _causes(reaching: Mapping[int, Difference], explains: Callable[[Difference], bool]) -> tuple[int, ...]:
    """Return the differences that explain a change; all that reach the project when none does by itself."""
    return tuple(n for n, one in reaching.items() if explains(one)) or tuple(reaching)


def _explains_hit(difference: Difference, key: HitKey) -> bool:
    return difference.zone == (key.layer, key.zone) or (
        difference.cause is Cause.LAYER and difference.layer == key.layer
    )


def _explains(difference: Difference, key: FindingKey) -> bool:
    if key.clause:
        if key.clause in difference.clauses or difference.zone == (key.layer, key.place):
            return True
        # a county decides which regional clauses hold, and through which county a statement is read
        return key.layer == "" and (difference.county or difference.cause is Cause.REGION)
    if key.kind == FindingKind.BOUNDARY:
        return difference.zone == (key.layer, key.place) or (
            difference.cause is Cause.LAYER and difference.layer == key.layer
        )
    if key.kind == FindingKind.LAYER:
        return difference.county or (
            difference.cause in (Cause.COVERAGE, Cause.LAYER) and difference.layer == key.layer
        )
    return difference.cause is Cause.REGION or (key.layer != "" and difference.layer == key.layer)

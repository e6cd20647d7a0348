"""``screen`` and ``screen_many``: one project, or any number of them in a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any, Final, TypeVar, overload

from sanxian.edition import Edition
from sanxian.model import Project
from sanxian.screening.assembly import assemble
from sanxian.screening.prepared import prepare
from sanxian.screening.result import Failure, Screening
from sanxian.screening.run import answer_chunk

Made = TypeVar("Made")
CHUNK: Final = 256  # projects placed in one call of the engine


def screen(project: Project, edition: Edition, as_of: date, *, count_drafts: bool = False) -> Screening:
    """Return what the access list says about ``project`` on ``as_of``.

    Parameters
    ----------
    project : Project
        At least one part; facts may be missing (an unknown is never called compliant).
    edition : Edition
        Opened with :func:`sanxian.edition.open_edition`.
    as_of : date
        Picks what was in force; never the clock.
    count_drafts : bool, default False
        Let rules that nobody has reviewed decide.

    Raises
    ------
    EditionError
        The edition is not in force on ``as_of``.
    OutsideRegion
        No part of the project lies in the edition's region.
    """
    result = next(iter(screen_many((project,), edition, as_of, count_drafts=count_drafts)))
    if isinstance(result, Failure):
        raise result.error
    return result


@overload
def screen_many(
    projects: Iterable[Project],
    edition: Edition,
    as_of: date,
    *,
    count_drafts: bool = False,
    workers: int = 1,
    finish: None = None,
) -> Iterator[Screening | Failure]: ...


@overload
def screen_many(
    projects: Iterable[Project],
    edition: Edition,
    as_of: date,
    *,
    count_drafts: bool = False,
    workers: int = 1,
    finish: Callable[[Screening | Failure], Made],
) -> Iterator[Made]: ...


def screen_many(
    projects: Iterable[Project],
    edition: Edition,
    as_of: date,
    *,
    count_drafts: bool = False,
    workers: int = 1,
    finish: Callable[[Screening | Failure], Any] | None = None,
) -> Iterator[Any]:
    """Yield a screening for each project, in order; one that fails is a :class:`Failure`.

    Projects are taken as results are asked for, at most a few chunks ahead, and nothing is held that grows
    with their number.

    Parameters
    ----------
    projects : iterable of Project
        Any number of them; an iterator is read as it goes.
    edition, as_of, count_drafts
        As for :func:`screen`.
    workers : int, default 1
        Processes to work in; the results are the same for any number.
    finish : callable, optional
        Makes of each result what is wanted of it (a row, a line of a file), in the process that found it, and is
        yielded instead. A whole screening takes about as long to travel between processes as to make, so
        workers pay off when little of it comes back.

    Raises
    ------
    EditionError
        The edition is not in force on ``as_of``: that concerns every project.
    """
    edition.in_force(as_of)
    chunks = _chunks(projects)
    if workers > 1:
        from sanxian.screening.workers import Job, screen_chunks

        yield from screen_chunks(chunks, Job(edition, as_of, count_drafts, finish), workers)
        return
    prepared = prepare(edition)
    for chunk in chunks:
        answers = answer_chunk(chunk, prepared, as_of, count_drafts)
        for project, answer in zip(chunk, answers, strict=True):
            result = assemble(prepared, project, as_of, count_drafts, answer)
            yield result if finish is None else finish(result)


def _chunks(projects: Iterable[Project]) -> Iterator[list[Project]]:
    """Yield the projects in chunks: the first is one project, so that the first answer comes at once."""
    source = iter(projects)
    size = 1
    while True:
        chunk: list[Project] = []
        try:
            chunk.extend(islice(source, size))
        except Exception:
            yield chunk  # what came before the source broke is answered first
            raise
        if not chunk:
            return
        yield chunk
        size = min(2 * size, CHUNK)

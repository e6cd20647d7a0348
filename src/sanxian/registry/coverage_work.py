"""Analysing what is missing: every project of a denominator that can be screened is, against the edition of its day."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian.catalog import Catalog
from sanxian.edition import Edition
from sanxian.errors import SanxianError, Unforeseen
from sanxian.registry import coverage, projects, screenings
from sanxian.registry.coverage import CLASSES, Analysis, InForce, Period
from sanxian.registry.projects import Scope, below
from sanxian.registry.store import Registry
from sanxian.registry.tables import project, project_version
from sanxian.screening import Failure, Screening, screen_many

_CHUNK: Final = 400  # projects screened and kept together
_MANY: Final = 200  # of one edition and day, for which processes are worth starting


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysed:
    """What came of analysing."""

    done: int
    analysed: int  # with an answer
    failed: int
    left: int  # cannot be screened: no place, no date, no edition


class _Task(NamedTuple):
    id: int
    version: int
    region: str
    accepted_on: date
    document: str


def analyse(
    registry: Registry,
    catalog: Catalog,
    scope: Scope,
    period: Period,
    *,
    at: datetime,
    by: str,
    classes: Sequence[str] = CLASSES,
    region: str = "",
    again: bool = False,
    workers: int = 1,
    keep: bool = True,
    progress: Callable[[int], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Analysed:
    """Screen every project of a denominator that is not analysed and can be, and settle it.

    Parameters
    ----------
    again : bool, default False
        Also those whose screening gave no answer.
    workers : int, default 1
        Processes to screen in, where many projects have one edition and one day.
    keep : bool, default True
        Keep the records themselves, not only their SHA-256.
    stop : callable
        Asked before each chunk; what was kept stays.

    Raises
    ------
    EditionError
        An edition of the catalogue cannot be opened.
    """
    in_force = InForce(catalog)
    paths = {entry.info.digest: entry for entry in catalog.entries}

    @lru_cache(maxsize=4)
    def opened(digest: str) -> Edition:
        return paths[digest].open()

    states = [Analysis.NONE.value, Analysis.STALE.value, *([Analysis.FAILED.value] if again else [])]
    done = analysed = failed = 0
    after = 0
    while not stop():
        with registry.read() as connection:
            tasks = _tasks(connection, scope, period, classes, region, states, after)
        if not tasks:
            break
        after = tasks[-1].id
        groups: dict[tuple[str, date], list[_Task]] = defaultdict(list)
        for task in tasks:
            if digest := in_force.digest(task.region, task.accepted_on):
                groups[digest, task.accepted_on].append(task)
        results: list[tuple[_Task, str, Screening | SanxianError]] = []
        for (digest, day), members in sorted(groups.items(), key=lambda item: item[0]):
            answers = _screened(members, opened(digest), day, workers if len(members) >= _MANY else 1)
            results += ((task, digest, answer) for task, answer in zip(members, answers, strict=True))
        with registry.begin() as connection:
            kept = _kept(connection, results, at, by, keep)
            coverage.settle(connection, catalog, [task.id for task, _ in kept])
        done += len(kept)
        analysed += sum(answered for _, answered in kept)
        failed += sum(not answered for _, answered in kept)
        progress(done)
    with registry.read() as connection:
        left = coverage.rate(connection, scope, period, classes=classes, region=region).total.missing
    return Analysed(done=done, analysed=analysed, failed=failed, left=left - failed)


def _tasks(
    connection: Connection,
    scope: Scope,
    period: Period,
    classes: Sequence[str],
    region: str,
    states: Sequence[str],
    after: int,
) -> list[_Task]:
    conditions = [
        project.c.id > after,
        project.c.analysis.in_(states),
        project.c.eia_class.in_(classes),
        project.c.status != "withdrawn",
        project.c.accepted_on.is_not(None),
        project.c.west.is_not(None),
        *projects.within(scope),
    ]
    conditions += [below(project.c.region, region)] if region else []
    conditions += [project.c.accepted_on >= period.first] if period.first else []
    conditions += [project.c.accepted_on <= period.last] if period.last else []
    rows = connection.execute(
        sa.select(
            project.c.id,
            project.c.version,
            project.c.region,
            project.c.accepted_on,
            project_version.c.document,
        )
        .join(
            project_version,
            sa.and_(
                project_version.c.project == project.c.id, project_version.c.version == project.c.version
            ),
        )
        .where(*conditions)
        .order_by(project.c.id)
        .limit(_CHUNK)
    )
    return [_Task(*row) for row in rows]


def _screened(
    tasks: Sequence[_Task], edition: Edition, day: date, workers: int
) -> Iterator[Screening | SanxianError]:
    read = [projects._read(json.loads(task.document)) for task in tasks]  # noqa: SLF001
    try:
        for result in list(screen_many(read, edition, day, workers=workers)):
            yield result.error if isinstance(result, Failure) else result
    except SanxianError as error:
        for _ in tasks:
            yield error
    except Exception as error:  # noqa: BLE001 - a bug over one project must not cost the others
        if len(tasks) == 1:
            yield Unforeseen.of(error)
        else:
            for task in tasks:
                yield from _screened([task], edition, day, 1)


def _kept(
    connection: Connection,
    results: Sequence[tuple[_Task, str, Screening | SanxianError]],
    at: datetime,
    by: str,
    keep: bool,
) -> list[tuple[_Task, bool]]:
    """Keep what was answered about projects that are still what they were; return them with whether there is an answer."""
    asked = sa.select(project.c.id, project.c.version).where(project.c.id.in_([t.id for t, _, _ in results]))
    now = {row.id: row.version for row in connection.execute(asked)}
    made = []
    for task, digest, answer in results:
        if now.get(task.id) != task.version:
            continue
        screenings.add(
            connection,
            task.id,
            answer,
            at=at,
            by=by,
            cause="first",
            version=task.version,
            edition=digest,
            as_of=task.accepted_on,
            keep=keep,
        )
        made.append((task, isinstance(answer, Screening)))
    return made

"""Re-check of the registry: whose answers change when an edition gives way to another, and what became of them.

The projects are looked at in the order of their numbers, chunk by chunk. What a chunk found, how far the work has come and
the new screenings are one transaction: work that was cut off goes on after the last chunk that was kept.
What is compared, what can reach a project and why nothing else can: docs/reference/recheck.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import shapely
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian.batch import Row
from sanxian.edition import Edition
from sanxian.errors import InputError, RecheckUnknown, SanxianError, Unforeseen
from sanxian.model import Outcome, Part, Project
from sanxian.recheck import Cause, Difference, Filter, Grade, ProjectChange, differences
from sanxian.recheck.run import _compared as compared
from sanxian.recheck.sides import Side
from sanxian.recheck.writing import _difference as difference_told
from sanxian.recheck.writing import _project as change_told
from sanxian.registry import audit, projects, screenings
from sanxian.registry.projects import Scope, below
from sanxian.registry.screenings import OpenEdition
from sanxian.registry.store import Registry, canonical, moment
from sanxian.registry.tables import project, project_part, project_version, recheck, recheck_change
from sanxian.screening import Screening

CHUNK: Final = 2048  # projects looked at together
CHECKED: Final = ("accepted", "approved")  # a project that was refused or withdrawn is not built


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """A re-check and how far it has come."""

    id: int
    old: str  # digest
    new: str
    as_of_old: date
    as_of: date
    state: str  # queued, running, done, cancelled
    projects: int  # looked at
    reached: int  # that some difference can reach
    changed: int
    after: int  # last project done
    at: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A project whose answer changed."""

    project: int
    code: str
    name: str
    region: str
    grade: Grade
    old: Outcome | None  # None = no answer
    new: Outcome | None
    change: Mapping[
        str, Any
    ]  # as a project of docs/reference/recheck.md, its causes spelled out under ``differences``
    seen_at: str | None
    seen_by: str

    @property
    def causes(self) -> tuple[Mapping[str, Any], ...]:
        """The differences that explain the change."""
        return tuple(self.change.get("differences", {}).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a re-check found, counted."""

    grades: Mapping[Grade, int]
    moves: tuple[tuple[str, str, int], ...]  # verdict before, after, projects; most first; "" = no answer
    causes: Mapping[Cause, int]  # projects whose change a difference of this kind explains
    unseen: int


_COLUMNS: Final = tuple(recheck.c[field.name] for field in fields(Recheck))


def start(
    connection: Connection, old: Edition, new: Edition, *, as_of_old: date, as_of: date, at: datetime, by: str
) -> Recheck:
    """Queue a re-check; one of the same editions and days that is not finished is gone on with.

    Raises
    ------
    EditionError
        An edition is not in force on its day.
    """
    old.in_force(as_of_old)
    new.in_force(as_of)
    values = {"old": old.info.digest, "new": new.info.digest, "as_of_old": as_of_old, "as_of": as_of}
    found = (
        connection.execute(
            sa.select(*_COLUMNS)
            .where(*(recheck.c[key] == value for key, value in values.items()))
            .where(recheck.c.state.in_(("queued", "running")))
            .order_by(recheck.c.id.desc())
        )
        .mappings()
        .first()
    )
    if found is not None:
        return Recheck(**found)
    number = connection.execute(
        recheck.insert().returning(recheck.c.id), {**values, "state": "queued", "at": moment(at), "by": by}
    ).scalar_one()
    audit.append(
        connection,
        at=at,
        actor=by,
        action="recheck.start",
        subject=f"recheck:{number}",
        detail={key: str(value) for key, value in values.items()},
    )
    return get(connection, number)


def get(connection: Connection, number: int) -> Recheck:
    """Return a re-check.

    Raises
    ------
    RecheckUnknown
        There is none with this number.
    """
    row = connection.execute(sa.select(*_COLUMNS).where(recheck.c.id == number)).mappings().first()
    if row is None:
        raise RecheckUnknown(recheck=number)
    return Recheck(**row)


def listed(connection: Connection, *, limit: int = 50) -> tuple[Recheck, ...]:
    """Return the re-checks, latest first."""
    rows = connection.execute(sa.select(*_COLUMNS).order_by(recheck.c.id.desc()).limit(limit)).mappings()
    return tuple(Recheck(**row) for row in rows)


def last_number(connection: Connection) -> int:
    """Return the greatest number of a project, where every re-check ends."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(project.c.id), 0))).scalar_one())


def cancel(connection: Connection, number: int) -> Recheck:
    """End a re-check that is not done; what it found stays."""
    get(connection, number)
    connection.execute(
        sa.update(recheck)
        .where(recheck.c.id == number, recheck.c.state.in_(("queued", "running")))
        .values(state="cancelled")
    )
    return get(connection, number)


# --- the work ----------------------------------------------------------------------------------------


class _Near(NamedTuple):
    """A project that some difference reaches."""

    id: int
    version: int
    by: frozenset[int]


class _Found(NamedTuple):
    """A changed answer."""

    id: int
    version: int
    change: ProjectChange
    result: Screening | SanxianError  # against the new edition


def work(
    registry: Registry,
    number: int,
    *,
    opened: OpenEdition,
    at: datetime,
    by: str,
    keep: bool = False,
    chunk: int = CHUNK,
    progress: Callable[[Recheck], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Recheck:
    """Do a re-check, or what is left of it.

    Parameters
    ----------
    opened : callable
        An edition by its digest.
    keep : bool, default False
        Keep the records of the new screenings, not only their SHA-256.
    chunk : int
        Projects looked at together.
    stop : callable
        Asked before each chunk; the re-check can be gone on with.

    Raises
    ------
    RecheckUnknown
        There is none with this number.
    EditionError
        An edition is gone or cannot be opened.
    """
    with registry.read() as connection:
        job = get(connection, number)
    if job.state in ("done", "cancelled"):
        return job
    sides = Side(opened(job.old), job.as_of_old), Side(opened(job.new), job.as_of)
    found = differences(*sides)
    chosen = Filter(*sides, found)
    while not stop():
        with registry.read() as connection:
            job = get(connection, number)
            if job.state in ("done", "cancelled"):
                break
            ids, drawn = _drawn(connection, sides[1].edition.info.region, job.after, chunk)
            near = [_Near(i, v, r) for (i, v), r in zip(ids, chosen.reaching(drawn), strict=True) if r]
            documents = _documents(connection, near)
        changed = list(_changed(near, documents, sides, found))
        with registry.begin() as connection:
            last = ids[-1][0] if ids else job.after
            # whoever was quicker has done this chunk; its results stand and these are dropped
            moved = connection.execute(
                sa.update(recheck)
                .where(
                    recheck.c.id == number, recheck.c.after == job.after, recheck.c.projects == job.projects
                )
                .where(recheck.c.state.in_(("queued", "running")))
                .values(
                    after=last,
                    projects=job.projects + len(ids),
                    reached=job.reached + len(near),
                    changed=job.changed + len(changed),
                    state="running" if len(ids) == chunk else "done",
                )
            )
            if moved.rowcount:
                _keep(connection, number, changed, sides[1], found, at, by, keep)
                if len(ids) < chunk:
                    _log_done(connection, number, at, by)
        with registry.read() as connection:
            job = get(connection, number)
        progress(job)
        if job.state == "done":
            break
    return job


def _drawn(
    connection: Connection, region: str, after: int, limit: int
) -> tuple[list[tuple[int, int]], list[Project]]:
    """Return numbers and versions of the next placed projects, and as much of each as the filter asks for."""
    rows = connection.execute(
        sa.select(project.c.id, project.c.version)
        .where(
            project.c.id > after,
            project.c.west.is_not(None),
            project.c.status.in_(CHECKED),
            sa.or_(project.c.region == "", below(project.c.region, region)) if region else sa.true(),
        )
        .order_by(project.c.id)
        .limit(limit)
    ).all()
    ids = [(int(i), int(v)) for i, v in rows]
    if not ids:
        return [], []
    held = connection.execute(
        sa.select(project_part.c.project, project_part.c.geometry)
        .where(project_part.c.project.between(ids[0][0], ids[-1][0]))
        .order_by(project_part.c.project, project_part.c.number)
    ).all()
    shapes = shapely.from_wkb([blob for _, blob in held])
    parts: dict[int, list[Part]] = {}
    for (owner, _), shape in zip(held, shapes, strict=True):
        parts.setdefault(int(owner), []).append(Part(role="", geometry=shape))
    return ids, [Project(parts=tuple(parts.get(i, ()))) for i, _ in ids]


def _documents(connection: Connection, near: Sequence[_Near]) -> dict[int, tuple[str, str, str]]:
    """Return document, code and name of projects."""
    found: dict[int, tuple[str, str, str]] = {}
    for at in range(0, len(near), 500):
        rows = connection.execute(
            sa.select(project.c.id, project_version.c.document, project.c.code, project.c.name)
            .join(
                project_version,
                sa.and_(
                    project_version.c.project == project.c.id, project_version.c.version == project.c.version
                ),
            )
            .where(project.c.id.in_([one.id for one in near[at : at + 500]]))
        )
        found |= {int(i): (document, code, name) for i, document, code, name in rows}
    return found


def _changed(
    near: Sequence[_Near],
    documents: Mapping[int, tuple[str, str, str]],
    sides: tuple[Side, Side],
    found: Sequence[Difference],
) -> Iterator[_Found]:
    concerned = []
    versions = {}
    for one in near:
        document, code, name = documents[one.id]
        try:
            described = projects._read(json.loads(document))  # noqa: SLF001
        except (
            InputError
        ):  # read when it was entered; a later version is stricter: it has no answer on either side
            continue
        versions[one.id] = one.version
        concerned.append((Row(number=one.id, id=code, name=name, project=described, error=None), one.by))
    if not concerned:
        return
    for change, _, now in compared(concerned, sides, found, False):
        answer = now.screening or now.error or Unforeseen(reason="")
        yield _Found(change.row, versions[change.row], change, answer)


def _keep(
    connection: Connection,
    number: int,
    changed: Sequence[_Found],
    new: Side,
    found: Sequence[Difference],
    at: datetime,
    by: str,
    keep: bool,
) -> None:
    rows = []
    for one in changed:
        told = change_told(one.change)
        named = {n for item in (told, *told["findings"], *told["hits"]) for n in item["causes"]}
        told["differences"] = {str(n): difference_told(found[n]) for n in sorted(named)}
        rows.append(
            {
                "recheck": number,
                "project": one.id,
                "grade": one.change.grade.value,
                "old_verdict": None if one.change.old is None else int(one.change.old),
                "new_verdict": None if one.change.new is None else int(one.change.new),
                "change": canonical(told),
            }
        )
        screenings.add(
            connection,
            one.id,
            one.result,
            at=at,
            by=by,
            cause="recheck",
            version=one.version,
            edition=new.edition.info.digest,
            as_of=new.as_of,
            keep=keep,
        )
    if rows:
        connection.execute(recheck_change.insert(), rows)


def _log_done(connection: Connection, number: int, at: datetime, by: str) -> None:
    job = get(connection, number)
    detail = {"projects": job.projects, "reached": job.reached, "changed": job.changed}
    audit.append(
        connection, at=at, actor=by, action="recheck.done", subject=f"recheck:{number}", detail=detail
    )


# --- what it found -----------------------------------------------------------------------------------


def changes(
    connection: Connection,
    scope: Scope,
    number: int,
    *,
    grade: Grade | None = None,
    unseen: bool = False,
    after: int = 0,
    limit: int = 100,
) -> tuple[Change, ...]:
    """Return changed projects by number, those the caller may see; ``after`` is the last one of the page before."""
    get(connection, number)
    wanted = (
        sa.select(
            recheck_change.c.project, project.c.code, project.c.name, project.c.region, recheck_change.c.grade,
            recheck_change.c.old_verdict, recheck_change.c.new_verdict, recheck_change.c.change,
            recheck_change.c.seen_at, recheck_change.c.seen_by,
        )
        .join(project, project.c.id == recheck_change.c.project)
        .where(recheck_change.c.recheck == number, recheck_change.c.project > after, *projects.within(scope))
        .order_by(recheck_change.c.project)
        .limit(limit)
    )  # fmt: skip
    if grade is not None:
        wanted = wanted.where(recheck_change.c.grade == grade.value)
    if unseen:
        wanted = wanted.where(recheck_change.c.seen_at.is_(None))
    return tuple(
        Change(
            project=row.project,
            code=row.code,
            name=row.name,
            region=row.region,
            grade=Grade(row.grade),
            old=None if row.old_verdict is None else Outcome(row.old_verdict),
            new=None if row.new_verdict is None else Outcome(row.new_verdict),
            change=json.loads(row.change),
            seen_at=row.seen_at,
            seen_by=row.seen_by,
        )
        for row in connection.execute(wanted)
    )


def summary(connection: Connection, scope: Scope, number: int) -> Summary:
    """Return what a re-check found, counted over the projects the caller may see."""
    get(connection, number)
    seen = [recheck_change.c.recheck == number, *projects.within(scope)]
    source = recheck_change.join(project, project.c.id == recheck_change.c.project)
    rows = connection.execute(
        sa.select(
            recheck_change.c.grade,
            recheck_change.c.old_verdict,
            recheck_change.c.new_verdict,
            sa.func.count(),
        )
        .select_from(source)
        .where(*seen)
        .group_by(recheck_change.c.grade, recheck_change.c.old_verdict, recheck_change.c.new_verdict)
    ).all()
    grades = {grade: sum(n for g, _, _, n in rows if g == grade.value) for grade in Grade}
    moves = [
        (_verdict(old), _verdict(new), int(n)) for grade, old, new, n in rows if grade == Grade.VERDICT.value
    ]
    unseen = connection.execute(
        sa.select(sa.func.count()).select_from(source).where(*seen, recheck_change.c.seen_at.is_(None))
    ).scalar_one()
    causes = dict.fromkeys(Cause, 0)
    after = 0
    while page := changes(connection, scope, number, after=after, limit=1000):
        for one in page:
            for cause in {Cause(difference["cause"]) for difference in one.causes}:
                causes[cause] += 1
        after = page[-1].project
    return Summary(
        grades=grades,
        moves=tuple(sorted(moves, key=lambda move: (-move[2], *move[:2]))),
        causes={cause: count for cause, count in causes.items() if count},
        unseen=int(unseen),
    )


def _verdict(value: int | None) -> str:
    return "" if value is None else Outcome(value).name


def mark_seen(
    connection: Connection,
    scope: Scope,
    number: int,
    subjects: Sequence[int] | None,
    *,
    at: datetime,
    by: str,
) -> int:
    """Note that a person has looked at changes (``None`` = all of them); return at how many for the first time."""
    get(connection, number)
    visible = sa.select(project.c.id).where(*projects.within(scope))
    if subjects is not None:
        visible = visible.where(project.c.id.in_(subjects))
    done = connection.execute(
        sa.update(recheck_change)
        .where(
            recheck_change.c.recheck == number,
            recheck_change.c.seen_at.is_(None),
            recheck_change.c.project.in_(visible),
        )
        .values(seen_at=moment(at), seen_by=by)
    ).rowcount
    if done:
        audit.append(
            connection,
            at=at,
            actor=by,
            action="recheck.seen",
            subject=f"recheck:{number}",
            detail={"changes": int(done)},
        )
    return int(done)

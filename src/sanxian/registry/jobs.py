"""Jobs: what is to be done in the background, how far it is, and every finished row, in the transaction that counts it.

The queue only wakes a worker; what a job is and where it stands is here. A worker that is killed leaves its job running
with an old sign of life; the next one takes it over after the last row that was written. A row is written once: its
number is a key.
"""

from __future__ import annotations

import enum
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from sanxian.errors import ResourceNotFound, SanxianError
from sanxian.registry.store import canonical, moment
from sanxian.registry.tables import job, job_row

ATTEMPTS: Final = 5  # times a job is taken up; one that kills its worker each time is given up
_PAGE: Final = 500


class JobState(enum.StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED: Final = frozenset((JobState.DONE, JobState.FAILED, JobState.CANCELLED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job."""

    id: str
    kind: str
    state: JobState
    ask: Mapping[str, Any]
    done: int
    total: int | None
    result: Mapping[str, Any]
    error: Mapping[str, Any]
    cancel: bool
    person: int | None
    created_at: str
    started_at: str | None
    seen_at: str | None
    finished_at: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ENDED


def _job(row: RowMapping) -> Job:
    values = dict(row)
    for key in ("ask", "result", "error"):
        values[key] = json.loads(values[key] or "{}")
    return Job(**{**values, "state": JobState(values["state"])})


def add(
    connection: Connection,
    number: str,
    kind: str,
    ask: Mapping[str, Any],
    *,
    person: int | None,
    at: datetime,
) -> Job:
    """Enter a job; ``number`` is 32 hexadecimal digits nobody can guess."""
    connection.execute(
        job.insert().values(
            id=number,
            kind=kind,
            state=JobState.QUEUED,
            ask=canonical(ask),
            person=person or None,
            created_at=moment(at),
        )
    )
    return get(connection, number)


def get(connection: Connection, number: str, *, person: int | None = None) -> Job:
    """Return a job; with ``person`` only one of theirs.

    Raises
    ------
    ResourceNotFound
        There is none.
    """
    asked = sa.select(job).where(job.c.id == number)
    if person is not None:
        asked = asked.where(job.c.person == person)
    row = connection.execute(asked).mappings().first()
    if row is None:
        raise ResourceNotFound(what={"zh": f"任务 {number}", "en": f"job {number}"})
    return _job(row)


def listed(
    connection: Connection,
    *,
    person: int | None = None,
    state: JobState | None = None,
    before: tuple[str, str] | None = None,
    limit: int = 50,
) -> list[Job]:
    """Return jobs, newest first; the next page is ``before`` the (created_at, id) of the last one."""
    asked = sa.select(job).order_by(job.c.created_at.desc(), job.c.id.desc()).limit(limit)
    if person is not None:
        asked = asked.where(job.c.person == person)
    if state is not None:
        asked = asked.where(job.c.state == state)
    if before is not None:
        asked = asked.where(sa.tuple_(job.c.created_at, job.c.id) < sa.tuple_(*map(sa.literal, before)))
    return [_job(row) for row in connection.execute(asked).mappings()]


def claim(connection: Connection, number: str, *, at: datetime, stale: timedelta) -> Job | None:
    """Take a job up, and return it as it stands; ``None`` when another worker has it or it has ended.

    Parameters
    ----------
    stale : timedelta
        A running job whose worker gave no sign of life for so long (by any clock, also one set back) is taken over.
    """
    row = connection.execute(sa.select(job).where(job.c.id == number).with_for_update()).mappings().first()
    if row is None:
        return None
    found = _job(row)
    if found.ended or (found.state is JobState.RUNNING and not is_stale(found, at, stale)):
        return None
    if found.cancel:
        end(connection, number, JobState.CANCELLED, at=at)
        return None
    attempts = int(found.result.get("attempts", 0)) + 1
    if attempts > ATTEMPTS:
        zh, en = f"处理它的进程 {ATTEMPTS} 次意外中止", f"its worker died {ATTEMPTS} times"
        error = {"code": "JOB_FAILED", "zh": zh, "en": en}
        end(connection, number, JobState.FAILED, error=error, at=at)
        return None
    connection.execute(
        job.update()
        .where(job.c.id == number)
        .values(
            state=JobState.RUNNING,
            started_at=found.started_at or moment(at),
            seen_at=moment(at),
            result=canonical({**found.result, "attempts": attempts}),
        )
    )
    return get(connection, number)


def is_stale(found: Job, at: datetime, stale: timedelta) -> bool:
    """Return whether the sign of life of a running job is old, or of a time that has not come yet."""
    if found.seen_at is None:
        return True
    return abs(at - datetime.fromisoformat(found.seen_at)) > stale


def progress(
    connection: Connection,
    number: str,
    *,
    at: datetime,
    rows: Sequence[tuple[int, bytes]] = (),
    done: int | None = None,
    total: int | None = None,
    result: Mapping[str, Any] | None = None,
) -> bool:
    """Write finished rows and how far the job is, together; return whether it was asked to stop."""
    if rows:
        connection.execute(
            job_row.insert(),
            [{"job": number, "number": at_, "body": zlib.compress(body, 6)} for at_, body in rows],
        )
    values: dict[str, Any] = {"seen_at": moment(at)}
    if done is not None:
        values["done"] = done
    if total is not None:
        values["total"] = total
    if result is not None:
        values["result"] = canonical(result)
    row = connection.execute(
        job.update()
        .where(job.c.id == number, job.c.state == JobState.RUNNING)
        .values(**values)
        .returning(job.c.cancel)
    ).first()
    return row is None or bool(row.cancel)


def end(
    connection: Connection,
    number: str,
    state: JobState,
    *,
    at: datetime,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | SanxianError | None = None,
) -> None:
    """Write how a job ended; one that has ended already stays as it is."""
    values: dict[str, Any] = {"state": state, "finished_at": moment(at), "seen_at": moment(at)}
    if result is not None:
        values["result"] = canonical(result)
    if isinstance(error, SanxianError):
        error = {"code": error.code, "zh": error.text("zh-CN"), "en": error.text("en")}
    if error is not None:
        values["error"] = canonical(error)
    connection.execute(
        job.update().where(job.c.id == number, job.c.state.not_in(tuple(ENDED))).values(**values)
    )


def put_back(connection: Connection, number: str, *, at: datetime) -> None:
    """Return a running job to the queue: its worker was told to stop, which is no attempt that failed."""
    found = get(connection, number)
    if found.state is JobState.RUNNING:
        attempts = max(0, int(found.result.get("attempts", 1)) - 1)
        connection.execute(
            job.update()
            .where(job.c.id == number)
            .values(
                state=JobState.QUEUED,
                seen_at=moment(at),
                result=canonical({**found.result, "attempts": attempts}),
            )
        )


def let_go(connection: Connection, number: str) -> None:
    """Mark a running job as one whose worker is known to be gone, so that it can be taken up at once."""
    connection.execute(
        job.update().where(job.c.id == number, job.c.state == JobState.RUNNING).values(seen_at=None)
    )


def ask_to_stop(connection: Connection, number: str, *, at: datetime) -> None:
    """Ask a job to stop; one nobody has taken up is cancelled at once."""
    connection.execute(
        job.update().where(job.c.id == number, job.c.state.not_in(tuple(ENDED))).values(cancel=True)
    )
    if get(connection, number).state is JobState.QUEUED:
        end(connection, number, JobState.CANCELLED, at=at)


def waiting(connection: Connection, *, at: datetime, stale: timedelta) -> list[str]:
    """Return the jobs no worker is on: queued ones, and running ones without a sign of life; oldest first."""
    asked = (
        sa.select(job)
        .where(job.c.state.in_((JobState.QUEUED, JobState.RUNNING)))
        .order_by(job.c.created_at, job.c.id)
    )
    found = (_job(row) for row in connection.execute(asked).mappings())
    return [one.id for one in found if one.state is JobState.QUEUED or is_stale(one, at, stale)]


def last_row(connection: Connection, number: str) -> int:
    """Return the number of the last row written, 0 when there is none: a resumed job goes on after it."""
    asked = sa.select(sa.func.max(job_row.c.number)).where(job_row.c.job == number)
    return int(connection.execute(asked).scalar() or 0)


def rows(connection: Connection, number: str, *, after: int = 0, limit: int = 50) -> list[tuple[int, bytes]]:
    """Return finished rows by number, each with its JSON."""
    asked = (
        sa.select(job_row.c.number, job_row.c.body)
        .where(job_row.c.job == number, job_row.c.number > after)
        .order_by(job_row.c.number)
        .limit(limit)
    )
    return [(row.number, zlib.decompress(row.body)) for row in connection.execute(asked)]


def every_row(connection: Connection, number: str) -> Iterator[tuple[int, bytes]]:
    """Yield all finished rows by number, a page in memory at a time."""
    after = 0
    while page := rows(connection, number, after=after, limit=_PAGE):
        yield from page
        after = page[-1][0]


def counts(connection: Connection) -> dict[str, int]:
    """Return how many jobs there are by state."""
    asked = sa.select(job.c.state, sa.func.count()).group_by(job.c.state)
    found = {state: int(number) for state, number in connection.execute(asked)}
    return {state.value: found.get(state.value, 0) for state in JobState}

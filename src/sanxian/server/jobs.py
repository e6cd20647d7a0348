"""Jobs in the background: huey wakes a worker, the registry knows what the job is and how far it has come.

A job is entered in the registry first and queued afterwards; whatever is lost in between, or with a worker that was
killed, the next worker finds in the registry. So the queue may lose everything and no job is lost, and a job delivered
twice is taken up once.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from huey import PostgresHuey, SqliteHuey
from huey.api import Huey
from huey.registry import Message
from huey.serializer import Serializer

from sanxian.errors import SanxianError, Unforeseen
from sanxian.registry import Registry
from sanxian.registry import jobs as table
from sanxian.registry.jobs import Job, JobState
from sanxian.server.services import Services

QUEUE: Final = "jobs.db"  # in the data folder
TASK: Final = "sanxian_job"
STALE: Final = timedelta(seconds=30)
SIGN_OF_LIFE_S: Final = 5.0
log: structlog.stdlib.BoundLogger = structlog.wrap_logger(logging.getLogger("sanxian.jobs"))


class _Plain(Serializer):  # type: ignore[misc]  # huey ships no types
    """Messages as JSON: what lies in a queue must not be able to run anything."""

    def _serialize(self, data: Any) -> bytes:
        fields = data._asdict() if isinstance(data, Message) else {"value": data}
        return json.dumps(fields, default=str).encode()

    def _deserialize(self, data: bytes) -> Any:
        fields = json.loads(bytes(data))
        if "value" in fields and "id" not in fields:
            return fields["value"]
        fields["args"] = tuple(fields["args"] or ())
        return Message(**{key: fields[key] for key in Message._fields if key in fields})


def queue_of(registry: Registry) -> Huey:
    """Return the queue of a registry: a file in its folder, or tables beside its own on PostgreSQL."""
    common: dict[str, Any] = {"results": False, "serializer": _Plain(), "utc": True}
    if registry.engine.dialect.name == "postgresql":
        dsn = registry.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return PostgresHuey("sanxian", dsn=dsn, table_prefix="huey", **common)
    return SqliteHuey("sanxian", filename=str(registry.folder / QUEUE), timeout=60, **common)


def task_of(queue: Huey, run: Callable[[str], None] | None = None) -> Callable[[str], Any]:
    """Return what puts a job into the queue; in a worker ``run`` is what happens when it comes out."""

    def work(number: str) -> None:
        if run is not None:
            run(number)

    work.__module__ = "sanxian"
    task: Callable[[str], Any] = queue.task(name=TASK)(work)
    return task


class Jobs:
    """Where routes hand in jobs."""

    def __init__(self, registry: Registry, now: Callable[[], datetime]) -> None:
        self._registry = registry
        self._now = now
        self._enqueue: Callable[[str], Any] | None = None
        self._lock = threading.Lock()

    @staticmethod
    def new_id() -> str:
        """Return an id nobody can guess."""
        return secrets.token_hex(16)

    def start(self, kind: str, ask: Mapping[str, Any], *, person: int, number: str = "") -> Job:
        """Enter a job and wake a worker."""
        number = number or self.new_id()
        with self._registry.begin() as connection:
            job = table.add(connection, number, kind, ask, person=person or None, at=self._now())
        self.wake(number)
        return job

    def wake(self, number: str) -> None:
        """Put a job into the queue; when that fails a worker finds it in the registry all the same."""
        try:
            with self._lock:
                if self._enqueue is None:
                    self._enqueue = task_of(queue_of(self._registry))
            self._enqueue(number)
        except Exception:
            log.exception("queue", job=number)


class Cancelled(Exception):
    """Somebody asked the job to stop."""


class Stopping(Exception):
    """The worker was told to end; the job goes back to the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A job being worked on, as its handler sees it."""

    job: Job
    services: Services
    stopping: threading.Event
    after: int  # number of the last row that was written before, 0 at the beginning

    def say(
        self,
        *,
        rows: Sequence[tuple[int, bytes]] = (),
        done: int | None = None,
        total: int | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Write finished rows and how far the job is, in one transaction.

        Raises
        ------
        Cancelled, Stopping
            The job is to stop here; what was written stays.
        """
        here = self.services
        with here.registry.begin() as connection:
            cancelled = table.progress(
                connection, self.job.id, at=here.now(), rows=rows, done=done, total=total, result=result
            )
        if cancelled:
            raise Cancelled
        if self.stopping.is_set():
            raise Stopping

    def asked_to_stop(self) -> bool:
        """Return whether the job is to stop; for work that asks by itself and goes on another time."""
        with self.services.registry.read() as connection:
            return self.stopping.is_set() or table.get(connection, self.job.id).cancel


Handler = Callable[[Work], Mapping[str, Any]]


def run_job(
    services: Services,
    handlers: Mapping[str, Handler],
    number: str,
    stopping: threading.Event,
    *,
    stale: timedelta = STALE,
) -> None:
    """Work on a job from where it stands to its end, unless another worker does or it has ended."""
    here = services
    with here.registry.begin() as connection:
        job = table.claim(connection, number, at=here.now(), stale=stale)
        after = 0 if job is None else table.last_row(connection, number)
    if job is None:
        return
    log.info("job", job=number, kind=job.kind, after=after)
    alive = threading.Event()
    threading.Thread(target=_sign_of_life, args=(here, number, alive), daemon=True).start()
    state, result, error = JobState.DONE, None, None
    try:
        work = Work(job=job, services=here, stopping=stopping, after=after)
        result = {**handlers[job.kind](work)}
    except Stopping:
        with here.registry.begin() as connection:
            table.put_back(connection, number, at=here.now())
        return
    except Cancelled:
        state = JobState.CANCELLED
    except SanxianError as raised:
        state, error = JobState.FAILED, raised
    except Exception as raised:
        log.exception("job", job=number)
        state, error = JobState.FAILED, Unforeseen.of(raised)
    finally:
        alive.set()
    with here.registry.begin() as connection:
        table.end(connection, number, state, at=here.now(), result=result, error=error)
    log.info("job", job=number, kind=job.kind, state=state.value)


def _sign_of_life(here: Services, number: str, ended: threading.Event) -> None:
    while not ended.wait(SIGN_OF_LIFE_S):
        try:
            with here.registry.begin() as connection:
                table.progress(connection, number, at=here.now())
        except SanxianError:
            continue  # the next sign will do

"""The worker of the jobs: a process of its own, started by the server and started again when it dies.

It ends when the server does, however that ends: the pipe it was given closes.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from sanxian.errors import AlreadyServed, SanxianError
from sanxian.registry import jobs as table
from sanxian.server import logs
from sanxian.server.deployment import Place, only_one, open_services
from sanxian.server.job_kinds import HANDLERS
from sanxian.server.jobs import STALE, queue_of, run_job, task_of
from sanxian.server.services import Services

LOCK: Final = "worker.lock"
AT_ONCE: Final = 2  # a short job does not wait for the end of a long one
LOOK_EVERY_S: Final = 5.0
_GRACE_S: Final = 15.0
log: structlog.stdlib.BoundLogger = structlog.wrap_logger(logging.getLogger("sanxian.worker"))


# --- in the server -----------------------------------------------------------------------------


@contextmanager
def kept_alive(place: Place) -> Iterator[None]:
    """Keep a worker running for a deployment while the block runs."""
    keeper = _Keeper(place)
    try:
        yield
    finally:
        keeper.stop()


class _Keeper:
    def __init__(self, place: Place) -> None:
        self._place = place
        self._stopped = threading.Event()
        self._process = self._start()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "sanxian.server.worker"], stdin=subprocess.PIPE)
        said = {"folder": str(self._place.folder.absolute()), "database": self._place.database}
        assert process.stdin is not None  # noqa: S101 - asked for above
        with suppress(OSError):  # it died already: the keeper will see
            process.stdin.write(json.dumps(said).encode() + b"\n")
            process.stdin.flush()
        return process

    def _keep(self) -> None:
        patience = 0.5
        while not self._stopped.is_set():
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)
            if self._process.poll() is None or self._stopped.is_set():
                patience = 0.5
                continue
            log.warning("worker died", status=self._process.returncode)
            self._stopped.wait(patience)
            patience = min(60.0, patience * 2)
            if not self._stopped.is_set():
                self._process = self._start()

    def stop(self) -> None:
        """End the worker; a job it is on goes back to the queue."""
        self._stopped.set()
        self._thread.join(5.0)
        process = self._process
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# --- the worker --------------------------------------------------------------------------------


def main() -> int:
    """Work on jobs until stdin closes or a signal comes."""
    said = json.loads(sys.stdin.buffer.readline() or b"{}")
    if not said:
        return 0
    logs.configure()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to the server, which ends us
    place = Place(folder=Path(said["folder"]), database=said["database"])
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    threading.Thread(target=_until_closed, args=(stopping,), daemon=True).start()
    while not stopping.is_set():
        try:
            with only_one(place.folder, LOCK):
                return _work(open_services(place), stopping)
        except AlreadyServed:
            stopping.wait(1.0)  # the worker of a server that was killed is about to end
        except SanxianError as error:
            log.error("worker", code=error.code, reason=error.text("en"))  # noqa: TRY400 - foreseen
            return 1
    return 0


def _until_closed(stopping: threading.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    stopping.set()


def _work(here: Services, stopping: threading.Event) -> int:
    queue = queue_of(here.registry)
    first = _taken_over(here)

    def run(number: str) -> None:
        if not stopping.is_set():
            run_job(here, HANDLERS, number, stopping)

    enqueue = task_of(queue, run)
    consumer = queue.create_consumer(
        workers=AT_ONCE, periodic=False, initial_delay=0.05, max_delay=0.5, worker_type="thread"
    )
    consumer.start()
    queued: set[str] = set()
    for number in first:
        enqueue(number)
        queued.add(number)
    while not stopping.wait(LOOK_EVERY_S):
        with suppress(SanxianError), here.registry.read() as connection:
            for number in table.waiting(connection, at=here.now(), stale=STALE):
                if number not in queued:  # once a look: the queue may still hold it
                    enqueue(number)
            queued.clear()
    consumer.stop_flag.set()
    for _, thread in consumer.worker_threads:
        thread.join(_GRACE_S - 5.0)
    here.registry.close()
    return 0


def _taken_over(here: Services) -> list[str]:
    """Return the jobs to begin with. On SQLite nobody else can be on one: this worker holds the folder."""
    alone = here.registry.engine.dialect.name == "sqlite"
    with here.registry.begin() as connection:
        found = table.waiting(connection, at=here.now(), stale=timedelta(seconds=-1) if alone else STALE)
        if alone:
            for number in found:
                table.let_go(connection, number)
    return found


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # threads of libraries must not hold it

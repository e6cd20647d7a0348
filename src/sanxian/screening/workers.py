"""Several processes screening one stream of projects, in order.

The parent hands out chunks of projects and puts the screenings together; a worker finds out what the edition
says, or makes the finished result when only that is wanted. Most of what it finds it has said before: a form or a bundle travels once and afterwards only its
number, so an answer is a few kilobytes. What travels is used up in order and only a few chunks ahead, and both
ends forget their numbers together when they hold too much: memory does not grow with the batch.
"""

from __future__ import annotations

import gc
import io
import multiprocessing
import pickle
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from itertools import cycle
from multiprocessing.connection import Connection
from operator import attrgetter
from typing import Any, Final, NamedTuple

from sanxian.edition import Edition
from sanxian.errors import SanxianError, Unforeseen
from sanxian.model import Hit, Project
from sanxian.screening.assembly import Answer, assemble
from sanxian.screening.forms import Form
from sanxian.screening.prepared import Bundle, Prepared, bundle, prepare
from sanxian.screening.result import Failure, Screening
from sanxian.screening.run import answer_chunk

_AHEAD: Final = 2  # chunks a worker has in hand
_NUMBERED: Final = 16_384  # findings behind the numbers in use, before both ends start again
_HIT: Final = tuple(Hit.__dataclass_fields__)
_hit_values: Final = attrgetter(*_HIT)


class Job(NamedTuple):
    """What workers do with every project."""

    edition: Edition
    as_of: date
    count_drafts: bool
    finish: Callable[[Screening | Failure], Any] | None  # makes of a result what travels, in the worker


class Stopped(NamedTuple):
    """A worker met a bug: what it raised, to be raised by the parent in its turn."""

    error: Exception


def screen_chunks(chunks: Iterable[Sequence[Project]], job: Job, workers: int) -> Iterator[Any]:
    """Yield what comes of each project, in order, worked out by ``workers`` processes."""
    # where processes fork, a worker finds the edition prepared already; elsewhere it is sent one
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    prepared = prepare(job.edition)
    team: list[_Worker] = []
    waiting: deque[tuple[_Worker, Sequence[Project]]] = deque()
    try:
        for _ in range(workers):
            team.append(_Worker(context, job, [worker.end for worker in team]))
        turns = cycle(team)
        source, broke = iter(chunks), None
        while True:
            try:
                chunk = next(source, None)
            except Exception as error:  # noqa: BLE001 - raised below, when what came before it is answered
                chunk, broke = None, error
            if chunk is None:
                break
            worker = next(turns)
            worker.send(chunk)
            waiting.append((worker, chunk))
            if len(waiting) >= _AHEAD * workers:
                yield from _results(*waiting.popleft(), prepared, job)
        while waiting:
            yield from _results(*waiting.popleft(), prepared, job)
        if broke is not None:
            raise broke
    finally:
        for worker in team:
            worker.stop()


def _results(worker: _Worker, chunk: Sequence[Project], prepared: Prepared, job: Job) -> Iterator[Any]:
    for project, found in zip(chunk, worker.receive(), strict=False):  # a worker that stopped gave fewer
        if isinstance(found, Stopped):
            raise found.error
        if job.finish is not None:
            yield found
        else:
            answer = _opened(found) if type(found) is tuple else found
            yield assemble(prepared, project, job.as_of, job.count_drafts, answer)


# --- the parent's end --------------------------------------------------------------------------


class _Worker:
    """One worker process, seen from the parent."""

    def __init__(
        self,
        context: Any,
        job: Job,
        others: Sequence[Connection],
    ) -> None:
        self.end, theirs = context.Pipe()
        # a forked worker holds copies of the parent's ends; it must not keep them open
        inherited = (self.end, *others) if context.get_start_method() == "fork" else ()
        self._process = context.Process(target=_work, args=(theirs, inherited, job), daemon=True)
        self._process.start()
        theirs.close()
        self._known: dict[int, Form | Bundle] = {}

    def send(self, chunk: Sequence[Project]) -> None:
        """Hand a chunk of projects to the worker."""
        with _gone():
            self.end.send_bytes(pickle.dumps(chunk, pickle.HIGHEST_PROTOCOL))

    def receive(self) -> list[Any]:
        """Return what came of the oldest chunk."""
        with _gone():
            message = self.end.recv_bytes()
        again, answers = _Reader(message, self._known).load()
        if again:
            self._known.clear()
        return list(answers)

    def stop(self) -> None:
        """End the worker, whatever it is doing."""
        self.end.close()
        self._process.terminate()
        self._process.join()
        self._process.close()


@contextmanager
def _gone() -> Iterator[None]:
    """Word an interrupted connection as what it is: a worker that went away."""
    try:
        yield
    except (EOFError, ConnectionError) as error:
        raise Unforeseen.of(error) from error


class _Reader(pickle.Unpickler):
    """Reads a message of a worker, remembering what has a number."""

    def __init__(self, message: bytes, known: dict[int, Form | Bundle]) -> None:
        super().__init__(io.BytesIO(message))
        self._known = known

    def persistent_load(self, pid: Any) -> Form | Bundle:
        """Return the form or bundle with a number, made from its content when it comes for the first time."""
        number, content = pid
        if content is not None:
            kind, *parts = content
            self._known[number] = Form(*parts) if kind == "form" else bundle(*parts)
        return self._known[number]


def _opened(packed: tuple[Any, ...]) -> Answer:
    fields: dict[str, Any] = dict(zip(Answer._fields, packed, strict=True))
    fields["hits"] = tuple([Hit(**dict(zip(_HIT, values, strict=True))) for values in fields["hits"]])
    return Answer(**fields)


# --- the worker's end --------------------------------------------------------------------------


def _work(end: Connection, inherited: Sequence[Connection], job: Job) -> None:
    for connection in inherited:
        connection.close()
    prepared = prepare(job.edition)
    gc.collect()
    gc.freeze()  # the edition stays: looking through it for garbage would cost more than the work
    chunks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    # what comes is taken off the line at once, so that neither end ever waits for the other to listen
    threading.Thread(target=_listen, args=(end, chunks), daemon=True).start()
    numbers = _Numbers()
    with suppress(ConnectionError):  # the parent wants no more
        while (message := chunks.get()) is not None:
            projects = pickle.loads(message)  # noqa: S301 - from the process that started this one
            made: list[Any] = []
            try:
                made.extend(_made(projects, prepared, job))
                written = numbers.written(made)
            except Exception as error:  # noqa: BLE001 - the parent raises it in its turn
                written = numbers.written([*made, Stopped(error)])
            end.send_bytes(written)


def _made(projects: Sequence[Project], prepared: Prepared, job: Job) -> Iterator[Any]:
    answers = answer_chunk(projects, prepared, job.as_of, job.count_drafts)
    for project, answer in zip(projects, answers, strict=True):
        if job.finish is None:
            yield _packed(answer)
        else:
            yield job.finish(assemble(prepared, project, job.as_of, job.count_drafts, answer))


def _listen(end: Connection, chunks: queue.SimpleQueue[bytes | None]) -> None:
    with suppress(EOFError, OSError):
        while True:
            chunks.put(end.recv_bytes())
    chunks.put(None)


def _packed(answer: Answer | SanxianError) -> Any:
    """Return an answer in plain tuples, which travel faster."""
    if not isinstance(answer, Answer):
        return answer
    packed = answer._asdict()
    packed["hits"] = tuple(map(_hit_values, answer.hits))
    return tuple(packed.values())


class _Numbers:
    """Numbers of the forms and bundles the parent knows already."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._held: list[Form | Bundle] = []  # so that an id is not given twice
        self._findings = 0

    def written(self, answers: list[Any]) -> bytes:
        """Return a message; its first part tells whether the parent is to forget all numbers after it."""
        buffer = io.BytesIO()
        writer = _Writer(buffer, self)
        again = self._findings > _NUMBERED
        writer.dump((again, answers))
        if again:  # start again, as the parent does
            self._numbers.clear()
            self._held.clear()
            self._findings = 0
        return buffer.getvalue()

    def of(self, item: Form | Bundle) -> tuple[int, Any]:
        """Return the number of an item, and its content when the parent does not know it."""
        number = self._numbers.get(id(item))
        if number is not None:
            return number, None
        number = self._numbers[id(item)] = len(self._held)
        self._held.append(item)
        if isinstance(item, Form):
            self._findings += len(item)
            return number, ("form", item.findings, item.shares, item.ranks)
        self._findings += len(item.lines)
        return number, ("bundle", item.filled, item.others, item.own)


class _Writer(pickle.Pickler):
    def __init__(self, buffer: io.BytesIO, numbers: _Numbers) -> None:
        super().__init__(buffer, pickle.HIGHEST_PROTOCOL)
        self._numbers = numbers

    def persistent_id(self, item: Any) -> tuple[int, Any] | None:
        """Return the number of a form or bundle; anything else travels as it is."""
        kind = type(item)
        return self._numbers.of(item) if kind is Form or kind is Bundle else None

"""Ledgers taken in: every row of a file ends in the registry, or in its log with the reason.

Rows go in by chunks, each one transaction with its rows of ``intake_row``, so that an import that was cut off goes on
after the last chunk that was kept, and none is done twice. A row that is a project of the registry already (by code, else
by name, proponent and date) is compared with it; what the ledger does not say stays as it was.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian import output
from sanxian.batch import inert
from sanxian.errors import InputError
from sanxian.i18n import t
from sanxian.model import Notice
from sanxian.registry import audit, intake_bulk, projects
from sanxian.registry import intake_files as files
from sanxian.registry.intake_cells import note
from sanxian.registry.intake_files import Ledger
from sanxian.registry.intake_mapping import LedgerMapping
from sanxian.registry.intake_rows import Candidate, Gazetteer, Reader, Sorted, both_of, note_of
from sanxian.registry.projects import EVERYTHING, Registered, Registration
from sanxian.registry.registration import folded
from sanxian.registry.store import Registry, canonical, moment
from sanxian.registry.tables import intake, intake_row, project

STATES: Final = ("added", "same", "amended", "unplaced", "refused", "skipped")
"""What became of a row; ``skipped`` rows are no projects: titles, headers, totals, sheets that are not read."""

_CHUNK: Final = 250
_LOG_FIELDS: Final = ("number", "sheet", "row", "state", "project", "notes", "cells")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a ledger."""

    intake: int
    rows: int
    states: Mapping[str, int]  # of STATES
    undated: int  # of the registered ones
    resumed_after: int  # line; 0 = from the beginning
    again: bool  # the same file had been taken in with the same mapping: nothing was done


# --- into the registry -------------------------------------------------------------------------------


def take_in(
    registry: Registry,
    ledger: Ledger,
    mapping: LedgerMapping,
    *,
    at: datetime,
    by: str,
    known: Gazetteer,
    owner: int | None = None,
    restart: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Taken:
    """Take a ledger into the registry.

    Parameters
    ----------
    at : datetime
        Aware; stands on everything that is written.
    by : str
        Who does it.
    known : Gazetteer
        Where places are and what they are called.
    owner : int, optional
        ``person.id`` of the consultant whose projects they are.
    restart : bool, default False
        Begin an intake of its own, though an earlier one of this file was not finished or is done.
    progress : callable
        Told the number of the last line that is kept.
    stop : callable
        Asked before each chunk; an intake that was stopped goes on the next time.

    Raises
    ------
    InputError
        The file or the mapping cannot be used. A bad row is no reason.
    """
    reader = Reader(ledger, mapping, known, at)
    digest = files.sha256(ledger.path)
    number, after, done = _begun(registry, ledger, mapping, digest, at, by, restart=restart)
    resumed = 0 if done else after
    if not done:
        lines = reader.sorted_lines(after)
        while chunk := list(islice(lines, _CHUNK)):
            if stop():
                break
            with registry.begin() as connection:
                kept = _last(connection, number)
                _keep(
                    connection, [one for one in chunk if one.line.number > kept], number, known, at, by, owner
                )
            progress(chunk[-1].line.number)
        else:
            _finish(registry, number, at, by)
    with registry.read() as connection:
        return replace(taken(connection, number), resumed_after=resumed, again=done)


def _begun(
    registry: Registry,
    ledger: Ledger,
    mapping: LedgerMapping,
    digest: str,
    at: datetime,
    by: str,
    *,
    restart: bool,
) -> tuple[int, int, bool]:
    """Return the number of the intake, the last line it has kept, and whether there is nothing left to do."""
    stated = canonical(mapping.as_json())
    with registry.begin() as connection:
        rows = connection.execute(
            sa.select(intake.c.id, intake.c.mapping, intake.c.state)
            .where(intake.c.sha256 == digest)
            .order_by(intake.c.id.desc())
        ).all()
        if not restart:
            for number, before, state in rows:
                if before == stated and state in ("running", "done"):
                    return int(number), _last(connection, number), state == "done"
            running = [row for row in rows if row.state == "running"]
            if running:
                raise files.bad(
                    ledger.path, "busy", intake=running[0].id, row=_last(connection, running[0].id)
                )
        else:
            connection.execute(
                sa.update(intake)
                .where(intake.c.sha256 == digest, intake.c.state == "running")
                .values(state="cancelled")
            )
        values = {
            "file": ledger.name[:400],
            "sha256": digest,
            "mapping": stated,
            "state": "running",
            "rows": 0,
            "at": moment(at),
            "by": by,
        }
        number = connection.execute(intake.insert().returning(intake.c.id), values).scalar_one()
        return int(number), 0, False


def _last(connection: Connection, number: int) -> int:
    found = connection.execute(
        sa.select(sa.func.max(intake_row.c.number)).where(intake_row.c.intake == number)
    ).scalar_one()
    return int(found or 0)


def _finish(registry: Registry, number: int, at: datetime, by: str) -> None:
    with registry.begin() as connection:
        if connection.execute(sa.select(intake.c.state).where(intake.c.id == number)).scalar_one() == "done":
            return
        made = taken(connection, number)
        connection.execute(
            sa.update(intake).where(intake.c.id == number).values(state="done", rows=made.rows)
        )
        file, digest = connection.execute(
            sa.select(intake.c.file, intake.c.sha256).where(intake.c.id == number)
        ).one()
        audit.append(
            connection,
            at=at,
            actor=by,
            action="intake.done",
            subject=f"intake:{number}",
            detail={"file": file, "sha256": digest, "rows": made.rows, **dict(made.states)},
        )


def taken(connection: Connection, number: int) -> Taken:
    """Return what has become of the lines of an intake so far."""
    states: Counter[str] = Counter()
    for state, count in connection.execute(
        sa.select(intake_row.c.state, sa.func.count())
        .where(intake_row.c.intake == number)
        .group_by(intake_row.c.state)
    ):
        states[state] = count
    undated = connection.execute(
        sa.select(sa.func.count())
        .select_from(intake_row.join(project, project.c.id == intake_row.c.project))
        .where(
            intake_row.c.intake == number,
            intake_row.c.state.in_(("added", "unplaced")),
            project.c.accepted_on.is_(None),
        )
    ).scalar_one()
    return Taken(
        intake=number,
        rows=sum(states.values()),
        states={state: states[state] for state in STATES},
        undated=undated,
        resumed_after=0,
        again=False,
    )


def _keep(
    connection: Connection,
    chunk: Sequence[Sorted],
    number: int,
    known: Gazetteer,
    at: datetime,
    by: str,
    owner: int | None,
) -> None:
    """Put a chunk of lines into the registry, in the transaction of ``connection``."""
    entry = _Entry(connection, number, known, at, by, owner)
    entry.look_up({one.line.number: one.candidate for one in chunk if one.candidate is not None})
    came = [
        _Fate(state=one.state, notes=list(one.notes))
        if one.candidate is None
        else entry.enter(one.line.number, one.candidate)
        for one in chunk
    ]
    entry.flush()
    rows = []
    for one, fate in zip(chunk, came, strict=True):
        notes = list(one.notes) + fate.notes if one.candidate is not None else fate.notes
        held = {"sheet": one.line.sheet, "row": one.line.row, "cells": one.cells}
        rows.append(
            {
                "intake": number,
                "number": one.line.number,
                "state": fate.state,
                "project": fate.project,
                "cells": _json(held),
                "notes": _json([{"code": n.code, "zh": n.zh, "en": n.en} for n in notes]),
            }
        )
    if rows:
        connection.execute(intake_row.insert(), rows)


@dataclass(slots=True)
class _Fate:
    """What became of a row."""

    state: str
    project: int | None = None
    notes: list[Notice] = field(default_factory=list)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.replace("\\u0000", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class _Entry:
    """Enters candidates of one chunk; knows what the registry holds that they may be."""

    def __init__(
        self,
        connection: Connection,
        number: int,
        known: Gazetteer,
        at: datetime,
        by: str,
        owner: int | None,
    ) -> None:
        self._connection = connection
        self._known = known
        self._at, self._by, self._owner = at, by, owner
        self._number = number
        self._source = f"intake:{number}"
        self._held: dict[int, Registered] = {}
        self._by_code: dict[str, set[int]] = defaultdict(set)
        self._by_name: dict[str, set[int]] = defaultdict(set)
        self._before: dict[int, int] = {}  # line: project it became when this file was taken in before
        self._new: list[tuple[intake_bulk.New, _Fate]] = []
        self._new_keys: set[str] = set()  # codes and names of what is not in the database yet

    def look_up(self, candidates: Mapping[int, Candidate]) -> None:
        """Fetch the projects that have a code or a name of the candidates, or were these lines before."""
        wanted = list(candidates.values())
        codes = sorted({c.registration.code for c in wanted if c.registration.code})
        names = sorted({spelled for c in wanted for spelled in _spellings(c.document["name"])})
        same_file = sa.select(intake.c.sha256).where(intake.c.id == self._number).scalar_subquery()
        rows = self._connection.execute(
            sa.select(intake_row.c.number, intake_row.c.project)
            .join(intake, intake.c.id == intake_row.c.intake)
            .where(
                intake.c.sha256 == same_file,
                intake.c.id != self._number,
                intake_row.c.number.in_(list(candidates)),
                intake_row.c.project.is_not(None),
            )
            .order_by(intake_row.c.intake)
        )
        self._before = {row.number: row.project for row in rows}
        for column, values in (
            (project.c.code, codes), (project.c.name, names), (project.c.id, sorted(set(self._before.values()))),
        ):  # fmt: skip
            if values:
                found = self._connection.execute(sa.select(*projects.COLUMNS).where(column.in_(values)))
                for row in found.mappings():
                    self._remember(projects.registered(row))

    def _remember(self, one: Registered) -> None:
        self._held[one.id] = one
        self._by_name[folded(one.name)].add(one.id)
        if one.code:
            self._by_code[one.code].add(one.id)

    def _known_by(self, table: Mapping[str, set[int]], key: str) -> list[Registered]:
        return [self._held[number] for number in sorted(table.get(key, ()))]

    def flush(self, *, remember: bool = False) -> None:
        """Put what is new into the database."""
        numbers = intake_bulk.add_many(
            self._connection,
            [new for new, _ in self._new],
            at=self._at,
            by=self._by,
            owner=self._owner,
            source=self._source,
        )
        for number, (_, fate) in zip(numbers, self._new, strict=True):
            fate.project = number
            if remember:
                self._remember(projects.get(self._connection, EVERYTHING, number))
        self._new.clear()
        self._new_keys.clear()

    def enter(self, line: int, candidate: Candidate) -> _Fate:
        """Return what became of a candidate; the number of a new project is filled in by :meth:`flush`."""
        fate = _Fate(state="refused")
        if not self._new_keys.isdisjoint(_keys(candidate)):
            self.flush(remember=True)
        try:
            match, how = self._match(line, candidate, fate.notes)
            if match is None:
                self._add(candidate, fate)
            else:
                fate.notes.append(note_of("duplicate", project=match.id, by=_both(how)))
                fate.state = self._compared(candidate, match, fate.notes)
                fate.project = match.id
        except InputError as error:
            fate.notes.append(note_of("refused", error=both_of(error)))
        return fate

    def _match(self, line: int, candidate: Candidate, notes: list[Notice]) -> tuple[Registered | None, str]:
        if line in self._before:
            return self._held[self._before[line]], "by_line"
        told = candidate.registration
        key = folded(candidate.document["name"])
        if told.code:
            same = [one for one in self._known_by(self._by_code, told.code) if one.code == told.code]
            for one in same:
                dates = {told.accepted_on, one.accepted_on}
                if folded(one.name) == key or None in dates or len(dates) == 1:
                    return one, "by_code"
            if same:  # one code, several applications: stages of one investment
                notes.append(note("code_shared", code=told.code, project=same[0].id))
        for one in self._known_by(self._by_name, key):
            if folded(one.name) != key:  # renamed since
                continue
            owners = {folded(one.proponent), folded(candidate.document.get("proponent", ""))} - {""}
            codes = {one.code, told.code} - {""}
            if one.accepted_on == told.accepted_on and len(owners) <= 1 and len(codes) <= 1:
                return one, "by_name"
        return None, ""

    def _add(self, candidate: Candidate, fate: _Fate) -> None:
        document = dict(candidate.document)
        if "parts" in document:
            try:
                new = self._prepared(document, candidate.registration, placed=True)
            except InputError as error:
                fate.notes.append(note_of("place_refused", error=both_of(error)))
                del document["parts"]
            else:
                self._queue(new, candidate, fate, "added")
                return
        new = self._prepared(document, candidate.registration, placed=False)
        self._queue(new, candidate, fate, "unplaced")

    def _prepared(
        self, document: dict[str, Any], registration: Registration, *, placed: bool
    ) -> intake_bulk.New:
        return intake_bulk.prepared(document, registration, placed=placed, county_of=self._known.county_of)

    def _queue(self, new: intake_bulk.New, candidate: Candidate, fate: _Fate, state: str) -> None:
        fate.state = state
        self._new.append((new, fate))
        self._new_keys |= _keys(candidate)

    def _compared(self, candidate: Candidate, match: Registered, notes: list[Notice]) -> str:
        latest = projects.version_of(self._connection, EVERYTHING, match.id)
        held = json.loads(latest.document)
        told = dict(candidate.document)
        if "parts" in told and held.get("parts") and not match.source.startswith("intake:"):
            notes.append(note("place_kept"))
            del told["parts"]
        if "facts" in told:
            told["facts"] = {**held.get("facts", {}), **told["facts"]}
        document = {**held, **told}
        registration = _merged(match.registration, candidate.registration)
        try:
            after = self._amended(match, document, registration)
        except InputError as error:
            if "parts" not in told:
                raise
            notes.append(note_of("place_refused", error=both_of(error)))
            document = {key: value for key, value in document.items() if key != "parts"}
            if "parts" in held:
                document["parts"] = held["parts"]
            after = self._amended(match, document, registration)
        if after.revision == match.revision:
            return "same"
        self._remember(after)
        fields = [
            key
            for key in ("name", "proponent", "nature", "industry", "parts", "facts")
            if json.loads(canonical(_plain(document.get(key)))) != held.get(key)
        ]
        fields += [
            name
            for name in ("code", "eia_class", "authority", "authority_level", "region", "accepted_on", "decided_on", "status")
            if getattr(after, name) != getattr(match, name)
        ]  # fmt: skip
        notes.append(note("amended", fields=", ".join(fields)))
        return "amended"

    def _amended(
        self, match: Registered, document: Mapping[str, Any], registration: Registration
    ) -> Registered:
        return projects.amend(
            self._connection,
            EVERYTHING,
            match.id,
            revision=match.revision,
            at=self._at,
            by=self._by,
            document=document,
            registration=registration,
            reason=self._source,
            county_of=self._known.county_of,
            placed=bool(document.get("parts")),
        )


def _keys(candidate: Candidate) -> set[str]:
    code, name = candidate.registration.code, folded(candidate.document["name"])
    return {f"name {name}", f"code {code}"} if code else {f"name {name}"}


def _merged(held: Registration, told: Registration) -> Registration:
    """Return what the ledger says over what is held; what it does not say stays."""
    stated: dict[str, Any] = {
        name: getattr(told, name)
        for name in (
            "code",
            "eia_class",
            "authority",
            "authority_level",
            "region",
            "accepted_on",
            "decided_on",
        )
        if getattr(told, name)
    }
    if told.status != "accepted":  # a row without status says no more than that there is an application
        stated["status"] = told.status
    return replace(held, **stated)


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=lambda v: list(v) if isinstance(v, (set, tuple)) else str(v)))


def _spellings(name: str) -> tuple[str, str]:
    """Return a name with wide and with narrow brackets."""
    return name, name.replace("（", "(").replace("）", ")")


def _both(key: str) -> dict[str, str]:
    return {lang[:2]: t(f"ledger.note.{key}", lang) for lang in ("zh-CN", "en")}


def taken_by(connection: Connection, number: int) -> str:
    """Return who took a ledger in; "" when there is none of this number. Its lines may be of any region."""
    found = connection.execute(sa.select(intake.c.by).where(intake.c.id == number)).scalar_one_or_none()
    return str(found or "")


# --- the log -----------------------------------------------------------------------------------------


def write_log(connection: Connection, number: int, path: Path, *, lang: str = "zh-CN") -> None:
    """Write what became of each row of an intake as CSV for Excel, one row at a time.

    Raises
    ------
    OutputFailed
        The file cannot be written.
    """
    chosen = "en" if lang.startswith("en") else "zh"
    with output.replacing(path) as beside, beside.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(_LOG_FIELDS)
        for row in _log_rows(connection, number):
            held = json.loads(row.cells)
            told = "\n".join(f"[{n['code']}] {n[chosen]}" for n in json.loads(row.notes))
            line = (
                row.number, held["sheet"], held["row"], row.state, row.project or "", told,
                json.dumps(held["cells"], ensure_ascii=False),
            )  # fmt: skip
            rows.writerow([inert(value) for value in line])


def _log_rows(connection: Connection, number: int) -> Iterator[Any]:
    after = 0
    while True:
        rows = connection.execute(
            sa.select(intake_row)
            .where(intake_row.c.intake == number, intake_row.c.number > after)
            .order_by(intake_row.c.number)
            .limit(1000)
        ).all()
        if not rows:
            return
        yield from rows
        after = rows[-1].number

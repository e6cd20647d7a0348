"""Screenings kept: what was answered about which version of a project, against which edition, on which date.

Append-only. The record itself is kept compressed, or not at all: it can be made again from the version of the document,
the edition and the date, and is then an answer only when its bytes are the same as they were.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from sanxian.edition import Edition
from sanxian.errors import (
    RecordDiffers,
    RecordUnavailable,
    SanxianError,
    ScreeningUnknown,
)
from sanxian.model import Outcome
from sanxian.registry import audit, projects
from sanxian.registry.projects import EVERYTHING, Registered, Scope
from sanxian.registry.store import canonical, moment
from sanxian.registry.tables import project, screening
from sanxian.screening import ENGINE_VERSION, Screening, screen, to_json

OpenEdition = Callable[[str], Edition]
"""An edition by its digest; raises an ``EditionError`` when there is none."""

LEVEL: Final = 6  # of zlib: a record becomes a tenth of itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A screening as the registry lists it; its record is :func:`record`."""

    id: int
    project: int
    version: int  # of the project's document
    edition: str  # digest
    as_of: date
    engine: str
    count_drafts: bool
    verdict: Outcome | None  # None = there was no answer, see ``error``
    error: str  # code
    counts: str  # canonical JSON, findings by outcome
    record_sha256: str  # "" when there was no answer
    cause: str
    at: str
    by: str


_COLUMNS: Final = tuple(screening.c[field.name] for field in fields(Kept))


def _kept(row: RowMapping) -> Kept:
    values = dict(row)
    if values["verdict"] is not None:
        values["verdict"] = Outcome(values["verdict"])
    return Kept(**values)


def add(
    connection: Connection,
    subject: Registered | int,
    result: Screening | SanxianError,
    *,
    at: datetime,
    by: str,
    cause: str = "first",
    version: int | None = None,
    edition: str = "",
    as_of: date | None = None,
    count_drafts: bool = False,
    keep: bool = True,
    written: bytes | None = None,
) -> Kept:
    """Keep what a screening of a project said; call :func:`sanxian.registry.coverage.settle` afterwards in the same transaction.

    Parameters
    ----------
    subject : Registered or int
        The project, or its number when ``version`` is given.
    result : Screening or SanxianError
        The answer, or why there is none; for an error ``edition`` (digest) and ``as_of`` say what was asked.
    cause : str
        ``first``, ``again``, ``recheck`` or ``intake``.
    version : int, optional
        Of the document that was screened; by default the latest.
    keep : bool, default True
        Keep the record's bytes, not only their SHA-256.
    written : bytes, optional
        :func:`sanxian.screening.to_json` of the result, when it was made already.
    """
    if isinstance(subject, int):
        subject = projects.get(connection, EVERYTHING, subject)
    values: dict[str, Any] = {
        "project": subject.id,
        "version": subject.version if version is None else version,
        "engine": ENGINE_VERSION,
        "cause": cause,
        "at": moment(at),
        "by": by,
    }
    if isinstance(result, SanxianError):
        if as_of is None or not edition:
            raise ValueError("edition and as_of")
        values |= {"edition": edition, "as_of": as_of, "count_drafts": count_drafts, "error": result.code}
    else:
        body = to_json(result) if written is None else written
        counts = {outcome.name: n for outcome, n in result.counts.items()}
        values |= {
            "edition": result.edition.digest,
            "as_of": result.as_of,
            "engine": result.engine_version,
            "count_drafts": result.count_drafts,
            "verdict": int(result.verdict),
            "counts": canonical(counts),
            "record_sha256": _sha256(body),
            "record": zlib.compress(body, LEVEL) if keep else None,
        }
    number = connection.execute(screening.insert().returning(screening.c.id), values).scalar_one()
    detail = {
        key: str(values.get(key, ""))
        for key in ("version", "edition", "as_of", "engine", "record_sha256", "error", "cause")
    }
    detail |= {"project": f"project:{subject.id}"}
    if not isinstance(result, SanxianError):
        detail |= {"verdict": result.verdict.name}
    audit.append(
        connection, at=at, actor=by, action="screening.add", subject=f"screening:{number}", detail=detail
    )
    return get(connection, EVERYTHING, number)


def get(connection: Connection, scope: Scope, number: int) -> Kept:
    """Return a screening.

    Raises
    ------
    ScreeningUnknown
        There is none with this number, or its project is none the caller may see.
    """
    row = connection.execute(_seen(scope).where(screening.c.id == number)).mappings().first()
    if row is None:
        raise ScreeningUnknown(screening=number)
    return _kept(row)


def of_project(
    connection: Connection, scope: Scope, number: int, *, before: int | None = None, limit: int = 100
) -> tuple[Kept, ...]:
    """Return the screenings of a project, newest first; ``before`` is the last id of the page before."""
    projects.get(connection, scope, number)
    wanted = _seen(scope).where(screening.c.project == number)
    if before is not None:
        wanted = wanted.where(screening.c.id < before)
    rows = connection.execute(wanted.order_by(screening.c.id.desc()).limit(limit)).mappings()
    return tuple(_kept(row) for row in rows)


def record(connection: Connection, scope: Scope, number: int, *, opened: OpenEdition | None = None) -> bytes:
    """Return the bytes of a screening's record: those kept, else made again and compared.

    Parameters
    ----------
    opened : callable, optional
        Gives the edition by digest; without it only a record that was kept can be returned.

    Raises
    ------
    ScreeningUnknown
        There is none with this number, or none the caller may see.
    RecordUnavailable
        There was no answer, or nothing to make it from.
    RecordDiffers
        The bytes are not those of the day: damaged, or the engine answers differently now.
    """
    found = get(connection, scope, number)
    if found.verdict is None:
        reason = {"zh": f"当时没有得出结论（{found.error}）", "en": f"there was no answer ({found.error})"}
        raise RecordUnavailable(screening=number, reason=reason)
    stored = connection.execute(sa.select(screening.c.record).where(screening.c.id == number)).scalar_one()
    if stored is not None:
        try:
            body = zlib.decompress(stored)
        except zlib.error:
            body = b""
    elif opened is None:
        reason = {"zh": "未保存原文，也没有可用的成果", "en": "it was not kept, and there is no edition"}
        raise RecordUnavailable(screening=number, reason=reason)
    else:
        version = projects.version_of(connection, EVERYTHING, found.project, found.version)
        edition = opened(found.edition)
        subject = projects.project_of(version)
        body = to_json(screen(subject, edition, found.as_of, count_drafts=found.count_drafts))
    if _sha256(body) != found.record_sha256:
        raise RecordDiffers(screening=number, stored=found.record_sha256, found=_sha256(body))
    return body


def _seen(scope: Scope) -> sa.Select[Any]:
    wanted = sa.select(*_COLUMNS)
    if conditions := projects.within(scope):
        wanted = wanted.join(project, project.c.id == screening.c.project).where(*conditions)
    return wanted


def _sha256(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()

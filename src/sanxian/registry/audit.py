"""The audit log: who did what, each row hashed over the one before.

A row is written in the transaction of what it tells of, so that neither is there without the other. Its hash is the
SHA-256 of the canonical JSON ``[seq, at, actor, action, subject, detail, previous]``; ``previous`` is the hash of the row
before, for the first row the SHA-256 of the registry's own id. Changing, taking out or putting in a row breaks every
hash behind it. What a chain alone cannot show is a tail cut off: whoever keeps an earlier :class:`Head` elsewhere (every
backup does) can ask :func:`verify` whether it is still in the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian.registry.store import canonical, moment
from sanxian.registry.tables import about, audit

_CHUNK: Final = 5_000  # rows verified at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the log."""

    seq: int
    at: str  # as ``moment`` writes it
    actor: str
    action: str  # project.add, decision.withdraw …
    subject: str  # project:12, edition:sha256:… …
    detail: str  # canonical JSON
    previous: str
    hash: str


class Head(NamedTuple):
    """Where the log ends; written ``seq:hash``."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What looking through the whole log found."""

    rows: int
    head: Head
    broken: int | None  # seq of the first row that does not stand
    reason_zh: str = ""
    reason_en: str = ""


def append(
    connection: Connection, *, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> Head:
    """Add a row to the log, in the transaction of ``connection`` (of :meth:`Registry.begin`).

    Parameters
    ----------
    detail : mapping
        Plain JSON values; no secrets.
    """
    last = head(connection)
    row: dict[str, Any] = {
        "seq": last.seq + 1,
        "at": moment(at),
        "actor": actor,
        "action": action,
        "subject": subject,
        "detail": canonical(detail),
        "previous": last.hash,
    }
    row["hash"] = _hash(**row)
    connection.execute(audit.insert(), row)
    return Head(last.seq + 1, str(row["hash"]))


def head(connection: Connection) -> Head:
    """Return the last row's number and hash; number 0 when the log is empty."""
    found = connection.execute(
        sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    ).first()
    return Head(*found) if found is not None else Head(0, _beginning(connection))


def at(connection: Connection, seq: int) -> Head | None:
    """Return the row of a number as the end it once was; ``None`` when there is none."""
    if seq == 0:
        return Head(0, _beginning(connection))
    found = connection.execute(sa.select(audit.c.hash).where(audit.c.seq == seq)).scalar()
    return None if found is None else Head(seq, found)


def verify(connection: Connection, *, known: Head | None = None) -> Verified:
    """Go through the whole log and say which row is the first that does not stand.

    Parameters
    ----------
    known : Head, optional
        Of an earlier day, kept elsewhere: its row must still be there as it was.
    """
    previous, rows = _beginning(connection), 0

    def broken(seq: int, zh: str, en: str) -> Verified:
        return Verified(rows=rows, head=Head(rows, previous), broken=seq, reason_zh=zh, reason_en=en)

    while True:
        chunk = connection.execute(
            sa.select(audit).where(audit.c.seq > rows).order_by(audit.c.seq).limit(_CHUNK)
        ).mappings()
        before = rows
        for row in chunk:
            seq = row["seq"]
            if seq != rows + 1:
                return broken(rows + 1, f"第 {rows + 1} 条缺失", f"row {rows + 1} is missing")
            if row["previous"] != previous:
                return broken(seq, "与前一条不衔接", "it does not follow from the row before")
            if _hash(**{key: row[key] for key in row if key != "hash"}) != row["hash"]:
                return broken(seq, "内容与其校验值不符", "its content does not have its hash")
            if known is not None and seq == known.seq and row["hash"] != known.hash:
                return broken(seq, "与此前留存的校验值不符", "it does not have the hash kept from before")
            previous, rows = row["hash"], seq
        if rows == before:
            break
    if known is not None and known.seq > rows:
        return broken(
            rows + 1,
            f"此前留存的记录到第 {known.seq} 条，现只到第 {rows} 条",
            f"the log once reached row {known.seq} and now ends at row {rows}",
        )
    return Verified(rows=rows, head=Head(rows, previous), broken=None)


def entries(
    connection: Connection, *, before: int | None = None, subject: str = "", actor: str = "", limit: int = 100
) -> tuple[Entry, ...]:
    """Return rows of the log, newest first.

    Parameters
    ----------
    before : int, optional
        Only rows with a smaller number: the last one of the page before.
    subject, actor : str
        Only rows of exactly these.
    """
    wanted = sa.select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(audit.c.seq < before)
    if subject:
        wanted = wanted.where(audit.c.subject == subject)
    if actor:
        wanted = wanted.where(audit.c.actor == actor)
    return tuple(Entry(**row) for row in connection.execute(wanted).mappings())


def _hash(*, seq: int, at: str, actor: str, action: str, subject: str, detail: str, previous: str) -> str:
    line = canonical([seq, at, actor, action, subject, detail, previous])
    return hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()


def _beginning(connection: Connection) -> str:
    registry = connection.execute(sa.select(about.c.value).where(about.c.key == "registry")).scalar_one()
    return hashlib.sha256(str(registry).encode()).hexdigest()

"""Whether a registry still is what was written: the log, the counts, documents, records, attachments, editions."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian.edition import open_edition
from sanxian.errors import SanxianError
from sanxian.registry import attachments, audit, editions, projects
from sanxian.registry.store import Registry
from sanxian.registry.tables import attachment, project_version, screening

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is not as it was written."""

    code: str  # DATABASE, AUDIT, TALLY, DOCUMENT, RECORD, ATTACHMENT, EDITION
    subject: str  # project:12, screening:7 …
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was looked at, and what was found."""

    looked_at: dict[str, int]
    head: audit.Head
    faults: tuple[Fault, ...]


def verify(registry: Registry, *, known: audit.Head | None = None) -> Report:
    """Look through everything the registry keeps.

    Parameters
    ----------
    known : audit.Head, optional
        End of the log on an earlier day, see :func:`audit.verify`.
    """
    looked_at: dict[str, int] = {}
    faults: list[Fault] = []
    with registry.read() as connection:
        faults += _database(connection)
        checked = audit.verify(connection, known=known)
        looked_at["audit"] = checked.rows
        if checked.broken is not None:
            faults.append(
                Fault(
                    code="AUDIT",
                    subject=f"audit:{checked.broken}",
                    zh=checked.reason_zh,
                    en=checked.reason_en,
                )
            )
        if cells := projects.tally_differences(connection):
            zh, en = f"有 {cells} 处计数与项目不符", f"{cells} counts are not those of the projects"
            faults.append(Fault(code="TALLY", subject="tally", zh=zh, en=en))
        for name, check in (("documents", _documents), ("records", _records), ("attachments", _attachments)):
            looked_at[name] = 0
            for fault in check(connection, registry):
                looked_at[name] += 1
                if fault is not None:
                    faults.append(fault)
        listed = editions.listed(connection, withdrawn=True)
    looked_at["editions"] = len(listed)
    faults += [fault for one in listed if (fault := _edition(registry, one)) is not None]
    return Report(looked_at=looked_at, head=checked.head, faults=tuple(faults))


def _database(connection: Connection) -> Iterator[Fault]:
    if connection.dialect.name != "sqlite":
        return  # PostgreSQL looks after its own pages; see pg_amcheck
    for (said,) in connection.exec_driver_sql("PRAGMA integrity_check(20)"):
        if said != "ok":
            yield Fault(code="DATABASE", subject="registry.db", zh=f"数据库：{said}", en=f"database: {said}")
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(20):
        zh, en = (
            f"第 {row[1]} 行指向不存在的 {row[2]}",
            f"row {row[1]} points to a {row[2]} that is not there",
        )
        yield Fault(code="DATABASE", subject=str(row[0]), zh=zh, en=en)


def _documents(connection: Connection, _: Registry) -> Iterator[Fault | None]:
    columns = (project_version.c.project, project_version.c.version)
    for row in _each(connection, sa.select(project_version), columns):
        found = hashlib.sha256(row["document"].encode("utf-8")).hexdigest()
        subject = f"project:{row['project']}/{row['version']}"
        yield None if f"sha256:{found}" == row["sha256"] else _changed("DOCUMENT", subject)


def _records(connection: Connection, _: Registry) -> Iterator[Fault | None]:
    wanted = sa.select(screening.c.id, screening.c.record, screening.c.record_sha256).where(
        screening.c.record.is_not(None)
    )
    for row in _each(connection, wanted, (screening.c.id,)):
        try:
            found = hashlib.sha256(zlib.decompress(row["record"])).hexdigest()
        except zlib.error:
            found = ""
        same = f"sha256:{found}" == row["record_sha256"]
        yield None if same else _changed("RECORD", f"screening:{row['id']}")


def _attachments(connection: Connection, registry: Registry) -> Iterator[Fault | None]:
    for sha256 in connection.execute(sa.select(attachment.c.sha256)).scalars():
        damage = attachments.damage(registry, sha256)
        subject = f"attachment:{sha256}"
        yield None if damage is None else Fault(code="ATTACHMENT", subject=subject, **damage)


def _edition(registry: Registry, one: editions.Offered) -> Fault | None:
    subject = f"edition:{one.digest}"
    try:
        found = open_edition(registry.editions / one.file).info.digest
    except SanxianError as error:
        return Fault(code="EDITION", subject=subject, zh=error.text("zh-CN"), en=error.text("en"))
    return None if found == one.digest else _changed("EDITION", subject)


def _changed(code: str, subject: str) -> Fault:
    zh, en = "内容与留存的校验值不符", "its content does not have the digest kept"
    return Fault(code=code, subject=subject, zh=zh, en=en)


def _each(
    connection: Connection, wanted: sa.Select[Any], key: tuple[sa.ColumnElement[Any], ...]
) -> Iterator[Any]:
    """Yield every row by its key, a few in memory at a time."""
    after: tuple[Any, ...] | None = None
    while True:
        query = wanted.order_by(*key).limit(_CHUNK)
        if after is not None:
            query = query.where(sa.tuple_(*key) > sa.tuple_(*after))
        rows = connection.execute(query).mappings().all()
        yield from rows
        if len(rows) < _CHUNK:
            return
        after = tuple(rows[-1][column.name] for column in key)

"""Many new projects at once: what :func:`projects.add` does one by one, in a few statements for all of them.

The rows, the counts, the search index and the audit log come out the same (a test compares them).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, NamedTuple

import shapely
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian import geometry
from sanxian.model import Project
from sanxian.registry import audit, projects
from sanxian.registry.projects import CountyOf, Registration
from sanxian.registry.registration import checked
from sanxian.registry.store import canonical, moment
from sanxian.registry.tables import audit as audit_table
from sanxian.registry.tables import project, project_fact, project_part, project_version


class New(NamedTuple):
    """A project that can be entered: its document as it will be kept, what it describes, what is kept beside it."""

    text: str
    described: Project
    registration: Registration


def prepared(
    document: dict[str, Any], registration: Registration, *, placed: bool, county_of: CountyOf | None
) -> New:
    """Return a project ready to be entered.

    Raises
    ------
    InputError
        The document is no project, or the registration cannot be what it says.
    """
    text, described = projects._taken(document, placed=placed)  # noqa: SLF001
    kept = checked(registration)
    county = county_of(described) if county_of is not None and described.parts else ""
    kept = replace(kept, region=county or kept.region, code=kept.code or described.id[:100])
    return New(text, described, kept)


def add_many(
    connection: Connection,
    wanted: Sequence[New],
    *,
    at: datetime,
    by: str,
    owner: int | None,
    source: str,
) -> list[int]:
    """Enter projects and return their numbers, in order; each has its row in the audit log."""
    if not wanted:
        return []
    stamp = moment(at)
    rows = [
        {
            **asdict(new.registration),
            **projects._described(new.described, new.registration.code),  # noqa: SLF001
            "version": 1,
            "revision": 1,
            "analysis": projects._unanswered(new.described, new.registration),  # noqa: SLF001
            "owner": owner,
            "source": source,
            "created_at": stamp,
            "created_by": by,
            "updated_at": stamp,
        }
        for new in wanted
    ]
    numbers = list(
        connection.execute(
            project.insert().returning(project.c.id, sort_by_parameter_order=True), rows
        ).scalars()
    )
    projects._move(connection, Counter(map(projects._cell, rows)))  # noqa: SLF001
    if connection.dialect.name == "sqlite":
        _index(connection, numbers, rows)
    _keep_documents(connection, numbers, wanted, stamp, by)
    _log(connection, numbers, wanted, at, by)
    return numbers


def _index(connection: Connection, numbers: Sequence[int], rows: Sequence[dict[str, Any]]) -> None:
    words = [
        (number, projects.tokens(row["search"]))
        for number, row in zip(numbers, rows, strict=True)
        if row["search"]
    ]
    places = [
        (number, row["west"], row["east"], row["south"], row["north"])
        for number, row in zip(numbers, rows, strict=True)
        if row["west"] is not None
    ]
    if words:
        connection.exec_driver_sql("INSERT INTO project_search (rowid, grams) VALUES (?, ?)", words)
    if places:
        connection.exec_driver_sql("INSERT INTO project_place VALUES (?, ?, ?, ?, ?)", places)


def _keep_documents(
    connection: Connection, numbers: Sequence[int], wanted: Sequence[New], stamp: str, by: str
) -> None:
    versions, parts, facts = [], [], []
    for number, new in zip(numbers, wanted, strict=True):
        versions.append(
            {
                "project": number,
                "version": 1,
                "document": new.text,
                "sha256": projects._sha256(new.text),  # noqa: SLF001
                "at": stamp,
                "by": by,
                "reason": "",
            }
        )
        for i, part in enumerate(new.described.parts, 1):
            area, length = geometry.measure(part.geometry)
            west, south, east, north = map(float, shapely.bounds(part.geometry))
            parts.append(
                {
                    "project": number,
                    "number": i,
                    "role": projects._short(part.role, 100),  # noqa: SLF001
                    "name": projects._short(part.name, 400),  # noqa: SLF001
                    "geometry": shapely.to_wkb(part.geometry),
                    "area_m2": area,
                    "length_m": length,
                    "west": west,
                    "south": south,
                    "east": east,
                    "north": north,
                }
            )
        facts += [
            {"project": number, "key": key, "value": canonical(projects._plain(value))}  # noqa: SLF001
            for key, value in new.described.facts.items()
        ]
    statements: tuple[tuple[sa.Table, list[dict[str, Any]]], ...] = (
        (project_version, versions),
        (project_part, parts),
        (project_fact, facts),
    )
    for table, rows in statements:
        if rows:
            connection.execute(table.insert(), rows)


def _log(
    connection: Connection, numbers: Sequence[int], wanted: Sequence[New], at: datetime, by: str
) -> None:
    last = audit.head(connection)
    rows = []
    for number, new in zip(numbers, wanted, strict=True):
        detail = {
            "version": 1,
            "sha256": projects._sha256(new.text),  # noqa: SLF001
            **projects._told(new.registration),  # noqa: SLF001
        }
        row: dict[str, Any] = {
            "seq": last.seq + 1,
            "at": moment(at),
            "actor": by,
            "action": "project.add",
            "subject": f"project:{number}",
            "detail": canonical(detail),
            "previous": last.hash,
        }
        row["hash"] = audit._hash(**row)  # noqa: SLF001
        rows.append(row)
        last = audit.Head(row["seq"], row["hash"])
    connection.execute(audit_table.insert(), rows)

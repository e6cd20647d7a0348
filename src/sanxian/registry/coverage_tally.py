"""Counts of counts: what the rate asks for most, added up beforehand so that any span of years is answered at once.

``tally`` has a row for nearly every project when there are many counties, authorities and industries. ``tally_rate`` adds it
up along one dimension at a time, by year or by month. It is kept by what keeps ``tally``, in the same transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from sanxian.registry.tables import tally, tally_rate

MONTH: Final = "month"  # the whole registry by month
MONTH_REGION: Final = "month_region"
YEAR: Final = {"region": "year_region", "authority": "year_authority", "industry": "year_industry"}

_NAMES: Final = tuple(column.name for column in tally_rate.primary_key)


def move(connection: Connection, moves: Mapping[tuple[Any, ...], int]) -> None:
    """Add what was added to ``tally``: cells in the order of its key, and by how much."""
    sums: Counter[tuple[str, ...]] = Counter()
    for (month, region, authority, eia_class, industry, status, analysis, _), count in moves.items():
        said = (eia_class, status, analysis)
        sums[MONTH, "", month, *said] += count
        sums[MONTH_REGION, region, month, *said] += count
        for dimension, key in zip(YEAR.values(), (region, authority, industry), strict=True):
            sums[dimension, key, month[:4], *said] += count
    rows: list[dict[str, Any]] = [
        {**dict(zip(_NAMES, cell, strict=True)), "projects": n} for cell, n in sorted(sums.items()) if n
    ]
    if not rows:
        return
    insert: Any = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(tally_rate)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=_NAMES, set_={"projects": tally_rate.c.projects + insert.excluded.projects}
        ),
        rows,
    )
    emptied = [{f"k_{name}": row[name] for name in _NAMES} for row in rows if row["projects"] < 0]
    if emptied:
        same = (tally_rate.c[name] == sa.bindparam(f"k_{name}") for name in _NAMES)
        connection.execute(sa.delete(tally_rate).where(tally_rate.c.projects == 0, *same), emptied)


def recount(connection: Connection) -> None:
    """Add ``tally`` up anew."""
    connection.execute(sa.delete(tally_rate))
    names = [column.name for column in tally_rate.c]
    for query in _added_up():
        connection.execute(tally_rate.insert().from_select(names, query))


def differences(connection: Connection) -> int:
    """Return in how many cells this differs from ``tally`` added up anew; 0 when all is well."""
    kept = sa.select(*tally_rate.c)
    anew = sa.union_all(*_added_up())
    found = 0
    for one, other in ((kept, anew), (anew, kept)):
        left, right = one.subquery(), other.subquery()
        differing = sa.except_(sa.select(left), sa.select(right)).subquery()
        found += connection.execute(sa.select(sa.func.count()).select_from(differing)).scalar_one()
    return found


def _added_up() -> list[sa.Select[Any]]:
    year = sa.func.substr(tally.c.month, 1, 4)
    cells: list[tuple[str, sa.ColumnElement[str], sa.ColumnElement[str]]] = [
        (MONTH, sa.literal(""), tally.c.month),
        (MONTH_REGION, tally.c.region, tally.c.month),
        *((dimension, tally.c[name], year) for name, dimension in YEAR.items()),
    ]
    return [
        sa.select(
            sa.literal(dimension).label("dimension"), key.label("key"), span.label("span"), tally.c.eia_class,
            tally.c.status, tally.c.analysis, sa.func.sum(tally.c.projects).label("projects"),
        ).group_by(*([key] if dimension != MONTH else []), span, tally.c.eia_class, tally.c.status, tally.c.analysis)
        for dimension, key, span in cells
    ]  # fmt: skip

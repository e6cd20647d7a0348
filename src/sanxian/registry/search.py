"""Finding projects: filters, pages by key, counts.

Lists run from the latest acceptance to the earliest, projects without a date last, and go on after the last row of
the page before, so that no row is shown twice or skipped while others come in. PostgreSQL chooses its way by its own
statistics; SQLite is told: by the rarest of the conditions when there are few such rows, else through the wide index
in the order of the list. It is told by a plus sign before the columns whose indexes it shall not use.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection
from sqlalchemy.sql import operators, visitors

from sanxian.model import Outcome
from sanxian.registry.projects import COLUMNS, Registered, below, registered, token, within
from sanxian.registry.registration import Scope, folded, needles
from sanxian.registry.tables import project

_MATCHING: Final = sa.text("SELECT rowid AS id FROM project_search WHERE project_search MATCH :match")
_LYING: Final = sa.text(
    "SELECT id FROM project_place WHERE west <= :east AND east >= :west AND south <= :north AND north >= :south"
)

FEW: Final = 10_000  # rows that are quicker sorted than looked for in order
SOME: Final = 100_000  # rows that are quicker listed by the text index than read one by one
TRIED: Final = 1_500  # rows read in order before the text index is asked: enough for a word that is not rare

_WHOLE: Final = {"region": 6, "industry": 4}  # digits of a whole code; the registry keeps no longer ones

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which projects; what is not given does not matter."""

    text: str = ""  # words, each somewhere in name, code, number or proponent
    region: str = ""  # GB/T 2260, a prefix
    authority: str = ""  # exactly
    industry: str = ""  # GB/T 4754, a prefix without section letter
    eia_class: str = ""
    status: str = ""
    analysis: str = ""
    verdict: Outcome | None = None
    accepted_from: date | None = None
    accepted_to: date | None = None  # last day
    bbox: tuple[float, float, float, float] | None = None  # west, south, east, north; EPSG:4490 degrees
    owner: int | None = None


class After(NamedTuple):
    """The last row of the page before."""

    accepted_on: date | None
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Projects, and where the next page begins."""

    rows: tuple[Registered, ...]
    next: After | None  # None = there is no more


class Count(NamedTuple):
    """How many there are."""

    number: int
    exact: bool  # False: there are more than ``number``


def find(
    connection: Connection, scope: Scope, wanted: Filter, *, after: After | None = None, limit: int = 50
) -> Page:
    """Return the projects a filter lets through, latest accepted first, one page of them.

    Parameters
    ----------
    after : After, optional
        :attr:`Page.next` of the page before.
    limit : int, default 50
        Rows a page.
    """
    if _apart(scope, wanted):
        return Page(rows=(), next=None)
    ids = _ids(connection, scope, wanted, after, limit + 1)
    found = {
        row["id"]: registered(row)
        for row in connection.execute(sa.select(*COLUMNS).where(project.c.id.in_(ids[:limit]))).mappings()
    }
    rows = tuple(found[number] for number in ids[:limit])
    more = len(ids) > limit
    return Page(rows=rows, next=After(rows[-1].accepted_on, rows[-1].id) if more else None)


def count(connection: Connection, scope: Scope, wanted: Filter, *, most: int | None = None) -> Count:
    """Return how many projects a filter lets through; counting ends at ``most``, when given."""
    if _apart(scope, wanted):
        return Count(0, exact=True)
    covered, rows = _conditions(scope, wanted)
    conditions = [*covered, *rows]
    if connection.dialect.name == "sqlite":
        ways = _ways(connection, scope, wanted)
        way = _rarest(ways) or (_LISTED if not _by_rows(wanted) else _Way())
        extra = way.extra or _by_text(ways)
        conditions = [*_steered(conditions, way), *extra]
    else:
        conditions += _indexes(wanted)
    inner = sa.select(sa.literal(1)).select_from(project).where(*conditions)
    if most is not None:
        inner = inner.limit(most + 1)
    number = connection.execute(sa.select(sa.func.count()).select_from(inner.subquery())).scalar_one()
    if most is not None and number > most:
        return Count(most, exact=False)
    return Count(number, exact=True)


def each(connection: Connection, scope: Scope, wanted: Filter, *, size: int = 1_000) -> Iterator[Registered]:
    """Yield every project a filter lets through, in the order of :func:`find`, ``size`` in memory at a time."""
    after: After | None = None
    while True:
        page = find(connection, scope, wanted, after=after, limit=size)
        yield from page.rows
        if page.next is None:
            return
        after = page.next


# --- conditions ------------------------------------------------------------------------------------


def _conditions(scope: Scope, wanted: Filter) -> tuple[list[Condition], list[Condition]]:
    """Return what a row must fulfil: as the wide index knows it, and as only the row itself does (text, place)."""
    found: list[Condition] = [*within(scope), *(condition for condition, _ in _indexed(wanted))]
    for column, value in ((project.c.eia_class, wanted.eia_class), (project.c.status, wanted.status)):
        if value:
            found.append(column == value)
    if wanted.accepted_from is not None:
        found.append(project.c.accepted_on >= wanted.accepted_from)
    if wanted.accepted_to is not None:
        found.append(project.c.accepted_on <= wanted.accepted_to)
    rows: list[Condition] = [
        project.c.search.contains(word, autoescape=True) if word else sa.false()
        for word in _words(wanted.text)
    ]
    if wanted.bbox is not None:
        west, south, east, north = wanted.bbox
        rows += [
            project.c.west <= east, project.c.east >= west, project.c.south <= north, project.c.north >= south
        ]  # fmt: skip
    return found, rows


def _indexes(wanted: Filter) -> list[Condition]:
    """Return what PostgreSQL's indexes of text and place are asked; a row that fulfils the rest fulfils it too."""
    found: list[Condition] = []
    for word in _words(wanted.text):
        if pieces := needles(word):
            held = sa.func.sanxian_grams(project.c.search, type_=postgresql.ARRAY(sa.Text))
            found.append(held.contains(sa.cast(list(pieces), postgresql.ARRAY(sa.Text))))
    if wanted.bbox is not None:
        west, south, east, north = wanted.bbox
        lying = sa.func.box(
            sa.func.point(project.c.west, project.c.south), sa.func.point(project.c.east, project.c.north)
        )
        asked = sa.func.box(sa.func.point(west, south), sa.func.point(east, north))
        found.append(lying.bool_op("&&")(asked))
    return found


def _indexed(wanted: Filter) -> list[tuple[Condition, sa.Column[Any]]]:
    """Return the conditions whose column has an index of its own, which goes on by date and number."""
    found: list[tuple[Condition, sa.Column[Any]]] = []
    if wanted.region:
        found.append((_under(project.c.region, wanted.region), project.c.region))
    if wanted.authority:
        found.append((project.c.authority == wanted.authority, project.c.authority))
    if wanted.industry:
        found.append((_under(project.c.industry, wanted.industry), project.c.industry))
    if wanted.analysis:
        found.append((project.c.analysis == wanted.analysis, project.c.analysis))
    if wanted.verdict is not None:
        found.append((project.c.verdict == int(wanted.verdict), project.c.verdict))
    if wanted.owner is not None:
        found.append((project.c.owner == wanted.owner, project.c.owner))
    return found


def _under(column: sa.Column[Any], prefix: str) -> Condition:
    """Return whether a code lies under another; a whole code is asked for as it is, so that its index has the list's order."""
    return column == prefix if len(prefix) == _WHOLE[column.name] else below(column, prefix)


def _apart(scope: Scope, wanted: Filter) -> bool:
    """Return whether what is asked for lies outside what may be seen: then there is no need to look."""
    one, other = scope.region, wanted.region
    return not (one.startswith(other) or other.startswith(one))


def _by_rows(wanted: Filter) -> bool:
    """Return whether the rows themselves have to be read: text and place stand in no ordinary index."""
    return bool(wanted.text.strip()) or wanted.bbox is not None


def _words(text: str) -> list[str]:
    """Return the words of a search, folded; one of signs only finds nothing and is an empty text."""
    return [folded(word) for word in unicodedata.normalize("NFKC", text).split()]


# --- the way of SQLite -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How SQLite gets at the rows: by the index of a column, or by ids that another index lists."""

    lead: sa.Column[Any] | None = None
    extra: tuple[Condition, ...] = ()
    rows: int = 0  # on this way, as far as they were counted


_LISTED: Final = _Way(lead=project.c.accepted_on)
_LEADING: Final = (
    project.c.accepted_on, project.c.region, project.c.authority, project.c.industry, project.c.analysis,
    project.c.verdict, project.c.owner,
)  # fmt: skip


def _steered(conditions: Sequence[Condition], way: _Way) -> list[Condition]:
    """Return the conditions with a sign before each column whose index is not the way."""

    def signed(element: Any, **_: Any) -> Any:
        if element is not way.lead and any(element is column for column in _LEADING):
            return _plus(element)
        return None

    return [visitors.replacement_traverse(condition, {}, signed) for condition in conditions]


def _plus(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.UnaryExpression(column, operator=operators.custom_op("+"), type_=column.type)


def _ways(connection: Connection, scope: Scope, wanted: Filter) -> list[_Way]:
    """Return the ways that conditions offer, each with the rows on it as far as they were counted."""
    ways: list[_Way] = []
    for word in _words(wanted.text):
        if pieces := needles(word):
            match = " AND ".join(f'"{token(piece)}"' for piece in pieces)
            ways.append(_counted(connection, _MATCHING.bindparams(match=match), SOME))
    if wanted.bbox is not None:
        bounds = dict(zip(("west", "south", "east", "north"), wanted.bbox, strict=True))
        ways.append(_counted(connection, _LYING.bindparams(**bounds), FEW))
    narrower = [*_indexed(wanted)]
    if scope.region:
        narrower.append((_under(project.c.region, scope.region), project.c.region))
    if scope.owner is not None:
        narrower.append((project.c.owner == scope.owner, project.c.owner))
    for condition, column in narrower:
        ways.append(_Way(lead=column, rows=_up_to(connection, sa.select(project.c.id).where(condition), FEW)))
    return ways


def _rarest(ways: Sequence[_Way]) -> _Way | None:
    """Return the way with the fewest rows, when there are few enough to sort."""
    best = min(ways, key=lambda way: way.rows, default=None)
    return best if best is not None and best.rows < FEW else None


def _by_text(ways: Sequence[_Way]) -> tuple[Condition, ...]:
    """Return what the text and place indexes say, of rows looked for in order, where they do not list nearly everything."""
    return tuple(condition for way in ways if way.lead is None and way.rows < SOME for condition in way.extra)


def _counted(connection: Connection, inner: sa.TextClause, most: int) -> _Way:
    ids = inner.columns(project.c.id)
    rows = _up_to(connection, sa.select(ids.subquery().c.id), most)
    return _Way(extra=(project.c.id.in_(ids),), rows=rows if rows < most else SOME)


def _up_to(connection: Connection, inner: sa.Select[Any], most: int) -> int:
    rows = inner.limit(most).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(rows)).scalar_one())


# --- pages -----------------------------------------------------------------------------------------


def _ids(
    connection: Connection, scope: Scope, wanted: Filter, after: After | None, limit: int
) -> Sequence[int]:
    covered, rows = _conditions(scope, wanted)
    ways = _ways(connection, scope, wanted) if connection.dialect.name == "sqlite" else []
    if (few := _rarest(ways)) is not None:
        query = sa.select(project.c.id).where(*_steered([*covered, *rows], few), *few.extra)
        if after is not None:
            query = query.where(*_steered([_later(after)], few))
        order = _plus(project.c.accepted_on).desc()
        return connection.execute(query.order_by(order, project.c.id.desc()).limit(limit)).scalars().all()
    found: list[int] = []
    if after is None or after.accepted_on is not None:
        dated: list[Condition] = [project.c.accepted_on.is_not(None)]
        if after is not None:
            here = sa.tuple_(project.c.accepted_on, project.c.id)
            dated.append(here < sa.tuple_(after.accepted_on, after.id))
        query = sa.select(project.c.id).order_by(project.c.accepted_on.desc(), project.c.id.desc())
        found += _in_order(connection, query, limit, [*dated, *covered], rows, ways, wanted)
        after = None
    if len(found) < limit and wanted.accepted_from is None and wanted.accepted_to is None:
        undated: list[Condition] = [project.c.accepted_on.is_(None)]
        if after is not None:
            undated.append(project.c.id < after.id)
        query = sa.select(project.c.id).order_by(project.c.id.desc())
        found += _in_order(connection, query, limit - len(found), [*undated, *covered], rows, ways, wanted)
    return found


def _in_order(
    connection: Connection,
    query: sa.Select[Any],
    limit: int,
    covered: Sequence[Condition],
    rows: Sequence[Condition],
    ways: Sequence[_Way],
    wanted: Filter,
) -> Sequence[int]:
    """Return the first ids in the order of the list, which ``query`` says."""
    query = query.limit(limit)
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        leads = [way.lead for way in ways]
        alone = len(leads) == 1 and not wanted.eia_class and not wanted.status and _whole(leads[0], wanted)
        covered = covered if alone and not rows else _steered(covered, _LISTED)
    if not rows:
        return connection.execute(query.where(*covered)).scalars().all()
    listed = [_held(condition) for condition in _by_text(ways)] if sqlite else _indexes(wanted)
    if sqlite or not listed or _up_to(connection, sa.select(project.c.id).where(*listed), TRIED) == TRIED:
        # Read some rows in order first: a common word or a large box fills a page at once.
        near = query.where(*covered).limit(TRIED).subquery()
        first = query.join(near, near.c.id == project.c.id).where(*rows)
        found = connection.execute(first).scalars().all()
        if len(found) == limit:
            return found
    return connection.execute(query.where(*covered, *rows, *listed)).scalars().all()


def _held(condition: Condition) -> Condition:
    """Return a condition on ids that is only a test, not a way."""

    def signed(element: Any, **_: Any) -> Any:
        return _plus(element) if element is project.c.id else None

    held: Condition = visitors.replacement_traverse(condition, {}, signed)
    return held


def _whole(column: sa.Column[Any] | None, wanted: Filter) -> bool:
    """Return whether the condition on a column asks for one value."""
    if column is None or column.name not in _WHOLE:
        return column is not None
    return len(getattr(wanted, column.name)) == _WHOLE[column.name]


def _later(after: After) -> Condition:
    """Return whether a row comes after one in the list."""
    if after.accepted_on is None:
        return sa.and_(project.c.accepted_on.is_(None), project.c.id < after.id)
    return sa.or_(
        project.c.accepted_on < after.accepted_on,
        sa.and_(project.c.accepted_on == after.accepted_on, project.c.id < after.id),
        project.c.accepted_on.is_(None),
    )

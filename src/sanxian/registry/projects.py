"""Projects of the registry: entered, amended, counted.

A project is a document (docs/reference/project-format.md, with its places in it) in versions that are never changed, and
beside it what only the registry knows: code, EIA class, authority, dates, status. ``version`` counts documents: a
screening answers one of them. ``revision`` counts every change a person makes and is the optimistic lock.

Every change of a row goes through :func:`_write`, which keeps the counts of ``tally`` and what the search needs in the
same transaction. :mod:`sanxian.registry.search` finds projects.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Final, NamedTuple, TypeVar

import shapely
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, RowMapping

from sanxian import geometry
from sanxian.edition import Edition
from sanxian.edition.content import admin_places
from sanxian.errors import BadProject, ProjectUnknown, RegistryConflict
from sanxian.geometry import Footprint
from sanxian.model import Outcome, Project
from sanxian.project import project_from_mapping
from sanxian.registry import audit, coverage_tally
from sanxian.registry.registration import (
    EVERYTHING,
    Registration,
    Scope,
    Status,
    checked,
    folded,
    grams,
    main_industry,
)
from sanxian.registry.store import canonical, moment
from sanxian.registry.tables import project, project_fact, project_part, project_version, tally

__all__ = [
    "EVERYTHING",
    "Counties",
    "Registered",
    "Registration",
    "Scope",
    "Settled",
    "Status",
    "Version",
    "add",
    "amend",
    "document_of",
    "get",
    "project_of",
    "recount",
    "set_analysis",
    "set_status",
    "tally_differences",
    "version_of",
    "versions",
]

CountyOf = Callable[[Project], str]
Some = TypeVar("Some")

_CHUNK: Final = 500  # ids in one statement
_PLACELESS: Final = Footprint(parts=(), notices=(), source="inline")
_REGISTRATION: Final = tuple(field.name for field in fields(Registration))
_TALLIED: Final = (
    "accepted_on",
    "region",
    "authority",
    "eia_class",
    "industry",
    "status",
    "analysis",
    "verdict",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A project as the registry lists it; its document is :func:`version_of`."""

    id: int
    version: int  # of the document
    revision: int  # of everything a person may change: the optimistic lock
    code: str
    name: str
    proponent: str
    nature: str
    industry: str
    eia_class: str
    authority: str
    authority_level: str
    region: str
    accepted_on: date | None
    decided_on: date | None
    status: str
    west: float | None  # EPSG:4490 degrees; None = no usable place
    south: float | None
    east: float | None
    north: float | None
    analysis: str
    screening: int | None
    verdict: Outcome | None
    owner: int | None
    source: str
    created_at: str
    created_by: str
    updated_at: str

    @property
    def placed(self) -> bool:
        """Whether the registry knows where it is."""
        return self.west is not None

    @property
    def registration(self) -> Registration:
        """What is kept beside the document."""
        return Registration(**{name: getattr(self, name) for name in _REGISTRATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a project's document."""

    project: int
    version: int
    document: str  # canonical JSON
    sha256: str
    at: str
    by: str
    reason: str


class Settled(NamedTuple):
    """Which screening of a project counts, and what follows."""

    analysis: str
    screening: int | None = None
    verdict: Outcome | None = None


COLUMNS: Final = tuple(project.c[field.name] for field in fields(Registered))


def registered(row: RowMapping) -> Registered:
    """Return a row of ``COLUMNS`` as a project."""
    values = dict(row)
    if values["verdict"] is not None:
        values["verdict"] = Outcome(values["verdict"])
    return Registered(**values)


# --- reading ---------------------------------------------------------------------------------------


def within(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """Return what a row must fulfil to be seen."""
    found = []
    if scope.region:
        found.append(below(project.c.region, scope.region))
    if scope.owner is not None:
        found.append(project.c.owner == scope.owner)
    return found


def below(column: sa.ColumnElement[str], prefix: str) -> sa.ColumnElement[bool]:
    """Return whether a code of digits begins with ``prefix``, as a range an index can use under any collation."""
    return column.between(prefix, prefix + "9" * 12)


def get(connection: Connection, scope: Scope, number: int) -> Registered:
    """Return a project.

    Raises
    ------
    ProjectUnknown
        There is none with this number, or none the caller may see.
    """
    row = (
        connection.execute(sa.select(*COLUMNS).where(project.c.id == number, *within(scope)))
        .mappings()
        .first()
    )
    if row is None:
        raise ProjectUnknown(project=number)
    return registered(row)


def versions(connection: Connection, scope: Scope, number: int) -> tuple[Version, ...]:
    """Return every version of a project's document, oldest first; raises as :func:`get`."""
    get(connection, scope, number)
    rows = connection.execute(
        sa.select(project_version)
        .where(project_version.c.project == number)
        .order_by(project_version.c.version)
    ).mappings()
    return tuple(Version(**row) for row in rows)


def version_of(connection: Connection, scope: Scope, number: int, version: int | None = None) -> Version:
    """Return one version of a project's document, by default the latest.

    Raises
    ------
    ProjectUnknown
        There is no such project or version, or the caller may not see it.
    """
    wanted = get(connection, scope, number).version if version is None else version
    row = (
        connection.execute(
            sa.select(project_version)
            .join(project, project.c.id == project_version.c.project)
            .where(project_version.c.project == number, project_version.c.version == wanted, *within(scope))
        )
        .mappings()
        .first()
    )
    if row is None:
        raise ProjectUnknown(project=number)
    return Version(**row)


def project_of(version: Version) -> Project:
    """Return the project a version's document describes, as :func:`sanxian.screening.screen` wants it.

    A project whose place is not usable has no parts, and cannot be screened.
    """
    return _read(json.loads(version.document))


def document_of(described: Project) -> dict[str, Any]:
    """Return a project as a document with its places in it, for one that was read from files.

    Places are in CGCS2000 as they were understood, after repairs: keep the file itself as an attachment.
    """
    return {
        key: value
        for key, value in {
            "id": described.id,
            "name": described.name,
            "proponent": described.proponent,
            "nature": described.nature,
            "industry": list(described.industries),
            "parts": [
                {
                    "role": part.role,
                    "name": part.name,
                    "geojson": json.loads(shapely.to_geojson(part.geometry)),
                    "crs": "EPSG:4490",
                }
                for part in described.parts
            ],
            "facts": {key: _plain(value) for key, value in described.facts.items()},
            "papers": [
                {k: _plain(v) for k, v in asdict(paper).items() if v not in ("", None)}
                for paper in described.papers
            ],
        }.items()
        if value
    }


class Counties:
    """Which county a project lies in, by the administrative layer of an edition."""

    def __init__(self, edition: Edition) -> None:
        zones = admin_places(edition, "county")
        self._codes = [zone.code for zone in zones]
        self._shapes = [zone.geometry for zone in zones]
        self._tree = shapely.STRtree(self._shapes)

    def __call__(self, described: Project) -> str:
        """Return the county with most of the project, the first of equals; "" when it lies in none."""
        shares: dict[int, float] = {}
        for part in described.parts:
            for row in self._tree.query(part.geometry, predicate="intersects"):
                common = shapely.intersection(part.geometry, self._shapes[row])
                # Only which is largest matters; a point weighs little beside any area.
                size = float(shapely.area(common) or shapely.length(common) * 1e-3 or 1e-12)
                shares[int(row)] = shares.get(int(row), 0.0) + size
        if not shares:
            return ""
        most = max(shares.values())
        return min(self._codes[row] for row, share in shares.items() if share == most)


# --- changing --------------------------------------------------------------------------------------


def add(
    connection: Connection,
    document: Mapping[str, Any],
    registration: Registration,
    *,
    at: datetime,
    by: str,
    owner: int | None = None,
    source: str = "",
    county_of: CountyOf | None = None,
    placed: bool = True,
) -> Registered:
    """Enter a project.

    Parameters
    ----------
    document : mapping
        As docs/reference/project-format.md; places are in it, never names of files.
    registration : Registration
        What is kept beside it.
    at : datetime
        Aware.
    by : str
        Who does it, as the audit log names them.
    owner : int, optional
        ``person.id`` of the consultant whose project it is.
    source : str
        Where it comes from: ``cli``, ``api``, ``intake:12``.
    county_of : callable, optional
        :class:`Counties` of an edition; its answer goes before the region stated.
    placed : bool, default True
        False: the place is not usable, and the document has no ``parts``; the project is counted all the same.

    Raises
    ------
    InputError
        The document is no project, or the registration cannot be what it says.
    """
    text, described = _taken(document, placed=placed)
    kept = checked(registration)
    kept = replace(
        kept, region=_county(described, county_of) or kept.region, code=kept.code or described.id[:100]
    )
    stamp = moment(at)
    values = {
        **asdict(kept),
        **_described(described, kept.code),
        "version": 1,
        "revision": 1,
        "analysis": _unanswered(described, kept),
        "owner": owner,
        "source": source,
        "created_at": stamp,
        "created_by": by,
        "updated_at": stamp,
    }
    number = _write(connection, None, values)
    _keep_document(connection, number, 1, text, described, stamp, by, "")
    detail = {"version": 1, "sha256": _sha256(text), **_told(kept)}
    audit.append(
        connection, at=at, actor=by, action="project.add", subject=f"project:{number}", detail=detail
    )
    return get(connection, EVERYTHING, number)


def amend(
    connection: Connection,
    scope: Scope,
    number: int,
    *,
    revision: int,
    at: datetime,
    by: str,
    document: Mapping[str, Any] | None = None,
    registration: Registration | None = None,
    reason: str = "",
    county_of: CountyOf | None = None,
    placed: bool = True,
) -> Registered:
    """Change a project; a document that differs becomes a new version, and what was answered about the old one is stale.

    Parameters
    ----------
    revision : int
        Of the project as the caller saw it.
    document, registration : optional
        What is to be from now on; ``None`` = as it is.

    Raises
    ------
    ProjectUnknown
        There is none with this number, or none the caller may see.
    RegistryConflict
        Somebody else changed it since.
    InputError
        As :func:`add`.
    """
    before = get(connection, scope, number)
    if before.revision != revision:
        raise RegistryConflict(what=f"project:{number}", given=revision, found=before.revision)
    latest = version_of(connection, EVERYTHING, number)
    text, described = (
        (latest.document, project_of(latest)) if document is None else _taken(document, placed=placed)
    )
    kept = before.registration if registration is None else checked(registration)
    kept = replace(
        kept, region=_county(described, county_of) or kept.region, code=kept.code or described.id[:100]
    )
    redrawn = text != latest.document
    if not redrawn and kept == before.registration:
        return before
    stamp, version = moment(at), latest.version + redrawn
    values = {
        **asdict(kept),
        **_described(described, kept.code),
        "version": version,
        "revision": revision + 1,
        "updated_at": stamp,
    }
    if redrawn or (kept.accepted_on, kept.region) != (before.accepted_on, before.region):
        answered = before.screening is not None
        values |= {
            "analysis": "stale" if answered else _unanswered(described, kept),
            "screening": None,
            "verdict": None,
        }
    _write(connection, number, values)
    if redrawn:
        _keep_document(connection, number, version, text, described, stamp, by, reason)
    was = _told(before.registration)
    detail: dict[str, Any] = {"revision": revision + 1, "reason": reason}
    detail |= {key: [was[key], value] for key, value in _told(kept).items() if was[key] != value}
    detail |= {"version": version, "sha256": _sha256(text)} if redrawn else {}
    audit.append(
        connection, at=at, actor=by, action="project.amend", subject=f"project:{number}", detail=detail
    )
    return get(connection, EVERYTHING, number)


def set_status(
    connection: Connection,
    scope: Scope,
    number: int,
    status: str,
    *,
    revision: int,
    at: datetime,
    by: str,
    decided_on: date | None = None,
    reason: str = "",
) -> Registered:
    """Say where the approval stands; raises as :func:`amend`."""
    now = get(connection, scope, number)
    wanted = replace(now.registration, status=status, decided_on=decided_on or now.decided_on)
    return amend(
        connection, scope, number, revision=revision, registration=wanted, at=at, by=by, reason=reason
    )


def set_analysis(connection: Connection, settled: Mapping[int, Settled]) -> int:
    """Say of each project which screening counts; return how many it changed.

    No revision and no row of the audit log: it follows from screenings and editions, and can be worked out again.
    """
    changed = 0
    for ids in _chunks(sorted(settled)):
        rows = connection.execute(
            sa.select(project.c.id, project.c.screening, *(project.c[name] for name in _TALLIED)).where(
                project.c.id.in_(ids)
            )
        ).mappings()
        moves: Counter[tuple[Any, ...]] = Counter()
        updates = []
        for row in rows:
            wanted = settled[row["id"]]
            new = {
                "analysis": str(wanted.analysis),
                "screening": wanted.screening,
                "verdict": None if wanted.verdict is None else int(wanted.verdict),
            }
            if all(row[key] == value for key, value in new.items()):
                continue
            updates.append({"number": row["id"], **{f"new_{key}": value for key, value in new.items()}})
            moves[_cell(dict(row))] -= 1
            moves[_cell({**row, **new})] += 1
        if updates:
            connection.execute(
                sa.update(project)
                .where(project.c.id == sa.bindparam("number"))
                .values(
                    {
                        project.c[key]: sa.bindparam(f"new_{key}")
                        for key in ("analysis", "screening", "verdict")
                    }
                ),
                updates,
            )
            _move(connection, moves)
        changed += len(updates)
    return changed


def _write(connection: Connection, number: int | None, values: Mapping[str, Any]) -> int:
    """Insert (``number`` None) or change a row, with the counts and the search index that follow from it."""
    moves: Counter[tuple[Any, ...]] = Counter()
    old: Mapping[str, Any] = {}
    if number is None:
        number = int(connection.execute(project.insert().returning(project.c.id), values).scalar_one())
    else:
        old = dict(connection.execute(sa.select(project).where(project.c.id == number)).mappings().one())
        moves[_cell(old)] -= 1
        connection.execute(sa.update(project).where(project.c.id == number).values(values))
    new = {**old, **values}
    moves[_cell(new)] += 1
    _move(connection, moves)
    if connection.dialect.name == "sqlite":
        _index(connection, number, old, new)
    return number


def _index(connection: Connection, number: int, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Keep the full-text and the spatial index of SQLite; PostgreSQL keeps its own."""
    if old.get("search") != new["search"]:
        if old:
            connection.exec_driver_sql(
                "INSERT INTO project_search (project_search, rowid, grams) VALUES ('delete', ?, ?)",
                (number, tokens(old["search"])),
            )
        connection.exec_driver_sql(
            "INSERT INTO project_search (rowid, grams) VALUES (?, ?)", (number, tokens(new["search"]))
        )
    bounds = tuple(new.get(side) for side in ("west", "east", "south", "north"))
    if bounds != tuple(old.get(side) for side in ("west", "east", "south", "north")):
        connection.exec_driver_sql("DELETE FROM project_place WHERE id = ?", (number,))
        if bounds[0] is not None:
            connection.exec_driver_sql("INSERT INTO project_place VALUES (?, ?, ?, ?, ?)", (number, *bounds))


def tokens(text: str) -> str:
    """Return the grams of a text as words of letters and digits, which no tokenizer takes apart."""
    return " ".join(sorted(token(gram) for gram in grams(text)))


def token(gram: str) -> str:
    """Return one gram as such a word."""
    return "".join(f"{ord(c):05x}" for c in gram)


# --- counts ----------------------------------------------------------------------------------------


def _cell(row: Mapping[str, Any]) -> tuple[Any, ...]:
    day = row["accepted_on"]
    return (
        "" if day is None else f"{day:%Y-%m}",
        row["region"],
        row["authority"],
        row["eia_class"],
        row["industry"][:2],
        row["status"],
        row["analysis"],
        -1 if row.get("verdict") is None else int(row["verdict"]),
    )


def _move(connection: Connection, moves: Mapping[tuple[Any, ...], int]) -> None:
    names = [column.name for column in tally.primary_key]
    rows = [{**dict(zip(names, cell, strict=True)), "projects": n} for cell, n in sorted(moves.items()) if n]
    if not rows:
        return
    insert: Any = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(tally)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=names, set_={"projects": tally.c.projects + insert.excluded.projects}
        ),
        rows,
    )
    emptied = [{f"k_{name}": row[name] for name in names} for row in rows if row["projects"] < 0]
    if emptied:
        connection.execute(
            sa.delete(tally).where(
                tally.c.projects == 0, *(tally.c[name] == sa.bindparam(f"k_{name}") for name in names)
            ),
            emptied,
        )
    coverage_tally.move(connection, moves)


def _counted(connection: Connection) -> sa.Select[Any]:
    """Return the query that counts the projects anew, with the columns of ``tally``."""
    month = (
        sa.func.strftime("%Y-%m", project.c.accepted_on)
        if connection.dialect.name == "sqlite"
        else sa.func.to_char(project.c.accepted_on, "YYYY-MM")
    )
    keys = (
        sa.func.coalesce(month, "").label("month"),
        project.c.region,
        project.c.authority,
        project.c.eia_class,
        sa.func.substr(project.c.industry, 1, 2).label("industry"),
        project.c.status,
        project.c.analysis,
        sa.func.coalesce(project.c.verdict, -1).label("verdict"),
    )
    return sa.select(*keys, sa.func.count().label("projects")).group_by(
        *(sa.text(str(i + 1)) for i in range(8))
    )


def tally_differences(connection: Connection) -> int:
    """Return in how many cells the counts kept differ from the projects counted anew; 0 when all is well."""
    kept = sa.select(*tally.c)
    found = coverage_tally.differences(connection)
    for one, other in ((kept, _counted(connection)), (_counted(connection), kept)):
        differing = sa.except_(one, other).subquery()
        found += connection.execute(sa.select(sa.func.count()).select_from(differing)).scalar_one()
    return found


def recount(connection: Connection) -> None:
    """Count all projects anew."""
    connection.execute(sa.delete(tally))
    connection.execute(tally.insert().from_select([column.name for column in tally.c], _counted(connection)))
    coverage_tally.recount(connection)


# --- documents -------------------------------------------------------------------------------------


def _taken(document: Mapping[str, Any], *, placed: bool) -> tuple[str, Project]:
    """Return a document as it is kept, and what it describes: read from exactly what is kept."""
    try:
        text = canonical({str(key): _plain(value) for key, value in document.items()})
        text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        reason = {"zh": "其中有不能写成 JSON 的值", "en": "it holds a value that JSON cannot say"}
        raise BadProject(source="inline", reason=reason) from error
    return text, _read(json.loads(text), placed=placed)


def _read(document: Mapping[str, Any], *, placed: bool = False) -> Project:
    if placed or document.get("parts"):
        return project_from_mapping(document)
    stated = {key: value for key, value in document.items() if key != "parts"}
    return project_from_mapping(stated, footprint=_PLACELESS)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _described(described: Project, code: str) -> dict[str, Any]:
    """Return the columns that follow from the document."""
    shapes = [part.geometry for part in described.parts]
    west, south, east, north = map(float, shapely.total_bounds(shapes)) if shapes else (None,) * 4
    search = (folded(text) for text in (described.name, code, described.id, described.proponent))
    return {
        "name": _short(described.name, 400),
        "proponent": _short(described.proponent, 400),
        "nature": described.nature or "",
        "industry": main_industry(described.industries),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "search": "\n".join(dict.fromkeys(search)),
    }


def _short(text: str, most: int) -> str:
    """Return a text as a list shows it: one line, cut where the column ends; the document has all of it."""
    line = " ".join(text.replace("\0", " ").split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _keep_document(
    connection: Connection,
    number: int,
    version: int,
    text: str,
    described: Project,
    stamp: str,
    by: str,
    reason: str,
) -> None:
    connection.execute(
        project_version.insert(),
        {
            "project": number,
            "version": version,
            "document": text,
            "sha256": _sha256(text),
            "at": stamp,
            "by": by,
            "reason": reason,
        },
    )
    if version > 1:
        for table in (project_part, project_fact):
            connection.execute(sa.delete(table).where(table.c.project == number))
    parts = []
    for i, part in enumerate(described.parts, 1):
        area, length = geometry.measure(part.geometry)
        west, south, east, north = map(float, shapely.bounds(part.geometry))
        parts.append(
            {
                "project": number,
                "number": i,
                "role": _short(part.role, 100),
                "name": _short(part.name, 400),
                "geometry": shapely.to_wkb(part.geometry),
                "area_m2": area,
                "length_m": length,
                "west": west,
                "south": south,
                "east": east,
                "north": north,
            }
        )
    if parts:
        connection.execute(project_part.insert(), parts)
    facts = [
        {"project": number, "key": key, "value": canonical(_plain(value))}
        for key, value in described.facts.items()
    ]
    if facts:
        connection.execute(project_fact.insert(), facts)


def _county(described: Project, county_of: CountyOf | None) -> str:
    return county_of(described) if county_of is not None and described.parts else ""


def _unanswered(described: Project, kept: Registration) -> str:
    return "unplaced" if not described.parts else "undated" if kept.accepted_on is None else "none"


def _told(kept: Registration) -> dict[str, Any]:
    return {key: _plain(value) for key, value in asdict(kept).items()}


def _sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()


def _chunks(items: Sequence[Some]) -> Iterable[Sequence[Some]]:
    return (items[at : at + _CHUNK] for at in range(0, len(items), _CHUNK))

"""The compliance-analysis rate (符合性分析率): analysed ÷ accepted, of what and when (docs/reference/coverage.md).

A project counts as analysed when the latest version of its document was screened, with an answer, against the edition in
force for its region on the day it was accepted, as of that day. :func:`settle` works that out and writes it beside the
project; rates are read from the counts of ``tally``, and from the projects themselves where a period cuts a month.
"""

from __future__ import annotations

import enum
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian import data
from sanxian.catalog import Catalog, Term
from sanxian.errors import UsageError
from sanxian.i18n import t
from sanxian.model import Outcome
from sanxian.registry import coverage_tally, projects
from sanxian.registry.coverage_period import Period, whole_and_cut
from sanxian.registry.projects import Registered, Scope, Settled, below
from sanxian.registry.store import Registry
from sanxian.registry.tables import project, screening, tally, tally_rate

__all__ = [
    "CLASSES",
    "GROUPS",
    "After",
    "Analysis",
    "Coverage",
    "InForce",
    "Missing",
    "Period",
    "Rate",
    "changed_spans",
    "each_missing",
    "label_of",
    "missing",
    "rate",
    "resettle",
    "settle",
]

CLASSES: Final = ("report", "form")
"""EIA classes of the denominator, unless asked otherwise: a registration form (登记表) is filed, not approved."""

_CHUNK: Final = 500


class Analysis(enum.StrEnum):
    """Where the analysis of a project stands."""

    ANALYSED = "analysed"  # 已分析
    STALE = "stale"  # 已失效：项目或成果变了，或研判日期不是受理日期
    FAILED = "failed"  # 研判没有得出结论
    UNPLACED = "unplaced"  # 没有可用的位置
    UNDATED = "undated"  # 没有受理日期
    NONE = "none"  # 未分析


# --- which screening counts --------------------------------------------------------------------------


class _Asked(NamedTuple):
    """What decides whether a screening counts."""

    id: int
    version: int
    region: str
    accepted_on: date | None
    placed: bool


class InForce:
    """Which edition is in force where and when, by digest; remembers what it was asked."""

    def __init__(self, catalog: Catalog) -> None:
        """Ask a catalogue."""
        self._catalog = catalog
        self._terms: dict[str, tuple[Term, ...]] = {}

    def digests(self, region: str, day: date) -> tuple[str, ...]:
        """Return the editions in force for a region on a day: one when all is well."""
        if region not in self._terms:
            self._terms[region] = self._catalog.terms(self._catalog.home(region))
        return tuple(term.entry.info.digest for term in self._terms[region] if term.holds(day))

    def digest(self, region: str, day: date) -> str:
        """Return the edition in force; "" when there is none, or several."""
        found = self.digests(region, day)
        return found[0] if len(found) == 1 else ""


def settle(connection: Connection, catalog: Catalog, numbers: Iterable[int]) -> int:
    """Say of each project which screening counts; return for how many that changed."""
    in_force = InForce(catalog)
    changed = 0
    source = iter(numbers)
    while chunk := list(islice(source, _CHUNK)):
        asked = _asked(connection, project.c.id.in_(chunk))
        kept = _screenings(connection, chunk)
        changed += projects.set_analysis(
            connection, {one.id: _settled(one, kept.get(one.id, ()), in_force) for one in asked}
        )
    return changed


def _asked(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[_Asked]:
    rows = connection.execute(
        sa.select(
            project.c.id,
            project.c.version,
            project.c.region,
            project.c.accepted_on,
            project.c.west.is_not(None),
        ).where(*conditions)
    )
    return [_Asked(*row) for row in rows]


class _Kept(NamedTuple):
    id: int
    version: int
    edition: str
    as_of: date
    verdict: int | None
    error: str


def _screenings(connection: Connection, numbers: Sequence[int]) -> dict[int, list[_Kept]]:
    """Return the screenings of projects, latest first."""
    found: dict[int, list[_Kept]] = defaultdict(list)
    rows = connection.execute(
        sa.select(
            screening.c.project, screening.c.id, screening.c.version, screening.c.edition,
            screening.c.as_of, screening.c.verdict, screening.c.error,
        )
        .where(screening.c.project.in_(numbers))
        .order_by(screening.c.project, screening.c.id.desc())
    )  # fmt: skip
    for number, *rest in rows:
        found[number].append(_Kept(*rest))
    return found


def _settled(one: _Asked, kept: Sequence[_Kept], in_force: InForce) -> Settled:
    if not one.placed:
        return Settled(Analysis.UNPLACED)
    if one.accepted_on is None:
        return Settled(Analysis.UNDATED)
    digest = in_force.digest(one.region, one.accepted_on)
    for row in kept:
        if (row.version, row.edition, row.as_of) == (one.version, digest, one.accepted_on):
            if row.verdict is None:
                return Settled(Analysis.FAILED, row.id)
            return Settled(Analysis.ANALYSED, row.id, Outcome(row.verdict))
    return Settled(Analysis.STALE if kept else Analysis.NONE)


def resettle(
    registry: Registry,
    catalog: Catalog,
    *,
    before: Catalog | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Settle the projects that a change of the catalogue concerns; return for how many something changed.

    Parameters
    ----------
    catalog : Catalog
        As it is now.
    before : Catalog, optional
        As it was; without it every project is settled anew.
    """
    spans = [("", None, None)] if before is None else changed_spans(before, catalog)
    changed = 0
    for region, first, last in spans:
        conditions = [below(project.c.region, region)] if region else []
        conditions += [project.c.accepted_on >= first] if first else []
        conditions += [project.c.accepted_on <= last] if last else []
        after = 0
        while True:
            with registry.begin() as connection:
                numbers = list(
                    connection.execute(
                        sa.select(project.c.id)
                        .where(project.c.id > after, *conditions)
                        .order_by(project.c.id)
                        .limit(_CHUNK)
                    ).scalars()
                )
                if not numbers:
                    break
                changed += settle(connection, catalog, numbers)
            after = numbers[-1]
            progress(after)
    return changed


def changed_spans(before: Catalog, after: Catalog) -> list[tuple[str, date | None, date | None]]:
    """Return (region, first day, last day) of all times at which another edition is in force than was.

    A region that gets its first edition, or loses its last, is one span without ends.
    """
    spans: list[tuple[str, date | None, date | None]] = []
    for region in sorted(set(before.regions) | set(after.regions)):
        if (region in before.regions) != (region in after.regions):
            spans.append((region, None, None))
            continue
        terms = before.terms(region), after.terms(region)
        days = sorted({day for found in terms for term in found for day in _edges(term)})
        for first, following in zip(days, [*days[1:], None], strict=True):
            held = [{x.entry.info.digest for x in found if x.holds(first)} for found in terms]
            if held[0] != held[1]:
                spans.append((region, first, None if following is None else following - timedelta(days=1)))
    return spans


def _edges(term: Term) -> Iterator[date]:
    yield term.first
    if term.last is not None:
        yield term.last + timedelta(days=1)


# --- the rate ----------------------------------------------------------------------------------------

GROUPS: Final = (
    "month",
    "quarter",
    "year",
    "region",
    "prefecture",
    "province",
    "authority",
    "industry",
    "eia_class",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Projects of a denominator by where their analysis stands."""

    key: str  # month, region code, authority …; "" = all, or not stated
    counts: Mapping[Analysis, int]

    @property
    def accepted(self) -> int:
        """The denominator."""
        return sum(self.counts.values())

    @property
    def analysed(self) -> int:
        """The numerator."""
        return self.counts.get(Analysis.ANALYSED, 0)

    @property
    def missing(self) -> int:
        """Of the denominator, those not analysed."""
        return self.accepted - self.analysed

    @property
    def rate(self) -> float | None:
        """Share from 0 to 1; ``None`` of nothing: no project is not 100 %."""
        return self.analysed / self.accepted if self.accepted else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A rate with everything that says of what it is one."""

    period: Period
    classes: tuple[str, ...]
    by: str
    region: str  # "" = every region
    total: Rate
    groups: tuple[Rate, ...]
    undated: int  # projects of these classes without date of acceptance: in no period
    unclassed: int  # accepted in the period, EIA class not stated: not in the denominator
    withdrawn: int  # accepted in the period and withdrawn: not in the denominator
    others: int  # accepted in the period, of another EIA class: not in the denominator


def rate(
    connection: Connection,
    scope: Scope,
    period: Period,
    *,
    by: str = "",
    classes: Sequence[str] = CLASSES,
    region: str = "",
) -> Coverage:
    """Return the compliance-analysis rate of a period.

    Parameters
    ----------
    scope : Scope
        What the caller may see; an owner's projects are counted one by one.
    by : str
        One of ``GROUPS``; "" = only the total.
    classes : sequence of str
        EIA classes of the denominator.
    region : str
        GB/T 2260 code, a prefix.
    """
    if by not in ("", *GROUPS):
        zh, en = (t("coverage.bad_group", lang, given=by, known=" ".join(GROUPS)) for lang in ("zh-CN", "en"))
        raise UsageError(reason={"zh": zh, "en": en})
    groups: dict[str, Counter[Analysis]] = defaultdict(Counter)
    unclassed = withdrawn = others = undated = 0
    for key, eia_class, gone, analysis, count in _counted(connection, scope, period, by, region):
        if gone:
            withdrawn += count if eia_class in classes else 0
        elif not eia_class and "" not in classes:
            unclassed += count
        elif eia_class not in classes:
            others += count
        else:
            groups[_group(by, key)][Analysis(analysis)] += count
    undated = _undated(connection, scope, region, classes)
    made = tuple(Rate(key=key, counts=dict(counts)) for key, counts in sorted(groups.items()))
    total: Counter[Analysis] = Counter()
    for one in made:
        total.update(one.counts)
    return Coverage(
        period=period, classes=tuple(classes), by=by, region=region, total=Rate(key="", counts=dict(total)),
        groups=made if by else (), undated=undated, unclassed=unclassed, withdrawn=withdrawn, others=others,
    )  # fmt: skip


_PREFIX: Final = {"province": 2, "prefecture": 4, "region": 6}


def _group(by: str, key: str) -> str:
    if by == "year":
        return key[:4]
    if by == "quarter":
        return f"{key[:4]}-Q{(int(key[5:7]) + 2) // 3}"
    return key


def _counted(
    connection: Connection, scope: Scope, period: Period, by: str, region: str
) -> Iterator[tuple[str, str, bool, str, int]]:
    """Yield (key, EIA class, whether withdrawn, analysis, projects)."""
    whole, cut = whole_and_cut(period)
    if scope.owner is not None:  # the counts know no owners
        bounds = period.first or date.min, period.last or date.max
        yield from _from_projects(connection, scope, bounds, by, region)
        return
    yield from _from_tally(connection, scope, whole, by, region)
    for bounds in cut:
        yield from _from_projects(connection, scope, bounds, by, region)


def _from_tally(
    connection: Connection, scope: Scope, months: tuple[str, str], by: str, region: str
) -> Iterator[tuple[str, str, bool, str, int]]:
    """Count whole months from what answers quickest: sums by month, sums by year, else every cell."""
    prefixes = [prefix for prefix in (scope.region, region) if prefix]
    column = "region" if by in _PREFIX else by
    if column in coverage_tally.YEAR and (column == "region" or not prefixes):
        years, rest = _whole_years(*months)
        keyed = [below(tally_rate.c.key, prefix) for prefix in prefixes]
        if years:
            yield from _summed(
                connection,
                tally_rate,
                _short(by, tally_rate.c.key),
                coverage_tally.YEAR[column],
                years,
                keyed,
            )
        for some in rest:
            yield from _every_cell(connection, some, _short(by, tally.c[column]), prefixes)
    elif column in coverage_tally.YEAR:
        yield from _every_cell(connection, months, _short(by, tally.c[column]), prefixes)
    else:
        dimension = coverage_tally.MONTH_REGION if prefixes else coverage_tally.MONTH
        key = tally_rate.c.eia_class if by == "eia_class" else tally_rate.c.span if by else sa.literal("")
        keyed = [below(tally_rate.c.key, prefix) for prefix in prefixes]
        yield from _summed(connection, tally_rate, key, dimension, months, keyed)


def _summed(
    connection: Connection,
    table: sa.Table,
    key: sa.ColumnElement[str],
    dimension: str,
    spans: tuple[str, str],
    conditions: Sequence[sa.ColumnElement[bool]],
) -> Iterator[tuple[str, str, bool, str, int]]:
    wanted = [table.c.dimension == dimension, table.c.span.between(*spans), *conditions]
    yield from _grouped(connection, table, key, wanted)


def _every_cell(
    connection: Connection, months: tuple[str, str], key: sa.ColumnElement[str], prefixes: Sequence[str]
) -> Iterator[tuple[str, str, bool, str, int]]:
    wanted = [tally.c.month.between(*months), *(below(tally.c.region, prefix) for prefix in prefixes)]
    yield from _grouped(connection, tally, key, wanted)


def _grouped(
    connection: Connection,
    table: sa.Table,
    key: sa.ColumnElement[str],
    wanted: Sequence[sa.ColumnElement[bool]],
) -> Iterator[tuple[str, str, bool, str, int]]:
    rows = connection.execute(
        sa.select(
            key.label("group_key"),
            table.c.eia_class,
            table.c.status,
            table.c.analysis,
            sa.func.sum(table.c.projects),
        )
        .where(*wanted)
        .group_by(sa.literal_column("1"), table.c.eia_class, table.c.status, table.c.analysis)
    )
    for group, eia_class, status, analysis, count in rows:
        yield str(group), eia_class, status == "withdrawn", analysis, int(count)


def _short(by: str, column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Return a column as it is grouped: a region cut to its province or prefecture."""
    return sa.func.substr(column, 1, _PREFIX[by]) if by in _PREFIX else column


def _whole_years(low: str, high: str) -> tuple[tuple[str, str] | None, list[tuple[str, str]]]:
    """Return the first and last whole year between two months, and the months outside of them.

    Examples
    --------
    >>> _whole_years("2024-03", "2026-12")
    (('2025', '2026'), [('2024-03', '2024-12')])
    >>> _whole_years("2026-02", "2026-11")
    (None, [('2026-02', '2026-11')])
    """
    first = int(low[:4]) + (low[5:] != "01")
    last = int(high[:4]) - (high[5:] != "12")
    if last < first:
        return None, [(low, high)] if low <= high else []
    rest = [(low, f"{first - 1:04}-12")] if low[5:] != "01" else []
    rest += [(f"{last + 1:04}-01", high)] if high[5:] != "12" else []
    return (f"{first:04}", f"{last:04}"), rest


def _from_projects(
    connection: Connection, scope: Scope, bounds: tuple[date, date], by: str, region: str
) -> Iterator[tuple[str, str, bool, str, int]]:
    month = (
        sa.func.strftime("%Y-%m", project.c.accepted_on)
        if connection.dialect.name == "sqlite"
        else sa.func.to_char(project.c.accepted_on, "YYYY-MM")
    )
    key = _key_of(by, month)
    gone = (project.c.status == "withdrawn").label("gone")
    conditions = _regions(project.c.region, scope, region)
    if scope.owner is not None:
        conditions.append(project.c.owner == scope.owner)
    wanted = (
        sa.select(key, project.c.eia_class, gone, project.c.analysis, sa.func.count())
        .where(project.c.accepted_on.between(*bounds), *conditions)
        .group_by(sa.literal_column("1"), project.c.eia_class, sa.literal_column("3"), project.c.analysis)
    )
    for group, eia_class, withdrawn, analysis, count in connection.execute(wanted):
        yield str(group), eia_class, bool(withdrawn), analysis, int(count)


def _key_of(by: str, month: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    if by in ("month", "quarter", "year"):
        return sa.cast(month, sa.String).label("key")
    if by in _PREFIX:
        return sa.func.substr(project.c.region, 1, _PREFIX[by]).label("key")
    if by == "industry":
        return sa.func.substr(project.c.industry, 1, 2).label("key")
    return project.c[by].label("key") if by else sa.literal("").label("key")


def _regions(column: sa.ColumnElement[str], scope: Scope, region: str) -> list[sa.ColumnElement[bool]]:
    return [below(column, prefix) for prefix in (scope.region, region) if prefix]


def _undated(connection: Connection, scope: Scope, region: str, classes: Sequence[str]) -> int:
    if scope.owner is not None:
        wanted = sa.select(sa.func.count()).where(
            project.c.accepted_on.is_(None), project.c.owner == scope.owner, project.c.status != "withdrawn",
            project.c.eia_class.in_(classes), *_regions(project.c.region, scope, region),
        )  # fmt: skip
    else:
        some = bool(scope.region or region)
        wanted = sa.select(sa.func.coalesce(sa.func.sum(tally_rate.c.projects), 0)).where(
            tally_rate.c.dimension == (coverage_tally.MONTH_REGION if some else coverage_tally.MONTH),
            tally_rate.c.span == "",
            tally_rate.c.status != "withdrawn",
            tally_rate.c.eia_class.in_(classes),
            *_regions(tally_rate.c.key, scope, region),
        )
    return int(connection.execute(wanted).scalar_one())


def label_of(by: str, key: str, names: Mapping[str, str], lang: str) -> str:
    """Return what a group is called: a region by its name, a division by that of the standard."""
    if not key:
        return t("coverage.not_stated", lang)
    if by in _PREFIX:
        return f"{names[key]} {key}" if key in names else key
    if by == "industry":
        row = data.industries().get(key)
        return f"{key} {row.name}" if row else key
    if by == "eia_class":
        return t(f"coverage.class.{key}", lang)
    return key


# --- what is missing -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A project of the denominator that is not analysed, and why."""

    project: Registered
    reason: str  # never, no_edition, several_editions, changed, other_edition, other_date, failed, unplaced, undated
    zh: str
    en: str


class After(NamedTuple):
    """The last row of the page before."""

    accepted_on: date | None
    id: int


def missing(
    connection: Connection,
    scope: Scope,
    period: Period,
    catalog: Catalog,
    *,
    classes: Sequence[str] = CLASSES,
    region: str = "",
    undated: bool = False,
    after: After | None = None,
    limit: int = 100,
) -> tuple[tuple[Missing, ...], After | None]:
    """Return the projects of a denominator that are not analysed, latest accepted first, and where the next page begins.

    Parameters
    ----------
    undated : bool, default False
        List those without date of acceptance instead, which are in no period.
    """
    conditions = [
        project.c.status != "withdrawn",
        project.c.eia_class.in_(classes),
        *projects.within(scope),
        *([below(project.c.region, region)] if region else []),
    ]
    if undated:
        conditions.append(project.c.accepted_on.is_(None))
        conditions += [project.c.id < after.id] if after else []
        rows = _rows(connection, conditions, limit + 1)
    else:
        if after is not None and after.accepted_on is not None:
            key = sa.tuple_(project.c.accepted_on, project.c.id)
            conditions.append(key < sa.tuple_(after.accepted_on, after.id))
        conditions.append(project.c.accepted_on.is_not(None))
        conditions += [project.c.accepted_on >= period.first] if period.first else []
        conditions += [project.c.accepted_on <= period.last] if period.last else []
        rows = []
        for state in Analysis:  # each is read in order from the index of its own
            if state not in (Analysis.ANALYSED, Analysis.UNDATED):
                rows += _rows(connection, [*conditions, project.c.analysis == state.value], limit + 1)
        rows.sort(key=lambda row: (row.accepted_on, row.id), reverse=True)
    page = rows[:limit]
    told = tuple(_told(connection, page, InForce(catalog)))
    return told, After(page[-1].accepted_on, page[-1].id) if len(rows) > limit else None


def _rows(
    connection: Connection, conditions: Sequence[sa.ColumnElement[bool]], limit: int
) -> list[Registered]:
    wanted = (
        sa.select(*projects.COLUMNS)
        .where(*conditions)
        .order_by(project.c.accepted_on.desc(), project.c.id.desc())
        .limit(limit)
    )
    return [projects.registered(row) for row in connection.execute(wanted).mappings()]


def each_missing(
    connection: Connection, scope: Scope, period: Period, catalog: Catalog, **asked: Any
) -> Iterator[Missing]:
    """Yield every project of a denominator that is not analysed; takes what :func:`missing` takes."""
    after: After | None = None
    while True:
        rows, after = missing(connection, scope, period, catalog, after=after, limit=500, **asked)
        yield from rows
        if after is None:
            return


def _told(connection: Connection, rows: Sequence[Registered], in_force: InForce) -> Iterator[Missing]:
    kept: dict[int, list[_Kept]] = {}
    for at in range(0, len(rows), _CHUNK):
        kept |= _screenings(connection, [row.id for row in rows[at : at + _CHUNK]])
    for row in rows:
        reason, said = _why(row, kept.get(row.id, []), in_force)
        zh, en = (t(f"coverage.why.{reason}", lang, **said) for lang in ("zh-CN", "en"))
        yield Missing(project=row, reason=reason, zh=zh, en=en)


def _why(row: Registered, kept: Sequence[_Kept], in_force: InForce) -> tuple[str, dict[str, object]]:
    if not row.placed:
        return "unplaced", {}
    if row.accepted_on is None:
        return "undated", {}
    day = row.accepted_on.isoformat()
    found = in_force.digests(row.region, row.accepted_on)
    if len(found) != 1:
        key = "several_editions" if found else "no_edition"
        return key, {"region": row.region or "-", "day": day}
    if not kept:
        return "never", {}
    if row.analysis == Analysis.FAILED:
        error = next((one.error for one in kept if one.id == row.screening), kept[0].error)
        return "failed", {"error": error}
    latest = kept[0]
    if latest.version != row.version:
        return "changed", {"screened": latest.version, "now": row.version}
    if latest.edition != found[0]:
        return "other_edition", {"day": day, "screened": latest.edition[:19], "now": found[0][:19]}
    return "other_date", {"day": day, "screened": latest.as_of.isoformat()}

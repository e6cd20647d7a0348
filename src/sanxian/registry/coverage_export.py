"""The compliance-analysis rate as proof: every project of the denominator with what it was analysed by.

The rate is counted again from these rows; when it is not the one the counts of the registry give, nothing is written.
``coverage_page`` draws the HTML page.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sanxian import output
from sanxian.batch import inert
from sanxian.catalog import Catalog
from sanxian.errors import CoverageDiffers, NotInstalled
from sanxian.i18n import t
from sanxian.model import SYNTHETIC, Outcome
from sanxian.registry import audit, coverage, coverage_page, editions, projects
from sanxian.registry.coverage import Analysis, Coverage, Missing, Period, Rate
from sanxian.registry.projects import Scope, below
from sanxian.registry.store import Registry, canonical, moment
from sanxian.registry.tables import project, screening

FORMATS: Final = {".xlsx": "xlsx", ".csv": "csv", ".json": "json", ".html": "html", ".htm": "html"}
SCHEMA: Final = "sanxian/coverage/1"
LISTED: Final = 500  # projects that a page lists
_PAGE: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A project of the denominator and what it was analysed by."""

    id: int
    code: str
    name: str
    proponent: str
    industry: str
    eia_class: str
    authority: str
    authority_level: str
    region: str
    accepted_on: date | None
    status: str
    version: int
    analysis: str
    verdict: str  # name of the outcome; "" = not analysed
    screening: int | None
    record_sha256: str
    edition: str
    as_of: date | None
    engine: str
    reason: str  # why it is not analysed, as ``coverage.Missing.reason``
    reason_zh: str
    reason_en: str


COLUMNS: Final = tuple(field.name for field in fields(Proven))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A rate, by month and by region, and what is missing."""

    by_month: Coverage
    by_region: Coverage
    missing: tuple[Missing, ...]  # the first ``LISTED``
    undated: tuple[Missing, ...]
    names: Mapping[str, str]  # of regions
    synthetic: bool
    at: datetime
    lang: str

    @property
    def total(self) -> Rate:
        """The rate of the whole period."""
        return self.by_month.total


def export(
    registry: Registry,
    catalog: Catalog,
    scope: Scope,
    period: Period,
    path: Path,
    style: str,
    *,
    at: datetime,
    by: str,
    classes: Sequence[str] = coverage.CLASSES,
    region: str = "",
    names: Mapping[str, str] | None = None,
    lang: str = "zh-CN",
) -> tuple[int, str]:
    """Write the proof of a rate to a file; return how many projects it holds and its SHA-256, which the audit log keeps.

    Parameters
    ----------
    style : str
        ``xlsx``, ``csv``, ``json`` or ``html``.
    names : mapping, optional
        Names of regions by code.

    Raises
    ------
    CoverageDiffers
        The rows give another rate than the counts do.
    OutputFailed
        The file cannot be written.
    """
    with registry.read() as connection:
        made = proof(
            connection, catalog, scope, period, at=at, classes=classes, region=region, names=names, lang=lang
        )
        rows = _Counted(denominator(connection, catalog, scope, period, classes, region))
        late = denominator(connection, catalog, scope, period, classes, region, undated=True)
        with output.replacing(path) as beside:
            _WRITERS[style](beside, made, rows, late)
            for _ in rows:  # a page lists the first ones only
                pass
            rows.check(made.total)
            digest = _sha256(beside)
    with registry.begin() as connection:
        detail = {
            "sha256": digest, "format": style, "period": str(period), "classes": list(classes), "region": region,
            "accepted": made.total.accepted, "analysed": made.total.analysed,
        }  # fmt: skip
        audit.append(
            connection, at=at, actor=by, action="coverage.export", subject=f"coverage:{period}", detail=detail
        )
    return made.total.accepted, digest


def proof(
    connection: Connection,
    catalog: Catalog,
    scope: Scope,
    period: Period,
    *,
    at: datetime,
    classes: Sequence[str] = coverage.CLASSES,
    region: str = "",
    names: Mapping[str, str] | None = None,
    lang: str = "zh-CN",
) -> Proof:
    """Return a rate with what a page of it shows."""
    asked: dict[str, Any] = {"classes": classes, "region": region}
    rates = {by: coverage.rate(connection, scope, period, by=by, **asked) for by in ("month", "region")}
    listed, _ = coverage.missing(connection, scope, period, catalog, limit=LISTED, **asked)
    undated, _ = coverage.missing(connection, scope, period, catalog, limit=LISTED, undated=True, **asked)
    return Proof(
        by_month=rates["month"],
        by_region=rates["region"],
        missing=listed,
        undated=undated,
        names=names or {},
        synthetic=any(one.synthetic for one in editions.listed(connection, withdrawn=True)),
        at=at,
        lang=lang,
    )


def page(made: Proof) -> bytes:
    """Return a proof as one HTML page."""
    return coverage_page.render(
        by_month=made.by_month,
        by_region=made.by_region,
        missing=made.missing,
        undated=made.undated,
        names=made.names,
        synthetic=made.synthetic,
        at=made.at,
        lang=made.lang,
    )


# --- the rows ----------------------------------------------------------------------------------------


def denominator(
    connection: Connection,
    catalog: Catalog,
    scope: Scope,
    period: Period,
    classes: Sequence[str],
    region: str,
    *,
    undated: bool = False,
) -> Iterator[Proven]:
    """Yield every project of a denominator by date and number, or those of its classes that have no date."""
    conditions = [project.c.status != "withdrawn", project.c.eia_class.in_(classes), *projects.within(scope)]
    conditions += [below(project.c.region, region)] if region else []
    if undated:
        conditions.append(project.c.accepted_on.is_(None))
    else:
        conditions.append(project.c.accepted_on.is_not(None))
        conditions += [project.c.accepted_on >= period.first] if period.first else []
        conditions += [project.c.accepted_on <= period.last] if period.last else []
    in_force = coverage.InForce(catalog)
    after: Any = None
    while True:
        wanted = (
            sa.select(*projects.COLUMNS, *(column.label(f"s_{column.name}") for column in _OF_SCREENING))
            .select_from(project.outerjoin(screening, screening.c.id == project.c.screening))
            .where(*conditions, *([] if after is None else [after]))
            .order_by(project.c.accepted_on, project.c.id)
            .limit(_PAGE)
        )
        rows = connection.execute(wanted).mappings().all()
        if not rows:
            return
        yield from _proven(connection, rows, in_force)
        last = rows[-1]
        after = (
            project.c.id > last["id"]
            if undated
            else sa.tuple_(project.c.accepted_on, project.c.id) > sa.tuple_(last["accepted_on"], last["id"])
        )


_OF_SCREENING: Final = (
    screening.c.record_sha256, screening.c.edition, screening.c.as_of, screening.c.engine,
)  # fmt: skip


def _proven(connection: Connection, rows: Sequence[Any], in_force: coverage.InForce) -> Iterator[Proven]:
    known = {
        row["id"]: projects.registered({k: v for k, v in row.items() if not k.startswith("s_")})  # type: ignore[arg-type]
        for row in rows
    }
    lacking = [one for one in known.values() if one.analysis != Analysis.ANALYSED]
    why = {one.project.id: one for one in coverage._told(connection, lacking, in_force)}  # noqa: SLF001
    for row in rows:
        one, reason = known[row["id"]], why.get(row["id"])
        yield Proven(
            id=one.id, code=one.code, name=one.name, proponent=one.proponent, industry=one.industry,
            eia_class=one.eia_class, authority=one.authority, authority_level=one.authority_level,
            region=one.region, accepted_on=one.accepted_on, status=one.status, version=one.version,
            analysis=one.analysis,
            verdict="" if one.verdict is None else Outcome(one.verdict).name,
            screening=one.screening,
            record_sha256=row["s_record_sha256"] or "",
            edition=row["s_edition"] or "",
            as_of=row["s_as_of"],
            engine=row["s_engine"] or "",
            reason=reason.reason if reason else "",
            reason_zh=reason.zh if reason else "",
            reason_en=reason.en if reason else "",
        )  # fmt: skip


class _Counted(Iterator[Proven]):
    """Rows as they pass by, counted."""

    def __init__(self, rows: Iterator[Proven]) -> None:
        self._rows = rows
        self._counts: Counter[Analysis] = Counter()

    def __next__(self) -> Proven:
        row = next(self._rows)
        self._counts[Analysis(row.analysis)] += 1
        return row

    @property
    def rate(self) -> Rate:
        """The rate of the rows that have passed."""
        return Rate(key="", counts=dict(self._counts))

    def check(self, told: Rate) -> None:
        """Refuse a rate that the rows do not give."""
        counted = (self.rate.analysed, self.rate.accepted)
        if counted != (told.analysed, told.accepted):
            raise CoverageDiffers(
                rows=f"{counted[0]}/{counted[1]}", counts=f"{told.analysed}/{told.accepted}"
            )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return f"sha256:{digest.hexdigest()}"


# --- formats -----------------------------------------------------------------------------------------


def _plain(row: Proven) -> dict[str, Any]:
    made = {name: getattr(row, name) for name in COLUMNS}
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in made.items()}


def _csv(path: Path, made: Proof, rows: _Counted, late: Iterator[Proven]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        write = csv.writer(file)
        write.writerow([*COLUMNS, "synthetic"])
        mark = SYNTHETIC if made.synthetic else ""
        for source in (rows, late):
            for row in source:
                values = ["" if v is None else inert(v) for v in _plain(row).values()]
                write.writerow([*values, mark])


def summary_of(made: Proof) -> dict[str, Any]:
    """Return a rate as JSON, without its projects."""
    told = made.by_month
    summary: dict[str, Any] = {
        "schema": SCHEMA,
        "at": moment(made.at),
        "period": str(told.period),
        "classes": list(told.classes),
        "region": told.region,
        "total": _rate(made.total),
        "by_month": [_rate(one) for one in told.groups],
        "by_region": [_rate(one) for one in made.by_region.groups],
        "undated": told.undated,
        "unclassed": told.unclassed,
        "withdrawn": told.withdrawn,
        "others": told.others,
    }
    if made.synthetic:
        summary["notice"] = SYNTHETIC
    return summary


def _rate(one: Rate) -> dict[str, Any]:
    counts = {analysis.value: one.counts.get(analysis, 0) for analysis in Analysis}
    return {
        "key": one.key,
        "accepted": one.accepted,
        "analysed": one.analysed,
        "missing": one.missing,
        "rate": one.rate,
        "counts": counts,
    }


def _json(path: Path, made: Proof, rows: _Counted, late: Iterator[Proven]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(canonical(summary_of(made))[:-1])
        for name, source in (("projects", rows), ("undated_projects", late)):
            file.write(f',"{name}":[')
            for number, row in enumerate(source):
                file.write((",\n" if number else "\n") + canonical(_plain(row)))
            file.write("]")
        file.write(f',"recomputed":{canonical(_rate(rows.rate))}}}\n')


def _html(path: Path, made: Proof, rows: _Counted, late: Iterator[Proven]) -> None:
    del rows, late  # it lists the first of what is missing
    path.write_bytes(page(made))


def _xlsx(path: Path, made: Proof, rows: _Counted, late: Iterator[Proven]) -> None:
    try:
        from openpyxl import Workbook
    except ImportError:
        raise NotInstalled(what="Excel", package="openpyxl", extra="excel") from None
    book = Workbook(write_only=True)
    lang = made.lang
    head = [t(f"coverage.column.{name}", lang) for name in _SHOWN]
    lists = (("projects", rows), ("undated", late))
    sheets = {
        name: book.create_sheet(t(f"coverage.sheet.{name}", lang))
        for name in ("summary", "months", "regions")
    }
    for name, source in lists:
        sheet = book.create_sheet(t(f"coverage.sheet.{name}", lang))
        sheet.freeze_panes = "A2"
        sheet.append(head)
        for row in source:
            sheet.append([_safe(sheet, value) for value in _shown(row, lang)])
    for line in _summary_lines(made, rows.rate):
        sheets["summary"].append([_safe(sheets["summary"], value) for value in line])
    for name, by, told in (("months", "month", made.by_month), ("regions", "region", made.by_region)):
        heads = ("group", "accepted", "analysed", "missing", "rate")
        sheets[name].append([t(f"coverage.{key}", lang) for key in heads])
        for one in told.groups:
            label = coverage.label_of(by, one.key, made.names, lang)
            sheets[name].append(
                [label, one.accepted, one.analysed, one.missing, coverage_page.percent(one.rate)]
            )
    raw = io.BytesIO()
    book.properties.creator = "sanxian"
    book.save(raw)
    book.close()
    path.write_bytes(output.settled(raw.getvalue(), made.at))


_SHOWN: Final = tuple(name for name in COLUMNS if name not in ("reason_zh", "reason_en"))


def _shown(row: Proven, lang: str) -> list[Any]:
    told = _plain(row)
    told["eia_class"] = coverage.label_of("eia_class", row.eia_class, {}, lang)
    told["analysis"] = t(f"coverage.analysis.{row.analysis}", lang)
    told["verdict"] = t(f"outcome.{row.verdict}", lang) if row.verdict else ""
    told["reason"] = row.reason_en if lang == "en" else row.reason_zh
    return [told[name] for name in _SHOWN]


def _safe(sheet: Any, value: Any) -> Any:
    """Return a cell that stays text, whatever it looks like."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)[:32_000])
    cell.data_type = "s"
    return cell


def _summary_lines(made: Proof, recounted: Rate) -> Iterator[tuple[Any, ...]]:
    told, lang = made.by_month, made.lang
    if made.synthetic:
        yield (SYNTHETIC,)
    yield (t("coverage.heading", lang),)
    yield t("coverage.period", lang), told.period.shown(lang)
    yield (
        t("coverage.region", lang),
        made.names.get(told.region, told.region) or t("coverage.all_regions", lang),
    )
    yield t("coverage.accepted", lang), made.total.accepted
    yield t("coverage.analysed", lang), made.total.analysed
    yield t("coverage.missing", lang), made.total.missing
    yield t("coverage.rate", lang), coverage_page.percent(made.total.rate)
    yield (
        t("coverage.by_hand", lang),
        f"{recounted.analysed}/{recounted.accepted} = {coverage_page.percent(recounted.rate)}",
    )
    for analysis in Analysis:
        yield t(f"coverage.analysis.{analysis.value}", lang), made.total.counts.get(analysis, 0)
    yield (t("coverage.apart", lang),)
    for key in ("undated", "unclassed", "withdrawn", "others"):
        yield t(f"coverage.{key}", lang), getattr(told, key)
    yield t("coverage.made", lang), moment(made.at)
    yield (coverage_page.definition(told, lang),)
    yield (t("coverage.disclaimer", lang),)


_WRITERS: Final = {"xlsx": _xlsx, "csv": _csv, "json": _json, "html": _html}

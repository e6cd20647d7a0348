"""Projects of the ledger on this machine: entered, listed, shown, screened, decided upon."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from sanxian.cli.asked import OutOption, output_format
from sanxian.cli.registry_shared import (
    DATA,
    ByOption,
    DatabaseOption,
    DataOption,
    actor,
    day,
    opened,
    text_of,
    utc_now,
)
from sanxian.cli.shell import Session, command, usage_error
from sanxian.i18n import t

if TYPE_CHECKING:
    from sanxian.registry.projects import Registered
    from sanxian.registry.screenings import Kept

app = typer.Typer()

FormatOption = Annotated[
    Literal["text", "json"] | None, typer.Option("--format", "-f", help="输出格式 / Output format")
]
NumberArgument = Annotated[int, typer.Argument(metavar="ID", help="项目编号 / Number of the project")]
VerdictName = Literal[
    "NOT_APPLICABLE", "COMPLIANT", "CONDITIONAL", "NEEDS_REVIEW", "NEEDS_FACTS", "NON_COMPLIANT"
]
_FORMATS: Final = {".txt": "text", ".json": "json"}


@command(app, "add")
def add(
    session: Session,
    project: Annotated[
        Path, typer.Argument(metavar="PROJECT", help="项目文件 / Project file", show_default=False)
    ],
    code: Annotated[str, typer.Option("--code", metavar="CODE", help="项目代码 / Project code")] = "",
    eia_class: Annotated[
        Literal["report", "form", "registration", "exempt"] | None,
        typer.Option("--eia-class", help="环评类别 / EIA class"),
    ] = None,
    authority: Annotated[
        str, typer.Option("--authority", metavar="NAME", help="审批机关 / Approving authority")
    ] = "",
    authority_level: Annotated[
        Literal["national", "province", "city", "county"] | None,
        typer.Option("--authority-level", help="审批机关级别 / Its level"),
    ] = None,
    region: Annotated[
        str,
        typer.Option(
            "--region", metavar="CODE", help="行政区，成果能定位时以位置为准 / Region, unless the place says"
        ),
    ] = "",
    accepted: Annotated[
        str | None, typer.Option("--accepted", metavar="DATE", help="受理日期 / Accepted on")
    ] = None,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """登记一个项目 / Enter a project.

    例 / Example:  sanxian registry add 项目.yaml --code 2609-630102-04-01-000001 --eia-class form --accepted 2026-09-01
    """
    from sanxian.batch import read_dated_project

    described, _ = read_dated_project(project)
    accepted_on = day("--accepted", accepted)
    with opened(data, database) as registry:
        from sanxian.registry import editions, projects

        registration = projects.Registration(
            code=code,
            eia_class=eia_class or "",
            authority=authority,
            authority_level=authority_level or "",
            region=region,
            accepted_on=accepted_on,
        )
        with registry.read() as connection:
            catalog = editions.catalog_of(connection, registry)
        county_of = _county_of(catalog, region, accepted_on)
        with registry.begin() as connection:
            entered = projects.add(
                connection,
                projects.document_of(described),
                registration,
                at=utc_now(),
                by=actor(by),
                source="cli",
                county_of=county_of,
            )
            _settle(connection, catalog, entered.id)
    session.print(_line(session, entered))


def _county_of(catalog: Any, region: str, on: date | None) -> Any:
    """Return what finds the county, by the edition in force; by the only one there is when nothing was said."""
    from sanxian.errors import CatalogAmbiguous, CatalogNothing
    from sanxian.registry.projects import Counties

    try:
        if on is not None and (region or len(catalog.regions) == 1):
            return Counties(catalog.in_force(region or catalog.regions[0], on).open())
    except (CatalogNothing, CatalogAmbiguous):
        return None
    return None


def _settle(connection: Any, catalog: Any, number: int) -> None:
    from sanxian.registry import coverage

    coverage.settle(connection, catalog, (number,))


@command(app, "list")
def list_projects(
    session: Session,
    text: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="名称、代码、单位中的词 / Words in name, code, proponent")
    ] = "",
    region: Annotated[str, typer.Option("--region", metavar="CODE", help="行政区 / Region")] = "",
    authority: Annotated[
        str, typer.Option("--authority", metavar="NAME", help="审批机关 / Approving authority")
    ] = "",
    industry: Annotated[
        str, typer.Option("--industry", metavar="CODE", help="行业代码开头 / Industry code, a prefix")
    ] = "",
    eia_class: Annotated[
        Literal["report", "form", "registration", "exempt"] | None,
        typer.Option("--eia-class", help="环评类别 / EIA class"),
    ] = None,
    status: Annotated[
        Literal["accepted", "approved", "refused", "withdrawn"] | None,
        typer.Option("--status", help="审批状态 / Where the approval stands"),
    ] = None,
    analysis: Annotated[
        Literal["analysed", "stale", "failed", "unplaced", "undated", "none"] | None,
        typer.Option("--analysis", help="分析状态 / Whether it was analysed"),
    ] = None,
    verdict: Annotated[VerdictName | None, typer.Option("--verdict", help="研判结论 / Verdict")] = None,
    accepted_from: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="受理日期起 / Accepted from")
    ] = None,
    accepted_to: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="受理日期止 / Accepted to")
    ] = None,
    bbox: Annotated[
        str | None,
        typer.Option("--bbox", metavar="W,S,E,N", help="经纬度范围 / Bounds in degrees, EPSG:4490"),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1_000_000, help="最多列出 / Rows at most")
    ] = 50,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    format_: FormatOption = None,
    out: OutOption = None,
) -> None:
    """列出项目，受理日期近的在前 / List projects, latest accepted first.

    例 / Examples:

    sanxian registry list 化工 --region 6301 --analysis none

    sanxian registry list --verdict NON_COMPLIANT --from 2026-01-01 --format json
    """
    kind = output_format(format_, out, _FORMATS, "text")
    box = None if bbox is None else _box(bbox)
    with opened(data, database) as registry:
        from sanxian.model import Outcome
        from sanxian.registry import search
        from sanxian.registry.projects import EVERYTHING

        wanted = search.Filter(
            text=text,
            region=region,
            authority=authority,
            industry=industry.lstrip("ABCDEFGHIJKLMNOPQRSTabcdefghijklmnopqrst"),
            eia_class=eia_class or "",
            status=status or "",
            analysis=analysis or "",
            verdict=None if verdict is None else Outcome[verdict],
            accepted_from=day("--from", accepted_from),
            accepted_to=day("--to", accepted_to),
            bbox=box,
        )
        with registry.read() as connection:
            page = search.find(connection, EVERYTHING, wanted, limit=limit)
            counted = search.count(connection, EVERYTHING, wanted, most=10_000)
    if kind == "json":
        body = json.dumps([_plain(row) for row in page.rows], ensure_ascii=False, indent=1)
        session.emit(body.encode("utf-8") + b"\n", out)
    else:
        lines = "".join(f"{_line(session, row)}\n" for row in page.rows)
        session.emit(lines.encode("utf-8"), out)
    total = f"{counted.number:,}" if counted.exact else f"> {counted.number:,}"
    session.say(text_of(session, "listed", shown=f"{len(page.rows):,}", total=total))


def _box(given: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(word) for word in given.replace("，", ",").split(","))
    except ValueError:
        raise usage_error("registry.usage.bbox", given=given) from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise usage_error("registry.usage.bbox", given=given)
    return west, south, east, north


@command(app, "show")
def show(
    session: Session,
    number: NumberArgument,
    record: Annotated[
        int | None,
        typer.Option("--record", metavar="N", help="给出第 N 号研判的记录 / The record of screening N"),
    ] = None,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    format_: FormatOption = None,
    out: OutOption = None,
) -> None:
    """一个项目的登记、版本、研判和人工认定 / A project: registration, versions, screenings, decisions.

    例 / Examples:

    sanxian registry show 12

    sanxian registry show 12 --record 31 --out 记录.json
    """
    kind = output_format(format_, out, _FORMATS, "text")
    with opened(data, database) as registry:
        from sanxian.registry import attachments, decisions, editions, projects, screenings
        from sanxian.registry.projects import EVERYTHING

        with registry.read() as connection:
            found = projects.get(connection, EVERYTHING, number)
            if record is not None:
                if screenings.get(connection, EVERYTHING, record).project != number:
                    raise usage_error("registry.usage.record", record=record, project=number)
                body = screenings.record(
                    connection,
                    EVERYTHING,
                    record,
                    opened=lambda digest: editions.opened(connection, registry, digest),
                )
                session.emit(body, out)
                return
            history = projects.versions(connection, EVERYTHING, number)
            answers = screenings.of_project(connection, EVERYTHING, number)
            said = decisions.of_project(connection, EVERYTHING, number)
            files = attachments.of_project(connection, EVERYTHING, number)
    if kind == "json":
        whole = {
            **_plain(found),
            "document": json.loads(history[-1].document),
            "versions": [{k: v for k, v in asdict(one).items() if k != "document"} for one in history],
            "screenings": [_plain(one) for one in answers],
            "decisions": [_plain(one) for one in said],
            "attachments": [_plain(one) for one in files],
        }
        session.emit(json.dumps(whole, ensure_ascii=False, indent=1).encode("utf-8") + b"\n", out)
        return
    standing = {one.id for one in decisions.standing(said)}
    lines = [_line(session, found), *(f"  {k}: {v}" for k, v in _plain(found.registration).items() if v)]
    lines += [
        text_of(session, "version", version=v.version, at=v.at, by=v.by, reason=v.reason) for v in history
    ]
    lines += [_answer(session, one) for one in answers]
    for one in said:
        outcomes = (t(f"outcome.{o.name}", session.lang) for o in (one.machine_outcome, one.outcome))
        machine, person = outcomes
        key = "decision" if one.id in standing else "decision_gone" if one.withdraws is None else "withdrawal"
        what = f"{one.clause} {one.place}".strip() or text_of(session, "whole")
        lines.append(
            text_of(session, key, id=one.id, what=what, machine=machine, person=person, reason=one.reason, by=one.by,
               at=one.at, withdraws=one.withdraws)
        )  # fmt: skip
    lines += [f"  {one.name} {one.media_type} {one.size:,} B {one.sha256}" for one in files]
    session.emit("\n".join(lines).encode("utf-8") + b"\n", out)


@command(app, "screen")
def screen(
    session: Session,
    number: NumberArgument,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="DATE", help="研判日期，默认受理日期 / As-of date; default: accepted on"
        ),
    ] = None,
    edition: Annotated[
        str | None,
        typer.Option(
            "--edition",
            "-e",
            metavar="DIGEST",
            help="台账中的成果，默认当日有效的 / Edition; default: in force",
        ),
    ] = None,
    count_drafts: Annotated[
        bool, typer.Option("--count-drafts", help="让未经审核的规则参与判定 / Let unreviewed rules decide")
    ] = False,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """研判台账中的一个项目并留存记录 / Screen a project of the registry and keep the record.

    例 / Example:  sanxian registry screen 12
    """
    with opened(data, database) as registry:
        from sanxian.registry import editions, projects, screenings
        from sanxian.registry.projects import EVERYTHING
        from sanxian.screening import screen as answer

        with registry.read() as connection:
            found = projects.get(connection, EVERYTHING, number)
            version = projects.version_of(connection, EVERYTHING, number)
            catalog = editions.catalog_of(connection, registry)
            wanted = day("--as-of", as_of) or found.accepted_on
            if wanted is None:
                raise usage_error("registry.usage.undated", project=number)
            if edition is None:
                against = catalog.in_force(found.region, wanted).open()
            else:
                against = editions.opened(connection, registry, edition)
            before = screenings.of_project(connection, EVERYTHING, number, limit=1)
        result = answer(projects.project_of(version), against, wanted, count_drafts=count_drafts)
        with registry.begin() as connection:
            one = screenings.add(
                connection,
                number,
                result,
                version=version.version,
                at=utc_now(),
                by=actor(by),
                cause="again" if before else "first",
            )
            _settle(connection, catalog, number)
    session.print(_answer(session, one))


@command(app, "decide")
def decide(
    session: Session,
    screening: Annotated[int, typer.Argument(metavar="N", help="研判编号 / Number of the screening")],
    outcome: Annotated[
        VerdictName | None, typer.Option("--outcome", help="认定结论 / What it is held to be")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="理由，必填 / Why; needed")] = "",
    clause: Annotated[
        str, typer.Option("--clause", metavar="ID", help="条款；默认整个结论 / Clause; default: the verdict")
    ] = "",
    place: Annotated[
        str, typer.Option("--place", metavar="CODE", help="条款所在的单元或区域 / Where, for a clause")
    ] = "",
    withdraw: Annotated[
        int | None, typer.Option("--withdraw", metavar="D", help="撤回第 D 号认定 / Take decision D back")
    ] = None,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """登记人工认定，与机器判定并列，不改动判定 / Enter a person's decision beside the machine's finding.

    例 / Examples:

    sanxian registry decide 31 --clause QH-2-1 --outcome COMPLIANT --reason "已取得论证意见，示例〔2026〕1号"

    sanxian registry decide 31 --withdraw 4 --reason 依据文件已失效
    """
    if (outcome is None) == (withdraw is None):
        raise usage_error("registry.usage.decide")
    with opened(data, database) as registry:
        from sanxian.model import Outcome
        from sanxian.registry import decisions, editions
        from sanxian.registry.projects import EVERYTHING

        with registry.begin() as connection:
            if withdraw is not None:
                one = decisions.withdraw(
                    connection, EVERYTHING, withdraw, reason=reason, at=utc_now(), by=actor(by)
                )
                if one.screening != screening:
                    raise usage_error(
                        "registry.usage.other_screening", screening=screening, decision=withdraw
                    )
            else:
                one = decisions.add(
                    connection,
                    EVERYTHING,
                    screening,
                    Outcome[str(outcome)],
                    reason=reason,
                    clause=clause,
                    place=place,
                    at=utc_now(),
                    by=actor(by),
                    opened=lambda digest: editions.opened(connection, registry, digest),
                )
    session.print(text_of(session, "decided", id=one.id, screening=one.screening))


# --- how it looks ----------------------------------------------------------------------------------


def _line(session: Session, one: Registered) -> str:
    verdict = "" if one.verdict is None else t(f"outcome.{one.verdict.name}", session.lang)
    analysis = text_of(session, f"analysis.{one.analysis}")
    words = (
        str(one.id),
        str(one.accepted_on or "—"),
        one.region or "—",
        one.code or "—",
        one.name,
        analysis,
        verdict,
    )
    return "  ".join(word for word in words if word)


def _answer(session: Session, one: Kept) -> str:
    said = one.error if one.verdict is None else t(f"outcome.{one.verdict.name}", session.lang)
    return text_of(
        session, "answer", id=one.id, verdict=said, edition=one.edition, as_of=one.as_of, version=one.version,
        at=one.at, by=one.by,
    )  # fmt: skip


def _plain(one: Any) -> dict[str, Any]:
    """Return a row as JSON: names of outcomes, ISO dates."""
    from sanxian.model import Outcome

    def value(item: Any) -> Any:
        return (
            item.name if isinstance(item, Outcome) else item.isoformat() if isinstance(item, date) else item
        )

    return {key: value(item) for key, item in asdict(one).items()}

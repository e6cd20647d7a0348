"""Work over the registry: ledgers in, the compliance-analysis rate, re-check, export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sanxian.cli.registry_shared import (
    DATA,
    ByOption,
    DatabaseOption,
    DataOption,
    actor,
    day,
    opened,
    utc_now,
)  # fmt: skip
from sanxian.cli.shell import Session, as_of_day, command, usage_error
from sanxian.i18n import t

if TYPE_CHECKING:
    from sanxian.catalog import Catalog
    from sanxian.edition import Edition
    from sanxian.registry import Registry
    from sanxian.registry.coverage import Coverage
    from sanxian.registry.intake import Taken
    from sanxian.registry.intake_mapping import LedgerMapping
    from sanxian.registry.rechecks import Recheck

app = typer.Typer()

PeriodOption = Annotated[
    str,
    typer.Option(
        "--period",
        metavar="2026|2026-Q1|2026-03|FROM..TO",
        help="受理日期的期间，默认全部 / Period; default: all",
    ),
]
RegionOption = Annotated[
    str, typer.Option("--region", metavar="CODE", help="只看这个行政区 / Only this region")
]
_OUT = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="写入文件 / Write to a file")]
_TEXTS: Final = {".txt": "text"}


def _catalog(registry: Registry) -> Catalog:
    from sanxian.registry import editions

    with registry.read() as connection:
        return editions.catalog_of(connection, registry)


@contextmanager
def settling(session: Session, registry: Registry) -> Iterator[None]:
    """Settle, when the block has changed the editions, the projects of the days that another one is in force on."""
    from sanxian.registry import coverage

    before = _catalog(registry)
    yield
    count = coverage.resettle(registry, _catalog(registry), before=before)
    if count:
        session.say(t("coverage.settled", session.lang, count=count))


@contextmanager
def _watching(session: Session, text: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Yield what shows how far the work has come, when someone is looking."""
    if not session.err.is_terminal:
        yield lambda _: None
        return
    from rich.progress import Progress

    with Progress(console=session.err, transient=True) as progress:
        task = progress.add_task(text, total=total)
        yield lambda done: progress.update(task, completed=done)


# --- import ------------------------------------------------------------------------------------------


@command(app, "import")
def import_(
    session: Session,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="台账：.xlsx 或 .csv / A ledger", show_default=False)
    ],
    propose: Annotated[
        Path | None,
        typer.Option(
            "--propose",
            metavar="MAPPING.toml",
            help="只把列对应（建议）写成文件 / Only write the proposed mapping",
        ),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option("--profile", metavar="MAPPING.toml", help="按这份列对应导入 / Take in by this mapping"),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="LOG.csv", help="每一行的去向 / What became of each row"),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="不续上次，重新导入 / Begin afresh, whatever was done before")
    ] = False,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="CSV 的文字编码 / Encoding of a CSV file")
    ] = None,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """导入已有的环评台账 / Take an existing EIA ledger into the registry.

    先用 --propose 写出列对应，核对后用 --profile 导入；不给时按建议直接导入。中断后再次运行即从中断处继续，不会重复。
    First write the mapping with --propose, check it, then import with --profile; without it the proposal is used as it is.
    An import that was cut off goes on where it stopped when run again; nothing is done twice.

    例 / Examples:

    sanxian registry import 台账.xlsx --propose 列对应.toml

    sanxian registry import 台账.xlsx --profile 列对应.toml --log 去向.csv
    """
    if propose is not None and profile is not None:
        raise usage_error("ledger.told.propose_or_profile")
    from sanxian import output

    with opened(data, database) as registry:
        from sanxian.registry import intake, intake_files, intake_mapping, intake_rows

        mapping = None if profile is None else intake_mapping.load(profile)
        ledger = intake_files.open_ledger(
            file, encoding=encoding or (mapping.encoding if mapping else "") or None
        )
        if mapping is None:
            mapping = intake_mapping.propose(ledger)
            _tell_mapping(session, mapping)
        if propose is not None:
            output.write(propose, intake_mapping.to_toml(mapping, source=file.name).encode())
            session.say(t("ledger.told.written", session.lang, path=propose))
            return
        intake_mapping.check(mapping, source=(profile or file).name)
        now = utc_now()
        known = intake_rows.gazetteer(_catalog(registry), now.date())
        total = sum(sheet.rows or 0 for sheet in ledger.sheets) or None
        with _watching(session, t("ledger.told.working", session.lang), total) as progress:
            taken = intake.take_in(
                registry,
                ledger,
                mapping,
                at=now,
                by=actor(by),
                known=known,
                restart=restart,
                progress=progress,
            )
        _tell_taken(session, taken)
        if log is not None:
            with registry.read() as connection:
                intake.write_log(connection, taken.intake, log, lang=session.lang)
            session.say(t("ledger.told.log", session.lang, path=log))


def _tell_mapping(session: Session, mapping: LedgerMapping) -> None:
    def say(key: str, **fields: object) -> str:
        return t(f"ledger.{key}", session.lang, **fields)

    session.say(say("told.proposed"))
    for sheet in mapping.sheets:
        why = sheet.reason[session.lang[:2]]
        if not sheet.header_row:
            session.say(say("told.sheet_skipped", sheet=sheet.name, reason=why))
            continue
        session.say(say("told.sheet", sheet=sheet.name, row=sheet.header_row))
        for column in sheet.columns:
            label = say(f"field.{column.field}") if column.field and ":" not in column.field else column.field
            session.say(
                say(
                    "told.column",
                    header=column.header,
                    field=label or say("told.not_read"),
                    reason=column.reason[session.lang[:2]],
                )
            )


def _tell_taken(session: Session, taken: Taken) -> None:
    def say(key: str, **fields: object) -> str:
        return t(f"ledger.told.{key}", session.lang, **fields)

    if taken.again:
        session.print(say("again", intake=taken.intake))
    elif taken.resumed_after:
        session.say(say("resumed", intake=taken.intake, row=taken.resumed_after + 1))
    session.print(say("done", intake=taken.intake, rows=taken.rows))
    for state, count in taken.states.items():
        session.print(f"  {say(state)}  {count}")
    if taken.undated:
        session.print(f"  {say('undated')}  {taken.undated}")


# --- coverage ----------------------------------------------------------------------------------------

_COVERAGE_FORMATS: Final = {
    ".txt": "text", ".json": "json", ".csv": "csv", ".html": "html", ".htm": "html", ".xlsx": "xlsx"
}  # fmt: skip


@command(app, "coverage")
def coverage_(
    session: Session,
    period: PeriodOption = "",
    by_group: Annotated[
        str,
        typer.Option(
            "--group",
            metavar="GROUP",
            help="分组：month quarter year region prefecture province authority industry eia_class / Group by",
        ),
    ] = "",
    region: RegionOption = "",
    eia_class: Annotated[
        list[str] | None,
        typer.Option(
            "--eia-class",
            metavar="CLASS",
            help="分母中的环评类别，默认 report 和 form / EIA classes of the denominator, default report and form",
        ),
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="列出未完成分析的项目和原因 / List what is missing, and why")
    ] = False,
    analyse: Annotated[
        bool, typer.Option("--analyse", help="先研判所有能研判的缺项 / First screen all that can be screened")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="连同上次没有结论的 / Also those that gave no answer last time")
    ] = False,
    settle: Annotated[
        bool,
        typer.Option("--settle", help="先重新核对哪些研判有效 / First work out anew which screenings count"),
    ] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, metavar="N", help="研判进程数 / Processes")] = 1,
    out: _OUT = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", metavar="text|json|csv|html|xlsx", help="默认看文件名 / Default: by name"
        ),
    ] = None,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """符合性分析率：已分析 ÷ 受理的环评项目 / The compliance-analysis rate: analysed ÷ accepted EIA projects.

    分母、分子的确切含义见 docs/reference/coverage.md / What exactly is counted: docs/reference/coverage.md.

    例 / Examples:

    sanxian registry coverage --period 2026 --group region

    sanxian registry coverage --period 2026-Q1 --analyse --out 证明.xlsx
    """
    style = _style(format_, out, _COVERAGE_FORMATS)
    if style in ("html", "xlsx", "csv") and out is None:
        raise usage_error("coverage.needs_out", given=style)
    from sanxian.registry.coverage import CLASSES, Period

    span = Period.parse(period)
    classes = tuple(eia_class or CLASSES)
    with opened(data, database) as registry:
        from sanxian.registry import coverage, coverage_export, coverage_work, intake_rows
        from sanxian.registry.projects import EVERYTHING

        catalog = _catalog(registry)
        now = utc_now()
        if settle:
            count = coverage.resettle(registry, catalog)
            session.say(t("coverage.settled", session.lang, count=count))
        if analyse:
            with _watching(session, t("coverage.working", session.lang), None) as progress:
                done = coverage_work.analyse(
                    registry, catalog, EVERYTHING, span, at=now, by=actor(by), classes=classes, region=region,
                    again=again, workers=workers, progress=progress,
                )  # fmt: skip
            session.say(
                t(
                    "coverage.analysed_now",
                    session.lang,
                    done=done.done,
                    analysed=done.analysed,
                    failed=done.failed,
                    left=done.left,
                )
            )
        names = intake_rows.gazetteer(catalog, now.date()).places.names if style != "json" or out else {}
        if out is not None and style != "text":
            count, digest = coverage_export.export(
                registry, catalog, EVERYTHING, span, out, style, at=now, by=actor(by), classes=classes,
                region=region, names=names, lang=session.lang,
            )  # fmt: skip
            session.say(t("coverage.exported", session.lang, count=count, path=out, sha256=digest))
            return
        with registry.read() as connection:
            if style == "json":
                made = coverage_export.proof(
                    connection, catalog, EVERYTHING, span, at=now, classes=classes, region=region
                )
                from sanxian.registry.store import canonical

                session.emit((canonical(coverage_export.summary_of(made)) + "\n").encode(), None)
                return
            told = coverage.rate(connection, EVERYTHING, span, by=by_group, classes=classes, region=region)
            lines = list(_coverage_lines(told, names, session.lang))
            if missing:
                asked: dict[str, Any] = {"classes": classes, "region": region}
                lines += ["", t("coverage.list", session.lang)]
                for one in coverage.each_missing(connection, EVERYTHING, span, catalog, **asked):
                    lines.append(_missing_line(one, session))
                for one in coverage.each_missing(
                    connection, EVERYTHING, span, catalog, undated=True, **asked
                ):
                    lines.append(_missing_line(one, session))
    session.emit(("\n".join(lines) + "\n").encode(), out)


def _missing_line(one: Any, session: Session) -> str:
    row = one.project
    shown = (f"#{row.id}", row.accepted_on.isoformat() if row.accepted_on else "—", row.code, row.name)
    return "  " + " ".join(filter(None, shown)) + "  " + session.pick(one.zh, one.en)


def _coverage_lines(told: Coverage, names: Any, lang: str) -> Iterator[str]:
    from sanxian.registry.coverage import Analysis, label_of
    from sanxian.registry.coverage_page import definition, percent

    def say(key: str) -> str:
        return t(f"coverage.{key}", lang)

    total = told.total
    yield f"{say('title')}  {percent(total.rate)}  ({total.analysed} ÷ {total.accepted})"
    yield f"{say('period')}  {told.period.shown(lang)}"
    yield definition(told, lang)
    for state in Analysis:
        if state is not Analysis.UNDATED:
            yield f"  {say(f'analysis.{state.value}')}  {total.counts.get(state, 0)}"
    yield say("apart")
    for key in ("undated", "unclassed", "withdrawn", "others"):
        yield f"  {say(key)}  {getattr(told, key)}"
    if told.by:
        yield ""
        yield f"{say('group')}  {say('accepted')}  {say('analysed')}  {say('missing')}  {say('rate')}"
        for one in told.groups:
            label = label_of(told.by, one.key, names, lang)
            yield f"  {label}  {one.accepted}  {one.analysed}  {one.missing}  {percent(one.rate)}"


def _style(given: str | None, out: Path | None, known: dict[str, str]) -> str:
    name = given or (known.get(out.suffix.lower(), "text") if out is not None else "text")
    if name not in known.values():
        raise usage_error("cli.usage.format", given=name, known="、".join(dict.fromkeys(known.values())))
    return name


# --- recheck -----------------------------------------------------------------------------------------


@command(app, "recheck")
def recheck_(
    session: Session,
    old: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="OLD", help="原成果：摘要值、编号或文件 / Edition before: digest, id or file"
        ),
    ] = None,
    new: Annotated[str | None, typer.Option("--to", metavar="NEW", help="新成果 / Edition after")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="新成果的研判日期，默认今天 / Default today")
    ] = None,
    as_of_old: Annotated[
        str | None,
        typer.Option(
            "--as-of-old",
            metavar="DATE",
            help="原成果的研判日期，默认同上，过期时为其最后一天 / Default as above, or its last day",
        ),
    ] = None,
    show: Annotated[
        int | None, typer.Option("--show", metavar="N", help="显示第 N 次复核的结果 / Show re-check N")
    ] = None,
    resume: Annotated[
        int | None, typer.Option("--resume", metavar="N", help="续完第 N 次复核 / Go on with re-check N")
    ] = None,
    seen: Annotated[
        bool, typer.Option("--seen", help="与 --show 同用：全部标为已看 / With --show: mark all as seen")
    ] = False,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """复核：成果更新后台账中哪些项目的答复改变 / Re-check: whose answers in the registry change with an edition.

    不带选项时列出已有的复核 / Without options the re-checks there are.

    例 / Examples:

    sanxian registry recheck --from 旧成果.gpkg --to 新成果.gpkg --as-of 2026-09-01

    sanxian registry recheck --show 3
    """
    if (old is None) != (new is None) or sum(x is not None for x in (old, show, resume)) > 1:
        raise usage_error("rechecks.options")
    with opened(data, database) as registry:
        from sanxian.registry import rechecks
        from sanxian.registry.projects import EVERYTHING

        now, who = utc_now(), actor(by)
        if old is not None and new is not None:
            before, after = _edition(registry, old), _edition(registry, new)
            day_new = as_of_day(session, as_of)
            day_old = day("--as-of-old", as_of_old)
            if day_old is None:
                last = before.info.valid_to
                day_old = day_new if last is None or day_new <= last else last
            with registry.begin() as connection:
                job = rechecks.start(
                    connection, before, after, as_of_old=day_old, as_of=day_new, at=now, by=who
                )
            resume = job.id
        if resume is not None:
            job = _worked(session, registry, resume, who)
            show = job.id
        with registry.begin() as connection:
            if show is None:
                for job in rechecks.listed(connection):
                    session.print(_recheck_line(job, session.lang))
                return
            for line in _recheck_lines(connection, show, session.lang):
                session.print(line)
            if seen:
                count = rechecks.mark_seen(connection, EVERYTHING, show, None, at=now, by=who)
                session.say(t("rechecks.marked", session.lang, count=count))


def _worked(session: Session, registry: Registry, number: int, who: str) -> Recheck:
    from sanxian.registry import editions, rechecks

    def opened_edition(digest: str) -> Edition:
        with registry.read() as connection:
            return editions.opened(connection, registry, digest)

    with registry.read() as connection:
        last = rechecks.last_number(connection)
    with _watching(session, t("rechecks.working", session.lang), last) as progress:
        return rechecks.work(
            registry, number, opened=opened_edition, at=utc_now(), by=who,
            progress=lambda job: progress(job.after),
        )  # fmt: skip


def _edition(registry: Registry, given: str) -> Edition:
    """Return an edition of the registry by its digest, id or file."""
    from sanxian.edition import open_edition
    from sanxian.registry import editions

    with registry.read() as connection:
        known = editions.listed(connection, withdrawn=True)
        if given.endswith(".gpkg") or Path(given).is_file():
            return editions.opened(connection, registry, open_edition(Path(given)).info.digest)
        plain = given.removeprefix("sha256:")
        found = [one for one in known if one.id == given]
        if not found and len(plain) >= 6:
            found = [one for one in known if one.digest.removeprefix("sha256:").startswith(plain)]
        if len(found) != 1:
            listed = "、".join(f"{one.id} {one.digest[:15]}" for one in known) or "-"
            raise usage_error("rechecks.edition", given=given, known=listed)
        return editions.opened(connection, registry, found[0].digest)


def _recheck_line(job: Recheck, lang: str) -> str:
    return t(
        "rechecks.line", lang, id=job.id, state=t(f"rechecks.state.{job.state}", lang), old=job.old[:15],
        new=job.new[:15], as_of_old=job.as_of_old, as_of=job.as_of, projects=job.projects, reached=job.reached,
        changed=job.changed,
    )  # fmt: skip


def _recheck_lines(connection: Any, number: int, lang: str) -> Iterator[str]:
    from sanxian.registry import rechecks
    from sanxian.registry.projects import EVERYTHING

    def verdict(name: str) -> str:
        return t(f"outcome.{name}", lang) if name else t("rechecks.no_answer", lang)

    yield _recheck_line(rechecks.get(connection, number), lang)
    made = rechecks.summary(connection, EVERYTHING, number)
    for grade, count in made.grades.items():
        yield f"  {t(f'recheck.grade.{grade.value}', lang)}  {count}"
    if made.moves:
        yield t("recheck.moves", lang)
    for old, new, count in made.moves:
        yield f"  {verdict(old)} → {verdict(new)}  {count}"
    if made.causes:
        yield t("recheck.causes", lang)
    for cause, count in made.causes.items():
        yield f"  {t(f'recheck.cause.{cause.value}', lang)}  {count}"
    yield t("rechecks.unseen", lang, count=made.unseen)
    shown = rechecks.changes(connection, EVERYTHING, number, limit=50)
    for one in shown:
        ends = [verdict("" if x is None else x.name) for x in (one.old, one.new)]
        why = "、".join(_cause(difference, lang) for difference in one.causes[:3])
        grade_ = t(f"recheck.grade.{one.grade.value}", lang)
        yield f"  #{one.project} {one.name}  {ends[0]} → {ends[1]}  [{grade_}]  ← {why}"
    if sum(made.grades.values()) > len(shown):
        yield t("recheck.more", lang, count=sum(made.grades.values()) - len(shown))


def _cause(difference: Any, lang: str) -> str:
    kind = t(f"recheck.cause.{difference['cause']}", lang)
    return f"{kind} {difference['item']}"


# --- export ------------------------------------------------------------------------------------------


@command(app, "export")
def export_(
    session: Session,
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help=".xlsx .csv .gpkg .geojson .jsonl", show_default=False),
    ],
    text: Annotated[str, typer.Option("--text", metavar="WORDS", help="名称、代码、单位 / Words")] = "",
    region: RegionOption = "",
    authority: Annotated[str, typer.Option("--authority", metavar="NAME", help="审批机关 / Authority")] = "",
    industry: Annotated[str, typer.Option("--industry", metavar="CODE", help="行业代码 / Industry")] = "",
    eia_class: Annotated[str, typer.Option("--eia-class", metavar="CLASS", help="环评类别 / EIA class")] = "",
    status: Annotated[str, typer.Option("--status", metavar="STATUS", help="状态 / Status")] = "",
    analysis: Annotated[str, typer.Option("--analysis", metavar="STATE", help="分析情况 / Analysis")] = "",
    period: PeriodOption = "",
    format_: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="xlsx|csv|gpkg|geojson|jsonl", help="默认看文件名 / By name"),
    ] = None,
    data: DataOption = DATA,
    database: DatabaseOption = None,
    by: ByOption = None,
) -> None:
    """导出台账，或其中一部分 / Export the registry, or a part of it.

    例 / Examples:

    sanxian registry export 台账.xlsx --period 2026

    sanxian registry export 项目.gpkg --region 6301 --analysis none
    """
    with opened(data, database) as registry:
        from sanxian.registry import export
        from sanxian.registry.coverage import Period
        from sanxian.registry.projects import EVERYTHING
        from sanxian.registry.search import Filter

        style = format_ or export.FORMATS.get(out.suffix.lower(), "")
        if style not in export.FORMATS.values():
            known = "、".join(dict.fromkeys(export.FORMATS.values()))
            raise usage_error("cli.usage.format", given=style or out.suffix, known=known)
        span = Period.parse(period)
        wanted = Filter(
            text=text, region=region, authority=authority, industry=industry, eia_class=eia_class,
            status=status, analysis=analysis, accepted_from=span.first, accepted_to=span.last,
        )  # fmt: skip
        count, digest = export.export(
            registry, EVERYTHING, wanted, out, style, at=utc_now(), by=actor(by), lang=session.lang
        )
        session.say(t("coverage.exported", session.lang, count=count, path=out, sha256=digest))

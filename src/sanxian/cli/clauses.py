"""The commands for access lists: text to rules, review by people, exchange, remarks for authors."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sanxian import output
from sanxian.cli.shell import DIFFERS, Session, command, day_of, usage_error
from sanxian.i18n import t

if TYPE_CHECKING:
    from sanxian.clauses.composition import Composition, Tie
    from sanxian.clauses.lint import Remark
    from sanxian.clauses.tables import Place

app = typer.Typer(
    help="准入清单：读成规则、审核、检查、交换 / Access lists: read as rules, review, check, exchange",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

Source = Annotated[
    Path,
    typer.Argument(
        metavar="清单",
        help="条款文件（.jsonl .json .yaml）或表格清单（.xlsx .docx .csv）/ A clause file, or a list in tables",
        show_default=False,
    ),
]
Clauses = Annotated[
    Path, typer.Argument(metavar="条款文件", help="条款文件 / A clause file", show_default=False)
]
_LEVELS: Final = "NATIONAL BASIN PROVINCE BLOCK PREFECTURE COUNTY PARK ZONE UNIT"


# --- parse -------------------------------------------------------------------------------------------


@command(app, "parse")
def parse(
    session: Session,
    source: Source,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="写到这个条款文件（.jsonl）/ Write to this clause file", show_default=False
        ),
    ],
    level: Annotated[
        str | None,
        typer.Option("--level", help=f"清单没有写明时的层级 / Level where the list states none: {_LEVELS}"),
    ] = None,
    scope: Annotated[
        str | None,
        typer.Option(
            "--scope",
            help="清单没有写明时的范围 / Scope where the list states none: everywhere, regions=6328, units=…, parks=…",
        ),
    ] = None,
    document: Annotated[str, typer.Option("--document", help="文件编号 / Id of the document")] = "",
) -> None:
    """把条款文字读成规则草案（不联网，同样的文字读出同样的规则）/ Read clause text into draft rules.

    例 / Examples:

    sanxian clauses parse 清单.xlsx --out 清单.jsonl

    sanxian clauses parse IN.jsonl --out OUT.jsonl
    """
    from sanxian.clauses import files, intake

    if out.suffix.lower() != ".jsonl":
        raise usage_error("clauses.usage.jsonl", given=str(out))
    size: int | None = None
    rows: Iterable[dict[str, Any]]
    if source.suffix.lower() == ".jsonl":
        stated = _stated(level, scope, document)
        rows = ({**stated, **row} for row in intake.clause_lines(source))
    else:
        held, reading = intake.clause_rows(source, level=level, scope=_scope(scope), document=document)
        rows, size = held, len(held)
        for entry in reading.log if reading is not None else ():
            session.say(f"{_where(entry.place)}  {session.pick(entry.zh, entry.en)}", style="yellow")
    counts: Counter[str] = Counter()
    with (
        _few_collections(),
        output.replacing(out) as beside,
        beside.open("w", encoding="utf-8", newline="\n") as lines,
    ):
        for row in _watched(session, rows, size):
            full = intake.with_rules(row)
            lines.write(files.encode(full) + "\n")
            made = len(full.get("rules") or ())
            counts.update(("clauses", "left") if not made else ("clauses",))
            counts["rules"] += made
            counts.update(f"doubt.{code}" for code in _doubts(full.get("reading")))
    _say_tally(session, counts)
    session.say(session.t("written", path=out))


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for cycles rarely meanwhile: nothing of a clause is kept, so none would be found (12 % of the time)."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _where(place: Place) -> str:
    """Return a place in a file as people find it: ``清单.xlsx 表1 R3C5``."""
    cell = (f"R{place.row}" if place.row else "") + (f"C{place.column}" if place.column else "")
    return " ".join(part for part in (place.file, place.sheet, cell) if part)


def _stated(level: str | None, scope: str | None, document: str) -> dict[str, Any]:
    """Return what the options say about clauses that do not say it themselves."""
    from sanxian.model import Level

    if level is not None and level not in set(Level):
        raise usage_error("clauses.usage.level", given=level, known=_LEVELS)
    told = {"level": level, "scope": _scope(scope), "document": document}
    return {key: value for key, value in told.items() if value}


def _scope(given: str | None) -> dict[str, Any] | None:
    """Return the scope an option names; the list reader says what is wrong with it."""
    if given is None:
        return None
    if given == "everywhere":
        return {"everywhere": True}
    kind, _, listed = given.partition("=")
    if not (values := [value for value in listed.split(",") if value]):
        raise usage_error("clauses.usage.scope", given=given)
    return {kind: values}


def _doubts(reading: object) -> list[str]:
    """Return the doubts of a reading; one that came with a reviewed clause may be anything."""
    doubts = reading.get("doubts") if isinstance(reading, dict) else None
    return [code for code in doubts if isinstance(code, str)] if isinstance(doubts, list) else []


def _say_tally(session: Session, counts: Counter[str]) -> None:
    said = {key: counts[key] for key in ("clauses", "rules", "left")}
    session.say(t("clauses.parsed", session.lang, **said))
    for key, count in counts.most_common():
        if key.startswith("doubt."):
            try:
                words = t(f"clauses.{key}", session.lang)
            except (KeyError, TypeError):  # a doubt of another version of the program
                words = key.removeprefix("doubt.")
            session.say(f"  {count:>7,}  {words}")


def _watched(session: Session, rows: Iterable[dict[str, Any]], size: int | None) -> Iterator[dict[str, Any]]:
    """Yield the rows, with progress when someone is looking."""
    if not session.err.is_terminal:
        yield from rows
        return
    from rich.progress import Progress

    with Progress(console=session.err, transient=True) as progress:
        yield from progress.track(rows, total=size, description=t("clauses.working", session.lang))


# --- review ------------------------------------------------------------------------------------------


@command(app, "review")
def review(
    session: Session,
    source: Clauses,
    workbook: Annotated[
        Path | None,
        typer.Option(
            "--workbook",
            "-w",
            help="写出供审核填写的工作簿 / Write the workbook to fill in",
            show_default=False,
        ),
    ] = None,
    apply: Annotated[
        Path | None,
        typer.Option(
            "--apply",
            "-a",
            help="读入填好的工作簿 / Take over a workbook that was filled in",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="写到这个条款文件 / Write to this clause file", show_default=False),
    ] = None,
) -> None:
    """人工审核：导出工作簿，填写后读回 / Review by people: write the workbook, take it back filled in.

    例 / Examples:

    sanxian clauses review 清单.jsonl --workbook 审核.xlsx

    sanxian clauses review 清单.jsonl --apply 审核.xlsx --out 审核后.jsonl
    """
    from sanxian.clauses import files
    from sanxian.clauses.workbook import apply_workbook, write_workbook

    if (workbook is None) == (apply is None):
        raise usage_error("clauses.usage.review")
    rows = files.read_clauses(source)
    if workbook is not None:
        write_workbook(rows, workbook, lang=session.lang)
        session.say(session.t("written", path=workbook))
        return
    if out is None:
        raise usage_error("clauses.usage.out")
    assert apply is not None  # noqa: S101  # one of the two is given, see above
    applied = apply_workbook(rows, apply)
    files.write_clauses(out, applied.rows)
    session.say(
        t(
            "clauses.applied",
            session.lang,
            accepted=applied.accepted,
            changed=applied.changed,
            rejected=applied.rejected,
            left=applied.left,
            untouched=applied.untouched,
        )
    )
    for problem in applied.problems:
        session.say(problem.text(session.lang), style="yellow")
    session.say(session.t("written", path=out))
    if applied.problems:
        raise typer.Exit(DIFFERS)


# --- export ------------------------------------------------------------------------------------------

_FORMATS: Final = ("jsonl", "json", "yaml", "csv", "dmn", "jdm", "schema")


@command(app, "export")
def export(
    session: Session,
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="条款文件",
            help="条款文件，或可读回的 .csv .dmn / A clause file, or .csv .dmn",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", "-f", help=f"格式 / Format: {' '.join(_FORMATS)}", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="写到这个文件；缺省写到标准输出 / Write to this file", show_default=False
        ),
    ] = None,
) -> None:
    """导出为 CSV、DMN 决策表、JSON Schema 等，CSV 和 DMN 也可读回 / Export as CSV, DMN, JSON Schema; CSV and DMN come back.

    例 / Examples:

    sanxian clauses export 清单.jsonl --out 清单.dmn

    sanxian clauses export 清单.dmn --out 清单.jsonl

    sanxian clauses export --format schema
    """
    from sanxian.clauses import exchange, files

    wanted = form or (out.suffix.lower().lstrip(".") if out is not None else "")
    wanted = {"yml": "yaml"}.get(wanted, wanted)
    if wanted not in _FORMATS:
        raise usage_error("clauses.usage.format", given=wanted or "-", known=" ".join(_FORMATS))
    if wanted == "schema":
        session.emit((json.dumps(exchange.schema(), ensure_ascii=False, indent=1) + "\n").encode(), out)
        return
    if source is None:
        raise usage_error("clauses.usage.source")
    rows = _any_rows(source)
    if wanted in ("jsonl", "json", "yaml"):
        with TemporaryDirectory() as folder:  # the suffix chooses the form there; here the option does
            made = Path(folder) / f"{out.stem if out is not None else 'stdout'}.{wanted}"
            files.write_clauses(made, rows)
            session.emit(made.read_bytes(), out)
    elif wanted == "dmn":
        session.emit(exchange.to_dmn(rows), out)
    elif wanted == "csv":
        session.emit(exchange.to_csv(rows).encode("utf-8-sig"), out)
    else:
        session.emit((json.dumps(exchange.to_jdm(rows), ensure_ascii=False, indent=1) + "\n").encode(), out)


def _any_rows(source: Path) -> list[dict[str, Any]]:
    """Return the rows of a clause file or of an exchange file."""
    from sanxian.clauses import exchange, files

    kind = source.suffix.lower()
    if kind not in (".csv", ".dmn"):
        return files.read_clauses(source)
    with _opened(source) as content:
        return list(
            exchange.from_csv(content.decode("utf-8-sig")) if kind == ".csv" else exchange.from_dmn(content)
        )


@contextmanager
def _opened(source: Path) -> Iterator[bytes]:
    from sanxian.clauses.intake import refused

    try:
        yield source.read_bytes()
    except OSError as error:
        raise refused(source, "unreadable", error=error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise refused(source, "encoding", place=error.start) from error


# --- lint --------------------------------------------------------------------------------------------


@command(app, "lint")
def lint(
    session: Session,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="清单", help="条款文件或成果（.gpkg）/ A clause file or an edition", show_default=False
        ),
    ],
    edition: Annotated[
        Path | None,
        typer.Option("--edition", "-e", help="对照的成果 / Edition to compare with", show_default=False),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="判断期限的日期 / Day on which dates are judged", show_default=False),
    ] = None,
    form: Annotated[str, typer.Option("--format", "-f", help="text json")] = "text",
) -> None:
    """检查清单：矛盾、上下级宽严、期限、含糊用语、引用不存在的范围 / Check a list for its authors.

    例 / Examples:

    sanxian clauses lint 清单.jsonl --edition 青海示例.gpkg --as-of 2026-11-24
    """
    from sanxian.clauses import files
    from sanxian.clauses.lint import lint as remarks_of
    from sanxian.edition import open_edition

    if form not in ("text", "json"):
        raise usage_error("clauses.usage.format", given=form, known="text json")
    day = None if as_of is None else day_of("--as-of", as_of)
    within = open_edition(edition) if edition is not None else None
    if source.suffix.lower() == ".gpkg":
        within = within or open_edition(source)
        clauses: Sequence[Any] = within.clauses
    else:
        clauses = files.read_clauses(source)
    found = remarks_of(clauses, edition=within, as_of=day)
    if form == "json":
        session.emit(_remarks_json(found), None)
    else:
        for remark in found:
            session.print(_remark_line(session, remark))
        session.say(t("clauses.linted", session.lang, clauses=len(clauses), remarks=len(found)))
    if any(remark.severity == "error" for remark in found):
        raise typer.Exit(DIFFERS)


def _remark_line(session: Session, remark: Remark) -> str:
    severity = t(f"clauses.severity.{remark.severity}", session.lang)
    who = "、".join(remark.clauses[:4]) + ("…" if len(remark.clauses) > 4 else "")
    what, advice = session.pick(remark.zh, remark.en), session.pick(remark.advice_zh, remark.advice_en)
    return f"{severity}  {remark.check}  {who}\n    {what}\n    → {advice}"


def _remarks_json(found: Iterable[Remark]) -> bytes:
    rows = [
        {
            "check": r.check,
            "severity": str(r.severity),
            "clauses": list(r.clauses),
            "rules": [list(rule) for rule in r.rules],
            "spans": [list(span) for span in r.spans],
            "zh": r.zh,
            "en": r.en,
            "advice_zh": r.advice_zh,
            "advice_en": r.advice_en,
        }
        for r in found
    ]
    return (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode()


# --- compose -----------------------------------------------------------------------------------------


@command(app, "compose")
def compose(
    session: Session,
    edition: Annotated[
        Path, typer.Argument(metavar="成果", help="成果 / An edition (.gpkg)", show_default=False)
    ],
    unit: Annotated[
        str, typer.Option("--unit", "-u", help="管控单元编码 / Code of a control unit", show_default=False)
    ],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="日期 / Date; 缺省今天 / today", show_default=False)
    ] = None,
    industry: Annotated[
        list[str] | None,
        typer.Option(
            "--industry",
            "-i",
            help="只看可能涉及这些行业的条款 / Only what may concern these",
            show_default=False,
        ),
    ] = None,
    form: Annotated[str, typer.Option("--format", "-f", help="text json")] = "text",
) -> None:
    """一个单元的组合清单：从国家到单元逐级排列，写明哪条被更严的覆盖 / The list that holds in a unit, all levels.

    例 / Examples:

    sanxian clauses compose 成果.gpkg --unit ZH63010220001 --as-of 2026-09-01
    """
    from sanxian.clauses.composition import compose
    from sanxian.clauses.reach import site_of_zone
    from sanxian.data import industry_code
    from sanxian.edition import open_edition
    from sanxian.model import LayerKind

    if form not in ("text", "json"):
        raise usage_error("clauses.usage.format", given=form, known="text json")
    opened = open_edition(edition)
    day = date.today() if as_of is None else day_of("--as-of", as_of)  # noqa: DTZ011  # the day of whoever asks
    opened.in_force(day)
    layer = next((x.id for x in opened.layers if x.kind is LayerKind.CONTROL_UNIT), "")
    try:
        place = site_of_zone(opened, layer, unit, as_of=day)
    except KeyError:
        raise usage_error("clauses.usage.unit", given=unit) from None
    codes = [industry_code(code) for code in industry or ()]
    made = compose(opened.clauses, at=place, edition=opened, as_of=day, industries=codes)
    if form == "json":
        session.emit(_composition_json(made), None)
        return
    for entry in made.entries:
        level = t(f"labels.level.{entry.clause.level}", session.lang)
        session.print(f"{level}  {entry.clause.dimension_label}  {entry.clause.id}\n    {entry.clause.text}")
        for tie in (*entry.overridden_by, *entry.overrides, *entry.same_as):
            session.print(f"    → {session.pick(tie.zh, tie.en)}")
        for linked in entry.links:
            session.print(f"    → {'、'.join(linked.clauses[:6])}{'…' if len(linked.clauses) > 6 else ''}")
        for notice in entry.notices:
            session.print(f"    ! {session.pick(notice.zh, notice.en)}")
    session.say(
        t("clauses.composed", session.lang, clauses=len(made.entries), unit=unit, day=day.isoformat())
    )


def _composition_json(made: Composition) -> bytes:
    def ties(found: Iterable[Tie]) -> list[dict[str, Any]]:
        return [
            {
                "clause": tie.clause,
                "rule": tie.rule,
                "other": tie.other,
                "standing": str(tie.standing),
                "only_in": list(tie.only_in),
                "zh": tie.zh,
                "en": tie.en,
            }
            for tie in found
        ]

    rows = [
        {
            "id": entry.clause.id,
            "level": str(entry.clause.level),
            "dimension": str(entry.clause.dimension),
            "text": entry.clause.text,
            "through": list(entry.through),
            "overrides": ties(entry.overrides),
            "overridden_by": ties(entry.overridden_by),
            "same_as": ties(entry.same_as),
            "links": [list(linked.clauses) for linked in entry.links],
            "notices": [notice.code for notice in entry.notices],
        }
        for entry in made.entries
    ]
    return (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode()

"""Reports from records or projects, one or many, and whether a report still holds."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

import typer

from sanxian import output
from sanxian.cli.asked import (
    AsOfOption,
    CatalogOption,
    Choice,
    DraftsOption,
    EditionOption,
    OutOption,
    RegionOption,
    Told,
    from_catalog,
    opened_edition,
    output_format,
    screened,
    watched,
)
from sanxian.cli.shell import DIFFERS, DONE, Session, command, day_of, exit_status, harmless, usage_error
from sanxian.errors import (
    EditionError,
    InputError,
    NotInstalled,
    OutputFailed,
    RecordAltered,
    RecordInvalid,
    RecordMissing,
    SanxianError,
    Unforeseen,
)
from sanxian.i18n import LANGS, t

if TYPE_CHECKING:
    from sanxian.edition import Edition
    from sanxian.report import Format
    from sanxian.screening import Screening
    from sanxian.verification.verifying import Editions

    Lender = Callable[[Screening], Edition | None]

app = typer.Typer()

_BY_NAME: Final = {
    ".pdf": "pdf", ".docx": "docx", ".xlsx": "xlsx", ".html": "html", ".htm": "html", ".json": "json", ".txt": "text"
}  # fmt: skip
_FILES: Final = ("pdf", "docx", "xlsx")  # never to a terminal
_SUFFIX: Final = {"text": ".txt"}
_LINE_MAX: Final = 400_000_000  # bytes of one line of a batch
_COMPARED: Final = ("html", "xlsx", "docx", "pdf")


# --- report ----------------------------------------------------------------------------------


@command(app, "report")
def report(
    session: Session,
    records: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RECORD]...",
            help="研判记录、报告，或批量研判的 .jsonl / Records, reports, or the .jsonl of a batch",
            show_default=False,
        ),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(
            "--project",
            "-p",
            metavar="FILE",
            help="先研判这个项目 / Screen this project first",
            show_default=False,
        ),
    ] = None,
    edition: EditionOption = None,
    catalog: CatalogOption = None,
    region: RegionOption = None,
    as_of: AsOfOption = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="pdf|docx|xlsx|html|json|text",
            help="报告格式，默认看文件名 / Format; default: by file name",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE|DIR", help="写入文件；多个时为文件夹 / File, or folder for several"
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="几个选址并列比较 / Put several sites side by side")
    ] = False,
    count_drafts: DraftsOption = False,
) -> None:
    """出报告：PDF、Word、Excel、HTML；多个时另出汇总表和图 / Reports; for several also a summary with a map.

    例 / Examples:

    sanxian report 研判.json --edition 成果.gpkg --out 报告.pdf

    sanxian report --project 项目.yaml --edition 成果.gpkg --as-of 2026-09-01 --out 报告.docx

    sanxian report 结果.jsonl --edition 成果.gpkg --format pdf --out 报告

    sanxian report 甲.json 乙.json --compare --out 比选.html
    """
    paths = records or []
    if bool(paths) == (project is not None):
        raise usage_error("summary.usage.one_source")
    if project is not None:
        if compare:
            raise usage_error("summary.usage.compare_records")
        style = _style(format_, out)
        told = Told(name=None, nature=None, industries=(), facts=(), papers=())
        made, opened = screened(
            session,
            path=project,
            told=told,
            choice=Choice(edition=edition, catalog=catalog, region=region, as_of=as_of),
            reading={},
            file_reading={},
            count_drafts=count_drafts,
        )
        _one(session, made, opened, style, out)
        return
    if as_of is not None or count_drafts or region is not None:
        raise usage_error("summary.usage.record_has_its_own")
    lender = _lender(session, edition, from_catalog(session, edition, catalog, None))
    if compare:
        _side_by_side(session, paths, lender, format_, out)
    elif len(paths) == 1 and not _is_lines(paths[0]) and not (out is not None and out.is_dir()):
        style = _style(format_, out)
        made = _read(paths[0])
        opened_or_not = lender(made)
        if opened_or_not is None and style not in ("json", "text"):
            session.say(t("summary.footprint_only", session.lang), style="yellow")
        _one(session, made, opened_or_not, style, out)
    else:
        _many(session, paths, lender, format_, out)


def _style(given: str | None, out: Path | None) -> Format:
    style: Format = output_format(given, out, _BY_NAME, "text")  # type: ignore[assignment]  # one of its values
    if style in _FILES and out is None:
        raise usage_error("summary.usage.needs_out", format=style)
    return style


def _one(session: Session, made: Screening, edition: Edition | None, style: Format, out: Path | None) -> None:
    from sanxian import report as reports

    content = reports.render(made, style, session.lang, edition=edition)
    session.emit(content + b"\n" if style == "json" else content, out)


def _is_lines(path: Path) -> bool:
    return path.suffix.lower() in (".jsonl", ".ndjson")


def _content(path: Path) -> bytes:
    from sanxian.verification.carrying import BYTES_MAX

    try:
        if path.stat().st_size > BYTES_MAX:
            said = {k[:2]: t("verification.too_large", k, limit=BYTES_MAX // 1_000_000) for k in LANGS}
            raise RecordInvalid(source=path.name, reason=said)
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> RecordInvalid:
    reason = {k[:2]: t("verification.unreadable", k, said=error.strerror or "?") for k in LANGS}
    return RecordInvalid(source=path.name, reason=reason)


def _read(path: Path) -> Screening:
    """Return the screening of a record or of the record a report carries."""
    from sanxian.screening import from_json
    from sanxian.verification import carried

    return from_json(carried(_content(path), path.name), source=path.name)


def _lender(session: Session, edition: Path | None, folder: Path | None) -> Lender:
    """Return what finds the edition of a record: its zones and its words for them."""
    from sanxian.edition import open_edition

    if folder is not None:
        from sanxian.catalog import open_catalog
        from sanxian.verification import InCatalog

        editions = InCatalog(open_catalog(folder))
        kept: dict[str, Edition | None] = {}

        def from_folder(record: Screening) -> Edition | None:
            digest = record.edition.digest
            if digest not in kept:
                kept.clear()  # one edition in memory at a time
                kept[digest] = editions.by_digest(digest) if digest else None
                if kept[digest] is None:
                    session.say(
                        t("summary.edition_missing", session.lang, title=record.edition.title), style="yellow"
                    )
            return kept[digest]

        return from_folder
    if edition is None:
        return lambda _: None
    opened = open_edition(edition)
    told: list[str] = []

    def the_only_one(record: Screening) -> Edition | None:
        if record.edition.digest == opened.info.digest:
            return opened
        if record.edition.digest not in told:
            told.append(record.edition.digest)
            session.say(t("summary.edition_other", session.lang, title=record.edition.title), style="yellow")
        return None

    return the_only_one


# --- many ------------------------------------------------------------------------------------


class _Source(NamedTuple):
    """One record, not read yet."""

    name: str
    read: Callable[[], Screening]


def _sources(paths: Sequence[Path]) -> Iterator[_Source]:
    """Yield the records of files in order, those of the output of a batch line by line."""
    for path in paths:
        if not _is_lines(path):
            yield _Source(path.name, lambda path=path: _read(path))  # type: ignore[misc]
            continue
        try:
            with path.open("rb") as lines:
                number = 0
                while line := lines.readline(_LINE_MAX):
                    number += 1
                    if line.strip():
                        name = f"{path.name}:{number}"
                        yield _Source(name, lambda line=line, name=name: _line(line, name))  # type: ignore[misc]
        except OSError as error:
            yield _Source(path.name, lambda path=path, error=error: _fail(_unreadable(path, error)))  # type: ignore[misc]


def _fail(error: SanxianError) -> Screening:
    raise error


def _line(line: bytes, name: str) -> Screening:
    """Return the screening on one line: a record, or a result of a batch that holds one."""
    from sanxian.screening import from_json, from_record

    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        return from_json(line, source=name)  # says what is wrong with it
    if isinstance(body, dict) and "schema" not in body:
        if isinstance(said := body.get("error"), dict):
            reason = {k: str(said.get(k, ""))[:500] for k in ("zh", "en")}
            raise RecordMissing(source=name, reason=reason)
        body = body.get("screening")
    return from_record(body, source=name)


def _many(
    session: Session, paths: Sequence[Path], lender: Lender, format_: str | None, out: Path | None
) -> None:
    """Write a report for each record into a folder, then the summary of them all."""
    from sanxian import report as reports
    from sanxian.report import summary

    if out is None:
        raise usage_error("summary.usage.needs_folder")
    style: Format = output_format(format_, None, _BY_NAME, "pdf")  # type: ignore[assignment]  # one of its values
    _make_folder(out)
    suffix = _SUFFIX.get(style, f".{style}")
    done = total = 0
    with summary.summarise(out, session.lang) as collected:
        for number, source in enumerate(watched(session, _sources(paths), None), start=1):
            total += 1
            try:
                made = source.read()
                opened = lender(made)
                name = summary.file_name(number, made.project, suffix)
                content = reports.render(made, style, session.lang, edition=opened)
                row = summary.row_of(number, name, made, session.lang, opened)
            except (OutputFailed, NotInstalled):
                raise  # no other record would fare better
            except SanxianError as error:
                collected.add(summary.row_failed(number, source.name, error, session.lang))
                continue
            except Exception as error:  # noqa: BLE001, a record that trips the layout must not stop the others
                failed = Unforeseen.of(error)
                collected.add(summary.row_failed(number, source.name, failed, session.lang))
                continue
            output.write(out / name, content)
            collected.add(row, opened)
            done += 1
    session.say(session.t("written", path=f"{out}/"))
    session.say(t("summary.done", session.lang, total=total, done=done, failed=total - done), style="bold")
    if not done:
        raise typer.Exit(exit_status(InputError()))


def _make_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise output.failed(path, OSError(errno.ENOTDIR, ""))
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output.failed(path, error) from error


def _side_by_side(
    session: Session, paths: Sequence[Path], lender: Lender, format_: str | None, out: Path | None
) -> None:
    """Write a comparison of sites."""
    from sanxian import report as reports
    from sanxian.report import sites

    known = {suffix: style for suffix, style in _BY_NAME.items() if style in _COMPARED}
    style: Format = output_format(format_, out, known, "html")  # type: ignore[assignment]  # one of its values
    if style in _FILES and out is None:
        raise usage_error("summary.usage.needs_out", format=style)
    made: list[tuple[Screening, Edition | None]] = []
    for source in _sources(paths):
        if len(made) == sites.SITES_MAX:
            given = sum(1 for _ in _sources(paths))
            raise usage_error("summary.usage.compare_two", most=sites.SITES_MAX, given=given)
        screening = source.read()
        made.append((screening, lender(screening)))
    if len(made) < 2:
        raise usage_error("summary.usage.compare_two", most=sites.SITES_MAX, given=len(made))
    session.emit(reports.render_manuscript(sites.manuscript(made, session.lang), style), out)


# --- verify ----------------------------------------------------------------------------------


@command(app, "verify")
def verify(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(metavar="REPORT", help="报告或研判记录 / Report or record", show_default=False),
    ],
    edition: EditionOption = None,
    catalog: Annotated[
        Path | None,
        typer.Option(
            "--catalog", metavar="DIR", help="成果目录：从中找原成果和现行成果 / Folder with the editions"
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE",
            help="查找现行成果的日期，默认今天 / Day of the edition in force, default today",
        ),
    ] = None,
    format_: Annotated[
        Literal["text", "json"], typer.Option("--format", "-f", help="输出格式 / Format")
    ] = "text",
    out: OutOption = None,
) -> None:
    """核验报告：按所附记录重新研判，是否仍成立 / Verify a report: does its record come out again, would it today.

    退出码 / Exit status: 0 成立 / holds; 1 不同或被改动 / differs or altered; 20 找不到原成果 / its edition not found.

    例 / Examples:

    sanxian verify 报告.pdf --catalog 成果

    sanxian verify 报告.docx --edition 成果.gpkg --as-of 2027-01-01 --format json
    """
    from sanxian import verification

    folder = from_catalog(session, edition, catalog, None)
    day = None if as_of is None else day_of("--as-of", as_of)
    try:
        record = _read(file)
    except RecordAltered as error:
        if format_ == "json":
            session.emit(verification.altered_json(error, source=file.name), out)
        else:
            said = f"{t('verification.altered', session.lang)}\n{error.text(session.lang)}\n"
            session.emit(harmless(said).encode(), out)
        raise typer.Exit(DIFFERS) from None
    editions: Editions
    if folder is not None:
        from sanxian.catalog import open_catalog

        editions = verification.InCatalog(open_catalog(folder))
    else:
        editions = verification.OneEdition(opened_edition(session, edition))
    if day is None:
        day = date.today()  # noqa: DTZ011, a calendar day where the user is
        session.say(t("verification.today", session.lang, as_of=day.isoformat()))
    found = verification.verify(record, editions, day)
    if format_ == "json":
        content = verification.as_json(found, source=file.name)
    else:
        content = harmless(verification.as_text(found, session.lang, source=file.name)).encode()
    session.emit(content, out)
    status = {
        verification.State.HOLDS: DONE,
        verification.State.DIFFERS: DIFFERS,
        verification.State.NO_EDITION: exit_status(EditionError()),
    }[found.state]
    if status:
        raise typer.Exit(status)

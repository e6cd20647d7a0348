"""Whose answers change when an edition does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sanxian.cli.shell import Session, command, day_of, usage_error
from sanxian.i18n import t

if TYPE_CHECKING:
    from sanxian.edition import Edition

app = typer.Typer()

_FORMATS: Final = {".txt": "text", ".json": "json", ".csv": "csv"}


@command(app, "recheck")
def recheck(
    session: Session,
    projects: Annotated[
        Path,
        typer.Argument(
            metavar="PROJECTS", help="项目表或项目文件夹 / Table or folder of projects", show_default=False
        ),
    ],
    old: Annotated[
        Path,
        typer.Option("--from", metavar="OLD.gpkg", help="原成果 / Edition before", show_default=False),
    ],
    new: Annotated[
        Path, typer.Option("--to", metavar="NEW.gpkg", help="新成果 / Edition after", show_default=False)
    ],
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE",
            help="新成果的研判日期，默认今天 / Date for the new edition, default today",
        ),
    ] = None,
    as_of_old: Annotated[
        str | None,
        typer.Option(
            "--as-of-old",
            metavar="DATE",
            help="原成果的研判日期，默认同 --as-of，原成果已过期时为其有效期最后一天 "
            "/ Date for the old edition; default as --as-of, or the last day of an edition that has ended",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="写入文件，默认标准输出 / Write to a file"),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", metavar="text|json|csv", help="结果格式，默认看文件名 / Default: by file name"
        ),
    ] = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="不筛选，全部重新研判（核对用）/ Screen all, whatever can reach them"),
    ] = False,
    count_drafts: Annotated[
        bool,
        typer.Option("--count-drafts", help="让未经审核的规则参与判定 / Let unreviewed rules decide"),
    ] = False,
    crs: Annotated[
        str | None,
        typer.Option("--crs", metavar="CRS", help="坐标系，如 EPSG:4522、GCJ02 / CRS of the coordinates"),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="文字编码，如 GB18030 / Text encoding")
    ] = None,
    layer: Annotated[
        str | None, typer.Option("--layer", metavar="NAME", help="工作表或图层 / Sheet or layer of the table")
    ] = None,
) -> None:
    """复核：成果更新后哪些项目的答复改变，为什么 / Re-check: whose answers change with an edition, and why.

    只研判变动能触及的项目 / Only projects that something changed can reach are screened.

    例 / Examples:

    sanxian recheck 项目.xlsx --from 旧成果.gpkg --to 新成果.gpkg --as-of 2026-09-01

    sanxian recheck 项目文件夹 --from 旧成果.gpkg --to 新成果.gpkg --out 复核.csv
    """
    style = format_ or (_FORMATS.get(out.suffix.lower(), "text") if out is not None else "text")
    if style not in _FORMATS.values():
        raise usage_error("cli.usage.format", given=style, known="、".join(_FORMATS.values()))
    day = None if as_of is None else day_of("--as-of", as_of)
    day_old = None if as_of_old is None else day_of("--as-of-old", as_of_old)

    from sanxian import batch
    from sanxian import recheck as rechecks
    from sanxian.edition import open_edition
    from sanxian.geometry import Region

    before, after = open_edition(old), open_edition(new)
    if day is None:
        day = date.today()  # noqa: DTZ011, a calendar day where the user is
        session.say(session.t("today", as_of=day.isoformat()))
    if day_old is None:
        day_old = _day_before(session, before, day)
    region = Region(code=after.info.region, name=after.info.title, outline=after.outline)
    with batch.open_projects(projects, region=region, crs=crs, encoding=encoding, layer=layer) as table:
        session.notices(table.notices)
        checked = rechecks.recheck(
            _watched(session, table.rows(), table.size),
            before,
            after,
            as_of_old=day_old,
            as_of=day,
            count_drafts=count_drafts,
            every=every,
        )
        session.notices(table.notices_after())
    if style == "csv":
        content = rechecks.as_csv(checked)
    elif style == "json":
        content = rechecks.as_json(checked)
    else:
        content = rechecks.as_text(checked, session.lang).encode()
    session.emit(content, out)


def _day_before(session: Session, before: Edition, day: date) -> date:
    """Return the date for the old edition when none was given; what it is taken for is said."""
    last = before.info.valid_to
    if last is None or day <= last:
        return day
    session.say(t("recheck.last_day", session.lang, as_of=last.isoformat()))
    return last


def _watched(session: Session, rows: Iterator[Any], size: int | None) -> Iterator[Any]:
    """Yield the rows, with progress when someone is looking."""
    if not session.err.is_terminal:
        yield from rows
        return
    from rich.progress import Progress

    with Progress(console=session.err, transient=True) as progress:
        yield from progress.track(rows, total=size, description=t("recheck.working", session.lang))

"""Two editions side by side, the statistics of one, and its zones simplified for maps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from sanxian.cli.shell import DIFFERS, Session, command, day_of, usage_error
from sanxian.errors import EditionDraft
from sanxian.i18n import t

if TYPE_CHECKING:
    from sanxian.edition import Edition
    from sanxian.report.tables import Cell, Table

app = typer.Typer()

OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE", help="写入文件，默认标准输出 / Write to a file")
]


def _opened(path: Path) -> Edition:
    """Return an edition, or a draft as it stands."""
    from sanxian.edition import open_draft, open_edition

    try:
        return open_edition(path)
    except EditionDraft:
        return open_draft(path).edition


# --- diff --------------------------------------------------------------------------------------------


@command(app, "diff")
def diff(
    session: Session,
    old: Annotated[
        Path,
        typer.Argument(metavar="OLD.gpkg", help="旧成果或草案 / Old edition or draft", show_default=False),
    ],
    new: Annotated[
        Path,
        typer.Argument(metavar="NEW.gpkg", help="新成果或草案 / New edition or draft", show_default=False),
    ],
    format_: Annotated[
        Literal["text", "json", "html", "csv"] | None,
        typer.Option(
            "--format",
            "-f",
            help="输出格式，默认按文件名，否则 text / Output format; default: by file name, else text",
            show_default=False,
        ),
    ] = None,
    out: OutOption = None,
    layer: Annotated[
        list[str] | None,
        typer.Option("--layer", metavar="ID", help="只比较这些图层，可多次 / These layers only, repeatable"),
    ] = None,
) -> None:
    """比较两份成果：分区、面积转移、条款和规则，有差异时退出码为 1 / Compare two editions; exit 1 when they differ.

    例 / Examples:

    sanxian diff 2026.gpkg 2027.gpkg

    sanxian diff 2026.gpkg 2027.gpkg --out 差异.html

    sanxian diff 2026.gpkg 草案.gpkg --layer control_unit --format csv --out 差异.csv
    """
    from sanxian import comparison
    from sanxian.report import comparison as report

    wanted = format_ or _by_name(out, ("json", "html", "csv"))
    before, after = _opened(old), _opened(new)
    found = comparison.diff(before, after, layers=layer or ())
    match wanted:
        case "json":
            content = comparison.to_json(found)
        case "csv":
            content = comparison.to_csv(found, session.lang)
        case "html":
            content = report.render(found, session.lang, old=before, new=after)
        case _:
            content = report.render_text(found, session.lang)
    session.emit(content, out)
    if found.empty and found.redrawn:
        session.say(t("comparison.same_redrawn", session.lang, count=found.redrawn))
    if not found.empty:
        raise typer.Exit(DIFFERS)


def _by_name(out: Path | None, known: Sequence[str]) -> str:
    """Return the format the name of the output says; text when it says none."""
    said = "" if out is None else out.suffix.lower().lstrip(".")
    if said in ("", "txt"):
        return "text"
    if said not in known:
        raise usage_error("statistics.usage.suffix", given=said, known=" ".join(known))
    return said


# --- stats -------------------------------------------------------------------------------------------

_SHOWN: Final = 60  # rows of a table on a terminal


@command(app, "stats")
def stats(
    session: Session,
    edition: Annotated[
        Path, typer.Argument(metavar="E.gpkg", help="分区成果 / Zoning edition", show_default=False)
    ],
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="统计日期，默认今天 / Day counted, default today"),
    ] = None,
    format_: Annotated[
        Literal["text", "json", "csv", "xlsx"] | None,
        typer.Option(
            "--format",
            "-f",
            help="输出格式，默认按文件名，否则 text / Output format; default: by file name, else text",
            show_default=False,
        ),
    ] = None,
    out: OutOption = None,
) -> None:
    """统计：单元数量和面积（按类别、行政区）、条款和规则 / Units and area by class and place, clauses and rules.

    例 / Examples:

    sanxian stats 成果.gpkg --as-of 2026-09-01

    sanxian stats 成果.gpkg --out 统计.xlsx
    """
    from sanxian import statistics
    from sanxian.edition import open_edition
    from sanxian.report import statistics as report

    wanted = format_ or _by_name(out, ("json", "csv", "xlsx"))
    if wanted == "xlsx" and out is None:
        raise usage_error("statistics.usage.xlsx")
    made = statistics.of(open_edition(edition), _day(session, as_of))
    match wanted:
        case "json":
            content = report.to_json(made)
        case "csv":
            content = report.to_csv(made, session.lang)
        case "xlsx":
            content = report.to_workbook(made, session.lang)
        case _:
            _show(session, report.tables_of(made, session.lang), out)
            return
    session.emit(content, out)


def _day(session: Session, given: str | None) -> date:
    """Return a day that was given, else today, which is said."""
    if given is None:
        today = date.today()  # noqa: DTZ011, the day of whoever asks
        session.say(t("statistics.today", session.lang, day=today.isoformat()))
        return today
    return day_of("--as-of", given)


def _show(session: Session, tables: Sequence[Table], out: Path | None) -> None:
    """Show tables on the terminal, or write them as text; long ones are cut, and it is said."""
    from rich.console import Group, RenderableType
    from rich.text import Text

    from sanxian.cli import show

    said: set[str] = set()
    parts: list[RenderableType] = []
    for table in tables:
        notes = [note for note in table.notes if note not in said]
        said.update(notes)
        parts += [Text(note, style="dim") for note in notes]
        numbers = [
            i for i in range(len(table.header)) if any(isinstance(row[i], int | float) for row in table.rows)
        ]
        rows = show.table(*table.header, right=numbers)
        for row in table.rows[:_SHOWN]:
            rows.add_row(*(_cell(cell) for cell in row))
        parts += [Text(f"\n{table.title}", style="bold"), rows]
        if len(table.rows) > _SHOWN:
            more = t("statistics.more", session.lang, count=len(table.rows) - _SHOWN)
            parts.append(Text(more, style="dim"))
    if out is None:
        session.out.print(Group(*parts))
    else:
        session.emit(show.as_file(Group(*parts)), out)


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value


# --- generalise --------------------------------------------------------------------------------------

_ZOOMS: Final = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)


@command(app, "generalise")
def generalise(
    session: Session,
    edition: Annotated[
        Path,
        typer.Argument(metavar="E.gpkg", help="分区成果或草案 / Zoning edition or draft", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER|FILE.gpkg",
            help="文件夹（每级每图层一个 GeoJSON）或一个 GeoPackage / Folder of GeoJSON, or one GeoPackage",
            show_default=False,
        ),
    ],
    zoom: Annotated[
        str, typer.Option("--zoom", "-z", metavar="5-10", help="地图级别，如 5-10、6,8 / Zooms of web maps")
    ] = "5-10",
    layer: Annotated[
        list[str] | None,
        typer.Option("--layer", metavar="ID", help="只处理这些图层，可多次 / These layers only, repeatable"),
    ] = None,
) -> None:
    """制图综合：按地图级别简化图形，相邻分区共用边线，不裂缝；结果只供显示 / Simplify shapes for maps, neighbours never tear.

    例 / Examples:

    sanxian generalise 成果.gpkg --zoom 5-10 --out 地图数据

    sanxian generalise 成果.gpkg --zoom 8 --layer control_unit --out 单元.gpkg
    """
    from sanxian import generalise as display

    zooms = _zooms(zoom)
    opened = _opened(edition)
    made = display.levels(opened, zooms, layers=layer or ())
    if out.suffix.lower() == ".gpkg":
        display.write_package(made, opened.info, out)
    else:
        display.write_folder(made, opened.info, out)
    for level in made.values():
        before = sum(x.vertices_before for x in level.layers.values())
        after = sum(x.vertices for x in level.layers.values())
        told = {
            "zoom": level.zoom,
            "tolerance": f"{level.tolerance_m:,.1f}",
            "before": f"{before:,}",
            "after": f"{after:,}",
        }
        session.say(t("statistics.level_done", session.lang, **told))
    session.say(session.t("written", path=out))


def _zooms(given: str) -> list[int]:
    """Return the zooms of a text such as ``5-10`` or ``6,8``."""
    from sanxian.generalise import MAX_ZOOM

    found: set[int] = set()
    for part in given.replace("，", ",").split(","):
        match = _ZOOMS.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last or last > MAX_ZOOM:
            raise usage_error("statistics.usage.zoom", given=given, most=MAX_ZOOM)
        found.update(range(first, last + 1))
    return sorted(found)

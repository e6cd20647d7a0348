"""Taking in provincial data, and giving an edition out in the official shape."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sanxian import output
from sanxian.cli.shell import Session, command, usage_error
from sanxian.i18n import t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sanxian.edition import LogEntry

app = typer.Typer()

_IDENTITY: Final = (
    "id",
    "title",
    "region",
    "valid_from",
    "valid_to",
    "published",
    "publisher",
    "source",
    "synthetic",
)
_ORDER: Final = ("error", "warning", "info")
_STYLES: Final = {"error": "red", "warning": "yellow", "info": "dim"}


@command(app, "ingest")
def ingest(
    session: Session,
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="数据…",
            help="Shapefile、.gdb、GeoPackage、GeoJSON、清单表格、它们的 .zip 或文件夹 / Layers, lists, archives or folders of them",
            show_default=False,
        ),
    ],
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            "-p",
            metavar="PROFILE",
            help="导入配置：national、guangdong、zhejiang、anhui，或 .toml 文件 / Profile: a built-in name or a file",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="写出草案 .gpkg（或 --propose 的 .toml）/ The draft, or the profile",
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="LOG.csv", help="入库日志写成 CSV / Write the ingest log as CSV"),
    ] = None,
    places: Annotated[
        Path | None,
        typer.Option(
            "--places",
            metavar="LOG.geojson",
            help="日志中有位置的各条写成 GeoJSON / Write entries with a place as GeoJSON",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="成果标识，如 region=63，可多次 / Identity of the edition, repeatable",
        ),
    ] = None,
    propose: Annotated[
        bool,
        typer.Option("--propose", help="只看数据，写出待核对的导入配置 / Only write a profile to review"),
    ] = False,
) -> None:
    """把各地数据按导入配置读成草案，附入库日志 / Read provincial data into a draft by a profile, with a log.

    例 / Examples:

    sanxian ingest 成果.gdb 清单.xlsx --propose --out 配置.toml

    sanxian ingest 成果.gdb 清单.xlsx --profile 配置.toml --out 草案.gpkg --log 日志.csv
    """
    from sanxian import ingest as library

    if out is None:
        raise usage_error("ingest.usage.out")
    if propose:
        for option, given in (("--log", log), ("--places", places), ("--set", set_)):
            if given:
                raise usage_error("ingest.usage.propose", option=option)
        made = library.propose(sources, base=profile or "national", lang=session.lang)
        output.write(out, made.text.encode())
        session.say(
            t(
                "ingest.proposed",
                session.lang,
                layers=made.layers,
                tables=made.tables,
                unknown=len(made.unknown),
            )
        )
        for name in made.unknown:
            session.say(f"  ? {name}", style="yellow")
        session.say(session.t("written", path=out))
        return
    if profile is None:
        raise usage_error("ingest.usage.profile", known="、".join(library.shipped()))
    identity = _identity(set_ or [])
    rules = library.load_profile(profile)
    result = library.ingest(sources, rules, out, identity=identity)
    if log is not None:
        output.write(log, library.as_csv(result.log))
    if places is not None:
        output.write(places, library.as_geojson(result.log))
    titles = {rule.id: rule.title for rule in rules.layers}
    layers = sum(bool(count) for count in result.zones.values())
    session.print(
        t(
            "ingest.done", session.lang, layers=layers, zones=f"{sum(result.zones.values()):,}",
            clauses=f"{result.clauses:,}", rules=f"{result.rules:,}", totals=result.totals,
        )
    )  # fmt: skip
    for name, count in result.zones.items():
        session.print(t("ingest.layer_line", session.lang, count=f"{count:>9,}", title=titles[name], id=name))
    _say_log(session, result.log, result.counts)
    for path in filter(None, (out, log, places)):
        session.say(session.t("written", path=path))
    session.say(t("ingest.next", session.lang, out=out))


def _identity(given: Sequence[str]) -> dict[str, Any]:
    """Return fields of an edition's identity from ``KEY=VALUE``."""
    from sanxian.ingest.features import to_day

    made: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        wrong = usage_error("ingest.usage.set", known=" ".join(_IDENTITY), given=text)
        if key not in _IDENTITY or not equals:
            raise wrong
        if key in ("valid_from", "valid_to", "published"):
            if (day := to_day(value)) is None:
                raise wrong
            made[key] = day
        elif key == "synthetic":
            if value.lower() not in ("true", "false"):
                raise wrong
            made[key] = value.lower() == "true"
        else:
            made[key] = value
    return made


def _say_log(session: Session, log: Sequence[LogEntry], counts: Any) -> None:
    """Show the log by code: the worst first, with the first entry of each as an example."""
    first: dict[str, LogEntry] = {}
    for entry in log:
        first.setdefault(entry.code, entry)
    ranked = sorted(first.values(), key=lambda e: (_ORDER.index(e.severity), -counts.get(e.code, 0), e.code))
    session.say(t("ingest.log_title", session.lang))
    shown = [entry for entry in ranked if entry.severity != "info"]
    for entry in shown:
        where = " ".join(filter(None, (entry.source, entry.layer, entry.item)))
        text = session.pick(entry.zh, entry.en)
        session.say(
            t(
                "ingest.log_line", session.lang, count=f"{counts.get(entry.code, 0):>9,}",
                severity=t(f"ingest.severity.{entry.severity}", session.lang), code=entry.code,
                text=f"{where}：{text}" if where else text,
            ),
            style=_STYLES[entry.severity],
        )  # fmt: skip
    quiet: Counter[str] = Counter()
    for entry in ranked:
        if entry.severity == "info":
            quiet[entry.code] += counts.get(entry.code, 0)
    if quiet:
        session.say("  " + "  ".join(f"{code} {count:,}" for code, count in quiet.most_common()))


@command(app, "export")
def export(
    session: Session,
    edition: Annotated[
        Path, typer.Argument(metavar="E.gpkg", help="分区成果 / Zoning edition", show_default=False)
    ],
    to: Annotated[
        Path,
        typer.Option(
            "--to", metavar="FOLDER", help="写到这个新文件夹 / A folder to be made", show_default=False
        ),
    ],
    form: Annotated[
        str, typer.Option("--format", "-f", help="图层格式 gdb、shp、gpkg、geojson / Format of the layers")
    ] = "gdb",
    profile: Annotated[
        str,
        typer.Option(
            "--profile",
            "-p",
            metavar="PROFILE",
            help="字段名和取值用哪个配置的 / Whose field names and values are used",
        ),
    ] = "national",
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="不再读入核对 / Do not read it back to compare the digests")
    ] = False,
) -> None:
    """把成果导出为惯用的数据和清单，附可再入库的配置 / Write an edition as layers and lists with a profile to take them in again.

    例 / Example:

    sanxian export 成果.gpkg --to 导出 --format shp
    """
    from sanxian import ingest as library
    from sanxian.edition import open_edition

    if form not in library.FORMATS:
        raise usage_error("ingest.usage.format", given=form, known=" ".join(library.FORMATS))
    made = library.export(open_edition(edition), to, form=form, profile=profile, verify=not no_verify)
    session.print(
        t(
            "ingest.exported", session.lang, layers=sum(map(bool, made.zones.values())),
            zones=f"{sum(made.zones.values()):,}", clauses=f"{made.clauses:,}", folder=to, profile=to / "profile.toml",
        )
    )  # fmt: skip
    session.print(made.digest)
    session.say(session.t("written", path=to))

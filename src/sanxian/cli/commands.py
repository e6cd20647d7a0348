"""The commands: each prepares its inputs, makes one or two calls into the library and shows what came back."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

import typer

from sanxian import __version__, output
from sanxian.cli import clauses, compare, ingest, publish, quality, recheck, registry, serve
from sanxian.cli import report as reports
from sanxian.cli.asked import (
    AsOfOption,
    CatalogOption,
    Choice,
    CrsOption,
    DatumOption,
    DraftsOption,
    EditionArgument,
    EditionOption,
    EncodingOption,
    LayerOption,
    OutOption,
    RegionOption,
    RoleOption,
    ShapeOption,
    Told,
    datum_of,
    from_catalog,
    opened_edition,
    output_format,
    region_of,
    screened,
    watched,
)
from sanxian.cli.shell import (
    DIFFERS,
    NOT_COMPLIANT,
    Session,
    as_of_day,
    command,
    day_of,
    exit_status,
    usage_error,
)
from sanxian.errors import (
    EditionError,
    InputError,
    OutsideRegion,
    SanxianError,
)
from sanxian.i18n import t

if TYPE_CHECKING:
    from sanxian.edition import Edition
    from sanxian.geometry import Footprint, Region
    from sanxian.model import Clause

_HELP: Final[Mapping[str, Any]] = {
    "no_args_is_help": True,
    "add_completion": False,
    "rich_markup_mode": "rich",
}

app = typer.Typer(
    help="三线：生态环境分区管控研判 / Sanxian: ecological-environment zoning control",
    epilog="先试 / Try first: sanxian demo run      文档 / Manual: docs/reference/cli.md",
    context_settings={"help_option_names": ["--help", "-h"]},
    **_HELP,
)
editions = typer.Typer(help="查看分区成果 / Look into a zoning edition", **_HELP)
indexes = typer.Typer(help="成果的空间索引 / The spatial index of an edition", **_HELP)
demos = typer.Typer(help="示例成果和示例项目 / The demo edition and its projects", **_HELP)
answer_sets = typer.Typer(help="公开答案集 / The public answer set", **_HELP)
app.add_typer(editions, name="edition")
editions.add_typer(publish.editions)
app.add_typer(indexes, name="index")
app.add_typer(demos, name="demo")
app.add_typer(answer_sets, name="answers")
app.add_typer(clauses.app, name="clauses")
app.add_typer(registry.app, name="registry")
app.add_typer(registry.logs, name="audit")
for group in (reports, ingest, quality, publish, compare, recheck, serve):
    app.add_typer(group.app)  # without a name: their commands stand beside `screen`


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sanxian {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本 / Version")
    ] = False,
    lang: Annotated[
        Literal["zh-CN", "zh", "en"] | None,
        typer.Option(
            "--lang", envvar="SANXIAN_LANG", help="界面语言（默认 zh-CN）/ Language (default zh-CN)"
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="程序出错时显示调用栈 / Show tracebacks")] = False,
) -> None:
    """三线：生态环境分区管控研判 / Sanxian: ecological-environment zoning control."""


# --- screen ----------------------------------------------------------------------------------

_SCREEN_FORMATS: Final = {".txt": "text", ".json": "json", ".html": "html", ".htm": "html"}


@command(app, "screen")
def screen(
    session: Session,
    project: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PROJECT]", help="项目文件或用地范围文件 / Project or footprint file", show_default=False
        ),
    ] = None,
    edition: EditionOption = None,
    catalog: CatalogOption = None,
    region: RegionOption = None,
    as_of: AsOfOption = None,
    format_: Annotated[
        str | None, typer.Option("--format", "-f", metavar="text|json|html", help="输出格式 / Output format")
    ] = None,
    out: OutOption = None,
    everything: Annotated[bool, typer.Option("--all", help="列出全部判定 / List every finding")] = False,
    count_drafts: DraftsOption = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="不符合时退出码为 1 / Exit 1 when not compliant")
    ] = False,
    point: Annotated[
        str | None,
        typer.Option("--point", metavar="LON,LAT", help="一个点代替文件 / A point instead of a file"),
    ] = None,
    wkt: Annotated[
        str | None, typer.Option("--wkt", metavar="WKT", help="WKT 代替文件 / WKT instead of a file")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="项目名称 / Name of the project")] = None,
    nature: Annotated[
        str | None, typer.Option("--nature", metavar="新建|扩建|…", help="建设性质 / Nature of the project")
    ] = None,
    industry: Annotated[
        list[str] | None,
        typer.Option("--industry", metavar="CODE", help="行业代码，可多次 / GB/T 4754 code, repeatable"),
    ] = None,
    fact: Annotated[
        list[str] | None,
        typer.Option("--fact", metavar="KEY=VALUE", help="事实项，可多次 / A fact, repeatable"),
    ] = None,
    paper: Annotated[
        list[str] | None,
        typer.Option("--paper", metavar="类型;文号;机关;日期", help="文件，可多次 / A document, repeatable"),
    ] = None,
    role: RoleOption = None,
    crs: CrsOption = None,
    shape: ShapeOption = None,
    encoding: EncodingOption = None,
    layer: LayerOption = None,
    datum: DatumOption = None,
) -> None:
    """研判一个项目：结论、依据、待补充信息 / Screen one project: verdict, evidence, facts to give.

    例 / Examples:

    sanxian screen examples/projects/01.yaml --as-of 2026-09-01

    sanxian screen 红线.zip --industry C2614 --nature 新建 --fact boiler_tph=10

    sanxian screen --point 101.70,36.56 --format html --out 结果.html
    """
    from sanxian.model import Outcome
    from sanxian.screening import to_json

    style = output_format(format_, out, _SCREEN_FORMATS, "text")
    screening, opened = screened(
        session,
        path=project,
        point=point,
        wkt=wkt,
        told=Told(name=name, nature=nature, industries=industry or [], facts=fact or [], papers=paper or []),
        choice=Choice(edition=edition, catalog=catalog, region=region, as_of=as_of),
        reading={"crs": crs, "role": role, "datum": datum},
        file_reading={"shape": shape, "encoding": encoding, "layer": layer},
        count_drafts=count_drafts,
    )
    if style == "json":
        session.emit(to_json(screening) + b"\n", out)
    elif style == "text" and out is None:
        from sanxian.cli import show

        session.out.print(show.ScreeningText(screening, opened, session.lang, everything=everything).page())
    else:
        from sanxian import report

        session.emit(
            report.render(screening, cast("report.Format", style), session.lang, edition=opened), out
        )
    if exit_code and screening.verdict is Outcome.NON_COMPLIANT:
        raise typer.Exit(NOT_COMPLIANT)


# --- footprint -------------------------------------------------------------------------------


@command(app, "footprint")
def footprint(
    session: Session,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="用地范围文件 / Footprint file", show_default=False)
    ],
    format_: Annotated[
        Literal["text", "json", "geojson"], typer.Option("--format", "-f", help="输出格式 / Output format")
    ] = "text",
    out: OutOption = None,
    crs: CrsOption = None,
    role: RoleOption = None,
    shape: ShapeOption = None,
    encoding: EncodingOption = None,
    layer: LayerOption = None,
    datum: DatumOption = None,
    edition: Annotated[
        Path | None,
        typer.Option(
            "--edition", "-e", metavar="E.gpkg", help="核对是否在成果区域之内 / Check against its region"
        ),
    ] = None,
) -> None:
    """读取用地范围：坐标系、修复、面积、长度 / Read a footprint: CRS, repairs, area, length.

    例 / Examples:

    sanxian footprint 红线.zip

    sanxian footprint 道路.dxf --crs EPSG:4543 --format json

    sanxian footprint 排污口.csv --crs GCJ02 --format geojson --out 排污口.geojson
    """
    from sanxian.edition import open_edition
    from sanxian.geometry import read_footprint

    region = None if edition is None else region_of(open_edition(edition))
    read = read_footprint(
        file,
        crs=crs,
        region=region,
        role=role,
        encoding=encoding,
        layer=layer,
        datum=datum_of(datum),
        shape=shape,
    )
    if region is not None:
        _inside(read, region)
    if format_ == "text":
        from sanxian.cli import show

        page = show.footprint(read, footprint_record(read), session.lang)
        if out is None:
            session.out.print(page)
        else:
            session.emit(show.as_file(page), out)
        return
    made = footprint_record(read) if format_ == "json" else _footprint_geojson(read)
    session.notices(read.notices)
    session.emit(_json(made), out)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode("utf-8") + b"\n"


def _inside(read: Footprint, region: Region) -> None:
    """Refuse a footprint no part of which lies in the region."""
    import shapely

    from sanxian.geometry import measure

    place = shapely.union_all([part.geometry for part in read.parts])
    if not shapely.intersects(place, region.outline):
        gap = shapely.shortest_line(place, region.outline)
        raise OutsideRegion(edition=region.name, distance_km=f"{measure(gap)[1] / 1000:.1f}")


def footprint_record(read: Footprint) -> dict[str, Any]:
    """Return a footprint as plain values: sizes geodesic and unrounded, overlapping parts counted once."""
    from sanxian.geometry import measure

    parts = []
    for part in read.parts:
        area, length = measure(part.geometry)
        parts.append(
            {
                "role": part.role,
                "name": part.name,
                "geometry_type": part.geometry.geom_type,
                "area_m2": area,
                "length_m": length,
                "bbox": list(part.geometry.bounds),
                "crs_in": part.crs_in,
                "repairs": [{"code": n.code, "zh": n.zh, "en": n.en} for n in part.repairs],
            }
        )
    area, length = _total(read)
    return {
        "source": read.source,
        "crs": "EPSG:4490",
        "parts": parts,
        "area_m2": area,
        "length_m": length,
        "notices": [{"code": n.code, "zh": n.zh, "en": n.en} for n in read.notices],
    }


def _total(read: Footprint) -> tuple[float, float]:
    """Return area and length of the whole; what parts share counts once."""
    import shapely

    from sanxian.geometry import measure

    totals = []
    for dimension in (2, 1):
        shapes = [p.geometry for p in read.parts if shapely.get_dimensions(p.geometry) == dimension]
        size = shapely.area if dimension == 2 else shapely.length
        whole = shapely.union_all(shapes)
        apart = float(sum(size(s) for s in shapes))
        if size(whole) < apart * (1.0 - 1e-12):
            totals.append(measure(whole)[2 - dimension])
        else:  # as drawn: a union would add vertices
            totals.append(float(sum(measure(s)[2 - dimension] for s in shapes)))
    return totals[0], totals[1]


def _footprint_geojson(read: Footprint) -> dict[str, Any]:
    import shapely

    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"role": part.role, "name": part.name},
                "geometry": json.loads(shapely.to_geojson(part.geometry)),
            }
            for part in read.parts
        ],
    }


# --- facts and industries --------------------------------------------------------------------


@command(app, "facts")
def facts(
    session: Session,
    for_: Annotated[
        Path | None,
        typer.Option(
            "--for", metavar="PROJECT", help="只列该项目还要补充的 / Only what this project still has to give"
        ),
    ] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="WORDS", help="按名称或键查找 / Search")
    ] = None,
    edition: EditionOption = None,
    as_of: AsOfOption = None,
) -> None:
    """事实项词表，或某项目还要补充的信息 / The vocabulary of facts, or what a project still has to give.

    例 / Examples:

    sanxian facts --search 锅炉

    sanxian facts --for 项目.yaml --edition 成果.gpkg
    """
    from sanxian.cli import show

    if for_ is None:
        _vocabulary(session, (search or "").split())
        return
    from sanxian.batch import read_dated_project
    from sanxian.report.content import Content
    from sanxian.screening import screen as screen_project

    opened = opened_edition(session, edition)
    project, stated = read_dated_project(for_, region=region_of(opened))
    day = as_of_day(session, as_of, None if stated is None else day_of("as_of", str(stated)))
    screening = screen_project(project, opened, day)
    if screening.asks:
        session.out.print(show.asks(Content(screening, session.lang, opened)))
    else:
        verdict = t(f"outcome.{screening.verdict.name}", session.lang)
        session.print(session.t("asks.none", verdict=verdict))


def _vocabulary(session: Session, words: Sequence[str]) -> None:
    from sanxian import data
    from sanxian.cli import show

    heads = ("key", "label", "type", "unit", "values", "where")
    rows = show.table(*(session.t(f"facts.{c}") for c in heads), whole=(0,))
    for fact in data.facts().values():
        text = " ".join(
            (fact.key, fact.zh, fact.en, fact.question_zh, fact.question_en, *fact.values)
        ).lower()
        if all(word.lower() in text for word in words):
            low, high = fact.range
            span = (
                ""
                if low is None and high is None
                else f"{'' if low is None else f'{low:g}'}–{'' if high is None else f'{high:g}'}"
            )
            rows.add_row(
                fact.key,
                session.pick(fact.zh, fact.en),
                session.t(f"facts.types.{fact.type}"),
                fact.unit,
                "、".join(fact.values) or span,
                fact.where,
            )
    if rows.row_count:
        session.out.print(rows)
    else:
        session.say(session.t("facts.nothing", words=" ".join(words)))


@command(app, "industry")
def industry(
    session: Session,
    words: Annotated[
        list[str], typer.Argument(help="名称中的词或代码 / Words of the name, or a code", show_default=False)
    ],
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多列出 / At most")] = 20,
) -> None:
    """查找国民经济行业代码（GB/T 4754-2017）/ Find an industry code.

    例 / Examples:

    sanxian industry 有机化学

    sanxian industry 261
    """
    from sanxian import data
    from sanxian.cli import show

    found = data.search_industries(" ".join(words), limit=limit)
    if not found:
        session.say(session.t("industry.nothing", words=" ".join(words)))
        return
    rows = show.table(*(session.t(f"industry.{c}") for c in ("code", "level", "name")))
    for row in found:
        code = row.code if row.level == "section" else f"{row.section}{row.code}"
        rows.add_row(code, session.t(f"industry.levels.{row.level}"), row.name)
    session.out.print(rows)


# --- edition ---------------------------------------------------------------------------------


@command(editions, "info")
def edition_info(session: Session, path: EditionArgument) -> None:
    """成果的标识、有效期、来源、摘要 / Identity, validity, source and digest of an edition."""
    from sanxian.cli import show
    from sanxian.edition import open_edition

    opened = open_edition(path)
    info = opened.info
    start, end = info.valid_from.isoformat(), info.valid_to
    stated = {
        "id": info.id,
        "title": info.title,
        "synthetic": session.t("edition.synthetic_mark") if info.synthetic else "",
        "region": info.region,
        "valid": session.t("edition.until", start=start)
        if end is None
        else session.t("edition.between", start=start, end=end),
        "published": info.published or "",
        "publisher": info.publisher,
        "source": info.source,
        "area_method": session.t("edition.equal_area")
        if info.area_method == "equal_area"
        else info.area_method,
        "supersedes": info.supersedes,
        "layers": len(opened.layers),
        "zones": sum(map(len, opened.zones.values())),
        "clauses": len(opened.clauses),
        "documents": len(opened.documents),
        "digest": info.digest,
    }
    session.out.print(show.pairs({session.t(f"edition.{k}"): v for k, v in stated.items() if v != ""}))


@command(editions, "layers")
def edition_layers(session: Session, path: EditionArgument) -> None:
    """图层、精度、阈值和数据覆盖 / Layers with accuracy, thresholds and coverage."""
    from sanxian.cli import show
    from sanxian.edition import open_edition

    opened = open_edition(path)
    heads = [
        session.t(f"edition.{h}")
        for h in ("id", "title", "kind", "zones", "accuracy", "thresholds", "coverage")
    ]
    heads += [t("report.office.label", session.lang)] if opened.offices else []
    rows = show.table(*heads, right=(3, 4, 5), whole=(0,))
    for layer in opened.layers:
        covered = [row for row in opened.coverage if row.layer == layer.id]
        said = "；".join(
            f"{row.region} {session.t(f'edition.coverage_status.{row.status}')}" for row in covered[:6]
        )
        said += "…" if len(covered) > 6 else ""
        named = dict.fromkeys(zone.office for zone in opened.zones[layer.id] if zone.office in opened.offices)
        offices = "、".join(opened.offices[name].name for name in named)
        rows.add_row(
            layer.id,
            layer.title,
            t(f"layers.{layer.kind}", session.lang),
            str(len(opened.zones[layer.id])),
            f"{layer.accuracy_m:g}",
            f"{layer.min_area_m2:g}/{layer.min_length_m:g}",
            said or session.t("edition.coverage_none"),
            *([offices] if opened.offices else []),
        )
    session.out.print(rows)


@command(editions, "digest")
def edition_digest(session: Session, path: EditionArgument) -> None:
    """打开并核对成果，输出内容摘要 / Open and verify an edition, print the digest of its content."""
    from sanxian.edition import open_edition

    session.print(open_edition(path).info.digest)


@command(editions, "clauses")
def edition_clauses(
    session: Session,
    path: EditionArgument,
    level: Annotated[
        list[str] | None,
        typer.Option("--level", metavar="LEVEL", help="级别，如 PROVINCE 或 省，可多次 / Level, repeatable"),
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", metavar="CODE", help="单元的条款 / Clauses of this unit")
    ] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="WORDS", help="原文中的词 / Words of the text")
    ] = None,
    format_: Annotated[
        Literal["text", "json", "csv"], typer.Option("--format", "-f", help="输出格式 / Output format")
    ] = "text",
    out: OutOption = None,
) -> None:
    """管控要求 / The clauses of the access list.

    例 / Examples:

    sanxian edition clauses 成果.gpkg --level 省 --search 锅炉

    sanxian edition clauses 成果.gpkg --unit ZH63010220001 --format csv --out 条款.csv
    """
    from sanxian.edition import open_edition

    opened = open_edition(path)
    levels = {_level(text) for text in level or ()}
    words = (search or "").split()
    found = [
        clause
        for clause in opened.clauses
        if (not levels or clause.level in levels)
        and (unit is None or unit in clause.scope.units)
        and all(word in f"{clause.id} {clause.number} {clause.category} {clause.text}" for word in words)
    ]
    if format_ == "text":
        from sanxian.cli import show

        page = show.clauses(found, opened, session.lang)
        if out is None:
            session.out.print(page)
        else:
            session.emit(show.as_file(page), out)
        session.say(session.t("edition.counted", count=len(found)))
    elif format_ == "json":
        session.emit(_json([_clause_record(clause, opened) for clause in found]), out)
    else:
        text = io.StringIO()
        rows = csv.writer(text)
        records = [_clause_record(clause, opened) for clause in found]
        heads = (
            "id",
            "number",
            "level",
            "dimension",
            "dimension_label",
            "category",
            "text",
            "document",
            "rules",
        )
        named = any("office" in r for r in records)  # a column only where an office is named
        rows.writerow((*heads, "office") if named else heads)
        for r in records:
            cells = [len(r["rules"]) if h == "rules" else r[h] for h in heads]
            rows.writerow([*cells, r.get("office", {}).get("name", "")] if named else cells)
        session.emit(text.getvalue().encode("utf-8-sig"), out)


def _level(text: str) -> str:
    from sanxian.model import Level

    names = {name: str(one) for one in Level for name in (str(one), t(f"labels.level.{one}", "zh-CN"))}
    found = names.get(text) or names.get(text.upper())
    if found is None:
        raise usage_error("cli.edition.no_level", given=text, known=" ".join(names))
    return found


def _clause_record(clause: Clause, edition: Edition) -> dict[str, Any]:
    from dataclasses import asdict

    document = edition.documents.get(clause.document)
    title = "" if document is None else " ".join(filter(None, (document.title, document.number)))
    made = {
        k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(clause).items() if k != "office"
    }
    if (office := edition.offices.get(clause.office)) is not None:
        made["office"] = asdict(office)
    return {**made, "rules": [dict(rule) for rule in clause.rules], "document_title": title}


@command(editions, "check")
def edition_check(
    session: Session,
    path: EditionArgument,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="DATE", help="另列该日出处已失效的条款 / Also clauses out of force on that day"
        ),
    ] = None,
) -> None:
    """检查成果的结构：编码、引用、日期、图形 / Check an edition: codes, references, dates, geometry."""
    from sanxian.cli import show
    from sanxian.edition import open_edition, validate

    opened = open_edition(path)
    problems = validate(opened)
    if as_of is not None:
        problems += publish.lapsed_problems(opened, day_of("--as-of", as_of))
    if not problems:
        session.print(session.t("edition.fine"))
        return
    rows = show.table(
        *(session.t(f"edition.{h}") for h in ("severity", "code", "item", "problem")), whole=(1,)
    )
    for problem in problems:
        rows.add_row(
            session.t(f"edition.severities.{problem.severity}"),
            problem.code,
            problem.item,
            session.pick(problem.zh, problem.en),
        )
    session.out.print(rows)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(exit_status(EditionError()))


# --- index -----------------------------------------------------------------------------------


@command(indexes, "build")
def index_build(session: Session, path: EditionArgument) -> None:
    """建立（或重建）成果的空间索引 / Build the spatial index of an edition, or build it again."""
    from sanxian.edition import open_edition
    from sanxian.edition.index import build_index, index_info, sweep

    edition = open_edition(path)
    sweep(edition, time.time() - 86_400)
    if session.err.is_terminal:
        from rich.progress import Progress

        with Progress(console=session.err, transient=True) as progress:
            task = progress.add_task(session.t("index.working"), total=1.0)
            build_index(edition, lambda share: progress.update(task, completed=share))
    else:
        build_index(edition)
    session.say(session.t("written", path=index_info(edition).path))


@command(indexes, "info")
def index_show(session: Session, path: EditionArgument) -> None:
    """显示空间索引的大小、格网和依据 / Show the size, the grid and the origin of the spatial index."""
    from sanxian.edition import open_edition
    from sanxian.edition.index import index_info

    info = index_info(open_edition(path))
    for key, value in (
        ("file", str(info.path)),
        ("size", f"{info.size / 1e6:,.1f} MB"),
        ("zones", f"{info.zones:,}"),
        ("pieces", f"{info.pieces:,}"),
        ("grid", f"{info.cells[0]:,} × {info.cells[1]:,}, {info.cell_degrees:g}°"),
        ("digest", info.key["edition"]),
    ):
        session.print(f"{session.t(f'index.{key}')}{session.t('index.colon')}{value}")


@command(indexes, "verify")
def index_verify(session: Session, path: EditionArgument) -> None:
    """逐字节核对空间索引 / Compare every byte of the spatial index with its checksum."""
    from sanxian.edition import open_edition
    from sanxian.edition.index import verify_index

    info = verify_index(open_edition(path))
    session.print(session.t("index.sound", size=f"{info.size / 1e6:,.1f} MB"))


# --- batch -----------------------------------------------------------------------------------

_BATCH_FORMATS: Final = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


@command(app, "batch")
def batch(
    session: Session,
    projects: Annotated[
        Path,
        typer.Argument(
            metavar="PROJECTS", help="项目表或项目文件夹 / Table or folder of projects", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="RESULTS", help="结果文件 / Results file", show_default=False),
    ],
    edition: EditionOption = None,
    catalog: CatalogOption = None,
    region: RegionOption = None,
    as_of: AsOfOption = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="csv|jsonl|parquet",
            help="结果格式，默认看文件名 / Default: by file name",
        ),
    ] = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    layer: Annotated[
        str | None, typer.Option("--layer", metavar="NAME", help="工作表或图层 / Sheet or layer of the table")
    ] = None,
    count_drafts: DraftsOption = False,
    workers: Annotated[int, typer.Option("--workers", min=1, metavar="N", help="研判进程数 / Processes")] = 1,
) -> None:
    """批量研判：表中每个项目一行结果 / Screen many projects: one result a row.

    输入 / Input: CSV, Excel, GeoPackage, GeoJSON, Parquet, 或项目文件夹 / or a folder of project files.

    例 / Examples:

    sanxian batch 项目.xlsx --edition 成果.gpkg --out 结果.csv

    sanxian batch 项目.parquet --out 结果.jsonl --as-of 2026-09-01
    """
    from sanxian import batch as batches

    style = output_format(format_, out, _BATCH_FORMATS, "csv")
    folder = from_catalog(session, edition, catalog, region)
    if folder is None:
        opened = opened_edition(session, edition)
        day = as_of_day(session, as_of)
    else:
        day = as_of_day(session, as_of)
        opened = publish.edition_in_force(session, folder, region, day)
    with batches.open_projects(
        projects, region=region_of(opened), crs=crs, encoding=encoding, layer=layer
    ) as table:
        session.notices(table.notices)
        tally = batches.Tally()
        with batches.writer(out, style, opened, day) as write:
            lines = batches.screen_lines(
                table.rows(), opened, day, style, count_drafts=count_drafts, workers=workers
            )
            for line in watched(session, lines, table.size):
                write(line)
                tally.add(line)
        session.notices(table.notices_after())
    session.say(session.t("written", path=out))
    session.say(
        session.t("batch.done", total=tally.total, done=tally.done, failed=tally.failed), style="bold"
    )
    if tally.done:
        said = "  ".join(f"{t(f'outcome.{o.name}', session.lang)} {n}" for o, n in tally.verdicts())
        session.say(session.t("batch.verdicts", verdicts=said))
    else:
        session.say(session.t("batch.nothing"), style="red")
        raise typer.Exit(exit_status(InputError()))


# --- demo ------------------------------------------------------------------------------------

_DEMO_EDITION: Final = "qinghai-demo-2026.gpkg"
_DEMO_AS_OF: Final = date(2026, 9, 1)


@command(demos, "build")
def demo_build(
    session: Session,
    out: Annotated[
        Path, typer.Argument(metavar="OUT.gpkg", help="写到哪里 / Where to write", show_default=False)
    ],
    seed: Annotated[int, typer.Option("--seed", help="随机种子 / Seed")] = 2026,
) -> None:
    """生成示例成果（合成数据，非官方）/ Build the demo edition (synthetic, not official)."""
    _build_demo(session, out, seed)


def _build_demo(session: Session, out: Path, seed: int) -> Edition:
    from sanxian.demo.build import build
    from sanxian.edition import write_edition

    session.say(session.t("demo.building", path=out))
    built = write_edition(build(seed), out)
    zones = sum(map(len, built.zones.values()))
    session.say(
        session.t("demo.built", path=out, layers=len(built.layers), zones=zones, clauses=len(built.clauses))
    )
    return built


@command(demos, "run")
def demo_run(
    session: Session,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="结果文件夹 / Folder of the results")
    ] = Path("out"),
    projects: Annotated[
        Path | None,
        typer.Option("--projects", metavar="DIR", help="示例项目，默认 examples/projects / Demo projects"),
    ] = None,
) -> None:
    """生成示例成果，研判示例项目，写出报告 / Build the demo, screen its projects, write the reports."""
    from rich.text import Text

    from sanxian import report
    from sanxian.batch import read_dated_project
    from sanxian.cli import show
    from sanxian.screening import screen as screen_project
    from sanxian.screening import to_json

    began = time.perf_counter()
    folder = projects or _demo_projects()
    files = sorted(folder.glob("*.yaml"))
    if not files:
        zh, en = (t("cli.demo.no_projects", lang, path=folder) for lang in ("zh-CN", "en"))
        raise InputError(reason={"zh": zh, "en": en})
    _make_folder(out)
    opened = _current_demo(session, out / _DEMO_EDITION)
    region = region_of(opened)
    rows = show.table(
        *(session.t(f"demo.{c}") for c in ("project", "verdict", "reason", "asks")), right=(3,), whole=(1,)
    )
    failed: SanxianError | None = None
    for file in files:
        try:
            subject, stated = read_dated_project(file, region=region)
            day = _DEMO_AS_OF if stated is None else day_of("as_of", str(stated))
            screening = screen_project(subject, opened, day)
        except SanxianError as error:  # one bad project never stops the rest
            failed = error
            message = Text(f"[{error.code}] {error.text(session.lang)}", style="red")
            rows.add_row(file.stem, Text(session.t("demo.failed"), style="red"), message, "")
            continue
        output.write(
            out / f"{file.stem}.html", report.render(screening, "html", session.lang, edition=opened)
        )
        output.write(out / f"{file.stem}.json", to_json(screening) + b"\n")
        title = Text(subject.name or file.stem)
        title.append(f"\n{file.stem}", style="dim")
        reason = show.deciding_reason(screening, opened, session.lang)
        rows.add_row(
            title, show.outcome_text(screening.verdict, session.lang), reason, str(len(screening.asks) or "")
        )
    if opened.info.synthetic:
        session.out.print(Text(t("report.synthetic_short", session.lang), style="bold yellow"))
    session.out.print(rows)
    seconds = f"{time.perf_counter() - began:.1f}"
    session.say(session.t("demo.where", path=f"{out}/", seconds=seconds), style="bold")
    if failed is not None:
        raise typer.Exit(exit_status(failed))


def _demo_projects() -> Path:
    """Return the folder of demo projects: of the current folder, else of the source tree the program runs from."""
    here = Path("examples", "projects")
    return here if here.is_dir() else Path(__file__).parents[3] / here


def _current_demo(session: Session, path: Path) -> Edition:
    """Open the demo edition; build it when it is missing, older than what it is made from, or broken."""
    from sanxian.edition import open_edition

    package = Path(__file__).parents[1]
    sources = [package / "edition.py", *package.glob("demo/**/*"), *package.glob("data/**/*")]
    newest = max(source.stat().st_mtime for source in sources if source.is_file() and source.suffix != ".pyc")
    if path.is_file() and path.stat().st_mtime >= newest:
        try:
            opened = open_edition(path)
        except EditionError:
            return _build_demo(session, path, 2026)
        session.say(session.t("demo.current", path=path))
        return opened
    return _build_demo(session, path, 2026)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output.failed(path, error) from error


# --- answers ---------------------------------------------------------------------------------


@command(answer_sets, "run")
def answers_run(
    session: Session,
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="答案集文件夹 / Folder of the answer set", show_default=False),
    ],
    edition: EditionOption = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url", metavar="URL", help="由这个服务器回答 / Answered by this server", show_default=False
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            "--token", metavar="TOKEN", envvar="SANXIAN_TOKEN", help="服务器的令牌 / Token of the server"
        ),
    ] = None,
) -> None:
    """运行公开答案集，逐例核对，有不一致时退出码为 1 / Run the public answer set; exit 1 when a case differs.

    例 / Example:

    sanxian answers run tests/answers --edition out/qinghai-demo-2026.gpkg

    sanxian answers run tests/answers --url http://127.0.0.1:8000
    """
    from sanxian import answers, remote

    cases = answers.read_cases(folder)
    if url is None:
        answered = answers.run(cases, opened_edition(session, edition))
    elif edition is not None and str(edition) != session.environ.get("SANXIAN_EDITION"):
        raise usage_error("server.edition_and_url")
    else:
        answered = remote.run(cases, url, token=token or "")
    agreed = 0
    for answer in watched(session, answered, len(cases)):
        agreed += answer.agrees
        if not answer.agrees:
            session.print(f"✗ {answer.case.file}: {answer.case.name}")
            for difference in answer.differences:
                session.print(f"    {difference}")
    session.print(session.t("answers.done", total=len(cases), agreed=agreed, differ=len(cases) - agreed))
    if agreed < len(cases):
        raise typer.Exit(DIFFERS)

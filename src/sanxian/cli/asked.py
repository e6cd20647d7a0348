"""What several commands ask for: the edition, the day, the project. Also the options they share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

import typer

from sanxian.cli import publish
from sanxian.cli.shell import Session, as_of_day, day_of, usage_error
from sanxian.errors import EditionError, FactConflict, NoEditionChosen

if TYPE_CHECKING:
    from sanxian.edition import Edition
    from sanxian.geometry import Footprint, Region
    from sanxian.model import FactValue, Project
    from sanxian.screening import Screening

EditionOption = Annotated[
    Path | None,
    typer.Option(
        "--edition",
        "-e",
        envvar="SANXIAN_EDITION",
        metavar="E.gpkg",
        help="分区成果；默认用当前文件夹里唯一的成果 / Zoning edition; default: the only one in this folder",
    ),
]
EditionArgument = Annotated[
    Path, typer.Argument(metavar="E.gpkg", help="分区成果 / Zoning edition", show_default=False)
]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="研判日期，默认今天 / As-of date, default today"),
]
CatalogOption = Annotated[
    Path | None,
    typer.Option(
        "--catalog",
        metavar="DIR",
        help="成果目录：用研判日期有效的那一个 / Folder of editions: the one in force on the as-of date",
    ),
]
RegionOption = Annotated[
    str | None,
    typer.Option("--region", metavar="CODE", help="行政区代码，目录中有多个行政区时 / Region, for --catalog"),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE", help="写入文件，默认标准输出 / Write to a file")
]
DraftsOption = Annotated[
    bool, typer.Option("--count-drafts", help="让未经审核的规则参与判定 / Let unreviewed rules decide")
]
CrsOption = Annotated[
    str | None,
    typer.Option("--crs", metavar="CRS", help="坐标系，如 EPSG:4522、GCJ02 / CRS of the coordinates"),
]
RoleOption = Annotated[
    str | None,
    typer.Option("--role", metavar="ROLE", help="工程组成，如 厂区、管线 / Role of the parts, e.g. 厂区"),
]
ShapeOption = Annotated[
    Literal["point", "line", "polygon"] | None,
    typer.Option("--shape", help="坐标表列的是什么 / What a corner table lists"),
]
EncodingOption = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="文字编码，如 GB18030 / Text encoding")
]
LayerOption = Annotated[
    str | None, typer.Option("--layer", metavar="NAME", help="只读这一图层 / Read this layer only")
]
DatumOption = Annotated[
    str | None,
    typer.Option("--datum", metavar="dx,dy,dz[,…]", help="基准转换参数 / Datum parameters of your own"),
]


def from_catalog(
    session: Session, given: Path | None, catalog: Path | None, region: str | None
) -> Path | None:
    """Return the catalogue to choose from, if any; an edition and a catalogue exclude each other."""
    if catalog is None:
        if region is not None:
            raise usage_error("cli.usage.region_alone")
        return None
    if given is not None and str(given) != session.environ.get("SANXIAN_EDITION"):
        raise usage_error("cli.usage.edition_and_catalog")
    return catalog


def opened_edition(session: Session, given: Path | None) -> Edition:
    """Open the edition asked for, else the only one in the current folder."""
    from sanxian.edition import open_edition

    if given is not None:
        return open_edition(given)
    here = sorted(Path().glob("*.gpkg"))
    if len(here) == 1:
        session.say(session.t("edition_used", path=here[0]))
        return open_edition(here[0])
    found: dict[Path, Edition] = {}
    for path in here:
        try:
            found[path] = open_edition(path)
        except EditionError:
            continue
    if len(found) != 1:
        raise NoEditionChosen(found=", ".join(map(str, found)) or "0")
    ((path, edition),) = found.items()
    session.say(session.t("edition_used", path=path))
    return edition


def region_of(edition: Edition) -> Region:
    """Return the place of an edition, by which coordinates without CRS are understood."""
    from sanxian.geometry import Region

    return Region(code=edition.info.region, name=edition.info.title, outline=edition.outline)


def output_format(given: str | None, out: Path | None, known: Mapping[str, str], default: str) -> str:
    """Return the format asked for, else the one the file name says."""
    name = given or (known.get(out.suffix.lower(), default) if out is not None else default)
    if name not in known.values():
        raise usage_error("cli.usage.format", given=name, known="、".join(dict.fromkeys(known.values())))
    return name


# --- a screening -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which edition is asked for, and on which day."""

    edition: Path | None
    catalog: Path | None
    region: str | None
    as_of: str | None


def screened(
    session: Session,
    *,
    path: Path | None,
    point: str | None = None,
    wkt: str | None = None,
    told: Told,
    choice: Choice,
    reading: Mapping[str, Any],
    file_reading: Mapping[str, Any],
    count_drafts: bool,
) -> tuple[Screening, Edition]:
    """Return the screening of the project a command line describes, and the edition it was screened against."""
    from sanxian.geometry import footprint_from_wkt, read_footprint
    from sanxian.screening import screen

    places = sum(given is not None for given in (path, point, wkt))
    if places != 1:
        raise usage_error("cli.usage.place_twice" if places else "cli.usage.place_missing")
    folder = from_catalog(session, choice.edition, choice.catalog, choice.region)
    day: date | None = None
    if folder is None:
        opened = opened_edition(session, choice.edition)
    else:  # which edition it is depends on the day, and so the day comes first
        day = as_of_day(session, choice.as_of, _stated_day(path))
        opened = publish.edition_in_force(session, folder, choice.region, day)
    where = {**reading, "datum": datum_of(reading.get("datum"))}
    stated: date | None = None
    if point is not None:
        subject = told.project(_typed_point(point, region=region_of(opened), **where))
    elif wkt is not None:
        subject = told.project(footprint_from_wkt(wkt, region=region_of(opened), **where))
    elif _is_project_file(file := cast("Path", path)):
        subject, stated = _project_file(file, opened, told, {**where, **file_reading})
    else:
        subject = told.project(read_footprint(file, region=region_of(opened), **where, **file_reading))
    if day is None:
        day = as_of_day(session, choice.as_of, stated)
    return screen(subject, opened, day, count_drafts=count_drafts), opened


# --- what the command line says about a project ----------------------------------------------


_TYPED: Final = ("point", "inline")  # sources of a place that came as an option


class Told:
    """Facts given as options, for a place that comes without a project file."""

    def __init__(
        self,
        *,
        name: str | None,
        nature: str | None,
        industries: Sequence[str],
        facts: Sequence[str],
        papers: Sequence[str],
    ) -> None:
        self.given = {
            "--name": name, "--nature": nature, "--industry": industries, "--fact": facts, "--paper": papers
        }  # fmt: skip
        self.name = name
        self.nature = nature
        self.industries = industries
        self.facts = facts
        self.papers = papers

    def project(self, footprint: Footprint) -> Project:
        """Return the project in the place ``footprint``."""
        from sanxian.project import project_from_mapping

        stated: dict[str, Any] = {
            "name": self.name or ("" if footprint.source in _TYPED else footprint.source),
            "nature": self.nature,
            "industry": list(self.industries),
            "facts": _facts(self.facts),
            "papers": [_paper(text) for text in self.papers],
        }
        return project_from_mapping({k: v for k, v in stated.items() if v}, footprint=footprint)


def _facts(given: Sequence[str]) -> dict[str, FactValue]:
    from sanxian import data
    from sanxian.project import parse_fact

    found: dict[str, FactValue] = {}
    for text in given:
        key, value = parse_fact(text)
        if value is not None and found.setdefault(key, value) != value:
            raise FactConflict(key=key, label=data.fact(key).zh, first=found[key], second=value)
    return found


def _paper(text: str) -> dict[str, Any]:
    """Return the paper written ``类型;文号;机关;日期``; only the type is needed."""
    words = [word.strip() for word in text.replace("；", ";").split(";")]
    if not words[0] or len(words) > 4:
        raise usage_error("cli.usage.paper", given=text)
    kind, number, issuer, day = [*words, "", "", ""][:4]
    stated = {"type": kind, "number": number, "issuer": issuer}
    if day:
        stated["date"] = day_of("--paper", day).isoformat()
    return {k: v for k, v in stated.items() if v}


def datum_of(given: str | None) -> Any:
    """Return the datum parameters an option gives, if any."""
    if given is None:
        return None
    from sanxian.geometry import DatumShift

    return DatumShift.parse(given)


def _typed_point(point: str, **reading: Any) -> Footprint:
    from sanxian.geometry import footprint_from_point

    words = point.replace("，", ",").split(",")
    if len(words) != 2:
        raise usage_error("cli.usage.point", given=point)
    return footprint_from_point(words[0], words[1], **reading)


_GEOJSON: Final = frozenset(
    ("FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon",
     "MultiPolygon", "GeometryCollection")
)  # fmt: skip


def _is_project_file(path: Path) -> bool:
    """Return whether the file states a project; GeoJSON and everything else is a footprint."""
    if path.suffix.lower() != ".json":
        return path.suffix.lower() in (".yaml", ".yml")
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False  # the footprint reader says what is wrong with it
    return isinstance(content, dict) and content.get("type") not in _GEOJSON


def _stated_day(project: Path | None) -> date | None:
    """Return the as-of date a project file states; ``None`` for anything else."""
    if project is None or not _is_project_file(project):
        return None
    from sanxian.project import read_document

    stated = read_document(project)[0].get("as_of")
    return None if stated is None else day_of("as_of", str(stated))


def _project_file(
    path: Path, edition: Edition, told: Told, reading: Mapping[str, Any]
) -> tuple[Project, date | None]:
    """Return the project, and the date its file wants to be screened on, if any."""
    from sanxian.batch import read_dated_project

    doubled = [name for name, value in told.given.items() if value]
    doubled += [f"--{name}" for name, value in reading.items() if value is not None]
    if doubled:
        raise usage_error("cli.usage.project_options", options=" ".join(doubled))
    project, stated = read_dated_project(path, region=region_of(edition))
    return project, None if stated is None else day_of("as_of", str(stated))


def watched(session: Session, results: Iterable[Any], size: int | None) -> Iterator[Any]:
    """Yield the results, with a progress bar when someone is looking."""
    if not session.err.is_terminal:
        yield from results
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=session.err, transient=True) as progress:
        yield from progress.track(results, total=size, description=session.t("batch.working"))

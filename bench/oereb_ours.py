"""Sanxian's side of ``bench/oereb.py``: the peer's units moved into an edition, and PostGIS to check the areas.

The grid and the parcels of the peer go to lon/lat over Qinghai by one linear map: a unit is 0.0224° × 0.018°, about
2 km on a side, a parcel meets the same units, and the numbers of vertices are the same. Synthetic: 示例数据，非官方.
"""

# ruff: noqa: S603, S608 - SQL made of our own constants, our own program

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from oereb_peer import BLOCK, CELL_M, SIDE, SOUTH_M, STEPS, WEST_M
from shapely.geometry.base import BaseGeometry

from sanxian import Part, Project, Screening
from sanxian.edition import Edition, write_edition
from sanxian.edition.index import index_path
from sanxian.model import (
    SYNTHETIC,
    Clause,
    Coverage,
    CoverageStatus,
    Dimension,
    Document,
    EditionInfo,
    Layer,
    LayerKind,
    Level,
    Relation,
    Scope,
    Zone,
)

RECIPE: Final = 1  # raise it when the edition made is another one
WEST, SOUTH = 94.0, 33.0  # of the grid
WIDTH, HEIGHT = 0.0224, 0.018  # of a unit, degrees; a fiftieth of either is a whole number of 1e-9 degree
AS_OF: Final = date(2026, 9, 1)
LATER: Final = date(2027, 9, 1)
CLASSES: Final = (("PRIORITY", 1), ("KEY", 2), ("GENERAL", 3))
LAYERS: Final = ("control_unit", "block")
DENSE_DEG: Final = 1e-4  # about 10 m: a geodesic leaves a line straight in lon/lat by 1 µm over that


def unit_code(row: int) -> str:
    """The code of a control unit."""
    return f"ZH{630001 + row // 9999}{CLASSES[row % 3][1]}{row % 9999 + 1:04d}"


def squares(per_side: int, cells: int) -> NDArray[np.object_]:
    """Squares of ``cells`` units, column by column, a vertex every fiftieth of a unit."""
    n = STEPS * cells
    t = np.arange(n)
    zero, full = np.zeros(n, dtype=np.int64), np.full(n, n)
    ring = np.concatenate([(t, zero), (full, t), (n - t, full), (zero, n - t)], axis=1).T
    ring = np.vstack((ring, ring[:1]))
    i, j = np.divmod(np.arange(per_side * per_side), per_side)
    steps = ring[None] + n * np.column_stack((i, j))[:, None, :]
    xy = np.round(np.array([WEST, SOUTH]) + steps * np.array([WIDTH, HEIGHT]) / STEPS, 9)
    rings = shapely.linearrings(xy.reshape(-1, 2), indices=np.repeat(np.arange(len(i)), len(ring)))
    return np.asarray(shapely.polygons(rings), dtype=object)


def moved(parcel: bytes) -> BaseGeometry:
    """A parcel of the peer (WKB, EPSG:2056) in lon/lat."""

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        cells = (xy - np.array([WEST_M, SOUTH_M])) / CELL_M
        placed: NDArray[np.float64] = np.round(np.array([WEST, SOUTH]) + cells * np.array([WIDTH, HEIGHT]), 9)
        return placed

    return shapely.transform(shapely.from_wkb(parcel), move)


def edition() -> Edition:
    """The edition: 50,176 control units, 196 blocks (one of them replaced in 2027), the province, a few clauses."""
    control = Layer(
        id="control_unit", kind=LayerKind.CONTROL_UNIT, title="环境管控单元", accuracy_m=25.0, partition=True
    )
    blocks = Layer(id="block", kind=LayerKind.BLOCK, title="生态板块", accuracy_m=25.0)
    admin = Layer(id="province", kind=LayerKind.ADMIN, title="省级行政区", accuracy_m=10.0)
    units = tuple(
        Zone(
            layer="control_unit",
            code=unit_code(row),
            name=f"单元{row}",
            geometry=shape,
            zone_class=CLASSES[row % 3][0],
            regions=("63",),
        )
        for row, shape in enumerate(squares(SIDE, 1).tolist())
    )
    drawn = [
        Zone(layer="block", code=f"BK{row:04d}", name=f"板块{row}", geometry=shape, regions=("63",))
        for row, shape in enumerate(squares(SIDE // BLOCK, BLOCK).tolist())
    ]
    middle = (SIDE // BLOCK) ** 2 // 2 + SIDE // BLOCK // 2  # T1 at its first place meets it
    old = replace(drawn[middle], valid_to=date(2026, 12, 31))
    new = replace(drawn[middle], code="BK9999", name="板块（2027年起）", valid_from=date(2027, 1, 1))
    drawn[middle] = old
    east, north = WEST + SIDE * WIDTH, SOUTH + SIDE * HEIGHT
    land = shapely.box(WEST, SOUTH, round(east, 9), round(north, 9))
    province = Zone(
        layer="province", code="63", name="示例省", geometry=land, zone_class="province", regions=("63",)
    )
    document = Document(
        id="list",
        title="示例省生态环境准入清单",
        issuer="示例省生态环境厅",
        valid_from=date(2026, 1, 1),
        source=SYNTHETIC,
    )
    return Edition(
        info=EditionInfo(
            id="示例省/对比",
            title="示例省生态环境分区管控成果（对比测量用）",
            region="63",
            valid_from=date(2026, 1, 1),
            source=SYNTHETIC,
            synthetic=True,
        ),
        layers=(control, blocks, admin),
        zones={"control_unit": units, "block": (*drawn, new), "province": (province,)},
        clauses=clauses(),
        documents={document.id: document},
        catalogues={},
        coverage=tuple(
            Coverage(layer=layer.id, region="63", status=CoverageStatus.COMPLETE, source=SYNTHETIC)
            for layer in (control, blocks, admin)
        ),
    )


def clauses() -> tuple[Clause, ...]:
    """Six clauses with reviewed rules; every unit is reached by at least three of them."""
    review = {"state": "reviewed", "by": "示例审核人", "on": "2026-03-01"}

    def clause(number: str, text: str, scope: Scope, rule: Mapping[str, Any], **rest: Any) -> Clause:
        return Clause(
            id=f"C-{number}",
            number=number,
            level=Level.PROVINCE,
            dimension=Dimension.SPATIAL,
            dimension_label="空间布局约束",
            category="其他",
            text=text,
            document="list",
            scope=scope,
            rules=({"strength": "strict", "review": review, "quote": [0, len(text)], **rule},),
            **rest,
        )

    new = {"nature": ["新建", "扩建"]}
    boiler = {"all": [{"fact": "boiler_tph", "op": "<", "value": 35}]}
    offset = {"fact": "offset_ratio", "op": ">=", "value": 1.5}
    papers = Scope(everywhere=True)
    chemical = {**new, "industry": ["C26"]}
    return (
        clause(
            "1",
            "优先保护单元禁止新建、扩建化工项目。",
            Scope(classes=("PRIORITY",)),
            {"effect": "FORBID", "subject": chemical},
        ),
        clause(
            "2",
            "重点管控单元新建项目实行污染物倍量替代。",
            Scope(classes=("KEY",)),
            {"effect": "REQUIRE", "subject": new, "require": offset},
        ),
        clause(
            "3",
            "禁止新建35蒸吨/小时以下燃煤锅炉。",
            Scope(classes=("KEY", "GENERAL")),
            {"effect": "FORBID", "subject": new, "when": boiler},
        ),
        clause("4", "鼓励实施清洁生产改造。", papers, {"effect": "ENCOURAGE"}),
        clause(
            "5",
            "化工项目应符合规划环评要求。",
            papers,
            {"effect": "REQUIRE", "subject": chemical, "require": {"document": "规划环评审查意见"}},
        ),
        clause(
            "6",
            "自2027年起禁止新建造纸和化工项目。",
            papers,
            {"effect": "FORBID", "subject": {**new, "industry": ["C22", "C26"]}},
            valid_from=date(2027, 1, 1),
        ),
    )


def edition_file(folder: Path) -> Path:
    """The edition's file, written when it is not there."""
    path = folder / f"oereb-{RECIPE}.gpkg"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_edition(edition(), path)
    return path


def project(shape: BaseGeometry, rng: np.random.Generator, role: str = "厂区") -> Project:
    """A project in one place, with facts that no other has: nothing said before fits as it stands."""
    facts = {"boiler_tph": float(rng.uniform(1, 100)), "offset_ratio": float(rng.uniform(0, 3))}
    return Project(parts=(Part(role=role, geometry=shape),), nature="新建", industries=("2614",), facts=facts)


def body(one: Project) -> bytes:
    """The same as the request of the REST interface."""
    (part,) = one.parts
    shape = json.loads(shapely.to_geojson(part.geometry))
    document = {
        "nature": one.nature,
        "industry": "C2614",
        "parts": [{"role": part.role, "crs": "EPSG:4490", "geojson": shape}],
        "facts": dict(one.facts),
    }
    return json.dumps(document, ensure_ascii=False).encode()


def met(result: Screening) -> dict[tuple[str, str], float]:
    """Area in m² (of lines: length in m) of each unit and block inside the project."""
    return {
        (hit.layer, hit.zone): hit.area_m2 or hit.length_m
        for hit in result.hits
        if hit.layer in LAYERS
        and hit.role == ""
        and hit.relation is Relation.OVERLAP
        and (hit.area_m2 or hit.length_m)
    }


class Oracle:
    """Plain PostGIS on the zones as the opened edition has them, measured on the ellipsoid (``geography``)."""

    def __init__(self, dsn: str, opened: Edition) -> None:
        self.connection = psycopg.connect(dsn, autocommit=True)
        run = self.connection.execute
        run(
            "create table zone (layer text, code text, valid_from date, valid_to date, geom geometry(geometry, 4490))"
        )
        with self.connection.cursor() as cursor, cursor.copy("copy zone from stdin") as copy:
            for layer in LAYERS:
                for zone in opened.zones[layer]:
                    shape = shapely.to_wkb(shapely.set_srid(zone.geometry, 4490), hex=True, include_srid=True)
                    copy.write_row((layer, zone.code, zone.valid_from, zone.valid_to, shape))
        run("create index on zone using gist(geom)")
        run("analyze zone")

    def sizes(self, shape: BaseGeometry, as_of: date) -> dict[tuple[str, str], float]:
        """Area in m², of a line the length in m, inside every zone in force that it meets; no threshold."""
        size = "st_area" if shapely.get_dimensions(shape) == 2 else "st_length"
        rows = self.connection.execute(
            f"select layer, code, {size}(st_segmentize(st_intersection(z.geom, f.geom), %(step)s)::geography) "
            "from zone z, (select st_geomfromwkb(%(shape)s, 4490) geom) f where st_intersects(z.geom, f.geom) "
            "and (valid_from is null or valid_from <= %(day)s) and (valid_to is null or valid_to >= %(day)s)",
            {"step": DENSE_DEG, "shape": shapely.to_wkb(shape), "day": as_of},
        )
        return {(layer, code): value for layer, code, value in rows if value > 0}


# --- one process -------------------------------------------------------------------------------------

COLD: Final = """
import sys, time
start = time.perf_counter()
from datetime import date
import numpy, shapely
from sanxian import Part, Project, open_edition, screen
from sanxian.screening import to_json
imported = time.perf_counter()
edition = open_edition(sys.argv[1])
opened = time.perf_counter()
for line in sys.stdin:
    part = Part(role="厂区", geometry=shapely.from_wkb(bytes.fromhex(line)))
    facts = {"boiler_tph": 20.0, "offset_ratio": 1.0}
    to_json(screen(Project(parts=(part,), nature="新建", industries=("2614",), facts=facts), edition, date(2026, 9, 1)))
    print(time.perf_counter() - start, flush=True)
said = {row.split(":")[0]: int(row.split()[1]) / 1e3 for row in open("/proc/self/status") if row.endswith("kB\\n")}
print(imported - start, opened - imported, said["VmRSS"], said["RssAnon"], said["VmHWM"])
"""


def cold(path: Path, shapes: Sequence[BaseGeometry]) -> dict[str, float]:
    """A new process: seconds until its first answer with its record, and memory after all of ``shapes``."""
    asked = "\n".join(shapely.to_wkb(shape, hex=True) for shape in shapes) + "\n"
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", COLD, str(path)], input=asked, capture_output=True, text=True, check=True
    )
    total = time.perf_counter() - start
    *answers, last = done.stdout.splitlines()
    imported, opened, rss, anonymous, peak = map(float, last.split())
    return {
        "first_answer_s": total
        - float(answers[-1])
        + float(answers[0]),  # with the interpreter's own start and end
        "import_s": imported,
        "open_edition_s": opened,
        "rss_mb": rss,
        "anonymous_mb": anonymous,
        "peak_mb": peak,
    }


def registry_folder(path: Path, folder: Path) -> Path:
    """A registry that offers the edition, its index beside it; :class:`Serving` works on copies."""
    from sanxian.registry import create_registry, editions

    now = datetime.now(UTC)
    registry = create_registry(folder, now=now)
    with registry.begin() as connection:
        offered = editions.register(connection, registry, path, at=now, by="bench")
    registry.close()
    # one address asks for everybody here: its share of a minute is not what is measured
    (folder / "sanxian.toml").write_text("[server]\npublic_screenings_per_minute = 10000000\n", "utf-8")
    kept = registry.editions / offered.file
    shutil.copyfile(index_path(path), index_path(kept))
    return folder


def _copied(source: str, target: str) -> str:
    """A copy; of large files that nobody writes a second name."""
    if Path(source).parent.name == "editions":
        os.link(source, target)
        return target
    return shutil.copyfile(source, target)


class NotServed(RuntimeError):
    """``sanxian serve`` is not there, or did not start."""


class Serving:
    """``sanxian serve`` on a registry of its own that holds the edition; use it as a context manager."""

    def __init__(self, registry: Path, workers: int) -> None:
        self._registry = registry
        self._workers = workers
        self._folder = tempfile.TemporaryDirectory(prefix="sanxian-oereb-")
        self.port = 0
        self.process: subprocess.Popen[str] | None = None
        self.ready_s = 0.0

    def __enter__(self) -> Self:
        data = Path(self._folder.name) / "data"
        shutil.copytree(self._registry, data, copy_function=_copied)
        command = [sys.executable, "-m", "sanxian", "serve", "--port", "0", "--data", str(data)]
        start = time.perf_counter()
        self.process = subprocess.Popen(
            [*command, "--workers", str(self._workers)],
            stdout=subprocess.PIPE,
            stderr=(Path(self._folder.name) / "log").open("w"),
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://[^ /]*:(\d+)", line)
            if found:
                self.port = int(found[1])
                self.ready_s = time.perf_counter() - start
                return self
        said = (Path(self._folder.name) / "log").read_text("utf-8")
        self.__exit__()
        raise NotServed(said[-2000:].strip() or "sanxian serve ended without a word")

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
        self._folder.cleanup()

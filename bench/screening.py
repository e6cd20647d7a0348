"""One screening and a stream of them, warm, in process, and the cold start of the command line.

The whole screening is measured with its record (``to_json``), at many places for one set of facts and for
facts and industries that change with every project; the overlay's share is given apart. Single calls are given
in CPU time of the thread, streams and commands by the clock. Ratios are to plain GEOS in the same run. Run with ``make bench``. Prints Markdown tables; what was measured once is kept in
``bench/results/``.
"""

from __future__ import annotations

import hashlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import shapely

from sanxian import Part, Project, Screening, data, screen, screen_many
from sanxian.demo import build
from sanxian.edition import Edition, open_edition, write_edition
from sanxian.edition.index import overlay_of
from sanxian.model import FactValue
from sanxian.screening import Failure, to_json
from sanxian.screening.assembly import assemble
from sanxian.screening.prepared import prepare
from sanxian.screening.run import Run

AS_OF = date(2026, 9, 1)
PROJECTS = 200
ROWS = 2_000
FACTS: dict[str, FactValue] = {
    "boiler_tph": 20.0,
    "fuel": ("天然气",),
    "offset_ratio": 2.0,
    "discharge_route": "纳管",
}


def footprints(edition: Edition, rng: np.random.Generator) -> list[shapely.Polygon]:
    """Small polygons (0.01-0.5 km², 12-60 vertices) at random places of the region."""
    outline = edition.outline
    west, south, east, north = shapely.bounds(outline)
    made: list[shapely.Polygon] = []
    while len(made) < PROJECTS:
        lon, lat = rng.uniform(west, east), rng.uniform(south, north)
        n = int(rng.integers(12, 60))
        radius = rng.uniform(50, 400) / 100_000 * np.exp(rng.normal(0, 0.15, n))
        angle = np.sort(rng.uniform(0, 2 * np.pi, n))
        shape = shapely.Polygon(np.column_stack((lon + radius * np.cos(angle), lat + radius * np.sin(angle))))
        if shape.is_valid and shapely.covers(outline, shape):
            made.append(shape)
    return made


def timed(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def worked(call: Callable[[], object]) -> float:
    """Milliseconds of CPU time of one call."""
    start = time.thread_time()
    call()
    return (time.thread_time() - start) * 1e3


def percentiles(times: list[float]) -> tuple[float, float]:
    """Median and 99th percentile."""
    return statistics.median(times), sorted(times)[int(0.99 * (len(times) - 1))]


def plain_geos(edition: Edition) -> Callable[[shapely.Polygon], object]:
    """The peer: an STRtree over all zones in lon/lat and GEOS intersections, nothing else."""
    shapes = np.array([z.geometry for zones in edition.zones.values() for z in zones], dtype=object)
    tree = shapely.STRtree(shapes)

    def query(shape: shapely.Polygon) -> object:
        found = tree.query(shape, predicate="intersects")
        return shapely.area(shapely.intersection(shapes[found], shape))

    return query


def other_facts(project: Project, rng: np.random.Generator) -> Project:
    """The same place with another industry, nature and other facts: nothing said before fits as it stands."""
    industries = [row.code for row in data.industries().values() if row.level == "class"]
    facts = FACTS | {"boiler_tph": float(rng.uniform(1, 100)), "offset_ratio": float(rng.uniform(0, 3))}
    nature = str(rng.choice(("新建", "扩建", "改建", "现有")))
    return replace(project, nature=nature, industries=(str(rng.choice(industries)),), facts=facts)


def row_of(result: Screening | Failure) -> tuple[str, str]:
    """What a table of results keeps of a project."""
    return result.project.id, result.error.code if isinstance(result, Failure) else result.verdict.name


def rows_a_second(projects: list[Project], edition: Edition, workers: int, *, whole: bool) -> float:
    """Rows of a stream screened in a second, in one process or several."""
    finish = None if whole else row_of
    start = time.perf_counter()
    count = sum(1 for _ in screen_many(projects, edition, AS_OF, workers=workers, finish=finish))
    return count / (time.perf_counter() - start)


def streams(projects: list[Project], edition: Edition) -> None:
    """Print rows a second for points and patches, with one and two workers."""
    points = [
        replace(p, parts=(Part(role="点位", geometry=shapely.point_on_surface(p.parts[0].geometry)),))
        for p in projects
    ]
    print(
        f"\n| stream of {ROWS} | comes back | 1 worker, rows/s | 2 workers, rows/s | ratio |\n|---|---|---|---|---|"
    )
    for name, some in (("points", points), ("small patches", projects)):
        rows = [some[i % len(some)] for i in range(ROWS)]
        for what, whole in (("a row", False), ("a screening", True)):
            one, two = (rows_a_second(rows, edition, n, whole=whole) for n in (1, 2))
            print(f"| {name} | {what} | {one:.0f} | {two:.0f} | {two / one:.2f} |")


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command line


def main() -> None:
    """Measure and print."""
    rng = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo.gpkg"
        build_ms = timed(lambda: write_edition(build.build(), path))
        open_ms = min(timed(lambda: open_edition(path)) for _ in range(3))
        edition = open_edition(path)
        shapes = footprints(edition, rng)
        projects = [
            Project(
                parts=(Part(role="厂区", geometry=shape),), nature="新建", industries=("2614",), facts=FACTS
            )
            for shape in shapes
        ]
        overlay = overlay_of(edition)
        peer = plain_geos(edition)
        varied = [other_facts(project, rng) for project in projects]
        digest = to_json(screen(projects[0], edition, AS_OF))
        prepared = prepare(edition)
        placed = [prepared.overlay.place(project.parts, AS_OF) for project in projects]
        rows = {
            "whole screening with its record, same facts": lambda i: to_json(
                screen(projects[i], edition, AS_OF)
            ),
            "… other facts and industry each time": lambda i: to_json(screen(varied[i], edition, AS_OF)),
            "… the same over placements made before (all but the engine)": lambda i: to_json(
                assemble(
                    prepared,
                    projects[i],
                    AS_OF,
                    False,
                    Run(prepared, projects[i], placed[i], AS_OF, False).answer(),
                )
            ),
            "screening without record, same facts": lambda i: screen(projects[i], edition, AS_OF),
            "SHA-256 of one record (the floor)": lambda _: hashlib.sha256(digest).digest(),
            "overlay alone (hits, margins, near misses)": lambda i: (
                overlay.place(projects[i].parts, AS_OF).hits
            ),
            "peer: plain GEOS intersection areas": lambda i: peer(shapes[i]),
        }
        print(
            f"machine: {platform.machine()}, Python {platform.python_version()}, shapely {shapely.__version__}"
        )
        print(f"edition: {sum(map(len, edition.zones.values()))} zones, {len(edition.clauses)} clauses")
        print(f"build and write {build_ms / 1e3:.1f} s, open and verify {open_ms:.0f} ms\n")
        print("| one small polygon, warm | p50 ms | p99 ms | p50 / peer |\n|---|---|---|---|")
        found = {}
        for name, call in rows.items():
            for _ in range(2):  # warm: what is prepared once is prepared, what is remembered was asked twice
                for i in range(PROJECTS):
                    call(i)
            if name.startswith("… other"):  # places are known, these facts are not
                varied = [other_facts(project, rng) for project in projects]
            found[name] = percentiles([worked(lambda i=i, call=call: call(i)) for i in range(PROJECTS)])
        base = found["peer: plain GEOS intersection areas"][0]
        for name, (median, high) in found.items():
            print(f"| {name} | {median:.2f} | {high:.2f} | {median / base:.1f} |")
        streams(projects, edition)
        version = ["--version"]
        one = [
            "screen",
            "--point",
            "94.9693,36.3333",
            "--industry",
            "C2614",
            "--nature",
            "新建",
            "--format",
            "json",
        ]
        print("\n| command, cold process | s (median of 5) |\n|---|---|")
        for args in (version, [*one, "--edition", str(path), "--as-of", "2026-09-01"]):
            command = [sys.executable, "-m", "sanxian", *args]
            runs = [timed(lambda c=command: _run(c)) for _ in range(5)]
            print(f"| sanxian {args[0]} | {statistics.median(runs) / 1e3:.2f} |")


if __name__ == "__main__":
    main()

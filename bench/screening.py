"""One screening, warm, in process, and the cold start of the command line; ratios to plain GEOS in the same run.

Run with ``make bench``. Prints a Markdown table; what was measured once is kept in ``bench/results/``.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import shapely

from sanxian import Part, Project, screen
from sanxian.demo import build
from sanxian.edition import Edition, open_edition, write_edition
from sanxian.engine import Overlay

AS_OF = date(2026, 9, 1)
PROJECTS = 200
FACTS = {"boiler_tph": 20.0, "fuel": ("天然气",), "offset_ratio": 2.0, "discharge_route": "纳管"}


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
        overlay = Overlay(edition.layers, edition.zones, edition.outline)
        peer = plain_geos(edition)
        rows = {
            "whole screening": lambda i: screen(projects[i], edition, AS_OF),
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
            for i in range(PROJECTS):
                call(i)  # warm: what an edition prepares once is prepared
            found[name] = percentiles([timed(lambda i=i, call=call: call(i)) for i in range(PROJECTS)])
        base = found["peer: plain GEOS intersection areas"][0]
        for name, (median, high) in found.items():
            print(f"| {name} | {median:.2f} | {high:.2f} | {median / base:.1f} |")
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

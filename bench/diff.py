"""Two editions of 50,176 control units compared: the usual revision, and one in which every line was drawn anew.

Run ``python bench/diff.py`` (``--quick`` for a tenth). The coverage is made: 224 × 224 cells whose sides are noisy
lines that two neighbours share vertex by vertex. The usual revision moves one side in forty (so that about 5 % of
the units lose land to a neighbour or win some), gives 2 % another attribute and renumbers 0.2 %; in the worst case
every side is drawn anew. Each case is compared in memory and, as people do it, from two files on disk; the files are
opened with their digests checked. What was measured once is kept in ``results/diff.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sanxian.comparison import Difference, diff
from sanxian.edition import Edition, open_edition, write_edition
from sanxian.model import Coverage, CoverageStatus, EditionInfo, Layer, LayerKind, Zone

SOURCE = "示例数据，非官方"
WEST, SOUTH, CELL = 95.0, 32.0, 0.03  # degrees


def lines(side: int, steps: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Offsets of the sides along x and along y, as shares of a cell; none at the corners."""
    t = np.linspace(0.0, 1.0, steps + 1)
    noise = rng.uniform(-1.0, 1.0, (2, side + 1, side, steps + 1))
    return list(noise * 0.12 * np.sin(np.pi * t))


def cells(side: int, steps: int, offsets: list[NDArray[np.float64]]) -> NDArray[np.object_]:
    """Polygons of all cells, row by row."""
    t = np.linspace(0.0, 1.0, steps + 1)
    along_x, along_y = offsets
    rings = []
    for row in range(side):
        for column in range(side):
            bottom = np.column_stack((column + t, row + along_x[row, column]))
            top = np.column_stack((column + t, row + 1 + along_x[row + 1, column]))
            left = np.column_stack((column + along_y[column, row], row + t))
            right = np.column_stack((column + 1 + along_y[column + 1, row], row + t))
            rings.append(np.concatenate((bottom[:-1], right[:-1], top[:0:-1], left[::-1])))
    size = len(rings[0])
    xy = np.array([WEST, SOUTH]) + CELL * np.concatenate(rings)
    made = shapely.polygons(shapely.linearrings(xy, indices=np.repeat(np.arange(len(rings)), size)))
    return np.asarray(made, dtype=object)


def edition(shapes: NDArray[np.object_], name: str) -> Edition:
    """An edition of one layer of units and the region."""
    units = Layer(
        id="control_unit", kind=LayerKind.CONTROL_UNIT, title="环境管控单元", accuracy_m=25.0, partition=True
    )
    admin = Layer(id="province", kind=LayerKind.ADMIN, title="省级行政区", accuracy_m=10.0)
    west, south, east, north = shapely.total_bounds(shapes)
    zones = tuple(
        Zone(
            layer="control_unit",
            code=f"ZH{630001 + row // 9999}2{row % 9999 + 1:04d}",
            name=f"单元{row}",
            geometry=shape,
            zone_class="KEY",
            attributes={"面积": f"{row % 97}"},
        )
        for row, shape in enumerate(shapes.tolist())
    )
    province = Zone(
        layer="province",
        code="63",
        name="示例省",
        geometry=shapely.box(west, south, east, north),
        zone_class="province",
    )
    return Edition(
        info=EditionInfo(
            id=f"示例/{name}",
            title=f"示例成果 {name}",
            region="63",
            valid_from=date(2026, 1, 1),
            source=SOURCE,
            synthetic=True,
        ),
        layers=(units, admin),
        zones={"control_unit": zones, "province": (province,)},
        documents={},
        catalogues={},
        coverage=tuple(
            Coverage(layer=layer.id, region="63", status=CoverageStatus.COMPLETE, source=SOURCE)
            for layer in (units, admin)
        ),
    )


def revised(
    base: Edition, side: int, steps: int, offsets: list[NDArray[np.float64]], rng: np.random.Generator
) -> Edition:
    """The usual revision."""
    moved = [o.copy() for o in offsets]
    other = lines(side, steps, rng)
    for mine, new in zip(moved, other, strict=True):
        chosen = rng.random(mine.shape[:2]) < 1 / 40
        chosen[[0, -1]] = False  # the rim stays
        mine[chosen] = new[chosen]
    made = edition(cells(side, steps, moved), "2027")
    zones = list(made.zones["control_unit"])
    for row in np.flatnonzero(rng.random(len(zones)) < 0.02).tolist():
        zones[row] = replace(zones[row], attributes={"面积": "另", "备注": "改"})
    for row in np.flatnonzero(rng.random(len(zones)) < 0.002).tolist():
        zones[row] = replace(zones[row], code=f"ZH{640001 + row // 9999}2{row % 9999 + 1:04d}")
    return replace(made, zones={**made.zones, "control_unit": tuple(zones)}, coverage=base.coverage)


def told(found: Difference) -> Mapping[str, Any]:
    """What a difference found, to see that it did the work."""
    units = next(layer for layer in found.layers if layer.layer == "control_unit")
    kinds: dict[str, int] = {}
    for change in units.changes:
        kinds[change.kind.value] = kinds.get(change.kind.value, 0) + 1
    return {
        "unchanged": units.unchanged,
        **dict(sorted(kinds.items())),
        "reshaped": units.reshaped,
        "transfers": len(units.transfers),
        "moved_km2": round(units.moved_m2 / 1e6, 3),
    }


def measure(old: Edition, new: Edition) -> Mapping[str, Any]:
    """Seconds to compare two editions in memory and from files, and what was found."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.gpkg" for name in ("old", "new")]
        for made, path in zip((old, new), paths, strict=True):
            write_edition(made, path)
        del old, new
        start = time.perf_counter()
        opened = [open_edition(path) for path in paths]
        read = time.perf_counter()
        spent = time.process_time()
        found = diff(*opened)
        spent = time.process_time() - spent
        done = time.perf_counter()
        return {
            "open_s": round(read - start, 2),
            "diff_s": round(done - read, 2),
            "total_s": round(done - start, 2),
            "diff_cpu_s": round(spent, 2),  # of all threads: what a busy machine does not stretch
            **told(found),
        }


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the units")
    side = 71 if parser.parse_args().quick else 224
    results: dict[str, Any] = {
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "geos": shapely.geos_version_string,
        },
        "units": side * side,
        "cases": {},
    }
    for steps in (15, 50):
        rng = np.random.default_rng(2026)
        offsets = lines(side, steps, rng)
        base = edition(cells(side, steps, offsets), "2026")
        usual = revised(base, side, steps, offsets, rng)
        worst = edition(cells(side, steps, lines(side, steps, rng)), "2028")
        for name, other in (("usual", usual), ("worst", worst)):
            key = f"{name}, {4 * steps} vertices a unit"
            results["cases"][key] = dict(measure(base, other))
            sys.stderr.write(f"{key}: {results['cases'][key]}\n")
    print(json.dumps(results, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()

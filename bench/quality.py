"""The quality gate: how fast on a province of ten million vertices, and how well on planted defects.

Run ``python bench/quality.py``; with ``--out bench/results/quality.json`` the figures are kept. The province is the
control-unit layer of ``province.py`` (5,000 units whose shared sides are fractal arcs, 示例数据，非官方) with 45
counties made of whole units, red lines inside priority units, and defects at known places.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import province
import shapely
import shapely.affinity

from sanxian.edition import Draft, Edition, open_draft, write_draft
from sanxian.model import Coverage, CoverageStatus, EditionInfo, Layer, LayerKind, Zone
from sanxian.quality import check, fix

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from dirty_province import DEFECTS, clean_province, dirty_province  # the same generator as the tests

SOURCE = "示例数据，非官方"
COUNTIES, UNITS, VERTICES, DEFECTS_EACH = 45, 5_000, 10e6, 20
SEEDS = 25
HALF = 2e-4  # degrees


def big_province(units: int, vertices: float) -> tuple[Edition, int, int]:
    """A draft of a province with gaps and overlaps, the number of each kind, and its vertices."""
    plan = province.LAYERS[0]
    made = province.make_layer(
        province.Scale(name="quality", units=units, vertices=vertices / plan.share), plan
    )
    lonlat = np.round(province.to_lonlat(made.xy), 9)
    shapes = province.Zones(lonlat, made.rings, made.polygons, made.zones).shapes()
    shapes = np.array([s.geoms[0] if len(s.geoms) == 1 else s for s in shapes], dtype=object)
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    order = np.lexsort((middle[:, 1], np.floor(middle[:, 0])))
    county = np.empty(len(shapes), int)
    county[order] = np.arange(len(shapes)) * COUNTIES // len(shapes)
    codes = [f"63{number + 1:04d}" for number in range(COUNTIES)]
    counties = [shapely.coverage_union_all(shapes[county == number]) for number in range(COUNTIES)]
    classes = np.array(["PRIORITY", "KEY", "GENERAL"])[np.arange(len(shapes)) % 3]
    region = shapely.coverage_union_all(shapes)
    red = [
        shapely.affinity.scale(shapely.simplify(shapes[i], 1e-4), 0.3, 0.3) for i in range(0, len(shapes), 3)
    ]
    red = [shapely.buffer(s, 0) for s in red]

    rng = np.random.default_rng(1)
    inner = np.flatnonzero(~shapely.intersects(shapely.boundary(region), shapes))
    planted = rng.choice(inner, 2 * DEFECTS_EACH, replace=False)
    dirty = shapes.copy()
    for number, row in enumerate(planted.tolist()):
        xy = shapely.get_coordinates(shapes[row])
        at = xy[len(xy) // 3]
        square = shapely.box(at[0] - HALF, at[1] - HALF, at[0] + HALF, at[1] + HALF)
        dirty[row] = (shapely.union if number % 2 else shapely.difference)(dirty[row], square)

    def zones(layer: str, made: list[Zone]) -> tuple[Zone, ...]:
        return tuple(replace(zone, layer=layer) for zone in made)

    def zone(code: str, shape: Any, **rest: Any) -> Zone:
        return Zone(layer="", code=code, name=code, geometry=shape, **rest)

    digit = {"PRIORITY": 1, "KEY": 2, "GENERAL": 3}
    unit_zones = [
        zone(
            f"ZH{codes[county[i]]}{digit[classes[i]]}{i % 10000:04d}",
            shape,
            zone_class=str(classes[i]),
            regions=(codes[county[i]],),
        )
        for i, shape in enumerate(dirty)
    ]
    layers = tuple(
        Layer(id=name, kind=kind, title=name, accuracy_m=10.0, partition=partition, source=SOURCE)
        for name, kind, partition in (
            ("control_unit", LayerKind.CONTROL_UNIT, True),
            ("red_line", LayerKind.ECOLOGY, False),
            ("province", LayerKind.ADMIN, True),
            ("county", LayerKind.ADMIN, True),
        )
    )
    edition = Edition(
        info=EditionInfo(id="bench", title="示例省", region="63", valid_from=date(2026, 1, 1), source=SOURCE, synthetic=True),
        layers=layers,
        zones=MappingProxyType(
            {
                "control_unit": zones("control_unit", unit_zones),
                "red_line": zones("red_line", [zone(f"HX{i:05d}", s, subtype="生态保护红线") for i, s in enumerate(red)]),
                "province": zones("province", [zone("63", region, zone_class="province")]),
                "county": zones("county", [zone(c, s, zone_class="county") for c, s in zip(codes, counties, strict=True)]),
            }
        ),
        documents={},
        catalogues={},
        coverage=tuple(Coverage(layer=x.id, region="63", status=CoverageStatus.COMPLETE, source=SOURCE) for x in layers),
    )  # fmt: skip
    return (
        edition,
        DEFECTS_EACH,
        sum(int(shapely.get_num_coordinates(z.geometry)) for v in edition.zones.values() for z in v),
    )


def measure_speed(units: int, vertices: float) -> dict[str, Any]:
    """Time of opening, checking and repairing the province."""
    edition, planted, total = big_province(units, vertices)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "draft.gpkg"
        write_draft(Draft(edition=edition), path)
        started = time.perf_counter()
        draft = open_draft(path)
        opened = time.perf_counter() - started
    del edition
    steps: list[tuple[str, float]] = []
    started = time.perf_counter()
    report = check(draft, progress=lambda step: steps.append((step, time.perf_counter())))
    ended = time.perf_counter()
    marks = [at for _, at in steps] + [ended]
    found = Counter({f.check: f.count for f in report.findings})
    began = time.perf_counter()
    fixed = fix(draft, ["snap-edges", "close-gaps", "drop-overlaps"], up_to_m=100.0)
    return {
        "units": units,
        "vertices": total,
        "edges_compared": report.ran["edges"],
        "open_s": round(opened, 1),
        "check_s": round(ended - started, 1),
        "steps_s": {step: round(b - a, 1) for (step, a), b in zip(steps, marks[1:], strict=True)},
        "fix_s": round(time.perf_counter() - began, 1),
        "planted": {"gaps": planted, "overlaps": planted},
        "found": dict(sorted(found.items())),
        "residue": max(balance.residue for balance in report.balances),
        "moves": len(fixed.moves),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def measure_finding(seeds: int) -> dict[str, Any]:
    """Recall and precision: each defect alone, with many seeds, and all of them together."""
    table: dict[str, dict[str, Any]] = {}
    clean = sum(len(check(clean_province(seed)).findings) for seed in range(seeds))
    for defect in DEFECTS:
        name, row = defect.__name__, Counter[str]()
        check_id = ""
        for seed in range(seeds):
            draft, (planted,) = dirty_province(seed, [name])
            check_id = planted.check
            found = check(draft).findings
            row["planted"] += 1
            row["found"] += any(
                f.check == check_id and any(planted.item in i for i in f.items) for f in found
            )
            row["invented"] += sum(f.check not in (check_id, *planted.also) for f in found)
        table[name] = {"check": check_id, **row}
    return {"seeds": seeds, "findings_on_clean": clean, "defects": table}


def main() -> None:
    """Measure, print, and keep the figures when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=UNITS)
    parser.add_argument("--vertices", type=float, default=VERTICES)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    result = {
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "geos": shapely.geos_version_string,
        },
        "finding": measure_finding(options.seeds),
        "speed": measure_speed(options.units, options.vertices),
    }
    text = json.dumps(result, ensure_ascii=False, indent=1) + "\n"
    print(text, end="")
    if options.out is not None:
        options.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()

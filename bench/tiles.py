"""Vector tiles: random walks over the demo edition and over a synthetic province of 20,000 control units.

Each walk starts somewhere in the region and goes to neighbouring tiles, in and out, as a person does on a map; low zooms come
from prepared files. ``warm`` is a second walk over the same tiles, from memory. Run ``python bench/tiles.py [--quick]``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parent))

import province

from sanxian.demo import build
from sanxian.edition import Edition
from sanxian.model import EditionInfo, Layer, LayerKind, Zone
from sanxian.server.tiles import Tiles, bounds_of
from sanxian.server.tiles_drawing import GENERALISED, columns_and_rows
from sanxian.server.tiles_prepared import prepare_tiles

UNITS = "province-units-x4"
CLASSES = ("PRIORITY", "KEY", "GENERAL")


def synthetic_province() -> Edition:
    """One layer of 20,000 control units with some 3.4 million vertices, and the box around it as the province."""
    made = province.make_layer(province.SCALES[UNITS], province.LAYERS[0])
    lonlat = np.round(province.to_lonlat(made.xy), 9)
    rings = shapely.linearrings(
        lonlat, indices=np.repeat(np.arange(len(made.rings) - 1), np.diff(made.rings))
    )
    areas = [
        shapely.Polygon(rings[a], list(rings[a + 1 : b]))
        for a, b in zip(made.polygons[:-1], made.polygons[1:], strict=True)
    ]
    shapes = [
        areas[a] if b == a + 1 else shapely.MultiPolygon(areas[a:b])
        for a, b in zip(made.zones[:-1], made.zones[1:], strict=True)
    ]
    units = tuple(
        Zone(
            layer="control_unit", code=f"U{i:05}", name=f"单元{i}", zone_class=CLASSES[i % 3], geometry=shape
        )
        for i, shape in enumerate(shapes)
    )
    box = shapely.box(*shapely.total_bounds(np.array(shapes, dtype=object)))
    whole = Zone(layer="province", code="63", name="省", zone_class="province", geometry=box)
    return Edition(
        info=EditionInfo(
            id="bench", title="合成省", region="63", valid_from=date(2026, 1, 1), synthetic=True, digest="sha256:" + "b" * 64
        ),
        layers=(
            Layer(id="control_unit", kind=LayerKind.CONTROL_UNIT, title="单元", accuracy_m=10, partition=True),
            Layer(id="province", kind=LayerKind.ADMIN, title="省", accuracy_m=10),
        ),
        zones={"control_unit": units, "province": (whole,)},
        documents={},
        catalogues={},
    )  # fmt: skip


def walk(edition: Edition, layer: str, steps: int, seed: int) -> Iterator[tuple[int, int, int]]:
    """Tiles a person sees who moves about a map of a layer."""
    rng = np.random.default_rng(seed)
    bounds = bounds_of(edition, [layer])
    z = 6
    columns, rows = columns_and_rows(bounds, z)
    x, y = int(rng.choice(list(columns))), int(rng.choice(list(rows)))
    for _ in range(steps):
        yield z, x, y
        turn = rng.random()
        if turn < 0.3 and z < 15:
            z, x, y = z + 1, 2 * x + int(rng.integers(2)), 2 * y + int(rng.integers(2))
        elif turn < 0.5 and z > 4:
            z, x, y = z - 1, x // 2, y // 2
        else:
            x, y = x + int(rng.integers(-1, 2)), y + int(rng.integers(-1, 2))
        columns, rows = columns_and_rows(bounds, z)
        x, y = min(max(x, columns[0]), columns[-1]), min(max(y, rows[0]), rows[-1])


def asked(call: Callable[..., bytes], places: Iterable[tuple[int, int, int]]) -> tuple[list[float], int]:
    """Milliseconds of each tile, and the bytes of the largest."""
    times, most = [], 0
    for place in places:
        start = time.perf_counter()
        most = max(most, len(call(*place)))
        times.append((time.perf_counter() - start) * 1e3)
    return times, most


def line(name: str, times: list[float], most: int) -> None:
    """One line of the table."""
    p95, p99 = (sorted(times)[int(share * (len(times) - 1))] for share in (0.95, 0.99))
    p50, largest = statistics.median(times), max(times)
    print(
        f"| {name} | {len(times)} | {p50:.2f} | {p95:.2f} | {p99:.2f} | {largest:.1f} | {most / 1024:.0f} |",
        flush=True,
    )


def measure(name: str, edition: Edition, layers: tuple[str, ...], steps: int) -> None:
    """Walk over an edition, first and again."""
    with tempfile.TemporaryDirectory() as folder:
        start, used = time.perf_counter(), time.process_time()
        prepare_tiles(edition, Path(folder))
        took, used = time.perf_counter() - start, time.process_time() - used
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.pmtiles")) / 2**20
        print(
            f"\n{name}: zooms 0-{GENERALISED} prepared in {took:.1f} s ({used:.1f} s of a processor), {size:.1f} MB\n"
        )
        print("| | tiles | p50 ms | p95 ms | p99 ms | max ms | largest kB |")
        print("|---|---|---|---|---|---|---|")
        tiles = Tiles(Path(folder))
        for layer in layers:
            draw = partial(tiles.layer, edition, layer)
            places = [place for seed in range(8) for place in walk(edition, layer, steps // 8, seed)]
            ready, _ = asked(draw, [(12, 0, 0)])  # the shapes are made ready once a start
            line(f"{layer}, made ready", ready, 0)
            line(f"{layer}, first", *asked(draw, dict.fromkeys(places)))
            line(f"{layer}, warm", *asked(draw, places))
        if len(layers) > 1:
            places = list(walk(edition, layers[0], steps, 99))
            line(
                "all layers in one tile, first", *asked(partial(tiles.every, edition), dict.fromkeys(places))
            )
            line("all layers in one tile, warm", *asked(partial(tiles.every, edition), places))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the demo edition only")
    quick = parser.parse_args().quick
    demo = build.build()
    measure("demo edition", demo, ("control_unit", "water_zone", "red_line"), 800)
    if not quick:
        measure("synthetic province", synthetic_province(), ("control_unit",), 1600)


if __name__ == "__main__":
    main()

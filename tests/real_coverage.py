"""A real coverage (tests/data/README.md) as an edition: counties as control units, states as the region."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.edition import Edition
from sanxian.model import (
    Clause,
    Coverage,
    CoverageStatus,
    Dimension,
    Document,
    EditionInfo,
    Layer,
    LayerKind,
    Level,
    Scope,
    Zone,
)

SOURCE = "US Census Bureau, cartographic boundaries 2017, by us-atlas 3.0.1"
FILE = Path(__file__).parent / "data" / "chesapeake-counties.topojson"


@lru_cache(maxsize=1)
def shapes() -> Mapping[str, Mapping[str, tuple[str, BaseGeometry]]]:
    """Shapes of the file by object, then by id: name and geometry, as decoded, unrepaired."""
    topology = json.loads(FILE.read_text("utf-8"))
    scale, shift = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    # an arc is a first point and steps from it, in whole numbers
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]

    def ring(numbers: list[int]) -> np.ndarray[Any, Any]:
        lines = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
        return np.concatenate([line if i == 0 else line[1:] for i, line in enumerate(lines)])

    def polygon(rings: list[list[int]]) -> shapely.Polygon:
        shell, *holes = map(ring, rings)
        return shapely.Polygon(shell, [hole for hole in holes if len(hole) >= 4])

    def geometry(item: Mapping[str, Any]) -> BaseGeometry:
        # islands and enclaves that the file's quantisation made a line of are not there
        parts = [item["arcs"]] if item["type"] == "Polygon" else item["arcs"]
        made = [polygon(part) for part in parts if len(ring(part[0])) >= 4]
        return made[0] if len(made) == 1 else shapely.MultiPolygon(made)

    return {
        name: {item["id"]: (item["properties"]["name"], geometry(item)) for item in held["geometries"]}
        for name, held in topology["objects"].items()
    }


def unit_code(county: str) -> str:
    """A code of the national form for a county."""
    return f"ZH{county:0>6}20001"


def _zones() -> Iterator[Zone]:
    for county, (name, shape) in shapes()["counties"].items():
        yield Zone(
            layer="control_unit",
            code=unit_code(county),
            name=name,
            geometry=shape,
            zone_class="KEY",
            regions=(f"0{county}",),
        )
        yield Zone(layer="county", code=f"0{county}", name=name, geometry=shape, zone_class="county")
    for state, (name, shape) in shapes()["states"].items():
        yield Zone(layer="province", code=f"0{state}", name=name, geometry=shape, zone_class="province")


def real_edition(year: int = 2026) -> Edition:
    """The edition; every call builds a new, equal one."""
    rows = (
        ("control_unit", LayerKind.CONTROL_UNIT, True),
        ("county", LayerKind.ADMIN, True),
        ("province", LayerKind.ADMIN, True),
    )
    layers = tuple(
        Layer(id=name, kind=kind, title=name, accuracy_m=500.0, partition=partition, source=SOURCE)
        for name, kind, partition in rows
    )
    every = list(_zones())
    return Edition(
        info=EditionInfo(
            id=f"chesapeake/{year}",
            title=f"Chesapeake {year}（测试，非官方）",
            region="0",
            valid_from=date(year, 1, 1),
            source=SOURCE,
            synthetic=True,
        ),
        layers=layers,
        zones={layer.id: tuple(z for z in every if z.layer == layer.id) for layer in layers},
        clauses=(
            Clause(
                id="C-1",
                number="1",
                level=Level.PROVINCE,
                dimension=Dimension.SPATIAL,
                dimension_label="空间布局约束",
                category="",
                text="示例条款：优先保护水体。",
                document="d",
                scope=Scope(everywhere=True),
            ),
        ),
        documents={"d": Document(id="d", title="示例文件", source=SOURCE)},
        coverage=tuple(
            Coverage(layer=layer.id, region="0", status=CoverageStatus.COMPLETE, source=SOURCE)
            for layer in layers
        ),
        catalogues={},
    )

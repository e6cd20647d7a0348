"""Generalisation: the zones of an edition with fewer vertices, for maps of a scale, and for nothing else.

::

    for zoom, level in levels(edition, range(5, 11)).items():
        level.layers["control_unit"].zones  # same zones, same codes, simpler shapes

Neighbours share their simplified edge: a layer whose zones form a coverage is simplified as one (Visvalingam and
Whyatt's effective area, as GEOS does it), so nothing tears and nothing overlaps. Zones that do not form one are
simplified each by itself without changing their topology. Places that control units fill exactly (counties,
prefectures, blocks …) are put together from the simplified units, so that their borders run together as well. No
zone is lost at any zoom.

The tolerance is half a pixel of a web map (tiles of 256 px) on the ground at the region's middle latitude. Vertices
are taken away, never moved: what is left are vertices of the edition. Simplified shapes answer no question about a
project; what is written of them cannot be opened as an edition.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from sanxian import output
from sanxian.edition import DECIMALS, Edition
from sanxian.errors import NoSuchLayer, OutputFailed
from sanxian.model import STORAGE_CRS, SYNTHETIC, EditionInfo, Layer, LayerKind, Zone

EQUATOR_M: Final = 40_075_016.685578488  # of the sphere web maps are drawn on
TILE_PX: Final = 256
PIXELS: Final = 0.5  # tolerance, in pixels
TINY_PX: Final = 1.0  # zones smaller than this, either way, are marked
MAX_ZOOM: Final = 22
FORMAT: Final = "sanxian-display/1"
_DEGREE_M: Final = EQUATOR_M / 360.0

Method = Literal["coverage", "nested", "single"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayLayer:
    """One layer at one zoom."""

    layer: str
    title: str
    method: Method  # simplified as one coverage, put together from simplified units, or zone by zone
    zones: tuple[Zone, ...]  # in the order of the edition; only the shapes differ
    tiny: frozenset[int]  # rows of zones smaller than a pixel
    vertices: int
    vertices_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayLevel:
    """All layers at one zoom."""

    zoom: int
    pixel_m: float  # metres a pixel stands for at the region's middle latitude
    tolerance_m: float
    layers: Mapping[str, DisplayLayer]


def metres_per_pixel(zoom: int, latitude: float) -> float:
    """Return what a pixel of a web map stands for on the ground, in metres.

    Examples
    --------
    >>> round(metres_per_pixel(8, 36.0), 1)
    494.7
    """
    return EQUATOR_M * math.cos(math.radians(latitude)) / (TILE_PX * 2.0**zoom)


def levels(edition: Edition, zooms: Iterable[int], *, layers: Iterable[str] = ()) -> dict[int, DisplayLevel]:
    """Return the zones of an edition simplified for each zoom, coarsest first.

    Parameters
    ----------
    edition : Edition
        Or a draft; what crosses itself is simplified zone by zone.
    zooms : iterable of int
        Of web maps, 0 to 22.
    layers : iterable of str, optional
        These layers only.

    Raises
    ------
    ValueError
        A zoom is not between 0 and 22.
    NoSuchLayer
        The edition has no such layer.
    EditionIncomplete
        It has no region, so no latitude to measure at.
    """
    wanted = sorted(set(zooms))
    if not all(0 <= zoom <= MAX_ZOOM for zoom in wanted):
        raise ValueError(f"zoom is not between 0 and {MAX_ZOOM}: {wanted}")
    asked = tuple(layers)
    known = [layer.id for layer in edition.layers]
    for layer_id in asked:
        if layer_id not in known:
            raise NoSuchLayer(layer=layer_id, known=", ".join(known))
    _, south, _, north = edition.outline.bounds
    latitude = (south + north) / 2
    chosen = [layer for layer in edition.layers if not asked or layer.id in asked]
    # the units shape other layers whether they are asked for or not, so that a layer looks the same either way
    units = [
        layer for layer in edition.layers if layer.kind is LayerKind.CONTROL_UNIT and layer not in chosen
    ]
    prepared = {
        layer.id: _Prepared.of(layer, edition.zones.get(layer.id, ()), latitude)
        for layer in (*chosen, *units)
    }
    bases = [p for p in prepared.values() if p.layer.kind is LayerKind.CONTROL_UNIT and p.coverage.all()]
    fillings = {
        p.layer.id: found
        for p in prepared.values()
        for base in bases
        if p is not base and p.coverage.all() and (found := _filling(p, base)) is not None
    }
    made = {}
    for zoom in wanted:
        pixel = metres_per_pixel(zoom, latitude)
        simple = {base.layer.id: base.simplified(PIXELS * pixel) for base in bases}
        of_layers = {}
        for layer in chosen:
            one = prepared[layer.id]
            filling = fillings.get(layer.id)
            if filling is not None:
                shapes = _put_together(simple[filling.base], filling.parts)
                of_layers[layer.id] = one.shown(shapes, "nested", TINY_PX * pixel)
            else:
                shapes = simple[layer.id] if layer.id in simple else one.simplified(PIXELS * pixel)
                method: Method = "coverage" if one.coverage.any() else "single"
                of_layers[layer.id] = one.shown(shapes, method, TINY_PX * pixel)
        made[zoom] = DisplayLevel(
            zoom=zoom, pixel_m=pixel, tolerance_m=PIXELS * pixel, layers=MappingProxyType(of_layers)
        )
    return made


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One layer in local metres, so that a tolerance is the same either way."""

    layer: Layer
    zones: tuple[Zone, ...]
    shapes: NDArray[np.object_]
    coverage: NDArray[np.bool_]  # which zones are simplified together
    shrink: float

    @classmethod
    def of(cls, layer: Layer, zones: Sequence[Zone], latitude: float) -> _Prepared:
        shrink = math.cos(math.radians(latitude))
        shapes = np.empty(len(zones), dtype=object)
        shapes[:] = [zone.geometry for zone in zones]
        flat = shapely.transform(shapes, lambda xy: xy * (_DEGREE_M * shrink, _DEGREE_M))
        areal = shapely.get_dimensions(flat) == 2
        together = areal & _is_coverage(flat[areal])
        return cls(layer, tuple(zones), flat, together, shrink)

    def simplified(self, tolerance: float) -> NDArray[np.object_]:
        """Return the shapes simplified to a tolerance in metres, in local metres."""
        simple = self.shapes.copy()
        if self.coverage.any():
            simple[self.coverage] = shapely.coverage_simplify(self.shapes[self.coverage], tolerance)
        alone = ~self.coverage
        simple[alone] = shapely.simplify(self.shapes[alone], tolerance, preserve_topology=True)
        # what has not survived by itself is shown as it is: no zone is lost
        lost = alone & (shapely.is_empty(simple) | ~shapely.is_valid(simple))
        simple[lost] = self.shapes[lost]
        return simple

    def shown(self, simple: NDArray[np.object_], method: Method, tiny: float) -> DisplayLayer:
        """Return the layer with simplified shapes, back in degrees."""
        back = shapely.transform(
            simple, lambda xy: np.round(xy / (_DEGREE_M * self.shrink, _DEGREE_M), DECIMALS) + 0.0
        )
        west, south, east, north = shapely.bounds(self.shapes).reshape(-1, 4).T
        small = np.flatnonzero((east - west < tiny) & (north - south < tiny))
        return DisplayLayer(
            layer=self.layer.id,
            title=self.layer.title,
            method=method,
            zones=tuple(
                replace(zone, geometry=shape) for zone, shape in zip(self.zones, back.tolist(), strict=True)
            ),
            tiny=frozenset(small.tolist()),
            vertices=int(shapely.get_num_coordinates(back).sum()),
            vertices_before=int(shapely.get_num_coordinates(self.shapes).sum()),
        )


class _Filling(NamedTuple):
    """Which units fill each zone of a layer."""

    base: str  # id of the layer of units
    parts: tuple[NDArray[np.intp], ...]  # rows of units, by row of the zone


def _filling(places: _Prepared, base: _Prepared) -> _Filling | None:
    """Return which units make up each place; ``None`` unless they do so exactly."""
    inside = shapely.point_on_surface(base.shapes)
    unit, place = shapely.STRtree(places.shapes).query(inside, predicate="intersects")
    if len(unit) != len(inside) or len(np.unique(unit)) != len(inside):
        return None
    parts = tuple(unit[place == row] for row in range(len(places.shapes)))
    if not all(len(rows) for rows in parts):
        return None
    left = shapely.symmetric_difference(_put_together(base.shapes, parts), places.shapes)
    # nodes of unit borders on a place's border are rounded to the grid: nanometres of width
    exact = shapely.area(left) <= 1e-3 * shapely.length(places.shapes)
    return _Filling(base.layer.id, parts) if exact.all() else None


def _put_together(units: NDArray[np.object_], parts: Sequence[NDArray[np.intp]]) -> NDArray[np.object_]:
    made = np.empty(len(parts), dtype=object)
    made[:] = [shapely.coverage_union_all(units[rows]) for rows in parts]
    return made


def _is_coverage(shapes: NDArray[np.object_]) -> bool:
    """Return whether areas fit together edge to edge, or stand apart."""
    return bool(shapely.is_valid(shapes).all() and shapely.coverage_is_valid(shapes))


# --- files for maps --------------------------------------------------------------------------


def write_package(made: Mapping[int, DisplayLevel], info: EditionInfo, path: Path) -> None:
    """Write all levels to one GeoPackage, a table ``z08_control_unit`` for each layer and zoom.

    It has none of the tables of an edition. The same levels give the same bytes with the same GDAL.

    Raises
    ------
    OutputFailed
        It cannot be written there.
    """
    with output.replacing(path) as beside:
        # GDAL warns of any other ending
        work = beside.with_name(f"{beside.name}.gpkg")
        try:
            _write_tables(made, info, work)
            work.replace(beside)
        finally:
            work.unlink(missing_ok=True)


def _write_tables(made: Mapping[int, DisplayLevel], info: EditionInfo, path: Path) -> None:
    import pyogrio
    from pyogrio import raw

    stamp = f"{(info.published or info.valid_from).isoformat()}T00:00:00.000Z"
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": stamp})  # the clock would make two files differ
    try:
        for zoom, level in made.items():
            for layer in level.layers.values():
                rows = [_properties(zone, row in layer.tiny, info) for row, zone in enumerate(layer.zones)]
                shapes = np.array([zone.geometry for zone in layer.zones], dtype=object)
                raw.write(
                    str(path),
                    shapely.to_wkb(shapes),
                    [np.array([row[name] for row in rows], dtype=object) for name in _FIELDS],
                    np.array(_FIELDS, dtype=object),
                    layer=f"z{zoom:02d}_{layer.layer}",
                    driver="GPKG",
                    geometry_type="Unknown",
                    crs=STORAGE_CRS,
                    append=path.exists(),
                    layer_options={
                        "FID": "fid",
                        "GEOMETRY_NAME": "geom",
                        "IDENTIFIER": f"z{zoom:02d} {layer.title}",
                        "DESCRIPTION": _remark(info),
                    },
                )
    except (RuntimeError, pyogrio.errors.DataSourceError) as cause:  # GDAL's errors
        raise OutputFailed(path=path.name, reason=str(cause)) from cause
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


_FIELDS: Final = ("code", "name", "class", "subtype", "tiny", "remark")


def _remark(info: EditionInfo) -> str:
    mark = f"{SYNTHETIC}。" if info.synthetic else ""
    return f"{mark}仅供制图显示，不能用于研判 / for display only, never to judge by"


def _properties(zone: Zone, tiny: bool, info: EditionInfo) -> dict[str, Any]:
    return {
        "code": zone.code,
        "name": zone.name,
        "class": zone.zone_class,
        "subtype": zone.subtype,
        "tiny": tiny,
        "remark": _remark(info),
    }


def write_folder(made: Mapping[int, DisplayLevel], info: EditionInfo, folder: Path) -> None:
    """Write ``z08/control_unit.geojson`` for each layer and zoom, and last ``levels.json``, which lists them.

    Each file is whole or not there; a folder without ``levels.json`` was not finished. What is there under
    these names is replaced, nothing else is touched.

    Raises
    ------
    OutputFailed
        It cannot be written there.
    """
    try:
        (folder / "levels.json").unlink(missing_ok=True)
        for zoom in made:
            (folder / f"z{zoom:02d}").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output.failed(folder, error) from error
    for zoom, level in made.items():
        for layer in level.layers.values():
            output.write(folder / f"z{zoom:02d}" / f"{layer.layer}.geojson", _geojson(layer, info))
    output.write(folder / "levels.json", _manifest(made, info))


def _geojson(layer: DisplayLayer, info: EditionInfo) -> bytes:
    """Return a layer as GeoJSON, a feature a line."""
    shapes = shapely.to_geojson([zone.geometry for zone in layer.zones])
    lines = []
    for row, (zone, shape) in enumerate(zip(layer.zones, shapes.tolist(), strict=True)):
        properties = json.dumps(
            _properties(zone, row in layer.tiny, info), ensure_ascii=False, separators=(",", ":")
        )
        lines.append(f'{{"type":"Feature","properties":{properties},"geometry":{shape}}}')
    head = json.dumps(_remark(info), ensure_ascii=False)
    body = ",\n".join(lines)
    return f'{{"type":"FeatureCollection","remark":{head},"features":[\n{body}\n]}}\n'.encode()


def _manifest(made: Mapping[int, DisplayLevel], info: EditionInfo) -> bytes:
    record = {
        "format": FORMAT,
        "remark": _remark(info),
        "edition": {"id": info.id, "title": info.title, "digest": info.digest},
        "synthetic": info.synthetic,
        "crs": STORAGE_CRS,
        "levels": [
            {
                "zoom": level.zoom,
                "pixel_m": level.pixel_m,
                "tolerance_m": level.tolerance_m,
                "layers": [
                    {
                        "layer": layer.layer,
                        "title": layer.title,
                        "file": f"z{level.zoom:02d}/{layer.layer}.geojson",
                        "method": layer.method,
                        "zones": len(layer.zones),
                        "tiny": len(layer.tiny),
                        "vertices": layer.vertices,
                        "vertices_before": layer.vertices_before,
                    }
                    for layer in level.layers.values()
                ],
            }
            for level in made.values()
        ],
    }
    return (json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode()

"""One pipeline from any input to a :class:`Footprint`: read, place, repair, or refuse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ..errors import FootprintEmpty, FootprintLayer
from ..model import Notice, Part
from . import corners, readers
from . import crs as crs_module
from .crs import DatumShift, Region, Statement
from .layers import FeatureLayer
from .shapes import Feature, Kind, Piece, all_coordinates, build, check_finite, map_coordinates

DEFAULT_ROLES: Final[dict[Kind, str]] = {"polygon": "用地范围", "line": "线路", "point": "点位"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """用地范围: the parts of a project as read from one input."""

    parts: tuple[Part, ...]  # in the order of the input
    notices: tuple[Notice, ...]  # what a reader must know about how it was read
    source: str  # file name, never a path


def read_footprint(
    path: str | Path,
    *,
    crs: str | None = None,
    region: Region | None = None,
    role: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    datum: DatumShift | None = None,
    shape: Kind | None = None,
) -> Footprint:
    """Footprint in a file or folder of any supported format.

    Parameters
    ----------
    path : str or Path
        GeoJSON, Shapefile (zip, folder or .shp), KML, KMZ, GeoPackage, File Geodatabase (folder or
        zip), DXF, Excel or CSV corner table, or WKT; the content decides, not the name.
    crs : str, optional
        As :func:`~sanxian.geometry.parse_crs` takes it. Needed where the file states none; an error
        where it contradicts the file.
    region : Region, optional
        Region of the edition: sharpens what is proposed and what is called swapped or far off.
    role : str, optional
        工程组成 of every part; else layer names, attributes, then the default of the dimension.
    encoding, layer : str, optional
        Text encoding, and the only layer to read.
    datum : DatumShift, optional
        The user's own parameters, used only when the CRS stands on another datum than CGCS2000.
    shape : {"point", "line", "polygon"}, optional
        What a corner table lists, where it could be read in more than one way.

    Returns
    -------
    Footprint
        One part a feature and dimension, lon/lat EPSG:4490, valid, with the record of its repairs.

    Raises
    ------
    InputError
        ``FOOTPRINT_*`` for the file and its shapes, ``CRS_*`` for what its numbers mean. One bad
        feature refuses the file: a footprint with a piece missing would be a wrong answer.
    """
    path = Path(path)
    options = readers.Options(encoding=encoding, shape=shape, role=role)
    layers = readers.read_layers(path, options)
    return _assemble(layers, path.name, crs=crs, region=region, role=role, layer=layer, datum=datum)


def footprint_from_geojson(
    obj: object,
    *,
    crs: str | None = None,
    region: Region | None = None,
    role: str | None = None,
    datum: DatumShift | None = None,
    source: str = "inline",
) -> Footprint:
    """Footprint of a parsed GeoJSON object: geometry, Feature or FeatureCollection."""
    layers = (readers.read_geojson(obj, source),)
    return _assemble(layers, source, crs=crs, region=region, role=role, datum=datum)


def footprint_from_wkt(
    text: str,
    *,
    crs: str | None = None,
    region: Region | None = None,
    role: str | None = None,
    datum: DatumShift | None = None,
    source: str = "inline",
) -> Footprint:
    """Footprint of WKT or EWKT (``SRID=4490;…``), one geometry or one a line."""
    layers = readers.read_wkt(text, source)
    return _assemble(layers, source, crs=crs, region=region, role=role, datum=datum)


def footprint_from_point(
    lon: float | str,
    lat: float | str,
    *,
    crs: str | None = None,
    region: Region | None = None,
    role: str | None = None,
    datum: DatumShift | None = None,
    source: str = "point",
) -> Footprint:
    """Footprint of one typed point.

    Parameters
    ----------
    lon, lat : float or str
        Degrees, as a number or as text such as ``101°42'3.5"``; x and y in metres when ``crs`` is projected.
    crs : str, optional
        CGCS2000 lon/lat when not given: a typed longitude is one.
    """
    xy = np.array([[corners.number_of(lon, source), corners.number_of(lat, source)]])
    feature = Feature(number=1, pieces=(Piece("point", (xy,)),))
    layers = (FeatureLayer(name="", features=(feature,), crs=Statement("EPSG:4490", by="format")),)
    return _assemble(layers, source, crs=crs, region=region, role=role, datum=datum)


def footprint_from_corners(
    table: str | Iterable[Sequence[object]],
    *,
    crs: str | None = None,
    region: Region | None = None,
    role: str | None = None,
    datum: DatumShift | None = None,
    shape: Kind | None = None,
    source: str = "inline",
) -> Footprint:
    """Footprint of a pasted corner table: text as copied from a sheet or page, or rows of cells."""
    if isinstance(table, str):
        layers = corners.read_text(table, source, shape=shape, role=role)
    else:
        layers = corners.read_rows([("", [list(row) for row in table])], source, shape=shape, role=role)
    return _assemble(layers, source, crs=crs, region=region, role=role, datum=datum)


def _assemble(
    layers: Sequence[FeatureLayer],
    source: str,
    *,
    crs: str | None,
    region: Region | None,
    role: str | None,
    datum: DatumShift | None,
    layer: str | None = None,
) -> Footprint:
    several = len(layers) > 1
    if layer is not None:
        layers = _chosen(layers, layer, source)
    filled = [one for one in layers if one.features]
    if not filled:
        raise FootprintEmpty(source=source, where={"zh": "文件", "en": "the file"})
    parts: list[Part] = []
    notices: list[Notice] = [_empty_layer(one.name) for one in layers if not one.features]
    for one in filled:
        placed, label, said = _place(one, source, crs, region, datum, one.name if several else "")
        notices += said
        for feature in placed:
            for kind, geometry, repairs in build(feature, layer=one.name if several else "", source=source):
                parts.append(
                    Part(
                        role=role or (one.name if several else "") or feature.role or DEFAULT_ROLES[kind],
                        geometry=geometry,
                        name=feature.name,
                        crs_in=label,
                        source=source,
                        repairs=repairs,
                    )
                )
    return Footprint(parts=tuple(parts), notices=tuple(dict.fromkeys(notices)), source=source)


def _chosen(layers: Sequence[FeatureLayer], layer: str, source: str) -> tuple[FeatureLayer, ...]:
    chosen = tuple(one for one in layers if one.name == layer)
    if not chosen:
        raise FootprintLayer(source=source, layer=layer, layers=", ".join(one.name for one in layers))
    return chosen


def _empty_layer(name: str) -> Notice:
    return Notice(
        code="FOOTPRINT_LAYER_EMPTY",
        zh=f"图层“{name}”没有要素，未参与判定。",
        en=f"Layer “{name}” has no features and takes no part.",
    )


def _place(
    layer: FeatureLayer,
    source: str,
    crs: str | None,
    region: Region | None,
    datum: DatumShift | None,
    shown: str,
) -> tuple[tuple[Feature, ...], str, tuple[Notice, ...]]:
    """Return the features of ``layer`` in EPSG:4490, the label of their CRS, and what there is to say."""
    check_finite(layer.features, layer=shown, source=source)
    xy = all_coordinates(layer.features)
    reference, chosen = crs_module.decide(crs, layer.crs, xy, region, source=source)
    lonlat, said = crs_module.to_cgcs2000(xy, reference, region=region, datum=datum, source=source)
    label = f"{reference.label}@yx" if reference.order == "yx" else reference.label
    return map_coordinates(layer.features, lonlat), label, (*layer.notices, *chosen, *said)

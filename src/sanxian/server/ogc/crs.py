"""Reference systems of the features: which are offered, and their axis order.

Coordinates of an edition are longitude and latitude in CGCS2000; CGCS2000 and WGS 84 are taken as one, as everywhere in
this library (``geometry/crs.py``). What leaves in a reference system has the axis order its authority gives it:
EPSG:4490 and EPSG:4326 are latitude first, the Gauss–Krüger zones northing first.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from sanxian.edition import DECIMALS
from sanxian.errors import BadParameter
from sanxian.geometry.crs import unprefixed_code, zone_code

CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"
STORAGE: Final = f"{_EPSG}4490"
WGS84: Final = f"{_EPSG}4326"
WEB_MERCATOR: Final = f"{_EPSG}3857"
METRE_DECIMALS: Final = 4  # a tenth of a millimetre, as the nine decimals of a degree are
_NUMBER: Final = re.compile(re.escape(_EPSG) + r"(\d{4,5})")

Coordinates = NDArray[np.float64]
Shapes = NDArray[Any]  # of shapely geometries


def offered(bounds: tuple[float, float, float, float]) -> tuple[str, ...]:
    """Return the reference systems a layer is offered in: the default first.

    Parameters
    ----------
    bounds : west, south, east, north
        Of the edition, degrees. The 3-degree Gauss–Krüger zones it lies in are offered, with and without the zone's
        number before the easting.
    """
    west, _, east, _ = bounds
    codes: list[int | None] = []
    for number in range(math.floor(west / 3 + 0.5), math.floor(east / 3 + 0.5) + 1):
        codes += [unprefixed_code(3.0 * number), zone_code(number) if 25 <= number <= 45 else None]
    zones = [f"{_EPSG}{code}" for code in sorted(code for code in codes if code is not None)]
    return CRS84, WGS84, STORAGE, WEB_MERCATOR, *zones


def is_geographic(uri: str) -> bool:
    """Return whether coordinates are degrees."""
    return uri in (CRS84, WGS84, STORAGE)


@lru_cache(maxsize=128)
def _transformer(uri: str, *, back: bool) -> pyproj.Transformer:
    match = _NUMBER.fullmatch(uri)
    if match is None:
        raise ValueError(uri)
    # Web Mercator is of WGS 84: from CGCS2000 PROJ would look for a datum operation where we say there is none
    base = "EPSG:4326" if uri == WEB_MERCATOR else "EPSG:4490"
    ends = (f"EPSG:{match[1]}", base) if back else (base, f"EPSG:{match[1]}")
    return pyproj.Transformer.from_crs(*ends)


def to(shapes: Shapes, uri: str) -> Shapes:
    """Return shapes in longitude and latitude in another reference system, its axis order kept.

    Parameters
    ----------
    shapes : array of geometries
        Longitude and latitude, EPSG:4490.
    uri : str
        One of :func:`offered`.
    """
    if uri == CRS84:
        return shapes
    if is_geographic(uri):
        return np.asarray(shapely.transform(shapes, _swapped))
    change = _transformer(uri, back=False)

    def project(xy: Coordinates) -> Coordinates:
        first, second = change.transform(xy[:, 1], xy[:, 0])
        return np.round(np.column_stack((first, second)), METRE_DECIMALS)

    return np.asarray(shapely.transform(shapes, project))


def coordinates_from(xy: Coordinates, uri: str) -> Coordinates:
    """Return positions of a reference system, in its axis order, as longitude and latitude."""
    if uri == CRS84:
        return xy
    if is_geographic(uri):
        return _swapped(xy)
    lat, lon = _transformer(uri, back=True).transform(xy[:, 0], xy[:, 1])
    return np.round(np.column_stack((lon, lat)), DECIMALS + 3)


def shapes_from(shapes: Shapes, uri: str, parameter: str) -> Shapes:
    """Return shapes given in a reference system, in longitude and latitude.

    Raises
    ------
    BadParameter
        A position is not one of that reference system.
    """
    made = np.asarray(shapely.transform(shapes, lambda xy: coordinates_from(xy, uri)))
    if not np.isfinite(shapely.get_coordinates(made)).all():
        raise BadParameter(
            parameter=parameter,
            reason={"zh": f"坐标不在 {uri} 的范围内", "en": f"a position lies outside of {uri}"},
        )
    return made


def _swapped(xy: Coordinates) -> Coordinates:
    return xy[:, ::-1]

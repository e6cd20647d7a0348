"""Footprints: formats, CRS, datum, encodings, repair, roles.

``read_footprint`` is the one deep function; its siblings take what is typed or pasted. Whatever the
input, the result is valid geometry in CGCS2000 (EPSG:4490) with a record of what was done to it.
"""

from .crs import (
    DatumShift,
    Region,
    bd09_to_wgs84,
    candidates,
    gcj02_to_wgs84,
    parse_crs,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from .footprint import (
    DEFAULT_ROLES,
    Footprint,
    footprint_from_corners,
    footprint_from_geojson,
    footprint_from_point,
    footprint_from_wkt,
    read_footprint,
)
from .shapes import area_step, follow_lonlat, lonlat_area, lonlat_areas, measure

__all__ = [
    "DEFAULT_ROLES",
    "DatumShift",
    "Footprint",
    "Region",
    "area_step",
    "bd09_to_wgs84",
    "candidates",
    "follow_lonlat",
    "footprint_from_corners",
    "footprint_from_geojson",
    "footprint_from_point",
    "footprint_from_wkt",
    "gcj02_to_wgs84",
    "lonlat_area",
    "lonlat_areas",
    "measure",
    "parse_crs",
    "read_footprint",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
]

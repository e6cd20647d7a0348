"""What coordinates mean: CRS statements, datums, map-app offsets, and refusing to guess.

PROJ answers a request between two datums even when it knows no parameters ("ballpark"), which
leaves Beijing 1954 and Xi'an 1980 coordinates up to a hundred metres off without a word. So the
datum is looked at first: CGCS2000 and WGS 84 are taken as one (they agree to well under a metre),
every other datum needs parameters, either the user's own or a published operation with a stated accuracy.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from ..errors import (
    BadDatumShift,
    ConflictingCRS,
    DatumShiftNeeded,
    MissingCRS,
    NumbersDoNotFitCRS,
    SwappedAxes,
    UnknownCRS,
)
from ..model import Notice
from .shapes import CGCS2000_A, CGCS2000_RF, Coordinates

if TYPE_CHECKING:
    import pyproj

WGS84_RF: Final = 298.257223563
MAX_PROPOSALS: Final = 6  # listed in one message
CHINA: Final = (70.0, 0.0, 140.0, 56.0)  # lon/lat box; where a footprint is expected
NORTHINGS: Final = (1.6e6, 6.25e6)  # metres from the equator between 14.5°N and 56°N
UNPREFIXED_EASTINGS: Final = (1e5, 9e5)
FAR_FROM_MERIDIAN_DEG: Final = 3.0
MAX_REACH_DEG: Final = 20.0  # a Gauss–Krüger coordinate farther from its meridian is a mistake
MAX_OPERATION_ERROR_M: Final = 1.0  # a published datum operation must claim at least this


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The region of an edition: helps to recognise swapped axes and to propose a CRS."""

    code: str  # GB/T 2260
    name: str
    outline: BaseGeometry  # lon/lat EPSG:4490


@dataclass(frozen=True, slots=True, kw_only=True)
class DatumShift:
    """Local Helmert parameters from the datum of the input to CGCS2000.

    Rotations come in two opposite sign conventions; a wrong sign moves a site by metres, so the
    convention has no default: ``coordinate_frame`` is the Bursa–Wolf model (布尔沙) usual in China
    (EPSG method 9607), ``position_vector`` is EPSG method 9606.
    """

    dx_m: float
    dy_m: float
    dz_m: float
    rx_arcsec: float = 0.0
    ry_arcsec: float = 0.0
    rz_arcsec: float = 0.0
    scale_ppm: float = 0.0
    convention: Literal["coordinate_frame", "position_vector"] | None = None

    def __post_init__(self) -> None:
        numbers = (
            self.dx_m,
            self.dy_m,
            self.dz_m,
            self.rx_arcsec,
            self.ry_arcsec,
            self.rz_arcsec,
            self.scale_ppm,
        )
        if not all(math.isfinite(n) for n in numbers):
            raise BadDatumShift(text=str(numbers), reason={"zh": "不是有限数", "en": "a value is not finite"})
        if any(numbers[3:6]) and self.convention not in ("coordinate_frame", "position_vector"):
            raise BadDatumShift(
                text=str(numbers),
                reason={"zh": "有旋转角但未说明旋转约定", "en": "rotations need their convention"},
            )

    @classmethod
    def parse(cls, text: str) -> DatumShift:
        """Return the shift written as ``dx,dy,dz`` or ``dx,dy,dz,rx,ry,rz,k,convention``.

        Examples
        --------
        >>> DatumShift.parse("12.5,-130,-77").dy_m
        -130.0
        """
        words = [word for word in re.split(r"[,，\s]+", text.strip()) if word]
        try:
            numbers = [float(word) for word in words[:7]]
        except ValueError:
            numbers = []
        if len(numbers) == 3 == len(words):
            return cls(dx_m=numbers[0], dy_m=numbers[1], dz_m=numbers[2])
        if len(numbers) == 7 and len(words) in (7, 8):
            dx, dy, dz, rx, ry, rz, ppm = numbers
            return cls(
                dx_m=dx, dy_m=dy, dz_m=dz, rx_arcsec=rx, ry_arcsec=ry, rz_arcsec=rz, scale_ppm=ppm,
                convention=words[7] if len(words) == 8 else None,  # type: ignore[arg-type]  # checked on creation
            )  # fmt: skip
        raise BadDatumShift(text=text, reason={"zh": "应为 3 个或 7 个数", "en": "3 or 7 numbers are needed"})

    def proj(self) -> str:
        """Return the parameters in PROJ's words."""
        step = f"+proj=helmert +x={self.dx_m!r} +y={self.dy_m!r} +z={self.dz_m!r}"
        if self.convention is None:
            return f"{step} +s={self.scale_ppm!r} +convention=position_vector"  # no rotation: either will do
        return (
            f"{step} +rx={self.rx_arcsec!r} +ry={self.ry_arcsec!r} +rz={self.rz_arcsec!r} "
            f"+s={self.scale_ppm!r} +convention={self.convention}"
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """A CRS somebody stated, before it is checked against the numbers."""

    text: str  # as written
    by: Literal["file", "format", "numbers"] = "file"
    # file: stated in it, so another CRS is a contradiction. format: its standard says so (KML,
    # RFC 7946), yet map apps export GCJ-02 that way, so a user may know better. numbers: the zone
    # prefix of the eastings, which fixes the projection but not the datum.


@dataclass(frozen=True, slots=True)
class Reference:
    """A CRS that can be used: how x, y become longitude and latitude."""

    label: str  # "EPSG:4522", "GCJ02", or the name the file gives
    proj: pyproj.CRS
    offset: Literal["", "GCJ02", "BD09"] = ""  # map-app distortion on top of lon/lat
    order: Literal["", "xy", "yx"] = ""  # axis order the user insists on


# --- words to CRS ----------------------------------------------------------------------------

_ALIASES: Final = {
    "CGCS2000": "EPSG:4490",
    "国家2000": "EPSG:4490",
    "2000国家大地坐标系": "EPSG:4490",
    "WGS84": "EPSG:4326",
    "CRS84": "EPSG:4326",
    "OGC:CRS84": "EPSG:4326",
    "GCJ02": "GCJ02",
    "火星坐标": "GCJ02",
    "火星坐标系": "GCJ02",
    "BD09": "BD09",
    "BD09LL": "BD09",
    "百度坐标": "BD09",
    "百度坐标系": "BD09",
}
_EPSG: Final = re.compile(
    r"(?:.*/EPSG/[^/]*/|urn:(?:x-)?ogc:def:crs:EPSG:[^:]*:|EPSG:{1,2})?(\d{4,6})", re.IGNORECASE
)
_CRS84: Final = re.compile(r".*(?:OGC[:/][^:/]*[:/]|OGC:)CRS84", re.IGNORECASE)


def parse_crs(text: str, *, source: str) -> Reference:
    """Return the CRS named by ``text``.

    Parameters
    ----------
    text : str
        ``EPSG:4522``, ``4522``, ``CGCS2000``, ``WGS84``, ``GCJ02``, ``BD09``, an OGC URN or URL, or WKT.
        A trailing ``@yx`` says that latitude or northing comes first, ``@xy`` that it does not.
    """
    name, _, order = text.strip().partition("@") if "[" not in text else (text.strip(), "", "")
    if order not in ("", "xy", "yx"):
        raise _unknown(text, source, "“@”后只能是 xy 或 yx", "only xy or yx may follow “@”")
    key = re.sub(r"[\s_-]", "", name).upper()
    known = _ALIASES.get(key, "EPSG:4326" if _CRS84.fullmatch(name) else "")
    if known in ("GCJ02", "BD09"):
        return Reference(known, _epsg(4490), offset=known, order=order)  # type: ignore[arg-type]
    if code := _EPSG.fullmatch(known or name):
        return Reference(f"EPSG:{code[1]}", _usable(int(code[1]), text, source), order=order)  # type: ignore[arg-type]
    if "[" in name:
        return _from_wkt(name, source)
    raise _unknown(text, source, "不认识这个名称", "the name is not known")


def _unknown(text: str, source: str, zh: str, en: str) -> UnknownCRS:
    short = text if len(text) <= 80 else text[:77] + "…"
    return UnknownCRS(source=source, crs=short, reason={"zh": zh, "en": en})


@lru_cache(maxsize=128)
def _epsg(code: int) -> pyproj.CRS:
    import pyproj

    return pyproj.CRS.from_epsg(code)


def _usable(code: int, text: str, source: str) -> pyproj.CRS:
    from pyproj.exceptions import CRSError

    try:
        return _flat(code)
    except CRSError:
        raise _unknown(text, source, "EPSG 中没有这个代码", "EPSG has no such code") from None
    except UnknownCRS:
        return _horizontal(_epsg(code), text, source)  # refused once more, in the words of who asked


@lru_cache(maxsize=128)
def _flat(code: int) -> pyproj.CRS:
    """Return a code's CRS as it is used; making it anew for each project would cost as much as reading one."""
    return _horizontal(_epsg(code), f"EPSG:{code}", "")


def _from_wkt(text: str, source: str) -> Reference:
    import pyproj
    from pyproj.exceptions import ProjError

    try:
        crs = _horizontal(pyproj.CRS.from_wkt(text), text, source)
        _unproject(crs)  # a damaged projection may parse and yet lead nowhere
    except ProjError:
        raise _unknown(text, source, "WKT 无法解析", "the WKT cannot be parsed") from None
    code = crs.to_epsg() or gauss_kruger_code(crs) or _likely_code(crs)
    return Reference(f"EPSG:{code}" if code else crs.name, _epsg(code) if code else crs)


def _likely_code(crs: pyproj.CRS) -> int | None:
    """Return the EPSG code PROJ finds by a looser look at the names, if it means the same."""
    code = crs.to_epsg(min_confidence=20)
    if code is None or not same_meaning(Reference("", crs), Reference("", _epsg(code))):
        return None
    return code


def _horizontal(crs: pyproj.CRS, text: str, source: str) -> pyproj.CRS:
    """Return the two-dimensional part of ``crs`` without bound parameters, or refuse it."""
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs  # TOWGS84 in a file is nobody's survey: the datum rules below decide
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    crs = crs.to_2d()
    if not (crs.is_geographic or crs.is_projected):
        raise _unknown(
            text, source, "不是经纬度或投影坐标系（如独立坐标系）", "it is neither geographic nor projected"
        )
    if crs.is_geographic and not math.isclose(crs.axis_info[0].unit_conversion_factor, math.radians(1)):
        raise _unknown(text, source, "角度单位不是度", "its angles are not in degrees")
    return crs


def _parameters(crs: pyproj.CRS) -> dict[str, float] | None:
    """Return the parameters of a Gauss–Krüger projection (transverse Mercator, scale 1), else None."""
    operation = crs.coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        return None
    values = {p.name: float(p.value) for p in operation.params}
    return {  # left out of a .prj, a parameter has PROJ's default
        "meridian": values.get("Longitude of natural origin", 0.0),
        "easting": values.get("False easting", 0.0),
        "northing": values.get("False northing", 0.0),
        "latitude": values.get("Latitude of natural origin", 0.0),
        "scale": values.get("Scale factor at natural origin", 1.0),
    }


def _geodetic(crs: pyproj.CRS) -> Any:
    """Return the geographic CRS below ``crs``; it has a datum and an ellipsoid.

    pyproj's types allow none, which only engineering and vertical systems lack: those are refused.
    """
    return crs.geodetic_crs


def _datum_of(crs: pyproj.CRS) -> Literal["CGCS2000", "WGS84", ""]:
    """Return which of the two datums taken as one ``crs`` stands on; "" for any other."""
    code = next((code for code in _KNOWN_DATUMS if _flat(code) is crs), None)
    return _datum_by_name(crs) if code is None else _KNOWN_DATUMS[code]


_KNOWN_DATUMS: Final[Mapping[int, Literal["CGCS2000", "WGS84"]]] = {4490: "CGCS2000", 4326: "WGS84"}
"""Those nearly every project comes in; what :func:`_datum_by_name` says of them, without asking PROJ."""


def _datum_by_name(crs: pyproj.CRS) -> Literal["CGCS2000", "WGS84", ""]:
    geodetic = _geodetic(crs)
    flattening = geodetic.ellipsoid.inverse_flattening
    name = re.sub(r"[\W_]", "", geodetic.datum.name).lower()
    if math.isclose(flattening, CGCS2000_RF, abs_tol=1e-9) and re.search("china|cgcs2000", name):
        return "CGCS2000"
    if math.isclose(flattening, WGS84_RF, abs_tol=1e-9) and re.search(
        "wgs(19)?84|worldgeodeticsystem1984", name
    ):
        return "WGS84"
    return ""


def gauss_kruger_code(crs: pyproj.CRS) -> int | None:
    """Return the EPSG code of a CGCS2000 Gauss–Krüger zone, by its parameters, not its name."""
    p = _parameters(crs)
    if p is None or _datum_of(crs) != "CGCS2000" or crs.axis_info[0].unit_conversion_factor != 1.0:
        return None
    if (p["northing"], p["latitude"], p["scale"]) != (0.0, 0.0, 1.0):
        return None
    zone, rest = divmod(p["easting"], 1e6)
    if rest != 500000.0 or p["meridian"] % 3:
        return None
    wide = "3" not in re.sub(r"2000|\d{2,}", "", crs.name)  # both widths share a meridian; the name tells
    code = zone_code(int(zone)) if zone else unprefixed_code(p["meridian"], six_degree=wide)
    expected = None if code is None else _parameters(_epsg(code))
    return code if expected is not None and expected["meridian"] == p["meridian"] else None


# First code of the prefixed 3-degree (zone 25) and 6-degree (zone 13) zones, and of lon/lat.
_DATUM_CODES: Final = {
    "CGCS2000": (4513, 4491, 4490),
    "Xian80": (2349, 2327, 4610),
    "Beijing54": (2401, 21413, 4214),
}


def zone_code(zone: int, datum: str = "CGCS2000") -> int | None:
    """Return the EPSG code of zone-prefixed eastings: 25–45 are 3-degree, 13–23 6-degree zones.

    Examples
    --------
    >>> zone_code(33), zone_code(17), zone_code(12), zone_code(33, "Xian80")
    (4521, 4495, None, 2357)
    """
    three, six, _ = _DATUM_CODES[datum]
    if 25 <= zone <= 45:
        return three + zone - 25
    if 13 <= zone <= 23:
        return six + zone - 13
    return None


def central_meridian(code: int) -> float:
    """Return the central meridian of a Gauss–Krüger zone, degrees east."""
    parameters = _parameters(_epsg(code))
    if parameters is None:
        raise ValueError(code)
    return parameters["meridian"]


def geographic_code(datum: str) -> int:
    """Return the EPSG code of longitude/latitude on ``datum``."""
    return _DATUM_CODES[datum][2]


def unprefixed_code(meridian: float, *, six_degree: bool = False) -> int | None:
    """Return the EPSG code of the zone on ``meridian`` without zone prefix.

    A 3-degree and a 6-degree zone on one meridian give the same numbers, under two codes.
    """
    if meridian % 3 or not 75 <= meridian <= 135:
        return None
    if six_degree and meridian % 6 == 3:
        return 4502 + int(meridian - 75) // 6
    return 4534 + int(meridian - 75) // 3


def same_meaning(a: Reference, b: Reference) -> bool:
    """Whether two CRS put the same numbers in the same place (CGCS2000 and WGS 84 count as one)."""
    if a.offset != b.offset:
        return False
    if a.proj == b.proj:
        return True
    if not (_datum_of(a.proj) and _datum_of(b.proj)):
        return False
    if a.proj.is_geographic and b.proj.is_geographic:
        return True
    p, q = _parameters(a.proj), _parameters(b.proj)
    return p is not None and p == q


# --- deciding --------------------------------------------------------------------------------


def decide(
    user: str | None, declared: Statement | None, xy: Coordinates, region: Region | None, *, source: str
) -> tuple[Reference, tuple[Notice, ...]]:
    """Return the CRS to read ``xy`` in, from what the user and the file say; never from a guess."""
    stated = parse_crs(declared.text, source=source) if declared else None
    if user is None:
        if stated is None or declared is None:
            raise missing(xy, region, source=source)
        if declared.by == "format" and np.abs(xy).max() > 180:  # metres where the standard has degrees
            raise missing(xy, region, source=source)
        return stated, ()
    given = parse_crs(user, source="--crs")
    if stated is None or declared is None or same_meaning(given, stated):
        return given, ()
    if declared.by == "numbers" and _parameters(given.proj) == _parameters(stated.proj):
        return given, ()
    if declared.by != "format":
        raise ConflictingCRS(source=source, declared=stated.label, given=given.label)
    return given, (
        Notice(
            code="CRS_OVERRIDES_FORMAT",
            zh=f"{source} 的格式标准规定坐标为 {stated.label}，按用户指定的 {given.label} 读取。",
            en=f"The format of {source} means {stated.label} by standard; it was read as {given.label}, as told.",
        ),
    )


def missing(xy: Coordinates, region: Region | None, *, source: str) -> MissingCRS:
    """Return the error for coordinates without CRS, with what they could be."""
    return MissingCRS(source=source, example=example(xy), hint=_hint(candidates(xy, region)))


def example(xy: Coordinates) -> str:
    """Return the first coordinate pair as a message shows it."""
    return f"{xy[0, 0]:.10g}, {xy[0, 1]:.10g}"


def _hint(proposals: tuple[str, ...]) -> dict[str, str]:
    if not proposals:
        return {
            "zh": "没有任何 CGCS2000 分带能把它放进该区域，请向数据提供者核实坐标系后用 --crs 指定。",
            "en": "No CGCS2000 zone puts it into the region; ask where it came from, then pass --crs.",
        }
    options = "; ".join(f"--crs {code}{_meridian_note(code)}" for code in proposals[:MAX_PROPOSALS])
    if len(proposals) > MAX_PROPOSALS:
        options += f"; … --crs {proposals[-1]}{_meridian_note(proposals[-1])}"
    if len(proposals) == 1:
        degrees = proposals[0].startswith("EPSG:4490")
        return {
            "zh": f"数值只与一种 CGCS2000 坐标系相符，核实后请加 {options}。"
            + ("若取自地图应用，请用 --crs GCJ02（高德、腾讯）或 --crs BD09（百度）。" if degrees else ""),
            "en": f"The numbers fit one CGCS2000 system only; check, then pass {options}."
            + (" If picked on a Chinese map app, pass --crs GCJ02 or --crs BD09." if degrees else ""),
        }
    return {
        "zh": f"可能是以下之一，请核实中央经线后指定：{options}。",
        "en": f"It may be one of these; find out the central meridian and pass it: {options}.",
    }


def _meridian(label: str) -> float | None:
    p = _parameters(_epsg(int(label.removeprefix("EPSG:").partition("@")[0])))
    return None if p is None else p["meridian"]


def _meridian_note(label: str) -> str:
    meridian = _meridian(label)
    return "" if meridian is None else f" ({meridian:g}°E)"


def candidates(xy: Coordinates, region: Region | None) -> tuple[str, ...]:
    """Return the CGCS2000 systems in which ``xy`` would lie in the region (else in China), best known first."""
    found: list[str] = []
    for suffix, points in (("", xy), ("@yx", xy[:, ::-1])):
        for code in _codes_fitting(points):
            to_lonlat = _unproject(_epsg(code))
            p = _parameters(_epsg(code))
            lonlat = to_lonlat(points)
            if not _inside(lonlat, region):
                continue
            reach = 2.0 if code >= 4513 else 3.5
            if p is None or float(np.abs(lonlat[:, 0] - p["meridian"]).max()) <= reach or _prefixed(points):
                found.append(f"EPSG:{code}{suffix}")
    return tuple(found)


def _codes_fitting(points: Coordinates) -> list[int]:
    x, y = points[:, 0], points[:, 1]
    if np.abs(x).max() <= 180 and np.abs(y).max() <= 90:
        return [4490]
    if not (y.min() >= NORTHINGS[0] and y.max() <= NORTHINGS[1]):
        return []
    if _prefixed(points):
        zones = np.unique(x // 1e6)
        code = zone_code(int(zones[0])) if len(zones) == 1 else None
        return [] if code is None else [code]
    if x.min() >= UNPREFIXED_EASTINGS[0] and x.max() <= UNPREFIXED_EASTINGS[1]:
        wide = np.abs(x - 5e5).max() > 1.7e5  # beyond the reach of a 3-degree zone
        return [*range(4502, 4513)] if wide else [*range(4534, 4555)]
    return []


def _prefixed(points: Coordinates) -> bool:
    return bool(points[:, 0].min() >= 1.3e7 and points[:, 0].max() < 4.6e7)


def _inside(lonlat: Coordinates, region: Region | None) -> bool:
    """Whether the place is in the region, or in China when no region is known."""
    if not np.isfinite(lonlat).all():
        return False
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    west, south, east, north = CHINA if region is None else region.outline.bounds
    if lon.max() < west or lon.min() > east or lat.max() < south or lat.min() > north:
        return False
    if region is None:
        return bool(lon.min() >= west and lon.max() <= east and lat.min() >= south and lat.max() <= north)
    return bool(region.outline.intersects(shapely.MultiPoint(lonlat[:: max(1, len(lonlat) // 1000)])))


# --- coordinates to CGCS2000 -----------------------------------------------------------------

ToLonLat = Callable[[Coordinates], Coordinates]


def to_cgcs2000(
    xy: Coordinates, reference: Reference, *, region: Region | None, datum: DatumShift | None, source: str
) -> tuple[Coordinates, tuple[Notice, ...]]:
    """Return ``xy`` as lon/lat in EPSG:4490.

    Raises
    ------
    SwappedAxes
        The numbers make sense in China only with their axes exchanged, and the user has not said so.
    NumbersDoNotFitCRS
        They make no sense in this CRS at all.
    DatumShiftNeeded
        The datum is another one and nobody gave parameters.
    """
    shift, notices = _datum_step(reference, xy, datum, source)
    ordered = xy[:, ::-1] if reference.order == "yx" else xy
    to_lonlat = _unproject(reference.proj)
    lonlat = to_lonlat(ordered)
    if not reference.order and _looks_swapped(lonlat, to_lonlat(xy[:, ::-1]), reference, region):
        raise SwappedAxes(
            source=source, example=example(xy), swap=f"{reference.label}@yx", keep=f"{reference.label}@xy"
        )
    _check_reach(lonlat, reference, xy, region, source)
    lonlat = shift(lonlat)
    return lonlat, (*notices, *_zone_notice(lonlat, reference), *_region_notice(lonlat, region))


def _looks_swapped(
    given: Coordinates, swapped: Coordinates, reference: Reference, region: Region | None
) -> bool:
    """Whether only the exchanged axes lead into China, near the zone's meridian, or into the region."""
    sensible = [_in_reach(lonlat, reference) and _inside(lonlat, None) for lonlat in (given, swapped)]
    if sensible == [True, True]:  # a northing taken for an easting may land at sea, far from the meridian
        sensible = [_degrees_away(lonlat, reference) <= FAR_FROM_MERIDIAN_DEG for lonlat in (given, swapped)]
    if sensible == [False, True]:
        return True
    return region is not None and _inside(swapped, region) and not _inside(given, region)


def _in_reach(lonlat: Coordinates, reference: Reference) -> bool:
    """Whether numbers can be in their CRS: degrees in range, metres not a hemisphere from the meridian."""
    if not np.isfinite(lonlat).all() or np.abs(lonlat[:, 0]).max() > 180 or np.abs(lonlat[:, 1]).max() > 90:
        return False
    return _degrees_away(lonlat, reference) <= MAX_REACH_DEG


def _degrees_away(lonlat: Coordinates, reference: Reference) -> float:
    """Return the greatest distance from the central meridian; 0 where there is none."""
    p = _parameters(reference.proj)
    return 0.0 if p is None else float(np.abs(lonlat[:, 0] - p["meridian"]).max())


@lru_cache(maxsize=64)
def _unproject(crs: pyproj.CRS) -> ToLonLat:
    """Return the exact conversion from ``crs`` to lon/lat on its own datum; impossible points become inf."""
    if crs.is_geographic:
        return lambda xy: np.array(xy, dtype=np.float64)
    import pyproj

    transformer = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)

    def convert(xy: Coordinates) -> Coordinates:
        lon, lat = transformer.transform(xy[:, 0], xy[:, 1])
        return np.column_stack([lon, lat])

    return convert


def _check_reach(
    lonlat: Coordinates, reference: Reference, xy: Coordinates, region: Region | None, source: str
) -> None:
    """Refuse numbers that cannot be in their CRS, such as degrees read as metres."""
    degrees_as_metres = reference.proj.is_projected and np.abs(xy).max() <= 180
    if degrees_as_metres or not _in_reach(lonlat, reference):
        proposals = candidates(xy, region)
        p = _parameters(reference.proj)
        if p is not None:  # most likely the right meridian with the prefix wrong
            same = tuple(c for c in proposals if _meridian(c) == p["meridian"])
            proposals = same or proposals
        raise NumbersDoNotFitCRS(
            source=source, example=example(xy), crs=reference.label, hint=_hint(proposals)
        )


def _datum_step(
    reference: Reference, xy: Coordinates, datum: DatumShift | None, source: str
) -> tuple[ToLonLat, tuple[Notice, ...]]:
    """Return the step from the datum of ``reference`` to CGCS2000."""
    if reference.offset:
        return _OFFSETS[reference.offset], (
            Notice(
                code="CRS_MAP_APP",
                zh=f"坐标按 {reference.offset}（地图应用偏移坐标）还原为 CGCS2000；在地图上取点本身只准到数米至数十米。",
                en=f"Coordinates restored from {reference.offset} (map-app offset) to CGCS2000; points picked on such a "
                "map are themselves good to metres or tens of metres only.",
            ),
        )
    if _datum_of(reference.proj):
        return lambda lonlat: lonlat, ()
    if datum is not None:
        return _helmert(reference, datum), (
            Notice(
                code="CRS_DATUM_SHIFT",
                zh=f"{reference.label} 按用户提供的参数转换到 CGCS2000：{datum.proj()}。",
                en=f"{reference.label} was shifted to CGCS2000 by the user's parameters: {datum.proj()}.",
            ),
        )
    return _published_operation(reference, xy, source)


def _helmert(reference: Reference, datum: DatumShift) -> ToLonLat:
    import pyproj

    ellipsoid = _geodetic(reference.proj).ellipsoid
    a, rf = ellipsoid.semi_major_metre, ellipsoid.inverse_flattening
    transformer = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        f"+step +proj=cart +a={a!r} +rf={rf!r} +step {datum.proj()} "
        f"+step +inv +proj=cart +a={CGCS2000_A!r} +rf={CGCS2000_RF!r} "
        "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )

    def shift(lonlat: Coordinates) -> Coordinates:
        lon, lat, _ = transformer.transform(lonlat[:, 0], lonlat[:, 1], np.zeros(len(lonlat)))
        return np.column_stack([lon, lat])

    return shift


def _published_operation(
    reference: Reference, xy: Coordinates, source: str
) -> tuple[ToLonLat, tuple[Notice, ...]]:
    """Return a published operation that covers the place and states its accuracy; else refuse.

    Beijing 1954 and Xi'an 1980 never get one: those EPSG lists are for oil basins and offshore blocks.
    """
    from pyproj.transformer import TransformerGroup

    geodetic = _geodetic(reference.proj)
    name = geodetic.datum.name
    refused = DatumShiftNeeded(source=source, crs=reference.label, datum=name)
    if re.search(r"beijing|xian|xi.an|unknown|not.?specified", name, re.IGNORECASE):
        raise refused
    lonlat = _unproject(reference.proj)(xy[:, ::-1] if reference.order == "yx" else xy)
    if not np.isfinite(lonlat).all():
        raise refused
    (west, south), (east, north) = lonlat.min(axis=0).tolist(), lonlat.max(axis=0).tolist()
    with warnings.catch_warnings():  # that a better operation lacks its grid is judged by accuracy below
        warnings.simplefilter("ignore")
        group = TransformerGroup(geodetic, _epsg(4326), always_xy=True, allow_ballpark=False)
    for operation in group.transformers:
        area: Any = operation.area_of_use  # a composed operation may have none, whatever the types say
        if not (area and area.west <= west and east <= area.east):
            continue
        if area.south <= south and north <= area.north and 0 <= operation.accuracy <= MAX_OPERATION_ERROR_M:
            break
    else:
        raise refused

    def shift(given: Coordinates) -> Coordinates:
        lon, lat = operation.transform(given[:, 0], given[:, 1])
        return np.column_stack([lon, lat])

    return shift, (
        Notice(
            code="CRS_DATUM_OPERATION",
            zh=f"{reference.label} 按公开参数转换到 CGCS2000（{operation.description}，精度 {operation.accuracy:g} m）。",
            en=f"{reference.label} was shifted to CGCS2000 by a published operation ({operation.description}, "
            f"accuracy {operation.accuracy:g} m).",
        ),
    )


def _zone_notice(lonlat: Coordinates, reference: Reference) -> tuple[Notice, ...]:
    p, away = _parameters(reference.proj), _degrees_away(lonlat, reference)
    if p is None or away <= FAR_FROM_MERIDIAN_DEG:
        return ()
    return (
        Notice(
            code="CRS_FAR_ZONE",
            zh=f"坐标系 {reference.label} 的中央经线是 {p['meridian']:g}°E，而项目离它 {away:.1f}°，已超出该带正常范围；"
            "位置按声明计算，请核对带号是否写错。",
            en=f"The central meridian of {reference.label} is {p['meridian']:g}°E, but the place is {away:.1f}° from it, "
            "outside the zone's normal reach; it was placed as declared. Check the zone.",
        ),
    )


def _region_notice(lonlat: Coordinates, region: Region | None) -> tuple[Notice, ...]:
    if region is None or _inside(lonlat, region):
        return ()
    lon, lat = lonlat.mean(axis=0)
    return (
        Notice(
            code="PLACE_NOT_IN_REGION",
            zh=f"坐标（约 {lon:.4f}°E，{lat:.4f}°N）不在{region.name}内，请核对坐标和坐标系。",
            en=f"The place (about {lon:.4f}°E, {lat:.4f}°N) is not in {region.name}; check coordinates and CRS.",
        ),
    )


# --- map-app offsets -------------------------------------------------------------------------
# GCJ-02 is what Chinese map apps show: WGS 84 plus a smooth offset of up to about 700 m, by the
# formulas in wide use since 2010. BD-09 is Baidu's further offset. Both apply inside a fixed box.

_GCJ_A: Final = 6378245.0
_GCJ_EE: Final = 0.00669342162296594323
_GCJ_BOX: Final = (72.004, 0.8293, 137.8347, 55.8271)
_BD_PI: Final = math.pi * 3000.0 / 180.0


def _gcj_offset(lonlat: Coordinates) -> NDArray[np.float64]:
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    x, y = lon - 105.0, lat - 35.0
    root, pi = np.sqrt(np.abs(x)), math.pi
    common = (20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += (20.0 * np.sin(y * pi) + 40.0 * np.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * pi) + 320.0 * np.sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += (20.0 * np.sin(x * pi) + 40.0 * np.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * pi) + 300.0 * np.sin(x / 30.0 * pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    w = 1.0 - _GCJ_EE * np.sin(phi) ** 2
    meridian_m = _GCJ_A * (1.0 - _GCJ_EE) / (w * np.sqrt(w))
    parallel_m = _GCJ_A / np.sqrt(w) * np.cos(phi)
    west, south, right, top = _GCJ_BOX
    inside = (lon >= west) & (lon <= right) & (lat >= south) & (lat <= top)
    offset = np.column_stack([np.degrees(east / parallel_m), np.degrees(north / meridian_m)])
    return np.where(inside[:, None], offset, 0.0)


def wgs84_to_gcj02(lonlat: Coordinates) -> Coordinates:
    """Return WGS 84 (n, 2) lon/lat as GCJ-02; points outside the offset's box stay."""
    return lonlat + _gcj_offset(lonlat)


def gcj02_to_wgs84(lonlat: Coordinates) -> Coordinates:
    """Return GCJ-02 (n, 2) lon/lat as WGS 84, iterated until forward gives the input to 1e-12°."""
    return _inverted(wgs84_to_gcj02, lonlat)


def wgs84_to_bd09(lonlat: Coordinates) -> Coordinates:
    """Return WGS 84 (n, 2) lon/lat as BD-09."""
    x, y = wgs84_to_gcj02(lonlat).T
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_PI)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_PI)
    return np.column_stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006])


def bd09_to_wgs84(lonlat: Coordinates) -> Coordinates:
    """Return BD-09 (n, 2) lon/lat as WGS 84, iterated like :func:`gcj02_to_wgs84`."""
    return _inverted(wgs84_to_bd09, lonlat)


def _inverted(forward: ToLonLat, target: Coordinates) -> Coordinates:
    # The offset changes by under 1 % of a step, so each round gains two digits or more.
    guess = np.array(target, dtype=np.float64)
    for _ in range(20):
        error = forward(guess) - target
        guess -= error
        if np.abs(error).max(initial=0.0) < 1e-12:
            break
    return guess


_OFFSETS: Final[dict[str, ToLonLat]] = {"GCJ02": gcj02_to_wgs84, "BD09": bd09_to_wgs84}

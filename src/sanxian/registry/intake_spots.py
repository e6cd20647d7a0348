"""Where a row of a ledger says it is: degrees in every notation, planes with a zone, several points, WKT.

Which number is which follows from words, from the ranges of China, and from nothing else; what can be read in two ways is
not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sanxian.geometry.corners import parse_number
from sanxian.geometry.crs import zone_code
from sanxian.model import STORAGE_CRS, Notice
from sanxian.registry.intake_cells import Read, note, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a row says it is: one point or several, or well-known text."""

    points: tuple[tuple[float, float], ...] = ()  # (lon, lat) degrees, or (east, north) metres
    shape: str = "point"  # or polygon
    wkt: str = ""
    crs: str = ""  # "" = CGCS2000 degrees

    def parts(self) -> list[dict[str, Any]]:
        """Return the parts of a project document (docs/reference/project-format.md)."""
        more = {"crs": self.crs} if self.crs else {}
        if self.wkt and self.wkt.upper().startswith("SRID"):
            return [{"wkt": self.wkt}]
        if self.wkt:
            return [{"wkt": self.wkt, "crs": self.crs or STORAGE_CRS}]
        if self.shape == "polygon":
            ring = ", ".join(f"{x!r} {y!r}" for x, y in (*self.points, self.points[0]))
            return [{"wkt": f"POLYGON (({ring}))", "crs": self.crs or STORAGE_CRS}]
        return [{"point": [x, y], **more} for x, y in self.points]


_LON: Final = (73.0, 136.0)
_LAT: Final = (3.0, 54.0)
_NORTH: Final = (300_000.0, 6_100_000.0)  # metres from the equator, of what is given without zone
_PIECE: Final = re.compile(
    r"""(?P<mark>东经|北纬|经度|纬度|[EN](?![a-z])|[XY](?=\s*[:=：]))?\s*[:=：]?\s*
        (?P<value>\d{1,3}\s*[°度]\s*\d{1,2}(?:\.\d+)?\s*(?:['分]\s*(?:\d{1,2}(?:\.\d+)?\s*(?:"|''|秒)?)?)?
                 |\d{1,8}(?:\.\d+)?\s*[°度]?)\s*(?P<after>[EN](?![a-z]))?""",
    re.VERBOSE,
)
_PRIMES: Final = str.maketrans({"″": '"', "”": '"', "“": '"', "＂": '"', "′": "'", "’": "'", "‘": "'", "＇": "'", "º": "°", "˚": "°"})  # fmt: skip
_AREA: Final = re.compile(r"拐点|界址|四至|范围|边界|[Jj]\d")
_LINE: Final = re.compile(r"起点|终点|起止|走向")
_MARKED: Final = re.compile(  # J1, 拐点3:, (2)
    r"(?<![\d.°'\"])(?:拐点|界址点|顶点|点|[A-Za-z]{1,2})?\s*[(]?\d{1,2}[)]?\s*(?:[:、]|\.(?!\d))"
    r"|(?:拐点|界址点|顶点|[A-DF-MO-WZ])\d{1,3}(?=[(\s])|[(]\d{1,2}[)]"
)


def pair(first: Any, second: Any, *, crs: str = "") -> Read:
    """Return the spot of a longitude and a latitude in two cells; ``None`` for none.

    Parameters
    ----------
    first, second : values of cells
        Longitude and latitude, degrees in any notation; or east and north in metres.
    crs : str
        What the ledger states for all its coordinates.
    """
    shown = tuple(text(c.translate(_PRIMES) if isinstance(c, str) else c) for c in (first, second))
    if not any(shown):
        return Read(None, (note("place_none"),))
    values = [parse_number(re.sub(r"\s+", " ", part)) if part else None for part in shown]
    if values[0] is None or values[1] is None:
        several = [_pieces(part) for part in shown]
        marked = all(_PIECE.fullmatch(part) for part in shown)  # E100.2
        if len(several[0]) == len(several[1]) and (len(several[0]) >= 2 or marked):
            points = [(a, b) for (_, a), (_, b) in zip(*several, strict=True)]
            return _spot(points, " ".join(shown), "", crs)
        return Read(None, (note("place_unread", text=" ".join(shown).strip()[:60]),))
    return _spot([(values[0], values[1])], " ".join(shown), "", crs)


def spot(cell: Any, *, crs: str = "", shape: str = "", header: str = "") -> Read:
    """Return the spot written in one cell: points in any notation, or WKT; ``None`` when it cannot be told.

    Parameters
    ----------
    cell : value of a cell
    crs : str
        What the ledger states for all its coordinates.
    shape : {"", "points", "polygon"}
        What several points are, where the ledger does not say.
    header : str
        Of the column, which may say it.
    """
    raw = "" if cell is None else str(cell).translate(_PRIMES)
    shown = text(raw)
    if not shown:
        return Read(None, (note("place_none"),))
    if re.match(
        r"(?:SRID=\d+;)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON)\s*(?:Z\s*)?\(", shown, re.IGNORECASE
    ):
        return Read(Spot(wkt=shown, shape="wkt", crs="" if shown.upper().startswith("SRID") else crs))
    pieces = _pieces(_MARKED.sub(" ", shown))
    marks = [mark for mark, _ in pieces]
    if len(pieces) < 2 or len(pieces) % 2:
        return Read(None, (note("place_unread", text=shown[:60]),))
    values = [value for _, value in pieces]
    split = len(pieces) // 2
    listed = "".join(mark or " " for mark in marks)
    if split > 1 and listed.rstrip("N").rstrip(" E") == "" and listed.startswith("E") and marks[split] == "N":
        points = list(zip(values[:split], values[split:], strict=True))  # all longitudes, then all latitudes
    else:
        points = list(zip(values[::2], values[1::2], strict=True))
    if marks[0] == "N":
        points = [(b, a) for a, b in points]
    if not shape and len(points) >= 3 and _AREA.search(header):
        shape = "polygon"
    return _spot(points, shown, shape, crs)


def _pieces(shown: str) -> list[tuple[str, float]]:
    found = []
    for match in _PIECE.finditer(shown.translate(_PRIMES)):
        value = parse_number(re.sub(r"\s+", "", match["value"]))
        if value is not None:
            mark = (match["mark"] or match["after"] or "").upper()
            found.append(
                (
                    {"东经": "E", "经度": "E", "北纬": "N", "纬度": "N"}.get(
                        mark, mark if mark in "EN" else ""
                    ),
                    value,
                )
            )
    return found


def _spot(points: Sequence[tuple[float, float]], shown: str, shape: str, crs: str) -> Read:
    if all(value == 0 for point in points for value in point):
        return Read(None, (note("place_none"),))
    notes: list[Notice] = []
    points = list(points)
    if all(_degrees(a, b) for a, b in points):
        pass
    elif all(_degrees(b, a) for a, b in points):
        points = [(b, a) for a, b in points]
        notes.append(note("place_swapped", text=shown[:60]))
    else:
        placed = _metres(points, crs)
        if placed is None:
            code = "place_metres" if all(max(p) > 1000 for p in points) else "place_outside"
            return Read(None, (note(code, text=shown[:60]),))
        points, crs, said = placed
        notes += said
    points = list(dict.fromkeys(points))
    if len(points) == 1:
        return Read(Spot(points=tuple(points), crs=crs), tuple(notes))
    if shape == "polygon" or (not shape and len(points) >= 3 and _AREA.search(shown)):
        if len(points) < 3:
            return Read(None, (note("place_unread", text=shown[:60]),))
        return Read(Spot(points=tuple(points), shape="polygon", crs=crs), tuple(notes))
    if shape == "points" or (not shape and len(points) == 2 and _LINE.search(shown)):
        notes.append(note("place_ends" if _LINE.search(shown) else "place_points", count=len(points)))
        return Read(Spot(points=tuple(points), crs=crs), tuple(notes))
    return Read(None, (*notes, note("place_several", count=len(points))))


def _degrees(lon: float, lat: float) -> bool:
    return _LON[0] <= lon <= _LON[1] and _LAT[0] <= lat <= _LAT[1]


def _metres(
    points: Sequence[tuple[float, float]], crs: str
) -> tuple[list[tuple[float, float]], str, list[Notice]] | None:
    """Return points of a plane as (east, north), and its CRS; ``None`` when the plane is not known."""
    straight = all(_is_north(b) and not _is_north(a) for a, b in points)
    crossed = all(_is_north(a) and not _is_north(b) for a, b in points)
    if straight == crossed:
        return None
    if crossed:  # Chinese surveyors call the northing X and write it first
        points = [(b, a) for a, b in points]
    zones = {int(east // 1e6) for east, _ in points}
    if len(zones) != 1:
        return None
    zone = zones.pop()
    if zone:
        code = zone_code(zone)
        if code is None:
            return None
        return list(points), f"EPSG:{code}", [note("place_zone", zone=zone, crs=f"EPSG:{code}")]
    return (list(points), crs, []) if crs else None


def _is_north(value: float) -> bool:
    return _NORTH[0] <= value <= _NORTH[1] and value >= 1_000_000.0

"""DXF drawings: closed polylines, circles and hatches are areas, what is open is a line.

Read with ezdxf and not GDAL, which flattens arcs in steps of 4 degrees (an area error of 1e-3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from ..errors import FootprintEmpty
from ..model import Notice
from .archives import broken, missing_library
from .layers import FeatureLayer
from .shapes import Coordinates, Feature, Piece, close, pieces_of, polygons_from_rings

ARC_TOLERANCE_M: Final = 0.0001  # how far a flattened arc may leave the true one
JOIN_DECIMALS: Final = 4  # loose segments join when their ends agree to 0.1 mm
MAX_INSERT_DEPTH: Final = 8
_WORDS_AND_MARKS: Final = frozenset(
    {
        "TEXT",
        "MTEXT",
        "ATTRIB",
        "ATTDEF",
        "DIMENSION",
        "LEADER",
        "MULTILEADER",
        "TOLERANCE",
        "VIEWPORT",
        "SEQEND",
    }
)


def read_dxf(path: Path, source: str) -> tuple[FeatureLayer, ...]:
    """Return a layer for each DXF layer with geometry; a DXF has no CRS.

    Closed polylines, circles and hatches are areas; loose segments that join into a ring are one
    too, the rest are lines. Text and dimensions are ignored; other entities are named in a notice.
    """
    try:
        from ezdxf.filemanagement import readfile
    except ModuleNotFoundError as error:
        raise missing_library(source, "dxf") from error
    found: dict[str, list[Piece]] = {}
    skipped: dict[str, int] = {}
    try:
        for entity, layer in _flat_entities(readfile(path).modelspace(), "", 0):
            pieces = _dxf_pieces(entity)
            if pieces is None:
                skipped[entity.dxftype()] = skipped.get(entity.dxftype(), 0) + 1
            elif pieces:
                found.setdefault(layer, []).extend(pieces)
        joined = {name: _distinct(_joined(pieces)) for name, pieces in found.items()}
    except Exception as error:  # ezdxf raises almost anything on damaged input
        raise broken(source, error) from error
    if not found:
        raise FootprintEmpty(source=source, where={"zh": "模型空间", "en": "model space"})
    notices = _skipped_notice({kind: n for kind, n in skipped.items() if kind not in _WORDS_AND_MARKS})
    layers = []
    for name, pieces in joined.items():
        features = tuple(Feature(number=n, pieces=(piece,)) for n, piece in enumerate(pieces, 1))
        layers.append(FeatureLayer(name=name, features=features, crs=None, notices=notices))
        notices = ()
    return tuple(layers)


def _skipped_notice(skipped: dict[str, int]) -> tuple[Notice, ...]:
    if not skipped:
        return ()
    listed = ", ".join(f"{kind} × {n}" for kind, n in sorted(skipped.items()))
    return (
        Notice(
            code="FOOTPRINT_ENTITIES_IGNORED",
            zh=f"DXF 中以下实体不是点、线、面，未读取：{listed}。",
            en=f"These DXF entities are no points, lines or areas and were not read: {listed}.",
        ),
    )


def _flat_entities(entities: Iterable[Any], inherited: str, depth: int) -> Iterator[tuple[Any, str]]:
    """Yield entities with their layer, blocks dissolved; layer “0” inside a block means the insert's."""
    for entity in entities:
        layer = entity.dxf.get("layer", "0")
        layer = inherited if inherited and layer == "0" else layer
        if entity.dxftype() == "INSERT":
            if depth >= MAX_INSERT_DEPTH:
                raise ValueError("blocks are nested too deeply")
            inserts = entity.multi_insert() if entity.mcount > 1 else (entity,)
            for insert in inserts:
                yield from _flat_entities(insert.virtual_entities(), layer, depth + 1)
        else:
            yield entity, layer


def _dxf_pieces(entity: Any) -> list[Piece] | None:
    """Return the pieces of one entity, or None when it has no place on the ground."""
    match entity.dxftype():
        case "POINT":
            return [Piece("point", (_vertices([entity.dxf.location]),))]
        case "LINE":
            return [Piece("line", (_vertices([entity.dxf.start, entity.dxf.end]),))]
        case "LWPOLYLINE":
            return [_polyline(entity, entity.closed)]
        case "POLYLINE" if entity.is_2d_polyline or entity.is_3d_polyline:
            return [_polyline(entity, entity.is_closed)]
        case "CIRCLE":
            return [Piece("polygon", (_vertices(entity.flattening(ARC_TOLERANCE_M)),))]
        case "ARC" | "ELLIPSE" | "SPLINE":
            path = _vertices(entity.flattening(ARC_TOLERANCE_M))
            closed = len(path) > 3 and np.allclose(path[0], path[-1], rtol=0, atol=10.0**-JOIN_DECIMALS)
            return [Piece("polygon" if closed else "line", (path,))]
        case "HATCH" | "MPOLYGON":
            from ezdxf.path import from_hatch

            return list(
                polygons_from_rings([_vertices(p.flattening(ARC_TOLERANCE_M)) for p in from_hatch(entity)])
            )
        case "SOLID" | "TRACE" | "3DFACE":
            return [Piece("polygon", (_vertices(entity.wcs_vertices()),))]
        case _:
            return None


def _vertices(points: Iterable[Any]) -> Coordinates:
    return np.array([(p[0], p[1]) for p in points], dtype=np.float64).reshape(-1, 2)


def _polyline(entity: Any, closed: bool) -> Piece:
    """Return a polyline with its bulges as arcs; it is an area when closed by flag or by vertices."""
    path: list[Any] = []
    for segment in entity.virtual_entities():  # LINE and ARC in world coordinates
        points = (
            list(segment.flattening(ARC_TOLERANCE_M))
            if segment.dxftype() == "ARC"
            else [segment.dxf.start, segment.dxf.end]
        )
        if path and path[-1].distance(points[0]) > path[-1].distance(points[-1]):
            points.reverse()  # arcs always run counter-clockwise
        elif not path and segment.dxftype() == "ARC" and _first_vertex(entity).distance(points[-1]) < 1e-6:
            points.reverse()
        path += points[1:] if path else points
    xy = _vertices(path)
    return Piece("polygon" if closed or (len(xy) > 3 and np.array_equal(xy[0], xy[-1])) else "line", (xy,))


def _first_vertex(entity: Any) -> Any:
    if entity.dxftype() == "LWPOLYLINE":
        return next(iter(entity.vertices_in_wcs()))
    return next(iter(entity.points_in_wcs()))


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Return ``pieces`` with loose lines joined end to end, and what closes turned into areas."""
    lines = [piece for piece in pieces if piece.kind == "line"]
    others = [piece for piece in pieces if piece.kind != "line"]
    if not lines:
        return others
    rounded = [shapely.LineString(np.round(piece.paths[0], JOIN_DECIMALS)) for piece in lines]
    chains = pieces_of(shapely.line_merge(shapely.MultiLineString(rounded)))
    for (path,) in (chain.paths for chain in chains):
        closed = len(path) > 3 and np.array_equal(path[0], path[-1])
        others.append(Piece("polygon" if closed else "line", (path,)))
    return others


def _distinct(pieces: list[Piece]) -> list[Piece]:
    """Drop an area drawn twice (a hatch and its outline): it would be counted twice."""
    kept: list[Piece] = []
    seen: set[bytes] = set()
    for piece in pieces:
        rings = [close(path) for path in piece.paths] if piece.kind == "polygon" else list(piece.paths)
        key = b"".join(
            sorted(_ring_key(ring) if piece.kind == "polygon" else ring.tobytes() for ring in rings)
        )
        if (piece.kind.encode() + key) not in seen:
            seen.add(piece.kind.encode() + key)
            kept.append(piece)
    return kept


def _ring_key(ring: Coordinates) -> bytes:
    """Return the same bytes for the same ring, whatever its start and direction."""
    return np.unique(np.round(ring, JOIN_DECIMALS - 1), axis=0).tobytes()

"""Vector tiles of the layers of every edition, with TileJSON and a style (``docs/reference/ogc.md``).

Low zooms come from files made beforehand where there are any (:mod:`~sanxian.server.tiles_prepared`), everything else is
drawn when it is asked for (:mod:`~sanxian.server.tiles_drawing`) and kept for a while in bounded memory. An address that
names an edition by its digest always gives the same bytes, so a client keeps them.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from fastapi import APIRouter, Depends, Request, Response

from sanxian.edition import Edition
from sanxian.errors import BadParameter, NothingThere
from sanxian.server import conditional
from sanxian.server.access import needs
from sanxian.server.ogc.features import Shelf
from sanxian.server.ogc.offered import Opened, edition, etag, layer_of
from sanxian.server.problems import language_of
from sanxian.server.rights import Right
from sanxian.server.services import Services, services
from sanxian.server.tiles_drawing import GENERALISED, MAX_ZOOM, RECIPE, Drawn, detail, ready
from sanxian.server.tiles_prepared import Prepared, compressed, path_of
from sanxian.server.tiles_style import style, tilejson

MEDIA_TYPE: Final = "application/vnd.mapbox-vector-tile"
KEPT_BYTES: Final = 64 << 20  # of tiles in memory
_LEVELS: Final = 24  # editions by level of detail kept ready to draw from
FIXED: Final = "public, max-age=31536000, immutable"
ROLLING: Final = "public, no-cache"


class Tiles:
    """The tiles of a server.

    Parameters
    ----------
    folder : Path
        The data folder, where prepared tiles lie.
    kept_bytes : int
        How many bytes of tiles are kept in memory, those used longest ago given up first.
    """

    def __init__(self, folder: Path, kept_bytes: int = KEPT_BYTES) -> None:
        self._folder = folder
        self._room = kept_bytes
        self._kept: OrderedDict[tuple[str, str, int, int, int], bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._levels: Shelf[dict[str, Drawn]] = Shelf(_LEVELS)
        self._prepared: Shelf[Prepared] = Shelf(256)

    def layer(self, found: Edition, layer: str, z: int, x: int, y: int) -> bytes:
        """Return one layer of a tile, compressed; empty when there is nothing."""
        key = found.info.digest, layer, z, x, y
        return self._remembered(key, lambda: self._layer(found, layer, z, x, y))

    def every(self, found: Edition, z: int, x: int, y: int) -> bytes:
        """Return all layers of a tile, compressed: a vector tile is its layers one after another."""

        def make() -> bytes:
            each = (self.layer(found, layer.id, z, x, y) for layer in found.layers)
            return compressed(b"".join(gzip.decompress(tile) for tile in each if tile))

        return self._remembered((found.info.digest, "", z, x, y), make)

    def _layer(self, found: Edition, layer: str, z: int, x: int, y: int) -> bytes:
        if z <= GENERALISED and (made := self._file(found.info.digest, layer)) is not None:
            return made.get(z, x, y)
        level = detail(z)
        drawn = self._levels.get((found.info.digest, level), lambda: ready(found, level))
        return compressed(drawn[layer].tile(z, x, y))

    def _file(self, digest: str, layer: str) -> Prepared | None:
        try:
            return self._prepared.get((digest, layer), lambda: Prepared(path_of(self._folder, digest, layer)))
        except (OSError, ValueError, KeyError):
            return None  # not prepared yet, or torn: drawn instead

    def _remembered(self, key: tuple[str, str, int, int, int], make: Any) -> bytes:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        tile: bytes = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = tile
                self._size += len(tile) + 200  # what an entry costs beside its bytes
            while self._size > self._room and len(self._kept) > 1:
                _, old = self._kept.popitem(last=False)
                self._size -= len(old) + 200
        return tile

    @property
    def size(self) -> int:
        """Bytes kept now."""
        return self._size


def bounds_of(found: Edition, layers: list[str]) -> tuple[float, float, float, float]:
    """Return west, south, east, north of layers; the world when they have no zones."""
    shapes = [zone.geometry for layer in layers for zone in found.zones[layer]]
    if not shapes:
        return -180.0, -85.0, 180.0, 85.0
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object)).tolist()
    return west, south, east, north


def routes() -> APIRouter:
    """Return the router of everything under ``/tiles``; it keeps the tiles it has made."""
    router = APIRouter(prefix="/tiles", dependencies=[Depends(needs(Right.LOOK))], include_in_schema=False)
    kept: Shelf[Tiles] = Shelf(8)

    def tiles_of(found: Services) -> Tiles:
        return kept.get(str(found.folder), lambda: Tiles(found.folder))

    def tile(
        edition_key: str,
        layer: str,
        z: str,
        x: str,
        y: str,
        request: Request,
        found: Services = Depends(services),  # noqa: B008
    ) -> Response:
        opened = _opened(request, found, edition_key)
        layer_of(opened, layer)
        place = _place(z, x, y)
        return _sent(
            request, opened, layer, place, lambda: tiles_of(found).layer(opened.edition, layer, *place)
        )

    def tile_of_all(
        edition_key: str,
        z: str,
        x: str,
        y: str,
        request: Request,
        found: Services = Depends(services),  # noqa: B008
    ) -> Response:
        opened = _opened(request, found, edition_key)
        place = _place(z, x, y)
        return _sent(request, opened, "", place, lambda: tiles_of(found).every(opened.edition, *place))

    def styled(edition_key: str, request: Request, found: Services = Depends(services)) -> Response:  # noqa: B008
        opened = _opened(request, found, edition_key)
        root, lang = _told(request, found)
        made = style(root, opened, bounds_of(opened.edition, [one.id for one in opened.edition.layers]), lang)
        return _document(request, opened, made, lang)

    def told(
        edition_key: str,
        layer: str,
        request: Request,
        found: Services = Depends(services),  # noqa: B008
    ) -> Response:
        opened = _opened(request, found, edition_key)
        one = layer_of(opened, layer)
        root, lang = _told(request, found)
        bounds = bounds_of(opened.edition, [layer])
        made = tilejson(root, opened, [one], bounds, f"{opened.key}/{layer}", lang)
        return _document(request, opened, made, lang)

    def told_of_all(edition_key: str, request: Request, found: Services = Depends(services)) -> Response:  # noqa: B008
        opened = _opened(request, found, edition_key)
        root, lang = _told(request, found)
        layers = opened.edition.layers
        bounds = bounds_of(opened.edition, [one.id for one in layers])
        return _document(request, opened, tilejson(root, opened, layers, bounds, opened.key, lang), lang)

    for path, handle in (
        ("/{edition_key}/style.json", styled),  # so no layer named "style" has a TileJSON of its own
        ("/{edition_key}.json", told_of_all),
        ("/{edition_key}/{layer}.json", told),
        ("/{edition_key}/{z}/{x}/{y}.mvt", tile_of_all),
        ("/{edition_key}/{layer}/{z}/{x}/{y}.mvt", tile),
    ):
        router.add_api_route(path, handle, methods=["GET", "HEAD"])
    return router


def _opened(request: Request, found: Services, key: str) -> Opened:
    for name in request.query_params:
        if name != "lang":
            raise BadParameter(
                parameter=name,
                reason={"zh": "不认识它，这里可用：lang", "en": "it is not known; here there is lang"},
            )
    return edition(found, key)


def _told(request: Request, found: Services) -> tuple[str, str]:
    lang = request.query_params.get("lang")
    root = (found.settings.public_url or str(request.base_url)).rstrip("/")
    if lang is None:
        return root, language_of(request.headers)
    return root, "en" if lang.startswith("en") else "zh-CN"


def _place(*numbers: str) -> tuple[int, int, int]:
    if all(number.isascii() and number.isdigit() and len(number) <= 9 for number in numbers):
        z, x, y = map(int, numbers)
        if z <= MAX_ZOOM and x < 2**z and y < 2**z:
            return z, x, y
    raise NothingThere(
        what="/".join(numbers)[:60],
        reason={
            "zh": f"瓦片级别为 0 至 {MAX_ZOOM}，行列号须在该级别范围内",
            "en": f"zooms are 0 to {MAX_ZOOM}, columns and rows those of the zoom",
        },
    )


def _sent(request: Request, opened: Opened, layer: str, place: tuple[int, int, int], make: Any) -> Response:
    packed = _takes_gzip(request.headers.get("accept-encoding", ""))
    tag = etag(RECIPE, opened.edition.info.digest, layer, *place, packed)
    cache = ROLLING if opened.rolling else FIXED
    headers = {"ETag": tag, "Cache-Control": cache, "Vary": "Accept-Encoding"}
    if conditional.has(request, tag):
        return Response(status_code=304, headers=headers)
    content: bytes = make()
    if not content:
        return Response(status_code=204, headers=headers)
    if packed:
        return Response(content, media_type=MEDIA_TYPE, headers={**headers, "Content-Encoding": "gzip"})
    return Response(gzip.decompress(content), media_type=MEDIA_TYPE, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    for item in accepted.lower().split(","):
        name, _, weight = item.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.strip().replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _document(request: Request, opened: Opened, made: dict[str, Any], lang: str) -> Response:
    body = (json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
    tag = etag(RECIPE, body)
    cache = ROLLING if opened.rolling else "public, max-age=86400"
    headers = {"ETag": tag, "Cache-Control": cache, "Vary": "Accept-Language", "Content-Language": lang}
    if conditional.has(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)

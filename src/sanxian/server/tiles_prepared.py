"""Tiles made beforehand: the low zooms of a layer, where a tile holds very many zones, as one PMTiles file.

A file holds, byte for byte, what :mod:`sanxian.server.tiles_drawing` draws; without it the same tiles are drawn when they are
asked for, only later. It is named by the digest of its edition and the recipe of the drawing, so it can never be out of date.
"""

from __future__ import annotations

import gzip
import io
import mmap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from pmtiles.reader import Reader
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from sanxian import output
from sanxian.edition import Edition
from sanxian.errors import EditionIncomplete
from sanxian.generalise import levels
from sanxian.model import SYNTHETIC, Layer
from sanxian.server.tiles_drawing import GENERALISED, RECIPE, Drawn, columns_and_rows

FOLDER: Final = "tiles"  # in the data folder
FIELDS: Final = {
    "code": "String",
    "name": "String",
    "class": "String",
    "subtype": "String",
    "synthetic": "Boolean",
}
"""Attributes of a feature in a tile; those without content are left out."""


def path_of(folder: Path, digest: str, layer: str) -> Path:
    """Return where the prepared tiles of a layer are kept."""
    return folder / FOLDER / f"{digest.removeprefix('sha256:')}-{RECIPE}" / f"{layer}.pmtiles"


def compressed(tile: bytes) -> bytes:
    """Return a tile as it is sent and kept: gzip without a date, so that it is the same each time."""
    return gzip.compress(tile, 6, mtime=0) if tile else b""


def prepare_tiles(
    edition: Edition,
    folder: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005
) -> tuple[Path, ...]:
    """Draw the low zooms of every layer and keep them; layers that are there already are left as they are.

    Parameters
    ----------
    edition : Edition
    folder : Path
        The data folder of the server.
    progress : callable
        Told how many zooms of layers are done, of how many. What it raises ends the work; every file is whole or not there.

    Returns
    -------
    tuple of Path
        A file for each layer of the edition that has zones.

    Raises
    ------
    OutputFailed
        A file cannot be written there.
    """
    wanted = [layer for layer in edition.layers if edition.zones[layer.id]]
    paths = {layer.id: path_of(folder, edition.info.digest, layer.id) for layer in wanted}
    missing = [layer for layer in wanted if not paths[layer.id].is_file()]
    total = len(missing) * (GENERALISED + 1)
    progress(0, total)
    if missing:
        try:
            made = levels(edition, range(GENERALISED + 1), layers=[layer.id for layer in missing])
        except EditionIncomplete:
            made = {}
        for number, layer in enumerate(missing):
            shapes = {zoom: level.layers[layer.id].zones for zoom, level in made.items()} or dict.fromkeys(
                range(GENERALISED + 1), edition.zones[layer.id]
            )
            content = _file(edition, layer, shapes, number * (GENERALISED + 1), total, progress)
            try:
                paths[layer.id].parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise output.failed(paths[layer.id], error) from error
            output.write(paths[layer.id], content)
    return tuple(paths.values())


def _file(
    edition: Edition,
    layer: Layer,
    shapes: dict[int, Any],
    done: int,
    total: int,
    progress: Callable[[int, int], None],
) -> bytes:
    content = io.BytesIO()
    writer = Writer(content)
    info = edition.info
    with closing(writer.tile_f):  # the library leaves it open when the work is stopped
        bounds = Drawn(layer, edition.zones[layer.id], synthetic=info.synthetic).extent
        for zoom, zones in shapes.items():
            drawn = Drawn(layer, zones, synthetic=info.synthetic)
            columns, rows = columns_and_rows(bounds, zoom)
            # in the order of the file: a Hilbert curve
            for number, x, y in sorted((zxy_to_tileid(zoom, x, y), x, y) for x in columns for y in rows):
                if tile := drawn.tile(zoom, x, y):
                    writer.write_tile(number, compressed(tile))
            progress(done + zoom + 1, total)
        writer.finalize(_header(bounds), _metadata(edition, layer))
    return content.getvalue()


def _header(bounds: tuple[float, float, float, float]) -> dict[str, Any]:
    west, south, east, north = (round(side * 1e7) for side in bounds)
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": 5,
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }


def _metadata(edition: Edition, layer: Layer) -> dict[str, Any]:
    info = edition.info
    return {
        "name": f"{info.title} · {layer.title}",
        "description": f"{SYNTHETIC} · {info.digest}" if info.synthetic else info.digest,
        "vector_layers": [{"id": layer.id, "fields": FIELDS, "minzoom": 0, "maxzoom": GENERALISED}],
    }


class Prepared:
    """The prepared tiles of one layer, mapped into memory; tiles are as they are sent.

    Parameters
    ----------
    path : Path
        Of a file of :func:`prepare_tiles`; raises OSError or ValueError when there is none, or it is torn.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._reader = Reader(lambda offset, length: mapping[offset : offset + length])
        try:
            header = self._reader.header()
        except Exception as error:  # the library raises what comes when bytes are not what it expects
            raise ValueError(path.name) from error
        parts = ("root", "leaf_directory", "tile_data")
        if max(header[f"{part}_offset"] + header[f"{part}_length"] for part in parts) > len(mapping):
            raise ValueError(path.name)

    def get(self, z: int, x: int, y: int) -> bytes:
        """Return a tile; empty when there is nothing."""
        return self._reader.get(z, x, y) or b""

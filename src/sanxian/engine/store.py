"""The index as one file: written whole or not at all, opened by mapping it into memory.

Layout: a preamble (magic, length and checksum of the header), the header (JSON: format, key, where each column
lies, a checksum for every stretch of ``STRETCH`` bytes), then the columns of :class:`~sanxian.engine.grid.Grid`,
each at a multiple of 64 bytes. Opening reads the header and maps the rest, so many processes share one copy.

A file that is torn (its length or header does not fit), stale or foreign (another key) does not open. Every
stretch is checked against its checksum before the first answer that could rest on it (:class:`Guard`).
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sanxian.engine.build import JOINED, Joiner, Plan, blocks
from sanxian.engine.grid import Grid
from sanxian.errors import IndexBroken

MAGIC: Final = b"SANXIAN INDEX\r\n\x1a"
FORMAT_VERSION: Final = 1  # raised with every change of what a column holds
STRETCH: Final = 1 << 20
_PREAMBLE: Final = struct.Struct("<16sQI4x")
_ALIGN: Final = 64
_DTYPES: Final = {
    name: np.dtype(kind)
    for name, kind in {
        "frame": "<f8", "extent": "<i8", "rows": "<f8", "cell": "<i4", "piece": "<f8", "side": "<i4",
        "strip": "<i8", "full": "<i4", "sum_zone": "<i4", "sum_area": "<f8", "layers": "<u8",
        "zone_start": "<i8", "zone_cell": "<i8", "zone_box": "<f8", "zone_area": "<f8", "first": "<i8",
    }.items()
}  # fmt: skip
_WIDTH: Final = {"rows": 10, "cell": 4, "piece": 4, "side": 2, "zone_box": 4}


_REASONS: Final[Mapping[str, Mapping[str, str]]] = {
    "missing": {"zh": "没有索引文件", "en": "there is no index file"},
    "torn": {"zh": "文件不完整", "en": "the file is incomplete"},
    "damaged": {"zh": "内容与校验和不符", "en": "its content does not match its checksums"},
    "stale": {
        "zh": "不是由这一成果、这一版本的引擎建立的",
        "en": "it was built from another edition or engine",
    },
}


def broken(path: Path, reason: str) -> IndexBroken:
    """Return the error for an index file that must not be used: missing, torn, damaged or stale."""
    return IndexBroken(source=path.name.removesuffix(".index"), reason=_REASONS[reason])


class Stored(NamedTuple):
    """An opened index file."""

    grid: Grid
    header: Mapping[str, Any]
    guard: Guard


def write(
    path: Path, plan: Plan, key: Mapping[str, str], progress: Callable[[float], None] | None = None
) -> None:
    """Build the grid of ``plan`` straight into ``path``, a file nobody reads yet.

    Columns grow side by side in files of their own beside it, so that memory holds one block at a time.

    Parameters
    ----------
    path : path
        Where to write; the caller renames it when it is complete.
    plan : Plan
    key : mapping
        What the index depends on (edition digest, engine version); :func:`open_stored` compares it.
    """
    folder = Path(f"{path}.columns")
    folder.mkdir()
    try:
        joiner = Joiner(plan)
        streams = {name: (folder / name).open("wb") for name in JOINED}
        try:
            for block in blocks(plan, progress):
                for name, part in joiner.add(block).items():
                    _put(streams[name], name, part)
        finally:
            for stream in streams.values():
                stream.close()
        for name, array in joiner.rest().items():
            with (folder / name).open("wb") as stream:
                _put(stream, name, array)
        _assemble(path, folder, key)
    finally:
        for name in Grid._fields:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def _put(stream: BinaryIO, name: str, array: NDArray[np.generic]) -> None:
    np.ascontiguousarray(array, dtype=_DTYPES[name]).tofile(stream)


def _assemble(path: Path, folder: Path, key: Mapping[str, str]) -> None:
    """Write the final file: header first, then the columns as they were gathered."""
    columns: dict[str, dict[str, object]] = {}
    offset = 0
    for name in Grid._fields:
        size = (folder / name).stat().st_size
        checks = [zlib.crc32(part) for part in _stretches_of(folder / name)]
        columns[name] = {"offset": offset, "bytes": size, "crc32": checks}
        offset += -(-size // _ALIGN) * _ALIGN
    header = json.dumps(
        {
            "format": "sanxian-index",
            "version": FORMAT_VERSION,
            "key": dict(key),
            "columns": columns,
            "bytes": offset,
        },
        sort_keys=True,
        separators=(",", ":"),
    ).encode()
    header += b" " * (-(_PREAMBLE.size + len(header)) % _ALIGN)
    with path.open("wb") as out:
        out.write(_PREAMBLE.pack(MAGIC, len(header), zlib.crc32(header)))
        out.write(header)
        for name in Grid._fields:
            for part in _stretches_of(folder / name):
                out.write(part)
            out.write(b"\0" * (-out.tell() % _ALIGN))
        out.flush()
        os.fsync(out.fileno())


def _stretches_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while part := stream.read(STRETCH):
            yield part


def open_stored(path: Path, key: Mapping[str, str] | None = None) -> Stored:
    """Map an index file into memory.

    Parameters
    ----------
    path : path
    key : mapping, optional
        What the index must have been built from.

    Raises
    ------
    IndexBroken
        There is none, it is torn or damaged in its header, or it belongs to something else.
    """
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size < _PREAMBLE.size:
                raise broken(path, "torn")
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as cause:
        raise broken(path, "missing") from cause
    magic, length, check = _PREAMBLE.unpack_from(data)
    raw = data[_PREAMBLE.size : _PREAMBLE.size + length]
    if magic != MAGIC or len(raw) != length or zlib.crc32(raw) != check:
        raise broken(path, "torn")
    header = json.loads(raw)
    if header["version"] != FORMAT_VERSION or (key is not None and header["key"] != dict(key)):
        raise broken(path, "stale")
    base = _PREAMBLE.size + length
    if size != base + header["bytes"]:
        raise broken(path, "torn")
    columns = {}
    for name in Grid._fields:
        place = header["columns"][name]
        count = place["bytes"] // _DTYPES[name].itemsize
        column = np.frombuffer(data, _DTYPES[name], count, base + place["offset"])
        if count % _WIDTH.get(name, 1):
            raise broken(path, "stale")
        columns[name] = column.reshape(-1, _WIDTH[name]) if name in _WIDTH else column
    guard = Guard(
        path, data, {n: (base + p["offset"], p["bytes"], p["crc32"]) for n, p in header["columns"].items()}
    )
    for name in ("frame", "extent", "rows", "first", "zone_start", "zone_box", "zone_area"):
        guard.check(name)  # small, and every query rests on them
    return Stored(Grid(**columns), header, guard)


class Guard:
    """Checks stretches of a mapped file against their checksums, each once, before it is first relied on."""

    def __init__(self, path: Path, data: mmap.mmap, places: Mapping[str, tuple[int, int, list[int]]]) -> None:
        self._path = path
        self._view = memoryview(data)
        self._places = places
        self._done = {name: np.zeros(len(checks), np.bool_) for name, (_, _, checks) in places.items()}

    def check(self, name: str, first: int = 0, last: int | None = None) -> None:
        """Check the bytes ``first:last`` of a column.

        Raises
        ------
        IndexBroken
            A byte there is not what was written.
        """
        offset, size, checks = self._places[name]
        last = size if last is None else min(last, size)
        if last <= first:
            return
        done = self._done[name]
        span = slice(first // STRETCH, (last - 1) // STRETCH + 1)
        if done[span].all():
            return
        for i in range(span.start, span.stop):
            if not done[i]:
                begin = offset + i * STRETCH
                if zlib.crc32(self._view[begin : min(begin + STRETCH, offset + size)]) != checks[i]:
                    raise broken(self._path, "damaged")
                done[i] = True

    def check_all(self) -> None:
        """Check the whole file; raises as :meth:`check` does."""
        for name in self._places:
            self.check(name)

    def check_columns(self, grid: Grid, left: int, right: int) -> None:
        """Check all that the grid columns ``left:right`` hold."""
        rows = int(grid.extent[1])
        k1, k2 = left * rows, right * rows
        self.check("cell", k1 * 16, (k2 + 1) * 16)
        self.check("layers", k1 * 8, k2 * 8)
        (p1, f1, s1, _), (p2, f2, s2, _) = grid.cell[k1].tolist(), grid.cell[k2].tolist()
        self.check("piece", p1 * 32, p2 * 32)
        self.check("side", p1 * 8, p2 * 8)
        self.check("full", f1 * 4, f2 * 4)
        self.check("sum_zone", s1 * 4, s2 * 4)
        self.check("sum_area", s1 * 8, s2 * 8)
        self.check("strip")

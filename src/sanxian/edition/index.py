"""The index of an edition: a cache beside its file, keyed by digest and engine, rebuilt whenever it does not fit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from sanxian import output
from sanxian.edition.content import Edition
from sanxian.engine import ELLIPSOID, Index, Overlay, Shapes, index_layers, store
from sanxian.engine.build import plan
from sanxian.errors import IndexBroken, OutputFailed

INDEX_VERSION: Final = "1"  # raised when the same edition gives another grid


class IndexInfo(NamedTuple):
    """What an index file holds."""

    path: Path
    size: int  # bytes
    zones: int
    pieces: int
    cells: tuple[int, int]  # columns, rows
    cell_degrees: float
    key: Mapping[str, str]


def index_path(edition: str | os.PathLike[str]) -> Path:
    """Return where the index of an edition file lies."""
    return Path(f"{os.fspath(edition)}.index")


def index_of(edition: Edition) -> Index:
    """Return the index of an edition: from the file beside it, else built.

    An edition opened from a file gets its index written beside it; where that cannot be (a read-only disk) and
    for editions made in memory, the index lives in memory. Several processes may do this at once: each writes
    a file of its own and renames it, and whichever comes last leaves an equal one.
    """
    if edition.origin is None:
        return Index.build(_layers(edition), ELLIPSOID)
    with suppress(IndexBroken):
        return Index.open(index_path(edition.origin), _key(edition))
    with suppress(OutputFailed, IndexBroken):
        return build_index(edition)
    return Index.build(_layers(edition), ELLIPSOID)


class _Land:
    """The layers, zones and outline of an edition, compared by identity: what an overlay rests on."""

    __slots__ = ("edition", "parts")

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.parts = (edition.layers, edition.zones, edition.info.area_method)

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.parts[:2])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Land) and (
            self.parts[0] is other.parts[0]
            and self.parts[1] is other.parts[1]
            and self.parts[2] == other.parts[2]
        )


def overlay_of(edition: Edition) -> Overlay:
    """Return the overlay of an edition; editions that differ in their clauses or states only share one."""
    return _overlay(_Land(edition))


@lru_cache(maxsize=4)
def _overlay(land: _Land) -> Overlay:
    edition = land.edition
    return Overlay(
        edition.layers,
        edition.zones,
        edition.outline,
        area_method=edition.info.area_method,
        index=index_of(edition),
    )


def build_index(edition: Edition, progress: Callable[[float], None] | None = None) -> Index:
    """Write the index of an edition beside its file and open it.

    Parameters
    ----------
    edition : Edition
        Opened from a file.
    progress : callable, optional
        Told the share done, 0 to 1.

    Raises
    ------
    OutputFailed
        It cannot be written there.
    """
    if edition.origin is None:
        raise ValueError("an edition made in memory has no file to write an index beside")
    path = index_path(edition.origin)
    with output.replacing(path) as beside:
        store.write(beside, plan(_layers(edition), ELLIPSOID), _key(edition), progress)
    return Index.open(path, _key(edition))


def sweep(edition: Edition, before: float) -> None:
    """Remove what builds that were killed have left beside an edition.

    Parameters
    ----------
    edition : Edition
        Opened from a file.
    before : float
        Only what was last written before this time (seconds since 1970) is removed: a build may be running.
    """
    if edition.origin is None:
        return
    path = index_path(edition.origin)
    begin = f".{path.name[:80]}."  # as output.replacing names what is not finished
    for left in path.parent.iterdir():
        with suppress(OSError):
            if left.name.startswith(begin) and left.stat().st_mtime < before:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def verify_index(edition: Edition) -> IndexInfo:
    """Compare every byte of an edition's index with its checksum, and its key with the edition.

    Raises
    ------
    IndexBroken
        It does not stand.
    """
    info = index_info(edition)
    Index.open(info.path, _key(edition)).verify()
    return info


def index_info(edition: Edition) -> IndexInfo:
    """Return what the index file of an edition holds; raises as :func:`verify_index` does."""
    if edition.origin is None:
        raise ValueError("an edition made in memory has no index file")
    path = index_path(edition.origin)
    opened = store.open_stored(path, _key(edition))
    grid, header = opened.grid, opened.header
    return IndexInfo(
        path,
        path.stat().st_size,
        int(grid.first[-2]),
        len(grid.piece),
        (int(grid.extent[0]), int(grid.extent[1])),
        float(grid.frame[2]),
        header["key"],
    )


def _layers(edition: Edition) -> list[Shapes]:
    return index_layers(edition.layers, edition.zones, edition.outline)


def _key(edition: Edition) -> dict[str, str]:
    return {"edition": edition.info.digest, "index": INDEX_VERSION, "surface": ELLIPSOID.name}

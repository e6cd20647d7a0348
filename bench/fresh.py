"""What one process costs: building an index, opening it, and the same for plain Shapely objects.

``bench/engine.py`` runs this file in a process of its own for each measurement and reads the JSON it prints.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self


def memory_mb(field: str, file: str = "/proc/self/status") -> float:
    """A field of the kernel's account of this process, in MB."""
    lines = Path(file).read_text("ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(field)) / 1e3


def private_mb() -> float:
    """Memory that this process shares with no other and that no file backs: what a second process costs again."""
    return memory_mb("Private_", "/proc/self/smaps_rollup")


class Peak:
    """Highest anonymous memory while a block runs, sampled; mapped input files do not count."""

    def __init__(self) -> None:
        self.mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self.mb = max(self.mb, memory_mb("RssAnon"))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def build(scale: str, root: str, surface: str, path: str) -> dict[str, Any]:
    """Build an index file. Compiled kernels are warm: they are cached on disk after the first run ever."""
    import engine
    from province import SCALES, Province

    province = Province(SCALES[scale], Path(root) / scale)
    engine.compile_kernels()
    layers = engine.layers(province, surface)
    before = memory_mb("RssAnon")
    with Peak() as peak:
        took = seconds(lambda: engine.build_file(layers, surface, Path(path)))
    return {
        "build_s": took,
        "peak_mb": peak.mb - before,
        "peak_with_files_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "input_mb": sum(layer.xy.nbytes for layer in layers) / 1e6,
        "index_mb": Path(path).stat().st_size / 1e6,
    }


def opened(scale: str, root: str, surface: str, path: str) -> dict[str, Any]:
    """Open an index and ask it something, as a new process does."""
    start = time.perf_counter()
    import numpy  # noqa: F401, ICN001
    import shapely  # noqa: F401

    stack = time.perf_counter()
    from sanxian.engine import Index

    imported = time.perf_counter()
    index = Index.open(Path(path))
    ready = time.perf_counter()

    import engine
    from province import SCALES, Province

    province = Province(SCALES[scale], Path(root) / scale)
    points = engine.query(province, "points", surface, 2_000)
    small = engine.query(province, "small", surface, 200)
    one = engine.part(small, 0, 1)
    first_point = seconds(lambda: index.points(points.xy[:1]))
    second_point = seconds(lambda: index.points(points.xy[:1]))
    first_area = seconds(lambda: index.areas(one))
    second_area = seconds(lambda: index.areas(one))
    index.points(points.xy)
    index.areas(small)
    return {
        "import_stack_s": stack - start,
        "import_engine_s": imported - stack,
        "open_ms": (ready - imported) * 1e3,
        "first_point_ms": first_point * 1e3,
        "second_point_ms": second_point * 1e3,
        "first_area_ms": first_area * 1e3,
        "second_area_ms": second_area * 1e3,
        "private_mb": private_mb(),
    }


def shapely_objects(scale: str, root: str) -> dict[str, Any]:
    """The same edition as Shapely objects in an STRtree, from the same flat arrays."""
    start = time.perf_counter()
    import numpy as np
    import shapely
    from province import SCALES, Province

    imported = time.perf_counter()
    province = Province(SCALES[scale], Path(root) / scale)
    zones = np.concatenate([layer.shapes() for layer in province.layers()])
    made = time.perf_counter()
    tree = shapely.STRtree(zones)
    tree.query(zones[0])
    treed = time.perf_counter()
    return {
        "import_s": imported - start,
        "objects_s": made - imported,
        "tree_s": treed - made,
        "private_mb": private_mb(),
    }


def forget(path: Path) -> None:
    """Ask the kernel to drop a file from its cache, so that the next reader waits for the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    print(json.dumps({"build": build, "open": opened, "shapely": shapely_objects}[what](*arguments)))

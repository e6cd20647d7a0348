"""The engine next to every other way to get the same answers, on the same data, in the same run.

    python bench/engine.py --scale province            # all installed peers
    python bench/engine.py --quick                     # fewer queries, the strongest peers: minutes
    python bench/engine.py --full                      # all queries, and how cost grows with the data
    python bench/engine.py --peers shapely-64,postgis-256

A machine's speed drifts, so only ratios mean something: the engine is timed again right before and right after every
peer, on the same queries, and the ratio is peer / engine of that moment. The engine runs on one thread, peers as they
like. Answers are compared pair by pair. Peers see the coordinates in metres, as the engine does (PLANE); the engine is
also timed on the same shapes in longitude and latitude (ELLIPSOID), which is how the product asks it.

Writes ``results/engine-<scale>.json``, and ``results/engine.md`` and ``results/engine-speed.svg`` from all of those.
The peers are installed apart, see ``requirements.in``; one that is missing is reported as such.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fresh
import numpy as np
import report
import shapely
from peers import (
    ASKED,
    CLASSES,
    PEERS,
    WITHIN_M,
    NotInstalled,
    Peer,
    PostGIS,
    PostGIS64,
    PostGIS256,
    Rows,
    Shapely64,
    Shapely256,
    Workload,
)
from province import SCALES, Figures, Floats, Ints, Province, Scale, Zones, data_folder, ensure

from sanxian.engine import ELLIPSOID, PLANE, Index, Shapes
from sanxian.engine.build import plan
from sanxian.engine.store import write

HERE = Path(__file__).resolve().parent
SURFACES = {"plane": PLANE, "ellipsoid": ELLIPSOID}

# How many queries of each class a peer gets (a peer on whole zones gets a part of them).
EFFORTS = {
    "quick": {"points": 20_000, "small": 1_000, "corridors": 50, "large": 15},
    "usual": {"points": 100_000, "small": 2_000, "corridors": 100, "large": 30},
    "full": {"points": 100_000, "small": 10_000, "corridors": 1_000, "large": 200},
}
QUICK_PEERS = ("shapely-64", "shapely-256", "sedonadb-256", "postgis-256", "duckdb-64", "duckdb-256")
PATIENCE_S = 20.0  # a peer that took longer is not asked a second time


# --- the engine, asked the same questions ----------------------------------------------------------


def layers(province: Province, surface: str) -> list[Shapes]:
    """The layers as the engine takes them: the arrays are the generated files themselves."""
    return [shapes_of(layer) for layer in province.layers(lonlat=surface == "ellipsoid")]


def shapes(xy: Floats, rings: Ints, starts: Ints, dimension: int) -> Shapes:
    """What the engine reads, from flat arrays."""
    areal = np.full(len(starts) - 1, dimension == 2)
    return Shapes(xy=xy, rings=rings, starts=starts, areal=areal, dimension=dimension)


def shapes_of(layer: Zones) -> Shapes:
    """Zones of one layer; their rings have the interior on the left already."""
    return shapes(layer.xy, layer.rings, layer.ring_starts(), 2)


def figures_of(figures: Figures) -> Shapes:
    """Queries, one ring or line each."""
    return shapes(figures.xy, figures.runs, np.arange(len(figures) + 1), figures.dimension)


def part(whole: Shapes, start: int, stop: int) -> Shapes:
    """Some of the shapes, with arrays of their own."""
    starts = whole.starts[start : stop + 1]
    rings = whole.rings[starts[0] : starts[-1] + 1]
    xy = np.ascontiguousarray(whole.xy[rings[0] : rings[-1]])
    return shapes(xy, rings - rings[0], starts - starts[0], whole.dimension)


def query(province: Province, name: str, surface: str, count: int) -> Shapes:
    """The first ``count`` queries of a set."""
    return figures_of(province.queries(name, lonlat=surface == "ellipsoid").first(count))


def build_file(of: Sequence[Shapes], surface: str, path: Path) -> None:
    """Build an index straight into a file, as the product does."""
    path.unlink(missing_ok=True)
    write(path, plan(of, SURFACES[surface]), {})


def compile_kernels() -> None:
    """Have every kernel compiled, or read from the cache of an earlier run, before anything is timed."""
    square = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)])
    one = np.array([0, 1])
    area, line, point = (
        shapes(square, one * 5, one, 2),
        shapes(square[:2], one * 2, one, 1),
        shapes(square[:1], one, one, 0),
    )
    for surface in SURFACES.values():
        index = Index.build([area], surface=surface)
        index.points(square)
        index.areas(area)
        index.lengths(line)
        for asked in (area, line, point):
            index.nearest(asked, 0, 1.0)


class Engine:
    """The engine with all queries at hand, in one surface."""

    def __init__(self, index: Index, work: Workload, surface: str) -> None:
        self.index = index
        self.layer = work.nearest_layer
        names = work.queries
        self.asked = {name: query(work.province, name, surface, len(asked)) for name, asked in names.items()}
        self.nearest_kind = {"nearest_points": "points", "nearest_polygons": "small"}

    def ask(self, name: str, count: int) -> Callable[[], Any]:
        """A call that answers the first ``count`` queries of a class."""
        return self.ask_about(name, part(self.asked[ASKED[name]], 0, count))

    def ask_about(self, name: str, asked: Shapes) -> Callable[[], Any]:
        """A call that answers one class of question about these shapes."""
        index = self.index
        if name == "points":
            return lambda: index.points(asked.xy)
        if name == "corridors":
            return lambda: index.lengths(asked)
        if name in self.nearest_kind:
            return lambda: index.nearest(asked, self.layer, WITHIN_M)
        return lambda: index.areas(asked)

    def rows(self, name: str, count: int) -> Rows:
        """The answers in the shape that peers give them in."""
        found = self.ask(name, count)()
        if name == "points":
            starts, zone = found
            return Rows(np.repeat(np.arange(count), np.diff(starts)), np.asarray(zone), np.ones(len(zone)))
        if name in self.nearest_kind:
            zone, distance = found
            near = np.flatnonzero(zone >= 0)
            return Rows(near, np.asarray(zone)[near], distance[near])
        return Rows(*(np.asarray(column) for column in found[:3]))


# --- timing and comparing --------------------------------------------------------------------------


def seconds(call: Callable[[], Any]) -> float:
    """One call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def several(call: Callable[[], Any], times: int = 5) -> list[float]:
    """Times of some calls, after one that warms up and is not counted."""
    call()
    return [seconds(call) for _ in range(times)]


def median(call: Callable[[], Any], times: int = 5) -> float:
    """Median time of a call."""
    return statistics.median(several(call, times))


def compare(ours: Rows, theirs: Rows, *, by_query: bool = False, least: float = 1.0) -> dict[str, Any]:
    """How two sets of answers differ.

    ``by_query`` leaves the zone out, for the nearest one: two may be equally far. Relative differences are of values
    above ``least`` (1 m² or 1 m): below, the digits of the coordinates themselves are what differs.
    """

    def keyed(rows: Rows) -> tuple[Ints, Floats]:
        key = rows.query.astype(np.int64) << 32
        if not by_query:
            key |= rows.zone.astype(np.int64)
        order = np.argsort(key)
        return key[order], np.asarray(rows.value, dtype=float)[order]

    (our_key, our_value), (their_key, their_value) = keyed(ours), keyed(theirs)
    both, i, j = np.intersect1d(our_key, their_key, assume_unique=True, return_indices=True)
    apart = np.abs(our_value[i] - their_value[j])
    only_ours, only_theirs = np.delete(our_value, i), np.delete(their_value, j)
    large = their_value[j] > least
    return {
        "common": len(both),
        "only_engine": len(only_ours),
        "only_peer": len(only_theirs),
        "largest_only": float(max(only_ours.max(initial=0), only_theirs.max(initial=0))),
        "max_abs": float(apart.max(initial=0)),
        "max_rel": float((apart[large] / their_value[j][large]).max(initial=0)),
    }


def race(engine: Engine, peer: Peer, name: str, wanted: int, available: int) -> dict[str, Any]:
    """One peer and the engine on one class of questions, timed side by side and compared."""
    count = max(2, round(wanted * peer.share))
    ours = engine.ask(name, count)
    ask: Callable[[int], Rows] = getattr(peer, name)
    gc.collect()
    before = several(ours, 3)
    answer: list[Rows] = []
    took = [seconds(lambda: answer.append(ask(count)))]
    while len(took) < 3 and sum(took) < PATIENCE_S:
        took.append(seconds(lambda: ask(count)))
    after = several(ours, 3)
    # the best of three on both sides, of the engine the worse of before and after: what else runs on the machine
    # must not count, least of all for the engine
    theirs, mine = min(took), max(min(before), min(after))
    return {
        "count": count,
        "extrapolated": count < wanted,
        "of_all": count / available,
        "runs": len(took),
        "us": theirs / count * 1e6,
        "engine_us": mine / count * 1e6,
        "ratio": theirs / mine,
        "comparison": compare(engine.rows(name, count), answer[0], by_query=name.startswith("nearest")),
    }


def race_all(engine: Engine, work: Workload, names: Sequence[str], effort: dict[str, int]) -> dict[str, Any]:
    """Every peer on every class it can answer."""
    results: dict[str, Any] = {}
    for name in names:
        peer = PEERS[name]()
        result = results[name] = {"title": peer.title, "threads": peer.threads, "classes": {}}
        try:
            result["load_s"] = seconds(lambda peer=peer: peer.load(work))
            result["version"] = peer.version()
            for question in peer.asked:
                asked = ASKED[question]
                row = race(engine, peer, question, effort[asked], len(work.queries[asked]))
                result["classes"][question] = row
                note(f"{peer.title:26s} {question:17s} {report.peer_cell(row)}  {report.agreement(row)}")
        except NotInstalled as missing:
            result["missing"] = str(missing)
            note(f"{peer.title:26s} not installed: {missing}")
        except Exception as error:  # noqa: BLE001 - one peer's failure is a result, not the end of the run
            result["failed"] = f"{type(error).__name__}: {error}"[:500]
            note(f"{peer.title:26s} failed: {result['failed']}")
        finally:
            peer.close()
            del peer
            gc.collect()
    return results


# --- the engine alone ------------------------------------------------------------------------------


def _call(work: Callable[[], object]) -> object:
    return work()


def in_bulk(engine: Engine, work: Workload) -> dict[str, Any]:
    """Microseconds a query with all queries in one call; with points sorted; and on two threads."""
    result: dict[str, Any] = {}
    for name in CLASSES:
        asked = engine.asked[ASKED[name]]
        count = len(work.queries[ASKED[name]])
        halves = [part(asked, 0, count // 2), part(asked, count // 2, count)]
        calls = [engine.ask_about(name, half) for half in halves]
        with ThreadPoolExecutor(2) as pool:
            two = median(lambda calls=calls, pool=pool: list(pool.map(_call, calls)))
        one = median(engine.ask_about(name, asked))
        result[name] = {
            "count": count,
            "us": one / count * 1e6,
            "two_threads_us": two / count * 1e6,
            "speedup": one / two,
        }
    xy = engine.asked["points"].xy
    span = np.ptp(xy, axis=0) / 1000
    by_place = np.lexsort(((xy[:, 1] / span[1]).astype(int), (xy[:, 0] / span[0]).astype(int)))
    ordered = np.ascontiguousarray(xy[by_place])
    result["points"]["sorted_us"] = median(lambda: engine.index.points(ordered)) / len(xy) * 1e6
    return result


def one_by_one(call: Callable[[int], Any], count: int) -> dict[str, float]:
    """Median and 99th percentile of single calls, warm (each is made twice, the second counts), in microseconds."""
    for i in range(count):
        call(i)
    took = [seconds(lambda i=i: call(i)) * 1e6 for i in range(count)]
    return {
        "count": count,
        "p50_us": float(np.percentile(took, 50)),
        "p99_us": float(np.percentile(took, 99)),
    }


LATENCY_COUNTS = {"points": 1_000, "small": 400, "corridors": 60, "large": 20}
SIZES = {"small": shapely.area, "corridors": shapely.length, "large": shapely.area}


def latency(engines: dict[str, Engine], work: Workload, names: Sequence[str]) -> dict[str, Any]:
    """What one person waits for: one query a call, as a form on a screen asks it."""
    result: dict[str, Any] = {}
    for surface, engine in engines.items():
        result[f"engine-{surface}"] = {
            name: one_by_one(single_calls(engine, name, count), count)
            for name, count in LATENCY_COUNTS.items()
        }
    plane = engines["plane"].index
    measure = {"small": plane.areas, "corridors": plane.lengths, "large": plane.areas}
    result["engine-plane-from-shapely"] = {
        name: one_by_one(
            lambda i, ask=ask, name=name: ask(Shapes.of(work.shapes[name][i : i + 1])), LATENCY_COUNTS[name]
        )
        for name, ask in measure.items()
    }

    xy = work.queries["points"].xy
    for kind in (Shapely64, Shapely256, PostGIS64, PostGIS256):
        if kind.name not in names:
            continue
        peer = kind()
        try:
            peer.load(work)
            result[kind.name] = {}
            for name, count in LATENCY_COUNTS.items():
                if isinstance(peer, PostGIS):
                    wkb = shapely.to_wkb(work.shapes[name][:count])
                    ask = peer.prepared(name)
                    call = lambda i, ask=ask, wkb=wkb: ask(wkb[i])  # noqa: E731
                elif name == "points":
                    call = lambda i, peer=peer: peer.one_point(xy[i])  # noqa: E731
                else:
                    call = lambda i, peer=peer, name=name: peer.one_shape(work.shapes[name][i], SIZES[name])  # noqa: E731
                result[kind.name][name] = one_by_one(call, count)
        except NotInstalled as missing:
            result[kind.name] = {"missing": str(missing)}
        finally:
            peer.close()
    return result


def single_calls(engine: Engine, name: str, count: int) -> Callable[[int], Any]:
    """Call ``i`` asks about query ``i`` alone."""
    calls = [engine.ask_about(name, part(engine.asked[name], i, i + 1)) for i in range(count)]
    return lambda i: calls[i]()


def in_a_process(*arguments: str) -> dict[str, Any]:
    """Run one measurement of ``fresh.py`` in a new process."""
    command = [sys.executable, str(HERE / "fresh.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments[:2])} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def growth(scale: Scale, root: Path) -> dict[str, Any]:
    """Cost when the same country holds four times the vertices, or four times the zones."""
    result = {}
    for denser in (scale, scale.denser(vertices=4), scale.denser(units=4)):
        work = Workload(ensure(denser, root))
        index = Index.build(layers(work.province, "plane"), surface=PLANE)
        engine = Engine(index, work, "plane")
        counts = {name: len(work.queries[ASKED[name]]) for name in CLASSES}
        result[denser.name] = {"zones": work.zone_count, "vertices": work.province.vertices} | {
            name: median(engine.ask(name, count), 3) / count * 1e6 for name, count in counts.items()
        }
        note(f"growth {denser.name}: {result[denser.name]}")
    return result


# --- the run ---------------------------------------------------------------------------------------


def note(text: str) -> None:
    """Tell how far we are, on stderr."""
    print(text, file=sys.stderr, flush=True)


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
        "two_at_once": two_at_once(),
    }


def two_at_once() -> float:
    """How much faster two threads hash two blocks than one does: below 2, the machine is busy or its cores share."""
    block = bytes(32_000_000)
    with ThreadPoolExecutor(2) as pool:
        two = median(lambda: [job.result() for job in [pool.submit(hashlib.sha256, block) for _ in range(2)]])
    return 2 * median(lambda: hashlib.sha256(block)) / two


def versions() -> dict[str, str]:
    """Of the packages that both sides rest on."""
    return {name: importlib.metadata.version(name) for name in ("numpy", "numba", "shapely", "pyproj")}


def run(scale: Scale, root: Path, names: Sequence[str], effort: str, *, reuse_index: bool) -> dict[str, Any]:
    """Everything, for one scale."""
    province = ensure(scale, root)
    work = Workload(province)
    result: dict[str, Any] = {
        "format": report.FORMAT,
        "scale": scale.name,
        "effort": effort,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "zones": work.zone_count,
        "vertices": province.vertices,
        "queries": {name: len(asked) for name, asked in work.queries.items()},
    }
    note("compiling kernels ...")
    compile_kernels()
    indexes = {surface: root / scale.name / f"{surface}.sxindex" for surface in SURFACES}
    where = (scale.name, str(root))
    saved = HERE / "results" / f"engine-{scale.name}.json"
    if reuse_index and saved.exists() and all(path.exists() for path in indexes.values()):
        result["build"] = json.loads(saved.read_text("utf-8"))["build"]
    else:
        result["build"] = {
            name: in_a_process("build", *where, name, str(path)) for name, path in indexes.items()
        }
    note(f"build: {result['build']}")
    result["process"] = {}
    for name, path in indexes.items():
        fresh.forget(path)
        result["process"][f"engine-{name}-cold-disk"] = in_a_process("open", *where, name, str(path))
        result["process"][f"engine-{name}"] = in_a_process("open", *where, name, str(path))
    result["process"]["shapely-zones"] = in_a_process("shapely", *where)
    note(f"process: {result['process']}")

    engines = {name: Engine(Index.open(path), work, name) for name, path in indexes.items()}
    result["engine"] = {name: in_bulk(engine, work) for name, engine in engines.items()}
    note(f"engine alone: {result['engine']}")
    result["peers"] = race_all(engines["plane"], work, names, EFFORTS[effort])
    result["latency"] = latency(engines, work, names)
    note(f"latency: {result['latency']}")
    if effort == "full":
        result["growth"] = growth(scale, root)
    return result


def main() -> None:
    """Measure, write the results, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", choices=SCALES, default="province")
    parser.add_argument(
        "--data", type=Path, help="root folder of the data; default BENCH_DATA or build/bench"
    )
    parser.add_argument(
        "--peers", help=f"comma-separated, of: {', '.join(PEERS)}; 'none' for the engine alone"
    )
    parser.add_argument("--quick", action="store_true", help="fewer queries, the strongest peers")
    parser.add_argument("--full", action="store_true", help="all queries, and growth probes")
    parser.add_argument(
        "--reuse-index", action="store_true", help="do not build again what an earlier run built"
    )
    parser.add_argument("--results", type=Path, default=HERE / "results", help="where to write")
    options = parser.parse_args()
    effort = "quick" if options.quick else "full" if options.full else "usual"
    names: Sequence[str] = QUICK_PEERS if options.quick else tuple(PEERS)
    if options.peers:
        names = [] if options.peers == "none" else options.peers.split(",")
    if unknown := set(names) - set(PEERS):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}")

    scale, root = SCALES[options.scale], options.data or data_folder()
    result = run(scale, root, names, effort, reuse_index=options.reuse_index)
    options.results.mkdir(exist_ok=True)
    path = options.results / f"engine-{scale.name}.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    report.write_all(options.results)
    print(report.markdown(result))


if __name__ == "__main__":
    main()

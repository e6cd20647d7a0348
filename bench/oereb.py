"""Sanxian side by side with pyramid_oereb on PostGIS, on like data; the peer's set-up is written with the figures.

Both hold 50,176 units of 201 vertices and 196 blocks over them, and are asked which units and blocks four shapes meet
and with how much area: T1 a square of 200 m, T2 of 2 km, T3 of 20 km, T4 a strip of 200 m along a line of 141 km, each
at 25 places with the same position to the grid. Before anything is timed, the areas of either side are compared with
plain PostGIS, each in its own plane, to 0.01 m². Sanxian judges six clauses besides and writes the whole record.

Run ``.venv/bin/python bench/oereb.py`` (``--quick`` for a short look that writes nothing, ``--no-rest`` without the
server). Needs PostgreSQL with PostGIS; the peer goes into a virtual environment of its own (``build/oereb-venv``).
Writes ``results/oereb.json`` and ``results/oereb.md``; ratios are of one round.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import psycopg
import shapely
from oereb_ours import (
    AS_OF,
    LATER,
    NotServed,
    Oracle,
    Serving,
    body,
    cold,
    edition_file,
    met,
    moved,
    project,
    registry_folder,
    unit_code,
)
from oereb_peer import CASES, SETTINGS, SETUP, SHIFTS, UNITS, Peer, egrids, environment, postgis
from oereb_table import table
from shapely.geometry.base import BaseGeometry

from sanxian import Edition, Project, Screening, open_edition, screen, screen_many
from sanxian.geometry import Region
from sanxian.project import project_from_mapping
from sanxian.screening import Failure, to_json

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = Path(__file__).with_name("results")
NEAR_M2: Final = 0.01
LEAST_M2: Final = 1.0  # both sides drop less
CLIENTS: Final = (1, 2, 8)
BATCH: Final = 10_000
RECHECKED: Final = 200  # projects of the batch, also asked of PostGIS
JSON_TYPE: Final = {"Content-Type": "application/json"}


class Ask(NamedTuple):
    """One HTTP request."""

    method: str
    path: str
    body: bytes | None


class Target(NamedTuple):
    """Where requests go, one port or several."""

    ports: tuple[int, ...]
    asks: list[Ask]


def send(connection: http.client.HTTPConnection, ask: Ask) -> bytes:
    """The answer to one request; anything but 200 is an error."""
    connection.request(ask.method, ask.path, ask.body, JSON_TYPE if ask.body else {})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{ask.method} {ask.path}: {answer.status} {content[:500]!r}")
    return content


def load(target: Target, clients: int, seconds: float) -> float:
    """Requests answered in a second by so many clients that ask again at once; runs in a process of its own."""
    counts = [0] * clients
    errors: list[BaseException] = []
    stop = threading.Event()

    def client(n: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", target.ports[n % len(target.ports)], timeout=60)
        try:
            while not stop.is_set():
                send(connection, target.asks[(7 * n + counts[n]) % len(target.asks)])
                counts[n] += 1
        except Exception as error:  # noqa: BLE001 - told to the process that asked
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()  # what was asked is waited for, and counted with the time it took
    if errors:
        raise RuntimeError(f"{len(errors)} clients failed") from errors[0]
    return sum(counts) / (time.perf_counter() - start)


def record(one: Project, edition: Edition, day: date = AS_OF) -> bytes:
    """A whole screening, as it is stored."""
    return to_json(screen(one, edition, day))


def timed(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def percentiles(times: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile of milliseconds."""
    return {"p50_ms": round(statistics.median(times), 2), "p95_ms": round(float(np.percentile(times, 95)), 2)}


def until_answer(port: int, ask: Ask, start: float) -> float:
    """Seconds from ``start`` until a server that is starting answers."""
    while time.perf_counter() - start < 120:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            send(connection, ask)
        except OSError:
            time.sleep(0.01)
        else:
            return time.perf_counter() - start
        finally:
            connection.close()
    raise RuntimeError("the server did not answer within two minutes")


def memory_mb(pid: int, field: str = "Pss") -> float:
    """A field of the kernel's account of a process, in MB; Pss shares out what several processes map."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1e3


def family(pid: int) -> list[int]:
    """A process and all that it has started."""
    parents: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
        except OSError:
            continue  # has ended meanwhile
        parents.setdefault(parent, []).append(int(status.parent.name))
    found = [pid]
    for one in found:
        found.extend(parents.get(one, ()))
    return found


def family_mb(pid: int) -> float:
    """Memory of a process and all that it has started, in MB."""
    return round(sum(memory_mb(one) for one in family(pid)), 1)


# --- equality, before anything is timed ----------------------------------------------------------------


def differences(name: str, ours: dict[Any, float], theirs: dict[Any, float]) -> float:
    """The largest difference of two answers; an error when the sets differ or a value by more than 0.01."""
    kept = {key: value for key, value in theirs.items() if value >= LEAST_M2}
    if set(ours) != set(kept):
        raise AssertionError(f"{name}: {sorted(set(ours) ^ set(kept))[:5]} only on one side")
    worst = max((abs(ours[key] - kept[key]) for key in ours), default=0.0)
    if worst > NEAR_M2:
        raise AssertionError(f"{name}: {worst} off the oracle")
    return worst


def extract(egrid: str) -> Ask:
    """The peer's extract of a parcel."""
    return Ask("GET", f"/oereb/extract/json?EGRID={egrid}", None)


def check_peer(peer: Peer, port: int, places: dict[str, int]) -> dict[str, dict[str, float]]:
    """The peer against plain PostGIS, and its answers over HTTP against its own unrounded ones."""
    told: dict[str, dict[str, float]] = {}
    for case in CASES:
        areas = peer.areas(egrids(case)[: places[case]])
        worst, pairs = 0.0, 0
        for egrid, found in areas.items():
            exact = {key: area for key, (area, _) in found.items()}
            worst = max(worst, differences(f"pyramid_oereb {egrid}", exact, peer.oracle(egrid)))
            connection = http.client.HTTPConnection("127.0.0.1", port)
            said = json.loads(send(connection, extract(egrid)))["GetExtractByIdResponse"]["extract"]
            connection.close()
            shown = sorted(
                (r["Theme"]["Code"], r["AreaShare"]) for r in said["RealEstate"]["RestrictionOnLandownership"]
            )
            assert shown == sorted((code, rounded) for (code, _), (_, rounded) in found.items()), egrid
            pairs += len(found)
        told[case] = {"pairs": pairs, "worst_m2": worst}
    return told


def check_ours(
    edition: Edition, oracle: Oracle, shapes: dict[str, list[BaseGeometry]]
) -> dict[str, dict[str, float]]:
    """Sanxian against plain PostGIS on the ellipsoid."""
    rng = np.random.default_rng(1)
    told: dict[str, dict[str, float]] = {}
    for case, places in shapes.items():
        worst, pairs = 0.0, 0
        for n, shape in enumerate(places):
            found = met(screen(project(shape, rng), edition, AS_OF))
            worst = max(worst, differences(f"sanxian {case}.{n}", found, oracle.sizes(shape, AS_OF)))
            pairs += len(found)
        told[case] = {"pairs": pairs, "worst_m2": worst}
    return told


def check_alike(peer: Peer, edition: Edition, shapes: dict[str, list[BaseGeometry]]) -> float:
    """Both meet the same units with the same share of the shape; returns the largest difference of shares.

    The linear map keeps shares of area on a plane; that of the ellipsoid differs a little with the latitude.
    """
    rng = np.random.default_rng(2)
    worst = 0.0
    for case, places in shapes.items():
        areas = peer.areas(egrids(case)[:1])
        (found,) = areas.values()
        theirs = {unit_code(row): area for (theme, row), (area, _) in found.items() if theme == UNITS}
        result = screen(project(places[0], rng), edition, AS_OF)
        ours = {code: area for (layer, code), area in met(result).items() if layer == "control_unit"}
        assert set(ours) == set(theirs), case
        whole, total = sum(theirs.values()), sum(ours.values())
        worst = max(worst, *(abs(ours[code] / total - theirs[code] / whole) for code in ours))
    return worst


# --- what the peer cannot do ---------------------------------------------------------------------------


def row_of(result: Screening | Failure) -> tuple[str, int]:
    """What a table of results keeps of a project."""
    return ("FAILED", 0) if isinstance(result, Failure) else (result.verdict.name, len(met(result)))


def batch(edition: Edition, oracle: Oracle) -> dict[str, Any]:
    """10,000 squares of 200 m anywhere, as one batch in one process and in two; some asked of PostGIS too."""
    rng = np.random.default_rng(10)
    west, south, east, north = shapely.bounds(edition.outline)
    corner = np.column_stack((rng.uniform(west, east - 0.01, BATCH), rng.uniform(south, north - 0.01, BATCH)))
    far = np.round(corner + np.array([0.00224, 0.0018]), 9)
    boxes = map(shapely.box, *np.round(corner, 9).T.tolist(), *far.T.tolist())
    projects = [project(shape, rng) for shape in boxes]
    for one in projects[:RECHECKED]:
        shape = one.parts[0].geometry
        differences("batch", met(screen(one, edition, AS_OF)), oracle.sizes(shape, AS_OF))
    told: dict[str, Any] = {"projects": BATCH}
    rows: list[list[tuple[str, int]]] = []
    for workers in (1, 2):
        start = time.perf_counter()
        rows.append(list(screen_many(projects, edition, AS_OF, workers=workers, finish=row_of)))
        told[f"workers_{workers}_s"] = round(time.perf_counter() - start, 2)
    assert rows[0] == rows[1]
    assert not any(verdict == "FAILED" for verdict, _ in rows[0])
    told["hits"] = sum(hits for _, hits in rows[0])
    return told


def dated(edition: Edition, oracle: Oracle, shape: BaseGeometry) -> dict[str, Any]:
    """T1 as of two dates: a block was replaced, a clause came into force."""
    rng = np.random.default_rng(11)
    told: dict[str, Any] = {}
    for day in (AS_OF, LATER):
        result = screen(project(shape, rng), edition, day)
        differences(str(day), met(result), oracle.sizes(shape, day))
        times = [timed(partial(record, project(shape, rng), edition, day)) for _ in range(50)]
        blocks = sorted(code for layer, code in met(result) if layer == "block")
        told[str(day)] = {"blocks": blocks, "verdict": result.verdict.name, **percentiles(times)}
    first, second = told.values()
    assert first["blocks"] != second["blocks"]
    return told


def along(edition: Edition, oracle: Oracle, line: BaseGeometry) -> dict[str, Any]:
    """The line of 141 km itself: its length in every unit and block."""
    rng = np.random.default_rng(12)
    result = screen(project(line, rng, role="管线"), edition, AS_OF)
    worst = differences("line", met(result), oracle.sizes(line, AS_OF))
    times = [timed(partial(record, project(line, rng, role="管线"), edition)) for _ in range(50)]
    return {
        "pairs": len(met(result)),
        "length_km": round(result.length_m / 1e3, 3),
        "worst_m": worst,
        **percentiles(times),
    }


# --- rounds --------------------------------------------------------------------------------------------


class Sides(NamedTuple):
    """All that is asked in a round."""

    edition: Edition
    shapes: dict[str, list[BaseGeometry]]
    peers: tuple[int, ...]  # ports; one or several processes
    rest: dict[int, int]  # by number of workers the port; empty without the server


def requests(shapes: Sequence[BaseGeometry], count: int, rng: np.random.Generator) -> list[Project]:
    """Projects at the places in turn, each with facts of its own."""
    return [project(shapes[n % len(shapes)], rng) for n in range(count)]


def posted(projects: Sequence[Project]) -> list[Ask]:
    """The same as requests."""
    return [Ask("POST", f"/api/v1/screenings?as_of={AS_OF}", body(one)) for one in projects]


@contextmanager
def connected(port: int) -> Iterator[http.client.HTTPConnection]:
    """A kept-alive connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        yield connection
    finally:
        connection.close()


def one_round(
    sides: Sides, pool: ProcessPoolExecutor, rng: np.random.Generator, quick: bool
) -> dict[str, Any]:
    """Latency of each case, one after the other, and requests a second of T1; sides alternate case by case."""
    told: dict[str, Any] = {"load_before": os.getloadavg()[0], "latency": {}, "requests_per_s": {}}
    for case, shapes in sides.shapes.items():
        few = {"T1": 40, "T2": 40, "T3": 20, "T4": 10}[case] // (5 if quick else 1)
        many = 4 * few
        row: dict[str, Any] = {}
        with connected(sides.peers[0]) as connection:
            asks = [extract(egrid) for egrid in egrids(case)]
            for ask in asks[:3]:
                send(connection, ask)
            row["pyramid_oereb"] = percentiles(
                [timed(partial(send, connection, ask)) for ask in (asks * 2)[:few]]
            )
        projects = requests(shapes, many, rng)
        for one in requests(shapes, len(shapes), rng):
            record(one, sides.edition)
        times = [timed(partial(record, one, sides.edition)) for one in projects]
        row["sanxian, in process"] = percentiles(times)
        if sides.rest:
            with connected(sides.rest[1]) as connection:
                for ask in posted(requests(shapes, len(shapes), rng)):
                    send(connection, ask)
                asks = posted(requests(shapes, many, rng))
                row["sanxian, REST"] = percentiles([timed(partial(send, connection, ask)) for ask in asks])
        told["latency"][case] = row
    seconds = 2.0 if quick else 5.0
    peer_asks = [extract(egrid) for egrid in egrids("T1")]
    targets = {
        "pyramid_oereb, 1 process": Target(sides.peers[:1], peer_asks),
        "pyramid_oereb, 2 processes": Target(sides.peers, peer_asks),
    }
    for workers, port in sides.rest.items():
        asks = posted(requests(sides.shapes["T1"], 1000, rng))
        targets[f"sanxian, REST, {workers} process{'es' * (workers > 1)}"] = Target((port,), asks)
    for name, target in targets.items():
        pool.submit(load, target, 2, 1.0).result()
        rates = {n: pool.submit(load, target, n, seconds).result() for n in CLIENTS}
        told["requests_per_s"][name] = {str(n): round(rate, 1) for n, rate in rates.items()}
    told["load_after"] = os.getloadavg()[0]
    return told


def started_peers(peer: Peer, stack: ExitStack) -> tuple[tuple[int, ...], list[int], list[float]]:
    """Two of the peer's servers: ports, process numbers, seconds until the first answer of each."""
    ports, pids, seconds = [], [], []
    for _ in range(2):
        start = time.perf_counter()
        process, port = peer.serve()
        stack.callback(process.wait)
        stack.callback(process.terminate)
        seconds.append(round(until_answer(port, extract(egrids("T1")[0]), start), 2))
        ports.append(port)
        pids.append(process.pid)
    return tuple(ports), pids, seconds


def started_rest(
    registry: Path, first: Ask, stack: ExitStack
) -> tuple[dict[int, int], dict[str, float], dict[int, int]]:
    """Our servers with one and with two processes: ports, cold start, process numbers."""
    ports: dict[int, int] = {}
    pids: dict[int, int] = {}
    seconds: dict[str, float] = {}
    for workers in (1, 2):
        start = time.perf_counter()
        serving = stack.enter_context(Serving(registry, workers))
        assert serving.process is not None
        ports[workers], pids[workers] = serving.port, serving.process.pid
        seconds[f"{workers} process{'es' * (workers > 1)}"] = round(
            until_answer(serving.port, first, start), 2
        )
        for _ in range(20 * workers):  # every worker has opened the edition
            until_answer(serving.port, first, time.perf_counter())
    return ports, seconds, pids


def same_over_rest(
    port: int, edition: Edition, oracle: Oracle, shapes: dict[str, list[BaseGeometry]]
) -> dict[str, float]:
    """The answer over REST is, byte for byte, the record made in process of the same project; worst area, m²."""
    rng = np.random.default_rng(3)
    region = Region(code=edition.info.region, name=edition.info.title, outline=edition.outline)
    told: dict[str, float] = {}
    with connected(port) as connection:
        for case, places in shapes.items():
            (one,) = requests(places, 1, rng)
            said = send(connection, posted([one])[0])
            document = json.loads(body(one))
            read = project_from_mapping(document, source="project.json", region=region)
            result = screen(read, edition, AS_OF)
            assert said == to_json(result) + b"\n", case
            told[case] = differences(f"REST {case}", met(result), oracle.sizes(places[0], AS_OF))
    return told


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything, as written to ``results/oereb.json``."""
    binaries = arguments.peer or environment(ROOT / "build" / "oereb-venv")
    path = edition_file(ROOT / "build" / "oereb")
    rng = np.random.default_rng(2026)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sanxian-oereb-")))
        server = stack.enter_context(postgis.Server(SETTINGS))
        pool = stack.enter_context(ProcessPoolExecutor(1, multiprocessing.get_context("spawn")))
        peer = Peer(server, binaries, folder)
        parcels = peer.parcels()
        shapes = {case: [moved(parcels[egrid]) for egrid in egrids(case)] for case in CASES}
        told: dict[str, Any] = {
            "day": str(datetime.now(UTC).date()),
            "machine": machine(server.dsn),
            "setup": list(SETUP),
            "peer_filled_s": round(peer.filled_s, 1),
        }
        peers, peer_pids, peer_cold = started_peers(peer, stack)
        note("the peer serves")
        start = time.perf_counter()
        edition = open_edition(path)
        oracle = Oracle(server.dsn, edition)
        places = {
            "T1": len(SHIFTS),
            "T2": len(SHIFTS),
            "T3": 5,
            "T4": 5,
        }  # the large ones cost PostGIS seconds
        told["equal"] = {
            "pyramid_oereb": check_peer(peer, peers[0], places),
            "sanxian": check_ours(
                edition, oracle, {case: some[: places[case]] for case, some in shapes.items()}
            ),
            "largest_difference_of_shares_between_the_two": check_alike(peer, edition, shapes),
        }
        note(f"answers checked: {told['equal']} ({time.perf_counter() - start:.0f} s)")
        cold_runs = [
            cold(path, [places[0] for places in shapes.values()]) for _ in range(1 if arguments.quick else 3)
        ]
        told["cold_start_s"] = {"pyramid_oereb, first answer over HTTP": peer_cold}
        told["cold_start_s"]["sanxian, one process, first record"] = [
            round(run["first_answer_s"], 2) for run in cold_runs
        ]
        told["sanxian_cold"] = cold_runs
        rest: dict[int, int] = {}
        pids: dict[int, int] = {}
        if arguments.rest:
            first = posted(requests(shapes["T1"], 1, rng))[0]
            try:
                rest, seconds, pids = started_rest(registry_folder(path, folder / "registry"), first, stack)
            except NotServed as error:
                note(f"the REST side is left out: {error}")
                told["rest"] = "left out: sanxian serve did not start"
            else:
                told["cold_start_s"] |= {f"sanxian serve, {k}, first answer": [v] for k, v in seconds.items()}
                told["equal"]["sanxian, REST, m²"] = same_over_rest(rest[1], edition, oracle, shapes)
        else:
            told["rest"] = "left out (--no-rest)"
        sides = Sides(edition, shapes, peers, rest)
        told["rounds"] = []
        for _ in range(1 if arguments.quick else 3):
            told["rounds"].append(one_round(sides, pool, rng, arguments.quick))
            (ROOT / "build" / "oereb" / "so-far.json").write_text(json.dumps(told), "utf-8")
            note(json.dumps(told["rounds"][-1]))
        with psycopg.connect(server.dsn) as connection:
            (backend,) = connection.execute("select pg_backend_pid()").fetchone() or (0,)
            stat = Path(f"/proc/{backend}/stat").read_text("ascii")
            postmaster = int(stat.rpartition(")")[2].split()[1])
            told["memory_mb"] = {
                "pyramid_oereb, one process": family_mb(peer_pids[0]),
                "pyramid_oereb's PostgreSQL, all processes with shared buffers": family_mb(postmaster),
                "sanxian, one process, anonymous": round(cold_runs[0]["anonymous_mb"], 1),
                "sanxian, one process, resident with the mapped index": round(cold_runs[0]["rss_mb"], 1),
                **{
                    f"sanxian serve, {n} process{'es' * (n > 1)}, all": family_mb(pid)
                    for n, pid in pids.items()
                },
            }
        ends = np.array([(2559000.0, 1211000.0), (2659000.0, 1311000.0)])
        line = moved(shapely.to_wkb(shapely.LineString(ends)))
        told["only_sanxian"] = {
            "batch": batch(edition, oracle),
            "as_of": dated(edition, oracle, shapes["T1"][len(SHIFTS) // 2]),
            "line": along(edition, oracle, line),
        }
        note(json.dumps(told["only_sanxian"], ensure_ascii=False))
        oracle.connection.close()
    return told


def machine(dsn: str) -> dict[str, Any]:
    """What it ran on."""
    with psycopg.connect(dsn) as connection:
        (version,) = connection.execute("select version() || '; ' || postgis_full_version()").fetchone() or (
            "",
        )
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "shapely": shapely.__version__,
        "geos": shapely.geos_version_string,
        "postgis": version,
        "psycopg": metadata.version("psycopg"),
    }


def note(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short round; prints, writes nothing")
    parser.add_argument("--no-rest", dest="rest", action="store_false", help="without sanxian serve")
    parser.add_argument(
        "--peer", type=Path, metavar="BIN", help="bin folder of an environment that has the peer"
    )
    parser.add_argument(
        "--table", action="store_true", help="only write the table anew from the figures kept"
    )
    arguments = parser.parse_args()
    kept = RESULTS / "oereb.json"
    told = json.loads(kept.read_text("utf-8")) if arguments.table else measure(arguments)
    written = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    if arguments.quick:
        print(written)
        return
    kept.write_text(written, "utf-8")
    (RESULTS / "oereb.md").write_text(table(told), "utf-8")


if __name__ == "__main__":
    main()

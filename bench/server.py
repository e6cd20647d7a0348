"""How many screenings a second a server gives, and how long each caller waits.

    python bench/server.py [--seconds 10] [--clients 1,8,20] [--workers 1,2]

The server is ``sanxian serve`` over the demo edition (示例数据，非官方) in a process of its own on loopback; callers are
threads of another process with plain sockets, each sending one small polygon after another, a new place and other facts
each time. The record that comes back, about 0.6 MB, is read to its end, and the first one of each run is compared byte for
byte with what the library gives here. Beside the clock stands the processor time of the server for one request: on a busy
machine the clock says little.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
AS_OF = "2026-09-01"
PATH = f"/api/v1/screenings?as_of={AS_OF}"


def project(rng: random.Random) -> bytes:
    lon, lat, size = rng.uniform(101.2, 102.2), rng.uniform(36.3, 37.0), rng.uniform(0.001, 0.004)
    ring = [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]
    made = {
        "name": "示例项目",
        "nature": rng.choice(["新建", "扩建", "改建"]),
        "industry": rng.choice(["2614", "1432", "4411", "3011", "0313"]),
        "facts": {
            "boiler_tph": round(rng.uniform(1, 60), 1),
            "water_use_10k_m3": round(rng.uniform(1, 99), 1),
        },
        "parts": [
            {"role": "厂区", "geojson": {"type": "Polygon", "coordinates": [ring]}, "crs": "EPSG:4490"}
        ],
    }
    return json.dumps(made, ensure_ascii=False).encode()


def ask(line: socket.socket, path: str, body: bytes, buffer: memoryview) -> tuple[int, int, int]:
    """Send a request; return status, where the body begins in the buffer, and where it ends."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    line.sendall(head.encode() + body)
    size = 0
    while (at := bytes(buffer[: min(size, 4096)]).find(b"\r\n\r\n")) < 0:
        size += line.recv_into(buffer[size:])
    told = bytes(buffer[:at]).decode("latin-1").lower()
    found = re.search(r"content-length: (\d+)", told)
    assert found is not None, told
    end = at + 4 + int(found[1])
    while size < end:
        got = line.recv_into(buffer[size:])
        assert got, "the server hung up"
        size += got
    return int(told[9:12]), at + 4, end


def load(host: str, port: int, clients: int, seconds: float, path: str, results: Any) -> None:
    """Callers, in a process of their own."""
    waits: list[float] = []
    failed = 0
    total = 0
    lock = threading.Lock()
    begin = threading.Barrier(clients)
    spans: list[tuple[float, float]] = []

    def caller(number: int) -> None:
        nonlocal failed, total
        rng = random.Random(number)
        buffer = memoryview(bytearray(8 << 20))
        own: list[float] = []
        with socket.create_connection((host, port)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ask(line, path, project(rng), buffer)
            begin.wait()
            first = time.perf_counter()
            while time.perf_counter() - first < seconds:
                body = project(rng)
                began = time.perf_counter()
                status, start, end = ask(line, path, body, buffer)
                own.append(time.perf_counter() - began)
                with lock:
                    failed += status != 200
                    total += end - start
            with lock:
                waits.extend(own)
                spans.append((first, time.perf_counter()))

    threads = [threading.Thread(target=caller, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    span = max(end for _, end in spans) - min(first for first, _ in spans)
    results.put((waits, failed, total, span))


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its children that answer requests."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0.0
    pids = [pid]
    shown = ["ps", "-o", "pid=,args=", "--ppid", str(pid)]
    listed = subprocess.run(shown, capture_output=True, text=True, check=False)  # noqa: S603
    pids += [int(row.split()[0]) for row in listed.stdout.splitlines() if "spawn_main" in row]
    for one in pids:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def served(folder: Path, *args: str) -> tuple[subprocess.Popen[str], str, int]:
    (folder / "sanxian.toml").write_text("[server]\npublic_screenings_per_minute = 10000000\n")
    command = [
        sys.executable,
        "-m",
        "sanxian.cli",
        "serve",
        "--data",
        str(folder),
        "--port",
        "0",
        "--demo",
        *args,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    found = re.search(r"http://([\d.]+):(\d+)", address)
    assert found is not None, address
    host, port = found[1], int(found[2])
    import urllib.request

    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://{host}:{port}/health", timeout=5) as answer:
                if json.loads(answer.read())["warm"]:
                    return process, host, port
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError


def compare(folder: Path, host: str, port: int) -> int:
    """Check one answer against the library; return its size."""
    from sanxian.edition import open_edition
    from sanxian.geometry import Region
    from sanxian.project import project_from_mapping
    from sanxian.screening import screen, to_json

    edition = open_edition(next((folder / "editions").glob("*.gpkg")))
    body = project(random.Random(0))
    region = Region(code=edition.info.region, name=edition.info.title, outline=edition.outline)
    made = project_from_mapping(json.loads(body), source="project.json", region=region)
    expected = to_json(screen(made, edition, date.fromisoformat(AS_OF))) + b"\n"
    with socket.create_connection((host, port)) as line:
        buffer = memoryview(bytearray(8 << 20))
        _, start, end = ask(line, PATH, body, buffer)
        assert bytes(buffer[start:end]) == expected, "the answer differs from the library's"
    return len(expected)


def run(folder: Path, clients: list[int], seconds: float, workers: int) -> list[dict[str, Any]]:
    process, host, port = served(folder, "--workers", str(workers))
    rows = []
    try:
        compare(folder, host, port)
        context = multiprocessing.get_context("spawn")
        for path, what in ((PATH, "record"), (PATH.replace("?", "/asks?"), "asks")):
            for count in clients:
                results = context.Queue()
                before = cpu_seconds(process.pid)
                loader = context.Process(target=load, args=(host, port, count, seconds, path, results))
                loader.start()
                waits, failed, total, span = results.get()
                loader.join()
                used = cpu_seconds(process.pid) - before
                cuts = statistics.quantiles(waits, n=100)
                rows.append(
                    {
                        "answer": what,
                        "workers": workers,
                        "clients": count,
                        "requests": len(waits),
                        "failed": failed,
                        "per_second": round(len(waits) / span, 1),
                        "p50_ms": round(cuts[49] * 1e3, 2),
                        "p95_ms": round(cuts[94] * 1e3, 2),
                        "p99_ms": round(cuts[98] * 1e3, 2),
                        "server_cpu_ms": round(used / (len(waits) + count) * 1e3, 3),
                        "answer_kb": round(total / max(1, len(waits)) / 1e3, 1),
                        "load_average": os.getloadavg()[0],
                    }
                )
                print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
    finally:
        process.terminate()
        process.wait()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", default="1,8,20")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--out", type=Path, default=RESULTS / "server.json")
    given = parser.parse_args()
    clients = [int(n) for n in given.clients.split(",")]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-server-") as folder:
        for workers in map(int, given.workers.split(",")):
            rows += run(Path(folder), clients, given.seconds, workers)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    given.out.write_text(json.dumps({"machine": machine, "rows": rows}, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()

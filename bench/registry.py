"""Lists, filters, searches and counts over a million projects, on SQLite and on PostgreSQL.

    .venv/bin/python bench/registry.py                        # both, 1,000,000 projects, a few minutes
    .venv/bin/python bench/registry.py --rows 100000 --kind sqlite
    .venv/bin/python bench/registry.py --folder build/million # keep the registry (SQLite) and use it again

The projects are made here: a province of 10 cities and 100 counties, ten years, names built from words that are common
and words that are rare. They are inserted in bulk, as no user could; everything measured goes through the registry's own
functions. Prints a table, writes bench/results/registry.json. ``registry_coverage.py`` adds what concerns the rate.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.engine import Connection

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

from sanxian import data  # noqa: E402
from sanxian.model import Outcome  # noqa: E402
from sanxian.registry import Registry, create_registry, open_registry, projects, search  # noqa: E402
from sanxian.registry.projects import EVERYTHING, Scope, tokens  # noqa: E402
from sanxian.registry.registration import folded  # noqa: E402
from sanxian.registry.search import Filter  # noqa: E402
from sanxian.registry.store import canonical  # noqa: E402
from sanxian.registry.tables import project, project_part, project_version  # noqa: E402

NOW = datetime(2026, 9, 1, tzinfo=UTC)
CITIES = [f"63{i:02}" for i in range(1, 11)]
COUNTIES = [f"{city}{i:02}" for city in CITIES for i in range(1, 11)]
WORDS = (
    "化工",
    "锂盐",
    "光伏",
    "风电",
    "公路",
    "污水处理",
    "商品混凝土",
    "养殖",
    "屠宰",
    "加油站",
    "砂石料场",
    "数据中心",
)
KINDS = ("新建项目", "改扩建项目", "技术改造项目", "二期工程", "生产线项目")
RARE = ("铊", "硒化镉", "氯气液化", "乏燃料")
INDUSTRIES = [code for code, row in data.industries().items() if row.level == "class"][:400]
CHUNK = 20_000


def made(rows: int) -> Iterator[dict[str, Any]]:
    """The projects."""
    chance = random.Random(7)
    weights = [1 / (1 + i % 10) for i in range(len(COUNTIES))]
    for i in range(1, rows + 1):
        county = chance.choices(COUNTIES, weights)[0]
        level = chance.choices(("province", "city", "county"), (1, 4, 15))[0]
        office = {"province": "示例省", "city": f"示例{county[:4]}市", "county": f"示例{county}县"}[level]
        word = chance.choice(WORDS) if chance.random() > 2e-4 else chance.choice(RARE)
        name = f"示例{county}{chance.choice('甲乙丙丁戊己庚辛')}{chance.randrange(5000)}号{word}{chance.choice(KINDS)}"
        analysis = chance.choices(
            ("analysed", "none", "stale", "failed", "unplaced", "undated"), (70, 12, 6, 3, 6, 3)
        )[0]
        accepted = None if analysis == "undated" else date(2016, 9, 1) + timedelta(chance.randrange(3652))
        verdict = (
            int(chance.choices(list(Outcome), (5, 25, 25, 25, 15, 5))[0]) if analysis == "analysed" else None
        )
        row = CITIES.index(county[:4]) * 10 + int(county[4:]) - 1
        west, south = (
            96.0 + row % 10 * 0.5 + chance.random() / 2,
            33.0 + row // 10 * 0.5 + chance.random() / 2,
        )
        placed = analysis != "unplaced"
        yield {
            "id": i,
            "version": 1,
            "revision": 1,
            "code": f"{2016 + i % 10}-{county}-04-01-{i:06}",
            "name": name,
            "proponent": f"示例{chance.randrange(200_000)}{word}有限公司",
            "nature": "新建",
            "industry": INDUSTRIES[min(int(chance.expovariate(1 / 40)), len(INDUSTRIES) - 1)],
            "eia_class": chance.choices(("report", "form", "registration"), (8, 80, 12))[0],
            "authority": f"{office}生态环境局",
            "authority_level": level,
            "region": county,
            "accepted_on": accepted,
            "decided_on": None,
            "status": chance.choices(("approved", "accepted", "refused", "withdrawn"), (85, 8, 4, 3))[0],
            "west": west if placed else None,
            "south": south if placed else None,
            "east": west + 0.002 if placed else None,
            "north": south + 0.002 if placed else None,
            "analysis": analysis,
            "screening": i if verdict is not None else None,
            "verdict": verdict,
            "owner": None,
            "source": "bench",
            "created_at": "2026-09-01T00:00:00.000000Z",
            "created_by": "bench",
            "updated_at": "2026-09-01T00:00:00.000000Z",
        }


def fill(registry: Registry, rows: int) -> None:
    """Insert the projects, their documents and parts, the indexes of SQLite and the counts."""
    names = [column.name for column in project.columns]
    chunk: list[dict[str, Any]] = []
    for row in made(rows):
        row["search"] = "\n".join(folded(row[key]) for key in ("name", "code", "proponent"))
        chunk.append(row)
        if len(chunk) == CHUNK or row["id"] == rows:
            with registry.begin() as connection:
                _insert(connection, names, chunk)
            chunk = []
    with registry.begin() as connection:
        projects.recount(connection)
        if registry.engine.dialect.name == "postgresql":
            highest = sa.select(sa.func.max(project.c.id)).scalar_subquery()
            connection.execute(sa.select(sa.func.setval("project_id_seq", highest)))
    with registry.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql(
            "VACUUM ANALYZE" if connection.dialect.name == "postgresql" else "PRAGMA optimize"
        )


def _insert(connection: Connection, names: list[str], chunk: list[dict[str, Any]]) -> None:
    documents, parts = [], []
    for row in chunk:
        stated: dict[str, Any] = {"name": row["name"], "industry": row["industry"], "nature": "新建"}
        if row["west"] is not None:
            box = shapely.box(*(row[side] for side in ("west", "south", "east", "north")))
            place = {"type": "Polygon", "coordinates": [shapely.get_coordinates(box).tolist()]}
            stated["parts"] = [{"role": "厂区", "geojson": place, "crs": "EPSG:4490"}]
            sides = {side: row[side] for side in ("west", "south", "east", "north")}
            parts.append(
                {"project": row["id"], "number": 1, "role": "厂区", "name": "", "geometry": shapely.to_wkb(box),
                 "area_m2": 40_000.0, "length_m": 0.0, **sides}
            )  # fmt: skip
        documents.append(
            {"project": row["id"], "version": 1, "document": canonical(stated), "sha256": "", "at": row["created_at"],
             "by": "bench", "reason": ""}
        )  # fmt: skip
    if connection.dialect.name == "postgresql":
        raw: Any = connection.connection.driver_connection
        for table, rows in ((project, chunk), (project_version, documents), (project_part, parts)):
            columns = ", ".join(f'"{name}"' for name in rows[0])
            with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(list(row.values()))
        return
    connection.execute(project.insert(), [{name: row[name] for name in names} for row in chunk])
    connection.execute(project_version.insert(), documents)
    connection.execute(project_part.insert(), parts)
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.executemany(
        "INSERT INTO project_search (rowid, grams) VALUES (?, ?)",
        [(row["id"], tokens(row["search"])) for row in chunk],
    )
    raw.executemany(
        "INSERT INTO project_place VALUES (?, ?, ?, ?, ?)",
        [(r["id"], r["west"], r["east"], r["south"], r["north"]) for r in chunk if r["west"] is not None],
    )


# --- what is asked -----------------------------------------------------------------------------------


def questions(chance: random.Random) -> dict[str, Callable[[], tuple[Scope, Filter]]]:
    """One question of each kind, with other values every time."""

    def day() -> date:
        return date(2016, 9, 1) + timedelta(chance.randrange(3500))

    def office() -> str:
        return f"示例{chance.choice(COUNTIES)}县生态环境局"

    def box(size: float) -> tuple[float, float, float, float]:
        west, south = 96 + chance.random() * 4.5, 33 + chance.random() * 4.5
        return west, south, west + size, south + size

    def ask(scope: Scope = EVERYTHING, **wanted: Any) -> tuple[Scope, Filter]:
        return scope, Filter(**wanted)

    county, industry = (lambda: chance.choice(COUNTIES)), (lambda: chance.choice(INDUSTRIES[:120]))
    return {
        "all": ask,
        "county": lambda: ask(region=county()),
        "city": lambda: ask(region=chance.choice(CITIES)),
        "city scope": lambda: ask(Scope(region=chance.choice(CITIES))),
        "authority": lambda: ask(authority=office()),
        "industry class": lambda: ask(industry=industry()),
        "industry division": lambda: ask(industry=industry()[:2]),
        "EIA class": lambda: ask(eia_class="report"),
        "status": lambda: ask(status="withdrawn"),
        "not analysed": lambda: ask(analysis="none"),
        "verdict": lambda: ask(verdict=Outcome.NON_COMPLIANT),
        "month": lambda: ask(accepted_from=(first := day()), accepted_to=first + timedelta(30)),
        "county, year, not analysed": lambda: ask(
            region=county(),
            analysis="none",
            accepted_from=(first := day()),
            accepted_to=first + timedelta(365),
        ),
        "authority and industry": lambda: ask(authority=office(), industry=industry()),
        "county and other city": lambda: ask(Scope(region="6301"), region="6302"),
        "division, refused, report": lambda: ask(
            industry=industry()[:2], status="refused", eia_class="report"
        ),
        "nothing (no such region)": lambda: ask(region="64"),
        "text: common word": lambda: ask(text=chance.choice(WORDS)),
        "text: two common words": lambda: ask(text=f"{chance.choice(WORDS)} {chance.choice(KINDS)[:3]}"),
        "text: rare character": lambda: ask(text="铊"),
        "text: rare word": lambda: ask(text=chance.choice(RARE[1:])),
        "text: code": lambda: ask(text=f"04-01-{chance.randrange(1, 1_000_000):06}"),
        "text: company": lambda: ask(text=f"示例{chance.randrange(200_000)}化工有限公司"),
        "text: nothing": lambda: ask(text="核电站"),
        "text in county": lambda: ask(text=chance.choice(WORDS), region=county()),
        "text in another city": lambda: ask(Scope(region="6301"), text="示例6302"),
        "box 1 km": lambda: ask(bbox=box(0.01)),
        "box 10 km": lambda: ask(bbox=box(0.1)),
        "box 100 km": lambda: ask(bbox=box(1.0)),
        "box and verdict": lambda: ask(bbox=box(0.3), verdict=Outcome.NON_COMPLIANT),
    }


@dataclass
class Measured:
    """Times of one kind of question, ms."""

    times: list[float]

    @property
    def row(self) -> dict[str, float]:
        ordered = sorted(self.times)
        return {
            "p50_ms": round(statistics.median(ordered), 2),
            "p95_ms": round(ordered[max(int(len(ordered) * 0.95) - 1, 0)], 2),
            "max_ms": round(ordered[-1], 2),
        }


def timed(registry: Registry, work: Callable[[Connection], object]) -> float:
    """How long one question takes, with the connection it needs, ms."""
    begun = time.perf_counter()
    with registry.read() as connection:
        work(connection)
    return (time.perf_counter() - begun) * 1000


def measure(registry: Registry, times: int) -> dict[str, dict[str, float]]:
    """Ask everything, as lists, second pages and counts."""
    chance = random.Random(3)
    asked = questions(chance)
    found: dict[str, Measured] = {}
    for kind, question in asked.items():
        for turn in range(times + 1):  # the first one warms up and does not count
            scope, wanted = question()
            pages: list[search.Page] = []
            tasks = {
                f"list, {kind}": lambda c, s=scope, w=wanted, p=pages: p.append(search.find(c, s, w)),
                f"next page, {kind}": lambda c, s=scope, w=wanted, p=pages: search.find(
                    c, s, w, after=p[-1].next
                ),
                f"count to 10,000, {kind}": lambda c, s=scope, w=wanted: search.count(c, s, w, most=10_000),
                f"count, {kind}": lambda c, s=scope, w=wanted: search.count(c, s, w),
            }
            for name, task in tasks.items():
                taken = timed(registry, task)
                if turn:
                    found.setdefault(name, Measured([])).times.append(taken)
    rows = {name: measured.row for name, measured in found.items()}
    for name in ("list", "next page", "count to 10,000", "count"):
        every = [t for key, m in found.items() if key.startswith(f"{name}, ") for t in m.times]
        rows[f"{name}: all kinds"] = Measured(every).row
    return rows


@contextmanager
def registries(kind: str, rows: int, folder: Path | None) -> Iterator[tuple[Registry, float]]:
    """The registry with its projects, and how long filling it took, s."""
    parent = Path(tempfile.mkdtemp(prefix="sanxian-bench-")) if folder is None else folder
    begun = time.perf_counter()
    try:
        if kind == "sqlite":
            if (parent / "registry.db").exists():
                registry = open_registry(parent, migrate=True)
            else:
                registry = create_registry(parent, now=NOW)
                fill(registry, rows)
            yield registry, time.perf_counter() - begun
            registry.close()
        else:
            from postgis_cluster import Server

            with Server({"shared_buffers": "1GB", "work_mem": "64MB", "autovacuum": "on"}) as server:
                url = f"postgresql://sanxian@127.0.0.1:{server.port}/sanxian_bench"
                import psycopg

                with psycopg.connect(server.dsn, autocommit=True) as connection:
                    connection.execute("CREATE DATABASE sanxian_bench TEMPLATE template0")
                registry = create_registry(parent / "postgresql", now=NOW, url=url)
                fill(registry, rows)
                yield registry, time.perf_counter() - begun
                registry.close()
    finally:
        if folder is None:
            shutil.rmtree(parent, ignore_errors=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--kind", choices=("sqlite", "postgresql", "both"), default="both")
    options.add_argument("--times", type=int, default=20)
    options.add_argument("--folder", type=Path)
    options.add_argument("--out", type=Path, default=HERE / "results" / "registry.json")
    given = options.parse_args()
    result: dict[str, Any] = json.loads(given.out.read_text("utf-8")) if given.out.exists() else {}
    result |= {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for kind in ("sqlite", "postgresql") if given.kind == "both" else (given.kind,):
        with registries(kind, given.rows, given.folder) as (registry, seconds):
            rows = measure(registry, given.times)
            if importlib.util.find_spec("registry_coverage") is not None:
                import registry_coverage

                if hasattr(registry_coverage, "measure"):
                    rows |= registry_coverage.measure(registry, given.times)
        result[kind] = {"projects": given.rows, "filled_s": round(seconds, 1), "ms": rows}
        print(
            f"\n{kind}: {given.rows:,} projects, filled in {seconds:.0f} s\n{'':48}   p50    p95    max  ms"
        )
        for name, row in rows.items():
            print(f"{name:48} {row['p50_ms']:7.1f} {row['p95_ms']:7.1f} {row['max_ms']:7.1f}")
    given.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

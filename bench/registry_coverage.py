"""The compliance-analysis rate over a million projects, ledgers taken in, and re-check of a registry.

``bench/registry.py`` asks :func:`measure` of the registry it has filled. Run by itself, this file measures the rest::

    .venv/bin/python bench/registry_coverage.py                      # 50,000 rows in, 100,000 projects re-checked
    .venv/bin/python bench/registry_coverage.py --rows 5000 --projects 10000

The ledger is dirty in the ways real ones are; the re-check follows a change in one county of the demo edition.
Writes bench/results/registry_coverage.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests")]

from sanxian.catalog import Catalog  # noqa: E402
from sanxian.registry import Registry, coverage, create_registry  # noqa: E402
from sanxian.registry.coverage import GROUPS, Period  # noqa: E402
from sanxian.registry.projects import EVERYTHING, Scope  # noqa: E402

NOW = datetime(2026, 9, 1, tzinfo=UTC)
COUNTIES = {"smallest": 0.0, "median": 0.5, "largest": 1.0}  # of the demo, by area
NOWHERE = Catalog(folder=Path(), entries=())


def measure(registry: Registry, times: int) -> dict[str, dict[str, float]]:
    """Ask for the rate in every way a page does."""
    year, cut = Period.parse("2025"), Period.parse("2025-03-10..2025-06-20")
    asked: dict[str, Callable[[Connection], object]] = {
        "rate, all years": lambda c: coverage.rate(c, EVERYTHING, Period()),
        "rate, a year": lambda c: coverage.rate(c, EVERYTHING, year),
        "rate, days that cut months": lambda c: coverage.rate(c, EVERYTHING, cut),
        "rate, a county, all years": lambda c: coverage.rate(c, Scope(region="630101"), Period()),
        "missing, a year": lambda c: coverage.missing(c, EVERYTHING, year, NOWHERE),
        "missing, all years": lambda c: coverage.missing(c, EVERYTHING, Period(), NOWHERE),
        "missing, a county": lambda c: coverage.missing(c, Scope(region="630101"), Period(), NOWHERE),
    }
    for by in GROUPS:
        asked[f"rate, a year by {by}"] = lambda c, by=by: coverage.rate(c, EVERYTHING, year, by=by)
        asked[f"rate, all years by {by}"] = lambda c, by=by: coverage.rate(c, EVERYTHING, Period(), by=by)
    made = {}
    for name, task in asked.items():
        taken = []
        for turn in range(times + 1):
            begun = time.perf_counter()
            with registry.read() as connection:
                task(connection)
            if turn:
                taken.append((time.perf_counter() - begun) * 1000)
        taken.sort()
        made[name] = {
            "p50_ms": round(statistics.median(taken), 2),
            "p95_ms": round(taken[min(len(taken) - 1, int(0.95 * len(taken)))], 2),
            "max_ms": round(taken[-1], 2),
        }
    return made


# --- ledgers -------------------------------------------------------------------------------------------


def ledger(path: Path, rows: int) -> None:
    """Write a ledger with the dirt that is usual."""
    chance = random.Random(1)
    header = [
        "序号", "项目代码", "项目名称", "建设单位", "所属区县", "国民经济行业类别", "环评类别", "审批部门", "受理时间", "批复时间",
        "经度", "纬度", "总投资（万元）", "备注",
    ]  # fmt: skip
    with path.open("w", encoding="gb18030", newline="") as file:
        write = csv.writer(file)
        write.writerow(["环评台账（示例数据，非官方）"])
        write.writerow(header)
        for i in range(rows):
            day = date(2024, 1, 1) + timedelta(days=chance.randrange(900))
            forms = (
                day.isoformat(),
                f"{day.year}.{day.month}.{day.day}",
                f"{day.year}年{day.month}月{day.day}日",
                "见附件",
            )
            write.writerow(
                [
                    i + 1, f"24{i % 12 + 1:02d}-630102-04-01-{i:06d}" if i % 3 else "", f"示例项目{i}号建设工程", f"示例公司{i % 5000}",
                    chance.choice(("城东区", "630103", "湟中县", "青海省格尔木市")),
                    chance.choice(("C2614 有机化学原料制造", "水泥制造", "二十三、化学原料和化学制品制造业26；44 基础化学原料制造261", "畜禽养殖")),
                    chance.choice(("报告书", "报告表", "报告表", "登记表")),
                    chance.choice(("青海省生态环境厅", "西宁市生态环境局城东分局", "西宁市生态环境局")),
                    chance.choices(forms, (5, 3, 3, 1))[0], "", round(101.7 + chance.random() * 0.2, 6),
                    round(36.5 + chance.random() * 0.2, 6), chance.randrange(1, 90000), "",
                ]
            )  # fmt: skip


def intake(folder: Path, rows: int) -> dict[str, Any]:
    """Take a ledger in, with the counties of the demo edition."""
    from demo_edition import demo_edition
    from sanxian.edition import write_edition
    from sanxian.registry import editions, intake, intake_files, intake_mapping, intake_rows

    registry = create_registry(folder / "intake", now=NOW)
    write_edition(demo_edition(), folder / "demo.gpkg")
    with registry.begin() as connection:
        editions.register(connection, registry, folder / "demo.gpkg", at=NOW, by="bench")
        known = intake_rows.gazetteer(editions.catalog_of(connection, registry), NOW.date())
    ledger(folder / "ledger.csv", rows)
    opened = intake_files.open_ledger(folder / "ledger.csv")
    mapping = intake_mapping.propose(opened)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    taken = intake.take_in(registry, opened, mapping, at=NOW, by="bench", known=known)
    made = {
        "rows": taken.rows,
        "states": {k: v for k, v in taken.states.items() if v},
        "wall_s": round(time.perf_counter() - wall, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "grown_mb": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, 1),
    }
    registry.close()
    return made


# --- re-check ------------------------------------------------------------------------------------------


def rechecked(folder: Path, count: int) -> dict[str, Any]:
    """Re-check registered projects after one county was worked over: a small one, a usual one, the largest."""
    import recheck_edits as edits
    from demo_edition import demo_edition
    from sanxian import geometry
    from sanxian.edition import Edition, open_edition, write_edition
    from sanxian.edition.content import admin_places
    from sanxian.registry import intake_bulk, projects, rechecks
    from sanxian.registry.projects import Registration

    old = demo_edition()
    registry = create_registry(folder / "recheck", now=NOW)
    chance = random.Random(2)
    for start in range(0, count, 2000):
        made = []
        for n in range(start, min(start + 2000, count)):
            described = edits.project_inside(old.outline, chance, f"P{n}")
            stated = Registration(code=f"P{n}", region="63", accepted_on=date(2026, 3, 1), eia_class="form")
            made.append(
                intake_bulk.prepared(projects.document_of(described), stated, placed=True, county_of=None)
            )
        with registry.begin() as connection:
            intake_bulk.add_many(connection, made, at=NOW, by="bench", owner=None, source="bench")

    def written(edition: Edition, name: str) -> Edition:
        write_edition(edition, folder / f"{name}.gpkg", check=False)
        return open_edition(folder / f"{name}.gpkg")

    before = written(old, "old")
    counties = sorted(admin_places(old, "county"), key=lambda zone: geometry.measure(zone.geometry)[0])
    told: dict[str, Any] = {}
    for size, rank in COUNTIES.items():
        county = counties[round(rank * (len(counties) - 1))]
        new = edits.change_county(old, county.code)
        after = written(replace(new, info=replace(new.info, id=f"{new.info.id}-{size}")), size)
        files = {one.info.digest: one for one in (before, after)}
        with registry.begin() as connection:
            job = rechecks.start(
                connection, before, after, as_of_old=NOW.date(), as_of=NOW.date(), at=NOW, by="bench"
            )
        wall, cpu = time.perf_counter(), time.process_time()
        done = rechecks.work(registry, job.id, opened=files.__getitem__, at=NOW, by="bench")
        told[size] = {
            "county": county.code,
            "projects": done.projects,
            "reached": done.reached,
            "changed": done.changed,
            "wall_s": round(time.perf_counter() - wall, 1),
            "cpu_s": round(time.process_time() - cpu, 1),
        }
    registry.close()
    return told


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--rows", type=int, default=50_000)
    options.add_argument("--projects", type=int, default=100_000)
    options.add_argument("--out", type=Path, default=HERE / "results" / "registry_coverage.json")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="sanxian-bench-") as folder:
        result: dict[str, Any] = {}
        for name, task, size in (("intake", intake, given.rows), ("recheck", rechecked, given.projects)):
            result[name] = task(Path(folder), size)
            print(name, json.dumps(result[name], ensure_ascii=False), flush=True)
    given.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

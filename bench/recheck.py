"""Re-check of 10,000 projects when one county of the demo edition was worked over, against screening them all.

The county's units exchange ground, one clause is reworded, the air quality is said anew; so everybody in the county
has to be asked again. Projects lie anywhere in the region, or a quarter of them in the county. Run with ``make
bench`` or by itself; prints Markdown and writes ``bench/results/recheck.json``. Compare ratios, not seconds.
"""

from __future__ import annotations

import json
import platform
import random
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from recheck_edits import change_county, project_inside
from sanxian.batch import Row
from sanxian.demo import build
from sanxian.edition import Edition, open_edition, write_edition
from sanxian.model import Project
from sanxian.recheck import Filter, differences, recheck
from sanxian.recheck.sides import Side
from sanxian.screening import screen_many

AS_OF = date(2026, 9, 1)
COUNTY = "630121"
PROJECTS = 10_000
FULL = 400  # projects of the full run, which is in proportion to their number


def projects_of(edition: Edition, in_county: int) -> list[Project]:
    """Small sites and points, the same every time; every ``in_county``-th in the county, 0: none on purpose."""
    rng = random.Random(2026)
    (county,) = (zone.geometry for zone in edition.zones["county"] if zone.code == COUNTY)
    return [
        project_inside(county if in_county and n % in_county == 0 else edition.outline, rng, str(n))
        for n in range(PROJECTS)
    ]


def rows_of(projects: list[Project]) -> list[Row]:
    return [Row(number=n, id=p.id, name="", project=p, error=None) for n, p in enumerate(projects, 1)]


def measured(old: Edition, new: Edition, in_county: int) -> dict[str, float]:
    """Measure one set of projects."""
    projects = projects_of(old, in_county)
    some = projects[:: PROJECTS // FULL]
    for edition in (old, new):  # indexes built, editions prepared, kernels compiled: not what is compared
        for _ in screen_many(some[:40], edition, AS_OF):
            pass
    start = time.perf_counter()
    sides = Side(old, AS_OF), Side(new, AS_OF)
    found = differences(*sides)
    compared_s = time.perf_counter() - start
    start = time.perf_counter()
    Filter(*sides, found).reaching(projects)
    filtered_s = time.perf_counter() - start
    start = time.perf_counter()
    quick = recheck(rows_of(projects), old, new, as_of_old=AS_OF, as_of=AS_OF)
    quick_s = time.perf_counter() - start
    start = time.perf_counter()
    slow = recheck(rows_of(some), old, new, as_of_old=AS_OF, as_of=AS_OF, every=True)
    slow_s = (time.perf_counter() - start) * PROJECTS / len(some)
    assert slow.missed == 0
    assert {one.id for one in slow.changed} == {one.id for one in quick.changed} & {p.id for p in some}
    return {
        "projects": PROJECTS,
        "differences": len(found),
        "reached": quick.reached,
        "changed": len(quick.changed),
        "compare_editions_s": round(compared_s, 3),
        "filter_us_per_project": round(filtered_s / PROJECTS * 1e6, 1),
        "recheck_s": round(quick_s, 1),
        "full_run_s": round(slow_s, 1),
        "full_run_measured_on": len(some),
        "ratio": round(slow_s / quick_s, 1),
    }


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        old_path, new_path = Path(folder, "old.gpkg"), Path(folder, "new.gpkg")
        drawn = build.build()
        write_edition(drawn, old_path)
        write_edition(change_county(drawn, COUNTY), new_path, check=False)
        old, new = open_edition(old_path), open_edition(new_path)
        result = {
            "anywhere in the region": measured(old, new, 0),
            "a quarter in the county": measured(old, new, 4),
        }
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    Path(__file__).with_name("results").joinpath("recheck.json").write_text(
        json.dumps({"machine": machine, **result}, indent=1) + "\n", "utf-8"
    )
    print(f"machine: {machine}\n\n| | {' | '.join(result)} |\n|---|{'---|' * len(result)}")
    for name in next(iter(result.values())):
        print(f"| {name.replace('_', ' ')} | {' | '.join(str(one[name]) for one in result.values())} |")


if __name__ == "__main__":
    main()

"""Reports as files: time cold and warm, size, and memory over many.

The record is that of a chemical plant in the demo edition: the whole report, and one cut to 5 maps and 60 clauses,
which is what the target speaks of. No text of a table is the same in two reports, since Typst remembers what it has
set. Run by itself; prints and writes ``bench/results/documents.json``; ``--reports 1000`` for the long run.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sanxian.demo import build
from sanxian.edition import open_edition, write_edition
from sanxian.project import read_project
from sanxian.report import conformity, render_manuscript
from sanxian.report.manuscript import Block, Cell, Figure, Manuscript, Run, Table
from sanxian.report.markup import Markup
from sanxian.screening import screen

ROOT = Path(__file__).resolve().parent.parent
AS_OF = date(2026, 9, 1)
MAPS, CLAUSES = 5, 60
CLAUSE_SHEETS = 6  # columns of a clause table at the least
COLD = """
import sys, time
start = time.perf_counter()
import pickle
from pathlib import Path
made = pickle.loads(Path(sys.argv[1]).read_bytes())
from sanxian.report import pdf
pdf.render(made)
print(time.perf_counter() - start)
"""


def manuscript_of(name: str, folder: Path) -> Manuscript:
    path = folder / "demo.gpkg"
    if not path.exists():
        write_edition(build.build(), path)
    edition = open_edition(path)
    result = screen(read_project(ROOT / "examples" / "projects" / f"{name}.yaml"), edition, as_of=AS_OF)
    return conformity.manuscript(result, "zh-CN", edition)


def cut(made: Manuscript) -> Manuscript:
    """The report with 5 maps and 60 clauses."""
    maps, clauses = MAPS, CLAUSES
    blocks: list[Block] = []
    for block in made.blocks:
        if isinstance(block, Figure):
            if maps == 0:
                continue
            maps -= 1
        if isinstance(block, Table) and len(block.columns) >= CLAUSE_SHEETS and block.outcomes:
            kept = min(clauses, len(block.rows))
            clauses -= kept
            block = replace(block, rows=block.rows[:kept], outcomes=block.outcomes[:kept])  # noqa: PLW2901
        elif isinstance(block, Table):
            block = replace(block, rows=block.rows[:CLAUSES], outcomes=block.outcomes[:CLAUSES])  # noqa: PLW2901
        blocks.append(block)
    return replace(made, blocks=tuple(blocks))


def varied(made: Manuscript, number: int) -> Manuscript:
    """The report with other words in every cell, and other maps."""

    def block(old: Block) -> Block:
        if isinstance(old, Figure):
            return replace(old, svg=Markup(old.svg.replace("</svg>", f"<!--{number}--></svg>")))
        if isinstance(old, Table):
            return replace(old, rows=tuple(tuple(map(cell, row)) for row in old.rows))
        return old

    def cell(old: Cell) -> Cell:
        return replace(old, paragraphs=tuple((*text, Run(f" {number}")) for text in old.paragraphs))

    return replace(made, subject=f"{made.subject} {number}", blocks=tuple(map(block, made.blocks)))


def rss_mb() -> float:
    """Memory of this process in MB."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def warm(made: Manuscript, kind: Any, times: int = 15) -> dict[str, float]:
    took: list[float] = []
    size = 0
    for number in range(times):
        one = varied(made, number)
        start = time.perf_counter()
        size = len(render_manuscript(one, kind))
        took.append(time.perf_counter() - start)
    return {
        "first_s": round(took[0], 3),
        "warm_s": round(statistics.median(took[1:]), 3),
        "worst_s": round(max(took[1:]), 3),
        "kb": round(size / 1024),
    }


def cold(made: Manuscript, folder: Path) -> float:
    """A new process from its first import to the PDF; the best of three."""
    import pickle

    path = folder / "made.pickle"
    path.write_bytes(pickle.dumps(made))
    command = [sys.executable, "-c", COLD, str(path)]
    ran = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(3)]  # noqa: S603
    return round(min(float(run.stdout) for run in ran), 2)


def many(made: Manuscript, reports: int) -> dict[str, Any]:
    """Memory of this process over many reports."""
    memory: dict[str, int] = {}
    started = time.perf_counter()
    for number in range(reports + 1):
        if number % (reports // 8) == 0:
            memory[str(number)] = round(rss_mb())
        render_manuscript(varied(made, number), "pdf")
    each = (time.perf_counter() - started) / (reports + 1)
    return {"reports": reports, "s_each": round(each, 3), "memory_mb_after": memory}


def main() -> None:
    import pickle

    parser = argparse.ArgumentParser()
    parser.add_argument("--reports", type=int, default=200)
    parser.add_argument("--many", type=Path, help="only the many reports, of this pickled manuscript")
    wanted = parser.parse_args()
    if wanted.many:
        print(json.dumps(many(pickle.loads(wanted.many.read_bytes()), wanted.reports)))  # noqa: S301, our own file
        return
    found: dict[str, Any] = {"machine": f"{platform.machine()}, Python {platform.python_version()}"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = manuscript_of("chemical-plant-in-park", folder)
        part = cut(whole)
        for title, made in (("5 maps, 60 clauses", part), ("whole report", whole)):
            found[title] = {
                "figures": len(made.figures),
                "rows": sum(len(table.rows) for table in made.tables),
                "cold_pdf_s": cold(made, folder),
                **{kind: warm(made, kind) for kind in ("pdf", "docx", "xlsx")},
            }
        path = folder / "part.pickle"
        path.write_bytes(pickle.dumps(part))
        command = [sys.executable, __file__, "--many", str(path), "--reports", str(wanted.reports)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603, ourselves
        found["pdf_many"] = json.loads(ran.stdout)
    written = json.dumps(found, ensure_ascii=False, indent=1)
    print(written)
    (ROOT / "bench" / "results" / "documents.json").write_text(written + "\n", "utf-8")


if __name__ == "__main__":
    main()

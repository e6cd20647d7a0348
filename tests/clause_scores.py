"""How well the grammar reads labelled clauses: `make score` prints it, a test holds the floor.

The two sets of ``../shared/data`` and our own (``tests/clauses``) are reported apart, and never pooled: they
are different kinds of text. The scorer is the shared one, so that the numbers here are those of acceptance.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
SHARED: Final = HERE.parent.parent / "shared"
FLOOR: Final = HERE / "clauses" / "floor.toml"
SETS: Final = {
    "dev": SHARED / "data" / "clauses_dev.jsonl",
    "unit_style_dev": SHARED / "data" / "clauses_unit_style_dev.jsonl",
    "own_law": HERE / "clauses" / "own_law.jsonl",
    "own_unit": HERE / "clauses" / "own_unit.jsonl",
    "own_fresh": HERE / "clauses" / "own_fresh.jsonl",
    "own_law_2": HERE / "clauses" / "own_law_2.jsonl",
    "own_unit_2": HERE / "clauses" / "own_unit_2.jsonl",
    "own_unseen": HERE / "clauses" / "own_unseen.jsonl",
}
MEASURES: Final = (
    "effect_accuracy",
    "effect_macro_f1",
    "nature_exact",
    "industry_f1",
    "numbers_f1",
    "exceptions_f1",
)


def score(path: Path, *options: str) -> dict[str, float]:
    """Return the scores of one labelled file."""
    from sanxian.clauses import parse

    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        read = Path(folder) / "read.jsonl"
        lines = (
            json.dumps({"id": r["id"], "rules": list(parse(r["text"]).rules)}, ensure_ascii=False)
            for r in rows
        )
        read.write_text("\n".join(lines), "utf-8")
        scorer = SHARED / "tools" / "score_clauses.py"
        done = subprocess.run(
            [sys.executable, str(scorer), str(path), str(read), *options],
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, float] = json.loads(done.stdout)
    checkable = sum(row["machine_checkable"] == "yes" for row in rows)
    found["left_though_checkable"] = round(found.pop("left_but_checkable") / max(1, checkable), 3)
    return found


def floors() -> dict[str, dict[str, float]]:
    """Return the scores that must not be undercut, by set."""
    return tomllib.loads(FLOOR.read_text("utf-8"))


def _speed() -> float:
    """Return milliseconds a clause on one core, warm."""
    from sanxian.clauses import parse

    texts = [json.loads(line)["text"] for p in SETS.values() for line in p.read_text("utf-8").splitlines()]
    for text in texts:
        parse(text)
    numbered = [f"{n}、{text}" for n, text in enumerate(texts, 1)]  # a text seen before is not read again
    start = time.thread_time()
    for text in numbered:
        parse(text)
    return 1000 * (time.thread_time() - start) / len(texts)


def main() -> int:
    """Print every set, write ``bench/results/clauses.json``, and say what fell below its floor."""
    held, below = floors(), []
    results: dict[str, Any] = {}
    head = "".join(f"{name.replace('_', ' '):>18}" for name in (*MEASURES, "left_though_checkable"))
    sys.stdout.write(f"{'':16}{'n':>5}{head}\n")
    subsets: tuple[tuple[str, Path, tuple[str, ...]], ...] = tuple(
        (name, path, ()) for name, path in SETS.items()
    )
    for name, path, options in (*subsets, ("dev, list texts", SETS["dev"], ("--list-only",))):
        found: dict[str, Any] = score(path, *options)
        results[name] = found
        cells = "".join(f"{found[m]:>18.3f}" for m in (*MEASURES, "left_though_checkable"))
        sys.stdout.write(f"{name:16}{found['clauses']:>5}{cells}\n")
        below += [
            f"{name}: {m} {found[m]} < {low}" for m, low in held.get(name, {}).items() if found[m] < low
        ]
    results["milliseconds_a_clause"] = round(_speed(), 3)
    sys.stdout.write(f"{results['milliseconds_a_clause']:.3f} ms a clause, one core\n")
    target = HERE.parent / "bench" / "results" / "clauses.json"
    target.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    sys.stdout.write("".join(f"{line}\n" for line in below))
    return bool(below)


if __name__ == "__main__":
    sys.exit(main())

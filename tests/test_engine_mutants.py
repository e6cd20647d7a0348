"""Faults planted in the kernels: each has to be caught by the small battery of questions in ``engine_battery.py``.

A test that no fault can fail proves nothing. Every mutant replaces one stretch of a source file, which must occur
there exactly once; when a kernel is rewritten, so are its mutants.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sanxian import engine

BATTERY = Path(__file__).with_name("engine_battery.py")
SOURCES = Path(engine.__file__).parent

Mutant = tuple[str, str, str]  # module, what stands there, what stands there instead

EDGES: tuple[Mutant, ...] = (
    # which side of an edge the inside lies on
    ("edges", "side[n, 0], side[n, 1] = NOTHING, zone", "side[n, 0], side[n, 1] = zone, NOTHING"),
    ("edges", "forward = x1 < x2 or (x1 == x2 and y1 < y2)", "forward = x1 < x2"),
    ("edges", "                elif forward == (", "                elif forward != ("),
    (
        "edges",
        "                    side[n, 0], side[n, 1] = zone, zone\n",
        "                    side[n, 0], side[n, 1] = zone, NOTHING\n",
    ),
    # the edge of a neighbour is merged to the wrong side, or one that is not the same
    ("edges", "side[j, s] = side[i, s]", "side[j, s] = side[i, 1 - s]"),
    ("edges", "side[j, s] == NOTHING and side[i, 1 - s] == NOTHING", "True"),
    (
        "edges",
        "if same and edge[j, 2] == edge[i, 2] and edge[j, 3] == edge[i, 3]:",
        "if same and edge[j, 2] == edge[i, 2]:",
    ),
    # cutting at grid lines
    ("edges", "    if c2 > c1 and x2 == c2 * size:\n        c2 -= 1\n", ""),
    ("edges", "qy = (r + 1) * size if step > 0 else r * size", "qy = (r + 1) * size"),
    (
        "edges",
        "sides[k, 0], sides[k, 1] = side[i, 1], side[i, 0]",
        "sides[k, 0], sides[k, 1] = side[i, 0], side[i, 1]",
    ),
)

BUILD: tuple[Mutant, ...] = (
    ("build", "if whole and seen[z] != mark:", "if whole:"),
    ("build", "                        cover += step[k]\n", "                        cover = step[k]\n"),
    ("build", "for _ in range(abs(cover)):", "for _ in range(min(1, abs(cover)) - 1):"),
    ("build", "out_side[m, 0] = z if z >= 0 else NOTHING", "out_side[m, 0] = NOTHING"),
    ("build", "sign = 1 if s == 0 else -1", "sign = 1"),
    (
        "build",
        "if start[cell + 1] > start[cell]:\n                n = sort_events",
        "if False:\n                n = sort_events",
    ),
    ("build", "unclosed |= n > 0", "unclosed |= False"),
    ("build", "area[z] += v if s == 0 else -v", "area[z] += v"),
    ("build", "if area[z] > 0.0:", "if area[z] > 1.0:"),
    ("build", "            seen[z] = -1\n", ""),
    (
        "build",
        "u1, u2 = max(roof_left[i], lo), min(roof_right[i], hi)",
        "u1, u2 = roof_left[i], roof_right[i]",
    ),
    ("build", "u1, u2 = max(x1, lo), min(x2, hi)", "u1, u2 = x1, x2"),
    ("build", "(lo <= x1 < hi) or (part == parts - 1 and x1 == hi)", "lo < x1 < hi"),
    ("build", "out[m, 2] = y1 if u1 == x1 else", "out[m, 2] = y1 if True else"),
    ("build", "np.uint64(1) << np.uint64(layer_of[z] % 64)", "np.uint64(1) << np.uint64(layer_of[z] % 32)"),
    ("build", "cell[dense, 3] += self._base[3] * 64", "cell[dense, 3] += self._base[3]"),
    ("build", "cell[:, :3] += self._base[:3]", "cell[:, :2] += self._base[:2]"),
    ("build", "strip = block.strip + self._base[0]", "strip = block.strip"),
    ("build", "carried = ids[edge[:, 2] - x0 > right * size]", "carried = ids[:0]"),
    ("build", "% rows\n        self._area +=", "% 1\n        self._area +="),
)

MEASURE: tuple[Mutant, ...] = (
    # the closed form
    ("measure", "c0 * 0.5 * s\n", "c0 * s\n"),
    ("measure", "+ c1 * (q - p) / 3.0", "+ c1 * q / 3.0"),
    ("measure", "+ c2 * 0.25 * s * (q - 2.0 * p)", ""),
    ("measure", "if dl <= 0.0 and de <= 0.0:", "if dl <= 0.0 or de <= 0.0:"),
    ("measure", "t = dl / (dl - de)", "t = dl / (dl + de)"),
    ("measure", "    if dl > 0.0:\n        al = bl\n    else:\n        ae = be\n", ""),
    ("measure", "left, right = max(a1, b1), min(a2, b2)", "left, right = a1, a2"),
    # sums
    ("measure", "    if scratch.mark[zone] != scratch.stamp[0]:", "    if scratch.mark[zone] == 0:"),
    ("measure", "        if total != 0:\n            zone[m]", "        if True:\n            zone[m]"),
    (
        "measure",
        "while j >= 0 and (zone[j] > z or (zone[j] == z and x[j] > at)):",
        "while j >= 0 and zone[j] > z:",
    ),
    ("measure", "if scratch.sums[z] > LEAST_AREA:", "if scratch.sums[z] >= 0.0:"),
    # strips
    (
        "measure",
        "j = min(max(int(x2 * per_unit), 0), parts - 1)",
        "j = min(max(int(x2 * per_unit) - 1, 0), parts - 1)",
    ),
    (
        "measure",
        "i = min(max(int(x1 * per_unit), 0), parts - 1)",
        "i = min(max(int(x1 * per_unit) + 1, 0), parts - 1)",
    ),
    # areas
    (
        "measure",
        "part[parts, 2], part[parts, 3] = size, 0.0\n                            sign[parts] = cover",
        "part[parts, 2], part[parts, 3] = size, 0.0\n                            sign[parts] = -cover",
    ),
    ("measure", "sign[parts] = 1.0 if sides[i, 0] == 0 else -1.0", "sign[parts] = 1.0"),
    ("measure", "    if reaches_foot:\n        south = -1.0\n", ""),
    (
        "measure",
        "if b1 <= west and b2 >= east:\n                value = whole",
        "if True:\n                value = whole",
    ),
    (
        "measure",
        "if min(by, end) >= north:  # above it: all that",
        "if max(by, end) >= north:  # above it: all that",
    ),
    ("measure", "    if north >= y0 + rows * size or south < y0:", "    if False:"),
    ("measure", "if (y1 < line) != (y2 < line):", "if False:"),
    ("measure", "met = add(scratch, grid.sum_zone[i], grid.sum_area[i], met)", "pass"),
    (
        "measure",
        "met = add(scratch, grid.full[i], whole, met)\n    for i in range(grid.cell[cell, 2]",
        "pass\n    for i in range(grid.cell[cell, 2]",
    ),
    # points
    ("measure", "if x1 <= x < x2 and above > 0.0:", "if x1 <= x <= x2 and above > 0.0:"),
    ("measure", "met = _count(scratch, above_zone, -1, met)", "pass"),
    ("measure", "return bool(px * px + py * py <= near * near)", "return bool(px == 0.0 and py == 0.0)"),
    ("measure", "if x <= near or y <= near or x >= size - near or y >= size - near:", "if False:"),
    ("measure", "            scratch.above[z] = 0\n", ""),
    ("measure", "        if on_line:  # a zone", "        if False:  # a zone"),
    # lengths
    ("measure", "cc = c + 1 if px == qx and px == (c + 1) * size else c", "cc = c"),
    ("measure", "elif b1 <= x1 < b2:\n                t2", "elif b1 <= x1 <= b2:\n                t2"),
    (
        "measure",
        "cross = tl + (tr - tl) * (dl / (dl - dr)) if",
        "cross = tl + (tr - tl) * (dr / (dl - dr)) if",
    ),
    ("measure", "    if is_roof(grid, j):\n        return 0.0, 0.0\n", ""),
    ("measure", "reach = grid.frame[3] * np.sqrt(squared)", "reach = 0.0"),
    ("measure", "met = _along(scratch, above, given, met)", "pass"),
    ("measure", " - given, met)", ", met)"),
    ("measure", "bend) - given, met)", "bend) * 0.0, met)"),
    (
        "measure",
        "gain, bend = 2.0 * half - 1.5 * first - 0.5 * last,",
        "gain, bend = 2.0 * half - 1.5 * first - 0.6 * last,",
    ),
    ("measure", "rising = grid.piece[j, 0] < grid.piece[j, 1] and grid.piece[j, 3] > 0.0", "rising = False"),
    ("measure", "    if x2 <= near and column > 0:", "    if False:"),
    ("measure", "    if x1 >= size - near and column + 1 < grid.extent[0]:", "    if False:"),
    ("measure", "    if high <= near and row > 0:", "    if False:"),
    ("measure", "    if low >= size - near and row + 1 < grid.extent[1]:", "    if False:"),
    (
        "measure",
        "kx = grid.rows[row, 4] + y * (grid.rows[row, 5]",
        "kx = grid.rows[row, 4] + 0.0 * (grid.rows[row, 5]",
    ),
    ("measure", "if inside > LEAST_LENGTH:", "if inside >= 0.0:"),
)

SURFACE: tuple[Mutant, ...] = (
    ("surface", "powers /= np.arange(1, 5)", "powers /= 1.0"),
    ("surface", "/ w**1.5", "/ w"),
)

NEAR: tuple[Mutant, ...] = (
    ("near", "if o1 * o2 < 0.0 and o3 * o4 < 0.0:", "if o1 * o2 < 0.0:"),
    (
        "near",
        "t = min(1.0, max(0.0, ((px - ax) * dx + (py - ay) * dy) / along))",
        "t = ((px - ax) * dx + (py - ay) * dy) / along",
    ),
    ("near", "        best, on_ab, on_cd = found, s, 1.0\n", "        on_ab, on_cd = s, 1.0\n"),
    ("near", "dx = max(0.0, w - east, west - e) * kx", "dx = 2.0 * max(0.0, w - east, west - e) * kx"),
    (
        "near",
        "while level < len(reach.level) and reach.level[level] ** 2 < away:",
        "while level < len(reach.level) and reach.level[level] < away:",
    ),
    ("near", "if z == NOTHING or (s == 1 and z == grid.side[j, 0]):", "if z == NOTHING or s == 1:"),
    ("near", "scratch.mark[met[i]], scratch.best[met[i]] = stamp, -1.0", "pass"),
    ("near", "(k == 0 or (inner + (k - 1) * step) ** 2 < best)", "k == 0"),
    (
        "near",
        "jump = 1 if k == 0 or c == c1 - k or c == c2 + k else r2 - r1 + 2 * k",
        "jump = 1 if k == 0 else r2 - r1 + 2 * k",
    ),
    ("near", "        if bound[i] >= best:\n            break\n", "        break\n"),
    ("near", "            if above > 0:", "            if above >= 0:"),
    ("near", "within = ((best + 2.0 * radius) * (1.0 + 1e-9)) ** 2", "within = best ** 2"),
    ("near", "best, stop = np.inf, max(enough, 0.0) ** 2", "best, stop = np.inf, enough ** 2 + 1.0"),
    ("near", "best = max(best, d - off)", "best = max(best, d)"),
    ("near", "crosses = (y1 > y) != (y2 > y)", "crosses = (y1 > y) == (y2 > y)"),
)

MUTANTS = EDGES + BUILD + MEASURE + SURFACE + NEAR


def caught() -> tuple[str, ...]:
    """What caught each mutant; first what caught the sources as they are, which is nothing."""
    unchanged: Mutant = ("measure", "", "")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(BATTERY)],
        input=json.dumps([unchanged, *MUTANTS]),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return tuple(json.loads(done.stdout))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m[0]}-{m[1].strip()[:40]}")
def test_the_stretch_a_mutant_replaces_stands_in_the_source_exactly_once(mutant: Mutant) -> None:
    module, old, new = mutant
    assert (SOURCES / f"{module}.py").read_text("utf-8").count(old) == 1
    assert old != new


def test_the_sources_pass_the_battery_and_every_planted_fault_is_caught() -> None:
    unchanged, *by = caught()
    assert unchanged == ""
    assert [mutant for mutant, found in zip(MUTANTS, by, strict=True) if not found] == []

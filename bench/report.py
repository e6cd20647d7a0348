"""The results as a Markdown table and as a chart (plain SVG, no drawing library)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

Result = dict[str, Any]

FORMAT = 1  # of the result files; those of another format are passed over

TITLES = {
    "points": ("点", "points"),
    "small": ("小面 0.01–5 km²", "small polygons"),
    "corridors": ("线路 10–300 km", "corridors"),
    "large": ("大面 300–10,000 km²", "large polygons"),
    "nearest_points": ("点到最近居民区", "point to the nearest residential area"),
    "nearest_polygons": ("小面到最近居民区", "small polygon to the nearest"),
}
FAMILIES = ("shapely", "sedonadb", "postgis", "duckdb", "geopandas")
SCALE_ORDER = ("sample", "province", "nation")


def number(value: float) -> str:
    """Three significant digits, with thousands separators."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def duration(us: float) -> str:
    """Microseconds in the unit that reads best."""
    for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1.0)):
        if us >= size:
            return f"{number(us / size)} {unit}"
    return f"{number(us * 1e3)} ns"


def peer_cell(row: Result) -> str:
    """One peer on one class: time a query, and how many times that of the engine."""
    star = "*" if row["extrapolated"] else ""
    return f"{number(row['us'])}{star} (**{number(row['ratio'])}×**)"


def agreement(row: Result) -> str:
    """How the answers compare, in a few words."""
    c = row["comparison"]
    text = f"{c['common']:,} common, max |Δ| {c['max_abs']:.1e}, relative {c['max_rel']:.1e}"
    if c["only_engine"] or c["only_peer"]:
        text += f"; **only engine {c['only_engine']}, only peer {c['only_peer']} (up to {c['largest_only']:.1e})**"
    return text


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def strongest(result: Result, question: str) -> tuple[str, Result] | None:
    """The fastest peer of one class, by ratio."""
    rows = [
        (peer["title"], peer["classes"][question])
        for peer in result["peers"].values()
        if question in peer["classes"]
    ]
    return min(rows, key=lambda row: row[1]["ratio"]) if rows else None


def markdown(result: Result) -> str:
    """Everything about one scale."""
    made = result["machine"]
    parts = [
        f"## {result['scale']}: {result['zones']:,} zones, {result['vertices'] / 1e6:.2f} M vertices",
        f"{result['date']}, {made['cpu']}, {made['cores']} cores, {made['memory_gb']} GB, Python {made['python']}; "
        + ", ".join(f"{name} {version}" for name, version in result["versions"].items())
        + f". Effort: {result['effort']}.",
        "### Microseconds a query (times the engine of that moment)",
        _race(result),
        "\\* extrapolated from a part of the queries. `—`: not asked, or the peer has no such operation.",
        "### The strongest peer of each class",
        _strongest(result),
        "### Agreement, pair by pair",
        "Relative: of rows above 1 m² or 1 m. Nearest: distances, whichever of two equally near zones.",
        _agreement(result),
        "### Engine alone, all queries in one call",
        _parallel(made),
        _bulk(result),
        "### One query a call, warm: p50 / p99",
        _latency(result),
        "### Opening and memory, each in a new process",
        _process(result),
        "### Building the index",
        _build(result),
    ]
    if "growth" in result:
        parts += ["### Growth (engine, plane, µs a query)", _growth(result)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _parallel(made: Result) -> str:
    at_once, load = made["two_at_once"], made["load_average"]
    return (
        f"When the run began two threads of plain hashing did {at_once:.2f}× the work of one (load average {load:.1f}): "
        "no program can gain more from a second thread."
    )


def _race(result: Result) -> str:
    questions = list(TITLES)
    rows = []
    for surface in ("plane", "ellipsoid"):
        bulk = result["engine"][surface]
        cells = [f"**{number(bulk[question]['us'])}**" for question in questions]
        rows.append([f"**engine, {surface}** (1 thread)", *cells])
    for peer in result["peers"].values():
        name = f"{peer['title']} ({peer['threads']})"
        if missing := peer.get("missing"):
            rows.append([name, f"not installed: {missing}", *[""] * (len(questions) - 1)])
            continue
        found = peer["classes"]
        rows.append([name, *(peer_cell(found[q]) if q in found else "—" for q in questions)])
        if failed := peer.get("failed"):
            rows[-1][0] += f" failed: {failed}"
    return table(["", *(TITLES[question][1] for question in questions)], rows)


def _strongest(result: Result) -> str:
    rows = []
    for question in TITLES:
        if found := strongest(result, question):
            title, row = found
            per_query = f"{duration(row['engine_us'])} / {duration(row['us'])}"
            rows.append([TITLES[question][1], title, per_query, f"**{number(row['ratio'])}×**"])
    return table(["class", "strongest peer", "engine / peer", "ratio"], rows)


def _agreement(result: Result) -> str:
    rows = [
        [peer["title"], TITLES[question][1], f"{row['count']:,}", agreement(row)]
        for peer in result["peers"].values()
        for question, row in peer["classes"].items()
    ]
    return table(["peer", "class", "queries", "result"], rows)


def _bulk(result: Result) -> str:
    rows = []
    for surface, bulk in result["engine"].items():
        for question, row in bulk.items():
            extra = f"; sorted by place {number(row['sorted_us'])} µs" if "sorted_us" in row else ""
            rows.append(
                [
                    surface,
                    TITLES[question][1],
                    f"{row['count']:,}",
                    f"{number(row['us'])} µs{extra}",
                    f"{number(row['two_threads_us'])} µs ({row['speedup']:.2f}×)",
                ]
            )
    return table(["surface", "class", "queries", "1 thread, a query", "2 threads"], rows)


def _latency(result: Result) -> str:
    questions = ("points", "small", "corridors", "large")

    def cell(row: Result) -> str:
        return f"{number(row['p50_us'])} / {number(row['p99_us'])} µs"

    rows = []
    for name, found in result["latency"].items():
        if "missing" in found:
            rows.append([name, f"not installed: {found['missing']}", "", "", ""])
        else:
            rows.append([name, *(cell(found[q]) if q in found else "—" for q in questions)])
    return table(["", *(TITLES[question][1] for question in questions)], rows)


def _process(result: Result) -> str:
    rows = []
    for name, row in result["process"].items():
        if "open_ms" in row:
            opened = f"import {row['import_stack_s']:.2f} + {row['import_engine_s']:.2f} s, open {row['open_ms']:.1f} ms"
            first = (
                f"first point {row['first_point_ms']:.0f} ms, then {row['second_point_ms']:.3f} ms; "
                f"first polygon {row['first_area_ms']:.0f} ms, then {row['second_area_ms']:.3f} ms"
            )
        else:
            opened = f"import {row['import_s']:.2f} s, objects {row['objects_s']:.2f} s, tree {row['tree_s']:.2f} s"
            first = "—"
        rows.append([name, opened, first, f"{row['private_mb']:,.0f} MB"])
    return table(["", "start", "first calls", "private memory"], rows)


def _build(result: Result) -> str:
    rows = [
        [
            surface,
            f"{row['build_s']:.1f} s",
            f"{row['input_mb']:,.0f} MB",
            f"{row['index_mb']:,.0f} MB",
            f"{row['peak_mb']:,.0f} MB ({row['peak_mb'] / row['index_mb']:.1f}× the index)",
        ]
        for surface, row in result["build"].items()
    ]
    return table(
        ["surface", "build and write", "coordinates", "index file", "peak memory above the start"], rows
    )


def _growth(result: Result) -> str:
    rows = [
        [
            name,
            f"{row['zones']:,}",
            f"{row['vertices'] / 1e6:.1f} M",
            *(number(row[question]) for question in TITLES),
        ]
        for name, row in result["growth"].items()
    ]
    return table(["data", "zones", "vertices", *(TITLES[question][1] for question in TITLES)], rows)


# --- the chart -------------------------------------------------------------------------------------

WIDTH, PANEL_HEIGHT, BAR = 940, 206, 17
LEFT, RIGHT, TOP = 118, 84, 92  # of a panel's bars, and of the first panel
FONT = "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif"
INK, GREY, RULE, OURS, THEIRS = "#1b2a33", "#5c6b73", "#e3e8ea", "#0b7a75", "#a9b6bc"


def bars(result: Result, question: str) -> list[tuple[str, float, float]]:
    """Label, microseconds and ratio: the engine, then the fastest form of each family of peers."""
    found = []
    for family in FAMILIES:
        forms = [
            (peer["title"], peer["classes"][question])
            for name, peer in result["peers"].items()
            if name.startswith(family) and question in peer["classes"]
        ]
        if forms:
            title, row = min(forms, key=lambda form: form[1]["us"])
            label = title.replace(", pieces of ", " ≤").replace(", whole zones", "")
            found.append((label + ("*" if row["extrapolated"] else ""), row["us"], row["ratio"]))
    ours = result["engine"]["plane"][question]["us"]
    return [("三线 Sanxian", ours, 1.0), *sorted(found, key=lambda bar: bar[1])]


def chart(result: Result) -> str:
    """One panel a class, time a query on a logarithmic scale."""
    panels = [(question, bars(result, question)) for question in TITLES]
    panels = [(question, found) for question, found in panels if len(found) > 1]
    height = TOP + PANEL_HEIGHT * math.ceil(len(panels) / 2) + 34
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="{FONT}" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(24, 34, "每次查询用时，越短越好", size=20, weight=600),
        _text(24, 54, "Time per query, shorter is better (logarithmic scale)", fill=GREY),
        _text(24, 74, _caption(result), fill=GREY),
    ]
    for i, (question, found) in enumerate(panels):
        lines += _panel(24 + (i % 2) * (WIDTH // 2 - 6), TOP + (i // 2) * PANEL_HEIGHT, question, found)
    foot = (
        "≤64、≤256：分区先切成不超过该顶点数的小块；倍数取相邻两次计时之比；* 由部分查询推算 / "
        "zones cut into pieces; × of the engine timed beside it; * extrapolated"
    )
    return "\n".join([*lines, _text(24, height - 14, foot, fill=GREY, size=11), "</svg>"]) + "\n"


def _caption(result: Result) -> str:
    zones, vertices = f"{result['zones']:,}", f"{result['vertices'] / 1e6:.1f}"
    return (
        f"{zones} 个分区、10 个图层、{vertices} 百万顶点；本引擎单线程，其余不限 / "
        f"{zones} zones, 10 layers, {vertices} M vertices; engine on one thread, peers on all"
    )


def _panel(x: float, y: float, question: str, found: list[tuple[str, float, float]]) -> Iterator[str]:
    chinese, english = TITLES[question]
    low = math.floor(math.log10(min(us for _, us, _ in found)))
    high = math.ceil(math.log10(max(us for _, us, _ in found)))
    width = WIDTH // 2 - 36 - LEFT - RIGHT

    def along(us: float) -> float:
        return x + LEFT + width * (math.log10(us) - low) / (high - low)

    bottom = y + 34 + len(found) * (BAR + 5)
    in_english = f'<tspan dx="10" font-size="12" font-weight="400" fill="{GREY}">{escape(english)}</tspan>'
    yield f'<text x="{x}" y="{y + 20}" font-size="14" font-weight="600" fill="{INK}">{chinese}{in_english}</text>'
    step = max(1, math.ceil((high - low) / 5))
    for power in range(low, high + 1, step):
        tick = along(10.0**power)
        yield f'<path d="M{tick:.1f} {y + 30}V{bottom}" stroke="{RULE}"/>'
        yield _text(tick, bottom + 13, _tick(power), fill=GREY, size=10, anchor="middle")
    for i, (label, us, ratio) in enumerate(found):
        top = y + 34 + i * (BAR + 5)
        end = max(along(us), x + LEFT + 2)
        colour = OURS if i == 0 else THEIRS
        yield _text(x + LEFT - 8, top + 13, label, anchor="end", weight=600 if i == 0 else 400, size=11)
        yield f'<rect x="{x + LEFT}" y="{top}" width="{end - x - LEFT:.1f}" height="{BAR}" rx="2" fill="{colour}"/>'
        said = duration(us) if i == 0 else f"{duration(us)} · {number(ratio)}×"
        yield _text(end + 6, top + 13, said, size=11, weight=600 if i == 0 else 400)


def _tick(power: int) -> str:
    units = ((6, "s"), (3, "ms"), (0, "µs"), (-3, "ns"))
    base, unit = next(((base, unit) for base, unit in units if power >= base), units[-1])
    return f"{10 ** (power - base):g} {unit}"


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 12,
    fill: str = INK,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    style = f'font-size="{size}" fill="{fill}" font-weight="{weight}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


# --- files -----------------------------------------------------------------------------------------

HEAD = """# 引擎与同类工具 / The engine and its peers

`bench/engine.py` 的输出，由 `engine-*.json` 生成；机器有噪声，只比较同一次运行里的比值。
Written by `bench/engine.py` from the `engine-*.json` beside it. Machines are noisy: compare ratios of one run.
All data are synthetic (`bench/province.py`).
"""


def write_all(folder: Path) -> None:
    """``engine.md`` from every result in the folder, and the chart from the largest province measured with peers."""
    found = {path.stem.removeprefix("engine-"): path for path in folder.glob("engine-*.json")}
    order = sorted(found, key=lambda name: (SCALE_ORDER.index(name) if name in SCALE_ORDER else 9, name))
    results = [json.loads(found[name].read_text("utf-8")) for name in order]
    results = [result for result in results if result.get("format") == FORMAT]
    (folder / "engine.md").write_text("\n".join([HEAD, *map(markdown, results)]), "utf-8")
    drawn = [result for result in results if any(peer["classes"] for peer in result["peers"].values())]
    if drawn:
        best = next((result for result in drawn if result["scale"] == "province"), drawn[0])
        (folder / "engine-speed.svg").write_text(chart(best), "utf-8")

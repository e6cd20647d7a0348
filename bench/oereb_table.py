"""The figures of ``bench/oereb.py`` as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

NAMES = {
    "T1": "square of 200 m",
    "T2": "square of 2 km",
    "T3": "square of 20 km",
    "T4": "strip of 200 m × 141 km",
}
PEER = "pyramid_oereb"


def rows(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    body = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in body) + "\n"


def of_rounds(values: Iterable[float], form: str = "{:.1f}") -> str:
    """The middle one of the rounds, and their range."""
    found = sorted(values)
    middle = form.format(statistics.median(found))
    return middle if len(found) == 1 else f"{middle} ({form.format(found[0])}–{form.format(found[-1])})"


def latency(rounds: Sequence[dict[str, Any]]) -> str:
    """Milliseconds of each case and side, and the ratio of medians of the same round."""
    lines = []
    for case, name in NAMES.items():
        for side in rounds[0]["latency"][case]:
            got = [one["latency"][case][side] for one in rounds]
            ratio = [
                one["latency"][case][PEER]["p50_ms"] / one["latency"][case][side]["p50_ms"] for one in rounds
            ]
            lines.append(
                (
                    f"{case}, {name}",
                    side,
                    of_rounds(x["p50_ms"] for x in got),
                    of_rounds(x["p95_ms"] for x in got),
                    "" if side == PEER else of_rounds(ratio),
                )
            )
    return rows(("", "system", "p50 ms", "p95 ms", "peer ÷ this, p50"), lines)


def throughput(rounds: Sequence[dict[str, Any]]) -> str:
    """Requests a second of T1 by the number of clients, and the ratio to the peer with as many processes."""
    sides = rounds[0]["requests_per_s"]
    clients = list(next(iter(sides.values())))
    lines = []
    for side in sides:
        cells = []
        for n in clients:
            rates = [one["requests_per_s"][side][n] for one in rounds]
            against = f"{PEER}, {side.rpartition(', ')[2]}"
            ratio = [one["requests_per_s"][side][n] / one["requests_per_s"][against][n] for one in rounds]
            shown = "" if side == against else f"; × {of_rounds(ratio)}"
            cells.append(of_rounds(rates) + shown)
        lines.append((side, *cells))
    return rows(("requests/s of T1", *(f"{n} client{'s' * (n != '1')}" for n in clients)), lines)


def equal(told: dict[str, Any]) -> str:
    """What was compared before the timing."""
    lines = [
        (side, case, found["pairs"], f"{found['worst_m2']:.4f}")
        for side in (PEER, "sanxian")
        for case, found in told[side].items()
    ]
    return rows(
        ("system", "case", "(unit or block, area) pairs", "largest difference from PostGIS, m²"), lines
    )


def only(told: dict[str, Any], rounds: Sequence[dict[str, Any]]) -> str:
    """The three cases the peer cannot do."""
    one, dated, line = told["batch"], told["as_of"], told["line"]
    peer = statistics.median(r["requests_per_s"][f"{PEER}, 2 processes"]["8"] for r in rounds)
    days = "; ".join(
        f"{day}: block met {', '.join(b for b in x['blocks'] if b in ('BK0105', 'BK9999'))}, {x['verdict']}, p50 {x['p50_ms']} ms"
        for day, x in dated.items()
    )
    return rows(
        ("case", "Sanxian", "pyramid_oereb"),
        (
            (
                f"{one['projects']:,} projects in one batch",
                (
                    f"{one['workers_1_s']} s in one process, {one['workers_2_s']} s in two ({one['hits']:,} hits, first 200 "
                    "projects checked against PostGIS)"
                ),
                (
                    f"no batch; so many requests at its best rate here ({peer:.1f}/s) would take {one['projects'] / peer:.0f} s, "
                    "after entering every footprint as a parcel"
                ),
            ),
            ("as of a date", days, "compares with the clock of the server"),
            (
                "a line of 141 km, its length in every unit",
                (
                    f"{line['pairs']} units and blocks, {line['length_km']} km, p50 {line['p50_ms']} ms; largest difference from "
                    f"PostGIS {line['worst_m']:.4f} m"
                ),
                "a parcel is a polygon; its table takes nothing else",
            ),
        ),
    )


def over_rest(told: dict[str, Any]) -> str:
    """What was compared of the server's answers."""
    found = told["equal"].get("sanxian, REST, m²")
    if not found:
        return ""
    return (
        "Sanxian's answers over REST were byte for byte the records made in process of the same request, and "
        f"{max(found.values()):.4f} m² at most from PostGIS.\n"
    )


def crowded(told: dict[str, Any]) -> str:
    """A warning when others had the processors."""
    least = min(one["load_before"] for one in told["rounds"])
    if least <= told["machine"]["cores"]:
        return ""
    return """**The machine was overloaded by other work: the times are several times those of a quiet one and no claim about speed
rests on them.** The ratios are of the same minutes, yet not certain either: the peer hands over to its database many times
a request and may lose more by waiting for a processor than a single process does. Measure again on a quiet machine.
"""


def table(told: dict[str, Any]) -> str:
    """The whole page."""
    rounds, machine = told["rounds"], told["machine"]
    busy = ", ".join(f"{one['load_before']:.1f}→{one['load_after']:.1f}" for one in rounds)
    cold = [
        (name, ", ".join(str(value) for value in values)) for name, values in told["cold_start_s"].items()
    ]
    first = told["sanxian_cold"][0]
    said = told["machine"]["postgis"].split("; ")
    left = f"\nREST: {told['rest']}.\n" if "rest" in told else ""
    return f"""# oereb.py

{told["day"]}, {machine["cores"]} cores, shared with other work: load average before and after each round {busy}.
{crowded(told)}Keep the ratios, which are of one round; figures are the middle round (least–greatest of {len(rounds)}).
Python {machine["python"]}, shapely {machine["shapely"]} (GEOS {machine["geos"]}); {said[0].split(" (")[0]}, {said[1][:120]} …

Both sides hold 50,176 units of 201 vertices and 196 blocks of 3,201 and answer which of them a shape meets, with area
and share. The data differ in place (the peer in the Swiss plane, Sanxian in lon/lat over Qinghai, 示例数据，非官方), not
in structure: one linear map takes the one to the other; shares differ by at most {told["equal"]["largest_difference_of_shares_between_the_two"]:.1e}
(areas on the plane and on the ellipsoid).
Every request asks for the next of 25 places; Sanxian gets other facts every time besides, so that no answer was given
before. What Sanxian does more: it measures on the ellipsoid, judges six clauses with trace and flip facts, gives margins
and near misses, and writes the record with its digests. What it does less: no links to maps and symbols. Over REST the
footprint is read as any user's file is, with points added along its edges (for T4 some thousands), which the calls in
process are spared.

## How the peer was set up

{"".join(f"- {line}{chr(10)}" for line in told["setup"])}
## Equal answers first

{equal(told["equal"])}
T1 and T2 at all 25 places, T3 and T4 at five. The peer's JSON rounds to whole square metres and does not name the
restriction, so its unrounded areas were taken by its own code, and its answers over HTTP compared with those rounded.
{over_rest(told)}
## Latency, one client

{latency(rounds)}
## Throughput

Clients are threads of one process beside the servers, on the same cores. “×”: to the peer with as many processes.

{throughput(rounds)}{left}
## Cold start and memory

{rows(("seconds until the first answer", "runs"), cold)}
Of Sanxian's first run: imports {first["import_s"]:.1f} s, opening the edition with its digest checked over 10 million
vertices {first["open_edition_s"]:.1f} s; the index lies beside the file. PostgreSQL was running already: the peer's figure
is without its start. Filling the peer's tables and indexing took {told["peer_filled_s"]} s.

{rows(("memory, MB", ""), told["memory_mb"].items())}
## What the peer cannot do

{only(told["only_sanxian"], rounds)}"""

"""Drafts and editions of 示例市 for the tests of publishing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import shapely

from sample_edition import SOURCE, sample_edition
from sanxian.edition import Draft, Edition, normalise
from sanxian.model import Change, Coverage, CoverageStatus, EditionInfo, Layer, LayerKind, Zone
from sanxian.publish import Terms

SPLIT = "ZH63990220002"  # the unit that the second draft splits
PARTS = ("ZH63990220003", "ZH63990220004")
ENTRY = Change(item=f"control_unit/{SPLIT}", kind="succeeded", reason="一分为二", successors=PARTS)
FIRST = Terms(
    title="示例市成果（2026）", valid_from=date(2026, 1, 1), reason="首次编制", trigger="first_publication"
)
SECOND = Terms(
    title="示例市成果（2027）",
    id="示例市/2027",
    valid_from=date(2027, 1, 1),
    published=date(2026, 12, 20),
    reason="乙县单元细分",
    trigger="five_year_adjustment",
)


def first_draft() -> Draft:
    return Draft(edition=replace(sample_edition(), changes=()))


def split_draft() -> Draft:
    """The first draft with one unit split in two; clauses and states follow."""
    edition = first_draft().edition
    old = next(zone for zone in edition.zones["control_unit"] if zone.code == SPLIT)
    halves = [
        replace(old, code=code, name=f"{old.name}{part}", geometry=shapely.box(west, 36.0, west + 0.1, 36.1))
        for part, code, west in (("甲", PARTS[0], 100.2), ("乙", PARTS[1], 100.3))
    ]
    units = [zone for zone in edition.zones["control_unit"] if zone.code != SPLIT]
    clauses = [
        replace(
            clause,
            scope=replace(
                clause.scope,
                units=tuple(
                    new for code in clause.scope.units for new in (PARTS if code == SPLIT else (code,))
                ),
            ),
        )
        for clause in edition.clauses
    ]
    states = [replace(state, place=PARTS[0]) if state.place == SPLIT else state for state in edition.states]
    return Draft(edition=with_units(edition, [*units, *halves], clauses=tuple(clauses), states=tuple(states)))


def with_units(edition: Edition, units: list[Zone], **rest: Any) -> Edition:
    return replace(edition, zones={**edition.zones, "control_unit": tuple(units)}, **rest)


def row_of_cells(codes: Mapping[str, list[int]], *, partition: bool = True, label: str = "甲") -> Edition:
    """An edition of one layer whose zones are made of cells in a row: all cells have the same area."""
    cells = sorted(cell for owned in codes.values() for cell in owned)
    layer = Layer(id="zone", kind=LayerKind.OTHER, title="分区", accuracy_m=5.0, partition=partition)
    zones = [
        Zone(
            layer="zone",
            code=code,
            name=f"{label}{code}",
            geometry=shapely.union_all(
                [shapely.box(100 + cell / 100, 36, 100 + (cell + 1) / 100, 36.01) for cell in owned]
            ),
        )
        for code, owned in codes.items()
        if owned
    ]
    last = max(cells, default=0) + 1
    province = Zone(
        layer="province",
        code="63",
        name="示例省",
        geometry=shapely.box(100, 36, 100 + last / 100, 36.01),
        zone_class="province",
    )
    admin = Layer(id="province", kind=LayerKind.ADMIN, title="省", accuracy_m=5.0)
    return normalise(
        Edition(
            info=EditionInfo(id=label, title=label, region="63", valid_from=date(2026, 1, 1), synthetic=True, source=SOURCE),
            layers=(layer, admin),
            zones={"zone": tuple(zones), "province": (province,)},
            documents={},
            catalogues={},
            coverage=tuple(
                Coverage(layer=name, region="63", status=CoverageStatus.COMPLETE, source=SOURCE)
                for name in ("zone", "province")
            ),
        )
    )  # fmt: skip

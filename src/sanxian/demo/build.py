"""The demo edition: a synthetic Qinghai with an access list, for learning, demonstration and tests.

示例数据，非官方 / synthetic, not official: names and codes of administrative places are facts, everything else is
invented. The same seed gives the same edition, digest included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from importlib import resources
from typing import Any, Final

import yaml

from sanxian.clauses import clause_from_row
from sanxian.demo import atlas
from sanxian.edition import Edition, normalise
from sanxian.model import Catalogue, Clause, Document, EditionInfo, PlaceState

SEED: Final = 2026
SOURCE: Final = "示例数据，非官方（合成）"
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_REVIEW: Final = {"state": "reviewed", "by": "示例审核人", "on": "2026-03-01"}


def build(seed: int = SEED) -> Edition:
    """Return the demo edition for ``seed``, as opening its file gives it."""
    drawn = atlas.draw(seed)
    tables = _yaml("documents.yaml")
    info = EditionInfo(
        id=f"青海示例/2026/{seed}",
        title="青海省生态环境分区管控成果（示例，合成数据）",
        region="63",
        valid_from=date(2026, 1, 1),
        published=date(2026, 1, 1),
        publisher="示例发布机关",
        source=SOURCE,
        synthetic=True,
    )
    edition = Edition(
        info=info,
        layers=drawn.layers,
        zones=drawn.zones,
        clauses=tuple(_clauses()),
        documents={row["id"]: Document(**row) for row in map(_dated, tables["documents"])},
        states=tuple(PlaceState(**row) for row in map(_dated, tables["states"])),
        coverage=drawn.coverage,
        catalogues={row["id"]: _catalogue(row) for row in map(_dated, tables["catalogues"])},
        changes=(),
    )
    return normalise(edition)


def _yaml(name: str) -> Any:
    text = resources.files("sanxian").joinpath("data", "demo", name).read_text("utf-8")
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - the safe loader, in C where it was built


def _dated(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose codes are text; YAML reads unquoted dates as dates already."""
    return {key: str(value) if key in ("id", "place", "number") else value for key, value in row.items()}


def _catalogue(row: dict[str, Any]) -> Catalogue:
    return Catalogue(**(row | {"industries": tuple(map(str, row["industries"]))}))


def _clauses() -> Iterator[Clause]:
    for name in ("clauses_general.yaml", "clauses_local.yaml"):
        for row in _yaml(name):
            yield clause_from_row(row, review=_REVIEW)

"""The demo edition: a synthetic Qinghai with an access list, for learning, demonstration and tests.

示例数据，非官方 / synthetic, not official: names and codes of administrative places are facts, everything else is
invented. The same seed gives the same edition, digest included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

import yaml

from sanxian.demo import atlas
from sanxian.edition import Edition, normalise
from sanxian.errors import ClauseError
from sanxian.i18n import t
from sanxian.model import (
    Catalogue,
    Clause,
    Dimension,
    Document,
    EditionInfo,
    Level,
    PlaceState,
    Scope,
)

SEED: Final = 2026
SOURCE: Final = "示例数据，非官方（合成）"
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_REVIEWED: Final = {"state": "reviewed", "by": "示例审核人", "on": "2026-03-01"}


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
            yield clause_from_row(row)


def clause_from_row(row: Mapping[str, Any]) -> Clause:
    """Return a clause from one entry of a clause file.

    A rule quotes the clause by its words; they become offsets here. A rule without review state is
    reviewed by the (invented) reviewer of the demo.

    Raises
    ------
    ClauseError
        The quote is not part of the text.
    """
    dimension = Dimension(row["dimension"])
    return Clause(
        id=row["id"],
        number=str(row["number"]),
        level=Level(row["level"]),
        dimension=dimension,
        dimension_label=row.get("dimension_label") or t(f"labels.dimension.{dimension}", "zh-CN"),
        category=row.get("category", ""),
        text=row["text"],
        document=row["document"],
        scope=_scope(row["scope"]),
        rules=tuple(_rule(row, rule) for rule in row.get("rules") or ()),
        list_id=row.get("list_id", ""),
        valid_from=row.get("valid_from"),
        valid_to=row.get("valid_to"),
    )


def _scope(scope: Mapping[str, Any]) -> Scope:
    listed = {k: tuple(map(str, v)) for k, v in scope.items() if k != "everywhere"}
    return Scope(everywhere=bool(scope.get("everywhere")), **listed)


def _rule(row: Mapping[str, Any], rule: Mapping[str, Any]) -> Mapping[str, Any]:
    made = {key: _plain(value) for key, value in rule.items()}
    made.setdefault("review", dict(_REVIEWED))
    words = made.get("quote")
    if isinstance(words, str):
        start = row["text"].find(words)
        if start < 0:
            what = f"{row['id']}: “{words}”"
            raise ClauseError(
                reason={"zh": f"引文不在条款原文中（{what}）", "en": f"the quote is not in the text ({what})"}
            )
        made["quote"] = [start, start + len(words)]
    return MappingProxyType(made)


def _plain(value: Any) -> Any:
    """Return a YAML value as JSON: dates as ISO text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value

"""Two editions side by side: what became of every zone, clause and statement, and where land changed hands.

::

    difference = diff(open_edition("old.gpkg"), open_edition("new.gpkg"))
    for layer in difference.layers:
        layer.transfers  # which land went from which zone to which, m²
    apply(old, difference)  # an edition with the digest of the new one

Shapes are compared as sets of points, not as lists of vertices: :mod:`~sanxian.comparison.ground` says up to
what. ``difference`` is what comes out, ``comparing`` finds it, ``fields`` looks into one item, ``record`` writes
it down for machines; :mod:`sanxian.report.comparison` words and draws it. The manual is docs/reference/diff.md.
"""

from sanxian.comparison.comparing import RENUMBERED_SHARE, diff
from sanxian.comparison.difference import (
    Difference,
    FieldChange,
    ItemChange,
    Kind,
    LayerDifference,
    RuleChange,
    Shape,
    Transfer,
    ZoneChange,
)
from sanxian.comparison.ground import LEAST_AREA_M2, LEAST_WIDTH_M
from sanxian.comparison.patching import apply
from sanxian.comparison.record import to_csv, to_json
from sanxian.comparison.texts import Span, text_changes

__all__ = [
    "LEAST_AREA_M2",
    "LEAST_WIDTH_M",
    "RENUMBERED_SHARE",
    "Difference",
    "FieldChange",
    "ItemChange",
    "Kind",
    "LayerDifference",
    "RuleChange",
    "Shape",
    "Span",
    "Transfer",
    "ZoneChange",
    "apply",
    "diff",
    "text_changes",
    "to_csv",
    "to_json",
]

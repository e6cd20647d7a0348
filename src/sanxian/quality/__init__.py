"""The quality gate: what is wrong with a draft, where, how much, and named repairs.

::

    report = check(open_draft("draft.gpkg"))
    if report.blocking:
        ...  # it cannot be published
    fixed = fix(draft, ["snap-edges", "close-gaps"])
    fixed.draft, fixed.moves  # how much area moved from which zone to which

Every check, how it measures and what to do about it: ``docs/reference/quality-checks.md``.
"""

from sanxian.quality.findings import Balance, Finding, Measure, Place, QualityReport, Severity, Sum
from sanxian.quality.gate import TOLERANCE_M, check
from sanxian.quality.repairs import REPAIRS, Fixed, Move, fix

__all__ = [
    "REPAIRS",
    "TOLERANCE_M",
    "Balance",
    "Finding",
    "Fixed",
    "Measure",
    "Move",
    "Place",
    "QualityReport",
    "Severity",
    "Sum",
    "check",
    "fix",
]

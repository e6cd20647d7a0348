"""The gate: every check over one draft or edition, in one order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from sanxian.edition import Draft, Edition
from sanxian.quality.codes import check_codes, county_aliases
from sanxian.quality.findings import Balance, Finding, QualityReport, Severity, finding
from sanxian.quality.ground import Ground
from sanxian.quality.lists import check_lists
from sanxian.quality.nesting import check_nesting
from sanxian.quality.partitions import check_partition, partitions
from sanxian.quality.structure import check_shapes, check_structure
from sanxian.quality.totals import check_totals

TOLERANCE_M: Final = 1.0  # two lines nearer than this are meant to be one
_ORDER: Final = list(Severity)


def check(
    source: Draft | Edition,
    *,
    as_of: date | None = None,
    tolerance_m: float = TOLERANCE_M,
    aliases: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> QualityReport:
    """Return what is wrong with a draft or a published edition; nothing is changed.

    Parameters
    ----------
    source : Draft or Edition
    as_of : date, optional
        Day on which dates are judged and zones are in force; by default the first day of the edition.
    tolerance_m : float, default 1.0
        Gaps and overlaps of at most this mean width are two lines meant to be one (Q-EDGE, a warning).
    aliases : mapping, optional
        Old county codes and what became of them; by default the table shipped.
    progress : callable, optional
        Told the name of each step as it begins.
    """
    draft = source if isinstance(source, Draft) else None
    edition = source.edition if isinstance(source, Draft) else source
    day = as_of or edition.info.valid_from
    say = progress or _silent
    known = county_aliases() if aliases is None else aliases
    ground = Ground(edition)
    findings: list[Finding] = []
    balances: list[Balance] = []
    say("structure")
    findings += check_structure(edition)
    say("codes")
    findings += check_codes(edition, known)
    findings += check_lists(edition, day)
    say("shapes")
    findings += check_shapes(ground)
    for part in partitions(ground, day):
        say(f"partition {part.layer.id}")
        found, balance = check_partition(part, tolerance_m)
        findings += found
        balances.append(balance)
    say("nesting")
    findings += check_nesting(ground, known)
    say("totals")
    compared = check_totals(ground, () if draft is None else draft.totals)
    findings += compared.findings
    findings += _log(draft)
    findings.sort(key=lambda f: _ORDER.index(f.severity))  # stable: the order above stays within each
    return QualityReport(
        info=edition.info,
        draft=draft is not None,
        as_of=day,
        tolerance_m=tolerance_m,
        findings=tuple(findings),
        balances=tuple(balances),
        sums=compared.sums,
        ran=MappingProxyType(_looked_at(edition, balances, len(compared.sums))),
        titles=MappingProxyType({layer.id: layer.title for layer in edition.layers}),
    )


def _silent(_step: str) -> None:
    """Say nothing."""


def _log(draft: Draft | None) -> list[Finding]:
    """Return what the ingest log holds of errors: data that could not be read is missing from every check."""
    errors = Counter(entry.code for entry in draft.log if entry.severity == "error") if draft else Counter()
    if not errors:
        return []
    return [finding("Q-LOG", Severity.WARNING, items=sorted(errors), entries=sum(errors.values()))]


def _looked_at(edition: Edition, balances: list[Balance], sums: int) -> dict[str, int]:
    return {
        "zones": sum(len(zones) for zones in edition.zones.values()),
        "clauses": len(edition.clauses),
        "documents": len(edition.documents),
        "edges": sum(balance.edges for balance in balances),
        "sums": sums,
    }

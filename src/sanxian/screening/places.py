"""Places through which clauses are reached, and findings made there."""

from __future__ import annotations

from typing import Any, NamedTuple

from sanxian.i18n import t
from sanxian.model import Finding, FindingKind, Flip, Notice, Office, Outcome, RuleResult


class Place(NamedTuple):
    """A place through which clauses are reached."""

    code: str
    name: str
    layer: str  # "" for regions and everywhere
    counties: tuple[str, ...] = ()  # touched counties it stands for
    roles: frozenset[str] = frozenset()  # roles of the parts lying there
    doubtful: bool = False  # reached only inside the accuracy of a strict line
    office: Office | None = None  # who answers for the zone


def both(key: str, **given: Any) -> tuple[str, str]:
    """Return a screening text in both languages; a mapping among the fields holds one text a language."""
    zh, en = (
        t(f"screening.{key}", lang, **{k: v[lang] if isinstance(v, dict) else v for k, v in given.items()})
        for lang in ("zh-CN", "en")
    )
    return zh, en


def finding(
    place: Place,
    clause: str,
    outcome: Outcome,
    zh: str,
    en: str,
    *,
    kind: FindingKind = FindingKind.CLAUSE,
    layer: str | None = None,
    rules: tuple[RuleResult, ...] = (),
    flips: tuple[Flip, ...] = (),
    notices: tuple[Notice, ...] = (),
    office: Office | None = None,
) -> Finding:
    """Return a finding about ``place``; who answers for the place does when no other office is given."""
    return Finding(
        kind=kind,
        outcome=outcome,
        place=place.code,
        place_name=place.name,
        reason_zh=zh,
        reason_en=en,
        clause=clause,
        layer=place.layer if layer is None else layer,
        rules=rules,
        flips=flips,
        notices=notices,
        office=office or place.office,
    )

"""Answers: what of a screening has to be the same for the answer to be the same, and how two answers differ."""

from __future__ import annotations

import enum
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sanxian.errors import SanxianError
from sanxian.model import Finding, FindingKind, Hit, Outcome
from sanxian.screening import Failure, Screening

_ABSOLUTE: Final = 1e-3  # m², m: numbers closer than this come from how the index is laid out
_RELATIVE: Final = 1e-9
_MEASURES: Final = ("area_m2", "length_m", "distance_m")


class Grade(enum.StrEnum):
    """How much of an answer changed."""

    VERDICT = "verdict"  # the verdict itself
    FINDINGS = "findings"  # findings appeared, vanished or have another outcome
    HITS = "hits"  # other zones are met, touched or near
    DETAILS = "details"  # reasons, cited words or measures only


class FindingKey(NamedTuple):
    """What a finding is about."""

    kind: str
    clause: str
    layer: str
    place: str
    number: int = 0  # of several about the same


class HitKey(NamedTuple):
    """What a hit is about."""

    layer: str
    zone: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one finding says."""

    outcome: Outcome
    name: str
    words: Hashable


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What of a screening is compared (docs/reference/recheck.md)."""

    verdict: Outcome | None  # None: there was no answer
    error: str = ""  # code of why
    findings: Mapping[FindingKey, Said]
    hits: Mapping[HitKey, Hit]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """A finding that appeared, vanished, has another outcome or other words."""

    key: FindingKey
    name: str  # of the place
    old: Outcome | None
    new: Outcome | None
    causes: tuple[int, ...] = ()  # numbers of differences

    @property
    def what(self) -> str:
        """``appeared``, ``vanished``, ``outcome`` or ``words``."""
        if self.old is None:
            return "appeared"
        if self.new is None:
            return "vanished"
        return "words" if self.old is self.new else "outcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class HitChange:
    """A hit that appeared, vanished, has another relation or other measures."""

    key: HitKey
    old: Hit | None
    new: Hit | None
    causes: tuple[int, ...] = ()

    @property
    def what(self) -> str:
        """``appeared``, ``vanished``, ``relation``, ``sensitive`` or ``measures``."""
        if self.old is None:
            return "appeared"
        if self.new is None:
            return "vanished"
        if self.old.relation is not self.new.relation:
            return "relation"
        return "sensitive" if self.old.sensitive != self.new.sensitive else "measures"


class Compared(NamedTuple):
    """How two answers differ."""

    grade: Grade
    findings: tuple[FindingChange, ...]
    hits: tuple[HitChange, ...]


def answer_of(result: Screening | Failure | SanxianError) -> Answer:
    """Return what of a result is compared."""
    if not isinstance(result, Screening):
        error = result.error if isinstance(result, Failure) else result
        return Answer(verdict=None, error=error.code, findings={}, hits={})
    cited = {
        name: (c.number, c.level, c.dimension, c.dimension_label, c.category, c.text, c.document)
        for name, c in result.clauses.items()
    }
    documents = {name: result.titles.get(f"document:{c.document}", "") for name, c in result.clauses.items()}
    findings: dict[FindingKey, Said] = {}
    for finding in result.findings:
        key = FindingKey(finding.kind, finding.clause, finding.layer, finding.place)
        while key in findings:
            key = key._replace(number=key.number + 1)
        name = (
            "" if finding.kind is FindingKind.PLACE else finding.place_name
        )  # there: the edition's own title
        words = _words(finding), name, cited.get(finding.clause), documents.get(finding.clause)
        findings[key] = Said(outcome=finding.outcome, name=name, words=words)
    return Answer(
        verdict=result.verdict,
        findings=findings,
        hits={HitKey(hit.layer, hit.zone, hit.role): hit for hit in result.hits},
    )


def _words(finding: Finding) -> Hashable:
    return (
        finding.reason_zh,
        finding.reason_en,
        tuple((n.code, n.zh, n.en) for n in finding.notices),
        tuple(
            (
                (
                    r.index,
                    r.effect,
                    r.strength,
                    r.outcome,
                    r.machine_outcome,
                    r.reviewed,
                    r.quote,
                    r.reason_zh,
                ),
                tuple(tuple(sorted(duty.items())) for duty in r.duties),
            )
            for r in finding.rules
        ),
    )


def compare(old: Answer, new: Answer) -> Compared | None:
    """Return how two answers differ, ``None`` when they are the same."""
    findings = [
        FindingChange(
            key=key,
            name=(now or was).name,  # type: ignore[union-attr]  # one of them is there
            old=was.outcome if was else None,
            new=now.outcome if now else None,
        )
        for key in sorted(old.findings.keys() | new.findings.keys())
        if (was := old.findings.get(key)) != (now := new.findings.get(key))
    ]
    hits = [
        HitChange(key=where, old=before, new=after)
        for where in sorted(old.hits.keys() | new.hits.keys())
        if not _same_hit(before := old.hits.get(where), after := new.hits.get(where))
    ]
    if (old.verdict, old.error) != (new.verdict, new.error):
        grade = Grade.VERDICT
    elif any(one.what != "words" for one in findings):
        grade = Grade.FINDINGS
    elif any(hit.what != "measures" for hit in hits):
        grade = Grade.HITS
    elif findings or hits:
        grade = Grade.DETAILS
    else:
        return None
    return Compared(grade, tuple(findings), tuple(hits))


def _same_hit(old: Hit | None, new: Hit | None) -> bool:
    if old is None or new is None:
        return old is new
    if (old.relation, old.sensitive, old.points) != (new.relation, new.sensitive, new.points):
        return False
    if (old.published_area_m2 is None) != (new.published_area_m2 is None):
        return False
    if not math.isclose(old.share, new.share, rel_tol=_RELATIVE, abs_tol=_RELATIVE):
        return False
    pairs: list[tuple[Any, Any]] = [(getattr(old, name), getattr(new, name)) for name in _MEASURES]
    pairs.append((old.published_area_m2 or 0.0, new.published_area_m2 or 0.0))
    return all(math.isclose(a, b, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE) for a, b in pairs)

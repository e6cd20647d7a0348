"""What a stretch of a clause says: kinds of construction, industries, activities, conditions, each with its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Atom = Mapping[str, Any]
Span = tuple[int, int]


class Found(NamedTuple):
    """One condition and the words it rests on."""

    atom: Atom
    at: Span


@dataclass(slots=True)
class Said:
    """What a stretch of text says."""

    natures: list[tuple[str, Span]] = field(default_factory=list)
    industries: list[tuple[str, Span]] = field(default_factory=list)
    activities: list[tuple[str, Span]] = field(default_factory=list)
    objects: list[Found] = field(default_factory=list)  # things acted on that no vocabulary knows
    atoms: list[Found] = field(default_factory=list)  # conditions
    places: list[Found] = field(default_factory=list)  # places named side by side: any of them
    used: list[Span] = field(default_factory=list)  # words that were understood, the functional ones too
    generic: bool = False  # 项目, 企业 …: a subject that narrows nothing
    building: bool = False  # something new comes to stand there
    opened: bool = False  # 等: a list that is not closed

    @property
    def empty(self) -> bool:
        """Whether nothing was said that a rule could rest on."""
        return not (self.natures or self.industries or self.activities or self.objects or self.atoms)

    def add(self, other: Said) -> None:
        """Take over what another stretch says."""
        for name in ("natures", "industries", "activities", "objects", "atoms", "used"):
            getattr(self, name).extend(getattr(other, name))
        self.generic |= other.generic
        self.building |= other.building
        self.opened |= other.opened


def around(spans: Sequence[Span]) -> Span:
    """Return the stretch from the first to the last of several spans."""
    return min(start for start, _ in spans), max(end for _, end in spans)


def is_number(found: Found) -> bool:
    """Whether a condition compares a number."""
    value = found.atom.get("value")
    return isinstance(value, (int, float)) and not isinstance(value, bool)

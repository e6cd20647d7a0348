"""What the grammar read in a clause: rules, the words each part rests on, and what was left over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """读法: the machine form of one clause text, with what stands behind it."""

    text: str  # as published
    rules: tuple[Mapping[str, Any], ...]  # checked by ``rules``; () = left to a person
    residue: tuple[tuple[int, int], ...] = ()  # words no rule rests on, offsets into ``text``, in order
    confidence: float = 0.0  # 0 = a guess … 1 = every word understood
    doubts: tuple[str, ...] = ()  # codes of what a reviewer should look at; words in locale ``clauses.doubt``

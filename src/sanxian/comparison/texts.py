"""Texts: what changed in the wording of a clause, character by character."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple

_SHORTEST: Final = 2  # equal runs shorter than this between two changes only make the reading harder


class Span(NamedTuple):
    """A run of characters that both texts have, or one of them."""

    kind: Literal["equal", "removed", "added"]
    text: str


def text_changes(old: str, new: str) -> tuple[Span, ...]:
    """Return how ``new`` comes out of ``old``; joined without what was added they give ``old``.

    Examples
    --------
    >>> [
    ...     f"{span.kind} {span.text}"
    ...     for span in text_changes("禁止新建化工项目。", "禁止新建、扩建化工项目。")
    ... ]
    ['equal 禁止新建', 'added 、扩建', 'equal 化工项目。']
    """
    # a matcher that forgets characters seen often would forget 的 and 。
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    spans: list[Span] = []
    gone, come = "", ""
    for index, (tag, i, j, k, m) in enumerate(blocks):
        inside = 0 < index < len(blocks) - 1
        if tag == "equal" and not (inside and j - i < _SHORTEST):
            spans += _both(gone, come)
            spans.append(Span("equal", old[i:j]))
            gone, come = "", ""
        else:
            gone, come = gone + old[i:j], come + new[k:m]
    return (*spans, *_both(gone, come))


def _both(gone: str, come: str) -> list[Span]:
    made = []
    if gone:
        made.append(Span("removed", gone))
    if come:
        made.append(Span("added", come))
    return made

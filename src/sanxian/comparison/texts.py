"""Texts: what changed in the wording of a clause, character by character."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple

_SHORTEST: Final = 2  # equal runs shorter than this between two changes only make the reading harder

_MARKS: Final = "，。、；：（“《,.;:("


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
    return tuple(_slid([*spans, *_both(gone, come)]))


def _slid(spans: list[Span]) -> list[Span]:
    """Move a run that was only added, or only removed, to where it begins with a mark, if it says the same there.

    禁止新建、扩建化工 of 禁止新建化工 reads as 建、扩 put in after 禁止新, or as 、扩建 after 禁止新建.
    """
    for n in range(1, len(spans) - 1):
        before, run, after = spans[n - 1 : n + 2]
        if before.kind != "equal" or run.kind == "equal" or after.kind != "equal":
            continue
        left = 0  # how far to the left the run can begin and say the same
        while left < len(before.text) - 1 and before.text[-1 - left] == (run.text * (left + 1))[-1 - left]:
            left += 1
        right = 0
        while right < len(after.text) - 1 and after.text[right] == (run.text * (right + 1))[right]:
            right += 1
        whole = before.text + run.text + after.text
        start, size = len(before.text), len(run.text)
        for shift in sorted(range(-left, right + 1), key=lambda k: (abs(k), k)):
            if whole[start + shift] in _MARKS:
                at = start + shift
                spans[n - 1 : n + 2] = [
                    Span("equal", whole[:at]),
                    Span(run.kind, whole[at : at + size]),
                    Span("equal", whole[at + size :]),
                ]
                break
    return spans


def _both(gone: str, come: str) -> list[Span]:
    made = []
    if gone:
        made.append(Span("removed", gone))
    if come:
        made.append(Span("added", come))
    return made

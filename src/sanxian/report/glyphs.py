"""The characters that the fonts of the reports have, and what stands for the others.

A character without a glyph is never left out and never an empty box: its number stands in its place, such as
``〔U+1F600〕``. So it is with control characters and with marks that would turn the order of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

FONTS: Final = Path(__file__).with_name("fonts")
_HIDDEN: Final = frozenset("\u00ad")  # in the font, but seen only at the end of a line


@lru_cache(maxsize=1)
def covered() -> frozenset[str]:
    """Return every character that can be shown as it is."""
    found: set[str] = set()
    for line in FONTS.joinpath("covered.txt").read_text("ascii").split():
        first, _, last = line.partition("-")
        found.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(found - _HIDDEN)


def numbers(text: str) -> str:
    r"""Return the numbers of characters as they stand for them.

    Examples
    --------
    >>> numbers("\x07")
    '〔U+0007〕'
    >>> numbers("\U0001f468\u200d\U0001f469")
    '〔U+1F468 U+200D U+1F469〕'
    """
    return "〔" + " ".join(f"U+{ord(character):04X}" for character in text) + "〕"


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    r"""Yield a text in pieces, each with whether the fonts have its characters; the others come as their numbers.

    Line feeds and tabs are no characters to show: they belong to whoever lays out.

    Examples
    --------
    >>> list(pieces("王\x07五"))
    [(True, '王'), (False, '〔U+0007〕'), (True, '五')]
    """
    missing = set(text) - covered() - {"\n", "\t"}
    if not missing:
        yield True, text
        return
    pattern = f"([{re.escape(''.join(sorted(missing)))}]+)"
    for number, piece in enumerate(re.split(pattern, text)):
        if piece:
            yield (number % 2 == 0, piece if number % 2 == 0 else numbers(piece))


def shown(text: str) -> str:
    """Return a text with every character that the fonts lack as its number.

    Examples
    --------
    >>> shown("青海 Ⅲ类 CO₂ 😀")
    '青海 Ⅲ类 CO₂ 〔U+1F600〕'
    """
    return "".join(piece for _, piece in pieces(text))

"""Plain text of a clause, character by character traceable to what was published."""

from __future__ import annotations

import tomllib
import unicodedata
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

_CIRCLED = frozenset(chr(c) for c in range(0x2460, 0x2474))  # ①…⑳ number items; NFKC would make them digits
_DROPPED = frozenset("\u200b\u200c\u200d\ufeff\u00ad\ufffd")
_DASHES = str.maketrans({"–": "-", "—": "-", "―": "-", "－": "-", "~": "～", "〜": "～", "∶": ":", "﹕": ":"})


class Plain(NamedTuple):
    """Text in one script, width and punctuation; ``origin[i]`` is where character ``i`` was published."""

    text: str
    origin: tuple[int, ...]  # one more than characters: the end of the published text stands last

    def published(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the published text that ``[start, end)`` stands for."""
        return self.origin[start], self.origin[end - 1] + 1 if end > start else self.origin[start]


def plain(text: str) -> Plain:
    """Return ``text`` in simplified characters, half-width digits and punctuation, without layout.

    Spaces that separate two Latin letters or digits stay; every other space, control character and
    invisible mark is layout (or OCR noise) and goes.
    """
    every = list(map(_forms, text))
    joined = "".join(every)
    if "" not in every and len(joined) == len(text):
        return Plain(joined, tuple(range(len(text) + 1)))  # no layout, nothing longer than it was
    characters: list[str] = []
    origin: list[int] = []
    gap = -1  # where a space was seen that may have to stay
    for place, (character, forms) in enumerate(zip(text, every, strict=True)):
        if not forms:
            gap = place
            if character == "\n" and characters and characters[-1] not in "\n,;:、。":
                characters.append("\n")  # a line of a cell ends a statement
                origin.append(place)
            continue
        if gap >= 0 and characters and _word(characters[-1]) and _word(forms[0]):
            characters.append(" ")
            origin.append(gap)
        gap = -1
        for form in forms:
            characters.append(form)
            origin.append(place)
    origin.append(len(text))
    return Plain("".join(characters), tuple(origin))


@lru_cache(maxsize=65536)
def _forms(character: str) -> str:
    """Return the plain form of one character; ``""`` for layout."""
    if character in _CIRCLED:
        return character
    if character in _DROPPED or character.isspace() or unicodedata.category(character) == "Cc":
        return ""
    forms = unicodedata.normalize("NFKC", character)
    return _simplified().get(forms, forms).translate(_DASHES).replace(" ", "")


def _word(character: str) -> bool:
    return character.isascii() and character.isalnum()


@lru_cache(maxsize=1)
def _simplified() -> dict[str, str]:
    """Return simplified by traditional characters of the words that lists use."""
    table = tomllib.loads(
        resources.files("sanxian").joinpath("data", "traditional.toml").read_text(encoding="utf-8")
    )
    return dict(zip(table["traditional"], table["simplified"], strict=True))

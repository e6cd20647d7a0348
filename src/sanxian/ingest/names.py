"""Names and codes as provinces write them: what two spellings share, and what a field name was cut from.

Field names arrive in pinyin initials, in Chinese, with a newline at their end, in full width, and cut to the
10 bytes a DBF has for them. Codes arrive with full-width digits and in lower case. Everything here is a pure
function of its text; what it changed is logged by whoever asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

DBF_NAME_BYTES: Final = 10
REGION: Final = re.compile(
    r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}", re.ASCII
)  # a GB/T 2260 code, as short as it can be
_INVISIBLE: Final = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ENDS: Final = " \t\n\u00a0\u3000"
_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))


def plain_name(text: str) -> str:
    r"""Return a name for comparison: half-width, no white space or invisible mark, lower case.

    Examples
    --------
    >>> plain_name("空间布局约束\n") == plain_name(" 空间布局　约束")
    True
    """
    return _settled(lambda t: re.sub(r"\s+", "", _without_marks(_folded(t))).casefold(), text)


def clean_text(text: str) -> str:
    r"""Return text as it is stored: no control character, no invisible mark, no space around it.

    Line ends inside stay; the words and their punctuation are never touched.

    Examples
    --------
    >>> clean_text("甲县（含\x00飞地）\r\n")
    '甲县（含飞地）'
    """
    return _settled(lambda t: _without_marks(t.replace("\r\n", "\n").replace("\r", "\n")).strip(_ENDS), text)


def clean_code(text: str) -> str:
    """Return a code as it is stored: half-width, no white space, upper case.

    Examples
    --------
    >>> clean_code(" ＺＨ６３９９０１１０００１ "), clean_code("yq‐001")
    ('ZH63990110001', 'YQ-001')
    """
    return _settled(lambda t: re.sub(r"\s+", "", _without_marks(_folded(t.translate(_DASHES)))).upper(), text)


def clean_region(text: str) -> str:
    """Return a GB/T 2260 code without the zeros that stand for "all of it"; other text comes back clean.

    Examples
    --------
    >>> clean_region("６３００００"), clean_region("639900"), clean_region("630102"), clean_region("甲县 ")
    ('63', '6399', '630102', '甲县')
    """
    code = clean_code(text)
    if re.fullmatch(r"\d{6}|\d{9}|\d{12}", code, re.ASCII):
        code = code[:6] if not code[6:].strip("0") else code
        if len(code) == 6 and code.endswith("00"):
            code = code[:4].removesuffix("00")
        return code
    return code if re.fullmatch(r"\d+", code, re.ASCII) else clean_text(text)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _settled(clean: Callable[[str], str], text: str) -> str:
    """Return a text cleaned until nothing changes: what one step leaves may be what another takes."""
    while (cleaned := clean(text)) != text:
        text = cleaned
    return text


def _without_marks(text: str) -> str:
    return _CONTROL.sub("", _INVISIBLE.sub("", text))


def matches(patterns: Iterable[str], names: Iterable[str]) -> int:
    """Return how well one of ``names`` answers one of ``patterns``: 2 by name, 1 by ``*`` and ``?``, 0 not.

    Examples
    --------
    >>> (
    ...     matches(["*管控单元*"], ["示例市环境管控单元"]),
    ...     matches(["HJGKDY"], ["hjgkdy"]),
    ...     matches(["a"], ["b"]),
    ... )
    (1, 2, 0)
    """
    plain = [plain_name(name) for name in names]
    found = 0
    for pattern in map(plain_name, patterns):
        if pattern in plain:
            return 2
        if any(fnmatchcase(name, pattern) for name in plain):
            found = 1
    return found


# --- fields ----------------------------------------------------------------------------------


class Known(NamedTuple):
    """A source field whose meaning is known."""

    role: str  # code, name, class …, or an area field's unit as "area:km2"
    alias: str  # the word it was known by
    cut: bool  # only the beginning of the word was left


def known_fields(
    fields: Sequence[str], aliases: Mapping[str, Sequence[str]], *, cut: bool
) -> tuple[dict[int, Known], list[tuple[int, tuple[str, ...]]]]:
    """Return which field has which role, and the fields whose cut name could be several.

    Parameters
    ----------
    fields : sequence of str
        Names as the source has them.
    aliases : mapping of role to words
        The first word of a role that is found wins over later ones.
    cut : bool
        The source cuts names to 10 bytes (Shapefile).
    """
    by_word: dict[str, tuple[str, int, str]] = {}
    for role, words in aliases.items():
        for rank, word in enumerate(words):
            by_word.setdefault(plain_name(word), (role, rank, word))
    found: dict[int, tuple[int, Known]] = {}
    doubtful: list[tuple[int, tuple[str, ...]]] = []
    for place, field in enumerate(fields):
        plain = plain_name(field)
        if (hit := by_word.get(plain)) is not None:
            found[place] = hit[1], Known(hit[0], hit[2], cut=False)
            continue
        hits = {(r, rank, w) for r, rank, w in by_word.values() if cut and _was_cut_from(field, w)}
        roles = sorted({role for role, _, _ in hits})
        if len(roles) > 1:
            doubtful.append((place, tuple(roles)))
        elif roles:
            role, rank, word = min(hits, key=lambda hit: hit[1])
            found[place] = 1000 + rank, Known(role, word, cut=True)
    chosen: dict[int, Known] = {}
    for role in {known.role for _, known in found.values()}:
        ranked = sorted((rank, place) for place, (rank, known) in found.items() if known.role == role)
        chosen[ranked[0][1]] = found[ranked[0][1]][1]
    return dict(sorted(chosen.items())), doubtful


def _was_cut_from(field: str, word: str) -> bool:
    """Whether a DBF would have left ``field`` of ``word``, in UTF-8 or in GBK."""
    left = field.strip(_ENDS + "\ufffd").casefold()
    return any(
        len(raw := word.encode(encoding, "ignore")) > DBF_NAME_BYTES
        and left == raw[:DBF_NAME_BYTES].decode(encoding, "ignore").casefold()
        for encoding in ("utf-8", "gb18030")
    )

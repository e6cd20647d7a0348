"""Forms: a finding written once with blanks, filled in for each project.

Which finding a clause gives depends on the *truths* of its atoms; the exact numbers and names seen (1 204.7 m
from the river, industry 2614) only appear in its words. So a finding is worked out once with a mark where each
such value goes, and every later project with the same truths gets it by filling in its own values, both as a
:class:`~sanxian.model.Finding` and as the bytes of the record.

Marks are made of U+FDD0-FDD3, which Unicode keeps free for use inside a program; a group of clauses whose
texts hold one of them is never written as a form (``prepared.Group``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from json.encoder import encode_basestring  # what the encoder writes texts with
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from sanxian.model import Finding, RuleResult
from sanxian.rules import Share
from sanxian.screening import recording
from sanxian.screening.places import Place

MARKS: Final = frozenset("\ufdd0\ufdd1\ufdd2\ufdd3")
_WORDS: Final = "\ufdd0{}\ufdd1"  # a value in words, inside a text
_VALUE: Final = "\ufdd2{}\ufdd3"  # a value as JSON, in the place of one
_MARK: Final = re.compile("[\ufdd0\ufdd2]([0-9]+)[\ufdd1\ufdd3]")
_MARK_JSON: Final = re.compile('"\ufdd2([0-9]+)\ufdd3"|\ufdd0([0-9]+)\ufdd1')

Fill: TypeAlias = Callable[[Sequence[Any]], Any]


class Said(NamedTuple):
    """One value in each form a blank can ask for, and the same as bytes of the record."""

    values: tuple[Any, ...]
    written: tuple[bytes, ...]


def together(said: Sequence[Said]) -> Said:
    """Return several values as they fill blanks one after the other."""
    values, written = said[0]
    for more, as_bytes in said[1:]:
        values += more
        written += as_bytes
    return Said(values, written)


def say_text(*texts: str) -> Said:
    """Return texts as they fill blanks."""
    return Said(texts, tuple(_inside_quotes(text) for text in texts))


def say_value(zh: str, en: str, value: Any) -> Said:
    """Return a value as it fills blanks: in words of both languages and as JSON (``BLANKS`` in order)."""
    first = _inside_quotes(zh)
    second = first if en == zh else _inside_quotes(en)
    return Said((zh, en, value), (first, second, recording.small_piece(value)))


def _inside_quotes(text: str) -> bytes:
    return encode_basestring(text)[1:-1].encode("utf-8", "surrogatepass")


UNKNOWN: Final = Said(("", "", None), (b"", b"", b"null"))
"""A value nobody knows."""

BLANKS: Final[Mapping[str, int]] = {"zh-CN": 0, "en": 1, "json": 2}
"""The forms of a value, in the order :func:`say_value` gives them."""


def mark(number: int, *, value: bool = False) -> str:
    """Return the mark for blank ``number``."""
    return (_VALUE if value else _WORDS).format(number)


BLANK_PLACE: Final = Place(code=mark(0), name=mark(1), layer=mark(2))
"""A place to be filled in: the first blanks of every form."""
PLACE_BLANKS: Final = 3


class Line:
    """A finding ready for a screening: where it comes among others, its bytes in the record, and how to make it."""

    __slots__ = ("_finding", "_form", "_number", "_values", "blank", "layer", "place", "rank", "written")

    def __init__(
        self,
        rank: int,
        layer: str,
        place: str,
        written: bytes,
        blank: Finding,
        form: Form | None = None,
        number: int = 0,
        values: tuple[Any, ...] = (),
    ) -> None:
        self.rank = rank  # of ``Prepared.rank``; lines of one rank come by layer and place
        self.layer = layer
        self.place = place
        self.written = written
        self.blank = blank  # the finding, perhaps with blanks: its outcome, kind and clause are never blank
        self._form = form
        self._number = number
        self._values = values
        self._finding = blank if form is None else None

    @property
    def finding(self) -> Finding:
        """The finding, its blanks filled; made when somebody asks, and kept: a line may be in many screenings."""
        if self._finding is None and self._form is not None:
            self._finding = self._form.finding(self._number, self._values)
        return self._finding or self.blank

    def __reduce__(self) -> tuple[type[Line], tuple[int, str, str, bytes, Finding]]:
        return Line, (self.rank, self.layer, self.place, self.written, self.finding)


class Form:
    """Findings with blanks, and what they add to the questions."""

    __slots__ = ("_fill", "_last", "_parts", "findings", "ranks", "shares")

    def __init__(
        self, findings: Sequence[Finding], shares: tuple[Share, ...] = (), ranks: Sequence[int] | None = None
    ) -> None:
        """Take ``findings``, with their ``ranks`` among others (``Prepared.rank``)."""
        self.findings = tuple(findings)
        self.shares = shares
        self.ranks = (0,) * len(self.findings) if ranks is None else tuple(ranks)
        # number, finding, rank, what writes it, whether its layer and its place are blank
        self._parts = tuple(
            (i, one, rank, _written(one), one.layer == BLANK_PLACE.layer, one.place == BLANK_PLACE.code)
            for i, (one, rank) in enumerate(zip(self.findings, self.ranks, strict=True))
        )
        self._fill: tuple[Fill, ...] | None = None
        self._last: tuple[tuple[bytes, ...], list[Line]] | None = None

    def __len__(self) -> int:
        return len(self.findings)

    def filled(self, values: tuple[Any, ...], written: tuple[bytes, ...]) -> list[Line]:
        """Return the findings with values, and the same as bytes of the record, in the blanks."""
        last = self._last
        if last is not None and last[0] == written:
            return last[1]
        made: list[Line] = [
            Line(
                rank,
                values[2] if layer else one.layer,
                values[0] if place else one.place,
                write(written),
                one,
                self,
                i,
                values,
            )
            for i, one, rank, write, layer, place in self._parts
        ]
        if len(written) == PLACE_BLANKS:  # nothing but the place: it will be wanted again
            self._last = written, made
        return made

    def finding(self, number: int, values: tuple[Any, ...]) -> Finding:
        """Return one of the findings with ``values`` in its blanks; most are only ever wanted as bytes."""
        if self._fill is None:
            self._fill = tuple(map(_fill, self.findings))
        made: Finding = self._fill[number](values)
        return made


Filled: TypeAlias = tuple[Form, tuple[Any, ...], tuple[bytes, ...]]
"""A form and what goes into its blanks, as in :class:`Said`; the lines are made where they are wanted."""


# --- filling in ------------------------------------------------------------------------------


def _fill(value: Any) -> Fill:
    made = _filler(value)
    return made if made is not None else lambda _: value


def _filler(value: Any) -> Fill | None:
    """Return what makes ``value`` with its blanks filled; ``None`` when it has none and can be shared."""
    if isinstance(value, str):
        return _text_filler(value)
    if is_dataclass(value) and not isinstance(value, type):
        every = {field.name: getattr(value, field.name) for field in fields(value)}
        parts = _fillers(every)
        kind = type(value)
        if kind is RuleResult and "trace" in parts:
            parts["trace"] = partial(Steps, parts["trace"])
        return _maker(kind, every, parts) if parts else None
    if isinstance(value, Mapping):
        whole, filled = dict(value), list(_fillers(value).items())
        return (lambda said: {**whole, **{k: made(said) for k, made in filled}}) if filled else None
    if isinstance(value, (list, tuple)):
        items = [(_filler(item), item) for item in value]
        if all(made is None for made, _ in items):
            return None
        sequence = type(value)
        return lambda said: sequence([item if made is None else made(said) for made, item in items])
    return None


def _maker(kind: type, every: Mapping[str, Any], parts: Mapping[str, Fill]) -> Fill:
    """Return what makes a frozen dataclass: its slots are set directly, which takes a third of its ``__init__``."""
    slots = vars(kind)
    fixed = [(slots[name].__set__, item) for name, item in every.items() if name not in parts]
    filled = [(slots[name].__set__, made) for name, made in parts.items()]

    def make(said: Sequence[Any]) -> Any:
        new: Any = object.__new__(kind)
        for put, item in fixed:
            put(new, item)
        for put, made in filled:
            put(new, made(said))
        return new

    return make


def _fillers(value: Mapping[str, Any]) -> dict[str, Fill]:
    return {key: made for key, item in value.items() if (made := _filler(item)) is not None}


class Steps(Mapping[str, Any]):
    """The trace of a rule, filled in when somebody reads it: few do, and it is most of a finding."""

    __slots__ = ("_fill", "_said")

    def __init__(self, fill: Fill, said: Sequence[Any]) -> None:
        self._fill: Fill | None = fill
        self._said: Any = said

    def _steps(self) -> dict[str, Any]:
        fill = self._fill
        if fill is not None:
            self._said, self._fill = fill(self._said), None
        steps: dict[str, Any] = self._said
        return steps

    def __getitem__(self, key: str) -> Any:
        return self._steps()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._steps())

    def __len__(self) -> int:
        return len(self._steps())

    def __repr__(self) -> str:
        return repr(self._steps())

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (self._steps(),)


def _text_filler(text: str) -> Fill | None:
    pieces = _MARK.split(text)
    if len(pieces) == 1:
        return None
    pick = itemgetter(*map(int, pieces[1::2]))
    if len(pieces) == 3 and not pieces[0] and not pieces[2]:
        return pick
    pattern = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
    return lambda said: pattern % pick(said)


def _written(finding: Finding) -> Callable[[Sequence[bytes]], bytes]:
    """Return what writes ``finding`` with its blanks filled in canonical JSON."""
    pieces = _MARK_JSON.split(recording.piece(recording.plain(finding)).decode("utf-8", "surrogatepass"))
    fixed = [piece.replace("%", "%%").encode("utf-8", "surrogatepass") for piece in pieces[::3]]
    blanks = [int(value or words) for value, words in zip(pieces[1::3], pieces[2::3], strict=True)]
    if not blanks:
        whole = fixed[0].replace(b"%%", b"%")
        return lambda _: whole
    pattern, pick = b"%b".join(fixed), itemgetter(*blanks)
    return lambda said: pattern % pick(said)

"""The record: a screening as canonical JSON, with its own digest.

:func:`record` says what a record holds. :func:`to_json` gives the bytes of the same record: most of a record
is the same from project to project, so a screening brings the larger pieces already written and only the
rest is written here. Either way the bytes are those of :func:`canonical` over the whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import lru_cache
from math import copysign, isfinite
from operator import attrgetter
from typing import Any, Final

from sanxian.model import Hit, Outcome
from sanxian.screening.result import Opening, Screening

SCHEMA: Final = "sanxian/screening/1"
OPTIONAL: Final = (
    "office"  # left out where nobody is named: records of editions without offices never knew it
)


def method(published_area: str) -> dict[str, str]:
    """Return how areas, lengths and distances were made."""
    return {
        "area": "on the CGCS2000 ellipsoid, edges straight in longitude and latitude (authalic integral)",
        "length": "geodesic, CGCS2000 ellipsoid",
        "distance": "geodesic, CGCS2000 ellipsoid",
        "crs": "EPSG:4490",
        "published_area": published_area,
    }


def _project(screening: Screening) -> dict[str, Any]:
    project = screening.project
    return {
        "id": project.id,
        "name": project.name,
        "proponent": project.proponent,
        "nature": project.nature,
        "industries": project.industries,
        "facts": dict(sorted(project.facts.items())),
        "papers": project.papers,
        "parts": screening.parts,
        "area_m2": screening.area_m2,
        "length_m": screening.length_m,
    }


CONTENT: Final[Mapping[str, Callable[[Screening], Any]]] = {
    "schema": lambda _: SCHEMA,
    "engine_version": lambda s: s.engine_version,
    "edition": lambda s: s.edition,
    "as_of": lambda s: s.as_of,
    "options": lambda s: {"count_drafts": s.count_drafts},
    "method": lambda s: method(s.edition.area_method),
    "project": _project,
    "verdict": lambda s: s.verdict.name,
    "counts": lambda s: {outcome.name: n for outcome, n in s.counts.items()},
    "findings": lambda s: s.findings,
    "asks": lambda s: s.asks,
    "layers": lambda s: s.layers,
    "hits": lambda s: s.hits,
    "notices": lambda s: s.notices,
    "clauses": lambda s: dict(sorted(s.clauses.items())),
    "titles": lambda s: s.titles,
}
"""What a record holds besides its digest."""

_HEAD: Final = tuple(sorted(key for key in CONTENT if key < "digest"))
_BEFORE: Final = tuple(sorted(key for key in CONTENT if "digest" < key < "findings"))
_AFTER: Final = tuple(sorted(key for key in CONTENT if key >= "findings"))


def record(screening: Screening) -> dict[str, Any]:
    """Return the screening as plain JSON values, with its own digest.

    The schema is published as ``docs/reference/screening.schema.json``. Enumerations are their English
    names; texts come in both languages. Numbers are as the engine gives them: areas to 0.0001 m², lengths and
    distances to 0.1 mm, beyond which they would be noise.
    """
    body = {key: plain(value(screening)) for key, value in CONTENT.items()}
    body["digest"] = _digest(canonical(body))
    return body


def to_json(screening: Screening) -> bytes:
    """Return the record as canonical UTF-8 JSON: same screening, same bytes."""
    known = screening._written  # noqa: SLF001 - the two modules share it; nobody else does
    if known is None:
        return canonical(record(screening))
    opening = known.opening or begun(screening)
    rest: list[bytes] = []
    _write(screening, known.pieces, _AFTER, rest)
    last = b"".join(rest)
    hashed = opening.hashed.copy()
    hashed.update(last)
    digest = b',"digest":"sha256:%b"' % hashed.hexdigest().encode()
    return b"".join((*opening.head, digest, *opening.tail, last))


def begun(screening: Screening, findings: Sequence[bytes] = ()) -> Opening:
    """Return how the record of a screening begins, and with which of the pieces of its findings."""
    known = screening._written  # noqa: SLF001
    pieces = {} if known is None else known.pieces
    head: list[bytes] = []
    tail: list[bytes] = []
    _write(screening, pieces, _HEAD, head)
    _write(screening, pieces, _BEFORE, tail)
    head[0] = b"{" + head[0][1:]
    tail += b',"findings":', *findings
    return Opening(tuple(head), tuple(tail), hashlib.sha256(b"".join((*head, *tail))))


def _write(
    screening: Screening, pieces: Mapping[str, Sequence[bytes]], keys: Sequence[str], written: list[bytes]
) -> None:
    """Write the values of ``keys``, each after a comma."""
    small: dict[str, Any] = {}  # values not written yet, side by side in the record

    def write_small() -> None:
        if small:
            written.extend((b",", _written(small)[1:-1]))
            small.clear()

    for key in keys:
        if key == "findings":  # its key belongs to the opening
            written += pieces[key]
        elif key in pieces:
            write_small()
            written += b',"%b":' % key.encode(), *pieces[key]
        else:
            small[key] = CONTENT[key](screening)
    write_small()
    written.extend((b"}",) if keys is _AFTER else ())


def digest_of(body: Mapping[str, Any]) -> str:
    """Return the digest a record of these values has; one it carries already does not count.

    Raises
    ------
    ValueError
        A value has no canonical form: an infinite number, half a character.
    """
    return _digest(canonical({key: value for key, value in body.items() if key != "digest"}))


def _digest(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


# --- canonical JSON --------------------------------------------------------------------------


def canonical(value: Any) -> bytes:
    """Return plain JSON values as canonical JSON: keys sorted, no white space, UTF-8."""
    return _PLAIN.encode(value).encode("utf-8")


def piece(value: Any) -> bytes:
    """Return plain JSON values as canonical JSON, to become a piece of a record.

    Where :func:`canonical` refuses (an infinite number, half a character) this does not: such a value is the
    project's, and the record that repeats it is refused as a whole.
    """
    return _PIECE.encode(value).encode("utf-8", "surrogatepass")


def small_piece(value: Any) -> bytes:
    """Return the same as :func:`piece`, quicker for a number or a range: setting up the encoder takes longer."""
    kind = type(value)
    if kind is float and isfinite(value):
        return float.__repr__(value).encode()  # as the encoder does
    if value is None:
        return b"null"
    if kind is dict and value.keys() == _RANGE:
        return b'{"at_least":%b,"at_most":%b}' % (
            small_piece(value["at_least"]),
            small_piece(value["at_most"]),
        )
    return piece(value)


_RANGE: Final = {"at_least", "at_most"}
_CONSTANTS: Final = (b"false", b"true")
_NUMBERS: Final = (
    "area_m2", "bearing_deg", "distance_m", "length_m", "margin_m", "points", "published_area_m2", "sensitive",
    "share", "zone_share",
)  # fmt: skip


def hit_words(hit: Hit) -> bytes:
    """Return a hit without role and office as canonical JSON with a place for each of its numbers."""
    words = canonical(plain(hit) | dict.fromkeys(_NUMBERS, "\ufdd0")).replace(b"%", b"%%")
    return words.replace(canonical("\ufdd0"), b"%b")


def hit_written(words: bytes, hit: Hit) -> bytes:
    """Return a hit in the words of :func:`hit_words` of one like it."""
    bearing, published = hit.bearing_deg, hit.published_area_m2
    return words % (
        _number(hit.area_m2),
        b"null" if bearing is None else _number(bearing),
        _number(hit.distance_m),
        _number(hit.length_m),
        _number(hit.margin_m),
        b"%d" % hit.points,
        b"null" if published is None else _number(published),
        _CONSTANTS[hit.sensitive],
        _number(hit.share),
        _number(hit.zone_share),
    )


def _number(value: float) -> bytes:
    if value == 0.0 and type(value) is float:
        return b"0.0" if copysign(1.0, value) > 0 else b"-0.0"  # most numbers of a hit
    # as the encoder does
    return repr(value).encode() if type(value) is float and isfinite(value) else canonical(value)


def _written(value: Any) -> bytes:
    """Return any domain value without an ``Outcome`` in it as canonical JSON.

    Quicker than ``canonical(plain(value))``: the encoder asks only for what it does not know. An ``Outcome`` it
    would take for a number.
    """
    return _DOMAIN.encode(value).encode("utf-8")


def plain(value: Any) -> Any:
    """Return any domain value as JSON: names for enumerations, ISO dates, lists, objects."""
    if value is None or type(value) in (str, float, int, bool):
        return value  # most values, by far
    if isinstance(value, Outcome):
        return value.name
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        made = {name: plain(getattr(value, name)) for name in _names(type(value))}
        if getattr(value, OPTIONAL, None):
            made[OPTIONAL] = plain(getattr(value, OPTIONAL))
        return made
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    return value


def _plain_step(value: Any) -> Any:
    """Return what the encoder does not know, one step plainer; what is inside comes by itself."""
    if is_dataclass(value) and not isinstance(value, type):
        names, values_of = _members(type(value))
        made = dict(zip(names, values_of(value), strict=True))
        if getattr(value, OPTIONAL, None):
            made[OPTIONAL] = getattr(value, OPTIONAL)
        return made
    if isinstance(value, Mapping):
        return {str(k): v for k, v in value.items()}
    return plain(value)


@lru_cache(maxsize=64)
def _members(kind: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = _names(kind)
    # named twice, so that a class with one field gives a tuple as well
    return (*names, names[0]), attrgetter(*names, names[0])


@lru_cache(maxsize=64)
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name != OPTIONAL)


def _encoder(default: Callable[[Any], Any] | None = None, *, allow_nan: bool = False) -> json.JSONEncoder:
    return json.JSONEncoder(
        ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=allow_nan, default=default
    )


_PLAIN: Final = _encoder()
_PIECE: Final = _encoder(allow_nan=True)
_DOMAIN: Final = _encoder(_plain_step)

"""The record: a screening as canonical JSON, with its own digest.

:func:`record` says what a record holds. :func:`to_json` gives the bytes of the same record: most of a record
is the same from project to project, so a screening brings the larger pieces already written and only the
rest is written here. Either way the bytes are those of :func:`canonical` over the whole.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from sanxian.model import Outcome
from sanxian.screening.result import Screening

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
    pieces = screening._pieces  # noqa: SLF001 - the two modules share it; nobody else does
    if pieces is None:
        return canonical(record(screening))
    written: list[bytes] = []
    small: dict[str, Any] = {}  # values not written yet, side by side in the record

    def write_small() -> None:
        if small:
            written.extend((b",", _written(small)[1:-1]))
            small.clear()

    before = 0
    for key, value in sorted(CONTENT.items()):
        if key > "digest" and not before:
            write_small()
            before = len(written)  # where the digest belongs
        if key in pieces:
            write_small()
            written += b',"%b":' % key.encode(), *pieces[key]
        else:
            small[key] = value(screening)
    write_small()
    written[0] = b"{" + written[0][1:]
    written.append(b"}")
    digest = hashlib.sha256(b"".join(written)).hexdigest()
    written.insert(before, b',"digest":"sha256:%b"' % digest.encode())
    return b"".join(written)


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
    if kind is float and math.isfinite(value):
        return float.__repr__(value).encode()  # as the encoder does
    if value is None:
        return b"null"
    if kind is dict:
        members = [b"%b:%b" % (piece(key), small_piece(item)) for key, item in sorted(value.items())]
        return b"{%b}" % b",".join(members)
    return piece(value)


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

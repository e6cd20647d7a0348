"""A record read back: the bytes of :func:`~sanxian.screening.to_json` as the screening they were written from.

``to_json(from_json(data))`` is ``data`` to the byte, because a record that would be written in any other way is refused:
one with a key nobody knows, with counts that are not those of its findings, with a verdict that is not the worst of
them. What is read is therefore neither more nor less than what was recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import lru_cache, partial
from types import MappingProxyType, UnionType
from typing import Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

import shapely
import shapely.errors
import shapely.geometry
from shapely.geometry.base import BaseGeometry

from sanxian import data, rules
from sanxian.errors import BadRule, RecordAltered, RecordInvalid, RecordVersion
from sanxian.i18n import t
from sanxian.model import (
    Ask,
    Clause,
    Concern,
    EditionInfo,
    Effect,
    FactValue,
    Finding,
    FindingKind,
    Hit,
    LayerReport,
    Notice,
    Outcome,
    Paper,
    Part,
    Project,
    Relation,
    RuleResult,
    Strength,
    verdict,
)
from sanxian.screening import recording
from sanxian.screening.result import PartReport, Screening

Read: TypeAlias = Callable[[Any], Any]

BYTES_MAX: Final = 200_000_000  # of one record; a corridor of a million corners takes a fifth of it
_FAMILY: Final = "sanxian/screening/"
_NATURES: Final = frozenset(("新建", "扩建", "改建", "技改", "迁建", "现有"))
_SHAPES: Final = {  # how deep the coordinates of a GeoJSON geometry are
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3,
}  # fmt: skip
_OWN_NOTICES: Final = ("SYNTHETIC", "DROPPED")  # added by the screening, after those of the project
_TRUTHS: Final = ("FALSE", "UNKNOWN", "TRUE")
_EFFECTS: Final = frozenset(effect.value for effect in Effect)
_STRENGTHS: Final = frozenset(strength.value for strength in Strength)
_TITLED: Final = ("layer:", "document:", "zone:")
_MEASURED: Final = frozenset(("distance", "length", "area", "share"))  # atoms that see a number
_WHOLE: Final = 1.000001  # a share above one by no more than the last digits of its parts


class _Unfit(Exception):
    """Something that a record does not hold; ``where`` grows on the way out."""

    def __init__(self, key: str, **said: object) -> None:
        super().__init__()
        self.key = key
        self.said = said
        self.where: list[str] = []

    def below(self, step: str | int) -> _Unfit:
        self.where.append(f"[{step}]" if isinstance(step, int) else f".{step}")
        return self

    def reason(self) -> dict[str, str]:
        at = "".join(reversed(self.where)).lstrip(".")[:200]
        words = {lang[:2]: t(f"record.{self.key}", lang, **self.said) for lang in ("zh-CN", "en")}
        return {lang: f"{at}: {text}" if at else text for lang, text in words.items()}


def from_json(content: bytes, *, source: str = "") -> Screening:
    """Return the screening that a record was written from.

    Parameters
    ----------
    content : bytes
        What :func:`~sanxian.screening.to_json` gave, UTF-8. White space between values and the order of keys may
        differ; the digest is over the canonical form.
    source : str, optional
        What errors call it: the name of a file.

    Returns
    -------
    Screening
        ``to_json`` of it is the canonical form of ``content``. Its project is the one that was screened, coordinates to
        the last bit, so that it can be screened again.

    Raises
    ------
    RecordInvalid
        No record, a damaged one, one too large, one with unknown keys, or one that contradicts itself.
    RecordVersion
        A record of another version of the schema.
    RecordAltered
        The content does not match the digest it carries.
    """
    name: Any = source or _both("name")
    if len(content) > BYTES_MAX:
        raise RecordInvalid(source=name, reason=_both("too_large", limit=BYTES_MAX // 1_000_000))
    try:
        body = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_constant)
    except _Unfit as unfit:
        raise RecordInvalid(source=name, reason=unfit.reason()) from None
    except RecursionError:
        raise RecordInvalid(source=name, reason=_both("too_deep")) from None
    except ValueError as error:  # also what is no UTF-8, and integers beyond all measure
        raise RecordInvalid(source=name, reason=_both("no_json", said=_shortly(error))) from None
    return from_record(body, source=source)


def from_record(body: object, *, source: str = "") -> Screening:
    """Return the screening of a record that is JSON values already, such as a line of a batch holds.

    Raises as :func:`from_json`.
    """
    name: Any = source or _both("name")
    if not isinstance(body, dict) or not str(body.get("schema", "")).startswith(_FAMILY):
        raise RecordInvalid(source=name, reason=_both("no_record"))
    if body["schema"] != recording.SCHEMA:
        raise RecordVersion(source=name, found=str(body["schema"])[:60], known=recording.SCHEMA)
    try:
        told, found = body.get("digest"), recording.digest_of(body)
        if not isinstance(told, str):
            raise _Unfit("missing", keys="digest")
        if told != found:
            raise RecordAltered(source=name, stored=told[:80], found=found)
        made = _screening(body)
        again = recording.record(made)
        if again["digest"] != told:  # the same digest is the same bytes
            raise _Unfit("other", keys=_named(_differing(again, body)))
    except _Unfit as unfit:
        raise RecordInvalid(source=name, reason=unfit.reason()) from None
    except RecursionError:
        raise RecordInvalid(source=name, reason=_both("too_deep")) from None
    except ValueError as error:  # an infinite number, half a character
        raise RecordInvalid(source=name, reason=_both("no_json", said=_shortly(error))) from None
    # what was read is what would be written: whoever reports it need not write it again
    return made.with_pieces({key: (recording.canonical(body[key]),) for key in recording.CONTENT})


def _both(key: str, **said: object) -> dict[str, str]:
    return {lang[:2]: t(f"record.{key}", lang, **said) for lang in ("zh-CN", "en")}


def _shortly(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = sorted({key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1})
        raise _Unfit("twice", keys=_named(twice))
    return made


def _no_constant(name: str) -> object:
    raise _Unfit("constant", name=name)


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in {*one, *other} - {"digest"} if one.get(key) != other.get(key))


def _named(keys: list[str]) -> str:
    shown = " ".join(repr(key)[:60] for key in keys[:6])
    return f"{shown} … ({len(keys)})" if len(keys) > 6 else shown


# --- the whole -------------------------------------------------------------------------------


def _screening(body: Mapping[str, Any]) -> Screening:
    _keys(body, {*recording.CONTENT, "digest"})

    def read(key: str, kind: Any) -> Any:
        return _under(_reader(kind), body[key], key)

    edition: EditionInfo = read("edition", EditionInfo)
    options = read("options", Mapping[str, Any])
    _keys(options, {"count_drafts"}, "options")
    stated = read("project", Mapping[str, Any])
    _keys(stated, _PROJECT_KEYS, "project")
    parts = _under(_reader(tuple[PartReport, ...]), stated["parts"], "project.parts")
    notices: tuple[Notice, ...] = read("notices", tuple[Notice, ...])
    hits: tuple[Hit, ...] = read("hits", tuple[Hit, ...])
    findings: tuple[Finding, ...] = read("findings", tuple[Finding, ...])
    clauses: Mapping[str, Clause] = read("clauses", Mapping[str, Clause])
    for at, finding in enumerate(findings):
        if not _sound_finding(finding):
            raise _Unfit("unsound").below(at).below("findings")
    for at, hit in enumerate(hits):
        if not _sound_hit(hit):
            raise _Unfit("unsound").below(at).below("hits")
    lacking = sorted({finding.clause for finding in findings if finding.clause} - clauses.keys())
    if lacking:
        raise _Unfit("no_clause", keys=_named(lacking)).below("clauses")
    empty = sorted(name for name, clause in clauses.items() if not clause.text or clause.id != name)
    if empty:
        raise _Unfit("unsound").below(empty[0]).below("clauses")
    worst: Outcome = read("verdict", Outcome)
    if worst is not verdict(findings):
        raise _Unfit("verdict", stated=worst.name, found=verdict(findings).name).below("verdict")
    project = _project(stated, parts, _of_project(notices, edition, hits))
    asks: tuple[Ask, ...] = read("asks", tuple[Ask, ...])
    layers: tuple[LayerReport, ...] = read("layers", tuple[LayerReport, ...])
    titles: Mapping[str, str] = read("titles", Mapping[str, str])
    for key, sound in (
        ("asks", all(ask.fact and ask.decides >= 0 and ask.mentioned > 0 for ask in asks)),
        ("layers", layers and all(map(_sound_layer, layers))),
        ("titles", all(name.startswith(_TITLED) for name in titles)),
        ("project", all(part.area_m2 >= 0 and part.length_m >= 0 for part in parts)),
        ("project.industries", all(code in data.industries() for code in project.industries)),
    ):
        if not sound:
            raise _Unfit("unsound").below(key)
    return Screening(
        edition=edition,
        as_of=read("as_of", date),
        project=project,
        parts=parts,
        area_m2=_under(_number, stated["area_m2"], "project.area_m2"),
        length_m=_under(_number, stated["length_m"], "project.length_m"),
        verdict=worst,
        findings=findings,
        asks=asks,
        layers=layers,
        hits=hits,
        notices=notices,
        count_drafts=_under(_reader(bool), options["count_drafts"], "options.count_drafts"),
        engine_version=read("engine_version", str),
        clauses=clauses,
        titles=titles,
    )


_PROJECT_KEYS: Final = {
    "id", "name", "proponent", "nature", "industries", "facts", "papers", "parts", "area_m2", "length_m"
}  # fmt: skip


def _project(
    stated: Mapping[str, Any], parts: tuple[PartReport, ...], notices: tuple[Notice, ...]
) -> Project:
    def read(key: str, kind: Any) -> Any:
        return _under(_reader(kind), stated[key], f"project.{key}")

    if not parts:
        raise _Unfit("no_parts").below("project")
    nature: str | None = read("nature", str | None)
    if nature is not None and nature not in _NATURES:
        raise _Unfit("not_one_of", given=repr(nature)[:60]).below("project.nature")
    given: Mapping[str, Any] = read("facts", Mapping[str, Any])
    facts = {key: _under(partial(_fact, key), value, f"project.facts.{key}") for key, value in given.items()}
    return Project(
        parts=tuple(
            Part(
                role=part.role,
                geometry=_under(_geometry, part, f"project.parts[{at}].geometry"),
                name=part.name,
                crs_in=part.crs_in,
                source=part.source,
                repairs=part.repairs,
            )
            for at, part in enumerate(parts)
        ),
        id=read("id", str),
        name=read("name", str),
        proponent=read("proponent", str),
        nature=nature,
        industries=read("industries", tuple[str, ...]),
        facts=MappingProxyType(facts),
        papers=read("papers", tuple[Paper, ...]),
        notices=notices,
    )


def _of_project(
    notices: tuple[Notice, ...], edition: EditionInfo, hits: tuple[Hit, ...]
) -> tuple[Notice, ...]:
    """Return the notices that came with the project: without those that its screening added after them."""
    dropped = any(hit.relation is Relation.DROPPED and not hit.role for hit in hits)
    own = [code for code, added in zip(_OWN_NOTICES, (edition.synthetic, dropped), strict=True) if added]
    left = list(notices)
    for code in reversed(own):
        if left and left[-1].code == code:
            left.pop()
    return tuple(left)


def _fact(key: str, value: Any) -> FactValue:
    if isinstance(value, list):
        return tuple(_reader(tuple[str, ...])(value))
    if isinstance(value, str) and (known := data.facts().get(key)) is not None and known.type == "date":
        return _day(value)
    if isinstance(value, (bool, int, float, str)):
        return value
    raise _Unfit("kind", given=_kind(value))


def _geometry(part: PartReport) -> BaseGeometry:
    """Return the geometry of a part, exactly as it was screened."""
    stated = part.geometry
    _keys(stated, {"type", "coordinates"})
    name = stated["type"]
    if name != part.geometry_type or name not in _SHAPES:  # the type of the part is text
        raise _Unfit("not_one_of", given=repr(name)[:60])
    _coordinates(stated["coordinates"], _SHAPES[name])
    rings = {"Polygon": [stated["coordinates"]], "MultiPolygon": stated["coordinates"]}.get(name, [])
    if any(len(ring) < 4 or ring[0] != ring[-1] for polygon in rings for ring in polygon):
        raise _Unfit("shape")  # what is open would be closed by whoever reads it
    try:
        made = shapely.geometry.shape(dict(stated))
        sound = bool(shapely.is_valid(made)) and not made.is_empty
    except (shapely.errors.ShapelyError, ValueError, TypeError, IndexError):
        raise _Unfit("shape") from None
    if not sound:
        raise _Unfit("shape")
    return made


def _coordinates(value: Any, depth: int) -> None:
    if not isinstance(value, list) or not value:
        raise _Unfit("shape")
    if depth:
        for inner in value:
            _coordinates(inner, depth - 1)
        return
    lonlat = len(value) == 2 and all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in value)
    if not lonlat or not (abs(value[0]) <= 180.0 and abs(value[1]) <= 90.0):
        raise _Unfit("shape")


# --- what types do not say -------------------------------------------------------------------


def _sound_finding(finding: Finding) -> bool:
    """Return whether a finding is one that a screening makes: whoever words it relies on that."""
    if not (finding.reason_zh and finding.reason_en):
        return False
    of_clause = finding.kind is FindingKind.CLAUSE
    if of_clause is not bool(finding.clause) or not (of_clause or not (finding.rules or finding.flips)):
        return False
    if finding.kind is FindingKind.LAYER and finding.outcome is not Outcome.NEEDS_FACTS:
        return False
    if finding.kind is FindingKind.BOUNDARY and finding.outcome is not Outcome.NEEDS_REVIEW:
        return False
    if finding.kind in (FindingKind.LAYER, FindingKind.BOUNDARY) and not finding.layer:
        return False
    return all(map(_sound_rule, finding.rules)) and all(flip.fact for flip in finding.flips)


def _sound_rule(rule: RuleResult) -> bool:
    named = rule.effect in _EFFECTS and rule.strength in _STRENGTHS and rule.index >= 0
    return named and all(duty.keys() == {"text", "phase"} for duty in rule.duties)


def _sound_hit(hit: Hit) -> bool:
    near = hit.relation is Relation.NEAR
    measures = (hit.area_m2, hit.length_m, hit.points)
    others = (hit.distance_m, hit.margin_m, hit.published_area_m2 or 0.0, hit.bearing_deg or 0.0)
    if min(*measures, *others) < 0 or not (0 <= hit.share <= _WHOLE and 0 <= hit.zone_share <= _WHOLE):
        return False
    return bool(hit.layer and hit.zone) and not any(measures if near else (hit.distance_m,))


def _sound_layer(report: LayerReport) -> bool:
    """Return whether a layer says no more than its data allow: silence is never approval."""
    expected = {Concern.NOT_CONCERNED: True, Concern.NO_DATA: False}.get(report.concern, report.complete)
    return bool(report.layer) and report.complete is expected


# --- values by their type --------------------------------------------------------------------


def _under(read: Read, value: Any, where: str) -> Any:
    try:
        return read(value)
    except _Unfit as unfit:
        raise unfit.below(where) from None


def _keys(
    given: object, known: set[str] | frozenset[str], where: str = "", optional: frozenset[str] = frozenset()
) -> None:
    """Refuse what is no object, lacks a key or has one nobody knows."""
    if not isinstance(given, Mapping):
        unfit = _Unfit("kind", given=_kind(given))
    elif unknown := sorted(given.keys() - known):
        unfit = _Unfit("unknown", keys=_named(unknown))
    elif missing := sorted(known - optional - given.keys()):
        unfit = _Unfit("missing", keys=_named(missing))
    else:
        return
    raise unfit.below(where) if where else unfit


@lru_cache(maxsize=256)
def _reader(kind: Any) -> Read:
    """Return what reads a value of a type of the domain, and refuses any other."""
    if kind is Any:
        return _as_it_is
    if kind is float:
        return _number
    if kind in (str, bool, int):
        return lambda value: _exactly(kind, value)
    if kind is date:
        return _day
    if isinstance(kind, type) and issubclass(kind, Enum):
        names: dict[Any, Any] = {one.name if kind is Outcome else one.value: one for one in kind}
        return lambda value: _one_of(names, value)
    if isinstance(kind, type) and is_dataclass(kind):
        return _object_reader(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (some,) = (one for one in inner if one is not type(None))
        read = _reader(some)
        return lambda value: None if value is None else read(value)
    if origin is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        return _list_reader(_reader(inner[0]))
    if origin is tuple:
        several = _list_reader(_reader(inner[0]))  # of one type, as a box is
        return lambda value: _as_many(several(value), len(inner))
    return _mapping_reader(_reader(inner[1]))


def _as_it_is(value: Any) -> Any:
    return value


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise _Unfit("kind", given=_kind(value))
    return value


def _number(value: Any) -> Any:
    if type(value) not in (float, int):
        raise _Unfit("kind", given=_kind(value))
    return value


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(
            value
        )  # written otherwise than YYYY-MM-DD, it would not give the same record again
    except (ValueError, TypeError):
        raise _Unfit("day", given=repr(value)[:60]) from None


def _one_of(names: Mapping[Any, Any], value: Any) -> Any:
    if not isinstance(value, str) or value not in names:
        raise _Unfit("not_one_of", given=repr(value)[:60])
    return names[value]


def _as_many(values: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    if len(values) != count:
        raise _Unfit("count", given=len(values), wanted=count)
    return values


def _list_reader(read: Read) -> Read:
    def read_list(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _Unfit("kind", given=_kind(value))
        made = []
        for at, item in enumerate(value):
            try:
                made.append(read(item))
            except _Unfit as unfit:
                raise unfit.below(at) from None
        return tuple(made)

    return read_list


def _mapping_reader(read: Read) -> Read:
    def read_mapping(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _Unfit("kind", given=_kind(value))
        return {key: _under(read, item, key) for key, item in value.items()}

    return read_mapping


def _object_reader(kind: type) -> Read:
    """Return what reads a frozen dataclass: every field by its type, the one that may be left out by its default."""
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    if kind is RuleResult:
        readers["trace"] = _trace
    names = frozenset(readers)
    optional = frozenset(
        field.name
        for field in fields(kind)
        if field.name == recording.OPTIONAL and field.default is not MISSING
    )

    def read_object(value: Any) -> Any:
        _keys(value, names, optional=optional)
        return kind(**{key: _under(readers[key], item, key) for key, item in value.items()})

    return read_object


def _kind(value: object) -> str:
    return {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}.get(
        type(value), "number"
    )


# --- traces ----------------------------------------------------------------------------------


def _trace(value: Any) -> Mapping[str, Any]:
    """Return the steps of a rule as they are, once they are known to be steps: whoever shows them relies on it."""
    _keys(
        value, {"applies", "unless", "require", "until"}, optional=frozenset(("unless", "require", "until"))
    )
    for key, step in value.items():
        _under(_day if key == "until" else _step, step, key)
    return dict(value)


def _step(value: Any) -> None:
    if isinstance(value, dict) and "op" in value:
        _keys(value, {"op", "truth", "children"})
        _one_of(dict.fromkeys(("all", "any", "not")), value["op"])
        _under(_list_reader(_step), value["children"], "children")
        if value["op"] == "not":
            _as_many(tuple(value["children"]), 1)
    else:
        _keys(value, {"atom", "truth", "seen", "zh", "en"})
        _under(_atom, value["atom"], "atom")
        _under(partial(_seen, value["atom"]), value["seen"], "seen")
        _exactly(str, value["zh"])
        _exactly(str, value["en"])
    _one_of(dict.fromkeys(_TRUTHS), value["truth"])


def _atom(value: Any) -> None:
    if not isinstance(value, dict) or not _is_atom(recording.canonical(value)):
        raise _Unfit("no_atom")


@lru_cache(maxsize=4096)
def _is_atom(written: bytes) -> bool:
    """Return whether the rules know such an atom; a clause in many places has the same ones."""
    atom = json.loads(written)
    if atom.keys() == {"role"}:  # of a subject: the roles of the parts
        return isinstance(atom["role"], list) and all(isinstance(role, str) for role in atom["role"])
    if not atom.keys().isdisjoint(("all", "any", "not")):
        return False
    try:
        rules.check({"effect": "REQUIRE", "require": atom})
    except BadRule:
        return False
    return True


def _seen(atom: Mapping[str, Any], value: Any) -> None:
    if isinstance(value, dict):
        _keys(value, {"values", "complete"} if "values" in value else {"at_least", "at_most"})
        if "values" in value:
            _reader(tuple[str, ...])(value["values"])
        else:
            for bound in value.values():
                _reader(float | None)(bound)
    elif value is not None and not _MEASURED.isdisjoint(atom):
        _number(value)
    elif value is not None and "clause" in atom:
        _reader(Outcome)(value)
    elif isinstance(value, list):
        said = _reader(tuple[str, ...])(value)
        if ("industry" in atom or "catalogue" in atom) and not all(
            code in data.industries() for code in said
        ):
            raise _Unfit("unsound")

"""Clauses for other programs: a JSON Schema, CSV, DMN decision tables and JDM for the ZEN engine.

CSV and DMN come back without loss. What a decision table cannot say is said in its file, and the rules
themselves travel beside the tables, so that nobody has to reconstruct them from rows.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from xml.etree import ElementTree as ET

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sanxian import data
from sanxian.clauses import sentences
from sanxian.clauses.files import decode, encode
from sanxian.errors import ClauseError, ClauseExchange, SanxianError
from sanxian.i18n import t
from sanxian.model import Dimension, Effect, Level, Outcome, ReviewState, Scope, Strength
from sanxian.rules import INDUSTRY, ROLES_HERE, Leaf, Variable, check, compile_rule
from sanxian.rules.language import (
    ATOMS,
    BASE_UNIT,
    OPS_BY_TYPE,
    RULE_KEYS,
    STATE_LEVELS,
    SUBJECT_KEYS,
    Node,
    Tree,
    limits_of,
)

# --- JSON Schema ---------------------------------------------------------------------------------

CANNOT_SAY: Final = (
    "an industry code exists in GB/T 4754-2017 and its section letter is right",
    "a unit written in words (吨/年, ㎡) converts to the unit of the fact or measure",
    "the low limit of `between` does not exceed the high one",
    "a date exists in the calendar (2026-02-30)",
    "a quote or a part ends after it begins, and lies in the clause text",
    "an integer is written without a decimal point (JSON Schema takes 3.0 for an integer)",
    "brackets come out of a matter or its unit only after normalisation (［ becomes [)",
)
"""What ``rules.check`` refuses and a schema cannot: it is said in the schema's own description."""

_DATE: Final = {
    "type": "string",
    "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
    "format": "date",
}
_WORD: Final = {"type": "string", "minLength": 1}
_WORDS: Final = {"type": "array", "items": _WORD, "minItems": 1}
_SPAN: Final = {
    "type": "array",
    "prefixItems": [{"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 1}],
    "minItems": 2,
    "items": False,
}
_TARGET: Final = {"type": "string", "pattern": "^[^:]+(:[^&|]+([&|][^&|]+)*)?$"}
_NO_BRACKETS: Final = {"type": "string", "pattern": r"^[^\[\]]*$"}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one row of a clause file.

    ``$defs/rule`` is the schema of one rule; ``$defs/condition`` of a condition without duties. Operators, facts,
    states and their values are those of the vocabulary, so the schema follows the version of the package.
    Whatever ``rules.check`` accepts in documented form is valid; what it refuses is not, but for ``CANNOT_SAY``.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "管控要求（条款） / clause",
        "description": "One row of a clause file, docs/reference/clause-format.md. Not said here, but checked by the program: "
        + "; ".join(CANNOT_SAY)
        + ".",
        "type": "object",
        "required": ["id", "text"],
        "properties": {
            "id": {"type": "string", "pattern": r"\S"},
            "number": {"type": ["string", "integer"]},
            "level": {"enum": list(Level)},
            "dimension": {"enum": list(Dimension)},
            "dimension_label": {"type": "string"},
            "category": {"type": "string"},
            "text": {"type": "string"},
            "document": {"type": "string"},
            "scope": _scope_schema(),
            "list_id": {"type": "string"},
            "valid_from": _or_null(_DATE),
            "valid_to": _or_null(_DATE),
            "office": _or_null({"type": "string"}),
            "rules": _or_null({"type": "array", "items": {"$ref": "#/$defs/rule"}}),
            "source": {"type": "object"},
            "reading": {
                "type": "object",
                "properties": {
                    "confidence": {"type": "number", "minimum": 0, "maximum": 1},
                    "doubts": {"type": "array", "items": {"type": "string"}},
                    "residue": {"type": "array", "items": _SPAN},
                },
            },
        },
        "$defs": {
            "rule": _rule_schema(),
            "condition": _condition_schema("condition", duties=False),
            "promise": _condition_schema("promise", duties=True),
            "atom": {"anyOf": list(_atom_schemas())},
            "duty": _atom_schema("duty", _WORD, {"phase": {"type": "string"}}),
        },
    }


def _or_null(inner: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"type": "null"}, inner]}


def _scope_schema() -> dict[str, Any]:
    words = {"type": "array", "items": {"type": "string"}}
    listed = {name: words for name in Scope.__dataclass_fields__ if name != "everywhere"}
    return {
        "type": "object",
        "properties": {"everywhere": {"type": "boolean"}, **listed},
        "additionalProperties": False,
    }


def _rule_schema() -> dict[str, Any]:
    lists = {key: _or_null({"type": "array", "items": _WORD}) for key in sorted(SUBJECT_KEYS)}
    lists["nature"] = _or_null({"type": "array", "items": {"enum": list(data.facts()["nature"].values)}})
    lists["activity"] = _or_null({"type": "array", "items": {"enum": list(data.facts()["activity"].values)}})
    said: dict[str, Any] = {
        "effect": {"enum": list(Effect)},
        "strength": {"enum": [*Strength, None]},
        "subject": _or_null({"type": "object", "properties": lists, "additionalProperties": False}),
        "when": _or_null({"$ref": "#/$defs/condition"}),
        "unless": _or_null({"$ref": "#/$defs/promise"}),
        "require": _or_null({"$ref": "#/$defs/promise"}),
        "until": _or_null(_DATE),
        "quote": _or_null(_SPAN),
        "parts": _or_null(
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"path": {"type": "string"}, "at": _SPAN},
                    "required": ["path", "at"],
                    "additionalProperties": False,
                },
            }
        ),
        "review": _or_null({"type": "object", "properties": {"state": {"enum": list(ReviewState)}}}),
    }
    only = {"require": [Effect.RESTRICT, Effect.REQUIRE], "until": [Effect.EXIT]}
    return {
        "type": "object",
        "properties": said | dict.fromkeys(sorted(RULE_KEYS - set(said)), True),
        "required": ["effect"],
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"effect": {"not": {"enum": effects}}}},
                "then": {"properties": {key: {"type": "null"}}},
            }
            for key, effects in only.items()
        ],
    }


def _condition_schema(name: str, *, duties: bool) -> dict[str, Any]:
    """Return the schema of a condition; inside ``not`` no duty may stand."""
    members = {"type": "array", "items": {"$ref": f"#/$defs/{name}"}, "minItems": 1}
    forms = [
        _exactly("all", members),
        _exactly("any", members),
        _exactly("not", {"$ref": "#/$defs/condition"}),
    ]
    forms += [{"$ref": "#/$defs/atom"}, *([{"$ref": "#/$defs/duty"}] if duties else [])]
    return {"anyOf": forms}


def _exactly(key: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {key: value}, "required": [key], "additionalProperties": False}


def _atom_schema(
    kind: str, value: Mapping[str, Any], keys: Mapping[str, Any], *, omit: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the schema of one form of an atom: ``keys`` of those that the language allows it."""
    needed, allowed = ATOMS[kind]
    said = {key: keys[key] for key in sorted(allowed - set(omit))}
    required = [kind, *sorted(key for key in said if key in needed or (key == "op" and kind == "matter"))]
    return {
        "type": "object",
        "properties": {kind: dict(value), **said},
        "required": required,
        "additionalProperties": False,
    }


def _comparisons(unit: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the two ways to compare a number."""
    orders = sorted(OPS_BY_TYPE["number"] - {"between"})
    number = {"type": "number"}
    pair = {"type": "array", "prefixItems": [number, number], "minItems": 2, "items": False}
    yield {"op": {"enum": orders}, "value": number, "unit": unit}
    yield {"op": {"const": "between"}, "value": pair, "unit": unit}


def _unit_schema(unit: str) -> dict[str, Any]:
    """Return the schema of a unit that converts to ``unit``: no unit of another kind, but words are possible."""
    like = set(data.units_like(unit))
    known = {fact.unit for fact in data.facts().values()} | set(BASE_UNIT.values())
    others = sorted({name for other in known for name in data.units_like(other)} - like)
    return {"type": "string", "examples": sorted(like), "not": {"enum": others}}


def _atom_schemas() -> Iterator[dict[str, Any]]:
    yield from _fact_schemas()
    text = {"type": "string", "pattern": r"^[^\[\]]*[^\s\[\]][^\[\]]*$"}
    yield _atom_schema("matter", text, {}, omit=ATOMS["matter"][1]) | {"required": ["matter"]}
    for keys in _comparisons(_NO_BRACKETS):
        yield _atom_schema("matter", text, keys) | {"required": ["matter", "op", "value"]}
    yield _atom_schema("industry", _WORDS, {})
    yield _atom_schema("catalogue", _WORD, {})
    role = {"type": "string"}
    for kind in ("in", "crosses"):
        yield _atom_schema(kind, _TARGET, {"role": role})
    for keys in _comparisons({"const": "%"}):
        yield _atom_schema("share", _TARGET, keys | {"of": {"enum": ["project", "zone"]}, "role": role})
    for kind, unit in BASE_UNIT.items():
        for keys in _comparisons(_unit_schema(unit)):
            yield _atom_schema(kind, _TARGET, keys | {"role": role})
    for state in data.states().values():
        value = {"enum": list(state.values)}
        at = {"enum": ["", *STATE_LEVELS]}
        key = {"const": state.key}
        yield _atom_schema("state", key, {"op": {"enum": ["is", "is_not"]}, "value": value, "at": at})
        yield _atom_schema("state", key, {"op": {"const": "in"}, "value": _many(value), "at": at})
    yield _atom_schema(
        "date", {"const": "as_of"}, {"op": {"enum": sorted(OPS_BY_TYPE["date"])}, "value": _DATE}
    )
    outcome = {"enum": list(Outcome.__members__)}
    yield _atom_schema("clause", {"type": "string"}, {"op": {"const": "is"}, "value": outcome})
    yield _atom_schema("clause", {"type": "string"}, {"op": {"const": "in"}, "value": _many(outcome)})
    yield _atom_schema("document", _WORD, {"issuer": {"type": "string"}})


def _many(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": value, "minItems": 1}


def _fact_schemas() -> Iterator[dict[str, Any]]:
    """Yield the forms of a fact, facts that may be asked alike together."""
    alike: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for fact in data.facts().values():
        if fact.key != "industry":  # an atom of its own
            alike.setdefault((fact.type, fact.unit, fact.values), []).append(fact.key)
    for (kind, unit, values), keys in alike.items():
        key = {"enum": keys}
        if kind == "number":
            for said in _comparisons(_unit_schema(unit)):
                yield _atom_schema("fact", key, said)
            continue
        ops = OPS_BY_TYPE[kind]
        if kind in ("bool", "date"):
            value: dict[str, Any] = (
                {"type": "boolean"} if kind == "bool" else {"anyOf": [{"const": "as_of"}, _DATE]}
            )
            yield _atom_schema("fact", key, {"op": {"enum": sorted(ops)}, "value": value}, omit=["unit"])
            continue
        value = {"enum": list(values)} if values else dict(_WORD)
        several = {op for op in ops if op in ("in", "not_in", "has_any", "has_all", "has_none")}
        one = {"op": {"enum": sorted(ops - several)}, "value": value}
        yield _atom_schema("fact", key, one, omit=["unit"])
        yield _atom_schema(
            "fact", key, {"op": {"enum": sorted(several)}, "value": _many(value)}, omit=["unit"]
        )


# --- CSV -----------------------------------------------------------------------------------------

# Plain columns hold text as it is; JSON columns hold one value; readable columns are for people and never read.
_CLAUSE_PLAIN: Final = (
    "id", "number", "level", "dimension", "dimension_label", "category", "text", "document", "list_id", "valid_from",
    "valid_to",
)  # fmt: skip
_CLAUSE_JSON: Final = ("scope", "source", "reading")
_RULE_PLAIN: Final = ("effect", "strength", "until")
_RULE_JSON: Final = ("subject", "when", "unless", "require", "quote", "parts", "review")
_READABLE: Final = ("readable:sentence", "readable:quoted")
_COLUMNS: Final = (
    *(f"clause.{key}" for key in (*_CLAUSE_PLAIN, *_CLAUSE_JSON, "more")),
    "rule",
    *(f"rule.{key}" for key in (*_RULE_PLAIN, *_RULE_JSON, "more")),
    *_READABLE,
)
_ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def to_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV, one line a rule, a clause without rules on a line of its own.

    Columns ``clause.…`` repeat on every line of a clause, ``rule`` counts its rules from 1. Plain text stands in
    its column as it is, conditions as JSON; whatever is no plain text (control characters, other types, keys of
    other programs) is in ``clause.more`` and ``rule.more``. A cell that a spreadsheet would take for a formula
    begins with an apostrophe, which :func:`from_csv` takes away. Columns ``readable:…`` are never read back.

    Lines end in LF; write it as UTF-8 (``utf-8-sig`` for Excel) without translating line ends.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        rules = row.get("rules")
        listed = (
            rules if isinstance(rules, list) and rules and all(isinstance(r, Mapping) for r in rules) else []
        )
        clause = {key: value for key, value in row.items() if key != "rules" or not listed}
        common = _cells("clause", clause, _CLAUSE_PLAIN, _CLAUSE_JSON)
        if not listed:
            writer.writerow(_safe(common))
        for number, rule in enumerate(listed, 1):
            cells = common | {"rule": str(number)} | _cells("rule", rule, _RULE_PLAIN, _RULE_JSON)
            writer.writerow(_safe(cells | _readable(row["text"], rule)))
    return text.getvalue()


def from_csv(text: str) -> list[dict[str, Any]]:
    """Return the rows of a CSV as :func:`to_csv` writes it; lines and columns may be in any order.

    Raises
    ------
    ClauseExchange
        A column is missing or unknown, a cell is no JSON, the lines of a clause differ in what they say of it,
        or its rules are not numbered 1, 2, 3 …; the line is named.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: dict[str, dict[str, Any]] = {}
    rules: dict[str, dict[int, dict[str, Any]]] = {}
    header: list[str] | None = None
    try:
        for record in reader:
            if not any(record):
                continue
            if header is None:
                header = _header(record)
                continue
            cells = _record(header, record, reader.line_num)
            clause = _object("clause", cells, _CLAUSE_PLAIN, _CLAUSE_JSON, reader.line_num)
            key = clause.get("id")
            if not isinstance(key, str):
                raise _bad_csv(reader.line_num, "csv_id")
            if encode(rows.setdefault(key, clause)) != encode(clause):
                raise _bad_csv(reader.line_num, "csv_differs", id=key)
            own = rules.setdefault(key, {})
            number = cells["rule"].strip()
            if not number.isdecimal() and number:
                raise _bad_csv(reader.line_num, "csv_number", value=number)
            place = int(number) if number else 0
            if place in own:
                raise _bad_csv(reader.line_num, "csv_twice", id=key, number=number)
            own[place] = _object("rule", cells, _RULE_PLAIN, _RULE_JSON, reader.line_num)
            if not place and own[0]:
                raise _bad_csv(reader.line_num, "csv_no_number", id=key)
    except csv.Error as error:
        raise _bad_csv(reader.line_num, "csv_broken", error=str(error)) from error
    for key, own in rules.items():
        if set(own) == {0}:
            continue
        if set(own) != set(range(1, len(own) + 1)):
            raise _bad_csv(None, "csv_gap", id=key)
        rows[key]["rules"] = [own[place] for place in sorted(own)]
    return list(rows.values())


def _cells(
    prefix: str, value: Mapping[str, Any], plain: Sequence[str], as_json: Sequence[str]
) -> dict[str, str]:
    cells: dict[str, str] = {}
    more: dict[str, Any] = {}
    for key, item in value.items():
        if key in plain and isinstance(item, str) and item and not _CONTROL.search(item):
            cells[f"{prefix}.{key}"] = item
        elif key in as_json:
            cells[f"{prefix}.{key}"] = encode(item)
        else:
            more[key] = item
    return cells | ({f"{prefix}.more": encode(more)} if more else {})


def _object(
    prefix: str, cells: Mapping[str, str], plain: Sequence[str], as_json: Sequence[str], line: int
) -> dict[str, Any]:
    found: dict[str, Any] = {key: cells[f"{prefix}.{key}"] for key in plain if cells[f"{prefix}.{key}"]}
    for key in (*as_json, "more"):
        if not (cell := cells[f"{prefix}.{key}"]):
            continue
        try:
            value = decode(cell)
        except (ValueError, RecursionError) as error:
            raise _bad_csv(line, "csv_json", column=f"{prefix}.{key}") from error
        if key != "more":
            found[key] = value
        elif isinstance(value, dict) and not set(value) & set(found):
            found |= value
        else:
            raise _bad_csv(line, "csv_json", column=f"{prefix}.{key}")
    return found


def _readable(text: str, rule: Mapping[str, Any]) -> dict[str, str]:
    quote = rule.get("quote")
    try:
        check(rule, text=text)
        said = sentences.sentence(rule)
    except (SanxianError, TypeError, KeyError, ValueError):
        return dict.fromkeys(_READABLE, "")
    return {"readable:sentence": said, "readable:quoted": text[slice(*quote)] if quote else ""}


def _safe(cells: Mapping[str, str]) -> dict[str, str]:
    """Return cells that no spreadsheet takes for formulas."""
    return {key: f"'{cell}" if cell.startswith(_ACTIVE) else cell for key, cell in cells.items()}


def _header(record: Sequence[str]) -> list[str]:
    names = [name.strip() for name in record]
    missing = [name for name in _COLUMNS if name not in names and name not in _READABLE]
    unknown = [name for name in names if name and name not in _COLUMNS]
    twice = [name for name in _COLUMNS if names.count(name) > 1]
    if missing or unknown or twice:
        raise _bad_csv(1, "csv_columns", columns=", ".join([*missing, *unknown, *twice]))
    return names


def _record(header: Sequence[str], record: Sequence[str], line: int) -> dict[str, str]:
    if len(record) > len(header) and any(record[len(header) :]):
        raise _bad_csv(line, "csv_width")
    cells = dict.fromkeys(_COLUMNS, "")
    for name, cell in zip(header, record, strict=False):
        cells[name] = cell.removeprefix("'")
    return cells


def _bad_csv(line: int | None, code: str, /, **fields: object) -> ClauseExchange:
    return _bad("CSV", "line" if line is not None else "file", code, {"line": line}, fields)


def _bad(
    source: str, place: str, code: str, where: Mapping[str, object], fields: Mapping[str, object]
) -> ClauseExchange:
    return ClauseExchange(
        source=source,
        where={lang[:2]: t(f"exchange.where.{place}", lang, **where) for lang in ("zh-CN", "en")},
        reason={lang[:2]: t(f"exchange.reason.{code}", lang, **fields) for lang in ("zh-CN", "en")},
    )


# --- decision tables -----------------------------------------------------------------------------

MAX_TABLE_ROWS: Final = 64  # of one part of a rule; above it the part is one boolean input
_NS: Final = "https://www.omg.org/spec/DMN/20191111/MODEL/"
_OWN: Final = "urn:sanxian:clauses:1"
_LISTS: Final = "texts"  # type of a set of words
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_OUTPUTS: Final = ("clause", "rule", "part", "effect", "strength", "review", "until", "duties")
_PARTS: Final = ("applies", "unless", "require")
_OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "==", "between": "outside"}
_NEGATED: Final = {
    "one_of": "none_of",
    "has_any": "has_none",
    "has_all": "lacks_one",
    "some_not": "all_in",
    "starts": "starts_none",
}
_NEGATIONS: Final = {key: other for a, b in _NEGATED.items() for key, other in ((a, b), (b, a))}
_NAMES: Final = {"in": "inside", "roles here": "roles_here"}

_JOINED: Final = re.compile(" (?:or|and|satisfies) ")

_Dialect: TypeAlias = Literal["feel", "zen"]


class _Test(NamedTuple):
    """One atom, negation pushed into it, so that a table can hold it."""

    variable: Variable
    kind: str  # is, a comparison, between, outside, date, or a key of _NEGATIONS
    value: tuple[Any, ...]

    @property
    def type(self) -> str:
        if self.kind == "is":
            return "boolean"
        if self.kind == "date":
            return "date"
        if self.kind in ("one_of", "none_of"):
            return "string"
        return _LISTS if self.kind in _NEGATIONS else "number"


class _And(NamedTuple):
    """A conjunction: the cells of one row of a table, and the duties the row rests on."""

    tests: tuple[_Test, ...] = ()
    duties: tuple[str, ...] = ()


class _Junction(NamedTuple):
    """``all`` or ``any`` without negation below."""

    op: str
    children: tuple[_Shape, ...]


_Shape: TypeAlias = _Junction | _Test | str  # a duty is its text


class _Input(NamedTuple):
    """A column: a variable, or a whole condition that would take too many rows."""

    name: str
    type: str
    label: str
    expression: Mapping[str, str]  # by dialect
    variable: Variable | None


class _Line(NamedTuple):
    """A row of a table: tests by column name, and what the row says."""

    cells: Mapping[str, tuple[_Test, ...] | None]  # None: the condition of the column holds
    outputs: Mapping[str, str]
    quote: str


class _Table(NamedTuple):
    inputs: tuple[_Input, ...]
    lines: tuple[_Line, ...]
    reads: tuple[tuple[str, str, Variable], ...]  # name, type and variable of everything read
    untold: tuple[int, ...]  # numbers of rules that no line can say, from 1


def _table(row: Mapping[str, Any]) -> _Table:
    """Return the decision table of one clause."""
    inputs: dict[str, _Input] = {}
    reads: dict[str, tuple[str, str, Variable]] = {}
    lines: list[_Line] = []
    untold: list[int] = []
    for number, rule in enumerate(row.get("rules") or (), 1):
        try:
            compiled = compile_rule(rule)
        except (SanxianError, TypeError, KeyError, ValueError, AttributeError):
            untold.append(number)
            continue
        if compiled.review is ReviewState.REJECTED:
            untold.append(number)
            continue
        quote = "" if compiled.quote is None else str(row["text"])[slice(*compiled.quote)]
        for part, tree in zip(_PARTS, (compiled.applies, compiled.unless, compiled.require), strict=True):
            if tree is None:
                continue
            shape = _shape(tree, positive=True)
            outputs = {
                "clause": str(row["id"]),
                "rule": str(number),
                "part": part,
                "effect": compiled.effect.value,
                "strength": compiled.strength.value,
                "review": compiled.review.value,
                "until": "" if compiled.until is None else compiled.until.isoformat(),
            }
            for test in _tests(shape):
                reads.setdefault(_name(test.variable), (_name(test.variable), test.type, test.variable))
            if _width(shape) > MAX_TABLE_ROWS:
                name = f"rule_{number}_{part}"
                inputs[name] = _Input(
                    name,
                    "boolean",
                    f"{number} {part}",
                    {d: _expression(shape, d) for d in ("feel", "zen")},
                    None,
                )
                duties = tuple(dict.fromkeys(_duties(shape)))
                lines.append(_Line({name: None}, outputs | {"duties": "；".join(duties)}, quote))
                continue
            for conjunction in _rows(shape):
                cells: dict[str, tuple[_Test, ...] | None] = {}
                for test in dict.fromkeys(conjunction.tests):
                    name = _name(test.variable)
                    inputs.setdefault(
                        name,
                        _Input(
                            name,
                            test.type,
                            _label(test.variable),
                            dict.fromkeys(("feel", "zen"), name),
                            test.variable,
                        ),
                    )
                    cells[name] = (*(cells.get(name) or ()), test)
                lines.append(
                    _Line(cells, outputs | {"duties": "；".join(dict.fromkeys(conjunction.duties))}, quote)
                )
    if lines and not inputs:  # a table without a column is more than some readers can read
        name = "as_of"
        inputs[name] = _Input(name, "date", name, dict.fromkeys(("feel", "zen"), name), (name,))
        reads[name] = (name, "date", (name,))
    return _Table(tuple(inputs.values()), tuple(lines), tuple(sorted(reads.values())), tuple(untold))


def _shape(tree: Tree, *, positive: bool) -> _Shape:
    """Return a tree with its negations pushed down to the tests."""
    if isinstance(tree, Node):
        if tree.op == "not":
            return _shape(tree.children[0], positive=not positive)
        op = tree.op if positive else {"all": "any", "any": "all"}[tree.op]
        return _Junction(op, tuple(_shape(child, positive=positive) for child in tree.children))
    if tree.duty is not None:
        return f"{tree.duty.text}（{tree.duty.phase}）" if tree.duty.phase else tree.duty.text
    test = _test(tree)
    return test if positive else _negated(test)


def _negated(test: _Test) -> _Test:
    """Return the test that holds exactly when ``test`` does not, for a value that is known."""
    if test.kind == "is":
        return test._replace(value=(not test.value[0],))
    if test.kind == "date":
        return test._replace(value=(_OPPOSITE[test.value[0]], test.value[1]))
    return test._replace(kind=_NEGATIONS.get(test.kind) or _OPPOSITE[test.kind])


def _test(leaf: Leaf) -> _Test:
    atom, variable = leaf.atom, leaf.variable
    if variable is None:
        return _Test(("as_of",), "date", (atom["op"], str(atom["value"])))
    if variable == ROLES_HERE:
        return _Test(variable, "has_any", tuple(atom["role"]))
    if "catalogue" in atom:
        return _Test(("catalogue", atom["catalogue"]), "is", (True,))
    if variable == INDUSTRY:
        return _Test(variable, "starts", _prefixes(atom["industry"]))
    kind = variable[0]
    if kind == "fact":
        return _fact_test(atom, variable)
    if kind in ("share", *BASE_UNIT):
        return _Test(variable, atom["op"], limits_of("", atom, BASE_UNIT.get(kind, "%")))
    if kind == "state":
        values = tuple(atom["value"]) if atom["op"] == "in" else (atom["value"],)
        return _Test(variable, "some_not" if atom["op"] == "is_not" else "has_any", values)
    if kind == "clause":
        values = tuple(atom["value"]) if atom["op"] == "in" else (atom["value"],)
        return _Test(variable, "one_of", values)
    return _Test(variable, "is", (True,))  # in, crosses, document


def _fact_test(atom: Mapping[str, Any], variable: Variable) -> _Test:
    fact, op, value = data.fact(variable[1]), atom.get("op"), atom.get("value")
    if op is None:  # a matter that holds or not
        return _Test(variable, "is", (True,))
    if fact.type == "number":
        return _Test(variable, op, limits_of("", atom, fact.unit))
    if fact.type == "bool":
        return _Test(variable, "is", (value,))
    if fact.type == "date":
        return _Test(variable, "date", (op, str(value)))
    several = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if fact.type == "set":
        return _Test(variable, "has_any" if op == "has" else op, several)
    return _Test(variable, "one_of" if op in ("is", "in") else "none_of", several)


def _prefixes(codes: Iterable[str]) -> tuple[str, ...]:
    """Return what codes of these industries begin with; a section is its divisions."""
    found: list[str] = []
    for code in map(data.industry_code, codes):
        divisions = [
            i.code for i in data.industries().values() if i.section == code and i.level == "division"
        ]
        found += divisions or [code]
    return tuple(dict.fromkeys(found))


def _tests(shape: _Shape) -> Iterator[_Test]:
    if isinstance(shape, _Junction):
        for child in shape.children:
            yield from _tests(child)
    elif isinstance(shape, _Test):
        yield shape
        if shape.kind == "date" and shape.value[1] == "as_of" and shape.variable != ("as_of",):
            yield _Test(("as_of",), "date", ("<=", "as_of"))


def _duties(shape: _Shape) -> Iterator[str]:
    if isinstance(shape, _Junction):
        for child in shape.children:
            yield from _duties(child)
    elif isinstance(shape, str):
        yield shape


def _width(shape: _Shape) -> int:
    """Return how many rows a shape takes."""
    if not isinstance(shape, _Junction):
        return 1
    widths = [_width(child) for child in shape.children]
    if shape.op == "any":
        return sum(widths)
    rows = 1
    for width in widths:
        rows = min(rows * width, 2**62)
    return rows


def _rows(shape: _Shape) -> list[_And]:
    """Return the conjunctions whose disjunction the shape is."""
    if isinstance(shape, _Test):
        return [_And(tests=(shape,))]
    if isinstance(shape, str):
        return [_And(duties=(shape,))]
    if shape.op == "any":
        return [row for child in shape.children for row in _rows(child)]
    return [
        _And(tuple(x for row in rows for x in row.tests), tuple(d for row in rows for d in row.duties))
        for rows in itertools.product(*map(_rows, shape.children))
    ]


# --- words of a table: FEEL and the language of ZEN ------------------------------------------------


def _name(variable: Variable) -> str:
    """Return the name of a variable: a fact's own key, else its kind and a digest, the same in every file."""
    if variable[0] == "fact" and variable[1] in data.facts():
        return variable[1]
    kind = "matter" if variable[0] == "fact" else _NAMES.get(variable[0], variable[0])
    if len(variable) == 1:
        return kind
    return f"{kind}_{hashlib.sha256(encode(list(variable)).encode()).hexdigest()[:8]}"


def _label(variable: Variable) -> str:
    unit = ""
    if variable[0] == "fact":
        fact = data.fact(variable[1])
        return _legal(f"{fact.zh}（{fact.unit}）" if fact.unit else fact.zh)
    if variable[0] in BASE_UNIT or variable[0] == "share":
        unit = f"（{BASE_UNIT.get(variable[0], '%')}）"
    return _legal(" ".join(word for word in variable if word) + unit)


def _number(value: float) -> str:
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _string(text: str, dialect: _Dialect) -> str:
    if dialect == "feel":
        return json.dumps(_legal(text), ensure_ascii=False)
    # ZEN has no escapes: pieces without one kind of quote are joined
    pieces = re.findall(r"[^\"]+|\"+", text) or [""]
    return " + ".join(f"'{piece}'" if piece.startswith('"') else f'"{piece}"' for piece in pieces)


def _strings(values: Iterable[str], dialect: _Dialect) -> str:
    return ", ".join(_string(value, dialect) for value in values)


def _entry(tests: Sequence[_Test], dialect: _Dialect) -> str:
    """Return the cell for tests of one variable that must all hold."""
    if len(tests) == 1:
        short = _unary(tests[0], dialect)
        if short is not None:
            return short
    if dialect == "zen":
        return " and ".join(_said(test, "$", dialect) for test in tests)
    # FEEL takes a test that comes to null as met by a value that is null: a missing value must meet none
    said = [_said(test, "?", dialect).removeprefix("? != null and ") for test in tests]
    return " and ".join(["? != null", *(f"({text})" if _JOINED.search(text) else text for text in said)])


def _unary(test: _Test, dialect: _Dialect) -> str | None:
    """Return the short form of a test that needs no name for the value, ``None`` when there is none."""
    kind, value = test.kind, test.value
    if kind == "is":
        return "true" if value[0] else "false"
    if kind == "between":
        return f"[{_number(value[0])}..{_number(value[1])}]"
    if kind in ("<", "<=", ">", ">="):
        return f"{kind} {_number(value[0])}"
    if kind == "one_of":
        return _strings(value, dialect) if dialect == "feel" else None
    if dialect == "feel":
        if kind == "==":
            return _number(value[0])
        if kind == "outside":
            return f"< {_number(value[0])}, > {_number(value[1])}"
        if kind == "date" and value[0] not in ("==", "!="):
            return f"{value[0]} {_day(value[1], dialect)}"
    return None


def _day(value: str, dialect: _Dialect) -> str:
    if value == "as_of":
        return "as_of" if dialect == "feel" else "d(as_of)"
    return f'{"date" if dialect == "feel" else "d"}("{date.fromisoformat(value).isoformat()}")'


def _said(test: _Test, name: str, dialect: _Dialect) -> str:
    """Return a test as an expression about ``name``."""
    return (_said_feel if dialect == "feel" else _said_zen)(test, name)


def _said_feel(test: _Test, name: str) -> str:
    kind, value = test.kind, test.value
    words = [_string(word, "feel") for word in value] if kind in _NEGATIONS else []
    if kind == "is":
        return f"{name} = {'true' if value[0] else 'false'}"
    if kind == "between":
        return f"{name} >= {_number(value[0])} and {name} <= {_number(value[1])}"
    if kind == "outside":
        return f"{name} < {_number(value[0])} or {name} > {_number(value[1])}"
    if kind == "date":
        if value[0] == "!=":
            return f"{name} != null and {name} != {_day(value[1], 'feel')}"
        return f"{name} {'=' if value[0] == '==' else value[0]} {_day(value[1], 'feel')}"
    if kind == "!=":
        return f"{name} != null and {name} != {_number(value[0])}"
    if kind in _OPPOSITE:
        return f"{name} {'=' if kind == '==' else kind} {_number(value[0])}"
    if kind == "one_of":
        return " or ".join(f"{name} = {word}" for word in words)
    if kind == "none_of":
        return " and ".join([f"{name} != null", *(f"{name} != {word}" for word in words)])
    if kind in ("has_any", "has_all"):
        return (" or " if kind == "has_any" else " and ").join(
            f"list contains({name}, {word})" for word in words
        )
    if kind in ("has_none", "lacks_one"):
        return (" and " if kind == "has_none" else " or ").join(
            f"not(list contains({name}, {word}))" for word in words
        )
    if kind in ("some_not", "all_in"):
        inside = f"list contains([{', '.join(words)}], x)"
        return (
            f"some x in {name} satisfies not({inside})"
            if kind == "some_not"
            else f"every x in {name} satisfies {inside}"
        )
    begins = " or ".join(f"starts with(x, {word})" for word in words)
    return (
        f"some x in {name} satisfies ({begins})"
        if kind == "starts"
        else f"every x in {name} satisfies not({begins})"
    )


def _said_zen(test: _Test, name: str) -> str:
    kind, value = test.kind, test.value
    words = [_string(word, "zen") for word in value] if kind in _NEGATIONS else []
    listed = f"[{', '.join(words)}]"
    if kind == "is":
        return f"{name} == {'true' if value[0] else 'false'}"
    if kind in ("between", "outside"):
        return f"{name} {'in' if kind == 'between' else 'not in'} [{_number(value[0])}..{_number(value[1])}]"
    if kind == "date":
        return f"d({name}) {value[0]} {_day(value[1], 'zen')}"
    if kind in _OPPOSITE:
        return f"{name} {kind} {_number(value[0])}"
    if kind in ("one_of", "none_of"):
        return f"{name} {'in' if kind == 'one_of' else 'not in'} {listed}"
    if kind == "lacks_one":
        return f"some({listed}, not contains({name}, #))"
    if kind == "has_all":
        return f"all({listed}, contains({name}, #))"
    begins = " or ".join(f"startsWith(#, {word})" for word in words)
    call, body = {
        "has_any": ("some", f"# in {listed}"),
        "has_none": ("none", f"# in {listed}"),
        "some_not": ("some", f"# not in {listed}"),
        "all_in": ("all", f"# in {listed}"),
        "starts": ("some", begins),
        "starts_none": ("none", begins),
    }[kind]
    return f"{call}({name}, {body})"


def _expression(shape: _Shape, dialect: _Dialect) -> str:
    """Return a whole condition as one expression over named variables."""
    if isinstance(shape, str):
        return "true"
    if isinstance(shape, _Test):
        return _said(shape, _name(shape.variable), dialect)
    word = " and " if shape.op == "all" else " or "
    return word.join(f"({_expression(child, dialect)})" for child in shape.children) or (
        "true" if shape.op == "all" else "false"
    )


def _legal(text: str) -> str:
    """Return text as XML can hold it."""
    return _ILLEGAL.sub("□", text)


# --- DMN -----------------------------------------------------------------------------------------


def to_dmn(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as DMN 1.3, one decision with one decision table a clause.

    A clause is what is cited, reviewed and amended, so it is what a decision is about: a table for several
    clauses would have a column for every variable any of them reads, almost all of its cells empty, and every
    amendment would redraw the others. Hit policy COLLECT: clauses never exclude each other. A row holds for one
    alternative of one part of a rule (``applies``: subject and ``when``; ``unless``; ``require``); the parts are not
    folded into one row, for an exception that is not known must stay visible. Its quote is the description of
    the row, where editors show annotations. A part of more than ``MAX_TABLE_ROWS`` alternatives is one column
    whose expression is the whole condition.

    What DMN cannot say is written into the file. The rows themselves travel as JSON in ``extensionElements`` of
    our own namespace, with a digest of the table; :func:`from_dmn` reads those. The same rows give the same bytes.

    Raises
    ------
    ClauseError
        An id twice.
    """
    for prefix, uri in (("", _NS), ("sanxian", _OWN)):
        ET.register_namespace(prefix, uri)
    made = _unique(rows)
    root = ET.Element(
        _q("definitions"), {"id": "clauses", "name": "管控要求", "namespace": _OWN, "exporter": "sanxian"}
    )
    _child(root, "description", f"{t('exchange.dmn.note', 'zh-CN')}\n{t('exchange.dmn.note', 'en')}")
    lists = ET.SubElement(root, _q("itemDefinition"), {"id": _LISTS, "name": _LISTS, "isCollection": "true"})
    _child(lists, "typeRef", "string")
    tables = [(row, _table(row)) for row in made]
    reads = {name: (name, kind, variable) for _, table in tables for name, kind, variable in table.reads}
    for name, kind, variable in sorted(reads.values()):
        source = ET.SubElement(
            root, _q("inputData"), {"id": f"input_{name}", "name": name, "label": _label(variable)}
        )
        own = ET.SubElement(source, _q("extensionElements"))
        ET.SubElement(own, f"{{{_OWN}}}variable").text = _xml_json(list(variable))
        ET.SubElement(source, _q("variable"), {"name": name, "typeRef": kind})
    for row, table in tables:
        root.append(_decision(row, table))
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _unique(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    made = list(rows)
    seen: set[str] = set()
    for row in made:
        if row["id"] in seen:
            raise ClauseError(
                reason={lang[:2]: t("exchange.reason.twice", lang, id=row["id"]) for lang in ("zh-CN", "en")}
            )
        seen.add(row["id"])
    return made


def _decision(row: Mapping[str, Any], table: _Table) -> ET.Element:
    key = _key(row["id"])
    decision = ET.Element(_q("decision"), {"id": key, "name": _legal(row["id"])})
    untold = [
        t("exchange.dmn.untold", lang, numbers=", ".join(map(str, table.untold))) for lang in ("zh-CN", "en")
    ]
    _child(decision, "description", "\n".join([row["text"], *(untold if table.untold else [])]))
    own = ET.SubElement(decision, _q("extensionElements"))
    clause = ET.SubElement(own, f"{{{_OWN}}}clause")
    rules = row.get("rules")
    listed = rules if isinstance(rules, list) else []
    clause.text = _xml_json({k: v for k, v in row.items() if k != "rules" or not listed})
    for rule in listed:
        ET.SubElement(own, f"{{{_OWN}}}rule").text = _xml_json(rule)
    ET.SubElement(decision, _q("variable"), {"name": key, "typeRef": "Any"})
    for name, _, _ in table.reads:
        need = ET.SubElement(decision, _q("informationRequirement"), {"id": f"{key}_needs_{name}"})
        ET.SubElement(need, _q("requiredInput"), {"href": f"#input_{name}"})
    if table.lines:
        decision.append(_decision_table(key, table))
    clause.set("table", _table_digest(decision))
    return decision


def _decision_table(key: str, table: _Table) -> ET.Element:
    top = ET.Element(_q("decisionTable"), {"id": f"{key}_table", "hitPolicy": "COLLECT"})
    for column, made in enumerate(table.inputs, 1):
        head = ET.SubElement(top, _q("input"), {"id": f"{key}_input_{column}", "label": made.label})
        expression = ET.SubElement(
            head, _q("inputExpression"), {"id": f"{key}_expression_{column}", "typeRef": made.type}
        )
        _child(expression, "text", made.expression["feel"])
    for column, name in enumerate(_OUTPUTS, 1):
        kind = "number" if name == "rule" else "string"
        ET.SubElement(top, _q("output"), {"id": f"{key}_output_{column}", "name": name, "typeRef": kind})
    for number, line in enumerate(table.lines, 1):
        rule = ET.SubElement(top, _q("rule"), {"id": f"{key}_row_{number}"})
        if line.quote:
            _child(rule, "description", line.quote)
        for column, made in enumerate(table.inputs, 1):
            entry = ET.SubElement(rule, _q("inputEntry"), {"id": f"{key}_row_{number}_in_{column}"})
            _child(entry, "text", _cell(line, made.name, "feel") or "-")
        for column, name in enumerate(_OUTPUTS, 1):
            entry = ET.SubElement(rule, _q("outputEntry"), {"id": f"{key}_row_{number}_out_{column}"})
            value = line.outputs[name]
            _child(entry, "text", value if name == "rule" else _string(value, "feel"))
    return top


def _cell(line: _Line, name: str, dialect: _Dialect) -> str:
    """Return a cell, ``""`` when the row does not ask."""
    if name not in line.cells:
        return ""
    tests = line.cells[name]
    return "true" if tests is None else _entry(tests, dialect)


def from_dmn(content: bytes) -> list[dict[str, Any]]:
    """Return the rows that travel in a DMN file of :func:`to_dmn`, rules as they were written.

    Raises
    ------
    ClauseExchange
        No DMN of ours, damaged, or a table that somebody changed: the rules beside it would not know.
    """
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ET.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise _bad_dmn("file", "dmn_broken", {}, error=type(error).__name__) from error
    if root.tag != _q("definitions"):
        raise _bad_dmn("file", "dmn_foreign", {})
    rows: dict[str, dict[str, Any]] = {}
    for decision in root.iter(_q("decision")):
        name = decision.get("name", "?")
        clause = decision.find(f"{_q('extensionElements')}/{{{_OWN}}}clause")
        if clause is None:
            raise _bad_dmn("decision", "dmn_foreign", {"name": name})
        try:
            row = decode(clause.text or "")
            rules = [
                decode(rule.text or "")
                for rule in decision.iterfind(f"{_q('extensionElements')}/{{{_OWN}}}rule")
            ]
        except (ValueError, RecursionError) as error:
            raise _bad_dmn("decision", "dmn_json", {"name": name}) from error
        if not isinstance(row, dict) or not isinstance(row.get("id"), str) or row["id"] in rows:
            raise _bad_dmn("decision", "dmn_json", {"name": name})
        if clause.get("table") != _table_digest(decision):
            raise _bad_dmn("decision", "dmn_changed", {"name": name})
        rows[row["id"]] = row | ({"rules": rules} if rules else {})
    if not rows:
        raise _bad_dmn("file", "dmn_foreign", {})
    return list(rows.values())


def _table_digest(decision: ET.Element) -> str:
    """Return a digest of the rules beside a table and of all the table says, whatever its layout."""
    said = [[(node.tag, (node.text or "").strip()) for node in decision.iter() if node.tag in _SAYING]]
    table = decision.find(_q("decisionTable"))
    policy = "" if table is None else table.get("hitPolicy", "UNIQUE")
    names = [] if table is None else [output.get("name") for output in table.iterfind(_q("output"))]
    return hashlib.sha256(encode([policy, names, said]).encode()).hexdigest()


def _bad_dmn(place: str, code: str, where: Mapping[str, object], /, **fields: object) -> ClauseExchange:
    return _bad("DMN", place, code, where, fields)


def _q(tag: str) -> str:
    return f"{{{_NS}}}{tag}"


_SAYING: Final = frozenset(
    (_q("text"), _q("inputEntry"), _q("outputEntry"), _q("rule"), f"{{{_OWN}}}rule", f"{{{_OWN}}}clause")
)


def _child(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, _q(tag)).text = _legal(text.replace("\r\n", "\n").replace("\r", "\n"))


def _key(clause: str) -> str:
    return f"clause_{hashlib.sha256(encode(clause).encode()).hexdigest()[:12]}"


def _xml_json(value: Any) -> str:
    """Return JSON that XML can hold: JSON may escape any character."""
    return _ILLEGAL.sub(lambda found: f"\\u{ord(found[0]):04x}", encode(value))


# --- JDM -----------------------------------------------------------------------------------------


def to_jdm(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return rows as a JDM graph for the ZEN engine: the same tables as :func:`to_dmn`, in its own language.

    The answer has one list a clause, under ``clause_`` and a digest of its id, of the rows that hold. Dates are
    ISO text. A variable that is not given must be asked for first: the engine takes it for another value.
    """
    start = {"id": "in", "type": "inputNode", "name": "in", "position": {"x": 0, "y": 0}}
    end = {"id": "out", "type": "outputNode", "name": "out", "position": {"x": 800, "y": 0}}
    nodes: list[dict[str, Any]] = [start]
    edges: list[dict[str, str]] = []
    for row in _unique(rows):
        table = _table(row)
        if not table.lines:
            continue
        key = _key(row["id"])
        nodes.append(
            {
                "id": key,
                "type": "decisionTableNode",
                "name": row["id"],
                "position": {"x": 400, "y": 80 * len(nodes)},
                "content": {
                    "hitPolicy": "collect",
                    "inputField": None,
                    "outputPath": key,
                    "passThrough": False,
                    "inputs": [
                        {"id": i.name, "name": i.label, "field": i.expression["zen"]} for i in table.inputs
                    ],
                    "outputs": [{"id": f"out_{name}", "name": name, "field": name} for name in _OUTPUTS],
                    "rules": [
                        {
                            "_id": f"{key}_{number}",
                            "_description": line.quote,
                            **{i.name: _cell(line, i.name, "zen") for i in table.inputs},
                            **{
                                f"out_{name}": value if name == "rule" else _string(value, "zen")
                                for name, value in line.outputs.items()
                            },
                        }
                        for number, line in enumerate(table.lines, 1)
                    ],
                },
            }
        )
        edges.append({"id": f"{key}_in", "sourceId": "in", "targetId": key, "type": "edge"})
        edges.append({"id": f"{key}_out", "sourceId": key, "targetId": "out", "type": "edge"})
    graph: dict[str, Any] = {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [*nodes, end],
        "edges": edges,
    }
    return graph

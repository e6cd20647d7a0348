"""Tables: access lists and published totals, as provinces hand them out, into what a draft holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sanxian.clauses import clause_from_row
from sanxian.clauses.intake import with_rules
from sanxian.clauses.lists import read_list
from sanxian.clauses.tables import Place, Table, excerpt, read_tables
from sanxian.data import convert
from sanxian.edition import PublishedTotal
from sanxian.errors import ClauseError, FactUnit
from sanxian.i18n import LANGS, t
from sanxian.ingest.features import Places
from sanxian.ingest.log import At, Log
from sanxian.ingest.names import clean_code, clean_region, clean_text, plain_name
from sanxian.ingest.profile import LayerRule, TableRule
from sanxian.ingest.workbook import Tables
from sanxian.model import Clause, Dimension, Document, Layer, Level

# --- access lists ----------------------------------------------------------------------------


def read_clause_list(path: Path, rule: TableRule, made: Tables, log: Log) -> None:
    """Add the clauses of an access list, their words read as draft rules unless the profile says not to.

    Raises
    ------
    InputError
        The file cannot be read, or holds no list.
    """
    reading = read_list(
        path, level=rule.level or None, scope=dict(rule.scope) or None, document=rule.document
    )
    for entry in reading.log:
        log.listed(entry.code, entry.zh, entry.en, source=_source(entry.place), item=_cell(entry.place))
    _take(reading.rows, path.name, rule.rules, made, log)


def take_field_clauses(rows: Sequence[Mapping[str, Any]], made: Tables, log: Log) -> None:
    """Add the clauses that stood in fields of features."""
    if rows:
        _take(rows, "", True, made, log)


def _take(rows: Sequence[Mapping[str, Any]], file: str, with_grammar: bool, made: Tables, log: Log) -> None:
    """Add rows of a clause file as clauses; what the list does not say is named, and put in provisionally."""
    ids = {document.id for document in made.documents}
    by_words = {plain_name(word): d.id for d in made.documents for word in (d.id, d.title, d.number) if word}
    rules = 0
    for row in rows:
        where = row.get("source", {})
        source = "/".join(filter(None, (file, where.get("sheet", ""))))
        item = f"R{where['row']}C{where['column']}" if where else row["id"]
        full = dict(with_rules(row) if with_grammar else row)
        rules += len(full.get("rules") or ())
        full["scope"] = _scope(full["scope"], source, item, log)
        full["document"] = _document(full["document"], ids, by_words, made, source, item, log)
        if not full["level"]:
            full["level"] = Level.PROVINCE.value
            log.say("CLAUSE_LEVEL", At(source), item=full["id"], used=full["level"])
        if not full["dimension"]:
            full["dimension"] = Dimension.SPATIAL.value
            log.say("CLAUSE_DIMENSION", At(source), item=full["id"], label=full["dimension_label"] or "-")
        if not full["scope"]:
            log.say("CLAUSE_NO_SCOPE", At(source), item=full["id"], text=excerpt(full["text"]))
        try:
            made.clauses.append(_labelled(clause_from_row(full), row))
        except ClauseError as error:
            log.refusal("CLAUSE_BROKEN", error, At(source), item=full["id"])
    log.say("TABLE_READ", At(file), count=len(rows), what="clause")
    if rules:
        log.say("CLAUSE_RULES", At(file), count=rules)


def _labelled(clause: Clause, row: Mapping[str, Any]) -> Clause:
    """Return a clause whose label is what the list printed, also when that is nothing."""
    return replace(clause, dimension_label=row["dimension_label"] or clause.dimension_label)


def _source(place: Place) -> str:
    return "/".join(filter(None, (place.file, place.sheet)))


def _cell(place: Place) -> str:
    return (f"R{place.row}" if place.row else "") + (f"C{place.column}" if place.column else "")


def _scope(scope: Mapping[str, Any], source: str, item: str, log: Log) -> dict[str, Any]:
    """Return a scope whose codes are written as those of the zones are."""
    made = dict(scope)
    for key, clean in (
        ("units", clean_code),
        ("parks", clean_code),
        ("blocks", clean_code),
        ("regions", clean_region),
    ):
        if key in made:
            given = list(map(str, made[key]))
            made[key] = list(dict.fromkeys(map(clean, given)))
            for before, after in zip(given, map(clean, given), strict=True):
                if before != after and key != "regions":
                    log.say("CODE_CLEANED", At(source), item=item, before=before, after=after)
    return made


def _document(
    given: str, ids: set[str], by_words: dict[str, str], made: Tables, source: str, item: str, log: Log
) -> str:
    """Return the id of the document a list names, by id, title or number; one nobody knows is added by its words."""
    words = clean_text(given)
    if not words:
        log.say("DOCUMENT_MISSING", At(source), item=item)
        return ""
    if words in ids:
        return words
    bare = re.sub(r"[《》]", "", words)
    if (known := by_words.get(plain_name(words)) or by_words.get(plain_name(bare))) is not None:
        return known
    made.documents.append(Document(id=bare, title=bare, source=source))
    log.say("DOCUMENT_ADDED", At(source), title=excerpt(bare, 60))
    ids.add(bare)
    by_words[plain_name(words)] = by_words[plain_name(bare)] = bare
    return bare


def unique_clauses(clauses: Sequence[Clause], log: Log) -> tuple[Clause, ...]:
    """Return the clauses with ids nobody shares: a table of clauses cannot hold two of one id."""
    taken = {clause.id for clause in clauses}
    seen: set[str] = set()
    made = []
    for clause in clauses:
        name, n = clause.id or "clause", 1
        while name in seen or (n > 1 and name in taken):
            n += 1
            name = f"{clause.id or 'clause'}~{n}"
        if name != clause.id:
            log.say("CLAUSE_ID_REPEATED", item=clause.id, used=name, text=excerpt(clause.text))
        seen.add(name)
        made.append(clause if name == clause.id else replace(clause, id=name))
    return tuple(made)


# --- published totals ------------------------------------------------------------------------

_ROLES: Final = ("layer", "region", "class", "count", "area")
_HEADER_ROWS: Final = 30  # a header stands among the first rows
_WHOLE: Final = {"合计", "总计", "小计", "全部", "total", "all", "-", ""}
_AREA_HEADER: Final = re.compile(r"(.*?)[(（](.+?)[)）]")


def read_totals(
    path: Path, rule: TableRule, rules: Sequence[LayerRule], places: Places, log: Log
) -> Iterator[PublishedTotal]:
    """Yield the rows of a statistics table: how many zones of which class a publication counts, and their area.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    for table in read_tables(path):
        found = totals_header(table, rule)
        if found is None:
            log.say("TABLE_NO_HEADER", At(_source(table.place())), seen=_seen(table))
            continue
        first, at, unit = found
        count = 0
        for number, cells in enumerate(table.rows[first:], table.start + first):
            given = {role: cells[n].text.strip() for role, n in at.items()}
            if not any(given.get(role) for role in ("count", "area")):
                continue
            total = _total(given, unit, rule, rules, places, table, number, log)
            if total is not None:
                count += 1
                yield total
        log.say("TABLE_READ", At(_source(table.place())), count=count, what="total")


def _seen(table: Table) -> str:
    return excerpt(" | ".join(cell.text for line in table.rows[:2] for cell in line[:5]), 80)


def totals_header(table: Table, rule: TableRule) -> tuple[int, dict[str, int], str] | None:
    """Return the row below the header, where each column is, and the unit of the areas."""
    words = {
        plain_name(word): role
        for role in _ROLES
        for word in (role, *(t(f"ingest.total.{role}", lang) for lang in LANGS), *rule.columns.get(role, ()))
    }
    for n, line in enumerate(table.rows[:_HEADER_ROWS]):
        at: dict[str, int] = {}
        unit = rule.unit
        for column, cell in enumerate(line):
            bare, own = cell.text, ""
            if match := _AREA_HEADER.fullmatch(clean_text(cell.text)):
                bare, own = match[1], match[2]
            role = words.get(plain_name(cell.text)) or words.get(plain_name(bare))
            if role is not None and role not in at:
                at[role] = column
                if role == "area" and own and _is_area_unit(own):
                    unit = own
        if "area" in at or ("count" in at and len(at) > 1):
            return n + 1, at, unit
    return None


def _is_area_unit(unit: str) -> bool:
    try:
        convert(1.0, unit, "m2")
    except FactUnit:
        return False
    return True


def _total(
    given: Mapping[str, str],
    unit: str,
    rule: TableRule,
    rules: Sequence[LayerRule],
    places: Places,
    table: Table,
    number: int,
    log: Log,
) -> PublishedTotal | None:
    said = At(_source(table.place()), rule.layer)
    layer = _layer_of(given.get("layer", ""), rules) or rule.layer
    counted, area = _numeral(given.get("count", "")), _numeral(given.get("area", ""))
    faults = [
        role for role, value in (("count", counted), ("area", area)) if given.get(role) and value is None
    ]
    if not layer or faults:
        log.say("TABLE_ROW", said, item=f"R{number}", reason=", ".join(faults) or "layer?")
        return None
    name = given.get("region", "")
    region = "" if plain_name(name) in _WHOLE else clean_region(name)
    if region and not region.isdigit():
        known = places.codes.get(plain_name(name))
        if known is None:
            log.say("REGION_UNKNOWN", said, item=f"R{number}", name=name, near="-")
            return None
        region = known
    own = next(r for r in rules if r.id == layer) if any(r.id == layer for r in rules) else None
    kind = clean_text(given.get("class", ""))
    kind = "" if plain_name(kind) in _WHOLE else kind
    if own is not None and kind:
        kind = own.values.get("class", {}).get(plain_name(kind), kind)
    area_m2 = None if area is None else convert(area[0], unit, "m2")
    rounding = 0.0 if area is None else convert(0.5 * 10.0 ** -area[1], unit, "m2")
    return PublishedTotal(
        layer=layer, region=region, zone_class=kind, count=None if counted is None else round(counted[0]),
        area_m2=area_m2, rounding_m2=rounding, source=rule.source or _source(table.place()),
    )  # fmt: skip


def _layer_of(text: str, rules: Sequence[LayerRule]) -> str:
    plain = plain_name(text)
    for rule in rules:
        if plain and plain in (plain_name(rule.id), plain_name(rule.title)):
            return rule.id
    return ""


def _numeral(text: str) -> tuple[float, int] | None:
    """Return a number and how many decimals were printed, ``None`` for what is no number."""
    plain = re.sub(r"[,\s]", "", unicodedata.normalize("NFKC", text))
    match = re.fullmatch(r"(\d+)(?:\.(\d*))?", plain, re.ASCII)
    return (float(plain), len(match[2] or "")) if match else None


def layers_of(rules: Sequence[LayerRule], log: Log) -> tuple[Layer, ...]:
    """Return the layers of a draft; one whose accuracy nobody stated has 0, which the quality gate reports."""
    for rule in rules:
        if rule.accuracy_m is None:
            log.say("ACCURACY_MISSING", At(layer=rule.id))
    return tuple(
        Layer(
            id=rule.id, kind=rule.kind, title=rule.title, accuracy_m=rule.accuracy_m or 0.0,
            min_area_m2=rule.min_area_m2, min_length_m=rule.min_length_m, near_m=rule.near_m,
            partition=rule.partition, strict_boundary=rule.strict_boundary, source=rule.source,
        )
        for rule in rules
    )  # fmt: skip

"""Lint: what the author of an access list should look at again before it is published.

Nothing here decides anything. Each remark names its clauses, the rules and the words it rests on, and what to
do. A remark is made when something is *shown* to be so; what cannot be shown either way is passed over, because
an author who gets fifty false alarms stops reading. Equal remarks on templated clauses are made once, naming
them all. The checks with their severity and advice: ``docs/reference/clause-lint.md``.

Time is counted from ``as_of``; without it no date is judged. Without an edition nothing is said about zones,
documents, catalogues or places.
"""

from __future__ import annotations

import enum
import math
import re
import tomllib
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any, Final, NamedTuple

import numpy as np
import shapely

from sanxian import data
from sanxian import edition as editions
from sanxian.clauses.composition import RANK, place_in_list, references, wording
from sanxian.clauses.logic import (
    DEMANDS,
    GRANTS,
    Key,
    Literal,
    Logic,
    Pool,
    Read,
    Reader,
    Ruled,
    Shape,
    Standing,
    binds_as_much,
    needed_literals,
    standing,
    target_within,
)
from sanxian.clauses.quantities import deadlines, number
from sanxian.clauses.reach import catalogues_of
from sanxian.clauses.rows import clause_from_row
from sanxian.clauses.text import Plain, plain
from sanxian.edition import Edition, Lapse, LapseKind, county_of_unit
from sanxian.edition.validity import check_clauses
from sanxian.errors import ClauseError
from sanxian.i18n import t
from sanxian.model import (
    Clause,
    CoverageStatus,
    EditionInfo,
    Effect,
    LayerKind,
    Level,
    Scope,
    Zone,
    in_force,
)
from sanxian.rules import Leaf, compile_rule, parse_target
from sanxian.rules.language import Tree


class Severity(enum.StrEnum):
    """How much a remark matters."""

    ERROR = "error"  # the list cannot mean this
    WARNING = "warning"  # most likely not meant
    ADVICE = "advice"  # worth a look


E, W, A = Severity.ERROR, Severity.WARNING, Severity.ADVICE

CHECKS: Final[Mapping[str, Severity]] = {
    # what a clause is made of
    "L-ROW": E,
    "L-ID": E,
    "L-EMPTY": E,
    "L-DATES": E,
    "L-RULE": E,
    "L-INDUSTRY": E,
    "L-DOCUMENT": E,
    "L-SCOPE": E,
    "L-SCOPE-ZONE": W,
    "L-TARGET": E,
    "L-TARGET-ZONE": W,
    "L-CATALOGUE": W,
    "L-STATE": W,
    "L-CLAUSE-REF": E,
    # one rule by itself
    "L-UNREACHABLE": E,
    "L-EXIT-NEW": W,
    "L-UNLESS-ALWAYS": E,
    "L-UNLESS-NEVER": W,
    "L-REQUIRE-NEVER": E,
    "L-REQUIRE-ALWAYS": W,
    "L-ZONE-APART": W,
    # rules against each other
    "L-CONTRADICTION": E,
    "L-INCOMPATIBLE": E,
    "L-MOOT": W,
    "L-LOOSER": W,
    "L-EXCEPTION": W,
    "L-REDUNDANT": A,
    "L-DUPLICATE": W,
    "L-NEAR-DUPLICATE": A,
    "L-LINK": W,
    # time
    "L-EXPIRED": W,
    "L-SUPERSEDED": W,
    "L-DEADLINE": W,
    # words
    "L-NO-RULE": A,
    "L-NO-FACT": A,
    "L-NO-REQUIREMENT": A,
    "L-VAGUE": A,
    "L-INCLUSIVE": A,
    "L-INCLUSIVE-RULE": W,
    "L-QUOTE-NONE": W,
    "L-QUOTE-OVERLAP": A,
    "L-RESIDUE": W,
    "L-BOUND": W,
}
"""Every check with the severity of its remarks."""

PAIRS: Final = 20_000_000  # comparisons of rules before the lint says that it has not seen all
_MEMORY: Final = 500_000  # pairs whose relation is remembered
_GATE: Final = 0.85  # share of common three-character pieces from which two texts are near duplicates
_BANS: Final = re.compile(
    r"禁止|严禁|不得(?!低于|少于|小于|高于|大于|超过|超出|突破|多于|短于)|不准|不予|不再|一律不|暂停|停止审批"
)
_OTHERWISE: Final = re.compile(
    r"(?:缺少|未|不符合|不满足|达不到|不达标|否则|逾期)[^。;,，]{0,16}[,，]?[^。;,，]{0,8}$"
)
_BINDING: Final = frozenset((Effect.FORBID, Effect.RESTRICT, Effect.REQUIRE, Effect.EXIT, Effect.ALLOW))
_PLANS: Final = {"十三五": date(2020, 12, 31), "十四五": date(2025, 12, 31), "十五五": date(2030, 12, 31)}
_BEFORE: Final = re.compile(
    r"(?:之前|以前|前)?(?:已|经|依法|未|取得|批准|核准|备案|审批|开工|建成|投产|投运|设立|立项|登记|划定|建设的|的)"
)
_SENTENCE: Final = re.compile(r"[^。;\n]+")
_CONTROL_KINDS: Final = {LayerKind.CONTROL_UNIT: "units", LayerKind.PARK: "parks", LayerKind.BLOCK: "blocks"}

Where = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """提示: one thing to look at."""

    check: str  # stable id, e.g. "L-CONTRADICTION"
    severity: Severity
    clauses: tuple[str, ...]  # ids, the one to change first; all that a template repeats
    rules: tuple[tuple[str, int], ...]  # (clause id, place of the rule in it)
    spans: Where  # [start, end) in the text of the first clause; () = the remark is not about words
    zh: str
    en: str
    advice_zh: str
    advice_en: str


def lint(
    clauses: Sequence[Clause | Mapping[str, Any]],
    *,
    edition: Edition | None = None,
    as_of: date | None = None,
) -> tuple[Remark, ...]:
    """Return what the authors of a list should look at, errors first, then in the order of the clauses.

    Parameters
    ----------
    clauses : sequence of Clause or row
        The list; rows as in ``docs/reference/clause-format.md``. A row that is no clause becomes a remark.
    edition : Edition, optional
        Zones, documents, catalogues and states the clauses refer to.
    as_of : date, optional
        The day on which dates are judged; ``None`` = no date is.
    """
    held = _Held(edition, as_of)
    for place, given in enumerate(clauses, 1):
        held.take(place, given)
    for check in _CHECKS:
        check(held)
    return held.remarks()


# --- what is looked at ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Noted:
    """A remark in the making."""

    check: str
    fields: Mapping[str, Any]
    variant: str
    order: int
    clauses: dict[str, None] = field(default_factory=dict)
    others: dict[str, None] = field(default_factory=dict)
    rules: dict[tuple[str, int], None] = field(default_factory=dict)
    spans: Where = ()


class _Held:
    """The list, compiled, with what the checks ask of it again and again."""

    def __init__(self, edition: Edition | None, as_of: date | None) -> None:
        self.edition = edition
        self.as_of = as_of
        self.logic = Logic(catalogues_of(edition))
        self.reads: list[Read] = []
        self.residue: dict[int, Where] = {}  # by row: what the reader of the text itself left over
        self._reader = Reader(self.logic)
        self._noted: dict[Hashable, _Noted] = {}
        self._rows: dict[str, int] = {}
        self._plain: dict[str, Plain] = {}
        self.ground = _Ground(edition)

    def take(self, place: int, given: object) -> None:
        """Add one clause or row; ``place`` counts from 1."""
        row: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        if isinstance(given, Clause):
            clause = given
        else:
            try:
                clause = clause_from_row({**row, **_dates(row)})
                residue = _residue(row)
            except (ClauseError, ValueError, TypeError) as error:
                reason = error.fields.get("reason") if isinstance(error, ClauseError) else None
                words = reason if isinstance(reason, dict) else {"zh": str(error), "en": str(error)}
                self.note("L-ROW", (str(row.get("id") or f"#{place}"),), row=str(place), reason=words)
                return
            if residue is not None:
                self.residue[len(self.reads)] = residue
        self._rows.setdefault(clause.id, len(self.reads))
        self.reads.append(self._reader.read(clause))

    def text(self, clause: Clause) -> Plain:
        """Return the text of a clause in plain characters."""
        if clause.text not in self._plain:
            self._plain[clause.text] = plain(clause.text)
        return self._plain[clause.text]

    @cached_property
    def lapses(self) -> dict[str, Lapse]:
        """Clauses out of force on the day, by id."""
        if self.edition is None or self.as_of is None:
            return {}
        found = {
            r.clause.id: editions.clause_in_force(r.clause, self.edition, self.as_of) for r in self.reads
        }
        return {name: lapse for name, lapse in found.items() if lapse is not None}

    @cached_property
    def standing(self) -> list[tuple[int, Read]]:
        """Clauses in force on the day, with their rows; the others are history, whose words nobody changes."""
        return [(row, read) for row, read in enumerate(self.reads) if self.stands(read.clause)]

    def stands(self, clause: Clause) -> bool:
        """Return whether a clause is in force on the day, as far as that is known."""
        own = self.as_of is None or in_force(clause.valid_from, clause.valid_to, self.as_of)
        return own and clause.id not in self.lapses

    def note(
        self,
        check: str,
        clauses: Sequence[str],
        *,
        variant: str = "",
        rules: Iterable[tuple[str, int]] = (),
        spans: Where = (),
        key: Hashable = None,
        alike: Hashable = None,
        **fields: Any,
    ) -> None:
        """Add a remark; a clause with the same remark as another (fields and ``key``) joins it.

        The first of ``clauses`` is the one to change, the others are those it is compared with. A value that
        is a mapping holds one text a language. ``alike`` says what makes two remarks the same instead, when the
        clauses compared with differ as well: the pairs of a template.
        """
        own = (repr(sorted(fields.items())), tuple(clauses[1:])) if alike is None else alike
        same = check, variant, key, own
        noted = self._noted.get(same)
        if noted is None:
            order = self._rows.get(clauses[0], len(self._rows))
            noted = self._noted[same] = _Noted(check, fields, variant, order, spans=spans)
        noted.clauses[clauses[0]] = None
        noted.others |= dict.fromkeys(clauses[1:])
        noted.rules |= dict.fromkeys(rules)

    def remarks(self) -> tuple[Remark, ...]:
        """Return the remarks, errors first."""
        severities = list(Severity)
        checks = list(CHECKS)
        noted = sorted(
            self._noted.values(),
            key=lambda n: (severities.index(CHECKS[n.check]), n.order, checks.index(n.check)),
        )
        return tuple(map(_remark, noted))


def _dates(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the dates of a row of JSON, where they are text."""
    found = {}
    for key in ("valid_from", "valid_to"):
        if isinstance(row.get(key), str):
            found[key] = date.fromisoformat(row[key])
    return found


def _residue(row: Mapping[str, Any]) -> Where | None:
    """Return the words that the reader of a text left over, when the row says so."""
    reading = row.get("reading")
    left = reading.get("residue") if isinstance(reading, Mapping) else None
    return None if left is None else tuple((int(start), int(end)) for start, end in left)


def _remark(noted: _Noted) -> Remark:
    def say(key: str, lang: str) -> str:
        fields = {k: v[lang[:2]] if isinstance(v, dict) else v for k, v in noted.fields.items()}
        return t(f"lint.{key}", lang, **fields)

    name = f"{noted.check}-{noted.variant}" if noted.variant else noted.check
    more = len(noted.clauses)
    zh, en = (
        say(f"text.{name}", lang) + (t("lint.more", lang, count=more) if more > 1 else "")
        for lang in ("zh-CN", "en")
    )
    return Remark(
        check=noted.check,
        severity=CHECKS[noted.check],
        clauses=tuple(noted.clauses | noted.others),
        rules=tuple(noted.rules),
        spans=noted.spans,
        zh=zh,
        en=en,
        advice_zh=t(f"lint.advice.{noted.check}", "zh-CN"),
        advice_en=t(f"lint.advice.{noted.check}", "en"),
    )


# --- where scopes lie --------------------------------------------------------------------------------------

_Spot = tuple[str, str]
"""One thing a scope names: ("unit", code), ("region", code), ("zone", target) …; ("everywhere", "")."""


@lru_cache(maxsize=65536)
def _spots(scope: Scope) -> tuple[_Spot, ...]:
    if scope.everywhere:
        return (("everywhere", ""),)
    return (
        *(("unit", code) for code in scope.units),
        *(("park", code) for code in scope.parks),
        *(("block", code) for code in scope.blocks),
        *(("region", code) for code in scope.regions),
        *(("class", code) for code in scope.classes),
        *(("zone", target) for target in scope.zones),
    )


class _Ground:
    """Tells how places lie to each other: by their codes, and by the zones of an edition when there is one."""

    def __init__(self, edition: Edition | None) -> None:
        self.edition = edition
        self._within: dict[tuple[_Spot, _Spot], bool | None] = {}
        self._meet: dict[tuple[_Spot, _Spot], bool | None] = {}
        self._touched: dict[tuple[str, int, str], frozenset[int]] = {}
        self._found: dict[str, tuple[tuple[str, int], ...]] = {}

    # --- zones of the edition

    @cached_property
    def layers(self) -> dict[str, tuple[str, ...]]:
        """Layer ids by id and by kind, as targets name them; an id hides a kind of the same name."""
        found: dict[str, tuple[str, ...]] = {}
        for layer in self.edition.layers if self.edition is not None else ():
            found[layer.kind] = (*found.get(layer.kind, ()), layer.id)
        return found | {layer.id: (layer.id,) for layer in (self.edition.layers if self.edition else ())}

    @cached_property
    def _names(self) -> dict[str, dict[str, frozenset[int]]]:
        """Rows of zones by layer id and name."""
        found: dict[str, dict[str, set[int]]] = {}
        for layer, zones in (self.edition.zones if self.edition is not None else {}).items():
            names = found.setdefault(layer, {})
            for row, zone in enumerate(zones):
                for name in {zone.code, zone.name, zone.zone_class, zone.subtype}:
                    names.setdefault(name, set()).add(row)
        return {
            layer: {name: frozenset(rows) for name, rows in names.items()} for layer, names in found.items()
        }

    def zones(self, target: str) -> tuple[tuple[str, int], ...]:
        """Return the zones a target names, as (layer id, row)."""
        if target not in self._found:
            name, alternatives = parse_target(target)
            rows: list[tuple[str, int]] = []
            for layer in self.layers.get(name, ()):
                names = self._names.get(layer, {})
                if not alternatives:
                    rows += [(layer, row) for row in range(len(self._zones_of(layer)))]
                met: set[int] = set()
                for terms in alternatives:
                    met |= frozenset.intersection(*(names.get(term, frozenset[int]()) for term in terms))
                rows += [(layer, row) for row in sorted(met)]
            self._found[target] = tuple(rows)
        return self._found[target]

    def _zones_of(self, layer: str) -> tuple[Zone, ...]:
        return self.edition.zones[layer] if self.edition is not None else ()

    def spot_zones(self, spot: _Spot) -> tuple[tuple[str, int], ...]:
        """Return the zones a place consists of; () when the edition does not draw it."""
        kind, value = spot
        match kind:
            case "unit":
                return self._coded(LayerKind.CONTROL_UNIT, value)
            case "park":
                return self._coded(LayerKind.PARK, value)
            case "block":
                return self._coded(LayerKind.BLOCK, value)
            case "class":
                return self.zones(f"{LayerKind.CONTROL_UNIT}:{value}")
            case "zone":
                return self.zones(value)
            case _:
                return ()

    def _coded(self, kind: LayerKind, code: str) -> tuple[tuple[str, int], ...]:
        return tuple(
            (layer, row)
            for layer, row in self.zones(f"{kind}:{code}")
            if self._zones_of(layer)[row].code == code
        )

    def zone(self, layer: str, row: int) -> Zone:
        """Return one zone."""
        return self._zones_of(layer)[row]

    @cached_property
    def _trees(self) -> dict[str, shapely.STRtree]:
        return {}

    def touched(self, layer: str, row: int, other: str) -> frozenset[int]:
        """Return the rows of another layer that share ground with a zone; what only touches does not."""
        key = layer, row, other
        if key not in self._touched:
            zones = self._zones_of(other)
            if other not in self._trees:
                self._trees[other] = shapely.STRtree([zone.geometry for zone in zones])
            own = self.zone(layer, row).geometry
            rows = self._trees[other].query(own, predicate="intersects")
            self._touched[key] = frozenset(int(r) for r in rows if _shares(own, zones[int(r)].geometry))
        return self._touched[key]

    def _covered(self, layer: str, row: int, outer: Iterable[tuple[str, int]]) -> bool:
        """Return whether zones cover another but for a sliver."""
        own = self.zone(layer, row).geometry
        rows = [(name, r) for name, r in outer if r in self.touched(layer, row, name)]
        if not rows or own.area == 0:
            return False
        whole = shapely.union_all([self.zone(*r).geometry for r in rows])
        return bool(own.intersection(whole).area >= 0.999 * own.area)

    # --- one place to another

    def unit_class(self, code: str) -> str:
        """Return the class of a control unit, from the edition or its code; "" when neither tells."""
        for layer, row in self._coded(LayerKind.CONTROL_UNIT, code):
            return self.zone(layer, row).zone_class
        match = editions.terms.UNIT_CODE.fullmatch(code)
        return str(editions.terms.CLASS_DIGIT[match[2]]) if match is not None else ""

    def regions(self, spot: _Spot) -> tuple[str, ...] | None:
        """Return the counties a place lies in; ``None`` when they are not known."""
        kind, value = spot
        if kind == "region":
            return (value,)
        zones = self.spot_zones(spot)
        if zones:
            found = {region for layer, row in zones for region in self.zone(layer, row).regions}
            return tuple(sorted(found)) if found else None
        county = county_of_unit(value) if kind == "unit" else None
        return None if county is None else (county,)

    def within(self, inner: Scope, outer: Scope) -> bool:
        """Return whether one scope certainly lies in another."""
        if outer.everywhere or inner == outer:
            return True
        wide = _spots(outer)
        return all(any(self._lies_in(spot, other) for other in wide) for spot in _spots(inner))

    def _lies_in(self, inner: _Spot, outer: _Spot) -> bool | None:
        if inner == outer:
            return True
        key = inner, outer
        if key not in self._within:
            self._within[key] = self._compare(inner, outer)
        return self._within[key]

    def _compare(self, inner: _Spot, outer: _Spot) -> bool | None:
        (kind, value), (other, wide) = inner, outer
        if other == "region":
            regions = self.regions(inner)
            return None if regions is None else all(region.startswith(wide) for region in regions)
        if kind == "unit" and other == "class":
            return self.unit_class(value) == wide
        if kind == "zone" and other == "zone" and target_within(value, wide):
            return True
        if kind in ("everywhere", "region") or other in ("unit", "park"):
            return False
        zones, into = self.spot_zones(inner), self.spot_zones(outer)
        if not zones or not into:
            return None
        if set(zones) <= set(into):
            return True
        return all(self._covered(layer, row, into) for layer, row in zones)

    def meet(self, one: Scope, other: Scope) -> bool | None:
        """Return whether two scopes share ground; ``None`` when that is not known."""
        if one.everywhere or other.everywhere or one == other:
            return True
        answers = {self._spots_meet(a, b) for a in _spots(one) for b in _spots(other)}
        return True if True in answers else None if None in answers else False

    def _spots_meet(self, one: _Spot, other: _Spot) -> bool | None:
        if one == other:
            return True
        key = (one, other) if one <= other else (other, one)
        if key not in self._meet:
            self._meet[key] = self._compare_both(*key)
        return self._meet[key]

    def _compare_both(self, one: _Spot, other: _Spot) -> bool | None:
        if "everywhere" in (one[0], other[0]):
            return True
        if self._lies_in(one, other) or self._lies_in(other, one):
            return True
        if one[0] == other[0] and one[0] in ("unit", "park", "block", "class"):
            return False  # two of a kind lie side by side
        if {one[0], other[0]} == {"unit", "class"}:
            return False
        if "region" in (one[0], other[0]):
            a, b = self.regions(one), self.regions(other)
            if a is None or b is None:
                return None
            return any(x.startswith(y) or y.startswith(x) for x in a for y in b)
        zones, others = self.spot_zones(one), self.spot_zones(other)
        if not zones or not others:
            return None
        return self.share_ground(zones, others)

    def share_ground(self, zones: Sequence[tuple[str, int]], others: Sequence[tuple[str, int]]) -> bool:
        """Return whether any of some zones overlaps any of others."""
        few, many = sorted((zones, others), key=len)
        wanted: dict[str, set[int]] = {}
        for layer, row in many:
            wanted.setdefault(layer, set()).add(row)
        return any(
            (layer == other and row in rows) or not rows.isdisjoint(self.touched(layer, row, other))
            for layer, row in few
            for other, rows in wanted.items()
        )

    def complete(self, layer: str, regions: Iterable[str]) -> bool:
        """Return whether a layer is complete in some regions and all that lies in them."""
        rows = self.edition.coverage if self.edition is not None else ()
        for region in regions:
            own = [row for row in rows if row.layer == layer and region.startswith(row.region)]
            best = max(own, key=lambda row: len(row.region), default=None)
            inner = [row for row in rows if row.layer == layer and row.region.startswith(region)]
            if best is None or any(row.status is not CoverageStatus.COMPLETE for row in (best, *inner)):
                return False
        return True


def _shares(one: Any, other: Any) -> bool:
    """Return whether two shapes share more than their edges (1 m² or 1 m, about)."""
    common = one.intersection(other)
    if min(shapely.get_dimensions(one), shapely.get_dimensions(other)) == 2:
        return bool(common.area > 1e-10)
    return bool(common.length > 1e-5) or shapely.get_dimensions(other) == 0


# --- what a clause is made of ----------------------------------------------------------------------------

_FROM_EDITION: Final = {
    "CLAUSE_REPEATED": "L-ID",
    "CLAUSE_EMPTY": "L-EMPTY",
    "CLAUSE_DOCUMENT": "L-DOCUMENT",
    "DATES": "L-DATES",
    "SCOPE_NO_ZONE": "L-SCOPE-ZONE",
}


def _structure(held: _Held) -> None:
    """Pass on what the check of an edition says about clauses."""
    edition = held.edition
    clauses = tuple(read.clause for read in held.reads)
    if edition is None:
        info = EditionInfo(id="", title="", region="", valid_from=date.min)
        probe = Edition(info=info, layers=(), zones={}, clauses=clauses, documents={}, catalogues={})
    else:
        probe = replace(edition, clauses=clauses)
    for problem in check_clauses(probe):
        needs_edition = problem.code not in ("CLAUSE_REPEATED", "CLAUSE_EMPTY", "DATES", "SCOPE_EMPTY")
        if edition is None and needs_edition:
            continue
        check = _FROM_EDITION.get(problem.code, "L-SCOPE")
        said = {"zh": problem.zh, "en": problem.en[:1].upper() + problem.en[1:]}
        held.note(check, (problem.item,), said=said)


def _broken(held: _Held) -> None:
    """Rules that do not follow the format, and quotes beyond the text."""
    for read in held.reads:
        for error in read.broken:
            where = str(error.fields["where"])
            seq = int(where.partition("[")[2].partition("]")[0])
            check = "L-INDUSTRY" if where.endswith(".industry") else "L-RULE"
            held.note(
                check,
                (read.clause.id,),
                rules=[(read.clause.id, seq)],
                where=where,
                reason=error.fields["reason"],
            )
        size = len(read.clause.text)
        for ruled in read.rules:
            raw = read.clause.rules[ruled.seq]
            ends = [raw["quote"][1]] if raw.get("quote") else []
            ends += [part["at"][1] for part in raw.get("parts") or ()]
            if any(end > size for end in ends):
                reason = {"zh": "引文超出条款原文", "en": "the quote runs past the clause text"}
                where = f"rule[{ruled.seq}].quote"
                held.note(
                    "L-RULE",
                    (read.clause.id,),
                    rules=[(read.clause.id, ruled.seq)],
                    where=where,
                    reason=reason,
                )


def _referred(held: _Held) -> None:
    """Targets, catalogues, statements and clauses that rules ask for and nobody has."""
    edition, ground = held.edition, held.ground
    stated = set()
    if edition is not None:
        stated = {
            s.key
            for s in edition.states
            if held.as_of is None or in_force(s.valid_from, s.valid_to, held.as_of)
        }
    known = {read.clause.id for read in held.reads}
    known |= {clause.id for clause in edition.clauses} if edition is not None else set()
    for read in held.reads:
        for ruled in read.rules:
            at = [(read.clause.id, ruled.seq)]
            for leaf in ruled.shape.rule.leaves():
                atom, variable = leaf.atom, leaf.variable
                if "clause" in atom and atom["clause"] not in known:
                    held.note("L-CLAUSE-REF", (read.clause.id,), rules=at, name=atom["clause"])
                if edition is None:
                    continue
                if "catalogue" in atom:
                    _catalogue(held, read, at, atom["catalogue"])
                elif "state" in atom and atom["state"] not in stated:
                    key = data.states()[atom["state"]]
                    held.note("L-STATE", (read.clause.id,), rules=at, state={"zh": key.zh, "en": key.en})
                elif variable is not None and variable[0] in _ON_MAP:
                    target = variable[1]
                    if parse_target(target)[0] not in ground.layers:
                        held.note("L-TARGET", (read.clause.id,), rules=at, target=target)
                    elif not ground.zones(target):
                        held.note("L-TARGET-ZONE", (read.clause.id,), rules=at, target=target)
    _circles(held)


_ON_MAP: Final = frozenset(("in", "crosses", "share", "area", "length", "distance"))


def _catalogue(held: _Held, read: Read, at: list[tuple[str, int]], name: str) -> None:
    found = held.edition.catalogues.get(name) if held.edition is not None else None
    if found is None:
        held.note("L-CATALOGUE", (read.clause.id,), variant="missing", rules=at, name=name)
        return
    odd = [code for code in found.industries if code not in data.industries()]
    if odd:
        codes = "、".join(odd)
        held.note("L-CATALOGUE", (read.clause.id,), variant="codes", rules=at, name=found.title, codes=codes)
    if held.as_of is not None and not in_force(found.valid_from, found.valid_to, held.as_of):
        held.note("L-CATALOGUE", (read.clause.id,), variant="lapsed", rules=at, name=found.title)


def _circles(held: _Held) -> None:
    """Clauses that ask for each other's outcome in a circle."""
    asks = {
        read.clause.id: {
            leaf.atom["clause"] for r in read.rules for leaf in r.shape.rule.leaves() if "clause" in leaf.atom
        }
        for read in held.reads
    }
    for name, asked in asks.items():
        reached: set[str] = set()
        frontier = set(asked)
        while frontier:
            reached |= frontier
            frontier = {n for r in frontier for n in asks.get(r, ())} - reached
        if name in reached:
            held.note("L-CLAUSE-REF", (name,), variant="circle")


# --- one rule by itself -------------------------------------------------------------------------------------


def _alone(held: _Held) -> None:
    """Rules that can never apply, exceptions and requirements that can never or always hold."""
    said: dict[int, tuple[str, ...]] = {}
    for read in held.reads:
        for ruled in read.rules:
            shape = ruled.shape
            if id(shape) not in said:
                said[id(shape)] = tuple(_faults(shape, held.logic))
            for check in said[id(shape)]:
                at = [(read.clause.id, ruled.seq)]
                held.note(check, (read.clause.id,), rules=at, key=id(shape), spans=_quoted(read, ruled))


def _faults(shape: Shape, logic: Logic) -> Iterator[str]:
    rule = shape.rule
    if logic.satisfiable((rule.applies,)) is False:
        yield "L-UNREACHABLE"
        return
    if rule.effect is Effect.EXIT and logic.satisfiable((rule.applies, _existing())) is False:
        yield "L-EXIT-NEW"
    for tree, always, never in (
        (rule.unless, "L-UNLESS-ALWAYS", "L-UNLESS-NEVER"),
        (rule.require, "L-REQUIRE-ALWAYS", "L-REQUIRE-NEVER"),
    ):
        if tree is not None:
            if logic.satisfiable((rule.applies, tree)) is False:
                yield never
            elif logic.implies(rule.applies, tree):
                yield always


@lru_cache(maxsize=1)
def _existing() -> Tree:
    """Return the condition that a project exists."""
    return compile_rule({"effect": Effect.INFORM, "subject": {"nature": ["现有"]}}).applies


def _apart(held: _Held) -> None:
    """Rules about a zone of a layer that does not meet any place of the clause."""
    ground = held.ground
    if held.edition is None:
        return
    memo: dict[tuple[Scope, str], bool] = {}
    for read in held.reads:
        scope = read.clause.scope
        if scope.everywhere or not _spots(scope):
            continue
        for ruled in read.rules:
            for target in _needed_zones(ruled.shape):
                if (scope, target) not in memo:
                    memo[scope, target] = _is_apart(ground, scope, target)
                if memo[scope, target]:
                    at = [(read.clause.id, ruled.seq)]
                    held.note(
                        "L-ZONE-APART", (read.clause.id,), rules=at, target=target, spans=_quoted(read, ruled)
                    )


def _needed_zones(shape: Shape) -> Iterator[str]:
    """Yield the targets a project must meet for a rule to apply."""
    children = shape.rule.applies.children if not isinstance(shape.rule.applies, Leaf) else ()
    todo = list(children)
    while todo:
        tree = todo.pop()
        if isinstance(tree, Leaf):
            if tree.variable is not None and tree.variable[0] in ("in", "crosses"):
                yield tree.variable[1]
        elif tree.op == "all":
            todo += tree.children


def _is_apart(ground: _Ground, scope: Scope, target: str) -> bool:
    """Return whether an edition shows that no place of a scope meets a target."""
    others = ground.zones(target)
    if not others:
        return False  # another check says so
    regions: set[str] = set()
    for spot in _spots(scope):
        known = ground.regions(spot)
        if known is None:
            return False
        regions |= set(known)
        zones = ground.spot_zones(spot)
        if spot[0] == "region":
            if any(
                region.startswith(spot[1])
                for layer, row in others
                for region in ground.zone(layer, row).regions
            ):
                return False
            if any(not ground.zone(layer, row).regions for layer, row in others):
                return False
        elif not zones or ground.share_ground(zones, others):
            return False
    return all(ground.complete(layer, regions) for layer in {layer for layer, _ in others})


# --- rules against each other ----------------------------------------------------------------------------------


class _Index:
    """Rules by the places they hold in, from narrow to wide."""

    def __init__(self, reads: Iterable[Read], ground: _Ground) -> None:
        self._ground = ground
        self._pools: dict[_Spot, Pool] = {}
        for read in reads:
            for spot in dict.fromkeys(map(_bucket, _spots(read.clause.scope))):
                self._pools.setdefault(spot, Pool()).add(read)

    def around(self, scope: Scope) -> list[Pool]:
        """Return pools that hold every rule whose scope certainly takes in ``scope``.

        A scope that takes in another takes in its first place, so the pools of that one are enough.
        """
        found = dict.fromkeys(bucket for spot in _spots(scope)[:1] for bucket in _around(spot, self._ground))
        return [self._pools[bucket] for bucket in found if bucket in self._pools]


def _around(spot: _Spot, ground: _Ground) -> Iterator[_Spot]:
    """Yield where everything is filed that may take in a place."""
    yield _bucket(spot)
    yield from (("everywhere", ""), ("zone", ""), ("block", ""), ("class", ""))
    for region in (ground.regions(spot) or ()) if spot[0] != "everywhere" else ():
        for end in range(1, len(region) + 1):
            yield "region", region[:end]


def _bucket(spot: _Spot) -> _Spot:
    """Return where a place is filed: wide ones together, they are compared one by one."""
    return (spot[0], "") if spot[0] in ("zone", "block", "class") else spot


def _pairs(held: _Held) -> None:
    """Contradictions, looseness and repetition between rules of which one takes in the other."""
    reads = [read for _, read in held.standing if read.rules]
    index = _Index(reads, held.ground)
    known: dict[tuple[int, int], str] = {}
    left = PAIRS
    for inner in reads:
        scope = inner.clause.scope
        pools = index.around(scope)
        for ruled in inner.rules:
            seen: set[tuple[int, int]] = set()
            for pool in pools:
                for outer, cover in pool.covering(ruled.shape):
                    pair = id(outer), cover.seq
                    if pair in seen or not _ordered(outer, cover, inner, ruled):
                        continue
                    seen.add(pair)
                    left -= 1
                    if left < 0:
                        held.note("L-BOUND", (inner.clause.id,), count=f"{PAIRS:,}")
                        return
                    shapes = id(cover.shape), id(ruled.shape)
                    if shapes not in known:
                        if len(known) >= _MEMORY:
                            known.clear()
                        known[shapes] = _relation(cover.shape, ruled.shape, held.logic)
                    if known[shapes] and held.ground.within(scope, outer.clause.scope):
                        _note_pair(held, known[shapes], outer, cover, inner, ruled)


def _ordered(outer: Read, cover: Ruled, inner: Read, ruled: Ruled) -> bool:
    """Return whether a pair is to be looked at: two rules of one clause, or one of a level not below the other."""
    if outer is inner:
        return cover.seq != ruled.seq
    return RANK[outer.clause.level] <= RANK[inner.clause.level]


def _relation(outer: Shape, inner: Shape, logic: Logic) -> str:
    """Return what is to be said of a rule that another takes in: check id and variant, "" for nothing."""
    found = standing(outer, inner, logic)
    if found is Standing.FORBIDS_GRANTED:
        return f"L-CONTRADICTION {inner.rule.effect}"
    if found is Standing.BANS:
        return "L-MOOT"
    if _bans_new(outer, inner, logic):
        return f"L-CONTRADICTION {inner.rule.effect}-new"
    if _unknown_exception(outer, inner, logic):
        return "L-EXCEPTION"
    if found is Standing.EQUAL:
        return "L-REDUNDANT equal"
    if found is Standing.WIDER:
        return "L-LOOSER ban" if _same_but_for_limits(outer, inner, logic) else "L-REDUNDANT covered"
    if found is Standing.STRICTER:
        if inner.rule.effect is Effect.EXIT:
            return "L-LOOSER date" if outer.rule.until != inner.rule.until else "L-REDUNDANT covered"
        return "L-LOOSER demand" if _looser_limit(outer, inner, logic) else "L-REDUNDANT covered"
    return ""


_NATURE: Final = ("fact", "nature")


def _bans_new(outer: Shape, inner: Shape, logic: Logic) -> bool:
    """Return whether ``outer`` bans what ``inner`` grants without a word on 建设性质, for the natures it names."""
    a, b = outer.rule, inner.rule
    if a.effect is not Effect.FORBID or b.effect not in GRANTS or a.unless is not None:
        return False
    named = [leaf for leaf in a.applies.leaves() if leaf.variable == _NATURE]
    silent = not any(leaf.variable == _NATURE for leaf in b.applies.leaves())
    return (
        bool(named)
        and silent
        and binds_as_much(a, b)
        and logic.satisfiable((b.applies, *named), (a.applies,)) is False
    )


def _unknown_exception(outer: Shape, inner: Shape, logic: Logic) -> bool:
    """Return whether ``inner`` excepts what ``outer``, which takes it in, certainly does not."""
    a, b = outer.rule, inner.rule
    same = a.effect is b.effect and a.effect in (Effect.FORBID, Effect.EXIT)
    if not same or b.unless is None or not binds_as_much(a, b) or not logic.implies(b.applies, a.applies):
        return False
    return a.unless is None or logic.implies(b.unless, a.unless) is False


def _limits(tree: Any, logic: Logic) -> dict[Key, Literal]:
    """Return the literals that a condition cannot do without, by variable."""
    return {literal.key: literal for literal in needed_literals(logic.form(tree, True))}


def _same_but_for_limits(outer: Shape, inner: Shape, logic: Logic) -> bool:
    """Return whether two bans speak of the same things and differ only in numbers or in 建设性质."""
    a, b = _limits(outer.rule.applies, logic), _limits(inner.rule.applies, logic)
    nature = _NATURE
    if a.keys() | {nature} != b.keys() | {nature} or outer.reads | {nature} != inner.reads | {nature}:
        return False
    differing = [key for key in a.keys() & b.keys() if a[key] != b[key]]
    differing += [nature] if (nature in a) != (nature in b) else []
    return bool(differing) and all(key == nature or a[key].kind == "number" for key in differing)


def _looser_limit(outer: Shape, inner: Shape, logic: Logic) -> bool:
    """Return whether ``inner`` sets a weaker limit on something that ``outer`` limits too."""
    if outer.rule.require is None or inner.rule.require is None:
        return False
    a, b = _limits(outer.rule.require, logic), _limits(inner.rule.require, logic)
    return any(a[key] != b[key] and a[key].kind in ("number", "choice") for key in a.keys() & b.keys())


def _note_pair(held: _Held, what: str, outer: Read, cover: Ruled, inner: Read, ruled: Ruled) -> None:
    check, _, variant = what.partition(" ")
    same_text = wording(outer.clause.text) == wording(inner.clause.text)
    if outer is inner:
        if check == "L-REDUNDANT" and variant == "equal" and cover.seq > ruled.seq:
            return  # said from the other side
        variant = variant or "same"
        if check in ("L-LOOSER", "L-EXCEPTION"):
            check, variant = "L-REDUNDANT", "covered"
    elif outer.clause.level is inner.clause.level:
        mutual = held.ground.within(outer.clause.scope, inner.clause.scope)
        if variant == "equal" and mutual and place_in_list(outer.clause) > place_in_list(inner.clause):
            return
        if check == "L-LOOSER" and mutual:
            check, variant = "L-REDUNDANT", "covered"
    if same_text and outer is not inner and check in ("L-REDUNDANT", "L-LOOSER"):
        return  # the duplicate is reported as such
    if outer is not inner:
        variant = variant or "other"
    variant = f"{variant}-here" if outer is inner and check == "L-REDUNDANT" else variant
    names = (inner.clause.id,) if outer is inner else (inner.clause.id, outer.clause.id)
    # of two clauses of one unit the next unit may have the same two
    template = inner.clause.text, outer.clause.text, inner.clause.level, outer.clause.level
    held.note(
        check,
        names,
        variant=variant,
        rules=[(inner.clause.id, ruled.seq), (outer.clause.id, cover.seq)],
        spans=_quoted(inner, ruled),
        key=(id(ruled.shape), id(cover.shape)),
        alike=template if outer is inner or outer.clause.scope == inner.clause.scope else None,
        **_named(outer.clause),
    )


def _named(clause: Clause) -> dict[str, Any]:
    level = {lang[:2]: t(f"labels.level.{clause.level}", lang) for lang in ("zh-CN", "en")}
    return {"level": level, "number": clause.number, "clause": clause.id}


class _Demand(NamedTuple):
    """A number that a rule demands of a variable."""

    start: tuple[float, int]
    end: tuple[float, int]
    row: int
    ruled: Ruled


class _Demands:
    """What is demanded of one variable by the clauses filed in one place."""

    def __init__(self) -> None:
        self._all: list[_Demand] = []
        self._by_start: list[_Demand] | None = None
        self._by_end: list[_Demand] = []

    def add(self, demand: _Demand) -> None:
        """Add one."""
        self._all.append(demand)
        self._by_start = None

    def against(self, demand: _Demand) -> Iterator[_Demand]:
        """Yield the demands that no value meets together with ``demand``."""
        if self._by_start is None:
            self._by_start = sorted(self._all, key=lambda d: d.start)
            self._by_end = sorted(self._all, key=lambda d: d.end)
        yield from self._by_start[bisect_left(self._by_start, demand.end, key=lambda d: d.start) :]
        yield from self._by_end[: bisect_right(self._by_end, demand.start, key=lambda d: d.end)]


def _incompatible(held: _Held) -> None:
    """Numbers that two rules demand of one thing and that no value meets."""
    filed: dict[tuple[Key, _Spot], _Demands] = {}
    demands: list[tuple[Key, _Demand]] = []
    for row, read in held.standing:
        for ruled in read.rules:
            rule = ruled.shape.rule
            if rule.effect not in DEMANDS or rule.require is None:
                continue
            for key, literal in _limits(rule.require, held.logic).items():
                if literal.kind == "number" and len(literal.value) == 1:
                    start, end = literal.value[0]
                    demand = _Demand(start, end, row, ruled)
                    demands.append((key, demand))
                    for bucket in dict.fromkeys(map(_bucket, _spots(read.clause.scope))):
                        filed.setdefault((key, bucket), _Demands()).add(demand)
    left = PAIRS
    for key, demand in demands:
        seen: set[tuple[int, int]] = set()
        # of two places that share ground one is filed around the other
        spots = _spots(held.reads[demand.row].clause.scope)
        for bucket in dict.fromkeys(b for spot in spots for b in _around(spot, held.ground)):
            found = filed.get((key, bucket))
            for other in found.against(demand) if found is not None else ():
                pair = other.row, other.ruled.seq
                if pair in seen:
                    continue
                seen.add(pair)
                left -= 1
                if left < 0:
                    held.note("L-BOUND", (held.reads[demand.row].clause.id,), count=f"{PAIRS:,}")
                    return
                _note_incompatible(held, key, demand, other)


def _note_incompatible(held: _Held, key: Key, demand: _Demand, against: _Demand) -> None:
    one, other = held.reads[demand.row], held.reads[against.row]
    a, b = demand.ruled.shape, against.ruled.shape
    if a.classes is not None and b.classes is not None and not a.classes & b.classes:
        return  # a project of two industries is no contradiction of the list
    if held.ground.meet(one.clause.scope, other.clause.scope) is not True:
        return
    exceptions = [rule.unless for rule in (a.rule, b.rule) if rule.unless is not None]
    if held.logic.satisfiable((a.rule.applies, b.rule.applies), exceptions) is False:
        return
    first, second = sorted(
        ((one, demand), (other, against)),
        key=lambda pair: (-RANK[pair[0].clause.level], -pair[1].row, -pair[1].ruled.seq),
    )
    names = (first[0].clause.id,) if one is other else (first[0].clause.id, second[0].clause.id)
    held.note(
        "L-INCOMPATIBLE",
        names,
        rules=[(read.clause.id, wanted.ruled.seq) for read, wanted in (first, second)],
        spans=_quoted(first[0], first[1].ruled),
        key=(id(first[1].ruled.shape), id(second[1].ruled.shape)),
        about=_about(key),
        **_named(second[0].clause),
    )


def _about(key: Key) -> dict[str, str]:
    if key[0] == "fact":
        fact = data.fact(key[1])
        return {"zh": fact.zh, "en": fact.en}
    place = key[1] if len(key) > 1 else ""
    return {lang[:2]: t(f"rules.variable.{key[0]}", lang, place=place) for lang in ("zh-CN", "en")}


# --- copies ------------------------------------------------------------------------------------------------------


def _copies(held: _Held) -> None:
    """Equal texts in one scope, and texts of a level above that a level below repeats."""
    texts: dict[str, list[Read]] = {}
    for _, read in held.standing:
        if read.clause.text:
            texts.setdefault(wording(read.clause.text), []).append(read)
    above = {
        key: sorted(copies, key=lambda r: place_in_list(r.clause))[:_HEADS] for key, copies in texts.items()
    }
    for key, copies in texts.items():
        _same_text(held, copies, above[key])
    for one, other in _near(list(texts)):
        for key, source in ((one, other), (other, one)):
            for below in texts[key]:
                found = _source(held, below, above[source])
                if found is not None:
                    _note_near(held, below, found)


def _same_text(held: _Held, copies: Sequence[Read], above: Sequence[Read]) -> None:
    first: dict[Scope, Read] = {}
    for read in copies:
        clause = read.clause
        twin = first.setdefault(clause.scope, read)
        if twin is not read and twin.clause.dimension is clause.dimension:
            held.note("L-DUPLICATE", (clause.id, twin.clause.id), **_named(twin.clause))
    for read in copies:
        found = _source(held, read, above)
        if found is not None and found.clause.scope != read.clause.scope:
            _note_near(held, read, found, variant="same")


def _source(held: _Held, below: Read, above: Sequence[Read]) -> Read | None:
    """Return the first of some clauses of levels above that holds wherever ``below`` does."""
    rank = RANK[below.clause.level]
    for read in above:
        if RANK[read.clause.level] >= rank:
            return None
        if held.ground.within(below.clause.scope, read.clause.scope):
            return read
    return None


def _note_near(held: _Held, below: Read, above: Read, *, variant: str = "near") -> None:
    key = wording(below.clause.text)
    held.note(
        "L-NEAR-DUPLICATE",
        (below.clause.id, above.clause.id),
        variant=variant,
        key=key,
        **_named(above.clause),
    )


_HEADS: Final = 200  # of equal texts, those of the highest levels that copies are compared with
_BANDS: Final = 10
_ODD: Final = np.array([2 * zlib.crc32(f"{i}".encode()) + 1 for i in range(2 * _BANDS + 3)], dtype=np.uint64)


def _near(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield pairs of different texts that share most of their three-character pieces.

    Candidates come from min-hashing in bands (Broder 1997), so texts are never compared all with all; each
    pair is then measured.
    """
    buckets: dict[tuple[int, bytes], list[int]] = {}
    for row, text in enumerate(texts):
        if len(text) < 10:
            continue  # too short to tell a copy from a coincidence
        letters = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)
        pieces = letters[:-2] * _ODD[0] ^ letters[1:-1] * _ODD[1] ^ letters[2:] * _ODD[2]
        least = ((pieces[:, None] * _ODD[3:]) >> np.uint64(16)).min(axis=0)
        for band in range(_BANDS):
            buckets.setdefault((band, least[2 * band : 2 * band + 2].tobytes()), []).append(row)
    seen: set[tuple[int, int]] = set()
    for rows in buckets.values():
        for i, row in enumerate(rows):
            for other in rows[i + 1 : i + 101]:
                if (row, other) not in seen:
                    seen.add((row, other))
                    a, b = _pieces(texts[row]), _pieces(texts[other])
                    # numbers carry the meaning: the same words with another number are another clause
                    if len(a & b) >= _GATE * len(a | b) and _digits(texts[row]) == _digits(texts[other]):
                        yield texts[row], texts[other]


@lru_cache(maxsize=4096)
def _pieces(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 3] for i in range(len(text) - 2))


def _digits(text: str) -> list[str]:
    return re.findall(r"\d+", text)


def _unlinked(held: _Held) -> None:
    """References to general requirements of a level that has none."""
    levels: dict[tuple[Level, str], list[Clause]] = {}
    for _, read in held.standing:
        levels.setdefault((read.clause.level, read.clause.dimension), []).append(read.clause)
    for _, read in held.standing:
        clause = read.clause
        for span, named, _, _ in references(clause):
            wanted = named or tuple(level for level in Level if RANK[level] < RANK[clause.level])
            candidates = (other for level in wanted for other in levels.get((level, clause.dimension), ()))
            if not any(held.ground.meet(clause.scope, other.scope) is not False for other in candidates):
                words = clause.text[slice(*span)]
                held.note("L-LINK", (clause.id,), spans=(span,), words=words)


# --- time ----------------------------------------------------------------------------------------------------------


def _stale(held: _Held) -> None:
    """Clauses and documents out of force, and deadlines in the past."""
    as_of = held.as_of
    if as_of is None:
        return
    for read in held.reads:
        clause = read.clause
        lapse = held.lapses.get(clause.id)
        if lapse is not None and lapse.kind not in (LapseKind.NOT_YET, LapseKind.DOCUMENT_NOT_YET):
            check = "L-EXPIRED" if lapse.kind is LapseKind.ENDED else "L-SUPERSEDED"
            held.note(check, (clause.id,), said={"zh": lapse.zh, "en": lapse.en})
        elif lapse is None and clause.valid_to is not None and clause.valid_to < as_of:
            said = {lang[:2]: t("lint.text.ended", lang, on=clause.valid_to) for lang in ("zh-CN", "en")}
            held.note("L-EXPIRED", (clause.id,), said=said)
        elif lapse is None:
            _replaced(held, clause)
        if lapse is None:
            _deadlines(held, read, as_of)


def _replaced(held: _Held, clause: Clause) -> None:
    """Note a document that names its successor although nothing says since when."""
    document = held.edition.documents.get(clause.document) if held.edition is not None else None
    if document is None or not document.superseded_by or held.edition is None:
        return
    successor = held.edition.documents.get(document.superseded_by)
    begins = None if successor is None else successor.valid_from
    if (
        begins is not None
        and held.as_of is not None
        and (begins > held.as_of or document.valid_to is not None)
    ):
        return  # still to come, or the end of the old one is set
    name = document.superseded_by if successor is None else f"《{successor.title}》{successor.number}"
    said = {lang[:2]: t("lint.text.replaced", lang, old=document.title, new=name) for lang in ("zh-CN", "en")}
    held.note("L-SUPERSEDED", (clause.id,), said=said)


def _deadlines(held: _Held, read: Read, as_of: date) -> None:
    text = held.text(read.clause)
    past: dict[date, tuple[int, int] | None] = {}
    for found in deadlines(text.text):
        words = text.text[found.start : found.end + 1]
        before = text.text[max(0, found.start - 2) : found.start]
        bound = any(c in words for c in "前底末止") or before.endswith(("到", "至"))
        if _BEFORE.match(text.text, found.end):
            continue  # 2018年以前批准的: says which projects, not by when
        if bound and not found.begins and found.until < as_of:
            past[found.until] = text.published(found.start, found.end)
    for name, last in _PLANS.items():
        for place in re.finditer(rf"[“\"]?{name}[”\"]?(?:期间|时期|末|期末)", text.text):
            if last < as_of:
                past[last] = text.published(*place.span())
    rules = []
    for ruled in read.rules:
        until = ruled.shape.rule.until
        if until is not None and until < as_of:
            past.setdefault(until, None)
            rules.append((read.clause.id, ruled.seq))
    if past:
        days = "、".join(day.isoformat() for day in sorted(past))
        spans = tuple(span for span in past.values() if span is not None)
        held.note("L-DEADLINE", (read.clause.id,), rules=rules, spans=spans, key=read.clause.text, days=days)


# --- words -----------------------------------------------------------------------------------------------------------


def _uncheckable(held: _Held) -> None:
    """Clauses of which a person has to judge everything."""
    for _, read in held.standing:
        clause = read.clause
        if not read.rules and not read.broken:
            held.note("L-NO-RULE", (clause.id,), key=clause.text)
            continue
        binding = [r for r in read.rules if r.shape.rule.effect in _BINDING]
        facts = [leaf for r in binding for leaf in r.shape.rule.leaves() if _checkable(leaf)]
        if binding and not facts:
            held.note("L-NO-FACT", (clause.id,), rules=[(clause.id, r.seq) for r in binding], key=clause.text)
            continue
        for ruled in binding:
            rule = ruled.shape.rule
            if rule.effect in DEMANDS and rule.require is None:
                at = [(clause.id, ruled.seq)]
                held.note(
                    "L-NO-REQUIREMENT", (clause.id,), rules=at, key=clause.text, spans=_quoted(read, ruled)
                )


def _checkable(leaf: Leaf) -> bool:
    return not ({"matter", "duty"} & set(leaf.atom) or leaf.atom.get("fact") == "nature")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vague:
    """One entry of ``data/vague_words.toml``."""

    pattern: re.Pattern[str]
    kind: str
    shield: re.Pattern[str] | None
    settled: frozenset[str]


@lru_cache(maxsize=1)
def _vague_words() -> tuple[_Vague, ...]:
    source = resources.files("sanxian").joinpath("data", "vague_words.toml").read_text("utf-8")
    return tuple(
        _Vague(
            pattern=re.compile(row["pattern"]),
            kind=row["kind"],
            shield=re.compile(row["shield"]) if row["shield"] else None,
            settled=frozenset(row["settled"]),
        )
        for row in tomllib.loads(source)["word"]
    )


def _vague(held: _Held) -> None:
    """Words that leave open what is meant and that no rule on their sentence makes checkable."""
    for _, read in held.standing:
        text = held.text(read.clause)
        found: dict[tuple[int, int], _Vague] = {}
        for start, end in _sentences(text.text):
            near = [r for r in read.rules if _touches(read, r, text.published(start, end))]
            if near and all(r.shape.rule.effect not in _BINDING for r in near):
                continue
            known = {name for r in near for name in _reads(r)}
            for word in _vague_words():
                if known & word.settled:
                    continue
                shields = (
                    [s.span() for s in word.shield.finditer(text.text, start, end)] if word.shield else []
                )
                for match in word.pattern.finditer(text.text, start, end):
                    s, e = match.span()
                    if not any(a < e and s < b for a, b in shields):
                        found[text.published(s, e)] = word
        if found:
            spans = tuple(sorted(found))
            words = _said(read.clause, spans)
            kinds = dict.fromkeys(found[span].kind for span in spans)
            why = {
                lang[:2]: t("lint.clause_end", lang).join(t(f"lint.vague.{kind}", lang) for kind in kinds)
                for lang in ("zh-CN", "en")
            }
            held.note("L-VAGUE", (read.clause.id,), spans=spans, key=read.clause.text, words=words, why=why)


def _reads(ruled: Ruled) -> Iterator[str]:
    """Yield the kinds of atom and the facts of a rule, by which vague words are settled."""
    rule = ruled.shape.rule
    yield rule.effect.value
    for name in ("until", "unless", "require"):
        if getattr(rule, name) is not None:
            yield name
    for leaf in rule.leaves():
        yield from leaf.atom
        yield str(leaf.atom.get("fact", ""))


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _SENTENCE.finditer(text))


def _touches(read: Read, ruled: Ruled, span: tuple[int, int]) -> bool:
    return any(a < span[1] and span[0] < b for a, b in _quoted(read, ruled))


def _quoted(read: Read, ruled: Ruled) -> Where:
    quote = read.clause.rules[ruled.seq].get("quote")
    return () if quote is None else ((quote[0], quote[1]),)


_COUNT: Final = r"(?:\d+(?:\.\d+)?|[一二两三四五六七八九十百千万]+)"
_MEASURE: Final = (
    r"(?:[万亿千百])?(?:%|‰|[a-zA-Z][a-zA-Z0-9/]*|蒸吨|吨标准煤|吨标煤|兆瓦|千瓦|立方米|平方米|平方公里|公里|千米|米|公顷|亩|"
    r"吨|克/升|毫克/升|头|只|羽|倍|千伏|万元|亿元|万|户|人|张|床|年|个月|日|天|小时)(?:/[年时日天小]+)?"
)
_OPEN_ENDED: Final = re.compile(
    rf"(?P<count>{_COUNT})(?P<unit>{_MEASURE})(?P<word>以上|以下)(?!\(?不?含|\(含)"
)


def _inclusive(held: _Held) -> None:
    """以上 and 以下 that say not whether they take in the number, where no rule settles it or one does so wrongly."""
    for _, read in held.standing:
        text = held.text(read.clause)
        unsaid: list[tuple[int, int]] = []
        wrong: list[tuple[int, int]] = []
        against: dict[int, None] = {}
        for found in _OPEN_ENDED.finditer(text.text):
            span = text.published(*found.span())
            strict, outside = ("<", ">") if found["word"] == "以下" else (">", "<")
            compared = {r.seq: _comparisons(r, found["count"]) for r in read.rules}
            seqs = [seq for seq, ops in compared.items() if strict in ops]
            if any(ops & {f"{strict}=", outside, "between", "=="} for ops in compared.values()):
                continue  # a rule takes the number in, as the law does, or leaves it out of the opposite
            (wrong if seqs else unsaid).append(span)
            against |= dict.fromkeys(seqs)
        for check, spans, seqs in (("L-INCLUSIVE", unsaid, []), ("L-INCLUSIVE-RULE", wrong, list(against))):
            if spans:
                words = _said(read.clause, spans)
                at = [(read.clause.id, seq) for seq in seqs]
                held.note(
                    check, (read.clause.id,), rules=at, spans=tuple(spans), key=read.clause.text, words=words
                )


def _said(clause: Clause, spans: Iterable[tuple[int, int]]) -> str:
    """Return words of a clause, each once."""
    return "、".join(dict.fromkeys(f"“{clause.text[slice(*span)]}”" for span in spans))


def _comparisons(ruled: Ruled, count: str) -> set[str]:
    """Return how a rule compares with a number of the text."""
    found = set()
    for leaf in ruled.shape.rule.leaves():
        value, op = leaf.atom.get("value"), str(leaf.atom.get("op"))
        limits = value if isinstance(value, (list, tuple)) else [value]
        if _scaled(number(count), [v for v in limits if isinstance(v, (int, float)) and v is not True]):
            found.add(op)
    return found


def _scaled(number: float, values: Iterable[float]) -> bool:
    """Return whether a number as written may be one of some values: in another unit, with 万, or in 亩."""
    for value in values:
        if value == number:
            return True
        for factor in (1.0, 2000 / 3) if value and number else ():
            ratio = abs(value / number) / factor
            if abs(ratio / 10.0 ** round(math.log10(ratio)) - 1.0) < 1e-9:
                return True
    return False


def _quotes(held: _Held) -> None:
    """Rules that quote nothing or cut across each other's words, and words with weight that no rule stands for."""
    for row, read in held.standing:
        clause = read.clause
        quoted = [(ruled, _quoted(read, ruled)) for ruled in read.rules]
        for ruled, spans in quoted:
            if not spans:
                held.note("L-QUOTE-NONE", (clause.id,), rules=[(clause.id, ruled.seq)], key=clause.text)
        ordered = sorted((spans[0], ruled) for ruled, spans in quoted if spans)
        for i, ((start, end), ruled) in enumerate(ordered):
            for (a, b), other in ordered[i + 1 :]:
                if start < a < end < b:
                    held.note(
                        "L-QUOTE-OVERLAP",
                        (clause.id,),
                        rules=[(clause.id, ruled.seq), (clause.id, other.seq)],
                        spans=((a, end),),
                        key=clause.text,
                        words=clause.text[a:end],
                    )
        if read.rules:
            _left_over(held, row, read)


def _left_over(held: _Held, row: int, read: Read) -> None:
    """Note numbers and bans of a text that no rule rests on."""
    clause, text = read.clause, held.text(read.clause)
    covered = [span for ruled in read.rules for span in _quoted(read, ruled)]
    residue = held.residue.get(row)
    if residue is None:
        residue = _gaps(covered, len(clause.text))
    numbers = _numbers(read)
    found: dict[tuple[int, int], None] = {}
    for start, end in _sentences(text.text):
        sentence = text.published(start, end)
        binding = any(
            _touches(read, ruled, sentence) and ruled.shape.rule.effect in _BINDING for ruled in read.rules
        )
        if not binding:
            for ban in _BANS.finditer(text.text, start, end):
                # …的，不予批准 behind a requirement says what the requirement says
                if not _OTHERWISE.search(text.text, start, ban.start()):
                    found[text.published(*ban.span())] = None
    for digits in _NUMBER.finditer(text.text):
        if not _scaled(float(digits[0]), numbers):
            found[text.published(*digits.span())] = None
    found = {span: None for span in found if any(a <= span[0] and span[1] <= b for a, b in residue)}
    if found:
        spans = tuple(sorted(found))
        held.note("L-RESIDUE", (clause.id,), spans=spans, key=clause.text, words=_said(clause, spans))


_NUMBER: Final = re.compile(
    r"(?<![\d.\-第〔\[国“A-Za-z])(?<![\d]比)(?<!\d:)\d+(?:\.\d+)?(?![\d.\-]|\s*(?:号|条|款|项|类|级|期|、|\))|年(?!以|内|前|后)|月|日前|日起)"
)


def _gaps(covered: Iterable[tuple[int, int]], size: int) -> Where:
    found, place = [], 0
    for start, end in sorted(covered):
        if place < start:
            found.append((place, start))
        place = max(place, end)
    if place < size:
        found.append((place, size))
    return tuple(found)


def _numbers(read: Read) -> list[float]:
    """Return the numbers that the rules of a clause compare with."""
    found: list[float] = []
    for ruled in read.rules:
        for leaf in ruled.shape.rule.leaves():
            value = leaf.atom.get("value")
            values = value if isinstance(value, (list, tuple)) else [value]
            found += [float(v) for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
            if leaf.duty is not None:
                found += [float(n) for n in re.findall(r"\d+(?:\.\d+)?", leaf.duty.text)]
            if "matter" in leaf.atom:
                found += [float(n) for n in re.findall(r"\d+(?:\.\d+)?", leaf.atom["matter"])]
    return found


_CHECKS: Final[tuple[Callable[[_Held], None], ...]] = (
    _structure,
    _broken,
    _referred,
    _alone,
    _apart,
    _pairs,
    _incompatible,
    _copies,
    _unlinked,
    _stale,
    _uncheckable,
    _vague,
    _inclusive,
    _quotes,
)

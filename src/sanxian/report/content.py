"""What a report says, in one language and in reading order, before any format lays it out.

:class:`Content` reads a :class:`~sanxian.screening.Screening` and words it: rows with measures already
rounded, groups already in order. HTML and plain text (and whatever format comes next) only place these
rows on a page, so no two formats can say different things. With the edition at hand it adds what a record
does not carry: classes of zones, dates of documents, thresholds of layers.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any, Final, NamedTuple

from sanxian import data, screening
from sanxian.edition import Edition
from sanxian.i18n import language, t
from sanxian.model import (
    Clause,
    Concern,
    Document,
    FactValue,
    Finding,
    FindingKind,
    Flip,
    Hit,
    Layer,
    LayerKind,
    Notice,
    Office,
    Outcome,
    Paper,
    Relation,
    RuleResult,
    UnitClass,
    Zone,
)
from sanxian.report import words
from sanxian.rules import describe
from sanxian.screening import PartReport, Screening

DECIDING_MAX: Final = 6  # findings named under the conclusion; the rest are counted
NAMED_PLACES_MAX: Final = 8
MARKED_MAX: Final = 0.85  # of a clause text; more is not marked
PLACES: Final = ("province", "prefecture", "county")
KINDS: Final = (  # order of layers in tables: what binds most first, where it lies last
    LayerKind.CONTROL_UNIT, LayerKind.ECOLOGY, LayerKind.PROTECTED_AREA, LayerKind.WATER_SOURCE, LayerKind.WATER,
    LayerKind.AIR, LayerKind.SOIL, LayerKind.RESOURCE, LayerKind.SEA, LayerKind.PARK, LayerKind.RIVER,
    LayerKind.SHORELINE, LayerKind.RECEPTOR, LayerKind.OTHER, LayerKind.BLOCK, LayerKind.ADMIN,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRow:
    """One zone met, or nearly met, by the whole project."""

    hit: Hit
    layer: str  # title
    code: str
    name: str
    zone_class: str  # label, "" when the edition is not at hand
    measure: str  # area, length or number of points inside
    published: str  # area by the edition's own method, "" when there is none
    share: str
    zone_share: str
    margin: str
    distance: str  # near: distance and direction
    accuracy: str  # the layer's stated accuracy, "" when the edition is not at hand
    threshold: str  # dropped: the threshold it stays below
    roles: tuple[tuple[str, str], ...]  # (role, measure) when the project has several roles
    office: str  # who answers for it, "" when nobody is named


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseRow:
    """One clause with one outcome, and every place where it has it for the same reason."""

    number: int  # running number in the report
    clause: Clause
    level: str
    document: str
    document_dates: str
    passages: tuple[tuple[str, bool], ...]  # text as published, in pieces; True = what a rule stands for
    places: tuple[str, ...]
    outcome: Outcome
    reason: str
    rules: tuple[RuleResult, ...]
    flips: tuple[FlipRow, ...]
    notices: tuple[str, ...]
    offices: tuple[str, ...]  # who answers for it, in each of its places
    findings: tuple[Finding, ...]  # what the row stands for, one a place

    @property
    def unreviewed(self) -> bool:
        """Whether a rule behind the outcome has not been reviewed by a person."""
        return any(not rule.reviewed for rule in self.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipRow:
    """What another value of one fact would make of an outcome."""

    fact: str  # key, as in Flip
    said: str  # subject and value in one phrase
    subject: str
    seen: str
    needed: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRow:
    """A finding about the map itself: a layer without data, an uncertain boundary, land without unit."""

    kind: str
    place: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRow:
    """A fact still to give."""

    question: str
    label: str
    decides: int
    mentioned: int
    worst: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """What one layer says about the place."""

    title: str
    concern: Concern
    complete: bool
    sources: tuple[str, ...]


class DecidingRow(NamedTuple):
    """A finding that decides the verdict: what it says, where that stands, why it holds here."""

    what: str
    cited: str
    why: str


class Field(NamedTuple):
    """A label and its value."""

    label: str
    value: str


class Content:
    """A screening worded in one language.

    Parameters
    ----------
    result : Screening
    lang : str
        ``zh-CN`` (default for anything unknown) or ``en``.
    edition : Edition, optional
        The edition it was screened against; checked by digest.
    """

    def __init__(self, result: Screening, lang: str, edition: Edition | None = None) -> None:
        if edition is not None and edition.info.digest != result.edition.digest:
            edition = None  # another edition must never lend its names to this record
        self.result = result
        self.lang = language(lang)
        self.edition = edition

    def say(self, key: str, **fields: object) -> str:
        """Return a text of the report."""
        return t(f"report.{key}", self.lang, **fields)

    def either(self, zh: str, en: str) -> str:
        """Return the text of this report's language."""
        return en if self.lang == "en" else zh

    def outcome(self, outcome: Outcome) -> str:
        """Return the label of an outcome."""
        return t(f"outcome.{outcome.name}", self.lang)

    def joint(self, parts: Iterable[str]) -> str:
        """Return parts joined as a list of words."""
        return t("rules.joint", self.lang).join(parts)

    # --- titles ------------------------------------------------------------------------------

    def title(self, kind: str, name: str, lang: str) -> str:
        """Return the title of a layer, layer kind or catalogue (the rules' words ask for it)."""
        if kind == "catalogue":
            found = None if self.edition is None else self.edition.catalogues.get(name)
            return name if found is None else found.title
        return self.layer_title(name, lang)

    def layer_title(self, layer: str, lang: str | None = None) -> str:
        """Return a layer's title; English names of the usual layers, else the title as published."""
        published = self.result.titles.get(f"layer:{layer}", layer)
        if (lang or self.lang) != "en" and published != layer:
            return published
        try:
            return t(f"layers.{layer}", lang or self.lang)
        except KeyError:
            return published

    def zone_name(self, layer: str, code: str) -> str:
        """Return a zone's name, else its code."""
        return self.result.titles.get(f"zone:{layer}/{code}", code)

    @cached_property
    def _place_names(self) -> Mapping[str, str]:
        """Names of zones by code alone, for the codes that stand in coverage rows."""
        names = {k.rpartition("/")[2]: v for k, v in self.result.titles.items() if k.startswith("zone:")}
        if self.edition is not None:
            for layer in self.edition.layers:
                if layer.kind is LayerKind.ADMIN:
                    names.update({zone.code: zone.name for zone in self.edition.zones[layer.id]})
        return names

    @cached_property
    def layers(self) -> Mapping[str, Layer]:
        """Layers of the edition by id; empty when it is not at hand."""
        return {} if self.edition is None else {layer.id: layer for layer in self.edition.layers}

    @cached_property
    def zones(self) -> Mapping[tuple[str, str], Zone]:
        """Zones of the edition this screening speaks of, by (layer, code)."""
        if self.edition is None:
            return {}
        wanted = {(h.layer, h.zone) for h in self.result.hits}
        return {
            (layer, zone.code): zone
            for layer in sorted({layer for layer, _ in wanted})
            for zone in self.edition.zones.get(layer, ())
            if (layer, zone.code) in wanted
        }

    # --- conclusion --------------------------------------------------------------------------

    @cached_property
    def record(self) -> bytes:
        """The record this report was made from, as canonical JSON."""
        return screening.to_json(self.result)

    @cached_property
    def digest(self) -> str:
        """Digest of the record."""
        return str(json.loads(self.record)["digest"])

    @cached_property
    def conclusion(self) -> str:
        """The conclusion in one sentence."""
        counts = self.result.counts
        fields = {
            "bad": counts[Outcome.NON_COMPLIANT],
            "facts": counts[Outcome.NEEDS_FACTS],
            "review": counts[Outcome.NEEDS_REVIEW],
            "conditional": counts[Outcome.CONDITIONAL],
            "compliant": counts[Outcome.COMPLIANT],
        }
        key = self.result.verdict.name
        if self.result.verdict is Outcome.NEEDS_FACTS and not fields["review"]:
            key = "NEEDS_FACTS_only"
        sentence = self.say(f"conclusion.{key}", edition=self.result.edition.title, **fields)
        open_points = fields["facts"] + fields["review"]
        if self.result.verdict is Outcome.NON_COMPLIANT and open_points:
            sentence += self.say("conclusion.also_open", count=open_points)
        return sentence

    @cached_property
    def deciding(self) -> tuple[DecidingRow, ...]:
        """The findings that decide the verdict, all of them; empty when nothing stands against it."""
        worst = self.result.verdict
        if worst <= Outcome.COMPLIANT:
            return ()
        rows = [DecidingRow(row.kind, row.place, row.reason) for row in self.map_rows if row.outcome is worst]
        deciding = [row for row in self.clause_rows if row.outcome is worst]
        often = Counter(row.clause.id for row in deciding)
        for row in deciding:
            where = self.joint(row.places[:2]) if often[row.clause.id] > 1 else ""
            cited = " · ".join(filter(None, (self.cited(row.clause), where)))
            rows.append(DecidingRow(shortened(row.clause.text), cited, row.reason))
        return tuple(rows)

    def cited(self, clause: Clause) -> str:
        """Return how a clause is cited: document and number."""
        return " ".join(filter(None, (self.document_title(clause), clause.number)))

    # --- zones -------------------------------------------------------------------------------

    @cached_property
    def met(self) -> tuple[ZoneRow, ...]:
        """Zones the project lies in, control units first."""
        return self._zone_rows(Relation.OVERLAP)

    @cached_property
    def near(self) -> tuple[ZoneRow, ...]:
        """Near misses, nearest first."""
        return tuple(sorted(self._zone_rows(Relation.NEAR), key=lambda row: row.hit.distance_m))

    @cached_property
    def adjacent(self) -> tuple[ZoneRow, ...]:
        """Zones touched without overlap."""
        return self._zone_rows(Relation.ADJACENT)

    @cached_property
    def dropped(self) -> tuple[ZoneRow, ...]:
        """Overlaps below the threshold of their layer."""
        return self._zone_rows(Relation.DROPPED)

    def _zone_rows(self, relation: Relation) -> tuple[ZoneRow, ...]:
        order = {report.layer: i for i, report in enumerate(self.result.layers)}

        def rank(hit: Hit) -> tuple[object, ...]:
            layer = self.layers.get(hit.layer)
            kind = 0 if layer is None else KINDS.index(layer.kind)
            return kind, order.get(hit.layer, len(order)), -hit.area_m2, -hit.length_m, hit.zone

        hits = (h for h in self.result.hits if h.role == "" and h.relation is relation)
        return tuple(map(self._zone_row, sorted(hits, key=rank)))

    @cached_property
    def place(self) -> str:
        """Names of the places the project lies in, from the largest down; empty without the edition."""
        found = [
            (PLACES.index(zone.zone_class), zone.code, zone.name)
            for row in self.met
            if (zone := self.zones.get((row.hit.layer, row.code))) is not None and zone.zone_class in PLACES
        ]
        names = [name for _, _, name in sorted(found)]
        if len(names) <= NAMED_PLACES_MAX:
            return " ".join(names)
        return " ".join(names[:NAMED_PLACES_MAX]) + " " + self.say("clauses.places_more", count=len(names))

    def _zone_row(self, hit: Hit) -> ZoneRow:
        zone = self.zones.get((hit.layer, hit.zone))
        layer = self.layers.get(hit.layer)
        distance = words.length(hit.distance_m)
        if hit.bearing_deg is not None:
            distance = f"{words.bearing(hit.bearing_deg, self.lang)} {distance}"
        return ZoneRow(
            hit=hit,
            layer=self.layer_title(hit.layer),
            code=hit.zone,
            name=self.zone_name(hit.layer, hit.zone),
            zone_class="" if zone is None else self.class_label(zone),
            measure=self.measure(hit),
            published="" if hit.published_area_m2 is None else words.area(hit.published_area_m2),
            share=words.share(hit.share),
            zone_share=words.share(hit.zone_share) if hit.area_m2 else "",
            margin=words.length(hit.margin_m),
            distance=distance,
            accuracy="" if layer is None else words.length(layer.accuracy_m),
            threshold="" if layer is None else self._threshold(hit, layer),
            roles=self._roles(hit),
            office=self.office(hit.office),
        )

    def measure(self, hit: Hit) -> str:
        """Return the area, length and number of points inside the zone, whichever there are."""
        parts = []
        if hit.area_m2:
            parts.append(words.area(hit.area_m2))
        if hit.length_m:
            parts.append(words.length(hit.length_m))
        if hit.points:
            parts.append(self.say("points", count=hit.points))
        return self.joint(parts)

    def _threshold(self, hit: Hit, layer: Layer) -> str:
        return words.area(layer.min_area_m2) if hit.area_m2 else words.length(layer.min_length_m)

    def layer_limits(self, layer: Layer) -> tuple[str, str, str, str]:
        """Return a layer's area and length threshold, its accuracy and how far a near miss reaches."""
        return (
            words.area(layer.min_area_m2),
            words.length(layer.min_length_m),
            words.length(layer.accuracy_m),
            words.length(layer.near_m),
        )

    def _roles(self, hit: Hit) -> tuple[tuple[str, str], ...]:
        whole = math.isclose(hit.area_m2, self.result.area_m2) and math.isclose(
            hit.length_m, self.result.length_m
        )
        if whole or len({part.role for part in self.result.parts}) < 2:
            return ()  # the parts have their own table
        return tuple(
            (h.role, self.measure(h))
            for h in self.result.hits
            if (h.layer, h.zone, h.relation) == (hit.layer, hit.zone, hit.relation) and h.role
        )

    def class_label(self, zone: Zone) -> str:
        """Return the class of a zone and its subtype, as published where they are words."""
        if zone.zone_class in UnitClass.__members__ or zone.zone_class in PLACES:
            label = self.say(f"class.{zone.zone_class}")
        else:
            layer = self.layers.get(zone.layer)
            label = "" if layer is not None and zone.zone_class == layer.kind else zone.zone_class
        if self.lang != "en" and zone.subtype.find(label) >= 0:
            label = ""  # 水环境优先保护区 says 优先保护 already
        return " · ".join(filter(None, (label, zone.subtype)))

    # --- findings ----------------------------------------------------------------------------

    @cached_property
    def map_rows(self) -> tuple[MapRow, ...]:
        """Findings about the map itself, worst first."""
        return tuple(
            MapRow(
                kind=self.say(f"finding.{f.kind}"),
                place=self._map_place(f),
                outcome=f.outcome,
                reason=self.either(f.reason_zh, f.reason_en),
            )
            for f in self.result.findings
            if f.kind is not FindingKind.CLAUSE
        )

    def _map_place(self, finding: Finding) -> str:
        layer = self.layer_title(finding.layer) if finding.layer else ""
        place = finding.place_name or finding.place
        return " · ".join(filter(None, (layer, place)))

    @cached_property
    def clause_rows(self) -> tuple[ClauseRow, ...]:
        """Clauses by outcome, worst first; equal findings of one clause are one row with several places."""
        merged: dict[tuple[object, ...], list[Finding]] = {}
        for finding in self.result.findings:
            if finding.kind is FindingKind.CLAUSE:
                # traces are nested mappings; the reasons and flips name every value in them
                key = (
                    finding.clause,
                    finding.outcome,
                    finding.reason_zh,
                    finding.flips,
                    tuple(rule.reason_zh for rule in finding.rules),
                )
                merged.setdefault(key, []).append(finding)
        return tuple(self._clause_row(i, same) for i, same in enumerate(merged.values(), start=1))

    def _clause_row(self, number: int, findings: Sequence[Finding]) -> ClauseRow:
        first = findings[0]
        clause = self.result.clauses[first.clause]
        return ClauseRow(
            number=number,
            clause=clause,
            level=t(f"labels.level.{clause.level}", self.lang),
            document=self.document_title(clause),
            document_dates=self._document_dates(clause),
            passages=passages(clause.text, [rule.quote for rule in first.rules]),
            places=tuple(dict.fromkeys(f.place_name or f.place for f in findings)),
            outcome=first.outcome,
            reason=self.either(first.reason_zh, first.reason_en),
            rules=first.rules,
            flips=tuple(map(self._flip_row, first.flips)),
            notices=tuple(dict.fromkeys(self.either(n.zh, n.en) for f in findings for n in f.notices)),
            offices=tuple(dict.fromkeys(self.office(f.office) for f in findings if f.office is not None)),
            findings=tuple(findings),
        )

    def office(self, office: Office | None) -> str:
        """Return who answers, with how to reach them; "" for nobody."""
        if office is None:
            return ""
        return (
            self.say("office.contact", name=office.name, contact=office.contact)
            if office.contact
            else office.name
        )

    def _flip_row(self, flip: Flip) -> FlipRow:
        subject = words.subject(flip.fact, self.lang, self)
        needed = self.either(flip.needed_zh, flip.needed_en)
        whole = flip.fact.startswith(("in:", "crosses:", "document:"))  # "does not lie in …", "holding …"
        return FlipRow(
            fact=flip.fact,
            said=needed if whole else self.say("clauses.flip", subject=subject, needed=needed),
            subject=subject,
            seen=self._seen_words(flip.seen),
            needed=needed,
            outcome=flip.outcome,
        )

    def _seen_words(self, seen: str) -> str:
        """Return the value a flip saw; the record words yes and no in Chinese."""
        for word in ("yes", "no"):
            if seen == t(f"rules.flip.{word}", "zh-CN"):
                return t(f"rules.flip.{word}", self.lang)
        return seen

    @cached_property
    def clause_groups(self) -> tuple[tuple[Outcome, tuple[ClauseRow, ...]], ...]:
        """Clause rows by outcome, worst first."""
        return tuple((o, tuple(rows)) for o, rows in groupby(self.clause_rows, key=lambda row: row.outcome))

    # --- documents ---------------------------------------------------------------------------

    def document_title(self, clause: Clause) -> str:
        """Return title and number of the document a clause comes from."""
        return self.result.titles.get(f"document:{clause.document}", clause.document)

    def _document_dates(self, clause: Clause) -> str:
        found = None if self.edition is None else self.edition.documents.get(clause.document)
        if found is None or found.valid_from is None:
            return ""
        if found.valid_to is None:
            return self.say("document.since", since=found.valid_from.isoformat())
        return self.say(
            "document.between", since=found.valid_from.isoformat(), until=found.valid_to.isoformat()
        )

    @cached_property
    def documents(self) -> tuple[tuple[str, str, str], ...]:
        """(title and number, issuer, dates) of every document cited."""
        rows: dict[str, tuple[str, str, str]] = {}
        for _, clause in sorted(self.result.clauses.items()):
            found: Document | None = (
                None if self.edition is None else self.edition.documents.get(clause.document)
            )
            rows[clause.document] = (
                self.document_title(clause),
                "" if found is None else found.issuer,
                self._document_dates(clause),
            )
        return tuple(rows[key] for key in sorted(rows))

    # --- the rest ----------------------------------------------------------------------------

    @cached_property
    def asks(self) -> tuple[AskRow, ...]:
        """Facts still to give, most decisive first."""
        return tuple(
            AskRow(
                question=self.either(ask.question_zh, ask.question_en),
                label=words.subject(ask.fact, self.lang, self),
                decides=ask.decides,
                mentioned=ask.mentioned,
                worst=ask.worst,
            )
            for ask in self.result.asks
        )

    @cached_property
    def layer_rows(self) -> tuple[LayerRow, ...]:
        """What each layer says, with what stands behind it."""
        return tuple(
            LayerRow(
                title=self.layer_title(report.layer),
                concern=report.concern,
                complete=report.complete,
                sources=tuple(map(self._source, report.sources)),
            )
            for report in self.result.layers
        )

    def _source(self, source: str) -> str:
        """Return a coverage row (``region status source date``) in words; anything else as it is."""
        region, _, rest = source.partition(" ")
        status, _, origin = rest.partition(" ")
        if status not in ("complete", "partial", "absent"):
            return source
        name = self._place_names.get(region, region)
        return " · ".join(filter(None, (name, self.say(f"coverage.{status}"), origin)))

    @cached_property
    def facts(self) -> tuple[Field, ...]:
        """What the project states, labelled, with units."""
        project = self.result.project
        stated: list[Field] = []
        if project.nature is not None:
            stated.append(Field(words.fact_label("nature", self.lang), project.nature))
        if project.industries:
            stated.append(
                Field(words.fact_label("industry", self.lang), self.joint(map(_industry, project.industries)))
            )
        facts: Mapping[str, FactValue] = project.facts
        known = [key for key in data.facts() if key in facts]
        stated += [
            Field(words.fact_label(key, self.lang), words.fact_value(key, facts[key], self.lang))
            for key in (*known, *sorted(set(facts) - set(known)))
        ]
        return tuple(stated)

    @cached_property
    def papers(self) -> tuple[Paper, ...]:
        """Documents the project names."""
        return self.result.project.papers

    @cached_property
    def parts(self) -> tuple[PartReport, ...]:
        """Parts as they were read."""
        return self.result.parts

    def part_size(self, part: PartReport) -> str:
        """Return area, or length, or nothing for points."""
        if part.area_m2:
            return words.area(part.area_m2)
        return words.length(part.length_m) if part.length_m else ""

    def bounds(self, part: PartReport) -> tuple[str, ...]:
        """Return the corners of a part in degrees: south-west and north-east, or the one point."""
        west, south, east, north = part.bbox
        low, high = f"{west:.6f}, {south:.6f}", f"{east:.6f}, {north:.6f}"
        return (low,) if low == high else (low, high)

    @cached_property
    def total_size(self) -> str:
        """Area and length of the whole project."""
        sizes = []
        if self.result.area_m2:
            sizes.append(words.area(self.result.area_m2))
        if self.result.length_m:
            sizes.append(words.length(self.result.length_m))
        return self.joint(sizes)

    @cached_property
    def notices(self) -> tuple[str, ...]:
        """Notices of the screening."""
        return tuple(dict.fromkeys(self.notice(n) for n in self.result.notices))

    def notice(self, notice: Notice) -> str:
        """Return a notice in this report's language."""
        return self.either(notice.zh, notice.en)

    @cached_property
    def area_method(self) -> str:
        """How areas were made, and by which method the edition publishes them."""
        method = self.result.edition.area_method
        if method == "equal_area":
            return self.say("method.equal_area")
        return self.say("method.published", crs=method)

    # --- traces ------------------------------------------------------------------------------

    def trace_steps(self, rule: RuleResult) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the trees of a rule with what each is for: subject, exception, requirement."""
        for name in ("applies", "unless", "require"):
            if name in rule.trace:
                yield self.say(f"trace.{name}"), rule.trace[name]

    def leaf_words(self, leaf: Mapping[str, Any]) -> str:
        """Return a leaf of a trace in words, layers by their titles."""
        return describe(leaf["atom"], self.lang, self)


def _industry(code: str) -> str:
    name = data.industry_name(code)
    return f"{code} {name}" if name else code


def shortened(text: str, most: int = 60) -> str:
    """Return a text cut at ``most`` characters, with an ellipsis when something is left out."""
    return text if len(text) <= most else text[: most - 1].rstrip("，、；,; ") + "…"


def passages(text: str, quotes: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """Return ``text`` cut into pieces, ``True`` for those some quote stands for.

    Quotes of nearly the whole text mark nothing: where everything is quoted, nothing stands out.

    Examples
    --------
    >>> passages("禁止新建化工，限制扩建。", ["禁止新建化工"])
    (('禁止新建化工', True), ('，限制扩建。', False))
    """
    marked = bytearray(len(text))
    for quote in quotes:
        start = text.find(quote) if quote and quote != text else -1
        if start >= 0:
            marked[start : start + len(quote)] = b"\x01" * len(quote)
    if sum(marked) > MARKED_MAX * len(text):
        return ((text, False),)
    pieces = groupby(range(len(text)), key=lambda i: marked[i])
    return tuple(("".join(text[i] for i in run), bool(flag)) for flag, run in pieces)

"""One run: sources and a profile in, a draft and its log out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from sanxian.edition import Edition, LogEntry, PublishedTotal, draft_writer
from sanxian.errors import NothingToIngest, SanxianError
from sanxian.i18n import t
from sanxian.ingest.features import FeatureReader
from sanxian.ingest.log import At, Log
from sanxian.ingest.names import matches
from sanxian.ingest.profile import LayerRule, Profile, TableRule
from sanxian.ingest.sources import SourceLayer, Sources, gdal_options, open_sources
from sanxian.ingest.tables import layers_of, read_clause_list, read_totals, take_field_clauses, unique_clauses
from sanxian.ingest.workbook import Tables, read_workbook
from sanxian.model import Coverage, CoverageStatus, EditionInfo, Layer, LayerKind, Zone

UNDATED: Final = date(1900, 1, 1)  # where the profile states no day; publishing asks for one
_IDENTITY: Final = ("id", "title", "region", "valid_from")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What a run made."""

    zones: Mapping[str, int]  # features by layer id, in the order of the draft
    clauses: int
    rules: int
    totals: int
    log: tuple[LogEntry, ...]
    counts: Mapping[str, int]  # how often each code of the log was said

    @property
    def severities(self) -> Counter[str]:
        """Number of entries by severity."""
        return Counter(entry.severity for entry in self.log)


def ingest(
    sources: Sequence[str | os.PathLike[str]],
    profile: Profile,
    out: str | os.PathLike[str],
    *,
    identity: Mapping[str, Any] | None = None,
) -> Ingested:
    """Read sources as a profile says and write a draft; whatever could be read is in it.

    Parameters
    ----------
    sources : sequence of path
        See :func:`sanxian.ingest.sources.open_sources`. Features are read in batches: memory does not grow with a source.
    out : path
        The draft, written whole or not at all.
    identity : mapping, optional
        Fields of ``EditionInfo`` that go before those of the profile.

    Raises
    ------
    NothingToIngest
        No feature and no clause could be read; the error names what was looked at.
    SourceRefused
        A path does not exist.
    OutputFailed
        The draft cannot be written.
    """
    log = Log()
    info = _info({**profile.edition, **(identity or {})}, log)
    encodings = _encodings(profile)
    with open_sources(sources, encodings=encodings) as found:
        for label, error in found.refused:
            log.refusal("SOURCE_UNREADABLE", error, At(label))
        for name in found.skipped:
            log.say("SOURCE_SKIPPED", At(name), name=name)
        given = _tables_first(profile, found, log)
        reader = FeatureReader(profile, log, given.exact)
        reader.add_offices(given.offices)
        pairs = _assigned(profile, found.layers, log)
        zones: Counter[str] = Counter()
        # what is written is new, and forced to disk once it is whole
        with gdal_options(OGR_SQLITE_SYNCHRONOUS="OFF"), draft_writer(out) as writer:
            used = {rule.id for _, rules in pairs for rule in rules}
            rules_in = _declared(profile, used, (*profile.coverage, *given.coverage), log)
            layers = {layer.id: layer for layer in layers_of(rules_in, log)}
            for source, rules in pairs:
                for rule, batch in _readable(reader.read(source, rules), source.label, log):
                    writer.add(layers[rule.id], batch)
                    zones[rule.id] += len(batch)
            reader.compare_layers()
            _outline(reader, zones, log)
            for path, rule_of in _files(profile, found.tables, "list"):
                _guarded(path, log, lambda p=path, r=rule_of: read_clause_list(p, r, given, log))
            take_field_clauses(reader.clauses, given, log)
            totals: list[PublishedTotal] = []
            for path, rule_of in _files(profile, found.tables, "totals"):
                _guarded(
                    path,
                    log,
                    lambda p=path, r=rule_of: totals.extend(
                        read_totals(p, r, profile.layers, reader.places, log)
                    ),
                )
            if not zones and not given.clauses:
                raise _nothing(found, log)
            edition = Edition(
                info=info,
                layers=tuple(layers.values()),
                zones=MappingProxyType(dict.fromkeys(layers, ())),
                clauses=unique_clauses(given.clauses, log),
                documents=_by_id(given.documents, "document", log),
                states=tuple(given.states),
                coverage=_coverage(given.coverage, layers, log),
                catalogues=_by_id(given.catalogues, "catalogue", log),
                changes=tuple(given.changes),
                offices=dict(sorted(reader.offices.items())),
            )
            writer.finish(edition, log=log.entries(), totals=totals)
    return Ingested(
        zones={name: zones[name] for name in layers},
        clauses=len(edition.clauses),
        rules=sum(len(clause.rules) for clause in edition.clauses),
        totals=len(totals),
        log=log.entries(),
        counts=log.counts(),
    )


def _info(given: Mapping[str, Any], log: Log) -> EditionInfo:
    missing = [key for key in _IDENTITY if not given.get(key)]
    if missing:
        log.say("IDENTITY_MISSING", keys="、".join(missing))
    return EditionInfo(**{"id": "", "title": "", "region": "", "valid_from": UNDATED, **given})


def _encodings(profile: Profile) -> Any:
    def encoding(name: str) -> str:
        return next((r.encoding for r in profile.layers if r.encoding and matches(r.match, (name,))), "")

    return encoding


def _readable(
    batches: Iterator[tuple[LayerRule, list[Zone]]], label: str, log: Log
) -> Iterator[tuple[LayerRule, list[Zone]]]:
    """Yield what can be read of a source; errors of reading end it, those of writing pass."""
    while True:
        try:
            batch = next(batches, None)
        except SanxianError as error:
            log.refusal("SOURCE_UNREADABLE", error, At(label))
            return
        if batch is None:
            return
        yield batch


def _guarded(path: Path, log: Log, read: Any) -> None:
    """Read one file; what is wrong with it does not keep the others from being read."""
    try:
        read()
    except SanxianError as error:
        log.refusal("SOURCE_UNREADABLE", error, At(path.name))


def _files(profile: Profile, paths: Iterable[Path], kind: str) -> list[tuple[Path, TableRule]]:
    found = []
    for path in paths:
        rules = sorted(
            (rule for rule in profile.tables if matches(rule.match, (path.stem, path.name))),
            key=lambda rule: -matches(rule.match, (path.stem, path.name)),
        )
        if rules and rules[0].kind == kind:
            found.append((path, rules[0]))
    return found


def _tables_first(profile: Profile, found: Sources, log: Log) -> Tables:
    """Return what the profile itself and workbooks of ours state; features need their offices and exact values."""
    made = Tables(
        documents=list(profile.documents),
        states=list(profile.states),
        coverage=list(profile.coverage),
        catalogues=list(profile.catalogues),
        changes=list(profile.changes),
    )
    known = {
        path for kind in ("list", "totals", "workbook") for path, _ in _files(profile, found.tables, kind)
    }
    for path in found.tables:
        if path not in known:
            log.say("SOURCE_UNUSED", At(path.name), names=path.name)

    def take(path: Path) -> None:
        read = read_workbook(path, log)
        for name in ("clauses", "documents", "states", "coverage", "catalogues", "changes", "offices"):
            getattr(made, name).extend(getattr(read, name))
        made.exact.update(read.exact)

    for path, _ in _files(profile, found.tables, "workbook"):
        _guarded(path, log, lambda p=path: take(p))
    return made


def _assigned(
    profile: Profile, sources: Sequence[SourceLayer], log: Log
) -> list[tuple[SourceLayer, list[LayerRule]]]:
    """Return which rules read which source layer; administrative areas come first, they show where the region is."""
    pairs = []
    for source in sources:
        scores = [(matches(rule.match, source.names), rule) for rule in profile.layers]
        best = max((score for score, _ in scores), default=0)
        if not best:
            log.say("SOURCE_UNUSED", At(source.label), names="、".join(source.names))
            continue
        hits = [rule for score, rule in scores if score == best]
        parted = [rule for rule in hits if rule.where]
        plain = [rule for rule in hits if not rule.where]
        if len(plain) > 1:
            log.say(
                "SOURCE_AMBIGUOUS",
                source=source.label,
                layers="、".join(r.id for r in plain),
                used=plain[0].id,
            )
        pairs.append((source, [*parted, *plain[:1]]))
    return sorted(pairs, key=lambda pair: pair[1][0].kind is not LayerKind.ADMIN)


def _declared(profile: Profile, used: set[str], coverage: Sequence[Coverage], log: Log) -> list[LayerRule]:
    """Return the rules of the layers the draft has: those with a source, and those the profile insists on."""
    stated = {row.layer: row.status for row in coverage}
    made = []
    for rule in profile.layers:
        if rule.id in used:
            made.append(rule)
            continue
        if rule.id in stated or rule.declare:
            made.append(rule)
        absent = stated.get(rule.id) is CoverageStatus.ABSENT
        if (rule.required or rule.id in stated) and not absent and not rule.declare:
            log.say("LAYER_MISSING", At(layer=rule.id), title=rule.title, names="、".join(rule.match))
    return made


def _outline(reader: FeatureReader, zones: Counter[str], log: Log) -> None:
    if zones and not reader.places.outlines:
        log.say("OUTLINE_MISSING")


def _coverage(rows: Sequence[Coverage], layers: Mapping[str, Layer], log: Log) -> tuple[Coverage, ...]:
    """Return the coverage rows of layers that are there; a layer nobody speaks of is named, nothing is invented."""
    for row in rows:
        if row.layer not in layers:
            log.say("COVERAGE_DROPPED", At(layer=row.layer), region=row.region)
    for name in sorted(layers.keys() - {row.layer for row in rows}):
        log.say("COVERAGE_MISSING", At(layer=name))
    return tuple(row for row in rows if row.layer in layers)


Item = TypeVar("Item")


def _by_id(items: Iterable[Item], what: str, log: Log) -> dict[str, Item]:
    """Return items by their id; of two with one id the first counts, and the other is named."""
    found: dict[str, Item] = {}
    for item in items:
        name = str(item.id)  # type: ignore[attr-defined]  # documents and catalogues both have one
        if found.setdefault(name, item) != item:
            log.say("ID_REPEATED", item=name, what=what)
    return found


def _nothing(found: Sources, log: Log) -> NothingToIngest:
    seen = [source.label for source in found.layers] + [path.name for path in found.tables]
    seen += [label for label, _ in found.refused] + found.skipped
    listed = "、".join(dict.fromkeys(seen)) or "-"
    errors = [entry for entry in log.entries() if entry.severity == "error" and entry.source][:3]
    reasons = {
        "zh": "；".join(f"{e.source}：{e.zh}" for e in errors),
        "en": "; ".join(f"{e.source}: {e.en}" for e in errors),
    }
    ends = {"zh": "。", "en": ". "}
    reason = {
        lang: t("ingest.nothing", code, seen=listed[:300])
        + (f"{ends[lang]}{reasons[lang].rstrip('。.')}" if reasons[lang] else "")
        for lang, code in (("zh", "zh-CN"), ("en", "en"))
    }
    return NothingToIngest(reason=reason)

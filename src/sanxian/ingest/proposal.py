"""Proposing a profile: what the data look like, as a TOML file for a person to review.

Every guess has its reason beside it as a comment. What is not recognised stands at the end, with all that is known
of it, so that nothing is dropped without a word.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import shapely

from sanxian.clauses.lists import read_list
from sanxian.clauses.tables import read_tables
from sanxian.errors import InputError, NothingToIngest, SanxianError, UsageError
from sanxian.geometry import candidates
from sanxian.i18n import LANGS, t
from sanxian.ingest import toml
from sanxian.ingest.names import Known, clean_code, clean_text, known_fields, matches, plain_name
from sanxian.ingest.profile import LayerRule, Profile, TableRule, load_profile
from sanxian.ingest.sources import SourceLayer, open_sources
from sanxian.ingest.tables import totals_header
from sanxian.model import LayerKind

_UNIT: Final = re.compile(r"ZH\d{6}[123]\d{4}", re.ASCII)
_ZONE: Final = re.compile(r"YS\d{6}[123]([1-5])\d{5}", re.ASCII)
_ELEMENT: Final = {
    "1": "ecological_space",
    "2": "water_zone",
    "3": "air_zone",
    "4": "soil_zone",
    "5": "resource_zone",
}
_REGION: Final = re.compile(r"\d{6}", re.ASCII)
_MOST: Final = 0.8  # share of values that has to look alike
_LISTED: Final = 12  # values named in a comment


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A profile to review."""

    text: str  # TOML
    layers: int
    tables: int
    unknown: tuple[str, ...]  # sources that were not recognised


@dataclass(slots=True)
class _Guess:
    rule: LayerRule | None
    reasons: list[str] = field(default_factory=list)
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)  # role: field, why
    kept: list[str] = field(default_factory=list)  # fields that become attributes
    remarks: list[str] = field(default_factory=list)
    prefixes: Counter[str] = field(default_factory=Counter)  # provinces its codes begin with


@dataclass(slots=True)
class _Sample:
    """The first features of a layer."""

    columns: list[list[str]]
    xy: np.ndarray[tuple[int, int], np.dtype[np.float64]]


def propose(
    sources: Sequence[str | os.PathLike[str]], *, base: str = "national", lang: str = "zh-CN"
) -> Proposal:
    """Look at sources and return the profile they seem to ask for.

    Parameters
    ----------
    sources : sequence of path
        As for :func:`sanxian.ingest.ingest`; only the first features of a layer are read.
    base : str
        Profile that is extended, whose names are known.

    Raises
    ------
    NothingToIngest
        There is no layer and no table.
    """
    profile = load_profile(base)
    with open_sources(sources) as found:
        if not found.layers and not found.tables:
            names = "、".join([label for label, _ in found.refused] + found.skipped) or "-"
            reasons = {
                code: t("ingest.nothing", name, seen=names)
                + " ".join(error.text(name) for _, error in found.refused[:3])
                for code, name in (("zh", "zh-CN"), ("en", "en"))
            }
            raise NothingToIngest(reason=reasons)
        guesses = [(source, _guess(source, profile, lang)) for source in found.layers]
        tables = [(path, *_table_kind(path, profile, lang)) for path in found.tables]
        refused = [(label, error.text(lang)) for label, error in found.refused]
        refused += [(name, t("ingest.propose.no_kind", lang)) for name in found.skipped]
    lines = toml.comment(t("ingest.propose.head", lang, base=base))
    lines += [f"extends = {toml.value(base)}", "", *_edition(guesses, lang)]
    named: dict[str, list[tuple[SourceLayer, _Guess]]] = {}
    for source, guess in guesses:
        if guess.rule is not None:
            named.setdefault(guess.rule.id, []).append((source, guess))
    for members in named.values():
        lines += ["", *_layer(members, lang)]
    for path, kind, reason in tables:
        if kind:
            lines += [
                "",
                *toml.comment(reason),
                "[[table]]",
                f'kind = "{kind}"',
                f"match = [{toml.value(path.stem)}]",
            ]
            if kind == "list":
                lines += toml.comment(t("ingest.propose.list", lang))
            if kind == "totals":
                rule = _totals_rule(profile)
                lines += toml.pairs({"layer": rule.layer, "unit": rule.unit, "columns": rule.columns})
    unknown = [source.label for source, guess in guesses if guess.rule is None]
    unknown += [path.name for path, kind, _ in tables if not kind] + [label for label, _ in refused]
    if unknown:
        lines += ["", *toml.comment(t("ingest.propose.unknown", lang))]
        lines += [
            line for source, guess in guesses if guess.rule is None for line in _unknown(source, guess, lang)
        ]
        for name, reason in [(path.name, why) for path, kind, why in tables if not kind] + refused:
            lines += ["#", *toml.comment(f"{name}: {reason}")]
    return Proposal(
        text="\n".join(lines) + "\n",
        layers=len(named),
        tables=sum(bool(kind) for _, kind, _ in tables),
        unknown=tuple(unknown),
    )


# --- one layer -------------------------------------------------------------------------------


def _guess(source: SourceLayer, profile: Profile, lang: str) -> _Guess:
    try:
        sample = _sample(source)
    except InputError as error:
        return _Guess(None, [error.text(lang)])
    codes = _code_patterns(sample)
    rule, reasons = _kind(source, sample, codes, profile, lang)
    guess = _Guess(rule, reasons)
    if rule is None:
        return guess
    _fields(source, codes, rule, guess, lang)
    if not source.crs:
        fitting = candidates(sample.xy, None) if len(sample.xy) else ()
        guess.remarks.append(t("ingest.propose.crs", lang, fitting="、".join(fitting[:6]) or "?"))
    _class_values(source, sample, rule, guess, lang)
    if rule.kind in (LayerKind.CONTROL_UNIT, LayerKind.ADMIN):
        for place, look in codes.items():
            values = filter(None, map(clean_code, sample.columns[place]))
            guess.prefixes.update(
                v[2:4] if look == "unit" else v[:2] for v in values if look in ("unit", "region")
            )
    return guess


def _sample(source: SourceLayer) -> _Sample:
    for batch in source.batches():
        shapes = shapely.from_wkb(np.array(batch.wkb, dtype=object), on_invalid="ignore")
        xy = shapely.get_coordinates(shapes)
        return _Sample(batch.columns, xy[np.isfinite(xy).all(axis=1)][:1000])
    return _Sample([[] for _ in source.fields], np.empty((0, 2)))


def _code_patterns(sample: _Sample) -> dict[int, str]:
    """Return the columns whose values look like codes: ``unit``, ``zone:N`` or ``region``."""
    found: dict[int, str] = {}
    for place, column in enumerate(sample.columns):
        values = [clean_code(v) for v in column if v.strip()][:500]
        if not values:
            continue
        if sum(map(bool, map(_UNIT.fullmatch, values))) >= _MOST * len(values):
            found[place] = "unit"
            continue
        zones = [match[1] for match in map(_ZONE.fullmatch, values) if match]
        if len(zones) >= _MOST * len(values):
            found[place] = f"zone:{Counter(zones).most_common(1)[0][0]}"
        elif sum(map(bool, map(_REGION.fullmatch, values))) >= _MOST * len(values):
            found[place] = "region"
    return found


def _kind(
    source: SourceLayer, sample: _Sample, codes: dict[int, str], profile: Profile, lang: str
) -> tuple[LayerRule | None, list[str]]:
    """Return the layer a source seems to be: by its name, else its codes, else its fields."""
    rules = {rule.id: rule for rule in profile.layers}
    looks = sorted(set(codes.values()))
    scored = [(matches(rule.match, source.names), n, rule) for n, rule in enumerate(profile.layers)]
    best = max((score for score, _, _ in scored), default=0)
    by_name = next((rule for score, _, rule in scored if score == best and score), None)
    by_code = None
    if "unit" in looks:
        by_code = rules.get("control_unit")
    elif zone := next((look for look in looks if look.startswith("zone:")), ""):
        by_code = rules.get(_ELEMENT[zone.removeprefix("zone:")])
    reasons = []
    if by_name is not None:
        reasons.append(t("ingest.propose.by_name", lang, names="、".join(source.names), id=by_name.id))
        # a layer called 红线 with codes of units is a question, not an answer
        if by_code is not None and by_code.kind is not by_name.kind:
            reasons.append(t("ingest.propose.against", lang, id=by_code.id))
        return by_name, reasons
    if by_code is not None:
        column = next(place for place, look in codes.items() if look != "region")
        example = next((v for v in sample.columns[column] if v.strip()), "")
        return by_code, [
            t("ingest.propose.by_code", lang, field=clean_text(source.fields[column]), example=example)
        ]
    for rule in profile.layers:
        own = [
            w
            for w in rule.fields.get("code", ())
            if sum(w in r.fields.get("code", ()) for r in profile.layers) == 1
        ]
        known, _ = known_fields(source.fields, {"code": own}, cut=source.cut)
        if known:
            return rule, [
                t("ingest.propose.by_field", lang, field=clean_text(source.fields[next(iter(known))]))
            ]
    return None, [t("ingest.propose.no_sign", lang)]


def _fields(source: SourceLayer, codes: dict[int, str], rule: LayerRule, guess: _Guess, lang: str) -> None:
    known, doubtful = known_fields(source.fields, _aliases(rule), cut=source.cut)
    for place, found in known.items():
        if ":" not in found.role:
            guess.fields[found.role] = clean_text(source.fields[place]), _why(found, lang)
    if "code" not in guess.fields:
        wanted = "region" if rule.kind is LayerKind.ADMIN else None
        for place, look in codes.items():
            if place not in known and (look == wanted or (wanted is None and look != "region")):
                guess.fields["code"] = clean_text(source.fields[place]), t("ingest.propose.looks", lang)
                break
    taken = {plain_name(name) for name, _ in guess.fields.values()} | {plain_name(w) for w in rule.ignore}
    read = {plain_name(source.fields[place]) for place in known}
    guess.kept = [clean_text(f) for f in source.fields if plain_name(f) not in taken | read]
    for place, roles in doubtful:
        words = t(
            "ingest.propose.doubtful", lang, field=clean_text(source.fields[place]), roles="、".join(roles)
        )
        guess.remarks.append(words)
    for place, found in known.items():
        if ":" in found.role:
            what, value = found.role.split(":")
            key = "area" if what == "area" else "requirements"
            guess.remarks.append(
                t(f"ingest.propose.{key}", lang, field=clean_text(source.fields[place]), value=value)
            )
    if "code" not in guess.fields and "code" not in rule.constant:
        guess.remarks.append(t("ingest.propose.no_code", lang))


def _aliases(rule: LayerRule) -> dict[str, tuple[str, ...]]:
    made = dict(rule.fields)
    for word, unit in rule.areas.items():
        made[f"area:{unit}"] = (*made.get(f"area:{unit}", ()), word)
    return made | {f"clause:{dimension}": words for dimension, words in rule.clauses.items()}


def _why(found: Known, lang: str) -> str:
    return t("ingest.propose.cut" if found.cut else "ingest.propose.alias", lang, alias=found.alias)


def _class_values(source: SourceLayer, sample: _Sample, rule: LayerRule, guess: _Guess, lang: str) -> None:
    if rule.kind is not LayerKind.CONTROL_UNIT or "class" not in guess.fields:
        return
    column = sample.columns[list(map(clean_text, source.fields)).index(guess.fields["class"][0])]
    known = rule.values.get("class", {})
    strange = dict.fromkeys(
        clean_text(v) for v in column if v.strip() and plain_name(clean_text(v)) not in known
    )
    if strange:
        guess.remarks.append(t("ingest.propose.values", lang, values="、".join(list(strange)[:_LISTED])))


# --- text ------------------------------------------------------------------------------------


def _edition(guesses: Sequence[tuple[SourceLayer, _Guess]], lang: str) -> list[str]:
    """Return the identity, which nobody can guess but for the region."""
    prefixes: Counter[str] = Counter()
    for _, guess in guesses:
        prefixes.update(guess.prefixes)
    lines = ["[edition]", *toml.comment(t("ingest.propose.identity", lang))]
    lines += [
        '# id = ""',
        '# title = ""',
        "# valid_from = 2026-01-01",
        '# publisher = ""',
        "# synthetic = false",
    ]
    if prefixes:
        region, count = prefixes.most_common(1)[0]
        share = f"{100 * count / prefixes.total():.0f} %"
        return [*lines, f"region = {toml.value(region)}  # {t('ingest.propose.region', lang, share=share)}"]
    return [*lines, '# region = ""']


def _layer(members: Sequence[tuple[SourceLayer, _Guess]], lang: str) -> list[str]:
    rule = members[0][1].rule
    assert rule is not None  # noqa: S101 - only recognised sources are grouped
    lines = []
    for source, guess in members:
        kind = source.geometry if source.geometry != "Unknown" else "?"
        lines += toml.comment(f"{source.label}: {source.count} × {kind}; {' '.join(guess.reasons)}")
    lines += [
        "[[layer]]",
        f"id = {toml.value(rule.id)}",
        f"match = {toml.value([s.names[0] for s, _ in members])}",
    ]
    lines += toml.comment(t("ingest.propose.accuracy", lang, value=rule.accuracy_m or "?"))
    for source, guess in members:
        for remark in guess.remarks:
            lines += toml.comment(f"{source.label}: {remark}" if len(members) > 1 else remark)
        if guess.kept:
            lines += toml.comment(t("ingest.propose.kept", lang, fields="、".join(guess.kept)))
    roles = dict.fromkeys(role for _, guess in members for role in guess.fields)
    if roles:
        lines += ["", "[layer.fields]"]
    for role in roles:
        names = dict.fromkeys(guess.fields[role][0] for _, guess in members if role in guess.fields)
        why = next(guess.fields[role][1] for _, guess in members if role in guess.fields)
        lines.append(f"{role} = {toml.value(list(names))}  {toml.comment(why)[0]}")
    return lines


def _unknown(source: SourceLayer, guess: _Guess, lang: str) -> Iterator[str]:
    yield "#"
    yield from toml.comment(f"{source.label}: {source.count} × {source.geometry}; {' '.join(guess.reasons)}")
    yield from toml.comment(
        t("ingest.propose.fields", lang, fields="、".join(map(clean_text, source.fields)) or "-")
    )
    yield from toml.comment(f'[[layer]]\nid = ""\nkind = "other"\ntitle = {toml.value(source.names[0])}')
    yield from toml.comment(f"match = {toml.value([source.names[0]])}")


def _table_kind(path: Path, profile: Profile, lang: str) -> tuple[str, str]:
    """Return what a file of tables seems to be, "" when nobody knows, and why."""
    try:
        tables = read_tables(path)
        titles = {
            plain_name(t(f"ingest.sheet.{n}", code)) for n in ("clause", "rule", "document") for code in LANGS
        }
        if len({plain_name(table.sheet) for table in tables} & titles) >= 2:
            return "workbook", t("ingest.propose.workbook", lang, file=path.name)
        try:
            reading = read_list(path)
        except (InputError, UsageError):
            reading = None
        if reading is not None and reading.rows:
            return "list", t("ingest.propose.list_found", lang, file=path.name, count=len(reading.rows))
        if any(totals_header(table, _totals_rule(profile)) is not None for table in tables):
            return "totals", t("ingest.propose.totals_found", lang, file=path.name)
    except SanxianError as error:
        return "", error.text(lang)
    return "", t("ingest.propose.no_header", lang)


def _totals_rule(profile: Profile) -> TableRule:
    return next(
        (rule for rule in profile.tables if rule.kind == "totals"), TableRule(kind="totals", match=())
    )

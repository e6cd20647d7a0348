"""Codes: their form, and what they say against the place, the class and the layer of their zone."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from sanxian.edition import Edition, county_of_unit
from sanxian.model import LayerKind, UnitClass, Zone
from sanxian.quality.findings import Finding, Severity, finding

# Parsed softly: the subtype digit is not checked and other forms are only counted (docs/reference/quality-checks.md).
_ELEMENT: Final = re.compile(r"YS(\d{6})([123])([1-9])\d(\d{4})", re.ASCII)
_CLASSES: Final = {"1": UnitClass.PRIORITY, "2": UnitClass.KEY, "3": UnitClass.GENERAL}
_ELEMENTS: Final = {
    "1": LayerKind.ECOLOGY,
    "2": LayerKind.WATER,
    "3": LayerKind.AIR,
    "4": LayerKind.SOIL,
    "5": LayerKind.RESOURCE,
}
_ADMIN: Final = (LayerKind.ADMIN,)  # a place and a zone may share a code: 630102 is no zone code


@lru_cache(maxsize=1)
def county_aliases() -> Mapping[str, str]:
    """Return old county codes with the code that took their place, as shipped (``data/county_codes.csv``)."""
    text = resources.files("sanxian").joinpath("data", "county_codes.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return MappingProxyType({row["old"]: row["new"] for row in rows})


def plain(code: str) -> str:
    """Return a code in half-width characters without blanks.

    Examples
    --------
    >>> plain("ＺＨ６３０１０２２０００１ ")
    'ZH63010220001'
    """
    return "".join(unicodedata.normalize("NFKC", code).split())


def current_county(code: str, counties: frozenset[str], aliases: Mapping[str, str]) -> str:
    """Return the county a code means today: itself when it exists, else what it became, else ``""``."""
    seen = set()
    while code not in counties:
        if code in seen or code not in aliases:
            return ""
        seen.add(code)
        code = aliases[code]
    return code


def check_codes(edition: Edition, aliases: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is wrong with codes by themselves; :mod:`~sanxian.quality.nesting` compares them with places."""
    zones = [(layer, zone) for layer in edition.layers for zone in edition.zones.get(layer.id, ())]
    wide = [f"{layer.id}/{zone.code}" for layer, zone in zones if zone.code and plain(zone.code) != zone.code]
    if wide:
        yield finding("Q-CODE-WIDTH", Severity.BLOCKING, items=wide)
    yield from _across(edition)
    yield from _old_counties(edition, aliases)
    yield from _elements(edition)


def _across(edition: Edition) -> Iterator[Finding]:
    """Yield codes that two layers use: scopes, states and files name a zone by its code alone."""
    users: dict[str, list[str]] = defaultdict(list)
    units: dict[str, int] = defaultdict(int)
    for layer in edition.layers:
        if layer.kind in _ADMIN:
            continue
        for code in dict.fromkeys(plain(zone.code) for zone in edition.zones.get(layer.id, ()) if zone.code):
            users[code].append(layer.id)
            units[code] += layer.kind is LayerKind.CONTROL_UNIT
    twice = {code: layers for code, layers in users.items() if len(layers) > 1}
    for severity, codes in (
        (Severity.BLOCKING, [code for code in twice if units[code] > 1]),
        (Severity.WARNING, [code for code in twice if units[code] <= 1]),
    ):
        if codes:
            items = [f"{layer}/{code}" for code in codes for layer in twice[code]]
            yield finding("Q-CODE-ACROSS", severity, items=items, codes=len(codes))


def counties_of(edition: Edition) -> frozenset[str]:
    """Return the codes of the counties of an edition."""
    return frozenset(
        zone.code
        for layer in edition.layers
        if layer.kind is LayerKind.ADMIN
        for zone in edition.zones.get(layer.id, ())
        if zone.zone_class == "county"
    )


def _old_counties(edition: Edition, aliases: Mapping[str, str]) -> Iterator[Finding]:
    counties = counties_of(edition)
    old = []
    for layer in edition.layers:
        if layer.kind is LayerKind.CONTROL_UNIT:
            for zone in edition.zones.get(layer.id, ()):
                county = county_of_unit(plain(zone.code))
                if (
                    county
                    and counties
                    and county not in counties
                    and current_county(county, counties, aliases)
                ):
                    old.append(f"{layer.id}/{zone.code}")
    if old:
        yield finding("Q-CODE-ALIAS", Severity.INFO, items=old)


def _elements(edition: Edition) -> Iterator[Finding]:
    """Yield element-zone codes of another form, and those whose digits contradict class or layer."""
    other, against = [], []
    for layer in edition.layers:
        if layer.kind not in _ELEMENTS.values():
            continue
        for zone in edition.zones.get(layer.id, ()):
            code = plain(zone.code)
            if not code.startswith("YS"):
                continue
            match = _ELEMENT.fullmatch(code)
            if match is None:
                other.append(f"{layer.id}/{zone.code}")
            elif _contradicts(zone, match[2]) or _ELEMENTS.get(match[3], layer.kind) is not layer.kind:
                against.append(f"{layer.id}/{zone.code}")
    if other:
        yield finding("Q-ELEMENT-FORM", Severity.INFO, items=other)
    if against:
        yield finding("Q-ELEMENT-CODE", Severity.WARNING, items=against)


def _contradicts(zone: Zone, digit: str) -> bool:
    return zone.zone_class in set(UnitClass) and zone.zone_class != _CLASSES[digit]

"""Numbers, places and values as people read them. Rounding happens here and nowhere below.

A rounded number never says more than the exact one: a share that is not whole never reads ``100 %``,
a positive one never ``0 %``. Numbers and units are joined by a narrow no-break space (U+202F).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any, Final

from sanxian import data
from sanxian.i18n import t
from sanxian.model import FactValue
from sanxian.rules import target_words

SPACE: Final = "\u202f"
_COMPASS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
_MEASURED: Final = frozenset(("distance", "length", "area", "share"))


def with_unit(number: str, unit: str) -> str:
    """Return a number and its unit, kept on one line."""
    return f"{number}{SPACE}{unit}" if unit else number


def fixed(value: float, decimals: int) -> str:
    """Return a number with thousands separators and a fixed number of decimals; never ``-0``."""
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"


def area(square_metres: float) -> str:
    """Return an area in m² below one hectare, ha below one square kilometre, km² above.

    Examples
    --------
    >>> [area(x).replace(SPACE, " ") for x in (0.0, 0.04, 812.4, 56_300.0, 12_345_678.0)]
    ['0 m²', '0.04 m²', '812 m²', '5.63 ha', '12.35 km²']
    """
    if square_metres >= 1e6:
        return with_unit(fixed(square_metres / 1e6, 2), "km²")
    if square_metres >= 1e4:
        return with_unit(fixed(square_metres / 1e4, 2), "ha")
    return with_unit(_fine(square_metres), "m²")


def length(metres: float) -> str:
    """Return a length or distance in metres below one kilometre, in kilometres above.

    Examples
    --------
    >>> [length(x).replace(SPACE, " ") for x in (0.0, 3.26, 421.3, 12_345.6)]
    ['0 m', '3.3 m', '421 m', '12.35 km']
    """
    if metres >= 1e3:
        return with_unit(fixed(metres / 1e3, 2), "km")
    return with_unit(_fine(metres), "m")


def _fine(value: float) -> str:
    """Return a number below some thousands: more decimals the smaller it is, at most two."""
    if value == 0:
        return "0"
    if value < 0.005:
        return "<0.01"
    decimals = 0 if value >= 100 else 1 if value >= 1 else 2
    return fixed(value, decimals)


def share(part: float) -> str:
    """Return a share (0–1) in percent, never rounded up to the whole or down to nothing.

    Examples
    --------
    >>> [share(x).replace(SPACE, " ") for x in (0.0, 0.000001, 0.1234, 0.999999, 1.0)]
    ['0 %', '<0.01 %', '12.34 %', '>99.99 %', '100 %']
    """
    if part <= 0.0:
        number = "0"
    elif part < 0.00005:
        number = "<0.01"
    elif part >= 1.0 - 1e-12:
        number = "100"
    elif part > 0.99995:
        number = ">99.99"
    else:
        number = fixed(100.0 * part, 2)
    return with_unit(number, "%")


def bearing(degrees: float, lang: str) -> str:
    """Return one of eight directions, e.g. 东北 for 45°."""
    return t(f"report.compass.{_COMPASS[round(degrees / 45.0) % 8]}", lang)


def coordinate(degrees: float, axis: str) -> str:
    """Return a longitude (``axis="lon"``) or latitude in degrees and minutes, e.g. ``101°30′E``.

    Examples
    --------
    >>> coordinate(101.5, "lon"), coordinate(36.25833333, "lat")
    ('101°30′E', '36°15′30″N')
    """
    seconds = round(abs(degrees) * 3600)
    whole, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    letter = ("E" if degrees >= 0 else "W") if axis == "lon" else ("N" if degrees >= 0 else "S")
    tail = f"{rest:02d}″" if rest else ""
    return f"{whole}°{minutes:02d}′{tail}{letter}"


def short_digest(digest: str) -> str:
    """Return the first twelve hex digits of a digest in groups of four.

    Examples
    --------
    >>> short_digest("sha256:ab12cd34ef567890")
    'AB12-CD34-EF56'
    """
    code = digest.rpartition(":")[2][:12].upper()
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


# --- facts and what the rules saw ------------------------------------------------------------


def fact_label(key: str, lang: str) -> str:
    """Return the label of a fact; the key itself when the vocabulary does not know it."""
    fact = _definition(key)
    return key if fact is None else fact.en if lang == "en" else fact.zh


def _definition(key: str) -> data.FactDef | None:
    with suppress(KeyError):
        return data.fact(key)
    return None


def fact_value(key: str, value: FactValue, lang: str) -> str:
    """Return a fact's value with its unit."""
    fact = _definition(key)
    return _plain(value, "" if fact is None or fact.unit is None else fact.unit, lang)


def subject(key: str, lang: str, titles: object) -> str:
    """Return what a flip or an ask is about: a fact's label or a spatial variable in words.

    Keys are those of :class:`sanxian.model.Flip`: ``boiler_tph``, ``industry``, ``state:air_quality``,
    ``document:不可避让论证意见``, ``distance:river:黄河干流``.
    """
    kind, _, rest = key.partition(":")
    if not rest or key.startswith(data.MATTER):
        return fact_label(key, lang)
    if kind == "state":
        state = data.states().get(rest.partition(":")[0])
        return rest if state is None else state.en if lang == "en" else state.zh
    if kind == "document":
        name, _, issuer = rest.partition(":")
        if issuer:
            return t("rules.atom.document_by", lang, name=name, issuer=issuer)
        return t("rules.atom.document", lang, name=name)
    if kind in _MEASURED or kind in ("in", "crosses"):
        if kind == "share":
            rest = rest.removesuffix(":project").removesuffix(":zone")
        return t(f"rules.variable.{kind}", lang, place=target_words(rest, lang, titles))
    return key


def seen(atom: Mapping[str, Any], value: Any, lang: str) -> str:
    """Return the value a leaf of a trace saw; empty when it was not known."""
    if value is None:
        return ""
    kind = next((k for k in ("distance", "length", "area", "share", "fact", "clause") if k in atom), "")
    if isinstance(value, Mapping):
        if "values" in value:
            return _plain(tuple(value["values"]), "", lang)
        return _span(kind, value.get("at_least"), value.get("at_most"), lang)
    if kind in _MEASURED:
        return _measured(kind, float(value))
    if kind == "fact":
        return fact_value(atom["fact"], tuple(value) if isinstance(value, list) else value, lang)
    if kind == "clause":
        return t(f"outcome.{value}", lang)
    if "matter" in atom:
        key = data.matter_key(atom["matter"], str(atom.get("unit", "")) if "op" in atom else None)
        return fact_value(key, value, lang)
    return _plain(tuple(value) if isinstance(value, list) else value, "", lang)


def _measured(kind: str, value: float) -> str:
    if kind == "share":
        return share(value / 100.0)
    return area(value) if kind == "area" else length(value)


def _span(kind: str, low: float | None, high: float | None, lang: str) -> str:
    """Return a number known only to lie between two ends."""
    below = "" if low is None else _measured(kind, low)
    above = "" if high is None else _measured(kind, high)
    if below and above:
        return t("report.trace.between", lang, low=below, high=above)
    if below:
        return t("report.trace.at_least", lang, low=below)
    return t("report.trace.at_most", lang, high=above) if above else ""


def _plain(value: object, unit: str, lang: str) -> str:
    if isinstance(value, bool):
        return t("report.yes" if value else "report.no", lang)
    if isinstance(value, (int, float)):
        return with_unit(_significant(value), unit)
    if isinstance(value, tuple):
        return t("rules.joint", lang).join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _significant(value: float) -> str:
    """Return a number as it was given, with thousands separators and without trailing zeros."""
    if isinstance(value, int) or (math.isfinite(value) and value == math.floor(value) and abs(value) < 1e15):
        return f"{int(value):,}"
    whole, _, rest = f"{value:,.6f}".partition(".")
    decimals = rest.rstrip("0")
    return f"{whole}.{decimals}" if decimals else f"{value:.6g}"

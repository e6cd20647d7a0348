"""Code tables and vocabularies shipped with the package: frozen, read once, on first use.

Where each table comes from, its date and its licence are in ``data/README.md``. The tables are data, not
law: an edition carries its own catalogues, clauses and dated statements and is never corrected from here.
"""

from __future__ import annotations

import csv
import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from sanxian.errors import FactUnit, UnknownIndustry

__all__ = [
    "MATTER",
    "FactDef",
    "Industry",
    "StateDef",
    "activities",
    "convert",
    "fact",
    "facts",
    "industries",
    "industry_code",
    "industry_matches",
    "industry_name",
    "matter_key",
    "natures",
    "roles",
    "search_industries",
    "states",
    "unit_name",
    "units_like",
]

FACT_TYPES: Final = ("bool", "number", "enum", "set", "date", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class FactDef:
    """One entry of the typed vocabulary of project facts (DESIGN §4.3)."""

    key: str
    type: str  # one of FACT_TYPES
    zh: str
    en: str
    question_zh: str
    question_en: str
    where: str  # chapter of an EIA report that states it
    unit: str = ""  # canonical unit of a number
    range: tuple[float | None, float | None] = (None, None)  # inclusive; None = open
    values: tuple[str, ...] = ()  # of an enum or set; () = any text


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDef:
    """区域状态: something an edition may state about a place, with a date."""

    key: str
    zh: str
    en: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Industry:
    """One row of GB/T 4754-2017."""

    code: str  # "26", "261", "2614"; a section is its letter
    section: str  # its letter
    level: str  # section, division, group, class
    name: str  # Chinese; the standard has no English names


# --- facts and words -----------------------------------------------------------------------------


@lru_cache(maxsize=1)
def facts() -> Mapping[str, FactDef]:
    """Every fact a project may state, by key, in the order of the file.

    Examples
    --------
    >>> facts()["boiler_tph"].unit
    't/h'
    """
    return _fact_table(_toml("facts.toml"), activities(), _units())


MATTER: Final = "matter:"


def fact(key: str) -> FactDef:
    """Return the fact of a key, or the matter (事项) that a rule names in the clause's own words.

    A key ``matter:TEXT`` is a yes or no, ``matter:TEXT[UNIT]`` a number in that unit. Every text is a fact:
    lists ask more than any vocabulary foresees, and what nobody has defined stays unknown until the project
    answers it.

    Raises
    ------
    KeyError
        The key is neither in the vocabulary nor a matter.

    Examples
    --------
    >>> fact("matter:海拔[m]").question_zh
    '海拔是多少（m）？'
    """
    found = facts().get(key)
    return _matter(key) if found is None else found


def matter_key(text: str, unit: str | None) -> str:
    """Return the fact key of a matter; ``None`` for a yes or no, a unit (``""`` without one) for a number."""
    name = MATTER + unicodedata.normalize("NFKC", text).strip()
    if unit is None:
        return name
    like = units_like(unit)
    return f"{name}[{like[0] if like else unit_name(unit)}]"


@lru_cache(maxsize=4096)
def _matter(key: str) -> FactDef:
    found = _MATTER_KEY.fullmatch(key)
    if found is None:
        raise KeyError(key)
    text, unit = found["text"], found["unit"]
    tail_zh, tail_en = (f"（{unit}）", f" ({unit})") if unit else ("", "")
    return FactDef(
        key=key,
        type="bool" if unit is None else "number",
        zh=text,
        en=text,
        question_zh=f"是否属于“{text}”？" if unit is None else f"{text}是多少{tail_zh}？",
        question_en=f"Does “{text}” hold?" if unit is None else f"How much is “{text}”{tail_en}?",
        where="",
        unit=unit or "",
    )


_MATTER_KEY: Final = re.compile(r"matter:(?P<text>[^\[\]]+)(?:\[(?P<unit>[^\[\]]*)\])?", re.DOTALL)


def natures() -> tuple[str, ...]:
    """建设性质: the values of the fact ``nature``."""
    return _words("natures")


def activities() -> tuple[str, ...]:
    """活动类型: the values of the fact ``activity``."""
    return _words("activities")


def roles() -> tuple[str, ...]:
    """工程组成: usual roles of parts. Others are allowed; these are proposed."""
    return _words("roles")


@lru_cache(maxsize=1)
def states() -> Mapping[str, StateDef]:
    """What may be stated about a place, by key."""
    tables: dict[str, dict[str, Any]] = _toml("vocabulary.toml")["states"]
    return MappingProxyType(
        {
            key: StateDef(key=key, zh=table["zh"], en=table["en"], values=tuple(table["values"]))
            for key, table in tables.items()
        }
    )


@lru_cache(maxsize=8)
def _words(table: str) -> tuple[str, ...]:
    return tuple(_toml("vocabulary.toml")[table]["values"])


def _fact_table(
    tables: Mapping[str, Any], activity_words: tuple[str, ...], units: Mapping[str, tuple[str, Fraction]]
) -> Mapping[str, FactDef]:
    """Build the vocabulary, or say which entry of the file is wrong and why.

    A mistake here would let a rule read a fact no project can state, so it stops the program: the file
    is part of the package, hence a ``ValueError`` and not a message for users.
    """
    found: dict[str, FactDef] = {}
    labels: dict[str, str] = {}
    for key, table in tables.items():
        if not isinstance(table, dict):  # source, date
            continue
        fact = _fact(key, dict(table), activity_words, units)
        if other := labels.get(fact.zh):
            raise ValueError(f"facts.toml [{key}]: label {fact.zh} is already that of [{other}]")
        labels[fact.zh] = key
        found[key] = fact
    return MappingProxyType(found)


def _fact(
    key: str,
    table: dict[str, Any],
    activity_words: tuple[str, ...],
    units: Mapping[str, tuple[str, Fraction]],
) -> FactDef:
    def wrong(reason: str) -> ValueError:
        return ValueError(f"facts.toml [{key}]: {reason}")

    reference = table.pop("vocabulary", None)
    if reference is not None:
        if reference != "activities" or "values" in table:
            raise wrong("vocabulary must be “activities”, without values of its own")
        table["values"] = activity_words
    texts = ("type", "zh", "en", "question_zh", "question_en", "where")
    if missing := [name for name in texts if not isinstance(table.get(name), str) or not table[name]]:
        raise wrong(f"lacks {', '.join(missing)}")
    if odd := sorted(set(table) - {*texts, "unit", "range", "values"}):
        raise wrong(f"unknown key {', '.join(odd)}")
    kind, unit, values = table["type"], table.get("unit", ""), tuple(table.get("values", ()))
    if kind not in FACT_TYPES:
        raise wrong(f"type {kind} is none of {', '.join(FACT_TYPES)}")
    if kind == "number" and unit not in units:
        raise wrong(f"unit {unit!r} is not in vocabulary.toml [units]")
    if kind != "number" and ("unit" in table or "range" in table):
        raise wrong("only a number has a unit and a range")
    if kind == "enum" and not values:
        raise wrong("an enum needs values")
    if kind not in ("enum", "set") and values:
        raise wrong("only an enum or a set has values")
    if len(set(values)) != len(values):
        raise wrong("a value is listed twice")
    low, high = table.get("range", (None, None))
    if low is not None and high is not None and low > high:
        raise wrong("range is upside down")
    return FactDef(
        key=key,
        range=(low, high),
        values=values,
        unit=unit,
        **{name: table[name] for name in texts},
    )


# --- units -----------------------------------------------------------------------------------------


def convert(value: float, unit_from: str, unit_to: str) -> float:
    """``value`` given in ``unit_from``, in ``unit_to``.

    Raises
    ------
    FactUnit
        A unit is unknown, or the two measure different things.

    Examples
    --------
    >>> convert(1.5, "万吨/年", "t/a")
    15000.0
    """
    table = _units()
    source, target = unit_name(unit_from), unit_name(unit_to)
    if source == target and source in table:
        return float(value)
    if source not in table or target not in table or table[source][0] != table[target][0]:
        raise FactUnit(unit=unit_from, wanted=unit_to, units=", ".join(units_like(unit_to)) or "-")
    return float(Fraction(repr(float(value))) * table[source][1] / table[target][1])


def unit_name(text: str) -> str:
    """The plain name of a unit: ``m³/a``, ``㎡`` and ``吨／小时`` become ``m3/a``, ``m2`` and ``t/h``."""
    name = unicodedata.normalize("NFKC", text).replace(" ", "")
    for word, plain in _toml("vocabulary.toml")["unit_words"].items():
        name = name.replace(word, plain)
    return name.replace("t/h/h", "t/h")  # 蒸吨/小时 says "an hour" twice


def units_like(unit: str) -> tuple[str, ...]:
    """Units that convert to ``unit``, itself included; empty when it is unknown."""
    table = _units()
    group = table.get(unit_name(unit), ("", Fraction()))[0]
    return tuple(name for name, (other, _) in table.items() if other == group)


@lru_cache(maxsize=1)
def _units() -> Mapping[str, tuple[str, Fraction]]:
    groups: dict[str, dict[str, float]] = _toml("vocabulary.toml")["units"]
    # Exact factors: 15 亩 must be 10,000 m² and not a hair less, or a threshold of 1 ha is missed.
    return MappingProxyType(
        {
            unit: (group, Fraction(factor).limit_denominator(100_000))
            for group, units in groups.items()
            for unit, factor in units.items()
        }
    )


# --- industries (GB/T 4754-2017) ---------------------------------------------------------------------

_INDUSTRY: Final = re.compile(r"([A-Z])?[\s-]*(\d+)?(?:[\s:、.-]*([^\dA-Z\s:、.-].*))?", re.DOTALL)


@lru_cache(maxsize=1)
def industries() -> Mapping[str, Industry]:
    """The whole table, 1,971 rows by code, in the order of the standard."""
    text = resources.files(__package__).joinpath("gbt4754_2017.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType(
        {
            row["code"]: Industry(
                code=row["code"], section=row["section"], level=row["level"], name=row["name_zh"]
            )
            for row in rows
        }
    )


def industry_code(text: str) -> str:
    """The code meant by ``text``, without section letter unless it is a section.

    Parameters
    ----------
    text : str
        ``2614``, ``C2614``, ``c26``, ``Ｃ２６１４``, ``2614 有机化学原料制造``. A name after the code is not read.

    Raises
    ------
    UnknownIndustry
        No such code, or not in the section its letter says; names the nearest codes.

    Examples
    --------
    >>> industry_code("c2614"), industry_code("26 化学原料和化学制品制造业"), industry_code("C")
    ('2614', '26', 'C')
    """
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    match = _INDUSTRY.fullmatch(plain)
    letter, digits = (match[1], match[2]) if match else (None, None)
    row = industries().get(digits or letter or "")
    if row is None or (digits is None and match and match[3] and _is_name(match[3], row)):
        raise _unknown_industry(text, digits or "", plain)
    if letter and row.section != letter:
        label = f"{row.code} {row.name}"
        raise UnknownIndustry(
            code_given=text,
            hint_zh=f"{label} 属于门类 {row.section}，不是 {letter}；请核对是字母还是数字有误。",
            hint_en=f"{label} is in section {row.section}, not {letter}; the letter or the digits are wrong.",
        )
    return row.code


def industry_matches(code: str, prefix: str) -> bool:
    """Whether industry ``code`` lies under ``prefix``: a code, with section letter or not, or a section.

    Examples
    --------
    >>> industry_matches("2614", "C26"), industry_matches("2614", "C"), industry_matches("0610", "C")
    (True, True, False)
    """
    letter, digits = (prefix[:1], prefix[1:]) if prefix[:1].isalpha() else ("", prefix)
    if letter:
        row = industries().get(code)
        if row is None or row.section != letter:
            return False
    return code.startswith(digits)


def industry_name(code: str) -> str:
    """Chinese name of a code as :func:`industry_code` returns it.

    Examples
    --------
    >>> industry_name("2614")
    '有机化学原料制造'
    """
    row = industries().get(code)
    if row is None:
        raise _unknown_industry(code, code, code)
    return row.name


def search_industries(words: str, *, limit: int = 20) -> tuple[Industry, ...]:
    """Industries whose name holds every word, or whose code begins with one, best first.

    Parameters
    ----------
    words : str
        Separated by spaces, e.g. ``化学 制造`` or ``261``.
    limit : int, default 20
        At most so many.

    Returns
    -------
    tuple of Industry
        Whole names first, then names that begin with the first word, then shorter names; ties in the
        order of the standard, the more specific level first.
    """
    wanted = unicodedata.normalize("NFKC", words).upper().split()
    if not wanted:
        return ()
    depth = {"class": 0, "group": 1, "division": 2, "section": 3}

    def holds(row: Industry) -> bool:
        name = unicodedata.normalize("NFKC", row.name).upper()
        return all(w in name or row.code.startswith(w) or w == f"{row.section}{row.code}" for w in wanted)

    def rank(row: Industry) -> tuple[object, ...]:
        name = row.name
        return (
            name != wanted[0],
            not name.startswith(wanted[0]),
            len(name),
            row.code[:2],
            depth[row.level],
            row.code,
        )

    return tuple(sorted(filter(holds, industries().values()), key=rank)[:limit])


def _is_name(rest: str, section: Industry) -> bool:
    """Whether text after a lone letter is something else than the section's own name (``K歌厅``)."""
    return unicodedata.normalize("NFKC", section.name) != rest


def _unknown_industry(given: str, digits: str, plain: str) -> UnknownIndustry:
    near = _nearest_codes(digits) if digits else ()
    near = near or _nearest_names(re.sub(r"[0-9A-Z]", " ", plain).strip())
    if not near:
        return UnknownIndustry(
            code_given=given,
            hint_zh="请用 `sanxian industry 关键词` 按名称查找代码。",
            hint_en="Find the code by name with `sanxian industry WORDS`.",
        )
    listed = "、".join(f"{row.code} {row.name}" for row in near)
    return UnknownIndustry(
        code_given=given, hint_zh=f"相近的代码：{listed}。", hint_en=f"Nearest codes: {listed}."
    )


def _nearest_codes(digits: str) -> tuple[Industry, ...]:
    """Up to five codes one edit away; a lost leading zero first, then those that share most of the front."""

    def rank(row: Industry) -> tuple[object, ...]:
        shared = next(
            (i for i, (a, b) in enumerate(zip(digits, row.code, strict=False)) if a != b), len(digits)
        )
        return (row.code != f"0{digits}", len(row.code) != len(digits), -shared, row.code)

    near: Iterable[Industry] = (
        row for row in industries().values() if row.level != "section" and _one_edit(digits, row.code)
    )
    return tuple(sorted(near, key=rank)[:5])


def _nearest_names(words: str) -> tuple[Industry, ...]:
    if found := search_industries(words, limit=5):
        return found
    by_name = {row.name: row for row in industries().values()}  # of two levels of one name, the class
    return tuple(by_name[name] for name in difflib.get_close_matches(words, by_name, n=5, cutoff=0.5))


def _one_edit(a: str, b: str) -> bool:
    """Whether one digit changed, added, dropped, or two neighbours swapped, turns ``a`` into ``b``."""
    front = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    x, y = a[front:], b[front:]
    return x[1:] == y[1:] or x[1:] == y or x == y[1:] or (x[:2] == y[1::-1] and x[2:] == y[2:])


# --- files -------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text("utf-8"))

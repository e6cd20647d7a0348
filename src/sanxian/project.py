"""Project files: what a person writes about a project, checked, in canonical units, or refused.

One reader for YAML and JSON, for the command line, the server and batches. Nothing is guessed: a value that
can be read in one way only is taken and said so in a notice, every other is a problem. All problems of a
project are reported at once; a single one keeps its own code. The format is ``docs/reference/project-format.md``.
"""

from __future__ import annotations

import difflib
import json
import math
import re
import unicodedata
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

import yaml

from sanxian import data, geometry
from sanxian.data import FactDef
from sanxian.errors import (
    BadProject,
    CoarseIndustry,
    FactConflict,
    FactRange,
    FactType,
    FactUnit,
    ProjectNotFound,
    SanxianError,
    UnknownFact,
    UsageError,
)
from sanxian.geometry import Footprint, Region
from sanxian.model import FactValue, Notice, Paper, Part, Project

MAX_YAML_BYTES: Final = 1 << 20  # YAML is parsed slowly; footprints of any size belong in files beside it
MAX_JSON_BYTES: Final = 32 << 20
MAX_TEXT: Final = 10_000  # characters of a name or a text
MAX_LISTED: Final = 12  # values named in one message

_PROJECT_KEYS: Final = ("id", "name", "proponent", "nature", "industry", "parts", "facts", "papers")
_PLACES: Final = ("file", "geojson", "wkt", "point", "corners")
_PART_KEYS: Final = ("role", "name", "crs", "layer", "encoding", "shape", *_PLACES)
_PAPER_KEYS: Final = ("type", "number", "issuer", "date", "held")
_SHAPES: Final = ("point", "line", "polygon")

_YES: Final = frozenset(("是", "true", "yes"))
_NO: Final = frozenset(("否", "false", "no"))
_NUMBER: Final = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(\D.*)?", re.DOTALL)


# --- reading ---------------------------------------------------------------------------------


def read_project(path: str | Path, *, region: Region | None = None) -> Project:
    """Project described by a YAML or JSON file.

    Parameters
    ----------
    path : str or Path
        UTF-8 (with or without BOM), UTF-16 with BOM or GB18030.
    region : Region, optional
        Region of the edition, which sharpens what is said about coordinates.

    Raises
    ------
    InputError
        ``PROJECT_*``, ``FACT_*``, ``FOOTPRINT_*`` or ``CRS_*`` for a single problem; ``PROJECT_INVALID`` listing
        all of them when there are several.
    """
    path = Path(path)
    document, notices = read_document(path)
    project = project_from_mapping(document, base=path.parent, source=path.name, region=region)
    return replace(project, notices=(*notices, *project.notices))


def read_document(path: str | Path) -> tuple[Mapping[str, object], tuple[Notice, ...]]:
    """What a project file says, unchecked, and how it was read.

    Raises
    ------
    ProjectNotFound
        There is no such regular file, or it may not be read.
    BadProject
        It is too large, its text or syntax is broken, a key stands twice, or it is not one mapping.
    """
    path = Path(path)
    source = path.name
    try:
        if not path.is_file():
            reason = {"zh": "不存在或不是普通文件", "en": "it does not exist or is not a regular file"}
            raise ProjectNotFound(source=source, reason=reason)
        with path.open("rb") as file:
            content = file.read(MAX_JSON_BYTES + 1)
    except OSError as error:
        raise ProjectNotFound(source=source, reason=error.strerror or type(error).__name__) from error
    return parse_document(content, source)


def parse_document(content: bytes, source: str) -> tuple[Mapping[str, object], tuple[Notice, ...]]:
    """What the bytes of a project file say, unchecked, and how they were read; raises :class:`BadProject`."""
    text, notices = _decode(content, source)
    return _parse(text, source), notices


def project_from_mapping(
    obj: object,
    *,
    base: Path | None = None,
    source: str = "inline",
    region: Region | None = None,
    footprint: Footprint | None = None,
) -> Project:
    """Project described by a parsed document.

    Parameters
    ----------
    obj : mapping
        As in ``docs/reference/project-format.md``.
    base : Path, optional
        Folder that ``file`` of a part is relative to. Without it no part may name a file: a document from
        the network must not make us read our own disk.
    source : str, default "inline"
        Name used in messages; never a path.
    region : Region, optional
        Region of the edition.
    footprint : Footprint, optional
        Where the project is, when it was read already; then ``obj`` has no ``parts``.

    Raises
    ------
    InputError
        As :func:`read_project`.
    """
    log = _Log(source)
    if not isinstance(obj, Mapping):
        raise _not_a_mapping(source)
    document = _known_keys(log, obj, _PROJECT_KEYS, {"zh": "项目", "en": "the project"})
    words = {key: _text(log, document.get(key), key) for key in ("id", "name", "proponent")}
    facts = _facts_of_project(log, document)
    parts = _parts(log, document.get("parts"), base, region, footprint)
    papers = _papers(log, document.get("papers"))
    log.raise_problems()
    nature, industries = facts.pop("nature", None), facts.pop("industry", ())
    return Project(
        parts=parts,
        nature=nature if isinstance(nature, str) else None,
        industries=industries if isinstance(industries, tuple) else (),
        facts=MappingProxyType(dict(sorted(facts.items()))),
        papers=papers,
        notices=tuple(dict.fromkeys(log.notices)),
        **words,
    )


def check_facts(facts: Mapping[str, object]) -> dict[str, FactValue]:
    """Facts by canonical key, in canonical units and types; unknown ones (``null``) left out.

    Parameters
    ----------
    facts : mapping
        Key, or the exact Chinese label, to a value or ``{"value": …, "unit": …}``.

    Raises
    ------
    InputError
        ``FACT_*`` or ``PROJECT_INDUSTRY*`` for one problem, ``PROJECT_INVALID`` listing several.

    Examples
    --------
    >>> check_facts({"boiler_tph": 20, "fuel": ["天然气"], "装机容量": {"value": 5, "unit": "万kW"}})
    {'boiler_tph': 20.0, 'fuel': ('天然气',), 'installed_power_mw': 50.0}
    """
    log = _Log({"zh": "事实项", "en": "(facts)"})
    checked = _check_facts(log, facts)
    log.raise_problems()
    return checked


def parse_fact(text: str) -> tuple[str, FactValue | None]:
    """Fact typed as ``key=value``, for example ``boiler_tph=35t/h`` or ``fuel=煤,天然气``.

    Returns
    -------
    key : str
        Canonical key; the Chinese label may be typed.
    value : FactValue or None
        Canonical; ``None`` when nothing stands after the sign: the fact is not known.

    Raises
    ------
    UsageError
        There is no ``=``.
    InputError
        ``FACT_*``.

    Examples
    --------
    >>> parse_fact("boiler_tph=35t/h"), parse_fact("fuel=煤,天然气")
    (('boiler_tph', 35.0), ('fuel', ('天然气', '煤')))
    """
    name, sign, value = text.replace("＝", "=", 1).partition("=")
    if not sign:
        zh, en = f"“{_shown(text)}”应写成 事实项=值", f"“{_shown(text)}” should be fact=value"
        raise UsageError(reason={"zh": zh, "en": en})
    log = _Log("")
    fact = _definition(log, name)
    return fact.key, _fact_value(log, fact, value)


# --- problems and notices ----------------------------------------------------------------------


@dataclass(slots=True)
class _Log:
    """Problems and notices of one document, in the order of its reading."""

    source: str | dict[str, str]
    problems: list[SanxianError] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        try:
            yield
        except SanxianError as error:
            self.problems.append(error)

    def problem(self, zh: str, en: str) -> None:
        self.problems.append(BadProject(source=self.source, reason={"zh": zh, "en": en}))

    def notice(self, code: str, zh: str, en: str) -> None:
        self.notices.append(Notice(code=code, zh=zh, en=en))

    def raise_problems(self) -> None:
        if len(self.problems) > 1:
            raise BadProject(
                source=self.source,
                reason={
                    "zh": f"共 {len(self.problems)} 处问题：" + _numbered(self.problems, "zh-CN"),
                    "en": f"{len(self.problems)} problems:" + _numbered(self.problems, "en"),
                },
                problems=tuple(self.problems),
            )
        if self.problems:
            raise self.problems[0]


def _numbered(problems: Sequence[SanxianError], lang: str) -> str:
    """List problems a line each; one of the document itself without the sentence around its reason."""
    lines = []
    for n, error in enumerate(problems, 1):
        reason = error.fields.get("reason")
        if isinstance(error, BadProject) and isinstance(reason, dict):
            words = reason["en" if lang == "en" else "zh"]
        else:
            words = f"[{error.code}] {error.text(lang)}"
        lines.append(f"\n  {n}. {words.strip()}")
    return "".join(lines).rstrip("。.")  # the sentence around the list ends it


def _not_a_mapping(source: str) -> BadProject:
    reason = {
        "zh": "最外层应为“键: 值”（映射），如 name、parts、facts",
        "en": "its outermost level must be a mapping with keys such as name, parts, facts",
    }
    return BadProject(source=source, reason=reason)


def _known_keys(
    log: _Log, obj: Mapping[Any, object], known: Sequence[str], where: Mapping[str, str]
) -> dict[str, object]:
    """Return the entries whose key is known; each other is a problem that names the nearest one."""
    entries: dict[str, object] = {}
    for key, value in obj.items():
        if isinstance(key, str) and key in known:
            entries[key] = value
            continue
        near = difflib.get_close_matches(str(key), known, n=1)
        hint_zh = f"，是否为 {near[0]}" if near else f"，可用：{'、'.join(known)}"
        hint_en = f"; did you mean {near[0]}" if near else f"; known: {', '.join(known)}"
        if key == "as_of":
            hint_zh = "；研判日期不属于项目，请用 --as-of 给出"
            hint_en = "; the date of the screening is no part of the project, pass --as-of"
        log.problem(
            f"{where['zh']}中的键“{_shown(key)}”不认识{hint_zh}",
            f"unknown key “{_shown(key)}” in {where['en']}{hint_en}",
        )
    return entries


def _text(log: _Log, value: object, where: str) -> str:
    """Return a name; a whole number is what YAML makes of a bare code and is taken as text."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and len(value) <= MAX_TEXT:
        return unicodedata.normalize("NFC", value).strip()
    log.problem(
        f"{where} 应为不超过 {MAX_TEXT} 字的文字，而不是 {_shown(value)}",
        f"{where} must be text of at most {MAX_TEXT} characters, not {_shown(value)}",
    )
    return ""


def _shown(value: object) -> str:
    """Return a value as it is quoted in a message: short, on one line."""
    text = value if isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}…"


# --- text, YAML, JSON --------------------------------------------------------------------------


def _decode(content: bytes, source: str) -> tuple[str, tuple[Notice, ...]]:
    if len(content) > MAX_JSON_BYTES:
        raise _too_large(source, MAX_JSON_BYTES)
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for name in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if name != "gb18030":
            return text, ()
        notice = Notice(
            code="PROJECT_ENCODING",
            zh=f"{source} 不是 UTF-8，已按 GB18030 读取；如有乱码请另存为 UTF-8。",
            en=f"{source} is not UTF-8 and was read as GB18030; save it as UTF-8 if characters look wrong.",
        )
        return text, (notice,)
    reason = {"zh": "文字编码既不是 UTF-8 也不是 GB18030", "en": "its text is neither UTF-8 nor GB18030"}
    raise BadProject(source=source, reason=reason)


def _too_large(source: str, limit: int) -> BadProject:
    reason = {
        "zh": f"文件超过 {limit >> 20} MiB；请把用地范围放在单独的文件里，用 file 引用",
        "en": f"it exceeds {limit >> 20} MiB; keep the footprint in a file of its own and name it with “file”",
    }
    return BadProject(source=source, reason=reason)


def _parse(text: str, source: str) -> Mapping[str, object]:
    """Return the mapping in a text. JSON when it looks like it; YAML may begin with a brace as well."""
    document: object
    try:
        if text.lstrip()[:1] in ("{", "["):
            try:
                document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
            except json.JSONDecodeError:
                if source.lower().endswith(".json"):
                    raise
                document = _yaml(text, source)
        else:
            document = _yaml(text, source)
    except yaml.YAMLError as error:
        raise _syntax(source, *_yaml_words(error)) from error
    except RecursionError as error:
        raise _syntax(source, "嵌套过深", "it is nested too deeply") from error
    except ValueError as error:  # JSON syntax, a number with thousands of digits
        raise _syntax(source, f"语法有误（{error}）", f"syntax error ({error})") from error
    if not isinstance(document, Mapping):
        raise _not_a_mapping(source)
    return document


def _syntax(source: str, zh: str, en: str) -> BadProject:
    return BadProject(source=source, reason={"zh": zh, "en": en})


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"重复的键 / duplicate key: {_shown(key)}")
        found[key] = value
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} 不是数 / is no number")


def _yaml(text: str, source: str) -> object:
    if len(text) > MAX_YAML_BYTES:
        raise _too_large(source, MAX_YAML_BYTES)
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _yaml_words(error: yaml.YAMLError) -> tuple[str, str]:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or type(error).__name__
    if mark is None:
        return f"YAML 语法有误（{problem}）", f"YAML syntax error ({problem})"
    line = mark.line + 1
    return f"第 {line} 行附近有误（{problem}）", f"error near line {line} ({problem})"


class _Loader(yaml.SafeLoader):
    """Safe YAML, the plain part of it.

    No aliases (a few lines of them can stand for gigabytes), no key twice, and scalars as in YAML 1.2: in the
    older rules ``0111`` is the number 73, ``12:30`` is 750 and ``no`` is false, which turns codes and answers
    into something nobody wrote. Dates stay text; who wants a date reads one.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012, as PyYAML has it

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            problem = "不允许使用别名 * / aliases are not allowed"
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # of PyYAML's stubs
            raise yaml.composer.ComposerError(None, None, problem, mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                what = (
                    "重复的键 / duplicate key" if isinstance(key, Hashable) else "键不是文字 / key is no text"
                )
                problem = f"{what}: {_shown(key)}"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|(?:0|[1-9][0-9]*)(?=[eE]))(?:[eE][-+]?[0-9]+)?$"
    ),
    list("-+.0123456789"),
)


# --- facts ---------------------------------------------------------------------------------------


def _facts_of_project(log: _Log, document: Mapping[str, object]) -> dict[str, FactValue]:
    """Return the facts of a document; ``nature`` and ``industry`` may stand beside or among them."""
    stated = document.get("facts")
    if stated is not None and not isinstance(stated, Mapping):
        log.problem("facts 应为“事实项: 值”", "facts must be a mapping of fact to value")
        stated = None
    checked = _check_facts(log, stated or {})
    for key in ("nature", "industry"):
        with log.collecting():
            fact = data.fact(key)
            value = _fact_value(log, fact, document.get(key))
            if value is not None:
                _add(checked, fact, value)
    return checked


def _check_facts(log: _Log, facts: Mapping[Any, object]) -> dict[str, FactValue]:
    checked: dict[str, FactValue] = {}
    for key, given in facts.items():
        with log.collecting():
            fact = _definition(log, key)
            value = _fact_value(log, fact, given)
            if value is not None:
                _add(checked, fact, value)
    return checked


def _add(checked: dict[str, FactValue], fact: FactDef, value: FactValue) -> None:
    before = checked.setdefault(fact.key, value)
    if before != value:
        raise FactConflict(key=fact.key, label=fact.zh, first=_shown(before), second=_shown(value))


def _definition(log: _Log, key: object) -> FactDef:
    """Return the fact meant by a key or by its exact Chinese label."""
    known = data.facts()
    name = _plain(key) if isinstance(key, str) else ""
    if name in known:
        return known[name]
    if name.startswith(data.MATTER):
        with suppress(KeyError):
            return data.fact(name)
    labels = {_plain(fact.zh): fact for fact in known.values()}
    if name in labels:
        fact = labels[name]
        log.notice(
            "FACT_LABEL",
            f"“{fact.zh}”按事实项 {fact.key} 读取。",
            f"“{fact.zh}” was read as the fact {fact.key}.",
        )
        return fact
    keys = {k.casefold(): fact for k, fact in known.items()} | labels
    near = [keys[found] for found in difflib.get_close_matches(name.casefold(), keys, n=3, cutoff=0.5)]
    unique = list(dict.fromkeys(near))
    zh, en = (("、", "相近的是 {}。"), (", ", "Nearest: {}. "))
    raise UnknownFact(
        key=_shown(key),
        hint_zh=zh[1].format(zh[0].join(f"{f.key}（{f.zh}）" for f in unique)) if unique else "",
        hint_en=en[1].format(en[0].join(f.key for f in unique)) if unique else "",
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _fact_value(log: _Log, fact: FactDef, given: object) -> FactValue | None:
    """Return the canonical value of a fact, ``None`` when it is not known."""
    unit: object = None
    if isinstance(given, Mapping):
        odd = [key for key in given if key not in ("value", "unit")]
        if odd or "value" not in given:
            raise _wrong_type(
                fact, given, '值，或 {"value": 值, "unit": 单位}', 'a value, or {"value": …, "unit": …}'
            )
        unit = given.get("unit")
        given = given["value"]
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if fact.type == "number":
        return _number(log, fact, given, unit)
    if unit is not None:
        raise _wrong_type(fact, f"{given} {unit}", "不带单位的值", "a value without unit")
    if fact.key == "industry":
        return _industries(log, given)
    return _READ[fact.type](fact, given)


def _wrong_type(fact: FactDef, value: object, expected: str, expected_en: str) -> FactType:
    return FactType(
        key=fact.key, label=fact.zh, value=_shown(value), expected=expected, expected_en=expected_en
    )


def _number(log: _Log, fact: FactDef, given: object, unit: object) -> float:
    wrong = _wrong_type(fact, given, f"数值（单位 {fact.unit}）", f"a number (in {fact.unit})")
    said_by_text = isinstance(given, str)
    if isinstance(given, str):
        match = _NUMBER.fullmatch(_plain(given))
        if match is None or (match[2] and unit is not None):
            raise wrong
        given, unit = float(match[1]), match[2] or unit
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise wrong
    if unit is not None and not isinstance(unit, str):
        raise wrong
    try:
        number = float(given)
    except OverflowError:
        raise wrong from None
    if not math.isfinite(number):
        raise wrong
    value = number if unit is None else _converted(fact, number, unit)
    low, high = fact.range
    if (low is not None and value < low) or (high is not None and value > high):
        stated = f"{number:.15g} {unit or fact.unit}"
        raise FactRange(
            key=fact.key, label=fact.zh, value=stated, range=_range_words(low, high), unit=fact.unit
        )
    if unit is not None and value != number:
        zh, en = "由 {} {} 换算为 {} {}。", "converted from {} {} to {} {}."
    elif said_by_text and unit is None:
        zh, en = "的值是文字“{0}”，已按数值 {0} {3} 读取。", "is the text “{0}”, read as the number {0} {3}."
    else:
        return value
    shown = (f"{number:.15g}", unit, f"{value:.15g}", fact.unit)
    log.notice("FACT_READ", f"{fact.key}（{fact.zh}）{zh.format(*shown)}", f"{fact.key} {en.format(*shown)}")
    return value


def _converted(fact: FactDef, number: float, unit: str) -> float:
    if data.unit_name(unit) == fact.unit:
        return number
    try:
        return data.convert(number, unit, fact.unit)
    except FactUnit:
        units = ", ".join(data.units_like(fact.unit))
        raise FactUnit(unit=unit, wanted=f"{fact.key} {fact.unit}", units=units) from None


def _range_words(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"≥ {low:.15g}" if low is not None else f"≤ {high:.15g}"
    return f"{low:.15g}–{high:.15g}"


def _bool(fact: FactDef, given: object) -> bool:
    if isinstance(given, bool):
        return given
    word = _plain(given).casefold() if isinstance(given, str) else ""
    if word in _YES or word in _NO:
        return word in _YES
    raise _wrong_type(fact, given, "是或否（true 或 false）", "true or false")


def _date(fact: FactDef, given: object) -> date:
    day = _day(given)
    if day is None:
        raise _wrong_type(fact, given, "日期，如 2026-09-01", "a date such as 2026-09-01")
    return day


def _day(given: object) -> date | None:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    if isinstance(given, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", _plain(given), re.ASCII):
        try:
            return date.fromisoformat(_plain(given))
        except ValueError:
            return None
    return None


def _words(fact: FactDef, given: object) -> str:
    if isinstance(given, str) and len(given) <= MAX_TEXT:
        return unicodedata.normalize("NFC", given).strip()
    raise _wrong_type(fact, given, "文字", "text")


def _enum(fact: FactDef, given: object) -> str:
    if isinstance(given, str) and (value := _listed(fact, given)) is not None:
        return value
    raise _not_listed(fact, given)


def _set(fact: FactDef, given: object) -> tuple[str, ...]:
    """Return the members, sorted. An empty list states that there is none; it is not "unknown"."""
    if isinstance(given, str):
        given = [word for word in re.split("[,，、;；]", given) if word.strip()]
    if not isinstance(given, (list, tuple, set, frozenset)):
        raise _wrong_type(
            fact, given, f"列表：{_some(fact.values, '、')}", f"a list of {_some(fact.values, ', ')}"
        )
    members = set()
    for member in given:
        value = _listed(fact, member) if isinstance(member, str) else None
        if value is None:
            raise _not_listed(fact, member)
        members.add(value)
    return tuple(sorted(members))


def _listed(fact: FactDef, given: str) -> str | None:
    """Return the value as the vocabulary writes it, whatever the width and case of its letters."""
    if not fact.values:
        return given.strip()
    return {_plain(value).casefold(): value for value in fact.values}.get(_plain(given).casefold())


def _not_listed(fact: FactDef, given: object) -> FactType:
    near = difflib.get_close_matches(str(given), fact.values, n=1, cutoff=0.4)
    zh, en = (f"以下之一：{_some(fact.values, '、')}", f"one of {_some(fact.values, ', ')}")
    if near:
        zh, en = f"{zh}（最接近“{near[0]}”）", f"{en} (nearest: “{near[0]}”)"
    return _wrong_type(fact, given, zh, en)


def _some(values: Sequence[str], joint: str) -> str:
    return joint.join(values[:MAX_LISTED]) + (f"{joint}…" if len(values) > MAX_LISTED else "")


_READ: Final[Mapping[str, Callable[[FactDef, object], FactValue]]] = MappingProxyType(
    {"bool": _bool, "date": _date, "text": _words, "enum": _enum, "set": _set}
)


# --- industries ------------------------------------------------------------------------------------


def _industries(log: _Log, given: object) -> tuple[str, ...]:
    """Return the classes (小类) stated, in their order."""
    if isinstance(given, str):  # several in one text; names hold commas too, so each must begin with a code
        given = re.split(r"[,，;；、](?=\s*[A-Ta-t]?\d)", given)
    items = given if isinstance(given, (list, tuple)) else [given]
    codes = []
    for item in items:
        if isinstance(item, bool) or not isinstance(item, (str, int)):
            fact = data.fact("industry")
            raise _wrong_type(fact, item, "GB/T 4754-2017 代码", "a GB/T 4754-2017 code")
        codes.append(_industry(log, str(item)))
    return tuple(dict.fromkeys(codes))


def _industry(log: _Log, text: str) -> str:
    """Return the class meant; a division or group is kept and told, a section says too little."""
    code = data.industry_code(text)
    name = _plain(re.sub(r"^[\sA-Za-z]*\d+[\s:、.-]*", "", _plain(text)))
    official = data.industry_name(code)
    if name and name.upper() not in (_plain(official).upper(), code):
        log.notice(
            "PROJECT_INDUSTRY_NAME",
            f"行业代码 {code} 的名称是“{official}”，与所写“{_shown(name)}”不同；按代码判定，请核对。",
            f"Industry {code} is “{official}”, not “{_shown(name)}” as written; the code counts, check it.",
        )
    table = data.industries()
    if table[code].level == "class":
        return code
    classes = [
        row for row in table.values() if row.level == "class" and data.industry_matches(row.code, code)
    ]
    if len(classes) > 1:
        listed = _some([f"{row.code} {row.name}" for row in classes], "、")
        if table[code].level == "section":
            raise CoarseIndustry(code_given=text, classes=listed)
        log.notice(
            "PROJECT_INDUSTRY_COARSE",
            f"行业代码 {code} 不是小类；只管其中某些小类的条款将待补充。请尽量给小类（4 位）：{listed}。",
            f"Industry {code} is not a class; clauses on some of its classes stay open. Give a 4-digit class: {listed}.",
        )
        return code
    only = classes[0].code
    log.notice(
        "PROJECT_INDUSTRY_CLASS",
        f"行业代码 {code} 只有一个小类，按 {only} 读取。",
        f"Industry {code} has a single class and was read as {only}.",
    )
    return only


# --- parts -----------------------------------------------------------------------------------------


def _parts(
    log: _Log, stated: object, base: Path | None, region: Region | None, footprint: Footprint | None
) -> tuple[Part, ...]:
    if footprint is not None:
        if stated is not None:
            log.problem(
                "已另给用地范围，项目中不应再有 parts",
                "the place is given already; parts must not say it again",
            )
        log.notices += footprint.notices
        return footprint.parts
    if not isinstance(stated, list | tuple) or not stated:
        log.problem(
            "缺少 parts：至少要有一个工程组成及其位置", "parts is missing: at least one part with its place"
        )
        return ()
    parts: list[Part] = []
    for number, item in enumerate(stated, 1):
        with log.collecting(), _naming(number):
            found = _part(log, number, item, base, region)
            parts += found.parts
            log.notices += found.notices
    return tuple(parts)


@contextmanager
def _naming(number: int) -> Iterator[None]:
    """Say which part an error is about, where the footprint readers only know that it was typed in."""
    try:
        yield
    except SanxianError as error:
        if error.fields.get("source") in ("inline", "point"):
            error.fields["source"] = {"zh": f"第 {number} 个工程组成", "en": f"Part {number}"}
        raise


def _part(log: _Log, number: int, item: object, base: Path | None, region: Region | None) -> Footprint:
    zh, en = f"第 {number} 个工程组成", f"part {number}"

    def wrong(reason_zh: str, reason_en: str) -> BadProject:
        return BadProject(source=log.source, reason={"zh": f"{zh}{reason_zh}", "en": f"{en} {reason_en}"})

    if not isinstance(item, Mapping):
        raise wrong("应为“键: 值”，如 role、file", "must be a mapping with keys such as role, file")
    entries = _known_keys(log, item, _PART_KEYS, {"zh": zh, "en": en})
    places = [key for key in _PLACES if entries.get(key) is not None]
    if len(places) != 1:
        given = "、".join(places) or "0"
        raise wrong(
            f"应恰有 file、geojson、wkt、point、corners 之一，现有：{given}",
            f"needs exactly one of file, geojson, wkt, point, corners; it has: {given}",
        )
    words = {
        k: _text(log, entries.get(k), f"{en}: {k}")
        for k in ("role", "name", "crs", "layer", "encoding", "shape")
    }
    if words["shape"] not in ("", *_SHAPES):
        raise wrong("的 shape 应为 point、line 或 polygon", "has a shape that is not point, line or polygon")
    for key, of in (("layer", ("file",)), ("encoding", ("file",)), ("shape", ("file", "corners"))):
        if words[key] and places[0] not in of:
            raise wrong(
                f"的 {key} 只用于 {'、'.join(of)}", f"has {key}, which goes with {', '.join(of)} only"
            )
    place = _Place(
        entries[places[0]], {k: v or None for k, v in words.items() if k != "name"}, base, region, wrong
    )
    found = _PLACE_READERS[places[0]](place)
    if words["name"]:
        found = replace(found, parts=tuple(replace(part, name=words["name"]) for part in found.parts))
    return found


class _Wrong(Protocol):
    def __call__(self, reason_zh: str, reason_en: str, /) -> BadProject: ...


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one part is, as stated, and what its reader needs besides."""

    value: Any
    words: Mapping[str, Any]
    base: Path | None
    region: Region | None
    wrong: _Wrong

    @property
    def options(self) -> dict[str, Any]:
        """What every footprint reader takes."""
        return {"crs": self.words["crs"], "role": self.words["role"], "region": self.region}


def _from_file(place: _Place) -> Footprint:
    if not isinstance(place.value, str) or "\0" in place.value:
        raise place.wrong("的 file 应为文件路径", "has a file that is no path")
    if place.base is None:
        raise place.wrong(
            "用 file 引用文件，而这里不能读取文件；请直接给出 geojson",
            "names a file, and none can be read from here; give geojson instead",
        )
    path = place.base / place.value
    if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe or a device could block for ever
        raise place.wrong("的 file 不是普通文件", "names something that is not a regular file")
    extra = {key: place.words[key] for key in ("layer", "encoding", "shape")}
    return geometry.read_footprint(path, **place.options, **extra)


def _from_geojson(place: _Place) -> Footprint:
    value = place.value
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise place.wrong("的 geojson 不是 JSON", "has geojson that is no JSON") from error
    return geometry.footprint_from_geojson(value, **place.options)


def _from_wkt(place: _Place) -> Footprint:
    if not isinstance(place.value, str):
        raise place.wrong("的 wkt 应为文字", "has wkt that is no text")
    return geometry.footprint_from_wkt(place.value, **place.options)


def _from_point(place: _Place) -> Footprint:
    value = re.split("[,，]", place.value) if isinstance(place.value, str) else place.value
    if not isinstance(value, (list, tuple)) or len(value) != 2 or any(isinstance(v, bool) for v in value):
        raise place.wrong("的 point 应为 [经度, 纬度]", "has a point that is not [lon, lat]")
    if not all(isinstance(v, (int, float, str)) for v in value):
        raise place.wrong("的 point 应为 [经度, 纬度]", "has a point that is not [lon, lat]")
    return geometry.footprint_from_point(value[0], value[1], **place.options)


def _from_corners(place: _Place) -> Footprint:
    value = place.value
    if not isinstance(value, str):
        rows = isinstance(value, (list, tuple)) and all(isinstance(row, (list, tuple)) for row in value)
        if not rows:
            raise place.wrong(
                "的 corners 应为表格文字或行的列表", "has corners that are neither text nor rows"
            )
    return geometry.footprint_from_corners(value, **place.options, shape=place.words["shape"])


_PLACE_READERS: Final[Mapping[str, Callable[[_Place], Footprint]]] = MappingProxyType(
    {
        "file": _from_file,
        "geojson": _from_geojson,
        "wkt": _from_wkt,
        "point": _from_point,
        "corners": _from_corners,
    }
)


# --- papers ------------------------------------------------------------------------------------------


def _papers(log: _Log, stated: object) -> tuple[Paper, ...]:
    if stated is None:
        return ()
    if not isinstance(stated, (list, tuple)):
        log.problem("papers 应为文件的列表", "papers must be a list of documents")
        return ()
    papers = []
    for number, item in enumerate(stated, 1):
        if not isinstance(item, Mapping):
            log.problem(
                f"第 {number} 份文件应为“键: 值”，如 type、number",
                f"paper {number} must be a mapping with keys such as type, number",
            )
            continue
        papers.append(_paper(log, number, item))
    return tuple(papers)


def _paper(log: _Log, number: int, item: Mapping[Any, object]) -> Paper:
    zh, en = f"第 {number} 份文件", f"paper {number}"
    entries = _known_keys(log, item, _PAPER_KEYS, {"zh": zh, "en": en})
    words = {key: _text(log, entries.get(key), f"{en}: {key}") for key in ("type", "number", "issuer")}
    if not words["type"]:
        log.problem(f"{zh}缺少 type（文件类型）", f"{en} lacks its type")
    day, held = entries.get("date"), entries.get("held", True)
    if day is not None and _day(day) is None:
        log.problem(
            f"{zh}的 date 应为日期，如 2026-09-01，而不是 {_shown(day)}",
            f"{en}: date must be like 2026-09-01, not {_shown(day)}",
        )
    if not isinstance(held, bool):
        log.problem(f"{zh}的 held 应为 true 或 false", f"{en}: held must be true or false")
        held = True
    if held and not (words["number"] and day):
        log.notice(
            "PAPER_INCOMPLETE",
            f"{zh}（{words['type']}）没有写明文号和日期，不能作为依据。",
            f"{en[0].upper()}{en[1:]} ({words['type']}) lacks number or date and is no evidence.",
        )
    return Paper(**words, date=_day(day), held=held)

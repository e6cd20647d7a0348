"""A rule as one sentence of a controlled language, in Chinese or English, and the sentence read back.

A reviewer edits the sentence, not the JSON. So every construct of the rule format has one wording per
language, and what is written reads back as exactly the same rule: ``quote``, ``parts``, ``review``, ``id``
and ``note`` stay outside, they are not said in the sentence. The reader takes the synonyms, the half-width
punctuation and the spacing people use, and stops with the place at whatever it does not understand; it never
guesses. The wording is in ``locale/sentences.*.toml``, both directions from the same templates, and is
explained in docs/reference/clause-sentences.md.
"""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from sanxian import data
from sanxian.errors import BadRule, BadSentence, UnknownIndustry
from sanxian.i18n import LANGS, language, t
from sanxian.model import Effect, Outcome, Strength
from sanxian.rules import check
from sanxian.rules.language import STATE_LEVELS

Atom: TypeAlias = Mapping[str, Any]


def sentence(rule: Mapping[str, Any], lang: str = "zh-CN") -> str:
    """Return a rule as one sentence of the controlled language.

    Parameters
    ----------
    rule : mapping
        One rule as JSON. Its ``quote``, ``parts``, ``review``, ``id`` and ``note`` are not said.
    lang : str, default ``zh-CN``
        Language tag; ``en…`` is English, all others Chinese. Names of industries and values of facts
        exist in Chinese only and stay so.

    Returns
    -------
    str
        One line; :func:`read_sentence` gives the same rule back.

    Raises
    ------
    BadRule
        The rule does not follow the format.

    Examples
    --------
    >>> sentence(
    ...     {"effect": "FORBID", "when": {"distance": "river:黄河干流", "op": "<", "value": 1, "unit": "km"}}
    ... )
    '禁止所有项目，条件是距离“黄河干流”（river）小于 1 km。'
    """
    try:
        check(rule)
    except (RecursionError, OverflowError) as error:
        raise BadRule(where="rule", reason=_too_much(error)) from None
    lang = language(lang)
    out = _fill("head", lang, {name: slot.say(rule, lang) for name, slot in _HEAD.items()})
    for name in _PARTS:
        value = rule.get(name)
        if value is not None:
            out += _fill(f"part.{name}", lang, {})
            out += _say_day(value, lang) if name == "until" else _say_condition(value, lang)
    return out + _fill("stop", lang, {})


def read_sentence(text: str) -> dict[str, Any]:
    """Return the rule that a sentence of the controlled language states.

    Parameters
    ----------
    text : str
        Chinese or English; which one shows at the first word.

    Returns
    -------
    dict
        The rule as JSON; absent keys are left out, so is the strength ``strict``.

    Raises
    ------
    BadSentence
        The sentence is not understood, wholly and in one way only; says where it stopped and what was
        expected there. Nothing is guessed.

    Examples
    --------
    >>> read_sentence("不得新建 C26 的项目; 除非位于合规园区内")["unless"]
    {'fact': 'inside_compliant_park', 'op': 'is', 'value': True}
    """
    readers = [_Reader(text, lang) for lang in LANGS]
    reader = next((r for r in readers if r.starts()), None)
    if reader is None:
        raise readers[0].error(readers[0].skip(0), _wanted([_Wanted("effect")]))
    rule, starts = reader.rule()
    try:
        check(rule)
    except BadRule as bad:
        part = re.split(r"[.\[]", str(bad.fields["where"]))[0]
        raise reader.error(starts.get(part, 0), bad.fields["reason"]) from bad
    except (RecursionError, OverflowError) as error:
        raise reader.error(0, _too_much(error)) from None
    return rule


# --- words ---------------------------------------------------------------------------------------

_PARTS: Final = ("when", "require", "unless", "until")
_SHORT: Final = (("zh", "zh-CN"), ("en", "en"))  # languages as the fields of an error name them


def _both(key: str, **fields: object) -> dict[str, str]:
    """Return a text in both languages, as errors carry it."""
    return {short: t(f"sentences.{key}", lang, **fields) for short, lang in _SHORT}


def _too_much(error: Exception) -> dict[str, str]:
    """Return what a rule has too much of when its check breaks off."""
    return _both("wrong.deep" if isinstance(error, RecursionError) else "wrong.number_range")


class _Wanted(NamedTuple):
    """Something expected at a place: the name of its text, and the wording it shows."""

    name: str
    shown: str = ""


def _wanted(expected: Iterable[_Wanted]) -> dict[str, str]:
    """Return "here should stand a, b or c" in both languages."""
    texts = {}
    for short, lang in _SHORT:
        names = [t(f"sentences.expected.{e.name}", lang, shown=e.shown) for e in dict.fromkeys(expected)]
        joint = "、" if short == "zh" else ", "
        last = t("sentences.expected.join", lang)
        said = joint.join(names[:-1]) + last + names[-1] if len(names) > 1 else names[0]
        texts[short] = t("sentences.expected.this", lang, expected=said)
    return texts


def _fold(text: str) -> str:
    """Return ``text`` as it is compared, one character for one: half-width, small letters, plain spaces.

    Only the full-width forms are folded: ``10⁵`` must not become ``105``.
    """
    return "".join(map(_fold_one, text))


@lru_cache(maxsize=8192)
def _fold_one(char: str) -> str:
    if "\uff01" <= char <= "\uff5e":
        char = chr(ord(char) - 0xFEE0)
    if char.isspace():
        return " "
    if char in "。\u2212":
        return "." if char == "。" else "-"
    small = char.lower()
    return small if len(small) == 1 else char


@dataclass(frozen=True, slots=True)
class _Words:
    """A literal of a template: any of ``options`` is read, the first is written."""

    options: tuple[str, ...]
    pattern: re.Pattern[str]
    shown: str  # to a reader who has written something else

    @classmethod
    def of(cls, options: Iterable[str]) -> _Words:
        """Return the literal of some wordings; the longest that fits is taken, and no other."""
        found = tuple(options)
        ways = sorted((_fold(option).split() for option in found), key=lambda w: -len("".join(w)))
        shown = next((option.strip() for option in found if option.strip()), "")
        return cls(found, re.compile("|".join(map(_bounded, ways))), shown)


def _bounded(words: Sequence[str]) -> str:
    """Return the expression of one wording; words of Latin letters end where the word ends."""
    expression = r"\s+".join(map(re.escape, words))
    if not words:
        return ""
    before = r"(?<![a-z0-9])" if re.match("[a-z0-9]", words[0]) else ""
    after = r"(?![a-z0-9])" if re.search("[a-z0-9]$", words[-1]) else ""
    return before + expression + after


class _Gap(NamedTuple):
    """A slot of a template."""

    name: str


_Template: TypeAlias = tuple[_Words | _Gap, ...]


@lru_cache(maxsize=1024)
def _template(key: str, lang: str) -> _Template:
    return _compile(t(f"sentences.{key}", lang))


def _compile(text: str) -> _Template:
    tokens: list[_Words | _Gap] = []
    for gap, choice, plain in re.findall(r"\{(\w+)\}|\[([^\]]*)\]|([^\[\]{}]+)", text):
        if gap:
            tokens.append(_Gap(gap))
        else:
            tokens.append(_Words.of([plain] if plain else choice.split("|")))
    return tuple(tokens)


def _fill(key: str, lang: str, fields: Mapping[str, str]) -> str:
    """Return a template written out; an empty slot leaves no double space, a wide bracket needs none."""
    out = ""
    for token in _template(key, lang):
        piece = fields[token.name] if isinstance(token, _Gap) else token.options[0]
        out += piece.removeprefix(" ") if out.endswith((" ", "）")) else piece
    return out if out.strip() else ""


@lru_cache(maxsize=256)
def _words(key: str, lang: str) -> _Words:
    """Return a text that is one choice or one plain wording as a literal."""
    return _Words.of(_expand(_template(key, lang)))


def _expand(template: _Template) -> list[str]:
    """Return every wording of a template without slots, the written one first."""
    ways = [""]
    for token in template:
        if isinstance(token, _Words):
            ways = [way + option for way in ways for option in token.options]
    return ways


# --- names: industries, facts, states, layers, outcomes ---------------------------------------------

_CODE: Final = re.compile(r"[A-Z]?[0-9]{2,4}|[A-Z]")
_EVERY_DIVISION: Final = "各大类"  # of a section; the standard has no English names
_LAYER: Final = re.compile(r"[A-Za-z0-9_-]+")
_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff"
_ISO_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@lru_cache(maxsize=1)
def _layer_labels() -> Mapping[str, Mapping[str, str]]:
    """Return the usual titles of layers and kinds of layers: language to id to title."""
    folder = resources.files("sanxian").joinpath("locale")
    return {lang: tomllib.loads(folder.joinpath(f"layers.{lang}.toml").read_text("utf-8")) for lang in LANGS}


@lru_cache(maxsize=2)
def _fact_words(lang: str) -> Mapping[str, _Words]:
    """Return what each fact is called: its label, with the key where two facts share one."""
    labels = {key: fact.en if lang == "en" else fact.zh for key, fact in data.facts().items()}
    return _called(labels, lang)


@lru_cache(maxsize=2)
def _state_words(lang: str) -> Mapping[str, _Words]:
    labels = {key: state.en if lang == "en" else state.zh for key, state in data.states().items()}
    return _called(labels, lang)


def _called(labels: Mapping[str, str], lang: str) -> Mapping[str, _Words]:
    folded = [_fold(label) for label in labels.values()]
    return {
        key: _Words.of(
            [
                label
                if folded.count(_fold(label)) == 1
                else t("sentences.slot.fact_and_key", lang, fact=label, key=key)
            ]
        )
        for key, label in labels.items()
    }


@lru_cache(maxsize=2)
def _nature_words(lang: str) -> Mapping[str, _Words]:
    return {nature: _words(f"nature.{nature}", lang) for nature in data.natures()}


@lru_cache(maxsize=2)
def _outcome_words(lang: str) -> Mapping[str, _Words]:
    return {name: _Words.of([t(f"outcome.{name}", lang)]) for name in Outcome.__members__}


@lru_cache(maxsize=256)
def _value_words(values: tuple[str, ...]) -> Mapping[str, _Words]:
    return {value: _Words.of([value]) for value in values}


@lru_cache(maxsize=2)
def _effects(lang: str) -> Mapping[tuple[str, str], _Words]:
    return {
        (strength, effect): _words(f"effect.{strength}_{effect}", lang)
        for strength in Strength
        for effect in Effect
    }


# --- saying -----------------------------------------------------------------------------------------

_PAIRS: Final = (("“", "”"), ("「", "」"), ("『", "』"))
_CLOSING: Final = {**dict(_PAIRS), '"': '"'}
_ESCAPES: Final = {"\n": "n", "\r": "r", "\t": "t"}
_UNESCAPED: Final = {v: k for k, v in _ESCAPES.items()} | {c: c for c in '\\"“”「」『』'}
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def _quote(text: str) -> str:
    """Return free text in quotes: a pair it does not hold itself, what cannot be seen written out."""
    pair = next((p for p in _PAIRS if not set(p) & set(text)), _PAIRS[0])
    return pair[0] + "".join(_escape(char, pair) for char in text) + pair[1]


def _escape(char: str, pair: tuple[str, str]) -> str:
    if char == "\\" or char in pair:
        return "\\" + char
    if char in _ESCAPES:
        return "\\" + _ESCAPES[char]
    return f"\\u{{{ord(char):x}}}" if unicodedata.category(char) in _UNSEEN else char


def _say_number(value: float) -> str:
    """Return a number in the shortest digits that read back as the same value."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    digits = repr(value)
    if "e-0" in digits:  # 1e-07 is no way to write a limit
        return format(Decimal(digits), "f")
    return digits


def _say_day(value: object, lang: str) -> str:
    """Return a date; one that is spelt in another ISO form is quoted as it is."""
    if value == "as_of":
        return t("sentences.slot.as_of", lang)
    if isinstance(value, str) and not _ISO_DAY.fullmatch(value):
        return _quote(value)
    day = value if isinstance(value, date) else date.fromisoformat(str(value))
    if lang == "en":
        return date(day.year, day.month, day.day).isoformat()
    return f"{day.year:04}年{day.month}月{day.day}日"


def _say_industry(code: str, lang: str) -> str:  # noqa: ARG001  # names are Chinese in both languages
    if not _CODE.fullmatch(code):
        return _quote(code)
    return f"{code} {data.industry_name(data.industry_code(code))}"


def _say_industries(codes: Sequence[str], lang: str) -> str:
    """Return industries as a list; all divisions of a section are said by its name (制造业各大类)."""
    said: list[str] = []
    place = 0
    while place < len(codes):
        section = _section_at(codes, place)
        said.append(
            f"{section} {data.industry_name(section)}{_EVERY_DIVISION}"
            if section
            else _say_industry(codes[place], lang)
        )
        place += len(_divisions(section)) if section else 1
    return _words("list", lang).options[0].join(said)


def _section_at(codes: Sequence[str], place: int) -> str:
    """Return the section whose divisions, in order, begin at ``place``; ``""`` when none does."""
    row = data.industries().get(codes[place])
    divisions = _divisions(row.section) if row is not None and row.level == "division" else ()
    whole = len(divisions) > 1 and tuple(codes[place : place + len(divisions)]) == divisions
    return row.section if row is not None and whole else ""


@lru_cache(maxsize=32)
def _divisions(section: str) -> tuple[str, ...]:
    return tuple(r.code for r in data.industries().values() if r.level == "division" and r.section == section)


def _every_division(values: Iterable[str]) -> list[str]:
    """Return codes with each ``C*`` written out as the divisions of its section."""
    return [code for value in values for code in (_divisions(value[0]) if value.endswith("*") else (value,))]


def _say_list(values: Sequence[str], say: Callable[[str], str], lang: str) -> str:
    return _words("list", lang).options[0].join(map(say, values))


def _say_target(value: str, lang: str) -> str:
    layer, colon, rest = value.partition(":")
    name = layer if _LAYER.fullmatch(layer) else _quote(layer)
    if not colon:
        label = _layer_labels()[lang].get(layer)
        if label is None:
            return t("sentences.slot.layer", lang) + name
        return _fill("slot.target_named", lang, {"names": label, "layer": name})
    joints = [_words(f"slot.target_{kind}", lang).options[0] for kind in ("or", "and")]
    names = joints[0].join(
        joints[1].join(map(_quote, alternative.split("&"))) for alternative in rest.split("|")
    )
    return _fill("slot.target_named", lang, {"names": names, "layer": name})


def _plain_unit(unit: str) -> bool:
    """Whether a unit needs no quotes: the vocabulary knows it, however it is spelt."""
    return 0 < len(unit) <= _LONGEST_UNIT and unit == unit.strip() and bool(data.units_like(unit))


_LONGEST_UNIT: Final = 16


class _Test(NamedTuple):
    """What may be compared with what in an atom."""

    kind: str  # number, day, value
    ops: tuple[str, ...]
    unit: str = ""  # number: "base" its unit may be left to the vocabulary, "given", "percent", "free"
    base: str = ""  # number: the unit of the vocabulary
    as_of: bool = False  # day: may be the date of the screening
    words: Mapping[str, _Words] = MappingProxyType({})  # value: the vocabulary; empty = any text


_NUMBER_OPS: Final = ("<", "<=", ">", ">=", "==", "!=", "between")
_DAY_OPS: Final = ("<", "<=", ">", ">=", "==")
_FACT_OPS: Final = {
    "enum": ("is", "is_not", "in", "not_in"),
    "text": ("is", "is_not", "in", "not_in"),
    "set": ("has", "has_any", "has_all", "has_none"),
}
_MANY: Final = frozenset(("in", "not_in", "has_any", "has_all", "has_none"))
_ONE: Final = frozenset(("in", "not_in", "has_any"))  # a list of one value has its own wording
_SEVERAL: Final = frozenset(("in", "not_in", "has_none"))  # a longer list may go without its closing words
_GIVEN_UNIT: Final = frozenset(("area", "length", "distance"))


def _test_of(atom: Atom, lang: str) -> _Test:
    """Return the comparison that an atom takes."""
    if "fact" in atom:
        fact = data.facts()[atom["fact"]]
        if fact.type == "number":
            return _Test("number", _NUMBER_OPS, unit="base", base=fact.unit)
        if fact.type == "date":
            return _Test("day", _DAY_OPS, as_of=True)
        words = _nature_words(lang) if fact.key == "nature" else _value_words(fact.values)
        return _Test("value", _FACT_OPS[fact.type], words=words)
    if "state" in atom:
        words = _value_words(data.states()[atom["state"]].values)
        return _Test("value", ("is", "is_not", "in"), words=words)
    if "clause" in atom:
        return _Test("value", ("is", "in"), words=_outcome_words(lang))
    if "date" in atom:
        return _Test("day", _DAY_OPS)
    if "share" in atom:
        return _Test("number", _NUMBER_OPS, unit="percent", base="%")
    return _Test("number", _NUMBER_OPS, unit="given" if _GIVEN_UNIT & set(atom) else "free")


def _say_test(atom: Atom, lang: str) -> str:
    test, op, value = _test_of(atom, lang), str(atom["op"]), atom["value"]
    if test.kind == "day":
        return _fill(f"day.{op}", lang, {"day": _say_day(value, lang)})
    if test.kind == "value":

        def say(one: str) -> str:
            written = test.words[one].options[0] if one in test.words else one
            return written if one in test.words and _plain_value(written) else _quote(one)

        if op in _ONE and len(value) == 1:
            return _fill(f"value.{op}_one", lang, {"one": say(value[0])})
        if op in _MANY:
            return _fill(f"value.{op}", lang, {"many": _say_list(value, say, lang)})
        return _fill(f"value.{op}", lang, {"one": say(value)})
    low, high = value if op == "between" else (0, value)
    limit = _say_number(high) + _say_unit(atom.get("unit"), test, lang)
    return _fill(f"number.{op}", lang, {"low": _say_number(low), "limit": limit})


@lru_cache(maxsize=4096)
def _plain_value(word: str) -> bool:
    """Whether a word of the vocabulary needs no quotes."""
    return not re.search(r"[^\w -]|且|或", word)


def _say_unit(unit: str | None, test: _Test, lang: str) -> str:
    if not unit:
        if test.unit == "percent":
            return _fill("slot.percent", lang, {})
        return _fill("slot.base_unit", lang, {"unit": test.base}) if test.base else ""
    if test.unit == "percent":
        return _fill("slot.base_unit", lang, {"unit": unit})
    if _plain_unit(unit):
        return unit if unit in ("%", "％") else f" {unit}"
    return f" {_quote(unit)}"


def _say_condition(node: Atom, lang: str) -> str:
    """Return a condition; brackets only around what joins several, or is denied."""
    for op in ("all", "any"):
        if op in node:
            members = []
            for member in node[op]:
                joined = any(len(member.get(k, ())) > 1 for k in ("all", "any"))
                said = _say_condition(member, lang)
                members.append(_bracketed(said, lang) if joined else said)
            joint = _words(op, lang).options[0]
            if len(members) > 1:
                return joint.join(members)
            return _words(f"{op}_of", lang).options[0] + _bracketed(members[0], lang)
    if "not" in node:
        inner = node["not"]
        form = _form_of(inner)
        if form is not None and form.deniable:
            return form.say(inner, lang, denied=True)
        return _words("not", lang).options[0] + _bracketed(_say_condition(inner, lang), lang)
    if node.get("fact") and isinstance(node["value"], bool):
        return _say_bool(node, lang)
    form = _form_of(node)
    if form is None:  # no rule that passes its check comes here
        raise BadRule(where="when", reason={"zh": str(node), "en": str(node)})
    return form.say(node, lang)


def _bracketed(said: str, lang: str) -> str:
    return t("sentences.open", lang) + said + t("sentences.close", lang)


def _say_bool(atom: Atom, lang: str) -> str:
    answer, key = ("yes" if atom["value"] else "no"), atom["fact"]
    phrase = _bool_words(lang).get((key, atom["value"]))
    if phrase is not None:
        return phrase.options[0]
    return _fill(f"bool.{answer}", lang, {"fact": _fact_words(lang)[key].options[0]})


@lru_cache(maxsize=2)
def _bool_words(lang: str) -> Mapping[tuple[str, bool], _Words]:
    """Return the facts that are yes or no as phrases; those without one are said by their label."""
    found = {}
    for key, fact in data.facts().items():
        for answer in ("yes", "no") if fact.type == "bool" else ():
            try:
                found[key, answer == "yes"] = _words(f"{answer}.{key}", lang)
            except KeyError:
                continue
    return found


# --- slots and forms: what may stand in a template, said and read ------------------------------------

_Found: TypeAlias = Iterator[tuple[dict[str, Any], int]]


class _Slot(NamedTuple):
    """How a slot is said, and the keys of the atom that it is read as."""

    say: Callable[[Atom, str], str]
    read: Callable[[_Reader, int, Atom], _Found]


def _text_slot(key: str) -> _Slot:
    def read(reader: _Reader, pos: int, _: Atom) -> _Found:
        found = reader.quoted(pos)
        if found is not None:
            yield {key: found[0]}, found[1]

    return _Slot(lambda atom, _: _quote(str(atom[key])), read)


def _role_slot(template: str, nobody: str) -> _Slot:
    def say(atom: Atom, lang: str) -> str:
        role = atom.get("role")
        if not role:
            return _words(f"slot.{nobody}", lang).options[0]
        return _fill(f"slot.{template}", lang, {"text": _quote(str(role))})

    def read(reader: _Reader, pos: int, _: Atom) -> _Found:
        slots = {"text": _text_slot("role")}
        named = list(reader.match(_template(f"slot.{template}", reader.lang), pos, slots, {}))
        if named:
            yield from named
        elif (end := reader.word(pos, _words(f"slot.{nobody}", reader.lang))) is not None:
            yield {}, end

    return _Slot(say, read)


def _target_slot(key: str) -> _Slot:
    def read(reader: _Reader, pos: int, _: Atom) -> _Found:
        found = reader.target(pos)
        if found is not None:
            yield {key: found[0]}, found[1]

    return _Slot(lambda atom, lang: _say_target(atom[key], lang), read)


def _named_slot(key: str, words: Callable[[str], Mapping[str, _Words]]) -> _Slot:
    """Return the slot of a fact or a state: every label that fits the place is tried."""

    def read(reader: _Reader, pos: int, _: Atom) -> _Found:
        for name, label in words(reader.lang).items():
            end = reader.word(pos, label)
            if end is not None:
                yield {key: name}, end

    return _Slot(lambda atom, lang: words(lang)[atom[key]].options[0], read)


def _at_slot() -> _Slot:
    def read(reader: _Reader, pos: int, _: Atom) -> _Found:
        for level in ("any", *STATE_LEVELS):
            end = reader.word(pos, _words(f"at.{level}", reader.lang))
            if end is not None:
                yield {} if level == "any" else {"at": level}, end

    return _Slot(lambda atom, lang: _words(f"at.{atom.get('at') or 'any'}", lang).options[0], read)


def _industries_slot(key: str) -> _Slot:
    def say(atom: Atom, lang: str) -> str:
        return _say_industries(atom[key], lang)

    def read(reader: _Reader, pos: int, _: Atom) -> _Found:
        found = reader.items(pos, reader.industry, "list")
        if found is not None:
            yield {key: _every_division(found[0])}, found[1]

    return _Slot(say, read)


_TEST: Final = _Slot(_say_test, lambda reader, pos, atom: reader.test(pos, atom))


class _Form(NamedTuple):
    """One wording of an atom: ``name`` of its template, its slots, its constant keys, what it needs."""

    name: str
    slots: Mapping[str, _Slot]
    needs: frozenset[str]
    may: frozenset[str] = frozenset()
    fixed: Mapping[str, str] = MappingProxyType({})
    deniable: bool = False

    def say(self, atom: Atom, lang: str, *, denied: bool = False) -> str:
        """Return an atom in this wording, or in the wording of its denial."""
        key = f"{'not_atom' if denied else 'atom'}.{self.name}"
        said = {name: slot.say(atom, lang) for name, slot in self.slots.items()}
        return _fill(key, lang, said).lstrip(" ")


def _form(
    name: str,
    slots: Mapping[str, _Slot],
    needs: str,
    may: str = "",
    *,
    fixed: Mapping[str, str] | None = None,
    deniable: bool = False,
) -> _Form:
    return _Form(name, slots, frozenset(needs.split()), frozenset(may.split()), fixed or {}, deniable)


_WHO: Final = _role_slot("who", "nobody")
_WHOSE: Final = _role_slot("whose", "of_nobody")


def _measured(name: str, key: str, may: str, fixed: Mapping[str, str] | None = None) -> _Form:
    slots = {"whose": _WHOSE, "target": _target_slot(key), "test": _TEST}
    return _form(name, slots, f"{key} op value {' '.join(fixed or ())}", may, fixed=fixed)


_FORMS: Final = (
    _form("fact", {"fact": _named_slot("fact", _fact_words), "test": _TEST}, "fact op value", "unit"),
    _form("matter", {"text": _text_slot("matter")}, "matter", deniable=True),
    _form("matter_number", {"text": _text_slot("matter"), "test": _TEST}, "matter op value", "unit"),
    _form("industry", {"items": _industries_slot("industry")}, "industry", deniable=True),
    _form("catalogue", {"text": _text_slot("catalogue")}, "catalogue", deniable=True),
    _form("in", {"who": _WHO, "target": _target_slot("in")}, "in", "role", deniable=True),
    _form("crosses", {"who": _WHO, "target": _target_slot("crosses")}, "crosses", "role", deniable=True),
    _measured("share", "share", "role unit"),
    _measured("share_project", "share", "role unit", {"of": "project"}),
    _measured("share_zone", "share", "role unit", {"of": "zone"}),
    _measured("area", "area", "role unit"),
    _measured("length", "length", "role unit"),
    _measured("distance", "distance", "role unit"),
    _form(
        "state",
        {"at": _at_slot(), "state": _named_slot("state", _state_words), "test": _TEST},
        "state op value",
        "at",
    ),
    _form("date", {"test": _TEST}, "date op value", fixed={"date": "as_of"}),
    _form("clause", {"text": _text_slot("clause"), "test": _TEST}, "clause op value"),
    _form("document", {"text": _text_slot("document")}, "document", deniable=True),
    _form(
        "document_by",
        {"text": _text_slot("document"), "issuer": _text_slot("issuer")},
        "document issuer",
        deniable=True,
    ),
    _form("duty", {"text": _text_slot("duty")}, "duty"),
    _form("duty_in", {"text": _text_slot("duty"), "phase": _text_slot("phase")}, "duty phase"),
)


def _form_of(atom: Atom) -> _Form | None:
    """Return the wording whose slots take every key of an atom; empty keys count as absent."""
    keys = {k for k, v in atom.items() if v is not None and v != ""}
    for form in _FORMS:
        if form.needs <= keys <= form.needs | form.may and all(atom[k] == v for k, v in form.fixed.items()):
            return form
    return None


# --- the head: effect, strength, subject -------------------------------------------------------------


def _say_effect(rule: Atom, lang: str) -> str:
    strength = Strength(rule.get("strength") or "strict")
    return _effects(lang)[strength, Effect(rule["effect"])].options[0]


def _read_effect(reader: _Reader, pos: int, _: Atom) -> _Found:
    for (strength, effect), words in _effects(reader.lang).items():
        end = reader.word(pos, words, "effect")
        if end is not None:
            yield {"strength": str(strength), "effect": str(effect)}, end


def _subject_list(rule: Atom, key: str) -> Sequence[str]:
    found: Sequence[str] = (rule.get("subject") or {}).get(key) or ()
    return found


def _say_natures(rule: Atom, lang: str) -> str:
    natures = _subject_list(rule, "nature")
    if not natures and not any((rule.get("subject") or {}).values()):
        return _words("everything", lang).options[0]
    return _say_list(natures, lambda nature: _nature_words(lang)[nature].options[0], lang)


def _read_natures(reader: _Reader, pos: int, _: Atom) -> _Found:
    found = reader.items(pos, lambda at: reader.among(at, _nature_words(reader.lang)), "loose_list")
    if found is not None:
        yield {"nature": found[0]}, found[1]
    else:
        end = reader.word(pos, _words("everything", reader.lang))
        yield {}, pos if end is None else end


def _attribute(key: str, say: Callable[[str, str], str]) -> _Slot:
    """Return the slot of one list of the subject; it may be absent."""

    def said(rule: Atom, lang: str) -> str:
        values = _subject_list(rule, key)
        if not values:
            return ""
        if key == "industry":
            return _fill(key, lang, {"items": _say_industries(values, lang)})
        return _fill(key, lang, {"items": _say_list(values, lambda value: say(value, lang), lang)})

    def read(reader: _Reader, pos: int, _: Atom) -> _Found:
        one = {"industry": reader.industry, "activity": reader.activity, "role": reader.quoted}[key]

        def items(_: _Reader, at: int, __: Atom) -> _Found:
            found = reader.items(at, one, "loose_list")
            if found is not None:
                yield {key: _every_division(found[0]) if key == "industry" else found[0]}, found[1]

        slots = {"items": _Slot(lambda *_: "", items)}
        found = list(reader.match(_template(key, reader.lang), pos, slots, {}))
        yield from found or [({}, pos)]

    return _Slot(said, read)


_HEAD: Final[dict[str, _Slot]] = {
    "effect": _Slot(_say_effect, _read_effect),
    "nature": _Slot(_say_natures, _read_natures),
    "industry": _attribute("industry", _say_industry),
    "activity": _attribute("activity", lambda value, _: value if _plain_value(value) else _quote(value)),
    "role": _attribute("role", lambda value, _: _quote(value)),
}


# --- reading ---------------------------------------------------------------------------------------

_SPELT_CODE: Final = re.compile(r"(?<![a-z0-9])(?:[a-z]?[0-9]{2,4}|[a-z])(?![a-z0-9])")
_CLOSE: Final = _Words.of([")"])
_PLAIN_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?")
_GROUPED_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_DAY: Final = re.compile(
    r"([0-9]{4})(?:[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日)(?![0-9])"
)
_AFTER_CODE: Final = ("的", "和", "及", "与", "或", "且", "以及", "并且", "而且", "项目", "建设项目")


@dataclass(slots=True)
class _Open:
    """A bracket that is still open, and what has been read inside."""

    word: str  # not, all, any or ""
    at: int
    members: list[Atom] = field(default_factory=list)
    op: str = ""


class _Reader:
    """Reads one sentence in one language, and remembers how far it came and what it expected there."""

    def __init__(self, text: str, lang: str) -> None:
        self.text, self.lang = text, lang
        self.norm = _fold(text)
        self.furthest = 0
        self.floor = -1  # nothing at or before it is noted: a condition may begin in some hundred ways
        self.expected: list[_Wanted] = []

    # places and errors

    def skip(self, pos: int) -> int:
        """Return the next place that is no space."""
        while pos < len(self.norm) and self.norm[pos] == " ":
            pos += 1
        return pos

    def error(self, pos: int, reason: object) -> BadSentence:
        """Return the error at a place."""
        found: object = " ".join(self.text[pos : pos + 12].split()) or _both("wrong.end")
        return BadSentence(at=pos + 1, found=found, reason=reason)

    def miss(self, pos: int, name: str, shown: str = "") -> None:
        """Note what was expected at a place."""
        pos = self.skip(pos)
        if pos <= self.floor or pos < self.furthest:
            return
        if pos > self.furthest:
            self.furthest, self.expected = pos, []
        self.expected.append(_Wanted(name, shown))

    def stuck(self) -> BadSentence:
        """Return the error at the furthest place reached."""
        return self.error(self.furthest, _wanted(self.expected))

    # words and templates

    def word(self, pos: int, words: _Words, expected: str = "shown") -> int | None:
        """Return the end of a literal, or ``None``."""
        pos = self.skip(pos)
        found = words.pattern.match(self.norm, pos)
        if found is not None:
            return found.end()
        self.miss(pos, expected, words.shown if expected == "shown" else "")
        return None

    def fits(self, pos: int, key: str) -> int | None:
        """Return the end of a template without slots, or ``None``; nothing is noted."""
        for token in _template(key, self.lang):
            found = token.pattern.match(self.norm, self.skip(pos)) if isinstance(token, _Words) else None
            if found is None:
                return None
            pos = found.end()
        return pos

    def match(self, template: _Template, pos: int, slots: Mapping[str, _Slot], seen: Atom) -> _Found:
        """Yield every way a template fits from ``pos``: the keys read and the end."""
        if not template:
            yield dict(seen), pos
            return
        token, rest = template[0], template[1:]
        if isinstance(token, _Words):
            end = self.word(pos, token)
            if end is not None:
                yield from self.match(rest, end, slots, seen)
            return
        for keys, end in slots[token.name].read(self, pos, seen):
            yield from self.match(rest, end, slots, {**seen, **keys})

    def items(
        self, pos: int, one: Callable[[int], tuple[str, int] | None], joint: str
    ) -> tuple[list[str], int] | None:
        """Return a list as long as it goes: items with a joint between them."""
        found = one(pos)
        if found is None:
            return None
        values = [found[0]]
        end = found[1]
        while (after := self.word(end, _words(joint, self.lang))) is not None:
            found = one(after)
            if found is None:
                break
            values.append(found[0])
            end = found[1]
        return values, end

    def among(self, pos: int, words: Mapping[str, _Words], *, free: bool = False) -> tuple[str, int] | None:
        """Return the longest word of a vocabulary that stands here, or a text in quotes."""
        pos = self.skip(pos)
        ends = [(m.end(), key) for key, w in words.items() if (m := w.pattern.match(self.norm, pos))]
        if ends:
            end, key = max(ends)
            return key, end
        if not words or (free and self.text[pos : pos + 1] in _CLOSING):
            return self.quoted(pos)
        self.miss(pos, "value", "、".join(w.options[0] for w in words.values()))
        return None

    def quoted(self, pos: int) -> tuple[str, int] | None:
        """Return a text in quotes."""
        start = self.skip(pos)
        closing = _CLOSING.get(self.text[start : start + 1])
        if closing is None:
            self.miss(start, "quoted")
            return None
        out: list[str] = []
        place = start + 1
        while place < len(self.text):
            char = self.text[place]
            if char == closing:
                break
            if char == self.text[start]:  # “列入“两高”清单” would end too early
                raise self.error(place, _both("wrong.quote_nested"))
            if char == "\\":
                char, place = self.escaped(place)
            else:
                place += 1
            out.append(char)
        else:
            raise self.error(start, _both("wrong.quote_open"))
        if not out:
            self.miss(place, "quoted")
            return None
        return "".join(out), place + 1

    def escaped(self, pos: int) -> tuple[str, int]:
        """Return the character that a backslash stands for, and where it ends."""
        plain = _UNESCAPED.get(self.text[pos + 1 : pos + 2])
        if plain is not None:
            return plain, pos + 2
        code = re.compile(r"\\u\{([0-9a-f]{1,6})\}").match(self.text, pos)
        if code is None or int(code[1], 16) > 0x10FFFF:
            raise self.error(pos, _both("wrong.quote_escape"))
        return chr(int(code[1], 16)), code.end()

    # names

    def activity(self, pos: int) -> tuple[str, int] | None:
        """Return an activity of the vocabulary."""
        return self.among(pos, _value_words(data.activities()))

    def industry(self, pos: int) -> tuple[str, int] | None:
        """Return an industry: a code, with its own name or none; any other spelling in quotes."""
        start = self.skip(pos)
        found = _SPELT_CODE.match(self.norm, start)
        if found is None or (self.text[start].islower() and len(found[0]) == 1):
            if self.text[start : start + 1] in _CLOSING:
                return self.quoted(start)
            self.miss(start, "industry")
            return None
        code, end = found[0].upper(), found.end()
        try:
            row = data.industries()[data.industry_code(code)]
        except UnknownIndustry as error:
            reason = {"zh": error.text("zh-CN").rstrip("。"), "en": error.text("en").rstrip(".")}
            raise self.error(start, reason) from None
        name = _fold(row.name)
        after = self.skip(end)
        if self.norm.startswith(name, after):
            end = after + len(name)
            after = self.skip(end)
            if row.level == "section" and self.norm.startswith(_EVERY_DIVISION, after):
                return f"{code}*", after + len(_EVERY_DIVISION)
        if re.match(f"[{_HAN}]", self.norm[after : after + 1]) and not self.norm.startswith(
            _AFTER_CODE, after
        ):
            raise self.error(after, _both("wrong.industry_name", code=code, name=row.name))
        return code, end

    def target(self, pos: int) -> tuple[str, int] | None:
        """Return a target: names with their layer, or a layer."""
        start = self.skip(pos)
        after = self.fits(start, "slot.layer")
        if after is not None:
            return self.layer(after)
        titled = self.title(start)
        if titled is not None:
            return titled
        if self.text[start : start + 1] not in _CLOSING:
            self.miss(start, "target")
            return None
        for keys, end in self.match(_template("slot.target_named", self.lang), start, _TARGET_SLOTS, {}):
            return f"{keys['layer']}:{keys['names']}", end
        return None

    def title(self, pos: int) -> tuple[str, int] | None:
        """Return the layer of a title such as ``生态保护红线（red_line）``, which must be that layer's title."""
        labels = _layer_labels()[self.lang]
        for label, words in _value_words(tuple(labels.values())).items():
            found = words.pattern.match(self.norm, pos)
            if found is None or not self.norm.startswith("(", self.skip(found.end())):
                continue
            layer = self.layer(self.skip(found.end()) + 1)
            closed = None if layer is None else self.word(layer[1], _CLOSE)
            if layer is None or closed is None:
                return None
            if layer[0] not in labels:
                raise self.error(pos, _both("wrong.no_layer_label", layer=layer[0], given=label))
            if labels[layer[0]] != label:
                reason = _both("wrong.layer_label", layer=layer[0], label=labels[layer[0]], given=label)
                raise self.error(pos, reason)
            return layer[0], closed
        return None

    def names(self, pos: int) -> tuple[str, int] | None:
        """Return the alternatives of a target, each one term or several that must all fit."""

        def alternative(at: int) -> tuple[str, int] | None:
            terms = self.items(at, self.quoted, "slot.target_and")
            return None if terms is None else ("&".join(terms[0]), terms[1])

        found = self.items(pos, alternative, "slot.target_or")
        return None if found is None else ("|".join(found[0]), found[1])

    def layer(self, pos: int) -> tuple[str, int] | None:
        """Return the id of a layer, in quotes when it is an odd one."""
        start = self.skip(pos)
        found = _LAYER.match(self.text, start)
        if found is not None:
            return found[0], found.end()
        if self.text[start : start + 1] in _CLOSING:
            return self.quoted(start)
        self.miss(start, "layer")
        return None

    # numbers, units, dates, tests

    def number(self, pos: int) -> tuple[float, int] | None:
        """Return a finite number; thousands may be grouped by half-width commas."""
        start = self.skip(pos)
        found = _GROUPED_NUMBER.match(self.text, start) or _PLAIN_NUMBER.match(self.norm, start)
        if found is None:
            self.miss(start, "number")
            return None
        digits = found[0].replace(",", "")
        value = float(digits)
        if not math.isfinite(value):
            raise self.error(start, _both("wrong.number_range"))
        return value if set(digits) & set(".e") else int(digits), found.end()

    def unit(self, pos: int, test: _Test) -> tuple[dict[str, Any], int] | None:
        """Return the unit after a number as the rule has it: its own, or none."""
        start = self.skip(pos)
        if test.base and self.norm.startswith("(", start):
            inner = self.known_unit(start + 1)
            if inner is None or data.unit_name(inner[0]) != test.base:
                self.miss(start + 1, "base_unit", test.base)
                return None
            end = self.word(inner[1], _CLOSE)
            return None if end is None else ({"unit": "%"} if test.unit == "percent" else {}, end)
        if test.unit == "percent":
            end = self.word(start, _words("slot.percent", self.lang))
            return None if end is None else ({}, end)
        found = self.known_unit(start)
        if found is None and self.text[start : start + 1] in _CLOSING:
            found = self.quoted(start)
        if found is not None:
            return {"unit": found[0]}, found[1]
        if test.unit == "free":
            return {}, start
        self.miss(start, "unit")
        return None

    def known_unit(self, pos: int) -> tuple[str, int] | None:
        """Return the longest unit of the vocabulary that stands here, as it is spelt."""
        start = self.skip(pos)
        for end in range(min(start + _LONGEST_UNIT, len(self.text)), start, -1):
            unit = self.text[start:end]
            if _plain_unit(unit) and not re.match(r"[A-Za-z0-9/%²³]", self.text[end : end + 1]):
                return unit, end
        return None

    def day(self, pos: int, *, as_of: bool = False) -> tuple[str, int] | None:
        """Return a date as ISO text, as it is spelt when in quotes, or the date of the screening."""
        start = self.skip(pos)
        if as_of and (end := self.fits(start, "slot.as_of")) is not None:
            return "as_of", end
        given = _DAY.match(self.norm, start)
        if given is not None:
            year, *rest = (int(part) for part in given.groups() if part is not None)
            return f"{year:04}-{rest[0]:02}-{rest[1]:02}", given.end()
        if self.text[start : start + 1] in _CLOSING:
            return self.quoted(start)
        self.miss(start, "day")
        return None

    def test(self, pos: int, atom: Atom) -> _Found:
        """Yield the comparisons that stand here: ``op``, ``value`` and the unit."""
        if "fact" in atom and data.facts()[atom["fact"]].type == "bool":
            return
        test = _test_of(atom, self.lang)
        ops = [(op, f"{test.kind}.{op}") for op in test.ops]
        if test.kind == "value":
            ops += [(op, f"value.{op}_several") for op in test.ops if op in _SEVERAL]
            ops += [(op, f"value.{op}_one") for op in test.ops if op in _ONE]
        for op, key in ops:
            for keys, end in self.match(_template(key, self.lang), pos, _test_slots(test), {"op": op}):
                if op == "between":
                    keys["value"] = [keys.pop("low"), keys["value"]]
                elif key.endswith("_one"):
                    keys["value"] = [keys["value"]]
                yield keys, end

    # conditions

    def condition(self, pos: int) -> tuple[Atom, int]:
        """Return a condition and its end; nesting costs no recursion."""
        stack = [_Open("", pos)]
        while True:
            opened = self.opening(pos)
            if opened is not None:
                stack.append(opened[0])
                pos = opened[1]
                continue
            value, pos = self.atom(pos)
            while True:
                top = stack[-1]
                top.members.append(value)
                joined = self.joint(pos)
                if joined is not None:
                    op, after = joined
                    if top.op and top.op != op:
                        raise self.error(self.skip(pos), _both("wrong.mixed"))
                    top.op, pos = op, after
                    break
                if len(stack) == 1:
                    return self.closed(top), pos
                end = self.word(pos, _CLOSE)
                if end is None:
                    raise self.stuck()
                value, pos = self.closed(stack.pop()), end

    def opening(self, pos: int) -> tuple[_Open, int] | None:
        """Return the bracket that opens here."""
        start = self.skip(pos)
        for key in ("not", "all_of", "any_of", ""):
            end: int | None = start
            if key:
                end = self.fits(start, key)
                if end is not None:
                    self.miss(end, "bracket")
            if end is not None and self.norm.startswith("(", self.skip(end)):
                return _Open(key.removesuffix("_of"), start), self.skip(end) + 1
        return None

    def closed(self, group: _Open) -> Atom:
        """Return the condition that a bracket holds."""
        if group.word in ("all", "any"):
            if group.op not in ("", group.word):
                own = _words(group.word, self.lang).options[0].strip("， ,")
                word = _words(f"{group.word}_of", self.lang).options[0].strip()
                raise self.error(self.skip(group.at), _both("wrong.wrapped", word=word, join=own))
            return {group.word: group.members}
        inner = group.members[0] if len(group.members) == 1 else {group.op: group.members}
        return {"not": inner} if group.word else inner

    def joint(self, pos: int) -> tuple[str, int] | None:
        """Return whether "and" or "or" stands here."""
        for op in ("all", "any"):
            end = self.fits(pos, op)
            if end is not None:
                return op, end
        return None

    def atom(self, pos: int) -> tuple[Atom, int]:
        """Return the one atom that stands here and that something fitting follows."""
        start = self.skip(pos)
        self.floor = start
        ways = [(atom, end) for atom, end in self.atoms(start) if self.followed(end)]
        self.floor = -1
        different = [way for i, way in enumerate(ways) if way not in ways[:i]]
        if len(different) > 1:
            raise self.error(start, _both("wrong.two_readings"))
        if not different:
            self.miss(start, "condition")
            raise self.stuck()
        return different[0]

    def atoms(self, pos: int) -> _Found:
        """Yield every atom that could begin here."""
        for (key, value), words in _bool_words(self.lang).items():
            end = self.word(pos, words)
            if end is not None:
                yield {"fact": key, "op": "is", "value": value}, end
        for answer in ("yes", "no"):
            template = _template(f"bool.{answer}", self.lang)
            for keys, end in self.match(template, pos, _FORMS[0].slots, {}):
                if data.facts()[keys["fact"]].type == "bool":
                    yield {**keys, "op": "is", "value": answer == "yes"}, end
        for form in _FORMS:
            template = _template(f"atom.{form.name}", self.lang)
            yield from self.match(template, pos, form.slots, form.fixed)
            if form.deniable:
                template = _template(f"not_atom.{form.name}", self.lang)
                for keys, end in self.match(template, pos, form.slots, form.fixed):
                    yield {"not": keys}, end

    def followed(self, pos: int) -> bool:
        """Whether a condition may end here."""
        place = self.skip(pos)
        if place == len(self.norm) or self.norm[place] in ",;.)" or self.joint(place) is not None:
            return True
        self.miss(place, "after")
        return False

    # the sentence

    def starts(self) -> bool:
        """Whether the first words are an effect of this language."""
        return any(w.pattern.match(self.norm, self.skip(0)) for w in _effects(self.lang).values())

    def rule(self) -> tuple[dict[str, Any], dict[str, int]]:
        """Return the rule, and where each part of it begins."""
        found = max(self.match(_template("head", self.lang), 0, _HEAD, {}), key=lambda f: f[1], default=None)
        if found is None:
            raise self.stuck()
        head, pos = found
        rule: dict[str, Any] = {"effect": head["effect"]}
        if head["strength"] != Strength.STRICT:
            rule["strength"] = head["strength"]
        subject = {key: head[key] for key in ("nature", "industry", "activity", "role") if key in head}
        if subject:
            rule["subject"] = subject
        starts = {"effect": self.skip(0), "subject": self.skip(0)}
        while True:
            name, after = self.part(pos)
            if name is None:
                return rule, starts
            if name in rule:
                raise self.error(self.skip(pos), _both("wrong.twice"))
            starts[name] = self.skip(after)
            if name == "until":
                day = self.day(after)
                if day is None:
                    raise self.stuck()
                rule[name], pos = day
            else:
                rule[name], pos = self.condition(after)

    def part(self, pos: int) -> tuple[str | None, int]:
        """Return the part of the rule that begins here, or ``None`` at the end of the sentence."""
        start = self.skip(pos)
        for name in _PARTS:
            after = self.fits(start, f"part.{name}")
            if after is not None:
                return name, after
        end = self.skip(start + self.norm.startswith(".", start))
        if end == len(self.norm):
            return None, end
        if end > start:
            raise self.error(end, _both("wrong.tail"))
        self.miss(start, "part")
        raise self.stuck()


def _slot_of(key: str, read: Callable[[_Reader, int], tuple[Any, int] | None]) -> _Slot:
    """Return a slot that is only read here; saying it is the business of its template's caller."""

    def found(reader: _Reader, pos: int, _: Atom) -> _Found:
        one = read(reader, pos)
        if one is not None:
            yield {key: one[0]}, one[1]

    return _Slot(lambda *_: "", found)


_TARGET_SLOTS: Final = {
    "layer": _slot_of("layer", _Reader.layer),
    "names": _slot_of("names", _Reader.names),
}


def _test_slots(test: _Test) -> dict[str, _Slot]:
    """Return the slots of the templates of one comparison."""

    def limit(reader: _Reader, pos: int, _: Atom) -> _Found:
        number = reader.number(pos)
        unit = None if number is None else reader.unit(number[1], test)
        if number is not None and unit is not None:
            yield {"value": number[0], **unit[0]}, unit[1]

    def one(reader: _Reader, pos: int) -> tuple[str, int] | None:
        return reader.among(pos, test.words, free=True)

    def many(reader: _Reader, pos: int) -> tuple[list[str], int] | None:
        return reader.items(pos, lambda at: one(reader, at), "list")

    def several(reader: _Reader, pos: int) -> tuple[list[str], int] | None:
        found = many(reader, pos)
        return found if found is not None and len(found[0]) > 1 else None

    return {
        "low": _slot_of("low", _Reader.number),
        "limit": _Slot(lambda *_: "", limit),
        "day": _slot_of("value", lambda reader, pos: reader.day(pos, as_of=test.as_of)),
        "one": _slot_of("value", one),
        "many": _slot_of("value", many),
        "several": _slot_of("value", several),
    }

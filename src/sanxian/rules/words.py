"""Words: atoms, variables and values as people read them, in both languages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from sanxian import data
from sanxian.i18n import t
from sanxian.model import Outcome
from sanxian.rules.language import (
    BASE_UNIT,
    Environment,
    Leaf,
    Several,
    Span,
    Supposed,
    Value,
    Variable,
    parse_target,
)

# --- words for atoms and values --------------------------------------------------------------


def leaf_words(leaf: Leaf, lang: str, env: object) -> str:
    """Return the atom of a leaf as words, from its memo when it has been said before."""
    if lang not in leaf.words:
        leaf.words[lang] = describe(leaf.atom, lang, env)
    return leaf.words[lang]


def describe(atom: Mapping[str, Any], lang: str, env: object = None) -> str:
    """Return an atom as words, e.g. ``单台锅炉容量 < 35 t/h``."""

    def say(key: str, **fields: object) -> str:
        return t(f"rules.atom.{key}", lang, **fields)

    joint = t("rules.joint", lang)
    if "fact" in atom:
        fact = data.fact(atom["fact"])
        name = fact.en if lang == "en" else fact.zh
        value, op = atom["value"], str(atom["op"])
        if isinstance(value, bool):
            return say("bool_true" if value else "bool_false", name=name)
        if fact.type == "number":
            return say("number", name=name, test=_test_words(op, value, str(atom.get("unit", fact.unit))))
        values = joint.join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        if fact.type == "date":
            return say("number", name=name, test=_test_words(op, values, ""))
        return say(f"fact_{op}", name=name, values=values)
    if "matter" in atom:
        if "op" not in atom:
            return say("bool_true", name=atom["matter"])
        test = _test_words(str(atom["op"]), atom["value"], str(atom.get("unit", "")))
        return say("number", name=atom["matter"], test=test)
    if "industry" in atom:
        return say("industry", names=joint.join(industry_words(c) for c in atom["industry"]))
    if "role" in atom and len(atom) == 1:
        return say("role", names=joint.join(atom["role"]))
    if "catalogue" in atom:
        return say("catalogue", name=_title(env, "catalogue", atom["catalogue"], lang))
    if "state" in atom:
        state = data.states()[atom["state"]]
        value = atom["value"]
        values = joint.join(value) if isinstance(value, (list, tuple)) else str(value)
        return say(f"state_{atom['op']}", name=state.en if lang == "en" else state.zh, values=values)
    if "date" in atom:
        return say("date", test=_test_words(str(atom["op"]), str(atom["value"]), ""))
    if "clause" in atom:
        value = atom["value"] if isinstance(atom["value"], (list, tuple)) else [atom["value"]]
        names = joint.join(t(f"outcome.{v}", lang) for v in value)
        return say("clause", name=atom["clause"], values=names)
    if "document" in atom:
        issuer = str(atom.get("issuer", ""))
        return say("document_by" if issuer else "document", name=atom["document"], issuer=issuer)
    if "duty" in atom:
        phase = str(atom.get("phase", ""))
        return say("duty_in" if phase else "duty", name=atom["duty"], phase=phase)
    return _describe_place(atom, lang, env)


def _describe_place(atom: Mapping[str, Any], lang: str, env: object) -> str:
    kind = next(k for k in ("in", "crosses", "share", "area", "length", "distance") if k in atom)
    place = target_words(atom[kind], lang, env)
    role = str(atom.get("role", ""))
    who = t("rules.atom.role_of", lang, role=role) if role else ""
    if kind in ("in", "crosses"):
        return t(f"rules.atom.{kind}", lang, who=who, place=place)
    unit = str(atom.get("unit", "%"))
    test = _test_words(str(atom["op"]), atom["value"], unit)
    if kind == "share" and atom.get("of", "project") == "zone":
        kind = "share_of_zone"
    return t(f"rules.atom.{kind}", lang, who=who, place=place, test=test)


def _test_words(op: str, value: object, unit: str) -> str:
    sign = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}.get(op, op)
    tail = f" {unit}" if unit else ""
    if op == "between" and isinstance(value, (list, tuple)):
        return f"{number_words(value[0])}–{number_words(value[1])}{tail}"
    return f"{sign} {number_words(value)}{tail}"


def number_words(value: object) -> str:
    """Return a number without trailing zeros; anything else as text."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return str(value)


def industry_words(code: str) -> str:
    """Return ``2614 有机化学原料制造`` for a code; GB/T 4754 has Chinese names only."""
    plain_code = data.industry_code(code)
    return f"{plain_code} {data.industry_name(plain_code)}"


def target_words(value: str, lang: str, env: object = None) -> str:
    """Return a target as words: the layer's title and what is named in it."""
    layer, alternatives = parse_target(value)
    title = _title(env, "layer", layer, lang)
    if not alternatives:
        return title
    rest = value.partition(":")[2]
    names = t("rules.or", lang).join(alt.replace("&", "·") for alt in rest.split("|"))
    return t("rules.atom.target", lang, title=title, names=names)


def _title(env: object, kind: str, name: str, lang: str) -> str:
    while isinstance(env, Supposed):
        env = env.base
    ask = getattr(env, "title", None)
    return str(ask(kind, name, lang)) if ask is not None else name


def label(leaf: Leaf, env: object, lang: str) -> str:
    """Return what a leaf asks about, without the test: the name of the missing fact."""
    variable = leaf.variable
    if variable is None:
        return leaf_words(leaf, lang, env)
    return variable_words(variable, lang, env)


def variable_words(variable: Variable, lang: str, env: object = None) -> str:
    """Return the name of a variable."""
    kind = variable[0]
    if kind in ("fact", "industry"):
        fact = data.fact(variable[1] if kind == "fact" else "industry")
        return fact.en if lang == "en" else fact.zh
    if kind == "state":
        state = data.states()[variable[1]]
        return state.en if lang == "en" else state.zh
    if kind == "document":
        return t(
            "rules.atom.document_by" if variable[2] else "rules.atom.document",
            lang,
            name=variable[1],
            issuer=variable[2],
        )
    if kind == "clause":
        return t("rules.atom.clause_name", lang, name=variable[1])
    if kind == "roles here":
        return t("rules.variable.roles", lang)
    return t(f"rules.variable.{kind}", lang, place=target_words(variable[1], lang, env))


def seen_words(variable: Variable, env: Environment, lang: str) -> str:
    """Return the value seen as people read it, or the blank the environment leaves for it."""
    text = show(env.read(variable), variable, lang)
    return text and (_blank(env, variable, lang) or text)


def seen_json(variable: Variable, env: Environment) -> Any:
    """Return the value seen as JSON, or the blank the environment leaves for it."""
    return _blank(env, variable, "json") or plain(env.read(variable))


def _blank(env: object, variable: Variable, form: str) -> str:
    """Return what stands for a value that is filled in later (``screening.forms``); mostly nothing does."""
    ask = getattr(env, "blank", None)
    return "" if ask is None else str(ask(variable, form))


def show(value: Value, variable: Variable, lang: str) -> str:
    """Return a value as people read it, with the unit its variable is measured in."""
    if value is None:
        return ""
    if isinstance(value, Span):
        kind = variable[0]
        unit = data.fact(variable[1]).unit if kind == "fact" else BASE_UNIT.get(kind, "%")
        if value.lo == value.hi:
            return f"{number_words(value.lo)} {unit}".strip()
        return f"≥ {number_words(value.lo)} {unit}" if math.isfinite(value.lo) else ""
    if isinstance(value, Outcome):
        return t(f"outcome.{value.name}", lang)
    if isinstance(value, Several):
        return t("rules.joint", lang).join(sorted(value.values))
    if isinstance(value, frozenset):
        return t("rules.joint", lang).join(sorted(value))
    return str(value)


def plain(value: Value) -> Any:
    """Return a value as JSON."""
    if isinstance(value, Span):
        if value.lo == value.hi:
            return value.lo
        return {"at_least": _finite(value.lo), "at_most": _finite(value.hi)}
    if isinstance(value, Outcome):
        return value.name
    if isinstance(value, Several):
        return {"values": sorted(value.values), "complete": value.complete}
    if isinstance(value, frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, date) else value


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

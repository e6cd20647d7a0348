"""What the rules of a clause read: the facts with their values, and the steps from them to the outcome.

A finding carries the trace of each of its rules; here the leaves of the traces become the “project facts” of a
clause table, and the trees become rows that can be printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from sanxian import data
from sanxian.i18n import t
from sanxian.model import Paper, RuleResult, Truth
from sanxian.report import words
from sanxian.report.content import ClauseRow, Content

TREES: Final = ("applies", "unless", "require")
PLACES_MAX: Final = 3  # places named beside a value that differs from place to place
SPATIAL: Final = ("in", "crosses", "share", "area", "length", "distance")


class FactRead(NamedTuple):
    """A fact that the rules of a clause read."""

    label: str
    value: str
    known: bool


class Step(NamedTuple):
    """One line of a trace."""

    part: str  # what the tree is for: subject and case, exception, requirement; "" below its first line
    depth: int  # 0 = the root
    condition: str
    seen: str
    truth: str


def leaves(rule: RuleResult) -> Iterator[Mapping[str, Any]]:
    """Yield the leaves of a rule's trees in reading order."""
    stack = [rule.trace[name] for name in reversed(TREES) if name in rule.trace]
    while stack:
        node = stack.pop()
        if "op" in node:
            stack.extend(reversed(node["children"]))
        else:
            yield node


def facts_read(content: Content, row: ClauseRow) -> tuple[FactRead, ...]:
    """Return the facts that the rules behind a row read, in the order they were first asked for.

    A fact with different values in the places of the row names the places. Promises are left out: nobody can
    know them yet, and the reason names them.
    """
    found: dict[str, dict[str, list[str]]] = {}
    known: dict[str, bool] = {}
    said: dict[int, tuple[str, str, bool]] = {}  # places of one row share most of their traces
    for finding in row.findings:
        for rule in finding.rules:
            for leaf in leaves(rule):
                if "duty" in leaf["atom"]:
                    continue
                if id(leaf) not in said:
                    said[id(leaf)] = (label(content, leaf["atom"]), *value(content, leaf))
                name, seen, is_known = said[id(leaf)]
                known[name] = known.get(name, True) and is_known
                places = found.setdefault(name, {}).setdefault(seen, [])
                if finding.place_name not in places[-1:]:
                    places.append(finding.place_name)
    return tuple(FactRead(name, one_value(content, values), known[name]) for name, values in found.items())


def one_value(content: Content, values: Mapping[str, list[str]]) -> str:
    """Return a value, or where it differs the values with the places that have them."""
    if len(values) == 1:
        return next(iter(values))
    named = []
    for seen, places in values.items():
        where = content.joint(places[:PLACES_MAX])
        if len(places) > PLACES_MAX:
            where += " " + content.say("clauses.places_more", count=len(places))
        named.append(t("conformity.facts.at_place", content.lang, value=seen, place=where))
    return t("conformity.facts.between", content.lang).join(named)


def label(content: Content, atom: Mapping[str, Any]) -> str:
    """Return what a leaf asks about, without the test."""
    lang = content.lang
    if "fact" in atom:
        return words.fact_label(atom["fact"], lang)
    if "matter" in atom:
        return str(atom["matter"])
    if "industry" in atom:
        return words.fact_label("industry", lang)
    if "state" in atom:
        name = words.subject(f"state:{atom['state']}", lang, content)
        level = t(f"conformity.facts.at.{atom['at']}", lang) if atom.get("at") else ""
        return t("conformity.facts.of_place", lang, place=level, about=name) if level else name
    if "document" in atom:
        return words.subject(f"document:{atom['document']}:{atom.get('issuer', '')}", lang, content)
    if "clause" in atom:
        return t("rules.atom.clause_name", lang, name=_clause_number(content, str(atom["clause"])))
    if "date" in atom:
        return content.say("meta.as_of")
    if "catalogue" in atom:
        return content.title("catalogue", str(atom["catalogue"]), lang)
    kind = next((k for k in SPATIAL if k in atom), "")
    if kind:
        about = words.subject(f"{kind}:{atom[kind]}", lang, content)
        if kind == "share" and atom.get("of") == "zone":
            about += t("conformity.facts.of_zone", lang)
        role = str(atom.get("role", ""))
        return t("conformity.facts.role", lang, role=role, about=about) if role else about
    if "role" in atom:
        return t("rules.variable.roles", lang)
    return content.leaf_words({"atom": atom})


def _clause_number(content: Content, clause: str) -> str:
    found = content.result.clauses.get(clause)
    return content.cited(found) if found is not None else clause


def value(content: Content, leaf: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the value a leaf saw, and whether it was known."""
    atom, seen = leaf["atom"], leaf["seen"]
    say = _Say(content.lang)
    if "date" in atom:
        return content.result.as_of.isoformat(), True
    if "document" in atom:
        return _paper(content, str(atom["document"]), str(atom.get("issuer", "")), seen)
    if seen is None:
        project_says = any(k in atom for k in ("fact", "matter", "industry", "catalogue"))
        return say("not_given" if project_says else "no_data"), False
    if "catalogue" in atom:
        codes = content.joint(seen) if isinstance(seen, (list, tuple)) else str(seen)
        said = say(f"listed.{Truth[leaf['truth']].name}")
        return t("conformity.facts.listed.codes", content.lang, said=said, codes=codes), (
            leaf["truth"] != "UNKNOWN"
        )
    if "industry" in atom and isinstance(seen, (list, tuple)):
        return content.joint(map(_industry, seen)), True
    if "state" in atom and isinstance(seen, Mapping):
        shown = words.seen(atom, seen, content.lang) or say("no_data")
        complete = bool(seen.get("complete", True))
        return (shown if complete else shown + say("partly")), complete
    shown = words.seen(atom, seen, content.lang)
    return (shown, leaf["truth"] != "UNKNOWN") if shown else (say("no_data"), False)


class _Say:
    """Texts of this module in one language."""

    def __init__(self, lang: str) -> None:
        self._lang = lang

    def __call__(self, key: str) -> str:
        return t(f"conformity.facts.{key}", self._lang)


def _paper(content: Content, kind: str, issuer: str, held: bool | None) -> tuple[str, bool]:
    """Return whether a paper is held, with the number the project gives it."""
    say = _Say(content.lang)
    if held is False:
        return say("not_held"), True
    same = [p for p in content.papers if p.held and p.type == kind]
    if held is None:  # a paper counts when it is named by number and date, from the right issuer
        return say("not_as_asked" if same else "not_given"), False
    cited = [
        paper_words(content, p)
        for p in same
        if p.number and p.date is not None and (not issuer or issuer.replace("级", "") in p.issuer)
    ]
    if not cited:
        return say("held"), True
    return t("conformity.facts.held_as", content.lang, held=say("held"), number=cited[0]), True


def paper_words(content: Content, paper: Paper) -> str:
    """Return number, issuer and date of a paper."""
    day = paper.date.isoformat() if paper.date is not None else ""
    return content.joint(filter(None, (paper.number, paper.issuer, day)))


def _industry(code: object) -> str:
    name = data.industry_name(str(code))
    return f"{code} {name}" if name else str(code)


# --- steps -----------------------------------------------------------------------------------


def steps(content: Content, rule: RuleResult) -> Iterator[Step]:
    """Yield the trees of a rule as lines, each node above what is below it."""
    for title, tree in content.trace_steps(rule):
        part = title
        stack: list[tuple[int, Mapping[str, Any]]] = [(0, tree)]
        while stack:
            depth, node = stack.pop()
            truth = content.say(f"trace.{node['truth']}")
            if "op" not in node:
                seen = content.say("trace.promise") if "duty" in node["atom"] else value(content, node)[0]
                yield Step(part, depth, content.leaf_words(node), seen, truth)
                part = ""
                continue
            children = node["children"]
            if len(children) == 1 and node["op"] != "not":
                stack.append((depth, children[0]))
                continue
            condition = content.say(f"trace.{node['op']}" if children else "trace.everything")
            yield Step(part, depth, condition, "", truth)
            part = ""
            stack.extend((depth + 1, child) for child in reversed(children))
    if until := rule.trace.get("until"):
        yield Step(content.say("trace.until", date=until), 0, "", "", "")

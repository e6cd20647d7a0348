"""From what a sentence says to rules of the format, each part with the words it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any, Final, NamedTuple

from sanxian.clauses.effects import STOPPED
from sanxian.clauses.exceptions import ONLY, Case
from sanxian.clauses.lexing import Lexed
from sanxian.clauses.said import Atom, Found, Said, Span, around, is_number


@dataclass(slots=True)
class Draft:
    """A rule being put together; offsets are into the plain text."""

    effect: str
    strength: str
    at: Span  # the word of effect
    topic: Said  # where, who, when
    what: Said  # what is acted on
    spans: list[Span]  # the segments it was made of
    require: list[Found] = field(default_factory=list)
    unless: list[Case] = field(default_factory=list)
    never: list[Found] = field(default_factory=list)  # where no exception holds
    until: tuple[date, Span] | None = None
    opens: bool = False  # a lead-in: its list says what it acts on
    heads: bool = False  # 限制类：, the name of a class and no sentence

    @property
    def subjects(self) -> tuple[Said, Said]:
        """Return the two stretches that may name the subject."""
        return (self.topic, self.what)


@dataclass(slots=True)
class Work:
    """What is known while a text is read."""

    lexed: Lexed
    drafts: list[Draft] = field(default_factory=list)
    doubts: dict[str, None] = field(default_factory=dict)  # codes, in the order they came up
    used: list[Span] = field(default_factory=list)  # words some rule rests on, or that need none

    def doubt(self, code: str) -> None:
        """Note what a reviewer should look at."""
        self.doubts[code] = None


_NATURES: Final = ("新建", "扩建", "改建", "技改", "迁建", "现有")
_APPROVALS: Final = ("审批", "批准", "核准", "备案", "受理", "安排", "准入", "不批", "限批")
_NEW_THINGS: Final = (
    "新建",
    "新设",
    "新增",
    "建",
    "布局",
    "引进",
    "布设",
    "布点",
    "批设",
    "引入",
    "准入",
    "入驻",
    "新批",
    "开办",
)
_SITING: Final = ("选址", "布局", "新增产能")  # 选址从严控制
_TERMS: Final = ("a", "月", "d", "h")  # units of time
_ENDS_IN_PROJECTS: Final = re.compile("[^,;。]{2,60}(?:项目|生产线|企业)(?=[,;。]|$)")
_UPGRADES: Final = re.compile(
    r"20\d\d年[^;。]{0,40}(?:企业|锅炉|机组|设施|窑|园区)[^;。]{0,30}(?:完成|改造|治理|整治|提标)"
)
_BUILDS: Final = re.compile(
    "(?:在[^,;。]{1,40}?)?(?:再|擅自|违法|违规|任何)*"
    "(?:布点|开办|批设|批建|开设|建设|建造|修建|兴建|建|布局|布设|设在|位于|选址|落户|进入|准入|引进|引入|入驻|安排|设立|开工|投资建设|上马|上|入园|发展)"
)


class _Acted(NamedTuple):
    """One kind of thing a rule acts on: industries, activities, or things in the clause's own words."""

    path: str
    values: list[str]
    found: list[Found]
    spans: list[Span]


def rules_of(work: Work, draft: Draft, *, alone: bool) -> Iterator[dict[str, Any]]:
    """Yield the rules of a draft.

    Kinds of things acted on are alternatives, which one subject would join; each has a rule of its own.

    Parameters
    ----------
    alone : bool
        The text bans and restricts nothing: an exit is then all it says, and its 现有 is written out.
    """
    said = Said()
    said.add(draft.topic)
    said.add(draft.what)
    if said.opened:
        work.doubt("open_list")
    kinds = list(_acted_on(said))
    if draft.opens and not kinds:
        return  # 禁止建设下列项目：… alone would ban everything
    if not (kinds or said.natures or said.atoms or said.generic or draft.require or draft.effect == "INFORM"):
        return  # 限制类：… acts on nothing itself
    for kind in kinds or [_Acted("", [], [], [])]:
        yield _Rule(work, draft, said, kind, alone).made()


def _acted_on(said: Said) -> Iterator[_Acted]:
    industries = _shortest(c for c, _ in said.industries)
    if industries:
        yield _Acted("subject.industry", industries, [], [s for _, s in said.industries])
    activities = [(a, s) for a, s in said.activities if all(s != t for _, t in said.industries)]
    if activities:
        names = list(dict.fromkeys(a for a, _ in activities))
        yield _Acted("subject.activity", names, [], [s for _, s in activities])
    if said.objects:
        yield _Acted("", [], said.objects, [])


def _shortest(codes: Iterable[str]) -> list[str]:
    """Return codes without those that a shorter one holds."""
    unique = list(dict.fromkeys(codes))
    return [c for c in unique if not any(o != c and c.startswith(o) for o in unique)]


class _Rule:
    """One rule on its way into the format."""

    def __init__(self, work: Work, draft: Draft, said: Said, acted: _Acted, alone: bool) -> None:
        self._work, self._draft, self._said, self._acted, self._alone = work, draft, said, acted, alone
        self._parts: list[dict[str, Any]] = []
        self._rule: dict[str, Any] = {"effect": draft.effect, "strength": self._strength()}

    def made(self) -> dict[str, Any]:
        """Return the rule."""
        draft, rule = self._draft, self._rule
        self._rest("effect", draft.at)
        rule["subject"] = self._subject()
        self._put("when", [[found] for found in self._when()], joint="all")
        self._put("unless", self._unless(), joint="any")
        if draft.effect in ("REQUIRE", "RESTRICT"):
            self._put("require", [[found] for found in distinct(draft.require)], joint="all")
        if draft.until is not None:
            rule["until"] = draft.until[0].isoformat()
            self._rest("until", draft.until[1])
        start, end = around([*draft.spans, draft.at])
        rule["quote"] = list(self._work.lexed.plain.published(start, end))
        rule["parts"] = self._parts
        return rule

    def _rest(self, path: str, span: Span) -> None:
        """Note the words a part rests on."""
        part = {"path": path, "at": list(self._work.lexed.plain.published(*span))}
        if part not in self._parts:
            self._parts.append(part)

    def _strength(self) -> str:
        draft = self._draft
        exclusive = ONLY.search(self._work.lexed.text, *around(draft.spans)) is not None
        if draft.effect == "ALLOW" and draft.strength == "strict" and not exclusive:
            # 允许 A says nothing of the others; as a strict entry of a positive list it would deny them
            self._work.doubt("permission")
            return "soft"
        return draft.strength

    def _subject(self) -> dict[str, Any]:
        subject: dict[str, Any] = {}
        if natures := self._natures():
            subject["nature"] = natures
            for _, span in self._said.natures:
                self._rest("subject.nature", span)
        if self._acted.values:
            subject[self._acted.path.rpartition(".")[2]] = self._acted.values
            for span in self._acted.spans:
                self._rest(self._acted.path, span)
        return subject

    def _natures(self) -> list[str]:
        draft = self._draft
        stated = {nature for nature, _ in self._said.natures}
        if draft.effect == "EXIT":
            return ["现有"] if self._alone else []  # the format implies it
        if draft.effect in ("FORBID", "RESTRICT") and stated > {"现有"}:
            stated.discard("现有")  # 现有企业不得扩大规模: what is forbidden is the extension
        bans = draft.effect in ("FORBID", "RESTRICT")
        if bans and stated and "新建" in self._work.lexed.text[slice(*draft.at)]:
            stated.add("新建")  # 不再新建、扩建: the word of effect has taken the first of the list
            self._rest("subject.nature", draft.at)
        if not stated and (inferred := self._inferred()):
            self._work.doubt("nature_inferred")
            stated = {inferred}
        return [nature for nature in _NATURES if nature in stated]

    def _inferred(self) -> str:
        """Return the kind of construction that a text means without writing it, or ``""``."""
        draft, text = self._draft, self._work.lexed.text
        if draft.effect == "REQUIRE":
            return "现有" if _UPGRADES.search(text, *around(draft.spans)) else ""
        if draft.effect not in ("FORBID", "RESTRICT"):
            return ""
        word, behind = text[slice(*draft.at)], draft.at[1]
        if "扩建" in word:
            return "扩建"
        if (
            any(n in word for n in _NEW_THINGS)
            or _BUILDS.match(text, behind)
            or text.endswith(_SITING, 0, draft.at[0])
        ):
            return "新建"
        if self._acted.path != "subject.industry":
            return ""
        if any(n in word for n in _APPROVALS) or STOPPED.match(text, draft.at[0]):
            return "新建"
        closes = behind >= draft.spans[-1][1] - 1 or text.startswith(":", behind)
        bans = draft.effect == "FORBID" and word in ("禁止", "严禁", "不得")
        return "新建" if bans and (closes or _ENDS_IN_PROJECTS.match(text, behind)) else ""

    def _when(self) -> list[Found]:
        when = distinct(self._said.atoms)
        terms = [found for found in when if _is_term(found)] if self._draft.effect == "EXIT" else []
        if terms:  # 三个月内: counted from a day the clause does not name
            self._work.doubt("relative_deadline")
            when = [found for found in when if not _is_term(found)]
            self._rule["note"] = "；".join(self._work.lexed.text[slice(*found.at)] for found in terms)
            for found in terms:
                self._rest("note", found.at)
        when = self._satisfiable(when)
        objects = distinct(self._acted.found)
        if len(objects) > 1:
            objects = [Found({"any": [f.atom for f in objects]}, around([f.at for f in objects]))]
        return distinct([*objects, *when])

    def _satisfiable(self, when: list[Found]) -> list[Found]:
        """Return conditions that can hold together; bounds that exclude each other are branches of the text."""
        numbers = [found for found in when if is_number(found)]
        if not any(_exclude(a.atom, b.atom) for a, b in combinations(numbers, 2)):
            return when
        self._work.doubt("branches")
        whole = Found({"any": [found.atom for found in numbers]}, around([found.at for found in numbers]))
        return [*(found for found in when if not is_number(found)), whole]

    def _unless(self) -> list[Case]:
        blocked = [Found({"not": found.atom}, found.at) for found in distinct(self._draft.never)]
        kept: list[Case] = []
        for case in (distinct(case) for case in self._draft.unless if case):
            whole = [*case, *blocked]
            if all([f.atom for f in whole] != [f.atom for f in other] for other in kept):
                kept.append(whole)
        return kept

    def _put(self, key: str, cases: Sequence[Sequence[Found]], *, joint: str) -> None:
        """Write conditions under ``key``, with the words each rests on."""
        members: list[Any] = []
        for number, case in enumerate(cases):
            path = key if len(cases) == 1 else f"{key}.{joint}.{number}"
            atoms = [dict(found.atom) for found in case]
            members.append(atoms[0] if len(atoms) == 1 else {"all": atoms})
            for place, found in enumerate(case):
                self._rest(path if len(case) == 1 else f"{path}.all.{place}", found.at)
                self._work.used.append(found.at)
        if members:
            self._rule[key] = members[0] if len(members) == 1 else {joint: members}


def distinct(found: Iterable[Found]) -> list[Found]:
    """Return conditions once each, in order."""
    kept: list[Found] = []
    for one in found:
        if all(one.atom != other.atom for other in kept):
            kept.append(one)
    return kept


def _exclude(one: Atom, other: Atom) -> bool:
    """Whether no number meets both conditions."""
    same = {k: v for k, v in one.items() if k not in ("op", "value")}
    if same != {k: v for k, v in other.items() if k not in ("op", "value")}:
        return False
    below, above = (one, other) if one["op"] in ("<", "<=") else (other, one)
    if below["op"] not in ("<", "<=") or above["op"] not in (">", ">="):
        return False
    touching = below["op"] == "<=" and above["op"] == ">="
    return bool(below["value"] < above["value"] or (below["value"] == above["value"] and not touching))


def _is_term(found: Found) -> bool:
    atom = found.atom
    return "matter" in atom and atom.get("unit") in _TERMS and atom.get("op") == "<="

"""Exceptions: where a clause names them, and the cases they stand for.

A case that is understood only in part is asked whole, in the clause's own words: half an exception would be
wider than the law's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sanxian.clauses.conditions import read
from sanxian.clauses.lexing import Lexed
from sanxian.clauses.requirements import facts, papers
from sanxian.clauses.said import Found, Said, Span, around, is_number

Case = list[Found]
"""One case of an exception: all of its conditions."""

IN_FRONT: Final = re.compile("除(?P<what>[^;。]{2,160}?)(?:以外|之外|外)(?![商资延围地])")  # 除 A 外
BEHIND: Final = re.compile("(?P<what>[^;。]*?)(?:的)?(?:除外|例外)(?:[。;,)]|$)")  # A 除外
BRACKETED: Final = re.compile(r"\((?P<what>[^()]*?)(?:的)?除外\)|\(除(?P<front>[^()]*?)外\)")
FREED: Final = re.compile(
    "(?:均|可以|可|予以)?(?:免于|免除|免予|可?延至|可不(?=编制|执行|做|开展|安装|建|纳入|再)|可暂缓|保留(?=$)"
    "|不受(?:此|上述|本条|本款|前款|该|前述|以上)?(?:[^,;。]{0,20}(?:限制|约束)|此限|限制)|不在此限"
    "|不在(?:此列|[^,;。]{0,8}(?:之列|范围(?:之)?内))|不适用(?:本|前|上述|此|该)[^,;。]{0,8}|可以例外"
    "|可以?不受[^,;。]{0,8}|不按[^,;。]{0,8}(?:执行|管理)|可不执行|不再单列|不作要求|不作规定|另行?(?:报批|议|审|论证|研究)|一事一议|可继续(?=$)|(?<!不)(?:可以?|准予|准许)(?:受理|建设|经营|保留|入驻|放行|实施|设置|布局|先行利用|适当[^,;。]{1,4})(?=$)|不再重新[^,;。]{1,6})"
)
NEEDED: Final = re.compile(
    "因[^,;。]{2,20}需要|确不能|确需|确有必要|确不足|确属|确有困难|避不开|确因|确无法|确实无法|确实难以|确实需要|确难以|因特殊|经论证确|无法避让|确属"
)
OTHERWISE: Final = re.compile("[^,;。]{0,20}另有规定")
ONLY: Final = re.compile("(?:仅|只)(?:允许|准许|准|能|可以|可|限于?|保留)")
UNRELATED: Final = re.compile("(?:与|同)(?P<what>[^,;。()]{2,40}?)(?:无关|不相关|不相干|没有关系)的?")
UNAPPROVED: Final = re.compile(
    "未(?:依法)?(?:经|取得|征得|获得|办理)(?P<who>[^,;。的]{0,26}?)(?P<what>批准|同意|审批|核准|论证|许可|审查)(?:文件|手续|证)?(?!的)(?=[^;。的]{0,14}(?:不得|禁止|严禁|不准|不允许|不能|不应))"
)
ADDS: Final = re.compile(
    "(?:执行|落实|符合|满足|遵守|按|应(?!急)|须|要(?!素)|完成)"
)  # 除执行…外，还应…: on top, no exception
_BEYOND: Final = re.compile("(?P<what>[^,;。:()]{2,40}?)(?:以外|之外)的(?=[^,;。]{2,30})")  # A 以外的项目
_OPENING: Final = re.compile("(?:但是?|其中|对|对于|凡|若|如|仅|以及)+")
_JOINT: Final = re.compile("[()]|以及|或者|[、;和及或]|,(?:以及|或者|和|或)?")
_WORDS_WITH_JOINTS: Final = ("及时", "和谐", "和平", "及以", "及其", "或以")
_WORDS_ENDING_IN_JOINTS: Final = ("中和", "饱和", "普及", "涉及", "危及", "温和")
_ONE_CLAUSE: Final = re.compile("(?:因|为(?!主)|由于|当|如果|若|确因)[^,;。]*(?:的|所需|需要|无法|不能)")
_LONGEST: Final = 120  # characters of a matter


def cases(lexed: Lexed, begin: int, end: int) -> list[Case]:
    """Return the cases that ``[begin, end)`` names: any of them makes the exception hold."""
    text = lexed.text
    while begin < end and text[begin] in ",、;:( ":
        begin += 1
    opening = _OPENING.match(text, begin, end)
    if opening is not None:
        begin = opening.end()
    found = (_case(lexed, start, stop) for start, stop in _members(text, begin, end))
    return [case for case in found if case is not None]


def permitted(lexed: Lexed, reach: Sequence[Span]) -> Case:
    """Return the case that a permission behind a ban carves out of it (…，经批准的可以设置)."""
    said = Said()
    asked: list[Found] = []
    for span in reach:
        said.add(read(lexed, *span))
        asked += papers(lexed, *span)
    words = _own_words(",".join(lexed.text[s:e] for s, e in reach))
    return [Found({"matter": words}, around(reach)), *asked, *filter(is_number, said.atoms)]


def beyond(lexed: Lexed, begin: int, end: int) -> Iterator[Span]:
    """Yield what is set apart by 以外的 and is no place and no distance (清洁能源以外的工业项目)."""
    for found in _BEYOND.finditer(lexed.text, begin, end):
        start, stop = found.span("what")
        for token in lexed.within(start, stop):
            if token.kinds.keys() & {"effect", "building", "nature"}:
                start = token.end
        measures = any(start <= q.start and q.end <= stop + 2 for q in lexed.quantities)
        if not measures and not any(
            t.kinds.keys() & {"place", "land", "effect"} for t in lexed.within(start, stop)
        ):
            yield (start, found.end())


def _members(text: str, begin: int, end: int) -> list[Span]:
    """Return the members of a list of cases; the whole when an attribute in front binds them all."""
    members: list[Span] = []
    place, depth = begin, 0
    for found in _JOINT.finditer(text, begin, end):
        if found[0] in "()":
            depth += 1 if found[0] == "(" else -1
            continue
        if depth or _inside_a_word(text, found.start()):
            continue
        if found.start() > place:
            members.append((place, found.start()))
        place = found.end()
    if place < end:
        members.append((place, end))
    if _ONE_CLAUSE.match(text, begin, end):
        return [(begin, end)]  # 因工艺温度、压力等级无法满足的: a clause, no list
    attributes = [re.search("的(?!$)", text[s:e]) is not None for s, e in members]
    if len(members) > 1 and (
        (attributes[0] and not any(attributes[1:])) or any(e - s < 2 for s, e in members)
    ):
        return [(begin, end)]
    return members


def _inside_a_word(text: str, place: int) -> bool:
    """Whether what looks like a conjunction is part of a word (及时, 中和)."""
    return (
        text[place : place + 2] in _WORDS_WITH_JOINTS
        or text[max(0, place - 1) : place + 1] in _WORDS_ENDING_IN_JOINTS
    )


def _case(lexed: Lexed, begin: int, end: int) -> Case | None:
    words = re.sub("^(?:但是?|对于?|凡|其中)", "", _own_words(lexed.text[begin:end]))
    if len(words) < 2:
        return None
    stated = [*papers(lexed, begin, end), *facts(lexed, begin, end)]
    said = read(lexed, begin, end)
    numbers = list(filter(is_number, said.atoms))
    foreign = any("matter" in f.atom and "op" not in f.atom for f in said.atoms)
    if not foreign and not stated and (atoms := _as_atoms(said)):
        return atoms
    spans = [f.at for f in (*stated, *numbers)]
    if spans and sum(e - s for s, e in spans) >= len(words) - 3:
        return [*stated, *numbers]
    return [Found({"matter": words}, (begin, end)), *(f for f in stated if "document" in f.atom), *numbers]


def _own_words(text: str) -> str:
    return re.sub(r"[\[\]\n]", "", text).strip(",、;:。 ()的")[:_LONGEST]


def _as_atoms(said: Said) -> Case:
    """Return a subject as conditions: an exception has no subject of its own."""
    atoms = list(said.atoms)
    if said.natures:
        names = list(dict.fromkeys(n for n, _ in said.natures))
        atoms.append(Found({"fact": "nature", "op": "in", "value": names}, said.natures[0][1]))
    if said.industries:
        codes = list(dict.fromkeys(c for c, _ in said.industries))
        atoms.append(Found({"industry": codes}, around([s for _, s in said.industries])))
    elif said.activities:
        names = list(dict.fromkeys(a for a, _ in said.activities))
        at = around([s for _, s in said.activities])
        atoms.append(Found({"fact": "activity", "op": "has_any", "value": names}, at))
    return atoms

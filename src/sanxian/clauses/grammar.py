"""Clause text to rules: deterministic, offline, every part of a rule resting on words it can quote.

A text is cut into items (①, 1-2, 2、), items into statements (。；), statements into segments (，). Segments
without a verb of effect are the topic of those behind them: where, who, when. A segment with one makes
rules; exceptions (除…外, …除外, 不受此限, 确需…的) bind to the rule beside them. What is said about an object but
is in no vocabulary becomes a *matter* in the clause's own words, so that no condition is dropped; words
that reach no rule are the residue. A text in which no effect is found is left to a person.

The method is our own; the patterns are those of ``reference/domain.md`` §3.2 and of published lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from sanxian import rules
from sanxian.clauses.conditions import Found, Said, Span, measured, read
from sanxian.clauses.lexing import Lexed, lexed
from sanxian.clauses.reading import Reading
from sanxian.clauses.requirements import facts, papers, requirement
from sanxian.clauses.words import Token
from sanxian.errors import BadRule

_MARK: Final = re.compile(
    r"\s*(?:\((?:\d+(?:[.\-]\d+)*|[一二三四五六七八九十]+|[a-z])\)|[①-⑳]|\d+(?:-\d+)+[.、]?|\d+(?:\.\d+)*[.、)](?!\d)|\d+\.\d+(?=[^\d.%万亿千倍]{2})(?![公千米吨倍毫]) ?"
    r"|[一二三四五六七八九十]+[、.]|[一二三四五]是|第[一二三四五六七八九十]+[,、]|[一二三四五六七八九十]+要(?=[^求]))+[:,、.]?"
)
_STATEMENT: Final = re.compile(r"[。;\n]")
MAX_TEXT: Final = 20_000  # characters that are read; a longer cell is a table or a whole document


class Stated(NamedTuple):
    """The effect of a segment and the word that says it."""

    effect: str
    strength: str
    at: Span


@dataclass(slots=True)
class Draft:
    """A rule being put together; offsets are into the plain text."""

    effect: str
    strength: str
    at: Span
    topic: Said
    what: Said
    require: list[Found] = field(default_factory=list)
    unless: list[list[Found]] = field(default_factory=list)  # any of, each all of
    never: list[Found] = field(default_factory=list)  # where no exception holds
    until: tuple[date, Span] | None = None
    spans: list[Span] = field(default_factory=list)
    opens: bool = False  # a lead-in whose list says what it acts on


@dataclass(slots=True)
class _Work:
    """What is known while a text is read."""

    lexed: Lexed
    drafts: list[Draft] = field(default_factory=list)
    doubts: dict[str, None] = field(default_factory=dict)
    used: list[Span] = field(default_factory=list)

    def doubt(self, code: str) -> None:
        self.doubts[code] = None


def parse(text: str) -> Reading:
    """Return the machine form of a clause text.

    Any string is taken; a text in which nothing can be read has no rules and is left to a person.

    Examples
    --------
    >>> [r["effect"] for r in parse("禁止新建、扩建化工项目；现有的限期退出。").rules]
    ['FORBID', 'EXIT']
    """
    work = _Work(lexed(text[:MAX_TEXT]))
    if len(text) > MAX_TEXT:
        work.doubt("too_long")
    carried: list[Span] = []  # lead-in of a list: 下列活动禁止：
    for item in _items(work.lexed.text):
        carried = _item(work, item, carried)
    return _reading(text, work)


# --- cutting -----------------------------------------------------------------------------------------------------


class Item(NamedTuple):
    """One statement with the place of its mark."""

    start: int
    end: int
    marked: bool  # begins with a number
    follows: bool  # hangs on the statement before (；)


def _items(text: str) -> Iterator[Item]:
    begin, follows = 0, False
    depth = 0
    for place, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif (character in "。;\n" and not depth) or (character in "。\n" and depth):
            depth = 0
            if (item := _marked(text, begin, place, follows)) is not None:
                yield item
            begin, follows = place + 1, character == ";"
    if (item := _marked(text, begin, len(text), follows)) is not None:
        yield item


def _marked(text: str, begin: int, end: int, follows: bool) -> Item | None:
    found = _MARK.match(text, begin, end)
    if found is not None and found.end() > begin:
        begin, marked = found.end(), True
    else:
        marked = False
    return Item(begin, end, marked, follows) if end > begin else None


def _segments(text: str, begin: int, end: int) -> Iterator[Span]:
    depth, start = 0, begin
    for place in range(begin, end):
        character = text[place]
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif (
            character in ",:"
            and not depth
            and not (
                character == ":"
                and text[place - 1 : place].isdigit()
                and text[place + 1 : place + 2].isdigit()
            )
        ):
            if place > start:
                yield (start, place)
            start = place + 1
    if end > start:
        yield (start, end)


# --- effects -----------------------------------------------------------------------------------------------------

_RANK: Final = {"FORBID": 0, "EXIT": 1, "RESTRICT": 2, "REQUIRE": 3, "ALLOW": 4, "ENCOURAGE": 5, "INFORM": 6}
_MODAL: Final = frozenset(
    (
        "原则上",
        "原则上应",
        "原则上须",
        "原则上需",
        "原则上应当",
        "原则上必须",
        "应当",
        "应",
        "须",
        "必须",
        "需",
        "需要",
    )
)
_WEAK: Final = frozenset(("集中", "收集", "使用", "加强", "强化", "完善", "健全", "优化", "统筹", "推行", "保持", "保障", "明确", "同步", "全部", "定期", "落实", "开展", "设置", "实施", "建立", "提高", "采用", "采取", "进入", "纳入", "实现", "符合", "满足", "完成", "达到", "编制", "安装", "配套", "选用", "制定", "确保", "保证", "做到", "执行", "实行"))  # fmt: skip
_LIMIT: Final = frozenset(("不得低于", "不得少于", "不得小于", "不得高于", "不得大于", "不得超过", "不得突破", "不得超出", "不得多于", "不低于", "不少于", "不小于", "不高于", "不大于", "不超过", "不多于", "不突破", "控制在", "严禁突破", "严禁超过", "不应低于", "不应少于", "不应小于", "不应高于", "不应大于", "不应超过", "不能低于", "不能超过"))  # fmt: skip
_ATTRIBUTE: Final = re.compile(
    "的|类|名录|目录|清单|机制|方案|工艺|落后|产品|之列|范围|企业|地块|后[,的]?|前|过程|期间|任务|计划|力度|补偿"
)
_ATTRIBUTIVE: Final = re.compile(
    "[^,;。]{0,40}的[^,;。]{0,24}(?:企业|项目|单位|园区|区域|地区|县|地块|设施|产业|行业|锅炉|装置|区|机组|建设)?$"
)
_NO_GROWTH: Final = re.compile(
    "不得增加(?:[^,;。]{0,10})(?:排污|排放|污染|总量)|不得新增(?:[^,;。]{0,6})(?:排污量|排放量|排放总量)|只减不增|不增加|零增长|只降不升|不新增"
)
_INFORM: Final = (
    re.compile("以[^,;。]{2,34}为准"),
    re.compile("参照[^,;。]{0,20}执行|从其规定"),
    re.compile("(?:按照?|依照|依据|遵照|根据)[^,;。]{2,46}(?:执行|办理|实施|管理|管控|落实)"),
    re.compile(
        "(?:严格)?(?:执行|落实|遵守)[^,;。]{0,16}(?:总体|通用|普适|共性|上一?级|省级|市级|全省|全市|全州|县级)[^,;。]{0,16}(?:要求|清单|规定|管控)"
    ),
    re.compile(
        "是指|系指|所称|分为|划分为|包括以下|定义为|约束对象|管控对象(?:为|是)|适用于|适用范围|执行范围"
    ),
    re.compile(
        "(?:名录|目录|范围|边界|清单|界线|标准|时间)[^,;。]{0,16}(?:由|见|另行|以)[^,;。]{1,30}(?:制定|公布|划定|发布|确定|附件|附表|为准|调整|拟订|拟定|编制|批准)|见附[件表录]|划定[^,;。]{0,30}[处个]"
    ),
    re.compile("(?:列为|认定为|划为|划入|视为|确定为)[^,;。]{0,16}"),
    re.compile("为[一二三][级类](?:保护)?区|为(?:准|核心|缓冲|实验)?保护区|其余为|作为[^;。]{2,60}依据|为界"),
    re.compile(
        "见附图|逐步调整|统一管理|按[^,;。]{1,12}管理|由[^,;。]{2,40}组成|不再重复|要求同|不涉及|位于[^,;。]{2,20}管控单元"
    ),
)
_STOPPED: Final = re.compile(
    "(?:停止|暂停|暂缓|不再|不予)[^,;。]{1,24}(?:审批|受理|核准|备案|环评|准入|入园|入驻|作业|活动|施工|开采)(?!的)"
)
_RESTRICTED: Final = re.compile(
    "(?:属于?|列为|列入|划为|归为)限制(?:类|性)|最严格[^,;。]{0,4}准入|实行严格[^,;。]{0,6}准入"
)
_PERMIT: Final = re.compile("方可|才能|才可")


def _effects(work: _Work, begin: int, end: int) -> list[Stated]:
    """Return the words of effect in ``[begin, end)`` that are predicates, in order."""
    text, found = work.lexed.text, []
    for (effect, strength), token in work.lexed.of("effect", begin, end):
        word = text[token.start : token.end]
        if work.lexed.bracketed(token.start):
            continue
        after = text[token.end : min(end, token.end + 3)]
        if effect == "EXIT" and _ATTRIBUTE.match(after) and not after.startswith(("的", "")[:1]):
            continue
        if (
            effect == "EXIT"
            and re.match("的?(?:企业|地块|项目|工艺|设备|产品|落后|设施|场地)", text[token.end : end])
            and _modal_behind(work, token.end, end)
        ):
            continue
        if effect in ("FORBID", "RESTRICT") and re.match("的(?!除外|$)", text[token.end : end]):
            continue  # 国家禁止的工艺
        if (
            word in _WEAK
            and (word not in ("进入", "执行", "实行") or text[end - 1] == "的")
            and _ATTRIBUTIVE.match(text, token.end, end)
        ):
            continue
        if word == "限制" and "不受" in text[max(begin, token.start - 18) : token.start]:
            continue
        if word == "限制" and text[max(begin, token.start - 6) : token.start].endswith(
            ("受", "条件", "地形", "不受", "资源", "空间", "因素", "无")
        ):
            continue
        if word in ("应", "须", "需", "可", "禁") and text[max(begin, token.start - 1) : token.start] in (
            "相",
            "无",
            "适",
            "对",
            "供",
            "反",
            "许",
            "认",
            "所",
            "急",
            "必",
            "不",
            "军",
            "解",
            "严",
            "宵",
        ):
            continue
        found.append(Stated(effect, strength, (token.start, token.end)))
    for number in work.lexed.quantities:
        if begin <= number.start and number.end <= end and text[number.end : number.end + 1] not in ("的",):
            if number.requires or (
                number.bound and not found and not re.match("[的且]", text[number.end : end])
            ):
                found.append(Stated("REQUIRE", "strict", (number.start, number.start + 1)))
    for match in _NO_GROWTH.finditer(text, begin, end):
        found = [s for s in found if s.at[1] <= match.start() or s.at[0] >= match.end()]
        found.append(Stated("REQUIRE", "strict", match.span()))
    if not any(s.effect == "FORBID" for s in found):
        found += [
            Stated("FORBID", "strict", (m.start(), m.start() + 2))
            for m in _STOPPED.finditer(text, begin, end)
        ]
    for match in _RESTRICTED.finditer(text, begin, end):
        found.append(Stated("RESTRICT", "strict" if "类" in match[0] else "soft", match.span()))
    return sorted(found, key=lambda s: s.at)


def _modal_behind(work: _Work, begin: int, end: int) -> bool:
    return any(e == "REQUIRE" for (e, _), _ in work.lexed.of("effect", begin, end))


def _main(work: _Work, begin: int, end: int) -> Stated | None:
    """Return the effect of a segment: the strongest predicate, a leading verb before its objects."""
    text = work.lexed.text
    stated = _effects(work, begin, end)
    if not stated:
        return None
    first = stated[0]
    word = text[first.at[0] : first.at[1]]
    strong = [s for s in stated if s.effect in ("FORBID", "EXIT", "RESTRICT")]
    if strong:
        best = min(strong, key=lambda s: (_RANK[s.effect], s.at))
        if first.effect in ("ENCOURAGE", "ALLOW") and best.effect in ("EXIT",) and first.at[0] < best.at[0]:
            # 鼓励…退出, 允许…搬迁: the leading verb governs; 推进…关停 is an exit all the same
            return (
                best
                if word in ("推进", "推动", "加快", "加快推进", "积极推进", "有序推进", "全面推进", "引导")
                else first
            )
        if (
            best.effect == "EXIT"
            and first.effect == "REQUIRE"
            and word not in _MODAL
            and word in ("使用", "采用", "安装", "设置")
        ):
            return first
        if "原则上" in text[begin : best.at[0]] and best.effect in ("FORBID", "RESTRICT"):
            return Stated(best.effect, "principle", best.at)
        return best
    cheering = [
        s
        for s in stated
        if s.effect == "ENCOURAGE" and re.match("鼓励|支持|引导|倡导|扶持|提倡|优先", text[s.at[0] : s.at[1]])
    ]
    if cheering and not any(text[s.at[0] : s.at[1]] in _MODAL | _LIMIT for s in stated):
        return cheering[0]
    numbers = [q for q in work.lexed.quantities if begin <= q.start and q.end <= end]
    if (
        first.effect == "ENCOURAGE"
        and numbers
        and re.match("加强|强化|完善|提高|优化|提升|增强|改善|推进|推动|加快|促进", word)
    ):
        return Stated("REQUIRE", "strict", first.at)
    if first.effect == "ENCOURAGE" and not (
        word in ("优先", "加快", "推进") and any(text[s.at[0] : s.at[1]] in _MODAL for s in stated)
    ):
        return first
    allowed = [
        s
        for s in stated
        if s.effect == "ALLOW"
        and (text[s.at[0] : s.at[1]] not in ("可", "方可") or any(o.at[0] == s.at[1] for o in stated))
    ]
    if first.effect == "ALLOW" or (allowed and not any(text[s.at[0] : s.at[1]] in _MODAL for s in stated)):
        return allowed[0] if allowed else first
    required = [s for s in stated if s.effect == "REQUIRE"]
    if required:
        modal = [s for s in required if text[s.at[0] : s.at[1]] in _MODAL]
        for s in modal:
            behind = [x for x in stated if x.at[0] == s.at[1]]
            if behind and behind[0].effect == "ENCOURAGE":
                return behind[0]
        best = (modal or required)[0]
        principle = best.strength == "principle" or "原则上" in text[begin : best.at[0]] or text.startswith("原则上", best.at[1])
        return Stated("REQUIRE", "principle" if principle else "strict", best.at)
    return min(stated, key=lambda s: (_RANK[s.effect], s.at))


# --- exceptions --------------------------------------------------------------------------------------------------

_EXCEPT_FRONT: Final = re.compile("除(?P<what>[^;。]{2,160}?)(?:以外|之外|外)(?![商资延围地])")
_EXCEPT_BACK: Final = re.compile("(?P<what>[^;。]*?)(?:的)?(?:除外|例外)(?P<rest>[。;,)]|$)")
_FREE: Final = re.compile(
    "(?:均|可以|可|予以)?(?:免于|免除|免予|可?延至|可不(?=编制|执行|做|开展|安装|建|纳入|再)|可暂缓|保留(?=$)|不受(?:此|上述|本条|本款|前款|该|前述|以上)?(?:[^,;。]{0,20}(?:限制|约束)|此限|限制)|不在此限|不在(?:此列|[^,;。]{0,8}(?:之列|范围(?:之)?内))|不适用(?:本|前|上述|此|该)[^,;。]{0,8}|可以例外|可以?不受[^,;。]{0,8}|不按[^,;。]{0,8}执行|可不执行|不再单列)"
)
_NEEDED: Final = re.compile(
    "因[^,;。]{2,20}需要|确不能|确需|确有必要|确因|确无法|确实无法|确实难以|确实需要|确难以|因特殊|经论证确|无法避让|确属"
)
_OTHERWISE: Final = re.compile("[^,;。]{0,20}另有规定")
_ONLY: Final = re.compile("(?:仅|只)(?:允许|准许|准|能|可以|可|限于?|保留)")
_CLASS: Final = re.compile("(?P<what>禁止|限制|淘汰|鼓励|允许)(?:类|准入类|目录|事项|性)?(?:项目)?")
_CLASSES: Final = {"禁止": "FORBID", "限制": "RESTRICT", "淘汰": "EXIT", "鼓励": "ENCOURAGE", "允许": "ALLOW"}
_HEADING: Final = re.compile("(?:区|带|内|外|段|域|岸|县|市|的|项目|企业|业)$")
_REST: Final = re.compile("其余|其他|此外|其它|以外的?(?:一律|均)")
_UNRELATED: Final = re.compile("(?:与|同)(?P<what>[^,;。()]{2,40}?)(?:无关|不相关|不相干|没有关系)的?")
_BEYOND: Final = re.compile("(?P<what>[^,;。:()]{2,40}?)(?:以外|之外)的(?=[^,;。]{2,30})")
_INTERIM: Final = re.compile(
    "在此之前|此前|在此期间|过渡期|[^,;。]{0,8}(?:期间|之前|以前|前)[^,;。]{0,2}?(?=不得|禁止|严禁)"
)
_CONDITION: Final = re.compile(
    "(?:前提是|前提为|条件是|前提条件是|但须|但应|且须|但需|但必须|但不得|并须|并应|且应|且不得)"
)
_DEFINES: Final = re.compile(
    "是指|系指|所称|(?:划?分为|归为)[^,;。]{1,40}(?:类|级|区|种)|由[^,;。]{2,40}组成|执行范围|适用范围|见附[件表图录]|约束对象|以[^,;。]{2,34}为准|不涉及[^,;。]{0,30}(?:红线|保护区)"
)
_UNAPPROVED: Final = re.compile(
    "未(?:依法)?(?:经|取得|征得|获得|办理)(?P<who>[^,;。的]{0,26}?)(?P<what>批准|同意|审批|核准|论证|许可|审查)(?:文件|手续|证)?"
)


def _alternatives(work: _Work, begin: int, end: int) -> list[list[Found]]:
    """Return the cases an exception names: any of them, each all of its conditions."""
    text = work.lexed.text
    while begin < end and text[begin] in ",、;:( ":
        begin += 1
    lead = re.match("(?:但是?|其中|对|对于|凡|若|如|仅|以及)+", text[begin:end])
    if lead:
        begin += lead.end()
    pieces = list(_list_pieces(text, begin, end))
    found = []
    for start, stop in pieces:
        if (case := _case(work, start, stop)) is not None:
            found.append(case)
    return found


def _list_pieces(text: str, begin: int, end: int) -> list[Span]:
    """Return the members of a list of exceptions; one when an attribute in front binds them all."""
    pieces: list[Span] = []
    place, depth = begin, 0
    for found in re.finditer("[()]|以及|或者|[、;和及或]|,(?:以及|或者|和|或)?", text[begin:end]):
        start = begin + found.start()
        if found[0] in "()":
            depth += 1 if found[0] == "(" else -1
            continue
        if depth or _joined(text, start):
            continue
        if start > place:
            pieces.append((place, start))
        place = begin + found.end()
    if place < end:
        pieces.append((place, end))
    if len(pieces) > 1:
        inner = [re.search("的(?!$)", text[s:e]) is not None for s, e in pieces]
        if (
            (inner[0] and not any(inner[1:]))
            or any(e - s < 2 for s, e in pieces)
            or (inner[-1] and not any(inner[:-1]) and text[pieces[-1][0] : end].find("的") < 6 and False)
        ):
            return [(begin, end)]
    return pieces


def _joined(text: str, place: int) -> bool:
    """Whether a character looks like a conjunction and is part of a word (和平, 及时, 中和)."""
    return text[place : place + 2] in ("及时", "和谐", "和平", "及以", "及其", "或以") or text[
        place - 1 : place + 1
    ] in ("中和", "饱和", "普及", "涉及", "危及", "温和")


def _case(work: _Work, begin: int, end: int) -> list[Found] | None:
    text = work.lexed.text
    words = re.sub(r"[\[\]\n]", "", text[begin:end]).strip(",、;:。 ()的")
    words = re.sub("^(?:但是?|对于?|凡|其中)", "", words)
    if len(words) < 2:
        return None
    found = list(papers(work.lexed, begin, end))
    found += [f for f in facts(work.lexed, begin, end)]
    said = read(work.lexed, begin, end)
    numbers = [
        f
        for f in said.atoms
        if "op" in f.atom
        and isinstance(f.atom.get("value"), (int, float))
        and not isinstance(f.atom.get("value"), bool)
    ]
    spans = [f.at for f in (*found, *numbers)]
    known = Said()
    known.natures, known.industries, known.activities = said.natures, said.industries, said.activities
    unknown = sum(1 for f in said.atoms if "matter" in f.atom and "op" not in f.atom)
    covered = sum(e - s for s, e in spans)
    if unknown == 0 and not found:
        atoms = _as_atoms(said)
        if atoms:
            return atoms
    if spans and covered >= len(words) - 3:
        return [*found, *numbers]
    # what is not wholly understood is asked whole: half an exception would be wider than the law's
    return [
        Found({"matter": words[:120]}, (begin, end)),
        *[f for f in found if "document" in f.atom],
        *numbers,
    ]


def _as_atoms(said: Said) -> list[Found]:
    atoms = list(said.atoms)
    if said.natures:
        names = list(dict.fromkeys(n for n, _ in said.natures))
        atoms.append(Found({"fact": "nature", "op": "in", "value": names}, said.natures[0][1]))
    if said.industries:
        codes = list(dict.fromkeys(c for c, _ in said.industries))
        atoms.append(Found({"industry": codes}, _around([s for _, s in said.industries])))
    elif said.activities:
        names = list(dict.fromkeys(a for a, _ in said.activities))
        atoms.append(
            Found(
                {"fact": "activity", "op": "has_any", "value": names},
                _around([s for _, s in said.activities]),
            )
        )
    return atoms


def _around(spans: Sequence[Span]) -> Span:
    return min(s for s, _ in spans), max(e for _, e in spans)


# --- one statement -----------------------------------------------------------------------------------------------

_SPATIAL: Final = ("in", "crosses", "distance", "not", "state")


def _item(work: _Work, item: Item, carried: list[Span]) -> list[Span]:
    """Read one statement; return the spans of a lead-in that the items behind it hang on."""
    text = work.lexed.text
    begin, end = item.start, item.end
    before = work.drafts[-1] if work.drafts and item.follows else None
    mine: list[Draft] = []
    pending: list[Span] = []
    waiting: list[list[Found]] = []  # exceptions named in front
    masked: list[Span] = []
    always: list[list[Found]] = []  # what binds every rule of the statement
    for found in _EXCEPT_FRONT.finditer(text, begin, end):
        if text[found.start() - 1 : found.start()] == "(":
            continue
        waiting += _alternatives(work, *found.span("what"))
        masked.append(found.span())
    for found in re.finditer(r"\((?P<what>[^()]*?)(?:的)?除外\)|\(除(?P<front>[^()]*?)外\)", text[begin:end]):
        group = "what" if found["what"] is not None else "front"
        waiting += _alternatives(work, begin + found.start(group), begin + found.end(group))
        masked.append((begin + found.start(), begin + found.end()))
    for found in _UNRELATED.finditer(text, begin, end):
        always.append([Found({"matter": f"与{found['what']}有关"}, found.span())])
        masked.append(found.span())
    for found in _UNAPPROVED.finditer(text, begin, end):
        atom = {"document": f"{found['what']}文件"}
        if len(found["who"]) >= 3:
            atom["issuer"] = found["who"]
        always.append([Found(atom, found.span())])
        masked.append(found.span())
    for found in _BEYOND.finditer(text, begin, end):
        what = found.span("what")
        for token in work.lexed.within(*what):
            if "effect" in token.kinds or "building" in token.kinds or "nature" in token.kinds:
                what = (token.end, what[1])
        measures = any(what[0] <= q.start and q.end <= what[1] + 2 for q in work.lexed.quantities)
        if (
            not measures
            and not work.lexed.of("place", *what)
            and not work.lexed.of("land", *what)
            and not work.lexed.of("effect", *what)
        ):
            waiting += _alternatives(work, *what)
            masked.append((what[0], found.end()))
    masked.sort()
    work.used += masked
    if (defined := _DEFINES.search(text, begin, end)) is not None and _notice(work, begin, end) is not None:
        if not any(s.effect in ("FORBID", "EXIT") for s in _effects(work, defined.end(), end)):
            work.drafts.append(_notice(work, begin, end))  # type: ignore[arg-type]
            return []
    segments = [s for segment in _segments(text, begin, end) for s in _without(segment, masked)]
    lead: list[Span] = []
    needed: Span | None = None
    for number, (start, stop) in enumerate(segments):
        if text[start - 1 : start] == ":" and (mark := _MARK.match(text, start, stop)) is not None:
            start = mark.end()
        words = text[start:stop]
        target = mine[-1] if mine else before
        # --- exceptions behind
        back = _EXCEPT_BACK.match(text, start, stop) if ("除外" in words or "例外" in words) else None
        if back is not None and "不得例外" in words:
            if target is not None:
                target.never += read(work.lexed, start, start + words.index("不得例外")).atoms
                target.spans.append((start, stop))
            continue
        if back is not None:
            if target is not None or pending:
                spans = (
                    [*pending[-1:], (start, back.end("what"))]
                    if target is None or _continues(text, pending, start)
                    else [(start, back.end("what"))]
                )
                cases = _alternatives(work, spans[0][0], spans[-1][1])
                work.used.append((start, stop))
                if target is not None:
                    for draft in _same_statement(mine, target):
                        draft.unless += cases
                        draft.spans.append((start, stop))
                    pending = []
                    continue
                waiting += cases
                pending = []
                continue
        free = _FREE.search(words)
        if free is not None and (target is not None):
            reach = (
                [*pending[-1:], (start, start + free.start())]
                if free.start() < 2
                else [(start, start + free.start())]
            )
            cases = _alternatives(work, reach[0][0], reach[-1][1])
            for draft in _same_statement(mine, target):
                draft.unless += cases
                draft.spans.append((start, stop))
            work.used.append((start, stop))
            pending = []
            continue
        if (other := _OTHERWISE.match(words)) is not None and target is not None:
            target.unless.append([Found({"matter": other[0].strip("但, ")}, (start, start + other.end()))])
            target.spans.append((start, stop))
            continue
        if words.startswith("从其规定") and target is not None:
            if pending:
                target.unless += _alternatives(work, *pending.pop())
            work.used.append((start, stop))
            continue
        only = _ONLY.search(words)
        if only is not None and target is not None and target.effect in ("FORBID", "RESTRICT"):
            cases = _alternatives(work, start + only.end(), stop)
            if cases:
                target.unless += cases
                target.spans.append((start, stop))
                continue
        if (
            target is not None
            and needed is None
            and _NEEDED.search(words)
            and _main_is_light(work, start, stop)
        ):
            needed = (start, stop)
            if number + 1 < len(segments):
                continue
            target.unless += _alternatives(work, start, stop)
            target.spans.append((start, stop))
            needed = None
            continue
        if needed is not None and target is not None:
            _needed_case(work, target, needed, (start, stop))
            needed = None
            continue
        # --- effects
        stated = _main(work, start, stop)
        if stated is not None and words.endswith("的") and number + 1 < len(segments):
            stated = None  # 三十日内清除的，…: a condition, whatever verbs it holds
        previous = mine[-1] if mine else before
        if (
            stated is not None
            and stated.effect == "FORBID"
            and previous is not None
            and previous.effect in ("EXIT", "ALLOW", "REQUIRE")
            and _INTERIM.match(words)
        ):
            stated = Stated(
                "REQUIRE", "strict", (start, start + 1)
            )  # a duty until the day comes, no ban of what stands
        if stated is None and not any(s.effect for s in _effects(work, start, stop)):
            ratio = next((r for r in work.lexed.ratios if start <= r.start and r.end <= stop), None)
            if ratio is not None and not _EXCEPT_BACK.match(text, start, stop):
                stated = Stated("REQUIRE", "strict", (ratio.start, ratio.start + 1))
        if text[stop : stop + 1] == ":" and (named := _CLASS.fullmatch(words)) is not None:
            stated = Stated(_CLASSES[named["what"]], "strict", (start, stop))
        guarded = mine[-1] if mine else work.drafts[-1] if work.drafts else None
        if (
            stated is not None
            and stated.effect == "ALLOW"
            and guarded is not None
            and guarded.effect in ("FORBID", "RESTRICT")
        ):
            reach = [*pending, (start, stop)]
            guarded.unless.append(_permitted(work, reach))
            guarded.spans += reach
            pending = []
            continue
        if (
            mine
            and mine[-1].effect == "ALLOW"
            and stated is not None
            and (stated.effect == "REQUIRE" or _CONDITION.match(words))
        ):
            opening = _CONDITION.match(words)
            asked, used = requirement(work.lexed, start + (opening.end() if opening else 0), stop)
            mine[-1].what.atoms += [
                Found({"matter": f.atom["duty"]}, f.at) if "duty" in f.atom else f for f in asked
            ]
            mine[-1].spans.append((start, stop))
            work.used += used
            continue
        if (
            lead
            and mine
            and mine[-1].effect != "REQUIRE"
            and stated is not None
            and stated.effect == "REQUIRE"
            and stated.at[1] - stated.at[0] == 1
        ):
            stated = None  # a number of the list the lead-in opens
        if (
            stated is not None
            and stated.effect == "REQUIRE"
            and text[stated.at[0] : stated.at[1]] in _WEAK
            and any(p.search(words) for p in _INFORM[:4])
            and "严格执行" not in words
        ):
            stated = None
        if (
            stated is None
            and text[stop : stop + 1] == ":"
            and stop - start < 9
            and _HEADING.search(words) is None
        ):
            work.used.append((start, stop))
            continue
        if stated is None:
            pending.append((start, stop))
            continue
        drafts = _drafts(work, stated, pending, (start, stop), mine, before)
        for draft in drafts:
            draft.unless += [*waiting, *always]
            if (
                draft.effect == "FORBID"
                and guarded is not None
                and guarded.effect == "ALLOW"
                and _REST.search(words)
            ):
                (mine if mine else work.drafts).pop()
                allowed = guarded  # 只准 A，其余一律禁止: A is the exception
                draft.unless += _alternatives(work, allowed.at[1], allowed.spans[-1][1])
                draft.spans += allowed.spans
        mine += drafts
        if drafts and text[stop : stop + 1] == ":":
            lead = [(start, stop)]
        if stated.effect in ("FORBID", "RESTRICT", "EXIT"):
            waiting = []
    if needed is not None and (mine or before):
        (mine[-1] if mine else before).unless += _alternatives(work, *needed)  # type: ignore[union-attr]
    if not mine and carried:
        mine = _hanging(work, carried, (begin, end))
        lead = carried
        for draft in work.drafts if mine else ():
            draft.opens |= draft.at[0] >= carried[0][0] and draft.at[1] <= carried[0][1]
    elif pending and mine and lead:
        # 禁止建设：A、B（colon list）: what stands behind the colon is what the lead acts on
        mine += _listed(work, mine, pending)
        pending = []
    elif pending and mine and mine[-1].effect == "REQUIRE":
        for span in pending:
            more = [
                f
                for f in requirement(work.lexed, *span)[0]
                if "duty" not in f.atom and "document" not in f.atom
            ]
            if more and span[0] > mine[-1].at[0]:
                mine[-1].require += more
                mine[-1].spans.append(span)
    if not mine and (notice := _notice(work, begin, end)) is not None:
        mine = [notice]
    if waiting and mine:
        for draft in mine:
            if not draft.unless:
                draft.unless += waiting
    work.drafts += mine
    return lead


def _permitted(work: _Work, reach: Sequence[Span]) -> list[Found]:
    """Return the case a permission behind a ban carves out: who is permitted, in the clause's own words."""
    text = work.lexed.text
    found: list[Found] = []
    words = ",".join(text[s:e] for s, e in reach)
    said = Said()
    for span in reach:
        said.add(read(work.lexed, *span))
        found += papers(work.lexed, *span)
    numbers = [
        f
        for f in said.atoms
        if isinstance(f.atom.get("value"), (int, float)) and not isinstance(f.atom.get("value"), bool)
    ]
    label = re.sub(r"[\[\]\n]", "", words).strip(",;:、 ()")
    return [
        Found({"matter": label[:120]}, _around(reach)),
        *[f for f in found if "document" in f.atom],
        *numbers,
    ]


def _continues(text: str, pending: Sequence[Span], start: int) -> bool:
    """Whether the segment before belongs to the exception (…的项目，经批准的除外)."""
    return bool(pending) and text[pending[-1][0] : pending[-1][1]].startswith(("但", "对", "国家", "因"))


def _same_statement(mine: Sequence[Draft], target: Draft) -> Sequence[Draft]:
    """Return the rules an exception behind them speaks to: those made of the same segment."""
    return [d for d in mine if d.at == target.at] or [target]


def _without(segment: Span, masked: Sequence[Span]) -> Iterator[Span]:
    start, stop = segment
    for begin, end in masked:
        if begin < stop and start < end:
            if begin > start:
                yield (start, begin)
            start = max(start, end)
    if stop > start:
        yield (start, stop)


def _main_is_light(work: _Work, start: int, stop: int) -> bool:
    stated = _main(work, start, stop)
    return stated is None or stated.effect in ("REQUIRE", "ALLOW")


def _needed_case(work: _Work, target: Draft, needed: Span, behind: Span) -> None:
    """Read 确需…的，须…: an exception with what it asks for in return."""
    cases = _alternatives(work, *needed)
    asked, spans = requirement(work.lexed, *behind)
    for case in cases:
        case += asked
    target.unless += cases
    target.spans += [needed, behind]
    work.used += spans


def _notice(work: _Work, begin: int, end: int) -> Draft | None:
    text = work.lexed.text[begin:end]
    if not any(pattern.search(text) for pattern in _INFORM):
        return None
    said = read(work.lexed, begin, end)
    work.used.append((begin, end))
    told = Said(industries=said.industries, used=[(begin, end)])
    told.atoms = [
        f
        for f in said.atoms
        if "distance" in f.atom or ("value" in f.atom and "matter" not in f.atom and "unit" in f.atom)
    ]
    return Draft("INFORM", "strict", (begin, end), told, Said(), spans=[(begin, end)])


def _hanging(work: _Work, lead: Sequence[Span], item: Span) -> list[Draft]:
    """Return the rules of an item without a verb of its own: the lead-in's effect, its own object."""
    stated = _main(work, *lead[0])
    if stated is None:
        return []
    what = read(work.lexed, *item, acted_on=True)
    topic = read(work.lexed, lead[0][0], stated.at[0])
    if not (what.industries or what.activities or what.objects):
        topic.add(read(work.lexed, stated.at[1], lead[0][1], acted_on=True))  # the lead-in names the object
    return [_draft(work, stated, topic, what, [*lead, item])] if not what.empty else []


def _listed(work: _Work, mine: Sequence[Draft], pending: Sequence[Span]) -> list[Draft]:
    first = mine[-1]
    cases = [read(work.lexed, *span) for span in pending]
    if first.effect in ("ALLOW", "FORBID", "RESTRICT") and not any(
        c.industries or c.activities or c.objects for c in cases
    ):
        members = [
            {"all": [f.atom for f in c.atoms]} if len(c.atoms) > 1 else c.atoms[0].atom
            for c in cases
            if c.atoms
        ]
        if members:
            whole = members[0] if len(members) == 1 else {"any": members}
            first.what.atoms.append(Found(whole, _around(list(pending))))
            first.spans += pending
            work.used += pending
        return []
    what = Said()
    for span in pending:
        what.add(read(work.lexed, *span, acted_on=True))
    if what.empty:
        return []
    if not (first.what.industries or first.what.activities or first.what.objects):
        first.what.add(what)
        first.spans += pending
        return []
    return [Draft(first.effect, first.strength, first.at, first.topic, what, spans=[*first.spans, *pending])]


def _drafts(
    work: _Work,
    stated: Stated,
    pending: Sequence[Span],
    segment: Span,
    mine: Sequence[Draft],
    before: Draft | None,
) -> list[Draft]:
    text, lex = work.lexed.text, work.lexed
    start, stop = segment
    topic = Said()
    for span in pending:
        topic.add(read(lex, *span))
    spans = [*pending, segment]
    if stated.effect == "REQUIRE":
        demanded_from = stated.at[0] if text[stated.at[0] : stated.at[1]] not in _MODAL else stated.at[1]
        for number in lex.quantities:
            if number.start <= stated.at[0] < number.end:  # the noun of the number belongs to the demand
                nouns = [f.at[0] for f in measured(lex, number, start, stop, required=True)]
                demanded_from = min([demanded_from, *nouns])
        for fact in facts(lex, start, stop):
            if fact.at[0] < stated.at[0] < fact.at[1]:  # 清洁生产水平应达国内先进
                demanded_from = min(demanded_from, fact.at[0])
        if (
            any(q.start in (stated.at[1], stated.at[1] + 1) for q in lex.quantities)
            and demanded_from == stated.at[1]
        ):
            heads = [
                t.end
                for t in lex.within(start, stated.at[0])
                if not t.kinds.keys() & {"stops", "shields", "effect"}
            ]
            noun = re.search("[^,;。:()的、]{2,24}$", text[max([start, *heads]) : stated.at[0]])
            demanded_from = stated.at[0] - len(noun[0]) if noun else demanded_from
        topic.add(read(lex, start, min(stated.at[0], demanded_from)))
        asked, used = requirement(lex, demanded_from, stop)
        pre, used_pre = _demanded_before(work, start, stated)
        draft = _draft(work, stated, topic, Said(), spans)
        draft.require = [*pre, *asked]
        work.used += [*used, *used_pre]
        _inherit(work, draft, mine, before)
        _deadline(work, draft, segment)
        return [draft]
    post = (stated.at[1], stop)
    for ratio in lex.ratios:
        if post[0] <= ratio.start < stop and stated.effect in ("FORBID",):
            post = (post[0], max(post[0], ratio.start))
    what = read(lex, *post, acted_on=True)
    if stated.effect == "EXIT" and what.objects and not (what.industries or what.activities):
        leaving = read(lex, start, stated.at[0])
        if leaving.industries or leaving.activities or topic.industries or topic.activities:
            what = Said()  # 置换为再生水: what takes its place is not what goes
    if what.industries or what.activities or what.objects or what.generic and what.atoms:
        topic.add(read(lex, start, stated.at[0]))
    else:
        subject = bool(topic.industries or topic.activities or topic.objects)
        what.add(read(lex, start, stated.at[0], acted_on=not subject))
        if not (what.industries or what.activities or what.objects) and pending:
            tail = read(lex, *pending[-1], acted_on=True)
            what.objects += tail.objects if not (topic.industries or topic.activities) else []
    draft = _draft(work, stated, topic, what, spans)
    _inherit(work, draft, mine, before)
    _deadline(work, draft, segment)
    for span in pending:
        _deadline(work, draft, span)
    if stated.effect in ("FORBID", "RESTRICT", "EXIT") and any(
        p.start >= start and p.end <= stop for p in lex.ratios
    ):
        asked, used = requirement(lex, min(r.start for r in lex.ratios if r.start >= start), stop)
        draft.unless.append(asked)
        work.used += used
    return [draft]


def _demanded_before(work: _Work, start: int, stated: Stated) -> tuple[list[Found], list[Span]]:
    """Return what is demanded in front of the word of effect (清洁生产水平不得低于…, 重金属只减不增)."""
    word = work.lexed.text[stated.at[0] : stated.at[1]]
    if word in _MODAL:
        return [], []
    found = [f for f in facts(work.lexed, start, stated.at[1]) if f.at[1] > stated.at[0]]
    return found, [f.at for f in found]


def _draft(work: _Work, stated: Stated, topic: Said, what: Said, spans: Sequence[Span]) -> Draft:
    work.used.append(stated.at)
    work.used += [*topic.used, *what.used]
    return Draft(stated.effect, stated.strength, stated.at, topic, what, spans=list(spans))


def _inherit(work: _Work, draft: Draft, mine: Sequence[Draft], before: Draft | None) -> None:
    """Take from the rule before what this one leaves unsaid: its place, its subject."""
    source = mine[-1] if mine else before
    if source is None:
        return
    said = (draft.topic, draft.what)
    if not any(s.industries or s.activities or s.objects or s.generic for s in said):
        draft.topic.industries += [*source.topic.industries, *source.what.industries]
        draft.topic.activities += [*source.topic.activities, *source.what.activities]
        draft.what.objects += (
            [*source.topic.objects, *source.what.objects] if draft.effect != "REQUIRE" else []
        )
        if draft.effect == "REQUIRE" and not any(s.natures for s in said):
            draft.topic.natures += [*source.topic.natures, *source.what.natures]
    if not any(_spatial(f) for s in said for f in s.atoms):
        draft.topic.atoms += [f for s in (source.topic, source.what) for f in s.atoms if _spatial(f)]


def _spatial(found: Found) -> bool:
    atom = found.atom
    return (
        any(k in atom for k in _SPATIAL) or "any" in atom or str(atom.get("fact", "")).startswith("inside_")
    )


def _deadline(work: _Work, draft: Draft, segment: Span) -> None:
    if draft.effect != "EXIT":
        return
    for deadline in work.lexed.deadlines:
        if segment[0] <= deadline.start and deadline.end <= segment[1] and not deadline.begins:
            draft.until = (deadline.until, (deadline.start, deadline.end))


# --- drafts to rules ---------------------------------------------------------------------------------------------

_NATURES: Final = ("新建", "扩建", "改建", "技改", "迁建", "现有")


def _reading(text: str, work: _Work) -> Reading:
    made: list[dict[str, Any]] = []
    only_exit = not any(
        d.effect in ("FORBID", "RESTRICT")
        for d in work.drafts
        if d.at[1] - d.at[0] < 3 or not _CLASS.fullmatch(work.lexed.text, *d.at)
    )
    for draft in work.drafts:
        for rule in _rules(work, draft, only_exit):
            try:
                rules.check(rule, text=text)
            except BadRule:  # never lose the clause for one part that does not fit the format
                work.doubt("unfit_rule")
                continue
            if not any(_same_rule(rule, other) for other in made):
                made.append(rule)
    residue = _residue(work)
    return Reading(
        text=text,
        rules=tuple(made),
        residue=tuple(work.lexed.plain.published(*span) for span in residue),
        confidence=_confidence(work, made, residue),
        doubts=tuple(work.doubts),
    )


def _same_rule(rule: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    ignored = ("quote", "parts")
    return {k: v for k, v in rule.items() if k not in ignored} == {
        k: v for k, v in other.items() if k not in ignored
    }


class _Object(NamedTuple):
    """One kind of thing a rule acts on."""

    path: str
    values: list[str]
    found: list[Found]
    spans: list[Span]


def _rules(work: _Work, draft: Draft, only_exit: bool) -> Iterator[dict[str, Any]]:
    """Yield a rule for each kind of thing acted on: they are alternatives, which one subject would join."""
    said = Said()
    said.add(draft.topic)
    said.add(draft.what)
    if said.opened:
        work.doubt("open_list")
    industries = _shortest([c for c, _ in said.industries])
    kinds: list[_Object] = []
    if industries:
        kinds.append(_Object("subject.industry", industries, [], [s for _, s in said.industries]))
    activities = [(a, s) for a, s in said.activities if all(s != t for _, t in said.industries)]
    if activities:
        kinds.append(
            _Object(
                "subject.activity",
                list(dict.fromkeys(a for a, _ in activities)),
                [],
                [s for _, s in activities],
            )
        )
    if said.objects:
        kinds.append(_Object("", [], said.objects, []))
    if draft.opens and not kinds:
        return  # 禁止建设下列项目：… acts on its list only; alone it would ban everything
    if not (kinds or said.natures or said.atoms or said.generic or draft.require or draft.effect == "INFORM"):
        return  # 限制类：… opens a list and acts on nothing itself
    for kind in kinds or [_Object("", [], [], [])]:
        yield _rule(work, draft, said, kind, only_exit)


def _shortest(codes: Iterable[str]) -> list[str]:
    unique = list(dict.fromkeys(codes))
    return [c for c in unique if not any(o != c and c.startswith(o) for o in unique)]


def _rule(work: _Work, draft: Draft, said: Said, kind: _Object, only_exit: bool) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [_part(work, "effect", draft.at)]
    rule: dict[str, Any] = {"effect": draft.effect, "strength": draft.strength}
    subject: dict[str, Any] = {}
    natures = _natures(work, draft, said, kind, only_exit)
    if natures:
        subject["nature"] = natures
        parts += [_part(work, "subject.nature", span) for _, span in said.natures]
    if kind.values:
        subject[kind.path.rpartition(".")[2]] = kind.values
        parts += [_part(work, kind.path, span) for span in kind.spans]
    rule["subject"] = subject
    when = _distinct(said.atoms)
    if draft.effect == "EXIT" and any(_term(f) for f in when):
        terms = [f for f in when if _term(f)]  # 三个月内: counted from a day the clause does not name
        when = [f for f in when if not _term(f)]
        rule["note"] = "；".join(work.lexed.text[slice(*f.at)] for f in terms)
        parts += [_part(work, "note", f.at) for f in terms]
        work.doubt("relative_deadline")
    if kind.found:
        objects = _distinct(kind.found)
        whole = (
            objects[0]
            if len(objects) == 1
            else Found({"any": [f.atom for f in objects]}, _around([f.at for f in objects]))
        )
        when = [whole, *when]
    _put(work, rule, parts, "when", [[f] for f in when], all_of=True)
    unless = [_distinct(case) for case in draft.unless if case]
    if draft.never:
        blocked = [Found({"not": f.atom}, f.at) for f in _distinct(draft.never)]
        unless = [[*case, *blocked] for case in unless]
    _put(work, rule, parts, "unless", _distinct_cases(unless), all_of=False)
    if draft.effect in ("REQUIRE", "RESTRICT") and draft.require:
        _put(work, rule, parts, "require", [[f] for f in _distinct(draft.require)], all_of=True)
    if draft.until is not None:
        rule["until"] = draft.until[0].isoformat()
        parts.append(_part(work, "until", draft.until[1]))
    if (
        draft.effect == "ALLOW"
        and draft.strength == "strict"
        and _ONLY.search(work.lexed.text, *_around(draft.spans)) is None
    ):
        rule["strength"] = "soft"
        work.doubt("permission")
    start, end = _around([*draft.spans, draft.at])
    rule["quote"] = list(work.lexed.plain.published(start, end))
    rule["parts"] = parts
    return rule


def _term(found: Found) -> bool:
    return (
        found.atom.get("unit") in ("a", "月", "d", "h")
        and found.atom.get("op") == "<="
        and "matter" in found.atom
    )


def _natures(work: _Work, draft: Draft, said: Said, kind: _Object, only_exit: bool) -> list[str]:
    stated = {n for n, _ in said.natures}
    if draft.effect in ("FORBID", "RESTRICT") and stated > {"现有"}:
        stated.discard("现有")  # 现有企业不得扩大规模: what is forbidden is the extension
    if draft.effect == "EXIT":
        return ["现有"] if only_exit else [n for n in ("现有",) if n in stated and only_exit]
    if not stated and draft.effect == "REQUIRE" and _UPGRADES.search(work.lexed.text, *_around(draft.spans)):
        work.doubt("nature_inferred")
        return ["现有"]
    if not stated and draft.effect in ("FORBID", "RESTRICT"):
        text = work.lexed.text
        word = text[draft.at[0] : draft.at[1]]
        names_kind = any(n in word for n in ("新建", "新设", "新增", "建", "布局", "引进", "布设"))
        passes = any(
            n in word for n in ("审批", "批准", "核准", "备案", "受理", "安排", "准入", "不批", "限批")
        ) or _STOPPED.match(text, draft.at[0])
        if "扩建" in word:
            stated = {"扩建"}
        elif (
            names_kind
            or _builds(text, draft.at[1])
            or (passes and kind.path == "subject.industry")
            or (
                kind.path == "subject.industry"
                and draft.effect == "FORBID"
                and word in ("禁止", "严禁", "不得")
                and (
                    draft.at[1] >= draft.spans[-1][1] - 1
                    or text[draft.at[1] : draft.at[1] + 1] == ":"
                    or _ENDS_PROJECT.match(text, draft.at[1])
                )
            )
        ):
            work.doubt("nature_inferred")
            stated = {"新建"}
    return [n for n in _NATURES if n in stated]


_ENDS_PROJECT: Final = re.compile("[^,;。]{2,60}(?:项目|生产线|企业)(?=[,;。]|$)")
_UPGRADES: Final = re.compile(
    r"20\d\d年[^;。]{0,40}(?:企业|锅炉|机组|设施|窑|园区)[^;。]{0,30}(?:完成|改造|治理|整治|提标)"
)
_BUILDS: Final = re.compile(
    "(?:在[^,;。]{1,40}?(?:内|外|上|区域|范围|地区|段|旁|边|处|中))?(?:再|擅自|违法|违规|任何)*(?:建设|建造|修建|兴建|建|布局|布设|设在|位于|选址|落户|进入|准入|引进|引入|入驻|安排|设立|开工|投资建设|上马|上|入园|发展)"
)


def _builds(text: str, place: int) -> bool:
    """Whether what an effect governs is that something comes to stand (不得在…内建设…)."""
    return _BUILDS.match(text, place) is not None


def _distinct(found: Iterable[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in found:
        if all(one.atom != other.atom for other in kept):
            kept.append(one)
    return kept


def _distinct_cases(cases: Iterable[list[Found]]) -> list[list[Found]]:
    kept: list[list[Found]] = []
    for case in cases:
        if all([f.atom for f in case] != [f.atom for f in other] for other in kept):
            kept.append(case)
    return kept


def _put(
    work: _Work,
    rule: dict[str, Any],
    parts: list[dict[str, Any]],
    key: str,
    cases: Sequence[Sequence[Found]],
    *,
    all_of: bool,
) -> None:
    """Write conditions under ``key``, joined by all or any, with the words each rests on."""
    if not cases:
        return
    joint = "all" if all_of else "any"
    members: list[Any] = []
    for number, case in enumerate(cases):
        path = key if len(cases) == 1 else f"{key}.{joint}.{number}"
        atoms = [dict(f.atom) for f in case]
        members.append(atoms[0] if len(atoms) == 1 else {"all": atoms})
        for place, found in enumerate(case):
            parts.append(_part(work, path if len(case) == 1 else f"{path}.all.{place}", found.at))
            work.used.append(found.at)
    rule[key] = members[0] if len(members) == 1 else {joint: members}


def _part(work: _Work, path: str, span: Span) -> dict[str, Any]:
    return {"path": path, "at": list(work.lexed.plain.published(*span))}


def _residue(work: _Work) -> list[Span]:
    """Return the stretches no rule rests on, without punctuation and function words."""
    text = work.lexed.text
    cover = bytearray(len(text))
    for start, end in work.used:
        cover[start:end] = b"\1" * (end - start)
    for item in _items(text):
        pass
    spans: list[Span] = []
    begin = None
    for place in range(len(text) + 1):
        free = place < len(text) and not cover[place]
        if free and begin is None:
            begin = place
        elif not free and begin is not None:
            words = text[begin:place].strip(",;:。、()\n的和及与并且")
            if len(words) >= 2 and _MARK.fullmatch(text, begin, place) is None:
                spans.append((begin, place))
            begin = None
    return spans


def _confidence(work: _Work, made: Sequence[Mapping[str, Any]], residue: Sequence[Span]) -> float:
    """Return how much of the text was understood: a share of words, less what was taken in its own words."""
    if not made:
        return 0.0
    length = max(1, len(work.lexed.text))
    left = sum(e - s for s, e in residue) / length
    own = sum(str(rule).count("'matter'") + str(rule).count("'duty'") for rule in made)
    value = 1.0 - left - 0.05 * min(own, 8) - 0.1 * len(work.doubts)
    return round(min(1.0, max(0.05, value)), 2)

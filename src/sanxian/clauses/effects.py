"""The word of effect that governs a stretch of a clause: ban, limit, demand, exit, permission, encouragement, notice."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sanxian.clauses.lexing import Lexed
from sanxian.clauses.said import Span


class Stated(NamedTuple):
    """The effect of a segment and the word that says it."""

    effect: str
    strength: str
    at: Span


_RANK: Final = {"FORBID": 0, "EXIT": 1, "RESTRICT": 2, "REQUIRE": 3, "ALLOW": 4, "ENCOURAGE": 5, "INFORM": 6}
MODAL: Final = frozenset(
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
WEAK: Final = frozenset(("集中", "收集", "使用", "加强", "强化", "完善", "健全", "优化", "统筹", "推行", "保持", "保障", "明确", "同步", "全部", "定期", "落实", "开展", "设置", "实施", "建立", "提高", "采用", "采取", "进入", "纳入", "实现", "符合", "满足", "完成", "达到", "编制", "安装", "配套", "选用", "制定", "确保", "保证", "做到", "执行", "实行"))  # fmt: skip
LIMIT: Final = frozenset(("不得低于", "不得少于", "不得小于", "不得高于", "不得大于", "不得超过", "不得突破", "不得超出", "不得多于", "不低于", "不少于", "不小于", "不高于", "不大于", "不超过", "不多于", "不突破", "控制在", "严禁突破", "严禁超过", "不应低于", "不应少于", "不应小于", "不应高于", "不应大于", "不应超过", "不能低于", "不能超过"))  # fmt: skip
_ATTRIBUTE: Final = re.compile(
    "类|名录|目录|清单|机制|方案|工艺|落后|产品|之列|时间|量|削减|减排|腾出|指标|名单|计划|范围|企业|地块|用地|后[,的]?|前|过程|期间|任务|计划|力度|补偿"
    "|[^,;。的]{1,4}地块"
)
_CIRCUMSTANCE: Final = re.compile(
    "[^,;。]{0,14}(?:(?:前|后|期间|过程中?|时)(?:\\d+个?工?作?[日天月年])?(?:内)?$"
    "|(?:前|后)[\\d一二三四五六七八九十]+个?(?:工作)?[日天月年])"
)  # 拆除设施前 15 个工作日
_ATTRIBUTIVE: Final = re.compile(
    "[^,;。]{0,40}的[^,;。]{0,24}(?:企业|项目|单位|园区|区域|地区|县|地块|设施|产业|行业|锅炉|装置|区|机组|建设)?$"
)
_IN_NEED: Final = re.compile(
    "[^,;。]{1,16}的[^,;。]{0,6}(?:区域|地区|地带|场所|对象|物种|项目|单位)(?=[,;。]|$)"
)
_NO_GO: Final = re.compile(
    "(?:为|属于?|列为|列入|划为|划入|划定为|设为)[^,;。]{0,16}?(?P<what>(?:禁止|严禁)(?:建设|开发|准入|布局|开采|开发建设)|禁建|禁采|禁养)(?:区域?|范围|地带|类)"
)
_NO_GROWTH: Final = re.compile(
    "不得增加(?:[^,;。]{0,10})(?:排污|排放|污染|总量)|不得新增(?:[^,;。]{0,6})(?:排污量|排放量|排放总量)|只减不增|不增加|零增长|只降不升|不新增"
)
INFORM: Final = (
    re.compile("以[^,;。]{2,34}为准"),
    re.compile("参照[^,;。]{0,20}执行|从其规定|不按[^,;。]{1,8}(?:管理|执行)"),
    re.compile("(?:按照?|依照|依据|遵照|根据)[^,;。]{2,46}(?:执行|办理|实施|管理|管控|落实)"),
    re.compile(
        "(?:严格)?(?:执行|落实|遵守)[^,;。]{0,16}(?:总体|通用|普适|共性|上一?级|省级|市级|全省|全市|全州|县级|准入|管控)[^,;。]{0,16}(?:要求|清单|规定|管控)"
    ),
    re.compile(
        "是指|系指|所称|分为|划分为|包括以下|定义为|约束对象|管控对象(?:为|是)|适用于|适用范围|执行范围"
    ),
    re.compile(
        "(?:名录|目录|范围|边界|清单|界线|标准|时间)[^,;。]{0,16}(?:由|见|另行|以)[^,;。]{1,30}(?:制定|公布|划定|发布|确定|附件|附表|为准|调整|拟订|拟定|编制|批准)|见附[件表录]|划定[^,;。]{0,30}[处个]"
    ),
    re.compile(
        "由[^,;。]{2,36}(?:公布|发布|制定|划定|确定|核定|解释|认定|另行规定|负责解释)|每[^,;。]{1,4}年[^,;。]{0,6}(?:评估|调整|修订)"
    ),
    re.compile("(?:列为|认定为|划为|划入|视为|确定为)[^,;。]{0,16}"),
    re.compile("为[一二三][级类](?:保护)?区|为(?:准|核心|缓冲|实验)?保护区|其余为|作为[^;。]{2,60}依据|为界"),
    re.compile(
        "见附图|(?:本|该)单元(?:属|为|是)|发展方向|功能定位|主导产业|逐步调整|统一管理|按[^,;。]{1,12}管理|由[^,;。]{2,40}组成|不再重复|要求同|不涉及|位于[^,;。]{2,20}管控单元"
    ),
)
STOPPED: Final = re.compile(
    "(?:停止|暂停|暂缓|不再|不予)[^,;。]{1,24}(?:审批|受理|核准|备案|环评|准入|入园|入驻|作业|活动|施工|开采|申请)(?!的)"
)
_RESTRICTED: Final = re.compile(
    "(?:属于?|列为|列入|划为|归为)限制(?:类|性)|最严格[^,;。]{0,4}准入|实行严格[^,;。]{0,6}准入|严格(?!执行|落实|按|依|遵)[^,;。的]{1,12}准入(?!清单|条件|要求)"
)


def effects(lexed: Lexed, begin: int, end: int) -> list[Stated]:
    """Return the words of effect in ``[begin, end)`` that are predicates, in order."""
    text, found = lexed.text, []
    for (effect, strength), token in lexed.of("effect", begin, end):
        word = text[token.start : token.end]
        if lexed.bracketed(token.start):
            continue
        if effect == "EXIT" and (
            _ATTRIBUTE.match(text, token.end, end) or _CIRCUMSTANCE.match(text, token.end, end)
        ):
            continue  # 退出机制, 淘汰落后产品
        if (
            effect == "EXIT"
            and re.match("的?(?:企业|地块|项目|工艺|设备|产品|落后|设施|场地)", text[token.end : end])
            and _modal_behind(lexed, token.end, end)
        ):
            continue
        if effect in ("FORBID", "RESTRICT") and re.match("的(?!除外|$)", text[token.end : end]):
            continue  # 国家禁止的工艺
        if (
            word in WEAK
            and (word not in ("进入", "执行", "实行") or text[end - 1] == "的")
            and _ATTRIBUTIVE.match(text, token.end, end)
        ):
            continue
        if word in ("需", "需要") and _IN_NEED.match(text, token.end, end):
            continue  # 需要特殊保护的区域
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
    for number in lexed.quantities:
        closed = begin <= number.start and number.end <= end and not text.startswith("的", number.end)
        bound = number.bound and not found and not text.startswith("且", number.end)
        if closed and (number.requires or bound):
            found.append(Stated("REQUIRE", "strict", (number.start, number.start + 1)))
    words = text[begin:end]  # the patterns below are rare; a character they all hold is looked for first
    for match in _NO_GROWTH.finditer(text, begin, end) if "增" in words or "只降" in words else ():
        found = [s for s in found if s.at[1] <= match.start() or s.at[0] >= match.end()]
        found.append(Stated("REQUIRE", "strict", match.span()))
    if ("停" in words or "暂缓" in words or "不" in words) and not any(s.effect == "FORBID" for s in found):
        found += [
            Stated("FORBID", "strict", (m.start(), m.start() + 2)) for m in STOPPED.finditer(text, begin, end)
        ]
    for match in (
        _NO_GO.finditer(text, begin, end) if ("禁" in words and "为" in words) or "属" in words else ()
    ):
        if not any(s.effect == "FORBID" for s in found):
            found.append(Stated("FORBID", "strict", match.span("what")))
    for match in _RESTRICTED.finditer(text, begin, end) if "限制" in words or "准入" in words else ():
        found.append(Stated("RESTRICT", "strict" if "类" in match[0] else "soft", match.span()))
    return sorted(found, key=lambda s: s.at)


def _modal_behind(lexed: Lexed, begin: int, end: int) -> bool:
    return any(e == "REQUIRE" for (e, _), _ in lexed.of("effect", begin, end))


def main_effect(lexed: Lexed, begin: int, end: int) -> Stated | None:
    """Return the effect of a segment: the strongest predicate, a leading verb before its objects."""
    text = lexed.text
    stated = effects(lexed, begin, end)
    if not stated:
        return None
    first = stated[0]
    word = text[first.at[0] : first.at[1]]
    strong = [s for s in stated if s.effect in ("FORBID", "EXIT", "RESTRICT")]
    if strong:
        best = min(strong, key=lambda s: (_RANK[s.effect], s.at))
        if first.effect in ("ENCOURAGE", "ALLOW") and best.effect == "EXIT" and first.at[0] < best.at[0]:
            # 鼓励…退出, 允许…搬迁: the leading verb governs; 推进…关停 is an exit all the same
            return (
                best
                if word in ("推进", "推动", "加快", "加快推进", "积极推进", "有序推进", "全面推进")
                else first
            )
        if (
            best.effect == "EXIT"
            and first.effect == "REQUIRE"
            and word not in MODAL
            and word in ("使用", "采用", "安装", "设置")
        ):
            return first
        if "原则上" in text[begin : best.at[0]] and best.effect in ("FORBID", "RESTRICT"):
            return Stated("RESTRICT", "principle", best.at)
        return best
    cheering = [
        s
        for s in stated
        if s.effect == "ENCOURAGE" and re.match("鼓励|支持|引导|倡导|扶持|提倡|优先", text[s.at[0] : s.at[1]])
    ]
    if cheering and not any(text[s.at[0] : s.at[1]] in MODAL | LIMIT for s in stated):
        return cheering[0]
    numbers = [q for q in lexed.quantities if begin <= q.start and q.end <= end]
    if (
        first.effect == "ENCOURAGE"
        and numbers
        and re.match("加强|强化|完善|提高|优化|提升|增强|改善|推进|推动|加快|促进", word)
    ):
        return Stated("REQUIRE", "strict", first.at)
    if first.effect == "ENCOURAGE" and not (
        word in ("优先", "加快", "推进") and any(text[s.at[0] : s.at[1]] in MODAL for s in stated)
    ):
        return first
    allowed = [
        s
        for s in stated
        if s.effect == "ALLOW"
        and (text[s.at[0] : s.at[1]] not in ("可", "方可") or any(o.at[0] == s.at[1] for o in stated))
    ]
    if first.effect == "ALLOW" or (allowed and not any(text[s.at[0] : s.at[1]] in MODAL for s in stated)):
        return allowed[0] if allowed else first
    required = [s for s in stated if s.effect == "REQUIRE"]
    if required:
        modal = [s for s in required if text[s.at[0] : s.at[1]] in MODAL]
        for s in modal:
            behind = [x for x in stated if x.at[0] == s.at[1]]
            if behind and behind[0].effect == "ENCOURAGE":
                return behind[0]
        best = (modal or required)[0]
        principle = (
            best.strength == "principle"
            or "原则上" in text[begin : best.at[0]]
            or text.startswith("原则上", best.at[1])
        )
        return Stated("REQUIRE", "principle" if principle else "strict", best.at)
    return min(stated, key=lambda s: (_RANK[s.effect], s.at))


def informs(text: str) -> bool:
    """Whether a text only tells: it defines, refers to another list, or says who decides."""
    return any(pattern.search(text) for pattern in INFORM)


def refers(text: str) -> bool:
    """Whether a text hands over to another list or rule instead of saying itself what holds."""
    return any(pattern.search(text) for pattern in INFORM[:4]) and "严格执行" not in text

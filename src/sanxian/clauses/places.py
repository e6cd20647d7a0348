"""Places as conditions: zones by name and kind, parks, and what is known of the state of a place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sanxian.clauses.lexing import Lexed
from sanxian.clauses.said import Atom, Found, around
from sanxian.clauses.words import Token

_TARGETS_MISSED: Final = re.compile(
    r"(?:未完成|未达到|未能完成|未按期完成|未实现|未达|未满足|不满足|达不到|超过|超出|突破|超|不能满足|未能达到|未按时完成|未按要求完成)(?:[^,;。的]|的(?=目标|任务|要求)){0,26}?"
    r"(?:目标|指标|任务|考核要求|标准|考核|限值|容量|承载力|红线|上限|要求)"
)

_STATE_WORDS: Final = (
    (re.compile("大气|空气|PM|细颗粒|臭氧|颗粒物"), ("air_quality", "未达标")),
    (re.compile("取水|用水|取用水|水资源"), ("water_cap", "超过")),
    (re.compile("能耗|能源|煤炭消费"), ("energy_cap", "超过")),
    (re.compile("水质|水环境|断面|水体"), ("water_quality", "未达标")),
    (re.compile("总量|减排"), ("emission_cap", "超过")),
)

_NOT_MET: Final = (
    (
        re.compile("(?:大气|空气|PM2\\.5|PM10|细颗粒物|臭氧)[^,;。的]{0,12}(?:不达标|未达标|超标)"),
        ("air_quality", "未达标"),
    ),
    (
        re.compile("(?:水质|断面|水环境)[^,;。的]{0,10}(?:不达标|未达标|超标|劣[Ⅴ五V]类?)"),
        ("water_quality", "未达标"),
    ),
)

_NOT_AREAS: Final = re.compile("项目|企业|单位|设施|锅炉|装置|机组|产品|工艺|设备|废水|废气")

_EXTENDED: Final = re.compile(
    "[^,;。、和及与的内外]{0,4}(?:流域|补给|径流区|汇水|集水|上游|下游|周边|附近|沿岸|两岸|缓冲带|覆盖|岸带|控制带|集雨|库周|沿线|环湖)"
)
_OUTSIDE: Final = re.compile("(?:范围|边界|区域)?(?:以外|之外|外(?![商资地贸来围延]))")
_INSIDE: Final = re.compile("(?:范围|区域|地区)?(?:以内|之内|内)?")
_WITHIN_RIVER: Final = re.compile("内|管理|范围|保护")
_PARK_KIND: Final = re.compile(
    "合规|合法|认定|依法|规划|级|批准|设立|专业|统一|集中|现有|所在|本|各|其他|相应|工业|产业|化工"
)
_NO_NAME: Final = (
    ",;。:()、和及与的\n在对但排入穿越跨占引向沿近用建设距离于将把区内外"  # no proper name holds these
)
_LONGEST_NAME: Final = 10


def place(lexed: Lexed, token: Token, start: int, end: int) -> Found | None:
    """Return what a place word in ``[start, end)`` asks; ``None`` when it names no place the project may lie in."""
    text, target = lexed.text, str(token.kinds["place"])
    if _EXTENDED.match(text, token.end, end):
        return None  # 水源保护区的补给区 is another place than the 水源保护区
    outside = _OUTSIDE.match(text, token.end)
    inside = outside or _INSIDE.match(text, token.end)
    stop = inside.end() if inside else token.end
    begin = _name_start(lexed, token, start)
    if target == "park":
        named = text[begin : token.start]
        if named and not _PARK_KIND.search(named):
            whole: Atom = {"in": f"park:{target_term(text[begin : token.end])}"}
            return Found({"not": whole} if outside else whole, (begin, stop))
        compliant = "合规" in text[begin : token.end] or "认定" in text[begin : token.end]
        fact = "inside_compliant_park" if compliant else "inside_park"
        return Found({"fact": fact, "op": "is", "value": not outside}, (begin, stop))
    layer = target.partition(":")[0]
    if re.fullmatch("(?:国家|省|市|州|县|区|乡镇)?级(?:以上|及以上)?", text[begin : token.start]):
        begin = token.start  # 县级水源保护区: a rank, no name
    if layer == "river" and begin == token.start and not _WITHIN_RIVER.match(text, token.end):
        return None  # 对水体污染严重: water in general, not where the project lies
    name = text[begin : token.end]
    if layer in ("river", "receptor", "shoreline") or (
        begin < token.start and layer in ("protected_area", "water_source")
    ):
        target = f"{layer}:{target_term(name)}" if begin < token.start else target
    atom: Atom = {"in": target}
    return Found({"not": atom} if outside else atom, (begin, stop))


def is_object(lexed: Lexed, token: Token) -> bool:
    """Whether a place word names what is built (新设化工园区), not where."""
    return "industry" in token.kinds and lexed.text[token.end : token.end + 1] not in tuple("内外以之范")


def target_term(name: str) -> str:
    """Return a name without the signs of a target."""
    return re.sub("[&|:]", "·", name)


def _name_start(lexed: Lexed, token: Token, start: int) -> int:
    """Return where the proper name in front of a place word begins (三江源|国家公园)."""
    reach = max(start, token.start - _LONGEST_NAME)
    left = max((t.end for t in lexed.within(reach, token.start)), default=reach)
    name = lexed.text[left : token.start]
    return left + max(name.rfind(c) for c in _NO_NAME) + 1


def states(lexed: Lexed, start: int, end: int) -> Iterator[Found]:
    """Yield the states of places that clauses describe by a target missed or a cap passed."""
    stretch = lexed.text[start:end]
    for pattern, (key, value) in _NOT_MET if "标" in stretch or "劣" in stretch else ():
        for found in pattern.finditer(lexed.text, start, end):
            yield Found({"state": key, "op": "is", "value": value}, found.span())
    if not any(sign in stretch for sign in "未超突不达"):
        return
    for found in _TARGETS_MISSED.finditer(lexed.text, start, end):
        if _NOT_AREAS.search(found[0]):
            continue
        for words, (key, value) in _STATE_WORDS:
            if words.search(found[0]):
                yield Found({"state": key, "op": "is", "value": value}, found.span())
                break


def any_of(places: Sequence[Found]) -> Iterator[Found]:
    """Yield one condition for places named side by side: in any of them."""
    inside = [(a, s) for a, s in places if "in" in a or "matter" in a]
    for atom, span in places:
        if "in" not in atom and "matter" not in atom:
            yield Found(atom, span)
    if len(inside) == 1:
        yield Found(*inside[0])
    elif inside:
        atoms = [dict(t) for t in dict.fromkeys(tuple(sorted(a.items())) for a, _ in inside)]
        yield Found({"any": atoms} if len(atoms) > 1 else atoms[0], around([s for _, s in inside]))

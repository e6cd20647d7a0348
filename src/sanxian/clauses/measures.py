"""Numbers as conditions: the fact they state, the distance they keep, or a matter of their own name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sanxian import data
from sanxian.clauses.lexing import Lexed
from sanxian.clauses.places import target_term
from sanxian.clauses.quantities import Quantity
from sanxian.clauses.said import Atom, Found
from sanxian.clauses.words import table

TRIM: Final = ",、;:。 的了"
LENGTHS: Final = ("m", "km")
_NO_DISTANCE: Final = re.compile(
    "海拔|水深|宽|高度|长度|高程|水位|深度|厚|半径|降雨|降水|口径|埋深|坝高|孔径|直径"
)

_DISTANCE_LEAD: Final = re.compile("^(?:.*(?:距离|距|离|沿|自|与|位于|在))")

_DISTANCE_TAIL: Final = re.compile(
    "(?:的?(?:岸线|岸|上边界|外边界|边界线|边界|水边线|河口|外缘|边缘|用地红线|两岸|两侧|单侧|一侧|周边|周围|四周|沿岸|外侧|外围|以外|外延|外|范围|上游|下游|上溯|向|陆域|纵深|陆地|延伸|直线|空间|最近|水平|防护|卫生|安全|距离|各|的|之间|小于|不足|内|线|从|段|及|水域))+$"
)

_BETWEEN: Final = re.compile(
    "(?:与|距|离|和|至|到)(?P<to>[^,;。与距离]{1,24}?)(?:之间)?的?(?:直线|最近|水平|防护|净|空间)?距离(?:原则上|应当?|须|不得|不应|不|均|为|一般)*$"
)
_HOLDS: Final = re.compile(
    "(?:以内|范围内|内|区域)?(?:有|存在|分布有?|涉及)(?P<what>[^,;。的]{2,24})(?=的|[,;。]|$)"
)
_NAME_TAIL: Final = re.compile("(?:岸线|河道|河岸|湖岸线|湖岸)$")

_ANY_WATER: Final = frozenset(
    (
        "岸线",
        "河道",
        "河岸",
        "河流",
        "河湖",
        "干流",
        "支流",
        "湖岸",
        "湖泊",
        "水库",
        "河湖岸线",
        "河道岸线",
        "江河",
    )
)
_CUT: Final = re.compile(
    r"[,;。:()\n]|的(?!时候)|应当|应|须|必须|不得|不应|不能|禁止|严禁|且|并|位于|属于|对于|其中|新建|扩建|改建|现有|新增|新引进|原则上|内(?=[^涝陆河湖])"
)

_BEFORE_MODAL: Final = re.compile("(?P<noun>[^,;。:()的、]{2,24}?)(?:应当|应|须|必须|需|不得|原则上|均|要)+$")

_OPERATOR: Final = re.compile(
    "(?P<ge>不得低于|不得少于|不得小于|不应低于|不应少于|不低于|不少于|不小于|至少|达到|达)|"
    "(?P<le>不得高于|不得大于|不得超过|不得突破|不应超过|不应高于|不超过|不高于|不大于|不突破|控制在)|"
    "(?P<gt>超过|高于|大于|多于)|(?P<lt>低于|小于|少于|不足|未达到|未达)"
)

_OPS: Final = {"ge": ">=", "le": "<=", "gt": ">", "lt": "<"}

_TPA: Final = {
    "SO2": "so2_tpa",
    "NOx": "nox_tpa",
    "PM": "pm_tpa",
    "VOCs": "voc_tpa",
    "COD": "cod_tpa",
    "NH3-N": "nh3n_tpa",
}


def measured(lexed: Lexed, number: Quantity, start: int, end: int, *, required: bool) -> Iterator[Found]:
    """Yield the conditions a number makes with the words around it in ``[start, end)``."""
    begin, noun, op = _named(lexed, number, start)
    tests = [(op if len(number.tests) == 1 or number.listed else own, v) for own, v in number.tests]
    if number.unit in LENGTHS and not _NO_DISTANCE.search(noun[-12:]):
        yield from _distance(lexed, number, tests, begin, required=required)
        return
    text = lexed.text
    nearby = (
        f"{text[max(start, number.start - 24) : number.start]}|{text[number.end : min(end, number.end + 12)]}"
    )
    unit, scale = _unit(number.unit, noun, nearby)
    names = _names_of_list(lexed, number, begin) if number.listed else [noun]
    default = ">=" if required else "<="
    for index, (comparison, value) in enumerate(tests):
        name = names[index % len(names)]
        atom = _quantity_atom(name, nearby, unit, comparison or default, _clean(value * scale))
        yield Found(atom, (begin, number.end))


def _named(lexed: Lexed, number: Quantity, start: int) -> tuple[int, str, str]:
    """Return where the words of a number begin, what it measures, and the comparison."""
    text = lexed.text
    previous = max((q.end for q in lexed.quantities if q.end <= number.start), default=start)
    begin = max(_cut(text, start, number.start), previous)
    if number.unit not in LENGTHS:
        # 新建燃气锅炉氮氧化物排放浓度: who it is about stands in front of what is measured
        for token in lexed.within(begin, number.start):
            if token.kinds.keys() & {"industry", "place", "generic"} and number.start - token.end >= 3:
                begin = token.end
    noun = text[begin : number.start]
    if not noun.strip(TRIM + "和及为"):  # 10 mg/m³ 和 100 mg/m³: one name for both
        for other in lexed.quantities:
            if number.start - 2 <= other.end <= number.start and other.unit == number.unit:
                noun = text[_cut(text, start, other.start) : other.start]
    if not noun.strip(TRIM) and (ahead := _BEFORE_MODAL.search(text, start, number.start)) is not None:
        begin, noun = ahead.start("noun"), ahead["noun"]  # 清洁运输比例应达 80 %
    op = number.tests[0][0]
    if number.stated and op != "==":
        return begin, noun, op
    apart = list(_OPERATOR.finditer(text, max(start, previous, number.start - 18), number.start))
    if not apart:
        return begin, noun, op
    said = apart[-1]  # 不得超过项目总用地的 3 %: the comparison stands apart from its number
    noun = (
        text[max(begin, said.end()) : number.start] if said.start() <= begin else text[begin : said.start()]
    )
    if len(noun.strip(TRIM)) < 2 and said.start() > start:
        base = text[said.end() : number.start].strip(TRIM)
        begin = _cut(text, start, said.start())
        noun = text[begin : said.start()] + (f"（占{base}）" if base and number.unit == "%" else "")
    return begin, noun, _OPS[str(said.lastgroup)]


def _cut(text: str, start: int, end: int) -> int:
    """Return where the phrase that ends at ``end`` begins."""
    return max((found.end() for found in _CUT.finditer(text, start, end)), default=start)


def _unit(unit: str, noun: str, nearby: str) -> tuple[str, float]:
    """Return the unit of a value as lists compare it, and what its number is multiplied by."""
    if unit == "kW":
        return "MW", 0.001
    if unit == "元":
        return "万元", 0.0001
    yearly = (unit in ("t", "kg") and re.search("年|/a", nearby)) or (
        unit in ("头", "只", "羽") and "年" in noun
    )
    return (f"{unit}/a" if yearly else unit), 1.0


def _clean(value: float) -> float:
    rounded = round(value, 9)
    return int(rounded) if rounded == int(rounded) else rounded


def _names_of_list(lexed: Lexed, number: Quantity, begin: int) -> list[str]:
    """Return the names that the numbers of a list belong to (颗粒物、二氧化硫…分别…)."""
    words = [t for _, t in lexed.of("pollutants", begin, number.start)]
    if len(words) == len(number.tests):
        tail = lexed.text[words[-1].end : number.start].strip(TRIM)
        tail = re.sub("(?:分别|应|须|均|不)*$", "", tail)
        return [lexed.text[t.start : t.end] + tail for t in words]
    return [lexed.text[begin : number.start]]


def _quantity_atom(noun: str, nearby: str, unit: str, op: str, value: float) -> Atom:
    fact = _fact(noun, nearby, unit)
    if fact is not None and data.unit_name(unit) in data.units_like(data.fact(fact).unit):
        return {"fact": fact, "op": op, "value": value, "unit": data.unit_name(unit)}
    name = re.sub(
        "^(?:在|对|且|为|其|按|以|等|、|,)+|(?:应|须|均|为|达|分别|不|:|,|、|得|需)+$", "", noun
    ).strip(TRIM)
    if len(name) < 2:
        name = re.split("[,;。、:的()]", nearby.partition("|")[2])[0].strip(TRIM) or "数值"
    name = re.sub(r"[\[\]]", "", name)[-40:] or "数值"
    atom: dict[str, Any] = {"matter": name, "op": op, "value": value}
    if unit:
        atom["unit"] = unit
    return atom


def _fact(noun: str, nearby: str, unit: str) -> str | None:
    """Return the fact of the vocabulary that a number with such words around it states."""
    if unit == "t/h":
        return "boiler_tph" if re.search("锅炉|蒸", nearby) else None
    if unit == "MW":
        return "installed_power_mw" if re.search("装机|机组|电站|发电|光伏|风电|水电|电厂", nearby) else None
    if unit == "tce/a":
        return "energy_tce"
    if unit == "g/L":
        return "voc_content_gpl" if re.search("VOC|挥发性有机", nearby) else None
    if unit == "%":
        if "重复利用率" in noun:
            return "water_reuse_pct"
        if "综合利用率" in noun and re.search("固体废物|固废|废渣", noun):
            return "solid_waste_use_pct"
        return "vegetation_restored_pct" if "植被恢复率" in noun else None
    if unit in ("t/a", "kg/a"):
        if "排放" in noun:
            for value, key in _TPA.items():
                if any(word in noun for word in table()["pollutants"][value]):
                    return key
        if re.search("危险废物|危废", noun):
            return "hazardous_waste_tpa"
        return "capacity_tpa" if re.search("产能|年产|生产能力|生产规模|加工能力|设计规模", noun) else None
    if unit == "头":
        return "livestock_head" if re.search("养殖|出栏|存栏", nearby) else None
    if unit == "m3/a":
        return "water_use_10k_m3" if re.search("取水|用水|新水", noun) else None
    if unit in ("万元", "亿元"):
        return "investment_10k" if "投资" in noun else None
    return None


def _distance(
    lexed: Lexed, number: Quantity, tests: Sequence[tuple[str, float]], begin: int, *, required: bool
) -> Iterator[Found]:
    text = lexed.text
    noun = text[begin : number.start]
    between = _BETWEEN.search(text, max(0, number.start - 40), number.start)
    if between is not None:  # 井田与水库的距离不得小于 2 km
        begin, noun = between.start("to"), between["to"]
    holds = _HOLDS.match(text, number.end)
    if holds is not None:  # 尾矿库下游 1 km 内有居民点的: near what is there, not near itself
        begin, noun = holds.start("what"), holds["what"]
    lead = _DISTANCE_LEAD.match(noun)
    where = noun[lead.end() :] if lead else noun
    if len(where.strip(TRIM)) < 1:
        where = noun
    stripped = _DISTANCE_TAIL.sub("", where).strip(TRIM)
    name = stripped or where.strip(TRIM)
    default = ">=" if required or number.requires else "<="
    at = (min(begin, number.start), max(number.end, holds.end() if holds else 0))
    target = _distance_target(lexed, begin, holds.end() if holds else number.start, name)
    for op, value in tests:
        comparison = op or default
        if target is None:
            label = re.sub(r"[\[\]]", "", noun.strip(TRIM))[-40:] or "距离"
            yield Found({"matter": label, "op": comparison, "value": _clean(value), "unit": number.unit}, at)
        else:
            yield Found(
                {"distance": target, "op": comparison, "value": _clean(value), "unit": number.unit}, at
            )


def _distance_target(lexed: Lexed, begin: int, end: int, name: str) -> str | None:
    """Return the target a distance is measured to; ``None`` when the words name none."""
    if not name or re.fullmatch("[各约等为单处]+", name):
        return None
    layer = ""
    for target, token in lexed.of("place", begin, end):
        layer = str(target).partition(":")[0]
        if (
            layer not in ("river", "receptor", "shoreline", "park", "other")
            and token.end - token.start >= len(name) - 2
        ):
            return str(target)
    if not layer:
        layer = "river" if re.search("[江河湖海溪渠库岸]", name) else "other"
    if layer == "river" and name in _ANY_WATER:
        return "river"
    parts = [
        _NAME_TAIL.sub("", target_term(p)).strip() or target_term(p)
        for p in re.split("以及|[、和及与或]", name)
    ]
    if layer == "river" and name in _ANY_WATER:
        return "river"
    parts = [p for p in dict.fromkeys(parts) if p and p not in ("主要", "重要", "等")]
    return f"{layer}:{'|'.join(parts)}" if parts else None

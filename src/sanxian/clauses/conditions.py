"""Stretches of a clause as subjects and conditions: who, what, where, how much, in which state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sanxian import data
from sanxian.clauses.lexing import Lexed
from sanxian.clauses.quantities import Quantity
from sanxian.clauses.words import Token, table

Atom = Mapping[str, Any]
Span = tuple[int, int]


class Found(NamedTuple):
    """One condition and the words it rests on."""

    atom: Atom
    at: Span


@dataclass(slots=True)
class Said:
    """What a stretch of text says."""

    natures: list[tuple[str, Span]] = field(default_factory=list)
    industries: list[tuple[str, Span]] = field(default_factory=list)
    activities: list[tuple[str, Span]] = field(default_factory=list)
    objects: list[Found] = field(default_factory=list)  # things acted on that no vocabulary knows
    atoms: list[Found] = field(default_factory=list)  # conditions
    places: list[Found] = field(default_factory=list)  # places named side by side: any of them
    used: list[Span] = field(default_factory=list)  # words that were understood, the functional ones too
    generic: bool = False  # 项目, 企业 …: a subject that narrows nothing
    building: bool = False  # something new comes to stand there
    opened: bool = False  # 等: a list that is not closed

    @property
    def empty(self) -> bool:
        """Whether nothing was said that a rule could rest on."""
        return not (self.natures or self.industries or self.activities or self.objects or self.atoms)

    def add(self, other: Said) -> None:
        """Take over what another stretch says."""
        for name in ("natures", "industries", "activities", "objects", "atoms", "used"):
            getattr(self, name).extend(getattr(other, name))
        self.generic |= other.generic
        self.building |= other.building
        self.opened |= other.opened


def around(spans: Sequence[Span]) -> Span:
    """Return the stretch from the first to the last of several spans."""
    return min(start for start, _ in spans), max(end for _, end in spans)


def is_number(found: Found) -> bool:
    """Whether a condition compares a number."""
    value = found.atom.get("value")
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_SEPARATOR: Final = re.compile(r"以及|或者|并且|而且|且|及其他|及其它|和其他|[、和及与或/]")
_TRIM: Final = ",、;:。 的了"
_LENGTH: Final = ("m", "km")
_NO_DISTANCE: Final = re.compile(
    "海拔|水深|宽|高度|长度|高程|水位|深度|厚|半径|降雨|降水|口径|埋深|坝高|孔径|直径"
)
_DISTANCE_LEAD: Final = re.compile("^(?:.*(?:距离|距|离|沿|自|与|位于|在))")
_DISTANCE_TAIL: Final = re.compile(
    "(?:的?(?:岸线|岸|上边界|外边界|边界线|边界|水边线|河口|外缘|边缘|用地红线|两岸|两侧|单侧|一侧|周边|周围|四周|沿岸|外侧|外围|以外|外延|外|范围|上游|下游|上溯|向|陆域|纵深|陆地|延伸|直线|空间|最近|水平|防护|卫生|安全|距离|各|的|之间|小于|不足|内|线|从|段|及|水域))+$"
)
_NAME_TAIL: Final = re.compile("(?:岸线|河道|河岸|湖岸线|湖岸)$")
_CUT: Final = re.compile(
    r"[,;。:()\n]|的(?!时候)|应当|应|须|必须|不得|不应|不能|禁止|严禁|且|并|位于|属于|对于|其中|单个|单台|单套|单站|单机|单处|单座|新建|扩建|改建|现有|新增|新引进|原则上|内(?=[^涝陆河湖])"
)
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


def read(lexed: Lexed, start: int, end: int, *, acted_on: bool = False, required: bool = False) -> Said:
    """Return what ``[start, end)`` says.

    Parameters
    ----------
    acted_on : bool
        The stretch names what an effect acts on: an unknown noun in it is an object, not a condition.
    required : bool
        The stretch says what must hold: a bare number is a lower limit, a distance one to keep.
    """
    said = Said()
    text = lexed.text
    cover = bytearray(end - start)  # 0 unknown, 1 function word, 2 understood

    def mark(span: Span, value: int) -> None:
        for place in range(max(span[0], start), min(span[1], end)):
            cover[place - start] = max(cover[place - start], value)

    anchors: list[Span] = []  # what a distance is measured to is no subject
    for number in lexed.quantities:
        if number.start < start or number.end > end:
            continue
        for found in measured(lexed, number, start, end, required=required):
            said.atoms.append(found)
            mark(found.at, 2)
            if number.unit in _LENGTH:
                anchors.append(found.at)
        mark((number.start, number.end), 2)
    for found in _missed_targets(lexed, start, end):
        said.atoms.append(found)
        mark(found.at, 2)
    for deadline in lexed.deadlines:
        mark((deadline.start, deadline.end), 1)
    _words(lexed, start, end, said, cover, mark, anchors)
    _unknown(lexed, start, end, said, cover, acted_on=acted_on)
    said.atoms[:0] = _alternatives(said.places)
    said.places.clear()
    said.used.extend(_runs(cover, start, lambda value: value > 0))
    return said


def _words(
    lexed: Lexed, start: int, end: int, said: Said, cover: bytearray, mark: Any, anchors: Sequence[Span]
) -> None:
    text = lexed.text
    pollutants: list[tuple[str, Span]] = []
    fuels: list[tuple[str, Span]] = []
    described = start  # up to where 等 opens a description of the list before it
    for token in lexed.within(start, end):
        kinds, span = token.kinds, (token.start, token.end)
        said.building |= "building" in kinds
        if cover[token.start - start] == 2 and "nature" not in kinds and "industry" not in kinds:
            continue
        if "place" in kinds and not _is_object(lexed, token, end):
            found = _place(lexed, token, start, end)
            if found is not None:
                said.places.append(found)
                mark(found.at, 2)
                continue
        if "here" in kinds:
            mark(span, 2 if span[0] == start or text[span[0] - 1] in ",;:。()\n" else 1)
        elif text.startswith("新增", span[0]) and _adds(text, span[1], end):
            said.natures.append(("新建", span))
            mark(span, 2)
        elif "nature" in kinds:
            said.natures.extend((nature, span) for nature in kinds["nature"])
            mark(span, 2)
        elif "industry" in kinds and (
            span[0] < described
            or _BESIDE.match(text, span[1], end)
            or any(s <= span[0] < e for s, e in anchors)
        ):
            mark(span, 1)
        elif "industry" in kinds:
            said.industries.extend((code, span) for code in kinds["industry"])
            mark(span, 2)
            if kinds.get("fuels"):
                fuels.append((kinds["fuels"], span))
        elif "activities" in kinds:
            said.activities.append((kinds["activities"], span))
            mark(span, 2)
        elif "land" in kinds:
            said.atoms.append(Found({"fact": "land_type", "op": "has", "value": kinds["land"]}, span))
            mark(span, 2)
        elif "state" in kinds:
            key, value = kinds["state"]
            said.atoms.append(Found({"state": key, "op": "is", "value": value}, span))
            mark(span, 2)
        elif "pollutants" in kinds:
            pollutants.append((kinds["pollutants"], span))
            mark(span, 2)
        elif "fuels" in kinds and _BURNT.match(text, span[0], end):
            fuels.append((kinds["fuels"], span))
            mark(span, 2)
        elif "generic" in kinds:
            said.generic = True
            mark(span, 1)
        elif "building" in kinds:
            mark(span, 1)
        elif "stops" in kinds:
            if text[span[0] : span[1]] == "等" and said.industries:
                said.opened = True
                closing = re.compile("[,;、。]|以及|禁止|不得|严禁|应|须").search(text, span[1], end)
                described = closing.start() if closing else end
            mark(span, 1)
    for place in range(start, end):
        if text[place] in ',;:。、()/\n“”"':
            mark((place, place + 1), 1)
    if pollutants:
        values = list(dict.fromkeys(value for value, _ in pollutants))
        at = (min(s for _, (s, _) in pollutants), max(e for _, (_, e) in pollutants))
        said.atoms.append(Found({"fact": "pollutants", "op": "has_any", "value": values}, at))
    if fuels:
        values = list(dict.fromkeys(value for value, _ in fuels))
        at = (min(s for _, (s, _) in fuels), max(e for _, (_, e) in fuels))
        said.atoms.append(Found({"fact": "fuel", "op": "has_any", "value": values}, at))
    _growth(lexed, start, end, said, mark)


_BURNT: Final = re.compile("(?:燃|散煤)|[^,;。的]{1,14}(?:锅炉|窑|炉|机组|火电|发电|电站|供热|燃料|燃烧)")
_EXTENDED: Final = re.compile(
    "[^,;。、和及与的内外]{0,4}(?:流域|补给|径流区|汇水|集水|上游|下游|周边|附近|沿岸|两岸|缓冲带|覆盖|岸带|控制带|集雨|库周|沿线|环湖)"
)
_ADDED: Final = re.compile(
    "[^,;。的]{0,12}?(?:污染|排放|排污|重金属|化学需氧量|氨氮|总磷|总氮|氮氧化物|二氧化硫|VOC|挥发性|颗粒物|氮磷|磷氮|取水|取用|用水|开采|灌溉|牲畜|床位|载畜|养殖量|投饵|量)|的"
)


def _adds(text: str, place: int, end: int) -> bool:
    """Whether 新增 says that something comes to stand (新增产能), not that an amount grows (新增排放)."""
    return place < end and _ADDED.match(text, place, end) is None


_BESIDE: Final = re.compile(
    "两侧|周边|周围|上游|下游|边界|沿线|可视|附近|管网|厂界|围墙|沿岸|用地红线|防护|外围|四周|原址|集水区|径流区|汇水区|覆盖|服务范围"
)
_GROWTH: Final = re.compile(
    "(?:新增|增加|增大)(?:[^,;。]{0,14}?)(?P<what>重金属|污染物|排放量|排污量|污染|化学需氧量|氨氮|总磷|总氮|二氧化硫|氮氧化物|挥发性有机物|VOCs|颗粒物|排放)"
)


def _growth(lexed: Lexed, start: int, end: int, said: Said, mark: Any) -> None:
    """Read 新增…污染物: emissions that grow."""
    for found in _GROWTH.finditer(lexed.text, start, end):
        metal = "重金属" in found[0]
        fact = "heavy_metal_change" if metal else "emission_change"
        said.atoms.append(Found({"fact": fact, "op": "is", "value": "增加"}, found.span()))
        mark(found.span(), 2)


def _alternatives(places: Sequence[Found]) -> Iterator[Found]:
    """Yield one condition for places named side by side: in any of them."""
    inside = [(a, s) for a, s in places if "in" in a or "matter" in a]
    for atom, span in places:
        if "in" not in atom and "matter" not in atom:
            yield Found(atom, span)
    if len(inside) == 1:
        yield Found(*inside[0])
    elif inside:
        atoms = [dict(t) for t in dict.fromkeys(tuple(sorted(a.items())) for a, _ in inside)]
        span = (min(s for _, (s, _) in inside), max(e for _, (_, e) in inside))
        yield Found({"any": atoms} if len(atoms) > 1 else atoms[0], span)


def _is_object(lexed: Lexed, token: Token, end: int) -> bool:
    """Whether a place word names what is built (新设化工园区), not where."""
    return "industry" in token.kinds and lexed.text[token.end : token.end + 1] not in (
        "内",
        "外",
        "以",
        "之",
        "范",
    )


def _place(lexed: Lexed, token: Token, start: int, end: int) -> Found | None:
    text, target = lexed.text, str(token.kinds["place"])
    if _EXTENDED.match(text, token.end, end):
        return None  # 水源保护区的补给区 is another place than the 水源保护区
    after = text[token.end : token.end + 4]
    outside = re.match("(?:范围|边界|区域)?(?:以外|之外|外(?![商资地贸来围延]))", after)
    stop = token.end + (
        outside.end() if outside else len(re.match("(?:范围|区域|地区)?(?:以内|之内|内)?", after)[0])
    )  # type: ignore[index]
    begin = _name_start(lexed, token, start)
    if target == "park":
        compliant = "合规" in text[begin : token.end] or "认定" in text[begin : token.end]
        fact = "inside_compliant_park" if compliant else "inside_park"
        return Found({"fact": fact, "op": "is", "value": not outside}, (begin, stop))
    layer = target.partition(":")[0]
    if re.fullmatch("(?:国家|省|市|州|县|区|乡镇)?级(?:以上|及以上)?", text[begin : token.start]):
        begin = token.start  # 县级水源保护区: a rank, no name
    if layer == "river" and begin == token.start and not re.match("内|管理|范围|保护", after):
        return None  # 对水体污染严重: water in general, not where the project lies
    name = text[begin : token.end]
    if layer in ("river", "receptor", "shoreline") or (
        begin < token.start and layer in ("protected_area", "water_source")
    ):
        target = f"{layer}:{_term(name)}" if begin < token.start else target
    atom: Atom = {"in": target}
    return Found({"not": atom} if outside else atom, (begin, stop))


def _term(name: str) -> str:
    return re.sub("[&|:]", "·", name)


def _name_start(lexed: Lexed, token: Token, start: int) -> int:
    """Return where the proper name in front of a place word begins (三江源|国家公园)."""
    before = [t for t in lexed.within(max(start, token.start - 10), token.start)]
    left = max((t.end for t in before), default=max(start, token.start - 10))
    name = lexed.text[left : token.start]
    cut = max(
        (name.rfind(c) for c in ",;。:()、和及与的\n在对但排入穿越跨占引向沿近用建设距离于将把区内外"),
        default=-1,
    )
    return left + cut + 1


def _missed_targets(lexed: Lexed, start: int, end: int) -> Iterator[Found]:
    """Yield the states of places that clauses describe by a target missed or a cap passed."""
    for pattern, (key, value) in _NOT_MET:
        for found in pattern.finditer(lexed.text, start, end):
            yield Found({"state": key, "op": "is", "value": value}, found.span())
    for found in _TARGETS_MISSED.finditer(lexed.text, start, end):
        if _NOT_AREAS.search(found[0]):
            continue
        for words, (key, value) in _STATE_WORDS:
            if words.search(found[0]):
                yield Found({"state": key, "op": "is", "value": value}, found.span())
                break


# --- numbers -----------------------------------------------------------------------------------------------------


def measured(lexed: Lexed, number: Quantity, start: int, end: int, *, required: bool) -> Iterator[Found]:
    """Yield the conditions a number makes with the words around it."""
    text = lexed.text
    begin = max((m.end() for m in _CUT.finditer(text, start, number.start)), default=start)
    previous = max((q.end for q in lexed.quantities if q.end <= number.start), default=start)
    begin = max(begin, previous)
    if number.unit not in _LENGTH:
        # 新建燃气锅炉氮氧化物排放浓度: who it is about stands in front of what is measured
        for token in lexed.within(begin, number.start):
            if (
                "industry" in token.kinds or "place" in token.kinds or "generic" in token.kinds
            ) and number.start - token.end >= 3:
                begin = token.end
    noun = text[begin : number.start]
    if not noun.strip(_TRIM + "和及为"):
        before = [
            q
            for q in lexed.quantities
            if q.end <= number.start and q.end >= number.start - 2 and q.unit == number.unit
        ]
        if before:  # 10 mg/m³ 和 100 mg/m³: one name for both
            noun = text[
                max((m.end() for m in _CUT.finditer(text, start, before[-1].start)), default=start) : before[
                    -1
                ].start
            ]
    if not noun.strip(_TRIM):
        behind = _BEFORE_MODAL.search(text, start, number.start)
        if behind is not None:  # 清洁运输比例应达 80 %
            begin, noun = behind.start("noun"), behind["noun"]
    op = number.tests[0][0]
    if not number.stated or op == "==":
        stated = None
        for stated in _OPERATOR.finditer(text, max(start, previous, number.start - 18), number.start):
            pass
        if stated is not None:
            op = _OPS[str(stated.lastgroup)]
            noun = (
                text[max(begin, stated.end()) : number.start]
                if stated.start() <= begin
                else text[begin : stated.start()]
            )
            if len(noun.strip(_TRIM)) < 2 and stated.start() > start:
                base = text[stated.end() : number.start].strip(_TRIM)
                begin = max((m.end() for m in _CUT.finditer(text, start, stated.start())), default=start)
                noun = text[begin : stated.start()] + (f"（占{base}）" if base and number.unit == "%" else "")
    tests = [(op if len(number.tests) == 1 or number.listed else o, v) for o, v in number.tests]
    if number.unit in _LENGTH and not _NO_DISTANCE.search(noun[-12:]):
        yield from _distance(lexed, number, tests, begin, required=required)
        return
    unit, scale = number.unit, 1.0
    after = text[number.end : min(end, number.end + 12)]
    around = f"{text[max(start, number.start - 24) : number.start]}|{after}"
    if unit == "kW":
        unit, scale = "MW", 0.001
    elif unit == "元":
        unit, scale = "万元", 0.0001
    elif unit in ("t", "kg") and re.search("年|/a", around):
        unit += "/a"
    elif unit in ("头", "只", "羽") and "年" in noun:
        unit += "/a"
    names = _names_of_list(lexed, number, begin) if number.listed else [noun]
    for index, (comparison, value) in enumerate(tests):
        label = names[index % len(names)]
        yield Found(
            _quantity_atom(
                lexed,
                number,
                label,
                around,
                unit,
                comparison or (">=" if required else "<="),
                _clean(value * scale),
            ),
            (begin, number.end),
        )


def _clean(value: float) -> float:
    rounded = round(value, 9)
    return int(rounded) if rounded == int(rounded) else rounded


def _names_of_list(lexed: Lexed, number: Quantity, begin: int) -> list[str]:
    """Return the names that the numbers of a list belong to (颗粒物、二氧化硫…分别…)."""
    words = [t for _, t in lexed.of("pollutants", begin, number.start)]
    if len(words) == len(number.tests):
        tail = lexed.text[words[-1].end : number.start].strip(_TRIM)
        tail = re.sub("(?:分别|应|须|均|不)*$", "", tail)
        return [lexed.text[t.start : t.end] + tail for t in words]
    return [lexed.text[begin : number.start]]


def _quantity_atom(
    lexed: Lexed, number: Quantity, noun: str, around: str, unit: str, op: str, value: float
) -> Atom:
    fact = _fact(noun, around, unit)
    if fact is not None:
        like = data.units_like(data.fact(fact).unit)
        if data.unit_name(unit) in like:
            return {"fact": fact, "op": op, "value": value, "unit": data.unit_name(unit)}
    name = re.sub(
        "^(?:在|对|且|为|其|按|以|等|、|,)+|(?:应|须|均|为|达|分别|不|:|,|、|得|需)+$", "", noun
    ).strip(_TRIM)
    if len(name) < 2:
        name = re.split("[,;。、:的()]", around.partition("|")[2])[0].strip(_TRIM) or "数值"
    name = re.sub(r"[\[\]]", "", name)[-40:] or "数值"
    atom: dict[str, Any] = {"matter": name, "op": op, "value": value}
    if unit:
        atom["unit"] = unit
    return atom


def _fact(noun: str, around: str, unit: str) -> str | None:
    """Return the fact of the vocabulary that a number with such words around it states."""
    if unit == "t/h":
        return "boiler_tph" if re.search("锅炉|蒸", around) else None
    if unit == "MW":
        return "installed_power_mw" if re.search("装机|机组|电站|发电|光伏|风电|水电|电厂", around) else None
    if unit == "tce/a":
        return "energy_tce"
    if unit == "g/L":
        return "voc_content_gpl" if re.search("VOC|挥发性有机", around) else None
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
        return "livestock_head" if re.search("养殖|出栏|存栏", around) else None
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
    lead = _DISTANCE_LEAD.match(noun)
    where = noun[lead.end() :] if lead else noun
    if len(where.strip(_TRIM)) < 1:
        where = noun
    stripped = _DISTANCE_TAIL.sub("", where).strip(_TRIM)
    name = stripped or where.strip(_TRIM)
    default = ">=" if required or number.requires else "<="
    at = (begin, number.end)
    target = _distance_target(lexed, begin, number.start, name)
    for op, value in tests:
        comparison = op or default
        if target is None:
            label = re.sub(r"[\[\]]", "", noun.strip(_TRIM))[-40:] or "距离"
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
        layer, _, rest = str(target).partition(":")
        if (
            layer not in ("river", "receptor", "shoreline", "park", "other")
            and token.end - token.start >= len(name) - 2
        ):
            return str(target)
    if not layer:
        layer = "river" if re.search("[江河湖海溪渠库岸]", name) else "other"
    if layer == "park":
        layer = "park" if len(name) > 4 else "park"
    parts = [_NAME_TAIL.sub("", _term(p)).strip() or _term(p) for p in re.split("以及|[、和及与或]", name)]
    parts = [p for p in dict.fromkeys(parts) if p and p not in ("主要", "重要", "等")]
    return f"{layer}:{'|'.join(parts)}" if parts else None


# --- what no vocabulary knows ------------------------------------------------------------------------------------


def _runs(cover: bytearray, start: int, wanted: Any) -> Iterator[Span]:
    begin = None
    for place, value in enumerate(cover):
        if wanted(value):
            begin = place if begin is None else begin
        elif begin is not None:
            yield (start + begin, start + place)
            begin = None
    if begin is not None:
        yield (start + begin, start + len(cover))


def _unknown(lexed: Lexed, start: int, end: int, said: Said, cover: bytearray, *, acted_on: bool) -> None:
    """Make matters of the words that no vocabulary knows, each with the phrase it belongs to."""
    text = lexed.text
    phrases = list(_phrases(text, start, end))
    for number, (begin, stop) in enumerate(phrases):
        head = acted_on and number == len(phrases) - 1
        if _count(cover, begin - start, stop - start, 0) < 2:
            continue
        pieces = list(_pieces(text, begin, stop))
        known = [_count(cover, b - start, s - start, 2) >= 2 for b, s in pieces]
        if len(pieces) > 1 and any(known):
            for (b, s), understood in zip(pieces, known, strict=True):
                if _count(cover, b - start, s - start, 0) < 2:
                    continue
                if not understood and _is_place(text, said, pieces, (b, s)):
                    words = _label(text[b:s])
                    said.places.append(
                        Found({"matter": f"位于{words}" if not words.startswith("位于") else words}, (b, s))
                    )
                    for place in range(b, s):
                        cover[place - start] = 2
                elif understood or not head:
                    _matter(text, *_unknown_part(text, cover, b, s, start), said, cover, start)
                else:
                    _object(text, b, s, said, cover, start)
        elif head and not any(known):
            _object(text, begin, stop, said, cover, start)
        elif any(known):
            _matter(text, *_unknown_part(text, cover, begin, stop, start), said, cover, start)
        else:
            _matter(text, begin, stop, said, cover, start)


def _is_place(text: str, said: Said, pieces: Sequence[Span], piece: Span) -> bool:
    """Whether an unknown member of a list stands among places: it is one more of them."""
    if not any(b <= f.at[0] < s for f in said.places for b, s in pieces if (b, s) != piece):
        return False
    return (
        re.search(
            "(?:区|带|岸|流域|范围|地|湖|河|江|库|山|园|段|域|线|内|岛|滩|旁|侧|海|地区|周围|中心)$",
            text[piece[0] : piece[1]].rstrip("内,的等"),
        )
        is not None
    )


def _count(cover: bytearray, begin: int, stop: int, value: int) -> int:
    return cover[begin:stop].count(value)


def _phrases(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the attributes and the head of a stretch: what stands between 的 and commas."""
    begin = start
    for found in re.finditer("的|[,;:。\n]", text[start:end]):
        stop = start + found.start()
        if stop > begin:
            yield (begin, stop)
        begin = start + found.end()
    if begin < end:
        yield (begin, end)


def _pieces(text: str, begin: int, stop: int) -> Iterator[Span]:
    place = begin
    for found in _SEPARATOR.finditer(text, begin, stop):
        if found.start() > place:
            yield (place, found.start())
        place = found.end()
    if place < stop:
        yield (place, stop)


def _unknown_part(text: str, cover: bytearray, begin: int, stop: int, start: int) -> Span:
    """Return the stretch from the first to the last unknown character of a phrase."""
    unknown = [p for p in range(begin, stop) if cover[p - start] == 0]
    first = unknown[0]
    if first > begin and cover[first - 1 - start] < 2 and text[first - 1] in "涉含非无不未小大已高":
        first -= 1
    return first, unknown[-1] + 1


def _matter(text: str, begin: int, stop: int, said: Said, cover: bytearray, start: int) -> None:
    while stop - start < len(cover) and text[stop] in "区内外":
        stop += 1
    words = _label(text[begin:stop])
    if len(words) >= 2:
        said.atoms.append(Found({"matter": words}, (begin, stop)))
        for place in range(begin, stop):
            cover[place - start] = 2


def _object(text: str, begin: int, stop: int, said: Said, cover: bytearray, start: int) -> None:
    words = _label(text[begin:stop])
    if len(words) >= 2:
        said.objects.append(Found({"matter": words}, (begin, stop)))
        for place in range(begin, stop):
            cover[place - start] = 2


def _label(words: str) -> str:
    words = re.sub(r"[\[\]\n]", "", words).strip(_TRIM + '“”"()')
    return words[:120]

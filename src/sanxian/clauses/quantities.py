"""Numbers as clauses write them: value, unit, comparison, ranges, ratios, deadlines.

以上, 以下, 以内 and 届满 include the number itself, 不满, 超过 and 以外 do not (Civil Code of the PRC, art. 1259).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_DIGITS: Final = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "半": 0.5}
_TENS: Final = {"十": 10, "百": 100, "千": 1000}
_SCALE: Final = {"万": 10_000.0, "亿": 100_000_000.0, "千": 1_000.0, "百": 100.0}

# unit as written: plain unit, longest first. A unit keeps no scale word (万, 亿): the value takes it.
_UNITS: Final = {
    "蒸吨/小时": "t/h", "蒸吨/时": "t/h", "蒸吨每小时": "t/h", "蒸吨": "t/h", "吨/小时": "t/h", "吨/时": "t/h", "t/h": "t/h",
    "吨标准煤/年": "tce/a", "吨标准煤": "tce/a", "吨标煤": "tce/a", "tce/a": "tce/a", "tce": "tce/a",
    "吨/年": "t/a", "吨每年": "t/a", "t/a": "t/a", "吨/日": "t/d", "吨/天": "t/d", "t/d": "t/d", "吨": "t", "公斤/年": "kg/a",
    "千克/年": "kg/a", "kg/a": "kg/a", "公斤": "kg", "千克": "kg", "kg": "kg",
    "毫克/立方米": "mg/m3", "毫克每立方米": "mg/m3", "mg/m3": "mg/m3", "mg/Nm3": "mg/m3", "微克/立方米": "μg/m3", "微克每立方米": "μg/m3",
    "μg/m3": "μg/m3", "ug/m3": "μg/m3", "毫克/升": "mg/L", "mg/L": "mg/L", "克/升": "g/L", "g/L": "g/L", "毫克/千克": "mg/kg", "mg/kg": "mg/kg",
    "立方米/万元": "m3/万元", "m3/万元": "m3/万元", "立方米/吨": "m3/t", "m3/t": "m3/t", "立方米/年": "m3/a", "m3/a": "m3/a",
    "立方米/日": "m3/d", "立方米/天": "m3/d", "m3/d": "m3/d", "立方米/小时": "m3/h", "m3/h": "m3/h", "立方米": "m3", "m3": "m3",
    "吨/平方公里": "t/km2", "吨/万元": "t/万元", "吨标准煤/万元": "tce/万元", "吨标煤/万元": "tce/万元", "tce/万元": "tce/万元", "千克标准煤/吨": "kgce/t",
    "千克标煤/吨": "kgce/t", "kgce/t": "kgce/t", "万元/亩": "万元/亩", "万元/公顷": "万元/ha",
    "平方公里": "km2", "平方千米": "km2", "km2": "km2", "平方米": "m2", "m2": "m2", "公顷": "ha", "hm2": "ha", "ha": "ha", "亩": "亩",
    "公里": "km", "千米": "km", "km": "km", "海里": "海里", "厘米": "cm", "cm": "cm", "毫米": "mm", "mm": "mm", "米": "m", "m": "m",
    "千瓦时/吨": "kWh/t", "千瓦时": "kWh", "度电": "kWh", "kWh": "kWh", "千伏": "kV", "kV": "kV", "兆瓦": "MW", "MW": "MW", "千瓦": "kW", "kW": "kW",
    "个百分点": "百分点", "百分点": "百分点", "%": "%", "倍": "倍", "瓶/时": "瓶/h", "瓶/小时": "瓶/h",
    "头/年": "头/a", "只/年": "只/a", "羽/年": "羽/a", "头": "头", "只": "只", "羽": "羽", "匹": "匹", "张": "张", "户": "户", "人": "人", "辆": "辆", "座": "座", "家": "家", "台": "台", "套": "套",
    "个月": "月", "个工作日": "d", "小时": "h", "日": "d", "天": "d", "年": "a", "度": "度", "℃": "℃", "°C": "℃", "分贝": "dB", "dB": "dB", "亿元": "亿元", "元": "元", "人次": "人次", "次": "次", "个": "个", "千升": "kL", "方": "m3", "床": "张", "车位": "车位", "标立方米": "m3", "吨级": "吨级", "kg/t": "kg/t", "公斤/吨": "kg/t", "千克/吨": "kg/t", "克/千瓦时": "g/kWh", "标准立方米": "m3",
}  # fmt: skip
_CHINESE_UNITS: Final = "公里|度|年(?=以?内|之内|以上)|日(?=以?内|之内)|天(?=以?内|之内)|个月(?=以?内|之内)|千米|米|蒸吨|吨|倍|亩|公顷|平方米|平方公里|立方米|头|只|羽|千瓦|兆瓦|户|个月|海里|座|张|人次|次"  # 一级, 三类, 两侧, 一家 are no quantities
_UNIT: Final = "|".join(re.escape(u) for u in sorted(_UNITS, key=len, reverse=True))
_NUMBER: Final = r"\d{1,12}(?:\.\d{1,6})?"  # bounded, so that a page of digits costs no more than its length
_CHINESE: Final = "[〇零一二两三四五六七八九十百千半]{1,10}(?:点[〇零一二三四五六七八九]{1,6})?"

_PREFIX: Final = {
    "不得低于": ">=", "不得少于": ">=", "不得小于": ">=", "不应低于": ">=", "不应少于": ">=", "不应小于": ">=", "不低于": ">=", "不少于": ">=", "不小于": ">=",
    "不能低于": ">=", "不宜小于": ">=", "不宜低于": ">=", "大于等于": ">=", "大于或等于": ">=", "达到或超过": ">=", "达到或者超过": ">=", "达到或高于": ">=", "提高到": ">=", "提升到": ">=", "提高至": ">=", "提升至": ">=", "增加到": ">=", "恢复到": ">=",
    "至少": ">=", "届满": ">=", "满": ">=", "期满": ">=", "已满": ">=", "达到": ">=", "达": ">=", "最低": ">=", "≥": ">=", ">=": ">=", "≧": ">=", "不得高于": "<=", "不得大于": "<=", "不得超过": "<=", "不得突破": "<=", "不得超出": "<=",
    "不得多于": "<=", "不应高于": "<=", "不应大于": "<=", "不应超过": "<=", "不能超过": "<=", "不宜超过": "<=", "不宜大于": "<=", "不超过": "<=", "不高于": "<=", "不大于": "<=", "不多于": "<=", "不突破": "<=",
    "小于等于": "<=", "小于或等于": "<=", "低于或等于": "<=", "控制在": "<=", "维持在": "<=", "保持在": "<=", "限于": "<=", "限值为": "<=", "限值": "<=", "下降": ">=", "降低": ">=", "减少": ">=", "削减": ">=", "降至": "<=", "降低到": "<=", "降到": "<=", "下降到": "<=", "降低至": "<=", "下降至": "<=", "压减至": "<=", "压减到": "<=", "最高": "<=", "至多": "<=", "最多": "<=", "≤": "<=", "<=": "<=", "≦": "<=",
    "不足": "<", "不满": "<", "未满": "<", "不到": "<", "未达到": "<", "未达": "<", "达不到": "<", "小于": "<", "低于": "<", "少于": "<", "<": "<",
    "超过": ">", "超出": ">", "大于": ">", "高于": ">", "多于": ">", ">": ">", "超": ">", "为": "==", "等于": "==", "=": "==", "上溯": "<=", "延伸": "<=", "不短于": ">=", "不近于": ">=",
}  # fmt: skip
_SUFFIX: Final = {
    "及以上": ">=", "(含)以上": ">=", "以上(含)": ">=", "或以上": ">=", "及其以上": ">=", "或者以上": ">=", "以上(不含": ">", "以上": ">=", "及以下": "<=", "(含)以下": "<=", "以下(含)": "<=",
    "或以下": "<=", "及其以下": "<=", "以下(不含": "<", "以下": "<=", "(含)以内": "<=", "以内": "<=", "之内": "<=", "范围内": "<=", "范围以内": "<=", "范围": "<=", "内": "<=", "以外": ">", "之外": ">", "外": ">",
    "区域内": "<=", "距离内": "<=", "缓冲带": "<=", "缓冲区": "<=",
}  # fmt: skip
_REQUIRES: Final = re.compile(r"不得|不应|不能|不宜")
_BOUND: Final = re.compile(
    r"不[低少小高大超多突短近]|控制在|维持在|保持在|限于|限值|达到|达(?!不)|至少|降|下降|减少|削减|提|最|≥|≤|>=|<=|恢复|压减|增加到"
)
_OPEN: Final = rf"\(不?含(?:{_NUMBER}(?:{_UNIT})?)?\)"
_APPROX: Final = "(?:约|大约|各|均|分别|全部|累计|合计|总计|基本|稳定|应|须|为){0,4}"


def _words(table: dict[str, str]) -> str:
    return "|".join(re.escape(w) for w in sorted(table, key=len, reverse=True))


_QUANTITY: Final = re.compile(
    rf"(?P<prefix>{_words(_PREFIX)})?{_APPROX}"
    rf"(?:百分之(?P<percent>{_NUMBER}|{_CHINESE})|(?P<tenths>{_NUMBER}|[一二两三四五六七八九])成(?![为立果品套])"
    rf"|(?P<first>{_NUMBER})(?P<scale1>[万亿百]|千(?![瓦米克伏]))?(?: ?(?P<unit1>{_UNIT}))?(?P<open1>{_OPEN})?(?P<to>[～\-至到])(?P<second>{_NUMBER})(?P<scale2>[万亿百]|千(?![瓦米克伏]))? ?(?P<unit2>{_UNIT})"
    rf"|(?P<list>{_NUMBER}(?:[、,/]{_NUMBER}){{1,12}}(?:[和及]{_NUMBER})?|{_NUMBER}[和及]{_NUMBER})(?P<scale3>[万亿百]|千(?![瓦米克伏]))? ?(?P<unit3>{_UNIT})"
    rf"|(?P<value>{_NUMBER})(?P<scale>[万亿百]|千(?![瓦米克伏]))?(?: ?(?P<unit>{_UNIT}))?(?P<rate>(?<=吨)[·每]年)?"
    rf"|(?P<chinese>{_CHINESE})(?P<cscale>[万亿])?(?P<cunit>{_CHINESE_UNITS})(?P<cper>/小时|/年|/时)?)"
    rf"(?P<open>{_OPEN})?(?P<suffix>{_words(_SUFFIX)})?(?:\(不?含{_NUMBER}(?:{_UNIT})?\))?"
)
_RATIO: Final = re.compile(
    rf"(?P<colon>{_NUMBER}):1(?![\d:])|1:(?P<inverse>{_NUMBER})(?=的?比例|.{{0,4}}(?:替代|置换|削减))"
    rf"|(?P<times>{_NUMBER}|[一二两三四五](?:点[一二三四五六七八九])?)倍(?:量|以上)?(?:进行|实施|实行|的)?(?:现役源)?(?:削减|减量)?(?:量)?(?:替代|置换|削减|代替|平衡)"
    r"|(?P<word>(?:等量|减量|倍量|倍数|增减挂钩)(?:、|或者|或|以上|和|与)?(?:等量|减量|倍量)?)(?:削减(?=[替置平代减])|的)?(?P<what>替代|置换|平衡|代替|削减|减排)?"
)
_DEADLINE: Final = re.compile(
    r"(?P<year>20\d\d)年(?:(?P<month>\d{1,2})月(?:(?P<day>\d{1,2})日)?)?(?P<end>底|末|年底|年末|上半年)?(?P<before>之前|以前|前)?(?P<after>起|以后|后)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number in a clause: ``values`` with their comparison, in one unit."""

    start: int
    end: int
    tests: tuple[tuple[str, float], ...]  # (comparison, value); two of a range, several of a list
    unit: str  # plain unit, "" for a bare number
    stated: bool  # the text gave the comparison itself
    requires: bool  # it says 不得低于, 不应超过 …: what must hold, not when
    bound: bool = False  # it says 不低于, 控制在 …: mostly what must hold
    listed: bool = False  # 10、35、50 毫克/立方米: one for each thing named before
    open_end: bool = False  # 以上, 以下 without 含: inclusive by law, not by the words


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A replacement ratio: removed ÷ added."""

    start: int
    end: int
    op: str
    value: float
    stated: bool  # by a number, not by 等量, 减量, 倍量


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A date by which (or from which) something holds."""

    start: int
    end: int
    until: date
    begins: bool  # 起, 以后: a beginning


def number(text: str) -> float:
    """Return the value of a number in digits or in Chinese numerals.

    Examples
    --------
    >>> number("三十五"), number("一千二百"), number("0.5"), number("半")
    (35.0, 1200.0, 0.5, 0.5)
    """
    if text[0].isdigit() and text[0].isascii():
        return float(text)
    whole, _, decimals = text.partition("点")
    if decimals:
        return number(whole) + float("0." + "".join(str(int(_DIGITS[c])) for c in decimals))
    total, digit = 0.0, 0.0
    for character in text:
        if character in _TENS:
            total += (digit or 1.0) * _TENS[character]
            digit = 0.0
        else:
            digit = (
                digit * 10 + _DIGITS[character]
                if digit and character in "〇零"
                else float(_DIGITS[character])
            )
    return total + digit


def deadlines(text: str) -> Iterator[Deadline]:
    """Yield the dates of a text."""
    for found in _DEADLINE.finditer(text):
        year, month = int(found["year"]), found["month"]
        half = found["end"] == "上半年"
        last = 6 if half else int(month) if month else 12
        if not 1 <= last <= 12:
            continue
        days = calendar.monthrange(year, last)[1]
        day = int(found["day"]) if found["day"] else days
        if 1 <= day <= days:
            begins = found["after"] is not None
            until = date(year, last, day if found["day"] or not begins else 1)
            if found["before"] and not (found["end"] or found["day"]):
                # 2028年前: by the end of 2027
                until = date(year, last if month else 1, 1) - timedelta(days=1)
            yield Deadline(start=found.start(), end=found.end(), until=until, begins=begins)


def ratios(text: str) -> Iterator[Ratio]:
    """Yield the replacement ratios of a text: 等量 ≥ 1, 减量 > 1, 倍量 ≥ 2, n 倍 and n:1 ≥ n."""
    for found in _RATIO.finditer(text):
        value, op = 1.0, ">="
        if found["colon"] or found["inverse"]:
            value = number(found["colon"] or found["inverse"])
        elif found["times"]:
            value = number(found["times"])
        else:
            word = found["word"]
            tail = text[found.end() : found.end() + 6]
            if found["what"] is None and not any(w in tail for w in ("替代", "置换", "削减", "平衡", "来源")):
                continue
            if "等量" in word:
                value, op = 1.0, ">="
            elif "倍量" in word:
                value, op = 2.0, ">="
            else:
                value, op = 1.0, ">"
        yield Ratio(start=found.start(), end=found.end(), op=op, value=value, stated=found["word"] is None)


def quantities(text: str, taken: list[tuple[int, int]]) -> Iterator[Quantity]:
    """Yield the quantities of a text outside the spans that dates, ratios and marks have taken."""
    for found in _QUANTITY.finditer(text):
        start, end = found.span()
        if any(start < stop and begin < end for begin, stop in taken):
            continue
        if (quantity := _quantity(found, text)) is not None:
            yield quantity


def _quantity(found: re.Match[str], text: str) -> Quantity | None:
    prefix, suffix, opening = found["prefix"], found["suffix"], found["open"]
    start, end = found.span()
    if found["percent"]:
        values, unit = [number(found["percent"])], "%"
    elif found["tenths"]:
        values, unit = [10.0 * number(found["tenths"])], "%"
    elif found["first"]:
        unit = _UNITS[found["unit2"]]
        second = number(found["second"]) * _SCALE.get(found["scale2"] or "", 1.0)
        first = number(found["first"]) * _SCALE.get(found["scale1"] or found["scale2"] or "", 1.0)
        if found["unit1"] and _UNITS[found["unit1"]] != unit:
            first *= _factor(_UNITS[found["unit1"]], unit)
        if first > second:
            return None
        tests = ((">=", first), ("<=", second))
        return Quantity(
            start=start,
            end=end,
            tests=tests,
            unit=unit,
            stated=True,
            requires=bool(prefix and _REQUIRES.match(prefix)),
        )
    elif found["list"]:
        unit = _UNITS[found["unit3"]]
        scale = _SCALE.get(found["scale3"] or "", 1.0)
        values = [number(v) * scale for v in re.split(r"[、,/和及]", found["list"])]
    elif found["value"]:
        written = found["unit"]
        before = text[start - 1 : start] if prefix is None else ""
        after = text[end : end + 1]
        if written is None:
            # a bare number is a quantity only behind a comparison: 容积率低于1.0, not 第46条, 国五, 1-3
            if (
                prefix is None
                or prefix == "为"
                or after in ("号", "条", "项", "款", "类", "级", "种", "个", "大")
            ):
                return None
            unit = ""
        else:
            unit = _UNITS[written]
        if text[max(0, start - 1) : start] == "每" or "为界" in text[end : end + 2]:
            return None
        if before in ("第", "国", "“", '"', "+") or (before.isascii() and before.isalnum() and before != ""):
            return None
        if unit == "a" and prefix is None and suffix is None:
            return None
        if (
            unit in ("座", "家", "台", "套", "辆", "户", "人", "个", "次", "人次")
            and prefix is None
            and suffix is None
        ):
            return None  # a count that tells, not a limit
        values = [number(found["value"]) * _SCALE.get(found["scale"] or "", 1.0)]
    else:
        unit = (
            _UNITS[found["cunit"]]
            if not found["cper"]
            else _UNITS.get(found["cunit"] + found["cper"], _UNITS[found["cunit"]])
        )
        if found["chinese"] in ("千", "百", "十") and prefix is None and suffix is None:
            return None
        if unit in ("座", "张", "户", "年", "度", "次", "人次") and prefix is None and suffix is None:
            return None
        values = [number(found["chinese"]) * _SCALE.get(found["cscale"] or "", 1.0)]
    op = _SUFFIX.get(suffix or "", "")
    if suffix and suffix.startswith("以上") and opening == "(不含)":
        op = ">"
    if prefix and _PREFIX[prefix] != "==" and not (prefix == "达到" and suffix):
        op = _PREFIX[prefix] if prefix != "控制在" or not op else "<="
    elif prefix and not op:
        op = _PREFIX[prefix]
    if op == ">" and text[end : end + 1] == ")" and suffix and "不含" in suffix:
        end += 1
    return Quantity(
        start=start,
        end=end,
        tests=tuple((op, v) for v in values),
        unit=unit,
        stated=bool(op),
        requires=bool(prefix and _REQUIRES.match(prefix)),
        bound=bool(prefix and _BOUND.match(prefix)),
        listed=len(values) > 1,
        open_end=suffix in ("以上", "以下") and opening is None,
    )


def _factor(unit: str, to: str) -> float:
    return {("m", "km"): 0.001, ("km", "m"): 1000.0}.get((unit, to), 1.0)

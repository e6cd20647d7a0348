"""What a cell of a ledger says: days, industries, regions, EIA classes, authorities.

Every reader returns what the cell means, or nothing, and what a person must know about it. A cell that can be read in
two ways is not read: it stays in the log, and the row says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sanxian import data
from sanxian.clauses import words
from sanxian.errors import UnknownIndustry
from sanxian.i18n import t
from sanxian.model import Notice

_NOTHING: Final = frozenset(
    ("", "/", "\\", "-", "--", "—", "——", "－", "无", "暂无", "不详", "未知", "待定", "待补充", "空", "n/a", "na", "nan", "none", "null", "#n/a", "0")
)  # fmt: skip


class Read(NamedTuple):
    """What a cell means; ``None`` when that is not known."""

    value: Any
    notes: tuple[Notice, ...] = ()


def note(code: str, /, **fields: object) -> Notice:
    """Return a remark on a row; its words are in ``locale/ledger``."""
    zh, en = (t(f"ledger.note.{code}", lang, **fields) for lang in ("zh-CN", "en"))
    return Notice(code=f"LEDGER_{code.upper()}", zh=zh, en=en)


def text(cell: Any) -> str:
    """Return a cell as the text a person sees: half-width digits, no invisible characters, "" for nothing.

    Examples
    --------
    >>> text("２０２５年３月 5日"), text(3.0), text("—")
    ('2025年3月 5日', '3', '')
    """
    shown = plain(cell)
    return "" if shown.lower() in _NOTHING else shown


def plain(cell: Any) -> str:
    """Return a cell as text, whatever it says."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        if cell.isascii() and cell.isprintable():
            return cell.strip()
        return _UNSEEN.sub("", unicodedata.normalize("NFKC", cell)).strip()
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time.min else cell.isoformat(" ", "seconds")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return str(cell)


_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff\u00ad\ud800-\udfff]")


def name(cell: Any) -> str:
    """Return a name: on one line, brackets and spaces of one kind, so that two spellings compare equal."""
    return re.sub(r"\s+", " ", _BRACKETS(text(cell))).strip()


def _BRACKETS(shown: str) -> str:  # noqa: N802 - a table of characters, used as a function
    return shown.translate(_WIDE)


# NFKC makes full-width brackets narrow; in names of firms the wide ones are usual
_WIDE: Final = str.maketrans({"(": "（", ")": "）"})


# --- days --------------------------------------------------------------------------------------------

_YEARS: Final = (1980, 2100)
_DAY: Final = re.compile(
    r"(?P<y>\d{4})\s*(?:[-/.,、·]\s*|年\s*)(?P<m>\d{1,2})\s*(?:[-/.,、·]\s*|月\s*)(?P<d>\d{1,2})\s*[日号]?"
    r"(?P<rest>[T\s]*(?:\d{1,2}[:时点].*)?)"
)
_PACKED: Final = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:\d{4}|\d{6})?")
_MONTH: Final = re.compile(r"\d{4}\s*(?:[-/.]|年)\s*\d{1,2}\s*月?份?|\d{4}\s*年?")
_SERIAL: Final = re.compile(r"\d{5}(?:\.\d+)?")
_CHINESE: Final = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})[日号]"
)
_DIGITS: Final = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0}


def day(cell: Any, *, epoch: datetime) -> Read:
    """Return the day a cell names.

    Parameters
    ----------
    cell : value of a cell
        A date, ``2025.3.5``, ``2025年3月5日``, ``20250305``, ``二〇二五年三月五日``, or a number of days.
    epoch : datetime
        The day a number counts from.
    """
    if isinstance(cell, datetime):
        return _checked(cell.year, cell.month, cell.day, plain(cell))
    if isinstance(cell, date):
        return _checked(cell.year, cell.month, cell.day, plain(cell))
    shown = text(cell)
    if not shown:
        return Read(None)
    if found := _DAY.fullmatch(shown) or _PACKED.fullmatch(shown):
        return _checked(int(found["y"]), int(found["m"]), int(found["d"]), shown)
    if _SERIAL.fullmatch(shown) and 29_000 <= float(shown) < 73_000:
        return Read((epoch + timedelta(days=int(float(shown)))).date(), (note("date_serial", text=shown),))
    if found := _CHINESE.fullmatch(shown):
        year = int("".join(str(_DIGITS[c]) for c in found[1]))
        return _checked(year, _small(found[2]), _small(found[3]), shown)
    if _MONTH.fullmatch(shown):
        return Read(None, (note("date_month", text=shown),))
    return Read(None, (note("date_unread", text=shown[:60]),))


def _checked(year: int, month: int, number: int, shown: str) -> Read:
    try:
        found = date(year, month, number)
    except ValueError:
        return Read(None, (note("date_impossible", text=shown[:60]),))
    if not _YEARS[0] <= year < _YEARS[1]:
        return Read(None, (note("date_impossible", text=shown[:60]),))
    return Read(found)


def _small(words_: str) -> int:
    """Return 十二 as 12."""
    before, ten, after = words_.partition("十")
    if not ten:
        return _DIGITS.get(words_, 0) if len(words_) == 1 else 0
    return _DIGITS.get(before or "一", 0) * 10 + _DIGITS.get(after or "零", 0)


# --- industries --------------------------------------------------------------------------------------

_ORDINAL: Final = re.compile(r"^[一二三四五六七八九十百]+\s*[、.．]\s*")
_CODE: Final = re.compile(r"(?<![\dA-Za-z.])([A-Ta-t]?)\s?(\d{2,4})(?![\d.])")
_SPLIT: Final = re.compile(r"[;；\n|]+|[,，、](?=\s*[A-Ta-t]?\d{2,4}\D)")


def industries(cell: Any) -> Read:
    """Return the GB/T 4754-2017 codes a cell names, the first one first; () when it names none for certain.

    Codes with or without section letter, official names, everyday words for a single industry, and the items of the
    catalogue of EIA classes (``二十三、化学原料和化学制品制造业26``), whose own numbers are no industry codes.
    """
    shown = text(cell)
    if not shown:
        return Read(())
    return _industries(shown)


@lru_cache(maxsize=20_000)
def _industries(shown: str) -> Read:
    codes: list[str] = []
    notes: list[Notice] = []
    for piece in _SPLIT.split(shown):
        if piece.strip():
            found, said = _industry(piece.strip())
            codes += [found] if found else []
            notes += said
    exact = [code for code in codes if not any(o != code and o.startswith(code) for o in codes)]
    return Read(tuple(dict.fromkeys(exact)), tuple(notes))


def _industry(piece: str) -> tuple[str, list[Notice]]:
    listed = _ORDINAL.match(piece) is not None
    rest = _ORDINAL.sub("", piece)
    table = data.industries()
    numbers = [match for match in _CODE.finditer(rest) if match[2] in table]
    for match in reversed(numbers):  # in the catalogue the code stands behind its name
        official = squeezed(table[match[2]].name)
        around = (
            squeezed(_CODE.sub(" ", rest[: match.start()])),
            squeezed(_CODE.sub(" ", rest[match.end() :])),
        )
        if any(
            said == official or (len(said) > 2 and (said in official or official in said)) for said in around
        ):
            return match[2], []
    words_ = squeezed(_CODE.sub("", rest))
    try:
        if not listed and numbers and not words_:
            return data.industry_code(rest), []
        if not listed and len(numbers) == 1 and numbers[0][1]:
            code = data.industry_code(numbers[0][0])
            return code, [
                note("industry_name", code=code, official=data.industry_name(code), text=piece[:60])
            ]
        if re.fullmatch(r"[A-Ta-t]", rest):
            return "", [note("industry_section", text=rest)]
    except UnknownIndustry:
        return "", [note("industry_unread", text=piece[:60])]
    code, several = _named(words_)
    if code:
        told = [note("industry_word", text=piece[:60], code=code, official=data.industry_name(code))]
        return code, [] if squeezed(data.industry_name(code)) == words_ else told
    if several:
        return "", [note("industry_several", text=piece[:60], codes="、".join(several[:6]))]
    return "", [note("industry_unread", text=piece[:60])]


def _named(said: str) -> tuple[str, tuple[str, ...]]:
    """Return the code a name or word stands for, or the several it may stand for."""
    official = _official().get(said)
    if official:
        return official, ()
    codes = _words_codes(said)
    if len(codes) == 1:
        return codes[0], ()
    common = _common(codes)
    return (common, ()) if len(common) >= 2 and common in data.industries() else ("", codes)


def _words_codes(said: str) -> tuple[str, ...]:
    """Return the codes of a word of the lexicon that is all that is said."""
    whole = list(words.tokens(said))
    if len(whole) != 1 or (whole[0].start, whole[0].end) != (0, len(said)):
        return ()
    return tuple(whole[0].kinds.get("industry", ()))


def _common(codes: Sequence[str]) -> str:
    if not codes:
        return ""
    least, most = min(codes), max(codes)
    same = 0
    while same < min(len(least), len(most)) and least[same] == most[same]:
        same += 1
    return least[:same]


@lru_cache(maxsize=1)
def _official() -> Mapping[str, str]:
    """Return codes by official name; of levels of one name the most exact, which is the only one below the others."""
    found: dict[str, str] = {}
    for row in data.industries().values():
        if row.level != "section":
            key = squeezed(row.name)
            before = found.get(key, "")
            if not before or row.code.startswith(before):
                found[key] = row.code
    return found


def squeezed(shown: str) -> str:
    """Return words for comparison: half-width, without white space, brackets' edges and end marks."""
    return re.sub(r"[\s（）()\[\]【】:：、,，.。;；/-]+", "", unicodedata.normalize("NFKC", shown)).lower()


# --- EIA class and state -------------------------------------------------------------------------------

_CLASSES: Final = (  # the first that occurs; a form may be called 环境影响报告表（污染影响类）
    ("exempt", re.compile(r"豁免|免于|免除|无需|不纳入|exempt", re.IGNORECASE)),
    ("report", re.compile(r"报告书|^书$|^report$", re.IGNORECASE)),
    ("form", re.compile(r"报告表|^表$|^form$", re.IGNORECASE)),
    ("registration", re.compile(r"登记表|备案|^登记$|^registration$", re.IGNORECASE)),
)
_STATES: Final = (
    ("withdrawn", re.compile(r"撤回|撤销|终止|注销|废止|withdrawn", re.IGNORECASE)),
    ("refused", re.compile(r"不予|不批准|不同意|退回|否决|未通过|refused", re.IGNORECASE)),
    ("approved", re.compile(r"已批|批复|批准|同意|通过|办结|approved", re.IGNORECASE)),
    ("accepted", re.compile(r"受理|在办|审批中|审查中|公示|拟批|评估|accepted", re.IGNORECASE)),
)


def eia_class(cell: Any) -> Read:
    """Return the EIA class: report, form, registration, exempt; "" when the cell says none for certain."""
    return _one_of(cell, _CLASSES, "class_unread", "class_several")


def status(cell: Any) -> Read:
    """Return the state of the application: accepted, approved, refused, withdrawn; "" for none."""
    shown = text(cell)
    for value, pattern in _STATES:
        if pattern.search(shown):
            return Read(value)
    return Read("", (note("status_unread", text=shown[:60]),) if shown else ())


def _one_of(cell: Any, table: Sequence[tuple[str, re.Pattern[str]]], unread: str, several: str) -> Read:
    shown = text(cell).replace(" ", "")
    if not shown:
        return Read("")
    found = [value for value, pattern in table if pattern.search(shown)]
    if len(found) == 1 or found[:1] == ["exempt"]:
        return Read(found[0])
    return Read("", (note(several if found else unread, text=shown[:60]),))


# --- places and authorities ------------------------------------------------------------------------------

_TAILS: Final = re.compile(r"(?:省|市|区|县|旗|自治[州县旗区]|地区|盟|州)$")
_PEOPLES: Final = re.compile(
    "蒙古族藏族|土家族苗族|藏族羌族|哈尼族彝族|布依族苗族|傣族景颇族|苗族侗族|回族土族|蒙古族|维吾尔|哈萨克|"
    "藏族|回族|土族|撒拉族|壮族|苗族|彝族|羌族|白族|侗族|满族|朝鲜族|傣族|傈僳族|土家族"
)


class Places:
    """Regions by code, and by every name they go by."""

    def __init__(self, names: Mapping[str, str], spelled: Mapping[str, str] | None = None) -> None:
        """Know regions: code to official name; ``spelled`` are spellings a person has stated a code for."""
        self.names = names
        self.spelled = spelled or {}
        found: dict[str, list[str]] = {}
        for code, official in sorted(names.items()):
            for word in _names_of(official):
                found.setdefault(word, []).append(code)
        self._spellings = sorted(found.items(), key=lambda item: -len(item[0]))
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}

    def by_words(self, shown: str, within: str = "") -> tuple[str, ...]:
        """Return the most exact regions that a text names, all those that fit, below ``within``."""
        key = (shown, within)
        if key not in self._known:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._known[key] = self._by_words(shown, within)
        return self._known[key]

    def _by_words(self, shown: str, within: str) -> tuple[str, ...]:
        if found := self.spelled.get(shown):
            return (found,)
        best: list[str] = []
        depth = (0, 0)
        for spelling, codes in self._spellings:
            if spelling not in shown:
                continue
            for code in codes:
                if not code.startswith(within):
                    continue
                # 西宁市城东区 names both: the longer code is the more exact one
                rank = (len(code), len(spelling))
                if rank > depth:
                    best, depth = [code], rank
                elif rank == depth and code not in best:
                    best.append(code)
        if len(best) > 1:  # 海南州 of two provinces, 城东区 of two cities: what else is named decides
            above = [
                c
                for c in best
                if any(c != o and c.startswith(o) and self._named(o, shown) for o in self.names)
            ]
            best = above or best
        return tuple(best)

    def _named(self, code: str, shown: str) -> bool:
        return any(word in shown for word in _names_of(self.names[code]))


_REMEMBERED: Final = 50_000


@lru_cache(maxsize=8192)
def _names_of(official: str) -> tuple[str, ...]:
    """Return the names a region goes by: 门源回族自治县 is also 门源县 and 门源."""
    plain_ = _PEOPLES.sub("", official)
    short = _TAILS.sub("", re.sub(r"自治(?=[州县旗区])", "", plain_))
    every = {official, re.sub(r"自治(?=[州县旗])", "", plain_), short if len(short) > 1 else official}
    return tuple(sorted(every, key=len, reverse=True))


def region(cells: Sequence[Any], places: Places, *, moved: Mapping[str, str]) -> Read:
    """Return the code of the region that cells name together, the widest first; "" when none or several fit.

    Parameters
    ----------
    cells : sequence
        E.g. prefecture and county; each a code or a name.
    places : Places
    moved : mapping
        Old codes and what took their place.
    """
    shown = [text(cell).replace(" ", "") for cell in cells]
    shown = [word for word in shown if word]
    if not shown:
        return Read("")
    last = shown[-1]
    if re.fullmatch(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}", last):
        return _by_code(last, places, moved)
    found = places.by_words("".join(shown)) if len(shown) == 1 else _within(shown, places)
    if len(found) == 1:
        return Read(found[0])
    if found:
        named = "、".join(f"{code} {places.names.get(code, '')}".strip() for code in found[:6])
        return Read("", (note("region_several", text="".join(shown)[:60], regions=named),))
    return Read("", (note("region_unread", text="".join(shown)[:60]),))


def _within(shown: Sequence[str], places: Places) -> tuple[str, ...]:
    above: tuple[str, ...] = ("",)
    for word in shown:
        found = tuple(code for up in above for code in places.by_words(word, up))
        above = tuple(dict.fromkeys(found)) or above
    return () if above == ("",) else above


def _by_code(code: str, places: Places, moved: Mapping[str, str]) -> Read:
    short = code[:6]
    while len(short) > 2 and short.endswith("00"):
        short = short[:-2]
    if (new := moved.get(short)) and short not in places.names:
        return Read(new, (note("region_moved", old=short, new=new),))
    if places.names and short not in places.names:
        return Read(short, (note("region_unknown", code=short),))
    return Read(short)


_NATIONAL: Final = re.compile(r"^(?:国家)?(?:生态环境部|环境保护部|环保部)|^国家级?$|^部级$")
_LEVELS: Final = (
    ("province", re.compile(r"(?:生态环境|环境保护|环保)厅|^省[级厅局]|^自治区")),
    ("county", re.compile(r"分局|[县旗](?:.*[局委]|级)|^区[县级]|^县")),
    ("city", re.compile(r"^市[州级局]|[市州盟](?:生态环境|环境保护|环保|行政审批|审批服务).*局|地区.*局")),
)
_LEVEL_BY_CODE: Final = {2: "province", 4: "city", 6: "county"}


def authority_level(shown: str, places: Places) -> Read:
    """Return the level of an approving authority: national, province, city, county; "" when its name does not say.

    A branch of a city's bureau (分局) works in a county and counts as its level.
    """
    if not shown:
        return Read("")
    if _NATIONAL.search(shown):
        return Read("national")
    if "分局" in shown:
        return Read("county")
    if "厅" in shown:
        return Read("province")
    found = {_LEVEL_BY_CODE.get(len(code), "") for code in places.by_words(shown)}
    if len(found) == 1 and found <= {"city", "county"}:
        return Read(found.pop())
    for level, pattern in _LEVELS:
        if pattern.search(shown):
            return Read(level)
    return Read("", (note("authority_level", text=shown[:60]),))

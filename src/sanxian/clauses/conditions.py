"""Stretches of a clause as subjects and conditions: who, what, where, how much, in which state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sanxian.clauses import places
from sanxian.clauses.lexing import Lexed
from sanxian.clauses.measures import LENGTHS, TRIM, measured
from sanxian.clauses.said import Found, Said, Span, around
from sanxian.clauses.words import Token

_UNKNOWN, _FUNCTION, _UNDERSTOOD = 0, 1, 2  # what is known of a character
_KNOWN: Final = re.compile(rb"[^\0]+")
_SEPARATOR: Final = re.compile(r"以及|或者|并且|而且|且|及其他|及其它|和其他|[、和及与或/]")
_PHRASE_END: Final = re.compile("的|[,;:。\n]")
_AND_OTHERS: Final = re.compile(
    "(?:以及|及|和|或者|或|、)(?P<what>其[他它][^,;。、]{2,30}?的(?:工业|建设|生产)?(?:项目|企业|设施|活动|行为|单位|工程))"
)
_DESCRIPTION_END: Final = re.compile("[,;、。]|以及|禁止|不得|严禁|应|须")
_BESIDE: Final = re.compile(
    "两侧|周边|周围|上游|下游|边界|沿线|可视|附近|管网|厂界|围墙|沿岸|用地红线|防护|外围|四周|原址|集水区|径流区|汇水区"
    "|[^,;。、的]{0,8}(?:产业园|园区|开发区|集中区|集聚区|保护区|片区|基地)(?:内|外|以|之|中|,|$)"
    "|覆盖|服务范围|以内|以北|以南|以东|以西|沿岸"
)
_MEANS: Final = re.compile("采用[^,;。的]{0,12}$")  # 采用盐酸酸洗: a means, no subject
_RANK: Final = re.compile(
    r"(?:[一二三四五六甲乙丙]|[IVX]{1,4}|\d)(?:等|级|类)(?:及|\(含\)|\(不含\))?以[上下](?=(?P<what>[^,;。的、]{0,6}))"
)
_PUNCTUATION: Final = re.compile('[,;:。、()/\\n“”"]+')
_BURNT: Final = re.compile("(?:燃|散煤)|[^,;。的]{1,14}(?:锅炉|窑|炉|机组|火电|发电|电站|供热|燃料|燃烧)")
_GROWTH: Final = re.compile(
    "(?:新增|增加|增大)[^,;。]{0,14}?(?:重金属|污染物|排放量|排污量|污染|化学需氧量|氨氮|总磷|总氮|二氧化硫|氮氧化物"
    "|挥发性有机物|VOCs|颗粒物|排放)"
)
_AMOUNT: Final = re.compile(
    "[^,;。的]{0,12}?(?:污染|排放|排污|重金属|化学需氧量|氨氮|总磷|总氮|氮氧化物|二氧化硫|VOC|挥发性|颗粒物|氮磷|磷氮"
    "|取水|取用|用水|开采|灌溉|牲畜|床位|载畜|养殖量|投饵|量)|的"
)
_LIKE_A_PLACE: Final = re.compile(
    "(?:区|带|岸|流域|范围|地|湖|河|江|库|山|园|段|域|线|内|岛|滩|旁|侧|海|地区|周围|中心)$"
)
_LEADS: Final = "涉含非无未不小大已高"  # function characters that belong to the unknown word behind them
_LONGEST: Final = 120  # characters of a matter


def read(lexed: Lexed, start: int, end: int, *, acted_on: bool = False, required: bool = False) -> Said:
    """Return what ``[start, end)`` says.

    Parameters
    ----------
    acted_on : bool
        The stretch names what an effect acts on: an unknown noun in it is an object, not a condition.
    required : bool
        The stretch says what must hold: a bare number is a lower limit, a distance one to keep.
    """
    others: list[Found] = []
    found = _AND_OTHERS.search(lexed.text, start, end)
    if found is not None and found.start() > start:
        # 印染、电镀及其他排放磷氮的项目: the others are one more alternative, what tells them binds them alone
        others.append(Found({"matter": _label(lexed.text[slice(*found.span("what"))])}, found.span("what")))
    stretch = _Stretch(lexed, start, found.start() if others and found else end)
    stretch.numbers(required=required)
    stretch.words()
    stretch.unknown(acted_on=acted_on)
    said = stretch.said()
    if others and found is not None:
        said.objects += others
        said.used.append(found.span())
        if found.end() < end:
            said.add(read(lexed, found.end(), end, acted_on=acted_on, required=required))
    return said


class _Stretch:
    """One stretch being read; ``cover`` keeps what is known of each character."""

    def __init__(self, lexed: Lexed, start: int, end: int) -> None:
        self._lexed, self._text, self._start, self._end = lexed, lexed.text, start, end
        self._cover = bytearray(end - start)
        self._said = Said()
        self._anchors: list[Span] = []  # what a distance is measured to is no subject
        self._pollutants: list[tuple[str, Span]] = []
        self._fuels: list[tuple[str, Span]] = []
        self._described = start  # up to where 等 opens a description of the list before it

    def said(self) -> Said:
        """Return what was read."""
        said = self._said
        said.atoms[:0] = places.any_of(said.places)
        said.places.clear()
        said.used += [
            (self._start + run.start(), self._start + run.end()) for run in _KNOWN.finditer(self._cover)
        ]
        return said

    def _mark(self, span: Span, value: int) -> None:
        begin, stop = max(span[0], self._start) - self._start, min(span[1], self._end) - self._start
        if begin >= stop or value == _UNKNOWN:
            return
        if value == _UNDERSTOOD:
            self._cover[begin:stop] = b"\2" * (stop - begin)
        else:
            self._cover[begin:stop] = self._cover[begin:stop].replace(b"\0", b"\1")

    def _add(self, found: Found) -> None:
        self._said.atoms.append(found)
        self._mark(found.at, _UNDERSTOOD)

    def numbers(self, *, required: bool) -> None:
        """Read numbers, missed targets and dates."""
        start, end = self._start, self._end
        for number in self._lexed.quantities:
            told = not number.stated and self._lexed.bracketed(number.start)  # （面积约86平方公里）
            if start <= number.start and number.end <= end and not told:
                for found in measured(self._lexed, number, start, end, required=required):
                    self._add(found)
                    if number.unit in LENGTHS:
                        self._anchors.append(found.at)
                self._mark((number.start, number.end), _UNDERSTOOD)
        for rank in _RANK.finditer(self._text, start, end) if "以" in self._text[start:end] else ():
            # 四等及以上尾矿库, 环境风险潜势Ⅲ级及以上: with the words beside it
            begin = max((t.end for t in self._lexed.within(start, rank.start())), default=start)
            begin = max(
                begin, rank.start() - 8, *(self._text.rfind(c, start, rank.start()) + 1 for c in "的,、;。(")
            )
            self._add(Found({"matter": self._text[begin : rank.end("what")]}, (begin, rank.end())))
        for found in places.states(self._lexed, start, end):
            self._add(found)
        for deadline in self._lexed.deadlines:
            self._mark((deadline.start, deadline.end), _FUNCTION)

    def words(self) -> None:
        """Read the words of the lexicon."""
        text, said = self._text, self._said
        for token in self._lexed.within(self._start, self._end):
            said.building |= "building" in token.kinds
            taken = self._cover[token.start - self._start] == _UNDERSTOOD
            if not taken or token.kinds.keys() & {"nature", "industry"}:
                self._mark((token.start, token.end), self._word(token))
        for marks in _PUNCTUATION.finditer(text, self._start, self._end):
            self._mark(marks.span(), _FUNCTION)
        for fact, named in (("pollutants", self._pollutants), ("fuel", self._fuels)):
            if named:
                values = list(dict.fromkeys(v for value, _ in named for v in value.split(",")))
                said.atoms.append(
                    Found({"fact": fact, "op": "has_any", "value": values}, around([s for _, s in named]))
                )
        for growth in _GROWTH.finditer(text, self._start, self._end) if "增" in text else ():
            fact = "heavy_metal_change" if "重金属" in growth[0] else "emission_change"
            self._add(Found({"fact": fact, "op": "is", "value": "增加"}, growth.span()))

    def _word(self, token: Token) -> int:
        """Take one word for what it is here; return what is known of it then."""
        text, said, kinds, span = self._text, self._said, token.kinds, (token.start, token.end)
        if "place" in kinds and not places.is_object(self._lexed, token):
            found = places.place(self._lexed, token, self._start, self._end)
            if found is not None:
                said.places.append(found)
                self._mark(found.at, _UNDERSTOOD)
                return _UNDERSTOOD
        if "here" in kinds:
            return _UNDERSTOOD if span[0] == self._start or text[span[0] - 1] in ",;:。()\n" else _FUNCTION
        if text.startswith("新增", span[0]) and self._adds(span[0] + len("新增")):
            said.natures.append(("新建", span))
        elif "nature" in kinds:
            said.natures += ((nature, span) for nature in kinds["nature"])
        elif "industry" in kinds:
            beside = _BESIDE.match(text, span[1], self._end) or _MEANS.search(text, self._start, span[0])
            if span[0] < self._described or beside or any(s <= span[0] < e for s, e in self._anchors):
                return _FUNCTION
            said.industries += ((code, span) for code in kinds["industry"])
            if "behaviour" in kinds:  # 农药使用: what farms do, not farms
                said.atoms.append(Found({"matter": text[slice(*span)]}, span))
            if "fuels" in kinds:
                self._fuels.append((kinds["fuels"], span))
        elif "activities" in kinds:
            said.activities.append((kinds["activities"], span))
        elif "land" in kinds:
            said.atoms.append(Found({"fact": "land_type", "op": "has", "value": kinds["land"]}, span))
        elif "state" in kinds:
            key, value = kinds["state"]
            said.atoms.append(Found({"state": key, "op": "is", "value": value}, span))
        elif "pollutants" in kinds:
            self._pollutants.append((kinds["pollutants"], span))
        elif "fuels" in kinds and ("," in kinds["fuels"] or _BURNT.match(text, span[0], self._end)):
            self._fuels.append((kinds["fuels"], span))
        else:
            return self._function_word(token)
        return _UNDERSTOOD

    def _function_word(self, token: Token) -> int:
        kinds = token.kinds
        if "generic" in kinds:
            self._said.generic = True
            return _FUNCTION
        if "stops" in kinds and self._text[token.start : token.end] == "等" and self._said.industries:
            self._said.opened = True
            closing = _DESCRIPTION_END.search(self._text, token.end, self._end)
            self._described = closing.start() if closing else self._end
        return _FUNCTION if kinds.keys() & {"building", "stops"} else _UNKNOWN

    def _adds(self, place: int) -> bool:
        """Whether 新增 says that something comes to stand (新增产能), not that an amount grows (新增排放)."""
        return place < self._end and _AMOUNT.match(self._text, place, self._end) is None

    # --- what no vocabulary knows ---

    def unknown(self, *, acted_on: bool) -> None:
        """Make matters of the words that no vocabulary knows, each with the phrase it belongs to."""
        phrases = list(self._phrases())
        for number, phrase in enumerate(phrases):
            if self._count(phrase, _UNKNOWN) >= 2:
                self._phrase(phrase, head=acted_on and number == len(phrases) - 1)

    def _phrase(self, phrase: Span, *, head: bool) -> None:
        pieces = list(self._pieces(phrase))
        known = [self._count(piece, _UNDERSTOOD) >= 2 for piece in pieces]
        if len(pieces) < 2 or not any(known):
            if head and not any(known):
                self._object(phrase)
            else:
                self._matter(self._unknown_part(phrase) if any(known) else phrase)
            return
        for piece, understood in zip(pieces, known, strict=True):
            if self._count(piece, _UNKNOWN) < 2:
                continue
            if not understood and self._is_place(pieces, piece):
                words = _label(self._text[slice(*piece)])
                matter = words if words.startswith("位于") else f"位于{words}"
                self._said.places.append(Found({"matter": matter}, piece))
                self._mark(piece, _UNDERSTOOD)
            elif understood or not head:
                self._matter(self._unknown_part(piece))
            else:
                self._object(piece)

    def _count(self, span: Span, value: int) -> int:
        return self._cover[span[0] - self._start : span[1] - self._start].count(value)

    def _phrases(self) -> Iterator[Span]:
        """Yield the attributes and the head of the stretch: what stands between 的 and commas."""
        begin = self._start
        for found in _PHRASE_END.finditer(self._text, self._start, self._end):
            if found.start() > begin:
                yield (begin, found.start())
            begin = found.end()
        if begin < self._end:
            yield (begin, self._end)

    def _pieces(self, phrase: Span) -> Iterator[Span]:
        place = phrase[0]
        for found in _SEPARATOR.finditer(self._text, *phrase):
            if found.start() > place:
                yield (place, found.start())
            place = found.end()
        if place < phrase[1]:
            yield (place, phrase[1])

    def _is_place(self, pieces: Sequence[Span], piece: Span) -> bool:
        """Whether an unknown member of a list stands among places: it is one more of them."""
        others = [p for p in pieces if p != piece]
        beside = any(b <= found.at[0] < s for found in self._said.places for b, s in others)
        return beside and _LIKE_A_PLACE.search(self._text[slice(*piece)].rstrip("内,的等")) is not None

    def _unknown_part(self, span: Span) -> Span:
        """Return the stretch from the first to the last unknown character of a phrase."""
        unknown = [p for p in range(*span) if self._cover[p - self._start] == _UNKNOWN]
        first = unknown[0]
        if (
            first > span[0]
            and self._cover[first - 1 - self._start] < _UNDERSTOOD
            and self._text[first - 1] in _LEADS
        ):
            first -= 1
        return first, unknown[-1] + 1

    def _matter(self, span: Span) -> None:
        begin, stop = span
        while stop < self._end and self._text[stop] in "区内外":
            stop += 1
        words = _label(self._text[begin:stop])
        if len(words) >= 2:
            self._add(Found({"matter": words}, (begin, stop)))

    def _object(self, span: Span) -> None:
        words = _label(self._text[slice(*span)])
        if len(words) >= 2:
            self._said.objects.append(Found({"matter": words}, span))
            self._mark(span, _UNDERSTOOD)


def _label(words: str) -> str:
    """Return words as the name of a matter."""
    return re.sub(r"[\[\]\n]", "", words).strip(TRIM + '“”"()')[:_LONGEST]

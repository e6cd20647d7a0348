"""What a clause demands: facts, numbers, ratios, papers, and duties that only the future can show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from sanxian.clauses.effects import LIMIT
from sanxian.clauses.lexing import Lexed
from sanxian.clauses.measures import measured
from sanxian.clauses.said import Atom, Found, Span
from sanxian.clauses.words import table

_PAPER: Final = re.compile(
    "(?:依法)?(?:报|经|取得|征得|获得|持有)(?P<who>[^,;。、的]{2,26}?)(?:依法)?(?P<what>批准|同意|审批|核准|论证|认定|审查|许可|备案|评估|审定)(?:文件|意见|手续)?(?:后|的)?"
)
_ISSUER: Final = re.compile("(?:政府|部门|机关|机构|厅|局|委|委员会|国务院|省级|市级|县级|管委会|单位)")
_INTO_PARK: Final = re.compile(
    "(?:进入|入驻|迁入|布局(?:在|于)?|集聚(?:到|于)?|集中(?:到|于)?|落户|设在|建在|位于|入|安排在|进)[^,;。]{0,18}?(?:园区|开发区|集聚区|集中区|工业区|产业园|功能区|基地|园|小区|聚集区|化工区)(?:内)?|入园"
)
_MODAL_TAIL: Final = re.compile(
    "(?:应当|应|须|必须|需|并|且|还|均|也|同时|原则上|严格|全部|逐步|要|的|一律|方可|:|,)+"
)


@lru_cache(maxsize=1)
def _phrases() -> tuple[tuple[tuple[str, ...], re.Pattern[str], Atom], ...]:
    return tuple((tuple(e["signs"]), re.compile(e["words"]), e["atom"]) for e in table()["facts"])


@lru_cache(maxsize=16)
def _present(text: str) -> tuple[tuple[tuple[str, ...], re.Pattern[str], Atom], ...]:
    """Return the phrases of which a text holds a sign: few of many, for a text that is read stretch by stretch."""
    return tuple(phrase for phrase in _phrases() if any(sign in text for sign in phrase[0]))


def facts(lexed: Lexed, start: int, end: int) -> Iterator[Found]:
    """Yield the facts of the vocabulary that phrases in ``[start, end)`` state."""
    text = lexed.text
    present = _present(text)
    if not present:
        return
    words = text[start:end]
    taken: list[Span] = []
    for signs, pattern, atom in present:
        if not any(sign in words for sign in signs):
            continue
        for found in pattern.finditer(text, start, end):
            span = found.span()
            if span[0] < span[1] and not any(span[0] < e and s < span[1] for s, e in taken):
                taken.append(span)
                yield Found(atom, span)


def papers(lexed: Lexed, start: int, end: int) -> Iterator[Found]:
    """Yield the papers (批准, 论证意见 …) that ``[start, end)`` asks for."""
    for found in _PAPER.finditer(lexed.text, start, end):
        who = found["who"].strip()
        atom: dict[str, Any] = {"document": f"{found['what']}文件"}
        if found["what"] in ("论证", "评估", "审查", "认定"):
            atom["document"] = f"{found['what']}意见"
        if _ISSUER.search(who):
            atom["issuer"] = who
        else:
            atom["document"] = f"{who}{found['what']}意见"
        yield Found(atom, found.span())


def requirement(lexed: Lexed, start: int, end: int) -> tuple[list[Found], list[Span]]:
    """Return what ``[start, end)`` demands, and the words understood.

    What no fact, number or paper says is a duty in the clause's own words.
    """
    text = lexed.text
    found: list[Found] = []
    for ratio in lexed.ratios:
        if start <= ratio.start and ratio.end <= end:
            around = text[max(start, ratio.start - 12) : min(end, ratio.end + 6)]
            fact = "capacity_swap_ratio" if "产能" in around else "offset_ratio"
            if re.search("煤炭|用煤|燃煤消费", around):
                found.append(
                    Found({"fact": "coal_replacement", "op": "is", "value": True}, (ratio.start, ratio.end))
                )
            atom = {
                "fact": fact,
                "op": ratio.op,
                "value": int(ratio.value) if ratio.value == int(ratio.value) else ratio.value,
                "unit": "倍",
            }
            found.append(Found(atom, (ratio.start, ratio.end)))
    for number in lexed.quantities:
        if start <= number.start and number.end <= end:
            found.extend(measured(lexed, number, start, end, required=True))
    found.extend(f for f in facts(lexed, start, end) if not _inside(f.at, found))
    for park in _INTO_PARK.finditer(text, start, end):
        compliant = re.search("合规|认定", park[0]) is not None
        key = "inside_compliant_park" if compliant else "inside_park"
        found.append(Found({"fact": key, "op": "is", "value": True}, park.span()))
    found.extend(papers(lexed, start, end))
    found = _unique(found)
    spans = [f.at for f in found]
    for begin, stop in _left(text, start, end, spans):
        words = (
            _MODAL_TAIL.sub("", text[begin:stop], count=1)
            if _MODAL_TAIL.match(text, begin)
            else text[begin:stop]
        )
        words = re.sub(r"[\n]", "", words).strip(",、;:。 ()的")
        if (
            len(words) >= 3
            and words not in LIMIT
            and not re.fullmatch(
                "[的后方可并且和及等内进行实施实行执行落实达到符合满足要求标准项目水平标准量削减替代]+", words
            )
        ):
            found.append(Found({"duty": words}, (begin, stop)))
            spans.append((begin, stop))
    return found, spans


def _inside(span: Span, found: list[Found]) -> bool:
    return any(span[0] < f.at[1] and f.at[0] < span[1] for f in found)


def _unique(found: list[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in found:
        if all(one.atom != other.atom for other in kept):
            kept.append(one)
    return kept


def _left(text: str, start: int, end: int, spans: list[Span]) -> Iterator[Span]:
    """Yield the stretches no span covers, cut at commas."""
    place = start
    for begin, stop in [*sorted(spans), (end, end)]:
        if begin > place:
            cut = place
            for found in re.finditer("[,;。\n]", text[place:begin]):
                if place + found.start() > cut:
                    yield (cut, place + found.start())
                cut = place + found.end()
            if begin > cut:
                yield (cut, begin)
        place = max(place, stop)

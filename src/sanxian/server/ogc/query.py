"""What a request for features asks: its parameters read, refused where they mean nothing, and put to a layer."""

from __future__ import annotations

import math
import re
from collections.abc import Collection as Names
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from starlette.datastructures import QueryParams

from sanxian.errors import BadParameter
from sanxian.server.ogc import filters
from sanxian.server.ogc.crs import CRS84, is_geographic, shapes_from
from sanxian.server.ogc.features import Features

LIMIT: Final = 100
LIMIT_MAX: Final = 10_000
EVERYWHERE: Final = ("f", "lang")  # parameters of every resource
ITEMS: Final = (
    *EVERYWHERE, "limit", "offset", "bbox", "bbox-crs", "datetime", "crs", "filter", "filter-lang", "filter-crs",
)  # fmt: skip
LANGUAGES: Final = ("cql2-text", "cql2-json")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One request for features of a layer."""

    limit: int = LIMIT
    offset: int = 0
    crs: str = CRS84
    places: tuple[BaseGeometry, ...] = ()  # any of these, longitude and latitude; () = everywhere
    days: tuple[int, int] | None = None  # first and last, as ordinals
    equal: tuple[tuple[str, str], ...] = ()  # properties and what they have to be
    filter: Any = None  # CQL2 JSON
    filter_crs: str = CRS84


def known(parameters: QueryParams, names: Names[str]) -> dict[str, str]:
    """Return the parameters of a request.

    Raises
    ------
    BadParameter
        One is not among ``names``, or is given twice.
    """
    found: dict[str, str] = {}
    for name, value in parameters.multi_items():
        if name not in names:
            told = "、".join(names)
            raise _bad(name, f"不认识它，这里可用：{told}", f"it is not known; here there are {told}")
        if name in found:
            raise _bad(name, "出现了两次", "it is given twice")
        found[name] = value
    return found


def read(parameters: QueryParams, features: Features, offered: Names[str]) -> Query:
    """Return what a request for the items of a layer asks.

    Parameters
    ----------
    parameters : QueryParams
    features : Features
        The layer; its properties are parameters too.
    offered : collection of str
        Reference systems the layer is offered in.

    Raises
    ------
    BadParameter
        Anything in it is unknown or has no meaning; nothing is guessed.
    """
    own = {field.name: field.type for field in features.fields}
    given = known(parameters, (*ITEMS, *(name for name in own if name not in ITEMS)))
    crs = crs_of(given, "crs", offered)
    if "bbox-crs" in given and "bbox" not in given:
        raise _bad("bbox-crs", "没有 bbox", "there is no bbox")
    bbox_crs = crs_of(given, "bbox-crs", offered)
    expression = None
    if "filter" in given:
        language = given.get("filter-lang", LANGUAGES[0])
        if language not in LANGUAGES:
            raise _bad("filter-lang", "应为 cql2-text 或 cql2-json", "it has to be cql2-text or cql2-json")
        expression = filters.parse(given["filter"], language)
    else:
        for name in ("filter-lang", "filter-crs"):
            if name in given:
                raise _bad(name, "没有 filter", "there is no filter")
    return Query(
        limit=min(_whole(given, "limit", LIMIT, least=1), LIMIT_MAX),
        offset=_whole(given, "offset", 0, least=0),
        crs=crs,
        places=_bbox(given["bbox"], bbox_crs) if "bbox" in given else (),
        days=_days(given["datetime"]) if "datetime" in given else None,
        equal=tuple(
            (name, _fitting(name, given[name], kind))
            for name, kind in own.items()
            if name in given and name not in ITEMS
        ),
        filter=expression,
        filter_crs=crs_of(given, "filter-crs", offered),
    )


def select(query: Query, features: Features) -> NDArray[np.intp]:
    """Return the rows a query matches, in the order of the edition, which never changes."""
    held = np.ones(len(features), dtype=bool)
    if query.places:
        inside = np.zeros(len(features), dtype=bool)
        for place in query.places:
            inside[features.tree.query(place, predicate="intersects")] = True
        held &= inside
    if query.days is not None:
        first, last = query.days
        held &= (features.periods[:, 0] <= last) & (features.periods[:, 1] >= first)
    for name, value in query.equal:
        held &= np.array([_text(one, value) for one in features.column(name)], dtype=bool)
    if query.filter is not None:
        held &= filters.select(query.filter, features, query.filter_crs)
    return np.flatnonzero(held)


def _text(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return value == (wanted == "true")
    if isinstance(value, date):
        return value.isoformat() == wanted
    if isinstance(value, tuple):
        return wanted in value
    return value is not None and str(value) == wanted


def _fitting(name: str, value: str, kind: str) -> str:
    if kind == "boolean" and value not in ("true", "false"):
        raise _bad(name, "应为 true 或 false", "it has to be true or false")
    if kind == "date":
        try:
            date.fromisoformat(value)
        except ValueError as error:
            raise _bad(name, f"“{value}”不是日期", f"“{value}” is no date") from error
    return value


def _whole(given: Mapping[str, str], name: str, otherwise: int, *, least: int) -> int:
    if name not in given:
        return otherwise
    if not re.fullmatch(r"\d{1,15}", given[name], re.ASCII) or int(given[name]) < least:
        raise _bad(name, f"应为不小于 {least} 的整数", f"it has to be a whole number of at least {least}")
    return int(given[name])


def crs_of(given: Mapping[str, str], name: str, offered: Names[str]) -> str:
    """Return the reference system a parameter names, the default without it; raises when it is not offered."""
    uri = given.get(name, CRS84)
    if uri not in offered:
        told = "、".join(offered)
        raise _bad(name, f"不提供“{uri}”，可用：{told}", f"“{uri}” is not offered; there are {told}")
    return uri


def _bbox(text: str, crs: str) -> tuple[BaseGeometry, ...]:
    try:
        numbers = [float(piece) for piece in text.split(",")]
    except ValueError as error:
        raise _bad("bbox", f"“{text}”不是以逗号分隔的数", f"“{text}” is no numbers with commas") from error
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        raise _bad("bbox", "应为 4 个或 6 个数", "it takes 4 or 6 numbers")
    half = len(numbers) // 2
    if half == 3 and numbers[2] > numbers[5]:
        raise _bad("bbox", "最低高度大于最高高度", "its lowest height lies above its highest")
    first, second, first_end, second_end = *numbers[:2], *numbers[half : half + 2]
    if is_geographic(crs):
        west, south, east, north = (
            (first, second, first_end, second_end) if crs == CRS84 else (second, first, second_end, first_end)
        )
        if south > north:
            raise _bad("bbox", "南界在北界以北", "its south lies north of its north")
        if max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 360:
            raise _bad("bbox", "超出经纬度范围", "it lies outside of the degrees there are")
        if west > east:  # across 180°
            return _rectangle(west, south, 180.0, north), _rectangle(-180.0, south, east, north)
        return (_rectangle(west, south, east, north),)
    if first > first_end or second > second_end:
        raise _bad("bbox", "下限大于上限", "its lower corner lies above its upper one")
    side = max(first_end - first, second_end - second, 1.0)
    frame = shapely.segmentize(_rectangle(first, second, first_end, second_end), side / 32)
    return tuple(shapes_from(np.array([frame], dtype=object), crs, "bbox"))


def _rectangle(west: float, south: float, east: float, north: float) -> BaseGeometry:
    if west == east and south == north:
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


def _days(text: str) -> tuple[int, int]:
    ends = text.split("/")
    if len(ends) > 2 or text in ("", ".."):
        raise _no_time(text)
    opened = [end in ("", "..") for end in ends]
    days = [None if free else _day(end, text) for end, free in zip(ends, opened, strict=True)]
    first, last = days[0], days[-1]
    made = (
        date.min.toordinal() if first is None else first,
        date.max.toordinal() if last is None else last,
    )
    if made[0] > made[1]:
        raise _bad("datetime", "开始晚于结束", "it ends before it begins")
    return made


def _day(text: str, whole: str) -> int:
    if not _TIME.fullmatch(text):
        raise _no_time(whole)
    try:
        if len(text) == 10:
            return date.fromisoformat(text).toordinal()
        # zones are in force by calendar day; a moment is the day it falls on where its sender stands
        return datetime.fromisoformat(text.upper()).date().toordinal()
    except ValueError as error:
        raise _no_time(whole) from error


def _no_time(text: str) -> BadParameter:
    return _bad(
        "datetime",
        f"“{text}”不是 RFC 3339 的日期、时间或以“/”相连的起止",
        f"“{text}” is no date, time or interval of RFC 3339",
    )


def moment(day: date) -> str:
    """Return the beginning of a day as an extent states it."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bad(parameter: str, zh: str, en: str) -> BadParameter:
    return BadParameter(parameter=parameter, reason={"zh": zh, "en": en})

"""CQL2 filters: read by the ``cql2`` library, evaluated over whole columns here.

The library's own matching takes one feature at a time and raises where a property is null, so it cannot say what SQL and
CQL2 say: a comparison with null is neither true nor false, and what is not true is not returned. Here every node gives one
:class:`Truth <sanxian.model.Truth>` for each feature (and = min, or = max, not = mirrored). Spatial predicates are GEOS's,
on edges straight in longitude and latitude (ADR 0001), found through the tree.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

import cql2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sanxian.errors import BadParameter
from sanxian.server.ogc.crs import CRS84, shapes_from
from sanxian.server.ogc.features import Features

Truths = NDArray[np.int8]  # 0 false, 1 unknown, 2 true
LENGTH_MAX: Final = 16_384  # characters of a filter
# Brackets within brackets. The parser of CQL2 text takes twice as long for every bracket of text that is wrong after
# all, and ends the process where thousands nest; so the length of a filter alone would be no limit.
DEPTH_MAX: Final[Mapping[str, int]] = {"cql2-text": 10, "cql2-json": 64}
TERMS_MAX: Final = 1_000  # operators; a chain of them nests as deep
GEOMETRY: Final = "geometry"


class _Ends(NamedTuple):
    """Intervals of features; an instant starts and ends at once."""

    start: NDArray[Any]  # days; None or infinite where open
    end: NDArray[Any]


_COMPARE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_SPATIAL: Final = frozenset(
    ("contains", "crosses", "disjoint", "equals", "intersects", "overlaps", "touches", "within")
)
_MIRRORED: Final = {"contains": "within", "within": "contains"}
# Allen's relations between intervals, and the two coarser ones.
_TEMPORAL: Final[Mapping[str, Callable[[_Ends, _Ends], Any]]] = {
    "t_before": lambda i, j: i.end < j.start,
    "t_after": lambda i, j: i.start > j.end,
    "t_meets": lambda i, j: i.end == j.start,
    "t_metby": lambda i, j: i.start == j.end,
    "t_overlaps": lambda i, j: (i.start < j.start) & (i.end > j.start) & (i.end < j.end),
    "t_overlappedby": lambda i, j: (i.start > j.start) & (i.start < j.end) & (i.end > j.end),
    "t_starts": lambda i, j: (i.start == j.start) & (i.end < j.end),
    "t_startedby": lambda i, j: (i.start == j.start) & (i.end > j.end),
    "t_during": lambda i, j: (i.start > j.start) & (i.end < j.end),
    "t_contains": lambda i, j: (i.start < j.start) & (i.end > j.end),
    "t_finishes": lambda i, j: (i.end == j.end) & (i.start > j.start),
    "t_finishedby": lambda i, j: (i.end == j.end) & (i.start < j.start),
    "t_equals": lambda i, j: (i.start == j.start) & (i.end == j.end),
    "t_intersects": lambda i, j: (i.start <= j.end) & (i.end >= j.start),
    "t_disjoint": lambda i, j: (i.start > j.end) | (i.end < j.start),
}
_ARRAYS: Final[Mapping[str, Callable[[frozenset[str], frozenset[str]], bool]]] = {
    "a_equals": lambda a, b: a == b,
    "a_contains": lambda a, b: a >= b,
    "a_containedby": lambda a, b: a <= b,
    "a_overlaps": lambda a, b: bool(a & b),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """One value for each feature: ``None`` in ``values`` is null."""

    type: str  # text, number, boolean, instant, texts
    values: NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    geometry: BaseGeometry | None  # None: the geometry of the feature


def parse(text: str, language: str) -> Any:
    """Return a filter as CQL2 JSON.

    Parameters
    ----------
    text : str
    language : {"cql2-text", "cql2-json"}

    Raises
    ------
    BadParameter
        It is no CQL2, or longer or deeper than anything a person writes.
    """
    if len(text) > LENGTH_MAX:
        raise _bad(f"超过 {LENGTH_MAX} 个字符", f"it is longer than {LENGTH_MAX} characters")
    most = DEPTH_MAX[language]
    if _depth(text) > most:
        raise _bad(f"括号嵌套超过 {most} 层", f"brackets nest deeper than {most}")
    if len(_OPERATORS.findall(text)) > TERMS_MAX:
        raise _bad(f"运算符超过 {TERMS_MAX} 个", f"it has more than {TERMS_MAX} operators")
    try:
        expression = cql2.parse_text(text) if language == "cql2-text" else cql2.parse_json(text)
        return expression.to_json()
    except Exception as error:  # the library raises plain Exception for what its grammar refuses
        where = " ".join(str(error).split())[:200]
        raise _bad(f"不是有效的 CQL2：{where}", f"it is no CQL2: {where}") from error


_OPERATORS: Final = re.compile(r"\b(?:and|or|not)\b|[-+*/^%=<>]", re.IGNORECASE)


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:  # quoted ones too: who quotes what is for the parser to say
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest


def select(expression: Any, features: Features, crs: str = CRS84) -> NDArray[np.bool_]:
    """Return which features a filter holds for.

    Parameters
    ----------
    expression : CQL2 JSON, of :func:`parse`
    features : Features
    crs : str
        Reference system of the geometries in the filter, its axis order kept.

    Raises
    ------
    BadParameter
        It names a property there is not, compares what cannot be compared, or uses a function we have not.
    """
    try:
        return np.asarray(_Evaluation(features, crs).truth(expression) == 2)
    except RecursionError as error:
        raise _bad("嵌套过深", "it nests too deep") from error


class _Evaluation:
    """A filter over the features of one layer."""

    def __init__(self, features: Features, crs: str) -> None:
        self.features = features
        self.crs = crs
        self.types = {field.name: field.type for field in features.fields}

    # --- truth -------------------------------------------------------------------------------

    def truth(self, node: Any) -> Truths:
        if isinstance(node, bool):
            return self._constant(node)
        if isinstance(node, dict) and set(node) == {"property"}:
            column = self._property(node["property"])
            if column.type == "boolean":
                return _truths(column.values, lambda value: value)
            raise _bad(f"“{node['property']}”不是真假值", f"“{node['property']}” is not true or false")
        op, args = self._call(node)
        if op in ("and", "or"):
            parts = [self.truth(arg) for arg in args]
            if not parts:
                raise _bad(f"“{op}”没有参数", f"“{op}” has no arguments")
            combine = np.minimum if op == "and" else np.maximum
            return np.asarray(combine.reduce(parts))
        if op == "not":
            return np.asarray(2 - self.truth(*self._exactly(op, args, 1)), dtype=np.int8)
        if op in _COMPARE:
            left, right = self._exactly(op, args, 2)
            return self._compare(op, left, right)
        if op == "between":
            value, low, high = self._exactly(op, args, 3)
            return np.minimum(self._compare(">=", value, low), self._compare("<=", value, high))
        if op == "in":
            value, among = self._exactly(op, args, 2)
            if not isinstance(among, list) or not among:
                raise _bad("“IN”需要一个列表", "“IN” needs a list")
            return np.asarray(np.maximum.reduce([self._compare("=", value, one) for one in among]))
        if op == "like":
            return self._like(*self._exactly(op, args, 2))
        if op == "isnull":
            (value,) = self._exactly(op, args, 1)
            if isinstance(value, dict) and value.get("property") == GEOMETRY:
                return self._constant(False)
            null = _null(self.scalar(value).values)
            return np.where(null, np.int8(2), np.int8(0))
        if op.startswith("s_") and op[2:] in _SPATIAL:
            return self._spatial(op[2:], *self._exactly(op, args, 2))
        if op in _TEMPORAL:
            return self._temporal(op, *self._exactly(op, args, 2))
        if op in _ARRAYS:
            return self._arrays(op, *self._exactly(op, args, 2))
        raise _bad(f"不支持“{op}”", f"“{op}” is not supported")

    def _constant(self, value: bool) -> Truths:
        return np.full(len(self.features), 2 if value else 0, dtype=np.int8)

    def _call(self, node: Any) -> tuple[str, list[Any]]:
        if isinstance(node, dict) and isinstance(node.get("op"), str) and isinstance(node.get("args"), list):
            return node["op"].lower(), node["args"]
        raise _bad("某处应是条件，却是一个值", "a value stands where a condition should")

    def _exactly(self, op: str, args: list[Any], count: int) -> list[Any]:
        if len(args) != count:
            raise _bad(f"“{op}”需要 {count} 个参数", f"“{op}” takes {count} arguments")
        return args

    def _compare(self, op: str, left: Any, right: Any) -> Truths:
        one, other = self.scalar(left), self.scalar(right)
        if one.type != other.type or one.type == "texts":
            raise _bad(
                f"不能比较 {one.type} 与 {other.type}", f"{one.type} and {other.type} cannot be compared"
            )
        if one.type == "boolean" and op not in ("=", "<>"):
            raise _bad("真假值没有大小", "true and false have no order")
        return _truths2(one.values, other.values, _COMPARE[op])

    def _like(self, value: Any, pattern: Any) -> Truths:
        one, other = self.scalar(value), self.scalar(pattern)
        if one.type != "text" or other.type != "text":
            raise _bad("“LIKE”用于文字", "“LIKE” is for text")
        wanted = other.values[0] if len(other.values) else ""
        if isinstance(pattern, dict) and "property" in pattern:
            raise _bad("“LIKE”的模式须是文字", "the pattern of “LIKE” has to be text")
        match = _pattern(wanted or "").fullmatch
        return _truths(one.values, lambda text: match(text) is not None)

    # --- values ------------------------------------------------------------------------------

    def scalar(self, node: Any) -> _Column:
        """Return a value for each feature."""
        if isinstance(node, dict) and set(node) == {"property"}:
            return self._property(node["property"])
        if isinstance(node, bool):
            return self._filled("boolean", node)
        if isinstance(node, int | float):
            return self._filled("number", float(node))
        if isinstance(node, str):
            return self._filled("text", node)
        if isinstance(node, dict) and set(node) in ({"date"}, {"timestamp"}):
            return self._filled("instant", _instant(next(iter(node.values()))))
        if isinstance(node, dict) and str(node.get("op", "")).lower() in ("casei", "accenti"):
            op, args = self._call(node)
            inner = self.scalar(*self._exactly(op, args, 1))
            if inner.type != "text":
                raise _bad(f"“{op}”用于文字", f"“{op}” is for text")
            change = str.casefold if op == "casei" else _without_accents
            return _Column(type="text", values=_mapped(inner.values, change))
        if isinstance(node, dict) and "op" in node:
            raise _bad(f"不支持“{node['op']}”", f"“{node['op']}” is not supported")
        raise _bad("某处的值不能比较", "a value cannot be compared")

    def _filled(self, kind: str, value: Any) -> _Column:
        values = np.empty(len(self.features), dtype=object)
        values[:] = value
        return _Column(type=kind, values=values)

    def _property(self, name: Any) -> _Column:
        if name not in self.types:
            known = "、".join((*self.types, GEOMETRY))
            raise _bad(
                f"没有属性“{name}”，可用：{known}", f"there is no property “{name}”; there are {known}"
            )
        values = self.features.column(name)
        if self.types[name] == "date":
            return _Column(type="instant", values=_mapped(values, lambda day: float(day.toordinal())))
        return _Column(type=self.types[name], values=values)

    # --- space -------------------------------------------------------------------------------

    def _spatial(self, name: str, left: Any, right: Any) -> Truths:
        one, other = self._shape(left), self._shape(right)
        if one.geometry is None and other.geometry is None:
            raise _bad("几何属性不能与自身比较", "the geometry property cannot be compared with itself")
        if one.geometry is not None and other.geometry is not None:
            return self._constant(bool(getattr(shapely, name)(one.geometry, other.geometry)))
        # the geometry of the feature on the left
        relation, given = (
            (name, other.geometry) if one.geometry is None else (_MIRRORED.get(name, name), one.geometry)
        )
        near = self.features.tree.query(given)
        held = np.zeros(len(self.features), dtype=bool)
        if relation == "disjoint":
            held[:] = True
            held[near] = shapely.disjoint(self.features.shapes[near], given)
        else:
            held[near] = getattr(shapely, relation)(self.features.shapes[near], given)
        return np.where(held, np.int8(2), np.int8(0))

    def _shape(self, node: Any) -> _Shape:
        if isinstance(node, dict) and set(node) == {"property"}:
            if node["property"] != GEOMETRY:
                raise _bad(
                    f"“{node['property']}”不是几何，几何属性名为 {GEOMETRY}",
                    f"“{node['property']}” is no geometry; the geometry is called {GEOMETRY}",
                )
            return _Shape(geometry=None)
        if isinstance(node, dict) and set(node) == {"bbox"}:
            return _Shape(geometry=self._box(node["bbox"]))
        if isinstance(node, dict) and "type" in node:
            try:
                made = shapely.force_2d(shapely.geometry.shape(node))
            except (
                shapely.errors.ShapelyError,
                ValueError,
                TypeError,
                KeyError,
                AttributeError,
                IndexError,
            ) as error:
                raise _bad("几何写法无效", "a geometry cannot be read") from error
            return _Shape(geometry=self._placed(made))
        raise _bad("某处应是几何", "a geometry is missing")

    def _box(self, numbers: Any) -> BaseGeometry:
        if not isinstance(numbers, list) or len(numbers) not in (4, 6):
            raise _bad("BBOX 须是 4 个或 6 个数", "BBOX takes 4 or 6 numbers")
        half = len(numbers) // 2
        x0, y0, x1, y1 = *numbers[:2], *numbers[half : half + 2]
        if not all(isinstance(number, int | float) for number in (x0, y0, x1, y1)) or x0 > x1 or y0 > y1:
            raise _bad("BBOX 的下限大于上限", "a BBOX has its lower corner above its upper one")
        return self._placed(
            shapely.segmentize(shapely.box(x0, y0, x1, y1), max((x1 - x0, y1 - y0, 1e-9)) / 16)
        )

    def _placed(self, shape: BaseGeometry) -> BaseGeometry:
        if shape.is_empty or not np.isfinite(shapely.get_coordinates(shape)).all():
            raise _bad("几何为空或坐标不是数", "a geometry is empty or its coordinates are no numbers")
        placed: BaseGeometry = shapes_from(np.array([shape], dtype=object), self.crs, "filter")[0]
        if not placed.is_valid:
            reason = shapely.is_valid_reason(placed)
            raise _bad(f"几何无效：{reason}", f"a geometry is invalid: {reason}")
        return placed

    # --- time --------------------------------------------------------------------------------

    def _temporal(self, op: str, left: Any, right: Any) -> Truths:
        one, other = self._interval(left), self._interval(right)
        known = ~np.logical_or.reduce([_null(end) for end in (*one, *other)])
        held = np.ones(len(known), dtype=np.int8)
        i, j = (_Ends(*(end[known].astype(float) for end in side)) for side in (one, other))
        held[known] = np.where(_TEMPORAL[op](i, j), 2, 0)
        return held

    def _interval(self, node: Any) -> _Ends:
        if isinstance(node, dict) and set(node) == {"interval"}:
            ends = node["interval"]
            if not isinstance(ends, list) or len(ends) != 2:
                raise _bad("INTERVAL 需要起止两个时间", "INTERVAL takes two instants")
            first, last = (
                self._end(end, open_at) for end, open_at in zip(ends, (-np.inf, np.inf), strict=True)
            )
            return _Ends(first.values, last.values)
        instant = self._end(node, None)
        return _Ends(instant.values, instant.values)

    def _end(self, node: Any, open_at: float | None) -> _Column:
        if node == ".." and open_at is not None:
            return self._filled("instant", open_at)
        if isinstance(node, str):
            return self._filled("instant", _instant(node))
        column = self.scalar(node)
        if column.type != "instant":
            raise _bad("某处应是时间", "an instant is missing")
        # an interval whose end is null is open there: a zone without a last day is in force
        if open_at is not None and isinstance(node, dict) and "property" in node:
            values = column.values.copy()
            values[_null(values)] = open_at
            return _Column(type="instant", values=values)
        return column

    # --- sets --------------------------------------------------------------------------------

    def _arrays(self, op: str, left: Any, right: Any) -> Truths:
        one, other = self._set(left), self._set(right)
        return _truths2(one, other, _ARRAYS[op])

    def _set(self, node: Any) -> NDArray[np.object_]:
        if isinstance(node, list) and all(isinstance(one, str) for one in node):
            return self._filled("texts", frozenset(node)).values
        if isinstance(node, dict) and set(node) == {"property"}:
            column = self._property(node["property"])
            if column.type == "texts":
                return _mapped(column.values, frozenset)
        raise _bad("某处应是文字的集合", "a set of texts is missing")


def _null(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.array([value is None for value in values], dtype=bool)


def _mapped(values: NDArray[np.object_], change: Callable[[Any], Any]) -> NDArray[np.object_]:
    made = np.empty(len(values), dtype=object)
    made[:] = [None if value is None else change(value) for value in values]
    return made


def _truths(values: NDArray[np.object_], test: Callable[[Any], Any]) -> Truths:
    return np.array([1 if value is None else 2 if test(value) else 0 for value in values], dtype=np.int8)


def _truths2(one: NDArray[np.object_], other: NDArray[np.object_], test: Callable[[Any, Any], Any]) -> Truths:
    return np.array(
        [1 if a is None or b is None else 2 if test(a, b) else 0 for a, b in zip(one, other, strict=True)],
        dtype=np.int8,
    )


def _instant(text: Any) -> float:
    """Return a date or a moment as days; a date is its beginning."""
    try:
        if isinstance(text, str) and len(text) == 10:
            return float(date.fromisoformat(text).toordinal())
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise _bad(f"“{text}”不是日期或时间", f"“{text}” is no date or time") from error
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.toordinal() + (moment - datetime.combine(moment.date(), time())) / timedelta(days=1)


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _pattern(text: str) -> re.Pattern[str]:
    """Return a LIKE pattern as a regular expression that never goes back over what it has matched.

    Examples
    --------
    >>> bool(_pattern("黄河%工业_").fullmatch("黄河流域工业园")), bool(_pattern("a%").fullmatch("ba"))
    (True, False)
    """
    runs, run, escaped = [], "", False
    for character in text:
        if escaped:
            run, escaped = run + re.escape(character), False
        elif character == "\\":
            escaped = True
        elif character == "%":
            runs.append(run)
            run = ""
        else:
            run += "." if character == "_" else re.escape(character)
    if not runs:
        return re.compile(run, re.DOTALL)
    middle = "".join(f"(?>.*?{piece})" for piece in runs[1:] if piece)
    return re.compile(f"{runs[0]}{middle}.*{run}", re.DOTALL)


def _bad(zh: str, en: str) -> BadParameter:
    return BadParameter(parameter="filter", reason={"zh": zh, "en": en})

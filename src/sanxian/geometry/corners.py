"""Corner tables (拐点坐标表) as surveyors hand them over in Excel, CSV or pasted text.

A table says less than a vector file: which column points north, whether the rows are one ring, and
in which zone, all follow from headings, labels and magnitudes. Each of those is decided by evidence
that cannot be read two ways and reported; where it could be, the table is refused.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from ..errors import FootprintCoordinate, FootprintShape, FootprintTable, FootprintTooLarge
from ..model import Notice
from .archives import broken, missing_library
from .crs import NORTHINGS, Statement, central_meridian, geographic_code, zone_code
from .layers import FeatureLayer
from .shapes import Coordinates, Feature, Kind, Piece, polygons_from_rings

Cell: TypeAlias = Any  # str, int, float, datetime … whatever a sheet holds; None is empty
Column: TypeAlias = Literal["lon", "lat", "east", "north", "x", "y", "ring", "plot", "role", "label"]

MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 200
HEADER_ROWS: Final = 40  # titles and notes above the header


# --- sheets ----------------------------------------------------------------------------------


def read_workbook(
    path: Path, source: str, *, shape: Kind | None, role: str | None
) -> tuple[FeatureLayer, ...]:
    """Return a layer for each sheet with a corner table in an .xlsx file that was checked as an archive."""
    try:
        import openpyxl
    except ModuleNotFoundError as error:
        raise missing_library(source, "excel") from error
    sheets: list[tuple[str, list[list[Cell]]]] = []
    with path.open("rb") as file:  # ours to close, whatever openpyxl makes of it
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # the stated size may be wrong, or a million rows
                rows = sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True)
                sheets.append((sheet.title, _limited(rows, source)))
        except FootprintTooLarge:
            raise
        except Exception as error:  # openpyxl raises almost anything on damaged input
            raise broken(source, error) from error
    return read_rows(sheets, source, shape=shape, role=role)


def _limited(rows: Iterable[Sequence[Cell]], source: str) -> list[list[Cell]]:
    table: list[list[Cell]] = []
    for row in rows:
        if len(table) >= MAX_ROWS:
            reason = {"zh": f"表格超过 {MAX_ROWS} 行", "en": f"the table has more than {MAX_ROWS} rows"}
            raise FootprintTooLarge(source=source, reason=reason)
        table.append(list(row))
    return table


def read_text(text: str, source: str, *, shape: Kind | None, role: str | None) -> tuple[FeatureLayer, ...]:
    """Return the layer of a table in text, whatever separates its columns."""
    text = text.lstrip("\ufeff").replace("\0", "")
    tables: list[list[list[Cell]]] = []
    for delimiter in (",", "\t", ";", "，", "|"):
        if delimiter in text:
            try:
                tables.append(
                    _limited(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), source)
                )
            except csv.Error:
                continue
    tables.append(_limited((line.split() for line in text.splitlines()), source))
    # The right separator is the first that yields a table; if none does, the first error tells most.
    failures: list[FootprintTable] = []
    for table in tables:
        try:
            return read_rows([("", table)], source, shape=shape, role=role)
        except FootprintTable as error:
            failures.append(error)
    raise failures[0]


def read_rows(
    sheets: Sequence[tuple[str, list[list[Cell]]]], source: str, *, shape: Kind | None, role: str | None
) -> tuple[FeatureLayer, ...]:
    """Return a layer for each of the named tables that has coordinates."""
    layers, skipped = [], []
    for name, rows in sheets:
        table = _find_table(rows)
        if table is None:
            skipped += [name] if any(not _blank(row) for row in rows) else []
            continue
        layers.append(_read_table(table, name, source, shape, role))
    if not layers:
        raise FootprintTable(
            source=source,
            reason={"zh": "没有找到坐标列的表头", "en": "no header of coordinate columns was found"},
        )
    if skipped:
        listed = ", ".join(skipped)
        notice = Notice(
            code="FOOTPRINT_SHEETS_IGNORED",
            zh=f"以下工作表没有坐标表，未读取：{listed}。",
            en=f"These sheets hold no corner table and were not read: {listed}.",
        )
        layers[0] = replace(layers[0], notices=(*layers[0].notices, notice))
    return tuple(layers)


# --- cells -----------------------------------------------------------------------------------


def _text(cell: Cell) -> str:
    """Return a cell as text: full-width forms folded, but primes and degree signs kept apart."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).translate(_PRIMES)  # before NFKC, which would turn ″ into two primes and º into o
    return unicodedata.normalize("NFKC", text).strip()


_PRIMES: Final = str.maketrans(
    {
        "″": '"',
        "”": '"',
        "“": '"',
        "＂": '"',
        "〃": '"',
        "′": "'",
        "’": "'",
        "‘": "'",
        "＇": "'",
        "º": "°",
        "˚": "°",
        "゜": "°",
    }
)


def _blank(row: Sequence[Cell]) -> bool:
    return not any(_text(cell) for cell in row)


_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:e[+-]?\d+)?", re.IGNORECASE)
_DMS: Final = re.compile(
    r"""(?P<before>[东西南北ewns]?)[经纬]?:?\s*(?P<sign>[+-]?)(?P<d>\d{1,3}(?:\.\d+)?)\s*(?:°|度|d|:|-|\s)\s*
        (?:(?P<m>\d{1,2}(?:\.\d+)?)\s*(?:'(?!')|分|m|:|-|\s|$)\s*)?
        (?:(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:"|''|秒|s|$)?)?\s*(?P<after>[东西南北ewns]?)""",
    re.IGNORECASE | re.VERBOSE,
)


def parse_number(cell: Cell) -> float | None:
    r"""Return the number in a cell: plain, with thousands separators, full-width, or degrees-minutes-seconds.

    Examples
    --------
    >>> parse_number("3,866,561.707"), parse_number("１０１.５"), parse_number("X")
    (3866561.707, 101.5, None)
    >>> round(parse_number("101°42'3.6\""), 6), parse_number("东经101度30分")
    (101.701, 101.5)
    """
    if isinstance(cell, bool):
        return None
    if isinstance(cell, (int, float)):
        return float(cell) if math.isfinite(cell) else None
    text = _text(cell)
    plain = re.sub(r"\s*(?:m|米|°)$", "", text, flags=re.IGNORECASE)
    if _NUMBER.fullmatch(plain):
        return float(plain.replace(",", ""))
    dms = _DMS.fullmatch(text)
    if dms is None:
        return None
    minutes, seconds = float(dms["m"] or 0), float(dms["s"] or 0)
    if minutes >= 60 or seconds >= 60 or (dms["m"] is None and dms["s"] is not None):
        return None
    degrees = float(dms["d"]) + minutes / 60 + seconds / 3600
    negative = dms["sign"] == "-" or (dms["before"] + dms["after"]).lower() in ("西", "南", "w", "s")
    return -degrees if negative else degrees


def number_of(cell: Cell, source: str) -> float:
    """Return the number in a typed value, or raise."""
    number = parse_number(cell)
    if number is None:
        reason = {"zh": f"“{cell}”不是数", "en": f"“{cell}” is no number"}
        raise FootprintCoordinate(
            source=source, where={"zh": "输入的点", "en": "the typed point"}, reason=reason
        )
    return number


# --- finding the table -----------------------------------------------------------------------

_HEADING_WORDS: Final[tuple[tuple[Column, str], ...]] = (
    ("lon", r"经度|东经|\blon\b|lng\b|longitude|^l\(?°?\)?$"),
    ("lat", r"纬度|北纬|\blat\b|latitude|^b\(?°?\)?$"),
    ("east", r"东坐标|东向|东距|easting|^east$|^e$|^e\("),
    ("north", r"北坐标|北向|北距|northing|^north$|^n$|^n\("),
    ("x", r"(?<![a-z])x(?![a-z])|纵坐标"),
    ("y", r"(?<![a-z])y(?![a-z])|横坐标"),
    ("ring", r"圈号|环号|圈$|(?<![a-z])ring(?![a-z])"),
    ("plot", r"地块|区块|图形号|宗地|(?<![a-z])(?:plot|parcel|part)(?![a-z])"),
    ("role", r"组成|(?<![a-z])role(?![a-z])|^类型$"),
    (
        "label",
        r"点号|序号|编号|拐点|界址点|点名|桩号|名称|(?<![a-z])(?:name|point|no\.?|id|label|corner)(?![a-z])",
    ),
)
_HEADINGS: Final = tuple((column, re.compile(words)) for column, words in _HEADING_WORDS)
_NAME_HEADING: Final = re.compile(r"名称|点名|(?<![a-z])name(?![a-z])")
_PAIRS: Final[tuple[tuple[Column, Column], ...]] = (("lon", "lat"), ("east", "north"), ("x", "y"))


def _heading(cell: Cell) -> Column | None:
    text = re.sub(r"\s+", "", _text(cell)).lower()
    if not text or len(text) > 24:
        return None
    return next((column for column, pattern in _HEADINGS if pattern.search(text)), None)


@dataclass(frozen=True, slots=True)
class _Block:
    """Columns of one coordinate list; a sheet may set several side by side."""

    pair: tuple[Column, Column]
    first: int  # column of pair[0]
    second: int
    others: dict[Column, int]  # label, ring, plot, role
    named: bool  # the label column is headed as a name, not as a number


@dataclass(frozen=True, slots=True)
class _Table:
    title: str  # what stands above the header, and the header
    header_row: int  # −1: none
    blocks: tuple[_Block, ...]
    rows: list[list[Cell]]  # below the header


def _find_table(rows: list[list[Cell]]) -> _Table | None:
    rows = _with_joined_dms(rows)
    for at in range(min(len(rows), HEADER_ROWS)):
        blocks = _blocks(rows, at)
        if blocks:
            title = " ".join(_text(cell) for above in rows[: at + 1] for cell in above)
            return _Table(title, at, blocks, rows[at + 1 :])
    return _headless(rows)


def _blocks(rows: list[list[Cell]], at: int) -> tuple[_Block, ...]:
    """Return the coordinate lists headed by row ``at``; other headings may stand a row or two higher."""
    kinds = [_heading(cell) for cell in rows[at]]
    for pair in _PAIRS:
        first = [c for c, kind in enumerate(kinds) if kind == pair[0]]
        second = [c for c, kind in enumerate(kinds) if kind == pair[1]]
        if not first or len(first) != len(second):
            continue
        blocks: list[_Block] = []
        start = 0
        for n, (a, b) in enumerate(zip(first, second, strict=True)):
            last = n == len(first) - 1
            stop = max(len(kinds), len(rows[at])) if last else max(a, b) + 1
            others = _other_columns(rows, at, range(start, stop), (a, b))
            if blocks:  # a ring column may be given once for all
                others = {**{k: v for k, v in blocks[0].others.items() if k != "label"}, **others}
            label = others.get("label")
            named = label is not None and any(
                _NAME_HEADING.search(_cell_text(rows, r, label)) for r in _above(rows, at)
            )
            blocks.append(_Block(pair, a, b, others, named))
            start = stop
        return tuple(blocks)
    return ()


def _above(rows: list[list[Cell]], at: int) -> list[int]:
    """Return the rows whose cells can head a column: ``at`` and up to two above that are no titles."""
    return [at] + [r for r in (at - 1, at - 2) if r >= 0 and sum(1 for c in rows[r] if _text(c)) > 1]


def _cell_text(rows: list[list[Cell]], row: int, column: int) -> str:
    return _text(rows[row][column]).lower() if column < len(rows[row]) else ""


def _other_columns(rows: list[list[Cell]], at: int, span: range, taken: tuple[int, int]) -> dict[Column, int]:
    found: dict[Column, int] = {}
    for row in _above(rows, at):
        for column in span:
            kind = _heading(rows[row][column]) if column < len(rows[row]) and column not in taken else None
            if kind in ("label", "ring", "plot", "role") and column not in found.values():
                found.setdefault(kind, column)
    return found


def _with_joined_dms(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Return ``rows`` with separate columns 度 分 秒 joined into the column of the degrees."""
    for at, row in enumerate(rows[:HEADER_ROWS]):
        words = [_text(cell).strip("()") for cell in row]
        starts = [
            c
            for c in range(len(words) - 2)
            if tuple(words[c : c + 3]) in (("度", "分", "秒"), ("°", "'", '"'))
        ]
        if len(starts) < 2 or at == 0:
            continue
        above = rows[at - 1]
        joined = [list(r) for r in rows]
        for c in starts:
            joined[at][c] = next(
                (above[k] for k in range(min(c, len(above) - 1), -1, -1) if _text(above[k])), None
            )
            joined[at][c + 1] = joined[at][c + 2] = None
            for below in joined[at + 1 :]:
                degrees, minutes, seconds = (_text(v) for v in (below + [None] * (c + 3))[c : c + 3])
                if degrees and minutes:
                    below[c] = f"{degrees}°{minutes}'{seconds or 0}\""
        for k, cell in enumerate(above):
            if (
                k < len(joined[at])
                and k not in starts
                and not _text(joined[at][k])
                and _heading(cell) not in ("lon", "lat")
            ):
                joined[at][k] = cell
        return joined
    return rows


def _headless(rows: list[list[Cell]]) -> _Table | None:
    """Return a table of bare rows “[label] number number”, when every row is one."""
    filled = [[cell for cell in row if _text(cell)] for row in rows if not _blank(row)]
    width = len(filled[0]) if filled else 0
    if width not in (2, 3) or any(len(row) != width for row in filled):
        return None
    if any(parse_number(cell) is None for row in filled for cell in row[-2:]):
        return None
    others: dict[Column, int] = {"label": 0} if width == 3 else {}
    compact = [[cell for cell in row if _text(cell)] for row in rows]
    return _Table("", -1, (_Block(("x", "y"), width - 2, width - 1, others, named=False),), compact)


# --- rows ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    number: int  # in the sheet, from 1
    first: float
    second: float
    label: str
    ring: str
    plot: str
    role: str
    gap: bool  # a blank or other line stands before it


_FOOTER: Final = re.compile(
    r"面积|周长|合计|总计|说明|备注|^注|制表|日期|坐标系|单位|area|total|note", re.IGNORECASE
)


def _rows(table: _Table, source: str) -> list[_Row]:
    """Return the points of ``table`` in the order they were meant."""
    lists = [list(_block_rows(table, block, source)) for block in table.blocks]
    down = [row for rows in lists for row in rows]
    if len(lists) == 1:
        return down
    across = sorted(down, key=lambda row: row.number)  # stable: blocks stay left to right
    return across if not _consecutive(down) and _consecutive(across) else down


def _consecutive(rows: Sequence[_Row]) -> bool:
    """Whether labels count up by one, but for new rings starting again."""
    numbers = [_label_number(row.label) for row in rows]
    if None in numbers or not numbers:
        return False
    return all(b in (a + 1, numbers[0]) for a, b in pairwise(numbers) if a is not None)


def _block_rows(table: _Table, block: _Block, source: str) -> Iterator[_Row]:
    carried: dict[Column, str] = {}
    gap = False
    for at, cells in enumerate(table.rows):

        def cell(column: int, cells: list[Cell] = cells) -> Cell:
            return cells[column] if column < len(cells) else None

        texts = {kind: _text(cell(column)) for kind, column in block.others.items()}
        pair = (cell(block.first), cell(block.second))
        number = table.header_row + at + 2
        if not any(_text(value) for value in pair):
            gap = True
            continue
        first, second = parse_number(pair[0]), parse_number(pair[1])
        if first is None or second is None:
            if {_heading(pair[0]), _heading(pair[1])} == set(block.pair) or _is_footer(cells):
                gap = True
                continue
            wrong = pair[0] if first is None else pair[1]
            raise FootprintCoordinate(
                source=source,
                where={"zh": f"第 {number} 行", "en": f"row {number}"},
                reason={"zh": f"“{_text(wrong)}”不是坐标", "en": f"“{_text(wrong)}” is no coordinate"},
            )
        for kind in ("ring", "plot", "role"):  # merged cells are filled in their first row only
            if texts.get(kind):
                carried[kind] = texts[kind]
        yield _Row(
            number=number,
            first=first,
            second=second,
            label=texts.get("label", ""),
            ring=carried.get("ring", ""),
            plot=carried.get("plot", ""),
            role=carried.get("role", ""),
            gap=gap,
        )
        gap = False


def _is_footer(cells: Sequence[Cell]) -> bool:
    first = next((_text(cell) for cell in cells if _text(cell)), "")
    return bool(_FOOTER.search(first))


def _label_number(label: str) -> int | None:
    match = re.search(r"(\d+)$", label)
    return int(match[1]) if match else None


# --- axes and CRS ----------------------------------------------------------------------------


def _coordinates(table: _Table, rows: Sequence[_Row], source: str) -> tuple[Coordinates, tuple[Notice, ...]]:
    """Return x (east) and y (north) of ``rows``.

    In Chinese surveying X points north and Y east; GIS has it the other way round. Northings between
    1.6 and 6.2 million metres and eastings below 0.9 or above 13 million never overlap, so the
    magnitudes decide what the bare words X and Y cannot.
    """
    values = np.array([(row.first, row.second) for row in rows], dtype=np.float64)
    if table.blocks[0].pair != ("x", "y"):
        return values, ()
    north_first, north_second = _is_northing(values[:, 0]), _is_northing(values[:, 1])
    if north_first and not north_second:
        return values[:, ::-1], (
            Notice(
                code="FOOTPRINT_AXES",
                zh="按数值判断：表中 X（第一列）为北向（纬度），Y（第二列）为东向（经度）。",
                en="By magnitude, X (the first column) is northing or latitude and Y is easting or longitude.",
            ),
        )
    if north_second and not north_first:
        return values, ()
    raise FootprintTable(
        source=source,
        reason={
            "zh": "仅凭 X、Y 无法判断哪一列是北向，请把表头改为“北坐标、东坐标”或“经度、纬度”",
            "en": "X and Y alone do not tell which column points north; head them northing and easting, or lon and lat",
        },
    )


def _is_northing(values: Coordinates) -> bool:
    low, high = float(values.min()), float(values.max())
    return (NORTHINGS[0] <= low and high <= NORTHINGS[1]) or (low >= 15 and high <= 56)


_DATUM_WORDS: Final = {
    "Xian80": r"西安\s*80|80\s*西安|1980\s*年?\s*西安|xi'?an\s*(?:19)?80",
    "Beijing54": r"北京\s*54|54\s*北京|1954\s*年?\s*北京|beijing\s*(?:19)?54",
    "CGCS2000": r"cgcs\s*2000|2000\s*国家|国家\s*2000|2000\s*坐标|大地\s*2000",
    "WGS84": r"wgs[\s-]*(?:19)?84",
    "GCJ02": r"gcj[\s-]*02|火星坐标",
    "BD09": r"bd[\s-]*09",
}
_MERIDIAN: Final = re.compile(
    r"中央(?:经线|子午线)[^\d]{0,6}(\d{2,3})|central\s*meridian[^\d]{0,6}(\d{2,3})", re.IGNORECASE
)


def _crs(title: str, xy: Coordinates, source: str) -> tuple[Statement | None, tuple[Notice, ...]]:
    """Return what the table itself says about its CRS: words in its title, and the zone prefix."""
    named = [datum for datum, words in _DATUM_WORDS.items() if re.search(words, title, re.IGNORECASE)]
    datum = named[0] if len(named) == 1 else None  # “converted from Xi'an 80 to CGCS2000” names two
    zones = np.unique(np.floor(xy[:, 0] / 1e6)).astype(int)
    if zones.min() >= 13 and zones.max() <= 45:
        return _zone_crs(title, datum, zones.tolist(), source)
    if np.abs(xy).max() > 180 or datum is None:
        return None, ()
    text = datum if datum in ("WGS84", "GCJ02", "BD09") else f"EPSG:{geographic_code(datum)}"
    return Statement(text), ()


def _zone_crs(
    title: str, datum: str | None, zones: list[int], source: str
) -> tuple[Statement, tuple[Notice, ...]]:
    base = datum if datum in ("Xian80", "Beijing54") else "CGCS2000"
    code = zone_code(zones[0], base) if len(zones) == 1 else None
    if code is None:
        raise FootprintTable(
            source=source,
            reason={
                "zh": f"东坐标带号为 {zones}，不是同一个有效的 3 度带或 6 度带",
                "en": f"the eastings bear zone prefixes {zones}, not one valid 3- or 6-degree zone",
            },
        )
    stated = _MERIDIAN.search(title)
    meridian = central_meridian(code)
    if stated and float(stated[1] or stated[2]) != meridian:
        raise FootprintTable(
            source=source,
            reason={
                "zh": f"表中写明{stated[0]}，但东坐标带号 {zones[0]} 的中央经线是 {meridian:g}°",
                "en": f"it states “{stated[0]}”, but zone prefix {zones[0]} has central meridian {meridian:g}°",
            },
        )
    notice = Notice(
        code="CRS_FROM_ZONE_PREFIX",
        zh=f"东坐标带号 {zones[0]}，按 EPSG:{code}（中央经线 {meridian:g}°E）读取；"
        + ("基准见表题。" if datum else "表中未写明基准，按 CGCS2000 处理，请核对。"),
        en=f"The eastings bear zone prefix {zones[0]}: read as EPSG:{code} (central meridian {meridian:g}°E). "
        + ("The datum is as titled." if datum else "No datum is stated; CGCS2000 was assumed, please check."),
    )
    return Statement(f"EPSG:{code}", by="file" if base != "CGCS2000" else "numbers"), (notice,)


# --- points, line or ring --------------------------------------------------------------------


def _read_table(table: _Table, name: str, source: str, shape: Kind | None, role: str | None) -> FeatureLayer:
    rows = _rows(table, source)
    if not rows:
        raise FootprintTable(
            source=source, reason={"zh": "表头下没有坐标", "en": "no coordinates below the header"}
        )
    xy, axes = _coordinates(table, rows, source)
    statement, zone = _crs(f"{name} {table.title}", xy, source)
    features: list[Feature] = []
    notices = [*axes, *zone]
    for group in dict.fromkeys(row.role for row in rows):
        mine = [n for n, row in enumerate(rows) if row.role == group]
        chosen, why = shape, None
        if chosen is None:
            said = f"{role or ''} {group}"
            evidence = f"{said} {name} {table.title} {source}"
            chosen, why = _shape([rows[n] for n in mine], xy[mine], table, said, evidence, source)
        notices += [why] if why else []
        features += _features(chosen, [rows[n] for n in mine], xy[mine], group, source, len(features))
    return FeatureLayer(name=name, features=tuple(features), crs=statement, notices=tuple(notices))


_POINT_WORDS: Final = re.compile(
    r"排污口|排放口|取水口|排水口|监测|采样|点位|排气筒|烟囱|钻孔|水井|(?<![a-z])(?:outfall|intake|well|station)s?(?![a-z])",
    re.IGNORECASE,
)
_LINE_WORDS: Final = re.compile(
    r"线路|管线|管道|走向|中心线|中线|路线|航道|(?<![a-z])(?:route|line|pipe|pipeline)s?(?![a-z])",
    re.IGNORECASE,
)
_AREA_WORDS: Final = re.compile(
    r"拐点|界址|边界|红线|范围|角点|厂区|厂界|矿区|用地|地块|园区|(?<![a-z])(?:boundary|corner|plot|parcel)s?(?![a-z])",
    re.IGNORECASE,
)


def _shape(
    rows: Sequence[_Row], xy: Coordinates, table: _Table, said: str, evidence: str, source: str
) -> tuple[Kind, Notice | None]:
    """Return what the rows are. Structure (rings, closure) comes before labels, labels before words.

    ``said`` is the role alone; ``evidence`` has it and all other words around the table.
    """
    labels = [row.label for row in rows]
    if len(rows) >= 3 and (any(row.ring for row in rows) or _closes(xy)):
        if _LINE_WORDS.search(said):
            options = {"zh": "一条首尾相接的线，也可能是一个地块", "en": "a line that closes or a plot"}
            raise FootprintShape(source=source, options=options)
        return "polygon", None
    if len(rows) == 1:
        return "point", _read_as("point", "只有一行", "there is one row")
    if any(_POINT_WORDS.search(label) for label in labels):
        return "point", _read_as(
            "point", "点名是排污口一类的点", "their names are those of outfalls and the like"
        )
    if table.blocks[0].named and len(set(labels)) == len(labels) and not _numbered(labels):
        return "point", _read_as("point", "各行有各自的名称", "each row has a name of its own")
    words = {
        "point": bool(_POINT_WORDS.search(evidence)),
        "line": bool(_LINE_WORDS.search(evidence)),
        "polygon": len(rows) >= 3
        and bool(_AREA_WORDS.search(evidence) or all(_corner_label(x) for x in labels)),
    }
    hinted: list[Kind] = [kind for kind in ("point", "line", "polygon") if words[kind]]
    if len(hinted) == 1:
        return hinted[0], _read_as(hinted[0], "表题、角色或点号如此表明", "title, role or labels say so")
    options = {"zh": "若干点、一条线，也可能是一个地块", "en": "points, a line or a plot"}
    if len(rows) < 3:
        options = {"zh": "两个点，也可能是一条线", "en": "two points or a line"}
    raise FootprintShape(source=source, options=options)


def _closes(xy: Coordinates) -> bool:
    """Whether a ring closes in the list: some point at least three rows on repeats the first."""
    return bool((xy[3:] == xy[0]).all(axis=1).any())


def _numbered(labels: Sequence[str]) -> bool:
    return all(re.fullmatch(r"[A-Za-z]{0,3}[-_]?\d+", label) for label in labels)


def _corner_label(label: str) -> bool:
    return re.fullmatch(r"(?:J|JZ|JD|界址点|拐点)[-_]?\d+", label, re.IGNORECASE) is not None


_SHAPE_NAMES: Final[dict[Kind, tuple[str, str]]] = {
    "point": ("点", "points"),
    "line": ("线", "a line"),
    "polygon": ("面", "an area"),
}


def _read_as(kind: Kind, zh: str, en: str) -> Notice:
    name_zh, name_en = _SHAPE_NAMES[kind]
    return Notice(
        code="FOOTPRINT_TABLE_SHAPE",
        zh=f"坐标表按{name_zh}读取：{zh}。如不对，请用 --shape 说明。",
        en=f"The table was read as {name_en}: {en}. If that is wrong, pass --shape.",
    )


def _features(
    kind: Kind, rows: Sequence[_Row], xy: Coordinates, role: str, source: str, before: int
) -> Iterator[Feature]:
    if kind == "point":
        for n, row in enumerate(rows):
            yield Feature(
                number=before + n + 1, pieces=(Piece("point", (xy[n : n + 1],)),), name=row.label, role=role
            )
        return
    pieces: list[Piece] = []
    for plot in dict.fromkeys(row.plot for row in rows):
        mine = [n for n, row in enumerate(rows) if row.plot == plot]
        paths = _paths(kind, [rows[n] for n in mine], xy[mine], source)
        pieces += (
            polygons_from_rings(paths) if kind == "polygon" else [Piece("line", (path,)) for path in paths]
        )
    yield Feature(number=before + 1, pieces=tuple(pieces), role=role)


def _paths(kind: Kind, rows: Sequence[_Row], xy: Coordinates, source: str) -> list[Coordinates]:
    """Return the rows cut where a ring or line ends: new ring number, gap, closure or restarted labels."""
    numbers = [_label_number(row.label) for row in rows]
    starts = [0]
    ended = False  # the ring closed with the row before
    for n in range(1, len(rows)):
        row, before, first = rows[n], rows[n - 1], starts[-1]
        long = n - first >= 3
        returned = long and not ended and bool((xy[n] == xy[first]).all())
        restarted = long and numbers[n] is not None and numbers[n] == numbers[first] and not returned
        # A blank line or repeated header (a new page) ends nothing when the count or the ring goes on.
        counts_on = (numbers[n] or 0) - 1 == numbers[n - 1]
        parted = row.gap and not returned and not row.ring and not counts_on
        ended = kind == "polygon" and ended
        if row.ring != before.ring or ended or restarted or parted:
            starts.append(n)
            returned = False
        ended = returned
    paths = [xy[a:b] for a, b in zip(starts, [*starts[1:], len(rows)], strict=True)]
    least = 3 if kind == "polygon" else 2
    for start, path in zip(starts, paths, strict=True):
        if len(path) < least:
            raise FootprintTable(
                source=source,
                reason={
                    "zh": f"从第 {rows[start].number} 行起的一圈只有 {len(path)} 个点",
                    "en": f"the ring from row {rows[start].number} on has {len(path)} points only",
                },
            )
    return paths

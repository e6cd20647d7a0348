"""What the lines of a ledger say, by its mapping: candidates for the registry, and why the others are none."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from itertools import islice
from typing import Any, Final, NamedTuple

from sanxian import data
from sanxian.catalog import Catalog
from sanxian.errors import BadLedgerMapping, SanxianError
from sanxian.i18n import t
from sanxian.model import LayerKind, Notice, Project
from sanxian.project import check_facts
from sanxian.registry import intake_cells as cells
from sanxian.registry import intake_files as files
from sanxian.registry import intake_spots as spots
from sanxian.registry.intake_cells import Places, note
from sanxian.registry.intake_files import Ledger, Line
from sanxian.registry.intake_mapping import LedgerMapping, SheetMapping, headers_of, is_total
from sanxian.registry.projects import Counties, Registration

_HEADER_WITHIN: Final = 30
_LONGEST: Final = {"code": 100, "name": 400, "proponent": 400, "authority": 200}
_FOOT: Final = re.compile(r"^(?:填表|制表|审核|复核|填报|备注|注)\S{0,4}\s*[:：]|^(?:单位|日期)\s*[:：]")

CountyOf = Callable[[Project], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gazetteer:
    """What the editions of a registry say about places."""

    places: Places
    county_of: CountyOf | None
    moved: Mapping[str, str]  # old county codes and what took their place


def gazetteer(catalog: Catalog, day: date, *, spelled: Mapping[str, str] | None = None) -> Gazetteer:
    """Return what the editions in force on ``day``, or the latest of a region, say about places.

    Raises
    ------
    EditionError
        An edition of the catalogue cannot be opened.
    """
    names: dict[str, str] = {}
    finders: list[Counties] = []
    for region in catalog.regions:
        terms = catalog.terms(region)
        chosen = next((term for term in terms if term.holds(day)), terms[-1])
        edition = chosen.entry.open()
        finders.append(Counties(edition))
        for layer in edition.layers:
            if layer.kind is LayerKind.ADMIN:
                for zone in edition.zones[layer.id]:
                    if zone.code.isdigit() and len(zone.code) in (2, 4, 6):
                        names.setdefault(zone.code, zone.name)

    def county_of(described: Project) -> str:
        return next((code for find in finders if (code := find(described))), "")

    return Gazetteer(places=Places(names, spelled), county_of=county_of if finders else None, moved=_moved())


def _moved() -> dict[str, str]:
    text = resources.files("sanxian").joinpath("data", "county_codes.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["old"]: row["new"] for row in rows}


# --- rows --------------------------------------------------------------------------------------------


class Candidate(NamedTuple):
    """What a row says."""

    document: dict[str, Any]
    registration: Registration


class Sorted(NamedTuple):
    """A line, and either what it says or why it is no project."""

    line: Line
    cells: Mapping[str, Any]
    candidate: Candidate | None
    state: str  # "" while there is a candidate
    notes: tuple[Notice, ...]


class _Layout(NamedTuple):
    """How a sheet is read."""

    sheet: SheetMapping | None  # None: it is not
    header_row: int
    fields: Mapping[int, str]  # by column from 0
    headers: Sequence[str]


_NOT_READ: Final = _Layout(None, 0, {}, ())


class Reader:
    """Turns lines of a ledger into what they say, by a mapping."""

    def __init__(self, ledger: Ledger, mapping: LedgerMapping, places: Gazetteer, at: datetime) -> None:
        self._ledger = ledger
        self._mapping = mapping
        self._places = Places(places.places.names, {**places.places.spelled, **mapping.regions})
        self._moved = places.moved
        self._latest = at.date() + timedelta(days=1)  # a ledger of the east is a day ahead of UTC
        self._sheets = {sheet.name: self._layout(sheet.name) for sheet in ledger.sheets}

    def _layout(self, name: str) -> _Layout:
        """Return how a sheet is read."""
        mapped = {sheet.name: sheet for sheet in self._mapping.sheets}
        stated = mapped.get(name)
        if stated is not None and not stated.header_row:
            return _NOT_READ
        known = [stated] if stated is not None else [s for s in self._mapping.sheets if s.header_row]
        first = list(
            islice(self._ledger.lines([name]), max(_HEADER_WITHIN, stated.header_row if stated else 0))
        )
        order = sorted(range(len(first)), key=lambda i: stated is None or first[i].row != stated.header_row)
        for sheet in known:
            wanted = [column.header for column in sheet.columns if column.field]
            for index in order:
                headers = headers_of(first[index], first[index - 1] if index else None)
                at = {header: c for c, header in reversed(list(enumerate(headers)))}
                if all(header in at for header in wanted):
                    fields = {at[column.header]: column.field for column in sheet.columns if column.field}
                    return _Layout(sheet, first[index].row, fields, headers)
        if stated is None:
            return _NOT_READ
        missing = "、".join(column.header for column in stated.columns if column.field)[:200]
        raise BadLedgerMapping(
            source=self._ledger.name,
            reason={
                lang[:2]: t("ledger.mapping.headers", lang, sheet=name or self._ledger.name, headers=missing)
                for lang in ("zh-CN", "en")
            },
        )

    def sorted_lines(self, after: int) -> Iterator[Sorted]:
        """Yield every line that holds anything, from the one after ``after``."""
        for line in self._ledger.lines():
            if line.number > after and not line.is_blank:
                yield self._sorted(line)

    def _sorted(self, line: Line) -> Sorted:
        sheet, header_row, fields, headers = self._sheets[line.sheet]
        shown = _named(line, headers)

        def skipped(why: str, **said: object) -> Sorted:
            return Sorted(line, shown, None, "skipped", (note(why, **said),))

        if sheet is None:
            return skipped("sheet")
        if line.broken:
            return Sorted(line, shown, None, "refused", (note("column_broken", error=line.broken),))
        if line.row <= header_row:
            return skipped("header" if line.row == header_row else "title")
        filled = [cells.plain(cell) for cell in line.cells]
        if _repeats(filled, headers):
            return skipped("header")
        if is_total(line):
            return skipped("total")
        by_field = {name: line.cells[c] for c, name in fields.items() if c < len(line.cells)}
        named = {text for text in filled if text}
        alone = next(iter(named)) if len(named) == 1 else ""
        if alone and (
            not cells.name(by_field.get("name")) or sum(map(bool, filled)) > 1 or _FOOT.match(alone)
        ):
            return skipped("blank_name", text=alone[:60])
        candidate, notes = self._candidate(by_field, sheet)
        if line.hidden:
            notes.append(note("hidden"))
        if candidate is None:
            return Sorted(line, shown, None, "refused", tuple(notes))
        return Sorted(line, shown, candidate, "", tuple(notes))

    def _candidate(
        self, row: Mapping[str, Any], sheet: SheetMapping
    ) -> tuple[Candidate | None, list[Notice]]:
        notes: list[Notice] = []
        words = {key: cells.name(row.get(key)) for key in ("name", "proponent", "authority")}
        words["code"] = re.sub(r"\s+", "", cells.text(row.get("code")))
        if not words["name"]:
            return None, [note("no_name")]
        for key, most in _LONGEST.items():
            if len(words[key]) > most:
                label = {lang[:2]: t(f"ledger.field.{key}", lang) for lang in ("zh-CN", "en")}
                return None, [note_of("too_long", field=label, limit=most)]
        document: dict[str, Any] = {"name": words["name"]}
        if words["proponent"]:
            document["proponent"] = words["proponent"]
        if nature := self._told(_nature(row.get("nature")), notes):
            document["nature"] = nature
        if industries := self._industries(row, notes):
            document["industry"] = list(industries)
        if facts := _facts(row, sheet, notes):
            document["facts"] = facts
        spot = self._told(self._spot(row, sheet), notes)
        if spot is not None:
            document["parts"] = spot.parts()
        return Candidate(document, self._registration(row, words, notes)), notes

    @staticmethod
    def _told(read: cells.Read, notes: list[Notice]) -> Any:
        notes += read.notes
        return read.value

    def _industries(self, row: Mapping[str, Any], notes: list[Notice]) -> tuple[str, ...]:
        by_code = self._told(cells.industries(row.get("industry_code")), notes)
        if by_code:
            return tuple(by_code)
        return tuple(self._told(cells.industries(row.get("industry")), notes))

    def _spot(self, row: Mapping[str, Any], sheet: SheetMapping) -> cells.Read:
        headers = {column.field: column.header for column in sheet.columns}
        crs, shape = self._mapping.crs, self._mapping.shape
        tried = [
            spots.spot(row.get(key), crs=crs, shape=shape, header=headers.get(key, ""))
            for key in ("wkt", "coordinates")
            if cells.text(row.get(key))
        ]
        for one, other in (("lon", "lat"), ("east", "north")):
            if cells.text(row.get(one)) or cells.text(row.get(other)):
                tried.append(spots.pair(row.get(one), row.get(other), crs=crs))
        return next(
            (read for read in tried if read.value is not None), tried[0] if tried else spots.pair("", "")
        )

    def _registration(
        self, row: Mapping[str, Any], words: Mapping[str, str], notes: list[Notice]
    ) -> Registration:
        mapping = self._mapping
        epoch = self._ledger.epoch
        accepted = self._told(cells.day(row.get("accepted_on"), epoch=epoch), notes)
        decided = self._told(cells.day(row.get("decided_on"), epoch=epoch), notes)
        if accepted is None:
            notes.append(note("undated"))
        elif accepted > self._latest:
            notes.append(note("date_future", date=accepted))
        if accepted and decided and decided < accepted:
            notes.append(note("date_order", decided=decided, accepted=accepted))
            decided = None
        eia_class = self._told(cells.eia_class(row.get("eia_class")), notes) or mapping.eia_class
        if not eia_class:
            notes.append(note("class_none"))
        authority = words["authority"] or mapping.authority
        level = _LEVELS.get(cells.text(row.get("authority_level")), "")
        if not level:
            level = (
                self._told(cells.authority_level(authority, self._places), notes) or mapping.authority_level
            )
        status = self._told(cells.status(row.get("status")), notes)
        if not status:
            status = "approved" if decided else "accepted"
        return Registration(
            code=words["code"],
            eia_class=eia_class,
            authority=authority,
            authority_level=level,
            region=self._region(row, notes) or mapping.region,
            accepted_on=accepted,
            decided_on=decided,
            status=status,
        )

    def _region(self, row: Mapping[str, Any], notes: list[Notice]) -> str:
        found: cells.Read | None = None
        for keys in (("region_code",), ("prefecture", "region"), ("address",)):
            given = [row.get(key) for key in keys]
            if any(cells.text(cell) for cell in given):
                read = cells.region(given, self._places, moved=self._moved)
                if read.value:
                    notes += read.notes
                    return str(read.value)
                found = found or read
        notes += found.notes if found else ()
        return ""


_LEVELS: Final = {
    **dict.fromkeys(("国家级", "国家", "部级", "national"), "national"),
    **dict.fromkeys(("省级", "省", "自治区级", "province"), "province"),
    **dict.fromkeys(("市级", "市", "州级", "市州级", "地市级", "city"), "city"),
    **dict.fromkeys(("县级", "区级", "区县级", "县区级", "县", "county"), "county"),
}


def _named(line: Line, headers: Sequence[str]) -> dict[str, Any]:
    """Return the cells of a line under their headers, as they were read."""
    made = {}
    for c, cell in enumerate(line.cells):
        if cell is not None and cell != "":
            header = headers[c] if c < len(headers) else f"#{files.letters(c + 1)}"
            made[header] = cell if isinstance(cell, (str, int, float, bool)) else cells.plain(cell)
    return made


def _repeats(filled: Sequence[str], headers: Sequence[str]) -> bool:
    """Whether a row is the header once more: most of its cells stand under themselves."""
    held = [(text, headers[c]) for c, text in enumerate(filled) if text and c < len(headers)]
    return len(held) >= 2 and sum(" ".join(a.split()) == b for a, b in held) * 2 > len(held)


def _nature(cell: Any) -> cells.Read:
    shown = cells.text(cell)
    if not shown:
        return cells.Read(None)
    found = [word for word in data.natures() if word in shown]
    if len(found) == 1:
        return cells.Read(found[0])
    return cells.Read(None, (note("nature_unread", text=shown[:60]),))


def _facts(row: Mapping[str, Any], sheet: SheetMapping, notes: list[Notice]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for column in sheet.columns:
        shown = cells.text(row.get(column.field)) if column.field.startswith("fact:") else ""
        if not shown:
            continue
        key = column.field.removeprefix("fact:")
        value: Any = {"value": shown.replace(",", ""), "unit": column.unit} if column.unit else shown
        try:
            facts |= check_facts({key: value})
        except SanxianError as error:
            notes.append(note_of("fact_unread", header=column.header, error=both_of(error)))
    return facts


def both_of(error: SanxianError) -> dict[str, str]:
    """Return an error in both languages, as a field of a remark."""
    return {"zh": error.text("zh-CN"), "en": error.text("en")}


def note_of(code: str, **fields: Any) -> Notice:
    """Return a remark on a row, of which a field may differ by language: ``{"zh": …, "en": …}``."""
    zh, en = (
        t(
            f"ledger.note.{code}",
            lang,
            **{k: v[lang[:2]] if isinstance(v, dict) else v for k, v in fields.items()},
        )
        for lang in ("zh-CN", "en")
    )
    return Notice(code=f"LEDGER_{code.upper()}", zh=zh, en=en)

"""The ingest log: what was read, renamed, repaired and dropped, each thing once.

A field that is renamed, a value that is mapped ten thousand times: such entries say the same every time and are
counted. Entries about places are kept one by one, up to :data:`KEPT` of a kind; the rest is a number.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import shapely
from shapely.geometry.base import BaseGeometry

from sanxian.edition import LogEntry
from sanxian.errors import SanxianError
from sanxian.i18n import t
from sanxian.model import Notice

Severity: TypeAlias = Literal["info", "warning", "error"]

KEPT: Final = 200  # entries of one code about one source that are kept one by one

# What each entry means is in docs/reference/ingest.md, its words in locale/ingest.
SEVERITY: Final[dict[str, Severity]] = {
    "SOURCE_READ": "info",
    "SOURCE_UNREADABLE": "error",
    "SOURCE_UNUSED": "warning",
    "SOURCE_SKIPPED": "warning",
    "SOURCE_AMBIGUOUS": "warning",
    "LAYER_MISSING": "error",
    "LAYER_EMPTY": "warning",
    "LAYER_OUTSIDE": "error",
    "LAYER_APART": "warning",
    "OUTLINE_MISSING": "warning",
    "ACCURACY_MISSING": "error",
    "COVERAGE_MISSING": "warning",
    "COVERAGE_DROPPED": "warning",
    "IDENTITY_MISSING": "error",
    "ENCODING": "info",
    "CRS_READ": "info",
    "CRS_MISSING": "error",
    "CRS_FROM_PROFILE": "info",
    "CRS_OVERRIDDEN": "warning",
    "CRS_DATUM": "error",
    "CRS_NOTE": "warning",
    "ZONE_PREFIX": "error",
    "ZONE_BY_PREFIX": "warning",
    "FIELD_READ": "info",
    "FIELD_CUT": "info",
    "FIELD_DOUBTFUL": "warning",
    "FIELD_ABSENT": "error",
    "FIELD_KEPT": "info",
    "VALUE_MAPPED": "info",
    "VALUE_UNKNOWN": "error",
    "VALUE_BAD": "warning",
    "CLASS_FROM_CODE": "info",
    "TEXT_CLEANED": "info",
    "CODE_CLEANED": "warning",
    "CODE_EMPTY": "error",
    "REGION_MAPPED": "info",
    "REGION_FROM_CODE": "info",
    "REGION_UNKNOWN": "warning",
    "AREA_READ": "info",
    "OFFICE_ADDED": "info",
    "FEATURE_UNPLACED": "warning",
    "FEATURE_OUTSIDE": "error",
    "FEATURE_NOT_PLACED": "error",
    "GEOMETRY_MISSING": "error",
    "GEOMETRY_UNREADABLE": "error",
    "GEOMETRY_CLOSED": "warning",
    "GEOMETRY_SPLIT": "warning",
    "GEOMETRY_KIND": "error",
    "GEOMETRY_INVALID": "warning",
    "GEOMETRY_REPAIRED": "warning",
    "GEOMETRY_FLAT": "info",
    "GEOMETRY_CURVED": "warning",
    "GEOMETRY_DENSE": "info",
    "TABLE_READ": "info",
    "TABLE_NO_HEADER": "error",
    "TABLE_ROW": "error",
    "CLAUSE_ID_REPEATED": "warning",
    "CLAUSE_LEVEL": "error",
    "CLAUSE_DIMENSION": "error",
    "CLAUSE_NO_SCOPE": "error",
    "CLAUSE_FIELDS": "info",
    "CLAUSE_RULES": "info",
    "CLAUSE_BROKEN": "error",
    "DOCUMENT_ADDED": "warning",
    "DOCUMENT_MISSING": "error",
    "ID_REPEATED": "warning",
}
_LIST_INFO: Final = {  # of sanxian.clauses.lists: how a list was read, nothing to look into
    "LIST_COLUMNS",
    "LIST_CONTINUED",
    "LIST_EMPTY",
    "LIST_HEADER_REPEATED",
    "LIST_NOTHING",
    "LIST_SAME",
    "LIST_SECTION",
}


class At(NamedTuple):
    """Where something was met: file and layer of the source, layer of the draft."""

    source: str = ""
    layer: str = ""


NOWHERE: Final = At()


class Log:
    """Entries as they come; :meth:`entries` gives them counted and in order."""

    def __init__(self) -> None:
        self._entries: dict[tuple[Any, ...], LogEntry] = {}
        self._counts: Counter[tuple[Any, ...]] = Counter()
        self._of_kind: Counter[tuple[str, str, str]] = Counter()
        self._beyond: Counter[tuple[str, str, str]] = Counter()

    def say(
        self,
        code: str,
        at: At = NOWHERE,
        /,
        *,
        item: str = "",
        place: BaseGeometry | None = None,
        times: int = 1,
        **fields: object,
    ) -> None:
        """Add an entry; its words are ``locale/ingest`` under its code, filled with ``fields``."""
        zh, en = (t(f"ingest.log.{code.lower()}", lang, **_in(fields, lang)) for lang in ("zh-CN", "en"))
        self._add(SEVERITY[code], code, zh, en, at, item, place, times)

    def refusal(self, code: str, error: SanxianError, at: At, /, *, item: str = "") -> None:
        """Add what an error of the library says, under a code of ours."""
        reason = {"zh": f"[{error.code}] {error.text()}", "en": f"[{error.code}] {error.text('en')}"}
        self.say(code, at, item=item, reason=reason)

    def notice(self, notice: Notice, at: At, /) -> None:
        """Add a notice of the geometry readers."""
        self.say("CRS_NOTE", at, note={"zh": notice.zh, "en": notice.en})

    def listed(self, code: str, zh: str, en: str, /, *, source: str, item: str) -> None:
        """Add an entry of the reader of access lists, which has words of its own."""
        severity: Severity = "info" if code in _LIST_INFO else "warning"
        self._add(severity, code, zh, en, At(source), item, None, 1)

    def _add(
        self,
        severity: Severity,
        code: str,
        zh: str,
        en: str,
        at: At,
        item: str,
        place: BaseGeometry | None,
        times: int,
    ) -> None:
        key = (code, *at, item, zh)
        if key not in self._entries:
            kind = (code, *at)
            self._of_kind[kind] += 1
            if self._of_kind[kind] > KEPT:
                self._beyond[kind] += times
                return
            self._entries[key] = LogEntry(
                severity=severity,
                code=code,
                zh=zh,
                en=en,
                source=at.source,
                layer=at.layer,
                item=item,
                place=place,
            )
        self._counts[key] += times

    def counts(self) -> Counter[str]:
        """Return how often each code was said."""
        total: Counter[str] = Counter()
        for (code, *_), times in self._counts.items():
            total[code] += times
        for (code, *_), times in self._beyond.items():
            total[code] += times
        return total

    def entries(self) -> tuple[LogEntry, ...]:
        """Return the log: in the order of first appearance, identical entries as one with their number."""
        found = [_counted(entry, self._counts[key]) for key, entry in self._entries.items()]
        for (code, source, layer), times in self._beyond.items():
            zh, en = (t("ingest.more", lang, count=f"{times:,}") for lang in ("zh-CN", "en"))
            severity: Severity = SEVERITY.get(code, "warning")
            found.append(LogEntry(severity=severity, code=code, zh=zh, en=en, source=source, layer=layer))
        return tuple(found)


def _in(fields: dict[str, object], lang: str) -> dict[str, object]:
    """Return the fields in one language; a dict has one text for each."""
    key = "en" if lang == "en" else "zh"
    return {name: value[key] if isinstance(value, dict) else value for name, value in fields.items()}


def _counted(entry: LogEntry, times: int) -> LogEntry:
    if times == 1:
        return entry
    zh, en = (t("ingest.times", lang, count=f"{times:,}") for lang in ("zh-CN", "en"))
    return LogEntry(
        severity=entry.severity, code=entry.code, zh=entry.zh + zh, en=entry.en + en, source=entry.source,
        layer=entry.layer, item=entry.item, place=entry.place,
    )  # fmt: skip


# --- as files --------------------------------------------------------------------------------

_COLUMNS: Final = ("severity", "code", "source", "layer", "item", "zh", "en")


def as_csv(entries: Iterable[LogEntry]) -> bytes:
    """Return the log as CSV for Excel: UTF-8 with BOM, one row an entry, places as lon and lat."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*_COLUMNS, "lon", "lat"])
    for entry in entries:
        point = None if entry.place is None else entry.place.centroid
        where = ("", "") if point is None or point.is_empty else (f"{point.x:.6f}", f"{point.y:.6f}")
        writer.writerow([*(_harmless(getattr(entry, name)) for name in _COLUMNS), *where])
    return text.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    """Return text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def as_geojson(entries: Sequence[LogEntry]) -> bytes:
    """Return the entries that have a place as GeoJSON (lon/lat)."""
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(entry.place)),
            "properties": {name: getattr(entry, name) for name in _COLUMNS},
        }
        for entry in entries
        if entry.place is not None
    ]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    return f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'.encode()

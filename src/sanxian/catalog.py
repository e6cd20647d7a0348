"""Catalogue: a folder of editions, and which of them is in force for a region on a date.

::

    catalog = open_catalog("editions")  # every .gpkg below the folder, identities only
    entry = catalog.in_force("63", date(2026, 3, 1))
    edition = entry.open()  # digest checked, and the one the catalogue spoke of

An edition is in force from its ``valid_from`` to its ``valid_to``, and no longer than until the day before an edition of
the same region that supersedes it begins. Nothing is ranked or guessed: a day with two editions, or with none,
has no answer. The rules are in ``docs/reference/publish.md``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from sanxian.edition import Edition, Lapse, LapseKind, clause_in_force, open_edition, read_identity
from sanxian.errors import (
    CatalogAmbiguous,
    CatalogNotFound,
    CatalogNothing,
    EditionAltered,
    EditionDraft,
    EditionForeign,
    SanxianError,
)
from sanxian.i18n import t
from sanxian.model import Clause, EditionInfo

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One edition file of a catalogue, as it describes itself."""

    path: Path
    info: EditionInfo  # ``digest`` is the stored one; :meth:`open` computes it
    format_version: int

    def open(self) -> Edition:
        """Open the edition; raises as :func:`sanxian.edition.open_edition`, also when it is another one now."""
        edition = open_edition(self.path)
        if edition.info.digest != self.info.digest:
            raise EditionAltered(source=self.path.name, stored=self.info.digest, found=edition.info.digest)
        return edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """When an edition is in force, the editions that supersede it taken into account."""

    entry: Entry
    first: date
    last: date | None  # last day; before ``first`` when it never is in force; None = open end
    ended_by: Entry | None  # whose beginning ends it, when that comes before its own last day

    def holds(self, day: date) -> bool:
        """Return whether the edition is in force on ``day``."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A .gpkg file of the folder that is no usable edition."""

    path: Path
    error: SanxianError


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFinding:
    """One thing to put right, or to know, about a catalogue; docs/reference/publish.md lists the codes."""

    severity: Literal["error", "warning", "info"]
    code: str
    item: str  # file name, or region code
    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The editions of a folder."""

    folder: Path
    entries: tuple[Entry, ...]  # by path
    unread: tuple[Unread, ...] = ()

    @cached_property
    def distinct(self) -> tuple[Entry, ...]:
        """The entries, copies of one edition counted once."""
        return tuple({entry.info.digest: entry for entry in reversed(self.entries)}.values())[::-1]

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions there are editions of."""
        return tuple(sorted({entry.info.region for entry in self.entries}))

    def terms(self, region: str) -> tuple[Term, ...]:
        """Return when each edition of exactly this region is in force, by first day."""
        entries = [entry for entry in self.distinct if entry.info.region == region]
        terms = (_term(entry, entries) for entry in entries)
        return tuple(sorted(terms, key=lambda term: (term.first, str(term.entry.path))))

    def home(self, region: str) -> str:
        """Return the region whose editions answer for ``region``: itself, else the nearest above; "" = none.

        A prefecture with an edition of its own is never answered by its province, also not on days on which
        its own is out of force.
        """
        asked = short_code(region)
        above = [code for code in self.regions if code and asked.startswith(code)]
        return max(above, key=len, default="")

    def in_force(self, region: str, as_of: date) -> Entry:
        """Return the edition in force for ``region`` (GB/T 2260 code) on ``as_of``.

        Raises
        ------
        CatalogNothing
            There is none; what there is is named.
        CatalogAmbiguous
            There are several, and no statement which supersedes which.
        """
        terms = self.terms(self.home(region))
        found = [term.entry for term in terms if term.holds(as_of)]
        if len(found) == 1:
            return found[0]
        where = {"path": self.folder, "region": region, "as_of": as_of.isoformat()}
        if found:
            raise CatalogAmbiguous(**where, known="、".join(entry.path.name for entry in found))
        raise CatalogNothing(**where, known=self._known(terms))

    def _known(self, terms: Sequence[Term]) -> dict[str, str]:
        listed = terms or [term for region in self.regions for term in self.terms(region)]
        return {
            lang[:2]: "；".join(
                f"{term.entry.path.name} {term.entry.info.region} {span(term, lang)}" for term in listed[:8]
            )
            or t("publish.catalog.none", lang)
            for lang in ("zh-CN", "en")
        }

    def by_reference(self, reference: str) -> tuple[Entry, ...]:
        """Return the entries that ``supersedes`` may mean: those with this digest, else those with this id."""
        exact = tuple(entry for entry in self.distinct if entry.info.digest == reference)
        return exact or tuple(entry for entry in self.distinct if entry.info.id == reference)

    def check(self) -> tuple[CatalogFinding, ...]:
        """Return what is wrong with the catalogue as a whole, errors first; no edition is opened.

        Files that cannot be read, copies, ids used twice, days of a region with two editions or none,
        predecessors that are not there, and chains of succession that run backwards or in a circle.
        """
        checks = (self._unread(), self._identities(), self._chains(), self._days())
        order = ("error", "warning", "info")
        findings = [finding for check in checks for finding in check]
        return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))

    def _unread(self) -> Iterator[CatalogFinding]:
        for file in self.unread:
            said = {"zh": file.error.text("zh-CN"), "en": file.error.text("en")}
            if isinstance(file.error, EditionDraft):
                yield _finding("info", "DRAFT", file.path.name)
            elif isinstance(file.error, EditionForeign):
                yield _finding("info", "FOREIGN", file.path.name)
            else:
                yield _finding("error", "UNREADABLE", file.path.name, said=said)

    def _identities(self) -> Iterator[CatalogFinding]:
        kept = {entry.info.digest: entry for entry in self.distinct}
        for entry in self.entries:
            if (first := kept[entry.info.digest]) is not entry:
                yield _finding("info", "COPY", entry.path.name, other=first.path.name)
        by_id: dict[str, Entry] = {}
        for entry in self.distinct:
            other = by_id.setdefault(entry.info.id, entry)
            if other is not entry:
                yield _finding("error", "ID_TWICE", entry.path.name, id=entry.info.id, other=other.path.name)

    def _chains(self) -> Iterator[CatalogFinding]:
        heirs: dict[str, Entry] = {}
        for entry in self.distinct:
            name, reference = entry.path.name, entry.info.supersedes
            if not reference:
                continue
            before = [old for old in self.by_reference(reference) if old is not entry]
            if not before:
                if reference in (entry.info.id, entry.info.digest):
                    yield _finding("error", "CIRCLE", name)
                else:
                    yield _finding("warning", "PREDECESSOR_UNKNOWN", name, reference=reference)
                continue
            for old in before:
                if old.info.region != entry.info.region:
                    yield _finding(
                        "error", "OTHER_REGION", name,
                        other=old.path.name, region=old.info.region, own=entry.info.region,
                    )  # fmt: skip
                elif self._in_circle(entry):
                    yield _finding("error", "CIRCLE", name)
                elif entry.info.valid_from <= old.info.valid_from:
                    yield _finding("error", "BACKWARDS", name, other=old.path.name)
                rival = heirs.setdefault(old.info.digest, entry)
                if rival is not entry:
                    yield _finding("error", "TWO_HEIRS", old.path.name, one=rival.path.name, other=name)

    def _in_circle(self, entry: Entry) -> bool:
        """Return whether following what is superseded leads back; only ids can do that, a digest cannot."""
        seen: set[str] = set()
        ahead = [entry]
        while ahead:
            here = ahead.pop()
            for old in self.by_reference(here.info.supersedes) if here.info.supersedes else ():
                if old is entry:
                    return True
                if old.info.digest not in seen:
                    seen.add(old.info.digest)
                    ahead.append(old)
        return False

    def _days(self) -> Iterator[CatalogFinding]:
        for region in self.regions:
            terms = self.terms(region)
            alive = [term for term in terms if term.last is None or term.first <= term.last]
            for at, one in enumerate(alive):
                for other in alive[at + 1 :]:
                    if one.holds(other.first):
                        ends = [last for last in (one.last, other.last) if last is not None]
                        yield _finding(
                            "error", "OVERLAP", region,
                            one=one.entry.path.name, other=other.entry.path.name,
                            days=_days(other.first, min(ends, default=None)),
                        )  # fmt: skip
            covered: date | None = None  # last day of what came before; None at the start
            for at, term in enumerate(alive):
                if at and covered is not None and term.first > covered + _DAY:
                    yield _finding("warning", "HOLE", region, days=_days(covered + _DAY, term.first - _DAY))
                if term.last is None:
                    break
                covered = term.last if covered is None else max(covered, term.last)


def open_catalog(folder: str | os.PathLike[str]) -> Catalog:
    """Read the identities of all ``.gpkg`` files of a folder and of the folders in it.

    A file that is no edition, or a broken one, is kept in :attr:`Catalog.unread`; it stops nothing. Names that begin
    with a dot are left out (files being written), links to folders are not followed.

    Raises
    ------
    CatalogNotFound
        The folder is not there or cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        reason = {"zh": "没有这个文件夹", "en": "no such folder"}
        if root.exists():
            reason = {"zh": "它不是文件夹", "en": "it is no folder"}
        raise CatalogNotFound(path=root, reason=reason)
    entries: list[Entry] = []
    unread: list[Unread] = []
    for path in _files(root):
        try:
            info, version = read_identity(path)
            entries.append(Entry(path=path, info=info, format_version=version))
        except SanxianError as error:
            unread.append(Unread(path=path, error=error))
    return Catalog(folder=root, entries=tuple(entries), unread=tuple(unread))


def _files(root: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise CatalogNotFound(path=error.filename or root, reason=error.strerror or type(error).__name__)

    found = []
    for folder, inner, names in os.walk(root, onerror=refuse):
        inner[:] = [name for name in inner if not name.startswith(".")]
        found += [
            Path(folder, name)
            for name in names
            if name.lower().endswith(".gpkg") and not name.startswith(".")
        ]
    return sorted(found)


def _term(entry: Entry, same_region: Sequence[Entry]) -> Term:
    names = (entry.info.digest, entry.info.id)
    heirs = [other for other in same_region if other is not entry and other.info.supersedes in names]
    heir = min(heirs, key=lambda other: other.info.valid_from, default=None)
    last = entry.info.valid_to
    if heir is not None and (last is None or heir.info.valid_from <= last):
        return Term(entry=entry, first=entry.info.valid_from, last=heir.info.valid_from - _DAY, ended_by=heir)
    return Term(entry=entry, first=entry.info.valid_from, last=last, ended_by=None)


def short_code(region: str) -> str:
    """Return a GB/T 2260 code without the pairs of zeros that say "all of it".

    Examples
    --------
    >>> short_code("630000"), short_code("630100"), short_code("630102")
    ('63', '6301', '630102')
    """
    code = region.strip()
    while len(code) > 2 and len(code) % 2 == 0 and code.endswith("00"):
        code = code[:-2]
    return code


def span(term: Term, lang: str) -> str:
    """Return when a term holds, in words."""
    if term.last is None:
        return t("publish.catalog.from", lang, first=term.first)
    if term.last < term.first:
        return t("publish.catalog.never", lang)
    return t("publish.catalog.between", lang, first=term.first, last=term.last)


def _days(first: date, last: date | None) -> dict[str, str]:
    key = "from" if last is None else "day" if first == last else "between"
    return {lang[:2]: t(f"publish.catalog.{key}", lang, first=first, last=last) for lang in ("zh-CN", "en")}


def _finding(
    severity: Literal["error", "warning", "info"], code: str, item: str, **fields: object
) -> CatalogFinding:
    zh, en = (
        t(
            f"publish.catalog.findings.{code}",
            lang,
            **{k: v[lang[:2]] if isinstance(v, dict) else v for k, v in fields.items()},
        )
        for lang in ("zh-CN", "en")
    )
    return CatalogFinding(severity=severity, code=code, item=item, zh=zh, en=en)


def check_contents(catalog: Catalog, as_of: date) -> tuple[CatalogFinding, ...]:
    """Open every edition and return those that do not stand, and, for those in force on ``as_of``, stale clauses.

    The digest of each is computed; one edition is in memory at a time.
    """
    found = []
    in_force = {
        term.entry.path for region in catalog.regions for term in catalog.terms(region) if term.holds(as_of)
    }
    for entry in catalog.entries:
        try:
            edition = entry.open()
        except SanxianError as error:
            said = {"zh": error.text("zh-CN"), "en": error.text("en")}
            found.append(_finding("error", "CONTENT", entry.path.name, said=said))
            continue
        if entry.path in in_force:
            for clause, lapse in lapsed_clauses(edition, as_of):
                item = f"{entry.path.name} {clause.id}"
                found.append(_finding("warning", "LAPSED", item, said={"zh": lapse.zh, "en": lapse.en}))
    return tuple(found)


# --- documents out of force ------------------------------------------------------------------

_LAPSED: Final = (LapseKind.ENDED, LapseKind.DOCUMENT_ENDED, LapseKind.DOCUMENT_SUPERSEDED)


def lapsed_clauses(edition: Edition, as_of: date) -> tuple[tuple[Clause, Lapse], ...]:
    """Return the clauses no longer in force on ``as_of``, each with why and with the document that took its place.

    A screening lists them as not applicable, with the same words; nothing is judged by them.
    """
    found = ((clause, clause_in_force(clause, edition, as_of)) for clause in edition.clauses)
    return tuple((clause, lapse) for clause, lapse in found if lapse is not None and lapse.kind in _LAPSED)

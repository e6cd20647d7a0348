"""The editions a server offers: found in the registry's folder, opened once, watched for being replaced."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from sanxian.catalog import Catalog, Entry, open_catalog
from sanxian.edition import Edition
from sanxian.errors import (
    CatalogNotFound,
    EditionAltered,
    EditionNotFound,
    RequestInvalid,
    ResourceNotFound,
    SanxianError,
)
from sanxian.geometry import Region
from sanxian.registry.projects import Counties
from sanxian.screening.prepared import prepare

LOOK_EVERY_S: Final = 2.0  # the folder is looked at no more often than this


@dataclass
class Editions:
    """Edition files of a folder, by digest, by id, or by region and date.

    An edition file replaced under a running server has another digest: it is a new edition, and what was opened from the
    old file stays what it was until the folder is looked at again. No answer mixes two editions, and each names the
    digest it was made from.
    """

    folder: Path
    offered: Callable[[], Collection[str]] | None = None  # digests the registry offers; None = all there are
    _opened: dict[str, Edition] = field(default_factory=dict)
    _regions: dict[str, Region] = field(default_factory=dict)
    _counties: dict[str, Counties] = field(default_factory=dict)
    _opening: dict[str, threading.Lock] = field(default_factory=dict)
    _warm: bool = False
    _catalog: Catalog | None = None
    _seen: object = None
    _looked: float = 0.0
    _watched: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def catalog(self) -> Catalog:
        """Return what lies in the folder; looked at again when its files have changed."""
        with self._lock:
            if self._catalog is None or (
                not self._watched and time.monotonic() - self._looked > LOOK_EVERY_S
            ):
                self.look()
            assert self._catalog is not None  # noqa: S101 - read just now
            return self._catalog

    def watch(self) -> Callable[[], None]:
        """Look at the folder every few seconds in a thread, so that no request has to; return what ends it."""
        ended = threading.Event()

        def watching() -> None:
            while not ended.wait(LOOK_EVERY_S):
                with suppress(SanxianError):  # /health says so; what was known is offered on
                    if self.look():
                        self.prepare()

        self._watched = True
        threading.Thread(target=watching, daemon=True).start()
        return ended.set

    def look(self) -> bool:
        """Read the folder again when its files, or what is offered of them, have changed; return whether they have."""
        seen = self._signature()
        with self._lock:
            self._looked = time.monotonic()
            if self._catalog is not None and seen == self._seen:
                return False
            self._read(seen)
            return True

    def refresh(self) -> None:
        """Look into the folder again."""
        seen = self._signature()
        with self._lock:
            self._read(seen)

    def _read(self, seen: tuple[object, Collection[str] | None]) -> None:
        found = open_catalog(self.folder)
        wanted = seen[1]
        kept = tuple(e for e in found.entries if wanted is None or e.info.digest in wanted)
        self._catalog = Catalog(folder=found.folder, entries=kept, unread=found.unread)
        self._seen = seen
        offered = {entry.info.digest for entry in kept}
        for digest in [*self._opened]:
            if digest not in offered:
                del self._opened[digest]
                self._regions.pop(digest, None)
                self._counties.pop(digest, None)

    def _signature(self) -> tuple[object, Collection[str] | None]:
        wanted = None if self.offered is None else frozenset(self.offered())
        try:
            files = sorted(self.folder.rglob("*.gpkg"))
            return tuple(
                (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
                for path in files
                for status in (path.stat(),)
            ), wanted
        except OSError as error:
            return str(error), wanted

    def entries(self) -> tuple[Entry, ...]:
        """Return the editions offered, copies once."""
        return self.catalog().distinct

    def entry(self, key: str) -> Entry:
        """Return the edition with this digest (its first 12 digits will do) or id.

        Raises
        ------
        ResourceNotFound
            There is none, or several.
        """
        found = {
            entry.info.digest: entry
            for entry in self.entries()
            if key in (entry.info.digest, entry.info.id)
            or (len(key) >= 12 and entry.info.digest.removeprefix("sha256:").startswith(key))
        }
        if len(found) != 1:
            raise ResourceNotFound(what={"zh": f"成果“{key}”", "en": f"edition “{key}”"})
        return next(iter(found.values()))

    def get(self, key: str) -> Edition:
        """Return an edition opened, by digest or id."""
        return self.opened(self.entry(key))

    def in_force(self, region: str, as_of: date) -> Edition:
        """Return the edition in force for a region on a date; raises as :meth:`Catalog.in_force`."""
        return self.opened(self.catalog().in_force(region, as_of))

    def chosen(self, edition: str | None, region: str | None, as_of: date) -> Edition:
        """Return the edition a request names; without a name the one in force for its region.

        Raises
        ------
        RequestInvalid
            Neither is given, and there are editions of several regions.
        ResourceNotFound, CatalogError
            There is no such edition; none or several are in force.
        """
        if edition:
            return self.get(edition)
        if region is None:
            regions = self.catalog().regions
            homes = {self.catalog().home(code) for code in regions}
            if len(homes) > 1:
                listed = "、".join(sorted(homes))
                reason = {
                    "zh": f"请用 edition 或 region 指明成果；现有行政区：{listed}",
                    "en": f"say which edition by edition or region; there are editions of: {listed}",
                }
                raise RequestInvalid(reason=reason)
            region = next(iter(homes), "")
        return self.in_force(region, as_of)

    @property
    def warm(self) -> bool:
        """Whether :meth:`prepare` has been through."""
        return self._warm

    def prepare(self) -> None:
        """Open every edition offered and get it ready for screening; one that fails waits for who asks for it."""
        for entry in self.entries():
            with suppress(SanxianError):
                edition = self.opened(entry)
                self.region(edition)
                prepare(edition)
        self._warm = True

    def opened(self, entry: Entry) -> Edition:
        """Return the edition of an entry, opened at most once.

        Raises
        ------
        EditionError
            The file cannot be opened, or is another one now and no longer the edition that was asked for.
        """
        digest = entry.info.digest
        if (found := self._opened.get(digest)) is not None:
            return found
        with self._lock:
            opening = self._opening.setdefault(digest, threading.Lock())
        with opening:  # two requests do not open it twice, and others go on meanwhile
            if (found := self._opened.get(digest)) is not None:
                return found
            try:
                made = entry.open()
            except (EditionAltered, EditionNotFound, CatalogNotFound):
                self.refresh()
                made = self.entry(digest).open()  # it may lie in another file by now
            self._opened[digest] = made
            return made

    def region(self, edition: Edition) -> Region:
        """Return the place of an edition, by which coordinates without CRS are understood."""
        digest = edition.info.digest
        if (found := self._regions.get(digest)) is None:
            found = Region(code=edition.info.region, name=edition.info.title, outline=edition.outline)
            self._regions[digest] = found
        return found

    def counties(self, entry: Entry) -> Counties:
        """Return what tells the county of a place by an edition."""
        digest = entry.info.digest
        if (found := self._counties.get(digest)) is None:
            found = self._counties[digest] = Counties(self.opened(entry))
        return found

    def problems(self, *, look: bool = True) -> list[tuple[str, SanxianError]]:
        """Return what is wrong with the files: (name, why). Looks at them now, unless told not to."""
        if look:
            self.refresh()
        found = [(file.path.name, file.error) for file in self.catalog().unread]
        gone = [entry.path.name for entry in self.entries() if not entry.path.is_file()]
        return [*found, *((name, EditionNotFound(source=name, reason="-")) for name in gone)]

"""The editions a server offers: found in the registry's folder, opened once, watched for being replaced."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sanxian.catalog import Catalog, Entry, open_catalog
from sanxian.edition import Edition
from sanxian.errors import CatalogNotFound


@dataclass
class Editions:
    """Edition files of a folder, by digest, by id, or by region and date.

    An edition file replaced under a running server has another digest: it is a new edition, and what was opened from the
    old file stays what it was until nobody uses it.
    """

    folder: Path
    _opened: dict[str, Edition] = field(default_factory=dict)
    _catalog: Catalog | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def catalog(self) -> Catalog:
        """Return what lies in the folder; read again by :meth:`refresh`."""
        with self._lock:
            if self._catalog is None:
                self._catalog = open_catalog(self.folder)
            return self._catalog

    def refresh(self) -> None:
        """Look into the folder again."""
        with self._lock:
            self._catalog = None

    def entries(self) -> tuple[Entry, ...]:
        """Return the editions offered, copies once."""
        return self.catalog().distinct

    def entry(self, key: str) -> Entry:
        """Return the edition with this digest or id.

        Raises
        ------
        CatalogNotFound
            There is none.
        """
        for found in self.entries():
            if key in {found.info.digest, found.info.digest.removeprefix("sha256:"), found.info.id}:
                return found
        raise CatalogNotFound(path=key)

    def get(self, key: str) -> Edition:
        """Return an edition opened, by digest or id."""
        return self.opened(self.entry(key))

    def in_force(self, region: str, as_of: date) -> Edition:
        """Return the edition in force for a region on a date; raises as :meth:`Catalog.in_force`."""
        return self.opened(self.catalog().in_force(region, as_of))

    def opened(self, entry: Entry) -> Edition:
        """Return the edition of an entry, opened at most once."""
        with self._lock:
            digest = entry.info.digest
            if digest not in self._opened:
                self._opened[digest] = entry.open()
            return self._opened[digest]

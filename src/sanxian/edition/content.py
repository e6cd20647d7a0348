"""Content: what an edition holds, its canonical form and the digest over it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from sanxian.edition.rows import FORMS, Form, Row, RuleRow, canonical_json, encode, text
from sanxian.edition.shapes import canonical_shapes, canonical_wkb
from sanxian.errors import EditionExpired, EditionIncomplete, EditionInvalid, EditionNotInForce
from sanxian.model import (
    Catalogue,
    Change,
    Clause,
    Coverage,
    Document,
    EditionInfo,
    Layer,
    LayerKind,
    Office,
    PlaceState,
    Zone,
)

FORMAT: Final = "sanxian-edition"
FORMAT_VERSION: Final = 2  # the newest that is read


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edition:
    """成果: one published, immutable set of layers and their access list.

    Compared by identity, like the file it stands for; compare ``info.digest`` to compare content.
    """

    info: EditionInfo
    layers: tuple[Layer, ...]
    zones: Mapping[str, tuple[Zone, ...]]  # by layer id; a layer without zones has an empty tuple
    clauses: tuple[Clause, ...] = ()
    documents: Mapping[str, Document]  # by Document.id
    states: tuple[PlaceState, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    catalogues: Mapping[str, Catalogue]  # by Catalogue.id
    changes: tuple[Change, ...] = ()
    offices: Mapping[str, Office] = field(default_factory=lambda: MappingProxyType({}))  # by Office.id
    # the file it was opened from; no argument, so that ``dataclasses.replace`` makes an edition without one
    origin: Path | None = field(init=False, default=None, repr=False)

    def layer(self, layer_id: str) -> Layer:
        """Return the layer with this id; KeyError when there is none."""
        for layer in self.layers:
            if layer.id == layer_id:
                return layer
        raise KeyError(layer_id)

    def in_force(self, as_of: date) -> None:
        """Return when the edition is in force on ``as_of``.

        Raises
        ------
        EditionNotInForce, EditionExpired
            It is not; an edition out of force never answers.
        """
        if as_of < self.info.valid_from:
            raise EditionNotInForce(edition=self.info.title, valid_from=self.info.valid_from, as_of=as_of)
        if self.info.valid_to is not None and as_of > self.info.valid_to:
            raise EditionExpired(edition=self.info.title, valid_to=self.info.valid_to, as_of=as_of)

    @property
    def outline(self) -> BaseGeometry:
        """The region: union of the zones of class ``province`` in the administrative layers, else of the counties.

        Raises
        ------
        EditionIncomplete
            There is neither, so "outside the region" has no meaning.
        """
        for zone_class in ("province", "county"):
            found = admin_places(self, zone_class)
            if found:
                return (
                    found[0].geometry
                    if len(found) == 1
                    else shapely.union_all([zone.geometry for zone in found])
                )
        missing = {"zh": "行政区（省或县）图形", "en": "an administrative layer with a province or counties"}
        raise EditionIncomplete(source=self.info.title, missing=missing)


def admin_places(edition: Edition, zone_class: str) -> list[Zone]:
    """Return the places of one class (``province``, ``county`` …) in all administrative layers."""
    admin = (layer.id for layer in edition.layers if layer.kind is LayerKind.ADMIN)
    return [zone for layer in admin for zone in edition.zones.get(layer, ()) if zone.zone_class == zone_class]


class Record(NamedTuple):
    """One row in the making; records sort by their content."""

    line: bytes  # canonical JSON of the row; a zone's begins with its layer
    geometry: bytes  # canonical WKB of a zone, else empty
    row: Row
    item: Any

    def hash(self) -> bytes:
        """Return the SHA-256 of the row."""
        return hashlib.sha256(self.line + b"\n" + self.geometry).digest()


class Content(NamedTuple):
    """An edition in canonical form with the rows it is stored as."""

    edition: Edition  # digest filled in
    form: Form  # the tables of its format version
    tables: Mapping[str, list[Record]]
    zones: Mapping[str, list[Record]]  # by layer id


def normalise(edition: Edition) -> Edition:
    """Return ``edition`` in canonical form, its digest filled in: what opening its file gives.

    Raises
    ------
    EditionInvalid
        Something in it cannot be stored, such as a rule that is no JSON or a coordinate that is no number.
    """
    return canonical(edition).edition


def digest(edition: Edition) -> str:
    """Return ``sha256:…`` over the content of ``edition``.

    Blind to the order of rows and columns, to ring start and direction, to the order of parts and to
    coordinates beyond 1e-9 degree; anything else changes it. Defined in docs/reference/edition-format.md.
    """
    return canonical(edition).edition.info.digest


def canonical(edition: Edition) -> Content:
    """Return the canonical form of ``edition`` with its rows; raises as :func:`normalise` does."""
    items: dict[str, Iterable[Any]] = {
        "edition": [edition.info],
        "layer": edition.layers,
        "clause": edition.clauses,
        "rule": [RuleRow(c.id, seq, rule) for c in edition.clauses for seq, rule in enumerate(c.rules)],
        "document": edition.documents.values(),
        "place_state": edition.states,
        "coverage": edition.coverage,
        "catalogue": edition.catalogues.values(),
        "change": edition.changes,
        "office": edition.offices.values(),
    }
    shape = form_of(edition)
    tables = {
        name: sorted((_record(edition, shape, name, item) for item in items[name]), key=_order)
        for name in shape.tables
    }
    zones = _zone_records(edition, shape)
    kinds = list(LayerKind)
    layers = sorted((r.item for r in tables["layer"]), key=lambda layer: kinds.index(layer.kind))
    form = Edition(
        info=replace(edition.info, digest=_digest(shape, tables, zones)),
        layers=tuple(layers),
        zones=MappingProxyType(
            {layer.id: tuple(r.item for r in zones.get(layer.id, ())) for layer in layers}
        ),
        clauses=tuple(r.item for r in tables["clause"]),
        documents=MappingProxyType({r.item.id: r.item for r in tables["document"]}),
        states=tuple(r.item for r in tables["place_state"]),
        coverage=tuple(r.item for r in tables["coverage"]),
        catalogues=MappingProxyType({r.item.id: r.item for r in tables["catalogue"]}),
        changes=tuple(r.item for r in tables["change"]),
        offices=MappingProxyType({r.item.id: r.item for r in tables.get("office", ())}),
    )
    return Content(form, shape, tables, zones)


def form_of(edition: Edition) -> Form:
    """Return the oldest format that holds all of ``edition``, so that old content keeps its digest."""
    newer = (
        edition.offices
        or any(clause.office for clause in edition.clauses)
        or any(change.successors for change in edition.changes)
        or any(zone.office for zones in edition.zones.values() for zone in zones)
    )
    return FORMS[2 if newer else 1]


def _order(record: Record) -> tuple[bytes, bytes]:
    return record.line, record.geometry


def _record(edition: Edition, form: Form, table: str, item: Any) -> Record:
    try:
        row = encode(form.tables[table], item)
        return Record(canonical_json(row).encode(), b"", row, item)
    except (ValueError, TypeError, AttributeError, RecursionError) as cause:
        raise _unstorable(edition, f"{table} {_name(item)}", cause) from cause


def _zone_records(edition: Edition, form: Form) -> dict[str, list[Record]]:
    every = [(layer, zone) for layer, zones in edition.zones.items() for zone in zones]
    try:
        # all shapes at once: a call per zone would cost more than the work
        shapes = canonical_shapes([zone.geometry for _, zone in every])
    except (ValueError, TypeError, ShapelyError) as cause:
        raise _unstorable(edition, "geometry", cause) from cause
    blobs = canonical_wkb(shapes)
    records: dict[str, list[Record]] = {layer: [] for layer in edition.zones}
    for (layer, zone), shape, blob in zip(every, shapes, blobs, strict=True):
        try:
            row = encode(form.zone, zone)
            line = canonical_json([text(layer), *row]).encode()
        except (ValueError, TypeError, AttributeError) as cause:
            raise _unstorable(edition, f"{layer} {_name(zone)}", cause) from cause
        records[layer].append(Record(line, blob, row, replace(zone, layer=layer, geometry=shape)))
    return {layer: sorted(rows, key=_order) for layer, rows in records.items()}


def _digest(form: Form, tables: Mapping[str, list[Record]], zones: Mapping[str, list[Record]]) -> str:
    total = hashlib.sha256(f"{FORMAT}/{form.version}\n".encode())
    for name, records in {**tables, "zone": [r for rows in zones.values() for r in rows]}.items():
        total.update(f"{name} {len(records)}\n".encode())
        # a table is a multiset of rows: sorting their hashes forgets any order
        total.update(b"".join(sorted(record.hash() for record in records)))
    return f"sha256:{total.hexdigest()}"


def _name(item: Any) -> str:
    keys = ("id", "code", "clause_id", "item", "place", "layer")
    return next((str(getattr(item, key)) for key in keys if hasattr(item, key)), "")


def _unstorable(edition: Edition, where: str, cause: Exception) -> EditionInvalid:
    return EditionInvalid(edition=edition.info.title, count=1, reason=f"{where}: {cause}")

"""The edition file: what goes in comes out, any change shows, no damage surprises."""

from __future__ import annotations

import enum
import hashlib
import json
import os
import random
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import fields, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from sample_edition import sample_edition
from sanxian import edition as editions
from sanxian import errors
from sanxian.edition import (
    Edition,
    LapseKind,
    clause_in_force,
    county_of_unit,
    digest,
    geopackage,
    normalise,
    open_edition,
    rows,
    validate,
)
from sanxian.edition.shapes import canonical_shapes
from sanxian.model import Change, Clause, Document, Office, Scope, Zone, in_force

DOCUMENT = Path(__file__).parent.parent / "docs" / "reference" / "edition-format.md"
SAMPLE_DIGEST = "sha256:11d8385b66dc803aabb910135d52077b83c4481656422b90706c30dd4fdb5f57"


@cache
def sample() -> Edition:
    return sample_edition()


@pytest.fixture(scope="session")
def sample_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("edition") / "示例 #1?.gpkg"  # characters with a meaning in addresses
    editions.write_edition(sample(), path)
    return path


@pytest.fixture
def copy(sample_path: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sample_path, tmp_path / "copy.gpkg"))


def differences(one: Edition, two: Edition) -> list[str]:
    """Names of the fields in which two editions differ; an edition itself compares by identity."""
    names = [field.name for field in fields(Edition) if field.init]  # where it was opened from is no content
    return [name for name in names if getattr(one, name) != getattr(two, name)]


def change_file(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        # triggers of the R-tree call functions only GDAL has
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            connection.execute(statement)


# --- round trip --------------------------------------------------------------------------------


def test_what_is_written_is_what_opens(sample_path: Path) -> None:
    assert differences(open_edition(sample_path), normalise(sample())) == []


def test_the_canonical_form_keeps_every_record_and_every_place() -> None:
    before, after = sample(), normalise(sample())
    for name in ("layers", "clauses", "states", "coverage", "changes"):
        assert sorted(map(repr, getattr(before, name))) == sorted(map(repr, getattr(after, name)))
    assert dict(before.documents) == dict(after.documents)
    for layer, zones in before.zones.items():
        kept = {zone.code: zone for zone in after.zones[layer]}
        assert len(kept) == len(zones)
        for zone in zones:
            assert kept[zone.code].geometry.equals(zone.geometry)
            assert replace(kept[zone.code], geometry=zone.geometry) == zone


def test_writing_returns_what_opening_returns(tmp_path: Path) -> None:
    written = editions.write_edition(sample(), tmp_path / "a.gpkg")
    assert differences(written, open_edition(tmp_path / "a.gpkg")) == []


def test_a_layer_without_zones_survives(tmp_path: Path) -> None:
    empty = replace(sample(), zones={**sample().zones, "receptor": ()})
    assert editions.write_edition(empty, tmp_path / "a.gpkg").zones["receptor"] == ()


def test_the_same_edition_gives_the_same_bytes(sample_path: Path, tmp_path: Path) -> None:
    shuffled = rearranged(sample(), random.Random(7))
    editions.write_edition(shuffled, tmp_path / "b.gpkg")
    assert (tmp_path / "b.gpkg").read_bytes() == sample_path.read_bytes()


def test_a_draft_with_broken_shapes_can_be_stored_on_request(tmp_path: Path) -> None:
    shapes = [
        "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))",  # no orientation
        "POLYGON ((1 1, 1.0000000000001 1, 1 1.0000000000001, 1 1))",  # collapses
        "MULTIPOLYGON EMPTY",
        "POINT EMPTY",
        "LINESTRING (1 1, 1 1)",
        "GEOMETRYCOLLECTION (POINT (1 1))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), EMPTY)",
        "POINT Z (1 2 3)",
    ]
    zones = tuple(
        Zone(layer="receptor", code=f"D{i}", name="", geometry=shapely.from_wkt(wkt))
        for i, wkt in enumerate(shapes)
    )
    draft = replace(sample(), zones={**sample().zones, "receptor": zones})
    with pytest.raises(errors.EditionInvalid):
        editions.write_edition(draft, tmp_path / "draft.gpkg")
    assert list(tmp_path.iterdir()) == []
    written = editions.write_edition(draft, tmp_path / "draft.gpkg", check=False)
    assert differences(written, normalise(draft)) == []


# --- the digest, against its definition ---------------------------------------------------------


def oracle_sequence(ring: list[tuple[float, float]], closed: bool) -> list[tuple[float, float]]:
    """The rules of edition-format.md §4.1, tried out one by one."""
    kept = [
        v for i, v in enumerate(ring) if v != ring[i - 1] or (i == 0 and (not closed or len(set(ring)) == 1))
    ]
    turns = [kept[i:] + kept[:i] for i in range(len(kept) if closed else 1)]
    best = min(turn for forward in turns for turn in (forward, forward[::-1]))
    return [*best, best[0]] if closed else best


def oracle_wkb(shape: BaseGeometry) -> bytes:
    def vertices(line: BaseGeometry) -> list[tuple[float, float]]:
        return [(round(x * 1e9) / 1e9, round(y * 1e9) / 1e9) for x, y in line.coords]

    if isinstance(shape, shapely.Point):
        return shapely.to_wkb(shapely.Point(vertices(shape)[0]))
    if isinstance(shape, shapely.LineString):
        return shapely.to_wkb(shapely.LineString(oracle_sequence(vertices(shape), closed=False)))
    if isinstance(shape, shapely.Polygon):
        shell, *holes = (
            oracle_sequence(vertices(ring)[:-1], closed=True) for ring in (shape.exterior, *shape.interiors)
        )
        holes.sort(key=lambda ring: shapely.to_wkb(shapely.LineString(ring)))
        return shapely.to_wkb(shapely.Polygon(shell, holes))
    parts = sorted(oracle_wkb(part) for part in shape.geoms)  # type: ignore[attr-defined]
    if len(parts) == 1:
        return parts[0]
    return shapely.to_wkb(type(shape)([shapely.from_wkb(part) for part in parts]))  # type: ignore[call-arg]


def oracle_digest(path: Path) -> str:
    """edition-format.md §4 read off the file, with GDAL for the shapes and the column lists of the document."""
    text = DOCUMENT.read_text("utf-8")
    tables: dict[str, list[str]] = {}
    for line in text.split("## 3.")[0].splitlines():
        if line.startswith("| `"):
            name, columns = line.split("|")[1:3]
            bare = re.sub("（[^）]*）", "", columns)  # remarks name values and links, not columns
            tables[name.split("`")[1]] = bare.split("`")[1::2]
    tables["edition"] = [c for c in tables["edition"] if c not in {"format", "format_version", "digest"}]
    zone_columns = ["code", "name", "class", "subtype", "regions", "attributes", "valid_from", "valid_to"]
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("SELECT format_version FROM edition").fetchone()
    if version == 2:
        for line in text.split("## 3.")[0].splitlines():
            if line.startswith("- `") and ":" in line:
                name, columns = line.split(":", 1)
                bare = re.sub("（[^）]*）", "", columns)
                tables.setdefault(name.split("`")[1], []).extend(bare.split("`")[1::2])
        zone_columns.append("office")
    may_be_null = {"valid_from", "valid_to", "published", "date"}

    def row_text(names: list[str], cells: tuple[Any, ...]) -> str:
        filled = ["" if c is None and n not in may_be_null else c for n, c in zip(names, cells, strict=True)]
        return json.dumps(filled, ensure_ascii=False, separators=(",", ":"))

    total = hashlib.sha256(f"sanxian-edition/{version}\n".encode())

    def add(name: str, hashes: list[bytes]) -> None:
        total.update(f"{name} {len(hashes)}\n".encode() + b"".join(sorted(hashes)))

    with closing(sqlite3.connect(path)) as connection:
        for name in (
            "edition",
            "layer",
            "clause",
            "rule",
            "document",
            "place_state",
            "coverage",
            "catalogue",
            "change",
            *(["office"] if version == 2 else []),
        ):
            names = ", ".join(f'"{column}"' for column in tables[name])
            found = connection.execute(f'SELECT {names} FROM "{name}"').fetchall()
            add(
                name, [hashlib.sha256(row_text(tables[name], row).encode() + b"\n").digest() for row in found]
            )
        hashes = []
        for (layer,) in connection.execute("SELECT id FROM layer").fetchall():
            _, _, shapes, _ = pyogrio.raw.read(path, layer=layer)
            names = ", ".join(f'"{column}"' for column in zone_columns)
            found = connection.execute(f'SELECT {names} FROM "{layer}" ORDER BY fid').fetchall()
            for row, wkb in zip(found, shapes, strict=True):
                start = row_text(["layer", *zone_columns], (layer, *row)).encode()
                hashes.append(hashlib.sha256(start + b"\n" + oracle_wkb(shapely.from_wkb(wkb))).digest())
        add("zone", hashes)
    return f"sha256:{total.hexdigest()}"


def test_the_digest_is_the_one_the_document_defines(sample_path: Path) -> None:
    assert open_edition(sample_path).info.digest == oracle_digest(sample_path)


def test_the_digest_of_format_2_is_the_one_the_document_defines(tmp_path: Path) -> None:
    edition = sample()
    units = tuple(replace(zone, office="B1") for zone in edition.zones["control_unit"])
    edition = replace(
        edition,
        offices={"B1": Office(id="B1", name="示例局", contact="电话", region="639901")},
        zones={**edition.zones, "control_unit": units},
        changes=(
            Change(item="control_unit/ZH1", kind="succeeded", reason="合并", successors=("ZH2", "ZH3")),
        ),
        clauses=tuple(replace(clause, office="B1") for clause in edition.clauses),
    )
    written = editions.write_edition(edition, tmp_path / "e.gpkg")
    assert written.info.digest == oracle_digest(tmp_path / "e.gpkg")


def test_the_digest_is_the_same_in_every_release() -> None:
    assert digest(sample()) == SAMPLE_DIGEST  # recorded screenings quote digests: a change breaks them


# --- what the digest is blind to -----------------------------------------------------------------


def turned(ring: BaseGeometry, rng: random.Random) -> list[tuple[float, float]]:
    vertices = list(ring.coords)[:-1]
    start = rng.randrange(len(vertices))
    vertices = vertices[start:] + vertices[:start]
    if rng.random() < 0.5:
        vertices.reverse()
    if rng.random() < 0.3:
        vertices.insert(1, vertices[0])  # the same vertex twice
    noise = 1e-11
    return [(x + rng.uniform(-noise, noise), y + rng.uniform(-noise, noise)) for x, y in vertices]


def redrawn(shape: BaseGeometry, rng: random.Random) -> BaseGeometry:
    """The same place, written down differently."""
    if isinstance(shape, shapely.Polygon):
        holes = [turned(ring, rng) for ring in shape.interiors]
        rng.shuffle(holes)
        shape = shapely.Polygon(turned(shape.exterior, rng), holes)
        return shapely.MultiPolygon([shape]) if rng.random() < 0.5 else shape
    if isinstance(shape, shapely.MultiPolygon):
        parts = [redrawn(part, rng) for part in shape.geoms]
        rng.shuffle(parts)
        return shapely.MultiPolygon([part for many in parts for part in getattr(many, "geoms", [many])])
    return shape.reverse() if isinstance(shape, shapely.LineString) and rng.random() < 0.5 else shape


def rearranged(edition: Edition, rng: random.Random) -> Edition:
    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(rng.sample(items, len(items)))

    def keys_mixed(items: Mapping[str, Any]) -> dict[str, Any]:
        return dict(mixed(tuple(items.items())))

    def zone_again(zone: Zone) -> Zone:
        return replace(zone, geometry=redrawn(zone.geometry, rng), attributes=keys_mixed(zone.attributes))

    def clause_again(clause: Clause) -> Clause:
        return replace(clause, rules=tuple(map(keys_mixed, clause.rules)))

    return replace(
        edition,
        layers=mixed(edition.layers),
        zones={
            layer: tuple(map(zone_again, mixed(zones)))
            for layer, zones in mixed(tuple(edition.zones.items()))
        },
        clauses=tuple(map(clause_again, mixed(edition.clauses))),
        documents=keys_mixed(edition.documents),
        states=mixed(edition.states),
        coverage=mixed(edition.coverage),
        catalogues=keys_mixed(edition.catalogues),
        changes=mixed(edition.changes),
    )


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_order_and_way_of_drawing_do_not_matter(seed: int) -> None:
    assert differences(normalise(rearranged(sample(), random.Random(seed))), normalise(sample())) == []


def polygons(distinct: int) -> st.SearchStrategy[shapely.MultiPolygon]:
    """Polygons on a tiny grid: crossing, touching, going back on themselves, with 1 distinct vertex collapsed."""
    place = st.tuples(*[st.integers(0, 3).map(float)] * 2)
    ring = st.lists(place, min_size=3, max_size=8).filter(lambda vertices: len(set(vertices)) >= distinct)
    polygon = st.builds(shapely.Polygon, ring, st.lists(ring, max_size=3))
    return st.lists(polygon, min_size=1, max_size=3).map(shapely.MultiPolygon)


@settings(max_examples=150)
@given(polygons(distinct=1), st.integers(0, 2**32))
def test_any_polygon_has_one_canonical_form(shape: shapely.MultiPolygon, seed: int) -> None:
    form = canonical_shapes([shape])
    again = canonical_shapes(list(form))
    other_way = canonical_shapes([redrawn(shape, random.Random(seed))])
    assert shapely.to_wkb(form[0]) == shapely.to_wkb(again[0]) == shapely.to_wkb(other_way[0])


@settings(max_examples=150)
@given(polygons(distinct=3))
def test_the_canonical_form_is_the_one_the_document_defines(shape: shapely.MultiPolygon) -> None:
    assert shapely.to_wkb(canonical_shapes([shape])[0]) == oracle_wkb(shape)


def nearly(form: BaseGeometry, seed: int) -> BaseGeometry:
    """A canonical form with one thing about it changed, or nothing."""
    parts = list(getattr(form, "geoms", [form]))
    rng = random.Random(seed)
    ring = list(parts[0].exterior.coords)[:-1]
    change = rng.randrange(8)
    if change == 0:
        ring = ring[1:] + ring[:1]
    elif change == 1:
        ring.reverse()
        ring = ring[-1:] + ring[:-1]
    elif change == 2:
        ring.insert(2, ring[1])
    elif change == 3:
        ring = [(x + 1e-11, y) for x, y in ring]
    elif change == 4:
        parts.reverse()
    elif change == 5:
        ring = [(x or -0.0, y) for x, y in ring]
    holes = list(parts[0].interiors)
    if change == 6:
        holes.reverse()
    if change != 4:
        parts[0] = shapely.Polygon(ring, holes)
    return shapely.MultiPolygon(parts)


@settings(max_examples=150)
@given(st.lists(polygons(distinct=3), min_size=1, max_size=5), st.integers(0, 2**32))
def test_shapes_that_are_in_form_already_or_nearly_come_out_as_the_document_says(
    shapes: list[shapely.MultiPolygon], seed: int
) -> None:
    forms = [form for form in canonical_shapes(shapes) if form.geom_type in {"Polygon", "MultiPolygon"}]
    batch = forms + [nearly(form, seed + i) for i, form in enumerate(forms)]
    assert shapely.to_wkb(canonical_shapes(batch)).tolist() == [oracle_wkb(shape) for shape in batch]


def test_an_empty_part_is_no_part_of_the_canonical_form() -> None:
    square = canonical_shapes([shapely.box(1, 2, 3, 4)])[0]
    with_nothing = shapely.multipolygons([square, shapely.Polygon()])
    assert shapely.to_wkb(canonical_shapes([with_nothing])[0]) == shapely.to_wkb(square)


# --- what changes the digest ---------------------------------------------------------------------


def other(value: Any) -> Any:
    """A value of the same type that differs."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, BaseGeometry):  # its first vertex moved by 0.2 mm
        return shapely.transform(value, lambda c: c + 2e-9 * (c == c[0]).all(axis=1, keepdims=True))
    if isinstance(value, float):
        return value + 0.5
    if value is None:
        return date(2027, 5, 5)
    if isinstance(value, Scope):
        return replace(value, parks=(*value.parks, "YQ002"))
    if isinstance(value, Mapping):
        return {**value, "备注": "另记"}
    if isinstance(value, tuple):
        return (*value, "9") if not value or isinstance(value[0], str) else (*value, {"effect": "INFORM"})
    if isinstance(value, enum.Enum):
        return next(member for member in type(value) if member != value)
    return f"{value}x"


COLLECTIONS = ("layers", "clauses", "states", "coverage", "changes")


def members(edition: Edition) -> Iterator[tuple[str, Any, Callable[[Any], Edition]]]:
    """Every record with a function that gives the edition with another in its place (None: without it)."""

    def changed(name: str, value: Any) -> Edition:
        values: dict[str, Any] = {name: value}
        return replace(edition, **values)

    def in_tuple(name: str, index: int) -> Callable[[Any], Edition]:
        kept = getattr(edition, name)
        return lambda new: changed(name, (*kept[:index], *filter(None, [new]), *kept[index + 1 :]))

    def in_map(name: str, key: str) -> Callable[[Any], Edition]:
        kept = {k: v for k, v in getattr(edition, name).items() if k != key}
        return lambda new: changed(name, kept | ({} if new is None else {key: new}))

    def in_layer(layer: str, index: int) -> Callable[[Any], Edition]:
        kept = edition.zones[layer]
        return lambda new: replace(
            edition, zones={**edition.zones, layer: (*kept[:index], *filter(None, [new]), *kept[index + 1 :])}
        )

    for name in COLLECTIONS:
        for index, item in enumerate(getattr(edition, name)):
            yield f"{name}[{index}]", item, in_tuple(name, index)
    for name in ("documents", "catalogues"):
        for key, item in getattr(edition, name).items():
            yield f"{name}[{key}]", item, in_map(name, key)
    for layer, zones in edition.zones.items():
        for index, zone in enumerate(zones):
            yield f"zones[{layer}][{index}]", zone, in_layer(layer, index)


def changes() -> Iterator[Any]:
    """One changed edition per field of every type, and one without each record."""
    edition = sample()
    seen: set[tuple[type, str]] = set()
    for field in fields(edition.info):
        if field.name != "digest":
            changed = replace(edition.info, **{field.name: other(getattr(edition.info, field.name))})
            yield pytest.param(replace(edition, info=changed), id=f"info.{field.name}")
    for where, item, put in members(edition):
        yield pytest.param(put(None), id=f"{where} removed")
        for field in fields(item):
            if (type(item), field.name) in seen or (isinstance(item, Zone) and field.name == "layer"):
                continue
            seen.add((type(item), field.name))
            yield pytest.param(
                put(replace(item, **{field.name: other(getattr(item, field.name))})),
                id=f"{where}.{field.name}",
            )
    clause = next(c for c in edition.clauses if c.rules)
    rest = tuple(c for c in edition.clauses if c is not clause)
    for name, rules in {
        "value": ({**clause.rules[0], "until": "2030-01-01"},),
        "twice": clause.rules * 2,
        "none": (),
        "int or float": ({**clause.rules[0], "quote": [0.0, 3]},),
    }.items():
        yield pytest.param(
            replace(edition, clauses=(*rest, replace(clause, rules=rules))), id=f"rules {name}"
        )
    river = edition.zones["river"][0]
    yield pytest.param(
        replace(edition, zones={**edition.zones, "river": (replace(river, geometry=other(river.geometry)),)}),
        id="a line moved",
    )
    moved = {**edition.zones, "park": (), "receptor": (*edition.zones["receptor"], *edition.zones["park"])}
    yield pytest.param(replace(edition, zones=moved), id="zone in another layer")


@pytest.mark.parametrize("changed", list(changes()))
def test_any_change_changes_the_digest(changed: Edition) -> None:
    assert digest(changed) != digest(sample())


def test_the_order_of_rules_in_a_clause_counts() -> None:
    first = sample().clauses[0]
    two = ({"effect": "INFORM"}, {"effect": "ENCOURAGE"})
    one_way, other_way = (replace(sample(), clauses=(replace(first, rules=r),)) for r in (two, two[::-1]))
    assert digest(one_way) != digest(other_way)


def test_the_stored_digest_is_no_part_of_the_content() -> None:
    assert digest(replace(sample(), info=replace(sample().info, digest="sha256:0"))) == digest(sample())


def stored_columns() -> list[tuple[str, str]]:
    ours = [(table, column.name) for table, columns in rows.FORMS[1].tables.items() for column in columns]
    return [
        *ours,
        *(("control_unit", column.name) for column in rows.FORMS[1].zone),
        ("control_unit", "geom"),
        ("edition", "digest"),
    ]


@pytest.mark.parametrize(("table", "column"), stored_columns())
def test_a_cell_changed_in_the_file_is_noticed(copy: Path, table: str, column: str) -> None:
    changed = f"""UPDATE "{table}" SET "{column}" = CASE typeof("{column}")
        WHEN 'text' THEN CASE WHEN "{column}" GLOB '20??-*' THEN '2019-01-01' ELSE "{column}" || 'x' END
        WHEN 'null' THEN '2030-12-30'
        WHEN 'blob' THEN (SELECT geom FROM control_unit WHERE fid = 2)
        ELSE 1 - "{column}" END WHERE fid = 1"""
    change_file(copy, changed)
    with pytest.raises((errors.EditionAltered, errors.EditionBroken, errors.EditionIncomplete)):
        open_edition(copy)


@pytest.mark.parametrize("table", [*rows.FORMS[1].tables, "control_unit", "river"])
def test_a_row_removed_from_the_file_is_noticed(copy: Path, table: str) -> None:
    change_file(copy, f'DELETE FROM "{table}" WHERE fid = 1')
    with pytest.raises(errors.EditionError):
        open_edition(copy)


def test_an_altered_file_can_be_looked_at_without_verification(copy: Path) -> None:
    change_file(copy, "UPDATE clause SET text = '改过' WHERE id = 'S-09'")
    edition = open_edition(copy, verify=False)
    assert edition.info.digest != digest(sample())  # the digest it states is that of what it holds
    assert {c.id: c.text for c in edition.clauses}["S-09"] == "改过"


def test_what_people_add_in_qgis_is_ignored(copy: Path) -> None:
    change_file(
        copy,
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY, style TEXT)",
        "CREATE TABLE notes (fid INTEGER PRIMARY KEY, geom BLOB)",
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('notes', 'features', 'notes')",
        "INSERT INTO gpkg_geometry_columns VALUES ('notes', 'geom', 'POINT', 4326, 0, 0)",
        "ALTER TABLE control_unit ADD COLUMN my_remark TEXT",
        "ALTER TABLE clause ADD COLUMN my_remark TEXT DEFAULT '核对过'",
    )
    assert differences(open_edition(copy), normalise(sample())) == []


def test_rows_and_columns_in_another_order_are_the_same_edition(copy: Path) -> None:
    statements = []
    for table in [*rows.FORMS[1].tables, "control_unit", "receptor"]:
        with closing(sqlite3.connect(copy)) as connection:
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
        names = ", ".join(f'"{column}"' for column in reversed(columns) if column != "fid")
        statements += [
            f'CREATE TABLE scratch AS SELECT {names} FROM "{table}" ORDER BY fid DESC',
            f'DROP TABLE "{table}"',
            f'ALTER TABLE scratch RENAME TO "{table}"',
        ]
    change_file(copy, *statements)
    assert differences(open_edition(copy), normalise(sample())) == []


# --- bad files -------------------------------------------------------------------------------------


def opens_as_published_or_fails_clearly(path: Path) -> bool:
    """Whether the file opens; then it holds what was published. Any error but an EditionError escapes."""
    try:
        edition = open_edition(path)
    except errors.EditionError as error:
        assert error.text("zh-CN")
        assert error.text("en")
        return False
    assert edition.info.digest == digest(sample())
    return True


def test_a_truncated_file_never_opens_as_another(sample_path: Path, tmp_path: Path) -> None:
    whole = sample_path.read_bytes()
    lengths = [*range(0, 120, 7), *range(120, len(whole), len(whole) // 60), len(whole) - 1]
    path = tmp_path / "cut.gpkg"
    for length in lengths:
        path.write_bytes(whole[:length])
        opens_as_published_or_fails_clearly(path)
    path.write_bytes(whole[: len(whole) // 2])
    assert not opens_as_published_or_fails_clearly(path)


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bytes_never_open_as_another(sample_path: Path, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    whole = sample_path.read_bytes()
    used = [i for i, byte in enumerate(whole) if byte]  # most of a small SQLite file is free space
    path = tmp_path / "flipped.gpkg"
    opened = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(rng.choice((1, 1, 1, 8))):
            place = rng.choice(used) if rng.random() < 0.8 else rng.randrange(len(whole))
            damaged[place] ^= rng.randrange(1, 256)
        path.write_bytes(damaged)
        opened += opens_as_published_or_fails_clearly(path)
    assert opened < 60


def test_a_page_of_zeros_anywhere_is_an_edition_error_or_unused(sample_path: Path, tmp_path: Path) -> None:
    whole = sample_path.read_bytes()
    path = tmp_path / "zeros.gpkg"
    for page in range(0, len(whole), 4096):
        path.write_bytes(whole[:page] + bytes(4096) + whole[page + 4096 :])
        opens_as_published_or_fails_clearly(path)


def foreign_geopackage(path: Path) -> None:
    pyogrio.raw.write(
        str(path), shapely.to_wkb([shapely.Point(100, 36)]), [np.array(["x"], dtype=object)], ["name"],
        layer="places", driver="GPKG", geometry_type="Point", crs="EPSG:4490",
    )  # fmt: skip


def plain_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE edition (format, format_version, digest)")


BAD_FILES: dict[str, tuple[Callable[[Path], object], type[errors.EditionError]]] = {
    "absent": (lambda _: None, errors.EditionNotFound),
    "directory": (Path.mkdir, errors.EditionFormat),
    "empty": (Path.touch, errors.EditionFormat),
    "text": (lambda path: path.write_text("成果"), errors.EditionFormat),
    "zip": (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(200)), errors.EditionFormat),
    "header only": (lambda path: path.write_bytes(b"SQLite format 3\0"), errors.EditionFormat),
    "plain SQLite": (plain_sqlite, errors.EditionFormat),
    "foreign GeoPackage": (foreign_geopackage, errors.EditionForeign),
    "pipe": (os.mkfifo, errors.EditionNotFound),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_no_edition_is_refused_by_name(tmp_path: Path, name: str) -> None:
    make, expected = BAD_FILES[name]
    make(tmp_path / "x.gpkg")
    with pytest.raises(expected) as caught:
        open_edition(tmp_path / "x.gpkg")
    assert "x.gpkg" in caught.value.text("zh-CN")
    assert "x.gpkg" in caught.value.text("en")


TAMPERED: dict[str, tuple[str, type[errors.EditionError], str]] = {
    "table dropped": ("DROP TABLE place_state", errors.EditionIncomplete, "place_state"),
    "feature table dropped": ("DROP TABLE river", errors.EditionIncomplete, "river"),
    "column dropped": ("ALTER TABLE clause DROP COLUMN scope", errors.EditionIncomplete, "clause.scope"),
    "geometry not registered": (
        "DELETE FROM gpkg_geometry_columns",
        errors.EditionIncomplete,
        "control_unit",
    ),
    "newer": ("UPDATE edition SET format_version = 3", errors.EditionNewer, "3"),
    "another product": ("UPDATE edition SET format = 'other'", errors.EditionForeign, "other"),
    "no identity": ("DELETE FROM edition", errors.EditionBroken, "0 rows"),
    "WGS 84": ("UPDATE gpkg_geometry_columns SET srs_id = 4326", errors.EditionBroken, "EPSG:4326"),
    "rule of no clause": (
        "UPDATE rule SET clause_id = 'none' WHERE fid = 1",
        errors.EditionBroken,
        "no such clause",
    ),
    "rule is no JSON": ("UPDATE rule SET rule = '{' WHERE fid = 1", errors.EditionBroken, "rule #1"),
    "deep JSON": (f"UPDATE rule SET rule = '{'[' * 100000}' WHERE fid = 1", errors.EditionBroken, "rule #1"),
    "infinite number": ("UPDATE layer SET near_m = 9e999 WHERE fid = 1", errors.EditionBroken, "near_m"),
    "text where a number is due": (
        "UPDATE layer SET near_m = 'near' WHERE fid = 1",
        errors.EditionBroken,
        "near_m",
    ),
    "no date": ("UPDATE clause SET valid_from = 'soon' WHERE fid = 1", errors.EditionBroken, "valid_from"),
    "unknown kind": ("UPDATE layer SET kind = 'lake' WHERE fid = 1", errors.EditionBroken, "kind"),
    "no geometry": ("UPDATE park SET geom = NULL", errors.EditionBroken, "park #1"),
    "garbage geometry": ("UPDATE park SET geom = x'47500001'", errors.EditionBroken, "park #1"),
    "geometry cut": (
        "UPDATE park SET geom = substr(geom, 1, length(geom) - 9)",
        errors.EditionBroken,
        "park #1",
    ),
    "hostile layer id": (
        "UPDATE layer SET id = 'x\" UNION SELECT' WHERE fid = 1",
        errors.EditionBroken,
        "UNION",
    ),
    "text not UTF-8": (
        "UPDATE clause SET text = CAST(x'ff41' AS TEXT) WHERE fid = 1",
        errors.EditionBroken,
        "",
    ),
    "repeated document": (
        "INSERT INTO document (id, title) VALUES ('list-2026', '')",
        errors.EditionBroken,
        "repeated",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
@pytest.mark.parametrize("verify", [True, False])
def test_what_is_wrong_with_a_file_is_named(copy: Path, name: str, verify: bool) -> None:
    statement, expected, word = TAMPERED[name]
    change_file(copy, statement)
    with pytest.raises(expected) as caught:
        open_edition(copy, verify=verify)
    assert word in caught.value.text("zh-CN")


def test_a_view_in_place_of_a_table_is_not_run(copy: Path) -> None:
    change_file(
        copy,
        "DROP TABLE change",
        "CREATE VIEW change AS WITH RECURSIVE n(item) AS (SELECT 1 UNION ALL SELECT item + 1 FROM n) "
        "SELECT item, item AS kind, item AS reason, item AS 'trigger' FROM n",
    )
    with pytest.raises(errors.EditionIncomplete, match="change"):
        open_edition(copy)


def test_a_file_being_edited_is_refused_and_opens_when_closed(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as editor:
        editor.execute("PRAGMA journal_mode = WAL")
        editor.execute("CREATE TABLE notes (x)")
        editor.commit()
        with pytest.raises(errors.EditionBusy):
            open_edition(copy)
    assert open_edition(copy).info.digest == digest(sample())  # its header still says WAL


# --- opening leaves no trace -----------------------------------------------------------------------


def test_opening_writes_nothing(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as editor:
        editor.execute("PRAGMA journal_mode = WAL")  # as QGIS leaves it
    before = (copy.read_bytes(), copy.stat().st_mtime_ns, sorted(copy.parent.iterdir()))
    open_edition(copy)
    assert (copy.read_bytes(), copy.stat().st_mtime_ns, sorted(copy.parent.iterdir())) == before


def test_many_open_the_same_file_at_once(sample_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: open_edition(sample_path).info.digest, range(16)))
    assert set(found) == {digest(sample())}


def test_opening_does_not_pay_for_gdal(sample_path: Path) -> None:
    program = (
        "import sys; from sanxian.edition import open_edition; open_edition(sys.argv[1]);"
        "print([m for m in ('pyogrio', 'pyproj', 'numba', 'pandas') if m in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(sample_path)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == "[]"


# --- other programs --------------------------------------------------------------------------------


def test_gdal_reads_every_layer_in_cgcs2000(sample_path: Path) -> None:
    geometry_types = dict(pyogrio.list_layers(sample_path).tolist())
    for layer in sample().layers:
        info = pyogrio.read_info(sample_path, layer=layer.id)
        assert info["crs"] == "EPSG:4490"
        assert info["features"] == len(sample().zones[layer.id])
        assert geometry_types[layer.id] in {"MultiPolygon", "MultiLineString", "Unknown"}
        meta, _, shapes, columns = pyogrio.raw.read(sample_path, layer=layer.id)
        codes = dict(zip(meta["fields"], columns, strict=True))["code"].tolist()
        assert sorted(codes) == sorted(zone.code for zone in sample().zones[layer.id])
        assert all(shapely.is_valid(shapely.from_wkb(shapes)))
    assert {name for name, kind in geometry_types.items() if kind is None} == set(rows.FORMS[1].tables)
    assert geometry_types["receptor"] == "Unknown"  # points and areas


def test_the_file_is_a_sound_geopackage(sample_path: Path) -> None:
    with closing(sqlite3.connect(sample_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA application_id").fetchone()[0] == int.from_bytes(b"GPKG")
        assert connection.execute("PRAGMA user_version").fetchone()[0] in {10300, 10400}
        contents_of = dict(connection.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall())
        assert {t for t, kind in contents_of.items() if kind == "features"} == set(sample().zones)
        assert {t for t, kind in contents_of.items() if kind == "attributes"} == set(rows.FORMS[1].tables)
        stamps = connection.execute("SELECT DISTINCT last_change FROM gpkg_contents").fetchall()
        assert stamps == [("2025-12-20T00:00:00.000Z",)]
        indexed = connection.execute(
            "SELECT table_name FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'"
        )
        assert {row[0] for row in indexed} == set(sample().zones)


# --- writing fails cleanly -------------------------------------------------------------------------


def leaves_the_old_file(directory: Path, write: Callable[[Path], object]) -> errors.OutputFailed:
    target = directory / "edition.gpkg"
    target.write_bytes(b"what was there before")
    with pytest.raises(errors.OutputFailed) as caught:
        write(target)
    assert sorted(path.name for path in directory.iterdir()) == ["edition.gpkg"]
    assert target.read_bytes() == b"what was there before"
    return caught.value


def test_a_reader_of_the_old_file_keeps_it_while_a_new_one_takes_its_place(copy: Path) -> None:
    old = copy.read_bytes()
    with copy.open("rb") as reader:
        editions.write_edition(replace(sample(), changes=()), copy)
        assert reader.read() == old
    assert open_edition(copy).changes == ()


@pytest.mark.parametrize("step", ["write_features", "write_tables", "_sync"])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(geopackage, step, full)
    error = leaves_the_old_file(tmp_path, lambda path: editions.write_edition(sample(), path))
    assert "磁盘空间不足" in error.text("zh-CN")
    assert "no space left" in error.text("en")


def test_a_file_that_cannot_grow_leaves_the_old_file(tmp_path: Path) -> None:
    """The system itself refuses the bytes, at every stage of writing, GDAL's included."""
    for limit in (1_000, 20_000, 100_000, 250_000, 300_000):
        directory = tmp_path / str(limit)
        directory.mkdir()

        def limited(path: Path, limit: int = limit) -> None:
            before = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
            try:
                editions.write_edition(sample(), path)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)

        leaves_the_old_file(directory, limited)


def test_a_file_damaged_while_written_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_content = geopackage._write_content

    def lossy(content: Any, path: Path) -> None:
        write_content(content, path)
        change_file(path, "UPDATE clause SET text = '' WHERE fid = 3")

    monkeypatch.setattr(geopackage, "_write_content", lossy)
    leaves_the_old_file(tmp_path, lambda path: editions.write_edition(sample(), path))


def test_places_that_cannot_be_written_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "open.gpkg-wal").touch()
    for path in (tmp_path / "none" / "a.gpkg", tmp_path / "taken", tmp_path / "open.gpkg"):
        with pytest.raises(errors.OutputFailed, match=path.name):
            editions.write_edition(sample(), path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["open.gpkg-wal", "taken"]

    def denied(**_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", denied)  # root may write anywhere
    with pytest.raises(errors.OutputFailed, match="Permission denied"):
        editions.write_edition(sample(), tmp_path / "a.gpkg")


@pytest.mark.parametrize(
    "changed",
    [
        replace(sample(), clauses=(replace(sample().clauses[0], rules=({"value": float("nan")},)),)),
        replace(sample(), clauses=(replace(sample().clauses[0], rules=({"value": {1, 2}},)),)),
        replace(sample(), clauses=(replace(sample().clauses[0], text="一\0二"),)),
        replace(sample(), clauses=(replace(sample().clauses[0], text="\ud800"),)),
        replace(sample(), layers=(replace(sample().layers[0], accuracy_m=float("inf")), *sample().layers[1:])),
        replace(sample(), zones={**sample().zones, "park": (replace(sample().zones["park"][0], geometry=shapely.Point(float("nan"), 1)),)}),
        replace(sample(), zones={**sample().zones, "park": (replace(sample().zones["park"][0], geometry=None),)}),  # type: ignore[arg-type]
    ],
    ids=["NaN in a rule", "set in a rule", "NUL", "surrogate", "infinity", "NaN coordinate", "no geometry"],
)  # fmt: skip
def test_what_no_file_can_hold_is_refused(tmp_path: Path, changed: Edition) -> None:
    for attempt in (digest, normalise, lambda e: editions.write_edition(e, tmp_path / "a.gpkg", check=False)):
        with pytest.raises(errors.EditionInvalid):
            attempt(changed)
    assert list(tmp_path.iterdir()) == []


# --- time and codes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (date(2025, 12, 31), errors.EditionNotInForce),
        (date(2026, 1, 1), None),
        (date(2030, 12, 31), None),
        (date(2031, 1, 1), errors.EditionExpired),
    ],
)
def test_an_edition_is_in_force_from_its_first_to_its_last_day(
    as_of: date, expected: type[Exception] | None
) -> None:
    if expected is None:
        sample().in_force(as_of)
        return
    with pytest.raises(expected) as caught:
        sample().in_force(as_of)
    assert str(as_of) in str(caught.value)


def test_an_edition_without_last_day_stays_in_force() -> None:
    replace(sample(), info=replace(sample().info, valid_to=None)).in_force(date(2999, 1, 1))


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "expected"),
    [
        (None, None, True),
        (date(2026, 6, 1), date(2026, 6, 1), True),  # both days count
        (date(2026, 6, 2), None, False),
        (None, date(2026, 5, 31), False),
    ],
)
def test_the_first_and_the_last_day_are_in_force(
    valid_from: date | None, valid_to: date | None, expected: bool
) -> None:
    assert in_force(valid_from, valid_to, AS_OF) is expected


AS_OF = date(2026, 6, 1)
NEW_LIST = Document(id="new", title="新清单", number="1号", valid_from=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("own", "document", "kind"),
    [
        ({}, {}, None),
        ({"valid_from": AS_OF, "valid_to": AS_OF}, {"valid_from": AS_OF, "valid_to": AS_OF}, None),
        ({"valid_from": date(2026, 6, 2)}, {}, LapseKind.NOT_YET),
        ({"valid_to": date(2026, 5, 31)}, {}, LapseKind.ENDED),
        ({}, {"valid_from": date(2026, 6, 2)}, LapseKind.DOCUMENT_NOT_YET),
        ({}, {"valid_to": date(2026, 5, 31)}, LapseKind.DOCUMENT_ENDED),
        ({}, {"superseded_by": "new"}, LapseKind.DOCUMENT_SUPERSEDED),
        ({}, {"superseded_by": "new", "valid_to": date(2026, 12, 31)}, None),  # both in use for a while
        ({}, {"superseded_by": "unheard of"}, None),
        ({}, {"superseded_by": "old"}, None),  # by itself
    ],
)
def test_a_clause_lapses_by_its_own_dates_and_its_document_s(
    own: dict[str, Any], document: dict[str, Any], kind: LapseKind | None
) -> None:
    clause = replace(sample().clauses[0], document="old", valid_from=None, valid_to=None)
    old = Document(id="old", title="旧清单", **document)
    edition = replace(sample(), documents={"old": old, "new": NEW_LIST})
    lapse = clause_in_force(replace(clause, **own), edition, AS_OF)
    assert (lapse and lapse.kind) == kind
    if lapse is not None:
        assert str(lapse.on) in lapse.zh
        assert str(lapse.on) in lapse.en


def test_a_lapse_names_the_document_in_force_at_the_end_of_the_chain() -> None:
    documents = {
        "old": Document(id="old", title="旧", valid_to=date(2020, 1, 1), superseded_by="mid"),
        "mid": Document(id="mid", title="中", valid_to=date(2025, 1, 1), superseded_by="new"),
        "new": replace(NEW_LIST, superseded_by="old"),  # a circle must not hang
    }
    clause = replace(sample().clauses[0], document="old")
    lapse = clause_in_force(clause, replace(sample(), documents=documents), AS_OF)
    assert lapse is not None
    assert lapse.successor == documents["new"]
    assert "《新清单 1号》" in lapse.zh
    assert clause_in_force(replace(clause, document="not there"), sample(), AS_OF) is None


@pytest.mark.parametrize(
    ("code", "county"),
    [
        ("ZH63010220003", "630102"),
        ("ZH63010240003", None),
        ("HY32000010001", None),
        ("zh63010220003", None),
        ("", None),
        ("ZH６３010220003", None),
    ],
)
def test_the_county_of_a_unit_code_is_read_softly(code: str, county: str | None) -> None:
    assert county_of_unit(code) == county


def test_the_outline_is_the_province_else_the_counties() -> None:
    edition = sample()
    box = shapely.box(100.0, 36.0, 100.4, 36.2)
    assert edition.outline.equals(box)
    counties = replace(edition, zones={**edition.zones, "province": ()})
    assert counties.outline.equals(box)
    with pytest.raises(errors.EditionIncomplete):
        _ = replace(counties, zones={**counties.zones, "county": ()}).outline
    assert edition.layer("red_line").accuracy_m == 50.0
    with pytest.raises(KeyError):
        edition.layer("none")


# --- checks --------------------------------------------------------------------------------------------


def test_the_sample_has_no_problem() -> None:
    assert validate(sample()) == ()


def with_zone(layer: str, /, **changed: Any) -> Edition:
    first, *rest = sample().zones[layer]
    return replace(sample(), zones={**sample().zones, layer: (replace(first, **changed), *rest)})


def with_layer(**changed: Any) -> Edition:
    first, *rest = sample().layers
    return replace(sample(), layers=(replace(first, **changed), *rest))


def with_clause(**changed: Any) -> Edition:
    first, *rest = sample().clauses
    return replace(sample(), clauses=(replace(first, **changed), *rest))


def with_info(**changed: Any) -> Edition:
    return replace(sample(), info=replace(sample().info, **changed))


def with_document(**changed: Any) -> Edition:
    documents = dict(sample().documents)
    documents["list-2026"] = replace(documents["list-2026"], **changed)
    return replace(sample(), documents=documents)


BOWTIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
PROBLEMS: list[tuple[str, str, Callable[[], Edition]]] = [
    ("error", "NO_LAYER", lambda: replace(sample(), layers=())),
    ("error", "LAYER_ID", lambda: with_layer(id="Control Unit")),
    ("error", "LAYER_ID", lambda: with_layer(id="clause")),
    ("error", "LAYER_ID", lambda: with_layer(id="gpkg_contents")),
    ("error", "LAYER_REPEATED", lambda: replace(sample(), layers=sample().layers * 2)),
    ("error", "LAYER_UNDECLARED", lambda: replace(sample(), layers=sample().layers[1:])),
    ("error", "LAYER_MISSING", lambda: replace(sample(), zones={k: v for k, v in sample().zones.items() if k != "park"})),
    ("error", "LAYER_NUMBER", lambda: with_layer(accuracy_m=-1.0)),
    ("error", "NO_COVERAGE", lambda: replace(sample(), coverage=sample().coverage[1:])),
    ("error", "COVERAGE_LAYER", lambda: replace(sample(), coverage=(*sample().coverage, replace(sample().coverage[0], layer="x")))),
    ("warning", "COVERAGE_REGION", lambda: replace(sample(), coverage=(*sample().coverage, replace(sample().coverage[0], region="11")))),
    ("error", "NO_OUTLINE", lambda: replace(sample(), zones={**sample().zones, "province": (), "county": ()})),
    ("error", "INFO_EMPTY", lambda: with_info(region="")),
    ("error", "AREA_METHOD", lambda: with_info(area_method="planar")),
    ("error", "DATES", lambda: with_info(valid_to=date(2025, 1, 1))),
    ("error", "DATES", lambda: with_zone("park", valid_from=date(2026, 1, 2), valid_to=date(2026, 1, 1))),
    ("error", "DATES", lambda: with_clause(valid_from=date(2026, 1, 2), valid_to=date(2026, 1, 1))),
    ("error", "DATES", lambda: with_document(valid_to=date(2025, 1, 1))),
    ("error", "DATES", lambda: replace(sample(), states=(replace(sample().states[0], valid_to=date(2020, 1, 1)),))),
    ("error", "DATES", lambda: replace(sample(), catalogues={"two_high": replace(sample().catalogues["two_high"], valid_to=date(2020, 1, 1))})),
    ("error", "CODE_EMPTY", lambda: with_zone("park", code="")),
    ("error", "CODE_REPEATED", lambda: replace(sample(), zones={**sample().zones, "park": sample().zones["park"] * 2})),
    ("error", "ZONE_LAYER", lambda: with_zone("park", layer="river")),
    ("error", "GEOMETRY", lambda: with_zone("park", geometry=None)),
    ("error", "GEOMETRY_EMPTY", lambda: with_zone("park", geometry=shapely.Polygon())),
    ("error", "GEOMETRY_TYPE", lambda: with_zone("park", geometry=shapely.Point(100, 36))),
    ("error", "GEOMETRY_TYPE", lambda: with_zone("river", geometry=shapely.Point(100, 36))),
    ("error", "GEOMETRY_TYPE", lambda: with_zone("receptor", geometry=shapely.GeometryCollection([shapely.Point(1, 1)]))),
    ("error", "GEOMETRY_RANGE", lambda: with_zone("park", geometry=shapely.box(4e5, 4e6, 5e5, 5e6))),
    ("error", "GEOMETRY_INVALID", lambda: with_zone("park", geometry=BOWTIE)),
    ("error", "GEOMETRY_INVALID", lambda: with_zone("park", geometry=shapely.box(100, 36, 100 + 1e-10, 36 + 1e-10))),
    ("error", "UNIT_CLASS", lambda: with_zone("control_unit", zone_class="优先")),
    ("error", "UNIT_CODE", lambda: with_zone("control_unit", code="ZH6399011001")),
    ("warning", "UNIT_CODE", lambda: with_zone("control_unit", code="HY63990110001")),
    ("error", "UNIT_CODE_CLASS", lambda: with_zone("control_unit", zone_class="KEY")),
    ("warning", "UNIT_COUNTY", lambda: with_zone("control_unit", code="ZH63999910001")),
    ("error", "CLAUSE_REPEATED", lambda: replace(sample(), clauses=sample().clauses * 2)),
    ("error", "CLAUSE_EMPTY", lambda: with_clause(text="")),
    ("error", "CLAUSE_DOCUMENT", lambda: with_clause(document="none")),
    ("error", "SCOPE_EMPTY", lambda: with_clause(scope=Scope())),
    ("error", "SCOPE_UNIT", lambda: with_clause(scope=Scope(units=("ZH63990110009",)))),
    ("error", "SCOPE_UNIT", lambda: with_clause(scope=Scope(units=("YQ001",)))),
    ("error", "SCOPE_PARK", lambda: with_clause(scope=Scope(parks=("none",)))),
    ("error", "SCOPE_BLOCK", lambda: with_clause(scope=Scope(blocks=("none",)))),
    ("error", "SCOPE_REGION", lambda: with_clause(scope=Scope(regions=("639900",)))),
    ("error", "SCOPE_REGION", lambda: with_clause(scope=Scope(regions=("",)))),
    ("error", "SCOPE_CLASS", lambda: with_clause(scope=Scope(classes=("优先",)))),
    ("error", "SCOPE_LAYER", lambda: with_clause(scope=Scope(zones=("lake:示例湖",)))),
    ("warning", "SCOPE_NO_ZONE", lambda: with_clause(scope=Scope(zones=("river:黄河",)))),
    ("error", "KEY_DIFFERS", lambda: with_document(id="other")),
    ("error", "KEY_DIFFERS", lambda: replace(sample(), catalogues={"x": sample().catalogues["two_high"]})),
    ("warning", "SUCCESSOR", lambda: with_document(superseded_by="none")),
    ("warning", "CATALOGUE_EMPTY", lambda: replace(sample(), catalogues={"two_high": replace(sample().catalogues["two_high"], industries=())})),
    ("warning", "STATE_PLACE", lambda: replace(sample(), states=(replace(sample().states[0], place="110101"),))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("severity", "code", "make"), PROBLEMS, ids=[f"{c}-{i}" for i, (_, c, _) in enumerate(PROBLEMS)]
)
def test_each_problem_is_found(severity: str, code: str, make: Callable[[], Edition]) -> None:
    found = [problem for problem in validate(make()) if problem.code == code]
    assert found
    assert {problem.severity for problem in found} == {severity}
    assert all(problem.zh and problem.en and problem.zh != problem.en for problem in found)


def test_every_problem_is_documented() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert {code for _, code, _ in PROBLEMS} <= set(text.split("`"))
    assert {
        code for _, code, make in PROBLEMS if code in editions.validity.UNWRITABLE
    } == editions.validity.UNWRITABLE


@pytest.mark.parametrize("code", sorted(editions.validity.UNWRITABLE))
def test_what_tables_cannot_hold_is_refused_for_drafts_too(tmp_path: Path, code: str) -> None:
    make = next(make for _, found, make in PROBLEMS if found == code)
    with pytest.raises(errors.EditionInvalid):
        editions.write_edition(make(), tmp_path / "a.gpkg", check=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "number",
    [i for i, (_, code, _) in enumerate(PROBLEMS) if code not in {*editions.validity.UNWRITABLE, "GEOMETRY"}],
)
def test_every_other_draft_can_be_stored(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power cut here, and the disk is slow
    draft = PROBLEMS[number][2]()
    written = editions.write_edition(draft, tmp_path / "a.gpkg", check=False)
    assert written.info.digest == digest(draft)

"""What is exported in the official shape and taken in again is the same edition, digest and all."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo_edition import demo_edition
from sample_edition import sample_edition
from sanxian.edition import Edition, digest, normalise, open_draft, open_edition, write_edition
from sanxian.errors import BadProfile, EditionInvalid, ExportRefused
from sanxian.ingest import FORMATS, Ingested, export, ingest, load_profile
from sanxian.model import Change, Office, Zone

LONG = "依据《示例条例》，" * 60  # 540 characters, 1,620 bytes: no DBF field holds it
HUGE = "应落实“一源一策”_x000D_管控。" * 4000  # more than a cell of a workbook holds


def with_offices(edition: Edition) -> Edition:
    """Return an edition of format 2: offices, and codes with successors."""
    offices = (
        Office(id="o1", name="示例市生态环境局", contact="0000-0000000", region="63"),
        Office(id="o2", name="甲县分局", region="639901"),
    )
    zones = {
        layer: tuple(replace(z, office="o2" if "639901" in z.regions else "o1") for z in every)
        for layer, every in edition.zones.items()
    }
    return replace(
        edition,
        zones=zones,
        clauses=tuple(replace(c, office="o1") for c in edition.clauses),
        offices={o.id: o for o in offices},
        changes=(
            *edition.changes,
            Change(
                item="control_unit/ZH63990110009",
                kind="succeeded",
                reason="合并",
                successors=("ZH63990110001",),
            ),
            Change(item="park/YQ009", kind="succeeded", reason="撤销园区"),
        ),
    )


def taken_in(folder: Path, draft: Path) -> tuple[Edition, Ingested]:
    made = ingest([folder], load_profile(folder / "profile.toml"), draft)
    return open_draft(draft).edition, made


def few_layers() -> Edition:
    """Return an edition of three layers, for tests that make many."""
    edition = sample_edition()
    kept = ("province", "control_unit", "receptor")
    return replace(
        edition,
        layers=tuple(layer for layer in edition.layers if layer.id in kept),
        zones={name: edition.zones[name] for name in kept},
        coverage=tuple(row for row in edition.coverage if row.layer in kept),
        clauses=edition.clauses[3:5],
    )


EDITIONS: dict[str, Callable[[], Edition]] = {
    "sample": sample_edition,
    "offices": lambda: with_offices(sample_edition()),
    "empty layers": lambda: replace(sample_edition(), zones=dict.fromkeys(sample_edition().zones, ())),
    "demo": demo_edition,
}


@pytest.mark.parametrize(
    ("which", "form"),
    [
        *itertools.product(["sample", "offices"], FORMATS),
        ("empty layers", "gpkg"),
        ("demo", "gdb"),
        ("demo", "shp"),
    ],
)
def test_an_edition_comes_back_with_its_digest(which: str, form: str, tmp_path: Path) -> None:
    edition = EDITIONS[which]()
    made = export(edition, tmp_path / "out", form=form, verify=False)
    found, result = taken_in(tmp_path / "out", tmp_path / "d.gpkg")
    assert digest(found) == digest(edition) == made.digest
    assert [e for e in result.log if e.severity != "info"] == []


def test_coordinates_survive_every_format_to_the_ninth_decimal(tmp_path: Path) -> None:
    shift = 0.123456789
    edition = few_layers()
    zones = {
        name: tuple(replace(z, geometry=shapely.transform(z.geometry, lambda xy: xy + shift)) for z in every)
        for name, every in edition.zones.items()
    }
    edition = normalise(replace(edition, zones=zones))
    for form in FORMATS:
        export(edition, tmp_path / form, form=form, verify=False)
        found = normalise(taken_in(tmp_path / form, tmp_path / "d.gpkg")[0])
        for name, every in edition.zones.items():
            assert all(
                a.geometry.equals_exact(b.geometry, 0.0)
                for a, b in zip(every, found.zones[name], strict=True)
            ), (form, name)


@pytest.mark.parametrize("form", FORMATS)
def test_what_no_field_holds_stands_in_the_workbook_and_is_never_cut(form: str, tmp_path: Path) -> None:
    edition = with_offices(sample_edition())
    units = edition.zones["control_unit"]
    odd = replace(
        units[0],
        code="zh-小写 ７",
        name=f"　{LONG}\n第二段\t",
        subtype="名称，含全角ＡＢ",
        regions=("乙县", "6399"),
        attributes={
            "长文本": LONG,
            "": "没有名称的属性",
            "空": "",
            "select": "=1+1",
            "SX001": "占用了导出时的名称",
            "fid": "7",
            "大小写": "a",
            "Name": "x",
            "name": "y",
            "control\x01": "\x02",
            "published_area_m2": "1.5",
        },
        valid_to=date(2031, 1, 1),
    )
    clause = replace(edition.clauses[0], text=HUGE, number="=A1", category="_x0041_\r\n")
    edition = replace(
        edition,
        zones={**edition.zones, "control_unit": (odd, *units[1:])},
        clauses=(clause, *edition.clauses[1:]),
    )
    made = export(edition, tmp_path / "out", form=form)  # compares the digests itself
    assert made.exact >= 5
    found = normalise(taken_in(tmp_path / "out", tmp_path / "d.gpkg")[0])
    wanted = normalise(edition)
    assert found.zones["control_unit"] == wanted.zones["control_unit"]
    assert found.clauses == wanted.clauses


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
WORDS = TEXT | st.sampled_from(
    ["优先保护单元", "1", "KEY", "", " a", "甲县", "63", "2026-01-01", "ＡＢ", "x" * 300]
)
ZONES = st.builds(
    lambda n, code, name, zone_class, subtype, regions, attributes, office, days: Zone(
        layer="control_unit",
        code=code,
        name=name,
        geometry=shapely.box(100 + n / 10, 36, 100.1 + n / 10, 36.1),
        zone_class=zone_class,
        subtype=subtype,
        regions=tuple(regions),
        attributes=attributes,
        office=office,
        valid_from=days,
    ),
    st.integers(0, 9), WORDS, WORDS, WORDS, WORDS, st.lists(WORDS, max_size=3, unique=True),
    st.dictionaries(WORDS, WORDS, max_size=4), st.sampled_from(["", "o1", "O1", "ｏ1"]), st.dates() | st.none(),
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ZONES, max_size=4), WORDS, st.sampled_from(FORMATS))
def test_any_text_comes_back(zones: list[Zone], text: str, form: str) -> None:
    edition = few_layers()
    offices = {i: Office(id=i, name="同名") for i in ("o1", "O1", "ｏ1")}
    edition = replace(
        edition,
        zones={**edition.zones, "control_unit": tuple(zones)},
        clauses=tuple(replace(c, text=text, number=text, category=text) for c in edition.clauses),
        offices=offices,
        info=replace(edition.info, title=text or "x", source=text),
    )
    with tempfile.TemporaryDirectory() as folder:
        export(edition, Path(folder, "out"), form=form)  # raises when the digests differ


def test_the_same_edition_gives_the_same_bytes(tmp_path: Path) -> None:
    for form in ("shp", "gpkg", "geojson"):  # a geodatabase numbers itself
        a, b = (tmp_path / f"{form}{n}" for n in (1, 2))
        for folder in (a, b):
            export(sample_edition(), folder, form=form, verify=False)
        for file in sorted(a.iterdir()):
            assert file.read_bytes() == (b / file.name).read_bytes(), file.name


def test_a_folder_that_holds_something_is_refused_and_a_failed_export_leaves_nothing(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("x")
    for target in (full, full / "mine.txt", tmp_path / "no" / "such"):
        with pytest.raises(ExportRefused):
            export(sample_edition(), target, form="shp")
    assert [p.name for p in full.iterdir()] == ["mine.txt"]
    edition = sample_edition()
    zone = edition.zones["park"][0]
    broken = replace(edition, zones={**edition.zones, "park": (replace(zone, name="\ud800"),)})
    with pytest.raises(EditionInvalid):
        export(broken, tmp_path / "out", form="gpkg")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["full"]


def test_the_check_of_an_export_sees_a_lost_vertex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sanxian.ingest import official

    plain = official._write_layer

    def lossy(work: Path, name: str, plan: Any, zones: Any, *rest: Any) -> None:
        zones = [replace(z, geometry=z.geometry.simplify(0.02)) if name == "river" else z for z in zones]
        plain(work, name, plan, zones, *rest)

    monkeypatch.setattr(official, "_write_layer", lossy)
    with pytest.raises(ExportRefused, match="摘要不同"):
        export(sample_edition(), tmp_path / "out", form="gpkg")
    assert list(tmp_path.iterdir()) == []


def test_the_workbook_reads_as_an_access_list_too(tmp_path: Path) -> None:
    from sanxian.clauses.lists import read_list

    export(sample_edition(), tmp_path / "out", form="geojson", verify=False)
    reading = read_list(tmp_path / "out" / "清单.xlsx")
    texts = "".join(str(row["text"]) for row in reading.rows)
    assert all(c.text[:20] in texts for c in sample_edition().clauses)


def test_a_published_edition_goes_out_and_comes_back(tmp_path: Path) -> None:
    edition = write_edition(sample_edition(), tmp_path / "e.gpkg")
    made = export(open_edition(tmp_path / "e.gpkg"), tmp_path / "out", form="shp", profile="guangdong")
    assert made.digest == edition.info.digest
    head = (tmp_path / "out" / "profile.toml").read_text("utf-8").splitlines()[:3]
    assert any("示例数据，非官方" in line for line in head)


def test_a_profile_that_is_cut_off_says_where(tmp_path: Path) -> None:
    export(sample_edition(), tmp_path / "out", form="geojson", verify=False)
    text = (tmp_path / "out" / "profile.toml").read_text("utf-8")
    for at in itertools.islice(range(40, len(text), 97), 40):
        (tmp_path / "p.toml").write_text(text[:at], "utf-8")
        try:
            load_profile(tmp_path / "p.toml")
        except BadProfile as error:
            assert error.text() and error.text("en")

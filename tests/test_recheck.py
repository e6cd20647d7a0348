"""Re-check: what the filter skips has the same answer, and what changed says why."""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import recheck_edits as edits
from command_line import Run, both_languages
from demo_edition import demo_edition
from sanxian.batch import Row
from sanxian.edition import Edition, write_edition
from sanxian.errors import BadRow, EditionExpired, EditionNotInForce
from sanxian.model import Coverage, CoverageStatus, Office, Part, Project, Scope
from sanxian.recheck import Cause, Difference, Grade, recheck, run
from sanxian.recheck.differences import Near, changed_ground, differences
from sanxian.recheck.filtering import Filter
from sanxian.recheck.sides import Side
from sanxian.screening import Failure, Screening, record, screen_many

DAY = date(2026, 9, 1)
GEOD = pyproj.Geod(a=6378137.0, rf=298.257222101)


def rows_of(projects: Any) -> list[Row]:
    return [
        Row(number=n, id=project.id, name=project.name, project=project, error=None)
        for n, project in enumerate(projects, 1)
    ]


# --- an oracle of its own: whole records, side by side ------------------------------------------

ALWAYS_DIFFERENT = ("digest", "edition", "as_of", "method", "notices", "titles")
OF_THE_ZONE = ("zone_share", "margin_m", "bearing_deg")  # they tell about the zone, not about the project


def stripped(result: Screening | Failure) -> Any:
    """What two screenings of one project must share when nothing reaches it: nearly the whole record."""
    if isinstance(result, Failure):
        return result.error.code
    made = {key: value for key, value in record(result).items() if key not in ALWAYS_DIFFERENT}
    made["layers"] = {x["layer"]: x["concern"] for x in made["layers"]}
    made["hits"] = sorted(
        ({k: v for k, v in hit.items() if k not in OF_THE_ZONE} for hit in made["hits"]), key=repr
    )
    for finding in made["findings"]:
        if finding["kind"] == "place":
            finding["place_name"] = ""
    made["findings"].sort(key=lambda f: (f["kind"], f["clause"], f["layer"], f["place"], f["reason_zh"]))
    made["clauses"] = {
        name: {
            k: v
            for k, v in clause.items()
            if k not in ("office", "scope", "rules", "list_id", "valid_from", "valid_to")
        }
        for name, clause in made["clauses"].items()
    }
    return made


def alike(a: Any, b: Any) -> bool:
    """Equal, numbers up to what the layout of an index may do to the last digits."""
    if isinstance(a, float) and isinstance(b, (float, int)) and not isinstance(b, bool):
        return abs(a - b) <= 1e-3 + 1e-9 * max(abs(a), abs(b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(alike, a, b))
    return bool(a == b)


def edited(edition: Edition, rng: random.Random, count: int) -> Edition:
    for _ in range(count):
        edition = rng.choice(edits.EDITS)(edition, rng)
    return edition


def check_against_everything(seed: int) -> tuple[int, int, int]:
    rng = random.Random(seed)
    base = edits.rich_edition()
    old = edited(base, rng, rng.choice((0, 0, 1, 2)))
    new = edited(old, rng, rng.choice((0, 1, 1, 2)))
    day_old, day = rng.choice(((DAY, DAY), (DAY, DAY), (rng.choice(edits.DAYS), rng.choice(edits.DAYS))))
    projects = [edits.random_project(rng.choice((old, new)), rng, str(n)) for n in range(16)]
    checked = recheck(rows_of(projects), old, new, as_of_old=day_old, as_of=day)
    assert checked.missed == 0
    everything = recheck(rows_of(projects), old, new, as_of_old=day_old, as_of=day, every=True)
    assert everything.missed == 0, [
        (x.row, x.findings, x.hits)
        for x in everything.changed
        if x.row not in {y.row for y in checked.changed}
    ]
    assert checked.changed == everything.changed
    sides = Side(old, day_old), Side(new, day)
    reached = Filter(*sides, differences(*sides)).reaching(projects)
    pairs = zip(screen_many(projects, old, day_old), screen_many(projects, new, day), strict=True)
    for by, (was, now) in zip(reached, pairs, strict=True):
        if not by:
            assert alike(stripped(was), stripped(now))
    return checked.projects, checked.reached, len(checked.changed)


@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_what_is_skipped_has_the_same_answer_whatever_was_edited(seed: int) -> None:
    check_against_everything(seed)


def test_a_county_of_the_demo_edition_worked_over_reaches_few_of_many_projects() -> None:
    old = demo_edition()
    new = edits.change_county(old, "630121")
    (county,) = (zone.geometry for zone in old.zones["county"] if zone.code == "630121")
    rng = random.Random(11)
    near = shapely.buffer(county, 0.05)
    projects = [edits.project_inside(near if n % 2 else old.outline, rng, str(n)) for n in range(40)]
    quick, slow = (
        recheck(rows_of(projects), old, new, as_of_old=DAY, as_of=DAY, every=every) for every in (False, True)
    )
    assert slow.missed == 0
    assert quick.changed == slow.changed
    assert 10 <= len(quick.changed) <= quick.reached <= 24
    assert set(quick.causes) == {Cause.ZONE_RESHAPED, Cause.CLAUSE_TEXT, Cause.PLACE_STATE}
    assert (slow.screened, quick.screened) == (40, quick.reached)


# --- each kind of difference, by itself ----------------------------------------------------------

BASE = edits.rich_edition()


def at(x: float, y: float, size: float = 0.002, **known: Any) -> Project:
    part = Part(role="厂区", geometry=shapely.box(x, y, x + size, y + size))
    return Project(**({"id": "P", "parts": (part,), "nature": "新建", "industries": ("2614",)} | known))


def zone_as(layer: str, code: str, **changed: Any) -> Edition:
    zones = tuple(replace(z, **changed) if z.code == code else z for z in BASE.zones[layer])
    return replace(BASE, zones={**BASE.zones, layer: zones})


def clause_as(name: str, **changed: Any) -> Edition:
    return replace(BASE, clauses=tuple(replace(c, **changed) if c.id == name else c for c in BASE.clauses))


def without_clause(name: str) -> Edition:
    return replace(BASE, clauses=tuple(c for c in BASE.clauses if c.id != name))


def with_rows(layer: str, *stated: tuple[str, CoverageStatus]) -> Edition:
    rows = (Coverage(layer=layer, region=region, status=status, source="新来源") for region, status in stated)
    return replace(BASE, coverage=(*(c for c in BASE.coverage if c.layer != layer), *rows))


def document_as(name: str, **changed: Any) -> Edition:
    return replace(BASE, documents={**BASE.documents, name: replace(BASE.documents[name], **changed)})


PARK = at(100.15, 36.04)
LAKE = at(100.37, 36.17)  # in the smaller part of 示例湖红线
FAR = at(100.05, 36.03)  # 甲县一般管控单元, far from the lake and the village
EASTERN = at(100.35, 36.05)
TWO_HIGH = BASE.catalogues["two_high"]
SHRUNK = shapely.box(100.12, 36.02, 100.145, 36.06)

CASES: dict[Cause, tuple[Edition, str, Project, Project | None]] = {
    # the edition after, the item, a project whose answer changes, one that nothing reaches
    Cause.ZONE_RESHAPED: (zone_as("park", "YQ001", geometry=SHRUNK), "park/YQ001", PARK, EASTERN),
    Cause.ZONE_REMOVED: (
        replace(BASE, zones={**BASE.zones, "red_line": BASE.zones["red_line"][:1]}),
        "red_line/HX639902001", LAKE, FAR,
    ),
    Cause.ZONE_ADDED: (
        replace(BASE, zones={**BASE.zones, "park": (*BASE.zones["park"], replace(
            BASE.zones["park"][0], code="YQ002", geometry=shapely.box(100.3, 36.04, 100.36, 36.08)))}),
        "park/YQ002", EASTERN, FAR,
    ),
    Cause.ZONE_CHANGED: (zone_as("park", "YQ001", name="示例工业园区"), "park/YQ001", PARK, EASTERN),
    Cause.LAYER: (
        replace(BASE, layers=tuple(replace(x, min_area_m2=1e7) if x.id == "park" else x for x in BASE.layers)),
        "park", PARK, EASTERN,
    ),
    Cause.CLAUSE_ADDED: (
        replace(BASE, clauses=(*BASE.clauses, replace(
            BASE.clauses[3], id="S-99", scope=Scope(parks=("YQ001",))))), "S-99", PARK, EASTERN,
    ),
    Cause.CLAUSE_REMOVED: (without_clause("S-05"), "S-05", PARK, LAKE),
    Cause.CLAUSE_TEXT: (clause_as("S-09", text="园区应完善环境风险防控体系。"), "S-09", PARK, EASTERN),
    Cause.CLAUSE_RULE: (clause_as("S-08", rules=()), "S-08", PARK, EASTERN),
    Cause.CLAUSE_SCOPE: (
        clause_as("S-06", scope=Scope(regions=("639902",))), "S-06", EASTERN, None
    ),
    Cause.CLAUSE_DATES: (clause_as("S-06", valid_to=date(2026, 8, 31)), "S-06", PARK, EASTERN),
    Cause.DOCUMENT: (document_as("law-river", valid_to=date(2026, 8, 14)), "law-river", PARK, None),
    Cause.PLACE_STATE: (
        replace(BASE, states=tuple(s for s in BASE.states if s.key != "groundwater")),
        "ZH63990220002 groundwater", EASTERN, PARK,
    ),
    Cause.CATALOGUE: (
        replace(BASE, catalogues={"two_high": replace(TWO_HIGH, industries=("14",))}), "two_high", PARK, None,
    ),
    Cause.COVERAGE: (
        with_rows("park", ("63", CoverageStatus.COMPLETE), ("639902", CoverageStatus.PARTIAL)), "park", EASTERN, FAR,
    ),
    Cause.REGION: (
        replace(BASE, info=replace(BASE.info, area_method="EPSG:4522")), "area_method", PARK, None,
    ),
}  # fmt: skip


def only(cause: Cause) -> tuple[Any, Project, Project | None]:
    new, item, changes, stays = CASES[cause]
    projects = [changes, *([stays] if stays is not None else [])]
    return recheck(rows_of(projects), BASE, new, as_of_old=DAY, as_of=DAY), item, stays  # type: ignore[return-value]


@pytest.mark.parametrize("cause", CASES)
def test_each_kind_of_change_is_found_named_and_kept_to_its_reach(cause: Cause) -> None:
    checked, item, stays = only(cause)
    assert [one.row for one in checked.changed] == [1]
    (change,) = checked.changed
    named = {(checked.differences[n].cause, checked.differences[n].item) for n in change.causes}
    assert (cause, item) in named
    assert checked.causes[cause][1] == 1
    assert checked.projects - checked.screened == (1 if stays is not None else 0)


@pytest.mark.parametrize("cause", CASES)
def test_a_filter_that_knew_nothing_of_one_kind_would_be_found_out(
    cause: Cause, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: differences of one kind are not looked for. The full run then says that it missed some."""
    new, _, changes, _ = CASES[cause]

    def blind(*sides: Side) -> tuple[Difference, ...]:
        return tuple(one for one in differences(*sides) if one.cause is not cause)

    monkeypatch.setattr(run, "differences", blind)
    quick, slow = (
        recheck(rows_of([changes]), BASE, new, as_of_old=DAY, as_of=DAY, every=every)
        for every in (False, True)
    )
    assert quick.changed == ()
    assert slow.missed == 1


FAULTS: dict[str, tuple[Edition, Project, Any]] = {
    # what a rule asks far away: a village 8 km off comes nearer by being drawn anew
    "no thought of distances": (
        zone_as("receptor", "MG002", geometry=shapely.box(100.235, 36.12, 100.26, 36.13)),
        at(100.15, 36.15),
        lambda one: replace(one, reach=replace(one.reach, nearest=())),
    ),
    # a near miss
    "no thought of what is near": (
        zone_as("receptor", "MG001", geometry=shapely.Point(100.152, 36.13)),
        at(100.16, 36.13, industries=("1411",), nature="现有"),
        lambda one: replace(
            one, reach=replace(one.reach, nearest=(), near=tuple(n._replace(within_m=0.0) for n in one.reach.near))
        ),
    ),
    # the share of the zone: its other end was cut off
    "no thought of the size of a zone": (
        zone_as("park", "YQ001", geometry=shapely.box(100.12, 36.02, 100.17, 36.05)),
        at(100.125, 36.025),
        lambda one: replace(
            one,
            reach=replace(one.reach, near=tuple(Near(shape, 0.0) for shape in changed_ground(
                [z.geometry for z in BASE.zones["park"]], [shapely.box(100.12, 36.02, 100.17, 36.05)]))),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_filter_with_a_shorter_reach_would_be_found_out(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, changes, shorten = FAULTS[fault]
    sound = recheck(rows_of([changes]), BASE, new, as_of_old=DAY, as_of=DAY, every=True)
    assert (len(sound.changed), sound.missed, sound.reached) == (1, 0, 1)
    monkeypatch.setattr(run, "differences", lambda *sides: tuple(map(shorten, differences(*sides))))
    faulty = recheck(rows_of([changes]), BASE, new, as_of_old=DAY, as_of=DAY, every=True)
    assert (len(faulty.changed), faulty.missed, faulty.reached) == (1, 1, 0)


def test_the_date_alone_changes_answers_and_is_named() -> None:
    checked = recheck(rows_of([PARK]), BASE, BASE, as_of_old=date(2026, 12, 31), as_of=date(2027, 1, 1))
    assert set(checked.causes) == {Cause.DATE}
    said = {one.item for one in checked.differences}
    assert {
        "639901 air_quality",
        "S-10",
    } <= said  # the air is clean from that day on; boilers had to go by then


def test_the_same_edition_on_the_same_day_reaches_nobody() -> None:
    other = edits.rich_edition()
    noise = replace(
        other,
        info=replace(other.info, id="另一编号", title="另一名称", publisher="另一机关", published=None),
        zones={name: tuple(reversed(zones)) for name, zones in other.zones.items()},
        offices={"o": Office(id="o", name="某局")},
        clauses=tuple(replace(clause, office="o") for clause in other.clauses),
    )
    checked = recheck(rows_of([PARK, LAKE]), BASE, noise, as_of_old=DAY, as_of=DAY)
    assert checked.differences == ()
    assert checked.screened == 0
    everything = recheck(rows_of([PARK, LAKE]), BASE, noise, as_of_old=DAY, as_of=DAY, every=True)
    assert everything.changed == ()


def test_a_zone_drawn_with_other_vertices_is_the_same_zone() -> None:
    box = BASE.zones["park"][0].geometry
    ring = shapely.get_coordinates(box).tolist()
    turned = shapely.Polygon(ring[2:-1] + ring[:3])
    assert not turned.equals_exact(box)
    checked = recheck(
        rows_of([PARK]), BASE, zone_as("park", "YQ001", geometry=turned), as_of_old=DAY, as_of=DAY
    )
    assert checked.differences == ()


def test_a_project_without_a_place_and_a_row_without_a_project_are_told_apart() -> None:
    new, *_ = CASES[Cause.ZONE_RESHAPED]
    nowhere = Project(id="N", parts=())
    row = Row(number=9, id="x", name="", project=None, error=BadRow(row=9, reason={"zh": "无", "en": "none"}))
    checked = recheck([*rows_of([nowhere, PARK]), row], BASE, new, as_of_old=DAY, as_of=DAY)
    assert (checked.projects, len(checked.unread), len(checked.changed)) == (2, 1, 1)


def test_a_project_that_leaves_the_region_gets_no_answer_any_more() -> None:
    smaller = zone_as("province", "63", geometry=shapely.box(100.0, 36.0, 100.3, 36.2))
    checked = recheck(rows_of([EASTERN]), BASE, smaller, as_of_old=DAY, as_of=DAY)
    (change,) = checked.changed
    assert (change.grade, change.new, change.new_error) == (Grade.VERDICT, None, "PLACE_OUTSIDE")
    assert checked.moves == [(change.old.name, "PLACE_OUTSIDE", 1)]  # type: ignore[union-attr]


def test_an_edition_not_in_force_is_refused() -> None:
    with pytest.raises(EditionExpired):
        recheck([], BASE, BASE, as_of_old=DAY, as_of=date(2031, 1, 1))
    with pytest.raises(EditionNotInForce):
        recheck([], BASE, BASE, as_of_old=date(2025, 1, 1), as_of=DAY)


@pytest.mark.parametrize(("lon", "lat", "bearing"), [(100.08, 36.18, 90.0), (100.065, 36.16, 180.0)])
@pytest.mark.parametrize("metres", [1.0, 999.0])
def test_a_near_miss_is_reached_as_far_as_its_layer_looks(
    lon: float, lat: float, bearing: float, metres: float
) -> None:
    """Beside the outer zone of the reserve, whose layer looks 1 km around and whose distance no rule asks."""
    x, y, _ = GEOD.fwd(lon, lat, bearing, metres)
    project = Project(id="P", parts=(Part(role="点位", geometry=shapely.Point(x, y)),), nature="现有")
    gone = replace(BASE, zones={**BASE.zones, "protected_area": BASE.zones["protected_area"][:1]})
    checked = recheck(rows_of([project]), BASE, gone, as_of_old=DAY, as_of=DAY)
    (change,) = checked.changed
    assert [(hit.key.zone, hit.what) for hit in change.hits] == [("BH001-2", "vanished")]


def test_a_clause_asked_for_by_another_reaches_where_the_other_holds() -> None:
    """Without it nobody can say what its outcome is, also where it never held."""
    gone = without_clause("S-04")  # of one unit in the west; R-asks asks for its outcome in both counties
    checked = recheck(rows_of([LAKE]), BASE, gone, as_of_old=DAY, as_of=DAY)
    (change,) = checked.changed
    assert {one.key.clause for one in change.findings} == {"R-asks"}
    assert [checked.differences[n].item for n in change.causes] == ["S-04"]


def test_a_line_moved_by_less_than_an_overlay_can_tell_is_changed_ground() -> None:
    was = BASE.zones["park"][0].geometry
    for moved in (1e-9, 1e-12, 1e-14):
        ring = shapely.get_coordinates(was)
        ring[1] += moved
        now = shapely.Polygon([*ring[:4], ring[0]])
        if moved < 5e-10:
            assert changed_ground([was], [now]) == []  # the same in canonical form
        else:
            assert min(shapely.distance(shapely.Point(ring[1]), changed_ground([was], [now]))) < 1e-12


@given(
    st.tuples(st.floats(99.5, 101), st.floats(35.5, 36.7), st.floats(99.5, 101), st.floats(35.5, 36.7)),
    st.sampled_from((1.0, 1e-2, 1e-4)),
)
def test_the_plane_is_off_by_no_more_than_it_says(
    ends: tuple[float, float, float, float], shrink: float
) -> None:
    """Oracle: geodesics of PROJ."""
    x, y = ends[:2]
    u, v = x + (ends[2] - x) * shrink, y + (ends[3] - y) * shrink
    sides = Side(BASE, DAY), Side(BASE, DAY)
    made = Filter(*sides, differences(*sides))
    flat = made._flat([shapely.Point(x, y), shapely.Point(u, v)])
    least, most = made._stretch(flat)
    metres, planar = GEOD.inv(x, y, u, v)[2], shapely.distance(*flat)
    assert least * planar <= metres + 1e-6
    assert metres <= most * planar + 1e-6
    assert most < 1.05 * least  # or it would let everybody through


@given(st.integers(0, 2**32))
@settings(max_examples=40)
def test_changed_ground_holds_all_that_differs(seed: int) -> None:
    """Outside it the two are the same: a point either lies in both or in neither, and as deep in both."""
    rng = random.Random(seed)
    was = shapely.box(0, 0, 1, 1)
    cut = shapely.box(
        rng.uniform(-0.2, 1), rng.uniform(-0.2, 1), rng.uniform(0.5, 1.2), rng.uniform(0.5, 1.2)
    )
    now = rng.choice((shapely.difference, shapely.union))(was, cut)
    if now.is_empty:
        return
    ground = changed_ground([was], [now])
    whole = shapely.geometrycollections(ground)
    for _ in range(50):
        point = shapely.Point(rng.uniform(-0.3, 1.3), rng.uniform(-0.3, 1.3))
        away = point.distance(whole)
        if away > 1e-9:
            assert was.covers(point) == now.covers(point)
            depth = point.distance(was.boundary)
            if depth < away:
                assert point.distance(now.boundary) == pytest.approx(depth, abs=1e-12)


# --- the command line ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two editions and a table of projects."""
    folder = tmp_path_factory.mktemp("recheck")
    write_edition(BASE, folder / "old.gpkg", check=False)
    new = edits.change_county(CASES[Cause.ZONE_RESHAPED][0], "639901")
    write_edition(new, folder / "new.gpkg", check=False)
    lines = [
        "编号,名称,经度,纬度,建设性质,行业代码",
        "A,=园区化工,100.15,36.04,新建,2614",
        "B,东部,100.35,36.05,新建,1411",
    ]
    lines += ["C,坏行,不是数,36.05,新建,1411", "D,西部,100.05,36.0999,新建,2614"]
    (folder / "projects.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def test_the_command_tells_who_is_concerned(files: Path, sanxian: Run) -> None:
    common = (
        files / "projects.csv",
        "--from",
        files / "old.gpkg",
        "--to",
        files / "new.gpkg",
        "--as-of",
        "2026-09-01",
    )
    ran = sanxian("recheck", *common)
    assert ran.status == 0, ran.err
    assert ran.out.startswith("示例数据，非官方\n")
    assert "项目 3 个，另有 1 行无法读取" in ran.out
    assert "区域范围调整" in ran.out and "第 4 行" in ran.out
    english = sanxian("recheck", *common, "--lang", "en").out
    assert "zone reshaped" in english and "park/YQ001" in english
    made = json.loads(sanxian("recheck", *common, "--format", "json").out)
    assert made["schema"] == "sanxian/recheck/1"
    assert made["notice"] == "示例数据，非官方"
    assert made["counts"]["projects"] == made["counts"]["skipped"] + made["counts"]["screened"] == 3
    everything = json.loads(sanxian("recheck", *common, "--format", "json", "--all").out)
    assert everything["projects"] == made["projects"]
    assert everything["counts"]["missed"] == 0 and everything["counts"]["screened"] == 3
    assert sanxian("recheck", *common, "--out", "re.csv").status == 0
    table = list(csv.DictReader(io.StringIO(Path("re.csv").read_text("utf-8-sig"))))
    assert {row["id"] for row in table} == {one["id"] for one in made["projects"]}
    assert any("zone_reshaped park/YQ001" in row["causes"] for row in table)
    assert {row["name"][:2] for row in table if row["id"] == "A"} == {"'="}, (
        "a spreadsheet must not run a name"
    )
    assert {row["synthetic"] for row in table} == {"示例数据，非官方"}


def test_an_old_edition_that_has_ended_is_asked_about_its_last_day(
    tmp_path: Path, files: Path, sanxian: Run
) -> None:
    ended = replace(BASE, info=replace(BASE.info, valid_to=date(2026, 8, 31)))
    write_edition(ended, tmp_path / "ended.gpkg", check=False)
    common = (files / "projects.csv", "--from", tmp_path / "ended.gpkg", "--to", files / "new.gpkg")
    ran = sanxian("recheck", *common, "--as-of", "2026-09-01", "--format", "json")
    assert "2026-08-31" in ran.err
    assert json.loads(ran.out)["old"]["as_of"] == "2026-08-31"
    ran = sanxian("recheck", *common, "--as-of", "2026-09-01", "--as-of-old", "2026-09-01")
    assert ran.status == 20 and both_languages(ran, "EDITION_EXPIRED")


@pytest.mark.parametrize(
    ("args", "status", "code"),
    [
        (("projects.csv", "--from", "none.gpkg", "--to", "new.gpkg"), 20, "EDITION_NOT_FOUND"),
        (("projects.csv", "--from", "projects.csv", "--to", "new.gpkg"), 20, "EDITION_FORMAT"),
        (("none.csv", "--from", "old.gpkg", "--to", "new.gpkg"), 10, "TABLE_INVALID"),
        (("projects.csv", "--from", "old.gpkg", "--to", "new.gpkg", "--as-of", "1.9.2026"), 2, "USAGE"),
        (("projects.csv", "--from", "old.gpkg", "--to", "new.gpkg", "--as-of-old", "x"), 2, "USAGE"),
        (("projects.csv", "--from", "old.gpkg", "--to", "new.gpkg", "--format", "xml"), 2, "USAGE"),
        (("projects.csv", "--from", "old.gpkg"), 2, "USAGE"),
        (
            ("projects.csv", "--from", "old.gpkg", "--to", "new.gpkg", "--out", "no/where.json"),
            10,
            "OUTPUT_FAILED",
        ),
    ],
)
def test_what_cannot_be_done_is_said(
    args: tuple[str, ...], status: int, code: str, files: Path, sanxian: Run
) -> None:
    found = [files / name if (files / name).exists() else name for name in args]
    day = () if "--as-of" in args else ("--as-of", "2026-09-01")
    ran = sanxian("recheck", *found, *day)
    assert ran.status == status, ran.err
    assert both_languages(ran, code)

"""``sanxian report`` and ``sanxian verify`` as people run them."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
import shapely

from command_line import Run, both_languages
from report_samples import AS_OF, RESULTS, project
from report_samples import EDITION as DRAWN
from sanxian import report
from sanxian.edition import Edition, open_edition, write_edition
from sanxian.screening import Failure, Screening, from_json, record, screen, to_json
from sanxian.verification import carried

LATER = "2026-11-24"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue: the sample edition until the end of 2026, then one with another text of its clauses."""
    folder = tmp_path_factory.mktemp("shelf")
    write_edition(
        dataclasses.replace(DRAWN, info=dataclasses.replace(DRAWN.info, digest="")), folder / "2026.gpkg"
    )
    clauses = tuple(
        dataclasses.replace(clause, rules=()) if clause.id == "S-01" else clause for clause in DRAWN.clauses
    )
    info = dataclasses.replace(
        DRAWN.info, id="示例市/2027", title="示例市成果（2027）", valid_from=date(2027, 1, 1), supersedes=DRAWN.info.digest,
        digest="",
    )  # fmt: skip
    write_edition(dataclasses.replace(DRAWN, clauses=clauses, info=info), folder / "2027.gpkg")
    return folder


@pytest.fixture(scope="module")
def edition(shelf: Path) -> Edition:
    """The first of them, as it is opened: the order of layers is that of the file."""
    return open_edition(shelf / "2026.gpkg")


@pytest.fixture(scope="module")
def samples(edition: Edition) -> dict[str, Screening]:
    """Projects screened against it."""
    names = ("plant", "edge", "point")
    return {name: screen(RESULTS[name].project, edition, AS_OF) for name in names}


@pytest.fixture
def here(tmp_path: Path, samples: dict[str, Screening]) -> Path:
    """The folder commands run in, with a record of each sample."""
    for name, made in samples.items():
        (tmp_path / f"{name}.json").write_bytes(to_json(made) + b"\n")
    return tmp_path


# --- one report ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.xlsx", "a.html", "a.json", "a.txt"])
def test_the_name_of_the_file_says_the_format(
    name: str, here: Path, shelf: Path, sanxian: Run, samples: dict[str, Screening], edition: Edition
) -> None:
    ran = sanxian("report", "edge.json", "--edition", shelf / "2026.gpkg", "--out", name)
    assert ran.status == 0, ran.err
    style = name.rpartition(".")[2].replace("txt", "text")
    made = report.render(samples["edge"], style, edition=edition)  # type: ignore[arg-type]
    assert (here / name).read_bytes().rstrip(b"\n") == made.rstrip(b"\n")
    assert (here / name).read_bytes() != b""


def test_a_report_is_made_again_from_the_record_inside_a_report(
    here: Path, shelf: Path, sanxian: Run, samples: dict[str, Screening]
) -> None:
    for source, target in (
        ("edge.json", "a.pdf"),
        ("a.pdf", "b.docx"),
        ("b.docx", "c.xlsx"),
        ("c.xlsx", "d.html"),
        ("d.html", "e.json"),
    ):
        ran = sanxian("report", source, "-e", shelf / "2026.gpkg", "--lang", "en", "-o", target)
        assert ran.status == 0, ran.err
    assert (here / "e.json").read_bytes() == to_json(samples["edge"]) + b"\n"


def test_without_out_text_goes_to_the_screen_and_files_do_not(here: Path, sanxian: Run) -> None:
    ran = sanxian("report", "edge.json")
    assert ran.status == 0 and "示例数据，非官方" in ran.out
    for style in ("pdf", "docx", "xlsx"):
        refused = sanxian("report", "edge.json", "--format", style)
        assert refused.status == 2 and both_languages(refused, "USAGE") and "--out" in refused.err


def test_without_its_edition_a_report_says_what_is_missing(here: Path, shelf: Path, sanxian: Run) -> None:
    ran = sanxian("report", "edge.json", "-o", "a.html")
    assert ran.status == 0 and "项目范围" in ran.err
    other = sanxian("report", "edge.json", "-e", shelf / "2027.gpkg", "-o", "b.html")
    assert other.status == 0 and DRAWN.info.title in other.err
    assert (here / "a.html").read_bytes() == (here / "b.html").read_bytes()  # another edition lends no names
    none = sanxian("report", "edge.json", "--catalog", here, "-o", "c.html")
    assert none.status == 0 and DRAWN.info.title in none.err


def test_a_catalogue_gives_the_edition_of_the_record(here: Path, shelf: Path, sanxian: Run) -> None:
    assert sanxian("report", "edge.json", "--catalog", shelf, "-o", "a.html").status == 0
    assert sanxian("report", "edge.json", "-e", shelf / "2026.gpkg", "-o", "b.html").status == 0
    assert (here / "a.html").read_bytes() == (here / "b.html").read_bytes()


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("edge.json", "--project", "p.yaml"),
        ("edge.json", "--as-of", "2026-09-01"),
        ("edge.json", "--count-drafts"),
        ("edge.json", "--region", "63"),
        ("edge.json", "--format", "odt"),
        ("--project", "p.yaml", "--compare"),
        ("edge.json", "--compare"),
        ("edge.json", "plant.json", "--compare", "--format", "text"),
        ("edge.json", "plant.json", "--compare", "--format", "pdf"),
        (*["edge.json"] * 9, "--compare"),
        ("edge.json", "plant.json"),
        ("edge.json", "--edition", "a.gpkg", "--catalog", "b"),
    ],
)
def test_what_cannot_be_meant_is_refused(args: tuple[str, ...], here: Path, sanxian: Run) -> None:
    ran = sanxian("report", *args)
    assert ran.status == 2 and ran.out == ""
    assert both_languages(ran, "USAGE")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "RECORD_MISSING"),
        (b"{}", "RECORD_INVALID"),
        (to_json(RESULTS["edge"])[:500], "RECORD_INVALID"),
        (to_json(RESULTS["edge"]).replace(b"screening/1", b"screening/9"), "RECORD_VERSION"),
        (to_json(RESULTS["edge"]).replace(b"2026-09-01", b"2026-09-02", 1), "RECORD_DIGEST"),
    ],
)
def test_what_is_no_record_is_refused_and_nothing_written(
    content: bytes, code: str, here: Path, sanxian: Run
) -> None:
    (here / "x.json").write_bytes(content)
    ran = sanxian("report", "x.json", "--out", "a.html")
    assert ran.status == 10 and both_languages(ran, code)
    assert not (here / "a.html").exists()
    assert sanxian("report", "nowhere.json").status == 10


# --- a project, screened first ---------------------------------------------------------------------------

PROJECT = """
name: 示例项目
nature: 新建
industry: C2614
as_of: 2026-09-01
parts:
  - role: 厂区
    wkt: SRID=4490;POLYGON ((100.12 36.02, 100.13 36.02, 100.13 36.03, 100.12 36.02))
"""


def test_a_project_is_screened_and_reported_as_in_two_steps(here: Path, shelf: Path, sanxian: Run) -> None:
    (here / "p.yaml").write_text(PROJECT, "utf-8")
    chosen = ("--edition", shelf / "2026.gpkg")
    assert sanxian("screen", "p.yaml", *chosen, "--format", "json", "--out", "s.json").status == 0
    assert sanxian("report", "s.json", *chosen, "--out", "two.html").status == 0
    ran = sanxian("report", "--project", "p.yaml", *chosen, "--out", "one.html")
    assert ran.status == 0 and "2026-09-01" in ran.err
    assert (here / "one.html").read_bytes() == (here / "two.html").read_bytes()
    assert sanxian("report", "--project", "p.yaml", "--catalog", shelf, "-o", "three.html").status == 0
    assert (here / "three.html").read_bytes() == (here / "two.html").read_bytes()
    assert (
        sanxian("report", "--project", "p.yaml", *chosen, "--as-of", "2026-10-01", "-o", "s2.json").status
        == 0
    )
    assert from_json((here / "s2.json").read_bytes()).as_of == date(2026, 10, 1)
    assert sanxian("report", "--project", "p.yaml", *chosen, "--as-of", "2031-01-01").status == 20


# --- many ------------------------------------------------------------------------------------------------


def lines(*results: Screening | Failure | str) -> bytes:
    made = []
    for number, result in enumerate(results, start=1):
        if isinstance(result, str):
            made.append(result)
        else:
            assert isinstance(result, Screening)
            row = {
                "row": number,
                "id": result.project.id,
                "name": result.project.name,
                "screening": record(result),
            }
            made.append(json.dumps(row, ensure_ascii=False))
    return "\n".join(made).encode() + b"\n"


def test_one_report_each_and_a_summary_and_a_bad_record_stops_nothing(
    here: Path, shelf: Path, sanxian: Run, samples: dict[str, Screening], edition: Edition
) -> None:
    failed = json.dumps(
        {"row": 3, "id": "", "name": "坏", "error": {"code": "X", "zh": "没有位置", "en": "no place"}}
    )
    (here / "r.jsonl").write_bytes(
        lines(samples["plant"], "{", failed, "[]", samples["edge"], '{"row": 6}', "")
    )
    ran = sanxian(
        "report",
        "r.jsonl",
        "nowhere.json",
        "point.json",
        "-e",
        shelf / "2026.gpkg",
        "-f",
        "html",
        "-o",
        "out",
    )
    assert ran.status == 0, ran.err
    found = sorted(path.name for path in (here / "out").iterdir())
    assert [name[:4] for name in found[:3]] == ["0001", "0005", "0008"]
    assert found[3:] == ["汇总.html", "汇总.xlsx"]
    page = (here / "out" / "汇总.html").read_text("utf-8")
    assert "r.jsonl:2" in page and "没有位置" in page and "nowhere.json" in page
    assert "成功" in ran.err or "8" in ran.err
    for name, sample in zip(found[:3], ("plant", "edge", "point"), strict=True):
        assert (here / "out" / name).read_bytes() == report.render(samples[sample], "html", edition=edition)


def test_nothing_usable_at_all_is_an_error(here: Path, sanxian: Run) -> None:
    (here / "r.jsonl").write_bytes(b"{}\n{}\n")
    ran = sanxian("report", "r.jsonl", "-f", "json", "-o", "out")
    assert ran.status == 10
    assert (here / "out" / "汇总.html").exists()


def test_a_record_that_trips_the_layout_is_listed_and_stops_nothing(
    here: Path, sanxian: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = report.render

    def trips(screening: Screening, *rest: object, **more: object) -> bytes:
        if screening.project.id == "XM-1":
            raise KeyError("planted")
        return real(screening, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(report, "render", trips)
    ran = sanxian("report", "plant.json", "edge.json", "-f", "html", "-o", "out", "--lang", "en")
    assert ran.status == 0
    assert "planted" in (here / "out" / "summary.html").read_text("utf-8")


def test_the_folder_must_be_one(here: Path, sanxian: Run) -> None:
    (here / "file").write_text("x")
    assert sanxian("report", "plant.json", "edge.json", "-f", "json", "-o", "file").status == 10
    (here / "folder").mkdir()
    assert sanxian("report", "edge.json", "-f", "json", "-o", "folder").status == 0
    assert (here / "folder" / "汇总.xlsx").exists()


def test_names_of_projects_never_leave_the_folder(
    here: Path, sanxian: Run, samples: dict[str, Screening]
) -> None:
    hostile = [
        "../../x",
        "/etc/passwd",
        "C:\\a\\b",
        "CON",
        "a\nb\x00c",
        "\u202egpj.exe",
        "名" * 500,
        "😀" * 200,
        "",
        ".",
        "nul.txt ",
    ]
    results = [
        dataclasses.replace(samples["edge"], project=dataclasses.replace(samples["edge"].project, name=name))
        for name in hostile
    ]
    (here / "r.jsonl").write_bytes(lines(*results, *results))
    before = {path.name for path in here.iterdir()}
    ran = sanxian("report", "r.jsonl", "-f", "text", "-o", "out")
    assert ran.status == 0, ran.err
    assert {path.name for path in here.iterdir()} == before | {"out"}
    assert len(list((here / "out").iterdir())) == 2 * len(hostile) + 2
    assert all(len(path.name.encode()) < 200 and path.name.isprintable() for path in (here / "out").iterdir())


def test_a_batch_is_reported_from_its_own_output(here: Path, shelf: Path, sanxian: Run) -> None:
    (here / "projects").mkdir()
    for name in ("甲", "乙"):
        (here / "projects" / f"{name}.yaml").write_text(PROJECT.replace("示例项目", f"示例{name}"), "utf-8")
    chosen = ("--edition", shelf / "2026.gpkg")
    assert sanxian("batch", "projects", *chosen, "--as-of", "2026-09-01", "-o", "r.jsonl").status == 0
    ran = sanxian("report", "r.jsonl", *chosen, "--format", "docx", "--out", "out")
    assert ran.status == 0, ran.err
    assert sorted(path.name for path in (here / "out").glob("0*")) == ["0001-示例乙.docx", "0002-示例甲.docx"]


# --- side by side ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["c.html", "c.xlsx", "c.docx", "c.pdf"])
def test_sites_are_compared_in_every_format(name: str, here: Path, shelf: Path, sanxian: Run) -> None:
    ran = sanxian("report", "plant.json", "edge.json", "--compare", "-e", shelf / "2026.gpkg", "-o", name)
    assert ran.status == 0, ran.err
    made = (here / name).read_bytes()
    assert made
    assert (
        sanxian(
            "report", "plant.json", "edge.json", "--compare", "-e", shelf / "2026.gpkg", "-o", name
        ).status
        == 0
    )
    assert (here / name).read_bytes() == made


# --- verify --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["pdf", "docx", "xlsx", "html", "json"])
def test_every_format_verifies(
    style: str, here: Path, shelf: Path, sanxian: Run, samples: dict[str, Screening], edition: Edition
) -> None:
    (here / f"a.{style}").write_bytes(report.render(samples["edge"], style, edition=edition))  # type: ignore[arg-type]
    ran = sanxian("verify", f"a.{style}", "--catalog", shelf, "--as-of", LATER)
    assert ran.status == 0, ran.err
    assert ran.out.startswith("核验通过") and "首页" in ran.out
    english = sanxian(
        "verify", f"a.{style}", "--edition", shelf / "2026.gpkg", "--as-of", LATER, "--lang", "en"
    )
    assert english.status == 0 and english.out.startswith("Holds")


def test_it_holds_and_is_another_answer_under_the_edition_in_force(
    here: Path, shelf: Path, sanxian: Run
) -> None:
    ran = sanxian("verify", "plant.json", "--catalog", shelf, "--as-of", "2027-03-01", "--format", "json")
    assert ran.status == 0
    made = json.loads(ran.out)
    assert made["state"] == "holds" and made["now"]["edition"]["id"] == "示例市/2027"
    changed = [f["clause"] for f in made["now"]["findings"] if f["what"] != "words"]
    assert "S-01" in changed  # and one that has lapsed by then
    assert made["file"] == "plant.json"
    text = sanxian("verify", "plant.json", "--catalog", shelf, "--as-of", "2027-03-01")
    assert "示例市成果（2027）" in text.out


def test_today_is_said(here: Path, shelf: Path, sanxian: Run) -> None:
    ran = sanxian("verify", "edge.json", "--catalog", shelf)
    assert date.today().isoformat() in ran.err  # noqa: DTZ011, as the command takes it


def test_an_altered_record_is_told_and_status_1(
    here: Path, shelf: Path, sanxian: Run, samples: dict[str, Screening]
) -> None:
    (here / "x.json").write_bytes(to_json(samples["edge"]).replace("甲县".encode(), "乙县".encode(), 1))
    ran = sanxian("verify", "x.json", "--catalog", shelf)
    assert ran.status == 1 and "改动" in ran.out
    made = json.loads(sanxian("verify", "x.json", "--catalog", shelf, "--format", "json").out)
    assert made["state"] == "altered"


def test_a_report_with_a_record_altered_before_it_was_packed_is_told(
    here: Path, shelf: Path, sanxian: Run, samples: dict[str, Screening], edition: Edition
) -> None:
    content = report.render(samples["edge"], "docx", edition=edition)
    altered = io.BytesIO()
    from sanxian.report import packing

    changed = to_json(samples["edge"]).replace("甲县".encode(), "乙县".encode(), 1)
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(altered, "w") as target:
        for name in source.namelist():
            if not name.startswith("customXml/"):
                target.writestr(name, source.read(name))
    (here / "x.docx").write_bytes(packing.carrying(altered.getvalue(), changed, AS_OF))
    assert sanxian("verify", "x.docx", "--catalog", shelf).status == 1


def test_the_statuses_of_what_cannot_be_verified(here: Path, shelf: Path, sanxian: Run) -> None:
    assert sanxian("verify", "edge.json", "--edition", shelf / "2027.gpkg", "--as-of", LATER).status == 20
    (here / "x.pdf").write_bytes(b"%PDF-1.7")
    assert sanxian("verify", "x.pdf", "--catalog", shelf).status == 10
    assert sanxian("verify", "nowhere.pdf", "--catalog", shelf).status == 10
    assert sanxian("verify", "edge.json").status == 2  # no edition chosen, none in this folder
    assert sanxian("verify", "edge.json", "--catalog", "nowhere").status == 20
    assert sanxian("verify", "edge.json", "--catalog", shelf, "--as-of", "heute").status == 2


def test_a_result_that_differs_has_status_1(here: Path, shelf: Path, sanxian: Run, edition: Edition) -> None:
    other = screen(project(shapely.box(100.12, 36.02, 100.13, 36.03)), edition, AS_OF)
    (here / "x.json").write_bytes(to_json(dataclasses.replace(other, notices=())))
    ran = sanxian("verify", "x.json", "--catalog", shelf, "--as-of", LATER)
    assert ran.status == 1 and "notices" in ran.out


def test_the_result_goes_to_a_file(here: Path, shelf: Path, sanxian: Run) -> None:
    ran = sanxian("verify", "edge.json", "--catalog", shelf, "--as-of", LATER, "-f", "json", "-o", "v.json")
    assert ran.status == 0 and ran.out == ""
    assert json.loads((here / "v.json").read_bytes())["state"] == "holds"


def test_a_name_in_a_record_cannot_steer_the_terminal(
    here: Path, shelf: Path, sanxian: Run, samples: dict[str, Screening], edition: Edition
) -> None:
    asked = dataclasses.replace(samples["edge"].project, name="\x1b]0;x\x07evil")
    made = to_json(screen(asked, edition, AS_OF))
    (here / "x.json").write_bytes(made)
    ran = sanxian("verify", "x.json", "--catalog", shelf, "--as-of", LATER)
    assert "\x1b" not in ran.out and "evil" in ran.out
    assert carried(made, "x.json") == made

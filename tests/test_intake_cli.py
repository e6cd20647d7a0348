"""Ledger, rate, re-check and export from the command line."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import ledger_files as ledgers
from command_line import Run, both_languages
from sample_edition import sample_edition
from sanxian.edition import write_edition


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """示例市 of 2026, and what takes its place in July."""
    folder = tmp_path_factory.mktemp("editions")
    first = sample_edition()
    info = replace(first.info, id="示例市/2026-07", valid_from=date(2026, 7, 1), supersedes=first.info.id)
    write_edition(first, folder / "1.gpkg")
    kept = tuple(clause for clause in first.clauses if clause.id != first.clauses[0].id)
    write_edition(replace(first, info=info, clauses=kept), folder / "2.gpkg")
    return folder


@pytest.fixture
def place(tmp_path: Path, sanxian: Run, monkeypatch: pytest.MonkeyPatch, editions: Path) -> Path:
    """A folder with a registry, an edition in it, the one that follows beside it, and a dirty ledger."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(editions, tmp_path, dirs_exist_ok=True)
    rows = [ledgers.row(n, 受理时间=f"2026-{n % 6 + 3:02d}-05", 所属区县="") for n in range(1, 13)]
    ledgers.write_csv(
        tmp_path / "台账.csv", [*rows, ledgers.row(13, 经度="", 纬度=""), ledgers.row(14, 受理时间="见附件")]
    )
    assert sanxian("registry", "init").status == 0
    return tmp_path


def test_from_a_ledger_to_the_proof(place: Path, sanxian: Run) -> None:
    assert sanxian("registry", "edition", "add", "1.gpkg").status == 0
    proposed = sanxian("registry", "import", "台账.csv", "--propose", "m.toml")
    assert proposed.status == 0
    assert "受理日期" in proposed.err
    assert "accepted_on" in (place / "m.toml").read_text("utf-8")
    done = sanxian(
        "registry", "import", "台账.csv", "--profile", "m.toml", "--log", "log.csv", "--lang", "en"
    )
    assert (done.status, "added  13" in done.out, "place not usable  1" in done.out) == (0, True, True)
    assert "goes on" not in done.err
    assert (place / "log.csv").read_text("utf-8-sig").count("added") >= 13
    again = sanxian("registry", "import", "台账.csv", "--profile", "m.toml", "--lang", "en")
    assert "nothing to do" in again.out
    empty = sanxian("registry", "coverage", "--period", "2026", "--format", "json")
    assert json.loads(empty.out)["total"]["rate"] == 0.0
    told = sanxian(
        "registry",
        "coverage",
        "--period",
        "2026",
        "--analyse",
        "--group",
        "region",
        "--missing",
        "--lang",
        "en",
    )
    assert told.status == 0
    assert "92.30%  (12 ÷ 13)" in told.out
    assert "甲县 639901" in told.out
    assert "There is no usable place" in told.out
    assert "There is no date of acceptance" in told.out
    for style in ("xlsx", "csv", "json", "html"):
        made = sanxian("registry", "coverage", "--period", "2026", "--out", f"p.{style}")
        assert (made.status, "sha256:" in made.err, (place / f"p.{style}").stat().st_size > 0) == (
            0,
            True,
            True,
        )
    assert sanxian("registry", "export", "e.gpkg").status == 0
    assert sanxian("registry", "verify").status == 0


def test_a_new_edition_settles_what_it_concerns_and_the_recheck_tells_why(place: Path, sanxian: Run) -> None:
    assert sanxian("registry", "edition", "add", "1.gpkg").status == 0
    sanxian("registry", "import", "台账.csv")
    assert sanxian("registry", "coverage", "--analyse").status == 0
    added = sanxian("registry", "edition", "add", "2.gpkg", "--lang", "en")
    assert "Settled anew: 4 projects changed." in added.err
    told = sanxian("registry", "coverage", "--missing", "--lang", "en")
    assert "was in force on 2026-07-05" in told.out
    ran = sanxian(
        "registry", "recheck", "--from", "示例市/2026", "--to", "2.gpkg", "--as-of", "2026-08-01", "--as-of-old", "2026-06-01", "--lang", "en"
    )  # fmt: skip
    assert (ran.status, "Re-check 1 (done)" in ran.out, "13 projects looked at" in ran.out) == (0, True, True)
    seen = sanxian("registry", "recheck", "--show", "1", "--seen", "--lang", "en")
    assert seen.status == 0
    listed = sanxian("registry", "recheck")
    assert "复核 1（已完成）" in listed.out


REFUSED = (
    (("import", "none.xlsx"), "LEDGER_INVALID", 10),
    (("import", "台账.csv", "--profile", "none.toml"), "LEDGER_MAPPING", 10),
    (("import", "台账.csv", "--profile", "a", "--propose", "b"), "USAGE", 2),
    (("coverage", "--period", "x"), "USAGE", 2),
    (("coverage", "--group", "x"), "USAGE", 2),
    (("coverage", "--format", "xlsx"), "USAGE", 2),
    (("recheck", "--from", "x"), "USAGE", 2),
    (("recheck", "--from", "x", "--to", "y"), "USAGE", 2),
    (("recheck", "--show", "9"), "REGISTRY_RECHECK", 40),
    (("export", "x.doc"), "USAGE", 2),
)


def test_what_cannot_be_done_is_said_in_both_languages(place: Path, sanxian: Run) -> None:
    for args, code, status in REFUSED:
        ran = sanxian("registry", *args)
        assert ran.status == status, args
        assert both_languages(ran, code), args

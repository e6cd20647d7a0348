from __future__ import annotations

import json
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from command_line import Ran, Run, both_languages
from sanxian.edition import open_edition
from sanxian.project import project_from_mapping
from sanxian.screening import screen, to_json
from test_registry_store import first_version


@pytest.fixture
def begun(sanxian: Run, sample: Path, tmp_path: Path) -> Path:
    """A registry in the current folder with the edition of 示例市; returns a project file inside the region."""
    place = open_edition(sample).outline.representative_point()
    stated = {
        "id": "示例-1",
        "name": "示例化工项目",
        "nature": "新建",
        "industry": "2614",
        "parts": [{"role": "厂区", "point": [place.x, place.y], "crs": "EPSG:4490"}],
    }
    (tmp_path / "project.json").write_text(json.dumps(stated, ensure_ascii=False), "utf-8")
    assert sanxian("registry", "init").status == 0
    assert sanxian("registry", "edition", "add", sample).status == 0
    return tmp_path / "project.json"


def added(sanxian: Run, project: Path, *more: object) -> Ran:
    ran = sanxian("registry", "add", project, "--accepted", "2026-09-01", "--by", "李四", *more)
    assert ran.status == 0, ran.err
    return ran


def test_a_project_goes_from_entry_to_decision(sanxian: Run, begun: Path, sample: Path) -> None:
    assert "示例化工项目" in added(sanxian, begun, "--eia-class", "form").out
    ran = sanxian("registry", "screen", 1, "--by", "李四")
    assert ran.status == 0, ran.err
    record = sanxian("registry", "show", 1, "--record", 1)
    project = project_from_mapping(json.loads(begun.read_text("utf-8")))
    assert (
        json.loads(record.out)["verdict"]
        == screen(project, open_edition(sample), date(2026, 9, 1)).verdict.name
    )
    assert (
        sanxian(
            "registry", "decide", 1, "--outcome", "CONDITIONAL", "--reason", "同意", "--by", "王五"
        ).status
        == 0
    )
    shown = json.loads(sanxian("registry", "show", 1, "--format", "json").out)
    assert (shown["analysis"], shown["eia_class"], shown["accepted_on"]) == ("analysed", "form", "2026-09-01")
    assert [one["by"] for one in shown["screenings"]] == ["李四"]
    assert [(one["outcome"], one["by"]) for one in shown["decisions"]] == [("CONDITIONAL", "王五")]
    assert sanxian("registry", "decide", 1, "--withdraw", 1, "--reason", "有误").status == 0
    text = sanxian("registry", "show", 1).out
    assert "撤回" in text
    assert "已分析" in text
    english = sanxian("registry", "show", 1, "--lang", "en").out
    assert "analysed" in english
    assert "withdrawal" in english


def test_a_list_is_filtered_and_says_how_many_there_are(sanxian: Run, begun: Path) -> None:
    for _ in range(3):
        added(sanxian, begun)
    ran = sanxian("registry", "list", "化工", "--limit", 2)
    assert len(ran.out.splitlines()) == 2
    assert "3" in ran.err
    rows = json.loads(
        sanxian("registry", "list", "--analysis", "none", "--from", "2026-01-01", "--format", "json").out
    )
    assert [row["id"] for row in rows] == [3, 2, 1]
    assert json.loads(sanxian("registry", "list", "光伏", "--format", "json").out) == []
    assert json.loads(sanxian("registry", "list", "--bbox", "0,0,1,1", "--format", "json").out) == []
    assert json.loads(sanxian("registry", "list", "--industry", "C26", "--format", "json").out) == rows


def test_backup_restore_and_verify(sanxian: Run, begun: Path, tmp_path: Path) -> None:
    added(sanxian, begun)
    assert sanxian("registry", "backup", "b.tar").status == 0
    ran = sanxian("registry", "restore", "b.tar", "--to", "新")
    assert ran.status == 0, ran.err
    head = ran.out.split()[-1]
    assert sanxian("registry", "verify", "--data", "新", "--head", head).status == 0
    assert sanxian("audit", "verify", "--data", "新").status == 0
    refused = sanxian("registry", "restore", "b.tar", "--to", "新")
    assert refused.status == 40
    assert both_languages(refused, "REGISTRY_BACKUP")
    with sqlite3.connect(tmp_path / "新" / "registry.db") as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET actor = '别人' WHERE seq = 2")
    connection.close()
    for command in (("audit", "verify"), ("registry", "verify")):
        broken = sanxian(*command, "--data", "新")
        assert broken.status == 1
        assert "2" in broken.out


def test_the_edition_is_listed_and_withdrawn(sanxian: Run, begun: Path, sample: Path) -> None:
    digest = open_edition(sample).info.digest
    assert digest in sanxian("registry", "edition", "list").out
    assert sanxian("registry", "edition", "withdraw", digest, "--reason", "旧").status == 0
    assert "已于" in sanxian("registry", "edition", "list").out
    added(sanxian, begun)
    assert sanxian("registry", "screen", 1).status == 20
    assert sanxian("registry", "screen", 1, "--edition", digest).status == 0


@pytest.mark.parametrize(
    ("args", "status", "code"),
    [
        (("list", "--data", "没有"), 40, "REGISTRY_NOT_FOUND"),
        (("init",), 40, "REGISTRY_EXISTS"),
        (("show", 99), 40, "REGISTRY_PROJECT"),
        (("screen", 99), 40, "REGISTRY_PROJECT"),
        (("decide", 99, "--outcome", "COMPLIANT", "--reason", "r"), 40, "REGISTRY_SCREENING"),
        (("decide", 1), 2, "USAGE"),
        (("decide", 1, "--withdraw", 9, "--reason", "r"), 40, "REGISTRY_DECISION"),
        (("list", "--bbox", "1,2"), 2, "USAGE"),
        (("verify", "--head", "x"), 2, "USAGE"),
        (("list", "--database", "mysql://u:geheim@h/x"), 40, "REGISTRY_ADDRESS"),
        (("restore", "no.tar", "--to", "neu"), 40, "REGISTRY_BACKUP"),
        (("edition", "add", "no.gpkg"), 20, "EDITION_NOT_FOUND"),
        (("add", "no.yaml"), 10, "PROJECT_NOT_FOUND"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_said_in_both_languages(
    sanxian: Run, begun: Path, args: tuple[object, ...], status: int, code: str
) -> None:
    ran = sanxian("registry", *args)
    assert ran.status == status, ran.err
    assert both_languages(ran, code)
    assert "geheim" not in ran.err


def test_a_registry_of_the_first_version_is_migrated(sanxian: Run, tmp_path: Path) -> None:
    first_version(tmp_path / "sanxian-data", None)
    ran = sanxian("registry", "list")
    assert ran.status == 40
    assert both_languages(ran, "REGISTRY_OLDER")
    assert sanxian("registry", "init", "--migrate").status == 0
    assert len(sanxian("registry", "list").out.splitlines()) == 3


def test_the_record_is_that_of_a_screening_by_hand(sanxian: Run, begun: Path, sample: Path) -> None:
    """What is kept is what `screen` says of the document kept."""
    added(sanxian, begun)
    sanxian("registry", "screen", 1)
    shown = json.loads(sanxian("registry", "show", 1, "--format", "json").out)
    by_hand = to_json(screen(project_from_mapping(shown["document"]), open_edition(sample), date(2026, 9, 1)))
    assert sanxian("registry", "show", 1, "--record", 1).out.encode() == by_hand

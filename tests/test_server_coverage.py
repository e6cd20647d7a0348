"""Coverage, ledgers, re-checks and the editions offered, over HTTP: the same answers as the registry's own functions."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from sample_edition import sample_edition
from sanxian.edition import write_edition
from sanxian.server.job_kinds import HANDLERS
from sanxian.server.jobs import run_job
from server_running import PROJECT, Api, Deployment, deployment, in_thread


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return deployment(tmp_path_factory.mktemp("coverage") / "data")


@pytest.fixture(scope="module")
def api(made: Deployment) -> Iterator[Api]:
    with in_thread(made.app()) as url:
        yield Api(url, made.tokens)


def enter(api: Api, **more: Any) -> dict[str, Any]:
    registration = {"eia_class": "report", "accepted_on": "2026-03-10", **more.pop("registration", {})}
    answer = api.post(
        "/projects", "approver", json={"project": PROJECT, "registration": registration, **more}
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def worked(made: Deployment, number: str) -> None:
    run_job(made.services(), HANDLERS, number, threading.Event(), stale=timedelta(seconds=-1))


def ended(api: Api, made: Deployment, answer: Any, role: str = "zoning_manager") -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    worked(made, answer.json()["id"])
    job: dict[str, Any] = api.get(f"/jobs/{answer.json()['id']}", role).json()
    assert job["state"] == "done", job
    return job


def test_the_rate_counts_what_is_analysed_and_lists_what_is_missing(api: Api, made: Deployment) -> None:
    enter(api)
    late = enter(api, analyse=False)
    enter(api, registration={"accepted_on": None})
    said = api.get("/coverage", "approver", params={"period": "2026-Q1", "by": "month"}).json()
    assert (said["total"]["accepted"], said["total"]["analysed"], said["total"]["rate"]) == (2, 1, 0.5)
    assert said["groups"][0]["key"] == "2026-03"
    assert said["undated"] == 1
    missing = api.get("/coverage/missing", "approver", params={"period": "2026"}).json()["items"]
    assert [(m["id"], bool(m["reason_zh"])) for m in missing] == [(late["id"], True)]
    undated = api.get("/coverage/missing", "approver", params={"undated": True}).json()["items"]
    assert len(undated) == 1
    assert api.get("/coverage", "consultant").status_code == 403
    assert api.get("/coverage", "approver@639902").json()["total"]["accepted"] == 0
    proof = api.get("/coverage/proof", "approver", params={"period": "2026", "format": "json"})
    assert proof.json()["total"]["accepted"] == 2
    assert api.get("/coverage/proof", "approver", params={"format": "html"}).content.startswith(
        b"<!doctype html"
    )
    job = ended(api, made, api.post("/coverage/analyses", "approver", json={"period": "2026"}), "approver")
    assert job["result"]["analysed"] == 1
    assert api.get("/coverage", "approver", params={"period": "2026"}).json()["total"]["rate"] == 1.0
    assert api.get("/coverage", "approver", params={"period": "last year"}).status_code == 400


def test_a_ledger_is_proposed_taken_in_and_every_row_accounted_for(api: Api, made: Deployment) -> None:
    ledger = (
        "项目代码,项目名称,建设单位,行业代码,环评类别,受理日期,经度,纬度\n"
        "L-1,甲项目,甲公司,2614,报告书,2026.4.5,100.12,36.05\n"
        "L-2,乙项目,乙公司,1432,报告表,2026年4月6日,,\n"
    ).encode("gb18030")
    files = {"file": ("台账.csv", ledger)}
    proposed = api.post("/intakes/proposal", "approver", files=files)
    assert proposed.status_code == 200, proposed.text
    answer = api.post("/intakes", "approver", files=files, data={"mapping": proposed.json()["toml"]})
    job = ended(api, made, answer, "approver")
    states = job["result"]["states"]
    assert states["added"] + states["unplaced"] == 2, states
    log = api.get(f"/intakes/{job['result']['intake']}/log", "approver")
    assert "甲项目" in log.content.decode("utf-8-sig")
    assert api.get("/projects", "approver", params={"q": "甲公司"}).json()["items"][0]["code"] == "L-1"
    assert api.post("/intakes", "inspector", files=files).status_code == 403
    broken = api.post("/intakes", "approver", files={"file": ("x.xlsx", b"PK\x03\x04torn")})
    assert broken.status_code == 422


def test_an_edition_is_added_rechecked_against_and_withdrawn(
    api: Api, made: Deployment, tmp_path: Path
) -> None:
    project = enter(api)
    other = sample_edition()
    info = dataclasses.replace(
        other.info, id="示例市/2027", title="2027", valid_from=date(2027, 1, 1), supersedes=other.info.id
    )
    write_edition(dataclasses.replace(other, info=info, clauses=other.clauses[:1]), tmp_path / "next.gpkg")
    files = {"file": ("next.gpkg", (tmp_path / "next.gpkg").read_bytes())}
    assert api.post("/editions", "approver", files=files).status_code == 403
    added = api.post("/editions", "zoning_manager", files=files)
    assert added.status_code == 201, added.text
    assert len(api.get("/editions").json()["items"]) == 2
    day = {"region": "63", "as_of": "2027-02-01"}
    assert api.get("/editions/in-force", params=day).json()["digest"] == added.json()["digest"]
    body = {
        "old": made.edition,
        "new": added.json()["digest"],
        "as_of_old": "2026-12-31",
        "as_of": "2027-01-01",
    }
    answer = api.post("/rechecks", "zoning_manager", json=body)
    job = ended(api, made, answer)
    number = job["result"]["recheck"]
    found = api.get(f"/rechecks/{number}", "zoning_manager").json()
    assert found["state"] == "done"
    assert found["projects"] >= 1
    changed = api.get(f"/rechecks/{number}/changes", "zoning_manager").json()["items"]
    assert len(changed) == found["changed"]
    if changed:
        seen = api.post(f"/rechecks/{number}/seen", "zoning_manager", json={"projects": None}).json()
        assert seen["marked"] == len(changed)
    digest = added.json()["digest"]
    gone = api.ask("DELETE", f"/editions/{digest}", "zoning_manager", params={"reason": "有误"})
    assert gone.status_code == 200, gone.text
    assert [e["digest"] for e in api.get("/editions").json()["items"]] == [made.edition]
    assert api.post("/screenings", json=PROJECT, params={"edition": digest}).status_code == 404
    assert api.get(f"/rechecks/{number + 99}", "zoning_manager").status_code == 404
    torn = api.post("/editions", "zoning_manager", files={"file": ("x.gpkg", b"SQLite format 3\0torn")})
    assert torn.status_code in (409, 422)
    assert api.get(f"/screenings/{project['screening']}/record", "approver").status_code == 200


def test_the_old_edition_stays_in_reports_after_it_is_withdrawn(api: Api, made: Deployment) -> None:
    project = enter(api)
    assert (
        api.ask("DELETE", f"/editions/{made.edition}", "zoning_manager", params={"reason": "x"}).status_code
        == 200
    )
    report = api.get(f"/screenings/{project['screening']}/report", "approver")
    assert report.status_code == 200
    assert api.get("/health").json()["state"] == "unavailable"


def test_tiles_are_prepared_by_a_job(tmp_path: Path) -> None:
    own = deployment(tmp_path / "data")
    with in_thread(own.app()) as url:
        api = Api(url, own.tokens)
        answer = api.post(f"/editions/{own.edition}/tiles", "zoning_manager")
        job = ended(api, own, answer)
        assert job["result"]["files"] > 0

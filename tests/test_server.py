"""The server's core: one call screens a project, the registry over HTTP, what every answer keeps to."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from command_line import Run
from sanxian import errors
from sanxian.server import problems
from server_running import PLACE, PROJECT, Api, Deployment, deployment, in_thread


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return deployment(tmp_path_factory.mktemp("server") / "data")


@pytest.fixture(scope="module")
def api(made: Deployment) -> Iterator[Api]:
    with in_thread(made.app(public_screenings_per_minute=100_000)) as url:
        yield Api(url, made.tokens)


def screened(api: Api, project: Any = PROJECT, **params: Any) -> httpx.Response:
    return api.post("/screenings", json=project, params={"as_of": "2026-09-01", **params})


# --- screening ---------------------------------------------------------------------------------------


def command_line(sanxian: Run, folder: Path, project: Any, edition: Path) -> bytes:
    file = folder / "project.json"
    file.write_text(json.dumps(project, ensure_ascii=False), "utf-8")
    ran = sanxian(
        "screen", file, "--edition", edition, "--as-of", "2026-09-01", "--format", "json", "--out", "o.json"
    )
    assert ran.status == 0, ran.err
    return Path("o.json").read_bytes()


_CORNER = st.tuples(st.floats(100.01, 100.38), st.floats(36.01, 36.18), st.floats(0.0005, 0.02))


@st.composite
def projects(draw: st.DrawFn) -> dict[str, Any]:
    lon, lat, size = draw(_CORNER)
    ring = [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]
    shapes: list[dict[str, Any]] = [
        {"type": "Polygon", "coordinates": [ring]},
        {"type": "LineString", "coordinates": ring[:3]},
        {"type": "Point", "coordinates": ring[0]},
    ]
    facts = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "boiler_tph": st.floats(0, 500),
                "two_high": st.sampled_from(["是", "否"]),
                "fuel": st.lists(st.sampled_from(["煤", "天然气", "生物质"]), unique=True),
            },
        )
    )
    return {
        "name": draw(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)),
        "nature": draw(st.sampled_from(["新建", "扩建", "现有"])),
        "industry": draw(st.sampled_from(["2614", "4411", "1432", "3011"])),
        "facts": facts,
        "parts": [{"role": "厂区", "crs": "EPSG:4490", "geojson": draw(st.sampled_from(shapes))}],
    }


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(project=projects())
def test_the_rest_answer_is_byte_for_byte_that_of_the_command_line(
    api: Api, sanxian: Run, tmp_path: Path, sample: Path, project: dict[str, Any]
) -> None:
    answer = screened(api, project)
    assert answer.status_code == 200, answer.text
    assert answer.content == command_line(sanxian, tmp_path, project, sample)


def test_an_answer_names_its_edition_its_day_and_whether_the_day_was_a_default(
    api: Api, made: Deployment
) -> None:
    given = screened(api)
    assert given.headers["sanxian-edition"] == made.edition
    assert given.headers["sanxian-as-of"] == "2026-09-01"
    default = api.post("/screenings", json=PROJECT)
    assert default.headers["sanxian-as-of"] == "2026-09-01; default"
    stated = api.post("/screenings", json={**PROJECT, "as_of": "2026-10-02"})
    assert stated.headers["sanxian-as-of"] == "2026-10-02"
    assert json.loads(stated.content)["as_of"] == "2026-10-02"


@pytest.mark.parametrize(
    "choice",
    [{"edition": "示例市/2026"}, {"edition": "DIGEST"}, {"edition": "SHORT"}, {"region": "63"}, {"region": "639901"}, {}],
    ids=str,
)  # fmt: skip
def test_the_edition_is_chosen_by_digest_id_or_region(
    api: Api, made: Deployment, choice: dict[str, str]
) -> None:
    if choice.get("edition") == "DIGEST":
        choice = {"edition": made.edition}
    if choice.get("edition") == "SHORT":
        choice = {"edition": made.edition.removeprefix("sha256:")[:12]}
    assert screened(api, **choice).headers["sanxian-edition"] == made.edition


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"edition": "nobody"}, 404, "REQUEST_NOT_FOUND"),
        ({"region": "11"}, 404, "CATALOG_NOTHING"),
        ({"as_of": "2020-01-01"}, 404, "CATALOG_NOTHING"),
        ({"as_of": "2020-01-01", "edition": "示例市/2026"}, 409, "EDITION_NOT_YET"),
        ({"as_of": "yesterday"}, 422, "REQUEST_INVALID"),
        ({"region": "x' OR 1=1"}, 422, "REQUEST_INVALID"),
    ],
)
def test_a_wrong_choice_is_said_and_never_answered(
    api: Api, params: dict[str, str], status: int, code: str
) -> None:
    answer = screened(api, **params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_only_the_facts_still_to_ask(api: Api) -> None:
    asked = api.post("/screenings/asks", json=PROJECT, params={"as_of": "2026-09-01"})
    record = screened(api).json()
    assert [a["fact"] for a in asked.json()["asks"]] == [a["fact"] for a in record["asks"]]
    assert all(a["question_zh"] and a["question_en"] and a["field"]["type"] for a in asked.json()["asks"])
    assert len(asked.content) < len(screened(api).content) / 2


def test_an_uploaded_footprint_gives_the_answer_of_the_command_line(
    api: Api, sanxian: Run, tmp_path: Path, sample: Path
) -> None:
    ring = [[100.12, 36.05], [100.13, 36.05], [100.13, 36.06], [100.12, 36.06], [100.12, 36.05]]
    file = tmp_path / "红线.geojson"
    file.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), "utf-8")
    ran = sanxian("screen", file, "--edition", sample, "--as-of", "2026-09-01", "-f", "json", "--nature", "新建",
                  "--industry", "2614", "--out", "o.json")  # fmt: skip
    assert ran.status == 0
    answer = api.post(
        "/screenings",
        params={"as_of": "2026-09-01"},
        files={"file": (file.name, file.read_bytes())},
        data={"project": json.dumps({"nature": "新建", "industry": "2614"})},
    )
    assert answer.status_code == 200, answer.text
    assert answer.content == Path("o.json").read_bytes()


def test_several_problems_of_a_project_are_all_told_at_once(api: Api) -> None:
    answer = screened(api, {**PROJECT, "nature": "新盖", "facts": {"boiler": 1, "fuel": "水"}})
    said = answer.json()
    assert answer.status_code == 422
    assert said["code"] == "PROJECT_INVALID"
    assert len(said["problems"]) >= 3
    assert all(one["zh"] and one["en"] for one in said["problems"])


def test_a_project_from_the_network_never_makes_the_server_read_its_own_disk(
    api: Api, made: Deployment
) -> None:
    for name in ("/etc/passwd", "../../registry.db", str(made.folder / "registry.db"), "http://127.0.0.1/x"):
        answer = screened(api, {**PROJECT, "parts": [{"file": name}]})
        assert answer.status_code == 422
        assert answer.json()["code"] == "PROJECT_INVALID"
        assert "root:" not in answer.text


# --- problems ----------------------------------------------------------------------------------------


def test_every_error_has_a_status_and_the_table_has_no_row_that_is_never_reached() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.SanxianError)]
    for cls in classes:
        status = next(status for family, status in problems.STATUS if issubclass(cls, family))
        assert 400 <= status < 600
    for at, (family, _) in enumerate(problems.STATUS):
        assert not any(issubclass(family, before) for before, _ in problems.STATUS[:at]), family


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code"),
    [
        ("GET", "/nothing", {}, 404, "REQUEST_NOT_FOUND"),
        ("DELETE", "/capabilities", {}, 405, "REQUEST_METHOD"),
        ("POST", "/screenings", {"content": b"x", "headers": {"content-type": "text/csv"}}, 415, "REQUEST_MEDIA_TYPE"),
        ("POST", "/screenings", {"content": b"", "headers": {"content-type": "application/json"}}, 422, "REQUEST_INVALID"),
        ("POST", "/screenings", {"content": b"{", "headers": {"content-type": "application/json"}}, 422, "PROJECT_INVALID"),
        ("POST", "/screenings", {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}, 422, "REQUEST_INVALID"),
        ("POST", "/screenings", {"content": b'{"a":' * 100_000, "headers": {"content-type": "application/json"}}, 422, "PROJECT_INVALID"),
        ("POST", "/screenings", {"content": b'{"a":1,"a":2}', "headers": {"content-type": "application/json"}}, 422, "PROJECT_INVALID"),
        ("POST", "/screenings", {"files": {"other": b"x"}}, 422, "REQUEST_INVALID"),
        ("POST", "/screenings", {"data": {"project": "{}"}, "headers": {"content-type": "multipart/form-data; boundary=x"}}, 422, "REQUEST_INVALID"),
        ("GET", "/projects", {}, 401, "NOT_LOGGED_IN"),
        ("GET", "/applies", {"params": {"lon": "nan", "lat": 1}}, 422, "REQUEST_INVALID"),
        ("GET", "/applies", {"params": {"lon": 1, "lat": 1}}, 422, "PLACE_OUTSIDE"),
    ],
)  # fmt: skip
def test_every_error_is_a_problem_in_both_languages(
    api: Api, method: str, path: str, more: dict[str, Any], status: int, code: str
) -> None:
    answer = api.ask(method, path, **more)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == status
    assert re.search("[\u4e00-\u9fff]", said["zh"])
    assert said["detail"] == said["zh"]
    assert said["en"]
    assert said["request_id"] == answer.headers["x-request-id"]
    english = api.ask(
        method, path, **{**more, "headers": {**more.get("headers", {}), "Accept-Language": "en-GB"}}
    )
    assert english.json()["detail"] == english.json()["en"]


def test_no_error_says_where_the_server_keeps_its_files(api: Api, made: Deployment) -> None:
    for answer in (
        screened(api, region="11"),
        screened(api, edition="x" * 12),
        api.get("/nothing"),
        api.get("/health"),
    ):
        assert str(made.folder) not in answer.text
        assert str(made.folder.parent) not in answer.text


def test_the_language_is_the_best_of_those_asked_for() -> None:
    for said, lang in (
        ("", "zh-CN"), ("en", "en"), ("zh;q=0.3, en;q=0.7", "en"), ("en;q=0, zh", "zh-CN"), ("de, fr", "zh-CN"),
        ("en;q=x", "zh-CN"), ("*", "zh-CN"), ("zh-TW,en;q=0.9", "zh-CN"),
    ):  # fmt: skip
        assert problems.language_of({"accept-language": said}) == lang


# --- editions ------------------------------------------------------------------------------------------


def test_editions_layers_and_clauses_are_listed_with_tags(api: Api, made: Deployment) -> None:
    listed = api.get("/editions")
    (one,) = listed.json()["items"]
    assert one["digest"] == made.edition
    assert one["mark"] == "示例数据，非官方"
    assert one["in_force_today"]
    again = api.get("/editions", headers={"If-None-Match": listed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    layers = api.get(f"/editions/{made.edition}/layers").json()["items"]
    assert {"control_unit", "red_line"} <= {layer["id"] for layer in layers}
    short = made.edition.removeprefix("sha256:")[:16]
    assert api.get(f"/editions/{short}").json()["digest"] == made.edition


def test_clauses_are_paged_without_loss_and_searched(api: Api, made: Deployment) -> None:
    path = f"/editions/{made.edition}/clauses"
    whole = api.get(path, params={"limit": 1000}).json()
    assert whole["next"] is None
    seen: list[str] = []
    following: str | None = f"{path}?limit=2"
    while following:
        page = api.get(following.removeprefix("/api/v1"))
        seen += [clause["id"] for clause in page.json()["items"]]
        following = page.json()["next"]
        assert (following or "") in page.headers.get("link", "")
    assert seen == [clause["id"] for clause in whole["items"]]
    word = whole["items"][0]["text"][:4]
    found = api.get(path, params={"q": word}).json()
    assert all(word in c["text"] or word in c["category"] for c in found["items"])
    assert found["count"] >= 1


def test_what_applies_at_a_point_is_every_zone_there_with_its_clauses(api: Api, made: Deployment) -> None:
    answer = api.get("/applies", params={"lon": 100.05, "lat": 36.15, "as_of": "2026-09-01"})
    said = answer.json()
    places = {(p["layer"], p["code"]) for p in said["places"]}
    assert ("control_unit", "ZH63990110001") in places
    assert ("red_line", "HX639901001") in places
    record = screened(api, {"parts": [{"point": [100.05, 36.15]}]}).json()
    reached = {f["clause"] for f in record["findings"] if f["clause"]}
    assert {c["id"] for p in said["places"] for c in p["clauses"]} == reached
    assert said["edition"] == made.edition


def test_capabilities_say_versions_limits_and_editions(api: Api, made: Deployment) -> None:
    said = api.get("/capabilities").json()
    assert said["editions"][0]["digest"] == made.edition
    assert {"html", "pdf", "docx", "xlsx", "json"} <= set(said["report_formats"])
    assert said["limits"]["upload_bytes"] > 0


# --- the registry --------------------------------------------------------------------------------------


def entered(api: Api, role: str = "approver", **registration: Any) -> httpx.Response:
    body = {
        "project": PROJECT,
        "registration": {"eia_class": "report", "accepted_on": "2026-08-20", **registration},
    }
    answer = api.post("/projects", role, json=body)
    assert answer.status_code == 201, answer.text
    return answer


def test_a_project_is_entered_screened_listed_amended_and_keeps_its_versions(api: Api) -> None:
    added = entered(api, code="P-1")
    project = added.json()
    assert added.headers["location"] == f"/api/v1/projects/{project['id']}"
    assert project["analysis"] == "analysed"
    assert project["verdict"]
    assert project["region"] == "639901"
    got = api.get(f"/projects/{project['id']}", "approver")
    assert got.json() == project
    assert (
        api.get(
            f"/projects/{project['id']}", "approver", headers={"If-None-Match": got.headers["etag"]}
        ).status_code
        == 304
    )
    change = {
        "registration": {"eia_class": "form", "accepted_on": "2026-08-20", "code": "P-1"},
        "reason": "改",
    }
    path = f"/projects/{project['id']}"
    assert api.ask("PATCH", path, "approver", json=change).status_code == 428
    stale = api.ask("PATCH", path, "approver", json=change, headers={"If-Match": '"project-0"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "REQUEST_PRECONDITION")
    changed = api.ask("PATCH", path, "approver", json=change, headers={"If-Match": got.headers["etag"]})
    assert changed.status_code == 200, changed.text
    assert changed.json()["eia_class"] == "form"
    assert changed.headers["etag"] != got.headers["etag"]
    document = {"project": {**PROJECT, "name": "改名"}, "reason": "名称有误"}
    renamed = api.ask("PATCH", path, "approver", json=document, headers={"If-Match": changed.headers["etag"]})
    assert renamed.json()["version"] == 2
    assert renamed.json()["analysis"] != "analysed", "an answer about another document counts no more"
    assert [v["version"] for v in api.get(f"{path}/versions", "approver").json()["items"]] == [1, 2]
    assert api.get(f"{path}/document", "approver", params={"version": 1}).json()["name"] == PROJECT["name"]
    again = api.post(f"{path}/screenings", "approver", json={})
    assert again.status_code == 201
    assert api.get(path, "approver").json()["analysis"] == "analysed"
    assert (
        next(s["id"] for s in api.get(f"{path}/screenings", "approver").json()["items"]) == again.json()["id"]
    )


def test_projects_are_paged_by_key_while_others_come_in(api: Api) -> None:
    ids = {entered(api, code=f"Q-{n}").json()["id"] for n in range(5)}
    seen: list[int] = []
    following: str | None = "/api/v1/projects?limit=2"
    while following:
        page = api.get(following.removeprefix("/api/v1"), "approver").json()
        seen += [row["id"] for row in page["items"]]
        if len(seen) == 2:
            entered(
                api, code="Q-new", accepted_on="2027-01-01"
            )  # before the first page: shown on none of the others
        following = page["next"]
    assert len(seen) == len(set(seen))
    assert ids <= set(seen)
    assert api.get("/projects", "approver", params={"q": "示例化工", "count": True}).json()["count"] >= 5
    assert api.get("/projects", "approver", params={"after": "bm9ucw"}).status_code == 422
    assert api.get("/projects", "approver", params={"bbox": "1,2,3"}).status_code == 422


def test_the_record_that_was_kept_is_the_record_that_is_given(
    api: Api, sanxian: Run, tmp_path: Path, sample: Path
) -> None:
    project = entered(api, code="R-1").json()
    path = f"/screenings/{project['screening']}"
    record = api.get(f"{path}/record", "approver")
    assert (
        "sha256:" + hashlib.sha256(record.content).hexdigest()
        == api.get(path, "approver").json()["record_sha256"]
    )
    assert (
        api.get(f"{path}/record", "approver", headers={"If-None-Match": record.headers["etag"]}).status_code
        == 304
    )
    assert record.json()["as_of"] == "2026-08-20"


@pytest.mark.parametrize(
    ("style", "magic"), [("html", b"<!doctype html"), ("json", b"{"), ("docx", b"PK"), ("xlsx", b"PK"), ("pdf", b"%PDF"), ("text", b"")]
)  # fmt: skip
def test_a_report_is_given_in_every_format_and_by_link(api: Api, style: str, magic: bytes) -> None:
    project = entered(api, code=f"S-{style}").json()
    path = f"/screenings/{project['screening']}"
    report = api.get(f"{path}/report", "approver", params={"format": style})
    assert report.status_code == 200, report.text
    assert report.content.lower().startswith(magic.lower())
    shared = api.post(f"{path}/shares", "approver", json={"days": 1})
    address = shared.json()["url"].removeprefix(api.url)
    linked = api.get(address, params={"format": style})
    assert linked.content == report.content
    assert linked.headers["x-robots-tag"] == "noindex"
    if style == "html":
        assert "default-src 'none'" in linked.headers["content-security-policy"]
    assert api.get(address[:-1] + "x").status_code == 404
    assert api.ask("DELETE", f"{path}/shares", "approver").json() == {"ended": 1}
    assert api.get(address).status_code == 404


def test_a_person_decides_beside_the_machine_and_takes_it_back(api: Api) -> None:
    project = entered(api, code="D-1").json()
    path = f"/projects/{project['id']}/decisions"
    body = {"screening": project["screening"], "outcome": "NEEDS_REVIEW", "reason": "现场核实"}
    decided = api.post(path, "approver", json=body)
    assert decided.status_code == 201, decided.text
    assert decided.json()["machine_outcome"] == project["verdict"]
    assert api.post(path, "approver", json={**body, "reason": " "}).status_code == 422
    other = entered(api, code="D-2").json()
    assert api.post(f"/projects/{other['id']}/decisions", "approver", json=body).status_code == 404
    assert api.post(path, "inspector", json=body).status_code == 403
    back = api.post(f"/decisions/{decided.json()['id']}/withdrawal", "approver", json={"reason": "有误"})
    assert back.status_code == 201
    assert [d["stands"] for d in api.get(path, "approver").json()["items"]] == [False, False]


def test_an_attachment_comes_back_as_it_was_and_never_runs_as_a_page(api: Api) -> None:
    project = entered(api, code="A-1").json()
    content = b"<html><script>alert(1)</script></html>"
    path = f"/projects/{project['id']}/attachments"
    name = '报告 "1".html'
    added = api.post(path, "approver", files={"file": (name, content)}, data={"purpose": "report"})
    assert added.status_code == 201, added.text
    got = api.get(f"{path}/{added.json()['sha256']}", "approver")
    assert got.content == content
    assert got.headers["content-disposition"].startswith("attachment;")
    assert not got.headers["content-type"].startswith("text/html")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert api.get(f"{path}/sha256:{'0' * 64}", "approver").status_code == 404
    assert api.get(f"{path}/..%2f..%2fregistry.db", "approver").status_code in (404, 422)


def test_a_county_sees_and_enters_its_own_rows_only(api: Api) -> None:
    west = entered(api, "approver@639901", code="W-1").json()
    assert api.get(f"/projects/{west['id']}", "approver@639902").status_code == 404
    assert api.get(f"/screenings/{west['screening']}/record", "approver@639902").status_code == 404
    assert west["id"] not in [p["id"] for p in api.get("/projects", "approver@639902").json()["items"]]
    refused = api.post("/projects", "approver@639902", json={"project": PROJECT})
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN_REGION")
    assert api.get("/projects", "approver@639902").json()["items"] == []


# --- idempotency ---------------------------------------------------------------------------------------


def test_the_same_key_is_worked_on_once_and_answered_twice(api: Api) -> None:
    body = {"project": PROJECT, "registration": {"code": "I-1", "accepted_on": "2026-08-20"}}
    headers = {"Idempotency-Key": "one"}
    first = api.post("/projects", "approver", json=body, headers=headers)
    second = api.post("/projects", "approver", json=body, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second.headers["idempotent-replay"] == "true"
    assert second.headers["location"] == first.headers["location"]
    assert len(api.get("/projects", "approver", params={"q": "I-1"}).json()["items"]) == 1
    other = api.post("/projects", "approver", json={**body, "analyse": False}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "REQUEST_KEY_REUSED")
    mine = api.post("/projects", "administrator", json=body, headers=headers)
    assert mine.status_code == 201, "a key is the caller's own"
    assert mine.json()["id"] != first.json()["id"]


def test_a_refusal_is_remembered_too_and_a_login_problem_is_not(api: Api) -> None:
    wrong = {"project": {**PROJECT, "nature": "新盖"}}
    answers = [
        api.post("/projects", "approver", json=wrong, headers={"Idempotency-Key": "bad"}) for _ in range(2)
    ]
    assert [a.status_code for a in answers] == [422, 422]
    assert answers[1].headers["idempotent-replay"] == "true"
    forbidden = api.post("/projects", "inspector", json=wrong, headers={"Idempotency-Key": "no"})
    assert forbidden.status_code == 403
    again = api.post("/projects", "inspector", json=wrong, headers={"Idempotency-Key": "no"})
    assert "idempotent-replay" not in again.headers


def test_of_two_at_once_one_wins(api: Api) -> None:
    from concurrent.futures import ThreadPoolExecutor

    body = {"project": PROJECT, "registration": {"code": "I-2", "accepted_on": "2026-08-20"}}

    def send(_: int) -> int:
        return api.post("/projects", "approver", json=body, headers={"Idempotency-Key": "race"}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(send, range(8)))
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert len(api.get("/projects", "approver", params={"q": "I-2"}).json()["items"]) == 1


# --- zips ------------------------------------------------------------------------------------------------


def zipped(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("bomb.zip", zipped("a.geojson", b"0" * (60 << 20)), "FOOTPRINT_UNSAFE"),
        ("climb.zip", zipped("../../evil.geojson", b"{}"), "FOOTPRINT_UNSAFE"),
        ("xxe.kml", b'<?xml version="1.0"?><!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>', "FOOTPRINT_UNSAFE"),
        ("vrt.geojson", b"<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>", None),
        ("ssrf.geojson", b'{"type":"Link","href":"http://127.0.0.1:9/"}', None),
        ("torn.gpkg", b"SQLite format 3\0" + b"\xff" * 5000, None),
        ("torn.zip", b"PK\x03\x04" + b"\xff" * 500, None),
    ],
    ids=lambda v: v if isinstance(v, str) and "." in v else "",
)  # fmt: skip
def test_a_hostile_file_is_refused_and_nothing_of_ours_is_shown(
    api: Api, name: str, content: bytes, code: str | None
) -> None:
    answer = api.post("/screenings", files={"file": (name, content)}, params={"as_of": "2026-09-01"})
    assert answer.status_code in (413, 415, 422), answer.text
    assert code is None or answer.json()["code"] == code, answer.text
    assert "root:" not in answer.text
    assert PLACE not in answer.text

"""Project files: what is read, what is said about it, and what is refused."""

from __future__ import annotations

import json
import os
import pickle
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sanxian import data, geometry
from sanxian.errors import (
    BadProject,
    CoarseIndustry,
    FactConflict,
    FactRange,
    FactType,
    FactUnit,
    InputError,
    ProjectNotFound,
    SanxianError,
    UnknownFact,
    UnknownIndustry,
    UsageError,
)
from sanxian.model import FactValue, Project
from sanxian.project import check_facts, parse_fact, project_from_mapping, read_document, read_project

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[101.70, 36.60], [101.71, 36.60], [101.71, 36.61], [101.70, 36.61], [101.70, 36.60]]],
}
PLACE: list[dict[str, object]] = [{"role": "厂区", "point": [101.7, 36.6]}]

FULL = """\
name: 示例化工项目        # 项目名称
proponent: 示例公司
id: 0012
nature: 新建
industry: C2614 有机化学原料制造
parts:
  - role: 厂区
    name: 主厂区
    file: 图/厂区.geojson
  - {role: 排污口, point: [101.702, 36.603]}
  - role: 管线
    wkt: LINESTRING (101.70 36.60, 101.72 36.61)
    crs: EPSG:4490
facts:
  boiler_tph: 20
  capacity_tpa: {value: 3, unit: 万t/a}
  燃料: [天然气, 煤]
  two_high: 是
  approved_on: 2026-05-01
  energy_tce: null
papers:
  - {type: 产能置换方案, number: 示例〔2026〕1号, issuer: 示例省工信厅, date: 2026-03-01}
  - {type: 不可避让论证意见, held: false}
"""


def write_project(folder: Path, text: str = FULL, name: str = "项目.yaml", encoding: str = "utf-8") -> Path:
    (folder / "图").mkdir(exist_ok=True)
    (folder / "图" / "厂区.geojson").write_text(json.dumps(SQUARE), "utf-8")
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def project(**entries: object) -> Project:
    return project_from_mapping({"parts": PLACE} | entries)


def codes(project: Project) -> list[str]:
    return [notice.code for notice in project.notices]


# --- reading -----------------------------------------------------------------------------------


def test_a_project_file_is_read_whole(tmp_path: Path) -> None:
    found = read_project(write_project(tmp_path))
    assert (found.name, found.proponent, found.id) == ("示例化工项目", "示例公司", "0012")
    assert (found.nature, found.industries) == ("新建", ("2614",))
    assert [(p.role, p.name, p.geometry.geom_type, p.source) for p in found.parts] == [
        ("厂区", "主厂区", "Polygon", "厂区.geojson"),
        ("排污口", "", "Point", "point"),
        ("管线", "", "LineString", "inline"),
    ]
    assert found.facts == {
        "approved_on": date(2026, 5, 1),
        "boiler_tph": 20.0,
        "capacity_tpa": 30_000.0,
        "fuel": ("天然气", "煤"),
        "two_high": True,
    }
    assert [(p.type, p.date, p.held) for p in found.papers] == [
        ("产能置换方案", date(2026, 3, 1), True),
        ("不可避让论证意见", None, False),
    ]
    assert codes(found) == ["FACT_READ", "FACT_LABEL"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encoding_changes_nothing(tmp_path: Path, encoding: str) -> None:
    assert read_project(write_project(tmp_path, encoding=encoding)) == read_project(write_project(tmp_path))


def test_gb18030_is_read_and_said(tmp_path: Path) -> None:
    found = read_project(write_project(tmp_path, encoding="gb18030"))
    assert found.name == "示例化工项目"
    assert codes(found)[0] == "PROJECT_ENCODING"


def test_json_and_yaml_of_one_project_are_one(tmp_path: Path) -> None:
    obj = yaml.load(FULL, yaml.BaseLoader)  # noqa: S506, BaseLoader makes nothing but text
    obj["parts"][1]["point"] = [101.702, 36.603]
    obj["facts"] |= {
        "boiler_tph": 20,
        "capacity_tpa": {"value": 3, "unit": "万t/a"},
        "two_high": True,
        "energy_tce": None,
    }
    obj["papers"][1]["held"] = False
    as_json = write_project(tmp_path, json.dumps(obj, ensure_ascii=False), "项目.json")
    assert read_project(as_json) == read_project(write_project(tmp_path))


def test_codes_and_answers_of_old_yaml_stay_what_was_written(tmp_path: Path) -> None:
    """In YAML 1.1 ``0111`` is the number 73, ``no`` is false and ``2026-05-01`` is no text."""
    document, _ = read_document(
        write_project(tmp_path, "industry: 0111\nname: no\nid: 2026-05-01\nproponent: 12:30\n")
    )
    assert document == {"industry": "0111", "name": "no", "id": "2026-05-01", "proponent": "12:30"}
    found = project_from_mapping({**document, "parts": PLACE})
    assert found.industries == ("0111",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("35", 35), ("-3", -3), ("0", 0), ("3.5", 3.5), ("1e3", 1000.0), ("007", "007"), ("0x10", "0x10"),
        ("1_000", "1_000"), ("true", True), ("yes", "yes"), ("on", "on"), ("~", None), ("", None), (".nan", ".nan"),
        (".inf", ".inf"), ("1.5e-3", 0.0015), (".5", 0.5),
    ],
)  # fmt: skip
def test_yaml_scalars_are_those_of_yaml_1_2(tmp_path: Path, text: str, expected: object) -> None:
    document, _ = read_document(write_project(tmp_path, f"x: {text}\n"))
    assert document["x"] == expected
    assert type(document["x"]) is type(expected)


def test_each_kind_of_place_is_read(tmp_path: Path) -> None:
    write_project(tmp_path)
    corners = "经度,纬度\n101.70,36.60\n101.71,36.60\n101.71,36.61\n101.70,36.60\n"
    parts: list[dict[str, object]] = [
        {"file": "图/厂区.geojson"},
        {"geojson": SQUARE},
        {"geojson": json.dumps(SQUARE), "role": "矿区"},
        {"wkt": "POINT (101.7 36.6)", "crs": "EPSG:4490"},
        {"point": "101.7，36.6"},
        {"corners": corners, "crs": "EPSG:4490"},
        {
            "corners": [["经度", "纬度"], [101.70, 36.60], [101.71, 36.61]],
            "shape": "line",
            "crs": "EPSG:4490",
        },
    ]
    found = project_from_mapping({"parts": parts}, base=tmp_path)
    kinds = ["Polygon", "Polygon", "Polygon", "Point", "Point", "Polygon", "LineString"]
    assert [part.geometry.geom_type for part in found.parts] == kinds
    assert [part.role for part in found.parts][:3] == ["用地范围", "用地范围", "矿区"]


def test_a_place_read_before_takes_the_place_of_parts() -> None:
    footprint = geometry.footprint_from_point(101.7, 36.6)
    assert project_from_mapping({"name": "甲"}, footprint=footprint).parts == footprint.parts
    with pytest.raises(BadProject, match="不应再有 parts"):
        project_from_mapping({"parts": PLACE}, footprint=footprint)


# --- documents that are refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- 1\n- 2\n", "最外层"),
        ("只有文字", "最外层"),
        ("", "最外层"),
        ("[1, 2]", "最外层"),
        ("name: 甲\nname: 乙\n", "重复的键"),
        ("facts: {fuel: [煤], fuel: [电]}\n", "重复的键"),
        ('{"name": "甲", "name": "乙"}', "重复的键"),
        ("a: &x [1]\nb: *x\n", "别名"),
        ("a: [1\n", "第 2 行"),
        ("name: !!python/object/apply:os.getcwd []\n", "python"),
        ("? [1, 2]\n: 3\n", "第 1 行"),
        ("a: 1\n---\nb: 2\n", "第 2 行"),
        ("[" * 5000, "嵌套过深"),
        ("x: " + "9" * 5000, "语法有误"),
        ("x: \0\n", "YAML"),
        ("x: " + "a" * 1_100_000, "超过 1 MiB"),
    ],
)
def test_a_document_that_is_not_one_plain_mapping_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(BadProject, match=reason) as caught:
        read_project(write_project(tmp_path, text))
    assert "docs/reference/project-format.md" in caught.value.text("en")


def test_broken_json_is_not_tried_as_yaml(tmp_path: Path) -> None:
    with pytest.raises(BadProject, match="语法有误"):
        read_project(write_project(tmp_path, "{name: 甲}", "项目.json"))
    with pytest.raises(BadProject, match="NaN"):
        read_project(write_project(tmp_path, '{"name": NaN}', "项目.json"))
    assert read_document(write_project(tmp_path, "{name: 甲}"))[0] == {"name": "甲"}


def test_a_bomb_of_aliases_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    with pytest.raises(BadProject, match="别名"):
        read_project(write_project(tmp_path, "\n".join(lines)))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "项目.yaml"
    path.write_bytes(b"name: \xff\xff\x80\n")
    with pytest.raises(BadProject, match="GB18030"):
        read_project(path)


def test_a_missing_file_a_folder_and_a_pipe_are_named(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    for path in (tmp_path / "没有.yaml", tmp_path, pipe):
        with pytest.raises(ProjectNotFound) as caught:
            read_project(path)
        assert str(tmp_path.parent) not in caught.value.text("en")
    with pytest.raises(BadProject, match="不是普通文件"):
        project_from_mapping({"parts": [{"file": "pipe.yaml"}]}, base=tmp_path)


def test_a_document_from_elsewhere_may_not_name_files() -> None:
    with pytest.raises(BadProject, match="不能读取文件"):
        project_from_mapping({"parts": [{"file": "/etc/passwd"}]})


# --- problems ------------------------------------------------------------------------------------


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(BadProject) as caught:
        project_from_mapping(
            {
                "nature": "新修",
                "industry": "D2614",
                "parts": [{"role": "厂区"}, {"point": [101.7, 36.6]}, {"wkt": "POLYGON"}],
                "facts": {"boiler_tph": -1, "boiler_mw": 3, "fuel": ["天然汽"]},
                "papers": [{"number": "1"}],
                "colour": "red",
            },
            source="批次.csv:7",
        )
    problems = caught.value.fields["problems"]
    assert isinstance(problems, tuple)
    assert sorted({error.code for error in problems}) == [
        "FACT_RANGE", "FACT_TYPE", "FACT_UNKNOWN", "FOOTPRINT_BROKEN", "PROJECT_INDUSTRY", "PROJECT_INVALID",
    ]  # fmt: skip
    assert len(problems) == 9
    for lang in ("zh-CN", "en"):
        text = caught.value.text(lang)
        assert "批次.csv:7" in text
        assert all(f"\n  {n}. " in text for n in range(1, 10))
        assert text.count("project-format.md") == 1
    assert "第 3 个工程组成" in caught.value.text("zh-CN")
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.text("en") == caught.value.text("en")


def test_one_problem_keeps_its_own_code() -> None:
    with pytest.raises(UnknownFact) as caught:
        project(facts={"boiler_tonnes": 3})
    assert "boiler_tph" in caught.value.text("zh-CN")
    with pytest.raises(UnknownIndustry):
        project(industry="2615")


@pytest.mark.parametrize(
    ("entries", "hint"),
    [
        ({"natrue": "新建"}, "nature"),
        ({"as_of": "2026-01-01"}, "--as-of"),
        ({1: 2}, "可用"),
        ({"parts": []}, "缺少 parts"),
        ({"parts": [7]}, "第 1 个工程组成"),
        ({"parts": [{"point": [1, 2], "wkt": "POINT (1 2)"}]}, "恰有"),
        ({"parts": [{"point": [1]}]}, "经度"),
        ({"parts": [{"point": [True, 2]}]}, "经度"),
        ({"parts": [{"point": [None, 2]}]}, "经度"),
        ({"parts": [{"wkt": 3}]}, "wkt"),
        ({"parts": [{"geojson": "{"}]}, "geojson"),
        ({"parts": [{"corners": [1]}]}, "corners"),
        ({"parts": [{"point": [1, 2], "layer": "甲"}]}, "只用于"),
        ({"parts": [{"corners": [[1, 2]], "shape": "round"}]}, "shape"),
        ({"parts": [{"file": 3}]}, "路径"),
        ({"facts": [1]}, "facts"),
        ({"papers": {"type": "甲"}}, "papers"),
        ({"papers": ["甲"]}, "第 1 份文件"),
        ({"papers": [{"number": "1"}]}, "type"),
        ({"papers": [{"type": "甲", "date": "2026-13-01"}]}, "date"),
        ({"papers": [{"type": "甲", "held": "no"}]}, "held"),
        ({"papers": [{"type": "甲", "dated": "x"}]}, "date"),
        ({"name": ["甲"]}, "name"),
        ({"name": True}, "name"),
    ],
)
def test_what_the_format_does_not_know_is_named(entries: dict[Any, object], hint: str) -> None:
    with pytest.raises(BadProject) as caught:
        project_from_mapping({"parts": PLACE} | entries)
    assert hint in caught.value.text("zh-CN")
    assert caught.value.text("en")


# --- facts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("boiler_tph", 35, 35.0),
        ("boiler_tph", "35", 35.0),
        ("boiler_tph", "３５", 35.0),
        ("boiler_tph", "35 t/h", 35.0),
        ("boiler_tph", "35蒸吨/小时", 35.0),
        ("installed_power_mw", {"value": "500", "unit": "kW"}, 0.5),
        ("water_reuse_pct", "95％", 95.0),
        ("capacity_tpa", "1.5万吨/年", 15_000.0),
        ("two_high", "是", True),
        ("two_high", " 否 ", False),
        ("two_high", "TRUE", True),
        ("polluted_plot", "是,已完成治理", "是，已完成治理"),
        ("pollutants", ["cod", "ＶＯＣｓ"], ("COD", "VOCs")),
        ("fuel", "煤、天然气", ("天然气", "煤")),
        ("fuel", "煤", ("煤",)),
        ("fuel", ["煤", "煤"], ("煤",)),
        ("fuel", [], ()),
        ("started_on", "2026-09-01", date(2026, 9, 1)),
        ("started_on", date(2026, 9, 1), date(2026, 9, 1)),
        ("product", " 甲醇 ", "甲醇"),
        ("industry", ["C2614", 2611, "2614"], ("2614", "2611")),
        ("nature", "新建", "新建"),
    ],
)
def test_what_can_be_read_in_one_way_only_is_read(key: str, given: object, expected: FactValue) -> None:
    assert check_facts({key: given}) == {key: expected}


@pytest.mark.parametrize("given", [None, "", "  ", {"value": None}])
def test_a_fact_not_stated_is_unknown_and_never_a_default(given: object) -> None:
    assert check_facts({"boiler_tph": given, "two_high": given, "fuel": given, "nature": given}) == {}


@pytest.mark.parametrize(
    ("key", "given", "error", "words"),
    [
        ("boiler_tph", "约35", FactType, "数值"),
        ("boiler_tph", "30-35", FactUnit, "t/h"),
        ("boiler_tph", "1,000", FactUnit, "t/h"),
        ("boiler_tph", True, FactType, "数值"),
        ("boiler_tph", [35], FactType, "数值"),
        ("boiler_tph", float("nan"), FactType, "数值"),
        ("boiler_tph", 10**400, FactType, "数值"),
        ("boiler_tph", 1e9, FactRange, "0–5000"),
        ("boiler_tph", -0.1, FactRange, "0–5000"),
        ("boiler_tph", {"value": 1, "unit": "MW"}, FactUnit, "t/h"),
        ("boiler_tph", {"value": "1t/h", "unit": "t/h"}, FactType, "数值"),
        ("boiler_tph", {"value": 1, "unit": 2}, FactType, "数值"),
        ("boiler_tph", {"amount": 1}, FactType, "value"),
        ("two_high", 1, FactType, "是或否"),
        ("two_high", "不是", FactType, "是或否"),
        ("two_high", {"value": True, "unit": "t"}, FactType, "单位"),
        ("nature", "新建项目", FactType, "最接近“新建”"),
        ("nature", True, FactType, "新建"),
        ("fuel", ["天然汽"], FactType, "最接近“天然气”"),
        ("fuel", [True], FactType, "煤"),
        ("fuel", 3, FactType, "煤"),
        ("started_on", "2026-02-30", FactType, "日期"),
        ("started_on", "2026/2/3", FactType, "日期"),
        ("started_on", 20260203, FactType, "日期"),
        ("product", 3, FactType, "文字"),
        ("industry", 3.5, FactType, "GB/T 4754"),
        ("industry", "C", CoarseIndustry, "1311"),
        ("", 1, UnknownFact, "词表"),
        (3, 1, UnknownFact, "词表"),
        ("锅炉容量", 1, UnknownFact, "单台锅炉容量"),
        ("Boiler_TPH", 1, UnknownFact, "boiler_tph"),
    ],
)
def test_what_could_mean_something_else_is_refused(
    key: str, given: object, error: type[SanxianError], words: str
) -> None:
    with pytest.raises(error) as caught:
        check_facts({key: given})
    assert words in caught.value.text("zh-CN")
    assert caught.value.text("en")


def test_what_was_taken_as_something_else_is_said() -> None:
    found = project(
        facts={"单台锅炉容量": "20", "capacity_tpa": "3万t/a", "energy_tce": 5, "water_reuse_pct": "90%"}
    )
    said = {notice.code: notice for notice in found.notices}
    assert codes(found) == ["FACT_LABEL", "FACT_READ", "FACT_READ"]
    assert "boiler_tph" in said["FACT_LABEL"].en
    assert any("30000 t/a" in notice.zh and "万t/a" in notice.zh for notice in found.notices)


def test_a_fact_given_twice_must_agree() -> None:
    assert check_facts({"boiler_tph": 20, "单台锅炉容量": "20t/h"}) == {"boiler_tph": 20.0}
    with pytest.raises(FactConflict):
        check_facts({"boiler_tph": 20, "单台锅炉容量": 35})


def test_nature_and_industry_may_stand_beside_or_among_the_facts() -> None:
    beside = project(nature="新建", industry="C2614")
    among = project(facts={"nature": "新建", "industry": ["2614"]})
    assert (beside.nature, beside.industries) == (among.nature, among.industries) == ("新建", ("2614",))
    assert beside.facts == among.facts == {}
    assert project(nature="新建", facts={"nature": "新建"}).nature == "新建"
    for field, other in (("nature", "扩建"), ("industry", "2611")):
        with pytest.raises(FactConflict):
            project(nature="新建", industry="2614", facts={field: other})
    assert (project().nature, project().industries) == (None, ())


def test_an_industry_with_one_class_is_that_class() -> None:
    found = project(industry="022")
    assert found.industries == ("0220",)
    assert codes(found) == ["PROJECT_INDUSTRY_CLASS"]


def test_a_name_that_is_not_the_codes_own_is_said() -> None:
    assert codes(project(industry="2614 有机化学原料制造")) == []
    assert codes(project(industry="C2614水泥制造")) == ["PROJECT_INDUSTRY_NAME"]


def test_a_paper_without_number_or_date_is_said_to_prove_nothing() -> None:
    assert codes(project(papers=[{"type": "批复", "number": "1号"}])) == ["PAPER_INCOMPLETE"]
    assert codes(project(papers=[{"type": "批复", "number": 1, "date": "2026-01-01"}])) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("boiler_tph=35t/h", ("boiler_tph", 35.0)),
        ("boiler_tph＝３５", ("boiler_tph", 35.0)),
        (" 单台锅炉容量 = 35 ", ("boiler_tph", 35.0)),
        ("fuel=煤,天然气", ("fuel", ("天然气", "煤"))),
        ("two_high=否", ("two_high", False)),
        ("boiler_tph=", ("boiler_tph", None)),
        ("product=A=B", ("product", "A=B")),
        ("industry=C2614，2611", ("industry", ("2614", "2611"))),
    ],
)
def test_a_typed_fact_is_read(text: str, expected: tuple[str, FactValue | None]) -> None:
    assert parse_fact(text) == expected


def test_a_typed_fact_needs_a_sign() -> None:
    with pytest.raises(UsageError):
        parse_fact("boiler_tph 35")
    with pytest.raises(UnknownFact):
        parse_fact("=35")


# --- properties ----------------------------------------------------------------------------------


def values_of(fact: data.FactDef) -> st.SearchStrategy[FactValue]:
    """Canonical values of a fact."""
    match fact.type:
        case "bool":
            return st.booleans()
        case "number":
            return st.floats(*fact.range)
        case "enum":
            return st.sampled_from(fact.values)
        case "date":
            return st.dates()
        case "text":
            return st.just("甲醇")
        case _ if fact.key == "industry":
            return st.just(("2614",))
        case _:
            return st.sets(st.sampled_from(fact.values), min_size=1).map(lambda s: tuple(sorted(s)))


canonical = st.fixed_dictionaries({}, optional={key: values_of(fact) for key, fact in data.facts().items()})


@given(canonical)
def test_canonical_facts_are_taken_as_they_are(facts: dict[str, FactValue]) -> None:
    assert check_facts(facts) == facts


@given(canonical)
def test_labels_and_keys_mean_the_same(facts: dict[str, FactValue]) -> None:
    assert check_facts({data.facts()[key].zh: value for key, value in facts.items()}) == facts


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["name", "id", "nature", "industry", "parts", "facts", "papers", "x"])
parts = st.lists(
    st.dictionaries(
        st.sampled_from(["role", "geojson", "wkt", "point", "corners", "crs", "shape"]), anything, max_size=3
    ),
    max_size=2,
)
some_facts = st.dictionaries(st.sampled_from(sorted(data.facts())), anything, max_size=3)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(keys, anything, max_size=4), parts, some_facts)
def test_any_document_is_a_project_or_an_error_in_two_languages(
    document: dict[str, object], places: list[object], facts: dict[str, object]
) -> None:
    document = {"parts": places, "facts": facts} | document
    try:
        assert isinstance(project_from_mapping(document), Project)
    except InputError as error:
        assert error.text("zh-CN") and error.text("en")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_is_a_document_or_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    try:
        read_document(path)
    except InputError as error:
        assert error.text("zh-CN") and error.text("en")


# --- the document --------------------------------------------------------------------------------


def test_the_example_of_the_reference_page_is_a_project(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "reference" / "project-format.md").read_text("utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    found = read_project(write_project(tmp_path, example))
    assert found.nature == "新建"
    assert len(found.parts) == 3
    assert found.facts["capacity_tpa"] == 30_000.0


def test_an_industry_above_class_level_is_kept_and_told() -> None:
    read = project_from_mapping({"industry": "C26", "parts": [{"point": [101.7, 36.5]}]})
    assert read.industries == ("26",)
    assert [n.code for n in read.notices if n.code.startswith("PROJECT_INDUSTRY")] == [
        "PROJECT_INDUSTRY_COARSE"
    ]

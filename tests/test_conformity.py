"""The conformity report: every finding is in it, the counts agree, and nothing says more than the record."""

from __future__ import annotations

import ast
import dataclasses
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from report_samples import AS_OF, EDITION, EDITIONS, PARTIAL, RESULTS, project, with_digest
from sanxian.edition import Edition
from sanxian.i18n import LANGS, t
from sanxian.model import (
    SYNTHETIC,
    Concern,
    Dimension,
    FindingKind,
    LayerKind,
    Office,
    Outcome,
    Paper,
    Part,
    Project,
    Relation,
    Truth,
)
from sanxian.report import conformity_appendix, evidence, words
from sanxian.report.cells import EMPTY, cell, lines
from sanxian.report.conformity import manuscript
from sanxian.report.conformity_clauses import LEVELS, ClauseList
from sanxian.report.conformity_themes import QUALITY, RESOURCE, kind_of, of_layers, two_high_rows
from sanxian.report.content import Content
from sanxian.report.evidence import facts_read, leaves, steps
from sanxian.report.manuscript import (
    Block,
    Bullets,
    Fields,
    Figure,
    Heading,
    Manuscript,
    Paragraph,
    Run,
    Style,
    Table,
    Text,
    Verdict,
    words_of,
)
from sanxian.screening import Screening, from_json, screen, to_json

CASES: Final = [(name, lang) for name in RESULTS for lang in LANGS]
_SRC: Final = Path(__file__).parents[1] / "src" / "sanxian"
_REQUIREMENT: Final = {7: 3, 4: 2}  # column of the requirement in the long and the short table
_MADE: Final[dict[tuple[str, str], Manuscript]] = {}


def made(name: str, lang: str = "zh-CN") -> Manuscript:
    if (name, lang) not in _MADE:
        _MADE[name, lang] = manuscript(RESULTS[name], lang, EDITIONS[name])
    return _MADE[name, lang]


def texts(block: Block) -> Iterator[str]:
    """Every text a block shows, drawings by what they say to those who do not see them."""
    match block:
        case Heading(text=text):
            yield text
        case Paragraph(text=text):
            yield words_of(text)
        case Bullets(items=items):
            yield from map(words_of, items)
        case Fields(rows=rows):
            for label, value in rows:
                yield label
                yield words_of(value)
        case Verdict(label=label, sentence=sentence, counts=counts):
            yield label
            yield sentence
            for _, name, count in counts:
                yield f"{name} {count}"
        case Table():
            yield block.caption
            yield from (column.title for column in block.columns)
            for row in block.rows:
                for one in row:
                    yield "\n".join(map(words_of, one.paragraphs))
            yield words_of(block.note)
        case Figure(caption=caption, alt=alt):
            yield caption
            yield alt


def whole(script: Manuscript) -> str:
    head = [script.title, script.subject, script.mark, script.footer]
    head += [f"{label} {words_of(text)}" for label, text in script.identity]
    return "\n".join((*head, *(text for block in script.blocks for text in texts(block))))


def section(script: Manuscript, key: str, level: int = 1) -> tuple[Block, ...]:
    """The blocks under the heading of a key."""
    wanted = t(f"conformity.heading.{key}", script.lang)
    begun = [
        i
        for i, b in enumerate(script.blocks)
        if isinstance(b, Heading) and b.level == level and b.text.endswith(wanted)
    ]
    start = begun[-1]
    rest = script.blocks[start + 1 :]
    end = next((i for i, b in enumerate(rest) if isinstance(b, Heading) and b.level <= level), len(rest))
    return rest[:end]


def said(blocks: tuple[Block, ...]) -> str:
    return "\n".join(text for block in blocks for text in texts(block))


def clause_tables(script: Manuscript) -> tuple[list[Table], list[Table]]:
    """Tables of what applies, and of what does not."""
    found = [
        [table for table in script.tables if table.sheet == t(f"conformity.sheet.{sheet}", script.lang)]
        for sheet in ("clauses", "idle")
    ]
    return found[0], found[1]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


# --- complete ----------------------------------------------------------------------------------------


def check_complete(result: Screening, edition: Edition | None, lang: str) -> None:
    """Every finding has its row with text, document, outcome and reason; rows and places add up to the findings."""
    script = manuscript(result, lang, edition)
    applying, idle = clause_tables(script)
    rows = [row for table in (*applying, *idle) for row in table.rows]
    numbers = [int(words_of(row[0].paragraphs[0])) for row in rows]
    assert numbers == list(range(1, len(rows) + 1))

    # an independent reading of the record: what must be found in some row, with which outcome
    shown: Counter[tuple[str, str, Outcome]] = Counter()
    for table in (*applying, *idle):
        for row, outcome in zip(table.rows, table.outcomes, strict=True):
            assert outcome is not None
            text = squeezed("".join(map(words_of, row[_REQUIREMENT[len(row)]].paragraphs)))
            reason = squeezed("".join(map(words_of, row[-1].paragraphs)))
            shown[text, reason, outcome] += 1
    for finding in result.findings:
        reason = squeezed(finding.reason_en if lang == "en" else finding.reason_zh)
        if finding.kind is not FindingKind.CLAUSE:
            assert reason in squeezed(said(section(script, "boundaries")))
            continue
        text = squeezed(result.clauses[finding.clause].text)
        assert any(t_ == text and r.startswith(reason) and o is finding.outcome for t_, r, o in shown), (
            finding.clause
        )
    listed = ClauseList(Content(result, lang, edition))
    of_clauses = [f for f in result.findings if f.kind is FindingKind.CLAUSE]
    assert sum(len(row.findings) for row in listed.rows) == len(of_clauses)
    assert Counter(f.clause for row in listed.rows for f in row.findings) == Counter(
        f.clause for f in of_clauses
    )
    assert len(listed.rows) == len(rows)

    # the counts of page one are those of the record
    (verdict,) = [block for block in script.blocks if isinstance(block, Verdict)]
    assert verdict.outcome is max((f.outcome for f in result.findings), default=Outcome.NOT_APPLICABLE)
    assert {o: n for o, _, n in verdict.counts if n} == dict(Counter(f.outcome for f in result.findings))
    # and the tables by level and by dimension count the rows of the clause tables
    by_outcome = Counter(row.outcome for row in listed.rows)
    for key in ("levels", "dimensions"):
        (table,) = [x for x in script.tables if x.sheet == t(f"conformity.sheet.{key}", lang)]
        body = [[words_of(one.paragraphs[0]) for one in row] for row in table.rows]
        summed = [row for row in body if row[0] != t("conformity.column.total", lang)]
        columns = [sum(int(row[i]) for row in summed) for i in range(1, 8)]
        assert columns[:6] == [by_outcome[o] for o in sorted(Outcome, reverse=True)]
        assert columns[6] == len(rows)


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_every_finding_is_in_the_report_and_the_counts_agree(name: str, lang: str) -> None:
    check_complete(RESULTS[name], EDITIONS[name], lang)


_PLACES: Final = st.builds(
    lambda x, y, w, h: shapely.box(100 + x, 36 + y, min(100 + x + w, 100.4), min(36 + y + h, 36.2)),
    st.floats(0, 0.38),
    st.floats(0, 0.18),
    st.floats(0.0005, 0.2),
    st.floats(0.0005, 0.1),
)
_PROJECTS: Final = st.builds(
    lambda shape, nature, industry, facts, papers: Project(
        parts=(Part(role="厂区", geometry=shape),),
        nature=nature,
        industries=industry,
        facts=facts,
        papers=papers,
    ),
    _PLACES,
    st.sampled_from((None, "新建", "扩建", "现有")),
    st.sampled_from(((), ("2614",), ("2511",), ("4416", "2614"))),
    st.fixed_dictionaries(
        {},
        optional={
            "boiler_tph": st.sampled_from((20.0, 75.0)),
            "national_major": st.booleans(),
            "two_high": st.booleans(),
            "activity": st.sampled_from((("工业生产",), ("取用地下水",))),
            "offset_ratio": st.sampled_from((0.5, 2.0)),
        },
    ),
    st.lists(
        st.sampled_from(
            (
                Paper(type="不可避让论证意见", number="一号", issuer="示例省人民政府", date=date(2026, 1, 2)),
                Paper(type="规划环评审查意见", held=False),
                Paper(type="规划环评审查意见"),
            )
        ),
        max_size=2,
    ).map(tuple),
)


@settings(max_examples=30)
@given(subject=_PROJECTS, at_hand=st.booleans(), lang=st.sampled_from(LANGS), drafts=st.booleans())
def test_whatever_the_project_no_finding_is_left_out(
    subject: Project, at_hand: bool, lang: str, drafts: bool
) -> None:
    result = screen(subject, EDITION, AS_OF, count_drafts=drafts)
    check_complete(result, EDITION if at_hand else None, lang)


@pytest.mark.parametrize("name", ["plant", "scattered", "drafts"])
def test_clauses_stand_level_by_level_from_the_nation_to_the_unit(name: str) -> None:
    listed = ClauseList(Content(RESULTS[name], "zh-CN", EDITIONS[name]))
    for rows in (listed.applicable, listed.idle):
        order = [LEVELS.index(row.clause.level) for row in rows]
        assert order == sorted(order)
    applying, _ = clause_tables(made(name))
    levels = list(dict.fromkeys(row.clause.level for row in listed.applicable))
    headings = [b.text for b in section(made(name), "clauses") if isinstance(b, Heading)]
    assert [h.partition("）")[2] for h in headings[: len(levels)]] == [
        t(f"conformity.level.{level}") for level in levels
    ]
    assert len(applying) == len(levels)


def test_clause_numbers_are_read_as_numbers() -> None:
    result = RESULTS["plant"]
    finding = next(f for f in result.findings if f.clause)
    names = ("1-10", "1-9", "1-2", "2-1", "10-1", "甲-3")
    clause = result.clauses[finding.clause]
    many = dataclasses.replace(
        result,
        findings=tuple(dataclasses.replace(finding, clause=n) for n in names),
        clauses={n: dataclasses.replace(clause, id=n, number=n) for n in names},
    )
    listed = ClauseList(Content(many, "zh-CN"))
    assert [row.clause.number for row in listed.rows] == ["甲-3", "1-2", "1-9", "1-10", "2-1", "10-1"]


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_every_zone_layer_document_and_office_of_the_record_is_named(name: str, lang: str) -> None:
    result, text = RESULTS[name], whole(made(name, lang))
    content = Content(result, lang, EDITIONS[name])
    for hit in result.hits:
        if not hit.role:
            assert hit.zone in text
    for row in content.layer_rows:
        assert row.title in text
        assert all(source in text for source in row.sources)
    for document in content.documents:
        assert all(part in text for part in document)
    for ask in content.asks:
        assert ask.question in text
    for label, value in content.facts:
        assert label in text
        assert value in text
    for paper in content.papers:
        assert paper.type in text
        assert paper.number in text
    for part in content.parts:
        assert all(content.notice(n) in text for n in part.repairs)
    assert content.digest in text
    assert t("conformity.disclaimer", lang) in text


def test_offices_stand_with_zones_and_clauses_they_answer_for() -> None:
    office = Office(id="o1", name="甲县生态环境局", contact="0971-1", region="639901")
    result = RESULTS["plant"]
    hits = tuple(
        dataclasses.replace(h, office=office) if h.layer == "control_unit" else h for h in result.hits
    )
    findings = tuple(
        dataclasses.replace(f, office=office) if f.outcome is Outcome.NON_COMPLIANT else f
        for f in result.findings
    )
    changed = dataclasses.replace(result, hits=hits, findings=findings)
    blocks = section(manuscript(changed, "zh-CN", EDITION), "offices", 2)
    (table,) = [b for b in blocks if isinstance(b, Table)]
    ((name, contact, zones, rows),) = [
        ["\n".join(map(words_of, one.paragraphs)) for one in row] for row in table.rows
    ]
    assert (name, contact) == ("甲县生态环境局", "0971-1")
    assert "甲县优先保护单元" in zones
    listed = ClauseList(Content(changed, "zh-CN", EDITION))
    bad = [r for r in listed.rows if r.outcome is Outcome.NON_COMPLIANT and r.offices]
    assert bad
    assert rows == listed.references(bad)


# --- the head and page one ---------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_the_title_block_and_the_conclusion_come_first(name: str, lang: str) -> None:
    result, script = RESULTS[name], made(name, lang)
    content = Content(result, lang, EDITIONS[name])
    identity = " ".join(words_of(text) for _, text in script.identity)
    for told in (
        f"SX-{result.as_of:%Y%m%d}-{content.digest[7:15].upper()}",
        result.as_of.isoformat(),
        result.edition.title,
        words.short_digest(result.edition.digest),
        words.short_digest(content.digest),
    ):
        assert told in identity
    assert script.day == result.as_of.isoformat()
    assert script.record == to_json(result)
    assert script.lang == lang
    assert isinstance(script.blocks[0], Heading)
    assert isinstance(script.blocks[1], Verdict)
    assert script.blocks[1].sentence == content.conclusion
    first = [row.what for row in content.deciding[:6]]
    assert all(what in said(script.blocks[:8]) for what in first)


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_headings_are_numbered_in_order_and_nest(name: str, lang: str) -> None:
    headings = [b for b in made(name, lang).blocks if isinstance(b, Heading)]
    chapters = [b.text for b in headings if b.level == 1]
    if lang == "en":
        assert [c.split()[0] for c in chapters] == [str(i) for i in range(1, len(chapters) + 1)]
    else:
        assert [c[0] for c in chapters] == list("一二三四五六七八九十")[: len(chapters)]
    for before, after in pairwise(headings):
        assert after.level - before.level <= 2
    assert len({b.text for b in headings if b.level == 1}) == len(chapters)


# --- what each theme says ----------------------------------------------------------------------------


def without(layers: set[str], status: Concern = Concern.NO_DATA) -> Screening:
    """The plant, but some layers are not known."""
    result = RESULTS["plant"]
    reports = tuple(
        dataclasses.replace(r, concern=status, complete=False, sources=()) if r.layer in layers else r
        for r in result.layers
    )
    return dataclasses.replace(
        result, layers=reports, hits=tuple(h for h in result.hits if h.layer not in layers)
    )


@pytest.mark.parametrize("layer", [layer.id for layer in EDITION.layers])
@pytest.mark.parametrize("status", [Concern.NO_DATA, Concern.NOT_CONCERNED])
@pytest.mark.parametrize("at_hand", [True, False])
def test_a_layer_without_data_is_never_said_to_be_clear(layer: str, status: Concern, at_hand: bool) -> None:
    script = manuscript(without({layer}, status), "zh-CN", EDITION if at_hand else None)
    title = Content(RESULTS["plant"], "zh-CN", EDITION).layer_title(layer)
    clear = t("conformity.layer.not_concerned").format(layer=title)
    text = whole(script)
    assert clear not in text
    sayings = [x for block in script.blocks for x in texts(block) if title in x]
    about = [x for x in sayings if "完整" in x or "无数据" in x or "不能" in x]
    kind = kind_of(Content(RESULTS["plant"], "zh-CN", EDITION if at_hand else None), layer)
    if kind in (*QUALITY, *RESOURCE, LayerKind.ECOLOGY, LayerKind.PROTECTED_AREA, LayerKind.CONTROL_UNIT):
        assert any("不能判断" in x or "不能据此认定" in x for x in about)
    assert f"符合{title}" not in text


def test_no_data_and_not_complete_are_told_apart() -> None:
    for status, key in ((Concern.NO_DATA, "no_data"), (Concern.NOT_CONCERNED, "not_concerned_partly")):
        script = manuscript(without({"protected_area"}, status), "zh-CN", EDITION)
        for place in (script.blocks[:10], section(script, "protected"), section(script, "line_red", 2)):
            assert t(f"conformity.layer.{key}").format(layer="自然保护地") in said(place)


def test_gaps_in_a_line_are_told_beside_its_counts() -> None:
    line = {"quality": "water_zone", "red": "red_line"}
    for key, layer in line.items():
        script = manuscript(without({layer}), "zh-CN", EDITION)
        blocks = section(script, f"line_{key}", 2)
        assert any(isinstance(b, Paragraph) and b.kind == "warning" for b in blocks), key
        assert not any(
            isinstance(b, Paragraph) and b.kind == "warning" for b in section(made("plant"), f"line_{key}", 2)
        )


def test_an_edition_without_a_red_line_layer_never_reads_as_not_concerned() -> None:
    result = RESULTS["site"]
    bare = dataclasses.replace(
        result,
        layers=tuple(r for r in result.layers if r.layer != "red_line"),
        hits=tuple(h for h in result.hits if h.layer != "red_line"),
    )
    for lang in LANGS:
        script = manuscript(bare, lang)
        for place in (script.blocks[:10], section(script, "protected"), section(script, "line_red", 2)):
            assert t("conformity.red.no_layer", lang) in said(place)
        assert "不涉及生态保护红线（" not in whole(script)


def test_red_line_concerned_says_how_and_names_the_zones() -> None:
    page = said(section(made("plant"), "protected"))
    hit = next(
        h
        for h in RESULTS["plant"].hits
        if h.layer == "red_line" and not h.role and h.relation is Relation.OVERLAP
    )
    assert "示例山水源涵养红线" in page
    assert words.area(hit.area_m2) in page
    assert words.share(hit.share) in page
    assert "涉及生态保护红线 1 处" in page
    assert "生态保护红线内禁止新建、扩建工业项目" in page


def test_a_sensitive_near_miss_of_the_red_line_is_told_with_the_statement() -> None:
    assert any(f.kind is FindingKind.BOUNDARY for f in RESULTS["edge"].findings)
    for place in (made("edge").blocks[:10], section(made("edge"), "protected")):
        assert t("conformity.layer.sensitive") in said(place)
    assert t("conformity.layer.sensitive") not in whole(made("site"))


def _two_high(facts: dict[str, Any], industries: tuple[str, ...], edition: Edition | None = EDITION) -> str:
    subject = project(shapely.box(100.1205, 36.0300, 100.123, 36.0318), facts=facts, industries=industries)
    return said(section(manuscript(screen(subject, EDITION, AS_OF), "zh-CN", edition), "two_high"))


def test_the_two_high_page_says_what_is_stated_and_what_is_listed() -> None:
    silent = _two_high({}, ("4416",))
    assert t("conformity.two_high.not_stated") in silent
    assert t("conformity.two_high.not_listed") in silent
    listed = _two_high({"two_high": True}, ("2614",))
    assert "所填行业代码列入：2614" in listed
    assert t("conformity.two_high.disagree") not in listed
    assert t("conformity.two_high.disagree") in _two_high({"two_high": False}, ("2614",))
    assert t("conformity.two_high.disagree") in _two_high({"two_high": True}, ("4416",))
    assert t("conformity.two_high.no_industry") in _two_high({}, ())
    assert t("conformity.two_high.no_edition") in _two_high({}, ("2614",), None)
    assert "两高项目应符合产业政策和规划环评要求" in listed


def test_a_two_high_catalogue_out_of_force_lists_nothing() -> None:
    catalogue = dataclasses.replace(EDITION.catalogues["two_high"], valid_to=date(2025, 12, 31))
    edition = with_digest(dataclasses.replace(EDITION, catalogues={"two_high": catalogue}))
    subject = project(shapely.box(100.1205, 36.0300, 100.123, 36.0318))
    page = said(section(manuscript(screen(subject, edition, AS_OF), "zh-CN", edition), "two_high"))
    assert t("conformity.two_high.not_in_force") in page
    assert "所填行业代码列入" not in page
    none = with_digest(dataclasses.replace(EDITION, catalogues={}))
    page = said(section(manuscript(screen(subject, none, AS_OF), "zh-CN", none), "two_high"))
    assert t("conformity.two_high.no_catalogue") in page


def test_clauses_that_speak_of_two_high_are_those_of_text_or_rule() -> None:
    listed = ClauseList(Content(RESULTS["plant"], "zh-CN", EDITION))
    assert [row.clause.id for row in two_high_rows(listed)] == ["S-07"]


# --- the facts a clause read -------------------------------------------------------------------------


@pytest.mark.parametrize("name", RESULTS)
def test_the_facts_column_holds_what_the_traces_hold(name: str) -> None:
    """Each stated fact a trace saw stands in the column with its unit; what it did not see is said not to be given."""
    result = RESULTS[name]
    content = Content(result, "zh-CN", EDITIONS[name])
    for row in content.clause_rows:
        read = facts_read(content, row)
        assert len({fact.label for fact in read}) == len(read)
        by_label = {fact.label: fact for fact in read}
        for finding in row.findings:
            for rule in finding.rules:
                for leaf in leaves(rule):
                    atom = leaf["atom"]
                    if "duty" in atom:
                        continue
                    if "fact" in atom:
                        fact = by_label[words.fact_label(atom["fact"], "zh-CN")]
                        stated = result.project.facts.get(atom["fact"])
                        if atom["fact"] == "nature":
                            stated = result.project.nature
                        if stated is None:
                            assert (fact.value, fact.known) == (t("conformity.facts.not_given"), False)
                        else:
                            assert words.fact_value(atom["fact"], stated, "zh-CN") in fact.value
                            assert fact.known
                    if leaf["truth"] == Truth.UNKNOWN.name:
                        assert any(not fact.known for fact in read)


def test_a_paper_is_cited_by_number_and_only_when_it_counts() -> None:
    def column(*papers: Paper) -> str:
        subject = project(shapely.box(100.02, 36.13, 100.03, 36.14), papers=papers)
        content = Content(screen(subject, EDITION, AS_OF), "zh-CN", EDITION)
        row = next(r for r in content.clause_rows if r.clause.id == "S-01")
        return next(f.value for f in facts_read(content, row) if "不可避让论证意见" in f.label)

    good = Paper(type="不可避让论证意见", number="示政函1号", issuer="示例省人民政府", date=date(2026, 1, 2))
    assert column() == "未提供"
    assert "示政函1号" in column(good)
    assert column(dataclasses.replace(good, held=False)) == "未取得"
    assert column(dataclasses.replace(good, number="")) == t("conformity.facts.not_as_asked")
    assert column(dataclasses.replace(good, issuer="甲县人民政府")) == t("conformity.facts.not_as_asked")
    wrong = dataclasses.replace(good, number="县函9号", issuer="甲县人民政府")
    assert "示政函1号" in column(wrong, good)
    assert "县函9号" not in column(wrong, good)


def test_a_value_that_differs_from_place_to_place_names_the_places() -> None:
    content = Content(RESULTS["plant"], "zh-CN", EDITION)
    row = next(
        r for r in content.clause_rows if any("state" in x["atom"] for f in r.rules for x in leaves(f))
    )
    finding = row.findings[0]

    def at(place: str, state: str) -> Any:
        def swap(node: Any) -> Any:
            if "op" in node:
                return {**node, "children": [swap(c) for c in node["children"]]}
            return (
                {**node, "seen": {"values": [state], "complete": True}} if "state" in node["atom"] else node
            )

        rules = tuple(
            dataclasses.replace(
                r, trace={k: swap(v) if isinstance(v, dict) else v for k, v in r.trace.items()}
            )
            for r in finding.rules
        )
        return dataclasses.replace(finding, place=place, place_name=place, rules=rules)

    many = dataclasses.replace(row, findings=(at("甲", "达标"), at("乙", "未达标"), at("丙", "达标")))
    value = next(f.value for f in facts_read(content, many) if "环境空气质量" in f.label)
    assert value == "达标（甲、丙）；未达标（乙）"


@pytest.mark.parametrize("name", ["plant", "site", "drafts"])
def test_the_steps_of_a_rule_are_all_there(name: str) -> None:
    content = Content(RESULTS[name], "zh-CN", EDITIONS[name])
    for row in content.clause_rows:
        for rule in row.rules:
            shown = [step.condition for step in steps(content, rule)]
            for leaf in leaves(rule):
                assert content.leaf_words(leaf) in shown


def test_deciding_rules_are_traced_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    page = said(section(made("plant"), "steps", 2))
    assert RESULTS["plant"].verdict is Outcome.NON_COMPLIANT
    assert t("report.trace.FALSE") in page or t("report.trace.TRUE") in page
    assert "S-" not in page
    monkeypatch.setattr(conformity_appendix, "TRACED_MAX", 1)
    short = said(section(manuscript(RESULTS["plant"], "zh-CN", EDITION), "steps", 2))
    deciding = [
        r for r in Content(RESULTS["plant"], "zh-CN").clause_rows if r.outcome is Outcome.NON_COMPLIANT
    ]
    assert len(deciding) > 1
    assert t("conformity.steps.left").format(count=len(deciding) - 1) in short


@pytest.mark.parametrize("name", ["site", "plant"])
def test_what_was_not_given_stands_out_in_the_clause_table(name: str) -> None:
    content = Content(RESULTS[name], "zh-CN", EDITIONS[name])
    listed = ClauseList(content)
    applying, _ = clause_tables(made(name))
    shown = [row for table in applying for row in table.rows]
    seen = Counter(
        (words_of(p).partition("：")[0], p[-1].style)
        for row in shown
        for p in row[4].paragraphs
        if len(p) > 1
    )
    expected = Counter(
        (fact.label.partition("：")[0], Style.PLAIN if fact.known else Style.STRONG)
        for row in listed.applicable
        for fact in facts_read(content, row)
    )
    assert seen == expected
    assert {style for _, style in seen} == {Style.PLAIN, Style.STRONG}


@settings(max_examples=25)
@given(st.sets(st.integers(1, 60)))
def test_references_name_rows_and_count_what_they_leave_out(numbers: set[int]) -> None:
    finding = next(f for f in RESULTS["plant"].findings if f.clause)
    clause = RESULTS["plant"].clauses[finding.clause]
    names = [f"{i}" for i in range(1, 61)]
    many = dataclasses.replace(
        RESULTS["plant"],
        findings=tuple(dataclasses.replace(finding, clause=n) for n in names),
        clauses={n: dataclasses.replace(clause, id=n, number=n) for n in names},
    )
    listed = ClauseList(Content(many, "zh-CN"))
    text = listed.references(row for row in listed.rows if listed.number(row) in numbers)
    named, _, left = text.partition("等共")
    read: set[int] = set()
    for run in filter(None, named.split("、")):
        first, _, last = run.partition("–")
        read |= set(range(int(first), int(last or first) + 1))
    if left:
        assert read < numbers
        assert f"{len(numbers)} 条" in left
    else:
        assert read == numbers


# --- what would change -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RESULTS)
def test_turns_agree_with_the_flips_of_the_record(name: str) -> None:
    result = RESULTS[name]
    content = Content(result, "zh-CN", EDITIONS[name])
    blocks = section(made(name), "flips", 2)
    tables = {b.caption: b for b in blocks if isinstance(b, Table)}
    better = {
        (flip.said, flip.outcome)
        for row in content.clause_rows
        if row.outcome is result.verdict and row.outcome is not Outcome.NOT_APPLICABLE
        for flip in row.flips
        if flip.outcome < result.verdict
    }
    worse = {
        (flip.said, flip.outcome)
        for row in content.clause_rows
        for flip in row.flips
        if flip.outcome > result.verdict
        and not (row.outcome is Outcome.NOT_APPLICABLE and flip.fact in ("nature", "industry"))
    }
    for caption, expected in (("better", better), ("worse", worse)):
        table = tables.get(t(f"conformity.flips.{caption}"))
        shown = (
            set()
            if table is None
            else {(words_of(row[0].paragraphs[0]), row[-1].outcome) for row in table.rows}
        )
        assert shown == expected


# --- the same, safe, in both languages ---------------------------------------------------------------


def test_the_same_screening_gives_an_equal_manuscript() -> None:
    for name in ("plant", "partial"):
        assert manuscript(RESULTS[name], "zh-CN", EDITIONS[name]) == made(name)


@pytest.mark.parametrize("name", RESULTS)
def test_a_record_read_back_makes_the_same_report(name: str) -> None:
    again = from_json(to_json(RESULTS[name]))
    assert manuscript(again, "zh-CN", EDITIONS[name]) == made(name)


def test_another_edition_lends_nothing() -> None:
    assert manuscript(RESULTS["plant"], "en", PARTIAL) == manuscript(RESULTS["plant"], "en")
    assert manuscript(RESULTS["plant"], "en", EDITION) != manuscript(RESULTS["plant"], "en")


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_a_record_without_its_edition_makes_a_whole_report(name: str, lang: str) -> None:
    script = manuscript(RESULTS[name], lang)
    with_edition = made(name, lang)
    chapters = [b.text for b in script.blocks if isinstance(b, Heading) and b.level == 1]
    assert chapters == [b.text for b in with_edition.blocks if isinstance(b, Heading) and b.level == 1]
    assert t("conformity.digests.no_edition", lang) in whole(script)
    assert t("conformity.digests.no_edition", lang) not in whole(with_edition)


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_what_is_synthetic_says_so_and_what_is_not_does_not(name: str, lang: str) -> None:
    script = made(name, lang)
    synthetic = RESULTS[name].edition.synthetic
    assert (SYNTHETIC in script.mark) is synthetic
    assert (t("report.synthetic", lang) in said(script.blocks[:4])) is synthetic


def asked(source: str) -> Iterator[re.Pattern[str]]:
    """Patterns of the text keys a module may ask for: its string constants, holes of f-strings as anything."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.compile(re.escape(node.value.removeprefix("conformity.")))
        elif isinstance(node, ast.JoinedStr):
            pieces = [re.escape(str(v.value)) if isinstance(v, ast.Constant) else ".+" for v in node.values]
            pattern = "".join(pieces).removeprefix(re.escape("conformity."))
            if not pattern.startswith(".+"):
                yield re.compile(pattern)


def keys_of(domain: str) -> set[str]:
    def walk(node: dict[str, Any], path: str = "") -> Iterator[str]:
        for key, value in node.items():
            if isinstance(value, dict):
                yield from walk(value, f"{path}{key}.")
            else:
                yield path + key

    return set(walk(tomllib.loads((_SRC / "locale" / f"{domain}.zh-CN.toml").read_text("utf-8"))))


def test_every_text_key_is_used_and_every_key_used_exists() -> None:
    files = [*(_SRC / "report").glob("conformity*.py"), _SRC / "report" / "evidence.py"]
    patterns = [p for path in files for p in asked(path.read_text("utf-8"))]
    texts_of_ours = keys_of("conformity")
    within = {key.partition(".")[2] for key in texts_of_ours if key.startswith("facts.")}
    unused = [k for k in texts_of_ours if not any(p.fullmatch(k) for p in patterns)]
    unused = [k for k in unused if not any(p.fullmatch(k.removeprefix("facts.")) for p in patterns)]
    assert unused == []
    known = texts_of_ours | keys_of("report") | within
    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="say") | ast.Attribute(attr="say"),
                    args=[ast.Constant(value=str(key)), *_],
                ):
                    assert key in known, f"{path.name}: {key}"


@pytest.mark.parametrize("name", RESULTS)
def test_the_words_of_an_english_report_are_english(name: str) -> None:
    """Chinese in an English report comes from the record: clauses, names, facts. Our own words never do."""
    script = made(name, "en")
    ours = [b.text for b in script.blocks if isinstance(b, Heading)]
    ours += [label for label, _ in script.identity]
    ours += [x for table in script.tables for x in (table.caption, table.sheet, words_of(table.note))]
    ours += [column.title for table in script.tables for column in table.columns]
    assert not [text for text in ours if re.search("[\u3000-\u9fff]", text)]


HOSTILE: Final = '</style><script>alert("x")</script> #set $x$ @ref [*] \\n = =cmd|1 & \x00\x1b \u202e“😀'


def test_whatever_the_data_hold_the_manuscript_carries_it_as_text() -> None:
    """Names, facts, clause texts stand character for character in plain runs; line breaks part paragraphs."""
    documents = {k: dataclasses.replace(d, title=d.title + HOSTILE) for k, d in EDITION.documents.items()}
    edition = dataclasses.replace(
        EDITION,
        documents=documents,
        clauses=tuple(
            dataclasses.replace(c, text=f"{c.text}\n第二段{HOSTILE}", number=HOSTILE) for c in EDITION.clauses
        ),
        zones={
            k: tuple(dataclasses.replace(z, name=z.name + HOSTILE) for z in zones)
            for k, zones in EDITION.zones.items()
        },
        info=dataclasses.replace(EDITION.info, title=HOSTILE, publisher=HOSTILE, digest=""),
    )
    name = "项目" + HOSTILE + "名" * 500
    subject = project(
        Part(role=HOSTILE, name=HOSTILE, geometry=shapely.box(100.05, 36.13, 100.12, 36.14), source=HOSTILE),
        name=name,
        proponent=HOSTILE,
        facts={"product": HOSTILE},
        papers=(Paper(type=HOSTILE, number=HOSTILE, issuer=HOSTILE),),
    )
    result = screen(subject, edition, AS_OF)
    for lang in LANGS:
        script = manuscript(result, lang, edition)
        text = whole(script)
        assert script.subject == name
        assert text.count(HOSTILE) > 50
        for block in script.tables:
            for row in block.rows:
                for one in row:
                    assert one.paragraphs
                    assert all(run.text for paragraph in one.paragraphs for run in paragraph)
        applying, idle = clause_tables(script)
        for table in (*applying, *idle):
            for row in table.rows:
                assert any(words_of(p).startswith("第二段") for p in row[_REQUIREMENT[len(row)]].paragraphs)


def test_lines_part_at_breaks_and_lose_nothing_else() -> None:
    text: Text = (Run("甲\n乙", Style.MARKED), Run("丙\r\n\r\n"), Run("丁"))
    assert lines(text) == (
        (Run("甲", Style.MARKED),),
        (Run("乙", Style.MARKED), Run("丙")),
        (Run("丁"),),
    )
    assert words_of(cell("", None, "").paragraphs[0]) == EMPTY


@given(st.lists(st.tuples(st.text(max_size=8), st.sampled_from(list(Style))), max_size=5))
def test_lines_keep_every_character_but_breaks(runs: list[tuple[str, Style]]) -> None:
    text = tuple(Run(*run) for run in runs)
    joined = "".join(words_of(line) for line in lines(text))
    assert joined == "".join("".join(run.text.splitlines()) for run in text)


# --- shape -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_tables_are_well_formed(name: str, lang: str) -> None:
    for table in made(name, lang).tables:
        assert abs(sum(column.share for column in table.columns) - 1.0) < 1e-9
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert table.rows, table.caption
        assert table.caption
        assert len(table.outcomes) in (0, len(table.rows))
        for row in table.rows:
            for one in row:
                assert one.paragraphs
                if one.outcome is not None:  # never by sign or colour alone
                    assert t(f"outcome.{one.outcome.name}", lang) in words_of(one.paragraphs[0])


def test_tables_of_one_sheet_have_one_head_where_they_are_the_same_list() -> None:
    for name in RESULTS:
        applying, idle = clause_tables(made(name))
        assert len({table.columns for table in applying}) <= 1
        assert len(idle) <= 1


def test_the_samples_cover_what_a_report_can_hold() -> None:
    kinds = {type(block) for name in RESULTS for block in made(name).blocks}
    assert kinds == {Heading, Paragraph, Bullets, Fields, Verdict, Table, Figure}


def test_a_list_of_three_thousand_clauses_is_written_whole() -> None:
    """Counted in steps, not in seconds: twice the clauses ask for twice the words and no more."""
    result = RESULTS["plant"]
    findings = [f for f in result.findings if f.clause]

    def many(n: int) -> Screening:
        picked = [(f"C{i}", findings[i % len(findings)]) for i in range(n)]
        return dataclasses.replace(
            result,
            findings=tuple(dataclasses.replace(f, clause=k) for k, f in picked),
            clauses={
                k: dataclasses.replace(result.clauses[f.clause], id=k, number=f"1-{k[1:]}") for k, f in picked
            },
        )

    script = manuscript(many(3000), "zh-CN", EDITION)
    applying, idle = clause_tables(script)
    assert sum(len(table.rows) for table in (*applying, *idle)) == 3000
    longest = max(len(text) for block in script.blocks for text in texts(block))
    assert longest < 3000  # references to clauses are cut and counted


# --- faults that were planted and not seen at first --------------------------------------------------


def test_a_clause_that_holds_in_a_red_line_belongs_to_it_whatever_its_words() -> None:
    result = RESULTS["plant"]
    plain_words = {k: dataclasses.replace(c, text="禁止新建。", rules=()) for k, c in result.clauses.items()}
    listed = ClauseList(Content(dataclasses.replace(result, clauses=plain_words), "zh-CN", EDITION))
    found = {row.clause.id for row in of_layers(listed, {"red_line", "protected_area"}, ("红线",))}
    assert found == {
        c.id
        for c in plain_words.values()
        if any(z.partition(":")[0] in ("red_line", "protected_area") for z in c.scope.zones)
    }
    assert found


@pytest.mark.parametrize("name", ["plant", "site", "drafts"])
def test_each_line_counts_the_clauses_of_its_dimensions(name: str) -> None:
    rows = Content(RESULTS[name], "zh-CN").clause_rows
    for key, dimensions in (
        ("quality", (Dimension.EMISSION, Dimension.RISK)),
        ("resource", (Dimension.RESOURCE,)),
    ):
        count = sum(row.clause.dimension in dimensions for row in rows)
        text = said(section(made(name), f"line_{key}", 2))
        told = re.search(r"有关的管控要求 (\d+) 条", text)
        assert (int(told[1]) if told else 0) == count


@pytest.mark.parametrize("name", ["plant", "site", "drafts"])
def test_the_steps_are_those_of_every_deciding_clause_and_of_no_other(name: str) -> None:
    result = RESULTS[name]
    listed = ClauseList(Content(result, "zh-CN", EDITIONS[name]))
    (table,) = [b for b in section(made(name), "steps", 2) if isinstance(b, Table)]
    heads = [words_of(row[0].paragraphs[0]) for row in table.rows]
    deciding = [row for row in listed.rows if row.outcome is result.verdict and row.rules]
    expected = [
        t("conformity.clauses.ref").format(number=listed.number(row))
        for row in deciding
        for rule in row.rules
        if rule.outcome is row.outcome or len(row.rules) == 1
    ]
    assert [head for head in heads if head] == expected


def test_of_several_rules_only_those_that_decide_are_traced() -> None:
    result = RESULTS["plant"]
    finding = next(f for f in result.findings if f.outcome is Outcome.NON_COMPLIANT and f.rules)
    other = dataclasses.replace(
        finding.rules[0],
        outcome=Outcome.COMPLIANT,
        trace={
            "applies": {
                "atom": {"fact": "product", "op": "is", "value": "石棉"},
                "truth": "TRUE",
                "seen": "石棉",
            }
        },
    )
    two = dataclasses.replace(finding, rules=(*finding.rules, other))
    changed = dataclasses.replace(result, findings=(two,), verdict=Outcome.NON_COMPLIANT)
    text = said(section(manuscript(changed, "zh-CN", EDITION), "steps", 2))
    assert "石棉" not in text
    assert Content(changed, "zh-CN").leaf_words(next(leaves(finding.rules[0]))) in text


def test_a_sensitive_near_miss_and_a_dropped_overlap_have_their_tables() -> None:
    captions = [b.caption for b in section(made("edge"), "boundaries") if isinstance(b, Table)]
    assert t("conformity.boundaries.sensitive") in captions
    result = RESULTS["plant"]
    hits = tuple(
        dataclasses.replace(h, relation=Relation.DROPPED, area_m2=0.4) if h.layer == "red_line" else h
        for h in result.hits
    )
    script = manuscript(dataclasses.replace(result, hits=hits), "zh-CN", EDITION)
    text = said(section(script, "thresholds", 2))
    assert "示例山水源涵养红线" in text
    assert words.area(0.4) in text
    assert t("conformity.thresholds.none_dropped") not in text
    assert t("conformity.thresholds.none_dropped") in said(section(made("site"), "thresholds", 2))


@pytest.mark.parametrize("lang", LANGS)
def test_that_drafts_were_counted_stands_on_page_one(lang: str) -> None:
    told = t("report.drafts_counted", lang)
    assert told in said(made("drafts", lang).blocks[:5])
    assert told not in whole(made("site", lang))


def test_promises_are_no_facts_and_papers_without_number_are_not_cited() -> None:
    for name, result in RESULTS.items():
        content = Content(result, "zh-CN", EDITIONS[name])
        for row in content.clause_rows:
            assert not any("承诺" in fact.label for fact in facts_read(content, row))
    good = Paper(type="不可避让论证意见", number="示政函1号", issuer="示例省人民政府", date=date(2026, 1, 2))
    bare = dataclasses.replace(good, number="")
    subject = project(shapely.box(100.02, 36.13, 100.03, 36.14), papers=(bare, good))
    content = Content(screen(subject, EDITION, AS_OF), "zh-CN", EDITION)
    row = next(r for r in content.clause_rows if r.clause.id == "S-01")
    assert "示政函1号" in next(f.value for f in facts_read(content, row) if "不可避让论证意见" in f.label)


def test_a_state_known_for_a_part_only_says_so() -> None:
    content = Content(RESULTS["plant"], "zh-CN", EDITION)
    leaf = {
        "atom": {"state": "air_quality", "op": "is", "value": "未达标"},
        "truth": "UNKNOWN",
        "seen": {"values": ["达标"], "complete": False},
    }
    assert evidence.value(content, leaf) == ("达标" + t("conformity.facts.partly"), False)
    assert evidence.value(content, {**leaf, "seen": {"values": ["达标"], "complete": True}}) == ("达标", True)

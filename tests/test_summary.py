"""Many screenings in one table and on one map, and a few side by side."""

from __future__ import annotations

import dataclasses
import io
import re
import sys
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from manuscripts import ATTACKS, holding, rich
from report_samples import AS_OF, EDITION, RESULTS, project
from sanxian import report
from sanxian.errors import NotInstalled, RecordMissing
from sanxian.i18n import t
from sanxian.model import SYNTHETIC, Outcome, Part, Project
from sanxian.report import setting, sites, summary, summary_map
from sanxian.report.manuscript import Manuscript, Paragraph, Table, words_of
from sanxian.report.summary import Row, Spool, file_name, row_failed, row_of, summarise
from sanxian.screening import Screening, screen

LANGS = ("zh-CN", "en")
VOID = frozenset(("meta", "br", "col"))


class Page(HTMLParser):
    """A page: its elements, and that each one opened is closed."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.tags: Counter[str] = Counter()
        self.text = ""
        self.links: list[str] = []
        self.feed(content.decode("utf-8"))
        assert self.opened == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:  # noqa: ARG002, as it is called
        self.tags[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.opened:
            self.text += data


@contextmanager
def spooled(rows: Iterable[Row]) -> Iterator[Spool]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as scratch:
        spool = Spool(scratch)
        for row in rows:
            spool.add(row)
        yield spool


def all_rows(lang: str = "zh-CN") -> list[Row]:
    made = [
        row_of(number, f"{number:04d}.pdf", result, lang, EDITION)
        for number, result in enumerate(RESULTS.values(), start=1)
    ]
    return [*made, row_failed(len(made) + 1, "坏.json", RecordMissing(source="坏.json", reason="x"), lang)]


def page_of(rows: Iterable[Row], lang: str = "zh-CN") -> bytes:
    with spooled(rows) as spool:
        return summary.page(spool, lang, summary.ground_of(EDITION))


def book_of(rows: Iterable[Row], lang: str = "zh-CN") -> bytes:
    with spooled(rows) as spool:
        return summary.workbook(spool, lang)


# --- what a row says -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RESULTS)
def test_a_row_says_what_the_screening_says(name: str) -> None:
    result = RESULTS[name]
    row = row_of(3, "f.pdf", result, "zh-CN", EDITION)
    assert row.verdict == max(f.outcome for f in result.findings).name
    assert row.counts == {o.name: sum(f.outcome is o for f in result.findings) for o in Outcome}
    assert len(row.asks) == len(result.asks)
    assert row.place is not None
    shapes = shapely.union_all([part.geometry for part in result.project.parts])
    assert shapely.distance(shapely.Point(row.place), shapes) < 1e-9
    met = {
        h.zone for h in result.hits if h.layer == "control_unit" and h.relation == "overlap" and not h.role
    }
    assert {unit.split()[0] for unit in row.units} == met


def test_without_the_edition_units_and_counties_are_named_all_the_same() -> None:
    result = RESULTS["plant"]
    bare, full = (row_of(1, "f", result, "zh-CN", edition) for edition in (None, EDITION))
    assert (bare.units, bare.counties) == (full.units, full.counties) != ((), ())


def test_the_deciding_clauses_are_those_with_the_verdict() -> None:
    result = RESULTS["plant"]
    row = row_of(1, "f", result, "zh-CN", EDITION)
    worst = {f.clause for f in result.findings if f.outcome is result.verdict and f.clause}
    numbers = {result.clauses[name].number for name in worst}
    assert {cited.split()[-1] for cited in row.deciding if cited.split()[-1] in numbers} == numbers


def test_rows_come_back_from_the_scratch_file_as_they_went_in() -> None:
    rows = all_rows()
    with spooled(rows) as spool:
        assert list(spool.rows()) == rows
        assert list(spool.rows()) == rows  # and again


# --- workbook --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_the_workbook_has_every_project_and_adds_up(lang: str) -> None:
    rows = all_rows(lang)
    book = load_workbook(io.BytesIO(book_of(rows, lang)))
    first, counts = book.worksheets
    assert first["A1"].value == SYNTHETIC and counts["A1"].value == SYNTHETIC
    told = list(first.iter_rows(min_row=3, values_only=True))
    assert [row[0] for row in told] == [row.number for row in rows]
    assert [row[6] for row in told[:-1]] == [t(f"outcome.{row.verdict}", lang) for row in rows[:-1]]
    table = {row[0]: row[1] for row in counts.iter_rows(min_row=3, max_col=2, values_only=True)}
    verdicts = Counter(row.verdict for row in rows)
    assert all(table[t(f"outcome.{o.name}", lang)] == verdicts[o.name] for o in Outcome)
    assert table[t("summary.total", lang)] == len(rows)
    assert first.freeze_panes == "A3"


def test_nothing_in_a_workbook_is_a_formula() -> None:
    evil = '=HYPERLINK("http://x")'
    rows = [
        dataclasses.replace(
            all_rows()[0], name=evil, id="+1", proponent="@x", note="-2", file="=1", deciding=(evil,)
        )
    ]
    book = load_workbook(io.BytesIO(book_of(rows)))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value is not None]
    assert evil in [cell.value for cell in cells]
    assert all(cell.data_type in ("s", "n", "inlineStr") for cell in cells)


def test_more_rows_than_a_sheet_holds_go_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "SHEET_MAX", 3)
    rows = all_rows()
    book = load_workbook(io.BytesIO(book_of(rows)))
    found = [
        row[0]
        for sheet in book.worksheets[:-1]
        for row in sheet.iter_rows(min_row=3, max_col=1, values_only=True)
    ]
    assert found == [row.number for row in rows]


# --- page ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_shows_every_project_once(lang: str) -> None:
    rows = all_rows(lang)
    page = Page(page_of(rows, lang))
    assert [link for link in page.links if link.endswith(".pdf")] == [
        f"./{row.file}" for row in rows if row.verdict
    ]
    for row in rows[:-1]:
        assert (row.name or t("summary.unnamed", lang)) in page.text
    assert "坏.json" in page.text and "RECORD_MISSING" in page.text
    assert SYNTHETIC in page.text
    assert page.tags["script"] == page.tags["img"] == page.tags["iframe"] == 0


def test_the_same_rows_give_the_same_bytes() -> None:
    assert page_of(all_rows()) == page_of(all_rows())
    assert book_of(all_rows()) == book_of(all_rows())


HOSTILE = (
    '</style><script>alert("x")</script><img src=x onerror=alert(1)> & \x00\x1b[31m \u202e“ 😀' + "长" * 500
)


def test_hostile_names_are_text_on_the_page_and_in_the_workbook() -> None:
    row = all_rows()[0]
    evil = dataclasses.replace(
        row, name=HOSTILE, id=HOSTILE, proponent=HOSTILE, deciding=(HOSTILE,) * 9, units=(HOSTILE,), counties=(HOSTILE,),
        asks=(HOSTILE,), edition=HOSTILE, file='"><script>.pdf',
    )  # fmt: skip
    failed = dataclasses.replace(row_failed(2, HOSTILE, RecordMissing(source=HOSTILE, reason=HOSTILE), "en"))
    page = Page(page_of([evil, failed]))
    assert page.tags["script"] == page.tags["img"] == 0
    assert '<script>alert("x")</script>' in page.text and "\x1b" not in page.text
    assert all(re.fullmatch(r"#o-[A-Z_]+|\./[\w.%-]+", link) for link in page.links)
    assert "长" * 500 in str(list(load_workbook(io.BytesIO(book_of([evil]))).worksheets[0].values))


def test_a_page_lists_a_bounded_number_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "LISTED_MAX", 5)
    row = all_rows()[0]
    page = Page(page_of([dataclasses.replace(row, number=n, file=f"{n}.pdf") for n in range(1, 10)]))
    assert len([link for link in page.links if link.endswith(".pdf")]) == 5
    assert "汇总.xlsx" in page.text


def test_an_empty_batch_still_gives_both_files(tmp_path: Path) -> None:
    with summarise(tmp_path, "en") as collected:
        assert collected.ground is None
    assert {path.name for path in tmp_path.iterdir()} == {"summary.xlsx", "summary.html"}
    Page((tmp_path / "summary.html").read_bytes())


def test_a_batch_that_breaks_off_leaves_no_summary(tmp_path: Path) -> None:
    def broken() -> None:
        with summarise(tmp_path, "zh-CN") as collected:
            collected.add(all_rows()[0])
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert list(tmp_path.iterdir()) == []


def test_without_openpyxl_it_is_said_before_the_first_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(NotInstalled), summarise(tmp_path, "zh-CN"):
        pytest.fail("a row could have been taken")


def test_memory_does_not_grow_with_the_number_of_projects() -> None:
    row = all_rows()[0]

    def peak(count: int) -> int:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as scratch:
            tracemalloc.start()
            spool = Spool(scratch)
            for number in range(count):
                spool.add(
                    dataclasses.replace(
                        row, number=number, name=f"项目{number}", place=(100 + number % 400 * 1e-3, 36.0)
                    )
                )
            places = (
                summary_map.Place(r.number, Outcome[r.verdict], *r.place)
                for r in spool.rows()
                if r.place is not None
            )
            assert spool.bounds is not None
            summary_map.figure(
                places, spool.bounds, "zh-CN", ground=None, synthetic=True, counts=spool.verdicts
            )
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return found

    peak(50)
    assert (
        peak(4000) < 2_000_000
    )  # held, that many rows take some 8 MB; what is seen is garbage not collected yet


# --- map -------------------------------------------------------------------------------------------------


def drawn(places: list[summary_map.Place]) -> str:
    bounds = (
        min(p.lon for p in places), min(p.lat for p in places), max(p.lon for p in places), max(p.lat for p in places)
    )  # fmt: skip
    counts = Counter(p.verdict.name for p in places)
    return str(summary_map.figure(iter(places), bounds, "zh-CN", ground=None, synthetic=False, counts=counts))


PLACES = st.lists(
    st.builds(
        summary_map.Place,
        st.integers(1, 999),
        st.sampled_from(Outcome),
        st.floats(99, 103),
        st.floats(34, 38),
    ),
    min_size=1,
    max_size=60,
)


@given(PLACES)
def test_no_project_gets_lost_where_signs_are_joined(places: list[summary_map.Place]) -> None:
    """What the signs stand for adds up to all projects, and the worst verdict of a cell is the one shown."""
    from sanxian.report.frame import Frame

    lons, lats = [p.lon for p in places], [p.lat for p in places]
    frame = Frame.around((min(lons), min(lats), max(lons), max(lats)))
    signs = summary_map._signs(places, frame)
    assert sum(sign.many for sign in signs) == len(places)
    assert max(sign.verdict for sign in signs) is max(place.verdict for place in places)
    assert all(frame.holds(sign.x, sign.y) for sign in signs)


def test_thousands_of_projects_do_not_explode_the_map() -> None:
    many = [
        summary_map.Place(i, Outcome(i % 6), 95 + (i * 37 % 800) / 100, 32 + (i * 53 % 600) / 100)
        for i in range(20_000)
    ]
    made = drawn(many)
    assert len(made) < 1_200_000
    assert "×" in made


def test_one_project_is_a_map_too() -> None:
    assert ">7<" in drawn([summary_map.Place(7, Outcome.COMPLIANT, 101.0, 36.0)])


# --- names of files ----------------------------------------------------------------------------------------


@given(st.integers(1, 99_999), st.text(max_size=400), st.text(max_size=20))
def test_names_of_files_are_safe_and_cannot_collide(number: int, name: str, given_id: str) -> None:
    made = file_name(number, Project(parts=(), id=given_id, name=name), ".pdf")
    assert made == Path(made).name and "/" not in made and "\\" not in made
    assert made.startswith(f"{number:04d}") and made.endswith(".pdf")
    assert len(made.encode("utf-8")) <= 200
    assert not re.search(r'[<>:"|?*\x00-\x1f\s]', made)
    assert re.match(r"(\d+)(-|\.pdf$)", made)[1] == f"{number:04d}"  # type: ignore[index]


# --- sites side by side ------------------------------------------------------------------------------------


def at(x: float, y: float, **known: object) -> Screening:
    return screen(
        project(Part(role="厂区", geometry=shapely.box(x, y, x + 0.01, y + 0.01)), **known), EDITION, AS_OF
    )


IN_RED_LINE, IN_PARK, IN_GENERAL = at(100.02, 36.12), at(100.12, 36.02), at(100.25, 36.15)
THREE = [(result, EDITION) for result in (IN_RED_LINE, IN_PARK, IN_GENERAL)]


def tables(made: Manuscript) -> dict[str, Table]:
    return {table.sheet: table for table in made.tables}


def cell_words(table: Table) -> list[list[str]]:
    return [[" ".join(map(words_of, cell.paragraphs)) for cell in row] for row in table.rows]


@pytest.mark.parametrize("lang", LANGS)
def test_a_clause_is_listed_when_two_sites_differ_on_it_and_only_then(lang: str) -> None:
    worst = [
        {name: max(f.outcome for f in r.findings if f.clause == name) for name in r.clauses} for r, _ in THREE
    ]
    names = set().union(*worst)
    differ = {n for n in names if len({w.get(n, Outcome.NOT_APPLICABLE) for w in worst}) > 1}
    assert differ and differ != names
    found = tables(sites.manuscript(THREE, lang))[t("summary.sites.sheet_clauses", lang)]
    assert len(found.rows) == len(differ)
    assert str(len(names) - len(differ)) in words_of(found.note)
    listed = [tuple(cell.outcome for cell in row[1:]) for row in found.rows]
    key = lambda row: tuple(-1 if x is None else int(x) for x in row)  # noqa: E731
    assert sorted(listed, key=key) == sorted((tuple(w.get(n) for w in worst) for n in differ), key=key)


def test_of_several_outcomes_of_one_clause_at_a_site_the_worst_is_shown() -> None:
    finding = next(f for f in IN_RED_LINE.findings if f.clause)
    assert finding.outcome > Outcome.COMPLIANT
    better = dataclasses.replace(finding, place="别处", outcome=Outcome.COMPLIANT)
    several = dataclasses.replace(IN_RED_LINE, findings=(*IN_RED_LINE.findings, better))
    alone = dataclasses.replace(IN_RED_LINE, findings=(better,))
    for pair in ([(several, EDITION), (alone, EDITION)], [(alone, EDITION), (several, EDITION)]):
        found = tables(sites.manuscript(pair, "zh-CN"))["不同条款"]
        number = IN_RED_LINE.clauses[finding.clause].number
        (row,) = (row for row in found.rows if words_of(row[0].paragraphs[0]).split()[-1] == number)
        assert {cell.outcome for cell in row[1:]} == {finding.outcome, Outcome.COMPLIANT}


def test_the_overview_has_a_column_a_site() -> None:
    overview = tables(sites.manuscript(THREE, "zh-CN"))["总览"]
    assert len(overview.columns) == 4 and sum(c.share for c in overview.columns) == pytest.approx(1)
    assert [cell.outcome for cell in overview.rows[1][1:]] == [r.verdict for r, _ in THREE]


def test_zones_are_compared_by_code() -> None:
    zones = tables(sites.manuscript(THREE, "zh-CN"))["区域与单元"]
    rows = {row[0].split()[-1]: row[1:] for row in cell_words(zones)}
    assert rows["ZH63990110001"][0] != "—" and rows["ZH63990110001"][1:] == ["—", "—"]


def test_what_else_differs_is_said_first() -> None:
    older = dataclasses.replace(
        IN_PARK,
        as_of=AS_OF.replace(day=2),
        edition=dataclasses.replace(EDITION.info, digest="sha256:0", title="另一版"),
    )
    other = at(100.12, 36.02, nature="扩建", industries=("2511",), facts={"boiler_tph": 3.0})
    made = sites.manuscript([(IN_PARK, EDITION), (older, None), (other, EDITION)], "zh-CN")
    said = " ".join(words_of(b.text) for b in made.blocks if isinstance(b, Paragraph))
    for words in ("另一版", "2026-09-02", "建设性质", "单台锅炉"):
        assert words in said
    alike = sites.manuscript(THREE, "zh-CN")
    assert len([b for b in alike.blocks if isinstance(b, Paragraph)]) == 1  # that it is synthetic


def test_sites_that_do_not_differ_say_so() -> None:
    made = sites.manuscript([(IN_PARK, EDITION), (IN_PARK, EDITION)], "en")
    assert t("summary.sites.sheet_clauses", "en") not in tables(made)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_too_few_or_too_many_sites_are_refused(count: int) -> None:
    with pytest.raises(ValueError):
        sites.manuscript([(IN_PARK, EDITION)] * count, "en")


def test_eight_sites_without_editions_make_a_report_in_every_format() -> None:
    made = sites.manuscript([(r, None) for r in list(RESULTS.values())[:8]], "zh-CN")
    assert made.mark == SYNTHETIC
    styles: tuple[report.Format, ...] = ("html", "docx", "xlsx")
    for style in styles:
        assert report.render_manuscript(made, style)


# --- a manuscript as a page ----------------------------------------------------------------------------------


def test_every_block_of_a_manuscript_is_on_the_page() -> None:
    made = rich()
    page = Page(setting.render(made))
    for table in made.tables:
        assert table.caption in page.text
        for column in table.columns:
            assert column.title in page.text
    assert page.tags["table"] == len(made.tables)
    assert page.tags["figure"] == len(made.figures)
    assert setting.render(made) == setting.render(rich())


def test_markup_in_a_manuscript_stays_text() -> None:
    page = Page(setting.render(holding(*ATTACKS)))
    assert all(attack in page.text for attack in ATTACKS)
    assert page.tags["script"] == 0 and page.tags["img"] == 0

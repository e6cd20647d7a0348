"""The command line on whole commands: what stands on stdout, on stderr, on disk, and the exit status."""

from __future__ import annotations

import errno
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely

from command_line import CHINESE, Run, both_languages
from sample_edition import sample_edition
from sanxian import output, screening
from sanxian.cli import build_app, commands, shell
from sanxian.edition import write_edition
from sanxian.errors import (
    ClauseError,
    EditionError,
    FactConflict,
    InputError,
    OutputFailed,
    RegistryError,
    SanxianError,
    UnknownFact,
    UsageError,
)

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ROOT.parent / "shared" / "inputs"
EXPECTED: dict[str, dict[str, Any]] = json.loads((INPUTS / "expected.json").read_text("utf-8"))
READ = [name for name, entry in EXPECTED.items() if "area_m2" in entry]
REFUSED = [name for name in EXPECTED if name[:2] in ("82", "83", "87", "89", "90", "91", "92", "93")]
AS_OF = ("--as-of", "2026-09-01")
RED_LINE = ("--point", "100.05,36.15")
PARK = ("--point", "100.15,36.05")


@pytest.fixture
def screen(sanxian: Run, sample: Path) -> Run:
    """``sanxian screen … --edition sample --as-of 2026-09-01``."""
    return lambda *args, **kw: sanxian("screen", *args, "--edition", sample, *AS_OF, **kw)


# --- start, help, language -----------------------------------------------------------------------


@pytest.mark.parametrize("args", [["--version"], ["--help"], ["screen", "--help"], ["nonsense"]])
def test_starting_loads_nothing_heavy(args: list[str]) -> None:
    code = (
        "import sys; from sanxian.cli import main; main(sys.argv[1:]);"
        "print(*(m for m in ('numpy', 'shapely', 'pyproj', 'pyogrio', 'openpyxl', 'yaml') if m in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, encoding="utf-8", check=True
    )
    assert ran.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize(("call", "rare"), [("main()", True), ("main(['--version'])", False)])
def test_only_a_process_that_is_one_command_keeps_the_collector_away(call: str, rare: bool) -> None:
    code = (
        "import gc, sys; from sanxian.cli import main; before = gc.get_threshold();"
        f"{call}; print(gc.get_threshold() != before, gc.get_freeze_count() > 0)"
    )
    command = [sys.executable, "-c", code, "--version"]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert ran.stdout.splitlines()[-1] == f"{rare} {rare}"


def test_the_version_is_that_of_the_package(sanxian: Run) -> None:
    from sanxian import __version__

    assert sanxian("--version") == (0, f"sanxian {__version__}\n", "")


def leaf_commands() -> Iterator[tuple[str, Any]]:
    import typer

    def walk(node: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        children = getattr(node, "commands", {})
        if not children:
            yield " ".join(path), node
        for name, child in children.items():
            yield from walk(child, (*path, name))

    yield from walk(typer.main.get_command(build_app()), ())


def test_every_command_has_help_in_both_languages(sanxian: Run) -> None:
    for name, _ in leaf_commands():
        ran = sanxian(*name.split(), "--help")
        assert ran.status == 0
        assert CHINESE.search(ran.out) and "/" in ran.out and "--lang" in ran.out


def test_every_command_and_option_is_documented() -> None:
    manual = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    sections = dict(re.findall(r"^## `sanxian ([\w -]+)`(.*?)(?=^## |\Z)", manual, re.MULTILINE | re.DOTALL))
    for name, command in leaf_commands():
        assert name in sections, f"sanxian {name} is not in cli.md"
        options = {max(p.opts, key=len) for p in command.params if p.opts[0].startswith("--")}
        told = sections[name]
        if name.split()[0] in ("registry", "audit"):  # says once what all its commands take
            told += sections["registry init"]
        missing = {o for o in options - {"--lang", "--debug"} if f"`{o}" not in told}
        assert missing == set(), f"sanxian {name}: not in cli.md"


def test_the_manual_names_no_command_or_option_that_is_not_there() -> None:
    manual = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    sections = dict(re.findall(r"^## `sanxian ([\w -]+)`(.*?)(?=^## |\Z)", manual, re.MULTILINE | re.DOTALL))
    known = {name: {o for p in command.params for o in p.opts} for name, command in leaf_commands()}
    assert set(sections) == set(known)
    for name, text in sections.items():
        assert set(re.findall(r"^\| `(--[\w-]+)", text, re.MULTILINE)) <= known[name]


@pytest.mark.parametrize(
    ("args", "environ", "first"),
    [
        (["footprint", "nope.zip"], {}, "找不到"),
        (["footprint", "nope.zip", "--lang", "en"], {}, "cannot be found"),
        (["--lang", "en", "footprint", "nope.zip"], {}, "cannot be found"),
        (["footprint", "nope.zip", "--lang=en"], {}, "cannot be found"),
        (["footprint", "nope.zip"], {"SANXIAN_LANG": "en"}, "cannot be found"),
        (["footprint", "nope.zip", "--lang", "zh-CN"], {"SANXIAN_LANG": "en"}, "找不到"),
        (["footprint", "nope.zip", "--nonsense", "--lang", "en"], {}, "No such option"),
    ],
)
def test_the_chosen_language_comes_first_and_the_other_below(
    sanxian: Run, args: list[str], environ: dict[str, str], first: str
) -> None:
    ran = sanxian(*args, environ=environ)
    assert first in ran.lines[0]
    assert len(ran.lines) == 2
    assert bool(CHINESE.search(ran.lines[0])) != bool(CHINESE.search(ran.lines[1]))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["screeen"], "没有命令“screeen”。是否为 screen？"),
        (["screen", "--nonsense"], "没有选项 --nonsense。"),
        (["footprint"], "缺少 FILE。"),
        (["footprint", "x", "-f", "y"], "--format、-f 的值“y”不在 text, json, geojson 之内。"),
        (["footprint", "x", "--crs"], "选项 --crs 需要一个值。"),
        (["footprint", "x", "y"], "多余的参数 y。"),
        (["industry", "x", "--limit", "0"], "--limit 的值无效"),
        (["footprint", "x", "--lang", "fr"], "--lang 的值“fr”不在"),
        (["screen", *RED_LINE, "--wkt", "POINT (1 2)"], "位置只能给一次"),
        (["screen"], "没有给出位置"),
        (["screen", *RED_LINE, "--format", "xml"], "不认识输出格式“xml”"),
    ],
)
def test_wrong_usage_is_told_in_both_languages_with_status_2(
    sanxian: Run, args: list[str], words: str
) -> None:
    ran = sanxian(*args)
    assert ran.status == 2
    assert ran.out == ""
    assert ran.lines[0].startswith("[USAGE] ") and words in ran.lines[0]
    assert not CHINESE.search(ran.lines[1])


@pytest.mark.parametrize("args", [[], ["edition"]])
def test_no_command_shows_the_help(sanxian: Run, args: list[str]) -> None:
    ran = sanxian(*args)
    assert ran.status == 2
    assert "Usage: sanxian" in ran.out


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError(reason=""), 2),
        (UnknownFact(), 10),
        (OutputFailed(), 10),
        (EditionError(reason=""), 20),
        (ClauseError(reason=""), 30),
        (RegistryError(reason=""), 40),
        (SanxianError(), 70),
    ],
)
def test_each_family_of_errors_has_its_exit_status(error: SanxianError, status: int) -> None:
    assert shell.exit_status(error) == status


def test_a_bug_is_reported_shortly_and_in_full_on_request(
    screen: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("kaboom")

    monkeypatch.setattr(screening, "screen", broken)
    ran = screen(*RED_LINE)
    assert ran.status == 70
    assert both_languages(ran, "BUG")
    assert "ZeroDivisionError: kaboom" in ran.err and "Traceback" not in ran.err
    assert "Traceback" in screen(*RED_LINE, "--debug").err


def test_an_interruption_ends_with_130(screen: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(screening, "screen", interrupted)
    ran = screen(*RED_LINE, "--out", "x.json")
    assert ran.status == 130
    assert "已中断" in ran.err
    assert list(Path().iterdir()) == []


# --- streams ---------------------------------------------------------------------------------------


def test_piped_output_is_plain_utf8_whatever_the_locale(sample: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "sanxian", "screen", *RED_LINE, *AS_OF, "--edition", sample],
        env={"PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PATH": ""},
        capture_output=True,
        check=True,
    )
    text = ran.stdout.decode("utf-8")
    assert "待补充信息" in text
    assert "\x1b" not in text
    assert ran.stderr == b""


def test_a_closed_pipe_is_no_error() -> None:
    command = [sys.executable, "-m", "sanxian", "facts"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()  # as `| head -1` does, before anything is written
        assert running.stderr.read() == b""
    assert running.returncode == shell.PIPE_CLOSED


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("args", [["facts"], ["screen", *RED_LINE, *AS_OF, "--format", "json"]])
def test_a_full_disk_behind_stdout_is_told(sample: Path, args: list[str]) -> None:
    args = [*args, "--edition", str(sample)]
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "sanxian", *args], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ran.returncode == 10
    assert "磁盘空间不足" in ran.stderr.decode("utf-8") and b"no space left" in ran.stderr
    assert b"Traceback" not in ran.stderr


def test_control_characters_in_data_do_not_reach_the_terminal(screen: Run) -> None:
    ran = screen(*RED_LINE, "--name", "a\x1b[2J\rb")
    assert "\x1b" not in ran.out and "\r" not in ran.out
    assert "a�[2J" in ran.out
    ran = screen("nope\x1b[2J.zip")
    assert "\x1b" not in ran.err


def test_colours_appear_on_a_terminal_only(
    sanxian: Run, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("NO_COLOR", raising=False)
    sanxian("screen", *RED_LINE, *AS_OF, "--edition", sample)
    assert "\x1b[" in terminal.getvalue()
    from rich.cells import cell_len

    assert "ZH63990110001" in terminal.getvalue(), "a code was folded"
    plain = re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue())
    assert max(map(cell_len, plain.splitlines())) <= 60


# --- files ------------------------------------------------------------------------------------------


def test_a_result_file_holds_what_stdout_would(screen: Run) -> None:
    shown = screen(*RED_LINE, "--format", "json")
    ran = screen(*RED_LINE, "--out", "结果.json")
    assert (ran.status, ran.out) == (0, "")
    assert "已写入 结果.json" in ran.err
    assert Path("结果.json").read_text("utf-8") == shown.out
    assert [p.name for p in Path().iterdir()] == ["结果.json"]


@pytest.mark.parametrize(
    ("out", "reason"),
    [(".", "它是一个文件夹"), ("no/x.json", "所在文件夹不存在"), ("file/x.json", "不是文件夹")],
)
def test_a_result_that_cannot_be_written_is_told(screen: Run, out: str, reason: str) -> None:
    Path("file").touch()
    ran = screen(*RED_LINE, "--format", "json", "--out", out)
    assert ran.status == 10
    assert both_languages(ran, "OUTPUT_FAILED") and reason in ran.err
    assert [p.name for p in Path().iterdir()] == ["file"]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every write beside a target stop half way."""

    def write_bytes(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_bytes)


def test_a_full_disk_leaves_what_was_there_before(screen: Run, full_disk: None) -> None:
    Path("old.json").write_text("old")
    ran = screen(*RED_LINE, "--out", "old.json")
    assert ran.status == 10
    assert both_languages(ran, "OUTPUT_FAILED") and "磁盘空间不足" in ran.err
    assert Path("old.json").read_text() == "old"
    assert [p.name for p in Path().iterdir()] == ["old.json"]


def test_a_result_takes_the_place_of_the_old_file_in_one_step(tmp_path: Path) -> None:
    target, other = tmp_path / "x", tmp_path / "y"
    target.write_text("old")
    other.hardlink_to(target)
    output.write(target, b"new")
    assert (target.read_text(), other.read_text()) == ("new", "old")  # renamed onto, not written into


def test_replacing_keeps_the_old_file_when_the_writer_fails(tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError), output.replacing(target) as beside:
        beside.write_text("新", "ascii")
    assert target.read_text() == "old"
    output.write(target, b"new")
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


# --- screen -----------------------------------------------------------------------------------------


def test_the_verdict_comes_first(screen: Run) -> None:
    ran = screen(*RED_LINE, "--industry", "C2614", "--nature", "新建", "--fact", "boiler_tph=10")
    lines = ran.out.splitlines()
    assert lines[0] == "示例数据，非官方"
    assert lines[2].startswith("✗ 不符合")
    for words in (
        "决定结论的判定",
        "06 · 县",
        "示环发〔2025〕12号",
        "待补充信息",
        "ZH63990110001",
        "各图层涉及情况",
    ):
        assert words in ran.out
    assert ran.out.rstrip().endswith("不替代行政审批。")


def test_the_same_in_english(screen: Run) -> None:
    ran = screen(*RED_LINE, "--lang", "en")
    assert ran.out.splitlines()[2].startswith("? needs facts")


def test_near_misses_are_listed(screen: Run) -> None:
    ran = screen(
        "--wkt", "SRID=4490;POLYGON ((100.102 36.15, 100.11 36.15, 100.11 36.16, 100.102 36.15))", "--all"
    )
    assert "临近" in ran.out


def test_json_is_the_record(screen: Run, sample: Path) -> None:
    from datetime import date

    from sanxian.edition import open_edition
    from sanxian.project import project_from_mapping

    ran = screen(
        *RED_LINE,
        "--format",
        "json",
        "--nature",
        "新建",
        "--paper",
        "规划环评审查意见;示环审〔2026〕1号;示例局;2026-05-01",
    )
    made = json.loads(ran.out)
    assert made["schema"] == screening.SCHEMA
    stated = {
        "nature": "新建",
        "parts": [{"point": [100.05, 36.15]}],
        "papers": [
            {
                "type": "规划环评审查意见",
                "number": "示环审〔2026〕1号",
                "issuer": "示例局",
                "date": "2026-05-01",
            }
        ],
    }
    want = screening.screen(project_from_mapping(stated), open_edition(sample), date(2026, 9, 1))
    assert ran.out.encode() == screening.to_json(want) + b"\n"


def test_html_says_what_it_is(screen: Run) -> None:
    assert screen(*RED_LINE, "--out", "x.html").status == 0
    page = Path("x.html").read_text("utf-8")
    assert page.startswith("<!") and "示例数据，非官方" in page


def test_text_in_a_file_is_the_report(screen: Run) -> None:
    assert screen(*RED_LINE, "--out", "x.txt").status == 0
    assert "示例数据，非官方" in Path("x.txt").read_text("utf-8")


def test_exit_code_tells_non_compliance_on_request(screen: Run) -> None:
    forbidden = (*RED_LINE, "--industry", "2614", "--nature", "新建", "--fact", "boiler_tph=10")
    assert screen(*forbidden).status == 0
    assert screen(*forbidden, "--exit-code").status == 1
    assert screen(*RED_LINE, "--exit-code").status == 0


def test_drafts_count_on_request(screen: Run) -> None:
    facts = (*PARK, "--industry", "2614", "--nature", "新建", "--format", "json")
    assert json.loads(screen(*facts).out)["options"] == {"count_drafts": False}
    assert json.loads(screen(*facts, "--count-drafts").out)["options"] == {"count_drafts": True}


def test_a_project_file_states_everything_itself(screen: Run) -> None:
    Path("p.yaml").write_text("name: 甲\nnature: 新建\nparts: [{point: [100.05, 36.15]}]\n", "utf-8")
    Path("p.json").write_text(
        '{"name": "甲", "nature": "新建", "parts": [{"point": [100.05, 36.15]}]}', "utf-8"
    )
    one, other = (json.loads(screen(name, "--format", "json").out) for name in ("p.yaml", "p.json"))
    assert one["project"]["name"] == "甲"
    assert one == other
    ran = screen("p.yaml", "--nature", "扩建", "--crs", "EPSG:4490")
    assert ran.status == 2
    assert "--nature --crs" in ran.err


def test_a_json_file_with_geometry_is_a_footprint(screen: Run) -> None:
    Path("place.json").write_text(shapely.to_geojson(shapely.box(100.01, 36.13, 100.02, 36.14)))
    made = json.loads(screen("place.json", "--role", "矿区", "--format", "json").out)
    assert made["project"]["parts"][0]["role"] == "矿区"


def test_the_as_of_date_is_given_stated_or_today_and_always_said(sanxian: Run, sample: Path) -> None:
    from datetime import date

    Path("p.yaml").write_text("as_of: 2026-09-01\nparts: [{point: [100.05, 36.15]}]\n", "utf-8")
    ran = sanxian("screen", "p.yaml", "--edition", sample, "--format", "json")
    assert json.loads(ran.out)["as_of"] == "2026-09-01" and "2026-09-01" in ran.err
    ran = sanxian("screen", "p.yaml", "--edition", sample, "--as-of", "2027-01-01", "--format", "json")
    assert json.loads(ran.out)["as_of"] == "2027-01-01"
    ran = sanxian("screen", *RED_LINE, "--edition", sample)
    assert f"研判日期：{date.today().isoformat()}" in ran.err  # noqa: DTZ011, the user's own day


@pytest.mark.parametrize("day", ["2026-13-01", "yesterday", "20260901x"])
def test_a_date_that_is_none_is_wrong_usage(sanxian: Run, sample: Path, day: str) -> None:
    ran = sanxian("screen", *RED_LINE, "--edition", sample, "--as-of", day)
    assert ran.status == 2 and day in ran.err


def test_the_edition_is_found(sanxian: Run, sample: Path) -> None:
    ran = sanxian("screen", *RED_LINE, *AS_OF)
    assert ran.status == 2
    assert both_languages(ran, "USAGE_EDITION") and "sanxian demo build" in ran.err
    assert sanxian("screen", *RED_LINE, *AS_OF, environ={"SANXIAN_EDITION": str(sample)}).status == 0
    Path("e.gpkg").write_bytes(sample.read_bytes())
    ran = sanxian("screen", *RED_LINE, *AS_OF)
    assert ran.status == 0 and "成果：e.gpkg" in ran.err
    Path("other.gpkg").write_bytes(b"SQLite format 3\0")
    assert sanxian("screen", *RED_LINE, *AS_OF).status == 0
    Path("f.gpkg").write_bytes(sample.read_bytes())
    ran = sanxian("screen", *RED_LINE, *AS_OF)
    assert ran.status == 2 and "e.gpkg, f.gpkg" in ran.err


def test_a_wrong_edition_is_status_20(sanxian: Run, sample: Path) -> None:
    Path("bad.gpkg").write_text("no edition")
    for edition in ("bad.gpkg", "nope.gpkg"):
        ran = sanxian("screen", *RED_LINE, *AS_OF, "--edition", edition)
        assert ran.status == 20
        assert ran.out == "" and CHINESE.search(ran.err)
    ran = sanxian("screen", *RED_LINE, "--edition", sample, "--as-of", "2020-01-01", "--out", "x.json")
    assert ran.status == 20
    assert both_languages(ran, "EDITION_NOT_YET")
    assert not Path("x.json").exists()


def test_a_place_outside_the_region_is_never_a_pass(screen: Run) -> None:
    ran = screen("--point", "110,36", "--out", "x.json")
    assert ran.status == 10
    assert both_languages(ran, "PLACE_OUTSIDE")
    assert not Path("x.json").exists()


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--fact", "boiler_tphh=10"], "FACT_UNKNOWN", "boiler_tph"),
        (["--fact", "boiler_tph=很大"], "FACT_TYPE", "很大"),
        (["--fact", "boiler_tph=1", "--fact", "单台锅炉容量=2"], FactConflict.code, "1.0"),
        (["--industry", "9999"], "PROJECT_INDUSTRY", "9999"),
        (["--nature", "拆除"], "FACT_TYPE", "拆除"),
    ],
)
def test_a_wrong_fact_names_what_would_be_right(screen: Run, args: list[str], code: str, words: str) -> None:
    ran = screen(*RED_LINE, *args)
    assert ran.status == 10
    assert both_languages(ran, code) and words in ran.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--point", "100.05"], "100.05"),
        ([*RED_LINE, "--paper", ";1;2;3"], "类型"),
        ([*RED_LINE, "--paper", "a;b;c;d"], "--paper"),
        ([*RED_LINE, "--fact", "boiler"], "boiler"),
    ],
)
def test_an_option_that_cannot_be_read_is_wrong_usage(screen: Run, args: list[str], words: str) -> None:
    ran = screen(*args)
    assert ran.status == 2 and words in ran.err


# --- footprint --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", READ)
def test_a_footprint_is_read_right(sanxian: Run, name: str) -> None:
    entry = EXPECTED[name]
    crs = ("--crs", entry["needs_crs"]) if "needs_crs" in entry else ()
    ran = sanxian("footprint", INPUTS / name, "--format", "json", *crs)
    assert ran.status == 0
    made = json.loads(ran.out)
    assert made["area_m2"] == pytest.approx(entry["area_m2"], rel=1e-6, abs=1e-9)
    assert made["length_m"] == pytest.approx(
        entry.get("pipe_length_m", entry["length_m"]), rel=1e-5, abs=1e-9
    )
    assert {"role", "geometry_type", "area_m2", "length_m", "bbox", "crs_in", "repairs"} <= set(
        made["parts"][0]
    )
    assert sanxian("footprint", INPUTS / name, *crs).status == 0
    ran = sanxian("footprint", INPUTS / name, *crs, "--format", "geojson")
    shapes = [shapely.from_geojson(json.dumps(f["geometry"])) for f in json.loads(ran.out)["features"]]
    assert min(shapely.distance(s, shapely.Point(entry["point"])) for s in shapes) < 1e-6


def test_map_app_coordinates_come_out_in_their_true_place(sanxian: Run) -> None:
    name, entry = "06_outfalls_gcj02.csv", EXPECTED["06_outfalls_gcj02.csv"]
    ran = sanxian("footprint", INPUTS / name, "--crs", entry["needs_crs"], "--format", "json")
    found = [p["bbox"][:2] for p in json.loads(ran.out)["parts"]]
    assert found == pytest.approx([pytest.approx(p, abs=1e-5) for p in entry["true_points"]])


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_footprint_is_refused_in_both_languages(sanxian: Run, name: str, lang: str) -> None:
    before = sorted(p.name for p in INPUTS.iterdir())
    ran = sanxian("footprint", INPUTS / name, "--out", "x.json", "--format", "json", "--lang", lang)
    assert ran.status == 10
    assert ran.out == ""
    assert re.match(r"\[[A-Z_]+\] ", ran.err) and len(ran.lines) == 2
    chinese = [bool(CHINESE.search(line)) for line in ran.lines]
    assert chinese == ([False, True] if lang == "en" else [True, False]) or "第" in ran.err
    assert list(Path().iterdir()) == []
    assert sorted(p.name for p in INPUTS.iterdir()) == before


def test_what_was_repaired_is_said(sanxian: Run) -> None:
    ran = sanxian("footprint", INPUTS / "81_bowtie.geojson", "--format", "json")
    assert ran.status == 0
    assert json.loads(ran.out)["parts"][0]["repairs"]


def test_a_footprint_without_crs_asks_for_it(sanxian: Run) -> None:
    ran = sanxian("footprint", INPUTS / "05_road.dxf")
    assert ran.status == 10
    assert both_languages(ran, "CRS_MISSING") and "--crs" in ran.err


def test_a_footprint_outside_the_edition_is_refused(sanxian: Run, sample: Path) -> None:
    ran = sanxian("footprint", INPUTS / "86_other_province.geojson", "--edition", sample)
    assert ran.status == 10
    assert both_languages(ran, "PLACE_OUTSIDE")
    Path("in.geojson").write_text(shapely.to_geojson(shapely.box(100.01, 36.13, 100.02, 36.14)))
    assert sanxian("footprint", "in.geojson", "--edition", sample).status == 0


def test_what_parts_share_counts_once(sanxian: Run) -> None:
    boxes = [shapely.box(100.0, 36.0, 100.02, 36.01), shapely.box(100.01, 36.0, 100.03, 36.01)]
    features = [{"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(b)} for b in boxes]
    Path("two.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    made = json.loads(sanxian("footprint", "two.geojson", "--format", "json").out)
    one = sum(p["area_m2"] for p in made["parts"])
    assert made["area_m2"] == pytest.approx(one * 0.75, rel=1e-6)


# --- facts, industry, edition -----------------------------------------------------------------------


def test_the_vocabulary_is_listed_and_searched(sanxian: Run) -> None:
    from sanxian import data

    every = sanxian("facts").out
    assert all(key in every for key in data.facts())
    found = sanxian("facts", "--search", "锅炉").out
    assert "boiler_tph" in found and "investment_10k" not in found
    assert sanxian("facts", "--search", "没有这个").err != ""


def test_facts_for_a_project_are_only_those_still_to_give(sanxian: Run, sample: Path) -> None:
    Path("p.yaml").write_text("nature: 新建\nparts: [{point: [100.05, 36.15]}]\n", "utf-8")
    ran = sanxian("facts", "--for", "p.yaml", "--edition", sample, *AS_OF)
    assert ran.status == 0
    assert "boiler_tph" in ran.out and "industry" in ran.out
    assert "\nnature" not in ran.out and "investment_10k" not in ran.out


def test_industries_are_found_by_name_and_code(sanxian: Run) -> None:
    assert "C2614" in sanxian("industry", "有机化学").out
    assert "C2614" in sanxian("industry", "2614").out
    assert "没有" in sanxian("industry", "没有这个行业").err


def test_an_edition_shows_what_it_is(sanxian: Run, sample: Path) -> None:
    info = sanxian("edition", "info", sample).out
    assert "示例市/2026" in info and "示例数据，非官方" in info
    layers = sanxian("edition", "layers", sample).out
    assert all(layer.id in layers for layer in sample_edition().layers)
    digest = sanxian("edition", "digest", sample).out
    assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", digest) and digest.strip() in info
    assert sanxian("edition", "check", sample).status == 0
    assert sanxian("edition", "info", "nope.gpkg").status == 20


def test_clauses_are_filtered(sanxian: Run, sample: Path) -> None:
    every = json.loads(sanxian("edition", "clauses", sample, "--format", "json").out)
    assert len(every) == len(sample_edition().clauses)
    national = json.loads(sanxian("edition", "clauses", sample, "--format", "json", "--level", "国家").out)
    assert national and {c["level"] for c in national} == {"NATIONAL"}
    red = json.loads(sanxian("edition", "clauses", sample, "--format", "json", "--search", "红线 禁止").out)
    assert red and all("红线" in c["text"] for c in red)
    unit = next(u for c in sample_edition().clauses for u in c.scope.units)
    ours = json.loads(sanxian("edition", "clauses", sample, "--format", "json", "--unit", unit).out)
    assert ours and all(unit in c["scope"]["units"] for c in ours)
    assert sanxian("edition", "clauses", sample, "--level", "x").status == 2
    assert "国家" in sanxian("edition", "clauses", sample).out


def test_clauses_as_csv_open_in_excel(sanxian: Run, sample: Path) -> None:
    import csv

    assert sanxian("edition", "clauses", sample, "--format", "csv", "--out", "c.csv").status == 0
    assert Path("c.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(Path("c.csv").read_text("utf-8-sig"))))
    assert len(rows) == len(sample_edition().clauses)


def test_check_finds_what_is_wrong(sanxian: Run) -> None:
    from dataclasses import replace

    edition = sample_edition()
    broken = replace(edition.clauses[0], document="nowhere")
    write_edition(replace(edition, clauses=(broken, *edition.clauses[1:])), "draft.gpkg", check=False)
    ran = sanxian("edition", "check", "draft.gpkg")
    assert ran.status == 20
    assert broken.id in ran.out and "错误" in ran.out


# --- demo -------------------------------------------------------------------------------------------


@pytest.fixture
def demo(sanxian: Run, sample: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A demo whose edition is the sample (building the real one takes seconds) and its projects."""
    from sanxian.demo import build

    monkeypatch.setattr(build, "build", lambda _seed: sample_edition())
    folder = Path("projects")
    folder.mkdir()
    (folder / "a.yaml").write_text(
        "name: 甲\nas_of: 2026-10-01\nparts: [{point: [100.05, 36.15]}]\n", "utf-8"
    )
    (folder / "b.yaml").write_text("name: 乙\nparts: [{point: [100.15, 36.05]}]\n", "utf-8")
    return folder


def test_the_demo_builds_screens_and_reports(sanxian: Run, demo: Path) -> None:
    ran = sanxian("demo", "run", "--projects", demo)
    assert ran.status == 0
    assert "示例数据，非官方" in ran.out and "甲" in ran.out and "乙" in ran.out
    made = {p.name for p in Path("out").iterdir()}
    assert made == {"qinghai-demo-2026.gpkg", "a.html", "a.json", "b.html", "b.json"}
    assert json.loads(Path("out/a.json").read_text("utf-8"))["as_of"] == "2026-10-01"
    assert json.loads(Path("out/b.json").read_text("utf-8"))["as_of"] == "2026-09-01"


def test_the_demo_edition_is_built_again_only_when_missing_stale_or_broken(sanxian: Run, demo: Path) -> None:
    import os

    args = ("demo", "run", "--projects", demo)
    edition = Path("out/qinghai-demo-2026.gpkg")
    assert "已生成" in sanxian(*args).err
    assert "最新" in sanxian(*args).err
    os.utime(edition, (0, 0))
    assert "已生成" in sanxian(*args).err
    edition.write_text("broken")
    assert "已生成" in sanxian(*args).err


def test_one_bad_demo_project_does_not_stop_the_others(sanxian: Run, demo: Path) -> None:
    (demo / "0.yaml").write_text("parts: [{point: [1, 2]}]\n", "utf-8")
    ran = sanxian("demo", "run", "--projects", demo)
    assert ran.status == 10
    assert "未能研判" in ran.out
    assert Path("out/b.html").exists() and not Path("out/0.html").exists()


def test_a_demo_without_projects_or_folder_is_told(sanxian: Run, demo: Path) -> None:
    assert sanxian("demo", "run", "--projects", "nowhere").status == 10
    assert both_languages(
        sanxian("demo", "run", "--projects", demo, "--out", demo / "a.yaml"), "OUTPUT_FAILED"
    )


def test_building_the_demo_edition_writes_it(sanxian: Run, demo: Path) -> None:
    assert sanxian("demo", "build", "x.gpkg", "--seed", "7").status == 0
    assert sanxian("edition", "info", "x.gpkg").status == 0
    assert sanxian("demo", "build", "no/x.gpkg").status == 10


# --- answers ----------------------------------------------------------------------------------------

CASES = """
- name: 红线内的点须补充信息
  as_of: 2026-09-01
  project: {parts: [{point: [100.05, 36.15]}]}
  expect: {verdict: NEEDS_FACTS}
- name: 期望写错的一例
  as_of: 2026-09-01
  project: {parts: [{point: [100.05, 36.15]}]}
  expect: {verdict: COMPLIANT}
"""


def test_an_answer_set_names_the_cases_that_differ(sanxian: Run, sample: Path) -> None:
    Path("answers").mkdir()
    Path("answers/a.yaml").write_text(CASES, "utf-8")
    ran = sanxian("answers", "run", "answers", "--edition", sample)
    assert ran.status == 1
    assert "期望写错的一例" in ran.out and "红线内的点" not in ran.out
    assert "一致 1 例，不一致 1 例" in ran.out
    Path("answers/a.yaml").write_text(CASES[: CASES.rindex("- name")], "utf-8")
    assert sanxian("answers", "run", "answers", "--edition", sample).status == 0
    assert sanxian("answers", "run", "nowhere", "--edition", sample).status == 10


def test_commands_live_in_one_table() -> None:
    assert commands.app is build_app()
    assert issubclass(InputError, SanxianError)

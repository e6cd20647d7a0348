"""The house rules that no linter knows: two languages, purity of the inner modules, locks, documents."""

from __future__ import annotations

import ast
import re
import string
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from sanxian import errors

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "sanxian"
LOCALES = sorted((PACKAGE / "locale").glob("*.zh-CN.toml"))
ERRORS = [
    cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.SanxianError)
]

# Modules at the edge, which may ask the clock and the environment, with the reason.
EDGE = {
    "cli": "today's date is the default of --as-of; the terminal is part of the environment",
    "__main__": "starts the command line",
    "output": "temporary names beside the target must not collide",
    "server": "the edge of the product: the clock is handed in, but how long a request took and its id are made here",
    "registry/accounts_secrets.py": "what lets somebody in must be drawn by chance",
}


def git_files(*options: str) -> set[str]:
    """Names of files as ``git ls-files`` lists them."""
    command = ["git", "ls-files", "-z", *options]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split("\0") if name}


def tracked() -> list[Path]:
    """Files of the repository: tracked, or new and not ignored."""
    names = git_files("--cached", "--others", "--exclude-standard") - git_files("-ci", "--exclude-standard")
    return [path for name in sorted(names) if (path := ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Text of a file, empty when it is binary."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


# --- two languages -------------------------------------------------------------------------------


def placeholders(template: str) -> set[str]:
    """Field names of a format string; ``x_zh`` and ``x_en`` are one field in two languages."""
    names = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    return {re.sub(r"_(zh|en)$", "", name) for name in names}


def leaves(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


@pytest.mark.parametrize("zh_file", LOCALES, ids=lambda p: p.name.partition(".")[0])
def test_both_languages_have_every_key_with_the_same_placeholders(zh_file: Path) -> None:
    en_file = zh_file.with_name(zh_file.name.replace(".zh-CN.", ".en."))
    zh, en = (dict(leaves(tomllib.loads(p.read_text("utf-8")))) for p in (zh_file, en_file))
    assert zh.keys() == en.keys()
    assert {k: placeholders(v) for k, v in zh.items()} == {k: placeholders(v) for k, v in en.items()}
    assert all(isinstance(v, str) and v.strip() for v in (*zh.values(), *en.values()))


def test_each_locale_file_has_its_other_language() -> None:
    names = {p.name for p in (PACKAGE / "locale").iterdir()}
    domains = {name.partition(".")[0] for name in names}
    assert names == {f"{domain}.{lang}.toml" for domain in domains for lang in ("zh-CN", "en")}


@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.__name__)
def test_each_error_speaks_both_languages(cls: type[errors.SanxianError]) -> None:
    assert cls.zh.strip() != ""
    assert cls.en.strip() != ""
    only_chinese = placeholders(cls.zh) - placeholders(cls.en)
    assert only_chinese <= {"label"}, "a field of the Chinese text is missing in the English one"
    only_english = placeholders(cls.en) - placeholders(cls.zh)
    assert only_english == set(), "a field of the English text is missing in the Chinese one"
    assert re.search("[\u4e00-\u9fff]", cls.zh)
    assert not re.search("[\u4e00-\u9fff]", cls.en), "the English text holds Chinese"


def test_error_codes_are_unique() -> None:
    codes = [cls.code for cls in ERRORS]
    assert sorted(codes) == sorted(set(codes))


# --- purity --------------------------------------------------------------------------------------

IMPURE_CALLS = {
    ("date", "today"), ("datetime", "now"), ("datetime", "today"), ("datetime", "utcnow"),
    ("os", "getenv"), ("os", "environ"), ("os", "environb"), ("os", "getcwd"), ("Path", "cwd"), ("Path", "home"),
    ("locale", "getlocale"), ("sys", "argv"), ("platform", "node"),
}  # fmt: skip
IMPURE_MODULES = {"time", "random", "secrets", "uuid", "getpass", "socket"}


def impurities(source: str) -> list[str]:
    """What a module asks of clock, environment or chance, and the globals it rebinds."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=attr):
                if (owner, attr) in IMPURE_CALLS:
                    found.append(f"{node.lineno}: {owner}.{attr}")
            case ast.Import(names=names):
                found += [f"{node.lineno}: import {n.name}" for n in names if n.name in IMPURE_MODULES]
            case ast.ImportFrom(module=module, names=names) if module is not None:
                if module in IMPURE_MODULES:
                    found.append(f"{node.lineno}: from {module}")
                found += [
                    f"{node.lineno}: {module}.{n.name}" for n in names if (module, n.name) in IMPURE_CALLS
                ]
            case ast.Global(names=names):
                found.append(f"{node.lineno}: global {', '.join(names)}")
            case _:
                pass
    return found


INNER = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0].removesuffix(".py") not in EDGE
    and path.relative_to(PACKAGE).as_posix() not in EDGE
]


@pytest.mark.parametrize("path", INNER, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_inner_modules_never_ask_the_clock_the_environment_or_a_global(path: Path) -> None:
    assert impurities(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time", "from random import choice", "import datetime\ndatetime.date.today()",
        "from datetime import date\ndate.today()", "import os\nos.environ['X']", "from os import environ",
        "def f():\n    global x\n    x = 1", "from datetime import datetime\ndatetime.now()",
    ],
)  # fmt: skip
def test_the_purity_check_sees(source: str) -> None:
    assert impurities(source) != []


# --- locks ---------------------------------------------------------------------------------------


def declared() -> tuple[list[Requirement], list[Requirement]]:
    """Requirements of pyproject.toml: (installed to run, installed to develop)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    texts = [
        *project["project"]["dependencies"],
        *(r for rs in extras.values() for r in rs if not r.startswith("sanxian[")),  # "all" names the others
    ]
    groups = project["dependency-groups"]
    run = [Requirement(text) for text in (*texts, *groups["build"])]
    return run, [*run, *(Requirement(text) for text in groups["dev"])]


def pins(lock: Path) -> list[tuple[Requirement, int, set[str]]]:
    """(pin, number of hashes, who asks for it) of a lock."""
    found: list[tuple[Requirement, int, set[str]]] = []
    for line in lock.read_text("utf-8").splitlines():
        if re.match(r"[a-z0-9]", line):
            found.append((Requirement(line.rstrip(" \\")), 0, set()))
        elif line.lstrip().startswith("--hash=sha256:"):
            pin, hashes, via = found.pop()
            found.append((pin, hashes + 1, via))
        elif found and (asker := re.match(r"\s+#(?: via)?\s+(\S.*)", line)):
            found[-1][2].add(asker[1])
    return found


@pytest.mark.parametrize(("name", "which"), [("runtime", 0), ("dev", 1)])
def test_the_lock_answers_pyproject(name: str, which: int) -> None:
    """Freshness without a network: each requirement is pinned by a version it allows, none is left over."""
    locked = pins(ROOT / "requirements" / f"{name}.txt")
    wanted = {canonicalize_name(r.name): r for r in declared()[which]}
    assert all(hashes for _, hashes, _ in locked), "a pin without hash"
    versions: dict[str, list[Version]] = {}
    for pin, _, _ in locked:
        (specifier,) = pin.specifier
        assert specifier.operator == "=="
        versions.setdefault(canonicalize_name(pin.name), []).append(Version(specifier.version))
    stale = [
        str(r)
        for key, r in wanted.items()
        if not all(map(r.specifier.contains, versions.get(key, [Version("0")])))
    ]
    assert stale == [], "run `make lock`"
    direct = {
        canonicalize_name(pin.name) for pin, _, via in locked if any(v.startswith("sanxian") for v in via)
    }
    assert direct == set(wanted), "run `make lock`"


def test_both_locks_pin_the_same_versions() -> None:
    # a package of one system only may be wanted by a development tool on every system
    runtime, dev = (
        {str(pin).split(";")[0] for pin, _, _ in pins(ROOT / "requirements" / f"{n}.txt")}
        for n in ("runtime", "dev")
    )
    assert runtime <= dev


# --- documents -----------------------------------------------------------------------------------

PAIRS = [(ROOT / "README.md", ROOT / "README.zh-CN.md")]
CODE = re.compile(r"^(```|~~~)[^\n]*\n(.*?)^\1", re.MULTILINE | re.DOTALL)


def outline(text: str) -> dict[str, object]:
    """What two languages of one document must share: heading levels, code, links and pictures."""
    code = [strip_comments(block) for _, block in CODE.findall(text)]
    prose = CODE.sub("", text)
    targets = sorted(re.findall(r"\]\(([^)\s]+)", prose))
    return {
        "headings": [len(level) for level in re.findall(r"^(#+) ", prose, re.MULTILINE)],
        "code": code,
        "links": [t for t in targets if not t.startswith("#") and not re.match(r"(\./)?README", t)],
    }


def strip_comments(block: str) -> list[str]:
    """Lines of a code block without comments, which are translated, and without alignment."""
    lines = (re.sub(r"(^|\s+)(#|//).*$", "", line).rstrip() for line in block.splitlines())
    return [line for line in lines if line]


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda p: p.name)
def test_documents_in_two_languages_say_the_same(one: Path, other: Path) -> None:
    assert outline(one.read_text("utf-8")) == outline(other.read_text("utf-8"))


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for path in tracked():
        if path.suffix == ".md":
            for target in re.findall(r"\]\(([^)\s]+)", CODE.sub("", text_of(path))):
                local = target.partition("#")[0]
                if local and not re.match(r"[a-z]+:", local) and not (path.parent / local).exists():
                    broken.append(f"{path.relative_to(ROOT)}: {target}")
    assert broken == []


def test_the_changelog_says_what_affects_verdicts() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    releases = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert releases
    assert all("### 影响结论 / Affects verdicts" in release for release in releases)


def test_each_command_is_documented() -> None:
    from sanxian.cli import commands

    text = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    names = list(command_names(typer.main.get_command(commands.app)))
    assert names
    assert [name for name in names if f"sanxian {name}" not in text] == []


def command_names(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of the commands below ``command`` as they are typed: ``demo run``."""
    children = getattr(command, "commands", {})
    if path and not children:
        yield " ".join(path)
    for name, child in children.items():
        yield from command_names(child, (*path, name))


# --- what no file may hold ------------------------------------------------------------------------

UNWANTED = {
    "machine path": re.compile(r"(?<![\w./-])/(?:work|opt|root|home|Users)/\w+"),
    "registry address": re.compile(
        r"pypi\.org|pythonhosted|registry\.npmjs|npmmirror|mirrors?\.\w+\.(?:com|cn|edu)", re.IGNORECASE
    ),
    "leftover": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b"),
    "conflict mark": re.compile(r"^(?:<<<<<<<|>>>>>>>) ", re.MULTILINE),
}


def test_no_file_holds_a_machine_path_a_registry_address_or_a_leftover() -> None:
    found = []
    for path in tracked():
        if path == Path(__file__) or path.name == "LICENSE":
            continue
        text = text_of(path)
        for what, pattern in UNWANTED.items():
            found += [f"{path.relative_to(ROOT)}: {what}: {match[0]}" for match in pattern.finditer(text)]
    assert found == []


def test_nothing_that_is_made_here_is_committed() -> None:
    """An environment or a cache in the history can only be taken out by rewriting it."""
    made = git_files("-ci", "--exclude-standard")
    assert sorted({name.split("/")[0] for name in made}) == [], (
        "git rm --cached, and keep it out of the commit"
    )


def test_text_files_end_with_one_newline_and_have_unix_line_ends() -> None:
    kinds = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".cfg", ""}
    bad = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix in kinds and (text := text_of(path)) and (not text.endswith("\n") or "\r" in text)
    ]
    assert bad == []

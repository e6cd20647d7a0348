"""Publishing from the command line, as a zoning manager does it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from command_line import Run, both_languages
from publish_samples import PARTS, SPLIT, first_draft, split_draft
from sample_edition import sample_edition
from sanxian.edition import open_edition, write_draft, write_edition


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drafts, an edition, a catalogue without and one with a broken file: written once, for disks are slow."""
    folder = tmp_path_factory.mktemp("drafts")
    write_draft(first_draft(), folder / "d1.gpkg")
    write_draft(split_draft(), folder / "d2.gpkg")
    write_edition(sample_edition(), folder / "old.gpkg")
    for name in ("c", "torn"):
        (folder / name).mkdir()
    (folder / "torn" / "x.gpkg").write_bytes(b"SQLite format 3\0")
    (folder / "text.txt").write_text("x")
    return folder


@pytest.fixture
def drafts(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path, dirs_exist_ok=True))


FIRST = (
    "--as",
    "示例市2026",
    "--valid-from",
    "2026-01-01",
    "--reason",
    "首轮",
    "--trigger",
    "first_publication",
)
SECOND = ("--as", "示例市2027", "--id", "示例市/2027", "--valid-from", "2027-01-01", "--reason", "调整",
          "--trigger", "five_year_adjustment")  # fmt: skip


def test_from_draft_to_verified_edition(drafts: Path, sanxian: Run) -> None:
    ran = sanxian("publish", "d1.gpkg", *FIRST, "--out", "e1.gpkg")
    assert ran.status == 0, ran.err
    first = open_edition(drafts / "e1.gpkg").info
    assert ran.out.strip() == first.digest

    second = ("publish", "d2.gpkg", *SECOND, "--previous", "e1.gpkg", "--out", "e2.gpkg")
    ran = sanxian(*second, "--propose-succession", "s.csv")
    assert ran.status == 20 and both_languages(ran, "PUBLISH_BLOCKED")
    assert SPLIT in ran.out and not (drafts / "e2.gpkg").exists()
    text = (drafts / "s.csv").read_text("utf-8-sig")
    assert "、".join(PARTS) in text
    ran = sanxian(*second, "--succession", "s.csv")
    assert ran.status == 20 and "SUCCESSION_REASON" in ran.out  # nobody has written why
    joined = "、".join(PARTS)
    (drafts / "s.csv").write_text(text.replace(f"{joined},", f"{joined},一分为二"), "utf-8-sig")

    assert sanxian("signing-key", "局").status == 0
    ran = sanxian(*second, "--succession", "s.csv", "--sign", "局.key.pem", "--filing", "备案.zip",
                  "--supersedes", first.digest, "--published", "2026-12-20", "--publisher", "示例市人民政府")  # fmt: skip
    assert ran.status == 0, ran.err
    made = open_edition(drafts / "e2.gpkg").info
    assert (made.supersedes, made.publisher) == (first.digest, "示例市人民政府")
    assert (drafts / "备案.zip").is_file()
    ran = sanxian("verify-signature", "e2.gpkg", "--key", "局.pub.pem")
    assert ran.status == 0 and made.digest in ran.out
    manifest = drafts / "e2.manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace("示例市2027".encode(), "示例市2028".encode()))
    ran = sanxian("verify-signature", "e2.gpkg", "--key", "局.pub.pem", "--lang", "en")
    assert ran.status == 20 and both_languages(ran, "SIGNATURE_WRONG")


def test_a_catalogue_gives_the_edition_before_and_publishing_twice_changes_nothing(
    drafts: Path, sanxian: Run
) -> None:
    assert sanxian("publish", "d1.gpkg", *FIRST, "--catalog", "c", "--out", "c/e1.gpkg").status == 0
    (drafts / "s.csv").write_text(
        f"item,successors,reason\ncontrol_unit/{SPLIT},{' '.join(PARTS)},分\n", "utf-8"
    )
    again = ("publish", "d2.gpkg", *SECOND, "--catalog", "c", "--out", "c/e2.gpkg", "--succession", "s.csv")
    assert sanxian(*again).status == 0
    before = (drafts / "c" / "e2.gpkg").read_bytes()
    assert sanxian(*again).status == 0
    assert (drafts / "c" / "e2.gpkg").read_bytes() == before
    first = open_edition(drafts / "c" / "e1.gpkg").info
    assert open_edition(drafts / "c" / "e2.gpkg").info.supersedes == first.digest
    assert sanxian("catalog", "check", "c").status == 0
    ran = sanxian("publish", "d1.gpkg", *SECOND, "--id", "别的", "--as", "别的", "--catalog", "c",
                  "--supersedes", first.digest, "--out", "c/e3.gpkg")  # fmt: skip
    assert ran.status == 0  # a second heir is published, and the catalogue says so
    ran = sanxian("catalog", "check", "c")
    assert ran.status == 20 and "TWO_HEIRS" in ran.out
    ran = sanxian("publish", "d1.gpkg", *SECOND, "--id", "再", "--catalog", "c", "--out", "c/e4.gpkg")
    assert ran.status == 10 and "--supersedes" in ran.err


@pytest.mark.parametrize(
    ("args", "status", "code"),
    [
        (("none.gpkg", *FIRST, "--out", "e.gpkg"), 20, "EDITION_NOT_FOUND"),
        (("text.txt", *FIRST, "--out", "e.gpkg"), 20, "EDITION_FORMAT"),
        (("old.gpkg", *FIRST, "--out", "e.gpkg"), 10, "PUBLISH_TERMS"),  # an edition is no draft
        (("d1.gpkg", *FIRST, "--trigger", "随意", "--out", "e.gpkg"), 10, "PUBLISH_TRIGGER"),
        (("d1.gpkg", *FIRST, "--valid-from", "明天", "--out", "e.gpkg"), 2, "USAGE"),
        (("d1.gpkg", *FIRST, "--reason", " ", "--out", "e.gpkg"), 10, "PUBLISH_TERMS"),
        (("d1.gpkg", *FIRST, "--valid-to", "2025-01-01", "--out", "e.gpkg"), 10, "PUBLISH_TERMS"),
        (("d1.gpkg", *FIRST, "--out", "text.txt"), 10, "PUBLISH_EXISTS"),
        (("d1.gpkg", *FIRST, "--out", "none/e.gpkg"), 10, "OUTPUT_FAILED"),
        (("d1.gpkg", *FIRST, "--out", "e.gpkg", "--sign", "text.txt"), 10, "SIGNING_KEY"),
        (("d1.gpkg", *FIRST, "--out", "e.gpkg", "--succession", "text.txt"), 10, "PUBLISH_SUCCESSION"),
        (("d1.gpkg", *FIRST, "--out", "e.gpkg", "--triggers", "text.txt"), 10, "PUBLISH_TERMS"),
        (("d2.gpkg", *SECOND, "--out", "e.gpkg", "--previous", "d1.gpkg"), 20, "EDITION_DRAFT"),
        (("d2.gpkg", *SECOND, "--out", "e.gpkg", "--previous", "old.gpkg", "--catalog", "."), 10, "PUBLISH_TERMS"),
        (("d2.gpkg", *SECOND, "--out", "e.gpkg", "--supersedes", "sha256:x"), 10, "PUBLISH_TERMS"),
        (("d2.gpkg", *SECOND, "--out", "e.gpkg", "--previous", "old.gpkg", "--supersedes", "sha256:x"), 10, "PUBLISH_TERMS"),
        (("d2.gpkg", *SECOND, "--out", "e.gpkg", "--catalog", "c", "--supersedes", "sha256:x"), 10, "PUBLISH_TERMS"),
        (("d2.gpkg", *SECOND, "--out", "e.gpkg", "--catalog", "torn"), 10, "PUBLISH_TERMS"),
    ],
)  # fmt: skip
def test_what_cannot_be_published_says_why_in_both_languages_and_leaves_nothing(
    args: tuple[str, ...], status: int, code: str, drafts: Path, sanxian: Run
) -> None:
    before = {path: path.read_bytes() for path in drafts.rglob("*") if path.is_file()}
    ran = sanxian("publish", *args)
    assert ran.status == status, ran.err
    assert both_languages(ran, code)
    assert {path: path.read_bytes() for path in drafts.rglob("*") if path.is_file()} == before


def test_migrate_keeps_the_digest(drafts: Path, sanxian: Run) -> None:
    digest = open_edition(drafts / "old.gpkg").info.digest
    ran = sanxian("edition", "migrate", "old.gpkg", "--out", "new.gpkg")
    assert ran.status == 0 and ran.out.strip() == digest
    assert open_edition(drafts / "new.gpkg").info.digest == digest
    ran = sanxian("edition", "migrate", "old.gpkg", "--out", "new.gpkg")
    assert ran.status == 10 and both_languages(ran, "PUBLISH_EXISTS")
    assert sanxian("edition", "migrate", "d1.gpkg", "--out", "x.gpkg").status == 20

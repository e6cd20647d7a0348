"""The files of a publication: written once, the same each time, and proven by a signature."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import jsonschema
import openpyxl
import pytest
import shapely

from publish_samples import ENTRY, FIRST, PARTS, SECOND, SPLIT, first_draft, split_draft, with_units
from sanxian.edition import Draft, open_edition, write_edition
from sanxian.errors import (
    BadManifest,
    BadSigningKey,
    EditionError,
    NotInstalled,
    OutputFailed,
    PublishedExists,
    SanxianError,
    SignatureWrong,
)
from sanxian.model import Office
from sanxian.publish import (
    Publication,
    SigningKey,
    manifest_path,
    migrate,
    new_key,
    prepare,
    read_manifest,
    read_public_key,
    read_signing_key,
    release,
    signature_path,
    verify_release,
)

SCHEMA = Path(__file__).resolve().parent.parent / "docs" / "reference" / "manifest.schema.json"
BEFORE = prepare(first_draft(), FIRST).edition


@pytest.fixture(scope="module")
def made() -> Publication:
    return prepare(split_draft(), SECOND, previous=BEFORE, succession=[ENTRY])


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    folder = tmp_path_factory.mktemp("key")
    return new_key(folder / "k.pem", folder / "p.pem")


@pytest.fixture(scope="module")
def published(made: Publication, key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything a publication leaves; nobody changes it."""
    folder = tmp_path_factory.mktemp("published")
    release(made, folder / "e.gpkg", key=key, filing=folder / "f.zip")
    return folder


@pytest.fixture
def copy(published: Path, tmp_path: Path) -> Path:
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)
    return tmp_path


# --- files -----------------------------------------------------------------------------------


def test_the_same_publication_gives_the_same_bytes(
    made: Publication, key: SigningKey, published: Path, tmp_path: Path
) -> None:
    again = prepare(split_draft(), SECOND, previous=BEFORE, succession=[ENTRY])
    release(again, tmp_path / "e.gpkg", key=key, filing=tmp_path / "f.zip")
    names = sorted(path.name for path in published.iterdir())
    assert names == ["e.gpkg", "e.manifest.json", "e.manifest.sig", "f.zip"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names  # nothing is left lying about
    for name in names:
        assert (tmp_path / name).read_bytes() == (published / name).read_bytes(), name


def test_a_published_file_is_never_replaced(made: Publication, key: SigningKey, copy: Path) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    assert release(made, copy / "e.gpkg", key=key, filing=copy / "f.zip").already
    other = prepare(first_draft(), FIRST)
    with pytest.raises(PublishedExists):
        release(other, copy / "e.gpkg")
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_a_file_that_appears_while_publishing_stays(
    made: Publication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sanxian.publish import manifest, releasing

    def meanwhile(*given: Any) -> bytes:
        (tmp_path / "e.gpkg").write_bytes(b"somebody else")
        return manifest.make_manifest(*given)

    monkeypatch.setattr(releasing, "make_manifest", meanwhile)
    with pytest.raises(PublishedExists):
        release(made, tmp_path / "e.gpkg")
    assert (tmp_path / "e.gpkg").read_bytes() == b"somebody else"


@pytest.mark.parametrize("name", ["e.gpkg", "e.manifest.json", "e.manifest.sig", "f.zip"])
def test_whatever_else_stands_in_the_way_stays(
    name: str, made: Publication, key: SigningKey, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(b"not ours")
    with pytest.raises(PublishedExists):
        release(made, tmp_path / "e.gpkg", key=key, filing=tmp_path / "f.zip")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"not ours"


def test_what_a_stop_left_out_is_completed_and_an_edition_may_be_signed_later(
    made: Publication, key: SigningKey, published: Path, tmp_path: Path
) -> None:
    release(made, tmp_path / "e.gpkg")
    assert json.loads((tmp_path / "e.manifest.json").read_bytes())["signature"] is None
    written = release(made, tmp_path / "e.gpkg", key=key, filing=tmp_path / "f.zip")
    assert written.already
    for path in published.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_nothing_appears_when_the_folder_is_not_there_or_not_writable(
    made: Publication, tmp_path: Path
) -> None:
    with pytest.raises(OutputFailed):
        release(made, tmp_path / "none" / "e.gpkg")
    with pytest.raises(OutputFailed):
        release(made, tmp_path / "e.gpkg", filing=tmp_path / "none" / "f.zip")
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_answers_its_schema_and_says_what_the_edition_holds(published: Path) -> None:
    raw, said = read_manifest(published / "e.manifest.json")
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(json.loads(raw))
    edition = open_edition(published / "e.gpkg")
    assert said["edition"]["digest"] == edition.info.digest
    assert said["edition"]["supersedes"] == BEFORE.info.digest
    assert said["counts"]["zones"] == sum(map(len, edition.zones.values()))
    assert said["publication"]["changes"] == {"added": 3, "removed": 1, "changed": 1, "succeeded": 1}
    assert said["notice"] == "示例数据，非官方"


# --- signatures ------------------------------------------------------------------------------


def verify(folder: Path, key: SigningKey) -> None:
    verify_release(folder / "e.gpkg", folder / "e.manifest.json", key.public)


def test_what_was_published_verifies(published: Path, key: SigningKey) -> None:
    verified = verify_release(published / "e.gpkg", published / "e.manifest.json", key.public)
    assert verified.key == key.public.fingerprint
    assert verified.edition.info.id == "示例市/2027"


@pytest.mark.parametrize(("name", "steps"), [("e.manifest.json", 60), ("e.manifest.sig", 64), ("e.gpkg", 25)])
def test_a_changed_byte_anywhere_is_caught(name: str, steps: int, copy: Path, key: SigningKey) -> None:
    path = copy / name
    content = path.read_bytes()
    for step in range(steps):
        at = step * (len(content) - 1) // (steps - 1)
        path.write_bytes(content[:at] + bytes([content[at] ^ (1 << step % 8)]) + content[at + 1 :])
        with pytest.raises((SignatureWrong, BadManifest, EditionError)):
            verify(copy, key)
    for shorter_or_longer in (content[:-1], content + b"\0", b""):
        path.write_bytes(shorter_or_longer)
        with pytest.raises((SignatureWrong, BadManifest, EditionError)):
            verify(copy, key)
    path.write_bytes(content)
    verify(copy, key)


def test_another_key_another_edition_and_a_missing_signature_are_caught(
    copy: Path, key: SigningKey, tmp_path: Path
) -> None:
    other = new_key(tmp_path / "o.pem", tmp_path / "op.pem")
    with pytest.raises(SignatureWrong):
        verify(copy, other)
    write_edition(BEFORE, copy / "other.gpkg")
    with pytest.raises(SignatureWrong):
        verify_release(copy / "other.gpkg", copy / "e.manifest.json", key.public)
    (copy / "e.manifest.sig").unlink()
    with pytest.raises(SignatureWrong):
        verify(copy, key)


def test_a_manifest_that_lies_is_caught_even_when_it_is_signed(copy: Path, key: SigningKey) -> None:
    path = copy / "e.manifest.json"
    for part, name, value in (
        ("edition", "title", "别的"),
        ("counts", "clauses", 99),
        ("edition", "valid_to", "2030-01-01"),
    ):
        said = json.loads(path.read_bytes())
        said[part][name] = value
        lying = json.dumps(said).encode()
        (copy / "lie.json").write_bytes(lying)
        (copy / "lie.sig").write_bytes(key.sign(lying))
        with pytest.raises(SignatureWrong) as caught:
            verify_release(copy / "e.gpkg", copy / "lie.json", key.public)
        assert f"{part}.{name}" in caught.value.text("en")


def test_an_edition_that_another_program_saved_is_told_from_a_changed_one(
    copy: Path, key: SigningKey
) -> None:
    import sqlite3

    with sqlite3.connect(copy / "e.gpkg") as connection:
        connection.execute("CREATE TABLE layer_styles (id INTEGER)")
    connection.close()
    with pytest.raises(SignatureWrong, match="内容摘要仍相同"):
        verify(copy, key)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_verifies_what_we_sign_and_refuses_what_was_changed(
    copy: Path, key: SigningKey, tmp_path: Path
) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = tmp_path / "pub.pem"
    public.write_bytes(key.public.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(public), "-rawin",
               "-in", str(copy / "e.manifest.json"), "-sigfile", str(copy / "e.manifest.sig")]  # fmt: skip
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    (copy / "e.manifest.json").write_bytes((copy / "e.manifest.json").read_bytes() + b" ")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_a_key_comes_back_and_is_nobody_elses_to_read_or_to_replace(tmp_path: Path) -> None:
    made = new_key(tmp_path / "k.pem", tmp_path / "p.pem", password="口令".encode())
    assert read_signing_key(tmp_path / "k.pem", password="口令".encode()).public.raw == made.public.raw
    assert read_public_key(tmp_path / "p.pem").fingerprint == made.public.fingerprint
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / "k.pem").stat().st_mode) == 0o600
    with pytest.raises(PublishedExists):
        new_key(tmp_path / "k.pem", tmp_path / "q.pem")
    assert not (tmp_path / "q.pem").exists()


def test_a_key_file_that_is_none_is_refused(tmp_path: Path, published: Path) -> None:
    new_key(tmp_path / "k.pem", tmp_path / "p.pem", password=b"x")
    (tmp_path / "junk.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    private: list[Callable[[], Any]] = [
        lambda: read_signing_key(tmp_path / "none.pem"),
        lambda: read_signing_key(tmp_path / "junk.pem"),
        lambda: read_signing_key(tmp_path / "p.pem"),
        lambda: read_signing_key(tmp_path / "k.pem"),
        lambda: read_signing_key(tmp_path / "k.pem", password=b"y"),
        lambda: read_public_key(tmp_path / "k.pem"),
        lambda: read_public_key(published / "e.manifest.json"),
        lambda: read_public_key(published),
    ]
    for call in private:
        with pytest.raises(BadSigningKey):
            call()
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    elliptic = generate_private_key(SECP256R1()).public_key()
    (tmp_path / "ec.pem").write_bytes(elliptic.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(BadSigningKey):
        read_public_key(tmp_path / "ec.pem")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"manifest": "sanxian-manifest", "manifest_version": 2}',
                                     b'{"manifest": "sanxian-manifest", "manifest_version": 1}', b"\xff", b"[" * 100_000])  # fmt: skip
def test_a_manifest_that_is_none_is_refused(content: bytes, tmp_path: Path, published: Path) -> None:
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(BadManifest):
        verify_release(published / "e.gpkg", tmp_path / "m.json")


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, made: Publication
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
        with pytest.raises(NotInstalled, match=r"sanxian\[sign\]"):
            read_public_key(tmp_path / "p.pem")
    for package, extra in (("openpyxl", "excel"), ("docx", "word")):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)
            with pytest.raises(NotInstalled, match=rf"sanxian\[{extra}\]"):
                release(made, tmp_path / "e.gpkg", filing=tmp_path / "f.zip")
    assert list(tmp_path.iterdir()) == []


# --- filing package --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package(published: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(published / "f.zip") as source:
        assert source.testzip() is None
        assert {info.date_time for info in source.infolist()} == {(2026, 12, 20, 0, 0, 0)}
        return {name: source.read(name) for name in source.namelist()}


def test_the_package_holds_what_is_filed(package: dict[str, bytes], published: Path) -> None:
    assert package["1-成果数据/e.gpkg"] == (published / "e.gpkg").read_bytes()
    assert package["6-发布说明/e.manifest.json"] == (published / "e.manifest.json").read_bytes()
    assert package["6-发布说明/e.manifest.sig"] == (published / "e.manifest.sig").read_bytes()
    folders = {name.partition("/")[0] for name in package}
    readmes = {"README.txt", "README.en.txt"}
    assert folders == {
        "1-成果数据",
        "2-准入清单",
        "3-变更清单",
        "4-统计表",
        "5-质检报告",
        "6-发布说明",
        *readmes,
    }
    for readme in readmes:
        text = package[readme].decode("utf-8")
        assert all(folder in text for folder in folders - readmes)


def all_text(name: str, content: bytes) -> str:
    if name.endswith(".xlsx"):
        book = openpyxl.load_workbook(io.BytesIO(content))
        return "\n".join(str(c.value) for s in book.worksheets for row in s.iter_rows() for c in row)
    if name.endswith(".docx"):
        return "\n".join(p.text for p in docx.Document(io.BytesIO(content)).paragraphs)
    return content.decode("utf-8", errors="replace")


def test_every_file_of_a_synthetic_edition_says_that_it_is_not_official(package: dict[str, bytes]) -> None:
    silent = [
        name
        for name, content in package.items()
        if not name.endswith(".sig") and "示例数据，非官方" not in all_text(name, content)
    ]
    assert silent == []


def test_an_official_package_never_says_so(tmp_path: Path) -> None:
    edition = first_draft().edition
    layers = tuple(replace(layer, source="示例局") for layer in edition.layers)
    info = replace(edition.info, synthetic=False, source="示例局")
    draft = Draft(edition=replace(edition, info=info, layers=layers))
    release(prepare(draft, FIRST), tmp_path / "e.gpkg", filing=tmp_path / "f.zip")
    with zipfile.ZipFile(tmp_path / "f.zip") as source:
        names = [name for name in source.namelist() if not name.endswith(".gpkg")]
        assert [name for name in names if "示例数据，非官方" in all_text(name, source.read(name))] == []


def sheet(content: bytes, name: str) -> list[dict[str, Any]]:
    rows = list(openpyxl.load_workbook(io.BytesIO(content))[name].iter_rows(values_only=True))
    at = next(i for i, row in enumerate(rows) if row[1] is not None)  # notes fill one cell
    return [dict(zip(map(str, rows[at]), row, strict=True)) for row in rows[at + 1 :]]


def test_the_list_in_excel_has_every_clause_as_published_and_every_unit(
    package: dict[str, bytes], made: Publication
) -> None:
    book = package["2-准入清单/生态环境准入清单.xlsx"]
    assert {row["条款标识"]: row["管控要求"] for row in sheet(book, "条款")} == {
        clause.id: clause.text for clause in made.edition.clauses
    }
    units = {row["环境管控单元编码"]: row for row in sheet(book, "单元准入清单")}
    assert set(units) == {zone.code for zone in made.edition.zones["control_unit"]}
    for code in PARTS:
        assert units[code]["污染物排放管控"].startswith("05 新建项目氮氧化物实行等量替代")
        assert units[code]["管控单元分类"] == "重点管控单元"
    general = {row["编号"] for row in sheet(book, "总体准入要求")}
    assert general == {clause.number for clause in made.edition.clauses if not clause.scope.units}


def test_the_list_in_word_is_laid_out_for_chinese_and_repeats_its_headers(
    package: dict[str, bytes], made: Publication
) -> None:
    from docx.oxml.ns import qn

    document = docx.Document(io.BytesIO(package["2-准入清单/生态环境准入清单.docx"]))
    text = "\n".join(c.text for table in document.tables for row in table.rows for c in row.cells)
    for clause in made.edition.clauses:
        assert clause.text in text
    for zone in made.edition.zones["control_unit"]:
        assert zone.code in text and zone.name in text
    assert document.tables
    for table in document.tables:
        properties = table.rows[0]._tr.trPr
        assert properties is not None and properties.find(qn("w:tblHeader")) is not None
    for name in ("Normal", "Title", "Heading 1", "Heading 2"):
        fonts = document.styles[name].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) in ("宋体", "黑体")
        assert fonts.get(qn("w:eastAsiaTheme")) is None
    assert document.core_properties.created.date() == made.edition.info.published
    assert [p.text for p in document.paragraphs if p.style is not None and p.style.name == "Heading 1"] == [
        "总体准入要求",
        "环境管控单元准入清单",
    ]


def test_the_change_list_says_what_was_where_how_large_and_why(package: dict[str, bytes]) -> None:
    rows = {row["编码或条款"]: row for row in sheet(package["3-变更清单/变更清单.xlsx"], "变更清单")}
    gone = rows[f"control_unit/{SPLIT}"]
    assert (gone["变更"], gone["接续编码"], gone["原因"]) == ("接续", "、".join(PARTS), "一分为二")
    assert gone["变更前面积（平方千米）"] == pytest.approx(
        sum(rows[f"control_unit/{code}"]["变更后面积（平方千米）"] for code in PARTS), abs=2e-6
    )
    assert rows["S-05"]["变更内容"] == "适用范围"
    table = list(csv.DictReader(io.StringIO(package["3-变更清单/变更清单.csv"].decode("utf-8-sig"))))
    assert [row["编码或条款"] for row in table] == list(rows)
    assert table[0]["编码或条款"] == "成果整体"


def test_the_statistics_are_those_of_the_edition_and_the_quality_report_is_a_page(
    package: dict[str, bytes], made: Publication
) -> None:
    from sanxian import statistics

    table = list(csv.reader(io.StringIO(package["4-统计表/分类分区统计.csv"].decode("utf-8-sig"))))
    figures = statistics.of(made.edition, made.edition.info.valid_from)
    units = figures.layer("control_unit").total
    assert any(str(units.area_m2) in row for row in table)
    assert units.count == len(made.edition.zones["control_unit"])
    assert openpyxl.load_workbook(io.BytesIO(package["4-统计表/分类分区统计.xlsx"])).worksheets
    assert package["5-质检报告/quality.html"].startswith(b"<!doctype html>")


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    edition = first_draft().edition
    nasty = '=HYPERLINK("http://x")\u0007<w:p>&\ud7ff'
    clause = replace(edition.clauses[0], text=nasty, rules=())
    units = edition.zones["control_unit"]
    office = Office(id="o", name="+1", contact="@x")
    draft = Draft(
        edition=with_units(
            edition, [replace(units[0], name=nasty, office="o"), *units[1:]],
            clauses=(clause, *edition.clauses[1:]), offices={"o": office},
        )
    )  # fmt: skip
    release(prepare(draft, FIRST), tmp_path / "e.gpkg", filing=tmp_path / "f.zip")
    with zipfile.ZipFile(tmp_path / "f.zip") as source:
        book = openpyxl.load_workbook(io.BytesIO(source.read("2-准入清单/生态环境准入清单.xlsx")))
        types = {c.data_type for s in book.worksheets for row in s.iter_rows() for c in row}
        assert "f" not in types
        docx.Document(io.BytesIO(source.read("2-准入清单/生态环境准入清单.docx")))


# --- older formats ---------------------------------------------------------------------------


def test_an_edition_of_an_older_format_migrates_without_changing_digest_or_answers(tmp_path: Path) -> None:
    from datetime import date

    from sanxian.model import Part, Project
    from sanxian.screening import screen, to_json

    old = write_edition(first_draft().edition, tmp_path / "old.gpkg")
    new_format = replace(old, offices={"o": Office(id="o", name="示例局")})
    write_edition(new_format, tmp_path / "newer.gpkg")
    project = Project(
        parts=(Part(role="厂区", geometry=shapely.box(100.14, 36.03, 100.15, 36.04)),),
        nature="新建",
        industries=("C2614",),
    )
    for name, version in (("old", 1), ("newer", 2)):
        before, after, found = migrate(tmp_path / f"{name}.gpkg", tmp_path / f"{name}-2.gpkg")
        assert (before, after) == (version, version)
        one, other = open_edition(tmp_path / f"{name}.gpkg"), open_edition(tmp_path / f"{name}-2.gpkg")
        assert one.info.digest == other.info.digest == found
        answers = [to_json(screen(project, edition, date(2026, 9, 1))) for edition in (one, other)]
        assert answers[0] == answers[1]
    with pytest.raises(PublishedExists):
        migrate(tmp_path / "old.gpkg", tmp_path / "newer.gpkg")


def test_paths_of_manifest_and_signature() -> None:
    assert manifest_path(Path("a/e.gpkg")) == Path("a/e.manifest.json")
    assert signature_path(Path("a/e.manifest.json")) == Path("a/e.manifest.sig")
    assert issubclass(SignatureWrong, SanxianError)

"""Whether a report still holds: what its record says, screened again; and every alteration a verification can see."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import random
import re
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from report_samples import EDITION, EDITIONS, RESULTS, with_digest
from sanxian import report
from sanxian.edition import Edition
from sanxian.errors import (
    CatalogNothing,
    RecordAltered,
    RecordInvalid,
    RecordMissing,
    SanxianError,
)
from sanxian.model import Outcome
from sanxian.report import carrying
from sanxian.screening import Screening, from_json, from_record, record, recording, to_json
from sanxian.verification import (
    InCatalog,
    OneEdition,
    State,
    Verification,
    altered_json,
    as_json,
    as_text,
    carried,
    verify,
)

TODAY = date(2026, 11, 24)
LANGS = ("zh-CN", "en")


class Shelf:
    """Editions by digest, and the one in force: what a catalogue answers."""

    def __init__(self, *editions: Edition, now: Edition | SanxianError) -> None:
        self.editions = {edition.info.digest: edition for edition in editions}
        self.now = now

    def by_digest(self, digest: str) -> Edition | None:
        return self.editions.get(digest)

    def in_force(self, region: str, day: date) -> Edition:
        assert region == "63" and day == TODAY
        if isinstance(self.now, SanxianError):
            raise self.now
        return self.now


def forged(name: str, alter: Callable[[dict[str, Any]], object]) -> Screening:
    """The record of a sample, altered and sealed with a new digest, as a forger would who knows how."""
    body = copy.deepcopy(record(RESULTS[name]))
    alter(body)
    body["digest"] = recording.digest_of(body)
    return from_record(body)


def strict_edition() -> Edition:
    """The sample edition a year on: one clause says something else, and it judges otherwise."""
    clauses = tuple(
        dataclasses.replace(clause, text=f"{clause.text}（修订）") if clause.rules else clause
        for clause in EDITION.clauses
    )
    info = dataclasses.replace(EDITION.info, id="示例市/2027", title="示例市成果（2027）")
    return with_digest(dataclasses.replace(EDITION, clauses=clauses, info=info))


# --- holds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RESULTS)
def test_a_record_comes_out_again_under_its_edition(name: str) -> None:
    found = verify(from_json(to_json(RESULTS[name])), OneEdition(EDITIONS[name]), TODAY)
    assert found.state is State.HOLDS
    assert found.own is not None and found.own.same and not found.own.other
    assert isinstance(found.own.answer, Screening)
    assert to_json(found.own.answer) == to_json(RESULTS[name])
    assert not found.other_engine


@pytest.mark.parametrize("lang", LANGS)
def test_the_words_name_what_a_person_compares_with_the_page(lang: str) -> None:
    found = verify(from_json(to_json(RESULTS["plant"])), OneEdition(EDITION), TODAY)
    text = as_text(found, lang, source="报告.pdf")
    code = found.digest[7:19].upper()
    for said in (
        "报告.pdf",
        RESULTS["plant"].project.name,
        "2026-09-01",
        f"{code[:4]}-{code[4:8]}-{code[8:]}",
    ):
        assert said in text
    assert "示例数据，非官方" in text
    assert ("首页" if lang == "zh-CN" else "first page") in text


def test_a_record_of_an_older_engine_says_so_and_may_still_hold() -> None:
    old = dataclasses.replace(from_json(to_json(RESULTS["edge"])), engine_version="0.0.7")
    found = verify(from_json(to_json(old)), OneEdition(EDITION), TODAY)
    assert found.state is State.HOLDS and found.other_engine
    assert "0.0.7" in as_text(found, "zh-CN") and "0.0.7" in as_text(found, "en")
    assert json.loads(as_json(found))["record"]["engine_version"] == "0.0.7"


# --- differs: a record that was sealed again after it was altered ----------------------------------------


def better(body: dict[str, Any]) -> None:
    """Every breach becomes compliant, and the verdict and counts follow."""
    for finding in body["findings"]:
        if finding["outcome"] == "NON_COMPLIANT":
            finding["outcome"] = "COMPLIANT"
            for rule in finding["rules"]:
                rule["outcome"] = "COMPLIANT"
    outcomes = [finding["outcome"] for finding in body["findings"]]
    body["counts"] = {outcome.name: outcomes.count(outcome.name) for outcome in Outcome}
    body["verdict"] = max(Outcome[name] for name in outcomes).name


def shift(body: dict[str, Any]) -> None:
    for part in body["project"]["parts"]:
        if part["geometry_type"] == "Polygon":
            part["geometry"]["coordinates"] = [
                [[x + 0.05, y] for x, y in ring] for ring in part["geometry"]["coordinates"]
            ]


ALTERED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "the verdict": (better, "findings"),
    "a finding left out": (
        lambda r: (r["counts"].update({r["findings"][-1]["outcome"]: r["counts"][r["findings"][-1]["outcome"]] - 1}),
                   r["findings"].pop()), "findings"),
    "a reason": (lambda r: r["findings"][0].update(reason_zh="已核实，符合"), "findings"),
    "the text of a clause": (lambda r: next(iter(r["clauses"].values())).update(text="无要求"), "findings"),
    "an area by a millionth": (lambda r: r["hits"][0].update(area_m2=r["hits"][0]["area_m2"] + 1e-6), "parts"),
    "a hit left out": (lambda r: r["hits"].pop(0), "hits"),
    "a notice": (lambda r: r["notices"].clear(), "parts"),
    "a question": (lambda r: r["asks"].pop(), "parts"),
    "the name of a zone": (lambda r: r["titles"].update({next(k for k in r["titles"] if k.startswith("zone:")): "别处"}), "parts"),
    "what drafts count": (lambda r: r["options"].update(count_drafts=True), "any"),
    "the title of the edition": (lambda r: r["edition"].update(title="正式成果"), "parts"),
    "that it is synthetic": (lambda r: r["edition"].update(synthetic=False), "parts"),
    "the place": (shift, "any"),
}  # fmt: skip


@pytest.mark.parametrize("what", ALTERED)
def test_a_record_altered_and_sealed_again_does_not_hold(what: str) -> None:
    alter, where = ALTERED[what]
    found = verify(forged("plant", alter), OneEdition(EDITION), TODAY)
    assert found.state is State.DIFFERS
    own = json.loads(as_json(found))["own"]
    assert own["same"] is False
    assert where == "any" or own["parts_of_the_record" if where == "parts" else where]
    for lang in LANGS:
        assert len(as_text(found, lang).splitlines()) > 6


def test_a_better_verdict_is_named_by_its_clauses() -> None:
    found = verify(forged("plant", better), OneEdition(EDITION))
    changed = json.loads(as_json(found))["own"]["findings"]
    assert {(c["old"], c["new"]) for c in changed} == {("COMPLIANT", "NON_COMPLIANT")}
    truth = {f.clause for f in RESULTS["plant"].findings if f.outcome is Outcome.NON_COMPLIANT}
    assert {c["clause"] for c in changed} == truth
    assert all(clause in as_text(found, "zh-CN") for clause in sorted(truth)[:5])


def test_an_edition_that_gives_no_answer_is_said() -> None:
    outside = forged("edge", lambda r: r.update(as_of="2031-01-01"))
    found = verify(outside, OneEdition(EDITION))
    assert found.state is State.DIFFERS
    assert "EDITION_EXPIRED" in as_text(found, "zh-CN")
    assert json.loads(as_json(found))["own"]["error"]["code"] == "EDITION_EXPIRED"


# --- the edition -------------------------------------------------------------------------------------


def test_without_its_edition_nothing_is_verified_but_the_one_in_force_is_asked() -> None:
    newer = strict_edition()
    found = verify(from_json(to_json(RESULTS["plant"])), Shelf(newer, now=newer), TODAY)
    assert found.state is State.NO_EDITION and found.own is None
    assert found.now is not None and not found.now.same
    assert EDITION.info.digest in as_text(found, "zh-CN")


def test_a_single_edition_is_its_own_only_by_its_digest() -> None:
    assert verify(RESULTS["plant"], OneEdition(strict_edition()), TODAY).state is State.NO_EDITION


def test_an_edition_of_the_same_name_is_not_the_edition() -> None:
    namesake = with_digest(dataclasses.replace(strict_edition(), info=EDITION.info))
    assert verify(RESULTS["plant"], Shelf(namesake, now=namesake), TODAY).state is State.NO_EDITION


def test_a_record_against_an_edition_never_written_finds_none() -> None:
    nameless = dataclasses.replace(RESULTS["edge"], edition=dataclasses.replace(EDITION.info, digest=""))
    unwritten = dataclasses.replace(EDITION, info=dataclasses.replace(EDITION.info, digest=""))
    assert verify(from_json(to_json(nameless)), OneEdition(unwritten)).state is State.NO_EDITION


def test_it_holds_under_its_own_edition_and_is_another_answer_today() -> None:
    newer = strict_edition()
    found = verify(RESULTS["plant"], Shelf(EDITION, newer, now=newer), TODAY)
    assert found.state is State.HOLDS
    assert found.now is not None and found.now.compared is not None
    text = as_text(found, "zh-CN")
    assert "示例市成果（2027）" in text and text.startswith("核验通过")
    made = json.loads(as_json(found))
    assert made["now"]["same"] is False and made["now"]["edition"]["digest"] == newer.info.digest
    assert made["now"]["findings"]


def test_under_the_same_edition_on_another_day_the_answer_is_the_same() -> None:
    found = verify(RESULTS["edge"], Shelf(EDITION, now=EDITION), TODAY)
    assert found.now is not None and found.now.same and found.now.as_of == TODAY


def test_no_edition_in_force_is_said_and_changes_nothing() -> None:
    nothing = CatalogNothing(path="x", region="63", as_of="2026-11-24", known={"zh": "无", "en": "none"})
    found = verify(RESULTS["edge"], Shelf(EDITION, now=nothing), TODAY)
    assert found.state is State.HOLDS
    assert "CATALOG_NOTHING" in as_text(found, "en")
    assert json.loads(as_json(found))["now"]["edition"] is None


def test_many_changes_are_counted_not_all_named() -> None:
    def all_of_them(body: dict[str, Any]) -> None:
        for finding in body["findings"]:
            finding["reason_zh"] += "。"

    found = verify(forged("plant", all_of_them), OneEdition(EDITION))
    assert len(as_text(found, "zh-CN").splitlines()) < 40
    assert len(json.loads(as_json(found))["own"]["findings"]) == len(RESULTS["plant"].findings)


# --- the record inside a file --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """One small screening in every format that carries its record."""
    return {
        style: report.render(RESULTS["edge"], style, edition=EDITION)
        for style in ("pdf", "docx", "xlsx", "html", "json")
    }


STYLES = ("pdf", "docx", "xlsx", "html", "json")


@pytest.mark.parametrize("style", STYLES)
def test_a_report_carries_the_record_it_was_made_from(style: str, files: dict[str, bytes]) -> None:
    assert carried(files[style], f"a.{style}") == to_json(RESULTS["edge"])


@pytest.mark.parametrize("style", STYLES)
def test_what_a_file_is_is_read_from_its_content(style: str, files: dict[str, bytes]) -> None:
    assert carried(files[style], "别的名字.bin") == to_json(RESULTS["edge"])


def record_bytes(style: str, content: bytes) -> tuple[int, int]:
    """Where in a file its record lies."""
    if style == "json":
        return 0, len(content)
    if style == "html":
        return content.index(b"<template id="), content.index(b"</template>")
    if style == "pdf":
        found = [
            m for m in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL) if is_record(m[1])
        ]
        assert len(found) == 1
        return found[0].span(1)
    with zipfile.ZipFile(io.BytesIO(content)) as office:
        (item,) = (i for i in office.infolist() if re.fullmatch(r"customXml/item\d+\.xml", i.filename))
    return item.header_offset + 30 + len(item.filename), item.header_offset + item.compress_size


def is_record(packed: bytes) -> bool:
    with suppress(zlib.error):
        return zlib.decompress(packed) == to_json(RESULTS["edge"])
    return False


@pytest.mark.parametrize("style", STYLES)
def test_an_altered_byte_never_gives_another_record(style: str, files: dict[str, bytes]) -> None:
    """Any byte of the file: what comes out is the record or an error, never something else."""
    sure = random.Random(7)
    content = files[style]
    errors = 0
    places = [sure.randrange(len(content)) for _ in range(40)]
    places += [sure.randrange(*record_bytes(style, content)) for _ in range(40)]
    for place in places:
        altered = bytearray(content)
        altered[place] ^= 1 << sure.randrange(8)
        try:
            back = from_json(carried(bytes(altered), "x"), source="x")
        except (RecordAltered, RecordInvalid, RecordMissing) as error:
            assert error.text("zh-CN") and error.text("en")
            errors += 1
        else:
            assert to_json(back) == to_json(RESULTS["edge"])
    assert errors >= 30  # a few bytes mean nothing: the head of a packed stream, white space


@pytest.mark.parametrize("style", ["docx", "xlsx", "html", "pdf"])
def test_a_report_given_an_altered_record_is_refused(style: str, files: dict[str, bytes]) -> None:
    """The record is changed before it is packed, so that no checksum of the container can notice."""
    changed = to_json(RESULTS["edge"]).replace("甲县".encode(), "乙县".encode(), 1)
    assert changed != to_json(RESULTS["edge"])
    if style == "html":
        page = files["html"].partition(b"<template id=")[0]
        content = page + carrying.in_html(changed).encode() + b"</body></html>"
    else:
        from sanxian.report import conformity, render_manuscript

        made = conformity.manuscript(RESULTS["edge"], "zh-CN", EDITION)
        content = render_manuscript(dataclasses.replace(made, record=changed), style)  # type: ignore[arg-type]
    with pytest.raises(RecordAltered):
        from_json(carried(content, "x"))


def test_a_page_with_two_records_is_refused(files: dict[str, bytes]) -> None:
    twice = files["html"] + carrying.in_html(to_json(RESULTS["plant"])).encode()
    with pytest.raises(RecordInvalid, match="several"):
        carried(twice, "x")


def test_a_packed_record_is_not_blown_up(monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> None:
    monkeypatch.setattr(carrying, "_PLAIN_MAX", 1000)
    with pytest.raises(RecordInvalid):
        carried(files["html"], "x")


def test_a_record_too_large_for_a_page_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "_PACKED_MAX", 100)
    made = report.render(RESULTS["edge"], "html", edition=EDITION)
    with pytest.raises(RecordMissing):
        carried(made, "x.html")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", RecordMissing),
        (b"\x89PNG\r\n\x1a\n", RecordMissing),
        (b"PK\x03\x04 torn", RecordInvalid),
        (b"%PDF-1.7\nnothing", RecordInvalid),
        (b"<!doctype html><html></html>", RecordMissing),
        (b'<template id="sanxian-record" data-encoding="x">AAAA</template>', RecordInvalid),
        (b'<template id="sanxian-record">!</template>', RecordMissing),
        (b"{}", RecordInvalid),
    ],
)
def test_a_file_without_a_record_says_so(content: bytes, error: type[SanxianError]) -> None:
    with pytest.raises(error) as caught:
        from_json(carried(content, "文件"), source="文件")
    assert "文件" in caught.value.text("en")


@given(st.sampled_from([b"%PDF-1.4", b"PK\x03\x04", b"<", b"{", b""]), st.binary(max_size=200))
def test_no_content_whatever_crashes_the_reading(head: bytes, rest: bytes) -> None:
    with pytest.raises((RecordInvalid, RecordMissing)):
        from_json(carried(head + rest, "x"))


def test_a_file_larger_than_any_report_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanxian.verification.carrying.BYTES_MAX", 10)
    with pytest.raises(RecordInvalid):
        carried(b"{" * 11, "x")


def test_an_altered_record_is_told_as_json_too() -> None:
    error = RecordAltered(source="x", stored="sha256:a", found="sha256:b")
    made = json.loads(altered_json(error, source="x"))
    assert made["state"] == "altered" and made["error"]["code"] == "RECORD_DIGEST"


def test_hostile_names_stay_text() -> None:
    body = copy.deepcopy(record(RESULTS["plant"]))
    body["project"]["name"] = "\x1b[2J{0}\n<b>{code}"
    body["digest"] = recording.digest_of(body)
    found: Verification = verify(from_record(body), OneEdition(EDITION))
    assert "{0}" in as_text(found, "en")
    assert json.loads(as_json(found))["record"]["project"]["name"] == body["project"]["name"]


def test_the_catalogue_is_asked_for_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        info = EDITION.info
        opened = 0

        def open(self) -> Edition:
            Entry.opened += 1
            return EDITION

    class Catalogue:
        distinct = (Entry(),)

        def in_force(self, *_: object) -> Entry:
            return self.distinct[0]

    editions = InCatalog(Catalogue())  # type: ignore[arg-type]
    assert editions.by_digest("sha256:0") is None and Entry.opened == 0
    assert verify(RESULTS["edge"], editions, TODAY).state is State.HOLDS

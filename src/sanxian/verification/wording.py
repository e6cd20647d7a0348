"""What a verification found, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from sanxian.errors import SanxianError
from sanxian.i18n import t
from sanxian.model import EditionInfo
from sanxian.recheck import Compared, finding_line, hit_line
from sanxian.report.words import short_digest
from sanxian.screening import Screening
from sanxian.verification.verifying import Rerun, State, Verification

SCHEMA: Final = "sanxian/verification/1"
SHOWN: Final = 20  # changes named in words; JSON has all


def as_text(found: Verification, lang: str, *, source: str = "") -> str:
    """Return what was found in words, the result first."""
    return "".join(f"{line}\n" for line in _lines(found, lang, source))


def _lines(found: Verification, lang: str, source: str) -> Iterator[str]:
    def say(key: str, **fields: object) -> str:
        return t(f"verification.{key}", lang, **fields)

    record = found.record
    yield say(f"state.{found.state}")
    if source:
        yield say("file", name=source)
    yield say(
        "record",
        code=short_digest(found.digest),
        project=record.project.name or say("unnamed"),
        verdict=t(f"outcome.{record.verdict.name}", lang),
        as_of=record.as_of.isoformat(),
        count=len(record.findings),
    )
    yield say("edition", **_edition(record.edition))
    if record.edition.synthetic:
        yield say("synthetic")
    if found.other_engine:
        yield say("other_engine", recorded=record.engine_version, here=found.engine_version)
    yield ""
    if found.own is None:
        yield say("own.none", digest=record.edition.digest or "—")
    elif found.state is State.HOLDS:
        yield say("own.holds")
    else:
        yield say("own.differs")
        yield from _changes(found.own, lang)
    if found.now is not None:
        yield ""
        yield from _today(found.now, record, lang)
    yield ""
    yield say("compare_by_eye")


def _edition(info: EditionInfo) -> dict[str, object]:
    return {"title": info.title, "id": info.id, "code": short_digest(info.digest) or "—"}


def _today(now: Rerun, record: Screening, lang: str) -> Iterator[str]:
    def say(key: str, **fields: object) -> str:
        return t(f"verification.now.{key}", lang, **fields)

    if now.edition is None:
        yield say("none", as_of=now.as_of.isoformat(), error=_error(now.answer, lang))
        return
    same = now.edition.digest == record.edition.digest
    yield say(
        "edition_same" if same else "edition_other", as_of=now.as_of.isoformat(), **_edition(now.edition)
    )
    if now.same:
        yield say("same", verdict=t(f"outcome.{record.verdict.name}", lang))
        return
    if isinstance(now.answer, Screening):
        verdict = t(f"outcome.{now.answer.verdict.name}", lang)
        yield say("other" if now.answer.verdict is not record.verdict else "other_findings", verdict=verdict)
    yield from _changes(now, lang)


def _changes(rerun: Rerun, lang: str) -> Iterator[str]:
    if isinstance(rerun.answer, SanxianError):
        yield f"  {t('verification.no_answer', lang, error=_error(rerun.answer, lang))}"
        return
    if rerun.compared is None:
        yield f"  {t('verification.only_bytes', lang, keys=' '.join(rerun.other))}"
        return
    lines = [finding_line(change, lang) for change in rerun.compared.findings]
    lines += [hit_line(change, lang) for change in rerun.compared.hits]
    for line in lines[:SHOWN]:
        yield f"  {line}"
    if len(lines) > SHOWN:
        yield f"  {t('verification.more', lang, count=len(lines) - SHOWN)}"


def _error(answer: Screening | SanxianError, lang: str) -> str:
    return f"[{answer.code}] {answer.text(lang)}" if isinstance(answer, SanxianError) else ""


# --- JSON ------------------------------------------------------------------------------------


def as_json(found: Verification, *, source: str = "") -> bytes:
    """Return what was found as JSON, UTF-8, keys in order; described in ``docs/reference/verify.md``."""
    record = found.record
    made = {
        "schema": SCHEMA,
        "file": source,
        "state": str(found.state),
        "record": {
            "digest": found.digest,
            "code": short_digest(found.digest),
            "project": {"id": record.project.id, "name": record.project.name},
            "verdict": record.verdict.name,
            "counts": {outcome.name: n for outcome, n in record.counts.items()},
            "as_of": record.as_of.isoformat(),
            "edition": _info(record.edition),
            "engine_version": record.engine_version,
        },
        "engine_version": found.engine_version,
        "own": None if found.own is None else _rerun(found.own),
        "now": None if found.now is None else _rerun(found.now),
    }
    return json.dumps(made, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def altered_json(error: SanxianError, *, source: str) -> bytes:
    """Return the same for a record that does not match its digest: nothing was screened again."""
    made = {
        "schema": SCHEMA,
        "file": source,
        "state": "altered",
        "error": {"code": error.code, "zh": error.text("zh-CN"), "en": error.text("en")},
    }
    return json.dumps(made, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def _info(info: EditionInfo) -> dict[str, Any]:
    return {"id": info.id, "title": info.title, "digest": info.digest, "synthetic": info.synthetic}


def _rerun(rerun: Rerun) -> dict[str, Any]:
    answer = rerun.answer
    made: dict[str, Any] = {
        "edition": None if rerun.edition is None else _info(rerun.edition),
        "as_of": rerun.as_of.isoformat(),
        "same": rerun.same and not rerun.other,
    }
    if isinstance(answer, SanxianError):
        made["error"] = {"code": answer.code, "zh": answer.text("zh-CN"), "en": answer.text("en")}
        return made
    return {
        **made,
        "verdict": answer.verdict.name,
        "grade": None if rerun.compared is None else str(rerun.compared.grade),
        "findings": _findings(rerun.compared),
        "hits": _hits(rerun.compared),
        "parts_of_the_record": list(rerun.other),
    }


def _findings(compared: Compared | None) -> list[dict[str, Any]]:
    return [
        {
            "what": change.what,
            "kind": change.key.kind,
            "clause": change.key.clause,
            "layer": change.key.layer,
            "place": change.key.place,
            "name": change.name,
            "old": None if change.old is None else change.old.name,
            "new": None if change.new is None else change.new.name,
        }
        for change in (() if compared is None else compared.findings)
    ]


def _hits(compared: Compared | None) -> list[dict[str, Any]]:
    return [
        {
            "what": change.what,
            "layer": change.key.layer,
            "zone": change.key.zone,
            "role": change.key.role,
            "old": None if change.old is None else str(change.old.relation),
            "new": None if change.new is None else str(change.new.relation),
        }
        for change in (() if compared is None else compared.hits)
    ]

"""A re-check told: as text to read, as JSON to keep, as CSV to sort."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, Final

from sanxian.batch import inert
from sanxian.i18n import t
from sanxian.model import SYNTHETIC, EditionInfo, Hit, Outcome
from sanxian.recheck.answers import FindingChange, Grade, HitChange
from sanxian.recheck.differences import Difference
from sanxian.recheck.run import Checked, ProjectChange

SCHEMA: Final = "sanxian/recheck/1"
CSV_FIELDS: Final = (
    "row", "id", "name", "grade", "old_verdict", "new_verdict", "kind", "what", "clause", "layer", "place",
    "place_name", "role", "old", "new", "causes", "old_edition", "new_edition", "as_of_old", "as_of",
    "synthetic",
)  # fmt: skip
SHOWN: Final = 50  # projects and unread rows told one by one in text
SAME_SHOWN: Final = 3  # changes of words alone told of one project


# --- text ----------------------------------------------------------------------------------------


def as_text(checked: Checked, lang: str = "zh-CN") -> str:
    """Return a re-check as text; the first projects one by one, the worst changes first."""
    return "\n".join(_lines(checked, lang)) + "\n"


def _lines(checked: Checked, lang: str) -> Iterator[str]:
    def say(key: str, **fields: object) -> str:
        return t(f"recheck.{key}", lang, **fields)

    if _synthetic(checked):
        yield say("synthetic")
    yield say("old", title=checked.old.title, as_of=checked.as_of_old, digest=checked.old.digest)
    yield say("new", title=checked.new.title, as_of=checked.as_of, digest=checked.new.digest)
    yield ""
    yield say("projects", projects=checked.projects, unread=len(checked.unread))
    yield say("screened_all" if checked.every else "screened", reached=checked.reached,
              skipped=checked.projects - checked.reached)  # fmt: skip
    if checked.missed:
        yield say("missed", count=checked.missed)
    yield say("changed", count=len(checked.changed))
    for grade, count in checked.grades.items():
        yield f"  {say(f'grade.{grade}')}  {count}"
    if checked.moves:
        yield ""
        yield say("moves")
        for old, new, count in checked.moves:
            yield f"  {_verdict(old, lang)} → {_verdict(new, lang)}  {count}"
    yield ""
    yield say("causes" if checked.causes else "no_differences")
    for cause, (count, projects) in checked.causes.items():
        yield f"  {say('cause_line', cause=say(f'cause.{cause}'), count=count, projects=projects)}"
    yield from _told(checked, lang)
    for row, error in checked.unread[:SHOWN]:
        yield say("row_unread", row=row.number, error=f"[{error.code}] {error.text(lang)}")


def _told(checked: Checked, lang: str) -> Iterator[str]:
    order = list(checked.grades)
    first = sorted(checked.changed, key=lambda one: (order.index(one.grade), one.row))
    for one in first[:SHOWN]:
        yield ""
        name = " ".join(filter(None, (one.id, one.name)))
        ends = [
            _verdict(error if verdict is None else verdict.name, lang)
            for verdict, error in ((one.old, one.old_error), (one.new, one.new_error))
        ]
        key = "project" if one.grade is Grade.VERDICT else "project_same"
        yield t(f"recheck.{key}", lang, row=one.row, name=name, old=ends[0], new=ends[1])
        yield from _changes_told(checked, one, lang)
    if len(first) > SHOWN:
        yield ""
        yield t("recheck.more", lang, count=len(first) - SHOWN)


def _changes_told(checked: Checked, one: ProjectChange, lang: str) -> Iterator[str]:
    """Yield what changed for a project, the worst first; what only says the same otherwise is counted when there is more."""
    said = sorted(one.findings, key=lambda f: (-(f.new or 0), -(f.old or 0), f.key))
    telling = [change for change in said if change.what != "words"] or said[:SAME_SHOWN]
    hits = [hit for hit in one.hits if hit.what != "measures"] or ([] if telling else one.hits[:SAME_SHOWN])
    for change in telling:
        yield f"  {finding_line(change, lang)}  ← {_because(checked, change.causes, lang)}"
    for hit in hits:
        yield f"  {hit_line(hit, lang)}  ← {_because(checked, hit.causes, lang)}"
    if rest := len(one.findings) - len(telling) + len(one.hits) - len(hits):
        yield f"  {t('recheck.same_otherwise', lang, count=rest)}"
    if not one.findings and not one.hits:
        yield f"  ← {_because(checked, one.causes, lang)}"


def _verdict(name: str, lang: str) -> str:
    return t(f"outcome.{name}", lang) if name in Outcome.__members__ else name


def finding_line(change: FindingChange, lang: str) -> str:
    """Return a changed finding in words: about what, where, what changed."""
    outcomes = [_verdict(one.name, lang) for one in (change.old, change.new) if one is not None]
    return t(
        "recheck.finding_line",
        lang,
        about=change.key.clause or t(f"recheck.kind.{change.key.kind}", lang),
        where=" ".join(filter(None, (change.key.layer, change.key.place, change.name))),
        what=t(f"recheck.what.{change.what}", lang),
        said=" → ".join(dict.fromkeys(outcomes)),
    )


def hit_line(change: HitChange, lang: str) -> str:
    """Return a changed hit in words: of which zone, what changed, its sizes."""
    seen = [_measure(hit, lang) for hit in (change.old, change.new) if hit is not None]
    return t(
        "recheck.finding_line",
        lang,
        about=t("recheck.hit", lang),
        where=" ".join(filter(None, change.key)),
        what=t(f"recheck.what.{change.what}", lang),
        said=" → ".join(seen),
    )


def _measure(hit: Hit, lang: str) -> str:
    sizes = []
    if hit.area_m2:
        sizes.append(f"{hit.area_m2:,.1f} m²")
    if hit.length_m:
        sizes.append(f"{hit.length_m:,.1f} m")
    if hit.distance_m:
        sizes.append(f"{hit.distance_m:,.1f} m")
    sensitive = f" {t('recheck.sensitive', lang)}" if hit.sensitive else ""
    return " ".join((t(f"recheck.relation.{hit.relation}", lang), *sizes)) + sensitive


def _because(checked: Checked, numbers: tuple[int, ...], lang: str) -> str:
    """Return the causes of a change as words; many of one kind are counted."""
    if not numbers:
        return t("recheck.unexplained", lang)
    kinds: dict[str, list[Difference]] = {}
    for number in numbers:
        one = checked.differences[number]
        kinds.setdefault(one.cause, []).append(one)
    words = []
    for cause, found in kinds.items():
        named = t("rules.joint", lang).join(_named(one) for one in found[:3])
        more = f" …+{len(found) - 3}" if len(found) > 3 else ""
        words.append(f"{t(f'recheck.cause.{cause}', lang)} {named}{more}")
    return ("; " if lang == "en" else "；").join(words)


def _named(one: Difference) -> str:
    return one.item + (f" [{one.note}]" if one.note else "")


def _synthetic(checked: Checked) -> bool:
    return checked.old.synthetic or checked.new.synthetic


# --- JSON ----------------------------------------------------------------------------------------


def as_json(checked: Checked) -> bytes:
    """Return a re-check as JSON (docs/reference/recheck.md), UTF-8, one line, keys in order."""
    made: dict[str, Any] = {
        "schema": SCHEMA,
        "old": _side(checked.old, str(checked.as_of_old)),
        "new": _side(checked.new, str(checked.as_of)),
        "counts": {
            "projects": checked.projects,
            "unread": len(checked.unread),
            "reached": checked.reached,
            "skipped": checked.projects - checked.screened,
            "screened": checked.screened,
            "changed": len(checked.changed),
            "missed": checked.missed,
        },
        "every": checked.every,
        "grades": {grade.value: count for grade, count in checked.grades.items()},
        "moves": [{"old": old, "new": new, "projects": count} for old, new, count in checked.moves],
        "causes": [
            {"cause": cause.value, "differences": count, "projects": projects}
            for cause, (count, projects) in checked.causes.items()
        ],
        "differences": [_difference(one) for one in checked.differences],
        "projects": [_project(one) for one in checked.changed],
        "unread": [
            {
                "row": row.number,
                "id": row.id,
                "name": row.name,
                "error": {"code": error.code, "zh": error.text("zh-CN"), "en": error.text("en")},
            }
            for row, error in checked.unread
        ],
    }
    if _synthetic(checked):
        made["notice"] = SYNTHETIC
    text = json.dumps(made, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"


def _side(info: EditionInfo, as_of: str) -> dict[str, Any]:
    return {
        "edition": info.id,
        "title": info.title,
        "digest": info.digest,
        "as_of": as_of,
        "synthetic": info.synthetic,
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "cause": one.cause.value,
        "item": one.item,
        "title": one.title,
        "note": one.note,
        "everywhere": one.reach.everywhere,
    }


def _project(one: ProjectChange) -> dict[str, Any]:
    return {
        "row": one.row,
        "id": one.id,
        "name": one.name,
        "grade": one.grade.value,
        "old": _end(one.old, one.old_error),
        "new": _end(one.new, one.new_error),
        "causes": one.causes,
        "findings": [_finding(change) for change in one.findings],
        "hits": [_hit(change) for change in one.hits],
    }


def _end(verdict: Outcome | None, error: str) -> dict[str, str]:
    return {"error": error} if verdict is None else {"verdict": verdict.name}


def _finding(change: FindingChange) -> dict[str, Any]:
    key = change.key
    return {
        "what": change.what,
        "kind": key.kind,
        "clause": key.clause,
        "layer": key.layer,
        "place": key.place,
        "place_name": change.name,
        "old": None if change.old is None else change.old.name,
        "new": None if change.new is None else change.new.name,
        "causes": change.causes,
    }


def _hit(change: HitChange) -> dict[str, Any]:
    return {
        "what": change.what,
        "layer": change.key.layer,
        "zone": change.key.zone,
        "role": change.key.role,
        "old": _measured(change.old),
        "new": _measured(change.new),
        "causes": change.causes,
    }


def _measured(hit: Hit | None) -> dict[str, Any] | None:
    if hit is None:
        return None
    return {
        "relation": hit.relation.value,
        "area_m2": hit.area_m2,
        "length_m": hit.length_m,
        "points": hit.points,
        "share": hit.share,
        "distance_m": hit.distance_m,
        "sensitive": hit.sensitive,
    }


# --- CSV -----------------------------------------------------------------------------------------


def as_csv(checked: Checked) -> bytes:
    """Return a re-check as CSV for Excel: a row for each finding or hit that changed (``CSV_FIELDS``)."""
    file = io.StringIO(newline="")
    rows = csv.DictWriter(file, CSV_FIELDS, restval="")
    rows.writeheader()
    for one in checked.changed:
        common = {
            "row": one.row,
            "id": one.id,
            "name": one.name,
            "grade": one.grade.value,
            "old_verdict": one.old_error if one.old is None else one.old.name,
            "new_verdict": one.new_error if one.new is None else one.new.name,
            "old_edition": checked.old.id,
            "new_edition": checked.new.id,
            "as_of_old": checked.as_of_old.isoformat(),
            "as_of": checked.as_of.isoformat(),
            "synthetic": SYNTHETIC if _synthetic(checked) else "",
        }
        for own in _changes(one):
            causes = [checked.differences[number] for number in own.pop("causes")]
            own["causes"] = ";".join(f"{d.cause.value} {d.item}" for d in causes)
            rows.writerow({key: inert(value) for key, value in {**common, **own}.items()})
    return file.getvalue().encode("utf-8-sig", "replace")


def _changes(one: ProjectChange) -> Iterator[dict[str, Any]]:
    """Yield a row for each change of a project; one for the project itself when nothing else tells."""
    for change in one.findings:
        own = _finding(change)
        yield {**own, "old": own["old"] or "", "new": own["new"] or ""}
    for hit in one.hits:
        yield {
            "kind": "hit",
            "what": hit.what,
            "layer": hit.key.layer,
            "place": hit.key.zone,
            "role": hit.key.role,
            "old": "" if hit.old is None else hit.old.relation.value,
            "new": "" if hit.new is None else hit.new.relation.value,
            "causes": hit.causes,
        }
    if not one.findings and not one.hits:
        yield {"kind": "answer", "what": "verdict", "causes": one.causes}

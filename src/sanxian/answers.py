"""The public answer set: clauses, projects and the findings they must give, readable by a policy person.

A case is an entry of a YAML file: a project, usually the clauses it is about, and what is expected. Any
system that screens projects could run it (``docs/reference/answers.md``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from sanxian.clauses import clause_from_row
from sanxian.edition import Edition
from sanxian.errors import BadAnswers, SanxianError
from sanxian.model import Catalogue, Clause, Coverage, CoverageStatus, Document, PlaceState
from sanxian.project import project_from_mapping
from sanxian.screening import Screening, screen

AS_OF: Final = date(2026, 9, 1)
_REVIEWED: Final = {"state": "reviewed", "by": "answers", "on": "2026-03-01"}
_CASE_KEYS: Final = frozenset(
    (
        "name",
        "why",
        "as_of",
        "project",
        "clauses",
        "states",
        "coverage",
        "catalogues",
        "documents",
        "count_drafts",
        "expect",
    )
)
_EXPECT_KEYS: Final = frozenset(("verdict", "findings", "first_ask", "asks", "flips", "kinds", "error"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case of the answer set."""

    file: str
    name: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One case run: what differs from what is expected, nothing when it agrees."""

    case: Case
    differences: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether the answer is the expected one."""
        return not self.differences


def read_cases(folder: str | Path) -> tuple[Case, ...]:
    """Return the cases of every ``*.yaml`` file in ``folder``, in order of file and entry.

    Raises
    ------
    BadAnswers
        There is none, a file cannot be read, or an entry is not a case.
    """
    files = sorted(Path(folder).glob("*.yaml"))
    cases = tuple(case for file in files for case in _cases(file))
    if not cases:
        raise _bad(str(Path(folder).name), "没有用例（*.yaml）", "it holds no case (*.yaml)")
    return cases


def _cases(file: Path) -> Iterator[Case]:
    try:
        entries = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _bad(file.name, f"不能读取：{error}", f"it cannot be read: {error}") from error
    if not isinstance(entries, list):
        raise _bad(file.name, "应为用例列表", "it must be a list of cases")
    for number, body in enumerate(entries, 1):
        yield case_of(body, file=file.name, number=number)


def case_of(body: object, *, file: str, number: int) -> Case:
    """Return one entry of an answer set as a case; raises :class:`BadAnswers` when it is none."""
    where = f"{file} #{number}"
    if not isinstance(body, dict) or not {"name", "project", "expect"} <= set(body):
        raise _bad(where, "用例须有 name、project、expect", "a case needs name, project and expect")
    if not isinstance(body["expect"], dict):
        raise _bad(where, "expect 应为“键: 值”", "expect must be a mapping")
    unknown = set(body) - _CASE_KEYS | (set(body["expect"]) - _EXPECT_KEYS)
    if unknown or not body["expect"]:
        what = ", ".join(sorted(map(str, unknown))) or "expect"
        raise _bad(where, f"不认识的键或空的期望：{what}", f"unknown keys or nothing expected: {what}")
    return Case(file=file, name=str(body["name"]), body=body)


def _bad(source: str, zh: str, en: str) -> BadAnswers:
    return BadAnswers(source=source, reason={"zh": zh, "en": en})


def run(cases: Sequence[Case], edition: Edition) -> Iterator[Answer]:
    """Yield each case run against ``edition``.

    A case with clauses of its own replaces the access list, so that nothing else speaks; its states,
    coverage rows, catalogues and documents are added to the edition's and win over them.
    """
    for case in cases:
        yield compared(case, screened(case, edition))


class Refusal(NamedTuple):
    """Why a case has no screening."""

    code: str
    zh: str


def screened(case: Case, edition: Edition) -> Screening | Refusal:
    """Return what the edition a case speaks of says about its project."""
    try:
        return _screen(case.body, edition)
    except SanxianError as error:
        return Refusal(error.code, error.text("zh-CN"))


def compared(case: Case, result: Screening | Refusal) -> Answer:
    """Return how a result, of whatever system, differs from what a case expects."""
    return Answer(case=case, differences=tuple(_differences(case.body["expect"], result)))


def _differences(expect: Mapping[str, Any], result: Screening | Refusal) -> Iterator[str]:
    if isinstance(result, Refusal):
        if result.code != expect.get("error"):
            yield f"error: {expect.get('error', '–')} ≠ {result.code} {result.zh}"
        return
    if "error" in expect:
        yield f"error: {expect['error']} ≠ {result.verdict.name}"
        return
    yield from _compare("verdict", expect.get("verdict"), result.verdict.name)
    for clause, outcome in (expect.get("findings") or {}).items():
        found = [f.outcome for f in result.findings if f.clause == clause]
        yield from _compare(clause, outcome, max(found).name if found else "NOT_REACHED")
    asked = [ask.fact for ask in result.asks]
    yield from _compare("asks", expect.get("asks") and sorted(expect["asks"]), sorted(asked))
    yield from _compare("first_ask", expect.get("first_ask"), asked[0] if asked else "–")
    kinds = sorted({f.kind.value for f in result.findings if f.kind.value != "clause"})
    yield from _compare("kinds", expect.get("kinds"), kinds)
    for clause, flips in (expect.get("flips") or {}).items():
        told = {
            (f.fact, f.needed_zh, f.outcome.name)
            for x in result.findings
            if x.clause == clause
            for f in x.flips
        }
        for flip in flips:
            if (flip["fact"], flip["needed"], flip["outcome"]) not in told:
                yield f"{clause}: flip {flip} not in {sorted(told)}"


def _compare(what: str, expected: object, seen: object) -> Iterator[str]:
    if expected is not None and expected != seen:
        yield f"{what}: {expected} ≠ {seen}"


def _screen(body: Mapping[str, Any], edition: Edition) -> Screening:
    project = project_from_mapping(body["project"], source=str(body["name"]))
    as_of = body.get("as_of", AS_OF)
    return screen(project, _edition(body, edition), as_of, count_drafts=bool(body.get("count_drafts")))


def _edition(body: Mapping[str, Any], edition: Edition) -> Edition:
    """Return the edition the case speaks of; the given one when it adds nothing."""
    changes: dict[str, Any] = {}
    if "clauses" in body:
        changes["clauses"] = tuple(_clause(row) for row in body["clauses"])
    if "states" in body:
        rows = tuple(PlaceState(**{**row, "place": str(row["place"])}) for row in body["states"])
        said = {(row.place, row.key) for row in rows}
        changes["states"] = rows + tuple(s for s in edition.states if (s.place, s.key) not in said)
    if "coverage" in body:
        rows_ = (
            row | {"region": str(row["region"]), "status": CoverageStatus(row["status"])}
            for row in body["coverage"]
        )
        covered = tuple(Coverage(source="answers", **row) for row in rows_)
        over = {(row.layer, row.region) for row in covered}
        changes["coverage"] = covered + tuple(c for c in edition.coverage if (c.layer, c.region) not in over)
    if "catalogues" in body:
        made = (Catalogue(**{**row, "industries": tuple(row["industries"])}) for row in body["catalogues"])
        changes["catalogues"] = {**edition.catalogues, **{item.id: item for item in made}}
    if "documents" in body:
        changes["documents"] = {
            **edition.documents,
            **{row["id"]: Document(**row) for row in body["documents"]},
        }
    return dataclasses.replace(edition, **changes) if changes else edition


def _clause(row: Mapping[str, Any]) -> Clause:
    defaults = {
        "number": row.get("id"),
        "level": "COUNTY",
        "dimension": "SPATIAL",
        "document": "",
        "scope": {"everywhere": True},
        "text": str(row.get("id")),
    }
    return clause_from_row({**defaults, **row}, review=_REVIEWED)

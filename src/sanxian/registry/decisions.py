"""Decisions of people (人工认定), beside the findings of the machine and never over them.

A decision says what a person holds a finding, or the whole verdict, to be, and why; what the machine had said stands in
the same row. It is withdrawn by another row.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from sanxian.errors import BadDecision, DecisionUnknown
from sanxian.model import Outcome
from sanxian.registry import audit, projects, screenings
from sanxian.registry.registration import Scope
from sanxian.registry.screenings import OpenEdition
from sanxian.registry.store import moment
from sanxian.registry.tables import decision, project

REASON_MAX: Final = 10_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision, or the withdrawal of one."""

    id: int
    project: int
    screening: int
    clause: str  # "" = the whole verdict
    place: str  # where the clause was reached through, as in the finding
    outcome: Outcome
    machine_outcome: Outcome  # what stood there when the person decided
    reason: str
    withdraws: int | None  # id of the decision this row takes back
    at: str
    by: str


_COLUMNS: Final = tuple(decision.c[field.name] for field in fields(Decision))


def _decision(row: RowMapping) -> Decision:
    values = dict(row)
    values |= {key: Outcome(values[key]) for key in ("outcome", "machine_outcome")}
    return Decision(**values)


def add(
    connection: Connection,
    scope: Scope,
    screening: int,
    outcome: Outcome,
    *,
    reason: str,
    at: datetime,
    by: str,
    clause: str = "",
    place: str = "",
    opened: OpenEdition | None = None,
) -> Decision:
    """Enter a decision about a screening.

    Parameters
    ----------
    clause, place : str
        Of the finding it is about; both "" for the whole verdict. ``place`` may be left out when the clause has one
        finding only.
    reason : str
        Why; never empty.
    opened : callable, optional
        Gives editions, for a screening whose record was not kept.

    Raises
    ------
    BadDecision
        There is no reason, no such finding, or several.
    ScreeningUnknown, RecordUnavailable, RecordDiffers
        As :func:`screenings.record`.
    """
    said = _reason(reason)
    about = screenings.get(connection, scope, screening)
    if about.verdict is None:
        zh, en = "该次研判没有得出结论", "that screening gave no answer"
        raise BadDecision(reason={"zh": zh, "en": en})
    machine = about.verdict
    if clause or place:
        record = json.loads(screenings.record(connection, scope, screening, opened=opened))
        machine, place = _finding(record, clause, place)
    return _enter(
        connection,
        {
            "project": about.project,
            "screening": screening,
            "clause": clause,
            "place": place,
            "outcome": int(outcome),
            "machine_outcome": int(machine),
            "reason": said,
            "withdraws": None,
        },
        "decision.add",
        at,
        by,
    )


def withdraw(
    connection: Connection, scope: Scope, number: int, *, reason: str, at: datetime, by: str
) -> Decision:
    """Take a decision back, by a row that says so.

    Raises
    ------
    DecisionUnknown
        There is none with this number that stands, or none the caller may see.
    BadDecision
        There is no reason.
    """
    said = _reason(reason)
    row = connection.execute(_seen(scope).where(decision.c.id == number)).mappings().first()
    taken_back = sa.select(decision.c.id).where(decision.c.withdraws == number)
    if row is None or row["withdraws"] is not None or connection.execute(taken_back).first() is not None:
        raise DecisionUnknown(decision=number)
    kept = ("project", "screening", "clause", "place", "outcome", "machine_outcome")
    values = {**{key: row[key] for key in kept}, "reason": said, "withdraws": number}
    return _enter(connection, values, "decision.withdraw", at, by)


def of_project(connection: Connection, scope: Scope, number: int) -> tuple[Decision, ...]:
    """Return every decision about a project and every withdrawal, oldest first."""
    projects.get(connection, scope, number)
    rows = connection.execute(
        _seen(scope).where(decision.c.project == number).order_by(decision.c.id)
    ).mappings()
    return tuple(_decision(row) for row in rows)


def standing(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Return the decisions that hold: not withdrawn, the latest about each finding of a screening."""
    gone = {one.withdraws for one in decisions}
    latest: dict[tuple[Any, ...], Decision] = {}
    for one in decisions:
        if one.withdraws is None and one.id not in gone:
            latest[one.screening, one.clause, one.place] = one
    return tuple(sorted(latest.values(), key=lambda one: one.id))


def _finding(record: dict[str, Any], clause: str, place: str) -> tuple[Outcome, str]:
    found = [
        finding
        for finding in record["findings"]
        if finding["clause"] == clause and (not place or finding["place"] == place)
    ]
    places = {finding["place"] for finding in found}
    if len(places) == 1:
        return max(Outcome[finding["outcome"]] for finding in found), places.pop()
    if not found:
        zh = f"该次研判中没有条款“{clause}”" + (f"在“{place}”的判定" if place else "的判定")
        en = f"the screening has no finding on clause “{clause}”" + (f" in “{place}”" if place else "")
    else:
        listed = ", ".join(sorted(places))
        zh = f"条款“{clause}”在多处有判定（{listed}），请用 place 指明一处"
        en = f"clause “{clause}” has findings in several places ({listed}); say which by place"
    raise BadDecision(reason={"zh": zh, "en": en})


def _reason(text: str) -> str:
    said = text.strip()
    if not said:
        raise BadDecision(reason={"zh": "缺少理由", "en": "there is no reason"})
    if len(said) > REASON_MAX or "\0" in said:
        zh, en = (
            f"理由超过 {REASON_MAX} 字或含控制字符",
            f"the reason has over {REASON_MAX} characters or control characters",
        )
        raise BadDecision(reason={"zh": zh, "en": en})
    return said


def _enter(connection: Connection, values: dict[str, Any], action: str, at: datetime, by: str) -> Decision:
    row = {**values, "at": moment(at), "by": by}
    number = connection.execute(decision.insert().returning(decision.c.id), row).scalar_one()
    detail = {
        **values,
        "outcome": Outcome(values["outcome"]).name,
        "machine_outcome": Outcome(values["machine_outcome"]).name,
    }
    audit.append(connection, at=at, actor=by, action=action, subject=f"decision:{number}", detail=detail)
    entered = connection.execute(sa.select(*_COLUMNS).where(decision.c.id == number)).mappings().one()
    return _decision(entered)


def _seen(scope: Scope) -> sa.Select[Any]:
    wanted = sa.select(*_COLUMNS)
    if conditions := projects.within(scope):
        wanted = wanted.join(project, project.c.id == decision.c.project).where(*conditions)
    return wanted

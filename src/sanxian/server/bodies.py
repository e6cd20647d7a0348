"""Bodies of requests and answers that several routes share, and how rows become JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from sanxian.model import Outcome
from sanxian.registry.decisions import Decision
from sanxian.registry.projects import Registered
from sanxian.registry.registration import AuthorityLevel, EiaClass, Registration, Status
from sanxian.registry.screenings import Kept
from sanxian.server.examples import PROJECT

JSON: Final = "application/json"


class Body(BaseModel):
    """A body of a request: no key nobody knows."""

    model_config = ConfigDict(extra="forbid", str_max_length=20_000)


class RegistrationBody(Body):
    """受理登记 / How a project is registered."""

    code: str = Field(default="", max_length=100, description="项目代码 / project code")
    eia_class: EiaClass | None = Field(default=None, description="环评类别 / EIA class")
    authority: str = Field(default="", max_length=200, description="审批机关 / approving authority")
    authority_level: AuthorityLevel | None = Field(default=None, description="审批机关层级 / its level")
    region: str = Field(
        default="",
        max_length=12,
        description="行政区代码；有位置时按所在县 / region; the county of the place wins",
    )
    accepted_on: date | None = Field(default=None, description="受理日期 / accepted on")
    decided_on: date | None = Field(default=None, description="审批日期 / decided on")
    status: Status = Status.ACCEPTED

    def registration(self) -> Registration:
        """Return it as the registry takes it."""
        return Registration(
            code=self.code,
            eia_class=self.eia_class or "",
            authority=self.authority,
            authority_level=self.authority_level or "",
            region=self.region,
            accepted_on=self.accepted_on,
            decided_on=self.decided_on,
            status=self.status,
        )


Document = Annotated[
    dict[str, Any],
    Field(
        description="项目，见 docs/reference/project-format.md / A project",
        examples=[{k: v for k, v in PROJECT.items() if k != "as_of"}],
    ),
]


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a value as JSON, quicker than the framework would."""
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode("utf-8")
    return Response(content, status, dict(headers or {}), JSON)


def _plain(value: Any) -> Any:
    if isinstance(value, Outcome):
        return value.name
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def project_json(row: Registered) -> dict[str, Any]:
    """Return a project as the API shows it."""
    made = asdict(row)
    corners = [made.pop(side) for side in ("west", "south", "east", "north")]
    made["bbox"] = None if corners[0] is None else corners
    made["verdict"] = None if row.verdict is None else row.verdict.name
    made["accepted_on"] = _day(row.accepted_on)
    made["decided_on"] = _day(row.decided_on)
    return made


def screening_json(row: Kept) -> dict[str, Any]:
    """Return a kept screening as the API lists it."""
    made = asdict(row)
    made["verdict"] = None if row.verdict is None else row.verdict.name
    made["as_of"] = row.as_of.isoformat()
    made["counts"] = json.loads(row.counts or "{}")
    return made


def decision_json(row: Decision) -> dict[str, Any]:
    """Return a decision as the API shows it."""
    return {**asdict(row), "outcome": row.outcome.name, "machine_outcome": row.machine_outcome.name}


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()

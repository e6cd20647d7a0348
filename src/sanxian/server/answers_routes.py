"""One case of the public answer set, screened by this deployment (``sanxian answers run DIR --url``).

Whoever asks compares: what comes back is the record, or the error, and not whether it is right.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from sanxian import answers
from sanxian.errors import BadAnswers, RequestInvalid, SanxianError
from sanxian.screening import to_json
from sanxian.server.access import Caller, needs
from sanxian.server.bodies import JSON, Body
from sanxian.server.rights import Right
from sanxian.server.services import Services, services


class CaseBody(Body):
    """一个用例，见 docs/reference/answers.md / A case of an answer set."""

    edition: str = Field(
        default="", max_length=400, description="成果；默认为当日有效的 / edition; default: the one in force"
    )
    case: dict[str, Any] = Field(
        description='用例；日期写作 {"$date": "2026-09-01"} / the case; a date is {"$date": "2026-09-01"}'
    )


def revived(value: Any) -> Any:
    """Return a value of JSON with its dates, as YAML would have given it."""
    if isinstance(value, dict):
        if value.keys() == {"$date"}:
            return date.fromisoformat(str(value["$date"]))
        return {key: revived(item) for key, item in value.items()}
    return [revived(item) for item in value] if isinstance(value, list) else value


def routes() -> APIRouter:
    """Return the route of the answer set."""
    router = APIRouter(tags=["service"])

    @router.post(
        "/answers/case",
        summary="研判答案集的一个用例 / Screen one case of an answer set",
        response_class=Response,
        responses={
            200: {
                "content": {JSON: {"schema": {"type": "object"}}},
                "description": "记录或错误 / Record or error",
            }
        },
    )
    def case(
        here: Annotated[Services, Depends(services)],
        _: Annotated[Caller, Depends(needs(Right.SCREEN))],
        body: CaseBody,
    ) -> Response:
        try:
            read = answers.case_of(revived(body.case), file="request", number=1)
            as_of = read.body.get("as_of", answers.AS_OF)
            if not isinstance(as_of, date):
                raise _wrong()
            edition = (
                here.editions.chosen(body.edition or None, None, as_of) if body.edition else _any(here, as_of)
            )
            result = answers.screened(read, edition)
        except SanxianError:
            raise
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            said = {"zh": f"用例内容有误（{error}）", "en": f"the case cannot be used ({error})"}
            raise BadAnswers(source="request", reason=said) from error
        headers = {"Sanxian-Edition": edition.info.digest, "Cache-Control": "no-store"}
        if isinstance(result, answers.Refusal):
            content = json.dumps({"error": result.code, "zh": result.zh}, ensure_ascii=False).encode()
            return Response(content, 200, headers, JSON)
        return Response(b'{"record":' + to_json(result) + b"}", 200, headers, JSON)

    return router


def _wrong() -> RequestInvalid:
    return RequestInvalid(reason={"zh": "as_of 应为日期", "en": "as_of must be a date"})


def _any(here: Services, as_of: date) -> Any:
    """Return the edition for a case that names none: the one in force, else the only one (the case tests its dates)."""
    try:
        return here.editions.chosen(None, None, as_of)
    except SanxianError:
        entries = here.editions.entries()
        if len(entries) != 1:
            raise
        return here.editions.opened(entries[0])

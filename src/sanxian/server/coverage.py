"""Over HTTP: the compliance-analysis rate, ledgers taken in, re-checks after a change of edition."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path as FilePath
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from sanxian.edition.content import admin_places
from sanxian.errors import RequestInvalid, ResourceNotFound
from sanxian.recheck import Grade
from sanxian.registry import coverage, coverage_export, intake, intake_files, intake_mapping, rechecks
from sanxian.registry.coverage import Missing, Period, Rate
from sanxian.registry.registration import EiaClass
from sanxian.server.access import Caller, needs
from sanxian.server.bodies import Body, json_response, project_json
from sanxian.server.job_kinds import folder_of
from sanxian.server.job_routes import job_json
from sanxian.server.jobs import Jobs
from sanxian.server.kept import MEDIA
from sanxian.server.paging import After, Limit, after_of, cursor, link_next
from sanxian.server.problems import language_of
from sanxian.server.projects import opened_by
from sanxian.server.rights import Right
from sanxian.server.services import Services, services
from sanxian.server.uploads import receive_file

Here = Annotated[Services, Depends(services)]
Viewer = Annotated[Caller, Depends(needs(Right.COVERAGE))]
Taker = Annotated[Caller, Depends(needs(Right.INTAKE))]
Checker = Annotated[Caller, Depends(needs(Right.RECHECK))]
Number = Annotated[int, Path(ge=1, lt=2**53)]
PeriodText = Annotated[
    str,
    Query(
        max_length=40, description="2026、2026-Q1、2026-03、2026-01-01..2026-06-30；空为全部 / empty = all"
    ),
]
RegionText = Annotated[str, Query(pattern=r"^\d{0,12}$", description="行政区代码前缀 / region, a prefix")]
Classes = Annotated[
    list[EiaClass] | None, Query(description="环评类别；默认报告书、报告表 / default: report, form")
]
Groups = Literal[
    "", "month", "quarter", "year", "region", "prefecture", "province", "authority", "industry", "eia_class"
]
_LEDGER: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "contentMediaType": "application/octet-stream",
                            "description": "台账：.xlsx 或 .csv / A ledger",
                        },
                        "mapping": {
                            "type": "string",
                            "description": "列对应（TOML）；默认按建议 / default: as proposed",
                        },
                        "encoding": {"type": "string"},
                    },
                }
            }
        },
    }
}


class NewAnalysis(Body):
    """研判还没有分析的项目 / Screen what is not analysed."""

    period: str = Field(default="", max_length=40)
    region: str = Field(default="", pattern=r"^\d{0,12}$")
    again: bool = Field(default=False, description="上次没有结论的也再研判 / also those without an answer")


class NewRecheck(Body):
    """成果更新后的复核 / A re-check after a change of edition."""

    old: str = Field(min_length=1, max_length=400, description="原成果 / the edition before")
    new: str = Field(min_length=1, max_length=400, description="新成果 / the new one")
    as_of_old: date | None = Field(default=None, description="默认原成果的最后一天 / default: its last day")
    as_of: date | None = Field(default=None, description="默认今天 / default: today")


class Seen(Body):
    """看过的改动 / Changes somebody has looked at."""

    projects: list[Annotated[int, Field(ge=1, lt=2**53)]] | None = Field(default=None, max_length=10_000)


def rate_json(one: Rate) -> dict[str, Any]:
    """Return a rate as the API shows it."""
    return {
        "key": one.key,
        "accepted": one.accepted,
        "analysed": one.analysed,
        "missing": one.missing,
        "rate": one.rate,
        "counts": {state.value: n for state, n in one.counts.items()},
    }


def missing_json(one: Missing) -> dict[str, Any]:
    """Return a project that is not analysed, and why."""
    return {**project_json(one.project), "reason": one.reason, "reason_zh": one.zh, "reason_en": one.en}


def region_names(here: Services) -> dict[str, str]:
    """Return the names of the regions the editions know."""
    names: dict[str, str] = {}
    for entry in here.editions.entries():
        opened = here.editions.opened(entry)
        for kind in ("province", "prefecture", "county"):
            names |= {zone.code: zone.name for zone in admin_places(opened, kind)}
    return names


def routes() -> APIRouter:
    """Return the routes of coverage, ledgers and re-checks."""
    router = APIRouter(tags=["coverage"])
    _coverage(router)
    _ledgers(router)
    _rechecks(router)
    return router


def _coverage(router: APIRouter) -> None:
    @router.get("/coverage", summary="符合性分析率 / The compliance-analysis rate")
    def rate(
        here: Here,
        who: Viewer,
        period: PeriodText = "",
        by: Groups = "",
        region: RegionText = "",
        classes: Classes = None,
    ) -> Response:
        chosen = tuple(classes) if classes else coverage.CLASSES
        with here.registry.read() as connection:
            found = coverage.rate(
                connection, who.scope, Period.parse(period), by=by, classes=chosen, region=region
            )
        body = {
            "period": str(found.period),
            "classes": [*found.classes],
            "by": found.by,
            "region": found.region,
            "total": rate_json(found.total),
            "groups": [rate_json(one) for one in found.groups],
            "undated": found.undated,
            "unclassed": found.unclassed,
            "withdrawn": found.withdrawn,
            "others": found.others,
        }
        return json_response(body, headers={"Cache-Control": "no-store"})

    @router.get("/coverage/missing", summary="还没有分析的项目 / Projects not analysed")
    def missing(
        request: Request,
        here: Here,
        who: Viewer,
        period: PeriodText = "",
        region: RegionText = "",
        classes: Classes = None,
        undated: Annotated[
            bool, Query(description="改列没有受理日期的 / those without a date instead")
        ] = False,
        after: After = "",
        limit: Limit = 50,
    ) -> Response:
        place = after_of(after, ((str, type(None)), int))
        start = None
        if place is not None:
            start = coverage.After(None if place[0] is None else _day(place[0]), place[1])
        with here.registry.read() as connection:
            rows, following = coverage.missing(
                connection,
                who.scope,
                Period.parse(period),
                here.editions.catalog(),
                classes=tuple(classes) if classes else coverage.CLASSES,
                region=region,
                undated=undated,
                after=start,
                limit=limit,
            )
        ahead = None
        if following is not None:
            day = following.accepted_on
            ahead = cursor([None if day is None else day.isoformat(), following.id])
        holder = Response()
        body = {"items": [missing_json(one) for one in rows], "next": link_next(request, holder, ahead)}
        return json_response(body, headers={"Link": holder.headers["Link"]} if ahead else {})

    @router.get(
        "/coverage/proof",
        summary="分析率的证明材料 / The proof of a rate",
        response_class=Response,
        responses={
            200: {
                "content": {MEDIA[k].split(";")[0]: {} for k in ("xlsx", "json", "html")} | {"text/csv": {}},
                "description": "证明 / Proof",
            }
        },
    )
    def proof(
        request: Request,
        here: Here,
        who: Viewer,
        period: PeriodText = "",
        region: RegionText = "",
        style: Annotated[Literal["xlsx", "csv", "json", "html"], Query(alias="format")] = "xlsx",
    ) -> Response:
        with tempfile.TemporaryDirectory(prefix="sanxian-proof-") as folder:
            path = FilePath(folder, f"coverage.{style}")
            _, digest = coverage_export.export(
                here.registry,
                here.editions.catalog(),
                who.scope,
                Period.parse(period),
                path,
                style,
                at=here.now(),
                by=who.name,
                region=region,
                names=region_names(here),
                lang=language_of(request.headers),
            )
            content = path.read_bytes()
        response = Response(content, media_type={**MEDIA, "csv": "text/csv; charset=utf-8"}[style])
        response.headers["Content-Disposition"] = f"attachment; filename=coverage.{style}"
        response.headers["Sanxian-Sha256"] = digest
        response.headers["Cache-Control"] = "no-store"
        return response

    @router.post(
        "/coverage/analyses", status_code=202, summary="研判还没有分析的项目 / Screen what is missing"
    )
    def analyse(here: Here, who: Taker, body: NewAnalysis) -> Response:
        Period.parse(body.period)
        return started(here, who, "analyse", body.model_dump())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        reason = {"zh": "after 不是本列表给出的翻页位置", "en": "after is no place in this list"}
        raise RequestInvalid(reason=reason) from None


def started(here: Services, who: Caller, kind: str, ask: dict[str, Any], number: str = "") -> Response:
    """Start a job for somebody, who may do in it what they may do here."""
    jobs = here.jobs or Jobs(here.registry, here.now)
    asked = {**ask, "by": who.name, "region_scope": who.scope.region, "owner_scope": who.scope.owner}
    job = jobs.start(kind, asked, person=who.person, number=number)
    return json_response(job_json(job), 202, {"Location": f"/api/v1/jobs/{job.id}"})


def _ledgers(router: APIRouter) -> None:
    @router.post(
        "/intakes/proposal", summary="建议列对应 / Propose the mapping of a ledger", openapi_extra=_LEDGER
    )
    async def propose(request: Request, here: Here, who: Taker) -> Response:
        del here, who
        async with receive_file(request, ("encoding", "mapping")) as (fields, path, name):

            def work() -> Response:
                ledger = intake_files.open_ledger(path, encoding=fields.get("encoding"))
                made = intake_mapping.propose(ledger)
                body = {
                    "toml": intake_mapping.to_toml(made, source=name),
                    "mapping": made.as_json(),
                    "sheets": [
                        {"name": s.name, "reason_zh": s.reason["zh"], "reason_en": s.reason["en"]}
                        for s in made.sheets
                    ],
                }
                return json_response(body)

            return await run_in_threadpool(work)

    @router.post("/intakes", status_code=202, summary="导入台账 / Take a ledger in", openapi_extra=_LEDGER)
    async def take_in(request: Request, here: Here, who: Taker) -> Response:
        async with receive_file(request, ("encoding", "mapping")) as (fields, path, name):

            def work() -> Response:
                intake_files.open_ledger(path, encoding=fields.get("encoding"))  # refused now, not later
                number = Jobs.new_id()
                folder = folder_of(here.folder, number)
                folder.mkdir(parents=True)
                if mapping := fields.get("mapping", ""):
                    (folder / "mapping.toml").write_text(mapping, "utf-8")
                    read = intake_mapping.load(folder / "mapping.toml")
                    intake_mapping.check(read, source="mapping")
                shutil.move(path, folder / f"ledger-{name}")
                ask = {
                    "file": f"ledger-{name}",
                    "mapped": bool(mapping),
                    "encoding": fields.get("encoding", ""),
                }
                return started(here, who, "intake", ask, number)

            return await run_in_threadpool(work)

    @router.get(
        "/intakes/{number}/log",
        summary="每一行的去向（CSV）/ What became of each row",
        response_class=Response,
        responses={200: {"content": {"text/csv": {}}, "description": "CSV"}},
    )
    def log(request: Request, here: Here, who: Taker, number: Number) -> Response:
        with tempfile.TemporaryDirectory(prefix="sanxian-log-") as folder:
            path = FilePath(folder, "log.csv")
            with here.registry.read() as connection:
                by = intake.taken_by(connection, number)
                if not by or (who.region and by != who.name):  # its lines may be of any region
                    raise ResourceNotFound(what={"zh": f"导入 {number}", "en": f"intake {number}"})
                intake.write_log(connection, number, path, lang=language_of(request.headers))
            content = path.read_bytes()
        headers = {"Content-Disposition": f"attachment; filename=intake-{number}.csv"}
        return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def recheck_json(one: rechecks.Recheck) -> dict[str, Any]:
    """Return a re-check as the API shows it."""
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(one).items() if k != "after"}


def _rechecks(router: APIRouter) -> None:
    @router.get("/rechecks", summary="复核 / Re-checks")
    def listed(here: Here, who: Checker) -> Response:
        del who
        with here.registry.read() as connection:
            return json_response(
                {"items": [recheck_json(one) for one in rechecks.listed(connection, limit=1000)]}
            )

    @router.post("/rechecks", status_code=202, summary="开始复核 / Start a re-check")
    def start(here: Here, who: Checker, body: NewRecheck) -> Response:
        new = here.editions.get(body.new)
        with here.registry.read() as connection:
            old = opened_by(here, connection, _digest(here, body.old))
        as_of = body.as_of or here.today()
        last = body.as_of_old or old.info.valid_to or min(as_of, here.today())
        with here.registry.begin() as connection:
            made = rechecks.start(
                connection, old, new, as_of_old=last, as_of=as_of, at=here.now(), by=who.name
            )
        response = started(here, who, "recheck", {"recheck": made.id})
        response.headers["Sanxian-Recheck"] = str(made.id)
        return response

    @router.get("/rechecks/{number}", summary="复核结果 / What a re-check found")
    def get(here: Here, who: Checker, number: Number) -> Response:
        with here.registry.read() as connection:
            found = rechecks.get(connection, number)
            summed = rechecks.summary(connection, who.scope, number)
        body = recheck_json(found) | {
            "grades": {grade.value: n for grade, n in summed.grades.items()},
            "moves": [{"from": a, "to": b, "projects": n} for a, b, n in summed.moves],
            "causes": {str(cause): n for cause, n in summed.causes.items()},
            "unseen": summed.unseen,
        }
        return json_response(body, headers={"Cache-Control": "no-store"})

    @router.get("/rechecks/{number}/changes", summary="结论有变的项目 / Projects whose answer changed")
    def changes(
        request: Request,
        here: Here,
        who: Checker,
        number: Number,
        grade: Grade | None = None,
        unseen: bool = False,
        after: After = "",
        limit: Limit = 50,
    ) -> Response:
        place = after_of(after, (int,))
        with here.registry.read() as connection:
            rows = rechecks.changes(
                connection,
                who.scope,
                number,
                grade=grade,
                unseen=unseen,
                after=0 if place is None else place[0],
                limit=limit + 1,
            )
        ahead = cursor([rows[limit - 1].project]) if len(rows) > limit else None
        holder = Response()
        items = [
            {
                **{k: v for k, v in asdict(row).items() if k not in ("grade", "old", "new")},
                "grade": row.grade.value,
                "old": None if row.old is None else row.old.name,
                "new": None if row.new is None else row.new.name,
            }
            for row in rows[:limit]
        ]
        body = {"items": items, "next": link_next(request, holder, ahead)}
        return json_response(body, headers={"Link": holder.headers["Link"]} if ahead else {})

    @router.post("/rechecks/{number}/seen", summary="记下已看过 / Note that changes were looked at")
    def seen(here: Here, who: Checker, number: Number, body: Seen) -> Response:
        with here.registry.begin() as connection:
            marked = rechecks.mark_seen(
                connection, who.scope, number, body.projects, at=here.now(), by=who.name
            )
        return json_response({"marked": marked})

    @router.post("/rechecks/{number}/cancellation", summary="终止复核 / End a re-check")
    def cancel(here: Here, who: Checker, number: Number) -> Response:
        del who
        with here.registry.begin() as connection:
            return json_response(recheck_json(rechecks.cancel(connection, number)))


def _digest(here: Services, key: str) -> str:
    """Return the digest of an edition, also of one that is no longer offered."""
    from sanxian.registry import editions

    with here.registry.read() as connection:
        for one in editions.listed(connection, withdrawn=True):
            if key in (one.digest, one.id) or (
                len(key) >= 12 and one.digest.removeprefix("sha256:").startswith(key)
            ):
                return one.digest
    return here.editions.entry(key).info.digest

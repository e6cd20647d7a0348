"""Jobs over HTTP: start one, see how far it is, read what is finished, stop it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from sanxian import batch
from sanxian.errors import RequestInvalid
from sanxian.registry import jobs as table
from sanxian.registry.jobs import Job, JobState
from sanxian.server.access import Caller, needs
from sanxian.server.bodies import json_response
from sanxian.server.conditional import ASK_AGAIN, etag, tagged
from sanxian.server.job_kinds import folder_of
from sanxian.server.jobs import Jobs
from sanxian.server.paging import After, Limit, after_of, cursor, link_next
from sanxian.server.rights import Right
from sanxian.server.services import Services, services
from sanxian.server.uploads import receive_file

Here = Annotated[Services, Depends(services)]
Worker = Annotated[Caller, Depends(needs(Right.JOB))]
Operator = Annotated[Caller, Depends(needs(Right.EDITION_MANAGE))]
Number = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="任务编号 / number of the job")]
EVERY_S: Final = 0.5
FIELDS: Final = ("edition", "region", "as_of", "crs", "encoding", "layer", "count_drafts")


def job_json(job: Job) -> dict[str, Any]:
    """Return a job as the API shows it."""
    made = asdict(job)
    made["state"] = job.state.value
    made["result"] = {k: v for k, v in job.result.items() if k != "attempts"}
    return made


def own(who: Caller) -> int | None:
    """Return whose jobs somebody may see: their own, or (``None``) everybody's."""
    return None if Right.OPERATE in who.rights else who.person


def existing(here: Here, who: Worker, number: Number) -> Job:
    """Return the job of a route, as it stands; raises when there is none the caller may see."""
    with here.registry.read() as connection:
        return table.get(connection, number, person=own(who))


_TEXTS: dict[str, Any] = {name: {"type": "string"} for name in FIELDS}
_BATCH: Final[dict[str, Any]] = {
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
                            "description": "项目表：CSV、Excel、GeoPackage、GeoJSON / A table of projects",
                        },
                        **_TEXTS,
                    },
                }
            }
        },
    }
}


def routes() -> APIRouter:
    """Return the routes of the jobs."""
    router = APIRouter(tags=["jobs"])

    @router.post(
        "/batches", status_code=202, summary="批量研判一个项目表 / Screen a table", openapi_extra=_BATCH
    )
    async def start(request: Request, here: Here, who: Worker) -> Response:
        async with receive_file(request, FIELDS) as (fields, path, name):

            def work() -> Response:
                jobs = here.jobs or Jobs(here.registry, here.now)
                try:
                    as_of = date.fromisoformat(fields["as_of"]) if "as_of" in fields else here.today()
                except ValueError:
                    reason = {"zh": "as_of 应为日期", "en": "as_of must be a date"}
                    raise RequestInvalid(reason=reason) from None
                edition = here.editions.chosen(fields.get("edition"), fields.get("region"), as_of)
                edition.in_force(as_of)
                number = jobs.new_id()
                folder = folder_of(here.folder, number)
                folder.mkdir(parents=True)
                shutil.move(path, folder / name)
                reading = {k: v for k, v in fields.items() if k in ("crs", "encoding", "layer")}
                ask: dict[str, Any] = {
                    **reading,
                    "file": name,
                    "edition": edition.info.digest,
                    "as_of": as_of.isoformat(),
                    "count_drafts": fields.get("count_drafts", "") in ("true", "1", "on"),
                }
                job = jobs.start("batch", ask, person=who.person, number=number)
                return json_response(job_json(job), 202, {"Location": f"/api/v1/jobs/{job.id}"})

            return await run_in_threadpool(work)

    @router.post(
        "/editions/{edition}/tiles", status_code=202, summary="准备矢量瓦片 / Prepare the tiles of an edition"
    )
    def tiles(
        here: Here, who: Operator, edition: Annotated[str, Path(pattern=r"^(sha256:)?[0-9a-f]{12,64}$")]
    ) -> Response:
        digest = here.editions.entry(edition).info.digest
        jobs = here.jobs or Jobs(here.registry, here.now)
        job = jobs.start("tiles", {"edition": digest}, person=who.person)
        return json_response(job_json(job), 202, {"Location": f"/api/v1/jobs/{job.id}"})

    @router.get("/jobs", summary="任务 / Jobs")
    def listed(
        request: Request,
        here: Here,
        who: Worker,
        state: JobState | None = None,
        after: After = "",
        limit: Limit = 50,
    ) -> Response:
        place = after_of(after, (str, str))
        with here.registry.read() as connection:
            found = table.listed(
                connection,
                person=own(who),
                state=state,
                before=None if place is None else (place[0], place[1]),
                limit=limit + 1,
            )
        holder = Response()
        ahead = cursor([found[limit - 1].created_at, found[limit - 1].id]) if len(found) > limit else None
        body = {"items": [job_json(j) for j in found[:limit]], "next": link_next(request, holder, ahead)}
        return json_response(body, headers={"Link": holder.headers["Link"]} if ahead else {})

    @router.get("/jobs/{number}", summary="一个任务 / One job")
    def get(request: Request, here: Here, who: Worker, number: Number) -> Response:
        with here.registry.read() as connection:
            job = table.get(connection, number, person=own(who))
        tag = etag("job", job.id, job.state, job.done, job.seen_at or "")
        return tagged(request, json_response(job_json(job)), tag, ASK_AGAIN)

    @router.post("/jobs/{number}/cancellation", status_code=202, summary="取消 / Ask it to stop")
    def cancel(here: Here, who: Worker, number: Number) -> Response:
        with here.registry.begin() as connection:
            table.get(connection, number, person=own(who))
            table.ask_to_stop(connection, number, at=here.now())
            job = table.get(connection, number)
        return json_response(job_json(job), 202)

    @router.get("/jobs/{number}/rows", summary="已完成的行 / Finished rows")
    def rows(
        request: Request, here: Here, who: Worker, number: Number, after: After = "", limit: Limit = 50
    ) -> Response:
        place = after_of(after, (int,))
        with here.registry.read() as connection:
            table.get(connection, number, person=own(who))
            found = table.rows(connection, number, after=0 if place is None else place[0], limit=limit + 1)
        holder = Response()
        ahead = cursor([found[limit - 1][0]]) if len(found) > limit else None
        body = {"items": [json.loads(b) for _, b in found[:limit]], "next": link_next(request, holder, ahead)}
        return json_response(body, headers={"Link": holder.headers["Link"]} if ahead else {})

    @router.get(
        "/jobs/{number}/result",
        summary="全部结果：CSV 或 JSON 行 / All results",
        response_class=Response,
        responses={
            200: {"content": {"text/csv": {}, "application/x-ndjson": {}}, "description": "结果 / Results"}
        },
    )
    def result(
        here: Here,
        who: Worker,
        number: Number,
        style: Annotated[Literal["csv", "jsonl"], Query(alias="format")] = "csv",
    ) -> Response:
        with here.registry.read() as connection:
            table.get(connection, number, person=own(who))
        name = f"attachment; filename=batch-{number[:8]}.{style}"
        kind = "text/csv; charset=utf-8" if style == "csv" else "application/x-ndjson"
        lines = _csv(here, number) if style == "csv" else _lines(here, number)
        return StreamingResponse(lines, media_type=kind, headers={"Content-Disposition": name})

    @router.get(
        "/jobs/{number}/events",
        summary="进度（服务器推送）/ Progress, as server-sent events",
        response_class=EventSourceResponse,
    )
    async def events(
        here: Here, who: Worker, number: Number, _: Annotated[Job, Depends(existing)]
    ) -> AsyncIterator[ServerSentEvent]:
        def now() -> Job:
            return existing(here, who, number)

        told = ""
        while True:
            job = await run_in_threadpool(now)
            said = job_json(job)
            said.pop("seen_at")
            text = json.dumps(said, sort_keys=True, ensure_ascii=False)
            if text != told:
                told = text
                yield ServerSentEvent(raw_data=text, event=job.state.value, id=str(job.done))
            if job.ended:
                return
            await asyncio.sleep(EVERY_S)

    return router


def _lines(here: Services, number: str) -> Iterator[bytes]:
    with here.registry.read() as connection:
        for _, body in table.every_row(connection, number):
            yield body + b"\n"


def _csv(here: Services, number: str) -> Iterator[bytes]:
    page = io.StringIO()
    rows = csv.DictWriter(page, batch.FIELDS, extrasaction="ignore")
    rows.writeheader()
    yield b"\xef\xbb\xbf"
    with here.registry.read() as connection:
        for _, body in table.every_row(connection, number):
            rows.writerow({k: batch.inert(v) for k, v in json.loads(body).items()})
            if page.tell() > 64 << 10:
                yield page.getvalue().encode("utf-8")
                page.seek(0)
                page.truncate()
    yield page.getvalue().encode("utf-8")

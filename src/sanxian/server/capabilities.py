"""What this server can do, in which versions, so that a client need not guess."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from sanxian import __version__, data, report
from sanxian.edition import FORMAT_VERSION
from sanxian.screening import ENGINE_VERSION, SCHEMA
from sanxian.server.access import Caller, needs
from sanxian.server.rights import Right
from sanxian.server.services import Services, services


def routes() -> APIRouter:
    """Return the route of the capabilities."""
    router = APIRouter(tags=["service"])

    @router.get("/capabilities", summary="能力与版本 / Capabilities and versions")
    def capabilities(
        request: Request,
        here: Annotated[Services, Depends(services)],
        _: Annotated[Caller, Depends(needs(Right.LOOK))],
    ) -> dict[str, Any]:
        return {
            "name": "sanxian",
            "version": __version__,
            "api": "v1",
            "engine": ENGINE_VERSION,
            "record_schema": SCHEMA,
            "edition_format": FORMAT_VERSION,
            "languages": ["zh-CN", "en"],
            "report_formats": [*report.FORMATS],
            "footprint_fields": ["crs", "role", "layer", "encoding", "shape", "datum"],
            "facts": len(data.facts()),
            "limits": {
                "upload_bytes": here.settings.max_upload_bytes,
                "body_bytes": here.settings.max_body_bytes,
                "page": 1000,
            },
            "public_screening": here.settings.public_screening,
            "editions": [
                {
                    "id": entry.info.id,
                    "digest": entry.info.digest,
                    "region": entry.info.region,
                    "synthetic": entry.info.synthetic,
                }
                for entry in here.editions.entries()
            ],
            "features": sorted(
                {
                    getattr(route, "path", "").removeprefix("/api/v1").strip("/").split("/")[0]
                    for route in request.app.routes
                }
                - {""}
            ),
        }

    @router.get("/facts", summary="事实项词表 / The vocabulary of facts")
    def facts(_: Annotated[Caller, Depends(needs(Right.LOOK))]) -> list[dict[str, Any]]:
        return [
            {
                "key": fact.key,
                "type": fact.type,
                "zh": fact.zh,
                "en": fact.en,
                "question_zh": fact.question_zh,
                "question_en": fact.question_en,
                "unit": fact.unit,
                "range": list(fact.range),
                "values": list(fact.values),
                "where": fact.where,
            }
            for fact in data.facts().values()
        ]

    return router

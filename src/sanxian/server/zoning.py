"""The editions over HTTP: what there is, what is in force, layers, clauses, and what applies at a point."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from sanxian.catalog import Entry, Term
from sanxian.edition import Edition, clause_in_force
from sanxian.errors import RequestInvalid, ResourceNotFound, SanxianError
from sanxian.geometry import footprint_from_point
from sanxian.i18n import t
from sanxian.model import SYNTHETIC, Clause, Dimension, FindingKind, Level, Project, Relation, in_force
from sanxian.registry import editions as registered
from sanxian.screening import screen
from sanxian.server.access import Caller, needs
from sanxian.server.bodies import json_response
from sanxian.server.conditional import ASK_AGAIN, IMMUTABLE, etag, has, not_modified, tagged
from sanxian.server.jobs import Jobs
from sanxian.server.paging import After, Limit, after_of, cursor, link_next
from sanxian.server.rights import Right
from sanxian.server.services import Services, services
from sanxian.server.uploads import receive_file

Here = Annotated[Services, Depends(services)]
Looker = Annotated[Caller, Depends(needs(Right.LOOK))]
Manager = Annotated[Caller, Depends(needs(Right.EDITION_MANAGE))]
Key = Annotated[
    str,
    Path(
        pattern=r"^(sha256:)?[0-9a-f]{12,64}$",
        description="成果摘要，或其前 12 位以上 / digest, or 12 of its digits",
    ),
]


def edition_json(entry: Entry, term: Term | None, today: date) -> dict[str, Any]:
    """Return an edition as the API lists it."""
    info = entry.info
    made = {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(info).items()}
    made["in_force_from"] = None if term is None else term.first.isoformat()
    made["in_force_to"] = None if term is None or term.last is None else term.last.isoformat()
    made["in_force_today"] = term is not None and term.holds(today)
    if info.synthetic:
        made["mark"] = SYNTHETIC
    return made


def listed(here: Services) -> list[dict[str, Any]]:
    """Return every edition offered."""
    catalog = here.editions.catalog()
    terms = {term.entry.info.digest: term for region in catalog.regions for term in catalog.terms(region)}
    return [edition_json(e, terms.get(e.info.digest), here.today()) for e in here.editions.entries()]


def layers_json(edition: Edition) -> list[dict[str, Any]]:
    """Return the layers of an edition."""
    return [
        {
            **{k: str(v) if k == "kind" else v for k, v in asdict(layer).items()},
            "zones": len(edition.zones[layer.id]),
            "coverage": [
                {"region": c.region, "status": str(c.status), "source": c.source}
                for c in edition.coverage
                if c.layer == layer.id
            ],
        }
        for layer in edition.layers
    ]


def clause_json(clause: Clause, edition: Edition, day: date) -> dict[str, Any]:
    """Return a clause as published, with where it comes from and whether it holds on a day."""
    document = edition.documents.get(clause.document)
    lapse = clause_in_force(clause, edition, day)
    scope = {k: v for k, v in asdict(clause.scope).items() if v}
    return {
        "id": clause.id,
        "number": clause.number,
        "level": str(clause.level),
        "level_zh": t(f"labels.level.{clause.level}", "zh-CN"),
        "dimension": str(clause.dimension),
        "dimension_label": clause.dimension_label,
        "category": clause.category,
        "text": clause.text,
        "document": clause.document,
        "document_title": ""
        if document is None
        else " ".join(filter(None, (document.title, document.number))),
        "scope": scope,
        "rules": len(clause.rules),
        "in_force": lapse is None,
    }


def found_clauses(
    edition: Edition, words: list[str], level: Level | None, dimension: Dimension | None, unit: str
) -> Iterable[Clause]:
    """Yield the clauses in which every word stands."""
    for clause in edition.clauses:
        if level is not None and clause.level is not level:
            continue
        if dimension is not None and clause.dimension is not dimension:
            continue
        if unit and unit not in clause.scope.units:
            continue
        if all(w in f"{clause.id} {clause.number} {clause.category} {clause.text}" for w in words):
            yield clause


def applies(edition: Edition, lon: float, lat: float, as_of: date) -> dict[str, Any]:
    """Return every zone at a point, and every clause that reaches it, by place, level and dimension.

    Parameters
    ----------
    lon, lat : float
        EPSG:4490 degrees.

    Raises
    ------
    OutsideRegion
        The point lies in another region.
    """
    parts = footprint_from_point(lon, lat).parts
    result = screen(Project(parts=parts), edition, as_of)
    titles = {layer.id: layer.title for layer in edition.layers}
    places: dict[tuple[str, str], dict[str, Any]] = {}
    zones = {(z.layer, z.code): z for layer in edition.layers for z in edition.zones[layer.id]}
    for hit in result.hits:
        zone = zones.get((hit.layer, hit.zone))
        if hit.role == "" and hit.relation is Relation.OVERLAP and zone is not None:
            places[hit.layer, hit.zone] = {
                "layer": hit.layer,
                "layer_title": titles[hit.layer],
                "code": zone.code,
                "name": zone.name,
                "class": zone.zone_class,
                "subtype": zone.subtype,
                "margin_m": hit.margin_m,
                "boundary_sensitive": hit.sensitive,
                "clauses": [],
            }
    order = {level: at for at, level in enumerate(Level)}
    for finding in result.findings:
        clause = result.clauses.get(finding.clause)
        if finding.kind is not FindingKind.CLAUSE or clause is None:
            continue
        place = places.setdefault(
            (finding.layer, finding.place),
            {"layer": finding.layer, "layer_title": titles.get(finding.layer, ""), "code": finding.place,
             "name": finding.place_name, "class": "", "subtype": "", "clauses": []},
        )  # fmt: skip
        place["clauses"].append(clause)
    for place in places.values():
        own = {clause.id: clause for clause in place["clauses"]}.values()
        place["clauses"] = [
            clause_json(one, edition, as_of)
            for one in sorted(own, key=lambda c: (order[c.level], str(c.dimension), c.id))
        ]
    near = [
        {"layer": h.layer, "layer_title": titles[h.layer], "code": h.zone, "distance_m": h.distance_m,
         "name": zones[h.layer, h.zone].name}
        for h in result.hits
        if h.role == "" and h.relation is Relation.NEAR and (h.layer, h.zone) in zones
    ]  # fmt: skip
    return {
        "lon": lon,
        "lat": lat,
        "as_of": as_of.isoformat(),
        "edition": edition.info.digest,
        "edition_title": edition.info.title,
        "mark": SYNTHETIC if edition.info.synthetic else "",
        "places": [*places.values()],
        "near": near,
        "layers": [
            {"layer": r.layer, "title": titles[r.layer], "concern": str(r.concern), "complete": r.complete}
            for r in result.layers
        ],
        "notices": [{"code": n.code, "zh": n.zh, "en": n.en} for n in result.notices],
    }


def changed(here: Services, who: Caller) -> None:
    """Offer what is offered now; in the background say anew of every project which screening counts."""
    here.editions.refresh()
    (here.jobs or Jobs(here.registry, here.now)).start("settle", {}, person=who.person)


_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "contentMediaType": "application/geopackage+sqlite3"}
                    },
                }
            }
        },
    }
}


def routes() -> APIRouter:
    """Return the routes of the editions."""
    router = APIRouter(tags=["editions"])

    @router.get("/editions", summary="分区成果 / Editions")
    def editions(request: Request, here: Here, _: Looker) -> Response:
        found = listed(here)
        body = json_response({"items": found})
        sign = hashlib.sha256(bytes(body.body)).hexdigest()[:32]
        return tagged(request, body, etag("editions", sign), ASK_AGAIN)

    @router.get("/editions/in-force", summary="某日有效的成果 / The edition in force")
    def edition_in_force(
        here: Here,
        _: Looker,
        region: Annotated[str, Query(pattern=r"^\d{2,12}$")],
        as_of: date | None = None,
    ) -> Response:
        day = as_of or here.today()
        entry = here.editions.catalog().in_force(region, day)
        return json_response(edition_json(entry, None, day) | {"as_of": day.isoformat()})

    @router.get("/editions/{edition}", summary="一个成果 / One edition")
    def one(here: Here, _: Looker, edition: Key) -> Response:
        entry = here.editions.entry(edition)
        return json_response(next(e for e in listed(here) if e["digest"] == entry.info.digest))

    @router.get("/editions/{edition}/layers", summary="图层 / Layers")
    def layers(request: Request, here: Here, _: Looker, edition: Key) -> Response:
        entry = here.editions.entry(edition)
        tag = etag("layers", entry.info.digest)
        if has(request, tag):
            return not_modified(tag, IMMUTABLE)
        return tagged(
            request, json_response({"items": layers_json(here.editions.opened(entry))}), tag, IMMUTABLE
        )

    @router.get("/editions/{edition}/clauses", summary="查找条款 / Find clauses")
    def clauses(
        request: Request,
        here: Here,
        _: Looker,
        edition: Key,
        text: Annotated[
            str, Query(alias="q", max_length=200, description="字词，都要出现 / words, all of them")
        ] = "",
        level: Level | None = None,
        dimension: Dimension | None = None,
        unit: Annotated[str, Query(max_length=100)] = "",
        as_of: date | None = None,
        after: After = "",
        limit: Limit = 50,
    ) -> Response:
        opened = here.editions.get(edition)
        place = after_of(after, (int,))
        start = 0 if place is None else max(0, place[0])
        found = list(found_clauses(opened, text.split(), level, dimension, unit))
        day = as_of or here.today()
        holder = Response()
        ahead = cursor([start + limit]) if start + limit < len(found) else None
        body = {
            "items": [clause_json(one, opened, day) for one in found[start : start + limit]],
            "count": len(found),
            "next": link_next(request, holder, ahead),
        }
        return json_response(body, headers={"Link": holder.headers["Link"]} if ahead else {})

    @router.get("/editions/{edition}/zones/{layer}/{code}", summary="一个分区 / One zone")
    def zone(
        here: Here,
        _: Looker,
        edition: Key,
        layer: Annotated[str, Path(max_length=100)],
        code: Annotated[str, Path(max_length=200)],
        as_of: date | None = None,
    ) -> Response:
        opened = here.editions.get(edition)
        found = next((z for z in opened.zones.get(layer, ()) if z.code == code), None)
        if found is None:
            raise ResourceNotFound(what={"zh": f"分区 {layer}/{code}", "en": f"zone {layer}/{code}"})
        day = as_of or here.today()
        body = {
            "layer": layer,
            "code": found.code,
            "name": found.name,
            "class": found.zone_class,
            "subtype": found.subtype,
            "regions": list(found.regions),
            "attributes": dict(found.attributes),
            "bbox": list(found.geometry.bounds),
            "in_force": in_force(found.valid_from, found.valid_to, day),
            "clauses": [clause_json(c, opened, day) for c in opened.clauses if code in c.scope.units],
        }
        return json_response(body)

    @router.get("/applies", summary="一个点适用什么 / What applies at a point")
    def at_point(
        here: Here,
        _: Looker,
        lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False, description="经度（CGCS2000）")],
        lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False, description="纬度（CGCS2000）")],
        edition: Annotated[str | None, Query(max_length=400)] = None,
        region: Annotated[str | None, Query(pattern=r"^\d{2,12}$")] = None,
        as_of: date | None = None,
    ) -> Response:
        day = as_of or here.today()
        chosen = here.editions.chosen(edition, region, day)
        headers = {"Sanxian-Edition": chosen.info.digest, "Sanxian-As-Of": day.isoformat()}
        return json_response(applies(chosen, lon, lat, day), headers=headers)

    @router.post("/editions", status_code=201, summary="加入成果 / Add an edition", openapi_extra=_FILE)
    async def add(request: Request, here: Here, who: Manager) -> Response:
        async with receive_file(request) as (_, path, name):

            def work() -> Response:
                try:
                    with here.registry.begin() as connection:
                        made = registered.register(
                            connection, here.registry, path, at=here.now(), by=who.name
                        )
                except SanxianError as error:
                    if "source" in error.fields:
                        error.fields["source"] = name
                    raise
                changed(here, who)
                body = {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(made).items()}
                return json_response(body, 201, {"Location": f"/api/v1/editions/{made.digest}"})

            return await run_in_threadpool(work)

    @router.delete("/editions/{edition}", summary="撤下成果 / Withdraw an edition")
    def withdraw(
        here: Here,
        who: Manager,
        edition: Key,
        reason: Annotated[
            str, Query(min_length=1, max_length=2000, description="理由，必填 / reason, mandatory")
        ],
    ) -> Response:
        if not reason.strip():
            raise RequestInvalid(reason={"zh": "缺少理由", "en": "there is no reason"})
        digest = here.editions.entry(edition).info.digest
        with here.registry.begin() as connection:
            made = registered.withdraw(connection, digest, reason=reason, at=here.now(), by=who.name)
        here.editions.refresh()
        return json_response(
            {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(made).items()}
        )

    return router

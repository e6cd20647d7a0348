"""What the jobs do. Each goes on after the rows that were written before it was interrupted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sanxian import batch
from sanxian.edition import Edition
from sanxian.errors import JobFailed
from sanxian.registry import (
    coverage,
    coverage_work,
    editions,
    intake,
    intake_files,
    intake_mapping,
    intake_rows,
    rechecks,
)
from sanxian.registry.coverage import Period
from sanxian.registry.registration import Scope
from sanxian.server.jobs import Handler, Work
from sanxian.server.tiles_prepared import prepare_tiles

CHUNK: Final = 64  # rows in one transaction


def folder_of(root: Path, number: str) -> Path:
    """Return where the files of a job lie."""
    return root / "jobs" / number


def screen_table(work: Work) -> Mapping[str, Any]:
    """Screen every row of an uploaded table; a row's result is as ``sanxian batch`` writes it."""
    here, ask = work.services, work.job.ask
    path = folder_of(here.folder, work.job.id) / str(ask["file"])
    if not path.is_file():
        zh, en = f"上传的表 {path.name} 不在了", f"the uploaded table {path.name} is gone"
        raise JobFailed(reason={"zh": zh, "en": en})
    edition = here.editions.get(str(ask["edition"]))
    as_of = date.fromisoformat(str(ask["as_of"]))
    tally: dict[str, int] = {**work.job.result.get("verdicts", {})}
    done = work.job.done
    kept = {k: v for k, v in work.job.result.items() if k == "attempts"}
    with batch.open_projects(
        path,
        region=here.editions.region(edition),
        crs=ask.get("crs"),
        encoding=ask.get("encoding"),
        layer=ask.get("layer"),
    ) as table:
        notices = [{"code": n.code, "zh": n.zh, "en": n.en} for n in table.notices]
        work.say(total=table.size)
        rows = (row for row in table.rows() if row.number > work.after)
        results = batch.screen_rows(rows, edition, as_of, count_drafts=bool(ask.get("count_drafts")))
        while chunk := list(islice(results, CHUNK)):
            bodies = []
            for result in chunk:
                name = "FAILED" if result.screening is None else result.screening.verdict.name
                tally[name] = tally.get(name, 0) + 1
                bodies.append((result.row.number, _body(batch.flat(result, edition, as_of))))
            done += len(chunk)
            work.say(rows=bodies, done=done, result={**kept, "verdicts": tally})
        notices += [{"code": n.code, "zh": n.zh, "en": n.en} for n in table.notices_after()]
    return {
        "rows": done,
        "verdicts": tally,
        "notices": notices,
        "edition": edition.info.digest,
        "as_of": as_of.isoformat(),
    }


def _body(flat: Mapping[str, Any]) -> bytes:
    return json.dumps(flat, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


# --- what the registry does by itself, in chunks it commits: a job only drives it -------------------


def _scope(ask: Mapping[str, Any]) -> Scope:
    """Return what whoever started the job may see."""
    return Scope(region=str(ask.get("region_scope", "")), owner=ask.get("owner_scope"))


def take_in_ledger(work: Work) -> Mapping[str, Any]:
    """Take an uploaded ledger into the registry; lines that are in it already are not read again."""
    here, ask = work.services, work.job.ask
    folder = folder_of(here.folder, work.job.id)
    ledger = intake_files.open_ledger(folder / str(ask["file"]), encoding=ask.get("encoding") or None)
    mapping = (
        intake_mapping.load(folder / "mapping.toml") if ask.get("mapped") else intake_mapping.propose(ledger)
    )
    intake_mapping.check(mapping, source=str(ask["file"]))
    work.say(total=sum(sheet.rows or 0 for sheet in ledger.sheets) or None)
    with here.registry.read() as connection:
        catalog = editions.catalog_of(connection, here.registry)
    taken = intake.take_in(
        here.registry,
        ledger,
        mapping,
        at=here.now(),
        by=str(ask["by"]),
        known=intake_rows.gazetteer(catalog, here.today()),
        owner=ask.get("owner_scope"),
        progress=lambda line: work.say(done=line),
        stop=work.asked_to_stop,
    )
    work.say()
    return {**asdict(taken), "states": dict(taken.states)}


def analyse_missing(work: Work) -> Mapping[str, Any]:
    """Screen the projects of a period that are not analysed."""
    here, ask = work.services, work.job.ask
    with here.registry.read() as connection:
        catalog = editions.catalog_of(connection, here.registry)
    done = coverage_work.analyse(
        here.registry,
        catalog,
        _scope(ask),
        Period.parse(str(ask["period"])),
        at=here.now(),
        by=str(ask["by"]),
        region=str(ask["region"]),
        again=bool(ask["again"]),
        progress=lambda number: work.say(done=number),
        stop=work.asked_to_stop,
    )
    work.say()
    return asdict(done)


def recheck_projects(work: Work) -> Mapping[str, Any]:
    """Do a re-check, from where it stands."""
    here, ask = work.services, work.job.ask
    with here.registry.read() as connection:
        work_total = rechecks.last_number(connection)

    def opened(digest: str) -> Edition:
        with here.registry.read() as connection:
            return editions.opened(connection, here.registry, digest)

    work.say(total=work_total)
    found = rechecks.work(
        here.registry,
        int(ask["recheck"]),
        opened=opened,
        at=here.now(),
        by=str(ask["by"]),
        progress=lambda one: work.say(done=one.after),
        stop=work.asked_to_stop,
    )
    work.say()
    return {
        "recheck": found.id,
        "projects": found.projects,
        "reached": found.reached,
        "changed": found.changed,
    }


def settle_again(work: Work) -> Mapping[str, Any]:
    """Say of every project which screening counts, after the editions offered have changed."""
    here = work.services
    with here.registry.read() as connection:
        catalog = editions.catalog_of(connection, here.registry)
    changed = coverage.resettle(here.registry, catalog, progress=lambda done: work.say(done=done))
    return {"changed": changed}


def draw_tiles(work: Work) -> Mapping[str, Any]:
    """Draw the low zooms of an edition's tiles."""
    here, ask = work.services, work.job.ask
    edition = here.editions.get(str(ask["edition"]))
    files = prepare_tiles(edition, here.folder, progress=lambda done, total: work.say(done=done, total=total))
    return {"edition": edition.info.digest, "files": len(files)}


HANDLERS: Final[dict[str, Handler]] = {
    "batch": screen_table,
    "intake": take_in_ledger,
    "analyse": analyse_missing,
    "recheck": recheck_projects,
    "settle": settle_again,
    "tiles": draw_tiles,
}

"""What ``sanxian serve --demo`` puts into an empty registry: the demo edition and the example projects (示例数据，非官方)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from sanxian.batch import read_dated_project
from sanxian.edition import write_edition
from sanxian.errors import SanxianError
from sanxian.project import project_from_mapping
from sanxian.registry import coverage, editions, projects, screenings, search
from sanxian.registry.registration import Registration
from sanxian.screening import screen
from sanxian.server.services import Services

EDITION: Final = "qinghai-demo-2026.gpkg"
AS_OF: Final = date(2026, 9, 1)
BY: Final = "demo"
AUTHORITY: Final = "示例审批机关"


def load(here: Services, working: Callable[[], None], examples: Path | None = None) -> int:
    """Put the demo edition and the example projects into a deployment that has them not; return the projects added.

    Parameters
    ----------
    here : Services
    working : callable
        Called when the edition has to be made, which takes seconds.
    examples : Path, optional
        Folder of the example projects; without it there is only the edition.
    """
    if not any(entry.info.synthetic for entry in here.editions.entries()):
        working()
        from sanxian.demo.build import build

        with tempfile.TemporaryDirectory(prefix="sanxian-demo-") as folder:
            path = Path(folder, EDITION)
            write_edition(build(), path)
            with here.registry.begin() as connection:
                editions.register(connection, here.registry, path, at=here.now(), by=BY)
        here.editions.refresh()
    with here.registry.read() as connection:
        if search.find(connection, projects.EVERYTHING, search.Filter(), limit=1).rows:
            return 0
    files = [] if examples is None else sorted(examples.glob("*.yaml"))
    return sum(_entered(here, file) for file in files)


def _entered(here: Services, file: Path) -> bool:
    """Enter one example project, accepted on the day it is screened for, with its screening."""
    try:
        entry = here.editions.entries()[0]
        edition = here.editions.opened(entry)
        subject, stated = read_dated_project(file, region=here.editions.region(edition))
        day = AS_OF if stated is None else date.fromisoformat(str(stated))
        registration = Registration(eia_class="report", accepted_on=day, authority=AUTHORITY)
        document = projects.document_of(subject)
        result = screen(project_from_mapping(document, source="demo"), edition, day)
    except SanxianError:
        return False  # an example that shows an error, or files of another version: the others are entered
    with here.registry.begin() as connection:
        at = here.now()
        entered = projects.add(
            connection,
            document,
            registration,
            at=at,
            by=BY,
            source="demo",
            county_of=projects.Counties(edition),
        )
        screenings.add(connection, entered, result, at=at, by=BY)
        coverage.settle(connection, here.editions.catalog(), [entered.id])
    return True

"""Taking provincial data in, and giving an edition out in the official shape.

::

    profile = load_profile("national")
    made = ingest(["成果.gdb", "清单.xlsx"], profile, "draft.gpkg")
    propose(["成果.gdb"])  # a profile to review, as TOML
    export(open_edition("edition.gpkg"), "folder", form="shp")

A profile, every code of the log and the official shape are described in ``docs/reference/ingest.md``.
"""

from sanxian.ingest.log import as_csv, as_geojson
from sanxian.ingest.official import FORMATS, Exported, export
from sanxian.ingest.profile import LayerRule, Profile, TableRule, load_profile, shipped
from sanxian.ingest.proposal import Proposal, propose
from sanxian.ingest.run import Ingested, ingest

__all__ = [
    "FORMATS",
    "Exported",
    "Ingested",
    "LayerRule",
    "Profile",
    "Proposal",
    "TableRule",
    "as_csv",
    "as_geojson",
    "export",
    "ingest",
    "load_profile",
    "propose",
    "shipped",
]

"""The edition: one GeoPackage file that holds a whole zoning, with a digest over its content.

::

    edition = open_edition("qinghai-demo-2026.gpkg")  # read-only, digest checked
    edition.in_force(as_of)  # raises when it is not

Tables, columns and the digest are defined in ``docs/reference/edition-format.md``.

:func:`normalise` puts an edition into its one canonical form: rows in order, coordinates on a grid of 1e-9
degree (0.1 mm), rings with a fixed start and direction. :func:`digest` hashes that form,
:func:`write_edition` stores it and :func:`open_edition` returns it; so two files with the same digest give the
same zones in the same order and hence the same screening, byte for byte.

The spatial index beside the file is :mod:`sanxian.edition.index`, a module of its own because it needs the engine.
"""

from sanxian.edition.content import FORMAT, FORMAT_VERSION, Edition, digest, normalise
from sanxian.edition.drafts import Draft, LogEntry, PublishedTotal, draft_writer, open_draft, write_draft
from sanxian.edition.geopackage import open_edition, read_identity, write_edition
from sanxian.edition.shapes import DECIMALS
from sanxian.edition.terms import Lapse, LapseKind, clause_in_force, county_of_unit
from sanxian.edition.validity import Problem, validate

__all__ = [
    "DECIMALS",
    "FORMAT",
    "FORMAT_VERSION",
    "Draft",
    "Edition",
    "Lapse",
    "LapseKind",
    "LogEntry",
    "Problem",
    "PublishedTotal",
    "clause_in_force",
    "county_of_unit",
    "digest",
    "draft_writer",
    "normalise",
    "open_draft",
    "open_edition",
    "read_identity",
    "validate",
    "write_draft",
    "write_edition",
]

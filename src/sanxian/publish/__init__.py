"""Publishing: a checked draft becomes an immutable edition, with what a higher authority wants filed.

::

    draft = open_draft("draft.gpkg")
    made = prepare(draft, Terms(title="…", valid_from=…, reason="…", trigger="five_year_adjustment"), previous=old)
    release(made, "edition.gpkg", key=key, filing=Path("filing.zip"))

``publication`` decides whether and as what a draft is published; ``permanence`` guards the codes of places;
``changes`` compares with the edition before; ``manifest`` and ``signature`` say what was published and by whom;
``filing`` packs the documents. The rules are in ``docs/reference/publish.md``.
"""

from sanxian.publish.changes import Difference, differences
from sanxian.publish.manifest import manifest_path, read_manifest, signature_path
from sanxian.publish.migration import migrate
from sanxian.publish.permanence import ACCOUNTED, SAME_PLACE, CodeFault, code_faults, proposed_succession
from sanxian.publish.publication import Publication, Terms, prepare
from sanxian.publish.quality_gate import Obstacle, blocking_problems
from sanxian.publish.releasing import Released, release, verify_release
from sanxian.publish.signature import SigningKey, new_key, read_password, read_public_key, read_signing_key
from sanxian.publish.succession import read_succession, write_succession
from sanxian.publish.triggers import Trigger, find_trigger, triggers

__all__ = [
    "ACCOUNTED",
    "SAME_PLACE",
    "CodeFault",
    "Difference",
    "Obstacle",
    "Publication",
    "Released",
    "SigningKey",
    "Terms",
    "Trigger",
    "blocking_problems",
    "code_faults",
    "differences",
    "find_trigger",
    "manifest_path",
    "migrate",
    "new_key",
    "prepare",
    "proposed_succession",
    "read_manifest",
    "read_password",
    "read_public_key",
    "read_signing_key",
    "read_succession",
    "release",
    "signature_path",
    "triggers",
    "verify_release",
    "write_succession",
]

"""Migration: an edition of an older format, written as this program writes it."""

from __future__ import annotations

import os
from pathlib import Path

from sanxian.edition import open_edition, read_identity, write_edition
from sanxian.errors import EditionAltered, PublishedExists


def migrate(old: Path, out: Path) -> tuple[int, int, str]:
    """Write the edition ``old`` to ``out`` in the format this program writes; return both versions and the digest.

    The digest is the same before and after, and so is every answer: it is over the content, and content that an older
    format can hold keeps that format (docs/reference/edition-format.md).

    Raises
    ------
    PublishedExists
        ``out`` is there.
    EditionAltered
        The content would not be the same; nothing was written.
    EditionError, OutputFailed
        The edition cannot be opened, or not written there.
    """
    _, before = read_identity(old)
    edition = open_edition(old)
    if os.path.lexists(out):
        raise PublishedExists(path=out)
    # what is already an edition is written as it stands: stricter checks of today do not unmake it
    written = write_edition(edition, out, check=False)
    if written.info.digest != edition.info.digest:
        out.unlink()
        raise EditionAltered(source=out.name, stored=edition.info.digest, found=written.info.digest)
    return before, read_identity(out)[1], written.info.digest

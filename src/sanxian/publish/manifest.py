"""Manifest: what was published, in one JSON file beside the edition; what a signature is made over.

Its schema is ``docs/reference/manifest.schema.json``. The same edition file and the same terms give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sanxian import __version__
from sanxian.edition import FORMAT, Edition
from sanxian.edition.content import form_of
from sanxian.errors import BadManifest
from sanxian.model import SYNTHETIC
from sanxian.publish.publication import Publication
from sanxian.publish.reading import UnreadableFile, read_small
from sanxian.publish.signature import PublicKey

MARK: Final = "sanxian-manifest"
VERSION: Final = 1
_LARGEST: Final = 10_000_000  # bytes


def manifest_path(edition: Path) -> Path:
    """Return where the manifest of an edition file lies unless said otherwise: ``e.gpkg`` → ``e.manifest.json``."""
    return edition.with_name(f"{edition.stem}.manifest.json")


def signature_path(manifest: Path) -> Path:
    """Return where the signature of a manifest lies unless said otherwise: ``e.manifest.json`` → ``e.manifest.sig``."""
    return manifest.with_name(f"{manifest.name.removesuffix('.json')}.sig")


def describe(edition: Edition) -> dict[str, Any]:
    """Return what a manifest says about the edition itself: identity and counts; nothing about its file."""
    info = edition.info
    zones = {layer.id: len(edition.zones[layer.id]) for layer in edition.layers}
    return {
        "edition": {
            "id": info.id,
            "title": info.title,
            "digest": info.digest,
            "format": FORMAT,
            "format_version": form_of(edition).version,
            "region": info.region,
            "valid_from": info.valid_from.isoformat(),
            "valid_to": None if info.valid_to is None else info.valid_to.isoformat(),
            "published": None if info.published is None else info.published.isoformat(),
            "publisher": info.publisher,
            "source": info.source,
            "area_method": info.area_method,
            "synthetic": info.synthetic,
            "supersedes": info.supersedes,
        },
        "counts": {
            "layers": len(edition.layers),
            "zones": sum(zones.values()),
            "zones_by_layer": zones,
            "clauses": len(edition.clauses),
            "rules": sum(len(clause.rules) for clause in edition.clauses),
            "documents": len(edition.documents),
            "place_states": len(edition.states),
            "coverage": len(edition.coverage),
            "catalogues": len(edition.catalogues),
            "offices": len(edition.offices),
            "changes": len(edition.changes),
        },
    }


def make_manifest(made: Publication, edition: Path, name: str, key: PublicKey | None) -> bytes:
    """Return the manifest of a published edition.

    Parameters
    ----------
    made : Publication
    edition : Path
        The file that was written; it is hashed.
    name : str
        The name it is published under.
    key : PublicKey, optional
        The key that verifies the signature, when there will be one.
    """
    kinds = Counter(change.kind for change in made.edition.changes if change.item != "edition")
    content = {
        "manifest": MARK,
        "manifest_version": VERSION,
        "notice": SYNTHETIC if made.edition.info.synthetic else "",
        **describe(made.edition),
        "file": {"name": name, "size": edition.stat().st_size, "sha256": file_sha256(edition)},
        "publication": {
            "reason": made.reason,
            "trigger": made.trigger.key,
            "trigger_zh": made.trigger.zh,
            "trigger_en": made.trigger.en,
            "changes": {kind: kinds.get(kind, 0) for kind in ("added", "removed", "changed", "succeeded")},
        },
        "quality": {"blocking": len(made.quality.obstacles), "findings": made.quality.counts},
        "signature": None
        if key is None
        else {"algorithm": "Ed25519", "key": key.fingerprint, "over": "the bytes of this file"},
        "engine": {"name": "sanxian", "version": __version__},
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode("utf-8") + b"\n"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(path: Path) -> tuple[bytes, Mapping[str, Any]]:
    """Return the bytes of a manifest and what they say.

    Raises
    ------
    BadManifest
        No such file, no manifest, or one of a newer version.
    """
    try:
        raw = read_small(path, _LARGEST)
    except UnreadableFile as error:
        raise BadManifest(source=path.name, reason=error.reason) from error
    try:
        content = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _bad(path, "不是 JSON", "it is no JSON") from error
    if not isinstance(content, dict) or content.get("manifest") != MARK:
        raise _bad(path, "没有发布说明的标记", "it has not the mark of a manifest")
    version = content.get("manifest_version")
    if version != VERSION:
        raise _bad(
            path,
            f"版本为 {version}，本程序只认识 {VERSION}",
            f"it has version {version}, this program knows {VERSION}",
        )
    shape: Mapping[str, tuple[str, ...]] = {
        "edition": ("id", "title", "digest", "format_version"),
        "file": ("name", "size", "sha256"),
        "counts": ("zones", "clauses"),
    }
    for part, keys in shape.items():
        held = content.get(part)
        absent = keys if not isinstance(held, dict) else [key for key in keys if key not in held]
        if absent:
            raise _bad(path, f"缺少 {part}.{absent[0]}", f"it lacks {part}.{absent[0]}")
    return raw, content


def _bad(path: Path, zh: str, en: str) -> BadManifest:
    return BadManifest(source=path.name, reason={"zh": zh, "en": en})

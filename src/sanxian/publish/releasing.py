"""Release: the files of a publication, written whole or not at all, and verified again later.

The edition itself is the last to appear: while it is not there, nothing has been published. A published file is
never replaced; publishing the same content again finds it in place and completes what may be missing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sanxian import output
from sanxian.edition import Edition, open_edition, write_edition
from sanxian.errors import BadManifest, EditionError, PublishedExists, SignatureWrong
from sanxian.publish.filing import write_filing
from sanxian.publish.manifest import (
    describe,
    file_sha256,
    make_manifest,
    manifest_path,
    read_manifest,
    signature_path,
)
from sanxian.publish.publication import Publication
from sanxian.publish.reading import UnreadableFile, read_small
from sanxian.publish.signature import SIGNATURE_BYTES, PublicKey, SigningKey

_LARGEST_SIGNATURE = 10_000  # bytes; what is longer than a signature is told by its length


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What was written."""

    edition: Path
    manifest: Path
    signature: Path | None
    filing: Path | None
    digest: str
    already: bool  # the edition was there before, the same


def release(
    made: Publication, out: Path, *, key: SigningKey | None = None, filing: Path | None = None
) -> Released:
    """Write the edition, its manifest, its signature and its filing package.

    Parameters
    ----------
    made : Publication
    out : Path
        The edition file; manifest and signature lie beside it.
    key : SigningKey, optional
        Signs the manifest.
    filing : Path, optional
        The filing package (zip).

    Raises
    ------
    PublishedExists
        One of the files exists with other content.
    OutputFailed
        The disk is full, the folder read-only …; the edition has not appeared.
    NotInstalled
        The filing package needs openpyxl and python-docx.
    """
    already = _published(out, made.edition.info.digest)
    manifest, signature = manifest_path(out), signature_path(manifest_path(out))
    if not out.parent.is_dir():
        raise output.failed(out, FileNotFoundError(2, os.strerror(2)))
    work = _work_folder(out)
    try:
        written = out
        if not already:
            written = work / "edition.gpkg"
            write_edition(made.edition, written)
        described = make_manifest(made, written, out.name, None if key is None else key.public)
        signed = None if key is None else key.sign(described)
        _check_free(manifest, described, made.edition.info.digest)
        if signed is not None:
            _check_free(signature, signed, made.edition.info.digest, manifest)
        package = work / "filing.zip"
        if filing is not None:
            write_filing(made, written, out.name, described, signed, package)
            if filing.exists() and (filing.is_dir() or file_sha256(filing) != file_sha256(package)):
                raise PublishedExists(path=filing)
            with output.replacing(filing) as beside:
                shutil.copyfile(package, beside)
        output.write(manifest, described)
        if signed is not None:
            output.write(signature, signed)
        if not already:
            _appear(written, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Released(
        edition=out,
        manifest=manifest,
        signature=None if key is None else signature,
        filing=filing,
        digest=made.edition.info.digest,
        already=already,
    )


def _work_folder(out: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=".sanxian-publish-", dir=out.parent))
    except OSError as error:
        raise output.failed(out, error) from error


def _published(out: Path, digest: str) -> bool:
    """Return whether ``out`` is there with this content; raise when it is there with another."""
    if not os.path.lexists(out):
        return False
    with suppress(EditionError):
        if open_edition(out).info.digest == digest:
            return True
    raise PublishedExists(path=out)


def _check_free(path: Path, content: bytes, digest: str, manifest: Path | None = None) -> None:
    """Raise unless ``path`` is free, the same already, or an unsigned manifest of this very edition."""
    if not os.path.lexists(path):
        return
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return
    if manifest is None:
        with suppress(BadManifest):
            said = read_manifest(path)[1]
            if said["edition"]["digest"] == digest and said.get("signature") is None:
                return  # it says of this edition what the new one says, without a signature or by an older program
    raise PublishedExists(path=path)


def _appear(written: Path, out: Path) -> None:
    try:
        os.link(written, out)  # unlike a rename, a link never replaces what somebody has put there meanwhile
    except FileExistsError:
        raise PublishedExists(path=out) from None
    except OSError:  # a file system without links
        if os.path.lexists(out):
            raise PublishedExists(path=out) from None
        try:
            written.rename(out)
        except OSError as error:
            raise output.failed(out, error) from error


# --- verifying -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """An edition that is what its manifest says, signed by the owner of the key when one was given."""

    edition: Edition
    manifest: Mapping[str, Any]
    key: str  # fingerprint; "" = no signature was looked at


def verify_release(
    edition: Path, manifest: Path, key: PublicKey | None = None, signature: Path | None = None
) -> Verified:
    """Verify an edition file against its manifest, and the manifest against a signature.

    Parameters
    ----------
    edition, manifest : Path
    key : PublicKey, optional
        Of the publisher, from a source you trust: the one a manifest names proves nothing. Without it no
        signature is looked at.
    signature : Path, optional
        By default beside the manifest.

    Raises
    ------
    SignatureWrong
        A byte of edition, manifest or signature is not what was signed.
    BadManifest, EditionError
        They cannot be read.
    """
    raw, said = read_manifest(manifest)
    if key is not None:
        key.verify(raw, _signature(signature or signature_path(manifest)))
    if not edition.is_file():
        open_edition(edition)  # says what is wrong with it
    sized = edition.stat().st_size, file_sha256(edition)
    same_bytes = sized == (said["file"]["size"], said["file"]["sha256"])
    try:
        opened = open_edition(edition)
    except EditionError as error:
        if same_bytes:
            raise
        reason = {
            "zh": f"成果文件不是发布说明所指的文件，且已不能打开（{error.text('zh-CN')}）",
            "en": f"the edition file is not the one of the manifest and no longer opens ({error.text('en')})",
        }
        raise SignatureWrong(reason=reason) from error
    if opened.info.digest != said["edition"]["digest"]:
        raise SignatureWrong(
            reason={
                "zh": f"成果内容（{opened.info.digest}）不是发布说明所指的（{said['edition']['digest']}）",
                "en": f"the edition holds other content ({opened.info.digest}) than the manifest says ({said['edition']['digest']})",
            }
        )
    if not same_bytes:
        raise SignatureWrong(
            reason={
                "zh": "成果文件的字节与发布时不同；内容摘要仍相同，可能被其他程序打开保存过，请取发布时的原件",
                "en": "the bytes of the edition file differ although its content is the same: another program may have saved it; get the file as published",
            }
        )
    wrong = [
        f"{part}.{name}"
        for part, values in describe(opened).items()
        for name, value in values.items()
        if not isinstance(said.get(part), dict) or said[part].get(name) != value
    ]
    if wrong:
        listed = ", ".join(wrong[:6])
        reason = {
            "zh": f"发布说明与成果不一致：{listed}",
            "en": f"the manifest says otherwise than the edition: {listed}",
        }
        raise SignatureWrong(reason=reason)
    return Verified(edition=opened, manifest=said, key="" if key is None else key.fingerprint)


def _signature(path: Path) -> bytes:
    try:
        content = read_small(path, _LARGEST_SIGNATURE)
    except UnreadableFile as error:
        reason = {
            "zh": f"签名文件 {path.name} 读不出来（{error.reason['zh']}）",
            "en": f"the signature file {path.name} cannot be read ({error.reason['en']})",
        }
        raise SignatureWrong(reason=reason) from error
    if len(content) != SIGNATURE_BYTES:
        reason = {
            "zh": f"签名文件 {path.name} 不是 {SIGNATURE_BYTES} 字节",
            "en": f"the signature file {path.name} is not {SIGNATURE_BYTES} bytes long",
        }
        raise SignatureWrong(reason=reason)
    return content

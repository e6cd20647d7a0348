"""Signatures: Ed25519 over the bytes of a manifest.

The signature file holds the 64 bytes of the signature and nothing else, so that it can be verified without this
program::

    openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in manifest.json -sigfile manifest.sig

Keys are PEM files (PKCS #8, SubjectPublicKeyInfo). The package ``cryptography`` does the arithmetic; it is an extra.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sanxian import output
from sanxian.errors import BadSigningKey, NotInstalled, PublishedExists, SignatureWrong
from sanxian.publish.reading import UnreadableFile, read_small

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE_BYTES: Final = 64
_LARGEST: Final = 100_000  # bytes of a key file


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The key that verifies; given out."""

    key: Ed25519PublicKey

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the key."""
        return self.key.public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        """``sha256:…`` of the 32 bytes of the key: what to compare by telephone."""
        return f"sha256:{hashlib.sha256(self.raw).hexdigest()}"

    def verify(self, content: bytes, signature: bytes) -> None:
        """Return when ``signature`` is that of this key over ``content``.

        Raises
        ------
        SignatureWrong
            It is not: another key, another content, another signature.
        """
        from cryptography.exceptions import InvalidSignature

        try:
            self.key.verify(signature, content)
        except InvalidSignature as error:
            reason = {
                "zh": "签名与发布说明、公钥三者不相符，其中至少一个被换过或改过",
                "en": "signature, manifest and public key do not fit together; at least one was replaced or altered",
            }
            raise SignatureWrong(reason=reason) from error


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs; kept by the publisher."""

    key: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        """The key that verifies what this one signs."""
        return PublicKey(self.key.public_key())

    def sign(self, content: bytes) -> bytes:
        """Return the signature over ``content``, 64 bytes; the same content gives the same signature."""
        return self.key.sign(content)


def new_key(path: Path, public: Path, *, password: bytes | None = None) -> SigningKey:
    """Make a key and write it to ``path``, readable by its owner only, and its public half to ``public``.

    Raises
    ------
    PublishedExists
        One of the files is there: a key is never replaced.
    NotInstalled
        ``cryptography`` is missing.
    """
    serialization = _library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    for file in (path, public):
        if file.exists():
            raise PublishedExists(path=file)
    made = SigningKey(Ed25519PrivateKey.generate())
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    private = made.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    with output.replacing(path) as beside:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # never readable by others
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(private)
    output.write(
        public,
        made.public.key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )
    return made


def read_signing_key(path: Path, *, password: bytes | None = None) -> SigningKey:
    """Return the key of a PEM file.

    Raises
    ------
    BadSigningKey
        No such file, no private key, not Ed25519, a password is needed or wrong.
    NotInstalled
        ``cryptography`` is missing.
    """
    serialization = _library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    content = _content(path)
    if b"PUBLIC KEY" in content:
        raise _bad(path, "这是公钥，签名要用私钥", "it is a public key; signing needs the private one")
    try:
        key = serialization.load_pem_private_key(content, password)
    except TypeError as error:  # how the library says that a password is missing, or not wanted
        raise _bad(
            path,
            "密钥有口令而没有给，或没有口令而给了",
            "it has a password and none was given, or the reverse",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad(
            path, "不是 PEM 私钥，或口令不对", "it is no private key in PEM, or the password is wrong"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _bad(path, "不是 Ed25519 密钥", "it is no Ed25519 key")
    return SigningKey(key)


def read_public_key(path: Path) -> PublicKey:
    """Return the public key of a PEM file; raises as :func:`read_signing_key`."""
    serialization = _library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    content = _content(path)
    if b"PRIVATE KEY" in content:
        raise _bad(
            path,
            "这是私钥，核对只用公钥，私钥不要外传",
            "it is a private key; verifying takes the public one, and this one should not travel",
        )
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad(path, "不是 PEM 公钥", "it is no public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _bad(path, "不是 Ed25519 密钥", "it is no Ed25519 key")
    return PublicKey(key)


def read_password(path: Path) -> bytes | None:
    """Return the password in a file, its last line end left out; ``None`` when there is none in it.

    Raises
    ------
    BadSigningKey
        The file cannot be read.
    """
    return _content(path).rstrip(b"\r\n") or None


def _library() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise NotInstalled(
            what={"zh": "Ed25519 签名", "en": "Ed25519 signatures"}, package="cryptography", extra="sign"
        ) from None
    return serialization


def _content(path: Path) -> bytes:
    try:
        return read_small(path, _LARGEST)
    except UnreadableFile as error:
        raise BadSigningKey(source=path.name, reason=error.reason) from error


def _bad(path: Path, zh: str, en: str) -> BadSigningKey:
    return BadSigningKey(source=path.name, reason={"zh": zh, "en": en})

"""What lets somebody in, drawn by chance; and what of it may be kept.

The database holds only SHA-256 of a secret: who reads a backup cannot log in with it. The secrets are long enough
(256 bits) that a plain hash cannot be turned back; passwords, which are not, have a slow one (``accounts_passwords``).
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

TOKEN_PREFIX: Final = "sanxian_"  # noqa: S105, not a password: lets scanners of leaked secrets know ours
_LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is read as another


def new_secret() -> str:
    """Return a new secret of 256 bits for a cookie or a link, URL-safe."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """Return a new API token."""
    return TOKEN_PREFIX + new_secret()


def one_time_password() -> str:
    """Return a password to be typed once: 16 letters and digits in groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def digest(secret: str) -> str:
    """Return what is kept of a secret.

    Examples
    --------
    >>> digest("x")[:20]
    'sha256:2d711642b726b'
    """
    return f"sha256:{hashlib.sha256(secret.encode('utf-8', 'surrogatepass')).hexdigest()}"

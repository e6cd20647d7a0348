"""A small identity provider on a loopback port: discovery, keys, authorization code with PKCE, ID tokens; and its faults.

    with Provider() as provider:
        provider.issuer  # http://127.0.0.1:…

It checks what a provider must check (client, redirect address, code once, PKCE), so that a client that forgets one of
them fails; the attributes make it answer as a broken or hostile provider would.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

CLIENT = "sanxian"
SECRET = "client secret / 秘".encode().decode("latin-1", "replace")[:12] + "!"
_KEYS = [RSAKey.generate_key(2048, {"kid": f"key-{number}"}) for number in range(2)]  # making one is slow


def _unsigned(claims: dict[str, Any]) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


@dataclass
class Provider:
    """An identity provider; use it as a context manager."""

    redirect_uri: str = ""
    user: dict[str, Any] = field(
        default_factory=lambda: {"sub": "42", "preferred_username": "zhang", "name": "张三"}
    )
    claims: dict[str, Any] = field(
        default_factory=dict
    )  # said in the ID token instead of the truth; None: left out
    metadata: dict[str, Any] = field(default_factory=dict)  # said of itself instead of the truth
    sign: Callable[[Provider, dict[str, Any]], str] | None = None
    error: str = ""  # answered instead of a code
    key: int = 0  # which of the keys signs
    published: tuple[int, ...] = (0,)
    padding: int = 0  # bytes added to the discovery document
    clock: Callable[[], float] = time.time
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, b"")

            def do_POST(self) -> None:
                provider.answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def private(self) -> RSAKey:
        return _KEYS[self.key]

    def answer(self, ask: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answer a request."""
        found = urlsplit(ask.path)
        query = {key: values[0] for key, values in parse_qs(found.query).items()}
        self.asked.append(found.path)
        match (ask.command, found.path):
            case ("GET", "/.well-known/openid-configuration"):
                self._json(ask, 200, self._described())
            case ("GET", "/jwks"):
                keys = KeySet([_KEYS[number] for number in self.published])
                self._json(ask, 200, keys.as_dict(private=False))
            case ("GET", "/authorize"):
                self._authorize(ask, query)
            case ("POST", "/token"):
                form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
                self._token(ask, form)
            case ("GET", "/elsewhere"):
                self._json(ask, 200, self._described())
            case _:
                self._json(ask, 404, {})

    def _described(self) -> dict[str, Any]:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],  # a careless provider
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
            "padding": "x" * self.padding,
        }
        return {**said, **self.metadata}

    def _authorize(self, ask: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        good = (
            query.get("client_id") == CLIENT
            and query.get("redirect_uri") == self.redirect_uri
            and query.get("response_type") == "code"
            and query.get("code_challenge_method") == "S256"
            and "openid" in query.get("scope", "").split()
            and len(query.get("state", "")) >= 32
            and len(query.get("nonce", "")) >= 32
        )
        if not good:
            self._json(ask, 400, {"error": "invalid_request"})
            return
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        said = {"error": self.error} if self.error else {"code": code}
        back = urlencode({**said, "state": query["state"], "iss": self.issuer})
        ask.send_response(302)
        ask.send_header("Location", f"{self.redirect_uri}?{back}")
        ask.end_headers()

    def _token(self, ask: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode("latin-1")).decode()
        if ask.headers.get("Authorization") != f"Basic {basic}":
            self._json(ask, 401, {"error": "invalid_client"})
            return
        begun = self._codes.pop(form.get("code", ""), None)  # a code is good once
        hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
        if (
            begun is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != self.redirect_uri
            or challenge != begun["code_challenge"]
        ):
            self._json(ask, 400, {"error": "invalid_grant"})
            return
        now = int(self.clock())
        truth = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": begun["nonce"],
            **self.user,
        }
        claims = {key: value for key, value in {**truth, **self.claims}.items() if value is not None}
        made = self.sign(self, claims) if self.sign else signed(self, claims)
        self._json(
            ask, 200, {"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": made}
        )

    @staticmethod
    def _json(ask: BaseHTTPRequestHandler, status: int, said: Any) -> None:
        content = json.dumps(said).encode()
        ask.send_response(status)
        ask.send_header("Content-Type", "application/json")
        ask.send_header("Content-Length", str(len(content)))
        ask.end_headers()
        ask.wfile.write(content)


# --- ways to sign ----------------------------------------------------------------------------------


def signed(provider: Provider, claims: dict[str, Any]) -> str:
    """Sign as it should be."""
    return jwt.encode({"alg": "RS256", "kid": provider.private.kid}, claims, provider.private)


def unsigned(_: Provider, claims: dict[str, Any]) -> str:
    """Use ``alg: none``."""
    return _unsigned(claims)


def by_client_secret(_: Provider, claims: dict[str, Any]) -> str:
    """Use a key that the client knows too."""
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET + "x" * 32))


def by_public_key(provider: Provider, claims: dict[str, Any]) -> str:
    """Use the public key, which everybody knows, as the secret of HS256."""
    public = provider.private.as_pem(private=False)

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    head = part(json.dumps({"alg": "HS256", "kid": provider.private.kid}).encode())
    body = f"{head}.{part(json.dumps(claims).encode())}"
    import hmac

    return f"{body}.{part(hmac.new(public, body.encode(), 'sha256').digest())}"


def by_another_key(provider: Provider, claims: dict[str, Any]) -> str:
    """Use a key nobody published, under the name of one that is."""
    return jwt.encode({"alg": "RS256", "kid": provider.private.kid}, claims, _KEYS[1 - provider.key])


def changed(provider: Provider, claims: dict[str, Any]) -> str:
    """Change a claim after signing."""
    head, _, mark = signed(provider, claims).split(".")
    other = json.dumps({**claims, "sub": "1"}).encode()
    return f"{head}.{base64.urlsafe_b64encode(other).decode().rstrip('=')}.{mark}"


def rubbish(_: Provider, __: dict[str, Any]) -> str:
    """Answer with something that is no token."""
    return "a.b"

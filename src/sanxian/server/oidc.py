"""Login through an identity provider: OpenID Connect, authorization code with PKCE.

The provider's address comes from the settings alone, so no request can make the server call another one. What the
provider says of itself is read from there; it must name the same issuer, and its addresses must be https (or, for a
provider on this machine, loopback). An ID token counts only with a signature by one of the provider's present keys, and with the issuer,
audience, nonce and times it must have.
"""

from __future__ import annotations

import hmac
import ipaddress
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from sanxian.errors import OidcNoRole, OidcRefused, OidcSettingsInvalid, OidcUnreachable
from sanxian.registry.accounts import Role
from sanxian.registry.accounts_secrets import new_secret
from sanxian.server.rights import RIGHTS

SETTINGS: Final = "sanxian.toml"
CALLBACK: Final = "/session/oidc/callback"
SKEW_S: Final = 60  # how far the clocks may differ
KNOWN_FOR: Final = timedelta(hours=1)  # what the provider says of itself, and its keys
ASK_AGAIN: Final = timedelta(seconds=30)  # for new keys, at most so often
TIMEOUT_S: Final = 10.0
LONGEST: Final = 1 << 20  # bytes of an answer
# Signatures by a key pair only: "none" proves nothing, and with HS256 whoever knows the client's secret could sign.
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
)  # fmt: skip
_CLAIM_LENGTH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """Table ``[oidc]`` of ``sanxian.toml``."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    ca_file: str = ""  # certificates to trust besides the system's: a government intranet has its own
    name_claim: str = "preferred_username"
    title_claim: str = "name"
    role_claim: str = ""  # "" = everybody has default_role
    roles: Mapping[str, Role] = field(default_factory=dict)  # value of the claim → role
    default_role: Role | None = None  # of whom no value of the claim gives one
    region_claim: str = ""
    region: str | None = None  # of whom the claim gives none; "" = every region
    label_zh: str = "统一身份认证"
    label_en: str = "Single sign-on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A login that was begun: kept by the browser, so that only it can end it."""

    state: str
    nonce: str
    verifier: str
    to: str  # where to go on, a path of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the provider says somebody is, in our terms."""

    issuer: str
    subject: str
    name: str
    title: str
    email: str
    role: Role
    region: str


# --- settings ------------------------------------------------------------------------------------


def read_oidc(folder: Path, *, public_url: str) -> OidcSettings | None:
    """Return the settings of the folder; ``None`` when they have no table ``[oidc]``.

    Raises
    ------
    OidcSettingsInvalid
    """
    path = folder / SETTINGS
    if not path.is_file():
        return None
    try:
        said = tomllib.loads(path.read_text("utf-8")).get("oidc")
    except (OSError, ValueError) as error:
        raise OidcSettingsInvalid(reason=" ".join(str(error).split())[:200]) from error
    return None if said is None else oidc_from(said, public_url=public_url)


def oidc_from(said: object, *, public_url: str) -> OidcSettings:
    """Return the settings a table states; raises as :func:`read_oidc`."""
    if not isinstance(said, Mapping):
        raise _wrong("[oidc]", "应为表", "must be a table")
    known = {one.name for one in fields(OidcSettings)}
    given: dict[str, Any] = {}
    for key, value in said.items():
        if key not in known:
            raise _wrong(key, "不认识此项", f"is not known; known: {', '.join(sorted(known))}")
        given[key] = _setting(key, value)
    for key in ("issuer", "client_id"):
        if not given.get(key):
            raise _wrong(key, "不能没有", "must be given")
    if not public_url:
        raise _wrong(
            "[server] public_url", "不能没有", "must be given: the provider sends browsers back there"
        )
    made = OidcSettings(**given)
    _may_call(made.issuer, made.issuer, lambda zh, en: _wrong("issuer", zh, en))
    if "openid" not in made.scopes:
        raise _wrong("scopes", "须含 openid", "must hold openid")
    if not made.roles and made.default_role is None:
        raise _wrong("default_role", "和 roles 至少要有一项", "or roles must be given")
    if bool(made.role_claim) != bool(made.roles):
        raise _wrong("role_claim", "须与 roles 一起给出", "and roles go together")
    if not made.region_claim and made.region is None:
        raise _wrong(
            "region", "和 region_claim 至少要有一项", 'or region_claim must be given; "" is every region'
        )
    return made


def _setting(key: str, value: object) -> object:
    if key == "scopes" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if key == "roles" and isinstance(value, Mapping):
        return {str(said): _role(f"roles.{said}", role) for said, role in value.items()}
    if key == "default_role":
        return _role(key, value)
    if key not in ("scopes", "roles") and isinstance(value, str):
        return value
    raise _wrong(key, "的值不合要求", "has a value that cannot be used")


def _role(key: str, value: object) -> Role:
    if isinstance(value, str) and value in set(Role) - {Role.PUBLIC}:
        return Role(value)
    known = ", ".join(role for role in Role if role is not Role.PUBLIC)
    raise _wrong(key, f"应为 {known} 之一", f"must be one of {known}")


def _wrong(key: str, zh: str, en: str) -> OidcSettingsInvalid:
    return OidcSettingsInvalid(reason={"zh": f"{key} {zh}", "en": f"{key} {en}"})


def _may_call(url: str, issuer: str, wrong: Callable[[str, str], Exception]) -> None:
    """Refuse an address that is neither https nor, like the issuer, on this machine."""
    try:
        found, base = urlsplit(url), urlsplit(issuer)
        _ = found.port
    except ValueError:
        raise wrong("不是网址", "is no address") from None
    here = all(part.scheme == "http" and _is_loopback(part.hostname or "") for part in (found, base))
    if not found.hostname or not (found.scheme == "https" or here):
        raise wrong("应为 https 网址", "must be an https address")
    if found.username or found.fragment:
        raise wrong("不能带用户名或片段", "must have no user name and no fragment")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# --- the provider ----------------------------------------------------------------------------------


class Provider:
    """The identity provider of a deployment.

    Parameters
    ----------
    settings : OidcSettings
    now : callable
        The clock.
    """

    def __init__(self, settings: OidcSettings, *, now: Callable[[], datetime]) -> None:
        self.settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._metadata: tuple[datetime, Mapping[str, Any]] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def begin(self, redirect_uri: str, *, to: str) -> tuple[str, Attempt]:
        """Return where to send the browser, and what it must keep.

        Raises
        ------
        OidcUnreachable
        """
        attempt = Attempt(state=new_secret(), nonce=new_secret(), verifier=new_secret(), to=to)
        endpoint = self._endpoint("authorization_endpoint")
        url, _ = self._oauth(redirect_uri).create_authorization_url(
            endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier
        )
        return str(url), attempt

    def finish(self, attempt: Attempt | None, answer: Mapping[str, str], redirect_uri: str) -> Identity:
        """Return who somebody is, from what the browser brought back.

        Parameters
        ----------
        attempt : Attempt or None
            What the browser kept; ``None`` when it kept nothing.
        answer : mapping
            The query of the callback.

        Raises
        ------
        OidcRefused
            It is no answer to this attempt, the provider refused, or its ID token does not hold.
        OidcUnreachable
        OidcNoRole
        """
        if attempt is None:
            raise _refused(
                "此浏览器没有正在进行的登录，或已过期", "this browser has begun no login, or it expired"
            )
        if not hmac.compare_digest(
            attempt.state.encode(), answer.get("state", "").encode("utf-8", "replace")
        ):
            raise _refused("state 不符", "state does not match")
        if "iss" in answer and answer["iss"] != self.settings.issuer:
            raise _refused("回答来自另一个平台", "another provider answered")
        if "error" in answer:
            said = "".join(c for c in answer["error"][:60] if c.isprintable())
            raise _refused(f"平台回答 {said}", f"the provider answered {said}")
        if not answer.get("code"):
            raise _refused("没有授权码", "there is no code")
        try:
            with _reached():
                token = self._oauth(redirect_uri).fetch_token(
                    self._endpoint("token_endpoint"),
                    grant_type="authorization_code",
                    code=answer["code"],
                    code_verifier=attempt.verifier,
                )
        except OAuth2Error as error:
            said = str(error.error)[:60]
            raise _refused(f"授权码没有被接受：{said}", f"the code was not accepted: {said}") from error
        return self._identity(self._claims(token, attempt.nonce))

    def _claims(self, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """Return what the ID token says, when it holds."""
        given = token.get("id_token")
        if not isinstance(given, str):
            raise _refused("没有 ID 令牌", "there is no ID token")
        registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        try:
            try:
                found = jwt.decode(given, self._key_set(), registry=registry)
            except InvalidKeyIdError:  # the provider may have changed its keys
                found = jwt.decode(given, self._key_set(again=True), registry=registry)
            if found.header.get("alg") not in ALGORITHMS:
                raise _refused("签名算法不可用", "its signature is of no kind that counts")
            claims = CodeIDToken(
                found.claims,
                found.header,
                {
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                },
                {
                    "nonce": nonce,
                    "client_id": self.settings.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(self._now().timestamp()), leeway=SKEW_S)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            what = getattr(error, "error", None) or type(error).__name__
            claim = getattr(error, "claim", "") or ""
            said = f"{what} {claim}".strip()[:80]
            raise _refused(f"ID 令牌不成立：{said}", f"the ID token does not hold: {said}") from error
        return dict(claims)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        settings = self.settings
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _CLAIM_LENGTH:
            raise _refused("sub 不可用", "sub cannot be used")
        said = _values(claims.get(settings.role_claim)) if settings.role_claim else ()
        roles = [settings.roles[value] for value in said if value in settings.roles]
        role = max(roles, key=lambda one: len(RIGHTS[one]), default=settings.default_role)  # that may do most
        if role is None:
            raise OidcNoRole(
                reason={
                    "zh": f"{settings.role_claim} 不对应任何角色",
                    "en": f"{settings.role_claim} gives no role",
                }
            )
        regions = _values(claims.get(settings.region_claim)) if settings.region_claim else ()
        region = regions[0] if len(regions) == 1 else settings.region
        if region is None or len(regions) > 1:
            raise OidcNoRole(
                reason={
                    "zh": f"{settings.region_claim} 没有给出一个行政区",
                    "en": f"{settings.region_claim} gives no single region",
                }
            )
        return Identity(
            issuer=settings.issuer,
            subject=subject,
            name=_text(claims.get(settings.name_claim)),
            title=_text(claims.get(settings.title_claim)),
            email=_text(claims.get("email")),
            role=role,
            region=region,
        )

    # --- what the provider says of itself

    def _oauth(self, redirect_uri: str) -> OAuth2Client:
        methods = self._described().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        secret = self.settings.client_secret
        method = (
            "none"
            if not secret
            else "client_secret_basic"
            if "client_secret_basic" in methods
            else "client_secret_post"
        )
        return OAuth2Client(
            session=_Posting(self._http()),
            client_id=self.settings.client_id,
            client_secret=secret or None,
            token_endpoint_auth_method=method,
            scope=" ".join(self.settings.scopes),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    def _endpoint(self, name: str) -> str:
        found = self._described().get(name)
        if not isinstance(found, str):
            raise _unreachable(f"没有说明 {name}", f"it does not name its {name}")
        _may_call(
            found, self.settings.issuer, lambda zh, en: _unreachable(f"{name} {zh}", f"its {name} {en}")
        )
        return found

    def _described(self) -> Mapping[str, Any]:
        """Return the provider's metadata, at most an hour old."""
        with self._lock:
            now = self._now()
            if self._metadata is not None and abs(now - self._metadata[0]) < KNOWN_FOR:
                return self._metadata[1]
            url = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = self._get(url)
            if found.get("issuer") != self.settings.issuer:
                raise _unreachable("它自称是另一个平台", "it says it is another issuer")
            self._metadata = (now, found)
            return found

    def _key_set(self, *, again: bool = False) -> KeySet:
        """Return the provider's keys, at most an hour old; ``again``: 30 seconds."""
        url = self._endpoint("jwks_uri")
        with self._lock:
            now = self._now()
            fresh = ASK_AGAIN if again else KNOWN_FOR
            if self._keys is not None and abs(now - self._keys[0]) < fresh:
                return self._keys[1]
            try:
                found = KeySet.import_key_set(self._get(url))  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise _unreachable("它的密钥不能读取", "its keys cannot be read") from error
            self._keys = (now, found)
            return found

    def _get(self, url: str) -> Mapping[str, Any]:
        with _reached(), self._http().stream("GET", url, headers={"Accept": "application/json"}) as response:
            found = _read(response).json()
        if response.status_code != 200 or not isinstance(found, Mapping):
            raise _unreachable(f"回答 {response.status_code}", f"it answered {response.status_code}")
        return found

    def _http(self) -> httpx.Client:
        if self._client is None:
            verify: Any = True
            if self.settings.ca_file:
                import ssl

                verify = ssl.create_default_context()
                verify.load_verify_locations(self.settings.ca_file)
            # No proxy of the environment and no redirect: the settings say whom to ask, nobody else.
            self._client = httpx.Client(
                timeout=TIMEOUT_S, trust_env=False, follow_redirects=False, verify=verify
            )
        return self._client


class _Posting:
    """What the OAuth client sends its one request through."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def post(
        self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: Any
    ) -> httpx.Response:
        """Return the answer of the token endpoint."""
        url, sent, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        with self._client.stream("POST", url, headers=sent, content=body) as response:
            return _read(response)


def _read(response: httpx.Response) -> httpx.Response:
    """Read an answer, not more of it than an answer can be."""
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > LONGEST:
            raise _unreachable("它的回答过长", "its answer is too long")
    kind = {"Content-Type": response.headers.get("content-type", "")}
    return httpx.Response(
        response.status_code, headers=kind, content=bytes(content), request=response.request
    )


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise _unreachable(type(error).__name__, type(error).__name__) from error
    except ValueError as error:
        raise _unreachable("回答不是 JSON", "its answer is no JSON") from error


def _refused(zh: str, en: str) -> OidcRefused:
    return OidcRefused(reason={"zh": zh, "en": en})


def _unreachable(zh: str, en: str) -> OidcUnreachable:
    return OidcUnreachable(reason={"zh": zh, "en": en})


def _values(claim: object) -> tuple[str, ...]:
    found = claim if isinstance(claim, list | tuple) else [claim]
    return tuple(str(one) for one in found if isinstance(one, str | int) and not isinstance(one, bool))


def _text(claim: object) -> str:
    """Return a claim as text that can be shown; "" when it is none."""
    if not isinstance(claim, str):
        return ""
    return "".join(c for c in claim if c.isprintable())[:_CLAIM_LENGTH].strip()

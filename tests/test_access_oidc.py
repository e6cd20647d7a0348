"""Single sign-on against a real provider on a loopback port, and against broken and hostile ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

import oidc_provider
from access_server import ORIGIN, UNLIMITED, Browser, Clock, House, code, copied
from oidc_provider import CLIENT, SECRET
from sanxian import errors
from sanxian.registry import accounts
from sanxian.registry.accounts import Role
from sanxian.server.oidc import OidcSettings, Provider, oidc_from, read_oidc
from sanxian.server.services import Settings

CALLBACK = f"{ORIGIN}/api/v1/session/oidc/callback"


@pytest.fixture
def provider() -> Iterator[oidc_provider.Provider]:
    """A provider that works."""
    with oidc_provider.Provider(redirect_uri=CALLBACK) as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    """The clock of both."""
    return Clock(datetime.fromtimestamp(int(time.time()), UTC))


Make = Callable[..., House]


@pytest.fixture
def make(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, provider: oidc_provider.Provider, clock: Clock
) -> Iterator[Make]:
    """What makes an app that trusts the provider."""
    registry = copied(tmp_path_factory, tmp_path / "registry")

    def made(secure: bool = False, **settings: Any) -> House:
        given = {"default_role": Role.CONSULTANT, "region": "63", **settings}
        oidc = OidcSettings(
            **{"issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, **given}
        )
        return House(
            registry,
            clock=clock,
            settings=Settings(public_url=ORIGIN, secure=secure),
            rates=UNLIMITED,
            provider=Provider(oidc, now=clock),
        )

    yield made
    registry.close()


def begun(browser: Browser, to: str = "/") -> str:
    """Begin to log in; return where the browser is sent."""
    answer = browser.get("/session/oidc", params={"to": to})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def over_there(url: str) -> dict[str, str]:
    """Log in at the provider; return the query it sends the browser back with."""
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 302, answer.text
    back = answer.headers["location"]
    assert back.startswith(CALLBACK + "?")
    return {key: values[0] for key, values in parse_qs(urlsplit(back).query).items()}


def back(browser: Browser, query: dict[str, str]) -> httpx.Response:
    """Come back from the provider, from whose site the browser says it comes."""
    return browser.get("/session/oidc/callback", params=query, headers={"Sec-Fetch-Site": "cross-site"})


def log_in(browser: Browser, to: str = "/") -> httpx.Response:
    return back(browser, over_there(begun(browser, to)))


def refused(answer: httpx.Response, expected: str = "OIDC_REFUSED", status: int = 403) -> str:
    assert (answer.status_code, code(answer)) == (status, expected), answer.text
    assert "sanxian=" not in answer.headers.get("set-cookie", "").replace('sanxian-login=""', "")
    said: str = answer.json()["en"]
    return said


# --- as it should be -------------------------------------------------------------------------------


def test_somebody_signs_on(make: Make) -> None:
    house = make()
    browser = house.browser()
    assert browser.get("/me").json()["sign_on"] == {"zh": "统一身份认证", "en": "Single sign-on"}
    answer = log_in(browser, to="/projects/12?tab=map")
    assert (answer.status_code, answer.headers["location"]) == (303, "/projects/12?tab=map")
    me = browser.get("/me").json()
    assert (me["person"]["name"], me["person"]["title"], me["role"], me["region"]) == (
        "zhang",
        "张三",
        "consultant",
        "63",
    )
    assert me["must_change"] is False
    assert "sanxian-login" not in browser.client.cookies
    first = me["person"]["id"]
    log_in(house.browser())
    assert browser.get("/me").json()["person"]["id"] == first
    assert house.actions() == ["person.add", "person.login", "person.login"]
    browser.csrf = me["csrf"]
    assert code(browser.put("/me/password", {"present": "", "new": "another good one"})) == "PASSWORD_NONE"
    assert browser.delete("/session").status_code == 204


@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie_of_an_attempt_comes_back_from_another_site_and_the_session_never_goes_there(
    make: Make, *, secure: bool
) -> None:
    browser = make(secure).browser(origin=ORIGIN.replace("http:", "https:") if secure else ORIGIN)
    attempt = browser.get("/session/oidc").headers["set-cookie"]
    assert ("__Host-sanxian-login=" in attempt) == secure
    assert "SameSite=lax" in attempt
    assert "HttpOnly" in attempt
    assert ("Secure" in attempt) == secure
    session = log_in(browser).headers.get_list("set-cookie")
    assert [one for one in session if "SameSite=strict" in one and "HttpOnly" in one]


def test_role_and_region_follow_the_claims(make: Make, provider: oidc_provider.Provider) -> None:
    house = make(
        role_claim="groups",
        roles={"审批": Role.APPROVER, "督察": Role.INSPECTOR},
        region_claim="area",
        region=None,
        default_role=None,
    )
    provider.user |= {"groups": ["其他", "督察", "审批"], "area": "630102"}
    browser = house.browser()
    log_in(browser)
    assert (me := browser.get("/me").json())["role"] == "approver"
    assert me["region"] == "630102"
    provider.user |= {"groups": "督察", "area": ["6328"]}
    log_in(house.browser())
    assert (me := browser.get("/me").json())["role"] == "inspector", "also where they were logged in before"
    assert me["region"] == "6328"
    wrongs: list[dict[str, Any]] = [
        {"groups": []},
        {"groups": None},
        {"groups": {"审批": 1}},
        {"area": None},
        {"area": ["63", "62"]},
        {"area": True},
    ]
    for wrong in wrongs:
        provider.claims = wrong
        refused(log_in(house.browser()), "OIDC_NO_ROLE", 403)
    provider.claims = {"area": "all"}
    refused(log_in(house.browser()), "PERSON_INVALID", 422)


def test_nobody_takes_over_an_account_by_its_name(make: Make) -> None:
    house = make()
    local = house.person("zhang", Role.ADMINISTRATOR)
    browser = house.browser()
    log_in(browser)
    me = browser.get("/me").json()
    assert me["person"]["id"] != local.id
    assert me["role"] == "consultant"


def test_whoever_is_switched_off_here_stays_out(make: Make) -> None:
    house = make()
    browser = house.browser()
    log_in(browser)
    with house.registry.begin() as connection:
        person = accounts.get(connection, "zhang")
        accounts.amend(connection, person.id, version=1, active=False, at=house.clock.at, by="admin")
    assert browser.get("/me").json()["role"] == "public"
    assert "switched off" in refused(log_in(browser))


def test_new_keys_of_the_provider_are_found_and_old_ones_end(
    make: Make, provider: oidc_provider.Provider, clock: Clock
) -> None:
    house = make()
    log_in(house.browser())
    provider.key, provider.published = 1, (0, 1)
    clock.on(seconds=31)
    assert log_in(house.browser()).status_code == 303
    assert provider.asked.count("/jwks") == 2
    provider.key = 0
    provider.published = (1,)
    clock.on(hours=2)
    provider.clock = lambda: clock().timestamp()
    refused(log_in(house.browser()))


def test_a_stranger_does_not_make_us_ask_for_keys_again_and_again(
    make: Make, provider: oidc_provider.Provider
) -> None:
    house = make()
    provider.key = 1  # published is key 0
    for _ in range(5):
        refused(log_in(house.browser()))
    assert provider.asked.count("/jwks") == 1
    assert provider.asked.count("/.well-known/openid-configuration") == 1


# --- as it should not be -----------------------------------------------------------------------------


def test_an_answer_counts_only_in_the_browser_that_began(make: Make) -> None:
    house = make()
    attacker, victim = house.browser(), house.browser()
    query = over_there(begun(attacker))
    assert "begun no login" in refused(back(victim, query))
    begun(victim)
    assert "state" in refused(back(victim, query)), "the victim began, but not this one"
    assert victim.get("/me").json()["role"] == "public"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"state": "x"}, "state"), ({"state": ""}, "state"), ({"state": "é"}, "state"), ({"code": ""}, "no code"),
        ({"code": "x"}, "invalid_grant"), ({"iss": "https://evil.example"}, "another provider"),
        ({"error": "access_denied"}, "access_denied"), ({"error": "x\r\nSet-Cookie: a=b"}, "xSet-Cookie"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_refused_and_the_attempt_is_over(
    make: Make, change: dict[str, str], why: str
) -> None:
    house = make()
    browser = house.browser()
    query = over_there(begun(browser))
    assert why in refused(back(browser, {**query, **change}))
    assert "sanxian-login" not in browser.client.cookies
    assert "begun no login" in refused(back(browser, query)), "not even with the right answer"
    assert house.actions() == ["person.login.refused"]


def test_an_answer_counts_once(make: Make) -> None:
    browser = make().browser()
    query = over_there(begun(browser))
    cookie = browser.client.cookies["sanxian-login"]
    assert back(browser, query).status_code == 303
    browser.client.cookies.set("sanxian-login", cookie, domain="sanxian.test")
    assert "invalid_grant" in refused(back(browser, query))


def test_a_code_without_its_verifier_is_worth_nothing(make: Make) -> None:
    house = make()
    one, other = house.browser(), house.browser()
    stolen = over_there(begun(one))["code"]
    own = over_there(begun(other))
    assert "invalid_grant" in refused(back(other, {**own, "code": stolen}))


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "x"}, "nonce"), ({"nonce": None}, "nonce"), ({"iss": "https://evil.example"}, "iss"), ({"iss": None}, "iss"),
        ({"aud": "another"}, "aud"), ({"aud": ["another"]}, "aud"), ({"aud": None}, "aud"), ({"aud": [CLIENT, "another"]}, "azp"),
        ({"azp": "another"}, "azp"), ({"exp": timedelta(seconds=-600)}, "expired"), ({"exp": None}, "exp"), ({"exp": "soon"}, "exp"),
        ({"iat": timedelta(seconds=3600)}, ""), ({"nbf": timedelta(seconds=3600)}, ""), ({"sub": None}, "sub"), ({"sub": ""}, "sub"),
        ({"sub": "x" * 300}, "sub"), ({"sub": 42}, "sub"), ({"at_hash": "x"}, "at_hash"),
    ],
    ids=str,
)  # fmt: skip
def test_an_id_token_that_says_something_else_is_refused(
    make: Make, provider: oidc_provider.Provider, claims: dict[str, Any], why: str
) -> None:
    house = make()
    now = int(time.time())
    provider.claims = {
        key: now + int(said.total_seconds()) if isinstance(said, timedelta) else said
        for key, said in claims.items()
    }
    assert why in refused(log_in(house.browser()))
    assert "person.add" not in house.actions()


@pytest.mark.parametrize("seconds", [-330, 50])
def test_clocks_may_differ_by_a_minute(make: Make, provider: oidc_provider.Provider, seconds: int) -> None:
    provider.clock = lambda: time.time() + seconds
    assert log_in(make().browser()).status_code == 303


@pytest.mark.parametrize(
    "sign",
    [
        oidc_provider.unsigned, oidc_provider.by_client_secret, oidc_provider.by_public_key, oidc_provider.by_another_key,
        oidc_provider.changed, oidc_provider.rubbish,
    ],
)  # fmt: skip
def test_an_id_token_nobody_signed_is_refused(
    make: Make, provider: oidc_provider.Provider, sign: Any
) -> None:
    house = make()
    provider.sign = sign
    refused(log_in(house.browser()))
    assert "person.add" not in house.actions()


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"}, {"issuer": None}, {"authorization_endpoint": None},
        {"authorization_endpoint": "http://evil.example/a"}, {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://user@evil.example/"}, {"authorization_endpoint": "http://127.0.0.1:99999999/"},
        {"authorization_endpoint": ["x"]},
    ],
    ids=str,
)  # fmt: skip
def test_a_provider_that_is_another_one_sends_nobody_anywhere(
    make: Make, provider: oidc_provider.Provider, said: dict[str, Any]
) -> None:
    provider.metadata = said
    answer = make().browser().get("/session/oidc")
    assert (answer.status_code, code(answer)) == (502, "OIDC_UNREACHABLE")
    assert "location" not in answer.headers


@pytest.mark.parametrize("where", ["token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest", "file:///etc/passwd", "gopher://127.0.0.1/", "http://10.0.0.1/", ""],
)
def test_no_answer_makes_the_server_call_inwards(
    make: Make, provider: oidc_provider.Provider, where: str, url: str
) -> None:
    provider.metadata = {where: url}
    refused(log_in(make().browser()), "OIDC_UNREACHABLE", 502)


def test_a_redirect_of_the_provider_is_not_followed(make: Make, provider: oidc_provider.Provider) -> None:
    house = make(issuer=f"{provider.issuer}/moved")
    answer = house.browser().get("/session/oidc")
    assert (answer.status_code, code(answer)) == (502, "OIDC_UNREACHABLE")
    assert "/elsewhere" not in provider.asked


def test_an_endless_answer_is_not_read(make: Make, provider: oidc_provider.Provider) -> None:
    provider.padding = 2 << 20
    answer = make().browser().get("/session/oidc")
    assert (answer.status_code, code(answer)) == (502, "OIDC_UNREACHABLE")
    assert "too long" in answer.json()["en"]


def test_a_provider_that_is_not_there_is_said_to_be_so(make: Make) -> None:
    answer = make(issuer="http://127.0.0.1:9").browser().get("/session/oidc")
    assert (answer.status_code, code(answer)) == (502, "OIDC_UNREACHABLE")


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "",
        "/a\r\nX: y",
        "/a b",
        "\\/evil",
    ],
)
def test_nobody_is_sent_to_another_site_afterwards(make: Make, to: str) -> None:
    answer = make().browser().get("/session/oidc", params={"to": to})
    assert (answer.status_code, code(answer)) == (422, "REQUEST_INVALID")


@pytest.mark.parametrize(
    "cookie", ["", "x", "e30=", "W10=", "bnVsbA==", "é".encode("latin-1").decode("latin-1"), "x" * 5000]
)
def test_a_cookie_that_is_no_attempt_is_none(make: Make, cookie: str) -> None:
    browser = make().browser()
    answer = browser.get(
        "/session/oidc/callback",
        params={"state": "", "code": "x"},
        headers={"Cookie": f"sanxian-login={cookie}".encode()},
    )
    assert "begun no login" in refused(answer)


def test_without_settings_there_is_no_single_sign_on(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    house = House(copied(tmp_path_factory, tmp_path / "registry"))
    for path in ("/session/oidc", "/session/oidc/callback"):
        answer = house.browser().get(path)
        assert (answer.status_code, code(answer)) == (404, "OIDC_OFF")
    house.registry.close()


# --- settings ------------------------------------------------------------------------------------------


GOOD = {"issuer": "https://sso.example", "client_id": "sanxian", "default_role": "approver", "region": ""}


def test_settings_are_read_from_the_folder(tmp_path: Path) -> None:
    assert read_oidc(tmp_path, public_url=ORIGIN) is None
    (tmp_path / "sanxian.toml").write_text(
        '[oidc]\nissuer = "https://sso.example"\nclient_id = "sanxian"\nclient_secret = "kept-to-itself"\nrole_claim = "groups"\n'
        'region_claim = "area"\n[oidc.roles]\n"审批" = "approver"\n',
        "utf-8",
    )
    made = read_oidc(tmp_path, public_url=ORIGIN)
    assert made is not None
    assert made.roles == {"审批": Role.APPROVER}
    assert "kept-to-itself" not in repr(made)


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": ""}, {"issuer": "http://sso.example"}, {"issuer": "ftp://sso.example"}, {"issuer": "https://u@sso.example"},
        {"issuer": "https://["}, {"client_id": ""}, {"scopes": ["profile"]}, {"scopes": "openid"}, {"default_role": "king"},
        {"default_role": "public"}, {"default_role": None}, {"unknown": 1}, {"role_claim": "groups"}, {"roles": {"a": "approver"}},
        {"roles": {"a": "king"}, "role_claim": "groups"}, {"region": None}, {"client_secret": 5},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_cannot_be_meant_stop_the_server(wrong: dict[str, Any]) -> None:
    given = {key: value for key, value in {**GOOD, **wrong}.items() if value is not None}
    with pytest.raises(errors.OidcSettingsInvalid):
        oidc_from(given, public_url=ORIGIN)


def test_the_provider_must_know_where_to_send_browsers_back() -> None:
    assert oidc_from(GOOD, public_url=ORIGIN).region == ""
    with pytest.raises(errors.OidcSettingsInvalid):
        oidc_from(GOOD, public_url="")

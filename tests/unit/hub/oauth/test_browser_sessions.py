"""The login of a browser: where it leads, what its cookie is worth, and how it ends."""

from __future__ import annotations

from urllib.parse import quote

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response

from jmcp.hub.login.browser_sessions import MAX_SECONDS, MAX_SESSIONS, BrowserSession
from jmcp.hub.login.cookies import KEPT_FLOWS, Cookies
from jmcp.hub.login.gateway_address import GatewayAddress
from jmcp.hub.login.local_paths import local_path
from tests.hub.browser import Browser
from tests.unit.hub.oauth.conftest import BASE, ORIGIN, World


async def log_in(world: World, browser: Browser, page: str = "") -> httpx2.Response | str:
    """Log in; where it leads at last, which nothing answers in this world."""
    sent = await browser.open(f"{BASE}/login?next={quote(page)}")
    assert isinstance(sent, str)
    answer = await browser.http.get(world.hub.log_in(sent, browser.name))
    assert answer.is_redirect, answer.text
    return str(answer.headers["location"])


def request_of(browser: Browser, **headers: str) -> Request:
    """A request of that browser to the platform page."""
    sent = browser.http.build_request("POST", f"{BASE}/api/anything", headers=headers)
    return Request(
        {
            "type": "http",
            "method": "POST",
            "path": "/services/jmcp/api/anything",
            "headers": [(name.lower(), value) for name, value in sent.headers.raw],
        }
    )


async def session_of(world: World, browser: Browser) -> BrowserSession | None:
    return await world.server.sessions.of(request_of(browser))


async def test_a_login_is_the_hub_s(world: World) -> None:
    browser = world.browser("alice")
    assert await session_of(world, browser) is None
    assert await log_in(world, browser) == "/services/jmcp/"
    session = await session_of(world, browser)
    assert session is not None
    assert session.user == "alice"
    assert world.hub.tokens[session.hub_token] == "alice"
    assert await session_of(world, world.browser("bob")) is None


async def test_the_cookie_is_for_the_gateway_alone(world: World) -> None:
    browser = world.browser()
    sent = await browser.open(f"{BASE}/login")
    assert isinstance(sent, str)
    answer = await browser.http.get(world.hub.log_in(sent, "alice"))
    cookies = answer.headers.get_list("set-cookie")
    (session,) = [one for one in cookies if "jmcp-session" in one]
    assert session.startswith("__Secure-jmcp-session=")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/services/jmcp/"):
        assert part in session
    (flow,) = [one for one in cookies if "jmcp-login-" in one]
    assert "Max-Age=0" in flow
    kept = await world.records.of_user("session", "alice")
    value = session.partition("=")[2].partition(";")[0]
    assert all(value not in (record.key, record.data) for record in kept)


@pytest.mark.parametrize(
    ("origin", "own_host", "start"),
    [
        (
            "https://hub.example.org",
            False,
            "__Secure-x=1; HttpOnly; Max-Age=9; Path=/p/; SameSite=lax; Secure",
        ),
        (
            "https://jmcp.hub.example.org",
            True,
            "__Host-x=1; HttpOnly; Max-Age=9; Path=/; SameSite=lax; Secure",
        ),
        ("http://127.0.0.1:8000", False, "x=1; HttpOnly; Max-Age=9; Path=/p/; SameSite=lax"),
        ("http://jmcp.hub.localhost", True, "x=1; HttpOnly; Max-Age=9; Path=/p/; SameSite=lax"),
    ],
)
def test_a_cookie_is_bound_as_far_as_it_can_be(origin: str, own_host: bool, start: str) -> None:
    response = Response()
    address = GatewayAddress(origin=origin, prefix="/p", own_host=own_host)
    Cookies(address).set(response, "x", "1", seconds=9)
    assert response.headers["set-cookie"] == start


@pytest.mark.parametrize(
    ("page", "leads"),
    [
        ("/services/jmcp/?tab=tokens", "/services/jmcp/?tab=tokens"),
        ("/services/jmcp/workbench", "/services/jmcp/workbench"),
        ("", "/services/jmcp/"),
        ("/services/jmcp", "/services/jmcp/"),
        ("/services/jmcp-other/", "/services/jmcp/"),
        ("/user/bob/lab", "/services/jmcp/"),
        ("https://evil.example.org/services/jmcp/", "/services/jmcp/"),
        ("//evil.example.org/services/jmcp/", "/services/jmcp/"),
        ("/\\evil.example.org", "/services/jmcp/"),
        ("/services/jmcp/../../user/bob", "/services/jmcp/"),
        ("/services/jmcp/%2e%2e/%2e%2e/user/bob", "/services/jmcp/"),
        ("/services/jmcp/\r\nSet-Cookie: x=1", "/services/jmcp/"),
        ("javascript:alert(1)", "/services/jmcp/"),
        ("/services/jmcp/" + "x" * 5_000, "/services/jmcp/"),
    ],
)
def test_a_login_leads_to_pages_of_the_gateway(page: str, leads: str) -> None:
    assert local_path(page, "/services/jmcp") == leads


async def test_a_long_page_is_forgotten(world: World) -> None:
    browser = world.browser()
    assert await log_in(world, browser, "/services/jmcp/" + "x" * 3_500) == "/services/jmcp/"


async def test_a_session_ends_after_a_working_day(world: World) -> None:
    browser = world.browser()
    await log_in(world, browser)
    world.clock.now += MAX_SECONDS - 1
    assert await session_of(world, browser) is not None
    world.clock.now += 1
    assert await session_of(world, browser) is None


async def test_a_login_has_a_session_of_its_own(world: World) -> None:
    """Whoever put a cookie into the browser before has nothing of what follows."""
    browser = world.browser()
    await log_in(world, browser)
    before = browser.http.cookies.get("__Secure-jmcp-session")
    await log_in(world, browser)
    assert browser.http.cookies.get("__Secure-jmcp-session") != before


async def test_sessions_of_one_user_have_a_limit(world: World) -> None:
    browsers = [world.browser() for _ in range(MAX_SESSIONS + 1)]
    for browser in browsers:
        await log_in(world, browser)
        world.clock.now += 1
    assert await session_of(world, browsers[0]) is None
    assert await session_of(world, browsers[1]) is not None
    assert await session_of(world, browsers[-1]) is not None


async def test_logins_under_way_do_not_fill_the_browser(world: World) -> None:
    browser = world.browser()
    for _ in range(3 * KEPT_FLOWS):
        await browser.open(f"{BASE}/login")
    assert len([*browser.http.cookies.jar]) <= KEPT_FLOWS
    await log_in(world, browser)


async def test_a_request_is_the_page_s_own_with_its_token(world: World) -> None:
    browser = world.browser()
    await log_in(world, browser)
    session = await session_of(world, browser)
    assert session is not None
    own = {"X-JMCP-CSRF": session.csrf}
    sessions = world.server.sessions

    def is_own(**headers: str) -> bool:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return sessions.is_own_request(request_of(browser, **named), session)

    assert is_own(**own)
    assert is_own(**own, Origin=ORIGIN, Sec_Fetch_Site="same-origin")
    assert not is_own()
    assert not is_own(**{"X-JMCP-CSRF": "guessed"})
    assert not is_own(**{"X-JMCP-CSRF": ""})
    assert not is_own(**own, Origin="https://evil.example.org")
    assert not is_own(**own, Origin="null")
    assert not is_own(**own, Sec_Fetch_Site="cross-site")
    assert not is_own(**own, Sec_Fetch_Site="same-site")


async def test_logout_needs_the_page_s_own_token(world: World) -> None:
    browser = world.browser()
    await log_in(world, browser)
    page = await browser.open(f"{BASE}/logout")
    assert isinstance(page, httpx2.Response)
    assert await session_of(world, browser) is not None  # a link does not log out
    refused = await browser.open(f"{BASE}/logout", form={"csrf": "guessed"})
    assert isinstance(refused, httpx2.Response)
    assert refused.status_code == 403
    await browser.submit(page.text)
    assert await session_of(world, browser) is None
    assert not await world.records.of_user("session", "alice")
    again = await browser.open(f"{BASE}/logout")
    assert isinstance(again, httpx2.Response)
    assert "You are logged out" in again.text

"""A browser logs in at the provider: only the browser that began it ends it, and only who is let in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest

from tests.fakes.openid_provider import ISSUER
from tests.surfaces.conftest import Client, RecordingDispatcher, client_of_site
from tests.surfaces.http.test_oauth_login import Server

ROOT = "https://jmcp.example.org"
LOGIN = "/jmcp/login"
SECRET = "s3cret"


@pytest.fixture
async def server(recording: RecordingDispatcher) -> AsyncIterator[Server]:
    made = Server(recording, scopes=("jmcp",), client_id="jmcp", client_secret=SECRET)
    made.provider.metadata = {
        "authorization_endpoint": f"{ISSUER}/auth?tenant=x",
        "token_endpoint": f"{ISSUER}/token",
    }
    yield made
    await made.oauth.close()


@pytest.fixture
async def browser(server: Server) -> AsyncIterator[Client]:
    async with client_of_site(server.site) as client:
        client.headers.update({"Host": "jmcp.example.org", "Accept": "text/html"})
        yield client


async def begun(browser: Client) -> tuple[dict[str, str], dict[str, str]]:
    """The query with which the provider was asked, and the headers of the browser that goes on."""
    answer = await browser.get(LOGIN)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{ISSUER}/auth?tenant=x&")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    cookie = answer.headers["set-cookie"]
    for attribute in ("HttpOnly", "Max-Age=600", f"Path={LOGIN}", "SameSite=lax", "Secure"):
        assert attribute in cookie
    browser.cookies.clear()
    return {name: one for name, [one] in asked.items()}, {"Cookie": cookie.partition(";")[0]}


async def came_back(browser: Client, headers: dict[str, str], **query: str) -> httpx.Response:
    answer = await browser.get(f"{LOGIN}/callback", params=query, headers=headers)
    assert 'jmcp-login=""' in answer.headers["set-cookie"], "it is good once"
    assert answer.headers["referrer-policy"] == "no-referrer"
    browser.cookies.clear()
    return answer


async def test_it_comes_in_with_a_ticket(browser: Client, server: Server) -> None:
    asked, headers = await begun(browser)
    assert asked["redirect_uri"] == f"{ROOT}{LOGIN}/callback"
    assert asked["resource"] == f"{ROOT}/mcp"
    assert (asked["client_id"], asked["scope"]) == ("jmcp", "openid jmcp")
    assert asked["code_challenge_method"] == "S256"
    assert SECRET not in str(asked)
    server.provider.answers["/token"] = httpx.Response(
        200, json={"access_token": server.provider.token(), "id_token": "x"}
    )
    answer = await came_back(browser, headers, code="c", state=asked["state"], iss=ISSUER)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{ROOT}/jmcp/workbench?entry=ticket#ticket=")


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"code": "c", "state": "another"}, 400, "not begun in this browser"),
        ({"code": "c"}, 400, "not begun in this browser"),
        ({"code": "c", "state": "STATE", "iss": "https://evil.example"}, 400, "not one of"),
        (
            {"state": "STATE", "error": "x", "error_description": "<script>alert(1)</script>"},
            403,
            "&lt;script&gt;",
        ),
        ({"state": "STATE"}, 403, "does not say why"),
        ({"code": "c", "state": "STATE"}, 403, "gives no token"),
    ],
)
async def test_what_does_not_belong_to_it_ends_it(
    browser: Client, server: Server, query: dict[str, str], status: int, said: str
) -> None:
    asked, headers = await begun(browser)
    server.provider.answers["/token"] = httpx.Response(400, json={"error": "invalid_grant"})
    given = {name: asked["state"] if one == "STATE" else one for name, one in query.items()}
    answer = await came_back(browser, headers, **given)
    assert answer.status_code == status
    assert said in answer.text
    assert "<script>" not in answer.text
    assert "location" not in answer.headers


async def test_another_browser_cannot_end_it(browser: Client, server: Server) -> None:
    asked, _ = await begun(browser)
    answer = await came_back(browser, {}, code="c", state=asked["state"])
    assert answer.status_code == 400
    assert server.provider.count("/token") == 0


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"email": "eve@evil.net"}, 403, "does not let that account in"),
        ({"scope": "openid"}, 403, "lacks the scope"),
        ({"aud": "jmcp"}, 401, "for another server"),
    ],
)
async def test_a_token_is_looked_at_as_any(
    browser: Client, server: Server, changed: dict[str, Any], status: int, said: str
) -> None:
    asked, headers = await begun(browser)
    token = server.provider.token(**changed)
    server.provider.answers["/token"] = httpx.Response(200, json={"access_token": token})
    answer = await came_back(browser, headers, code="c", state=asked["state"])
    assert (answer.status_code, said in answer.text) == (status, True)
    assert token not in answer.text


async def test_where_nobody_can_log_in_it_says_why(
    browser: Client, server: Server, recording: RecordingDispatcher
) -> None:
    server.provider.down = True
    away = await browser.get(LOGIN)
    assert away.status_code == 503
    assert "does not answer" in away.text
    without = Server(recording)
    async with client_of_site(without.site) as client:
        refused = await client.get(LOGIN, headers={"Host": "jmcp.example.org"})
        assert refused.status_code == 404
        assert "--oauth-client-id" in refused.text
    await without.oauth.close()

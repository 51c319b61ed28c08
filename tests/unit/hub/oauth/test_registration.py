"""Dynamic registration: what clients may have, and how many there may be."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp.hub.oauth import clients
from jmcp.hub.oauth.clients import UNUSED_SECONDS, USED_SECONDS
from jmcp.hub.oauth.redirect_uris import MAX_CHARACTERS, is_registered, problem_of
from tests.hub.browser import Browser
from tests.unit.hub.oauth.conftest import REDIRECT, Program, World

REGISTER = "/services/jmcp/register"


async def refused(world: World, **body: Any) -> str:
    given = {"redirect_uris": [REDIRECT]} | body
    answer = await world.public.post(REGISTER, json=given)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"])


async def test_a_registration_is_answered_with_what_holds(world: World) -> None:
    client = await world.registered(
        client_name="  Two\nlines ", grant_types=["authorization_code"], logo_uri="https://x.org/l"
    )
    assert client["client_name"] == "Two lines"
    assert client["grant_types"] == ["authorization_code", "refresh_token"]
    assert "client_secret" not in client
    assert "logo_uri" not in client


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "javascript://127.0.0.1/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "blob:https://app.example.com/1",
        "view-source:https://app.example.com",
        "about:blank",
        "ftp://app.example.com/",
        "http://app.example.com/callback",
        "http://127.0.0.1.example.com/callback",
        "http://127.0.0.2/callback",
        "http://[::2]/callback",
        "http://evil.example.com[::1]/callback",
        "http://[::1].example.com/callback",
        "http://127.0.0.1%2eexample.com/callback",
        "http://user@127.0.0.1/callback",
        "https://user:password@app.example.com/",
        "https:///callback",
        "https:callback",
        "https://app.example.com/#fragment",
        "https://app.example.com/\\x",
        "https://app.example.com/ x",
        "https://app.example.com/\n",
        "https://äpp.example.com/",
        "https://app.example.com:port/",
        "//app.example.com/callback",
        "/callback",
        "callback",
        "",
        "unknown:/callback",
        f"https://app.example.com/{'x' * MAX_CHARACTERS}",
    ],
)
def test_a_redirect_uri_that_nobody_may_have(uri: str) -> None:
    assert problem_of(uri)
    assert not is_registered(uri, [REDIRECT])


async def test_each_redirect_uri_is_looked_at(world: World) -> None:
    uris = [REDIRECT, "javascript:alert(1)"]
    assert await refused(world, redirect_uris=uris) == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "uri",
    [
        "https://claude.ai/api/mcp/auth_callback",
        "https://chatgpt.com/connector_platform_oauth_redirect",
        "https://vscode.dev/redirect",
        "http://127.0.0.1:33418/",
        "http://127.0.0.1:33418",
        "http://localhost:8787/callback",
        "http://[::1]:1234/callback",
        "cursor://anysphere.cursor-retrieval/oauth/user-jmcp/callback",
        "vscode://vscode.github-authentication/did-authenticate",
        "com.example.app:/oauth",
        "https://app.example.com/callback?of=jmcp",
    ],
)
def test_a_redirect_uri_of_a_real_client(uri: str) -> None:
    assert problem_of(uri) == ""


WRONG_METADATA: list[tuple[dict[str, Any], str]] = [
    ({"redirect_uris": []}, "invalid_redirect_uri"),
    ({"redirect_uris": None}, "invalid_redirect_uri"),
    ({"redirect_uris": [f"http://127.0.0.1/{n}" for n in range(11)]}, "invalid_redirect_uri"),
    ({"redirect_uris": "http://127.0.0.1/"}, "invalid_client_metadata"),
    ({"redirect_uris": [1]}, "invalid_client_metadata"),
    ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
    ({"token_endpoint_auth_method": ["none"]}, "invalid_client_metadata"),
    ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
    ({"response_types": ["token"]}, "invalid_client_metadata"),
]


async def test_metadata_that_cannot_hold(world: World) -> None:
    for body, error in WRONG_METADATA:
        assert await refused(world, **body) == error, body


async def test_a_body_that_is_no_object(world: World) -> None:
    for content in (b"", b"no JSON", b"[]", b'"x"', b"[" * 5_000, b"\xff"):
        answer = await world.public.post(REGISTER, content=content)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_a_body_has_a_limit(world: World) -> None:
    answer = await world.public.post(REGISTER, content=b" " * 9_000)
    assert answer.status_code == 413


async def test_a_name_has_a_limit(world: World) -> None:
    assert len((await world.registered(client_name="x" * 1_000))["client_name"]) == 80
    assert (await world.registered(client_name={"not": "text"}))["client_name"]


async def test_an_unused_registration_ends_after_a_day(world: World, program: Program) -> None:
    world.clock.now += UNUSED_SECONDS
    assert "does not know this program" in await opened(world.browser(), program)


async def test_a_used_registration_stays(world: World, program: Program) -> None:
    await program.logged_in()
    world.clock.now += USED_SECONDS - 1
    await program.logged_in()
    world.clock.now += USED_SECONDS - 1
    await program.logged_in()


async def opened(browser: Browser, program: Program) -> str:
    answer = await browser.open(program.url())
    assert not isinstance(answer, str)
    return answer.text


async def test_registrations_have_a_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "MAX_CLIENTS", 3)
    for _ in range(3):
        await world.registered()
    answer = await world.public.post(REGISTER, json={"redirect_uris": [REDIRECT]})
    assert answer.status_code == 503
    world.clock.now += UNUSED_SECONDS
    await world.registered()


async def test_an_address_may_register_so_often(world: World) -> None:
    answers = [
        await world.public.post(
            REGISTER,
            json={"redirect_uris": [REDIRECT]},
            headers={"X-Forwarded-For": f"203.0.113.{n}, 198.51.100.7"},
        )
        for n in range(21)
    ]
    assert [one.status_code for one in answers] == [201] * 20 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    answer = await world.public.post(
        REGISTER,
        json={"redirect_uris": [REDIRECT]},
        headers={"X-Forwarded-For": "198.51.100.8"},
    )
    assert answer.status_code == 201

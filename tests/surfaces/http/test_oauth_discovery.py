"""A client with a wrong token looks for OAuth next: it finds out that there is none."""

from __future__ import annotations

import pytest

from jmcp.transport.site import site
from tests.jupyter_process import StartJupyter
from tests.surfaces.conftest import Client, RecordingDispatcher, client_of, client_of_site
from tests.surfaces.http.test_wire import problem

ASKED = [
    ("GET", "/.well-known/oauth-protected-resource"),
    ("GET", "/.well-known/oauth-protected-resource/mcp"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/oauth-authorization-server/mcp"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.well-known/openid-configuration/mcp"),
    ("POST", "/register"),
    ("GET", "/authorize"),
    ("POST", "/token"),
]
"""What the clients of the MCP SDKs ask for after a 401."""


async def finds_none(client: Client) -> None:
    assert (await client.post("/mcp", json={})).status_code == 401
    for method, path in ASKED:
        answer = await client.request(method, path)
        found = problem(answer, 404)
        assert "Authorization: Bearer" in found["detail"], (method, path)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}], ids=["none", "wrong"])
async def test_on_a_server_of_its_own(
    recording: RecordingDispatcher, headers: dict[str, str]
) -> None:
    made = site(recording, version="1.2.3", token="right")
    async with client_of_site(made) as client:
        client.headers.update(headers)
        await finds_none(client)
        # Below MCP's own path too, where some look; all else still asks for the token.
        found = await client.get("/mcp/.well-known/openid-configuration")
        assert problem(found, 404)["detail"]
        problem(await client.get("/nowhere"), 401)


@pytest.mark.oldest
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}], ids=["none", "wrong"])
async def test_inside_jupyter(jupyter: StartJupyter, headers: dict[str, str]) -> None:
    app = await jupyter(collaboration=False, extensions=["jmcp"])
    async with client_of(app, **(headers or {"X-None": ""})) as client:
        await finds_none(client)


async def test_what_is_not_at_the_root_is_not_answered_for_others(jupyter: StartJupyter) -> None:
    app = await jupyter(
        collaboration=False, extensions=["jmcp"], ServerApp={"base_url": "/user/a/"}
    )
    async with client_of(app) as client:
        answer = await client.get("/register")
        assert answer.headers["content-type"] != "application/problem+json"

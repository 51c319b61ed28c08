"""Tokens of an OpenID provider, where `jmcp serve` has JupyterLab in its process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from jmcp.hosting import extension
from jmcp.transport.entry.entry import TICKETS
from jmcp.transport.oauth.allowed import rule
from jmcp.transport.oauth.resource_server import ResourceServer
from jmcp.transport.oauth.settings import OAuthSettings
from tests.fakes.openid_provider import ISSUER, FakeProvider
from tests.jupyter_process import StartJupyter
from tests.surfaces.conftest import HEADERS, client_of
from tests.surfaces.http.test_wire import problem

RESOURCE = "https://jmcp.example.org/lab/mcp"
METADATA = "/.well-known/oauth-protected-resource"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    """The provider whose tokens are taken, as by `jmcp.hosting.embedded_lab`."""
    made = FakeProvider()
    settings = OAuthSettings(
        issuer=ISSUER, resource=RESOURCE, allowed=(rule("email=*@example.org"),)
    )

    @asynccontextmanager
    async def logins() -> AsyncIterator[ResourceServer]:
        server = ResourceServer(settings, transport=made.transport)
        try:
            yield server
        finally:
            await server.close()

    monkeypatch.setattr(extension, "nobody", logins)
    return made


@pytest.mark.parametrize("base_url", ["/", "/lab/"])
async def test_who_logged_in_has_jmcp_and_nothing_of_jupyter(
    jupyter: StartJupyter, provider: FakeProvider, base_url: str
) -> None:
    serverapp = await jupyter(
        collaboration=False, extensions=["jmcp"], ServerApp={"base_url": base_url}
    )
    ada = {
        "Authorization": f"Bearer {provider.token(aud=RESOURCE)}",
        # As a proxy passes it on, of whose name Jupyter knows nothing.
        "Host": "jmcp.example.org",
    }
    async with client_of(serverapp, **{"X-None": ""}) as client:
        listed = await client.get("/mcp/tools/list", headers=ada)
        assert listed.status_code == 200
        ticket = await client.post(TICKETS, json={}, headers=ada)
        assert ticket.json()["path"].startswith(f"{base_url}jmcp/workbench")
        assert (await client.get("/mcp/tools/list", headers=HEADERS)).status_code == 200
        known = {"Authorization": ada["Authorization"]}
        assert (await client.get("/api/contents", headers=known)).status_code == 403
        elsewhere = await client.get("/mcp/tools/list", headers={**ada, "Host": "evil.example"})
        problem(elsewhere, 421)
        for headers in (
            {},
            {"Authorization": f"Bearer {provider.token(aud='other')}"},
            {"Authorization": "Bearer jmcp_unknown"},
        ):
            refused = await client.get("/mcp/tools/list", headers=headers)
            problem(refused, 401)
            challenge = refused.headers["www-authenticate"]
            assert f'"https://jmcp.example.org/lab{METADATA}/mcp"' in challenge
            assert ("invalid_token" in challenge) is bool(headers)
        for path in (METADATA, f"{METADATA}/mcp"):
            found = await client.get(path, headers={"Host": "jmcp.example.org"})
            assert found.json()["resource"] == RESOURCE
        stranger = {"Authorization": f"Bearer {provider.token(aud=RESOURCE, email='eve@evil.net')}"}
        refused = await client.get("/mcp/tools/list", headers=stranger)
        assert problem(refused, 403)["code"] == "not_allowed"
        if base_url == "/":
            assert ISSUER in problem(await client.get("/register"), 404)["detail"]


async def test_while_the_provider_is_away(jupyter: StartJupyter, provider: FakeProvider) -> None:
    serverapp = await jupyter(collaboration=False, extensions=["jmcp"])
    provider.down = True
    headers = {"Authorization": f"Bearer {provider.token(aud=RESOURCE)}"}
    async with client_of(serverapp, **headers) as client:
        refused = await client.get("/mcp/tools/list")
        assert problem(refused, 503)["code"] == "provider_unavailable"
        assert refused.headers["retry-after"] == "5"

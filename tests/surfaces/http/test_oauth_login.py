"""A server of its own that takes tokens of an OpenID provider, over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jmcp.core.calls.call import Caller
from jmcp.core.calls.principal import Principal
from jmcp.core.observe.audit import AuditLog
from jmcp.transport.entry.entry import REDEMPTION, TICKETS, Entry
from jmcp.transport.entry.tickets import PageTokens, Tickets
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.oauth.allowed import rule
from jmcp.transport.oauth.resource_server import PAGE_SECONDS, SIGNED_SECONDS, ResourceServer
from jmcp.transport.oauth.settings import OAuthSettings
from jmcp.transport.site import site
from tests.clock import Clock
from tests.fakes.jmcp import FakeJmcp
from tests.fakes.openid_provider import ISSUER, RESOURCE, FakeProvider
from tests.surfaces.conftest import Client, RecordingDispatcher, client_of_site
from tests.surfaces.http.test_wire import problem

TOKEN = "a-token-of-the-test"
METADATA = "https://jmcp.example.org/.well-known/oauth-protected-resource/mcp"
SECONDS = 30


class Server:
    """A site with a resource server, as `jmcp.hosting.standalone` makes it."""

    def __init__(self, dispatcher: Any, **changed: Any) -> None:
        self.clock = Clock()
        self.provider = FakeProvider()
        settings = OAuthSettings(
            issuer=ISSUER,
            resource=RESOURCE,
            allowed=(rule("email=*@example.org"),),
            **changed,
        )
        self.oauth = ResourceServer(settings, transport=self.provider.transport, clock=self.clock)
        known = self.oauth.with_digest
        entry = Entry(
            tickets=Tickets(known, clock=self.clock), tokens=PageTokens(known, clock=self.clock)
        )
        self.site = site(
            dispatcher,
            version="1.2.3",
            host_origin=HostOriginPolicy(hosts=settings.hosts),
            token=TOKEN,
            named=entry.tokens.beside(
                lambda token: Principal(name="token:n") if token == "jmcp_named" else None
            ),
            oauth=self.oauth,
            public_paths=frozenset({REDEMPTION}),
            entry=entry,
        )

    def bearer(self, **changed: Any) -> dict[str, str]:
        return bearer(self.provider.token(**changed))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def server(recording: RecordingDispatcher) -> AsyncIterator[Server]:
    made = Server(recording)
    yield made
    await made.oauth.close()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    async with client_of_site(server.site) as client:
        client.headers["Host"] = "jmcp.example.org"
        yield client


async def test_who_logged_in_calls_as_oneself_and_others_as_before(
    client: Client, server: Server, recording: RecordingDispatcher
) -> None:
    body = {"tool_name": "list_kernels"}
    for headers in (
        server.bearer(),
        server.bearer(sub="bob-2", preferred_username="bob"),
        bearer(TOKEN),
        bearer("jmcp_named"),
    ):
        assert (await client.post("/mcp/tools/call", json=body, headers=headers)).is_success
    ada, bob, holder, named = (caller for _, _, caller in recording.calls)
    assert (ada.user, bob.user, holder.user) == ("ada", "bob", None)
    assert len({ada.owner, bob.owner, holder.owner, named.owner}) == 4
    assert ada.owner.startswith("oauth:")
    assert ada.authenticated
    # What is of all callers is not theirs: the activity of others, say.
    assert ada.scopes == {"read", "write", "execute"}
    assert server.provider.count("/keys") == 1


async def test_a_client_is_told_where_to_log_in(client: Client, server: Server) -> None:
    refused = await client.post("/mcp", json={})
    assert ISSUER in problem(refused, 401)["detail"]
    challenge = refused.headers["www-authenticate"]
    assert challenge == f'Bearer realm="jmcp", resource_metadata="{METADATA}"'
    for path in ("", "/mcp"):
        found = await client.get(f"/.well-known/oauth-protected-resource{path}")
        assert found.status_code == 200
        assert found.json() == {
            "resource": RESOURCE,
            "authorization_servers": [ISSUER],
            "bearer_methods_supported": ["header"],
            "resource_name": "jmcp",
        }
    for path in ("/.well-known/oauth-authorization-server", "/register", "/authorize"):
        assert ISSUER in problem(await client.get(path), 404)["detail"]
    assert server.provider.asked == []


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"exp": 5}, 401, "invalid_token"),
        ({"aud": "x"}, 401, "invalid_token"),
        ({"scope": "openid"}, 403, "insufficient_scope"),
        ({"email": 'eve"\\\r\n@evil.net', "preferred_username": 'e"\\v\r\ne'}, 403, None),
    ],
)
async def test_a_refusal_says_what_it_is(
    recording: RecordingDispatcher, changed: dict[str, Any], status: int, error: str | None
) -> None:
    server = Server(recording, scopes=("jmcp",))
    async with client_of_site(server.site) as client:
        headers = {**server.bearer(**changed), "Host": "jmcp.example.org"}
        refused = await client.post("/mcp", json={}, headers=headers)
        problem(refused, status)
        challenge = refused.headers.get("www-authenticate")
        if error is None:
            assert challenge is None
        else:
            assert challenge is not None
            assert f'error="{error}"' in challenge
            assert 'scope="jmcp"' in challenge
            assert METADATA in challenge
        assert headers["Authorization"].split(".")[2] not in refused.text
    await server.oauth.close()


async def test_while_the_provider_is_away_nobody_is_told_to_log_in(
    client: Client, server: Server
) -> None:
    server.provider.down = True
    refused = await client.post("/mcp", json={}, headers=server.bearer())
    assert problem(refused, 503)["code"] == "provider_unavailable"
    assert refused.headers["retry-after"] == "5"
    assert "www-authenticate" not in refused.headers
    assert (await client.get("/mcp/tools/list", headers=bearer(TOKEN))).is_success


async def test_the_provider_is_not_asked_about_tokens_of_jmcp(
    client: Client, server: Server
) -> None:
    for token in ("jmcp_" + "0" * 48, "jmcp_page_0"):
        refused = await client.post("/mcp", json={}, headers=bearer(token))
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    for headers in ({"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}):
        problem(await client.post("/mcp", json={}, headers=headers), 401)
    assert server.provider.asked == []


async def test_a_page_goes_on_for_an_hour_after_the_last_token(
    client: Client, server: Server
) -> None:
    headers = server.bearer()
    given = await client.post(TICKETS, json={}, headers=headers)
    assert given.status_code == 201
    redeemed = await client.post(REDEMPTION, json={"ticket": given.json()["ticket"]})
    page = bearer(redeemed.json()["token"])
    assert redeemed.json()["owner"].startswith("oauth:")
    for seconds in (PAGE_SECONDS - 1, PAGE_SECONDS - 1):
        server.clock.now += seconds
        assert (await client.get("/mcp/tools/list", headers=page)).is_success
        assert (await client.get("/mcp/tools/list", headers=headers)).is_success
    server.clock.now += PAGE_SECONDS
    problem(await client.get("/mcp/tools/list", headers=page), 401)


async def test_a_stream_ends_once_its_token_does() -> None:
    jmcp = FakeJmcp()
    jmcp.documents.write("secret.ipynb", "1")
    jmcp.make()
    made = Server(jmcp.dispatcher)
    token = made.provider.token()
    ada = await made.oauth.principal(token)
    headers = {**bearer(token), "Accept": "text/event-stream", "Host": "jmcp.example.org"}
    asked = asyncio.Event()
    admits = made.oauth.admits

    def noted(token: str, principal: Principal) -> bool:
        asked.set()
        return admits(token, principal)

    made.oauth.admits = noted  # type: ignore[method-assign]
    async with asyncio.timeout(SECONDS), client_of_site(made.site) as client:
        follows = asyncio.create_task(client.get("/jmcp/v1/activity", headers=headers))
        await asked.wait()
        made.provider.keys.clear()
        made.clock.now += 10 * SIGNED_SECONDS
        await jmcp.open("secret.ipynb", Caller(owner=ada.name, authenticated=True))
        ended = await follows
    assert "secret.ipynb" not in ended.text
    assert '"status": 401' in ended.text or '"status":401' in ended.text
    await made.oauth.close()


async def test_the_audit_log_has_what_people_call_the_caller(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    jmcp = FakeJmcp(options={"observers": [AuditLog(log)]})
    jmcp.make()
    made = Server(jmcp.dispatcher)
    async with client_of_site(made.site) as client:
        client.headers["Host"] = "jmcp.example.org"
        body = {"tool_name": "list_kernels"}
        for headers in (made.bearer(), bearer(TOKEN)):
            assert (await client.post("/mcp/tools/call", json=body, headers=headers)).is_success
    ada, holder = (json.loads(line) for line in log.read_text().splitlines())
    assert ada["user"] == "ada"
    assert ada["principal"].endswith(":ada-1")
    assert "user" not in holder
    await made.oauth.close()

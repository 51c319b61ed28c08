"""`jmcp serve --oauth-issuer`, a real provider, and the official SDK's client that is given a URL alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from jmcp.client.choice import Wanted
from jmcp.client.servers import Servers
from jmcp.core.errors import ServeError
from jmcp.doctor import client_configs
from tests.node_tools import FOLDER, NodeTools
from tests.served import Served, serve, standalone
from tests.surfaces.oauth.node_provider import (
    SECONDS,
    SECRET,
    Login,
    NodeProvider,
    led_back,
    node_provider,
)
from tests.thorough import thorough

OPTIONS = (
    "--oauth-allow",
    "email=*@example.org",
    "--oauth-scope",
    "jmcp",
    "--oauth-client-id",
    "jmcp",
)
VARIABLES = {"JMCP_OAUTH_CLIENT_SECRET": SECRET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    provider: NodeProvider
    served: Served
    audit: Path


@pytest.fixture(scope="module")
def both(node_tools: NodeTools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    base = tmp_path_factory.mktemp("oauth")
    (base / "root").mkdir()
    audit = base / "audit.jsonl"
    with node_provider(node_tools) as provider:
        options = ["--oauth-issuer", provider.issuer, *OPTIONS, "--audit-log", str(audit)]
        with serve(base / "home", base / "root", *options, variables=VARIABLES) as served:
            yield Both(provider=provider, served=served, audit=audit)


@asynccontextmanager
async def client_of(login: Login, url: str) -> AsyncIterator[Client]:
    async with (
        httpx.AsyncClient(auth=login.auth(url), timeout=SECONDS) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client


async def opened(client: Client, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool("use_notebook", arguments)
    assert not result.is_error, result
    return dict(result.structured_content or {})


async def called(url: str, token: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=SECONDS) as http:
        return await http.get(f"{url}/tools/list", headers={"Authorization": f"Bearer {token}"})


async def test_people_log_in_and_work_apart(both: Both) -> None:
    """With JWTs and with opaque tokens; what else the provider gives opens nothing."""
    url = both.served.mcp_url
    ada, bob, eve, mal = (Login(person=name) for name in ("ada", "bob", "eve", "mal"))
    both.provider.set(format="jwt")
    async with client_of(ada, url) as client:
        own = await opened(client, notebook_path="ada.ipynb", mode="create")
        assert ada.tokens is not None
        first = ada.tokens.access_token
        ada.expire()
        await client.call_tool("read_notebook", {"session_id": own["session_id"]})
        assert ada.tokens.access_token != first, "it was refreshed"
        assert len(ada.visited) == 1, "and nobody was asked again"
    assert ada.tokens.access_token.count(".") == 2
    assert parse_qs(urlsplit(ada.visited[0]).query)["resource"] == [url]
    both.provider.set(format="opaque")
    async with client_of(bob, url) as client:
        assert bob.tokens is not None
        assert "." not in bob.tokens.access_token
        result = await client.call_tool("read_notebook", {"session_id": own["session_id"]})
        assert result.is_error
        await opened(client, notebook_path="bob.ipynb", mode="create")
    assert bob.tokens.refresh_token is not None
    assert (await called(url, bob.tokens.refresh_token)).status_code == 401
    for other in (eve, mal):
        with pytest.raises(ExceptionGroup):
            async with client_of(other, url):
                pass
        assert other.tokens is not None
        refused = await called(url, other.tokens.access_token)
        assert refused.json()["code"] == "not_allowed"
    said = [json.loads(line) for line in both.audit.read_text().splitlines()]
    calls = [line for line in said if line["event"] == "call"]
    assert {line["user"] for line in calls} == {"ada", "bob"}
    assert len({line["principal"] for line in calls}) == 2
    # Jupyter itself is for who has its token.
    async with httpx.AsyncClient(timeout=SECONDS) as http:
        headers = {"Authorization": f"Bearer {ada.tokens.access_token}"}
        assert (
            await http.get(f"{both.served.url}api/contents", headers=headers)
        ).status_code == 403


async def test_a_browser_logs_in_to_the_workbench(both: Both) -> None:
    both.provider.set(format="jwt", person="bob")
    async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=True) as browser:
        page = await browser.get(f"{both.served.url}jmcp/login")
        assert page.status_code == 200, page.text
        assert page.url.path == "/jmcp/workbench"
        ticket = parse_qs(page.url.fragment)["ticket"][0]
        redeemed = await browser.post(
            f"{both.served.url}jmcp/v1/tickets/redemption", json={"ticket": ticket}
        )
        assert redeemed.json()["owner"].endswith(":bob")
        assert redeemed.json()["scopes"] == ["read", "write", "execute"]
        came_back = next(one.url for one in page.history if one.url.path.endswith("/callback"))
        again = await browser.get(came_back)
        assert again.status_code == 400, "its cookie is gone"
    both.provider.set(person="eve")
    async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=True) as browser:
        page = await browser.get(f"{both.served.url}jmcp/login")
        assert page.status_code == 403
        assert "does not let that account in" in page.text
    both.provider.set(person="ada")


@thorough
async def test_a_client_in_typescript_logs_in_too(both: Both, node_tools: NodeTools) -> None:
    both.provider.set(format="jwt")
    given = json.dumps({"sdk": "v2", "url": both.served.mcp_url})
    process = await asyncio.create_subprocess_exec(
        str(node_tools.node),
        str(FOLDER / "clients" / "login.mjs"),
        given,
        env=node_tools.environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SECONDS), httpx.AsyncClient() as browser:
            told = json.loads(await process.stdout.readline())
            await browser.get(await led_back(told["open"], "bob"))
            report = json.loads(await process.stdout.readline())
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert "use_notebook" in report["tools"]
    assert report["refreshed"]


async def test_what_speaks_for_clients_names_the_way_in(both: Both) -> None:
    url = both.served.url.rstrip("/")
    servers = Servers(Wanted(url=url, here=Path.cwd()), start=None, token="", say=print)
    with pytest.raises(ServeError, match=f"give the client {url}/mcp itself"):
        await servers.running()
    assert "the client logs in there" in await client_configs._over_http(f"{url}/mcp", {})
    with pytest.raises(client_configs.Broken, match="refuses the token"):
        await client_configs._over_http(f"{url}/mcp", {"Authorization": "Bearer wrong"})


async def test_jmcp_alone_takes_them_too(both: Both, tmp_path: Path) -> None:
    both.provider.set(format="jwt")
    options = ["--oauth-issuer", both.provider.issuer, *OPTIONS, "--no-browser"]
    with standalone(tmp_path, both.served, *options, variables=VARIABLES) as served:
        login = Login(person="ada")
        async with client_of(login, served.mcp_url.replace("127.0.0.1", "localhost")) as client:
            await opened(client, notebook_path="alone.ipynb", mode="create")
        assert login.tokens is not None
        refused = await called(served.mcp_url, f"{login.tokens.access_token[:-9]}AAAAAAAAA")
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
        async with httpx.AsyncClient(timeout=SECONDS) as http:
            headers = {"Authorization": f"Bearer {login.tokens.access_token}"}
            ticket = (await http.post(f"{served.url}jmcp/v1/tickets", headers=headers)).json()
            redemption = {"ticket": ticket["ticket"]}
            page = await http.post(f"{served.url}jmcp/v1/tickets/redemption", json=redemption)
            headers = {"Authorization": f"Bearer {page.json()['token']}"}
            seen = await http.get(f"{served.url}jmcp/v1/activity", headers=headers)
        assert "alone.ipynb" in seen.text
        async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=True) as browser:
            entered = await browser.get(f"{served.url}jmcp/login")
        assert (entered.status_code, entered.url.path) == (200, "/jmcp/workbench")

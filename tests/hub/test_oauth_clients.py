"""The official clients log in at the gateway with its URL alone, through a real Hub."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import psutil
import pytest
import pytest_asyncio
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from tests.hub.browser import Browser, answer_of
from tests.hub.running_hub import RunningHub
from tests.node_tools import FOLDER, NodeTools
from tests.thorough import fast_only, thorough

pytestmark = pytest.mark.asyncio(loop_scope="session")

REDIRECT = "http://127.0.0.1:43210/callback"
SECONDS = 90


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    made = Browser(name="lena")
    yield made
    await made.close()


class PythonClient:
    """The client of the Python SDK, and what it keeps between its starts (`TokenStorage`)."""

    def __init__(self, hub: RunningHub, browser: Browser) -> None:
        self.tokens: OAuthToken | None = None
        self.logins = 0
        self._client: OAuthClientInformationFull | None = None
        self._told: dict[str, str] = {}
        self._url = f"{hub.gateway}/mcp"
        self._browser = browser

    async def tools(self) -> list[str]:
        """The tools that it is given, for which it logs in where it has to."""
        async with (
            httpx2.AsyncClient(auth=self._provider(), timeout=SECONDS, trust_env=False) as http,
            Client(streamable_http_client(self._url, http_client=http)) as client,
        ):
            return [tool.name for tool in (await client.list_tools()).tools]

    def _provider(self) -> OAuthClientProvider:
        metadata = OAuthClientMetadata(
            redirect_uris=[AnyUrl(REDIRECT)],
            client_name="Python SDK",
            token_endpoint_auth_method="none",
        )
        return OAuthClientProvider(
            server_url=self._url,
            client_metadata=metadata,
            storage=self,
            redirect_handler=self._open,
            callback_handler=self._answer,
        )

    async def _open(self, url: str) -> None:
        self.logins += 1
        self._told = answer_of(await self._browser.allow(url))

    async def _answer(self) -> AuthorizationCodeResult:
        told = self._told
        return AuthorizationCodeResult(code=told["code"], state=told["state"], iss=told["iss"])

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._client = client_info


async def answered(hub: RunningHub, token: str, path: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await hub.http.get(f"{hub.gateway}{path}", headers=headers, timeout=SECONDS)


async def test_the_python_client_logs_in_and_stays_so(hub: RunningHub, browser: Browser) -> None:
    client = PythonClient(hub, browser)
    assert "use_notebook" in await client.tools()
    assert client.tokens is not None
    token = client.tokens.access_token
    assert token.startswith("jmcp_at_")

    # Its token is for MCP; it is of its user, and neither the Hub nor a server takes it.
    assert (await answered(hub, token, "/jmcp/v1/tools")).status_code == 401
    headers = {"Authorization": f"Bearer {token}"}
    assert (await hub.http.get(f"{hub.url}/hub/api/user", headers=headers)).status_code == 403
    own = await hub.http.get(f"{hub.url}/user/lena/api/contents", headers=headers)
    assert own.status_code in (302, 403)

    # A logout at the Hub ends the Hub's token, and with it the login of the client: it is told so, to
    # begin another one.
    await log_out_at_the_hub(hub, browser)
    form = {
        "grant_type": "refresh_token",
        "refresh_token": client.tokens.refresh_token or "",
        "client_id": client._client.client_id if client._client else "",
    }
    answer = await hub.http.post(f"{hub.gateway}/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@thorough
async def test_a_login_outlives_the_gateway(hub: RunningHub, browser: Browser) -> None:
    """The Hub looks after its services every thirty seconds, which this test waits for."""
    client = PythonClient(hub, browser)
    await client.tools()
    before = await hub.gateway_process()
    before.terminate()

    async def another() -> bool:
        try:
            return (await hub.gateway_process()).pid != before.pid and await hub._answers()
        except (KeyError, TypeError, psutil.NoSuchProcess):
            return False

    await hub.until(another, SECONDS, "another gateway")
    assert "use_notebook" in await client.tools()
    assert client.logins == 1


@thorough
async def test_a_login_outlives_the_hub(hub: RunningHub, browser: Browser) -> None:
    """The Hub has made a new secret for the gateway by then, and its tokens are those of before."""
    client = PythonClient(hub, browser)
    await client.tools()
    await hub.end()
    await hub.launch()
    assert "use_notebook" in await client.tools()
    form = {
        "grant_type": "refresh_token",
        "refresh_token": client.tokens.refresh_token or "" if client.tokens else "",
        "client_id": client._client.client_id if client._client else "",
    }
    answer = await hub.http.post(f"{hub.gateway}/token", data=form)
    assert answer.status_code == 200, answer.text
    assert client.logins == 1


async def log_out_at_the_hub(hub: RunningHub, browser: Browser) -> None:
    await browser.open(f"{hub.url}/hub/logout")
    found = await browser.open(f"{hub.url}/hub/home")
    assert "/hub/login" in (found if isinstance(found, str) else browser.url)


@pytest.mark.parametrize(
    "client", fast_only(["v2 none", "v1 ", "v1 client_secret_post"], "v2 none")
)
async def test_the_typescript_client_logs_in(
    hub: RunningHub, browser: Browser, node_tools: NodeTools, client: str
) -> None:
    sdk, _, method = client.partition(" ")
    given = {"sdk": sdk, "url": f"{hub.gateway}/mcp", "method": method}
    process = await asyncio.create_subprocess_exec(
        str(node_tools.node),
        str(FOLDER / "clients" / "login.mjs"),
        json.dumps(given),
        env=node_tools.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            told = await line_of(process)
            url = await browser.allow(told["open"])
            assert isinstance(url, str)
            assert (await hub.http.get(url)).text == "You may close this page."
            report = await line_of(process)
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert "use_notebook" in report["tools"]
    assert report["refreshed"]
    assert report["state"] == "a state"


async def line_of(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    assert process.stderr is not None
    line = await process.stdout.readline()
    assert line, (await process.stderr.read()).decode()
    return dict(json.loads(line))

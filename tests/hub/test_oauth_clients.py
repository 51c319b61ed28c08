"""The official clients log in at the gateway with its URL alone, through a real Hub."""

from __future__ import annotations

from pathlib import Path

import httpx2
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

from tests.hub.browser import Browser
from tests.hub.running_hub import RunningHub, running_hub
from tests.node_tools import NodeTools

REDIRECT = "http://127.0.0.1:43210/callback"


class Kept:
    """What a client keeps between its starts (`TokenStorage`)."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


async def call_with_python(hub: RunningHub, browser: Browser, kept: Kept) -> list[str]:
    """Names of the tools that the Python SDK's client is given."""
    told: list[dict[str, str]] = []

    async def opened(url: str) -> None:
        told.append(await browser.allow(url))

    async def answered() -> AuthorizationCodeResult:
        values = told[-1]
        return AuthorizationCodeResult(
            code=values["code"], state=values["state"], iss=values["iss"]
        )

    url = f"{hub.gateway}/mcp"
    provider = OAuthClientProvider(
        server_url=url,
        client_metadata=OAuthClientMetadata(
            redirect_uris=[AnyUrl(REDIRECT)],
            client_name="A test's client",
            token_endpoint_auth_method="none",
        ),
        storage=kept,
        redirect_handler=opened,
        callback_handler=answered,
    )
    async with (
        httpx2.AsyncClient(auth=provider, timeout=90, trust_env=False) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        return [tool.name for tool in (await client.list_tools()).tools]


async def test_clients_log_in_with_the_url_alone(tmp_path: Path, node_tools: NodeTools) -> None:
    async with running_hub(tmp_path / "hub", node_tools) as hub:
        browser, kept = Browser(name="alice"), Kept()
        try:
            assert "use_notebook" in await call_with_python(hub, browser, kept)
            assert kept.tokens is not None
            assert kept.tokens.access_token.startswith("jmcp_at_")
        finally:
            await browser.close()

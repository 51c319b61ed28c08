"""A certified OpenID provider (oidc-provider) in a process of its own, and a browser that logs in there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from tests.node_tools import FOLDER, NodeTools

SECRET = "the secret of jmcp / with + signs"
"""Of the client `jmcp`, which asks about opaque tokens."""

REDIRECT = "http://127.0.0.1:33418/callback"
SECONDS = 30


@dataclass(kw_only=True)
class NodeProvider:
    issuer: str

    def set(self, **settings: Any) -> None:
        """Change the form of access tokens (`format`: jwt, opaque), their life (`seconds`), their `scope`."""
        httpx.post(f"{self.issuer}/settings", json=settings, timeout=SECONDS).raise_for_status()


@contextmanager
def node_provider(tools: NodeTools) -> Iterator[NodeProvider]:
    process = subprocess.Popen(
        [str(tools.node), str(FOLDER / "provider" / "provider.mjs")],
        env=tools.environment(MODULES=str(tools.modules)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield NodeProvider(issuer=json.loads(process.stdout.readline())["issuer"])
    finally:
        process.stdin.close()
        process.wait(SECONDS)
        process.stdout.close()


async def led_back(url: str, person: str) -> str:
    """Where a browser is sent in the end that opens that address and logs in as somebody."""
    async with httpx.AsyncClient(timeout=SECONDS) as browser:
        at = f"{url}&login_hint={person}"
        while urlsplit(at).path != "/callback":
            answer = await browser.get(at)
            assert answer.is_redirect, answer.text
            at = str(answer.url.join(answer.headers["location"]))
    return at


@dataclass(kw_only=True)
class Login:
    """What the official SDK's client keeps, and the browser in which somebody logs in as `person`."""

    person: str
    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None
    visited: list[str] = field(default_factory=list)
    flow: OAuthClientProvider | None = None
    _arrived: AuthorizationCodeResult | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info

    async def browse(self, url: str) -> None:
        """Follow the login to where it leads back to the client."""
        self.visited.append(url)
        query = parse_qs(urlsplit(await led_back(url, self.person)).query)
        self._arrived = AuthorizationCodeResult(
            code=query["code"][0], state=query["state"][0], iss=query.get("iss", [None])[0]
        )

    async def arrived(self) -> AuthorizationCodeResult:
        assert self._arrived is not None
        return self._arrived

    def auth(self, url: str) -> OAuthClientProvider:
        metadata = OAuthClientMetadata(
            client_name="test", redirect_uris=[AnyUrl(REDIRECT)], token_endpoint_auth_method="none"
        )
        self.flow = OAuthClientProvider(url, metadata, self, self.browse, self.arrived)
        return self.flow

    def expire(self) -> None:
        """Have the client believe that its access token has ended."""
        assert self.flow is not None
        self.flow.context.token_expiry_time = 1.0

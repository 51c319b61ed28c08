"""A gateway's login and OAuth, with a Hub that says what a real one says, a clock and a browser."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2
import pytest
from cryptography.fernet import Fernet
from starlette.applications import Starlette

from jmcp.hub.grants.sealing import Sealer
from jmcp.hub.grants.sqlite_records import SqliteRecords
from jmcp.hub.login.gateway_address import GatewayAddress
from jmcp.hub.login.hub_identity import HubClient
from jmcp.hub.oauth.client_documents import DocumentPolicy
from jmcp.hub.oauth.document_fetch import DocumentFetch
from jmcp.hub.oauth.server import OAuthServer
from jmcp.hub.oauth.settings import OAuthSettings
from tests.clock import Clock
from tests.hub.browser import Browser

ORIGIN = "https://hub.example.org"
BASE = f"{ORIGIN}/services/jmcp"
REDIRECT = "http://127.0.0.1:4000/callback"
SECRET = "the-hub's-secret-of-the-gateway"
HUB_TOKEN_SECONDS = 14 * 86_400


@dataclass(kw_only=True)
class FakeHub:
    """The Hub's OAuth provider and its `/user`. `tokens` are those that it has given out."""

    tokens: dict[str, str] = field(default_factory=dict)
    codes: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    away: bool = False
    asked_scopes: list[str] = field(default_factory=list)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if self.away:
            raise httpx2.ConnectError("the Hub is away", request=request)
        if request.url.path == "/hub/api/user":
            user = self.tokens.get(request.headers["authorization"].removeprefix("Bearer "))
            if user is None:
                return httpx2.Response(403, json={"status": 403, "message": "Forbidden"})
            return httpx2.Response(200, json={"kind": "user", "name": user, "scopes": []})
        assert request.url.path == "/hub/api/oauth2/token"
        form = {name: one[0] for name, one in parse_qs(request.content.decode()).items()}
        user, asked = self.codes.pop(form["code"], ("", {}))
        hashed = hashlib.sha256(form["code_verifier"].encode()).digest()
        right = (
            user
            and form["client_secret"] == SECRET
            and base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() == asked["code_challenge"]
            and form["redirect_uri"] == asked["redirect_uri"]
        )
        if not right:
            return httpx2.Response(400, json={"error": "invalid_grant"})
        token = secrets.token_hex(16)
        self.tokens[token] = user
        return httpx2.Response(200, json={"access_token": token, "expires_in": HUB_TOKEN_SECONDS})

    def log_in(self, url: str, user: str, **instead: str) -> str:
        """What the Hub's own pages do: the URL at which it sends the browser back."""
        asked = {name: one[0] for name, one in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == "service-jmcp"
        assert asked["code_challenge_method"] == "S256"
        self.asked_scopes.append(asked.get("scope", ""))
        code = secrets.token_hex(8)
        self.codes[code] = (user, asked)
        given = {"code": code, "state": asked["state"]} | instead
        if "error" in given:
            del given["code"]
        return f"{urljoin(ORIGIN, asked['redirect_uri'])}?{urlencode(given)}"


@dataclass(kw_only=True)
class World:
    """Everything that takes part. `public` asks the gateway without cookies, as clients do."""

    server: OAuthServer
    hub: FakeHub
    clock: Clock
    app: Starlette
    records: SqliteRecords
    public: httpx2.AsyncClient
    browsers: list[Browser] = field(default_factory=list)

    def browser(self, name: str = "alice") -> Browser:
        transport = httpx2.ASGITransport(self.app)
        made = Browser(name=name, http=httpx2.AsyncClient(transport=transport, base_url=ORIGIN))
        self.browsers.append(made)
        return made

    async def registered(self, **more: Any) -> dict[str, Any]:
        body = {
            "client_name": "A client",
            "redirect_uris": [REDIRECT],
            "token_endpoint_auth_method": "none",
        }
        answer = await self.public.post("/services/jmcp/register", json=body | more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def consent_page(self, browser: Browser, url: str) -> httpx2.Response:
        """The page that asks, after the login at the Hub."""
        hub_url = await browser.open(url)
        assert isinstance(hub_url, str), hub_url.text
        page = await browser.open(self.hub.log_in(hub_url, browser.name))
        assert isinstance(page, httpx2.Response), page
        return page

    async def allowed(self, browser: Browser, url: str) -> dict[str, str]:
        """What the client is told after the user has allowed it."""
        page = await self.consent_page(browser, url)
        assert page.status_code == 200, page.text
        told = await browser.submit(page.text, decision="allow")
        assert isinstance(told, str), told.text
        return {name: one[0] for name, one in parse_qs(urlsplit(told).query).items()}

    async def token(self, **form: str) -> httpx2.Response:
        return await self.public.post("/services/jmcp/token", data=form)


@dataclass(kw_only=True)
class Program:
    """A client of the gateway's, with its verifier."""

    world: World
    client_id: str
    redirect_uri: str = REDIRECT
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    resource: str = f"{BASE}/mcp"

    @property
    def challenge(self) -> str:
        hashed = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()

    def url(self, **instead: str | None) -> str:
        """The address that it opens in the browser; None leaves a parameter out."""
        query: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "state": "its state",
            "resource": self.resource,
        }
        given = {name: one for name, one in (query | instead).items() if one is not None}
        return f"{BASE}/authorize?{urlencode(given)}"

    async def code(self, user: str = "alice") -> str:
        told = await self.world.allowed(self.world.browser(user), self.url())
        return told["code"]

    async def redeem(self, code: str, /, **instead: str | None) -> httpx2.Response:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            "resource": self.resource,
        }
        return await self.world.token(
            **{name: one for name, one in (form | instead).items() if one is not None}
        )

    async def logged_in(self, user: str = "alice") -> dict[str, Any]:
        """Its tokens after a login."""
        answer = await self.redeem(await self.code(user))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def refresh(self, refresh_token: str, /, **more: str) -> httpx2.Response:
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "refresh_token": refresh_token,
        }
        return await self.world.token(**(form | more))


def settings(folder: Path, **more: Any) -> OAuthSettings:
    return OAuthSettings(
        address=GatewayAddress(origin=ORIGIN, prefix="/services/jmcp"),
        hub=HubClient(
            api_url="http://127.0.0.1:8081/hub/api",
            authorize_url="https://login.example.org/hub/api/oauth2/authorize",
            redirect_uri="/services/jmcp/oauth_callback",
            client_id="service-jmcp",
            client_secret=SECRET,
        ),
        state_folder=folder,
        **({"documents": DocumentPolicy(enabled=False)} | more),
    )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as made:
        yield made


@asynccontextmanager
async def a_world(
    tmp_path: Path, *, fetch: DocumentFetch | None = None, **more: Any
) -> AsyncIterator[World]:
    """`fetch` reads the documents of clients; `more` are settings."""
    clock, hub = Clock(), FakeHub()
    records = SqliteRecords(tmp_path / "state", clock=clock)
    sealer = Sealer([Fernet.generate_key().decode()])
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(hub.answer))
    server = OAuthServer(
        settings(tmp_path, **more), records, sealer, http=http, fetch=fetch, clock=clock
    )
    app = Starlette(routes=server.routes())
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as public:
        made = World(server=server, hub=hub, clock=clock, app=app, records=records, public=public)
        yield made
        for browser in made.browsers:
            await browser.close()
    await server.close()


@pytest.fixture
async def program(world: World) -> Program:
    return Program(world=world, client_id=(await world.registered())["client_id"])

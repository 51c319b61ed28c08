"""Login and OAuth of one gateway, put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx2
from starlette.requests import Request
from starlette.routing import Route

from jmcp.core.background import end, supervised
from jmcp.core.errors import ServeError, StateUnavailable
from jmcp.hub.grants.grants import Grants
from jmcp.hub.grants.records import Records
from jmcp.hub.grants.sealing import Sealer, load_keys
from jmcp.hub.grants.sqlite_records import SqliteRecords
from jmcp.hub.login.browser_sessions import BrowserSessions
from jmcp.hub.login.cookies import Cookies
from jmcp.hub.login.endpoints import Continuation, LoginEndpoints
from jmcp.hub.login.flows import Flows
from jmcp.hub.login.hub_identity import HubIdentity
from jmcp.hub.oauth.answers import oauth_endpoint
from jmcp.hub.oauth.authorization import CLIENT_LOGIN, Authorization
from jmcp.hub.oauth.client_documents import ClientDocuments
from jmcp.hub.oauth.clients import Clients
from jmcp.hub.oauth.consent import Consent
from jmcp.hub.oauth.cross_origin import cross_origin
from jmcp.hub.oauth.document_fetch import DocumentFetch
from jmcp.hub.oauth.limits import RateLimit
from jmcp.hub.oauth.metadata import metadata_routes
from jmcp.hub.oauth.registration import Registration
from jmcp.hub.oauth.revocation import Revocation
from jmcp.hub.oauth.settings import OAuthSettings
from jmcp.hub.oauth.token_endpoint import TokenEndpoint
from jmcp.installation import adding

SWEEP_SECONDS = 60.0


class OAuthServer:
    """Logs browsers and clients in, and knows what their tokens stand for. `grants`, `sessions` and
    `flows` are for the platform page, which adds to `continuations`: what follows a login of its kind."""

    def __init__(
        self,
        settings: OAuthSettings,
        records: Records,
        sealer: Sealer,
        *,
        http: httpx2.AsyncClient | None = None,
        fetch: DocumentFetch | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.address = address = settings.address
        self.records = records
        self.sealer = sealer
        # To the Hub, and not through a proxy that the environment names.
        self._http = http or httpx2.AsyncClient(trust_env=False)
        self._sweeping: asyncio.Task[None] | None = None
        identity = HubIdentity(settings.hub, self._http, clock=clock)
        cookies = Cookies(address)
        self.flows = flows = Flows(identity, sealer, cookies)
        documents = ClientDocuments(settings.documents, fetch or DocumentFetch())
        clients = Clients(records, documents, clock=clock)
        self.grants = Grants(records, sealer, clock=clock)
        self.sessions = BrowserSessions(records, sealer, address, clock=clock)
        consent = Consent(
            address=address, records=records, sealer=sealer, cookies=cookies, clock=clock
        )
        self.continuations: dict[str, Continuation] = {CLIENT_LOGIN: consent}
        self._login = LoginEndpoints(
            address=address,
            identity=identity,
            flows=flows,
            sessions=self.sessions,
            continuations=self.continuations,
            hub_scopes=settings.hub_scopes,
        )
        self._consent = consent
        self._authorization = Authorization(
            address=address, clients=clients, flows=flows, hub_scopes=settings.hub_scopes
        )
        self._token = TokenEndpoint(
            clients=clients, records=records, sealer=sealer, identity=identity, clock=clock
        )
        self._revocation = Revocation(clients=clients, records=records)
        self._registration = Registration(
            clients=clients,
            limit=RateLimit(burst=20, per_minute=6, all_burst=200, all_per_minute=12),
            address_of=address_of,
        )

    def routes(self) -> list[Route]:
        """With whole paths, those at the root of the host included."""
        prefix = self.address.prefix
        posted = {
            "/token": self._token.answer,
            "/register": self._registration.answer,
            "/revoke": self._revocation.answer,
        }
        return [
            *self._login.routes(),
            *metadata_routes(self.address, client_documents=self.settings.documents.enabled),
            Route(f"{prefix}/authorize", self._authorization.answer, methods=["GET", "POST"]),
            Route(f"{prefix}/consent", self._consent.answer, methods=["GET", "POST"]),
            *(
                Route(
                    prefix + path,
                    cross_origin(oauth_endpoint(answer), "POST"),
                    methods=["POST", "OPTIONS"],
                )
                for path, answer in posted.items()
            ),
        ]

    async def hub_token(self, bearer: str, resource: str = "") -> str | None:
        """`Credentials`; with `resource`, the URL that is called, only for a token that is for it."""
        return await self.grants.hub_token(bearer, resource)

    def start(self) -> None:
        """Begin to delete what has expired."""
        self._sweeping = supervised(self._sweep, "gateway-sweep")

    async def close(self) -> None:
        await end(self._sweeping)
        await self._http.aclose()
        await self.records.close()

    async def _sweep(self) -> None:
        while True:
            await self.records.sweep()
            await asyncio.sleep(SWEEP_SECONDS)


def open_oauth_server(settings: OAuthSettings) -> OAuthServer:
    """The server with its store and keys. Raises ServeError where they cannot be opened."""
    sealer = Sealer(load_keys(settings.state_folder, settings.keys))
    return OAuthServer(settings, open_records(settings), sealer)


def open_records(settings: OAuthSettings) -> Records:
    """The store of the settings. Raises ServeError."""
    if settings.store != "sqlite":
        return redis_records(settings)
    try:
        return SqliteRecords(settings.state_folder)
    except StateUnavailable as error:
        raise ServeError(f"the gateway cannot keep logins: {error.message}") from None


def redis_records(settings: OAuthSettings) -> Records:
    """The store in Redis. Raises ServeError."""
    try:
        from jmcp.hub.grants.redis_records import RedisRecords
    except ImportError:
        need = "the gateway's store in Redis needs the package redis"
        raise ServeError(f"{need}: {adding('redis')}") from None
    try:
        return RedisRecords(settings.store, place=settings.address.base)
    except ValueError:
        # Not the text of the error, which may hold the password.
        raise ServeError(
            "JMCP_GATEWAY_STORE is not the URL of a Redis, as in redis://HOST:6379/0"
        ) from None


def address_of(request: Request) -> str:
    """Where a request comes from, as the Hub's proxy saw it: the last address is what it added."""
    seen = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return seen or (request.client.host if request.client else "")

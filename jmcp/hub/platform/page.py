"""The page itself, and its files: whoever is not logged in is sent to the login."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jmcp.core.errors import StateUnavailable
from jmcp.hub.gateway.settings import GatewaySettings
from jmcp.hub.login.browser_sessions import BrowserSessions
from jmcp.hub.platform.admin_login import unavailable
from jmcp.transport.pages.built_files import built_file, file_response
from jmcp.transport.pages.policies import policy

PAGE = "platform"
INDEX = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformPage:
    """`/` and `/platform/...`. The page may show the server of its person in a frame, and is shown in
    none itself. `hub_login` is where browsers log in at the Hub: the frame passes through there."""

    settings: GatewaySettings
    sessions: BrowserSessions
    hub_login: str

    def routes(self) -> list[Route]:
        prefix = self.settings.prefix
        return [
            Route(prefix, self.slash),
            Route(f"{prefix}/", self.index),
            Route(f"{prefix}/{PAGE}/{{name}}", self.file),
        ]

    async def slash(self, _: Request) -> Response:
        return RedirectResponse(f"{self.settings.prefix}/", 302)

    async def index(self, request: Request) -> Response:
        try:
            session = await self.sessions.of(request)
        except StateUnavailable:
            return unavailable()
        if session is None:
            return RedirectResponse(f"{self.settings.prefix}/login", 302)
        frames = "'none'"
        if self.settings.frames:
            urls = (self.settings.server_url(session.user), self.hub_login)
            origins = [f"{one.scheme}://{one.netloc}" for one in map(urlsplit, urls) if one.netloc]
            frames = " ".join(dict.fromkeys(origins))
        headers = {
            "Content-Security-Policy": policy("'none'", frames),
            # Asked for again each time: whose page it is decides what it may show in a frame.
            "Cache-Control": "no-store",
        }
        return file_response(built_file(PAGE, INDEX), request, headers)

    async def file(self, request: Request) -> Response:
        """Raises Problem 404."""
        return file_response(built_file(PAGE, request.path_params["name"]), request, {})

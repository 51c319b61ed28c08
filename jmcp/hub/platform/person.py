"""Who is logged in, and what the page needs to know of the gateway."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jmcp.hub.login.browser_sessions import CSRF_HEADER, BrowserSession
from jmcp.hub.login.gateway_address import GatewayAddress
from jmcp.hub.platform.admin_login import AdminLogins
from jmcp.hub.platform.api import Api, json_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`/api/me`."""

    api: Api
    address: GatewayAddress
    logins: AdminLogins

    def routes(self) -> list[Route]:
        return [self.api.route("/me", {"GET": self.me})]

    async def me(self, _: Request, session: BrowserSession) -> Response:
        gateway = self.api.gateway
        user = await gateway.hub.user(session.hub_token)
        return json_answer(
            {
                "name": session.user,
                "admin": user.admin,
                "administration": user.admin and await self.logins.is_there(session),
                "csrf_header": CSRF_HEADER,
                "csrf": session.csrf,
                "mcp_url": self.address.mcp,
                "rest_url": self.address.rest,
                "frames": gateway.settings.frames,
                "hub_token_expires": session.hub_token_expires,
                "max_token_days": max(
                    0.0, (session.hub_token_expires - self.logins.clock()) / 86_400
                ),
            }
        )

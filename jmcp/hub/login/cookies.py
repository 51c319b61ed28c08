"""Cookies of the gateway: read by no script, sent to the gateway alone."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from jmcp.hub.login.gateway_address import GatewayAddress

FLOW = "jmcp-login-"
"""What the name of the cookie of one login begins with."""

FLOW_SECONDS = 600
KEPT_FLOWS = 5
"""Of one browser at once; with one more the others are dropped, so that a client that opens login
after login does not fill the browser's header."""

MAX_COOKIE_CHARACTERS = 3_800
"""Browsers keep cookies of up to 4,096 bytes, with their name and attributes."""


class Cookies:
    """The gateway's cookies.

    Their path is the gateway's, so that the servers of users on the same host do not get them; and
    where the gateway has a host of its own they are bound to that (`__Host-`), so that no other
    host of the domain can set them.
    """

    def __init__(self, address: GatewayAddress) -> None:
        self._secure = address.secure
        bound = address.secure and address.own_host
        self._path = "/" if bound else f"{address.prefix}/"
        self._mark = "__Host-" if bound else "__Secure-" if address.secure else ""

    def get(self, request: Request, name: str) -> str:
        return request.cookies.get(self._mark + name, "")

    def set(self, response: Response, name: str, value: str, *, seconds: int) -> None:
        response.set_cookie(
            self._mark + name,
            value,
            max_age=seconds,
            path=self._path,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def clear(self, response: Response, name: str) -> None:
        response.delete_cookie(
            self._mark + name,
            path=self._path,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def make_room(self, request: Request, response: Response, begin: str) -> None:
        """Drop the cookies whose names begin so, where there are too many."""
        begin = self._mark + begin
        flows = [name for name in request.cookies if name.startswith(begin)]
        if len(flows) >= KEPT_FLOWS:
            for name in flows:
                self.clear(response, name.removeprefix(self._mark))

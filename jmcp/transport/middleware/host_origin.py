"""Host and Origin, checked for every path before anything else sees the request.

A token does not make this superfluous. DNS rebinding turns a page of the web into a client on
this machine, and MCP demands that Origin is validated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from jmcp.core.loopback import is_loopback
from jmcp.transport.middleware.headers import header
from jmcp.transport.problems import Problem, ProblemResponse

HTTP_PORT = 80
ORIGIN_REFUSED = (
    "Requests from that Origin are refused; the server's option allow_origins lists others."
)


def hostname(netloc: str) -> str:
    """`example.org:80` -> `example.org`, `[::1]:80` -> `::1`; empty when it is neither."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def port(netloc: str) -> int | None:
    """`example.org:8080` -> 8080, `example.org` -> 80; None when it is neither."""
    try:
        found = urlsplit(f"//{netloc}").port
    except ValueError:
        return None
    return HTTP_PORT if found is None else found


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOriginPolicy:
    """What is allowed besides the loopback interface talking to itself.

    `hosts` are further names of this server; `any_host` leaves them unchecked (a server that is
    reachable from other machines cannot know its names). `origins` are exact; `origin_pattern` is
    a regular expression; `*` allows every origin, as Jupyter's `allow_origin` does.
    """

    hosts: frozenset[str] = frozenset()
    any_host: bool = False
    origins: frozenset[str] = frozenset()
    origin_pattern: str | None = None

    def check(self, host: str, origin: str | None) -> None:
        """Raises Problem 421 for a Host, 403 for an Origin that is not allowed."""
        name = hostname(host)
        if not (self.any_host or is_loopback(name) or name in self.hosts):
            raise Problem(421, "The Host header names another server.")
        if origin and not self._allows(origin.lower(), host.lower(), name):
            raise Problem(403, ORIGIN_REFUSED, code="origin_refused")

    def _allows(self, origin: str, host: str, name: str) -> bool:
        scheme, _, origin_host = origin.partition("://")
        if (origin_host and origin_host == host) or self._configured(origin):
            return True
        # Another name of the same address. Another port is another server, whose pages share the
        # cookies of this one: browsers do not tell ports apart there.
        return (
            scheme == "http"
            and is_loopback(name)
            and is_loopback(hostname(origin_host))
            and port(origin_host) == port(host)
        )

    def _configured(self, origin: str) -> bool:
        if "*" in self.origins or origin in self.origins:
            return True
        return bool(self.origin_pattern and re.fullmatch(self.origin_pattern, origin))


class HostOriginMiddleware:
    """Refuses requests that the policy does not allow."""

    def __init__(self, app: ASGIApp, policy: HostOriginPolicy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                self._policy.check(header(scope, b"host"), header(scope, b"origin"))
            except Problem as refusal:
                await ProblemResponse(refusal.body, refusal.headers)(scope, receive, send)
                return
        await self._app(scope, receive, send)

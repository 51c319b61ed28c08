"""Coming in to Jupyter with a ticket: `/jmcp/enter` logs a browser in, as Jupyter's login page does.

This module loads while Jupyter starts, so it imports nothing of the MCP SDK.
"""

from __future__ import annotations

import html
import json
import re
from http.cookies import SimpleCookie
from typing import Any, Protocol, cast

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler

from jmcp.transport.entry.entry import OTHERS_LOGIN, Entry
from jmcp.transport.entry.pages import ENTER, WORKBENCH, page_path
from jmcp.transport.entry.tickets import PAGE_SECONDS, UNKNOWN
from jmcp.transport.jupyter_bridge import BridgeHandler, Method
from jmcp.transport.jupyter_identity import takes_named_tokens
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.oauth.settings import LOGIN_COOKIE
from jmcp.transport.problems import MEDIA_TYPE, Problem, problem_body

ENTER_PATTERN = ENTER
TICKET = re.compile("(ticket=)[^&]*")

OTHER_TICKET = (
    "This ticket opens the workbench, and not JupyterLab, which knows Jupyter's own token only."
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Not let in</title></head>
<body><h1>Not let in</h1><p>{detail}</p></body></html>
"""


class EntryHost(Protocol):
    """What entering needs of the extension."""

    policy: HostOriginPolicy
    entry: Entry


class EnterHandler(JupyterHandler):
    """Redeems a ticket for Jupyter's own cookies, and goes on to the page that it was asked for.

    Whoever is logged in already only goes on, and their ticket stays as it is: a page that is loaded
    again has a used one in its URL.
    """

    def initialize(self, host: EntryHost) -> None:
        self._host = host
        # Whatever logs the request later logs this.
        self.request.uri = TICKET.sub(r"\1***", self.request.uri or "")

    async def prepare(self) -> None:  # type: ignore[override] # as in jupyter_server's own
        headers = self.request.headers
        try:
            self._host.policy.check(headers.get("Host", ""), headers.get("Origin"))
        except Problem as refusal:
            self._refuse(refusal)
            return
        await super().prepare()

    @allow_unauthenticated
    async def get(self) -> None:
        try:
            page = self._entered()
        except Problem as refusal:
            self._refuse(refusal)
            return
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.redirect(self.base_url.rstrip("/") + page)

    def _entered(self) -> str:
        """The path to go on to, below base_url. Raises Problem."""
        try:
            page = page_path(self.get_query_argument("next", WORKBENCH))
        except ValueError as error:
            raise Problem(400, f"{error}.") from error
        if not takes_named_tokens(self):
            raise Problem(403, OTHERS_LOGIN, code="no_tickets")
        if self.current_user is None:
            ticket = self.get_query_argument("ticket", "")
            if not ticket:
                raise Problem(401, UNKNOWN, code="ticket_unknown")
            entry = self._host.entry
            if not entry.logs_in(entry.tickets.redeem(ticket)):
                raise Problem(403, OTHER_TICKET, code="only_workbench")
            provider = self.identity_provider
            provider.set_login_cookie(self, provider.generate_anonymous_user(self))
        # Asking for it sets its cookie, where there is none yet.
        self.xsrf_token  # noqa: B018
        return page

    @property
    def _framed_by_another_site(self) -> bool:
        """Browsers say so to servers whose connection nobody can read: over TLS, or on the same machine."""
        headers = self.request.headers
        frame = headers.get("Sec-Fetch-Dest", "") in ("iframe", "frame")
        return frame and headers.get("Sec-Fetch-Site", "") == "cross-site"

    def set_cookie(self, name: str, value: Any, *args: Any, **kwargs: Any) -> None:
        """Cookies for a frame in another site's page are of this frame alone (CHIPS): browsers keep no
        other ones there. Python 3.11's own cookies do not know the attribute."""
        if not self._framed_by_another_site:
            super().set_cookie(name, value, *args, **kwargs)
            return
        cookie = SimpleCookie({name: value.decode() if isinstance(value, bytes) else value})
        made = cookie[name]
        made["path"] = kwargs.get("path", "/")
        made["secure"] = True
        made["samesite"] = "None"
        made["max-age"] = PAGE_SECONDS
        if kwargs.get("httponly"):
            made["httponly"] = True
        self.add_header("Set-Cookie", f"{made.OutputString()}; Partitioned")

    def _refuse(self, refusal: Problem) -> None:
        body = refusal.body
        self.set_status(body["status"])
        self.set_header("Cache-Control", "no-store")
        if "text/html" in self.request.headers.get("Accept", ""):
            policy = f"{self.content_security_policy}; default-src 'none'"
            self.set_header("Content-Security-Policy", policy)
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(PAGE.format(detail=html.escape(body["detail"])))
        else:
            self.set_header("Content-Type", MEDIA_TYPE)
            self.finish(json.dumps(body))


class AnonymousHandler(BridgeHandler):
    """Passes on what nobody has to be known for, and no cookie of Jupyter's."""

    async def prepare(self) -> None:  # type: ignore[override] # as in jupyter_server's own
        headers = self.request.headers
        try:
            self._host.policy.check(headers.get("Host", ""), headers.get("Origin"))
        except Problem as refusal:
            self.refuse(refusal.body)
            return
        self._identified(None)
        if not takes_named_tokens(self):
            self.refuse(problem_body(403, OTHERS_LOGIN, code="no_tickets"))

    @allow_unauthenticated
    async def _pass_on(self, *_: str) -> None:
        await self._bridge()

    get = head = post = put = patch = delete = trace = cast("Method", _pass_on)


class RedemptionHandler(AnonymousHandler):
    """Redeems a ticket for the token of a page."""


class LoginHandler(AnonymousHandler):
    """Sends a browser to an OpenID provider, and takes it back: with the cookie of that login alone."""

    def initialize(self, host: Any, allow: str) -> None:
        super().initialize(host, allow)
        # Whatever logs the request later logs this: the query has a code.
        self.request.uri = self.request.path

    def _scope(self) -> dict[str, Any]:
        scope = super()._scope()
        kept = self.get_cookie(LOGIN_COOKIE)
        if kept is not None:
            scope["headers"].append((b"cookie", f"{LOGIN_COOKIE}={kept}".encode("latin-1")))
        return scope

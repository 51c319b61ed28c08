"""The site's pages inside Jupyter Server: whoever is not logged in is sent to Jupyter's login.

This module loads while Jupyter starts, so it imports nothing of the MCP SDK.
"""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from jupyter_server.base.handlers import JupyterHandler
from tornado.web import authenticated

from jmcp.transport.jupyter_bridge import BridgeHandler, Method
from jmcp.transport.problems import Problem

PAGE_PATTERNS = (r"/jmcp/workbench(?:/[^/]+)?",)


class PageHandler(BridgeHandler):
    """A page, or a file of one. Unlike the API it sets Jupyter's cookies, which its requests need."""

    async def prepare(self) -> None:  # type: ignore[override] # as in jupyter_server's own
        headers = self.request.headers
        try:
            self._host.policy.check(headers.get("Host", ""), headers.get("Origin"))
        except Problem as refusal:
            self.refuse(refusal.body)
            return
        await JupyterHandler.prepare(self)

    @authenticated
    async def _page(self, *_: str) -> None:
        if "token" in self.request.query_arguments:
            # The token has become a cookie. Its URL is not one to keep in a browser's history.
            self.redirect(self._without_token())
            return
        # Asking for it sets its cookie.
        self.xsrf_token  # noqa: B018
        await self._authorized()

    get = head = cast("Method", _page)

    set_cookie = JupyterHandler.set_cookie

    def _without_token(self) -> str:
        rest = [
            (name, value)
            for name, values in self.request.query_arguments.items()
            if name != "token"
            for value in values
        ]
        return f"{self.request.path}?{urlencode(rest)}" if rest else self.request.path

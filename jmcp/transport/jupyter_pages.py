"""The site's pages inside Jupyter Server: whoever is not logged in is sent to Jupyter's login, unless
they come with a ticket, which the page itself redeems. Pages say nothing about anybody's notebooks.

This module loads while Jupyter starts, so it imports nothing of the MCP SDK.
"""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import authenticated

from jmcp.transport.jupyter_bridge import BridgeHandler, Method
from jmcp.transport.jupyter_identity import takes_named_tokens
from jmcp.transport.problems import Problem

PAGE_PATTERNS = (r"/jmcp/workbench(/[^/]+)?",)


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

    @allow_unauthenticated
    async def _answer(self, file: str | None) -> None:
        with_ticket = self.get_query_argument("entry", "") == "ticket"
        # The files of a page are the same for everybody, and a Hub does not know the person who asks
        # for a script: browsers fetch modules in a way for which it wants a proof that they cannot send.
        if self.current_user is None and (file or (with_ticket and takes_named_tokens(self))):
            await self._bridge()
        else:
            answer = self._page()
            if answer is not None:
                await answer

    @authenticated
    async def _page(self) -> None:
        if "token" in self.request.query_arguments:
            # The token has become a cookie. Its URL is not one to keep in a browser's history.
            self.redirect(self._without_token())
            return
        # Asking for it sets its cookie.
        self.xsrf_token  # noqa: B018
        await self._authorized()

    get = head = cast("Method", _answer)

    set_cookie = JupyterHandler.set_cookie

    def _without_token(self) -> str:
        rest = [
            (name, value)
            for name, values in self.request.query_arguments.items()
            if name != "token"
            for value in values
        ]
        return f"{self.request.path}?{urlencode(rest)}" if rest else self.request.path

"""A person's browser logs in at the provider, and comes in to the workbench with a ticket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import secrets
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from jmcp.transport.entry.entry import Entry
from jmcp.transport.entry.pages import WORKBENCH
from jmcp.transport.oauth.refusal import Refusal
from jmcp.transport.oauth.resource_server import ResourceServer
from jmcp.transport.oauth.settings import CALLBACK, LOGIN, LOGIN_COOKIE, MCP, resource_at
from jmcp.transport.problems import Problem

LOGIN_SECONDS = 600
"""So long a person may take to log in."""

RANDOM_BYTES = 32
MAX_SHOWN = 300
OTHER_BROWSER = (
    "This login was not begun in this browser, or more than ten minutes ago. Open {url} to log in."
)
PROVIDER_REFUSED = "{issuer} did not let you log in: {why}. Open {url} to try again."
OTHER_ISSUER = "This answer is not one of {issuer}."
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Not let in</title></head>
<body><h1>Not let in</h1><p>{detail}</p></body></html>
"""
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


class BrowserLogin:
    """The two ends of a login: where a browser is sent away, and where it comes back.

    What it comes back with is looked at as any token: the provider has to give one for this server,
    and its owner has to be let in. What belongs to a login between the two is in a cookie of that
    browser, so that nobody else can end it and nothing is kept here for those that never end.
    """

    def __init__(self, oauth: ResourceServer, entry: Entry) -> None:
        self._oauth = oauth
        self._entry = entry

    @property
    def endpoints(self) -> Mapping[str, Mapping[str, Callable[[Request], Awaitable[Response]]]]:
        return {LOGIN: {"GET": self.begin}, CALLBACK: {"GET": self.end}}

    async def begin(self, request: Request) -> Response:
        """Sends the browser to the provider."""
        root, settings = self._root(request), self._oauth.settings
        state, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(2))
        try:
            url = await self._oauth.authorization_url(
                {
                    "redirect_uri": f"{root}{CALLBACK}",
                    "resource": f"{root}{MCP}",
                    "state": state,
                    "code_challenge": _challenge(verifier),
                    "code_challenge_method": "S256",
                    "scope": " ".join(dict.fromkeys(("openid", *settings.scopes))),
                }
            )
        except Refusal as refusal:
            return _page(refusal.status, refusal.detail)
        answer = RedirectResponse(url, HTTPStatus.SEE_OTHER, PAGE_HEADERS)
        path, secure = _cookie_place(root)
        answer.set_cookie(
            LOGIN_COOKIE,
            f"{state}.{verifier}",
            max_age=LOGIN_SECONDS,
            path=path,
            secure=secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def end(self, request: Request) -> Response:
        """Takes the browser back, and lets it in to the workbench if that is whom it may."""
        root = self._root(request)
        try:
            answer = await self._ended(request, root)
        except Refusal as refusal:
            answer = _page(refusal.status, refusal.detail)
        except Problem as problem:
            answer = _page(problem.body["status"], problem.body["detail"])
        path, secure = _cookie_place(root)
        answer.delete_cookie(LOGIN_COOKIE, path=path, secure=secure, httponly=True, samesite="lax")
        return answer

    async def _ended(self, request: Request, root: str) -> Response:
        given, issuer = request.query_params, self._oauth.settings.issuer
        url = f"{root}{LOGIN}"
        state, _, verifier = request.cookies.get(LOGIN_COOKIE, "").partition(".")
        if not state or not hmac.compare_digest(state.encode(), given.get("state", "").encode()):
            raise Refusal(400, OTHER_BROWSER.format(url=url))
        if given.get("iss", issuer) != issuer:
            raise Refusal(400, OTHER_ISSUER.format(issuer=issuer))
        if "code" not in given:
            why = given.get("error_description") or given.get("error") or "it does not say why"
            shown = PROVIDER_REFUSED.format(issuer=issuer, why=why[:MAX_SHOWN], url=url)
            raise Refusal(403, shown)
        token = await self._oauth.redeemed(
            {
                "code": given["code"],
                "code_verifier": verifier,
                "redirect_uri": f"{root}{CALLBACK}",
                "resource": f"{root}{MCP}",
            }
        )
        principal = await self._oauth.principal(token)
        _, below = self._entry.way_in(principal, WORKBENCH)
        return RedirectResponse(f"{root}{below}", HTTPStatus.SEE_OTHER, PAGE_HEADERS)

    def _root(self, request: Request) -> str:
        return resource_at(self._oauth.settings, request.headers.get("host", "")).removesuffix(MCP)


def _challenge(verifier: str) -> str:
    """What PKCE makes of it (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _cookie_place(root: str) -> tuple[str, bool]:
    """The path that the cookie is for, and whether it is for TLS alone."""
    parts = urlsplit(root)
    return f"{parts.path}{LOGIN}", parts.scheme == "https"


def _page(status: int, detail: str) -> Response:
    return HTMLResponse(PAGE.format(detail=html.escape(detail)), status, PAGE_HEADERS)

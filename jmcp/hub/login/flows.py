"""A login that is under way, in a sealed cookie: whoever never comes back leaves nothing behind."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jmcp.hub.grants.sealing import Sealer
from jmcp.hub.grants.secret_tokens import digest
from jmcp.hub.login.cookies import FLOW, FLOW_SECONDS, MAX_COOKIE_CHARACTERS, Cookies
from jmcp.hub.login.hub_identity import HubIdentity

NAME_CHARACTERS = 12


class FlowTooLong(Exception):
    """What has to be remembered for the login does not fit into a cookie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A login under way: `then` says what it is for, as JSON data."""

    then: dict[str, Any]
    verifier: str = field(repr=False)


class Flows:
    """Logins of browsers that are on their way to the Hub and back.

    `state` has 256 random bits and stands in the URL; the cookie that belongs to it holds it sealed,
    with the rest. So an answer of the Hub counts only in the browser that was sent there.
    """

    def __init__(self, identity: HubIdentity, sealer: Sealer, cookies: Cookies) -> None:
        self._identity = identity
        self._sealer = sealer
        self._cookies = cookies

    def begin(
        self, request: Request, then: dict[str, Any], *, scopes: tuple[str, ...] = ()
    ) -> Response:
        """Send the browser to the Hub. Raises FlowTooLong."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        sealed = self._sealer.seal(json.dumps({"state": state, "verifier": verifier, "then": then}))
        if len(sealed) > MAX_COOKIE_CHARACTERS:
            raise FlowTooLong
        url = self._identity.authorize_url(state=state, verifier=verifier, scopes=scopes)
        response = RedirectResponse(url, 302)
        self._cookies.make_room(request, response, FLOW)
        self._cookies.set(response, _name(state), sealed, seconds=FLOW_SECONDS)
        return response

    def returned(self, request: Request) -> Flow | None:
        """The login whose answer this request is; None where this browser was not sent for it, or
        too long ago."""
        state = request.query_params.get("state", "")
        sealed = self._cookies.get(request, _name(state)) if state else ""
        opened = self._sealer.open(sealed, seconds=FLOW_SECONDS) if sealed else None
        if opened is None:
            return None
        kept = json.loads(opened)
        if not hmac.compare_digest(str(kept.get("state")).encode(), state.encode()):
            return None
        return Flow(then=kept["then"], verifier=kept["verifier"])

    def end(self, request: Request, response: Response) -> None:
        """Drop the cookie of the login whose answer this request was."""
        state = request.query_params.get("state", "")
        if state:
            self._cookies.clear(response, _name(state))


def _name(state: str) -> str:
    return FLOW + digest(state)[:NAME_CHARACTERS]

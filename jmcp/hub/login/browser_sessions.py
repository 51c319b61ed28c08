"""Browsers that are logged in at the gateway."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from jmcp.hub.grants.records import Record, Records
from jmcp.hub.grants.sealing import Sealer
from jmcp.hub.grants.secret_tokens import digest, new_token
from jmcp.hub.login.cookies import Cookies
from jmcp.hub.login.gateway_address import GatewayAddress
from jmcp.hub.login.hub_identity import HubLogin

COOKIE = "jmcp-session"
CSRF_HEADER = "X-JMCP-CSRF"
CSRF_FIELD = "csrf"
MAX_SECONDS = 12 * 3_600
"""A browser logs in again after a working day; with a login at the Hub that is one redirect."""

MAX_SESSIONS = 20
"""Of one user; with one more the one that ends first is ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSession:
    """A browser that is logged in. `csrf` goes with each request that changes something. `expires` is
    the session's end and `hub_token_expires` that of the Hub's token, in seconds since the epoch."""

    key: str = field(repr=False)
    user: str
    hub_token: str = field(repr=False)
    hub_token_expires: float
    csrf: str = field(repr=False)
    expires: float


class BrowserSessions:
    """The sessions in `records`; the cookie holds 256 random bits, and the record their hash."""

    def __init__(
        self,
        records: Records,
        sealer: Sealer,
        address: GatewayAddress,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._sealer = sealer
        self._address = address
        self._cookies = Cookies(address)
        self._clock = clock

    async def begin(self, response: Response, login: HubLogin) -> None:
        """A new session, whose cookie goes with `response`. Always a new one: an id that somebody
        else put into the browser before is worth nothing."""
        now = self._clock()
        expires = min(now + MAX_SECONDS, login.expires)
        theirs = await self._records.of_user("session", login.user)
        spare = sorted(theirs, key=lambda record: record.expires)
        for record in spare[: max(0, len(spare) - MAX_SESSIONS + 1)]:
            await self._records.remove("session", record.key)
        token = new_token()
        data = {
            "hub_token": self._sealer.seal(login.token),
            "hub_token_expires": login.expires,
            "csrf": secrets.token_urlsafe(24),
        }
        await self._records.add(
            Record(
                kind="session",
                key=digest(token),
                user=login.user,
                expires=expires,
                data=json.dumps(data),
            )
        )
        self._cookies.set(response, COOKIE, token, seconds=int(expires - now))

    async def of(self, request: Request) -> BrowserSession | None:
        """The session of the browser that asks; None where it is not logged in (any more)."""
        token = self._cookies.get(request, COOKIE)
        record = await self._records.get("session", digest(token)) if token else None
        if record is None:
            return None
        data = json.loads(record.data)
        hub_token = self._sealer.open(data["hub_token"])
        if hub_token is None:
            return None
        return BrowserSession(
            key=record.key,
            user=record.user,
            hub_token=hub_token,
            hub_token_expires=data["hub_token_expires"],
            csrf=data["csrf"],
            expires=record.expires,
        )

    async def end(self, request: Request, response: Response) -> None:
        """Log the browser out at the gateway. Idempotent."""
        token = self._cookies.get(request, COOKIE)
        if token:
            await self._records.remove("session", digest(token))
        self._cookies.clear(response, COOKIE)

    def is_own_request(self, request: Request, session: BrowserSession, given: str = "") -> bool:
        """Whether a request that changes something comes from the gateway's own page: it has the
        session's CSRF token, in its header or as `given` by a form, and no foreign origin."""
        origin = request.headers.get("origin")
        if origin is not None and origin != self._address.origin:
            return False
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        token = request.headers.get(CSRF_HEADER, "") or given
        return hmac.compare_digest(token.encode(), session.csrf.encode())

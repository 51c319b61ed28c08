"""The page on which a user allows a client, or does not."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jmcp.core.errors import StateUnavailable
from jmcp.hub.grants.grant import Grant
from jmcp.hub.grants.grants import MAX_GRANTS, new_grant_id
from jmcp.hub.grants.records import Record, Records
from jmcp.hub.grants.sealing import Sealer
from jmcp.hub.grants.secret_tokens import digest, new_token
from jmcp.hub.login.browser_sessions import CSRF_FIELD
from jmcp.hub.login.cookies import Cookies
from jmcp.hub.login.gateway_address import GatewayAddress
from jmcp.hub.login.hub_identity import HubLogin
from jmcp.hub.login.login_log import note
from jmcp.hub.login.pages import Page, error_page
from jmcp.hub.oauth.answers import OAuthError, form_of
from jmcp.hub.oauth.authorization import STORE_SILENT, AuthorizationRequest, redirect, refusal
from jmcp.hub.oauth.challenge import SCOPE
from jmcp.hub.oauth.redirect_uris import is_loopback, place_of

COOKIE = "jmcp-consent-"
CONSENT_SECONDS = 600
CODE_SECONDS = 60.0
CODE_KEPT_SECONDS = 900.0
"""A used code is remembered so long, to see that it is used a second time."""

WAITING_CONSENTS = 10
"""Of one user at once; with one more the one that ends first is dropped."""

BODY = Markup(
    "<p>It will read and change your notebooks and files, and run code as you.</p>"
    "<dl><dt>You are</dt><dd><strong>{user}</strong></dd>"
    "<dt>Program</dt><dd>{name}</dd>"
    "<dt>Of</dt><dd>{origin}</dd>"
    "<dt>Answer goes to</dt><dd><code>{place}</code>{local}</dd>"
    "<dt>Until</dt><dd>{until}</dd></dl>"
    '<p class="quiet">Allow it only if you began this login yourself just now. '
    'You can end it at any time at <a href="{home}">{home_text}</a>; a logout at the Hub ends it too.</p>'
    '<form method="post"><input type="hidden" name="csrf" value="{csrf}">'
    '<button class="act" name="decision" value="allow">Allow</button>'
    '<button name="decision" value="deny">Deny</button></form>'
)
NOT_CHECKED = Markup(
    '<span class="warn">unknown: it registered itself, nobody has checked its name</span>'
)
UNKNOWN = "This question is not open any more"
WHY_UNKNOWN = (
    "It was answered already, is older than ten minutes, or was asked in another browser. Begin the "
    "login again in the program that opened this page."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """`/consent`, to which a login for a client leads."""

    address: GatewayAddress
    records: Records
    sealer: Sealer
    cookies: Cookies
    clock: Callable[[], float] = time.time

    # -- after the login (`Continuation`) ------------------------------------------------------

    async def logged_in(self, request: Request, then: dict[str, Any], login: HubLogin) -> Response:
        theirs = await self.records.of_user("consent", login.user)
        spare = sorted(theirs, key=lambda record: record.expires)
        for record in spare[: max(0, len(spare) - WAITING_CONSENTS + 1)]:
            await self.records.remove("consent", record.key)
        secret = new_token()
        data = {
            "request": then["request"],
            "hub_token": self.sealer.seal(login.token),
            "hub_token_expires": login.expires,
            "csrf": secrets.token_urlsafe(24),
        }
        await self.records.add(
            Record(
                kind="consent",
                key=digest(secret),
                user=login.user,
                expires=min(self.clock() + CONSENT_SECONDS, login.expires),
                data=json.dumps(data),
            )
        )
        name = digest(secret)[:12]
        response = RedirectResponse(f"{self.address.prefix}/consent?login={name}", 303)
        self.cookies.make_room(request, response, COOKIE)
        self.cookies.set(response, COOKIE + name, secret, seconds=CONSENT_SECONDS)
        return response

    async def refused(self, request: Request, then: dict[str, Any], error: str) -> Response:
        asked = AuthorizationRequest(**then["request"])
        known = error if error in ("access_denied", "temporarily_unavailable") else "server_error"
        return refusal(
            self.address,
            asked.redirect_uri,
            error=known,
            description="The Hub did not log the user in",
            state=asked.state,
        )

    # -- the page ------------------------------------------------------------------------------

    async def answer(self, request: Request) -> Response:
        try:
            record = await self._record(request)
            if record is None:
                return error_page(UNKNOWN, WHY_UNKNOWN)
            if request.method == "POST":
                return await self._decided(request, record)
            return self._page(record)
        except OAuthError as error:
            return error_page("This cannot be read", f"{error.description}.", status=error.status)
        except StateUnavailable:
            return error_page("This login cannot go on", STORE_SILENT, status=503)

    async def _record(self, request: Request) -> Record | None:
        name = request.query_params.get("login", "")
        secret = self.cookies.get(request, COOKIE + name) if name else ""
        return await self.records.get("consent", digest(secret)) if secret else None

    def _page(self, record: Record) -> Response:
        data = json.loads(record.data)
        asked = AuthorizationRequest(**data["request"])
        until = datetime.fromtimestamp(data["hub_token_expires"], UTC)
        loopback = is_loopback(asked.redirect_uri)
        body = BODY.format(
            user=record.user,
            name=asked.client_name,
            origin=asked.document_host or NOT_CHECKED,
            place=place_of(asked.redirect_uri),
            local=" (a program on your own computer)" if loopback else "",
            until=f"{until:%d %B %Y %H:%M} UTC",
            home=f"{self.address.prefix}/",
            home_text=f"{self.address.host}{self.address.prefix}/",
            csrf=data["csrf"],
        )
        heading = f"Let {asked.client_name} use your Jupyter server?"
        return Page(heading, body, leads_away=True)

    async def _decided(self, request: Request, record: Record) -> Response:
        form = await form_of(request)
        data = json.loads(record.data)
        own = request.headers.get("origin", self.address.origin) == self.address.origin
        given = form.get(CSRF_FIELD, "")
        if not own or not hmac.compare_digest(given.encode(), data["csrf"].encode()):
            return error_page(
                "Nothing was allowed",
                "The answer did not come from this page. Open it again.",
                status=403,
            )
        decision = form.get("decision")
        if decision not in ("allow", "deny"):
            return error_page("Nothing was allowed", "Use one of the two buttons.")
        # Of several answers to one question the first counts.
        if not await self.records.remove("consent", record.key):
            return error_page(UNKNOWN, WHY_UNKNOWN)
        asked = AuthorizationRequest(**data["request"])
        if decision == "deny":
            _note("denied", record.user, asked)
            response = redirect(
                self.address,
                asked.redirect_uri,
                error="access_denied",
                error_description="the user did not allow it",
                state=asked.state,
            )
        else:
            code = await self._code(record.user, asked, data)
            response = redirect(self.address, asked.redirect_uri, code=code, state=asked.state)
        self.cookies.clear(response, COOKIE + request.query_params.get("login", ""))
        return response

    async def _code(self, user: str, asked: AuthorizationRequest, data: dict[str, Any]) -> str:
        """An authorization code. Its grant is there already, for as long as the code may be redeemed:
        so whoever finds a code used twice can end what came of it."""
        now = self.clock()
        grant = Grant(
            id=new_grant_id(),
            user=user,
            kind="client",
            name=asked.client_name,
            client_id=asked.client_id,
            redirect_host=place_of(asked.redirect_uri),
            scopes=(SCOPE,),
            resource=asked.resource,
            created=now,
            expires=data["hub_token_expires"],
            sealed_hub_token=data["hub_token"],
        )
        await self._make_room(user)
        _note("allowed", user, asked, grant.id)
        await self.records.add(grant.record(expires=now + CODE_SECONDS))
        code = new_token()
        kept = {
            "client_id": asked.client_id,
            "redirect_uri": asked.redirect_uri,
            "challenge": asked.challenge,
            "resource": asked.resource,
            "grant": grant.id,
            "until": now + CODE_SECONDS,
            "used": False,
        }
        await self.records.add(
            Record(
                kind="code",
                key=digest(code),
                user=user,
                expires=now + CODE_KEPT_SECONDS,
                data=json.dumps(kept),
            )
        )
        return code

    async def _make_room(self, user: str) -> None:
        """End the grants that were not used for longest, where a user has too many clients."""
        found = await self.records.of_user("grant", user)
        clients = [record for record in found if json.loads(record.data)["kind"] == "client"]

        def last_used(record: Record) -> float:
            values = json.loads(record.data)
            return float(max(values["last_used"], values["created"]))

        clients.sort(key=last_used)
        for record in clients[: max(0, len(clients) - MAX_GRANTS + 1)]:
            await self.records.remove("grant", record.key)


def _note(event: str, user: str, asked: AuthorizationRequest, grant: str = "") -> None:
    note(
        event,
        user=user,
        grant=grant,
        client=asked.client_name,
        of=asked.document_host or "registered",
        to=place_of(asked.redirect_uri),
    )

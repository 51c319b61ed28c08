"""The token endpoint: authorization codes and refresh tokens become access tokens."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from jmcp.core.errors import StateUnavailable
from jmcp.hub.grants.grant import Grant, decode_grant
from jmcp.hub.grants.grants import access_record, covers
from jmcp.hub.grants.records import Record, Records
from jmcp.hub.grants.sealing import Sealer
from jmcp.hub.grants.secret_tokens import ACCESS, REFRESH, digest, new_token
from jmcp.hub.login.hub_identity import HubIdentity, challenge_of
from jmcp.hub.login.login_log import note
from jmcp.hub.oauth.answers import OAuthError, form_of, json_answer
from jmcp.hub.oauth.authorization import normal
from jmcp.hub.oauth.client_authentication import client_of_request
from jmcp.hub.oauth.clients import Clients
from jmcp.hub.oauth.limits import RateLimit, for_each

ACCESS_SECONDS = 3_600.0
REPEAT_SECONDS = 15.0
"""A refresh token may be redeemed again for so long: the answer was lost, or two processes of one
client asked at the same moment."""

MAX_REPEATS = 3
CHANGE_ATTEMPTS = 20
VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
REUSED = ("invalid_grant", "the code was used already; log in again")
GONE = "the login has ended or was revoked; log in again"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    """The token endpoint."""

    clients: Clients
    records: Records
    sealer: Sealer
    identity: HubIdentity
    clock: Callable[[], float] = time.time
    refreshes: RateLimit = field(default_factory=for_each)
    """Of each grant: each leaves records, and costs the Hub a question."""

    async def answer(self, request: Request) -> Response:
        form = await form_of(request)
        client_id = await client_of_request(self.clients, request, form)
        match form.get("grant_type"):
            case "authorization_code":
                return await self._of_code(client_id, form)
            case "refresh_token":
                return await self._of_refresh_token(client_id, form)
        raise OAuthError(
            "unsupported_grant_type", "grant_type is authorization_code or refresh_token"
        )

    # -- codes ---------------------------------------------------------------------------------

    async def _of_code(self, client_id: str, form: dict[str, str]) -> Response:
        record = await self.records.get("code", digest(form.get("code", "")))
        code = json.loads(record.data) if record is not None else {}
        if record is None or code["client_id"] != client_id:
            raise OAuthError("invalid_grant", "the code is unknown or expired")
        # One attempt: whoever fails has to log in again, and nobody can try verifiers.
        used = replace(record, data=json.dumps(code | {"used": True}))
        first = not code["used"] and await self.records.change(record, used)
        problem = self._problem(code, form) if first else REUSED
        if problem is not None:
            note("code_refused", user=record.user, grant=code["grant"], attack=True, why=problem[1])
            await self.records.remove("grant", code["grant"])
            raise OAuthError(*problem)
        return await self._first_tokens(client_id, code["grant"])

    def _problem(self, code: dict[str, Any], form: dict[str, str]) -> tuple[str, str] | None:
        """Why that request does not come from whoever began the login."""
        if code["until"] <= self.clock():
            return "invalid_grant", "the code is unknown or expired"
        # OAuth 2.1 leaves redirect_uri out, as the verifier shows more; a wrong one is still wrong.
        if form.get("redirect_uri", code["redirect_uri"]) != code["redirect_uri"]:
            return "invalid_grant", "redirect_uri is another one than at the authorization"
        verifier = form.get("code_verifier", "")
        challenge = challenge_of(verifier) if VERIFIER.fullmatch(verifier) else ""
        if not hmac.compare_digest(challenge.encode(), code["challenge"].encode()):
            return "invalid_grant", "code_verifier does not belong to code_challenge"
        if "resource" in form and normal(form["resource"]) != code["resource"]:
            return "invalid_target", f"this login is for {code['resource']}"
        return None

    async def _first_tokens(self, client_id: str, grant_id: str) -> Response:
        stored = await self.records.get("grant", grant_id)
        if stored is None:
            raise OAuthError("invalid_grant", GONE)
        answer = await self._issued(stored, repeats=0)
        if answer is None:
            raise OAuthError("invalid_grant", GONE)
        note("tokens_given", user=stored.user, grant=grant_id)
        await self.clients.used(client_id)
        return answer

    # -- refresh tokens ------------------------------------------------------------------------

    async def _of_refresh_token(self, client_id: str, form: dict[str, str]) -> Response:
        record = await self.records.get("refresh", digest(form.get("refresh_token", "")))
        refresh = json.loads(record.data) if record is not None else {}
        stored = await self.records.get("grant", refresh["grant"]) if refresh else None
        if stored is None or decode_grant(stored).client_id != client_id:
            raise OAuthError("invalid_grant", GONE)
        grant = decode_grant(stored)
        if "resource" in form and not covers(grant.resource, normal(form["resource"])):
            raise OAuthError("invalid_target", f"this login is for {grant.resource}")
        if wait := self.refreshes.admit(grant.id):
            raise OAuthError(
                "temporarily_unavailable",
                "too many refreshes; try again later",
                status=429,
                Retry_After=str(ceil(wait)),
            )
        await self._check_hub_token(grant)
        for _ in range(CHANGE_ATTEMPTS):
            answer = await self._refreshed(grant.id, refresh["generation"])
            if answer is not None:
                await self.clients.used(client_id)
                return answer
        raise StateUnavailable.contended(file="the grant")

    async def _check_hub_token(self, grant: Grant) -> None:
        """Without the Hub's token a new one of the gateway is worth nothing: then the login is over,
        and the client begins another one."""
        hub_token = self.sealer.open(grant.sealed_hub_token)
        user = await self.identity.user(hub_token) if hub_token is not None else None
        if user != grant.user:
            note("hub_token_ended", user=grant.user, grant=grant.id)
            await self.records.remove("grant", grant.id)
            raise OAuthError("invalid_grant", GONE)

    async def _refreshed(self, grant_id: str, generation: int) -> Response | None:
        """New tokens; None where the grant changed meanwhile."""
        stored = await self.records.get("grant", grant_id)
        if stored is None:
            raise OAuthError("invalid_grant", GONE)
        grant = decode_grant(stored)
        if generation == grant.generation:
            return await self._issued(stored, repeats=0)
        repeated = (
            generation == grant.generation - 1
            and self.clock() - grant.rotated < REPEAT_SECONDS
            and grant.repeats < MAX_REPEATS
        )
        if repeated:
            return await self._issued(stored, repeats=grant.repeats + 1)
        # Two have the token, and one of them is not the client.
        note("refresh_token_reused", user=grant.user, grant=grant.id, attack=True)
        await self.records.remove("grant", grant_id)
        raise OAuthError("invalid_grant", "the refresh token was used already; log in again")

    async def _issued(self, stored: Record, *, repeats: int) -> Response | None:
        """Tokens of that grant's next generation, or once more of the one that began just now; None
        where the grant changed meanwhile.

        The tokens are written first: until the grant says that their generation has begun they are
        of no use, and whoever asks again finds the old one valid.
        """
        before = decode_grant(stored)
        now = self.clock()
        generation = before.generation if repeats else before.generation + 1
        after = replace(
            before,
            generation=generation,
            rotated=before.rotated if repeats else now,
            repeats=repeats,
        )
        access, refresh = new_token(ACCESS), new_token(REFRESH)
        access_expires = min(now + ACCESS_SECONDS, after.expires)
        await self.records.add(access_record(access, after, expires=access_expires))
        await self.records.add(
            Record(
                kind="refresh",
                key=digest(refresh),
                user=after.user,
                expires=after.expires,
                data=json.dumps({"grant": after.id, "generation": generation}),
            )
        )
        if not await self.records.change(stored, after.record()):
            await self.records.remove("access", digest(access))
            await self.records.remove("refresh", digest(refresh))
            return None
        return json_answer(
            {
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": int(access_expires - now),
                "refresh_token": refresh,
                "scope": " ".join(after.scopes),
            }
        )

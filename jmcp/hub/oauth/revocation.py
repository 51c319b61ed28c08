"""The revocation endpoint (RFC 7009)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from jmcp.hub.grants.grant import decode_grant
from jmcp.hub.grants.records import Kind, Records
from jmcp.hub.grants.secret_tokens import digest
from jmcp.hub.login.login_log import note
from jmcp.hub.oauth.answers import NO_STORE, OAuthError, form_of
from jmcp.hub.oauth.client_authentication import client_of_request
from jmcp.hub.oauth.clients import Clients

KINDS: tuple[Kind, ...] = ("refresh", "access")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Ends a client's access token, and with a refresh token all that its login gave it."""

    clients: Clients
    records: Records

    async def answer(self, request: Request) -> Response:
        form = await form_of(request)
        client_id = await client_of_request(self.clients, request, form)
        if not form.get("token"):
            raise OAuthError("invalid_request", "token is missing")
        await self._revoke(client_id, form["token"])
        # Also for a token that is unknown or another client's: nobody learns what there is.
        return Response(status_code=200, headers=NO_STORE)

    async def _revoke(self, client_id: str, token: str) -> None:
        for kind in KINDS:
            record = await self.records.get(kind, digest(token))
            if record is None:
                continue
            grant_id = json.loads(record.data)["grant"]
            stored = await self.records.get("grant", grant_id)
            if stored is None or decode_grant(stored).client_id != client_id:
                return
            await self.records.remove(kind, record.key)
            note("revoked_by_client", user=stored.user, grant=grant_id, token=kind)
            if kind == "refresh":
                await self.records.remove("grant", grant_id)

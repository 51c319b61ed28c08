"""Dynamic registration of clients (RFC 7591), within limits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from jmcp.hub.login.login_log import note
from jmcp.hub.oauth.answers import OAuthError, body_of, json_answer
from jmcp.hub.oauth.challenge import SCOPE
from jmcp.hub.oauth.client import AUTH_METHODS, AuthMethod, shown_name
from jmcp.hub.oauth.clients import Clients, TooManyClients
from jmcp.hub.oauth.limits import RateLimit
from jmcp.hub.oauth.redirect_uris import problem_of

MAX_BYTES = 8_192
MAX_REDIRECTS = 10
FULL = "there are too many registrations; try again tomorrow, or use a token"
INVALID = "invalid_client_metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The registration endpoint. `address_of` is the address of whoever asks."""

    clients: Clients
    limit: RateLimit
    address_of: Callable[[Request], str]

    async def answer(self, request: Request) -> Response:
        wait = self.limit.admit(self.address_of(request))
        if wait:
            raise OAuthError(
                "temporarily_unavailable",
                "too many registrations; try again later",
                status=429,
                Retry_After=str(ceil(wait)),
            )
        values = _object(await body_of(request, MAX_BYTES))
        redirect_uris = _redirect_uris(values)
        method = _auth_method(values)
        for name, one in (("grant_types", "authorization_code"), ("response_types", "code")):
            if one not in _strings(values, name, [one]):
                raise OAuthError(INVALID, f"{name} has to include {one}")
        name = shown_name(values.get("client_name"), "A client without a name")
        try:
            client, secret = await self.clients.register(
                name=name, redirect_uris=redirect_uris, auth_method=method
            )
        except TooManyClients:
            raise OAuthError("temporarily_unavailable", FULL, status=503) from None
        note("registered", client=client.name, id=client.id, address=self.address_of(request))
        answer: dict[str, Any] = {
            "client_id": client.id,
            "client_id_issued_at": int(time.time()),
            "client_name": client.name,
            "redirect_uris": list(client.redirect_uris),
            "token_endpoint_auth_method": client.auth_method,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "scope": SCOPE,
        }
        if secret:
            answer |= {"client_secret": secret, "client_secret_expires_at": 0}
        return json_answer(answer, 201)


def _object(body: bytes) -> dict[str, Any]:
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise OAuthError(INVALID, "send a JSON object")
    return values


def _redirect_uris(values: dict[str, Any]) -> tuple[str, ...]:
    uris = _strings(values, "redirect_uris", [])
    if not 0 < len(uris) <= MAX_REDIRECTS:
        raise OAuthError("invalid_redirect_uri", f"give 1 to {MAX_REDIRECTS} redirect_uris")
    for uri in uris:
        problem = problem_of(uri)
        if problem:
            raise OAuthError("invalid_redirect_uri", problem)
    return tuple(uris)


def _auth_method(values: dict[str, Any]) -> AuthMethod:
    # RFC 7591 has client_secret_basic for one that does not say.
    method = values.get("token_endpoint_auth_method") or "client_secret_basic"
    for one in AUTH_METHODS:
        if one == method:
            return one
    raise OAuthError(INVALID, f"token_endpoint_auth_method is one of {', '.join(AUTH_METHODS)}")


def _strings(values: dict[str, Any], name: str, default: list[str]) -> list[str]:
    given = values.get(name)
    if given is None:
        return default
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise OAuthError(INVALID, f"{name} is a list of strings")
    return given

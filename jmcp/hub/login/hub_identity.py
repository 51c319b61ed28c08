"""The Hub as the identity: the gateway is one confidential OAuth client of it."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx2

TIMEOUT_SECONDS = 10.0
DEFAULT_LIFE_SECONDS = 3_600.0
"""Where the Hub does not say how long its token lives."""


class HubUnavailable(Exception):
    """The Hub did not answer, or with an error of its own. Nothing is known about the token."""


class HubRefused(Exception):
    """The Hub did not take the code: it is used up, expired, or not this gateway's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubLogin:
    """A user who has logged in. `expires` is the end of the Hub's token, in seconds since the epoch."""

    user: str
    token: str = field(repr=False)
    expires: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HubClient:
    """What the Hub gives its managed service. `api_url` is for the gateway; `authorize_url` is for
    browsers; `redirect_uri` is as registered there, a path where the Hub has no subdomains."""

    api_url: str
    authorize_url: str
    redirect_uri: str
    client_id: str
    client_secret: str = field(repr=False)


class HubIdentity:
    """The Hub's OAuth provider and its answer to who somebody is."""

    def __init__(
        self,
        client: HubClient,
        http: httpx2.AsyncClient,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._http = http
        self._clock = clock

    def authorize_url(self, *, state: str, verifier: str, scopes: Sequence[str] = ()) -> str:
        """Where a browser goes to log in. Without `scopes` the token has all that the Hub allows the
        gateway."""
        query = {
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "response_type": "code",
            "state": state,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        if scopes:
            query["scope"] = " ".join(scopes)
        return f"{self._client.authorize_url}?{urlencode(query)}"

    async def redeem(self, code: str, verifier: str) -> HubLogin:
        """The login of a code of the Hub. Raises HubRefused, HubUnavailable."""
        answer = await self._asked(
            "POST",
            "/oauth2/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "client_id": self._client.client_id,
                "client_secret": self._client.client_secret,
                "redirect_uri": self._client.redirect_uri,
                "code_verifier": verifier,
            },
        )
        if answer.status_code != 200:
            raise HubRefused
        given = _json(answer)
        token = given.get("access_token")
        life = given.get("expires_in")
        seconds = float(life) if isinstance(life, int | float) and life > 0 else None
        if not isinstance(token, str) or not token:
            raise HubUnavailable
        user = await self.user(token)
        if user is None:
            raise HubRefused
        expires = self._clock() + (seconds if seconds is not None else DEFAULT_LIFE_SECONDS)
        return HubLogin(user=user, token=token, expires=expires)

    async def user(self, token: str) -> str | None:
        """The name of the user whose token it is; None where the Hub does not take it (any more).
        Raises HubUnavailable."""
        answer = await self._asked("GET", "/user", headers={"Authorization": f"Bearer {token}"})
        if answer.status_code in (401, 403):
            return None
        model = _json(answer) if answer.status_code == 200 else {}
        if model.get("kind") != "user" or not isinstance(model.get("name"), str):
            raise HubUnavailable
        return str(model["name"])

    async def _asked(self, method: str, path: str, **request: Any) -> httpx2.Response:
        try:
            answer = await self._http.request(
                method, self._client.api_url + path, timeout=TIMEOUT_SECONDS, **request
            )
        except httpx2.HTTPError as error:
            raise HubUnavailable from error
        if answer.status_code >= 500 or answer.is_redirect:
            raise HubUnavailable
        return answer


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636)."""
    hashed = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        value = answer.json()
    except ValueError:
        raise HubUnavailable from None
    if not isinstance(value, dict):
        raise HubUnavailable
    return value

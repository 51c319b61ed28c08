"""What an OpenID provider says of itself, and how it is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx2

from jmcp.core.loopback import is_loopback
from jmcp.transport.oauth.refusal import Away

ANSWER_SECONDS = 5.0
"""For one answer, whole."""

MAX_BYTES = 1024 * 1024
"""Of one answer: those of the largest providers have some ten thousand bytes."""

RETRY_SECONDS = 5.0
METADATA_SECONDS = 3600.0
"""So long what the provider said of itself is taken as it was."""

HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""Nothing compressed, whose size is known only once it is in memory."""

UNAVAILABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
WELL_KNOWN = "/.well-known/"
NO_ANSWER = (
    "The OpenID provider {issuer} does not answer ({why}): tokens that are not known here cannot be checked "
    "until it does."
)
BAD_ANSWER = "The OpenID provider {issuer} cannot be used: {why}."


class Unusable(Away):
    """The provider answers with what cannot be right; somebody has to change something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is needed of a provider's metadata. Every URL is https, or on this machine."""

    jwks_uri: str | None
    introspection_endpoint: str | None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    introspection_by_post: bool = False
    token_by_post: bool = False


def is_secure(url: str) -> bool:
    """Whether nobody on the way can change what comes from there."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    )


def discovery_urls(issuer: str) -> list[str]:
    """Where a provider's metadata may be: as OpenID Connect has it, as RFC 8414 has it."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    return [
        f"{issuer.rstrip('/')}{WELL_KNOWN}openid-configuration",
        f"{origin}{WELL_KNOWN}oauth-authorization-server{path}",
    ]


def _by_post(found: Mapping[str, Any], endpoint: str) -> bool:
    """Whether a client says at that endpoint who it is in the body, because it cannot in a header."""
    methods = found.get(f"{endpoint}_auth_methods_supported")
    return isinstance(methods, list) and "client_secret_basic" not in methods


class Provider:
    """One provider, asked over HTTP without following redirects."""

    def __init__(self, issuer: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self.issuer = issuer
        self._transport = transport
        self._http: httpx2.AsyncClient | None = None

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def metadata(self) -> Metadata:
        """What the provider says of itself. Raises Away, Unusable."""
        for url in discovery_urls(self.issuer):
            status, found = await self.answer("GET", url)
            if status == HTTPStatus.OK:
                return self._metadata(url, found)
        raise self.unusable(f"it has no metadata at {' or '.join(discovery_urls(self.issuer))}")

    def _metadata(self, url: str, found: Mapping[str, Any]) -> Metadata:
        said = found.get("issuer")
        if said != self.issuer:
            raise self.unusable(
                f"at {url} it calls itself {said!r:.300}, which has to be the value of --oauth-issuer, "
                "letter by letter"
            )
        return Metadata(
            jwks_uri=self._url(found, "jwks_uri"),
            introspection_endpoint=self._url(found, "introspection_endpoint"),
            authorization_endpoint=self._url(found, "authorization_endpoint"),
            token_endpoint=self._url(found, "token_endpoint"),
            introspection_by_post=_by_post(found, "introspection_endpoint"),
            token_by_post=_by_post(found, "token_endpoint"),
        )

    def _url(self, found: Mapping[str, Any], name: str) -> str | None:
        url = found.get(name)
        if url is None:
            return None
        if not isinstance(url, str) or not is_secure(url):
            raise self.unusable(f"its {name} is not an https URL")
        return url

    async def answer_to_client(
        self, url: str, data: Mapping[str, str], *, client: tuple[str, str], by_post: bool
    ) -> tuple[int, Mapping[str, Any]]:
        """The answer to a client that says who it is, by its id and secret. Raises Away, Unusable."""
        client_id, secret = client
        if by_post:
            credentials = {"client_id": client_id, "client_secret": secret}
            return await self.answer("POST", url, data={**data, **credentials})
        # RFC 6749, section 2.3.1
        auth = (quote_plus(client_id), quote_plus(secret))
        return await self.answer("POST", url, data=data, auth=auth)

    async def answer(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> tuple[int, Mapping[str, Any]]:
        """The status of an answer and its JSON object, which is empty unless the status is 200.

        Raises Away, Unusable.
        """
        if self._http is None:
            self._http = httpx2.AsyncClient(
                transport=self._transport, timeout=ANSWER_SECONDS, follow_redirects=False
            )
        try:
            # The client's own limit is for each read, and a server can drip.
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self._http.stream(method, url, headers=HEADERS, data=data, auth=auth) as answer,
            ):
                return answer.status_code, await self._object(url, answer)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            raise self.away(type(error).__name__) from error

    async def _object(self, url: str, answer: httpx2.Response) -> Mapping[str, Any]:
        if answer.status_code in UNAVAILABLE:
            raise self.away(f"status {answer.status_code}")
        if answer.is_redirect:
            raise self.unusable(f"{url} redirects, which is not followed")
        if answer.status_code != HTTPStatus.OK:
            return {}
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise self.unusable(f"the answer of {url} is compressed, which was not asked for")
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise self.unusable(f"the answer of {url} has more than {MAX_BYTES:,} bytes")
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self.unusable(f"the answer of {url} is not a JSON object")
        return found

    def away(self, why: str) -> Away:
        return Away(NO_ANSWER.format(issuer=self.issuer, why=why), RETRY_SECONDS)

    def unusable(self, why: str) -> Unusable:
        return Unusable(BAD_ANSWER.format(issuer=self.issuer, why=why), RETRY_SECONDS)

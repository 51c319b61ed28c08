"""The REST API of a remote Jupyter Server, with jmcp's errors."""

from __future__ import annotations

import json
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx2

from jmcp_api.backend_errors import JupyterRefused, JupyterUnreachable

REQUEST_SECONDS = 30.0
"""Jupyter answers most requests in milliseconds; saving a large notebook takes seconds."""

REFUSED_STATUSES = (401, 403)
AWAY_STATUSES = (424, 502, 503, 504)
"""What a proxy answers for a server that is not there; 424 is JupyterHub's own."""


Decoded = TypeVar("Decoded", dict[str, Any], list[Any])


class JupyterApi:
    """One server, named by the URL that its base_url is part of. Keeps its connections open.

    The token travels in a header only: URLs end up in logs.
    """

    def __init__(self, url: str, token: str | None, *, seconds: float = REQUEST_SECONDS) -> None:
        self.url = url.rstrip("/") + "/"
        self.headers = {"Authorization": f"token {token}"} if token else {}
        self._http = httpx2.AsyncClient(base_url=self.url, headers=self.headers, timeout=seconds)

    async def request(
        self, method: str, path: str, *, body: Any = None, **query: Any
    ) -> httpx2.Response:
        """The response, whatever its status, unless the token or the whole server was refused.

        `path` is relative to the server's base_url and quoted already (`quoted`). Raises
        JupyterUnreachable, JupyterRefused.
        """
        try:
            response = await self.send(method, path, body=body, **query)
        except httpx2.TransportError as error:
            raise JupyterUnreachable.no_answer(url=self.url, reason=_brief(error)) from error
        self._check(response, method, path)
        return response

    async def json_within(self, path: str, limit: int) -> tuple[int, Any]:
        """The status of a GET and the JSON of a successful answer; None for what is no JSON, and for
        an answer of more than `limit` bytes, which is not read to its end.

        Raises as `request`.
        """
        body = bytearray()
        try:
            async with self._http.stream("GET", path) as response:
                self._check(response, "GET", path)
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > limit:
                        return response.status_code, None
        except httpx2.TransportError as error:
            raise JupyterUnreachable.no_answer(url=self.url, reason=_brief(error)) from error
        if not response.is_success:
            return response.status_code, None
        try:
            return response.status_code, json.loads(bytes(body))
        except (ValueError, RecursionError):  # hostile JSON is nested deeply
            return response.status_code, None

    def _check(self, response: httpx2.Response, method: str, path: str) -> None:
        """Raise JupyterUnreachable, JupyterRefused where the token or the whole server was refused."""
        if response.status_code in AWAY_STATUSES:
            raise JupyterUnreachable.behind_proxy(url=self.url, status=response.status_code)
        if response.status_code in REFUSED_STATUSES or asks_for_login(response):
            raise JupyterRefused.request(
                url=self.url, method=method, path=path, status=response.status_code
            )

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        seconds: float | None = None,
        **query: Any,
    ) -> httpx2.Response:
        """The response as it came, a refusal too. Raises httpx2.TransportError."""
        limit = httpx2.USE_CLIENT_DEFAULT if seconds is None else httpx2.Timeout(seconds)
        return await self._http.request(
            method,
            path,
            # As Python writes JSON, NaN included: notebooks have it, and Jupyter reads it.
            content=None if body is None else json.dumps(body).encode(),
            headers=None if body is None else {"Content-Type": "application/json"},
            params=query or None,
            timeout=limit,
        )

    def decoded(self, response: httpx2.Response, kind: type[Decoded]) -> Decoded:
        """The JSON of a successful answer, which has to be of that type.

        Raises JupyterUnreachable for any other answer.
        """
        if response.is_error:
            raise JupyterUnreachable.failed(url=self.url, **_asked(response))
        try:
            found = response.json()
        except ValueError:
            found = None
        if response.is_redirect or not isinstance(found, kind):
            raise self.not_its_answer(response)
        return found

    def model(self, response: httpx2.Response, **fields: type) -> dict[str, Any]:
        """The JSON object of a successful answer, which has to have these fields of these types.

        Raises JupyterUnreachable for any other answer.
        """
        found = self.decoded(response, dict)
        if not all(isinstance(found.get(name), kind) for name, kind in fields.items()):
            raise self.not_its_answer(response)
        return found

    def not_its_answer(self, response: httpx2.Response) -> JupyterUnreachable:
        """The error for an answer that a Jupyter Server does not give."""
        content_type = response.headers.get("content-type", "nothing").partition(";")[0]
        return JupyterUnreachable.not_its_answer(
            url=self.url, kind=content_type, **_asked(response)
        )

    def websocket_url(self, path: str, **query: str) -> str:
        """The URL of one of its websockets; `headers` go with it."""
        scheme, _, rest = self.url.partition("://")
        url = f"{'wss' if scheme == 'https' else 'ws'}://{rest}{path}"
        return f"{url}?{urlencode(query)}" if query else url

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()


def quoted(path: str) -> str:
    """A path of a notebook or folder as part of a URL."""
    return quote(path.strip("/"))


def asks_for_login(response: httpx2.Response) -> bool:
    """Whether an answer is a way to a login page: Jupyter's own, or JupyterHub's."""
    if not response.is_redirect:
        return False
    path = urlsplit(response.headers.get("location", "")).path
    return path.endswith(("/login", "/oauth2/authorize")) or "/hub/" in path


def _asked(response: httpx2.Response) -> dict[str, Any]:
    request = response.request
    return {"method": request.method, "path": request.url.path, "status": response.status_code}


def _brief(error: Exception) -> str:
    return str(error) or type(error).__name__

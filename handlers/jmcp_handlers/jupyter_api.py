"""The REST API of a Jupyter Server elsewhere, with jmcp's errors."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import httpx2

from jmcp.runtime.errors import JupyterRefused, JupyterUnreachable

REQUEST_SECONDS = 30.0
"""Jupyter answers most requests in milliseconds; saving a large notebook takes seconds."""

REFUSALS = (401, 403)


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
        """The response, whatever its status but a refusal of the token.

        `path` is relative to the server's base_url and quoted already (`quoted`). Raises
        JupyterUnreachable, JupyterRefused.
        """
        try:
            response = await self._http.request(method, path, json=body, params=query or None)
        except httpx2.TransportError as error:
            raise JupyterUnreachable(
                f"The Jupyter Server at {self.url} does not answer ({_brief(error)}). Nothing was "
                "changed; try again when it is back."
            ) from error
        if response.status_code in REFUSALS:
            raise JupyterRefused(
                f"The Jupyter Server at {self.url} refused {method} {path} with status "
                f"{response.status_code}: its token does not allow it.",
                status=response.status_code,
            )
        return response

    def websocket_url(self, path: str, **query: str) -> str:
        """The URL of one of its websockets; `headers` go with it."""
        scheme, _, rest = self.url.partition("://")
        url = f"{'wss' if scheme == 'https' else 'ws'}://{rest}{path}"
        return f"{url}?{urlencode(query)}" if query else url

    async def close(self) -> None:
        await self._http.aclose()


def quoted(path: str) -> str:
    """A path of a notebook or folder as part of a URL."""
    return quote(path.strip("/"))


def _brief(error: Exception) -> str:
    return str(error) or type(error).__name__

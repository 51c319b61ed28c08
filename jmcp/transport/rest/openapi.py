"""The OpenAPI document."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jmcp.core.calls.tool import Api
from jmcp.transport.rest.added_operations import add_operations


class OpenApi:
    """`/jmcp/openapi.json`."""

    def __init__(self, api: Api, base: str) -> None:
        self._api = api
        self._base = base

    @cached_property
    def document(self) -> dict[str, Any]:
        """The committed document with the toolsets of other packages; its `servers` say where this
        server lives."""
        document: dict[str, Any] = json.loads(Path(self._api.openapi_file).read_bytes())
        add_operations(document, self._api)
        if self._base:
            for server in document.get("servers", []):
                server["url"] = f"{self._base}{server['url']}".rstrip("/")
        return document

    async def answer(self, _: Request) -> Response:
        return JSONResponse(self.document)

"""The OpenAPI document."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class OpenApi:
    """`/jmcp/openapi.json`."""

    def __init__(self, file: str, base: str) -> None:
        self._file = Path(file)
        self._base = base

    @cached_property
    def document(self) -> dict[str, Any]:
        """The committed document; its `servers` say where this server lives."""
        document: dict[str, Any] = json.loads(self._file.read_bytes())
        if self._base:
            for server in document.get("servers", []):
                server["url"] = f"{self._base}{server['url']}".rstrip("/")
        return document

    async def answer(self, _: Request) -> Response:
        return JSONResponse(self.document)

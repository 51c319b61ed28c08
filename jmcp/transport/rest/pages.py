"""The OpenAPI document and the page that shows it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

PAGE = Path(__file__).with_name("docs.html")
INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def policy(html: str) -> str:
    """A Content-Security-Policy under which this page can run its own code and nothing else."""
    sources: dict[str, str] = {}
    for tag, text in INLINE.findall(html):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        sources[tag] = f"'sha256-{digest}'"
    return (
        f"default-src 'none'; script-src {sources['script']}; style-src {sources['style']}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class Pages:
    """`/jmcp/openapi.json` and `/jmcp/docs`."""

    def __init__(self, openapi_file: str, base: str) -> None:
        self._openapi_file = Path(openapi_file)
        self._base = base

    @cached_property
    def document(self) -> dict[str, Any]:
        """The committed document; its `servers` say where this server lives."""
        document: dict[str, Any] = json.loads(self._openapi_file.read_bytes())
        if self._base:
            for server in document.get("servers", []):
                server["url"] = f"{self._base}{server['url']}".rstrip("/")
        return document

    @cached_property
    def _page(self) -> tuple[str, str]:
        html = PAGE.read_text(encoding="utf-8")
        return html, policy(html)

    async def openapi(self, _: Request) -> Response:
        return JSONResponse(self.document)

    async def docs(self, _: Request) -> Response:
        html, security = self._page
        headers = {
            "Content-Security-Policy": security,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        return HTMLResponse(html, headers=headers)

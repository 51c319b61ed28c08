"""Every REST operation; OPENAPI_FILE describes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from jmcp.core.calls.tool import Route

OPENAPI_FILE = "openapi.json"
PREFIX = "/jmcp/v1"


def _route(
    method: Literal["GET"],
    path: str,
    tool: str,
    status: int,
    stream: Mapping[str, Any] | None = None,
    *,
    content: bool = False,
    events: bool = False,
    conditional: bool = False,
    paged: bool = False,
) -> Route:
    return Route(
        method=method,
        path=PREFIX + path,
        tool=tool,
        status=status,
        path_params=tuple(re.findall(r"{(\w+)(?::path)?}", path)),
        stream=stream,
        content=content,
        events=events,
        conditional=conditional,
        paged=paged,
    )


ROUTES: tuple[Route, ...] = (
    _route(
        "GET",
        "/toolsets/review/sessions/{session_id}/frames/{name}",
        "profile_dataframe",
        200,
        paged=True,
    ),
    _route("GET", "/toolsets/review/sessions/{session_id}/todos", "find_todos", 200),
)

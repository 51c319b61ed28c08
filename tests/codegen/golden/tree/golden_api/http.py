"""Every REST operation; OPENAPI_FILE describes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from jmcp.core.calls.tool import Route

OPENAPI_FILE = "openapi.json"
PREFIX = "/golden/v2"


def _route(
    method: Literal["GET", "POST", "PATCH", "DELETE"],
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
    _route("POST", "/sessions", "open_notebook", 201),
    _route("GET", "/sessions/{session_id}/cells/{cell_id}", "read_cell", 200, {}),
    _route("GET", "/sessions/{session_id}/cells/at/{cell_index}", "read_cell", 200, {}),
    _route("DELETE", "/sessions/{session_id}/cells", "remove_cells", 200),
    _route("PATCH", "/sessions/{session_id}/cells/{cell_id}", "edit_cell", 200, {"dry_run": True}),
    _route(
        "PATCH", "/sessions/{session_id}/cells/at/{cell_index}", "edit_cell", 200, {"dry_run": True}
    ),
    _route("GET", "/server", "show_server", 200, events=True),
)

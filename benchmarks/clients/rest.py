"""REST calls of the few tools that the benchmarks compare over all surfaces."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.clients.http import Connection, message

PREFIX = "/jmcp/v1"


class RestClient(Connection):
    """`url` is the server's root; MCP's endpoint is `mcp` below it."""

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """One call; returns its result. Raises RuntimeError for an error of the tool."""
        session = f"{self.path.rstrip('/')}{PREFIX}/sessions/{arguments.pop('session_id')}"
        if tool == "insert_cell":
            method, path = "POST", f"{session}/cells"
        else:
            cell = f"{session}/cells/at/{arguments.pop('cell_index')}"
            method, path = {
                "read_cell": ("GET", cell),
                "execute_cell": ("POST", f"{cell}/execution"),
            }[tool]
        body = json.dumps(arguments).encode() if method == "POST" else b""
        return message(self.send(method, path, "Accept: application/json\r\n", body))

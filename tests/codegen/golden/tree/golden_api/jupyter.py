"""What the Jupyter extension answers below base_url; all else there stays Jupyter's."""

from __future__ import annotations

from collections.abc import Mapping

HANDLERS: tuple[tuple[str, Mapping[str, str]], ...] = (
    # The MCP endpoint, which is asked for most.
    (r"/mcp(/.*)?", {}),
    (r"/golden/v2/sessions", {"POST": "open_notebook"}),
    (r"/golden/v2/server", {"GET": "show_server"}),
    (r"/golden/v2/sessions/([^/]+)/cells", {"DELETE": "remove_cells"}),
    (r"/golden/v2/sessions/([^/]+)/cells/at/([^/]+)", {"GET": "read_cell", "PATCH": "edit_cell"}),
    (r"/golden/v2/sessions/([^/]+)/cells/([^/]+)", {"GET": "read_cell", "PATCH": "edit_cell"}),
    # Pages, and paths where nothing is: no tool of their own.
    (r"/jmcp/.*", {}),
)
"""Patterns of paths in the order in which they are tried, each with the tool of each method."""

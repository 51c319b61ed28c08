"""What the MCP surface says of itself; the tools are listed in LISTING_FILE, one a line."""

from __future__ import annotations

from collections.abc import Mapping

LISTING_FILE = "mcp-tools.json"

INSTRUCTIONS = 'A small spec with one of everything.\n"Quotes" and a \\ are kept.'

TITLE = "Golden"
WEBSITE = "https://example.org"
ICON = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="
"""As a URI."""

TEXT_CLIENTS: frozenset[str] = frozenset(("a client",))
"""Names of clients that give their models no text of a result with structured content."""

TOOLSETS: Mapping[str, tuple[str, ...]] = {
    "core": (
        "open_notebook",
        "read_cell",
        "remove_cells",
        "edit_cell",
        "show_server",
    ),
    "compat": ("edit_first_cell",),
}

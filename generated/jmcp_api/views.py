"""The pages that MCP clients show in the chat, in the order of the spec."""

from __future__ import annotations

from jmcp.core.calls.resources import View

OUTPUT = View(
    name="output",
    uri="ui://jmcp/output",
    title="Output of a cell",
    description="What a cell put out, for a person: plots, tables that sort and page, HTML without its scripts, text.",
    file="chat-output/index.html",
    clipboard=True,
    border=True,
)

VIEWS = (OUTPUT,)

UNANNOTATED_CLIENTS: frozenset[str] = frozenset(
    (
        "Visual Studio Code",
        "Visual Studio Code - Insiders",
    )
)
"""Names of clients that show the view of a tool only where that has no annotations."""

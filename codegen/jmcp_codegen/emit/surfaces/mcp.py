"""`mcp.py`: what the MCP surface says of itself, and its toolsets."""

from __future__ import annotations

from base64 import b64encode

from jmcp_codegen.emit.printing import Printer, lines
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    toolsets = [
        (toolset, [tool.name for tool in api.tools if tool.toolset == toolset])
        for toolset in api.toolsets
    ]
    return printer.text(
        "mcp.py.j2",
        instructions=lines(api.instructions),
        toolsets=toolsets,
        title=api.title,
        website=api.website,
        icon=f"data:image/svg+xml;base64,{b64encode(api.icon.encode()).decode()}",
        text_clients=api.text_clients,
    )

"""Finding the tools that scripts can call."""

from __future__ import annotations

from jmcp.core.sessions.workspace import Workspace
from jmcp_api.models import SearchToolsParams, ToolSignatures


async def search_tools(params: SearchToolsParams, workspace: Workspace) -> ToolSignatures:
    # The whole client is imported for it, which a server that no script asks need not do.
    from jmcp_handlers.support.scripts.signatures import found_tools

    return found_tools(params, workspace)

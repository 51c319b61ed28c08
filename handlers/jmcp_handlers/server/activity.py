"""What goes on in the server, for who looks on."""

from __future__ import annotations

from jmcp.core.sessions.workspace import Workspace
from jmcp_api.models import Activity, ListActivityParams


async def list_activity(params: ListActivityParams, workspace: Workspace) -> Activity:
    seen = await workspace.activity(everyone=params.owners == "all")
    return Activity.model_validate(seen)

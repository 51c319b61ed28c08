"""Every tool, in the order of the spec, as a client has to know it."""

from __future__ import annotations

from collections.abc import Mapping

from jmcp.client.tool import ClientTool

CLIENT_TOOLS: Mapping[str, ClientTool] = {
    tool.name: tool
    for tool in (
        ClientTool(
            name="open_notebook",
            toolset="core",
            read_only=False,
            opens=True,
        ),
        ClientTool(
            name="read_cell",
            toolset="core",
            read_only=True,
            in_session=True,
        ),
        ClientTool(
            name="remove_cells",
            toolset="core",
            read_only=False,
            in_session=True,
        ),
        ClientTool(
            name="edit_cell",
            toolset="core",
            read_only=False,
            in_session=True,
            runs=True,
            patient={"dry_run": True},
        ),
        ClientTool(
            name="edit_first_cell",
            toolset="compat",
            read_only=False,
            in_session=True,
            runs=True,
        ),
        ClientTool(
            name="show_server",
            toolset="core",
            read_only=True,
            tables=(("kernels",),),
        ),
    )
}

"""`client_tools.py`: what a client has to know of each tool."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer, Row
from jmcp_codegen.source.model import ApiModel, ToolModel
from jmcp_codegen.source.schema import tables


def emit(api: ApiModel, printer: Printer) -> str:
    return printer.text("client_tools.py.j2", rows=[_tool(tool, api) for tool in api.tools])


def patience(tool: ToolModel) -> dict[str, object]:
    """The arguments that a caller gives who hears of the call while it runs."""
    streams = [route.stream for route in tool.routes if route.stream is not None]
    return dict(streams[0]) if streams else {}


def _tool(tool: ToolModel, api: ApiModel) -> list[Row]:
    """The arguments of one `ClientTool(...)`; defaults are left out."""
    paths = tuple(table.path for table in tables(tool.result, api.types))
    row = [
        ("name", repr(tool.name)),
        ("toolset", repr(tool.toolset)),
        ("read_only", repr(tool.annotations["read_only"])),
        ("opens", "True" if tool.use == "opens" else ""),
        ("in_session", "True" if tool.use == "required" else ""),
        ("runs", "True" if tool.on_disconnect else ""),
        ("patient", repr(patience(tool)) if patience(tool) else ""),
        ("tables", repr(paths) if paths else ""),
    ]
    return [(name, value) for name, value in row if value]

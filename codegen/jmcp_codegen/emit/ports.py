"""`ports.py`: a Protocol for each handler, and the table of them."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel, ToolModel

_SCOPES = {
    "required": "session: Session",
    "opens": "session: Session",
    "none": "workspace: Workspace",
}


def emit(api: ApiModel, printer: Printer) -> str:
    ports = [_port(tool, api) for tool in api.tools if tool.handler == tool.name]
    shared = ["from jmcp_api import models as jmcp_models"] if api.shared is not None else []
    return printer.text("ports.py.j2", ports=ports, imports=shared)


def _port(tool: ToolModel, api: ApiModel) -> dict[str, str]:
    return {
        "name": tool.name,
        "class_name": tool.class_name,
        "params_class": tool.params_class,
        "result": api.model(tool.result_type),
        "scope": _SCOPES[tool.use],
    }

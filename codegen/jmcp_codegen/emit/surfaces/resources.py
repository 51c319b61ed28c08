"""`resources.py`: the templates of what MCP clients can read."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    """Nothing where there are no resources."""
    if not api.resources:
        return ""
    return printer.text("resources.py.j2", resources=api.resources)

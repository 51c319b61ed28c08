"""`views.py`: the pages that MCP clients show in the chat."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    """Nothing where there are no views."""
    if not api.views:
        return ""
    return printer.text("views.py.j2", views=api.views, unannotated_clients=api.unannotated_clients)

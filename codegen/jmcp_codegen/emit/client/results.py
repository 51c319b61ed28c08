"""`results.py`: the results of tools as clients get them."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.emit.types.models import SESSION_FIELDS
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    in_session = {tool.result_type for tool in api.tools if tool.in_session}
    rows = [
        (
            name,
            f"models.{name}, models.{SESSION_FIELDS}" if name in in_session else f"models.{name}",
        )
        for name in dict.fromkeys(tool.result_type for tool in api.tools)
    ]
    return printer.text("results.py.j2", rows=rows)

"""`errors.py`: a class for each error."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    return printer.text("errors.py.j2", errors=api.own_errors)

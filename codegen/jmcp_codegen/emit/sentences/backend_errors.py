"""`backend_errors.py`: what documents and kernels raise, with the sentences of the spec."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    """Only those that have sentences; the core's own class does for the others."""
    errors = [error for error in api.backend_errors if error.messages]
    return printer.text("backend_errors.py.j2", errors=errors)

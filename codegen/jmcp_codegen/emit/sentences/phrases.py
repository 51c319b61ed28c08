"""`phrases.py`: a function for each phrase."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    return printer.text("phrases.py.j2", phrases=api.phrases)

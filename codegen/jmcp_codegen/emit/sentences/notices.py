"""`notices.py`: the sentence of each notice, by code."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    return printer.text("notices.py.j2", notices=api.notices)

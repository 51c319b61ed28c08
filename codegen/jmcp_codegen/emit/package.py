"""`__init__.py`: marks the folder as generated, which `jmcp generate` goes by."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel


def emit(_: ApiModel, printer: Printer) -> str:
    return printer.text("__init__.py.j2")

"""`jupyter.py`: the paths that the Jupyter extension takes."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel


def emit(_: ApiModel, printer: Printer) -> str:
    return printer.text("jupyter.py.j2")

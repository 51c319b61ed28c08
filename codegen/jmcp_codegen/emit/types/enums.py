"""`enums.py`: the words of each enum as a Literal, and the codes of notices as one more."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    own = [enum for enum in api.enums if not api.is_shared("enums", enum.name)]
    return printer.text("enums.py.j2", enums=own)

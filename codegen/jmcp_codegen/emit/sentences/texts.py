"""`texts.py`: the text templates of the result types."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer, lines
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    texts = [(name, lines(text)) for name, text in api.texts.items()]
    return printer.text("texts.py.j2", texts=texts)

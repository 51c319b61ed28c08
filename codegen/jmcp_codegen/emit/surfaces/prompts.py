"""`prompts.py`: what MCP clients offer their users to begin with."""

from __future__ import annotations

from jmcp_codegen.emit.printing import Printer, lines
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    """Nothing where there are no prompts."""
    if not api.prompts:
        return ""
    prompts = [(prompt, lines(prompt.text)) for prompt in api.prompts]
    return printer.text("prompts.py.j2", prompts=prompts)

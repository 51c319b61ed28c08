"""`registry.py`: every tool as data."""

from __future__ import annotations

from collections.abc import Iterable

from jmcp_codegen.emit.printing import Printer, Row
from jmcp_codegen.source.model import ApiModel, ToolModel


def emit(api: ApiModel, printer: Printer) -> str:
    return printer.text("registry.py.j2", rows=[_tool(tool) for tool in api.tools])


def _tool(tool: ToolModel) -> list[Row]:
    """The arguments of one `Tool(...)`; defaults are left out."""
    row = [
        ("name", repr(tool.name)),
        ("handler", repr(tool.handler)),
        ("toolset", repr(tool.toolset)),
        ("params", f"models.{tool.params_class}"),
        ("result", f"models.{tool.result_type}"),
        ("session", repr(tool.use)),
        ("access", repr(tool.access)),
        ("read_only", repr(tool.annotations["read_only"])),
        ("scope", repr(tool.scope)),
        ("on_disconnect", repr(tool.on_disconnect)),
        ("either", repr(tool.either)),
        ("synonyms", repr(dict(tool.synonyms))),
        ("ignored", f"frozenset({sorted(tool.ignored)!r})" if tool.ignored else "()"),
        ("presets", repr(dict(tool.presets))),
        ("renames", repr(dict(tool.renames))),
        ("errors", _tuple(f"errors.{error.class_name}" for error in tool.errors)),
    ]
    return [(name, value) for name, value in row if value not in {"()", "{}", "None"}]


def _tuple(items: Iterable[str]) -> str:
    items = list(items)
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"

"""`registry.py`: every tool as data."""

from __future__ import annotations

from collections.abc import Iterable

from jmcp_codegen.emit.printing import Printer, Row
from jmcp_codegen.source.model import ApiModel, ToolModel
from jmcp_codegen.source.schema import TableModel, tables

SHARED = ["from jmcp_api import errors as jmcp_errors, models as jmcp_models"]
"""For what is jmcp's in a toolset of another package."""


def emit(api: ApiModel, printer: Printer) -> str:
    rows = [_tool(tool, api) for tool in api.tools]
    tabled = any(name == "tables" for row in rows for name, _ in row)
    imports = ["from jmcp.core.calls.tables import Table"] if tabled else []
    imports += SHARED if api.shared is not None else []
    return printer.text("registry.py.j2", rows=rows, imports=imports)


def _tool(tool: ToolModel, api: ApiModel) -> list[Row]:
    """The arguments of one `Tool(...)`; defaults are left out."""
    row = [
        ("name", repr(tool.name)),
        ("handler", repr(tool.handler)),
        ("toolset", repr(tool.toolset)),
        ("params", f"models.{tool.params_class}"),
        ("result", api.model(tool.result_type)),
        ("session", repr(tool.use)),
        ("access", repr(tool.access)),
        ("read_only", repr(tool.annotations["read_only"])),
        ("scope", repr(tool.scope)),
        ("on_disconnect", repr(tool.on_disconnect)),
        ("while_paused", "True" if tool.while_paused else "None"),
        ("either", repr(tool.either)),
        ("synonyms", repr(dict(tool.synonyms))),
        ("ignored", f"frozenset({sorted(tool.ignored)!r})" if tool.ignored else "()"),
        ("presets", repr(dict(tool.presets))),
        ("renames", repr(dict(tool.renames))),
        ("tables", _tuple(map(_table, tables(tool.result, api.types)))),
        ("errors", _tuple(map(api.error, tool.errors))),
        ("view", repr(tool.view.uri) if tool.view is not None else "None"),
        ("for_view", "True" if tool.for_view else "None"),
    ]
    return [(name, value) for name, value in row if value not in {"()", "{}", "None"}]


def _table(table: TableModel) -> str:
    return f"Table(path={table.path!r}, columns={dict(table.columns)!r})"


def _tuple(items: Iterable[str]) -> str:
    items = list(items)
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"

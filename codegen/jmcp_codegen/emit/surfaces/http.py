"""`http.py`: the REST operations."""

from __future__ import annotations

import re

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel, RouteModel, ToolModel
from jmcp_codegen.source.routes import METHODS


def emit(api: ApiModel, printer: Printer) -> str:
    rows = [_row(tool, route) for tool, route in api.routes]
    return printer.text("http.py.j2", prefix=api.rest_prefix, rows=rows, methods=_methods(api))


def _row(tool: ToolModel, route: RouteModel) -> str:
    """The arguments of one `_route(...)`."""
    path = re.sub(r"\}$", ":path}", route.path) if route.content else route.path
    row = [route.method, path, tool.name, route.status]
    stream = [] if route.stream is None else [dict(route.stream)]
    parts = [repr(part) for part in [*row, *stream]]
    flags = [name for name in ("content", "events", "conditional", "paged") if getattr(route, name)]
    return ", ".join([*parts, *(f"{name}=True" for name in flags)])


def _methods(api: ApiModel) -> str:
    """The methods in use, as a type."""
    used = {route.method for _, route in api.routes}
    names = [repr(method) for method in METHODS if method in used]
    return f"Literal[{', '.join(names)}]" if names else "Never"

"""`jupyter.py`: the handler table of the Jupyter extension, one row for each path of the routes."""

from __future__ import annotations

import re

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel
from jmcp_codegen.source.routes import placeholders

_SEGMENT = "([^/]+)"


def emit(api: ApiModel, printer: Printer) -> str:
    """Fixed segments come before placeholders, since the first row that matches is taken."""
    rows: dict[str, dict[str, str]] = {}
    for tool, route in sorted(api.routes, key=lambda pair: _order(pair[1].path)):
        methods = rows.setdefault(_pattern(api.rest_prefix + route.path), {})
        methods[route.method] = tool.name
    return printer.text("jupyter.py.j2", rows=rows)


def _order(path: str) -> list[bool]:
    return [bool(placeholders(part)) for part in path.split("/")]


def _pattern(path: str) -> str:
    parts = path.split("/")
    return "/".join(_SEGMENT if placeholders(part) else re.escape(part) for part in parts)

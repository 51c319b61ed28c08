"""`jupyter.py`: the handler table of the Jupyter extension, one row for each path of the routes."""

from __future__ import annotations

import re

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel
from jmcp_codegen.source.routes import placeholders

_SEGMENT = "([^/]+)"
_REST = "(.+)"


def emit(api: ApiModel, printer: Printer) -> str:
    """Fixed segments come before placeholders, since the first row that matches is taken."""
    rows: dict[str, dict[str, str]] = {}
    for tool, route in sorted(api.routes, key=lambda pair: _order(pair[1].path)):
        methods = rows.setdefault(_pattern(api.rest_prefix + route.path, rest=route.content), {})
        methods[route.method] = tool.name
    return printer.text("jupyter.py.j2", rows=rows)


def _order(path: str) -> list[bool]:
    return [bool(placeholders(part)) for part in path.split("/")]


def _pattern(path: str, *, rest: bool) -> str:
    """The path as a regular expression. `rest`: a placeholder at its end takes all that is left."""
    parts = path.split("/")
    patterns = [_SEGMENT if placeholders(part) else re.escape(part) for part in parts]
    if rest and patterns[-1] == _SEGMENT:
        patterns[-1] = _REST
    return "/".join(patterns)

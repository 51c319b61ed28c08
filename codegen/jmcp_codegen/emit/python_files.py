"""The other Python files of a generated package: rows for templates that only loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jmcp_codegen.emit import models
from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel, RouteModel, ToolModel
from jmcp_codegen.source.routes import METHODS

Row = tuple[str, str]
_SCOPES = {
    "required": "session: Session",
    "opens": "session: Session",
    "none": "workspace: Workspace",
}


def python_files(api: ApiModel, printer: Printer) -> dict[str, str]:
    """File name to text, not formatted yet: imports that nothing needs are still in it."""
    ports = [_port(tool) for tool in api.tools if tool.handler == tool.name]
    texts = [(name, _lines(text)) for name, text in api.texts.items()]
    toolsets = [
        (toolset, [tool.name for tool in api.tools if tool.toolset == toolset])
        for toolset in api.toolsets
    ]
    routes = [_route(tool, route) for tool, route in api.routes]
    files = {
        "__init__.py": printer.text("__init__.py.j2"),
        "errors.py": printer.text("errors.py.j2", api=api),
        "http.py": printer.text("http.py.j2", rows=routes, methods=_methods(api)),
        "jupyter.py": printer.text("jupyter.py.j2"),
        "mcp.py": printer.text(
            "mcp.py.j2", instructions=_lines(api.instructions), toolsets=toolsets
        ),
        "models.py": models.source(api),
        "ports.py": printer.text("ports.py.j2", ports=ports),
        "registry.py": printer.text("registry.py.j2", rows=[_tool(tool) for tool in api.tools]),
        "sessions.py": printer.text(
            "sessions.py.j2", scalars=_policy(api.sessions), tables=_policy_tables(api)
        ),
        "texts.py": printer.text("texts.py.j2", texts=texts),
    }
    arrays = models.arrays(api)
    if arrays:
        files["arrays.py"] = printer.text("arrays.py.j2", arrays=arrays)
    return files


def _port(tool: ToolModel) -> dict[str, str]:
    return {
        "name": tool.name,
        "class_name": tool.class_name,
        "params_class": tool.params_class,
        "result_type": tool.result_type,
        "scope": _SCOPES[tool.use],
    }


def _tool(tool: ToolModel) -> list[Row]:
    """The arguments of one `Tool(...)`; defaults are left out."""
    row = [
        ("name", repr(tool.name)),
        ("handler", repr(tool.handler)),
        ("group", repr(tool.group)),
        ("toolset", repr(tool.toolset)),
        ("params", f"models.{tool.params_class}"),
        ("result", f"models.{tool.result_type}"),
        ("session", repr(tool.use)),
        ("access", repr(tool.access)),
        ("read_only", repr(tool.annotations["read_only"])),
        ("scope", repr(tool.scope)),
        ("on_disconnect", repr(tool.on_disconnect)),
        ("exactly_one", repr(tool.exactly_one)),
        ("synonyms", repr(dict(tool.synonyms))),
        ("presets", repr(dict(tool.presets))),
        ("renames", repr(dict(tool.renames))),
        ("errors", _tuple(f"errors.{error.class_name}" for error in tool.errors)),
    ]
    return [(name, value) for name, value in row if value not in {"()", "{}", "None"}]


def _tuple(items: Iterable[str]) -> str:
    items = list(items)
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _methods(api: ApiModel) -> str:
    """The methods in use, as a type."""
    used = {route.method for _, route in api.routes}
    names = [repr(method) for method in METHODS if method in used]
    return f"Literal[{', '.join(names)}]" if names else "Never"


def _route(tool: ToolModel, route: RouteModel) -> str:
    row = [route.method, route.path, tool.name, route.status]
    stream = [] if route.stream is None else [dict(route.stream)]
    return ", ".join(repr(part) for part in [*row, *stream])


def _policy(sessions: Mapping[str, Any]) -> list[tuple[str, Any]]:
    handle, lifetime, limits = sessions["handle"], sessions["lifetime"], sessions["limits"]
    return [
        ("minted_authenticated", handle["minted"]["authenticated"]),
        ("minted_anonymous", handle["minted"]["anonymous"]),
        ("minted_length", handle["minted"]["length"]),
        ("reserved_handle", handle["reserved"]),
        ("next_call", handle["next"]),
        ("lookup", tuple(sessions["lookup"])),
        ("idle_hours", lifetime["idle_hours"]),
        ("sweep_hours", lifetime["sweep_hours"]),
        ("sessions_per_owner", limits["sessions_per_owner"]),
        ("notebooks_per_session", limits["notebooks_per_session"]),
        ("session_calls_per_second", limits["calls_per_second"]["session"]),
        ("owner_calls_per_second", limits["calls_per_second"]["owner"]),
    ]


def _policy_tables(api: ApiModel) -> list[tuple[str, list[Row]]]:
    def error(code: str) -> str:
        return f"errors.{api.errors[code].class_name}"

    mapped = api.sessions["backend_errors"].items()
    return [
        ("notices", [(code, repr(text)) for code, text in api.sessions["notices"].items()]),
        ("errors", [(entry.code, error(entry.code)) for entry in api.session_errors]),
        ("backend_errors", [(kind, error(code)) for kind, code in mapped]),
    ]


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True) or [""]

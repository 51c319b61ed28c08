"""render: a spec in, a tree of texts out, and nothing else touched."""

from __future__ import annotations

from collections.abc import Mapping

from jmcp_codegen.build import build
from jmcp_codegen.check import check
from jmcp_codegen.emit import package, ports, registry, sessions
from jmcp_codegen.emit.client import methods, results, tools
from jmcp_codegen.emit.printing import Emit, Printer, formatted
from jmcp_codegen.emit.sentences import backend_errors, errors, notices, phrases, texts
from jmcp_codegen.emit.surfaces import (
    http,
    jupyter,
    listing,
    mcp,
    openapi,
    prompts,
    reference,
    resources,
    views,
)
from jmcp_codegen.emit.types import arrays, enums, limits, models
from jmcp_codegen.source.load import Spec

PACKAGE = "jmcp_api"

PYTHON: Mapping[str, Emit] = {
    "__init__.py": package.emit,
    "arrays.py": arrays.emit,
    "backend_errors.py": backend_errors.emit,
    "client.py": methods.emit,
    "client_tools.py": tools.emit,
    "enums.py": enums.emit,
    "errors.py": errors.emit,
    "http.py": http.emit,
    "jupyter.py": jupyter.emit,
    "limits.py": limits.emit,
    "mcp.py": mcp.emit,
    "models.py": models.emit,
    "notices.py": notices.emit,
    "phrases.py": phrases.emit,
    "ports.py": ports.emit,
    "prompts.py": prompts.emit,
    "registry.py": registry.emit,
    "resources.py": resources.emit,
    "results.py": results.emit,
    "sessions.py": sessions.emit,
    "texts.py": texts.emit,
    "views.py": views.emit,
}


def render(spec: Spec, package_name: str = PACKAGE) -> dict[str, str]:
    """Every generated file by its path below the output folder. Raises SpecError.

    The same spec gives the same bytes, on any machine and whatever is there already.
    """
    check(spec)
    api = build(spec, package_name)
    printer = Printer()
    python = {name: text for name, emit in PYTHON.items() if (text := emit(api, printer))}
    inside = {
        **formatted(python, package_name),
        "mcp-tools.json": listing.emit(api, printer),
        "openapi.json": openapi.emit(api, printer),
        "py.typed": "",
    }
    tree = {f"{package_name}/{name}": text for name, text in inside.items()}
    return {**tree, "TOOLS.md": reference.emit(api, printer)}

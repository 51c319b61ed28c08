"""A toolset's file in, its package out: what `render` does for jmcp's own spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jmcp_codegen.build import build
from jmcp_codegen.check import check
from jmcp_codegen.emit import ports, registry
from jmcp_codegen.emit.printing import Emit, Printer, formatted
from jmcp_codegen.emit.sentences import errors, phrases, texts
from jmcp_codegen.emit.surfaces import http, listing, openapi, reference
from jmcp_codegen.emit.types import arrays, enums, models
from jmcp_codegen.source.model import ApiModel, SharedNames
from jmcp_codegen.source.problems import SpecError
from jmcp_codegen.toolset import files
from jmcp_codegen.toolset.load import ToolsetSpec, in_file

PACKAGE = "toolset_package"
"""Stands for the generated package, whose modules import each other without its name: so it can lie
anywhere in the package around it."""

PYTHON: Mapping[str, Emit] = {
    "__init__.py": files.package,
    "arrays.py": arrays.emit,
    "enums.py": enums.emit,
    "errors.py": errors.emit,
    "http.py": http.emit,
    "models.py": models.emit,
    "notices.py": files.notices,
    "phrases.py": phrases.emit,
    "ports.py": ports.emit,
    "registry.py": registry.emit,
    "texts.py": texts.emit,
    "toolset.py": files.toolset,
}


def render_toolset(toolset: ToolsetSpec) -> dict[str, str]:
    """Every file of the package by its name. Raises SpecError."""
    spec = toolset.spec
    try:
        check(spec)
    except SpecError as error:
        raise SpecError(in_file(toolset, one) for one in error.problems) from error
    shared = SharedNames(types=toolset.types, enums=toolset.enums, errors=toolset.errors)
    api = build(spec, PACKAGE, shared)
    printer = Printer()
    empty = {
        name
        for name, there in (
            ("enums.py", len(api.enums) > len(shared.enums)),
            ("errors.py", bool(api.own_errors)),
            ("phrases.py", bool(api.phrases)),
        )
        if not there
    }
    python = {
        name: text.replace(f"from {PACKAGE}.", "from .")
        for name, emit in PYTHON.items()
        if name not in empty and (text := emit(api, printer))
    }
    return {
        **formatted(python, PACKAGE),
        "tools.json": listing.emit(api, printer),
        "openapi.json": openapi.emit(api, printer),
        "examples.json": files.examples(api, spec),
        "py.typed": "",
        "TOOLS.md": reference.emit(_for_people(api), printer),
    }


def _for_people(api: ApiModel) -> ApiModel:
    """Without what is jmcp's, which its own reference has."""
    return replace(api, types=api.own_types, tool_errors=api.own_errors, session_errors=())

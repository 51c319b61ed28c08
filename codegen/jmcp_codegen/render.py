"""render: a spec in, a tree of texts out, and nothing else touched."""

from __future__ import annotations

from jmcp_codegen.build import build
from jmcp_codegen.check import check
from jmcp_codegen.emit.listing import listing
from jmcp_codegen.emit.openapi import openapi
from jmcp_codegen.emit.printing import Printer, formatted
from jmcp_codegen.emit.python_files import python_files
from jmcp_codegen.emit.reference import reference
from jmcp_codegen.source.load import Spec

PACKAGE = "jmcp_api"


def render(spec: Spec, package: str = PACKAGE) -> dict[str, str]:
    """Every generated file by its path below the output folder. Raises SpecError.

    The same spec gives the same bytes, on any machine and whatever is there already.
    """
    check(spec)
    api = build(spec, package)
    printer = Printer()
    inside = {
        **formatted(python_files(api, printer), package),
        "mcp-tools.json": listing(api),
        "openapi.json": openapi(api),
        "py.typed": "",
    }
    tree = {f"{package}/{name}": text for name, text in inside.items()}
    return {**tree, "TOOLS.md": reference(api, printer)}

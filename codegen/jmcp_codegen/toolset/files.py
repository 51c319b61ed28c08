"""The files of a toolset's package that jmcp's own does not have, and its examples."""

from __future__ import annotations

import json

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.load import Spec
from jmcp_codegen.source.model import ApiModel

FORMAT = 1
"""Of generated packages, as `jmcp.toolsets` reads it."""


def package(_: ApiModel, printer: Printer) -> str:
    return printer.text("toolset_init.py.j2", format=FORMAT)


def toolset(api: ApiModel, printer: Printer) -> str:
    [(name, doc)] = api.toolsets.items()
    return printer.text("toolset.py.j2", name=name, doc=doc.strip())


def notices(api: ApiModel, printer: Printer) -> str:
    return printer.text("toolset_notices.py.j2", notices=api.notices)


def examples(api: ApiModel, spec: Spec) -> str:
    """`examples.json`: what `jmcp.testing` runs, and what is there before."""
    raw = spec.tools.data
    listed = [
        {"tool": tool.name, "session": tool.use, **example}
        for tool in api.tools
        for example in raw["tools"][tool.name]["examples"]
    ]
    document = {"fixtures": raw["fixtures"], "examples": listed}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

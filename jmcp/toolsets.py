"""What a package with tools of its own imports from jmcp: the part of it that is documented and stable.

docs/custom-tools.md says what is promised of each of these. Whatever breaks generated packages raises
FORMAT, so that an older one is refused with a sentence and not in the middle of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jmcp.core.calls.call import Caller, Image
from jmcp.core.calls.model import Params, Result, unique
from jmcp.core.calls.tables import Table
from jmcp.core.calls.tool import Route, Tool
from jmcp.core.errors import BackendError, ToolError
from jmcp.core.notices import Notice
from jmcp.core.ports import Cell, Cells
from jmcp.core.sessions.kernel_use import NotebookKernel
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp.core.wording import counted, listed, word
from jmcp_handlers.execution.kernel_calls import KernelCallError, call_in_kernel
from jmcp_handlers.support.addressing import locate
from jmcp_handlers.support.pages import fitting, rest_of
from jmcp_handlers.support.stale_writes import refuse_stale

FORMAT = 1
"""Of generated packages. `jmcp generate` writes it into each."""
GROUP = "jmcp.toolsets"
"""The group of entry points that jmcp looks for."""


class FormatError(ImportError):
    """The package was generated for another jmcp."""


def require_format(made_for: int) -> None:
    """Raises FormatError for a package that was generated for another format."""
    if made_for == FORMAT:
        return
    remedy = (
        "generate it again with `jmcp generate`"
        if made_for < FORMAT
        else "install a newer jmcp, or generate it again with the installed one"
    )
    raise FormatError(
        f"it was generated for format {made_for} of toolsets, and this jmcp has format {FORMAT}: {remedy}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolset:
    """A toolset with its handlers, as the generated function `toolset` makes it.

    `handlers` has an attribute for each tool but the aliases. `folder` is that of the generated
    package, which has the listing, the OpenAPI part and the examples.
    """

    name: str
    doc: str
    tools: Mapping[str, Tool]
    handlers: Any
    routes: tuple[Route, ...]
    texts: Mapping[str, str]
    notices: Mapping[str, Callable[..., str]]
    folder: Path


__all__ = [
    "FORMAT",
    "GROUP",
    "BackendError",
    "Caller",
    "Cell",
    "Cells",
    "FormatError",
    "Image",
    "KernelCallError",
    "Notebook",
    "NotebookKernel",
    "Notice",
    "Params",
    "Result",
    "Route",
    "Session",
    "Table",
    "Tool",
    "ToolError",
    "Toolset",
    "Workspace",
    "call_in_kernel",
    "counted",
    "fitting",
    "listed",
    "locate",
    "refuse_stale",
    "require_format",
    "rest_of",
    "unique",
    "word",
]

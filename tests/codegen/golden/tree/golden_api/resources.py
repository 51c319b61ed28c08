"""The kinds of resources, in the order of the spec."""

from __future__ import annotations

from jmcp.core.calls.resources import ResourceTemplate

CELL = ResourceTemplate(
    name="cell",
    uri="notebook://{path}/cells/{cell_id}",
    title="Cell",
    description="One cell.",
    mime_type="text/markdown",
    parts={"path": "notebook", "cell_id": "cell"},
)

RESOURCES = (CELL,)

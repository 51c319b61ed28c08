"""The kinds of resources, in the order of the spec."""

from __future__ import annotations

from jmcp.core.calls.resources import ResourceTemplate

NOTEBOOK = ResourceTemplate(
    name="notebook",
    uri="notebook://{path}",
    title="Notebook",
    description="A notebook as markdown: its cells with their ids, and what they show. Long outputs are cut and images left out; where, it says their URIs.",
    mime_type="text/markdown",
    parts={"path": "notebook"},
)
CELL = ResourceTemplate(
    name="cell",
    uri="notebook://{path}/cells/{cell_id}",
    title="Cell",
    description="One cell as markdown, with what it shows.",
    mime_type="text/markdown",
    parts={"path": "notebook", "cell_id": "cell"},
)
OUTPUT = ResourceTemplate(
    name="output",
    uri="notebook://{path}/cells/{cell_id}/outputs/{output}/{mime_type}",
    title="Output of a cell",
    description="One output, counted from 0, whole, in one of its MIME types; what was printed and exceptions are text/plain.",
    mime_type=None,
    parts={"path": "notebook", "cell_id": "cell", "output": "output", "mime_type": "mime_type"},
)
EXECUTION_OUTPUT = ResourceTemplate(
    name="execution_output",
    uri="execution://{execution_id}/outputs/{output}/{mime_type}",
    title="Output of a run",
    description="One output of a run without a cell, for as long as the run is kept.",
    mime_type=None,
    parts={"execution_id": None, "output": None, "mime_type": "mime_type"},
)

RESOURCES = (
    NOTEBOOK,
    CELL,
    OUTPUT,
    EXECUTION_OUTPUT,
)

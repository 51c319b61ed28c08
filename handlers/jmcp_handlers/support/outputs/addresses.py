"""The URIs of outputs."""

from __future__ import annotations

from jmcp.core.ports import NotebookRef
from jmcp_api.resources import EXECUTION_OUTPUT, OUTPUT
from jmcp_handlers.support.outputs.output_results import Address


def output_address(ref: NotebookRef, cell_id: str | None) -> Address | None:
    """Makes the URIs of the outputs of a cell; None for a cell without an id."""
    if cell_id is None:
        return None

    def address(output: int, mime_type: str) -> str:
        return OUTPUT.uri_of(
            path=ref.path, cell_id=cell_id, output=str(output), mime_type=mime_type
        )

    return address


def run_address(execution_id: str) -> Address:
    """Makes the URIs of the outputs of a run without a cell."""

    def address(output: int, mime_type: str) -> str:
        return EXECUTION_OUTPUT.uri_of(
            execution_id=execution_id, output=str(output), mime_type=mime_type
        )

    return address

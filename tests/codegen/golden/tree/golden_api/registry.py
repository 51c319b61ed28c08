"""Every tool, in the order of the spec."""

from __future__ import annotations

from collections.abc import Mapping

from jmcp.core.calls.tables import Table
from jmcp.core.calls.tool import Tool

from . import errors, models

TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            name="open_notebook",
            handler="open_notebook",
            toolset="core",
            params=models.OpenNotebookParams,
            result=models.Opened,
            session="opens",
            access="exclusive",
            read_only=False,
            scope="write",
            synonyms={"path": "notebook_path"},
        ),
        Tool(
            name="read_cell",
            handler="read_cell",
            toolset="core",
            params=models.ReadCellParams,
            result=models.Cell,
            session="required",
            access="shared",
            read_only=True,
            scope="read",
            either=(("cell_index", "cell_id"),),
            synonyms={"notebook_name": "notebook_path", "index": "cell_index"},
            errors=(errors.CellNotFound,),
        ),
        Tool(
            name="remove_cells",
            handler="remove_cells",
            toolset="core",
            params=models.RemoveCellsParams,
            result=models.Removed,
            session="required",
            access="shared",
            read_only=False,
            scope="write",
            while_paused=True,
            synonyms={"notebook_name": "notebook_path"},
        ),
        Tool(
            name="edit_cell",
            handler="edit_cell",
            toolset="core",
            params=models.EditCellParams,
            result=models.Cell,
            session="required",
            access="shared",
            read_only=False,
            scope="execute",
            on_disconnect="detach",
            either=(("cell_index", "cell_id"),),
            synonyms={"notebook_name": "notebook_path"},
        ),
        Tool(
            name="edit_first_cell",
            handler="edit_cell",
            toolset="compat",
            params=models.EditFirstCellParams,
            result=models.Cell,
            session="required",
            access="shared",
            read_only=False,
            scope="execute",
            on_disconnect="detach",
            synonyms={"notebook_name": "notebook_path"},
            presets={"cell_index": 0},
            renames={"changes": "edits"},
        ),
        Tool(
            name="show_server",
            handler="show_server",
            toolset="core",
            params=models.ShowServerParams,
            result=models.Server,
            session="none",
            access="shared",
            read_only=True,
            scope="read",
            tables=(Table(path=("kernels",), columns={"name": None, "state": None}),),
        ),
    )
}

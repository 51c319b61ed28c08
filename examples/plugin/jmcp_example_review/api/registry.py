"""Every tool, in the order of the spec."""

from __future__ import annotations

from collections.abc import Mapping

from jmcp_api import errors as jmcp_errors

from jmcp.core.calls.tables import Table
from jmcp.core.calls.tool import Tool

from . import errors, models

TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            name="profile_dataframe",
            handler="profile_dataframe",
            toolset="review",
            params=models.ProfileDataframeParams,
            result=models.FrameProfile,
            session="required",
            access="shared",
            read_only=True,
            scope="execute",
            synonyms={"notebook_name": "notebook_path"},
            tables=(
                Table(
                    path=("columns",),
                    columns={
                        "column": None,
                        "dtype": None,
                        "missing": 0,
                        "distinct": None,
                        "minimum": None,
                        "maximum": None,
                        "top": None,
                    },
                ),
            ),
            errors=(errors.FrameNotFound, jmcp_errors.KernelBusy, jmcp_errors.NoKernel),
        ),
        Tool(
            name="find_todos",
            handler="find_todos",
            toolset="review",
            params=models.FindTodosParams,
            result=models.TodoList,
            session="required",
            access="shared",
            read_only=True,
            scope="read",
            synonyms={"notebook_name": "notebook_path"},
            tables=(
                Table(
                    path=("todos",),
                    columns={
                        "cell_index": None,
                        "cell_id": None,
                        "cell_type": "code",
                        "line": None,
                        "mark": None,
                        "text": None,
                    },
                ),
            ),
        ),
    )
}

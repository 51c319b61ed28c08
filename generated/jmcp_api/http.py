"""Every REST operation; OPENAPI_FILE describes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from jmcp.core.calls.tool import Route

OPENAPI_FILE = "openapi.json"
PREFIX = "/jmcp/v1"


def _route(
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
    path: str,
    tool: str,
    status: int,
    stream: Mapping[str, Any] | None = None,
    *,
    content: bool = False,
    events: bool = False,
    conditional: bool = False,
    paged: bool = False,
) -> Route:
    return Route(
        method=method,
        path=PREFIX + path,
        tool=tool,
        status=status,
        path_params=tuple(re.findall(r"{(\w+)(?::path)?}", path)),
        stream=stream,
        content=content,
        events=events,
        conditional=conditional,
        paged=paged,
    )


ROUTES: tuple[Route, ...] = (
    _route("POST", "/sessions", "use_notebook", 201),
    _route("DELETE", "/sessions/{session_id}", "unuse_notebook", 200),
    _route("GET", "/notebooks", "list_notebooks", 200, paged=True),
    _route("GET", "/sessions/{session_id}/notebook", "read_notebook", 200, paged=True),
    _route("GET", "/sessions/{session_id}/matches", "search_notebook", 200, paged=True),
    _route("POST", "/sessions/{session_id}/kernel/restart", "restart_notebook", 200),
    _route("GET", "/sessions/{session_id}/cells/{cell_id}", "read_cell", 200, conditional=True),
    _route(
        "GET", "/sessions/{session_id}/cells/at/{cell_index}", "read_cell", 200, conditional=True
    ),
    _route("POST", "/sessions/{session_id}/cells", "insert_cell", 201),
    _route(
        "PUT",
        "/sessions/{session_id}/cells/{cell_id}/source",
        "overwrite_cell_source",
        200,
        conditional=True,
    ),
    _route(
        "PUT",
        "/sessions/{session_id}/cells/at/{cell_index}/source",
        "overwrite_cell_source",
        200,
        conditional=True,
    ),
    _route(
        "PATCH",
        "/sessions/{session_id}/cells/{cell_id}/source",
        "edit_cell_source",
        200,
        conditional=True,
    ),
    _route(
        "PATCH",
        "/sessions/{session_id}/cells/at/{cell_index}/source",
        "edit_cell_source",
        200,
        conditional=True,
    ),
    _route("DELETE", "/sessions/{session_id}/cells", "delete_cell", 200, conditional=True),
    _route(
        "PUT", "/sessions/{session_id}/cells/{cell_id}/position", "move_cell", 200, conditional=True
    ),
    _route(
        "PUT",
        "/sessions/{session_id}/cells/at/{cell_index}/position",
        "move_cell",
        200,
        conditional=True,
    ),
    _route("POST", "/sessions/{session_id}/edits", "apply_edits", 200, {"wait": 3600}),
    _route("POST", "/sessions/{session_id}/undo", "undo_change", 200),
    _route(
        "POST",
        "/sessions/{session_id}/cells/{cell_id}/execution",
        "execute_cell",
        200,
        {"wait": 3600},
        conditional=True,
    ),
    _route(
        "POST",
        "/sessions/{session_id}/cells/at/{cell_index}/execution",
        "execute_cell",
        200,
        {"wait": 3600},
        conditional=True,
    ),
    _route(
        "POST", "/sessions/{session_id}/executions", "insert_execute_code_cell", 200, {"wait": 3600}
    ),
    _route("POST", "/sessions/{session_id}/code", "execute_code", 200, {"wait": 3600}),
    _route("POST", "/sessions/{session_id}/batches", "run_cells", 200, {"wait": 3600}),
    _route(
        "GET",
        "/sessions/{session_id}/executions/{execution_id}",
        "get_execution",
        200,
        {"wait": 3600},
    ),
    _route("POST", "/sessions/{session_id}/kernel/interrupt", "interrupt_kernel", 200),
    _route("GET", "/sessions/{session_id}/kernel/variables", "list_variables", 200, paged=True),
    _route("GET", "/files", "list_files", 200, paged=True),
    _route("GET", "/kernels", "list_kernels", 200),
    _route("GET", "/sessions/{session_id}/executions", "list_executions", 200),
    _route("GET", "/sessions/{session_id}/cells/{cell_id}/outputs/{output}", "read_output", 200),
    _route(
        "GET", "/sessions/{session_id}/cells/at/{cell_index}/outputs/{output}", "read_output", 200
    ),
    _route(
        "GET",
        "/sessions/{session_id}/cells/{cell_id}/outputs/{output}/{mime_type:path}",
        "read_output",
        200,
        content=True,
    ),
    _route(
        "GET",
        "/sessions/{session_id}/cells/at/{cell_index}/outputs/{output}/{mime_type:path}",
        "read_output",
        200,
        content=True,
    ),
    _route("DELETE", "/sessions/{session_id}/outputs", "clear_cell_output", 200),
    _route("GET", "/sessions/{session_id}/changes", "list_changes", 200, paged=True),
    _route("GET", "/sessions/{session_id}/diff", "diff_notebook", 200, paged=True),
    _route("POST", "/sessions/{session_id}/checkpoints", "create_checkpoint", 201),
    _route("POST", "/sessions/{session_id}/checkpoints/restoration", "restore_checkpoint", 200),
    _route("GET", "/sessions", "list_sessions", 200, paged=True),
    _route("GET", "/activity", "list_activity", 200, events=True),
    _route(
        "POST", "/sessions/{session_id}/kernel/packages", "install_packages", 200, {"wait": 3600}
    ),
    _route("GET", "/sessions/{session_id}/findings", "validate_notebook", 200, paged=True),
    _route("POST", "/sessions/{session_id}/exports", "export_notebook", 201),
    _route("GET", "/tools", "search_tools", 200),
    _route("POST", "/scripts", "run_script", 200),
    _route("GET", "/connection", "debug_connection_status", 200),
    _route("POST", "/lab/workspaces", "prepare_notebook", 201),
    _route("POST", "/lab/notebooks", "switch_notebook", 201),
    _route("GET", "/lab/notebooks", "list_open_notebooks", 200, paged=True),
    _route("GET", "/lab/user", "get_user_context", 200),
    _route("POST", "/lab/shown", "show_in_lab", 200),
    _route("POST", "/notebooks", "create_notebook", 201),
    _route("POST", "/conversations", "create_conversation_notebook", 201),
    _route("GET", "/conversations", "list_conversations", 200, paged=True),
    _route("GET", "/sessions/{session_id}/review", "review_changes", 200, paged=True),
    _route("POST", "/sessions/{session_id}/review/acceptance", "accept_changes", 200),
    _route("POST", "/sessions/{session_id}/review/revert", "revert_changes", 200),
    _route("GET", "/sessions/{session_id}/cells/{cell_id}/view", "show_output", 200),
    _route("GET", "/sessions/{session_id}/cells/at/{cell_index}/view", "show_output", 200),
    _route("GET", "/sessions/{session_id}/cells/{cell_id}/view/{output}", "read_output_data", 200),
    _route(
        "GET", "/sessions/{session_id}/cells/at/{cell_index}/view/{output}", "read_output_data", 200
    ),
    _route("GET", "/resource", "read_resource", 200),
    _route("GET", "/resource/content", "read_resource", 200, content=True),
    _route("GET", "/completion", "complete_value", 200),
    _route("GET", "/citation", "cite_cells", 200),
    _route(
        "POST", "/sessions/{session_id}/compat/append_markdown_cell", "append_markdown_cell", 201
    ),
    _route(
        "POST", "/sessions/{session_id}/compat/insert_markdown_cell", "insert_markdown_cell", 201
    ),
    _route("POST", "/sessions/{session_id}/compat/append_code_cell", "append_code_cell", 201),
    _route(
        "POST",
        "/sessions/{session_id}/compat/append_execute_code_cell",
        "append_execute_code_cell",
        200,
        {},
    ),
    _route(
        "POST",
        "/sessions/{session_id}/compat/execute_cell_with_progress",
        "execute_cell_with_progress",
        200,
        {},
    ),
    _route(
        "POST",
        "/sessions/{session_id}/compat/execute_with_progress",
        "execute_with_progress",
        200,
        {},
    ),
    _route(
        "POST",
        "/sessions/{session_id}/compat/execute_cell_simple_timeout",
        "execute_cell_simple_timeout",
        200,
        {},
    ),
    _route(
        "POST",
        "/sessions/{session_id}/compat/execute_cell_streaming",
        "execute_cell_streaming",
        200,
        {},
    ),
    _route(
        "GET", "/sessions/{session_id}/compat/read_all_cells", "read_all_cells", 200, paged=True
    ),
    _route("GET", "/sessions/{session_id}/compat/get_notebook_info", "get_notebook_info", 200),
)

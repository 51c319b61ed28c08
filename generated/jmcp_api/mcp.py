"""What the MCP surface says of itself; the tools are listed in LISTING_FILE, one a line."""

from __future__ import annotations

from collections.abc import Mapping

LISTING_FILE = "mcp-tools.json"

INSTRUCTIONS = (
    "jmcp works in live Jupyter notebooks, side by side with people in JupyterLab. Use these tools for every .ipynb file: writing such a file directly loses work.\n"
    "Begin with use_notebook and pass the session_id it returns on every later call. Address cells by cell_id: indices shift when somebody inserts or deletes.\n"
    "Cells are counted from 0. read_notebook lists cells with index and id; read_cell shows outputs. An exception in a cell is a result, not a failed call.\n"
    "Read the notices of a result: they say when a kernel was restarted and its variables were lost, or when others changed the notebook."
)

TITLE = "jmcp (live Jupyter notebooks)"
WEBSITE = "https://pypi.org/project/jmcp/"
ICON = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCAxNiAxNiI+PHJlY3QgeD0iMSIgeT0iMSIgd2lkdGg9IjE0IiBoZWlnaHQ9IjE0IiByeD0iMyIgZmlsbD0iI2YzNzcyNiIvPjxwYXRoIGQ9Ik00IDVsMyAzLTMgM004IDExaDQiIGZpbGw9Im5vbmUiIHN0cm9rZT0iI2ZmZiIgc3Ryb2tlLXdpZHRoPSIxLjYiLz48L3N2Zz4="
"""As a URI."""

TEXT_CLIENTS: frozenset[str] = frozenset(
    (
        "claude-code",
        "codex-mcp-client",
        "Visual Studio Code",
        "Visual Studio Code - Insiders",
    )
)
"""Names of clients that give their models no text of a result with structured content."""

TOOLSETS: Mapping[str, tuple[str, ...]] = {
    "core": (
        "use_notebook",
        "unuse_notebook",
        "list_notebooks",
        "read_notebook",
        "search_notebook",
        "restart_notebook",
        "read_cell",
        "insert_cell",
        "overwrite_cell_source",
        "edit_cell_source",
        "delete_cell",
        "move_cell",
        "apply_edits",
        "undo_change",
        "execute_cell",
        "insert_execute_code_cell",
        "execute_code",
        "run_cells",
        "get_execution",
        "interrupt_kernel",
        "list_variables",
        "list_files",
        "list_kernels",
    ),
    "extra": (
        "list_executions",
        "read_output",
        "clear_cell_output",
        "list_changes",
        "diff_notebook",
        "create_checkpoint",
        "restore_checkpoint",
        "list_sessions",
        "list_activity",
        "install_packages",
        "validate_notebook",
        "export_notebook",
        "debug_connection_status",
    ),
    "resources": (
        "read_resource",
        "complete_value",
        "cite_cells",
    ),
    "workspace": (
        "prepare_notebook",
        "switch_notebook",
        "list_open_notebooks",
        "get_user_context",
        "show_in_lab",
        "create_notebook",
        "create_conversation_notebook",
        "list_conversations",
    ),
    "workbench": (
        "review_changes",
        "accept_changes",
        "revert_changes",
    ),
    "apps": (
        "show_output",
        "read_output_data",
    ),
    "code": (
        "search_tools",
        "run_script",
    ),
    "compat": (
        "append_markdown_cell",
        "insert_markdown_cell",
        "append_code_cell",
        "append_execute_code_cell",
        "execute_cell_with_progress",
        "execute_with_progress",
        "execute_cell_simple_timeout",
        "execute_cell_streaming",
        "read_all_cells",
        "get_notebook_info",
    ),
}

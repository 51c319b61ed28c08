"""What the Jupyter extension answers below base_url; all else there stays Jupyter's."""

from __future__ import annotations

from collections.abc import Mapping

HANDLERS: tuple[tuple[str, Mapping[str, str]], ...] = (
    # The MCP endpoint, which is asked for most.
    (r"/mcp(/.*)?", {}),
    (r"/jmcp/v1/sessions", {"POST": "use_notebook", "GET": "list_sessions"}),
    (r"/jmcp/v1/notebooks", {"GET": "list_notebooks", "POST": "create_notebook"}),
    (r"/jmcp/v1/files", {"GET": "list_files"}),
    (r"/jmcp/v1/kernels", {"GET": "list_kernels"}),
    (r"/jmcp/v1/activity", {"GET": "list_activity"}),
    (r"/jmcp/v1/tools", {"GET": "search_tools"}),
    (r"/jmcp/v1/scripts", {"POST": "run_script"}),
    (r"/jmcp/v1/connection", {"GET": "debug_connection_status"}),
    (
        r"/jmcp/v1/conversations",
        {"POST": "create_conversation_notebook", "GET": "list_conversations"},
    ),
    (r"/jmcp/v1/resource", {"GET": "read_resource"}),
    (r"/jmcp/v1/completion", {"GET": "complete_value"}),
    (r"/jmcp/v1/citation", {"GET": "cite_cells"}),
    (r"/jmcp/v1/lab/workspaces", {"POST": "prepare_notebook"}),
    (r"/jmcp/v1/lab/notebooks", {"POST": "switch_notebook", "GET": "list_open_notebooks"}),
    (r"/jmcp/v1/resource/content", {"GET": "read_resource"}),
    (r"/jmcp/v1/sessions/([^/]+)", {"DELETE": "unuse_notebook"}),
    (r"/jmcp/v1/sessions/([^/]+)/notebook", {"GET": "read_notebook"}),
    (r"/jmcp/v1/sessions/([^/]+)/matches", {"GET": "search_notebook"}),
    (r"/jmcp/v1/sessions/([^/]+)/cells", {"POST": "insert_cell", "DELETE": "delete_cell"}),
    (r"/jmcp/v1/sessions/([^/]+)/edits", {"POST": "apply_edits"}),
    (r"/jmcp/v1/sessions/([^/]+)/undo", {"POST": "undo_change"}),
    (
        r"/jmcp/v1/sessions/([^/]+)/executions",
        {"POST": "insert_execute_code_cell", "GET": "list_executions"},
    ),
    (r"/jmcp/v1/sessions/([^/]+)/code", {"POST": "execute_code"}),
    (r"/jmcp/v1/sessions/([^/]+)/batches", {"POST": "run_cells"}),
    (r"/jmcp/v1/sessions/([^/]+)/outputs", {"DELETE": "clear_cell_output"}),
    (r"/jmcp/v1/sessions/([^/]+)/changes", {"GET": "list_changes"}),
    (r"/jmcp/v1/sessions/([^/]+)/diff", {"GET": "diff_notebook"}),
    (r"/jmcp/v1/sessions/([^/]+)/checkpoints", {"POST": "create_checkpoint"}),
    (r"/jmcp/v1/sessions/([^/]+)/findings", {"GET": "validate_notebook"}),
    (r"/jmcp/v1/sessions/([^/]+)/exports", {"POST": "export_notebook"}),
    (r"/jmcp/v1/sessions/([^/]+)/review", {"GET": "review_changes"}),
    (r"/jmcp/v1/sessions/([^/]+)/kernel/restart", {"POST": "restart_notebook"}),
    (r"/jmcp/v1/sessions/([^/]+)/kernel/interrupt", {"POST": "interrupt_kernel"}),
    (r"/jmcp/v1/sessions/([^/]+)/kernel/variables", {"GET": "list_variables"}),
    (r"/jmcp/v1/sessions/([^/]+)/checkpoints/restoration", {"POST": "restore_checkpoint"}),
    (r"/jmcp/v1/sessions/([^/]+)/kernel/packages", {"POST": "install_packages"}),
    (r"/jmcp/v1/sessions/([^/]+)/review/acceptance", {"POST": "accept_changes"}),
    (r"/jmcp/v1/sessions/([^/]+)/review/revert", {"POST": "revert_changes"}),
    (r"/jmcp/v1/sessions/([^/]+)/compat/append_markdown_cell", {"POST": "append_markdown_cell"}),
    (r"/jmcp/v1/sessions/([^/]+)/compat/insert_markdown_cell", {"POST": "insert_markdown_cell"}),
    (r"/jmcp/v1/sessions/([^/]+)/compat/append_code_cell", {"POST": "append_code_cell"}),
    (
        r"/jmcp/v1/sessions/([^/]+)/compat/append_execute_code_cell",
        {"POST": "append_execute_code_cell"},
    ),
    (
        r"/jmcp/v1/sessions/([^/]+)/compat/execute_cell_with_progress",
        {"POST": "execute_cell_with_progress"},
    ),
    (r"/jmcp/v1/sessions/([^/]+)/compat/execute_with_progress", {"POST": "execute_with_progress"}),
    (
        r"/jmcp/v1/sessions/([^/]+)/compat/execute_cell_simple_timeout",
        {"POST": "execute_cell_simple_timeout"},
    ),
    (
        r"/jmcp/v1/sessions/([^/]+)/compat/execute_cell_streaming",
        {"POST": "execute_cell_streaming"},
    ),
    (r"/jmcp/v1/sessions/([^/]+)/compat/read_all_cells", {"GET": "read_all_cells"}),
    (r"/jmcp/v1/sessions/([^/]+)/compat/get_notebook_info", {"GET": "get_notebook_info"}),
    (r"/jmcp/v1/sessions/([^/]+)/cells/at/([^/]+)", {"GET": "read_cell"}),
    (
        r"/jmcp/v1/sessions/([^/]+)/cells/at/([^/]+)/source",
        {"PUT": "overwrite_cell_source", "PATCH": "edit_cell_source"},
    ),
    (r"/jmcp/v1/sessions/([^/]+)/cells/at/([^/]+)/position", {"PUT": "move_cell"}),
    (r"/jmcp/v1/sessions/([^/]+)/cells/at/([^/]+)/execution", {"POST": "execute_cell"}),
    (r"/jmcp/v1/sessions/([^/]+)/cells/at/([^/]+)/outputs/([^/]+)", {"GET": "read_output"}),
    (r"/jmcp/v1/sessions/([^/]+)/cells/at/([^/]+)/outputs/([^/]+)/(.+)", {"GET": "read_output"}),
    (r"/jmcp/v1/sessions/([^/]+)/cells/([^/]+)", {"GET": "read_cell"}),
    (r"/jmcp/v1/sessions/([^/]+)/executions/([^/]+)", {"GET": "get_execution"}),
    (
        r"/jmcp/v1/sessions/([^/]+)/cells/([^/]+)/source",
        {"PUT": "overwrite_cell_source", "PATCH": "edit_cell_source"},
    ),
    (r"/jmcp/v1/sessions/([^/]+)/cells/([^/]+)/position", {"PUT": "move_cell"}),
    (r"/jmcp/v1/sessions/([^/]+)/cells/([^/]+)/execution", {"POST": "execute_cell"}),
    (r"/jmcp/v1/sessions/([^/]+)/cells/([^/]+)/outputs/([^/]+)", {"GET": "read_output"}),
    (r"/jmcp/v1/sessions/([^/]+)/cells/([^/]+)/outputs/([^/]+)/(.+)", {"GET": "read_output"}),
    # Pages, and paths where nothing is: no tool of their own.
    (r"/jmcp/.*", {}),
)
"""Patterns of paths in the order in which they are tried, each with the tool of each method."""

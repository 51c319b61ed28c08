"""The behaviour behind every tool: the table of contents.

A handler that is missing, misspelt or mistyped is a mypy error here.
"""

from jmcp_api.ports import Handlers
from jmcp_handlers.cells.edits import apply_edits
from jmcp_handlers.cells.one_cell import (
    delete_cell,
    edit_cell_source,
    insert_cell,
    move_cell,
    overwrite_cell_source,
    read_cell,
)
from jmcp_handlers.cells.outputs import clear_cell_output
from jmcp_handlers.cells.reading import read_notebook
from jmcp_handlers.cells.search import search_notebook
from jmcp_handlers.cells.views import read_output_data, show_output
from jmcp_handlers.compat.reading import get_notebook_info, read_all_cells
from jmcp_handlers.compat.runs import (
    append_execute_code_cell,
    execute_cell_simple_timeout,
    execute_cell_streaming,
    execute_cell_with_progress,
)
from jmcp_handlers.execution.kernel_tools import interrupt_kernel, list_kernels, restart_notebook
from jmcp_handlers.execution.packages import install_packages
from jmcp_handlers.execution.runs import (
    execute_cell,
    execute_code,
    get_execution,
    insert_execute_code_cell,
    list_executions,
    run_cells,
)
from jmcp_handlers.execution.scripts import run_script
from jmcp_handlers.execution.variables import list_variables
from jmcp_handlers.history.change_list import list_changes
from jmcp_handlers.history.checkpoints import create_checkpoint, restore_checkpoint
from jmcp_handlers.history.comparison import diff_notebook
from jmcp_handlers.history.review import accept_changes, revert_changes, review_changes
from jmcp_handlers.history.undo import undo_change
from jmcp_handlers.notebooks.conversations import create_conversation_notebook, list_conversations
from jmcp_handlers.notebooks.export import export_notebook
from jmcp_handlers.notebooks.files import list_files
from jmcp_handlers.notebooks.held_notebooks import unuse_notebook, use_notebook
from jmcp_handlers.notebooks.lab_pages import (
    create_notebook,
    list_open_notebooks,
    prepare_notebook,
    switch_notebook,
)
from jmcp_handlers.notebooks.notebook_list import list_notebooks
from jmcp_handlers.notebooks.user_context import get_user_context, show_in_lab
from jmcp_handlers.notebooks.validation import validate_notebook
from jmcp_handlers.resources.citation import cite_cells
from jmcp_handlers.resources.completion import complete_value
from jmcp_handlers.resources.content import read_output, read_resource
from jmcp_handlers.server.activity import list_activity
from jmcp_handlers.server.connection import debug_connection_status
from jmcp_handlers.server.session_list import list_sessions
from jmcp_handlers.server.tool_search import search_tools

HANDLERS = Handlers(
    use_notebook=use_notebook,
    unuse_notebook=unuse_notebook,
    list_notebooks=list_notebooks,
    read_notebook=read_notebook,
    search_notebook=search_notebook,
    restart_notebook=restart_notebook,
    read_cell=read_cell,
    insert_cell=insert_cell,
    overwrite_cell_source=overwrite_cell_source,
    edit_cell_source=edit_cell_source,
    delete_cell=delete_cell,
    move_cell=move_cell,
    apply_edits=apply_edits,
    undo_change=undo_change,
    execute_cell=execute_cell,
    insert_execute_code_cell=insert_execute_code_cell,
    execute_code=execute_code,
    run_cells=run_cells,
    get_execution=get_execution,
    list_executions=list_executions,
    list_activity=list_activity,
    clear_cell_output=clear_cell_output,
    list_changes=list_changes,
    diff_notebook=diff_notebook,
    create_checkpoint=create_checkpoint,
    restore_checkpoint=restore_checkpoint,
    interrupt_kernel=interrupt_kernel,
    list_variables=list_variables,
    list_files=list_files,
    list_kernels=list_kernels,
    read_output=read_output,
    show_output=show_output,
    read_output_data=read_output_data,
    read_resource=read_resource,
    complete_value=complete_value,
    cite_cells=cite_cells,
    prepare_notebook=prepare_notebook,
    switch_notebook=switch_notebook,
    list_open_notebooks=list_open_notebooks,
    get_user_context=get_user_context,
    show_in_lab=show_in_lab,
    create_notebook=create_notebook,
    create_conversation_notebook=create_conversation_notebook,
    list_conversations=list_conversations,
    review_changes=review_changes,
    accept_changes=accept_changes,
    revert_changes=revert_changes,
    list_sessions=list_sessions,
    install_packages=install_packages,
    validate_notebook=validate_notebook,
    export_notebook=export_notebook,
    search_tools=search_tools,
    run_script=run_script,
    debug_connection_status=debug_connection_status,
    append_execute_code_cell=append_execute_code_cell,
    execute_cell_with_progress=execute_cell_with_progress,
    execute_cell_simple_timeout=execute_cell_simple_timeout,
    execute_cell_streaming=execute_cell_streaming,
    read_all_cells=read_all_cells,
    get_notebook_info=get_notebook_info,
)

__all__ = ["HANDLERS"]

"""What a handler of each tool looks like, and the table that holds one for every tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace

from . import models


class UseNotebook(Protocol):
    async def __call__(
        self, params: models.UseNotebookParams, session: Session, /
    ) -> models.OpenedNotebook: ...


class UnuseNotebook(Protocol):
    async def __call__(
        self, params: models.UnuseNotebookParams, session: Session, /
    ) -> models.ReleasedNotebook: ...


class ListNotebooks(Protocol):
    async def __call__(
        self, params: models.ListNotebooksParams, workspace: Workspace, /
    ) -> models.NotebookList: ...


class ReadNotebook(Protocol):
    async def __call__(
        self, params: models.ReadNotebookParams, session: Session, /
    ) -> models.NotebookContent: ...


class SearchNotebook(Protocol):
    async def __call__(
        self, params: models.SearchNotebookParams, session: Session, /
    ) -> models.MatchList: ...


class RestartNotebook(Protocol):
    async def __call__(
        self, params: models.RestartNotebookParams, session: Session, /
    ) -> models.KernelAction: ...


class ReadCell(Protocol):
    async def __call__(self, params: models.ReadCellParams, session: Session, /) -> models.Cell: ...


class InsertCell(Protocol):
    async def __call__(
        self, params: models.InsertCellParams, session: Session, /
    ) -> models.CellChange: ...


class OverwriteCellSource(Protocol):
    async def __call__(
        self, params: models.OverwriteCellSourceParams, session: Session, /
    ) -> models.CellChange: ...


class EditCellSource(Protocol):
    async def __call__(
        self, params: models.EditCellSourceParams, session: Session, /
    ) -> models.CellChange: ...


class DeleteCell(Protocol):
    async def __call__(
        self, params: models.DeleteCellParams, session: Session, /
    ) -> models.DeletedCells: ...


class MoveCell(Protocol):
    async def __call__(
        self, params: models.MoveCellParams, session: Session, /
    ) -> models.CellChange: ...


class ApplyEdits(Protocol):
    async def __call__(
        self, params: models.ApplyEditsParams, session: Session, /
    ) -> models.AppliedEdits: ...


class UndoChange(Protocol):
    async def __call__(
        self, params: models.UndoChangeParams, session: Session, /
    ) -> models.UndoneChange: ...


class ExecuteCell(Protocol):
    async def __call__(
        self, params: models.ExecuteCellParams, session: Session, /
    ) -> models.Execution: ...


class InsertExecuteCodeCell(Protocol):
    async def __call__(
        self, params: models.InsertExecuteCodeCellParams, session: Session, /
    ) -> models.Execution: ...


class ExecuteCode(Protocol):
    async def __call__(
        self, params: models.ExecuteCodeParams, session: Session, /
    ) -> models.Execution: ...


class RunCells(Protocol):
    async def __call__(
        self, params: models.RunCellsParams, session: Session, /
    ) -> models.Execution: ...


class GetExecution(Protocol):
    async def __call__(
        self, params: models.GetExecutionParams, session: Session, /
    ) -> models.FoundExecution: ...


class InterruptKernel(Protocol):
    async def __call__(
        self, params: models.InterruptKernelParams, session: Session, /
    ) -> models.KernelAction: ...


class ListVariables(Protocol):
    async def __call__(
        self, params: models.ListVariablesParams, session: Session, /
    ) -> models.VariableList: ...


class ListFiles(Protocol):
    async def __call__(
        self, params: models.ListFilesParams, workspace: Workspace, /
    ) -> models.FileList: ...


class ListKernels(Protocol):
    async def __call__(
        self, params: models.ListKernelsParams, workspace: Workspace, /
    ) -> models.KernelList: ...


class ListExecutions(Protocol):
    async def __call__(
        self, params: models.ListExecutionsParams, session: Session, /
    ) -> models.ExecutionList: ...


class ReadOutput(Protocol):
    async def __call__(
        self, params: models.ReadOutputParams, session: Session, /
    ) -> models.Resource: ...


class ClearCellOutput(Protocol):
    async def __call__(
        self, params: models.ClearCellOutputParams, session: Session, /
    ) -> models.ClearedOutputs: ...


class ListChanges(Protocol):
    async def __call__(
        self, params: models.ListChangesParams, session: Session, /
    ) -> models.ChangeList: ...


class DiffNotebook(Protocol):
    async def __call__(
        self, params: models.DiffNotebookParams, session: Session, /
    ) -> models.NotebookDiff: ...


class CreateCheckpoint(Protocol):
    async def __call__(
        self, params: models.CreateCheckpointParams, session: Session, /
    ) -> models.CheckpointMade: ...


class RestoreCheckpoint(Protocol):
    async def __call__(
        self, params: models.RestoreCheckpointParams, session: Session, /
    ) -> models.RestoredCheckpoint: ...


class ListSessions(Protocol):
    async def __call__(
        self, params: models.ListSessionsParams, workspace: Workspace, /
    ) -> models.SessionList: ...


class ListActivity(Protocol):
    async def __call__(
        self, params: models.ListActivityParams, workspace: Workspace, /
    ) -> models.Activity: ...


class InstallPackages(Protocol):
    async def __call__(
        self, params: models.InstallPackagesParams, session: Session, /
    ) -> models.Installation: ...


class ValidateNotebook(Protocol):
    async def __call__(
        self, params: models.ValidateNotebookParams, session: Session, /
    ) -> models.NotebookFindings: ...


class ExportNotebook(Protocol):
    async def __call__(
        self, params: models.ExportNotebookParams, session: Session, /
    ) -> models.ExportedNotebook: ...


class SearchTools(Protocol):
    async def __call__(
        self, params: models.SearchToolsParams, workspace: Workspace, /
    ) -> models.ToolSignatures: ...


class RunScript(Protocol):
    async def __call__(
        self, params: models.RunScriptParams, workspace: Workspace, /
    ) -> models.ScriptResult: ...


class DebugConnectionStatus(Protocol):
    async def __call__(
        self, params: models.DebugConnectionStatusParams, workspace: Workspace, /
    ) -> models.ConnectionStatus: ...


class PrepareNotebook(Protocol):
    async def __call__(
        self, params: models.PrepareNotebookParams, session: Session, /
    ) -> models.ShownNotebook: ...


class SwitchNotebook(Protocol):
    async def __call__(
        self, params: models.SwitchNotebookParams, session: Session, /
    ) -> models.ShownNotebook: ...


class ListOpenNotebooks(Protocol):
    async def __call__(
        self, params: models.ListOpenNotebooksParams, workspace: Workspace, /
    ) -> models.OpenNotebookList: ...


class GetUserContext(Protocol):
    async def __call__(
        self, params: models.GetUserContextParams, workspace: Workspace, /
    ) -> models.UserContext: ...


class ShowInLab(Protocol):
    async def __call__(
        self, params: models.ShowInLabParams, workspace: Workspace, /
    ) -> models.ShownCell: ...


class CreateNotebook(Protocol):
    async def __call__(
        self, params: models.CreateNotebookParams, session: Session, /
    ) -> models.ShownNotebook: ...


class CreateConversationNotebook(Protocol):
    async def __call__(
        self, params: models.CreateConversationNotebookParams, session: Session, /
    ) -> models.ShownNotebook: ...


class ListConversations(Protocol):
    async def __call__(
        self, params: models.ListConversationsParams, workspace: Workspace, /
    ) -> models.ConversationList: ...


class ReviewChanges(Protocol):
    async def __call__(
        self, params: models.ReviewChangesParams, session: Session, /
    ) -> models.Review: ...


class AcceptChanges(Protocol):
    async def __call__(
        self, params: models.AcceptChangesParams, session: Session, /
    ) -> models.AcceptedChanges: ...


class RevertChanges(Protocol):
    async def __call__(
        self, params: models.RevertChangesParams, session: Session, /
    ) -> models.RevertedChanges: ...


class ShowOutput(Protocol):
    async def __call__(
        self, params: models.ShowOutputParams, session: Session, /
    ) -> models.OutputView: ...


class ReadOutputData(Protocol):
    async def __call__(
        self, params: models.ReadOutputDataParams, session: Session, /
    ) -> models.OutputData: ...


class ReadResource(Protocol):
    async def __call__(
        self, params: models.ReadResourceParams, workspace: Workspace, /
    ) -> models.Resource: ...


class CompleteValue(Protocol):
    async def __call__(
        self, params: models.CompleteValueParams, workspace: Workspace, /
    ) -> models.Completion: ...


class CiteCells(Protocol):
    async def __call__(
        self, params: models.CiteCellsParams, workspace: Workspace, /
    ) -> models.CitedCells: ...


class AppendExecuteCodeCell(Protocol):
    async def __call__(
        self, params: models.AppendExecuteCodeCellParams, session: Session, /
    ) -> models.CellObject: ...


class ExecuteCellWithProgress(Protocol):
    async def __call__(
        self, params: models.ExecuteCellWithProgressParams, session: Session, /
    ) -> models.ExecutionResult: ...


class ExecuteCellSimpleTimeout(Protocol):
    async def __call__(
        self, params: models.ExecuteCellSimpleTimeoutParams, session: Session, /
    ) -> models.ExecutionResult: ...


class ExecuteCellStreaming(Protocol):
    async def __call__(
        self, params: models.ExecuteCellStreamingParams, session: Session, /
    ) -> models.ExecutionLog: ...


class ReadAllCells(Protocol):
    async def __call__(
        self, params: models.ReadAllCellsParams, session: Session, /
    ) -> models.CellObjectList: ...


class GetNotebookInfo(Protocol):
    async def __call__(
        self, params: models.GetNotebookInfoParams, session: Session, /
    ) -> models.NotebookInfo: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """A handler for every tool but the aliases."""

    use_notebook: UseNotebook
    unuse_notebook: UnuseNotebook
    list_notebooks: ListNotebooks
    read_notebook: ReadNotebook
    search_notebook: SearchNotebook
    restart_notebook: RestartNotebook
    read_cell: ReadCell
    insert_cell: InsertCell
    overwrite_cell_source: OverwriteCellSource
    edit_cell_source: EditCellSource
    delete_cell: DeleteCell
    move_cell: MoveCell
    apply_edits: ApplyEdits
    undo_change: UndoChange
    execute_cell: ExecuteCell
    insert_execute_code_cell: InsertExecuteCodeCell
    execute_code: ExecuteCode
    run_cells: RunCells
    get_execution: GetExecution
    interrupt_kernel: InterruptKernel
    list_variables: ListVariables
    list_files: ListFiles
    list_kernels: ListKernels
    list_executions: ListExecutions
    read_output: ReadOutput
    clear_cell_output: ClearCellOutput
    list_changes: ListChanges
    diff_notebook: DiffNotebook
    create_checkpoint: CreateCheckpoint
    restore_checkpoint: RestoreCheckpoint
    list_sessions: ListSessions
    list_activity: ListActivity
    install_packages: InstallPackages
    validate_notebook: ValidateNotebook
    export_notebook: ExportNotebook
    search_tools: SearchTools
    run_script: RunScript
    debug_connection_status: DebugConnectionStatus
    prepare_notebook: PrepareNotebook
    switch_notebook: SwitchNotebook
    list_open_notebooks: ListOpenNotebooks
    get_user_context: GetUserContext
    show_in_lab: ShowInLab
    create_notebook: CreateNotebook
    create_conversation_notebook: CreateConversationNotebook
    list_conversations: ListConversations
    review_changes: ReviewChanges
    accept_changes: AcceptChanges
    revert_changes: RevertChanges
    show_output: ShowOutput
    read_output_data: ReadOutputData
    read_resource: ReadResource
    complete_value: CompleteValue
    cite_cells: CiteCells
    append_execute_code_cell: AppendExecuteCodeCell
    execute_cell_with_progress: ExecuteCellWithProgress
    execute_cell_simple_timeout: ExecuteCellSimpleTimeout
    execute_cell_streaming: ExecuteCellStreaming
    read_all_cells: ReadAllCells
    get_notebook_info: GetNotebookInfo

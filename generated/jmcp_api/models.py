"""Params and results of every tool."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from jmcp.core.calls.model import Params, Result
from jmcp_api.arrays import (
    AcceptChangesCellIds,
    AcceptChangesChangeIds,
    ClearCellOutputCellIds,
    ClearCellOutputCellIndices,
    DeleteCellCellIds,
    DeleteCellCellIndices,
    InstallPackagesPackages,
    RevertChangesCellIds,
    RevertChangesChangeIds,
)
from jmcp_api.enums import (
    BrowserAction,
    CellChangeKind,
    CellDiffKind,
    CellState,
    CellType,
    ChangeAuthor,
    ConnectionPart,
    DiffBase,
    DocumentMode,
    EditOperation,
    EntryType,
    ErrorType,
    ExecutionStatus,
    ExportFormat,
    FindingCode,
    KernelFate,
    KernelOutcome,
    KernelRelease,
    KernelState,
    LabApp,
    NotebookScope,
    OpeningAction,
    OutputType,
    PackageChange,
    RevertState,
    ReviewKind,
    RunStatus,
    SaveState,
    ScriptStatus,
    SearchPlace,
    SearchScope,
    SelectionPlace,
    ServerPlace,
    StepStatus,
    UndoState,
    ValueKind,
    VariableProblem,
    WarningType,
)


class UseNotebookParams(Params):
    session_id: Annotated[
        str | None, Field(max_length=128, min_length=1, pattern="^[A-Za-z0-9._-]{8,128}$")
    ] = None
    notebook_path: Annotated[str, Field(max_length=1024, min_length=1)]
    notebook_name: Annotated[str | None, Field(max_length=255, min_length=1)] = None
    mode: Literal["connect", "create"] = "connect"
    kernel_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    kernel_name: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    kernel: Literal["shared", "private"] = "shared"
    auto_heal: bool = True


class UnuseNotebookParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    kernel: KernelRelease = "auto"
    confirm: bool = False


class ListNotebooksParams(Params):
    scope: NotebookScope | None = None
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    path: Annotated[str | None, Field(max_length=1024)] = None
    max_depth: Annotated[int | None, Field(ge=0)] = None
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=1000)] = 50


class ReadNotebookParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    response_format: Literal["brief", "detailed", "headings"] = "brief"
    include_outputs: bool = False
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=1000)] = 20


class SearchNotebookParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    pattern: Annotated[str, Field(max_length=1000, min_length=1)]
    regex: bool = False
    ignore_case: bool = False
    where: SearchPlace = "sources"
    scope: SearchScope = "notebook"
    context: Annotated[int, Field(ge=0, le=5)] = 0
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=200)] = 20


class RestartNotebookParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    confirm: bool = False


class ReadCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    include_outputs: bool = True
    start_output: Annotated[int, Field(ge=0)] = 0
    start: Annotated[int, Field(ge=0)] = 0
    source_start: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=100000)] = 4000


class InsertCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=-1)] = None
    after_cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    cell_type: CellType
    cell_source: str


class OverwriteCellSourceParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    cell_source: str
    cell_type: CellType | None = None
    force: bool = False


class EditCellSourceParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    old_string: Annotated[str, Field(min_length=1)]
    new_string: str
    replace_all: bool = False
    force: bool = False


class DeleteCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_indices: Annotated[DeleteCellCellIndices | None, Field(max_length=100, min_length=1)] = (
        None
    )
    cell_ids: Annotated[DeleteCellCellIds | None, Field(max_length=100, min_length=1)] = None
    include_source: bool = True
    force: bool = False


class MoveCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    target_index: Annotated[int | None, Field(ge=-1)] = None
    after_cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None


class UndoChangeParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    change_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    force: bool = False


class ExecuteCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    timeout: Annotated[float, Field(ge=0.0, le=86400.0)] = 0
    wait: Annotated[float, Field(ge=0.0, le=3600.0)] = 50


class InsertExecuteCodeCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=-1)] = None
    after_cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    cell_source: str
    timeout: Annotated[float, Field(ge=0.0, le=86400.0)] = 0
    wait: Annotated[float, Field(ge=0.0, le=3600.0)] = 50


class ExecuteCodeParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    code: Annotated[str, Field(min_length=1)]
    timeout: Annotated[float, Field(ge=0.0, le=86400.0)] = 0
    wait: Annotated[float, Field(ge=0.0, le=3600.0)] = 50


class RunCellsParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    start_index: Annotated[int | None, Field(ge=0)] = None
    start_cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    end_index: Annotated[int | None, Field(ge=0)] = None
    restart: bool = False
    confirm: bool = False
    stop_on_error: bool = True
    timeout: Annotated[float, Field(ge=0.0, le=86400.0)] = 0
    wait: Annotated[float, Field(ge=0.0, le=3600.0)] = 50


class GetExecutionParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    execution_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    wait: Annotated[float, Field(ge=0.0, le=3600.0)] = 50


class InterruptKernelParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    execution_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None


class ListVariablesParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    pattern: Annotated[str, Field(max_length=255)] = "*"
    type: Annotated[str | None, Field(max_length=255)] = None
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=1000)] = 50


class ListFilesParams(Params):
    path: Annotated[str, Field(max_length=1024)] = ""
    max_depth: Annotated[int, Field(ge=0, le=3)] = 1
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=10000)] = 25
    pattern: Annotated[str, Field(max_length=255)] = ""


class ListKernelsParams(Params):
    pass


class ListExecutionsParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    limit: Annotated[int, Field(ge=0, le=500)] = 20


class ReadOutputParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    output: Annotated[int, Field(ge=0)]
    mime_type: Annotated[str, Field(max_length=255, min_length=1)]
    start: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=100000)] = 20000


class ClearCellOutputParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_indices: Annotated[
        ClearCellOutputCellIndices | None, Field(max_length=100, min_length=1)
    ] = None
    cell_ids: Annotated[ClearCellOutputCellIds | None, Field(max_length=100, min_length=1)] = None


class ListChangesParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    since: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=1000)] = 20


class DiffNotebookParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    against: DiffBase = "opened"
    checkpoint_id: Annotated[str | None, Field(max_length=255, min_length=1)] = None
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=1000)] = 50


class CreateCheckpointParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None


class RestoreCheckpointParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    checkpoint_id: Annotated[str | None, Field(max_length=255, min_length=1)] = None
    force: bool = False


class ListSessionsParams(Params):
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=1000)] = 50


class ListActivityParams(Params):
    owners: Literal["own", "all"] = "own"
    contents: bool = False


class InstallPackagesParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    packages: Annotated[InstallPackagesPackages, Field(max_length=50, min_length=1)]
    upgrade: bool = False
    timeout: Annotated[float, Field(ge=0.0, le=86400.0)] = 0
    wait: Annotated[float, Field(ge=0.0, le=3600.0)] = 50


class ValidateNotebookParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=1000)] = 50


class ExportNotebookParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    format: ExportFormat
    path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    overwrite: bool = False


class SearchToolsParams(Params):
    query: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=0, le=100)] = 6


class RunScriptParams(Params):
    code: Annotated[str, Field(max_length=200000, min_length=1)]
    session_id: Annotated[str | None, Field(max_length=256, min_length=1)] = None
    timeout: Annotated[float, Field(gt=0.0, le=3600.0)] = 50


class DebugConnectionStatusParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None


class PrepareNotebookParams(Params):
    session_id: Annotated[
        str | None, Field(max_length=128, min_length=1, pattern="^[A-Za-z0-9._-]{8,128}$")
    ] = None
    notebook_path: Annotated[str, Field(max_length=1024, min_length=1)]
    conversation_id: Annotated[str | None, Field(max_length=100, min_length=1)] = None


class SwitchNotebookParams(Params):
    session_id: Annotated[
        str | None, Field(max_length=128, min_length=1, pattern="^[A-Za-z0-9._-]{8,128}$")
    ] = None
    notebook_path: Annotated[str, Field(max_length=1024, min_length=1)]
    close_other_tabs: bool = True


class ListOpenNotebooksParams(Params):
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=1000)] = 50


class GetUserContextParams(Params):
    pass


class ShowInLabParams(Params):
    notebook_path: Annotated[str, Field(max_length=1024, min_length=1)]
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None


class CreateNotebookParams(Params):
    session_id: Annotated[
        str | None, Field(max_length=128, min_length=1, pattern="^[A-Za-z0-9._-]{8,128}$")
    ] = None
    notebook_path: Annotated[str, Field(max_length=1024, min_length=1)]
    initial_content: str = ""
    switch_to_notebook: bool = True
    kernel_name: Annotated[str | None, Field(max_length=128, min_length=1)] = None


class CreateConversationNotebookParams(Params):
    session_id: Annotated[
        str | None, Field(max_length=128, min_length=1, pattern="^[A-Za-z0-9._-]{8,128}$")
    ] = None
    conversation_id: Annotated[str, Field(max_length=100, min_length=1)]
    title: Annotated[str, Field(max_length=255)] = ""
    initial_content: str = ""
    template: Annotated[str | None, Field(max_length=1024, min_length=1)] = None


class ListConversationsParams(Params):
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=1000)] = 20


class ReviewChangesParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    of_session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    context_lines: Annotated[int, Field(ge=0, le=1000000)] = 3
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=1000)] = 50


class AcceptChangesParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    of_session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    change_ids: Annotated[AcceptChangesChangeIds | None, Field(max_length=1000, min_length=1)] = (
        None
    )
    cell_ids: Annotated[AcceptChangesCellIds | None, Field(max_length=1000, min_length=1)] = None
    withdraw: Annotated[str | None, Field(max_length=64, min_length=1)] = None


class RevertChangesParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    of_session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    change_ids: Annotated[RevertChangesChangeIds | None, Field(max_length=1000, min_length=1)] = (
        None
    )
    cell_ids: Annotated[RevertChangesCellIds | None, Field(max_length=1000, min_length=1)] = None
    force: bool = False


class ShowOutputParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    output: Annotated[int | None, Field(ge=0)] = None


class ReadOutputDataParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    output: Annotated[int, Field(ge=0)]
    mime_type: Annotated[str, Field(max_length=255, min_length=1)]
    start: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=400000)] = 0


class ReadResourceParams(Params):
    uri: Annotated[str, Field(max_length=4096, min_length=1)]
    start: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0, le=100000)] = 20000


class CompleteValueParams(Params):
    kind: ValueKind
    value: Annotated[str, Field(max_length=1024)] = ""
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    output: Annotated[int | None, Field(ge=0)] = None


class CiteCellsParams(Params):
    cell_indices: Annotated[str, Field(max_length=1000, min_length=1)]
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None


class AppendMarkdownCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_source: str


class InsertMarkdownCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=-1)] = None
    after_cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    cell_source: str


class AppendCodeCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_source: str


class AppendExecuteCodeCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_source: str
    full_output: bool = False


class ExecuteCellWithProgressParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    timeout_seconds: Annotated[float, Field(ge=0.1, le=3600.0)] = 300
    full_output: bool = False


class ExecuteWithProgressParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    timeout_seconds: Annotated[float, Field(ge=0.1, le=3600.0)] = 300
    full_output: bool = False


class ExecuteCellSimpleTimeoutParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    timeout_seconds: Annotated[float, Field(ge=0.1, le=3600.0)] = 300
    full_output: bool = False


class ExecuteCellStreamingParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(max_length=64, min_length=1)] = None
    timeout_seconds: Annotated[float, Field(ge=0.1, le=3600.0)] = 300
    progress_interval: Annotated[float, Field(ge=1.0, le=3600.0)] = 5
    full_output: bool = False


class ReadAllCellsParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    full_output: bool = False
    start_index: Annotated[int, Field(ge=0)] = 0


class GetNotebookInfoParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None


class More(Result):
    count: int
    start_index: int | None = None


class Kernel(Result):
    kernel_id: str
    kernel_name: str
    state: KernelState


class ReleasedNotebook(Result):
    released: str
    kernel: KernelFate
    current_notebook: str | None = None
    session_ended: bool = False


class NotebookRow(Result):
    notebook_path: str
    notebook_name: str | None = None
    session_id: str | None = None
    current: bool = False
    kernel_id: str | None = None
    kernel_state: KernelState | None = None
    size: int | None = None
    last_modified: str | None = None


class NotebookList(Result):
    scope: NotebookScope
    total: int
    start_index: int = 0
    notebooks: list[NotebookRow]
    more: More | None = None


class ConnectionProblem(Result):
    part: ConnectionPart
    code: str
    message: str


class NotebookStatus(Result):
    notebook_path: str
    answers: bool
    mode: DocumentMode | None = None
    cell_count: int | None = None
    saved: SaveState | None = None
    kernel_id: str | None = None
    kernel_state: KernelState | None = None
    kernel_answers: bool | None = None


class ConnectionStatus(Result):
    version: str
    place: ServerPlace
    jupyter_url: str
    kernels_url: str | None = None
    answers: bool
    jupyter_version: str | None = None
    documents: DocumentMode | None = None
    provider: str | None = None
    kernels: int | None = None
    sessions: int | None = None
    notebook: NotebookStatus | None = None
    problems: list[ConnectionProblem]


class SessionNotebook(Result):
    notebook_path: str
    current: bool = False
    kernel_id: str | None = None
    kernel_state: KernelState | None = None


class SessionRow(Result):
    session: str
    opened: str
    last_call: str
    paused: bool = False
    notebooks: list[SessionNotebook]


class SessionList(Result):
    total: int
    start_index: int = 0
    sessions: list[SessionRow]
    more: More | None = None


class ActiveSession(Result):
    session: str
    session_id: str | None = None
    owner: str
    client: str | None = None
    last_tool: str | None = None
    opened: str
    last_call: str
    paused: bool = False
    notebooks: list[SessionNotebook]


class ActiveRun(Result):
    execution_id: str
    session: str
    session_id: str | None = None
    owner: str
    notebook_path: str
    status: RunStatus
    submitted: str
    started: str | None = None
    cell_id: str | None = None
    line: str | None = None
    waits_for: str | None = None
    done: int | None = None
    total: int | None = None


class ActiveCall(Result):
    call: int
    tool: str
    owner: str
    session: str | None = None
    session_id: str | None = None
    client: str | None = None
    notebook_path: str | None = None
    cell_id: str | None = None
    cell_index: int | None = None
    began: str
    seconds: float | None = None
    outcome: str


class Activity(Result):
    now: str
    server_began: str
    lab_url: str | None = None
    session_count: int
    sessions: list[ActiveSession]
    run_count: int
    runs: list[ActiveRun]
    calls: list[ActiveCall]


class HeadingRow(Result):
    cell_index: int
    cell_id: str | None = None
    heading: str


class Match(Result):
    notebook_path: str | None = None
    cell_index: int
    cell_id: str | None = None
    output: int | None = None
    line: int
    text: str
    before: list[str] | None = None
    after: list[str] | None = None
    heading: str | None = None


class MatchList(Result):
    total: int
    start_index: int = 0
    matches: list[Match]
    more: More | None = None


class Variable(Result):
    name: str
    type: str
    shape: list[int] | None = None
    dtype: str | None = None
    size: int | None = None
    preview: str | None = None
    columns: list[str] | None = None
    head: list[str] | None = None
    problem: VariableProblem | None = None
    ename: str | None = None


class Resource(Result):
    uri: str
    mime_type: str
    size: int
    text: str | None = None
    left_out: int | None = None


class ViewedOutput(Result):
    output: int
    mime_types: list[str]
    size: int
    loaded: int | None = None


class OutputData(Result):
    mime_type: str
    size: int
    digest: str
    start: int = 0
    data: str


class Completion(Result):
    total: int
    values: list[str]


class VariableList(Result):
    total: int
    start_index: int = 0
    variables: list[Variable]
    more: More | None = None


class KernelAction(Result):
    action: KernelOutcome
    kernel_id: str
    kernel_name: str
    state: KernelState


class Output(Result):
    output_type: OutputType = "stream"
    name: str | None = None
    text: str | None = None
    left_out: int | None = None
    uri: str | None = None
    mime_types: list[str] | None = None
    ename: str | None = None
    evalue: str | None = None


class Cell(Result):
    cell_index: int
    cell_id: str | None = None
    cell_type: CellType = "code"
    execution_count: int | None = None
    source: str
    output_count: int = 0
    outputs: list[Output] | None = None
    source_left_out: int | None = None
    more_outputs: int | None = None


class DeletedCell(Result):
    cell_index: int
    cell_id: str | None = None
    cell_type: CellType = "code"
    source: str | None = None
    source_left_out: int | None = None


class DeletedCells(Result):
    deleted: list[DeletedCell]
    cell_count: int
    saved: SaveState = "pending"
    change_id: str | None = None


class ChangedCell(Result):
    cell_index: int | None = None
    cell_id: str | None = None
    change: CellChangeKind


class CellEdit(Params):
    op: EditOperation
    cell: str | None = None
    name: str | None = None
    cell_type: CellType | None = None
    source: str | None = None
    old_string: str | None = None
    new_string: str | None = None
    replace_all: bool | None = None
    after: str | None = None
    before: str | None = None


class EditedCell(Result):
    cell_index: int | None = None
    cell_id: str | None = None
    change: CellChangeKind
    name: str | None = None


class CellDiff(Result):
    change: CellDiffKind
    cell_index: int | None = None
    old_index: int | None = None
    cell_id: str | None = None
    cell_type: CellType = "code"
    first_line: str
    diff: str | None = None
    left_out: int | None = None
    outputs_changed: bool = False
    metadata_changed: bool = False


class NotebookDiff(Result):
    against: DiffBase
    of: str | None = None
    total: int
    start_index: int = 0
    cells: list[CellDiff]
    more: More | None = None


class CheckpointMade(Result):
    checkpoint_id: str
    last_modified: str
    replaced: str | None = None
    saved: SaveState = "pending"


class RestoredCheckpoint(Result):
    checkpoint_id: str
    last_modified: str
    cells: list[ChangedCell]
    left_out: int | None = None
    cell_count: int
    saved: SaveState = "pending"
    change_id: str | None = None


class CellDifference(Result):
    cell_index: int | None = None
    cell_id: str | None = None
    change: CellChangeKind
    first_line: str | None = None
    diff: str | None = None


class Change(Result):
    change_id: str | None = None
    by: ChangeAuthor
    session: str | None = None
    when: str | None = None
    undo: UndoState | None = None
    undoes: str | None = None
    reverts: list[str] | None = None
    kernel_name: str | None = None
    cells: list[CellDifference]
    left_out: int | None = None


class ReviewHunk(Result):
    old_start: int
    new_start: int
    lines: list[str]


class ReviewedCell(Result):
    cell_index: int | None = None
    cell_id: str | None = None
    cell_type: CellType | None = None
    change: ReviewKind
    also: list[ReviewKind] = []
    change_ids: list[str]
    sessions: list[str] | None = None
    when: str
    first_line: str | None = None
    hunks: list[ReviewHunk]
    left_out: int | None = None
    as_left: bool
    revert: RevertState


class ReviewedChange(Result):
    change_id: str
    session: str | None = None
    when: str
    cell_count: int


class Review(Result):
    total: int
    change_count: int
    changes: list[ReviewedChange]
    start_index: int = 0
    cells: list[ReviewedCell]
    kernel_name: str | None = None
    last_revert: str | None = None
    more: More | None = None


class AcceptedChanges(Result):
    acceptance_id: str
    accepted: bool
    change_ids: list[str]
    cell_ids: list[str]
    left: int


class RevertedChanges(Result):
    reverted: list[str]
    change_id: str | None = None
    cells: list[ChangedCell]
    cell_count: int
    left: int
    saved: SaveState = "pending"


class ChangeList(Result):
    total: int
    start_index: int = 0
    changes: list[Change]
    more: More | None = None


class ClearedCell(Result):
    cell_index: int
    cell_id: str | None = None
    output_count: int = 0
    running: bool = False


class ClearedOutputs(Result):
    cleared: int
    cells: list[ClearedCell]
    left_out: int | None = None
    saved: SaveState = "pending"
    change_id: str | None = None


class UndoneChange(Result):
    undone: str
    change_id: str | None = None
    cells: list[ChangedCell]
    cell_count: int
    saved: SaveState = "pending"


class Waiting(Result):
    what: str
    since: str
    seconds: float
    ahead: int = 0
    execution_id: str | None = None
    session: str | None = None


class BatchCell(Result):
    cell_index: int
    cell_id: str | None = None
    status: StepStatus
    execution_count: int | None = None
    seconds: float
    error: str | None = None
    output: str | None = None


class ExportedNotebook(Result):
    path: str
    size: int
    images: list[str] | None = None
    left_out: int | None = None


class Finding(Result):
    code: FindingCode
    cell_index: int | None = None
    cell_id: str | None = None
    names: list[str] | None = None
    other_index: int | None = None
    message: str


class NotebookFindings(Result):
    total: int
    start_index: int = 0
    findings: list[Finding]
    more: More | None = None


class InstalledPackage(Result):
    name: str
    change: PackageChange
    version: str | None = None
    old_version: str | None = None


class ToolSignatures(Result):
    total: int
    tools: list[str]


class ScriptResult(Result):
    status: ScriptStatus = "ok"
    output: str
    left_out: int | None = None
    calls: int
    seconds: float
    session_id: str | None = None


class Installation(Result):
    status: ExecutionStatus = "ok"
    execution_id: str
    seconds: float
    installer: str | None = None
    packages: list[InstalledPackage]
    left_out: int | None = None
    imported: list[str] | None = None
    output: str | None = None
    waits_for: Waiting | None = None
    next: str | None = None


class ExecutionRow(Result):
    execution_id: str
    status: RunStatus
    notebook_path: str | None = None
    cell_id: str | None = None
    code: str
    seconds: float
    started: str | None = None


class ExecutionList(Result):
    total: int
    executions: list[ExecutionRow]
    more: More | None = None


class FileRow(Result):
    path: str
    type: EntryType
    size: int | None = None
    last_modified: str


class FileList(Result):
    path: str = ""
    total: int
    start_index: int = 0
    files: list[FileRow]
    more: More | None = None


class KernelRow(Result):
    kernel_id: str
    kernel_name: str
    display_name: str
    language: str
    state: KernelState
    connections: int
    last_activity: str
    notebook_path: str | None = None


class KernelspecRow(Result):
    kernel_name: str
    display_name: str
    language: str
    default: bool = False


class KernelList(Result):
    kernels: list[KernelRow]
    kernelspecs: list[KernelspecRow]


class ShownNotebook(Result):
    action: BrowserAction | None = None
    url: str
    opening: OpeningAction
    notebook_path: str
    cell_count: int
    workspace: str | None = None
    next: str | None = None


class UserCell(Result):
    cell_index: int
    cell_id: str | None = None
    cell_type: CellType = "code"
    source: str
    source_left_out: int | None = None
    rendered: bool = False


class UserSelection(Result):
    text: str
    left_out: int | None = None
    place: SelectionPlace = "source"
    start_line: int | None = None
    start_column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


class SelectedCell(Result):
    cell_index: int
    cell_id: str | None = None


class TabRow(Result):
    notebook_path: str
    unsaved: bool = False


class UserContext(Result):
    notebook_path: str | None = None
    other_tab: str | None = None
    unsaved: bool = False
    cell: UserCell | None = None
    selection: UserSelection | None = None
    selected_cells: list[SelectedCell] | None = None
    open_notebooks: Annotated[list[TabRow], Field(validate_default=True)] = []
    idle_seconds: float | None = None
    app: LabApp
    visible: bool
    pages: int


class ShownCell(Result):
    notebook_path: str
    cell_index: int | None = None
    cell_id: str | None = None
    opened: bool
    in_front: bool
    scrolled: bool
    app: LabApp
    visible: bool


class OpenNotebookRow(Result):
    notebook_path: str
    workspace: str | None = None
    factory: str | None = None
    current: bool = False
    live: bool = False


class OpenNotebookList(Result):
    total: int
    start_index: int = 0
    notebooks: list[OpenNotebookRow]
    unread: list[str] | None = None
    more: More | None = None


class ConversationRow(Result):
    conversation_id: str | None = None
    notebook_path: str
    url: str
    size: int | None = None
    last_modified: str


class ConversationList(Result):
    total: int
    start_index: int = 0
    conversations: list[ConversationRow]
    more: More | None = None


class ImageObject(Result):
    type: str
    mime_type: str
    size_bytes: int
    base64_data: str
    description: str


class ErrorObject(Result):
    type: ErrorType | str
    message: str


class WarningObject(Result):
    type: WarningType | str
    message: str


class CellObject(Result):
    cell_index: int
    cell_id: str
    cell_type: CellType = "code"
    content: str
    output: list[str]
    images: list[ImageObject]
    error: ErrorObject | None = None
    warning: WarningObject | None = None
    content_left_out: int | None = None
    execution_id: str | None = None
    next: str | None = None


class CellObjectList(Result):
    result: list[CellObject]
    more: More | None = None


class ExecutionResult(Result):
    text_outputs: list[str]
    images: list[ImageObject]
    error: ErrorObject | None = None
    warning: WarningObject | None = None
    execution_id: str | None = None
    next: str | None = None


class ExecutionLog(Result):
    result: list[str]
    error: ErrorObject | None = None
    warning: WarningObject | None = None
    execution_id: str | None = None
    next: str | None = None


class CellTypeCounts(Result):
    code: int = 0
    markdown: int = 0
    raw: int = 0


class NotebookInfo(Result):
    room_id: str
    total_cells: int
    cell_types: CellTypeCounts


class SessionNotice(Result):
    code: str
    message: str
    details: dict[str, Any]


class SessionFields(Result):
    session_id: str | None = None
    notebook_path: str | None = None
    document: DocumentMode = "live"
    notices: Annotated[list[SessionNotice], Field(validate_default=True)] = []


class ApplyEditsParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    edits: Annotated[list[CellEdit], Field(max_length=50, min_length=1)]
    force: bool = False
    run: bool = False
    wait: Annotated[float, Field(ge=0.0, le=3600.0)] = 50


class CellOutline(Result):
    cell_index: int
    cell_id: str | None = None
    cell_type: CellType = "code"
    execution_count: int | None = None
    line_count: int = 1
    first_line: str
    state: CellState | None = None
    ename: str | None = None
    source: str | None = None
    outputs: list[Output] | None = None


class OpenedNotebook(Result):
    action: OpeningAction
    notebook_name: str
    kernel: Kernel | None = None
    kernel_name: str | None = None
    cell_count: int
    cells: list[CellOutline]
    next: str
    more: More | None = None


class NotebookContent(Result):
    cell_count: int
    start_index: int = 0
    cells: list[CellOutline]
    headings: list[HeadingRow] | None = None
    more: More | None = None


class OutputView(Result):
    cell_index: int
    cell_id: str | None = None
    execution_count: int | None = None
    to_view: bool = False
    running: bool = False
    viewed: list[ViewedOutput]
    outputs: list[Output] | None = None
    lab_url: str | None = None


class CitedCell(Result):
    cell_index: int
    cell_id: str | None = None
    cell_type: CellType = "code"
    execution_count: int | None = None
    source: str
    source_left_out: int | None = None
    outputs: list[Output] | None = None
    more_outputs: int | None = None


class CitedCells(Result):
    notebook_path: str
    cells: list[CitedCell]
    more: More | None = None


class CellChange(Result):
    change: CellChangeKind
    cell_index: int
    cell_id: str | None = None
    cell_count: int
    saved: SaveState = "pending"
    diff: str | None = None
    neighbours: list[CellOutline] | None = None
    change_id: str | None = None


class Batch(Result):
    done: int
    total: int
    cells: list[BatchCell]
    left_out: int | None = None


class Execution(Result):
    status: ExecutionStatus = "ok"
    execution_id: str
    cell_index: int | None = None
    cell_id: str | None = None
    execution_count: int | None = None
    seconds: float
    complete: bool = True
    outputs: list[Output]
    batch: Batch | None = None
    waits_for: Waiting | None = None
    next: str | None = None


class FoundExecution(Result):
    status: ExecutionStatus = "ok"
    execution_id: str | None = None
    cell_index: int | None = None
    cell_id: str | None = None
    execution_count: int | None = None
    seconds: float | None = None
    complete: bool = True
    outputs: list[Output] | None = None
    batch: Batch | None = None
    waits_for: Waiting | None = None
    next: str | None = None
    total: int | None = None
    executions: list[ExecutionRow] | None = None
    more: More | None = None


class AppliedEdits(Result):
    change_id: str | None = None
    cells: list[EditedCell]
    cell_count: int
    saved: SaveState = "pending"
    execution: Execution | None = None

"""Clients in Python: a method for each tool, over HTTP to a server that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from jmcp.client.answer import Image, OnProgress, Progress
from jmcp.client.failures import (
    AnswerLost,
    AnswerUnreadable,
    NotReached,
    Phrases,
    Refused,
    TransportError,
    UndeclaredError,
)
from jmcp.client.outcomes import (
    Issue,
    get_error_info,
    get_execution_summary,
    get_warning_info,
    has_error,
    has_execution_issues,
    has_warning,
    images,
    outputs_text,
)
from jmcp.client.tools import AsyncTools, Tools

from . import enums, errors, models, phrases, results
from .client_tools import CLIENT_TOOLS

__all__ = [
    "AnswerLost",
    "AnswerUnreadable",
    "AsyncJmcpClient",
    "Image",
    "Issue",
    "JmcpClient",
    "NotReached",
    "OnProgress",
    "Progress",
    "Refused",
    "TransportError",
    "UndeclaredError",
    "get_error_info",
    "get_execution_summary",
    "get_warning_info",
    "has_error",
    "has_execution_issues",
    "has_warning",
    "images",
    "outputs_text",
]


class AsyncJmcpClient(AsyncTools):
    """Every tool, within an event loop."""

    _tools = CLIENT_TOOLS
    _errors = errors.ERRORS
    _phrases: ClassVar[Phrases] = phrases

    async def use_notebook(
        self,
        notebook_path: str,
        *,
        session_id: str | None = None,
        notebook_name: str | None = None,
        mode: Literal["connect", "create"] = "connect",
        kernel_id: str | None = None,
        kernel_name: str | None = None,
        kernel: Literal["shared", "private"] = "shared",
        auto_heal: bool = True,
    ) -> results.OpenedNotebook:
        """Open a notebook (mode connect) or create one (mode create) and make it the session's
        current notebook.
        Returns session_id: pass it on every later call. Without session_id a new session is
        opened.
        The notebook's running kernel is used; without one, the first run starts it.

        `notebook_path`: Relative to the server's folder.
        `notebook_name`: A short name for it in this session.
        `kernel_id`: Use this running kernel.
        `kernel_name`: Kernelspec for a new kernel.
        `kernel`: private: a kernel of this session's own.
        `auto_heal`: false: never replace a dead kernel.

        Raises NotebookExists, DirectoryNotFound, KernelNotFound, KernelTaken.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "notebook_name": notebook_name,
            "mode": mode,
            "kernel_id": kernel_id,
            "kernel_name": kernel_name,
            "kernel": kernel,
            "auto_heal": auto_heal,
        }
        return await self._call(results.OpenedNotebook, "use_notebook", arguments)

    async def unuse_notebook(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        kernel: enums.KernelRelease = "auto",
        confirm: bool = False,
    ) -> results.ReleasedNotebook:
        """Release the current notebook, or the one named. The file and its cells stay. Releasing
        the last one ends the session.
        kernel auto stops the kernel if this session started it and nobody else uses it.

        `notebook_path`: Default: current.
        `confirm`: Also others' code.

        Raises ConfirmationRequired.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "kernel": kernel,
            "confirm": confirm,
        }
        return await self._call(results.ReleasedNotebook, "unuse_notebook", arguments)

    async def list_notebooks(
        self,
        *,
        scope: enums.NotebookScope | None = None,
        session_id: str | None = None,
        path: str | None = None,
        max_depth: int | None = None,
        start_index: int = 0,
        limit: int = 50,
    ) -> results.NotebookList:
        """Notebooks of your sessions (with ids), with a kernel (scope open), or below path
        (workspace).

        `limit`: 0: all.

        Raises DirectoryNotFound.
        """
        arguments: dict[str, Any] = {
            "scope": scope,
            "session_id": session_id,
            "path": path,
            "max_depth": max_depth,
            "start_index": start_index,
            "limit": limit,
        }
        return await self._call(results.NotebookList, "list_notebooks", arguments)

    async def read_notebook(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        response_format: Literal["brief", "detailed", "headings"] = "brief",
        include_outputs: bool = False,
        start_index: int = 0,
        limit: int = 20,
    ) -> results.NotebookContent:
        """List the cells with first line (brief) or source (detailed), or only headings.
        include_outputs: as far as they fit.
        state: never_run, queued, running, ok, error (which), or stale: edited since its run, or
        kernel gone. Others' runs, or before its start, it knows by what the cell shows.

        `notebook_path`: Default: current.
        `limit`: Number of cells; 0: all.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "response_format": response_format,
            "include_outputs": include_outputs,
            "start_index": start_index,
            "limit": limit,
        }
        return await self._call(results.NotebookContent, "read_notebook", arguments)

    async def search_notebook(
        self,
        pattern: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        regex: bool = False,
        ignore_case: bool = False,
        where: enums.SearchPlace = "sources",
        scope: enums.SearchScope = "notebook",
        context: int = 0,
        start_index: int = 0,
        limit: int = 20,
    ) -> results.MatchList:
        """Find lines with pattern, their cells and headings. regex: Python's, line by line.
        scope session or workspace: several, closed ones as files.

        `notebook_path`: Default: current.
        `limit`: 0: all.

        Raises PatternInvalid, PatternTooSlow.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "pattern": pattern,
            "regex": regex,
            "ignore_case": ignore_case,
            "where": where,
            "scope": scope,
            "context": context,
            "start_index": start_index,
            "limit": limit,
        }
        return await self._call(results.MatchList, "search_notebook", arguments)

    async def restart_notebook(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        confirm: bool = False,
    ) -> results.KernelAction:
        """Restart the kernel. All variables are lost; cells and outputs stay.

        `notebook_path`: Default: current.
        `confirm`: Also others' code.

        Raises ConfirmationRequired, NoKernel.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "confirm": confirm,
        }
        return await self._call(results.KernelAction, "restart_notebook", arguments)

    async def read_cell(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        include_outputs: bool = True,
        start_output: int = 0,
        start: int = 0,
        source_start: int = 0,
        limit: int = 4000,
    ) -> results.Cell:
        """Read one cell's source and outputs. Long output is cut: page through it with start and
        limit (characters), through many with start_output, through a long source with
        source_start.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `cell_id`: Instead of cell_index; survives edits by others.
        `limit`: 0: all.

        Raises CellNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "include_outputs": include_outputs,
            "start_output": start_output,
            "start": start,
            "source_start": source_start,
            "limit": limit,
        }
        return await self._call(results.Cell, "read_cell", arguments)

    async def insert_cell(
        self,
        cell_type: enums.CellType,
        cell_source: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        after_cell_id: str | None = None,
    ) -> results.CellChange:
        """Insert a cell so that it gets cell_index (-1 appends), or right after the cell
        after_cell_id.

        `notebook_path`: Default: current.
        `cell_index`: 0-based; -1 appends.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "after_cell_id": after_cell_id,
            "cell_type": cell_type,
            "cell_source": cell_source,
        }
        return await self._call(results.CellChange, "insert_cell", arguments)

    async def overwrite_cell_source(
        self,
        cell_source: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        cell_type: enums.CellType | None = None,
        force: bool = False,
    ) -> results.CellChange:
        """Replace a cell's whole source and return a diff. Outputs stay as they are until the cell
        is run.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `cell_type`: Also change its type; outputs then go.
        `force`: Also what others changed.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "cell_source": cell_source,
            "cell_type": cell_type,
            "force": force,
        }
        return await self._call(results.CellChange, "overwrite_cell_source", arguments)

    async def edit_cell_source(
        self,
        old_string: str,
        new_string: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        replace_all: bool = False,
        force: bool = False,
    ) -> results.CellChange:
        """Replace old_string by new_string in a cell's source and return a diff. old_string must
        match exactly and once, unless replace_all.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `force`: Also what others changed.

        Raises CellNotFound, CellChanged, TextNotFound, TextNotUnique.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "old_string": old_string,
            "new_string": new_string,
            "replace_all": replace_all,
            "force": force,
        }
        return await self._call(results.CellChange, "edit_cell_source", arguments)

    async def delete_cell(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_indices: Sequence[int] | None = None,
        cell_ids: Sequence[str] | None = None,
        include_source: bool = True,
        force: bool = False,
    ) -> results.DeletedCells:
        """Delete one or more cells, all or none, and return their sources. Indices are those
        before the call.

        `notebook_path`: Default: current.
        `cell_indices`: 0-based.
        `force`: Also what others changed.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_indices": cell_indices,
            "cell_ids": cell_ids,
            "include_source": include_source,
            "force": force,
        }
        return await self._call(results.DeletedCells, "delete_cell", arguments)

    async def move_cell(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        target_index: int | None = None,
        after_cell_id: str | None = None,
    ) -> results.CellChange:
        """Move a cell to target_index (its index afterwards; -1 for the end) or right after the
        cell after_cell_id. Its id, outputs and metadata stay.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "target_index": target_index,
            "after_cell_id": after_cell_id,
        }
        return await self._call(results.CellChange, "move_cell", arguments)

    async def apply_edits(
        self,
        edits: Sequence[models.CellEdit | Mapping[str, Any]],
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        force: bool = False,
        run: bool = False,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.AppliedEdits:
        """Make edits one after the other, all or none, as one change for undo_change.
        run: true then runs the code cells that were inserted or changed, as run_cells does.

        `notebook_path`: Default: current.
        `force`: Also what others changed.
        `wait`: Seconds.

        Raises CellNotFound, CellChanged, TextNotFound, TextNotUnique.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "edits": edits,
            "force": force,
            "run": run,
            "wait": wait,
        }
        return await self._call(results.AppliedEdits, "apply_edits", arguments, on_progress)

    async def undo_change(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        change_id: str | None = None,
        force: bool = False,
    ) -> results.UndoneChange:
        """Take back this session's last change of the notebook, or the one with change_id:
        sources, places, types, and of deleted cells their outputs too.
        Cells that others changed since are refused. An undo is a change too: undo it by its
        change_id.

        `notebook_path`: Default: current.
        `force`: Also what others changed.

        Raises ChangeNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "change_id": change_id,
            "force": force,
        }
        return await self._call(results.UndoneChange, "undo_change", arguments)

    async def execute_cell(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        timeout: float = 0,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.Execution:
        """Run one code cell; its outputs go into the notebook and come back here. An exception is
        a result (status error).
        After wait seconds it returns status running with the outputs so far; the run goes on
        and get_execution has the rest. timeout interrupts the run.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `timeout`: Seconds; 0: no limit.
        `wait`: Seconds.

        Raises CellNotFound, CellChanged, CellNotCode.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "timeout": timeout,
            "wait": wait,
        }
        return await self._call(results.Execution, "execute_cell", arguments, on_progress)

    async def insert_execute_code_cell(
        self,
        cell_source: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        after_cell_id: str | None = None,
        timeout: float = 0,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.Execution:
        """Insert a code cell as insert_cell does and run it as execute_cell does.

        `notebook_path`: Default: current.
        `cell_index`: 0-based; -1 appends.
        `timeout`: Seconds; 0: no limit.
        `wait`: Seconds.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "after_cell_id": after_cell_id,
            "cell_source": cell_source,
            "timeout": timeout,
            "wait": wait,
        }
        return await self._call(
            results.Execution, "insert_execute_code_cell", arguments, on_progress
        )

    async def execute_code(
        self,
        code: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        timeout: float = 0,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.Execution:
        """Run code in the notebook's kernel without a cell; the notebook does not change. Magics
        and shell commands work. wait and timeout are as in execute_cell; a cancelled call
        interrupts it.

        `notebook_path`: Default: current.
        `timeout`: Seconds; 0: no limit.
        `wait`: Seconds.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "code": code,
            "timeout": timeout,
            "wait": wait,
        }
        return await self._call(results.Execution, "execute_code", arguments, on_progress)

    async def run_cells(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        start_index: int | None = None,
        start_cell_id: str | None = None,
        end_index: int | None = None,
        restart: bool = False,
        confirm: bool = False,
        stop_on_error: bool = True,
        timeout: float = 0,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.Execution:
        """Run the code cells from start_index (or start_cell_id) to end_index; all by default.
        Returns one summary with status, error and last output of each; read_cell has all
        outputs.
        After wait seconds it returns status running; the rest runs on, and get_execution with
        its execution_id has the summary. interrupt_kernel ends it.

        `notebook_path`: Default: current.
        `start_index`: 0-based.
        `end_index`: The last one; without it to the end.
        `restart`: Restart the kernel first.
        `confirm`: Also others' code.
        `timeout`: Seconds for each cell; 0: no limit.
        `wait`: Seconds.

        Raises CellNotFound, CellChanged, ConfirmationRequired.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "start_index": start_index,
            "start_cell_id": start_cell_id,
            "end_index": end_index,
            "restart": restart,
            "confirm": confirm,
            "stop_on_error": stop_on_error,
            "timeout": timeout,
            "wait": wait,
        }
        return await self._call(results.Execution, "run_cells", arguments, on_progress)

    async def get_execution(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        execution_id: str | None = None,
        wait: float = 3600,
    ) -> results.FoundExecution:
        """Wait up to wait seconds for a run of this session and return what execute_cell or
        run_cells would. Without execution_id it lists the latest 20, running first.

        `notebook_path`: Default: current.
        `wait`: Seconds.

        Raises ExecutionNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "execution_id": execution_id,
            "wait": wait,
        }
        return await self._call(results.FoundExecution, "get_execution", arguments)

    async def interrupt_kernel(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        execution_id: str | None = None,
    ) -> results.KernelAction:
        """Interrupt the kernel, run_cells too. Variables, queued runs stay.

        `notebook_path`: Default: current.
        `execution_id`: Only this.

        Raises NoKernel, ExecutionNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "execution_id": execution_id,
        }
        return await self._call(results.KernelAction, "interrupt_kernel", arguments)

    async def list_variables(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        pattern: str = "*",
        type: str | None = None,
        start_index: int = 0,
        limit: int = 50,
    ) -> results.VariableList:
        """List a Python kernel's variables: type, shape, preview; columns and head of DataFrames.
        Leaves no trace.
        pattern and type are globs; modules, functions, classes only with type.

        `notebook_path`: Default: current.
        `limit`: 0: all.

        Raises KernelBusy, NoKernel.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "pattern": pattern,
            "type": type,
            "start_index": start_index,
            "limit": limit,
        }
        return await self._call(results.VariableList, "list_variables", arguments)

    async def list_files(
        self,
        *,
        path: str = "",
        max_depth: int = 1,
        start_index: int = 0,
        limit: int = 25,
        pattern: str = "",
    ) -> results.FileList:
        """List files and folders below path, sorted by path. pattern is a glob on names, as in
        *.csv.

        `max_depth`: Folders below path; 0: only path.
        `limit`: 0: all.

        Raises DirectoryNotFound.
        """
        arguments: dict[str, Any] = {
            "path": path,
            "max_depth": max_depth,
            "start_index": start_index,
            "limit": limit,
            "pattern": pattern,
        }
        return await self._call(results.FileList, "list_files", arguments)

    async def list_kernels(self) -> results.KernelList:
        """List running kernels with their notebooks, and the kernelspecs that one can be opened
        with.
        """
        arguments: dict[str, Any] = {}
        return await self._call(results.KernelList, "list_kernels", arguments)

    async def list_executions(
        self, *, session_id: str | None = None, notebook_path: str | None = None, limit: int = 20
    ) -> results.ExecutionList:
        """List the session's runs, running and queued ones first, then the latest; of one notebook
        with notebook_path.

        `notebook_path`: Default: current.
        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "limit": limit,
        }
        return await self._call(results.ExecutionList, "list_executions", arguments)

    async def read_output(
        self,
        output: int,
        mime_type: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        start: int = 0,
        limit: int = 20000,
    ) -> results.Resource:
        """Read one output, counted from 0, in any of the MIME types that read_cell names for it:
        HTML, SVG, JSON, an image.
        Text is cut: page through it with start and limit (characters).

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `mime_type`: text/plain for what was printed, and for exceptions.
        `limit`: 0: all.

        Raises CellNotFound, ResourceNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "output": output,
            "mime_type": mime_type,
            "start": start,
            "limit": limit,
        }
        return await self._call(results.Resource, "read_output", arguments)

    async def clear_cell_output(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_indices: Sequence[int] | None = None,
        cell_ids: Sequence[str] | None = None,
    ) -> results.ClearedOutputs:
        """Clear outputs and execution counts of the cells named, all or none, or of every cell.
        undo_change brings them back, except very long ones.
        A cell counts as never_run then; one that runs shows what comes from then on.

        `notebook_path`: Default: current.
        `cell_indices`: 0-based.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_indices": cell_indices,
            "cell_ids": cell_ids,
        }
        return await self._call(results.ClearedOutputs, "clear_cell_output", arguments)

    async def list_changes(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        since: str | None = None,
        start_index: int = 0,
        limit: int = 20,
    ) -> results.ChangeList:
        """List the changes since this session opened the notebook, or after the change since, the
        latest first: who, when, which cells, a diff, and whether undo_change takes it back.
        Without since, also what others than jmcp made of the notebook: people are not named,
        and there is no time. Runs are no changes.

        `notebook_path`: Default: current.
        `since`: A change_id.
        `limit`: 0: all.

        Raises ChangeNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "since": since,
            "start_index": start_index,
            "limit": limit,
        }
        return await self._call(results.ChangeList, "list_changes", arguments)

    async def diff_notebook(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        against: enums.DiffBase = "opened",
        checkpoint_id: str | None = None,
        start_index: int = 0,
        limit: int = 50,
    ) -> results.NotebookDiff:
        """Compare the notebook cell by cell: added, removed, moved, source as a unified diff, and
        whether outputs and metadata differ. Against opened, outputs are compared by their
        number and count, metadata not.

        `notebook_path`: Default: current.
        `checkpoint_id`: Default: the latest.
        `limit`: Cells that differ; 0: all.

        Raises CheckpointNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "against": against,
            "checkpoint_id": checkpoint_id,
            "start_index": start_index,
            "limit": limit,
        }
        return await self._call(results.NotebookDiff, "diff_notebook", arguments)

    async def create_checkpoint(
        self, *, session_id: str | None = None, notebook_path: str | None = None
    ) -> results.CheckpointMade:
        """Save the notebook, then make Jupyter's checkpoint of it, as JupyterLab's File menu does.
        Jupyter keeps one for each notebook; the one before is replaced.

        `notebook_path`: Default: current.
        """
        arguments: dict[str, Any] = {"session_id": session_id, "notebook_path": notebook_path}
        return await self._call(results.CheckpointMade, "create_checkpoint", arguments)

    async def restore_checkpoint(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        checkpoint_id: str | None = None,
        force: bool = False,
    ) -> results.RestoredCheckpoint:
        """Give the notebook the cells of Jupyter's checkpoint, as one edit of the live document,
        which people see and undo_change takes back. The notebook's own metadata stay.
        Cells that run keep what they show.

        `notebook_path`: Default: current.
        `checkpoint_id`: Default: the latest.
        `force`: Also what others changed.

        Raises CheckpointNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "checkpoint_id": checkpoint_id,
            "force": force,
        }
        return await self._call(results.RestoredCheckpoint, "restore_checkpoint", arguments)

    async def list_sessions(self, *, start_index: int = 0, limit: int = 50) -> results.SessionList:
        """List your live sessions, the one used last first: when each was opened and last called,
        its notebooks, and what their kernels do.
        Ids are masked, for telling sessions apart; list_notebooks has them whole.

        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {"start_index": start_index, "limit": limit}
        return await self._call(results.SessionList, "list_sessions", arguments)

    async def list_activity(
        self, *, owners: Literal["own", "all"] = "own", contents: bool = False
    ) -> results.Activity:
        """List what goes on: your live sessions, the runs that go on or wait, the calls under way
        and the last ones.
        Of your own sessions it has the ids. With owners all (needs the scope admin) also what
        others do, without what their cells and calls contain.

        `contents`: Of a stream over REST: your calls come with arguments and results, cut.
        """
        arguments: dict[str, Any] = {"owners": owners, "contents": contents}
        return await self._call(results.Activity, "list_activity", arguments)

    async def install_packages(
        self,
        packages: Sequence[str],
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        upgrade: bool = False,
        timeout: float = 0,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.Installation:
        """Install packages into the interpreter of the notebook's Python kernel, with uv or pip;
        without a kernel one is started. Nothing of it shows in the notebook.
        Returns what was installed, upgraded or there already, and says if the kernel has to be
        restarted. wait and timeout are as in execute_code; what fails is a result (status
        error).

        `notebook_path`: Default: current.
        `packages`: Requirements as pip has them: pandas>=2.2, polars[all].
        `upgrade`: Also what is there already.
        `timeout`: Seconds; 0: no limit.
        `wait`: Seconds.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "packages": packages,
            "upgrade": upgrade,
            "timeout": timeout,
            "wait": wait,
        }
        return await self._call(results.Installation, "install_packages", arguments, on_progress)

    async def validate_notebook(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        start_index: int = 0,
        limit: int = 50,
    ) -> results.NotebookFindings:
        """Look for what is wrong: format and ids, cells that ran out of order or were edited
        since, and cells that would fail if all ran from top to bottom in a new kernel: names
        that nothing above defines.
        Names are read from Python sources and not run, so what code makes at run time is not
        seen. What could not be checked is listed as not_checked.

        `notebook_path`: Default: current.
        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "start_index": start_index,
            "limit": limit,
        }
        return await self._call(results.NotebookFindings, "validate_notebook", arguments)

    async def export_notebook(
        self,
        format: enums.ExportFormat,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        path: str | None = None,
        overwrite: bool = False,
    ) -> results.ExportedNotebook:
        """Write the notebook as it is now, with its outputs, as html, md (images in a folder
        beside it) or py, with nbconvert: next to it, or to path, which is relative to the
        server's folder.
        HTML and scripts in outputs are in an html file as they are. A file is replaced with
        overwrite: true only.

        `notebook_path`: Default: current.

        Raises ExportFailed, FileExists, DirectoryNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "format": format,
            "path": path,
            "overwrite": overwrite,
        }
        return await self._call(results.ExportedNotebook, "export_notebook", arguments)

    async def search_tools(self, *, query: str = "", limit: int = 6) -> results.ToolSignatures:
        """Find jmcp's tools, by words of what they do, as Python signatures for run_script. No
        words: all names.

        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {"query": query, "limit": limit}
        return await self._call(results.ToolSignatures, "search_tools", arguments)

    async def run_script(
        self,
        code: str,
        *,
        session_id: str | None = None,
        timeout: float = 50,
        on_progress: OnProgress | None = None,
    ) -> results.ScriptResult:
        """Run Python in a fresh kernel of its own where client has each tool as a method: opened =
        client.use_notebook('a.ipynb'), then client.run_cells(). Results are objects; errors
        raise (jmcp_api.errors). Returns what is printed, and session_id: pass it to go on in
        that session. Variables are gone afterwards; the notebook's kernel keeps its own.

        `timeout`: Seconds.
        """
        arguments: dict[str, Any] = {"code": code, "session_id": session_id, "timeout": timeout}
        return await self._call(results.ScriptResult, "run_script", arguments, on_progress)

    async def debug_connection_status(
        self, *, session_id: str | None = None, notebook_path: str | None = None
    ) -> results.ConnectionStatus:
        """Say where jmcp runs, its version, the Jupyter Server's address and version, how that
        shares notebooks, and whether the server, a notebook and its kernel answer.
        Of notebook_path, else of the session's current notebook. A broken connection is no
        error here but one of the problems. Has no token.

        `session_id`: Default: the one used last.
        """
        arguments: dict[str, Any] = {"session_id": session_id, "notebook_path": notebook_path}
        return await self._call(results.ConnectionStatus, "debug_connection_status", arguments)

    async def prepare_notebook(
        self,
        notebook_path: str,
        *,
        session_id: str | None = None,
        conversation_id: str | None = None,
    ) -> results.ShownNotebook:
        """Open a notebook, make it the session's current one, and make a workspace of JupyterLab
        that shows it alone. A browser goes to url, or loads it anew (action).
        conversation_id: the workspace is that conversation's own. Where none can be made, url
        opens the notebook beside the tabs that are there, and a notice says why.
        Without session_id a new session is opened: pass the session_id of the result on every
        later call.

        `notebook_path`: Relative to the server's folder.

        Raises ConversationIdRefused.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "conversation_id": conversation_id,
        }
        return await self._call(results.ShownNotebook, "prepare_notebook", arguments)

    async def switch_notebook(
        self, notebook_path: str, *, session_id: str | None = None, close_other_tabs: bool = True
    ) -> results.ShownNotebook:
        """Open a notebook, make it the session's current one, and say where JupyterLab shows it
        (action, url). close_other_tabs: the page then has no other tab; else the notebook opens
        beside the person's own.
        Without session_id a new session is opened: pass the session_id of the result on every
        later call.

        `notebook_path`: Relative to the server's folder.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "close_other_tabs": close_other_tabs,
        }
        return await self._call(results.ShownNotebook, "switch_notebook", arguments)

    async def list_open_notebooks(
        self, *, start_index: int = 0, limit: int = 50
    ) -> results.OpenNotebookList:
        """List the notebooks in the tabs of JupyterLab's workspaces, as it saved them last, and
        those that a browser holds just now (live), these first.

        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {"start_index": start_index, "limit": limit}
        return await self._call(results.OpenNotebookList, "list_open_notebooks", arguments)

    async def get_user_context(self) -> results.UserContext:
        """Ask JupyterLab what the person who owns this session looks at: notebook_path in front
        (for use_notebook), active cell with its source, what is selected, whether it is
        unsaved, other tabs. Call it when they say "this cell" or "here". Needs no session.

        Raises NoLabPage, LabPageRefused.
        """
        arguments: dict[str, Any] = {}
        return await self._call(results.UserContext, "get_user_context", arguments)

    async def show_in_lab(
        self, notebook_path: str, *, cell_index: int | None = None, cell_id: str | None = None
    ) -> results.ShownCell:
        """Bring a notebook to the front in the person's JupyterLab, opened where no tab has it;
        with cell_id or cell_index scroll to that cell and highlight it. The keyboard stays
        where it is. While the person is at work there, nothing is moved under their hands
        (in_front, scrolled). Needs no session.

        `notebook_path`: Relative to the server's folder.
        `cell_index`: 0-based.
        `cell_id`: Instead of cell_index; survives edits by others.

        Raises NoLabPage, LabPageRefused, CellNotFound.
        """
        arguments: dict[str, Any] = {
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
        }
        return await self._call(results.ShownCell, "show_in_lab", arguments)

    async def create_notebook(
        self,
        notebook_path: str,
        *,
        session_id: str | None = None,
        initial_content: str = "",
        switch_to_notebook: bool = True,
        kernel_name: str | None = None,
    ) -> results.ShownNotebook:
        """Create a notebook, which must not be there yet, with initial_content as its first cell
        (markdown). switch_to_notebook makes it the session's current one, or that of a new
        session; else it is only made.

        `notebook_path`: Relative to the server's folder; ends with .ipynb.
        `kernel_name`: Kernelspec; default: the server's.

        Raises NotebookExists, DirectoryNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "initial_content": initial_content,
            "switch_to_notebook": switch_to_notebook,
            "kernel_name": kernel_name,
        }
        return await self._call(results.ShownNotebook, "create_notebook", arguments)

    async def create_conversation_notebook(
        self,
        conversation_id: str,
        *,
        session_id: str | None = None,
        title: str = "",
        initial_content: str = "",
        template: str | None = None,
    ) -> results.ShownNotebook:
        """Open the notebook of a conversation, conversations/ID.ipynb, make it the session's
        current one, and say where JupyterLab shows it (action, url).
        Where it is missing it is created, with title as its heading, initial_content (markdown)
        and the cells of template, a notebook, without their outputs. One that is there is
        opened as it is (opening).

        `template`: Path of a notebook.

        Raises ConversationIdRefused.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "conversation_id": conversation_id,
            "title": title,
            "initial_content": initial_content,
            "template": template,
        }
        return await self._call(results.ShownNotebook, "create_conversation_notebook", arguments)

    async def list_conversations(
        self, *, start_index: int = 0, limit: int = 20
    ) -> results.ConversationList:
        """List the notebooks in conversations/, the one changed last first, with the url that
        shows it alone.

        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {"start_index": start_index, "limit": limit}
        return await self._call(results.ConversationList, "list_conversations", arguments)

    async def review_changes(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        of_session_id: str | None = None,
        context_lines: int = 3,
        start_index: int = 0,
        limit: int = 50,
    ) -> results.Review:
        """Show what another session of yours changed in the notebook, cell by cell, as far as it
        is neither accepted nor reverted: kind, changes, source before and after as hunks, and
        whether the cell is still as it was left.
        It goes by the change journal, so also after a restart of the server and the end of that
        session. Runs are no changes.

        `notebook_path`: Default: current.
        `of_session_id`: Default: all of yours but this one.
        `context_lines`: Of the source around what differs.
        `limit`: Cells; 0: all.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "of_session_id": of_session_id,
            "context_lines": context_lines,
            "start_index": start_index,
            "limit": limit,
        }
        return await self._call(results.Review, "review_changes", arguments)

    async def accept_changes(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        of_session_id: str | None = None,
        change_ids: Sequence[str] | None = None,
        cell_ids: Sequence[str] | None = None,
        withdraw: str | None = None,
    ) -> results.AcceptedChanges:
        """Note that changes of another session of yours stay: all that is left to review, or of
        these changes and these cells. The notebook is not changed.
        What that session changes afterwards is to be reviewed again. With withdraw it takes an
        acceptance back.

        `notebook_path`: Default: current.
        `of_session_id`: Default: all of yours but this one.
        `change_ids`: With cell_ids: of these in those cells.
        `withdraw`: An acceptance_id.

        Raises ChangeNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "of_session_id": of_session_id,
            "change_ids": change_ids,
            "cell_ids": cell_ids,
            "withdraw": withdraw,
        }
        return await self._call(results.AcceptedChanges, "accept_changes", arguments)

    async def revert_changes(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        of_session_id: str | None = None,
        change_ids: Sequence[str] | None = None,
        cell_ids: Sequence[str] | None = None,
        force: bool = False,
    ) -> results.RevertedChanges:
        """Take back changes of another session of yours as one edit of the live document: all that
        is left to review, or of these changes in these cells. A cell gets what it had before
        the first of them.
        Cells that others changed since, or that run, are refused. The revert is a change of
        this session: undo_change with its change_id makes it all again, to be reviewed.

        `notebook_path`: Default: current.
        `of_session_id`: Default: all of yours but this one.
        `change_ids`: With cell_ids: of these in those cells.
        `force`: Also what others changed since, and later changes of that session to these
        cells.

        Raises ChangeNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "of_session_id": of_session_id,
            "change_ids": change_ids,
            "cell_ids": cell_ids,
            "force": force,
        }
        return await self._call(results.RevertedChanges, "revert_changes", arguments)

    async def show_output(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        output: int | None = None,
    ) -> results.OutputView:
        """Show the person in the chat what a cell put out: a plot, a table that sorts and pages,
        HTML, text. All of its outputs, or one of them (output, counted from 0).
        The data goes to the view and not to you; read_cell reads it. A client without views
        shows nothing: then the outputs are in the result.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.

        Raises CellNotFound, OutputNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "output": output,
        }
        return await self._call(results.OutputView, "show_output", arguments)

    async def read_output_data(
        self,
        output: int,
        mime_type: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        start: int = 0,
        limit: int = 0,
    ) -> results.OutputData:
        """For the view of show_output: characters of one output in one of its MIME types, as the
        notebook has them.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `mime_type`: text/plain for what was printed, and for exceptions.
        `limit`: 0: as much as one answer has.

        Raises CellNotFound, OutputNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "output": output,
            "mime_type": mime_type,
            "start": start,
            "limit": limit,
        }
        return await self._call(results.OutputData, "read_output_data", arguments)

    async def read_resource(
        self, uri: str, *, start: int = 0, limit: int = 20000
    ) -> results.Resource:
        """Read what a URI in a result leads to: notebook://{path}, with /cells/{cell_id}, with
        /outputs/{output}/{mime_type}, or execution://...
        Text is cut: page through it with start and limit (characters). An image is shown.

        `limit`: 0: all.

        Raises ResourceNotFound, CellNotFound.
        """
        arguments: dict[str, Any] = {"uri": uri, "start": start, "limit": limit}
        return await self._call(results.Resource, "read_resource", arguments)

    async def complete_value(
        self,
        kind: enums.ValueKind,
        *,
        value: str = "",
        notebook_path: str | None = None,
        cell_id: str | None = None,
        output: int | None = None,
    ) -> results.Completion:
        """Complete the beginning of a notebook's path, a cell's id, the number of an output or one
        of its MIME types.

        `notebook_path`: All but notebook need it.
        """
        arguments: dict[str, Any] = {
            "kind": kind,
            "value": value,
            "notebook_path": notebook_path,
            "cell_id": cell_id,
            "output": output,
        }
        return await self._call(results.Completion, "complete_value", arguments)

    async def cite_cells(
        self, cell_indices: str, *, notebook_path: str | None = None
    ) -> results.CitedCells:
        """Read cells of any notebook with what they show, by indices and ranges: 0-2,4 or 3- for
        all from the fourth on.

        `cell_indices`: From 0: 0-2,4 or 3-.
        `notebook_path`: Or its name in your session; default: the current one.

        Raises CellNotFound, CellRangeInvalid, NotebookUnclear.
        """
        arguments: dict[str, Any] = {"cell_indices": cell_indices, "notebook_path": notebook_path}
        return await self._call(results.CitedCells, "cite_cells", arguments)

    async def append_markdown_cell(
        self, cell_source: str, *, session_id: str | None = None, notebook_path: str | None = None
    ) -> results.CellChange:
        """Append a markdown cell; the result says where it is, once the document has it.

        `notebook_path`: Default: current.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_source": cell_source,
        }
        return await self._call(results.CellChange, "append_markdown_cell", arguments)

    async def insert_markdown_cell(
        self,
        cell_source: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        after_cell_id: str | None = None,
    ) -> results.CellChange:
        """Insert a markdown cell so that it gets cell_index (-1 appends), or right after the cell
        after_cell_id.

        `notebook_path`: Default: current.
        `cell_index`: 0-based; -1 appends.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "after_cell_id": after_cell_id,
            "cell_source": cell_source,
        }
        return await self._call(results.CellChange, "insert_markdown_cell", arguments)

    async def append_code_cell(
        self, cell_source: str, *, session_id: str | None = None, notebook_path: str | None = None
    ) -> results.CellChange:
        """Append a code cell without running it; the result says where it is, once the document
        has it.

        `notebook_path`: Default: current.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_source": cell_source,
        }
        return await self._call(results.CellChange, "append_code_cell", arguments)

    async def append_execute_code_cell(
        self,
        cell_source: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        full_output: bool = False,
        on_progress: OnProgress | None = None,
    ) -> results.CellObject:
        """Append a code cell, run it for at most 300 s and return it as an object: content,
        output, images, and error or warning where there is one.
        Each output is cut at 1,000 characters, with full_output at 40,000.

        `notebook_path`: Default: current.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_source": cell_source,
            "full_output": full_output,
        }
        return await self._call(
            results.CellObject, "append_execute_code_cell", arguments, on_progress
        )

    async def execute_cell_with_progress(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        timeout_seconds: float = 300,
        full_output: bool = False,
        on_progress: OnProgress | None = None,
    ) -> results.ExecutionResult:
        """Run one code cell and return text_outputs, images, and error or warning where there is
        one. Progress is sent to clients that ask for it.
        After timeout_seconds it is interrupted, and the outputs so far come back with error
        timeout_error. Each output is cut at 1,000 characters, with full_output at 40,000.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.

        Raises CellNotFound, CellChanged, CellNotCode.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "timeout_seconds": timeout_seconds,
            "full_output": full_output,
        }
        return await self._call(
            results.ExecutionResult, "execute_cell_with_progress", arguments, on_progress
        )

    async def execute_with_progress(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        timeout_seconds: float = 300,
        full_output: bool = False,
        on_progress: OnProgress | None = None,
    ) -> results.ExecutionResult:
        """Run one code cell and return text_outputs, images, and error or warning where there is
        one. Progress is sent to clients that ask for it.
        After timeout_seconds it is interrupted, and the outputs so far come back with error
        timeout_error. Each output is cut at 1,000 characters, with full_output at 40,000.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.

        Raises CellNotFound, CellChanged, CellNotCode.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "timeout_seconds": timeout_seconds,
            "full_output": full_output,
        }
        return await self._call(
            results.ExecutionResult, "execute_with_progress", arguments, on_progress
        )

    async def execute_cell_simple_timeout(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        timeout_seconds: float = 300,
        full_output: bool = False,
        on_progress: OnProgress | None = None,
    ) -> results.ExecutionResult:
        """Run one code cell and return text_outputs, images, and error or warning where there is
        one.
        After timeout_seconds it is interrupted and the call fails; the kernel is usable then,
        and the cell has the outputs so far. Each output is cut at 1,000 characters, with
        full_output at 40,000.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.

        Raises CellNotFound, CellChanged, CellNotCode, ExecutionTimedOut.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "timeout_seconds": timeout_seconds,
            "full_output": full_output,
        }
        return await self._call(
            results.ExecutionResult, "execute_cell_simple_timeout", arguments, on_progress
        )

    async def execute_cell_streaming(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        timeout_seconds: float = 300,
        progress_interval: float = 5,
        full_output: bool = False,
        on_progress: OnProgress | None = None,
    ) -> results.ExecutionLog:
        """Run one code cell and return a log: each output with the seconds when it came, a line
        each progress_interval seconds, and how it ended. The same lines are sent as progress to
        clients that ask for it.
        After timeout_seconds it is interrupted. Each output is cut at 1,000 characters, with
        full_output at 40,000.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `progress_interval`: Seconds.

        Raises CellNotFound, CellChanged, CellNotCode.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "timeout_seconds": timeout_seconds,
            "progress_interval": progress_interval,
            "full_output": full_output,
        }
        return await self._call(
            results.ExecutionLog, "execute_cell_streaming", arguments, on_progress
        )

    async def read_all_cells(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        full_output: bool = False,
        start_index: int = 0,
    ) -> results.CellObjectList:
        """Read all cells as objects: content, output, images, and error or warning where there is
        one. Each output is cut at 1,000 characters, with full_output at 40,000.
        What does not fit into one result is told in more: call again with its start_index.

        `notebook_path`: Default: current.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "full_output": full_output,
            "start_index": start_index,
        }
        return await self._call(results.CellObjectList, "read_all_cells", arguments)

    async def get_notebook_info(
        self, *, session_id: str | None = None, notebook_path: str | None = None
    ) -> results.NotebookInfo:
        """Say which notebook this is (room_id is its path), and count its cells by type.

        `notebook_path`: Default: current.
        """
        arguments: dict[str, Any] = {"session_id": session_id, "notebook_path": notebook_path}
        return await self._call(results.NotebookInfo, "get_notebook_info", arguments)


class JmcpClient(Tools):
    """Every tool, for programs without an event loop."""

    _tools = CLIENT_TOOLS
    _errors = errors.ERRORS
    _phrases: ClassVar[Phrases] = phrases

    def use_notebook(
        self,
        notebook_path: str,
        *,
        session_id: str | None = None,
        notebook_name: str | None = None,
        mode: Literal["connect", "create"] = "connect",
        kernel_id: str | None = None,
        kernel_name: str | None = None,
        kernel: Literal["shared", "private"] = "shared",
        auto_heal: bool = True,
    ) -> results.OpenedNotebook:
        """Open a notebook (mode connect) or create one (mode create) and make it the session's
        current notebook.
        Returns session_id: pass it on every later call. Without session_id a new session is
        opened.
        The notebook's running kernel is used; without one, the first run starts it.

        `notebook_path`: Relative to the server's folder.
        `notebook_name`: A short name for it in this session.
        `kernel_id`: Use this running kernel.
        `kernel_name`: Kernelspec for a new kernel.
        `kernel`: private: a kernel of this session's own.
        `auto_heal`: false: never replace a dead kernel.

        Raises NotebookExists, DirectoryNotFound, KernelNotFound, KernelTaken.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "notebook_name": notebook_name,
            "mode": mode,
            "kernel_id": kernel_id,
            "kernel_name": kernel_name,
            "kernel": kernel,
            "auto_heal": auto_heal,
        }
        return self._call(results.OpenedNotebook, "use_notebook", arguments)

    def unuse_notebook(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        kernel: enums.KernelRelease = "auto",
        confirm: bool = False,
    ) -> results.ReleasedNotebook:
        """Release the current notebook, or the one named. The file and its cells stay. Releasing
        the last one ends the session.
        kernel auto stops the kernel if this session started it and nobody else uses it.

        `notebook_path`: Default: current.
        `confirm`: Also others' code.

        Raises ConfirmationRequired.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "kernel": kernel,
            "confirm": confirm,
        }
        return self._call(results.ReleasedNotebook, "unuse_notebook", arguments)

    def list_notebooks(
        self,
        *,
        scope: enums.NotebookScope | None = None,
        session_id: str | None = None,
        path: str | None = None,
        max_depth: int | None = None,
        start_index: int = 0,
        limit: int = 50,
    ) -> results.NotebookList:
        """Notebooks of your sessions (with ids), with a kernel (scope open), or below path
        (workspace).

        `limit`: 0: all.

        Raises DirectoryNotFound.
        """
        arguments: dict[str, Any] = {
            "scope": scope,
            "session_id": session_id,
            "path": path,
            "max_depth": max_depth,
            "start_index": start_index,
            "limit": limit,
        }
        return self._call(results.NotebookList, "list_notebooks", arguments)

    def read_notebook(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        response_format: Literal["brief", "detailed", "headings"] = "brief",
        include_outputs: bool = False,
        start_index: int = 0,
        limit: int = 20,
    ) -> results.NotebookContent:
        """List the cells with first line (brief) or source (detailed), or only headings.
        include_outputs: as far as they fit.
        state: never_run, queued, running, ok, error (which), or stale: edited since its run, or
        kernel gone. Others' runs, or before its start, it knows by what the cell shows.

        `notebook_path`: Default: current.
        `limit`: Number of cells; 0: all.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "response_format": response_format,
            "include_outputs": include_outputs,
            "start_index": start_index,
            "limit": limit,
        }
        return self._call(results.NotebookContent, "read_notebook", arguments)

    def search_notebook(
        self,
        pattern: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        regex: bool = False,
        ignore_case: bool = False,
        where: enums.SearchPlace = "sources",
        scope: enums.SearchScope = "notebook",
        context: int = 0,
        start_index: int = 0,
        limit: int = 20,
    ) -> results.MatchList:
        """Find lines with pattern, their cells and headings. regex: Python's, line by line.
        scope session or workspace: several, closed ones as files.

        `notebook_path`: Default: current.
        `limit`: 0: all.

        Raises PatternInvalid, PatternTooSlow.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "pattern": pattern,
            "regex": regex,
            "ignore_case": ignore_case,
            "where": where,
            "scope": scope,
            "context": context,
            "start_index": start_index,
            "limit": limit,
        }
        return self._call(results.MatchList, "search_notebook", arguments)

    def restart_notebook(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        confirm: bool = False,
    ) -> results.KernelAction:
        """Restart the kernel. All variables are lost; cells and outputs stay.

        `notebook_path`: Default: current.
        `confirm`: Also others' code.

        Raises ConfirmationRequired, NoKernel.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "confirm": confirm,
        }
        return self._call(results.KernelAction, "restart_notebook", arguments)

    def read_cell(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        include_outputs: bool = True,
        start_output: int = 0,
        start: int = 0,
        source_start: int = 0,
        limit: int = 4000,
    ) -> results.Cell:
        """Read one cell's source and outputs. Long output is cut: page through it with start and
        limit (characters), through many with start_output, through a long source with
        source_start.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `cell_id`: Instead of cell_index; survives edits by others.
        `limit`: 0: all.

        Raises CellNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "include_outputs": include_outputs,
            "start_output": start_output,
            "start": start,
            "source_start": source_start,
            "limit": limit,
        }
        return self._call(results.Cell, "read_cell", arguments)

    def insert_cell(
        self,
        cell_type: enums.CellType,
        cell_source: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        after_cell_id: str | None = None,
    ) -> results.CellChange:
        """Insert a cell so that it gets cell_index (-1 appends), or right after the cell
        after_cell_id.

        `notebook_path`: Default: current.
        `cell_index`: 0-based; -1 appends.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "after_cell_id": after_cell_id,
            "cell_type": cell_type,
            "cell_source": cell_source,
        }
        return self._call(results.CellChange, "insert_cell", arguments)

    def overwrite_cell_source(
        self,
        cell_source: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        cell_type: enums.CellType | None = None,
        force: bool = False,
    ) -> results.CellChange:
        """Replace a cell's whole source and return a diff. Outputs stay as they are until the cell
        is run.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `cell_type`: Also change its type; outputs then go.
        `force`: Also what others changed.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "cell_source": cell_source,
            "cell_type": cell_type,
            "force": force,
        }
        return self._call(results.CellChange, "overwrite_cell_source", arguments)

    def edit_cell_source(
        self,
        old_string: str,
        new_string: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        replace_all: bool = False,
        force: bool = False,
    ) -> results.CellChange:
        """Replace old_string by new_string in a cell's source and return a diff. old_string must
        match exactly and once, unless replace_all.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `force`: Also what others changed.

        Raises CellNotFound, CellChanged, TextNotFound, TextNotUnique.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "old_string": old_string,
            "new_string": new_string,
            "replace_all": replace_all,
            "force": force,
        }
        return self._call(results.CellChange, "edit_cell_source", arguments)

    def delete_cell(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_indices: Sequence[int] | None = None,
        cell_ids: Sequence[str] | None = None,
        include_source: bool = True,
        force: bool = False,
    ) -> results.DeletedCells:
        """Delete one or more cells, all or none, and return their sources. Indices are those
        before the call.

        `notebook_path`: Default: current.
        `cell_indices`: 0-based.
        `force`: Also what others changed.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_indices": cell_indices,
            "cell_ids": cell_ids,
            "include_source": include_source,
            "force": force,
        }
        return self._call(results.DeletedCells, "delete_cell", arguments)

    def move_cell(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        target_index: int | None = None,
        after_cell_id: str | None = None,
    ) -> results.CellChange:
        """Move a cell to target_index (its index afterwards; -1 for the end) or right after the
        cell after_cell_id. Its id, outputs and metadata stay.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "target_index": target_index,
            "after_cell_id": after_cell_id,
        }
        return self._call(results.CellChange, "move_cell", arguments)

    def apply_edits(
        self,
        edits: Sequence[models.CellEdit | Mapping[str, Any]],
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        force: bool = False,
        run: bool = False,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.AppliedEdits:
        """Make edits one after the other, all or none, as one change for undo_change.
        run: true then runs the code cells that were inserted or changed, as run_cells does.

        `notebook_path`: Default: current.
        `force`: Also what others changed.
        `wait`: Seconds.

        Raises CellNotFound, CellChanged, TextNotFound, TextNotUnique.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "edits": edits,
            "force": force,
            "run": run,
            "wait": wait,
        }
        return self._call(results.AppliedEdits, "apply_edits", arguments, on_progress)

    def undo_change(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        change_id: str | None = None,
        force: bool = False,
    ) -> results.UndoneChange:
        """Take back this session's last change of the notebook, or the one with change_id:
        sources, places, types, and of deleted cells their outputs too.
        Cells that others changed since are refused. An undo is a change too: undo it by its
        change_id.

        `notebook_path`: Default: current.
        `force`: Also what others changed.

        Raises ChangeNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "change_id": change_id,
            "force": force,
        }
        return self._call(results.UndoneChange, "undo_change", arguments)

    def execute_cell(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        timeout: float = 0,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.Execution:
        """Run one code cell; its outputs go into the notebook and come back here. An exception is
        a result (status error).
        After wait seconds it returns status running with the outputs so far; the run goes on
        and get_execution has the rest. timeout interrupts the run.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `timeout`: Seconds; 0: no limit.
        `wait`: Seconds.

        Raises CellNotFound, CellChanged, CellNotCode.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "timeout": timeout,
            "wait": wait,
        }
        return self._call(results.Execution, "execute_cell", arguments, on_progress)

    def insert_execute_code_cell(
        self,
        cell_source: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        after_cell_id: str | None = None,
        timeout: float = 0,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.Execution:
        """Insert a code cell as insert_cell does and run it as execute_cell does.

        `notebook_path`: Default: current.
        `cell_index`: 0-based; -1 appends.
        `timeout`: Seconds; 0: no limit.
        `wait`: Seconds.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "after_cell_id": after_cell_id,
            "cell_source": cell_source,
            "timeout": timeout,
            "wait": wait,
        }
        return self._call(results.Execution, "insert_execute_code_cell", arguments, on_progress)

    def execute_code(
        self,
        code: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        timeout: float = 0,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.Execution:
        """Run code in the notebook's kernel without a cell; the notebook does not change. Magics
        and shell commands work. wait and timeout are as in execute_cell; a cancelled call
        interrupts it.

        `notebook_path`: Default: current.
        `timeout`: Seconds; 0: no limit.
        `wait`: Seconds.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "code": code,
            "timeout": timeout,
            "wait": wait,
        }
        return self._call(results.Execution, "execute_code", arguments, on_progress)

    def run_cells(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        start_index: int | None = None,
        start_cell_id: str | None = None,
        end_index: int | None = None,
        restart: bool = False,
        confirm: bool = False,
        stop_on_error: bool = True,
        timeout: float = 0,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.Execution:
        """Run the code cells from start_index (or start_cell_id) to end_index; all by default.
        Returns one summary with status, error and last output of each; read_cell has all
        outputs.
        After wait seconds it returns status running; the rest runs on, and get_execution with
        its execution_id has the summary. interrupt_kernel ends it.

        `notebook_path`: Default: current.
        `start_index`: 0-based.
        `end_index`: The last one; without it to the end.
        `restart`: Restart the kernel first.
        `confirm`: Also others' code.
        `timeout`: Seconds for each cell; 0: no limit.
        `wait`: Seconds.

        Raises CellNotFound, CellChanged, ConfirmationRequired.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "start_index": start_index,
            "start_cell_id": start_cell_id,
            "end_index": end_index,
            "restart": restart,
            "confirm": confirm,
            "stop_on_error": stop_on_error,
            "timeout": timeout,
            "wait": wait,
        }
        return self._call(results.Execution, "run_cells", arguments, on_progress)

    def get_execution(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        execution_id: str | None = None,
        wait: float = 3600,
    ) -> results.FoundExecution:
        """Wait up to wait seconds for a run of this session and return what execute_cell or
        run_cells would. Without execution_id it lists the latest 20, running first.

        `notebook_path`: Default: current.
        `wait`: Seconds.

        Raises ExecutionNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "execution_id": execution_id,
            "wait": wait,
        }
        return self._call(results.FoundExecution, "get_execution", arguments)

    def interrupt_kernel(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        execution_id: str | None = None,
    ) -> results.KernelAction:
        """Interrupt the kernel, run_cells too. Variables, queued runs stay.

        `notebook_path`: Default: current.
        `execution_id`: Only this.

        Raises NoKernel, ExecutionNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "execution_id": execution_id,
        }
        return self._call(results.KernelAction, "interrupt_kernel", arguments)

    def list_variables(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        pattern: str = "*",
        type: str | None = None,
        start_index: int = 0,
        limit: int = 50,
    ) -> results.VariableList:
        """List a Python kernel's variables: type, shape, preview; columns and head of DataFrames.
        Leaves no trace.
        pattern and type are globs; modules, functions, classes only with type.

        `notebook_path`: Default: current.
        `limit`: 0: all.

        Raises KernelBusy, NoKernel.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "pattern": pattern,
            "type": type,
            "start_index": start_index,
            "limit": limit,
        }
        return self._call(results.VariableList, "list_variables", arguments)

    def list_files(
        self,
        *,
        path: str = "",
        max_depth: int = 1,
        start_index: int = 0,
        limit: int = 25,
        pattern: str = "",
    ) -> results.FileList:
        """List files and folders below path, sorted by path. pattern is a glob on names, as in
        *.csv.

        `max_depth`: Folders below path; 0: only path.
        `limit`: 0: all.

        Raises DirectoryNotFound.
        """
        arguments: dict[str, Any] = {
            "path": path,
            "max_depth": max_depth,
            "start_index": start_index,
            "limit": limit,
            "pattern": pattern,
        }
        return self._call(results.FileList, "list_files", arguments)

    def list_kernels(self) -> results.KernelList:
        """List running kernels with their notebooks, and the kernelspecs that one can be opened
        with.
        """
        arguments: dict[str, Any] = {}
        return self._call(results.KernelList, "list_kernels", arguments)

    def list_executions(
        self, *, session_id: str | None = None, notebook_path: str | None = None, limit: int = 20
    ) -> results.ExecutionList:
        """List the session's runs, running and queued ones first, then the latest; of one notebook
        with notebook_path.

        `notebook_path`: Default: current.
        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "limit": limit,
        }
        return self._call(results.ExecutionList, "list_executions", arguments)

    def read_output(
        self,
        output: int,
        mime_type: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        start: int = 0,
        limit: int = 20000,
    ) -> results.Resource:
        """Read one output, counted from 0, in any of the MIME types that read_cell names for it:
        HTML, SVG, JSON, an image.
        Text is cut: page through it with start and limit (characters).

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `mime_type`: text/plain for what was printed, and for exceptions.
        `limit`: 0: all.

        Raises CellNotFound, ResourceNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "output": output,
            "mime_type": mime_type,
            "start": start,
            "limit": limit,
        }
        return self._call(results.Resource, "read_output", arguments)

    def clear_cell_output(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_indices: Sequence[int] | None = None,
        cell_ids: Sequence[str] | None = None,
    ) -> results.ClearedOutputs:
        """Clear outputs and execution counts of the cells named, all or none, or of every cell.
        undo_change brings them back, except very long ones.
        A cell counts as never_run then; one that runs shows what comes from then on.

        `notebook_path`: Default: current.
        `cell_indices`: 0-based.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_indices": cell_indices,
            "cell_ids": cell_ids,
        }
        return self._call(results.ClearedOutputs, "clear_cell_output", arguments)

    def list_changes(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        since: str | None = None,
        start_index: int = 0,
        limit: int = 20,
    ) -> results.ChangeList:
        """List the changes since this session opened the notebook, or after the change since, the
        latest first: who, when, which cells, a diff, and whether undo_change takes it back.
        Without since, also what others than jmcp made of the notebook: people are not named,
        and there is no time. Runs are no changes.

        `notebook_path`: Default: current.
        `since`: A change_id.
        `limit`: 0: all.

        Raises ChangeNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "since": since,
            "start_index": start_index,
            "limit": limit,
        }
        return self._call(results.ChangeList, "list_changes", arguments)

    def diff_notebook(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        against: enums.DiffBase = "opened",
        checkpoint_id: str | None = None,
        start_index: int = 0,
        limit: int = 50,
    ) -> results.NotebookDiff:
        """Compare the notebook cell by cell: added, removed, moved, source as a unified diff, and
        whether outputs and metadata differ. Against opened, outputs are compared by their
        number and count, metadata not.

        `notebook_path`: Default: current.
        `checkpoint_id`: Default: the latest.
        `limit`: Cells that differ; 0: all.

        Raises CheckpointNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "against": against,
            "checkpoint_id": checkpoint_id,
            "start_index": start_index,
            "limit": limit,
        }
        return self._call(results.NotebookDiff, "diff_notebook", arguments)

    def create_checkpoint(
        self, *, session_id: str | None = None, notebook_path: str | None = None
    ) -> results.CheckpointMade:
        """Save the notebook, then make Jupyter's checkpoint of it, as JupyterLab's File menu does.
        Jupyter keeps one for each notebook; the one before is replaced.

        `notebook_path`: Default: current.
        """
        arguments: dict[str, Any] = {"session_id": session_id, "notebook_path": notebook_path}
        return self._call(results.CheckpointMade, "create_checkpoint", arguments)

    def restore_checkpoint(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        checkpoint_id: str | None = None,
        force: bool = False,
    ) -> results.RestoredCheckpoint:
        """Give the notebook the cells of Jupyter's checkpoint, as one edit of the live document,
        which people see and undo_change takes back. The notebook's own metadata stay.
        Cells that run keep what they show.

        `notebook_path`: Default: current.
        `checkpoint_id`: Default: the latest.
        `force`: Also what others changed.

        Raises CheckpointNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "checkpoint_id": checkpoint_id,
            "force": force,
        }
        return self._call(results.RestoredCheckpoint, "restore_checkpoint", arguments)

    def list_sessions(self, *, start_index: int = 0, limit: int = 50) -> results.SessionList:
        """List your live sessions, the one used last first: when each was opened and last called,
        its notebooks, and what their kernels do.
        Ids are masked, for telling sessions apart; list_notebooks has them whole.

        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {"start_index": start_index, "limit": limit}
        return self._call(results.SessionList, "list_sessions", arguments)

    def list_activity(
        self, *, owners: Literal["own", "all"] = "own", contents: bool = False
    ) -> results.Activity:
        """List what goes on: your live sessions, the runs that go on or wait, the calls under way
        and the last ones.
        Of your own sessions it has the ids. With owners all (needs the scope admin) also what
        others do, without what their cells and calls contain.

        `contents`: Of a stream over REST: your calls come with arguments and results, cut.
        """
        arguments: dict[str, Any] = {"owners": owners, "contents": contents}
        return self._call(results.Activity, "list_activity", arguments)

    def install_packages(
        self,
        packages: Sequence[str],
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        upgrade: bool = False,
        timeout: float = 0,
        wait: float = 3600,
        on_progress: OnProgress | None = None,
    ) -> results.Installation:
        """Install packages into the interpreter of the notebook's Python kernel, with uv or pip;
        without a kernel one is started. Nothing of it shows in the notebook.
        Returns what was installed, upgraded or there already, and says if the kernel has to be
        restarted. wait and timeout are as in execute_code; what fails is a result (status
        error).

        `notebook_path`: Default: current.
        `packages`: Requirements as pip has them: pandas>=2.2, polars[all].
        `upgrade`: Also what is there already.
        `timeout`: Seconds; 0: no limit.
        `wait`: Seconds.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "packages": packages,
            "upgrade": upgrade,
            "timeout": timeout,
            "wait": wait,
        }
        return self._call(results.Installation, "install_packages", arguments, on_progress)

    def validate_notebook(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        start_index: int = 0,
        limit: int = 50,
    ) -> results.NotebookFindings:
        """Look for what is wrong: format and ids, cells that ran out of order or were edited
        since, and cells that would fail if all ran from top to bottom in a new kernel: names
        that nothing above defines.
        Names are read from Python sources and not run, so what code makes at run time is not
        seen. What could not be checked is listed as not_checked.

        `notebook_path`: Default: current.
        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "start_index": start_index,
            "limit": limit,
        }
        return self._call(results.NotebookFindings, "validate_notebook", arguments)

    def export_notebook(
        self,
        format: enums.ExportFormat,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        path: str | None = None,
        overwrite: bool = False,
    ) -> results.ExportedNotebook:
        """Write the notebook as it is now, with its outputs, as html, md (images in a folder
        beside it) or py, with nbconvert: next to it, or to path, which is relative to the
        server's folder.
        HTML and scripts in outputs are in an html file as they are. A file is replaced with
        overwrite: true only.

        `notebook_path`: Default: current.

        Raises ExportFailed, FileExists, DirectoryNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "format": format,
            "path": path,
            "overwrite": overwrite,
        }
        return self._call(results.ExportedNotebook, "export_notebook", arguments)

    def search_tools(self, *, query: str = "", limit: int = 6) -> results.ToolSignatures:
        """Find jmcp's tools, by words of what they do, as Python signatures for run_script. No
        words: all names.

        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {"query": query, "limit": limit}
        return self._call(results.ToolSignatures, "search_tools", arguments)

    def run_script(
        self,
        code: str,
        *,
        session_id: str | None = None,
        timeout: float = 50,
        on_progress: OnProgress | None = None,
    ) -> results.ScriptResult:
        """Run Python in a fresh kernel of its own where client has each tool as a method: opened =
        client.use_notebook('a.ipynb'), then client.run_cells(). Results are objects; errors
        raise (jmcp_api.errors). Returns what is printed, and session_id: pass it to go on in
        that session. Variables are gone afterwards; the notebook's kernel keeps its own.

        `timeout`: Seconds.
        """
        arguments: dict[str, Any] = {"code": code, "session_id": session_id, "timeout": timeout}
        return self._call(results.ScriptResult, "run_script", arguments, on_progress)

    def debug_connection_status(
        self, *, session_id: str | None = None, notebook_path: str | None = None
    ) -> results.ConnectionStatus:
        """Say where jmcp runs, its version, the Jupyter Server's address and version, how that
        shares notebooks, and whether the server, a notebook and its kernel answer.
        Of notebook_path, else of the session's current notebook. A broken connection is no
        error here but one of the problems. Has no token.

        `session_id`: Default: the one used last.
        """
        arguments: dict[str, Any] = {"session_id": session_id, "notebook_path": notebook_path}
        return self._call(results.ConnectionStatus, "debug_connection_status", arguments)

    def prepare_notebook(
        self,
        notebook_path: str,
        *,
        session_id: str | None = None,
        conversation_id: str | None = None,
    ) -> results.ShownNotebook:
        """Open a notebook, make it the session's current one, and make a workspace of JupyterLab
        that shows it alone. A browser goes to url, or loads it anew (action).
        conversation_id: the workspace is that conversation's own. Where none can be made, url
        opens the notebook beside the tabs that are there, and a notice says why.
        Without session_id a new session is opened: pass the session_id of the result on every
        later call.

        `notebook_path`: Relative to the server's folder.

        Raises ConversationIdRefused.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "conversation_id": conversation_id,
        }
        return self._call(results.ShownNotebook, "prepare_notebook", arguments)

    def switch_notebook(
        self, notebook_path: str, *, session_id: str | None = None, close_other_tabs: bool = True
    ) -> results.ShownNotebook:
        """Open a notebook, make it the session's current one, and say where JupyterLab shows it
        (action, url). close_other_tabs: the page then has no other tab; else the notebook opens
        beside the person's own.
        Without session_id a new session is opened: pass the session_id of the result on every
        later call.

        `notebook_path`: Relative to the server's folder.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "close_other_tabs": close_other_tabs,
        }
        return self._call(results.ShownNotebook, "switch_notebook", arguments)

    def list_open_notebooks(
        self, *, start_index: int = 0, limit: int = 50
    ) -> results.OpenNotebookList:
        """List the notebooks in the tabs of JupyterLab's workspaces, as it saved them last, and
        those that a browser holds just now (live), these first.

        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {"start_index": start_index, "limit": limit}
        return self._call(results.OpenNotebookList, "list_open_notebooks", arguments)

    def get_user_context(self) -> results.UserContext:
        """Ask JupyterLab what the person who owns this session looks at: notebook_path in front
        (for use_notebook), active cell with its source, what is selected, whether it is
        unsaved, other tabs. Call it when they say "this cell" or "here". Needs no session.

        Raises NoLabPage, LabPageRefused.
        """
        arguments: dict[str, Any] = {}
        return self._call(results.UserContext, "get_user_context", arguments)

    def show_in_lab(
        self, notebook_path: str, *, cell_index: int | None = None, cell_id: str | None = None
    ) -> results.ShownCell:
        """Bring a notebook to the front in the person's JupyterLab, opened where no tab has it;
        with cell_id or cell_index scroll to that cell and highlight it. The keyboard stays
        where it is. While the person is at work there, nothing is moved under their hands
        (in_front, scrolled). Needs no session.

        `notebook_path`: Relative to the server's folder.
        `cell_index`: 0-based.
        `cell_id`: Instead of cell_index; survives edits by others.

        Raises NoLabPage, LabPageRefused, CellNotFound.
        """
        arguments: dict[str, Any] = {
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
        }
        return self._call(results.ShownCell, "show_in_lab", arguments)

    def create_notebook(
        self,
        notebook_path: str,
        *,
        session_id: str | None = None,
        initial_content: str = "",
        switch_to_notebook: bool = True,
        kernel_name: str | None = None,
    ) -> results.ShownNotebook:
        """Create a notebook, which must not be there yet, with initial_content as its first cell
        (markdown). switch_to_notebook makes it the session's current one, or that of a new
        session; else it is only made.

        `notebook_path`: Relative to the server's folder; ends with .ipynb.
        `kernel_name`: Kernelspec; default: the server's.

        Raises NotebookExists, DirectoryNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "initial_content": initial_content,
            "switch_to_notebook": switch_to_notebook,
            "kernel_name": kernel_name,
        }
        return self._call(results.ShownNotebook, "create_notebook", arguments)

    def create_conversation_notebook(
        self,
        conversation_id: str,
        *,
        session_id: str | None = None,
        title: str = "",
        initial_content: str = "",
        template: str | None = None,
    ) -> results.ShownNotebook:
        """Open the notebook of a conversation, conversations/ID.ipynb, make it the session's
        current one, and say where JupyterLab shows it (action, url).
        Where it is missing it is created, with title as its heading, initial_content (markdown)
        and the cells of template, a notebook, without their outputs. One that is there is
        opened as it is (opening).

        `template`: Path of a notebook.

        Raises ConversationIdRefused.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "conversation_id": conversation_id,
            "title": title,
            "initial_content": initial_content,
            "template": template,
        }
        return self._call(results.ShownNotebook, "create_conversation_notebook", arguments)

    def list_conversations(
        self, *, start_index: int = 0, limit: int = 20
    ) -> results.ConversationList:
        """List the notebooks in conversations/, the one changed last first, with the url that
        shows it alone.

        `limit`: 0: all.
        """
        arguments: dict[str, Any] = {"start_index": start_index, "limit": limit}
        return self._call(results.ConversationList, "list_conversations", arguments)

    def review_changes(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        of_session_id: str | None = None,
        context_lines: int = 3,
        start_index: int = 0,
        limit: int = 50,
    ) -> results.Review:
        """Show what another session of yours changed in the notebook, cell by cell, as far as it
        is neither accepted nor reverted: kind, changes, source before and after as hunks, and
        whether the cell is still as it was left.
        It goes by the change journal, so also after a restart of the server and the end of that
        session. Runs are no changes.

        `notebook_path`: Default: current.
        `of_session_id`: Default: all of yours but this one.
        `context_lines`: Of the source around what differs.
        `limit`: Cells; 0: all.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "of_session_id": of_session_id,
            "context_lines": context_lines,
            "start_index": start_index,
            "limit": limit,
        }
        return self._call(results.Review, "review_changes", arguments)

    def accept_changes(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        of_session_id: str | None = None,
        change_ids: Sequence[str] | None = None,
        cell_ids: Sequence[str] | None = None,
        withdraw: str | None = None,
    ) -> results.AcceptedChanges:
        """Note that changes of another session of yours stay: all that is left to review, or of
        these changes and these cells. The notebook is not changed.
        What that session changes afterwards is to be reviewed again. With withdraw it takes an
        acceptance back.

        `notebook_path`: Default: current.
        `of_session_id`: Default: all of yours but this one.
        `change_ids`: With cell_ids: of these in those cells.
        `withdraw`: An acceptance_id.

        Raises ChangeNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "of_session_id": of_session_id,
            "change_ids": change_ids,
            "cell_ids": cell_ids,
            "withdraw": withdraw,
        }
        return self._call(results.AcceptedChanges, "accept_changes", arguments)

    def revert_changes(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        of_session_id: str | None = None,
        change_ids: Sequence[str] | None = None,
        cell_ids: Sequence[str] | None = None,
        force: bool = False,
    ) -> results.RevertedChanges:
        """Take back changes of another session of yours as one edit of the live document: all that
        is left to review, or of these changes in these cells. A cell gets what it had before
        the first of them.
        Cells that others changed since, or that run, are refused. The revert is a change of
        this session: undo_change with its change_id makes it all again, to be reviewed.

        `notebook_path`: Default: current.
        `of_session_id`: Default: all of yours but this one.
        `change_ids`: With cell_ids: of these in those cells.
        `force`: Also what others changed since, and later changes of that session to these
        cells.

        Raises ChangeNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "of_session_id": of_session_id,
            "change_ids": change_ids,
            "cell_ids": cell_ids,
            "force": force,
        }
        return self._call(results.RevertedChanges, "revert_changes", arguments)

    def show_output(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        output: int | None = None,
    ) -> results.OutputView:
        """Show the person in the chat what a cell put out: a plot, a table that sorts and pages,
        HTML, text. All of its outputs, or one of them (output, counted from 0).
        The data goes to the view and not to you; read_cell reads it. A client without views
        shows nothing: then the outputs are in the result.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.

        Raises CellNotFound, OutputNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "output": output,
        }
        return self._call(results.OutputView, "show_output", arguments)

    def read_output_data(
        self,
        output: int,
        mime_type: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        start: int = 0,
        limit: int = 0,
    ) -> results.OutputData:
        """For the view of show_output: characters of one output in one of its MIME types, as the
        notebook has them.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `mime_type`: text/plain for what was printed, and for exceptions.
        `limit`: 0: as much as one answer has.

        Raises CellNotFound, OutputNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "output": output,
            "mime_type": mime_type,
            "start": start,
            "limit": limit,
        }
        return self._call(results.OutputData, "read_output_data", arguments)

    def read_resource(self, uri: str, *, start: int = 0, limit: int = 20000) -> results.Resource:
        """Read what a URI in a result leads to: notebook://{path}, with /cells/{cell_id}, with
        /outputs/{output}/{mime_type}, or execution://...
        Text is cut: page through it with start and limit (characters). An image is shown.

        `limit`: 0: all.

        Raises ResourceNotFound, CellNotFound.
        """
        arguments: dict[str, Any] = {"uri": uri, "start": start, "limit": limit}
        return self._call(results.Resource, "read_resource", arguments)

    def complete_value(
        self,
        kind: enums.ValueKind,
        *,
        value: str = "",
        notebook_path: str | None = None,
        cell_id: str | None = None,
        output: int | None = None,
    ) -> results.Completion:
        """Complete the beginning of a notebook's path, a cell's id, the number of an output or one
        of its MIME types.

        `notebook_path`: All but notebook need it.
        """
        arguments: dict[str, Any] = {
            "kind": kind,
            "value": value,
            "notebook_path": notebook_path,
            "cell_id": cell_id,
            "output": output,
        }
        return self._call(results.Completion, "complete_value", arguments)

    def cite_cells(
        self, cell_indices: str, *, notebook_path: str | None = None
    ) -> results.CitedCells:
        """Read cells of any notebook with what they show, by indices and ranges: 0-2,4 or 3- for
        all from the fourth on.

        `cell_indices`: From 0: 0-2,4 or 3-.
        `notebook_path`: Or its name in your session; default: the current one.

        Raises CellNotFound, CellRangeInvalid, NotebookUnclear.
        """
        arguments: dict[str, Any] = {"cell_indices": cell_indices, "notebook_path": notebook_path}
        return self._call(results.CitedCells, "cite_cells", arguments)

    def append_markdown_cell(
        self, cell_source: str, *, session_id: str | None = None, notebook_path: str | None = None
    ) -> results.CellChange:
        """Append a markdown cell; the result says where it is, once the document has it.

        `notebook_path`: Default: current.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_source": cell_source,
        }
        return self._call(results.CellChange, "append_markdown_cell", arguments)

    def insert_markdown_cell(
        self,
        cell_source: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        after_cell_id: str | None = None,
    ) -> results.CellChange:
        """Insert a markdown cell so that it gets cell_index (-1 appends), or right after the cell
        after_cell_id.

        `notebook_path`: Default: current.
        `cell_index`: 0-based; -1 appends.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "after_cell_id": after_cell_id,
            "cell_source": cell_source,
        }
        return self._call(results.CellChange, "insert_markdown_cell", arguments)

    def append_code_cell(
        self, cell_source: str, *, session_id: str | None = None, notebook_path: str | None = None
    ) -> results.CellChange:
        """Append a code cell without running it; the result says where it is, once the document
        has it.

        `notebook_path`: Default: current.

        Raises CellNotFound, CellChanged.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_source": cell_source,
        }
        return self._call(results.CellChange, "append_code_cell", arguments)

    def append_execute_code_cell(
        self,
        cell_source: str,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        full_output: bool = False,
        on_progress: OnProgress | None = None,
    ) -> results.CellObject:
        """Append a code cell, run it for at most 300 s and return it as an object: content,
        output, images, and error or warning where there is one.
        Each output is cut at 1,000 characters, with full_output at 40,000.

        `notebook_path`: Default: current.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_source": cell_source,
            "full_output": full_output,
        }
        return self._call(results.CellObject, "append_execute_code_cell", arguments, on_progress)

    def execute_cell_with_progress(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        timeout_seconds: float = 300,
        full_output: bool = False,
        on_progress: OnProgress | None = None,
    ) -> results.ExecutionResult:
        """Run one code cell and return text_outputs, images, and error or warning where there is
        one. Progress is sent to clients that ask for it.
        After timeout_seconds it is interrupted, and the outputs so far come back with error
        timeout_error. Each output is cut at 1,000 characters, with full_output at 40,000.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.

        Raises CellNotFound, CellChanged, CellNotCode.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "timeout_seconds": timeout_seconds,
            "full_output": full_output,
        }
        return self._call(
            results.ExecutionResult, "execute_cell_with_progress", arguments, on_progress
        )

    def execute_with_progress(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        timeout_seconds: float = 300,
        full_output: bool = False,
        on_progress: OnProgress | None = None,
    ) -> results.ExecutionResult:
        """Run one code cell and return text_outputs, images, and error or warning where there is
        one. Progress is sent to clients that ask for it.
        After timeout_seconds it is interrupted, and the outputs so far come back with error
        timeout_error. Each output is cut at 1,000 characters, with full_output at 40,000.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.

        Raises CellNotFound, CellChanged, CellNotCode.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "timeout_seconds": timeout_seconds,
            "full_output": full_output,
        }
        return self._call(results.ExecutionResult, "execute_with_progress", arguments, on_progress)

    def execute_cell_simple_timeout(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        timeout_seconds: float = 300,
        full_output: bool = False,
        on_progress: OnProgress | None = None,
    ) -> results.ExecutionResult:
        """Run one code cell and return text_outputs, images, and error or warning where there is
        one.
        After timeout_seconds it is interrupted and the call fails; the kernel is usable then,
        and the cell has the outputs so far. Each output is cut at 1,000 characters, with
        full_output at 40,000.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.

        Raises CellNotFound, CellChanged, CellNotCode, ExecutionTimedOut.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "timeout_seconds": timeout_seconds,
            "full_output": full_output,
        }
        return self._call(
            results.ExecutionResult, "execute_cell_simple_timeout", arguments, on_progress
        )

    def execute_cell_streaming(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        timeout_seconds: float = 300,
        progress_interval: float = 5,
        full_output: bool = False,
        on_progress: OnProgress | None = None,
    ) -> results.ExecutionLog:
        """Run one code cell and return a log: each output with the seconds when it came, a line
        each progress_interval seconds, and how it ended. The same lines are sent as progress to
        clients that ask for it.
        After timeout_seconds it is interrupted. Each output is cut at 1,000 characters, with
        full_output at 40,000.

        `notebook_path`: Default: current.
        `cell_index`: 0-based.
        `progress_interval`: Seconds.

        Raises CellNotFound, CellChanged, CellNotCode.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "timeout_seconds": timeout_seconds,
            "progress_interval": progress_interval,
            "full_output": full_output,
        }
        return self._call(results.ExecutionLog, "execute_cell_streaming", arguments, on_progress)

    def read_all_cells(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        full_output: bool = False,
        start_index: int = 0,
    ) -> results.CellObjectList:
        """Read all cells as objects: content, output, images, and error or warning where there is
        one. Each output is cut at 1,000 characters, with full_output at 40,000.
        What does not fit into one result is told in more: call again with its start_index.

        `notebook_path`: Default: current.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "full_output": full_output,
            "start_index": start_index,
        }
        return self._call(results.CellObjectList, "read_all_cells", arguments)

    def get_notebook_info(
        self, *, session_id: str | None = None, notebook_path: str | None = None
    ) -> results.NotebookInfo:
        """Say which notebook this is (room_id is its path), and count its cells by type.

        `notebook_path`: Default: current.
        """
        arguments: dict[str, Any] = {"session_id": session_id, "notebook_path": notebook_path}
        return self._call(results.NotebookInfo, "get_notebook_info", arguments)

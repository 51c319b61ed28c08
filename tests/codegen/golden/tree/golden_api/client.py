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

    async def open_notebook(
        self,
        notebook_path: str,
        *,
        session_id: str | None = None,
        mode: Literal["connect", "create"] = "connect",
    ) -> results.Opened:
        """Open a notebook."""
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "mode": mode,
        }
        return await self._call(results.Opened, "open_notebook", arguments)

    async def read_cell(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        ratio: float = 0.5,
    ) -> results.Cell:
        """Read a cell
        by index or by id.

        `cell_index`: 0-based.

        Raises CellNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "ratio": ratio,
        }
        return await self._call(results.Cell, "read_cell", arguments)

    async def remove_cells(
        self,
        cell_ids: Sequence[str],
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
    ) -> results.Removed:
        """Remove cells."""
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_ids": cell_ids,
        }
        return await self._call(results.Removed, "remove_cells", arguments)

    async def edit_cell(
        self,
        edits: Sequence[models.Edit | Mapping[str, Any]],
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        only: Sequence[enums.State] | None = None,
        if_state: enums.State = "idle",
        dry_run: bool = True,
        on_progress: OnProgress | None = None,
    ) -> results.Cell:
        """Edit a cell."""
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "edits": edits,
            "only": only,
            "if_state": if_state,
            "dry_run": dry_run,
        }
        return await self._call(results.Cell, "edit_cell", arguments, on_progress)

    async def edit_first_cell(
        self,
        changes: Sequence[models.Edit | Mapping[str, Any]],
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> results.Cell:
        """Edit a cell."""
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "changes": changes,
        }
        return await self._call(results.Cell, "edit_first_cell", arguments, on_progress)

    async def show_server(self) -> results.Server:
        """Show the server."""
        arguments: dict[str, Any] = {}
        return await self._call(results.Server, "show_server", arguments)


class JmcpClient(Tools):
    """Every tool, for programs without an event loop."""

    _tools = CLIENT_TOOLS
    _errors = errors.ERRORS
    _phrases: ClassVar[Phrases] = phrases

    def open_notebook(
        self,
        notebook_path: str,
        *,
        session_id: str | None = None,
        mode: Literal["connect", "create"] = "connect",
    ) -> results.Opened:
        """Open a notebook."""
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "mode": mode,
        }
        return self._call(results.Opened, "open_notebook", arguments)

    def read_cell(
        self,
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        ratio: float = 0.5,
    ) -> results.Cell:
        """Read a cell
        by index or by id.

        `cell_index`: 0-based.

        Raises CellNotFound.
        """
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "ratio": ratio,
        }
        return self._call(results.Cell, "read_cell", arguments)

    def remove_cells(
        self,
        cell_ids: Sequence[str],
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
    ) -> results.Removed:
        """Remove cells."""
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_ids": cell_ids,
        }
        return self._call(results.Removed, "remove_cells", arguments)

    def edit_cell(
        self,
        edits: Sequence[models.Edit | Mapping[str, Any]],
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        cell_index: int | None = None,
        cell_id: str | None = None,
        only: Sequence[enums.State] | None = None,
        if_state: enums.State = "idle",
        dry_run: bool = True,
        on_progress: OnProgress | None = None,
    ) -> results.Cell:
        """Edit a cell."""
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "cell_index": cell_index,
            "cell_id": cell_id,
            "edits": edits,
            "only": only,
            "if_state": if_state,
            "dry_run": dry_run,
        }
        return self._call(results.Cell, "edit_cell", arguments, on_progress)

    def edit_first_cell(
        self,
        changes: Sequence[models.Edit | Mapping[str, Any]],
        *,
        session_id: str | None = None,
        notebook_path: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> results.Cell:
        """Edit a cell."""
        arguments: dict[str, Any] = {
            "session_id": session_id,
            "notebook_path": notebook_path,
            "changes": changes,
        }
        return self._call(results.Cell, "edit_first_cell", arguments, on_progress)

    def show_server(self) -> results.Server:
        """Show the server."""
        arguments: dict[str, Any] = {}
        return self._call(results.Server, "show_server", arguments)

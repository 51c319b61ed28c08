"""What a handler of each tool looks like, and the table that holds one for every tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace

from . import models


class OpenNotebook(Protocol):
    async def __call__(
        self, params: models.OpenNotebookParams, session: Session, /
    ) -> models.Opened: ...


class ReadCell(Protocol):
    async def __call__(self, params: models.ReadCellParams, session: Session, /) -> models.Cell: ...


class RemoveCells(Protocol):
    async def __call__(
        self, params: models.RemoveCellsParams, session: Session, /
    ) -> models.Removed: ...


class EditCell(Protocol):
    async def __call__(self, params: models.EditCellParams, session: Session, /) -> models.Cell: ...


class ShowServer(Protocol):
    async def __call__(
        self, params: models.ShowServerParams, workspace: Workspace, /
    ) -> models.Server: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """A handler for every tool but the aliases."""

    open_notebook: OpenNotebook
    read_cell: ReadCell
    remove_cells: RemoveCells
    edit_cell: EditCell
    show_server: ShowServer

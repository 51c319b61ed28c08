"""Params and results of every tool."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from golden_api.arrays import EditCellOnly, RemoveCellsCellIds
from golden_api.enums import KernelState, Mode, State
from jmcp.core.calls.model import Params, Result


class OpenNotebookParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, pattern="^[a-z]{8}$")] = None
    notebook_path: Annotated[str, Field(min_length=1)]
    mode: Literal["connect", "create"] = "connect"


class ReadCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128)] = None
    notebook_path: Annotated[str | None, Field(min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(min_length=1)] = None
    ratio: Annotated[float, Field(gt=0.0, le=1.0)] = 0.5


class RemoveCellsParams(Params):
    session_id: Annotated[str | None, Field(max_length=128)] = None
    notebook_path: Annotated[str | None, Field(min_length=1)] = None
    cell_ids: Annotated[RemoveCellsCellIds, Field(max_length=9, min_length=1)]


class ShowServerParams(Params):
    pass


class Kernel(Result):
    name: Annotated[str, Field(min_length=1)]
    state: State


class Cell(Result):
    cell_id: str | None
    source: str
    count: int | None = None


class Removed(Result):
    total: int


class Edit(Params):
    old: Annotated[str, Field(min_length=1)]
    new: str


class Server(Result):
    kernels: list[Kernel]
    load: float
    last: KernelState | None


class SessionNotice(Result):
    code: str
    message: str


class SessionFields(Result):
    session_id: str | None = None
    document: Mode | None = None
    notices: list[SessionNotice] | None = None


class EditCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128)] = None
    notebook_path: Annotated[str | None, Field(min_length=1)] = None
    cell_index: Annotated[int | None, Field(ge=0)] = None
    cell_id: Annotated[str | None, Field(min_length=1)] = None
    edits: Annotated[list[Edit], Field(min_length=1)]
    only: EditCellOnly | None = None
    if_state: State = "idle"
    dry_run: bool = False


class EditFirstCellParams(Params):
    session_id: Annotated[str | None, Field(max_length=128)] = None
    notebook_path: Annotated[str | None, Field(min_length=1)] = None
    changes: Annotated[list[Edit], Field(min_length=1)]


class Opened(Result):
    kernel: Kernel | None
    cells: list[Cell]

"""Params and results of every tool."""

from __future__ import annotations

from typing import Annotated

from jmcp_api.enums import CellType
from jmcp_api.models import More
from pydantic import Field

from jmcp.core.calls.model import Params, Result

from .enums import TodoMark


class ProfileDataframeParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    name: Annotated[str, Field(max_length=255, min_length=1)]
    start_index: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class FindTodosParams(Params):
    session_id: Annotated[str | None, Field(max_length=128, min_length=1)] = None
    notebook_path: Annotated[str | None, Field(max_length=1024, min_length=1)] = None
    mark: TodoMark | None = None


class ColumnProfile(Result):
    column: str
    dtype: str
    missing: int = 0
    distinct: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    top: str | None = None


class FrameProfile(Result):
    name: str
    row_count: int
    size: int
    duplicates: int = 0
    columns: list[ColumnProfile]
    more: More | None = None


class Todo(Result):
    cell_index: int
    cell_id: str | None = None
    cell_type: CellType = "code"
    line: int
    mark: TodoMark
    text: str


class TodoList(Result):
    todos: list[Todo]

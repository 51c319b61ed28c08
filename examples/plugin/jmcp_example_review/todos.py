"""Notes for later in the cells of a notebook."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jmcp.toolsets import Cell, Session
from jmcp_example_review.api.enums import TodoMark
from jmcp_example_review.api.models import FindTodosParams, Todo, TodoList

NOTE = re.compile(r"\b(TODO|FIXME)\b[:\s]*(.*)")
MARKS: dict[str, TodoMark] = {"TODO": "todo", "FIXME": "fixme"}


async def find_todos(params: FindTodosParams, session: Session) -> TodoList:
    notebook = await session.notebook(params.notebook_path)
    cells = await notebook.read()
    found = [todo for index in range(len(cells)) for todo in _todos(cells.get(index))]
    return TodoList(todos=[todo for todo in found if params.mark in (None, todo.mark)])


def _todos(cell: Cell) -> Iterator[Todo]:
    for number, line in enumerate(cell.source.splitlines(), start=1):
        if note := NOTE.search(line):
            yield Todo(
                cell_index=cell.index,
                cell_id=cell.cell_id,
                cell_type=cell.cell_type,
                line=number,
                mark=MARKS[note[1]],
                text=note[2].strip(),
            )

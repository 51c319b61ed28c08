"""An `OutputSink` that refuses what a document would: bad positions, invalid outputs, late writes."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nbformat

from jmcp.core.ports import Output


class RecordingSink:
    """Holds `outputs` as the cell would show them and `calls` as (method, position)."""

    def __init__(self) -> None:
        self.deleted = False
        self.taken = False
        self.outputs: list[Output] = [{"output_type": "stream", "name": "stdout", "text": "old"}]
        self.execution_count: int | None = 7
        self.calls: list[tuple[str, int | None]] = []
        self.changes = 0
        """Changes that a document would have seen."""
        self.ended = False
        self.closed = False
        self.running = False
        self.changed = asyncio.Event()
        self.closing = asyncio.Event()

    def give_up(self) -> None:
        self.taken = True

    @contextmanager
    def together(self) -> Iterator[None]:
        self.changes += 1
        yield

    def begin(self, *, keep: bool = False) -> None:
        self._call("begin")
        self.running = True
        if not keep:
            self.outputs, self.execution_count = [], None

    def append(self, *outputs: Output) -> None:
        self._call("append")
        self.outputs.extend(copy.deepcopy(outputs))
        validate(list(outputs))

    def extend_text(self, position: int, text: str) -> None:
        self._call("extend_text", position)
        assert text
        assert self.outputs[position]["output_type"] == "stream"
        self.outputs[position]["text"] += text

    def replace(self, position: int, output: Output) -> None:
        self._call("replace", position)
        self.outputs[position] = copy.deepcopy(output)
        validate([output])

    def clear(self) -> None:
        self._call("clear")
        self.outputs = []

    def count(self, execution_count: int | None) -> None:
        self._call("count")
        self.execution_count = execution_count

    def end(self, *, running: bool = False) -> None:
        self._call("end")
        self.ended, self.running = True, running

    async def close(self, *, running: bool = False) -> None:
        if not self.ended:
            self.end(running=running)
        self._call("close")
        self.closed = True
        self.closing.set()

    def times(self, method: str) -> int:
        return sum(name == method for name, _ in self.calls)

    def _call(self, method: str, position: int | None = None) -> None:
        assert not self.closed, f"{method} after close"
        if position is not None:
            assert 0 <= position < len(self.outputs), f"{method} at {position}"
        self.calls.append((method, position))
        self.changed.set()


def validate(outputs: list[Any]) -> None:
    """Raise unless nbformat takes these outputs in a cell."""
    library: Any = nbformat  # its functions have no annotations
    cell = library.v4.new_code_cell(outputs=[library.from_dict(output) for output in outputs])
    library.validate(library.v4.new_notebook(cells=[cell]), version=4, version_minor=5)

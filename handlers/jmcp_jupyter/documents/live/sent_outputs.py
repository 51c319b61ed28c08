"""Outputs that a run put into a live cell, and where they are in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pycrdt import Array, Map

from jmcp.core.ports import Output
from jmcp_jupyter.documents.live.y_data import value_of, y_output


@dataclass(slots=True)
class SentOutput:
    """One output of the run, and where it is in the cell (None: nowhere, somebody cleared it)."""

    output: Output
    more: list[str] = field(default_factory=list)
    place: int | None = None
    cleared: bool = False
    """Whether somebody took it away on purpose."""

    def whole(self) -> Output:
        if not self.more:
            return self.output
        start = self.output.get("text", "")
        start = start if isinstance(start, str) else "".join(start)
        return {**self.output, "text": "".join([start, *self.more])}


def placed_at(sent: SentOutput) -> int:
    return -1 if sent.place is None else sent.place


def outputs_of(cell: Map[Any]) -> Array[Any]:
    """The cell's outputs; made where another client left them out or the cell changed its type."""
    outputs = value_of(cell, "outputs")
    if not isinstance(outputs, Array):
        cell["outputs"] = outputs = Array()
    return outputs


def put(outputs: Array[Any], sent: SentOutput) -> None:
    stored = y_output(sent.whole())
    sent.cleared = False
    if sent.place is None:
        sent.place = len(outputs)
        outputs.insert(sent.place, stored)
    else:
        outputs[sent.place] = stored

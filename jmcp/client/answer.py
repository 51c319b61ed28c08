"""What a call is answered, and what is heard of it meanwhile."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Output = Mapping[str, Any]
"""One output as the notebook format has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of a result. `data` are its bytes."""

    mime_type: str
    data: bytes

    @property
    def suffix(self) -> str:
        """The usual end of the name of a file with it."""
        kind = self.mime_type.partition("/")[2].partition("+")[0]
        return ".jpg" if kind == "jpeg" else f".{kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tool has returned: `result` as JSON, lists as lists; `text` and `images` are what a
    model is shown of it."""

    result: dict[str, Any]
    text: str
    images: tuple[Image, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a call is. `done` and `total` are in the unit of the tool: seconds of a run, cells of
    several; `total` is None where nobody knows it. `outputs` are all outputs of the run so far."""

    done: float
    total: float | None
    message: str | None
    outputs: Sequence[Output]


OnProgress = Callable[[Progress], Awaitable[object] | object]
"""Called with each progress; a coroutine is awaited. What it raises ends the call."""


def answered(body: Mapping[str, Any], tables: tuple[tuple[str, ...], ...]) -> Answer:
    """The answer in the body of a response. Raises KeyError, TypeError, ValueError."""
    result: dict[str, Any] = body["result"]
    for path in tables:
        _expand(result, path)
    images = tuple(
        Image(mime_type=one["mime_type"], data=base64.b64decode(one["data"]))
        for one in body.get("images", ())
    )
    return Answer(result=result, text=body["text"], images=images)


def _expand(result: dict[str, Any], path: tuple[str, ...]) -> None:
    """Make the table at that place the list of objects that it stands for."""
    inner: Any = result
    for name in path[:-1]:
        inner = inner.get(name)
        if inner is None:
            return
    table = inner.get(path[-1])
    if isinstance(table, Mapping):
        columns = table["columns"]
        inner[path[-1]] = [dict(zip(columns, row, strict=True)) for row in table["rows"]]


class OutputList:
    """The outputs of a run, kept up to date by the events of its stream."""

    def __init__(self) -> None:
        self._outputs: list[Output] = []

    def clear(self) -> None:
        self._outputs = []

    def put(self, index: int, output: Output, *, append: bool) -> None:
        """Set the output at that index, or append to its text."""
        if index >= len(self._outputs):
            self._outputs.append(output)
        elif append:
            before = self._outputs[index]
            self._outputs[index] = {**output, "text": before["text"] + output["text"]}
        else:
            self._outputs[index] = output

    @property
    def now(self) -> tuple[Output, ...]:
        return tuple(self._outputs)

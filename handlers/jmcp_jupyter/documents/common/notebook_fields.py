"""What a notebook's JSON must have for jmcp to edit it, and where it lacks that."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jmcp.core.outputs.numbers import GREATEST_INTEGER, LEAST_INTEGER, is_plain_numbers
from jmcp_api import phrases
from jmcp_api.backend_errors import NotebookBroken

CELL_TYPES = ("code", "markdown", "raw")
OUTPUT_TYPES = ("stream", "display_data", "execute_result", "error")
OUTPUT_FIELDS = {
    "stream": {"text": "texts"},
    "display_data": {"data": "object"},
    "execute_result": {"data": "object"},
    "error": {"ename": "text", "evalue": "text", "traceback": "list"},
}
"""The fields of outputs that jmcp reads, by the kind of output (nbformat 4.5)."""

SHOWN_CHARACTERS = 40
"""Of a value that an error quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One field that keeps a notebook from being edited: its place in a cell (or, where `cell` is
    None, in the notebook), and what is wrong with it.
    """

    cell: int | None
    field: str
    reason: str

    def error(self, path: str) -> NotebookBroken:
        if self.cell is None:
            field = self.field or phrases.whole_file()
            return NotebookBroken.notebook_field(path=path, field=field, reason=self.reason)
        return NotebookBroken.cell_field(
            path=path, cell_index=self.cell, field=self.field or "cell", reason=self.reason
        )


def check_fields(path: str, content: Any) -> None:
    """Refuse content that is not a notebook of nbformat 4, or that no file in UTF-8 can hold.

    What nbformat demands and jmcp does not need may be missing. Raises NotebookBroken.
    """
    _check(path, _structure(content))
    _check(path, _values(content, _unwritable))


def check_storable(path: str, content: Any, *, finite: bool) -> None:
    """Refuse what no live document holds, and, where `finite`, NaN and the infinities: Jupyter
    saves no live document that has one. Raises NotebookBroken.
    """
    _check(path, _values(content, _not_storable if finite else _not_shared))


def not_finite(content: Any) -> Flaw | None:
    """The first number that is not finite."""
    return next(_values(content, _infinite), None)


def _check(path: str, flaws: Iterator[Flaw]) -> None:
    flaw = next(flaws, None)
    if flaw is not None:
        raise flaw.error(path)


def _structure(content: Any) -> Iterator[Flaw]:
    found = list(_kind(None, "", content, "object"))
    if found:
        yield from found
        return
    yield from _field(None, content, "nbformat", "number")
    if content["nbformat"] != 4:
        reason = phrases.field_kind(found=str(content["nbformat"]), wanted=phrases.kind_four())
        yield Flaw(cell=None, field="nbformat", reason=reason)
    yield from _field(None, content, "nbformat_minor", "number", needed=False)
    yield from _field(None, content, "metadata", "object")
    yield from _field(None, content, "cells", "list")
    for index, cell in enumerate(content["cells"]):
        yield from _cell(index, cell)


def _cell(index: int, cell: Any) -> Iterator[Flaw]:
    yield from _kind(index, "", cell, "object")
    yield from _field(index, cell, "cell_type", "text")
    yield from _word(index, "cell_type", cell["cell_type"], CELL_TYPES)
    yield from _field(index, cell, "id", "text", needed=False)
    yield from _field(index, cell, "source", "texts")
    yield from _field(index, cell, "metadata", "object")
    if cell["cell_type"] != "code":
        yield from _field(index, cell, "attachments", "object", needed=False)
        return
    yield from _field(index, cell, "execution_count", "number or null", needed=False)
    yield from _field(index, cell, "outputs", "list", needed=False)
    for number, output in enumerate(cell.get("outputs", ())):
        yield from _output(index, f"outputs[{number}]", output)


def _output(index: int, field: str, output: Any) -> Iterator[Flaw]:
    yield from _kind(index, field, output, "object")
    yield from _field(index, output, "output_type", "text", below=field)
    kind = output["output_type"]
    yield from _word(index, f"{field}.output_type", kind, OUTPUT_TYPES)
    for name, wanted in OUTPUT_FIELDS[kind].items():
        yield from _field(index, output, name, wanted, below=field)


def _field(
    cell: int | None,
    parent: Mapping[str, Any],
    name: str,
    wanted: str,
    *,
    needed: bool = True,
    below: str = "",
) -> Iterator[Flaw]:
    field = f"{below}.{name}" if below else name
    if name in parent:
        yield from _kind(cell, field, parent[name], wanted)
    elif needed:
        yield Flaw(cell=cell, field=field, reason=phrases.field_missing())


def _kind(cell: int | None, field: str, value: Any, wanted: str) -> Iterator[Flaw]:
    is_wanted, _ = _WANTED[wanted]
    if not is_wanted(value):
        yield wrong_kind(cell, field, value, wanted)


def _word(cell: int, field: str, value: str, known: tuple[str, ...]) -> Iterator[Flaw]:
    if value not in known:
        yield wrong_word(cell, field, value, known)


def wrong_kind(cell: int | None, field: str, value: Any, wanted: str) -> Flaw:
    """A value of another kind of JSON than `wanted`, a key of `_WANTED`."""
    _, name = _WANTED[wanted]
    reason = phrases.field_kind(found=_found(value), wanted=name())
    return Flaw(cell=cell, field=field, reason=reason)


def wrong_word(cell: int, field: str, value: str, known: tuple[str, ...]) -> Flaw:
    """A text that is none of those that nbformat knows there."""
    reason = phrases.field_word(value=value[:SHOWN_CHARACTERS], known=known)
    return Flaw(cell=cell, field=field, reason=reason)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _texts(value: Any) -> bool:
    listed = isinstance(value, list) and all(isinstance(line, str) for line in value)
    return listed or isinstance(value, str)


_WANTED: Mapping[str, tuple[Callable[[Any], bool], Callable[[], str]]] = {
    "object": (lambda value: isinstance(value, Mapping), phrases.kind_object),
    "list": (lambda value: isinstance(value, list), phrases.kind_list),
    "text": (lambda value: isinstance(value, str), phrases.kind_text),
    "texts": (_texts, phrases.kind_text_or_list),
    "number": (_number, phrases.kind_number),
    "number or null": (
        lambda value: value is None or _number(value),
        phrases.kind_number_or_null,
    ),
}
"""The kinds of JSON that fields have: a test, and the kind's name in a sentence."""


def _found(value: Any) -> str:
    if value is None:
        return phrases.kind_null()
    if isinstance(value, bool):
        return phrases.kind_boolean()
    if isinstance(value, (int, float)):
        return phrases.kind_number()
    if isinstance(value, str):
        return phrases.kind_text()
    return phrases.kind_list() if isinstance(value, list) else phrases.kind_object()


# -- values, wherever they are ---------------------------------------------------------------------


def _values(content: Any, reason_of: Callable[[Any], str | None]) -> Iterator[Flaw]:
    """The scalars and keys of some content that have a reason to be refused, in no fixed order.
    Finite numbers within 64 bits have none.

    Without recursion: JSON may be nested as deep as Python's parser goes.
    """
    parts: list[tuple[Any, tuple[str | int, ...]]] = [(content, ())]
    while parts:
        value, place = parts.pop()
        if isinstance(value, Mapping):
            for name, item in value.items():
                if (reason := reason_of(name)) is not None:
                    yield _flaw(place, reason)
                parts.append((item, (*place, name)))
        elif is_plain_numbers(value):
            continue
        elif isinstance(value, (list, tuple)):
            parts.extend((item, (*place, index)) for index, item in enumerate(value))
        elif (reason := reason_of(value)) is not None:
            yield _flaw(place, reason)


def _flaw(place: tuple[str | int, ...], reason: str) -> Flaw:
    match place:
        case ("cells", int(cell), *field):
            return Flaw(cell=cell, field=_spelled(field), reason=reason)
    return Flaw(cell=None, field=_spelled(place), reason=reason)


def _spelled(place: tuple[str | int, ...] | list[str | int]) -> str:
    field = ""
    for step in place:
        if isinstance(step, str) and step.isidentifier():
            field += f".{step}" if field else step
        else:
            field += f"[{step!a}]"
    return field


def _unwritable(value: Any) -> str | None:
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            return phrases.field_surrogate(character=f"U+{ord(value[error.start]):04X}")
    return None


def _not_shared(value: Any) -> str | None:
    if isinstance(value, int) and not LEAST_INTEGER <= value <= GREATEST_INTEGER:
        return phrases.field_integer(value=str(value)[:SHOWN_CHARACTERS])
    return None


def _infinite(value: Any) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return phrases.field_not_finite(value=str(value))
    return None


def _not_storable(value: Any) -> str | None:
    return _not_shared(value) or _infinite(value)

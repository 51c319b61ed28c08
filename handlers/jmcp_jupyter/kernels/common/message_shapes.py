"""The fields that jmcp reads of a kernel's messages, and what becomes of those of another type.

Kernels in other languages, extensions and user code send what Jupyter's protocol does not have. Who
reads messages relies on these types instead of asking each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jmcp.core.kernels import odd_messages
from jmcp.core.ports import LEFT_OUT

LARGEST_COUNT = 2**53
"""An execution count is a JSON number for browsers, and those know no larger integers for certain."""


def text(value: Any) -> str | None:
    """Text, which some kernels send as a list of lines."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return None if isinstance(value, dict | list) else str(value)


def number(value: Any) -> int | None:
    """A count, which languages without integers send as 1.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value < LARGEST_COUNT else None


def mapping(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def sequence(value: Any) -> list[Any] | None:
    """A list, which some kernels send as its only element."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str) else None


Reader = Callable[[Any], Any]

_ERROR: Mapping[str, Reader] = {"ename": text, "evalue": text, "traceback": sequence}
_DISPLAY: Mapping[str, Reader] = {"data": mapping, "metadata": mapping, "transient": mapping}

FIELDS: Mapping[str, Mapping[str, Reader]] = {
    "clear_output": {},
    "display_data": _DISPLAY,
    "error": _ERROR,
    LEFT_OUT: {"outputs": number, "characters": number},
    "execute_input": {"code": text, "execution_count": number},
    "execute_reply": {
        "status": text,
        "execution_count": number,
        "payload": sequence,
        "user_expressions": mapping,
        **_ERROR,
    },
    "execute_result": {**_DISPLAY, "execution_count": number},
    "kernel_info_reply": {},
    "shutdown_reply": {},
    "status": {"execution_state": text},
    "stream": {"name": text, "text": text},
    "update_display_data": _DISPLAY,
    # Of these jmcp reads nothing: widgets, the debugger, and the greeting of JEP 65.
    "comm_close": {},
    "comm_msg": {},
    "comm_open": {},
    "debug_event": {},
    "iopub_welcome": {},
}
"""By message type; a type that is not here is unknown."""

_EXPECTED: Mapping[Reader, type] = {text: str, number: int, mapping: dict, sequence: list}


def mapping_or_empty(value: Any, kind: str) -> dict[str, Any]:
    """A part of a message: null says that there is none."""
    if isinstance(value, dict):
        return value
    if value is not None:
        odd_messages.note("malformed", kind)
    return {}


def shaped(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """The same content, without null and with fields of the types that FIELDS says.

    A field that cannot be read as such is left out, and counted.
    """
    fields = FIELDS.get(kind)
    if fields is None:
        odd_messages.note("unknown", kind)
        return content
    for name, read in fields.items():
        value = content.get(name)
        if type(value) is _EXPECTED[read] and read is not number:
            continue
        if value is not None:
            found = read(value)
            if found is not value:
                odd_messages.note("malformed", kind)
            if found is not None:
                content[name] = found
                continue
        content.pop(name, None)
    return content

"""Kernel messages as outputs that nbformat accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from jmcp.core.outputs.numbers import is_numbers
from jmcp.core.ports import Output

_JSON = re.compile(r"^application/(.*\+)?json$")
"""MIME types whose data may be any JSON: the pattern of nbformat's own schema."""

TRACEBACK_LINES = 20
"""Entries that are kept of a traceback that is too long; each is a frame."""


def displayed(content: dict[str, Any]) -> Output:
    """The output of a `display_data` message."""
    return {
        "output_type": "display_data",
        "data": bundle(content.get("data")),
        "metadata": dict(content.get("metadata") or {}),
    }


def result(content: dict[str, Any]) -> Output:
    """The output of an `execute_result` message."""
    return {
        **displayed(content),
        "output_type": "execute_result",
        "execution_count": content.get("execution_count"),
    }


def failure(content: dict[str, Any], limit: int | None = None) -> Output:
    """The output of an `error` message. With a limit, so many characters of its texts are kept: of
    the name and the message at most a tenth each."""
    ename, evalue = str(content.get("ename", "")), str(content.get("evalue", ""))
    traceback = [str(line) for line in content.get("traceback") or ()]
    if limit is not None:
        ename, evalue = cut(ename, limit // 10), cut(evalue, limit // 10)
        traceback = cut_lines(traceback, limit - len(ename) - len(evalue))
    return {
        "output_type": "error",
        "ename": encodable(ename),
        "evalue": encodable(evalue),
        "traceback": [encodable(line) for line in traceback],
    }


def cut(text: str, limit: int) -> str:
    """The beginning and the end of a text that is longer than that."""
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]} [...] {text[-half:]}"


def cut_lines(lines: Sequence[str], limit: int) -> list[str]:
    """The same for lines: the first and the last ones, of which each may have a part of the limit."""
    if sum(map(len, lines)) <= limit:
        return list(lines)
    half, each = TRACEBACK_LINES // 2, limit // TRACEBACK_LINES
    kept = lines if len(lines) <= TRACEBACK_LINES else [*lines[:half], "[...]", *lines[-half:]]
    return [cut(line, each) for line in kept]


def bundle(data: dict[str, Any] | None) -> dict[str, Any]:
    """The data with text where nbformat wants text: some kernels send objects there."""
    return {mime: _value(mime, value) for mime, value in (data or {}).items()}


def joined(output: Output) -> Output:
    """The output with its text in one piece, which a notebook file may keep as lines."""
    text = output.get("text")
    return {**output, "text": "".join(text)} if isinstance(text, list) else output


def size(value: Any) -> int:
    """About how many bytes the JSON data takes: its texts, which are nearly all of it."""
    if isinstance(value, dict):
        return sum(map(size, value.values()))
    if is_numbers(value):
        return 8 * len(value)
    if isinstance(value, list | tuple):
        return sum(map(size, value))
    return len(value) if isinstance(value, str) else 8


def encodable(text: str) -> str:
    """The text with lone surrogates replaced: neither a file nor a shared document takes them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _value(mime: str, value: Any) -> Any:
    if _JSON.match(mime):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = "".join(value)
    return encodable(value if isinstance(value, str) else json.dumps(value))

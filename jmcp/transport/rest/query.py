"""Path and query strings as JSON values, by the types of a tool's params."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from jmcp.core.calls.tool import Tool

INTEGER = re.compile(r"-?[0-9]{1,20}")
NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][-+]?[0-9]{1,3})?")
BOOLEANS = {"true": True, "false": False}


def plain(annotation: Any) -> Any:
    """An annotation without `Annotated` and without `None`."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return plain(kinds[0]) if len(kinds) == 1 else annotation
    return annotation


def value(annotation: Any, text: str) -> Any:
    """A string as a value of that type; unchanged where it is none, so that validation refuses it."""
    kind = plain(annotation)
    if kind is bool:
        return BOOLEANS.get(text, text)
    if kind is int and INTEGER.fullmatch(text):
        return int(text)
    if kind in (int, float) and NUMBER.fullmatch(text):
        return float(text)
    return text


def values(tool: Tool, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Arguments from names and strings; a repeated name makes an array.

    A name that is repeated but no array stays a list, which validation then refuses.
    """
    given: dict[str, list[str]] = {}
    for name, text in pairs:
        given.setdefault(name, []).append(text)
    arguments: dict[str, Any] = {}
    for name, texts in given.items():
        field = tool.params.model_fields.get(name)
        if field is None:
            field = tool.params.model_fields.get(tool.synonyms.get(name, ""))
        kind = plain(field.annotation) if field else str
        if get_origin(kind) is list:
            arguments[name] = [value(get_args(kind)[0], text) for text in texts]
        else:
            decoded = [value(kind, text) for text in texts]
            arguments[name] = decoded[0] if len(decoded) == 1 else decoded
    return arguments

"""`client.py`: a client with a method for each tool, for programs with an event loop and without."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jmcp_codegen.emit.client.annotations import annotation
from jmcp_codegen.emit.client.tools import patience
from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel, ToolModel

KINDS = (
    ("AsyncJmcpClient", "async def", "AsyncTools", "await ", "Every tool, within an event loop."),
    ("JmcpClient", "def", "Tools", "", "Every tool, for programs without an event loop."),
)
"""Class, how a method begins, base, how it waits, docstring."""
OUTCOMES = (
    *("Issue", "get_error_info", "get_execution_summary", "get_warning_info", "has_error"),
    *("has_execution_issues", "has_warning", "images", "outputs_text"),
)
"""What reads results, for who has imported the client."""
FAILURES = (
    *("AnswerLost", "AnswerUnreadable", "NotReached", "Refused", "TransportError"),
    "UndeclaredError",
)
WIDTH = 88
"""Of the lines of a docstring, behind its 8 spaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method. `params` is its signature behind `self`, `arguments` are the items of a dict."""

    name: str
    params: str
    result: str
    doc: tuple[str, ...]
    arguments: str
    further: str


def emit(api: ApiModel, printer: Printer) -> str:
    methods = [_method(tool) for tool in api.tools]
    clients = [kind[0] for kind in KINDS]
    return printer.text(
        "client.py.j2",
        methods=methods,
        kinds=KINDS,
        outcomes=OUTCOMES,
        failures=FAILURES,
        exported=sorted(("Image", "OnProgress", "Progress", *OUTCOMES, *FAILURES, *clients)),
    )


def _method(tool: ToolModel) -> Method:
    properties: Mapping[str, Any] = tool.params["properties"]
    required = tool.params.get("required", ())
    patient = patience(tool)
    needed = [f"{name}: {annotation(properties[name])}" for name in required]
    others = [
        _optional(name, {**schema, **({"default": patient[name]} if name in patient else {})})
        for name, schema in properties.items()
        if name not in required
    ]
    if tool.on_disconnect:
        others.append("on_progress: OnProgress | None = None")
    keywords = ["*", *others] if others else []
    return Method(
        name=tool.name,
        params=", ".join(["self", *needed, *keywords]),
        result=f"results.{tool.result_type}",
        doc=tuple(_doc(tool)),
        arguments=", ".join(f"{name!r}: {name}" for name in properties),
        further=", on_progress" if tool.on_disconnect else "",
    )


def _optional(name: str, schema: Mapping[str, Any]) -> str:
    if "default" in schema:
        return f"{name}: {annotation(schema)} = {schema['default']!r}"
    return f"{name}: {annotation(schema)} | None = None"


def _doc(tool: ToolModel) -> Iterator[str]:
    """The lines of its docstring."""
    yield from _wrapped(tool.description)
    described = {
        name: schema["description"]
        for name, schema in tool.params["properties"].items()
        if "description" in schema
    }
    if described:
        yield ""
    for name, text in described.items():
        yield from _wrapped(f"`{name}`: {text}")
    if tool.errors:
        yield ""
        yield from _wrapped(f"Raises {', '.join(error.class_name for error in tool.errors)}.")


def _wrapped(text: str) -> list[str]:
    safe = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return [
        line
        for paragraph in safe.splitlines()
        for line in textwrap.wrap(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)
    ]

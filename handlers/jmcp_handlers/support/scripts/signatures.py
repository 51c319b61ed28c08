"""The tools that scripts can call, as signatures of the client in Python, which this imports."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, get_args, get_type_hints

from jmcp.core.sessions.workspace import Workspace
from jmcp_api import client, results
from jmcp_api.client_tools import CLIENT_TOOLS
from jmcp_api.models import SearchToolsParams, ToolSignatures

OWN = frozenset(("code", "apps"))
"""The toolsets whose tools a script does not call: its own, and what shows something in a chat."""
LEFT_OUT = frozenset(("self", "session_id", "on_progress"))
"""Params that the client gives by itself, or that are for programs with a screen."""
_WORD = re.compile(r"[a-z0-9]+")
"""What is looked for: names of tools are several of these."""


def found_tools(params: SearchToolsParams, workspace: Workspace) -> ToolSignatures:
    words = set(_WORD.findall(params.query.lower()))
    names = [name for name in workspace.tools if name in CLIENT_TOOLS and name not in _own()]
    if not words:
        return ToolSignatures(total=len(names), tools=[", ".join(names)])
    scored = [(_score(name, words), name) for name in names]
    found = sorted((one for one in scored if one[0]), key=lambda one: -one[0])
    return ToolSignatures(
        total=len(found), tools=[_signature(name) for _, name in found[: params.limit or None]]
    )


@cache
def _own() -> frozenset[str]:
    return frozenset(tool.name for tool in CLIENT_TOOLS.values() if tool.toolset in OWN)


def _score(name: str, words: set[str]) -> int:
    """How well the words fit: those of its name count most."""
    named = set(name.split("_"))
    told = set(_WORD.findall(_doc(name).lower()))
    return sum(10 * (word in named) + 3 * (word in told) for word in words)


def _method(name: str) -> Any:
    return getattr(client.JmcpClient, name)


def _doc(name: str) -> str:
    return inspect.getdoc(_method(name)) or ""


@cache
def _signature(name: str) -> str:
    """The signature, the first sentence of what it does, and what its result has."""
    signature = inspect.signature(_method(name))
    kept = [one for one in signature.parameters.values() if one.name not in LEFT_OUT]
    if kept and all(one.kind is one.KEYWORD_ONLY for one in kept):
        given = "*, " + ", ".join(map(_param, kept))
    else:
        first = next((at for at, one in enumerate(kept) if one.kind is one.KEYWORD_ONLY), None)
        parts = [_param(one) for one in kept]
        if first is not None:
            parts.insert(first, "*")
        given = ", ".join(parts)
    kind = str(signature.return_annotation).removeprefix("results.")
    does = re.split(r"(?<=[.:]) |\n\n", " ".join(_doc(name).split("\n\n")[0].split()))[0]
    return f"{name}({given}) -> {kind}\n  {does}\n  {kind}: {', '.join(_fields(getattr(results, kind)))}"


def _param(param: inspect.Parameter) -> str:
    kind = str(param.annotation).replace("enums.", "").replace("models.", "")
    if param.default is param.empty:
        return f"{param.name}: {kind}"
    if param.default is None:
        return f"{param.name}: {kind.removesuffix(' | None')} = ..."
    return f"{param.name}: {kind} = {param.default!r}"


def _fields(model: type[Any], depth: int = 1) -> Sequence[str]:
    shown = []
    for name, hint in get_type_hints(model).items():
        if name.startswith("_") or name not in model.model_fields or name in ENVELOPE:
            continue
        inner = _inner(hint)
        if inner is None or not depth:
            shown.append(name)
        else:
            rows = "[]" if "list[" in str(hint).lower() or "Sequence" in str(hint) else ""
            shown.append(f"{name}{rows} {{{', '.join(_fields(inner, depth - 1))}}}")
    return shown


ENVELOPE = frozenset(("session_id", "notebook_path", "document", "notices"))
"""What every result has."""


def _inner(hint: Any) -> type[Any] | None:
    """The model that a field holds, or a list of it."""
    if isinstance(hint, type) and hasattr(hint, "model_fields"):
        return hint
    return next((found for one in get_args(hint) if (found := _inner(one)) is not None), None)

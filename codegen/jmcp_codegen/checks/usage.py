"""Both ways: nothing used that is not defined, nothing defined that is not used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from jmcp_codegen.source.load import Document, Place, Spec
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.schema import ref_name, walk

Uses = list[tuple[Place, str]]


def problems(spec: Spec) -> Iterator[Problem]:
    tools = spec.tools.data
    session_errors = spec.sessions.data["errors"]
    for section, kind, uses in (
        ("groups", "group", _keys(tools, "group")),
        ("toolsets", "toolset", _keys(tools, "toolset")),
        ("types", "type", [*_keys(tools, "result"), *_refs(tools)]),
        ("fixtures", "fixture", _examples(tools, "given")),
        ("views", "view", _shown(tools)),
        ("errors", "error", _declared(tools)),
    ):
        defined = tools.get(section, {})
        elsewhere = session_errors if section == "errors" else {}
        yield from _both(spec.tools, section, kind, defined, uses, elsewhere)
    known = {*session_errors, *tools.get("errors", {})}
    for kind, entry in spec.sessions.data["backend_errors"].items():
        code = entry["becomes"]
        if code not in known:
            place = ("backend_errors", kind, "becomes")
            yield spec.sessions.problem("undefined", place, f"error {code} is not defined")
    for code in session_errors:
        if code in tools.get("errors", {}):
            reason = f"error {code} is already one of every session tool"
            yield spec.tools.problem("duplicate_error", ("errors", code), reason)
    yield from _session_refs(spec)


def _both(
    document: Document,
    section: str,
    kind: str,
    defined: Mapping[str, Any],
    uses: Uses,
    elsewhere: Mapping[str, Any],
) -> Iterator[Problem]:
    for place, name in uses:
        if name in elsewhere:
            reason = f"error {name} belongs to every session tool; no tool declares it"
            yield document.problem("duplicate_error", place, reason)
        elif name not in defined:
            yield document.problem("undefined", place, f"{kind} {name} is not defined")
    used = Counter(name for _, name in uses)
    for name in defined:
        if not used[name]:
            yield document.problem("unused", (section, name), f"{kind} {name} is not used")


def _keys(tools: Mapping[str, Any], key: str) -> Uses:
    entries = tools["tools"].items()
    return [(("tools", name, key), tool[key]) for name, tool in entries if key in tool]


def _shown(tools: Mapping[str, Any]) -> Uses:
    return [
        (("tools", name, "view", "name"), tool["view"]["name"])
        for name, tool in tools["tools"].items()
        if "view" in tool
    ]


def _declared(tools: Mapping[str, Any]) -> Uses:
    return [
        (("tools", name, "errors", index), code)
        for name, tool in tools["tools"].items()
        for index, code in enumerate(tool.get("errors", ()))
    ]


def _examples(tools: Mapping[str, Any], key: str) -> Uses:
    return [
        (("tools", name, "examples", index, key), example[key])
        for name, tool in tools["tools"].items()
        for index, example in enumerate(tool.get("examples", ()))
        if key in example
    ]


def _refs(tools: Mapping[str, Any]) -> Uses:
    """Uses of types inside types and params. A type that only uses itself is still unused."""
    roots: list[tuple[Place, Mapping[str, Any]]] = [
        (("tools", name, "params"), tool["params"])
        for name, tool in tools["tools"].items()
        if "params" in tool
    ]
    roots += [(("types", name), schema) for name, schema in tools["types"].items()]
    return [
        ((*place, *inner_place, "$ref"), name)
        for place, root in roots
        for inner_place, inner in walk(root)
        if (name := ref_name(inner)) is not None and place != ("types", name)
    ]


def _session_refs(spec: Spec) -> Iterator[Problem]:
    """Session params and results are added to tools of any spec, so they name none of its types."""
    blocks = {**{("params", n): s for n, s in spec.sessions.data["params"].items()}}
    for place, root in [*blocks.items(), (("result",), spec.sessions.data["result"])]:
        for inner_place, inner in walk(root):
            if "$ref" in inner:
                reason = "a session's params and results refer to nothing"
                yield spec.sessions.problem("ref", (*place, *inner_place, "$ref"), reason)

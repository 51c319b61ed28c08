"""The operations of other packages' toolsets, put into the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jmcp.core.calls.tool import AddedToolset, Api

Object = dict[str, Any]
ROOT = "#/components/schemas/"
OPENED = "$response.body#/session_id"
"""What a link takes of the answer that opens a session."""


def add_operations(document: Object, api: Api) -> None:
    """Add the operations of each toolset, as far as its tools are used. A schema whose name is that
    of another one gets the toolset's before its own."""
    served = {(route.path, route.method.lower()) for route in api.routes}
    for toolset in api.added:
        part: Object = json.loads(Path(toolset.openapi_file).read_bytes())
        _add(document, _without_clashes(part, document, toolset), served)
    if api.added:
        _drop_loose_links(document)


def _add(document: Object, part: Object, served: set[tuple[str, str]]) -> None:
    document["components"]["schemas"] |= part["components"]["schemas"]
    known = {tag["name"] for tag in document["tags"]}
    document["tags"] += [tag for tag in part["tags"] if tag["name"] not in known]
    links = _opening(document)
    for path, operations in part["paths"].items():
        used = {method: one for method, one in operations.items() if (path, method) in served}
        if not used:
            continue
        document["paths"].setdefault(path, {}).update(used)
        for one in used.values():
            if "{session_id}" in path and links is not None:
                links[one["operationId"]] = {
                    "operationId": one["operationId"],
                    "parameters": {"session_id": OPENED},
                }


def _drop_loose_links(document: Object) -> None:
    """Links lead to operations of the document: those of a tool that is left out are none of it."""
    operations = [one for several in document["paths"].values() for one in several.values()]
    known = {one["operationId"] for one in operations}
    for operation in operations:
        for response in operation["responses"].values():
            if links := response.get("links"):
                response["links"] = {
                    name: link for name, link in links.items() if link["operationId"] in known
                }


def _opening(document: Object) -> Object | None:
    """The links of the operation that opens a session, which lead to all those on one."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                links: Object = response.get("links", {})
                if any(OPENED in link["parameters"].values() for link in links.values()):
                    return links
    return None


def _without_clashes(part: Object, document: Object, toolset: AddedToolset) -> Object:
    known = document["components"]["schemas"]
    schemas = part["components"]["schemas"]
    prefix = "".join(word.capitalize() for word in toolset.name.split("_"))
    other = {
        name: f"{prefix}{name}"
        for name, schema in schemas.items()
        if name in known and known[name] != schema
    }
    if not other:
        return part
    renamed: Object = _each_reference(part, lambda name: other.get(name, name))
    renamed["components"]["schemas"] = {
        other.get(name, name): schema for name, schema in renamed["components"]["schemas"].items()
    }
    return renamed


def _each_reference(value: Any, name_of: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_each_reference(one, name_of) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: ROOT + name_of(one.removeprefix(ROOT))
        if key == "$ref" and isinstance(one, str)
        else _each_reference(one, name_of)
        for key, one in value.items()
    }
